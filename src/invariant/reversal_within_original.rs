//! S6 reversal-within-original: one reversal against its original.

use super::books::Books;
use super::{About, Checked, Invariant, Kinds, Seen, breach};

const ABOUT: About = About {
    code: "S6",
    name: "reversal-within-original",
    claim: "A reversal gives back no more than was taken, whatever amount it asks for.",
    example: "a sale of 500.00 approved in part (code 10) for 300.00, then reversed\n\
              issuer-1 credits the 500.00 that the reversal says",
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
        let Some(original) = reversal.decision.map(|place| &books.decisions[place]) else {
            return Ok(0);
        };
        let back = reversal.credit.saturating_mul(original.debit.signum());
        if original.debit != 0 && back > original.debit.abs() {
            return breach!(
                [original.index, reversal.index],
                "{} gave {} back to card {} for a debit of {}",
                reversal.issuer,
                books.money(reversal.credit.unsigned_abs()),
                original.pan,
                original.taken()
            );
        }
        Ok(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Sale, Tale, sale};

    #[test]
    fn a_reversal_gives_back_what_was_taken() {
        let mut tale = Tale::new();
        tale.taken_back(sale(1));
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_reversal_of_a_part_gives_back_the_part() {
        let part = Sale { minor: 30_000, ..sale(1) };
        let mut tale = Tale::new();
        let taken = tale.decided(part);
        let given = tale.credited_with(part, 50_000, Some(1));
        tale.breaks(ABOUT.name, &[taken, given], "gave 500.00 back");
    }

    #[test]
    fn a_reversal_of_nothing_known_has_no_original() {
        let mut tale = Tale::new();
        tale.credited_with(sale(1), 0, None);
        tale.is_unknown(ABOUT.name);
    }
}
