//! From the words on the command line to scenarios: files, directories, bundled stories.

use super::{disk, players};
use crate::exit::Failure;
use reversim::closest::closest;
use reversim::file::parse;
use reversim::scenario::Scenario;
use reversim::stories::{self, Story};
use std::path::Path;

/// A scenario and where it came from.
pub(crate) struct Case {
    /// The file's path, or the story's name.
    pub(crate) name: String,
    /// The scenario.
    pub(crate) scenario: Scenario,
}

impl Case {
    fn of_story(story: &Story) -> Result<Case, Failure> {
        Ok(Case { name: story.name.to_owned(), scenario: story.scenario()? })
    }

    /// From a file.
    pub(crate) fn of_file(path: &Path) -> Result<Case, Failure> {
        let name = path.display().to_string();
        let scenario = parse(&name, &disk::read(path)?)?;
        Ok(Case { name, scenario })
    }

    /// The command that shows it again.
    pub(crate) fn command(&self) -> String {
        format!("reversim replay {}{}", quoted(&self.name), players::arguments())
    }
}

/// Every bundled story.
pub(crate) fn bundled() -> Result<Vec<Case>, Failure> {
    stories::ALL.iter().map(Case::of_story).collect()
}

/// What a word names: a file, a directory of files, or stories.
pub(crate) fn named(word: &str) -> Result<Vec<Case>, Failure> {
    let path = Path::new(word);
    if path.is_dir() {
        return disk::scenario_files(path)?.iter().map(|path| Case::of_file(path)).collect();
    }
    let stories: Vec<&Story> = stories::find(word).collect();
    if !stories.is_empty() && !path.exists() {
        return stories.into_iter().map(Case::of_story).collect();
    }
    let looks_like_a_file = word.contains(['/', '\\', '.']);
    if path.exists() || looks_like_a_file {
        return Case::of_file(path).map(|case| vec![case]);
    }
    let near = match closest(word, stories::ALL.iter().map(|story| story.name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`reversim run` without a name runs every story".to_owned(),
    };
    Err(Failure::usage(format!("there is no file, directory or story called `{word}`; {near}")))
}

/// The only scenario that a word names.
pub(crate) fn one(word: &str) -> Result<Case, Failure> {
    let mut cases = named(word)?;
    match (cases.pop(), cases.is_empty()) {
        (Some(case), true) => Ok(case),
        _ => Err(Failure::usage(format!("`{word}` names several scenarios; name one of them"))),
    }
}

/// A word as a shell takes it for one.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+,:@%".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}
