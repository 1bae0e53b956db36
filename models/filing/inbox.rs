//! A file that is coming in parts. Held in memory only: after power loss its sender begins again.

use super::{CARRIERS, FileError, FileText, Place, RECORD_BYTES, read};
use crate::iso8583::Message;
use crate::record::FileId;

/// Records of one file at most: more than any business date has.
const RECORDS_MAX: u32 = 200_000;

/// The file that is coming on one line.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Inbox {
    coming: Option<Coming>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Coming {
    file: FileId,
    bytes: Vec<u8>,
}

/// What a part came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// Taken or not, this record is expected next.
    Next(u32),
    /// That was the last one. The file is read, and still to be judged by its receiver.
    Whole(Result<FileText, FileError>),
}

impl Inbox {
    /// Takes a part in, if it is the one that is expected: a gap is not taken, a copy not twice.
    pub fn take(&mut self, place: Place, part: &Message) -> Part {
        let is_coming = self.coming.as_ref().is_some_and(|coming| coming.file == place.file);
        if !is_coming || place.record == 0 {
            self.coming = Some(Coming { file: place.file, bytes: Vec::new() });
        }
        let Some(coming) = &mut self.coming else { return Part::Next(0) };
        let has = u32::try_from(coming.bytes.len() / RECORD_BYTES).unwrap_or(RECORDS_MAX);
        if place.record != has || place.total > RECORDS_MAX {
            return Part::Next(has);
        }
        for block in CARRIERS.into_iter().map_while(|element| part.get(element)) {
            coming.bytes.extend_from_slice(block);
        }
        let has = u32::try_from(coming.bytes.len() / RECORD_BYTES).unwrap_or(RECORDS_MAX);
        if has < place.total {
            return Part::Next(has);
        }
        let bytes = self.coming.take().map(|coming| coming.bytes).unwrap_or_default();
        Part::Whole(read(&bytes))
    }
}
