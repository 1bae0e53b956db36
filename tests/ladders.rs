//! What people read: the ladder of a story, and of the smallest case of a planted defect.

use reversim::file::parse;
use reversim::history::What;
use reversim::party::Party;
use reversim::report::ladder::{Ladder, ladder};
use reversim::scenario::{Scenario, Step, Wish};
use reversim::search::shrink;
use reversim::stories;
use reversim_models::iso8583::{Element, describe};
use std::collections::BTreeSet;

#[test]
fn the_ladder_of_the_first_story_reads_like_the_incident() {
    let story = stories::find("ST01").next().expect("it is bundled");
    let scenario = story.scenario().expect("it is readable");
    insta::assert_snapshot!(ladder(&reversim::run(&scenario).history));
}

#[test]
fn the_smallest_case_of_a_terminal_without_reversals_shows_its_two_witnesses() {
    let shrunk = shrink(&a_busy_day(), "no-unreversed-debit", 2_000, &reversim::run);
    assert!(shrunk.is_minimal);
    assert_eq!((shrunk.scenario.steps.len(), shrunk.scenario.faults.len()), (2, 1));
    let run = reversim::run(&shrunk.scenario);
    let violation = run.violation().expect("shrinking keeps what is broken");
    let drawn = Ladder::new(&run.history)
        .faults(&shrunk.scenario.faults)
        .witnesses(&violation.witnesses)
        .to_string();
    insta::assert_snapshot!(format!("{violation}\n\n{drawn}"));
}

#[test]
fn every_story_reads_as_it_was_told() {
    for story in stories::ALL {
        let scenario = story.scenario().expect("it is readable");
        insta::assert_snapshot!(story.name, ladder(&reversim::run(&scenario).history));
    }
}

/// A day at a shop behind two switches: each kind of message is on a line at least once.
const DAY: &str = r#"
version = 1
topology = { switches = 2, issuers = 2, cards = [{}, { issuer = 2 }] }
step = [
    { id = 1, party = "terminal-1", do = "sign-on" },
    { id = 2, party = "terminal-1", do = { sale = { amount = 12345, card = 1 } } },
    { id = 3, party = "terminal-1", do = { inquiry = { card = 2 } } },
    { id = 4, party = "terminal-1", do = { sale = { amount = 999, card = 2 } } },
    { id = 5, party = "terminal-1", do = { sale = { amount = 7, card = 1 } } },
    { id = 6, party = "terminal-1", do = { sale = { amount = 99999999, card = 1 } } },
    { id = 9, party = "terminal-1", do = { refund = { of = 2, amount = 345 } } },
    { id = 7, party = "terminal-1", do = "echo" },
    { id = 8, party = "terminal-1", do = "settle" },
]
policy = { reversal-attempts = 1 }
timing = { echo-interval-ms = 60000 }

[[fault]]
drop = { from = "switch-1", to = "terminal-1", mti = "0210", step = 4 }
[[fault]]
drop = { from = "issuer-1", to = "switch-2", mti = "0430", step = 4 }
[[fault]]
corrupt = { on = { from = "switch-1", to = "terminal-1", mti = "0210", step = 5 }, damage = "mac" }
[[fault]]
drop = { from = "terminal-1", to = "switch-1", mti = "0400", step = 5 }
"#;

/// What certification with an acquirer compares: each message, element by element.
#[test]
fn each_kind_of_message_has_the_elements_of_its_specification() {
    let scenario = parse("a day", DAY.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    let run = reversim::run(&scenario);
    assert_eq!(run.violation(), None);
    let mut seen = BTreeSet::new();
    let mut text = String::new();
    for entry in &run.history.entries {
        let What::Sent { to, frame, .. } = &entry.what else { continue };
        let description = describe(frame.bytes(), Some(frame.dialect()));
        let code = description.element_text(Element::RESPONSE_CODE);
        let network = description.element_text(Element::PRIVATE_60);
        let network = network.get(8..11).unwrap_or_default();
        let kind = description.element_text(Element::PROCESSING_CODE) + network;
        let mti = description.mti.expect("a party sends messages");
        if seen.insert((mti, entry.party, *to, code, kind)) {
            text += &format!("{} to {to}\n{description}\n", entry.party);
        }
    }
    insta::assert_snapshot!(text);
}

/// More than is needed to see the defect: three sales, an inquiry, and two faults.
fn a_busy_day() -> Scenario {
    let story = stories::find("ST14").next().expect("it is bundled");
    let mut scenario = story.scenario().expect("it is readable");
    let counter = Party::terminal(1);
    scenario.steps.push(Step::new(4, counter, Wish::Sale { amount: 12_345, card: 2 }));
    scenario.steps.push(Step::new(5, counter, Wish::Inquiry { card: 1 }));
    scenario.faults.clear();
    let lost = stories::find("ST01").next().expect("it is bundled");
    scenario.faults.extend(lost.scenario().expect("it is readable").faults);
    let no_paper = stories::find("ST04-no-paper").next().expect("it is bundled");
    scenario.faults.extend(no_paper.scenario().expect("it is readable").faults);
    scenario.defects = vec!["T01".to_owned()];
    scenario
}
