//! Debits, credits, balances and PIN tries as issuers recorded them.

use super::{Books, Name};
use crate::history::Entry;
use crate::party::Party;
use reversim_models::card::{Amount, Pan};
use reversim_models::iso8583::{Element, ResponseCode};
use reversim_models::node::Ticket;
use reversim_models::record::{
    Account, IssuerRecord, Kind, Leg, NetworkKey, Presented, SuspenseEnd,
};
use reversim_models::time::{Date, Instant, LocalTime, ZonedTime};

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
    /// Whether it had to book what a switch had approved in its stead.
    pub(crate) is_stand_in: bool,
    /// The issuer's number of what it is about.
    pub(crate) original: Option<u64>,
    pub(crate) amount: Amount,
    /// What it moved by its own word, minor units: taken, given back or held.
    pub(crate) effective: u64,
    pub(crate) code: ResponseCode,
    pub(crate) authorization: Option<[u8; 6]>,
    /// What it told of the account, minor units.
    pub(crate) balance: Option<u64>,
    /// The account that it moved money of.
    pub(crate) account: Option<u32>,
    /// Taken from the cardholder, minor units; less than zero if something was given.
    pub(crate) debit: i64,
    /// Given back by reversals, minor units; less than zero if something was taken again.
    pub(crate) credited: i64,
    /// Charged on top of it, and given back of that by what took it back, minor units.
    pub(crate) surcharge: i64,
    pub(crate) surcharge_back: i64,
    /// The first reversal that moved something.
    pub(crate) credit: Option<usize>,
    /// What paid it as a claim, and what was taken again for that, minor units.
    pub(crate) claim: Option<usize>,
    pub(crate) claimed: i64,
    /// How the difference between it and what files told of it last left suspense.
    pub(crate) left: Option<SuspenseEnd>,
    /// What it changed in what is held, and what reversals changed back, minor units.
    pub(crate) hold: i64,
    pub(crate) hold_back: i64,
    /// What of its hold expired, minor units.
    pub(crate) expired: u64,
    pub(crate) date: Date,
    /// Its own business date, or the issuer's when it was decided, if that is known to be later.
    pub(crate) since: Date,
    /// Whether what it held, or let go, lay in escrow and not on the account.
    pub(crate) is_in_escrow: bool,
    /// Until when its request wanted something held, on a clock that shows UTC.
    pub(crate) until: Option<LocalTime>,
    /// The chip's cryptogram, if there was a genuine one.
    pub(crate) presented: Option<Presented>,
}

impl Decision {
    pub(super) fn give_surcharge_back(&mut self, legs: &[Leg]) {
        self.surcharge_back = self.surcharge_back.saturating_sub(Leg::surcharge(legs));
    }

    /// Taken less given back.
    pub(crate) fn net(&self) -> i64 {
        self.debit - self.credited + self.claimed
    }

    /// What is still held by it.
    pub(crate) fn held(&self) -> i64 {
        let expired = i64::try_from(self.expired).unwrap_or(i64::MAX);
        self.hold.saturating_add(self.hold_back).saturating_sub(expired)
    }

    /// Whether it, or what was done about it later, changed what is held.
    fn touches_hold(&self) -> bool {
        self.hold != 0 || self.hold_back != 0 || self.expired != 0
    }

    /// Whether something moved when it was decided.
    pub(crate) fn moved(&self) -> bool {
        self.debit != 0 || self.hold != 0
    }

    /// Whether what it moved is as it left it: neither taken back nor, if held, expired.
    pub(crate) fn stands(&self) -> bool {
        self.net() != 0 || (self.debit == 0 && self.held() != 0)
    }

