//! The terminal's end of its one line: dialling, sending, hearing, waiting. Judges no message.

use super::journal::Transaction;
use super::{
    Aim, Connection, HOST, Input, Request, Requested, State, Terminal, Timer, Wish, messages, show,
};
use crate::defect::Defect;
use crate::device::{Device, Display, Output};
use crate::iso8583::{Element, Envelope, FrameError, Message, Mti, ResponseCode};
use crate::line::{Incoming, LineError};
use crate::node::{Actions, Link, Port, Ticket};
use crate::record::TerminalRecord;
use crate::time::Now;

impl Terminal {
    /// Asks for the connection; the wish goes on when it stands.
    pub(super) fn connect(
        &mut self,
        now: Now,
        wish: Wish,
        request: Option<Request>,
        actions: &mut Actions,
    ) {
        show(actions, Display::Connecting);
        actions.connect(HOST);
        self.connection = Connection::Dialling;
        self.await_answer(now);
        self.state = State::Connecting { wish, request };
    }

    pub(super) fn is_up(&self) -> bool {
        matches!(self.connection, Connection::Up(_))
    }

    /// Nothing left the terminal: safe, whatever was to be sent.
    pub(super) fn not_connected(
        &mut self,
        now: Now,
        wish: Wish,
        request: Option<Request>,
        actions: &mut Actions,
    ) {
        self.connection = Connection::Down;
        let asked = request.and_then(|request| match request.what {
            Requested::Transaction(transaction) => Some(transaction),
            Requested::Inquiry { .. } => None,
        });
        // With planted defect T02 it was not yet recorded, so there is nothing to end.
        if let Some(asked) = asked.filter(|asked| self.memory.in_flight == Some(*asked)) {
            actions.about(asked.ticket);
            let (ticket, stan) = (asked.ticket, asked.stan);
            self.record(TerminalRecord::NotSent { ticket, stan }, actions);
        }
        self.fail(now, wish, actions);
    }

    /// The wish cannot be done now.
    pub(super) fn fail(&mut self, now: Now, wish: Wish, actions: &mut Actions) {
        self.hang_up(actions);
        let display = match wish.aim {
            Aim::SignOn => Display::SignOnFailed,
            Aim::SignOff => Display::SignOffFailed,
            Aim::Echo => Display::Echo(false),
            Aim::Download => Display::DownloadFailed,
            Aim::Conclude => Display::OrderOpen,
            Aim::Settle if self.memory.settlement.is_some() => Display::SettlementFailed,
            _ => Display::CommunicationError,
        };
        self.end(now, wish.ticket, display, actions);
    }

    /// A management message got no answer. The line may be dead without anybody knowing, so the
    /// next sending takes a new one.
    pub(super) fn unanswered(&mut self, now: Now, mut wish: Wish, actions: &mut Actions) {
        self.hang_up(actions);
        wish.attempts = wish.attempts.saturating_add(1);
        if wish.attempts < self.config.management_attempts {
            self.proceed(now, wish, actions);
        } else {
            let display = match wish.aim {
                Aim::Settle => Display::SettlementFailed,
                Aim::Download => Display::DownloadFailed,
                Aim::Conclude => Display::OrderOpen,
                _ => Display::SignOnFailed,
            };
            self.end(now, wish.ticket, display, actions);
        }
    }

    /// The frame of a message; none, and a line in the log, if it cannot be written.
    pub(super) fn seal(&self, message: &Message, actions: &mut Actions) -> Option<Vec<u8>> {
        let envelope = Envelope { tpdu: self.config.tpdu, ..Envelope::default() };
        match self.line.seal(message, envelope) {
            Ok(frame) => Some(frame),
            Err(error) => {
                log(actions, format!("cannot send {}: {error}", message.mti()));
                None
            }
        }
    }

    /// Sends a frame, if the connection stands, and begins to wait for the answer.
    pub(super) fn send(&mut self, now: Now, frame: Vec<u8>, actions: &mut Actions) {
        if let Connection::Up(link) = self.connection {
            actions.send(link, frame);
            self.note_traffic(now);
        }
        self.await_answer(now);
    }

    /// Takes a voucher number for a message that moves no money.
    pub(super) fn take_stan(&mut self, actions: &mut Actions) -> u32 {
        let stan = self.management_stan();
        self.record(TerminalRecord::StanTaken { stan }, actions);
        stan
    }

