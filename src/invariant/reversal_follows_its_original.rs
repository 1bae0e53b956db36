//! S8p reversal-follows-its-original: the connection that a switch sends a reversal advice on.
//!
//! A switch that writes on a connection again believed in it all the time. So the claim needs no
//! word about what was closed when: it is judged where the connection was used once more.

use super::books::{Books, Wire};
use super::{About, Checked, Invariant, breach};
use crate::history::Horizon;
use crate::party::Role;
use reversim_models::iso8583::Mti;

const ABOUT: About = About {
    code: "S8p",
    name: "reversal-follows-its-original",
    claim: "A reversal advice goes out first on the connection its original went out on, as long \
            as that stands: only there the line keeps the order of the two.",
    example: "switch-1 keeps two connections to issuer-1; a 0200 on the first is slow\n\
              switch-1 sends the 0420 on the second, where it overtakes its original",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }
    fn at(&self, books: &Books, _horizon: Horizon) -> Checked {
        let mut checked = 0;
        for (place, advice) in books.wires.iter().enumerate().filter(|(_, w)| is_advice(w)) {
            let before = &books.wires[..place];
            let is_repeat = before.iter().any(|w| {
                is_advice(w) && w.from == advice.from && w.network_key() == advice.network_key()
            });
            // A repeat goes on another connection on purpose, should the first one be dead.
            let is_original = |w: &&Wire| {
                w.is_request()
                    && w.mti == w.mti.original()
                    && !w.is_arrival
                    && w.from == advice.from
                    && w.to == advice.to
                    && Some(w.network_key()) == advice.original
            };
            let Some(original) = before.iter().rev().find(is_original) else { continue };
            if is_repeat {
                continue;
            }
            let is_used_again =
                |w: &&Wire| w.from == advice.from && w.link == original.link && !w.is_arrival;
            if advice.link == original.link {
                checked += 1;
            } else if let Some(again) = books.wires[place..].iter().find(is_used_again) {
                return breach!(
                    [original.index, advice.index, again.index],
                    "{} sent the reversal of STAN {:06} to {} on another connection than the \
                     request, though that one still stood: it can overtake what it reverses",
                    advice.from,
                    original.stan,
                    advice.to
                );
            }
        }
        Ok(checked)
    }
}

fn is_advice(wire: &Wire) -> bool {
    wire.mti == Mti::REVERSAL_ADVICE && !wire.is_arrival && wire.from.role == Role::Switch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Tale, sale};

    #[test]
    fn a_reversal_on_the_connection_of_its_request_keeps_the_order() {
        let mut tale = Tale::new();
        tale.taken_back(sale(1));
        tale.online();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_reversal_on_another_connection_can_overtake() {
        let mut tale = Tale::new();
        let request = tale.network_request(sale(1)) - 1;
        let advice = tale.advice(sale(1)) - 1;
        tale.on_link(advice, 2);
        let again = tale.network_request(sale(2)) - 1;
        tale.online();
        tale.breaks(ABOUT.name, &[request, advice, again], "on another connection");
    }

    #[test]
    fn a_connection_that_is_never_used_again_may_have_been_gone() {
        let mut tale = Tale::new();
        tale.network_request(sale(1));
        let advice = tale.advice(sale(1)) - 1;
        tale.on_link(advice, 2);
        tale.online();
        tale.is_unknown(ABOUT.name);
    }
}
