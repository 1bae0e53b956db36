//! The life of a request at a switch: refused, or forwarded, answered, given up, absorbed.
//!
//! Whatever line a request came on, it becomes a [`Request`] and goes this way. The order of records
//! and sendings here is what makes a switch safe: `Forwarded` before the request leaves, one commit
//! for "answered by time-out" and "reversal queued", the answer only after it is recorded.

use super::book::{Answer, Stage, Transaction};
use super::{Caller, Side, Switch, Timer, about};
use crate::card::{Amount, Pan};
use crate::defect::Defect;
use crate::device::{Device, Output};
use crate::iso8583::{Balance54, BalanceSign, Element, Envelope, Message, ResponseCode};
use crate::node::{Actions, Link, Port};
use crate::record::{Kind, NetworkKey, Origin, Reason, SwitchRecord};
use crate::security::{Key, PinBlock};
use crate::time::{Date, Now};

/// A financial request that reads and whose sender is known.
pub(super) struct Request<'a> {
    pub(super) caller: Caller,
    pub(super) message: &'a Message,
    pub(super) origin: Origin,
    pub(super) kind: Kind,
    pub(super) pan: Pan,
    pub(super) amount: Amount,
    /// What its PIN block is encrypted under.
    pub(super) pin_key: Option<Key>,
}

/// A request that was forwarded, and whose sender waits.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) id: u64,
    caller: Caller,
    /// The answer, as far as it is known: no code yet.
    answer: Message,
}

/// Where a request goes.
struct Route {
    port: Port,
    link: Link,
    key: NetworkKey,
    /// Under the key of that zone.
    pin: Option<PinBlock>,
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
    fn declined(code: ResponseCode, business_date: Date) -> Answer {
        Answer { code, minor: 0, authorization: None, balance: None, business_date, commit: 0 }
    }
}

impl Switch {
    /// A request: new, a copy, or one whose reversal came first.
    pub(super) fn request(&mut self, now: Now, request: &Request<'_>, actions: &mut Actions) {
        match self.book.stage(request.origin) {
            Stage::Unknown => match self.route(now, request) {
                Ok(route) => self.forward(now, request, route, actions),
                Err(code) => self.refuse(now, request, code, actions),
            },
            // The reversal overtook its request: 1. the request is delayed past its sender's
            // time-out, 2. the sender reverses, 3. the request arrives. It must not move money.
            Stage::Barred => {
                self.refuse(now, request, ResponseCode::DUPLICATE_TRANSMISSION, actions);
            }
            Stage::InDoubt(id, transaction) if self.waits(id) => {
                if self.config.defects.has(Defect::W18) {
                    let minor = request.amount.minor;
                    let date = transaction.business_date;
                    let code = ResponseCode::APPROVED;
                    let authorization = Some(*b"000000");
                    let answer = Answer { minor, authorization, ..Answer::declined(code, date) };
                    self.repeat(now, request, transaction, id, answer, actions);
                }
            }
            // Nobody waits any more: it was reversed, or power was lost. A reversal is queued.
            Stage::InDoubt(id, transaction) => {
                let date = transaction.business_date;
                let answer = Answer::declined(ResponseCode::DUPLICATE_TRANSMISSION, date);
                self.record_answer(id, request.origin, request.kind, &answer, actions);
                if let Some(transaction) = self.book.transaction(id) {
                    self.repeat(now, request, transaction, id, answer, actions);
                }
            }
            Stage::Answered(_, _, answer) if !self.is_durable(answer.commit) => {}
            Stage::Answered(id, transaction, answer) => {
                // Another card or amount under the same name is no copy.
                let is_copy = transaction
                    .sent
                    .is_none_or(|sent| sent.pan == request.pan && sent.amount == request.amount);
                let code = ResponseCode::DUPLICATE_TRANSMISSION;
                let answer = match is_copy {
                    true => answer,
                    false => Answer::declined(code, answer.business_date),
                };
                self.repeat(now, request, transaction, id, answer, actions);
            }
        }
    }

