//! Files that must arrive, first in, first out, each in parts that are acknowledged one by one.
//!
//! Filled again from the owner's journal after power loss: a file that was begun is begun again
//! under the same id, and the receiver knows how much of it, or whether all of it, has come.

use super::{CARRIERS, Place, RECORD_BYTES, RECORDS_PER_ELEMENT, RECORDS_PER_PART};
use crate::iso8583::{Element, Message, Mti, ResponseCode};
use crate::record::FileId;
use crate::time::Now;

/// Files waiting for one receiver, oldest first. Only the head is on its way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outbox {
    files: Vec<Waiting>,
    /// The record of the head that the receiver expects next, as far as is known.
    record: usize,
    records_per_part: usize,
    stan: u32,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Waiting {
    id: FileId,
    bytes: Vec<u8>,
}

/// What an answer means to the sender.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Progress {
    /// Not about what is on its way.
    Nothing,
    /// The next part may go.
    Next,
    /// The receiver has all of it.
    Taken(FileId),
    /// The receiver does not take it now.
    Refused(FileId, ResponseCode),
}

impl Outbox {
    /// Nothing waits. A part carries this many records, at least one.
    pub fn new(records_per_part: usize) -> Outbox {
        let records_per_part = records_per_part.clamp(1, RECORDS_PER_PART);
        Outbox { files: Vec::new(), record: 0, records_per_part, stan: 0 }
    }

    /// Puts a file behind the others. One that is waiting already stays where it is.
    pub fn push(&mut self, id: FileId, bytes: Vec<u8>) {
        if !self.holds(id) {
            self.files.push(Waiting { id, bytes });
        }
    }

    /// Takes a file out: it was delivered.
    pub fn complete(&mut self, id: FileId) {
        if self.files.first().is_some_and(|head| head.id == id) {
            self.record = 0;
        }
        self.files.retain(|file| file.id != id);
    }

    /// Whether this file waits.
    pub fn holds(&self, id: FileId) -> bool {
        self.files.iter().any(|file| file.id == id)
    }

    /// Begins the head again: what the receiver has of it is not known any more.
    pub fn rewind(&mut self) {
        self.record = 0;
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The part that goes next, if there is one.
    pub fn message(&mut self, now: Now, institution: u64) -> Option<Message> {
        let head = self.files.first()?;
        let records = head.bytes.chunks(RECORD_BYTES);
        let place = Place {
            file: head.id,
            record: u32::try_from(self.record).ok()?,
            total: u32::try_from(records.len()).ok()?,
        };
        self.stan = self.stan % 999_999 + 1;
        let local = now.local;
        let time = u64::from(local.date().mmdd()) * 1_000_000 + u64::from(local.hhmmss());
        let mut message = Message::new(Mti::FILE_ADVICE);
        message.set_number(Element::TRANSMISSION_TIME, time, 10);
        message.set_number(Element::STAN, self.stan.into(), 6);
        message.set_number(Element::FORWARDER, institution, 8);
        message.set(Element::PRIVATE_48, place.text());
        let start = self.record.min(records.len()) * RECORD_BYTES;
        let end = head.bytes.len().min(start + self.records_per_part * RECORD_BYTES);
        let blocks = head.bytes[start..end].chunks(RECORDS_PER_ELEMENT * RECORD_BYTES);
        for (element, block) in CARRIERS.into_iter().zip(blocks) {
            message.set(element, block);
        }
        Some(message)
    }

    /// Takes an answer in.
    pub(super) fn heard(&mut self, answer: &Message) -> Progress {
        let (Some(head), Some(place)) = (self.files.first(), Place::of(answer)) else {
            return Progress::Nothing;
        };
        let code = answer.get(Element::RESPONSE_CODE).and_then(ResponseCode::parse);
        let total = head.bytes.len() / RECORD_BYTES;
        match (usize::try_from(place.record), code) {
            _ if place.file != head.id => Progress::Nothing,
            (Ok(next), Some(ResponseCode::APPROVED)) if next >= total => Progress::Taken(head.id),
            // An answer to a part that was sent twice says what is known already.
            (Ok(next), Some(ResponseCode::APPROVED)) if next == self.record => Progress::Nothing,
            (Ok(next), Some(ResponseCode::APPROVED)) => {
                self.record = next;
                Progress::Next
            }
            (_, Some(code)) => {
                let id = head.id;
                self.rewind();
                Progress::Refused(id, code)
            }
            _ => Progress::Nothing,
        }
    }
}
