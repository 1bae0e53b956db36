//! Why a scenario breaks a claim: the fault that sealed it, and the nearest scenario that passes.
//!
//! The faults that happened are taken one after another, as they happened. After each, the world
//! is left to many different random futures; how many of them break the claim says how much was
//! decided by then. Everything is counted, nothing is estimated, and the same scenario is explained
//! the same way every time. Knows no defect; says nothing in words.

mod neighbour;

pub use neighbour::{Change, Neighbour};

use super::explore::Alphabet;
use super::point::following;
use super::{Play, mix};
use crate::fault::Fault;
use crate::history::{History, What};
use crate::run::Run;
use crate::scenario::Scenario;
use crate::verdict::Violation;
use reversim_models::time::Instant;

/// Random futures after each fault.
pub const FUTURES: u32 = 200;

/// An explanation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Why {
    /// What is explained.
    pub violation: Violation,
    /// The chances, before any fault and after each one that happened, in the order in which they
    /// happened.
    pub odds: Vec<Odds>,
    /// The entry of `odds` whose fault raised them most; none if the claim breaks without a fault.
    pub sealed: Option<usize>,
    /// The nearest scenario that passes, if one change is enough.
    pub neighbour: Option<Neighbour>,
    /// How many runs it took.
    pub runs: u32,
}

/// How often the future breaks the claim, once this fault has happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Odds {
    /// The fault, by its index in the scenario; none for the beginning.
    pub fault: Option<usize>,
    /// When it happened.
    pub at: Instant,
    /// Futures that break the claim.
    pub broken: u32,
    /// All futures.
    pub futures: u32,
}

/// Explains why `scenario` breaks `invariant`; none if it does not.
pub fn why(scenario: &Scenario, invariant: &str, play: &Play<'_>) -> Option<Why> {
    let run = play(scenario);
    let violation = broken(&run, invariant)?.clone();
    let happened = happened(&run.history);
    let mut runs = 1;
    let mut odds = Vec::new();
    for count in 0..=happened.len() {
        let (fault, at) = match count.checked_sub(1).and_then(|last| happened.get(last)) {
            Some((fault, at)) => (Some(*fault), *at),
            None => (None, Instant(0)),
        };
        let prefix = with_only(scenario, &happened[..count]);
        let broken = futures(&prefix, invariant, play);
        runs += 1 + FUTURES;
        odds.push(Odds { fault, at, broken, futures: FUTURES });
    }
    let sealed = sealed(&odds);
    let by = sealed.and_then(|place| odds[place].fault);
    let (neighbour, more) = neighbour::nearest(scenario, by, play);
    Some(Why { violation, odds, sealed, neighbour, runs: runs + more })
}

fn broken<'a>(run: &'a Run, invariant: &str) -> Option<&'a Violation> {
    run.violations().find(|violation| violation.invariant == invariant)
}

/// The faults that happened, each when it happened first.
fn happened(history: &History) -> Vec<(usize, Instant)> {
    let mut happened: Vec<(usize, Instant)> = Vec::new();
    for entry in &history.entries {
        if let What::FaultFired(fault) = entry.what
            && happened.iter().all(|(known, _)| *known != fault)
        {
            happened.push((fault, entry.at));
        }
    }
    happened
}

/// The scenario with these faults and no others, in their own order.
fn with_only(scenario: &Scenario, happened: &[(usize, Instant)]) -> Scenario {
    let is_kept = |index: usize| happened.iter().any(|(fault, _)| *fault == index);
    let faults = scenario.faults.iter().enumerate();
    let faults = faults.filter(|(index, _)| is_kept(*index)).map(|(_, fault)| *fault).collect();
    Scenario { faults, ..scenario.clone() }
}

