//! What was sent again: how long after the sending before it, and what happened between the two.
//! This judges nothing.

use super::Books;
use super::counter::SlowCommit;
use crate::history::Entry;
use crate::party::{Party, Role};
use reversim_models::time::{Duration, Instant};

/// A reversal or an advice that was sent once more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SentAgain {
    /// The record that says so.
    pub(crate) index: usize,
    /// The number of the sending, by its sender.
    pub(crate) attempt: u32,
    /// The sending before: its record, and how long ago that was; none if it was the first, if
    /// there is a reason not to wait (power or the line was lost since, or the keys were), or if
    /// the disk was slow.
    pub(crate) before: Option<(usize, Duration)>,
}

/// How a terminal stands to its host.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Talk {
    terminal: Party,
    /// Its last connection, sign-on or loss of keys; 0 before the first.
    pub(super) begun: usize,
    /// The record of its last sign-on; 0 before the first.
    pub(super) signed_on: usize,
}

impl Books {
    /// A party recorded a sending; `before` is the one before it.
    pub(super) fn sent_again(
        &mut self,
        index: usize,
        entry: &Entry,
        before: Option<(usize, Instant)>,
        attempt: u32,
    ) {
        let party = entry.party;
        let before = before.filter(|(before, at)| {
            let is_since = |(other, at): &(Party, usize)| *other == party && at > before;
            // What a slow disk held up was decided, and its time began, nobody sees when.
            let is_late = |slow: &SlowCommit| slow.party == party && slow.begun <= *at;
            !self.power_losses.iter().any(is_since)
                && !self.slow_commits.iter().any(is_late)
                && !self.began_anew(party, *before)
        });
        let before = before.map(|(before, at)| (before, entry.at.since(at)));
        self.sent_again = Some(SentAgain { index, attempt, before });
    }

    /// Whether a terminal has another line or other keys since this entry.
    fn began_anew(&self, party: Party, since: usize) -> bool {
        self.talks.iter().any(|talk| talk.terminal == party && talk.begun > since)
    }

    /// A connection of this party stands.
    pub(super) fn line_stands(&mut self, index: usize, party: Party) {
        if party.role == Role::Terminal {
            self.talk(party).begun = index;
        }
    }

    /// How a terminal stands to its host.
    pub(super) fn talk(&mut self, terminal: Party) -> &mut Talk {
        let place = self.talks.iter().position(|talk| talk.terminal == terminal);
        let place = place.unwrap_or_else(|| {
            self.talks.push(Talk { terminal, begun: 0, signed_on: 0 });
            self.talks.len() - 1
        });
        &mut self.talks[place]
    }
}
