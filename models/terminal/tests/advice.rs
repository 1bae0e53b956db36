//! Refunds at the terminal: durable before they leave, told again until they are answered.

use super::*;
use crate::card::Voucher;
use crate::iso8583::{OriginalPos61, Settlement48};
use crate::record::Kind;

/// A sale of another batch, as its slip says.
const SOLD: Voucher = Voucher {
    batch: 3,
    stan: 9,
    date: 501,
    rrn: *b"160000000009",
    authorization: Some(*b"A12345"),
};

const BACK: Amount = Amount::cny(20_000);

fn refund(ticket: u32, password: [u8; 6]) -> Command {
    let (ticket, kind, original) = (Ticket(ticket), Kind::Refund, SOLD);
    Command::Follow { ticket, kind, amount: BACK, card: card(), original, password }
}

/// A refund with the host, and the answer it never gave.
fn refund_in_vain(counter: &mut Counter, ticket: u32) {
    counter.wish(refund(ticket, *b"123456"));
    counter.skip();
    counter.pass(TIMEOUT);
}

#[test]
fn a_refund_is_an_advice_that_names_its_sale_and_asks_for_no_pin() {
    let mut counter = Counter::with(|config| config.asks_for_pin = true);
    counter.wish(refund(1, *b"123456"));
    let told = counter.last().clone();
    assert_eq!(told.mti(), Mti::FINANCIAL_ADVICE);
    assert_eq!(told.text(Element::PROCESSING_CODE), Some("200000"));
    assert_eq!(told.text(Element::CONDITION_CODE), Some("00"));
    assert_eq!(told.text(Element::PRIVATE_60), Some("2500000700060"));
    assert_eq!(told.text(Element::RRN), Some("160000000009"));
    assert_eq!(told.text(Element::AUTHORIZATION_CODE), Some("A12345"));
    let named = OriginalPos61 { batch: 3, stan: 9, date: Some(501) };
    assert_eq!(OriginalPos61::of(&told), Some(named));
    assert!(!told.has(Element::PIN_BLOCK));
    counter.answer();
    assert_eq!(counter.displays(1), [Display::Processing, Display::Approved(BACK)]);
    let kind = Kind::Refund;
    let slip = Slip::Receipt { kind, stan: 2, batch: 7, amount: BACK, is_copy: false };
    assert_eq!(counter.slips(), [slip]);
    counter.wish(Command::Reprint { ticket: Ticket(2), voucher: Some(2) });
    assert_eq!(counter.display(2), Some(Display::Reprinted));
}

#[test]
fn a_refund_without_the_supervisor_leaves_nothing_behind() {
    let mut counter = Counter::signed_on();
    let sent = counter.sent.len();
    counter.wish(refund(1, *b"000000"));
    assert_eq!((counter.display(1), counter.sent.len()), (Some(Display::WrongPassword), sent));
}

#[test]
fn a_refund_counts_as_a_credit_and_is_uploaded_as_any_voucher() {
    let mut counter = Counter::signed_on();
    counter.wish(refund(1, *b"123456"));
    counter.answer();
    counter.settle(2);
    let told = counter.last().get(Element::PRIVATE_48).and_then(Settlement48::parse).unwrap();
    assert_eq!((told.domestic.credit_count, told.domestic.credit_amount), (1, BACK.minor));
    assert_eq!(told.domestic.debit_count, 0);
    let mut unbalanced = counter.answer_to(&counter.last().clone());
    unbalanced.set(Element::PRIVATE_48, totals(&counter.last().clone(), 2));
    counter.say(&unbalanced);
    let details = crate::iso8583::BatchDetails48::parse(
        counter.last().get(Element::PRIVATE_48).expect("details"),
    );
    let details = details.expect("they read").details;
    assert_eq!((details.len(), details[0].trace, details[0].amount), (1, 2, BACK.minor));
}

