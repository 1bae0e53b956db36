//! Watches a history for marks, one entry at a time. Decodes no message: types and MAC bits are
//! read where they lie.

use super::{Mark, Marks};
use crate::history::{Entry, Frame, Setting, What};
use crate::party::{Party, Role};
use reversim_models::card::Pan;
use reversim_models::device::{CardCommand, Device, Output};
use reversim_models::filing::Place;
use reversim_models::iso8583::{Mti, ResponseCode};
use reversim_models::node::{LinkDownReason, Port, Ticket};
use reversim_models::record::{
    ClearingRecord, EntryKind, IssuerRecord, Kind, Origin, Reason, Record, SuspenseEnd,
    SwitchRecord, Taken, TakenAs, TerminalRecord,
};
use reversim_models::time::{Duration, Instant};

/// Collects the marks of one run.
pub struct MarkWatch {
    marks: Marks,
    terminal_response: Duration,
    stan_max: (u32, u32),
    /// Terminals that wait for an answer: since when, and about what.
    waiting: Vec<Waiting>,
    /// What timed out just now: party, ticket, when.
    timed_out: Vec<(Party, Ticket, Instant)>,
    /// Requests between a switch and its upstream, and those that ended.
    in_flight: Vec<InFlight>,
    /// Originals reversed before they were known.
    barred: Vec<Origin>,
    /// Element 41 of each terminal.
    terminals: Vec<(Party, [u8; 8])>,
    /// Sales: terminal, batch, ticket.
    sales: Vec<(Party, u32, Ticket)>,
    /// Sales of batches that a switch closed.
    closed: Vec<Ticket>,
    approved: Vec<Ticket>,
    /// Advices that a terminal got no answer to.
    told: Vec<Ticket>,
    /// Orders that a terminal got no answer to.
    open: Vec<Ticket>,
    /// Answers as they were sent: by whom, to whom, about what, how long.
    answers: Vec<(Party, Party, Ticket, usize)>,
    /// Requests that arrived again, or about which a duplicate arrived.
    copies: Vec<(Party, Ticket)>,
    /// Parties that recorded something and have sent nothing since.
    recorded: Vec<Party>,
    /// Half a frame: receiver, sender.
    halves: Vec<(Party, Party)>,
    stans: Vec<(Party, u32)>,
    /// The upstream port of the last request with a card.
    routes: Vec<(Party, Pan, Port)>,
    /// Parts of clearing files: by whom, to whom.
    parts: Vec<(Party, Party, Place)>,
    /// Approved sales of the business date that ended last and is not extracted.
    ending: Option<Vec<u64>>,
    has_clearing: bool,
    /// The node of the clearing house that took the last lease.
    holder: Option<u8>,
    /// Approved sales at the acquirer's switch.
    standing: Vec<u64>,
    /// What chips were asked to confirm.
    completing: Vec<Ticket>,
    /// Pre-authorisations that expired, by their issuer's numbers.
    expired: Vec<(Party, u64)>,
}

struct Waiting {
    terminal: Party,
    ticket: Ticket,
    since: Instant,
}

struct InFlight {
    switch: Party,
    id: u64,
    origin: Origin,
}

impl MarkWatch {
    /// A watch that has seen nothing yet.
    pub fn new(setting: &Setting) -> MarkWatch {
        MarkWatch {
            marks: Marks::NONE,
            terminal_response: setting.terminal_response,
            stan_max: setting.stan_max,
            waiting: Vec::with_capacity(4),
            timed_out: Vec::new(),
            in_flight: Vec::with_capacity(4),
            barred: Vec::new(),
            terminals: setting.terminals.clone(),
            sales: Vec::with_capacity(4),
            closed: Vec::new(),
            approved: Vec::with_capacity(4),
            told: Vec::new(),
            open: Vec::new(),
            answers: Vec::with_capacity(16),
            copies: Vec::new(),
            recorded: Vec::with_capacity(4),
            halves: Vec::new(),
            routes: Vec::with_capacity(2),
            stans: Vec::with_capacity(4),
            parts: Vec::new(),
            ending: None,
            has_clearing: setting.parties.iter().any(|party| party.role == Role::Clearing),
            holder: None,
            standing: Vec::new(),
            completing: Vec::new(),
            expired: Vec::new(),
        }
    }

