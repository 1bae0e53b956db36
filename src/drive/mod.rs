//! Worlds of byte streams: the same machines, people and faults as in the simulator, with tokio
//! sockets between the parties. One driver, two transports: real TCP and turmoil's simulated one.
//!
//! A world decides what becomes of a message and when; what is left of it is then written to a
//! socket by a task of the sender's machine and read by one of the receiver's, in whatever pieces
//! come out. Where all parties are ours, time stands still while bytes are on their way, so a run
//! over sockets is the run of the simulator, to the record, on a loaded machine too. Where somebody
//! else takes part, time flows, as many times faster as wanted.
//!
//! `proxy` is no world: it stands between two strangers, and plays on what passes. Nothing here
//! judges.

mod around;
mod books;
mod card;
pub mod process;
pub mod proxy;
mod sut;
mod tcp;
mod turmoil;
mod wired;

pub use around::{Meeting, meeting_points, serve, turmoil_address};
pub(crate) use around::{live_around, live_with_service};
pub use sut::{Commands, kill_running};
pub use turmoil::ServiceResult;

use crate::scenario::Scenario;
use crate::stage::{Cast, Lived, World};
use reversim_models::iso8583::mask_pan;
use std::fmt;
use wired::{Outer, Owner, Transport, Wired};

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

/// The text with every row of digits that could be a card number masked: what a system prints by
/// mistake may hold any.
fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        match end {
            12.. => out.push_str(&mask_pan(&rest[..end])),
            _ => out.push_str(&rest[..end]),
        }
        rest = &rest[end..];
    }
    out + rest
}

/// Runs a scenario over sockets to the end of its day.
///
/// # Errors
///
/// A socket could not be opened, or carried nothing for twenty seconds.
pub(crate) fn live_over(
    sockets: Sockets,
    scenario: &Scenario,
    cast: &dyn Cast,
) -> Result<Lived, DriveError> {
    let plan = crate::stage::wiring(scenario);
    match sockets {
        Sockets::Tcp => {
            let lines = Wired::new(tcp::Tcp::new()?, &plan, Outer::default())?;
            lives(scenario, cast, lines, None)
        }
        Sockets::Turmoil => {
            let network = turmoil::Turmoil::new(scenario.seed, turmoil::TICK);
            lives(scenario, cast, Wired::new(network, &plan, Outer::default())?, None)
        }
    }
}

/// A world over these lines, to the end of its day.
fn lives<T: Transport>(
    scenario: &Scenario,
    cast: &dyn Cast,
    lines: Wired<'static, T>,
    owner: Option<&mut dyn Owner>,
) -> Result<Lived, DriveError> {
    let mut failure = None;
    let owner = owner.map(|owner| owner as &mut dyn Owner);
    let lived = World::new(scenario, cast, lines.telling(&mut failure, owner)).lived();
    failure.map_or(Ok(lived), Err)
}
