//! What else is told as done (0220): completions, tips, sales authorised by telephone.

use super::advice::{refund, sold};
use super::claims::{extract, with_clearing};
use super::follow::about;
use super::*;
use crate::iso8583::{OriginalData90, OriginalPos61};
use crate::record::{EntryKind, Kind};

fn told(bench: &mut Bench, message: &Message) -> String {
    bench.tell(TERMINAL, message);
    bench.code(TERMINAL).to_string()
}

/// A pre-authorisation of 10.00 that the issuer approved.
fn held(bench: &mut Bench, stan: u32) {
    let mut message = sale(stan)
        .with(Element::PROCESSING_CODE, Kind::PreAuth.processing())
        .with(Element::CONDITION_CODE, Kind::PreAuth.condition());
    message.set_mti(Kind::PreAuth.request());
    bench.tell(TERMINAL, &message);
    let upstream = bench.heard_one(ISSUER);
    bench.tell(ISSUER, &answer(&upstream, ResponseCode::APPROVED));
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
}

fn completion(stan: u32, minor: u64) -> Message {
    about(Kind::CompletionAdvice, stan, 7, minor).with(Element::PRIVATE_60, "2400000100060")
}

fn tip(stan: u32, minor: u64) -> Message {
    about(Kind::Tip, stan, 7, minor).with(Element::PRIVATE_60, "3400000100060")
}

fn by_telephone(stan: u32) -> Message {
    let mut message = sale(stan)
        .with(Element::AUTHORIZATION_CODE, "T00007")
        .with(Element::PRIVATE_60, "3000000100060")
        .with(Element::PRIVATE_61, OriginalPos61::BY_TELEPHONE);
    message.set_mti(Kind::OfflineSale.request());
    message
}

#[test]
fn a_completion_that_is_told_is_answered_at_once_and_told_to_the_issuer_until_it_is_taken() {
    let mut bench = Bench::new(config());
    held(&mut bench, 7);
    assert_eq!(told(&mut bench, &completion(8, 700)), "00");
    let first = bench.heard_one(ISSUER);
    assert_eq!(first.mti(), Mti::FINANCIAL_ADVICE);
    let elements = [Element::PROCESSING_CODE, Element::CONDITION_CODE];
    assert_eq!(elements.map(|element| first.text(element)), [Some("000000"), Some("06")]);
    let is_named = |of: OriginalData90| of.mti == Mti::AUTHORIZATION_REQUEST;
    assert!(OriginalData90::of(&first).is_some_and(is_named));
    bench.wait(RETRY);
    assert_eq!(bench.heard_one(ISSUER).mti(), Mti::FINANCIAL_ADVICE_REPEAT);
    bench.tell(ISSUER, &answer(&first, ResponseCode::APPROVED));
    bench.wait(RETRY.times(3));
    assert_eq!((bench.heard(ISSUER).len(), bench.count("advice-completed")), (0, 1));
}

#[test]
fn a_completion_that_is_told_must_be_about_money_that_is_held_and_not_used_up() {
    let mut bench = Bench::new(config());
    assert_eq!(told(&mut bench, &completion(6, 700)), "25");
    held(&mut bench, 7);
    assert_eq!(told(&mut bench, &completion(8, 1_001)), "64");
    assert_eq!(told(&mut bench, &completion(9, 700)), "00");
    assert_eq!(told(&mut bench, &completion(10, 100)), "22");
    let asked = about(Kind::Completion, 11, 7, 100);
    assert_eq!(told(&mut bench, &asked), "22", "asking for it is no better");
}

#[test]
fn nothing_is_told_about_money_that_a_completion_given_up_may_have_used_up() {
    let mut bench = Bench::new(config());
    held(&mut bench, 7);
    bench.forwarded(&about(Kind::Completion, 8, 7, 700));
    assert_eq!(told(&mut bench, &completion(9, 700)), "22");
}

#[test]
fn tips_stay_within_their_share_of_the_sale_and_go_up_as_its_adjustment() {
    let mut bench = Bench::new(config());
    bench.sell(7);
    let cases = [(8, 0, "13"), (9, 201, "61"), (10, 150, "00"), (11, 51, "61"), (12, 50, "00")];
    for (stan, minor, code) in cases {
        assert_eq!(told(&mut bench, &tip(stan, minor)), code, "{minor}");
    }
    let first = bench.heard(ISSUER).remove(0);
    assert_eq!(first.mti(), Mti::FINANCIAL_ADVICE);
    assert_eq!(first.text(Element::PROCESSING_CODE), Some("020000"));
    assert_eq!(first.number(Element::AMOUNT), Some(150));
}

#[test]
fn a_sale_with_a_tip_is_not_voided_and_one_that_is_refunded_gets_no_tip() {
    let mut bench = Bench::new(config());
    bench.sell(7);
    assert_eq!(told(&mut bench, &tip(8, 100)), "00");
    assert_eq!(told(&mut bench, &about(Kind::Void, 9, 7, 1_000)), "22");
    let mut bench = Bench::new(config());
    let rrn = sold(&mut bench, 7);
    assert_eq!(told(&mut bench, &refund(8, rrn, 400)), "00");
    assert_eq!(told(&mut bench, &tip(9, 100)), "22");
}

#[test]
fn what_was_authorised_by_telephone_goes_up_with_its_code() {
    let mut bench = Bench::new(config());
    assert_eq!(told(&mut bench, &by_telephone(7)), "00");
    let first = bench.heard_one(ISSUER);
    let elements = [Element::PROCESSING_CODE, Element::AUTHORIZATION_CODE];
    assert_eq!(elements.map(|element| first.text(element)), [Some("000000"), Some("T00007")]);
    bench.restart();
    bench.link_up(ISSUER);
    assert_eq!(bench.heard_one(ISSUER).text(Element::AUTHORIZATION_CODE), Some("T00007"));
}

#[test]
fn what_is_promised_is_presented_when_its_advice_is_taken_and_says_so() {
    let mut bench = Bench::new(with_clearing(None));
    held(&mut bench, 7);
    assert_eq!(told(&mut bench, &completion(8, 700)), "00");
    assert_eq!(extract(&mut bench, 1), [], "its issuer has not heard of it");
    let advice = bench.heard_one(ISSUER);
    bench.tell(ISSUER, &answer(&advice, ResponseCode::APPROVED));
    assert_eq!(extract(&mut bench, 2), [EntryKind::Presentment]);
    let mut records = bench.journal.iter().filter_map(|record| match record {
        Record::Switch(SwitchRecord::ExtractClosed { entries, .. }) => entries.first(),
        _ => None,
    });
    let presented = records.next_back().expect("an entry").entry;
    assert_eq!((presented.minor, presented.is_promised), (700, true));
}
