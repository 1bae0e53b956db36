//! Sales and inquiries as the cashier sees them and as they travel.

use super::*;
use crate::record::Kind;

#[test]
fn a_sale_is_recorded_before_it_is_sent_and_printed_after_it_is_approved() {
    let mut counter = Counter::signed_on();
    counter.sell_well(1);
    assert_eq!(
        counter.records(),
        ["stan-taken", "signed-on", "started", "approved", "slip-printed"]
    );
    let order: Vec<_> = counter.done.iter().filter(|(ticket, _)| *ticket == Ticket(1)).collect();
    let started = order.iter().position(|(_, action)| matches!(action, Action::Record(_)));
    let sent = order.iter().position(|(_, action)| matches!(action, Action::Send { .. }));
    assert!(started < sent);
    assert_eq!(counter.displays(1), [Display::Processing, Display::Approved(PRICE)]);
    let receipt =
        Slip::Receipt { kind: Kind::Sale, stan: 2, batch: 7, amount: PRICE, is_copy: false };
    assert_eq!(counter.slips(), [receipt]);
}

#[test]
fn a_sale_without_a_pin_travels_as_the_field_has_it() {
    let mut counter = Counter::signed_on();
    counter.sell(1);
    let request = counter.last();
    assert_eq!(request.mti(), Mti::FINANCIAL_REQUEST);
    for (element, value) in [
        (Element::PAN, PAN),
        (Element::PROCESSING_CODE, "000000"),
        (Element::AMOUNT, "000000050000"),
        (Element::STAN, "000002"),
        (Element::EXPIRY, "2912"),
        (Element::ENTRY_MODE, "022"),
        (Element::CONDITION_CODE, "00"),
        (Element::TERMINAL, "10000001"),
        (Element::MERCHANT, "898111154110001"),
        (Element::CURRENCY, "156"),
        (Element::PRIVATE_60, "2200000700060"),
    ] {
        assert_eq!(request.text(element), Some(value), "element {element}");
    }
    assert!(request.text(Element::TRACK_2).unwrap().starts_with("6224242000000021D2912201"));
    assert!(request.has(Element::MAC_64) && !request.has(Element::PIN_BLOCK));
    assert!(!request.has(Element::PIN_CAPTURE) && !request.has(Element::SECURITY_CONTROL));
}

#[test]
fn the_pin_travels_enciphered_under_the_pin_key_of_the_last_sign_on() {
    let mut counter = Counter::with(|config| config.asks_for_pin = true);
    counter.sell(1);
    let request = counter.last();
    assert_eq!(pin_in(request, 1), Pin::new("123456"));
    assert_eq!(request.text(Element::ENTRY_MODE), Some("021"));
    assert_eq!(request.text(Element::PIN_CAPTURE), Some("12"));
    assert_eq!(request.text(Element::SECURITY_CONTROL), Some("2600000000000000"));
}

#[test]
fn a_cardholder_who_cancels_leaves_no_trace_on_the_line() {
    let mut counter = Counter::with(|config| config.asks_for_pin = true);
    counter.pin = None;
    counter.sell(1);
    assert_eq!(counter.displays(1), [Display::Cancelled]);
    assert_eq!((counter.types().len(), counter.records().len()), (1, 2));
}

#[test]
fn without_a_connection_nothing_was_sent_and_nothing_is_reversed() {
    let mut counter = Counter::signed_on();
    counter.break_line();
    counter.has_line = false;
    counter.sell(1);
    assert_eq!(counter.displays(1), [Display::Connecting, Display::CommunicationError]);
    assert_eq!(counter.records()[2..], ["started", "not-sent"]);
    counter.has_line = true;
    counter.sell_well(2);
    assert_eq!(counter.types()[1..], ["0200"]);
}

#[test]
fn a_trusted_decline_ends_the_sale() {
    let mut counter = Counter::signed_on();
    counter.sell(1);
    counter.answer_with(ResponseCode(*b"51"));
    assert_eq!(counter.display(1), Some(Display::Declined(ResponseCode(*b"51"))));
    assert_eq!(counter.records()[2..], ["started", "declined"]);
    counter.sell_well(2);
    assert_eq!(counter.types()[1..], ["0200", "0200"]);
}

#[test]
fn nothing_financial_happens_before_the_first_sign_on() {
    let mut counter = Counter::new(config());
    counter.sell(1);
    counter.inquire(2);
    counter.settle(3);
    for ticket in 1..=3 {
        assert_eq!(counter.displays(ticket), [Display::MustSignOn]);
    }
    assert!(counter.sent.is_empty() && counter.journal.is_empty());
}

#[test]
fn a_sign_on_that_is_refused_or_damaged_gives_no_keys() {
    let mut counter = Counter::new(config());
    counter.wish(Command::SignOn { ticket: Ticket(1) });
    counter.answer_with(ResponseCode(*b"97"));
    counter.wish(Command::SignOn { ticket: Ticket(2) });
    let answer = counter.answer_to(&counter.last().clone());
    let mut keys = answer.get(Element::PRIVATE_62).unwrap().to_vec();
    keys[3] ^= 1;
    counter.say(&answer.with(Element::PRIVATE_62, keys));
    for ticket in 1..=2 {
        assert_eq!(counter.display(ticket), Some(Display::SignOnFailed));
    }
    counter.sell(3);
    assert_eq!(counter.display(3), Some(Display::MustSignOn));
}