    /// Whether somebody waits for the answer to this transaction.
    fn waits(&self, id: u64) -> bool {
        self.pending.iter().any(|pending| pending.id == id)
    }

    /// Sends an answer that is durable.
    fn repeat(
        &self,
        now: Now,
        request: &Request<'_>,
        transaction: &Transaction,
        id: u64,
        answer: Answer,
        actions: &mut Actions,
    ) {
        let marks = self.marks_of(now, id, transaction, answer.business_date);
        let mut message = self.outline(request.caller.side, request.message, &marks);
        complete(&mut message, transaction.kind, &answer, request.amount);
        self.answer(request.caller, &message, actions);
    }

    /// The way upstream, or why there is none.
    fn route(&self, now: Now, request: &Request<'_>) -> Result<Route, ResponseCode> {
        if now.instant < self.cutover_until {
            return Err(ResponseCode::CUTOVER_IN_PROGRESS);
        }
        if self.is_in_maintenance(now) {
            return Err(ResponseCode::ISSUER_INOPERATIVE);
        }
        self.check_terms(request)?;
        let upstream = self.upstream_of(&request.pan).ok_or(ResponseCode::NO_SUCH_ISSUER)?;
        let port = upstream.port;
        let is_full = self.book.queue(port).is_some_and(|saf| saf.len() >= self.config.saf_max);
        if is_full && request.kind == Kind::Sale {
            return Err(ResponseCode::ISSUER_INOPERATIVE);
        }
        let link = self.standing_link(port).ok_or(ResponseCode::ISSUER_INOPERATIVE)?;
        let pin = translate_pin(request, &upstream.zone.pin)?;
        let (acquirer, own_stan) = match request.origin {
            Origin::Pos(key) => (self.config.institution, key.stan),
            Origin::Network(key) => (key.acquirer, key.stan),
        };
        let key = match self.config.defects.has(Defect::W03) {
            true => NetworkKey {
                transmission: transmission(now),
                stan: own_stan,
                acquirer,
                forwarder: self.config.institution,
            },
            false => self.next_key(now, acquirer).ok_or(ResponseCode::SYSTEM_MALFUNCTION)?,
        };
        Ok(Route { port, link, key, pin })
    }

    /// What the acquirer itself asks of a sale at one of its terminals.
    fn check_terms(&self, request: &Request<'_>) -> Result<(), ResponseCode> {
        let Origin::Pos(key) = request.origin else { return Ok(()) };
        if key.batch != self.book.open_batch(request.caller.port) {
            // In a closed batch it would never be settled.
            return Err(ResponseCode::BATCH_MISMATCH);
        }
        if request.kind == Kind::Sale && request.amount.minor < self.config.amount_min {
            return Err(ResponseCode::INVALID_AMOUNT);
        }
        let max = self.config.sales_per_card_max;
        if request.kind == Kind::Sale && max > 0 && self.sales_of_card(request) >= max as usize {
            return Err(ResponseCode::EXCEEDS_COUNT_LIMIT);
        }
        Ok(())
    }

    /// Sales of this card at this merchant on this business date that count: a declined or reversed
    /// attempt gives its count back.
    fn sales_of_card(&self, request: &Request<'_>) -> usize {
        let merchant = request.message.get(Element::MERCHANT).unwrap_or_default();
        let counts = |transaction: &Transaction| {
            transaction.kind == Kind::Sale
                && transaction.business_date == self.book.business_date
                && transaction.reversal.is_none()
                && !transaction.is_advised
                && transaction.answer.is_none_or(|answer| answer.code.is_approval())
                && transaction
                    .sent
                    .is_some_and(|sent| sent.pan == request.pan && sent.merchant == *merchant)
        };
        self.book.transactions().filter(|(_, transaction)| counts(transaction)).count()
    }

