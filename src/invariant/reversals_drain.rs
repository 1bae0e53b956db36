//! L2 reversals-drain: doubts and pending reversals of terminals.

use super::books::Books;
use super::{About, Checked, Invariant, breach};
use crate::history::Horizon;

const ABOUT: About = About {
    code: "L2",
    name: "reversals-drain",
    claim: "Every doubt of a terminal ends: reversed, or told and answered, or an exception item \
            after its whole retry budget.",
    example: "a sale of 500.00 at terminal-1 whose 0210 is lost\n\
              terminal-1 deletes the pending reversal after three tries",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }
    fn at(&self, books: &Books, horizon: Horizon) -> Checked {
        let budget = u32::from(books.setting.reversal_attempts);
        let mut checked = 0;
        for sale in &books.sales {
            let terminal = sale.terminal;
            if let Some(opened) = sale.exception.filter(|_| sale.spent() < budget) {
                return breach!(
                    [sale.due.or(sale.advice_due).unwrap_or(sale.first), opened],
                    "{terminal} gave {sale} up after {} of {budget} sendings",
                    sale.spent()
                );
            }
            if sale.is_pending() {
                if horizon == Horizon::Online && books.must_settle(terminal) {
                    continue;
                }
                let state = match (sale.due, sale.advice_due) {
                    (Some(_), _) => "waiting to be reversed",
                    (None, Some(_)) => "waiting to be told again",
                    (None, None) if sale.opened.is_some() => "an open order",
                    (None, None) => "in doubt",
                };
                return breach!(
                    [sale.first, sale.last()],
                    "{sale} is still {state} after {} sendings, with lines and power restored",
                    sale.tries
                );
            }
            checked += u64::from(sale.due.or(sale.advice_due).or(sale.opened).is_some());
        }
        Ok(checked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Tale, sale};

    #[test]
    fn a_pending_reversal_is_done() {
        let mut tale = Tale::new();
        tale.taken_back(sale(1));
        tale.online();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_deleted_reversal_is_never_done() {
        let mut tale = Tale::new();
        let started = tale.started(sale(1));
        let due = tale.due(sale(1));
        tale.tried(sale(1), 1);
        tale.online();
        tale.breaks(ABOUT.name, &[started, due], "still waiting to be reversed after 1 sendings");
    }

    #[test]
    fn a_doubt_must_end_too() {
        let mut tale = Tale::new();
        let started = tale.started(sale(1));
        tale.online();
        tale.breaks(ABOUT.name, &[started], "still in doubt");
    }

    #[test]
    fn a_sale_that_went_well_has_nothing_to_reverse() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.online();
        tale.is_unknown(ABOUT.name);
    }
}
