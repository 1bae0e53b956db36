//! Every placement of up to k faults on one flow, and a certificate of it.
//!
//! From the base run on, each run shows what could go wrong next; that is placed, run, and so on,
//! depth first. A placement is a *set* of faults: it is run once, however many orders lead to it,
//! and its children depend on the set alone. So all sums, and the digest, are the same for any
//! number of threads, and anyone can recompute them.

use super::campaign::guarded;
use super::fingerprint::Fingerprint;
use super::point::{Placements, following};
use super::{Play, mix, pool};
use crate::fault::Fault;
use crate::history::What;
use crate::run::{Digest, Run};
use crate::scenario::Scenario;
use crate::verdict::Verdict;
use rayon::ThreadPoolBuildError;
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub use super::base::{FLOWS, flow};

/// `progress` is called once in this many runs.
const PROGRESS_ONE_IN: u64 = 256;
/// Panics that are kept; one is a bug already.
const PANICS_MAX: usize = 8;
/// Why a power cut after an action is not run.
pub const AFTER_IS_BEFORE_NEXT: &str = "after-is-before-next";
/// Why a placement that was reached again is not run again.
pub const SAME_SET: &str = "same-set-in-another-order";

/// Which faults are placed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Alphabet {
    /// Drop, duplicate, delay to each waiting timer -1 and +1 and the tie in both orders, damage
    /// that the MAC shows, power cut around every action, reset, partition.
    #[default]
    Core,
    /// Every kind of fault there is.
    Full,
}

impl fmt::Display for Alphabet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Alphabet::Core => "core",
            Alphabet::Full => "full",
        })
    }
}

/// A word that does not name an alphabet.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{0}` is not an alphabet: write core or full")]
pub struct ParseAlphabetError(String);

impl FromStr for Alphabet {
    type Err = ParseAlphabetError;

    fn from_str(word: &str) -> Result<Alphabet, ParseAlphabetError> {
        match word {
            "core" => Ok(Alphabet::Core),
            "full" => Ok(Alphabet::Full),
            _ => Err(ParseAlphabetError(word.to_owned())),
        }
    }
}

/// What to explore.
#[derive(Clone, Debug)]
pub struct Exploration {
    /// What the certificate calls it.
    pub name: String,
    /// The flow, with its own faults if it has any: those are in every run.
    pub base: Scenario,
    /// Which faults.
    pub alphabet: Alphabet,
    /// How many at most.
    pub faults: u8,
    /// Threads; 0 for one per core.
    pub jobs: usize,
}

/// What was explored, and what came of it. Everything but `elapsed` can be recomputed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Certificate {
    /// The flow.
    pub flow: String,
    /// Messages of the flow without faults, healing included.
    pub messages: u64,
    /// Which faults were placed.
    pub alphabet: Alphabet,
    /// How many at most.
    pub faults: u8,
    /// Placements enumerated. Each was run or pruned.
    pub placements: u64,
    /// Placements not run, by the argument that says why they need not be.
    pub pruned: BTreeMap<&'static str, u64>,
    /// Runs, the one without faults included: `placements` - all `pruned` + 1.
    pub runs: u64,
    /// Runs in which a placed fault found nothing to hit.
    pub idle: u64,
    /// Runs that broke something. What breaks is not extended: more faults prove nothing more.
    pub violating_runs: u64,
    /// What broke, each kind of failure once, with its smallest placement.
    pub violations: Vec<Violating>,
    /// Panics, with the placement.
    pub panics: Vec<(Vec<Fault>, String)>,
    /// Of all runs: the sum of `mix(digest)`, which no order of running changes.
    pub digest: Digest,
    /// Wall-clock time.
    pub elapsed: Duration,
}

/// A kind of failure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violating {
    /// The invariant.
    pub invariant: &'static str,
    /// Its code.
    pub code: &'static str,
    /// The name of this kind of failure.
    pub fingerprint: Fingerprint,
    /// What the judge said.
    pub sentence: String,
    /// How many runs showed it.
    pub occurrences: u64,
    /// The smallest placement that shows it.
    pub scenario: Scenario,
}

impl Exploration {
    /// Runs every placement. `progress` is told the number of runs, from any thread.
    ///
    /// # Errors
    ///
    /// If the threads cannot be started.
    pub fn run(
        &self,
        play: &Play<'_>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Certificate, ThreadPoolBuildError> {
        let begun = Instant::now();
        let pool = pool::pool(self.jobs)?;
        let search = Search {
            exploration: self,
            play,
            progress,
            runs: AtomicU64::new(0),
            seen: std::array::from_fn(|_| Mutex::new(FxHashSet::default())),
        };
        let sums = pool.install(|| search.visit(Vec::new()));
        let mut violations: Vec<Violating> = sums.violations.into_values().collect();
        violations.sort_by(|a, b| size(&a.scenario).cmp(&size(&b.scenario)));
        Ok(Certificate {
            flow: self.name.clone(),
            messages: sums.messages,
            alphabet: self.alphabet,
            faults: self.faults,
            placements: sums.placements,
            pruned: [(AFTER_IS_BEFORE_NEXT, sums.same_cut), (SAME_SET, sums.same_set)].into(),
            runs: sums.runs,
            idle: sums.idle,
            violating_runs: sums.violating_runs,
            violations,
            panics: sums.panics,
            digest: Digest(sums.digest),
            elapsed: begun.elapsed(),
        })
    }
}

