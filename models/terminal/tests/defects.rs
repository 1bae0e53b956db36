//! Each planted defect beside the correct terminal, under the schedule that exposes it.

use super::*;
use crate::iso8583::BatchDetails48;

/// What a story shows of a correct terminal, and of one with the defect.
fn both<T>(defect: Defect, story: impl Fn(&mut Counter) -> T) -> (T, T) {
    (story(&mut Counter::signed_on()), story(&mut Counter::planted(defect)))
}

/// The types of the messages after the sign-on and the first sale.
fn after_the_sale(counter: &Counter) -> Vec<String> {
    counter.types()[2..].to_vec()
}

#[test]
fn t01_shows_a_time_out_as_a_decline_and_never_reverses() {
    let (right, wrong) = both(Defect::T01, |counter| {
        counter.sell_in_vain(1);
        counter.inquire(2);
        (counter.display(1), after_the_sale(counter))
    });
    assert_eq!(right, (Some(Display::InDoubt), vec!["0400".to_owned()]));
    let declined = Display::Declined(ResponseCode::ISSUER_TIMED_OUT);
    assert_eq!(wrong, (Some(declined), vec!["0200".to_owned()]));
}

#[test]
fn t02_sends_before_it_records_and_a_power_cut_between_forgets_the_sale() {
    let (right, wrong) = both(Defect::T02, |counter| {
        counter.power = Some(1);
        counter.sell(1);
        counter.skip();
        (counter.stans(Mti::FINANCIAL_REQUEST).len(), counter.records()[2..].to_vec())
    });
    assert_eq!(right, (0, vec!["started", "reversal-due"]));
    assert_eq!(wrong, (1, vec![]));
}

#[test]
fn t03_forgets_the_pending_reversal_with_the_power() {
    let (right, wrong) = both(Defect::T03, |counter| {
        counter.sell_in_vain(1);
        counter.power_returns();
        counter.inquire(2);
        after_the_sale(counter)
    });
    assert_eq!((right, wrong), (vec!["0400".to_owned()], vec!["0200".to_owned()]));
}

#[test]
fn t05_takes_any_answer_for_a_reversal() {
    let (right, wrong) = both(Defect::T05, |counter| {
        counter.sell_in_vain(1);
        counter.inquire(2);
        counter.answer_with(ResponseCode::ISSUER_INOPERATIVE);
        counter.is_reversed(2)
    });
    assert_eq!((right, wrong), (false, true));
}

#[test]
fn t06_forgets_the_sale_after_the_last_try_even_over_a_loss_of_power() {
    let (right, wrong) = both(Defect::T06, |counter| {
        counter.sell_in_vain(1);
        counter.inquire(2);
        counter.pass(Duration::secs(30));
        counter.power_returns();
        counter.inquire(3);
        let tries = counter.stans(Mti::REVERSAL_REQUEST).len();
        (counter.records().contains(&"exception-opened"), tries)
    });
    assert_eq!((right, wrong), ((true, 3), (false, 3)));
}

#[test]
fn t07_lets_a_sale_go_and_its_time_out_overwrites_the_pending_reversal() {
    let (right, wrong) = both(Defect::T07, |counter| {
        counter.sell_in_vain(1);
        counter.sell(2);
        for _ in 0..2 {
            counter.skip();
            counter.pass(TIMEOUT);
        }
        counter.inquire(3);
        counter.answer();
        (counter.is_reversed(2), counter.is_reversed(3))
    });
    assert_eq!(right, (true, false), "the second sale waited and was approved");
    assert_eq!(wrong, (false, true), "the first reversal is lost");
}

#[test]
fn t08_reverses_under_a_number_that_names_no_original() {
    let (right, wrong) = both(Defect::T08, |counter| {
        counter.sell_in_vain(1);
        counter.inquire(2);
        counter.answer_with(ResponseCode::ORIGINAL_NOT_FOUND);
        (counter.stans(Mti::REVERSAL_REQUEST), counter.is_reversed(2))
    });
    assert_eq!((right, wrong), ((vec![2], true), (vec![3], true)));
}

#[test]
fn t10_uses_a_number_again_after_a_loss_of_power() {
    let (right, wrong) = both(Defect::T10, |counter| {
        counter.sell_well(1);
        counter.power_returns();
        counter.sell(2);
        counter.stans(Mti::FINANCIAL_REQUEST)
    });
    assert_eq!((right, wrong), (vec![2, 3], vec![2, 2]));
}

