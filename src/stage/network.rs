//! Lines between parties: connections, latency, order, and what faults do to frames.
//!
//! A connection keeps its bytes in order, as TCP does. What a faulty intermediary does to single
//! messages (delay, duplicate, reorder, replay) is outside that order on purpose.

use super::host::Happening;
use super::queue::Rank;
use super::{Item, Lines, World};
use crate::history::{Frame, What};
use reversim_models::node::{Link, LinkDownReason, Port, Ticket};
use reversim_models::time::{Duration, Instant};
use rustc_hash::{FxBuildHasher, FxHashMap};

/// How long an attempt to connect through a partition takes to fail.
const CONNECT_TIMEOUT: Duration = Duration::secs(3);

/// What is read at once: one frame, a part of one, or two.
pub(super) struct Delivery {
    pub(super) link: Link,
    /// The side that receives: 0 for the one that connected.
    pub(super) side: usize,
    pub(super) pieces: Vec<Piece>,
}

/// A frame, or a part of it, in a read.
#[derive(Clone)]
pub(super) struct Piece {
    pub(super) ticket: Ticket,
    pub(super) sent: usize,
    pub(super) frame: Frame,
    pub(super) is_altered: bool,
    pub(super) copy: u32,
    /// Written anew by a gateway on the line, under its own number and a right MAC.
    pub(super) is_resubmitted: bool,
    pub(super) part: Option<(u32, u32)>,
}

pub(super) struct Connection {
    /// The two ends: index of the host and its port. The first one connected.
    pub(super) ends: [(usize, Port); 2],
    pub(super) is_up: [bool; 2],
    /// Towards each end: when the last byte so far arrives.
    pub(super) last: [Instant; 2],
    /// Towards each end: dead, and nobody was told.
    pub(super) is_dead: [bool; 2],
    /// Towards each end: a frame held back for the next one.
    pub(super) held: [Option<Held>; 2],
}

impl Connection {
    /// A connection that stands from now on.
    pub(super) fn new(ends: [(usize, Port); 2], now: Instant) -> Connection {
        Connection {
            ends,
            is_up: [true; 2],
            last: [now; 2],
            is_dead: [false; 2],
            held: [None, None],
        }
    }
}

pub(super) struct Held {
    pub(super) piece: Piece,
    /// In one read with the next frame, or behind it.
    pub(super) joins: bool,
    /// What a gateway makes of it, and how long after it.
    pub(super) resubmitted: Option<(Duration, Piece)>,
}

/// All connections, and how often each message was sent.
pub(super) struct Network {
    connections: Vec<Connection>,
    sent: FxHashMap<u64, u32>,
}

/// Room for the messages of a run at the counter.
const MESSAGES: usize = 56;

impl Default for Network {
    fn default() -> Network {
        let sent = FxHashMap::with_capacity_and_hasher(MESSAGES, FxBuildHasher);
        Network { connections: Vec::new(), sent }
    }
}

impl Network {
    pub(super) fn connection(&mut self, link: Link) -> Option<&mut Connection> {
        self.connections.get_mut((link.0 as usize).checked_sub(1)?)
    }

    /// A connection stands. Its number is that which was the next one.
    pub(super) fn add(&mut self, connection: Connection) {
        self.connections.push(connection);
    }

    /// The number of the connection after all that were.
    pub(super) fn next_link(&self) -> Link {
        Link(self.connections.len() as u32 + 1)
    }

    /// How often a message with this address was sent, this one included.
    pub(super) fn count(&mut self, address: u64) -> u32 {
        let count = self.sent.entry(address).or_default();
        *count += 1;
        *count
    }
}

