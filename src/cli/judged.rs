//! What a run came to, measured by what its scenario expects. Runs nothing.

use crate::exit::Exit;
use reversim::invariant::Finding;
use reversim::report::text::idle_sentences;
use reversim::run::{Outcome, Run};
use reversim::scenario::Scenario;
use reversim::verdict::Verdict;
use serde::Serialize;
use std::collections::BTreeMap;

/// A verdict over a whole run, and why.
pub(crate) struct Judged {
    /// As a status.
    pub(crate) exit: Exit,
    /// Why it is not plainly "holds".
    pub(crate) sentences: Vec<String>,
}

impl Judged {
    /// By the scenario's expectations. In a kept case a fault that did not happen makes the case
    /// worth nothing: it passes without exercising what it was kept for.
    pub(crate) fn new(scenario: &Scenario, run: &Run, is_kept: bool) -> Judged {
        let mut sentences: Vec<String> = run.violations().map(ToString::to_string).collect();
        if let Some(expected) = &scenario.expect.violates {
            let mut broken = run.findings.iter().filter(|finding| {
                matches!(finding.verdict, Verdict::Violated(_))
                    && (finding.name == expected || finding.code == expected)
            });
            if broken.next().is_some() {
                sentences = vec![format!("{expected} is violated, as expected")];
                return Judged { exit: Exit::Holds, sentences };
            }
            sentences.insert(0, format!("{expected} was to be violated, and was not"));
            let is_other = run.violation().is_some();
            let exit = if is_other { Exit::Violated } else { Exit::Unknown };
            return Judged { exit, sentences };
        }
        sentences.extend(run.missing().iter().cloned());
        let idle = if is_kept { idle_sentences(scenario, &run.idle_faults) } else { Vec::new() };
        let exit = match run.outcome() {
            Outcome::Violated => Exit::Violated,
            Outcome::Unknown => Exit::Unknown,
            Outcome::Holds if idle.is_empty() => Exit::Holds,
            Outcome::Holds => Exit::Unknown,
        };
        sentences.extend(idle);
        if exit == Exit::Unknown && sentences.is_empty() {
            sentences.push("nothing in this run exercised a claim".to_owned());
        }
        Judged { exit, sentences }
    }

    /// `holds`, `VIOLATED` or `unknown`.
    pub(crate) fn word(&self) -> &'static str {
        match self.exit {
            Exit::Holds => "holds",
            Exit::Violated => "VIOLATED",
            _ => "unknown",
        }
    }
}

/// The worst of several: violated before unknown before holds.
pub(crate) fn worst(exits: impl IntoIterator<Item = Exit>) -> Exit {
    let rank = |exit: &Exit| match exit {
        Exit::Holds => 0,
        Exit::Unknown => 1,
        Exit::Violated => 2,
        other => *other as u8,
    };
    exits.into_iter().max_by_key(rank).unwrap_or(Exit::Unknown)
}

/// An invariant in JSON.
#[derive(Serialize)]
pub(crate) struct InvariantJson {
    /// How many cases were checked.
    pub(crate) checked: u64,
    /// `holds`, `violated` or `unknown`.
    pub(crate) verdict: &'static str,
}

/// What every invariant says, by name.
pub(crate) fn invariants_json(run: &Run) -> BTreeMap<&'static str, InvariantJson> {
    findings_json(&run.findings)
}

/// The same of findings without a run.
pub(crate) fn findings_json(findings: &[Finding]) -> BTreeMap<&'static str, InvariantJson> {
    let one = |finding: &Finding| {
        let (checked, verdict) = match &finding.verdict {
            Verdict::Holds { checked } => (*checked, "holds"),
            Verdict::Violated(_) => (0, "violated"),
            Verdict::Unknown { .. } => (0, "unknown"),
        };
        (finding.name, InvariantJson { checked, verdict })
    };
    findings.iter().map(one).collect()
}
