//! S4 no-settlement-without-approval: closed host batches and extracts.

use super::books::{Books, Presented};
use super::{About, Checked, Invariant, breach, claimed, cleared};
use crate::history::Horizon;

const ABOUT: About = About {
    code: "S4",
    name: "no-settlement-without-approval",
    claim: "Nothing that was declined, or reversed before its batch or extract closed, counts in \
            the batch or is presented.",
    example: "a sale of 500.00 at terminal-1 is reversed\n\
              switch-1 still counts it when the batch closes",
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
        let mut checked = cleared::only_approved(books)? + claimed::only_filed(books)?;
        for entry in &books.presented {
            checked += judge(books, entry)?;
        }
        Ok(checked)
    }
}

fn judge(books: &Books, entry: &Presented) -> Checked {
    let (amount, close) = (books.money(entry.minor), entry.index);
    let before = |index: Option<usize>| index.filter(|i| *i < close);
    let Some(forward) = books.forward(entry.switch, entry.id) else { return Ok(0) };
    let sale = books.sale(entry.ticket);
    let (switch, what) = (entry.switch, entry.kind.words());
    if let Some(reversed) = before(forward.reversed).or(before(sale.and_then(|s| s.reversed))) {
        return breach!(
            [reversed, close],
            "{switch} settles the {what} of {amount} of card {}, which was reversed before the \
             batch closed",
            forward.pan
        );
    }
    match forward.answered {
        Some(answer) if answer.code.is_approval() && answer.index < close => {}
        other => {
            let witness = other.map_or(forward.index, |answer| answer.index);
            return breach!(
                [witness, close],
                "{switch} settles the {what} of {amount} of card {}, which it never answered \
                 approved",
                forward.pan
            );
        }
    }
    let is_given_up = before(sale.and_then(|s| s.exception)).is_some();
    if let (Some(due), false) = (before(sale.and_then(|s| s.due)), is_given_up) {
        return breach!(
            [due, close],
            "{switch} settles the {what} of {amount} of card {} while the reversal of it is \
             pending",
            forward.pan
        );
    }
    Ok(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Tale, sale};

    #[test]
    fn an_approved_sale_may_be_settled() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.settled(&[sale(1)]);
        tale.day_end();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_reversed_sale_may_not_be_settled() {
        let mut tale = Tale::new();
        tale.taken_back(sale(1));
        let close = tale.host_closed(&[sale(1)], &[]);
        tale.day_end();
        tale.breaks(ABOUT.name, &[17, close], "reversed before the batch closed");
    }

    #[test]
    fn a_sale_with_its_reversal_pending_may_not_be_settled() {
        let mut tale = Tale::new();
        tale.until_answer(sale(1));
        let due = tale.due(sale(1));
        let close = tale.host_closed(&[sale(1)], &[]);
        tale.day_end();
        tale.breaks(ABOUT.name, &[due, close], "is pending");
    }

    #[test]
    fn without_a_closed_batch_nothing_is_settled() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.day_end();
        tale.is_unknown(ABOUT.name);
    }
}
