//! The order in which an exploration is done: always the same, in blocks that one can stop between.
//!
//! Sets that more faults may follow are looked at a few at a time; what follows from them is put
//! together, known sets are left out, and the rest is gone through before the next few. The runs
//! that nothing follows, nearly all, are the leaves: a block of them is the unit of a [`Place`].
//! Going on from a place repeats the few other runs and leaves out the leaves that are done.

use super::beside::Beside;
use super::place::Place;
use super::sums::{Sums, size};
use super::{Certificate, Exploration, ExploreError, Violating};
use crate::fault::Fault;
use crate::history::What;
use crate::run::Digest;
use crate::search::argument::{Argument, Pruned};
use crate::search::point::{Placements, following};
use crate::search::{Play, mix, pool};
use rayon::ThreadPool;
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::hash::{Hash, Hasher};

/// Sets looked at together. Some thousand leaves follow from so many.
const BLOCK: usize = 32;

/// Explores. `prunes` is false only where a test looks at what pruning leaves out.
pub(super) fn walk(
    exploration: &Exploration,
    play: &Play<'_>,
    from: Option<&Place>,
    watch: &mut dyn FnMut(&Place),
    prunes: bool,
    beside: Option<Beside<'_>>,
) -> Result<Certificate, ExploreError> {
    let pool = pool::pool(exploration.jobs)?;
    let first = stem(exploration, &[], play, prunes, beside);
    let place = Place::begin(exploration, first.sums.digest, beside.is_some());
    let from = match from {
        Some(from) => Some(from.checked(&place, exploration, play)?),
        None => None,
    };
    let mut walk = Walk {
        exploration,
        play,
        pool,
        prunes,
        beside,
        watch,
        place,
        from,
        seen: FxHashSet::default(),
        stems: first.sums,
        leaves: Sums::default(),
        placements: 0,
        pruned: Pruned::default(),
        messages: first.messages,
    };
    if exploration.faults > 0 {
        let mut sets = Vec::new();
        walk.extend(&[], first.next, &mut sets);
        walk.sets(1, sets)?;
    }
    walk.certificate()
}

struct Walk<'a> {
    exploration: &'a Exploration,
    play: &'a Play<'a>,
    pool: ThreadPool,
    prunes: bool,
    beside: Option<Beside<'a>>,
    watch: &'a mut dyn FnMut(&Place),
    place: Place,
    /// Where to go on, and what came of the leaves before it.
    from: Option<(Place, Sums)>,
    /// The sets that were run, 128 bits of each.
    seen: FxHashSet<u128>,
    stems: Sums,
    leaves: Sums,
    placements: u64,
    pruned: Pruned,
    messages: u64,
}

/// A set that was run, and what may follow.
struct Stem {
    sums: Sums,
    messages: u64,
    next: Placements,
}

impl Walk<'_> {
    /// Runs sets of `count` faults and everything that follows from them.
    fn sets(&mut self, count: u8, sets: Vec<Vec<Fault>>) -> Result<(), ExploreError> {
        if count >= self.exploration.faults {
            return self.leaves(&sets);
        }
        for block in sets.chunks(BLOCK) {
            let (exploration, play) = (self.exploration, self.play);
            let (prunes, beside) = (self.prunes, self.beside);
            let look = |set: &Vec<Fault>| stem(exploration, set, play, prunes, beside);
            let stems: Vec<Stem> = self.pool.install(|| block.par_iter().map(look).collect());
            let mut following = Vec::new();
            for (set, stem) in block.iter().zip(stems) {
                self.stems = std::mem::take(&mut self.stems).and(stem.sums);
                self.extend(set, stem.next, &mut following);
            }
            self.sets(count + 1, following)?;
        }
        Ok(())
    }

    /// The new sets with one more fault.
    fn extend(&mut self, set: &[Fault], found: Placements, sets: &mut Vec<Vec<Fault>>) {
        self.placements += found.faults.len() as u64 + found.pruned.total();
        self.pruned += found.pruned;
        for fault in found.faults {
            // A fault that is in the set already makes the set itself again.
            let next = set.binary_search(&fault).err().map(|place| {
                let mut next = Vec::with_capacity(set.len() + 1);
                next.extend_from_slice(&set[..place]);
                next.push(fault);
                next.extend_from_slice(&set[place..]);
                next
            });
            match next.filter(|next| self.seen.insert(name(next))) {
                Some(next) => sets.push(next),
                None => self.pruned.count(Argument::SameSet),
            }
        }
    }

    /// Runs sets that nothing follows, unless that was done before.
    fn leaves(&mut self, sets: &[Vec<Fault>]) -> Result<(), ExploreError> {
        self.place.next_block(self.stems.runs, self.stems.digest);
        if let Some((from, sums)) = &self.from {
            if self.place.is_before(from) {
                return Ok(());
            }
            if !self.place.is_same_as(from) {
                return Err(from.of_another_build().into());
            }
            self.leaves = sums.clone();
            self.from = None;
            return Ok(());
        }
        let (base, play, beside) = (&self.exploration.base, self.play, self.beside);
        let sums = self.pool.install(|| {
            let runs = sets.par_iter().map(|set| Sums::of_leaf(base, set, play, beside));
            runs.reduce(Sums::default, Sums::and)
        });
        self.leaves = std::mem::take(&mut self.leaves).and(sums);
        self.place.set_sums(&self.leaves);
        (self.watch)(&self.place);
        Ok(())
    }

    fn certificate(self) -> Result<Certificate, ExploreError> {
        if let Some((from, _)) = self.from {
            // It is further on than there are blocks.
            return Err(from.of_another_build().into());
        }
        let sums = self.stems.and(self.leaves);
        if let Some(set) = sums.disagrees {
            return Err(ExploreError::NotTheSame(set));
        }
        let mut pruned = self.pruned;
        pruned.add(Argument::PolicyNotAsked, sums.taken_over);
        let mut violations: Vec<Violating> = sums.violations.into_values().collect();
        violations.sort_by(|a, b| size(&a.scenario).cmp(&size(&b.scenario)));
        Ok(Certificate {
            flow: self.exploration.name.clone(),
            flow_digest: self.exploration.flow_digest(),
            messages: self.messages,
            alphabet: self.exploration.alphabet,
            faults: self.exploration.faults,
            placements: self.placements,
            pruned,
            runs: sums.runs,
            idle: sums.idle,
            violating_runs: sums.violating_runs,
            violations,
            panics: sums.panics,
            digest: Digest(sums.digest),
            ..Certificate::default()
        })
    }
}

/// Runs a set, and looks what may follow.
fn stem(
    exploration: &Exploration,
    set: &[Fault],
    play: &Play<'_>,
    prunes: bool,
    beside: Option<Beside<'_>>,
) -> Stem {
    let Exploration { base, alphabet, .. } = exploration;
    let (mut sums, run) = Sums::of(base, set, play);
    sums.compare(set, beside);
    let mut stem = Stem { sums, messages: 0, next: Placements::default() };
    let Some((run, scenario)) = run else { return stem };
    stem.messages =
        run.history.entries.iter().filter(|entry| is_message(&entry.what)).count() as u64;
    if stem.sums.goes_on() {
        let own = base.faults.len();
        stem.next = following(&run.history, &scenario, own, *alphabet, prunes);
    }
    stem
}

fn is_message(what: &What) -> bool {
    matches!(what, What::Sent { .. })
}

/// 128 bits that stand for a set.
pub(super) fn name(set: &[Fault]) -> u128 {
    let mut hasher = Wide::default();
    set.hash(&mut hasher);
    u128::from(hasher.0) << 64 | u128::from(hasher.1)
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
