//! Payments by code at the issuer: whose they are, that a code is good once, what is told of them.

use super::Config;
use super::bench::*;
use crate::defect::{Defect, Defects};
use crate::iso8583::Element;
use crate::record::Kind;

const CODE: &str = "6224310010000000028";
const NEXT_CODE: &str = "6224310010000000036";

const PAYMENT: Sale = Sale { pan: CODE, pin: None, ..SALE };

/// An issuer whose first cardholder has a wallet.
fn bench(defects: Defects) -> Bench {
    let mut config = Config { defects, ..config() };
    config.accounts[0].codes = Some("622431001".into());
    Bench::with(config)
}

#[test]
fn a_payment_code_takes_money_of_its_holder_and_is_good_for_one_order() {
    let mut bench = bench(Defects::NONE);
    assert_eq!(bench.code(&PAYMENT.message()), "00");
    assert_eq!(bench.holds(GOOD), (FUNDS - 1_000) as i64);
    assert_eq!(bench.texts.len(), 1);
    assert_eq!(bench.code(&Sale { stan: 8, ..PAYMENT }.message()), "59", "another order");
    assert_eq!(bench.code(&Sale { stan: 9, pan: NEXT_CODE, ..PAYMENT }.message()), "00");
    let stranger = Sale { stan: 10, pan: "6224310020000000018", ..PAYMENT };
    assert_eq!(bench.code(&stranger.message()), "14");
}

#[test]
fn a_card_that_is_locked_for_its_pin_does_not_lock_the_wallet() {
    let mut bench = bench(Defects::NONE);
    for stan in 20..24 {
        bench.ask(&Sale { stan, pin: Some("9999"), ..SALE }.message());
    }
    assert_eq!(bench.code(&Sale { stan: 30, ..SALE }.message()), "75");
    assert_eq!(bench.code(&PAYMENT.message()), "00");
    assert_eq!(bench.code(&Sale { stan: 31, ..SALE }.message()), "75", "nor does it unlock it");
}

#[test]
fn who_asks_is_told_what_was_decided_and_nothing_is_written_for_it() {
    let mut bench = bench(Defects::NONE);
    let question = PAYMENT.followed(Kind::OrderQuery, 50).message();
    assert_eq!(bench.code(&question), "25", "it may still come");
    let paid = bench.ask(&PAYMENT.message());
    let written = bench.journal.len();
    let told = bench.ask(&question);
    assert_eq!(told.text(Element::RESPONSE_CODE), Some("00"));
    assert_eq!(told.number(Element::AMOUNT), Some(1_000));
    assert_eq!(told.get(Element::AUTHORIZATION_CODE), paid.get(Element::AUTHORIZATION_CODE));
    assert_eq!(told.get(Element::ORIGINAL_DATA), question.get(Element::ORIGINAL_DATA));
    assert_eq!(bench.code(&PAYMENT.reversal()), "00");
    assert_eq!(bench.code(&question), "12", "it is closed");
    assert_eq!(bench.journal.len(), written + 1, "only the close");
    let too_much = Sale { stan: 11, pan: NEXT_CODE, minor: FUNDS + 1, ..PAYMENT };
    assert_eq!(bench.code(&too_much.message()), "51");
    assert_eq!(bench.code(&too_much.followed(Kind::OrderQuery, 51).message()), "51");
    let of_a_card = Sale { stan: 12, ..SALE };
    bench.ask(&of_a_card.message());
    assert_eq!(bench.code(&of_a_card.followed(Kind::OrderQuery, 52).message()), "12");
}

#[test]
fn nobody_is_told_of_a_payment_that_is_not_durable() {
    let mut bench = bench(Defects::NONE);
    bench.is_slow = true;
    bench.send(&PAYMENT.message());
    bench.send(&PAYMENT.followed(Kind::OrderQuery, 50).message());
    assert!(bench.answer().is_none());
    bench.commit();
    assert!(bench.answer().is_some() && bench.answer().is_some());
}

#[test]
fn an_order_that_was_closed_before_its_payment_came_is_paid_by_a_wrong_issuer_only() {
    for (defects, code, left) in
        [(Defects::NONE, "94", FUNDS), (Defects::NONE.with(Defect::I25), "00", FUNDS - 1_000)]
    {
        let mut bench = bench(defects);
        assert_eq!(bench.code(&PAYMENT.reversal()), "25");
        assert_eq!(bench.code(&PAYMENT.message()), code);
        assert_eq!(bench.holds(GOOD), left as i64);
    }
}
