//! Settlement: totals, uploads, closing once.

use super::*;
use crate::iso8583::{BatchDetail, BatchDetails48, Settlement48, Totals48};

fn compare(stan: u32, count: u32, minor: u64) -> Message {
    let domestic = Totals48 { debit_amount: minor, debit_count: count, ..Totals48::default() };
    let totals = Settlement48 { domestic, ..Settlement48::default() };
    from_terminal(Mti::RECONCILIATION_REQUEST, TERMINAL, stan)
        .with(Element::PRIVATE_48, totals.encode())
        .with(Element::CURRENCY, "156")
        .with(Element::PRIVATE_60, "00000001201")
        .with(Element::PRIVATE_63, "01 ")
}

fn upload(stan: u32, details: &[(u32, u64)]) -> Message {
    let details = details.iter().map(|(trace, amount)| BatchDetail {
        kind: 0,
        trace: *trace,
        pan: PAN.to_owned(),
        amount: *amount,
    });
    let details = BatchDetails48 { details: details.collect() };
    end(stan, 201).with(Element::PRIVATE_48, details.encode().unwrap())
}

fn end(stan: u32, step: u32) -> Message {
    from_terminal(Mti::FILE_ADVICE, TERMINAL, stan)
        .with(Element::PRIVATE_60, format!("00000001{step:03}"))
}

fn result(answer: &Message) -> u8 {
    Settlement48::parse(answer.get(Element::PRIVATE_48).unwrap()).unwrap().domestic.result
}

fn closed(bench: &Bench) -> (Vec<u64>, Vec<u32>) {
    let SwitchRecord::BatchClosed { entries, differences, .. } = bench.last_record() else {
        panic!("{:?}", bench.last_record());
    };
    (entries.iter().map(|settled| settled.minor).collect(), differences.to_vec())
}

#[test]
fn a_balanced_batch_is_closed_by_207_with_what_was_compared() {
    let mut bench = Bench::new(config());
    bench.sell(7);
    bench.sell(8);
    bench.tell(TERMINAL, &reversal(&sale(8)));
    let declined = bench.forwarded(&sale(9));
    bench.tell(ISSUER, &answer(&declined, ResponseCode::NOT_SUFFICIENT_FUNDS));
    bench.heard(TERMINAL);
    bench.tell(TERMINAL, &compare(10, 1, 1000));
    let answer = bench.heard_one(TERMINAL);
    assert_eq!((code_of(&answer), result(&answer)), (ResponseCode::APPROVED, 1));
    bench.tell(TERMINAL, &end(11, 207));
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
    assert_eq!(closed(&bench), (vec![1000], vec![]));
}

#[test]
fn an_unbalanced_batch_settles_what_both_sides_have_and_lists_the_rest() {
    let mut bench = Bench::new(config());
    for stan in [7, 8, 9] {
        bench.sell(stan);
    }
    bench.tell(TERMINAL, &compare(10, 3, 4000));
    assert_eq!(result(&bench.heard_one(TERMINAL)), 2);
    bench.tell(TERMINAL, &end(11, 207));
    assert_eq!(bench.code(TERMINAL), ResponseCode::RECONCILE_ERROR);
    bench.tell(TERMINAL, &upload(12, &[(7, 1000), (8, 2000), (6, 1000)]));
    bench.tell(TERMINAL, &end(13, 202));
    assert_eq!(bench.heard(TERMINAL).len(), 2);
    assert_eq!(closed(&bench), (vec![1000], vec![6, 8, 9]));
}

#[test]
fn every_settlement_message_may_come_again() {
    let mut bench = Bench::new(config());
    bench.sell(7);
    for stan in [10, 11] {
        bench.tell(TERMINAL, &compare(stan, 2, 2000));
        assert_eq!(result(&bench.heard_one(TERMINAL)), 2);
    }
    for stan in [12, 13] {
        bench.tell(TERMINAL, &upload(stan, &[(7, 1000), (8, 1000)]));
    }
    for stan in [14, 15] {
        bench.tell(TERMINAL, &end(stan, 202));
    }
    bench.tell(TERMINAL, &upload(16, &[(7, 1000)]));
    let codes: Vec<ResponseCode> = bench.heard(TERMINAL).iter().map(code_of).collect();
    assert_eq!(codes, [ResponseCode::APPROVED; 5]);
    bench.tell(TERMINAL, &compare(17, 2, 2000));
    assert_eq!(result(&bench.heard_one(TERMINAL)), 2);
    let counts = ["compared", "detail-received", "batch-closed"].map(|name| bench.count(name));
    assert_eq!(counts, [1, 2, 1]);
    assert_eq!(closed(&bench), (vec![1000], vec![8]));
}

#[test]
fn settlement_goes_on_after_power_loss() {
    let mut bench = Bench::new(config());
    bench.sell(7);
    bench.sell(8);
    bench.tell(TERMINAL, &compare(10, 1, 1000));
    bench.tell(TERMINAL, &upload(12, &[(7, 1000)]));
    bench.restart();
    bench.link_up(TERMINAL);
    bench.tell(TERMINAL, &end(13, 202));
    assert_eq!(closed(&bench), (vec![1000], vec![8]));
    bench.restart();
    bench.link_up(TERMINAL);
    bench.tell(TERMINAL, &end(13, 202));
    assert_eq!(bench.count("batch-closed"), 1);
    bench.heard(TERMINAL);
    bench.sign_on(TERMINAL);
    let SwitchRecord::KeysIssued { batch, .. } = bench.last_record() else { panic!() };
    assert_eq!(*batch, 2);
}

