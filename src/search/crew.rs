//! The threads of a campaign: they take pieces of blocks in order, and whoever finishes a block
//! sums it up and makes its failures small. Nobody waits for anybody.

use super::block::{Block, bounds};
use super::campaign::{Campaign, InternalError, catch, guarded};
use super::fingerprint::{Fingerprint, contains, schedule};
use super::found::{KeptCase, ViolationFound, union};
use super::names::Name;
use super::shrink::{EVALUATIONS_MAX, shrink};
use super::{Play, Statistics, Tally, mix, pool};
use crate::invariant::Finding;
use crate::run::Digest;
use crate::verdict::Verdict;
use rayon::ThreadPoolBuildError;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Seeds that a thread takes at a time: a few milliseconds of work.
const PIECE: u64 = 32;
/// One run in so many is run again, and the digests compared.
const RUN_TWICE_ONE_IN: u64 = 64;
/// Distinct failures of one invariant that one block makes small; the others are only counted.
const SHRUNK_PER_INVARIANT: usize = 12;

/// What the threads share.
pub(super) struct Crew<'a> {
    campaign: &'a Campaign,
    play: &'a Play<'a>,
    begun: Instant,
    cursor: Mutex<Cursor>,
    open: Mutex<BTreeMap<u64, Open>>,
    /// The last block that anybody needs.
    last: AtomicU64,
}

/// Where the next piece comes from.
struct Cursor {
    number: u64,
    block: Range<u64>,
    rest: Range<u64>,
    /// Blocks that need not be searched.
    done: BTreeSet<u64>,
    is_first: bool,
}

/// A block that is under way.
#[derive(Default)]
struct Open {
    seeds_left: u64,
    seen: Seen,
}

/// A piece of a block.
struct Piece {
    number: u64,
    block: Range<u64>,
    seeds: Range<u64>,
}

impl<'a> Crew<'a> {
    pub(super) fn new(
        campaign: &'a Campaign,
        play: &'a Play<'a>,
        done: BTreeSet<u64>,
        begun: Instant,
    ) -> Crew<'a> {
        let number = campaign.first_block();
        let cursor = Cursor { number, block: 0..0, rest: 0..0, done, is_first: true };
        Crew {
            campaign,
            play,
            begun,
            cursor: Mutex::new(cursor),
            open: Mutex::default(),
            last: AtomicU64::new(u64::MAX),
        }
    }

    /// No block after this one is needed any more.
    pub(super) fn stop_after(&self, number: u64) {
        self.last.fetch_min(number, Ordering::Relaxed);
    }

    fn next_piece(&self) -> Option<Piece> {
        let mut cursor = lock(&self.cursor);
        if cursor.rest.is_empty() {
            self.next_block(&mut cursor)?;
        }
        if cursor.number > self.last.load(Ordering::Relaxed) {
            return None;
        }
        let start = cursor.rest.start;
        let end = start.saturating_add(PIECE).min(cursor.rest.end);
        cursor.rest.start = end;
        Some(Piece { number: cursor.number, block: cursor.block.clone(), seeds: start..end })
    }

    fn next_block(&self, cursor: &mut Cursor) -> Option<()> {
        let limit = self.campaign.time_limit;
        if limit.is_some_and(|limit| self.begun.elapsed() >= limit) {
            return None;
        }
        let mut number = cursor.number;
        if !std::mem::take(&mut cursor.is_first) {
            number = number.checked_add(self.campaign.shards())?;
        }
        while cursor.done.contains(&number) {
            number = number.checked_add(self.campaign.shards())?;
        }
        cursor.number = number;
        let block = bounds(&self.campaign.seeds, number)?;
        if number > self.last.load(Ordering::Relaxed) {
            return None;
        }
        let seeds_left = block.end - block.start;
        lock(&self.open).insert(number, Open { seeds_left, ..Open::default() });
        (cursor.rest, cursor.block) = (block.clone(), block);
        Some(())
    }

    /// What a piece came to; the whole block, if it was the last piece of it.
    fn hand_in(&self, piece: &Piece, seen: Seen) -> Option<Seen> {
        let mut open = lock(&self.open);
        let block = open.get_mut(&piece.number)?;
        block.seen.add(seen);
        block.seeds_left -= piece.seeds.end - piece.seeds.start;
        let is_whole = block.seeds_left == 0;
        if is_whole { open.remove(&piece.number).map(|block| block.seen) } else { None }
    }

    fn work(&self, blocks: &mpsc::Sender<Block>) {
        while let Some(piece) = self.next_piece() {
            let mut seen = Seen::default();
            for seed in piece.seeds.clone() {
                seen.run(self.campaign, seed, self.play);
            }
            let is_news = !seen.broken.is_empty() && self.campaign.known.is_empty();
            if is_news && !self.campaign.keep_going {
                self.stop_after(piece.number);
            }
            let Some(seen) = self.hand_in(&piece, seen) else { continue };
            let block = seen.sum_up(self.campaign, piece.number, piece.block, self.play);
            if self.campaign.is_news(&block) && !self.campaign.keep_going {
                self.stop_after(piece.number);
            }
            if blocks.send(block).is_err() {
                return;
            }
        }
    }
}

