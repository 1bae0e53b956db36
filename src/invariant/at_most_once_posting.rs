//! S2 at-most-once-posting: counts effective debits of one business transaction.

use super::books::Books;
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use reversim_models::node::Ticket;

const ABOUT: About = About {
    code: "S2",
    name: "at-most-once-posting",
    claim: "One business transaction has at most one effective debit, however many copies, \
            repeats or routes there were.",
    example: "a sale of 500.00 at terminal-1; duplicate the 0200 from terminal-1 to switch-1\n\
              switch-1 restarts between the copies and forwards both: two debits",
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
        let Some(debit) = books.decisions.last() else { return Ok(0) };
        if debit.index != seen.index || !debit.moved() {
            return Ok(0);
        }
        let is_told = debit.ticket != Ticket::NONE;
        let about = is_told.then(|| books.decisions_about(debit.ticket));
        let named = books.decisions_named(debit.key).filter(|d| d.issuer == debit.issuer);
        let mut same = about.into_iter().flatten().chain(named);
        let twin = same.find(|d| d.index < debit.index && d.stands());
        match twin {
            None => Ok(1),
            Some(twin) => breach!(
                [twin.index, debit.index],
                "{} {} on card {} at {} for one and the same {} for which it had {} at {}",
                debit.issuer,
                debit.done(),
                debit.pan,
                debit.at,
                debit.kind.words(),
                twin.done(),
                twin.at
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Tale, sale};
    use reversim_models::record::IssuerRecord;

    #[test]
    fn one_sale_is_debited_once() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_copy_that_is_forwarded_again_is_debited_twice() {
        let mut tale = Tale::new();
        tale.until_answer(sale(1));
        let again = |record: &mut IssuerRecord| {
            if let IssuerRecord::Decided { id, key, .. } = record {
                (*id, key.stan) = (2, 902);
            }
        };
        let second = tale.decided_as(sale(1), again);
        tale.breaks(ABOUT.name, &[7, second], "for one and the same sale");
    }

    #[test]
    fn a_decline_debits_nothing() {
        let mut tale = Tale::new();
        tale.opened(1);
        tale.is_unknown(ABOUT.name);
    }

    #[test]
    fn two_sales_with_one_card_and_amount_are_two_transactions() {
        let mut tale = Tale::new();
        tale.taken_back(sale(1));
        tale.sold(sale(2));
        tale.is_clean();
    }
}
