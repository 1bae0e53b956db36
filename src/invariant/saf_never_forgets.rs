//! S17 saf-never-forgets: advices in store-and-forward queues, and reversals that were
//! acknowledged.

use super::books::{Advice, Books, Delivery, Forward, Wire, is_taken};
use super::{About, Checked, Invariant, breach};
use crate::history::Horizon;
use crate::party::Role;
use reversim_models::iso8583::Mti;
use reversim_models::record::Origin;

const ABOUT: About = About {
    code: "S17",
    name: "saf-never-forgets",
    claim: "Every acknowledged reversal is queued, and every queued advice is taken by the peer \
            or becomes an exception item, refused or after its whole budget; none is dropped, and \
            what a switch answered for takes effect.",
    example: "a sale of 500.00 at terminal-1 is reversed; issuer-1 is cut off for an hour\n\
              switch-1 drops the advice when it expires",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }
    fn at(&self, books: &Books, _horizon: Horizon) -> Checked {
        let mut checked = 0;
        for advice in &books.advices {
            checked += kept(books, advice)?;
        }
        for wire in &books.wires {
            checked += acknowledged(books, wire)?;
        }
        for forward in books.forwards.iter().filter(|f| f.kind.is_advice()) {
            checked += told(books, forward)?;
        }
        for advice in books.advices.iter().filter(|advice| advice.is_stand_in) {
            if let Some(forward) = books.forward(advice.switch, advice.id) {
                checked += told(books, forward)?;
            }
        }
        for forward in &books.forwards {
            let is_debit = forward.answered.is_some_and(|a| a.code.is_approval());
            let (Some(accepted), true, true) =
                (forward.reversed, is_debit, forward.kind.is_reversible())
            else {
                continue;
            };
            let of = |a: &Advice| (a.switch, a.id) == (forward.switch, forward.id) && !a.is_told;
            // What was claimed before is final: it is paid, and not taken back.
            let is_claimed = books.claims.filed.iter().any(|filed| {
                (filed.switch, filed.id) == (forward.switch, forward.id) && filed.index < accepted
            });
            if !is_claimed && !books.advices.iter().any(of) {
                return breach!(
                    [forward.index, accepted],
                    "{} took the reversal of {} of card {} and queued no advice for it",
                    forward.switch,
                    forward.amount,
                    forward.pan
                );
            }
            checked += 1;
        }
        Ok(checked)
    }
}

fn kept(books: &Books, advice: &Advice) -> Checked {
    let (switch, number) = (advice.switch, advice.advice);
    if let Some((index, code)) = advice.completed {
        if !is_taken(code) {
            return breach!(
                [advice.queued, index],
                "{switch} took advice {number} off its queue on the answer {code}, which does not \
                 settle it"
            );
        }
        return answered(books, advice, index);
    }
    let budget = u32::from(books.setting.saf_attempts);
    match advice.exception {
        Some(index) if advice.refused.is_some() => answered(books, advice, index),
        Some(index) if advice.spent() < budget => breach!(
            [advice.queued, index],
            "{switch} gave advice {number} up after {} of {budget} sendings",
            advice.spent()
        ),
        Some(_) => Ok(1),
        None => breach!(
            [advice.queued, advice.last],
            "{switch} queued {} {number} and sent it {} times; it was neither taken nor made an \
             exception item",
            advice.words(),
            advice.tries
        ),
    }
}

/// What leaves a queue before its budget is spent needs an answer of the peer.
fn answered(books: &Books, advice: &Advice, index: usize) -> Checked {
    let (switch, number) = (advice.switch, advice.advice);
    let is_answer = |d: &Delivery| {
        let wire = &books.wires[d.wire];
        d.party == switch && d.index < index && advice.is_answered_by(wire)
    };
    if books.deliveries.iter().any(is_answer) {
        return Ok(1);
    }
    breach!(
        [advice.queued, index],
        "{switch} took advice {number} off its queue although no peer answered it"
    )
}

