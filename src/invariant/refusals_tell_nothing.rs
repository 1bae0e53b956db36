//! X10 refusals-tell-nothing: answers on every line whose code refuses.

use super::books::{Books, Wire};
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use reversim_models::iso8583::Element;

const ABOUT: About = About {
    code: "X10",
    name: "refusals-tell-nothing",
    claim: "An answer that refuses carries no track, no PIN block and no balance, and no card \
            number but that of its request.",
    example: "a sale of 500.00 with card 622424******0021, which has 400.00\n\
              issuer-1 answers 51 and the balance: 400.00",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::SENT_ANSWER.and(Kinds::SENT_REVERSAL_ANSWER)
    }

    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        let answer = &books.wires[seen.place];
        if answer.code.is_approval() {
            return Ok(0);
        }
        let is_its = |wire: &&Wire| {
            wire.mti.is_request()
                && wire.mti.response() == answer.mti
                && (wire.from, wire.to) == (answer.to, answer.from)
        };
        let requests = || books.wires_named(answer.name()).rev().filter(is_its);
        let asked = requests().next().map_or(answer.index, |request| request.index);
        if let Some(element) = answer.telling {
            return breach!(
                [asked, answer.index],
                "{} refuses with {} and sends {} {}",
                answer.from,
                answer.code,
                answer.to,
                words(element)
            );
        }
        // A request that gives its card by the track alone, or that arrived so that nobody knows
        // which it was, says nothing about the number.
        let is_foreign = |pan| {
            let is_of_another = |request: &Wire| request.pan.is_some_and(|asked| asked != pan);
            requests().next().is_some() && requests().all(is_of_another)
        };
        match answer.pan {
            Some(pan) if is_foreign(pan) => breach!(
                [asked, answer.index],
                "{} refuses with {} and names card {pan}, which the request did not",
                answer.from,
                answer.code
            ),
            _ => Ok(1),
        }
    }
}

/// What an element says, for people.
fn words(element: Element) -> &'static str {
    match element {
        Element::PIN_BLOCK => "a PIN block (element 52)",
        Element::ADDITIONAL_AMOUNTS => "what the account holds (element 54)",
        _ => "the track of the card",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{ISSUER, SWITCH, Tale, sale};
    use reversim_models::iso8583::Message;

    fn refusal(code: &str) -> Message {
        let mut message = sale(1).network_approval();
        message.remove(Element::AUTHORIZATION_CODE);
        message.with(Element::RESPONSE_CODE, code)
    }

    #[test]
    fn a_refusal_says_no_and_nothing_else() {
        let mut tale = Tale::new();
        tale.network_request(sale(1));
        tale.send(1, ISSUER, SWITCH, &refusal("51"));
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_refusal_tells_no_balance_no_track_and_no_pin_block() {
        let told = [
            (Element::ADDITIONAL_AMOUNTS, &b"0002156C000000040000"[..], "what the account holds"),
            (Element::PIN_BLOCK, &[1, 2, 3, 4, 5, 6, 7, 8], "a PIN block"),
            (Element::TRACK_2, b"6224242000000021D3012", "the track"),
        ];
        for (element, value, words) in told {
            let mut tale = Tale::new();
            let asked = tale.network_request(sale(1)) - 1;
            let told = tale.send(1, ISSUER, SWITCH, &refusal("51").with(element, value));
            tale.breaks(ABOUT.name, &[asked, told], words);
        }
    }

    #[test]
    fn a_refusal_names_no_other_card() {
        let mut tale = Tale::new();
        let asked = tale.network_request(sale(1)) - 1;
        let other = refusal("14").with(Element::PAN, "6224241000000010");
        let told = tale.send(1, ISSUER, SWITCH, &other);
        tale.breaks(ABOUT.name, &[asked, told], "names card 622424******0010");
    }

    #[test]
    fn an_approval_may_tell_the_balance() {
        let mut tale = Tale::new();
        tale.network_request(sale(1));
        let message = sale(1).network_approval();
        let message = message.with(Element::ADDITIONAL_AMOUNTS, "0002156C000000040000");
        tale.send(1, ISSUER, SWITCH, &message);
        tale.is_unknown(ABOUT.name);
    }
}
