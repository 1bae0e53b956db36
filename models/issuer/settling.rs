//! What an issuer knows of the way from debit to payment: of each transaction, how much was
//! debited, how much was presented, and whether the difference is parked (挂账).
//!
//! The difference always lies in one account: in suspense while it is parked, else in settlement.
//! It changes only by a record, as all the issuer's books.

use super::books::Commit;
use crate::card::Pan;
use crate::ledger::transfer;
use crate::record::{Account, EntryKind, FileEntry, FileId, IssuerRecord, Leg, SuspenseEnd, Taken};
use crate::time::Date;
use std::collections::BTreeMap;

/// What an issuer without a clearing house never fills.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Settling {
    items: Vec<Item>,
    /// Places of items by name: a day has many, and a file names them all.
    names: BTreeMap<Name, Vec<usize>>,
    /// The last file taken, and the commit it is part of.
    pub(super) last: Option<(FileId, Commit)>,
}

/// What a transaction is called on every line: elements 32, 37 and 41.
type Name = (u64, [u8; 12], [u8; 8]);

/// A transaction between debit and payment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Item {
    /// The issuer's number of the debit; none if it was presented and never debited.
    pub(super) decision: Option<u64>,
    name: Name,
    pub(super) pan: Pan,
    /// The latest business date of anything that happened to it. What is missing may still come
    /// in the file of that date.
    moved: Date,
    /// Minor units taken from the cardholder and not given back.
    debited: i64,
    /// Minor units to be paid.
    presented: i64,
    /// The date at whose end the difference was parked.
    parked: Option<Date>,
    /// Whether the cardholder got it back out of suspense.
    pub(super) is_returned: bool,
}

impl Item {
    /// Above zero, debited and not presented; below zero, presented and not debited.
    pub(super) fn difference(&self) -> i64 {
        self.debited.saturating_sub(self.presented)
    }

    /// Where the difference lies.
    pub(super) fn account(&self) -> Account {
        if self.parked.is_some() { Account::Suspense } else { Account::Settlement }
    }
}

/// What the end of a business date asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Due {
    /// Debit and presentment differ: park it.
    Park,
    /// It must leave suspense, in this way.
    Leave(SuspenseEnd),
}

impl Settling {
    /// The item of a debit.
    pub(super) fn of_decision(&self, id: u64) -> Option<&Item> {
        self.items.iter().rev().find(|item| item.decision == Some(id))
    }

