//! Transactions, accepted reversals and advices as switches recorded them.

use super::{Books, Wire};
use crate::history::Entry;
use crate::party::Party;
use reversim_models::card::{Amount, Pan};
use reversim_models::iso8583::{Mti, ResponseCode};
use reversim_models::node::Ticket;
use reversim_models::record::{Kind, NetworkKey, Origin, Reason, SwitchRecord};
use reversim_models::time::{Date, Instant};

/// A request that a switch sent on, or answered itself.
#[derive(Clone, Debug)]
pub(crate) struct Forward {
    pub(crate) switch: Party,
    pub(crate) id: u64,
    pub(crate) ticket: Ticket,
    /// The record: `Forwarded`.
    pub(crate) index: usize,
    pub(crate) origin: Origin,
    pub(crate) kind: Kind,
    pub(crate) key: NetworkKey,
    pub(crate) rrn: [u8; 12],
    /// The switch's number of what it is about.
    pub(crate) original: Option<u64>,
    pub(crate) terminal: [u8; 8],
    pub(crate) merchant: [u8; 15],
    pub(crate) pan: Pan,
    pub(crate) amount: Amount,
    pub(crate) date: Date,
    pub(crate) answered: Option<Answer>,
    /// The entry of another answer that contradicts the first.
    pub(crate) answered_otherwise: Option<usize>,
    /// The other side reversed it.
    pub(crate) reversed: Option<usize>,
    /// The switch tells of it from its queue: an advice, or what it approved in the issuer's stead.
    pub(crate) is_told: bool,
    /// The switch approved it in the issuer's stead.
    pub(crate) is_stood_in: bool,
    /// What it has earned its merchant, minor units.
    pub(super) earned: i64,
    /// Its batch closed and lists it as on one side only.
    pub(super) is_one_sided: bool,
}

/// What a switch answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) index: usize,
    pub(crate) code: ResponseCode,
    pub(crate) amount: Amount,
    pub(crate) authorization: Option<[u8; 6]>,
    pub(crate) date: Date,
}

/// A reversal that a switch accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acceptance {
    pub(crate) switch: Party,
    pub(crate) index: usize,
    pub(crate) origin: Origin,
}

/// An advice in a queue: of a reversal, or of its own.
#[derive(Clone, Debug)]
pub(crate) struct Advice {
    pub(crate) switch: Party,
    pub(crate) advice: u64,
    pub(crate) id: u64,
    pub(crate) ticket: Ticket,
    pub(crate) queued: usize,
    /// How the original, or the advice itself if it reverses nothing, is named on the line it goes
    /// to.
    pub(crate) key: Option<NetworkKey>,
    /// It reverses nothing: it tells of something done.
    pub(crate) is_told: bool,
    /// What it tells of is what the switch approved in the issuer's stead.
    pub(crate) is_stand_in: bool,
    /// Its last sending.
    tried: Option<(usize, Instant)>,
    /// Sendings that were recorded.
    pub(crate) tries: u32,
    /// The number that the last of them bore: one whose line broke may not count.
    pub(crate) attempt: u32,
    pub(crate) last: usize,
    pub(crate) completed: Option<(usize, ResponseCode)>,
    /// An exception item, because the budget is spent or the peer refused.
    pub(crate) exception: Option<usize>,
    /// What the peer refused it with.
    pub(crate) refused: Option<ResponseCode>,
}

impl Advice {
    /// Sendings that count: recorded, and numbered.
    pub(crate) fn spent(&self) -> u32 {
        self.tries.min(self.attempt)
    }

    /// Whether its peer answered it with this message.
    pub(crate) fn is_answered_by(&self, wire: &Wire) -> bool {
        match self.is_told {
            true => {
                wire.mti == Mti::FINANCIAL_ADVICE_RESPONSE
                    && self.key.is_none_or(|key| wire.network_key() == key)
            }
            false => {
                wire.mti == Mti::REVERSAL_ADVICE_RESPONSE
                    && (wire.original.is_none() || self.key.is_none() || wire.original == self.key)
            }
        }
    }

    /// What it is, for people.
    pub(crate) fn words(&self) -> &'static str {
        if self.is_told { "advice" } else { "reversal advice" }
    }

    /// Neither taken nor given up.
    pub(crate) fn is_open(&self) -> bool {
        self.completed.is_none() && self.exception.is_none()
    }
}

impl Books {
    /// The transaction with this number at this switch.
    pub(crate) fn forward(&self, switch: Party, id: u64) -> Option<&Forward> {
        let place = self.found.forwards_by_id.of(&self.forwards, (switch, id)).next_back();
        place.map(|place| &self.forwards[place])
    }

