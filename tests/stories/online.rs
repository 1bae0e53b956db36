//! What happens at the counter while the customer waits: ST01–ST04, ST10, ST11, ST13–ST15.

use super::told::{SWITCH, TERMINAL, tell};
use reversim::history::What;
use reversim::party::Party;
use reversim_models::card::Amount;
use reversim_models::device::{Display, Output, Slip};
use reversim_models::iso8583::{Mti, ResponseCode};
use reversim_models::record::{IssuerRecord, Record};

/// Codes with which a switch says that the issuer did not answer.
pub(crate) const TIMEOUT_CODES: [&str; 8] = ["68", "91", "92", "93", "94", "95", "96", "98"];

#[test]
fn the_reversal_goes_before_the_next_inquiry() {
    let told = tell("ST01-inquiry-after-a-lost-answer");
    assert_eq!(told.screens(2), [Display::InDoubt]);
    assert_eq!(told.receipts(2), 0);
    let reversing = told.shown(3, Display::ReversalInProgress);
    let reversed = told.shown(3, Display::ReversalSucceeded);
    let reversal = told.sent(TERMINAL, Mti::REVERSAL_REQUEST, 2);
    let inquiry = told.sent(TERMINAL, Mti::FINANCIAL_REQUEST, 3);
    assert_eq!((reversal.len(), inquiry.len()), (1, 1));
    assert!(reversing < reversal[0] && reversal[0] < reversed && reversed < inquiry[0]);
    assert_eq!(told.screens(3).last(), Some(&Display::Balance(Amount::cny(1_000_000))));
    assert_eq!(told.texts(), [(false, 50_000), (true, 50_000)]);
    assert_eq!(told.net_debit(1), 0);
    assert_eq!(told.settled(), [Vec::<u64>::new()]);
}

#[test]
fn settlement_drains_the_reversal_and_both_sides_count_one_sale() {
    let told = tell("ST02-settlement-after-a-lost-answer");
    let reversal = told.sent(TERMINAL, Mti::REVERSAL_REQUEST, 3);
    let totals = told.sent(TERMINAL, Mti::RECONCILIATION_REQUEST, 4);
    assert_eq!((reversal.len(), totals.len()), (1, 1));
    assert!(reversal[0] < totals[0]);
    assert_eq!(told.screens(4).last(), Some(&Display::Settled(true)));
    assert_eq!(told.settled()[0], [12_000]);
    assert_eq!((told.net_debit(1), told.net_debit(2)), (0, 12_000));
}

#[test]
fn the_same_card_again_is_paid_once() {
    let told = tell("ST03-the-same-card-again");
    let reversal = told.sent(TERMINAL, Mti::REVERSAL_REQUEST, 2);
    let again = told.sent(TERMINAL, Mti::FINANCIAL_REQUEST, 3);
    assert!(reversal[0] < again[0]);
    assert_eq!((told.receipts(2), told.receipts(3)), (0, 1));
    assert_eq!(told.texts(), [(false, 50_000), (true, 50_000), (false, 50_000)]);
    assert_eq!(told.net_debit(1), 50_000);
    assert_eq!(told.settled(), [[50_000]]);
}

#[test]
fn without_paper_the_slip_is_printed_again_and_nothing_is_sold_twice() {
    let told = tell("ST04-no-paper");
    assert_eq!(told.screens(2).last(), Some(&Display::PrinterFault));
    assert!(!told.screens(2).iter().any(|display| display.offers_a_new_sale()));
    assert_eq!((told.receipts(2), told.receipts(3)), (0, 1));
    assert_eq!(told.screens(3).last(), Some(&Display::Reprinted));
    let copies = told.about(3, |entry| match entry.what {
        What::Told { output: Output::Slip(Slip::Receipt { is_copy, amount, .. }), .. } => {
            Some((is_copy, amount.minor))
        }
        _ => None,
    });
    assert_eq!(copies.len(), 1);
    assert_eq!(copies[0].1, (true, 50_000));
    assert_eq!(told.net_debit(1), 50_000);
    assert_eq!(told.settled(), [[50_000]]);
}

