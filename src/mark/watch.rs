//! Watches a history for marks, one entry at a time. Decodes no message: types and MAC bits are
//! read where they lie.

use super::{Mark, Marks};
use crate::history::{Entry, Frame, Setting, What};
use crate::invariant::peek_mti;
use crate::party::{Party, Role};
use reversim_models::device::Device;
use reversim_models::iso8583::{Mti, ResponseCode};
use reversim_models::node::{LinkDownReason, Ticket};
use reversim_models::record::{
    IssuerRecord, NetworkKey, Origin, PosKey, Reason, Record, SwitchRecord, TerminalRecord, Total,
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
    /// Closed batches: of which terminal, at which switch.
    closed: Vec<(Party, [u8; 8], u32)>,
    approved: Vec<Ticket>,
    /// Answers as they were sent: by whom, to whom, about what, how long.
    answers: Vec<(Party, Party, Ticket, usize)>,
    /// Requests that arrived again, or about which a duplicate arrived.
    copies: Vec<(Party, Ticket)>,
    /// Parties that recorded something and have sent nothing since.
    recorded: Vec<Party>,
    /// Half a frame: receiver, sender.
    halves: Vec<(Party, Party)>,
    stans: Vec<(Party, u32)>,
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
            closed: Vec::new(),
            approved: Vec::with_capacity(4),
            answers: Vec::with_capacity(16),
            copies: Vec::new(),
            recorded: Vec::with_capacity(4),
            halves: Vec::new(),
            stans: Vec::with_capacity(4),
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
            What::Answered { device: Device::Printer, is_done: false } => {
                if self.approved.contains(&entry.ticket) {
                    self.marks.set(Mark::PrinterFailedAfterApproval);
                }
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
        let Some(mti) = peek_mti(frame) else { return };
        match mti {
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
        let Some(mti) = peek_mti(frame) else { return };
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
            Record::Issuer(record) => self.issuer(record),
            Record::Own(_) => {}
        }
    }

    fn terminal(&mut self, entry: &Entry, record: &TerminalRecord) {
        let terminal = entry.party;
        match record {
            TerminalRecord::Started { stan, .. }
            | TerminalRecord::StanTaken { stan }
            | TerminalRecord::SettlementStarted { stan, .. } => {
                self.counted(terminal, *stan, self.stan_max.0);
            }
            TerminalRecord::Approved { ticket, .. } => self.approved.push(*ticket),
            TerminalRecord::ReversalDue { ticket, reason: Reason::NoAnswer, .. } => {
                self.timed_out.push((terminal, *ticket, entry.at));
            }
            TerminalRecord::ExceptionOpened { .. } => {
                self.marks.set(Mark::ExceptionItemOpened);
                self.marks.set(Mark::ReversalBudgetExhausted);
            }
            TerminalRecord::DetailUploaded { .. } => {
                self.marks.set(Mark::BatchUploadAfterImbalance);
            }
            _ => {}
        }
    }

    fn switch(&mut self, entry: &Entry, record: &SwitchRecord) {
        let switch = entry.party;
        match record {
            SwitchRecord::KeysIssued { .. } | SwitchRecord::KeysWithdrawn { .. } => {
                if !self.waiting.is_empty() {
                    self.marks.set(Mark::KeyChangedInFlight);
                }
            }
            SwitchRecord::Forwarded { id, origin, key, .. } => {
                self.counted(switch, key.stan, self.stan_max.1);
                let is_twin = |f: &InFlight| f.switch == switch && same_stan(f.origin, *origin);
                if self.in_flight.iter().any(is_twin) {
                    self.marks.set(Mark::SameStanOnTwoTerminals);
                }
                self.came(*origin);
                self.in_flight.push(InFlight { switch, id: *id, origin: *origin });
            }
            SwitchRecord::Answered { id, origin, .. } => {
                self.in_flight.retain(|f| f.switch != switch || f.id != *id);
                self.came(*origin);
            }
            SwitchRecord::LateAnswerAbsorbed { code, .. } => {
                if code.is_approval() {
                    self.marks.set(Mark::LateApprovalAbsorbed);
                }
            }
            SwitchRecord::ReversalAccepted { id: None, origin, .. } => {
                self.marks.set(Mark::ReversalOfUnknownOriginal);
                self.barred.push(*origin);
            }
            SwitchRecord::ReversalAccepted { origin: Origin::Pos(key), .. } => {
                if self.closed.contains(&(switch, key.terminal, key.batch)) {
                    self.marks.set(Mark::ReversalAfterSettlement);
                }
            }
            SwitchRecord::AdviceQueued { id, ticket, reason: Reason::NoAnswer, .. } => {
                self.in_flight.retain(|f| f.switch != switch || f.id != *id);
                self.timed_out.push((switch, *ticket, entry.at));
            }
            SwitchRecord::ExceptionOpened { .. } => self.marks.set(Mark::ExceptionItemOpened),
            SwitchRecord::Compared { theirs: Total { .. }, .. } => {}
            SwitchRecord::BatchClosed { terminal, batch, .. } => {
                self.closed.push((switch, *terminal, *batch));
            }
            SwitchRecord::CutOver { .. } => {
                if self.in_flight.iter().any(|f| f.switch == switch) {
                    self.marks.set(Mark::CutoverInFlight);
                }
            }
            _ => {}
        }
    }

    fn issuer(&mut self, record: &IssuerRecord) {
        match record {
            IssuerRecord::Decided { key, code, .. } => {
                self.came(Origin::Network(*key));
                if *code == ResponseCode::PIN_TRIES_EXCEEDED {
                    self.marks.set(Mark::PinLocked);
                }
            }
            IssuerRecord::Reversed { original: None, original_key, .. } => {
                self.marks.set(Mark::ReversalOfUnknownOriginal);
                self.barred.push(Origin::Network(*original_key));
            }
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
            let (PosKey { terminal: a, stan: x, .. }, PosKey { terminal: b, stan: y, .. }) =
                (one, other);
            a != b && x == y
        }
        (Origin::Network(NetworkKey { .. }), _) | (_, Origin::Network(NetworkKey { .. })) => false,
    }
}

