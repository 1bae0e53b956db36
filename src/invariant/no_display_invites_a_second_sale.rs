//! S11d no-display-invites-a-second-sale: screens of one wish; a second swipe that the cashier
//! chose is legal.

use super::books::Books;
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use crate::history::What;
use reversim_models::device::Output;

const ABOUT: About = About {
    code: "S11d",
    name: "no-display-invites-a-second-sale",
    claim: "After an approval is on record, no screen about that sale offers to sell the same \
            goods again.",
    example: "a sale of 500.00 at terminal-1 is approved; its printer is out of paper\n\
              terminal-1 shows PLEASE SWIPE AGAIN",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::SCREEN
    }
    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        let What::Told { output: Output::Display(display), .. } = &seen.entry.what else {
            return Ok(0);
        };
        let Some(sale) = books.sale(seen.entry.ticket) else { return Ok(0) };
        let Some(approval) = sale.approved.filter(|_| sale.terminal == seen.entry.party) else {
            return Ok(0);
        };
        if !display.offers_a_new_sale() {
            return Ok(1);
        }
        breach!(
            [approval.index, seen.index],
            "{} shows {} for {sale}, which is approved: the customer would pay twice",
            sale.terminal,
            display.text().0
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Tale, sale};
    use reversim_models::device::Display;

    #[test]
    fn a_printer_fault_offers_to_print_again() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.show(sale(1), Display::PrinterFault);
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_printer_fault_does_not_offer_to_swipe_again() {
        let mut tale = Tale::new();
        let receipt = tale.sold(sale(1));
        let shown = tale.show(sale(1), Display::SwipeAgain);
        tale.breaks(ABOUT.name, &[receipt - 2, shown], "PLEASE SWIPE AGAIN");
    }

    #[test]
    fn a_decline_may_offer_a_new_sale() {
        let mut tale = Tale::new();
        tale.started(sale(1));
        tale.show(sale(1), Display::CommunicationError);
        tale.is_unknown(ABOUT.name);
    }
}
