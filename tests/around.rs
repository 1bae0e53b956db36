//! The campaign around a slow system, played in the simulator: how few runs it needs, and what it
//! makes of what it finds. Sockets are elsewhere.

use reversim::party::Party;
use reversim::run;
use reversim::scenario::Scenario;
use reversim::search::explore::flow;
use reversim::search::{Around, AroundReport};

fn around(defects: &[&str]) -> Around {
    let defects = defects.iter().map(|id| (*id).to_owned()).collect();
    let base = Scenario { defects, ..flow("sale+inquiry").expect("it is a flow") };
    Around { base, seed: 1, faults: 3, system: Party::switch(1), has_power_switch: true }
}

fn searched(around: &Around, runs: u64) -> AroundReport<String> {
    around.run(&mut |s| Ok(run(s)), &mut |done| done < runs).expect("the simulator always runs")
}

#[test]
fn a_switch_that_forgets_a_late_approval_is_found_in_a_dozen_runs_and_made_small() {
    let around = around(&["W02"]);
    let report = searched(&around, 12);
    let found = report.found().expect("it breaks a claim");
    let mut play = |scenario: &Scenario| Ok::<_, String>(run(scenario));
    let case = around.shrink(&report, &mut play, &mut |_| true).expect("it breaks");
    assert_eq!(case.repeats, (5, 5));
    assert_eq!(case.violation.invariant, "no-unreversed-debit");
    assert!(case.scenario.faults.len() <= 2, "{:?}", case.scenario.faults);
    assert!(case.scenario.steps.len() < found.steps.len(), "the inquiry is not needed");
}

#[test]
fn a_healthy_switch_stays_clean_and_no_run_is_played_twice() {
    let mut played = Vec::new();
    let around = around(&[]);
    let mut play = |scenario: &Scenario| {
        played.push(scenario.faults.clone());
        Ok::<_, String>(run(scenario))
    };
    let report = around.run(&mut play, &mut |done| done < 300).expect("it runs");
    assert_eq!((report.runs, report.found(), report.stopped.as_ref()), (300, None, None));
    played.iter_mut().for_each(|set| set.sort());
    played.sort();
    played.dedup();
    assert_eq!(played.len(), 300);
}

#[test]
fn a_run_that_does_not_end_is_kept_with_its_faults() {
    let around = around(&[]);
    let mut play = |scenario: &Scenario| match scenario.faults.len() {
        0 => Ok(run(scenario)),
        _ => Err("it hangs".to_owned()),
    };
    let report = around.run(&mut play, &mut |_| true).expect("the first run ends");
    let (scenario, why) = report.stopped.expect("the second does not");
    assert_eq!((scenario.faults.len(), why.as_str(), report.runs), (1, "it hangs", 1));
}

#[test]
fn a_system_that_ends_by_itself_ends_the_campaign_and_its_run_is_kept_with_its_faults() {
    let around = around(&[]);
    let mut play = |scenario: &Scenario| {
        let mut run = run(scenario);
        run.ended = (!scenario.faults.is_empty()).then(|| "exit status: 3".to_owned());
        Ok::<_, String>(run)
    };
    let report = around.run(&mut play, &mut |_| true).expect("both runs end");
    assert_eq!((report.runs, report.scenario.faults.len()), (2, 1));
    assert_eq!(report.last.ended.as_deref(), Some("exit status: 3"));
    assert_eq!((report.found(), report.stopped.as_ref()), (None, None));
}
