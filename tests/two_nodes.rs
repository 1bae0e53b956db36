//! Two nodes of a clearing house over one store, one of which stands still: what the store holds in
//! the end, and what it would hold if writes carried no fence.

use reversim::file::parse;
use reversim::history::{History, What};
use reversim::run::{Outcome, Run};
use reversim::scenario::Scenario;
use reversim_models::record::{ClearingRecord, Record};

const CASE: &str = include_str!(
    "scenarios/a-node-that-stood-still-for-longer-than-its-lease-writes-nothing-any-more.toml"
);

fn case(defects: &[&str]) -> Run {
    let scenario = parse("case", CASE.as_bytes()).expect("a kept case is read");
    let defects = defects.iter().map(|id| (*id).to_owned()).collect();
    reversim::run(&Scenario { defects, ..scenario })
}

fn records(history: &History) -> impl Iterator<Item = &ClearingRecord> {
    history.entries.iter().filter_map(|entry| match &entry.what {
        What::Recorded(Record::Clearing(record)) => Some(record),
        _ => None,
    })
}

/// Leases, refused writes and files that hold something, in order: `1` is the first node.
fn told(run: &Run) -> Vec<String> {
    let words = records(&run.history).filter_map(|record| match record {
        ClearingRecord::LeaseTaken { node, fence, .. } => {
            Some(format!("node {} has fence {fence}", node + 1))
        }
        ClearingRecord::WriteRefused { node, fence } => {
            Some(format!("node {} is refused with fence {fence}", node + 1))
        }
        ClearingRecord::PresentmentBuilt { entries, .. } if !entries.is_empty() => {
            Some("presented".to_owned())
        }
        ClearingRecord::PayoutBuilt { lines, .. } if !lines.is_empty() => Some("paid".to_owned()),
        _ => None,
    });
    words.collect()
}

/// What merchants are paid in all, minor units, fees included.
fn paid(run: &Run) -> i64 {
    let lines = records(&run.history).filter_map(|record| match record {
        ClearingRecord::PayoutBuilt { lines, .. } => Some(lines),
        _ => None,
    });
    lines.flatten().map(|line| line.net + line.fee).sum()
}

#[test]
fn the_other_node_does_the_work_and_the_first_is_stopped_by_its_fence() {
    let run = case(&[]);
    assert_eq!((run.outcome(), run.violation()), (Outcome::Holds, None));
    let told = told(&run);
    let first_date = [
        "node 1 has fence 1",
        "node 2 has fence 2",
        "presented",
        "paid",
        "node 1 is refused with fence 1",
    ];
    assert_eq!(told[..5], first_date, "{told:?}");
    assert!(!told[5..].iter().any(|word| word == "presented" || word == "paid"), "{told:?}");
    assert_eq!(paid(&run), 50_000);
}

#[test]
fn without_the_fence_it_presents_and_pays_once_more() {
    let run = case(&["B03"]);
    let violation = run.violation().expect("presented twice");
    assert_eq!(violation.invariant, "at-most-once-settlement");
    let told = told(&run);
    assert_eq!(told.iter().filter(|word| *word == "presented").count(), 2, "{told:?}");
    assert_eq!(paid(&run), 100_000);
    // Both took their leases one after the other: it is the write that nobody looked at.
    assert_eq!(told[..2], ["node 1 has fence 1", "node 2 has fence 2"]);
}

#[test]
fn one_node_has_nothing_to_stand_still_for() {
    let mut scenario = parse("case", CASE.as_bytes()).expect("a kept case is read");
    scenario.topology.clearing = 1;
    let run = reversim::run(&scenario);
    assert_eq!((run.violation(), &run.idle_faults[..]), (None, &[0][..]));
    assert!(told(&run).iter().all(|word| word == "presented" || word == "paid"));
}
