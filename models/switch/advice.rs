//! Advices (0220, 0221) at a switch: what is told is done, so it is never reversed but told again
//! until it is taken (docs/protocol.md 2.4).
//!
//! Two kinds of switches are real. One checks original and limits, answers 0230 itself, and then
//! owes the issuer the advice: from its queue, repeat after repeat, to an answer or an exception
//! item. The other passes advice and answer through, leaves the limits to the issuer, and has its
//! sender repeat. Limits of refunds are here as well.

use super::book::{Advice, Answer, Sent, Transaction};
use super::exchange::{Marks, Pending};
use super::request::Request;
use super::{Switch, Timer, about};
use crate::asked::Question;
use crate::iso8583::{Element, Envelope, Message, Mti, ResponseCode};
use crate::node::{Actions, Port};
use crate::record::{Kind, NetworkKey, Origin, Reason, SwitchRecord};
use crate::saf::Entry;
use crate::time::Now;

/// Element 22 of an advice from a queue: keyed, for no switch keeps a track.
const KEYED: &str = "012";

/// Whether this code decides an advice: taken, or refused for good. After any other, as after no
/// answer, nobody knows what became of an earlier sending.
pub(super) fn decides(code: ResponseCode) -> bool {
    code.is_approval()
        || matches!(
            code,
            ResponseCode::INVALID_TRANSACTION
                | ResponseCode::INVALID_AMOUNT
                | ResponseCode::INVALID_CARD_NUMBER
                | ResponseCode::SUSPICIOUS_OPERATION
                | ResponseCode::ORIGINAL_NOT_FOUND
                | ResponseCode::EXCEEDS_AMOUNT_LIMIT
                | ResponseCode::AMOUNT_MISMATCH
                | ResponseCode::DUPLICATE_TRANSMISSION
        )
}

impl Switch {
    /// Whether this request is an advice that the switch answers itself.
    pub(super) fn answers(&self, request: &Request<'_>) -> bool {
        if request.kind.is_advice() {
            self.asking.note(Question::AnswersAdvices, 0);
        }
        request.kind.is_advice() && self.config.answers_advices
    }

    /// Whether this transaction is an advice.
    pub(super) fn is_advice(&self, id: u64) -> bool {
        self.book.transaction(id).is_some_and(|transaction| transaction.kind.is_advice())
    }

    /// Whether this answers the head of the queue of a port.
    pub(super) fn is_queued(&self, port: Port, answer: &Message) -> bool {
        let head = self.book.queue(port).and_then(|queue| queue.head());
        let key = head.and_then(|head| {
            let sent = self.book.transaction(head.item.id)?.sent?;
            Some(head.item.name(sent.key))
        });
        key.is_some() && NetworkKey::of(answer) == key
    }

    /// An advice for the first time: taken and answered in one commit, then told upstream; or
    /// refused.
    pub(super) fn take_advice(&mut self, now: Now, request: &Request<'_>, actions: &mut Actions) {
        let terms = match self.advice_terms(now, request) {
            Ok(terms) => terms,
            Err(code) => return self.refuse(now, request, code, actions),
        };
        let Some((id, _, forwarded)) = self.forwarded(request, terms, actions.ticket()) else {
            return self.refuse(now, request, ResponseCode::FORMAT_ERROR, actions);
        };
        self.commit(forwarded, actions);
        self.queue_told(id, actions);
        self.answer_told(now, id, request, actions);
        self.send_advices(now, terms.0, actions);
    }

    /// Where an advice goes, under which name and about what; or why it is refused.
    fn advice_terms(
        &self,
        now: Now,
        request: &Request<'_>,
    ) -> Result<(Port, NetworkKey, Option<u64>), ResponseCode> {
        self.check_open(now)?;
        self.check_terms(now, request)?;
        let original = self.check_original(request)?;
        let port = self.upstream_for(&request.pan, original)?.port;
        if self.is_queue_full(port) {
            return Err(ResponseCode::ISSUER_INOPERATIVE);
        }
        let acquirer = self.acquirer_of(request);
        let key = self.next_key(now, acquirer).ok_or(ResponseCode::SYSTEM_MALFUNCTION)?;
        Ok((port, key, original))
    }

