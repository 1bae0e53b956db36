//! Who says to be who: sign-ons as they reached a switch, and when the keys of a line changed. This
//! judges nothing.

use super::Books;
use super::scan::scan;
use crate::history::{Entry, Frame, TerminalLine};
use crate::party::Party;
use reversim_models::iso8583::Element;
use reversim_models::node::{Port, Ticket};

/// A sign-on that reached a switch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignOn {
    /// The terminal on whose line it came.
    pub(crate) from: Party,
    pub(crate) index: usize,
    pub(crate) ticket: Ticket,
    /// Element 41.
    pub(crate) terminal: [u8; 8],
    /// Element 42.
    pub(crate) merchant: [u8; 15],
}

impl Books {
    /// A sign-on arrived. One that nobody can read is none.
    pub(super) fn signs_on(&mut self, index: usize, entry: &Entry, from: Party, frame: &Frame) {
        let (ticket, terminal, merchant) = (entry.ticket, [0; 8], [0; 15]);
        let mut sign_on = SignOn { from, index, ticket, terminal, merchant };
        let take = |element, value: &[u8]| match element {
            Element::TERMINAL if value.len() == 8 => sign_on.terminal.copy_from_slice(value),
            Element::MERCHANT if value.len() == 15 => sign_on.merchant.copy_from_slice(value),
            _ => {}
        };
        if scan(frame, take).is_some() {
            self.sign_ons.push(sign_on);
        }
    }

    /// Work keys of the terminal at this port were issued or withdrawn.
    pub(super) fn keys_changed(&mut self, index: usize, switch: Party, port: Port) {
        let is_it = |(other, of, _): &&mut (Party, Port, usize)| (*other, *of) == (switch, port);
        match self.key_changes.iter_mut().find(is_it) {
            Some((_, _, last)) => *last = index,
            None => self.key_changes.push((switch, port, index)),
        }
    }

    /// The line at this port of a switch.
    pub(crate) fn line_at(&self, switch: Party, port: Port) -> Option<&TerminalLine> {
        self.setting.lines.iter().find(|line| (line.switch, line.port) == (switch, port))
    }

    /// When the keys of a terminal changed last at this switch.
    pub(crate) fn keys_changed_at(&self, switch: Party, terminal: Party) -> Option<usize> {
        let is_it = |line: &&TerminalLine| (line.switch, line.terminal) == (switch, terminal);
        let port = self.setting.lines.iter().find(is_it)?.port;
        let of = self.key_changes.iter().find(|(at, of, _)| (*at, *of) == (switch, port));
        of.map(|(_, _, index)| *index)
    }
}
