//! Sales by payment code: asked about when nobody answers, closed when nobody can tell.

use super::*;
use crate::iso8583::Order59;
use crate::record::Reason;

const CODE: &str = "6224310010000000028";

fn pay(counter: &mut Counter, ticket: u32) {
    let card = Card { pan: Pan::new(CODE.as_bytes()).unwrap(), expiry: 0, has_chip: false };
    counter.wish(Command::Sale { ticket: Ticket(ticket), amount: PRICE, card });
}

/// The host's answer to the last question.
fn told(counter: &mut Counter, code: ResponseCode, minor: Option<u64>) {
    let question = counter.last().clone();
    let mut answer = counter.answer_to(&question).with(Element::RESPONSE_CODE, code);
    answer.remove(Element::ADDITIONAL_AMOUNTS);
    answer.copy_from(&question, &[Element::PRIVATE_59]);
    if let Some(minor) = minor {
        answer.set_number(Element::AMOUNT, minor, 12);
    }
    counter.skip();
    counter.say(&answer);
}

fn asked(counter: &Counter) -> usize {
    counter.records().iter().filter(|name| **name == "order-queried").count()
}

#[test]
fn a_code_is_paid_with_without_a_pin_and_its_order_has_the_number_of_its_voucher() {
    let mut counter = Counter::with(|config| config.asks_for_pin = true);
    pay(&mut counter, 1);
    let request = counter.last().clone();
    assert!(!request.has(Element::PAN) && !request.has(Element::PIN_BLOCK));
    assert_eq!(request.text(Element::PRIVATE_60), Some("2200000700060"));
    let number = Order59::of(&request).and_then(|order| order.number).expect("an order");
    assert_eq!((number.batch, u64::from(number.stan)), (7, request.number(Element::STAN).unwrap()));
    counter.answer();
    assert_eq!(counter.display(1), Some(Display::Approved(PRICE)));
}

#[test]
fn without_an_answer_the_order_is_asked_about_at_once_and_printed_when_it_is_paid() {
    let mut counter = Counter::signed_on();
    pay(&mut counter, 1);
    counter.skip();
    counter.pass(TIMEOUT);
    assert_eq!(counter.display(1), Some(Display::QueryingOrder));
    assert_eq!(counter.last().text(Element::PROCESSING_CODE), Some("390000"));
    told(&mut counter, ResponseCode::APPROVED, Some(PRICE.minor));
    assert_eq!(counter.display(1), Some(Display::Approved(PRICE)));
    assert_eq!((counter.slips().len(), counter.stans(Mti::REVERSAL_REQUEST).len()), (1, 0));
    counter.wish(Command::Reprint { ticket: Ticket(2), voucher: None });
    assert_eq!(counter.display(2), Some(Display::Reprinted));
}

#[test]
fn who_cannot_tell_has_not_refused_and_who_refuses_has_told() {
    for (code, is_refusal) in [
        (ResponseCode::ISSUER_TIMED_OUT, false),
        (ResponseCode::ORIGINAL_NOT_FOUND, false),
        (ResponseCode::ISSUER_INOPERATIVE, false),
        (ResponseCode::NOT_SUFFICIENT_FUNDS, true),
    ] {
        let mut counter = Counter::signed_on();
        pay(&mut counter, 1);
        counter.answer_with(code);
        let declined = is_refusal.then_some(Display::Declined(code));
        assert_eq!(counter.display(1), declined.or(Some(Display::QueryingOrder)), "{code}");
    }
    let mut counter = Counter::signed_on();
    pay(&mut counter, 1);
    counter.answer_with(ResponseCode::ISSUER_TIMED_OUT);
    told(&mut counter, ResponseCode::NOT_SUFFICIENT_FUNDS, None);
    assert_eq!(counter.display(1), Some(Display::Declined(ResponseCode::NOT_SUFFICIENT_FUNDS)));
    counter.inquire(2);
    assert_eq!(counter.last().text(Element::PROCESSING_CODE), Some("310000"), "nothing is open");
}