    /// Decides a request without asking anybody.
    fn refuse(
        &mut self,
        now: Now,
        request: &Request<'_>,
        code: ResponseCode,
        actions: &mut Actions,
    ) {
        let business_date = self.dated(request);
        let answer = Answer::declined(code, business_date);
        let id = self.book.next_id();
        self.record_answer(id, request.origin, request.kind, &answer, actions);
        let marks = Marks {
            transmission: transmission(now),
            business_date,
            rrn: self.rrn(id, request, business_date),
        };
        let mut message = self.outline(request.caller.side, request.message, &marks);
        complete(&mut message, request.kind, &answer, request.amount);
        self.answer(request.caller, &message, actions);
    }

    fn forward(&mut self, now: Now, request: &Request<'_>, route: Route, actions: &mut Actions) {
        let id = self.book.next_id();
        let business_date = self.dated(request);
        let rrn = self.rrn(id, request, business_date);
        let marks = Marks { transmission: route.key.transmission, business_date, rrn };
        let message = self.request_upstream(request, route.key, &marks, route.pin);
        let parties =
            (fixed(request.message, Element::TERMINAL), fixed(request.message, Element::MERCHANT));
        let (Some(frame), (Some(terminal), Some(merchant))) =
            (self.seal(route.link, &message, Envelope::default(), actions), parties)
        else {
            return self.refuse(now, request, ResponseCode::FORMAT_ERROR, actions);
        };
        let record = SwitchRecord::Forwarded {
            id,
            ticket: actions.ticket(),
            from: request.caller.port,
            origin: request.origin,
            kind: request.kind,
            to: route.port,
            key: route.key,
            rrn,
            terminal,
            merchant,
            pan: request.pan,
            amount: request.amount,
            business_date,
        };
        self.commit(record, actions);
        actions.send(route.link, frame);
        self.touch(now, route.link);
        self.await_answer(Timer::Response(id), now.instant + self.config.response_timeout);
        let answer = self.outline(request.caller.side, request.message, &marks);
        self.pending.push(Pending { id, caller: request.caller, answer });
    }

