//! Trade cards at the issuer: where the money is after each of what can happen to a hold.

use super::Config;
use super::bench::*;
use crate::card::Pan;
use crate::defect::{Defect, Defects};
use crate::node::Command;
use crate::record::{Account, IssuerRecord, Kind};
use crate::time::Duration;

const HELD: Sale = Sale { kind: Kind::PreAuth, minor: 80_000, ..SALE };

fn bench(defects: Defects) -> Bench {
    let mut config = Config { hold_days: 1, defects, ..config() };
    config.accounts[0].escrow = true;
    Bench::with(config)
}

/// What the card has, and what lies in escrow.
fn books(bench: &Bench) -> (i64, i64) {
    let of = |record: &IssuerRecord| match record {
        IssuerRecord::Decided { legs, .. }
        | IssuerRecord::Reversed { legs, .. }
        | IssuerRecord::HoldExpired { legs, .. } => {
            let own = legs.iter().filter(|leg| leg.account == Account::Escrow);
            own.map(|leg| leg.minor).sum::<i64>()
        }
        _ => 0,
    };
    (bench.holds(GOOD) - FUNDS as i64, bench.issuer_records().map(of).sum())
}

fn date_ends(bench: &mut Bench) {
    bench.command(Command::CutOver { date: TODAY.next(), window: Duration::ZERO });
}

#[test]
fn a_hold_lies_in_escrow_until_it_is_completed_voided_or_over() {
    for (follow, after) in [(Kind::Completion, -80_000), (Kind::PreAuthVoid, 0)] {
        let mut bench = bench(Defects::NONE);
        assert_eq!(bench.code(&HELD.message()), "00");
        assert_eq!(books(&bench), (-80_000, 80_000));
        bench.restart();
        assert_eq!(bench.code(&Sale { minor: 20_001, stan: 9, ..SALE }.message()), "51");
        assert_eq!(bench.code(&HELD.followed(follow, 8).message()), "00");
        assert_eq!(books(&bench), (after, 0));
    }
    let mut bench = bench(Defects::NONE);
    bench.ask(&HELD.message());
    date_ends(&mut bench);
    assert_eq!(books(&bench), (0, 0));
}

#[test]
fn a_part_is_paid_out_and_the_rest_returns_and_a_void_puts_all_of_it_back() {
    let mut bench = bench(Defects::NONE);
    bench.ask(&HELD.message());
    let part = Sale { minor: 50_000, ..HELD.followed(Kind::Completion, 8) };
    assert_eq!(bench.code(&part.message()), "00");
    assert_eq!(books(&bench), (-50_000, 0));
    let void = part.followed(Kind::CompletionVoid, 9);
    assert_eq!(bench.code(&void.message()), "00");
    assert_eq!(books(&bench), (-80_000, 80_000));
    assert_eq!(bench.code(&void.reversal()), "00");
    assert_eq!(books(&bench), (-50_000, 0));
}

#[test]
fn what_is_reversed_leaves_escrow_as_it_was() {
    let mut bench = bench(Defects::NONE);
    bench.ask(&HELD.message());
    let completion = HELD.followed(Kind::Completion, 8);
    bench.ask(&completion.message());
    assert_eq!(bench.code(&completion.reversal()), "00");
    assert_eq!(books(&bench), (-80_000, 80_000));
    assert_eq!(bench.code(&HELD.reversal()), "00");
    assert_eq!(bench.code(&HELD.reversal()), "00");
    assert_eq!(books(&bench), (0, 0));
}

#[test]
fn money_that_stays_in_escrow_when_its_hold_is_over_is_nobodys() {
    let mut bench = bench(Defects::NONE.with(Defect::I26));
    bench.ask(&HELD.message());
    date_ends(&mut bench);
    assert_eq!(books(&bench), (-80_000, 80_000));
    let Some(IssuerRecord::HoldExpired { pan, minor, .. }) = bench.issuer_records().last() else {
        panic!("the hold is over")
    };
    assert_eq!((*pan, *minor), (Pan::new(GOOD.as_bytes()).unwrap(), 80_000));
}
