//! What a judge says. Knows no invariant.

use crate::history::Horizon;
use std::fmt;

/// What an invariant says of a history at a horizon.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It was exercised this often and held every time.
    Holds {
        /// How many cases were checked; at least 1.
        checked: u64,
    },
    /// It was broken.
    Violated(Violation),
    /// Nothing exercised it, or its evidence is not visible.
    Unknown {
        /// Which of the two, in words.
        why: &'static str,
    },
}

/// How a claim was broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The invariant's name.
    pub invariant: &'static str,
    /// The sentence a payments engineer would say, card numbers masked.
    pub sentence: String,
    /// Indices of the two or three entries that contradict each other, in order.
    pub witnesses: Vec<usize>,
    /// The horizon at which it was found; none for "always".
    pub horizon: Option<Horizon>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.sentence)
    }
}
