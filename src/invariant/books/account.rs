//! Debits, credits, balances and PIN tries as issuers recorded them.

use super::Books;
use crate::history::Entry;
use crate::party::Party;
use reversim_models::card::{Amount, Pan};
use reversim_models::iso8583::ResponseCode;
use reversim_models::node::Ticket;
use reversim_models::record::{Account, IssuerRecord, Kind, Leg, NetworkKey};
use reversim_models::time::{Date, Instant};

/// A request that an issuer decided.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    pub(crate) issuer: Party,
    pub(crate) id: u64,
    pub(crate) ticket: Ticket,
    pub(crate) index: usize,
    pub(crate) at: Instant,
    pub(crate) key: NetworkKey,
    pub(crate) terminal: [u8; 8],
    pub(crate) rrn: [u8; 12],
    pub(crate) pan: Pan,
    pub(crate) kind: Kind,
    pub(crate) amount: Amount,
    pub(crate) code: ResponseCode,
    pub(crate) authorization: Option<[u8; 6]>,
    /// Taken from the cardholder, minor units.
    pub(crate) debit: i64,
    /// Given back by reversals, minor units.
    pub(crate) credited: i64,
    /// The first reversal that gave something back.
    pub(crate) credit: Option<usize>,
    pub(crate) date: Date,
}

impl Decision {
    /// Taken less given back.
    pub(crate) fn net(&self) -> i64 {
        self.debit - self.credited
    }

    /// Element 41, for people.
    pub(crate) fn terminal_name(&self) -> &str {
        std::str::from_utf8(&self.terminal).unwrap_or("an unknown terminal")
    }

    /// What was taken, for people.
    pub(crate) fn taken(&self) -> Amount {
        Amount { minor: self.debit.unsigned_abs(), currency: self.amount.currency }
    }
}

/// A reversal that an issuer decided.
#[derive(Clone, Debug)]
pub(crate) struct Reversal {
    pub(crate) issuer: Party,
    pub(crate) index: usize,
    pub(crate) key: NetworkKey,
    /// The decision it found, among the decisions.
    pub(crate) decision: Option<usize>,
    /// Given to the cardholder, minor units.
    pub(crate) credit: i64,
    /// What had been given back before, minor units.
    pub(crate) before: i64,
    pub(crate) before_index: Option<usize>,
    pub(crate) date: Date,
}

/// What a cardholder account holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub(crate) issuer: Party,
    pub(crate) account: u32,
    pub(crate) balance: i64,
    /// Whether the opening balance is known.
    pub(crate) is_opened: bool,
    /// The entry that last changed it.
    pub(crate) index: usize,
}

/// Wrong PINs in a row of a card, as recorded last.
#[derive(Clone, Debug)]
pub(crate) struct PinTries {
    pub(crate) issuer: Party,
    pub(crate) pan: Pan,
    pub(crate) tries: u8,
    pub(crate) index: usize,
    /// Tries before the last record, its entry, and whether the last record was about a request
    /// that had been decided before.
    pub(crate) before: (u8, usize),
    pub(crate) is_repeat: bool,
}

/// Sum of what the legs give to cardholders, minor units.
pub(crate) fn to_cardholder(legs: &[Leg]) -> i64 {
    let is_cardholder = |leg: &&Leg| matches!(leg.account, Account::Cardholder(_));
    legs.iter().filter(is_cardholder).fold(0, |sum, leg| sum.saturating_add(leg.minor))
}

impl Books {
    /// What a decided request is about: what its forward was, else what the world carried beside
    /// it. Behind a foreign switch there is neither, and the sale that is in doubt at that
    /// terminal, with that card and amount, must be the one.
    fn ticket_of_decision(&self, decision: &Decision) -> Ticket {
        if let Some(forward) = self.forward_by_key(decision.key, decision.terminal) {
            return forward.ticket;
        }
        if decision.ticket != Ticket::NONE || decision.kind != Kind::Sale {
            return decision.ticket;
        }
        let terminal = self.terminal(decision.terminal);
        let is_it = |sale: &&super::Sale| {
            Some(sale.terminal) == terminal
                && sale.pan == Some(decision.pan)
                && sale.amount == decision.amount
                && sale.is_pending()
        };
        self.sales.iter().rev().find(is_it).map_or(Ticket::NONE, |sale| sale.ticket)
    }

