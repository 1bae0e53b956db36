//! A campaign around a system that is slow to ask and does not always answer alike: somebody's own,
//! behind real sockets. Faults are placed where a run showed that they can hit. A kind of message
//! that was never seen before is lost first, reversals before all others; when all have been, what
//! comes next is drawn.
//!
//! Which run comes next depends on the seed and on what runs showed. It knows no socket: runs are
//! played by a function that is handed in, and may fail.

use super::Contradiction;
use super::explore::Alphabet;
use super::mix;
use super::point::following;
use super::simpler::candidates;
use crate::fault::{Fault, Until};
use crate::history::History;
use crate::party::Party;
use crate::run::Run;
use crate::scenario::Scenario;
use crate::verdict::Violation;
use reversim_models::iso8583::Mti;
use std::collections::{BTreeMap, BTreeSet};

/// Plays a scenario around the system.
pub type TryPlay<'a, E> = dyn FnMut(&Scenario) -> Result<Run, E> + 'a;

/// How often a case is played to see how often it repeats.
const REPEATS: u32 = 5;

/// What is tried around a system.
#[derive(Clone, Debug)]
pub struct Around {
    /// What people want, and what goes wrong in every run.
    pub base: Scenario,
    /// Which choices are made.
    pub seed: u64,
    /// Faults at once, at most.
    pub faults: usize,
    /// The system's place.
    pub system: Party,
    /// Whether its power can fail.
    pub has_power_switch: bool,
}

/// What a campaign came to.
#[derive(Clone, Debug)]
pub struct AroundReport<E> {
    /// Runs of the search.
    pub runs: u64,
    /// Faults that happened, in all of them.
    pub faults_fired: u64,
    /// Messages that were written, in all of them.
    pub messages: u64,
    /// Messages of the system that fitted nothing, each explained, without repetition.
    pub unmatched: BTreeSet<String>,
    /// What did not come to an end, and why: that may be the system's doing too.
    pub stopped: Option<(Scenario, E)>,
    /// What was played last and came to an end.
    pub scenario: Scenario,
    /// The run of it: the one that broke a claim, if one did, or in which the system ended.
    pub last: Run,
}

impl<E> AroundReport<E> {
    /// What one run came to.
    pub fn of(scenario: Scenario, run: Run) -> AroundReport<E> {
        AroundReport {
            runs: 1,
            faults_fired: u64::from(run.counts.faults_fired),
            messages: run.counts.messages,
            unmatched: run.unmatched.iter().cloned().collect(),
            stopped: None,
            scenario,
            last: run,
        }
    }

    fn add(self, scenario: Scenario, run: Run) -> AroundReport<E> {
        let mut sum = AroundReport::of(scenario, run);
        sum.runs += self.runs;
        sum.faults_fired += self.faults_fired;
        sum.messages += self.messages;
        sum.unmatched.extend(self.unmatched);
        sum
    }

    /// What broke a claim, as it was found.
    pub fn found(&self) -> Option<&Scenario> {
        self.last.violation().map(|_| &self.scenario)
    }
}

/// A case made smaller by playing it again and again.
#[derive(Clone, Debug)]
pub struct AroundCase {
    /// The smallest that still breaks the claim in the same way.
    pub scenario: Scenario,
    /// A run of it that did.
    pub run: Run,
    /// What that run broke.
    pub violation: Violation,
    /// How often it broke it, of how many times.
    pub repeats: (u32, u32),
    /// Runs that it took.
    pub runs: u64,
}

/// A run that can be gone on from.
struct Stem {
    scenario: Scenario,
    placements: Vec<Fault>,
}

/// Losses to be tried: by urgency, then by the run that showed the message, with its scenario.
type Losses = BTreeMap<(u8, u64, Fault), Scenario>;

