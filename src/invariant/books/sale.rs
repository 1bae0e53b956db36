//! Sales and trace numbers as terminals recorded them.

use super::Books;
use crate::history::Entry;
use crate::party::Party;
use reversim_models::card::{Amount, Pan, Voucher};
use reversim_models::iso8583::ResponseCode;
use reversim_models::node::Ticket;
use reversim_models::record::{Kind, TerminalRecord};
use reversim_models::time::Instant;
use std::fmt;

/// A sale, with the entries that say how far it came. The first of each kind counts.
#[derive(Clone, Debug)]
pub(crate) struct Sale {
    pub(crate) terminal: Party,
    pub(crate) ticket: Ticket,
    pub(crate) stan: u32,
    pub(crate) batch: u32,
    pub(crate) kind: Kind,
    /// What it is about, by the slip of that.
    pub(crate) original: Option<Voucher>,
    /// Requested; or approved, if nothing was recorded before the approval.
    pub(crate) amount: Amount,
    pub(crate) pan: Option<Pan>,
    /// None if the terminal never recorded that it began.
    pub(crate) started: Option<usize>,
    /// Its first record, of whatever kind.
    pub(crate) first: usize,
    pub(crate) not_sent: Option<usize>,
    pub(crate) approved: Option<Approval>,
    pub(crate) approved_again: Option<usize>,
    pub(crate) declined: Option<usize>,
    pub(crate) due: Option<usize>,
    /// It is an order without an answer, to be asked about.
    pub(crate) opened: Option<usize>,
    /// It is an advice without an answer, to be told again.
    pub(crate) advice_due: Option<usize>,
    /// The last sending of the reversal, or of the repeat.
    tried: Option<(usize, Instant)>,
    /// Sendings of the reversal, or of the repeat, that were recorded.
    pub(crate) tries: u32,
    /// The number that the last of them bore: one whose line broke may not count.
    pub(crate) attempt: u32,
    pub(crate) reversed: Option<usize>,
    pub(crate) exception: Option<usize>,
    /// The batch it is in was closed.
    pub(crate) settled: Option<usize>,
    /// A receipt was put out, or the screen said approved: entry and minor units.
    pub(crate) told: Option<(usize, u64)>,
}

/// An approval on durable record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Approval {
    pub(crate) index: usize,
    pub(crate) amount: Amount,
    pub(crate) rrn: [u8; 12],
}

/// A trace number that a terminal took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number {
    pub(crate) index: usize,
    pub(crate) terminal: Party,
    pub(crate) stan: u32,
}

impl Sale {
    fn new(terminal: Party, ticket: Ticket, stan: u32, index: usize, none: Amount) -> Sale {
        Sale {
            terminal,
            ticket,
            stan,
            batch: 0,
            kind: Kind::Sale,
            original: None,
            amount: none,
            pan: None,
            started: None,
            first: index,
            not_sent: None,
            approved: None,
            approved_again: None,
            declined: None,
            due: None,
            opened: None,
            advice_due: None,
            tried: None,
            tries: 0,
            attempt: 0,
            reversed: None,
            exception: None,
            settled: None,
            told: None,
        }
    }

    /// The amount that the terminal has on record as taken from the cardholder; less than zero for
    /// what it has as given back.
    pub(crate) fn taken(&self) -> i64 {
        let minor = self.stands().map_or(0, |approval| approval.amount.minor);
        self.kind.money() * i64::try_from(minor).unwrap_or(i64::MAX)
    }

    /// Approved on record, and nothing has begun to take it back.
    pub(crate) fn stands(&self) -> Option<Approval> {
        self.approved.filter(|_| self.due.is_none())
    }

    /// In doubt, or to be reversed: what must be ended before anything else goes out.
    pub(crate) fn is_pending(&self) -> bool {
        self.not_sent.is_none()
            && self.declined.is_none()
            && self.reversed.is_none()
            && self.exception.is_none()
            && self.stands().is_none()
    }

    /// One more sending of what ends the doubt, numbered by its sender. Says when the last one was.
    fn tried(&mut self, attempt: u8, now: (usize, Instant)) -> Option<(usize, Instant)> {
        self.tries += 1;
        self.attempt = self.attempt.max(u32::from(attempt));
        self.tried.replace(now)
    }

    /// Sendings of the reversal that count: recorded, and numbered.
    pub(crate) fn spent(&self) -> u32 {
        self.tries.min(self.attempt)
    }

    /// How far it came, for people.
    pub(crate) fn story(&self) -> &'static str {
        if self.exception.is_some() {
            return "the terminal made it an exception item";
        }
        if self.reversed.is_some() {
            return "the terminal believes it reversed";
        }
        if self.declined.is_some() {
            return "the terminal has it as declined";
        }
        if self.not_sent.is_some() {
            return "the terminal has it as never sent";
        }
        if self.opened.is_some() && self.due.is_none() {
            return "the terminal never learnt whether its order was paid";
        }
        if self.advice_due.is_some() {
            return "the terminal's advice was never confirmed";
        }
        match (self.due, self.tries) {
            (None, _) => "the terminal has no approval of it on record",
            (Some(_), 0) => "the terminal's reversal was never sent",
            (Some(_), _) => "the terminal's reversal was never delivered",
        }
    }

    /// Its last record.
    pub(crate) fn last(&self) -> usize {
        let due = self.due.or(self.advice_due).or(self.opened);
        let ends = [self.exception, self.reversed, self.declined, self.not_sent, due];
        ends.into_iter().flatten().max().or(self.started).unwrap_or(self.first)
    }

    /// What ended it for good, if it has ended.
    pub(crate) fn end(&self) -> Option<(usize, &'static str)> {
        let ends = [
            (self.not_sent, "not sent"),
            (self.declined, "declined"),
            (self.reversed, "reversed"),
            (self.settled, "settled"),
        ];
        ends.into_iter().filter_map(|(index, word)| Some((index?, word))).min()
    }
}

