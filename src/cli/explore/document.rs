//! A certificate as it is printed, kept and read again: one value, as text or as JSON.

use crate::cli::cases::quoted;
use crate::cli::keep::keep_case;
use crate::cli::players;
use crate::cli::searched::in_words;
use crate::exit::Failure;
use reversim::file::{parse, render};
use reversim::report::faults::describe_case;
use reversim::report::table::Table;
use reversim::report::words::{counted_word, micros};
use reversim::scenario::Scenario;
use reversim::search::argument::Argument;
use reversim::search::explore::Violating;
use reversim::search::{Alphabet, Certificate, Exploration};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

/// Where cases go.
const CASES: &str = "reversim-cases";
/// Kinds of failure of one invariant that are told in full; the others are counted.
const KINDS_MAX: usize = 4;

/// A certificate: what was explored, by what, and what came of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) reversim: String,
    pub(super) flow: String,
    pub(super) flow_digest: String,
    pub(super) messages: u64,
    pub(super) alphabet: String,
    pub(super) faults: u8,
    pub(super) placements: u64,
    pub(super) pruned: BTreeMap<String, u64>,
    arguments: BTreeMap<String, String>,
    pub(super) runs: u64,
    pub(super) idle: u64,
    pub(super) violating_runs: u64,
    violations: Vec<Violation>,
    /// Kinds of failure; `violations` tells the shortest of each invariant.
    pub(super) kinds: u64,
    panics: Vec<String>,
    pub(super) digest: String,
    scenario: String,
    pub(super) elapsed_seconds: f64,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Violation {
    invariant: String,
    code: String,
    fingerprint: String,
    sentence: String,
    occurrences: u64,
    faults: Vec<reversim::fault::Fault>,
    scenario: String,
    replay: String,
}

impl Document {
    /// Of a certificate; what it found is kept as cases.
    pub(super) fn new(
        exploration: &Exploration,
        certificate: &Certificate,
    ) -> Result<Document, Failure> {
        let mut document = Document::without_cases(exploration, certificate)?;
        let mut told: BTreeMap<&str, usize> = BTreeMap::new();
        // The certificate has the smallest placements first.
        for found in &certificate.violations {
            let count = told.entry(found.invariant).or_default();
            *count += 1;
            if *count <= KINDS_MAX {
                document.violations.push(keep(found)?);
            }
        }
        Ok(document)
    }

    /// The same without cases, to be compared.
    pub(super) fn without_cases(
        exploration: &Exploration,
        certificate: &Certificate,
    ) -> Result<Document, Failure> {
        let text = |argument: Argument| argument.name().to_owned();
        let used = certificate.pruned.iter().filter(|(_, count)| *count > 0);
        Ok(Document {
            reversim: env!("CARGO_PKG_VERSION").to_owned(),
            flow: certificate.flow.clone(),
            flow_digest: certificate.flow_digest.to_string(),
            messages: certificate.messages,
            alphabet: certificate.alphabet.to_string(),
            faults: certificate.faults,
            placements: certificate.placements,
            pruned: certificate.pruned.iter().map(|(a, count)| (text(a), count)).collect(),
            arguments: used.map(|(a, _)| (text(a), a.reason().to_owned())).collect(),
            runs: certificate.runs,
            idle: certificate.idle,
            violating_runs: certificate.violating_runs,
            violations: Vec::new(),
            kinds: certificate.violations.len() as u64,
            panics: certificate.panics.iter().map(|(_, message)| message.clone()).collect(),
            digest: certificate.digest.to_string(),
            scenario: render(&exploration.base)
                .map_err(|error| Failure::usage(error.to_string()))?,
            elapsed_seconds: certificate.elapsed.as_secs_f64(),
        })
    }

