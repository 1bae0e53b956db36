//! Faults that belong together: incidents of two to four acts that single draws hardly compose.
//!
//! Each is a shape that real incidents have, with its numbers left open; the swarm adds faults of
//! its own beside it. It aims like the swarm does, and knows no more of the parties.

use super::Profile;
use super::entropy::Entropy;
use super::flow::{self, Hop, Leg, Way};
use crate::fault::{Damage, Direction, Fault, OnMessage, Side, Until, When};
use crate::party::Party;
use crate::scenario::{AskedBy, Scenario, Step, Wish};
use reversim_models::iso8583::Mti;

const REQUEST_UP: Hop = Hop(Leg::PosUp, Mti::FINANCIAL_REQUEST);
const REQUEST_TO_ISSUER: Hop = Hop(Leg::IssuerUp, Mti::FINANCIAL_REQUEST);
const ANSWER_DOWN: Hop = Hop(Leg::PosDown, Mti::FINANCIAL_RESPONSE);
const REVERSAL_UP: Hop = Hop(Leg::PosUp, Mti::REVERSAL_REQUEST);
const UPLOAD: Hop = Hop(Leg::PosUp, Mti::FILE_ADVICE);
const UPLOAD_ANSWER: Hop = Hop(Leg::PosDown, Mti::FILE_ADVICE_RESPONSE);

/// Tells one story in this scenario: its faults, and the steps and limits they need.
pub(super) fn tell(profile: Profile, entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let line_tests = if profile == Profile::Counter { 0 } else { 25 };
    match entropy.weighted(&[40, 25, line_tests, 15, 25]) {
        0 => a_reversal_is_given_up_before_settlement(entropy, scenario),
        1 => a_card_is_tried_with_wrong_pins(entropy, scenario),
        2 => a_line_test_fails_under_a_sale(entropy, scenario),
        3 => a_clock_jumps_while_an_answer_is_lost(entropy, scenario),
        _ => a_copy_outlives_a_loss_of_power(entropy, scenario),
    }
}

/// A sale that is done whatever the screen shows.
pub(super) fn certain_sale(entropy: &mut impl Entropy, scenario: &Scenario) -> Option<Way> {
    let is_it =
        |step: &&Step| matches!(step.wish, Wish::Sale { .. }) && step.asked_by == AskedBy::Cashier;
    let count = scenario.steps.iter().filter(is_it).count() as u64;
    let number = entropy.below(count) as usize;
    scenario.steps.iter().filter(is_it).nth(number).and_then(|step| Way::of(scenario, step))
}

fn add_step(scenario: &mut Scenario, party: Party, wish: Wish) {
    let id = scenario.steps.iter().map(|step| step.id).max().unwrap_or(0) + 1;
    scenario.steps.push(Step::new(id, party, wish));
}

/// The answer is lost, then every sending of the reversal, or one comes when nobody waits for it:
/// the terminal settles without the sale, and the switch with it.
fn a_reversal_is_given_up_before_settlement(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let Some(way) = certain_sale(entropy, scenario) else { return };
    let attempts = entropy.pick(&[1, 1, 1, 2]);
    scenario.policy.reversal_attempts = attempts;
    let answer = way.message(ANSWER_DOWN, 1);
    scenario.faults.push(match entropy.weighted(&[60, 20, 20]) {
        0 => Fault::Drop(answer),
        1 => Fault::Corrupt { on: answer, damage: Damage::Mac },
        _ => Fault::Reset { on: answer, at_byte: 0 },
    });
    let patience = u64::from(attempts) * scenario.timing.terminal_response_ms;
    let later = entropy.pick(&[1_000, 5_000, 20_000, 60_000, 240_000]);
    let is_late = entropy.chance(60);
    let after_ms = patience + later;
    for nth in 1..=u32::from(attempts) {
        let on = way.message(REVERSAL_UP, nth);
        scenario.faults.push(match is_late {
            true => Fault::Delay { on, until: Until::ByMs(after_ms) },
            false => Fault::Drop(on),
        });
    }
    if is_late {
        // What is only late dies with its connection, which the terminal gives up.
        scenario.faults.push(Fault::Replay { on: way.message(REVERSAL_UP, 1), after_ms });
    }
    the_batch_is_settled_over_a_bad_line(way, entropy, scenario);
}

/// The terminal settles after this sale, often with another sale in the batch, and perhaps what
/// explains the difference is itself lost on the way.
fn the_batch_is_settled_over_a_bad_line(
    way: Way,
    entropy: &mut impl Entropy,
    scenario: &mut Scenario,
) {
    let settles = |step: &Step| step.party == way.terminal && step.wish == Wish::Settle;
    let settlement = |scenario: &Scenario| {
        let mut after = scenario.steps.iter().skip_while(|step| step.id != way.step);
        after.find(|step| settles(step)).cloned()
    };
    if settlement(scenario).is_none() {
        if entropy.chance(50) {
            add_step(scenario, way.terminal, Wish::Sale { amount: 10_000, card: 1 });
        }
        add_step(scenario, way.terminal, Wish::Settle);
    }
    if let Some(upload) = settlement(scenario).and_then(|step| Way::of(scenario, &step))
        && entropy.chance(40)
    {
        let hop = entropy.pick(&[UPLOAD, UPLOAD_ANSWER]);
        let on = upload.message(hop, entropy.between(1, 2) as u32);
        scenario.faults.push(match entropy.below(4) {
            0 => Fault::Drop(on),
            1 => Fault::Reset { on, at_byte: entropy.pick(&[0, 20, 1_000]) },
            2 => Fault::Duplicate { on, after_ms: entropy.pick(&[0, 30]) },
            _ => Fault::Delay { on, until: Until::ByMs(entropy.between(1, 60) * 1_000) },
        });
    }
}

