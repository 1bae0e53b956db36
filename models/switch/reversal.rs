//! Reversals at a switch: taken from whoever sent the original, queued upstream, sent until taken.
//! Advices of their own (0220) go through the same queues; what they say is in `advice.rs`.
//!
//! Advices of one upstream port go first in, first out, one at a time, always on the port their
//! original went to. Every sending is recorded before it leaves; 0420 first, 0421 afterwards, with
//! the same elements 7 and 11. A sending counts only on a line that stands.

use super::advice::decides;
use super::book::{Original, Sent, Transaction};
use super::exchange::{Marks, fixed, transmission};
use super::{Caller, Side, Switch, Timer, about};
use crate::asked::Question;
use crate::card::Amount;
use crate::defect::Defect;
use crate::iso8583::{Element, Envelope, Message, Mti, OriginalPos61, ResponseCode};
use crate::node::{Actions, Port, Ticket};
use crate::record::{NetworkKey, Origin, Reason, SwitchRecord};
use crate::time::Now;

/// Whether a 0430 with this code ends an advice. With any other the peer may still take it later.
fn is_final(code: ResponseCode) -> bool {
    code.is_approval()
        || matches!(
            code,
            ResponseCode::INVALID_TRANSACTION
                | ResponseCode::SUSPICIOUS_OPERATION
                | ResponseCode::ORIGINAL_NOT_FOUND
                | ResponseCode::DUPLICATE_TRANSMISSION
        )
}

/// Planted defect W27: the figure that people read, written as if it had two decimals.
#[cfg_attr(mutants, mutants::skip)]
fn with_two_decimals(amount: Amount) -> u64 {
    amount.minor.saturating_mul(100) / 10_u64.pow(amount.currency.decimals())
}

/// MMDD of the voucher that a message is about; 0 if it says none.
pub(super) fn original_date(message: &Message) -> u16 {
    OriginalPos61::of(message).and_then(|original| original.date).unwrap_or(0)
}

impl Switch {
    /// A 0400 from a terminal, or a 0420 from another switch, that names its original.
    pub(super) fn reverse(
        &mut self,
        now: Now,
        caller: Caller,
        origin: Origin,
        message: &Message,
        actions: &mut Actions,
    ) {
        let code = match self.book.original(origin) {
            Original::Reversed(reversal) if !self.is_durable(reversal.commit) => return,
            Original::Reversed(reversal) => reversal.code,
            Original::Known(id) if !self.is_reversal_of(id, message) => {
                let answer = self.reversal_answer(
                    now,
                    caller.side,
                    origin,
                    message,
                    ResponseCode::AMOUNT_MISMATCH,
                );
                return self.answer(caller, &answer, actions);
            }
            // Whoever looks the voucher up finds none of that date.
            Original::Known(id) if !self.is_about_the_same(id, message) => {
                let code = ResponseCode::ORIGINAL_NOT_FOUND;
                let answer = self.reversal_answer(now, caller.side, origin, message, code);
                return self.answer(caller, &answer, actions);
            }
            // What was told is done: it is never taken back.
            Original::Known(id) if self.is_advice(id) => {
                let code = ResponseCode::INVALID_TRANSACTION;
                let answer = self.reversal_answer(now, caller.side, origin, message, code);
                return self.answer(caller, &answer, actions);
            }
            Original::Known(_) => ResponseCode::APPROVED,
            Original::Unknown => ResponseCode::ORIGINAL_NOT_FOUND,
        };
        let answer = self.reversal_answer(now, caller.side, origin, message, code);
        if self.config.defects.has(Defect::W13) {
            self.answer(caller, &answer, actions);
        }
        let to = self.accept_reversal(now, origin, code, actions);
        if !self.config.defects.has(Defect::W13) {
            self.answer(caller, &answer, actions);
        }
        if let Some(port) = to {
            self.send_advices(now, port, actions);
        }
    }

    /// Whether card and amount are those of the original: a name may have been used twice.
    fn is_reversal_of(&self, id: u64, message: &Message) -> bool {
        let Some(transaction) = self.book.transaction(id) else { return false };
        let Some(Sent { pan, amount, .. }) = transaction.sent else { return true };
        let approved = transaction.answer.map_or(0, |answer| answer.minor);
        let amounts = [amount.minor, approved];
        message.get(Element::PAN).is_none_or(|named| named == pan.as_str().as_bytes())
            && message.number(Element::AMOUNT).is_none_or(|minor| amounts.contains(&minor))
    }

