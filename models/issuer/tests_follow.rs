//! Voids, pre-authorisations and completions at the issuer: what is taken, given back and held.

use super::bench::*;
use crate::iso8583::Element;
use crate::node::{Command, Event, Node};
use crate::record::{IssuerRecord, Kind};
use crate::time::{Date, Duration, Instant};

const HELD: Sale = Sale { kind: Kind::PreAuth, minor: 80_000, ..SALE };

/// What an inquiry under this STAN says may be spent.
fn told(bench: &mut Bench, stan: u32) -> u64 {
    bench.ask(&Sale { stan, ..SALE }.inquiry());
    let told = bench.issuer_records().last().and_then(|record| match record {
        IssuerRecord::Decided { balance, .. } => *balance,
        _ => None,
    });
    told.expect("an inquiry tells the balance")
}

#[test]
fn a_void_gives_back_what_its_sale_took_and_only_once() {
    let mut bench = Bench::new();
    let void = SALE.followed(Kind::Void, 8);
    assert_eq!(bench.code(&void.message()), "25");
    bench.ask(&SALE.message());
    let void = Sale { stan: 9, ..void };
    assert_eq!((bench.code(&void.message()), bench.holds(GOOD)), ("00".into(), 100_000));
    assert_eq!(bench.code(&void.message()), "00", "a copy gets the stored answer");
    assert_eq!(bench.code(&Sale { stan: 10, ..void }.message()), "22");
    assert_eq!(bench.holds(GOOD), 100_000);
}

#[test]
fn a_void_must_be_about_its_sale_in_full() {
    let mut bench = Bench::new();
    bench.ask(&SALE.message());
    let void = SALE.followed(Kind::Void, 8);
    let cases = [
        (Sale { minor: 999, ..void }, "64"),
        (Sale { stan: 9, pan: OTHER, ..void }, "12"),
        // The void of a completion is about a completion.
        (Sale { stan: 10, kind: Kind::CompletionVoid, ..void }, "12"),
    ];
    for (void, code) in cases {
        assert_eq!((bench.code(&void.message()), bench.holds(GOOD)), (code.into(), 99_000));
    }
}

#[test]
fn the_reversal_of_a_void_takes_the_money_again_and_lets_it_be_voided_again() {
    let mut bench = Bench::new();
    let void = SALE.followed(Kind::Void, 8);
    bench.ask(&SALE.message());
    bench.ask(&void.message());
    assert_eq!((bench.code(&void.reversal()), bench.holds(GOOD)), ("00".into(), 99_000));
    bench.restart();
    let again = Sale { stan: 9, ..void };
    assert_eq!((bench.code(&again.message()), bench.holds(GOOD)), ("00".into(), 100_000));
}

#[test]
fn the_reversal_of_a_voided_sale_gives_nothing_back_a_second_time() {
    let mut bench = Bench::new();
    bench.ask(&SALE.message());
    bench.ask(&SALE.followed(Kind::Void, 8).message());
    assert_eq!((bench.code(&SALE.reversal()), bench.holds(GOOD)), ("12".into(), 100_000));
}

#[test]
fn a_reversed_sale_is_not_voided() {
    let mut bench = Bench::new();
    bench.ask(&SALE.message());
    bench.ask(&SALE.reversal());
    let void = SALE.followed(Kind::Void, 8);
    assert_eq!((bench.code(&void.message()), bench.holds(GOOD)), ("22".into(), 100_000));
}

#[test]
fn a_pre_authorisation_holds_what_it_does_not_take() {
    let mut bench = Bench::new();
    assert_eq!((bench.code(&HELD.message()), bench.holds(GOOD)), ("00".into(), 100_000));
    assert_eq!(told(&mut bench, 20), 20_000);
    let sale = |stan, minor| Sale { stan, minor, ..SALE }.message();
    assert_eq!(bench.code(&sale(21, 20_001)), "51");
    assert_eq!(bench.code(&sale(22, 20_000)), "00");
    bench.restart();
    assert_eq!(told(&mut bench, 23), 0);
}

#[test]
fn a_completion_takes_its_part_and_lets_the_rest_go() {
    let mut bench = Bench::new();
    bench.ask(&HELD.message());
    let part = Sale { minor: 50_000, ..HELD.followed(Kind::Completion, 8) };
    assert_eq!(bench.code(&Sale { minor: 80_001, ..part }.message()), "64");
    let part = Sale { stan: 9, ..part };
    assert_eq!((bench.code(&part.message()), bench.holds(GOOD)), ("00".into(), 50_000));
    assert_eq!(told(&mut bench, 20), 50_000);
    assert_eq!(bench.code(&Sale { stan: 10, ..part }.message()), "22");
}

