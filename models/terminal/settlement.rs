//! Settlement (结算): compare totals, upload details where they differ, close the batch.
//!
//! Read docs/protocol.md 3 first. How far it is stands in the journal, so that it goes on after a
//! loss of power or line where it was, and every detail counts once.

use super::journal::{Booked, Settlement};
use super::{Printing, State, Terminal, Timer, Wish, messages, next_batch, print, show};
use crate::defect::Defect;
use crate::device::{Display, Slip};
use crate::iso8583::{BatchDetails48, ResponseCode};
use crate::line::Incoming;
use crate::node::Actions;
use crate::record::TerminalRecord;
use crate::time::Now;

impl Terminal {
    /// The next message of the settlement.
    pub(super) fn settle(&mut self, now: Now, wish: Wish, actions: &mut Actions) {
        if !self.is_up() {
            return self.connect(now, wish, None, actions);
        }
        let (config, memory) = (&self.config, &self.memory);
        let (batch, stan) = (memory.batch, self.management_stan());
        let (message, through) = match memory.settlement {
            None | Some(Settlement::Frozen) => {
                (Some(messages::totals(config, batch, stan, memory.totals())), None)
            }
            Some(Settlement::Balanced) => (Some(messages::end(config, batch, stan, true)), None),
            Some(Settlement::Unbalanced { through }) => {
                let is_again = wish.attempts > 0 && config.defects.has(Defect::T20);
                let through = if is_again { 0 } else { through };
                let rest = memory.settled().skip(through as usize);
                let chunk: Vec<Booked> = rest.take(BatchDetails48::COUNT_MAX).copied().collect();
                match chunk.len() as u32 {
                    0 => (Some(messages::end(config, batch, stan, false)), None),
                    count => {
                        (messages::details(config, batch, stan, &chunk), Some(through + count))
                    }
                }
            }
        };
        let Some(frame) = message.and_then(|message| self.seal(&message, actions)) else {
            return self.end(now, wish.ticket, Display::SettlementFailed, actions);
        };
        let totals = self.memory.totals();
        let (record, state) = match self.memory.settlement {
            None => {
                show(actions, Display::Settling);
                let started = TerminalRecord::SettlementStarted { batch, totals, stan };
                (started, State::Comparing { wish, stan })
            }
            Some(Settlement::Frozen) => {
                (TerminalRecord::StanTaken { stan }, State::Comparing { wish, stan })
            }
            Some(_) => {
                (TerminalRecord::StanTaken { stan }, State::Uploading { wish, stan, through })
            }
        };
        self.record(record, actions);
        self.send(now, frame, actions);
        self.state = state;
    }

    pub(super) fn totals_answered(
        &mut self,
        now: Now,
        mut wish: Wish,
        incoming: &Incoming,
        actions: &mut Actions,
    ) {
        actions.about(wish.ticket);
        let answer = messages::is_balanced(&incoming.message);
        match (self.code_of(incoming), answer) {
            (Some(ResponseCode::APPROVED), Some(is_balanced)) => {
                let batch = self.memory.batch;
                self.record(TerminalRecord::SettlementAnswered { batch, is_balanced }, actions);
                wish.attempts = 0;
                self.proceed(now, wish, actions);
            }
            (code, _) => self.settlement_refused(now, wish, code, actions),
        }
    }

    pub(super) fn upload_answered(
        &mut self,
        now: Now,
        mut wish: Wish,
        through: Option<u32>,
        incoming: &Incoming,
        actions: &mut Actions,
    ) {
        actions.about(wish.ticket);
        let batch = self.memory.batch;
        match (self.code_of(incoming), through) {
            (Some(ResponseCode::APPROVED), Some(through)) => {
                self.record(TerminalRecord::DetailUploaded { batch, through }, actions);
                wish.attempts = 0;
                self.proceed(now, wish, actions);
            }
            (Some(ResponseCode::APPROVED), None) if wish.settles_again => {
                let vouchers = self.memory.vouchers.clone();
                self.close(actions);
                self.memory.vouchers = vouchers;
                self.proceed(now, Wish { settles_again: false, ..wish }, actions);
            }
            (Some(ResponseCode::APPROVED), None) => {
                let is_balanced = self.close(actions);
                self.settled(wish, is_balanced, actions);
            }
            (code, _) => self.settlement_refused(now, wish, code, actions),
        }
    }

    fn code_of(&self, incoming: &Incoming) -> Option<ResponseCode> {
        let is_ours = messages::is_for(&self.config, &incoming.message);
        messages::response_code(&incoming.message).filter(|_| is_ours)
    }

    fn settlement_refused(
        &mut self,
        now: Now,
        wish: Wish,
        code: Option<ResponseCode>,
        actions: &mut Actions,
    ) {
        if code == Some(ResponseCode::BATCH_MISMATCH) && !wish.has_signed_on {
            // The host is at another batch, perhaps because it closed ours and the answer was
            // lost. The sign-on tells.
            self.record(TerminalRecord::SignedOff, actions);
            return self.proceed(now, wish, actions);
        }
        if code == Some(ResponseCode::RECONCILE_ERROR) {
            // The host knows of other totals than we were told: the next attempt compares again.
            let (batch, totals) = (self.memory.batch, self.memory.totals());
            let stan = self.management_stan();
            self.record(TerminalRecord::SettlementStarted { batch, totals, stan }, actions);
        }
        if let Some(code) = code {
            self.note_keys(code, actions);
        }
        self.end(now, wish.ticket, Display::SettlementFailed, actions);
    }

    /// The batch is closed: it begins anew. True if the totals agreed.
    pub(super) fn close(&mut self, actions: &mut Actions) -> bool {
        let is_balanced = self.memory.settlement == Some(Settlement::Balanced);
        let (batch, totals) = (self.memory.batch, self.memory.totals());
        let next = next_batch(batch);
        self.record(TerminalRecord::BatchClosed { batch, next, totals }, actions);
        print(actions, Slip::Totals { batch, totals });
        self.slips.push(Printing::Note);
        is_balanced
    }

    pub(super) fn settled(&mut self, wish: Wish, is_balanced: bool, actions: &mut Actions) {
        actions.about(wish.ticket);
        show(actions, Display::Settled(is_balanced));
        self.timers.clear(Timer::Answer);
        self.state = State::Printing;
    }

    /// No 0510 came.
    pub(super) fn totals_unanswered(&mut self, now: Now, mut wish: Wish, actions: &mut Actions) {
        if self.config.defects.has(Defect::T21) {
            // "The host has it": the batch is ended and counted on. But no answer says that its
            // vouchers are settled, so they stay and are settled under the next number too.
            let batch = self.memory.batch;
            let answered = TerminalRecord::SettlementAnswered { batch, is_balanced: true };
            self.record(answered, actions);
            wish.settles_again = true;
            return self.proceed(now, wish, actions);
        }
        self.unanswered(now, wish, actions);
    }
}
