//! The end of a batch: balanced, unbalanced, interrupted.

use super::*;
use crate::iso8583::BatchDetails48;
use crate::record::{Total, Totals};

/// Element 60.3 of the host's messages of this type, in order.
fn codes(counter: &Counter, mti: Mti) -> Vec<u16> {
    let ours = counter.sent.iter().filter(|message| message.mti() == mti);
    ours.filter_map(|message| Private60::of(message)?.network_code).collect()
}

fn details(message: &Message) -> Vec<(u32, u64)> {
    let details = message.get(Element::PRIVATE_48).and_then(BatchDetails48::parse).unwrap();
    details.details.iter().map(|detail| (detail.trace, detail.amount)).collect()
}

/// The host finds other totals.
fn answer_unbalanced(counter: &mut Counter) {
    let request = counter.last().clone();
    let answer = counter.answer_to(&request);
    counter.skip();
    counter.say(&answer.with(Element::PRIVATE_48, totals(&request, 2)));
}

/// So many sales at the usual price.
fn sold(count: u32) -> Totals {
    let debits = Total { count, minor: PRICE.minor * u64::from(count) };
    Totals { debits, credits: Total::default() }
}

fn closed(batch: u32, count: u32) -> TerminalRecord {
    TerminalRecord::BatchClosed { batch, next: batch + 1, totals: sold(count) }
}

#[test]
fn a_balanced_batch_is_closed_without_an_upload() {
    let mut counter = Counter::signed_on();
    counter.sell_well(1);
    counter.sell_well(2);
    counter.settle(3);
    let asked = counter.last().get(Element::PRIVATE_48).and_then(Settlement48::parse).unwrap();
    assert_eq!((asked.domestic.debit_count, asked.domestic.debit_amount), (2, 100_000));
    assert_eq!(counter.last().text(Element::PRIVATE_60), Some("00000007201"));
    assert!(!counter.last().has(Element::MAC_64));
    counter.answer();
    assert_eq!((codes(&counter, Mti::FILE_ADVICE), counter.batch), (vec![207], 7));
    assert_eq!(counter.displays(3), [Display::Settling, Display::Settled(true)]);
    let totals = Slip::Totals { batch: 7, totals: sold(2) };
    assert_eq!(counter.slips().last(), Some(&totals));
    assert_eq!(counter.journal.last(), Some(&closed(7, 2)));
    counter.sell(4);
    assert_eq!(counter.last().text(Element::PRIVATE_60), Some("2200000800060"));
}

#[test]
fn an_unbalanced_batch_uploads_every_detail_eight_at_a_time() {
    let mut counter = Counter::signed_on();
    for ticket in 1..=10 {
        counter.sell_well(ticket);
    }
    counter.settle(11);
    answer_unbalanced(&mut counter);
    counter.answer();
    assert_eq!(codes(&counter, Mti::FILE_ADVICE), [201, 201, 202]);
    let uploads = counter.sent.iter().filter(|message| message.mti() == Mti::FILE_ADVICE);
    let told: Vec<_> = uploads.flat_map(details).collect();
    assert_eq!(told, (2..=11).map(|stan| (stan, PRICE.minor)).collect::<Vec<_>>());
    assert_eq!(counter.display(11), Some(Display::Settled(false)));
    assert_eq!(counter.journal.last(), Some(&closed(7, 10)));
}

#[test]
fn an_interrupted_upload_goes_on_where_it_was_after_a_loss_of_power() {
    let mut counter = Counter::signed_on();
    for ticket in 1..=10 {
        counter.sell_well(ticket);
    }
    counter.settle(11);
    answer_unbalanced(&mut counter);
    counter.answer_with(ResponseCode::APPROVED);
    counter.skip();
    counter.power_returns();
    counter.settle(12);
    assert_eq!(details(counter.last()), [(10, PRICE.minor), (11, PRICE.minor)]);
    counter.answer();
    assert_eq!(counter.display(12), Some(Display::Settled(false)));
    assert_eq!(counter.journal.last(), Some(&closed(7, 10)));
    assert_eq!(counter.types().iter().filter(|mti| *mti == "0500").count(), 1);
}

