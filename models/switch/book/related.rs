//! Which transactions belong together: what follows another one, and what of it was given back. It
//! changes nothing.

use super::{Book, Transaction};
use crate::record::Kind;

impl Book {
    /// What undoes or uses up this transaction: a void or completion that stands, or may.
    pub(in crate::switch) fn successor(&self, id: u64) -> Option<u64> {
        let stands = |other: &&Transaction| !self.is_one_sided(other);
        self.followers(id).find(|(_, other)| stands(other)).map(|(id, _)| id)
    }

    /// Whether its issuer may know of something that undoes it or uses it up, even though its
    /// terminal gave that up.
    pub(in crate::switch) fn may_be_used_up(&self, id: u64) -> bool {
        self.followers(id).next().is_some()
    }

    fn followers(&self, id: u64) -> impl Iterator<Item = (u64, &Transaction)> {
        let follows = move |(_, other): &(u64, &Transaction)| {
            other.original == Some(id) && other.kind.uses_up() && other.may_stand()
        };
        self.transactions().filter(follows)
    }

    /// What is refunded of this sale, or may be, minor units.
    pub(in crate::switch) fn refunded(&self, id: u64) -> u64 {
        let may_stand = |refund: &Transaction| refund.may_stand() && !self.is_one_sided(refund);
        let of = self.refunds_of(id).filter(|(_, refund)| may_stand(refund));
        asked(of)
    }

    /// What is added to this sale by tips, or may be, minor units. Its issuer may have booked one
    /// that the terminal gave up.
    pub(in crate::switch) fn tipped(&self, id: u64) -> u64 {
        asked(self.about(id, Kind::Tip).filter(|(_, tip)| tip.may_stand()))
    }

    /// Whether money of this sale goes back by a refund: approved, or on its way from the queue,
    /// and not listed as one-sided.
    pub(super) fn is_refunded(&self, id: u64) -> bool {
        let is_certain = |refund: &Transaction| refund.is_advised || refund.approval().is_some();
        let mut of = self.refunds_of(id);
        of.any(|(_, refund)| is_certain(refund) && !self.is_one_sided(refund))
    }

    /// The refunds of this sale, whatever became of them, with their numbers.
    pub(in crate::switch) fn refunds_of(
        &self,
        id: u64,
    ) -> impl Iterator<Item = (u64, &Transaction)> {
        self.about(id, Kind::Refund)
    }

    /// What of this kind is about this transaction, whatever became of it.
    fn about(&self, id: u64, kind: Kind) -> impl Iterator<Item = (u64, &Transaction)> {
        let is_it = move |other: &Transaction| other.kind == kind && other.original == Some(id);
        self.transactions().filter(move |(_, other)| is_it(other))
    }
}

/// What these asked for together, minor units.
fn asked<'a>(of: impl Iterator<Item = (u64, &'a Transaction)>) -> u64 {
    let minor = |one: &Transaction| one.sent.map_or(0, |sent| sent.amount.minor);
    of.fold(0, |sum, (_, one)| sum.saturating_add(minor(one)))
}
