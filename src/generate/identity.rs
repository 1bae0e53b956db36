//! Sign-ons that arrive as somebody else's. Nothing seals them, so it is the line that must say who
//! is at its other end. And sign-offs, which nothing seals either.
//!
//! It comes after the other faults and has a stream of its own, so a seed that draws none of it
//! means what it meant before.

use super::Profile;
use super::entropy::Entropy;
use super::flow::{Hop, Leg, Way};
use crate::fault::{Damage, Fault, Until};
use crate::party::Role;
use crate::scenario::{Scenario, Step, Wish};
use reversim_models::iso8583::Mti;

/// How many scenarios of a hundred of this profile have one.
pub(super) const fn percent(profile: Profile) -> u64 {
    match profile {
        Profile::Keys => 8,
        Profile::Counter | Profile::Day | Profile::Crash | Profile::Mix => 1,
        Profile::Boundary | Profile::Concurrency => 2,
    }
}

/// How many scenarios of a hundred have a terminal that signs off.
pub(super) const SIGN_OFF_PERCENT: u64 = 4;

/// A terminal signs off between two wishes, and perhaps the answer does not come, or the message
/// comes when it has signed on again.
pub(super) fn sign_off(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let of = |step: &Step| step.party.role == Role::Terminal && step.at_ms.is_none();
    let places = || (0..scenario.steps.len()).filter(|place| of(&scenario.steps[*place]));
    let number = entropy.below(places().count() as u64) as usize;
    let Some(place) = places().nth(number) else { return };
    let terminal = scenario.steps[place].party;
    let id = scenario.steps.iter().map(|step| step.id).max().unwrap_or(0) + 1;
    let step = Step::new(id, terminal, Wish::SignOff);
    let Some(way) = Way::of(scenario, &step) else { return };
    scenario.steps.insert(place + 1, step);
    let up = way.message(Hop(Leg::PosUp, Mti::NETWORK_ADVICE), 1);
    let down = way.message(Hop(Leg::PosDown, Mti::NETWORK_ADVICE_RESPONSE), 1);
    match entropy.weighted(&[40, 20, 20, 20]) {
        0 => {}
        1 => scenario.faults.push(Fault::Drop(down)),
        2 => scenario
            .faults
            .push(Fault::Duplicate { on: up, after_ms: entropy.pick(&[0, 1_000, 8_000, 40_000]) }),
        _ => scenario.faults.push(Fault::Delay {
            on: up,
            until: Until::ByMs(entropy.pick(&[1_000, 31_000, 45_000])),
        }),
    }
}

/// One of the sign-ons names another terminal, or another merchant.
pub(super) fn add(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let signs_on = || scenario.steps.iter().filter(|step| step.wish == Wish::SignOn);
    let number = entropy.below(signs_on().count() as u64) as usize;
    let Some(way) = signs_on().nth(number).and_then(|step| Way::of(scenario, step)) else { return };
    let on = way.message(Hop(Leg::PosUp, Mti::NETWORK_REQUEST), 1);
    if scenario.faults.iter().all(|fault| fault.message() != Some(&on)) {
        let damage = Damage::Element(entropy.pick(&[41, 42]));
        scenario.faults.push(Fault::Corrupt { on, damage });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::scenario;

    #[test]
    fn a_terminal_that_signs_off_signs_on_again_and_nobody_loses_money() {
        use crate::history::What;
        use reversim_models::record::{Record, TerminalRecord};
        let (mut asked, mut off) = (0, 0);
        for seed in 0..1_000 {
            let scenario = scenario(Profile::Mix, seed);
            if !scenario.steps.iter().any(|step| step.wish == Wish::SignOff) {
                continue;
            }
            asked += 1;
            let run = crate::run::run(&scenario);
            assert_eq!(run.violation(), None, "{seed}");
            let signed_off = |what: &What| {
                matches!(what, What::Recorded(Record::Terminal(TerminalRecord::SignedOff)))
            };
            off += u32::from(run.history.entries.iter().any(|entry| signed_off(&entry.what)));
        }
        assert!(asked > 20 && off * 2 > asked, "{off} of {asked}");
    }

    #[test]
    fn a_sign_on_of_somebody_else_hurts_nobody() {
        let mut fired = 0;
        for seed in 0..600 {
            let scenario = scenario(Profile::Keys, seed);
            let is_it = |fault: &Fault| {
                let is_sign_on = |on: &crate::fault::OnMessage| on.mti == Mti::NETWORK_REQUEST;
                matches!(fault, Fault::Corrupt { damage: Damage::Element(41 | 42), .. })
                    && fault.message().is_some_and(is_sign_on)
            };
            let Some(place) = scenario.faults.iter().position(is_it) else { continue };
            let run = crate::run::run(&scenario);
            assert_eq!(run.violation(), None, "{seed}");
            fired += u32::from(!run.idle_faults.contains(&place));
        }
        assert!(fired > 20, "{fired}");
    }
}
