//! Claims at a switch, and slips that issuers ask for: what was taken, what was sent, what came
//! back. It changes by records only.

use crate::node::Ticket;
use crate::record::{EntryKind, Extracted, FileId, SwitchRecord};

/// What a switch without a claims desk never fills.
#[derive(Clone, Debug, Default)]
pub(in crate::switch) struct Claims {
    filed: Vec<Claim>,
    /// Transactions whose slip an issuer wants to see, oldest first.
    wanted: Vec<u64>,
    /// Those of them for which no slip is looked for, because they were refunded.
    left: Vec<u64>,
    /// Transactions without a slip.
    slipless: Vec<u64>,
    /// The last file of returns that was taken, and the commit that it is part of.
    pub(in crate::switch) last: Option<(FileId, u64)>,
}

#[derive(Clone, Copy, Debug)]
struct Claim {
    /// The transaction.
    id: u64,
    ticket: Ticket,
    is_extracted: bool,
    is_charged_back: bool,
}

impl Claims {
    /// Whether this transaction is claimed; and if so, whether the claim came back.
    pub(in crate::switch) fn of(&self, id: u64) -> Option<bool> {
        self.filed.iter().find(|claim| claim.id == id).map(|claim| claim.is_charged_back)
    }

    /// Claims that no extract holds yet, as transactions and tickets.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (u64, Ticket)> + '_ {
        let waits = self.filed.iter().filter(|claim| !claim.is_extracted);
        waits.map(|claim| (claim.id, claim.ticket))
    }

    /// The transactions whose slips are to be looked for, oldest first.
    pub(in crate::switch) fn wanted(&self) -> impl Iterator<Item = u64> + '_ {
        self.wanted.iter().copied()
    }

    /// Whether an issuer asked for the slip, and there is none.
    pub(in crate::switch) fn is_slipless(&self, id: u64) -> bool {
        self.slipless.contains(&id)
    }

    /// Whether an issuer asked for the slip, and there is none, or nobody has looked yet.
    pub(in crate::switch) fn is_disputed(&self, id: u64) -> bool {
        self.is_slipless(id) || self.wanted.contains(&id)
    }

    /// No slip is looked for any more: the merchant has given the money back.
    pub(super) fn leave(&mut self, id: u64) {
        if self.wanted.contains(&id) {
            self.wanted.retain(|wanted| *wanted != id);
            self.left.push(id);
        }
    }

    /// The slip is looked for after all: what gave the money back was one-sided.
    pub(super) fn take_up(&mut self, id: u64) {
        if self.left.contains(&id) {
            self.left.retain(|left| *left != id);
            self.wanted.push(id);
        }
    }

    /// Takes in a record about claims, slips or files.
    pub(super) fn apply(&mut self, record: &SwitchRecord, commit: u64) {
        match record {
            SwitchRecord::ClaimFiled { id, ticket, .. } => self.filed.push(Claim {
                id: *id,
                ticket: *ticket,
                is_extracted: false,
                is_charged_back: false,
            }),
            SwitchRecord::ExtractClosed { entries, .. } => {
                let is_in = |claim: &Claim| {
                    let is_it = |one: &Extracted| {
                        one.entry.kind == EntryKind::Claim && one.ticket == claim.ticket
                    };
                    entries.iter().any(is_it)
                };
                for claim in &mut self.filed {
                    claim.is_extracted |= is_in(claim);
                }
            }
            SwitchRecord::ReturnTaken { file, entries } => {
                self.last = Some((*file, commit));
                for Extracted { id, entry, .. } in entries {
                    self.came_back(*id, entry.kind);
                }
            }
            SwitchRecord::SlipAnswered { id, is_there, .. } => {
                self.wanted.retain(|wanted| wanted != id);
                if !is_there {
                    self.slipless.push(*id);
                }
            }
            _ => {}
        }
    }

    fn came_back(&mut self, id: u64, kind: EntryKind) {
        match kind {
            EntryKind::Chargeback => {
                for claim in self.filed.iter_mut().filter(|claim| claim.id == id) {
                    claim.is_charged_back = true;
                }
            }
            // Whoever claims has no slip: the claim itself is the paper.
            EntryKind::Retrieval if id > 0 && self.of(id).is_none() => self.wanted.push(id),
            _ => {}
        }
    }
}
