//! Payments by QR code whose answer does not come: ST21.

use super::told::{ISSUER, SWITCH, TERMINAL, tell};
use reversim::history::What;
use reversim_models::card::Amount;
use reversim_models::device::Display;
use reversim_models::iso8583::{Element, Mti, Order59, ResponseCode};

const PAID: (bool, u64) = (false, 50_000);
const GIVEN_BACK: (bool, u64) = (true, 50_000);

#[test]
fn an_order_that_is_paid_is_asked_about_and_printed_and_never_reversed() {
    let told = tell("ST21-paid-and-asked");
    let approved = Display::Approved(Amount::cny(50_000));
    assert_eq!(told.screens(2), [Display::QueryingOrder, approved]);
    assert_eq!((told.receipts(2), told.texts()), (1, vec![PAID]));
    assert_eq!((told.net_of_account(0), told.net_of_account(1)), (50_000, 0));
    assert_eq!(told.sent(TERMINAL, Mti::REVERSAL_REQUEST, 2), [0; 0]);
    assert_eq!(told.count(SWITCH, "advice-queued"), 0);
    assert_eq!(
        (told.settled()[0].as_slice(), told.screens(3).last()),
        ([50_000].as_slice(), Some(&Display::Settled(true)))
    );
}

#[test]
fn a_payment_by_code_carries_the_code_and_the_number_of_its_order_and_no_card() {
    let told = tell("ST21-paid-and-asked");
    let frames = told.about(2, |entry| match &entry.what {
        What::Sent { frame, .. } if entry.party == TERMINAL => frame.message().cloned(),
        _ => None,
    });
    let [(_, payment), (_, question)] = frames.as_slice() else { panic!("{}", frames.len()) };
    for message in [payment, question] {
        assert!(!message.has(Element::PAN) && !message.has(Element::TRACK_2), "{message:?}");
        assert!(!message.has(Element::PIN_BLOCK) && !message.has(Element::EXPIRY));
        assert_eq!(message.text(Element::ENTRY_MODE), Some("032"));
    }
    let order = Order59::of(payment).expect("element 59 holds code and number");
    assert_eq!(Order59::of(question), Some(order.clone()));
    let number = order.number.expect("an order has a number");
    assert_eq!(Some(u64::from(number.stan)), payment.number(Element::STAN));
    assert_ne!(payment.number(Element::STAN), question.number(Element::STAN));
    let shown = format!("{payment:?}");
    assert!(!shown.contains(&order.code), "{shown}");
}

#[test]
fn an_order_of_which_nobody_can_tell_is_closed_and_the_money_goes_back() {
    let told = tell("ST21-unknown-and-closed");
    let asked = Display::QueryingOrder;
    assert_eq!(told.screens(2), [asked, asked, Display::ClosingOrder, Display::OrderClosed]);
    assert_eq!((told.receipts(2), told.receipts(3)), (0, 1));
    assert_eq!(told.texts(), [PAID, GIVEN_BACK, PAID]);
    assert_eq!(told.net_of_account(0), 50_000, "what was paid anew");
    assert_eq!(told.sent(TERMINAL, Mti::REVERSAL_REQUEST, 2).len(), 1);
    assert_eq!(told.settled()[0], [50_000]);
    assert_eq!(told.screens(4).last(), Some(&Display::Settled(true)));
}

#[test]
fn a_payment_that_comes_after_the_close_moves_nothing() {
    let told = tell("ST21-paid-after-the-close");
    assert_eq!(told.screens(2).last(), Some(&Display::OrderClosed));
    assert_eq!(told.decided()[0], ResponseCode::DUPLICATE_TRANSMISSION);
    assert_eq!((told.count(ISSUER, "reversed"), told.receipts(2)), (1, 0));
    assert_eq!((told.texts(), told.net_of_account(0)), (vec![], 0));
    let whole = Display::Balance(Amount::cny(1_000_000));
    assert_eq!(told.screens(3).last(), Some(&whole));
}

#[test]
fn an_open_order_outlives_a_loss_of_power_and_goes_before_the_settlement() {
    let told = tell("ST21-dark-while-paying");
    let question = told.sent(TERMINAL, Mti::FINANCIAL_REQUEST, 2)[1];
    let totals = told.sent(TERMINAL, Mti::RECONCILIATION_REQUEST, 3);
    assert!(question < totals[0]);
    assert!(told.shown(2, Display::OrderOpen) < question);
    assert_eq!((told.receipts(2), told.texts()), (1, vec![PAID]));
    assert_eq!(told.settled()[0], [50_000]);
    assert_eq!(told.screens(3).last(), Some(&Display::Settled(true)));
}

#[test]
fn the_screen_says_what_becomes_of_an_order_in_both_languages() {
    let words = [
        (Display::OrderOpen, "PAYMENT NOT CONFIRMED, WILL BE QUERIED", "支付结果未知,将自动查询"),
        (Display::QueryingOrder, "QUERYING PAYMENT", "支付查询中"),
        (Display::ClosingOrder, "CLOSING ORDER", "关单中"),
        (Display::OrderClosed, "ORDER CLOSED, NOT PAID", "订单已关闭,未收款"),
        (Display::OrderNotClosed, "ORDER NOT CLOSED, CALL SERVICE", "关单失败,请与客服联系"),
    ];
    for (display, english, chinese) in words {
        assert_eq!(display.text(), (english.to_owned(), chinese.to_owned()));
        assert!(!display.offers_a_new_sale(), "the goods may be paid: {english}");
    }
}
