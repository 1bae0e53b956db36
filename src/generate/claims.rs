//! Who lost something and asks for it: goods without money, which merchants claim, and money
//! without goods, which cardholders complain of.
//!
//! It comes after the end of the day and has a stream of its own, so a seed without a clearing
//! house means what it meant before. It aims like the rest, and knows no party.

use super::clearing::{add_step, fault_about, part};
use super::entropy::{Concern, Entropy};
use super::flow::{Hop, Leg, Way};
use super::story::certain_sale;
use crate::fault::{ActionName, Fault, OnAction, OnMessage, Side};
use crate::party::Party;
use crate::scenario::{Goods, Scenario, Step, Wish};
use reversim_models::device::Device;
use reversim_models::iso8583::Mti;

/// How many days of a hundred that have a clearing house have somebody who complains.
const PERCENT: u64 = 60;

/// Adds a claim or a complaint, for some of the days with a clearing house.
pub(super) fn add(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    if scenario.topology.clearing == 0 {
        return;
    }
    entropy.concern(Concern::Claims);
    if !entropy.chance(PERCENT) {
        return;
    }
    let Some(way) = certain_sale(entropy, scenario) else { return };
    let what_happens = [
        (Leg::PosDown, Mti::FINANCIAL_RESPONSE),
        (Leg::IssuerDown, Mti::FINANCIAL_RESPONSE),
        (Leg::IssuerUp, Mti::FINANCIAL_REQUEST),
    ];
    match entropy.weighted(&[20, 30, 15, 15, 35]) {
        3 => {
            scenario.policy.reversal_attempts = 1;
            let reversal = way.message(Hop(Leg::PosUp, Mti::REVERSAL_REQUEST), 1);
            scenario.faults.push(Fault::Drop(reversal));
            goods_are_claimed(entropy, scenario, way, what_happens[0]);
        }
        4 => a_slip_is_asked_for(entropy, scenario, way),
        which => goods_are_claimed(entropy, scenario, way, what_happens[which]),
    }
    for _ in 0..entropy.weighted(&[50, 35, 15]) {
        let fault = fault_about(entropy, scenario, message, action);
        if !scenario.faults.contains(&fault) {
            scenario.faults.push(fault);
        }
    }
}

fn step_mut(scenario: &mut Scenario, id: u32) -> Option<&mut Step> {
    scenario.steps.iter_mut().find(|step| step.id == id)
}

/// When a step is over at the latest, as long as nothing waits for long.
fn after(scenario: &Scenario, id: u32) -> u64 {
    let at = scenario.steps.iter().position(|step| step.id == id).unwrap_or(0);
    let told = scenario.steps.get(at).and_then(|step| step.at_ms);
    told.unwrap_or(5_000 * at as u64)
}

/// The goods are handed over although the terminal says nothing good, and the merchant claims:
/// when the sale is taken back, before, or after the date has ended, once or again.
fn goods_are_claimed(
    entropy: &mut impl Entropy,
    scenario: &mut Scenario,
    way: Way,
    (leg, mti): (Leg, Mti),
) {
    let of = way.step;
    scenario.faults.push(Fault::Drop(way.message(Hop(leg, mti), 1)));
    let sold_ms = after(scenario, of);
    if let Some(step) = step_mut(scenario, of) {
        step.goods = Some(Goods::HandedOver);
    }
    if leg == Leg::PosDown && entropy.chance(70) {
        add_step(scenario, way.terminal, Wish::Inquiry { card: 1 }, sold_ms + 45_000);
    }
    if entropy.chance(30) {
        add_step(scenario, way.terminal, Wish::Settle, sold_ms + 60_000);
    }
    let switch = Party::switch(1);
    let by_hand = entropy.chance(30);
    let mut at_ms = sold_ms + entropy.pick(&[45_000, 90_000, 150_000]) + entropy.below(10_000);
    if entropy.chance(20) {
        add_step(scenario, switch, Wish::LookUp { of, by_hand }, at_ms);
    }
    if entropy.chance(4) {
        scenario.policy.claim_days = 0;
    }
    let amount = entropy.chance(4).then_some(5_000);
    add_step(scenario, switch, Wish::Claim { of, amount, by_hand }, at_ms);
    for _ in 0..entropy.weighted(&[55, 35, 10]) {
        at_ms += entropy.pick(&[1_000, 20_000, 90_000]);
        let by_hand = by_hand || entropy.chance(20);
        add_step(scenario, switch, Wish::Claim { of, amount: None, by_hand }, at_ms);
    }
    dates_end(entropy, scenario, at_ms);
}

