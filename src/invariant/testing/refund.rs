//! A refund as it is told of in tests, and what the claims make of one that goes well or wrong.

use super::{ISSUER, SWITCH, Sale, Tale, sale};
use reversim_models::device::Display;
use reversim_models::iso8583::{Element, Message, Mti, ResponseCode};
use reversim_models::node::Ticket;
use reversim_models::record::{IssuerRecord, Kind, SwitchRecord, TerminalRecord};

/// A refund of so much of the first sale; ticket, STAN and everybody's numbers are n.
const fn refund(n: u32, minor: u64) -> Sale {
    Sale { kind: Kind::Refund, minor, ..sale(n) }
}

impl Tale {
    /// The terminal tells it, for the first time or again.
    fn told(&mut self, s: Sale, mti: Mti) -> usize {
        self.pass(s, s.party(), SWITCH, &s.pos(mti))
    }

    fn advice_due(&mut self, s: Sale) -> usize {
        let (ticket, stan) = (Ticket(s.ticket), s.stan);
        self.terminal(s, TerminalRecord::AdviceDue { ticket, stan })
    }

    fn told_again(&mut self, s: Sale, attempt: u8) -> usize {
        let (ticket, stan) = (Ticket(s.ticket), s.stan);
        self.terminal(s, TerminalRecord::AdviceTried { ticket, stan, attempt });
        self.told(s, Mti::FINANCIAL_ADVICE_REPEAT)
    }

    /// The switch takes it and answers.
    fn answered_for(&mut self, s: Sale) -> usize {
        self.forwarded(s);
        self.queued(s);
        self.answered(s)
    }

    fn told_upstream(&mut self, s: Sale, mti: Mti) -> usize {
        self.pass(s, SWITCH, ISSUER, &s.net(mti))
    }

    fn booked(&mut self, s: Sale) -> usize {
        self.decided_as(s, |record| {
            if let IssuerRecord::Decided { original, .. } = record {
                *original = Some(1);
            }
        })
    }

    fn answer_upstream(&mut self, s: Sale, code: &str) -> usize {
        let message: Message =
            s.net(Mti::FINANCIAL_ADVICE_RESPONSE).with(Element::RESPONSE_CODE, code);
        self.pass(s, ISSUER, SWITCH, &message)
    }

    fn refused_upstream(&mut self, s: Sale) -> usize {
        self.switch(
            s,
            SwitchRecord::AdviceRefused {
                advice: s.ticket.into(),
                id: s.ticket.into(),
                ticket: Ticket(s.ticket),
                amount: s.amount(),
                code: ResponseCode::ORIGINAL_NOT_FOUND,
            },
        )
    }

    /// What the terminal hears of it, and makes of that.
    fn confirmed(&mut self, s: Sale) -> usize {
        self.pass(s, SWITCH, s.party(), &s.pos_answer(Mti::FINANCIAL_ADVICE_RESPONSE, "00"));
        let approved = self.approved(s);
        self.show(s, Display::Approved(s.amount()));
        self.receipt(s);
        approved
    }

    /// Up to the answer that the terminal does not hear.
    fn begun(&mut self, s: Sale) {
        self.ask(s);
        self.started(s);
        self.told(s, Mti::FINANCIAL_ADVICE);
        self.answered_for(s);
    }

    /// From the queue of the switch to the issuer and back.
    fn passed_on(&mut self, s: Sale) {
        self.advice_tried(s, 1);
        self.told_upstream(s, Mti::FINANCIAL_ADVICE);
        self.booked(s);
        self.answer_upstream(s, "00");
        self.completed(s);
    }

    /// A whole refund, without a fault.
    pub(super) fn refunded(&mut self, s: Sale) -> usize {
        self.begun(s);
        let approved = self.confirmed(s);
        self.passed_on(s);
        approved
    }
}

pub(super) const PART: Sale = refund(2, 30_000);

#[test]
fn a_sale_with_a_refund_is_clean_to_the_end_of_the_day() {
    let mut tale = Tale::new();
    tale.opened(100_000);
    tale.sold(sale(1));
    tale.refunded(PART);
    tale.online();
    tale.settled(&[sale(1), PART]);
    tale.day_end();
    tale.is_clean();
    tale.holds("no-credit-without-debit");
    tale.holds("saf-never-forgets");
    tale.holds("goods-and-money-agree");
    tale.holds("batch-totals-agree");
}

