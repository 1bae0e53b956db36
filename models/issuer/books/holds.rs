//! What is held on cards for pre-authorisations: placed, completed, voided, expired, and each of it
//! taken back. It moves no money.

use super::{Books, Decision, Hold, cardholder};
use crate::card::Pan;
use crate::record::Kind;
use crate::time::{Date, LocalTime};

/// What is held for a pre-authorisation at present.
pub(in crate::issuer) struct OpenHold {
    /// Its number.
    pub(in crate::issuer) placed: u64,
    pub(in crate::issuer) pan: Pan,
    pub(in crate::issuer) minor: u64,
    /// Business dates that ended since.
    pub(in crate::issuer) age: u64,
    /// The moment at which it is over, on a clock that shows UTC.
    pub(in crate::issuer) until: Option<LocalTime>,
}

impl Books {
    /// Applies what a decision, or its reversal, changes in what is held.
    pub(super) fn change_hold(&mut self, decision: &Decision, change: i64) {
        if change == 0 {
            return;
        }
        if let Some(placed) = self.placed_by(decision) {
            let time = (decision.business_date, decision.until);
            self.set_hold(placed, &decision.pan, change, time);
        }
    }

    /// The pre-authorisation that a decision is, or that it ends or brings back, by its number.
    pub(in crate::issuer) fn placed_by(&self, decision: &Decision) -> Option<u64> {
        let completed = || decision.original.and_then(|id| self.decision(id));
        match decision.kind {
            Kind::PreAuth => Some(decision.id),
            Kind::PreAuthVoid | Kind::Completion | Kind::CompletionAdvice => decision.original,
            Kind::CompletionVoid => completed().and_then(|completion| completion.original),
            _ => None,
        }
    }

    /// A new hold is held since `date`, or since the issuer's own date, if that is later: a request
    /// that was held up past a cut-over is not over before it is decided.
    pub(super) fn set_hold(
        &mut self,
        placed: u64,
        pan: &Pan,
        change: i64,
        (date, until): (Date, Option<LocalTime>),
    ) {
        let since = date.max(self.business_date);
        let hold = Hold { pan: *pan, since, until, minor: 0 };
        let hold = self.holds.entry(placed).or_insert(hold);
        hold.minor = hold.minor.saturating_add_signed(change);
        let on_account = self.card(pan).filter(|number| !self.cards[*number].has_escrow);
        if let Some(number) = on_account {
            self.ledger.hold(cardholder(number), change);
        }
    }

    /// What is still held for this pre-authorisation, minor units.
    pub(in crate::issuer) fn held(&self, placed: u64) -> u64 {
        self.holds.get(&placed).map_or(0, |hold| hold.minor)
    }

    /// What is held on cards at present.
    pub(in crate::issuer) fn open_holds(&self) -> impl Iterator<Item = OpenHold> {
        let held = self.holds.iter().filter(|(_, hold)| hold.minor > 0);
        held.map(|(placed, hold)| {
            let age = self.business_date.days().saturating_sub(hold.since.days());
            let Hold { pan, until, minor, .. } = *hold;
            OpenHold { placed: *placed, pan, minor, age: u64::try_from(age).unwrap_or(0), until }
        })
    }
}