/// A request is caught on the line and comes again when its receiver has lost its power meanwhile:
/// what it did about the first one it must know from its journal.
fn a_copy_outlives_a_loss_of_power(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let Some(way) = certain_sale(entropy, scenario) else { return };
    let hop = entropy.pick(&[REQUEST_UP, REQUEST_TO_ISSUER]);
    let on = way.message(hop, 1);
    let down_ms = entropy.pick(&[200, 1_000, 5_000]);
    let after_ms = down_ms + entropy.pick(&[100, 1_000, 5_000, 45_000]);
    scenario.faults.push(match entropy.below(2) {
        0 => Fault::Duplicate { on, after_ms },
        _ => Fault::Replay { on, after_ms },
    });
    let acts = way.acts_of(on.to);
    let act = acts.get(entropy.below(acts.len() as u64) as usize).copied();
    let at = match act {
        Some(act) => {
            let side = entropy.pick(&[Side::Before, Side::After, Side::After]);
            When::Action(way.action(act, side, on.to.number, 1))
        }
        None => When::Message(on),
    };
    scenario.faults.push(Fault::PowerCut { party: on.to, at, down_ms, torn: false });
}

/// Several wrong PINs for one card, and requests that arrive twice among them.
fn a_card_is_tried_with_wrong_pins(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let Some(way) = certain_sale(entropy, scenario) else { return };
    scenario.policy.pin = true;
    scenario.policy.pin_tries_max = entropy.pick(&[3, 3, 2, 1]);
    let sale = scenario.steps.iter().find(|step| step.id == way.step).map(|s| s.wish.clone());
    let Some(Wish::Sale { amount, card: tried }) = sale else { return };
    for _ in 0..entropy.between(1, 2) {
        add_step(scenario, way.terminal, Wish::Sale { amount, card: tried });
    }
    let wrong = entropy.pick(&[2, 2, 1, 3]);
    let mut faults = Vec::with_capacity(4);
    let steps = scenario.steps.iter().skip_while(|step| step.id != way.step);
    let same = steps.filter(|step| {
        step.party == way.terminal
            && step.asked_by == AskedBy::Cashier
            && matches!(step.wish, Wish::Sale { card, .. } if card == tried)
    });
    for way in same.take(wrong).filter_map(|step| Way::of(scenario, step)) {
        faults.push(Fault::WrongPin { step: way.step });
        if entropy.chance(60) {
            let hop = if entropy.chance(75) { REQUEST_TO_ISSUER } else { REQUEST_UP };
            let after_ms = entropy.pick(&[0, 0, 30, 1_000, 19_000]);
            faults.push(Fault::Duplicate { on: way.message(hop, 1), after_ms });
        }
    }
    scenario.faults.extend(faults);
}

/// The line to the issuer dies without a word, and a line test notices while a sale waits on it.
fn a_line_test_fails_under_a_sale(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let Some(way) = certain_sale(entropy, scenario) else { return };
    let timing = &mut scenario.timing;
    timing.echo_interval_ms = entropy.pick(&[3_000, 4_000, 5_000]);
    // Lines are tested all day long: shorter waits make a shorter day.
    (timing.terminal_response_ms, timing.switch_response_ms) = (12_000, 8_000);
    (timing.saf_retry_ms, timing.think_ms) = (5_000, timing.think_ms.min(3_000));
    let test = flow::line_test(scenario, way.issuer, entropy.between(1, 3) as u32);
    let (a, b, at) = (test.from, test.to, When::Message(test));
    let for_ms = entropy.pick(&[2_000, 7_000, 10_000, 30_000]);
    scenario.faults.push(match entropy.weighted(&[35, 35, 15, 15]) {
        0 => Fault::HalfOpen(test),
        1 => Fault::Partition { at, a, b, direction: Direction::AToB, for_ms },
        2 => Fault::Stall { at, a, b, for_ms },
        _ => Fault::Drop(test),
    });
}

/// Nobody may wait longer, or less long, because a calendar was put right.
fn a_clock_jumps_while_an_answer_is_lost(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let Some(way) = certain_sale(entropy, scenario) else { return };
    let hop = entropy.pick(&[REQUEST_UP, ANSWER_DOWN, ANSWER_DOWN]);
    scenario.faults.push(Fault::Drop(way.message(hop, 1)));
    let by_ms =
        entropy.pick(&[-60_000, -3_600_000, -86_400_000, -86_400_000, 3_600_000, 86_400_000]);
    // Of the terminal: a switch that turned its clock back might name two requests alike.
    let at: OnMessage = way.message(REQUEST_UP, 1);
    scenario.faults.push(Fault::ClockStep { party: way.terminal, at: When::Message(at), by_ms });
}
