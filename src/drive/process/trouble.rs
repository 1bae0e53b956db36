//! What can go wrong with a child, in sentences that name the party and the line.

use super::pipe::{Broken, LINE_MAX};
use super::wire::cut;
use crate::party::Party;
use crate::scenario::Scenario;
use std::process::ExitStatus;
use std::time::Duration;

/// Lines that are written to one child in one run, at most.
pub(super) const LINES_MAX: u64 = 100_000;

/// Why a run with a child could not be finished. That is no verdict on the party's money.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[error("{party} (`{command}`) {what}")]
pub struct ProcessError {
    /// Whom the child plays.
    pub party: Party,
    /// The command that starts it.
    pub command: String,
    /// What happened, and at which line of the run.
    pub what: String,
    /// Whether the command is to blame, before any run: it does not start, or does not want to
    /// play this party.
    pub is_usage: bool,
    /// The run, if there was one.
    pub scenario: Option<Box<Scenario>>,
}

/// What happened to one child.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It does not start.
    NoStart(String),
    /// It said that it cannot go on.
    Refused(String),
    /// It ended, or closed its output.
    Ended(Option<ExitStatus>),
    /// It did not answer in time.
    Late(Duration),
    /// Its answer has no end.
    TooLong,
    /// It spoke without being asked.
    Unasked(String),
    /// The pipe failed.
    Pipe(String),
    /// What it said is not an answer.
    NoAnswer {
        /// What it said, or the beginning of it.
        said: String,
        /// What is wrong with it.
        why: String,
    },
    /// An action of its answer cannot be performed.
    NoAction {
        /// Which one, from 1.
        number: usize,
        /// Why.
        why: &'static str,
    },
    /// It said that it tells its books, and does not.
    NoBooks,
    /// A line of its books is none.
    NoPosting {
        /// Which, from 1.
        number: usize,
        /// Why.
        why: &'static str,
    },
    /// It wants something done where nothing can be.
    NotNow,
    /// It tells what it was not asked for: the name of that.
    NotAsked(&'static str),
    /// It keeps the run from ending.
    TooMany,
}

impl Trouble {
    pub(super) fn of(broken: Broken, limit: Duration) -> Trouble {
        match broken {
            Broken::Ended(status) => Trouble::Ended(status),
            Broken::Late => Trouble::Late(limit),
            Broken::TooLong => Trouble::TooLong,
            Broken::Unasked(text) => Trouble::Unasked(cut(text.as_bytes())),
            Broken::Pipe(error) => Trouble::Pipe(error.to_string()),
        }
    }

    /// What happened, in words; `line` of the run, from 1, said `question`.
    pub(super) fn sentence(&self, line: u64, question: &[u8]) -> String {
        let what = match self {
            Trouble::NoStart(why) => return format!("does not start: {why}"),
            Trouble::Refused(why) if line <= 1 => return format!("does not want to: {why}"),
            Trouble::Refused(why) => format!("cannot go on: {why}"),
            Trouble::Ended(Some(status)) => format!("ended ({status})"),
            Trouble::Ended(None) => "closed its standard output".to_owned(),
            Trouble::Late(limit) => format!("did not answer within {} ms", limit.as_millis()),
            Trouble::TooLong => format!("answers without an end: no line ends in {LINE_MAX} bytes"),
            Trouble::Unasked(text) => format!("said more than one line: `{text}`"),
            Trouble::Pipe(why) => format!("cannot be written to or read: {why}"),
            Trouble::NoAnswer { said, why } => {
                format!("gave no answer of the protocol: {why}; it said `{said}`")
            }
            Trouble::NoAction { number, why } => {
                format!("wants what cannot be done: action {number} of its answer: {why}")
            }
            Trouble::NoBooks => "does not tell its books, as it said it would".to_owned(),
            Trouble::NoPosting { number, why } => {
                format!("tells what is no book: line {number} of it: {why}")
            }
            Trouble::NotNow => {
                "wants something done before it has started, or when it tells its books".to_owned()
            }
            Trouble::NotAsked(name) => format!("says `{name}`, which nobody asked for"),
            Trouble::TooMany => format!("was asked {LINES_MAX} times in one run, and has no end"),
        };
        format!("{what}; line {line} of the run was {}", cut(question))
    }

    /// Whether the command is to blame, and no run was needed to see it.
    pub(super) fn is_usage(&self, line: u64) -> bool {
        matches!(self, Trouble::NoStart(_)) || matches!(self, Trouble::Refused(_)) && line <= 1
    }
}
