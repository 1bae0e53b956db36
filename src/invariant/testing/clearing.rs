//! The end of a business date as it is told in tests: extracted, cleared, parked, closed.

use super::{DAY, ISSUER, SWITCH, Sale, Tale, pan};
use crate::party::Party;
use reversim_models::node::Ticket;
use reversim_models::record::{
    Account, ClearingRecord, EntryKind, Extracted, FileEntry, FileId, FileKind, IssuerRecord, Leg,
    PayoutLine, Record, SuspenseEnd, SwitchRecord, Taken, TakenAs,
};
use reversim_models::time::Date;

const CLEARING: Party = Party::clearing(1);

/// A file of the n-th day of these tales.
pub(super) fn file(kind: FileKind, day: u8) -> FileId {
    let date = Date { day: DAY.day + day, ..DAY };
    FileId { kind, sender: 1, receiver: 2, date, sequence: u32::from(day) + 1 }
}

/// What a file says of this sale.
pub(crate) fn entry(s: Sale, kind: EntryKind) -> FileEntry {
    FileEntry {
        kind,
        key: s.key(),
        rrn: s.rrn(),
        terminal: s.id(),
        merchant: *b"898310154110001",
        pan: pan(),
        minor: s.minor,
        business_date: DAY,
        is_promised: false,
    }
}

/// What the merchant gets for it: one part in a hundred is the fee, and the issuer's.
pub(crate) fn line(s: Sale, kind: EntryKind) -> PayoutLine {
    let entry = entry(s, kind);
    let fee = entry.signed() / 100;
    PayoutLine { entry, fee, shares: [fee, 0, 0], net: entry.signed() - fee }
}

pub(crate) type Entries<'a> = &'a [(Sale, EntryKind)];

impl Tale {
    /// A clearing house takes part.
    pub(crate) fn with_clearing() -> Tale {
        let mut tale = Tale::new();
        tale.history.setting.parties.push(CLEARING);
        tale
    }

    pub(crate) fn date_ends(&mut self, day: u8) -> usize {
        let date = Date { day: DAY.day + day, ..DAY }.next();
        self.record(SWITCH, 0, Record::Switch(SwitchRecord::CutOver { date }))
    }

    pub(crate) fn extracted(&mut self, day: u8, entries: Entries<'_>) -> usize {
        let extracted = |(s, kind): &(Sale, EntryKind)| Extracted {
            id: s.ticket.into(),
            ticket: Ticket(s.ticket),
            entry: entry(*s, *kind),
        };
        let entries = entries.iter().map(extracted).collect();
        let record = SwitchRecord::ExtractClosed { file: file(FileKind::Extract, day), entries };
        self.record(SWITCH, 0, Record::Switch(record))
    }

    pub(crate) fn extract_came(&mut self, day: u8) -> usize {
        let file = file(FileKind::Extract, day);
        self.record(SWITCH, 0, Record::Switch(SwitchRecord::FileDelivered { file }))
    }

    pub(crate) fn built(&mut self, day: u8, entries: Entries<'_>) -> usize {
        let entries = entries.iter().map(|(s, kind)| entry(*s, *kind)).collect();
        let file = file(FileKind::Presentment, day);
        let record = ClearingRecord::PresentmentBuilt { file, issuer: 0, entries };
        self.record(CLEARING, 0, Record::Clearing(record))
    }

    pub(crate) fn paid(&mut self, day: u8, lines: &[PayoutLine]) -> usize {
        let (file, merchant) = (file(FileKind::Payout, day), *b"898310154110001");
        let record = ClearingRecord::PayoutBuilt { file, merchant, lines: lines.into() };
        self.record(CLEARING, 0, Record::Clearing(record))
    }

    pub(crate) fn taken(&mut self, day: u8, entries: Entries<'_>) -> usize {
        let taken = |(s, kind): &(Sale, EntryKind)| Taken {
            entry: entry(*s, *kind),
            decision: Some(s.ticket.into()),
            end: TakenAs::Booked,
        };
        let legs = entries.iter().flat_map(|(s, kind)| {
            let minor = entry(*s, *kind).signed();
            [
                Leg { account: Account::Settlement, minor: -minor },
                Leg { account: Account::Payable, minor },
            ]
        });
        let record = IssuerRecord::PresentmentTaken {
            file: file(FileKind::Presentment, day),
            entries: entries.iter().map(taken).collect(),
            legs: legs.collect(),
        };
        self.record(ISSUER, 0, Record::Issuer(record))
    }

    pub(crate) fn date_closed(&mut self, day: u8) -> usize {
        let date = Date { day: DAY.day + day, ..DAY };
        self.record(CLEARING, 0, Record::Clearing(ClearingRecord::DayClosed { date }))
    }

    /// A whole date, from its end to its close, with what is in its files.
    pub(crate) fn cleared(&mut self, day: u8, entries: Entries<'_>) -> usize {
        self.date_ends(day);
        self.extracted(day, entries);
        self.extract_came(day);
        self.built(day, entries);
        let lines: Vec<PayoutLine> = entries.iter().map(|(s, kind)| line(*s, *kind)).collect();
        self.paid(day, &lines);
        self.taken(day, entries);
        self.date_closed(day)
    }

    /// What was debited for this sale and not presented goes into suspense.
    pub(crate) fn parked(&mut self, s: Sale) -> usize {
        let (item, minor) = (u64::from(s.ticket), s.minor as i64);
        let legs = [
            Leg { account: Account::Settlement, minor: -minor },
            Leg { account: Account::Suspense, minor },
        ];
        let (decision, date, legs) = (Some(item), DAY, legs.into());
        let record = IssuerRecord::SuspenseOpened { item, decision, minor, date, legs };
        self.record(ISSUER, 0, Record::Issuer(record))
    }

    /// It goes back to the cardholder.
    pub(crate) fn returned(&mut self, s: Sale) -> usize {
        let (item, minor) = (u64::from(s.ticket), s.minor as i64);
        let legs = [
            Leg { account: Account::Suspense, minor: -minor },
            Leg { account: Account::Cardholder(1), minor },
        ];
        let record = IssuerRecord::SuspenseClosed {
            item,
            decision: Some(item),
            class: SuspenseEnd::Returned,
            minor: s.minor,
            date: DAY,
            legs: legs.into(),
        };
        self.record(ISSUER, 0, Record::Issuer(record))
    }
}
