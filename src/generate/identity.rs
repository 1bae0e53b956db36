//! Sign-ons that arrive as somebody else's. Nothing seals them, so it is the line that must say who
//! is at its other end.
//!
//! It comes after the other faults and has a stream of its own, so a seed that draws none of it
//! means what it meant before.

use super::Profile;
use super::entropy::Entropy;
use super::flow::{Hop, Leg, Way};
use crate::fault::{Damage, Fault};
use crate::scenario::{Scenario, Wish};
use reversim_models::iso8583::Mti;

/// How many scenarios of a hundred of this profile have one.
pub(super) const fn percent(profile: Profile) -> u64 {
    match profile {
        Profile::Keys => 8,
        Profile::Counter | Profile::Day | Profile::Crash | Profile::Mix => 1,
        Profile::Boundary | Profile::Concurrency => 2,
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
