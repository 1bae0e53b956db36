//! Where text goes: reports to the standard output, everything else to the standard error.
//!
//! Colour only adds to words that say the same; it is left out where nobody sees it, and under
//! `NO_COLOR`.

use super::arguments::Format;
use crate::exit::Failure;
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// How this call reports.
pub(crate) struct Output {
    format: Format,
}

impl Output {
    pub(crate) fn new(format: Format) -> Output {
        Output { format }
    }

    /// Whether one JSON document is wanted.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// A report for people. A reader who went away is no error.
    pub(crate) fn text(&self, text: &str) -> Result<(), Failure> {
        write(&paint(text))
    }

    /// The JSON document, on lines of its own.
    pub(crate) fn json(&self, document: &impl Serialize) -> Result<(), Failure> {
        let text = to_json(document)?;
        write(&text)
    }
}

/// A value as indented JSON with a newline at the end.
pub(crate) fn to_json(document: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(document);
    text.map(|text| text + "\n").map_err(|error| Failure::internal(error.to_string()))
}

fn write(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::write(Path::new("the standard output"), &error))
        }
        _ => Ok(()),
    }
}

/// A hint, a warning, progress.
pub(crate) fn hint(text: &str) {
    // If nobody can read it, nobody needs it.
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// What went wrong, as the last words of a command.
pub(crate) fn complain(sentence: &str) {
    let red = AnsiColor::Red.on_default().bold();
    let _ = writeln!(anstream::stderr(), "{red}error:{red:#} {sentence}");
}

/// Verdicts and faults in colour.
fn paint(text: &str) -> String {
    let words = [
        ("VIOLATED", AnsiColor::Red.on_default().bold()),
        ("holds", AnsiColor::Green.on_default()),
        ("unknown", AnsiColor::Yellow.on_default()),
        ("! fault", AnsiColor::Yellow.on_default().bold()),
    ];
    words.into_iter().fold(text.to_owned(), |text, (word, style)| painted(&text, word, style))
}

/// A word in its style where it stands in a column: blanks before it, and nothing or blanks after.
fn painted(text: &str, word: &str, style: Style) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, after) = (&rest[..at], &rest[at + word.len()..]);
        let is_first = before.is_empty() && out.is_empty() || before.ends_with(['\n', ' ']);
        let is_whole = after.is_empty() || after.starts_with([' ', '\n']);
        out.push_str(before);
        if is_first && is_whole {
            out.push_str(&format!("{style}{word}{style:#}"));
        } else {
            out.push_str(word);
        }
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_are_painted() {
        let red = AnsiColor::Red.on_default();
        let shown = painted("holds withholds\n holds", "holds", red);
        assert_eq!(shown, format!("{red}holds{red:#} withholds\n {red}holds{red:#}"));
    }
}