    pub(super) fn issuer_recorded(&mut self, index: usize, entry: &Entry, record: &IssuerRecord) {
        let issuer = entry.party;
        match record {
            IssuerRecord::Decided { .. } => self.decided(index, entry, record),
            IssuerRecord::Reversed { original_key, original, legs, business_date, .. } => {
                let credit = to_cardholder(legs);
                let key = *original_key;
                let is_it = |d: &Decision| {
                    d.issuer == issuer && original.map_or(d.key == key, |id| d.id == id)
                };
                let decision = self.decisions.iter().rposition(is_it);
                let mut reversal = Reversal {
                    issuer,
                    index,
                    key,
                    decision: decision.filter(|_| original.is_some()),
                    credit,
                    before: 0,
                    before_index: None,
                    date: *business_date,
                };
                if let Some(place) = decision {
                    let decision = &mut self.decisions[place];
                    reversal.before = decision.credited;
                    reversal.before_index = decision.credit;
                    decision.credited = decision.credited.saturating_add(credit);
                    if credit > 0 {
                        decision.credit.get_or_insert(index);
                    }
                }
                self.reversals.push(reversal);
                self.book(index, issuer, legs, false);
            }
            IssuerRecord::Opened { legs } => self.book(index, issuer, legs, true),
            IssuerRecord::CutOver { .. } => {}
            IssuerRecord::PresentmentTaken { .. }
            | IssuerRecord::SuspenseOpened { .. }
            | IssuerRecord::SuspenseClosed { .. } => self.issuer_filed(index, entry, record),
        }
    }

    fn decided(&mut self, index: usize, entry: &Entry, record: &IssuerRecord) {
        let IssuerRecord::Decided {
            id,
            key,
            terminal,
            rrn,
            pan,
            kind,
            amount,
            code,
            authorization,
            legs,
            pin_tries,
            business_date,
            ..
        } = record
        else {
            return;
        };
        let issuer = entry.party;
        let is_repeat = self.decisions.iter().any(|d| d.issuer == issuer && d.key == *key);
        self.count_pin(index, issuer, *pan, *pin_tries, is_repeat);
        let mut decision = Decision {
            issuer,
            id: *id,
            ticket: entry.ticket,
            index,
            at: entry.at,
            key: *key,
            terminal: *terminal,
            rrn: *rrn,
            pan: *pan,
            kind: *kind,
            amount: *amount,
            code: *code,
            authorization: *authorization,
            debit: to_cardholder(legs).saturating_neg(),
            credited: 0,
            credit: None,
            date: *business_date,
        };
        decision.ticket = self.ticket_of_decision(&decision);
        self.decisions.push(decision);
        self.book(index, issuer, legs, false);
    }

    fn count_pin(&mut self, index: usize, issuer: Party, pan: Pan, tries: u8, is_repeat: bool) {
        match self.pins.iter_mut().find(|p| p.issuer == issuer && p.pan == pan) {
            Some(pin) => {
                pin.before = (pin.tries, pin.index);
                (pin.tries, pin.index, pin.is_repeat) = (tries, index, is_repeat);
            }
            None => self.pins.push(PinTries {
                issuer,
                pan,
                tries,
                index,
                before: (0, index),
                is_repeat,
            }),
        }
    }

    pub(super) fn book(&mut self, index: usize, issuer: Party, legs: &[Leg], is_opening: bool) {
        self.files.book(issuer, legs);
        for leg in legs {
            let Account::Cardholder(account) = leg.account else { continue };
            let is_it = |s: &&mut Standing| s.issuer == issuer && s.account == account;
            match self.accounts.iter_mut().find(is_it) {
                Some(standing) => {
                    standing.balance = standing.balance.saturating_add(leg.minor);
                    standing.index = index;
                }
                None => self.accounts.push(Standing {
                    issuer,
                    account,
                    balance: leg.minor,
                    is_opened: is_opening,
                    index,
                }),
            }
        }
    }
}
