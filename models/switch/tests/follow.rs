//! Voids, pre-authorisations and completions at the switch.

use super::*;
use crate::iso8583::{OriginalData90, OriginalPos61, Settlement48, Totals48};
use crate::record::Kind;
use crate::time::ZonedTime;

/// A request of this kind, about the voucher `of` of batch 1.
pub(super) fn about(kind: Kind, stan: u32, of: u32, minor: u64) -> Message {
    let mut message = sale(stan)
        .with(Element::PROCESSING_CODE, kind.processing())
        .with(Element::CONDITION_CODE, kind.condition())
        .with(Element::RRN, "000000000000")
        .with(Element::PRIVATE_61, OriginalPos61 { batch: 1, stan: of, date: None }.encode());
    message.set_mti(kind.request());
    message.set_number(Element::AMOUNT, minor, 12);
    message
}

/// What the terminal is told about a request that does not go upstream.
fn refused(bench: &mut Bench, message: &Message) -> String {
    bench.tell(TERMINAL, message);
    assert_eq!(bench.heard(ISSUER), []);
    bench.code(TERMINAL).to_string()
}

#[test]
fn a_void_goes_upstream_with_the_name_of_its_sale_on_that_line() {
    let mut bench = Bench::new(config());
    let sold = bench.forwarded(&sale(7));
    bench.tell(ISSUER, &answer(&sold, ResponseCode::APPROVED));
    bench.heard(TERMINAL);
    let void = bench.forwarded(&about(Kind::Void, 8, 7, 1000));
    assert_eq!(void.text(Element::PROCESSING_CODE), Some("200000"));
    assert!(OriginalData90::of(&void).is_some_and(|named| named.refers_to(&sold)));
    bench.tell(ISSUER, &answer(&void, ResponseCode::APPROVED));
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
}

#[test]
fn a_void_that_cannot_be_is_refused_without_asking_the_issuer() {
    let mut bench = Bench::new(config());
    bench.sell(7);
    let void = |stan, of, minor| about(Kind::Void, stan, of, minor);
    assert_eq!(refused(&mut bench, &void(8, 6, 1000)), "25");
    assert_eq!(refused(&mut bench, &void(9, 7, 999)), "64");
    let other_card = void(10, 7, 1000).with(Element::PAN, "6224242000000047");
    assert_eq!(refused(&mut bench, &other_card), "12");
    assert_eq!(refused(&mut bench, &about(Kind::CompletionVoid, 11, 7, 1000)), "12");
    let upstream = bench.forwarded(&void(12, 7, 1000));
    assert_eq!(refused(&mut bench, &void(13, 7, 1000)), "22", "one is on its way");
    bench.tell(ISSUER, &answer(&upstream, ResponseCode::APPROVED));
    bench.heard(TERMINAL);
    assert_eq!(refused(&mut bench, &void(14, 7, 1000)), "22");
}

#[test]
fn a_reversed_void_lets_its_sale_be_voided_again() {
    let mut bench = Bench::new(config());
    bench.sell(7);
    let void = about(Kind::Void, 8, 7, 1000);
    let upstream = bench.forwarded(&void);
    bench.tell(ISSUER, &answer(&upstream, ResponseCode::APPROVED));
    bench.heard(TERMINAL);
    bench.tell(TERMINAL, &reversal(&void));
    let advice = bench.heard_one(ISSUER);
    assert_eq!(advice.text(Element::PROCESSING_CODE), Some("200000"));
    assert!(OriginalData90::of(&advice).is_some_and(|named| named.refers_to(&upstream)));
    bench.heard(TERMINAL);
    bench.forwarded(&about(Kind::Void, 9, 7, 1000));
}

#[test]
fn the_reversal_of_a_void_must_name_the_voucher_by_the_date_that_the_void_gave() {
    let mut bench = Bench::new(config());
    bench.sell(7);
    let dated = |message: &Message, date| {
        let named = OriginalPos61 { batch: 1, stan: 7, date: Some(date) };
        message.clone().with(Element::PRIVATE_61, named.encode())
    };
    let void = dated(&about(Kind::Void, 8, 7, 1000), 530);
    bench.forwarded(&void);
    let undo = reversal(&void);
    assert_eq!(refused(&mut bench, &dated(&undo, 531)), "25", "it reverses nothing");
    bench.tell(TERMINAL, &dated(&undo, 530));
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
}

#[test]
fn a_sale_of_yesterday_is_not_voided() {
    let mut bench = Bench::new(config());
    bench.sell(7);
    let date = Date { day: 2, ..DAY };
    bench.handle(Event::Commanded(Command::CutOver { date, window: Duration::ZERO }));
    assert_eq!(refused(&mut bench, &about(Kind::Void, 8, 7, 1000)), "22");
}

