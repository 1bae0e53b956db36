//! What an issuer says to who asks after an order: paid, refused, closed, or nothing known. It
//! changes nothing and is not remembered. The payment itself is a request like any other, and the
//! close a reversal.

use super::books::Transaction;
use super::message::{self, Request};
use super::{Inbound, Issuer, Out};
use crate::iso8583::{Element, ResponseCode};
use crate::time::Instant;

impl Issuer {
    /// A 0200 that asks what became of the order that element 90 names.
    pub(super) fn asked_of_order(
        &mut self,
        now: Instant,
        inbound: Inbound<'_>,
        request: &Request,
        out: &mut Out<'_>,
    ) {
        if now < self.maintenance_until {
            return self.refuse(inbound, ResponseCode::ISSUER_INOPERATIVE, out);
        }
        let known = request.original.and_then(|name| self.books.find(&name).copied());
        let order = match known {
            // It may still be on its way.
            None => return self.refuse(inbound, ResponseCode::ORIGINAL_NOT_FOUND, out),
            Some(Transaction::Decided(order)) => order,
            Some(Transaction::Barred(_) | Transaction::Reversed(..)) => {
                return self.refuse(inbound, ResponseCode::INVALID_TRANSACTION, out);
            }
        };
        if !order.kind.is_order(&order.pan) || order.pan != request.pan {
            return self.refuse(inbound, ResponseCode::INVALID_TRANSACTION, out);
        }
        let mut answer = message::answer(inbound.message, &order.answer, self.config.currency);
        if order.is_approved() {
            answer.set_number(Element::AMOUNT, order.answer.effective, 12);
        }
        answer.copy_from(inbound.message, &[Element::ORIGINAL_DATA]);
        self.send_when_durable(inbound.at, order.commit, answer, out);
    }
}
