//! Voids, refunds and completions between debit and payment: what files tell of them, and what
//! becomes of those that the two sides know differently.

use super::bench::*;
use super::tests_claims::{bench, entry, present, taken};
use crate::defect::Defect;
use crate::iso8583::{Message, Mti};
use crate::record::{EntryKind, FileEntry, IssuerRecord, Kind, SuspenseEnd, TakenAs};

const WHOLE: i64 = FUNDS as i64;
const LEFT: i64 = WHOLE - SALE.minor as i64;
const VOID: Sale = Sale { kind: Kind::Void, original: Some((Kind::Sale, 7)), stan: 8, ..SALE };
const REFUND: Sale = Sale { kind: Kind::Refund, pin: None, minor: 400, ..VOID };

/// The empty files of these dates.
fn pass(bench: &mut Bench, days: core::ops::Range<u8>) {
    days.for_each(|day| present(bench, day, &[]));
}

/// How the last item left suspense, and whose decision that undid.
fn left(bench: &Bench) -> Option<(SuspenseEnd, Option<u64>)> {
    let ends = bench.issuer_records().filter_map(|record| match record {
        IssuerRecord::SuspenseClosed { class, decision, .. } => Some((*class, *decision)),
        _ => None,
    });
    ends.last()
}

#[test]
fn a_sale_and_its_void_of_which_no_file_tells_leave_nothing_to_park() {
    let mut bench = bench();
    bench.ask(&SALE.message());
    bench.ask(&VOID.message());
    pass(&mut bench, 0..4);
    assert_eq!((bench.count("suspense-opened"), bench.holds(GOOD)), (0, WHOLE));
}

#[test]
fn a_void_of_what_is_presented_all_the_same_is_taken_back_from_the_cardholder() {
    for power_fails in [false, true] {
        let mut bench = bench();
        bench.ask(&SALE.message());
        bench.ask(&VOID.message());
        present(&mut bench, 0, &[entry(SALE, EntryKind::Presentment)]);
        assert_eq!((bench.count("suspense-opened"), bench.holds(GOOD)), (1, WHOLE));
        if power_fails {
            bench.restart();
        }
        pass(&mut bench, 1..4);
        assert_eq!(left(&bench), Some((SuspenseEnd::Retaken, Some(2))));
        assert_eq!(bench.holds(GOOD), LEFT);
        assert!(!bench.texts.last().expect("a text").is_credit);
        assert_eq!(bench.code(&VOID.reversal()), "00", "what comes late is answered");
        assert_eq!(bench.holds(GOOD), LEFT, "and moves nothing");
    }
}

#[test]
fn a_void_that_is_reversed_while_the_difference_is_parked_clears_it() {
    let mut bench = bench();
    bench.ask(&SALE.message());
    bench.ask(&VOID.message());
    present(&mut bench, 0, &[entry(SALE, EntryKind::Presentment)]);
    bench.ask(&VOID.reversal());
    assert_eq!(bench.holds(GOOD), LEFT);
    pass(&mut bench, 1..4);
    assert_eq!(left(&bench).map(|(class, _)| class), Some(SuspenseEnd::Cleared));
    assert_eq!(bench.holds(GOOD), LEFT);
}

#[test]
fn a_refund_is_paid_for_by_who_presents_it() {
    let mut bench = bench();
    bench.ask(&SALE.message());
    bench.ask(&REFUND.message());
    let both = [entry(SALE, EntryKind::Presentment), entry(REFUND, EntryKind::Refund)];
    present(&mut bench, 0, &both);
    assert_eq!(taken(&bench), TakenAs::Booked);
    pass(&mut bench, 1..4);
    assert_eq!((bench.count("suspense-opened"), bench.holds(GOOD)), (0, LEFT + 400));
}

#[test]
fn a_refund_that_nobody_presents_or_that_is_adjusted_is_taken_back() {
    for is_adjusted in [false, true] {
        let mut bench = bench();
        bench.ask(&SALE.message());
        bench.ask(&REFUND.message());
        present(&mut bench, 0, &[entry(SALE, EntryKind::Presentment)]);
        if is_adjusted {
            present(&mut bench, 1, &[entry(REFUND, EntryKind::Refund)]);
            present(&mut bench, 2, &[entry(REFUND, EntryKind::RefundAdjustment)]);
        }
        pass(&mut bench, if is_adjusted { 3..6 } else { 1..4 });
        assert_eq!(left(&bench), Some((SuspenseEnd::Retaken, Some(2))));
        assert_eq!(bench.holds(GOOD), LEFT);
    }
}

#[test]
fn a_refund_of_which_only_the_file_tells_is_credited_once_and_its_advice_comes_too_late() {
    let mut bench = bench();
    bench.ask(&SALE.message());
    let both = [entry(SALE, EntryKind::Presentment), entry(REFUND, EntryKind::Refund)];
    present(&mut bench, 0, &both);
    assert_eq!((taken(&bench), bench.holds(GOOD)), (TakenAs::Credited, LEFT + 400));
    assert!(bench.texts.last().expect("a text").is_credit);
    bench.restart();
    assert_eq!(bench.code(&REFUND.message()), "94");
    pass(&mut bench, 1..4);
    assert_eq!((bench.count("suspense-opened"), bench.holds(GOOD)), (0, LEFT + 400));
    present(&mut bench, 4, &[entry(REFUND, EntryKind::RefundAdjustment)]);
    assert_eq!((taken(&bench), bench.holds(GOOD)), (TakenAs::Debited, LEFT));
}

