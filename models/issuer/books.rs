//! What an issuer knows: accounts, cards, and every transaction by its network key. It changes only
//! by a record, live and from the journal alike, so that a restart ends where the records say.
//!
//! Not the rules (rules.rs) and not the conversation (mod.rs).

mod cache;
mod counters;
mod holds;
mod related;

pub(super) use holds::OpenHold;

use std::collections::BTreeMap;

use super::Config;
use super::message::{AMOUNT_MAX, Advice, Answer, Request};
use super::settling::{Item, Settling};
use crate::card::{Amount, Pan};
use crate::defect::{Defect, Defects};
use crate::iso8583::ResponseCode;
use crate::ledger::Ledger;
use crate::record::{Account, IssuerRecord, Kind, Leg, NetworkKey, Record};
use crate::time::{Date, LocalTime};
use cache::Cache;
use counters::Counters;

/// Number of a commit since power came on. What the journal held is commit zero.
pub(super) type Commit = u64;

/// A transaction as the issuer knows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Transaction {
    /// The request is decided.
    Decided(Decision),
    /// Its reversal came first: should the request still come, it is refused.
    Barred(Reversal),
    /// The request is decided, and reversed.
    Reversed(Decision, Reversal),
}

/// A decided request: enough to recognise its duplicate and answer it again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Decision {
    pub(super) id: u64,
    terminal: [u8; 8],
    rrn: [u8; 12],
    pub(super) pan: Pan,
    pub(super) kind: Kind,
    /// The issuer's number of what it is about.
    original: Option<u64>,
    pub(super) amount: Amount,
    pub(super) answer: Answer,
    /// What it charged on top of the amount; below zero if it gave that back.
    pub(super) surcharge: i64,
    /// What it changed in what is held on the card.
    pub(super) hold: i64,
    /// Until when it holds that, on a clock that shows UTC.
    until: Option<LocalTime>,
    business_date: Date,
    pub(super) commit: Commit,
}

/// An accepted reversal and what it was answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Reversal {
    pub(super) code: ResponseCode,
    pub(super) business_date: Date,
    pub(super) commit: Commit,
}

impl Decision {
    /// Whether this is the request that was decided, and not another one under its numbers.
    pub(super) fn is_of(&self, request: &Request) -> bool {
        self.kind == request.kind
            && self.amount == request.amount
            && self.is_named(&request.pan, &request.terminal, &request.rrn)
    }

    /// Whether the advice is about it. The amount is no sign: after a partial approval the sender
    /// names what it asked for.
    pub(super) fn is_reversed_by(&self, advice: &Advice) -> bool {
        self.is_named(&advice.pan, &advice.terminal, &advice.rrn)
    }

    fn is_named(&self, pan: &Pan, terminal: &[u8; 8], rrn: &[u8; 12]) -> bool {
        self.pan == *pan && self.terminal == *terminal && self.rrn == *rrn
    }

    pub(super) fn is_approved(&self) -> bool {
        self.answer.code.is_approval()
    }

    /// Whether something moved.
    pub(super) fn has_moved(&self) -> bool {
        self.kind.moves() && self.is_approved()
    }

    /// Whether it was a sale, taken or refused.
    pub(super) fn is_sale(&self) -> bool {
        self.kind == Kind::Sale
    }
}

/// What is held for one pre-authorisation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Hold {
    pan: Pan,
    /// Its own business date, or the issuer's when it was placed, if that was later.
    since: Date,
    /// The moment at which it is over, if the request named one: on a clock that shows UTC.
    until: Option<LocalTime>,
    minor: u64,
}

/// Everything the issuer knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Books {
    ledger: Ledger,
    /// Balances again, where the issuer caches them.
    cache: Cache,
    cards: Vec<Counters>,
    transactions: BTreeMap<NetworkKey, Transaction>,
    /// What is held for each pre-authorisation, by its number.
    holds: BTreeMap<u64, Hold>,
    pub(super) business_date: Date,
    last_id: u64,
    is_open: bool,
    /// Between debit and payment; nothing without a clearing house.
    pub(super) settling: Settling,
    has_clearing: bool,
    /// The last commit known to be durable, with all before it.
    durable: Commit,
    /// Postings that wait for their commit: only ever filled under defect I20.
    unposted: Vec<(Commit, Box<[Leg]>)>,
    defects: Defects,
}