#[test]
fn the_void_of_a_completion_holds_the_money_again() {
    let mut bench = Bench::new();
    bench.ask(&HELD.message());
    let part = Sale { minor: 50_000, ..HELD.followed(Kind::Completion, 8) };
    bench.ask(&part.message());
    let void = part.followed(Kind::CompletionVoid, 9);
    assert_eq!((bench.code(&void.message()), bench.holds(GOOD)), ("00".into(), 100_000));
    assert_eq!(told(&mut bench, 20), 20_000);
    bench.ask(&void.reversal());
    assert_eq!((bench.holds(GOOD), told(&mut bench, 21)), (50_000, 50_000));
}

#[test]
fn a_voided_pre_authorisation_holds_nothing_and_is_not_completed() {
    let mut bench = Bench::new();
    bench.ask(&HELD.message());
    let void = HELD.followed(Kind::PreAuthVoid, 8);
    assert_eq!((bench.code(&void.message()), told(&mut bench, 20)), ("00".into(), 100_000));
    assert_eq!(bench.code(&HELD.followed(Kind::Completion, 9).message()), "22");
    bench.ask(&void.reversal());
    assert_eq!(told(&mut bench, 21), 20_000);
}

#[test]
fn a_hold_that_nobody_ends_expires_and_is_not_completed_afterwards() {
    let mut bench = Bench::new();
    bench.ask(&HELD.message());
    cut_over(&mut bench, 4, 29);
    assert_eq!(bench.count("hold-expired"), 0);
    cut_over(&mut bench, 4, 30);
    assert_eq!(bench.count("hold-expired"), 1);
    bench.restart();
    assert_eq!((told(&mut bench, 20), bench.count("hold-expired")), (100_000, 1));
    let completion = Sale { minor: 50_000, ..HELD.followed(Kind::Completion, 9) };
    assert_eq!((bench.code(&completion.message()), bench.holds(GOOD)), ("22".into(), 100_000));
    assert_eq!((bench.code(&HELD.reversal()), told(&mut bench, 21)), ("00".into(), 100_000));
}

fn cut_over(bench: &mut Bench, month: u8, day: u8) {
    let date = Date { year: 2026, month, day };
    bench.command(Command::CutOver { date, window: Duration::ZERO });
}

/// The bench holds for thirty dates: what was placed on the 31st of March is over on the 30th of
/// April.
#[test]
fn a_hold_that_the_void_of_a_late_completion_brings_back_is_over_at_once() {
    for is_reversed in [false, true] {
        let mut bench = Bench::new();
        bench.ask(&HELD.message());
        let part = Sale { minor: 50_000, ..HELD.followed(Kind::Completion, 8) };
        bench.ask(&part.message());
        cut_over(&mut bench, 4, 30);
        assert_eq!(bench.count("hold-expired"), 0, "nothing is held");
        match is_reversed {
            true => bench.ask(&part.reversal()),
            false => bench.ask(&part.followed(Kind::CompletionVoid, 9).message()),
        };
        assert_eq!((told(&mut bench, 20), bench.count("hold-expired")), (100_000, 1));
    }
}

#[test]
fn a_pre_authorisation_that_was_held_up_past_a_cut_over_holds_from_then_on() {
    let mut bench = Bench::new();
    cut_over(&mut bench, 4, 29);
    bench.ask(&HELD.message());
    cut_over(&mut bench, 4, 30);
    assert_eq!(told(&mut bench, 20), 20_000);
    bench.restart();
    cut_over(&mut bench, 5, 28);
    assert_eq!((told(&mut bench, 21), bench.count("hold-expired")), (20_000, 0));
    cut_over(&mut bench, 5, 29);
    assert_eq!((told(&mut bench, 22), bench.count("hold-expired")), (100_000, 1));
}

#[test]
fn what_a_void_brought_back_and_expired_is_not_let_go_twice_when_the_void_is_reversed() {
    let mut bench = Bench::new();
    bench.ask(&HELD.message());
    let part = Sale { minor: 50_000, ..HELD.followed(Kind::Completion, 8) };
    bench.ask(&part.message());
    let void = part.followed(Kind::CompletionVoid, 9);
    bench.ask(&void.message());
    cut_over(&mut bench, 4, 30);
    assert_eq!((bench.holds(GOOD), told(&mut bench, 20)), (100_000, 100_000));
    bench.ask(&void.reversal());
    assert_eq!((bench.holds(GOOD), told(&mut bench, 21)), (50_000, 50_000));
}