/// No slip comes out, and mostly the cashier swipes again. When both are paid, the cardholder asks
/// for the slips.
fn a_slip_is_asked_for(entropy: &mut impl Entropy, scenario: &mut Scenario, way: Way) {
    let of = way.step;
    scenario.faults.push(Fault::PrinterFault { step: of });
    let Some(first) = step_mut(scenario, of) else { return };
    let intent = *first.intent.get_or_insert(of);
    let again = Step { at_ms: None, ..first.clone() };
    if entropy.chance(75) {
        first.goods = Some(Goods::Kept);
        let id = scenario.steps.iter().map(|step| step.id).max().unwrap_or(0) + 1;
        scenario.steps.push(Step { id, intent: Some(intent), ..again });
        if entropy.chance(15) {
            let wish = Wish::Reprint { of: Some(of) };
            add_step(scenario, way.terminal, wish, after(scenario, id) + 20_000);
        }
    }
    let mut at_ms = after(scenario, of) + entropy.pick(&[60_000, 90_000]);
    let window_ms = entropy.pick(&[0, 1_000]);
    add_step(scenario, Party::switch(1), Wish::CutOver { window_ms }, at_ms);
    at_ms += entropy.pick(&[40_000, 60_000, 120_000]);
    for _ in 0..entropy.pick(&[1, 1, 2]) {
        add_step(scenario, way.issuer, Wish::Retrieve { of }, at_ms);
        at_ms += entropy.pick(&[500, 20_000]);
    }
    dates_end(entropy, scenario, at_ms);
}

/// Some dates end before everything is healed, and somebody looks in later.
pub(super) fn dates_end(entropy: &mut impl Entropy, scenario: &mut Scenario, mut at_ms: u64) {
    let ends = entropy.weighted(&[30, 30, 30, 10]);
    for _ in 0..ends {
        at_ms += entropy.pick(&[5_000, 30_000, 60_000]);
        let window_ms = entropy.pick(&[0, 0, 5_000]);
        add_step(scenario, Party::switch(1), Wish::CutOver { window_ms }, at_ms);
    }
    if ends > 0 {
        let later = entropy.pick(&[40_000, 90_000]);
        add_step(scenario, Party::terminal(1), Wish::Inquiry { card: 1 }, at_ms + later);
    }
}

/// A part of a file of returns, or its answer.
fn message(entropy: &mut impl Entropy, scenario: &Scenario) -> OnMessage {
    let issuer = Party::issuer(entropy.between(1, scenario.topology.issuers.into()) as u8);
    let (clearing, switch) = (Party::clearing(1), Party::switch(1));
    let (sender, receiver) = entropy.pick(&[(issuer, clearing), (clearing, switch)]);
    let nth = [1, 2][entropy.weighted(&[80, 20])];
    part(entropy, (sender, receiver), nth)
}

/// What is done about claims, returns and slips.
fn action(entropy: &mut impl Entropy, scenario: &Scenario, side: Side) -> OnAction {
    use ActionName::{Record, Send, Tell};
    let issuer = Party::issuer(entropy.between(1, scenario.topology.issuers.into()) as u8);
    let (switch, clearing) = (Party::switch(1), Party::clearing(1));
    let is_of_a_step = |step: &&Step| matches!(step.wish, Wish::Claim { .. });
    let claim = scenario.steps.iter().find(is_of_a_step).map_or(0, |step| step.id);
    let (party, action, step) = entropy.pick(&[
        (switch, Record("claim-filed"), claim),
        (switch, Tell(Device::Desk), claim),
        (switch, Record("extract-closed"), 0),
        (issuer, Record("presentment-taken"), 0),
        (issuer, Record("return-built"), 0),
        (issuer, Send(Mti::FILE_ADVICE), 0),
        (issuer, Record("file-delivered"), 0),
        (clearing, Record("return-taken"), 0),
        (clearing, Record("return-built"), 0),
        (clearing, Record("payout-built"), 0),
        (switch, Record("return-taken"), 0),
        (switch, Record("slip-answered"), 0),
    ]);
    let nth = [1, 2][entropy.weighted(&[80, 20])];
    OnAction { party, side, action, step, nth }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{Profile, scenario};
    use crate::mark::Mark;

    #[test]
    fn what_is_claimed_and_complained_of_is_decided_and_nobody_loses_money() {
        let (mut days, mut marks) = (0, crate::mark::Marks::NONE);
        for seed in 0..400 {
            let scenario = scenario(Profile::Day, seed);
            let asks =
                |step: &Step| matches!(step.wish, Wish::Claim { .. } | Wish::Retrieve { .. });
            if !scenario.steps.iter().any(asks) {
                continue;
            }
            days += 1;
            let run = crate::run::run(&scenario);
            assert_eq!(run.violation(), None, "{seed}");
            marks = marks.union(run.marks);
        }
        assert!(days > 60, "{days}");
        for mark in [Mark::ClaimPaid, Mark::ClaimChargedBack, Mark::SlipMissing] {
            assert!(marks.has(mark), "{mark}");
        }
    }
}