    /// The marks seen so far.
    pub fn marks(&self) -> Marks {
        self.marks
    }

    /// Takes in an entry. Every entry of a history is shown once, in order.
    pub fn observe(&mut self, _index: usize, entry: &Entry) {
        match &entry.what {
            What::Sent { to, frame, .. } => self.sent(entry, *to, frame),
            What::Delivered { from, frame, copy, part, .. } => {
                self.delivered(entry, *from, frame, *copy, *part);
            }
            What::Recorded(record) => self.recorded(entry, record),
            What::Torn(_) => self.marks.set(Mark::RecordTorn),
            What::Answered { device: Device::Printer, is_done: false }
                if self.approved.contains(&entry.ticket) =>
            {
                self.marks.set(Mark::PrinterFailedAfterApproval);
            }
            What::Told { output: Output::Card(CardCommand::Complete(_)), .. } => {
                self.completing.push(entry.ticket);
            }
            What::Answered { device: Device::CardReader, is_done: false }
                if self.completing.contains(&entry.ticket) =>
            {
                self.marks.set(Mark::CardPulledAfterApproval);
            }
            What::LinkDown { peer, reason, .. } => {
                if *reason == LinkDownReason::Closed && self.halves.contains(&(*peer, entry.party))
                {
                    self.marks.set(Mark::HalfFrameTimedOut);
                }
                self.halves.retain(|half| *half != (*peer, entry.party));
            }
            What::PowerLost => {
                if self.recorded.contains(&entry.party) {
                    self.marks.set(Mark::PowerLostBetweenRecordAndSend);
                }
                self.waiting.retain(|wait| wait.terminal != entry.party);
            }
            What::CommitOvertaken => self.marks.set(Mark::SlowCommitOvertaken),
            _ => {}
        }
    }

    fn sent(&mut self, entry: &Entry, to: Party, frame: &Frame) {
        let party = entry.party;
        self.recorded.retain(|other| *other != party);
        let Some(mti) = frame.peek_mti() else { return };
        match mti {
            Mti::FILE_ADVICE if party.role != Role::Terminal => {
                let place = frame.message().and_then(Place::of);
                if let Some(part) = place.map(|place| (party, to, place)) {
                    match self.parts.contains(&part) {
                        true => self.marks.set(Mark::ClearingFileResent),
                        false => self.parts.push(part),
                    }
                }
            }
            Mti::REVERSAL_ADVICE_REPEAT => self.marks.set(Mark::SafRepeatSent),
            Mti::FINANCIAL_REQUEST | Mti::REVERSAL_REQUEST if party.role == Role::Terminal => {
                self.waiting.retain(|wait| wait.terminal != party);
                let (ticket, since) = (entry.ticket, entry.at);
                self.waiting.push(Waiting { terminal: party, ticket, since });
            }
            Mti::FINANCIAL_RESPONSE => {
                let answer = (party, to, entry.ticket, frame.bytes().len());
                let is_copy = self.copies.contains(&(party, entry.ticket));
                if is_copy && self.answers.contains(&answer) {
                    self.marks.set(Mark::DuplicateAnsweredFromStore);
                }
                self.answers.push(answer);
            }
            _ => {}
        }
    }