/// An advice that a switch answered for: the issuer has booked it, or it is an exception item.
fn told(books: &Books, forward: &Forward) -> Checked {
    let Some(answer) = forward.answered.filter(|a| a.code.is_approval()) else { return Ok(0) };
    let of = |a: &&Advice| (a.switch, a.id) == (forward.switch, forward.id) && a.is_told;
    let queued = books.advices.iter().find(of);
    let is_booked = || {
        let mut named = books.decisions_named(forward.key);
        named.any(|d| d.terminal == forward.terminal && d.code.is_approval())
    };
    // Another switch may stand in between, and answer for it to the issuer.
    let is_passed_on = || books.forwards.iter().any(|f| f.origin == Origin::Network(forward.key));
    match queued {
        // What is still in the queue, or was dropped from it, is found there.
        Some(advice) if advice.completed.is_none() => Ok(1),
        _ if !books.sees_issuers() || is_booked() || is_passed_on() => Ok(1),
        _ => breach!(
            [forward.index, answer.index],
            "{} answered for {} of {} on card {}, which no issuer booked and which is no \
             exception item",
            forward.switch,
            forward.kind.words(),
            forward.amount,
            forward.pan
        ),
    }
}

/// A 0410 that ends the terminal's reversal needs the acceptance on record.
fn acknowledged(books: &Books, wire: &Wire) -> Checked {
    let is_ack = wire.mti == Mti::REVERSAL_RESPONSE
        && wire.is_pos
        && wire.from.role == Role::Switch
        && !wire.is_arrival
        && is_taken(wire.code);
    if !is_ack || !books.is_visible(wire.from) {
        return Ok(0);
    }
    let origin = Origin::Pos(wire.pos_key());
    if books.acceptances.iter().any(|a| a.switch == wire.from && a.origin == origin) {
        return Ok(1);
    }
    breach!(
        [wire.index],
        "{} answered the reversal of voucher {:06} with {} and has no record of it",
        wire.from,
        wire.stan,
        wire.code
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Tale, sale};

    #[test]
    fn an_advice_is_taken() {
        let mut tale = Tale::new();
        tale.taken_back(sale(1));
        tale.online();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn an_advice_is_not_dropped() {
        let mut tale = Tale::new();
        tale.forwarded(sale(1));
        let queued = tale.queued(sale(1));
        let tried = tale.advice_tried(sale(1), 1);
        tale.online();
        tale.breaks(ABOUT.name, &[queued, tried], "neither taken nor made an exception item");
    }

    #[test]
    fn an_exception_item_needs_the_whole_budget() {
        let mut tale = Tale::new();
        tale.forwarded(sale(1));
        let queued = tale.queued(sale(1));
        tale.advice_tried(sale(1), 1);
        let opened = tale.advice_exception(sale(1), 1);
        tale.online();
        tale.breaks(ABOUT.name, &[queued, opened], "after 1 of 5 sendings");
    }

    #[test]
    fn a_spent_budget_may_become_an_exception_item() {
        let mut tale = Tale::new();
        tale.forwarded(sale(1));
        tale.queued(sale(1));
        for attempt in 1..=5 {
            tale.advice_tried(sale(1), attempt);
        }
        tale.advice_exception(sale(1), 5);
        tale.online();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn an_advice_leaves_the_queue_only_on_an_answer() {
        let mut tale = Tale::new();
        tale.forwarded(sale(1));
        let queued = tale.queued(sale(1));
        let completed = tale.completed(sale(1));
        tale.online();
        tale.breaks(ABOUT.name, &[queued, completed], "although no peer answered it");
    }

    #[test]
    fn an_acknowledged_reversal_is_on_record() {
        let mut tale = Tale::new();
        tale.reversal(sale(1));
        let answer = tale.acknowledged(sale(1)) - 1;
        tale.online();
        tale.breaks(ABOUT.name, &[answer], "has no record of it");
    }

    #[test]
    fn an_accepted_reversal_of_an_approval_is_queued() {
        let mut tale = Tale::new();
        let forwarded = tale.forwarded(sale(1));
        tale.answered(sale(1));
        let accepted = tale.accepted(sale(1), true);
        tale.online();
        tale.breaks(ABOUT.name, &[forwarded, accepted], "queued no advice");
    }

    #[test]
    fn a_sale_needs_no_advice() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.online();
        tale.is_unknown(ABOUT.name);
    }
}
