//! Everything that is simpler than a scenario by one change, in the order worth trying.
//!
//! Simpler is shortlex: fewer faults, then fewer steps, then plainer kinds, numbers, parties and
//! policies. Every candidate is strictly simpler, so that taking them one after another ends. Step
//! ids are never changed: what names a step goes on naming it. Nothing is run here.

mod cost;
pub(super) mod fault;
mod setting;

pub use cost::{Cost, cost};

use crate::scenario::{AskedBy, Scenario, Step, Wish};

/// A simpler scenario, and what was changed.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// What was changed, in words.
    pub change: String,
    /// The result.
    pub scenario: Scenario,
}

/// Amounts and times that read well.
const PLAIN: [u64; 6] = [0, 100, 1_000, 10_000, 60_000, 600_000];

/// So few trace numbers that one may come back in a run; and the fewest a terminal can work with.
const FEW_NUMBERS: u32 = 64;
const LEAST_NUMBERS: u32 = 3;

/// Everything simpler by one change, most radical first.
pub fn candidates(scenario: &Scenario) -> Vec<Candidate> {
    let mut list = List { current: scenario, cost: cost(scenario), found: Vec::new() };
    list.fewer_faults();
    list.fewer_steps();
    fault::plainer(&mut list);
    setting::smaller(&mut list);
    setting::by_default(&mut list);
    list.plainer_steps();
    list.found
}

/// Everything with fewer faults or steps, most radical first.
pub(super) fn shorter(scenario: &Scenario) -> Vec<Candidate> {
    let mut list = List { current: scenario, cost: cost(scenario), found: Vec::new() };
    list.fewer_faults();
    list.fewer_steps();
    list.found
}

struct List<'a> {
    current: &'a Scenario,
    cost: Cost,
    found: Vec<Candidate>,
}

impl List<'_> {
    /// Adds what `change` makes of the scenario, if that is simpler.
    fn offer(&mut self, words: impl FnOnce() -> String, change: impl FnOnce(&mut Scenario)) {
        let mut scenario = self.current.clone();
        change(&mut scenario);
        if cost(&scenario) < self.cost {
            self.found.push(Candidate { change: words(), scenario });
        }
    }

    fn fewer_faults(&mut self) {
        let faults = &self.current.faults;
        for (from, length) in chunks(faults.len()) {
            let words = || match length {
                1 => format!("without {}", super::fingerprint::normalised(&faults[from])),
                _ => format!("without {length} faults"),
            };
            self.offer(words, |scenario| drop(scenario.faults.drain(from..from + length)));
        }
    }

    fn fewer_steps(&mut self) {
        let steps = &self.current.steps;
        for (from, length) in chunks(steps.len()) {
            let words = || match length {
                1 => format!("without step {}", steps[from].id),
                _ => format!("without {length} steps"),
            };
            self.offer(words, |scenario| drop(scenario.steps.drain(from..from + length)));
        }
        self.fewer_steps_and_numbers();
        self.fewer_steps_and_money();
    }

    /// Where trace numbers are few, a step may be there only to use one up: both go together.
    fn fewer_steps_and_numbers(&mut self) {
        let (steps, numbers) = (&self.current.steps, self.current.policy.terminal_stan_max);
        if numbers > FEW_NUMBERS {
            return;
        }
        for (from, length) in chunks(steps.len()).filter(|(_, length)| *length <= 2) {
            for less in 1..=3.min(numbers.saturating_sub(LEAST_NUMBERS)) {
                let words = || format!("without step {}, {less} numbers fewer", steps[from].id);
                self.offer(words, |scenario| {
                    scenario.steps.drain(from..from + length);
                    scenario.policy.terminal_stan_max = numbers - less;
                });
            }
        }
    }

    /// Where a card has little, a sale may be there only to take some of it: both go together.
    fn fewer_steps_and_money(&mut self) {
        for (index, step) in self.current.steps.iter().enumerate() {
            let (Wish::Sale { amount, card } | Wish::QrSale { amount, card }) = step.wish else {
                continue;
            };
            let Some(place) = usize::from(card).checked_sub(1) else { continue };
            let cards = &self.current.topology.cards;
            let Some(left) = cards.get(place).and_then(|card| card.balance.checked_sub(amount))
            else {
                continue;
            };
            let words = || format!("without step {}, and so much less on its card", step.id);
            self.offer(words, |scenario| {
                scenario.steps.remove(index);
                scenario.topology.cards[place].balance = left;
            });
        }
    }

    fn plainer_steps(&mut self) {
        for index in 0..self.current.steps.len() {
            let id = self.current.steps[index].id;
            let words = |what: &str| format!("step {id}: {what}");
            self.offer(|| words("no time of its own"), |s| s.steps[index].at_ms = None);
            self.offer(
                || words("an earlier plain time"),
                |s| {
                    s.steps[index].at_ms = s.steps[index].at_ms.map(|ms| ms - ms % 10_000);
                },
            );
            self.offer(|| words("no shared purchase"), |s| s.steps[index].intent = None);
            self.offer(|| words("nothing of goods"), |s| s.steps[index].goods = None);
            self.offer(
                || words("asked by the cashier"),
                |s| {
                    s.steps[index].asked_by = AskedBy::Cashier;
                },
            );
            for plain in PLAIN {
                self.offer(
                    || words(&format!("number {plain}")),
                    |s| plain_number(&mut s.steps[index], plain),
                );
            }
            if let Wish::QrSale { amount, card } | Wish::OfflineSale { amount, card } =
                self.current.steps[index].wish
            {
                self.offer(
                    || words("by card"),
                    |s| s.steps[index].wish = Wish::Sale { amount, card },
                );
            }
            self.offer(
                || words("the first card"),
                |s| match &mut s.steps[index].wish {
                    Wish::Sale { card, .. }
                    | Wish::QrSale { card, .. }
                    | Wish::PreAuth { card, .. }
                    | Wish::OfflineSale { card, .. }
                    | Wish::Inquiry { card } => *card = 1,
                    Wish::Void { card, password, .. } => (*card, *password) = (None, None),
                    Wish::Completion { amount, told, .. } => (*amount, *told) = (None, false),
                    Wish::Refund { amount, password, .. } => (*amount, *password) = (None, None),
                    Wish::Reprint { of } => *of = None,
                    Wish::Claim { amount, by_hand, .. } => (*amount, *by_hand) = (None, false),
                    Wish::LookUp { by_hand, .. } => *by_hand = false,
                    _ => {}
                },
            );
        }
    }
}

