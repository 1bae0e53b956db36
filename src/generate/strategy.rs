//! A proptest strategy: scenarios of a profile that shrink as `reversim shrink` does.
//!
//! Drawing is the generator's business; this only adapts it, and shrinks the value itself (not the
//! choices that led to it), one simplification at a time.

use super::{Profile, scenario};
use crate::scenario::Scenario;
use crate::search::simpler::candidates;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use rand_core::Rng;

/// Scenarios of all profiles.
///
/// ```
/// use proptest::prelude::*;
///
/// proptest! {
///     #![proptest_config(ProptestConfig::with_cases(8))]
///     fn a_day_at_the_counter_loses_no_money(scenario in reversim::generate::strategy()) {
///         prop_assert!(reversim::run(&scenario).violation().is_none());
///     }
/// }
/// # a_day_at_the_counter_loses_no_money();
/// ```
pub fn strategy() -> impl Strategy<Value = Scenario, Tree = ScenarioTree> {
    strategy_of(Profile::Mix)
}

/// Scenarios of one profile.
pub fn strategy_of(profile: Profile) -> ScenarioStrategy {
    ScenarioStrategy { profile }
}

/// What [`strategy_of`] gives.
#[derive(Clone, Copy, Debug)]
pub struct ScenarioStrategy {
    profile: Profile,
}

impl Strategy for ScenarioStrategy {
    type Tree = ScenarioTree;
    type Value = Scenario;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<ScenarioStrategy> {
        let seed = runner.rng().next_u64();
        Ok(ScenarioTree::new(scenario(self.profile, seed)))
    }
}

/// A scenario, and everything simpler than it.
#[derive(Clone, Debug)]
pub struct ScenarioTree {
    current: Scenario,
    /// What it was before the last simplification, as long as that may be taken back.
    before: Option<Scenario>,
    /// Which candidate comes next, and how many have failed since the last that did not.
    next: usize,
    failed: usize,
}

impl ScenarioTree {
    fn new(current: Scenario) -> ScenarioTree {
        ScenarioTree { current, before: None, next: 0, failed: 0 }
    }
}

impl ValueTree for ScenarioTree {
    type Value = Scenario;

    fn current(&self) -> Scenario {
        self.current.clone()
    }

    fn simplify(&mut self) -> bool {
        if self.before.take().is_some() {
            self.failed = 0;
        }
        let mut simpler = candidates(&self.current);
        if self.failed >= simpler.len() {
            return false;
        }
        // Where the list was left: what failed there is tried again only after all the others.
        let index = self.next % simpler.len();
        let chosen = simpler.swap_remove(index).scenario;
        self.before = Some(std::mem::replace(&mut self.current, chosen));
        self.next = index;
        true
    }

    fn complicate(&mut self) -> bool {
        let Some(before) = self.before.take() else { return false };
        self.current = before;
        self.next += 1;
        self.failed += 1;
        true
    }
}
