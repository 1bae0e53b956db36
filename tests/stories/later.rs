//! What is found later, undone, or settled: ST05 to ST07, ST09, ST17, ST18, ST20, ST22, ST23, ST26
//! and ST27.

use super::told::{ISSUER, SWITCH, TERMINAL, Told, tell};
use reversim_models::card::Amount;
use reversim_models::device::Display;
use reversim_models::iso8583::{Mti, ResponseCode};
use reversim_models::record::{IssuerRecord, Record, SwitchRecord, TerminalRecord};

#[test]
fn a_void_whose_answer_is_lost_is_taken_back_and_made_again() {
    let told = tell("ST05-void");
    assert_eq!(told.screens(3), [Display::WrongPassword]);
    assert_eq!(told.screens(4).last(), Some(&Display::InDoubt));
    let reversal = told.sent(TERMINAL, Mti::REVERSAL_REQUEST, 4);
    let inquiry = told.sent(TERMINAL, Mti::FINANCIAL_REQUEST, 5);
    assert!(reversal[0] < inquiry[0]);
    assert_eq!((told.receipts(2), told.receipts(4), told.receipts(6)), (1, 0, 1));
    let (taken, given) = ((false, 50_000), (true, 50_000));
    assert_eq!(told.texts(), [taken, given, taken, given]);
    assert_eq!(told.net_debit(1), 0);
    assert_eq!(told.screens(7).last(), Some(&Display::Settled(true)));
    assert_eq!(told.settled()[0], [50_000, 50_000], "the sale and its void");
}

#[test]
fn what_the_rules_of_the_acquirer_decline_is_no_debit_and_what_is_reversed_does_not_count() {
    let told = tell("ST16-too-small-too-often-too-near");
    let too_often = Display::Declined(ResponseCode::EXCEEDS_COUNT_LIMIT);
    assert_eq!(told.screens(3).last(), Some(&Display::Declined(ResponseCode::INVALID_AMOUNT)));
    assert_eq!(told.screens(4).last(), Some(&Display::InDoubt));
    assert_eq!([5, 6, 9].map(|step| told.receipts(step)), [1, 1, 1]);
    assert_eq!([7, 8].map(|step| told.screens(step).last().copied()), [Some(too_often); 2]);
    assert_eq!(told.net_debit(1), 50_000 + 20_000 + 30_000);
}

#[test]
fn what_was_keyed_too_small_is_made_up_by_a_second_sale_for_the_same_purchase() {
    let told = tell("ST17-the-difference");
    assert_eq!(told.screens(3).last(), Some(&Display::InDoubt));
    let reversal = told.sent(TERMINAL, Mti::REVERSAL_REQUEST, 3);
    let again = told.sent(TERMINAL, Mti::FINANCIAL_REQUEST, 4);
    assert!(reversal[0] < again[0]);
    assert_eq!((told.receipts(2), told.receipts(3), told.receipts(4)), (1, 0, 1));
    assert_eq!(told.net_debit(1), 5_000 + 45_000, "the sum of both");
    assert_eq!(told.screens(5).last(), Some(&Display::Settled(true)));
}

#[test]
fn what_is_paid_out_at_once_is_refunded_and_not_voided() {
    let told = tell("ST18-paid-out-at-once");
    let refused = Display::Declined(ResponseCode::INVALID_TRANSACTION);
    assert_eq!(told.screens(3).last(), Some(&refused));
    assert_eq!([2, 4, 5, 6].map(|step| told.receipts(step)), [1, 1, 0, 1]);
    assert_eq!((told.net_debit(1), told.net_debit(2)), (30_000, 40_000));
    let paid = told.records(SWITCH).filter_map(|record| match record {
        Record::Switch(SwitchRecord::PaidOut { minor, .. }) => Some(*minor),
        _ => None,
    });
    assert_eq!(paid.collect::<Vec<_>>(), [50_000, 20_000], "no payout is negative");
}

