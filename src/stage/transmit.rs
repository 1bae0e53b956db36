//! A frame on its way: what faults do to it, and when what is left of it arrives.
//!
//! Connections are next door in `network`; nothing here decides whether one stands.

use super::latency::latency_us;
use super::network::{Delivery, Held, Piece};
use super::queue::Rank;
use super::{Item, Lines, World};
use crate::fault::{Damage, Fault, OnMessage, Tie, Until};
use crate::history::{Frame, What};
use reversim_models::iso8583::{Coding, Dialect, Element, Length, Mti, NETWORK, POS};
use reversim_models::node::{Link, LinkDownReason, Ticket};
use reversim_models::time::{Duration, Instant};

/// How long a frame is held for another one to come behind it.
const HOLD: Duration = Duration::millis(50);

impl<L: Lines> World<'_, L> {
    pub(super) fn dialect_between(&self, a: usize, b: usize) -> &'static Dialect {
        let is_pos = |host: usize| host < usize::from(self.plan.terminals);
        if is_pos(a) || is_pos(b) { &POS } else { &NETWORK }
    }

    pub(super) fn send(&mut self, host: usize, link: Link, bytes: Vec<u8>, ticket: Ticket) {
        let Some(connection) = self.network.connection(link) else { return };
        let ends = connection.ends;
        let to = ends.iter().find(|(end, _)| *end != host).map_or(host, |(end, _)| *end);
        let frame = Frame::new(bytes, self.dialect_between(host, to));
        self.send_frame(host, link, frame, ticket);
    }

    /// A frame is written, and what is to become of it is decided.
    pub(super) fn send_frame(&mut self, host: usize, link: Link, frame: Frame, ticket: Ticket) {
        let Some(connection) = self.network.connection(link) else { return };
        let Some(side) = connection.ends.iter().position(|(end, _)| *end == host) else { return };
        let is_up = connection.is_up[side];
        let to = connection.ends[1 - side].0;
        let mti = frame.peek_mti();
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
        let latency = match self.lines.now() {
            None => latency_us(self.scenario.seed, address, nth, min, max),
            // The line has a latency of its own.
            Some(_) => 0,
        };
        let piece = Piece {
            ticket,
            sent,
            frame,
            is_altered: false,
            copy: 0,
            is_resubmitted: false,
            part: None,
        };
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
        let resubmitted = fate.resubmitted.map(|(extra, frame)| {
            (extra, Piece { frame, copy: 1, is_resubmitted: true, ..piece.clone() })
        });
        if let Some((at, rank)) = fate.alone {
            self.resubmit((route.link, route.side), at, resubmitted);
            self.enter(&route, at, rank, vec![piece]);
            return;
        }
        let at = self.in_order(&route);
        let Some(connection) = self.network.connection(route.link) else { return };
        let held = connection.held[route.side].take();
        if let Some(joins) = fate.held {
            connection.held[route.side] = Some(Held { piece, joins, resubmitted });
            let item = Item::Release { link: route.link, side: route.side };
            self.push(at + HOLD, item);
            if let Some(held) = held {
                let piece = self.let_go((route.link, route.side), at, held);
                self.enter(&route, at, Rank::Normal, vec![piece]);
            }
            return;
        }
        let pause = fate.split.map_or(Duration::ZERO, |(_, pause)| pause);
        self.resubmit((route.link, route.side), at + pause, resubmitted);
        self.enter_in_order(&route, at, piece, fate.split, held);
    }

    /// What a gateway makes of a request comes behind it, which arrives at this time.
    fn resubmit(
        &mut self,
        (link, side): (Link, usize),
        at: Instant,
        resubmitted: Option<(Duration, Piece)>,
    ) {
        if let Some((extra, piece)) = resubmitted {
            let delivery = Delivery { link, side, pieces: vec![piece] };
            let item = Item::Deliver(delivery);
            self.queue.push(at + HOLD + extra, Rank::AfterDeadlines, item, true);
        }
    }

    /// What was held arrives at this time, and what a gateway makes of it behind it.
    fn let_go(&mut self, way: (Link, usize), at: Instant, held: Held) -> Piece {
        self.resubmit(way, at, held.resubmitted);
        held.piece
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
                    let piece = self.let_go((route.link, route.side), at, held);
                    self.enter(route, at, Rank::Normal, vec![piece]);
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
                let first = self.let_go((route.link, route.side), at, held);
                self.enter(route, at, Rank::Normal, vec![first, piece]);
            }
            (None, held) => {
                self.enter(route, at, Rank::Normal, vec![piece]);
                if let Some(held) = held {
                    let at = at + Duration::micros(1);
                    let piece = self.let_go((route.link, route.side), at, held);
                    self.enter(route, at, Rank::Normal, vec![piece]);
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
            let piece = self.let_go((link, side), self.now, held);
            self.deliver(Delivery { link, side, pieces: vec![piece] });
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
            // What never reached the other side whole would be no copy there.
            Fault::Resubmit { .. } if piece.is_altered => return false,
            Fault::Resubmit { after_ms, .. } => {
                let frame = self.resubmitted(route.from, route.to, &piece.frame);
                let Some(frame) = frame else { return false };
                fate.resubmitted = Some((Duration::millis(after_ms), frame));
            }
            Fault::Reorder(_) => fate.held = Some(false),
            Fault::Coalesce(_) => fate.held = Some(true),
            // A message is corrupted once. Two changes can cancel in the POS ECB MAC, which is an
            // exclusive-or over blocks: no correct party can survive that (see ARCHITECTURE.md).
            Fault::Corrupt { .. } if piece.is_altered || fate.resubmitted.is_some() => {
                return false;
            }
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
    /// What a gateway makes of it, and how much later.
    resubmitted: Option<(Duration, Frame)>,
}

/// The frame with a length that no element has: `-6` for `16`, or 99 where only digits fit; none
/// if the element is not there or has no length of its own.
fn impossible_length(frame: &Frame, number: u8) -> Option<Frame> {
    let mut bytes = frame.bytes().to_vec();
    let (dialect, element) = (frame.dialect(), Element(number));
    if matches!(dialect.spec(element)?.length, Length::Fixed(_)) {
        return None;
    }
    let (_, body) = dialect.framing.unwrap(&bytes).ok()?;
    let spans = dialect.spans(&bytes[body.clone()]).ok()?;
    let (_, span) = spans.into_iter().find(|(other, _)| *other == element)?;
    let first = if dialect.lengths == Coding::Bcd { 0x99 } else { b'-' };
    *bytes.get_mut(body.start + span.start)? = first;
    Some(Frame::new(bytes, dialect))
}

/// The frame with one thing changed; none if that thing is not there.
pub(crate) fn damaged(frame: &Frame, damage: Damage) -> Option<Frame> {
    let mut bytes = frame.bytes().to_vec();
    let at = match damage {
        Damage::Mac => bytes.len().checked_sub(1)?,
        Damage::Byte(at) => at as usize,
        Damage::Length(number) => return impossible_length(frame, number),
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
