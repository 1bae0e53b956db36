//! A kind of failure with the cases that are kept of it, and how two finds of one kind become one.

use super::fingerprint::Fingerprint;
use super::names::{self, Name};
use super::shrink::Shrunk;
use super::simpler::{Cost, cost};
use serde::{Deserialize, Serialize};

/// Cases that are kept of one kind of failure.
pub const CASES_MAX: usize = 4;

/// A kind of failure.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViolationFound {
    /// The invariant that was broken.
    #[serde(deserialize_with = "names::invariant")]
    pub invariant: Name,
    /// Its code.
    #[serde(deserialize_with = "names::code")]
    pub code: Name,
    /// The name of this kind of failure.
    pub fingerprint: Fingerprint,
    /// The first seed that showed it.
    pub seed: u64,
    /// How many runs showed it; a run that contains the same schedule counts as the same.
    pub occurrences: u64,
    /// The shortest case.
    pub shortest: KeptCase,
    /// More of them, shortest first; all together at most [`CASES_MAX`].
    pub others: Vec<KeptCase>,
}

/// A failure made small.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptCase {
    /// The seed it comes from.
    pub seed: u64,
    /// What the judge said of the shrunk scenario.
    pub sentence: String,
    /// The smallest scenario found that breaks the same invariant.
    pub shrunk: Shrunk,
}

impl ViolationFound {
    /// The cases kept, shortest first.
    pub fn cases(&self) -> impl Iterator<Item = &KeptCase> {
        std::iter::once(&self.shortest).chain(&self.others)
    }

    /// With what another block saw of the same kind. In whatever order finds are added up, the
    /// same cases are kept: the four shortest of all.
    pub(super) fn add(&mut self, other: ViolationFound) {
        self.seed = self.seed.min(other.seed);
        self.occurrences += other.occurrences;
        let ours = std::mem::take(&mut self.others);
        let mut cases: Vec<KeptCase> = Vec::with_capacity(2 * CASES_MAX);
        cases.extend([self.shortest.clone(), other.shortest]);
        cases.extend(ours.into_iter().chain(other.others));
        cases.sort_by_cached_key(KeptCase::order);
        cases.dedup_by(|later, earlier| later.shrunk.scenario == earlier.shrunk.scenario);
        cases.truncate(CASES_MAX);
        let others = cases.split_off(1);
        self.others = others;
        if let Some(shortest) = cases.pop() {
            self.shortest = shortest;
        }
    }
}

impl KeptCase {
    /// Shortest first; the text settles what costs the same.
    fn order(&self) -> (Cost, String, u64) {
        let scenario = &self.shrunk.scenario;
        (cost(scenario), format!("{scenario:?}"), self.seed)
    }
}

/// Adds finds of other blocks: each kind once, by first seed.
pub(super) fn union(into: &mut Vec<ViolationFound>, more: Vec<ViolationFound>) {
    for found in more {
        match into.iter_mut().find(|known| known.fingerprint == found.fingerprint) {
            Some(known) => known.add(found),
            None => into.push(found),
        }
    }
    into.sort_by_key(|found| (found.seed, found.invariant, found.fingerprint));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    fn found(seed: u64, latency: u64) -> ViolationFound {
        let mut scenario = Scenario::default();
        scenario.timing.latency_max_us = latency;
        let shrunk = Shrunk { scenario, path: Vec::new(), evaluations: 1, is_minimal: true };
        let about = crate::invariant::find("S1").expect("S1 is the first of all claims");
        ViolationFound {
            invariant: about.name,
            code: about.code,
            fingerprint: Fingerprint::default(),
            seed,
            occurrences: 1,
            shortest: KeptCase { seed, sentence: String::new(), shrunk },
            others: Vec::new(),
        }
    }

    #[test]
    fn the_four_shortest_are_kept_in_whatever_order_they_come() {
        // The one with the latency by default is the shortest; all others cost the same.
        let finds = [(5, 9), (1, 7), (9, 40_000), (2, 8), (4, 7), (3, 6), (8, 5)];
        let mut sums = Vec::new();
        for turn in 0..finds.len() {
            let mut order = finds;
            order.rotate_left(turn);
            let mut list = Vec::new();
            for (seed, latency) in order {
                union(&mut list, vec![found(seed, latency)]);
            }
            sums.push(list);
        }
        assert!(sums.iter().all(|sum| *sum == sums[0]));
        let [sum] = &sums[0][..] else { panic!("one fingerprint is one kind of failure") };
        assert_eq!((sum.seed, sum.occurrences, sum.cases().count()), (1, 7, CASES_MAX));
        assert_eq!(sum.shortest.seed, 9);
        let seeds: Vec<u64> = sum.cases().map(|case| case.seed).collect();
        assert_eq!(seeds, [9, 8, 3, 1], "of two equal scenarios, that of the first seed");
    }

    #[test]
    fn sums_of_sums_are_the_sum() {
        let parts: Vec<_> = (0..9).map(|i| found(i, 100 - i)).collect();
        let mut whole = Vec::new();
        union(&mut whole, parts.clone());
        let (mut left, mut right) = (Vec::new(), Vec::new());
        union(&mut left, parts[..4].to_vec());
        union(&mut right, parts[4..].to_vec());
        union(&mut left, right);
        assert_eq!(left, whole);
    }
}
