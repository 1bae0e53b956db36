//! What becomes of a forwarded request: answered, given up, or its approval came too late.
//!
//! The order of records and sendings here is what makes a switch safe: one commit for "answered by
//! time-out" and "reversal queued", and an answer only after it is recorded.

use super::book::{Answer, Transaction};
use super::{Caller, Side, Switch, Timer, about};
use crate::asked::Question;
use crate::card::Amount;
use crate::defect::Defect;
use crate::device::{Device, Output};
use crate::iso8583::{Balance54, BalanceSign, Element, Message, ResponseCode};
use crate::node::{Actions, Port};
use crate::record::{Kind, NetworkKey, Origin, Reason, SwitchRecord};
use crate::time::{Date, Now};

/// A request that was forwarded, and whose sender waits.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) id: u64,
    pub(super) caller: Caller,
    /// Whether it carries what only its issuer can check.
    pub(super) is_for_the_issuer: bool,
    /// The answer, as far as it is known: no code yet.
    pub(super) answer: Message,
}

/// What the switch itself puts on a transaction, and every copy of its answer repeats.
pub(super) struct Marks {
    /// MMDDhhmmss.
    pub(super) transmission: u32,
    pub(super) business_date: Date,
    pub(super) rrn: [u8; 12],
}

impl Answer {
    /// A refusal that moves no money.
    pub(super) fn declined(code: ResponseCode, business_date: Date) -> Answer {
        Answer { code, minor: 0, authorization: None, balance: None, business_date, commit: 0 }
    }
}

impl Switch {
    /// A 0110 or 0210 from upstream whose MAC is right.
    pub(super) fn answered(
        &mut self,
        now: Now,
        port: Port,
        message: &Message,
        actions: &mut Actions,
    ) {
        let code = message.get(Element::RESPONSE_CODE).and_then(ResponseCode::parse);
        let (Some(code), Some(id)) = (code, self.answered_id(port, message)) else { return };
        let Some(transaction) = self.book.transaction(id) else { return };
        if transaction.kind.is_advice() {
            return self.advice_passed_back(now, id, message, code, actions);
        }
        if transaction.kind == Kind::OrderQuery {
            return self.told_of_order(id, message, code, actions);
        }
        if self.keeps_open(id, message, code, actions) {
            return;
        }
        let Some(transaction) = self.book.transaction(id) else { return };
        match (self.waits(id), &transaction.answer, code.is_approval()) {
            (true, _, _) => {
                if let Some(answer) = self.read_answer(transaction, message, code) {
                    self.decide(now, id, answer, None, actions);
                }
            }
            // A late decline moved nothing, and a copy of the approval was passed on already.
            (false, _, false) => {}
            (false, Some(answer), true) if answer.code.is_approval() => {}
            (false, _, true) if !transaction.kind.moves() || transaction.is_absorbed => {}
            (false, _, true) => self.absorb(now, id, code, actions),
        }
    }

    /// Which transaction a 0110 or 0210 answers.
    fn answered_id(&self, port: Port, message: &Message) -> Option<u64> {
        let key = NetworkKey::of(message)?;
        let sent = |id| self.book.transaction(id).and_then(|transaction| transaction.sent);
        if self.config.defects.has(Defect::W03) {
            let has_stan =
                |pending: &&Pending| sent(pending.id).is_some_and(|sent| sent.key.stan == key.stan);
            return self.pending.iter().rev().find(has_stan).map(|pending| pending.id);
        }
        let id = self.book.sent_under(&key)?;
        sent(id).filter(|sent| sent.to == port && sent.key == key).map(|_| id)
    }

    /// What an answer says, if it fits its request: the same terminal, and the amount that was
    /// asked for, or less with code 10. One that does not fit is as good as none.
    pub(super) fn read_answer(
        &self,
        transaction: &Transaction,
        message: &Message,
        code: ResponseCode,
    ) -> Option<Answer> {
        let sent = transaction.sent?;
        let asked = sent.amount.minor;
        let told = message.number(Element::AMOUNT).unwrap_or(asked);
        let minor = match (code.is_approval(), transaction.kind) {
            (false, _) | (_, Kind::Inquiry) => 0,
            (true, Kind::Sale) if code == ResponseCode::PARTIALLY_APPROVED => told,
            (true, _) => asked,
        };
        let is_partial = code == ResponseCode::PARTIALLY_APPROVED
            && transaction.kind == Kind::Sale
            && (1..=asked).contains(&told);
        let fits = (!code.is_approval() || told == asked || is_partial)
            && message.get(Element::TERMINAL).is_none_or(|terminal| terminal == sent.terminal);
        let balance = message.get(Element::ADDITIONAL_AMOUNTS).and_then(Balance54::parse_all);
        let is_inquiry = transaction.kind == Kind::Inquiry && code.is_approval();
        let answer = Answer {
            code: towards_sender(code),
            minor,
            authorization: fixed(message, Element::AUTHORIZATION_CODE)
                .filter(|_| code.is_approval()),
            balance: balance
                .filter(|_| is_inquiry)
                .and_then(|balances| balances.first().map(|balance| balance.amount)),
            business_date: self.date_of_answer(transaction.business_date),
            commit: 0,
        };
        (fits || self.config.defects.has(Defect::W03)).then_some(answer)
    }