    /// Whether the days on which a sale may be refunded are over. Its acquirer keeps that limit.
    pub(super) fn is_too_late(&self, sale: &Transaction, request: &Request<'_>) -> bool {
        let days = self.dated(request).days() - sale.business_date.days();
        let days = u64::try_from(days).unwrap_or(0);
        self.asking.note(Question::RefundDays, days);
        matches!(request.origin, Origin::Pos(_)) && days > u64::from(self.config.refund_days)
    }

    /// Whether so much of this sale, of which `done` was approved, may be refunded. Who passes
    /// advices through leaves it to the issuer what all refunds may come to.
    pub(super) fn check_refund(&self, id: u64, asked: u64, done: u64) -> Result<(), ResponseCode> {
        if asked == 0 {
            return Err(ResponseCode::INVALID_AMOUNT);
        }
        if asked > done {
            return Err(ResponseCode::AMOUNT_MISMATCH);
        }
        let sum = self.book.refunded(id).saturating_add(asked);
        if self.config.answers_advices && sum > done {
            return Err(ResponseCode::EXCEEDS_AMOUNT_LIMIT);
        }
        Ok(())
    }

    /// Whether a tip of so much may be added to this sale, of which `done` was approved.
    pub(super) fn check_tip(&self, id: u64, asked: u64, done: u64) -> Result<(), ResponseCode> {
        if asked == 0 {
            return Err(ResponseCode::INVALID_AMOUNT);
        }
        // What goes back is not added to.
        if self.book.refunded(id) > 0 || self.book.claims.is_disputed(id) {
            return Err(ResponseCode::SUSPICIOUS_OPERATION);
        }
        let percent = self.book.tipped(id).saturating_add(asked).saturating_mul(100);
        let percent = percent.div_ceil(done.max(1));
        self.asking.note(Question::TipPercent, percent);
        if percent > u64::from(self.config.tip_percent) {
            return Err(ResponseCode::EXCEEDS_AMOUNT_LIMIT);
        }
        Ok(())
    }

    /// Records that an advice that was taken waits in the queue of its upstream port.
    fn queue_told(&mut self, id: u64, actions: &mut Actions) {
        let Some(Sent { key, .. }) = self.book.transaction(id).and_then(|told| told.sent) else {
            return;
        };
        self.queue_under(id, key, Reason::Told, actions);
    }

    /// The same, of whatever is told under this name.
    pub(super) fn queue_under(
        &mut self,
        id: u64,
        key: NetworkKey,
        reason: Reason,
        actions: &mut Actions,
    ) {
        let Some(transaction) = self.book.transaction(id) else { return };
        let (ticket, Some(Sent { to, .. })) = (transaction.ticket, transaction.sent) else {
            return;
        };
        let advice = self.book.next_advice();
        let NetworkKey { stan, transmission, .. } = key;
        about(ticket, actions, |actions| {
            let queued =
                SwitchRecord::AdviceQueued { advice, id, ticket, to, stan, transmission, reason };
            self.commit(queued, actions);
        });
    }

    /// Power may have failed after an advice was taken and before it was queued. Its sender, who
    /// got no answer, tells it again.
    pub(super) fn queue_what_was_taken(&mut self, actions: &mut Actions) {
        if !self.config.answers_advices {
            return;
        }
        let is_left = |(_, of): &(u64, &Transaction)| {
            of.kind.is_advice() && of.sent.is_some() && !of.is_advised
        };
        let left: Vec<u64> = self.book.transactions().filter(is_left).map(|(id, _)| id).collect();
        for id in left {
            self.queue_told(id, actions);
        }
    }

    /// Records that an advice is taken, and says so.
    fn answer_told(&mut self, now: Now, id: u64, request: &Request<'_>, actions: &mut Actions) {
        let Some(transaction) = self.book.transaction(id) else { return };
        let date = transaction.business_date;
        let minor = request.amount.minor;
        let answer = Answer { minor, ..Answer::declined(ResponseCode::APPROVED, date) };
        self.record_answer(id, request.origin, request.kind, &answer, actions);
        self.pay_at_once(id, actions);
        if let Some(transaction) = self.book.transaction(id) {
            self.repeat(now, request, transaction, id, answer, actions);
        }
    }

