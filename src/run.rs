//! The only way to execute a scenario: run it in the simulated world and judge what happened.

use crate::coverage::{StateWatch, States};
use crate::drive::{
    Commands, DriveError, Meeting, ServiceResult, Sockets, live_around, live_over,
    live_with_service,
};

use crate::history::{History, Setting, What};
use crate::invariant::{Finding, Judge};
use crate::mark::{Mark, MarkWatch, Marks};
use crate::party::Party;
use crate::scenario::Scenario;
use crate::sim::simulate;
use crate::stage::{Cast, Consulted, Lived, OurOwn};
use crate::verdict::{Verdict, Violation};
use reversim_models::record::{IssuerRecord, Kind, Record, TerminalRecord};
use reversim_models::time::Duration;
use rustc_hash::FxHasher;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::num::ParseIntError;

/// What a run gave.
#[derive(Clone, Debug)]
pub struct Run {
    /// What happened.
    pub history: History,
    /// What every invariant says.
    pub findings: Vec<Finding>,
    /// Indices of the faults that did not fire.
    pub idle_faults: Vec<usize>,
    /// Stands for the whole history: same scenario, same build, same digest.
    pub digest: Digest,
    /// What was seen on the way.
    pub marks: Marks,
    /// What terminal, switch and issuer knew of sales.
    pub states: States,
    /// How much happened.
    pub counts: Counts,
    /// Messages of a foreign system that fitted nothing, each explained.
    pub unmatched: Vec<String>,
    /// How a foreign system ended, if it did without being told to.
    pub ended: Option<String>,
    /// Why it is not whole, if it is not: a party never came to rest. The horizons after that were
    /// not reached, and nobody asked there.
    pub unfinished: Option<String>,
    missing: Vec<String>,
    pub(crate) consulted: Consulted,
}

/// A short stand-in for a history. Not a cryptographic one.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(into = "String", try_from = "String")]
pub struct Digest(pub u64);

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = ParseIntError;

    fn try_from(text: String) -> Result<Digest, ParseIntError> {
        u64::from_str_radix(&text, 16).map(Digest)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Digest {
    /// The digest of a history.
    pub fn of(history: &History) -> Digest {
        let mut hasher = FxHasher::default();
        history.entries.hash(&mut hasher);
        Digest(hasher.finish())
    }

    /// The digest of this one followed by `next`.
    #[must_use]
    pub fn then(self, next: Digest) -> Digest {
        let mut hasher = FxHasher::default();
        (self.0, next.0).hash(&mut hasher);
        Digest(hasher.finish())
    }
}

/// How much happened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Counts {
    /// Frames written.
    pub messages: u64,
    /// Financial requests that terminals began, sales and inquiries of the healing phase included.
    pub transactions: u64,
    /// Faults that fired.
    pub faults_fired: u32,
    /// From power-on to the day's end.
    pub simulated: Duration,
}

/// What a run as a whole says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Outcome {
    /// Every claim that was exercised holds, and what was expected was exercised.
    Holds,
    /// A claim is broken.
    Violated,
    /// Something that was expected did not happen, or nothing at all was checked.
    Unknown,
}

/// Runs a scenario with our own parties.
///
/// ```
/// use reversim::party::Party;
/// use reversim::scenario::{Scenario, Step, Wish};
///
/// let counter = Party::terminal(1);
/// let scenario = Scenario {
///     steps: vec![
///         Step::new(1, counter, Wish::SignOn),
///         Step::new(2, counter, Wish::Sale { amount: 500_00, card: 1 }),
///     ],
///     ..Scenario::default()
/// };
/// let run = reversim::run(&scenario);
/// assert!(run.violation().is_none());
/// ```
pub fn run(scenario: &Scenario) -> Run {
    run_with(scenario, &OurOwn)
}

/// Runs a scenario in which your own parties take the places that `cast` gives them.
pub fn run_with(scenario: &Scenario, cast: &dyn Cast) -> Run {
    judged(scenario, simulate(scenario, cast))
}

/// Runs a scenario over sockets; `cast` gives your own parties their places.
///
/// # Errors
///
/// Sockets could not be opened or did not carry. What parties do is never an error.
pub fn run_over(sockets: Sockets, scenario: &Scenario, cast: &dyn Cast) -> Result<Run, DriveError> {
    Ok(judged(scenario, live_over(sockets, scenario, cast)?))
}

/// Runs a scenario around a system under test in one place; the other parties are ours, and judged
/// by their records and by what is on the lines.
///
/// # Errors
///
/// Sockets could not be opened, the system could not be started or reset, or the run was not over
/// in time. What the system says is never an error.
pub fn run_around(
    scenario: &Scenario,
    sut: Party,
    meeting: &Meeting,
    commands: &Commands,
) -> Result<Run, DriveError> {
    Ok(judged(scenario, live_around(scenario, &OurOwn, sut, meeting, commands)?))
}

