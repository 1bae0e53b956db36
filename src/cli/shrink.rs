//! `reversim shrink`: writes the smallest scenario that breaks the same invariant.

use super::arguments::Shrink;
use super::cases::{Case, quoted};
use super::output::{Output, hint};
use super::{disk, players};
use crate::exit::{Exit, Failure};
use reversim::file::render;
use reversim::report::words::counted_word;
use reversim::search::shrink::{EVALUATIONS_MAX, shrink as smallest};
use serde::Serialize;
use std::path::Path;

/// What was written, in JSON.
#[derive(Serialize)]
struct Document {
    invariant: String,
    scenario: String,
    steps: usize,
    faults: usize,
    runs: u32,
    is_minimal: bool,
    path: Vec<String>,
    replay: String,
}

pub(crate) fn shrink(arguments: &Shrink, output: &Output) -> Result<Exit, Failure> {
    let path = &arguments.file;
    let case = Case::of_file(path)?;
    let run = players::run(&case.scenario)?;
    let expected = case.scenario.expect.violates.as_deref();
    let mut violations = run.violations();
    let violation = violations.find(|v| expected.is_none_or(|name| v.invariant == name));
    let Some(invariant) = violation.map(|violation| violation.invariant) else {
        let name = &case.name;
        return Err(Failure::usage(match expected {
            Some(expected) => {
                format!("{name} does not break {expected}: there is nothing to shrink")
            }
            None => format!("{name} breaks no invariant: there is nothing to shrink"),
        }));
    };
    let shrunk = smallest(&case.scenario, invariant, EVALUATIONS_MAX, &players::play);
    players::finish()?;
    let text = render(&shrunk.scenario).map_err(|error| Failure::usage(error.to_string()))?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    let written = disk::write_fresh(directory, &format!("{stem}.min"), "toml", text.as_bytes())?;
    let written = match path.parent() {
        Some(parent) => parent.join(written.file_name().unwrap_or_default()),
        None => written,
    };
    let file = quoted(&written.display().to_string());
    let replay = format!("reversim replay {file}{}", players::arguments());
    if !shrunk.is_minimal {
        hint("the budget of runs ended first: it may be possible to take more away");
    }
    let document = Document {
        invariant: invariant.to_owned(),
        scenario: written.display().to_string(),
        steps: shrunk.scenario.steps.len(),
        faults: shrunk.scenario.faults.len(),
        runs: shrunk.evaluations,
        is_minimal: shrunk.is_minimal,
        path: shrunk.path,
        replay,
    };
    if output.is_json() {
        output.json(&document)?;
    } else {
        for (change, number) in document.path.iter().zip(1..) {
            hint(&format!("{number:>4}. {change}"));
        }
        hint(&format!(
            "{} and {} still break {invariant}, found in {}; repeat it with: {}",
            counted_word(document.steps as u64, "step"),
            counted_word(document.faults as u64, "fault"),
            counted_word(u64::from(document.runs), "run"),
            document.replay
        ));
        output.text(&format!("{}\n", document.scenario))?;
    }
    Ok(Exit::Holds)
}
