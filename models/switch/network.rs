//! The network dialect at a switch: what another switch sends, and the request that goes upstream.
//!
//! A message without a valid MAC changes nothing: requests and advices are answered A0.

use super::config::Peer;
use super::exchange::{Marks, transmission};
use super::request::{Request, kind_of};
use super::{Caller, Side, Switch};
use crate::asked::Question;
use crate::card::{Amount, Currency, Pan};
use crate::iso8583::{Element, Message, Mti, ResponseCode};
use crate::line::{Incoming, MacCheck};
use crate::node::Actions;
use crate::record::{Kind, NetworkKey, Origin};
use crate::security::PinBlock;
use crate::time::Now;

/// Element 18 of what this switch acquires: grocery stores.
pub(super) const MERCHANT_TYPE: &str = "5411";

/// Element 70 of an echo test.
pub(super) const ECHO: &str = "301";

impl Switch {
    /// A message from a switch downstream.
    pub(super) fn serve_switch(
        &mut self,
        now: Now,
        caller: Caller,
        incoming: &Incoming,
        actions: &mut Actions,
    ) {
        let message = &incoming.message;
        match (message.mti(), incoming.mac) {
            (
                Mti::AUTHORIZATION_REQUEST
                | Mti::FINANCIAL_REQUEST
                | Mti::FINANCIAL_REPEAT
                | Mti::FINANCIAL_ADVICE
                | Mti::FINANCIAL_ADVICE_REPEAT,
                MacCheck::Valid,
            ) => match self.network_request(caller, message) {
                Some(request) => self.request(now, &request, actions),
                None => {
                    self.refuse_switch(now, caller, message, ResponseCode::FORMAT_ERROR, actions)
                }
            },
            (Mti::REVERSAL_ADVICE | Mti::REVERSAL_ADVICE_REPEAT, MacCheck::Valid) => {
                match NetworkKey::of_original(message) {
                    _ if self.is_in_maintenance(now) => {}
                    Some(key) => self.reverse(now, caller, Origin::Network(key), message, actions),
                    None => self.refuse_switch(
                        now,
                        caller,
                        message,
                        ResponseCode::FORMAT_ERROR,
                        actions,
                    ),
                }
            }
            (
                Mti::AUTHORIZATION_REQUEST
                | Mti::FINANCIAL_REQUEST
                | Mti::FINANCIAL_REPEAT
                | Mti::FINANCIAL_ADVICE
                | Mti::FINANCIAL_ADVICE_REPEAT
                | Mti::REVERSAL_ADVICE
                | Mti::REVERSAL_ADVICE_REPEAT,
                MacCheck::Absent | MacCheck::Invalid,
            ) => self.refuse_switch(now, caller, message, ResponseCode::MAC_ERROR, actions),
            (Mti::NETWORK_REQUEST, _) => self.answer_echo(caller, message, actions),
            _ => {}
        }
    }

    /// Answers an echo test of the other side.
    pub(super) fn answer_echo(&self, caller: Caller, message: &Message, actions: &mut Actions) {
        let mut answer = Message::new(message.mti().response());
        answer.copy_from(message, &[Element::TRANSMISSION_TIME, Element::STAN, Element::FORWARDER]);
        answer.set(Element::RESPONSE_CODE, ResponseCode::APPROVED.0);
        answer.copy_from(message, &[Element::NETWORK_CODE]);
        self.answer(caller, &answer, actions);
    }

