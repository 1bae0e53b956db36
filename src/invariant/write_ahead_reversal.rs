//! S16 write-ahead-reversal: financial requests of terminals against the records that would
//! reverse them.

use super::books::{Books, Sale, Wire};
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use crate::party::Role;
use reversim_models::record::Kind;

const ABOUT: About = About {
    code: "S16",
    name: "write-ahead-reversal",
    claim: "No financial request is on the wire without a durable record that would reverse it, \
            or repeat it if it is an advice, nor while an earlier one is to be reversed.",
    example: "a sale of 500.00 at terminal-1; drop the 0210, then cut the power of terminal-1\n\
              terminal-1 forgets the reversal and sends the next request",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::SENT_REQUEST
    }
    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        let wire = &books.wires[seen.place];
        let terminal = wire.from;
        if terminal.role != Role::Terminal || !books.is_visible(terminal) {
            return Ok(0);
        }
        let own = || books.sales_of(terminal).rev();
        let kind = wire.kind();
        // What is in doubt may be asked about.
        let asks = |s: &Sale| kind == Some(Kind::OrderQuery) && s.ticket == wire.ticket;
        let blocks =
            |s: &&Sale| s.is_pending() && s.stan != wire.stan && !s.kind.is_advice() && !asks(s);
        if let Some(older) = own().find(blocks) {
            let state =
                if older.due.is_some() { "is waiting to be reversed" } else { "is in doubt" };
            return breach!(
                [older.last(), wire.index],
                "{terminal} sends a new request (STAN {:06}) at {} while {older} {state}",
                wire.stan,
                wire.at
            );
        }
        if kind.is_some_and(Kind::is_advice) {
            return told(books, wire);
        }
        if kind.is_some_and(|kind| !kind.is_reversible()) {
            return Ok(1);
        }
        if own().any(|s| s.stan == wire.stan && s.is_pending() && s.started.is_some()) {
            return Ok(1);
        }
        breach!(
            [wire.index],
            "{terminal} sends a {} of {} (STAN {:06}) at {} with nothing on record that would \
             reverse it",
            kind.map_or("request", Kind::words),
            books.money(wire.amount.unwrap_or(0)),
            wire.stan,
            wire.at
        )
    }
}

/// An advice needs a record that would tell it again.
fn told(books: &Books, wire: &Wire) -> Checked {
    let terminal = wire.from;
    let mut own = books.sales_about(wire.ticket).filter(|s| s.terminal == terminal);
    if own.any(|s| s.is_pending() && s.started.is_some()) {
        return Ok(1);
    }
    breach!(
        [wire.index],
        "{terminal} sends an advice of {} (STAN {:06}) at {} with nothing on record that would \
         tell it again",
        books.money(wire.amount.unwrap_or(0)),
        wire.stan,
        wire.at
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::What;
    use crate::invariant::testing::{TERMINAL, Tale, sale};

    #[test]
    fn a_sale_is_recorded_before_it_is_sent() {
        let mut tale = Tale::new();
        tale.taken_back(sale(1));
        tale.sold(sale(2));
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_sale_that_is_sent_first_cannot_be_reversed_after_power_loss() {
        let mut tale = Tale::new();
        let request = tale.request(sale(1)) - 1;
        tale.started(sale(1));
        tale.breaks(ABOUT.name, &[request], "nothing on record");
    }

    #[test]
    fn after_power_loss_the_pending_reversal_goes_first() {
        let mut tale = Tale::new();
        let started = tale.started(sale(1));
        tale.request(sale(1));
        tale.push(TERMINAL, 0, What::PowerLost);
        tale.push(TERMINAL, 0, What::PowerRestored);
        tale.started(sale(2));
        let request = tale.request(sale(2)) - 1;
        tale.breaks(ABOUT.name, &[started, request], "is in doubt");
    }

    #[test]
    fn a_power_cut_between_record_and_send_is_no_harm() {
        let mut tale = Tale::new();
        tale.started(sale(1));
        tale.push(TERMINAL, 0, What::PowerLost);
        tale.push(TERMINAL, 0, What::PowerRestored);
        tale.due(sale(1));
        tale.tried(sale(1), 1);
        tale.reversal(sale(1));
        tale.accepted(sale(1), false);
        tale.acknowledged(sale(1));
        tale.reversed(sale(1));
        tale.started(sale(2));
        tale.request(sale(2));
        tale.is_clean();
    }

    #[test]
    fn without_a_request_nothing_is_written_ahead() {
        let mut tale = Tale::new();
        tale.started(sale(1));
        tale.is_unknown(ABOUT.name);
    }
}
