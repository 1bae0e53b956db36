//! The end of the day: a clearing house, a business date that ends, and what goes wrong with files.
//!
//! It comes after everything else and has a stream of its own, so a seed that draws no clearing
//! house means what it meant before. Like the rest it aims at what will happen, and knows no party.

use super::Profile;
use super::entropy::{Concern, Entropy};
use super::flow::{Hop, Leg, Way};
use super::story::certain_sale;
use crate::fault::{ActionName, Damage, Direction, Fault, OnAction, OnMessage, Side, Until, When};
use crate::party::Party;
use crate::scenario::{Scenario, Step, Wish};
use reversim_models::iso8583::Mti;

/// Adds a clearing house, for some of the days.
pub(super) fn add(profile: Profile, entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let percent = match profile {
        Profile::Day => 75,
        Profile::Crash => 15,
        Profile::Boundary => 10,
        Profile::Counter | Profile::Concurrency | Profile::Keys | Profile::Mix => 0,
    };
    entropy.concern(Concern::Clearing);
    if percent == 0 || !entropy.chance(percent) {
        return;
    }
    terms(entropy, scenario);
    let before = scenario.faults.len();
    match entropy.weighted(&[40, 25, 15, 10, 10]) {
        0 => {}
        1 => an_answer_is_lost_around_the_end_of_the_date(entropy, scenario),
        2 => the_terminal_gives_a_reversal_up(entropy, scenario),
        3 => the_switch_gives_an_advice_up(entropy, scenario),
        _ => the_clock_goes_back_after_the_run(entropy, scenario),
    }
    the_date_ends(entropy, scenario);
    let is_told = scenario.faults.len() > before;
    let budget = entropy.weighted(if is_told { &[50, 35, 15] } else { &[15, 50, 25] });
    for _ in 0..budget {
        let fault = fault_about(entropy, scenario, message, action);
        if !scenario.faults.contains(&fault) {
            scenario.faults.push(fault);
        }
    }
}

/// Amounts, times and shares that leave something over.
fn terms(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    scenario.topology.clearing = 1;
    let Scenario { policy, timing, .. } = scenario;
    policy.file_records = entropy.pick(&[2, 1, 3, 32]);
    policy.suspense_dates = entropy.pick(&[2, 2, 3]);
    // A regulator that allows no more than issuers take.
    if entropy.chance(50) {
        policy.reversal_dates = policy.suspense_dates;
    }
    policy.merchant_fee_bp = entropy.pick(&[60, 38, 125, 7, 0]);
    policy.fee_shares = entropy.pick(&[[70, 10, 20], [1, 1, 1], [7, 2, 1]]);
    timing.clearing_run_ms = entropy.pick(&[0, 1_000, 5_000, 20_000]);
    timing.file_retry_ms = entropy.pick(&[2_000, 10_000, 30_000]);
}

pub(super) fn add_step(scenario: &mut Scenario, party: Party, wish: Wish, at_ms: u64) -> u32 {
    let id = scenario.steps.iter().map(|step| step.id).max().unwrap_or(0) + 1;
    let mut step = Step::new(id, party, wish);
    step.at_ms = Some(at_ms);
    scenario.steps.push(step);
    id
}

/// A business date ends, if none does yet, and sometimes another one; and somebody asks for
/// something when the files should have arrived, so that faults may still hit them.
fn the_date_ends(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let switch = Party::switch(1);
    let ends = |step: &Step| match step.wish {
        Wish::CutOver { window_ms } => step.at_ms.map(|at_ms| at_ms + window_ms),
        _ => None,
    };
    let mut last = scenario.steps.iter().filter_map(ends).max();
    if last.is_none() || entropy.chance(30) {
        let window_ms = entropy.pick(&[0, 1_000, 10_000, 40_000]);
        let at_ms = last.unwrap_or(0) + entropy.pick(&[9_000, 20_000, 40_000, 60_000]);
        let at_ms = at_ms + entropy.below(3_000);
        add_step(scenario, switch, Wish::CutOver { window_ms }, at_ms);
        last = Some(at_ms + window_ms);
    }
    let later = entropy.pick(&[30_000, 60_000, 120_000]);
    let wish = match entropy.below(3) {
        0 => Wish::Settle,
        _ => Wish::Inquiry { card: 1 },
    };
    add_step(scenario, Party::terminal(1), wish, last.unwrap_or(0) + later);
}