impl Books {
    /// What the journal says, on top of what the configuration says.
    pub(super) fn from_journal(config: &Config, records: &[Record]) -> Books {
        let counters = |account| Counters::new(account, config.business_date);
        let mut books = Books {
            ledger: Ledger::new(),
            cache: Cache::new(config.cache_rows, config.defects),
            cards: config.accounts.iter().map(counters).collect(),
            transactions: BTreeMap::new(),
            holds: BTreeMap::new(),
            business_date: config.business_date,
            last_id: 0,
            is_open: false,
            settling: Settling::default(),
            has_clearing: config.clearing.is_some(),
            durable: 0,
            unposted: Vec::new(),
            defects: config.defects,
        };
        for record in records {
            let Record::Issuer(record) = record else { continue };
            books.apply(record, 0);
            if config.defects.has(Defect::I07) {
                books.forget_unless_written(record, records);
            }
        }
        books
    }

    /// The opening of the books, if they are not open yet.
    pub(super) fn opening(&self, config: &Config) -> Option<IssuerRecord> {
        if self.is_open {
            return None;
        }
        let balances = config.accounts.iter().map(|account| account.balance.min(AMOUNT_MAX) as i64);
        let sum: i64 = balances.clone().sum();
        let legs = (0..)
            .zip(balances)
            .map(|(number, minor)| Leg { account: cardholder(number), minor })
            .chain([Leg { account: Account::Opening, minor: -sum }])
            .collect();
        Some(IssuerRecord::Opened { legs })
    }

    /// Takes a record in. This is the only way the books change.
    pub(super) fn apply(&mut self, record: &IssuerRecord, commit: Commit) {
        match record {
            IssuerRecord::Opened { legs } => {
                self.is_open = true;
                self.post(legs, commit);
            }
            IssuerRecord::CutOver { date } => self.business_date = *date,
            IssuerRecord::Decided { id, key, legs, pin_tries, pan, presented, .. } => {
                self.last_id = self.last_id.max(*id);
                self.post(legs, commit);
                if let Some(decision) = decision(record, commit) {
                    self.count_pins(&decision, *pin_tries);
                    self.count_up(pan, presented.as_ref());
                    self.spend(&decision, 1);
                    self.change_hold(&decision, decision.hold);
                    self.settle_later(key, &decision);
                    self.remember(*key, decision);
                }
            }
            IssuerRecord::HoldExpired { original, pan, minor, legs } => {
                self.post(legs, commit);
                let change = i64::try_from(*minor).map_or(i64::MIN, |minor| -minor);
                self.set_hold(*original, pan, change, (self.business_date, None));
            }
            IssuerRecord::Reversed {
                id,
                original_key,
                original,
                credited,
                code,
                legs,
                hold,
                business_date,
                ..
            } => {
                self.last_id = self.last_id.max(*id);
                self.post(legs, commit);
                let reversal = Reversal { code: *code, business_date: *business_date, commit };
                let key = original.map_or(*original_key, |id| self.key_of(id, *original_key));
                let known = self.find(&key).and_then(Transaction::decision).copied();
                if let Some(decision) = known.filter(|known| Some(known.id) == *original) {
                    self.settle_back(&decision, *business_date, *credited);
                }
                self.reverse(key, original.is_some().then_some(*hold), reversal);
            }
            IssuerRecord::PresentmentTaken { legs, .. }
            | IssuerRecord::SuspenseOpened { legs, .. }
            | IssuerRecord::SuspenseClosed { legs, .. } => {
                self.post(legs, commit);
                self.settling.apply(record, commit);
            }
            IssuerRecord::ReturnBuilt { .. } | IssuerRecord::FileDelivered { .. } => {
                self.settling.apply(record, commit);
            }
        }
    }

