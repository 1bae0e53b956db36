//! The end of business dates at a switch: which dates are closed and not extracted yet, what was
//! extracted, and which files nobody has taken yet. It changes by records only.

use std::collections::{BTreeMap, BTreeSet};

use super::super::stand_in::STOOD_IN;
use super::{Book, Transaction};
use crate::defect::{Defect, Defects};
use crate::record::{EntryKind, Extracted, FileEntry, FileId, Kind, Origin, SwitchRecord};
use crate::time::Date;

/// What a switch without a clearing house never fills.
#[derive(Clone, Debug, Default)]
pub(in crate::switch) struct Closing {
    is_wanted: bool,
    /// Planted defect B21: what is voided is presented all the same.
    ignores_voids: bool,
    /// Dates that are over and not extracted, oldest first.
    pub(in crate::switch) dates: Vec<Date>,
    /// Files made so far.
    files: u32,
    /// Transactions that were presented, and whether that was taken back.
    presented: BTreeMap<u64, bool>,
    /// Files that wait for the clearing house.
    pub(in crate::switch) undelivered: Vec<Undelivered>,
}

/// A file that waits for the clearing house.
#[derive(Clone, Debug)]
pub(in crate::switch) struct Undelivered {
    pub(in crate::switch) file: FileId,
    pub(in crate::switch) entries: Vec<FileEntry>,
    /// The commit that it is part of.
    pub(in crate::switch) commit: u64,
}

impl Closing {
    /// Nothing is over yet; nothing ever is where nobody wants extracts.
    pub(super) fn wanted(is_wanted: bool, defects: Defects) -> Closing {
        Closing { is_wanted, ignores_voids: defects.has(Defect::B21), ..Closing::default() }
    }

    /// The number of the next file.
    pub(in crate::switch) fn next_file(&self) -> u32 {
        self.files + 1
    }

    /// The business date changes.
    pub(super) fn cut_over(&mut self, from: Date, to: Date) {
        let mut date = from;
        // A switch that was dark may have missed some; none of them is skipped.
        while self.is_wanted && date < to {
            self.dates.push(date);
            date = date.next();
        }
    }

    /// Whether this transaction was presented, and that not taken back.
    pub(in crate::switch) fn is_presented(&self, id: u64) -> bool {
        self.presented.get(&id) == Some(&false)
    }

    /// Takes in a record about files.
    pub(super) fn apply(&mut self, record: &SwitchRecord, commit: u64) {
        match record {
            SwitchRecord::ExtractClosed { file, entries } => {
                self.files = file.sequence;
                self.dates.retain(|date| *date > file.date);
                for Extracted { id, entry, .. } in entries {
                    if entry.kind != EntryKind::Claim {
                        self.presented.insert(*id, entry.kind.is_adjustment());
                    }
                }
                let entries = entries.iter().map(|extracted| extracted.entry).collect();
                self.undelivered.push(Undelivered { file: *file, entries, commit });
            }
            SwitchRecord::FileDelivered { file } => {
                self.undelivered.retain(|waiting| waiting.file != *file);
            }
            _ => {}
        }
    }
}

impl Transaction {
    /// Whether its issuer owes it, whatever it has heard of it: it was told as done, or a switch,
    /// this one or another, approved it in its issuer's stead, as the authorization code says.
    fn is_promised(&self) -> bool {
        let authorization = self.answer.and_then(|answer| answer.authorization);
        let is_stood_in = authorization.is_some_and(|code| code[0] == STOOD_IN);
        is_stood_in || self.kind.is_advice()
    }
}

impl Book {
    /// Whether a request of this date, or an earlier one, is still on its way.
    pub(in crate::switch) fn is_in_flight(&self, date: Date) -> bool {
        self.transactions.values().any(|transaction| {
            transaction.business_date <= date
                && transaction.kind.is_settled()
                && transaction.kind.is_reversible()
                && transaction.sent.is_some()
                && transaction.answer.is_none()
                && !transaction.is_advised
        })
    }