#[test]
fn t11_counts_over_zero_into_the_open_batch() {
    let story = |defects| {
        let mut counter = Counter::with(|config| (config.stan_max, config.defects) = (3, defects));
        for ticket in 1..=5 {
            counter.sell_well(ticket);
        }
        counter.stans(Mti::FINANCIAL_REQUEST)
    };
    assert_eq!(story(Defects::NONE), [2, 3], "then the terminal must settle");
    assert_eq!(story(Defects::NONE.with(Defect::T11)), [2, 3, 0, 1, 2]);
}

#[test]
fn t12_prints_the_receipt_of_a_sale_that_is_being_reversed() {
    let (right, wrong) = both(Defect::T12, |counter| {
        counter.sell_in_vain(1);
        let late = counter.answer_to(&counter.sent[1].clone());
        counter.say(&late);
        counter.inquire(2);
        counter.answer();
        (counter.slips().len(), counter.display(1), counter.is_reversed(2))
    });
    assert_eq!(right, (0, Some(Display::InDoubt), true));
    assert_eq!(wrong, (1, Some(Display::Approved(PRICE)), true));
}

#[test]
fn t14_counts_a_sale_once_for_every_copy_of_its_answer() {
    let (right, wrong) = both(Defect::T14, |counter| {
        counter.sell_well(1);
        let copy = counter.answer_to(&counter.sent[1].clone());
        counter.say(&copy);
        counter.power_returns();
        counter.settle(2);
        let totals = counter.last().get(Element::PRIVATE_48).and_then(Settlement48::parse);
        totals.map(|totals| (totals.domestic.debit_count, totals.domestic.debit_amount))
    });
    assert_eq!((right, wrong), (Some((1, 50_000)), Some((2, 100_000))));
}

#[test]
fn t15_takes_half_an_answer_for_a_decline() {
    let (right, wrong) = both(Defect::T15, |counter| {
        counter.sell(1);
        let answer = counter.answer_to(&counter.last().clone());
        let frame = counter.frame(&answer);
        counter.skip();
        counter.say_bytes(&frame[..30]);
        counter.say_bytes(&frame[30..]);
        counter.inquire(2);
        (counter.display(1), after_the_sale(counter))
    });
    assert_eq!(right, (Some(Display::Approved(PRICE)), vec!["0200".to_owned()]));
    let declined = Display::Declined(ResponseCode::FORMAT_ERROR);
    assert_eq!(wrong, (Some(declined), vec!["0200".to_owned()]));
}

#[test]
fn t16_drops_the_answer_behind_another_message_and_waits_for_ever() {
    let story = |defects| {
        let mut counter = Counter::with(|config| {
            (config.echo_interval, config.defects) = (Some(Duration::secs(60)), defects);
        });
        counter.pass(Duration::secs(60));
        let echo = counter.answer_to(&counter.last().clone());
        counter.sell(1);
        let answer = counter.answer_to(&counter.last().clone());
        let both = [counter.frame(&echo), counter.frame(&answer)].concat();
        counter.say_bytes(&both);
        counter.pass(Duration::secs(59));
        counter.display(1)
    };
    assert_eq!(story(Defects::NONE), Some(Display::Approved(PRICE)));
    assert_eq!(story(Defects::NONE.with(Defect::T16)), Some(Display::Processing));
}

#[test]
fn t20_uploads_from_the_first_detail_again_when_one_was_not_answered() {
    let (right, wrong) = both(Defect::T20, |counter| {
        for ticket in 1..=9 {
            counter.sell_well(ticket);
        }
        counter.settle(10);
        let request = counter.last().clone();
        let unbalanced = counter.answer_to(&request);
        counter.skip();
        counter.say(&unbalanced.with(Element::PRIVATE_48, totals(&request, 2)));
        counter.answer_with(ResponseCode::APPROVED);
        counter.skip();
        counter.pass(TIMEOUT);
        let told = counter.last().get(Element::PRIVATE_48).and_then(BatchDetails48::parse);
        told.map(|told| told.details.len())
    });
    assert_eq!((right, wrong), (Some(1), Some(8)));
}

#[test]
fn t21_settles_the_same_sales_under_the_next_batch_number() {
    let (right, wrong) = both(Defect::T21, |counter| {
        counter.sell_well(1);
        counter.settle(2);
        counter.skip();
        counter.pass(TIMEOUT);
        counter.answer();
        let closed = counter.journal.iter().filter_map(|record| match record {
            TerminalRecord::BatchClosed { batch, totals, .. } => {
                Some((*batch, totals.debits.count))
            }
            _ => None,
        });
        (closed.collect::<Vec<_>>(), counter.display(2))
    });
    assert_eq!(right, (vec![(7, 1)], Some(Display::Settled(true))));
    assert_eq!(wrong, (vec![(7, 1), (8, 1)], Some(Display::Settled(true))));
}