    fn delivered(
        &mut self,
        entry: &Entry,
        from: Party,
        frame: &Frame,
        copy: u32,
        part: Option<(u32, u32)>,
    ) {
        let party = entry.party;
        if let Some((_, end)) = part {
            self.halves.retain(|half| *half != (party, from));
            if (end as usize) < frame.bytes().len() {
                self.halves.push((party, from));
                return;
            }
        }
        let Some(mti) = frame.peek_mti() else { return };
        let is_settled = party.role == Role::Switch && self.closed.contains(&entry.ticket);
        if mti == Mti::REVERSAL_REQUEST && is_settled {
            self.marks.set(Mark::ReversalAfterSettlement);
        }
        if copy > 0 && mti.is_request() {
            self.copies.push((party, entry.ticket));
        }
        if mti != Mti::FINANCIAL_RESPONSE && mti != Mti::REVERSAL_RESPONSE {
            return;
        }
        let is_tied = self.timed_out.contains(&(party, entry.ticket, entry.at));
        if is_tied && mti == Mti::FINANCIAL_RESPONSE {
            self.marks.set(Mark::AnswerTiedDeadlineFirst);
        }
        if party.role != Role::Terminal {
            return;
        }
        if !has_mac(frame) {
            self.marks.set(Mark::UnsignedDeclineSeen);
        }
        let mine =
            self.waiting.iter().position(|w| w.terminal == party && w.ticket == entry.ticket);
        if let Some(place) = mine {
            let since = self.waiting.swap_remove(place).since;
            let is_now = entry.at == since + self.terminal_response;
            if is_now && !is_tied && self.terminal_response > Duration::ZERO {
                self.marks.set(Mark::AnswerTiedMessageFirst);
            }
        }
    }

    fn recorded(&mut self, entry: &Entry, record: &Record) {
        if !self.recorded.contains(&entry.party) {
            self.recorded.push(entry.party);
        }
        match record {
            Record::Terminal(record) => self.terminal(entry, record),
            Record::Switch(record) => self.switch(entry, record),
            Record::Issuer(record) => self.issuer(entry.party, record),
            Record::Clearing(ClearingRecord::ExtractTaken { entries, .. }) => {
                let has = |kind| entries.iter().any(|entry| entry.kind == kind);
                if has(EntryKind::Adjustment) {
                    self.marks.set(Mark::AdjustmentPresented);
                }
                if has(EntryKind::Refund) {
                    self.marks.set(Mark::RefundPresented);
                }
            }
            Record::Clearing(ClearingRecord::LeaseTaken { node, .. }) => {
                if self.holder.replace(*node).is_some_and(|last| last != *node) {
                    self.marks.set(Mark::LeaseTakenOver);
                }
            }
            Record::Clearing(ClearingRecord::WriteRefused { .. }) => {
                self.marks.set(Mark::FenceRefusedAWrite);
            }
            Record::Clearing(_) | Record::Own(_) => {}
        }
    }

    fn terminal(&mut self, entry: &Entry, record: &TerminalRecord) {
        let terminal = entry.party;
        match record {
            TerminalRecord::Started { ticket, stan, batch, .. } => {
                self.sales.push((terminal, *batch, *ticket));
                self.counted(terminal, *stan, self.stan_max.0);
            }
            TerminalRecord::StanTaken { stan } | TerminalRecord::SettlementStarted { stan, .. } => {
                self.counted(terminal, *stan, self.stan_max.0);
            }
            TerminalRecord::Approved { ticket, .. } => {
                self.approved.push(*ticket);
                if self.open.contains(ticket) {
                    self.marks.set(Mark::OrderPaidOnQuery);
                }
            }
            TerminalRecord::OrderOpened { ticket, .. } => {
                self.open.push(*ticket);
                self.timed_out.push((terminal, *ticket, entry.at));
            }
            TerminalRecord::Reversed { ticket, .. } if self.open.contains(ticket) => {
                self.marks.set(Mark::OrderClosed);
            }
            TerminalRecord::ReversalDue { ticket, reason: Reason::NoAnswer, .. } => {
                self.timed_out.push((terminal, *ticket, entry.at));
            }
            TerminalRecord::AdviceTried { .. } => self.marks.set(Mark::AdviceToldAgain),
            TerminalRecord::ExceptionOpened { ticket, .. } => {
                self.marks.set(Mark::ExceptionItemOpened);
                if !self.told.contains(ticket) {
                    self.marks.set(Mark::ReversalBudgetExhausted);
                }
            }
            TerminalRecord::AdviceDue { ticket, .. } => self.told.push(*ticket),
            TerminalRecord::DetailUploaded { .. } => {
                self.marks.set(Mark::BatchUploadAfterImbalance);
            }
            _ => {}
        }
    }