    fn date_of_answer(&self, forwarded: Date) -> Date {
        match self.config.defects.has(Defect::W28) {
            true => self.book.business_date,
            false => forwarded,
        }
    }

    /// An upstream answer did not come in time.
    pub(super) fn give_up(&mut self, now: Now, id: u64, actions: &mut Actions) {
        let Some(transaction) = self.book.transaction(id) else { return };
        if transaction.kind.is_advice() {
            // Its sender tells it again.
            self.stop_waiting(id);
            return;
        }
        if transaction.kind == Kind::OrderQuery {
            // Who asked asks again.
            self.stop_waiting(id);
            return;
        }
        if transaction.is_order() {
            self.asking.note(Question::TimeoutCode, 0);
            return self.leave_open(id, self.config.timeout_code, actions);
        }
        if let Some(answer) = self.stand_in_for(id) {
            return self.decide(now, id, answer, Some(Reason::StoodIn), actions);
        }
        let has_defect = [Defect::W01, Defect::W02].iter().any(|d| self.config.defects.has(*d));
        let is_owed = self.owes_reversal(transaction) && !has_defect;
        let date = self.date_of_answer(transaction.business_date);
        self.asking.note(Question::TimeoutCode, 0);
        let answer = Answer::declined(self.config.timeout_code, date);
        self.decide(now, id, answer, is_owed.then_some(Reason::NoAnswer), actions);
    }

    /// Tells all who wait for an upstream port that it does not answer, and reverses nothing.
    /// No correct switch does: what they asked for may have been done.
    #[cfg_attr(mutants, mutants::skip)]
    pub(super) fn flush_pending(&mut self, now: Now, port: Port, actions: &mut Actions) {
        let goes_there = |id: u64| {
            let sent = self.book.transaction(id).and_then(|transaction| transaction.sent);
            sent.is_some_and(|sent| sent.to == port)
        };
        let ids = self.pending.iter().map(|pending| pending.id).filter(|id| goes_there(*id));
        for id in ids.collect::<Vec<u64>>() {
            let Some(transaction) = self.book.transaction(id) else { continue };
            let date = transaction.business_date;
            let answer = Answer::declined(ResponseCode::ISSUER_INOPERATIVE, date);
            self.decide(now, id, answer, None, actions);
        }
    }

    /// Ends a transaction towards its sender: records the answer, with the reversal if one is owed,
    /// or the advice if it is approved in the issuer's stead, and only then sends it.
    pub(super) fn decide(
        &mut self,
        now: Now,
        id: u64,
        answer: Answer,
        advice: Option<Reason>,
        actions: &mut Actions,
    ) {
        let Some(Pending { caller, answer: mut message, .. }) = self.stop_waiting(id) else {
            return;
        };
        let Some(transaction) = self.book.transaction(id) else { return };
        let (ticket, origin, kind) = (transaction.ticket, transaction.origin, transaction.kind);
        let Some(sent) = transaction.sent else { return };
        about(ticket, actions, |actions| {
            // Power may fail inside a commit and keep its beginning, so what protects comes first:
            // a sale that is answered "no" and not reversed would look like the issuer's decline.
            match advice {
                Some(Reason::StoodIn) => self.queue_stand_in(now, id, actions),
                Some(reason) => self.queue_advice(now, id, reason, actions),
                None => {}
            }
            self.record_answer(id, origin, kind, &answer, actions);
            complete(&mut message, kind, &answer, sent.amount);
            message.set_number(Element::SETTLEMENT_DATE, answer.business_date.mmdd().into(), 4);
            self.answer(caller, &message, actions);
            self.send_advices(now, self.way_back(&sent), actions);
        });
    }

    /// Nobody waits for this transaction any more.
    pub(super) fn stop_waiting(&mut self, id: u64) -> Option<Pending> {
        let at = self.pending.iter().position(|pending| pending.id == id)?;
        self.timers.clear(Timer::Response(id));
        Some(self.pending.remove(at))
    }