/// It is midnight in the issuer's zone, eight hours ahead of UTC.
#[test]
fn a_hold_ends_at_the_moment_that_its_request_named_in_whatever_zone() {
    for until in ["20260331001000+0800", "20260331011000+0900", "20260330111000-0500"] {
        let mut bench = Bench::new();
        bench.ask(&HELD.message().with(Element::VALIDITY, until));
        assert_eq!(bench.issuer.deadline(), Some(Instant(600_000_000)));
        bench.now = Instant(599_999_999);
        bench.event(Event::DeadlineReached);
        assert_eq!((told(&mut bench, 20), bench.count("hold-expired")), (20_000, 0));
        bench.restart();
        bench.now = Instant(600_000_000);
        bench.event(Event::DeadlineReached);
        assert_eq!((told(&mut bench, 21), bench.count("hold-expired")), (100_000, 1));
        assert_eq!(bench.issuer.deadline(), None);
    }
    let mut bench = Bench::new();
    let wrong = HELD.message().with(Element::VALIDITY, "20260331001000");
    assert_eq!(bench.code(&wrong), "30");
}

#[test]
fn b13_takes_the_moment_for_utc() {
    use crate::defect::Defect;
    let deadline = [Bench::new(), Bench::with_defect(Defect::B13)].map(|mut bench| {
        bench.ask(&HELD.message().with(Element::VALIDITY, "20260331001000+0100"));
        bench.issuer.deadline().map(|at| at.0 / 60_000_000)
    });
    assert_eq!(deadline, [Some(10 + 7 * 60), Some(10 + 8 * 60)]);
}

#[test]
fn i30_leaves_a_hold_that_power_kept_from_expiring() {
    use crate::defect::Defect;
    let left = [Bench::new(), Bench::with_defect(Defect::I30)].map(|mut bench| {
        bench.ask(&HELD.message());
        bench.cut_after = Some("cut-over");
        cut_over(&mut bench, 4, 30);
        told(&mut bench, 20)
    });
    assert_eq!(left, [100_000, 20_000]);
}

#[test]
fn i31_tells_with_a_refusal_what_the_account_holds() {
    use crate::defect::Defect;
    let tells = [Bench::new(), Bench::with_defect(Defect::I31)].map(|mut bench| {
        let answer = bench.ask(&Sale { minor: 100_001, ..SALE }.message());
        answer.has(Element::ADDITIONAL_AMOUNTS)
    });
    assert_eq!(tells, [false, true]);
}

#[test]
fn i12_keeps_what_a_completion_did_not_take() {
    use crate::defect::Defect;
    let left = [Bench::new(), Bench::with_defect(Defect::I12)].map(|mut bench| {
        bench.ask(&HELD.message());
        bench.ask(&Sale { minor: 50_000, ..HELD.followed(Kind::Completion, 8) }.message());
        told(&mut bench, 20)
    });
    assert_eq!(left, [50_000, 20_000]);
}

#[test]
fn refunds_give_back_no_more_than_their_sale_took_and_a_copy_nothing() {
    let mut bench = Bench::new();
    bench.ask(&SALE.message());
    let part = Sale { minor: 600, ..SALE.followed(Kind::Refund, 8) };
    assert_eq!((bench.code(&part.message()), bench.holds(GOOD)), ("00".into(), 99_600));
    assert_eq!(bench.code(&repeat(part.message())), "00", "a copy gets the stored answer");
    bench.restart();
    assert_eq!(bench.code(&repeat(part.message())), "00");
    let more = Sale { stan: 9, minor: 401, ..part };
    assert_eq!((bench.code(&more.message()), bench.holds(GOOD)), ("61".into(), 99_600));
    let rest = Sale { stan: 10, minor: 400, ..part };
    assert_eq!((bench.code(&rest.message()), bench.holds(GOOD)), ("00".into(), 100_000));
    assert_eq!(bench.code(&Sale { stan: 11, minor: 1_001, ..part }.message()), "64");
    assert_eq!(bench.code(&SALE.followed(Kind::Void, 12).message()), "22");
}

