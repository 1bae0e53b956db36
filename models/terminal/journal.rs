//! What a terminal knows from its journal, and from nothing else. Decides nothing.
//!
//! Every record is learned here when it is written and again when the journal is read after a loss
//! of power, so that the two cannot differ.

use super::stan::Stans;
use super::{Config, next_batch};
use crate::card::{Amount, Card, Voucher};
use crate::defect::Defect;
use crate::device::ChipData;
use crate::node::{Journal, Ticket};
use crate::record::{Kind, Reason, Record, TerminalRecord, Totals};
use crate::security::WorkKeys;

/// A financial request that moves something, as it was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Transaction {
    pub(super) ticket: Ticket,
    pub(super) stan: u32,
    pub(super) batch: u32,
    pub(super) kind: Kind,
    pub(super) original: Option<Voucher>,
    pub(super) amount: Amount,
    pub(super) card: Card,
    /// MMDD of the terminal's own calendar when it began.
    pub(super) date: u16,
}

/// A transaction that must be reversed, or an advice that must be told again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Doubt {
    pub(super) transaction: Transaction,
    pub(super) reason: Reason,
    /// How often its reversal, or its repeat, or the query of an open order was sent.
    pub(super) attempts: u8,
    /// It is a sale by payment code that is asked about, and not closed yet.
    pub(super) is_open: bool,
}

/// A voucher of the open batch; its amount is the approved one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Booked {
    pub(super) transaction: Transaction,
    pub(super) rrn: [u8; 12],
    pub(super) authorization: Option<[u8; 6]>,
    pub(super) is_printed: bool,
}

impl Transaction {
    /// Whether the chip signed it, and is asked again when the host has approved.
    pub(super) fn is_by_chip(&self) -> bool {
        self.card.has_chip && self.kind.is_put_to_the_chip()
    }

    /// Whether it is a sale by payment code.
    pub(super) fn is_order(&self) -> bool {
        self.kind.is_order(&self.card.pan)
    }
}

impl Booked {
    /// What its slip says.
    pub(super) fn voucher(&self) -> Voucher {
        let Transaction { batch, stan, date, .. } = self.transaction;
        Voucher { batch, stan, date, rrn: self.rrn, authorization: self.authorization }
    }
}

/// How far the settlement of the open batch is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Settlement {
    /// Frozen; the host has not answered the totals.
    Frozen,
    /// The totals agree: only the end message is left.
    Balanced,
    /// They differ: the host has so many details; the end message follows the last one.
    Unbalanced { through: u32 },
}

/// Whether there are work keys.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Keys {
    /// The terminal never signed on.
    Never,
    /// The host does not take them any more.
    Withdrawn,
    /// As of the last sign-on.
    Good(WorkKeys),
}

/// What the journal says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Memory {
    pub(super) keys: Keys,
    pub(super) batch: u32,
    pub(super) stans: Stans,
    /// The transaction that was started and has no end yet.
    pub(super) in_flight: Option<Transaction>,
    /// What must be reversed or told again, oldest first.
    pub(super) pending: Vec<Doubt>,
    /// The vouchers of the open batch, in order.
    pub(super) vouchers: Vec<Booked>,
    pub(super) settlement: Option<Settlement>,
    /// What the kernel lacks, in the order it is downloaded.
    pub(super) missing: Vec<ChipData>,
    /// Vouchers of closed batches: only ever filled under planted defect T19.
    closed: Vec<Booked>,
}

impl Memory {
    /// Of a terminal that was never switched on.
    pub(super) fn new(config: &Config) -> Memory {
        Memory {
            keys: Keys::Never,
            batch: 0,
            stans: Stans::new(config.stan_start, config.stan_max),
            in_flight: None,
            pending: Vec::new(),
            vouchers: Vec::new(),
            settlement: None,
            missing: Vec::new(),
            closed: Vec::new(),
        }
    }

    /// What a terminal knows when power comes back.
    pub(super) fn rebuild(journal: Journal<'_>, config: &Config) -> Memory {
        let mut memory = Memory::new(config);
        let mut at_sign_on = config.stan_start;
        for record in journal.records {
            if let Record::Terminal(record) = record {
                memory.learn(record, config);
                if matches!(record, TerminalRecord::SignedOn { .. }) {
                    at_sign_on = memory.stans.last();
                }
            }
        }
        let defects = config.defects;
        if defects.has(Defect::T10) {
            memory.stans.forget_since(at_sign_on);
        }
        if defects.has(Defect::T03) {
            memory.pending.clear();
            memory.in_flight = None;
        }
        if defects.has(Defect::T06) {
            memory.pending.retain(|doubt| doubt.attempts < config.reversal_attempts);
        }
        if let Some(Record::Terminal(torn)) = journal.torn
            && defects.has(Defect::T34)
        {
            memory.drop_entry(torn);
        }
        // Power may have failed between the record of the last try and its sending, and an
        // exception item must not claim a try that nobody made: the last one is made again.
        for doubt in &mut memory.pending {
            doubt.attempts = doubt.attempts.saturating_sub(1);
        }
        memory
    }

