//! Reversals: after time-outs, from terminals, through the store-and-forward queue.

use super::*;
use crate::iso8583::OriginalData90;

/// A sale that the issuer does not answer in time.
fn timed_out(bench: &mut Bench, stan: u32) -> Message {
    let request = bench.forwarded(&sale(stan));
    bench.wait(TIMEOUT);
    request
}

#[test]
fn a_time_out_is_answered_and_reversed_in_one_commit() {
    let mut bench = Bench::new(config());
    bench.ticket = Ticket(4);
    let request = bench.forwarded(&sale(7));
    bench.ticket = Ticket::NONE;
    bench.done();
    bench.wait(TIMEOUT);
    assert!(bench.done.iter().all(|(ticket, _)| *ticket == Ticket(4)), "{:?}", bench.done);
    assert_eq!(bench.done(), ["advice-queued", "answered", "0210", "advice-tried", "0420"]);
    let (answer, mac) = bench.heard_sealed(TERMINAL).remove(0);
    assert_eq!((code_of(&answer), mac), (ResponseCode::ISSUER_TIMED_OUT, MacCheck::Valid));

    let advice = bench.heard_one(ISSUER);
    let numbers: Vec<u8> = advice.elements().map(|(element, _)| element.0).collect();
    assert_eq!(numbers, [2, 3, 4, 7, 11, 15, 18, 25, 32, 33, 37, 41, 42, 49, 60, 90, 128]);
    assert_eq!(advice.text(Element::PRIVATE_60), Some("4021"));
    assert_ne!(advice.get(Element::STAN), request.get(Element::STAN));
    assert!(OriginalData90::of(&advice).unwrap().refers_to(&request));
    for element in [Element::PAN, Element::AMOUNT, Element::RRN, Element::ACQUIRER] {
        assert_eq!(advice.get(element), request.get(element));
    }
}

#[test]
fn an_inquiry_without_an_answer_is_not_reversed() {
    let mut bench = Bench::new(config());
    bench.forwarded(&inquiry(7));
    bench.wait(TIMEOUT);
    assert_eq!(bench.code(TERMINAL), ResponseCode::ISSUER_TIMED_OUT);
    assert_eq!(bench.heard(ISSUER), []);
}

#[test]
fn a_late_approval_is_absorbed_once_and_a_late_decline_is_nothing() {
    let mut bench = Bench::new(config());
    let request = timed_out(&mut bench, 7);
    bench.heard(TERMINAL);
    for _ in 0..2 {
        bench.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
    }
    let declined = timed_out(&mut bench, 8);
    bench.heard(TERMINAL);
    bench.tell(ISSUER, &answer(&declined, ResponseCode::NOT_SUFFICIENT_FUNDS));
    assert_eq!(bench.heard(TERMINAL), []);
    assert_eq!(bench.count("late-answer-absorbed"), 1);
    assert_eq!(bench.count("advice-queued"), 2);
}

#[test]
fn an_approval_behind_a_refusal_is_absorbed_and_reversed() {
    // Two copies of the request reached the issuer; the one that was damaged is answered first.
    let mut bench = Bench::new(config());
    let request = bench.forwarded(&sale(7));
    bench.tell(ISSUER, &answer(&request, ResponseCode::MAC_ERROR));
    assert_eq!(bench.code(TERMINAL), ResponseCode::SYSTEM_MALFUNCTION);
    bench.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
    assert_eq!(bench.heard_one(ISSUER).text(Element::PRIVATE_60), Some("4006"));
    assert_eq!(bench.heard(TERMINAL), []);
}

#[test]
fn a_terminal_reverses_an_approved_sale_and_may_say_so_again() {
    let mut bench = Bench::new(config());
    bench.sell(7);
    bench.done();
    bench.tell(TERMINAL, &reversal(&sale(7)));
    assert_eq!(
        bench.done(),
        ["advice-queued", "reversal-accepted", "0410", "advice-tried", "0420"]
    );
    let (answer, mac) = bench.heard_sealed(TERMINAL).remove(0);
    assert_eq!((code_of(&answer), mac), (ResponseCode::APPROVED, MacCheck::Valid));
    let numbers: Vec<u8> = answer.elements().map(|(element, _)| element.0).collect();
    assert_eq!(numbers, [3, 4, 11, 12, 13, 15, 25, 32, 37, 39, 41, 42, 49, 60, 64]);
    assert_eq!(bench.heard_one(ISSUER).text(Element::PRIVATE_60), Some("4000"));
    bench.tell(TERMINAL, &reversal(&sale(7)));
    assert_eq!(bench.done(), ["0410"]);
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
}

#[test]
fn a_reversal_of_a_decline_is_answered_00_and_goes_no_further() {
    let mut bench = Bench::new(config());
    let request = bench.forwarded(&sale(7));
    bench.tell(ISSUER, &answer(&request, ResponseCode::NOT_SUFFICIENT_FUNDS));
    bench.heard(TERMINAL);
    bench.tell(TERMINAL, &reversal(&sale(7)));
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
    assert_eq!(bench.heard(ISSUER), []);
}

