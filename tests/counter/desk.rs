//! The acquirer's desk: what a merchant is told of a voucher, and which claims are not taken. Not
//! what becomes of a claim that is.

use super::day::{Day, SWITCH, day};
use reversim::history::What;
use reversim_models::claim::{ClaimRefusal, DeskNote, VoucherState};
use reversim_models::device::Output;

/// What the desk said about a step.
fn said(day: &Day, step: u32) -> DeskNote {
    let notes = day.about(step, |party, what| match what {
        What::Told { output: Output::Desk(note), .. } if party == SWITCH => Some(*note),
        _ => None,
    });
    assert_eq!(notes.len(), 1, "step {step}: {notes:?}");
    notes[0]
}

#[test]
fn nothing_is_claimed_that_was_declined_given_back_or_stands() {
    let day = day(
        "[topology]\nclearing = 1\n[[topology.cards]]\nday-limit = 40000",
        &[
            "- terminal-1 sign-on",
            "- terminal-1 sale 50000 1",
            "- terminal-1 sale 1000 1",
            "- terminal-1 { refund = { of = 3, amount = 400 } }",
            "- terminal-1 sale 2000 1",
            "- terminal-1 { void = { of = 5 } }",
            "- terminal-1 sale 3000 1",
            "200000 switch-1 { look-up = { of = 2 } }",
            "201000 switch-1 { claim = { of = 2 } }",
            "202000 switch-1 { look-up = { of = 3 } }",
            "203000 switch-1 { claim = { of = 3 } }",
            "204000 switch-1 { look-up = { of = 5 } }",
            "205000 switch-1 { claim = { of = 5 } }",
            "206000 switch-1 { look-up = { of = 7 } }",
            "207000 switch-1 { claim = { of = 7 } }",
        ],
        "",
    );
    let told = |state, why| [DeskNote::State(state), DeskNote::ClaimRefused(why)];
    let notes = (8..=15).map(|step| said(&day, step)).collect::<Vec<_>>();
    assert_eq!(notes[..2], told(VoucherState::Declined, ClaimRefusal::Declined));
    assert_eq!(notes[2..4], told(VoucherState::Undone, ClaimRefusal::Undone), "a part is back");
    assert_eq!(notes[4..6], told(VoucherState::Undone, ClaimRefusal::Undone), "voided");
    assert_eq!(notes[6..], told(VoucherState::Approved, ClaimRefusal::Stands));
}

#[test]
fn what_was_taken_back_may_be_claimed_for_so_many_business_dates() {
    for (dates, refused) in [(2, false), (3, true)] {
        let mut steps = vec!["- terminal-1 sign-on".to_owned(), "- terminal-1 sale 50000 1".into()];
        steps.extend((1..=dates).map(|n| format!("{} switch-1 cut-over 0", 200_000 * n)));
        steps.push(format!("{} switch-1 {{ claim = {{ of = 2 }} }}", 200_000 * (dates + 1)));
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        let lost = "[[fault]]\n\
                    drop = { from = \"issuer-1\", to = \"switch-1\", mti = \"0210\", step = 2 }\n";
        let setting = "[topology]\nclearing = 1\n[policy]\nclaim-days = 2";
        let day = day(setting, &steps, lost);
        let note = said(&day, u32::try_from(steps.len()).expect("few"));
        let is_late = note == DeskNote::ClaimRefused(ClaimRefusal::TooLate);
        assert_eq!(is_late, refused, "after {dates} dates: {note:?}");
    }
}
