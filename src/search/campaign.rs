//! A randomised search over a range of seeds: run, judge, count, and shrink what breaks.
//!
//! Seeds go out in chunks to a pool of threads; what comes back is summed, or sorted by seed, so a
//! campaign says the same for any number of threads. Histories are dropped where they were made.

use super::fingerprint::{Fingerprint, contains, schedule};
use super::shrink::{EVALUATIONS_MAX, Shrunk, shrink};
use super::{Play, Statistics, mix, pool};
use crate::generate::{Profile, scenario};
use crate::run::{Digest, Run};
use crate::scenario::Scenario;
use rayon::ThreadPoolBuildError;
use rayon::prelude::*;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// The first chunk is small, so that an easy find ends the search at once; each next one is twice
/// as long, up to the second of these.
const CHUNK_LENGTHS: (u64, u64) = (32, 1_024);
/// One run in so many is run again, and the digests compared.
const RUN_TWICE_ONE_IN: u64 = 64;
/// Distinct failures of one invariant that are shrunk and reported; the others are only counted.
const REPORTS_PER_INVARIANT: usize = 12;
/// Internal errors that are reported; one is a bug already.
const INTERNAL_ERRORS_MAX: usize = 16;

/// What to search.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// What to concentrate on.
    pub profile: Profile,
    /// The seeds, half-open.
    pub seeds: Range<u64>,
    /// Planted defects, by id.
    pub defects: Vec<String>,
    /// Threads; 0 for one per core.
    pub jobs: usize,
    /// Whether to go on after the first chunk with a violation.
    pub keep_going: bool,
    /// No chunk is begun after this long.
    pub time_limit: Option<Duration>,
    /// The i-th of n parts, from 1: every n-th seed.
    pub shard: (u32, u32),
}

impl Default for Campaign {
    fn default() -> Campaign {
        Campaign {
            profile: Profile::Mix,
            seeds: 0..1_000,
            defects: Vec::new(),
            jobs: 0,
            keep_going: false,
            time_limit: None,
            shard: (1, 1),
        }
    }
}

/// What a campaign came to.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Sums over all runs.
    pub statistics: Statistics,
    /// What broke, each kind of failure once, by first seed.
    pub violations: Vec<ViolationFound>,
    /// What must not happen, whatever the parties do wrong.
    pub internal_errors: Vec<InternalError>,
    /// Every seed of the shard below this one was run, and no other.
    pub seeds_end: u64,
    /// Wall-clock time. The only thing here that differs between two equal campaigns.
    pub elapsed: Duration,
}

/// A kind of failure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ViolationFound {
    /// The invariant that was broken.
    pub invariant: &'static str,
    /// Its code.
    pub code: &'static str,
    /// The name of this kind of failure.
    pub fingerprint: Fingerprint,
    /// What the judge said of the shrunk scenario.
    pub sentence: String,
    /// The first seed that showed it.
    pub seed: u64,
    /// How many runs showed it; a run that contains the same schedule counts as the same.
    pub occurrences: u64,
    /// The scenario of that seed.
    pub scenario: Scenario,
    /// The smallest one that breaks the same invariant.
    pub shrunk: Shrunk,
}

/// A fault of the harness, or a panic of a party: neither is a verdict.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InternalError {
    /// The same scenario gave two histories.
    #[error("seed {seed}: the same scenario gave the digests {first} and {second}")]
    NotDeterministic {
        /// The seed.
        seed: u64,
        /// Of the first run.
        first: Digest,
        /// Of the second.
        second: Digest,
    },
    /// Something panicked.
    #[error("seed {seed}: panic: {message}")]
    Panicked {
        /// The seed.
        seed: u64,
        /// What it said.
        message: String,
    },
}

impl InternalError {
    /// The seed that shows it.
    pub fn seed(&self) -> u64 {
        match self {
            InternalError::NotDeterministic { seed, .. } | InternalError::Panicked { seed, .. } => {
                *seed
            }
        }
    }
}

impl Campaign {
    /// The scenario of this seed: what `replay --seed` runs.
    pub fn scenario(&self, seed: u64) -> Scenario {
        let mut scenario = scenario(self.profile, seed);
        scenario.defects.clone_from(&self.defects);
        scenario
    }

    /// Searches. `progress` is called after every chunk, on this thread.
    ///
    /// # Errors
    ///
    /// If the threads cannot be started.
    pub fn run(
        &self,
        play: &Play<'_>,
        progress: &mut dyn FnMut(&Report),
    ) -> Result<Report, ThreadPoolBuildError> {
        let begun = Instant::now();
        let pool = pool::pool(self.jobs)?;
        let (first, step) = self.stride();
        let count = self.seeds.end.saturating_sub(first).div_ceil(step);
        let mut report = Report { seeds_end: self.seeds.start, ..Report::default() };
        let (mut done, mut length) = (0, CHUNK_LENGTHS.0);
        let is_over = || self.time_limit.is_some_and(|limit| begun.elapsed() >= limit);
        while done < count && !is_over() {
            let chunk = done..count.min(done + length);
            let seeds = chunk.clone().into_par_iter().map(|place| first + place * step);
            let seen = pool.install(|| {
                seeds
                    .fold(Seen::default, |seen, seed| seen.with(self, seed, play))
                    .reduce(Seen::default, Seen::and)
            });
            (done, length) = (chunk.end, (2 * length).min(CHUNK_LENGTHS.1));
            report.seeds_end = if done == count { self.seeds.end } else { first + done * step };
            let is_clean = seen.broken.is_empty() && seen.errors.is_empty();
            pool.install(|| report.take(self, seen, play));
            report.elapsed = begun.elapsed();
            progress(&report);
            if !is_clean && !self.keep_going {
                break;
            }
        }
        report.elapsed = begun.elapsed();
        Ok(report)
    }

