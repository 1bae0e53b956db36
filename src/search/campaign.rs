//! A randomised search over a range of seeds: run, judge, count, and shrink what breaks.
//!
//! Seeds go out in pieces of blocks to a crew of threads. A block is summed up, and its failures
//! made small, by the thread that finishes it; blocks are added up in order. So a campaign says the
//! same for any number of threads, and any number of shards say together what one says alone.
//! Histories are dropped where they were made.

use super::block::{Block, blocks, bounds};
use super::crew::{Crew, with_crew};
use super::found::{ViolationFound, union};
use super::{Fingerprint, Play, Statistics};
use crate::generate::{Profile, scenario};
use crate::run::{Digest, Run};
use crate::scenario::Scenario;
use rayon::ThreadPoolBuildError;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{ControlFlow, Range};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

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
    /// Whether to go on after the first block with a failure that is not known.
    pub keep_going: bool,
    /// No block is begun after this long.
    pub time_limit: Option<Duration>,
    /// The i-th of n parts, from 1: every n-th block.
    pub shard: (u32, u32),
    /// Kinds of failure that are no news.
    pub known: BTreeSet<Fingerprint>,
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
            known: BTreeSet::new(),
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
    /// Every seed of the shard below this one was run, and no other is in the sums.
    pub seeds_end: u64,
    /// Wall-clock time. The only thing here that differs between two equal campaigns.
    pub elapsed: Duration,
}

/// A fault of the harness, or a party that panics or never comes to rest: none is a verdict.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
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
    /// Something panicked, or the run had no end.
    #[error("seed {seed}: {message}")]
    NoVerdict {
        /// The seed.
        seed: u64,
        /// What happened instead.
        message: String,
    },
}

