//! Signing on: work keys and the batch number (签到); and off again (签退). Sends nothing financial.

use super::{Aim, State, Terminal, Wish, messages, show};
use crate::device::Display;
use crate::iso8583::{Element, Message, Private60, ResponseCode};
use crate::line::Incoming;
use crate::node::Actions;
use crate::record::TerminalRecord;
use crate::security::WorkKeys;
use crate::time::Now;

impl Terminal {
    /// Asks for work keys, because somebody asked or because a wish cannot go on without.
    pub(super) fn sign_on(&mut self, now: Now, wish: Wish, actions: &mut Actions) {
        if !self.is_up() {
            return self.connect(now, wish, None, actions);
        }
        // A fresh number for every sending: the keys of an earlier one are dead when its answer
        // comes late.
        let stan = self.take_stan(actions);
        let message = messages::sign_on(&self.config, self.memory.batch, stan);
        let Some(frame) = self.seal(&message, actions) else {
            return self.end(now, wish.ticket, Display::SignOnFailed, actions);
        };
        self.send(now, frame, actions);
        show(actions, Display::SigningOn);
        self.state = State::SigningOn { wish, stan };
    }

    pub(super) fn sign_on_answered(
        &mut self,
        now: Now,
        mut wish: Wish,
        incoming: &Incoming,
        actions: &mut Actions,
    ) {
        actions.about(wish.ticket);
        let Some((batch, keys)) = self.delivered(&incoming.message) else {
            return self.end(now, wish.ticket, Display::SignOnFailed, actions);
        };
        // The host has closed the batch that we have not heard to be closed.
        let closed = self.memory.was_closed_by_host(batch).then(|| self.close(actions));
        self.record(TerminalRecord::SignedOn { batch, keys: keys.into() }, actions);
        wish.has_signed_on = true;
        wish.attempts = 0;
        match (wish.aim, closed) {
            (Aim::Settle, Some(is_balanced)) => self.settled(wish, is_balanced, actions),
            (Aim::SignOn, _) => self.end(now, wish.ticket, Display::SignedOn, actions),
            _ => self.proceed(now, wish, actions),
        }
    }

    /// Gives the work keys up. What waits to be reversed went before it.
    pub(super) fn sign_off(&mut self, now: Now, wish: Wish, actions: &mut Actions) {
        if !self.is_up() {
            return self.connect(now, wish, None, actions);
        }
        let stan = self.take_stan(actions);
        let message = messages::sign_off(&self.config, self.memory.batch, stan);
        let Some(frame) = self.seal(&message, actions) else {
            return self.end(now, wish.ticket, Display::SignOffFailed, actions);
        };
        self.send(now, frame, actions);
        show(actions, Display::Processing);
        self.state = State::Testing { wish, stan: Some(stan) };
    }

    /// If the host did not hear of it, it refuses nothing: the keys stay good.
    pub(super) fn sign_off_answered(
        &mut self,
        now: Now,
        wish: Wish,
        incoming: &Incoming,
        actions: &mut Actions,
    ) {
        actions.about(wish.ticket);
        let code = messages::response_code(&incoming.message);
        let display = match code == Some(ResponseCode::APPROVED) {
            true => {
                self.record(TerminalRecord::SignedOff, actions);
                Display::SignedOff
            }
            false => Display::SignOffFailed,
        };
        self.end(now, wish.ticket, display, actions);
    }

    /// Batch and wrapped keys of a 0810 that can be used.
    fn delivered<'a>(&self, message: &'a Message) -> Option<(u32, &'a [u8])> {
        let is_approved = messages::response_code(message) == Some(ResponseCode::APPROVED);
        let keys = message.get(Element::PRIVATE_62)?;
        let batch = Private60::of(message)?.batch;
        let opens =
            WorkKeys::open(keys, &self.config.master_key, super::journal::KEYS_CODE).is_ok();
        let is_usable = is_approved && opens && messages::is_for(&self.config, message);
        is_usable.then_some((batch, keys))
    }
}
