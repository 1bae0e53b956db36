//! Worlds of byte streams: the same machines, people and faults as in the simulator, with tokio
//! sockets between the parties. One driver, two transports: real TCP and turmoil's simulated one.
//!
//! A world decides what becomes of a message and when; what is left of it is then written to a
//! socket by a task of the sender's machine and read by one of the receiver's, in whatever pieces
//! come out. Where all parties are ours, time stands still while bytes are on their way, so a run
//! over sockets is the run of the simulator, to the record, on a loaded machine too. Where somebody
//! else takes part, time flows, as many times faster as wanted.
//!
//! Nothing here judges.

mod card;
mod tcp;
mod turmoil;
mod wired;

use crate::scenario::Scenario;
use crate::stage::{Cast, Lived, World};
use std::fmt;
use wired::Wired;

/// Which sockets parties talk over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sockets {
    /// Real ones, on the loopback interface.
    Tcp,
    /// Those of turmoil: tokio code over simulated TCP, in one thread.
    Turmoil,
}

/// Why a world of sockets did not come about, or fell apart. Nothing that a party did.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct DriveError(String);

impl DriveError {
    fn new(what: impl fmt::Display) -> DriveError {
        DriveError(what.to_string())
    }
}

/// Runs a scenario over sockets to the end of its day.
///
/// # Errors
///
/// A socket could not be opened, or carried nothing for [`wired::PATIENCE`].
pub(crate) fn live_over(
    sockets: Sockets,
    scenario: &Scenario,
    cast: &dyn Cast,
) -> Result<Lived, DriveError> {
    let plan = crate::stage::wiring(scenario);
    let mut failure = None;
    let lived = match sockets {
        Sockets::Tcp => {
            let lines = Wired::new(tcp::Tcp::new()?, &plan)?;
            World::new(scenario, cast, lines.telling(&mut failure)).lived()
        }
        Sockets::Turmoil => {
            let lines = Wired::new(turmoil::Turmoil::new(scenario.seed), &plan)?;
            World::new(scenario, cast, lines.telling(&mut failure)).lived()
        }
    };
    failure.map_or(Ok(lived), Err)
}
