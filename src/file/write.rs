//! A scenario as text: short, commented, and read back as the same value.
//!
//! What equals the default of this format version is left out; what each fault does stands above
//! it in words.

use crate::report::faults::describe_fault;
use crate::report::words::describe_step;
use crate::scenario::{CardSpec, Scenario};
use serde::Serialize;
use std::fmt::Write;
use toml::{Table, Value};

/// A number that TOML cannot hold: it has no integers above 2^63 - 1.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the scenario holds a number above 9223372036854775807, which TOML cannot hold")]
pub struct RenderError;

/// The text of a scenario file.
///
/// # Errors
///
/// A number is too large for TOML.
pub fn render(scenario: &Scenario) -> Result<String, RenderError> {
    let (mut given, default) = (table(scenario)?, table(&Scenario::default())?);
    let mut out = String::new();
    let _ = writeln!(out, "version = {}", scenario.version);
    for key in ["title", "story", "seed", "defects"] {
        if let Some(value) = given.get(key).filter(|value| default.get(key) != Some(value)) {
            let _ = writeln!(out, "{key} = {}", inline(value));
        }
    }
    // Cards are written as tables of their own, unless there are none.
    let has_cards = !scenario.topology.cards.is_empty();
    let topology = given.get_mut("topology").and_then(Value::as_table_mut);
    let cards = topology.filter(|_| has_cards).and_then(|topology| topology.remove("cards"));
    for key in ["topology", "timing", "policy", "expect"] {
        section(&mut out, key, &given, &default);
    }
    if cards.is_some() && cards.as_ref() != default["topology"].get("cards") {
        cards_of(&mut out, scenario)?;
    }
    for step in &scenario.steps {
        let _ = write!(out, "\n# {}\n[[step]]\n", describe_step(step, scenario.currency()));
        entries(&mut out, &table(step)?, &Table::new());
    }
    for fault in &scenario.faults {
        let _ = write!(out, "\n# {}\n[[fault]]\n", describe_fault(fault));
        entries(&mut out, &table(fault)?, &Table::new());
    }
    Ok(out)
}

/// A part of the scenario as a TOML table. Every part is one, so only a number can fail.
fn table(value: &impl Serialize) -> Result<Table, RenderError> {
    match Value::try_from(value) {
        Ok(Value::Table(table)) => Ok(table),
        _ => Err(RenderError),
    }
}

fn section(out: &mut String, key: &str, given: &Table, default: &Table) {
    let (Some(Value::Table(given)), Some(Value::Table(default))) =
        (given.get(key), default.get(key))
    else {
        return;
    };
    if given.iter().any(|(key, value)| default.get(key) != Some(value)) {
        let _ = write!(out, "\n[{key}]\n");
        entries(out, given, default);
    }
}

fn cards_of(out: &mut String, scenario: &Scenario) -> Result<(), RenderError> {
    let default = table(&CardSpec::default())?;
    for (index, card) in scenario.topology.cards.iter().enumerate() {
        let _ = write!(out, "\n# card {}\n[[topology.cards]]\n", index + 1);
        entries(out, &table(card)?, &default);
    }
    Ok(())
}

/// What differs from the default, a key a line.
fn entries(out: &mut String, given: &Table, default: &Table) {
    for (key, value) in ordered(given) {
        if default.get(key) != Some(value) {
            let _ = writeln!(out, "{key} = {}", inline(value));
        }
    }
}

/// Keys in the order a person would write them; the others after them, by name.
fn ordered(table: &Table) -> impl Iterator<Item = (&String, &Value)> {
    const ORDER: [&str; 16] = [
        "id", "party", "do", "on", "at", "from", "to", "a", "b", "side", "action", "mti", "step",
        "until", "at-byte", "nth",
    ];
    let place = |key: &str| ORDER.iter().position(|k| *k == key).unwrap_or(ORDER.len());
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| place(key));
    entries.into_iter()
}

