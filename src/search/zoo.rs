//! The harness's own exam: each planted defect is searched for, within a published number of runs.
//!
//! The search knows no defect: it plays scenarios that carry one more word and looks for whatever
//! breaks. Every hunt stands alone: zoo seed `s` plays the scenario seeds from `s` times [`STRIDE`]
//! on, the same for every defect, so that hunts never share a scenario unless they share a seed.

use super::campaign::guarded;
use super::shrink::{EVALUATIONS_MAX, Shrunk, shrink};
use super::{Play, pool};
use crate::generate::{Profile, scenario};
use crate::scenario::Scenario;
use rayon::ThreadPoolBuildError;
use rayon::prelude::*;
use std::ops::Range;
use std::time::Duration;

/// Scenario seeds that belong to one zoo seed.
pub const STRIDE: u64 = 1 << 24;

/// Zoo seeds end here, so that every scenario seed fits into a file.
pub const SEEDS_END: u64 = (i64::MAX as u64) / STRIDE;

/// Runs that a hunt for most defects may take.
///
/// Decided from measured medians, as `docs/zoo.md` lists them. Hunts are independent draws, so a
/// defect that takes `m` runs at the median is missed in `m` runs half of the time, and in `20 m`
/// once in a million hunts. A budget is at least [`MARGIN`] medians, rounded up.
pub const BUDGET: u64 = 9_000;

/// How many medians a budget is at least.
pub const MARGIN: u64 = 20;

/// The dozen that took most runs, hardest first, each with its own budget.
pub const HARD: &[(&str, u64)] = &[
    ("I04", 35_000),
    ("I20", 60_000),
    ("I10", 20_000),
    ("I11", 20_000),
    ("W13", 25_000),
    ("I16", 35_000),
    ("T26", 15_000),
    ("I15", 15_000),
    ("I09", 25_000),
    ("Z03", 10_000),
    ("W17", 10_000),
    ("W43", 12_000),
];

/// The defect that must be found at once: if it is not, nothing else that the zoo says counts. It
/// is the plainest of all, a terminal that takes silence for a no: one lost answer shows it.
pub const CANARY: &str = "T01";

/// Runs in which the canary must be found. One scenario in ten shows it: five hundred in a row that
/// do not are as good as impossible.
pub const CANARY_BUDGET: u64 = 500;

/// The published budget of a defect, in runs.
pub fn budget(id: &str) -> u64 {
    HARD.iter().find(|(hard, _)| *hard == id).map_or(BUDGET, |(_, budget)| *budget)
}

/// Whether a defect is one of the hardest.
pub fn is_hard(id: &str) -> bool {
    HARD.iter().any(|(hard, _)| *hard == id)
}

/// An examination: which defects, from which seeds.
#[derive(Clone, Debug)]
pub struct Zoo {
    /// The defects by id. The hardest are examined and told first.
    pub ids: Vec<String>,
    /// Zoo seeds, half-open: one independent hunt for each, below [`SEEDS_END`].
    pub seeds: Range<u64>,
    /// No hunt takes more runs than this, whatever its budget. The canary has its own.
    pub runs_max: u64,
    /// Threads; 0 for one per core. Each hunt stays on one.
    pub jobs: usize,
}

/// What became of one defect: a hunt for each seed, in their order.
#[derive(Clone, Debug)]
pub struct Exam {
    /// The defect.
    pub id: String,
    /// Runs that each hunt had.
    pub budget: u64,
    /// The hunts.
    pub hunts: Vec<Hunt>,
}

/// One search for one defect.
#[derive(Clone, Debug)]
pub struct Hunt {
    /// The zoo seed.
    pub seed: u64,
    /// Runs until something broke, that one included; all of the budget if nothing did.
    pub runs: u64,
    /// Processor time of the search, without the shrinking.
    pub searching: Duration,
    /// What broke; none if nothing did.
    pub catch: Option<Catch>,
}

/// A violation that a planted defect led to.
#[derive(Clone, Debug)]
pub struct Catch {
    /// The seed of the scenario: what `replay --seed` takes.
    pub seed: u64,
    /// The first claim that broke, in the order of the catalogue.
    pub invariant: &'static str,
    /// The smallest scenario that breaks it.
    pub shrunk: Shrunk,
    /// Processor time of the shrinking.
    pub shrinking: Duration,
}

/// Why an examination says nothing about its defects: the harness itself is broken.
#[derive(Debug, thiserror::Error)]
pub enum ZooError {
    /// No threads.
    #[error("the threads of the zoo do not start: {0}")]
    Threads(#[from] ThreadPoolBuildError),
    /// The canary lives.
    #[error(
        "the harness itself is broken: the canary {CANARY} was not found in {runs} runs, from \
         seed {seed} on"
    )]
    Canary {
        /// How many runs there were.
        runs: u64,
        /// The first scenario seed.
        seed: u64,
    },
    /// What was found has nothing to do with the defect.
    #[error(
        "the harness itself is broken: scenario seed {seed}, or what it shrinks to, breaks \
         {invariant} without {id} as well"
    )]
    FalseAlarm {
        /// The defect that was hunted.
        id: String,
        /// The scenario seed.
        seed: u64,
        /// What broke.
        invariant: &'static str,
    },
    /// A party panicked, or never came to rest.
    #[error("{id} planted, scenario seed {seed}: {message}")]
    NoVerdict {
        /// The defect that was hunted.
        id: String,
        /// The scenario seed.
        seed: u64,
        /// What happened.
        message: String,
    },
}

