//! A sale by payment code whose answer did not come: asked about (订单查询), and closed (关单) when
//! nobody can tell. The customer may have paid, so it is not taken back unasked; paid and closed is
//! never both. The close itself travels as a reversal does.
//!
//! Read docs/protocol.md 1.4 first: real terminals ask for the result instead of reversing. That
//! the close is a 0400, as two message definitions of one application suggest, is our choice.

use super::journal::{Doubt, Transaction};
use super::messages::{self, Approval, Verdict};
use super::{Aim, Config, State, Terminal, Wish, show};
use crate::asked::Question;
use crate::card::Amount;
use crate::defect::Defect;
use crate::device::Display;
use crate::iso8583::{Element, Order59, ResponseCode};
use crate::line::{Incoming, MacCheck};
use crate::node::{Actions, Ticket};
use crate::record::{Kind, Reason, TerminalRecord};
use crate::time::Now;

impl Terminal {
    /// Nobody said whether the order is paid: it is ended at once, for the customer waits.
    pub(super) fn conclude(&mut self, now: Now, ticket: Ticket, actions: &mut Actions) {
        let wish = Wish {
            ticket,
            aim: Aim::Conclude,
            attempts: 0,
            has_signed_on: false,
            is_allowed: true,
            skips_reversal: false,
            settles_again: false,
        };
        self.proceed(now, wish, actions);
    }

    /// Nothing is in doubt any more, and the screen has said what came of it.
    pub(super) fn concluded(&mut self, now: Now, actions: &mut Actions) {
        if self.slips.is_empty() {
            self.rest(now, actions);
        } else {
            self.state = State::Printing;
        }
    }

    /// Whether an order was asked about so often that it is closed.
    pub(super) fn is_asked_enough(&self, order: &Doubt) -> bool {
        self.asking.note(Question::OrderQueries, order.attempts.into());
        order.attempts >= self.config.order_queries
    }

    /// Asks about an open order once more, or begins to close it.
    pub(super) fn ask_about(&mut self, now: Now, wish: Wish, order: Doubt, actions: &mut Actions) {
        if self.is_asked_enough(&order) {
            self.begin_close(now, wish, &order, actions);
        } else if !self.is_up() {
            self.connect(now, wish, None, actions);
        } else {
            self.query(now, wish, &order, actions);
        }
    }

    /// From here on no answer makes the order paid.
    fn begin_close(&mut self, now: Now, wish: Wish, order: &Doubt, actions: &mut Actions) {
        let Transaction { ticket, stan, .. } = order.transaction;
        actions.about(ticket);
        let reason = order.reason;
        self.record(TerminalRecord::ReversalDue { ticket, stan, reason }, actions);
        actions.about(wish.ticket);
        self.proceed(now, wish, actions);
    }

    fn query(&mut self, now: Now, wish: Wish, order: &Doubt, actions: &mut Actions) {
        show(actions, Display::QueryingOrder);
        let Transaction { ticket, stan: original, .. } = order.transaction;
        actions.about(ticket);
        let (config, batch) = (&self.config, self.memory.batch);
        let message = self
            .card_stan(false)
            .map(|stan| (stan, messages::order_query(config, &order.transaction, stan, batch)));
        let sealed =
            message.and_then(|(stan, message)| Some((stan, self.seal(&message, actions)?)));
        // Without a number, or words, for the question there is only the close.
        let Some((stan, frame)) = sealed else {
            return self.begin_close(now, wish, order, actions);
        };
        let attempt = order.attempts + 1;
        self.record(TerminalRecord::StanTaken { stan }, actions);
        self.record(TerminalRecord::OrderQueried { ticket, stan: original, attempt }, actions);
        self.send(now, frame, actions);
        actions.about(wish.ticket);
        self.state = State::Reversing { wish, original, stan, is_refused: false };
    }

    pub(super) fn order_answered(
        &mut self,
        now: Now,
        wish: Wish,
        (asked, stan): (Transaction, u32),
        incoming: &Incoming,
        actions: &mut Actions,
    ) {
        actions.about(asked.ticket);
        match told(&self.config, &asked, incoming) {
            Verdict::Approved(approval) => self.approve(&asked, approval, actions),
            Verdict::Declined(code) => {
                let Transaction { ticket, stan, .. } = asked;
                self.record(TerminalRecord::Declined { ticket, stan, code }, actions);
                show(actions, Display::Declined(code));
            }
            Verdict::Untrusted(code, _) => self.note_keys(code, actions),
            // The payment may be under way: the next question follows when this one's time is over.
            Verdict::Doubt(_) => {
                actions.about(wish.ticket);
                let original = asked.stan;
                self.state = State::Reversing { wish, original, stan, is_refused: true };
                return;
            }
        }
        self.proceed(now, wish, actions);
    }

    /// The host took the close: the order is not paid, or what was paid goes back.
    pub(super) fn closed(&mut self, asked: &Transaction, rrn: [u8; 12], actions: &mut Actions) {
        if self.config.defects.has(Defect::T33) {
            let approval = Approval { amount: asked.amount, rrn, authorization: None };
            return self.approve(asked, approval, actions);
        }
        show(actions, Display::OrderClosed);
    }
}

/// What the answer to a question says of the order.
fn told(config: &Config, asked: &Transaction, incoming: &Incoming) -> Verdict {
    let message = &incoming.message;
    let Some(code) = messages::response_code(message) else {
        return Verdict::Doubt(Reason::Other);
    };
    if messages::asks_for_sign_on(code) {
        return Verdict::Untrusted(code, Reason::Other);
    }
    let is_about_it = incoming.mac == MacCheck::Valid
        && messages::is_about(config, Kind::OrderQuery, message)
        && Order59::of(message) == Some(messages::order_59(config, asked));
    if !is_about_it || code.leaves_doubt() {
        return Verdict::Doubt(Reason::NoAnswer);
    }
    if !code.is_approval() {
        return Verdict::Declined(code);
    }
    let paid = message.number(Element::AMOUNT).filter(|minor| match code {
        ResponseCode::PARTIALLY_APPROVED => (1..=asked.amount.minor).contains(minor),
        _ => *minor == asked.amount.minor,
    });
    let rrn = message.get(Element::RRN).and_then(|rrn| rrn.try_into().ok());
    let authorization =
        message.get(Element::AUTHORIZATION_CODE).and_then(|code| code.try_into().ok());
    match (paid, rrn) {
        (Some(minor), Some(rrn)) => {
            let amount = Amount { minor, ..asked.amount };
            Verdict::Approved(Approval { amount, rrn, authorization })
        }
        _ => Verdict::Doubt(Reason::Other),
    }
}
