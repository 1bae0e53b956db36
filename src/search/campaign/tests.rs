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

/// What a search hands out, as long as it may.
fn kept(campaign: &Campaign, done: Vec<Block>, play: &Play<'_>, most: usize) -> Vec<Block> {
    let mut blocks = done.clone();
    let mut keep = |block: &Block| {
        blocks.push(block.clone());
        if blocks.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    campaign.resume(play, done, &mut keep, &mut |_| {}).expect("threads start");
    blocks
}

#[test]
fn a_search_that_was_cut_off_goes_on_where_it_was_and_says_the_same() {
    let play = fake::breaking("a-claim", loses_an_answer);
    let campaign = Campaign { seeds: 0..900, keep_going: true, jobs: 2, ..Campaign::default() };
    let whole = run(&campaign, &play);
    let first = kept(&campaign, Vec::new(), &play, 5);
    assert_eq!(first.len(), 5, "the rest was not handed out");
    let runs = std::sync::atomic::AtomicU64::new(0);
    let counting = |scenario: &Scenario| {
        runs.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        play(scenario)
    };
    let all = kept(&campaign, first, &counting, usize::MAX);
    let (report, missing) = campaign.add_up(all.clone());
    assert_eq!((report.statistics, report.violations), (whole.statistics, whole.violations));
    assert_eq!((report.seeds_end, missing.len()), (900, 0));
    runs.store(0, std::sync::atomic::Ordering::Relaxed);
    let again = campaign.resume(
        &counting,
        all,
        &mut |block| panic!("block {} was done", block.number),
        &mut |_| {},
    );
    assert_eq!(again.expect("threads start").statistics.scenarios, 900);
    assert_eq!(runs.into_inner(), 0);
}

#[test]
fn shards_that_stop_at_a_find_add_up_to_what_one_machine_stops_with() {
    let play = fake::breaking("a-claim", |scenario| {
        loses_an_answer(scenario) && scenario.faults.len() == 1
    });
    let campaign = Campaign { seeds: 0..50_000, ..Campaign::default() };
    let whole = run(&campaign, &play);
    let parts = (1..=3).flat_map(|number| {
        kept(&Campaign { shard: (number, 3), ..campaign.clone() }, Vec::new(), &play, usize::MAX)
    });
    let (report, missing) = campaign.add_up(parts.collect());
    assert_eq!(missing, []);
    assert_eq!(report.violations, whole.violations);
    assert_eq!((report.statistics, report.seeds_end), (whole.statistics, whole.seeds_end));
}

#[test]
fn what_is_known_ends_no_search_and_is_still_counted() {
    let play = fake::breaking("a-claim", loses_an_answer);
    let all = Campaign { seeds: 0..400, keep_going: true, ..Campaign::default() };
    let known = run(&all, &play).violations.iter().map(|found| found.fingerprint).collect();
    let campaign = Campaign { known, keep_going: false, ..all };
    let report = run(&campaign, &play);
    assert_eq!((report.statistics.scenarios, report.seeds_end), (400, 400));
    assert!(!report.violations.is_empty());
}

#[test]
fn a_block_read_back_is_the_block() {
    let invariant = crate::invariant::find("S1").expect("S1 is the first of all claims").name;
    let play = fake::breaking(invariant, loses_an_answer);
    let campaign = Campaign { seeds: 0..300, keep_going: true, ..Campaign::default() };
    let blocks = kept(&campaign, Vec::new(), &play, usize::MAX);
    assert!(blocks.iter().any(|block| !block.violations.is_empty()));
    for mut block in blocks {
        // The world of these tests has a code of its own.
        for found in &mut block.violations {
            found.code = "S1";
        }
        block.statistics.invariants.retain(|name, _| *name == invariant);
        block.statistics.invariants.values_mut().for_each(|tally| tally.code = "S1");
        let text = serde_json::to_string(&block).expect("it is written");
        assert_eq!(serde_json::from_str::<Block>(&text).expect("it is read"), block);
        let other = text.replace("no-unreversed-debit", "no-such-claim");
        let error = serde_json::from_str::<Block>(&other);
        assert!(text == other || error.is_err(), "names of another build are refused");
    }
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
    let [InternalError::NoVerdict { seed: 7, message }] = &report.internal_errors[..] else {
        panic!("{:?}", report.internal_errors)
    };
    assert_eq!(message, "a party panicked: seven");
    assert_eq!(report.statistics.scenarios, 19);
}

#[test]
fn no_time_left_means_no_seed_is_run() {
    let play = fake::breaking("a-claim", |_| false);
    let time_limit = Some(Duration::ZERO);
    let report = run(&Campaign { time_limit, ..Campaign::default() }, &play);
    assert_eq!((report.statistics.scenarios, report.seeds_end), (0, 0));
}