    /// What was moved, for people: `debited 500.00`.
    pub(crate) fn done(&self) -> String {
        let minor = if self.debit == 0 { self.hold } else { self.debit };
        let amount = Amount { minor: minor.unsigned_abs(), currency: self.amount.currency };
        match (self.debit, minor) {
            (0, ..=0) => format!("released {amount} held"),
            (0, _) => format!("held {amount}"),
            (..=0, _) => format!("credited {amount}"),
            _ => format!("debited {amount}"),
        }
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
    /// Given to the cardholder, minor units; less than zero if something was taken again.
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

/// The cardholder's account that these legs move money of.
fn account_of(legs: &[Leg]) -> Option<u32> {
    legs.iter().find_map(|leg| match leg.account {
        Account::Cardholder(number) => Some(number),
        _ => None,
    })
}

impl Books {
    /// What a decided request is about: what its forward was, else what the world carried beside
    /// it. Behind a foreign switch there may be neither, or the ticket of another message of the
    /// same read, of another terminal: then the sale that is in doubt at that terminal, with that
    /// card and amount, must be the one.
    fn ticket_of_decision(&self, decision: &Decision) -> Ticket {
        if let Some(forward) = self.forward_by_key(decision.key, decision.terminal) {
            return forward.ticket;
        }
        let terminal = self.terminal(decision.terminal);
        let carried = self.sale(decision.ticket);
        let is_of_it = carried.is_none_or(|sale| Some(sale.terminal) == terminal);
        if decision.ticket != Ticket::NONE && is_of_it || !decision.kind.moves() {
            return decision.ticket;
        }
        let is_it = |sale: &&super::Sale| {
            sale.pan == Some(decision.pan) && sale.amount == decision.amount && sale.is_pending()
        };
        let mut own = terminal.into_iter().flat_map(|terminal| self.sales_of(terminal)).rev();
        own.find(is_it).map_or(decision.ticket, |sale| sale.ticket)
    }

    pub(super) fn issuer_recorded(&mut self, index: usize, entry: &Entry, record: &IssuerRecord) {
        let issuer = entry.party;
        match record {
            IssuerRecord::Decided { .. } => self.decided(index, entry, record),
            IssuerRecord::Reversed {
                original_key, original, legs, hold, business_date, ..
            } => {
                let credit = Leg::to_cardholders(legs);
                let key = *original_key;
                let decision = match original {
                    Some(id) => {
                        self.found.decisions_by_id.of(&self.decisions, (issuer, *id)).next_back()
                    }
                    None => {
                        let is_its = |place: &usize| self.decisions[*place].issuer == issuer;
                        self.found.decisions_by_key.of(&self.decisions, key).rev().find(is_its)
                    }
                };
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
                    decision.give_surcharge_back(legs);
                    if *hold != 0 && !decision.touches_hold() {
                        self.found.holds_on_card.add((issuer, decision.pan), place);
                    }
                    decision.hold_back = decision.hold_back.saturating_add(*hold);
                    if credit != 0 || *hold != 0 {
                        decision.credit.get_or_insert(index);
                    }
                }
                self.reversals.push(reversal);
                self.book(index, issuer, legs, false);
            }
            IssuerRecord::HoldExpired { original, minor, legs, .. } => {
                self.book(index, issuer, legs, false);
                self.expired.push((index, *original));
                let place =
                    self.found.decisions_by_id.of(&self.decisions, (issuer, *original)).next();
                if let Some(place) = place {
                    let decision = &mut self.decisions[place];
                    if !decision.touches_hold() {
                        self.found.holds_on_card.add((issuer, decision.pan), place);
                    }
                    decision.expired = decision.expired.saturating_add(*minor);
                }
            }
            IssuerRecord::Opened { legs } => self.book(index, issuer, legs, true),
            IssuerRecord::CutOver { date } => self.issuer_cut_over(index, issuer, *date),
            IssuerRecord::PresentmentTaken { .. }
            | IssuerRecord::SuspenseOpened { .. }
            | IssuerRecord::SuspenseClosed { .. } => self.issuer_filed(index, entry, record),
            IssuerRecord::ReturnBuilt { .. } | IssuerRecord::FileDelivered { .. } => {
                self.issuer_returned(index, record);
            }
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
            is_stand_in,
            original,
            amount,
            code,
            effective,
            authorization,
            balance,
            legs,
            hold,
            pin_tries,
            presented,
            business_date,
            ..
        } = record
        else {
            return;
        };
        let issuer = entry.party;
        let is_repeat = self.decisions_named(*key).any(|d| d.issuer == issuer);
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
            is_stand_in: *is_stand_in,
            original: *original,
            amount: *amount,
            effective: *effective,
            code: *code,
            authorization: *authorization,
            balance: *balance,
            account: account_of(legs),
            debit: Leg::to_cardholders(legs).saturating_neg(),
            credited: 0,
            surcharge: Leg::surcharge(legs),
            surcharge_back: 0,
            credit: None,
            claim: None,
            claimed: 0,
            left: None,
            hold: *hold,
            hold_back: 0,
            expired: 0,
            date: *business_date,
            since: self
                .issuer_date(issuer)
                .map_or(*business_date, |(now, _)| now.max(*business_date)),
            is_in_escrow: legs.iter().any(|leg| leg.account == Account::Escrow),
            until: (*hold > 0).then(|| self.asked_until(issuer, key, *terminal)).flatten(),
            presented: *presented,
        };
        decision.ticket = self.ticket_of_decision(&decision);
        self.keep_decision(decision);
        self.book(index, issuer, legs, false);
    }

