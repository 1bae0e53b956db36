//! Lines between parties: connections, latency, order, and what faults do to frames.
//!
//! A connection keeps its bytes in order, as TCP does. What a faulty intermediary does to single
//! messages (delay, duplicate, reorder, replay) is outside that order on purpose.

use super::host::Happening;
use super::latency::latency_us;
use super::queue::Rank;
use super::{Item, World};
use crate::fault::{Damage, Fault, OnMessage, Tie, Until};
use crate::history::{Frame, What};
use reversim_models::iso8583::{Dialect, Element, Mti, NETWORK, POS};
use reversim_models::node::{Link, LinkDownReason, Port, Ticket};
use reversim_models::time::{Duration, Instant};

/// How long an attempt to connect through a partition takes to fail.
const CONNECT_TIMEOUT: Duration = Duration::secs(3);
/// How long a frame is held for another one to come behind it.
const HOLD: Duration = Duration::millis(50);

/// What is read at once: one frame, a part of one, or two.
pub(super) struct Delivery {
    link: Link,
    /// The side that receives: 0 for the one that connected.
    side: usize,
    pieces: Vec<Piece>,
}

/// A frame, or a part of it, in a read.
#[derive(Clone)]
struct Piece {
    ticket: Ticket,
    sent: usize,
    frame: Frame,
    is_altered: bool,
    copy: u32,
    part: Option<(u32, u32)>,
}

struct Connection {
    /// The two ends: index of the host and its port. The first one connected.
    ends: [(usize, Port); 2],
    is_up: [bool; 2],
    /// Towards each end: when the last byte so far arrives.
    last: [Instant; 2],
    /// Towards each end: dead, and nobody was told.
    is_dead: [bool; 2],
    /// Towards each end: a frame held back for the next one.
    held: [Option<Held>; 2],
}

struct Held {
    piece: Piece,
    /// In one read with the next frame, or behind it.
    joins: bool,
}

/// All connections, and how often each message was sent.
#[derive(Default)]
pub(super) struct Network {
    connections: Vec<Connection>,
    sent: Vec<(u64, u32)>,
}

impl Network {
    fn connection(&mut self, link: Link) -> Option<&mut Connection> {
        self.connections.get_mut((link.0 as usize).checked_sub(1)?)
    }

    /// How often a message with this address was sent, this one included.
    fn count(&mut self, address: u64) -> u32 {
        match self.sent.iter_mut().find(|(a, _)| *a == address) {
            Some((_, n)) => {
                *n += 1;
                *n
            }
            None => {
                self.sent.push((address, 1));
                1
            }
        }
    }
}