/// Runs the crew on threads of its own; blocks come back on this one, in any order.
pub(super) fn with_crew(
    crew: &Crew<'_>,
    jobs: usize,
    each: &mut dyn FnMut(Block),
) -> Result<(), ThreadPoolBuildError> {
    let pool = pool::pool(jobs)?;
    pool.in_place_scope(|scope| {
        let (sender, blocks) = mpsc::channel();
        for _ in 0..pool.current_num_threads() {
            let sender = sender.clone();
            scope.spawn(move |_| crew.work(&sender));
        }
        drop(sender);
        blocks.into_iter().for_each(each);
    });
    Ok(())
}

/// A panic while a lock was held would have left sums that nobody uses: the process ends.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A run that broke something.
#[derive(Debug)]
struct Broken {
    seed: u64,
    invariants: Vec<(&'static str, &'static str)>,
}

/// What was seen of a block so far.
#[derive(Debug, Default)]
struct Seen {
    statistics: Statistics,
    /// What the claims said, in the order of the first run, which is that of all: no name is looked
    /// up for each.
    tallies: Vec<(Name, Tally)>,
    broken: Vec<Broken>,
    errors: Vec<InternalError>,
}

impl Seen {
    fn run(&mut self, campaign: &Campaign, seed: u64, play: &Play<'_>) {
        let scenario = campaign.scenario(seed);
        let run = match guarded(play, &scenario) {
            Ok(run) => run,
            Err(message) => {
                self.errors.push(InternalError::NoVerdict { seed, message });
                return;
            }
        };
        self.statistics.add(seed, &run);
        for (place, finding) in run.findings.iter().enumerate() {
            self.tally(place, finding).take(&finding.verdict);
        }
        let violated =
            run.findings.iter().filter(|finding| matches!(finding.verdict, Verdict::Violated(_)));
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
    }

    /// The tally of the claim that a finding at this place is about.
    fn tally(&mut self, place: usize, finding: &Finding) -> &mut Tally {
        let is_its = |(name, _): &(Name, Tally)| *name == finding.name;
        let place = match self.tallies.get(place).is_some_and(is_its) {
            true => place,
            false => self.tallies.iter().position(is_its).unwrap_or(self.tallies.len()),
        };
        if place == self.tallies.len() {
            self.tallies.push((finding.name, Tally { code: finding.code, ..Tally::default() }));
        }
        &mut self.tallies[place].1
    }

    fn add(&mut self, other: Seen) {
        self.statistics.merge(&other.statistics);
        self.statistics.add_tallies(&other.tallies);
        self.broken.extend(other.broken);
        self.errors.extend(other.errors);
    }

