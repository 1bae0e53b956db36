//! Model-state coverage: which combinations of what terminal, switch and issuer know of one sale
//! were ever seen, out of those that are possible.
//!
//! A state is read off the records alone, never off a party's inside; the batch that a sale is in
//! stands for clearing. It is no verdict: it says where a search has been, and where it never was.

#[cfg(test)]
mod tests;
mod watch;

pub use watch::StateWatch;

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a terminal has recorded of a sale.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AtTerminal {
    /// Begun, and nothing is known.
    Asked,
    /// Approved.
    Approved,
    /// Declined by an answer that it trusts.
    Declined,
    /// Never left.
    NotSent,
    /// In doubt: to be reversed.
    Due,
    /// Its reversal was sent.
    Tried,
    /// Its reversal was answered.
    Reversed,
    /// Given up as an exception item.
    GivenUp,
    /// Approved, and its batch is closed.
    Settled,
}

/// What the acquirer's switch has recorded of a sale.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AtSwitch {
    /// Nothing.
    Unknown,
    /// Forwarded, and not answered.
    Forwarded,
    /// Answered with an approval.
    Approved,
    /// Answered with a decline, and nothing to take back.
    Refused,
    /// To be taken back: an advice is queued.
    Owing,
    /// The advice was sent.
    Tried,
    /// The advice was answered.
    Done,
    /// The advice was given up as an exception item.
    GivenUp,
    /// Reversed before it came: it will be refused.
    Barred,
    /// Approved, and its batch is closed.
    Settled,
}

/// What the issuer has recorded of a sale.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AtIssuer {
    /// Nothing.
    Unknown,
    /// Debited.
    Debited,
    /// Declined.
    Declined,
    /// Debited and credited again.
    Reversed,
    /// Reversed before it came: it will be refused.
    Barred,
}

const TERMINAL: [(AtTerminal, &str); 9] = [
    (AtTerminal::Asked, "asked"),
    (AtTerminal::Approved, "approved"),
    (AtTerminal::Declined, "declined"),
    (AtTerminal::NotSent, "not-sent"),
    (AtTerminal::Due, "due"),
    (AtTerminal::Tried, "tried"),
    (AtTerminal::Reversed, "reversed"),
    (AtTerminal::GivenUp, "given-up"),
    (AtTerminal::Settled, "settled"),
];

const SWITCH: [(AtSwitch, &str); 10] = [
    (AtSwitch::Unknown, "unknown"),
    (AtSwitch::Forwarded, "forwarded"),
    (AtSwitch::Approved, "approved"),
    (AtSwitch::Refused, "refused"),
    (AtSwitch::Owing, "owing"),
    (AtSwitch::Tried, "tried"),
    (AtSwitch::Done, "done"),
    (AtSwitch::GivenUp, "given-up"),
    (AtSwitch::Barred, "barred"),
    (AtSwitch::Settled, "settled"),
];

const ISSUER: [(AtIssuer, &str); 5] = [
    (AtIssuer::Unknown, "unknown"),
    (AtIssuer::Debited, "debited"),
    (AtIssuer::Declined, "declined"),
    (AtIssuer::Reversed, "reversed"),
    (AtIssuer::Barred, "barred"),
];

/// What the three know of one sale at one time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct State {
    /// The terminal.
    pub terminal: AtTerminal,
    /// The acquirer's switch.
    pub switch: AtSwitch,
    /// The issuer.
    pub issuer: AtIssuer,
}

impl fmt::Display for State {
    /// `due/forwarded/debited`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = (
            TERMINAL[self.terminal as usize].1,
            SWITCH[self.switch as usize].1,
            ISSUER[self.issuer as usize].1,
        );
        write!(f, "{}/{}/{}", names.0, names.1, names.2)
    }
}

impl State {
    /// Every combination, possible or not.
    pub fn all() -> impl Iterator<Item = State> {
        TERMINAL.iter().flat_map(|(terminal, _)| {
            SWITCH.iter().flat_map(move |(switch, _)| {
                ISSUER.iter().map(move |(issuer, _)| State {
                    terminal: *terminal,
                    switch: *switch,
                    issuer: *issuer,
                })
            })
        })
    }