impl World<'_> {
    pub(super) fn connect(&mut self, host: usize, port: Port, ticket: Ticket) {
        let Some((peer, _)) = self.hosts[host].peer(port) else { return };
        let is_cut =
            self.faults.is_cut(host, peer, self.now) || self.faults.is_cut(peer, host, self.now);
        let after = if is_cut {
            CONNECT_TIMEOUT
        } else {
            Duration::micros(self.scenario.timing.latency_min_us.max(1)).times(2)
        };
        let epoch = self.hosts[host].epoch;
        let item = Item::Connect { host, port, epoch, ticket, is_refused: is_cut };
        self.push(self.now + after, item);
    }

    pub(super) fn finish_connect(
        &mut self,
        host: usize,
        port: Port,
        ticket: Ticket,
        refused: bool,
    ) {
        let Some((peer, peer_port)) = self.hosts[host].peer(port) else { return };
        if refused || !self.hosts[peer].is_up() {
            let party = self.hosts[peer].party;
            self.note(host, ticket, What::ConnectFailed { peer: party });
            self.feed(host, ticket, Happening::ConnectFailed { port });
            return;
        }
        self.network.connections.push(Connection {
            ends: [(host, port), (peer, peer_port)],
            is_up: [true; 2],
            last: [self.now; 2],
            is_dead: [false; 2],
            held: [None, None],
        });
        let link = Link(self.network.connections.len() as u32);
        for (end, port, other) in [(peer, peer_port, host), (host, port, peer)] {
            let other = self.hosts[other].party;
            self.note(end, ticket, What::LinkUp { link, peer: other });
            self.feed(end, ticket, Happening::LinkUp { port, link });
        }
    }

    /// Closes one end in order: the other end learns it after the bytes that are under way.
    pub(super) fn disconnect(&mut self, host: usize, link: Link) {
        let reason = LinkDownReason::Closed;
        let Some((side, other, at)) = self.take_down(host, link) else { return };
        let cut = self.faults.is_cut(host, other, self.now);
        let Some(connection) = self.network.connection(link) else { return };
        if connection.is_dead[1 - side] || cut {
            // Nobody hears it. The other end learns it when it next has power or everything heals.
            return;
        }
        let epoch = self.hosts[other].epoch;
        self.push(at, Item::LinkDown { host: other, epoch, link, reason });
    }

    /// Marks this end as gone. Gives its side, the other host and when a last word arrives there.
    fn take_down(&mut self, host: usize, link: Link) -> Option<(usize, usize, Instant)> {
        let min = Duration::micros(self.scenario.timing.latency_min_us.max(1));
        let soon = self.now + min;
        let connection = self.network.connection(link)?;
        let side = connection.ends.iter().position(|(end, _)| *end == host)?;
        connection.is_up[side] = false;
        let other = connection.ends[1 - side].0;
        Some((side, other, connection.last[1 - side].max(soon)))
    }

    pub(super) fn link_down(&mut self, host: usize, link: Link, reason: LinkDownReason) {
        let Some(connection) = self.network.connection(link) else { return };
        let Some(side) = connection.ends.iter().position(|(end, _)| *end == host) else { return };
        if !std::mem::replace(&mut connection.is_up[side], false) {
            return;
        }
        let peer = connection.ends[1 - side].0;
        let peer = self.hosts[peer].party;
        self.note(host, Ticket::NONE, What::LinkDown { link, peer, reason });
        self.feed(host, Ticket::NONE, Happening::LinkDown { link, reason });
    }

    /// A host lost power: its ends are gone, the other ends believe in them.
    pub(super) fn network_lost_host(&mut self, host: usize) {
        for connection in &mut self.network.connections {
            for side in 0..2 {
                if connection.ends[side].0 == host {
                    connection.is_up[side] = false;
                }
            }
        }
    }

    /// A host has power again: whoever still believes in an old connection learns better.
    pub(super) fn reset_connections_of(&mut self, host: usize) {
        self.reset_where(|connection| connection.ends.iter().any(|(end, _)| *end == host));
    }

    /// Everything heals: connections that are dead in a direction, or at one end, break openly.
    pub(super) fn reset_half_dead_connections(&mut self) {
        self.reset_where(|c| c.is_up[0] != c.is_up[1] || c.is_dead[0] || c.is_dead[1]);
    }

    fn reset_where(&mut self, is_meant: impl Fn(&Connection) -> bool) {
        let at = self.now + Duration::micros(self.scenario.timing.latency_min_us.max(1));
        for index in 0..self.network.connections.len() {
            let connection = &self.network.connections[index];
            if !is_meant(connection) {
                continue;
            }
            let link = Link(index as u32 + 1);
            for ((host, _), is_up) in connection.ends.into_iter().zip(connection.is_up) {
                if is_up {
                    let epoch = self.hosts[host].epoch;
                    let reason = LinkDownReason::Reset;
                    let item = Item::LinkDown { host, epoch, link, reason };
                    self.queue.push(at, Rank::Normal, item, true);
                }
            }
        }
    }

    fn dialect_between(&self, a: usize, b: usize) -> &'static Dialect {
        let is_pos = |host: usize| host < usize::from(self.plan.terminals);
        if is_pos(a) || is_pos(b) { &POS } else { &NETWORK }
    }

    pub(super) fn send(&mut self, host: usize, link: Link, bytes: Vec<u8>, ticket: Ticket) {
        let Some(connection) = self.network.connection(link) else { return };
        let Some(side) = connection.ends.iter().position(|(end, _)| *end == host) else { return };
        let is_up = connection.is_up[side];
        let to = connection.ends[1 - side].0;
        let frame = Frame::new(bytes, self.dialect_between(host, to));
        let mti = peek_mti(&frame);
        let to_party = self.hosts[to].party;
        let sent = self.note(host, ticket, What::Sent { link, to: to_party, frame: frame.clone() });
        if !is_up {
            self.note(to, ticket, What::Lost { sent, to: to_party });
            return;
        }
        let address = (host as u64) << 56
            | (to as u64) << 48
            | u64::from(mti.map_or(0, Mti::bcd)) << 32
            | u64::from(ticket.0);
        let nth = self.network.count(address);
        let timing = &self.scenario.timing;
        let (min, max) = (timing.latency_min_us.max(1), timing.latency_max_us);
        let latency = latency_us(self.scenario.seed, address, nth, min, max);
        let piece = Piece { ticket, sent, frame, is_altered: false, copy: 0, part: None };
        let route = Route {
            link,
            side: 1 - side,
            from: host,
            to,
            at: self.now + Duration::micros(latency),
        };
        let on = mti.map(|mti| OnMessage {
            from: self.hosts[host].party,
            to: to_party,
            mti,
            step: ticket.0,
            nth,
        });
        self.transmit(route, piece, on);
    }

    /// Applies what faults do to this message, and sends what is left of it on its way.
    fn transmit(&mut self, mut route: Route, mut piece: Piece, on: Option<OnMessage>) {
        let mut fate = Fate::default();
        if let Some(on) = on {
            self.message_triggers(&on);
            while let Some((index, fault)) = self.faults.take_message_fault(&on) {
                let fired = self.apply(fault, &mut route, &mut piece, &mut fate);
                if fired {
                    let ticket = piece.ticket;
                    self.faults.fire(index);
                    self.note(route.to, ticket, What::FaultFired(index));
                }
            }
        }
        let is_cut = self.faults.is_cut(route.from, route.to, self.now);
        let Some(connection) = self.network.connection(route.link) else { return };
        if fate.dies {
            connection.is_dead[route.side] = true;
        }
        if is_cut || fate.is_lost || connection.is_dead[route.side] {
            self.lose(&route, &piece);
            return;
        }
        if let Some(at) = fate.breaks_at {
            self.break_line(&route, piece, at);
            return;
        }
        for (index, extra) in fate.copies.into_iter().enumerate() {
            let mut copy = piece.clone();
            copy.copy = index as u32 + 1;
            self.enter(&route, route.at + extra, Rank::Normal, vec![copy]);
        }
        if let Some((at, rank)) = fate.alone {
            self.enter(&route, at, rank, vec![piece]);
            return;
        }
        let at = self.in_order(&route);
        let Some(connection) = self.network.connection(route.link) else { return };
        let held = connection.held[route.side].take();
        if let Some(joins) = fate.held {
            connection.held[route.side] = Some(Held { piece, joins });
            let item = Item::Release { link: route.link, side: route.side };
            self.push(at + HOLD, item);
            if let Some(held) = held {
                self.enter(&route, at, Rank::Normal, vec![held.piece]);
            }
            return;
        }
        self.enter_in_order(&route, at, piece, fate.split, held);
    }

    fn enter_in_order(
        &mut self,
        route: &Route,
        at: Instant,
        piece: Piece,
        split: Option<(u32, Duration)>,
        held: Option<Held>,
    ) {
        match (split, held) {
            (Some((byte, pause)), held) => {
                if let Some(held) = held {
                    self.enter(route, at, Rank::Normal, vec![held.piece]);
                }
                let end = piece.frame.bytes().len() as u32;
                let (mut head, mut tail) = (piece.clone(), piece);
                head.part = Some((0, byte));
                tail.part = Some((byte, end));
                self.enter(route, at, Rank::Normal, vec![head]);
                self.enter(route, at + pause, Rank::Normal, vec![tail]);
                if let Some(connection) = self.network.connection(route.link) {
                    connection.last[route.side] = at + pause;
                }
            }
            (None, Some(held)) if held.joins => {
                self.enter(route, at, Rank::Normal, vec![held.piece, piece]);
            }
            (None, held) => {
                self.enter(route, at, Rank::Normal, vec![piece]);
                if let Some(held) = held {
                    self.enter(route, at + Duration::micros(1), Rank::Normal, vec![held.piece]);
                }
            }
        }
    }

    /// When bytes sent now arrive, after all bytes before them and after a stall.
    fn in_order(&mut self, route: &Route) -> Instant {
        let at = self.faults.stalled_until(route.from, route.to, self.now).max(route.at);
        let Some(connection) = self.network.connection(route.link) else { return at };
        let last = &mut connection.last[route.side];
        *last = at.max(*last + Duration::micros(1));
        *last
    }

    /// A held frame is not held longer for another one.
    pub(super) fn release(&mut self, link: Link, side: usize) {
        let Some(connection) = self.network.connection(link) else { return };
        if let Some(held) = connection.held[side].take() {
            self.deliver(Delivery { link, side, pieces: vec![held.piece] });
        }
    }

    fn enter(&mut self, route: &Route, at: Instant, rank: Rank, pieces: Vec<Piece>) {
        let delivery = Delivery { link: route.link, side: route.side, pieces };
        self.queue.push(at.max(self.now), rank, Item::Deliver(delivery), true);
    }

    fn lose(&mut self, route: &Route, piece: &Piece) {
        let to = self.hosts[route.to].party;
        self.note(route.to, piece.ticket, What::Lost { sent: piece.sent, to });
    }

    /// The connection breaks while this frame is written: a part arrives, then both ends know.
    fn break_line(&mut self, route: &Route, mut piece: Piece, byte: u32) {
        let at = self.in_order(route);
        let end = piece.frame.bytes().len() as u32;
        if byte >= end {
            self.enter(route, at, Rank::Normal, vec![piece]);
        } else if byte > 0 {
            piece.part = Some((0, byte));
            self.enter(route, at, Rank::Normal, vec![piece]);
        } else {
            self.lose(route, &piece);
        }
        for (host, at) in [(route.to, at), (route.from, self.now + Duration::micros(1))] {
            let epoch = self.hosts[host].epoch;
            let reason = LinkDownReason::Reset;
            self.push(at, Item::LinkDown { host, epoch, link: route.link, reason });
        }
    }

    /// Bytes reach a party, if there is still somebody to read them.
    pub(super) fn deliver(&mut self, delivery: Delivery) {
        let Delivery { link, side, pieces } = delivery;
        let Some(connection) = self.network.connection(link) else { return };
        let (host, _) = connection.ends[side];
        let from = connection.ends[1 - side].0;
        // A copy that comes after its connection is gone is read on the current one: whoever
        // replays messages does not depend on the connection they were caught on.
        let is_copy = pieces.iter().all(|piece| piece.copy > 0);
        let is_open = connection.is_up[side] && !connection.is_dead[side];
        let link = if is_open {
            Some(link)
        } else if is_copy {
            self.current_link(from, host)
        } else {
            None
        };
        let (Some(link), true) = (link, self.hosts[host].is_up()) else {
            for piece in pieces {
                let to = self.hosts[host].party;
                self.note(host, piece.ticket, What::Lost { sent: piece.sent, to });
            }
            return;
        };
        let from = self.hosts[from].party;
        let ticket = pieces.first().map_or(Ticket::NONE, |piece| piece.ticket);
        let mut joined = Vec::new();
        let mut whole = None;
        let count = pieces.len();
        for piece in pieces {
            let Piece { ticket, sent, frame, is_altered, copy, part } = piece;
            let bytes = frame.bytes();
            match part {
                Some((start, end)) => {
                    let (start, end) = (start as usize, (end as usize).min(bytes.len()));
                    joined.extend_from_slice(bytes.get(start..end).unwrap_or_default());
                }
                None if count > 1 => joined.extend_from_slice(bytes),
                None => whole = Some(frame.clone()),
            }
            let what = What::Delivered { link, from, sent, frame, is_altered, copy, part };
            self.note(host, ticket, what);
        }
        let happening = match whole {
            Some(frame) => Happening::Frame { link, frame },
            None => Happening::Bytes { link, bytes: joined },
        };
        self.feed(host, ticket, happening);
    }

    fn current_link(&self, a: usize, b: usize) -> Option<Link> {
        let is_between = |c: &Connection| {
            let ends = [c.ends[0].0, c.ends[1].0];
            c.is_up == [true; 2] && (ends == [a, b] || ends == [b, a])
        };
        let index = self.network.connections.iter().rposition(is_between)?;
        Some(Link(index as u32 + 1))
    }

    /// What one fault does to this message. False: it cannot (the byte is not there).
    fn apply(
        &mut self,
        fault: Fault,
        route: &mut Route,
        piece: &mut Piece,
        fate: &mut Fate,
    ) -> bool {
        let length = piece.frame.bytes().len() as u32;
        match fault {
            Fault::Drop(_) => fate.is_lost = true,
            Fault::Delay { until: Until::ByMs(ms), .. } => {
                fate.alone = Some((route.at + Duration::millis(ms), Rank::Normal));
            }
            Fault::Delay { until: Until::Deadline { of, offset_us, order }, .. } => {
                let waiter = self.plan.index(of).and_then(|host| self.hosts[host].deadline());
                let Some(deadline) = waiter else { return false };
                let at = Instant(deadline.0.saturating_add_signed(offset_us));
                let rank = match order {
                    Tie::MessageFirst => Rank::BeforeDeadlines,
                    Tie::DeadlineFirst => Rank::AfterDeadlines,
                };
                fate.alone = Some((at.max(route.at), rank));
            }
            Fault::Duplicate { after_ms, .. } | Fault::Replay { after_ms, .. } => {
                fate.copies.push(Duration::millis(after_ms) + Duration::micros(1));
            }
            Fault::Reorder(_) => fate.held = Some(false),
            Fault::Coalesce(_) => fate.held = Some(true),
            Fault::Corrupt { damage, .. } => match damaged(&piece.frame, damage) {
                Some(frame) => {
                    piece.frame = frame;
                    piece.is_altered = true;
                }
                None => return false,
            },
            Fault::Split { at_byte, pause_ms, .. } if at_byte > 0 && at_byte < length => {
                fate.split = Some((at_byte, Duration::millis(pause_ms)));
            }
            Fault::Reset { at_byte, .. } => fate.breaks_at = Some(at_byte),
            Fault::HalfOpen(_) => fate.dies = true,
            _ => return false,
        }
        true
    }
}

