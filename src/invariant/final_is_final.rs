//! S13 final-is-final: the records of one transaction at its terminal and switch, and voids of it.

use super::books::{Books, Sale};
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use reversim_models::node::Ticket;
use reversim_models::record::{Kind, SwitchRecord, TerminalRecord};

const ABOUT: About = About {
    code: "S13",
    name: "final-is-final",
    claim: "What is declined, reversed, settled or was never sent does not change again; a void \
            comes before its original is settled.",
    example: "a sale of 500.00 at terminal-1 is reversed\n\
              a late 0210 makes terminal-1 record it as approved",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::TERMINAL.and(Kinds::SWITCH)
    }
    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        if let Some(SwitchRecord::Answered { id, .. }) = seen.switch() {
            return answered(books, seen, *id);
        }
        if let Some(TerminalRecord::Started { kind: Kind::Void | Kind::CompletionVoid, .. }) =
            seen.terminal()
        {
            return voided(books, seen);
        }
        let Some((ticket, stan, word)) = seen.terminal().and_then(change) else { return Ok(0) };
        let terminal = seen.entry.party;
        let is_it = |s: &&Sale| (s.terminal, s.ticket, s.stan) == (terminal, ticket, stan);
        let Some(sale) = books.sales.iter().rev().find(is_it) else { return Ok(0) };
        match sale.end() {
            Some((end, was)) if end < seen.index => breach!(
                [end, seen.index],
                "{terminal} makes {sale} {word} at {}, although it was {was}",
                seen.entry.at
            ),
            _ => Ok(1),
        }
    }
}

/// A terminal that begins to void something. What it is about stands in its own journal.
fn voided(books: &Books, seen: &Seen<'_>) -> Checked {
    let terminal = seen.entry.party;
    let Some(void) = books.sales.iter().rev().find(|s| s.started == Some(seen.index)) else {
        return Ok(0);
    };
    let Some(original) = void.original else { return Ok(0) };
    let is_it =
        |s: &&Sale| (s.terminal, s.batch, s.stan) == (terminal, original.batch, original.stan);
    let Some(sale) = books.sales.iter().rev().find(is_it) else { return Ok(0) };
    match sale.end() {
        Some((end, was)) => breach!(
            [end, seen.index],
            "{terminal} voids {sale} at {}, although it was {was}",
            seen.entry.at
        ),
        None => Ok(1),
    }
}

/// What a record does to a sale.
fn change(record: &TerminalRecord) -> Option<(Ticket, u32, &'static str)> {
    match record {
        TerminalRecord::NotSent { ticket, stan } => Some((*ticket, *stan, "never sent")),
        TerminalRecord::Approved { ticket, stan, .. } => Some((*ticket, *stan, "approved")),
        TerminalRecord::Declined { ticket, stan, .. } => Some((*ticket, *stan, "declined")),
        TerminalRecord::ReversalDue { ticket, stan, .. }
        | TerminalRecord::ReversalTried { ticket, stan, .. } => {
            Some((*ticket, *stan, "due for reversal"))
        }
        TerminalRecord::OrderOpened { ticket, stan }
        | TerminalRecord::OrderQueried { ticket, stan, .. } => {
            Some((*ticket, *stan, "an open order"))
        }
        TerminalRecord::AdviceDue { ticket, stan }
        | TerminalRecord::AdviceTried { ticket, stan, .. } => {
            Some((*ticket, *stan, "due to be told again"))
        }
        TerminalRecord::Reversed { ticket, stan, .. } => Some((*ticket, *stan, "reversed")),
        _ => None,
    }
}

fn answered(books: &Books, seen: &Seen<'_>, id: u64) -> Checked {
    let switch = seen.entry.party;
    let Some(forward) = books.forward(switch, id) else { return Ok(0) };
    let Some(answer) = forward.answered else { return Ok(0) };
    if forward.answered_otherwise == Some(seen.index) {
        return breach!(
            [answer.index, seen.index],
            "{switch} answered transaction {id} of card {} with {} and then decided otherwise",
            forward.pan,
            answer.code
        );
    }
    match forward.reversed {
        Some(reversed)
            if reversed < seen.index && answer.index == seen.index && answer.code.is_approval() =>
        {
            breach!(
                [reversed, seen.index],
                "{switch} answered transaction {id} of card {} approved after it was reversed",
                forward.pan
            )
        }
        _ => Ok(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Sale, Tale, sale};

    #[test]
    fn a_sale_comes_to_one_end() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.taken_back(sale(2));
        tale.settled(&[sale(1)]);
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_reversed_sale_is_not_approved_later() {
        let mut tale = Tale::new();
        tale.started(sale(1));
        tale.due(sale(1));
        let reversed = tale.reversed(sale(1));
        let approved = tale.approved(sale(1));
        tale.breaks(ABOUT.name, &[reversed, approved], "although it was reversed");
    }

    #[test]
    fn a_settled_sale_is_not_reversed_later() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        let settled = tale.settled(&[sale(1)]);
        let due = tale.due(sale(1));
        tale.breaks(ABOUT.name, &[settled, due], "although it was settled");
    }

    #[test]
    fn an_answered_transaction_is_not_decided_otherwise() {
        let mut tale = Tale::new();
        tale.forwarded(sale(1));
        let first = tale.answered_as(sale(1), "98");
        let second = tale.answered_as(sale(1), "00");
        tale.breaks(ABOUT.name, &[first, second], "with 98 and then decided otherwise");
    }

    #[test]
    fn what_is_settled_is_refunded_and_not_voided() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        let settled = tale.settled(&[sale(1)]);
        let void = tale.started(Sale { kind: Kind::Void, batch: 2, ..sale(2) });
        tale.breaks(ABOUT.name, &[settled, void], "although it was settled");
    }

    #[test]
    fn a_started_sale_has_no_end_yet() {
        let mut tale = Tale::new();
        tale.started(sale(1));
        tale.is_unknown(ABOUT.name);
    }
}
