//! The search finds every planted defect by its consequences, and names the right claim;
//! what it keeps of each is small to the last fault and the last step.
//!
//! Each is searched for through the public API until its claim breaks for the first time; the same
//! seeds, without the defect, break nothing.

use reversim::Run;
use reversim::report::faults::describe_fault;
use reversim::report::words::describe_step;
use reversim::scenario::Scenario;
use reversim::search::shrink::contradiction;
use reversim::search::{Campaign, Report, Shrunk};
use reversim_models::defect::Defect;

/// Seeds after which the search for one defect gives up.
const SEEDS_MAX: u64 = 6_000;

/// Searches until the claim that the defect is known to break is broken.
fn search(defect: Defect) -> Report {
    let invariant = defect.describe().breaks;
    let only_it = |scenario: &Scenario| -> Run {
        let mut run = reversim::run(scenario);
        run.findings.retain(|finding| finding.name == invariant);
        run
    };
    let campaign = Campaign {
        seeds: 0..SEEDS_MAX,
        defects: vec![defect.to_string()],
        jobs: 2,
        ..Campaign::default()
    };
    campaign.run(&only_it, &mut |_| {}).expect("two threads can be started")
}

/// How the search for a defect failed, if it did, and the seed that it needed.
fn outcome(defect: Defect) -> Result<u64, String> {
    let breaks = defect.describe().breaks;
    let report = search(defect);
    if let Some(error) = report.internal_errors.first() {
        return Err(format!("{defect}: {error}"));
    }
    let Some(found) = report.violations.first() else {
        return Err(format!("{defect}: {breaks} held for {} seeds", report.seeds_end));
    };
    let mut healthy = found.shortest.shrunk.scenario.clone();
    healthy.defects.clear();
    match reversim::run(&healthy).violation() {
        Some(violation) => Err(format!("{defect}: without it there is still {violation}")),
        None if !found.shortest.shrunk.is_minimal => {
            Err(format!("{defect}: seed {} did not shrink", found.seed))
        }
        None => match removable(&found.shortest.shrunk, breaks) {
            Some(item) => Err(format!("{defect}: shrunk, and could still do without {item}")),
            None => Ok(found.seed),
        },
    }
}

/// A fault or a step without which the same claim still breaks in the same way.
fn removable(shrunk: &Shrunk, invariant: &str) -> Option<String> {
    let how = |scenario: &Scenario| contradiction(scenario, invariant, &reversim::run);
    let whole = how(&shrunk.scenario);
    let breaks_alike = |change: &dyn Fn(&mut Scenario)| {
        let mut less = shrunk.scenario.clone();
        change(&mut less);
        how(&less) == whole
    };
    let (faults, steps) = (0..shrunk.scenario.faults.len(), 0..shrunk.scenario.steps.len());
    let mut faults = faults.filter(|i| breaks_alike(&|s| _ = s.faults.remove(*i)));
    let mut steps = steps.filter(|i| breaks_alike(&|s| _ = s.steps.remove(*i)));
    let fault = faults.next().map(|index| describe_fault(&shrunk.scenario.faults[index]));
    fault.or_else(|| {
        steps.next().map(|index| {
            let currency = shrunk.scenario.currency();
            describe_step(&shrunk.scenario.steps[index], currency)
        })
    })
}

#[test]
fn every_defect_is_found_and_breaks_the_claim_that_its_description_names() {
    let failures = Defect::ALL.iter().filter_map(|defect| outcome(*defect).err());
    let failures: Vec<String> = failures.collect();
    assert!(failures.is_empty(), "\n  {}", failures.join("\n  "));
}

#[test]
fn the_same_seeds_break_nothing_without_a_defect() {
    let campaign =
        Campaign { seeds: 0..SEEDS_MAX, jobs: 2, keep_going: true, ..Campaign::default() };
    let report = campaign.run(&reversim::run, &mut |_| {}).expect("two threads can be started");
    let broken = report
        .violations
        .iter()
        .map(|found| format!("{}: {}", found.seed, found.shortest.sentence));
    assert_eq!(broken.collect::<Vec<_>>(), [""; 0]);
    assert_eq!(report.internal_errors, []);
    assert_eq!(report.statistics.scenarios, SEEDS_MAX);
}
