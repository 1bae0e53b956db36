//! A sale by chip, what goes wrong at the card, and downloads of parameters and keys.

use super::{Counter, PAN, PRICE, card};
use crate::card::Card;
use crate::defect::Defect;
use crate::device::{ChipData, Display, Outcome};
use crate::iso8583::{Element, Icc55, Message, Mti, Private60, ResponseCode};
use crate::node::{Command, Ticket};

fn sell(counter: &mut Counter, ticket: u32) {
    let card = Card { has_chip: true, ..card() };
    counter.wish(Command::Sale { ticket: Ticket(ticket), amount: PRICE, card });
}

fn last(counter: &Counter, mti: Mti) -> Option<&Message> {
    counter.sent.iter().rev().find(|message| message.mti() == mti)
}

#[test]
fn a_chip_signs_the_request_and_confirms_the_approval() {
    let mut counter = Counter::with(|config| config.asks_for_pin = true);
    sell(&mut counter, 1);
    let request = last(&counter, Mti::FINANCIAL_REQUEST).expect("the sale is asked for");
    assert_eq!(request.text(Element::ENTRY_MODE), Some("051"));
    assert_eq!(request.text(Element::CARD_SEQUENCE), Some("001"));
    let bytes = request.get(Element::ICC).expect("what the chip signed").to_vec();
    let icc = Icc55::parse(&bytes).expect("it reads");
    assert_eq!((icc.challenge.amount, icc.challenge.date, icc.counter), (50_000, 260_530, 1));
    let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    assert!(!digits.contains(PAN) && !digits.contains(&PAN[6..12]));
    counter.answer();
    assert_eq!(counter.display(1), Some(Display::Approved(PRICE)));
    let records = counter.records();
    assert_eq!(records[records.len() - 2..], ["approved", "slip-printed"]);
}

#[test]
fn two_sales_have_two_unpredictable_numbers() {
    let mut counter = Counter::signed_on();
    let mut numbers = Vec::new();
    for ticket in 1..=2 {
        sell(&mut counter, ticket);
        let icc = counter.last().get(Element::ICC).and_then(Icc55::parse).expect("it is signed");
        numbers.push((icc.challenge.unpredictable, icc.counter));
        counter.answer();
        counter.pass(super::Duration::millis(1));
    }
    assert_ne!(numbers[0].0, numbers[1].0);
    assert_eq!((numbers[0].1, numbers[1].1), (1, 2));
}

#[test]
fn what_fails_before_the_request_stays_at_the_counter() {
    let failures = [
        (vec![Outcome::CardUnreadable], Display::CardUnreadable),
        (vec![Outcome::CardRead, Outcome::KernelFailed], Display::KernelFailed),
    ];
    for (answers, display) in failures {
        let mut counter = Counter::signed_on();
        let before = counter.sent.len();
        counter.reader = answers.into();
        sell(&mut counter, 1);
        assert_eq!(counter.display(1), Some(display));
        assert_eq!(counter.sent.len(), before);
        assert!(!counter.records().contains(&"started"));
        let (english, chinese) = display.text();
        assert!(english.starts_with("E302") && chinese.starts_with("E302"));
    }
}

#[test]
fn what_the_card_does_not_confirm_is_reversed_and_no_slip_comes_out() {
    let refusals = [
        (Outcome::CardPulled, Display::CardPulled),
        (Outcome::CardDeclined, Display::CardDeclined),
    ];
    for (outcome, display) in refusals {
        let mut counter = Counter::signed_on();
        counter.last_word = Some(outcome);
        sell(&mut counter, 1);
        counter.answer();
        assert_eq!(counter.display(1), Some(display));
        assert!(counter.slips().is_empty());
        assert_eq!(counter.records().last(), Some(&"reversal-due"));
        counter.inquire(2);
        let reversal = last(&counter, Mti::REVERSAL_REQUEST).expect("before the next wish");
        assert_eq!(reversal.text(Element::RESPONSE_CODE), Some("06"));
        assert_eq!(reversal.text(Element::ENTRY_MODE), Some("052"));
        assert!(reversal.has(Element::ICC) && !reversal.has(Element::TRACK_2));
    }
}

#[test]
fn power_lost_before_the_cards_last_word_takes_the_sale_back() {
    let mut counter = Counter::signed_on();
    counter.last_word = None;
    sell(&mut counter, 1);
    counter.answer();
    assert!(!counter.records().contains(&"approved"));
    counter.power_returns();
    assert_eq!(counter.records().last(), Some(&"reversal-due"));
    assert_eq!(counter.display(1), Some(Display::InDoubt));
}

