//! What a terminal knows from its journal, and from nothing else. Decides nothing.
//!
//! Every record is learned here when it is written and again when the journal is read after a loss
//! of power, so that the two cannot differ.

use super::stan::Stans;
use super::{Config, next_batch};
use crate::card::{Amount, Card};
use crate::defect::Defect;
use crate::node::{Journal, Ticket};
use crate::record::{Reason, Record, TerminalRecord, Total};
use crate::security::WorkKeys;

/// A sale as it was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sale {
    pub(super) ticket: Ticket,
    pub(super) stan: u32,
    pub(super) batch: u32,
    pub(super) amount: Amount,
    pub(super) card: Card,
}

/// A sale that must be reversed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Doubt {
    pub(super) sale: Sale,
    pub(super) reason: Reason,
    /// How often its reversal was sent.
    pub(super) attempts: u8,
}

/// A sale of the open batch; its amount is the approved one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sold {
    pub(super) sale: Sale,
    pub(super) is_printed: bool,
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
    /// The sale that was started and has no end yet.
    pub(super) in_flight: Option<Sale>,
    /// What must be reversed, oldest first.
    pub(super) pending: Vec<Doubt>,
    /// The open batch, in order.
    pub(super) sales: Vec<Sold>,
    pub(super) settlement: Option<Settlement>,
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
            sales: Vec::new(),
            settlement: None,
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
            TerminalRecord::Started { ticket, stan, batch, amount, card, .. } => {
                self.stans.sell(stan);
                self.in_flight = Some(Sale { ticket, stan, batch, amount, card });
            }
            TerminalRecord::NotSent { stan, .. } | TerminalRecord::Declined { stan, .. } => {
                self.in_flight.take_if(|sale| sale.stan == stan);
            }
            TerminalRecord::Approved { stan, amount, .. } => self.sell(stan, amount),
            TerminalRecord::ReversalDue { stan, reason, .. } => self.doubt(stan, reason, config),
            TerminalRecord::ReversalTried { stan, attempt, .. } => {
                if let Some(doubt) = self.doubt_mut(stan) {
                    doubt.attempts = attempt;
                }
            }
            TerminalRecord::Reversed { stan, .. }
            | TerminalRecord::ExceptionOpened { stan, .. } => self.forget(stan),
            TerminalRecord::SlipPrinted { stan, .. } => {
                for sold in self.sales.iter_mut().filter(|sold| sold.sale.stan == stan) {
                    sold.is_printed = true;
                }
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
                self.settlement = None;
                self.sales.clear();
                self.stans.release(self.pending.iter().map(|doubt| doubt.sale.stan));
            }
        }
    }

    /// What the open batch holds.
    pub(super) fn debits(&self) -> Total {
        let zero = Total::default();
        self.sales.iter().fold(zero, |total, sold| total.plus(sold.sale.amount.minor))
    }

    /// Whether nothing but the end message is missing to settle the open batch.
    pub(super) fn awaits_the_end(&self) -> bool {
        match self.settlement {
            None | Some(Settlement::Frozen) => false,
            Some(Settlement::Balanced) => true,
            Some(Settlement::Unbalanced { through }) => through as usize >= self.sales.len(),
        }
    }

    /// Whether the host, at `batch`, can only be there because it closed ours.
    pub(super) fn was_closed_by_host(&self, batch: u32) -> bool {
        self.awaits_the_end() && batch == next_batch(self.batch)
    }

    /// The pending reversal of this voucher.
    pub(super) fn doubt_mut(&mut self, stan: u32) -> Option<&mut Doubt> {
        self.pending.iter_mut().find(|doubt| doubt.sale.stan == stan)
    }

    /// The sale of the open batch with this voucher number.
    pub(super) fn sold(&self, stan: u32) -> Option<&Sold> {
        self.sales.iter().find(|sold| sold.sale.stan == stan)
    }

    /// Removes the pending reversal of this voucher.
    pub(super) fn forget(&mut self, stan: u32) {
        self.pending.retain(|doubt| doubt.sale.stan != stan);
    }

    fn sell(&mut self, stan: u32, amount: Amount) {
        // A correct terminal approves only what is in flight; the other two places serve the
        // planted defects T12 and T14, whose records must be read back as they were written.
        let found = self.in_flight.take_if(|sale| sale.stan == stan);
        let found = found.or_else(|| self.doubt_mut(stan).map(|doubt| doubt.sale));
        let found = found.or_else(|| self.sold(stan).map(|sold| sold.sale));
        if let Some(sale) = found {
            self.sales.push(Sold { sale: Sale { amount, ..sale }, is_printed: false });
        }
    }

    fn doubt(&mut self, stan: u32, reason: Reason, config: &Config) {
        let Some(sale) = self.in_flight.take_if(|sale| sale.stan == stan) else { return };
        if config.defects.has(Defect::T07) {
            self.pending.clear();
        }
        self.pending.push(Doubt { sale, reason, attempts: 0 });
    }

    /// Planted defect T34: an entry was being rewritten in place, so half of it is lost.
    fn drop_entry(&mut self, torn: &TerminalRecord) {
        match *torn {
            TerminalRecord::NotSent { stan, .. }
            | TerminalRecord::Approved { stan, .. }
            | TerminalRecord::Declined { stan, .. }
            | TerminalRecord::ReversalDue { stan, .. }
            | TerminalRecord::ReversalTried { stan, .. }
            | TerminalRecord::Reversed { stan, .. }
            | TerminalRecord::ExceptionOpened { stan, .. } => {
                self.in_flight.take_if(|sale| sale.stan == stan);
                self.forget(stan);
            }
            _ => {}
        }
    }
}

/// Element 60.3 of a sign-on with double-length keys.
pub(super) const KEYS_CODE: u16 = 3;