#[test]
fn a_true_double_charge_stands_until_somebody_voids_one_of_the_two() {
    let told = tell("ST20-two-slips");
    assert_eq!((told.receipts(2), told.receipts(3), told.receipts(4)), (1, 1, 1));
    let taken = (false, 50_000);
    assert_eq!(told.texts(), [taken, taken, (true, 50_000)], "nothing automatic hides it");
    assert_eq!(told.count(TERMINAL, "reversal-due"), 0);
    assert_eq!(told.net_debit(1), 50_000, "one amount after the void");
    assert_eq!(told.screens(5).last(), Some(&Display::Settled(true)));
}

#[test]
fn goods_come_back_on_a_later_day_and_a_refund_without_an_answer_counts_once() {
    let told = tell("ST06-refund");
    assert_eq!(told.screens(5)[0], Display::WillTellAgain);
    let again = told.sent(TERMINAL, Mti::FINANCIAL_ADVICE_REPEAT, 5);
    assert!(again.len() == 1 && again[0] < told.sent(TERMINAL, Mti::FINANCIAL_REQUEST, 6)[0]);
    assert_eq!(told.sent(SWITCH, Mti::FINANCIAL_ADVICE, 5).len(), 1, "the issuer hears of it once");
    assert_eq!(told.screens(8), [Display::Declined(ResponseCode::EXCEEDS_AMOUNT_LIMIT)]);
    assert_eq!([5, 7, 8].map(|step| told.receipts(step)), [1, 1, 0]);
    assert_eq!(told.texts(), [(false, 50_000), (true, 20_000), (true, 20_000)]);
    assert_eq!((told.net_debit(1), told.count(TERMINAL, "exception-opened")), (10_000, 0));
    assert_eq!(told.settled()[..2], [vec![50_000], vec![20_000, 20_000]]);
    let statements = [(300, 49_700), (0, -40_000)];
    assert_eq!(told.paid(), statements, "the merchant gets no fee back");
}

#[test]
fn a_void_that_only_the_issuer_knows_of_is_taken_back_from_the_cardholder() {
    let told = tell("ST05-void-on-one-side");
    assert!(told.screens(4).contains(&Display::ReversalFailed));
    assert_eq!(told.texts(), [(false, 50_000), (true, 50_000), (false, 50_000)]);
    assert_eq!((told.net_debit(1), told.paid()), (50_000, vec![(300, 49_700)]));
    assert_eq!(told.settled()[0], [50_000]);
    assert_eq!(
        (told.count(ISSUER, "suspense-opened"), told.count(ISSUER, "suspense-closed")),
        (1, 1)
    );
}

#[test]
fn a_completion_whose_answer_is_lost_leaves_nothing_held_in_the_end() {
    let told = tell("ST26-completion");
    assert_eq!(told.screens(3).last(), Some(&Display::InDoubt));
    assert_eq!(told.screens(4).last(), Some(&Display::Balance(Amount::cny(1_000_000 - 80_000))));
    assert_eq!(told.screens(5).last(), Some(&Display::Approved(Amount::cny(50_000))));
    assert_eq!(told.net_debit(1), 50_000);
    let holds = told.records(ISSUER).filter_map(|record| match record {
        Record::Issuer(
            IssuerRecord::Decided { hold, .. } | IssuerRecord::Reversed { hold, .. },
        ) => Some(*hold),
        _ => None,
    });
    assert_eq!(holds.sum::<i64>(), 0);
    assert_eq!(told.settled()[0], [50_000]);
    assert_eq!(told.paid(), [(300, 49_700)], "nothing is paid for what was only held");
}

#[test]
fn a_completion_that_is_told_as_done_is_paid_although_its_advice_never_comes() {
    let told = tell("ST26-told-as-done");
    assert_eq!(told.screens(3).last(), Some(&Display::Approved(Amount::cny(50_000))));
    assert_eq!(told.sent(SWITCH, Mti::FINANCIAL_ADVICE, 3).len(), 1);
    assert_eq!(told.sent(SWITCH, Mti::FINANCIAL_ADVICE_REPEAT, 3).len(), 1);
    assert_eq!(told.count(SWITCH, "exception-opened"), 1);
    assert_eq!((told.net_debit(1), told.paid()), (50_000, vec![(300, 49_700)]));
    assert_eq!(told.settled()[0], [50_000]);
    assert_eq!(told.count(ISSUER, "suspense-opened"), 0);
}

