//! What is taken over beside a weak peer is what would have been run: compared, peer by peer.

use super::super::walk::walk;
use super::*;
use crate::file::set;
use crate::generate::WEAK_PEERS;
use crate::run::run;
use std::collections::BTreeSet;

fn alone(name: &str, alphabet: Alphabet) -> Exploration {
    let base = flow(name).expect("a flow by this name");
    Exploration { name: name.to_owned(), base, alphabet, faults: 2, jobs: 2 }
}

fn beside(alone: &Exploration, peers: &[&str]) -> Exploration {
    let weaken = |base: Scenario, peer: &&str| set(&base, peer).expect("it can be set");
    let base = peers.iter().fold(alone.base.clone(), weaken);
    Exploration { base, ..alone.clone() }
}

fn shared(alone: &Exploration, weak: &[Exploration]) -> Shared {
    let peers = weak.iter().map(|exploration| &exploration.base);
    Shared::explore(alone, peers, &run, &mut |_| {}).expect("threads start").0
}

/// The certificate, and every history that was seen or taken over.
fn certify(of: &Exploration, shared: Option<&Shared>) -> (Certificate, BTreeSet<u64>) {
    let seen = Mutex::new(BTreeSet::new());
    let play = |scenario: &Scenario| {
        let run = run(scenario);
        seen.lock().expect("no thread panics").insert(run.digest.0);
        run
    };
    let beside = shared.and_then(|shared| shared.beside(&of.base));
    let certificate = walk(of, &play, None, &mut |_| {}, true, beside).expect("it is the same");
    (certificate, seen.into_inner().expect("no thread panics"))
}

/// Everything that holds for both ways of making a certificate.
fn what_holds(certificate: &Certificate) -> impl PartialEq + std::fmt::Debug + use<> {
    let Certificate { placements, idle, violating_runs, violations, digest, .. } =
        certificate.clone();
    let others = Argument::ALL.into_iter().filter(|argument| *argument != Argument::PolicyNotAsked);
    let pruned: Vec<u64> = others.map(|argument| certificate.pruned[argument]).collect();
    let all = certificate.runs + certificate.pruned[Argument::PolicyNotAsked];
    (placements, pruned, all, idle, violating_runs, violations, digest)
}

#[test]
fn beside_every_weak_peer_the_certificate_is_the_one_that_is_made_in_full() {
    // The second flow has reversals, advices, an upload, and a budget of its own.
    for (name, alphabet, faults) in [("sign-on", Alphabet::Core, 2), ("upload", Alphabet::Core, 1)]
    {
        let alone = Exploration { faults, ..alone(name, alphabet) };
        let weak: Vec<_> = WEAK_PEERS.iter().map(|peers| beside(&alone, peers)).collect();
        let shared = shared(&alone, &weak);
        let (_, histories) = certify(&alone, None);
        let mut taken_over = 0;
        for (peers, weak) in WEAK_PEERS.iter().zip(&weak) {
            let (whole, all_histories) = certify(weak, None);
            let (pruned, mut some) = certify(weak, Some(&shared));
            assert_eq!(what_holds(&pruned), what_holds(&whole), "{name}, {peers:?}");
            let is_shared = Shared::is_possible(&alone.base, &weak.base);
            assert_eq!(pruned.pruned[Argument::PolicyNotAsked] > 0, is_shared, "{peers:?}");
            if is_shared {
                some.extend(histories.intersection(&all_histories));
            }
            assert_eq!(some, all_histories, "{name}, {peers:?}: the same distinct histories");
            taken_over += pruned.pruned[Argument::PolicyNotAsked];
        }
        assert!(taken_over > 1_000, "{name}: {taken_over}");
    }
}

#[test]
fn a_defect_breaks_the_same_beside_a_weak_peer_with_and_without_taking_over() {
    // Defect W06 never gives an advice up: judges who know of fewer tries see that earlier.
    let mut alone = Exploration { faults: 1, ..alone("sale", Alphabet::Full) };
    alone.base.defects = vec!["W06".to_owned()];
    let weak = [beside(&alone, &["saf-attempts=1"]), beside(&alone, &["reversal-attempts=1"])];
    let shared = shared(&alone, &weak);
    for weak in &weak {
        let ((pruned, _), (whole, _)) = (certify(weak, Some(&shared)), certify(weak, None));
        assert!(pruned.pruned[Argument::PolicyNotAsked] > 0 && whole.violating_runs > 0);
        assert_eq!(what_holds(&pruned), what_holds(&whole));
    }
}

#[test]
fn a_party_that_asks_without_saying_so_is_found_out() {
    let alone = Exploration { faults: 1, ..alone("sale", Alphabet::Full) };
    let weak = beside(&alone, &["switch-timeout-code=96"]);
    let shared = shared(&alone, std::slice::from_ref(&weak));
    // Beside the weak peer every run is another one, and nobody noted a question.
    let play = |scenario: &Scenario| {
        let mut run = run(scenario);
        run.digest.0 ^= 1;
        run
    };
    let wrong = weak.go_on(&play, None, Some(&shared), &mut |_| {});
    assert!(matches!(wrong, Err(ExploreError::NotTheSame(_))));
}

#[test]
fn only_settings_that_are_asked_for_let_runs_be_taken_over() {
    let alone = alone("sale", Alphabet::Core);
    let is_possible = |peer: &str| Shared::is_possible(&alone.base, &beside(&alone, &[peer]).base);
    let shared = WEAK_PEERS.iter().filter(|peers| peers.iter().all(|peer| is_possible(peer)));
    assert_eq!(shared.count(), 34);
    for peer in ["pin=false", "network-mac=x9.9", "timing.think-ms=0", "topology.pool=2"] {
        assert!(!is_possible(peer), "{peer}");
    }
}
