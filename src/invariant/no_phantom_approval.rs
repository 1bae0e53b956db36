//! S11 no-phantom-approval: records, receipts and screens that say approved.

use super::books::{Books, Decision, Sale, Wire};
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use crate::history::What;
use reversim_models::card::Amount;
use reversim_models::device::{Display, Output, Slip};
use reversim_models::node::Ticket;
use reversim_models::record::TerminalRecord;

const ABOUT: About = About {
    code: "S11",
    name: "no-phantom-approval",
    claim: "A receipt exists only for an authenticated approval of the issuer, for the approved \
            amount, and never after its reversal began.",
    example: "a sale of 500.00 at terminal-1; delay the 0210 past the time-out of terminal-1\n\
              terminal-1 prints a receipt for the late approval; the reversal still goes",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::TERMINAL.and(Kinds::SCREEN).and(Kinds::PAPER)
    }
    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        let terminal = seen.entry.party;
        if !books.is_visible(terminal) {
            return Ok(0);
        }
        match &seen.entry.what {
            What::Recorded(_) => match seen.terminal() {
                Some(TerminalRecord::Approved { ticket, stan, amount, .. }) => {
                    approved(books, seen, *ticket, *stan, *amount)
                }
                _ => Ok(0),
            },
            What::Told { output: Output::Display(Display::Approved(amount)), .. } => {
                match books.sale(seen.entry.ticket).filter(|sale| sale.terminal == terminal) {
                    Some(sale) => shown(sale, seen.index, "shows APPROVED", *amount),
                    None => Ok(0),
                }
            }
            What::Told {
                output: Output::Slip(Slip::Receipt { stan, batch, amount, .. }), ..
            } => {
                let is_it = |s: &&Sale| (s.stan, s.batch) == (*stan, *batch);
                match books.sales_of(terminal).rev().find(is_it) {
                    Some(sale) => shown(sale, seen.index, "prints a receipt", *amount),
                    None => breach!(
                        [seen.index],
                        "{terminal} prints a receipt of {amount} for voucher {stan:06} of batch \
                         {batch:06}, which it never sold"
                    ),
                }
            }
            _ => Ok(0),
        }
    }
}

/// What a screen or slip says needs an approval on record.
fn shown(sale: &Sale, index: usize, does: &str, told: Amount) -> Checked {
    let terminal = sale.terminal;
    if let Some(due) = sale.due {
        return breach!([due, index], "{terminal} {does} for {sale} after its reversal began");
    }
    match sale.approved {
        Some(approval) if approval.amount.minor == told.minor => Ok(1),
        Some(approval) => breach!(
            [approval.index, index],
            "{terminal} {does} of {told} for {sale}, which is approved for {}",
            approval.amount
        ),
        None => {
            let witness = sale.last();
            breach!(
                [witness, index],
                "{terminal} {does} for {sale}, which is not approved on record"
            )
        }
    }
}

/// An approval on record needs an authenticated 0210, and an issuer that approved.
fn approved(books: &Books, seen: &Seen<'_>, ticket: Ticket, stan: u32, amount: Amount) -> Checked {
    let terminal = seen.entry.party;
    let is_it = |s: &&Sale| (s.terminal, s.stan) == (terminal, stan);
    let Some(sale) = books.sales_about(ticket).rev().find(is_it) else { return Ok(0) };
    if let Some(due) = sale.due {
        return breach!(
            [due, seen.index],
            "{terminal} accepted an approval of {amount} for {sale} after its reversal began"
        );
    }
    if books.was_altered(terminal, ticket) {
        return Ok(0);
    }
    let is_answer = |wire: &Wire| {
        wire.is_approval()
            && wire.has_mac
            && (wire.stan == stan || wire.order == Some((sale.batch, stan)))
            && wire.amount.is_none_or(|minor| minor == amount.minor)
    };
    let mut delivered = books.deliveries.iter().rev().filter(|d| d.party == terminal);
    if !delivered.any(|d| is_answer(&books.wires[d.wire])) {
        return breach!(
            [sale.first, seen.index],
            "{terminal} records {sale} as approved for {amount}, but no authenticated approval \
             of that amount reached it"
        );
    }
    // A switch may answer for an advice, or in the issuer's stead, and tell the issuer later.
    if sale.kind.is_advice() || books.is_stood_in(ticket) {
        return Ok(1);
    }
    let is_debit = |d: &Decision| d.code.is_approval() && d.moved();
    if books.sees_issuers() && !books.decisions_about(ticket).any(is_debit) {
        let last = books.decisions_about(ticket).next_back();
        let witness = last.map_or(sale.first, |d| d.index);
        let word = last.map_or("has not decided it".to_owned(), |d| format!("answered {}", d.code));
        return breach!(
            [witness, seen.index],
            "{terminal} records {sale} as approved for {amount}, but the issuer {word}"
        );
    }
    Ok(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{SWITCH, Sale, TERMINAL, Tale, sale};
    use reversim_models::iso8583::{Element, Mti};

    #[test]
    fn a_receipt_follows_an_authenticated_approval() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_late_approval_is_not_accepted() {
        let mut tale = Tale::new();
        let answer = tale.until_answer(sale(1));
        let due = tale.due(sale(1));
        tale.deliver(answer);
        let late = tale.approved(sale(1));
        tale.breaks(ABOUT.name, &[due, late], "after its reversal began");
    }

    #[test]
    fn an_answer_that_the_issuer_never_gave_is_a_phantom() {
        let mut tale = Tale::new();
        let started = tale.started(sale(1));
        let message = sale(1).pos_answer(Mti::FINANCIAL_RESPONSE, "00");
        tale.pass(sale(1), SWITCH, TERMINAL, &message);
        let approved = tale.approved(sale(1));
        tale.breaks(ABOUT.name, &[started, approved], "the issuer has not decided it");
    }

    #[test]
    fn an_approval_without_a_mac_is_a_phantom() {
        let mut tale = Tale::new();
        tale.until_answer(sale(1));
        let mut message = sale(1).pos_answer(Mti::FINANCIAL_RESPONSE, "00");
        message.remove(Element::MAC_64);
        tale.pass(sale(1), SWITCH, TERMINAL, &message);
        let approved = tale.approved(sale(1));
        tale.breaks(ABOUT.name, &[1, approved], "no authenticated approval");
    }

    #[test]
    fn a_receipt_says_the_approved_amount() {
        let mut tale = Tale::new();
        let shown = tale.sold(sale(1));
        let receipt = tale.receipt(Sale { minor: 50_001, ..sale(1) });
        tale.breaks(ABOUT.name, &[shown - 2, receipt], "approved for 500.00");
    }

    #[test]
    fn a_lost_answer_approves_nothing() {
        let mut tale = Tale::new();
        tale.taken_back(sale(1));
        tale.is_unknown(ABOUT.name);
    }
}
