//! Holds: what a decision changes in them, how long they last, and what lets them go. What is held
//! is in the books.

use super::Issuer;
use super::books::OpenHold;
use super::message::Request;
use crate::asked::Question;
use crate::defect::Defect;
use crate::node::Actions;
use crate::record::Kind;
use crate::time::{Duration, Instant, LocalTime};

impl Issuer {
    /// Lets go what has been held for too long: for so many business dates, or until the moment
    /// that its request named. Power may fail in the middle of it, so it is done at every start
    /// too.
    pub(super) fn expire_holds(&mut self, actions: &mut Actions) {
        let days = u64::from(self.config.hold_days.max(1));
        let over = |hold: &OpenHold| {
            self.asking.note(Question::HoldDays, hold.age);
            hold.age >= days || hold.until.is_some_and(|until| until <= self.clock)
        };
        let over: Vec<_> = self.books.open_holds().filter(over).collect();
        for OpenHold { placed: original, pan, minor, .. } in over {
            self.record(self.expiry(original, pan, minor), actions);
        }
    }

    /// When the first hold is over whose request named a moment. Its own clock says when that is.
    pub(super) fn next_expiry(&self, now: Instant) -> Option<Instant> {
        let until = self.books.open_holds().filter_map(|hold| hold.until).min()?;
        let wait = u64::try_from(until.0.saturating_sub(self.clock.0)).unwrap_or(0);
        Some(now + Duration(wait))
    }

    /// Until when a pre-authorisation holds, on a clock that shows UTC.
    pub(super) fn until(&self, request: &Request) -> Option<LocalTime> {
        request.until.map(|until| match self.config.defects.has(Defect::B13) {
            true => until.local,
            false => until.utc(),
        })
    }

    /// What an approval of `effective` minor units changes in what is held on the card.
    pub(super) fn hold(&self, request: &Request, effective: u64) -> i64 {
        let signed = |minor: u64| i64::try_from(minor).unwrap_or(i64::MAX);
        match (request.kind, self.original_of(request)) {
            _ if effective == 0 => 0,
            (Kind::PreAuth, _) => signed(effective),
            (Kind::Completion | Kind::CompletionAdvice, Some(_))
                if self.config.defects.has(Defect::I12) =>
            {
                -signed(effective)
            }
            // All of the hold ends, also what the completion does not take.
            (Kind::PreAuthVoid | Kind::Completion | Kind::CompletionAdvice, Some(placed)) => {
                -signed(self.books.held(placed.id))
            }
            (Kind::CompletionVoid, Some(completion)) => -completion.hold,
            _ => 0,
        }
    }
}
