//! X5 replay-changes-nothing: copies of one message: duplicates of the line, replays of an
//! eavesdropper.

use super::books::{Books, Decision, Forward, Wire};
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use crate::history::What;
use crate::party::Party;
use reversim_models::iso8583::Mti;
use reversim_models::record::{IssuerRecord, Origin, SwitchRecord, TerminalRecord};

const ABOUT: About = About {
    code: "X5",
    name: "replay-changes-nothing",
    claim: "A financial message that arrives again changes nothing.",
    example: "a sale of 500.00 at terminal-1; replay its 0200 to switch-1 an hour later\n\
              switch-1 forwards it as a new request",
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
        if let What::Delivered { copy, .. } = &seen.entry.what {
            return Ok(u64::from(*copy > 0 && books.is_visible(party)));
        }
        if books.copies_to(party).next().is_none() {
            return Ok(0);
        }
        match (seen.terminal(), seen.switch(), seen.issuer()) {
            (Some(TerminalRecord::Approved { .. }), ..) => approved(books, seen),
            (_, Some(SwitchRecord::Forwarded { .. }), _) => forwarded(books, seen),
            (.., Some(IssuerRecord::Decided { .. })) => decided(books, seen),
            (.., Some(IssuerRecord::Reversed { .. })) => reversed(books, seen),
            _ => Ok(0),
        }
    }
}

/// The copy that the party acted on, if there was one.
fn copy(books: &Books, party: Party, mti: Mti, is_it: impl Fn(&Wire) -> bool) -> Option<usize> {
    let found = books.copies_to(party).rev().find(|d| {
        let wire = &books.wires[d.wire];
        wire.mti.original() == mti && is_it(wire)
    });
    found.map(|d| d.index)
}

fn approved(books: &Books, seen: &Seen<'_>) -> Checked {
    let party = seen.entry.party;
    let twice = books.sale_in(seen.index).filter(|s| s.approved_again == Some(seen.index));
    let Some((sale, first)) = twice.and_then(|s| Some((s, s.approved?))) else { return Ok(0) };
    let is_it = |w: &Wire| w.stan == sale.stan;
    let answer = sale.kind.request().response();
    let Some(copy) = copy(books, party, answer, is_it) else { return Ok(0) };
    breach!(
        [first.index, copy, seen.index],
        "{party} took a second copy of the approval of {sale} for another sale"
    )
}

fn forwarded(books: &Books, seen: &Seen<'_>) -> Checked {
    let party = seen.entry.party;
    let Some((new, earlier)) = books.forwards.split_last() else { return Ok(0) };
    let is_same = |f: &&Forward| f.switch == party && f.origin == new.origin && f.id != new.id;
    let Some(first) = earlier.iter().find(is_same) else { return Ok(0) };
    let is_it = |w: &Wire| match new.origin {
        Origin::Pos(key) => w.is_pos && w.pos_key() == key,
        Origin::Network(key) => !w.is_pos && w.network_key() == key,
    };
    let Some(copy) = copy(books, party, new.kind.request(), is_it) else { return Ok(0) };
    breach!(
        [first.index, copy, seen.index],
        "{party} forwarded a second copy of a request for {} of card {} as a new one",
        new.amount,
        new.pan
    )
}

fn decided(books: &Books, seen: &Seen<'_>) -> Checked {
    let party = seen.entry.party;
    let Some((new, earlier)) = books.decisions.split_last() else { return Ok(0) };
    // What a chip signed is one request, whatever name somebody sent it under.
    let is_signed_alike = |d: &Decision| d.pan == new.pan && d.presented == new.presented;
    let is_same = |d: &&Decision| {
        d.issuer == party
            && (d.key == new.key || new.presented.is_some() && is_signed_alike(d))
            && d.moved()
            && new.moved()
    };
    let Some(first) = earlier.iter().find(is_same) else { return Ok(0) };
    let is_it = |w: &Wire| !w.is_pos && w.network_key() == new.key;
    let Some(copy) = copy(books, party, new.kind.request(), is_it) else { return Ok(0) };
    breach!(
        [first.index, copy, seen.index],
        "{party} {} on card {} for a second copy of a request",
        new.done(),
        new.pan
    )
}

fn reversed(books: &Books, seen: &Seen<'_>) -> Checked {
    let party = seen.entry.party;
    let Some(new) = books.reversals.last().filter(|r| r.credit > 0) else { return Ok(0) };
    let Some(first) = new.before_index else { return Ok(0) };
    let is_it = |w: &Wire| w.original == Some(new.key);
    let Some(copy) = copy(books, party, Mti::REVERSAL_ADVICE, is_it) else { return Ok(0) };
    breach!(
        [first, copy, seen.index],
        "{party} gave {} back for a second copy of a reversal",
        books.money(new.credit.unsigned_abs())
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{SWITCH, TERMINAL, Tale, sale};
    use reversim_models::record::Presented;

    #[test]
    fn a_copy_is_answered_and_changes_nothing() {
        let mut tale = Tale::new();
        let answer = tale.until_answer(sale(1));
        tale.deliver_copy(2, 1);
        tale.send(1, SWITCH, TERMINAL, &sale(1).pos_answer(Mti::FINANCIAL_RESPONSE, "00"));
        tale.deliver(answer);
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_replay_is_not_forwarded_again() {
        let mut tale = Tale::new();
        tale.until_answer(sale(1));
        let copy = tale.deliver_copy(2, 1);
        let again = tale.forwarded_as(sale(1), |record| {
            if let SwitchRecord::Forwarded { id, .. } = record {
                *id = 2;
            }
        });
        tale.breaks(ABOUT.name, &[4, copy, again], "as a new one");
    }

    #[test]
    fn a_replay_is_not_debited_again() {
        let mut tale = Tale::new();
        let request = tale.network_request(sale(1)) - 1;
        let first = tale.decided(sale(1));
        let copy = tale.deliver_copy(request, 1);
        let second = tale.decided(sale(1));
        tale.breaks(ABOUT.name, &[first, copy, second], "for a second copy");
    }

    #[test]
    fn what_a_chip_signed_is_not_debited_again_under_another_number() {
        let signed = |record: &mut IssuerRecord| {
            if let IssuerRecord::Decided { presented, .. } = record {
                let (unpredictable, cryptogram) = ([7; 4], [9; 8]);
                *presented = Some(Presented { counter: 3, unpredictable, cryptogram });
            }
        };
        let mut tale = Tale::new();
        let request = tale.network_request(sale(1)) - 1;
        let first = tale.decided_as(sale(1), signed);
        let copy = tale.deliver_resubmitted(request, &sale(2).net(Mti::FINANCIAL_REQUEST));
        let second = tale.decided_as(sale(2), signed);
        tale.breaks(ABOUT.name, &[first, copy, second], "for a second copy");
    }

    #[test]
    fn without_a_copy_nothing_is_replayed() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.is_unknown(ABOUT.name);
    }
}