    /// A debit or a refund waits to be presented; what is voided waits no more.
    fn settle_later(&mut self, key: &NetworkKey, decision: &Decision) {
        let Decision { id, terminal, rrn, pan, kind, business_date, answer, .. } = *decision;
        if !self.has_clearing || !decision.is_approved() || !kind.is_settled() {
            return;
        }
        match (kind.is_void(), decision.original) {
            (true, Some(original)) => {
                self.settling.void(original, id, business_date, answer.effective);
            }
            (true, None) => {}
            (false, _) => {
                let name = ((key.acquirer, rrn, terminal), pan);
                let moved = (kind.money(), answer.effective);
                self.settling.debit(id, name, business_date, moved);
            }
        }
    }

    /// A reversal took so much back of what a decision had moved.
    fn settle_back(&mut self, decision: &Decision, date: Date, minor: u64) {
        match (decision.kind.is_void(), decision.original) {
            (true, Some(original)) if decision.kind.is_settled() => {
                self.settling.restore(original, decision.id, date, minor);
            }
            _ => self.settling.credit(decision.id, date, minor),
        }
    }

    /// Where the money of what a decision is, or voids, lies until it is paid.
    pub(super) fn item_of(&self, decision: &Decision) -> Option<&Item> {
        let of = if decision.kind.is_void() { decision.original } else { Some(decision.id) };
        self.settling.of_decision(of?)
    }

    fn post(&mut self, legs: &[Leg], commit: Commit) {
        // Planted defect I20: until a debit is durable, others do not see that the money is gone.
        if self.defects.has(Defect::I20) && commit > self.durable {
            self.unposted.push((commit, legs.into()));
            return;
        }
        self.cache.post(legs, commit);
        // Refused are only legs that no issuer writes: a foreign journal must not stop us.
        let _is_posted = self.ledger.post(legs).is_ok();
    }

    fn remember(&mut self, key: NetworkKey, decision: Decision) {
        let now = match self.transactions.get(&key) {
            None => Transaction::Decided(decision),
            Some(Transaction::Barred(reversal)) => Transaction::Reversed(decision, *reversal),
            // Booked after all, because somebody stood in.
            Some(Transaction::Decided(refused)) if !refused.is_approved() => {
                Transaction::Decided(decision)
            }
            Some(Transaction::Decided(_) | Transaction::Reversed(..)) => return,
        };
        self.transactions.insert(key, now);
    }

    /// `hold` is what the reversal of a known original changes in what is held.
    fn reverse(&mut self, key: NetworkKey, hold: Option<i64>, reversal: Reversal) {
        let now = match self.transactions.get(&key) {
            None => Transaction::Barred(reversal),
            Some(Transaction::Decided(decision)) => {
                let decision = *decision;
                if let Some(hold) = hold {
                    self.spend(&decision, -1);
                    self.change_hold(&decision, hold);
                }
                Transaction::Reversed(decision, reversal)
            }
            Some(Transaction::Barred(_) | Transaction::Reversed(..)) => return,
        };
        self.transactions.insert(key, now);
    }

    /// The key of entry `id`: nearly always the one the reversal named.
    fn key_of(&self, id: u64, named: NetworkKey) -> NetworkKey {
        let is_it = |transaction: &Transaction| transaction.decision().is_some_and(|d| d.id == id);
        if self.transactions.get(&named).is_some_and(is_it) {
            return named;
        }
        let found = self.transactions.iter().find(|(_, transaction)| is_it(transaction));
        found.map_or(named, |(key, _)| *key)
    }

    /// Planted defect I07: the duplicate memory is a second write; power may fail before it.
    #[cfg_attr(mutants, mutants::skip)]
    fn forget_unless_written(&mut self, record: &IssuerRecord, records: &[Record]) {
        let IssuerRecord::Decided { id, key, .. } = record else { return };
        if !records.contains(&Record::Own(id.to_be_bytes().into())) {
            self.transactions.remove(key);
        }
    }

    /// Everything recorded so far, up to `commit`, is durable.
    pub(super) fn settle(&mut self, commit: Commit) {
        self.durable = commit;
        for (commit, legs) in core::mem::take(&mut self.unposted) {
            self.cache.post(&legs, commit);
            let _is_posted = self.ledger.post(&legs).is_ok();
        }
    }

    /// Whether it takes this wrong turn.
    #[cfg_attr(mutants, mutants::skip)]
    pub(super) fn has(&self, defect: Defect) -> bool {
        self.defects.has(defect)
    }