impl fmt::Display for Sale {
    /// `the sale of 500.00 with card 622424******0021 (voucher 000012, terminal-1)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} of {}", self.kind.words(), self.amount)?;
        if let Some(pan) = self.pan {
            write!(f, " with card {pan}")?;
        }
        write!(f, " (voucher {:06}, {})", self.stan, self.terminal)
    }
}

impl Books {
    fn sale_at(&mut self, entry: &Entry, ticket: Ticket, stan: u32, index: usize) -> &mut Sale {
        let terminal = entry.party;
        let is_it = |place: &usize| {
            let sale = &self.sales[*place];
            sale.terminal == terminal && sale.stan == stan
        };
        let known = self.found.sales_by_ticket.of(&self.sales, ticket).rev().find(is_it);
        let place = match known {
            Some(place) => place,
            None => {
                self.sales.push(Sale::new(terminal, ticket, stan, index, self.money(0)));
                self.found.sales_by_ticket.added(&self.sales);
                self.found.sales_by_terminal.added(&self.sales);
                self.sales.len() - 1
            }
        };
        self.found.touched = Some((index, place));
        &mut self.sales[place]
    }

    fn took(&mut self, index: usize, terminal: Party, stan: u32) {
        self.numbers.push(Number { index, terminal, stan });
        self.found.numbers_by_terminal.added(&self.numbers);
    }

    /// What a terminal records of a doubt that it has not ended yet.
    fn doubted(&mut self, index: usize, entry: &Entry, record: &TerminalRecord) {
        match record {
            TerminalRecord::OrderOpened { ticket, stan } => {
                self.sale_at(entry, *ticket, *stan, index).opened.get_or_insert(index);
            }
            // It ends nothing, and its budget is another one.
            TerminalRecord::OrderQueried { ticket, stan, .. } => {
                self.sale_at(entry, *ticket, *stan, index);
            }
            TerminalRecord::AdviceDue { ticket, stan } => {
                self.sale_at(entry, *ticket, *stan, index).advice_due.get_or_insert(index);
            }
            TerminalRecord::ReversalTried { ticket, stan, attempt }
            | TerminalRecord::AdviceTried { ticket, stan, attempt } => {
                let before =
                    self.sale_at(entry, *ticket, *stan, index).tried(*attempt, (index, entry.at));
                self.sent_again(index, entry, before, u32::from(*attempt));
            }
            _ => {}
        }
    }

    pub(super) fn terminal_recorded(
        &mut self,
        index: usize,
        entry: &Entry,
        record: &TerminalRecord,
    ) {
        self.stop_waiting(index, entry);
        match record {
            TerminalRecord::Started {
                ticket, stan, batch, kind, original, amount, card, ..
            } => {
                self.took(index, entry.party, *stan);
                let sale = self.sale_at(entry, *ticket, *stan, index);
                (sale.started, sale.batch) = (sale.started.or(Some(index)), *batch);
                sale.kind = *kind;
                sale.original = *original;
                sale.amount = *amount;
                sale.pan = Some(card.pan);
            }
            TerminalRecord::NotSent { ticket, stan } => {
                self.sale_at(entry, *ticket, *stan, index).not_sent.get_or_insert(index);
            }
            TerminalRecord::Approved { ticket, stan, batch, amount, rrn, .. } => {
                let sale = self.sale_at(entry, *ticket, *stan, index);
                if sale.approved.is_some() {
                    sale.approved_again.get_or_insert(index);
                } else {
                    sale.approved = Some(Approval { index, amount: *amount, rrn: *rrn });
                }
                if sale.started.is_none() {
                    sale.batch = *batch;
                    sale.amount = *amount;
                }
            }
            TerminalRecord::Declined { ticket, stan, .. } => {
                self.sale_at(entry, *ticket, *stan, index).declined.get_or_insert(index);
            }
            TerminalRecord::ReversalDue { ticket, stan, .. } => {
                self.sale_at(entry, *ticket, *stan, index).due.get_or_insert(index);
            }
            TerminalRecord::OrderOpened { .. }
            | TerminalRecord::OrderQueried { .. }
            | TerminalRecord::AdviceDue { .. }
            | TerminalRecord::ReversalTried { .. }
            | TerminalRecord::AdviceTried { .. } => self.doubted(index, entry, record),
            TerminalRecord::Reversed { ticket, stan, code: ResponseCode(_) } => {
                self.sale_at(entry, *ticket, *stan, index).reversed.get_or_insert(index);
            }
            TerminalRecord::ExceptionOpened { ticket, stan, .. } => {
                self.sale_at(entry, *ticket, *stan, index).exception.get_or_insert(index);
            }
            TerminalRecord::StanTaken { stan } => self.took(index, entry.party, *stan),
            TerminalRecord::SignedOn { .. } => self.signed(index, entry.party, true),
            TerminalRecord::SignedOff => self.signed(index, entry.party, false),
            TerminalRecord::SettlementStarted { batch, totals, stan } => {
                self.took(index, entry.party, *stan);
                self.settlement_started(index, entry.party, *batch, *totals);
            }
            TerminalRecord::SlipPrinted { .. }
            | TerminalRecord::ChipDataLost { .. }
            | TerminalRecord::ChipDataLoaded { .. }
            | TerminalRecord::SettlementAnswered { .. }
            | TerminalRecord::DetailUploaded { .. } => {}
            TerminalRecord::BatchClosed { batch, totals, .. } => {
                self.terminal_batch_closed(index, entry.party, *batch, *totals);
            }
        }
    }
}
