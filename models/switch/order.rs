//! Orders at a switch: a sale by payment code is not taken back when its answer does not come. It
//! stays open, its terminal asks what became of it, and what is known, or what the issuer says, is
//! told. Its close comes as a reversal does, and goes the same way (`reversal.rs`).

use super::book::{Answer, Original, Transaction};
use super::exchange::{Marks, Pending, towards_sender, transmission};
use super::request::{Request, Route};
use super::{Caller, Side, Switch, about};
use crate::defect::Defect;
use crate::iso8583::{Element, Message, ResponseCode};
use crate::node::Actions;
use crate::record::{Kind, NetworkKey, Origin};
use crate::time::Now;

/// What is known of an order.
enum News {
    /// It was decided like this.
    Decided(Answer),
    /// It may be paid, or not: nobody here can tell.
    Open(ResponseCode),
    /// What would say so is not durable yet.
    BeingWritten,
}

impl Transaction {
    /// Whether it is a sale by payment code that went upstream.
    pub(super) fn is_order(&self) -> bool {
        self.sent.is_some_and(|sent| self.kind.is_order(&sent.pan))
    }

    /// Whether it went upstream, and nobody knows what became of it, and nothing takes it back.
    pub(super) fn is_open_order(&self) -> bool {
        self.is_order() && self.answer.is_none() && self.reversal.is_none() && !self.is_advised
    }
}

impl Switch {
    /// Somebody asks what became of an order. It changes nothing; a copy of what was passed on is
    /// answered by what is known here, or not at all.
    pub(super) fn asked_of_order(
        &mut self,
        now: Now,
        request: &Request<'_>,
        is_new: bool,
        actions: &mut Actions,
    ) {
        if self.is_in_maintenance(now) {
            return self.tell(now, request, None, ResponseCode::ISSUER_INOPERATIVE, actions);
        }
        let original = request.original.map(|name| self.book.original(name));
        let id = match original {
            Some(Original::Known(id)) => id,
            Some(Original::Reversed(_)) => {
                return self.tell(now, request, None, ResponseCode::INVALID_TRANSACTION, actions);
            }
            Some(Original::Unknown) | None => {
                return self.tell(now, request, None, ResponseCode::ORIGINAL_NOT_FOUND, actions);
            }
        };
        let Some(order) = self.book.transaction(id) else { return };
        if order.kind != Kind::Sale || order.sent.is_some_and(|sent| sent.pan != request.pan) {
            return self.tell(now, request, None, ResponseCode::INVALID_TRANSACTION, actions);
        }
        match self.news_of(order) {
            News::BeingWritten => {}
            News::Decided(answer) => {
                let (order, code) = (order.clone(), answer.code);
                self.tell(now, request, Some((&order, answer)), code, actions);
            }
            News::Open(code) if !order.is_open_order() => {
                self.tell(now, request, None, code, actions);
            }
            News::Open(_) if self.config.defects.has(Defect::W36) => {
                let code = ResponseCode::AUTHENTICATION_FAILED;
                self.tell(now, request, None, code, actions);
            }
            News::Open(_) if is_new => self.ask_upstream(now, request, id, actions),
            News::Open(_) => {}
        }
    }

    fn news_of(&self, order: &Transaction) -> News {
        match order.answer {
            Some(answer) if !self.is_durable(answer.commit) => News::BeingWritten,
            Some(answer) if !answer.code.is_approval() || order.approval().is_some() => {
                News::Decided(answer)
            }
            // It was paid, or may have been, and is taken back.
            _ => News::Open(ResponseCode::INVALID_TRANSACTION),
        }
    }

    /// Passes the question on to where the order went.
    fn ask_upstream(&mut self, now: Now, request: &Request<'_>, id: u64, actions: &mut Actions) {
        let Some(sent) = self.book.transaction(id).and_then(|order| order.sent) else { return };
        let way = self.idlest_link(sent.to).zip(self.next_key(now, sent.key.acquirer));
        match way {
            Some((link, key)) => {
                let (port, original) = (sent.to, Some(id));
                let route = Route { port, link, key, original, pin: None };
                self.forward(now, request, route, actions);
            }
            None => self.tell(now, request, None, ResponseCode::ISSUER_INOPERATIVE, actions),
        }
    }