/// How many of many random futures of this beginning break the claim. A future is what happens
/// by itself, with none, one or two more faults at places that the beginning leads to.
fn futures(prefix: &Scenario, invariant: &str, play: &Play<'_>) -> u32 {
    let run = play(prefix);
    let places: Vec<Fault> = following(&run.history, prefix, 0, Alphabet::Full, true).faults;
    let breaks = |future: &u32| {
        let mut scenario = prefix.clone();
        scenario.faults.extend(drawn(*future, &places));
        match scenario.faults.len() == prefix.faults.len() {
            true => broken(&run, invariant).is_some(),
            false => broken(&play(&scenario), invariant).is_some(),
        }
    };
    (0..FUTURES).filter(breaks).count() as u32
}

/// The faults of a future: none in a quarter of them, two in another, else one.
fn drawn(future: u32, places: &[Fault]) -> impl Iterator<Item = Fault> {
    let count = [0, 1, 1, 2][future as usize % 4];
    let draws = (0..count).map(move |turn| mix(mix(u64::from(future)) ^ turn));
    draws.filter_map(|draw| {
        let place = draw.checked_rem(places.len() as u64)?;
        places.get(place as usize).copied()
    })
}

/// The fault that raised the odds most; the earlier of two that raised them as much.
fn sealed(odds: &[Odds]) -> Option<usize> {
    let rises = odds.windows(2).map(|pair| i64::from(pair[1].broken) - i64::from(pair[0].broken));
    let mut most = None;
    for (place, rise) in rises.enumerate() {
        if most.is_none_or(|(_, highest)| rise > highest) {
            most = Some((place + 1, rise));
        }
    }
    let (place, rise) = most?;
    (rise > 0).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::super::fake;
    use super::*;
    use crate::fault::OnMessage;
    use crate::party::Party;
    use crate::scenario::{Step, Wish};
    use reversim_models::iso8583::Mti;

    fn lost(mti: Mti) -> Fault {
        let (from, to) = (Party::switch(1), Party::terminal(1));
        Fault::Drop(OnMessage { from, to, mti, step: 1, nth: 1 })
    }

    /// In the world of these tests an answer and the answer to its reversal must both get lost.
    fn scenario() -> Scenario {
        let sale = Step::new(1, Party::terminal(1), Wish::Sale { amount: 100, card: 1 });
        let faults = vec![lost(Mti::REVERSAL_RESPONSE), lost(Mti::FINANCIAL_RESPONSE)];
        Scenario { steps: vec![sale], faults, ..Scenario::default() }
    }

    #[test]
    fn the_last_necessary_fault_seals_it_in_the_order_in_which_they_happened() {
        let why = why(&scenario(), "a-claim", &fake::counter).expect("it breaks");
        let faults: Vec<Option<usize>> = why.odds.iter().map(|odds| odds.fault).collect();
        assert_eq!(faults, [None, Some(1), Some(0)], "the answer is lost before the 0410");
        assert_eq!(why.sealed, Some(2));
        let broken: Vec<u32> = why.odds.iter().map(|odds| odds.broken).collect();
        assert!(broken[0] < 20 && broken[1] < 20, "{broken:?}");
        assert_eq!(broken[2], FUTURES, "nothing that comes later can undo it");
        assert_eq!(why.runs, 1 + 3 * (1 + FUTURES) + 1, "the first removal was enough");
    }

    #[test]
    fn without_the_fault_that_sealed_it_the_nearest_scenario_passes() {
        let why = why(&scenario(), "a-claim", &fake::counter).expect("it breaks");
        let neighbour = why.neighbour.expect("one fault less is enough");
        assert_eq!(neighbour.change, Change::WithoutFault(0));
        assert!(fake::counter(&neighbour.scenario).violation().is_none());
    }

    #[test]
    fn a_scenario_that_holds_is_not_explained() {
        let scenario = Scenario { faults: Vec::new(), ..scenario() };
        assert_eq!(why(&scenario, "a-claim", &fake::counter), None);
    }

    #[test]
    fn what_breaks_without_a_fault_is_sealed_by_none() {
        let play = fake::breaking("a-claim", |_| true);
        let why = why(&Scenario::default(), "a-claim", &play).expect("it breaks");
        assert_eq!((why.sealed, why.odds.len(), why.neighbour), (None, 1, None));
    }
}
