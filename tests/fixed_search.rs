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
    let first = report
        .violations
        .first()
        .map(|found| (&found.shortest.sentence, &found.shortest.shrunk.scenario));
    assert_eq!(first, None, "{profile}");
    assert_eq!(report.internal_errors, [], "{profile}");
}

/// How often, in two thousand scenarios, what is not rare happens: parties that give up too early,
/// never repeat, or refuse what they should serve are safe, and show here.
const USUAL: [(&str, u64); 16] = [
    ("batch-upload-after-imbalance", 69),
    ("cutover-in-flight", 101),
    ("duplicate-answered-from-store", 85),
    ("exception-item-opened", 314),
    ("key-changed-in-flight", 249),
    ("late-approval-absorbed", 68),
    ("power-lost-between-record-and-send", 207),
    ("printer-failed-after-approval", 59),
    ("record-torn", 86),
    ("reversal-budget-exhausted", 240),
    ("reversal-of-unknown-original", 366),
    ("saf-repeat-sent", 135),
    ("same-stan-on-two-terminals", 185),
    ("slow-commit-overtaken", 343),
    ("stan-wrapped", 489),
    ("unsigned-decline-seen", 131),
];

#[test]
fn a_fixed_search_is_clean_and_exercises_every_claim_and_mark() {
    let report = search(Profile::Mix, seeds());
    is_clean(Profile::Mix, &report);
    for mark in Mark::ALL {
        assert!(report.statistics.marks.contains_key(mark.name()), "never seen: {}", mark.name());
    }
    for (mark, usual) in USUAL {
        let (seen, usual) = (report.statistics.marks[mark] * 2_000, usual * seeds());
        let is_usual = seen * 10 > usual * 6 && seen * 10 < usual * 16;
        assert!(is_usual, "{mark}: {} of {}", seen / 2_000, usual / 2_000);
    }
    for (name, tally) in &report.statistics.invariants {
        // Nobody here is a stranger: `own_books` has one.
        let is_about_strangers = *name == "own-books-agree";
        assert!(tally.checked > 0 || is_about_strangers, "nothing exercised {name}");
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
