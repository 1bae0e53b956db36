//! Files written and read, and sent in parts over a line that loses, repeats and reorders.

use super::*;
use crate::card::{Currency, Pan};
use crate::record::{EntryKind, FileEntry, FileKind, NetworkKey};
use crate::time::{Date, Instant, LocalTime, Now};
use proptest::prelude::*;

const DATE: Date = Date { year: 2026, month: 5, day: 30 };
const ID: FileId = FileId {
    kind: FileKind::Extract,
    sender: 48_020_000,
    receiver: 10_000,
    date: DATE,
    sequence: 7,
};

fn entry(number: u32, kind: EntryKind) -> FileEntry {
    FileEntry {
        kind,
        key: NetworkKey {
            transmission: 530_100_000 + number,
            stan: number,
            acquirer: 48_020_000,
            forwarder: 48_020_000,
        },
        rrn: *b"000530000001",
        terminal: *b"22003001",
        merchant: *b"104512541110001",
        pan: Pan::new(b"6224242000000021").expect("sixteen digits are a card number"),
        minor: 10_000 + u64::from(number),
        business_date: DATE,
        is_promised: number % 4 == 2,
    }
}

fn file(count: u32) -> FileText {
    let kind = |n: u32| match n % 6 {
        0 | 3 => EntryKind::Adjustment,
        4 => EntryKind::Claim,
        5 => EntryKind::Chargeback,
        1 if n > 1 => EntryKind::Retrieval,
        _ => EntryKind::Presentment,
    };
    FileText {
        id: ID,
        currency: Currency::CNY,
        entries: (1..=count).map(|n| entry(n, kind(n))).collect(),
    }
}

fn now() -> Now {
    Now { instant: Instant(0), local: LocalTime::new(DATE, 3_600) }
}

#[test]
fn what_is_written_is_read_back() {
    for count in [0, 1, 5] {
        let bytes = write(&file(count));
        assert_eq!(bytes.len(), (count as usize + 2) * RECORD_BYTES);
        assert!(bytes.iter().all(|byte| (b' '..0x7F).contains(byte)));
        assert_eq!(read(&bytes), Ok(file(count)));
    }
}

#[test]
fn every_record_of_a_file_is_in_the_currency_of_its_header() {
    let yen = FileText { currency: Currency::JPY, ..file(2) };
    let mut bytes = write(&yen);
    assert_eq!(read(&bytes), Ok(yen));
    let (header, detail) = (38, 2 * RECORD_BYTES - 6);
    assert_eq!(
        (&bytes[header..header + 3], &bytes[detail..detail + 3]),
        (&b"392"[..], &b"392"[..])
    );
    bytes[detail..detail + 3].copy_from_slice(b"156");
    assert_eq!(read(&bytes), Err(FileError::Detail(2)));
}

#[test]
fn a_file_that_was_changed_anywhere_is_not_believed() {
    let good = write(&file(3));
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] = if bad[at] == b'1' { b'2' } else { b'1' };
        assert_ne!(read(&bad), Ok(file(3)), "byte {at}");
        // Every byte before the digest is under it, and the digest is compared.
        assert!(read(&bad).is_err() || at >= good.len() - RECORD_BYTES, "byte {at}");
    }
}

#[test]
fn control_totals_tell_two_errors_that_cancel() {
    let mut wrong = file(2);
    // One presentment too many, and an adjustment of the same amount: the net is as it was.
    let whole = write(&wrong);
    wrong.entries.push(entry(9, EntryKind::Presentment));
    wrong.entries.push(entry(9, EntryKind::Adjustment));
    let mut bytes = write(&wrong);
    let trailer = whole[whole.len() - RECORD_BYTES..].to_vec();
    let start = bytes.len() - RECORD_BYTES;
    bytes[start..].copy_from_slice(&trailer);
    assert_eq!(read(&bytes), Err(FileError::Totals));
}

