//! The nearest scenario that passes: the smallest single change after which no claim is broken.
//!
//! A number moved to where the verdict turns is nearer than another side or order, that is nearer
//! than a fault less, and that than a step less. Of two numbers, the one that moves by the smaller
//! part of itself.

use super::super::Play;
use super::super::simpler::fault::{action, numbers};
use crate::fault::{Fault, Side, Tie, Until};
use crate::run::Outcome;
use crate::scenario::Scenario;

/// A number that is tried as the far end: beyond every timer.
const FAR: u64 = 86_400_000;

/// A scenario that passes, one change away.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Neighbour {
    /// What is different.
    pub change: Change,
    /// The scenario.
    pub scenario: Scenario,
}

/// One change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// This fault is another one.
    OtherFault {
        /// Its index.
        index: usize,
        /// What stands there now.
        now: Fault,
    },
    /// This fault is not there.
    WithoutFault(usize),
    /// This step, by its id, is not there.
    WithoutStep(u32),
}

/// The nearest that passes, and how many runs it took. `first` is the fault to begin with.
pub(super) fn nearest(
    scenario: &Scenario,
    first: Option<usize>,
    play: &Play<'_>,
) -> (Option<Neighbour>, u32) {
    let mut looking = Looking { scenario, play, runs: 0 };
    let found = looking.nearest(first);
    (found, looking.runs)
}

struct Looking<'a> {
    scenario: &'a Scenario,
    play: &'a Play<'a>,
    runs: u32,
}

impl Looking<'_> {
    fn nearest(&mut self, first: Option<usize>) -> Option<Neighbour> {
        let mut order: Vec<usize> = (0..self.scenario.faults.len()).collect();
        order.sort_by_key(|index| Some(*index) != first);
        let moved =
            order.iter().filter_map(|index| self.another_number(*index)).collect::<Vec<_>>();
        if let Some((_, neighbour)) = moved.into_iter().min_by_key(|(distance, _)| *distance) {
            return Some(neighbour);
        }
        let turned =
            |looking: &mut Self| order.iter().find_map(|index| looking.another_side(*index));
        turned(self)
            .or_else(|| order.iter().find_map(|index| self.without_fault(*index)))
            .or_else(|| (0..self.scenario.steps.len()).find_map(|index| self.without_step(index)))
    }

    /// Passes, and does so with every fault happening: a fault that misses is a fault less.
    fn passes(&mut self, scenario: &Scenario) -> bool {
        self.runs += 1;
        let run = (self.play)(scenario);
        run.outcome() == Outcome::Holds && run.idle_faults.is_empty()
    }

    fn with(&self, index: usize, now: Fault) -> Neighbour {
        let mut scenario = self.scenario.clone();
        scenario.faults[index] = now;
        Neighbour { change: Change::OtherFault { index, now }, scenario }
    }

    fn if_passing(&mut self, neighbour: Neighbour) -> Option<Neighbour> {
        self.passes(&neighbour.scenario).then_some(neighbour)
    }

    /// One of a fault's numbers moved to the nearest value that passes, with the part of itself by
    /// which it moved, in thousandths.
    fn another_number(&mut self, index: usize) -> Option<(u64, Neighbour)> {
        let fault = self.scenario.faults[index];
        let mut nearest: Option<(u64, Neighbour)> = None;
        for place in 0..numbers(&mut fault.clone()).len() {
            let set = |value: u64| {
                let mut copy = fault;
                if let Some(number) = numbers(&mut copy).into_iter().nth(place) {
                    number.set(value);
                }
                copy
            };
            let value = numbers(&mut fault.clone()).get(place).map_or(0, |number| number.value());
            let ends = [value.saturating_add(1), value.saturating_sub(1), 0, value / 2, FAR];
            for end in ends {
                let end_fault = set(end);
                if end_fault == fault || !self.passes(&self.with(index, end_fault).scenario) {
                    continue;
                }
                let turn = self.turn(index, value, end, &set);
                let distance = turn.abs_diff(value).saturating_mul(1_000) / value.max(1);
                if nearest.as_ref().is_none_or(|(shortest, _)| distance < *shortest) {
                    nearest = Some((distance, self.with(index, set(turn))));
                }
            }
        }
        nearest
    }

    /// Between a value that breaks and one that passes, the passing one next to a breaking one.
    fn turn(&mut self, index: usize, breaks: u64, passes: u64, set: &dyn Fn(u64) -> Fault) -> u64 {
        let (mut breaks, mut passes) = (breaks, passes);
        while breaks.abs_diff(passes) > 1 {
            let middle = breaks.midpoint(passes);
            match self.passes(&self.with(index, set(middle)).scenario) {
                true => passes = middle,
                false => breaks = middle,
            }
        }
        passes
    }

    /// The other side of an action, the other order of a tie, the instant before or after.
    fn another_side(&mut self, index: usize) -> Option<Neighbour> {
        let fault = self.scenario.faults[index];
        let mut others = Vec::new();
        let mut copy = fault;
        if let Some(on) = action(&mut copy) {
            on.side = if on.side == Side::Before { Side::After } else { Side::Before };
            others.push(copy);
        }
        if let Fault::Delay { on, until: Until::Deadline { of, offset_us, .. } } = fault {
            let near = [
                (offset_us, Tie::MessageFirst),
                (offset_us, Tie::DeadlineFirst),
                (-1, Tie::MessageFirst),
                (1, Tie::MessageFirst),
            ];
            others.extend(near.map(|(offset_us, order)| Fault::Delay {
                on,
                until: Until::Deadline { of, offset_us, order },
            }));
        }
        others.retain(|other| *other != fault);
        others.into_iter().find_map(|other| self.if_passing(self.with(index, other)))
    }

    fn without_fault(&mut self, index: usize) -> Option<Neighbour> {
        let mut scenario = self.scenario.clone();
        scenario.faults.remove(index);
        self.if_passing(Neighbour { change: Change::WithoutFault(index), scenario })
    }

    fn without_step(&mut self, index: usize) -> Option<Neighbour> {
        let mut scenario = self.scenario.clone();
        let step = scenario.steps.remove(index);
        self.if_passing(Neighbour { change: Change::WithoutStep(step.id), scenario })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fake;
    use super::*;
    use crate::fault::OnMessage;
    use crate::party::Party;
    use reversim_models::iso8583::Mti;

    #[test]
    fn a_number_is_moved_exactly_to_where_the_verdict_turns() {
        let (from, to) = (Party::switch(1), Party::terminal(1));
        let on = OnMessage { from, to, mti: Mti::FINANCIAL_RESPONSE, step: 1, nth: 1 };
        let delay = |ms| Fault::Delay { on, until: Until::ByMs(ms) };
        let scenario = Scenario { faults: vec![delay(60_000)], ..Scenario::default() };
        let play = fake::breaking("a-claim", |scenario| {
            scenario.faults.iter().any(|fault| match fault {
                Fault::Delay { until: Until::ByMs(ms), .. } => *ms > 29_973,
                _ => false,
            })
        });
        let (neighbour, runs) = nearest(&scenario, Some(0), &play);
        let neighbour = neighbour.expect("a shorter delay passes");
        assert_eq!(neighbour.change, Change::OtherFault { index: 0, now: delay(29_973) });
        assert!(runs < 60, "{runs}");
    }
}
