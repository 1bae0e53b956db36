//! An explanation in words: the two sentences for the ticket, and the lines above them.

use super::faults::describe_fault;
use super::words::{describe_step, micros};
use crate::invariant;
use crate::scenario::Scenario;
use crate::search::why::{Change, Neighbour, Odds, Why};

/// The two sentences that a payments engineer would write in the ticket: what happened to whose
/// money under which faults, and what decided it.
pub fn ticket(scenario: &Scenario, why: &Why) -> [String; 2] {
    [what(scenario, why), decided(scenario, why)]
}

fn what(scenario: &Scenario, why: &Why) -> String {
    let violation = &why.violation;
    let mut faults: Vec<String> = scenario.faults.iter().map(describe_fault).collect();
    if faults.len() > 1 {
        let numbered = faults.iter().zip(1..).map(|(words, number)| format!("{number}. {words}"));
        faults = numbered.collect();
    }
    let given = match faults.len() {
        0 => "Without any fault".to_owned(),
        1 => format!("With one fault ({})", faults[0]),
        count => format!("With {count} faults ({})", faults.join("; ")),
    };
    let code = invariant::find(violation.invariant).map_or("", |about| about.code);
    format!("{given}, {} [{code} {}].", violation.sentence, violation.invariant)
}

fn decided(scenario: &Scenario, why: &Why) -> String {
    let sealed = why.sealed.and_then(|place| Some((&why.odds[..place], why.odds.get(place)?)));
    let by = match (sealed, why.odds.first()) {
        (Some((before, after)), _) => {
            let broken = before.last().map_or(0, |odds| odds.broken);
            let at = micros(after.at.0);
            format!(
                "{} decides it, {at} into the run: before it {broken} of {} random futures end \
                 like this, after it {}",
                the_fault(scenario, after.fault.unwrap_or_default()),
                after.futures,
                after.broken
            )
        }
        (None, Some(Odds { broken, futures, .. })) => {
            format!("No fault is needed: {broken} of {futures} random futures end like this")
        }
        (None, None) => "No fault is needed".to_owned(),
    };
    match &why.neighbour {
        Some(neighbour) => format!("{by}; it does not happen {}.", condition(scenario, neighbour)),
        None => format!("{by}; no single change makes it pass."),
    }
}

fn the_fault(scenario: &Scenario, index: usize) -> String {
    match scenario.faults.len() {
        1 => "The fault".to_owned(),
        _ => format!("Fault {}", index + 1),
    }
}

/// What the odds stand after: a fault, or the beginning.
pub fn event(scenario: &Scenario, odds: &Odds) -> String {
    let fault = odds.fault.and_then(|index| scenario.faults.get(index));
    fault.map_or("the beginning".to_owned(), describe_fault)
}

/// The change of a neighbour, as a condition: `if the fault is "..", `without step 2: ..`.
pub fn condition(scenario: &Scenario, neighbour: &Neighbour) -> String {
    match neighbour.change {
        Change::OtherFault { index, now } => {
            let fault = the_fault(scenario, index).to_lowercase();
            format!("if {fault} is \"{}\" instead", describe_fault(&now))
        }
        Change::WithoutFault(index) => {
            format!("without {}", the_fault(scenario, index).to_lowercase())
        }
        Change::WithoutStep(id) => {
            let step = scenario.steps.iter().find(|step| step.id == id);
            let words = step.map(|step| describe_step(step, scenario.currency()));
            format!("without {}", words.unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Fault, OnMessage};
    use crate::party::Party;
    use crate::scenario::{Step, Wish};
    use crate::search::why::why;
    use reversim_models::iso8583::Mti;

    #[test]
    fn the_ticket_says_whose_money_under_which_fault_and_what_decided_it() {
        let counter = Party::terminal(1);
        let sale = Wish::Sale { amount: 50_000, card: 1 };
        let on = OnMessage {
            from: Party::switch(1),
            to: counter,
            mti: Mti::FINANCIAL_RESPONSE,
            step: 2,
            nth: 1,
        };
        let scenario = Scenario {
            steps: vec![Step::new(1, counter, Wish::SignOn), Step::new(2, counter, sale)],
            faults: vec![Fault::Drop(on)],
            defects: vec!["T01".to_owned()],
            ..Scenario::default()
        };
        let why = why(&scenario, "no-unreversed-debit", &crate::run).expect("it breaks");
        let [what, decided] = ticket(&scenario, &why);
        assert!(what.starts_with(
            "With one fault (drop the first 0210 of step 2 from switch-1 to terminal-1), issuer-1 \
             debited 500.00 on card 622421******0010"
        ));
        assert!(what.ends_with("nothing was taken back [S1 no-unreversed-debit]."), "{what}");
        assert!(decided.starts_with("The fault decides it, "), "{decided}");
        assert!(decided.ends_with("; it does not happen without the fault."), "{decided}");
    }
}
