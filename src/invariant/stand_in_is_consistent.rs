//! S18 stand-in-is-consistent: what a switch approved in the issuer's stead.

use super::books::{Advice, Books};
use super::{About, Checked, Invariant, breach};
use crate::history::Horizon;
use reversim_models::record::Kind;

const ABOUT: About = About {
    code: "S18",
    name: "stand-in-is-consistent",
    claim: "What a switch approves in the stead of an issuer that does not answer is told to it \
            once, is taken from the cardholder once, whatever the issuer had decided itself, and \
            is what the switch had approved.",
    example: "issuer-1 debits 500.00, and its answer is lost; switch-1 approves in its stead\n\
              the advice of it bears another name, and issuer-1 debits 500.00 again",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn at(&self, books: &Books, _horizon: Horizon) -> Checked {
        let mut checked = 0;
        for advice in books.advices.iter().filter(|advice| advice.is_stand_in) {
            checked += told_once(books, advice)? + taken_once(books, advice)?;
        }
        Ok(checked)
    }
}

fn told_once(books: &Books, advice: &Advice) -> Checked {
    let is_another = |other: &&Advice| {
        other.is_stand_in
            && (other.switch, other.id) == (advice.switch, advice.id)
            && other.queued < advice.queued
    };
    match books.advices.iter().find(is_another) {
        Some(first) => breach!(
            [first.queued, advice.queued],
            "{} approved one sale in the issuer's stead, and tells of it twice",
            advice.switch
        ),
        None => Ok(1),
    }
}

/// What stands at the issuer for this sale, and for what was done about it later.
fn taken_once(books: &Books, advice: &Advice) -> Checked {
    let Some(forward) = books.forward(advice.switch, advice.id) else { return Ok(0) };
    let approved = forward.answered.filter(|answer| answer.code.is_approval());
    let Some(approved) = approved.filter(|_| books.sees_issuers()) else { return Ok(0) };
    let most = i64::try_from(approved.amount.minor).unwrap_or(i64::MAX);
    let debits = || {
        let about = books.decisions_about(advice.ticket);
        about.filter(|decision| decision.kind == Kind::Sale && decision.net() != 0)
    };
    let sum = debits().fold(0_i64, |sum, debit| sum.saturating_add(debit.net()));
    if sum > most {
        let [first, last] = [debits().next(), debits().next_back()]
            .map(|debit| debit.map_or(advice.queued, |debit| debit.index));
        return breach!(
            [first, approved.index, last],
            "{} approved {} in the issuer's stead, and {} were taken",
            advice.switch,
            approved.amount,
            books.money(sum.unsigned_abs())
        );
    }
    Ok(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Sale, Tale, sale};
    use reversim_models::node::{Port, Ticket};
    use reversim_models::record::{IssuerRecord, Reason, SwitchRecord};

    /// The switch queues the advice of what it approved.
    fn queued(tale: &mut Tale, s: Sale, advice: u64) -> usize {
        let (id, ticket, key) = (s.ticket.into(), Ticket(s.ticket), s.key());
        let (stan, transmission) = (key.stan, key.transmission);
        let (to, reason) = (Port(1), Reason::StoodIn);
        let record =
            SwitchRecord::AdviceQueued { advice, id, ticket, to, stan, transmission, reason };
        tale.switch(s, record)
    }

    #[test]
    fn a_sale_that_was_approved_in_the_issuers_stead_is_taken_once() {
        let mut tale = Tale::new();
        tale.started(sale(1));
        tale.forwarded(sale(1));
        queued(&mut tale, sale(1), 1);
        tale.answered(sale(1));
        tale.decided(sale(1));
        tale.online();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_late_approval_and_the_advice_do_not_both_stand() {
        let mut tale = Tale::new();
        tale.started(sale(1));
        tale.forwarded(sale(1));
        let first = tale.decided(sale(1));
        queued(&mut tale, sale(1), 1);
        let approved = tale.answered(sale(1));
        let again = tale.decided_as(sale(1), |record| {
            if let IssuerRecord::Decided { id, key, is_stand_in, .. } = record {
                (*id, *is_stand_in) = (77, true);
                key.stan += 1;
            }
        });
        tale.online();
        tale.breaks(ABOUT.name, &[first, approved, again], "approved 500.00");
    }

    #[test]
    fn an_issuer_is_told_once() {
        let mut tale = Tale::new();
        tale.started(sale(1));
        tale.forwarded(sale(1));
        let first = queued(&mut tale, sale(1), 1);
        let second = queued(&mut tale, sale(1), 2);
        tale.online();
        tale.breaks(ABOUT.name, &[first, second], "tells of it twice");
    }

    #[test]
    fn where_every_issuer_answers_nobody_stands_in() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.online();
        tale.is_unknown(ABOUT.name);
    }
}
