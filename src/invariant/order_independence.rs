//! S8 order-independence: a reversal before, after and during its original.

use super::books::{Books, Decision};
use super::{About, Checked, Invariant, breach};
use crate::history::Horizon;
use reversim_models::iso8583::Mti;

const ABOUT: About = About {
    code: "S8",
    name: "order-independence",
    claim: "Original then reversal, and reversal then original, end the same: not debited.",
    example: "a sale of 500.00; the 0200 from switch-1 to issuer-1 is overtaken by its 0420\n\
              issuer-1 answers 25, forgets it, and debits the late 0200",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn at(&self, books: &Books, _horizon: Horizon) -> Checked {
        let mut checked = 0;
        for (place, original) in books.decisions.iter().enumerate() {
            let reversal = reversal_of(books, place, original);
            let Some(reversal) = reversal.or_else(|| reversed_at_switch(books, original)) else {
                continue;
            };
            if original.stands() && original.claim.is_none() {
                let order = if reversal < original.index { "before" } else { "after" };
                return breach!(
                    [reversal, original.index],
                    "{} {} on card {} and leaves it so, although its reversal was answered {order} \
                     it",
                    original.issuer,
                    original.done(),
                    original.pan
                );
            }
            checked += 1;
        }
        Ok(checked)
    }
}

/// The first sign that the issuer took a reversal of this original: a record, or its answer.
fn reversal_of(books: &Books, place: usize, original: &Decision) -> Option<usize> {
    let recorded = books.reversals.iter().find(|r| {
        r.issuer == original.issuer && (r.decision == Some(place) || r.key == original.key)
    });
    let answered = || {
        books.reversals_on_wire(original.key).find(|w| {
            w.mti == Mti::REVERSAL_ADVICE_RESPONSE
                && w.from == original.issuer
                && !w.is_arrival
                && super::books::is_taken(w.code)
        })
    };
    recorded.map(|r| r.index).or_else(|| answered().map(|w| w.index))
}

/// A reversal that a switch accepted before it forwarded the original to this issuer.
fn reversed_at_switch(books: &Books, original: &Decision) -> Option<usize> {
    let forward = books.forward_by_key(original.key, original.terminal)?;
    let before = books.acceptances.iter().find(|a| {
        a.switch == forward.switch && a.origin == forward.origin && a.index < forward.index
    });
    before.map(|a| a.index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Tale, sale};

    #[test]
    fn an_original_and_its_reversal_end_undebited() {
        let mut tale = Tale::new();
        tale.taken_back(sale(1));
        tale.online();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_reversal_that_was_answered_and_forgotten_lets_the_late_original_debit() {
        let mut tale = Tale::new();
        tale.advice(sale(1));
        let answer = tale.advice_answer(sale(1), "25") - 1;
        let late = tale.decided(sale(1));
        tale.online();
        tale.breaks(ABOUT.name, &[answer, late], "its reversal was answered before it");
    }

    #[test]
    fn a_reversal_that_raced_its_original_found_nothing() {
        let mut tale = Tale::new();
        let original = tale.decided(sale(1));
        let missed = tale.credited_with(sale(1), 0, None);
        tale.online();
        tale.breaks(ABOUT.name, &[original, missed], "answered after it");
    }

    #[test]
    fn a_reversal_that_must_be_repeated_has_not_been_taken() {
        let mut tale = Tale::new();
        tale.decided(sale(1));
        tale.advice(sale(1));
        tale.advice_answer(sale(1), "96");
        tale.online();
        tale.is_unknown(ABOUT.name);
    }
}
