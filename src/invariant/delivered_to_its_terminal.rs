//! X8 delivered-to-its-terminal: authenticated answers on the lines of terminals.

use super::books::Books;
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use crate::party::Role;
use reversim_models::record::Origin;

const ABOUT: About = About {
    code: "X8",
    name: "delivered-to-its-terminal",
    claim: "No terminal is given an answer that belongs to another terminal.",
    example: "sales at terminal-1 and terminal-2 at the same time, both with STAN 000001\n\
              switch-1 sends the approval of terminal-1 to terminal-2",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::DELIVERED_ANSWER
    }
    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        let delivery = &books.deliveries[seen.place];
        let wire = &books.wires[delivery.wire];
        let terminal = delivery.party;
        // What a host cannot authenticate it answers unsigned, and echoes whatever came.
        if terminal.role != Role::Terminal || delivery.is_altered || !wire.has_mac {
            return Ok(0);
        }
        let Some(own) = books.terminal_id(terminal) else { return Ok(0) };
        if wire.terminal != own {
            return breach!(
                [books.wires[delivery.sent].index, delivery.index],
                "{} sent {terminal} an answer for terminal {} (STAN {:06})",
                delivery.from,
                wire.terminal_name(),
                wire.stan
            );
        }
        let with_rrn =
            || books.forwards_with(wire.rrn).filter(|f| matches!(f.origin, Origin::Pos(_)));
        if with_rrn().any(|f| f.terminal == own) {
            return Ok(1);
        }
        match with_rrn().next() {
            None => Ok(1),
            Some(forward) => breach!(
                [forward.index, delivery.index],
                "{} sent {terminal} the answer to a request of terminal {} (RRN {})",
                delivery.from,
                String::from_utf8_lossy(&forward.terminal),
                String::from_utf8_lossy(&wire.rrn)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{SWITCH, Sale, TERMINAL, Tale, sale};
    use reversim_models::iso8583::{Element, Mti};

    #[test]
    fn each_terminal_gets_its_own_answers() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.sold(Sale { terminal: 2, stan: 1, ..sale(2) });
        tale.holds(ABOUT.name);
    }

    #[test]
    fn an_answer_for_one_terminal_is_not_given_to_another() {
        let other = Sale { terminal: 2, ..sale(1) };
        let mut tale = Tale::new();
        let message = other.pos_answer(Mti::FINANCIAL_RESPONSE, "00");
        let delivered = tale.pass(sale(1), SWITCH, TERMINAL, &message);
        tale.breaks(ABOUT.name, &[delivered - 1, delivered], "an answer for terminal T0000002");
    }

    #[test]
    fn an_answer_with_the_reference_of_another_terminal_is_not_its_own() {
        let (one, two) = (sale(1), Sale { terminal: 2, ..sale(2) });
        let mut tale = Tale::new();
        tale.forwarded(one);
        let forwarded = tale.forwarded(two);
        let message = one.pos_answer(Mti::FINANCIAL_RESPONSE, "00").with(Element::RRN, two.rrn());
        let delivered = tale.pass(one, SWITCH, TERMINAL, &message);
        tale.breaks(ABOUT.name, &[forwarded, delivered], "a request of terminal T0000002");
    }

    #[test]
    fn an_unsigned_refusal_echoes_whatever_came() {
        let other = Sale { terminal: 2, ..sale(1) };
        let mut tale = Tale::new();
        let mut refusal = other.pos_answer(Mti::FINANCIAL_RESPONSE, "97");
        refusal.remove(Element::MAC_64);
        tale.pass(sale(1), SWITCH, TERMINAL, &refusal);
        tale.is_unknown(ABOUT.name);
    }
}
