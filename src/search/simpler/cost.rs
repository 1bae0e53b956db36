//! How complicated a scenario is: what shrinking makes less.

use super::fault::{action, message, numbers};
use crate::fault::{ChipData, Fault, Side, Tie, Until};
use crate::scenario::{AskedBy, CardSpec, Scenario, Step, Wish};

/// Faults first, then steps, then everything else (shortlex).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Cost {
    /// How many faults.
    pub faults: usize,
    /// How many steps.
    pub steps: usize,
    /// Kinds, numbers, parties and policies, weighed.
    pub rest: u64,
}

/// How complicated this scenario is.
pub fn cost(scenario: &Scenario) -> Cost {
    let faults: u64 = scenario.faults.iter().map(|fault| of_fault(*fault)).sum();
    let steps: u64 = scenario.steps.iter().map(of_step).sum();
    let rest = faults + steps + of_topology(scenario) + super::setting::distance(scenario);
    Cost {
        faults: scenario.faults.len(),
        steps: scenario.steps.len(),
        rest: rest + of_number(scenario.seed),
    }
}

/// A plain number is cheaper than a long one: 10000 than 12345, and 100 than 10000.
pub(super) fn of_number(number: u64) -> u64 {
    let Some(log) = number.checked_ilog10() else { return 0 };
    let mut significant = number;
    while significant.is_multiple_of(10) {
        significant /= 10;
    }
    u64::from(log) + 1 + 2 * (u64::from(significant.ilog10()) + 1)
}

fn of_fault(mut fault: Fault) -> u64 {
    let kind = match fault {
        Fault::Drop(_) => 0,
        Fault::PrinterFault { .. } | Fault::PinCancelled { .. } | Fault::WrongPin { .. } => 1,
        Fault::CardUnreadable { .. } | Fault::CardPulled { .. } => 1,
        Fault::KernelFails { .. } | Fault::CardDeclines { .. } => 2,
        Fault::ChipDataMissing { what: ChipData::Parameters, .. } => 2,
        Fault::ChipDataMissing { .. } => 3,
        Fault::Duplicate { .. } => 2,
        Fault::Delay { until: Until::ByMs(_), .. } => 3,
        Fault::Delay { .. } | Fault::Corrupt { .. } | Fault::Reorder(_) => 4,
        Fault::Reset { .. } | Fault::Coalesce(_) | Fault::HalfOpen(_) => 5,
        Fault::Partition { .. } | Fault::PowerCut { torn: false, .. } => 6,
        Fault::Split { .. } | Fault::Replay { .. } | Fault::Stall { .. } => 7,
        Fault::Resubmit { .. } => 8,
        Fault::KeyChange { .. } | Fault::CutOver { .. } | Fault::Maintenance { .. } => 7,
        Fault::PowerCut { torn: true, .. } => 8,
        Fault::Pause { .. } => 8,
        Fault::SlowCommit { .. } | Fault::ClockStep { .. } => 9,
    };
    let direction = match fault {
        Fault::Partition { direction: crate::fault::Direction::Both, .. } => 0,
        Fault::Partition { .. } => 1,
        Fault::Delay { until: Until::Deadline { order: Tie::DeadlineFirst, .. }, .. } => 1,
        _ => 0,
    };
    let nth = message(&mut fault).map_or(0, |on| u64::from(on.nth.abs_diff(1)));
    let on = action(&mut fault)
        .map_or(0, |on| u64::from(on.nth.abs_diff(1)) + u64::from(on.side == Side::After));
    let numbers: u64 = numbers(&mut fault).iter().map(|number| of_number(number.value())).sum();
    100 * kind + direction + nth + on + numbers
}

fn of_step(step: &Step) -> u64 {
    let wish = match step.wish {
        Wish::Sale { amount, card } => of_number(amount) + u64::from(card.abs_diff(1)),
        Wish::QrSale { amount, card } => 1 + of_number(amount) + u64::from(card.abs_diff(1)),
        Wish::OfflineSale { amount, card } => 1 + of_number(amount) + u64::from(card.abs_diff(1)),
        Wish::Tip { amount, .. } => of_number(amount),
        Wish::PreAuth { amount, card } => of_number(amount) + u64::from(card.abs_diff(1)),
        Wish::Completion { amount, told, .. } => {
            amount.map_or(0, of_number) + u64::from(amount.is_some()) + u64::from(told)
        }
        Wish::Void { card, ref password, .. } => {
            u64::from(card.is_some()) + u64::from(password.is_some())
        }
        Wish::Refund { amount, ref password, .. } => {
            let asked = amount.map_or(0, of_number) + u64::from(amount.is_some());
            asked + u64::from(password.is_some())
        }
        Wish::Inquiry { card } => u64::from(card.abs_diff(1)),
        Wish::Reprint { of } => u64::from(of.is_some()),
        Wish::CutOver { window_ms: ms } | Wish::Maintenance { for_ms: ms } => of_number(ms),
        Wish::SignOn | Wish::SignOff | Wish::Settle | Wish::Echo => 0,
        Wish::Claim { amount, by_hand, .. } => {
            amount.map_or(0, of_number) + u64::from(amount.is_some()) + u64::from(by_hand)
        }
        Wish::LookUp { by_hand, .. } => u64::from(by_hand),
        Wish::Route { open, .. } => u64::from(open),
        Wish::Download | Wish::WithdrawKeys { .. } | Wish::Retrieve { .. } => 0,
    };
    let at = step.at_ms.map_or(0, |ms| 10 + of_number(ms));
    let intent = 5 * u64::from(step.intent.is_some());
    let goods = 3 * u64::from(step.goods.is_some());
    wish + at + intent + goods + 5 * u64::from(step.asked_by == AskedBy::Screen)
}

/// Cards of a topology by default.
pub(super) const CARDS: usize = 2;

fn of_topology(scenario: &Scenario) -> u64 {
    let topology = &scenario.topology;
    let parties = [topology.terminals, topology.switches, topology.issuers];
    let parties: u64 = parties.iter().map(|count| u64::from(count.abs_diff(1))).sum();
    let spare = u64::from(topology.pool.abs_diff(1)) + u64::from(topology.workers.abs_diff(1));
    let cards: u64 = topology.cards.iter().map(of_card).sum();
    let parties = parties + u64::from(topology.clearing) + u64::from(topology.direct);
    50 * parties + 20 * spare + cards + 5 * topology.cards.len().abs_diff(CARDS) as u64
}

fn of_card(card: &CardSpec) -> u64 {
    let plain = CardSpec::default();
    let differences = [
        card.issuer != plain.issuer,
        card.balance != plain.balance,
        card.day_limit != plain.day_limit,
        card.standing != plain.standing,
        card.expiry != plain.expiry,
        card.chip != plain.chip,
        card.escrow != plain.escrow,
    ];
    10 * differences.iter().filter(|differs| **differs).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_numbers_are_cheaper() {
        assert!(of_number(10_000) < of_number(12_345));
        assert!(of_number(100) < of_number(10_000));
        assert!(of_number(0) < of_number(1));
        assert!(of_number(u64::MAX) > 0);
    }

    #[test]
    fn one_fault_less_is_worth_any_number_of_steps() {
        let with_fault =
            Scenario { faults: vec![Fault::PrinterFault { step: 1 }], ..Scenario::default() };
        let mut with_steps = Scenario { seed: u64::MAX, ..Scenario::default() };
        for id in 1..100 {
            let party = crate::party::Party::terminal(1);
            with_steps.steps.push(Step::new(id, party, Wish::Settle));
        }
        assert!(cost(&with_steps) < cost(&with_fault));
    }
}