    /// A request in the network dialect, if it reads.
    pub(super) fn network_request<'a>(
        &self,
        caller: Caller,
        message: &'a Message,
    ) -> Option<Request<'a>> {
        let kind = kind_of(message)?;
        let minor = match kind.moves() {
            true => message.number(Element::AMOUNT)?,
            false => 0,
        };
        let original = match kind.original() {
            Some(_) => Some(Origin::Network(NetworkKey::of_original(message)?)),
            None => None,
        };
        let currency = Currency(u16::try_from(message.number(Element::CURRENCY)?).ok()?);
        let Side::Switch(at) = caller.side else { return None };
        let pin_key = match &self.config.downstream[at].peer {
            Peer::Switch { zone } => Some(zone.pin.clone()),
            Peer::Terminal { .. } => None,
        };
        Some(Request {
            caller,
            message,
            origin: Origin::Network(NetworkKey::of(message)?),
            kind,
            original,
            pan: Pan::new(message.get(Element::PAN)?)?,
            amount: Amount { minor, currency },
            pin_key,
        })
    }

    /// Answers what could not be taken up. Nothing is recorded.
    fn refuse_switch(
        &self,
        now: Now,
        caller: Caller,
        message: &Message,
        code: ResponseCode,
        actions: &mut Actions,
    ) {
        let marks = self.service_marks(now, message);
        let mut answer = self.outline_for_switch(message, &marks);
        answer
            .copy_from(message, &[Element::SETTLEMENT_DATE, Element::RRN, Element::ORIGINAL_DATA]);
        answer.set(Element::RESPONSE_CODE, code.0);
        self.answer(caller, &answer, actions);
    }

    /// An answer in the network dialect without its code.
    pub(super) fn outline_for_switch(&self, request: &Message, marks: &Marks) -> Message {
        let mut answer = Message::new(request.mti().response());
        answer.copy_from(
            request,
            &[
                Element::PAN,
                Element::PROCESSING_CODE,
                Element::AMOUNT,
                Element::TRANSMISSION_TIME,
                Element::STAN,
            ],
        );
        answer.set_number(Element::SETTLEMENT_DATE, marks.business_date.mmdd().into(), 4);
        answer.copy_from(request, &[Element::ACQUIRER, Element::FORWARDER]);
        // The reference number is the acquirer's: also where nothing is known of its request any
        // more but the answer, as for a copy of one that was refused.
        answer.set(Element::RRN, request.get(Element::RRN).unwrap_or(&marks.rrn));
        answer.copy_from(request, &[Element::TERMINAL, Element::MERCHANT, Element::CURRENCY]);
        answer
    }

    /// The request that goes upstream, about the transaction `original` if it is about one.
    /// Elements in ascending order, so that each is appended.
    pub(super) fn request_upstream(
        &self,
        request: &Request<'_>,
        (key, original): (NetworkKey, Option<u64>),
        marks: &Marks,
        pin: Option<PinBlock>,
    ) -> Message {
        let from = request.message;
        let mut message =
            Message::new(request.kind.request()).with(Element::PAN, request.pan.as_str());
        message.set(Element::PROCESSING_CODE, request.kind.network_processing());
        if request.kind.moves() {
            message.set_number(Element::AMOUNT, request.amount.minor, 12);
        }
        message.set_number(Element::TRANSMISSION_TIME, key.transmission.into(), 10);
        message.set_number(Element::STAN, key.stan.into(), 6);
        match request.origin {
            Origin::Pos(_) => {
                let own = u64::from(key.transmission);
                message.set_number(Element::LOCAL_TIME, own % 1_000_000, 6);
                message.set_number(Element::LOCAL_DATE, own / 1_000_000, 4);
            }
            Origin::Network(_) => {
                message.copy_from(from, &[Element::LOCAL_TIME, Element::LOCAL_DATE]);
            }
        }
        message.copy_from(from, &[Element::EXPIRY]);
        message.set_number(Element::SETTLEMENT_DATE, marks.business_date.mmdd().into(), 4);
        match from.get(Element::MERCHANT_TYPE) {
            Some(kept) => message.set(Element::MERCHANT_TYPE, kept),
            None => message.set(Element::MERCHANT_TYPE, MERCHANT_TYPE),
        }
        message.copy_from(from, &[Element::ENTRY_MODE, Element::CARD_SEQUENCE]);
        message.copy_from(from, &[Element::CONDITION_CODE, Element::PIN_CAPTURE]);
        message.set_number(Element::ACQUIRER, key.acquirer, 8);
        message.set_number(Element::FORWARDER, key.forwarder, 8);
        message.set(Element::RRN, marks.rrn);
        if request.kind == Kind::OfflineSale {
            message.copy_from(from, &[Element::AUTHORIZATION_CODE]);
        }
        message.copy_from(from, &[Element::TERMINAL, Element::MERCHANT, Element::CURRENCY]);
        if let Some(PinBlock(block)) = pin {
            message.set(Element::PIN_BLOCK, block);
            message.copy_from(from, &[Element::SECURITY_CONTROL]);
        }
        message.copy_from(from, &[Element::ICC]);
        let original = original.and_then(|id| self.book.transaction(id));
        if let Some((original, sent)) = original.and_then(|of| Some((of, of.sent?))) {
            let named = sent.key.original_data(original.kind.request());
            message.set(Element::ORIGINAL_DATA, named);
        }
        message
    }

    /// A name for the next request or advice on a network line: no number that is still in flight,
    /// and never the same key twice. None if every number is taken.
    pub(super) fn next_key(&self, now: Now, acquirer: u64) -> Option<NetworkKey> {
        let (forwarder, transmission) = (self.config.institution, transmission(now));
        let mut stan = self.book.last_stan;
        for _ in 0..self.config.stan_max {
            stan = self.next_stan(stan);
            let key = NetworkKey { transmission, stan, acquirer, forwarder };
            if self.book.sent_under(&key).is_none() && !self.is_in_flight(stan) {
                return Some(key);
            }
        }
        None
    }

    /// The number after `stan`: never zero.
    pub(super) fn next_stan(&self, stan: u32) -> u32 {
        self.asking.note(Question::NetworkStan, stan.into());
        stan % self.config.stan_max.clamp(1, 999_999) + 1
    }

    /// Whether an answer to something with this number may still come.
    fn is_in_flight(&self, stan: u32) -> bool {
        self.pending.iter().any(|pending| {
            let sent = self.book.transaction(pending.id).and_then(|transaction| transaction.sent);
            sent.is_some_and(|sent| sent.key.stan == stan)
        }) || self.book.advices().any(|advice| advice.stan == stan)
            || self.connections.iter().any(|connection| connection.echo == Some(stan))
    }
}