impl Zoo {
    /// Examines. `clock` tells the processor time of the thread that asks; `progress` is called
    /// after every hunt, on its thread.
    ///
    /// # Errors
    ///
    /// If the canary is not found, a find has nothing to do with its defect, or a party panics:
    /// then the harness is broken, and no result would count.
    pub fn run(
        &self,
        play: &Play<'_>,
        clock: &(dyn Fn() -> Duration + Sync),
        progress: &(dyn Fn(&str, &Hunt) + Sync),
    ) -> Result<Vec<Exam>, ZooError> {
        let pool = pool::pool(self.jobs)?;
        let hunter = Hunter { play, clock };
        let first = self.seeds.start;
        let canary = pool.install(|| hunter.hunt(CANARY, first, CANARY_BUDGET))?;
        if canary.catch.is_none() {
            return Err(ZooError::Canary { runs: canary.runs, seed: first * STRIDE });
        }
        let mut ids: Vec<&String> = self.ids.iter().collect();
        let place = |id: &str| HARD.iter().position(|(hard, _)| *hard == id);
        ids.sort_by_key(|id| place(id).unwrap_or(usize::MAX));
        let budget = |id: &str| budget(id).min(self.runs_max);
        // The longest come first: a thread that is done early helps with what is left.
        let work: Vec<(&String, u64)> =
            ids.iter().flat_map(|id| self.seeds.clone().map(move |seed| (*id, seed))).collect();
        let hunts = pool.install(|| {
            let hunts = work.par_iter().with_max_len(1).map(|(id, seed)| {
                let hunt = hunter.hunt(id, *seed, budget(id))?;
                progress(id, &hunt);
                Ok(hunt)
            });
            hunts.collect::<Result<Vec<Hunt>, ZooError>>()
        })?;
        let mut hunts = hunts.into_iter();
        let count = usize::try_from(self.seeds.end - self.seeds.start).unwrap_or(usize::MAX);
        let exams = ids.into_iter().map(|id| Exam {
            id: id.clone(),
            budget: budget(id),
            hunts: hunts.by_ref().take(count).collect(),
        });
        Ok(exams.collect())
    }
}

struct Hunter<'a> {
    play: &'a Play<'a>,
    clock: &'a (dyn Fn() -> Duration + Sync),
}

impl Hunter<'_> {
    fn hunt(&self, id: &str, zoo_seed: u64, budget: u64) -> Result<Hunt, ZooError> {
        let begun = (self.clock)();
        let first = zoo_seed.min(SEEDS_END - 1) * STRIDE;
        for runs in 1..=budget.min(STRIDE) {
            let seed = first + runs - 1;
            let mut scenario = scenario(Profile::default(), seed);
            scenario.defects.push(id.to_owned());
            if let Some(invariant) = self.broken(id, seed, &scenario)? {
                let searching = (self.clock)().saturating_sub(begun);
                let catch = Some(self.shrink(id, seed, &scenario, invariant)?);
                return Ok(Hunt { seed: zoo_seed, runs, searching, catch });
            }
        }
        let searching = (self.clock)().saturating_sub(begun);
        Ok(Hunt { seed: zoo_seed, runs: budget.min(STRIDE), searching, catch: None })
    }

    /// The first claim that a scenario breaks.
    fn broken(
        &self,
        id: &str,
        seed: u64,
        scenario: &Scenario,
    ) -> Result<Option<&'static str>, ZooError> {
        let run = guarded(self.play, scenario).map_err(|message| {
            let id = id.to_owned();
            ZooError::NoVerdict { id, seed, message }
        })?;
        Ok(run.violation().map(|violation| violation.invariant))
    }

    fn shrink(
        &self,
        id: &str,
        seed: u64,
        scenario: &Scenario,
        invariant: &'static str,
    ) -> Result<Catch, ZooError> {
        let begun = (self.clock)();
        let shrunk = shrink(scenario, invariant, EVALUATIONS_MAX, self.play);
        let shrinking = (self.clock)().saturating_sub(begun);
        for case in [scenario, &shrunk.scenario] {
            let mut healthy = case.clone();
            healthy.defects.clear();
            if let Some(invariant) = self.broken(id, seed, &healthy)? {
                return Err(ZooError::FalseAlarm { id: id.to_owned(), seed, invariant });
            }
        }
        Ok(Catch { seed, invariant, shrunk, shrinking })
    }
}

/// The middle one of several measures, and the worst.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Spread<T> {
    /// The middle one; of an even number, the lower of the two in the middle.
    pub median: T,
    /// The largest.
    pub worst: T,
}

