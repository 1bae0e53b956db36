//! Every placement of up to k faults on one flow, and a certificate of it.
//!
//! From the base run on, each run shows what could go wrong next; that is placed, run, and so on.
//! A placement is a *set* of faults: it is run once, however many orders lead to it, and its
//! children depend on the set alone. So all sums, and the digest, are the same for any number of
//! threads, and anyone can recompute them. The order of the work is in `walk`.

mod beside;
mod place;
mod sums;
mod walk;

pub use beside::Shared;
pub use place::{Place, WrongPlace};

use super::Play;
use super::argument::Pruned;
use super::fingerprint::Fingerprint;
use crate::fault::Fault;
use crate::file::render;
use crate::run::Digest;
use crate::scenario::Scenario;
use rayon::ThreadPoolBuildError;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

pub use super::base::{FLOWS, flow};

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
    /// Stands for the flow's scenario, as its file says it.
    pub flow_digest: Digest,
    /// Messages of the flow without faults, healing included.
    pub messages: u64,
    /// Which faults were placed.
    pub alphabet: Alphabet,
    /// How many at most.
    pub faults: u8,
    /// Placements enumerated. Each was run or pruned.
    pub placements: u64,
    /// Placements not run, by the argument that says why they need not be.
    pub pruned: Pruned,
    /// Runs, the one without faults included: `placements` - all `pruned` + 1.
    pub runs: u64,
    /// Runs in which a placed fault found nothing to hit. They are not extended: what follows,
    /// follows from the smaller set.
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

/// Why an exploration does not come to a certificate.
#[derive(Debug, thiserror::Error)]
pub enum ExploreError {
    /// No threads.
    #[error("the threads of the exploration do not start: {0}")]
    Threads(#[from] ThreadPoolBuildError),
    /// The place to go on from is not one of this exploration.
    #[error(transparent)]
    Place(#[from] WrongPlace),
    /// The argument about weak peers is wrong: a party asks without saying so.
    #[error("a run beside a weak peer is not the one without it, as was argued: {0:?}")]
    NotTheSame(Vec<Fault>),
}

impl Exploration {
    /// Runs every placement. `progress` is told the number of runs, on this thread.
    ///
    /// # Errors
    ///
    /// If the threads cannot be started.
    pub fn run(
        &self,
        play: &Play<'_>,
        progress: &dyn Fn(u64),
    ) -> Result<Certificate, ExploreError> {
        self.go_on(play, None, None, &mut |place| progress(place.runs()))
    }

    /// Runs every placement that was not run before `from`. `watch` is shown every place at which
    /// the work could be interrupted; going on from any of them gives the same certificate. What
    /// `shared` knows of this flow without its weak peer is not run again.
    ///
    /// # Errors
    ///
    /// If the threads cannot be started, `from` is a place in another exploration, or `shared` is
    /// found to be wrong.
    pub fn go_on(
        &self,
        play: &Play<'_>,
        from: Option<&Place>,
        shared: Option<&Shared>,
        watch: &mut dyn FnMut(&Place),
    ) -> Result<Certificate, ExploreError> {
        let begun = Instant::now();
        let beside = shared.and_then(|shared| shared.beside(&self.base));
        let certificate = walk::walk(self, play, from, watch, true, beside)?;
        Ok(Certificate { elapsed: begun.elapsed(), ..certificate })
    }

    /// Stands for the flow's scenario: of its file's text, byte by byte.
    pub fn flow_digest(&self) -> Digest {
        // What no file can hold is told apart by what it is, if not by how it is written.
        let text = render(&self.base).unwrap_or_else(|_| format!("{:?}", self.base));
        // FNV-1a: the same on every machine.
        Digest(text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        }))
    }
}

#[cfg(test)]
mod tests;
