//! What else is told as done: completions, tips, sales authorised by telephone.

use super::bench::*;
use crate::iso8583::{Element, Mti};
use crate::node::Command;
use crate::record::Kind;
use crate::time::Duration;

const HELD: Sale = Sale { kind: Kind::PreAuth, minor: 80_000, ..SALE };
const DONE: Sale = Sale {
    kind: Kind::CompletionAdvice,
    original: Some((Kind::PreAuth, HELD.stan)),
    stan: 8,
    minor: 50_000,
    pin: None,
    ..HELD
};
const TIP: Sale = Sale {
    kind: Kind::Tip,
    original: Some((Kind::Sale, SALE.stan)),
    stan: 9,
    minor: 100,
    pin: None,
    ..SALE
};

/// What is left to spend, by the answer to an inquiry under this STAN.
fn left(bench: &mut Bench, stan: u32) -> String {
    let answer = bench.ask(&Sale { stan, ..SALE }.inquiry());
    answer.text(Element::ADDITIONAL_AMOUNTS).expect("a balance").to_owned()
}

#[test]
fn a_completion_that_is_told_takes_its_part_and_lets_the_rest_go() {
    let mut bench = Bench::new();
    bench.ask(&HELD.message());
    let before = left(&mut bench, 20);
    assert_eq!((bench.code(&DONE.message()), bench.holds(GOOD)), ("00".into(), 50_000));
    assert_eq!(bench.code(&repeat(DONE.message())), "00", "told again");
    assert_eq!(bench.holds(GOOD), 50_000);
    let after = left(&mut bench, 21);
    assert!(before.ends_with("020000") && after.ends_with("050000"), "{before} {after}");
    assert_eq!(bench.code(&Sale { stan: 10, ..DONE }.message()), "22", "it is used up");
}

#[test]
fn a_completion_that_is_told_is_booked_also_when_the_hold_is_over() {
    let mut bench = Bench::with(super::Config { hold_days: 1, ..config() });
    bench.ask(&HELD.message());
    bench.command(Command::CutOver { date: TODAY.next(), window: Duration::ZERO });
    assert_eq!(bench.count("hold-expired"), 1);
    let asked = Sale { kind: Kind::Completion, stan: 11, ..DONE };
    assert_eq!((bench.code(&asked.message()), bench.holds(GOOD)), ("22".into(), 100_000));
    assert_eq!((bench.code(&DONE.message()), bench.holds(GOOD)), ("00".into(), 50_000));
}

#[test]
fn a_completion_that_is_told_must_be_about_money_that_was_held() {
    let mut bench = Bench::new();
    assert_eq!(bench.code(&DONE.message()), "25");
    bench.ask(&HELD.message());
    assert_eq!(bench.code(&Sale { stan: 9, minor: 80_001, ..DONE }.message()), "64");
    bench.ask(&HELD.followed(Kind::PreAuthVoid, 10).message());
    assert_eq!(bench.code(&Sale { stan: 11, ..DONE }.message()), "22");
    assert_eq!(bench.holds(GOOD), 100_000);
}

#[test]
fn tips_stand_beside_their_sale_and_keep_it_from_being_voided() {
    let mut bench = Bench::new();
    bench.ask(&SALE.message());
    assert_eq!((bench.code(&TIP.message()), bench.holds(GOOD)), ("00".into(), 98_900));
    let second = Sale { stan: 10, ..TIP };
    assert_eq!((bench.code(&second.message()), bench.holds(GOOD)), ("00".into(), 98_800));
    assert_eq!(bench.code(&SALE.followed(Kind::Void, 11).message()), "22");
    let other = Sale { stan: 12, pan: OTHER, ..TIP };
    assert_eq!((bench.code(&other.message()), bench.holds(GOOD)), ("12".into(), 98_800));
}

#[test]
fn a_sale_that_was_voided_gets_no_tip() {
    let mut bench = Bench::new();
    bench.ask(&SALE.message());
    bench.ask(&SALE.followed(Kind::Void, 8).message());
    assert_eq!((bench.code(&TIP.message()), bench.holds(GOOD)), ("22".into(), 100_000));
}

#[test]
fn what_was_authorised_by_telephone_is_booked_whatever_there_is() {
    let mut bench = Bench::new();
    let dear = Sale { kind: Kind::OfflineSale, minor: 150_000, pin: None, ..SALE };
    let message = dear.message().with(Element::AUTHORIZATION_CODE, "T00001");
    assert_eq!(message.mti(), Mti::FINANCIAL_ADVICE);
    assert_eq!((bench.code(&message), bench.holds(GOOD)), ("00".into(), -50_000));
}