#[test]
fn a_batch_that_is_not_open_is_a_mismatch() {
    let mut bench = Bench::new(config());
    let next = |message: Message| message.with(Element::PRIVATE_60, "00000002201");
    bench.tell(TERMINAL, &next(compare(10, 0, 0)));
    bench.tell(TERMINAL, &next(upload(11, &[(7, 1000)])));
    bench.tell(TERMINAL, &end(12, 207));
    bench.tell(TERMINAL, &end(12, 202));
    let codes: Vec<ResponseCode> = bench.heard(TERMINAL).iter().map(code_of).collect();
    let (mismatch, error) = (ResponseCode::BATCH_MISMATCH, ResponseCode::RECONCILE_ERROR);
    assert_eq!(codes, [mismatch, mismatch, error, error]);
    assert_eq!(bench.records(), ["keys-issued"]);
}

#[test]
fn a_sale_that_comes_after_its_batch_was_closed_is_not_forwarded() {
    let mut bench = Bench::new(config());
    bench.tell(TERMINAL, &compare(10, 0, 0));
    bench.tell(TERMINAL, &end(11, 207));
    bench.heard(TERMINAL);
    bench.tell(TERMINAL, &sale(7));
    assert_eq!(bench.code(TERMINAL), ResponseCode::BATCH_MISMATCH);
    assert_eq!(bench.heard(ISSUER), []);
    bench.forwarded(&inquiry(8));
    bench.forwarded(&sale(9).with(Element::PRIVATE_60, "2200000200060"));
}

#[test]
fn what_changes_after_the_comparison_is_a_difference() {
    let mut bench = Bench::new(config());
    bench.sell(7);
    bench.sell(8);
    bench.tell(TERMINAL, &compare(10, 2, 2000));
    bench.heard(TERMINAL);
    bench.sell(9);
    bench.tell(TERMINAL, &reversal(&sale(8)));
    bench.tell(TERMINAL, &end(11, 207));
    assert_eq!(closed(&bench), (vec![1000], vec![8, 9]));
}

#[test]
fn a_reversal_after_settlement_is_taken_as_an_adjustment() {
    let mut bench = Bench::new(config());
    bench.sell(7);
    bench.tell(TERMINAL, &compare(10, 0, 0));
    bench.tell(TERMINAL, &end(11, 202));
    assert_eq!(closed(&bench), (vec![], vec![7]));
    bench.heard(TERMINAL);
    bench.tell(TERMINAL, &reversal(&sale(7)));
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
    assert_eq!(bench.heard_one(ISSUER).mti(), Mti::REVERSAL_ADVICE);
}

#[test]
fn the_end_of_a_batch_is_not_confirmed_twice_before_it_is_durable() {
    let mut bench = Bench::new(config());
    bench.tell(TERMINAL, &compare(10, 0, 0));
    bench.slow_commits = Some(0);
    bench.tell(TERMINAL, &end(11, 207));
    bench.heard(TERMINAL);
    bench.tell(TERMINAL, &end(12, 207));
    assert_eq!(bench.heard(TERMINAL), []);
    bench.handle(Event::Committed);
    bench.tell(TERMINAL, &end(13, 207));
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
}

#[test]
fn settlement_answers_carry_what_the_line_expects() {
    let mut bench = Bench::new(config());
    bench.tell(TERMINAL, &compare(10, 0, 0));
    bench.tell(TERMINAL, &end(11, 207));
    let numbers = |message: &Message| message.elements().map(|(e, _)| e.0).collect::<Vec<u8>>();
    let answers: Vec<Vec<u8>> = bench.heard(TERMINAL).iter().map(numbers).collect();
    assert_eq!(answers[0], [11, 12, 13, 15, 32, 37, 39, 41, 42, 48, 49, 60, 63]);
    assert_eq!(answers[1], [11, 12, 13, 32, 37, 39, 41, 42, 60]);
}

/// What is paid out for two sales, of which the terminal settles one, and two of the next batch.
fn paid_at_once(defect: Option<Defect>) -> Vec<u64> {
    let mut bench = Bench::new(Config { instant_payout: Some(0), ..with_defect(defect) });
    bench.sell(7);
    bench.sell(8);
    for message in [compare(10, 1, 1000), end(11, 207), upload(12, &[(7, 1000)]), end(13, 202)] {
        bench.tell(TERMINAL, &message);
    }
    bench.heard(TERMINAL);
    assert_eq!(bench.count("batch-closed"), 1);
    bench.restart();
    bench.link_all();
    bench.sign_on(TERMINAL);
    for stan in [20, 21] {
        let request = bench.forwarded(&sale(stan).with(Element::PRIVATE_60, "22000002"));
        bench.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
    }
    let paid = |record: &Record| match record {
        Record::Switch(SwitchRecord::PaidOut { minor, .. }) => Some(*minor),
        _ => None,
    };
    bench.journal.iter().filter_map(paid).collect()
}

#[test]
fn what_was_paid_at_once_for_one_side_only_is_paid_for_by_the_next_sale() {
    assert_eq!(paid_at_once(None), [1000, 1000, 1000]);
    assert_eq!(paid_at_once(Some(Defect::W44)), [1000, 1000, 1000, 1000]);
}