/// A sale of nothing is not simpler, it is another thing.
fn plain_number(step: &mut Step, plain: u64) {
    match &mut step.wish {
        Wish::Sale { amount, .. }
        | Wish::QrSale { amount, .. }
        | Wish::PreAuth { amount, .. }
        | Wish::OfflineSale { amount, .. }
        | Wish::Tip { amount, .. }
            if plain > 0 =>
        {
            *amount = plain;
        }
        Wish::Completion { amount: Some(amount), .. }
        | Wish::Refund { amount: Some(amount), .. }
            if plain > 0 =>
        {
            *amount = plain;
        }
        Wish::CutOver { window_ms } => *window_ms = plain,
        Wish::Maintenance { for_ms } => *for_ms = plain,
        _ => {}
    }
}

/// What to take away from a list of this length: all, halves, quarters, .., each item.
fn chunks(count: usize) -> impl Iterator<Item = (usize, usize)> {
    let lengths = std::iter::successors(Some(count), |length| Some(length / 2));
    let lengths = lengths.take_while(|length| *length > 0);
    lengths.flat_map(move |length| {
        (0..count).step_by(length).map(move |from| (from, length.min(count - from)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate;

    #[test]
    fn every_candidate_is_strictly_simpler_so_that_shrinking_ends() {
        for seed in 0..200 {
            let scenario = generate::scenario(generate::Profile::Mix, seed);
            for candidate in candidates(&scenario) {
                assert!(cost(&candidate.scenario) < cost(&scenario), "{}", candidate.change);
            }
        }
    }

    #[test]
    fn taking_everything_away_leaves_the_default_scenario() {
        let mut scenario = generate::scenario(generate::Profile::Mix, 11);
        while let Some(simpler) = candidates(&scenario).into_iter().next() {
            scenario = simpler.scenario;
        }
        assert_eq!(scenario, Scenario::default());
    }

    #[test]
    fn chunks_halve_down_to_each_item() {
        let taken: Vec<(usize, usize)> = chunks(3).collect();
        assert_eq!(taken, [(0, 3), (0, 1), (1, 1), (2, 1)]);
        assert_eq!(chunks(0).count(), 0);
        let taken: Vec<(usize, usize)> = chunks(4).collect();
        assert_eq!(taken, [(0, 4), (0, 2), (2, 2), (0, 1), (1, 1), (2, 1), (3, 1)]);
    }
}
