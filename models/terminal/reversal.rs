//! The automatic reversal (冲正), which is also the close of an order (关单), before the next wish
//! that needs the host. Never runs by itself.

use super::journal::{Doubt, Transaction};
use super::{Aim, Printing, State, Terminal, Wish, messages, print, show};
use crate::asked::Question;
use crate::defect::Defect;
use crate::device::{Display, Slip};
use crate::iso8583::{Element, ResponseCode};
use crate::line::Incoming;
use crate::node::Actions;
use crate::record::{Reason, TerminalRecord};
use crate::time::Now;

/// What becomes of a request without a valid answer: an advice is told again, an order asked about,
/// the rest reversed.
pub(super) fn due(transaction: &Transaction, reason: Reason) -> TerminalRecord {
    let Transaction { ticket, stan, kind, .. } = *transaction;
    match kind.is_advice() {
        true => TerminalRecord::AdviceDue { ticket, stan },
        false if transaction.is_order() => TerminalRecord::OrderOpened { ticket, stan },
        false => TerminalRecord::ReversalDue { ticket, stan, reason },
    }
}

/// What the screen says of it.
pub(super) fn in_doubt(transaction: &Transaction) -> Display {
    match transaction.kind.is_advice() {
        true => Display::WillTellAgain,
        false if transaction.is_order() => Display::OrderOpen,
        false => Display::InDoubt,
    }
}

impl Terminal {
    /// What must be reversed, or told again, before this wish goes on: reversals first.
    pub(super) fn next_doubt(&self, wish: &Wish) -> Option<Doubt> {
        let settles_anyway = wish.aim == Aim::Settle && self.config.defects.has(Defect::T32);
        if settles_anyway || wish.skips_reversal {
            return None;
        }
        let pending = || self.memory.pending.iter();
        let reversal = pending().find(|doubt| !doubt.transaction.kind.is_advice());
        reversal.or(pending().next()).copied()
    }

    /// Sends a reversal or an advice once more, or gives up.
    pub(super) fn end_doubt(&mut self, now: Now, wish: Wish, doubt: Doubt, actions: &mut Actions) {
        if doubt.is_open {
            self.ask_about(now, wish, doubt, actions);
        } else if self.is_spent(doubt.attempts) {
            self.give_up(now, wish, &doubt, actions);
        } else if !self.is_up() {
            self.connect(now, wish, None, actions);
        } else if doubt.transaction.kind.is_advice() {
            self.tell_again(now, wish, doubt, actions);
        } else {
            self.reverse(now, wish, doubt, actions);
        }
    }

    fn reverse(&mut self, now: Now, wish: Wish, doubt: Doubt, actions: &mut Actions) {
        show(
            actions,
            match doubt.transaction.is_order() {
                true => Display::ClosingOrder,
                false => Display::ReversalInProgress,
            },
        );
        let (ticket, original) = (doubt.transaction.ticket, doubt.transaction.stan);
        actions.about(ticket);
        let stan = match self.config.defects.has(Defect::T08) {
            true => self.take_stan(actions),
            false => original,
        };
        let message = messages::reversal(&self.config, &doubt, stan, now);
        let Some(frame) = self.seal(&message, actions) else {
            return self.give_up(now, wish, &doubt, actions);
        };
        let attempt = doubt.attempts + 1;
        let tried = TerminalRecord::ReversalTried { ticket, stan: original, attempt };
        self.record(tried, actions);
        self.send(now, frame, actions);
        actions.about(wish.ticket);
        self.state = State::Reversing { wish, original, stan, is_refused: false };
    }

