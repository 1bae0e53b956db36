//! What an issuer knows of the way from debit to payment: of each transaction, how much was
//! debited, how much was presented, and whether the difference is parked (挂账).
//!
//! The difference always lies in one account: in suspense while it is parked, else in settlement.
//! It changes only by a record, as all the issuer's books.

use super::books::{Books, Commit, cardholder};
use super::returns::Undelivered;
use crate::card::Pan;
use crate::defect::Defect;
use crate::ledger::transfer;
use crate::record::{
    Account, EntryKind, FileEntry, FileId, IssuerRecord, Leg, SuspenseEnd, Taken, TakenAs, Unpaid,
};
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
    /// Claims that are not paid, and that no file of returns tells of yet.
    pub(super) refused: Vec<FileEntry>,
    /// Files of returns made so far.
    pub(super) returned: u32,
    /// Those that nobody has taken yet.
    pub(super) undelivered: Vec<Undelivered>,
}

/// What a transaction is called on every line: elements 32, 37 and 41.
type Name = (u64, [u8; 12], [u8; 8]);

/// A transaction between debit and payment. Of a refund all amounts are below zero.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Item {
    /// The issuer's number of the debit; none if it was presented and never debited.
    pub(super) decision: Option<u64>,
    name: Name,
    pub(super) pan: Pan,
    /// The latest business date of anything that happened to it. What is missing may still come
    /// in the file of that date.
    moved: Date,
    /// What the issuer approved, minor units.
    approved: u64,
    /// Minor units taken from the cardholder and not given back.
    debited: i64,
    /// Minor units to be paid.
    presented: i64,
    /// The date at whose end the difference was parked.
    parked: Option<Date>,
    /// The void that stands, by its number.
    voided: Option<u64>,
    /// What it left suspense by, if not by what was missing: nothing moves it back then.
    left: Option<SuspenseEnd>,
    /// Whether it is paid because the merchant claimed it.
    pub(super) is_claimed: bool,
    /// Whether a file alone moved the cardholder's money for it: no message told of it. From then
    /// on files alone say what becomes of it.
    pub(super) is_by_file: bool,
    /// What presented it, and whether its slip was asked for since.
    paid: Option<(FileEntry, bool)>,
}

impl Item {
    fn new((name, pan): (Name, Pan), moved: Date) -> Item {
        Item {
            decision: None,
            name,
            pan,
            moved,
            approved: 0,
            debited: 0,
            presented: 0,
            parked: None,
            voided: None,
            left: None,
            is_claimed: false,
            is_by_file: false,
            paid: None,
        }
    }

