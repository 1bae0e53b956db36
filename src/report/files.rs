//! Clearing in words: files, entries, suspense, payouts, and how the books stand by date. ASCII and
//! masked. Prints nothing.

use super::table::Table;
use super::words::micros;
use crate::history::{History, What};
use crate::party::Party;
use reversim_models::card::Currency;
use reversim_models::claim::ClaimSlip;
use reversim_models::filing::Place;
use reversim_models::iso8583::Message;
use reversim_models::record::{
    Account, ClearingRecord, EntryKind, FileEntry, FileId, FileKind, IssuerRecord, Leg, PayoutLine,
    Record, SuspenseEnd, SwitchRecord, Taken, TakenAs,
};
use reversim_models::time::Date;
use std::collections::BTreeMap;

/// A file id: `extract 2026-05-30 no. 1`.
pub fn file_words(file: &FileId) -> String {
    let kind = match file.kind {
        FileKind::Extract => "extract",
        FileKind::Presentment => "presentments",
        FileKind::Payout => "payout",
        FileKind::Return => "returns",
    };
    format!("{kind} {} no. {}", file.date, file.sequence)
}

/// Minor units with their sign.
pub fn signed(minor: i64, currency: Currency) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}", currency.amount(minor.unsigned_abs()))
}

/// What entries come to: `2 presented 300.00, 1 adjusted 100.00`.
pub fn entries_words<'a>(
    entries: impl Iterator<Item = &'a FileEntry>,
    currency: Currency,
) -> String {
    let mut sums = [(0_u32, 0_u64); 7];
    let names = [
        "presented",
        "adjusted",
        "refunded",
        "refund taken back",
        "claimed",
        "charged back",
        "slips wanted",
    ];
    for entry in entries {
        let sum = &mut sums[match entry.kind {
            EntryKind::Presentment => 0,
            EntryKind::Adjustment => 1,
            EntryKind::Refund => 2,
            EntryKind::RefundAdjustment => 3,
            EntryKind::Claim => 4,
            EntryKind::Chargeback => 5,
            EntryKind::Retrieval => 6,
        }];
        *sum = (sum.0 + 1, sum.1.saturating_add(entry.minor));
    }
    let words = sums.into_iter().zip(names).filter(|((count, _), _)| *count > 0);
    let words: Vec<String> = words
        .map(|((count, minor), what)| format!("{count} {what} {}", currency.amount(minor)))
        .collect();
    if words.is_empty() { "empty".to_owned() } else { words.join(", ") }
}

/// What a clearing house's record says beside its name.
pub(super) fn clearing_words(record: &ClearingRecord, currency: Currency) -> String {
    match record {
        ClearingRecord::CutOver { date } | ClearingRecord::DayClosed { date } => date.to_string(),
        ClearingRecord::ExtractTaken { file, entries } => {
            format!("{}: {}", file_words(file), entries_words(entries.iter(), currency))
        }
        ClearingRecord::PresentmentBuilt { file, issuer, entries } => {
            let issuer = Party::issuer(issuer.saturating_add(1));
            format!(
                "{} for {issuer}: {}",
                file_words(file),
                entries_words(entries.iter(), currency)
            )
        }
        ClearingRecord::PayoutBuilt { file, lines, .. } => {
            format!("{}: {}", file_words(file), payout_words(lines, currency))
        }
        ClearingRecord::ReturnTaken { file, entries }
        | ClearingRecord::ReturnBuilt { file, entries, .. } => {
            format!("{}: {}", file_words(file), entries_words(entries.iter(), currency))
        }
        ClearingRecord::FileDelivered { file } => file_words(file),
        ClearingRecord::LeaseTaken { node, fence, until } => {
            format!("node {}, fence {fence}, until {}", node + 1, micros(until.0))
        }
        ClearingRecord::WriteRefused { node, fence } => {
            format!("node {}, fence {fence}", node + 1)
        }
    }
}

fn payout_words(lines: &[PayoutLine], currency: Currency) -> String {
    let sum = |of: fn(&PayoutLine) -> i64| signed(lines.iter().map(of).sum(), currency);
    format!(
        "gross {} fee {} net {}",
        sum(|line| line.entry.signed()),
        sum(|line| line.fee),
        sum(|line| line.net)
    )
}

/// What an issuer's record about files or suspense says beside its name; none of any other.
pub(super) fn issuer_words(record: &IssuerRecord, currency: Currency) -> Option<String> {
    Some(match record {
        IssuerRecord::PresentmentTaken { file, entries, .. } => {
            let entries = entries_words(entries.iter().map(|taken| &taken.entry), currency);
            format!("{}: {entries}", file_words(file))
        }
        IssuerRecord::SuspenseOpened { item, minor, decision, .. } => {
            let what = match (decision, *minor) {
                (_, 0..) => "not presented",
                (None, _) => "not debited",
                (Some(_), _) => "given back on one side",
            };
            format!("#{item} {} {what}", signed(*minor, currency))
        }
        IssuerRecord::SuspenseClosed { item, class, minor, .. } => {
            format!("#{item} {} {}", currency.amount(*minor), end_words(*class))
        }
        IssuerRecord::ReturnBuilt { file, entries } => {
            format!("{}: {}", file_words(file), entries_words(entries.iter(), currency))
        }
        IssuerRecord::FileDelivered { file } => file_words(file),
        _ => return None,
    })
}

