//! Financial and reversal messages as they travelled: what claims about frames need of each.
//!
//! A frame is decoded at most once; sign-on, settlement and line tests are not read at all. This
//! judges nothing.

use super::Books;
use super::scan::scan;
use crate::history::{Entry, Frame, What};
use crate::invariant::Kinds;
use crate::party::{Party, Role};
use reversim_models::card::{Currency, Pan};
use reversim_models::iso8583::{
    Element, Framing, Message, Mti, Order59, OrderNumber, OriginalData90, ResponseCode,
};
use reversim_models::node::{Link, Ticket};
use reversim_models::record::{Kind, NetworkKey, PosKey};
use reversim_models::time::Instant;

/// A financial or reversal message that was written to a line.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    /// Where in the history.
    pub(crate) index: usize,
    pub(crate) at: Instant,
    pub(crate) from: Party,
    pub(crate) to: Party,
    /// The connection, as its writer knows it; for what arrived changed, as its reader does.
    pub(crate) link: Link,
    pub(crate) ticket: Ticket,
    pub(crate) mti: Mti,
    pub(crate) is_pos: bool,
    pub(crate) pan: Option<Pan>,
    pub(crate) processing: [u8; 6],
    condition: Option<[u8; 2]>,
    pub(crate) amount: Option<u64>,
    pub(crate) transmission: u32,
    pub(crate) stan: u32,
    pub(crate) acquirer: u64,
    pub(crate) forwarder: u64,
    pub(crate) rrn: [u8; 12],
    pub(crate) authorization: [u8; 6],
    pub(crate) code: ResponseCode,
    pub(crate) terminal: [u8; 8],
    pub(crate) merchant: [u8; 15],
    pub(crate) currency: Option<Currency>,
    pub(crate) pin_block: Option<[u8; 8]>,
    /// An element that says more than a refusal may, if there is one: track, PIN block, balance.
    pub(crate) telling: Option<Element>,
    /// The terminal's last sign-on when it wrote this; 0 for none, and for who signs on to nobody.
    pub(crate) signed_on: usize,
    pub(crate) batch: u32,
    pub(crate) original: Option<NetworkKey>,
    /// On a terminal's line: the order it is about, by batch and voucher number.
    pub(crate) order: Option<(u32, u32)>,
    pub(crate) has_mac: bool,
    /// True for what arrived changed; false for what was written.
    pub(crate) is_arrival: bool,
}

/// A financial or reversal message that reached a party.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delivery {
    pub(crate) index: usize,
    pub(crate) at: Instant,
    /// The connection, as who got it knows it.
    pub(crate) link: Link,
    /// Whether all of it came in one read.
    pub(crate) is_whole: bool,
    /// Who got it.
    pub(crate) party: Party,
    pub(crate) from: Party,
    /// What was written, among the wires.
    pub(crate) sent: usize,
    /// What arrived, among the wires: the same unless it was changed on the way.
    pub(crate) wire: usize,
    /// Whether something that the MAC covers was changed, or the MAC itself.
    pub(crate) is_altered: bool,
    pub(crate) copy: u32,
    /// What the message that arrived is looked up by.
    pub(crate) name: Name,
}

/// A frame that arrived changed, and that nobody can read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Unreadable {
    pub(crate) index: usize,
    /// Who got it.
    pub(crate) party: Party,
    pub(crate) from: Party,
    pub(crate) link: Link,
}

/// What a message and its answer have in common on every line: trace number and terminal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Name {
    pub(crate) stan: u32,
    pub(crate) terminal: [u8; 8],
}

/// Elements that the MAC of a network line covers, and the MAC.
const COVERED: [u8; 18] = [2, 3, 4, 7, 11, 15, 32, 33, 37, 38, 39, 41, 42, 49, 52, 55, 90, 128];

impl Wire {
    /// What it is looked up by.
    pub(crate) fn name(&self) -> Name {
        Name { stan: self.stan, terminal: self.terminal }
    }

    /// How the POS line names the transaction.
    pub(crate) fn pos_key(&self) -> PosKey {
        PosKey { terminal: self.terminal, batch: self.batch, stan: self.stan }
    }

    /// How the network line names the message.
    pub(crate) fn network_key(&self) -> NetworkKey {
        NetworkKey {
            transmission: self.transmission,
            stan: self.stan,
            acquirer: self.acquirer,
            forwarder: self.forwarder,
        }
    }

    /// Element 41, for people.
    pub(crate) fn terminal_name(&self) -> &str {
        std::str::from_utf8(&self.terminal).unwrap_or("an unknown terminal")
    }

    /// What a request asks for; none if that is nothing known, or if it is no request.
    pub(crate) fn kind(&self) -> Option<Kind> {
        Kind::of(self.mti, &self.processing, self.condition.as_ref().map(|code| &code[..]))
    }

    /// Whether it is a request or advice about money, of whatever kind.
    pub(crate) fn is_request(&self) -> bool {
        matches!(self.mti.class(), 1 | 2) && self.mti.is_request()
    }