fn inline(value: &Value) -> String {
    match value {
        Value::Table(table) => {
            let entries = ordered(table).filter(|(key, value)| !is_default(key, value));
            let parts: Vec<_> = entries.map(|(k, v)| format!("{k} = {}", inline(v))).collect();
            if parts.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", parts.join(", ")) }
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// The defaults inside faults.
fn is_default(key: &str, value: &Value) -> bool {
    match (key, value) {
        ("nth", Value::Integer(1)) | ("step", Value::Integer(0)) => true,
        ("torn", Value::Boolean(false)) | ("offset-us", Value::Integer(0)) => true,
        ("direction", Value::String(way)) => way == "both",
        ("order", Value::String(order)) => order == "message-first",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{ActionName, Direction, Fault, OnAction, OnMessage, Side, Until, When};
    use crate::file::parse;
    use crate::party::Party;
    use crate::scenario::{Step, Wish};
    use insta::assert_snapshot;
    use reversim_models::iso8583::Mti;

    fn example() -> Scenario {
        let on = OnMessage {
            from: Party::switch(1),
            to: Party::terminal(1),
            mti: Mti::FINANCIAL_RESPONSE,
            step: 2,
            nth: 1,
        };
        let at = When::Action(OnAction {
            party: Party::issuer(1),
            side: Side::After,
            action: ActionName::Record("decided"),
            step: 2,
            nth: 2,
        });
        let until = Until::Deadline {
            of: Party::terminal(1),
            offset_us: -1_000,
            order: Default::default(),
        };
        let mut scenario = Scenario {
            title: "a \"lost\" answer\nis reversed".to_owned(),
            seed: 7,
            defects: vec!["T01".to_owned()],
            steps: vec![
                Step::new(1, Party::terminal(1), Wish::SignOn),
                Step {
                    at_ms: Some(9),
                    ..Step::new(2, Party::terminal(1), Wish::Sale { amount: 50_000, card: 1 })
                },
            ],
            faults: vec![
                Fault::Drop(on),
                Fault::Delay { on, until },
                Fault::PowerCut { party: Party::issuer(1), at, down_ms: 5_000, torn: true },
                Fault::Partition {
                    at: When::AtMs(3),
                    a: Party::switch(1),
                    b: Party::issuer(1),
                    direction: Direction::BToA,
                    for_ms: 4,
                },
                Fault::PrinterFault { step: 2 },
            ],
            ..Scenario::default()
        };
        scenario.topology.cards[1].balance = 5;
        scenario.topology.terminals = 2;
        scenario.expect.violates = Some("no-unreversed-debit".to_owned());
        scenario
    }

    #[test]
    fn what_is_written_is_read_back_as_the_same_value() {
        for scenario in [example(), Scenario::default()] {
            let text = render(&scenario).expect("small numbers");
            assert_eq!(
                parse("x", text.as_bytes()).map_err(|e| e.to_string()),
                Ok(scenario),
                "{text}"
            );
        }
        let mut without_cards = Scenario::default();
        without_cards.topology.cards.clear();
        without_cards.topology.issuers = 2;
        let text = render(&without_cards).expect("small numbers");
        assert_eq!(parse("x", text.as_bytes()), Ok(without_cards));
    }

    #[test]
    fn a_number_that_toml_cannot_hold_is_refused() {
        assert_eq!(render(&Scenario { seed: u64::MAX, ..Scenario::default() }), Err(RenderError));
    }

    #[test]
    fn a_file_is_short_and_says_what_each_fault_does() {
        let mut scenario = example();
        scenario.faults.drain(1..4);
        assert_snapshot!(render(&scenario).expect("small numbers"), @r#"
        version = 1
        title = """
        a "lost" answer
        is reversed"""
        seed = 7
        defects = ["T01"]

        [topology]
        terminals = 2

        [expect]
        violates = "no-unreversed-debit"

        # card 1
        [[topology.cards]]

        # card 2
        [[topology.cards]]
        balance = 5

        # step 1: terminal-1, sign on
        [[step]]
        id = 1
        party = "terminal-1"
        do = "sign-on"

        # step 2: terminal-1, sale of 500.00 with card 1, 9 ms after the beginning
        [[step]]
        id = 2
        party = "terminal-1"
        do = { sale = { amount = 50000, card = 1 } }
        at-ms = 9

        # drop the first 0210 of step 2 from switch-1 to terminal-1
        [[fault]]
        drop = { from = "switch-1", to = "terminal-1", mti = "0210", step = 2 }

        # no slip comes out at step 2
        [[fault]]
        printer-fault = { step = 2 }
        "#);
    }
}
