//! Each planted defect of the issuer under the schedule that exposes it, beside the healthy issuer
//! under the same schedule.

use super::Config;
use super::bench::*;
use crate::defect::{Defect, Defects};
use crate::iso8583::Element;
use crate::node::Node;
use crate::record::IssuerRecord;

fn healthy_and(defect: Defect) -> [Bench; 2] {
    [Bench::new(), Bench::with_defect(defect)]
}

#[test]
fn i01_without_a_tombstone_a_request_behind_its_reversal_debits() {
    let outcomes = healthy_and(Defect::I01).map(|mut bench| {
        let reversal = bench.code(&SALE.reversal());
        let request = bench.code(&SALE.message());
        (reversal, request, bench.holds(GOOD), bench.count("reversed"))
    });
    let [healthy, defective] = outcomes;
    assert_eq!(healthy, ("25".into(), "94".into(), 100_000, 1));
    assert_eq!(defective, ("25".into(), "00".into(), 99_000, 0));
}

#[test]
fn i03_every_copy_of_a_reversal_credits() {
    let [healthy, defective] = healthy_and(Defect::I03).map(|mut bench| {
        bench.ask(&SALE.message());
        bench.ask(&SALE.reversal());
        bench.ask(&repeat(SALE.reversal()));
        bench.restart();
        bench.ask(&repeat(SALE.reversal()));
        (bench.holds(GOOD), bench.texts.len())
    });
    assert_eq!((healthy, defective), ((100_000, 2), (102_000, 4)));
}

#[test]
fn i04_a_partial_approval_is_given_back_at_the_requested_amount() {
    let [healthy, defective] = [Defects::NONE, Defects::NONE.with(Defect::I04)].map(|defects| {
        let mut bench = Bench::with(Config { partial_approvals: true, defects, ..config() });
        let sale = Sale { minor: 150_000, ..SALE };
        assert_eq!(bench.code(&sale.message()), "10");
        assert_eq!(bench.code(&sale.reversal()), "00");
        bench.holds(GOOD)
    });
    assert_eq!((healthy, defective), (100_000, 150_000));
}

#[test]
fn i07_power_lost_between_debit_and_memory_debits_the_copy_again() {
    let [healthy, defective] = healthy_and(Defect::I07).map(|mut bench| {
        bench.cut_after = Some("decided");
        bench.send(&SALE.message());
        assert_eq!(bench.answer(), None, "power went before the answer");
        assert_eq!(bench.code(&repeat(SALE.message())), "00");
        (bench.holds(GOOD), bench.count("decided"))
    });
    assert_eq!((healthy, defective), ((99_000, 1), (98_000, 2)));
}

#[test]
fn i07_power_lost_between_debit_and_memory_leaves_nothing_to_reverse() {
    let [healthy, defective] = healthy_and(Defect::I07).map(|mut bench| {
        bench.cut_after = Some("decided");
        bench.send(&SALE.message());
        (bench.code(&SALE.reversal()), bench.holds(GOOD))
    });
    assert_eq!((healthy, defective), (("00".into(), 100_000), ("25".into(), 99_000)));
}

#[test]
fn i07_does_no_harm_while_the_power_stays_on_or_goes_elsewhere() {
    let mut bench = Bench::with_defect(Defect::I07);
    bench.ask(&SALE.message());
    bench.restart();
    bench.ask(&repeat(SALE.message()));
    assert_eq!((bench.holds(GOOD), bench.count("decided")), (99_000, 1));
    assert_eq!(bench.code(&SALE.reversal()), "00");
    assert_eq!(bench.holds(GOOD), 100_000);
}

#[test]
fn i09_a_repeat_of_another_business_date_credits_again() {
    let [healthy, defective] = healthy_and(Defect::I09).map(|mut bench| {
        bench.ask(&SALE.message());
        bench.ask(&SALE.reversal());
        bench.ask(&repeat(SALE.reversal()));
        let same_date = bench.holds(GOOD);
        let next_date = repeat(SALE.reversal()).with(Element::SETTLEMENT_DATE, "0401");
        bench.ask(&next_date);
        (same_date, bench.holds(GOOD))
    });
    assert_eq!((healthy, defective), ((100_000, 100_000), (100_000, 101_000)));
}

