//! Campaigns over a world that is only a predicate.

use super::super::fake;
use super::*;
use crate::fault::Fault;

fn loses_an_answer(scenario: &Scenario) -> bool {
    scenario
        .faults
        .iter()
        .any(|fault| matches!(fault, Fault::Drop(on) if on.mti.to_string() == "0210"))
}

fn run(campaign: &Campaign, play: &Play<'_>) -> Report {
    campaign.run(play, &mut |_| {}).expect("threads start")
}

#[test]
fn any_number_of_threads_gives_the_same_report() {
    let play = fake::breaking("a-claim", loses_an_answer);
    let reports: Vec<Report> = [1, 2, 5]
        .into_iter()
        .map(|jobs| {
            let seeds = 0..700;
            run(&Campaign { seeds, jobs, keep_going: true, ..Campaign::default() }, &play)
        })
        .collect();
    for report in &reports[1..] {
        assert_eq!(report.statistics, reports[0].statistics);
        assert_eq!(report.violations, reports[0].violations);
        assert_eq!(report.seeds_end, 700);
    }
    assert_eq!(reports[0].statistics.scenarios, 700);
    let tally = reports[0].statistics.invariants["a-claim"];
    assert!(tally.violated > 10 && tally.violated + tally.holds == 700, "{tally:?}");
}

#[test]
fn equal_failures_are_reported_once_with_the_first_seed_and_shrunk() {
    let play = fake::breaking("a-claim", loses_an_answer);
    let campaign = Campaign { seeds: 0..400, keep_going: true, ..Campaign::default() };
    let report = run(&campaign, &play);
    let mut fingerprints: Vec<_> = report.violations.iter().map(|v| v.fingerprint).collect();
    fingerprints.dedup();
    assert!(report.violations.len() <= 4, "0210 travels on four kinds of leg");
    assert_eq!(fingerprints.len(), report.violations.len());
    let seeds: Vec<u64> = report.violations.iter().map(|v| v.seed).collect();
    assert!(seeds.is_sorted());
    for violation in &report.violations {
        assert_eq!(violation.shortest.shrunk.scenario.faults.len(), 1);
        assert!(violation.shortest.shrunk.scenario.steps.is_empty());
        assert!(violation.shortest.seed >= violation.seed && violation.occurrences > 0);
    }
}

#[test]
fn without_keep_going_the_first_block_with_a_violation_is_the_last() {
    let play = fake::breaking("a-claim", loses_an_answer);
    let report = run(&Campaign { seeds: 0..100_000, ..Campaign::default() }, &play);
    assert_eq!((report.statistics.scenarios, report.seeds_end), (32, 32));
    assert_eq!(report.violations.len(), 1);
}

#[test]
fn shards_add_up_to_the_whole() {
    let play = fake::breaking("a-claim", |_| false);
    let seeds = 10..311;
    let whole = run(&Campaign { seeds: seeds.clone(), ..Campaign::default() }, &play);
    let mut sum = Statistics::default();
    for number in 1..=3 {
        let shard = (number, 3);
        let part = run(&Campaign { seeds: seeds.clone(), shard, ..Campaign::default() }, &play);
        assert!(part.statistics.scenarios >= 90);
        sum.merge(&part.statistics);
    }
    assert_eq!(sum, whole.statistics);
}

#[test]
fn a_world_that_answers_the_same_scenario_differently_is_an_internal_error() {
    let counter = std::sync::atomic::AtomicU64::new(0);
    let play = |scenario: &Scenario| {
        let mut run = fake::run(scenario, None);
        run.digest = Digest(counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        run
    };
    let campaign = Campaign { seeds: 0..400, keep_going: true, jobs: 1, ..Campaign::default() };
    let report = run(&campaign, &play);
    assert!(!report.internal_errors.is_empty() && report.violations.is_empty());
}

#[test]
fn a_panic_is_reported_with_its_seed() {
    let play = |scenario: &Scenario| {
        assert!(scenario.seed != 7, "seven");
        fake::run(scenario, None)
    };
    let report = run(&Campaign { seeds: 0..20, ..Campaign::default() }, &play);
    let [InternalError::Panicked { seed: 7, message }] = &report.internal_errors[..] else {
        panic!("{:?}", report.internal_errors)
    };
    assert_eq!(message, "seven");
    assert_eq!(report.statistics.scenarios, 19);
}

#[test]
fn no_time_left_means_no_seed_is_run() {
    let play = fake::breaking("a-claim", |_| false);
    let time_limit = Some(Duration::ZERO);
    let report = run(&Campaign { time_limit, ..Campaign::default() }, &play);
    assert_eq!((report.statistics.scenarios, report.seeds_end), (0, 0));
}