#[test]
fn a_reversal_gives_back_only_what_was_not_refunded() {
    let mut bench = Bench::new();
    bench.ask(&SALE.message());
    bench.ask(&Sale { minor: 600, ..SALE.followed(Kind::Refund, 8) }.message());
    assert_eq!((bench.code(&SALE.reversal()), bench.holds(GOOD)), ("00".into(), 100_000));
    let late = SALE.followed(Kind::Refund, 9);
    assert_eq!((bench.code(&late.message()), bench.holds(GOOD)), ("22".into(), 100_000));
}

#[test]
fn a_refund_of_what_nobody_knows_is_answered_by_policy_and_booked_by_none() {
    for (code, name) in [("25", "no original"), ("12", "invalid"), ("22", "suspicious")] {
        let unknown_original_code = crate::iso8583::ResponseCode::parse(code.as_bytes()).unwrap();
        let mut bench = Bench::with(super::Config { unknown_original_code, ..config() });
        let refund = SALE.followed(Kind::Refund, 8);
        assert_eq!(
            (bench.code(&refund.message()), bench.holds(GOOD)),
            (code.into(), 100_000),
            "{name}"
        );
    }
}

#[test]
fn a_refund_is_taken_in_a_cut_over_and_not_answered_in_maintenance() {
    let mut bench = Bench::new();
    bench.ask(&SALE.message());
    let window = Duration::secs(60);
    let date = Date { year: 2026, month: 4, day: 1 };
    bench.command(Command::CutOver { date, window });
    assert_eq!(bench.code(&SALE.followed(Kind::Refund, 8).message()), "00");
    bench.command(Command::Maintenance { window });
    bench.send(&SALE.followed(Kind::Refund, 9).message());
    assert_eq!(bench.answer(), None);
}

#[test]
fn i11_two_refunds_at_once_give_back_more_than_was_taken() {
    use crate::defect::Defect;
    let left = [Bench::new(), Bench::with_defect(Defect::I11)].map(|mut bench| {
        bench.ask(&SALE.message());
        bench.is_slow = true;
        bench.send(&SALE.followed(Kind::Refund, 8).message());
        bench.send(&SALE.followed(Kind::Refund, 9).message());
        bench.commit();
        bench.commit();
        bench.holds(GOOD)
    });
    assert_eq!(left, [100_000, 101_000]);
}

/// The advice of a sale that a switch approved in the issuer's stead.
fn stood_in(sale: Sale) -> crate::iso8583::Message {
    let mut message = Sale { pin: None, ..sale }.message();
    message.set_mti(crate::iso8583::Mti::FINANCIAL_ADVICE);
    message
}

#[test]
fn a_sale_that_was_approved_in_its_stead_is_booked_once_whatever_came_first() {
    let mut bench = Bench::new();
    assert_eq!((bench.code(&stood_in(SALE)), bench.holds(GOOD)), ("00".into(), 99_000));
    assert_eq!((bench.code(&repeat(stood_in(SALE))), bench.holds(GOOD)), ("00".into(), 99_000));
    assert_eq!((bench.code(&SALE.message()), bench.holds(GOOD)), ("00".into(), 99_000));
    bench.restart();
    let other = Sale { stan: 8, ..SALE };
    assert_eq!((bench.code(&other.message()), bench.holds(GOOD)), ("00".into(), 98_000));
    assert_eq!((bench.code(&stood_in(other)), bench.holds(GOOD)), ("00".into(), 98_000));
    assert_eq!((bench.code(&other.reversal()), bench.holds(GOOD)), ("00".into(), 99_000));
    assert_eq!((bench.code(&repeat(stood_in(other))), bench.holds(GOOD)), ("00".into(), 99_000));
}

#[test]
fn what_it_refused_is_booked_all_the_same_when_somebody_approved_it_in_its_stead() {
    let mut bench = Bench::new();
    let large = Sale { minor: 100_001, ..SALE };
    assert_eq!((bench.code(&large.message()), bench.holds(GOOD)), ("51".into(), 100_000));
    assert_eq!((bench.code(&stood_in(large)), bench.holds(GOOD)), ("00".into(), -1));
    bench.restart();
    assert_eq!((bench.code(&large.message()), bench.holds(GOOD)), ("00".into(), -1));
    assert_eq!((bench.code(&large.reversal()), bench.holds(GOOD)), ("00".into(), 100_000));
}

#[test]
fn what_was_reversed_before_it_was_told_is_not_booked() {
    let mut bench = Bench::new();
    assert_eq!(bench.code(&SALE.reversal()), "25");
    assert_eq!((bench.code(&stood_in(SALE)), bench.holds(GOOD)), ("94".into(), 100_000));
}
