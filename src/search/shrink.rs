//! The smallest scenario that still breaks the same invariant.
//!
//! Greedy over [`simpler::candidates`](super::simpler::candidates), round and round until a whole
//! round changes nothing: then no single fault or step can go, nor, of more than three steps, one
//! that only takes time.
//! Breaking another invariant does not count, nor does breaking the same one by another kind of
//! contradiction: that would be another case, and perhaps another mistake.

use super::simpler::{Candidate, candidates, shorter};
use super::{Contradiction, Play};
use crate::history::{Entry, History, What};
use crate::scenario::Scenario;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::hash::{BuildHasher, BuildHasherDefault};

/// Runs that one shrinking may take, unless said otherwise.
pub const EVALUATIONS_MAX: u32 = 2_000;

/// So few steps tell a story; nobody asks whether one of them only takes time.
const STEPS_THAT_TELL: usize = 3;

/// What shrinking came to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shrunk {
    /// The smallest scenario found.
    pub scenario: Scenario,
    /// What was changed, in order.
    pub path: Vec<String>,
    /// How many runs it took.
    pub evaluations: u32,
    /// Whether nothing more can be taken away; false if the budget ended first.
    pub is_minimal: bool,
}

/// Shrinks a scenario that breaks `invariant` under `play`, within this many runs. A scenario that
/// does not break it comes back as it was.
pub fn shrink(
    scenario: &Scenario,
    invariant: &str,
    evaluations_max: u32,
    play: &Play<'_>,
) -> Shrunk {
    let as_it_was = |evaluations| Shrunk {
        scenario: scenario.clone(),
        path: Vec::new(),
        evaluations,
        is_minimal: false,
    };
    let Some(left) = evaluations_max.checked_sub(1) else { return as_it_was(0) };
    let Some(wanted) = contradiction(scenario, invariant, play) else { return as_it_was(1) };
    let breaks = |simpler: &Scenario| {
        contradiction(simpler, invariant, play).is_some_and(|found| found == wanted)
    };
    let on_time = |scenario: &Scenario| on_time(scenario, &play(scenario).history);
    let mut shrinking = Shrinking {
        breaks: &breaks,
        on_time: &on_time,
        left,
        tried: BTreeSet::new(),
        path: Vec::new(),
        current: scenario.clone(),
    };
    let is_minimal = shrinking.until_nothing_goes();
    Shrunk {
        scenario: shrinking.current,
        path: shrinking.path,
        evaluations: evaluations_max - shrinking.left,
        is_minimal,
    }
}

/// The same scenario, with every step at the time at which it was asked for in this run of it: then
/// it does not matter how long the steps before it take.
fn on_time(scenario: &Scenario, history: &History) -> Scenario {
    let mut on_time = scenario.clone();
    for step in on_time.steps.iter_mut().filter(|step| step.at_ms.is_none()) {
        let is_it =
            |entry: &&Entry| entry.ticket.0 == step.id && matches!(entry.what, What::Asked(_));
        step.at_ms = history.entries.iter().find(is_it).map(|entry| entry.at.0 / 1_000);
    }
    on_time
}

/// How a scenario breaks an invariant, if it does.
pub fn contradiction(
    scenario: &Scenario,
    invariant: &str,
    play: &Play<'_>,
) -> Option<Contradiction> {
    let run = play(scenario);
    let mut violations = run.violations();
    let violation = violations.find(|violation| violation.invariant == invariant)?;
    Some(Contradiction::new(violation, &run.history))
}

struct Shrinking<'a> {
    breaks: &'a dyn Fn(&Scenario) -> bool,
    on_time: &'a dyn Fn(&Scenario) -> Scenario,
    left: u32,
    /// Hashes of what was tried and held, so that no round tries it again.
    tried: BTreeSet<u64>,
    path: Vec<String>,
    current: Scenario,
}