    /// The item with this number.
    pub(super) fn item(&self, number: u64) -> Option<&Item> {
        self.items.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    fn item_mut(&mut self, number: u64) -> Option<&mut Item> {
        self.items.get_mut(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    /// Places of the items with the name and card of an entry, oldest first.
    fn named(&self, entry: &FileEntry) -> impl Iterator<Item = usize> + '_ {
        let name = (entry.key.acquirer, entry.rrn, entry.terminal);
        let pan = entry.pan;
        let places = self.names.get(&name).into_iter().flatten().copied();
        places.filter(move |place| self.items[*place].pan == pan)
    }

    fn add(&mut self, item: Item) -> usize {
        let place = self.items.len();
        self.names.entry(item.name).or_default().push(place);
        self.items.push(item);
        place
    }

    /// The item that an entry is about: among several of that name, the one that waits for it.
    fn matching(&self, entry: &FileEntry) -> Option<&Item> {
        let of = || self.named(entry).map(|place| &self.items[place]);
        let waits = |item: &&Item| match entry.kind {
            EntryKind::Presentment => item.presented == 0,
            EntryKind::Adjustment => item.presented > 0,
        };
        of().find(waits).or_else(|| of().next())
    }

    /// The entries of a file with the debits they match, and what is to be booked.
    pub(super) fn take(&self, entries: &[FileEntry]) -> (Box<[Taken]>, Box<[Leg]>) {
        let mut legs = Vec::with_capacity(2 * entries.len());
        let taken = entries.iter().map(|entry| {
            let item = self.matching(entry);
            let own = item.map_or(Account::Settlement, Item::account);
            legs.extend(match entry.kind {
                EntryKind::Presentment => transfer(own, Account::Payable, entry.minor),
                EntryKind::Adjustment => transfer(Account::Payable, own, entry.minor),
            });
            Taken { entry: *entry, decision: item.and_then(|item| item.decision) }
        });
        (taken.collect(), legs.into())
    }

    /// What is due at the end of this date: items with their numbers. Parked is what differs; what
    /// is parked leaves after this many dates at the latest.
    pub(super) fn due(&self, date: Date, dates: u32) -> Vec<(u64, Due)> {
        let due = |item: &Item| match (item.parked, item.difference()) {
            (None, 0) => None,
            (None, _) => (item.moved <= date).then_some(Due::Park),
            (Some(_), 0) => Some(Due::Leave(SuspenseEnd::Cleared)),
            (Some(since), _) if date.days() - since.max(item.moved).days() < i64::from(dates) => {
                None
            }
            // Nobody gets back more than was taken.
            (Some(_), minor @ 1..) if minor <= item.debited => {
                Some(Due::Leave(SuspenseEnd::Returned))
            }
            (Some(_), _) => Some(Due::Leave(SuspenseEnd::ChargedBack)),
        };
        (1..).zip(&self.items).filter_map(|(number, item)| Some((number, due(item)?))).collect()
    }

    /// A debit is booked.
    pub(super) fn debit(
        &mut self,
        decision: u64,
        (name, pan): (Name, Pan),
        date: Date,
        minor: u64,
    ) {
        self.add(Item {
            decision: Some(decision),
            name,
            pan,
            moved: date,
            debited: signed(minor),
            presented: 0,
            parked: None,
            is_returned: false,
        });
    }

    /// A reversal of a debit is booked.
    pub(super) fn credit(&mut self, decision: u64, date: Date, minor: u64) {
        let of = self.items.iter_mut().rev().find(|item| item.decision == Some(decision));
        if let Some(item) = of {
            item.debited = item.debited.saturating_sub(signed(minor));
            item.moved = item.moved.max(date);
        }
    }

    /// Takes in a record about files or suspense.
    pub(super) fn apply(&mut self, record: &IssuerRecord, commit: Commit) {
        match record {
            IssuerRecord::PresentmentTaken { file, entries, .. } => {
                self.last = Some((*file, commit));
                for taken in entries {
                    self.present(taken, file.date);
                }
            }
            IssuerRecord::SuspenseOpened { item, date, .. } => {
                if let Some(item) = self.item_mut(*item) {
                    item.parked = Some(*date);
                }
            }
            IssuerRecord::SuspenseClosed { item, class, minor, .. } => {
                let Some(item) = self.item_mut(*item) else { return };
                item.parked = None;
                match class {
                    SuspenseEnd::Cleared => {}
                    SuspenseEnd::Returned => {
                        item.debited = item.debited.saturating_sub(signed(*minor));
                        item.is_returned = true;
                    }
                    SuspenseEnd::ChargedBack => item.presented = item.debited,
                }
            }
            IssuerRecord::Decided { .. }
            | IssuerRecord::Reversed { .. }
            | IssuerRecord::HoldExpired { .. }
            | IssuerRecord::Opened { .. }
            | IssuerRecord::CutOver { .. } => {}
        }
    }

    fn present(&mut self, Taken { entry, decision }: &Taken, date: Date) {
        let known = self.named(entry).find(|place| self.items[*place].decision == *decision);
        let place = known.unwrap_or_else(|| {
            self.add(Item {
                decision: None,
                name: (entry.key.acquirer, entry.rrn, entry.terminal),
                pan: entry.pan,
                moved: date,
                debited: 0,
                presented: 0,
                parked: None,
                is_returned: false,
            })
        });
        let item = &mut self.items[place];
        item.moved = item.moved.max(date);
        item.presented = item.presented.saturating_add(entry.signed());
    }

    /// What a restart would find.
    #[cfg(test)]
    pub(super) fn at_rest(&mut self) {
        if let Some((_, commit)) = &mut self.last {
            *commit = 0;
        }
    }
}

fn signed(minor: u64) -> i64 {
    // An amount has twelve digits.
    i64::try_from(minor).unwrap_or(i64::MAX)
}