    /// The first seed of the shard, and the way to the next.
    fn stride(&self) -> (u64, u64) {
        let (number, count) = (u64::from(self.shard.0.max(1)), u64::from(self.shard.1.max(1)));
        (self.seeds.start.saturating_add((number - 1) % count), count)
    }
}

/// A run that broke something.
#[derive(Debug)]
struct Broken {
    seed: u64,
    invariants: Vec<(&'static str, &'static str)>,
}

/// What a worker has seen.
#[derive(Debug, Default)]
struct Seen {
    statistics: Statistics,
    broken: Vec<Broken>,
    errors: Vec<InternalError>,
}

impl Seen {
    fn with(mut self, campaign: &Campaign, seed: u64, play: &Play<'_>) -> Seen {
        let scenario = campaign.scenario(seed);
        let run = match guarded(play, &scenario) {
            Ok(run) => run,
            Err(message) => {
                self.errors.push(InternalError::Panicked { seed, message });
                return self;
            }
        };
        self.statistics.add(seed, &run);
        let violated = run
            .findings
            .iter()
            .filter(|finding| matches!(finding.verdict, crate::verdict::Verdict::Violated(_)));
        let invariants: Vec<_> = violated.map(|finding| (finding.name, finding.code)).collect();
        if !invariants.is_empty() {
            self.broken.push(Broken { seed, invariants });
        }
        let first = run.digest;
        drop(run);
        if mix(seed).is_multiple_of(RUN_TWICE_ONE_IN) {
            let second = guarded(play, &scenario).map_or(Digest(0), |run| run.digest);
            if first != second {
                self.errors.push(InternalError::NotDeterministic { seed, first, second });
            }
        }
        self
    }

    fn and(mut self, other: Seen) -> Seen {
        self.statistics.merge(&other.statistics);
        self.broken.extend(other.broken);
        self.errors.extend(other.errors);
        self
    }
}

impl Report {
    fn take(&mut self, campaign: &Campaign, mut seen: Seen, play: &Play<'_>) {
        self.statistics.merge(&seen.statistics);
        seen.errors.sort_by_key(InternalError::seed);
        let room = INTERNAL_ERRORS_MAX - self.internal_errors.len().min(INTERNAL_ERRORS_MAX);
        self.internal_errors.extend(seen.errors.into_iter().take(room));
        seen.broken.sort_by_key(|broken| broken.seed);
        // A search that stops is asked for one failure, and the first is the one to show.
        let wanted = if campaign.keep_going { usize::MAX } else { 1 };
        for broken in seen.broken.iter().take(wanted) {
            for (invariant, code) in broken.invariants.iter().take(wanted) {
                self.note(campaign, broken.seed, (invariant, code), play);
            }
        }
    }

    /// A violation: of a known kind, or a new one to shrink.
    fn note(
        &mut self,
        campaign: &Campaign,
        seed: u64,
        (invariant, code): (&'static str, &'static str),
        play: &Play<'_>,
    ) {
        let scenario = campaign.scenario(seed);
        let whole = schedule(&scenario.faults);
        let mut of_invariant = 0;
        for known in self.violations.iter_mut().filter(|known| known.invariant == invariant) {
            if contains(&whole, &schedule(&known.shrunk.scenario.faults)) {
                known.occurrences += 1;
                return;
            }
            of_invariant += 1;
        }
        if of_invariant >= REPORTS_PER_INVARIANT {
            return;
        }
        let Ok(shrunk) = catch(|| shrink(&scenario, invariant, EVALUATIONS_MAX, play)) else {
            return;
        };
        let Ok(run) = guarded(play, &shrunk.scenario) else { return };
        let Some(violation) = run.violations().find(|v| v.invariant == invariant) else { return };
        let fingerprint = Fingerprint::new(violation, &run.history, &shrunk.scenario.faults);
        if let Some(known) =
            self.violations.iter_mut().find(|known| known.fingerprint == fingerprint)
        {
            known.occurrences += 1;
            return;
        }
        let sentence = violation.sentence.clone();
        let occurrences = 1;
        self.violations.push(ViolationFound {
            invariant,
            code,
            fingerprint,
            sentence,
            seed,
            occurrences,
            scenario,
            shrunk,
        });
    }
}

/// Plays; a panic becomes its message, so that one bad run does not end a night's search.
pub(super) fn guarded(play: &Play<'_>, scenario: &Scenario) -> Result<Run, String> {
    catch(|| play(scenario))
}

fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // Nothing half-changed outlives the panic: a run owns everything it changes.
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        text.unwrap_or("without words").to_owned()
    })
}

#[cfg(test)]
mod tests;
