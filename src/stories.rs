//! The bundled stories: real incidents at the counter, as scenario files. Reads no file.

use crate::file::{FileError, parse};
use crate::scenario::Scenario;

/// A bundled story.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Story {
    /// Its name, and its file's under `stories/` without the extension.
    pub name: &'static str,
    /// The text of the file.
    pub text: &'static str,
}

impl Story {
    /// The scenario it tells.
    ///
    /// # Errors
    ///
    /// What is wrong with the file; a test keeps every bundled one readable.
    pub fn scenario(&self) -> Result<Scenario, FileError> {
        parse(self.name, self.text.as_bytes())
    }
}

/// The stories that a word names: one by its name, or all that tell an incident by its id (`ST10`).
pub fn find(word: &str) -> impl Iterator<Item = &'static Story> {
    let word = word.to_lowercase();
    ALL.iter().filter(move |story| {
        let name = story.name.to_lowercase();
        name == word || name.split('-').next() == Some(&word)
    })
}

macro_rules! stories {
    ($($name:literal),* $(,)?) => {
        /// Every bundled story, by name.
        pub const ALL: &[Story] = &[$(Story {
            name: $name,
            text: include_str!(concat!("../stories/", $name, ".toml")),
        }),*];
    };
}

stories![
    "ST01-inquiry-after-a-lost-answer",
    "ST02-settlement-after-a-lost-answer",
    "ST03-the-same-card-again",
    "ST04-no-paper",
    "ST04-no-paper-and-settled",
    "ST05-void",
    "ST05-void-on-one-side",
    "ST06-refund",
    "ST07-returned-by-t-plus-3",
    "ST07-reversal-cannot-be-delivered",
    "ST08-claimed-after-the-reversal",
    "ST09-one-sided-and-claimed",
    "ST09-one-sided-and-returned",
    "ST10-code-68",
    "ST10-code-90",
    "ST10-code-91",
    "ST10-code-92",
    "ST10-code-93",
    "ST10-code-94",
    "ST10-code-95",
    "ST10-code-96",
    "ST10-code-97-unsigned",
    "ST10-code-98",
    "ST10-code-A0-unsigned",
    "ST12-card-unreadable",
    "ST11-three-ways-to-97",
    "ST12-card-pulled-after-approval",
    "ST12-no-chip-parameters",
    "ST12-cryptogram-sent-again",
    "ST13-broken-while-sending",
    "ST13-no-signal",
    "ST14-issuer-in-maintenance",
    "ST15-wrong-pin",
    "ST16-too-small-too-often-too-near",
    "ST17-the-difference",
    "ST18-paid-out-at-once",
    "ST19-no-slip-no-money",
    "ST20-two-slips",
    "ST21-paid-and-asked",
    "ST21-unknown-and-closed",
    "ST21-paid-after-the-close",
    "ST21-dark-while-paying",
    "ST22-cut-over-in-flight",
    "ST24-confirmed",
    "ST24-not-confirmed",
    "ST25-a-slip-written-by-hand",
    "ST26-completion",
    "ST26-told-as-done",
    "ST22-presented-and-adjusted",
    "ST23-parked-and-released",
    "ST27-appliance-shop-delivered",
    "ST27-appliance-shop-not-reversed",
    "ST27-appliance-shop-reversed",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::render;

    #[test]
    fn every_story_is_readable_and_can_be_written_again() {
        for story in ALL {
            let scenario = story.scenario().map_err(|error| error.to_string());
            let scenario = scenario.unwrap_or_else(|error| panic!("{error}"));
            assert!(scenario.story.is_some() && !scenario.title.is_empty(), "{}", story.name);
            let text = render(&scenario).expect("its numbers are small");
            assert_eq!(parse(story.name, text.as_bytes()), Ok(scenario));
        }
    }

    #[test]
    fn an_incident_finds_all_its_stories() {
        assert!(find("st10").count() > 5);
        assert_eq!(find("ST04-no-paper").count(), 1);
        assert_eq!(find("ST99").count(), 0);
    }
}