    pub(super) fn reversal_answered(
        &mut self,
        now: Now,
        wish: Wish,
        (original, stan): (u32, u32),
        incoming: &Incoming,
        actions: &mut Actions,
    ) {
        let code = messages::response_code(&incoming.message).unwrap_or(ResponseCode::ERROR);
        let clears_any = self.config.defects.has(Defect::T05);
        let clears = self.clears(code);
        let Some(doubt) = self.memory.doubt_mut(original) else {
            return self.proceed(now, wish, actions);
        };
        let asked = doubt.transaction;
        if doubt.is_open {
            return self.order_answered(now, wish, (asked, stan), incoming, actions);
        }
        if asked.kind.is_advice() {
            return self.advice_answered(now, wish, (asked, stan), incoming, actions);
        }
        let is_authentic = messages::is_authentic_reversal_answer(&self.config, &asked, incoming);
        if clears_any || (clears && is_authentic) {
            actions.about(asked.ticket);
            let ticket = asked.ticket;
            self.record(TerminalRecord::Reversed { ticket, stan: original, code }, actions);
            if asked.is_order() {
                let rrn = incoming.message.get(Element::RRN).and_then(|rrn| rrn.try_into().ok());
                self.closed(&asked, rrn.unwrap_or([0; 12]), actions);
            } else {
                actions.about(wish.ticket);
                show(actions, Display::ReversalSucceeded);
            }
            return self.proceed(now, wish, actions);
        }
        doubt.reason = Reason::Other;
        if messages::asks_for_sign_on(code) {
            actions.about(wish.ticket);
            self.record(TerminalRecord::SignedOff, actions);
            return self.proceed(now, wish, actions);
        }
        if self.config.defects.has(Defect::T40) {
            return self.proceed(now, wish, actions);
        }
        // The next try follows when this one's time is over, so that a host which refuses is not
        // asked for all tries in one moment.
        self.state = State::Reversing { wish, original, stan, is_refused: true };
    }

    /// Whether so many sendings of a reversal, or repeats of an advice, are enough.
    fn is_spent(&self, attempts: u8) -> bool {
        self.asking.note(Question::ReversalBudget, attempts.into());
        attempts >= self.config.reversal_attempts.max(1)
    }

    /// Whether this answer to a 0400 ends the doubt, if it is authentic.
    fn clears(&self, code: ResponseCode) -> bool {
        match code {
            ResponseCode::APPROVED => true,
            ResponseCode::INVALID_TRANSACTION | ResponseCode::ORIGINAL_NOT_FOUND => {
                self.asking.note(Question::NotFoundClears, 0);
                self.config.clears_on_not_found
            }
            _ => false,
        }
    }

    /// A sending of the reversal did not clear it in its time.
    pub(super) fn reversal_failed(
        &mut self,
        now: Now,
        mut wish: Wish,
        original: u32,
        is_refused: bool,
        actions: &mut Actions,
    ) {
        actions.about(wish.ticket);
        let doubt = self.memory.doubt_mut(original).copied();
        let is_spent = match doubt {
            Some(order) if order.is_open => self.is_asked_enough(&order),
            other => self.is_spent(other.map_or(0, |doubt| doubt.attempts)),
        };
        if is_spent && !is_refused {
            // Nothing was heard for the whole budget: the line may be dead without anybody
            // knowing, and what follows takes a new one.
            self.hang_up(actions);
        } else if self.config.defects.has(Defect::T07) {
            show(actions, Display::ReversalFailed);
            wish.skips_reversal = true;
        }
        self.proceed(now, wish, actions);
    }

    /// The budget is spent: the transaction becomes an exception item, and business goes on.
    pub(super) fn give_up(&mut self, now: Now, wish: Wish, doubt: &Doubt, actions: &mut Actions) {
        let Transaction { ticket, stan, amount, kind, .. } = doubt.transaction;
        let is_order = doubt.transaction.is_order();
        let (slip, display) = match kind.is_advice() {
            true => (Slip::AdviceFailed { stan, amount }, Display::AdviceFailed),
            false if is_order => (Slip::OrderNotClosed { stan, amount }, Display::OrderNotClosed),
            false => (Slip::ReversalFailed { stan, amount }, Display::ReversalFailed),
        };
        if self.config.defects.has(Defect::T06) {
            self.memory.forget(stan);
        } else {
            actions.about(ticket);
            let attempts = doubt.attempts;
            let exception = TerminalRecord::ExceptionOpened { ticket, stan, amount, attempts };
            self.record(exception, actions);
            print(actions, slip);
            self.slips.push(Printing::Note);
        }
        // What became of an order is told to who pays it; of the rest, to who waits for it.
        actions.about(if is_order { ticket } else { wish.ticket });
        show(actions, display);
        self.proceed(now, wish, actions);
    }
}
