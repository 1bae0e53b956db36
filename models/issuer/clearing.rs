//! Presentment files at an issuer: taken once, matched with the debits, and what does not match
//! parked at the end of the date and out of suspense again within T+n.
//!
//! Read `settling.rs` for what is known of a transaction. Power may fail between any two records
//! here: what is due at the end of a date is worked out anew from the books, so nothing is done
//! twice and nothing is left.

use super::books::cardholder;
use super::settling::Due;
use super::{Inbound, Issuer, Out};
use crate::card::Pan;
use crate::defect::Defect;
use crate::filing::{self, FileText, Part, Place};
use crate::iso8583::ResponseCode;
use crate::ledger::transfer;
use crate::node::{Actions, Ticket};
use crate::record::{Account, FileEntry, FileKind, IssuerRecord, Leg, SuspenseEnd, Taken, TakenAs};
use crate::time::{Date, Instant};

impl Issuer {
    /// A part of a presentment file.
    pub(super) fn part(&mut self, now: Instant, inbound: Inbound<'_>, out: &mut Out<'_>) {
        let (Some(clearing), Some(place)) = (self.config.clearing, Place::of(inbound.message))
        else {
            return self.refuse(inbound, ResponseCode::INVALID_TRANSACTION, out);
        };
        let is_its_line = self.config.lines[self.peers.zone(inbound.at)].0 == clearing.port;
        if now < self.maintenance_until || !is_its_line {
            return;
        }
        let last = self.books.settling.last;
        let is_taken = last.is_some_and(|(last, _)| {
            last == place.file
                || (last.sender == place.file.sender && last.sequence > place.file.sequence)
        });
        let is_durable = last.is_none_or(|(_, commit)| self.books.is_durable(commit));
        let (next, code) = match is_taken {
            // The answer to the part that is being written says it.
            true if !is_durable => return,
            true => (place.total, ResponseCode::APPROVED),
            false => match self.inbox.take(place, inbound.message) {
                Part::Next(next) => (next, ResponseCode::APPROVED),
                Part::Whole(Err(_)) => (0, ResponseCode::RECONCILE_ERROR),
                Part::Whole(Ok(file)) => match self.refusal_of(&file) {
                    Some(code) => (0, code),
                    None => {
                        self.take(&file, out);
                        (place.total, ResponseCode::APPROVED)
                    }
                },
            },
        };
        let answer = filing::answer(inbound.message, place, next, code);
        self.peers.send(inbound.at, &answer, &mut out.rest);
    }

    /// Why a file that reads is not taken.
    fn refusal_of(&self, file: &FileText) -> Option<ResponseCode> {
        let clearing = self.config.clearing?;
        let (id, last) = (&file.id, self.books.settling.last.map(|(last, _)| last));
        let is_ours = id.kind == FileKind::Presentment
            && id.sender == clearing.institution
            && id.receiver == self.config.institution
            && file.currency == self.config.currency;
        if !is_ours {
            return Some(ResponseCode::INVALID_TRANSACTION);
        }
        // Planted defect B01: nobody asks which file it is.
        if self.config.defects.has(Defect::B01) {
            return None;
        }
        if id.sequence != last.map_or(1, |last| last.sequence + 1) {
            return Some(ResponseCode::ORIGINAL_NOT_FOUND);
        }
        let is_old = last.is_some_and(|last| last.date >= id.date);
        is_old.then_some(ResponseCode::DUPLICATE_TRANSMISSION)
    }

    fn take(&mut self, file: &FileText, out: &mut Out<'_>) {
        let (entries, legs) = self.books.take(file.id.date, &file.entries);
        let has_moved = |taken: &&Taken| matches!(taken.end, TakenAs::Debited | TakenAs::Credited);
        let moved: Vec<FileEntry> =
            entries.iter().filter(has_moved).map(|taken| taken.entry).collect();
        let taken = IssuerRecord::PresentmentTaken { file: file.id, entries, legs };
        let asked = out.records.ticket();
        out.records.about(Ticket::NONE);
        self.record(taken, out.records);
        self.build_returns(Vec::new(), out.records);
        let ended = self.end_date(file.id.date, out.records);
        out.records.about(asked);
        for entry in moved {
            self.text(entry.pan, entry.minor, entry.kind.sign(), out);
        }
        for (pan, minor, money) in ended {
            self.text(pan, minor, money, out);
        }
    }

