//! S10 echo-integrity: what each hop passes on, and what a duplicate is answered.

use super::books::{Books, Delivery, Forward, Wire};
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use reversim_models::card::Amount;
use reversim_models::iso8583::ResponseCode;
use reversim_models::record::{IssuerRecord, Origin, SwitchRecord, TerminalRecord};

const ABOUT: About = About {
    code: "S10",
    name: "echo-integrity",
    claim: "Card, amount (less only with code 10), reference and terminal pass every hop \
            unchanged, and a duplicate gets the answer that was stored.",
    example: "a sale of 500.00 at terminal-1; duplicate the 0200 from switch-1 to issuer-1\n\
              issuer-1 answers the copy with another authorization code",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::SENT_ANSWER.and(Kinds::TERMINAL).and(Kinds::SWITCH).and(Kinds::ISSUER)
    }
    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        if let Some(record) = seen.terminal() {
            return referred(books, seen, record);
        }
        match (seen.switch(), seen.issuer()) {
            (Some(SwitchRecord::Forwarded { .. }), _) => forwarded(books, seen.index),
            (Some(SwitchRecord::Answered { id, code, kind, .. }), _)
                if code.is_approval() && kind.moves() =>
            {
                passed_back(books, seen, *id)
            }
            (_, Some(IssuerRecord::Decided { .. })) => decided(books, seen.index),
            (None, None) => answered(books, &books.wires[seen.place]),
            _ => Ok(0),
        }
    }
}

/// The reference that a terminal records is the one its switch gave.
fn referred(books: &Books, seen: &Seen<'_>, record: &TerminalRecord) -> Checked {
    let TerminalRecord::Approved { ticket, stan, rrn, .. } = record else { return Ok(0) };
    let terminal = seen.entry.party;
    let is_it = |f: &&Forward| match f.origin {
        Origin::Pos(key) => key.stan == *stan,
        Origin::Network(_) => false,
    };
    let Some(forward) = books.forwards_about(*ticket).rev().find(is_it) else {
        return Ok(0);
    };
    if forward.rrn == *rrn || books.was_altered(terminal, *ticket) {
        return Ok(1);
    }
    breach!(
        [forward.index, seen.index],
        "{terminal} records voucher {stan:06} under RRN {}, {} under {}",
        String::from_utf8_lossy(rrn),
        forward.switch,
        String::from_utf8_lossy(&forward.rrn)
    )
}

/// What a switch sends on is what it was asked.
fn forwarded(books: &Books, index: usize) -> Checked {
    let Some(forward) = books.forwards.last().filter(|f| f.index == index) else { return Ok(0) };
    if books.was_altered(forward.switch, forward.ticket) {
        return Ok(0);
    }
    let (asked, pan, amount) = match forward.origin {
        Origin::Network(key) => match books.forward_by_key(key, forward.terminal) {
            Some(before) if before.rrn == forward.rrn => {
                (before.index, before.pan, before.amount.minor)
            }
            _ => return Ok(0),
        },
        Origin::Pos(key) => match books.sale(forward.ticket) {
            Some(sale) if sale.stan == key.stan && forward.kind.moves() => {
                let Some((started, pan)) = sale.started.zip(sale.pan) else { return Ok(0) };
                (started, pan, sale.amount.minor)
            }
            _ => return Ok(0),
        },
    };
    if forward.pan == pan && forward.amount.minor == amount {
        return Ok(1);
    }
    breach!(
        [asked, index],
        "{} forwarded {} of card {}, but was asked for {} of card {pan}",
        forward.switch,
        forward.amount,
        forward.pan,
        books.money(amount)
    )
}

/// What an issuer decides is what it was asked.
fn decided(books: &Books, index: usize) -> Checked {
    let Some(decision) = books.decisions.last().filter(|d| d.index == index) else {
        return Ok(0);
    };
    let Some(forward) = books.forward_by_key(decision.key, decision.terminal) else {
        return Ok(0);
    };
    if books.was_altered(decision.issuer, forward.ticket) {
        return Ok(0);
    }
    let is_same = decision.pan == forward.pan
        && decision.amount.minor == forward.amount.minor
        && decision.rrn == forward.rrn;
    if is_same {
        return Ok(1);
    }
    breach!(
        [forward.index, index],
        "{} decided {} of card {}, but {} asked for {} of card {}",
        decision.issuer,
        decision.amount,
        decision.pan,
        forward.switch,
        forward.amount,
        forward.pan
    )
}

/// What a switch records as approved is what the issuer approved.
fn passed_back(books: &Books, seen: &Seen<'_>, id: u64) -> Checked {
    let Some(forward) = books.forward(seen.entry.party, id) else { return Ok(0) };
    let Some(answer) = forward.answered.filter(|a| a.index == seen.index) else { return Ok(0) };
    let approved = books
        .decisions_about(forward.ticket)
        .find(|d| d.kind == forward.kind && d.code.is_approval());
    let Some(decision) = approved else { return Ok(0) };
    // Who stands in for an issuer gives an authorization code of its own.
    let is_own = books.is_stood_in(forward.ticket);
    if is_own || books.was_altered(forward.switch, forward.ticket) {
        return Ok(0);
    }
    let is_same = answer.amount.minor == decision.effective
        && (answer.authorization == decision.authorization || answer.authorization.is_none());
    if is_same {
        return Ok(1);
    }
    breach!(
        [decision.index, seen.index],
        "{} approved {} with authorization code {}, but {} records {} with {}",
        decision.issuer,
        books.money(decision.effective),
        code(decision.authorization),
        forward.switch,
        answer.amount,
        code(answer.authorization)
    )
}

