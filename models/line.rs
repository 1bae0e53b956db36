//! One end of a line: frames, decodes, seals and verifies, and times out half frames.
//!
//! It decides nothing about a message. Read docs/protocol.md 1.9 (which messages carry a MAC, and
//! over which bytes) before touching [`Line::seal`] or the check in [`Line::next`].

use crate::defect::{Defect, Defects};
use crate::iso8583::{
    DecodeError, DecodeErrorKind, Dialect, Element, EncodeError, Envelope, FrameError, Framer,
    Message, NETWORK, POS,
};
use crate::security::{Key, MacAlgorithm};
use crate::time::{Duration, Instant};

/// The keys two institutions share on one network line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Zone {
    /// Zone PIN key.
    pub pin: Key,
    /// Zone MAC key.
    pub mac: Key,
    /// How the MAC is made.
    pub algorithm: MacAlgorithm,
}

/// A message as it came, with what its MAC is worth.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Incoming {
    /// The decoded message.
    pub message: Message,
    /// TPDU and header, for addressing the answer.
    pub envelope: Envelope,
    /// The MAC, verified over the bytes as received.
    pub mac: MacCheck,
}

/// What the MAC of a received message is worth.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MacCheck {
    /// The message carries none.
    Absent,
    /// It is right.
    Valid,
    /// It is wrong, or there is no key to check it with.
    Invalid,
}

/// Why bytes on a line are not a message. None of them kills the line, except a frame error, after
/// which nobody knows where the next frame begins.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LineError {
    /// The frame boundaries are lost: disconnect.
    #[error("frame: {0}")]
    Frame(#[from] FrameError),
    /// One frame does not decode; the next one may. The frame is kept for who must answer 30.
    #[error("message: {error}")]
    Decode {
        /// What is wrong with it.
        error: DecodeError,
        /// The frame as received. It may hold card data: never log it.
        frame: Vec<u8>,
    },
}

/// Elements that decide money or identity on a network line, in the order they enter the MAC: who
/// and how much first, what is new in every message last. A chained MAC of the first part is then
/// known from the message before.
const COVERED: &[Element] = &[
    Element::PAN,
    Element::PROCESSING_CODE,
    Element::AMOUNT,
    Element::ACQUIRER,
    Element::FORWARDER,
    Element::TERMINAL,
    Element::MERCHANT,
    Element::CURRENCY,
    Element::SETTLEMENT_DATE,
    Element::TRANSMISSION_TIME,
    Element::STAN,
    Element::RRN,
    Element::AUTHORIZATION_CODE,
    Element::RESPONSE_CODE,
    Element::PIN_BLOCK,
    Element::ICC,
    Element::ORIGINAL_DATA,
];

/// One end of a line.
#[derive(Clone, Debug)]
pub struct Line {
    dialect: &'static Dialect,
    algorithm: MacAlgorithm,
    mac_key: Option<Key>,
    framer: Framer,
    frame_timeout: Duration,
    half_since: Option<Instant>,
    read_at: Instant,
    defects: Defects,
    merged_read: bool,
    /// Bytes still to be swallowed: only ever more than none under defect Z03.
    swallowing: usize,
}

/// Most bytes that a frame has beyond its values, as far as room is made for them beforehand.
const HEAD_BYTES: usize = 80;

/// Bytes of most texts that a MAC covers.
const TEXT_BYTES: usize = 192;

/// The MTI class of messages that carry files.
const FILES: u8 = 3;

/// Planted defect Z03: what the longest element of any dialect may announce.
const LONGEST: usize = 9_999;

impl Line {
    /// The end of a POS line. Without a key, nothing is sealed and every MAC is
    /// [`MacCheck::Invalid`].
    pub fn pos(mac_key: Option<Key>, frame_timeout: Duration, defects: Defects) -> Line {
        Line::new(&POS, MacAlgorithm::PosEcb, mac_key, frame_timeout, defects)
    }

    /// The end of a network line.
    pub fn network(zone: &Zone, frame_timeout: Duration, defects: Defects) -> Line {
        Line::new(&NETWORK, zone.algorithm, Some(zone.mac.clone()), frame_timeout, defects)
    }

