//! Somebody else's machine in the world: what comes from it, as frames, and what it is about.
//!
//! Nothing travels beside the bytes of a foreign system, so what a message is about has to be found
//! in what it says: the only place where a ticket is derived from elements. An answer that nobody
//! waits for is explained. It judges nothing.

use super::network::Connection;
use super::{Heard, Item, Lines, World};
use crate::fault::Side;
use crate::history::{Frame, What};
use crate::party::Party;
use reversim_models::iso8583::{Dialect, Element, Framer, Message, Mti, OriginalData90};
use reversim_models::node::{Action, Link, LinkDownReason, Port, Ticket};
use rustc_hash::FxHashMap;

/// Bytes that are taken from outside in one run, at most, and as many more for each step: a hundred
/// times what a step needs.
const FLOOD: usize = 256 << 10;

/// Explanations kept, at most.
const UNMATCHED_MAX: usize = 50;

/// What is known of foreign systems' connections.
#[derive(Default)]
pub(super) struct Outside {
    lines: FxHashMap<Link, Stream>,
    /// Bytes so far, of a run or of a server's last moments.
    pub(super) bytes: usize,
    /// Answers that nobody waited for, each explained.
    pub(super) unmatched: Vec<String>,
}

/// What came on one connection and is not a whole frame yet.
struct Stream {
    framer: Framer,
    /// Framing is lost: bytes are passed on as they come.
    is_lost: bool,
    /// Grows with every read, so that a wait knows whether anything came since.
    reads: u32,
}

impl Stream {
    fn new(dialect: &Dialect) -> Stream {
        Stream { framer: Framer::new(dialect.framing), is_lost: false, reads: 0 }
    }

    /// Takes a read; gives what it completes.
    fn push(&mut self, bytes: Vec<u8>) -> Vec<Vec<u8>> {
        self.reads += 1;
        if self.is_lost {
            return vec![bytes];
        }
        let mut rest = self.framer.take();
        rest.extend_from_slice(&bytes);
        self.framer.push(&rest);
        let (mut frames, mut taken) = (Vec::new(), 0);
        while let Some(next) = self.framer.next() {
            match next {
                Ok(frame) => {
                    taken += frame.len();
                    frames.push(frame);
                }
                Err(_) => {
                    self.is_lost = true;
                    frames.push(rest.get(taken..).unwrap_or_default().to_vec());
                    break;
                }
            }
        }
        frames
    }
}

