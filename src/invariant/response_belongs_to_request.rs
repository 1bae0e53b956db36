//! S9 response-belongs-to-request: answers against the requests they answer, and what a switch
//! takes for an answer.

use super::books::{Books, Delivery, Name, Wire};
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use reversim_models::record::SwitchRecord;

const ABOUT: About = About {
    code: "S9",
    name: "response-belongs-to-request",
    claim: "What is answered, and what completes a request, has the class + 10 of the request \
            and its elements 11, 41 and 42 (7, 32 and 37 on a network line).",
    example: "sales at terminal-1 and terminal-2 at the same time, both with STAN 000001\n\
              switch-1 takes the answer of one for the answer of the other",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::SENT_ANSWER.and(Kinds::SENT_REVERSAL_ANSWER).and(Kinds::SWITCH)
    }
    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        match seen.switch() {
            Some(SwitchRecord::Answered { id, code, .. }) if code.is_approval() => {
                completed(books, seen, *id)
            }
            Some(_) => Ok(0),
            None => answered(books, &books.wires[seen.place]),
        }
    }
}

/// An answer must answer something that its sender got from whom it answers.
fn answered(books: &Books, answer: &Wire) -> Checked {
    let from_peer = |d: &Delivery| d.party == answer.from && d.from == answer.to;
    let mut named = books.deliveries_named(answer.name()).rev();
    if named.any(|d| from_peer(d) && books.wires[d.wire].is_answered_by(answer)) {
        return Ok(1);
    }
    // Who cannot read a request answers what little of it can be read.
    let mut got = books.deliveries.iter().rev().filter(|d| from_peer(d));
    let is_like = |request: &&Wire| request.mti.response() == answer.mti;
    let Some(last) = got.by_ref().map(|d| &books.wires[d.wire]).find(is_like) else {
        return Ok(0);
    };
    if books.unreadable.iter().any(|u| (u.party, u.from) == (answer.from, answer.to)) {
        return Ok(0);
    }
    breach!(
        [last.index, answer.index],
        "{} sent {} an answer {} with STAN {:06} for terminal {}, which answers nothing that it \
         asked; it asked with STAN {:06} for terminal {}",
        answer.from,
        answer.to,
        answer.mti,
        answer.stan,
        String::from_utf8_lossy(&answer.terminal),
        last.stan,
        String::from_utf8_lossy(&last.terminal)
    )
}

/// An approval that a switch records must have come for that very transaction.
fn completed(books: &Books, seen: &Seen<'_>, id: u64) -> Checked {
    let switch = seen.entry.party;
    let Some(forward) = books.forward(switch, id) else { return Ok(0) };
    if forward.answered.is_none_or(|answer| answer.index != seen.index) {
        return Ok(0);
    }
    if books.answers_itself(switch, id) {
        return Ok(0);
    }
    let approval = |d: &Delivery| {
        let wire = &books.wires[d.wire];
        (d.party == switch && !wire.is_pos && wire.is_approval()).then_some(wire)
    };
    let is_its = |w: &Wire| w.transmission == forward.key.transmission && w.rrn == forward.rrn;
    let name = Name { stan: forward.key.stan, terminal: forward.terminal };
    if books.deliveries_named(name).rev().filter_map(approval).any(is_its) {
        return Ok(1);
    }
    // Asked about an order, an issuer names it in element 90 and says what became of it.
    let told = |w: &Wire| w.is_approval() && w.to == switch && w.terminal == forward.terminal;
    if books.reversals_on_wire(forward.key).any(told) {
        return Ok(1);
    }
    let Some(other) = books.deliveries.iter().rev().find_map(approval) else { return Ok(0) };
    if books.was_altered(switch, forward.ticket) {
        return Ok(0);
    }
    breach!(
        [forward.index, other.index, seen.index],
        "{switch} completed the request of terminal {} (STAN {:06}) with an answer for terminal \
         {} (STAN {:06}, RRN {})",
        String::from_utf8_lossy(&forward.terminal),
        forward.key.stan,
        String::from_utf8_lossy(&other.terminal),
        other.stan,
        String::from_utf8_lossy(&other.rrn)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{SWITCH, Sale, TERMINAL, Tale, sale};
    use reversim_models::iso8583::{Element, Mti};

    #[test]
    fn every_answer_of_a_sale_belongs_to_its_request() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.taken_back(sale(2));
        tale.holds(ABOUT.name);
    }

    #[test]
    fn an_answer_with_the_terminal_of_another_belongs_to_no_request() {
        let mut tale = Tale::new();
        tale.started(sale(1));
        let request = tale.request(sale(1)) - 1;
        let other = Sale { terminal: 2, ..sale(1) };
        let message = other.pos_answer(Mti::FINANCIAL_RESPONSE, "00");
        let answer = tale.send(1, SWITCH, TERMINAL, &message);
        tale.breaks(ABOUT.name, &[request, answer], "answers nothing that it asked");
    }

    #[test]
    fn a_switch_that_pairs_by_stan_alone_takes_the_wrong_answer() {
        let (one, two) = (sale(1), Sale { terminal: 2, ..sale(2) });
        let mut tale = Tale::new();
        tale.forwarded(one);
        tale.network_request(one);
        let forwarded = tale.forwarded(two);
        let wrong = tale.network_answer(one) - 1;
        let answered = tale.answered(two);
        let words = "with an answer for terminal T0000001";
        tale.breaks(ABOUT.name, &[forwarded, wrong, answered], words);
    }

    #[test]
    fn an_unsigned_refusal_of_a_damaged_request_echoes_the_damage() {
        let damaged = Sale { stan: 3, ..sale(1) };
        let mut tale = Tale::new();
        tale.started(sale(1));
        let sent = tale.send(1, TERMINAL, SWITCH, &sale(1).pos(Mti::FINANCIAL_REQUEST));
        tale.deliver_altered(sent, &damaged.pos(Mti::FINANCIAL_REQUEST));
        let mut refusal = damaged.pos_answer(Mti::FINANCIAL_RESPONSE, "A0");
        refusal.remove(Element::MAC_64);
        tale.pass(sale(1), SWITCH, TERMINAL, &refusal);
        tale.holds(ABOUT.name);
        tale.is_clean();
    }

    #[test]
    fn a_request_without_an_answer_says_nothing() {
        let mut tale = Tale::new();
        tale.request(sale(1));
        tale.is_unknown(ABOUT.name);
    }
}