#[test]
fn i10_a_reversal_during_the_commit_of_its_original_finds_nothing() {
    let [healthy, defective] = healthy_and(Defect::I10).map(|mut bench| {
        bench.is_slow = true;
        bench.send(&SALE.message());
        bench.send(&SALE.reversal());
        bench.commit();
        bench.commit();
        let _approval = bench.answer();
        let code = bench.answer().unwrap().text(Element::RESPONSE_CODE).unwrap().to_owned();
        bench.is_slow = false;
        (code, bench.code(&repeat(SALE.reversal())), bench.holds(GOOD))
    });
    assert_eq!(healthy, ("00".into(), "00".into(), 100_000));
    assert_eq!(defective, ("25".into(), "25".into(), 99_000));
}

#[test]
fn i10_does_no_harm_once_the_original_is_durable() {
    let mut bench = Bench::with_defect(Defect::I10);
    bench.ask(&SALE.message());
    assert_eq!((bench.code(&SALE.reversal()), bench.holds(GOOD)), ("00".into(), 100_000));
}

#[test]
fn i18_a_copy_gets_another_authorization_code() {
    let [healthy, defective] = healthy_and(Defect::I18).map(|mut bench| {
        let first = bench.ask(&SALE.message());
        bench.ask(&repeat(SALE.message())) == first
    });
    assert_eq!((healthy, defective), (true, false));
}

#[test]
fn i20_two_sales_at_once_spend_the_same_money() {
    let [healthy, defective] = healthy_and(Defect::I20).map(|mut bench| {
        bench.is_slow = true;
        bench.send(&Sale { stan: 1, minor: 60_000, ..SALE }.message());
        bench.send(&Sale { stan: 2, minor: 60_000, ..SALE }.message());
        bench.commit();
        bench.commit();
        bench.is_slow = false;
        let third = bench.code_after_all(&Sale { stan: 3, minor: 60_000, ..SALE }.message());
        (bench.holds(GOOD), third)
    });
    assert_eq!(healthy, (40_000, "51".into()));
    assert_eq!(defective, (-20_000, "51".into()));
}

#[test]
fn i23_a_copy_of_a_wrong_pin_counts_again() {
    let [healthy, defective] = healthy_and(Defect::I23).map(|mut bench| {
        let wrong = Sale { pin: Some("9999"), ..SALE }.message();
        bench.ask(&wrong);
        bench.ask(&repeat(wrong.clone()));
        bench.ask(&repeat(wrong));
        let code = bench.code(&Sale { stan: 8, ..SALE }.message());
        let tries = bench.issuer_records().filter_map(|record| match record {
            IssuerRecord::Decided { pin_tries, .. } => Some(*pin_tries),
            _ => None,
        });
        (code, tries.collect::<Vec<_>>())
    });
    assert_eq!(healthy, ("00".into(), vec![1, 0]));
    assert_eq!(defective, ("75".into(), vec![1, 3]));
}

#[test]
fn z01_a_frame_that_does_not_decode_is_logged_with_the_card_number() {
    let [healthy, defective] = healthy_and(Defect::Z01).map(|mut bench| {
        let mut bytes = bench.seal(&SALE.message());
        // The first digit of the processing code, behind length, type, bitmaps and card number.
        bytes[4 + 4 + 16 + 2 + 16] = b'x';
        bench.receive(&bytes);
        bench.logs.iter().any(|words| words.contains(GOOD))
    });
    assert_eq!((healthy, defective), (false, true));
}

#[test]
fn z04_half_a_frame_holds_the_line_for_ever() {
    let [healthy, defective] = healthy_and(Defect::Z04).map(|mut bench| {
        bench.receive(b"9999");
        bench.issuer.deadline().is_some()
    });
    assert_eq!((healthy, defective), (true, false));
}
