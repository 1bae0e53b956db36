//! The standing connections to switches, and the answers that may not leave yet. Knows no account.

use crate::defect::Defects;
use crate::device::{Device, Output};
use crate::iso8583::{Envelope, Message};
use crate::line::{Incoming, Line, LineError, Zone};
use crate::node::{Actions, Link, Ticket};
use crate::time::{Duration, Instant};

/// Copies that may wait for slow commits. More are not answered, as if the line had lost them.
const WAITING_MAX: usize = 256;

/// All standing connections.
#[derive(Clone, Debug, Default)]
pub(super) struct Peers {
    list: Vec<Peer>,
    waiting: Vec<Waiting>,
}

#[derive(Clone, Debug)]
struct Peer {
    link: Link,
    line: Line,
    /// Which of the configured lines it is.
    zone: usize,
}

/// An answer to a copy, which may not be sooner than the record it tells of.
#[derive(Clone, Debug)]
struct Waiting {
    link: Link,
    ticket: Ticket,
    answer: Message,
}

impl Peers {
    /// A switch has connected on configured line number `zone`.
    pub(super) fn attach(
        &mut self,
        link: Link,
        zone: usize,
        keys: &Zone,
        frame_timeout: Duration,
        defects: Defects,
    ) {
        self.list.push(Peer { link, line: Line::network(keys, frame_timeout, defects), zone });
    }

    /// The connection is gone; what waited for it is answered to the next copy.
    pub(super) fn detach(&mut self, link: Link) {
        self.list.retain(|peer| peer.link != link);
        self.waiting.retain(|waiting| waiting.link != link);
    }

    /// Everything is gone: power was lost.
    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.waiting.clear();
    }

    /// Where the connection is in the list, until the next one goes.
    pub(super) fn position(&self, link: Link) -> Option<usize> {
        self.list.iter().position(|peer| peer.link == link)
    }

    /// Which of the configured lines the peer at `at` is.
    pub(super) fn zone(&self, at: usize) -> usize {
        self.list[at].zone
    }

    pub(super) fn receive(&mut self, at: usize, now: Instant, bytes: &[u8]) {
        self.list[at].line.receive(now, bytes);
    }

    pub(super) fn next(&mut self, at: usize) -> Option<Result<Incoming, LineError>> {
        self.list[at].line.next()
    }

    /// When the first half frame has waited long enough.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.list.iter().filter_map(|peer| peer.line.deadline()).min()
    }

    /// Hangs up on whoever has left half a frame for too long.
    pub(super) fn expire(&mut self, now: Instant, actions: &mut Actions) {
        let late =
            self.list.iter_mut().filter_map(|peer| peer.line.expire(now).then_some(peer.link));
        for link in late.collect::<Vec<_>>() {
            actions.disconnect(link);
            self.detach(link);
        }
    }

    pub(super) fn send(&self, at: usize, answer: &Message, actions: &mut Actions) {
        let peer = &self.list[at];
        match peer.line.seal(answer, Envelope::default()) {
            Ok(frame) => actions.send(peer.link, frame),
            Err(error) => actions.tell(Device::Log, Output::Log(format!("no answer: {error}"))),
        }
    }

    /// Keeps an answer until what it tells of is durable.
    pub(super) fn hold(&mut self, at: usize, answer: Message, ticket: Ticket) {
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push(Waiting { link: self.list[at].link, ticket, answer });
        }
    }

    /// Sends what waited.
    pub(super) fn release(&mut self, actions: &mut Actions) {
        for Waiting { link, ticket, answer } in core::mem::take(&mut self.waiting) {
            if let Some(at) = self.position(link) {
                actions.about(ticket);
                self.send(at, &answer, actions);
            }
        }
    }
}