impl<L: Lines> World<'_, L> {
    /// Something came from outside.
    pub(super) fn take_up(&mut self, heard: Heard) {
        match heard {
            Heard::Connected { host, port, socket } => self.foreign_connects(host, port, socket),
            Heard::Read { link, bytes } => self.foreign_writes(link, bytes),
            Heard::Ended { link, is_reset } => self.foreign_ends(link, is_reset),
        }
    }

    fn foreign_connects(&mut self, host: usize, port: Port, socket: u32) {
        let Some((peer, peer_port)) = self.hosts[host].peer(port) else { return };
        let is_cut =
            self.faults.is_cut(host, peer, self.now) || self.faults.is_cut(peer, host, self.now);
        if is_cut || !self.hosts[host].is_up() {
            return self.lines.refuse(socket);
        }
        let link = self.network.next_link();
        self.lines.adopt(link, socket);
        self.network.add(Connection::new([(peer, peer_port), (host, port)], self.now));
        self.is_joined(host, port, link, peer, Ticket::NONE);
    }

    /// The end of a connection that is foreign, and the other one.
    fn ends_of(&mut self, link: Link) -> Option<(usize, usize)> {
        let [(a, _), (b, _)] = self.network.connection(link)?.ends;
        Some(if self.hosts[a].is_remote() { (a, b) } else { (b, a) })
    }

    fn foreign_writes(&mut self, link: Link, bytes: Vec<u8>) {
        let Some((foreign, ours)) = self.ends_of(link) else { return };
        self.outside.bytes = self.outside.bytes.saturating_add(bytes.len());
        if self.outside.bytes > FLOOD.saturating_mul(self.scenario.steps.len() + 1) {
            return self.is_flooded(link, (foreign, ours));
        }
        let dialect = self.dialect_between(foreign, ours);
        let stream = self.outside.lines.entry(link).or_insert_with(|| Stream::new(dialect));
        let frames = stream.push(bytes);
        let (reads, is_partial) = (stream.reads, stream.framer.is_partial());
        for frame in frames {
            self.foreign_frame((foreign, ours), link, frame);
        }
        if is_partial {
            let wait = self.lines.half_frame();
            self.push(self.now + wait, Item::HalfFrame { link, reads });
        }
    }

    /// A system writes without end: nothing more is taken from it.
    fn is_flooded(&mut self, link: Link, (foreign, ours): (usize, usize)) {
        let (party, epoch) = (self.hosts[foreign].party, self.hosts[ours].epoch);
        let why = format!("{party} writes without end: it is not listened to any more");
        if !self.outside.unmatched.contains(&why) {
            self.outside.unmatched.push(why);
        }
        let reason = LinkDownReason::Reset;
        self.push(self.now, Item::LinkDown { host: ours, epoch, link, reason });
    }

    /// The rest of a frame does not come: its beginning is what the party sees.
    pub(super) fn half_frame(&mut self, link: Link, reads: u32) {
        let Some(ends) = self.ends_of(link) else { return };
        let Some(stream) = self.outside.lines.get_mut(&link) else { return };
        if stream.reads == reads && stream.framer.is_partial() {
            let bytes = stream.framer.take();
            // What comes next is the rest of it, if anything does.
            stream.is_lost = true;
            self.foreign_frame(ends, link, bytes);
        }
    }

    fn foreign_ends(&mut self, link: Link, is_reset: bool) {
        let Some((foreign, ours)) = self.ends_of(link) else { return };
        if let Some(stream) = self.outside.lines.get_mut(&link) {
            let reads = stream.reads;
            self.half_frame(link, reads);
        }
        let is_cut = self.faults.is_cut(foreign, ours, self.now);
        // What it wrote before arrives before.
        let Some((side, _, at)) = self.take_down(foreign, link) else { return };
        let is_dead = self.network.connection(link).is_none_or(|c| c.is_dead[1 - side]);
        if is_cut || is_dead {
            // Nobody hears it before everything heals.
            return;
        }
        let epoch = self.hosts[ours].epoch;
        let reason = if is_reset { LinkDownReason::Reset } else { LinkDownReason::Closed };
        self.push(at, Item::LinkDown { host: ours, epoch, link, reason });
    }

    fn foreign_frame(&mut self, (foreign, ours): (usize, usize), link: Link, bytes: Vec<u8>) {
        let frame = Frame::new(bytes, self.dialect_between(foreign, ours));
        let (from, to) = (self.hosts[foreign].party, self.hosts[ours].party);
        let ticket = match frame.message() {
            Some(message) if message.mti().is_response() => {
                self.answered_by(link, to, from, message)
            }
            Some(message) => self.asked_by(from, to, message),
            None => {
                let bytes = frame.bytes().len();
                self.explain(format!("{bytes} bytes from {from} to {to} are not a message"));
                Ticket::NONE
            }
        };
        self.foreign_acts((foreign, ticket), link, frame);
    }

    /// A frame of a foreign system is an action like any: its power can fail just before and just
    /// after it.
    fn foreign_acts(&mut self, (host, ticket): (usize, Ticket), link: Link, frame: Frame) {
        if !self.faults.watches(host) {
            return self.send_frame(host, link, frame, ticket);
        }
        let action = Action::Send { link, frame: frame.bytes().to_vec() };
        let seen = self.faults.count_action(host, ticket, &action);
        if let Some(seen) = &seen
            && self.around_action(host, seen, Side::Before, None)
        {
            return;
        }
        self.send_frame(host, link, frame, ticket);
        if let Some(seen) = &seen {
            self.around_action(host, seen, Side::After, None);
        }
    }

    /// A connection is over.
    pub(super) fn forget(&mut self, link: Link) {
        self.outside.lines.remove(&link);
    }

    fn explain(&mut self, why: String) {
        if self.outside.unmatched.len() < UNMATCHED_MAX {
            self.outside.unmatched.push(why);
        }
    }

    /// Frames that one party wrote to another, newest first, each with its ticket.
    fn written(&self, by: Party, to: Party) -> impl Iterator<Item = (Ticket, Link, &Message)> {
        self.history.entries.iter().rev().filter_map(move |entry| match &entry.what {
            What::Sent { link, to: other, frame } if entry.party == by && *other == to => {
                Some((entry.ticket, *link, frame.message()?))
            }
            _ => None,
        })
    }

    /// What an answer is about: the request that it answers, on the same connection.
    fn answered_by(&mut self, link: Link, asker: Party, by: Party, answer: &Message) -> Ticket {
        let asked = || {
            let answers = |m: &Message| m.mti().is_request() && m.mti().response() == answer.mti();
            self.written(asker, by).filter(move |(_, on, m)| *on == link && answers(m))
        };
        let same_number = |m: &Message| m.number(Element::STAN) == answer.number(Element::STAN);
        if let Some((ticket, ..)) = asked().find(|(.., message)| same_number(message)) {
            return ticket;
        }
        let mti = answer.mti();
        let why = match asked().next() {
            None => {
                format!("{mti} from {by} answers nothing that {asker} asked on this connection")
            }
            Some((.., nearest)) => format!(
                "{mti} from {by} answers nobody at {asker}: of the nearest request ({}), {} differ",
                nearest.mti(),
                differing(nearest, answer)
            ),
        };
        self.explain(why);
        Ticket::NONE
    }

    /// What a request is about: an earlier one of the same name, what it reverses, or what was
    /// asked of the system that sends it.
    fn asked_by(&self, by: Party, to: Party, message: &Message) -> Ticket {
        if message.mti().class() == 8 {
            return Ticket::NONE;
        }
        let names = [Element::STAN, Element::TRANSMISSION_TIME, Element::ACQUIRER];
        let is_named = |m: &Message, stan: Option<u64>, time: Option<&[u8]>| {
            let has_time = time.is_none() || m.get(Element::TRANSMISSION_TIME) == time;
            stan.is_some() && m.number(Element::STAN) == stan && has_time
        };
        let again = self.written(by, to).find(|(.., m)| {
            m.mti().original().class() == message.mti().class()
                && names.iter().all(|name| m.get(*name) == message.get(*name))
        });
        let original = message.get(Element::ORIGINAL_DATA).and_then(OriginalData90::parse);
        let reversed = original.and_then(|data| {
            let (stan, time) = (Some(u64::from(data.stan)), Some(&data.transmission[..]));
            self.written(by, to).find(|(.., m)| is_named(m, stan, time))
        });
        if let Some((ticket, ..)) = again.or(reversed) {
            return ticket;
        }
        self.cause_of(by, message)
    }

    /// The newest wish that was put to the system and fits: same class, same card and amount, and
    /// the same terminal if both say one.
    fn cause_of(&self, by: Party, message: &Message) -> Ticket {
        let fits = |m: &Message| {
            let same = |element| match (m.get(element), message.get(element)) {
                (Some(a), Some(b)) => a == b,
                _ => true,
            };
            let is_card = match (card_of(m), card_of(message)) {
                (Some(a), Some(b)) => a == b,
                _ => true,
            };
            is_same_kind(m.mti(), message.mti())
                && is_card
                && [Element::AMOUNT, Element::TERMINAL].into_iter().all(same)
        };
        let entries = self.history.entries.iter().rev();
        let mut put = entries.filter_map(|entry| match &entry.what {
            What::Delivered { frame, .. } if entry.party == by => {
                Some((entry.ticket, frame.message()?))
            }
            _ => None,
        });
        put.find(|(ticket, m)| *ticket != Ticket::NONE && fits(m))
            .map_or(Ticket::NONE, |(ticket, _)| ticket)
    }
}