    /// Goes on where power failed.
    pub(super) fn go_on_with_the_date(&mut self, actions: &mut Actions) {
        if let Some((file, _)) = self.books.settling.last {
            self.build_returns(Vec::new(), actions);
            self.end_date(file.date, actions);
        }
    }

    /// Parks what differs, and lets out of suspense what has been there long enough. Says to whom
    /// money was returned (-1), and from whom it was taken again (1).
    fn end_date(&mut self, date: Date, actions: &mut Actions) -> Vec<(Pan, u64, i64)> {
        let mut moved = Vec::new();
        let dates = self.config.clearing.map_or(0, |clearing| clearing.suspense_dates);
        let dates = if self.config.defects.has(Defect::I32) { 2 * dates } else { dates };
        for (item, due) in self.books.settling.due(date, dates) {
            let Some(known) = self.books.settling.item(item) else { continue };
            let (decision, given, pan) = (known.decision, known.given(), known.pan);
            let (difference, minor) = (known.difference(), known.difference().unsigned_abs());
            match due {
                Due::Park => {
                    let legs = match difference {
                        ..0 => transfer(Account::Suspense, Account::Settlement, minor),
                        _ => transfer(Account::Settlement, Account::Suspense, minor),
                    };
                    let (minor, legs) = (difference, legs.into());
                    let opened = IssuerRecord::SuspenseOpened { item, decision, minor, date, legs };
                    self.record(opened, actions);
                }
                Due::Leave(class) => {
                    // Planted defect B14: what is parked stays parked.
                    if class != SuspenseEnd::Cleared && self.config.defects.has(Defect::B14) {
                        continue;
                    }
                    // Planted defect B23: whoever presented what was voided is not paid.
                    let class = match class {
                        SuspenseEnd::Retaken if self.config.defects.has(Defect::B23) => {
                            SuspenseEnd::ChargedBack
                        }
                        class => class,
                    };
                    let decision = match class {
                        SuspenseEnd::Returned => {
                            moved.push((pan, minor, -1));
                            decision
                        }
                        SuspenseEnd::Retaken => {
                            moved.push((pan, minor, 1));
                            given
                        }
                        SuspenseEnd::Cleared | SuspenseEnd::ChargedBack => decision,
                    };
                    let legs = self.legs_out_of_suspense(class, pan, difference);
                    let surcharge = self.surcharge_to_return(class, decision);
                    let legs = self.with_surcharge(legs, &pan, -surcharge);
                    let closed =
                        IssuerRecord::SuspenseClosed { item, decision, class, minor, date, legs };
                    self.record(closed, actions);
                }
            }
        }
        moved
    }

    fn legs_out_of_suspense(&self, class: SuspenseEnd, pan: Pan, difference: i64) -> Box<[Leg]> {
        let minor = difference.unsigned_abs();
        match (class, self.books.card(&pan)) {
            (SuspenseEnd::Returned, Some(number)) => {
                transfer(Account::Suspense, cardholder(number), minor).into()
            }
            (SuspenseEnd::Retaken, Some(number)) => {
                transfer(cardholder(number), Account::Suspense, minor).into()
            }
            (SuspenseEnd::ChargedBack, _) if difference < 0 => {
                transfer(Account::Payable, Account::Suspense, minor).into()
            }
            (SuspenseEnd::ChargedBack, _) => {
                transfer(Account::Suspense, Account::Payable, minor).into()
            }
            (SuspenseEnd::Cleared | SuspenseEnd::Returned | SuspenseEnd::Retaken, _) => {
                Box::default()
            }
        }
    }
}
