//! A request at a switch: new, a copy, or overtaken by its reversal; refused or forwarded.
//!
//! Whatever line a request came on, it becomes a [`Request`] and goes this way. `Forwarded` is
//! recorded before the request leaves.

use super::advice::decides;
use super::book::{Answer, Stage, Transaction};
use super::exchange::{Marks, Pending, complete, fixed, transmission};
use super::reversal::original_date;
use super::stand_in::is_for_the_issuer;
use super::{Caller, Side, Switch, Timer, about};
use crate::asked::Question;
use crate::card::{Amount, Pan};
use crate::defect::Defect;
use crate::iso8583::{Element, Envelope, Message, Mti, Private60, ResponseCode};
use crate::node::{Actions, Link, Port, Ticket};
use crate::record::{Kind, NetworkKey, Origin, SwitchRecord};
use crate::security::{Key, PinBlock};
use crate::time::{Date, Now, ZonedTime};

/// A financial request that reads and whose sender is known.
pub(super) struct Request<'a> {
    pub(super) caller: Caller,
    pub(super) message: &'a Message,
    pub(super) origin: Origin,
    pub(super) kind: Kind,
    /// What it calls the transaction it is about.
    pub(super) original: Option<Origin>,
    pub(super) pan: Pan,
    pub(super) amount: Amount,
    /// What its PIN block is encrypted under.
    pub(super) pin_key: Option<Key>,
}

/// A request that waits for a line. No correct switch keeps one: its sender was told no.
#[derive(Clone, Debug)]
pub(super) struct Parked {
    ticket: Ticket,
    caller: Caller,
    message: Message,
}

/// Where a request goes.
pub(super) struct Route {
    pub(super) port: Port,
    pub(super) link: Link,
    pub(super) key: NetworkKey,
    /// The transaction it is about.
    pub(super) original: Option<u64>,
    /// Under the key of that zone.
    pub(super) pin: Option<PinBlock>,
}

impl Switch {
    /// A request: new, a copy, or one whose reversal came first.
    pub(super) fn request(&mut self, now: Now, request: &Request<'_>, actions: &mut Actions) {
        match self.stage(request) {
            stage if request.kind == Kind::OrderQuery => {
                let is_new = matches!(stage, Stage::Unknown);
                self.asked_of_order(now, request, is_new, actions);
            }
            Stage::Unknown if self.answers(request) => self.take_advice(now, request, actions),
            Stage::Unknown => match self.route(now, request) {
                Ok(route) => self.forward(now, request, route, actions),
                Err(code) if self.stands_in_unasked(request, code) => {
                    self.stand_in_unasked(now, request, actions);
                }
                Err(code) => {
                    self.park(request, code, actions);
                    self.refuse(now, request, code, actions);
                }
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
            Stage::InDoubt(id, _) if request.kind.is_advice() => {
                self.go_on_with_advice(now, id, request, actions);
            }
            // It stays open, whoever waited: its terminal asks what became of it.
            Stage::InDoubt(_, order) if order.is_order() => {}
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
                let is_same = transaction
                    .sent
                    .is_none_or(|sent| sent.pan == request.pan && sent.amount == request.amount);
                let is_copy = is_same || self.config.defects.has(Defect::W14);
                let code = ResponseCode::DUPLICATE_TRANSMISSION;
                let answer = match is_copy {
                    true => answer,
                    false => Answer::declined(code, answer.business_date),
                };
                self.repeat(now, request, transaction, id, answer, actions);
            }
        }
    }

