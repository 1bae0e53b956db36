//! A clearing file as its page has it (models/filing/format.rs), written by hand, its digest
//! computed elsewhere. Two ends that are wrong in the same way agree with each other.

use reversim_models::card::{Currency, Pan};
use reversim_models::filing::{FileError, FileText, RECORD_BYTES, read, write};
use reversim_models::record::{EntryKind, FileEntry, FileId, FileKind, NetworkKey};
use reversim_models::time::Date;

/// Each in two parts, the blanks at its end left out. What the issuer pays comes to 102.50, what
/// it gets back to 30.99.
const RECORDS: [[&str; 2]; 6] = [
    ["HE000480200000000001000020260530000007156", ""],
    [
        "DP2026053005301008060000010004802000000048020001",
        "615010000001220030011045125411100016224210000000010   000000010000156S",
    ],
    [
        "DC2026052905291008060009000004802000000048020001",
        "614910000777220030011045125411100016224210000000010   000000000250156",
    ],
    [
        "DA2026052905291009070009010004802000000048020001",
        "614910000778220030011045125411100016224210000000028   000000000099156",
    ],
    [
        "DF2026053005301010100000040004802000000048020001",
        "615010000004220030011045125411100016224210000000010   000000003000156",
    ],
    [
        "TE000480200000000001000020260530000007",
        "000000020000000000010250000000020000000000003099E7DA26BD76D1E37A",
    ],
];

fn bytes() -> Vec<u8> {
    let mut records = RECORDS.map(|[first, second]| format!("{first}{second}"));
    // The version of the format ends the header.
    records[0] = format!("{:115}02", records[0]);
    records.iter().flat_map(|record| format!("{record:119};").into_bytes()).collect()
}

fn file() -> FileText {
    let day = |day| Date { year: 2026, month: 5, day };
    let entry = |kind, (transmission, stan): (u32, u32), rrn: &[u8; 12], minor| FileEntry {
        kind,
        key: NetworkKey { transmission, stan, acquirer: 48_020_000, forwarder: 48_020_001 },
        rrn: *rrn,
        terminal: *b"22003001",
        merchant: *b"104512541110001",
        pan: Pan::new(b"6224210000000010").expect("a test card number"),
        minor,
        business_date: day(29),
        is_promised: false,
    };
    let presented = entry(EntryKind::Presentment, (530_100_806, 1), b"615010000001", 10_000);
    let claimed = entry(EntryKind::Claim, (529_100_806, 900), b"614910000777", 250);
    let adjusted = entry(EntryKind::Adjustment, (529_100_907, 901), b"614910000778", 99);
    let refunded = entry(EntryKind::Refund, (530_101_010, 4), b"615010000004", 3_000);
    let other = Pan::new(b"6224210000000028").expect("a test card number");
    FileText {
        id: FileId {
            kind: FileKind::Extract,
            sender: 48_020_000,
            receiver: 10_000,
            date: day(30),
            sequence: 7,
        },
        currency: Currency::CNY,
        entries: vec![
            FileEntry { business_date: day(30), is_promised: true, ..presented },
            claimed,
            FileEntry { pan: other, ..adjusted },
            FileEntry { business_date: day(30), ..refunded },
        ],
    }
}

#[test]
fn a_file_is_written_and_read_as_its_page_has_it() {
    let (written, expected) = (write(&file()), bytes());
    assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(&expected));
    assert_eq!(read(&expected), Ok(file()));
}

/// With this character of this record another, what is wrong with the file?
fn damaged(record: usize, at: usize) -> Option<FileError> {
    let mut bytes = bytes();
    let byte = &mut bytes[record * RECORD_BYTES + at];
    *byte = if *byte == b'0' { b'1' } else { b'0' };
    read(&bytes).err()
}

#[test]
fn whatever_is_changed_the_controls_find_it() {
    // An amount, and the digits of the totals that do not fit any more.
    assert_eq!(damaged(1, 110), Some(FileError::Totals));
    for at in [45, 61, 69, 85] {
        assert_eq!(damaged(5, at), Some(FileError::Totals), "{at}");
    }
    // What is not counted is under the digest: elements 11, 37, 41 and 2, and the digest itself.
    for (record, at) in [(1, 25), (2, 55), (3, 67), (4, 91), (5, 95)] {
        assert_eq!(damaged(record, at), Some(FileError::Digest), "{record} {at}");
    }
    assert_eq!(damaged(5, 30), Some(FileError::Trailer));
    for (record, found) in [(0, FileError::Header), (2, FileError::Detail(3))] {
        assert_eq!(damaged(record, 0), Some(found));
    }
}
