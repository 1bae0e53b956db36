//! Clearing files, suspense and ends of business dates, as switches, issuers and clearing houses
//! recorded them. This judges nothing.

use super::Books;
use crate::history::Entry;
use crate::party::Party;
use reversim_models::card::Pan;
use reversim_models::node::Ticket;
use reversim_models::record::{
    Account, ClearingRecord, EntryKind, Extracted, FileEntry, FileId, IssuerRecord, Leg,
    PayoutLine, SuspenseEnd, SwitchRecord, Taken, TakenAs,
};
use reversim_models::time::Date;
use std::collections::BTreeMap;

/// Everything about files; empty where there is no clearing house.
#[derive(Default)]
pub(crate) struct Files {
    /// Extracts as switches closed them.
    pub(crate) extracts: Vec<Extract>,
    /// Files as issuers took them.
    pub(crate) taken: Vec<TakenFile>,
    /// Statements for merchants.
    pub(crate) payouts: Vec<Payout>,
    /// What merchants were paid for each sale, with the fee, minor units.
    pub(super) paid: BTreeMap<Ticket, i64>,
    /// What issuers took from cardholders because of a file alone, minor units; less than zero if
    /// they gave it.
    pub(crate) moved: BTreeMap<Ticket, i64>,
    /// What was parked.
    pub(crate) parked: Vec<Parked>,
    /// What each of an issuer's accounts for clearing holds.
    pub(crate) accounts: BTreeMap<(Party, Account), i64>,
    /// Dates that ended at a switch, and the entry that ended them.
    pub(crate) ended: Vec<(Party, Date, usize)>,
    /// Dates that a clearing house closed.
    pub(crate) closed: BTreeMap<Date, usize>,
    /// Files that their receivers took, as their senders recorded it.
    pub(crate) delivered: BTreeMap<FileId, usize>,
    /// An entry that is in two files of the same stage: first and second entry of the history.
    pub(crate) twice: Vec<Twice>,
    seen: BTreeMap<(Stage, Name, EntryKind), usize>,
    /// The extract that a switch's transaction is in, by its number.
    extracted: BTreeMap<(Party, u64, EntryKind), usize>,
}

/// An extract.
pub(crate) struct Extract {
    pub(crate) switch: Party,
    pub(crate) index: usize,
    pub(crate) file: FileId,
    pub(crate) entries: Box<[Extracted]>,
}

/// A file that an issuer took.
pub(crate) struct TakenFile {
    pub(crate) issuer: Party,
    pub(crate) index: usize,
    pub(crate) file: FileId,
    pub(crate) entries: Box<[Taken]>,
}

/// A statement.
pub(crate) struct Payout {
    pub(crate) index: usize,
    pub(crate) file: FileId,
    pub(crate) lines: Box<[PayoutLine]>,
}

/// An item in suspense.
pub(crate) struct Parked {
    pub(crate) issuer: Party,
    pub(crate) item: u64,
    pub(crate) index: usize,
    pub(crate) minor: i64,
    pub(crate) date: Date,
    pub(crate) closed: Option<(usize, SuspenseEnd)>,
}

/// Where an entry is written down on its way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Stage {
    Extract,
    Presentment,
    Payout,
    Taken,
    /// In a file of returns of an issuer, of the clearing house, at the switch.
    Returned,
    SentBack,
    CameBack,
}

/// An entry in two files of one stage.
pub(crate) struct Twice {
    pub(crate) first: usize,
    pub(crate) second: usize,
    pub(crate) entry: FileEntry,
}

/// What a transaction keeps on all lines: elements 32, 37, 41 and 2.
type Name = (u64, [u8; 12], [u8; 8], Pan);

fn name(entry: &FileEntry) -> Name {
    (entry.key.acquirer, entry.rrn, entry.terminal, entry.pan)
}

impl Files {
    pub(super) fn saw<'a>(
        &mut self,
        stage: Stage,
        index: usize,
        entries: impl Iterator<Item = &'a FileEntry>,
    ) {
        for entry in entries {
            match self.seen.get(&(stage, name(entry), entry.kind)) {
                Some(first) => {
                    self.twice.push(Twice { first: *first, second: index, entry: *entry });
                }
                None => {
                    self.seen.insert((stage, name(entry), entry.kind), index);
                }
            }
        }
    }

    /// The entry of the history that has this entry at this stage.
    pub(crate) fn find(&self, stage: Stage, entry: &FileEntry) -> Option<usize> {
        self.seen.get(&(stage, name(entry), entry.kind)).copied()
    }

    /// The extract that holds this transaction of a switch, as this kind of entry.
    pub(crate) fn extracted(&self, switch: Party, id: u64, kind: EntryKind) -> Option<usize> {
        self.extracted.get(&(switch, id, kind)).copied()
    }

    /// What an account of all issuers holds together.
    pub(crate) fn balance(&self, account: Account) -> i64 {
        let of = self.accounts.iter().filter(|((_, other), _)| *other == account);
        of.map(|(_, minor)| minor).sum()
    }

    /// Legs that an issuer booked.
    pub(super) fn book(&mut self, issuer: Party, legs: &[Leg]) {
        for leg in legs {
            use Account::{Escrow, Payable, Settlement, Suspense};
            if matches!(leg.account, Settlement | Suspense | Payable | Escrow) {
                let balance = self.accounts.entry((issuer, leg.account)).or_insert(0);
                *balance = balance.saturating_add(leg.minor);
            }
        }
    }
}

