//! Flows with a clearing house: dates that end, files, suspense, claims and slips.

use super::{
    COUNTER, INQUIRY, PRE_AUTH, SALE, at, at_the_counter, completion, completion_advice, date_ends,
    later, refund, void,
};
use crate::fault::{Fault, OnMessage};
use crate::party::Party;
use crate::scenario::{Goods, Scenario, Wish};
use reversim_models::iso8583::Mti;

/// A sale, its settlement, the end of the business date, and clearing. The files go in parts of two
/// records, and somebody looks in when they should have arrived.
pub(super) fn clearing() -> Scenario {
    let mut scenario = at_the_counter(&[SALE, Wish::Settle]);
    with_clearing(&mut scenario);
    date_ends(&mut scenario, 20_000);
    later(&mut scenario, INQUIRY, 40_000);
    scenario
}

/// The same with two nodes of the clearing house, which work in turn.
pub(super) fn two_clearing_nodes() -> Scenario {
    let mut scenario = clearing();
    scenario.topology.clearing = 2;
    scenario
}

/// A sale whose answer is lost: presented on its date, reversed on the next, and adjusted.
pub(super) fn adjustment() -> Scenario {
    let mut scenario = at_the_counter(&[SALE]);
    with_clearing(&mut scenario);
    let (from, to, mti) = (Party::switch(1), COUNTER, Mti::FINANCIAL_RESPONSE);
    scenario.faults.push(Fault::Drop(OnMessage { from, to, mti, step: 2, nth: 1 }));
    date_ends(&mut scenario, 20_000);
    later(&mut scenario, INQUIRY, 45_000);
    date_ends(&mut scenario, 60_000);
    later(&mut scenario, Wish::Settle, 90_000);
    scenario
}

/// Answer and reversal are lost, and the terminal settles without the sale: nobody presents it, so
/// the issuer parks the debit when the date ends, and returns it two dates later.
pub(super) fn suspense() -> Scenario {
    let mut scenario = at_the_counter(&[SALE, Wish::Settle]);
    with_clearing(&mut scenario);
    scenario.policy.reversal_attempts = 1;
    let (from, to) = (Party::switch(1), COUNTER);
    scenario.faults.extend([
        Fault::Drop(OnMessage { from, to, mti: Mti::FINANCIAL_RESPONSE, step: 2, nth: 1 }),
        Fault::Drop(OnMessage { from: to, to: from, mti: Mti::REVERSAL_REQUEST, step: 2, nth: 1 }),
    ]);
    for at_ms in [80_000, 100_000, 120_000] {
        date_ends(&mut scenario, at_ms);
    }
    later(&mut scenario, INQUIRY, 150_000);
    scenario
}

/// A sale and its void, and the end of the date: no file tells of either.
pub(super) fn void_cleared() -> Scenario {
    cleared(&[SALE, void(2), Wish::Settle])
}

/// A sale and a refund of a part of it, before the date ends.
pub(super) fn refund_cleared() -> Scenario {
    cleared(&[SALE, Wish::Settle, refund(2), Wish::Settle])
}

/// A pre-authorisation and its completion for less.
pub(super) fn completion_cleared() -> Scenario {
    cleared(&[PRE_AUTH, completion(2), Wish::Settle])
}

/// The answer to a void is lost, and so is its reversal: its terminal settles the sale, and the
/// cardholder pays again what the void gave back.
pub(super) fn void_taken_back() -> Scenario {
    given_up(&[SALE, void(2)], Mti::FINANCIAL_RESPONSE, Mti::REVERSAL_REQUEST)
}

/// The answers to a refund are lost: its terminal settles without it, and the cardholder pays again
/// what it gave back.
pub(super) fn refund_taken_back() -> Scenario {
    given_up(&[SALE, refund(2)], Mti::FINANCIAL_ADVICE_RESPONSE, Mti::FINANCIAL_ADVICE_REPEAT)
}

/// No advice of a refund comes to the issuer: it learns of it from the file.
pub(super) fn refund_by_file() -> Scenario {
    told_by_file(&[SALE, refund(2)])
}

/// The second of these wishes is told, and its only advice is lost; the date ends.
fn told_by_file(wishes: &[Wish]) -> Scenario {
    let mut scenario = at_the_counter(wishes);
    with_clearing(&mut scenario);
    scenario.policy.saf_attempts = 1;
    let (from, to, mti) = (Party::switch(1), Party::issuer(1), Mti::FINANCIAL_ADVICE);
    scenario.faults.push(Fault::Drop(OnMessage { from, to, mti, step: 3, nth: 1 }));
    date_ends(&mut scenario, 80_000);
    later(&mut scenario, INQUIRY, 110_000);
    scenario
}

/// The switch stands in for the issuer, to which neither request nor advice comes: it hears of the
/// sale by file alone.
pub(super) fn stand_in_by_file() -> Scenario {
    let mut scenario = super::stand_in(&[SALE]);
    with_clearing(&mut scenario);
    scenario.policy.saf_attempts = 1;
    let (from, to) = (Party::switch(1), Party::issuer(1));
    let lost = |mti| Fault::Drop(OnMessage { from, to, mti, step: 2, nth: 1 });
    scenario.faults = vec![lost(Mti::FINANCIAL_REQUEST), lost(Mti::FINANCIAL_ADVICE)];
    date_ends(&mut scenario, 120_000);
    later(&mut scenario, INQUIRY, 150_000);
    scenario
}