#[test]
fn what_is_no_file_is_refused_with_the_first_reason() {
    let whole = write(&file(1));
    assert_eq!(read(b""), Err(FileError::Records));
    assert_eq!(read(&whole[1..]), Err(FileError::Records));
    assert_eq!(read(&whole[RECORD_BYTES..]), Err(FileError::Header));
    let without_trailer = &whole[..whole.len() - RECORD_BYTES];
    assert_eq!(read(without_trailer), Err(FileError::Trailer));
    let twice = [&whole[..RECORD_BYTES], &whole[..]].concat();
    assert_eq!(read(&twice), Err(FileError::Detail(2)));
}

/// Sends a file whole, with the parts and answers that `fate` loses or repeats; says how many
/// messages it took, and what came.
fn send(outbox: &mut Outbox, fate: &mut dyn FnMut() -> u8) -> (u32, Vec<FileText>) {
    let (mut inbox, mut came, mut sent) = (Inbox::default(), Vec::new(), 0);
    let mut taken: Option<FileId> = None;
    while let Some(part) = outbox.message(now(), 48_020_000) {
        sent += 1;
        assert!(sent < 10_000, "it never ends");
        let place = Place::of(&part).expect("a part says its place");
        let copies = match fate() {
            0 => 0,
            1 => 2,
            _ => 1,
        };
        for _ in 0..copies {
            let next = match taken == Some(place.file) {
                true => place.total,
                false => match inbox.take(place, &part) {
                    Part::Next(next) => next,
                    Part::Whole(read) => {
                        came.push(read.expect("nothing was changed"));
                        taken = Some(place.file);
                        place.total
                    }
                },
            };
            let answer = answer(&part, place, next, ResponseCode::APPROVED);
            if fate() != 0
                && let outbox::Progress::Taken(id) = outbox.heard(&answer)
            {
                outbox.complete(id);
            }
        }
        if fate() == 2 {
            // The receiver's power fails: what had come of the file is gone.
            inbox = Inbox::default();
        }
    }
    (sent, came)
}

#[test]
fn a_file_goes_in_parts_one_after_another() {
    let mut outbox = Outbox::new(2);
    outbox.push(ID, write(&file(5)));
    outbox.push(ID, Vec::new());
    let (sent, came) = send(&mut outbox, &mut || 9);
    assert_eq!((sent, came), (4, vec![file(5)]));
    assert!(outbox.is_empty());
}

#[test]
fn an_answer_about_another_file_is_not_heard() {
    let mut outbox = Outbox::new(1);
    outbox.push(ID, write(&file(0)));
    let part = outbox.message(now(), 1).expect("a file waits");
    let place = Place::of(&part).expect("a part says its place");
    let other = Place { file: FileId { sequence: 8, ..ID }, ..place };
    let wrong = answer(&part, other, other.total, ResponseCode::APPROVED);
    assert_eq!(outbox.heard(&wrong), outbox::Progress::Nothing);
    let refused = answer(&part, place, 0, ResponseCode::RECONCILE_ERROR);
    let progress = outbox::Progress::Refused(ID, ResponseCode::RECONCILE_ERROR);
    assert_eq!(outbox.heard(&refused), progress);
    assert!(outbox.holds(ID), "what is refused is offered again");
}

proptest! {
    #[test]
    fn over_any_line_a_file_comes_whole_and_once(
        count in 0_u32..40, records in 1_usize..40, fates in prop::collection::vec(0_u8..12, 60),
    ) {
        let mut outbox = Outbox::new(records);
        outbox.push(ID, write(&file(count)));
        let mut fates = fates.into_iter();
        // In the end the line is good.
        let (_, came) = send(&mut outbox, &mut || fates.next().unwrap_or(9));
        prop_assert_eq!(came, vec![file(count)]);
    }

    #[test]
    fn any_bytes_are_a_file_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        let _ = read(&bytes);
        let part = Message::new(Mti::FILE_ADVICE).with(Element::PRIVATE_48, &bytes);
        let _ = Place::of(&part);
    }
}
