//! What follows a slip: how much may be voided, refunded and added. Not what a terminal refuses by
//! itself.

use super::day::{SWITCH, day};
use reversim_models::device::Display;
use reversim_models::iso8583::Mti;

#[test]
fn a_tip_is_so_many_percent_of_its_sale_and_all_tips_together() {
    let day = day(
        "[policy]\ntip-percent = 20",
        &[
            "- terminal-1 sign-on",
            "- terminal-1 sale 10000 1",
            "- terminal-1 { tip = { of = 2, amount = 2001 } }",
            "- terminal-1 { tip = { of = 2, amount = 1500 } }",
            "- terminal-1 { tip = { of = 2, amount = 501 } }",
            "- terminal-1 { tip = { of = 2, amount = 500 } }",
        ],
        "",
    );
    assert_eq!(day.codes(2..=6), "ok 61 ok 61 ok");
}

#[test]
fn what_was_refunded_in_part_is_not_voided() {
    let day = day(
        "",
        &[
            "- terminal-1 sign-on",
            "- terminal-1 sale 1000 1",
            "- terminal-1 { refund = { of = 2, amount = 400 } }",
            "- terminal-1 { void = { of = 2 } }",
        ],
        "",
    );
    assert_eq!(day.codes(2..=3), "ok ok");
    assert!(!matches!(day.end(4).0, Display::Approved(_)), "{:?}", day.end(4));
    assert_eq!(day.sent(SWITCH, Mti::FINANCIAL_REQUEST, 4), 0, "its acquirer knows that much");
}
