//! What the extract of a date tells of sales, voids, completions and refunds.

use super::advice::{refund, sold};
use super::claims::{extract, give_back, with_clearing};
use super::follow::about;
use super::*;
use crate::device::{Device, Outcome};
use crate::record::{EntryKind, Kind};

/// A request of this kind about the voucher before it, approved.
fn done(bench: &mut Bench, message: &Message) {
    bench.tell(TERMINAL, message);
    let upstream = bench.heard_one(ISSUER);
    bench.tell(ISSUER, &answer(&upstream, ResponseCode::APPROVED));
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
}

/// What the terminal is told of a refund.
fn told(bench: &mut Bench, message: &Message) -> String {
    bench.tell(TERMINAL, message);
    bench.code(TERMINAL).to_string()
}

/// The issuer answers the advice that it hears.
fn issuer_takes_it(bench: &mut Bench) {
    let advice = bench.heard_one(ISSUER);
    bench.tell(ISSUER, &answer(&advice, ResponseCode::APPROVED));
}

#[test]
fn no_file_tells_of_what_was_voided() {
    for (defect, told) in [(None, 0), (Some(Defect::B21), 1)] {
        let mut bench = Bench::new(with_clearing(defect));
        bench.sell(7);
        done(&mut bench, &about(Kind::Void, 8, 7, 1_000));
        assert_eq!(extract(&mut bench, 1).len(), told, "{defect:?}");
    }
}

#[test]
fn a_date_waits_for_a_void_in_flight() {
    let mut bench = Bench::new(with_clearing(None));
    bench.sell(7);
    let void = bench.forwarded(&about(Kind::Void, 8, 7, 1_000));
    let date = Date::from_days(DAY.days() + 1);
    bench.handle(Event::Commanded(Command::CutOver { date, window: Duration::ZERO }));
    assert_eq!(bench.count("extract-closed"), 0);
    bench.tell(ISSUER, &answer(&void, ResponseCode::APPROVED));
    bench.wait(Duration::ZERO);
    assert_eq!(bench.count("extract-closed"), 1);
}

#[test]
fn a_sale_whose_void_is_reversed_after_its_date_is_presented_under_a_later_one() {
    let mut bench = Bench::new(with_clearing(None));
    bench.sell(7);
    let void = about(Kind::Void, 8, 7, 1_000);
    done(&mut bench, &void);
    assert_eq!(extract(&mut bench, 1), []);
    bench.restart();
    bench.link_up(TERMINAL);
    bench.tell(TERMINAL, &reversal(&void));
    assert_eq!(extract(&mut bench, 2), [EntryKind::Presentment]);
    assert_eq!(extract(&mut bench, 3), []);
}

#[test]
fn a_completion_is_presented_and_what_it_completes_is_not() {
    let mut bench = Bench::new(with_clearing(None));
    done(&mut bench, &about(Kind::PreAuth, 7, 0, 1_000));
    done(&mut bench, &about(Kind::Completion, 8, 7, 700));
    assert_eq!(extract(&mut bench, 1), [EntryKind::Presentment]);
}

#[test]
fn a_refund_is_presented_when_its_advice_was_taken_or_given_up_and_not_before() {
    let mut bench = Bench::new(with_clearing(None));
    let rrn = sold(&mut bench, 7);
    assert_eq!(told(&mut bench, &refund(8, rrn, 400)), "00");
    assert_eq!(extract(&mut bench, 1), [EntryKind::Presentment]);
    issuer_takes_it(&mut bench);
    assert_eq!(extract(&mut bench, 2), [EntryKind::Refund]);
    assert_eq!(extract(&mut bench, 3), []);
    let mut bench = Bench::new(with_clearing(None));
    let rrn = sold(&mut bench, 7);
    told(&mut bench, &refund(8, rrn, 400));
    bench.wait(RETRY.times(20));
    assert_eq!(bench.count("exception-opened"), 1);
    assert_eq!(extract(&mut bench, 1), [EntryKind::Presentment, EntryKind::Refund]);
}

#[test]
fn b22_thinks_of_what_takes_money_alone() {
    let mut bench = Bench::new(with_clearing(Some(Defect::B22)));
    let rrn = sold(&mut bench, 7);
    told(&mut bench, &refund(8, rrn, 400));
    issuer_takes_it(&mut bench);
    assert_eq!(extract(&mut bench, 1), [EntryKind::Presentment]);
}

#[test]
fn money_goes_back_by_a_refund_or_for_want_of_a_slip_and_never_both() {
    let mut bench = Bench::new(with_clearing(None));
    let rrn = sold(&mut bench, 7);
    assert_eq!(extract(&mut bench, 1), [EntryKind::Presentment]);
    give_back(&mut bench, 1, EntryKind::Retrieval);
    assert_eq!(told(&mut bench, &refund(8, rrn, 400)), "22", "its slip is being looked for");
    bench.handle(Event::Told { device: Device::Desk, outcome: Outcome::SlipMissing });
    assert_eq!(told(&mut bench, &refund(9, rrn, 400)), "22", "there is none");
    assert_eq!(extract(&mut bench, 2), [EntryKind::Adjustment]);

    let mut bench = Bench::new(with_clearing(None));
    let rrn = sold(&mut bench, 7);
    assert_eq!(extract(&mut bench, 1), [EntryKind::Presentment]);
    assert_eq!(told(&mut bench, &refund(8, rrn, 400)), "00");
    issuer_takes_it(&mut bench);
    give_back(&mut bench, 1, EntryKind::Retrieval);
    assert_eq!(bench.notes.pop(), None, "nobody looks for the slip of what was refunded");
    assert_eq!(extract(&mut bench, 2), [EntryKind::Refund]);
}