    /// Every combination that correct parties can come to.
    pub fn possible() -> impl Iterator<Item = State> {
        State::all().filter(State::is_possible)
    }

    fn parse(name: &str) -> Option<State> {
        State::all().find(|state| state.to_string() == name)
    }

    const fn index(self) -> usize {
        (self.terminal as usize * SWITCH.len() + self.switch as usize) * ISSUER.len()
            + self.issuer as usize
    }

    /// Whether correct parties can come to it: records come before messages, so nobody knows less
    /// than whoever learned it from him.
    pub fn is_possible(&self) -> bool {
        self.is_possible_at_the_counter() && self.is_possible_behind_it()
    }

    /// Terminal and switch.
    fn is_possible_at_the_counter(&self) -> bool {
        use AtSwitch as S;
        match self.terminal {
            // Nobody has reversed or settled it yet.
            AtTerminal::Asked | AtTerminal::Due => !matches!(self.switch, S::Barred | S::Settled),
            AtTerminal::Approved => matches!(self.switch, S::Approved | S::Settled),
            AtTerminal::Settled => self.switch == S::Settled,
            AtTerminal::NotSent => self.switch == S::Unknown,
            AtTerminal::Declined => {
                matches!(self.switch, S::Refused | S::Owing | S::Tried | S::Done | S::GivenUp)
            }
            AtTerminal::Tried => self.switch != S::Settled,
            AtTerminal::Reversed => matches!(
                self.switch,
                S::Refused | S::Owing | S::Tried | S::Done | S::GivenUp | S::Barred
            ),
            AtTerminal::GivenUp => true,
        }
    }

    /// Switch and issuer. Between them there may be another switch, which takes back by itself.
    fn is_possible_behind_it(&self) -> bool {
        use AtIssuer as I;
        match self.switch {
            AtSwitch::Unknown | AtSwitch::Barred => self.issuer == I::Unknown,
            AtSwitch::Approved | AtSwitch::Settled => self.issuer == I::Debited,
            AtSwitch::Forwarded
            | AtSwitch::Refused
            | AtSwitch::Owing
            | AtSwitch::Tried
            | AtSwitch::Done
            | AtSwitch::GivenUp => true,
        }
    }
}

const WORDS: usize = 8;

/// A set of states.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(into = "Vec<String>", try_from = "Vec<String>")]
pub struct States([u64; WORDS]);

impl States {
    /// Adds a state.
    pub const fn set(&mut self, state: State) {
        let index = state.index();
        self.0[index / 64] |= 1 << (index % 64);
    }

    /// Whether the state is in it.
    pub const fn has(&self, state: State) -> bool {
        let index = state.index();
        self.0[index / 64] >> (index % 64) & 1 == 1
    }

    /// Adds everything that `other` has.
    pub fn add(&mut self, other: &States) {
        for (ours, theirs) in self.0.iter_mut().zip(other.0) {
            *ours |= theirs;
        }
    }

    /// How many are in it.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// How many of these are not in `known`.
    pub fn beyond(&self, known: &States) -> u64 {
        let new = self.0.iter().zip(known.0).map(|(ours, theirs)| ours & !theirs);
        new.map(|word| u64::from(word.count_ones())).sum()
    }

    /// The states in it.
    pub fn iter(&self) -> impl Iterator<Item = State> {
        State::all().filter(|state| self.has(*state))
    }

    /// The possible ones that are not in it.
    pub fn never_seen(&self) -> impl Iterator<Item = State> {
        State::possible().filter(|state| !self.has(*state))
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|state| state.to_string())).finish()
    }
}

impl From<States> for Vec<String> {
    fn from(states: States) -> Vec<String> {
        states.iter().map(|state| state.to_string()).collect()
    }
}

impl TryFrom<Vec<String>> for States {
    type Error = String;

    fn try_from(names: Vec<String>) -> Result<States, String> {
        let mut states = States::default();
        for name in names {
            states.set(State::parse(&name).ok_or_else(|| format!("`{name}` is not a state"))?);
        }
        Ok(states)
    }
}