    /// What the extract of this date holds: what stands approved and was not presented, what was
    /// presented and stands no more or has no slip, and at the end what is claimed.
    ///
    /// A void is no entry: what it voids does not stand. Should the void be reversed after the
    /// extract of its date, what it voided is presented in a later one.
    pub(in crate::switch) fn extract(&self, date: Date) -> Vec<Extracted> {
        let voided = self.voided();
        let told: BTreeSet<u64> = self.advices().map(|advice| advice.id).collect();
        let entry = |(id, transaction): (&u64, &Transaction)| {
            let first = match transaction.kind {
                Kind::Refund => EntryKind::Refund,
                kind if kind.money() > 0 => EntryKind::Presentment,
                _ => return None,
            };
            let is_slipless = self.claims.is_slipless(*id);
            let stands = self.stands(transaction) && !voided.contains(id) && !is_slipless;
            // What its issuer is to hear by an advice is certain when that was taken, or given up.
            let is_certain = !told.contains(id);
            let kind = match self.closing.presented.get(id) {
                None if stands && is_certain && transaction.business_date <= date => first,
                Some(false) if !stands => first.adjustment()?,
                _ => return None,
            };
            Self::extracted(*id, transaction, kind)
        };
        let claim = |(id, ticket)| {
            // An earlier date may still have been open when it was claimed.
            let is_known = |one: &&Transaction| one.business_date <= date;
            let transaction = self.transactions.get(&id).filter(is_known)?;
            let claim = Self::extracted(id, transaction, EntryKind::Claim)?;
            // What is claimed is a wish of its own.
            Some(Extracted { ticket, ..claim })
        };
        let claims = self.claims.waiting().filter_map(claim);
        self.transactions.iter().filter_map(entry).chain(claims).collect()
    }

    /// What is undone by a void that stands.
    fn voided(&self) -> BTreeSet<u64> {
        if self.closing.ignores_voids {
            return BTreeSet::new();
        }
        let stands = |void: &&Transaction| void.kind.is_void() && self.stands(void);
        self.transactions.values().filter(stands).filter_map(|void| void.original).collect()
    }

    /// What a file says of a transaction; none if it is not one of a terminal of ours.
    pub(in crate::switch) fn extracted(
        id: u64,
        transaction: &Transaction,
        kind: EntryKind,
    ) -> Option<Extracted> {
        let (Origin::Pos(_), Some(sent)) = (transaction.origin, transaction.sent) else {
            return None;
        };
        let is_approved = transaction.answer.is_some_and(|answer| answer.code.is_approval());
        let wished = if is_approved { 0 } else { sent.amount.minor };
        let entry = FileEntry {
            kind,
            key: sent.key,
            rrn: sent.rrn,
            terminal: sent.terminal,
            merchant: sent.merchant,
            pan: sent.pan,
            // Who answered nothing, or no, asks for what was wished.
            minor: transaction.answer.map_or(0, |answer| answer.minor).max(wished),
            business_date: transaction.business_date,
            is_promised: transaction.is_promised(),
        };
        Some(Extracted { id, ticket: transaction.ticket, entry })
    }

    /// Answered approved, not reversed, and not listed as one-sided (单边账) when its batch closed.
    pub(in crate::switch) fn stands(&self, transaction: &Transaction) -> bool {
        let is_approved = transaction.answer.is_some_and(|answer| answer.code.is_approval());
        is_approved && !transaction.is_taken_back() && !self.is_one_sided(transaction)
    }

    /// Whether it was listed as one-sided (单边账) when its batch closed.
    pub(in crate::switch) fn is_one_sided(&self, transaction: &Transaction) -> bool {
        match transaction.origin {
            Origin::Pos(key) => self
                .batch(key.terminal, key.batch)
                .is_some_and(|batch| batch.differences.contains(&key.stan)),
            Origin::Network(_) => false,
        }
    }
}
