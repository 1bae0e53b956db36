//! Explorations of the counter of `fake`, small enough to count by hand.

use super::super::fake;
use super::*;
use crate::fault::{Damage, OnMessage, Side, When};
use crate::party::Party;
use crate::search::argument::Argument;
use crate::search::point::following;
use reversim_models::iso8583::Mti;
use std::sync::Mutex;

fn exploration(faults: u8, jobs: usize) -> Exploration {
    let base = flow("sale").expect("a flow by this name");
    Exploration { name: "sale".to_owned(), base, alphabet: Alphabet::Core, faults, jobs }
}

fn certify(exploration: &Exploration) -> Certificate {
    let mut certificate = exploration.run(&fake::counter, &|_| {}).expect("threads start");
    certificate.elapsed = Duration::ZERO;
    certificate
}

/// The sale: one record, 0200 and 0210. Around the two actions of the terminal and the one of the
/// switch there are power cuts, each before and after; the record and the 0200 are 10 us apart.
#[test]
fn one_fault_on_a_sale_is_counted_by_hand() {
    let certificate = certify(&exploration(1, 2));
    let cuts = 6;
    // Each message: drop, duplicate, four delays to the terminal's deadline, a damaged MAC, two
    // resets, a partition.
    let of_messages = 2 * (2 + 4 + 1 + 2 + 1);
    assert_eq!(certificate.messages, 2);
    assert_eq!(certificate.placements, cuts + of_messages);
    assert_eq!(certificate.runs, certificate.placements + 1);
    assert_eq!(certificate.pruned.total(), 0);
    // The counter knows two drops and the four cuts of the terminal's power.
    assert_eq!(certificate.idle, certificate.placements - 6);
    assert_eq!(certificate.violating_runs, 4, "without power nobody heals the sale");
}

#[test]
fn a_second_fault_is_placed_only_on_what_the_first_one_brought_about() {
    let certificate = certify(&exploration(2, 2));
    let found = certificate.violations.iter().map(|v| v.scenario.faults.as_slice());
    let lost = |mti: Mti| {
        let (terminal, switch) = (Party::terminal(1), Party::switch(1));
        let (from, to) = if mti.is_request() { (terminal, switch) } else { (switch, terminal) };
        Fault::Drop(OnMessage { from, to, mti, step: 2, nth: 1 })
    };
    let pairs: Vec<&[Fault]> = found.filter(|faults| faults.len() == 2).collect();
    for first in [Mti::FINANCIAL_REQUEST, Mti::FINANCIAL_RESPONSE] {
        for second in [Mti::REVERSAL_REQUEST, Mti::REVERSAL_RESPONSE] {
            let mut pair = [lost(first), lost(second)];
            pair.sort();
            assert!(pairs.contains(&&pair[..]), "{first} {second}");
        }
    }
    // The other pairs cut the power around the 0400.
    assert!(certificate.violating_runs > 8);
    assert_eq!(certificate.runs, certificate.placements - certificate.pruned.total() + 1);
}

#[test]
fn any_number_of_threads_gives_the_same_certificate() {
    let one = certify(&exploration(3, 1));
    for jobs in [2, 4] {
        assert_eq!(certify(&exploration(3, jobs)), one);
    }
    assert!(one.runs > 70, "{}", one.runs);
}

#[test]
fn a_set_reached_in_two_orders_is_run_once() {
    let base = flow("sale+sale").expect("a flow by this name");
    let exploration = Exploration { base, ..exploration(2, 2) };
    let runs = Mutex::new(Vec::new());
    let play = |scenario: &Scenario| {
        runs.lock().expect("no thread panics").push(scenario.faults.clone());
        fake::counter(scenario)
    };
    exploration.run(&play, &|_| {}).expect("threads start");
    let mut runs = runs.into_inner().expect("no thread panics");
    let count = runs.len();
    runs.sort();
    runs.dedup();
    assert_eq!(runs.len(), count);
    assert!(runs.iter().all(|faults| faults.is_sorted()));
}

#[test]
fn a_flow_keeps_its_own_faults_and_placements_may_come_before_them() {
    let mut base = flow("sale").expect("a flow by this name");
    let (from, to) = (Party::switch(1), Party::terminal(1));
    let own = OnMessage { from, to, mti: Mti::FINANCIAL_RESPONSE, step: 2, nth: 1 };
    base.faults.push(Fault::Drop(own));
    let certificate = certify(&Exploration { base: base.clone(), ..exploration(1, 2) });
    assert_eq!(certificate.messages, 4, "the reversal is part of the flow now");
    let is_before = |v: &Violating| {
        matches!(v.scenario.faults[..], [first, Fault::PowerCut { at: When::Action(on), .. }]
            if first == base.faults[0] && String::from(on.action) == "record stan-taken")
    };
    assert!(certificate.violations.iter().any(is_before), "{:#?}", certificate.violations);
}

#[test]
fn the_full_alphabet_has_everything_the_core_has_and_more() {
    let core = certify(&exploration(1, 2));
    let full = certify(&Exploration { alphabet: Alphabet::Full, ..exploration(1, 2) });
    assert!(full.placements > 2 * core.placements);
    let run = fake::counter(&flow("sale").expect("a flow by this name"));
    let find = |alphabet| following(&run.history, &Scenario::default(), 0, alphabet, true).faults;
    let (core, full) = (find(Alphabet::Core), find(Alphabet::Full));
    assert!(core.iter().all(|fault| full.contains(fault)));
    let mac = |fault: &&Fault| matches!(fault, Fault::Corrupt { damage: Damage::Mac, .. });
    assert_eq!(core.iter().filter(mac).count(), 2);
    let after = |fault: &&Fault| match fault {
        Fault::PowerCut { at: When::Action(on), .. } => on.side == Side::After,
        _ => false,
    };
    assert_eq!(core.iter().filter(after).count(), 3);
}

#[test]
fn flows_have_names_and_other_words_do_not() {
    assert!(FLOWS.iter().all(|name| flow(name).is_some()));
    assert_eq!(flow("chargeback"), None);
    assert_eq!("core".parse(), Ok(Alphabet::Core));
    assert!("most".parse::<Alphabet>().is_err());
}

mod beside;
mod pruning;
mod resuming;