fn size(scenario: &Scenario) -> (usize, &[Fault]) {
    (scenario.faults.len(), &scenario.faults)
}

/// Sums of a part of the search. Adding two is commutative.
#[derive(Default)]
struct Sums {
    messages: u64,
    placements: u64,
    same_cut: u64,
    same_set: u64,
    runs: u64,
    idle: u64,
    violating_runs: u64,
    violations: BTreeMap<Fingerprint, Violating>,
    panics: Vec<(Vec<Fault>, String)>,
    digest: u64,
}

impl Sums {
    fn and(mut self, other: Sums) -> Sums {
        self.messages += other.messages;
        self.placements += other.placements;
        self.same_cut += other.same_cut;
        self.same_set += other.same_set;
        self.runs += other.runs;
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
}

struct Search<'a> {
    exploration: &'a Exploration,
    play: &'a Play<'a>,
    progress: &'a (dyn Fn(u64) + Sync),
    runs: AtomicU64,
    /// The sets that were run: 128 bits of each, in several drawers so that threads rarely meet.
    seen: [Mutex<FxHashSet<u128>>; 16],
}

impl Search<'_> {
    /// Runs this set of faults and everything that follows from it. `set` is sorted.
    fn visit(&self, set: Vec<Fault>) -> Sums {
        let mut scenario = self.exploration.base.clone();
        scenario.faults.extend_from_slice(&set);
        let mut sums = Sums { runs: 1, ..Sums::default() };
        let run = match guarded(self.play, &scenario) {
            Ok(run) => run,
            Err(message) => {
                sums.panics.push((set, message));
                return sums;
            }
        };
        let count = self.runs.fetch_add(1, Ordering::Relaxed) + 1;
        if count.is_multiple_of(PROGRESS_ONE_IN) {
            (self.progress)(count);
        }
        if set.is_empty() {
            sums.messages =
                run.history.entries.iter().filter(|e| is_message(&e.what)).count() as u64;
        }
        sums.digest = mix(run.digest.0);
        let own = self.exploration.base.faults.len();
        sums.idle = u64::from(run.idle_faults.iter().any(|index| *index >= own));
        if self.breaks(&scenario, &set, &run, &mut sums) {
            return sums;
        }
        // What hit nothing changed nothing: whatever follows, follows from the smaller set.
        if sums.idle > 0 || set.len() >= usize::from(self.exploration.faults) {
            return sums;
        }
        let found = following(&run.history, &scenario, own, self.exploration.alphabet);
        drop((run, scenario));
        self.extend(&set, found, sums)
    }

    fn extend(&self, set: &[Fault], found: Placements, mut sums: Sums) -> Sums {
        sums.placements += found.faults.len() as u64 + found.same_cut;
        sums.same_cut += found.same_cut;
        let below = found.faults.into_par_iter().map(|fault| {
            let again = || Sums { same_set: 1, ..Sums::default() };
            let Err(place) = set.binary_search(&fault) else { return again() };
            let mut next = Vec::with_capacity(set.len() + 1);
            next.extend_from_slice(&set[..place]);
            next.push(fault);
            next.extend_from_slice(&set[place..]);
            if self.is_new(&next) { self.visit(next) } else { again() }
        });
        sums.and(below.reduce(Sums::default, Sums::and))
    }

    /// Notes what a run broke; false if nothing.
    fn breaks(&self, scenario: &Scenario, set: &[Fault], run: &Run, sums: &mut Sums) -> bool {
        for finding in &run.findings {
            let Verdict::Violated(violation) = &finding.verdict else { continue };
            sums.violating_runs = 1;
            sums.note(Violating {
                invariant: finding.name,
                code: finding.code,
                fingerprint: Fingerprint::new(violation, &run.history, set),
                sentence: violation.sentence.clone(),
                occurrences: 1,
                scenario: scenario.clone(),
            });
        }
        sums.violating_runs > 0
    }

    fn is_new(&self, set: &[Fault]) -> bool {
        let mut hasher = Wide::default();
        set.hash(&mut hasher);
        let drawer = &self.seen[(hasher.0 % 16) as usize];
        let key = u128::from(hasher.0) << 64 | u128::from(hasher.1);
        // A thread that panicked while it held the drawer left a set of numbers: still good.
        drawer.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(key)
    }
}

fn is_message(what: &What) -> bool {
    matches!(what, What::Sent { .. })
}

/// Two independent 64-bit hashes: among a billion sets, two equal ones are not to be expected.
#[derive(Default)]
struct Wide(u64, u64);

impl Hasher for Wide {
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = mix(self.0 ^ word);
        self.1 = mix(self.1.rotate_left(23) ^ word ^ 0x5851_f42d_4c95_7f2d);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests;
