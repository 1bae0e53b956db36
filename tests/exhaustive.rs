//! Nothing that can go wrong once, and no core pair of faults, loses money on the everyday flows.
//!
//! Certificates through the public API; each is small enough for every test run.

use reversim::file::set;
use reversim::generate::WEAK_PEERS;
use reversim::search::explore::{FLOWS, flow};
use reversim::search::{Alphabet, Certificate, Exploration};

fn explore(name: &str, alphabet: Alphabet, faults: u8, defects: &[&str]) -> Certificate {
    let mut base = flow(name).unwrap_or_else(|| panic!("there is no flow {name}"));
    base.defects = defects.iter().map(|id| (*id).to_owned()).collect();
    let exploration = Exploration { name: name.to_owned(), base, alphabet, faults, jobs: 2 };
    exploration.run(&reversim::run, &|_| {}).expect("two threads can be started")
}

/// Nothing was broken, nothing panicked, and every placement was run or pruned for a reason.
fn is_clean_and_complete(certificate: &Certificate) {
    let Certificate { flow, violations, panics, .. } = certificate;
    let first = violations.first().map(|violating| (&violating.sentence, &violating.scenario));
    assert_eq!(first, None, "{flow}");
    assert_eq!(panics, &[], "{flow}");
    let pruned = certificate.pruned.total();
    assert_eq!(certificate.runs, certificate.placements - pruned + 1, "{flow}");
    // A placement that hits nothing proves nothing: they are the exception, not the rule.
    assert!(
        certificate.idle * 5 < certificate.runs,
        "{flow}: {} idle of {}",
        certificate.idle,
        certificate.runs
    );
    let least = certificate.messages * u64::from(certificate.faults);
    assert!(certificate.runs > least, "{flow}: {} runs", certificate.runs);
}

#[test]
fn no_single_fault_of_any_kind_loses_money() {
    for name in FLOWS {
        is_clean_and_complete(&explore(name, Alphabet::Full, 1, &[]));
    }
}

/// Each policy that a search draws, beside correct parties, on the flow with most in it.
#[test]
fn no_single_fault_beside_a_weak_peer_loses_money() {
    for peers in WEAK_PEERS {
        let mut base = flow("upload").expect("it is a flow");
        for assignment in *peers {
            base = set(&base, assignment).expect("it sets a value that there is");
        }
        let name = format!("upload, {}", peers.join(" "));
        let alphabet = Alphabet::Full;
        let exploration = Exploration { name, base, alphabet, faults: 1, jobs: 2 };
        let certificate = exploration.run(&reversim::run, &|_| {}).expect("threads start");
        let first = certificate.violations.first().map(|violating| &violating.scenario);
        assert_eq!((first, &certificate.panics[..]), (None, &[][..]), "{peers:?}");
    }
}

#[test]
fn no_pair_of_core_faults_loses_money() {
    for name in PAIRED {
        is_clean_and_complete(&explore(name, Alphabet::Core, 2, &[]));
    }
}

/// Without decimals, and with three.
#[test]
fn no_pair_of_core_faults_loses_money_in_another_currency() {
    for currency in ["JPY", "KWD"] {
        let base = flow("sale").expect("it is a flow");
        let base = set(&base, &format!("currency={currency}")).expect("it is known");
        let (name, alphabet) = (format!("sale, {currency}"), Alphabet::Core);
        let exploration = Exploration { name, base, alphabet, faults: 2, jobs: 2 };
        let certificate = exploration.run(&reversim::run, &|_| {}).expect("threads start");
        is_clean_and_complete(&certificate);
    }
}

/// The flows that are explored in pairs here; all of them are, in full, before a release.
const PAIRED: [&str; 7] = [
    "sale",
    "sale+inquiry",
    "sale+settlement",
    "refund",
    "refund-passed-through",
    "echo",
    "two-switches",
];

#[test]
fn a_certificate_can_be_recomputed() {
    let [one, two] = [1, 2].map(|jobs| {
        let base = flow("sale+inquiry").expect("it is a flow");
        let name = "sale+inquiry".to_owned();
        let exploration = Exploration { name, base, alphabet: Alphabet::Core, faults: 1, jobs };
        exploration.run(&reversim::run, &|_| {}).expect("threads can be started")
    });
    assert_eq!(one, Certificate { elapsed: one.elapsed, ..two });
}

#[test]
fn a_terminal_without_reversals_is_found_with_one_fault() {
    let certificate = explore("sale", Alphabet::Core, 1, &["T01"]);
    let found = certificate.violations.iter().find(|v| v.invariant == "no-unreversed-debit");
    let found = found.expect("a lost answer is one of the faults");
    assert_eq!(found.scenario.faults.len(), 1);
    assert!(certificate.violating_runs < certificate.runs, "without a fault nothing is wrong");
}