    /// Answers a question without asking anybody.
    fn tell(
        &self,
        now: Now,
        request: &Request<'_>,
        known: Option<(&Transaction, Answer)>,
        code: ResponseCode,
        actions: &mut Actions,
    ) {
        let marks = Marks {
            transmission: transmission(now),
            business_date: self.dated(request),
            rrn: self.service_rrn(request.message),
        };
        let mut message = self.outline(request.caller.side, request.message, &marks);
        if let Side::Switch(_) = request.caller.side {
            message.copy_from(request.message, &[Element::ORIGINAL_DATA]);
        }
        put_news(&mut message, request.caller, known, code);
        self.answer(request.caller, &message, actions);
    }

    /// The answer to a question that was passed on.
    pub(super) fn told_of_order(
        &mut self,
        query: u64,
        message: &Message,
        code: ResponseCode,
        actions: &mut Actions,
    ) {
        let asked = self.book.transaction(query).and_then(|query| query.original);
        let order = asked.and_then(|id| Some((id, self.book.transaction(id)?.clone())));
        let Some((id, order)) = order else { return };
        let is_about_it = NetworkKey::of_original(message) == order.sent.map(|sent| sent.key);
        // Who does not wait any more asks again; one that is about something else is no answer.
        let pending = if is_about_it { self.stop_waiting(query) } else { None };
        let Some(Pending { caller, answer: mut message_down, .. }) = pending else { return };
        let news = match order.is_open_order() {
            true if code.leaves_doubt() => News::Open(code),
            true => match self.read_answer(&order, message, code) {
                Some(answer) => News::Decided(answer),
                None => News::Open(ResponseCode::FORMAT_ERROR),
            },
            // Meanwhile the answer to the order itself came, or its close.
            false => self.news_of(&order),
        };
        let (known, code) = match news {
            News::BeingWritten => return,
            News::Decided(answer) => (Some((&order, answer)), answer.code),
            News::Open(code) => (None, towards_sender(code)),
        };
        about(order.ticket, actions, |actions| {
            if let Some((_, answer)) = known.filter(|_| order.is_open_order()) {
                self.record_answer(id, order.origin, order.kind, &answer, actions);
            }
            if let (Side::Switch(_), Origin::Network(key)) = (caller.side, order.origin) {
                let named = key.original_data(order.kind.request());
                message_down.set(Element::ORIGINAL_DATA, named);
            }
            put_news(&mut message_down, caller, known, code);
            self.answer(caller, &message_down, actions);
        });
    }

    /// An answer to an order itself. True if there is nothing more to do: it says that nobody can
    /// tell, or it came late and is kept for whoever asks.
    pub(super) fn keeps_open(
        &mut self,
        id: u64,
        message: &Message,
        code: ResponseCode,
        actions: &mut Actions,
    ) -> bool {
        if !self.book.transaction(id).is_some_and(Transaction::is_order) {
            return false;
        }
        if self.waits(id) {
            let is_open = code.leaves_doubt();
            if is_open {
                self.leave_open(id, towards_sender(code), actions);
            }
            return is_open;
        }
        let Some(order) = self.book.transaction(id).filter(|order| order.is_open_order()) else {
            return false;
        };
        if code.leaves_doubt() {
            return true;
        }
        let (ticket, origin, kind) = (order.ticket, order.origin, order.kind);
        if let Some(answer) = self.read_answer(order, message, code) {
            about(ticket, actions, |actions| {
                self.record_answer(id, origin, kind, &answer, actions);
            });
        }
        true
    }

    /// Tells who waits for an order that nobody can tell, and decides nothing.
    pub(super) fn leave_open(&mut self, id: u64, code: ResponseCode, actions: &mut Actions) {
        let Some(Pending { caller, answer: mut message, .. }) = self.stop_waiting(id) else {
            return;
        };
        let Some(order) = self.book.transaction(id) else { return };
        about(order.ticket, actions, |actions| {
            message.set(Element::RESPONSE_CODE, code.0);
            self.answer(caller, &message, actions);
        });
    }
}

/// Puts what is known of an order into the answer to a question: a terminal learns the reference
/// that its slip will bear.
fn put_news(
    message: &mut Message,
    caller: Caller,
    known: Option<(&Transaction, Answer)>,
    code: ResponseCode,
) {
    if let Some((order, answer)) = known.filter(|(_, answer)| answer.code.is_approval()) {
        message.set_number(Element::AMOUNT, answer.minor, 12);
        if let Some(authorization) = answer.authorization {
            message.set(Element::AUTHORIZATION_CODE, authorization);
        }
        if let (Side::Terminal(_), Some(sent)) = (caller.side, order.sent) {
            message.set(Element::RRN, sent.rrn);
        }
    }
    message.set(Element::RESPONSE_CODE, code.0);
}
