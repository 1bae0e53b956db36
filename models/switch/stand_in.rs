//! Standing in for an issuer that does not answer (代授权): the switch approves small sales in its
//! stead, and tells it so until the issuer has booked them.
//!
//! The advice (0220, repeats 0221) bears the name that the request has, whether the request was
//! sent or not. So an issuer that did get it, and approved it too late, knows the advice for a copy
//! and takes the money once; one that refused it books what the merchant was promised; and a
//! reversal of the sale finds, whatever came first, one transaction. Only what nobody but the
//! issuer can check is not approved: a PIN, or a chip's cryptogram.

use super::Switch;
use super::book::{Answer, Sent};
use super::request::Request;
use crate::card::Pan;
use crate::defect::Defect;
use crate::iso8583::{Element, Message, ResponseCode};
use crate::node::Actions;
use crate::record::{Kind, Reason};
use crate::time::{Date, Now};

/// What an authorization code of a switch's own begins with.
pub(super) const STOOD_IN: u8 = b'S';

/// Whether a request carries what only its issuer can check.
pub(super) fn is_for_the_issuer(request: &Message) -> bool {
    [Element::PIN_BLOCK, Element::ICC].iter().any(|element| request.get(*element).is_some())
}

impl Switch {
    /// The approval of a sale whose issuer did not answer in time, if the switch may give one.
    pub(super) fn stand_in_for(&self, id: u64) -> Option<Answer> {
        let transaction = self.book.transaction(id)?;
        let sent = transaction.sent?;
        let pending = self.pending.iter().find(|pending| pending.id == id)?;
        let may = transaction.kind == Kind::Sale
            && !pending.is_for_the_issuer
            && !self.is_queue_full(sent.to)
            && self.is_small(&sent.pan, sent.amount.minor);
        may.then(|| approval(id, sent.amount.minor, transaction.business_date))
    }

    /// Whether a request that was refused with this code is approved instead, because all that is
    /// missing is a line to its issuer.
    pub(super) fn stands_in_unasked(&self, request: &Request<'_>, code: ResponseCode) -> bool {
        code == ResponseCode::ISSUER_INOPERATIVE
            && request.kind == Kind::Sale
            && !is_for_the_issuer(request.message)
            && self.is_small(&request.pan, request.amount.minor)
            && self.upstream_of(&request.pan).is_some_and(|upstream| {
                self.idlest_link(upstream.port).is_none() && !self.is_queue_full(upstream.port)
            })
    }

    /// Whether so much may be approved for this card: no more than the limit with all that its
    /// issuer was not told of yet.
    fn is_small(&self, pan: &Pan, minor: u64) -> bool {
        // Whether a payment code is good, and for the first time, nobody knows but its issuer.
        if pan.is_payment_code() {
            return false;
        }
        let untold = self.book.advices().filter(|advice| advice.reason == Reason::StoodIn);
        let sent = untold.filter_map(|advice| self.book.transaction(advice.id)?.sent);
        let of_card = sent.filter(|sent| sent.pan == *pan).map(|sent| sent.amount.minor);
        of_card.fold(minor, u64::saturating_add) <= self.config.stand_in_max
    }

    /// Records that the issuer will be told of what was approved in its stead.
    pub(super) fn queue_stand_in(&mut self, now: Now, id: u64, actions: &mut Actions) {
        let Some(Sent { key, .. }) = self.book.transaction(id).and_then(|one| one.sent) else {
            return;
        };
        let own = match self.config.defects.has(Defect::W22) {
            // Planted defect W22: to the issuer it is another sale than the one it was asked for.
            true => self.next_key(now, key.acquirer).unwrap_or(key),
            false => key,
        };
        self.queue_under(id, own, Reason::StoodIn, actions);
    }

    /// Approves a sale for which there is no line to its issuer.
    pub(super) fn stand_in_unasked(
        &mut self,
        now: Now,
        request: &Request<'_>,
        actions: &mut Actions,
    ) {
        let key = self.next_key(now, self.acquirer_of(request));
        let port = self.upstream_of(&request.pan).map(|upstream| upstream.port);
        let named = port.zip(key).and_then(|(to, key)| {
            let (id, marks, record) = self.forwarded(request, (to, key, None), actions.ticket())?;
            Some((to, id, marks.business_date, record))
        });
        let Some((to, id, business_date, forwarded)) = named else {
            return self.refuse(now, request, ResponseCode::ISSUER_INOPERATIVE, actions);
        };
        self.commit(forwarded, actions);
        self.queue_stand_in(now, id, actions);
        let answer = approval(id, request.amount.minor, business_date);
        self.record_answer(id, request.origin, request.kind, &answer, actions);
        if let Some(transaction) = self.book.transaction(id) {
            self.repeat(now, request, transaction, id, answer, actions);
        }
        self.send_advices(now, to, actions);
    }
}

/// What the sender is told. The authorization code is the switch's own.
fn approval(id: u64, minor: u64, business_date: Date) -> Answer {
    let mut authorization = [STOOD_IN, b'0', b'0', b'0', b'0', b'0'];
    let mut rest = id;
    for digit in authorization[1..].iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    let declined = Answer::declined(ResponseCode::APPROVED, business_date);
    Answer { minor, authorization: Some(authorization), ..declined }
}