fn end_words(class: SuspenseEnd) -> &'static str {
    match class {
        SuspenseEnd::Cleared => "cleared",
        SuspenseEnd::Returned => "returned",
        SuspenseEnd::ChargedBack => "charged back",
        SuspenseEnd::Retaken => "taken again",
    }
}

/// What a switch's record about files says beside its name; none of any other.
pub(super) fn switch_words(record: &SwitchRecord, currency: Currency) -> Option<String> {
    Some(match record {
        SwitchRecord::ExtractClosed { file, entries } => {
            let entries = entries_words(entries.iter().map(|one| &one.entry), currency);
            format!("{}: {entries}", file_words(file))
        }
        SwitchRecord::FileDelivered { file } => file_words(file),
        SwitchRecord::ReturnTaken { file, entries } => {
            let entries = entries_words(entries.iter().map(|one| &one.entry), currency);
            format!("{}: {entries}", file_words(file))
        }
        SwitchRecord::ClaimFiled { id, .. } => format!("#{id}"),
        SwitchRecord::ClaimRefused { why, .. } => why.words().to_owned(),
        SwitchRecord::SlipAnswered { id, is_there, .. } => {
            format!("#{id} {}", if *is_there { "found" } else { "missing" })
        }
        _ => return None,
    })
}

/// What a message that carries a part of a file, or answers one, says: the file and the place.
pub(super) fn part_words(message: &Message) -> Option<Vec<String>> {
    let Place { file, record, total } = Place::of(message)?;
    Some(vec![file_words(&file), format!("{record}/{total}")])
}

/// What a record about clearing means for people and money, as a sentence about its party.
pub(super) fn sentence(record: &Record, currency: Currency) -> Option<String> {
    Some(match record {
        Record::Switch(SwitchRecord::ExtractClosed { file, entries }) => {
            let entries = entries_words(entries.iter().map(|one| &one.entry), currency);
            format!("closes {} for the clearing house: {entries}", file.date)
        }
        Record::Clearing(ClearingRecord::PresentmentBuilt { file, issuer, entries })
            if !entries.is_empty() =>
        {
            let issuer = Party::issuer(issuer.saturating_add(1));
            format!(
                "presents {} to {issuer}: {}",
                file.date,
                entries_words(entries.iter(), currency)
            )
        }
        Record::Clearing(ClearingRecord::PayoutBuilt { lines, .. }) => {
            format!("pays the merchant: {}", payout_words(lines, currency))
        }
        Record::Clearing(ClearingRecord::DayClosed { date }) => format!("has closed {date}"),
        Record::Clearing(ClearingRecord::LeaseTaken { node, fence, .. }) => {
            format!("works with node {}: it has taken the lease with fence {fence}", node + 1)
        }
        Record::Clearing(ClearingRecord::WriteRefused { node, fence }) => {
            format!("refuses what node {} writes with fence {fence}: it is not the last", node + 1)
        }
        Record::Issuer(IssuerRecord::PresentmentTaken { entries, .. }) if !entries.is_empty() => {
            format!("takes the presentments: {}", taken_words(entries, currency))
        }
        Record::Switch(SwitchRecord::ClaimFiled { .. }) => "takes the merchant's claim".to_owned(),
        Record::Switch(SwitchRecord::ClaimRefused { why, .. }) => {
            format!("refuses the merchant's claim: {}", why.words())
        }
        Record::Switch(SwitchRecord::SlipAnswered { is_there: false, .. }) => {
            "learns that the merchant has no slip, and gives the money back".to_owned()
        }
        Record::Switch(SwitchRecord::SlipAnswered { .. }) => {
            "learns that the merchant has the slip".to_owned()
        }
        Record::Issuer(IssuerRecord::ReturnBuilt { entries, .. }) => {
            format!("returns: {}", entries_words(entries.iter(), currency))
        }
        Record::Issuer(IssuerRecord::SuspenseOpened { minor, .. }) if *minor > 0 => {
            format!("parks {}: debited and not presented", signed(*minor, currency))
        }
        Record::Issuer(IssuerRecord::SuspenseOpened { minor, decision: Some(_), .. }) => {
            format!("parks {}: given back on one side only", signed(*minor, currency))
        }
        Record::Issuer(IssuerRecord::SuspenseOpened { minor, .. }) => {
            format!("parks {}: presented and not debited", signed(*minor, currency))
        }
        Record::Issuer(IssuerRecord::SuspenseClosed { class, minor, .. }) => match class {
            SuspenseEnd::Cleared => "has nothing parked for it any more".to_owned(),
            SuspenseEnd::Returned => format!("returns {} out of suspense", currency.amount(*minor)),
            SuspenseEnd::ChargedBack => format!("charges {} back", currency.amount(*minor)),
            SuspenseEnd::Retaken => {
                format!("takes {} again that it had given back", currency.amount(*minor))
            }
        },
        _ => return None,
    })
}

