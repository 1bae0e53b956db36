//! How records change the book of a switch.
//!
//! [`Book::apply`] runs when a record is written and again, over the same records, after power
//! loss; so nothing durable can live beside the journal. It decides nothing.

use super::{Advice, Answer, Book, Compared, KeyState, Known, Reversal, Sent, Transaction};
use crate::iso8583::ResponseCode;
use crate::record::{Kind, NetworkKey, Origin, PosKey, Reason, SwitchRecord};

/// A batch number has six digits.
const BATCH_MAX: u32 = 999_999;

impl Book {
    /// Takes a record in. What it refers to and does not find, it leaves alone.
    pub(in crate::switch) fn apply(&mut self, record: &SwitchRecord) {
        match record {
            SwitchRecord::KeysIssued { port, generation, .. } => {
                self.set_keys(*port, KeyState { generation: *generation, are_good: true });
            }
            SwitchRecord::KeysWithdrawn { port } => {
                let generation = self.keys(*port).generation;
                self.set_keys(*port, KeyState { generation, are_good: false });
            }
            SwitchRecord::RouteSet { port, is_open: true } => {
                self.closed_routes.remove(port);
            }
            SwitchRecord::RouteSet { port, is_open: false } => {
                self.closed_routes.insert(*port);
            }
            SwitchRecord::Forwarded { .. } => self.apply_forwarded(record),
            SwitchRecord::Answered { .. } => self.apply_answered(record),
            SwitchRecord::LateAnswerAbsorbed { id, .. } => {
                if let Some(transaction) = self.transactions.get_mut(id) {
                    transaction.is_absorbed = true;
                }
            }
            SwitchRecord::ReversalAccepted { id, origin, code, .. } => {
                self.apply_reversal(*id, *origin, *code);
            }
            SwitchRecord::AdviceQueued { .. } => self.apply_queued(record),
            SwitchRecord::AdviceTried { advice, attempt } => {
                self.queues.iter_mut().for_each(|(_, queue)| queue.tried(*advice, *attempt));
            }
            SwitchRecord::AdviceCompleted { advice, .. }
            | SwitchRecord::AdviceRefused { advice, .. }
            | SwitchRecord::ExceptionOpened { advice, .. } => self.drop_advice(*advice),
            SwitchRecord::Compared { terminal, batch, theirs, ours } => {
                let counted = self.counted(*terminal, *batch).collect();
                let compared = Compared { theirs: *theirs, ours: *ours, counted };
                self.batch_mut(*terminal, *batch).compared = Some(compared);
            }
            SwitchRecord::DetailReceived { key, minor } => {
                self.batch_mut(key.terminal, key.batch).details.insert(key.stan, *minor);
            }
            SwitchRecord::BatchClosed { terminal, batch, differences, .. } => {
                self.apply_closed(*terminal, *batch, differences);
            }
            SwitchRecord::CutOver { date } => {
                self.closing.cut_over(self.business_date, *date);
                self.business_date = *date;
            }
            SwitchRecord::PaidOut { id, merchant, minor, .. } => {
                self.payouts.pay(*merchant, *minor, *id);
            }
            SwitchRecord::ExtractClosed { .. } | SwitchRecord::FileDelivered { .. } => {
                self.closing.apply(record, self.commit);
                self.claims.apply(record, self.commit);
            }
            SwitchRecord::ReturnTaken { entries, .. } => {
                self.claims.apply(record, self.commit);
                for extracted in entries {
                    if self.is_refunded(extracted.id) {
                        self.claims.leave(extracted.id);
                    }
                }
            }
            SwitchRecord::ClaimFiled { .. }
            | SwitchRecord::ClaimRefused { .. }
            | SwitchRecord::SlipAnswered { .. } => self.claims.apply(record, self.commit),
        }
    }

    fn apply_closed(&mut self, terminal: [u8; 8], batch: u32, differences: &[u32]) {
        let known = self.batch_mut(terminal, batch);
        known.is_closed = true;
        known.differences = differences.to_vec();
        if let Some(known) = self.terminals.iter_mut().find(|known| known.id == terminal) {
            known.batch = batch % BATCH_MAX + 1;
        }
        let name = |stan: &u32| Origin::Pos(PosKey { terminal, batch, stan: *stan });
        let named = differences.iter().filter_map(|stan| self.named(name(stan)));
        let named: Vec<(u64, Option<u64>)> = named.map(|(id, of)| (id, of.original)).collect();
        for (id, original) in named {
            // What is on one side only earns nothing. Planted defect W44: it stays paid out.
            if !self.keeps_one_sided {
                self.earn(id);
            }
            // And a refund gives nothing back.
            if let Some(original) = original.filter(|original| !self.is_refunded(*original)) {
                self.claims.take_up(original);
            }
        }
    }

