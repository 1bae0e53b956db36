//! Money that is given back later: refunds of a sale, whole or in parts, at once or when its batch
//! is settled and its business date over; two of them in one instant; and a batch that differs
//! twice.
//!
//! It comes after the other steps and has a stream of its own, so a seed that draws no refund means
//! what it meant before. It aims like the rest, and knows no party.

use super::Profile;
use super::entropy::Entropy;
use super::flow::{Hop, Leg, Way};
use super::story::certain_sale;
use crate::fault::{Direction, Fault, When};
use crate::party::Party;
use crate::scenario::{Scenario, Step, Wish};
use reversim_models::iso8583::Mti;

const ANSWER_DOWN: Hop = Hop(Leg::PosDown, Mti::FINANCIAL_RESPONSE);
const REVERSAL_UP: Hop = Hop(Leg::PosUp, Mti::REVERSAL_REQUEST);
const ADVICE_ANSWER_DOWN: Hop = Hop(Leg::PosDown, Mti::FINANCIAL_ADVICE_RESPONSE);
const REPEAT_UP: Hop = Hop(Leg::PosUp, Mti::FINANCIAL_ADVICE_REPEAT);

/// How many scenarios of a hundred of this profile have refunds.
pub(super) const fn percent(profile: Profile) -> u64 {
    match profile {
        Profile::Counter | Profile::Keys | Profile::Mix => 4,
        Profile::Boundary | Profile::Crash => 8,
        Profile::Concurrency | Profile::Day => 15,
    }
}

/// Adds refunds of one of the sales; nothing but refunds where the day is to be short.
pub(super) fn add(
    profile: Profile,
    is_short: bool,
    entropy: &mut impl Entropy,
    scenario: &mut Scenario,
) {
    let Some(way) = certain_sale(entropy, scenario) else { return };
    let Some(sale) = scenario.steps.iter().find(|step| step.id == way.step).cloned() else {
        return;
    };
    let Wish::Sale { amount, .. } = sale.wish else { return };
    scenario.policy.switch_answers_advices = !entropy.chance(40);
    scenario.policy.refund_days = entropy.pick(&[30, 30, 30, 0]);
    let at_once = if profile == Profile::Concurrency { 120 } else { 5 };
    match entropy.weighted(&[60, at_once, 15]) {
        _ if is_short => one_after_another(entropy, scenario, &sale, amount),
        0 => one_after_another(entropy, scenario, &sale, amount),
        1 => two_in_one_instant(entropy, scenario, &sale, amount),
        _ => a_batch_differs_twice(entropy, scenario, &sale),
    }
}

/// A step of the same purchase, after everything else or at this time.
fn push(scenario: &mut Scenario, party: Party, wish: Wish, at_ms: Option<u64>) -> u32 {
    let id = scenario.steps.iter().map(|step| step.id).max().unwrap_or(0) + 1;
    let mut step = Step { at_ms, ..Step::new(id, party, wish) };
    if let Some(of) = step.wish.original()
        && let Some(original) = scenario.steps.iter_mut().find(|step| step.id == of)
    {
        step.intent = Some(*original.intent.get_or_insert(of));
    }
    scenario.steps.push(step);
    id
}

/// All of it, parts that fit more than once, or more than there is.
fn part(entropy: &mut impl Entropy, amount: u64) -> Option<u64> {
    let half = (amount / 2).max(1);
    entropy.pick(&[None, Some(half), Some(half), Some(half), Some(amount), Some(amount + 1)])
}