#[test]
fn a_slip_of_a_settled_batch_is_refused() {
    let told = tell("ST04-no-paper-and-settled");
    assert_eq!(told.screens(3).last(), Some(&Display::Settled(true)));
    assert_eq!(told.screens(4), [Display::ReprintRefused]);
    assert_eq!(told.receipts(4), 0);
    assert_eq!(told.net_debit(1), 50_000);
    assert_eq!(told.settled()[0], [50_000]);
}

#[test]
fn a_switch_that_gives_up_says_so_and_reverses_upstream_by_itself() {
    for code in TIMEOUT_CODES {
        let told = tell(&format!("ST10-code-{code}"));
        let expected = ResponseCode::parse(code.as_bytes()).expect("two digits are a code");
        assert_eq!(told.screens(2), [Display::Declined(expected)]);
        assert_eq!(told.sent(TERMINAL, Mti::REVERSAL_REQUEST, 2), [0; 0], "{code}: it was signed");
        assert_eq!(told.sent(SWITCH, Mti::REVERSAL_ADVICE, 2).len(), 1, "{code}");
        assert_eq!((told.receipts(2), told.receipts(3)), (0, 1), "{code}");
        assert_eq!(told.net_debit(1), 50_000, "{code}");
        assert_eq!(told.settled(), [[50_000]], "{code}");
    }
}

#[test]
fn during_the_date_switch_a_sale_is_refused_without_asking_the_issuer() {
    let told = tell("ST10-code-90");
    assert_eq!(told.screens(2), [Display::Declined(ResponseCode::CUTOVER_IN_PROGRESS)]);
    assert_eq!(told.sent(SWITCH, Mti::FINANCIAL_REQUEST, 2), [0; 0]);
    assert_eq!(told.receipts(3), 1);
    let dates = told.about(3, |entry| match &entry.what {
        What::Recorded(Record::Issuer(IssuerRecord::Decided { business_date, .. })) => {
            Some(business_date.mmdd())
        }
        _ => None,
    });
    assert_eq!(dates.iter().map(|(_, date)| *date).collect::<Vec<_>>(), [531]);
    assert_eq!(told.net_debit(1), 50_000);
}

#[test]
fn after_an_unsigned_97_nothing_is_sold_before_a_sign_on() {
    let told = tell("ST10-code-97-unsigned");
    let codes = told.about(1, |entry| match &entry.what {
        What::Delivered { frame, .. } if entry.party == TERMINAL => {
            ResponseCode::of(frame.message()?)
        }
        _ => None,
    });
    let codes: Vec<_> = codes.into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, [ResponseCode::TERMINAL_NOT_REGISTERED]);
    assert_eq!(told.screens(1).last(), Some(&Display::SignOnFailed));
    assert_eq!(told.screens(2), [Display::MustSignOn]);
    assert_eq!(told.sent(TERMINAL, Mti::FINANCIAL_REQUEST, 2), [0; 0]);
    assert_eq!(told.screens(3).last(), Some(&Display::SignedOn));
    assert_eq!((told.receipts(4), told.net_debit(1)), (1, 50_000));
    assert_eq!(told.settled(), [[50_000]]);
}

#[test]
fn another_terminals_id_is_97_whichever_way_it_comes_and_no_money_moves() {
    let told = tell("ST11-three-ways-to-97");
    for step in [1, 2] {
        assert_eq!(told.screens(step).last(), Some(&Display::SignOnFailed));
    }
    assert_eq!(told.screens(3).last(), Some(&Display::SignedOn));
    let other = Party::terminal(2);
    let refused = Display::Declined(ResponseCode::TERMINAL_NOT_REGISTERED);
    assert_eq!(told.screens(6), [refused]);
    let sign_on = told.sent(other, Mti::NETWORK_REQUEST, 8);
    let reversal = told.sent(other, Mti::REVERSAL_REQUEST, 6);
    let inquiry = told.sent(other, Mti::FINANCIAL_REQUEST, 8);
    assert!(sign_on[0] < reversal[0] && reversal[0] < inquiry[0]);
    assert_eq!(told.sent(SWITCH, Mti::FINANCIAL_REQUEST, 6), [0; 0]);
    assert_eq!((told.receipts(7), told.net_debit(1)), (1, 60_000));
    let mut settled = told.settled();
    settled.sort();
    assert_eq!(settled, [vec![], vec![60_000]]);
}