    fn routed(&mut self, switch: Party, pan: Pan, to: Port) {
        match self.routes.iter_mut().find(|(by, card, _)| (*by, *card) == (switch, pan)) {
            Some((.., last)) if *last != to => {
                *last = to;
                self.marks.set(Mark::TookTwoRoutes);
            }
            Some(_) => {}
            None => self.routes.push((switch, pan, to)),
        }
    }

    fn batch_closed(&mut self, terminal: [u8; 8], batch: u32) {
        let id = |party: Party| self.terminals.iter().find(|(other, _)| *other == party);
        let is_in = |sale: &&(Party, u32, Ticket)| {
            sale.1 == batch && id(sale.0).is_some_and(|(_, id)| *id == terminal)
        };
        self.closed.extend(self.sales.iter().filter(is_in).map(|sale| sale.2));
    }

    fn switch(&mut self, entry: &Entry, record: &SwitchRecord) {
        let switch = entry.party;
        match record {
            SwitchRecord::KeysIssued { .. } | SwitchRecord::KeysWithdrawn { .. }
                if !self.waiting.is_empty() =>
            {
                self.marks.set(Mark::KeyChangedInFlight);
            }
            SwitchRecord::Forwarded { id, origin, key, kind, pan, to, .. } => {
                self.counted(switch, key.stan, self.stan_max.1);
                self.routed(switch, *pan, *to);
                // A question moves nothing, and nobody records what it was answered.
                if *kind == Kind::OrderQuery {
                    return;
                }
                let is_twin = |f: &InFlight| f.switch == switch && same_stan(f.origin, *origin);
                if self.in_flight.iter().any(is_twin) {
                    self.marks.set(Mark::SameStanOnTwoTerminals);
                }
                self.came(*origin);
                self.in_flight.push(InFlight { switch, id: *id, origin: *origin });
            }
            SwitchRecord::Answered { id, origin, code, .. } => {
                if code.is_approval() && matches!(origin, Origin::Pos(_)) {
                    self.standing.push(*id);
                }
                self.in_flight.retain(|f| f.switch != switch || f.id != *id);
                self.came(*origin);
            }
            SwitchRecord::LateAnswerAbsorbed { code, .. } if code.is_approval() => {
                self.marks.set(Mark::LateApprovalAbsorbed);
            }
            SwitchRecord::ReversalAccepted { id: None, origin, .. } => {
                self.marks.set(Mark::ReversalOfUnknownOriginal);
                self.barred.push(*origin);
            }
            SwitchRecord::AdviceQueued { id, ticket, reason: Reason::NoAnswer, .. } => {
                self.in_flight.retain(|f| f.switch != switch || f.id != *id);
                self.timed_out.push((switch, *ticket, entry.at));
            }
            SwitchRecord::AdviceQueued { reason: Reason::StoodIn, .. } => {
                self.marks.set(Mark::StoodIn);
            }
            SwitchRecord::ExceptionOpened { .. } | SwitchRecord::AdviceRefused { .. } => {
                self.marks.set(Mark::ExceptionItemOpened);
            }
            SwitchRecord::SlipAnswered { is_there: false, .. } => {
                self.marks.set(Mark::SlipMissing);
            }
            record => self.switch_closes(switch, record),
        }
    }

    /// Ends of batches and business dates.
    fn switch_closes(&mut self, switch: Party, record: &SwitchRecord) {
        match record {
            SwitchRecord::BatchClosed { terminal, batch, .. } => {
                self.batch_closed(*terminal, *batch);
            }
            SwitchRecord::ReversalAccepted { id: Some(id), .. }
                if self.ending.as_ref().is_some_and(|ending| ending.contains(id)) =>
            {
                self.marks.set(Mark::ReversedBeforeExtract);
            }
            SwitchRecord::ExtractClosed { .. } => self.ending = None,
            SwitchRecord::CutOver { .. } => {
                if self.in_flight.iter().any(|f| f.switch == switch) {
                    self.marks.set(Mark::CutoverInFlight);
                }
                if switch.number == 1 && self.has_clearing {
                    self.ending = Some(std::mem::take(&mut self.standing));
                }
            }
            _ => {}
        }
    }

