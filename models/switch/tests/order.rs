//! Orders at the switch: left open, asked about, told of, closed.

use super::*;
use crate::record::Reason;

const CODE: &str = "6224310010000000028";

/// Element 59 of the order with this voucher number of the first terminal.
fn element_59(stan: u32) -> String {
    format!("A3019{CODE}B1020T0000001000001{stan:06}")
}

fn payment(stan: u32) -> Message {
    let mut message = sale(stan);
    message.remove(Element::PAN);
    message.remove(Element::EXPIRY);
    message.remove(Element::TRACK_2);
    message.with(Element::ENTRY_MODE, "032").with(Element::PRIVATE_59, element_59(stan))
}

/// A question under its own number.
fn question(stan: u32, of: u32) -> Message {
    let mut message = payment(stan).with(Element::PROCESSING_CODE, "390000");
    message.remove(Element::AMOUNT);
    message.with(Element::PRIVATE_60, "6100000100060").with(Element::PRIVATE_59, element_59(of))
}

fn close(stan: u32) -> Message {
    let of = payment(stan);
    reversal(&of).with(Element::PRIVATE_59, element_59(stan))
}

/// A switch whose issuer also answers for payment codes.
fn bench(defect: Option<Defect>) -> Bench {
    let mut config = with_defect(defect);
    config.upstream[0].bins.push("622431".to_owned());
    Bench::new(config)
}

/// The answer of an issuer to a question.
fn news(question: &Message, code: ResponseCode) -> Message {
    let mut news = answer(question, code);
    news.copy_from(question, &[Element::ORIGINAL_DATA]);
    news.with(Element::AMOUNT, "000000001000")
}

#[test]
fn a_payment_code_travels_upstream_as_a_card_number_does_and_comes_back_in_element_59() {
    let mut bench = bench(None);
    let request = bench.forwarded(&payment(7));
    assert_eq!(request.text(Element::PAN), Some(CODE));
    assert_eq!(request.text(Element::ENTRY_MODE), Some("032"));
    bench.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
    let answer = bench.heard_one(TERMINAL);
    assert!(!answer.has(Element::PAN));
    assert_eq!(answer.text(Element::PRIVATE_59), Some(&*element_59(7)));
    for wrong in [
        payment(8).with(Element::PRIVATE_59, element_59(7)),
        payment(8).with(Element::ENTRY_MODE, "022"),
        sale(8).with(Element::PAN, CODE),
    ] {
        bench.tell(TERMINAL, &wrong);
        assert_eq!(bench.code(TERMINAL), ResponseCode::FORMAT_ERROR, "{wrong:?}");
    }
}

#[test]
fn an_order_without_an_answer_is_left_open_and_not_taken_back() {
    let mut bench = bench(None);
    let request = bench.forwarded(&payment(7));
    bench.wait(TIMEOUT);
    assert_eq!(bench.code(TERMINAL), ResponseCode::ISSUER_TIMED_OUT);
    assert_eq!((bench.count("answered"), bench.count("advice-queued")), (0, 0));
    bench.restart();
    bench.link_all();
    assert_eq!(bench.count("advice-queued"), 0, "its terminal remembers it");
    bench.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
    assert_eq!(bench.count("answered"), 1, "late news are kept");
    bench.sign_on(TERMINAL);
    bench.tell(TERMINAL, &question(8, 7));
    let told = bench.heard_one(TERMINAL);
    assert_eq!(
        (code_of(&told), told.number(Element::AMOUNT)),
        (ResponseCode::APPROVED, Some(1_000))
    );
    assert_eq!(told.get(Element::RRN), request.get(Element::RRN), "what the slip will say");
}

