//! `reversim replay`: one scenario, run twice, with everything there is to see.

use super::arguments::Replay;
use super::cases::{Case, one};
use super::disk;
use super::judged::{InvariantJson, Judged, invariants_json};
use super::output::Output;
use super::players;
use super::recorded;
use crate::exit::{Exit, Failure};
use reversim::report::capture::capture;
use reversim::report::entry::horizon_word;
use reversim::report::faults::describe_fault;
use reversim::report::ladder::Ladder;
use reversim::report::page::Page;
use reversim::report::story::story;
use reversim::report::text::{Board, books, idle_sentences, violation_text};
use reversim::report::words::unmask;
use reversim::run::Run;
use reversim::search::Campaign;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

pub(crate) fn replay(arguments: &Replay, output: &Output) -> Result<Exit, Failure> {
    if let Some(exit) = recorded::replay(arguments, output)? {
        return Ok(exit);
    }
    let case = case(arguments)?;
    let run = twice(&case)?;
    let mut expecting_nothing = case.scenario.clone();
    expecting_nothing.expect.violates = None;
    let is_kept = arguments.file.is_some();
    let judged = Judged::new(&expecting_nothing, &run, is_kept);
    let command = command(arguments, &case);
    let mut why = idle_sentences(&case.scenario, &run.idle_faults);
    if judged.exit == Exit::Unknown {
        why.extend(
            judged.sentences.iter().filter(|it| !why.contains(it)).cloned().collect::<Vec<_>>(),
        );
    }
    let faults: Vec<String> = case.scenario.faults.iter().map(describe_fault).collect();
    let page = Page {
        title: &case.scenario.title,
        name: &case.name,
        verdict: judged.word(),
        why: &why,
        story: Some(story(&case.scenario, &run.history)),
        faults: &faults,
        history: &run.history,
        findings: &run.findings,
        command: &command,
    };
    write_down(arguments, &page)?;
    if output.is_json() {
        output.json(&document(&case, &run, &judged, &command))?;
    } else {
        let text = text(&case, &run, &judged, &command);
        let pans = &run.history.setting.pans;
        output.text(&if arguments.unmask { unmask(&text, pans) } else { text })?;
    }
    Ok(judged.exit)
}

/// The files that are asked for beside the text: both or neither.
pub(super) fn write_down(arguments: &Replay, page: &Page<'_>) -> Result<(), Failure> {
    let mut files: Vec<(&Path, Vec<u8>)> = Vec::new();
    if let Some(path) = &arguments.html {
        let html = page.html(arguments.unmask);
        files.push((path, html.into_bytes()));
    }
    if let Some(path) = &arguments.pcap {
        let bytes = capture(page.history)
            .map_err(|error| Failure::usage(format!("{}: {error}", page.name)))?;
        files.push((path, bytes));
    }
    for (index, (path, bytes)) in files.iter().enumerate() {
        if let Err(failure) = disk::write_new(path, bytes) {
            // What was written a moment ago would be in the way of the next try.
            let ours = files.iter().take(index).map(|(path, _)| path);
            ours.for_each(|path| drop(std::fs::remove_file(path)));
            return Err(failure);
        }
    }
    Ok(())
}

fn case(arguments: &Replay) -> Result<Case, Failure> {
    let mut case = match (&arguments.file, arguments.seed) {
        (Some(word), _) => one(word)?,
        (None, seed) => {
            let seed = seed.unwrap_or_default();
            let profile = arguments.profile;
            let campaign = Campaign { profile, ..Campaign::default() };
            let name = format!("seed {seed}, profile {profile}");
            Case { name, scenario: campaign.scenario(seed) }
        }
    };
    let more = arguments.defects.iter().map(ToString::to_string);
    let more: Vec<String> = more.filter(|id| !case.scenario.defects.contains(id)).collect();
    case.scenario.defects.extend(more);
    Ok(case)
}

/// Runs it twice; two different histories are a mistake in reversim, not a verdict.
fn twice(case: &Case) -> Result<Run, Failure> {
    let (first, second) = (players::examine(&case.scenario)?, players::run(&case.scenario)?);
    if first.digest == second.digest {
        return Ok(first);
    }
    Err(Failure::internal(format!(
        "{} gave two histories, {} and {}: reversim is not deterministic here",
        case.name, first.digest, second.digest
    )))
}

