//! `reversim replay` of a recorded history: its ladder, and what a line alone lets claims judge.

use super::arguments::Replay;
use super::cases::quoted;
use super::disk;
use super::output::Output;
use super::replay::{is_ascii, write_down};
use crate::exit::{Exit, Failure};
use reversim::file::recording::Head;
use reversim::file::{Recording, is_recording, parse_recording};
use reversim::invariant::Finding;
use reversim::report::ladder::Ladder;
use reversim::report::page::Page;
use reversim::report::text::{Board, violation_text};
use reversim::run::Digest;
use reversim::verdict::{Verdict, Violation};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// Why a recorded history has no verdict.
const NOTHING: &str = "nothing that passed lets a claim be judged";

/// Shows and judges the file, if it is a recorded history; none if it is something else.
pub(crate) fn replay(arguments: &Replay, output: &Output) -> Result<Option<Exit>, Failure> {
    let Some(name) = arguments.file.as_deref().filter(|name| Path::new(name).is_file()) else {
        return Ok(None);
    };
    let bytes = disk::read(Path::new(name))?;
    if !is_recording(&bytes) && !name.ends_with(".jsonl") {
        return Ok(None);
    }
    if !arguments.defects.is_empty() || (arguments.unmask && arguments.pcap.is_none()) {
        let sentence = format!(
            "{name} is a recorded history: --defect needs a scenario, and so does --unmask without \
             --pcap"
        );
        return Err(Failure::usage(sentence));
    }
    let recording = parse_recording(name, &bytes)?;
    let judged = Judged::new(&recording);
    let Head { by, start, .. } = &recording.head;
    let mut why =
        vec![format!("Recorded by {by}, {}", if start.is_empty() { "undated" } else { start })];
    why.extend(recording.notes.iter().map(|(at, note)| format!("{at}: {note}")));
    why.extend((judged.exit == Exit::Unknown).then(|| NOTHING.to_owned()));
    let page = Page {
        title: "",
        name,
        verdict: judged.word(),
        why: &why,
        story: None,
        faults: &recording.head.faults,
        history: &recording.history,
        findings: &judged.findings,
        command: &format!("reversim replay {}", quoted(name)),
    };
    write_down(arguments, &page)?;
    match output.is_json() {
        true => output.json(&document(name, &recording, &judged))?,
        false => output.text(&text(name, &recording, &judged))?,
    }
    Ok(Some(judged.exit))
}

struct Judged {
    exit: Exit,
    findings: Vec<Finding>,
}

impl Judged {
    fn new(recording: &Recording) -> Judged {
        let findings = reversim::judge(&recording.history);
        let says = |is: fn(&Verdict) -> bool| findings.iter().any(|finding| is(&finding.verdict));
        let exit = if says(|verdict| matches!(verdict, Verdict::Violated(_))) {
            Exit::Violated
        } else if says(|verdict| matches!(verdict, Verdict::Holds { .. })) {
            Exit::Holds
        } else {
            Exit::Unknown
        };
        Judged { exit, findings }
    }

    fn word(&self) -> &'static str {
        match self.exit {
            Exit::Holds => "holds",
            Exit::Violated => "VIOLATED",
            _ => "unknown",
        }
    }

    fn violations(&self) -> impl Iterator<Item = &Violation> {
        self.findings.iter().filter_map(|finding| match &finding.verdict {
            Verdict::Violated(violation) => Some(violation),
            _ => None,
        })
    }
}

fn text(name: &str, recording: &Recording, judged: &Judged) -> String {
    let Recording { head, history, notes } = recording;
    let mut out = String::new();
    let start = if head.start.is_empty() { "" } else { &format!(", {} UTC", head.start) };
    let _ = writeln!(out, "{name}: recorded by {}{start}", head.by);
    if !notes.is_empty() {
        let _ = writeln!(out, "\nlog");
        for (at, note) in notes {
            let _ = writeln!(out, "{:>9}.{:03}  {note}", at.0 / 1_000_000, at.0 / 1_000 % 1_000);
        }
    }
    let witnesses: Vec<usize> = judged.violations().flat_map(|v| v.witnesses.clone()).collect();
    let ladder = Ladder::new(history).fault_words(&head.faults);
    let _ = write!(out, "\nladder\n{}", ladder.witnesses(&witnesses).ascii(is_ascii()));
    let mut board = Board::default();
    board.add(&judged.findings);
    let _ = writeln!(out, "\ninvariants that a line can show\n{}", board.short());
    for violation in judged.violations() {
        let _ = writeln!(out, "{}", violation_text(violation, history));
    }
    let _ = writeln!(out, "verdict  {}", judged.word());
    if judged.exit == Exit::Unknown {
        let _ = writeln!(out, "why      {NOTHING}");
    }
    let _ = writeln!(out, "digest   {}", Digest::of(history));
    out
}

/// A recorded history in JSON, as `replay` of a scenario has it.
#[derive(Serialize)]
struct Document<'a> {
    history: &'a str,
    by: &'a str,
    start: &'a str,
    verdict: String,
    digest: String,
    violations: Vec<ViolationJson<'a>>,
    invariants: BTreeMap<&'static str, super::judged::InvariantJson>,
    log: Vec<&'a str>,
}

#[derive(Serialize)]
struct ViolationJson<'a> {
    invariant: &'static str,
    sentence: &'a str,
    witnesses: &'a [usize],
}

fn document<'a>(name: &'a str, recording: &'a Recording, judged: &'a Judged) -> Document<'a> {
    let violations = judged.violations().map(|violation| ViolationJson {
        invariant: violation.invariant,
        sentence: &violation.sentence,
        witnesses: &violation.witnesses,
    });
    Document {
        history: name,
        by: &recording.head.by,
        start: &recording.head.start,
        verdict: judged.word().to_lowercase(),
        digest: Digest::of(&recording.history).to_string(),
        violations: violations.collect(),
        invariants: super::judged::findings_json(&judged.findings),
        log: recording.notes.iter().map(|(_, note)| note.as_str()).collect(),
    }
}
