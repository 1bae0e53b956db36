//! What an issuer makes of what a chip signed: each number of its counter once, and upwards,
//! whatever else is decided; and copies of one request get the stored answer all the same.

use super::Config;
use super::bench::*;
use crate::chip::Chip;
use crate::defect::{Defect, Defects};
use crate::iso8583::{Challenge, Element, Icc55, Message};
use crate::node::Command;
use crate::security::Key;
use crate::time::Duration;

fn key() -> Key {
    Key::new(&[0x43; 16]).expect("sixteen bytes")
}

/// A bench whose first card has a chip, and the chip.
fn with_chip(defects: Defects) -> (Bench, Chip) {
    let mut config = Config { defects, ..config() };
    config.accounts[0].chip_key = Some(key());
    (Bench::with(config), Chip::new(key()))
}

fn sign(chip: &mut Chip, minor: u64) -> Icc55 {
    let (results, unpredictable) = ([0; 5], [1, 2, 3, 4]);
    let (currency, date, transaction_type) = (156, 260_331, 0);
    let challenge =
        Challenge { amount: minor, currency, date, transaction_type, results, unpredictable };
    chip.sign(challenge).expect("its counter has room")
}

fn signed(sale: Sale, icc: &Icc55) -> Message {
    sale.message().with(Element::ENTRY_MODE, "051").with(Element::ICC, icc.encode())
}

#[test]
fn what_a_chip_signed_is_good_once_under_whatever_number() {
    let (mut bench, mut chip) = with_chip(Defects::NONE);
    let icc = sign(&mut chip, SALE.minor);
    assert_eq!(bench.code(&signed(SALE, &icc)), "00");
    assert_eq!(bench.code(&signed(SALE, &icc)), "00", "a copy gets the stored answer");
    assert_eq!(bench.code(&signed(Sale { stan: 8, ..SALE }, &icc)), "59");
    bench.restart();
    assert_eq!(bench.code(&signed(Sale { stan: 9, ..SALE }, &icc)), "59");
    assert_eq!(bench.holds(GOOD), 99_000);
    let next = sign(&mut chip, SALE.minor);
    assert_eq!(bench.code(&signed(Sale { stan: 10, ..SALE }, &next)), "00");
}

#[test]
fn a_request_that_was_overtaken_by_the_cards_next_one_is_refused() {
    let (mut bench, mut chip) = with_chip(Defects::NONE);
    let [first, second] = [sign(&mut chip, SALE.minor), sign(&mut chip, SALE.minor)];
    assert_eq!(bench.code(&signed(Sale { stan: 8, ..SALE }, &second)), "00");
    assert_eq!(bench.code(&signed(SALE, &first)), "59");
    assert_eq!(bench.holds(GOOD), 99_000);
}

#[test]
fn a_number_counts_as_seen_whatever_the_request_was_answered() {
    let refused = [
        signed(Sale { pin: Some("9999"), ..SALE }, &sign(&mut Chip::new(key()), SALE.minor)),
        signed(Sale { minor: 200_000, ..SALE }, &sign(&mut Chip::new(key()), 200_000)),
    ];
    for message in refused {
        let (mut bench, _) = with_chip(Defects::NONE);
        assert_ne!(bench.code(&message), "00");
        let again = sign(&mut Chip::new(key()), SALE.minor);
        assert_eq!(bench.code(&signed(Sale { stan: 8, ..SALE }, &again)), "59");
    }
    let (mut bench, mut chip) = with_chip(Defects::NONE);
    let icc = sign(&mut chip, SALE.minor);
    assert_eq!(bench.code(&SALE.reversal()), "25");
    assert_eq!(bench.code(&signed(SALE, &icc)), "94", "its reversal came first");
    assert_eq!(bench.code(&signed(Sale { stan: 8, ..SALE }, &icc)), "59");
    let (mut bench, mut chip) = with_chip(Defects::NONE);
    let icc = sign(&mut chip, SALE.minor);
    bench.command(Command::Maintenance { window: Duration::secs(1) });
    assert_eq!(bench.code(&signed(SALE, &icc)), "91");
    bench.now += Duration::secs(2);
    assert_eq!(bench.code(&signed(Sale { stan: 8, ..SALE }, &icc)), "59");
}

#[test]
fn another_amount_than_was_signed_a_strange_card_and_nonsense_are_refused() {
    let (mut bench, mut chip) = with_chip(Defects::NONE);
    let icc = sign(&mut chip, SALE.minor);
    assert_eq!(bench.code(&signed(Sale { minor: 2_000, ..SALE }, &icc)), "59");
    let changed = Icc55 { challenge: Challenge { amount: 3_000, ..icc.challenge }, ..icc };
    assert_eq!(bench.code(&signed(Sale { stan: 8, minor: 3_000, ..SALE }, &changed)), "59");
    assert_eq!(bench.code(&signed(Sale { stan: 9, pan: OTHER, ..SALE }, &icc)), "59");
    let nonsense = Sale { stan: 10, ..SALE }.message().with(Element::ICC, *b"\x9F\x26\x08");
    assert_eq!(bench.code(&nonsense), "30");
    assert_eq!((bench.holds(GOOD), bench.holds(OTHER)), (100_000, 100_000));
    assert_eq!(bench.code(&signed(Sale { stan: 11, ..SALE }, &icc)), "00", "none of it was seen");
}

#[test]
fn i24_without_a_memory_of_counters_a_cryptogram_debits_as_often_as_it_comes() {
    let [healthy, defective] = [Defects::NONE, Defects::NONE.with(Defect::I24)].map(|defects| {
        let (mut bench, mut chip) = with_chip(defects);
        let icc = sign(&mut chip, SALE.minor);
        let codes = [SALE.stan, 8].map(|stan| bench.code(&signed(Sale { stan, ..SALE }, &icc)));
        (codes.join(" "), bench.holds(GOOD))
    });
    assert_eq!(healthy, ("00 59".to_owned(), 99_000));
    assert_eq!(defective, ("00 00".to_owned(), 98_000));
}
