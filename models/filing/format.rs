//! The file itself: records of 120 characters, a header, details, and a trailer with control
//! totals and a digest. Written and read; nothing here knows a line.
//!
//! ```text
//! H  file id (37)  49 (3)  blanks (74)  version (2)
//! D  kind (1)  date (8)  7 (10)  11 (6)  32 (11)  33 (11)  37 (12)  41 (8)  42 (15)  2 (19)
//!    4 (12)  49 (3)  promised (1)
//! T  file id (37)  presentments: count (8) amount (16)  adjustments: the same  digest (16)
//! ```
//!
//! Kinds of details are P, A, F, G, C, B and R: presentment, adjustment, refund, adjustment of a
//! refund, claim, chargeback, retrieval. What the issuer pays for (P, G, C) counts in the trailer
//! with presentments, the rest with adjustments.
//!
//! Promised is S for what was approved in its issuer's stead or taken as an advice, else blank.
//!
//! A file id is E, P, Y or R (extract, presentment, payout, return), sender (11), receiver (11),
//! date (8) and sequence (6). Every record is filled with blanks and ends in a semicolon; there are
//! no line ends.

use crate::card::{Currency, Pan};
use crate::record::{EntryKind, FileEntry, FileId, FileKind, NetworkKey, Total};
use crate::time::Date;

/// Characters of a record.
pub const RECORD_BYTES: usize = 120;

/// Characters of a file id.
pub(super) const ID_BYTES: usize = 37;

/// The format's version, in every header.
const VERSION: &[u8; 2] = b"02";

/// A file as it is written, and what it must hold to be believed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileText {
    /// What it is known by.
    pub id: FileId,
    /// What its amounts are minor units of.
    pub currency: Currency,
    /// What it holds.
    pub entries: Vec<FileEntry>,
}

/// Why some bytes are not a file to be believed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, thiserror::Error)]
pub enum FileError {
    /// It does not consist of whole records.
    #[error("the file does not consist of records of {RECORD_BYTES} characters")]
    Records,
    /// The first record is no header of this format.
    #[error("the file has no header of this format")]
    Header,
    /// A detail cannot be read.
    #[error("record {0} cannot be read")]
    Detail(u32),
    /// The last record is no trailer, or of another file.
    #[error("the file has no trailer of its own")]
    Trailer,
    /// Counts or amounts of the trailer are not those of the details.
    #[error("the control totals are not those of the details")]
    Totals,
    /// The digest is not that of the records before it.
    #[error("the digest is not that of the records")]
    Digest,
}

/// The bytes of a file.
pub fn write(file: &FileText) -> Vec<u8> {
    let mut out = Vec::with_capacity((file.entries.len() + 2) * RECORD_BYTES);
    let (id, currency) = (id_text(&file.id), file.currency);
    let header = format!("H{id}{:03}{:74}{}", currency.0, "", VERSION.escape_ascii());
    record(&mut out, &header);
    for entry in &file.entries {
        record(&mut out, &detail(entry, currency));
    }
    let trailer = trailer(&file.id, totals(&file.entries), digest(&out));
    record(&mut out, &trailer);
    out
}

fn trailer(id: &FileId, [presented, adjusted]: [Total; 2], digest: u64) -> String {
    format!(
        "T{}{:08}{:016}{:08}{:016}{digest:016X}",
        id_text(id),
        presented.count,
        presented.minor,
        adjusted.count,
        adjusted.minor
    )
}

/// What the bytes of a file say, if every control agrees.
///
/// # Errors
///
/// Names the first thing that is wrong.
pub fn read(bytes: &[u8]) -> Result<FileText, FileError> {
    let (records, rest) = bytes.as_chunks::<RECORD_BYTES>();
    let ([header, details @ .., last], []) = (records, rest) else {
        return Err(FileError::Records);
    };
    let (id, currency) = read_header(header).ok_or(FileError::Header)?;
    let mut entries = Vec::with_capacity(details.len());
    for (number, detail) in (2..).zip(details) {
        entries.push(read_detail(detail, currency).ok_or(FileError::Detail(number))?);
    }
    let (of, told, seal) = read_trailer(last).ok_or(FileError::Trailer)?;
    let mut again = Vec::with_capacity(RECORD_BYTES);
    record(&mut again, &trailer(&of, told, seal));
    // Nothing else is under the digest's protection but itself.
    if of != id || again != last {
        return Err(FileError::Trailer);
    }
    if told != totals(&entries) {
        return Err(FileError::Totals);
    }
    if seal != digest(&bytes[..bytes.len() - RECORD_BYTES]) {
        return Err(FileError::Digest);
    }
    Ok(FileText { id, currency, entries })
}

/// What presentments and what adjustments come to.
fn totals(entries: &[FileEntry]) -> [Total; 2] {
    let of = |asks: bool| {
        let minors = entries.iter().filter(|entry| (entry.kind.sign() > 0) == asks);
        minors.map(|entry| entry.minor).fold(Total::default(), Total::plus)
    };
    [of(true), of(false)]
}

/// FNV-1a: it finds accidents. Against malice every part carries the line's MAC.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn record(out: &mut Vec<u8>, text: &str) {
    let start = out.len();
    out.extend_from_slice(text.as_bytes());
    out.resize(start + RECORD_BYTES - 1, b' ');
    out.push(b';');
}