    /// What it is a certificate of.
    pub(super) fn exploration(&self, file: &str, jobs: usize) -> Result<Exploration, Failure> {
        let alphabet = self.alphabet.parse::<Alphabet>();
        Ok(Exploration {
            name: self.flow.clone(),
            base: parse(&format!("{file}, scenario"), self.scenario.as_bytes())?,
            alphabet: alphabet.map_err(|error| Failure::usage(format!("{file}: {error}")))?,
            faults: self.faults,
            jobs,
        })
    }

    pub(super) fn is_clean(&self) -> bool {
        self.violating_runs == 0
    }

    pub(super) fn panic(&self) -> Option<&str> {
        self.panics.first().map(String::as_str)
    }

    /// For people; `is_next` if another one stands above it.
    pub(super) fn text(&self, is_next: bool) -> String {
        let mut out = if is_next { "\n".to_owned() } else { String::new() };
        let _ = write!(out, "{}", self.table());
        for (argument, reason) in &self.arguments {
            let line = format!("{argument}: {reason}");
            let lines = reversim::report::table::wrap(&line, 98, 96);
            let _ = writeln!(out, "  {}", lines.join("\n    "));
        }
        for found in &self.violations {
            let Violation { invariant, code, sentence, occurrences, faults, replay, .. } = found;
            let _ = writeln!(out, "\nVIOLATED {invariant} ({code})\n  {sentence}");
            let runs = counted_word(*occurrences, "run");
            let _ = writeln!(out, "  in {runs}, the smallest:");
            let mut scenario = self.base();
            scenario.faults.clone_from(faults);
            in_words(&mut out, &scenario);
            let _ = writeln!(out, "  repeat it with: {replay}");
        }
        let more = self.kinds - (self.violations.len() as u64).min(self.kinds);
        if more > 0 {
            let _ = writeln!(out, "\nand {} of failure with longer schedules", kinds(more));
        }
        out
    }

    fn base(&self) -> Scenario {
        parse("", self.scenario.as_bytes()).unwrap_or_default()
    }

    fn table(&self) -> Table {
        let mut table = Table::new(["certificate", ""]);
        let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
        row("flow", self.flow.clone());
        row("flow digest", self.flow_digest.clone());
        row("messages", self.messages.to_string());
        row("alphabet", self.alphabet.clone());
        row("faults", format!("up to {}", self.faults));
        row("placements", self.placements.to_string());
        for (argument, count) in self.pruned.iter().filter(|(_, count)| **count > 0) {
            row("pruned", format!("{count} by {argument}"));
        }
        row("runs", self.runs.to_string());
        row("idle", format!("{} placements found nothing to hit", self.idle));
        row("digest", self.digest.clone());
        row("reversim", self.reversim.clone());
        let elapsed = Duration::try_from_secs_f64(self.elapsed_seconds).unwrap_or_default();
        let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        row("elapsed", micros(millis.saturating_mul(1_000)));
        let verdict = match self.violating_runs {
            0 => "holds in every run".to_owned(),
            count => format!("VIOLATED in {}", counted_word(count, "run")),
        };
        row("verdict", verdict);
        table
    }
}

fn kinds(count: u64) -> String {
    if count == 1 { "1 more kind".to_owned() } else { format!("{count} more kinds") }
}

fn keep(found: &Violating) -> Result<Violation, Failure> {
    let fingerprint = found.fingerprint.to_string();
    let mut scenario = found.scenario.clone();
    scenario.title = describe_case(found.invariant, &scenario.faults);
    let path = keep_case(Path::new(CASES), &fingerprint, &scenario, found.invariant, |path| {
        crate::cli::output::to_json(&violation(found, path))
    })?;
    Ok(violation(found, &path))
}

fn violation(found: &Violating, path: &Path) -> Violation {
    let scenario = path.display().to_string();
    Violation {
        invariant: found.invariant.to_owned(),
        code: found.code.to_owned(),
        fingerprint: found.fingerprint.to_string(),
        sentence: found.sentence.clone(),
        occurrences: found.occurrences,
        faults: found.scenario.faults.clone(),
        replay: format!("reversim replay {}{}", quoted(&scenario), players::arguments()),
        scenario,
    }
}
