//! What pruning leaves out is nothing new: compared, on small flows, with the unpruned set.

use super::super::walk::walk;
use super::*;
use crate::history::What;
use crate::run::{Run, run};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What the parties did and what happened to them. That a fault was there, and that a clock was
/// moved, is no party's business before it shows.
fn lived(run: &Run) -> u64 {
    let mut hasher = DefaultHasher::new();
    let is_own = |what: &What| !matches!(what, What::FaultFired(_) | What::ClockStepped(_));
    for entry in run.history.entries.iter().filter(|entry| is_own(&entry.what)) {
        // A delivery and a loss name the sending by its place in the history.
        let mut what = entry.what.clone();
        if let What::Delivered { sent, .. } | What::Lost { sent, .. } = &mut what {
            *sent = 0;
        }
        (entry.at, entry.party, entry.ticket, what).hash(&mut hasher);
    }
    hasher.finish()
}

/// What was lived through, each with a set of faults that leads to it.
type Lives = BTreeMap<u64, Vec<Fault>>;
/// The certificate, what was lived through, and what was broken.
type Explored = (Certificate, Lives, BTreeSet<&'static str>);

fn explored(name: &str, alphabet: Alphabet, defects: &[&str], prunes: bool) -> Explored {
    let mut base = flow(name).expect("a flow by this name");
    base.defects = defects.iter().map(|id| (*id).to_owned()).collect();
    let exploration = Exploration { name: name.to_owned(), base, alphabet, faults: 2, jobs: 2 };
    let lives = Mutex::new(Lives::new());
    let play = |scenario: &Scenario| {
        let run = run(scenario);
        let mut lives = lives.lock().expect("no thread panics");
        lives.entry(lived(&run)).or_insert_with(|| scenario.faults.clone());
        run
    };
    let certificate =
        walk(&exploration, &play, None, &mut |_| {}, prunes, None).expect("threads start");
    let broken = certificate.violations.iter().map(|violating| violating.invariant).collect();
    (certificate, lives.into_inner().expect("no thread panics"), broken)
}

/// How many lives only the unpruned set knows, and the faults that lead to one of them.
fn missing<'a>(pruned: &Lives, whole: &'a Lives) -> Option<(usize, &'a Vec<Fault>)> {
    assert!(pruned.keys().all(|life| whole.contains_key(life)), "pruning adds nothing");
    let missing = || whole.iter().filter(|(life, _)| !pruned.contains_key(life));
    missing().min_by_key(|(_, faults)| *faults).map(|(_, faults)| (missing().count(), faults))
}

#[test]
fn every_run_that_is_left_out_is_lived_through_by_one_that_is_not() {
    for (name, alphabet) in [("sign-on", Alphabet::Full), ("sale", Alphabet::Core)] {
        let (pruned, lives, broken) = explored(name, alphabet, &[], true);
        let (whole, all_lives, all_broken) = explored(name, alphabet, &[], false);
        assert!(pruned.runs < whole.runs, "{name}: {} {}", pruned.runs, whole.runs);
        assert_eq!(missing(&lives, &all_lives), None, "{name}");
        assert_eq!(broken, all_broken, "{name}");
        let used =
            |argument: Argument| argument == Argument::SameSet || whole.pruned[argument] == 0;
        assert!(Argument::ALL.into_iter().all(used), "the whole set only knows that sets are sets");
    }
}

#[test]
fn what_a_defect_breaks_is_broken_with_and_without_pruning() {
    for defects in [["T01"], ["T03"]] {
        let (pruned, lives, broken) = explored("sale", Alphabet::Core, &defects, true);
        let (whole, all_lives, all_broken) = explored("sale", Alphabet::Core, &defects, false);
        assert!(!broken.is_empty() && pruned.runs < whole.runs);
        assert_eq!(broken, all_broken);
        assert_eq!(missing(&lives, &all_lives), None);
    }
}

#[test]
fn every_argument_spares_something() {
    let (certificate, ..) = explored("sign-on", Alphabet::Full, &[], true);
    for (argument, count) in certificate.pruned.iter() {
        // What is taken over beside a weak peer is counted in `beside`.
        assert_eq!(count > 0, argument != Argument::PolicyNotAsked, "{argument}");
    }
}
