//! What an acquirer that pays at once (秒到, T+0) owes its merchants, and what it has paid. It
//! changes by records only.
//!
//! A reversal after a payout leaves the merchant owing, and so does a batch that lists a sale as on
//! one side only (单边账); the next sales pay for it before anything is paid out again. The
//! acquirer's own pay-out has nothing to do with the clearing house's.

use std::collections::BTreeMap;

use super::{Book, Transaction};
use crate::record::Kind;

/// One merchant.
#[derive(Clone, Copy, Debug, Default)]
struct Account {
    /// Earned and not paid, minor units; below zero if more was paid than is left of its sales.
    due: i64,
    /// Its sales up to this number are paid out.
    upto: u64,
}

/// Every merchant that was ever owed something.
#[derive(Clone, Debug, Default)]
pub(in crate::switch) struct Payouts {
    is_wanted: bool,
    merchants: BTreeMap<[u8; 15], Account>,
}

impl Payouts {
    /// Nothing is owed yet; nothing ever is where nobody is paid at once.
    pub(super) fn wanted(is_wanted: bool) -> Payouts {
        Payouts { is_wanted, ..Payouts::default() }
    }

    /// A sale, refund or reversal changes what a merchant is owed.
    pub(super) fn earn(&mut self, merchant: [u8; 15], minor: i64) {
        let account = self.merchants.entry(merchant).or_default();
        account.due = account.due.saturating_add(minor);
    }

    /// So much is paid, for sales up to this number.
    pub(super) fn pay(&mut self, merchant: [u8; 15], minor: u64, upto: u64) {
        self.earn(merchant, -i64::try_from(minor).unwrap_or(i64::MAX));
        let account = self.merchants.entry(merchant).or_default();
        account.upto = account.upto.max(upto);
    }

    /// What a merchant is owed, minor units; below zero if it owes.
    pub(in crate::switch) fn due(&self, merchant: &[u8; 15]) -> i64 {
        self.merchants.get(merchant).map_or(0, |account| account.due)
    }

    /// Whether the sale with this number is paid out.
    pub(in crate::switch) fn is_paid(&self, merchant: &[u8; 15], id: u64) -> bool {
        self.merchants.get(merchant).is_some_and(|account| account.upto >= id)
    }

    /// Merchants that are owed something.
    pub(in crate::switch) fn owed(&self) -> Vec<[u8; 15]> {
        let owed = self.merchants.iter().filter(|(_, account)| account.due > 0);
        owed.map(|(merchant, _)| *merchant).collect()
    }
}

impl Book {
    /// What a merchant is owed changes with what this transaction earns by now.
    pub(super) fn earn(&mut self, id: u64) {
        let known = self.transactions.get(&id).filter(|_| self.payouts.is_wanted);
        let Some((transaction, sent)) = known.and_then(|one| Some((one, one.sent?))) else {
            return;
        };
        let earned = self.earned(transaction);
        self.payouts.earn(sent.merchant, earned - transaction.earned);
        if let Some(transaction) = self.transactions.get_mut(&id) {
            transaction.earned = earned;
        }
    }

    /// What a transaction earns its merchant, minor units: nothing unless it was answered approved,
    /// and nothing once it is reversed or on one side only.
    fn earned(&self, transaction: &Transaction) -> i64 {
        let approved = transaction.answer.filter(|answer| answer.code.is_approval());
        let minor = approved.map_or(0, |answer| i64::try_from(answer.minor).unwrap_or(i64::MAX));
        match transaction.kind {
            _ if transaction.reversal.is_some() || self.is_one_sided(transaction) => 0,
            kind if kind.is_sold() => minor,
            Kind::Refund => -minor,
            _ => 0,
        }
    }

    /// The last sale of a merchant that stands approved.
    pub(in crate::switch) fn last_sale(&self, merchant: &[u8; 15]) -> Option<(u64, &Transaction)> {
        let is_it = |transaction: &Transaction| {
            transaction.kind.is_sold()
                && transaction.approval().is_some()
                && transaction.sent.is_some_and(|sent| sent.merchant == *merchant)
        };
        let mut all = self.transactions.iter().rev();
        all.find(|(_, transaction)| is_it(transaction)).map(|(id, transaction)| (*id, transaction))
    }
}
