//! Each mark, from a little history that has it and one that nearly has it.

use super::{Mark, MarkWatch};
use crate::history::What;
use crate::invariant::testing::{ISSUER, SWITCH, TERMINAL, Tale, sale};
use crate::party::Party;
use reversim_models::device::Device;
use reversim_models::iso8583::Element;
use reversim_models::iso8583::Mti;
use reversim_models::node::Link;
use reversim_models::node::LinkDownReason;
use reversim_models::node::Ticket;
use reversim_models::record::{ClearingRecord, Record, SwitchRecord, TerminalRecord, Unpaid};
use reversim_models::time::{Duration, Instant};

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
    tale.reversal(sale(1));
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

#[test]
fn claims_and_missing_slips_are_seen_where_they_are_decided() {
    let claimed = |why| {
        let mut tale = Tale::with_clearing();
        tale.claim_taken(0, sale(1), why);
        tale
    };
    sees(&claimed(None), &[Mark::ClaimPaid]);
    sees(&claimed(Some(Unpaid::Unknown)), &[Mark::ClaimChargedBack]);
    for (is_there, marks) in [(true, &[][..]), (false, &[Mark::SlipMissing])] {
        let mut tale = Tale::new();
        let (id, of) = (1, Ticket(1));
        tale.switch(sale(1), SwitchRecord::SlipAnswered { id, of, is_there });
        sees(&tale, marks);
    }
}

#[test]
fn a_lease_that_changes_hands_is_taken_over_and_one_that_is_taken_again_is_not() {
    let lease = |tale: &mut Tale, node, fence| {
        let until = Instant::START + Duration::secs(30 * u64::from(fence));
        let record = Record::Clearing(ClearingRecord::LeaseTaken { node, fence, until });
        tale.push(Party::clearing(1), 0, What::Recorded(record));
    };
    let mut tale = Tale::new();
    lease(&mut tale, 0, 1);
    lease(&mut tale, 0, 2);
    sees(&tale, &[]);
    lease(&mut tale, 1, 3);
    sees(&tale, &[Mark::LeaseTakenOver]);
    let refused = Record::Clearing(ClearingRecord::WriteRefused { node: 0, fence: 2 });
    tale.push(Party::clearing(1), 0, What::Recorded(refused));
    sees(&tale, &[Mark::LeaseTakenOver, Mark::FenceRefusedAWrite]);
}