    /// How far a request has come. What is being written counts: a copy may arrive meanwhile.
    fn stage(&self, request: &Request<'_>) -> Stage<'_> {
        let defects = self.config.defects;
        match (self.book.stage(request.origin), request.origin) {
            (Stage::InDoubt(_, transaction), _)
                if defects.has(Defect::W17) && !self.is_durable(transaction.commit) =>
            {
                Stage::Unknown
            }
            (Stage::Unknown, Origin::Pos(key)) if defects.has(Defect::W14) => {
                self.book.answered_under(key.terminal, key.stan)
            }
            (stage, _) => stage,
        }
    }

    /// Planted defect W34: a request that finds no line is kept for when there is one.
    #[cfg_attr(mutants, mutants::skip)]
    fn park(&mut self, request: &Request<'_>, code: ResponseCode, actions: &Actions) {
        if code == ResponseCode::ISSUER_INOPERATIVE && self.config.defects.has(Defect::W34) {
            let (ticket, caller) = (actions.ticket(), request.caller);
            self.parked.push(Parked { ticket, caller, message: request.message.clone() });
        }
    }

    /// Planted defect W34: there is a line again. Nobody asks who still waits.
    #[cfg_attr(mutants, mutants::skip)]
    pub(super) fn forward_parked(&mut self, now: Now, actions: &mut Actions) {
        for Parked { ticket, caller, message } in core::mem::take(&mut self.parked) {
            let Some(request) = self.read_request(caller, &message) else { continue };
            if let Ok(route) = self.route(now, &request) {
                about(ticket, actions, |actions| self.forward(now, &request, route, actions));
            }
        }
    }

    /// A request on whatever line, if it reads.
    fn read_request<'a>(&self, caller: Caller, message: &'a Message) -> Option<Request<'a>> {
        match caller.side {
            Side::Terminal(_) => self.read_pos_request(caller, message),
            Side::Switch(_) => self.network_request(caller, message),
            Side::Upstream(_) => None,
        }
    }

    /// Whether somebody waits for the answer to this transaction.
    pub(super) fn waits(&self, id: u64) -> bool {
        self.pending.iter().any(|pending| pending.id == id)
    }

    /// Sends an answer that is durable.
    pub(super) fn repeat(
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
        self.check_open(now)?;
        self.check_terms(now, request)?;
        let original = self.check_original(request)?;
        let upstream = self.upstream_for(&request.pan, original)?;
        let port = upstream.port;
        if self.is_queue_full(port) && request.kind.is_reversible() {
            return Err(ResponseCode::ISSUER_INOPERATIVE);
        }
        let link = self.idlest_link(port).ok_or(ResponseCode::ISSUER_INOPERATIVE)?;
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
        Ok(Route { port, link, key, original, pin })
    }

    /// Whether the switch takes requests at all.
    pub(super) fn check_open(&self, now: Now) -> Result<(), ResponseCode> {
        if now.instant < self.cutover_until {
            return Err(ResponseCode::CUTOVER_IN_PROGRESS);
        }
        if self.is_in_maintenance(now) {
            return Err(ResponseCode::ISSUER_INOPERATIVE);
        }
        Ok(())
    }

    /// Whether no more advices may wait for this port.
    pub(super) fn is_queue_full(&self, port: Port) -> bool {
        let waiting = self.book.queue(port).map_or(0, |queue| queue.len());
        self.asking.note(Question::AdviceRoom, waiting as u64);
        waiting >= self.config.saf_max
    }

    /// The transaction that a request is about; or why nothing can be done about it.
    pub(super) fn check_original(
        &self,
        request: &Request<'_>,
    ) -> Result<Option<u64>, ResponseCode> {
        let Some(expected) = request.kind.original() else { return Ok(None) };
        let name = request.original.ok_or(ResponseCode::FORMAT_ERROR)?;
        let named = self.book.named(name);
        let (id, original) = named.ok_or_else(|| self.why_not_found(request, name))?;
        let is_same_card = original.sent.is_some_and(|sent| sent.pan == request.pan);
        let Some(approved) = original.answer.filter(|answer| answer.code.is_approval()) else {
            return Err(ResponseCode::INVALID_TRANSACTION);
        };
        if original.kind != expected || !is_same_card {
            return Err(ResponseCode::INVALID_TRANSACTION);
        }
        // What counts in a batch is voided on its day and in its batch; later it is refunded.
        let is_settled = original.business_date != self.dated(request)
            || matches!((name, request.origin), (Origin::Pos(original), Origin::Pos(own))
                if original.batch != own.batch);
        let is_late = match request.kind {
            Kind::Refund => self.is_too_late(original, request),
            _ => expected.is_settled() && is_settled,
        };
        // What is told is done: nothing that its issuer may know of may stand against it.
        let is_used_up = match request.kind {
            Kind::CompletionAdvice | Kind::Tip => self.book.may_be_used_up(id),
            _ => self.book.successor(id).is_some(),
        };
        if original.approval().is_none() || is_used_up || is_late {
            return Err(ResponseCode::SUSPICIOUS_OPERATION);
        }
        let (asked, done) = (request.amount.minor, approved.minor);
        if request.kind == Kind::Refund {
            // An issuer wants to see its slip, or has heard that there is none: then the money goes
            // back that way, and not twice.
            if self.book.claims.is_disputed(id) {
                return Err(ResponseCode::SUSPICIOUS_OPERATION);
            }
            self.check_refund(id, asked, done)?;
            return self.check_payout(request, id).map(|()| Some(id));
        }
        self.check_payout(request, id)?;
        let is_followed = || self.book.refunded(id) > 0 || self.book.tipped(id) > 0;
        if request.kind == Kind::Void && is_followed() {
            return Err(ResponseCode::SUSPICIOUS_OPERATION);
        }
        if request.kind == Kind::Tip {
            return self.check_tip(id, asked, done).map(|()| Some(id));
        }
        let fits = if request.kind.is_void() { asked == done } else { asked <= done && asked > 0 };
        if fits { Ok(Some(id)) } else { Err(ResponseCode::AMOUNT_MISMATCH) }
    }

    /// What is said of an original that its terminal does not have: it may be another terminal's,
    /// of the same card and with the same authorization code, and is not touched from here.
    fn why_not_found(&self, request: &Request<'_>, name: Origin) -> ResponseCode {
        let Origin::Pos(named) = name else { return ResponseCode::ORIGINAL_NOT_FOUND };
        let authorization = fixed(request.message, Element::AUTHORIZATION_CODE);
        let is_it = |transaction: &Transaction| {
            let is_named = matches!(transaction.origin, Origin::Pos(key)
                if (key.batch, key.stan) == (named.batch, named.stan));
            let approved = transaction.answer.and_then(|answer| answer.authorization);
            let is_card = transaction.sent.is_some_and(|sent| sent.pan == request.pan);
            is_named && is_card && approved.is_some() && approved == authorization
        };
        match self.book.transactions().any(|(_, transaction)| is_it(transaction)) {
            true => ResponseCode::TERMINAL_NOT_REGISTERED,
            false => ResponseCode::ORIGINAL_NOT_FOUND,
        }
    }

    /// Decides a request without asking anybody.
    pub(super) fn refuse(
        &mut self,
        now: Now,
        request: &Request<'_>,
        code: ResponseCode,
        actions: &mut Actions,
    ) {
        let business_date = self.dated(request);
        let answer = Answer::declined(code, business_date);
        let id = self.book.next_id();
        if !self.is_put_off(request, code) {
            self.record_answer(id, request.origin, request.kind, &answer, actions);
        }
        let marks = Marks {
            transmission: transmission(now),
            business_date,
            rrn: self.rrn(id, request, business_date),
        };
        let mut message = self.outline(request.caller.side, request.message, &marks);
        complete(&mut message, request.kind, &answer, request.amount);
        self.answer(request.caller, &message, actions);
    }

    /// Whether another switch tells of something that is done, and this code only puts it off: it
    /// tells it again until somebody decides, so the refusal must not stand in its way then. A
    /// terminal takes any code for the end.
    fn is_put_off(&self, request: &Request<'_>, code: ResponseCode) -> bool {
        let is_told = request.message.mti().original() == Mti::FINANCIAL_ADVICE;
        is_told && matches!(request.origin, Origin::Network(_)) && !decides(code)
    }

    pub(super) fn forward(
        &mut self,
        now: Now,
        request: &Request<'_>,
        route: Route,
        actions: &mut Actions,
    ) {
        let named = (route.port, route.key, route.original);
        let Some((id, marks, record)) = self.forwarded(request, named, actions.ticket()) else {
            return self.refuse(now, request, ResponseCode::FORMAT_ERROR, actions);
        };
        let mut message =
            self.request_upstream(request, (route.key, route.original), &marks, route.pin);
        if let Some(until) = self.validity(now, request) {
            message.set(Element::VALIDITY, until);
        }
        let Some(frame) = self.seal(route.link, &message, Envelope::default(), actions) else {
            return self.refuse(now, request, ResponseCode::FORMAT_ERROR, actions);
        };
        self.commit(record, actions);
        self.routes.insert(id, route.link);
        actions.send(route.link, frame);
        self.touch(now, route.link);
        self.await_answer(Timer::Response(id), now.instant + self.config.response_timeout);
        let answer = self.outline(request.caller.side, request.message, &marks);
        let is_for_the_issuer = is_for_the_issuer(request.message);
        let caller = request.caller;
        self.pending.push(Pending { id, caller, is_for_the_issuer, answer });
    }

    /// What is recorded of a request before it, or an advice of it, goes upstream: to which port,
    /// under which key, about what. With its number, and its marks; none if it does not say at
    /// which terminal and merchant it began.
    pub(super) fn forwarded(
        &self,
        request: &Request<'_>,
        (to, key, original): (Port, NetworkKey, Option<u64>),
        ticket: Ticket,
    ) -> Option<(u64, Marks, SwitchRecord)> {
        let id = self.book.next_id();
        let business_date = self.dated(request);
        let rrn = self.rrn(id, request, business_date);
        let record = SwitchRecord::Forwarded {
            id,
            ticket,
            from: request.caller.port,
            origin: request.origin,
            kind: request.kind,
            original,
            original_date: original_date(request.message),
            authorization: fixed(request.message, Element::AUTHORIZATION_CODE),
            to,
            key,
            rrn,
            terminal: fixed(request.message, Element::TERMINAL)?,
            merchant: fixed(request.message, Element::MERCHANT)?,
            pan: request.pan,
            amount: request.amount,
            business_date,
        };
        let marks = Marks { transmission: key.transmission, business_date, rrn };
        Some((id, marks, record))
    }

    /// Element 32 of what goes upstream about a request.
    pub(super) fn acquirer_of(&self, request: &Request<'_>) -> u64 {
        match request.origin {
            Origin::Pos(_) => self.config.institution,
            Origin::Network(key) => key.acquirer,
        }
    }

    /// Until when a pre-authorisation holds, if anybody says so: whose terminal asked.
    fn validity(&self, now: Now, request: &Request<'_>) -> Option<Vec<u8>> {
        let hold_for = i64::try_from(self.config.hold_for.0).unwrap_or(i64::MAX);
        match request.origin {
            _ if request.kind != Kind::PreAuth => None,
            Origin::Network(_) => request.message.get(Element::VALIDITY).map(<[u8]>::to_vec),
            Origin::Pos(_) if hold_for == 0 => None,
            Origin::Pos(_) => {
                let (local, offset) = (now.local.plus(hold_for), self.config.zone);
                Some(ZonedTime { local, offset }.text().into_bytes())
            }
        }
    }

    /// The settlement date a request belongs to: its own, or for a terminal's the open one.
    pub(super) fn dated(&self, request: &Request<'_>) -> Date {
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
    pub(super) fn rrn(&self, id: u64, request: &Request<'_>, date: Date) -> [u8; 12] {
        let kept = match request.origin {
            Origin::Pos(_) => None,
            Origin::Network(_) => fixed(request.message, Element::RRN),
        };
        let since = match self.config.defects.has(Defect::W24) {
            true => self.id_at_start,
            false => 0,
        };
        kept.unwrap_or_else(|| self.own_rrn((id - since) % 900_000, date))
    }
}