fn code(authorization: Option<[u8; 6]>) -> String {
    authorization.map_or("none".to_owned(), |a| String::from_utf8_lossy(&a).into_owned())
}

/// What an approval says is what was asked, and what the first answer said.
fn answered(books: &Books, answer: &Wire) -> Checked {
    if !answer.is_approval() {
        return Ok(0);
    }
    let asked = || {
        books.deliveries_named(answer.name()).rev().filter(|d| {
            d.party == answer.from
                && d.from == answer.to
                && !d.is_altered
                && books.wires[d.wire].is_answered_by(answer)
        })
    };
    // A trace number comes back in a later batch, and a request of an earlier one may come late.
    let is_of_batch = |d: &&Delivery| books.wires[d.wire].batch == answer.batch;
    let asked = asked().find(is_of_batch).or_else(|| asked().next());
    let mut checked = 0;
    if let Some(request) = asked.map(|d| &books.wires[d.wire]) {
        if !is_echo(request, answer) {
            return breach!(
                [request.index, answer.index],
                "{} answered a request about {} (processing code {}) with an approval of {} ({})",
                answer.from,
                money(books, request),
                String::from_utf8_lossy(&request.processing),
                money(books, answer),
                String::from_utf8_lossy(&answer.processing)
            );
        }
        checked = 1;
    }
    let Some(first) = first_answer(books, answer) else { return Ok(checked) };
    let is_stored = first.authorization == answer.authorization
        && first.amount == answer.amount
        && first.rrn == answer.rrn;
    if is_stored {
        return Ok(checked + 1);
    }
    breach!(
        [first.index, answer.index],
        "{} answered one request (STAN {:06}) twice: with authorization code {} for {}, then with \
         {} for {}",
        answer.from,
        answer.stan,
        String::from_utf8_lossy(&first.authorization),
        money(books, first),
        String::from_utf8_lossy(&answer.authorization),
        money(books, answer)
    )
}

fn money(books: &Books, wire: &Wire) -> Amount {
    books.money(wire.amount.unwrap_or(0))
}

fn is_echo(request: &Wire, answer: &Wire) -> bool {
    let is_amount = match (request.amount, answer.amount) {
        (Some(asked), Some(approved)) if answer.code == ResponseCode::PARTIALLY_APPROVED => {
            approved <= asked
        }
        (Some(asked), Some(approved)) => approved == asked,
        _ => true,
    };
    let is_card = request.pan.is_none() || answer.pan.is_none() || request.pan == answer.pan;
    is_amount && is_card && request.processing == answer.processing
}

/// The first approval of the same request that the same party sent on the same line.
fn first_answer<'a>(books: &'a Books, answer: &Wire) -> Option<&'a Wire> {
    books.wires_named(answer.name()).find(|w| {
        w.index < answer.index
            && w.is_approval()
            && (w.from, w.to) == (answer.from, answer.to)
            && w.batch == answer.batch
            && (w.transmission, w.acquirer) == (answer.transmission, answer.acquirer)
            && w.processing == answer.processing
            && !w.is_arrival
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{ISSUER, SWITCH, Sale, Tale, sale};
    use reversim_models::iso8583::Element;

    #[test]
    fn a_sale_keeps_its_card_and_amount_at_every_hop() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_duplicate_gets_the_stored_authorization_code() {
        let mut tale = Tale::new();
        let answer = tale.until_answer(sale(1)) - 3;
        let message = sale(1).network_approval().with(Element::AUTHORIZATION_CODE, "A00002");
        let second = tale.send(1, ISSUER, SWITCH, &message);
        tale.breaks(ABOUT.name, &[answer, second], "A00001 for 500.00, then with A00002");
    }

    #[test]
    fn a_stored_answer_may_be_sent_again() {
        let mut tale = Tale::new();
        let request = tale.until_answer(sale(1)) - 6;
        tale.deliver_copy(request, 1);
        tale.network_answer(sale(1));
        tale.is_clean();
    }

    #[test]
    fn a_switch_forwards_what_it_was_asked() {
        let mut tale = Tale::new();
        let started = tale.started(sale(1));
        tale.request(sale(1));
        let forwarded = tale.forwarded(Sale { minor: 50_001, ..sale(1) });
        tale.breaks(ABOUT.name, &[started, forwarded], "forwarded 500.01");
    }

    #[test]
    fn an_approval_of_a_part_says_so_with_code_10() {
        let mut tale = Tale::new();
        let request = tale.network_request(sale(1)) - 1;
        let part = Sale { minor: 30_000, ..sale(1) };
        let answer = tale.network_answer(part) - 1;
        tale.breaks(ABOUT.name, &[request, answer], "an approval of 300.00");
    }

    #[test]
    fn without_an_answer_nothing_is_echoed() {
        let mut tale = Tale::new();
        tale.request(sale(1));
        tale.is_unknown(ABOUT.name);
    }
}
