//! S2 at-most-once-posting: counts effective debits of one business transaction.

use super::books::Books;
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use reversim_models::node::Ticket;
use reversim_models::record::{IssuerRecord, Taken, TakenAs};

const ABOUT: About = About {
    code: "S2",
    name: "at-most-once-posting",
    claim: "One business transaction has at most one effective debit, however many copies, \
            repeats or routes there were, and whether a message or a clearing file told of it.",
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
        if let Some(IssuerRecord::PresentmentTaken { entries, .. }) = seen.issuer() {
            return by_file(books, seen, entries);
        }
        let Some(debit) = books.decisions.last() else { return Ok(0) };
        if debit.index != seen.index || !debit.moved() {
            return Ok(0);
        }
        let by_file = books.moved_by_file(debit.ticket);
        if debit.debit != 0 && by_file != 0 {
            let is_it = |taken: &Taken| moved_by(books, taken) == Some(debit.ticket);
            let file = books.files.taken.iter().find(|file| file.entries.iter().any(is_it));
            return breach!(
                [file.map_or(debit.index, |file| file.index), debit.index],
                "{} {} on card {} at {} for one and the same {} for which a file moved {by_file} \
                 fen before",
                debit.issuer,
                debit.done(),
                debit.pan,
                debit.at,
                debit.kind.words()
            );
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

/// What an entry is about, if it presents for the first time and the file alone moved money for it.
fn moved_by(books: &Books, taken: &Taken) -> Option<Ticket> {
    let has_moved = matches!(taken.end, TakenAs::Debited | TakenAs::Credited);
    let is_it = taken.entry.kind.is_first() && has_moved;
    books.forward_of(&taken.entry).filter(|_| is_it).map(|forward| forward.ticket)
}

/// A file moves no money for what a decision moved money for that stands.
fn by_file(books: &Books, seen: &Seen<'_>, entries: &[Taken]) -> Checked {
    let mut checked = 0;
    for taken in entries {
        let Some(ticket) = moved_by(books, taken) else { continue };
        if let Some(twin) = books.decisions_about(ticket).find(|decision| decision.net() != 0) {
            return breach!(
                [twin.index, seen.index],
                "{} moves {} on card {} because a file says so, for one and the same {} for which \
                 it had {} at {}",
                twin.issuer,
                books.money(taken.entry.minor),
                taken.entry.pan,
                twin.kind.words(),
                twin.done(),
                twin.at
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