    /// Whether suspense decided that it does not stand.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.left, Some(SuspenseEnd::Returned | SuspenseEnd::ChargedBack))
    }

    /// Whether the cardholder got it back out of suspense.
    pub(super) fn is_returned(&self) -> bool {
        self.left == Some(SuspenseEnd::Returned)
    }

    /// Whether what gave it back was taken again out of suspense.
    pub(super) fn is_retaken(&self) -> bool {
        self.left == Some(SuspenseEnd::Retaken)
    }

    /// What gave the cardholder money that nobody settles, by its number: the void of what is
    /// presented, or a refund that is not.
    pub(super) fn given(&self) -> Option<u64> {
        match self.difference() {
            0.. => None,
            _ if self.debited < 0 => self.decision,
            _ => self.voided,
        }
    }

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

    fn of_decision_mut(&mut self, id: u64) -> Option<&mut Item> {
        self.items.iter_mut().rev().find(|item| item.decision == Some(id))
    }

    /// Whether a file alone moved money for the transaction of this name.
    pub(super) fn is_by_file(&self, name: Name, pan: &Pan) -> bool {
        let mut of = self.names.get(&name).into_iter().flatten().map(|place| &self.items[*place]);
        of.any(|item| item.is_by_file && item.pan == *pan)
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
        let waits = |item: &&Item| match entry.kind.is_adjustment() {
            true => item.presented != 0,
            false => item.presented == 0,
        };
        of().find(waits).or_else(|| of().next())
    }

    /// What a claim on this item comes to, where the card has so much.
    fn judge(item: Option<&Item>, entry: &FileEntry, available: i64) -> TakenAs {
        let minor = signed(entry.minor);
        match item {
            None => TakenAs::Refused(Unpaid::Unknown),
            Some(item) if item.approved < entry.minor => TakenAs::Refused(Unpaid::TooMuch),
            Some(item) if item.presented > 0 => TakenAs::Refused(Unpaid::Paid),
            Some(item) if item.debited >= minor => TakenAs::Booked,
            Some(_) if available >= minor => TakenAs::Debited,
            Some(_) => TakenAs::Refused(Unpaid::Funds),
        }
    }

    /// What is presented and stands, where nobody has asked for the slip.
    pub(super) fn paid(&self) -> impl Iterator<Item = FileEntry> + '_ {
        let of = self.items.iter().filter(|item| item.presented > 0 && !item.is_claimed);
        of.filter_map(|item| item.paid.filter(|(_, is_asked)| !is_asked)).map(|(entry, _)| entry)
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
            (Some(_), _) if item.given().is_some() => Some(Due::Leave(SuspenseEnd::Retaken)),
            (Some(_), _) => Some(Due::Leave(SuspenseEnd::ChargedBack)),
        };
        (1..).zip(&self.items).filter_map(|(number, item)| Some((number, due(item)?))).collect()
    }

    /// A debit is booked; or a refund, which gives money (-1).
    pub(super) fn debit(
        &mut self,
        decision: u64,
        whose: (Name, Pan),
        date: Date,
        (money, minor): (i64, u64),
    ) {
        self.add(Item {
            decision: Some(decision),
            approved: minor,
            debited: money * signed(minor),
            ..Item::new(whose, date)
        });
    }

    /// A debit is given back, by its reversal or by a void.
    pub(super) fn credit(&mut self, decision: u64, date: Date, minor: u64) {
        if let Some(item) = self.of_decision_mut(decision) {
            item.debited = item.debited.saturating_sub(signed(minor));
            item.moved = item.moved.max(date);
        }
    }

    /// A debit is voided.
    pub(super) fn void(&mut self, original: u64, void: u64, date: Date, minor: u64) {
        self.credit(original, date, minor);
        if let Some(item) = self.of_decision_mut(original) {
            item.voided = Some(void);
        }
    }

    /// The void of a debit is reversed, which took so much again: nothing, if another void stands.
    pub(super) fn restore(&mut self, original: u64, void: u64, date: Date, minor: u64) {
        let item = self.of_decision_mut(original).filter(|item| item.voided == Some(void));
        if let Some(item) = item {
            item.debited = item.debited.saturating_add(signed(minor));
            item.moved = item.moved.max(date);
            item.voided = None;
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
            IssuerRecord::ReturnBuilt { file, entries } => {
                self.return_built(*file, entries, commit);
            }
            IssuerRecord::FileDelivered { file } => {
                self.undelivered.retain(|waiting| waiting.file != *file);
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
                    SuspenseEnd::Cleared => return,
                    SuspenseEnd::Returned => {
                        item.debited = item.debited.saturating_sub(signed(*minor));
                    }
                    SuspenseEnd::Retaken => {
                        item.debited = item.debited.saturating_add(signed(*minor));
                    }
                    SuspenseEnd::ChargedBack => item.presented = item.debited,
                }
                item.left = Some(*class);
            }
            IssuerRecord::Decided { .. }
            | IssuerRecord::Reversed { .. }
            | IssuerRecord::HoldExpired { .. }
            | IssuerRecord::Opened { .. }
            | IssuerRecord::CutOver { .. } => {}
        }
    }

    fn present(&mut self, taken: &Taken, date: Date) {
        let Taken { entry, decision, end } = taken;
        let minor = entry.signed();
        if let TakenAs::Refused(_) = end {
            return self.refused.push(FileEntry { kind: EntryKind::Chargeback, ..*entry });
        }
        let known = self.named(entry).find(|place| self.items[*place].decision == *decision);
        let place = known.unwrap_or_else(|| {
            let name = (entry.key.acquirer, entry.rrn, entry.terminal);
            self.add(Item::new((name, entry.pan), date))
        });
        let item = &mut self.items[place];
        item.moved = item.moved.max(date);
        item.presented = item.presented.saturating_add(minor);
        item.is_claimed |= entry.kind == EntryKind::Claim;
        if matches!(end, TakenAs::Debited | TakenAs::Credited) {
            item.debited = item.debited.saturating_add(minor);
            item.is_by_file |= entry.kind.is_first();
            // What was promised counts as approved.
            if entry.kind == EntryKind::Presentment {
                item.approved = item.approved.max(entry.minor);
            }
            item.left = None;
        }
        if entry.kind == EntryKind::Presentment {
            item.paid.get_or_insert((*entry, false));
        }
    }

    /// A file of returns is made.
    fn return_built(&mut self, file: FileId, entries: &[FileEntry], commit: Commit) {
        self.returned = file.sequence;
        self.refused.retain(|refused| !entries.contains(refused));
        for entry in entries.iter().filter(|entry| entry.kind == EntryKind::Retrieval) {
            let places: Vec<usize> = self.named(entry).collect();
            for place in places {
                if let Some((_, is_asked)) = &mut self.items[place].paid {
                    *is_asked = true;
                }
            }
        }
        self.undelivered.push(Undelivered { file, entries: entries.into(), commit });
    }

    /// What a restart would find.
    #[cfg(test)]
    pub(super) fn at_rest(&mut self) {
        if let Some((_, commit)) = &mut self.last {
            *commit = 0;
        }
        self.undelivered.iter_mut().for_each(|waiting| waiting.commit = 0);
    }
}

