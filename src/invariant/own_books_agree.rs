//! M9 own-books-agree: what somebody else's books say, where anybody can read them. Records of our
//! own parties are judged by other claims.

use super::books::{Books, Sale};
use super::{About, Checked, Invariant, breach};
use crate::history::Horizon;
use crate::party::{Party, Role};
use reversim_models::card::Pan;
use reversim_models::node::Posting;
use std::collections::{BTreeMap, BTreeSet};

const ABOUT: About = About {
    code: "M9",
    name: "own-books-agree",
    claim: "What the books of a foreign issuer or switch say was taken from a card, less what was \
            given back, is what terminals have on record as approved; transaction by transaction \
            where every line says which one it is about.",
    example: "a sale of 500.00 at terminal-1 around an issuer of yours; drop the first 0210\n\
              the issuer answers the reversal with 00 and gives nothing back: its books have \
              500.00 that no terminal has",
};

/// What is compared: a card, or one transaction on it.
type Name = (Pan, Option<[u8; 12]>);

/// What is said of it.
#[derive(Default)]
struct Sum {
    /// In the books.
    own: i64,
    /// By terminals.
    ours: i64,
    /// The last approval in that.
    approval: Option<usize>,
}

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn at(&self, books: &Books, horizon: Horizon) -> Checked {
        if horizon != Horizon::DayEnd || books.setting.foreign.iter().any(is_terminal) {
            return Ok(0);
        }
        let mut checked = 0;
        for (party, index, postings) in &books.reports {
            checked += judge(books, *party, *index, postings)?;
        }
        Ok(checked)
    }
}

/// What terminals have on record is with them.
fn is_terminal(party: &Party) -> bool {
    party.role == Role::Terminal
}

fn judge(books: &Books, party: Party, index: usize, postings: &[Posting]) -> Checked {
    // A code that was shown instead of a card stands for a card that only its issuer knows.
    let is_named = |sale: &Sale| sale.pan.is_some_and(|pan| !pan.is_payment_code());
    if !books.sales.iter().all(is_named) {
        return Ok(0);
    }
    let mut left_out = undecided(books);
    left_out.extend(of_others(books, party, postings));
    let mut checked = 0;
    for ((pan, reference), Sum { own, ours, approval }) in sums(books, postings) {
        if left_out.contains(&pan) {
            continue;
        }
        if own != ours {
            let about = reference.map_or(String::new(), |reference| {
                format!(" under reference {}", String::from_utf8_lossy(&reference))
            });
            let record = approval.or_else(|| last_on(books, pan)).unwrap_or(index);
            return breach!(
                [record, index],
                "the books of {party} have {} on card {pan}{about}, but terminals have {} on \
                 record",
                moved(books, own),
                moved(books, ours)
            );
        }
        checked += 1;
    }
    Ok(checked)
}

/// What both say, by transaction if every line of the books names one, else by card.
fn sums(books: &Books, postings: &[Posting]) -> BTreeMap<Name, Sum> {
    let is_each = postings.iter().all(|posting| posting.reference.is_some());
    let name = |pan, reference: Option<_>| (pan, reference.filter(|_| is_each));
    let mut sums: BTreeMap<Name, Sum> = BTreeMap::new();
    for posting in postings {
        let sum = sums.entry(name(posting.card, posting.reference)).or_default();
        sum.own = sum.own.saturating_add(posting.amount);
    }
    for sale in &books.sales {
        let Some(pan) = sale.pan.filter(|_| sale.kind.money() != 0) else { continue };
        // What was taken back, or never came about, is not in the books: that is looked at too.
        sums.entry(name(pan, None)).or_default();
        if let Some(approval) = sale.stands().filter(|_| sale.taken() != 0) {
            let sum = sums.entry(name(pan, Some(approval.rrn))).or_default();
            sum.ours = sum.ours.saturating_add(sale.taken());
            sum.approval = Some(approval.index);
        }
    }
    sums
}

/// Cards with something on them that is not over yet, or that people have taken over.
fn undecided(books: &Books) -> BTreeSet<Pan> {
    let is_open = |sale: &&Sale| {
        sale.is_pending()
            || sale.advice_due.is_some()
            || books.exception(sale.ticket).is_some()
            || books.filed_for(sale.ticket).is_some()
            || books.slip_missing(sale.ticket).is_some()
    };
    books.sales.iter().filter(is_open).filter_map(|sale| sale.pan).collect()
}

/// An issuer has accounts of its own cards only. Whose a card is, who decides about it shows; where
/// another issuer is hidden too, its own are those that it tells of.
fn of_others(books: &Books, party: Party, postings: &[Posting]) -> BTreeSet<Pan> {
    let is_other = |issuer: Party| {
        party.role == Role::Issuer && issuer.role == Role::Issuer && issuer != party
    };
    let decided = books.decisions.iter().filter(|d| is_other(d.issuer)).map(|d| d.pan);
    let mut others: BTreeSet<Pan> = decided.collect();
    if books.setting.foreign.iter().any(|other| is_other(*other)) {
        let is_told = |pan: &Pan| postings.iter().any(|posting| posting.card == *pan);
        let on_sale = books.sales.iter().filter_map(|sale| sale.pan);
        others.extend(on_sale.filter(|pan| !is_told(pan)));
    }
    others
}

