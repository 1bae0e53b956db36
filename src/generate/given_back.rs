//! What is given back, completed or promised around the end of a date: voids, refunds, completions
//! and stand-ins of which two sides hear different things before files tell of them.
//!
//! It comes after the clearing house and has a stream of its own, so a seed without one means what
//! it meant before. It aims like the rest, and knows no party.

use super::claims::dates_end;
use super::clearing::add_step;
use super::entropy::{Concern, Entropy};
use super::flow::{Hop, Leg, Way};
use super::story::certain_sale;
use crate::fault::{Fault, Until, When};
use crate::party::Party;
use crate::scenario::{Scenario, Step, Wish};
use reversim_models::iso8583::Mti;

/// How many of a hundred days that have a clearing house and something given back disagree on it.
const PERCENT: u64 = 60;

/// How many of a hundred days that have a clearing house and nothing given back have something
/// after all.
const MORE_PERCENT: u64 = 30;

/// How many of a hundred days that have a clearing house have an issuer that hears of a promise by
/// file alone.
const PROMISE_PERCENT: u64 = 16;

const ADVICE_UP: Hop = Hop(Leg::IssuerUp, Mti::FINANCIAL_ADVICE);

/// Adds a disagreement on one of the steps that give back or complete.
pub(super) fn add(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    if scenario.topology.clearing == 0 {
        return;
    }
    entropy.concern(Concern::GivenBack);
    if entropy.chance(PROMISE_PERCENT) && !scenario.policy.issuer_partial_approvals {
        return promise(entropy, scenario);
    }
    let is_it = |step: &&Step| {
        matches!(
            step.wish,
            Wish::Void { .. }
                | Wish::Completion { .. }
                | Wish::Refund { .. }
                | Wish::Tip { .. }
                | Wish::OfflineSale { .. }
        )
    };
    if !scenario.steps.iter().any(|step| is_it(&step)) && entropy.chance(MORE_PERCENT) {
        give_back(entropy, scenario);
    }
    let count = scenario.steps.iter().filter(is_it).count() as u64;
    if count == 0 || !entropy.chance(PERCENT) {
        return;
    }
    let number = entropy.below(count) as usize;
    let Some(step) = scenario.steps.iter().filter(is_it).nth(number).cloned() else { return };
    let Some(way) = Way::of(scenario, &step) else { return };
    let is_told = way.is_told;
    let (answer, again) = match is_told {
        true => (Mti::FINANCIAL_ADVICE_RESPONSE, Mti::FINANCIAL_ADVICE_REPEAT),
        false => (Mti::FINANCIAL_RESPONSE, Mti::REVERSAL_REQUEST),
    };
    let answer = way.message(Hop(Leg::PosDown, answer), 1);
    match (is_told, entropy.weighted(&[50, 50])) {
        (true, 1) => {
            scenario.policy.switch_answers_advices = true;
            scenario.policy.saf_attempts = 1;
            scenario.faults.push(Fault::Drop(way.message(ADVICE_UP, 1)));
        }
        (false, 1) => {
            // Its reversal comes when the date has been extracted.
            let window_ms = entropy.pick(&[0, 0, 1_000, 60_000]);
            scenario.faults.push(Fault::Drop(answer));
            scenario.faults.push(Fault::CutOver { at: When::Message(answer), window_ms });
        }
        _ => {
            scenario.policy.reversal_attempts = 1;
            scenario.faults.push(Fault::Drop(answer));
            scenario.faults.push(Fault::Drop(way.message(Hop(Leg::PosUp, again), 1)));
        }
    }
    let at_ms = scenario.steps.iter().filter_map(|step| step.at_ms).max().unwrap_or(0)
        + entropy.pick(&[40_000, 80_000, 150_000]);
    if entropy.chance(50) {
        add_step(scenario, way.terminal, Wish::Settle, at_ms);
    }
    dates_end(entropy, scenario, at_ms + 30_000);
}

/// The issuer does not answer, somebody stands in, and the issuer is told in vain.
fn promise(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let Some(way) = certain_sale(entropy, scenario) else { return };
    (scenario.policy.pin, scenario.policy.stand_in_max) = (false, 1_000_000);
    scenario.policy.saf_attempts = 1;
    let request = way.message(Hop(Leg::IssuerUp, Mti::FINANCIAL_REQUEST), 1);
    let answer = way.message(Hop(Leg::IssuerDown, Mti::FINANCIAL_RESPONSE), 1);
    let advice = way.message(ADVICE_UP, 1);
    // So late that the file comes first.
    let until = Until::ByMs(entropy.pick(&[250_000, 400_000]));
    scenario.faults.extend(match entropy.weighted(&[78, 15, 7]) {
        0 => [Fault::Drop(request), Fault::Delay { on: advice, until }],
        1 => [Fault::Drop(request), Fault::Drop(advice)],
        _ => [Fault::Drop(answer), Fault::Drop(advice)],
    });
    let at_ms = scenario.steps.iter().filter_map(|step| step.at_ms).max().unwrap_or(0)
        + entropy.pick(&[40_000, 80_000]);
    if entropy.chance(40) {
        add_step(scenario, way.terminal, Wish::Settle, at_ms);
    }
    let (cut_ms, window_ms) = (at_ms + 30_000, entropy.pick(&[0, 0, 5_000]));
    add_step(scenario, Party::switch(1), Wish::CutOver { window_ms }, cut_ms);
    dates_end(entropy, scenario, cut_ms);
}

/// A void or a refund of a sale, soon after it.
fn give_back(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let Some(way) = certain_sale(entropy, scenario) else { return };
    let of = way.step;
    let wish = match entropy.chance(65) {
        true => Wish::Refund { of, amount: None, password: None },
        false => Wish::Void { of, card: None, password: None },
    };
    let Some(place) = scenario.steps.iter().position(|step| step.id == of) else { return };
    let id = scenario.steps.iter().map(|step| step.id).max().unwrap_or(0) + 1;
    let intent = *scenario.steps[place].intent.get_or_insert(of);
    let step = Step { intent: Some(intent), ..Step::new(id, way.terminal, wish) };
    scenario.steps.insert(place + 1, step);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{Profile, scenario};
    use crate::mark::{Mark, Marks};

    #[test]
    fn two_sides_disagree_on_what_was_given_back_and_nobody_loses_money() {
        let (mut days, mut marks) = (0, Marks::NONE);
        for seed in 0..600 {
            let scenario = scenario(Profile::Day, seed);
            let gives = |step: &Step| matches!(step.wish, Wish::Void { .. } | Wish::Refund { .. });
            if scenario.topology.clearing == 0 || !scenario.steps.iter().any(gives) {
                continue;
            }
            days += 1;
            let run = crate::run::run(&scenario);
            assert_eq!(run.violation(), None, "{seed}");
            marks = marks.union(run.marks);
        }
        assert!(days > 60, "{days}");
        for mark in [Mark::RefundPresented, Mark::RefundCreditedByFile, Mark::TakenAgain] {
            assert!(marks.has(mark), "{mark}");
        }
    }
}
