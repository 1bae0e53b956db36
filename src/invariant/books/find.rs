//! Looking things up in the books by what names them: ticket, terminal, number, key.
//!
//! First to last, as they were written. It only finds; what is found is judged elsewhere.

use super::{Books, Decision, Delivery, Forward, Name, Presented, Sale, Wire};
use crate::party::Party;
use reversim_models::card::Pan;
use reversim_models::node::Ticket;
use reversim_models::record::NetworkKey;

/// Things that are found, first to last or last to first.
pub(crate) trait Finds<'a, T: 'a>: DoubleEndedIterator<Item = &'a T> {}
impl<'a, T: 'a, I: DoubleEndedIterator<Item = &'a T>> Finds<'a, T> for I {}

impl Books {
    /// Sales of this ticket.
    pub(crate) fn sales_about(&self, ticket: Ticket) -> impl Finds<'_, Sale> {
        self.found.sales_by_ticket.of(&self.sales, ticket).map(|place| &self.sales[place])
    }

    /// Sales of this terminal.
    pub(crate) fn sales_of(&self, terminal: Party) -> impl Finds<'_, Sale> {
        self.found.sales_by_terminal.of(&self.sales, terminal).map(|place| &self.sales[place])
    }

    /// The sale that this record of a terminal is about.
    pub(crate) fn sale_in(&self, index: usize) -> Option<&Sale> {
        let (_, place) = self.found.touched.filter(|(record, _)| *record == index)?;
        Some(&self.sales[place])
    }

    /// Trace numbers that this terminal took.
    pub(crate) fn numbers_of(&self, terminal: Party) -> impl Finds<'_, super::sale::Number> {
        self.found.numbers_by_terminal.of(&self.numbers, terminal).map(|place| &self.numbers[place])
    }

    /// What switches forwarded for this ticket.
    pub(crate) fn forwards_about(&self, ticket: Ticket) -> impl Finds<'_, Forward> {
        self.found.forwards_by_ticket.of(&self.forwards, ticket).map(|place| &self.forwards[place])
    }

    /// What switches forwarded under this name.
    pub(crate) fn forwards_named(&self, key: NetworkKey) -> impl Finds<'_, Forward> {
        self.found.forwards_by_key.of(&self.forwards, key).map(|place| &self.forwards[place])
    }

    /// What switches forwarded under this retrieval reference number.
    pub(crate) fn forwards_with(&self, rrn: [u8; 12]) -> impl Finds<'_, Forward> {
        self.found.forwards_by_rrn.of(&self.forwards, rrn).map(|place| &self.forwards[place])
    }

    /// What issuers decided about this ticket.
    pub(crate) fn decisions_about(&self, ticket: Ticket) -> impl Finds<'_, Decision> {
        self.found
            .decisions_by_ticket
            .of(&self.decisions, ticket)
            .map(|place| &self.decisions[place])
    }

    /// What issuers decided of requests of this name.
    pub(crate) fn decisions_named(&self, key: NetworkKey) -> impl Finds<'_, Decision> {
        self.found.decisions_by_key.of(&self.decisions, key).map(|place| &self.decisions[place])
    }

    /// Approvals of what this card's chip had signed.
    pub(crate) fn signed_on(&self, issuer: Party, pan: Pan) -> impl Finds<'_, Decision> {
        self.found.signed_on_card.of((issuer, pan)).map(|place| &self.decisions[place])
    }

    /// The decision with this number at this issuer.
    pub(crate) fn decision(&self, issuer: Party, id: u64) -> Option<&Decision> {
        self.found
            .decisions_by_id
            .of(&self.decisions, (issuer, id))
            .next()
            .map(|place| &self.decisions[place])
    }

    /// The last decision under this number, to be changed.
    pub(super) fn decision_mut(&mut self, issuer: Party, id: u64) -> Option<&mut Decision> {
        let place = self.found.decisions_by_id.of(&self.decisions, (issuer, id)).next_back()?;
        Some(&mut self.decisions[place])
    }

    /// What counts of this ticket in closed host batches.
    pub(crate) fn presented_about(&self, ticket: Ticket) -> impl Finds<'_, Presented> {
        self.found
            .presented_by_ticket
            .of(&self.presented, ticket)
            .map(|place| &self.presented[place])
    }

    /// What counted of the same transaction before: by the switch's number, or by the ticket.
    pub(crate) fn presented_before(&self, place: usize) -> Option<&Presented> {
        let Presented { switch, id, ticket, .. } = self.presented[place];
        let by_id = self.found.presented_by_id.of(&self.presented, (switch, id)).next();
        let by_ticket = self.found.presented_by_ticket.of(&self.presented, ticket).next();
        let first = by_id.into_iter().chain(by_ticket.filter(|_| ticket != Ticket::NONE)).min();
        first.filter(|first| *first < place).map(|first| &self.presented[first])
    }

    /// Messages that bear this number and terminal.
    pub(crate) fn wires_named(&self, name: Name) -> impl Finds<'_, Wire> {
        self.found.wires_by_name.of(&self.wires, name).map(|place| &self.wires[place])
    }

    /// Messages about this ticket with this PIN block.
    pub(crate) fn wires_with_block(&self, block: u64, ticket: Ticket) -> impl Finds<'_, Wire> {
        self.found.wires_by_block.of((block, ticket)).map(|place| &self.wires[place])
    }

    /// Deliveries of messages that bore this number and terminal when they arrived.
    pub(crate) fn deliveries_named(&self, name: Name) -> impl Finds<'_, Delivery> {
        self.found
            .deliveries_by_name
            .of(&self.deliveries, name)
            .map(|place| &self.deliveries[place])
    }

    /// Network reversals of this original, and their answers.
    pub(crate) fn reversals_on_wire(&self, original: NetworkKey) -> impl Finds<'_, Wire> {
        self.found.reversals_on_wire.of(original).map(|place| &self.wires[place])
    }

    /// Copies that reached this party.
    pub(crate) fn copies_to(&self, party: Party) -> impl Finds<'_, Delivery> {
        self.found.copies.of(party).map(|place| &self.deliveries[place])
    }

    /// The steps that serve a purchase, by their places.
    pub(crate) fn steps_for(&self, intent: u32) -> impl DoubleEndedIterator<Item = usize> {
        self.found.steps_by_intent.of(&self.setting.steps, intent)
    }
}
