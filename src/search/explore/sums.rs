//! What came of a part of an exploration's runs. Adding two is commutative.

use super::Violating;
use super::beside::Beside;
use crate::fault::Fault;
use crate::run::Run;
use crate::scenario::Scenario;
use crate::search::Play;
use crate::search::campaign::guarded;
use crate::search::fingerprint::Fingerprint;
use crate::search::mix;
use crate::verdict::Verdict;
use std::collections::BTreeMap;

/// Panics that are kept; one is a bug already.
const PANICS_MAX: usize = 8;

/// Sums over runs.
#[derive(Clone, Default, Debug)]
pub(super) struct Sums {
    pub(super) runs: u64,
    /// Taken over from the flow without the weak peer.
    pub(super) taken_over: u64,
    /// A set whose run could have been taken over, and is another one.
    pub(super) disagrees: Option<Vec<Fault>>,
    pub(super) idle: u64,
    pub(super) violating_runs: u64,
    pub(super) violations: BTreeMap<Fingerprint, Violating>,
    pub(super) panics: Vec<(Vec<Fault>, String)>,
    pub(super) digest: u64,
}

impl Sums {
    pub(super) fn and(mut self, other: Sums) -> Sums {
        self.runs += other.runs;
        self.taken_over += other.taken_over;
        self.disagrees = self.disagrees.into_iter().chain(other.disagrees).min();
        self.idle += other.idle;
        self.violating_runs += other.violating_runs;
        for violating in other.violations.into_values() {
            self.note(violating);
        }
        self.panics.extend(other.panics);
        self.panics.sort();
        self.panics.truncate(PANICS_MAX);
        self.digest = self.digest.wrapping_add(other.digest);
        self
    }

    fn note(&mut self, mut violating: Violating) {
        if let Some(known) = self.violations.get(&violating.fingerprint) {
            violating.occurrences += known.occurrences;
            if size(&known.scenario) < size(&violating.scenario) {
                violating.scenario = known.scenario.clone();
                violating.sentence.clone_from(&known.sentence);
            }
        }
        self.violations.insert(violating.fingerprint, violating);
    }

    /// Whether more faults may follow: nothing was broken, and every placed fault hit something.
    pub(super) fn goes_on(&self) -> bool {
        self.violating_runs == 0 && self.idle == 0 && self.panics.is_empty()
    }

    /// The same as [`Sums::of`] for a set that nothing follows; run only if need be.
    pub(super) fn of_leaf(
        base: &Scenario,
        set: &[Fault],
        play: &Play<'_>,
        beside: Option<Beside<'_>>,
    ) -> Sums {
        if let Some((digest, is_idle)) = beside.and_then(|beside| beside.takes_over(set)) {
            return Sums { taken_over: 1, idle: is_idle.into(), digest, ..Sums::default() };
        }
        let (mut sums, _) = Sums::of(base, set, play);
        sums.compare(set, beside);
        sums
    }

    /// Compares a run with the one that could have been taken over.
    pub(super) fn compare(&mut self, set: &[Fault], beside: Option<Beside<'_>>) {
        let agrees = beside.is_none_or(|beside| beside.agrees(set, self.digest));
        self.disagrees = (!agrees).then(|| set.to_vec());
    }

    /// Plays the base with this set of faults.
    pub(super) fn of(
        base: &Scenario,
        set: &[Fault],
        play: &Play<'_>,
    ) -> (Sums, Option<(Run, Scenario)>) {
        let mut scenario = base.clone();
        scenario.faults.extend_from_slice(set);
        let mut sums = Sums { runs: 1, ..Sums::default() };
        let run = match guarded(play, &scenario) {
            Ok(run) => run,
            Err(message) => {
                sums.panics.push((set.to_vec(), message));
                return (sums, None);
            }
        };
        sums.digest = mix(run.digest.0);
        let own = base.faults.len();
        sums.idle = u64::from(run.idle_faults.iter().any(|index| *index >= own));
        for violating in broken(&run, &scenario, set) {
            sums.violating_runs = 1;
            sums.note(violating);
        }
        (sums, Some((run, scenario)))
    }
}

/// What a run broke.
pub(super) fn broken(run: &Run, scenario: &Scenario, set: &[Fault]) -> Vec<Violating> {
    let violated = run.findings.iter().filter_map(|finding| match &finding.verdict {
        Verdict::Violated(violation) => Some((finding, violation)),
        _ => None,
    });
    let violating = violated.map(|(finding, violation)| Violating {
        invariant: finding.name,
        code: finding.code,
        fingerprint: Fingerprint::new(violation, &run.history, set),
        sentence: violation.sentence.clone(),
        occurrences: 1,
        scenario: scenario.clone(),
    });
    violating.collect()
}

/// Fewer faults first, then the order of faults.
pub(super) fn size(scenario: &Scenario) -> (usize, &[Fault]) {
    (scenario.faults.len(), &scenario.faults)
}
