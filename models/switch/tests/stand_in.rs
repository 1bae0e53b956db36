//! Standing in for an issuer: what is approved, what the issuer is told, and what follows.

use super::*;

fn standing_in() -> Bench {
    Bench::new(Config { stand_in_max: 2_500, ..config() })
}

/// What the terminal is told after the issuer has been silent for as long as anybody waits.
fn told_after_silence(bench: &mut Bench, sale: &Message) -> String {
    bench.tell(TERMINAL, sale);
    bench.wait(TIMEOUT);
    bench.code(TERMINAL).to_string()
}

#[test]
fn a_sale_without_an_answer_is_approved_and_told_under_its_own_name_until_it_is_taken() {
    let mut bench = standing_in();
    let request = bench.forwarded(&sale(7));
    bench.wait(TIMEOUT);
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
    let first = bench.heard_one(ISSUER);
    assert_eq!(first.mti(), Mti::FINANCIAL_ADVICE);
    assert_eq!(network_key(&first), network_key(&request));
    bench.restart();
    bench.link_all();
    bench.wait(RETRY);
    let again = bench.heard(ISSUER).pop().expect("a repeat");
    assert_eq!(again.mti(), Mti::FINANCIAL_ADVICE_REPEAT);
    assert_eq!(network_key(&again), network_key(&request));
    bench.tell(ISSUER, &answer(&again, ResponseCode::APPROVED));
    bench.wait(RETRY);
    assert!(bench.heard(ISSUER).is_empty());
}

#[test]
fn a_late_answer_changes_nothing() {
    for code in [ResponseCode::APPROVED, ResponseCode::NOT_SUFFICIENT_FUNDS] {
        let mut bench = standing_in();
        let request = bench.forwarded(&sale(7));
        bench.wait(TIMEOUT);
        bench.heard(ISSUER);
        let records = bench.records();
        bench.tell(ISSUER, &answer(&request, code));
        assert_eq!(bench.records(), records);
        assert_eq!(bench.heard(ISSUER), []);
    }
}

#[test]
fn what_was_approved_is_reversed_after_it_was_told() {
    let mut bench = standing_in();
    let request = bench.forwarded(&sale(7));
    bench.wait(TIMEOUT);
    let told = bench.heard_one(ISSUER);
    bench.heard(TERMINAL);
    bench.tell(TERMINAL, &reversal(&sale(7)));
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
    assert_eq!(bench.heard(ISSUER), [], "the advice goes first");
    bench.tell(ISSUER, &answer(&told, ResponseCode::APPROVED));
    let reversal = bench.heard_one(ISSUER);
    assert_eq!(NetworkKey::of_original(&reversal), Some(network_key(&request)));
}

#[test]
fn without_a_line_the_sale_is_approved_too() {
    let mut bench = standing_in();
    bench.link_down(ISSUER);
    bench.tell(TERMINAL, &sale(7));
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
    bench.link_up(ISSUER);
    assert_eq!(bench.heard_one(ISSUER).mti(), Mti::FINANCIAL_ADVICE);
}

#[test]
fn a_card_gets_no_more_than_the_limit_before_its_issuer_knows() {
    let mut bench = standing_in();
    assert_eq!(told_after_silence(&mut bench, &sale(7)), "00");
    assert_eq!(told_after_silence(&mut bench, &sale(8)), "00");
    assert_eq!(told_after_silence(&mut bench, &sale(9)), "98");
    let large = sale(10).with(Element::AMOUNT, "000000002501").with(Element::PAN, OTHER_PAN);
    assert_eq!(told_after_silence(&mut bench, &large), "98");
}

#[test]
fn nobody_stands_in_for_what_only_the_issuer_can_check() {
    let signed = sale(7).with(Element::ICC, vec![0x9F, 0x26, 1, 0]);
    assert!(super::super::stand_in::is_for_the_issuer(&signed));
    assert!(!super::super::stand_in::is_for_the_issuer(&sale(7)));
    let mut bench = standing_in();
    assert_eq!(told_after_silence(&mut bench, &inquiry(7)), "98");
}