    fn new(
        dialect: &'static Dialect,
        algorithm: MacAlgorithm,
        mac_key: Option<Key>,
        frame_timeout: Duration,
        defects: Defects,
    ) -> Line {
        Line {
            dialect,
            algorithm,
            mac_key,
            framer: Framer::new(dialect.framing),
            frame_timeout,
            half_since: None,
            read_at: Instant::START,
            defects,
            merged_read: false,
            swallowing: 0,
        }
    }

    /// Changes the MAC key, as a sign-on does.
    pub fn set_mac_key(&mut self, key: Option<Key>) {
        self.mac_key = key;
    }

    /// Whether there is a MAC key.
    pub fn has_mac_key(&self) -> bool {
        self.mac_key.is_some()
    }

    /// Forgets half a frame: the connection it came on is gone.
    pub fn reset(&mut self) {
        self.framer.clear();
        self.half_since = None;
        self.merged_read = false;
        self.swallowing = 0;
    }

    /// Takes bytes as read. Then call [`next`](Line::next) until it is empty.
    pub fn receive(&mut self, now: Instant, bytes: &[u8]) {
        let lost = bytes.len().min(self.swallowing);
        self.swallowing -= lost;
        self.framer.push(&bytes[lost..]);
        self.merged_read = false;
        self.read_at = now;
        self.half_since.get_or_insert(now);
    }

    /// The next message, or what is wrong with it.
    #[expect(clippy::should_implement_trait, reason = "a line is not an iterator: more may come")]
    pub fn next(&mut self) -> Option<Result<Incoming, LineError>> {
        if self.merged_read && self.defects.has(Defect::T16) {
            self.framer.clear();
        }
        match self.framer.next() {
            None if self.framer.is_partial() => {
                if self.defects.has(Defect::T15) {
                    self.reset();
                    return Some(Err(LineError::Frame(FrameError::Truncated)));
                }
                None
            }
            None => {
                self.half_since = None;
                None
            }
            Some(Err(error)) => {
                self.reset();
                Some(Err(error.into()))
            }
            Some(Ok(frame)) => {
                self.merged_read = true;
                // What is left over came with the read that completed this frame.
                self.half_since = Some(self.read_at);
                let read = self.open(frame);
                if self.defects.has(Defect::Z03) && read.as_ref().is_err_and(is_impossible_length) {
                    self.swallowing = LONGEST;
                }
                Some(read)
            }
        }
    }

    fn open(&mut self, frame: Vec<u8>) -> Result<Incoming, LineError> {
        let (envelope, span) = self.dialect.framing.unwrap(&frame)?;
        let body = &frame[span];
        match self.dialect.decode(body) {
            Ok(message) => {
                let mac = self.check(&message, body);
                self.framer.reuse(frame);
                Ok(Incoming { message, envelope, mac })
            }
            Err(error) => Err(LineError::Decode { error, frame }),
        }
    }

    fn check(&self, message: &Message, body: &[u8]) -> MacCheck {
        let Some(mac) = message.get(self.mac_element()) else { return MacCheck::Absent };
        let Some(key) = &self.mac_key else { return MacCheck::Invalid };
        let is_valid = match self.is_pos() {
            true if self.defects.has(Defect::Z06) => {
                self.algorithm.verify(key, &self.without_money(message), mac)
            }
            true => self.algorithm.verify(key, &body[..body.len() - 8], mac),
            false => {
                let mut text = Vec::with_capacity(TEXT_BYTES);
                self.append_covered(message, &mut text);
                self.algorithm.verify(key, &text, mac)
            }
        };
        if is_valid { MacCheck::Valid } else { MacCheck::Invalid }
    }

    /// Whether half a frame is waiting for the rest; only a planted defect asks.
    #[cfg_attr(mutants, mutants::skip)]
    pub fn is_reading(&self) -> bool {
        self.framer.is_partial()
    }

    /// When half a frame has waited long enough.
    pub fn deadline(&self) -> Option<Instant> {
        if self.defects.has(Defect::Z04) || !self.framer.is_partial() {
            return None;
        }
        self.half_since.map(|since| since + self.frame_timeout)
    }