#[test]
fn what_is_not_known_here_is_asked_of_the_issuer_and_recorded_before_it_is_told() {
    let mut bench = bench(None);
    let request = bench.forwarded(&payment(7));
    bench.wait(TIMEOUT);
    bench.heard(TERMINAL);
    bench.done();
    let asked = bench.forwarded(&question(8, 7));
    let named = network_key(&request).original_data(Mti::FINANCIAL_REQUEST);
    assert_eq!(asked.text(Element::ORIGINAL_DATA), Some(&*named));
    bench.tell(ISSUER, &news(&asked, ResponseCode::APPROVED));
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
    assert_eq!(bench.done(), ["forwarded", "0200", "answered", "0210"]);
    let SwitchRecord::Answered { id, amount, .. } = bench.last_record() else { panic!() };
    assert_eq!((*id, amount.minor), (1, 1_000), "the order, not the question");
}

#[test]
fn an_issuer_that_cannot_tell_leaves_the_order_open() {
    let mut bench = bench(None);
    bench.forwarded(&payment(7));
    let asked = bench.forwarded(&question(8, 7));
    bench.tell(ISSUER, &news(&asked, ResponseCode::ORIGINAL_NOT_FOUND));
    assert_eq!(bench.code(TERMINAL), ResponseCode::ORIGINAL_NOT_FOUND);
    assert_eq!(bench.count("answered"), 0);
    bench.tell(TERMINAL, &question(8, 7));
    assert!(bench.heard(ISSUER).is_empty(), "a copy is not passed on");
    let again = bench.forwarded(&question(9, 7));
    let other = news(&again, ResponseCode::APPROVED).with(Element::ORIGINAL_DATA, "0".repeat(42));
    bench.tell(ISSUER, &other);
    assert_eq!(bench.count("answered"), 0, "it is about something else");
}

#[test]
fn a_closed_order_is_paid_no_more_and_who_asks_is_told_so() {
    let mut bench = bench(None);
    let request = bench.forwarded(&payment(7));
    bench.tell(TERMINAL, &close(7));
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
    assert_eq!(bench.count("advice-queued"), 1);
    bench.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
    assert_eq!((bench.count("answered"), bench.count("late-answer-absorbed")), (0, 1));
    bench.tell(TERMINAL, &question(8, 7));
    assert_eq!(bench.code(TERMINAL), ResponseCode::INVALID_TRANSACTION);
    bench.tell(TERMINAL, &close(9));
    assert_eq!(bench.code(TERMINAL), ResponseCode::ORIGINAL_NOT_FOUND);
    bench.tell(TERMINAL, &payment(9));
    assert_eq!(bench.code(TERMINAL), ResponseCode::DUPLICATE_TRANSMISSION, "closed before it came");
}

#[test]
fn a_batch_that_closes_takes_an_open_order_back() {
    let mut bench = bench(None);
    bench.forwarded(&payment(7));
    bench.wait(TIMEOUT);
    bench.heard(TERMINAL);
    let mut totals = from_terminal(Mti::RECONCILIATION_REQUEST, TERMINAL, 20)
        .with(Element::PRIVATE_48, "0".repeat(62))
        .with(Element::CURRENCY, "156")
        .with(Element::PRIVATE_60, "00000001201");
    totals.set(Element::PRIVATE_63, "01 ");
    bench.tell(TERMINAL, &totals);
    let end = from_terminal(Mti::FILE_ADVICE, TERMINAL, 21)
        .with(Element::PRIVATE_48, "00")
        .with(Element::PRIVATE_60, "00000001207");
    bench.tell(TERMINAL, &end);
    let queued = bench.journal.iter().find_map(|record| match record {
        Record::Switch(SwitchRecord::AdviceQueued { id, reason, .. }) => Some((*id, *reason)),
        _ => None,
    });
    assert_eq!(queued, Some((1, Reason::NoAnswer)));
}

#[test]
fn a_switch_that_calls_an_open_order_unpaid_says_what_it_cannot_know() {
    let mut bench = bench(Some(Defect::W36));
    bench.forwarded(&payment(7));
    bench.tell(TERMINAL, &question(8, 7));
    assert!(!bench.code(TERMINAL).leaves_doubt());
}
