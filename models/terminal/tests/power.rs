//! What a loss of power leaves: the journal, and nothing else.

use super::*;
use std::collections::BTreeMap;

/// What the host believes of each STAN: debited or not, after requests and reversals it answered.
fn debits(counter: &Counter) -> BTreeMap<u64, bool> {
    let mut debits = BTreeMap::new();
    for message in &counter.sent {
        let stan = message.number(Element::STAN).unwrap_or_default();
        match message.mti() {
            Mti::FINANCIAL_REQUEST if message.has(Element::AMOUNT) => debits.insert(stan, true),
            Mti::REVERSAL_REQUEST => debits.insert(stan, false),
            _ => None,
        };
    }
    debits
}

/// Sells, loses an answer, reverses, inquires, settles; power fails before this action.
fn day(cut: usize, tears: bool) -> Counter {
    let mut counter = Counter::new(config());
    (counter.power, counter.tears) = (Some(cut), tears);
    counter.sign_on();
    counter.sell_well(1);
    counter.sell_in_vain(2);
    counter.sell_well(3);
    counter.inquire(4);
    counter.answer();
    counter.settle(5);
    counter.answer();
    counter
}

fn heal(counter: &mut Counter) {
    counter.pass(Duration::secs(60));
    counter.sign_on();
    counter.inquire(6);
    counter.answer();
}

#[test]
fn wherever_power_fails_terminal_and_host_agree_after_one_inquiry() {
    let mut cut = 0;
    loop {
        let mut counter = day(cut, cut.is_multiple_of(2));
        let was_cut = counter.power.is_none();
        heal(&mut counter);
        let debited = debits(&counter);
        for (stan, is_debited) in &debited {
            let is_approved = counter.journal.iter().any(|record| {
                matches!(record, TerminalRecord::Approved { stan: s, .. } if u64::from(*s) == *stan)
            });
            assert_eq!(*is_debited, is_approved, "STAN {stan}, power cut before action {cut}");
        }
        let stans = counter.stans(Mti::FINANCIAL_REQUEST);
        let unique: std::collections::BTreeSet<_> = stans.iter().collect();
        assert_eq!(unique.len(), stans.len(), "power cut before action {cut}");
        counter.settle(7);
        counter.answer();
        assert_eq!(counter.display(7), Some(Display::Settled(true)), "action {cut}");
        if !was_cut {
            break;
        }
        cut += 1;
    }
    assert!(cut > 40, "the day has {cut} actions");
}

#[test]
fn a_sale_without_an_end_is_reversed_and_never_accepted_after_power_returns() {
    let mut counter = Counter::signed_on();
    counter.sell(1);
    let late = counter.answer_to(&counter.last().clone());
    counter.skip();
    counter.power_returns();
    assert_eq!(counter.display(1), Some(Display::InDoubt));
    assert_eq!(counter.records()[2..], ["started", "reversal-due"]);
    counter.inquire(2);
    counter.say(&late);
    counter.answer();
    assert!(counter.is_reversed(2) && !counter.records().contains(&"approved"));
}

#[test]
fn keys_batch_and_numbers_survive() {
    let mut counter = Counter::signed_on();
    counter.sell_well(1);
    counter.power_returns();
    counter.sell_well(2);
    assert_eq!(counter.stans(Mti::FINANCIAL_REQUEST), [2, 3]);
    assert_eq!(counter.last().text(Element::PRIVATE_60), Some("2200000700060"));
    assert_eq!(counter.display(2), Some(Display::Approved(PRICE)));
    counter.settle(3);
    let asked = counter.last().get(Element::PRIVATE_48).and_then(Settlement48::parse).unwrap();
    assert_eq!(asked.domestic.debit_count, 2);
}

#[test]
fn an_approved_sale_whose_slip_is_not_out_is_told_to_the_cashier() {
    let mut counter = Counter::signed_on();
    counter.sell(1);
    counter.power = Some(1);
    counter.answer();
    assert_eq!(counter.records().last(), Some(&"approved"));
    assert_eq!(counter.display(1), Some(Display::PrinterFault));
    counter.wish(Command::Reprint { ticket: Ticket(2), voucher: None });
    assert_eq!(counter.display(2), Some(Display::Reprinted));
}

#[test]
fn a_try_that_power_interrupted_is_made_again() {
    let mut counter = Counter::with(|config| config.reversal_attempts = 1);
    counter.sell_in_vain(1);
    // ReversalInProgress, then the record of the try, then its sending.
    counter.power = Some(2);
    counter.inquire(2);
    assert_eq!(counter.records().last(), Some(&"reversal-tried"));
    assert_eq!(counter.types()[1..], ["0200"]);
    counter.inquire(3);
    counter.answer();
    assert!(counter.is_reversed(2));
}

#[test]
fn a_torn_record_is_believed_for_nothing() {
    let mut counter = Counter::signed_on();
    counter.sell(1);
    (counter.power, counter.tears) = (Some(0), true);
    counter.answer();
    assert_eq!(counter.records()[2..], ["started", "reversal-due"]);
}

#[test]
fn a_remembered_wish_is_forgotten_with_the_power() {
    let mut counter = Counter::signed_on();
    counter.sell(1);
    counter.inquire(2);
    counter.skip();
    counter.power_returns();
    counter.pass(Duration::secs(60));
    assert_eq!(counter.types()[1..], ["0200"]);
}