    /// Whether it is an answer that says the money moved.
    pub(crate) fn is_approval(&self) -> bool {
        matches!(self.mti.class(), 1 | 2) && self.mti.is_response() && self.code.is_approval()
    }

    /// Whether `answer` could be the answer to this request: same class, same numbers.
    pub(crate) fn is_answered_by(&self, answer: &Wire) -> bool {
        self.mti.is_request()
            && self.mti.response() == answer.mti
            && self.stan == answer.stan
            && self.terminal == answer.terminal
            && self.merchant == answer.merchant
            && (self.is_pos
                || (self.transmission == answer.transmission
                    && self.acquirer == answer.acquirer
                    && self.rrn == answer.rrn))
    }

    fn read(index: usize, entry: &Entry, to: Party, message: &Message, is_pos: bool) -> Wire {
        let mut wire = Wire::new(index, entry, to, message.mti(), is_pos);
        for (element, value) in message.elements() {
            wire.take(element, value);
        }
        wire
    }

    fn new(index: usize, entry: &Entry, to: Party, mti: Mti, is_pos: bool) -> Wire {
        Wire {
            index,
            at: entry.at,
            from: entry.party,
            to,
            link: link_of(entry),
            ticket: entry.ticket,
            mti,
            is_pos,
            pan: None,
            processing: [0; 6],
            condition: None,
            amount: None,
            transmission: 0,
            stan: 0,
            acquirer: 0,
            forwarder: 0,
            rrn: [0; 12],
            authorization: [0; 6],
            code: ResponseCode([0; 2]),
            terminal: [0; 8],
            merchant: [0; 15],
            currency: None,
            pin_block: None,
            telling: None,
            signed_on: 0,
            batch: 0,
            original: None,
            order: None,
            has_mac: false,
            is_arrival: false,
        }
    }

    fn take(&mut self, element: Element, value: &[u8]) {
        match element {
            Element::PAN => self.pan = Pan::new(value),
            Element::PROCESSING_CODE => copy(&mut self.processing, value),
            Element::CONDITION_CODE => self.condition = value.try_into().ok(),
            Element::AMOUNT => self.amount = Some(number(value)),
            Element::TRANSMISSION_TIME => self.transmission = number(value) as u32,
            Element::STAN => self.stan = number(value) as u32,
            Element::ACQUIRER => self.acquirer = number(value),
            Element::FORWARDER => self.forwarder = number(value),
            Element::RRN => copy(&mut self.rrn, value),
            Element::AUTHORIZATION_CODE => copy(&mut self.authorization, value),
            Element::RESPONSE_CODE => copy(&mut self.code.0, value),
            Element::TERMINAL => copy(&mut self.terminal, value),
            Element::MERCHANT => copy(&mut self.merchant, value),
            Element::CURRENCY => self.currency = Some(Currency(number(value) as u16)),
            Element::PIN_BLOCK => {
                self.pin_block = value.try_into().ok();
                self.telling = Some(element);
            }
            Element::TRACK_2 | Element::TRACK_3 | Element::ADDITIONAL_AMOUNTS => {
                self.telling = Some(element);
            }
            Element::PRIVATE_59 if self.is_pos => {
                let number = Order59::parse(value).and_then(|order| order.number);
                self.order = number.map(|OrderNumber { batch, stan, .. }| (batch, stan));
            }
            Element::PRIVATE_60 if self.is_pos => {
                self.batch = value.get(2..8).map_or(0, number) as u32;
            }
            Element::ORIGINAL_DATA => self.original = original(value),
            Element::MAC_64 | Element::MAC_128 => self.has_mac = true,
            _ => {}
        }
    }
}

fn link_of(entry: &Entry) -> Link {
    match entry.what {
        What::Sent { link, .. } | What::Delivered { link, .. } => link,
        // Nothing else is a frame.
        _ => Link(0),
    }
}

fn copy<const N: usize>(into: &mut [u8; N], value: &[u8]) {
    if let Ok(value) = value.try_into() {
        *into = value;
    }
}

fn number(digits: &[u8]) -> u64 {
    let digit =
        |sum: u64, d: &u8| sum.wrapping_mul(10).wrapping_add(u64::from(d.wrapping_sub(b'0')));
    digits.iter().fold(0, digit)
}

fn original(value: &[u8]) -> Option<NetworkKey> {
    let original = OriginalData90::parse(value)?;
    Some(NetworkKey {
        transmission: number(&original.transmission) as u32,
        stan: original.stan,
        acquirer: original.acquirer.parse().ok()?,
        forwarder: original.forwarder.parse().ok()?,
    })
}

/// Whether the frame is on a terminal's line.
pub(crate) fn is_pos(frame: &Frame) -> bool {
    frame.dialect().framing == Framing::PosLine
}

/// Whether a change on the way touched what the MAC covers.
fn is_covered_change(sent: &Message, arrived: &Message, is_pos: bool) -> bool {
    if is_pos || sent.mti() != arrived.mti() {
        return sent != arrived;
    }
    COVERED.iter().any(|&n| sent.get(Element(n)) != arrived.get(Element(n)))
}