/// A file id in its characters.
pub(super) fn id_text(id: &FileId) -> String {
    let kind = match id.kind {
        FileKind::Extract => 'E',
        FileKind::Presentment => 'P',
        FileKind::Payout => 'Y',
        FileKind::Return => 'R',
    };
    let FileId { sender, receiver, date, sequence, .. } = id;
    // Institutions have eleven digits; a million files would last for centuries.
    let [sender, receiver] = [sender, receiver].map(|number| number % 100_000_000_000);
    format!("{kind}{sender:011}{receiver:011}{}{:06}", date_text(*date), sequence % 1_000_000)
}

/// A file id from its characters.
pub(super) fn read_id(text: &[u8]) -> Option<FileId> {
    let mut text = Fields(text);
    let id = FileId {
        kind: match text.take::<1>()? {
            b"E" => FileKind::Extract,
            b"P" => FileKind::Presentment,
            b"Y" => FileKind::Payout,
            b"R" => FileKind::Return,
            _ => return None,
        },
        sender: text.number::<11, _>()?,
        receiver: text.number::<11, _>()?,
        date: text.date()?,
        sequence: text.number::<6, _>()?,
    };
    text.0.is_empty().then_some(id)
}

fn date_text(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year.clamp(0, 9_999), date.month, date.day)
}

fn detail(entry: &FileEntry, currency: Currency) -> String {
    let kind = match entry.kind {
        EntryKind::Presentment => 'P',
        EntryKind::Adjustment => 'A',
        EntryKind::Refund => 'F',
        EntryKind::RefundAdjustment => 'G',
        EntryKind::Claim => 'C',
        EntryKind::Chargeback => 'B',
        EntryKind::Retrieval => 'R',
    };
    let NetworkKey { transmission, stan, acquirer, forwarder } = entry.key;
    format!(
        "D{kind}{}{transmission:010}{stan:06}{acquirer:011}{forwarder:011}{}{}{}{:19}{:012}{:03}{}",
        date_text(entry.business_date),
        entry.rrn.escape_ascii(),
        entry.terminal.escape_ascii(),
        entry.merchant.escape_ascii(),
        entry.pan.as_str(),
        entry.minor,
        currency.0,
        if entry.is_promised { 'S' } else { ' ' }
    )
}

fn read_header(record: &[u8; RECORD_BYTES]) -> Option<(FileId, Currency)> {
    let mut text = Fields(record);
    (text.take::<1>()? == b"H").then_some(())?;
    let id = read_id(text.take::<ID_BYTES>()?)?;
    let currency = Currency(text.number::<3, _>()?);
    text.take::<74>()?;
    (text.take::<2>()? == VERSION && text.0.ends_with(b";")).then_some((id, currency))
}

/// A detail of a file in this currency.
fn read_detail(record: &[u8; RECORD_BYTES], currency: Currency) -> Option<FileEntry> {
    let mut text = Fields(record);
    (text.take::<1>()? == b"D").then_some(())?;
    let kind = match text.take::<1>()? {
        b"P" => EntryKind::Presentment,
        b"A" => EntryKind::Adjustment,
        b"F" => EntryKind::Refund,
        b"G" => EntryKind::RefundAdjustment,
        b"C" => EntryKind::Claim,
        b"B" => EntryKind::Chargeback,
        b"R" => EntryKind::Retrieval,
        _ => return None,
    };
    let business_date = text.date()?;
    let key = NetworkKey {
        transmission: text.number::<10, _>()?,
        stan: text.number::<6, _>()?,
        acquirer: text.number::<11, _>()?,
        forwarder: text.number::<11, _>()?,
    };
    let rrn = *text.take::<12>()?;
    let terminal = *text.take::<8>()?;
    let merchant = *text.take::<15>()?;
    let pan = Pan::new(text.take::<19>()?.trim_ascii_end())?;
    let minor = text.number::<12, _>()?;
    let is_of_file = Currency(text.number::<3, _>()?) == currency;
    let is_promised = match text.take::<1>()? {
        b"S" => true,
        b" " => false,
        _ => return None,
    };
    (is_of_file && text.0 == b" ;").then_some(FileEntry {
        kind,
        key,
        rrn,
        terminal,
        merchant,
        pan,
        minor,
        business_date,
        is_promised,
    })
}

/// The file it belongs to, its control totals and its digest.
fn read_trailer(record: &[u8; RECORD_BYTES]) -> Option<(FileId, [Total; 2], u64)> {
    let mut text = Fields(record);
    (text.take::<1>()? == b"T").then_some(())?;
    let id = read_id(text.take::<ID_BYTES>()?)?;
    let mut total = || {
        let count = text.number::<8, _>()?;
        Some(Total { count, minor: text.number::<16, _>()? })
    };
    let totals = [total()?, total()?];
    let hex = core::str::from_utf8(text.take::<16>()?).ok()?;
    let digest = u64::from_str_radix(hex, 16).ok()?;
    text.0.ends_with(b";").then_some((id, totals, digest))
}

/// What of a record is still to be read.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(field)
    }

    /// A number of `N` digits.
    fn number<const N: usize, T: TryFrom<u64>>(&mut self) -> Option<T> {
        digits(self.take::<N>()?)
    }

    fn date(&mut self) -> Option<Date> {
        let year: u16 = self.number::<4, _>()?;
        Date::new(i32::from(year), self.number::<2, _>()?, self.number::<2, _>()?)
    }
}

/// ASCII digits as a number.
pub(super) fn digits<T: TryFrom<u64>>(text: &[u8]) -> Option<T> {
    let digit = |sum: Option<u64>, byte: &u8| {
        byte.is_ascii_digit().then_some(())?;
        sum?.checked_mul(10)?.checked_add(u64::from(byte - b'0'))
    };
    T::try_from(text.iter().fold(Some(0), digit)?).ok()
}