/// Bit 64 of the bitmap of a message on a terminal's line, after prefix, TPDU, header and type.
fn has_mac(frame: &Frame) -> bool {
    frame.bytes().get(22).is_none_or(|byte| byte & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{ISSUER, SWITCH, TERMINAL, Tale, sale};
    use reversim_models::iso8583::Element;
    use reversim_models::node::Link;

    #[track_caller]
    fn sees(tale: &Tale, expected: &[Mark]) {
        let mut watch = MarkWatch::new(&tale.history.setting);
        for (index, entry) in tale.history.entries.iter().enumerate() {
            watch.observe(index, entry);
        }
        assert_eq!(watch.marks().iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_sale_without_a_fault_sets_no_mark() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.taken_back(sale(2));
        tale.settled(&[sale(1)]);
        sees(&tale, &[]);
    }

    #[test]
    fn a_reversal_that_overtakes_its_request_is_seen_at_the_issuer() {
        let mut tale = Tale::new();
        tale.credited_with(sale(1), 0, None);
        tale.decided(sale(1));
        sees(&tale, &[Mark::ReversalOvertookRequest, Mark::ReversalOfUnknownOriginal]);
    }

    #[test]
    fn a_reversal_that_overtakes_its_request_is_seen_at_the_switch() {
        let mut tale = Tale::new();
        tale.accepted(sale(1), false);
        tale.answered_as(sale(1), "94");
        sees(&tale, &[Mark::ReversalOvertookRequest, Mark::ReversalOfUnknownOriginal]);
    }

    fn tied(is_message_first: bool) -> Tale {
        let mut tale = Tale::new();
        tale.started(sale(1));
        let request = tale.request(sale(1)) - 1;
        let message = sale(1).pos_answer(Mti::FINANCIAL_RESPONSE, "00");
        let answer = tale.send(1, SWITCH, TERMINAL, &message);
        let deadline = tale.history.entries[request].at + Duration::secs(30);
        let ends = if is_message_first {
            [tale.deliver(answer), tale.approved(sale(1))]
        } else {
            [tale.due(sale(1)), tale.deliver(answer)]
        };
        for end in ends {
            tale.history.entries[end].at = deadline;
        }
        tale
    }

    #[test]
    fn an_answer_at_the_deadline_is_seen_in_both_orders() {
        sees(&tied(true), &[Mark::AnswerTiedMessageFirst]);
        sees(&tied(false), &[Mark::AnswerTiedDeadlineFirst]);
    }

    #[test]
    fn a_stored_answer_is_seen_when_it_goes_out_again() {
        let mut tale = Tale::new();
        tale.until_answer(sale(1));
        tale.deliver_copy(2, 1);
        tale.send(1, SWITCH, TERMINAL, &sale(1).pos_answer(Mti::FINANCIAL_RESPONSE, "00"));
        sees(&tale, &[Mark::DuplicateAnsweredFromStore]);
    }

    #[test]
    fn power_is_lost_between_a_record_and_what_it_protects() {
        let mut tale = Tale::new();
        tale.started(sale(1));
        tale.push(TERMINAL, 1, What::PowerLost);
        sees(&tale, &[Mark::PowerLostBetweenRecordAndSend]);
        let mut tale = Tale::new();
        tale.started(sale(1));
        tale.request(sale(1));
        tale.push(TERMINAL, 1, What::PowerLost);
        sees(&tale, &[]);
    }

    #[test]
    fn giving_up_is_seen_at_both_kinds_of_party() {
        let mut tale = Tale::new();
        tale.exception(sale(1), 3);
        sees(&tale, &[Mark::ExceptionItemOpened, Mark::ReversalBudgetExhausted]);
        let mut tale = Tale::new();
        tale.advice_exception(sale(1), 5);
        sees(&tale, &[Mark::ExceptionItemOpened]);
    }

    #[test]
    fn a_cut_over_is_in_flight_between_a_request_and_its_answer() {
        let cut = SwitchRecord::CutOver { date: crate::invariant::testing::DAY.next() };
        let mut tale = Tale::new();
        tale.forwarded(sale(1));
        tale.switch(sale(1), cut.clone());
        sees(&tale, &[Mark::CutoverInFlight]);
        let mut tale = Tale::new();
        tale.forwarded(sale(1));
        tale.answered(sale(1));
        tale.switch(sale(1), cut);
        sees(&tale, &[]);
    }

    #[test]
    fn a_counter_that_wraps_is_not_one_that_goes_back() {
        let taken = |stan| TerminalRecord::StanTaken { stan };
        let mut tale = Tale::new();
        tale.terminal(sale(1), taken(7));
        tale.terminal(sale(1), taken(3));
        sees(&tale, &[]);
        tale.terminal(sale(1), taken(999_999));
        tale.terminal(sale(1), taken(1));
        sees(&tale, &[Mark::StanWrapped]);
    }

    #[test]
    fn an_advice_is_repeated_and_a_batch_is_uploaded() {
        let mut tale = Tale::new();
        tale.send(1, SWITCH, ISSUER, &sale(1).advice(Mti::REVERSAL_ADVICE_REPEAT));
        tale.terminal(sale(0), TerminalRecord::DetailUploaded { batch: 1, through: 1 });
        sees(&tale, &[Mark::SafRepeatSent, Mark::BatchUploadAfterImbalance]);
    }

    #[test]
    fn keys_change_while_a_terminal_waits() {
        let withdrawn = SwitchRecord::KeysWithdrawn { port: reversim_models::node::Port(1) };
        let mut tale = Tale::new();
        tale.started(sale(1));
        tale.request(sale(1));
        tale.switch(sale(1), withdrawn);
        sees(&tale, &[Mark::KeyChangedInFlight]);
    }

    #[test]
    fn a_printer_fails_after_an_approval() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.push(TERMINAL, 1, What::Answered { device: Device::Printer, is_done: false });
        sees(&tale, &[Mark::PrinterFailedAfterApproval]);
    }

    #[test]
    fn a_settled_sale_is_reversed_late() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.settled(&[sale(1)]);
        tale.accepted(sale(1), true);
        sees(&tale, &[Mark::ReversalAfterSettlement]);
    }

    #[test]
    fn a_refusal_without_a_mac_is_seen() {
        let mut tale = Tale::new();
        let mut refusal = sale(1).pos_answer(Mti::FINANCIAL_RESPONSE, "A0");
        refusal.remove(Element::MAC_64);
        tale.pass(sale(1), SWITCH, TERMINAL, &refusal);
        sees(&tale, &[Mark::UnsignedDeclineSeen]);
    }

    #[test]
    fn two_terminals_use_one_stan_at_once() {
        let mut tale = Tale::new();
        tale.forwarded(sale(1));
        tale.forwarded(crate::invariant::testing::Sale { terminal: 2, stan: 1, ..sale(2) });
        sees(&tale, &[Mark::SameStanOnTwoTerminals]);
    }

    #[test]
    fn half_a_frame_ends_with_a_closed_line_or_a_broken_one() {
        for (reason, expected) in
            [(LinkDownReason::Closed, &[Mark::HalfFrameTimedOut][..]), (LinkDownReason::Reset, &[])]
        {
            let mut tale = Tale::new();
            let message = sale(1).pos(Mti::FINANCIAL_REQUEST);
            let sent = tale.send(1, TERMINAL, SWITCH, &message);
            let delivered = tale.deliver(sent);
            if let What::Delivered { part, .. } = &mut tale.history.entries[delivered].what {
                *part = Some((0, 10));
            }
            let link = Link(1);
            tale.push(TERMINAL, 0, What::LinkDown { link, peer: SWITCH, reason });
            sees(&tale, expected);
        }
    }

    #[test]
    fn torn_records_and_slow_commits_are_seen() {
        let mut tale = Tale::new();
        let record = TerminalRecord::StanTaken { stan: 1 };
        tale.push(TERMINAL, 0, What::Torn(Record::Terminal(record)));
        tale.push(ISSUER, 0, What::CommitOvertaken);
        sees(&tale, &[Mark::RecordTorn, Mark::SlowCommitOvertaken]);
    }

    #[test]
    fn every_mark_has_a_name_of_its_own_in_its_own_row() {
        for mark in Mark::ALL {
            assert_eq!(Mark::parse(mark.name()), Some(mark));
            assert_eq!(format!("{mark:?}").to_lowercase(), mark.name().replace('-', ""));
        }
    }
}