fn last_on(books: &Books, pan: Pan) -> Option<usize> {
    books.sales.iter().filter(|sale| sale.pan == Some(pan)).map(Sale::last).max()
}

fn moved(books: &Books, minor: i64) -> String {
    let amount = books.money(minor.unsigned_abs());
    match minor {
        0 => "nothing".to_owned(),
        1.. => format!("{amount} taken"),
        _ => format!("{amount} given back"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::What;
    use crate::invariant::testing::{ISSUER, SWITCH, TERMINAL, Tale, pan, sale};
    use crate::verdict::Verdict;
    use reversim_models::node::Ticket;

    /// A tale around an issuer or a switch whose records nobody sees.
    fn around(party: Party) -> Tale {
        let mut tale = Tale::new();
        tale.history.setting.foreign.push(party);
        tale
    }

    fn told(tale: &mut Tale, party: Party, amounts: &[(i64, Option<[u8; 12]>)]) -> usize {
        let line = |(amount, reference): &(i64, _)| Posting {
            card: pan(),
            amount: *amount,
            reference: *reference,
        };
        let books = tale.push(party, 0, What::Books(amounts.iter().map(line).collect()));
        tale.day_end();
        books
    }

    /// The claim is broken by the books and a record of the terminal before them.
    fn breaks(tale: &Tale, books: usize, words: &str) {
        let verdict = tale.verdict(ABOUT.name);
        let Verdict::Violated(violation) = &verdict else { panic!("{verdict:?}") };
        assert!(violation.sentence.contains(words), "{violation}");
        let [record, last] = violation.witnesses[..] else { panic!("{:?}", violation.witnesses) };
        assert!(last == books && record < books);
        assert_eq!(tale.history.entries[record].party, TERMINAL);
    }

    #[test]
    fn a_sale_and_one_that_was_taken_back_are_as_they_should_be() {
        let mut tale = around(ISSUER);
        tale.sold(sale(1));
        tale.taken_back(sale(2));
        told(&mut tale, ISSUER, &[(50_000, None), (50_000, None), (-50_000, None)]);
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_sale_that_was_taken_back_has_no_line_and_that_is_looked_at() {
        let mut tale = around(ISSUER);
        tale.taken_back(sale(1));
        told(&mut tale, ISSUER, &[]);
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_reversal_that_gives_nothing_back_leaves_a_debit_in_the_books() {
        let mut tale = around(ISSUER);
        tale.taken_back(sale(1));
        let books = told(&mut tale, ISSUER, &[(50_000, None)]);
        let sentence = "the books of issuer-1 have 500.00 taken on card 622424******0021, but \
                        terminals have nothing on record";
        breaks(&tale, books, sentence);
    }

    #[test]
    fn an_approval_without_a_line_is_not_paid() {
        let mut tale = around(SWITCH);
        tale.sold(sale(1));
        let books = told(&mut tale, SWITCH, &[]);
        breaks(&tale, books, "have nothing on card");
    }

    #[test]
    fn two_errors_that_cancel_are_told_apart_by_references() {
        for (reference, is_seen) in [(Some(sale(2).rrn()), true), (None, false)] {
            let mut tale = around(ISSUER);
            tale.sold(sale(1));
            tale.taken_back(sale(2));
            let books = told(&mut tale, ISSUER, &[(50_000, reference)]);
            match is_seen {
                true => breaks(&tale, books, "under reference"),
                false => tale.holds(ABOUT.name),
            }
        }
    }

    #[test]
    fn what_people_have_taken_over_is_nobodys_mistake() {
        let mut tale = around(ISSUER);
        tale.until_answer(sale(1));
        tale.due(sale(1));
        for attempt in 1..=3 {
            tale.tried(sale(1), attempt);
        }
        tale.exception(sale(1), 3);
        told(&mut tale, ISSUER, &[(50_000, None)]);
        tale.is_unknown(ABOUT.name);
    }

    #[test]
    fn a_doubt_that_is_not_over_is_not_judged() {
        let mut tale = around(ISSUER);
        tale.started(sale(1));
        told(&mut tale, ISSUER, &[(50_000, None)]);
        tale.is_unknown(ABOUT.name);
    }

    #[test]
    fn of_two_issuers_that_keep_to_themselves_neither_is_blamed_for_the_others_cards() {
        let mut tale = around(Party::issuer(3));
        tale.history.setting.foreign.push(Party::issuer(2));
        tale.history.setting.parties.retain(|party| *party != ISSUER);
        tale.started(sale(1));
        tale.approved(sale(1));
        told(&mut tale, Party::issuer(2), &[]);
        tale.is_unknown(ABOUT.name);
    }

    #[test]
    fn cards_of_another_issuer_are_not_in_these_books() {
        let mut tale = around(Party::issuer(2));
        tale.sold(sale(1));
        told(&mut tale, Party::issuer(2), &[]);
        tale.is_unknown(ABOUT.name);
        assert_eq!(tale.history.entries[0].ticket, Ticket(1));
    }
}