/// One or two refunds after everything else, perhaps on a later day and at another terminal.
fn one_after_another(
    entropy: &mut impl Entropy,
    scenario: &mut Scenario,
    sale: &Step,
    amount: u64,
) {
    let mut at_ms = sale.at_ms.map(|at_ms| at_ms + 60_000);
    if entropy.chance(40) {
        push(scenario, sale.party, Wish::Settle, at_ms);
    }
    if entropy.chance(40) {
        let cut_ms = at_ms.unwrap_or(0) + entropy.pick(&[20_000, 40_000]);
        let window_ms = entropy.pick(&[0, 500, 5_000]);
        push(scenario, Party::switch(1), Wish::CutOver { window_ms }, Some(cut_ms));
        at_ms = Some(cut_ms + entropy.pick(&[100, 10_000, 60_000]));
    }
    let last = scenario.topology.terminals;
    for _ in 0..entropy.pick(&[1, 1, 2, 3]) {
        let party = if entropy.chance(30) { Party::terminal(last) } else { sale.party };
        let password = entropy.chance(4).then(|| "000000".to_owned());
        let wish = Wish::Refund { of: sale.id, amount: part(entropy, amount), password };
        push(scenario, party, wish, at_ms);
        at_ms = at_ms.map(|at_ms| at_ms + entropy.pick(&[1_000, 40_000]));
    }
    match entropy.weighted(&[60, 25, 15]) {
        0 => {}
        1 => {
            push(scenario, sale.party, Wish::Settle, at_ms.map(|at_ms| at_ms + 5_000));
        }
        _ => {
            let wish = Wish::Void { of: sale.id, card: None, password: None };
            push(scenario, sale.party, wish, at_ms.map(|at_ms| at_ms + 5_000));
        }
    }
}

/// The first and the last terminal refund a sale in the same instant; together perhaps too much.
fn two_in_one_instant(
    entropy: &mut impl Entropy,
    scenario: &mut Scenario,
    sale: &Step,
    amount: u64,
) {
    // Who passes advices through leaves it to the issuer to know of both, and they meet there only
    // while a commit takes its time.
    scenario.policy.switch_answers_advices = entropy.chance(10);
    if entropy.chance(90) {
        scenario.topology.workers = scenario.topology.workers.max(2);
        scenario.timing.commit_ms = entropy.pick(&[50, 200]);
    }
    let at_ms = sale.at_ms.unwrap_or(0) + entropy.pick(&[60_000, 120_000]);
    let amount = match entropy.weighted(&[70, 15, 15]) {
        0 => None,
        1 => Some((amount / 2).max(1)),
        _ => Some((amount * 7 / 10).max(1)),
    };
    let wish = Wish::Refund { of: sale.id, amount, password: None };
    for terminal in [1, scenario.topology.terminals] {
        let later = if entropy.chance(80) { 0 } else { entropy.below(100) };
        push(scenario, Party::terminal(terminal), wish.clone(), Some(at_ms + later));
    }
}

/// A sale that the terminal gave up and a refund that it gave up: both are on the other side of
/// the settlement, and what the two batches come to is the same.
fn a_batch_differs_twice(entropy: &mut impl Entropy, scenario: &mut Scenario, sale: &Step) {
    scenario.policy.reversal_attempts = 1;
    let long = scenario.timing.terminal_response_ms + scenario.timing.think_ms;
    let lost = push(scenario, sale.party, sale.wish.clone(), None);
    let back = Wish::Refund { of: sale.id, amount: None, password: None };
    let back = push(scenario, sale.party, back, None);
    push(scenario, sale.party, Wish::Settle, None);
    let way = |id: u32, scenario: &Scenario| {
        let step = scenario.steps.iter().find(|step| step.id == id);
        step.and_then(|step| Way::of(scenario, step))
    };
    let (Some(lost), Some(back)) = (way(lost, scenario), way(back, scenario)) else { return };
    let pairs = [
        (lost, ANSWER_DOWN, REVERSAL_UP, Direction::Both),
        (back, ADVICE_ANSWER_DOWN, REPEAT_UP, Direction::Both),
    ];
    for (way, answer, next, direction) in pairs {
        let on = way.message(answer, 1);
        match entropy.chance(70) {
            true => {
                let (a, b, at) = (on.from, on.to, When::Message(on));
                let for_ms = long + entropy.pick(&[1_000, 5_000]);
                scenario.faults.push(Fault::Partition { at, a, b, direction, for_ms });
            }
            false => {
                let next = way.message(next, 1);
                scenario.faults.extend([Fault::Drop(on), Fault::Drop(next)]);
            }
        }
    }
}
