//! Refunds at the switch: checked, answered and told upstream until taken; or passed through.

use super::*;
use crate::iso8583::{OriginalData90, OriginalPos61};
use crate::record::Kind;

/// A sale of 10.00 from swipe to slip, and its reference.
pub(super) fn sold(bench: &mut Bench, stan: u32) -> [u8; 12] {
    let request = bench.forwarded(&sale(stan));
    bench.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
    let slip = bench.heard_one(TERMINAL);
    slip.get(Element::RRN).and_then(|rrn| rrn.try_into().ok()).expect("a reference")
}

/// A refund at a terminal of the sale with this reference.
fn refund_at(port: Port, stan: u32, rrn: [u8; 12], minor: u64) -> Message {
    let named = OriginalPos61 { batch: 1, stan: 7, date: Some(601) };
    let mut message = sale_at(port, stan)
        .with(Element::PROCESSING_CODE, Kind::Refund.processing())
        .with(Element::RRN, rrn)
        .with(Element::PRIVATE_60, "2500000100060")
        .with(Element::PRIVATE_61, named.encode());
    message.set_mti(Kind::Refund.request());
    message.set_number(Element::AMOUNT, minor, 12);
    message
}

pub(super) fn refund(stan: u32, rrn: [u8; 12], minor: u64) -> Message {
    refund_at(TERMINAL, stan, rrn, minor)
}

fn repeat(mut message: Message) -> Message {
    message.set_mti(message.mti().repeat());
    message
}

/// What the terminal is told.
fn told(bench: &mut Bench, message: &Message) -> String {
    bench.tell(TERMINAL, message);
    bench.code(TERMINAL).to_string()
}

fn passing() -> Config {
    Config { answers_advices: false, ..config() }
}

#[test]
fn a_refund_is_answered_at_once_and_told_to_the_issuer_until_it_is_taken() {
    let mut bench = Bench::new(config());
    let rrn = sold(&mut bench, 7);
    assert_eq!(told(&mut bench, &refund(8, rrn, 400)), "00");
    let first = bench.heard_one(ISSUER);
    assert_eq!(first.mti(), Mti::FINANCIAL_ADVICE);
    assert_eq!(first.number(Element::AMOUNT), Some(400));
    assert!(OriginalData90::of(&first).is_some_and(|named| named.mti == Mti::FINANCIAL_REQUEST));
    bench.wait(RETRY);
    let second = bench.heard_one(ISSUER);
    assert_eq!(second.mti(), Mti::FINANCIAL_ADVICE_REPEAT);
    assert_eq!(network_key(&second), network_key(&first));
    bench.tell(ISSUER, &answer(&second, ResponseCode::APPROVED));
    bench.wait(RETRY.times(3));
    assert_eq!((bench.heard(ISSUER).len(), bench.count("advice-completed")), (0, 1));
}

#[test]
fn a_copy_of_a_refund_gets_the_stored_answer_and_is_told_once() {
    let mut bench = Bench::new(config());
    let rrn = sold(&mut bench, 7);
    let wanted = refund(8, rrn, 400);
    assert_eq!(told(&mut bench, &wanted), "00");
    assert_eq!(told(&mut bench, &repeat(wanted.clone())), "00");
    bench.restart();
    bench.link_up(TERMINAL);
    bench.link_up(ISSUER);
    assert_eq!(told(&mut bench, &repeat(wanted)), "00");
    assert_eq!((bench.count("forwarded"), bench.count("advice-queued")), (2, 1));
}

#[test]
fn refunds_never_come_to_more_than_their_sale() {
    let mut bench = Bench::new(config());
    let rrn = sold(&mut bench, 7);
    let cases = [(8, 0, "13"), (9, 1_001, "64"), (10, 600, "00"), (11, 401, "61"), (12, 400, "00")];
    for (stan, minor, code) in cases {
        assert_eq!(told(&mut bench, &refund(stan, rrn, minor)), code, "{minor}");
    }
    assert_eq!(told(&mut bench, &refund(13, *b"999999999999", 1)), "25");
    let other = refund(14, rrn, 1).with(Element::PAN, "6224242000000047");
    assert_eq!(told(&mut bench, &other), "12");
}

#[test]
fn a_sale_of_another_terminal_is_refunded_by_its_reference() {
    let mut bench = Bench::new(config());
    bench.sign_on(OTHER_TERMINAL);
    let rrn = sold(&mut bench, 7);
    bench.tell(OTHER_TERMINAL, &refund_at(OTHER_TERMINAL, 1, rrn, 1_000));
    assert_eq!(bench.code(OTHER_TERMINAL), ResponseCode::APPROVED);
}

#[test]
fn a_refund_comes_within_its_days_and_never_beside_a_void() {
    let mut bench = Bench::new(Config { refund_days: 1, ..config() });
    let rrn = sold(&mut bench, 7);
    let next = |bench: &mut Bench, day| {
        let date = Date { day, ..DAY };
        bench.handle(Event::Commanded(Command::CutOver { date, window: Duration::ZERO }));
    };
    next(&mut bench, 2);
    assert_eq!(told(&mut bench, &refund(8, rrn, 100)), "00");
    next(&mut bench, 3);
    assert_eq!(told(&mut bench, &refund(9, rrn, 100)), "22");
    let mut void = refund(10, rrn, 1_000).with(Element::PRIVATE_60, "2300000100060");
    void.set_mti(Mti::FINANCIAL_REQUEST);
    assert_eq!(told(&mut bench, &void), "22");
}

