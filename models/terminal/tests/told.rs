//! What else is told as done: completions, tips, sales authorised by telephone.

use super::*;
use crate::card::Voucher;
use crate::iso8583::{OriginalPos61, Settlement48};
use crate::record::Kind;

const SLIP: Voucher = Voucher {
    batch: 7,
    stan: 2,
    date: 530,
    rrn: *b"160000000002",
    authorization: Some(*b"A12345"),
};

/// What was given by telephone.
const GIVEN: Voucher =
    Voucher { batch: 0, stan: 0, date: 0, rrn: [b'0'; 12], authorization: Some(*b"T00001") };

fn follow(ticket: u32, kind: Kind, original: Voucher) -> Command {
    // What no host allowed needs the supervisor.
    let password = if kind == Kind::OfflineSale { *b"123456" } else { [0; 6] };
    let ticket = Ticket(ticket);
    Command::Follow { ticket, kind, amount: PRICE, card: card(), original, password }
}

/// The request as the host hears it, of a terminal that asks for PINs and cards that have chips.
fn heard(kind: Kind, original: Voucher) -> Message {
    let mut counter = Counter::with(|config| config.asks_for_pin = true);
    let Command::Follow { ticket, amount, card, password, .. } = follow(1, kind, original) else {
        unreachable!("it follows something")
    };
    let card = Card { has_chip: true, ..card };
    counter.wish(Command::Follow { ticket, kind, amount, card, original, password });
    counter.last().clone()
}

#[test]
fn a_completion_that_is_told_asks_for_no_pin_and_no_supervisor() {
    let told = heard(Kind::CompletionAdvice, SLIP);
    assert_eq!(told.mti(), Mti::FINANCIAL_ADVICE);
    assert_eq!(told.text(Element::PROCESSING_CODE), Some("000000"));
    assert_eq!(told.text(Element::CONDITION_CODE), Some("06"));
    assert_eq!(told.text(Element::PRIVATE_60), Some("2400000700060"));
    let named = OriginalPos61 { batch: 7, stan: 2, date: Some(530) };
    assert_eq!(OriginalPos61::of(&told), Some(named));
    assert!(!told.has(Element::PIN_BLOCK) && !told.has(Element::ICC));
}

#[test]
fn a_tip_says_what_it_is_by_its_type_and_how_much_it_is_twice() {
    let told = heard(Kind::Tip, SLIP);
    assert_eq!(told.text(Element::PRIVATE_60), Some("3400000700060"));
    assert_eq!(told.text(Element::PRIVATE_48), told.text(Element::AMOUNT));
    assert_eq!(told.text(Element::RRN), Some("160000000002"));
}

#[test]
fn what_was_authorised_by_telephone_names_its_code_and_no_original() {
    let told = heard(Kind::OfflineSale, GIVEN);
    assert_eq!(told.text(Element::PRIVATE_60), Some("3000000700060"));
    assert_eq!(told.text(Element::AUTHORIZATION_CODE), Some("T00001"));
    assert_eq!(told.text(Element::PRIVATE_61), Some(OriginalPos61::BY_TELEPHONE));
    assert!(!told.has(Element::RRN) && !told.has(Element::ICC), "no chip is asked");
}

#[test]
fn what_is_told_and_not_answered_is_told_again_and_counts_as_a_debit() {
    for kind in [Kind::CompletionAdvice, Kind::Tip, Kind::OfflineSale] {
        let mut counter = Counter::signed_on();
        counter.wish(follow(1, kind, if kind == Kind::OfflineSale { GIVEN } else { SLIP }));
        let first = counter.last().clone();
        counter.skip();
        counter.pass(TIMEOUT);
        assert_eq!(counter.display(1), Some(Display::WillTellAgain), "{kind:?}");
        counter.settle(2);
        let again = counter.last().clone();
        assert_eq!(again.mti(), Mti::FINANCIAL_ADVICE_REPEAT);
        let same = [Element::AUTHORIZATION_CODE, Element::PRIVATE_60, Element::PRIVATE_61];
        assert_eq!(same.map(|element| again.get(element)), same.map(|el| first.get(el)));
        counter.answer();
        assert_eq!(counter.display(1), Some(Display::Approved(PRICE)), "{kind:?}");
        let is_it = |sent: &&Message| sent.mti() == Mti::RECONCILIATION_REQUEST;
        let totals = counter.sent.iter().rfind(is_it).expect("it settles");
        let totals = totals.get(Element::PRIVATE_48).and_then(Settlement48::parse);
        let domestic = totals.expect("totals are there").domestic;
        assert_eq!((domestic.debit_count, domestic.debit_amount), (1, PRICE.minor));
    }
}

#[test]
fn a_completion_that_was_told_is_not_voided() {
    let mut counter = Counter::signed_on();
    counter.wish(follow(1, Kind::CompletionAdvice, SLIP));
    let stan = counter.last().number(Element::STAN).and_then(|stan| u32::try_from(stan).ok());
    counter.answer();
    let voucher = stan.expect("a voucher number");
    let (ticket, password) = (Ticket(2), *b"123456");
    counter.wish(Command::Void { ticket, voucher, card: card(), password });
    assert_eq!(counter.display(2), Some(Display::VoidRefused));
}
