//! Purchases of members that lie in escrow until they are confirmed: ST24.

use super::told::{ISSUER, TERMINAL, tell};
use reversim_models::card::Amount;
use reversim_models::device::Display;
use reversim_models::iso8583::Mti;

#[test]
fn what_the_buyer_confirms_is_paid_out_of_escrow_once() {
    let told = tell("ST24-confirmed");
    let without = Display::Balance(Amount::cny(1_000_000 - 80_000));
    assert_eq!(told.screens(3).last(), Some(&without), "the money has left the account");
    assert_eq!(told.screens(4).last(), Some(&Display::InDoubt));
    assert_eq!(told.screens(5).last(), Some(&without), "it is in escrow again, not on the account");
    assert_eq!([2, 4, 6].map(|step| told.receipts(step)), [1, 0, 1]);
    assert_eq!(told.escrow(), [80_000, 0, 80_000, 0]);
    assert_eq!(told.texts(), [(false, 80_000), (true, 80_000), (false, 80_000)]);
    assert_eq!((told.net_of_account(0), told.net_of_account(1)), (80_000, 0));
    assert_eq!(told.settled()[0], [80_000]);
    assert_eq!(told.sent(TERMINAL, Mti::REVERSAL_REQUEST, 4).len(), 1);
}

#[test]
fn what_nobody_confirms_returns_when_its_time_is_over() {
    let told = tell("ST24-not-confirmed");
    assert_eq!(told.escrow(), [80_000, 0]);
    assert_eq!(told.count(ISSUER, "hold-expired"), 1);
    assert!(matches!(told.screens(4).last(), Some(Display::Declined(_))), "{:?}", told.screens(4));
    let whole = Display::Balance(Amount::cny(1_000_000));
    assert_eq!(told.screens(5).last(), Some(&whole));
    assert_eq!((told.texts(), told.receipts(4)), (vec![], 0));
}