    fn apply_reversal(&mut self, id: Option<u64>, origin: Origin, code: ResponseCode) {
        let reversal = Reversal { code, commit: self.commit };
        match id.and_then(|id| self.transactions.get_mut(&id)) {
            Some(transaction) => {
                transaction.reversal = Some(reversal);
                // Planted defect W43: what was paid out is never asked back.
                if let Some(id) = id.filter(|_| !self.keeps_reversed) {
                    self.earn(id);
                }
            }
            None => {
                self.origins.insert(origin, Known::Barred(reversal));
            }
        }
    }

    fn apply_forwarded(&mut self, record: &SwitchRecord) {
        let SwitchRecord::Forwarded {
            id,
            ticket,
            origin,
            kind,
            original,
            original_date,
            to,
            key,
            rrn,
            terminal,
            merchant,
            pan,
            amount,
            ..
        } = *record
        else {
            return;
        };
        let SwitchRecord::Forwarded { business_date, authorization, .. } = *record else { return };
        let sent =
            Sent { to, key, rrn, terminal, merchant, pan, amount, original_date, authorization };
        self.sent.insert(key, id);
        if kind == Kind::Sale && matches!(origin, Origin::Pos(_)) {
            self.references.insert(rrn, id);
        }
        self.last_stan = key.stan;
        self.insert(
            id,
            Transaction {
                ticket,
                origin,
                kind,
                original,
                business_date,
                sent: Some(sent),
                answer: None,
                reversal: None,
                is_advised: false,
                is_absorbed: false,
                is_remembered: true,
                earned: 0,
                commit: self.commit,
            },
        );
    }

    fn apply_answered(&mut self, record: &SwitchRecord) {
        let SwitchRecord::Answered {
            id,
            ticket,
            origin,
            kind,
            code,
            amount,
            authorization,
            balance,
            business_date,
        } = *record
        else {
            return;
        };
        let minor = amount.minor;
        let commit = self.commit;
        let answer = Answer { code, minor, authorization, balance, business_date, commit };
        if let Some(transaction) = self.transactions.get_mut(&id) {
            transaction.answer = Some(answer);
            let original = transaction.original.filter(|_| kind == Kind::Refund);
            self.earn(id);
            if let Some(original) = original.filter(|original| self.is_refunded(*original)) {
                self.claims.leave(original);
            }
            return;
        }
        let reversal = match self.origins.get(&origin) {
            Some(Known::Barred(reversal)) => Some(*reversal),
            _ => None,
        };
        self.insert(
            id,
            Transaction {
                ticket,
                origin,
                kind,
                original: None,
                business_date,
                sent: None,
                answer: Some(answer),
                reversal,
                is_advised: false,
                is_absorbed: false,
                is_remembered: true,
                earned: 0,
                commit: self.commit,
            },
        );
    }

    fn insert(&mut self, id: u64, transaction: Transaction) {
        self.last_id = self.last_id.max(id);
        self.origins.insert(transaction.origin, Known::Transaction(id));
        self.transactions.insert(id, transaction);
    }

    fn apply_queued(&mut self, record: &SwitchRecord) {
        let SwitchRecord::AdviceQueued { advice, id, to, stan, transmission, reason, .. } = *record
        else {
            return;
        };
        self.last_advice = self.last_advice.max(advice);
        let Some(transaction) = self.transactions.get_mut(&id) else { return };
        // What was approved in the issuer's stead keeps the name it has, and may still be reversed.
        if reason != Reason::StoodIn {
            self.last_stan = stan;
            transaction.is_advised = true;
        }
        let Some(Sent { key, .. }) = transaction.sent else { return };
        self.sent.insert(NetworkKey { stan, transmission, ..key }, id);
        let item = Advice { id, stan, transmission, reason, since: self.now };
        if let Some((_, queue)) = self.queues.iter_mut().find(|(port, _)| *port == to) {
            queue.push(advice, item);
        }
    }
}
