//! `reversim explore`: every placement of a few faults on a flow, and the certificate of it.

use super::arguments::{Explore, Letters};
use super::cases::Case;
use super::keep::keep_case;
use super::output::Output;
use super::progress;
use super::searched::in_words;
use crate::exit::{Exit, Failure};
use reversim::closest::closest;
use reversim::report::table::Table;
use reversim::report::words::{counted_word, describe_case, micros};
use reversim::search::explore::{FLOWS, Violating, flow};
use reversim::search::{Alphabet, Certificate, Exploration};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Where cases go.
const CASES: &str = "reversim-cases";

#[derive(Serialize)]
struct Document<'a> {
    flow: &'a str,
    messages: u64,
    alphabet: String,
    faults: u8,
    placements: u64,
    pruned: &'a BTreeMap<&'static str, u64>,
    runs: u64,
    idle: u64,
    violations: Vec<ViolationJson<'a>>,
    digest: String,
    elapsed_seconds: f64,
}

#[derive(Serialize)]
struct ViolationJson<'a> {
    invariant: &'static str,
    code: &'static str,
    fingerprint: String,
    sentence: &'a str,
    occurrences: u64,
    scenario: String,
    replay: String,
}

pub(crate) fn explore(arguments: &Explore, output: &Output) -> Result<Exit, Failure> {
    let (name, mut base) = base(&arguments.flow)?;
    base.defects.extend(arguments.defects.iter().map(ToString::to_string));
    let exploration = Exploration {
        name,
        base,
        alphabet: match arguments.alphabet {
            Letters::Core => Alphabet::Core,
            Letters::Full => Alphabet::Full,
        },
        faults: arguments.faults,
        jobs: arguments.jobs.map_or_else(progress::cores, usize::from),
    };
    let bar = progress::spinner("runs");
    let certificate = exploration.run(&reversim::run, &|runs| bar.set_position(runs));
    bar.finish_and_clear();
    let certificate = certificate.map_err(|error| {
        Failure::internal(format!("the threads of the exploration do not start: {error}"))
    })?;
    let paths: Result<Vec<PathBuf>, _> = certificate.violations.iter().map(keep).collect();
    let paths = paths?;
    if output.is_json() {
        output.json(&document(&certificate, &paths))?;
    } else {
        output.text(&text(&certificate, &paths))?;
    }
    match certificate.panics.first() {
        Some((_, message)) => Err(Failure::internal(format!("a party panicked: {message}"))),
        None if certificate.violations.is_empty() => Ok(Exit::Holds),
        None => Ok(Exit::Violated),
    }
}

/// A flow by its name, or a scenario from a file.
fn base(word: &str) -> Result<(String, reversim::scenario::Scenario), Failure> {
    if let Some(scenario) = flow(word) {
        return Ok((word.to_owned(), scenario));
    }
    let path = Path::new(word);
    if path.exists() || word.contains(['/', '.']) {
        return Case::of_file(path).map(|case| (case.name, case.scenario));
    }
    let hint = match closest(word, FLOWS.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {}", FLOWS.join(", ")),
    };
    Err(Failure::usage(format!("there is no flow or file called `{word}`; {hint}")))
}

fn keep(found: &Violating) -> Result<PathBuf, Failure> {
    let fingerprint = found.fingerprint.to_string();
    let mut scenario = found.scenario.clone();
    scenario.title = describe_case(found.invariant, &scenario.faults);
    keep_case(Path::new(CASES), &fingerprint, &scenario, found.invariant, |path| {
        super::output::to_json(&violation_json(found, path))
    })
}

fn violation_json<'a>(found: &'a Violating, path: &Path) -> ViolationJson<'a> {
    let scenario = path.display().to_string();
    ViolationJson {
        invariant: found.invariant,
        code: found.code,
        fingerprint: found.fingerprint.to_string(),
        sentence: &found.sentence,
        occurrences: found.occurrences,
        replay: format!("reversim replay {}", super::cases::quoted(&scenario)),
        scenario,
    }
}

fn document<'a>(certificate: &'a Certificate, paths: &[PathBuf]) -> Document<'a> {
    let violations = certificate.violations.iter().zip(paths);
    Document {
        flow: &certificate.flow,
        messages: certificate.messages,
        alphabet: certificate.alphabet.to_string(),
        faults: certificate.faults,
        placements: certificate.placements,
        pruned: &certificate.pruned,
        runs: certificate.runs,
        idle: certificate.idle,
        violations: violations.map(|(found, path)| violation_json(found, path)).collect(),
        digest: certificate.digest.to_string(),
        elapsed_seconds: certificate.elapsed.as_secs_f64(),
    }
}

fn text(certificate: &Certificate, paths: &[PathBuf]) -> String {
    let mut table = Table::new(["certificate", ""]);
    let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
    row("flow", certificate.flow.clone());
    row("messages", certificate.messages.to_string());
    row("alphabet", certificate.alphabet.to_string());
    row("faults", format!("up to {}", certificate.faults));
    row("placements", certificate.placements.to_string());
    for (argument, count) in &certificate.pruned {
        row("pruned", format!("{count} by {argument}"));
    }
    row("runs", certificate.runs.to_string());
    row("idle", format!("{} placements found nothing to hit", certificate.idle));
    row("digest", certificate.digest.to_string());
    let elapsed = u64::try_from(certificate.elapsed.as_millis()).unwrap_or(u64::MAX);
    row("elapsed", micros(elapsed.saturating_mul(1_000)));
    let verdict = match certificate.violating_runs {
        0 => "holds in every run".to_owned(),
        count => format!("VIOLATED in {}", counted_word(count, "run")),
    };
    row("verdict", verdict);
    let mut out = table.to_string();
    for (found, path) in certificate.violations.iter().zip(paths) {
        let Violating { invariant, code, sentence, occurrences, scenario, .. } = found;
        let _ = writeln!(out, "\nVIOLATED {invariant} ({code})\n  {sentence}");
        let runs = counted_word(*occurrences, "run");
        let _ = writeln!(out, "  in {runs}, the smallest:");
        in_words(&mut out, scenario);
        let command = violation_json(found, path).replay;
        let _ = writeln!(out, "  repeat it with: {command}");
    }
    out
}
