//! X4 mac-before-state: what parties record after a message that was changed on the way.

use super::books::{Advice, Books, Wire};
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use crate::history::What;
use reversim_models::iso8583::{Mti, ResponseCode};
use reversim_models::record::{IssuerRecord, Kind, Origin, SwitchRecord, TerminalRecord};

const ABOUT: About = About {
    code: "X4",
    name: "mac-before-state",
    claim: "A message with a wrong MAC changes nothing: no record believes it unless an intact \
            copy arrived.",
    example: "a sale of 500.00 at terminal-1; change the amount in the 0200 to switch-1\n\
              switch-1 forwards 500.01, and looks at the MAC afterwards",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::TERMINAL
            .and(Kinds::SWITCH)
            .and(Kinds::ISSUER)
            .and(Kinds::DELIVERED_REQUEST)
            .and(Kinds::DELIVERED_ANSWER)
    }
    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        let party = seen.entry.party;
        if books.altered_places.is_empty() {
            return Ok(0);
        }
        if let What::Delivered { .. } = &seen.entry.what {
            let delivery = &books.deliveries[seen.place];
            return Ok(u64::from(delivery.is_altered && books.is_visible(party)));
        }
        match (seen.terminal(), seen.switch(), seen.issuer()) {
            (Some(record), ..) => terminal(books, seen, record),
            (_, Some(record), _) => switch(books, seen, record),
            (.., Some(record)) => issuer(books, seen, record),
            _ => Ok(0),
        }
    }
}

/// A record that believes a message `is_it`: some intact one must have come, if a changed one did.
fn believed(
    books: &Books,
    seen: &Seen<'_>,
    what: &str,
    mti: Mti,
    is_it: impl Fn(&Wire) -> bool,
) -> Checked {
    let party = seen.entry.party;
    let mut changed = None;
    for delivery in books.deliveries.iter().filter(|d| d.party == party) {
        let wire = &books.wires[delivery.wire];
        // The type itself may be what was changed.
        let sent = &books.wires[delivery.sent];
        if sent.mti.original() != mti || !is_it(wire) {
            continue;
        }
        if !delivery.is_altered {
            return Ok(0);
        }
        changed = Some((delivery.index, wire));
    }
    let Some((index, wire)) = changed else { return Ok(0) };
    breach!(
        [index, seen.index],
        "{party} recorded {what} from a {} (STAN {:06}{}) that was changed on the way, so that \
         its MAC is wrong",
        wire.mti,
        wire.stan,
        wire.amount.map(|minor| format!(", {}", books.money(minor))).unwrap_or_default()
    )
}

fn terminal(books: &Books, seen: &Seen<'_>, record: &TerminalRecord) -> Checked {
    match record {
        TerminalRecord::Approved { ticket, stan, .. } => {
            let sale = books.sale(*ticket);
            // What became of an order may have been asked.
            let order = sale.map(|sale| (sale.batch, *stan));
            let is_it = |w: &Wire| {
                let is_about_it = w.stan == *stan || (w.order.is_some() && w.order == order);
                w.is_pos && is_about_it && w.code.is_approval()
            };
            let request = sale.map_or(Kind::Sale, |sale| sale.kind).request();
            believed(books, seen, "an approval", request.response(), is_it)
        }
        TerminalRecord::Reversed { stan, .. } => {
            let is_it = |w: &Wire| w.is_pos && w.stan == *stan;
            believed(books, seen, "a reversal", Mti::REVERSAL_RESPONSE, is_it)
        }
        _ => Ok(0),
    }
}

fn switch(books: &Books, seen: &Seen<'_>, record: &SwitchRecord) -> Checked {
    let party = seen.entry.party;
    match record {
        SwitchRecord::Forwarded { origin, kind, .. } => {
            let is_it = |w: &Wire| is_named(w, *origin);
            believed(books, seen, "a request", kind.request(), is_it)
        }
        SwitchRecord::Answered { id, code, .. }
        | SwitchRecord::LateAnswerAbsorbed { id, code, .. }
            if code.is_approval() && !books.answers_itself(party, *id) =>
        {
            let Some(forward) = books.forward(party, *id) else { return Ok(0) };
            let is_it = |w: &Wire| {
                let names = (w.stan, w.transmission);
                let is_its = names == (forward.key.stan, forward.key.transmission);
                let tells_of_it = w.original == Some(forward.key);
                !w.is_pos && (is_its || tells_of_it) && w.code.is_approval()
            };
            believed(books, seen, "an approval", forward.kind.request().response(), is_it)
        }
        SwitchRecord::ReversalAccepted { origin: Origin::Pos(key), .. } => {
            let is_it = |w: &Wire| w.is_pos && w.pos_key() == *key;
            believed(books, seen, "a reversal", Mti::REVERSAL_REQUEST, is_it)
        }
        SwitchRecord::ReversalAccepted { origin: Origin::Network(key), .. } => {
            let is_it = |w: &Wire| w.original == Some(*key);
            believed(books, seen, "a reversal", Mti::REVERSAL_ADVICE, is_it)
        }
        SwitchRecord::AdviceCompleted { advice, .. }
        | SwitchRecord::AdviceRefused { advice, .. } => {
            let is_its = |a: &&Advice| a.switch == party && a.advice == *advice;
            let Some(of) = books.advices.iter().rev().find(is_its) else { return Ok(0) };
            let Some(key) = of.key else { return Ok(0) };
            if of.is_told {
                let is_it = |w: &Wire| !w.is_pos && w.network_key() == key;
                return believed(books, seen, "an answer", Mti::FINANCIAL_ADVICE_RESPONSE, is_it);
            }
            let is_it = |w: &Wire| w.original == Some(key);
            believed(books, seen, "an answer", Mti::REVERSAL_ADVICE_RESPONSE, is_it)
        }
        _ => Ok(0),
    }
}

