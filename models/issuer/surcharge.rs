//! What a cardholder pays on top of a sale (手续费): charged with it, and given back with all of
//! it by a void, a reversal or a return out of suspense. A refund gives money back and not the
//! service, so it keeps the surcharge. It never leaves the issuer: the acquirer is owed the amount
//! alone.

use super::Issuer;
use super::books::{Decision, cardholder};
use crate::card::Pan;
use crate::ledger::transfer;
use crate::record::{Account, Kind, Leg, SuspenseEnd};

impl Issuer {
    /// What a decision charges on top of what it takes; below zero if it gives that back.
    pub(super) fn surcharge(&self, kind: Kind, effective: u64, of: Option<&Decision>) -> i64 {
        match (kind, of) {
            _ if effective == 0 => 0,
            (Kind::Sale, _) => i64::try_from(self.config.surcharge).unwrap_or(i64::MAX),
            (Kind::Void, Some(sale)) => -sale.surcharge,
            _ => 0,
        }
    }

    /// What goes back to the cardholder with what leaves suspense; below zero, what is charged
    /// again with what a void had given back.
    pub(super) fn surcharge_to_return(&self, class: SuspenseEnd, decision: Option<u64>) -> i64 {
        match class {
            SuspenseEnd::Returned | SuspenseEnd::Retaken => {
                let of = decision.and_then(|id| self.books.decision(id));
                of.map_or(0, |decision| decision.surcharge)
            }
            SuspenseEnd::Cleared | SuspenseEnd::ChargedBack => 0,
        }
    }

    /// The legs, and those of the surcharge. Where nothing else moves, it does not either.
    pub(super) fn with_surcharge(&self, legs: Box<[Leg]>, pan: &Pan, surcharge: i64) -> Box<[Leg]> {
        let Some(number) = self.books.card(pan).filter(|_| surcharge != 0 && !legs.is_empty())
        else {
            return legs;
        };
        let (card, minor) = (cardholder(number), surcharge.unsigned_abs());
        let more = match surcharge {
            1.. => transfer(card, Account::Fees, minor),
            _ => transfer(Account::Fees, card, minor),
        };
        let mut legs = legs.into_vec();
        legs.extend(more);
        legs.into()
    }
}

#[cfg(test)]
mod tests {
    use super::super::bench::*;
    use super::super::config::Config;
    use crate::record::Kind;

    fn bench() -> Bench {
        Bench::with(Config { surcharge: 150, ..config() })
    }

    #[test]
    fn a_surcharge_goes_back_with_its_sale_and_is_charged_again_with_the_reversal_of_its_void() {
        let mut bench = bench();
        bench.ask(&SALE.message());
        assert_eq!(bench.holds(GOOD), 100_000 - 1_000 - 150);
        bench.restart();
        let void = SALE.followed(Kind::Void, 8);
        assert_eq!((bench.code(&void.message()), bench.holds(GOOD)), ("00".into(), 100_000));
        assert_eq!((bench.code(&void.reversal()), bench.holds(GOOD)), ("00".into(), 98_850));
        assert_eq!((bench.code(&SALE.reversal()), bench.holds(GOOD)), ("00".into(), 100_000));
    }

    #[test]
    fn a_refund_gives_the_amount_back_and_keeps_the_surcharge() {
        let mut bench = bench();
        bench.ask(&SALE.message());
        let refund = SALE.followed(Kind::Refund, 8);
        assert_eq!((bench.code(&refund.message()), bench.holds(GOOD)), ("00".into(), 99_850));
    }

    #[test]
    fn a_sale_is_refused_where_there_is_enough_for_it_alone() {
        let mut bench = bench();
        let sale = |stan, minor| Sale { stan, minor, ..SALE }.message();
        assert_eq!(bench.code(&sale(8, 100_000 - 149)), "51");
        assert_eq!((bench.code(&sale(9, 100_000 - 150)), bench.holds(GOOD)), ("00".into(), 0));
    }
}