impl Books {
    /// Reads a frame that was written.
    pub(super) fn sent(
        &mut self,
        index: usize,
        entry: &Entry,
        to: Party,
        frame: &Frame,
    ) -> Option<(Kinds, usize)> {
        let mti = frame.peek_mti()?;
        // Line tests have a timer of their own.
        if entry.party.role == Role::Terminal && mti.is_request() && mti != Mti::NETWORK_ADVICE {
            self.wait(index, entry);
        }
        let kind = match (mti.class(), mti.is_request()) {
            (1 | 2, true) => Kinds::SENT_REQUEST,
            (1 | 2, false) => Kinds::SENT_ANSWER,
            (4, true) => Kinds::SENT_REVERSAL,
            (4, false) => Kinds::SENT_REVERSAL_ANSWER,
            _ => return None,
        };
        let mut wire = Wire::new(index, entry, to, mti, is_pos(frame));
        if scan(frame, |element, value| wire.take(element, value)).is_none() {
            wire = Wire::read(index, entry, to, frame.message()?, is_pos(frame));
        }
        if entry.party.role == Role::Terminal {
            wire.signed_on = self.talk(entry.party).signed_on;
        }
        let place = self.keep(wire);
        self.originals.push((place, frame.clone()));
        Some((kind, place))
    }

    fn keep(&mut self, wire: Wire) -> usize {
        let place = self.wires.len();
        if let Some(block) = wire.pin_block.map(u64::from_be_bytes) {
            self.pin_blocks.insert(block);
            self.found.wires_by_block.add((block, wire.ticket), place);
        }
        if let Some(original) = wire.original {
            self.found.reversals_on_wire.add(original, place);
        }
        self.wires.push(wire);
        self.found.wires_by_name.added(&self.wires);
        place
    }

    /// Reads a frame that arrived, whole or in parts.
    pub(super) fn delivered(&mut self, index: usize, entry: &Entry) -> Option<(Kinds, usize)> {
        let What::Delivered { link, from, sent, frame, is_altered, copy, part } = &entry.what
        else {
            return None;
        };
        if from.role == Role::Terminal && frame.peek_mti() == Some(Mti::NETWORK_REQUEST) {
            self.signs_on(index, entry, *from, frame);
            return None;
        }
        let unreadable = Unreadable { index, party: entry.party, from: *from, link: *link };
        // They are in the order of the history.
        let after = self.wires.partition_point(|wire| wire.index <= *sent);
        let sent = after.checked_sub(1).filter(|place| self.wires[*place].index == *sent);
        let Some(sent) = sent else {
            if *is_altered {
                self.unreadable.push(unreadable);
            }
            return None;
        };
        let mut delivery = Delivery {
            index,
            at: entry.at,
            link: *link,
            is_whole: part.is_none(),
            party: entry.party,
            from: *from,
            sent,
            wire: sent,
            is_altered: false,
            copy: *copy,
            name: self.wires[sent].name(),
        };
        if *is_altered {
            self.altered(&mut delivery, entry, frame)?;
        } else if *copy > 0 {
            self.resubmitted(&mut delivery, entry, frame);
        }
        let kind = if self.wires[sent].mti.is_request() {
            Kinds::DELIVERED_REQUEST
        } else {
            Kinds::DELIVERED_ANSWER
        };
        let place = self.deliveries.len();
        if delivery.copy > 0 {
            self.found.copies.add(delivery.party, place);
        }
        delivery.name = self.wires[delivery.wire].name();
        self.deliveries.push(delivery);
        self.found.deliveries_by_name.added(&self.deliveries);
        Some((kind, place))
    }

    /// Reads what a gateway on the line made of a frame: another message, with a right MAC.
    fn resubmitted(&mut self, delivery: &mut Delivery, entry: &Entry, frame: &Frame) {
        let original = self.originals.iter().find(|o| o.0 == delivery.sent);
        if original.is_none_or(|(_, original)| original == frame) {
            return;
        }
        let Some(arrived) = frame.message() else { return };
        let mut wire = Wire::read(delivery.index, entry, delivery.party, arrived, is_pos(frame));
        wire.from = delivery.from;
        wire.is_arrival = true;
        delivery.wire = self.keep(wire);
    }

    /// Reads what a changed frame says now; nothing if nobody can read it any more.
    fn altered(&mut self, delivery: &mut Delivery, entry: &Entry, frame: &Frame) -> Option<()> {
        let Some(arrived) = frame.message() else {
            let Delivery { index, party, from, link, .. } = *delivery;
            self.unreadable.push(Unreadable { index, party, from, link });
            return None;
        };
        let pos = is_pos(frame);
        let mut wire = Wire::read(delivery.index, entry, delivery.party, arrived, pos);
        wire.from = delivery.from;
        wire.is_arrival = true;
        delivery.is_altered = match self.originals.iter().find(|o| o.0 == delivery.sent) {
            Some((_, original)) => {
                original.message().is_none_or(|sent| is_covered_change(sent, arrived, pos))
            }
            None => true,
        };
        delivery.wire = self.keep(wire);
        if delivery.is_altered {
            self.altered_places.push(self.deliveries.len());
        }
        Some(())
    }
}
