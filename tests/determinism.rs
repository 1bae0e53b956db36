//! Same seeds, same build: the same histories, whoever runs them, how often, on how many threads.

use reversim::generate::{Profile, scenario};
use reversim::run::Digest;
use reversim::scenario::Scenario;
use reversim::search::Campaign;
use reversim_models::security::memo;
use std::process::Command;

const SEEDS: std::ops::Range<u64> = 100..400;

fn digest_with(jobs: usize) -> Digest {
    let campaign = Campaign { seeds: SEEDS, jobs, keep_going: true, ..Campaign::default() };
    let report = campaign.run(&reversim::run, &mut |_| {}).expect("threads can be started");
    assert_eq!(report.statistics.scenarios, SEEDS.end - SEEDS.start);
    report.statistics.digest
}

/// The digest that a process of its own prints.
fn digest_of_process(jobs: &str, seeds: &str) -> String {
    let place = tempfile::tempdir().expect("a temporary directory can be made");
    let output = Command::new(env!("CARGO_BIN_EXE_reversim"))
        .args(["search", "--format", "json", "--seeds", seeds, "--jobs", jobs])
        .current_dir(place.path())
        .output()
        .expect("the program of this build can be started");
    let said = serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("it is JSON");
    said["digest"].as_str().expect("a search has a digest").to_owned()
}

#[test]
fn one_thread_two_threads_and_two_processes_see_the_same_histories() {
    let one = digest_with(1);
    assert_eq!(one, digest_with(2));
    let seeds = format!("{}..{}", SEEDS.start, SEEDS.end);
    assert_eq!(one.to_string(), digest_of_process("1", &seeds));
    assert_eq!(one.to_string(), digest_of_process("2", &seeds));
}

#[test]
fn other_seeds_have_another_digest() {
    assert_ne!(digest_of_process("2", "0..20"), digest_of_process("2", "1..21"));
}

#[test]
fn a_run_repeated_is_the_same_run() {
    for seed in SEEDS {
        let scenario = scenario(Profile::Mix, seed);
        let [first, second] = [reversim::run(&scenario), reversim::run(&scenario)];
        assert_eq!(first.digest, second.digest, "seed {seed}");
        assert_eq!(first.history.entries, second.history.entries, "seed {seed}");
        assert_eq!(first.findings, second.findings, "seed {seed}");
        assert_eq!((first.marks, first.counts), (second.marks, second.counts), "seed {seed}");
    }
}

#[test]
fn remembered_ciphers_change_nothing() {
    let digests = || SEEDS.map(|seed| reversim::run(&scenario(Profile::Mix, seed)).digest);
    memo::set_capacity(0);
    let computed: Vec<Digest> = digests().collect();
    // Small, so that forgetting is part of it.
    memo::set_capacity(64);
    let remembered: Vec<Digest> = digests().collect();
    assert!(memo::statistics().hits > 1_000, "the memo was in use");
    memo::set_capacity(0);
    assert_eq!(computed, remembered);
}

#[test]
fn a_fault_that_hits_nothing_changes_nothing_but_the_list_of_idle_ones() {
    let mut removed = 0;
    for seed in SEEDS {
        let whole = scenario(Profile::Mix, seed);
        let run = reversim::run(&whole);
        let Some(&idle) = run.idle_faults.first() else { continue };
        let without = reversim::run(&without(&whole, idle));
        let rest = run.idle_faults.iter().filter(|index| **index != idle);
        let moved = |index: &usize| *index - usize::from(*index > idle);
        assert_eq!(without.idle_faults, rest.map(moved).collect::<Vec<_>>(), "seed {seed}");
        assert_eq!(happened(&without), happened(&run), "seed {seed}");
        assert_eq!(without.findings, run.findings, "seed {seed}");
        assert_eq!((without.marks, without.counts), (run.marks, run.counts), "seed {seed}");
        removed += 1;
    }
    assert!(removed > 20, "only {removed} scenarios have an idle fault");
}

fn without(scenario: &Scenario, fault: usize) -> Scenario {
    let mut scenario = scenario.clone();
    scenario.faults.remove(fault);
    scenario
}

/// Everything that happened. Faults go by their number in the scenario, which a removal moves.
fn happened(run: &reversim::Run) -> Vec<String> {
    let entries = run.history.entries.iter();
    let words = entries.map(|entry| match entry.what {
        reversim::history::What::FaultFired(_) => {
            format!("{:?} {} a fault", entry.at, entry.party)
        }
        _ => format!("{entry:?}"),
    });
    words.collect()
}