    /// Writes a decision down, where it is found again.
    fn keep_decision(&mut self, decision: Decision) {
        let place = self.decisions.len();
        let card = (decision.issuer, decision.pan);
        if decision.hold != 0 {
            self.found.holds_on_card.add(card, place);
        }
        if decision.presented.is_some() && decision.code.is_approval() {
            self.found.signed_on_card.add(card, place);
        }
        if decision.account.is_some() && self.found.account_of_card.of(card).next().is_none() {
            self.found.account_of_card.add(card, place);
        }
        self.decisions.push(decision);
        self.found.decisions_by_ticket.added(&self.decisions);
        self.found.decisions_by_id.added(&self.decisions);
        self.found.decisions_by_key.added(&self.decisions);
    }

    /// Until when the request of this name wanted something held, as it reached the issuer.
    fn asked_until(&self, issuer: Party, key: &NetworkKey, terminal: [u8; 8]) -> Option<LocalTime> {
        let name = Name { stan: key.stan, terminal };
        let is_it = |place: &usize| {
            let wire = &self.wires[*place];
            wire.to == issuer && wire.is_request() && wire.network_key() == *key
        };
        let place = self.found.wires_by_name.of(&self.wires, name).rev().find(is_it)?;
        let at = self.originals.binary_search_by_key(&place, |(of, _)| *of).ok()?;
        let asked = self.originals[at].1.message()?.get(Element::VALIDITY)?;
        Some(ZonedTime::parse(asked)?.utc())
    }

    fn issuer_cut_over(&mut self, index: usize, issuer: Party, date: Date) {
        match self.issuer_dates.iter_mut().find(|(other, ..)| *other == issuer) {
            Some((_, now, at)) => (*now, *at) = (date, index),
            None => self.issuer_dates.push((issuer, date, index)),
        }
    }

    /// The business date of an issuer, and the entry that began it; none before one ended.
    pub(crate) fn issuer_date(&self, issuer: Party) -> Option<(Date, usize)> {
        let of = self.issuer_dates.iter().find(|(other, ..)| *other == issuer);
        of.map(|(_, date, index)| (*date, *index))
    }

    /// The pre-authorisation that a decision is, or that it ends or brings back.
    pub(crate) fn placed_by<'a>(&'a self, decision: &'a Decision) -> Option<&'a Decision> {
        let placed = match decision.kind {
            Kind::PreAuth => decision,
            Kind::PreAuthVoid | Kind::Completion | Kind::CompletionAdvice => {
                self.original_of(decision)?
            }
            Kind::CompletionVoid => self.original_of(self.original_of(decision)?)?,
            _ => return None,
        };
        (placed.kind == Kind::PreAuth && placed.hold > 0).then_some(placed)
    }

    /// What is held on a card, minor units.
    pub(crate) fn held(&self, issuer: Party, pan: Pan) -> i64 {
        let of = self.found.holds_on_card.of((issuer, pan)).map(|place| &self.decisions[place]);
        let on_account = of.filter(|decision| !decision.is_in_escrow);
        on_account.fold(0, |sum, decision| sum.saturating_add(decision.held()))
    }

    /// The account behind a card, once money of it was moved.
    pub(crate) fn standing(&self, issuer: Party, pan: Pan) -> Option<&Standing> {
        let first = self.found.account_of_card.of((issuer, pan)).next()?;
        let number = self.decisions[first].account?;
        self.accounts.iter().find(|s| s.issuer == issuer && s.account == number)
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
