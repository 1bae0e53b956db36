//! L4 no-wedged-terminal: terminals that had something to reverse.

use super::books::{Books, Wish, WishKind};
use super::{About, Checked, Invariant, breach};
use crate::history::Horizon;

const ABOUT: About = About {
    code: "L4",
    name: "no-wedged-terminal",
    claim: "A terminal that had a pending reversal sends financial requests again once lines and \
            power are restored.",
    example: "a sale at terminal-1 whose 0210 is lost; the 0400 is answered 96 for ever\n\
              terminal-1 stays in REVERSING and serves nobody",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }
    fn at(&self, books: &Books, _horizon: Horizon) -> Checked {
        let Some(healed) = books.healed else { return Ok(0) };
        let mut checked = 0;
        for sale in books.sales.iter() {
            let Some(due) = sale.due.or(sale.advice_due) else { continue };
            let terminal = sale.terminal;
            let is_inquiry =
                |w: &&Wish| w.terminal == terminal && w.kind == WishKind::Inquiry && w.is_healing();
            let Some(wish) = books.wishes.iter().find(is_inquiry) else { continue };
            let serves = books
                .wires
                .iter()
                .any(|w| w.from == terminal && w.is_request() && w.index > healed);
            if !serves && !books.must_settle(terminal) && !wish.is_interrupted {
                return breach!(
                    [due, wish.index],
                    "{terminal} sends no request any more: it is wedged behind what is left to do \
                     about {sale}"
                );
            }
            checked += 1;
        }
        Ok(checked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Tale, sale};
    use reversim_models::device::Display;

    #[test]
    fn a_terminal_serves_again_after_a_reversal() {
        let mut tale = Tale::new();
        tale.taken_back(sale(1));
        tale.healed();
        tale.inquiry();
        tale.online();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_terminal_that_sends_nothing_more_is_wedged() {
        let mut tale = Tale::new();
        tale.started(sale(1));
        let due = tale.due(sale(1));
        let asked = tale.healed();
        tale.inquiry_shows(Display::Busy);
        tale.online();
        tale.breaks(ABOUT.name, &[due, asked], "wedged behind what is left to do");
    }

    #[test]
    fn a_terminal_without_a_reversal_cannot_be_wedged_by_one() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.healed();
        tale.online();
        tale.is_unknown(ABOUT.name);
    }
}