    /// Whether the switch answers this transaction itself, and tells of it from its queue: an
    /// advice, or a sale that it approved in the issuer's stead.
    pub(crate) fn answers_itself(&self, switch: Party, id: u64) -> bool {
        self.forward(switch, id).is_some_and(|forward| forward.is_told)
    }

    /// Whether a switch approved this in the issuer's stead.
    pub(crate) fn is_stood_in(&self, ticket: Ticket) -> bool {
        self.forwards_about(ticket).any(|forward| forward.is_stood_in)
    }

    pub(super) fn forward_mut(&mut self, switch: Party, id: u64) -> Option<&mut Forward> {
        let place = self.found.forwards_by_id.of(&self.forwards, (switch, id)).next_back();
        place.map(|place| &mut self.forwards[place])
    }

    /// The only forward with this key and terminal; none if there are several.
    pub(crate) fn forward_by_key(&self, key: NetworkKey, terminal: [u8; 8]) -> Option<&Forward> {
        let mut found = self.forwards_named(key).filter(|f| f.terminal == terminal);
        found.next().filter(|_| found.next().is_none())
    }

    /// What a request with this origin is about; `beside` is what the world carried beside it.
    fn ticket_of(&self, origin: Origin, terminal: [u8; 8], kind: Kind, beside: Ticket) -> Ticket {
        let found = match origin {
            Origin::Pos(_) if !kind.moves() => None,
            Origin::Pos(key) => {
                let party = self.terminal(key.terminal);
                let own = party.into_iter().flat_map(|terminal| self.sales_of(terminal));
                let mut named = own.filter(|s| (s.batch, s.stan) == (key.batch, key.stan));
                named.next().filter(|_| named.next().is_none()).map(|sale| sale.ticket)
            }
            Origin::Network(key) => self.forward_by_key(key, terminal).map(|f| f.ticket),
        };
        found.unwrap_or(beside)
    }

    pub(super) fn switch_recorded(&mut self, index: usize, entry: &Entry, record: &SwitchRecord) {
        let switch = entry.party;
        match record {
            SwitchRecord::Forwarded { .. } => self.forwarded(index, entry, record),
            SwitchRecord::Answered { .. } => self.answered(index, switch, record),
            SwitchRecord::ReversalAccepted { id, origin, .. } => {
                self.accepted(index, entry, *id, *origin);
            }
            SwitchRecord::AdviceQueued { .. }
            | SwitchRecord::AdviceTried { .. }
            | SwitchRecord::AdviceCompleted { .. }
            | SwitchRecord::AdviceRefused { .. }
            | SwitchRecord::ExceptionOpened { .. } => self.advised(index, entry, record),
            SwitchRecord::PaidOut { merchant, minor, .. } => {
                self.merchant_is_paid(index, switch, (*merchant, *minor));
            }
            SwitchRecord::Compared { terminal, batch, theirs, ours } => {
                self.compared(index, switch, *terminal, *batch, (*theirs, *ours));
            }
            SwitchRecord::DetailReceived { key, .. } => self.detail_received(index, switch, *key),
            SwitchRecord::BatchClosed { terminal, batch, entries, differences, .. } => {
                self.host_batch_closed(index, switch, (*terminal, *batch), entries, differences);
            }
            SwitchRecord::KeysIssued { port, .. } | SwitchRecord::KeysWithdrawn { port } => {
                self.keys_changed(index, switch, *port);
            }
            SwitchRecord::LateAnswerAbsorbed { .. } | SwitchRecord::RouteSet { .. } => {}
            SwitchRecord::CutOver { .. }
            | SwitchRecord::ExtractClosed { .. }
            | SwitchRecord::FileDelivered { .. } => self.switch_filed(index, switch, record),
            SwitchRecord::ClaimFiled { .. }
            | SwitchRecord::ClaimRefused { .. }
            | SwitchRecord::ReturnTaken { .. }
            | SwitchRecord::SlipAnswered { .. } => self.switch_claimed(index, switch, record),
        }
    }