#[test]
fn a_completion_is_presented_for_what_it_took() {
    let mut bench = bench();
    let held = Sale { kind: Kind::PreAuth, ..SALE };
    let completion = Sale { minor: 700, ..held.followed(Kind::Completion, 8) };
    bench.ask(&held.message());
    bench.ask(&completion.message());
    present(&mut bench, 0, &[entry(completion, EntryKind::Presentment)]);
    pass(&mut bench, 1..4);
    assert_eq!((bench.count("suspense-opened"), bench.holds(GOOD)), (0, WHOLE - 700));
    let undone = Sale { minor: 700, ..completion.followed(Kind::CompletionVoid, 9) };
    assert_eq!(bench.code(&undone.message()), "00");
    present(&mut bench, 4, &[entry(completion, EntryKind::Adjustment)]);
    pass(&mut bench, 5..8);
    assert_eq!((bench.count("suspense-opened"), bench.holds(GOOD)), (0, WHOLE));
}

#[test]
fn what_came_back_out_of_suspense_is_not_voided_as_well() {
    let mut bench = bench();
    bench.ask(&SALE.message());
    pass(&mut bench, 0..4);
    assert_eq!(left(&bench), Some((SuspenseEnd::Returned, Some(1))));
    assert_eq!((bench.code(&VOID.message()), bench.holds(GOOD)), ("22".into(), WHOLE));
}

#[test]
fn a_refund_that_is_presented_after_it_was_taken_back_is_given_once_more() {
    let mut bench = bench();
    bench.ask(&SALE.message());
    bench.ask(&REFUND.message());
    present(&mut bench, 0, &[entry(SALE, EntryKind::Presentment)]);
    pass(&mut bench, 1..4);
    assert_eq!(bench.holds(GOOD), LEFT);
    present(&mut bench, 4, &[entry(REFUND, EntryKind::Refund)]);
    assert_eq!((taken(&bench), bench.holds(GOOD)), (TakenAs::Credited, LEFT + 400));
    pass(&mut bench, 5..8);
    assert_eq!((bench.count("suspense-opened"), bench.holds(GOOD)), (1, LEFT + 400));
}

#[test]
fn b23_charges_what_it_voided_back_and_leaves_the_cardholder_the_money() {
    let mut bench = super::tests_claims::bench_with(Some(Defect::B23));
    bench.ask(&SALE.message());
    bench.ask(&VOID.message());
    present(&mut bench, 0, &[entry(SALE, EntryKind::Presentment)]);
    pass(&mut bench, 1..4);
    assert_eq!(left(&bench).map(|(class, _)| class), Some(SuspenseEnd::ChargedBack));
    assert_eq!(bench.holds(GOOD), WHOLE);
}

/// As a file has what was approved in the issuer's stead.
fn promised(sale: Sale, kind: EntryKind) -> FileEntry {
    FileEntry { is_promised: true, ..entry(sale, kind) }
}

/// As a switch tells of what it approved in the issuer's stead.
fn stood_in(sale: Sale) -> Message {
    let mut message = Sale { pin: None, ..sale }.message();
    message.set_mti(Mti::FINANCIAL_ADVICE);
    message
}

#[test]
fn a_promise_of_which_only_the_file_tells_is_kept_once_and_its_advice_comes_too_late() {
    let mut bench = bench();
    present(&mut bench, 0, &[promised(SALE, EntryKind::Presentment)]);
    assert_eq!((taken(&bench), bench.holds(GOOD)), (TakenAs::Debited, LEFT));
    assert!(!bench.texts.last().expect("a text").is_credit);
    bench.restart();
    assert_eq!(
        (bench.code(&stood_in(SALE)), bench.code(&SALE.message())),
        ("94".into(), "94".into())
    );
    pass(&mut bench, 1..4);
    assert_eq!((bench.count("suspense-opened"), bench.holds(GOOD)), (0, LEFT));
    present(&mut bench, 4, &[promised(SALE, EntryKind::Adjustment)]);
    assert_eq!((taken(&bench), bench.holds(GOOD)), (TakenAs::Credited, WHOLE));
    assert!(bench.texts.last().expect("a text").is_credit);
}

#[test]
fn a_promise_that_was_told_is_paid_from_its_debit() {
    let mut bench = bench();
    assert_eq!((bench.code(&stood_in(SALE)), bench.holds(GOOD)), ("00".into(), LEFT));
    present(&mut bench, 0, &[promised(SALE, EntryKind::Presentment)]);
    assert_eq!((taken(&bench), bench.holds(GOOD)), (TakenAs::Booked, LEFT));
}

