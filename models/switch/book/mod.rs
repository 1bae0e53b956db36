//! The book of a switch: everything it knows for good. It changes by records only (`journal.rs`).
//!
//! Links, timers and who waits for an answer are not here: they do not survive a loss of power.

mod claims;
mod closing;
mod journal;
mod payouts;
mod related;

pub(super) use claims::Claims;
pub(super) use closing::{Closing, Undelivered};
pub(super) use payouts::Payouts;

use std::collections::{BTreeMap, BTreeSet};

use super::Config;
use super::config::Peer;
use crate::card::{Amount, Pan};
use crate::defect::Defect;
use crate::iso8583::ResponseCode;
use crate::node::{Port, Ticket};
use crate::record::{Kind, NetworkKey, Origin, PosKey, Reason, Totals};
use crate::saf::Saf;
use crate::time::{Date, Instant};

/// What a switch knows for good.
#[derive(Clone, Debug)]
pub(super) struct Book {
    transactions: BTreeMap<u64, Transaction>,
    origins: BTreeMap<Origin, Known>,
    sent: BTreeMap<NetworkKey, u64>,
    /// Sales of terminals by their retrieval reference number, which is what a refund knows.
    references: BTreeMap<[u8; 12], u64>,
    queues: Vec<(Port, Saf<Advice>)>,
    terminals: Vec<Terminal>,
    batches: BTreeMap<([u8; 8], u32), Batch>,
    pub(super) business_date: Date,
    last_id: u64,
    last_advice: u64,
    pub(super) last_stan: u32,
    /// Upstream ports that nothing new goes to.
    pub(super) closed_routes: BTreeSet<Port>,
    /// The end of business dates.
    pub(super) closing: Closing,
    /// What merchants are owed and were paid at once.
    pub(super) payouts: Payouts,
    /// Planted defect W43: a reversal leaves what was paid out where it is.
    keeps_reversed: bool,
    /// Planted defect W44: so does the end of a batch that lists it as on one side only.
    keeps_one_sided: bool,
    /// Claims, and slips that issuers ask for.
    pub(super) claims: Claims,
    /// When what is applied now is known; only a queue with an expiry asks.
    pub(super) now: Instant,
    /// The commit that what is applied now belongs to.
    pub(super) commit: u64,
}

/// One transaction.
#[derive(Clone, Debug)]
pub(super) struct Transaction {
    pub(super) ticket: Ticket,
    pub(super) origin: Origin,
    pub(super) kind: Kind,
    /// The transaction it is about, if it is about one.
    pub(super) original: Option<u64>,
    pub(super) business_date: Date,
    /// Under what name it went upstream, if it did.
    pub(super) sent: Option<Sent>,
    /// What its sender was told, if anything.
    pub(super) answer: Option<Answer>,
    /// That its sender reversed it.
    pub(super) reversal: Option<Reversal>,
    /// Whether a reversal of it was ever queued upstream; or it itself, if it is an advice.
    pub(super) is_advised: bool,
    /// Whether a late approval of it was absorbed.
    pub(super) is_absorbed: bool,
    /// The commit that its first record is part of.
    pub(super) commit: u64,
    /// Whether a copy of the request is recognised.
    is_remembered: bool,
    /// What it has earned its merchant, minor units; nothing where nobody is paid at once.
    earned: i64,
}

/// How a transaction went upstream, and what a reversal of it must repeat.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) to: Port,
    pub(super) key: NetworkKey,
    pub(super) rrn: [u8; 12],
    pub(super) terminal: [u8; 8],
    pub(super) merchant: [u8; 15],
    pub(super) pan: Pan,
    pub(super) amount: Amount,
    /// MMDD of the voucher it is about, by the word of its sender; 0 if it gave none.
    pub(super) original_date: u16,
    /// Element 38 of what was authorised before it was asked.
    pub(super) authorization: Option<[u8; 6]>,
}

/// What the sender of a request was told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) code: ResponseCode,
    /// Approved amount, minor units.
    pub(super) minor: u64,
    pub(super) authorization: Option<[u8; 6]>,
    pub(super) balance: Option<u64>,
    pub(super) business_date: Date,
    /// The commit it is part of.
    pub(super) commit: u64,
}

/// That the sender of a request took it back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reversal {
    /// What it was told.
    pub(super) code: ResponseCode,
    /// The commit it is part of.
    pub(super) commit: u64,
}

