//! A history as a ladder: a column for each party, time downwards, messages as arrows.
//!
//! Made for 100 to 120 columns and people who read payments for a living. What nobody would miss
//! (waiting screens, line tests that pass, connections that come and go) is left out; a witness of
//! a violation never is.

mod draw;
mod picture;
mod rows;

use crate::fault::Fault;
use crate::history::History;
use crate::report::faults::describe_fault;
use std::fmt;

/// How a history is drawn. `Display` draws it.
#[derive(Clone, Debug)]
pub struct Ladder<'a> {
    history: &'a History,
    faults: Vec<String>,
    witnesses: Vec<usize>,
    width: usize,
    is_ascii: bool,
}

/// Columns of the page unless [`Ladder::width`] says otherwise.
pub const WIDTH: usize = 120;

/// The history as a ladder.
pub fn ladder(history: &History) -> String {
    Ladder::new(history).to_string()
}

impl<'a> Ladder<'a> {
    /// All of it, for a wide page.
    pub fn new(history: &'a History) -> Ladder<'a> {
        Ladder { history, faults: Vec::new(), witnesses: Vec::new(), width: WIDTH, is_ascii: false }
    }

    /// Says in words what the faults do.
    #[must_use]
    pub fn faults(self, faults: &[Fault]) -> Ladder<'a> {
        Ladder { faults: faults.iter().map(describe_fault).collect(), ..self }
    }

    /// Says this of the faults, in their order, where no [`Fault`] tells it.
    #[must_use]
    pub fn fault_words(self, words: &[String]) -> Ladder<'a> {
        Ladder { faults: words.to_vec(), ..self }
    }

    /// Marks these entries with `>`, and shows them whatever they are.
    #[must_use]
    pub fn witnesses(self, witnesses: &[usize]) -> Ladder<'a> {
        Ladder { witnesses: witnesses.to_vec(), ..self }
    }

    /// Columns of the page.
    #[must_use]
    pub fn width(self, width: usize) -> Ladder<'a> {
        Ladder { width, ..self }
    }

    /// Without a character beyond ASCII.
    #[must_use]
    pub fn ascii(self, is_ascii: bool) -> Ladder<'a> {
        Ladder { is_ascii, ..self }
    }
}

impl Ladder<'_> {
    /// The ladder as a picture in SVG, for a page that says in which colours. An arrow leads to
    /// the part of the page that is named `m` and the index of its entry.
    pub(super) fn picture(&self) -> maud::Markup {
        picture::picture(&rows::plan(self))
    }

    /// The entries of the arrows.
    pub(super) fn messages(&self) -> Vec<usize> {
        let rows = rows::plan(self).rows.into_iter();
        let is_arrow = |row: &rows::Row| matches!(row.content, rows::Content::Arrow { .. });
        rows.filter(is_arrow).map(|row| row.entry).collect()
    }
}

impl fmt::Display for Ladder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = rows::plan(self);
        if plan.parties.is_empty() {
            return writeln!(f, "(nothing happened)");
        }
        f.write_str(&draw::draw(&plan, self.width, self.is_ascii))
    }
}

#[cfg(test)]
mod tests;