    /// What became of an advice in a queue.
    fn advised(&mut self, index: usize, entry: &Entry, record: &SwitchRecord) {
        let switch = entry.party;
        match record {
            SwitchRecord::AdviceQueued { advice, id, stan, transmission, reason, .. } => {
                let forward = self.forward(switch, *id);
                let is_stand_in = *reason == Reason::StoodIn;
                let own = |key| NetworkKey { stan: *stan, transmission: *transmission, ..key };
                let is_told = is_stand_in || forward.is_some_and(|f| f.kind.is_advice());
                self.advices.push(Advice {
                    switch,
                    advice: *advice,
                    id: *id,
                    ticket: forward.map_or(entry.ticket, |f| f.ticket),
                    queued: index,
                    key: forward.map(|f| if is_stand_in { own(f.key) } else { f.key }),
                    is_told,
                    is_stand_in,
                    tried: None,
                    tries: 0,
                    attempt: 0,
                    last: index,
                    completed: None,
                    exception: None,
                    refused: None,
                });
                if let Some(forward) = self.forward_mut(switch, *id) {
                    forward.is_told |= is_told;
                    forward.is_stood_in |= is_stand_in;
                }
            }
            SwitchRecord::AdviceTried { advice, attempt } => {
                self.advice_tried(index, entry, *advice, u32::from(*attempt));
            }
            SwitchRecord::AdviceCompleted { advice, code } => {
                self.on_advice(entry, *advice, |a| {
                    a.completed.get_or_insert((index, *code));
                });
            }
            SwitchRecord::ExceptionOpened { advice, .. } => self.on_advice(entry, *advice, |a| {
                a.exception.get_or_insert(index);
            }),
            SwitchRecord::AdviceRefused { advice, code, .. } => {
                self.on_advice(entry, *advice, |a| {
                    a.exception.get_or_insert(index);
                    a.refused.get_or_insert(*code);
                })
            }
            _ => {}
        }
    }

    fn advice_tried(&mut self, index: usize, entry: &Entry, advice: u64, attempt: u32) {
        let mut before = None;
        self.on_advice(entry, advice, |a| {
            before = a.tried.replace((index, entry.at));
            a.tries += 1;
            a.attempt = a.attempt.max(attempt);
            a.last = index;
        });
        self.sent_again(index, entry, before, attempt);
    }

    fn answered(&mut self, index: usize, switch: Party, record: &SwitchRecord) {
        let SwitchRecord::Answered { id, code, amount, authorization, business_date, .. } = *record
        else {
            return;
        };
        let Some(forward) = self.forward_mut(switch, id) else { return };
        match forward.answered {
            None => {
                let date = business_date;
                forward.answered = Some(Answer { index, code, amount, authorization, date });
                self.merchant_earns(index, switch, id);
            }
            Some(first) if first.code.is_approval() != code.is_approval() => {
                forward.answered_otherwise.get_or_insert(index);
            }
            Some(_) => {}
        }
    }

    fn on_advice(&mut self, entry: &Entry, number: u64, change: impl FnOnce(&mut Advice)) {
        let is_it = |a: &&mut Advice| a.switch == entry.party && a.advice == number;
        if let Some(advice) = self.advices.iter_mut().rev().find(is_it) {
            change(advice);
        }
    }

    fn forwarded(&mut self, index: usize, entry: &Entry, record: &SwitchRecord) {
        let SwitchRecord::Forwarded {
            id,
            origin,
            kind,
            key,
            rrn,
            original,
            terminal,
            merchant,
            pan,
            amount,
            business_date,
            ..
        } = record
        else {
            return;
        };
        let ticket = self.ticket_of(*origin, *terminal, *kind, entry.ticket);
        self.forwards.push(Forward {
            switch: entry.party,
            id: *id,
            ticket,
            index,
            origin: *origin,
            kind: *kind,
            key: *key,
            rrn: *rrn,
            original: *original,
            terminal: *terminal,
            merchant: *merchant,
            pan: *pan,
            amount: *amount,
            date: *business_date,
            answered: None,
            answered_otherwise: None,
            reversed: None,
            is_told: false,
            is_stood_in: false,
            earned: 0,
            is_one_sided: false,
        });
        self.found.forwards_by_ticket.added(&self.forwards);
        self.found.forwards_by_id.added(&self.forwards);
        self.found.forwards_by_key.added(&self.forwards);
        self.found.forwards_by_rrn.added(&self.forwards);
    }

    fn accepted(&mut self, index: usize, entry: &Entry, id: Option<u64>, origin: Origin) {
        let switch = entry.party;
        let known = id.and_then(|id| self.forward_mut(switch, id));
        if let Some((id, forward)) = id.zip(known)
            && forward.reversed.is_none()
        {
            forward.reversed = Some(index);
            self.merchant_earns(index, switch, id);
        }
        self.acceptances.push(Acceptance { switch, index, origin });
    }
}