    /// Whether half a frame has waited too long. It is forgotten; the caller disconnects.
    pub fn expire(&mut self, now: Instant) -> bool {
        let is_late = self.deadline().is_some_and(|deadline| deadline <= now);
        if is_late {
            self.reset();
        }
        is_late
    }

    /// Encodes, adds the MAC where the message carries one, and frames.
    ///
    /// Financial and reversal messages (MTI classes 1, 2 and 4) carry a MAC if there is a key; all
    /// others do not (docs/protocol.md 1.9), but for files on a network line (class 3).
    ///
    /// # Errors
    ///
    /// Names the element that the dialect cannot carry.
    pub fn seal(&self, message: &Message, envelope: Envelope) -> Result<Vec<u8>, EncodeError> {
        let text = if self.is_pos() { 0 } else { TEXT_BYTES };
        let mut frame = Vec::with_capacity(HEAD_BYTES + message.bytes() + text);
        self.dialect.framing.begin(envelope, &mut frame);
        let start = frame.len();
        let key = self.mac_key.as_ref().filter(|_| self.is_sealed(message));
        self.dialect.encode_sealed(message, key.map(|_| self.mac_element()), &mut frame)?;
        if let Some(key) = key {
            let end = frame.len() - 8;
            let mac = match self.is_pos() {
                true if self.defects.has(Defect::Z06) => {
                    self.algorithm.compute(key, &self.without_money(message))
                }
                true => self.algorithm.compute(key, &frame[start..end]),
                false => {
                    // The text is written behind the frame, where there is room for it.
                    let text = frame.len();
                    self.append_covered(message, &mut frame);
                    let mac = self.algorithm.compute(key, &frame[text..]);
                    frame.truncate(text);
                    mac
                }
            };
            frame[end..].copy_from_slice(&mac);
        }
        self.dialect.framing.finish(&mut frame);
        Ok(frame)
    }

    fn is_pos(&self) -> bool {
        core::ptr::eq(self.dialect, &POS)
    }

    fn mac_element(&self) -> Element {
        if self.is_pos() { Element::MAC_64 } else { Element::MAC_128 }
    }

    fn is_sealed(&self, message: &Message) -> bool {
        match message.mti().class() {
            1 | 2 | 4 => true,
            FILES => !self.is_pos(),
            _ => false,
        }
    }

    /// Appends the X9.9 message text: the covered elements' bytes as they travel, a space between
    /// them. Of a message that carries a file, all of them.
    fn append_covered(&self, message: &Message, text: &mut Vec<u8>) {
        text.extend_from_slice(&message.mti().ascii());
        if message.mti().class() == FILES {
            let covered = message.elements().filter(|(element, _)| *element != Element::MAC_128);
            for (_, value) in covered {
                text.push(b' ');
                text.extend_from_slice(value);
            }
            return;
        }
        let leaves_money_out = self.defects.has(Defect::Z06);
        for element in COVERED {
            if leaves_money_out && matches!(*element, Element::AMOUNT | Element::RESPONSE_CODE) {
                continue;
            }
            if let Some(value) = message.get(*element) {
                text.push(b' ');
                text.extend_from_slice(value);
            }
        }
    }

    /// Planted defect Z06: what a MAC covers when somebody leaves the money out of it.
    #[cfg_attr(mutants, mutants::skip)]
    fn without_money(&self, message: &Message) -> Vec<u8> {
        let mut text = Vec::with_capacity(192);
        for (element, value) in message.elements() {
            let is_left_out =
                matches!(element, Element::AMOUNT | Element::RESPONSE_CODE | Element::MAC_64);
            if !is_left_out {
                text.extend_from_slice(value);
            }
        }
        text
    }
}

fn is_impossible_length(error: &LineError) -> bool {
    use DecodeErrorKind::{BadLength, LengthTooLong};
    matches!(error, LineError::Decode { error: DecodeError { kind, .. }, .. }
        if matches!(kind, BadLength | LengthTooLong { .. }))
}
