//! S5 reversal-is-idempotent: credits of copies and repeats of one reversal.

use super::books::Books;
use super::{About, Checked, Invariant, Kinds, Seen, breach};

const ABOUT: About = About {
    code: "S5",
    name: "reversal-is-idempotent",
    claim: "Any number of copies and repeats of a reversal give the money back once.",
    example: "a sale of 500.00 whose 0210 is lost; drop the first 0430 from issuer-1 to switch-1\n\
              issuer-1 credits the 0420 and the 0421: 500.00 too much",
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
        let Some(reversal) = books.reversals.last() else { return Ok(0) };
        if reversal.index != seen.index {
            return Ok(0);
        }
        match reversal.before_index {
            Some(first) if reversal.credit > 0 => breach!(
                [first, reversal.index],
                "{} gave {} back for a reversal that had already given back {}",
                reversal.issuer,
                books.money(reversal.credit.unsigned_abs()),
                books.money(reversal.before.unsigned_abs())
            ),
            _ => Ok(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Tale, sale};

    #[test]
    fn a_repeated_reversal_credits_once() {
        let mut tale = Tale::new();
        tale.taken_back(sale(1));
        tale.credited_with(sale(1), 0, Some(1));
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_repeated_reversal_that_credits_again_pays_twice() {
        let mut tale = Tale::new();
        tale.until_answer(sale(1));
        let first = tale.credited(sale(1));
        let second = tale.credited(sale(1));
        tale.breaks(ABOUT.name, &[first, second], "had already given back 500.00");
    }

    #[test]
    fn without_a_reversal_nothing_is_repeated() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.is_unknown(ABOUT.name);
    }
}
