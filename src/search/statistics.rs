//! What a campaign has seen, in numbers. Sums only: shards and threads add up in any order.

use super::mix;
use super::names::{self, Name};
use crate::coverage::States;
use crate::run::{Digest, Run};
use crate::verdict::Verdict;
use reversim_models::time::Duration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Sums over runs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statistics {
    /// Of all histories, each bound to its seed: the sum of `mix(mix(seed) ^ digest)`. A sum, so
    /// that however the seeds were split, the whole has one digest.
    pub digest: Digest,
    /// How many scenarios were run.
    pub scenarios: u64,
    /// In how many of them a fault happened.
    pub scenarios_with_fired_fault: u64,
    /// Faults that happened.
    pub faults_fired: u64,
    /// Faults that found nothing to hit.
    pub faults_idle: u64,
    /// Transactions.
    pub transactions: u64,
    /// Messages sent.
    pub messages: u64,
    /// Virtual time that passed.
    #[serde(with = "names::micros")]
    pub simulated: Duration,
    /// By mark: in how many runs it was seen.
    #[serde(deserialize_with = "names::marks")]
    pub marks: BTreeMap<Name, u64>,
    /// What terminal, switch and issuer knew of sales.
    pub states: States,
    /// By invariant.
    #[serde(deserialize_with = "names::tallies")]
    pub invariants: BTreeMap<Name, Tally>,
}

/// What one invariant said, over many runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// Its code.
    #[serde(deserialize_with = "names::code")]
    pub code: Name,
    /// Cases checked, in runs where it held.
    pub checked: u64,
    /// Runs in which it held.
    pub holds: u64,
    /// Runs in which it was violated.
    pub violated: u64,
    /// Runs that did not exercise it.
    pub unknown: u64,
}

impl Tally {
    /// With what the claim says of one more run.
    pub(super) fn take(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Holds { checked } => {
                self.checked += checked;
                self.holds += 1;
            }
            Verdict::Violated(_) => self.violated += 1,
            Verdict::Unknown { .. } => self.unknown += 1,
        }
    }

    fn add(&mut self, theirs: &Tally) {
        self.code = theirs.code;
        self.checked += theirs.checked;
        self.holds += theirs.holds;
        self.violated += theirs.violated;
        self.unknown += theirs.unknown;
    }

    /// `holds`, `violated` or `unknown`: of all runs together.
    pub fn verdict(&self) -> &'static str {
        match (self.violated, self.holds) {
            (0, 0) => "unknown",
            (0, _) => "holds",
            _ => "violated",
        }
    }
}

impl Default for Statistics {
    fn default() -> Statistics {
        Statistics {
            digest: Digest(0),
            scenarios: 0,
            scenarios_with_fired_fault: 0,
            faults_fired: 0,
            faults_idle: 0,
            transactions: 0,
            messages: 0,
            simulated: Duration::ZERO,
            marks: BTreeMap::new(),
            states: States::default(),
            invariants: BTreeMap::new(),
        }
    }
}

impl Statistics {
    /// With one more run, but for what the claims say of it.
    pub(super) fn add(&mut self, seed: u64, run: &Run) {
        self.digest = Digest(self.digest.0.wrapping_add(mix(mix(seed) ^ run.digest.0)));
        self.scenarios += 1;
        self.scenarios_with_fired_fault += u64::from(run.counts.faults_fired > 0);
        self.faults_fired += u64::from(run.counts.faults_fired);
        self.faults_idle += run.idle_faults.len() as u64;
        self.transactions += run.counts.transactions;
        self.messages += run.counts.messages;
        self.simulated = Duration(self.simulated.0.saturating_add(run.counts.simulated.0));
        self.states.add(&run.states);
        for mark in run.marks.iter() {
            *self.marks.entry(mark.name()).or_default() += 1;
        }
    }

    /// With what the claims said in other runs.
    pub(super) fn add_tallies(&mut self, tallies: &[(Name, Tally)]) {
        for (name, theirs) in tallies {
            self.invariants.entry(name).or_default().add(theirs);
        }
    }

    /// With everything `other` has seen, which must be other seeds.
    pub fn merge(&mut self, other: &Statistics) {
        self.digest = Digest(self.digest.0.wrapping_add(other.digest.0));
        self.scenarios += other.scenarios;
        self.scenarios_with_fired_fault += other.scenarios_with_fired_fault;
        self.faults_fired += other.faults_fired;
        self.faults_idle += other.faults_idle;
        self.transactions += other.transactions;
        self.messages += other.messages;
        self.simulated = Duration(self.simulated.0.saturating_add(other.simulated.0));
        self.states.add(&other.states);
        for (name, count) in &other.marks {
            *self.marks.entry(name).or_default() += count;
        }
        for (name, theirs) in &other.invariants {
            self.invariants.entry(name).or_default().add(theirs);
        }
    }
}
