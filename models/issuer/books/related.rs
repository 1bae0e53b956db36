//! Which decisions belong together: what follows another one, and what of it was given back. It
//! changes nothing.

use super::super::settling::Item;
use super::{Books, Decision, Transaction};
use crate::card::Pan;
use crate::defect::Defect;
use crate::record::Kind;

impl Books {
    pub(super) fn decisions(&self) -> impl Iterator<Item = (&Transaction, &Decision)> {
        self.transactions.values().filter_map(|known| Some((known, known.decision()?)))
    }

    /// The decided request with this number.
    pub(in super::super) fn decision(&self, id: u64) -> Option<&Decision> {
        self.decisions().map(|(_, decision)| decision).find(|decision| decision.id == id)
    }

    /// What undid or used up the transaction with this number: a void or a completion that stands.
    pub(in super::super) fn successor(&self, id: u64) -> Option<u64> {
        // A void that was taken again out of suspense stands no more.
        if self.settling.of_decision(id).is_some_and(Item::is_retaken) {
            return None;
        }
        self.standing_about(id).find(|decision| decision.kind.uses_up()).map(|one| one.id)
    }

    /// Whether something was added to the sale with this number.
    pub(in super::super) fn is_tipped(&self, id: u64) -> bool {
        self.standing_about(id).any(|decision| decision.kind == Kind::Tip)
    }

    /// What is about the transaction with this number, approved and not reversed.
    fn standing_about(&self, id: u64) -> impl Iterator<Item = &Decision> {
        let stands = move |(known, decision): &(&Transaction, &Decision)| {
            decision.original == Some(id)
                && decision.is_approved()
                && matches!(known, Transaction::Decided(_))
        };
        self.decisions().filter(stands).map(|(_, decision)| decision)
    }

    /// Whether this is a payment code that somebody has paid with, or tried to: it is good for one
    /// order.
    pub(in super::super) fn was_shown(&self, pan: &Pan) -> bool {
        let is_it = |decision: &Decision| decision.pan == *pan && decision.kind == Kind::Sale;
        pan.is_payment_code() && self.decisions().any(|(_, decision)| is_it(decision))
    }

    /// What was refunded of the sale with this number, minor units.
    pub(in super::super) fn refunded(&self, id: u64) -> u64 {
        // Planted defect I11: refunds that are still being written are not in the sum.
        let counts =
            |refund: &Decision| !self.defects.has(Defect::I11) || self.is_durable(refund.commit);
        let of = self.standing_about(id).filter(|refund| {
            refund.kind == Kind::Refund
                && counts(refund)
                && !self.settling.of_decision(refund.id).is_some_and(Item::is_retaken)
        });
        of.fold(0, |sum, refund| sum.saturating_add(refund.answer.effective))
    }
}