    /// An approval that came after the switch had answered otherwise, or after the reversal.
    fn absorb(&mut self, now: Now, id: u64, code: ResponseCode, actions: &mut Actions) {
        let Some(transaction) = self.book.transaction(id) else { return };
        let (ticket, is_advised) = (transaction.ticket, transaction.is_advised);
        let Some(sent) = transaction.sent else { return };
        if self.config.defects.has(Defect::W02) {
            actions.tell(Device::Log, Output::Log(format!("late answer {code} ignored")));
            return;
        }
        about(ticket, actions, |actions| {
            // A time-out has queued the reversal already. After any other refusal this is the news.
            if !is_advised && !self.config.defects.has(Defect::W01) {
                self.queue_advice(now, id, Reason::LateAnswer, actions);
            }
            self.commit(SwitchRecord::LateAnswerAbsorbed { id, ticket, code }, actions);
            self.send_advices(now, self.way_back(&sent), actions);
        });
    }

    pub(super) fn record_answer(
        &mut self,
        id: u64,
        origin: Origin,
        kind: Kind,
        answer: &Answer,
        actions: &mut Actions,
    ) {
        let amount = Amount { minor: answer.minor, currency: self.config.currency };
        let record = SwitchRecord::Answered {
            id,
            ticket: actions.ticket(),
            origin,
            kind,
            code: answer.code,
            amount,
            authorization: answer.authorization,
            balance: answer.balance,
            business_date: answer.business_date,
        };
        self.commit(record, actions);
        self.pay_at_once(id, actions);
    }

    /// Institution, settlement date, and a number below 900,000 for transactions, above for others.
    pub(super) fn own_rrn(&self, number: u64, date: Date) -> [u8; 12] {
        let mut rrn = [b'0'; 12];
        let institution = self.config.institution % 100;
        let mut rest = institution * 10_000_000_000 + u64::from(date.mmdd()) * 1_000_000 + number;
        for digit in rrn.iter_mut().rev() {
            *digit += (rest % 10) as u8;
            rest /= 10;
        }
        rrn
    }

    /// The marks of a transaction that is known already.
    pub(super) fn marks_of(
        &self,
        now: Now,
        id: u64,
        transaction: &Transaction,
        business_date: Date,
    ) -> Marks {
        match transaction.sent {
            Some(sent) => {
                Marks { transmission: sent.key.transmission, business_date, rrn: sent.rrn }
            }
            None => Marks {
                transmission: transmission(now),
                business_date,
                rrn: self.own_rrn(id % 900_000, business_date),
            },
        }
    }

    /// An answer without its code.
    pub(super) fn outline(&self, side: Side, request: &Message, marks: &Marks) -> Message {
        match side {
            Side::Terminal(_) => self.outline_for_terminal(request, marks),
            Side::Switch(_) | Side::Upstream(_) => self.outline_for_switch(request, marks),
        }
    }
}

/// Puts what was decided into an answer.
pub(super) fn complete(message: &mut Message, kind: Kind, answer: &Answer, asked: Amount) {
    if answer.code == ResponseCode::PARTIALLY_APPROVED && kind == Kind::Sale {
        message.set_number(Element::AMOUNT, answer.minor, 12);
    }
    if let Some(authorization) = answer.authorization {
        message.set(Element::AUTHORIZATION_CODE, authorization);
    }
    message.set(Element::RESPONSE_CODE, answer.code.0);
    if let Some(amount) = answer.balance {
        let balance = Balance54 {
            account_type: 0,
            balance_type: 2,
            currency: asked.currency.0,
            sign: BalanceSign::Credit,
            amount,
        };
        message.set(Element::ADDITIONAL_AMOUNTS, balance.encode());
    }
}

/// A code as the sender may see it. What is wrong with the keys of a zone is nothing its terminals
/// can mend by signing on.
pub(super) fn towards_sender(code: ResponseCode) -> ResponseCode {
    match code {
        ResponseCode::MAC_ERROR
        | ResponseCode::TERMINAL_NOT_REGISTERED
        | ResponseCode::PIN_FORMAT_ERROR => ResponseCode::SYSTEM_MALFUNCTION,
        code => code,
    }
}

/// MMDDhhmmss of the switch's own calendar.
pub(super) fn transmission(now: Now) -> u32 {
    u32::from(now.local.date().mmdd()) * 1_000_000 + now.local.hhmmss()
}

/// An element that must have exactly `N` bytes.
pub(super) fn fixed<const N: usize>(message: &Message, element: Element) -> Option<[u8; N]> {
    message.get(element)?.try_into().ok()
}
