//! What a switch refuses by itself: a closed batch, too small an amount, a card that buys too often
//! or at two places at once. What was reversed or voided does not count.

use super::Switch;
use super::book::{Sent, Transaction};
use super::request::{Request, nearest_date};
use crate::asked::Question;
use crate::iso8583::{Element, ResponseCode};
use crate::record::{Kind, Origin};
use crate::time::{Duration, LocalTime, Now};

impl Switch {
    /// What the acquirer itself asks of a request at one of its terminals.
    pub(super) fn check_terms(&self, now: Now, request: &Request<'_>) -> Result<(), ResponseCode> {
        let Origin::Pos(key) = request.origin else { return Ok(()) };
        if request.kind == Kind::Inquiry {
            return Ok(());
        }
        if key.batch != self.book.open_batch(request.caller.port) {
            // In a closed batch it would never be settled.
            return Err(ResponseCode::BATCH_MISMATCH);
        }
        if request.kind != Kind::Sale {
            return Ok(());
        }
        self.asking.note(Question::SmallestSale, request.amount.minor);
        if request.amount.minor < self.config.amount_min {
            return Err(ResponseCode::INVALID_AMOUNT);
        }
        // Of this card there were no more than of all cards.
        self.asking.note(Question::SalesOfCard, self.book.transactions().len() as u64);
        let max = self.config.sales_per_card_max;
        if max > 0 && self.sales_of_card(request) >= max as usize {
            return Err(ResponseCode::EXCEEDS_COUNT_LIMIT);
        }
        if self.was_elsewhere(now, request) {
            return Err(ResponseCode::EXCEEDS_COUNT_LIMIT);
        }
        Ok(())
    }

    /// Sales of this card at this merchant on this business date that count: a declined, reversed
    /// or voided attempt gives its count back.
    fn sales_of_card(&self, request: &Request<'_>) -> usize {
        let merchant = request.message.get(Element::MERCHANT).unwrap_or_default();
        let is_here = |(transaction, sent): &(&Transaction, Sent)| {
            transaction.business_date == self.book.business_date && sent.merchant == *merchant
        };
        self.bought(request).filter(is_here).count()
    }

    /// Whether the card bought at another merchant a short while ago, by the switch's own calendar.
    fn was_elsewhere(&self, now: Now, request: &Request<'_>) -> bool {
        let spacing = self.config.card_spacing;
        if spacing == Duration::ZERO {
            return false;
        }
        let merchant = request.message.get(Element::MERCHANT).unwrap_or_default();
        let is_near = |(_, sent): (&Transaction, Sent)| {
            let passed = written_at(sent.key.transmission, now.local)
                .map_or(0, |at| now.local.0.saturating_sub(at.0));
            sent.merchant != *merchant && u64::try_from(passed).unwrap_or(0) < spacing.0
        };
        self.bought(request).any(is_near)
    }

    /// Sales of the same card that stand, or may.
    fn bought(&self, request: &Request<'_>) -> impl Iterator<Item = (&Transaction, Sent)> {
        let pan = request.pan;
        let of_card = move |(id, transaction): (u64, &'_ Transaction)| {
            let sent = transaction.sent.filter(|sent| sent.pan == pan)?;
            let counts = transaction.kind == Kind::Sale
                && transaction.may_stand()
                && self.book.successor(id).is_none();
            counts.then_some(sent)
        };
        let all = self.book.transactions();
        all.filter_map(move |(id, transaction)| Some((transaction, of_card((id, transaction))?)))
    }
}

/// When a message was written, from MMDDhhmmss (element 7).
pub(super) fn written_at(transmission: u32, now: LocalTime) -> Option<LocalTime> {
    let (mmdd, time) = (transmission / 1_000_000, transmission % 1_000_000);
    let seconds = time / 10_000 * 3_600 + time / 100 % 100 * 60 + time % 100;
    nearest_date(mmdd.into(), now.date()).map(|date| LocalTime::new(date, seconds))
}