#[test]
fn a_pre_authorisation_of_an_earlier_day_and_batch_is_completed() {
    let mut bench = Bench::new(config());
    let mut held = sale(7)
        .with(Element::PROCESSING_CODE, Kind::PreAuth.processing())
        .with(Element::CONDITION_CODE, Kind::PreAuth.condition());
    held.set_mti(Mti::AUTHORIZATION_REQUEST);
    bench.tell(TERMINAL, &held);
    let upstream = bench.heard_one(ISSUER);
    assert_eq!(upstream.mti(), Mti::AUTHORIZATION_REQUEST);
    bench.tell(ISSUER, &answer(&upstream, ResponseCode::APPROVED));
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
    let date = Date { day: 2, ..DAY };
    bench.handle(Event::Commanded(Command::CutOver { date, window: Duration::ZERO }));
    let completion = bench.forwarded(&about(Kind::Completion, 8, 7, 700));
    assert!(OriginalData90::of(&completion).is_some_and(|named| named.refers_to(&upstream)));
    assert_eq!(refused(&mut bench, &about(Kind::Completion, 9, 7, 300)), "22");
}

#[test]
fn a_pre_authorisation_says_until_when_it_holds_if_the_switch_is_told_to() {
    let mut held = sale(7)
        .with(Element::PROCESSING_CODE, Kind::PreAuth.processing())
        .with(Element::CONDITION_CODE, Kind::PreAuth.condition());
    held.set_mti(Mti::AUTHORIZATION_REQUEST);
    let said = [Duration::ZERO, Duration::secs(90)].map(|hold_for| {
        let mut bench = Bench::new(Config { hold_for, ..config() });
        let local = bench.now.local.plus(90_000_000);
        bench.tell(TERMINAL, &held);
        let upstream = bench.heard_one(ISSUER);
        let until = upstream.get(Element::VALIDITY).and_then(ZonedTime::parse);
        until.map(|until| (until.offset, until.local.hhmmss()) == (480, local.hhmmss()))
    });
    assert_eq!(said, [None, Some(true)]);
    let mut bench = Bench::new(Config { hold_for: Duration::secs(90), ..config() });
    assert!(!bench.forwarded(&sale(7)).has(Element::VALIDITY));
}

#[test]
fn a_void_counts_as_a_credit_in_its_batch() {
    let mut bench = Bench::new(config());
    bench.sell(7);
    let upstream = bench.forwarded(&about(Kind::Void, 8, 7, 1000));
    bench.tell(ISSUER, &answer(&upstream, ResponseCode::APPROVED));
    bench.heard(TERMINAL);
    let result = |credit_amount: u64, bench: &mut Bench, stan| {
        let credit_count = 1;
        let (debit_amount, debit_count) = (1000, 1);
        let domestic =
            Totals48 { debit_amount, debit_count, credit_amount, credit_count, result: 0 };
        let totals = Settlement48 { domestic, ..Settlement48::default() };
        let message = from_terminal(Mti::RECONCILIATION_REQUEST, TERMINAL, stan)
            .with(Element::PRIVATE_48, totals.encode())
            .with(Element::CURRENCY, "156")
            .with(Element::PRIVATE_60, "00000001201")
            .with(Element::PRIVATE_63, "01 ");
        bench.tell(TERMINAL, &message);
        let answer = bench.heard_one(TERMINAL);
        Settlement48::parse(answer.get(Element::PRIVATE_48).unwrap()).unwrap().domestic.result
    };
    assert_eq!((result(999, &mut bench, 9), result(1000, &mut bench, 10)), (2, 1));
}

#[test]
fn what_another_terminal_did_is_not_touched_from_here() {
    let mut bench = Bench::new(config());
    bench.sign_on(OTHER_TERMINAL);
    bench.tell(OTHER_TERMINAL, &sale_at(OTHER_TERMINAL, 7));
    let sold = bench.heard_one(ISSUER);
    bench.tell(ISSUER, &answer(&sold, ResponseCode::APPROVED));
    bench.heard(OTHER_TERMINAL);
    let void = |stan, code: &str| {
        about(Kind::Void, stan, 7, 1000).with(Element::AUTHORIZATION_CODE, code.as_bytes())
    };
    assert_eq!(refused(&mut bench, &void(8, "A12345")), "97");
    assert_eq!(refused(&mut bench, &void(9, "A12346")), "25", "it is of no voucher of the card");
}