impl InternalError {
    /// The seed that shows it.
    pub fn seed(&self) -> u64 {
        match self {
            InternalError::NotDeterministic { seed, .. }
            | InternalError::NoVerdict { seed, .. } => *seed,
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

    /// Searches. `progress` is called after every block, on this thread.
    ///
    /// # Errors
    ///
    /// If the threads cannot be started.
    pub fn run(
        &self,
        play: &Play<'_>,
        progress: &mut dyn FnMut(&Report),
    ) -> Result<Report, ThreadPoolBuildError> {
        self.resume(play, Vec::new(), &mut |_| ControlFlow::Continue(()), progress)
    }

    /// Searches what is not done yet. `keep` is handed every new block as soon as it is complete,
    /// on this thread, and may end the search.
    ///
    /// # Errors
    ///
    /// If the threads cannot be started.
    pub fn resume(
        &self,
        play: &Play<'_>,
        done: Vec<Block>,
        keep: &mut dyn FnMut(&Block) -> ControlFlow<()>,
        progress: &mut dyn FnMut(&Report),
    ) -> Result<Report, ThreadPoolBuildError> {
        let begun = Instant::now();
        let mut waiting: BTreeMap<u64, Block> =
            done.into_iter().map(|block| (block.number, block)).collect();
        let crew = Crew::new(self, play, waiting.keys().copied().collect(), begun);
        let is_last = |block: &&Block| self.is_news(block) && !self.keep_going;
        if let Some(block) = waiting.values().find(is_last) {
            crew.stop_after(block.number);
        }
        let mut report = Report { seeds_end: self.seeds.start, ..Report::default() };
        let mut next = self.first_block();
        let mut is_over = report.take_in_order(self, &mut waiting, &mut next);
        if is_over {
            crew.stop_after(0);
        }
        with_crew(&crew, self.jobs, &mut |block| {
            if is_over {
                return;
            }
            if keep(&block).is_break() {
                is_over = true;
                crew.stop_after(0);
                return;
            }
            waiting.insert(block.number, block);
            is_over = report.take_in_order(self, &mut waiting, &mut next);
            report.elapsed = begun.elapsed();
            progress(&report);
        })?;
        report.elapsed = begun.elapsed();
        Ok(report)
    }

    /// What these blocks come to, and which blocks of the whole campaign are missing. Without
    /// `keep_going`, a campaign ends with the first block that has news, whoever searched further.
    pub fn add_up(&self, blocks: Vec<Block>) -> (Report, Vec<Range<u64>>) {
        let mut waiting: BTreeMap<u64, Block> =
            blocks.into_iter().map(|block| (block.number, block)).collect();
        let mut report = Report { seeds_end: self.seeds.start, ..Report::default() };
        let mut missing = Vec::new();
        let mut next = self.seeds.start;
        while let Some((_, block)) = waiting.pop_first() {
            if next < block.seeds.start {
                missing.push(next..block.seeds.start);
            }
            next = block.seeds.end;
            if report.take(self, block) {
                return (report, missing);
            }
        }
        // An endless campaign ends with the last block there is.
        if next < self.seeds.end && !self.is_endless() {
            missing.push(next..self.seeds.end);
        }
        (report, missing)
    }

    /// Whether the seeds have no end that anybody means to reach.
    pub fn is_endless(&self) -> bool {
        self.seeds.end == i64::MAX as u64
    }

    /// Whether this shard searches the block.
    pub fn is_of_shard(&self, block: &Block) -> bool {
        block.number % self.shards() == self.first_block()
    }

    /// A sentence, if the seeds make too few blocks for this shard to have one.
    pub fn empty_shard(&self) -> Option<String> {
        let is_empty = bounds(&self.seeds, self.first_block()).is_none();
        let (number, of) = self.shard;
        (is_empty && of > 1).then(|| {
            let blocks = blocks(self.seeds.clone()).count();
            let are = if blocks == 1 { "block, and the block goes" } else { "blocks, and they go" };
            format!(
                "shard {number}/{of} is empty: the seeds make {blocks} {are} to shards before it"
            )
        })
    }

    /// Whether a search ends here: something broke that nobody knew of.
    pub fn is_news(&self, block: &Block) -> bool {
        let is_new = |found: &ViolationFound| !self.known.contains(&found.fingerprint);
        block.violations.iter().any(is_new) || !block.internal_errors.is_empty()
    }

    /// The number of the shard's first block.
    pub(super) fn first_block(&self) -> u64 {
        u64::from(self.shard.0.max(1) - 1) % self.shards()
    }

    /// From one block of the shard to the next.
    pub(super) fn shards(&self) -> u64 {
        u64::from(self.shard.1.max(1))
    }
}

impl Report {
    /// Takes the blocks that come next, as far as there are any; true if the search ends there.
    fn take_in_order(
        &mut self,
        campaign: &Campaign,
        waiting: &mut BTreeMap<u64, Block>,
        next: &mut u64,
    ) -> bool {
        while let Some(block) = waiting.remove(next) {
            *next += campaign.shards();
            if self.take(campaign, block) {
                return true;
            }
            // What the other shards have before the next block is not this shard's to miss.
            let end = bounds(&campaign.seeds, *next).map_or(campaign.seeds.end, |b| b.start);
            self.seeds_end = end;
        }
        false
    }

    /// Adds a block; true if the search ends with it.
    fn take(&mut self, campaign: &Campaign, block: Block) -> bool {
        let is_last = campaign.is_news(&block) && !campaign.keep_going;
        self.seeds_end = self.seeds_end.max(block.seeds.end);
        self.statistics.merge(&block.statistics);
        union(&mut self.violations, block.violations);
        self.internal_errors.extend(block.internal_errors);
        self.internal_errors.sort_by_key(InternalError::seed);
        self.internal_errors.truncate(INTERNAL_ERRORS_MAX);
        is_last
    }
}

/// Plays; a panic becomes its message, so that one bad run does not end a night's search, and so
/// does what keeps a run that broke nothing from being whole.
pub(super) fn guarded(play: &Play<'_>, scenario: &Scenario) -> Result<Run, String> {
    let run = catch(|| play(scenario))?;
    match &run.unfinished {
        Some(why) if run.violation().is_none() => Err(why.clone()),
        _ => Ok(run),
    }
}

pub(super) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // Nothing half-changed outlives the panic: a run owns everything it changes.
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        format!("a party panicked: {}", text.unwrap_or("without words"))
    })
}

#[cfg(test)]
mod tests;