    /// An advice again that was taken up before and not answered.
    pub(super) fn go_on_with_advice(
        &mut self,
        now: Now,
        id: u64,
        request: &Request<'_>,
        actions: &mut Actions,
    ) {
        let Some(transaction) = self.book.transaction(id) else { return };
        let (date, original) = (transaction.business_date, transaction.original);
        let Some(sent) = transaction.sent else { return };
        let is_same = sent.pan == request.pan && sent.amount == request.amount;
        // Its sale is given back because there is no slip. Should the issuer have booked the refund
        // as well, it takes that back when no file tells of it.
        let is_disputed = original.is_some_and(|sale| self.book.claims.is_disputed(sale));
        if !is_same || is_disputed || self.is_in_maintenance(now) {
            return;
        }
        if self.config.answers_advices {
            return self.answer_told(now, id, request, actions);
        }
        let Some(link) = self.idlest_link(sent.to) else { return };
        let marks =
            Marks { transmission: sent.key.transmission, business_date: date, rrn: sent.rrn };
        let mut message = self.request_upstream(request, (sent.key, original), &marks, None);
        message.set_mti(request.kind.request().repeat());
        let Some(frame) = self.seal(link, &message, Envelope::default(), actions) else { return };
        actions.send(link, frame);
        self.touch(now, link);
        self.await_answer(Timer::Response(id), now.instant + self.config.response_timeout);
        let answer = self.outline(request.caller.side, request.message, &marks);
        let (caller, is_for_the_issuer) = (request.caller, true);
        self.pending.push(Pending { id, caller, is_for_the_issuer, answer });
    }

    /// A 0230 from upstream to an advice that was passed through. If nobody waits for it any more,
    /// it is kept for the next repeat.
    pub(super) fn advice_passed_back(
        &mut self,
        now: Now,
        id: u64,
        message: &Message,
        code: ResponseCode,
        actions: &mut Actions,
    ) {
        let Some(transaction) = self.book.transaction(id) else { return };
        if transaction.answer.is_some() || !decides(code) {
            return;
        }
        // The sale is given back another way. What the issuer booked it takes back, because no file
        // tells of it; the terminal is told nothing, and gives the refund up.
        let original = transaction.original;
        if code.is_approval() && original.is_some_and(|sale| self.is_being_returned(sale)) {
            return;
        }
        let Some(answer) = self.read_answer(transaction, message, code) else { return };
        let (ticket, origin, kind) = (transaction.ticket, transaction.origin, transaction.kind);
        if self.waits(id) {
            return self.decide(now, id, answer, None, actions);
        }
        about(ticket, actions, |actions| {
            self.record_answer(id, origin, kind, &answer, actions);
            self.pay_at_once(id, actions);
        });
    }

    /// The 0220 or 0221 of an advice that waits in a queue. It keeps the date on which it was
    /// taken.
    pub(super) fn told_message(&self, told: &Transaction, head: &Entry<Advice>) -> Option<Message> {
        let Sent { key, rrn, terminal, merchant, pan, amount, authorization, .. } = told.sent?;
        let key = head.item.name(key);
        let mti = Mti::FINANCIAL_ADVICE;
        let mti: Mti = if head.is_repeat { mti.repeat() } else { mti };
        let mut message = Message::new(mti)
            .with(Element::PAN, pan.as_str())
            .with(Element::PROCESSING_CODE, told.kind.network_processing());
        message.set_number(Element::AMOUNT, amount.minor, 12);
        message.set_number(Element::TRANSMISSION_TIME, key.transmission.into(), 10);
        message.set_number(Element::STAN, key.stan.into(), 6);
        message.set_number(Element::SETTLEMENT_DATE, told.business_date.mmdd().into(), 4);
        message.set(Element::MERCHANT_TYPE, super::network::MERCHANT_TYPE);
        message.set(Element::ENTRY_MODE, KEYED);
        message.set(Element::CONDITION_CODE, told.kind.condition());
        message.set_number(Element::ACQUIRER, key.acquirer, 8);
        message.set_number(Element::FORWARDER, key.forwarder, 8);
        message.set(Element::RRN, rrn);
        if let Some(authorization) = authorization.filter(|_| told.kind == Kind::OfflineSale) {
            message.set(Element::AUTHORIZATION_CODE, authorization);
        }
        message.set(Element::TERMINAL, terminal);
        message.set(Element::MERCHANT, merchant);
        message.set_number(Element::CURRENCY, amount.currency.0.into(), 3);
        if let Some(original) = told.original {
            let original = self.book.transaction(original)?;
            let named = original.sent?.key.original_data(original.kind.request());
            message.set(Element::ORIGINAL_DATA, named);
        }
        Some(message)
    }
}