impl Shrinking<'_> {
    /// Whether it still breaks; none if the budget is spent.
    fn tries(&mut self, scenario: &Scenario) -> Option<bool> {
        let hash = BuildHasherDefault::<rustc_hash::FxHasher>::default().hash_one(scenario);
        if self.tried.contains(&hash) {
            return Some(false);
        }
        self.left = self.left.checked_sub(1)?;
        let breaks = (self.breaks)(scenario);
        if !breaks {
            self.tried.insert(hash);
        }
        Some(breaks)
    }

    /// True when nothing more can go, false when the budget is spent.
    fn until_nothing_goes(&mut self) -> bool {
        while self.until_nothing_goes_by_itself() {
            match self.without_what_takes_time() {
                None => return false,
                Some(true) => {}
                Some(false) => return true,
            }
        }
        false
    }

    /// Takes away a step, or a fault, that is only there because those after it come later for it:
    /// whether there was one. None if the budget is spent.
    fn without_what_takes_time(&mut self) -> Option<bool> {
        if self.current.steps.len() <= STEPS_THAT_TELL {
            return Some(false);
        }
        self.left = self.left.checked_sub(1)?;
        let on_time = (self.on_time)(&self.current);
        for Candidate { change, scenario } in shorter(&on_time) {
            if self.tries(&scenario)? {
                self.path.push(format!("{change}, and all others at the times they had"));
                self.current = scenario;
                return Some(true);
            }
        }
        Some(false)
    }

    fn until_nothing_goes_by_itself(&mut self) -> bool {
        let (mut next, mut held) = (0, 0);
        let mut simpler = candidates(&self.current);
        while held < simpler.len() {
            // Where the list was left: what has just held is not likely to break now.
            next %= simpler.len();
            let Candidate { scenario, .. } = &simpler[next];
            match self.tries(scenario) {
                None => return false,
                Some(false) => {
                    next += 1;
                    held += 1;
                }
                Some(true) => {
                    let Candidate { change, scenario } = simpler.swap_remove(next);
                    self.path.push(change);
                    self.current = scenario;
                    simpler = candidates(&self.current);
                    held = 0;
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake;
    use super::*;
    use crate::fault::Fault;
    use crate::generate::{self, Profile};

    /// Breaks if a 0210 is lost and a step is a settlement: two items, whatever else there is.
    fn needs_two(scenario: &Scenario) -> bool {
        let answer = reversim_models::iso8583::Mti::FINANCIAL_RESPONSE;
        let lost = |fault: &Fault| matches!(fault, Fault::Drop(on) if on.mti == answer);
        let settles =
            |step: &crate::scenario::Step| matches!(step.wish, crate::scenario::Wish::Settle);
        scenario.faults.iter().any(lost) && scenario.steps.iter().any(settles)
    }

    fn broken_seed(profile: Profile) -> Scenario {
        let seeds = (0..5_000).map(|seed| generate::scenario(profile, seed));
        let mut broken = seeds.filter(|scenario| needs_two(scenario) && scenario.faults.len() > 3);
        broken.next().expect("one of 5,000 scenarios has both")
    }

    #[test]
    fn a_case_of_two_items_is_shrunk_to_exactly_these_two() {
        let scenario = broken_seed(Profile::Day);
        let play = fake::breaking("a-claim", needs_two);
        let shrunk = shrink(&scenario, "a-claim", EVALUATIONS_MAX, &play);
        assert!(shrunk.is_minimal);
        assert_eq!((shrunk.scenario.faults.len(), shrunk.scenario.steps.len()), (1, 1));
        assert!(needs_two(&shrunk.scenario));
        assert_eq!(shrunk.scenario.policy, crate::scenario::Policy::default());
        assert_eq!(shrunk.scenario.timing, crate::scenario::Timing::default());
        let settle = &shrunk.scenario.steps[0];
        assert!(scenario.steps.iter().any(|step| step.id == settle.id), "ids survive");
        assert!(!shrunk.path.is_empty() && shrunk.evaluations < 500, "{}", shrunk.evaluations);
    }

    #[test]
    fn what_breaks_another_invariant_is_not_followed() {
        let scenario = broken_seed(Profile::Day);
        let play = fake::breaking_by(|scenario| match needs_two(scenario) {
            true => Some("a-claim"),
            false => Some("another-claim"),
        });
        let shrunk = shrink(&scenario, "a-claim", EVALUATIONS_MAX, &play);
        assert!(needs_two(&shrunk.scenario) && shrunk.is_minimal);
    }

    #[test]
    fn the_same_claim_broken_in_another_way_is_not_followed() {
        // Two mistakes break one claim: the second needs no settlement, but contradicts itself in
        // other entries. Going over to it would hide the first.
        let scenario = broken_seed(Profile::Day);
        let play = |scenario: &Scenario| {
            let mut run = crate::run::run(&Scenario::default());
            let (powered, healed) = (0, run.history.entries.len() - 1);
            let witnesses = if needs_two(scenario) { vec![powered] } else { vec![healed] };
            let sentence = String::new();
            let violation = crate::verdict::Violation {
                invariant: "a-claim",
                sentence,
                witnesses,
                horizon: None,
            };
            run.findings[0].verdict = crate::verdict::Verdict::Violated(violation);
            run
        };
        let shrunk = shrink(&scenario, "a-claim", EVALUATIONS_MAX, &play);
        assert!(needs_two(&shrunk.scenario) && shrunk.is_minimal);
        assert_eq!((shrunk.scenario.faults.len(), shrunk.scenario.steps.len()), (1, 1));
    }

    #[test]
    fn a_step_that_only_takes_time_goes() {
        use crate::party::Party;
        use crate::scenario::{Step, Wish};
        use reversim_models::record::{Record, SwitchRecord};
        // The date changes between a sale and its answer; when that is, four inquiries say.
        let inquiry = Wish::Inquiry { card: 2 };
        let mut wishes = vec![Wish::SignOn, inquiry.clone(), inquiry.clone(), inquiry.clone()];
        wishes.extend([inquiry, Wish::Sale { amount: 100, card: 1 }]);
        let steps = (1..).zip(wishes);
        let steps = steps.map(|(id, wish)| Step::new(id, Party::terminal(1), wish)).collect();
        let mut scenario = Scenario { steps, ..Scenario::default() };
        scenario.defects = vec!["W28".to_owned()];
        let forwarded = |entry: &&Entry| {
            let is_it =
                |record: &Record| matches!(record, Record::Switch(SwitchRecord::Forwarded { .. }));
            entry.ticket.0 == 6 && matches!(&entry.what, What::Recorded(record) if is_it(record))
        };
        let run = crate::run::run(&scenario);
        let at = run.history.entries.iter().find(forwarded).expect("the sale is forwarded").at;
        let cut_over = Step::new(7, Party::switch(1), Wish::CutOver { window_ms: 0 });
        scenario.steps.push(Step { at_ms: Some(at.0 / 1_000 + 5), ..cut_over });
        let shrunk = shrink(&scenario, "one-business-date", EVALUATIONS_MAX, &crate::run::run);
        let left: Vec<u32> = shrunk.scenario.steps.iter().map(|step| step.id).collect();
        assert_eq!((left, shrunk.is_minimal), (vec![1, 6, 7], true), "{:?}", shrunk.path);
    }

    #[test]
    fn a_scenario_that_holds_comes_back_as_it_was() {
        let scenario = broken_seed(Profile::Day);
        let play = fake::breaking("a-claim", |_| false);
        let shrunk = shrink(&scenario, "a-claim", EVALUATIONS_MAX, &play);
        assert_eq!((shrunk.scenario, shrunk.evaluations), (scenario, 1));
        assert!(!shrunk.is_minimal);
    }

    #[test]
    fn the_budget_ends_it_with_what_there_is() {
        let scenario = broken_seed(Profile::Day);
        let play = fake::breaking("a-claim", needs_two);
        let shrunk = shrink(&scenario, "a-claim", 3, &play);
        assert_eq!(shrunk.evaluations, 3);
        assert!(!shrunk.is_minimal && needs_two(&shrunk.scenario));
    }
}
