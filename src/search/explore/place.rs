//! How far an exploration has come: small enough to be written down every few seconds.
//!
//! It holds sums over the leaves that are done, and their number; everything else is found again
//! by running the few other sets again. It is bound to the exploration and, by digests, to the
//! build that wrote it. Reads and writes no file.

use super::sums::{Sums, broken};
use super::{Exploration, Violating};
use crate::fault::Fault;
use crate::run::Digest;
use crate::search::Play;
use crate::search::campaign::guarded;
use serde::{Deserialize, Serialize};

/// A place in an exploration, to go on from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Place {
    reversim: String,
    flow: String,
    flow_digest: String,
    /// Of the flow's run without placed faults: another build's parties speak differently.
    base_digest: String,
    alphabet: String,
    faults: u8,
    /// Whether runs were taken over from the flow without the weak peer.
    takes_over: bool,
    /// Blocks of leaves that are done.
    blocks: u64,
    stem_runs: u64,
    stem_digest: String,
    runs: u64,
    taken_over: u64,
    idle: u64,
    violating_runs: u64,
    digest: String,
    violations: Vec<Kind>,
    panics: Vec<(Vec<Fault>, String)>,
}

/// A kind of failure: its smallest placement says the rest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Kind {
    fingerprint: String,
    occurrences: u64,
    faults: Vec<Fault>,
}

/// The place to go on from is not one of this exploration.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WrongPlace {
    /// Something else was explored.
    #[error("it was written by another exploration: {what} {theirs} instead of {ours}")]
    Other {
        /// What differs.
        what: &'static str,
        /// As it is written down.
        theirs: String,
        /// As it is asked for.
        ours: String,
    },
    /// The same was explored, and runs differently now.
    #[error("it was written by another build of reversim: the same placements run differently now")]
    Build,
}

fn hex(digest: u64) -> String {
    Digest(digest).to_string()
}

impl Place {
    /// Before the first block.
    pub(super) fn begin(exploration: &Exploration, base_digest: u64, takes_over: bool) -> Place {
        Place {
            reversim: env!("CARGO_PKG_VERSION").to_owned(),
            flow: exploration.name.clone(),
            flow_digest: exploration.flow_digest().to_string(),
            base_digest: hex(base_digest),
            alphabet: exploration.alphabet.to_string(),
            faults: exploration.faults,
            takes_over,
            blocks: 0,
            stem_runs: 0,
            stem_digest: hex(0),
            runs: 0,
            taken_over: 0,
            idle: 0,
            violating_runs: 0,
            digest: hex(0),
            violations: Vec::new(),
            panics: Vec::new(),
        }
    }

    /// Runs so far, those that were taken over included.
    pub fn runs(&self) -> u64 {
        self.runs + self.taken_over + self.stem_runs
    }

    /// Leaves so far.
    #[cfg(test)]
    pub(super) fn leaves(&self) -> u64 {
        self.runs
    }

    pub(super) fn next_block(&mut self, stem_runs: u64, stem_digest: u64) {
        self.blocks += 1;
        (self.stem_runs, self.stem_digest) = (stem_runs, hex(stem_digest));
    }

    pub(super) fn is_before(&self, other: &Place) -> bool {
        self.blocks < other.blocks
    }

    /// Whether what led here was the same.
    pub(super) fn is_same_as(&self, other: &Place) -> bool {
        let here = |place: &Place| (place.blocks, place.stem_runs, place.stem_digest.clone());
        here(self) == here(other)
    }

    pub(super) fn of_another_build(&self) -> WrongPlace {
        WrongPlace::Build
    }

    pub(super) fn set_sums(&mut self, sums: &Sums) {
        self.taken_over = sums.taken_over;
        (self.runs, self.idle, self.violating_runs) = (sums.runs, sums.idle, sums.violating_runs);
        self.digest = hex(sums.digest);
        self.panics.clone_from(&sums.panics);
        self.violations.clear();
        self.violations.extend(sums.violations.values().map(|violating| Kind {
            fingerprint: violating.fingerprint.to_string(),
            occurrences: violating.occurrences,
            faults: violating.scenario.faults.clone(),
        }));
    }

    /// This place with its sums, if it is one of the exploration that begins at `begin`.
    pub(super) fn checked(
        &self,
        begin: &Place,
        exploration: &Exploration,
        play: &Play<'_>,
    ) -> Result<(Place, Sums), WrongPlace> {
        let faults = [self, begin].map(|place| place.faults.to_string());
        let takes_over = [self, begin].map(|place| match place.takes_over {
            true => "runs taken over".to_owned(),
            false => "every run".to_owned(),
        });
        for (what, theirs, ours) in [
            ("reversim", &self.reversim, &begin.reversim),
            ("flow", &self.flow, &begin.flow),
            ("alphabet", &self.alphabet, &begin.alphabet),
            ("faults", &faults[0], &faults[1]),
            ("made with", &takes_over[0], &takes_over[1]),
            ("flow-digest", &self.flow_digest, &begin.flow_digest),
        ] {
            if theirs != ours {
                let (theirs, ours) = (theirs.clone(), ours.clone());
                return Err(WrongPlace::Other { what, theirs, ours });
            }
        }
        let digest = u64::from_str_radix(&self.digest, 16);
        let (true, Ok(digest)) = (self.base_digest == begin.base_digest, digest) else {
            return Err(WrongPlace::Build);
        };
        let mut sums = Sums {
            runs: self.runs,
            taken_over: self.taken_over,
            idle: self.idle,
            violating_runs: self.violating_runs,
            panics: self.panics.clone(),
            digest,
            ..Sums::default()
        };
        for kind in &self.violations {
            let found = kind.found(exploration, play).ok_or(WrongPlace::Build)?;
            sums.violations.insert(found.fingerprint, found);
        }
        Ok((self.clone(), sums))
    }
}

impl Kind {
    /// The failure itself, by running its placement again.
    fn found(&self, exploration: &Exploration, play: &Play<'_>) -> Option<Violating> {
        let own = exploration.base.faults.len();
        let mut scenario = exploration.base.clone();
        scenario.faults.clone_from(&self.faults);
        let run = guarded(play, &scenario).ok()?;
        let set = self.faults.get(own..)?;
        let found = broken(&run, &scenario, set);
        let found = found.into_iter().find(|v| v.fingerprint.to_string() == self.fingerprint)?;
        Some(Violating { occurrences: self.occurrences, ..found })
    }
}