impl Around {
    /// Plays until a claim is broken or `goes_on` says no; it is asked before each run.
    ///
    /// # Errors
    ///
    /// Not even the run without faults came about.
    pub fn run<E>(
        &self,
        play: &mut TryPlay<'_, E>,
        goes_on: &mut dyn FnMut(u64) -> bool,
    ) -> Result<AroundReport<E>, E> {
        let mut report = AroundReport::of(self.base.clone(), play(&self.base)?);
        let (mut kinds, mut stems) = (BTreeSet::new(), Vec::new());
        let mut losses = BTreeMap::new();
        let mut tried = BTreeSet::new();
        while report.found().is_none() && report.last.ended.is_none() {
            let AroundReport { scenario, last, runs, .. } = &report;
            if last.idle_faults.is_empty() {
                let placements = self.placements(scenario, &last.history);
                for (urgency, fault) in new_losses(&placements, &mut kinds) {
                    losses.insert((urgency, *runs, fault), scenario.clone());
                }
                stems.push(Stem { scenario: scenario.clone(), placements });
            }
            let next = self.lost(&mut losses, &mut tried);
            let next = next.or_else(|| self.next(&stems, *runs, &mut tried));
            let Some(next) = next.filter(|_| goes_on(*runs)) else { break };
            match play(&next) {
                Ok(run) => report = report.add(next, run),
                Err(error) => {
                    report.stopped = Some((next, error));
                    break;
                }
            }
        }
        Ok(report)
    }

    /// What can be placed in a run, if anything may.
    fn placements(&self, scenario: &Scenario, history: &History) -> Vec<Fault> {
        let own = self.base.faults.len();
        if scenario.faults.len() >= own + self.faults {
            return Vec::new();
        }
        let all = following(history, scenario, own, Alphabet::Core, true).faults;
        all.into_iter().filter(|fault| self.can_happen(fault)).collect()
    }

    /// What is inside somebody else's machine, nobody here can break.
    fn can_happen(&self, fault: &Fault) -> bool {
        match fault {
            Fault::PowerCut { party, .. } => *party != self.system || self.has_power_switch,
            Fault::ClockStep { party, .. } | Fault::Maintenance { party, .. } => {
                *party != self.system
            }
            Fault::Delay { until: Until::Deadline { of, .. }, .. } => *of != self.system,
            Fault::SlowCommit { at, .. } => at.party != self.system,
            Fault::KeyChange { .. } | Fault::CutOver { .. } => self.system != Party::switch(1),
            _ => true,
        }
    }

    /// The most urgent loss that was not tried.
    fn lost(&self, losses: &mut Losses, tried: &mut BTreeSet<Vec<Fault>>) -> Option<Scenario> {
        while let Some(((.., fault), mut scenario)) = losses.pop_first() {
            scenario.faults.push(fault);
            if tried.insert(sorted(&scenario.faults)) {
                return Some(scenario);
            }
        }
        None
    }

    /// A run with one fault more than an earlier one; none if nothing is left.
    fn next(
        &self,
        stems: &[Stem],
        number: u64,
        tried: &mut BTreeSet<Vec<Fault>>,
    ) -> Option<Scenario> {
        // A few draws that were tried already, and it is worth looking whether anything is left.
        for draw in 0..1_000 {
            let mut dice = Dice(mix(self.seed ^ mix(number << 16 | draw)));
            let open: Vec<&Stem> = stems.iter().filter(|s| !s.placements.is_empty()).collect();
            let stem = open.get(dice.below(open.len()))?;
            let fault = self.draw(&stem.placements, &mut dice);
            let mut scenario = stem.scenario.clone();
            scenario.faults.push(fault);
            if tried.insert(sorted(&scenario.faults)) {
                return Some(scenario);
            }
        }
        None
    }

    /// Kinds first: there are many ways to be late and only one to be lost.
    fn draw(&self, placements: &[Fault], dice: &mut Dice) -> Fault {
        // Where money is moved, mostly.
        let about_money: Vec<Fault> =
            placements.iter().filter(|f| is_about_money(f)).copied().collect();
        let is_drawn = dice.below(4) > 0 && !about_money.is_empty();
        let placements = if is_drawn { &about_money[..] } else { placements };
        let kinds: BTreeSet<u8> = placements.iter().map(kind).collect();
        let kinds: Vec<u8> = kinds.into_iter().collect();
        let wanted = if kinds.contains(&LOSS) && dice.below(3) == 0 {
            LOSS
        } else {
            kinds[dice.below(kinds.len())]
        };
        let of_kind: Vec<&Fault> = placements.iter().filter(|f| kind(f) == wanted).collect();
        *of_kind[dice.below(of_kind.len())]
    }