/// Where a frame goes, and when it would arrive.
struct Route {
    link: Link,
    side: usize,
    from: usize,
    to: usize,
    at: Instant,
}

/// What faults decided about one frame.
#[derive(Default)]
struct Fate {
    is_lost: bool,
    dies: bool,
    breaks_at: Option<u32>,
    alone: Option<(Instant, Rank)>,
    held: Option<bool>,
    split: Option<(u32, Duration)>,
    copies: Vec<Duration>,
}

/// The message type, read from the bytes without decoding the rest.
pub(super) fn peek_mti(frame: &Frame) -> Option<Mti> {
    let (_, body) = frame.dialect().framing.unwrap(frame.bytes()).ok()?;
    let body = frame.bytes().get(body)?;
    if std::ptr::eq(frame.dialect(), &POS) {
        Mti::from_bcd(u16::from_be_bytes([*body.first()?, *body.get(1)?]))
    } else {
        Mti::parse(std::str::from_utf8(body.get(..4)?).ok()?)
    }
}

/// The frame with one thing changed; none if that thing is not there.
fn damaged(frame: &Frame, damage: Damage) -> Option<Frame> {
    let mut bytes = frame.bytes().to_vec();
    let at = match damage {
        Damage::Mac => bytes.len().checked_sub(1)?,
        Damage::Byte(at) => at as usize,
        Damage::Element(number) => {
            let (_, body) = frame.dialect().framing.unwrap(&bytes).ok()?;
            let spans = frame.dialect().spans(&bytes[body.clone()]).ok()?;
            let (_, span) = spans.into_iter().find(|(element, _)| element.0 == number)?;
            body.start + span.end.checked_sub(1)?
        }
    };
    // On POS lines these elements end in a filler nibble, which carries nothing.
    let ends_in_filler = std::ptr::eq(frame.dialect(), &POS)
        && [Element::ENTRY_MODE, Element::TRACK_2].iter().any(|e| damage == Damage::Element(e.0));
    *bytes.get_mut(at)? ^= if ends_in_filler { 0x10 } else { 0x01 };
    Some(Frame::new(bytes, frame.dialect()))
}
