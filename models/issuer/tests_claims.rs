//! Claims and slips at an issuer: paid once, out of wherever the money lies, or charged back.

use super::bench::*;
use super::{ClearingTerms, Config};
use crate::card::{Amount, Pan};
use crate::defect::{Defect, Defects};
use crate::filing::{self, FileText, Outbox};
use crate::iso8583::Element;
use crate::line::Zone;
use crate::node::{Command, Event, Link, Port, Ticket};
use crate::record::{
    EntryKind, FileEntry, FileId, FileKind, IssuerRecord, NetworkKey, TakenAs, Unpaid,
};
use crate::time::{Date, Duration, LocalTime, Now};

const CLEARING: Port = Port(8);
const RETURNS: Port = Port(9);
const LINE: Link = Link(1_000);
const OWN: u64 = 1_020_000;

/// An issuer with a clearing house, which is connected.
pub(super) fn bench() -> Bench {
    bench_with(None)
}

/// The same, with a defect.
pub(super) fn bench_with(defect: Option<Defect>) -> Bench {
    let terms = ClearingTerms {
        port: CLEARING,
        institution: 1,
        returns: RETURNS,
        suspense_dates: 2,
        retry: Duration::secs(10),
        records_per_part: 32,
    };
    let lines: Vec<(Port, Zone)> = vec![(PORT, zone()), (CLEARING, zone())];
    let defects = defect.map_or(Defects::NONE, |defect| Defects::NONE.with(defect));
    Bench::with(Config { lines, clearing: Some(terms), defects, ..config() })
}

pub(super) fn entry(sale: Sale, kind: EntryKind) -> FileEntry {
    let key = NetworkKey {
        transmission: 331_120_000,
        stan: sale.stan,
        acquirer: 85_500,
        forwarder: 85_500,
    };
    let message = sale.message();
    let fixed = |element| message.get(element).expect("it has it").to_vec();
    FileEntry {
        kind,
        key,
        rrn: fixed(Element::RRN).try_into().expect("twelve characters"),
        terminal: fixed(Element::TERMINAL).try_into().expect("eight characters"),
        merchant: fixed(Element::MERCHANT).try_into().expect("fifteen characters"),
        pan: Pan::new(sale.pan.as_bytes()).expect("a test's card is one"),
        minor: sale.minor,
        business_date: TODAY,
        is_promised: false,
    }
}

/// The clearing house's n-th file, with these entries.
pub(super) fn present(bench: &mut Bench, day: u8, entries: &[FileEntry]) {
    let date = Date::from_days(TODAY.days() + i64::from(day));
    let sequence = u32::from(day) + 1;
    let id = FileId { kind: FileKind::Presentment, sender: 1, receiver: OWN, date, sequence };
    let text = FileText { id, currency: bench.config.currency, entries: entries.to_vec() };
    let mut outbox = Outbox::new(32);
    outbox.push(id, filing::write(&text));
    let now = Now { instant: bench.now, local: LocalTime::new(TODAY, 0) };
    let part = outbox.message(now, 1).expect("it waits");
    let frame = bench.seal(&part);
    bench.event(Event::LinkUp { port: CLEARING, link: LINE });
    bench.event(Event::Received { link: LINE, bytes: &frame });
    bench.event(Event::LinkDown { link: LINE, reason: crate::node::LinkDownReason::Closed });
}

/// How the last file's only entry was taken.
pub(super) fn taken(bench: &Bench) -> TakenAs {
    let files = bench.issuer_records().filter_map(|record| match record {
        IssuerRecord::PresentmentTaken { entries, .. } => entries.last(),
        _ => None,
    });
    files.last().expect("a file was taken").end
}

/// What was returned, file by file.
fn returned(bench: &Bench) -> Vec<Vec<EntryKind>> {
    let files = bench.issuer_records().filter_map(|record| match record {
        IssuerRecord::ReturnBuilt { entries, .. } => Some(entries.iter().map(|e| e.kind).collect()),
        _ => None,
    });
    files.collect()
}

const LEFT: i64 = FUNDS as i64 - SALE.minor as i64;

#[test]
fn a_claim_on_a_reversed_sale_is_debited_once_more_and_told_and_a_second_one_charged_back() {
    let mut bench = bench();
    bench.ask(&SALE.message());
    bench.ask(&SALE.reversal());
    assert_eq!(bench.holds(GOOD), FUNDS as i64);
    present(&mut bench, 0, &[entry(SALE, EntryKind::Claim)]);
    assert_eq!((taken(&bench), bench.holds(GOOD)), (TakenAs::Debited, LEFT));
    assert!(!bench.texts.last().expect("a text").is_credit);
    present(&mut bench, 1, &[entry(SALE, EntryKind::Claim)]);
    assert_eq!(taken(&bench), TakenAs::Refused(Unpaid::Paid));
    assert_eq!((bench.holds(GOOD), returned(&bench)), (LEFT, vec![vec![EntryKind::Chargeback]]));
    assert_eq!(bench.asked, [RETURNS]);
}

