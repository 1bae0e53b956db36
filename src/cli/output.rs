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
    let styles: [(&str, Style); 4] = [
        ("VIOLATED", AnsiColor::Red.on_default().bold()),
        (" holds ", AnsiColor::Green.on_default()),
        (" unknown ", AnsiColor::Yellow.on_default()),
        ("! fault", AnsiColor::Yellow.on_default().bold()),
    ];
    styles.iter().fold(text.to_owned(), |text, (word, style)| {
        text.replace(word, &format!("{style}{word}{style:#}"))
    })
}