    /// The next voucher number for a message that moves no money.
    pub(super) fn management_stan(&self) -> u32 {
        match self.config.defects.has(Defect::T11) {
            true => self.memory.stans.modulo(),
            false => self.memory.stans.for_management(),
        }
    }

    fn await_answer(&mut self, now: Now) {
        let limit = self.config.response_timeout;
        self.timers.set(Timer::Answer, now.instant + limit);
        self.answer_by = now.local.plus(limit.0.min(i64::MAX as u64) as i64);
    }

    /// Closes the connection.
    pub(super) fn hang_up(&mut self, actions: &mut Actions) {
        if let Connection::Up(link) = self.connection {
            actions.disconnect(link);
            self.line_is_gone();
        }
    }

    fn line_is_gone(&mut self) {
        self.connection = Connection::Down;
        self.line.reset();
        self.timers.clear(Timer::EchoAnswer);
        self.timers.clear(Timer::IdleLine);
    }

    fn note_traffic(&mut self, now: Now) {
        if let Some(interval) = self.config.echo_interval {
            self.timers.set(Timer::IdleLine, now.instant + interval);
        }
    }

    pub(super) fn link_up(&mut self, now: Now, port: Port, link: Link, actions: &mut Actions) {
        if port != HOST || self.is_up() {
            actions.disconnect(link);
            return;
        }
        self.connection = Connection::Up(link);
        self.line.reset();
        self.note_traffic(now);
        self.step(now, Input::LineUp, actions);
    }

    pub(super) fn connect_failed(&mut self, now: Now, port: Port, actions: &mut Actions) {
        if port == HOST && self.connection == Connection::Dialling {
            self.connection = Connection::Down;
            self.step(now, Input::LineFailed, actions);
        }
    }

    pub(super) fn link_down(&mut self, now: Now, link: Link, actions: &mut Actions) {
        if self.connection == Connection::Up(link) {
            self.line_is_gone();
            self.step(now, Input::LineLost, actions);
        }
    }

    pub(super) fn receive(&mut self, now: Now, link: Link, bytes: &[u8], actions: &mut Actions) {
        if self.connection != Connection::Up(link) {
            return;
        }
        self.note_traffic(now);
        self.line.receive(now.instant, bytes);
        let waiting = self.timers.get(Timer::Answer);
        let mut has_heard = false;
        while let Some(next) = self.line.next() {
            match next {
                Ok(incoming) => {
                    has_heard = true;
                    // Whatever it is, the line works.
                    self.timers.clear(Timer::EchoAnswer);
                    self.step(now, Input::Heard(&incoming), actions);
                }
                Err(error) => self.misheard(now, error, actions),
            }
        }
        let is_waiting_still = waiting == self.timers.get(Timer::Answer);
        if has_heard && is_waiting_still && self.config.defects.has(Defect::T16) {
            // One read, one message: the receiver returned, so nobody waits any longer.
            self.timers.clear(Timer::Answer);
        }
    }

    fn misheard(&mut self, now: Now, error: LineError, actions: &mut Actions) {
        let mut entry = error.to_string();
        match error {
            LineError::Decode { frame, .. } => {
                if self.config.defects.has(Defect::Z01) {
                    entry.extend(frame.iter().map(|byte| format!("{byte:02X}")));
                }
                log(actions, entry);
                self.step(now, Input::Garbled, actions);
            }
            LineError::Frame(FrameError::Truncated) if self.config.defects.has(Defect::T15) => {
                log(actions, entry);
                self.step(now, Input::Garbled, actions);
            }
            LineError::Frame(_) => {
                log(actions, entry);
                self.hang_up(actions);
                self.step(now, Input::LineLost, actions);
            }
        }
    }

    pub(super) fn expire(&mut self, now: Now, actions: &mut Actions) {
        if self.line.expire(now.instant) {
            self.hang_up(actions);
            self.step(now, Input::LineLost, actions);
        }
        let defects = self.config.defects;
        while let Some(timer) = self.timers.pop_due(now.instant) {
            match timer {
                Timer::Answer if defects.has(Defect::T28) && now.local < self.answer_by => {
                    let micros = self.answer_by.0.saturating_sub(now.local.0);
                    let rest = crate::time::Duration(micros.unsigned_abs());
                    self.timers.set(Timer::Answer, now.instant + rest);
                }
                // The reader sits in the middle of a frame and looks at no clock.
                Timer::Answer if defects.has(Defect::Z04) && self.line.is_reading() => {}
                Timer::Answer => self.step(now, Input::TimedOut, actions),
                Timer::EchoAnswer => {
                    self.hang_up(actions);
                    self.step(now, Input::LineLost, actions);
                }
                Timer::IdleLine => self.test_idle_line(now, actions),
            }
        }
    }

