//! `reversim run`: runs scenarios, one row each, then what every invariant says.

use super::arguments::{Run, World};
use super::cases::{Case, bundled, named};
use super::judged::{InvariantJson, Judged, invariants_json, worst};
use super::output::{Output, hint};
use super::{players, prune};
use crate::exit::{Exit, Failure};
use reversim::drive::Sockets;
use reversim::report::table::{Table, wrap};
use reversim::report::text::{Board, idle_sentences};
use reversim::scenario::Scenario;
use reversim::stage::OurOwn;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

pub(crate) fn run(arguments: &Run, output: &Output) -> Result<Exit, Failure> {
    let cases = match arguments.scenarios.is_empty() {
        true => bundled()?,
        false => {
            let lists: Result<Vec<_>, _> = arguments.scenarios.iter().map(|w| named(w)).collect();
            lists?.into_iter().flatten().collect()
        }
    };
    if arguments.prune {
        prune::only_directories(&arguments.scenarios)?;
    }
    let ran = Ran::new(&cases, arguments.world)?;
    if output.is_json() {
        output.json(&ran.documents)?;
    } else {
        output.text(&format!("{}\n{}", ran.rows, ran.board.table()))?;
    }
    ran.hint();
    if arguments.prune {
        prune::prune(&arguments.scenarios, &ran.sound)?;
    }
    Ok(ran.exit)
}

/// All scenarios, run and judged.
pub(crate) struct Ran {
    pub(crate) exit: Exit,
    /// A row for each, and the sentences under it.
    pub(crate) rows: String,
    pub(crate) board: Board,
    pub(crate) documents: Vec<Document>,
    failing: Vec<String>,
    /// The names of those that broke something.
    sound: BTreeSet<String>,
}

/// Runs a scenario with our own parties where it is wanted.
pub(crate) fn run_in(world: World, scenario: &Scenario) -> Result<reversim::Run, Failure> {
    let sockets = match world {
        World::Sim => return players::run(scenario),
        _ if players::are_there() => {
            let why = "children play in virtual time, which is --world sim";
            return Err(Failure::usage(format!("--party: {why}")));
        }
        World::Turmoil => Sockets::Turmoil,
        World::Tcp => Sockets::Tcp,
    };
    reversim::run_over(sockets, scenario, &OurOwn)
        .map_err(|error| Failure::internal(error.to_string()))
}

/// One scenario in JSON.
#[derive(Serialize)]
pub(crate) struct Document {
    story: Option<String>,
    scenario: String,
    verdict: String,
    invariants: BTreeMap<&'static str, InvariantJson>,
    faults_idle: Vec<String>,
}

impl Ran {
    pub(crate) fn new(cases: &[Case], world: World) -> Result<Ran, Failure> {
        let mut board = Board::default();
        let mut documents = Vec::new();
        let mut table = Table::new(["verdict", "scenario", "title"]);
        let (mut judgements, mut failing) = (Vec::new(), Vec::new());
        let mut sound = BTreeSet::new();
        for case in cases {
            let run = run_in(world, &case.scenario)?;
            let judged = Judged::new(&case.scenario, &run, true);
            board.add(&run.findings);
            let cells = [judged.word(), &case.name, &case.scenario.title];
            table.row(cells.map(short));
            documents.push(Document {
                story: case.scenario.story.clone(),
                scenario: case.name.clone(),
                verdict: judged.word().to_lowercase(),
                invariants: invariants_json(&run),
                faults_idle: idle_sentences(&case.scenario, &run.idle_faults),
            });
            // A fault that did not happen may be what still breaks it.
            if run.violation().is_none() && run.idle_faults.is_empty() {
                sound.insert(case.name.clone());
            }
            if judged.exit != Exit::Holds {
                failing.push(case.command());
            }
            judgements.push(judged);
        }
        let mut rows = String::new();
        let lines = table.to_string();
        let mut lines = lines.lines();
        let _ = writeln!(rows, "{}", lines.next().unwrap_or_default());
        for (line, judged) in lines.zip(&judgements) {
            let _ = writeln!(rows, "{line}");
            for sentence in &judged.sentences {
                let _ = writeln!(rows, "      {}", wrap(sentence, 94, 94).join("\n      "));
            }
        }
        let exit = worst(judgements.iter().map(|judged| judged.exit));
        Ok(Ran { exit, rows, board, documents, failing, sound })
    }

    /// The commands that repeat what did not hold.
    pub(crate) fn hint(&self) {
        for command in &self.failing {
            hint(&format!("repeat it with: {command}"));
        }
    }
}

/// A cell of one line that leaves the others room.
fn short(cell: &str) -> String {
    const CHARACTERS_MAX: usize = 72;
    let cell = cell.replace('\n', " ");
    match cell.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}...", &cell[..end]),
        None => cell,
    }
}