#[test]
fn what_nobody_promised_and_nobody_told_is_charged_back() {
    for (defect, promised) in [(None, false), (Some(Defect::B24), true)] {
        let mut bench = super::tests_claims::bench_with(defect);
        let is_promised = promised;
        present(&mut bench, 0, &[FileEntry { is_promised, ..entry(SALE, EntryKind::Presentment) }]);
        assert_eq!((taken(&bench), bench.holds(GOOD)), (TakenAs::Booked, WHOLE));
        pass(&mut bench, 1..4);
        assert_eq!(left(&bench).map(|(class, _)| class), Some(SuspenseEnd::ChargedBack));
        assert_eq!(bench.holds(GOOD), WHOLE);
    }
}

#[test]
fn a_promise_presented_after_its_debit_went_back_is_kept_all_the_same() {
    let mut bench = bench();
    bench.ask(&stood_in(SALE));
    pass(&mut bench, 0..4);
    assert_eq!((left(&bench), bench.holds(GOOD)), (Some((SuspenseEnd::Returned, Some(1))), WHOLE));
    present(&mut bench, 4, &[promised(SALE, EntryKind::Presentment)]);
    assert_eq!((taken(&bench), bench.holds(GOOD)), (TakenAs::Debited, LEFT));
    assert_eq!(bench.code(&stood_in(SALE)), "00", "the advice again is answered as before");
    pass(&mut bench, 5..9);
    assert_eq!((bench.count("suspense-opened"), bench.holds(GOOD)), (1, LEFT));
}

#[test]
fn what_a_file_debited_again_no_reversal_gives_back_beside_its_adjustment() {
    let mut bench = bench();
    bench.ask(&stood_in(SALE));
    pass(&mut bench, 0..4);
    present(&mut bench, 4, &[promised(SALE, EntryKind::Presentment)]);
    assert_eq!((bench.code(&SALE.reversal()), bench.holds(GOOD)), ("00".into(), LEFT));
    present(&mut bench, 5, &[promised(SALE, EntryKind::Adjustment)]);
    assert_eq!((taken(&bench), bench.holds(GOOD)), (TakenAs::Credited, WHOLE));
}

#[test]
fn b25_posts_the_advice_of_what_a_file_had_it_debit() {
    let mut bench = super::tests_claims::bench_with(Some(Defect::B25));
    present(&mut bench, 0, &[promised(SALE, EntryKind::Presentment)]);
    let twice = LEFT - SALE.minor as i64;
    assert_eq!((bench.code(&stood_in(SALE)), bench.holds(GOOD)), ("00".into(), twice));
}

#[test]
fn a_claim_of_what_only_files_told_of_is_paid() {
    let mut bench = bench();
    present(&mut bench, 0, &[promised(SALE, EntryKind::Presentment)]);
    present(&mut bench, 1, &[promised(SALE, EntryKind::Adjustment)]);
    assert_eq!(bench.holds(GOOD), WHOLE);
    present(&mut bench, 2, &[promised(SALE, EntryKind::Claim)]);
    assert_eq!((taken(&bench), bench.holds(GOOD)), (TakenAs::Debited, LEFT));
    assert_eq!((bench.code(&stood_in(SALE)), bench.holds(GOOD)), ("94".into(), LEFT));
    pass(&mut bench, 3..7);
    assert_eq!((bench.count("suspense-opened"), bench.holds(GOOD)), (0, LEFT));
}

#[test]
fn the_reversal_of_a_void_that_was_taken_again_lets_go_what_the_void_had_brought_back_on_hold() {
    let mut bench = bench();
    let held = Sale { kind: Kind::PreAuth, ..SALE };
    let done = Sale { stan: 8, ..held.followed(Kind::Completion, 8) };
    let undone = done.followed(Kind::CompletionVoid, 9);
    for one in [held, done, undone] {
        assert_eq!(bench.code(&one.message()), "00");
    }
    present(&mut bench, 0, &[entry(done, EntryKind::Presentment)]);
    pass(&mut bench, 1..4);
    assert_eq!(left(&bench).map(|(class, _)| class), Some(SuspenseEnd::Retaken));
    assert_eq!((bench.code(&undone.reversal()), bench.holds(GOOD)), ("00".into(), LEFT));
    let let_go = bench.issuer_records().last().and_then(|record| match record {
        IssuerRecord::Reversed { hold, credited, .. } => Some((*hold, *credited)),
        _ => None,
    });
    assert_eq!(let_go, Some((-(SALE.minor as i64), 0)));
}

#[test]
fn the_reversal_of_a_void_that_was_refused_leaves_the_one_that_stands() {
    let mut bench = bench();
    bench.ask(&SALE.message());
    bench.ask(&VOID.message());
    let second = Sale { stan: 9, ..VOID };
    assert_eq!(bench.code(&second.message()), "22");
    assert_eq!((bench.code(&second.reversal()), bench.holds(GOOD)), ("12".into(), WHOLE));
    present(&mut bench, 0, &[entry(SALE, EntryKind::Presentment)]);
    pass(&mut bench, 1..4);
    assert_eq!(left(&bench).map(|(class, _)| class), Some(SuspenseEnd::Retaken));
    assert_eq!(bench.holds(GOOD), LEFT);
}
