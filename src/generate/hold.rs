//! Holds that end by themselves: business dates that end between a pre-authorisation and its
//! completion, or while that is on its way, where issuers hold for a date or two.
//!
//! It comes after the steps and has a stream of its own, so a seed that draws none of it means what
//! it meant before. It aims like the rest, and knows no party.

use super::Profile;
use super::entropy::Entropy;
use super::flow::{Leg, Way};
use crate::fault::{ActionName, Fault, OnAction, Side, When};
use crate::party::Party;
use crate::scenario::{Scenario, Step, Wish};

/// How many of a hundred scenarios of this profile that hold money have dates ending over it.
pub(super) const fn percent(profile: Profile) -> u64 {
    match profile {
        Profile::Counter | Profile::Keys | Profile::Mix => 10,
        Profile::Boundary | Profile::Concurrency => 25,
        Profile::Crash | Profile::Day => 40,
    }
}

/// How many of a hundred scenarios that hold money say until when.
pub(super) const VALIDITY_PERCENT: u64 = 15;

/// Pre-authorisations name the moment at which they are over, mostly to an issuer whose clock
/// stands in another zone.
pub(super) fn name_a_moment(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    if scenario.steps.iter().any(|step| matches!(step.wish, Wish::PreAuth { .. })) {
        scenario.policy.hold_until_s = 20;
        scenario.policy.issuer_zone_min = entropy.pick(&[480, 60, 540]);
    }
}

/// Lets dates end over the first pre-authorisation.
pub(super) fn add(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let held = |step: &&Step| matches!(step.wish, Wish::PreAuth { .. });
    let Some(held) = scenario.steps.iter().find(held).cloned() else { return };
    let hold_days = entropy.pick(&[1, 1, 1, 1, 1, 2]);
    scenario.policy.hold_days = hold_days;
    let mut at_ms = entropy.pick(&[12_000, 20_000, 45_000]) + entropy.below(3_000);
    let window_ms = entropy.pick(&[0, 0, 500, 5_000]);
    // One date fewer, and the last one ends while the completion is on its way.
    let is_late = entropy.chance(40);
    for _ in u16::from(is_late)..hold_days {
        let date_ends = add_step(scenario, Wish::CutOver { window_ms }, at_ms);
        if entropy.chance(50) {
            scenario.faults.push(power_fails(entropy, date_ends));
        }
        at_ms += window_ms + entropy.pick(&[100, 1_000, 10_000]);
    }
    let first = follows_at(entropy, scenario, held.id, at_ms);
    let way = scenario.steps.iter().find(|step| Some(step.id) == first);
    let way = way.filter(|_| is_late).and_then(|step| Way::of(scenario, step));
    let leg = entropy.pick(&[Leg::IssuerUp, Leg::IssuerDown]);
    if let Some(way) = way
        && let Some(hop) = way.hops().iter().find(|hop| hop.0 == leg)
    {
        let at = When::Message(way.message(*hop, 1));
        scenario.faults.push(Fault::CutOver { at, window_ms });
    }
}

fn add_step(scenario: &mut Scenario, wish: Wish, at_ms: u64) -> u32 {
    let id = scenario.steps.iter().map(|step| step.id).max().unwrap_or(0) + 1;
    let step = Step { at_ms: Some(at_ms), ..Step::new(id, Party::switch(1), wish) };
    scenario.steps.push(step);
    id
}

/// What follows the pre-authorisation is asked for from this time on, in its order. Says what comes
/// first.
fn follows_at(
    entropy: &mut impl Entropy,
    scenario: &mut Scenario,
    held: u32,
    at_ms: u64,
) -> Option<u32> {
    let (mut of, mut first, mut at_ms) = (vec![held], None, at_ms);
    for step in &mut scenario.steps {
        if step.wish.original().is_some_and(|original| of.contains(&original)) {
            step.at_ms = Some(at_ms);
            at_ms += entropy.pick(&[20_000, 40_000]);
            of.push(step.id);
            first = first.or(Some(step.id));
        }
    }
    first
}

/// The issuer's power fails while it lets holds go.
fn power_fails(entropy: &mut impl Entropy, step: u32) -> Fault {
    let party = Party::issuer(1);
    let (name, side) = entropy.pick(&[
        ("cut-over", Side::Before),
        ("cut-over", Side::After),
        ("hold-expired", Side::Before),
        ("hold-expired", Side::Before),
        ("hold-expired", Side::Before),
        ("hold-expired", Side::After),
    ]);
    let action = ActionName::Record(name);
    let torn = side == Side::Before && entropy.chance(50);
    let at = When::Action(OnAction { party, side, action, step, nth: 1 });
    Fault::PowerCut { party, at, down_ms: entropy.pick(&[200, 5_000, 45_000]), torn }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::scenario;
    use crate::mark::Mark;

    #[test]
    fn dates_end_over_holds_and_nobody_loses_money() {
        let (mut held, mut expired, mut late) = (0, 0, 0);
        for seed in 0..600 {
            let scenario = scenario(Profile::Day, seed);
            // What is told as done is never too late.
            let is_told = |step: &Step| matches!(step.wish, Wish::Completion { told: true, .. });
            if scenario.policy.hold_days == 30 || scenario.steps.iter().any(is_told) {
                continue;
            }
            held += 1;
            let run = crate::run::run(&scenario);
            assert_eq!(run.violation(), None, "{seed}");
            expired += u32::from(run.marks.has(Mark::HoldExpired));
            late += u32::from(run.marks.has(Mark::CompletedTooLate));
        }
        assert!(held > 20 && expired * 3 > held && late * 6 > held, "{held} {expired} {late}");
    }
}
