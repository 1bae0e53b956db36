//! Failures as directories of their own: the scenario, its ladder, and a summary for machines.

use super::output::to_json;
use super::{disk, players};
use crate::exit::Failure;
use reversim::file::render;
use reversim::generate::Profile;
use reversim::report::faults::describe_case;
use reversim::report::ladder::Ladder;
use reversim::scenario::Scenario;
use reversim::search::{KeptCase, ViolationFound};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The file that makes a directory one of ours.
pub(crate) const SUMMARY: &str = "summary.json";

/// What is said of a kept case, in JSON. Nothing in it depends on where it is kept.
#[derive(Serialize)]
struct Summary<'a> {
    invariant: &'a str,
    code: &'a str,
    fingerprint: String,
    sentence: &'a str,
    seed: u64,
    profile: String,
    runs: u32,
    is_minimal: bool,
    path: &'a [String],
    replay: String,
}

/// The files of a case, by name.
pub(crate) fn files(
    profile: Profile,
    found: &ViolationFound,
    case: &KeptCase,
) -> Result<Vec<(String, String)>, Failure> {
    let mut scenario = case.shrunk.scenario.clone();
    scenario.title = describe_case(found.invariant, &scenario.faults);
    let summary = to_json(&Summary {
        invariant: found.invariant,
        code: found.code,
        fingerprint: found.fingerprint.to_string(),
        sentence: &case.sentence,
        seed: case.seed,
        profile: profile.to_string(),
        runs: case.shrunk.evaluations,
        is_minimal: case.shrunk.is_minimal,
        path: &case.shrunk.path,
        replay: format!("reversim replay scenario.toml{}", players::arguments()),
    })?;
    with_ladder(&scenario, found.invariant, summary)
}

fn with_ladder(
    scenario: &Scenario,
    invariant: &str,
    summary: String,
) -> Result<Vec<(String, String)>, Failure> {
    let text = render(scenario).map_err(|error| Failure::internal(error.to_string()))?;
    let run = players::run(scenario)?;
    let witnesses = run.violations().find(|violation| violation.invariant == invariant);
    let witnesses = witnesses.map(|violation| violation.witnesses.clone()).unwrap_or_default();
    let ladder = Ladder::new(&run.history).faults(&scenario.faults).witnesses(&witnesses);
    let files = [("scenario.toml", text), ("ladder.txt", ladder.to_string()), (SUMMARY, summary)];
    Ok(files.map(|(name, text)| (name.to_owned(), text)).into())
}

/// The directories of one kind of failure, in the order in which they are filled.
pub(crate) fn directories(fingerprint: &str) -> impl Iterator<Item = String> {
    (1u32..).map(move |number| match number {
        1 => fingerprint.to_owned(),
        n => format!("{fingerprint}-{n}"),
    })
}

/// Writes a case below `directory` and returns its scenario's path.
pub(crate) fn keep(
    directory: &Path,
    profile: Profile,
    found: &ViolationFound,
    case: &KeptCase,
) -> Result<PathBuf, Failure> {
    let files = files(profile, found, case)?;
    write(directory, &found.fingerprint.to_string(), |_| Ok(files.clone()))
}

/// A case of no campaign, with a summary of its own.
pub(crate) fn keep_case(
    directory: &Path,
    fingerprint: &str,
    scenario: &Scenario,
    invariant: &str,
    summary: impl Fn(&Path) -> Result<String, Failure>,
) -> Result<PathBuf, Failure> {
    write(directory, fingerprint, |file| with_ladder(scenario, invariant, summary(file)?))
}

/// A fingerprint that is there already stands for another scenario with the same failure: this one
/// goes beside it. The very same scenario is not written again.
fn write(
    directory: &Path,
    fingerprint: &str,
    files: impl Fn(&Path) -> Result<Vec<(String, String)>, Failure>,
) -> Result<PathBuf, Failure> {
    for name in directories(fingerprint) {
        let path = directory.join(name);
        let file = path.join("scenario.toml");
        let files = files(&file)?;
        let is_same = || {
            let there = std::fs::read(&file);
            there.is_ok_and(|there| files.iter().any(|(_, text)| there == text.as_bytes()))
        };
        if is_same() || disk::write_directory(&path, &files)? {
            return Ok(file);
        }
    }
    Err(Failure::internal("there are more directories than numbers"))
}