#[test]
fn a_refund_that_is_told_again_and_confirmed_is_clean() {
    let mut tale = Tale::new();
    tale.sold(sale(1));
    tale.begun(PART);
    tale.passed_on(PART);
    tale.advice_due(PART);
    tale.show(PART, Display::WillTellAgain);
    tale.told_again(PART, 1);
    tale.confirmed(PART);
    tale.online();
    tale.is_clean();
    tale.holds("reversals-drain");
    tale.holds("repeat-says-so");
}

#[test]
fn refunds_together_give_back_no_more_than_was_taken() {
    let mut tale = Tale::new();
    let sold = tale.decided(sale(1));
    tale.booked(PART);
    tale.holds("no-credit-without-debit");
    let more = tale.booked(refund(3, 30_000));
    tale.breaks("no-credit-without-debit", &[sold, more], "gave 600.00 back");
}

#[test]
fn a_refund_that_is_booked_twice_is_posted_twice() {
    let mut tale = Tale::new();
    tale.sold(sale(1));
    tale.begun(PART);
    let first = tale.booked(PART);
    let second = tale.decided_as(PART, |record| {
        if let IssuerRecord::Decided { id, key, original, .. } = record {
            (*id, key.stan, *original) = (9, 999, Some(1));
        }
    });
    tale.breaks("at-most-once-posting", &[first, second], "one and the same refund");
}

#[test]
fn what_a_switch_answered_for_takes_effect_or_is_an_exception_item() {
    let mut tale = Tale::new();
    tale.sold(sale(1));
    tale.begun(PART);
    tale.confirmed(PART);
    tale.advice_tried(PART, 1);
    tale.told_upstream(PART, Mti::FINANCIAL_ADVICE);
    let mut refused = tale.answer_upstream(PART, "25");
    refused += 1;
    assert_eq!(tale.refused_upstream(PART), refused);
    tale.day_end();
    tale.holds("saf-never-forgets");
    tale.holds("no-unpaid-approval");
    tale.holds("no-unreversed-debit");
}

#[test]
fn a_refund_that_vanishes_from_its_queue_is_missed() {
    let mut tale = Tale::new();
    tale.sold(sale(1));
    tale.ask(PART);
    tale.started(PART);
    tale.told(PART, Mti::FINANCIAL_ADVICE);
    let forwarded = tale.forwarded(PART);
    let answered = tale.answered(PART);
    tale.online();
    tale.breaks("saf-never-forgets", &[forwarded, answered], "which no issuer booked");
}

#[test]
fn a_refund_that_is_taken_off_its_queue_without_an_answer_is_missed() {
    let mut tale = Tale::new();
    tale.sold(sale(1));
    tale.ask(PART);
    tale.started(PART);
    tale.told(PART, Mti::FINANCIAL_ADVICE);
    tale.forwarded(PART);
    let queued = tale.queued(PART);
    tale.answered(PART);
    let refused = tale.refused_upstream(PART);
    tale.online();
    tale.breaks("saf-never-forgets", &[queued, refused], "no peer answered it");
}

#[test]
fn an_advice_needs_a_record_that_would_tell_it_again() {
    let mut tale = Tale::new();
    tale.sold(sale(1));
    let sent = tale.send(PART.ticket, PART.party(), SWITCH, &PART.pos(Mti::FINANCIAL_ADVICE));
    tale.breaks("write-ahead-reversal", &[sent], "tell it again");
}

#[test]
fn an_advice_that_is_told_twice_says_so() {
    let mut tale = Tale::new();
    tale.begun(PART);
    tale.advice_due(PART);
    let again = tale.send(PART.ticket, PART.party(), SWITCH, &PART.pos(Mti::FINANCIAL_ADVICE));
    tale.breaks("repeat-says-so", &[2, again], "0220, not 0221");
}

#[test]
fn a_refund_that_is_given_up_too_soon_or_never_is_seen() {
    let mut tale = Tale::new();
    tale.sold(sale(1));
    tale.begun(PART);
    let due = tale.advice_due(PART);
    tale.told_again(PART, 1);
    let opened = tale.exception(PART, 1);
    tale.online();
    tale.breaks("reversals-drain", &[due, opened], "after 1 of 3 sendings");
}