/// The terminal does not know that a sale was approved, and reverses it before, while or after the
/// date is extracted.
fn an_answer_is_lost_around_the_end_of_the_date(
    entropy: &mut impl Entropy,
    scenario: &mut Scenario,
) {
    let Some(way) = certain_sale(entropy, scenario) else { return };
    scenario.faults.push(Fault::Drop(way.message(Hop(Leg::PosDown, Mti::FINANCIAL_RESPONSE), 1)));
    let at_ms = entropy.pick(&[12_000, 25_000, 35_000]) + entropy.below(5_000);
    let window_ms = entropy.pick(&[0, 60_000, 90_000]);
    add_step(scenario, Party::switch(1), Wish::CutOver { window_ms }, at_ms);
    let terminal = way.terminal;
    let at_ms = at_ms + entropy.pick(&[35_000, 50_000, 70_000]);
    add_step(scenario, terminal, Wish::Inquiry { card: 1 }, at_ms);
}

/// Answer and reversals are lost, and the terminal settles with an exception item: only the other
/// side has the sale (单边账).
fn the_terminal_gives_a_reversal_up(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let Some(way) = certain_sale(entropy, scenario) else { return };
    give_reversal_up(way, scenario);
    if entropy.chance(60) {
        let at_ms = entropy.pick(&[40_000, 80_000, 120_000]);
        add_step(scenario, way.terminal, Wish::Settle, at_ms);
    }
}

/// The answer to this sale and its only reversal are lost.
pub(super) fn give_reversal_up(way: Way, scenario: &mut Scenario) {
    scenario.policy.reversal_attempts = 1;
    let answer = Hop(Leg::PosDown, Mti::FINANCIAL_RESPONSE);
    let reversal = Hop(Leg::PosUp, Mti::REVERSAL_REQUEST);
    scenario.faults.push(Fault::Drop(way.message(answer, 1)));
    scenario.faults.push(Fault::Drop(way.message(reversal, 1)));
}

/// The issuer's answer and every advice are lost: debited, declined at the counter, and nobody
/// presents it.
fn the_switch_gives_an_advice_up(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let Some(way) = certain_sale(entropy, scenario) else { return };
    scenario.policy.saf_attempts = entropy.pick(&[1, 1, 2]);
    scenario.timing.saf_retry_ms = 5_000;
    let answer = way.message(Hop(Leg::IssuerDown, Mti::FINANCIAL_RESPONSE), 1);
    let first = way.message(Hop(Leg::IssuerUp, Mti::REVERSAL_ADVICE), 1);
    let second = way.message(Hop(Leg::IssuerUp, Mti::REVERSAL_ADVICE_REPEAT), 1);
    scenario.faults.extend([answer, first, second].map(Fault::Drop));
}

/// Summer ends, or somebody corrects a clock, while the files go out.
fn the_clock_goes_back_after_the_run(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let (from, to) = (Party::clearing(1), Party::issuer(1));
    let nth = entropy.between(1, 2) as u32;
    let on = OnMessage { from, to, mti: Mti::FILE_ADVICE, step: 0, nth };
    let by_ms = entropy.pick(&[-1_000, -60_000, -3_600_000, -86_400_000]);
    scenario.faults.push(Fault::ClockStep { party: from, at: When::Message(on), by_ms });
}

/// A part of a file, or its answer, between two of the parties.
fn message(entropy: &mut impl Entropy, scenario: &Scenario) -> OnMessage {
    let issuer = Party::issuer(entropy.between(1, scenario.topology.issuers.into()) as u8);
    let other = entropy.pick(&[Party::switch(1), issuer]);
    let clearing = Party::clearing(1);
    // The switch sends to the clearing house, and that to the issuer.
    let (sender, receiver) = if other == issuer { (clearing, issuer) } else { (other, clearing) };
    let nth = [1, 2, 3, 4][entropy.weighted(&[50, 25, 15, 10])];
    part(entropy, (sender, receiver), nth)
}

/// The n-th part of a file from a sender to a receiver, or its answer.
pub(super) fn part(
    entropy: &mut impl Entropy,
    (sender, receiver): (Party, Party),
    nth: u32,
) -> OnMessage {
    match entropy.chance(50) {
        true => OnMessage { from: sender, to: receiver, mti: Mti::FILE_ADVICE, step: 0, nth },
        false => {
            let mti = Mti::FILE_ADVICE_RESPONSE;
            OnMessage { from: receiver, to: sender, mti, step: 0, nth }
        }
    }
}