#[test]
fn after_an_unsigned_mac_failure_comes_a_sign_on_then_the_reversal_then_the_sale() {
    let told = tell("ST10-code-A0-unsigned");
    assert_eq!(told.screens(2), [Display::Declined(ResponseCode::MAC_ERROR)]);
    assert_eq!(told.sent(SWITCH, Mti::FINANCIAL_REQUEST, 2), [0; 0]);
    let sign_on = told.sent(TERMINAL, Mti::NETWORK_REQUEST, 3);
    let reversal = told.sent(TERMINAL, Mti::REVERSAL_REQUEST, 2);
    let again = told.sent(TERMINAL, Mti::FINANCIAL_REQUEST, 3);
    assert!(sign_on[0] < reversal[0] && reversal[0] < again[0]);
    assert_eq!((told.receipts(2), told.receipts(3)), (0, 1));
    assert_eq!(told.net_debit(1), 50_000);
    assert_eq!(told.settled(), [[50_000]]);
}

#[test]
fn what_may_have_been_sent_is_reversed() {
    let told = tell("ST13-broken-while-sending");
    assert_eq!(told.screens(2), [Display::InDoubt]);
    assert_eq!(told.sent(SWITCH, Mti::FINANCIAL_REQUEST, 2), [0; 0], "half a request says nothing");
    assert_eq!(told.sent(TERMINAL, Mti::REVERSAL_REQUEST, 2).len(), 1);
    told.shown(3, Display::ReversalSucceeded);
    assert_eq!((told.net_debit(1), told.texts()), (0, vec![]));
}

#[test]
fn what_provably_never_left_is_not_reversed() {
    let told = tell("ST13-no-signal");
    assert_eq!(told.screens(2).last(), Some(&Display::CommunicationError));
    assert_eq!(told.sent(TERMINAL, Mti::FINANCIAL_REQUEST, 2), [0; 0]);
    assert_eq!(told.sent(TERMINAL, Mti::REVERSAL_REQUEST, 2), [0; 0]);
    assert_eq!(told.count(TERMINAL, "reversal-due"), 0);
    assert_eq!((told.net_debit(1), told.texts()), (0, vec![]));
}

#[test]
fn an_advice_waits_for_the_end_of_the_maintenance_window() {
    let told = tell("ST14-issuer-in-maintenance");
    assert!(matches!(told.screens(2)[..], [Display::Declined(_)]));
    assert_eq!(told.screens(3), [Display::Declined(ResponseCode::ISSUER_INOPERATIVE)]);
    assert!(!told.sent(SWITCH, Mti::REVERSAL_ADVICE_REPEAT, 2).is_empty());
    assert_eq!(told.count(SWITCH, "advice-completed"), told.count(SWITCH, "advice-queued"));
    assert_eq!(told.count(SWITCH, "exception-opened"), 0);
    assert_eq!((told.net_debit(1), told.net_debit(2)), (0, 0));
    assert_eq!(told.texts(), [(false, 50_000), (true, 50_000)]);
}

#[test]
fn three_wrong_pins_lock_the_card_and_a_copy_of_one_counts_once() {
    let told = tell("ST15-wrong-pin");
    let codes = [ResponseCode::INCORRECT_PIN, ResponseCode::PIN_TRIES_EXCEEDED];
    let [wrong, locked] = codes.map(Display::Declined);
    assert_eq!(told.screens(2), [wrong]);
    assert_eq!(told.screens(3), [wrong]);
    assert!(told.screens(4) == [wrong] || told.screens(4) == [locked]);
    assert_eq!(told.screens(5), [locked], "the right PIN comes too late");
    assert_eq!(told.decided().len(), 4, "the copy was not decided again");
    assert_eq!((told.net_debit(1), told.texts()), (0, vec![]));
}