    /// Makes small what broke, by seed; what depends on other blocks is none of its business.
    fn sum_up(
        mut self,
        campaign: &Campaign,
        number: u64,
        seeds: Range<u64>,
        play: &Play<'_>,
    ) -> Block {
        let mut violations = Vec::new();
        self.statistics.add_tallies(&self.tallies);
        self.broken.sort_by_key(|broken| broken.seed);
        let broken = std::mem::take(&mut self.broken);
        let all =
            broken.iter().flat_map(|b| b.invariants.iter().map(move |about| (b.seed, *about)));
        for (seed, about) in all {
            if let Err(error) = note(&mut violations, campaign, seed, about, play) {
                self.errors.push(error);
            }
            // A search that stops is asked for one failure, and the first is the one to show.
            let is_new = |found: &ViolationFound| !campaign.known.contains(&found.fingerprint);
            if !campaign.keep_going && violations.iter().any(is_new) {
                break;
            }
        }
        self.errors.sort_by_key(InternalError::seed);
        let internal_errors = self.errors;
        Block { number, seeds, statistics: self.statistics, violations, internal_errors }
    }
}

/// A violation: of a kind that this block knows, or a new one to make small.
fn note(
    violations: &mut Vec<ViolationFound>,
    campaign: &Campaign,
    seed: u64,
    (invariant, code): (&'static str, &'static str),
    play: &Play<'_>,
) -> Result<(), InternalError> {
    let scenario = campaign.scenario(seed);
    let whole = schedule(&scenario.faults);
    let mut of_invariant = 0;
    for known in violations.iter_mut().filter(|known| known.invariant == invariant) {
        // A kind that is no news anyway may not stand for one that would be.
        if campaign.known.contains(&known.fingerprint) {
            continue;
        }
        if contains(&whole, &schedule(&known.shortest.shrunk.scenario.faults)) {
            known.occurrences += 1;
            return Ok(());
        }
        of_invariant += 1;
    }
    if of_invariant >= SHRUNK_PER_INVARIANT {
        return Ok(());
    }
    let no_verdict = |message| InternalError::NoVerdict { seed, message };
    let shrunk =
        catch(|| shrink(&scenario, invariant, EVALUATIONS_MAX, play)).map_err(no_verdict)?;
    let run = guarded(play, &shrunk.scenario).map_err(no_verdict)?;
    let violation = run.violations().find(|v| v.invariant == invariant).ok_or_else(|| {
        no_verdict(format!("{invariant} was broken, and is not when the same is run again"))
    })?;
    let found = ViolationFound {
        invariant,
        code,
        fingerprint: Fingerprint::new(violation, &run.history, &shrunk.scenario.faults),
        seed,
        occurrences: 1,
        shortest: KeptCase { seed, sentence: violation.sentence.clone(), shrunk },
        others: Vec::new(),
    };
    union(violations, vec![found]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::fake;
    use super::*;

    /// Two planted defects once broke one claim: what was known of the first stood for the second.
    #[test]
    fn a_known_kind_does_not_stand_for_a_new_one() {
        let play = fake::breaking("a-claim", |scenario| !scenario.faults.is_empty());
        let all = Campaign { seeds: 0..400, keep_going: true, ..Campaign::default() };
        let is_faulty = |seed: &u64| !all.scenario(*seed).faults.is_empty();
        let mut seeds = (0..400).filter(is_faulty);
        let (first, second) = (seeds.next().expect("some have faults"), seeds.next());
        let second = second.expect("some have faults");
        let about = ("a-claim", "A1");
        let mut violations = Vec::new();
        note(&mut violations, &all, first, about, &play).expect("it breaks");
        // Whatever breaks the claim contains a schedule of nothing.
        violations[0].shortest.shrunk.scenario.faults.clear();
        violations[0].fingerprint = Fingerprint::default();
        let mut of_known = violations.clone();
        note(&mut violations, &all, second, about, &play).expect("it breaks");
        assert_eq!((violations.len(), violations[0].occurrences), (1, 2), "one stands for both");
        let known = Campaign { known: BTreeSet::from([Fingerprint::default()]), ..all };
        note(&mut of_known, &known, second, about, &play).expect("it breaks");
        let runs: Vec<u64> = of_known.iter().map(|found| found.occurrences).collect();
        assert_eq!(runs, [1, 1], "the known kind stands for no other one");
    }
}
