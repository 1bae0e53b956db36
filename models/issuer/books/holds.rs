//! What is held on cards for pre-authorisations: placed, completed, voided, expired, and each of it
//! taken back. It moves no money.

use super::{Books, Decision, cardholder};
use crate::card::Pan;
use crate::record::Kind;

impl Books {
    /// Applies what a decision, or its reversal, changes in what is held.
    pub(super) fn change_hold(&mut self, decision: &Decision, change: i64) {
        if change == 0 {
            return;
        }
        let completed = || decision.original.and_then(|id| self.decision(id));
        let placed = match decision.kind {
            Kind::PreAuth => Some(decision.id),
            Kind::PreAuthVoid | Kind::Completion => decision.original,
            Kind::CompletionVoid => completed().and_then(|completion| completion.original),
            _ => None,
        };
        if let Some(placed) = placed {
            self.set_hold(placed, &decision.pan, change);
        }
    }

    pub(super) fn set_hold(&mut self, placed: u64, pan: &Pan, change: i64) {
        let held = self.holds.entry(placed).or_insert(0);
        *held = held.saturating_add_signed(change);
        if let Some(number) = self.card(pan) {
            self.ledger.hold(cardholder(number), change);
        }
    }

    /// What is still held for this pre-authorisation, minor units.
    pub(in crate::issuer) fn held(&self, placed: u64) -> u64 {
        self.holds.get(&placed).copied().unwrap_or(0)
    }

    /// Pre-authorisations of which something is held since `date` or before.
    pub(in crate::issuer) fn held_since(&self, date: i64) -> impl Iterator<Item = (u64, Pan, u64)> {
        self.decisions().filter_map(move |(_, decision)| {
            let held = self.held(decision.id);
            (held > 0 && decision.business_date.days() <= date).then_some((
                decision.id,
                decision.pan,
                held,
            ))
        })
    }
}