#[test]
fn what_the_issuer_refuses_for_good_becomes_an_exception_item() {
    let mut bench = Bench::new(config());
    let rrn = sold(&mut bench, 7);
    assert_eq!(told(&mut bench, &refund(8, rrn, 400)), "00");
    let advice = bench.heard_one(ISSUER);
    bench.tell(ISSUER, &answer(&advice, ResponseCode::SYSTEM_MALFUNCTION));
    assert_eq!(bench.count("advice-refused"), 0, "it may take it later");
    bench.tell(ISSUER, &answer(&advice, ResponseCode::ORIGINAL_NOT_FOUND));
    assert_eq!((bench.count("advice-refused"), bench.count("advice-completed")), (1, 0));
    bench.wait(RETRY.times(3));
    assert_eq!(bench.heard(ISSUER), []);
}

#[test]
fn power_lost_at_any_write_of_a_refund_loses_no_promise() {
    for actions in 0..6 {
        let mut bench = Bench::new(config());
        let rrn = sold(&mut bench, 7);
        bench.power = Some(actions);
        bench.tell(TERMINAL, &refund(8, rrn, 400));
        bench.heard(TERMINAL);
        bench.restart();
        bench.link_up(TERMINAL);
        bench.link_up(ISSUER);
        assert_eq!(told(&mut bench, &repeat(refund(8, rrn, 400))), "00", "{actions}");
        bench.wait(RETRY);
        let advices = bench.heard(ISSUER);
        assert!(!advices.is_empty(), "{actions}");
        assert!(advices.iter().all(|one| network_key(one) == network_key(&advices[0])));
        assert_eq!(bench.count("advice-queued"), 1, "{actions}");
    }
}

#[test]
fn a_reversal_of_a_refund_changes_nothing() {
    let mut bench = Bench::new(config());
    let rrn = sold(&mut bench, 7);
    let wanted = refund(8, rrn, 400);
    assert_eq!(told(&mut bench, &wanted), "00");
    bench.heard(ISSUER);
    assert_eq!(told(&mut bench, &reversal(&wanted)), "12");
    assert_eq!((bench.heard(ISSUER).len(), bench.count("reversal-accepted")), (0, 0));
}

#[test]
fn a_switch_that_passes_advices_through_answers_only_what_the_issuer_answered() {
    let mut bench = Bench::new(passing());
    let rrn = sold(&mut bench, 7);
    bench.tell(TERMINAL, &refund(8, rrn, 400));
    let first = bench.heard_one(ISSUER);
    assert_eq!((first.mti(), bench.heard(TERMINAL).len()), (Mti::FINANCIAL_ADVICE, 0));
    bench.wait(TIMEOUT);
    assert_eq!(bench.heard(TERMINAL), [], "its sender tells it again");
    bench.tell(TERMINAL, &repeat(refund(8, rrn, 400)));
    let second = bench.heard_one(ISSUER);
    assert_eq!(second.mti(), Mti::FINANCIAL_ADVICE_REPEAT);
    assert_eq!(network_key(&second), network_key(&first));
    bench.tell(ISSUER, &answer(&second, ResponseCode::EXCEEDS_AMOUNT_LIMIT));
    assert_eq!(bench.code(TERMINAL), ResponseCode::EXCEEDS_AMOUNT_LIMIT);
    assert_eq!(bench.count("advice-queued"), 0);
}

#[test]
fn a_late_answer_to_an_advice_passed_through_is_kept_for_the_next_repeat() {
    let mut bench = Bench::new(passing());
    let rrn = sold(&mut bench, 7);
    bench.tell(TERMINAL, &refund(8, rrn, 400));
    let first = bench.heard_one(ISSUER);
    bench.wait(TIMEOUT);
    bench.tell(ISSUER, &answer(&first, ResponseCode::APPROVED));
    assert_eq!((bench.heard(TERMINAL).len(), bench.heard(ISSUER).len()), (0, 0));
    assert_eq!(told(&mut bench, &repeat(refund(8, rrn, 400))), "00");
    assert_eq!(bench.heard(ISSUER), [], "neither repeated nor reversed");
}

#[test]
fn b10_takes_two_differences_that_cancel_for_none() {
    use crate::iso8583::{Settlement48, Totals48};
    let results = [None, Some(Defect::B10)].map(|defect| {
        let mut bench = Bench::new(with_defect(defect));
        let rrn = sold(&mut bench, 7);
        sold(&mut bench, 9);
        assert_eq!(told(&mut bench, &refund(8, rrn, 1_000)), "00");
        // The terminal has one sale and no refund: the same net.
        let domestic = Totals48 { debit_amount: 1_000, debit_count: 1, ..Totals48::default() };
        let totals = Settlement48 { domestic, ..Settlement48::default() };
        let message = from_terminal(Mti::RECONCILIATION_REQUEST, TERMINAL, 10)
            .with(Element::PRIVATE_48, totals.encode())
            .with(Element::CURRENCY, "156")
            .with(Element::PRIVATE_60, "00000001201")
            .with(Element::PRIVATE_63, "01 ");
        bench.tell(TERMINAL, &message);
        let answer = bench.heard_one(TERMINAL);
        Settlement48::parse(answer.get(Element::PRIVATE_48).unwrap()).unwrap().domestic.result
    });
    assert_eq!(results, [2, 1]);
}