    /// Whether element 61 of the reversal of a void or completion names the voucher of the date
    /// that the void or completion named.
    fn is_about_the_same(&self, id: u64, message: &Message) -> bool {
        let sent = self.book.transaction(id).and_then(|transaction| transaction.sent);
        let given = original_date(message);
        sent.is_none_or(|sent| [0, sent.original_date].contains(&given))
    }

    /// Records what a reversal does, in one commit: nothing, if it came before. Tells which port an
    /// advice goes to, if one does.
    fn accept_reversal(
        &mut self,
        now: Now,
        origin: Origin,
        code: ResponseCode,
        actions: &mut Actions,
    ) -> Option<Port> {
        let id = match self.book.original(origin) {
            Original::Reversed(_) => return None,
            Original::Known(id) => Some(id),
            Original::Unknown => None,
        };
        let transaction = id.and_then(|id| self.book.transaction(id));
        let ticket = transaction.map_or(actions.ticket(), |transaction| transaction.ticket);
        // What was claimed is final: whoever still reverses it ends a doubt, and moves nothing.
        let is_claimed = id.is_some_and(|id| self.is_claimed(id));
        let advised = transaction.filter(|of| !is_claimed && self.owes_reversal(of));
        let to = advised.and_then(|transaction| transaction.sent).map(|sent| self.way_back(&sent));
        // Power may fail inside a commit and keep its beginning: the advice comes first.
        if let Some(id) = id.filter(|_| to.is_some()) {
            self.queue_advice(now, id, Reason::TerminalReversed, actions);
        }
        self.commit(SwitchRecord::ReversalAccepted { id, ticket, origin, code }, actions);
        if let Some(id) = id {
            // Its sender has given up. Should an approval still come, it is late.
            self.stop_waiting(id);
        }
        to
    }

    /// Whether money may have moved upstream that no queued reversal takes back.
    pub(super) fn owes_reversal(&self, transaction: &Transaction) -> bool {
        let is_declined = transaction.answer.is_some_and(|answer| !answer.code.is_approval());
        transaction.kind.is_reversible()
            && transaction.sent.is_some()
            && !transaction.is_advised
            && (!is_declined || self.config.defects.has(Defect::W26))
    }

    /// The port that a reversal goes to: its original's, whatever the routes are by now.
    pub(super) fn way_back(&self, sent: &Sent) -> Port {
        match self.config.defects.has(Defect::W38) {
            true => self.upstream_of(&sent.pan).map_or(sent.to, |upstream| upstream.port),
            false => sent.to,
        }
    }

    /// Records the advice that takes a transaction back. It leaves with
    /// [`send_advices`](Switch::send_advices), after what is told its sender.
    pub(super) fn queue_advice(
        &mut self,
        now: Now,
        id: u64,
        reason: Reason,
        actions: &mut Actions,
    ) {
        let Some(transaction) = self.book.transaction(id) else { return };
        let (ticket, Some(sent)) = (transaction.ticket, transaction.sent) else { return };
        // Numbers run out only for new sales; a reversal takes the next one at any rate.
        let stan = self
            .next_key(now, sent.key.acquirer)
            .map_or_else(|| self.next_stan(self.book.last_stan), |key| key.stan);
        let transmission = transmission(now);
        let advice = self.book.next_advice();
        let to = self.way_back(&sent);
        about(ticket, actions, |actions| {
            let record =
                SwitchRecord::AdviceQueued { advice, id, ticket, to, stan, transmission, reason };
            self.commit(record, actions);
        });
    }