impl Books {
    /// The entries of a file with the debits they match, and what is to be booked. A file that
    /// claims may name a transaction twice: adjusted, and then claimed.
    pub(super) fn take(&self, date: Date, entries: &[FileEntry]) -> (Box<[Taken]>, Box<[Leg]>) {
        let mut legs = Vec::with_capacity(2 * entries.len());
        let claims = entries.iter().any(|entry| entry.kind == EntryKind::Claim);
        let mut ahead = claims.then(|| self.settling.clone());
        let mut taken = Vec::with_capacity(entries.len());
        for entry in entries {
            let one = self.take_one(ahead.as_ref().unwrap_or(&self.settling), entry, &mut legs);
            if let Some(ahead) = &mut ahead {
                ahead.present(&one, date);
            }
            taken.push(one);
        }
        (taken.into(), legs.into())
    }

    fn take_one(&self, settling: &Settling, entry: &FileEntry, legs: &mut Vec<Leg>) -> Taken {
        let item = settling.matching(entry);
        let decision = item.and_then(|item| item.decision);
        let own = item.map_or(Account::Settlement, Item::account);
        let card = self.card(&entry.pan);
        // What this file takes already is gone.
        let available = || {
            let before = |number| {
                let of = legs.iter().filter(|leg| leg.account == cardholder(number));
                of.fold(self.available(number), |sum, leg| sum.saturating_add(leg.minor))
            };
            card.map_or(0, before)
        };
        let end = match entry.kind {
            // Planted defect B17: a claim is paid like anything else that is presented.
            EntryKind::Claim if self.has(Defect::B17) && item.is_some() => TakenAs::Booked,
            EntryKind::Claim => Settling::judge(item, entry, available()),
            // Unknown, or taken again meanwhile because it was presented too late.
            EntryKind::Refund if item.is_none_or(Item::is_retaken) && card.is_some() => {
                TakenAs::Credited
            }
            EntryKind::RefundAdjustment if item.is_some_and(|item| item.is_by_file) => {
                TakenAs::Debited
            }
            // Planted defect B24: what others promised in its stead it does not owe.
            EntryKind::Presentment if entry.is_promised && self.has(Defect::B24) => TakenAs::Booked,
            // No advice came through, or what it debited went back because no file told of it for
            // so long: whoever lets others stand in pays.
            EntryKind::Presentment
                if entry.is_promised && item.is_none_or(Item::is_returned) && card.is_some() =>
            {
                TakenAs::Debited
            }
            EntryKind::Adjustment if item.is_some_and(|item| item.is_by_file) => TakenAs::Credited,
            _ => TakenAs::Booked,
        };
        let (from, to) = match (end, card) {
            (TakenAs::Refused(_), _) => {
                return Taken { entry: *entry, decision, end };
            }
            (TakenAs::Debited | TakenAs::Credited, Some(number)) => {
                (cardholder(number), Account::Payable)
            }
            _ => (own, Account::Payable),
        };
        legs.extend(match entry.kind.sign() {
            1 => transfer(from, to, entry.minor),
            _ => transfer(to, from, entry.minor),
        });
        Taken { entry: *entry, decision, end }
    }
}

fn signed(minor: u64) -> i64 {
    // An amount has twelve digits.
    i64::try_from(minor).unwrap_or(i64::MAX)
}