#[test]
fn an_unanswered_refund_is_told_again_under_its_number_before_the_next_wish_and_not_reversed() {
    let mut counter = Counter::signed_on();
    refund_in_vain(&mut counter, 1);
    assert_eq!(counter.display(1), Some(Display::WillTellAgain));
    counter.inquire(2);
    let again = counter.last().clone();
    assert_eq!((again.mti(), again.number(Element::STAN)), (Mti::FINANCIAL_ADVICE_REPEAT, Some(2)));
    assert_eq!(counter.tickets(Mti::FINANCIAL_ADVICE_REPEAT), [Ticket(1)]);
    assert!(!again.has(Element::TRACK_2), "nobody keeps a track");
    counter.answer();
    assert_eq!(counter.display(1), Some(Display::Approved(BACK)));
    assert_eq!(counter.display(2), Some(Display::Balance(Amount::cny(123_456))));
    assert_eq!(counter.stans(Mti::REVERSAL_REQUEST), []);
    let names = counter.records()[2..].to_vec();
    let expected =
        ["started", "advice-due", "advice-tried", "approved", "stan-taken", "slip-printed"];
    assert_eq!(names, expected);
}

#[test]
fn power_lost_with_a_refund_under_way_tells_it_again() {
    let mut counter = Counter::signed_on();
    counter.wish(refund(1, *b"123456"));
    counter.skip();
    counter.power_returns();
    assert_eq!(counter.display(1), Some(Display::WillTellAgain));
    counter.settle(2);
    assert_eq!(counter.last().mti(), Mti::FINANCIAL_ADVICE_REPEAT);
    counter.power_returns();
    counter.settle(3);
    assert_eq!(counter.last().mti(), Mti::FINANCIAL_ADVICE_REPEAT);
    counter.answer();
    assert_eq!(counter.display(3), Some(Display::Settled(true)));
}

#[test]
fn nobody_confirms_a_refund_and_it_becomes_an_exception_item_before_settlement() {
    let mut counter = Counter::signed_on();
    refund_in_vain(&mut counter, 1);
    counter.settle(2);
    for _ in 0..3 {
        assert_eq!(counter.last().mti(), Mti::FINANCIAL_ADVICE_REPEAT);
        counter.skip();
        counter.pass(TIMEOUT);
    }
    counter.answer();
    assert_eq!(counter.stans(Mti::FINANCIAL_ADVICE_REPEAT), [2, 2, 2]);
    assert!(counter.records().contains(&"exception-opened"));
    assert!(counter.displays(2).contains(&Display::AdviceFailed));
    assert!(counter.slips().contains(&Slip::AdviceFailed { stan: 2, amount: BACK }));
    assert_eq!(counter.display(2), Some(Display::Settled(true)));
}

#[test]
fn an_unsigned_refusal_of_a_refund_is_not_shown_as_one() {
    let mut counter = Counter::signed_on();
    counter.wish(refund(1, *b"123456"));
    let refusal = counter
        .answer_to(&counter.last().clone())
        .with(Element::RESPONSE_CODE, ResponseCode::MAC_ERROR);
    counter.skip();
    counter.say_unsigned(&refusal);
    assert_eq!(counter.display(1), Some(Display::WillTellAgain));
    counter.inquire(2);
    assert_eq!(counter.last().mti(), Mti::NETWORK_REQUEST, "it signs on first");
    counter.answer();
    assert_eq!(counter.display(1), Some(Display::Approved(BACK)));
}

#[test]
fn a_refund_that_the_host_refuses_is_over() {
    let mut counter = Counter::signed_on();
    refund_in_vain(&mut counter, 1);
    counter.inquire(2);
    counter.answer_with(ResponseCode::EXCEEDS_AMOUNT_LIMIT);
    assert_eq!(counter.display(1), Some(Display::Declined(ResponseCode::EXCEEDS_AMOUNT_LIMIT)));
    assert_eq!(counter.last().mti(), Mti::FINANCIAL_REQUEST, "the inquiry goes on");
}

#[test]
fn t29_tells_an_advice_again_as_another_one() {
    let told = [Counter::signed_on(), Counter::planted(Defect::T29)].map(|mut counter| {
        refund_in_vain(&mut counter, 1);
        counter.inquire(2);
        (counter.last().mti(), counter.last().number(Element::STAN))
    });
    assert_eq!(told[0], (Mti::FINANCIAL_ADVICE_REPEAT, Some(2)));
    assert_eq!(told[1], (Mti::FINANCIAL_ADVICE, Some(3)));
}