fn command(arguments: &Replay, case: &Case) -> String {
    let mut command = match arguments.seed {
        Some(seed) => {
            let (profile, players) = (arguments.profile, players::arguments());
            format!("reversim replay --seed {seed} --profile {profile}{players}")
        }
        None => case.command(),
    };
    for defect in &arguments.defects {
        let _ = write!(command, " --defect {defect}");
    }
    command
}

fn text(case: &Case, run: &Run, judged: &Judged, command: &str) -> String {
    let mut out = page(case, run, judged);
    let _ = writeln!(out, "digest   {}, twice", run.digest);
    let _ = writeln!(out, "repeat   {command}");
    out
}

/// A run on a page: story, ladder, books, claims, verdict.
pub(crate) fn page(case: &Case, run: &Run, judged: &Judged) -> String {
    let Case { name, scenario } = case;
    let mut out = String::new();
    let title = scenario.title.replace('\n', " ");
    let _ = match title.is_empty() {
        true => writeln!(out, "{name}"),
        false => writeln!(out, "{title}\n  ({name})"),
    };
    let _ = write!(out, "\nstory\n{}", story(scenario, &run.history));
    let witnesses: Vec<usize> = run.violations().flat_map(|v| v.witnesses.clone()).collect();
    let ladder =
        Ladder::new(&run.history).faults(&scenario.faults).witnesses(&witnesses).ascii(is_ascii());
    let _ = write!(out, "\nladder\n{ladder}");
    let _ = write!(out, "\nbooks\n{}", books(&run.history));
    let mut board = Board::default();
    board.add(&run.findings);
    let _ = write!(out, "\ninvariants\n{}", board.short());
    let idle = idle_sentences(scenario, &run.idle_faults);
    if !idle.is_empty() {
        let _ = write!(out, "\nidle\n  {}\n", idle.join("\n  "));
    }
    let _ = writeln!(out);
    for violation in run.violations() {
        let _ = writeln!(out, "{}", violation_text(violation, &run.history));
    }
    let marks: Vec<&str> = run.marks.iter().map(|mark| mark.name()).collect();
    let _ = writeln!(out, "verdict  {}", judged.word());
    if judged.exit == Exit::Unknown {
        let _ = writeln!(out, "why      {}", judged.sentences.join("\n         "));
    }
    let _ = writeln!(
        out,
        "marks    {}",
        if marks.is_empty() { "none".into() } else { marks.join(", ") }
    );
    out
}

/// Whether the page can only show ASCII: the locale says so in so many words.
pub(super) fn is_ascii() -> bool {
    let named =
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok());
    named.into_iter().find(|value| !value.is_empty()).is_some_and(|v| v == "C" || v == "POSIX")
}

/// A replay in JSON.
#[derive(Serialize)]
struct Document<'a> {
    scenario: &'a str,
    title: &'a str,
    verdict: String,
    digest: String,
    violations: Vec<ViolationJson<'a>>,
    invariants: BTreeMap<&'static str, InvariantJson>,
    marks: Vec<&'static str>,
    faults_idle: Vec<String>,
    replay: &'a str,
}

#[derive(Serialize)]
struct ViolationJson<'a> {
    invariant: &'static str,
    sentence: &'a str,
    witnesses: &'a [usize],
    horizon: Option<&'static str>,
}

fn document<'a>(case: &'a Case, run: &'a Run, judged: &Judged, replay: &'a str) -> Document<'a> {
    let violations = run.violations().map(|violation| ViolationJson {
        invariant: violation.invariant,
        sentence: &violation.sentence,
        witnesses: &violation.witnesses,
        horizon: violation.horizon.map(horizon_word),
    });
    Document {
        scenario: &case.name,
        title: &case.scenario.title,
        verdict: judged.word().to_lowercase(),
        digest: run.digest.to_string(),
        violations: violations.collect(),
        invariants: invariants_json(run),
        marks: run.marks.iter().map(|mark| mark.name()).collect(),
        faults_idle: idle_sentences(&case.scenario, &run.idle_faults),
        replay,
    }
}