/// An advice in the queue.
#[derive(Clone, Debug)]
pub(super) struct Advice {
    /// The original that it reverses, or the transaction that it tells of.
    pub(super) id: u64,
    pub(super) stan: u32,
    pub(super) transmission: u32,
    pub(super) reason: Reason,
    pub(super) since: Instant,
}

impl Advice {
    /// What it calls itself on the line on which what it is about is called `key`.
    pub(super) fn name(&self, key: NetworkKey) -> NetworkKey {
        NetworkKey { stan: self.stan, transmission: self.transmission, ..key }
    }
}

/// What is known of the way a request calls itself.
#[derive(Clone, Copy, Debug)]
enum Known {
    /// It is this transaction.
    Transaction(u64),
    /// It was reversed before it came.
    Barred(Reversal),
}

/// How far a request has come.
pub(super) enum Stage<'a> {
    /// Never seen.
    Unknown,
    /// Reversed before it came.
    Barred,
    /// Forwarded, and not answered.
    InDoubt(u64, &'a Transaction),
    /// Answered.
    Answered(u64, &'a Transaction, Answer),
}

/// What a reversal refers to.
pub(super) enum Original {
    /// Nothing that ever came.
    Unknown,
    /// A transaction.
    Known(u64),
    /// Something that is reversed already.
    Reversed(Reversal),
}

/// A terminal downstream.
#[derive(Clone, Debug)]
struct Terminal {
    port: Port,
    id: [u8; 8],
    keys: KeyState,
    batch: u32,
}

/// The work keys of a terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct KeyState {
    /// How many were issued so far.
    pub(super) generation: u32,
    /// Whether the last ones are good.
    pub(super) are_good: bool,
}

/// What the terminal said of a batch.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    pub(super) compared: Option<Compared>,
    /// Uploaded details: STAN and minor units.
    pub(super) details: BTreeMap<u32, u64>,
    is_closed: bool,
    /// Vouchers on which the two sides differ.
    differences: Vec<u32>,
    /// The commit of the last record about it.
    commit: u64,
}

/// The last comparison of totals.
#[derive(Clone, Debug)]
pub(super) struct Compared {
    pub(super) theirs: Totals,
    pub(super) ours: Totals,
    /// What made up `ours`.
    pub(super) counted: Vec<Counted>,
}

/// A transaction that counts in a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Counted {
    pub(super) id: u64,
    pub(super) ticket: Ticket,
    pub(super) stan: u32,
    pub(super) kind: Kind,
    pub(super) minor: u64,
}

impl Transaction {
    /// Its approval, if it was approved and nothing takes it back.
    pub(super) fn approval(&self) -> Option<Answer> {
        self.answer.filter(|answer| answer.code.is_approval() && !self.is_taken_back())
    }

    /// Whether its sender reversed it, or the switch does.
    pub(super) fn is_taken_back(&self) -> bool {
        self.reversal.is_some() || (self.is_advised && !self.kind.is_advice())
    }

    /// Whether it moved something, or may have, and nothing takes it back.
    pub(super) fn may_stand(&self) -> bool {
        let is_declined = self.answer.is_some_and(|answer| !answer.code.is_approval());
        !self.is_taken_back() && !is_declined
    }
}

impl Book {
    pub(super) fn new(config: &Config) -> Book {
        let terminals = config.downstream.iter().filter_map(|downstream| match downstream.peer {
            Peer::Terminal { terminal, .. } => Some(Terminal {
                port: downstream.port,
                id: terminal,
                keys: KeyState { generation: 0, are_good: false },
                batch: 1,
            }),
            Peer::Switch { .. } => None,
        });
        Book {
            transactions: BTreeMap::new(),
            origins: BTreeMap::new(),
            sent: BTreeMap::new(),
            references: BTreeMap::new(),
            queues: config.upstream.iter().map(|upstream| (upstream.port, Saf::new())).collect(),
            terminals: terminals.collect(),
            batches: BTreeMap::new(),
            business_date: config.business_date,
            last_id: 0,
            last_advice: 0,
            last_stan: 0,
            closed_routes: BTreeSet::new(),
            closing: Closing::wanted(config.clearing.is_some(), config.defects),
            payouts: Payouts::wanted(config.instant_payout.is_some()),
            keeps_reversed: config.defects.has(Defect::W43),
            keeps_one_sided: config.defects.has(Defect::W44),
            claims: Claims::default(),
            now: Instant::START,
            commit: 0,
        }
    }