    fn test_idle_line(&mut self, now: Now, actions: &mut Actions) {
        self.note_traffic(now);
        let is_waiting = [Timer::Answer, Timer::EchoAnswer].map(|timer| self.timers.get(timer));
        let (Connection::Up(link), [None, None]) = (self.connection, is_waiting) else { return };
        actions.about(Ticket::NONE);
        let message = messages::echo(&self.config, self.memory.batch);
        if let Some(frame) = self.seal(&message, actions) {
            actions.send(link, frame);
            self.timers.set(Timer::EchoAnswer, now.instant + self.config.response_timeout);
        }
    }

    /// Tests the line because somebody asked.
    pub(super) fn test_line(&mut self, now: Now, wish: Wish, actions: &mut Actions) {
        if !self.is_up() {
            return self.connect(now, wish, None, actions);
        }
        let message = messages::echo(&self.config, self.memory.batch);
        let Some(frame) = self.seal(&message, actions) else {
            return self.fail(now, wish, actions);
        };
        self.send(now, frame, actions);
        show(actions, Display::Processing);
        self.state = State::Testing { wish, stan: None };
    }

    /// Whether this answers our request of this type and number. A sign-on is told its batch; a
    /// reversal names that of its original, and everything else the open one.
    pub(super) fn hears(&self, incoming: &Incoming, request: Mti, stan: u32) -> bool {
        let batch = match request {
            Mti::NETWORK_REQUEST => None,
            Mti::REVERSAL_REQUEST => {
                let doubt = self.memory.pending.iter().find(|doubt| doubt.transaction.stan == stan);
                Some(doubt.map_or(self.memory.batch, |doubt| doubt.transaction.batch))
            }
            _ => Some(self.memory.batch),
        };
        messages::answers(incoming, request, stan, batch)
    }

    /// Whether this answers the reversal of this voucher, its repeat if it is an advice, or the
    /// query of an open order.
    pub(super) fn hears_of_doubt(&self, incoming: &Incoming, of: u32, stan: u32) -> bool {
        let mut pending = self.memory.pending.iter();
        let doubt = pending.find(|doubt| doubt.transaction.stan == of);
        let request = match doubt {
            Some(order) if order.is_open => Mti::FINANCIAL_REQUEST,
            Some(advice) if advice.transaction.kind.is_advice() => Mti::FINANCIAL_ADVICE,
            _ => Mti::REVERSAL_REQUEST,
        };
        self.hears(incoming, request, stan)
    }

    /// Whether this answers the request of a transaction.
    pub(super) fn hears_of(&self, asked: &Transaction, incoming: &Incoming) -> bool {
        self.hears(incoming, asked.kind.request(), asked.stan)
    }

    /// Whether this answers a part of the upload, or its end. Where numbers are few the two can
    /// carry one, and a copy's answer to a part would close a batch that the host has open.
    pub(super) fn hears_of_upload(
        &self,
        incoming: &Incoming,
        stan: u32,
        through: Option<u32>,
    ) -> bool {
        self.hears(incoming, Mti::FILE_ADVICE, stan)
            && messages::is_end_of_upload(&incoming.message) == through.is_none()
    }

    /// Whether this answers a line test, or the sign-off with this number.
    pub(super) fn hears_of_test(&self, incoming: &Incoming, stan: Option<u32>) -> bool {
        let is_it = match stan {
            None => {
                incoming.message.mti() == Mti::NETWORK_ADVICE_RESPONSE
                    && !incoming.message.has(Element::STAN)
            }
            Some(stan) => self.hears(incoming, Mti::NETWORK_ADVICE, stan),
        };
        is_it && messages::is_for(&self.config, &incoming.message)
    }

    pub(super) fn tested(
        &mut self,
        now: Now,
        wish: Wish,
        incoming: &Incoming,
        actions: &mut Actions,
    ) {
        if matches!(wish.aim, Aim::SignOff) {
            return self.sign_off_answered(now, wish, incoming, actions);
        }
        let code = messages::response_code(&incoming.message);
        let passed = code == Some(ResponseCode::APPROVED);
        self.end(now, wish.ticket, Display::Echo(passed), actions);
    }
}

fn log(actions: &mut Actions, entry: String) {
    actions.tell(Device::Log, Output::Log(entry));
}
