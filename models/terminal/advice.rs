//! The repeat of an advice (0221) before the next wish that needs the host, until it is answered or
//! its budget is spent. Takes nothing back.

use super::journal::{Doubt, Keys, Transaction};
use super::messages::{self, Verdict};
use super::{State, Terminal, Wish, show};
use crate::defect::Defect;
use crate::device::Display;
use crate::iso8583::Mti;
use crate::line::Incoming;
use crate::node::Actions;
use crate::record::TerminalRecord;
use crate::time::Now;

impl Terminal {
    /// Sends an advice once more under its own number.
    pub(super) fn tell_again(&mut self, now: Now, wish: Wish, doubt: Doubt, actions: &mut Actions) {
        let Keys::Good(keys) = self.memory.keys.clone() else {
            return self.sign_on(now, wish, actions);
        };
        show(actions, Display::TellingAgain);
        let (ticket, told) = (doubt.transaction.ticket, doubt.transaction.stan);
        actions.about(ticket);
        let (mti, stan) = match self.config.defects.has(Defect::T29) {
            true => (Mti::FINANCIAL_ADVICE, self.take_stan(actions)),
            false => (Mti::FINANCIAL_ADVICE_REPEAT, told),
        };
        let message = messages::repeat(&self.config, &doubt.transaction, &keys, (mti, stan));
        let Some(frame) = message.and_then(|message| self.seal(&message, actions)) else {
            return self.give_up(now, wish, &doubt, actions);
        };
        let attempt = doubt.attempts + 1;
        self.record(TerminalRecord::AdviceTried { ticket, stan: told, attempt }, actions);
        self.send(now, frame, actions);
        actions.about(wish.ticket);
        self.state = State::Reversing { wish, original: told, stan, is_refused: false };
    }

    pub(super) fn advice_answered(
        &mut self,
        now: Now,
        wish: Wish,
        (asked, stan): (Transaction, u32),
        incoming: &Incoming,
        actions: &mut Actions,
    ) {
        let told = asked.stan;
        actions.about(asked.ticket);
        match messages::judge(&self.config, &asked, incoming) {
            Verdict::Approved(approval) => self.approve(&asked, approval, actions),
            Verdict::Declined(code) => {
                let ticket = asked.ticket;
                self.record(TerminalRecord::Declined { ticket, stan: told, code }, actions);
                show(actions, Display::Declined(code));
            }
            Verdict::Untrusted(code, _) if messages::asks_for_sign_on(code) => {
                self.note_keys(code, actions);
            }
            // The next try follows when this one's time is over, as with a reversal.
            Verdict::Untrusted(..) | Verdict::Doubt(_) => {
                actions.about(wish.ticket);
                self.state = State::Reversing { wish, original: told, stan, is_refused: true };
                return;
            }
        }
        self.proceed(now, wish, actions);
    }
}