    /// Takes an advice out of its queue.
    pub(super) fn drop_advice(&mut self, advice: u64) {
        for (_, queue) in &mut self.queues {
            queue.complete(advice);
        }
    }

    /// Gives a repeat another number. No correct switch does.
    #[cfg_attr(mutants, mutants::skip)]
    pub(super) fn renumber(&mut self, advice: u64, stan: u32) {
        self.last_stan = stan;
        for (_, queue) in &mut self.queues {
            if let Some(item) = queue.get_mut(advice) {
                item.stan = stan;
            }
        }
    }

    /// After power loss: the last sending of each advice was recorded, and perhaps not made.
    pub(super) fn doubt_last_sendings(&mut self) {
        self.queues.iter_mut().for_each(|(_, queue)| queue.doubt_last_sendings());
    }

    /// Forgets that requests were seen. No correct switch does.
    #[cfg_attr(mutants, mutants::skip)]
    pub(super) fn forget_requests(&mut self) {
        self.transactions.values_mut().for_each(|transaction| transaction.is_remembered = false);
    }

    pub(super) fn next_id(&self) -> u64 {
        self.last_id + 1
    }

    pub(super) fn next_advice(&self) -> u64 {
        self.last_advice + 1
    }

    pub(super) fn transaction(&self, id: u64) -> Option<&Transaction> {
        self.transactions.get(&id)
    }

    /// All transactions, oldest first.
    pub(super) fn transactions(&self) -> impl ExactSizeIterator<Item = (u64, &Transaction)> {
        self.transactions.iter().map(|(id, transaction)| (*id, transaction))
    }

    /// Which transaction travelled under this key, or is reversed by what did.
    pub(super) fn sent_under(&self, key: &NetworkKey) -> Option<u64> {
        self.sent.get(key).copied()
    }

