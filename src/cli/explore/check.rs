//! `reversim explore --check`: makes a certificate again, and compares.

use super::document::Document;
use crate::cli::output::Output;
use crate::cli::{disk, players, progress};
use crate::exit::{Exit, Failure};
use reversim::report::words::counted_word;
use reversim::search::argument::Argument;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::path::Path;

/// One certificate, or several in a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum File {
    One(Box<Document>),
    Several(Vec<Document>),
}

/// A certificate that was made again.
#[derive(Serialize)]
struct Checked {
    flow: String,
    runs: u64,
    is_confirmed: bool,
    differences: Vec<Difference>,
}

#[derive(Serialize)]
struct Difference {
    what: &'static str,
    certificate: String,
    here: String,
}

pub(super) fn check(path: &Path, jobs: usize, output: &Output) -> Result<Exit, Failure> {
    let name = path.display().to_string();
    let bytes = disk::read(path)?;
    let file: File = serde_json::from_slice(&bytes).map_err(|_| {
        Failure::usage(format!(
            "{name} is not a certificate; `reversim explore --format json` prints one"
        ))
    })?;
    let theirs = match file {
        File::One(one) => vec![*one],
        File::Several(several) => several,
    };
    if theirs.is_empty() {
        return Err(Failure::usage(format!("{name} holds no certificate: the list is empty")));
    }
    let bar = progress::spinner("runs");
    let mut all = Vec::with_capacity(theirs.len());
    for theirs in &theirs {
        let exploration = theirs.exploration(&name, jobs)?;
        let certificate = exploration.run(&players::play, &|runs| bar.set_position(runs));
        players::finish()?;
        let certificate = certificate.map_err(|error| Failure::internal(error.to_string()))?;
        let ours = Document::without_cases(&exploration, &certificate)?;
        all.push(compare(theirs, &ours));
    }
    bar.finish_and_clear();
    match output.is_json() {
        true => output.json(&all)?,
        false => output.text(&text(&all))?,
    }
    Ok(if all.iter().all(|checked| checked.is_confirmed) { Exit::Holds } else { Exit::Violated })
}

fn compare(theirs: &Document, ours: &Document) -> Checked {
    // Runs that were taken over are run here: how many were is not part of what holds.
    let facts = |document: &Document| {
        let mut pruned = document.pruned.clone();
        let taken_over = pruned.remove(Argument::PolicyNotAsked.name()).unwrap_or_default();
        [
            ("reversim", document.reversim.clone()),
            ("flow digest", document.flow_digest.clone()),
            ("messages", document.messages.to_string()),
            ("placements", document.placements.to_string()),
            ("pruned", format!("{pruned:?}")),
            ("runs", (document.runs.saturating_add(taken_over)).to_string()),
            ("idle", document.idle.to_string()),
            ("violating runs", document.violating_runs.to_string()),
            ("kinds of failure", document.kinds.to_string()),
            ("digest", document.digest.clone()),
        ]
    };
    let pairs = facts(theirs).into_iter().zip(facts(ours));
    let differences = pairs.filter(|(theirs, ours)| theirs != ours);
    let differences: Vec<Difference> = differences
        .map(|((what, certificate), (_, here))| Difference { what, certificate, here })
        .collect();
    let is_confirmed = differences.is_empty();
    Checked { flow: theirs.flow.clone(), runs: ours.runs, is_confirmed, differences }
}

fn text(all: &[Checked]) -> String {
    let mut out = String::new();
    for checked in all {
        let runs = counted_word(checked.runs, "run");
        if checked.is_confirmed {
            let _ = writeln!(out, "{}: the certificate holds, made again in {runs}", checked.flow);
        }
        for Difference { what, certificate, here } in &checked.differences {
            let _ = writeln!(
                out,
                "{}: the certificate does not hold: {what} was {certificate}, and is {here}",
                checked.flow
            );
        }
    }
    out
}