/// Whether one may be what became of the other: what comes in as a request may go on as an advice,
/// and a sale may be reversed by itself.
fn is_same_kind(asked: Mti, sent: Mti) -> bool {
    let financial = |mti: Mti| matches!(mti.class(), 1 | 2);
    asked.class() == sent.class() || (sent.class() == 4 && financial(asked))
}

/// The card number, wherever a message carries it.
fn card_of(message: &Message) -> Option<&[u8]> {
    let in_track = || {
        let track = message.get(Element::TRACK_2)?;
        track.split(|byte| matches!(byte, b'=' | b'D')).next()
    };
    message.get(Element::PAN).or_else(in_track)
}

/// The elements by which an answer is matched, where both have them and they differ.
fn differing(request: &Message, answer: &Message) -> String {
    let names = [
        Element::STAN,
        Element::TERMINAL,
        Element::MERCHANT,
        Element::TRANSMISSION_TIME,
        Element::ACQUIRER,
        Element::RRN,
    ];
    let differ = names.into_iter().filter(|name| {
        let (a, b) = (request.get(*name), answer.get(*name));
        a.is_some() && a != b
    });
    let words: Vec<String> = differ.map(|name| format!("element {}", name.0)).collect();
    if words.is_empty() { "no elements of its name".to_owned() } else { words.join(", ") }
}
