//! S15 one-business-date: settlement dates of one transaction at all parties and in all files.

use super::books::Books;
use super::{About, Checked, Invariant, breach, cleared};
use crate::history::Horizon;

const ABOUT: About = About {
    code: "S15",
    name: "one-business-date",
    claim: "A transaction belongs to exactly one settlement date at every party, and its \
            reversal to that date or a later one.",
    example: "a sale of 500.00 at terminal-1; the business date changes before the 0210 returns\n\
              switch-1 answers with the new date, issuer-1 booked the old one",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }
    fn at(&self, books: &Books, horizon: Horizon) -> Checked {
        if horizon == Horizon::Online {
            return Ok(0);
        }
        let mut checked = cleared::one_date(books)?;
        for forward in &books.forwards {
            let (first, switch) = (forward.date, forward.switch);
            if let Some(answer) = forward.answered.filter(|a| a.date != first) {
                return breach!(
                    [forward.index, answer.index],
                    "{switch} forwarded a request of card {} under {first} and answered it under \
                     {}",
                    forward.pan,
                    answer.date
                );
            }
            let decided = books
                .decisions_named(forward.key)
                .find(|d| d.terminal == forward.terminal && d.debit > 0);
            if let Some(decision) = decided.filter(|d| d.date != first) {
                return breach!(
                    [forward.index, decision.index],
                    "a sale of {} belongs to {first} at {switch} and to {} at {}",
                    decision.taken(),
                    decision.date,
                    decision.issuer
                );
            }
            checked += u64::from(forward.answered.is_some() || decided.is_some());
        }
        checked += reversals(books)?;
        Ok(checked)
    }
}

/// A reversal across the cut is an adjustment of the new day, never of a day before the original.
fn reversals(books: &Books) -> Checked {
    let mut checked = 0;
    for reversal in &books.reversals {
        let Some(place) = reversal.decision else { continue };
        let original = &books.decisions[place];
        if reversal.date < original.date {
            return breach!(
                [original.index, reversal.index],
                "{} reversed a debit of {} under {}, before its own date {}",
                reversal.issuer,
                original.taken(),
                reversal.date,
                original.date
            );
        }
        checked += 1;
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Tale, sale};
    use reversim_models::record::SwitchRecord;

    #[test]
    fn a_sale_has_one_date() {
        let mut tale = Tale::new();
        tale.taken_back(sale(1));
        tale.day_end();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_date_is_not_taken_when_the_answer_comes() {
        let mut tale = Tale::new();
        let forwarded = tale.forwarded_as(sale(1), |record| {
            if let SwitchRecord::Forwarded { business_date, .. } = record {
                business_date.day -= 1;
            }
        });
        let answered = tale.answered(sale(1));
        tale.day_end();
        tale.breaks(ABOUT.name, &[forwarded, answered], "answered it under 2026-05-30");
    }

    #[test]
    fn without_a_transaction_there_is_no_date() {
        let mut tale = Tale::new();
        tale.day_end();
        tale.is_unknown(ABOUT.name);
    }
}