impl<L: Lines> World<'_, L> {
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
        let link = self.network.next_link();
        let ends = [(host, port), (peer, peer_port)];
        let is_there = !refused && self.hosts[peer].is_up();
        if !is_there || !self.lines.join(link, ends[0], ends[1]) {
            let party = self.hosts[peer].party;
            self.note(host, ticket, What::ConnectFailed { peer: party });
            self.feed(host, ticket, Happening::ConnectFailed { port });
            return;
        }
        self.network.add(Connection::new(ends, self.now));
        for (end, port, other) in [(peer, peer_port, host), (host, port, peer)] {
            self.is_joined(end, port, link, other, ticket);
        }
    }

    /// One end learns that a connection stands.
    pub(super) fn is_joined(
        &mut self,
        end: usize,
        port: Port,
        link: Link,
        other: usize,
        ticket: Ticket,
    ) {
        if !self.hosts[end].is_remote() {
            let peer = self.hosts[other].party;
            self.note(end, ticket, What::LinkUp { link, peer });
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
    pub(super) fn take_down(&mut self, host: usize, link: Link) -> Option<(usize, usize, Instant)> {
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
        self.lines.end(link, reason);
        self.forget(link);
        if self.hosts[host].is_remote() {
            return;
        }
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

    /// Bytes reach a party, if there is still somebody to read them.
    pub(super) fn deliver(&mut self, delivery: Delivery) {
        let Delivery { link, side, pieces } = delivery;
        let Some(connection) = self.network.connection(link) else { return };
        let (host, _) = connection.ends[side];
        let from = connection.ends[1 - side].0;
        // A copy that comes after its connection is gone is read on the current one: whoever
        // replays messages does not depend on the connection they were caught on.
        // A gateway sits on the connection itself.
        let is_copy = pieces.iter().all(|piece| piece.copy > 0 && !piece.is_resubmitted);
        let is_open = connection.is_up[side] && !connection.is_dead[side];
        let open = if is_open {
            Some((link, side))
        } else if is_copy {
            self.current_link(from, host)
        } else {
            None
        };
        let (Some((link, side)), true) = (open, self.hosts[host].is_up()) else {
            for piece in pieces {
                let to = self.hosts[host].party;
                self.note(host, piece.ticket, What::Lost { sent: piece.sent, to });
            }
            return;
        };
        let is_at_hand = !L::CARRIES || self.hosts[from].is_remote();
        let from = self.hosts[from].party;
        let ticket = pieces.first().map_or(Ticket::NONE, |piece| piece.ticket);
        let read = read_of(&pieces);
        for piece in pieces {
            let Piece { ticket, sent, frame, is_altered, copy, is_resubmitted: _, part } = piece;
            let what = What::Delivered { link, from, sent, frame, is_altered, copy, part };
            self.note(host, ticket, what);
        }
        if is_at_hand {
            let happening = match read {
                Read::Frame(frame) => Happening::Frame { link, frame },
                Read::Bytes(bytes) => Happening::Bytes { link, bytes },
            };
            return self.feed(host, ticket, happening);
        }
        self.carry(host, (link, side), ticket, read.bytes());
    }

    /// The bytes of one read go over the line, and come out of it in one read or in several.
    fn carry(&mut self, host: usize, (link, side): (Link, usize), ticket: Ticket, bytes: &[u8]) {
        let Some(reads) = self.lines.carry(link, side, bytes) else {
            let peer = self.network.connection(link).map(|c| c.ends[1 - side].0);
            let at = self.now;
            for host in [Some(host), peer].into_iter().flatten() {
                let epoch = self.hosts[host].epoch;
                let reason = LinkDownReason::Reset;
                self.push(at, Item::LinkDown { host, epoch, link, reason });
            }
            return;
        };
        for bytes in reads {
            self.feed(host, ticket, Happening::Bytes { link, bytes });
        }
    }

    /// The connection that two hosts have now, and the side of it that is the second one's.
    fn current_link(&self, a: usize, b: usize) -> Option<(Link, usize)> {
        let is_between = |c: &Connection| {
            let ends = [c.ends[0].0, c.ends[1].0];
            c.is_up == [true; 2] && (ends == [a, b] || ends == [b, a])
        };
        let index = self.network.connections.iter().rposition(is_between)?;
        let side = usize::from(self.network.connections[index].ends[1].0 == b);
        Some((Link(index as u32 + 1), side))
    }
}

/// What is read at once.
enum Read {
    /// One whole frame, still shared with the history.
    Frame(Frame),
    /// Part of one, or several.
    Bytes(Vec<u8>),
}

impl Read {
    fn bytes(&self) -> &[u8] {
        match self {
            Read::Frame(frame) => frame.bytes(),
            Read::Bytes(bytes) => bytes,
        }
    }
}

fn read_of(pieces: &[Piece]) -> Read {
    if let [Piece { frame, part: None, .. }] = pieces {
        return Read::Frame(frame.clone());
    }
    let mut joined = Vec::new();
    for piece in pieces {
        let bytes = piece.frame.bytes();
        let (start, end) = piece.part.map_or((0, bytes.len()), |(a, b)| (a as usize, b as usize));
        joined.extend_from_slice(bytes.get(start..end.min(bytes.len())).unwrap_or_default());
    }
    Read::Bytes(joined)
}
