//! S7 no-credit-without-debit: all credits against all debits of one transaction.

use super::books::Books;
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use reversim_models::card::Amount;
const ABOUT: About = About {
    code: "S7",
    name: "no-credit-without-debit",
    claim: "What is given back for a transaction is never more than what was taken for it.",
    example: "a sale of 500.00 is declined with 51; switch-1 sends a reversal of it all the same\n\
              issuer-1 credits 500.00 that it never debited",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::ISSUER
    }

    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        let Some(reversal) = books.reversals.last().filter(|r| r.index == seen.index) else {
            return Ok(0);
        };
        let credit = Amount::cny(reversal.credit.unsigned_abs());
        let original = reversal.decision.map(|place| &books.decisions[place]);
        let Some(original) = original else {
            if reversal.credit <= 0 {
                return Ok(1);
            }
            return breach!(
                [reversal.index],
                "{} gave {credit} back for a transaction it does not know",
                reversal.issuer
            );
        };
        if reversal.credit > 0 && original.credited > original.debit.max(0) {
            return breach!(
                [original.index, reversal.index],
                "{} gave {credit} back to card {}, of which it had taken {} (answered {})",
                reversal.issuer,
                original.pan,
                Amount::cny(original.debit.max(0).unsigned_abs()),
                original.code
            );
        }
        Ok(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Tale, sale};
    use reversim_models::iso8583::ResponseCode;
    use reversim_models::record::IssuerRecord;

    #[test]
    fn a_credit_follows_a_debit() {
        let mut tale = Tale::new();
        tale.taken_back(sale(1));
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_declined_sale_is_not_given_back() {
        let mut tale = Tale::new();
        let declined = tale.decided_as(sale(1), |record| {
            if let IssuerRecord::Decided { code, effective, legs, .. } = record {
                (*code, *effective) = (ResponseCode::NOT_SUFFICIENT_FUNDS, 0);
                *legs = Box::default();
            }
        });
        let credit = tale.credited(sale(1));
        tale.breaks(ABOUT.name, &[declined, credit], "of which it had taken 0.00 (answered 51)");
    }

    #[test]
    fn what_is_not_known_is_not_given_back() {
        let mut tale = Tale::new();
        let credit = tale.credited_with(sale(1), 50_000, None);
        tale.breaks(ABOUT.name, &[credit], "does not know");
    }

    #[test]
    fn a_sale_alone_credits_nothing() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.is_unknown(ABOUT.name);
    }
}
