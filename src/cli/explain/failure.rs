//! `reversim explain FILE`: why a scenario breaks a claim.

use crate::cli::cases::{Case, quoted};
use crate::cli::disk;
use crate::cli::output::{Output, hint};
use crate::exit::{Exit, Failure};
use reversim::Run;
use reversim::report::table::{Table, wrap};
use reversim::report::text::{idle_sentences, violation_text};
use reversim::report::why::{condition, event, ticket};
use reversim::report::words::micros;
use reversim::search::why::{Why, why};
use serde::Serialize;
use std::fmt::Write;
use std::path::Path;

/// An explanation in JSON.
#[derive(Serialize)]
struct Document<'a> {
    scenario: &'a str,
    invariant: &'static str,
    sentence: &'a str,
    odds: Vec<OddsJson>,
    sealed_by: Option<String>,
    nearest_passing: Option<String>,
    ticket: [String; 2],
    runs: u32,
    replay: String,
}

#[derive(Serialize)]
struct OddsJson {
    after: String,
    at_us: u64,
    broken: u32,
    futures: u32,
}

/// Whether the word means a file rather than a code.
pub(super) fn is_file(word: &str) -> bool {
    word.contains(['/', '\\']) || word.ends_with(".toml") || Path::new(word).is_file()
}

pub(super) fn explain(word: &str, output: &Output) -> Result<Exit, Failure> {
    refuse_directory(Path::new(word))?;
    let mut case = Case::of_file(Path::new(word))?;
    let run = reversim::run(&case.scenario);
    let idle = idle_sentences(&case.scenario, &run.idle_faults);
    let expected = case.scenario.expect.violates.clone();
    let mut violations = run.violations();
    let violation = violations.find(|v| expected.as_ref().is_none_or(|name| v.invariant == name));
    // What did not happen explains nothing, and what passes must not be asked to make it happen.
    let mut place = 0..;
    case.scenario.faults.retain(|_| place.next().is_some_and(|n| !run.idle_faults.contains(&n)));
    let why = violation.and_then(|broken| why(&case.scenario, broken.invariant, &reversim::run));
    let Some(why) = why else {
        return Err(Failure::usage(nothing_to_explain(
            &case.name,
            &run,
            expected.as_deref(),
            &idle,
        )));
    };
    for sentence in &idle {
        hint(&format!("left out: {sentence}"));
    }
    if output.is_json() {
        output.json(&document(&case, &why))?;
    } else {
        let broken = violation_text(&why.violation, &run.history);
        output.text(&text(&case, &why, &broken))?;
    }
    Ok(Exit::Holds)
}

/// A directory is no scenario, but may hold some.
fn refuse_directory(path: &Path) -> Result<(), Failure> {
    if !path.is_dir() {
        return Ok(());
    }
    let files = disk::scenario_files(path)?;
    let example = files.first().map(|file| quoted(&file.display().to_string()));
    Err(Failure::usage(format!(
        "{} is a directory, and one scenario is explained at a time; name one, as `reversim \
         explain {}`",
        path.display(),
        example.unwrap_or_default()
    )))
}

/// Why a scenario has nothing to explain.
fn nothing_to_explain(name: &str, run: &Run, expected: Option<&str>, idle: &[String]) -> String {
    match (run.violation(), expected) {
        (Some(broken), Some(expected)) => {
            let broken = broken.invariant;
            format!("{name} does not break {expected}, which it is kept for; it breaks {broken}")
        }
        _ if !idle.is_empty() => {
            format!("{name} breaks nothing, but was not all put to the test: {}", idle.join("; "))
        }
        _ => format!("{name} breaks nothing: there is nothing to explain"),
    }
}

fn text(case: &Case, why: &Why, broken: &str) -> String {
    let scenario = &case.scenario;
    let mut out = format!("{broken}\n");
    let mut table = Table::new(["at", "random futures that break it", "after"]);
    for (place, odds) in why.odds.iter().enumerate() {
        let sealed = if why.sealed == Some(place) { "  <- sealed it" } else { "" };
        let count = format!("{} of {}", odds.broken, odds.futures);
        table.row([micros(odds.at.0), count, event(scenario, odds) + sealed]);
    }
    let what = format!(
        "a random future: everything goes on as it does by itself, and at most two more faults, \
         drawn from all that are possible from there on, hit it; {} a row",
        reversim::search::why::FUTURES
    );
    let _ = write!(out, "{table}  {}\n\nnearest pass\n", wrap(&what, 96, 96).join("\n  "));
    let nearest = match &why.neighbour {
        Some(neighbour) => format!("it holds {}", condition(scenario, neighbour)),
        None => "none: no single change makes it hold".to_owned(),
    };
    let _ = writeln!(out, "  {}\n\nticket", wrap(&nearest, 96, 96).join("\n  "));
    for sentence in ticket(scenario, why) {
        let _ = writeln!(out, "  {}", wrap(&sentence, 96, 96).join("\n  "));
    }
    let _ = writeln!(out, "\nruns     {}\nrepeat   {}", why.runs, case.command());
    out
}

fn document<'a>(case: &'a Case, why: &'a Why) -> Document<'a> {
    let scenario = &case.scenario;
    let odds = why.odds.iter().map(|odds| OddsJson {
        after: event(scenario, odds),
        at_us: odds.at.0,
        broken: odds.broken,
        futures: odds.futures,
    });
    let sealed = why.sealed.and_then(|place| why.odds.get(place));
    Document {
        scenario: &case.name,
        invariant: why.violation.invariant,
        sentence: &why.violation.sentence,
        odds: odds.collect(),
        sealed_by: sealed.map(|odds| event(scenario, odds)),
        nearest_passing: why.neighbour.as_ref().map(|n| condition(scenario, n)),
        ticket: ticket(scenario, why),
        runs: why.runs,
        replay: format!("reversim replay {}", quoted(&case.name)),
    }
}