fn issuer(books: &Books, seen: &Seen<'_>, record: &IssuerRecord) -> Checked {
    match record {
        IssuerRecord::Decided { key, code, kind, is_stand_in, .. }
            if *code != ResponseCode::MAC_ERROR =>
        {
            let is_it = |w: &Wire| is_named(w, Origin::Network(*key));
            let mti = if *is_stand_in { Mti::FINANCIAL_ADVICE } else { kind.request() };
            believed(books, seen, "a request", mti, is_it)
        }
        IssuerRecord::Reversed { original_key, .. } => {
            let is_it = |w: &Wire| w.original == Some(*original_key);
            believed(books, seen, "a reversal", Mti::REVERSAL_ADVICE, is_it)
        }
        _ => Ok(0),
    }
}

fn is_named(wire: &Wire, origin: Origin) -> bool {
    match origin {
        Origin::Pos(key) => wire.is_pos && wire.pos_key() == key,
        Origin::Network(key) => !wire.is_pos && wire.network_key() == key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{ISSUER, SWITCH, Sale, TERMINAL, Tale, sale};
    use reversim_models::iso8583::Element;

    fn damaged(tale: &mut Tale, s: Sale) -> usize {
        tale.started(s);
        let sent = tale.send(s.ticket, TERMINAL, SWITCH, &s.pos(Mti::FINANCIAL_REQUEST));
        let changed = s.pos(Mti::FINANCIAL_REQUEST).with(Element::MAC_64, b"0A1B2C3C");
        tale.deliver_altered(sent, &changed)
    }

    #[test]
    fn a_damaged_request_is_refused() {
        let mut tale = Tale::new();
        damaged(&mut tale, sale(1));
        let mut refusal = sale(1).pos_answer(Mti::FINANCIAL_RESPONSE, "A0");
        refusal.remove(Element::MAC_64);
        tale.pass(sale(1), SWITCH, TERMINAL, &refusal);
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_damaged_request_is_not_forwarded() {
        let mut tale = Tale::new();
        let delivered = damaged(&mut tale, sale(1));
        let forwarded = tale.forwarded(sale(1));
        tale.breaks(ABOUT.name, &[delivered, forwarded], "recorded a request from a 0200");
    }

    #[test]
    fn an_intact_copy_may_be_forwarded() {
        let mut tale = Tale::new();
        let delivered = damaged(&mut tale, sale(1));
        tale.deliver_copy(delivered - 1, 1);
        tale.forwarded(sale(1));
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_changed_code_does_not_approve() {
        let mut tale = Tale::new();
        tale.started(sale(1));
        tale.request(sale(1));
        let decline = sale(1).pos_answer(Mti::FINANCIAL_RESPONSE, "51");
        let sent = tale.send(1, SWITCH, TERMINAL, &decline);
        let approval = sale(1).pos_answer(Mti::FINANCIAL_RESPONSE, "00");
        let delivered = tale.deliver_altered(sent, &approval);
        let approved = tale.approved(sale(1));
        tale.breaks(ABOUT.name, &[delivered, approved], "recorded an approval from a 0210");
    }

    #[test]
    fn a_change_that_no_mac_covers_is_not_judged() {
        let mut tale = Tale::new();
        tale.forwarded(sale(1));
        let message = sale(1).net(Mti::FINANCIAL_REQUEST);
        let sent = tale.send(1, SWITCH, ISSUER, &message);
        tale.deliver_altered(sent, &message.with(Element::LOCAL_TIME, "101010"));
        tale.decided(sale(1));
        tale.is_unknown(ABOUT.name);
    }
}