#[test]
fn t24_shows_a_wrong_mac_as_a_decline_and_never_reverses() {
    let (right, wrong) = both(Defect::T24, |counter| {
        counter.sell(1);
        let answer = counter.answer_to(&counter.last().clone());
        let mut frame = counter.frame(&answer);
        *frame.last_mut().unwrap() ^= 1;
        counter.skip();
        counter.say_bytes(&frame);
        counter.records()[3]
    });
    assert_eq!((right, wrong), ("reversal-due", "declined"));
}

#[test]
fn t28_waits_for_the_calendar_clock() {
    let (right, wrong) = both(Defect::T28, |counter| {
        counter.sell(1);
        counter.pass(Duration::secs(1));
        counter.now.local = counter.now.local.plus(-3_600_000_000);
        counter.pass(Duration::secs(600));
        counter.display(1)
    });
    assert_eq!((right, wrong), (Some(Display::InDoubt), Some(Display::Processing)));
}

#[test]
fn t30_offers_a_new_sale_when_the_paper_is_out() {
    let (right, wrong) = both(Defect::T30, |counter| {
        counter.has_paper = false;
        counter.sell_well(1);
        counter.display(1)
    });
    assert_eq!((right, wrong), (Some(Display::PrinterFault), Some(Display::SwipeAgain)));
}

#[test]
fn t32_settles_with_a_reversal_pending() {
    let (right, wrong) = both(Defect::T32, |counter| {
        counter.sell_in_vain(1);
        counter.settle(2);
        after_the_sale(counter)
    });
    assert_eq!((right, wrong), (vec!["0400".to_owned()], vec!["0500".to_owned()]));
}

#[test]
fn t34_loses_the_whole_entry_with_a_torn_record() {
    let (right, wrong) = both(Defect::T34, |counter| {
        counter.sell(1);
        (counter.power, counter.tears) = (Some(0), true);
        counter.answer();
        counter.inquire(2);
        after_the_sale(counter)
    });
    assert_eq!((right, wrong), (vec!["0400".to_owned()], vec!["0200".to_owned()]));
}

#[test]
fn t40_sends_a_refused_reversal_again_at_once() {
    let (right, wrong) = both(Defect::T40, |counter| {
        counter.sell_in_vain(1);
        counter.inquire(2);
        let answer = counter.answer_to(&counter.last().clone());
        counter.skip();
        counter.say(&answer.with(Element::RESPONSE_CODE, "96"));
        after_the_sale(counter)
    });
    assert_eq!((right, wrong), (vec!["0400".to_owned()], vec!["0400".to_owned(); 2]));
}

#[test]
fn t41_keeps_the_track() {
    let (right, wrong) = both(Defect::T41, |counter| {
        counter.sell(1);
        counter.kept
    });
    assert_eq!((right, wrong), (0, 1));
}

#[test]
fn z01_writes_the_card_number_into_the_log() {
    let (right, wrong) = both(Defect::Z01, |counter| {
        counter.sell(1);
        let answer = counter.answer_to(&counter.last().clone());
        let mut frame = counter.frame(&answer);
        frame.push(0);
        let length = u16::from_be_bytes([frame[0], frame[1]]) + 1;
        frame[..2].copy_from_slice(&length.to_be_bytes());
        counter.say_bytes(&frame);
        counter.log().iter().any(|entry| entry.contains(PAN))
    });
    assert_eq!((right, wrong), (false, true));
}

#[test]
fn z04_waits_for_ever_for_the_rest_of_a_frame() {
    let (right, wrong) = both(Defect::Z04, |counter| {
        counter.sell(1);
        counter.say_bytes(b"\x0F\xFF\x60");
        counter.pass(Duration::secs(600));
        counter.display(1)
    });
    assert_eq!((right, wrong), (Some(Display::InDoubt), Some(Display::Processing)));
}

#[test]
fn z06_takes_a_changed_response_code_for_an_approval() {
    let (right, wrong) = both(Defect::Z06, |counter| {
        counter.sell(1);
        let approval = counter.answer_to(&counter.last().clone());
        let decline = approval.clone().with(Element::RESPONSE_CODE, "51");
        let (mut frame, sealed) = (counter.frame(&approval), counter.frame(&decline));
        let mac = frame.len() - 8;
        frame[mac..].copy_from_slice(&sealed[mac..]);
        counter.say_bytes(&frame);
        counter.display(1)
    });
    assert_eq!((right, wrong), (Some(Display::InDoubt), Some(Display::Approved(PRICE))));
}