/// The terminal gives a completion up that it told: the switch took it, and told the issuer.
pub(super) fn completion_taken_back() -> Scenario {
    let wishes = [PRE_AUTH, completion_advice(2)];
    given_up(&wishes, Mti::FINANCIAL_ADVICE_RESPONSE, Mti::FINANCIAL_ADVICE_REPEAT)
}

/// The switch takes a completion that it is told, and its issuer hears of it by file alone.
pub(super) fn completion_by_file() -> Scenario {
    told_by_file(&[PRE_AUTH, completion_advice(2)])
}

/// The issuer's answer to a completion that it was told is lost, and suspense returns the money
/// before the terminal tells it again: what is presented then is owed all the same.
pub(super) fn completion_returned() -> Scenario {
    let mut scenario = at_the_counter(&[PRE_AUTH, completion_advice(2)]);
    with_clearing(&mut scenario);
    scenario.policy.switch_answers_advices = false;
    let (from, to, mti) = (Party::issuer(1), Party::switch(1), Mti::FINANCIAL_ADVICE_RESPONSE);
    scenario.faults.push(Fault::Drop(OnMessage { from, to, mti, step: 3, nth: 1 }));
    for at_ms in [40_000, 90_000, 140_000, 190_000] {
        date_ends(&mut scenario, at_ms);
    }
    later(&mut scenario, Wish::Settle, 300_000);
    date_ends(&mut scenario, 400_000);
    scenario
}

/// These wishes, the end of the date, and somebody who looks in when the files should have come.
fn cleared(wishes: &[Wish]) -> Scenario {
    let mut scenario = at_the_counter(wishes);
    with_clearing(&mut scenario);
    date_ends(&mut scenario, 30_000);
    later(&mut scenario, INQUIRY, 50_000);
    scenario
}

/// The last of these wishes gets no answer, nor does what its terminal sends after it once: it is
/// settled as an exception item, and three dates end.
fn given_up(wishes: &[Wish], answer: Mti, again: Mti) -> Scenario {
    let mut scenario = at_the_counter(wishes);
    with_clearing(&mut scenario);
    scenario.policy.reversal_attempts = 1;
    let (from, to, step) = (Party::switch(1), COUNTER, 1 + wishes.len() as u32);
    scenario.faults.extend([
        Fault::Drop(OnMessage { from, to, mti: answer, step, nth: 1 }),
        Fault::Drop(OnMessage { from: to, to: from, mti: again, step, nth: 1 }),
    ]);
    later(&mut scenario, Wish::Settle, 90_000);
    for at_ms in [120_000, 140_000, 160_000] {
        date_ends(&mut scenario, at_ms);
    }
    later(&mut scenario, INQUIRY, 190_000);
    scenario
}

/// Goods are handed over for a sale whose answer is lost; it is reversed, claimed, and claimed
/// again.
pub(super) fn claim() -> Scenario {
    let mut scenario = at_the_counter(&[SALE, INQUIRY]);
    with_clearing(&mut scenario);
    let (from, to, mti) = (Party::switch(1), COUNTER, Mti::FINANCIAL_RESPONSE);
    scenario.faults.push(Fault::Drop(OnMessage { from, to, mti, step: 2, nth: 1 }));
    goods_are_claimed(&mut scenario, &[60_000, 65_000]);
    date_ends(&mut scenario, 70_000);
    later(&mut scenario, INQUIRY, 100_000);
    scenario
}

/// Goods are handed over for a sale that the issuer never saw; what is claimed is paid, charged
/// back on the next date, and paid back.
pub(super) fn claim_charged_back() -> Scenario {
    let mut scenario = at_the_counter(&[SALE]);
    with_clearing(&mut scenario);
    let (from, to, mti) = (Party::switch(1), Party::issuer(1), Mti::FINANCIAL_REQUEST);
    scenario.faults.push(Fault::Drop(OnMessage { from, to, mti, step: 2, nth: 1 }));
    goods_are_claimed(&mut scenario, &[50_000]);
    date_ends(&mut scenario, 55_000);
    date_ends(&mut scenario, 80_000);
    later(&mut scenario, INQUIRY, 110_000);
    scenario
}

/// Two sales for one purchase, one slip: the cardholder asks for the slips when both are paid, and
/// what has none is adjusted.
pub(super) fn retrieval() -> Scenario {
    let mut scenario = at_the_counter(&[SALE, SALE]);
    with_clearing(&mut scenario);
    scenario.faults.push(Fault::PrinterFault { step: 2 });
    scenario.steps[1].goods = Some(Goods::Kept);
    scenario.steps[2].intent = Some(2);
    date_ends(&mut scenario, 20_000);
    at(&mut scenario, Party::issuer(1), Wish::Retrieve { of: 2 }, 40_000);
    date_ends(&mut scenario, 50_000);
    date_ends(&mut scenario, 80_000);
    later(&mut scenario, INQUIRY, 110_000);
    scenario
}

/// The customer of step 2 has the goods, and the merchant claims at these times.
fn goods_are_claimed(scenario: &mut Scenario, times: &[u64]) {
    scenario.steps[1].goods = Some(Goods::HandedOver);
    for at_ms in times {
        let wish = Wish::Claim { of: 2, amount: None, by_hand: false };
        at(scenario, Party::switch(1), wish, *at_ms);
    }
}

/// A clearing house takes part, and its files go in parts of two records.
fn with_clearing(scenario: &mut Scenario) {
    scenario.topology.clearing = 1;
    scenario.policy.file_records = 2;
}
