//! `reversim explore`: every placement of a few faults on a flow, and the certificate of it.

mod check;
mod document;
mod resume;

use super::arguments::{Explore, Letters};
use super::cases::Case;
use super::output::{Output, hint};
use super::{players, progress};
use crate::exit::{Exit, Failure};
use document::Document;
use indicatif::ProgressBar;
use resume::Progress;
use reversim::closest::closest;
use reversim::file::set;
use reversim::generate::WEAK_PEERS;
use reversim::scenario::Scenario;
use reversim::search::explore::{ExploreError, FLOWS, Shared, flow};
use reversim::search::{Alphabet, Exploration};
use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;

/// The word for every flow.
const ALL: &str = "all";

pub(crate) fn explore(arguments: &Explore, output: &Output) -> Result<Exit, Failure> {
    if let Some(path) = &arguments.check {
        return check::check(path, jobs(arguments), output);
    }
    let tasks = tasks(arguments)?;
    let mut progress = match &arguments.resume {
        Some(path) => Progress::of_file(path)?,
        None => Progress::default(),
    };
    progress.belongs_to(tasks.iter().map(|task| &task.exploration))?;
    let bar = progress::spinner("runs");
    let mut documents = Vec::with_capacity(tasks.len());
    let mut known = Known::default();
    for (number, task) in tasks.iter().enumerate() {
        let document = match progress.done(number) {
            Some(done) => done.clone(),
            None => {
                let shared = known.beside(task, &tasks, &bar)?;
                certify(&task.exploration, shared, &mut progress, &bar)?
            }
        };
        if !output.is_json() {
            bar.suspend(|| output.text(&document.text(number > 0)))?;
        }
        documents.push(document);
    }
    bar.finish_and_clear();
    if output.is_json() {
        match &documents[..] {
            [one] => output.json(one)?,
            several => output.json(&several)?,
        }
    }
    if let Some(panic) = documents.iter().find_map(Document::panic) {
        return Err(Failure::internal(panic));
    }
    progress.failed()?;
    Ok(if documents.iter().all(Document::is_clean) { Exit::Holds } else { Exit::Violated })
}

/// One exploration, from where it was left, to its certificate.
fn certify(
    exploration: &Exploration,
    shared: Option<&Shared>,
    progress: &mut Progress,
    bar: &ProgressBar,
) -> Result<Document, Failure> {
    bar.set_message(exploration.name.clone());
    let from = progress.place();
    let certificate = exploration.go_on(&players::play, from.as_ref(), shared, &mut |place| {
        bar.set_position(place.runs());
        if players::are_well() {
            progress.reach(place);
        }
    });
    players::finish()?;
    let certificate = certificate.map_err(|error| failure(error, progress))?;
    let document = Document::new(exploration, &certificate)?;
    progress.finish(document.clone());
    Ok(document)
}

fn failure(error: ExploreError, progress: &Progress) -> Failure {
    match error {
        ExploreError::Threads(_) | ExploreError::NotTheSame(_) => {
            Failure::internal(error.to_string())
        }
        ExploreError::Place(_) => Failure::usage(format!(
            "{} cannot be gone on from: {error}; name another file, or remove this one",
            progress.name()
        )),
    }
}

fn jobs(arguments: &Explore) -> usize {
    arguments.jobs.map_or_else(progress::cores, usize::from)
}

/// One of the things that are asked for.
struct Task {
    exploration: Exploration,
    /// The same flow without its weak peer, if runs may be taken over from there.
    alone: Option<Rc<Exploration>>,
}

/// What is known of the flow that is gone through at present.
#[derive(Default)]
struct Known {
    of: Option<Rc<Exploration>>,
    shared: Option<Shared>,
}

impl Known {
    /// What a flow beside a weak peer may take over. The flow as it is is explored when the first
    /// weak peer that may go unnoticed comes up.
    fn beside(
        &mut self,
        task: &Task,
        tasks: &[Task],
        bar: &ProgressBar,
    ) -> Result<Option<&Shared>, Failure> {
        let Some(alone) = &task.alone else { return Ok(None) };
        let is_same = |other: &Rc<Exploration>| Rc::ptr_eq(other, alone);
        if !self.of.as_ref().is_some_and(is_same) {
            let all = tasks.iter().filter(|task| task.alone.as_ref().is_some_and(is_same));
            let peers = all.map(|task| &task.exploration.base);
            bar.set_message(alone.name.clone());
            let explored = Shared::explore(alone, peers, &players::play, &mut |place| {
                bar.set_position(place.runs());
            });
            players::finish()?;
            let (shared, _) = explored.map_err(|error| Failure::internal(error.to_string()))?;
            *self = Known { of: Some(Rc::clone(alone)), shared: Some(shared) };
        }
        Ok(self.shared.as_ref())
    }
}

