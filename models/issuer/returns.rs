//! What an issuer returns: claims that it does not pay (退单), and slips that its cardholders want to
//! see (调单). Files of their own, on a line of their own to the clearing house.
//!
//! A file is made in the commit that decides what is in it, or after power loss from what was
//! decided, and is sent until it is taken. A slip that exists is not sent back: the smallest honest
//! answer to a retrieval request is that the debit stays, and the other one that it is adjusted.

use super::books::Commit;
use super::{Issuer, Out};
use crate::card::{Amount, Pan};
use crate::claim::DeskNote;
use crate::device::{Device, Output};
use crate::filing::{self, Channel, FileText, Heard};
use crate::node::{Actions, Event, Ticket};
use crate::record::{EntryKind, FileEntry, FileId, FileKind, IssuerRecord};
use crate::time::Now;

/// A file that waits for the clearing house.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Undelivered {
    pub(super) file: FileId,
    pub(super) entries: Box<[FileEntry]>,
    /// The commit that it is part of.
    pub(super) commit: Commit,
}

impl Issuer {
    /// The line on which it returns, if there is a clearing house.
    pub(super) fn new_channel(config: &super::Config) -> Option<Channel> {
        let terms = config.clearing?;
        let (_, zone) = config.lines.iter().find(|(port, _)| *port == terms.port)?;
        Some(Channel::new(
            terms.returns,
            zone.clone(),
            config.institution,
            (terms.retry, config.frame_timeout),
            terms.records_per_part,
            config.defects,
        ))
    }

    /// Takes what happened on the line of returns; false if it happened elsewhere.
    pub(super) fn hear_returns(
        &mut self,
        now: Now,
        event: &Event<'_>,
        actions: &mut Actions,
    ) -> bool {
        let channel = self.returns.as_mut();
        let heard = channel.and_then(|channel| channel.happen(now, event, actions));
        let is_here = heard.is_some();
        for heard in heard.into_iter().flatten() {
            self.heard_of_returns(heard, actions);
        }
        is_here
    }

    fn heard_of_returns(&mut self, heard: Heard, actions: &mut Actions) {
        match heard {
            Heard::Taken(file) => {
                let asked = actions.ticket();
                actions.about(Ticket::NONE);
                self.record(IssuerRecord::FileDelivered { file }, actions);
                actions.about(asked);
                if let Some(channel) = &mut self.returns {
                    channel.outbox.complete(file);
                }
            }
            Heard::Refused(file, code) => {
                let words = format!("returns {} are refused: {code}", file.sequence);
                actions.tell(Device::Log, Output::Log(words));
            }
        }
    }

    /// After every event: sends what is durable.
    pub(super) fn send_returns(&mut self, now: Now, actions: &mut Actions) {
        let Some(channel) = &mut self.returns else { return };
        let asked = actions.ticket();
        channel.elapse(now, actions);
        for waiting in &self.books.settling.undelivered {
            // One that could still be forgotten could be made otherwise.
            if self.books.is_durable(waiting.commit) && !channel.outbox.holds(waiting.file) {
                let (id, currency) = (waiting.file, self.config.currency);
                let text = FileText { id, currency, entries: waiting.entries.to_vec() };
                channel.outbox.push(id, filing::write(&text));
            }
        }
        channel.offer(now, actions);
        actions.about(asked);
    }

    /// Makes a file of what is refused and not returned yet, and of these slips that are wanted.
    pub(super) fn build_returns(&mut self, wanted: Vec<FileEntry>, actions: &mut Actions) {
        let Some((terms, last)) = self.config.clearing.zip(self.books.settling.last) else {
            return;
        };
        let mut entries = self.books.settling.refused.clone();
        entries.extend(wanted);
        if entries.is_empty() {
            return;
        }
        let file = FileId {
            kind: FileKind::Return,
            sender: self.config.institution,
            receiver: terms.institution,
            date: last.0.date,
            sequence: self.books.settling.returned + 1,
        };
        self.record(IssuerRecord::ReturnBuilt { file, entries: entries.into() }, actions);
    }

    /// A cardholder says that something of this amount was never bought: the slips of all that is
    /// paid of it are asked for, once.
    pub(super) fn retrieve(&mut self, pan: Pan, amount: Amount, out: &mut Out<'_>) {
        let wanted: Vec<FileEntry> = self.books.settling.retrievable(pan, amount.minor).collect();
        if wanted.is_empty() {
            out.rest.tell(Device::Desk, Output::Desk(DeskNote::NothingToRetrieve));
        } else {
            self.build_returns(wanted, out.records);
        }
    }
}

impl super::settling::Settling {
    /// What is presented of this card and amount, and nobody has asked the slip of.
    fn retrievable(&self, pan: Pan, minor: u64) -> impl Iterator<Item = FileEntry> + '_ {
        let is_it = move |entry: &FileEntry| entry.pan == pan && entry.minor == minor;
        let paid = self.paid().filter(is_it);
        paid.map(|entry| FileEntry { kind: EntryKind::Retrieval, ..entry })
    }
}