#[test]
fn an_unanswered_0500_is_sent_again_for_the_same_batch() {
    let mut counter = Counter::signed_on();
    counter.sell_well(1);
    counter.settle(2);
    counter.skip();
    counter.pass(Duration::secs(10));
    counter.skip();
    counter.pass(Duration::secs(10));
    assert_eq!(counter.display(2), Some(Display::SettlementFailed));
    counter.settle(3);
    counter.answer();
    let batches: Vec<_> =
        counter.sent[2..].iter().map(|m| Private60::of(m).unwrap().batch).collect();
    assert_eq!(batches, [7; 4]);
    assert_eq!(counter.types()[2..], ["0500", "0500", "0500", "0320"]);
    assert_eq!(counter.display(3), Some(Display::Settled(true)));
    let started = counter.records().iter().filter(|name| **name == "settlement-started").count();
    assert_eq!(started, 1);
}

#[test]
fn a_batch_that_the_host_closed_unheard_is_closed_after_a_sign_on() {
    let mut counter = Counter::signed_on();
    counter.sell_well(1);
    counter.settle(2);
    counter.answer_with(ResponseCode::APPROVED);
    assert_eq!(codes(&counter, Mti::FILE_ADVICE), [207]);
    counter.skip();
    counter.break_line();
    counter.batch = 8;
    assert_eq!(codes(&counter, Mti::FILE_ADVICE), [207, 207]);
    counter.answer_with(ResponseCode::BATCH_MISMATCH);
    counter.answer();
    assert_eq!(counter.display(2), Some(Display::Settled(true)));
    assert!(counter.journal.contains(&closed(7, 1)));
    counter.sell(3);
    assert_eq!(counter.last().text(Element::PRIVATE_60), Some("2200000800060"));
}

#[test]
fn a_host_that_insists_on_another_batch_fails_the_settlement_and_not_the_terminal() {
    let mut counter = Counter::signed_on();
    counter.sell_well(1);
    counter.settle(2);
    counter.answer_with(ResponseCode::BATCH_MISMATCH);
    counter.answer_with(ResponseCode::APPROVED);
    assert_eq!(counter.last().mti(), Mti::RECONCILIATION_REQUEST);
    counter.answer_with(ResponseCode::BATCH_MISMATCH);
    assert_eq!(counter.display(2), Some(Display::SettlementFailed));
    counter.settle(3);
    counter.answer();
    assert_eq!(counter.display(3), Some(Display::Settled(true)));
}

#[test]
fn a_settlement_drains_the_pending_reversal_first() {
    let mut counter = Counter::signed_on();
    counter.sell_well(1);
    counter.sell_in_vain(2);
    counter.settle(3);
    counter.answer();
    assert_eq!(counter.types()[3..], ["0400", "0500", "0320"]);
    assert_eq!(counter.journal.last(), Some(&closed(7, 1)));
}

#[test]
fn nothing_is_sold_into_a_frozen_batch() {
    let mut counter = Counter::signed_on();
    counter.sell_well(1);
    counter.settle(2);
    counter.skip();
    counter.break_line();
    counter.skip();
    counter.break_line();
    assert_eq!(counter.display(2), Some(Display::SettlementFailed));
    counter.power_returns();
    counter.sell(3);
    assert_eq!(counter.displays(3), [Display::MustSettle]);
    counter.inquire(4);
    counter.answer();
    assert_eq!(counter.display(4), Some(Display::Balance(Amount::cny(123_456))));
}

#[test]
fn a_host_that_knows_of_other_totals_is_asked_again_and_the_batch_still_closes() {
    let mut counter = Counter::signed_on();
    counter.sell_well(1);
    counter.settle(2);
    counter.answer_with(ResponseCode::APPROVED);
    counter.answer_with(ResponseCode::RECONCILE_ERROR);
    assert_eq!(counter.display(2), Some(Display::SettlementFailed));
    counter.settle(3);
    answer_unbalanced(&mut counter);
    counter.answer();
    assert_eq!(codes(&counter, Mti::FILE_ADVICE), [207, 201, 202]);
    assert_eq!(counter.display(3), Some(Display::Settled(false)));
}