#[test]
fn a_sign_on_is_tried_again_on_a_new_line_under_a_fresh_number() {
    let mut counter = Counter::new(config());
    counter.wish(Command::SignOn { ticket: Ticket(1) });
    let late = counter.answer_to(&counter.last().clone());
    counter.skip();
    counter.pass(TIMEOUT);
    counter.say(&late);
    assert_ne!(counter.display(1), Some(Display::SignedOn), "keys of a sending given up");
    counter.answer();
    assert_eq!(counter.display(1), Some(Display::SignedOn));
    assert_eq!((counter.stans(Mti::NETWORK_REQUEST), counter.link), (vec![1, 2], Some(Link(2))));
}

#[test]
fn an_inquiry_shows_the_balance_and_is_never_reversed() {
    let mut counter = Counter::signed_on();
    counter.inquire(1);
    assert_eq!(counter.last().text(Element::PROCESSING_CODE), Some("310000"));
    assert_eq!(counter.last().text(Element::PRIVATE_60), Some("0100000700060"));
    assert!(!counter.last().has(Element::AMOUNT));
    counter.answer();
    assert_eq!(counter.display(1), Some(Display::Balance(Amount::cny(123_456))));
    counter.inquire(2);
    counter.skip();
    counter.pass(TIMEOUT);
    counter.sell_well(3);
    assert_eq!(counter.types()[1..], ["0200", "0200", "0200"]);
    assert_eq!(counter.display(3), Some(Display::Approved(PRICE)));
}

#[test]
fn a_partial_approval_is_taken_at_its_part_and_never_above_the_price() {
    for (part, display) in [
        (20_000, Display::Approved(Amount::cny(20_000))),
        (50_001, Display::InDoubt),
        (0, Display::InDoubt),
    ] {
        let mut counter = Counter::signed_on();
        counter.sell(1);
        let mut answer = counter.answer_to(&counter.last().clone());
        answer.set(Element::RESPONSE_CODE, ResponseCode::PARTIALLY_APPROVED);
        answer.set_number(Element::AMOUNT, part, 12);
        counter.say(&answer);
        assert_eq!(counter.display(1), Some(display), "{part}");
    }
}

#[test]
fn one_wish_is_remembered_while_another_is_under_way_and_a_third_is_refused() {
    let mut counter = Counter::signed_on();
    counter.sell(1);
    counter.inquire(2);
    counter.inquire(3);
    assert_eq!(counter.displays(3), [Display::Busy]);
    counter.answer();
    assert_eq!(counter.display(1), Some(Display::Approved(PRICE)));
    assert_eq!(counter.display(2), Some(Display::Balance(Amount::cny(123_456))));
}

#[test]
fn without_paper_the_sale_stands_and_the_slip_is_printed_again() {
    let mut counter = Counter::signed_on();
    counter.has_paper = false;
    counter.sell_well(1);
    assert_eq!(counter.display(1), Some(Display::PrinterFault));
    assert!(!counter.records().contains(&"slip-printed"));
    counter.has_paper = true;
    counter.wish(Command::Reprint { ticket: Ticket(2), voucher: Some(2) });
    assert_eq!(counter.display(2), Some(Display::Reprinted));
    let copy = Slip::Receipt { kind: Kind::Sale, stan: 2, batch: 7, amount: PRICE, is_copy: true };
    assert_eq!(counter.slips().last(), Some(&copy));
    assert_eq!(counter.records().last(), Some(&"slip-printed"));
}

#[test]
fn only_vouchers_of_the_open_batch_are_reprinted() {
    let mut counter = Counter::signed_on();
    counter.sell_well(1);
    counter.wish(Command::Reprint { ticket: Ticket(2), voucher: Some(77) });
    assert_eq!(counter.displays(2), [Display::ReprintRefused]);
    counter.settle(3);
    counter.answer();
    for (ticket, voucher) in [(4, None), (5, Some(2))] {
        counter.wish(Command::Reprint { ticket: Ticket(ticket), voucher });
        assert_eq!(counter.displays(ticket), [Display::ReprintRefused]);
    }
}

#[test]
fn a_full_batch_and_a_spent_number_space_ask_for_settlement() {
    let full = |change: fn(&mut Config)| {
        let mut counter = Counter::with(change);
        counter.sell_well(1);
        counter.sell_well(2);
        counter.sell(3);
        assert_eq!(counter.displays(3), [Display::MustSettle]);
        counter.settle(4);
        counter.answer();
        assert_eq!(counter.display(4), Some(Display::Settled(true)));
        counter.sell_well(5);
        assert_eq!(counter.display(5), Some(Display::Approved(PRICE)));
    };
    full(|config| config.batch_max = 2);
    full(|config| config.stan_max = 3);
}

#[test]
fn a_sale_that_no_message_can_carry_is_refused_before_anything_is_recorded() {
    let mut counter = Counter::signed_on();
    let amount = Amount::cny(1_000_000_000_000);
    counter.wish(Command::Sale { ticket: Ticket(1), amount, card: card() });
    assert_eq!(counter.displays(1), [Display::Declined(ResponseCode::FORMAT_ERROR)]);
    assert_eq!((counter.records().len(), counter.log().len()), (2, 1));
}

#[test]
fn an_answer_that_somebody_kept_from_another_batch_is_not_taken_for_this_one() {
    let mut counter = Counter::signed_on();
    counter.sell(1);
    let request = counter.last().clone();
    let kept = Private60::new(*b"22", counter.batch - 1).encode();
    let decline = counter.answer_to(&request).with(Element::RESPONSE_CODE, "51");
    counter.say(&decline.with(Element::PRIVATE_60, kept));
    assert_eq!(counter.display(1), Some(Display::Processing));
    counter.answer();
    assert_eq!(counter.display(1), Some(Display::Approved(PRICE)));
}