    /// Whether what belongs to this commit survives a loss of power.
    pub(super) fn is_durable(&self, commit: Commit) -> bool {
        commit <= self.durable
    }

    pub(super) fn next_id(&self) -> u64 {
        self.last_id + 1
    }

    /// What is known under this key.
    pub(super) fn find(&self, key: &NetworkKey) -> Option<&Transaction> {
        self.transactions.get(key)
    }

    /// What a reversal is about, under the legal but weak policy of finding originals by elements
    /// 41 and 37 alone.
    pub(super) fn find_by_rrn(&self, advice: &Advice) -> Option<&Transaction> {
        let is_it = |d: &Decision| d.terminal == advice.terminal && d.rrn == advice.rrn;
        let named = || self.transactions.values().filter(|t| t.decision().is_some_and(is_it));
        // Of several that bear the number, a reversal means the one that there is to take back.
        let moved = named().rfind(|known| known.decision().is_some_and(Decision::has_moved));
        moved.or_else(|| named().next_back()).or_else(|| {
            let known = self.transactions.get(&advice.original);
            known.filter(|known| matches!(known, Transaction::Barred(_)))
        })
    }

    /// The number of the account of a card, or of the wallet that showed a payment code.
    pub(super) fn card(&self, pan: &Pan) -> Option<usize> {
        let shows = |card: &Counters| {
            card.codes.as_ref().is_some_and(|codes| pan.as_str().starts_with(&**codes))
        };
        match pan.is_payment_code() {
            true => self.cards.iter().position(shows),
            false => self.cards.iter().position(|card| card.pan == *pan),
        }
    }

    /// What a card may still spend; below zero if too much was taken.
    pub(super) fn available(&self, number: usize) -> i64 {
        let account = cardholder(number);
        let cached = self.cache.balance(account, self.durable);
        cached.map_or_else(
            || self.ledger.available(account),
            |balance| balance.saturating_sub(self.ledger.held(account)),
        )
    }

    /// Somebody is about to read the balance of this card.
    pub(super) fn refresh(&mut self, pan: &Pan) {
        if let Some(number) = self.card(pan) {
            self.cache.refresh(cardholder(number), self.durable);
        }
    }

    /// The same books as a restart would find them.
    #[cfg(test)]
    pub(super) fn at_rest(mut self) -> Books {
        self.durable = 0;
        self.cache.at_rest();
        self.settling.at_rest();
        for transaction in self.transactions.values_mut() {
            match transaction {
                Transaction::Decided(decision) => decision.commit = 0,
                Transaction::Barred(reversal) => reversal.commit = 0,
                Transaction::Reversed(decision, reversal) => {
                    (decision.commit, reversal.commit) = (0, 0);
                }
            }
        }
        self
    }
}

impl Transaction {
    /// The decision, if the request came.
    pub(super) fn decision(&self) -> Option<&Decision> {
        match self {
            Transaction::Decided(decision) | Transaction::Reversed(decision, _) => Some(decision),
            Transaction::Barred(_) => None,
        }
    }
}

/// The account of the card with this number.
pub(super) fn cardholder(number: usize) -> Account {
    // No issuer here is configured with four thousand million cards.
    Account::Cardholder(u32::try_from(number).unwrap_or(u32::MAX))
}

/// What is remembered of a [`IssuerRecord::Decided`]; none of any other record.
fn decision(record: &IssuerRecord, commit: Commit) -> Option<Decision> {
    let &IssuerRecord::Decided {
        id,
        ticket: _,
        key: _,
        terminal,
        rrn,
        pan,
        kind,
        is_stand_in: _,
        original,
        amount,
        code,
        effective,
        authorization,
        balance,
        ref legs,
        hold,
        until,
        pin_tries: _,
        presented: _,
        business_date,
    } = record
    else {
        return None;
    };
    let answer = Answer { code, effective, authorization, balance };
    Some(Decision {
        id,
        terminal,
        rrn,
        pan,
        kind,
        original,
        amount,
        answer,
        surcharge: Leg::surcharge(legs),
        hold,
        until,
        business_date,
        commit,
    })
}