    /// Sends the head of a queue, if nothing of that queue is on its way and a line stands.
    pub(super) fn send_advices(&mut self, now: Now, port: Port, actions: &mut Actions) {
        let Some(at) = self.config.upstream.iter().position(|upstream| upstream.port == port)
        else {
            return;
        };
        while !self.pools[at].is_sending
            && let Some(head) = self.book.queue(port).and_then(|queue| queue.head())
        {
            let (number, attempts, id) = (head.number, head.attempts, head.item.id);
            let is_repeat = head.is_repeat;
            if self.config.defects.has(Defect::W09)
                && now.instant.since(head.item.since).0 > self.expiry()
            {
                self.book.drop_advice(number);
                continue;
            }
            self.asking.note(Question::AdviceBudget, attempts.into());
            let is_spent = attempts >= self.config.saf_attempts.max(1);
            if is_spent && !self.config.defects.has(Defect::W06) {
                self.open_exception(number, id, attempts, actions);
                continue;
            }
            let repeat = is_repeat.then_some(attempts);
            let Some(link) = self.link_for_advice(port, id, repeat) else { return };
            if is_repeat && self.config.defects.has(Defect::W35) {
                let stan = self.next_stan(self.book.last_stan);
                self.book.renumber(number, stan);
            }
            let attempt = attempts.saturating_add(1);
            let Some((ticket, message)) = self.advice_message(port) else { return };
            about(ticket, actions, |actions| {
                self.commit(SwitchRecord::AdviceTried { advice: number, attempt }, actions);
                if let Some(frame) = self.seal(link, &message, Envelope::default(), actions) {
                    actions.send(link, frame);
                }
            });
            self.touch(now, link);
            (self.pools[at].is_sending, self.pools[at].tried) = (true, self.commits.begun);
            self.asking.note(Question::AdviceInterval, 0);
            self.await_answer(Timer::Advice(port), now.instant + self.config.saf_retry);
        }
    }

    /// Sends the heads of all queues.
    pub(super) fn send_all_advices(&mut self, now: Now, actions: &mut Actions) {
        let ports: Vec<Port> = self.config.upstream.iter().map(|upstream| upstream.port).collect();
        ports.into_iter().for_each(|port| self.send_advices(now, port, actions));
    }

    /// Planted defect W09: how long an advice may wait in its queue.
    fn expiry(&self) -> u64 {
        self.asking.note(Question::AdviceInterval, 0);
        // A product with the budget: any other budget answers otherwise.
        self.asking.note(Question::AdviceBudget, 0);
        self.asking.note(Question::AdviceBudget, u64::MAX);
        self.config.saf_retry.times(self.config.saf_attempts.into()).0 / 2
    }

    /// The budget of an advice is spent: people take over, and the rest of the queue goes on.
    fn open_exception(&mut self, advice: u64, id: u64, attempts: u16, actions: &mut Actions) {
        let transaction = self.book.transaction(id);
        let Some((ticket, sent)) = transaction.and_then(|of| Some((of.ticket, of.sent?))) else {
            return self.book.drop_advice(advice);
        };
        if self.config.defects.has(Defect::W11) {
            return self.book.drop_advice(advice);
        }
        about(ticket, actions, |actions| {
            let amount = sent.amount;
            let record = SwitchRecord::ExceptionOpened { advice, id, ticket, amount, attempts };
            self.commit(record, actions);
        });
    }

    /// Nothing final came for the head of a queue since it was sent. What still waits for a slow
    /// disk has not left, so nobody can have answered it.
    pub(super) fn retry_advice(&mut self, now: Now, port: Port, actions: &mut Actions) {
        let pool = self.config.upstream.iter().position(|upstream| upstream.port == port);
        if pool.is_some_and(|at| !self.is_durable(self.pools[at].tried)) {
            return self.await_answer(Timer::Advice(port), now.instant + self.config.saf_retry);
        }
        self.stop_sending(port);
        self.send_advices(now, port, actions);
    }

    pub(super) fn stop_sending(&mut self, port: Port) {
        self.timers.clear(Timer::Advice(port));
        if let Some(at) = self.config.upstream.iter().position(|upstream| upstream.port == port) {
            self.pools[at].is_sending = false;
        }
    }

