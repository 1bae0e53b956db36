//! What people read: the ladder of a story, and of the smallest case of a planted defect.

use reversim::party::Party;
use reversim::report::ladder::{Ladder, ladder};
use reversim::scenario::{Scenario, Step, Wish};
use reversim::search::shrink;
use reversim::stories;

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