    /// The smallest of what still breaks the claim in the same way as what was found, and how often
    /// it does, while `goes_on`. A run that does not come to an end breaks nothing. None if nothing
    /// was found.
    pub fn shrink<E>(
        &self,
        report: &AroundReport<E>,
        play: &mut TryPlay<'_, E>,
        goes_on: &mut dyn FnMut(u64) -> bool,
    ) -> Option<AroundCase> {
        let (found, first) = (&report.scenario, &report.last);
        let violation = first.violation()?;
        let wanted = Contradiction::new(violation, &first.history);
        let mut breaks = |scenario: &Scenario| {
            let run = play(scenario).ok()?;
            let is_it = |v: &&Violation| Contradiction::new(v, &run.history) == wanted;
            let violation = run.violations().find(is_it)?.clone();
            Some((run, violation))
        };
        let (mut scenario, mut runs) = (found.clone(), 0);
        let mut smallest = (first.clone(), violation.clone());
        'again: loop {
            for candidate in candidates(&scenario) {
                if !is_smaller(&candidate.scenario, &scenario) {
                    continue;
                }
                if !goes_on(runs) {
                    break 'again;
                }
                runs += 1;
                if let Some(broken) = breaks(&candidate.scenario) {
                    (scenario, smallest) = (candidate.scenario, broken);
                    continue 'again;
                }
            }
            break;
        }
        let mut repeats = (0, 0);
        for _ in 0..REPEATS {
            repeats = (repeats.0 + u32::from(breaks(&scenario).is_some()), repeats.1 + 1);
            runs += 1;
        }
        let (run, violation) = smallest;
        Some(AroundCase { scenario, run, violation, repeats, runs })
    }
}

/// Only what takes steps or faults away is tried: a run of a real system is dear.
fn is_smaller(candidate: &Scenario, than: &Scenario) -> bool {
    candidate.faults.len() < than.faults.len() || candidate.steps.len() < than.steps.len()
}

/// Numbers that follow from one number.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 = mix(self.0);
        (self.0 % (count.max(1) as u64)) as usize
    }
}

/// Whether it happens to a message that moves money or takes it back.
fn is_about_money(fault: &Fault) -> bool {
    fault.message().is_some_and(|on| on.step != 0 && matches!(on.mti.class(), 1 | 2 | 4))
}

/// The kind of a loss.
const LOSS: u8 = 0;

/// Kinds of faults that are drawn alike.
fn kind(fault: &Fault) -> u8 {
    match fault {
        Fault::Drop(_) => LOSS,
        Fault::Delay { .. } => 1,
        Fault::Duplicate { .. } | Fault::Replay { .. } | Fault::Resubmit { .. } => 2,
        Fault::Reset { .. } | Fault::HalfOpen(_) => 3,
        Fault::PowerCut { .. } => 4,
        Fault::Partition { .. } | Fault::Stall { .. } => 5,
        Fault::Corrupt { .. } => 6,
        _ => 7,
    }
}

/// The losses of messages of kinds that were never seen before: a reversal is more urgent than what
/// it would reverse, and that than all else.
fn new_losses(placements: &[Fault], kinds: &mut BTreeSet<(Party, Party, Mti)>) -> Vec<(u8, Fault)> {
    let losses = placements.iter().filter_map(|fault| match fault {
        Fault::Drop(on) if kinds.insert((on.from, on.to, on.mti)) => {
            let urgency = match on.mti.class() {
                4 => 0,
                1 | 2 => 1,
                _ => 2,
            };
            Some((urgency, *fault))
        }
        _ => None,
    });
    losses.collect()
}

fn sorted(faults: &[Fault]) -> Vec<Fault> {
    let mut set = faults.to_vec();
    set.sort();
    set
}
