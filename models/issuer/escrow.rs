//! Member trade cards (会员交易卡): what a pre-authorisation holds moves to a supervised account
//! (监管账户), where neither side can reach it. A completion, which the buyer confirms, pays it out;
//! a void, a reversal or the end of its time gives it back. How much lies there for which
//! pre-authorisation is what is held for it; this says only where that money is.

use super::Issuer;
use super::books::cardholder;
use crate::card::Pan;
use crate::defect::Defect;
use crate::ledger::transfer;
use crate::record::{Account, IssuerRecord, Leg};
use std::collections::BTreeMap;

impl Issuer {
    /// These legs, with those of a change in what is held on the card.
    pub(super) fn with_escrow(&self, legs: Box<[Leg]>, pan: &Pan, change: i64) -> Box<[Leg]> {
        let card = self.books.card(pan).filter(|number| self.config.accounts[*number].escrow);
        let Some(card) = card.map(cardholder).filter(|_| change != 0) else { return legs };
        let minor = change.unsigned_abs();
        let moved = match change {
            1.. => transfer(card, Account::Escrow, minor),
            _ => transfer(Account::Escrow, card, minor),
        };
        // What a completion takes is paid out of escrow, and not by way of the card.
        let mut sums: BTreeMap<Account, i64> = BTreeMap::new();
        for leg in legs.iter().chain(&moved) {
            let sum = sums.entry(leg.account).or_insert(0);
            *sum = sum.saturating_add(leg.minor);
        }
        let left = sums.into_iter().filter(|(_, minor)| *minor != 0);
        left.map(|(account, minor)| Leg { account, minor }).collect()
    }

    /// The end of a hold that nobody completed or voided.
    pub(super) fn expiry(&self, original: u64, pan: Pan, minor: u64) -> IssuerRecord {
        let change = i64::try_from(minor).map_or(i64::MIN, |minor| -minor);
        let legs = match self.config.defects.has(Defect::I26) {
            true => Box::default(),
            false => self.with_escrow(Box::default(), &pan, change),
        };
        IssuerRecord::HoldExpired { original, pan, minor, legs }
    }
}
