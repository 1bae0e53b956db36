//! What is counted of each card: wrong PINs, the chip's counter, sales by business date. No money.

use super::{Books, Decision};
use crate::card::Pan;
use crate::issuer::AccountSpec;
use crate::record::{Kind, Presented};
use crate::time::Date;

/// What is counted of a card.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Counters {
    pub(super) pan: Pan,
    /// What payment codes of its wallet begin with.
    pub(super) codes: Option<Box<str>>,
    /// Whether what is held on it lies in escrow, and not on its account.
    pub(super) has_escrow: bool,
    /// Wrong PINs in a row, and the business date they count for.
    pin_tries: u8,
    pin_date: Date,
    /// The highest number of the chip that was seen.
    counter: u16,
    /// Effective sales by business date; few, since a date is over when the next one is.
    spent: Vec<(Date, u64)>,
}

/// Dates of which the sum of sales is kept: more than can be in flight around a cut-over.
const DATES_MAX: usize = 4;

impl Counters {
    /// Nothing is counted yet.
    pub(super) fn new(account: &AccountSpec, pin_date: Date) -> Counters {
        let (pan, codes) = (account.pan, account.codes.clone());
        let (has_escrow, spent) = (account.escrow, Vec::new());
        Counters { pan, codes, has_escrow, pin_tries: 0, pin_date, counter: 0, spent }
    }
}

impl Books {
    pub(super) fn count_pins(&mut self, decision: &Decision, pin_tries: u8) {
        let Some(number) = self.card(&decision.pan) else { return };
        if decision.pan.is_payment_code() {
            return; // Nobody entered anything.
        }
        let card = &mut self.cards[number];
        card.pin_tries = pin_tries;
        card.pin_date = card.pin_date.max(decision.business_date);
    }

    pub(super) fn count_up(&mut self, pan: &Pan, presented: Option<&Presented>) {
        if let (Some(number), Some(presented)) = (self.card(pan), presented) {
            let card = &mut self.cards[number];
            card.counter = card.counter.max(presented.counter);
        }
    }

    /// The highest number that the chip of a card has shown.
    pub(in crate::issuer) fn counter(&self, number: usize) -> u16 {
        self.cards[number].counter
    }

    /// Counts a sale towards the limit of its date, or (`sign` -1) counts it no more. The void of a
    /// sale does the opposite, on the date of the sale.
    pub(super) fn spend(&mut self, decision: &Decision, sign: i64) {
        let effective = decision.answer.effective;
        let (date, sign) = match decision.kind {
            Kind::Sale => (decision.business_date, sign),
            Kind::Void => match decision.original.and_then(|id| self.decision(id)) {
                Some(sale) => (sale.business_date, -sign),
                None => return,
            },
            _ => return,
        };
        let Some(number) = self.card(&decision.pan).filter(|_| effective > 0) else { return };
        let spent = &mut self.cards[number].spent;
        match spent.iter_mut().find(|(day, _)| *day == date) {
            Some((_, sum)) if sign > 0 => *sum = sum.saturating_add(effective),
            Some((_, sum)) => *sum = sum.saturating_sub(effective),
            None if sign > 0 => {
                if spent.len() == DATES_MAX {
                    spent.remove(0);
                }
                spent.push((date, effective));
            }
            None => {}
        }
    }

    /// Wrong PINs in a row as they count for a request of `date`: a new date starts over.
    pub(in crate::issuer) fn pin_tries(&self, number: usize, date: Date) -> u8 {
        let card = &self.cards[number];
        if date > card.pin_date { 0 } else { card.pin_tries }
    }

    /// Planted defect I23: one more wrong PIN that no record tells of.
    #[cfg_attr(mutants, mutants::skip)]
    pub(in crate::issuer) fn count_wrong_pin_again(&mut self, pan: &Pan) {
        if let Some(number) = self.card(pan) {
            let tries = &mut self.cards[number].pin_tries;
            *tries = tries.saturating_add(1);
        }
    }

    /// Effective sales of a card on a business date.
    pub(in crate::issuer) fn spent(&self, number: usize, date: Date) -> u64 {
        let spent = &self.cards[number].spent;
        spent.iter().find(|(day, _)| *day == date).map_or(0, |(_, sum)| *sum)
    }
}