/// Runs a scenario over turmoil with a tokio service of yours in one place: it listens at
/// `0.0.0.0:7000` and on for its peers, and finds them by name (see
/// [`turmoil_address`](crate::drive::turmoil_address)). Its clock is turmoil's, and so is
/// everybody's here. Where power fails, the service is dropped and `service` is called anew.
///
/// If the service uses `tokio::select!` without `biased`, the same scenario gives the same history
/// only under `--cfg tokio_unstable`, which makes tokio's choices follow from a seed.
///
/// # Errors
///
/// The place is not in the scenario, or turmoil could not carry. What the service says is never an
/// error.
pub fn run_service<F, R>(scenario: &Scenario, place: Party, service: F) -> Result<Run, DriveError>
where
    F: Fn() -> R + 'static,
    R: Future<Output = ServiceResult> + 'static,
{
    Ok(judged(scenario, live_with_service(scenario, place, service)?))
}

fn judged(scenario: &Scenario, lived: Lived) -> Run {
    let Lived { history, idle: idle_faults, consulted, unmatched, ended, unfinished } = lived;
    let mut judge = Judge::new(&history.setting);
    let mut watch = MarkWatch::new(&history.setting);
    let mut states = StateWatch::new(&history.setting);
    let mut counts = Counts::default();
    for (index, entry) in history.entries.iter().enumerate() {
        judge.observe(index, entry);
        watch.observe(index, entry);
        match &entry.what {
            What::Horizon(horizon) => judge.ask(*horizon),
            What::Sent { .. } => counts.messages += 1,
            What::FaultFired(_) => counts.faults_fired += 1,
            What::Recorded(record) => {
                states.observe(entry, record);
                counts.transactions += u64::from(begins(record));
            }
            _ => {}
        }
    }
    counts.simulated = Duration(history.entries.last().map_or(0, |entry| entry.at.0));
    let mut run = Run {
        digest: Digest::of(&history),
        findings: judge.findings(),
        marks: watch.marks(),
        states: states.states(),
        idle_faults,
        counts,
        consulted,
        unmatched,
        ended,
        unfinished,
        history,
        missing: Vec::new(),
    };
    run.missing = run.what_is_missing(scenario);
    run
}

/// What every invariant says of a history that was recorded elsewhere, on a line between strangers.
/// What only records of parties show stays unknown, and "eventually" is asked only where the
/// history says so.
pub fn judge(history: &History) -> Vec<Finding> {
    let mut judge = Judge::new(&history.setting);
    for (index, entry) in history.entries.iter().enumerate() {
        judge.observe(index, entry);
        if let What::Horizon(horizon) = entry.what {
            judge.ask(horizon);
        }
    }
    judge.findings()
}

/// Whether a history breaks no claim where judges know `setting` of the world.
pub(crate) fn is_clean(history: &History, setting: &Setting) -> bool {
    let mut judge = Judge::new(setting);
    for (index, entry) in history.entries.iter().enumerate() {
        judge.observe(index, entry);
        if let What::Horizon(horizon) = entry.what {
            judge.ask(horizon);
        }
    }
    !judge.has_violation()
}

/// Whether a record begins a transaction: a sale at its terminal, an inquiry at its issuer.
fn begins(record: &Record) -> bool {
    matches!(
        record,
        Record::Terminal(TerminalRecord::Started { .. })
            | Record::Issuer(IssuerRecord::Decided { kind: Kind::Inquiry, .. })
    )
}

impl Run {
    /// The claims that were broken, in the order of the catalogue of invariants.
    pub fn violations(&self) -> impl Iterator<Item = &Violation> {
        self.findings.iter().filter_map(|finding| match &finding.verdict {
            Verdict::Violated(violation) => Some(violation),
            _ => None,
        })
    }

    /// The first claim that was broken.
    pub fn violation(&self) -> Option<&Violation> {
        self.violations().next()
    }

    /// What was expected and did not happen, in words.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// What the run as a whole says.
    pub fn outcome(&self) -> Outcome {
        if self.violation().is_some() {
            return Outcome::Violated;
        }
        let is_checked = |f: &Finding| matches!(f.verdict, Verdict::Holds { .. });
        if self.missing.is_empty() && self.findings.iter().any(is_checked) {
            Outcome::Holds
        } else {
            Outcome::Unknown
        }
    }

    fn what_is_missing(&self, scenario: &Scenario) -> Vec<String> {
        let mut missing: Vec<String> = self.unfinished.iter().cloned().collect();
        for name in &scenario.expect.exercises {
            let finding = self.findings.iter().find(|f| f.name == name || f.code == name);
            match finding.map(|f| &f.verdict) {
                None => missing.push(format!("there is no invariant `{name}`")),
                Some(Verdict::Unknown { why }) => missing.push(format!("{name}: {why}")),
                Some(_) => {}
            }
        }
        for name in &scenario.expect.marks {
            if !Mark::parse(name).is_some_and(|mark| self.marks.has(mark)) {
                missing.push(format!("the mark `{name}` was not seen"));
            }
        }
        missing
    }
}