/// Everything that is asked for: each flow, as it is or beside each weak peer. The peers that may
/// go unnoticed come first, flow by flow, because they cost little; the others peer by peer.
fn tasks(arguments: &Explore) -> Result<Vec<Task>, Failure> {
    set_once(&arguments.policies)?;
    let mut tasks = Vec::new();
    let exploration = |(name, base)| Exploration {
        name,
        base,
        alphabet: match arguments.alphabet {
            Letters::Core => Alphabet::Core,
            Letters::Full => Alphabet::Full,
        },
        faults: arguments.faults,
        jobs: jobs(arguments),
    };
    for (name, mut base) in bases(&arguments.flows)? {
        base.defects.extend(arguments.defects.iter().map(ToString::to_string));
        let (mut name, base) = with(name, base, arguments.policies.iter().map(String::as_str))?;
        // Another party, another certificate.
        for player in players::names() {
            name = format!("{name}, {player}");
        }
        let alone = exploration((name, base));
        if !arguments.weak_peers {
            tasks.push((0, Task { exploration: alone, alone: None }));
            continue;
        }
        let alone = Rc::new(alone);
        for (number, peers) in WEAK_PEERS.iter().enumerate() {
            let beside = with(alone.name.clone(), alone.base.clone(), peers.iter().copied())?;
            let exploration = exploration(beside);
            let is_cheap = Shared::is_possible(&alone.base, &exploration.base);
            let order = if is_cheap { 0 } else { number + 1 };
            let alone = (is_cheap && !arguments.in_full).then(|| Rc::clone(&alone));
            tasks.push((order, Task { exploration, alone }));
        }
    }
    tasks.sort_by_key(|(order, _)| *order);
    Ok(tasks.into_iter().map(|(_, task)| task).collect())
}

/// Two values for one key: nobody can tell which one is meant.
fn set_once(assignments: &[String]) -> Result<(), Failure> {
    let key = |assignment: &str| {
        let (key, _) = assignment.split_once('=').unwrap_or((assignment, ""));
        let key = key.trim();
        key.strip_prefix("policy.").unwrap_or(key).to_owned()
    };
    let mut keys = BTreeSet::new();
    match assignments.iter().map(|assignment| key(assignment)).find(|key| !keys.insert(key.clone()))
    {
        None => Ok(()),
        Some(key) => Err(Failure::usage(format!("--policy sets `{key}` twice; set it once"))),
    }
}

/// A scenario with values set, and named after them.
fn with<'a>(
    mut name: String,
    mut base: Scenario,
    assignments: impl Iterator<Item = &'a str>,
) -> Result<(String, Scenario), Failure> {
    for assignment in assignments {
        base = set(&base, assignment)?;
        name = format!("{name}, {assignment}");
    }
    Ok((name, base))
}

/// What a word and its settings mean: a flow or a file, and its name.
pub(crate) fn configured(word: &str, policies: &[String]) -> Result<(String, Scenario), Failure> {
    set_once(policies)?;
    let (name, scenario) = base(word)?;
    with(name, scenario, policies.iter().map(String::as_str))
}

/// Flows by their names, scenarios from files, or every flow.
fn bases(words: &[String]) -> Result<Vec<(String, Scenario)>, Failure> {
    let mut bases = Vec::new();
    for word in words {
        match word == ALL && !Path::new(word).exists() {
            true => {
                let all = FLOWS.iter().filter_map(|name| Some(((*name).to_owned(), flow(name)?)));
                bases.extend(all);
            }
            false => bases.push(base(word)?),
        }
    }
    Ok(bases)
}

fn base(word: &str) -> Result<(String, Scenario), Failure> {
    if let Some(scenario) = flow(word) {
        return Ok((word.to_owned(), scenario));
    }
    let path = Path::new(word);
    if path.exists() || word.contains(['/', '.']) {
        return Case::of_file(path).map(|case| (case.name, case.scenario));
    }
    let near = match closest(word, FLOWS.iter().copied().chain([ALL])) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {} and {ALL}", FLOWS.join(", ")),
    };
    Err(Failure::usage(format!("there is no flow or file called `{word}`; {near}")))
}

/// How to go on, where somebody may want to.
pub(super) fn say_how_to_go_on(path: &Path) {
    hint(&format!("what is done is in {}; the same command goes on from there", path.display()));
}