    fn issuer(&mut self, issuer: Party, record: &IssuerRecord) {
        match record {
            IssuerRecord::Decided { key, code, presented, kind, original, .. } => {
                let is_over = |id: &u64| self.expired.contains(&(issuer, *id));
                let is_late = *kind == Kind::Completion && !code.is_approval();
                if is_late && original.as_ref().is_some_and(is_over) {
                    self.marks.set(Mark::CompletedTooLate);
                }
                self.came(Origin::Network(*key));
                let is_refused = *code == ResponseCode::CARD_VERIFICATION_FAILED;
                if presented.is_some() && is_refused {
                    self.marks.set(Mark::CryptogramSentAgain);
                }
                if *code == ResponseCode::PIN_TRIES_EXCEEDED {
                    self.marks.set(Mark::PinLocked);
                }
            }
            IssuerRecord::Reversed { original: None, original_key, .. } => {
                self.marks.set(Mark::ReversalOfUnknownOriginal);
                self.barred.push(Origin::Network(*original_key));
            }
            IssuerRecord::PresentmentTaken { entries, .. } => {
                for taken in entries {
                    self.taken(taken);
                }
            }
            IssuerRecord::HoldExpired { original, .. } => {
                self.marks.set(Mark::HoldExpired);
                self.expired.push((issuer, *original));
            }
            IssuerRecord::SuspenseOpened { .. } => self.marks.set(Mark::SuspenseOpened),
            IssuerRecord::SuspenseClosed { class: SuspenseEnd::Returned, .. } => {
                self.marks.set(Mark::SuspenseReturned);
            }
            IssuerRecord::SuspenseClosed { class: SuspenseEnd::Retaken, .. } => {
                self.marks.set(Mark::TakenAgain);
            }
            _ => {}
        }
    }

    /// An entry of a clearing file at an issuer.
    fn taken(&mut self, taken: &Taken) {
        match (taken.entry.kind, taken.end) {
            (EntryKind::Claim, TakenAs::Refused(_)) => self.marks.set(Mark::ClaimChargedBack),
            (EntryKind::Claim, _) => self.marks.set(Mark::ClaimPaid),
            (EntryKind::Refund, TakenAs::Credited) => self.marks.set(Mark::RefundCreditedByFile),
            (EntryKind::Presentment, TakenAs::Debited) => self.marks.set(Mark::DebitedByFile),
            _ => {}
        }
    }

    /// A request that may have been reversed before it came.
    fn came(&mut self, origin: Origin) {
        if self.barred.contains(&origin) {
            self.marks.set(Mark::ReversalOvertookRequest);
        }
    }

    fn counted(&mut self, party: Party, stan: u32, max: u32) {
        match self.stans.iter_mut().find(|(other, _)| *other == party) {
            Some((_, last)) => {
                // A number that is lower by less is a counter that went back, not one that wrapped.
                if last.saturating_sub(stan) > max / 2 {
                    self.marks.set(Mark::StanWrapped);
                }
                *last = stan;
            }
            None => self.stans.push((party, stan)),
        }
    }
}

/// Whether two requests from two terminals carry one STAN.
fn same_stan(one: Origin, other: Origin) -> bool {
    match (one, other) {
        (Origin::Pos(one), Origin::Pos(other)) => {
            one.terminal != other.terminal && one.stan == other.stan
        }
        _ => false,
    }
}

/// Bit 64 of the bitmap of a message on a terminal's line, after prefix, TPDU, header and type.
fn has_mac(frame: &Frame) -> bool {
    frame.bytes().get(22).is_none_or(|byte| byte & 1 == 1)
}
