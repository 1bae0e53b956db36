//! X7 identity-is-bound: elements 41 and 42 on the lines of terminals, in what their switch does
//! about a sign-on or a transaction.

use super::books::{Books, SignOn};
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use crate::history::TerminalLine;
use reversim_models::record::{Origin, SwitchRecord};

const ABOUT: About = About {
    code: "X7",
    name: "identity-is-bound",
    claim: "A switch serves each line as the terminal and the merchant that are at its other end, \
            whatever a message on it says.",
    example: "the 0800 of terminal-1 arrives with another terminal's number in element 41\n\
              switch-1 issues keys for it",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::SWITCH
    }

    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        let switch = seen.entry.party;
        let line = |port| {
            let line: &TerminalLine = books.line_at(switch, port)?;
            Some((line, books.terminal_id(line.terminal)?))
        };
        match seen.switch() {
            Some(SwitchRecord::Forwarded {
                from,
                origin: Origin::Pos(key),
                terminal,
                merchant,
                ..
            }) => {
                let Some((line, id)) = line(*from) else { return Ok(0) };
                if (key.terminal, *terminal, *merchant) == (id, id, line.merchant) {
                    return Ok(1);
                }
                breach!(
                    [seen.index],
                    "{switch} forwards a request on the line of {} as one of terminal {}, \
                     merchant {}",
                    line.terminal,
                    String::from_utf8_lossy(terminal),
                    String::from_utf8_lossy(merchant)
                )
            }
            Some(SwitchRecord::KeysIssued { port, .. }) => {
                let Some((line, id)) = line(*port) else { return Ok(0) };
                let asked = books.sign_ons.iter().rev();
                let mut asked =
                    asked.filter(|on| on.from == line.terminal && on.ticket == seen.entry.ticket);
                let is_right = |on: &SignOn| (on.terminal, on.merchant) == (id, line.merchant);
                let Some(last) = asked.clone().next() else { return Ok(0) };
                // While a commit was slow, more may have come: one of them was right.
                if asked.any(is_right) {
                    return Ok(1);
                }
                breach!(
                    [last.index, seen.index],
                    "{switch} issues keys to {} for a sign-on of terminal {}, merchant {}",
                    line.terminal,
                    String::from_utf8_lossy(&last.terminal),
                    String::from_utf8_lossy(&last.merchant)
                )
            }
            _ => Ok(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{MERCHANT, SWITCH, TERMINAL, Tale, sale};
    use reversim_models::iso8583::{Element, Message, Mti};
    use reversim_models::node::Port;

    fn signs_on(tale: &mut Tale, terminal: [u8; 8], merchant: [u8; 15]) -> usize {
        let message = Message::new(Mti::NETWORK_REQUEST)
            .with(Element::STAN, "000001")
            .with(Element::TERMINAL, terminal)
            .with(Element::MERCHANT, merchant);
        tale.pass(sale(1), TERMINAL, SWITCH, &message)
    }

    fn issued(tale: &mut Tale) -> usize {
        tale.switch(sale(1), SwitchRecord::KeysIssued { port: Port(1), generation: 1, batch: 1 })
    }

    #[test]
    fn a_terminal_is_served_as_what_it_is() {
        let mut tale = Tale::new();
        signs_on(&mut tale, sale(1).id(), MERCHANT);
        issued(&mut tale);
        tale.forwarded(sale(1));
        tale.holds(ABOUT.name);
    }

    #[test]
    fn no_keys_are_issued_for_another_terminal_or_merchant() {
        for (terminal, merchant) in [(*b"T0000002", MERCHANT), (sale(1).id(), *b"898310154110002")]
        {
            let mut tale = Tale::new();
            let asked = signs_on(&mut tale, terminal, merchant);
            let keys = issued(&mut tale);
            tale.breaks(ABOUT.name, &[asked, keys], "issues keys to terminal-1 for a sign-on of");
        }
    }

    #[test]
    fn nothing_is_forwarded_for_another_terminal() {
        let mut tale = Tale::new();
        let record = tale.forwarded_as(sale(1), |record| {
            if let SwitchRecord::Forwarded { terminal, .. } = record {
                *terminal = *b"T0000002";
            }
        });
        tale.breaks(ABOUT.name, &[record], "as one of terminal T0000002");
    }

    #[test]
    fn what_a_switch_does_for_nobody_says_nothing() {
        let mut tale = Tale::new();
        tale.switch(sale(1), SwitchRecord::KeysWithdrawn { port: Port(1) });
        tale.is_unknown(ABOUT.name);
    }
}
