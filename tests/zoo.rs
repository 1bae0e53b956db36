//! The zoo and what is published of it: the page is the command's own output, and a defect that is
//! not found fails loudly.

use reversim::search::zoo::{BUDGET, HARD, MARGIN, Zoo, budget, is_hard};
use reversim_models::defect::Defect;
use std::process::{Command, Output};
use std::time::Duration;

const PAGE: &str = include_str!("../docs/zoo.md");

/// How the page is made.
const COMMAND: &str = "reversim zoo --seeds 0..21 --markdown > docs/zoo.md";

/// A row of the published table, cell by cell.
struct Row {
    cells: Vec<&'static str>,
}

impl Row {
    fn id(&self) -> &'static str {
        self.cells[0]
    }

    /// Median and worst of a column.
    fn pair(&self, column: usize) -> (u64, u64) {
        let (median, worst) = self.cells[column].split_once(" / ").expect("median / worst");
        (median.parse().expect("a number"), worst.parse().expect("a number"))
    }
}

fn rows() -> Vec<Row> {
    let lines = PAGE.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| id "));
    let cells = |line: &'static str| line.trim_matches('|').split('|').map(str::trim).collect();
    lines.map(|line| Row { cells: cells(line) }).collect()
}

fn reversim(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reversim"));
    command.args(words).env("NO_COLOR", "1").output().expect("the binary starts")
}

#[test]
fn the_page_lists_exactly_the_planted_defects_with_their_budgets_the_hard_ones_first() {
    let rows = rows();
    let hard = HARD.iter().map(|(id, _)| (*id).to_owned());
    let others = Defect::ALL.iter().map(ToString::to_string).filter(|id| !is_hard(id));
    let listed: Vec<&str> = rows.iter().map(Row::id).collect();
    assert_eq!(listed, hard.chain(others).collect::<Vec<_>>(), "make it anew: {COMMAND}");
    for row in &rows {
        let described = Defect::parse(row.id()).map(|defect| defect.describe().name);
        assert_eq!(Some(row.cells[1]), described, "{}", row.id());
        assert_eq!(row.cells[4], budget(row.id()).to_string(), "{}", row.id());
    }
}

#[test]
fn every_published_hunt_found_its_defect_and_every_budget_has_its_margin() {
    for row in rows() {
        let (median, worst) = row.pair(3);
        assert_eq!(row.cells[2], "21/21", "{}", row.id());
        assert!(median * MARGIN <= budget(row.id()), "{}: {median} at the median", row.id());
        assert!(worst <= budget(row.id()), "{}: {worst} at worst", row.id());
    }
}

#[test]
fn the_hard_dozen_are_the_ones_that_take_most_runs() {
    assert_eq!(HARD.len(), 12);
    let median = |row: &Row| row.pair(3).0;
    let (hard, others): (Vec<Row>, Vec<Row>) = rows().into_iter().partition(|r| is_hard(r.id()));
    let easiest = hard.iter().map(median).min();
    assert!(others.iter().map(median).max() <= easiest, "move it among the hard ones");
    assert!(HARD.iter().all(|(_, budget)| *budget > BUDGET));
}

/// The quick rows are hunted again, so that the page cannot tell of another build's scenarios.
#[test]
fn what_the_page_says_of_runs_and_sizes_is_what_a_hunt_says_today() {
    let quick: Vec<Row> = rows().into_iter().filter(|row| row.pair(3).1 <= 30).collect();
    assert!(quick.len() >= 4, "only {} defects are found at once", quick.len());
    let ids = quick.iter().map(|row| row.id().to_owned()).collect();
    let zoo = Zoo { ids, seeds: 0..21, runs_max: BUDGET, jobs: 2 };
    let exams = zoo.run(&reversim::run, &|| Duration::ZERO, &|_, _| {}).expect("a canary");
    for (row, exam) in quick.iter().zip(&exams) {
        let (runs, faults, steps) = (exam.runs(), exam.faults(), exam.steps());
        let today = [
            (runs.median, runs.worst),
            (faults.median as u64, faults.worst as u64),
            (steps.median as u64, steps.worst as u64),
        ];
        let page = [row.pair(3), row.pair(5), row.pair(6)];
        assert_eq!(page, today, "{}; make it anew: {COMMAND}", row.id());
    }
}

#[test]
fn a_defect_that_is_not_found_within_its_budget_fails_loudly() {
    let output = reversim(&["zoo", "I20", "T02", "--runs", "2"]);
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains("not found within its budget: I20 (seed 0)"), "{words}");
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(table.contains("1 of 2 defects found"), "{table}");
}

#[test]
fn a_found_defect_is_told_with_its_runs_its_claim_and_its_size() {
    let output = reversim(&["zoo", "T01", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0));
    let rows: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let row = &rows[0];
    assert_eq!((row["id"].as_str(), row["found"].as_bool()), (Some("T01"), Some(true)));
    assert_eq!(row["invariant"], "no-unreversed-debit");
    for key in ["runs", "seconds", "shrunk_faults", "shrunk_steps"] {
        assert!(row[key].is_number(), "{key}: {row}");
    }
    let replay = row["replay"].as_str().expect("a command");
    let words: Vec<&str> = replay.split(' ').skip(1).collect();
    assert_eq!(reversim(&words).status.code(), Some(1), "{replay}");
}

#[test]
fn seeds_beyond_what_a_zoo_takes_are_refused() {
    for seeds in ["0..", "0..1001", "99999999999999..99999999999999999"] {
        let output = reversim(&["zoo", "T01", "--seeds", seeds]);
        assert_eq!(output.status.code(), Some(64), "{seeds}");
    }
}
