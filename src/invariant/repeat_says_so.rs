//! S5f repeat-says-so: advices that a switch or terminal sends more than once.

use super::books::Books;
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use reversim_models::iso8583::Mti;

const ABOUT: About = About {
    code: "S5f",
    name: "repeat-says-so",
    claim: "An advice that was sent before is sent again as a repeat (0421, 0221), under the \
            numbers of the first: a peer that trusts the flag would take it for another one.",
    example: "a 0420 from switch-1 to issuer-1 whose 0430 is lost\n\
              switch-1 sends it again as 0420, with the same elements 7 and 11",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }
    fn kinds(&self) -> Kinds {
        Kinds::SENT_REVERSAL.and(Kinds::SENT_REQUEST)
    }
    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        let wire = &books.wires[seen.place];
        match wire.mti {
            Mti::REVERSAL_ADVICE_REPEAT | Mti::FINANCIAL_ADVICE_REPEAT => return Ok(1),
            Mti::REVERSAL_ADVICE | Mti::FINANCIAL_ADVICE => {}
            _ => return Ok(0),
        }
        // With few trace numbers another advice of the same second may have the same name.
        let mut earlier = books.wires_named(wire.name()).filter(|w| {
            w.mti == wire.mti
                && w.index < wire.index
                && !w.is_arrival
                && w.from == wire.from
                && w.to == wire.to
                && w.network_key() == wire.network_key()
                && w.pos_key() == wire.pos_key()
                && w.original == wire.original
        });
        match earlier.next() {
            None => Ok(0),
            Some(first) => breach!(
                [first.index, wire.index],
                "{} sent the {} {:06} to {} again without saying so: {}, not {}",
                wire.from,
                if wire.mti.class() == 4 { "reversal advice" } else { "advice" },
                wire.stan,
                wire.to,
                wire.mti,
                wire.mti.repeat()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{ISSUER, SWITCH, Tale, sale};

    #[test]
    fn a_repeat_is_flagged() {
        let mut tale = Tale::new();
        tale.taken_back(sale(1));
        tale.pass(sale(1), SWITCH, ISSUER, &sale(1).advice(Mti::REVERSAL_ADVICE_REPEAT));
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_second_sending_that_looks_like_the_first_is_none() {
        let mut tale = Tale::new();
        let first = tale.advice(sale(1)) - 1;
        let again = tale.advice(sale(1)) - 1;
        tale.breaks(ABOUT.name, &[first, again], "again without saying so");
    }

    #[test]
    fn two_reversals_and_a_copy_on_the_way_are_no_repeats() {
        let mut tale = Tale::new();
        let delivered = tale.advice(sale(1));
        tale.deliver_copy(delivered - 1, 1);
        tale.advice(sale(2));
        tale.is_unknown(ABOUT.name);
    }
}
