//! Settlement as terminals and switches recorded it.

use super::Books;
use crate::party::Party;
use reversim_models::node::Ticket;
use reversim_models::record::{Kind, PosKey, Settled, Totals};

/// A batch that a terminal settles.
#[derive(Clone, Debug)]
pub(crate) struct TerminalBatch {
    pub(crate) terminal: Party,
    pub(crate) batch: u32,
    /// The record `SettlementStarted`, the last one if there were several.
    pub(crate) started: usize,
    pub(crate) totals: Totals,
    pub(crate) closed: Option<(usize, Totals)>,
}

/// A batch that a switch compares and closes.
#[derive(Clone, Debug)]
pub(crate) struct HostBatch {
    pub(crate) switch: Party,
    pub(crate) terminal: [u8; 8],
    pub(crate) batch: u32,
    /// The record `Compared`, the last one, with the terminal's and the switch's totals.
    pub(crate) compared: Option<(usize, Totals, Totals)>,
    /// Details uploaded: voucher and entry.
    pub(crate) details: Vec<(u32, usize)>,
    pub(crate) closed: Option<usize>,
    pub(crate) closed_again: Option<usize>,
    pub(crate) totals: Totals,
    pub(crate) differences: Vec<u32>,
}

/// A transaction that counts in a closed host batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Presented {
    pub(crate) index: usize,
    pub(crate) switch: Party,
    pub(crate) id: u64,
    pub(crate) ticket: Ticket,
    pub(crate) kind: Kind,
    pub(crate) minor: u64,
}

impl Books {
    pub(super) fn settlement_started(
        &mut self,
        index: usize,
        terminal: Party,
        batch: u32,
        totals: Totals,
    ) {
        let is_it = |b: &&mut TerminalBatch| b.terminal == terminal && b.batch == batch;
        match self.batches.iter_mut().rev().find(is_it) {
            Some(known) if known.closed.is_none() => {
                (known.started, known.totals) = (index, totals);
            }
            _ => self.batches.push(TerminalBatch {
                terminal,
                batch,
                started: index,
                totals,
                closed: None,
            }),
        }
    }

    pub(super) fn terminal_batch_closed(
        &mut self,
        index: usize,
        terminal: Party,
        batch: u32,
        totals: Totals,
    ) {
        let is_it = |b: &&mut TerminalBatch| b.terminal == terminal && b.batch == batch;
        if let Some(known) = self.batches.iter_mut().rev().find(is_it) {
            known.closed.get_or_insert((index, totals));
        }
        let of = |s: &&mut super::Sale| {
            s.terminal == terminal && s.batch == batch && s.approved.is_some()
        };
        for sale in self.sales.iter_mut().filter(of) {
            sale.settled.get_or_insert(index);
        }
    }

    /// The host's view of a batch.
    pub(crate) fn host_batch(&self, terminal: [u8; 8], batch: u32) -> Option<&HostBatch> {
        self.host_batches.iter().rev().find(|b| b.terminal == terminal && b.batch == batch)
    }

    fn host_batch_at(&mut self, switch: Party, terminal: [u8; 8], batch: u32) -> &mut HostBatch {
        let is_it =
            |b: &HostBatch| b.switch == switch && b.terminal == terminal && b.batch == batch;
        let place = match self.host_batches.iter().rposition(is_it) {
            Some(place) => place,
            None => {
                self.host_batches.push(HostBatch {
                    switch,
                    terminal,
                    batch,
                    compared: None,
                    details: Vec::new(),
                    closed: None,
                    closed_again: None,
                    totals: Totals::default(),
                    differences: Vec::new(),
                });
                self.host_batches.len() - 1
            }
        };
        &mut self.host_batches[place]
    }

    pub(super) fn compared(
        &mut self,
        index: usize,
        switch: Party,
        terminal: [u8; 8],
        batch: u32,
        (theirs, ours): (Totals, Totals),
    ) {
        self.host_batch_at(switch, terminal, batch).compared = Some((index, theirs, ours));
    }

    pub(super) fn detail_received(&mut self, index: usize, switch: Party, key: PosKey) {
        self.host_batch_at(switch, key.terminal, key.batch).details.push((key.stan, index));
    }

    pub(super) fn host_batch_closed(
        &mut self,
        index: usize,
        switch: Party,
        (terminal, batch): ([u8; 8], u32),
        entries: &[Settled],
        differences: &[u32],
    ) {
        for &Settled { id, ticket, kind, minor } in entries {
            let ticket = self.forward(switch, id).map_or(ticket, |forward| forward.ticket);
            self.presented.push(Presented { index, switch, id, ticket, kind, minor });
            self.found.presented_by_ticket.added(&self.presented);
            self.found.presented_by_id.added(&self.presented);
        }
        let known = self.host_batch_at(switch, terminal, batch);
        if known.closed.is_some() {
            known.closed_again.get_or_insert(index);
            return;
        }
        known.closed = Some(index);
        known.totals =
            entries.iter().fold(Totals::default(), |sum, one| sum.plus(one.kind, one.minor));
        known.differences = differences.to_vec();
        for stan in differences {
            self.merchant_loses(index, switch, PosKey { terminal, batch, stan: *stan });
        }
    }
}
