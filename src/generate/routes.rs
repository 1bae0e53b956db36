//! Two ways to an issuer: an acquirer with lines of its own beside the network, and an operator who
//! closes routes and opens them.
//!
//! It comes before faults are aimed, because they follow the messages, and has a stream of its own,
//! so a seed with one switch means what it meant before.

use super::entropy::{Concern, Entropy};
use crate::party::Party;
use crate::scenario::{Scenario, Step, Wish};

/// How many scenarios of a hundred with two switches have direct lines.
const DIRECT_PERCENT: u64 = 50;

/// How many of these have an operator who closes a route.
const CLOSED_PERCENT: u64 = 60;

/// Gives some of the scenarios with two switches direct lines, and routes that change.
pub(super) fn add(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    if scenario.topology.switches < 2 {
        return;
    }
    entropy.concern(Concern::Routes);
    if !entropy.chance(DIRECT_PERCENT) {
        return;
    }
    scenario.topology.direct = true;
    if !entropy.chance(CLOSED_PERCENT) {
        return;
    }
    let issuer = Party::issuer(entropy.between(1, scenario.topology.issuers.into()) as u8);
    // The network is closed as well at times: then only the direct line is left.
    let to = entropy.pick(&[issuer, issuer, issuer, Party::switch(2)]);
    // While transactions begin, wait for answers, and are taken back.
    let mut at_ms = entropy.between(3_000, 40_000);
    ask(scenario, Wish::Route { to, open: false }, at_ms);
    if entropy.chance(50) {
        at_ms += entropy.between(1_000, 60_000);
        ask(scenario, Wish::Route { to, open: true }, at_ms);
    }
}

fn ask(scenario: &mut Scenario, wish: Wish, at_ms: u64) {
    let id = scenario.steps.iter().map(|step| step.id).max().unwrap_or(0) + 1;
    let step = Step { at_ms: Some(at_ms), ..Step::new(id, Party::switch(1), wish) };
    scenario.steps.push(step);
}

#[cfg(test)]
mod tests {
    use crate::generate::{Profile, scenario};
    use crate::mark::Mark;

    #[test]
    fn requests_take_both_routes_and_nobody_loses_money() {
        let (mut direct, mut both) = (0, 0);
        for seed in 0..2_000 {
            let scenario = scenario(Profile::Mix, seed);
            if !scenario.topology.direct {
                continue;
            }
            direct += 1;
            let run = crate::run::run(&scenario);
            assert_eq!(run.violation(), None, "{seed}");
            both += u32::from(run.marks.has(Mark::TookTwoRoutes));
        }
        assert!(direct > 100 && both * 6 > direct, "{both} of {direct}");
    }
}