#[test]
fn a_reversal_that_cannot_be_delivered_becomes_an_exception_item() {
    let told = tell("ST07-reversal-cannot-be-delivered");
    one_sided(&told);
    assert_eq!(told.sent(TERMINAL, Mti::REVERSAL_REQUEST, 2).len(), 3);
}

#[test]
fn the_appliance_shop_that_was_not_reversed_is_one_sided() {
    one_sided(&tell("ST27-appliance-shop-not-reversed"));
}

/// The cardholder misses 500.00, no slip, not settled, and exactly one item says so.
fn one_sided(told: &Told) {
    assert!(told.screens(3).contains(&Display::ReversalFailed), "{}", told.name);
    assert_eq!(told.receipts(2), 0, "{}", told.name);
    let item = told.records(TERMINAL).find_map(|record| match record {
        Record::Terminal(TerminalRecord::ExceptionOpened { ticket, amount, attempts, .. }) => {
            Some((ticket.0, amount.minor, *attempts))
        }
        _ => None,
    });
    assert_eq!(item, Some((2, 50_000, 3)), "{}", told.name);
    assert_eq!(told.count(TERMINAL, "exception-opened"), 1, "{}", told.name);
    assert_eq!(told.net_debit(1), 50_000, "{}", told.name);
    assert_eq!(told.texts(), [(false, 50_000)], "{}", told.name);
    assert!(matches!(told.screens(4).last(), Some(Display::Settled(_))), "{}", told.name);
}

#[test]
fn a_sale_keeps_its_old_date_and_its_reversal_belongs_to_the_new_one() {
    let told = tell("ST22-cut-over-in-flight");
    let dates = told.records(ISSUER).filter_map(|record| match record {
        Record::Issuer(IssuerRecord::Decided { legs, business_date, .. }) if !legs.is_empty() => {
            Some(("sale", business_date.mmdd()))
        }
        Record::Issuer(IssuerRecord::Reversed { business_date, .. }) => {
            Some(("reversal", business_date.mmdd()))
        }
        _ => None,
    });
    assert_eq!(dates.collect::<Vec<_>>(), [("sale", 530), ("reversal", 531)]);
    assert_eq!(told.screens(4).last(), Some(&Display::Settled(true)));
    assert_eq!((told.net_debit(1), &told.settled()[0]), (0, &vec![]));
}

#[test]
fn the_appliance_shop_that_was_reversed_gives_no_goods_and_gets_no_money() {
    let told = tell("ST27-appliance-shop-reversed");
    assert_eq!(told.screens(2), [Display::InDoubt]);
    assert_eq!(told.receipts(2), 0);
    told.shown(3, Display::ReversalSucceeded);
    assert_eq!(told.screens(3).last(), Some(&Display::Balance(Amount::cny(1_000_000))));
    assert_eq!(told.texts(), [(false, 50_000), (true, 50_000)]);
    assert_eq!((told.net_debit(1), told.settled()), (0, vec![vec![]]));
}

#[test]
fn what_nobody_presents_is_parked_and_returned_and_the_cardholder_is_told() {
    for told in [tell("ST07-returned-by-t-plus-3"), tell("ST23-parked-and-released")] {
        assert_eq!(told.net_debit(1), 0, "{}", told.name);
        assert_eq!(told.texts(), [(false, 50_000), (true, 50_000)], "{}", told.name);
        assert_eq!(told.count(ISSUER, "suspense-opened"), 1, "{}", told.name);
        assert_eq!(told.count(ISSUER, "suspense-closed"), 1, "{}", told.name);
        assert_eq!(told.paid(), [], "{}", told.name);
    }
}

#[test]
fn what_was_presented_and_falls_is_adjusted_with_its_fee() {
    for told in [tell("ST09-one-sided-and-returned"), tell("ST22-presented-and-adjusted")] {
        assert_eq!(told.paid(), [(300, 49_700), (-300, -49_700)], "{}", told.name);
        assert_eq!(told.net_debit(1), 0, "{}", told.name);
        assert_eq!(told.texts(), [(false, 50_000), (true, 50_000)], "{}", told.name);
    }
}