#[test]
fn planted_defect_t23_shows_declined_and_reverses_nothing() {
    let mut counter = Counter::planted(Defect::T23);
    counter.last_word = Some(Outcome::CardPulled);
    sell(&mut counter, 1);
    counter.answer();
    let declined = Display::Declined(ResponseCode::AUTHENTICATION_FAILED);
    assert_eq!(counter.display(1), Some(declined));
    assert_eq!(counter.records().last(), Some(&"declined"));
}

/// What a host that has one application and one key says to the last message.
fn give(counter: &mut Counter) {
    let request = counter.last().clone();
    let code = Private60::of(&request).and_then(|private| private.network_code);
    let content: &[u8] = match code {
        Some(382) => &[b'1', 0x9F, 0x06, 2, 0xA0, 1],
        Some(380) => &[b'1', 0x9F, 0x06, 2, 0xA0, 1, 0xDF, 0x01, 1, 0],
        Some(372) => &[b'1', 0x9F, 0x06, 1, 0xA0, 0x9F, 0x22, 1, 8],
        Some(370) => &[b'1', 0x9F, 0x06, 1, 0xA0, 0x9F, 0x22, 1, 8, 0xDF, 0x02, 1, 7],
        _ => &[],
    };
    let mut answer = Message::new(request.mti().response());
    answer.copy_from(&request, &[Element::TERMINAL, Element::MERCHANT, Element::PRIVATE_60]);
    answer.set(Element::RESPONSE_CODE, ResponseCode::APPROVED);
    if !content.is_empty() {
        answer.set(Element::PRIVATE_62, content);
    }
    counter.skip();
    counter.say(&answer);
}

#[test]
fn without_parameters_chips_are_refused_until_they_are_downloaded_whatever_power_does() {
    let mut counter = Counter::signed_on();
    let missing = Display::ChipDataMissing(ChipData::Parameters);
    counter.reader = [Outcome::ChipDataMissing(ChipData::Parameters)].into();
    sell(&mut counter, 1);
    assert_eq!(counter.display(1), Some(missing));
    counter.power_returns();
    sell(&mut counter, 2);
    assert_eq!(counter.display(2), Some(missing));
    assert!(last(&counter, Mti::FINANCIAL_REQUEST).is_none());
    counter.wish(Command::Download { ticket: Ticket(3) });
    for _ in 0..6 {
        give(&mut counter);
    }
    assert_eq!(counter.display(3), Some(Display::Downloaded));
    let loaded = counter.records().iter().filter(|name| **name == "chip-data-loaded").count();
    assert_eq!(loaded, 2, "parameters, then keys");
    counter.power_returns();
    sell(&mut counter, 4);
    counter.answer();
    assert_eq!(counter.display(4), Some(Display::Approved(PRICE)));
}

#[test]
fn an_answer_about_another_entry_is_left_alone_and_a_refusal_ends_the_download() {
    let mut counter = Counter::signed_on();
    counter.wish(Command::Download { ticket: Ticket(3) });
    give(&mut counter);
    let (asked, request) = (counter.sent.len(), counter.last().clone());
    let mut answer = Message::new(request.mti().response());
    answer.copy_from(&request, &[Element::TERMINAL, Element::MERCHANT, Element::PRIVATE_60]);
    answer.set(Element::RESPONSE_CODE, ResponseCode::APPROVED);
    counter.say(&answer.clone().with(Element::PRIVATE_62, *b"1\x9F\x06\x02\xBB\xBB"));
    assert_eq!(counter.sent.len(), asked, "it still waits for the first entry");
    counter.say(&answer.with(Element::RESPONSE_CODE, ResponseCode::SYSTEM_MALFUNCTION));
    assert_eq!(counter.display(3), Some(Display::DownloadFailed));
    assert!(!counter.records().contains(&"chip-data-loaded"));
}

#[test]
fn a_download_without_an_answer_is_asked_for_again_and_given_up() {
    let mut counter = Counter::signed_on();
    counter.wish(Command::Download { ticket: Ticket(3) });
    counter.pass(super::TIMEOUT);
    counter.pass(super::TIMEOUT);
    assert_eq!(counter.display(3), Some(Display::DownloadFailed));
    assert_eq!(counter.types().iter().filter(|mti| *mti == "0820").count(), 2);
}
