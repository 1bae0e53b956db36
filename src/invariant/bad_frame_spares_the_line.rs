//! X9 bad-frame-spares-the-line: what comes on a connection behind a frame that nobody can read.
//!
//! The evidence is what the receiver writes: one that is deaf answers nothing, and never closes the
//! connection either. What else X9 asks (no panic, no hang) is what fuzzing and every run show.

use super::books::{Books, Delivery};
use super::{About, Checked, Invariant, breach};
use crate::history::Horizon;
use crate::party::Role;
use reversim_models::time::Duration;

const ABOUT: About = About {
    code: "X9",
    name: "bad-frame-spares-the-line",
    claim: "A frame that does not decode costs that frame, or its connection: requests that follow \
            on a connection that stays open are answered.",
    example: "a 0200 from switch-1 to issuer-1 whose card number has the length -6\n\
              issuer-1 keeps the connection and answers nothing that comes on it any more",
};

/// What a commit and an answer may take after everything else is done.
const GRACE: Duration = Duration::secs(1);

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }
    fn at(&self, books: &Books, _horizon: Horizon) -> Checked {
        let mut checked = 0;
        for bad in &books.unreadable {
            let party = bad.party;
            let lost_power = |(other, index): &(_, usize)| *other == party && *index > bad.index;
            if party.role == Role::Terminal
                || books.power_losses.iter().any(lost_power)
                || books.maintained.contains(&party)
            {
                continue;
            }
            // What arrives shows that the connection is still open at this end.
            let behind = |d: &&Delivery| {
                let wire = &books.wires[d.wire];
                d.party == party
                    && d.link == bad.link
                    && d.index > bad.index
                    && (d.is_whole && !d.is_altered && d.copy == 0)
                    && (wire.mti.is_request() && wire.has_mac)
            };
            let mut behind = books.deliveries.iter().filter(behind);
            let Some(first) = behind.next() else { continue };
            let last = behind.next_back().unwrap_or(first);
            let answers = books.wires.iter().any(|wire| {
                wire.from == party && wire.link == bad.link && wire.index > first.index
            });
            // Who writes does not read: what waits at its door meanwhile has not been heard yet.
            let Some(free) = books.free_since(party, last.at) else { continue };
            let heard = last.at.since(first.at.max(free));
            if answers {
                checked += 1;
            } else if heard > books.setting.frame_timeout + GRACE {
                return breach!(
                    [bad.index, first.index, last.index],
                    "{party} answers nothing that {} sends it any more, since a frame came that \
                     it could not read, and keeps the connection",
                    bad.from
                );
            }
        }
        Ok(checked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::What;
    use crate::invariant::testing::{ISSUER, SWITCH, Tale, sale};
    use reversim_models::iso8583::Mti;

    fn bad_frame(tale: &mut Tale) -> usize {
        let sent = tale.send(1, SWITCH, ISSUER, &sale(1).net(Mti::FINANCIAL_REQUEST));
        tale.deliver_unreadable(sent)
    }

    #[test]
    fn what_comes_behind_a_bad_frame_is_answered() {
        let mut tale = Tale::new();
        bad_frame(&mut tale);
        tale.advice(sale(1));
        tale.advice_answer(sale(1), "25");
        tale.online();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_line_that_is_deaf_after_a_bad_frame_is_dead() {
        let mut tale = Tale::new();
        let bad = bad_frame(&mut tale);
        let first = tale.advice(sale(1));
        tale.now += Duration::secs(15);
        let again = &sale(1).advice(Mti::REVERSAL_ADVICE_REPEAT);
        let last = tale.pass(sale(1), SWITCH, ISSUER, again);
        tale.online();
        tale.breaks(ABOUT.name, &[bad, first, last], "answers nothing");
    }

    #[test]
    fn who_was_writing_meanwhile_has_not_heard_it_yet() {
        let mut tale = Tale::new();
        tale.push(ISSUER, 0, What::CommitDelayed);
        bad_frame(&mut tale);
        tale.advice(sale(1));
        tale.now += Duration::secs(15);
        let again = &sale(1).advice(Mti::REVERSAL_ADVICE_REPEAT);
        tale.pass(sale(1), SWITCH, ISSUER, again);
        tale.online();
        tale.is_unknown(ABOUT.name);
    }

    #[test]
    fn who_lost_power_meanwhile_may_have_missed_it() {
        let mut tale = Tale::new();
        bad_frame(&mut tale);
        tale.advice(sale(1));
        tale.push(ISSUER, 0, What::PowerLost);
        tale.online();
        tale.is_unknown(ABOUT.name);
    }
}