    /// How far the request with this name has come.
    pub(super) fn stage(&self, origin: Origin) -> Stage<'_> {
        match self.origins.get(&origin) {
            None => Stage::Unknown,
            Some(Known::Barred(_)) => Stage::Barred,
            Some(Known::Transaction(id)) => match self.transactions.get(id) {
                Some(transaction) if transaction.is_remembered => match transaction.answer {
                    Some(answer) => Stage::Answered(*id, transaction, answer),
                    None => Stage::InDoubt(*id, transaction),
                },
                _ => Stage::Unknown,
            },
        }
    }

    /// The approved request of a terminal under this number, in whatever batch. No correct switch
    /// asks for it.
    pub(super) fn answered_under(&self, terminal: [u8; 8], stan: u32) -> Stage<'_> {
        let is_it =
            |(id, transaction): (u64, &Transaction)| match (transaction.origin, transaction.answer)
            {
                (Origin::Pos(key), Some(answer))
                    if key.terminal == terminal
                        && key.stan == stan
                        && answer.code.is_approval() =>
                {
                    Some((id, answer))
                }
                _ => None,
            };
        let found = self.transactions().filter_map(is_it).last();
        let found = found.and_then(|(id, answer)| Some((id, self.transaction(id)?, answer)));
        found.map_or(Stage::Unknown, |(id, transaction, answer)| {
            Stage::Answered(id, transaction, answer)
        })
    }

    /// The transaction with this name, if it came.
    pub(super) fn named(&self, origin: Origin) -> Option<(u64, &Transaction)> {
        match self.origins.get(&origin)? {
            Known::Transaction(id) => Some((*id, self.transactions.get(id)?)),
            Known::Barred(_) => None,
        }
    }

    /// What a reversal that names this request refers to.
    pub(super) fn original(&self, origin: Origin) -> Original {
        match self.origins.get(&origin) {
            None => Original::Unknown,
            Some(Known::Barred(reversal)) => Original::Reversed(*reversal),
            Some(Known::Transaction(id)) => {
                match self.transactions.get(id).and_then(|transaction| transaction.reversal) {
                    Some(reversal) => Original::Reversed(reversal),
                    None => Original::Known(*id),
                }
            }
        }
    }

    /// How its terminal calls the sale with this retrieval reference number.
    pub(super) fn referred(&self, rrn: &[u8; 12]) -> Option<Origin> {
        self.transactions.get(self.references.get(rrn)?).map(|sale| sale.origin)
    }

    /// The queue of an upstream port.
    pub(super) fn queue(&self, port: Port) -> Option<&Saf<Advice>> {
        self.queues.iter().find(|(of, _)| *of == port).map(|(_, queue)| queue)
    }

    /// Every advice that waits, whatever its queue.
    pub(super) fn advices(&self) -> impl Iterator<Item = &Advice> {
        self.queues.iter().flat_map(|(_, queue)| queue.iter().map(|entry| &entry.item))
    }

    fn terminal(&self, port: Port) -> Option<&Terminal> {
        self.terminals.iter().find(|terminal| terminal.port == port)
    }

    /// The work keys of the terminal at this port.
    pub(super) fn keys(&self, port: Port) -> KeyState {
        let none = KeyState { generation: 0, are_good: false };
        self.terminal(port).map_or(none, |terminal| terminal.keys)
    }

    fn set_keys(&mut self, port: Port, keys: KeyState) {
        if let Some(terminal) = self.terminals.iter_mut().find(|terminal| terminal.port == port) {
            terminal.keys = keys;
        }
    }

    /// The open batch of the terminal at this port.
    pub(super) fn open_batch(&self, port: Port) -> u32 {
        self.terminal(port).map_or(0, |terminal| terminal.batch)
    }

    pub(super) fn batch(&self, terminal: [u8; 8], batch: u32) -> Option<&Batch> {
        self.batches.get(&(terminal, batch))
    }

    /// The commit of the last record about a batch.
    pub(super) fn batch_commit(&self, terminal: [u8; 8], batch: u32) -> u64 {
        self.batch(terminal, batch).map_or(0, |batch| batch.commit)
    }

    /// Vouchers of a batch whose advices nobody has answered.
    pub(super) fn untold_of(&self, terminal: [u8; 8], batch: u32) -> Vec<u32> {
        let voucher = move |stan| Origin::Pos(PosKey { terminal, batch, stan });
        let of = self.origins.range(voucher(0)..=voucher(u32::MAX));
        let untold = of.filter_map(|(origin, known)| {
            let (Origin::Pos(key), Known::Transaction(id)) = (origin, known) else { return None };
            let transaction = self.transactions.get(id)?;
            let is_open = transaction.kind.is_advice() && transaction.answer.is_none();
            is_open.then_some(key.stan)
        });
        untold.collect()
    }

    /// Whether this batch was closed.
    pub(super) fn is_closed(&self, terminal: [u8; 8], batch: u32) -> bool {
        self.batch(terminal, batch).is_some_and(|batch| batch.is_closed)
    }

    fn batch_mut(&mut self, terminal: [u8; 8], batch: u32) -> &mut Batch {
        let known = self.batches.entry((terminal, batch)).or_default();
        known.commit = self.commit;
        known
    }

    /// What of a batch is on its way upstream, unanswered and not taken back.
    pub(super) fn in_flight_of(&self, terminal: [u8; 8], batch: u32) -> Vec<u64> {
        let voucher = move |stan| Origin::Pos(PosKey { terminal, batch, stan });
        let of = self.origins.range(voucher(0)..=voucher(u32::MAX)).filter_map(|(_, known)| {
            let Known::Transaction(id) = known else { return None };
            let transaction = self.transactions.get(id)?;
            let is_open = transaction.sent.is_some() && transaction.answer.is_none();
            let is_in_doubt = transaction.kind.is_reversible() && !transaction.is_advised;
            (is_open && is_in_doubt).then_some(*id)
        });
        of.collect()
    }

    /// What counts in a batch, by STAN: answered approved, and not reversed.
    pub(super) fn counted(
        &self,
        terminal: [u8; 8],
        batch: u32,
    ) -> impl Iterator<Item = Counted> + '_ {
        let voucher = move |stan| Origin::Pos(PosKey { terminal, batch, stan });
        self.origins.range(voucher(0)..=voucher(u32::MAX)).filter_map(|(origin, known)| {
            let (Origin::Pos(PosKey { stan, .. }), Known::Transaction(id)) = (origin, known) else {
                return None;
            };
            let transaction = self.transactions.get(id)?;
            let (kind, ticket) = (transaction.kind, transaction.ticket);
            let answer = transaction.approval().filter(|_| kind.is_settled())?;
            Some(Counted { id: *id, ticket, stan: *stan, kind, minor: answer.minor })
        })
    }
}
