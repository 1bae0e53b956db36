//! Clearing files on a line: how they are written, sent in acknowledged parts, and taken once.
//!
//! Shared by every party that sends or takes files. It keeps nothing durable: an outbox is filled
//! again from its owner's journal, and whether a file was taken before is its owner's to know.

mod channel;
mod format;
mod inbox;
mod outbox;

pub use channel::{Channel, Heard};
pub use format::{FileError, FileText, RECORD_BYTES, read, write};
pub use inbox::{Inbox, Part};
pub use outbox::Outbox;

use crate::iso8583::{Element, Message, Mti, ResponseCode};
use crate::record::FileId;

/// Elements of the network line that carry the records of a part, in this order.
const CARRIERS: [Element; 8] = [
    Element(104),
    Element(113),
    Element(116),
    Element(117),
    Element(122),
    Element(123),
    Element(125),
    Element(126),
];

/// Records that one element carries.
const RECORDS_PER_ELEMENT: usize = 4;

/// Records that one message carries at most.
pub const RECORDS_PER_PART: usize = RECORDS_PER_ELEMENT * CARRIERS.len();

/// What element 48 of a part, and of its answer, says: the file and a place in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The record that the part begins with; in an answer, the one that is expected next.
    pub record: u32,
    /// Records of the whole file.
    pub total: u32,
}

impl Place {
    /// What a part or its answer says of its place; none if it says nothing that can be read.
    pub fn of(message: &Message) -> Option<Place> {
        let text = message.get(Element::PRIVATE_48)?;
        let (file, numbers) = text.split_at_checked(format::ID_BYTES)?;
        let (record, total) = numbers.split_at_checked(6)?;
        Some(Place {
            file: format::read_id(file)?,
            record: format::digits(record)?,
            total: format::digits(total).filter(|_| total.len() == 6)?,
        })
    }

    fn text(self) -> String {
        format!("{}{:06}{:06}", format::id_text(&self.file), self.record, self.total)
    }
}

/// The answer to a part: what is expected next, or why the file is refused.
pub fn answer(part: &Message, place: Place, next: u32, code: ResponseCode) -> Message {
    let mut answer = Message::new(Mti::FILE_ADVICE_RESPONSE);
    answer.copy_from(part, &[Element::TRANSMISSION_TIME, Element::STAN, Element::FORWARDER]);
    answer.set(Element::RESPONSE_CODE, code.0);
    answer.set(Element::PRIVATE_48, Place { record: next, ..place }.text());
    answer
}

#[cfg(test)]
mod tests;
