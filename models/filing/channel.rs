//! The sending end of a line for clearing files: it connects, sends the head of its outbox part by
//! part, and repeats what is not answered. It makes nothing durable: its owner does.

use super::Outbox;
use super::outbox::Progress;
use crate::defect::Defects;
use crate::iso8583::{Envelope, Message, Mti, ResponseCode};
use crate::line::{Line, LineError, MacCheck, Zone};
use crate::node::{Actions, Event, Link, Port, Ticket};
use crate::record::FileId;
use crate::time::{Duration, Instant, Now};

/// Sendings of one part without an answer after which the line is given up.
const SILENCES_MAX: u8 = 3;

/// One line, the files that wait for it, and when to try again.
#[derive(Clone, Debug)]
pub struct Channel {
    port: Port,
    zone: Zone,
    /// Element 33 of what it sends.
    institution: u64,
    retry: Duration,
    frame_timeout: Duration,
    defects: Defects,
    /// What waits.
    pub outbox: Outbox,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    /// Nobody has asked for a connection.
    Down,
    /// A connection was asked for.
    Connecting,
    /// The last attempt failed, or the line is gone: until then nothing is tried.
    Pausing(Instant),
    /// A line stands. A part that is on its way is sent again at the instant.
    Up { link: Link, line: Box<Line>, repeat_at: Option<Instant>, silences: u8 },
}

/// What the owner of a channel has to know of what was heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heard {
    /// The receiver has this file.
    Taken(FileId),
    /// The receiver does not take this file now; it is offered again later.
    Refused(FileId, ResponseCode),
}

impl Channel {
    /// A channel that has no line yet. A part carries this many records.
    pub fn new(
        port: Port,
        zone: Zone,
        institution: u64,
        (retry, frame_timeout): (Duration, Duration),
        records_per_part: usize,
        defects: Defects,
    ) -> Channel {
        let outbox = Outbox::new(records_per_part);
        let state = State::Down;
        Channel { port, zone, institution, retry, frame_timeout, defects, outbox, state }
    }

    /// The port that it connects to.
    pub fn port(&self) -> Port {
        self.port
    }

    /// Whether this is its line.
    pub fn is_on(&self, link: Link) -> bool {
        matches!(&self.state, State::Up { link: own, .. } if *own == link)
    }

    /// When it next needs [`Channel::elapse`].
    pub fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Down | State::Connecting => None,
            State::Pausing(until) => Some(*until).filter(|_| !self.outbox.is_empty()),
            State::Up { line, repeat_at, .. } => {
                line.deadline().into_iter().chain(*repeat_at).min()
            }
        }
    }

    /// Sends what waits, or asks for the line that it needs.
    pub fn offer(&mut self, now: Now, actions: &mut Actions) {
        match &self.state {
            _ if self.outbox.is_empty() => {}
            State::Down => self.connect(actions),
            State::Up { repeat_at: None, .. } => self.send(now, actions),
            State::Connecting | State::Pausing(_) | State::Up { .. } => {}
        }
    }

    fn connect(&mut self, actions: &mut Actions) {
        self.state = State::Connecting;
        actions.about(Ticket::NONE);
        actions.connect(self.port);
    }

    /// Its line stands.
    pub fn stands(&mut self, now: Now, link: Link, actions: &mut Actions) {
        let line = Box::new(Line::network(&self.zone, self.frame_timeout, self.defects));
        self.state = State::Up { link, line, repeat_at: None, silences: 0 };
        self.outbox.rewind();
        self.offer(now, actions);
    }

    /// There is no line, or no more.
    pub fn is_gone(&mut self, now: Now) {
        self.state = State::Pausing(now.instant + self.retry);
    }

    /// A time has come: half a frame is too old, an answer did not come, a pause is over.
    pub fn elapse(&mut self, now: Now, actions: &mut Actions) {
        if let State::Up { link, line, .. } = &mut self.state
            && line.expire(now.instant)
        {
            actions.disconnect(*link);
            self.is_gone(now);
        }
        let is_silent = matches!(&self.state,
            State::Up { repeat_at: Some(at), .. } if *at <= now.instant);
        match &self.state {
            State::Pausing(until) if *until <= now.instant => {
                self.state = State::Down;
                self.offer(now, actions);
            }
            State::Up { link, silences, .. } if is_silent && *silences >= SILENCES_MAX => {
                // Perhaps nobody is there any more.
                actions.disconnect(*link);
                self.is_gone(now);
            }
            State::Up { .. } if is_silent => self.send(now, actions),
            _ => {}
        }
    }

    fn send(&mut self, now: Now, actions: &mut Actions) {
        let State::Up { link, line, repeat_at, silences } = &mut self.state else { return };
        *repeat_at = None;
        *silences += 1;
        let Some(message) = self.outbox.message(now, self.institution) else { return };
        if let Ok(frame) = line.seal(&message, Envelope::default()) {
            actions.about(Ticket::NONE);
            actions.send(*link, frame);
            *repeat_at = Some(now.instant + self.retry);
        }
    }

    /// Takes what happened on its line, and gives what [`Channel::receive`] does; none if it
    /// happened elsewhere.
    pub fn happen(
        &mut self,
        now: Now,
        event: &Event<'_>,
        actions: &mut Actions,
    ) -> Option<Vec<Heard>> {
        match *event {
            Event::LinkUp { port, link } if port == self.port => self.stands(now, link, actions),
            Event::ConnectFailed { port } if port == self.port => self.is_gone(now),
            Event::LinkDown { link, .. } if self.is_on(link) => self.is_gone(now),
            Event::Received { link, bytes } if self.is_on(link) => {
                return Some(self.receive(now, bytes, actions));
            }
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Bytes from its line. Gives what the owner has to make durable; then it calls
    /// [`Channel::offer`].
    pub fn receive(&mut self, now: Now, bytes: &[u8], actions: &mut Actions) -> Vec<Heard> {
        let mut heard = Vec::new();
        let State::Up { line, .. } = &mut self.state else { return heard };
        line.receive(now.instant, bytes);
        while let State::Up { link, line, .. } = &mut self.state
            && let Some(read) = line.next()
        {
            match read {
                Ok(incoming) if incoming.mac == MacCheck::Valid => {
                    heard.extend(self.hear(now, &incoming.message, actions));
                }
                Ok(_) | Err(LineError::Decode { .. }) => {}
                Err(LineError::Frame(_)) => {
                    actions.disconnect(*link);
                    self.is_gone(now);
                }
            }
        }
        heard
    }

    fn hear(&mut self, now: Now, answer: &Message, actions: &mut Actions) -> Option<Heard> {
        if answer.mti() != Mti::FILE_ADVICE_RESPONSE {
            return None;
        }
        let progress = self.outbox.heard(answer);
        let State::Up { repeat_at, silences, .. } = &mut self.state else { return None };
        *silences = 0;
        match progress {
            Progress::Nothing => None,
            Progress::Next => {
                self.send(now, actions);
                None
            }
            Progress::Taken(id) => {
                *repeat_at = None;
                Some(Heard::Taken(id))
            }
            // Not at once: what is missing at the other side takes its time.
            Progress::Refused(id, code) => {
                *repeat_at = Some(now.instant + self.retry);
                Some(Heard::Refused(id, code))
            }
        }
    }
}
