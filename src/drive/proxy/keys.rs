//! What a proxy can write anew when it holds a key: an element with a right or wrong MAC, a request
//! under another trace number. It verifies nothing for anybody.

use super::script::{Edit, MacAfter};
use crate::history::Frame;
use reversim_models::defect::Defects;
use reversim_models::iso8583::{Dialect, Element, Envelope, Framing, Message};
use reversim_models::line::{Line, Zone};
use reversim_models::security::{Key, MacAlgorithm, WorkKeys};
use reversim_models::time::Duration;
use std::collections::BTreeMap;

/// The keys of the line that a proxy stands on.
#[derive(Clone, Debug)]
pub struct Keys {
    /// How MACs are made.
    pub algorithm: MacAlgorithm,
    /// With which key, where it does not change.
    pub mac: Option<Key>,
    /// The terminals' master key: their MAC keys are then taken from what sign-ons deliver.
    pub master: Option<Key>,
}

/// The keys known so far.
#[derive(Debug)]
pub(super) struct Ring {
    keys: Option<Keys>,
    dialect: &'static Dialect,
    /// MAC keys that sign-ons delivered, by element 41.
    delivered: BTreeMap<Vec<u8>, Key>,
}

/// What became of an edit.
pub(super) struct Edited {
    pub(super) frame: Frame,
    /// Whether the MAC that was there is right under the key in hand; none without MAC or key.
    pub(super) was_right: Option<bool>,
}

impl Ring {
    pub(super) fn new(keys: Option<Keys>, dialect: &'static Dialect) -> Ring {
        Ring { keys, dialect, delivered: BTreeMap::new() }
    }

    /// Whether sign-ons are read for the keys they deliver.
    pub(super) fn follows_sign_ons(&self) -> bool {
        self.keys.as_ref().is_some_and(|keys| keys.master.is_some())
    }

    /// Takes the MAC key out of the answer to a sign-on. True if there was one.
    pub(super) fn learn(&mut self, frame: &Frame) -> bool {
        let delivered = || {
            let master = self.keys.as_ref()?.master.as_ref()?;
            let message = frame.message()?;
            let keys = message.get(Element::PRIVATE_62)?;
            let code = match keys.len() {
                24 => 1,
                40 => 3,
                _ => 4,
            };
            let terminal = message.get(Element::TERMINAL)?.to_vec();
            Some((terminal, WorkKeys::open(keys, master, code).ok()?.mac))
        };
        let Some((terminal, key)) = delivered() else { return false };
        self.delivered.insert(terminal, key);
        true
    }

    /// The key for this message, if there is one.
    fn key(&self, message: &Message) -> Option<(&Keys, &Key)> {
        let keys = self.keys.as_ref()?;
        let delivered = message.get(Element::TERMINAL).and_then(|id| self.delivered.get(id));
        Some((keys, delivered.or(keys.mac.as_ref())?))
    }

    fn is_pos(&self) -> bool {
        self.dialect.framing == Framing::PosLine
    }

    fn mac_element(&self) -> Element {
        if self.is_pos() { Element::MAC_64 } else { Element::MAC_128 }
    }

    /// The frame with one element written anew.
    ///
    /// # Errors
    ///
    /// Why it cannot be, in words.
    pub(super) fn edited(&self, frame: &Frame, edit: &Edit) -> Result<Edited, String> {
        let message = frame.message().ok_or("nobody can read it")?;
        let value = edit.bytes(self.dialect).ok_or("the value is not in hexadecimal")?;
        let mut new = message.clone();
        match value {
            Some(value) => new.set(Element(edit.element), value),
            None if message.has(Element(edit.element)) => new.remove(Element(edit.element)),
            None => return Err(format!("it has no element {}", edit.element)),
        }
        let was_right =
            self.mac_of(message).map(|mac| message.get(self.mac_element()) == Some(&mac));
        let has_mac = new.has(self.mac_element());
        match edit.mac {
            MacAfter::Fix if has_mac => {
                let mac = self.mac_of(&new).ok_or("no MAC key is known for its terminal yet")?;
                new.set(self.mac_element(), mac);
            }
            MacAfter::Break if has_mac => {
                let mut mac = new.get(self.mac_element()).unwrap_or_default().to_vec();
                if let Some(last) = mac.last_mut() {
                    *last ^= 1;
                }
                new.set(self.mac_element(), mac);
            }
            _ => {}
        }
        let frame = self.written(&new, frame).ok_or("the dialect cannot write it")?;
        Ok(Edited { frame, was_right: was_right.filter(|_| edit.mac == MacAfter::Fix) })
    }

    /// The request under another trace number, sealed anew; none if it carries no chip's
    /// cryptogram, as in the simulator.
    pub(super) fn resubmitted(&self, frame: &Frame) -> Option<Frame> {
        let mut message = frame.message()?.clone();
        let is_request = matches!(message.mti().class(), 1 | 2) && message.mti().is_request();
        if !is_request || !message.has(Element::ICC) {
            return None;
        }
        let stan = message.number(Element::STAN)?;
        message.set_number(Element::STAN, (stan + 500_000) % 1_000_000, 6);
        let mac = self.mac_of(&message)?;
        message.set(self.mac_element(), mac);
        self.written(&message, frame)
    }

    /// The MAC of a message that carries one; none without a key.
    fn mac_of(&self, message: &Message) -> Option<[u8; 8]> {
        let element = self.mac_element();
        let (keys, key) = self.key(message).filter(|_| message.has(element))?;
        let mut body = Vec::new();
        self.dialect.encode(message, &mut body).ok()?;
        if self.is_pos() {
            return Some(keys.algorithm.compute(key, body.get(..body.len() - 8)?));
        }
        let zone = Zone { pin: key.clone(), mac: key.clone(), algorithm: keys.algorithm };
        let mut unsealed = message.clone();
        unsealed.remove(element);
        let line = Line::network(&zone, Duration::ZERO, Defects::NONE);
        let sealed = line.seal(&unsealed, Envelope::default()).ok()?;
        Some(*sealed.last_chunk()?)
    }

    /// The message in the envelope of `old`, header included.
    fn written(&self, message: &Message, old: &Frame) -> Option<Frame> {
        let (framing, bytes) = (self.dialect.framing, old.bytes());
        let (envelope, body) = framing.unwrap(bytes).ok()?;
        // POS envelopes are written by the framing; what a network line has there is copied.
        let mut new = match self.is_pos() {
            true => Vec::new(),
            false => bytes.get(framing.prefix_bytes()..body.start)?.to_vec(),
        };
        self.dialect.encode(message, &mut new).ok()?;
        // The header of a network line says how long everything is; what lies, goes on lying.
        let had_header = !self.is_pos() && body.start > framing.prefix_bytes() + 6;
        let (before, after) = (bytes.len() - framing.prefix_bytes(), new.len());
        if had_header && new.get(2..6) == Some(&four_digits(before)[..]) {
            new[2..6].copy_from_slice(&four_digits(after));
        }
        Some(Frame::new(framing.wrap(envelope, &new), self.dialect))
    }
}

fn four_digits(length: usize) -> [u8; 4] {
    let digit = |unit: usize| b'0' + (length / unit % 10) as u8;
    [digit(1000), digit(100), digit(10), digit(1)]
}
