//! What terminals had chips do, and what the chips answered. This judges nothing.

use super::Books;
use crate::history::Entry;
use crate::party::Party;
use reversim_models::device::CardCommand;
use reversim_models::node::Ticket;

/// One command to a chip.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChipTalk {
    pub(crate) terminal: Party,
    pub(crate) ticket: Ticket,
    pub(crate) command: CardCommand,
    /// Where in the history.
    pub(crate) index: usize,
    /// What came of it: where, and whether the chip did it.
    pub(crate) answer: Option<(usize, bool)>,
}

impl ChipTalk {
    /// Where the chip did not do it.
    pub(crate) fn refused(&self) -> Option<usize> {
        self.answer.filter(|(_, is_done)| !is_done).map(|(index, _)| index)
    }

    /// Whether it was asked to confirm what the host had approved.
    pub(crate) fn is_last_word(&self) -> bool {
        matches!(self.command, CardCommand::Complete(_))
    }
}

impl Books {
    pub(super) fn chip_asked(&mut self, index: usize, entry: &Entry, command: CardCommand) {
        let (terminal, ticket, answer) = (entry.party, entry.ticket, None);
        self.chips.push(ChipTalk { terminal, ticket, command, index, answer });
        self.found.chips_by_ticket.added(&self.chips);
    }

    pub(super) fn chip_answered(&mut self, index: usize, entry: &Entry, is_done: bool) {
        let places = self.found.chips_by_ticket.of(&self.chips, entry.ticket);
        let is_it = |place: &usize| {
            let talk = &self.chips[*place];
            talk.terminal == entry.party && talk.answer.is_none()
        };
        let place = { places }.rev().find(is_it);
        if let Some(place) = place {
            self.chips[place].answer = Some((index, is_done));
        }
    }

    /// What was last said to the chip about this ticket before the host was asked, or after.
    pub(crate) fn chip_talk(&self, ticket: Ticket, is_last_word: bool) -> Option<&ChipTalk> {
        let places = self.found.chips_by_ticket.of(&self.chips, ticket);
        let mut talks = places.rev().map(|place| &self.chips[place]);
        talks.find(|talk| talk.is_last_word() == is_last_word)
    }
}