/// What is done about files and suspense.
fn action(entropy: &mut impl Entropy, scenario: &Scenario, side: Side) -> OnAction {
    use ActionName::{Record, Send};
    let issuer = Party::issuer(entropy.between(1, scenario.topology.issuers.into()) as u8);
    let (switch, clearing) = (Party::switch(1), Party::clearing(1));
    let (party, action) = entropy.pick(&[
        (switch, Record("extract-closed")),
        (switch, Send(Mti::FILE_ADVICE)),
        (switch, Record("file-delivered")),
        (clearing, Record("extract-taken")),
        (clearing, Send(Mti::FILE_ADVICE_RESPONSE)),
        (clearing, Record("presentment-built")),
        (clearing, Record("payout-built")),
        (clearing, Send(Mti::FILE_ADVICE)),
        (clearing, Record("file-delivered")),
        (clearing, Record("day-closed")),
        (issuer, Record("presentment-taken")),
        (issuer, Record("suspense-opened")),
        (issuer, Record("suspense-closed")),
        (issuer, Send(Mti::FILE_ADVICE_RESPONSE)),
    ]);
    let nth = [1, 2, 3][entropy.weighted(&[70, 20, 10])];
    OnAction { party, side, action, step: 0, nth }
}

/// A fault at one of these messages or actions.
pub(super) fn fault_about<E: Entropy>(
    entropy: &mut E,
    scenario: &Scenario,
    message: fn(&mut E, &Scenario) -> OnMessage,
    action: fn(&mut E, &Scenario, Side) -> OnAction,
) -> Fault {
    let on = message(entropy, scenario);
    let (a, b, at) = (on.from, on.to, When::Message(on));
    match entropy.weighted(&[12, 8, 8, 4, 4, 6, 3, 3, 8, 25, 6, 8]) {
        0 => Fault::Drop(on),
        1 => {
            let until = Until::ByMs(entropy.pick(&[1_000, 5_000, 15_000, 45_000]));
            Fault::Delay { on, until }
        }
        2 => Fault::Duplicate { on, after_ms: entropy.pick(&[0, 1, 1_000, 12_000]) },
        3 => Fault::Replay { on, after_ms: entropy.pick(&[5_000, 45_000]) },
        4 => {
            let damage = entropy.pick(&[Damage::Mac, Damage::Element(48)]);
            Fault::Corrupt { on, damage }
        }
        5 => Fault::Reset { on, at_byte: entropy.pick(&[0, 20, 10_000]) },
        6 => Fault::HalfOpen(on),
        7 => Fault::Split { on, at_byte: 60, pause_ms: entropy.pick(&[1, 6_000]) },
        8 => {
            let for_ms = entropy.pick(&[5_000, 40_000, 200_000]);
            let direction = entropy.pick(&[Direction::Both, Direction::AToB, Direction::BToA]);
            Fault::Partition { at, a, b, direction, for_ms }
        }
        9 => {
            let (side, torn) =
                entropy.pick(&[(Side::Before, false), (Side::After, false), (Side::Before, true)]);
            let on = action(entropy, scenario, side);
            let torn = torn && matches!(on.action, ActionName::Record(_));
            let down_ms = entropy.pick(&[200, 5_000, 45_000]);
            Fault::PowerCut { party: on.party, at: When::Action(on), down_ms, torn }
        }
        10 => {
            let at = action(entropy, scenario, Side::Before);
            Fault::SlowCommit { at, by_ms: entropy.pick(&[50, 5_000, 25_000]) }
        }
        _ => {
            let party = Party::clearing(1);
            let by_ms = entropy.pick(&[-1_000, -60_000, -3_600_000, 3_600_000, -86_400_000]);
            Fault::ClockStep { party, at, by_ms }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::scenario;
    use crate::history::{Horizon, What};

    #[test]
    fn days_with_a_clearing_house_end_with_all_claims_closed_and_most_of_their_faults_happen() {
        let (mut days, mut aimed, mut idle) = (0, 0, 0);
        for seed in 0..150 {
            let scenario = scenario(Profile::Day, seed);
            if scenario.topology.clearing == 0 {
                continue;
            }
            days += 1;
            let run = crate::run::run(&scenario);
            assert_eq!(run.violation(), None, "{seed}");
            let last = run.history.entries.last().map(|entry| &entry.what);
            assert_eq!(last, Some(&What::Horizon(Horizon::ClaimsClosed)), "{seed}");
            aimed += scenario.faults.len();
            idle += run.idle_faults.len();
        }
        assert!(days > 60, "{days}");
        assert!(idle * 2 < aimed, "{idle} of {aimed} faults were idle");
    }
}