#[test]
fn after_the_last_question_the_order_is_closed_and_no_news_of_it_is_believed() {
    let mut counter = Counter::signed_on();
    pay(&mut counter, 1);
    counter.skip();
    counter.pass(TIMEOUT);
    told(&mut counter, ResponseCode::ORIGINAL_NOT_FOUND, None);
    assert_eq!(asked(&counter), 1, "the next question waits for its time");
    counter.pass(TIMEOUT);
    let question = counter.last().clone();
    assert_eq!(asked(&counter), 2);
    told(&mut counter, ResponseCode::ORIGINAL_NOT_FOUND, None);
    counter.pass(TIMEOUT);
    assert_eq!(counter.display(1), Some(Display::ClosingOrder));
    let close = counter.last().clone();
    assert_eq!(close.mti(), Mti::REVERSAL_REQUEST);
    assert_eq!(Order59::of(&close), Order59::of(&question));
    let due = TerminalRecord::ReversalDue { ticket: Ticket(1), stan: 2, reason: Reason::NoAnswer };
    assert!(counter.journal.contains(&due));
    let mut late = counter.answer_to(&question);
    late.copy_from(&question, &[Element::PRIVATE_59, Element::AMOUNT]);
    late.set_number(Element::AMOUNT, PRICE.minor, 12);
    counter.say(&late);
    assert_eq!(counter.display(1), Some(Display::ClosingOrder));
    counter.answer();
    assert_eq!((counter.display(1), counter.slips().len()), (Some(Display::OrderClosed), 0));
}

#[test]
fn news_of_another_order_or_amount_or_without_a_mac_are_no_news() {
    let mut counter = Counter::signed_on();
    pay(&mut counter, 1);
    counter.skip();
    counter.pass(TIMEOUT);
    let question = counter.last().clone();
    let mut paid = counter.answer_to(&question);
    paid.remove(Element::ADDITIONAL_AMOUNTS);
    paid.copy_from(&question, &[Element::PRIVATE_59]);
    paid.set_number(Element::AMOUNT, PRICE.minor, 12);
    let other = "A30196224310010000000028B102010000001000007000009";
    let bare = |element| {
        let mut message = paid.clone();
        message.remove(element);
        message
    };
    for wrong in [
        paid.clone().with(Element::PRIVATE_59, other),
        bare(Element::PRIVATE_59),
        paid.clone().with(Element::AMOUNT, "000000000001"),
        bare(Element::RRN),
        paid.clone().with(Element::PROCESSING_CODE, "310000"),
    ] {
        counter.say(&wrong);
        assert_eq!(counter.slips(), [], "{wrong:?}");
    }
    counter.say_unsigned(&paid);
    assert_eq!(counter.slips(), []);
}

#[test]
fn an_open_order_survives_power_and_goes_before_the_next_wish_with_the_questions_it_has_left() {
    let mut counter = Counter::signed_on();
    pay(&mut counter, 1);
    counter.skip();
    counter.power_returns();
    assert_eq!(counter.display(1), Some(Display::OrderOpen));
    assert_eq!(counter.records().last(), Some(&"order-opened"));
    counter.settle(2);
    assert_eq!(counter.last().text(Element::PROCESSING_CODE), Some("390000"));
    told(&mut counter, ResponseCode::APPROVED, Some(PRICE.minor));
    assert_eq!(counter.display(1), Some(Display::Approved(PRICE)));
    assert_eq!(counter.last().mti(), Mti::RECONCILIATION_REQUEST);
}

#[test]
fn a_close_that_nobody_takes_becomes_an_exception_item_after_its_own_budget() {
    let mut counter = Counter::signed_on();
    pay(&mut counter, 1);
    counter.skip();
    for _ in 0..6 {
        counter.pass(TIMEOUT);
        counter.skip();
    }
    let closes = counter.stans(Mti::REVERSAL_REQUEST).len();
    assert_eq!((asked(&counter), closes), (2, 3));
    assert_eq!(counter.display(1), Some(Display::OrderNotClosed));
    assert_eq!(counter.slips(), [Slip::OrderNotClosed { stan: 2, amount: PRICE }]);
    let gave_up =
        TerminalRecord::ExceptionOpened { ticket: Ticket(1), stan: 2, amount: PRICE, attempts: 3 };
    assert!(counter.journal.contains(&gave_up));
}