#[test]
fn a_reversal_that_overtakes_its_sale_bars_it() {
    let mut bench = Bench::new(config());
    bench.tell(TERMINAL, &reversal(&sale(7)));
    assert_eq!(bench.code(TERMINAL), ResponseCode::ORIGINAL_NOT_FOUND);
    bench.tell(TERMINAL, &sale(7));
    assert_eq!(bench.code(TERMINAL), ResponseCode::DUPLICATE_TRANSMISSION);
    bench.tell(TERMINAL, &reversal(&sale(7)));
    assert_eq!(bench.code(TERMINAL), ResponseCode::ORIGINAL_NOT_FOUND);
    assert_eq!(bench.heard(ISSUER), []);
    assert_eq!(bench.records(), ["keys-issued", "reversal-accepted", "answered"]);
}

#[test]
fn a_reversal_while_its_sale_is_in_flight_is_taken_and_the_answer_absorbed() {
    let mut bench = Bench::new(config());
    let request = bench.forwarded(&sale(7));
    bench.tell(TERMINAL, &reversal(&sale(7)));
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
    assert_eq!(bench.heard_one(ISSUER).mti(), Mti::REVERSAL_ADVICE);
    bench.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
    bench.wait(Duration::secs(15));
    assert_eq!(bench.heard(TERMINAL), []);
    assert_eq!(bench.count("late-answer-absorbed"), 1);
    assert_eq!(bench.count("advice-queued"), 1);
    bench.tell(TERMINAL, &sale(7));
    assert_eq!(bench.code(TERMINAL), ResponseCode::DUPLICATE_TRANSMISSION);
}

#[test]
fn a_reversal_of_another_amount_or_card_reverses_nothing() {
    let mut bench = Bench::new(config());
    bench.sell(7);
    for wrong in [
        reversal(&sale(7)).with(Element::AMOUNT, "000000001001"),
        reversal(&sale(7)).with(Element::PAN, OTHER_PAN),
    ] {
        bench.tell(TERMINAL, &wrong);
        assert_eq!(bench.code(TERMINAL), ResponseCode::AMOUNT_MISMATCH);
    }
    assert_eq!(bench.count("reversal-accepted"), 0);
}

#[test]
fn an_advice_is_repeated_as_0421_under_the_same_name_until_a_final_answer() {
    let mut bench = Bench::new(Config { saf_attempts: 9, ..config() });
    timed_out(&mut bench, 7);
    let first = bench.heard_one(ISSUER);
    for code in ["30", "91", "96", "A0"] {
        let retryable = answer(&first, ResponseCode::APPROVED).with(Element::RESPONSE_CODE, code);
        bench.tell(ISSUER, &retryable);
        bench.wait(RETRY);
        let repeat = bench.heard_one(ISSUER);
        assert_eq!(repeat.mti(), Mti::REVERSAL_ADVICE_REPEAT);
        assert_eq!(network_key(&repeat), network_key(&first));
    }
    bench.tell(ISSUER, &answer(&first, ResponseCode::ORIGINAL_NOT_FOUND));
    assert_eq!(bench.count("advice-completed"), 1);
    bench.wait(RETRY.times(3));
    assert_eq!(bench.heard(ISSUER), []);
}

#[test]
fn advices_go_one_at_a_time_in_their_order() {
    let mut bench = Bench::new(config());
    for stan in [7, 8, 9] {
        bench.tell(TERMINAL, &sale(stan));
    }
    let requests = bench.heard(ISSUER);
    bench.wait(TIMEOUT);
    for request in &requests {
        let advice = bench.heard_one(ISSUER);
        assert!(OriginalData90::of(&advice).unwrap().refers_to(request));
        bench.tell(ISSUER, &answer(&advice, ResponseCode::APPROVED));
    }
    assert_eq!((bench.heard(ISSUER), bench.count("advice-completed")), (vec![], 3));
}

#[test]
fn a_spent_budget_opens_an_exception_and_the_rest_goes_on() {
    let mut bench = Bench::new(config());
    timed_out(&mut bench, 7);
    timed_out(&mut bench, 8);
    let poison = network_key(&bench.heard(ISSUER)[0]);
    bench.wait(RETRY.times(3));
    let advices = bench.heard(ISSUER);
    let of_poison = advices.iter().filter(|advice| network_key(advice) == poison).count();
    assert_eq!((of_poison, bench.count("exception-opened")), (2, 1));
    let next = advices.last().unwrap();
    assert_eq!(next.mti(), Mti::REVERSAL_ADVICE);
    bench.tell(ISSUER, &answer(next, ResponseCode::APPROVED));
    assert_eq!(bench.count("advice-completed"), 1);
}

#[test]
fn without_a_line_an_advice_waits_and_does_not_count() {
    let mut bench = Bench::new(config());
    bench.forwarded(&sale(7));
    bench.link_down(ISSUER);
    bench.wait(RETRY.times(20));
    assert_eq!((bench.count("advice-tried"), bench.count("exception-opened")), (0, 0));
    bench.link_up(ISSUER);
    let advice = bench.heard_one(ISSUER);
    assert_eq!(advice.mti(), Mti::REVERSAL_ADVICE);
    bench.tell(ISSUER, &answer(&advice, ResponseCode::APPROVED));
    assert_eq!(bench.count("advice-completed"), 1);
}

#[test]
fn a_full_queue_refuses_sales_but_not_reversals() {
    let mut bench = Bench::new(Config { saf_max: 1, ..config() });
    bench.sell(6);
    timed_out(&mut bench, 7);
    bench.heard(TERMINAL);
    bench.tell(TERMINAL, &sale(8));
    assert_eq!(bench.code(TERMINAL), ResponseCode::ISSUER_INOPERATIVE);
    bench.tell(TERMINAL, &reversal(&sale(6)));
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
    assert_eq!(bench.count("advice-queued"), 2);
}