    /// A 0210 from upstream whose MAC is right.
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
        match (self.waits(id), &transaction.answer, code.is_approval()) {
            (true, _, _) => {
                if let Some(answer) = self.read_answer(transaction, message, code) {
                    self.decide(now, id, answer, None, actions);
                }
            }
            // A late decline moved nothing, and a copy of the approval was passed on already.
            (false, _, false) => {}
            (false, Some(answer), true) if answer.code.is_approval() => {}
            (false, _, true) if transaction.kind == Kind::Inquiry || transaction.is_absorbed => {}
            (false, _, true) => self.absorb(now, id, code, actions),
        }
    }

    /// Which transaction a 0210 answers.
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

    /// What a 0210 says, if it fits its request: the same terminal, and the amount that was asked
    /// for, or less with code 10. One that does not fit is as good as none.
    fn read_answer(
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
            (true, Kind::Sale) => asked,
        };
        let is_partial = code == ResponseCode::PARTIALLY_APPROVED && told > 0 && told <= asked;
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
        let has_defect = [Defect::W01, Defect::W02].iter().any(|d| self.config.defects.has(*d));
        let is_owed = self.owes_reversal(transaction) && !has_defect;
        let date = self.date_of_answer(transaction.business_date);
        let answer = Answer::declined(self.config.timeout_code, date);
        self.decide(now, id, answer, is_owed.then_some(Reason::NoAnswer), actions);
    }

    /// Tells all who wait for an upstream port that it does not answer, and reverses nothing.
    /// No correct switch does: what they asked for may have been done.
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
    /// and only then sends it.
    fn decide(
        &mut self,
        now: Now,
        id: u64,
        answer: Answer,
        reversal: Option<Reason>,
        actions: &mut Actions,
    ) {
        let Some(Pending { caller, answer: mut message, .. }) = self.stop_waiting(id) else {
            return;
        };
        let Some(transaction) = self.book.transaction(id) else { return };
        let (ticket, origin, kind) = (transaction.ticket, transaction.origin, transaction.kind);
        let Some(sent) = transaction.sent else { return };
        about(ticket, actions, |actions| {
            self.record_answer(id, origin, kind, &answer, actions);
            if let Some(reason) = reversal {
                self.queue_advice(now, id, reason, actions);
            }
            complete(&mut message, kind, &answer, sent.amount);
            message.set_number(Element::SETTLEMENT_DATE, answer.business_date.mmdd().into(), 4);
            self.answer(caller, &message, actions);
            self.send_advices(now, sent.to, actions);
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
            self.commit(SwitchRecord::LateAnswerAbsorbed { id, ticket, code }, actions);
            // A time-out has queued the reversal already. After any other refusal this is the news.
            if !is_advised && !self.config.defects.has(Defect::W01) {
                self.queue_advice(now, id, Reason::LateAnswer, actions);
            }
            self.send_advices(now, sent.to, actions);
        });
    }

    fn record_answer(
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
    }

    /// The settlement date a request belongs to: its own, or for a terminal's the open one.
    fn dated(&self, request: &Request<'_>) -> Date {
        let today = self.book.business_date;
        match request.origin {
            Origin::Pos(_) => today,
            Origin::Network(_) => {
                let mmdd = request.message.number(Element::SETTLEMENT_DATE);
                mmdd.and_then(|mmdd| nearest_date(mmdd, today)).unwrap_or(today)
            }
        }
    }

    /// The retrieval reference number: the acquirer's, which the network keeps.
    fn rrn(&self, id: u64, request: &Request<'_>, date: Date) -> [u8; 12] {
        let kept = match request.origin {
            Origin::Pos(_) => None,
            Origin::Network(_) => fixed(request.message, Element::RRN),
        };
        kept.unwrap_or_else(|| self.own_rrn(id % 900_000, date))
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
    fn outline(&self, side: Side, request: &Message, marks: &Marks) -> Message {
        match side {
            Side::Terminal(_) => self.outline_for_terminal(request, marks),
            Side::Switch(_) | Side::Upstream(_) => self.outline_for_switch(request, marks),
        }
    }
}

/// Puts what was decided into an answer.
fn complete(message: &mut Message, kind: Kind, answer: &Answer, asked: Amount) {
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
fn towards_sender(code: ResponseCode) -> ResponseCode {
    match code {
        ResponseCode::MAC_ERROR
        | ResponseCode::TERMINAL_NOT_REGISTERED
        | ResponseCode::PIN_FORMAT_ERROR => ResponseCode::SYSTEM_MALFUNCTION,
        code => code,
    }
}

fn translate_pin(request: &Request<'_>, to: &Key) -> Result<Option<PinBlock>, ResponseCode> {
    let Some(block) = fixed(request.message, Element::PIN_BLOCK) else { return Ok(None) };
    let from = request.pin_key.as_ref().ok_or(ResponseCode::PIN_FORMAT_ERROR)?;
    let translated = PinBlock(block).translate(request.pan.as_str(), from, to);
    translated.map(Some).map_err(|_| ResponseCode::PIN_FORMAT_ERROR)
}

/// MMDDhhmmss of the switch's own calendar.
pub(super) fn transmission(now: Now) -> u32 {
    u32::from(now.local.date().mmdd()) * 1_000_000 + now.local.hhmmss()
}

/// A date without a year, in the year that brings it nearest to `today`.
fn nearest_date(mmdd: u64, today: Date) -> Option<Date> {
    let (month, day) = (u8::try_from(mmdd / 100).ok()?, u8::try_from(mmdd % 100).ok()?);
    (today.year - 1..=today.year + 1)
        .filter_map(|year| Date::new(year, month, day))
        .min_by_key(|date| date.days().abs_diff(today.days()))
}

/// An element that must have exactly `N` bytes.
pub(super) fn fixed<const N: usize>(message: &Message, element: Element) -> Option<[u8; N]> {
    message.get(element)?.try_into().ok()
}