/// What a request on whatever line asks for.
pub(super) fn kind_of(message: &Message) -> Option<Kind> {
    let (processing, condition) =
        (message.get(Element::PROCESSING_CODE)?, message.get(Element::CONDITION_CODE));
    let kind = Kind::of(message.mti(), processing, condition)?;
    match Private60::of(message) {
        Some(private) => kind.with_type(private.transaction_type),
        None => Some(kind),
    }
}

fn translate_pin(request: &Request<'_>, to: &Key) -> Result<Option<PinBlock>, ResponseCode> {
    let Some(block) = fixed(request.message, Element::PIN_BLOCK) else { return Ok(None) };
    let from = request.pin_key.as_ref().ok_or(ResponseCode::PIN_FORMAT_ERROR)?;
    let translated = PinBlock(block).translate(request.pan.as_str(), from, to);
    translated.map(Some).map_err(|_| ResponseCode::PIN_FORMAT_ERROR)
}

/// A date without a year, in the year that brings it nearest to `today`.
pub(super) fn nearest_date(mmdd: u64, today: Date) -> Option<Date> {
    let (month, day) = (u8::try_from(mmdd / 100).ok()?, u8::try_from(mmdd % 100).ok()?);
    (today.year - 1..=today.year + 1)
        .filter_map(|year| Date::new(year, month, day))
        .min_by_key(|date| date.days().abs_diff(today.days()))
}
