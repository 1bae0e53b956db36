//! A gateway on an issuer's line that does wrong: it holds the line's MAC key, and sends what a
//! chip signed once more as a request of its own. A copy made without that key is next door.
//!
//! Its copy comes behind its original, on the same connection. One that comes first, or in place of
//! one that was lost, is the only request that the issuer sees: no correct party could tell, so it
//! is exposure, and not played. That is also why there is none between switches, behind which the
//! original may still be overtaken or lost.

use super::{Lines, World};
use crate::history::Frame;
use crate::party::Role;
use reversim_models::defect::Defects;
use reversim_models::iso8583::{Element, Envelope, NETWORK};
use reversim_models::line::{Line, Zone};
use reversim_models::time::Duration;

impl<L: Lines> World<'_, L> {
    /// The request under another trace number, sealed anew; none if it has no chip's cryptogram, or
    /// is no request on a network line.
    pub(super) fn resubmitted(&self, from: usize, to: usize, frame: &Frame) -> Option<Frame> {
        let zone = self.zone_between(from, to)?;
        let mut message = frame.message()?.clone();
        let is_request = matches!(message.mti().class(), 1 | 2) && message.mti().is_request();
        if !is_request || !message.has(Element::ICC) {
            return None;
        }
        let stan = message.number(Element::STAN)?;
        message.set_number(Element::STAN, (stan + 500_000) % 1_000_000, 6);
        message.remove(Element::MAC_128);
        let line = Line::network(&zone, Duration::ZERO, Defects::NONE);
        let sealed = line.seal(&message, Envelope::default()).ok()?;
        Some(Frame::new(sealed, &NETWORK))
    }

    /// The keys of the line from a switch to its issuer.
    fn zone_between(&self, from: usize, to: usize) -> Option<Zone> {
        let (from, to) = (self.hosts[from].party, self.hosts[to].party);
        let is_up = (from.role, to.role) == (Role::Switch, Role::Issuer);
        is_up.then(|| self.plan.zone(b'I', to.number - 1))
    }
}
