//! S12 trace-numbers-are-unique: STANs of terminals, keys and RRNs of switches, STANs of reversals
//! and repeats.

use super::books::{Books, Wire};
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use reversim_models::iso8583::Mti;
use reversim_models::record::{Origin, SwitchRecord};

const ABOUT: About = About {
    code: "S12",
    name: "trace-numbers-are-unique",
    claim: "No STAN is reused while its bearer is unsettled or in doubt, none is 000000, \
            references are unique, and a reversal carries the STAN of its original.",
    example: "a sale of 500.00 at terminal-1 (STAN 000001) whose 0210 is lost; then an inquiry\n\
              terminal-1 sends the 0400 with STAN 000002",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::TERMINAL.and(Kinds::SWITCH).and(Kinds::SENT_REVERSAL)
    }
    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        if seen.terminal().is_some() {
            return taken(books, seen.index);
        }
        match seen.switch() {
            Some(SwitchRecord::Forwarded { .. }) => forwarded(books, seen.index),
            Some(_) => Ok(0),
            None => reversal(books, &books.wires[seen.place]),
        }
    }
}

/// A number that a terminal takes.
fn taken(books: &Books, index: usize) -> Checked {
    let Some(new) = books.numbers.last() else { return Ok(0) };
    if new.index != index {
        return Ok(0);
    }
    let (terminal, stan, max) = (new.terminal, new.stan, books.setting.stan_max.0);
    if stan == 0 || (max > 0 && stan > max) {
        return breach!([index], "{terminal} uses STAN {stan:06}, which is no valid number");
    }
    let bearer = books.sales_of(terminal).find(|s| {
        let is_other = s.stan == stan && s.started != Some(index);
        is_other && ((s.stands().is_some() && s.settled.is_none()) || s.is_pending())
    });
    if let Some(sale) = bearer {
        let state = if sale.is_pending() { "in doubt" } else { "not settled" };
        return breach!(
            [sale.started.unwrap_or(sale.first), index],
            "{terminal} uses STAN {stan:06} again while {sale} is {state}"
        );
    }
    let own = books.numbers_of(terminal).rev();
    for (between, number) in own.skip(1).enumerate() {
        if number.stan == stan {
            // Numbers run to the largest and wrap; those of sales may have been skipped.
            let skipped = books.sales_of(terminal).count();
            if between + skipped + 1 >= max as usize {
                break;
            }
            return breach!(
                [number.index, index],
                "{terminal} uses STAN {stan:06} again after {between} other numbers: its counter \
                 went back"
            );
        }
    }
    Ok(1)
}

/// A name that a switch gives on a network line.
fn forwarded(books: &Books, index: usize) -> Checked {
    let Some(new) = books.forwards.last() else { return Ok(0) };
    if new.index != index {
        return Ok(0);
    }
    let switch = new.switch;
    if new.key.stan == 0 {
        return breach!([index], "{switch} uses STAN 000000 on a network line");
    }
    let namesakes = books.forwards_named(new.key).chain(books.forwards_with(new.rrn));
    for old in namesakes.filter(|f| f.switch == switch && f.id != new.id) {
        if old.key == new.key {
            return breach!(
                [old.index, index],
                "{switch} gives two requests the same name on a network line: STAN {:06} at \
                 {:010}",
                new.key.stan,
                new.key.transmission
            );
        }
        let is_own = matches!((old.origin, new.origin), (Origin::Pos(_), Origin::Pos(_)));
        if is_own && old.rrn == new.rrn && old.date == new.date {
            return breach!(
                [old.index, index],
                "{switch} gives two requests of {} the same retrieval reference number {}",
                new.date,
                String::from_utf8_lossy(&new.rrn)
            );
        }
    }
    Ok(1)
}

