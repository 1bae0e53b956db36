//! The end of a business date at a switch: its extract is made when nothing of that date is in
//! flight any more, recorded, and sent to the clearing house until it is taken.
//!
//! What is reversed before the record is not in it; what is reversed after it is adjusted in the
//! next one. The record decides, not the sending: a line that is down changes nothing.

use super::config::ClearingLine;
use super::{Switch, Timer, book};
use crate::defect::Defect;
use crate::device::{Device, Output};
use crate::filing::{self, Channel, FileText, Heard};
use crate::node::{Action, Actions, Event, Ticket};
use crate::record::{EntryKind, Extracted, FileId, FileKind, Reason, SwitchRecord};
use crate::time::{Date, Instant, Now};

/// The line to the clearing house, and the date that is being closed.
#[derive(Clone, Debug)]
pub(super) struct Filing {
    channel: Channel,
    /// Not before then.
    extract_at: Instant,
    /// What stood when the date changed: only looked at under defect B07.
    stood: Vec<Extracted>,
}

impl Filing {
    pub(super) fn new(line: &ClearingLine, config: &super::Config) -> Filing {
        let channel = Channel::new(
            line.port,
            line.zone.clone(),
            config.institution,
            (line.retry, config.frame_timeout),
            line.records_per_part,
            config.defects,
        );
        Filing { channel, extract_at: Instant::START, stood: Vec::new() }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.channel.deadline()
    }
}

impl Switch {
    /// Takes what happened on the line to the clearing house; false if it happened elsewhere.
    pub(super) fn hear_clearing(
        &mut self,
        now: Now,
        event: &Event<'_>,
        actions: &mut Actions,
    ) -> bool {
        let channel = self.filing.as_mut().map(|filing| &mut filing.channel);
        let heard = channel.and_then(|channel| channel.happen(now, event, actions));
        let is_here = heard.is_some();
        for heard in heard.into_iter().flatten() {
            self.heard_of_file(heard, actions);
        }
        is_here
    }

    fn heard_of_file(&mut self, heard: Heard, actions: &mut Actions) {
        match heard {
            Heard::Taken(file) => {
                self.record_for_nobody(SwitchRecord::FileDelivered { file }, actions);
                if let Some(filing) = &mut self.filing {
                    filing.channel.outbox.complete(file);
                }
            }
            Heard::Refused(file, code) => {
                let words = format!("the extract of {} is refused: {code}", file.date);
                actions.tell(Device::Log, Output::Log(words));
            }
        }
    }

    fn record_for_nobody(&mut self, record: SwitchRecord, actions: &mut Actions) {
        super::about(Ticket::NONE, actions, |actions| self.commit(record, actions));
    }

    /// The date changes: it is extracted when the window is over.
    pub(super) fn close_date_later(&mut self, until: Instant) {
        let stood = match (self.config.defects.has(Defect::B07), self.book.closing.dates.last()) {
            (true, Some(date)) => self.book.extract(*date),
            _ => Vec::new(),
        };
        if let Some(filing) = &mut self.filing {
            filing.extract_at = until;
            filing.stood = stood;
        }
    }

    /// After every event: extracts what can be, and sends what is durable.
    pub(super) fn close_dates(&mut self, now: Now, begun: u64, actions: &mut Actions) {
        let Some(filing) = &mut self.filing else { return };
        filing.channel.elapse(now, actions);
        // What an earlier event decided may still wait behind another commit of its own, as where
        // two answers came in one read: a date is closed when all of that is durable.
        let is_ready = filing.extract_at <= now.instant
            && !self.book.closing.dates.is_empty()
            && self.commits.done >= begun;
        // Behind something that waits for a commit, the extract could be written after what a later
        // event makes of it. Then it is an event of its own.
        let is_record = |(_, action): &(Ticket, Action)| matches!(action, Action::Record(_));
        if is_ready && !actions.as_slice().iter().all(is_record) {
            self.timers.set(Timer::Extract, now.instant);
        } else if is_ready {
            self.extract_dates(now, actions);
        }
        self.deliver(now, actions);
    }

    fn extract_dates(&mut self, now: Now, actions: &mut Actions) {
        let mut is_closed = false;
        while let Some(date) = self.book.closing.dates.first().copied() {
            is_closed |= self.close_open_orders(now, date, actions);
            if self.book.is_in_flight(date) {
                break;
            }
            self.extract(date, actions);
        }
        if is_closed {
            self.send_all_advices(now, actions);
        }
    }

    /// A date does not wait for orders that nobody here waits for: they are closed with it. Whoever
    /// asks after them later is told so.
    fn close_open_orders(&mut self, now: Now, date: Date, actions: &mut Actions) -> bool {
        let is_left = |(id, of): &(u64, &book::Transaction)| {
            of.business_date <= date && of.is_open_order() && !self.waits(*id)
        };
        let left: Vec<u64> = self.book.transactions().filter(is_left).map(|(id, _)| id).collect();
        for id in &left {
            self.queue_advice(now, *id, Reason::NoAnswer, actions);
        }
        !left.is_empty()
    }

    /// Sends what is durable.
    fn deliver(&mut self, now: Now, actions: &mut Actions) {
        let Some(filing) = &mut self.filing else { return };
        for waiting in &self.book.closing.undelivered {
            let book::Undelivered { file, entries, commit } = waiting;
            // One that could still be forgotten could be made otherwise.
            if *commit <= self.commits.done && !filing.channel.outbox.holds(*file) {
                let (id, currency) = (*file, self.config.currency);
                let text = FileText { id, currency, entries: entries.clone() };
                filing.channel.outbox.push(*file, filing::write(&text));
            }
        }
        let asked = actions.ticket();
        filing.channel.offer(now, actions);
        actions.about(asked);
    }

    fn extract(&mut self, date: Date, actions: &mut Actions) {
        let mut entries = self.book.extract(date);
        if self.config.defects.has(Defect::B07) {
            self.add_what_stood(&mut entries);
        }
        // Planted defect B22: only what takes money is thought of.
        if self.config.defects.has(Defect::B22) {
            entries.retain(|extracted| extracted.entry.kind != EntryKind::Refund);
        }
        let file = FileId {
            kind: FileKind::Extract,
            sender: self.config.institution,
            receiver: self.config.clearing.as_ref().map_or(0, |line| line.institution),
            date,
            sequence: self.book.closing.next_file(),
        };
        let closed = SwitchRecord::ExtractClosed { file, entries: entries.into() };
        self.record_for_nobody(closed, actions);
    }

    /// Planted defect B07: what was picked when the date changed is presented, whatever became of
    /// it since.
    #[cfg_attr(mutants, mutants::skip)]
    fn add_what_stood(&mut self, entries: &mut Vec<Extracted>) {
        let stood = self.filing.as_mut().map(|filing| core::mem::take(&mut filing.stood));
        for extracted in stood.into_iter().flatten() {
            let is_known = entries.iter().any(|entry| entry.id == extracted.id);
            if !is_known && extracted.entry.kind == EntryKind::Presentment {
                entries.push(extracted);
            }
        }
    }
}