impl Books {
    /// What a switch recorded about files.
    pub(super) fn switch_filed(&mut self, index: usize, switch: Party, record: &SwitchRecord) {
        match record {
            SwitchRecord::ExtractClosed { file, entries } => {
                self.files.saw(Stage::Extract, index, entries.iter().map(|one| &one.entry));
                for one in entries {
                    let key = (switch, one.id, one.entry.kind);
                    self.files.extracted.entry(key).or_insert(index);
                }
                let (file, entries) = (*file, entries.clone());
                self.files.extracts.push(Extract { switch, index, file, entries });
            }
            SwitchRecord::FileDelivered { file } => {
                self.files.delivered.insert(*file, index);
            }
            SwitchRecord::CutOver { date } => self.files.ended.push((switch, *date, index)),
            _ => {}
        }
    }

    /// What an issuer recorded about files and suspense.
    pub(super) fn issuer_filed(&mut self, index: usize, entry: &Entry, record: &IssuerRecord) {
        let issuer = entry.party;
        match record {
            IssuerRecord::PresentmentTaken { file, entries, legs } => {
                self.files.saw(Stage::Taken, index, entries.iter().map(|one| &one.entry));
                for (place, taken) in entries.iter().enumerate() {
                    self.claim_taken(index, issuer, (&entries[..place], taken));
                    self.taken_by_file(taken);
                }
                let (file, entries) = (*file, entries.clone());
                self.files.taken.push(TakenFile { issuer, index, file, entries });
                self.book(index, issuer, legs, false);
            }
            IssuerRecord::SuspenseOpened { item, minor, date, legs, .. } => {
                let (item, minor, date) = (*item, *minor, *date);
                let parked = Parked { issuer, item, index, minor, date, closed: None };
                self.files.parked.push(parked);
                self.book(index, issuer, legs, false);
            }
            IssuerRecord::SuspenseClosed { item, decision, class, legs, .. } => {
                let is_it = |parked: &&mut Parked| {
                    parked.issuer == issuer && parked.item == *item && parked.closed.is_none()
                };
                if let Some(parked) = self.files.parked.iter_mut().find(is_it) {
                    parked.closed = Some((index, *class));
                }
                let credit = Leg::to_cardholders(legs);
                if let Some(debit) = decision.and_then(|id| self.decision_mut(issuer, id)) {
                    debit.credited = debit.credited.saturating_add(credit);
                    debit.give_surcharge_back(legs);
                    debit.left = Some(*class);
                }
                self.book(index, issuer, legs, false);
            }
            _ => {}
        }
    }

    /// What moved money because the file says so. A claim counts with the debit that it restores,
    /// if there was one.
    fn taken_by_file(&mut self, taken: &Taken) {
        let is_claim = taken.entry.kind == EntryKind::Claim && taken.decision.is_some();
        let has_moved = matches!(taken.end, TakenAs::Credited | TakenAs::Debited);
        let of = self.forward_of(&taken.entry).map(|forward| forward.ticket);
        if let Some(of) = of.filter(|_| !is_claim && has_moved) {
            let moved = self.files.moved.entry(of).or_insert(0);
            *moved = moved.saturating_add(taken.entry.signed());
        }
    }

    /// What a clearing house recorded.
    pub(super) fn clearing_recorded(&mut self, index: usize, record: &ClearingRecord) {
        match record {
            ClearingRecord::PresentmentBuilt { entries, .. } => {
                self.files.saw(Stage::Presentment, index, entries.iter());
            }
            ClearingRecord::PayoutBuilt { file, lines, .. } => {
                self.files.saw(Stage::Payout, index, lines.iter().map(|line| &line.entry));
                self.merchants_are_paid(lines);
                let (file, lines) = (*file, lines.clone());
                self.files.payouts.push(Payout { index, file, lines });
            }
            ClearingRecord::FileDelivered { file } => {
                self.files.delivered.insert(*file, index);
            }
            ClearingRecord::DayClosed { date } => {
                self.files.closed.entry(*date).or_insert(index);
            }
            ClearingRecord::ReturnBuilt { .. } => self.clearing_returned(index, record),
            ClearingRecord::CutOver { .. }
            | ClearingRecord::LeaseTaken { .. }
            | ClearingRecord::WriteRefused { .. }
            | ClearingRecord::ReturnTaken { .. }
            | ClearingRecord::ExtractTaken { .. } => {}
        }
    }
}