    /// Takes note of one record.
    pub(super) fn learn(&mut self, record: &TerminalRecord, config: &Config) {
        match *record {
            TerminalRecord::SignedOn { batch, ref keys } => {
                self.batch = batch;
                self.keys = match WorkKeys::open(keys, &config.master_key, KEYS_CODE) {
                    Ok(keys) => Keys::Good(keys),
                    Err(_) => Keys::Withdrawn,
                };
            }
            TerminalRecord::SignedOff => self.keys = Keys::Withdrawn,
            TerminalRecord::StanTaken { stan } => self.stans.take(stan),
            TerminalRecord::ChipDataLost { what } => {
                self.missing.push(what);
                self.missing.sort_unstable();
                self.missing.dedup();
            }
            TerminalRecord::ChipDataLoaded { what, .. } => self.missing.retain(|of| *of != what),
            TerminalRecord::Started { ticket, stan, batch, kind, original, amount, card, date } => {
                self.stans.sell(stan);
                self.in_flight =
                    Some(Transaction { ticket, stan, batch, kind, original, amount, card, date });
            }
            TerminalRecord::NotSent { stan, .. } => {
                self.in_flight.take_if(|one| one.stan == stan);
            }
            TerminalRecord::Declined { stan, .. } => {
                self.in_flight.take_if(|one| one.stan == stan);
                self.told(stan);
            }
            TerminalRecord::Approved { stan, amount, rrn, authorization, .. } => {
                self.book(stan, amount, rrn, authorization);
                self.told(stan);
            }
            TerminalRecord::AdviceDue { stan, .. } | TerminalRecord::OrderOpened { stan, .. } => {
                self.doubt(stan, Reason::NoAnswer, config);
            }
            TerminalRecord::ReversalDue { stan, reason, .. } => self.owe(stan, reason, config),
            TerminalRecord::ReversalTried { stan, attempt, .. }
            | TerminalRecord::OrderQueried { stan, attempt, .. }
            | TerminalRecord::AdviceTried { stan, attempt, .. } => {
                if let Some(doubt) = self.doubt_mut(stan) {
                    doubt.attempts = attempt;
                }
            }
            TerminalRecord::Reversed { stan, .. }
            | TerminalRecord::ExceptionOpened { stan, .. } => self.forget(stan),
            TerminalRecord::SlipPrinted { stan, .. } => {
                let is_it = |booked: &&mut Booked| booked.transaction.stan == stan;
                self.vouchers.iter_mut().filter(is_it).for_each(|one| one.is_printed = true);
            }
            TerminalRecord::SettlementStarted { stan, .. } => {
                self.stans.take(stan);
                self.settlement = Some(Settlement::Frozen);
            }
            TerminalRecord::SettlementAnswered { is_balanced, .. } => {
                self.settlement = Some(match is_balanced {
                    true => Settlement::Balanced,
                    false => Settlement::Unbalanced { through: 0 },
                });
            }
            TerminalRecord::DetailUploaded { through, .. } => {
                self.settlement = Some(Settlement::Unbalanced { through });
            }
            TerminalRecord::BatchClosed { next, .. } => {
                self.batch = next;
                self.close(config);
            }
        }
    }

    /// The batch is closed: its vouchers are the host's from here on.
    fn close(&mut self, config: &Config) {
        self.settlement = None;
        let closed = self.vouchers.drain(..);
        if config.defects.has(Defect::T19) {
            self.closed.extend(closed);
        }
        self.stans.release(self.pending.iter().map(|doubt| doubt.transaction.stan));
    }

    /// What the open batch holds.
    pub(super) fn totals(&self) -> Totals {
        self.vouchers.iter().fold(Totals::default(), |totals, booked| {
            totals.plus(booked.transaction.kind, booked.transaction.amount.minor)
        })
    }

    /// The vouchers that are settled, in order: what moved money.
    pub(super) fn settled(&self) -> impl Iterator<Item = &Booked> {
        self.vouchers.iter().filter(|booked| booked.transaction.kind.is_settled())
    }