    /// A 0430, or a 0230 to what is queued, from upstream whose MAC is right.
    pub(super) fn advice_answered(
        &mut self,
        now: Now,
        port: Port,
        message: &Message,
        actions: &mut Actions,
    ) {
        let Some(head) = self.book.queue(port).and_then(|queue| queue.head()) else { return };
        let (advice, id, is_sent) = (head.number, head.item.id, head.is_repeat);
        let (stan, transmission) = (head.item.stan, head.item.transmission);
        let transaction = self.book.transaction(id);
        let Some((ticket, sent)) = transaction.and_then(|of| Some((of.ticket, of.sent?))) else {
            return;
        };
        let key = NetworkKey { stan, transmission, ..sent.key };
        let is_told = head.item.reason.is_told();
        let code = message.get(Element::RESPONSE_CODE).and_then(ResponseCode::parse);
        let ends = |code: &ResponseCode| if is_told { decides(*code) } else { is_final(*code) };
        let Some(code) = code.filter(ends) else { return };
        if !is_sent || NetworkKey::of(message) != Some(key) {
            return;
        }
        let record = match code.is_approval() || !is_told {
            true => SwitchRecord::AdviceCompleted { advice, code },
            false => SwitchRecord::AdviceRefused { advice, id, ticket, amount: sent.amount, code },
        };
        about(ticket, actions, |actions| self.commit(record, actions));
        self.stop_sending(port);
        self.send_advices(now, port, actions);
    }

    /// The message of the head of a queue, marked if it is a repeat, and the ticket it is about.
    fn advice_message(&self, port: Port) -> Option<(Ticket, Message)> {
        let head = self.book.queue(port)?.head()?;
        let advice = &head.item;
        let transaction = self.book.transaction(advice.id)?;
        if advice.reason.is_told() {
            return Some((transaction.ticket, self.told_message(transaction, head)?));
        }
        let Sent { key, rrn, terminal, merchant, pan, amount, .. } = transaction.sent?;
        let mti = match head.is_repeat {
            false => Mti::REVERSAL_ADVICE,
            true if self.config.defects.has(Defect::W10) => Mti::REVERSAL_ADVICE,
            true => Mti::REVERSAL_ADVICE_REPEAT,
        };
        let mut message = Message::new(mti)
            .with(Element::PAN, pan.as_str())
            .with(Element::PROCESSING_CODE, transaction.kind.network_processing());
        let minor = match self.config.defects.has(Defect::W27) {
            true => with_two_decimals(amount),
            false => amount.minor,
        };
        message.set_number(Element::AMOUNT, minor, 12);
        message.set_number(Element::TRANSMISSION_TIME, advice.transmission.into(), 10);
        message.set_number(Element::STAN, advice.stan.into(), 6);
        message.set_number(Element::SETTLEMENT_DATE, self.book.business_date.mmdd().into(), 4);
        message.set(Element::MERCHANT_TYPE, super::network::MERCHANT_TYPE);
        message.set(Element::CONDITION_CODE, transaction.kind.condition());
        message.set_number(Element::ACQUIRER, key.acquirer, 8);
        message.set_number(Element::FORWARDER, key.forwarder, 8);
        message.set(Element::RRN, rrn);
        message.set(Element::TERMINAL, terminal);
        message.set(Element::MERCHANT, merchant);
        message.set_number(Element::CURRENCY, amount.currency.0.into(), 3);
        message.set_number(Element::PRIVATE_60, advice.reason.network_code().into(), 4);
        message.set(Element::ORIGINAL_DATA, key.original_data(transaction.kind.request()));
        Some((transaction.ticket, message))
    }

    /// What a reversal is answered.
    fn reversal_answer(
        &self,
        now: Now,
        side: Side,
        origin: Origin,
        message: &Message,
        code: ResponseCode,
    ) -> Message {
        let business_date = self.book.business_date;
        let known = self.book.named(origin);
        let marks = match known {
            Some((id, transaction)) => self.marks_of(now, id, transaction, business_date),
            None => Marks {
                transmission: transmission(now),
                business_date,
                rrn: fixed(message, Element::RRN).unwrap_or_else(|| self.service_rrn(message)),
            },
        };
        let mut answer = match side {
            Side::Terminal(_) => self.outline_for_terminal(message, &marks),
            Side::Switch(_) | Side::Upstream(_) => self.outline_for_switch(message, &marks),
        };
        if matches!(side, Side::Terminal(_)) {
            answer.remove(Element::PAN);
        } else {
            answer.copy_from(message, &[Element::ORIGINAL_DATA]);
        }
        answer.set(Element::RESPONSE_CODE, code.0);
        answer
    }
}
