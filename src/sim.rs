//! The simulated world: parties in one thread, bytes handed over in memory, time that skips to the
//! next event. Everything else is the stage's.

use crate::scenario::Scenario;
use crate::stage::{Cast, Lines, Lived, World};
use reversim_models::node::{Link, LinkDownReason, Port};

/// Runs a scenario to the end of its day.
pub(crate) fn simulate(scenario: &Scenario, cast: &dyn Cast) -> Lived {
    World::new(scenario, cast, InMemory).lived()
}

/// Lines that are not there: what is written is read.
struct InMemory;

impl Lines for InMemory {
    const CARRIES: bool = false;

    fn join(&mut self, _: Link, _: (usize, Port), _: (usize, Port)) -> bool {
        true
    }

    fn carry(&mut self, _: Link, _: usize, bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
        Some(vec![bytes.to_vec()])
    }

    fn end(&mut self, _: Link, _: LinkDownReason) {}
}
