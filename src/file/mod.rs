//! Scenario files: text to [`Scenario`] and back. Touches no disk; that is the command line's.
//!
//! What is wrong with a file is said in one sentence that names file, line and key, with a hint.

mod check;
pub mod recording;
mod script;
mod set;
mod write;

pub use check::nearest_defect;
pub use recording::{Recording, is_recording, parse_recording, render_recording};
pub use script::parse_script;
pub use set::set;
pub use write::{RenderError, render};

use crate::closest::closest;
use crate::scenario::{Scenario, VERSION};
use toml::de::DeTable;

/// What is wrong with a scenario file, for the person who wrote it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{file}{}: {reason}{}", Line(*line), Hint(hint))]
pub struct FileError {
    /// The file, as it was named.
    pub file: String,
    /// Line, from 1; none if the file as a whole is meant.
    pub line: Option<usize>,
    /// The key, with its table: `topology.terminals`; empty if there is none.
    pub key: String,
    /// What is wrong, naming the key.
    pub reason: String,
    /// What to do about it; may be empty.
    pub hint: String,
}

struct Line(Option<usize>);

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

struct Hint<'a>(&'a str);

impl std::fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "; {}", self.0) }
    }
}

/// A problem without the file's name and with a position instead of a line.
struct Problem {
    at: Option<usize>,
    key: String,
    reason: String,
    hint: String,
}

impl Problem {
    fn new(at: Option<usize>, key: impl Into<String>, reason: impl Into<String>) -> Problem {
        Problem { at, key: key.into(), reason: reason.into(), hint: String::new() }
    }

    fn hint(self, hint: impl Into<String>) -> Problem {
        Problem { hint: hint.into(), ..self }
    }

    fn in_file(self, file: &str, text: &str) -> FileError {
        let line = self.at.map(|at| line_at(text.as_bytes(), at));
        FileError { file: file.into(), line, key: self.key, reason: self.reason, hint: self.hint }
    }
}

fn line_at(text: &[u8], at: usize) -> usize {
    let before = &text[..at.min(text.len())];
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Reads a scenario from the bytes of the file called `file`.
///
/// # Errors
///
/// One sentence: what is wrong, where, and what to do.
pub fn parse(file: &str, bytes: &[u8]) -> Result<Scenario, FileError> {
    let text = text_of(file, bytes, "a scenario")?;
    read(text).map_err(|problem| problem.in_file(file, text))
}

fn text_of<'a>(file: &str, bytes: &'a [u8], what: &str) -> Result<&'a str, FileError> {
    std::str::from_utf8(bytes).map_err(|error| FileError {
        file: file.to_owned(),
        line: Some(line_at(bytes, error.valid_up_to())),
        key: String::new(),
        reason: "this is not text in UTF-8".to_owned(),
        hint: format!("{what} is a TOML text file"),
    })
}

fn read(text: &str) -> Result<Scenario, Problem> {
    if text.trim().is_empty() {
        let problem = Problem::new(None, "", "the file is empty");
        return Err(problem.hint(format!("a scenario begins with `version = {VERSION}`")));
    }
    let document = DeTable::parse(text).map_err(|error| broken(text, &error))?;
    check::version(document.get_ref())?;
    let scenario = toml::from_str(text).map_err(wrong)?;
    check::meaning(&scenario, document.get_ref())?;
    Ok(scenario)
}

/// The text is not TOML.
fn broken(text: &str, error: &toml::de::Error) -> Problem {
    let at = error.span().map(|span| span.start);
    let is_at_the_end = at.is_none_or(|at| text.get(at..).is_none_or(|s| s.trim().is_empty()));
    let key = at.map(|at| key_on_line(text, at)).unwrap_or_default();
    let at = at.map(|at| at.min(text.trim_end().len()));
    let problem = Problem::new(at, key, one_line(error.message()));
    match is_at_the_end {
        true => problem.hint("the file ends here: it may have been cut off"),
        false => problem,
    }
}

/// The text is TOML, but not a scenario.
fn wrong(mut error: toml::de::Error) -> Problem {
    let span = error.span();
    let at = span.as_ref().map(|span| span.start);
    let message = one_line(error.message());
    // Without its input the error prints as `message` and "in `the.key`" on the next line.
    error.set_input(None);
    let shown = error.to_string();
    let table = shown.lines().nth(1).and_then(|line| line.strip_prefix("in `"));
    let table = table.and_then(|line| line.strip_suffix('`')).unwrap_or_default();
    if let Some(rest) = message.strip_prefix("unknown field `") {
        return unknown("key", at, table, rest);
    }
    if let Some(rest) = message.strip_prefix("unknown variant `") {
        return unknown("value", at, table, rest);
    }
    if let Some(rest) = message.strip_prefix("unexpected keys in table: ") {
        let (keys, known) = rest.split_once(", available keys: ").unwrap_or((rest, ""));
        let key = keys.split(',').next().unwrap_or(keys);
        return unknown_among("key", at, table, key, known.split(", "));
    }
    if let Some(key) = message.strip_prefix("missing field `") {
        let key = key.trim_end_matches('`');
        return Problem::new(at, join(table, key), format!("`{key}` is missing{}", within(table)));
    }
    if message.starts_with("wanted exactly 1 element") {
        let reason = format!("`{table}` takes exactly one key, which says what kind it is");
        return Problem::new(at, table, reason);
    }
    let message = in_words(&message);
    let reason = match table {
        "" => message,
        table => format!("`{table}`: {message}"),
    };
    Problem::new(at, table, reason)
}

/// What serde expects, as people say it.
fn in_words(message: &str) -> String {
    let types = [
        ("expected u8", "expected a number from 0 to 255"),
        ("expected u16", "expected a number from 0 to 65535"),
        ("expected u32", "expected a number from 0 to 4294967295"),
        ("expected u64", "expected a number from 0"),
        ("expected i64", "expected a whole number"),
    ];
    let known = types.iter().find(|(end, _)| message.ends_with(end));
    known.map_or(message.to_owned(), |(end, words)| message.replace(end, words))
}

/// From serde's "`X`, expected one of `a`, `b`" after "unknown field".
fn unknown(what: &str, at: Option<usize>, table: &str, rest: &str) -> Problem {
    let (name, known) = rest.split_once('`').unwrap_or((rest, ""));
    unknown_among(what, at, table, name, known.split('`').skip(1).step_by(2))
}

fn unknown_among<'a>(
    what: &str,
    at: Option<usize>,
    table: &str,
    name: &str,
    known: impl Iterator<Item = &'a str>,
) -> Problem {
    let known: Vec<&str> = known.collect();
    let key = if what == "key" { join(table, name) } else { table.to_owned() };
    let reason = format!("unknown {what} `{name}`{}", within(table));
    let hint = match closest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => String::new(),
        None => format!("known are {}", known.join(", ")),
    };
    Problem::new(at, key, reason).hint(hint)
}

fn within(table: &str) -> String {
    if table.is_empty() { String::new() } else { format!(" in `{table}`") }
}

fn join(table: &str, key: &str) -> String {
    if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") }
}

/// The key before the first `=` of the line that holds this position.
fn key_on_line(text: &str, at: usize) -> String {
    let before = text.get(..at.min(text.len())).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    line.split_once('=').map(|(key, _)| key.trim().to_owned()).unwrap_or_default()
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
