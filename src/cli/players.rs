//! Who plays in this call: our own parties, and the children that `--party` names. Every command
//! that takes `--party` runs scenarios through here, so that no run is played by somebody else.

use super::arguments::Parties;
use super::cases::quoted;
use super::disk;
use crate::exit::{Exit, Failure};
use reversim::drive::process::{Player, ProcessError, Troupe};
use reversim::file::render;
use reversim::run::Run;
use reversim::scenario::Scenario;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::OnceLock;

/// Where a run goes that could not be finished.
const UNFINISHED: &str = "reversim-cases";

/// The children, if there are any: one call has one cast.
static TROUPE: OnceLock<Troupe> = OnceLock::new();

/// Takes down who plays, before anything is run.
pub(crate) fn hire(parties: &Parties) -> Result<(), Failure> {
    let mut players = Vec::with_capacity(parties.parties.len());
    let mut known = BTreeSet::new();
    for (party, command) in &parties.parties {
        if !known.insert(*party) {
            return Err(Failure::usage(format!("--party names {party} twice; name it once")));
        }
        let player = Player::new(*party, command);
        players.push(player.map_err(|error| Failure::usage(format!("--party: {error}")))?);
    }
    if !players.is_empty() {
        let _ = TROUPE.set(Troupe::new(players, parties.limit));
    }
    Ok(())
}

/// Runs a scenario; one played by children is now and then played again, and compared.
pub(crate) fn run(scenario: &Scenario) -> Result<Run, Failure> {
    match TROUPE.get() {
        None => Ok(reversim::run(scenario)),
        Some(troupe) => troupe.run(scenario).map_err(failure),
    }
}

/// Runs a scenario more than once, and compares; a difference is the fault of a child.
pub(crate) fn examine(scenario: &Scenario) -> Result<Run, Failure> {
    match TROUPE.get() {
        None => Ok(reversim::run(scenario)),
        Some(troupe) => troupe.examine(scenario).map_err(failure),
    }
}

/// Runs a scenario for a search, which has no place for errors: where a child failed, no run is
/// begun any more, each ends like one in which a party panics, and [`finish`] says why.
pub(crate) fn play(scenario: &Scenario) -> Run {
    let Some(troupe) = TROUPE.get() else { return reversim::run(scenario) };
    let played = match troupe.trouble() {
        None => troupe.run(scenario),
        Some(error) => Err(error),
    };
    played.unwrap_or_else(|error| resume_unwind(Box::new(error.to_string())))
}

/// Whether there are any children.
pub(crate) fn are_there() -> bool {
    TROUPE.get().is_some()
}

/// After a search: whether every run of it could be finished.
pub(crate) fn finish() -> Result<(), Failure> {
    TROUPE.get().and_then(Troupe::trouble).map_or(Ok(()), |error| Err(failure(error)))
}

/// Whether every run so far could be finished.
pub(crate) fn are_well() -> bool {
    TROUPE.get().is_none_or(|troupe| troupe.trouble().is_none())
}

/// The children as arguments of a command that plays the same again; empty without any.
pub(crate) fn arguments() -> String {
    let mut text = String::new();
    for name in names() {
        let _ = write!(text, " --party {}", quoted(&name));
    }
    text
}

/// `switch-1=COMMAND`, for each child.
pub(crate) fn names() -> Vec<String> {
    let players = TROUPE.get().map_or(&[][..], Troupe::players);
    players.iter().map(|player| format!("{}={}", player.party, player.command)).collect()
}

/// One sentence, and the command that shows it again.
fn failure(error: ProcessError) -> Failure {
    let mut sentence = error.to_string();
    if error.is_usage {
        return Failure { exit: Exit::Usage, sentence };
    }
    if let Some(scenario) = &error.scenario
        && let Some(path) = keep(scenario)
    {
        let _ = write!(sentence, "; repeat it with: reversim replay {path}{}", arguments());
    }
    Failure { exit: Exit::Internal, sentence }
}

/// The run as a file, if it can be one.
fn keep(scenario: &Scenario) -> Option<String> {
    let text = render(scenario).ok()?;
    let directory = Path::new(UNFINISHED);
    std::fs::create_dir_all(directory).ok()?;
    let path = disk::write_fresh(directory, "unfinished", "toml", text.as_bytes()).ok()?;
    Some(quoted(&path.display().to_string()))
}
