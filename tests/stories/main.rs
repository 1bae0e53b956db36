//! The bundled stories keep what their comments promise: screens, slips, texts and books.
//!
//! Read off the history alone, as an auditor would. What invariants say is asked once, for all.

mod card;
mod claims;
mod escrow;
mod later;
mod online;
mod orders;
mod told;

use online::TIMEOUT_CODES;
use reversim::run::Outcome;
use reversim::stories;
use told::tell;

#[test]
fn every_story_holds_and_exercises_what_it_is_told_for() {
    for story in stories::ALL {
        let told = tell(story.name);
        let broken: Vec<_> = told.run.violations().collect();
        let missing = told.run.missing();
        assert_eq!(told.run.outcome(), Outcome::Holds, "{}: {broken:?} {missing:?}", story.name);
        assert_eq!(told.run.idle_faults, [0; 0], "{}", story.name);
    }
}

#[test]
fn every_story_is_looked_at_here() {
    let these = concat!(
        include_str!("online.rs"),
        include_str!("later.rs"),
        include_str!("card.rs"),
        include_str!("escrow.rs"),
        include_str!("orders.rs"),
        include_str!("claims.rs")
    );
    for story in stories::ALL {
        let is_named = these.contains(&format!("tell(\"{}\")", story.name));
        let is_code = TIMEOUT_CODES.iter().any(|code| format!("ST10-code-{code}") == story.name);
        assert!(is_named || is_code, "{} is only run", story.name);
    }
}