/// A reversal carries its original's number, and every repeat of an advice carries the advice's.
fn reversal(books: &Books, wire: &Wire) -> Checked {
    if wire.is_pos {
        let Some(sale) = books.sale(wire.ticket).filter(|s| s.terminal == wire.from) else {
            return Ok(0);
        };
        if sale.stan == wire.stan {
            return Ok(1);
        }
        return breach!(
            [sale.started.unwrap_or(sale.first), wire.index],
            "{} reverses {sale} under STAN {:06}: nobody can find the original",
            wire.from,
            wire.stan
        );
    }
    let Some(original) = wire.original else { return Ok(1) };
    let first = books.reversals_on_wire(original).find(|w| {
        w.index < wire.index
            && w.from == wire.from
            && w.mti.original() == Mti::REVERSAL_ADVICE
            && !w.is_arrival
    });
    match first {
        Some(first) if first.stan != wire.stan => breach!(
            [first.index, wire.index],
            "{} repeats its reversal advice {:06} under STAN {:06}: the receiver sees two",
            wire.from,
            first.stan,
            wire.stan
        ),
        _ => Ok(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{ISSUER, SWITCH, Sale, Tale, sale};
    use reversim_models::iso8583::Element;
    use reversim_models::record::TerminalRecord;

    #[test]
    fn every_sale_has_a_number_of_its_own() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.taken_back(sale(2));
        tale.holds(ABOUT.name);
        tale.is_clean();
    }

    #[test]
    fn zero_is_no_number() {
        let mut tale = Tale::new();
        let started = tale.started(Sale { stan: 0, ..sale(1) });
        tale.breaks(ABOUT.name, &[started], "STAN 000000");
    }

    #[test]
    fn a_number_of_the_open_batch_is_not_used_again() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        let again = tale.started(Sale { stan: 1, ..sale(2) });
        tale.breaks(ABOUT.name, &[1, again], "is not settled");
    }

    #[test]
    fn a_counter_that_goes_back_uses_numbers_twice() {
        let mut tale = Tale::new();
        let first = tale.terminal(sale(1), TerminalRecord::StanTaken { stan: 7 });
        tale.terminal(sale(1), TerminalRecord::StanTaken { stan: 8 });
        let again = tale.terminal(sale(1), TerminalRecord::StanTaken { stan: 7 });
        tale.breaks(ABOUT.name, &[first, again], "its counter went back");
    }

    #[test]
    fn numbers_come_round_when_they_wrap() {
        let mut tale = Tale::new();
        tale.history.setting.stan_max = (9, 9);
        for stan in (1..=9).chain(1..=9) {
            tale.terminal(sale(1), TerminalRecord::StanTaken { stan });
        }
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_reversal_carries_the_number_of_its_original() {
        let mut tale = Tale::new();
        let started = tale.started(sale(1));
        let reversal = tale.reversal(Sale { stan: 2, ..sale(1) }) - 1;
        tale.breaks(ABOUT.name, &[started, reversal], "under STAN 000002");
    }

    #[test]
    fn a_repeat_of_an_advice_carries_its_number_again() {
        let mut tale = Tale::new();
        let first = tale.advice(sale(1)) - 1;
        let mut repeat = sale(1).advice(Mti::REVERSAL_ADVICE_REPEAT);
        tale.send(1, SWITCH, ISSUER, &repeat);
        repeat.set_number(Element::STAN, 960, 6);
        let second = tale.send(1, SWITCH, ISSUER, &repeat);
        tale.breaks(ABOUT.name, &[first, second], "the receiver sees two");
    }

    #[test]
    fn two_requests_on_a_network_line_have_two_names() {
        let mut tale = Tale::new();
        let first = tale.forwarded(sale(1));
        let second = tale.forwarded_as(sale(2), |record| {
            if let SwitchRecord::Forwarded { key, .. } = record {
                *key = sale(1).key();
            }
        });
        tale.breaks(ABOUT.name, &[first, second], "the same name");
    }

    #[test]
    fn who_sends_nothing_numbers_nothing() {
        Tale::new().is_unknown(ABOUT.name);
    }
}
