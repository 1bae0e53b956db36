//! L5 batch-closes: batches of terminals, and business dates, at day end.

use super::books::{Books, Wish, WishKind};
use super::{About, Checked, Invariant, breach, cleared};
use crate::history::Horizon;

const ABOUT: About = About {
    code: "L5",
    name: "batch-closes",
    claim: "At day end every batch with a sale in it, every settlement that began, and every \
            business date that ended is closed.",
    example: "a sale of 500.00 at terminal-1, then settlement; drop the first 0510\n\
              terminal-1 never closes the batch",
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
        let mut checked = cleared::dates_close(books)?;
        for batch in &books.batches {
            if batch.closed.is_none() {
                return breach!(
                    [batch.started],
                    "{} began to settle batch {:06} ({} sales) and never closed it",
                    batch.terminal,
                    batch.batch,
                    batch.totals.debits.count
                );
            }
            checked += 1;
        }
        let is_asked = |w: &&Wish| w.kind == WishKind::Settle && w.is_healing();
        let asked: Vec<&Wish> = books.wishes.iter().filter(is_asked).collect();
        for sale in &books.sales {
            let Some(approval) = sale.stands() else { continue };
            let Some(wish) = asked.iter().find(|w| w.terminal == sale.terminal) else { continue };
            if sale.settled.is_none() && !wish.is_interrupted {
                return breach!(
                    [approval.index, wish.index],
                    "{sale} is in batch {:06}, which is still open at day end",
                    sale.batch
                );
            }
        }
        Ok(checked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{HEALING, What};
    use crate::invariant::testing::{TERMINAL, Tale, sale, totals};
    use reversim_models::node::{Command, Ticket};

    #[test]
    fn a_batch_is_closed_at_day_end() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.settled(&[sale(1)]);
        tale.day_end();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_settlement_that_began_must_end() {
        let mut tale = Tale::new();
        let started = tale.settlement_started(1, 1, totals(&[]));
        tale.day_end();
        tale.breaks(ABOUT.name, &[started], "never closed it");
    }

    #[test]
    fn a_sale_does_not_stay_in_an_open_batch() {
        let mut tale = Tale::new();
        let receipt = tale.sold(sale(1));
        let ticket = Ticket(HEALING + 2);
        let asked = tale.push(TERMINAL, ticket.0, What::Asked(Command::Settle { ticket }));
        tale.day_end();
        tale.breaks(ABOUT.name, &[receipt - 2, asked], "still open at day end");
    }

    #[test]
    fn without_a_settlement_no_batch_closes() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.day_end();
        tale.is_unknown(ABOUT.name);
    }
}