#[test]
fn a_claim_on_a_parked_debit_is_paid_out_of_suspense_and_debits_nobody() {
    let mut bench = bench();
    bench.ask(&SALE.message());
    present(&mut bench, 0, &[]);
    assert_eq!(bench.count("suspense-opened"), 1);
    present(&mut bench, 1, &[entry(SALE, EntryKind::Claim)]);
    assert_eq!((taken(&bench), bench.holds(GOOD)), (TakenAs::Booked, LEFT));
    for day in 2..6 {
        present(&mut bench, day, &[]);
    }
    assert_eq!((bench.count("suspense-closed"), bench.holds(GOOD)), (1, LEFT));
}

#[test]
fn a_claim_on_what_was_returned_is_debited_again() {
    let mut bench = bench();
    bench.ask(&SALE.message());
    for day in 0..4 {
        present(&mut bench, day, &[]);
    }
    assert_eq!(bench.holds(GOOD), FUNDS as i64, "it left suspense");
    present(&mut bench, 4, &[entry(SALE, EntryKind::Claim)]);
    assert_eq!((taken(&bench), bench.holds(GOOD)), (TakenAs::Debited, LEFT));
}

#[test]
fn a_claim_that_follows_its_adjustment_in_one_file_is_paid() {
    let mut bench = bench();
    bench.ask(&SALE.message());
    present(&mut bench, 0, &[entry(SALE, EntryKind::Presentment)]);
    let both = [EntryKind::Adjustment, EntryKind::Claim].map(|kind| entry(SALE, kind));
    present(&mut bench, 1, &both);
    assert_eq!((taken(&bench), bench.holds(GOOD)), (TakenAs::Booked, LEFT));
    assert_eq!(bench.count("suspense-opened"), 0);
}

#[test]
fn what_was_never_approved_for_less_or_beyond_the_card_s_money_is_not_paid() {
    let mut bench = bench();
    present(&mut bench, 0, &[entry(SALE, EntryKind::Claim)]);
    assert_eq!(taken(&bench), TakenAs::Refused(Unpaid::Unknown));
    bench.ask(&SALE.message());
    bench.ask(&SALE.reversal());
    let more = Sale { minor: SALE.minor + 1, ..SALE };
    present(&mut bench, 1, &[entry(more, EntryKind::Claim)]);
    assert_eq!(taken(&bench), TakenAs::Refused(Unpaid::TooMuch));
    bench.ask(&Sale { stan: 8, minor: FUNDS - 1, ..SALE }.message());
    present(&mut bench, 2, &[entry(SALE, EntryKind::Claim)]);
    assert_eq!(taken(&bench), TakenAs::Refused(Unpaid::Funds));
    assert_eq!(bench.holds(GOOD), 1);
    assert_eq!(returned(&bench).len(), 3);
}

#[test]
fn what_a_claim_was_refused_for_is_returned_once_wherever_power_fails() {
    for record in ["presentment-taken", "return-built"] {
        let mut bench = bench();
        bench.cut_after = Some(record);
        present(&mut bench, 0, &[entry(SALE, EntryKind::Claim)]);
        present(&mut bench, 0, &[entry(SALE, EntryKind::Claim)]);
        assert_eq!(returned(&bench), [[EntryKind::Chargeback]], "after {record}");
    }
}

#[test]
fn a_claim_is_final_and_a_late_reversal_of_it_moves_nothing() {
    let mut bench = bench();
    bench.ask(&SALE.message());
    present(&mut bench, 0, &[entry(SALE, EntryKind::Claim)]);
    assert_eq!(bench.code(&SALE.reversal()), "12");
    assert_eq!(bench.holds(GOOD), LEFT);
}

#[test]
fn the_slip_of_what_is_paid_is_asked_for_once_and_of_nothing_else() {
    let mut bench = bench();
    let other = Sale { stan: 8, minor: 2_000, ..SALE };
    let lost = Sale { stan: 9, ..SALE };
    for sale in [SALE, other, lost] {
        bench.ask(&sale.message());
    }
    present(&mut bench, 0, &[SALE, other].map(|sale| entry(sale, EntryKind::Presentment)));
    let complain = |bench: &mut Bench| {
        let pan = Pan::new(GOOD.as_bytes()).expect("a test's card is one");
        let (ticket, amount) = (Ticket(5), Amount::cny(SALE.minor));
        bench.command(Command::Retrieve { ticket, pan, amount });
    };
    complain(&mut bench);
    assert_eq!(returned(&bench), [[EntryKind::Retrieval]]);
    complain(&mut bench);
    bench.restart();
    complain(&mut bench);
    assert_eq!(returned(&bench).len(), 1, "a second time there is nothing to ask");
}
