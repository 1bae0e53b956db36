//! Why some placements need not be run: each argument has a name and a reason in one sentence.
//!
//! An argument may only use what the history shows before the placement. It says that the run
//! with the placement left out, or with another one that is run, is the same for every party,
//! whatever else is placed later. `explore/tests/pruning.rs` compares with the unpruned set.

use std::fmt;
use std::ops::{AddAssign, Index};

/// Why a placement is not run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Argument {
    /// See [`Argument::reason`]; so for all of them.
    AfterIsBeforeNext,
    /// A clock that nobody read.
    ClockNotRead,
    /// A message that is lost anyway.
    LostAlready,
    /// Beside a weak peer: nobody noticed that it is there.
    PolicyNotAsked,
    /// Two names of one thing.
    ReplayIsLateDuplicate,
    /// Sets know no order.
    SameSet,
}

impl Argument {
    /// Every argument, by name.
    pub const ALL: [Argument; 6] = [
        Argument::AfterIsBeforeNext,
        Argument::ClockNotRead,
        Argument::LostAlready,
        Argument::PolicyNotAsked,
        Argument::ReplayIsLateDuplicate,
        Argument::SameSet,
    ];

    /// Its name, as `lost-already`.
    pub const fn name(self) -> &'static str {
        match self {
            Argument::AfterIsBeforeNext => "after-is-before-next",
            Argument::ClockNotRead => "clock-not-read",
            Argument::LostAlready => "lost-already",
            Argument::PolicyNotAsked => "policy-not-asked",
            Argument::ReplayIsLateDuplicate => "replay-is-late-duplicate",
            Argument::SameSet => "same-set-in-another-order",
        }
    }

    /// Why it is an argument.
    pub const fn reason(self) -> &'static str {
        match self {
            Argument::AfterIsBeforeNext => {
                "power lost after an action is power lost before the next one, if both are taken \
                 at one instant and nothing reaches the party in between"
            }
            Argument::ClockNotRead => {
                "a clock that jumps at one message or at a later one shows its party the same, if \
                 the party took no part in anything in between"
            }
            Argument::LostAlready => {
                "what happens to a single message happens to nothing, if an earlier fault loses it \
                 where it is sent"
            }
            Argument::PolicyNotAsked => {
                "a run beside a weak peer is the run without it, if no party asked its policy a \
                 question in it that the weak one answers otherwise; judges were told of the weak \
                 one's budgets"
            }
            Argument::ReplayIsLateDuplicate => {
                "a replay is a duplicate that comes late, and that one is placed"
            }
            Argument::SameSet => "faults are a set: it is run once, whatever order leads to it",
        }
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How many placements each argument spared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Pruned([u64; Argument::ALL.len()]);

impl Pruned {
    /// One more.
    pub(super) fn count(&mut self, argument: Argument) {
        self.0[argument as usize] += 1;
    }

    /// So many more.
    pub(super) fn add(&mut self, argument: Argument, count: u64) {
        self.0[argument as usize] += count;
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Every argument with its count.
    pub fn iter(&self) -> impl Iterator<Item = (Argument, u64)> {
        Argument::ALL.into_iter().map(|argument| (argument, self[argument]))
    }
}

impl Index<Argument> for Pruned {
    type Output = u64;

    fn index(&self, argument: Argument) -> &u64 {
        &self.0[argument as usize]
    }
}

impl AddAssign for Pruned {
    fn add_assign(&mut self, other: Pruned) {
        for (ours, theirs) in self.0.iter_mut().zip(other.0) {
            *ours += theirs;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_counted_under_their_own_names() {
        let mut pruned = Pruned::default();
        pruned.count(Argument::LostAlready);
        pruned += pruned;
        let counts: Vec<_> = pruned.iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counts, [(Argument::LostAlready, 2)]);
        assert_eq!((pruned.total(), pruned[Argument::SameSet]), (2, 0));
        assert!(Argument::ALL.is_sorted_by_key(|argument| argument.name()));
    }
}