impl<T: Ord + Copy + Default> Spread<T> {
    /// Of these; zeros if there are none.
    pub fn of(measures: impl Iterator<Item = T>) -> Spread<T> {
        let mut measures: Vec<T> = measures.collect();
        measures.sort_unstable();
        let middle = measures.len().saturating_sub(1) / 2;
        Spread {
            median: measures.get(middle).copied().unwrap_or_default(),
            worst: measures.last().copied().unwrap_or_default(),
        }
    }
}

impl Exam {
    /// What was caught, by seed.
    pub fn catches(&self) -> impl Iterator<Item = &Catch> {
        self.hunts.iter().filter_map(|hunt| hunt.catch.as_ref())
    }

    /// Whether every hunt found something within its budget.
    pub fn is_passed(&self) -> bool {
        self.hunts.iter().all(|hunt| hunt.catch.is_some())
    }

    /// Runs until something broke.
    pub fn runs(&self) -> Spread<u64> {
        Spread::of(self.hunts.iter().map(|hunt| hunt.runs))
    }

    /// Processor time until something broke.
    pub fn searching(&self) -> Spread<Duration> {
        Spread::of(self.hunts.iter().map(|hunt| hunt.searching))
    }

    /// Processor time of shrinking it.
    pub fn shrinking(&self) -> Spread<Duration> {
        Spread::of(self.catches().map(|catch| catch.shrinking))
    }

    /// Faults of the shrunk cases.
    pub fn faults(&self) -> Spread<usize> {
        Spread::of(self.catches().map(|catch| catch.shrunk.scenario.faults.len()))
    }

    /// Steps of the shrunk cases; the healing phase is not counted.
    pub fn steps(&self) -> Spread<usize> {
        Spread::of(self.catches().map(|catch| catch.shrunk.scenario.steps.len()))
    }

    /// The claims that broke, with how many hunts saw each, the most frequent first.
    pub fn invariants(&self) -> Vec<(&'static str, usize)> {
        let mut counts: Vec<(&'static str, usize)> = Vec::new();
        for catch in self.catches() {
            match counts.iter_mut().find(|(name, _)| *name == catch.invariant) {
                Some((_, count)) => *count += 1,
                None => counts.push((catch.invariant, 1)),
            }
        }
        counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        counts
    }
}

/// How many shrunk cases are small: at most three faults and four steps; and how many there are.
pub fn small_cases(exams: &[Exam]) -> (usize, usize) {
    let sizes = exams.iter().flat_map(Exam::catches).map(|catch| {
        let scenario = &catch.shrunk.scenario;
        scenario.faults.len() <= 3 && scenario.steps.len() <= 4
    });
    sizes.fold((0, 0), |(small, all), is_small| (small + usize::from(is_small), all + 1))
}

#[cfg(test)]
mod tests {
    use super::super::fake;
    use super::*;

    fn zoo(ids: &[&str], seeds: Range<u64>, runs_max: u64) -> Zoo {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        Zoo { ids, seeds, runs_max, jobs: 2 }
    }

    fn examine(zoo: &Zoo, breaks: fn(&Scenario) -> bool) -> Result<Vec<Exam>, ZooError> {
        let play = fake::breaking("a-claim", breaks);
        zoo.run(&play, &|| Duration::ZERO, &|_, _| {})
    }

    fn has(scenario: &Scenario, id: &str) -> bool {
        scenario.defects.iter().any(|defect| defect == id)
    }

    #[test]
    fn hunts_are_told_by_defect_and_seed_and_never_share_a_scenario() {
        let exams = examine(&zoo(&["X1", CANARY], 3..6, 40), |s| has(s, CANARY)).expect("canary");
        let ids: Vec<&str> = exams.iter().map(|exam| exam.id.as_str()).collect();
        assert_eq!(ids, ["X1", CANARY]);
        assert!(!exams[0].is_passed() && exams[1].is_passed());
        assert_eq!((exams[0].runs().median, exams[0].runs().worst), (40, 40));
        let seeds: Vec<u64> = exams[1].catches().map(|catch| catch.seed).collect();
        assert_eq!(seeds, [3 * STRIDE, 4 * STRIDE, 5 * STRIDE]);
        assert_eq!(exams[1].invariants(), [("a-claim", 3)]);
        assert_eq!(small_cases(&exams), (3, 3));
    }

    #[test]
    fn a_canary_that_lives_says_that_the_harness_is_broken() {
        let error = examine(&zoo(&["X1"], 0..1, 10), |s| has(s, "X1")).expect_err("no canary");
        assert!(error.to_string().contains("the harness itself is broken"), "{error}");
    }

    #[test]
    fn what_breaks_without_the_defect_is_no_find() {
        let error = examine(&zoo(&["X1"], 0..1, 10), |_| true).expect_err("a false alarm");
        assert!(matches!(error, ZooError::FalseAlarm { .. }), "{error}");
    }

    #[test]
    fn the_median_of_an_even_number_is_the_lower_one() {
        assert_eq!(Spread::of([4, 1, 3, 2].into_iter()), Spread { median: 2, worst: 4 });
        assert_eq!(Spread::of([5, 9, 1].into_iter()), Spread { median: 5, worst: 9 });
        assert_eq!(Spread::<u64>::of([].into_iter()), Spread::default());
    }
}
