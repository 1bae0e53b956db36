//! Two nodes of the clearing house over one store, and the one that works standing still.
//!
//! It comes after the end of the day and has a stream of its own, so a seed without a clearing
//! house means what it meant before, and of those with one most do.

use super::clearing::part;
use super::entropy::{Concern, Entropy};
use crate::fault::{ActionName, Fault, OnAction, Side, When};
use crate::party::Party;
use crate::scenario::Scenario;

/// How many days of a hundred that have a clearing house have one of two nodes.
const PERCENT: u64 = 25;

/// Adds a second node to the clearing house, for some of the days that have one.
pub(super) fn add(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    if scenario.topology.clearing == 0 {
        return;
    }
    entropy.concern(Concern::Nodes);
    if !entropy.chance(PERCENT) {
        return;
    }
    scenario.topology.clearing = 2;
    for _ in 0..entropy.weighted(&[15, 65, 20]) {
        let at = when(entropy, scenario);
        // Around the length of a lease, and far beyond it.
        let lease_ms = 3 * scenario.timing.file_retry_ms;
        let for_ms = entropy.pick(&[lease_ms / 2, lease_ms + 1_000, 2 * lease_ms, 4 * lease_ms]);
        let fault = Fault::Pause { party: Party::clearing(1), at, for_ms };
        if !scenario.faults.contains(&fault) {
            scenario.faults.push(fault);
        }
    }
}

/// While files come, are made, or go.
fn when(entropy: &mut impl Entropy, scenario: &Scenario) -> When {
    let clearing = Party::clearing(1);
    let nth = [1, 2, 3][entropy.weighted(&[70, 20, 10])];
    if entropy.chance(60) {
        let action = entropy.pick(&[
            ActionName::Record("extract-taken"),
            ActionName::Record("extract-taken"),
            ActionName::Record("lease-taken"),
            ActionName::Record("presentment-built"),
            ActionName::Record("file-delivered"),
        ]);
        let side = Side::After;
        return When::Action(OnAction { party: clearing, side, action, step: 0, nth });
    }
    let issuer = Party::issuer(entropy.between(1, scenario.topology.issuers.into()) as u8);
    let ends = entropy.pick(&[(Party::switch(1), clearing), (clearing, issuer)]);
    When::Message(part(entropy, ends, nth))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{Profile, scenario};
    use crate::mark::Mark;

    #[test]
    fn days_with_two_nodes_are_clean_and_most_of_their_pauses_happen() {
        let (mut days, mut pauses, mut idle, mut refused) = (0, 0, 0, 0);
        for seed in 0..400 {
            let scenario = scenario(Profile::Day, seed);
            if scenario.topology.clearing < 2 {
                continue;
            }
            days += 1;
            let run = crate::run::run(&scenario);
            assert_eq!(run.violation(), None, "{seed}");
            let is_pause = |fault: &&Fault| matches!(fault, Fault::Pause { .. });
            pauses += scenario.faults.iter().filter(is_pause).count();
            let of_idle = run.idle_faults.iter().map(|index| &scenario.faults[*index]);
            idle += of_idle.filter(is_pause).count();
            refused += u32::from(run.marks.has(Mark::FenceRefusedAWrite));
        }
        assert!(days > 30, "{days}");
        assert!(idle * 2 < pauses, "{idle} of {pauses} pauses were idle");
        assert!(refused * 5 > days, "{refused} of {days} needed the fence");
    }
}