/// What an issuer took, and what of it nobody had told it before.
fn taken_words(entries: &[Taken], currency: Currency) -> String {
    let count =
        |of: fn(&Taken) -> bool, what: &str| match entries.iter().filter(|taken| of(taken)).count()
        {
            0 => String::new(),
            count => format!(", {count} of them {what}"),
        };
    let credited = count(|taken| taken.end == TakenAs::Credited, "credited from the file alone");
    let is_debited =
        |taken: &Taken| taken.end == TakenAs::Debited && taken.entry.kind == EntryKind::Presentment;
    let debited = count(is_debited, "debited from the file alone");
    let is_unknown = |taken: &Taken| {
        let has_moved = matches!(taken.end, TakenAs::Credited | TakenAs::Debited);
        taken.decision.is_none() && !has_moved
    };
    let unknown = count(is_unknown, "unknown");
    let words = entries_words(entries.iter().map(|taken: &Taken| &taken.entry), currency);
    format!("{words}{unknown}{debited}{credited}")
}

/// What one business date came to.
#[derive(Default)]
struct Day {
    extracted: i64,
    payable: i64,
    gross: i64,
    fee: i64,
    net: i64,
    is_closed: bool,
}

/// How clearing stands, date by date, and what is left in suspense; nothing without one.
pub(super) fn books(history: &History) -> Option<Table> {
    let mut days: BTreeMap<Date, Day> = BTreeMap::new();
    let (mut suspense, currency) = (0_i64, history.setting.currency);
    for entry in &history.entries {
        let What::Recorded(record) = &entry.what else { continue };
        match record {
            Record::Switch(SwitchRecord::ExtractClosed { file, entries }) => {
                let sum: i64 = entries.iter().map(|one| one.entry.signed()).sum();
                days.entry(file.date).or_default().extracted += sum;
            }
            Record::Clearing(ClearingRecord::PayoutBuilt { file, lines, .. }) => {
                let day = days.entry(file.date).or_default();
                for line in lines {
                    day.gross += line.entry.signed();
                    day.fee += line.fee;
                    day.net += line.net;
                }
            }
            Record::Clearing(ClearingRecord::DayClosed { date }) => {
                days.entry(*date).or_default().is_closed = true;
            }
            Record::Issuer(record) => {
                suspense += parked(record);
                if let IssuerRecord::PresentmentTaken { file, entries, .. } = record {
                    let sum: i64 = entries.iter().map(|taken| taken.entry.signed()).sum();
                    days.entry(file.date).or_default().payable += sum;
                }
            }
            _ => {}
        }
    }
    if days.is_empty() {
        return None;
    }
    let headings = ["cleared", "extracted", "issuers owe", "gross", "fee", "net", "closed"];
    let mut table = Table::new(headings).right(&[1, 2, 3, 4, 5]);
    for (date, day) in &days {
        let amounts = [day.extracted, day.payable, day.gross, day.fee, day.net]
            .map(|minor| signed(minor, currency));
        let [extracted, payable, gross, fee, net] = amounts;
        let closed = if day.is_closed { "yes" } else { "no" }.to_owned();
        table.row([date.to_string(), extracted, payable, gross, fee, net, closed]);
    }
    table.row([
        "suspense".to_owned(),
        signed(suspense, currency),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
    ]);
    Some(table)
}

fn parked(record: &IssuerRecord) -> i64 {
    let legs: &[Leg] = match record {
        IssuerRecord::Decided { legs, .. }
        | IssuerRecord::Reversed { legs, .. }
        | IssuerRecord::PresentmentTaken { legs, .. }
        | IssuerRecord::SuspenseOpened { legs, .. }
        | IssuerRecord::SuspenseClosed { legs, .. } => legs,
        IssuerRecord::HoldExpired { .. }
        | IssuerRecord::ReturnBuilt { .. }
        | IssuerRecord::FileDelivered { .. }
        | IssuerRecord::Opened { .. }
        | IssuerRecord::CutOver { .. } => &[],
    };
    legs.iter().filter(|leg| leg.account == Account::Suspense).map(|leg| leg.minor).sum()
}

/// What a merchant wrote down: `500.00, card 622424******0018, voucher 000002`.
pub(super) fn slip_words(slip: &ClaimSlip) -> String {
    let voucher = slip.voucher.map(|stan| format!("voucher {stan:06}"));
    let voucher = voucher.unwrap_or_else(|| slip.at.to_string());
    format!("{}, card {}, {voucher}", slip.amount, slip.pan)
}
