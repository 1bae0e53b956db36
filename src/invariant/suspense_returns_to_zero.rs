//! M5 suspense-returns-to-zero: what issuers parked (挂账) when a business date ended.

use super::books::Books;
use super::{About, Checked, Invariant, breach};
use crate::history::Horizon;
use reversim_models::record::Account;

const ABOUT: About = About {
    code: "M5",
    name: "suspense-returns-to-zero",
    claim: "Everything parked in suspense leaves it within T+n, to exactly one side.",
    example: "a debit of 500.00 is never presented, and issuer-1 parks it at the end of the date\n\
              when claims are closed it is still there",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn at(&self, books: &Books, horizon: Horizon) -> Checked {
        if horizon != Horizon::ClaimsClosed {
            return Ok(0);
        }
        let mut checked = 0;
        for parked in &books.files.parked {
            if parked.closed.is_none() {
                return breach!(
                    [parked.index],
                    "{} parked {} fen at the end of {}, and they are in suspense still",
                    parked.issuer,
                    parked.minor,
                    parked.date
                );
            }
            checked += 1;
        }
        for ((issuer, account), minor) in &books.files.accounts {
            if *account == Account::Suspense && *minor != 0 {
                let last = books.files.parked.iter().rev().find(|one| one.issuer == *issuer);
                let witness = last.and_then(|one| one.closed).map_or(0, |(index, _)| index);
                return breach!(
                    [witness],
                    "{issuer} has let every item out of suspense, and {minor} fen are left there"
                );
            }
        }
        Ok(checked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Tale, sale};

    #[test]
    fn what_is_parked_and_returned_is_no_debit_any_more() {
        let mut tale = Tale::with_clearing();
        tale.opened(100_000);
        tale.until_answer(sale(1));
        tale.parked(sale(1));
        tale.returned(sale(1));
        tale.horizon(Horizon::ClaimsClosed);
        tale.holds(ABOUT.name);
        tale.holds("no-unreversed-debit");
        tale.holds("books-sum-to-zero");
    }

    #[test]
    fn what_stays_parked_is_forgotten() {
        let mut tale = Tale::with_clearing();
        tale.until_answer(sale(1));
        let parked = tale.parked(sale(1));
        tale.day_end();
        tale.is_unknown(ABOUT.name);
        tale.horizon(Horizon::ClaimsClosed);
        tale.breaks(ABOUT.name, &[parked], "in suspense still");
    }

    #[test]
    fn an_item_that_left_takes_all_of_its_money_with_it() {
        let mut tale = Tale::with_clearing();
        tale.until_answer(sale(1));
        tale.parked(sale(1));
        tale.parked(sale(1));
        tale.returned(sale(1));
        let last = tale.returned(crate::invariant::testing::Sale { minor: 1, ..sale(1) });
        tale.horizon(Horizon::ClaimsClosed);
        tale.breaks(ABOUT.name, &[last], "are left there");
    }
}
