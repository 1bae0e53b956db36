//! A search over fixed seeds judges healthy parties from outside, by what the harness alone sees.
//!
//! With the stories and the exhaustive sets this is the jury of mutation testing (docs/mutants.md):
//! it knows no party's inside, so a change of a party that it cannot see is one that no user of the
//! harness would see either.

use reversim::generate::Profile;
use reversim::mark::Mark;
use reversim::search::Campaign;
use reversim::search::campaign::Report;

/// Seeds of the search over everything: mutation testing asks for more with `JURY_SEEDS`.
fn seeds() -> u64 {
    match std::env::var("JURY_SEEDS") {
        Ok(number) => number.parse().expect("JURY_SEEDS is a number"),
        Err(_) => 2_000,
    }
}

fn search(profile: Profile, seeds: u64) -> Report {
    let campaign = Campaign { profile, seeds: 0..seeds, jobs: 2, ..Campaign::default() };
    campaign.run(&reversim::run, &mut |_| {}).expect("two threads can be started")
}

fn is_clean(profile: Profile, report: &Report) {
    let first = report.violations.first().map(|found| (&found.sentence, &found.shrunk.scenario));
    assert_eq!(first, None, "{profile}");
    assert_eq!(report.internal_errors, [], "{profile}");
}

#[test]
fn a_fixed_search_is_clean_and_exercises_every_claim_and_mark() {
    let report = search(Profile::Mix, seeds());
    is_clean(Profile::Mix, &report);
    for mark in Mark::ALL {
        assert!(report.statistics.marks.contains_key(mark.name()), "never seen: {}", mark.name());
    }
    for (name, tally) in &report.statistics.invariants {
        assert!(tally.checked > 0, "nothing exercised {name}");
    }
    // Sales that are all declined, or faults that find nothing to hit, keep the books too.
    let statistics = &report.statistics;
    assert!(statistics.scenarios_with_fired_fault * 10 > statistics.scenarios * 9);
    let approved = statistics.invariants["no-unpaid-approval"].checked;
    assert!(approved * 2 > statistics.scenarios, "{approved} approved sales are too few");
}

#[test]
fn a_fixed_search_of_each_profile_is_clean() {
    for profile in Profile::ALL {
        is_clean(profile, &search(profile, seeds() / 8));
    }
}
