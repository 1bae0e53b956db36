//! Voids, pre-authorisations and completions at the terminal.

use super::*;
use crate::card::Voucher;
use crate::iso8583::{OriginalPos61, Settlement48};
use crate::record::Kind;

const PASSWORD: [u8; 6] = *b"123456";

fn void(ticket: u32, voucher: u32, password: [u8; 6]) -> Command {
    Command::Void { ticket: Ticket(ticket), voucher, card: card(), password }
}

/// What the slip of the last approval says.
fn slip(counter: &Counter) -> Voucher {
    let approved = counter.journal.iter().rev().find_map(|record| match *record {
        TerminalRecord::Approved { stan, batch, rrn, authorization, .. } => {
            Some(Voucher { batch, stan, date: 530, rrn, authorization })
        }
        _ => None,
    });
    approved.expect("something was approved")
}

#[test]
fn a_void_names_its_sale_and_prints_a_slip_of_its_own() {
    let mut counter = Counter::signed_on();
    counter.sell_well(1);
    counter.wish(void(2, 2, PASSWORD));
    let asked = counter.last().clone();
    assert_eq!(asked.text(Element::PROCESSING_CODE), Some("200000"));
    assert_eq!(asked.number(Element::AMOUNT), Some(PRICE.minor));
    assert_eq!(asked.text(Element::PRIVATE_60), Some("2300000700060"));
    let named = OriginalPos61 { batch: 7, stan: 2, date: Some(530) };
    assert_eq!(OriginalPos61::of(&asked), Some(named));
    assert!(asked.has(Element::RRN));
    counter.answer();
    assert_eq!(counter.displays(2), [Display::Processing, Display::Approved(PRICE)]);
    let kind = Kind::Void;
    let slip = Slip::Receipt { kind, stan: 3, batch: 7, amount: PRICE, is_copy: false };
    assert_eq!(counter.slips().last(), Some(&slip));
}

#[test]
fn a_void_needs_the_password_the_card_and_a_sale_that_was_not_voided() {
    let mut counter = Counter::signed_on();
    counter.sell_well(1);
    let sent = counter.sent.len();
    counter.wish(void(2, 2, *b"000000"));
    counter.wish(void(3, 9, PASSWORD));
    let pan = crate::card::Pan::new(b"6224242000000039").unwrap();
    let other = Card { pan, ..card() };
    counter.wish(Command::Void { ticket: Ticket(4), voucher: 2, card: other, password: PASSWORD });
    let said: Vec<_> = (2..=4).map(|ticket| counter.display(ticket)).collect();
    let refused = Some(Display::VoidRefused);
    assert_eq!(said, [Some(Display::WrongPassword), refused, refused]);
    assert_eq!(counter.sent.len(), sent, "nothing left the terminal");
    counter.wish(void(5, 2, PASSWORD));
    counter.answer();
    counter.wish(void(6, 2, PASSWORD));
    counter.wish(void(7, 3, PASSWORD));
    assert_eq!((counter.display(6), counter.display(7)), (refused, refused));
}

#[test]
fn t26_gives_the_date_of_the_reversal_for_that_of_the_sale() {
    let named = [None, Some(Defect::T26)].map(|defect| {
        let mut counter = Counter::with(|config| config.defects = defect.into_iter().collect());
        counter.sell_well(1);
        counter.wish(void(2, 2, PASSWORD));
        counter.pass(Duration::secs(60));
        counter.now.local = counter.now.local.plus(86_400_000_000);
        counter.sell(3);
        assert_eq!(counter.last().mti(), Mti::REVERSAL_REQUEST);
        OriginalPos61::of(counter.last()).and_then(|original| original.date)
    });
    assert_eq!(named, [Some(530), Some(531)]);
}

#[test]
fn t19_voids_what_is_settled() {
    let said = [None, Some(Defect::T19)].map(|defect| {
        let mut counter = Counter::with(|config| config.defects = defect.into_iter().collect());
        counter.sell_well(1);
        counter.settle(2);
        counter.answer();
        counter.wish(void(3, 2, PASSWORD));
        counter.display(3)
    });
    assert_eq!(said, [Some(Display::VoidRefused), Some(Display::Processing)]);
}

#[test]
fn a_void_in_doubt_is_reversed_before_the_next_one_as_a_void() {
    let mut counter = Counter::signed_on();
    counter.sell_well(1);
    counter.wish(void(2, 2, PASSWORD));
    counter.pass(TIMEOUT);
    assert_eq!(counter.display(2), Some(Display::InDoubt));
    counter.wish(void(3, 2, PASSWORD));
    let reversal = counter.last().clone();
    assert_eq!(reversal.mti(), Mti::REVERSAL_REQUEST);
    assert_eq!(reversal.text(Element::PROCESSING_CODE), Some("200000"));
    assert_eq!(reversal.text(Element::PRIVATE_60), Some("2300000700060"));
    assert!(reversal.has(Element::PRIVATE_61));
    counter.answer();
    assert_eq!(counter.last().text(Element::STAN), Some("000004"));
}

#[test]
fn a_completion_is_sold_and_a_pre_authorisation_is_not() {
    let mut counter = Counter::signed_on();
    let held = Amount::cny(80_000);
    counter.wish(Command::PreAuth { ticket: Ticket(1), amount: held, card: card() });
    assert_eq!(counter.last().mti(), Mti::AUTHORIZATION_REQUEST);
    assert_eq!(counter.last().text(Element::CONDITION_CODE), Some("06"));
    counter.answer();
    assert_eq!(counter.display(1), Some(Display::Approved(held)));
    let original = slip(&counter);
    counter.wish(Command::Follow {
        ticket: Ticket(2),
        kind: Kind::Completion,
        amount: PRICE,
        card: card(),
        original,
        password: [0; 6],
    });
    assert_eq!(counter.last().mti(), Mti::FINANCIAL_REQUEST);
    assert_eq!(counter.last().text(Element::PRIVATE_61), Some("0000070000020530"));
    counter.answer();
    counter.settle(3);
    let told = counter.last().get(Element::PRIVATE_48).and_then(Settlement48::parse).unwrap();
    assert_eq!((told.domestic.debit_count, told.domestic.debit_amount), (1, PRICE.minor));
    assert_eq!(told.domestic.credit_count, 0);
}