    /// Whether nothing but the end message is missing to settle the open batch.
    pub(super) fn awaits_the_end(&self) -> bool {
        match self.settlement {
            None | Some(Settlement::Frozen) => false,
            Some(Settlement::Balanced) => true,
            Some(Settlement::Unbalanced { through }) => through as usize >= self.settled().count(),
        }
    }

    /// Whether the host, at `batch`, can only be there because it closed ours.
    pub(super) fn was_closed_by_host(&self, batch: u32) -> bool {
        self.awaits_the_end() && batch == next_batch(self.batch)
    }

    /// The pending reversal or repeat of this voucher.
    pub(super) fn doubt_mut(&mut self, stan: u32) -> Option<&mut Doubt> {
        self.pending.iter_mut().find(|doubt| doubt.transaction.stan == stan)
    }

    /// The voucher of the open batch with this number.
    pub(super) fn voucher(&self, stan: u32) -> Option<&Booked> {
        self.vouchers.iter().find(|booked| booked.transaction.stan == stan)
    }

    /// What can be voided under this number: a voucher of the open batch.
    pub(super) fn voidable(&self, stan: u32) -> Option<&Booked> {
        let closed = || self.closed.iter().rev().find(|booked| booked.transaction.stan == stan);
        self.voucher(stan).or_else(closed)
    }

    /// Removes the pending reversal of this voucher.
    pub(super) fn forget(&mut self, stan: u32) {
        self.pending.retain(|doubt| doubt.transaction.stan != stan);
    }

    /// Whether a voucher of the open batch undid this one.
    pub(super) fn is_undone(&self, booked: &Booked) -> bool {
        let undoes = |other: &Booked| {
            other.transaction.kind.is_void() && other.transaction.original == Some(booked.voucher())
        };
        self.vouchers.iter().any(undoes)
    }

    /// An advice was answered, or it is known what became of an order: nothing is to be told or
    /// asked any more.
    fn told(&mut self, stan: u32) {
        let is_over = |doubt: &Doubt| doubt.is_open || doubt.transaction.kind.is_advice();
        self.pending.retain(|doubt| doubt.transaction.stan != stan || !is_over(doubt));
    }

    fn book(&mut self, stan: u32, amount: Amount, rrn: [u8; 12], authorization: Option<[u8; 6]>) {
        // A correct terminal approves what is in flight, advices that it tells again, and orders
        // that it asks about; the other two places also serve the planted defects T12 and T14,
        // whose records must be read back as they were written.
        let found = self.in_flight.take_if(|transaction| transaction.stan == stan);
        let found = found.or_else(|| self.doubt_mut(stan).map(|doubt| doubt.transaction));
        let found = found.or_else(|| self.voucher(stan).map(|booked| booked.transaction));
        if let Some(transaction) = found {
            let transaction = Transaction { amount, ..transaction };
            self.vouchers.push(Booked { transaction, rrn, authorization, is_printed: false });
        }
    }

    /// A reversal is owed: of what was in flight, or of an order that was open until now.
    fn owe(&mut self, stan: u32, reason: Reason, config: &Config) {
        match self.doubt_mut(stan).filter(|doubt| doubt.is_open) {
            Some(order) => (order.is_open, order.attempts) = (false, 0),
            None => self.doubt(stan, reason, config),
        }
    }

    fn doubt(&mut self, stan: u32, reason: Reason, config: &Config) {
        let Some(transaction) = self.in_flight.take_if(|one| one.stan == stan) else { return };
        if config.defects.has(Defect::T07) {
            self.pending.clear();
        }
        let is_open = transaction.is_order();
        self.pending.push(Doubt { transaction, reason, attempts: 0, is_open });
    }

    /// Planted defect T34: an entry was being rewritten in place, so half of it is lost.
    #[cfg_attr(mutants, mutants::skip)]
    fn drop_entry(&mut self, torn: &TerminalRecord) {
        match *torn {
            TerminalRecord::NotSent { stan, .. }
            | TerminalRecord::Approved { stan, .. }
            | TerminalRecord::Declined { stan, .. }
            | TerminalRecord::ReversalDue { stan, .. }
            | TerminalRecord::ReversalTried { stan, .. }
            | TerminalRecord::OrderOpened { stan, .. }
            | TerminalRecord::OrderQueried { stan, .. }
            | TerminalRecord::AdviceDue { stan, .. }
            | TerminalRecord::AdviceTried { stan, .. }
            | TerminalRecord::Reversed { stan, .. }
            | TerminalRecord::ExceptionOpened { stan, .. } => {
                self.in_flight.take_if(|one| one.stan == stan);
                self.forget(stan);
            }
            _ => {}
        }
    }
}

/// Element 60.3 of a sign-on with double-length keys.
pub(super) const KEYS_CODE: u16 = 3;
