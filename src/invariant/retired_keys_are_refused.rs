//! X6 retired-keys-are-refused: work keys of terminals at their switch. They retire at once: the
//! hosts here give no grace. Keys of network lines do not change.

use super::books::{Books, Wire};
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use crate::history::Horizon;
use crate::party::Party;
use reversim_models::record::{Origin, PosKey, SwitchRecord};

const ABOUT: About = About {
    code: "X6",
    name: "retired-keys-are-refused",
    claim: "What a terminal sealed under keys that its host has replaced or withdrawn does nothing \
            any more, and what was in flight under them is resolved, not dropped.",
    example: "the keys of terminal-1 are withdrawn; it sells all the same\n\
              switch-1 takes the 0200, which the withdrawn key has sealed, and forwards it",
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
        let (key, class) = match seen.switch() {
            Some(SwitchRecord::Forwarded { origin: Origin::Pos(key), .. }) => (*key, [1, 2]),
            Some(SwitchRecord::ReversalAccepted { origin: Origin::Pos(key), .. }) => (*key, [4, 4]),
            _ => return Ok(0),
        };
        let Some(terminal) = books.terminal(key.terminal) else { return Ok(0) };
        // Which keys somebody else's terminal has taken over, nobody else knows.
        if !books.is_visible(terminal) {
            return Ok(0);
        }
        let Some(retired) = books.keys_changed_at(switch, terminal) else { return Ok(0) };
        // Of several sendings, any may be the one that was taken: the last was sealed last.
        let is_it = |wire: &&Wire| {
            class.contains(&wire.mti.class()) && is_request_of(wire, switch, terminal, &key)
        };
        let PosKey { stan, terminal: id, .. } = key;
        let name = crate::invariant::books::Name { stan, terminal: id };
        match books.wires_named(name).rev().find(is_it) {
            Some(wire) if wire.signed_on < retired => breach!(
                [retired, wire.index, seen.index],
                "{switch} takes {} of {terminal}, STAN {:06}, which retired keys have sealed",
                wire.mti,
                wire.stan
            ),
            Some(_) => Ok(1),
            None => Ok(0),
        }
    }

    fn at(&self, books: &Books, horizon: Horizon) -> Checked {
        let mut checked = 0;
        for line in &books.setting.lines {
            let Some(retired) = books.keys_changed_at(line.switch, line.terminal) else { continue };
            for sale in books.sales_of(line.terminal) {
                let Some(started) = sale.started.filter(|started| *started < retired) else {
                    continue;
                };
                let waits = || horizon == Horizon::Online && books.must_settle(line.terminal);
                if sale.is_pending() && !waits() {
                    return breach!(
                        [started, retired],
                        "{sale} was in flight when the keys of {} changed, and is still open",
                        line.terminal
                    );
                }
                checked += u64::from(sale.last() > retired);
            }
        }
        Ok(checked)
    }
}

/// Whether a terminal wrote this request, or its reversal, to its switch.
fn is_request_of(wire: &Wire, switch: Party, terminal: Party, key: &PosKey) -> bool {
    !wire.is_arrival
        && wire.mti.is_request()
        && (wire.from, wire.to) == (terminal, switch)
        && wire.batch == key.batch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{SWITCH, Sale, TERMINAL, Tale, sale};
    use reversim_models::iso8583::Mti;
    use reversim_models::node::Port;
    use reversim_models::record::TerminalRecord;

    fn issued(tale: &mut Tale) -> usize {
        tale.switch(sale(0), SwitchRecord::KeysIssued { port: Port(1), generation: 1, batch: 1 })
    }

    fn signed_on(tale: &mut Tale) -> usize {
        tale.terminal(sale(0), TerminalRecord::SignedOn { batch: 1, keys: Box::default() })
    }

    fn withdrawn(tale: &mut Tale) -> usize {
        tale.switch(sale(0), SwitchRecord::KeysWithdrawn { port: Port(1) })
    }

    #[test]
    fn what_good_keys_have_sealed_is_taken() {
        let mut tale = Tale::new();
        issued(&mut tale);
        signed_on(&mut tale);
        tale.request(sale(1));
        tale.forwarded(sale(1));
        tale.holds(ABOUT.name);
    }

    #[test]
    fn what_withdrawn_keys_have_sealed_is_not_taken() {
        let mut tale = Tale::new();
        issued(&mut tale);
        signed_on(&mut tale);
        let off = withdrawn(&mut tale);
        let sent = tale.request(sale(1)) - 1;
        let taken = tale.forwarded(sale(1));
        tale.breaks(ABOUT.name, &[off, sent, taken], "which retired keys have sealed");
    }

    #[test]
    fn what_was_on_its_way_when_keys_changed_is_not_taken() {
        let mut tale = Tale::new();
        issued(&mut tale);
        signed_on(&mut tale);
        let message = sale(1).pos(Mti::REVERSAL_REQUEST);
        let sent = tale.send(1, TERMINAL, SWITCH, &message);
        let anew = issued(&mut tale);
        tale.deliver(sent);
        let taken = tale.accepted(sale(1), true);
        tale.breaks(ABOUT.name, &[sent, anew, taken], "takes 0400 of terminal-1");
    }

    #[test]
    fn keys_of_another_terminal_retire_no_keys_of_this_one() {
        let mut tale = Tale::new();
        issued(&mut tale);
        signed_on(&mut tale);
        tale.switch(sale(0), SwitchRecord::KeysWithdrawn { port: Port(2) });
        tale.request(sale(1));
        tale.forwarded(sale(1));
        tale.holds(ABOUT.name);
    }

    #[test]
    fn what_was_in_flight_does_not_stay_open() {
        let mut tale = Tale::new();
        let started = tale.started(sale(1));
        let off = withdrawn(&mut tale);
        tale.online();
        tale.breaks(ABOUT.name, &[started, off], "is still open");
        let mut tale = Tale::new();
        tale.started(sale(1));
        withdrawn(&mut tale);
        tale.due(sale(1));
        tale.reversed(sale(1));
        tale.online();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn without_a_change_no_key_retires() {
        let mut tale = Tale::new();
        tale.sold(Sale { ticket: 2, ..sale(1) });
        tale.is_unknown(ABOUT.name);
    }
}
