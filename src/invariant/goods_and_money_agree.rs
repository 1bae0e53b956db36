//! M7 goods-and-money-agree: each purchase, whatever number of swipes served it, at counter and
//! issuer; and the merchant's side when claims are closed.

use super::books::Books;
use super::{About, Checked, Invariant, breach, claimed};
use crate::history::Horizon;
use reversim_models::node::Ticket;
use std::collections::BTreeMap;

const ABOUT: About = About {
    code: "M7",
    name: "goods-and-money-agree",
    claim: "Per purchase, goods are handed over (a receipt, a screen that says approved, or a \
            step that says so and a claim in order) if and only if the cardholder is debited for \
            them; and when claims are closed, the merchant has the same, less the fee.",
    example: "a sale of 500.00 at terminal-1 prints a receipt for a late approval\n\
              its reversal gives the 500.00 back: goods without money",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }
    fn at(&self, books: &Books, horizon: Horizon) -> Checked {
        if !books.sees_issuers() {
            return Ok(0);
        }
        let mut checked = 0;
        let voided = match horizon {
            Horizon::ClaimsClosed => voided(books),
            Horizon::Online | Horizon::DayEnd => Voided::default(),
        };
        let steps = &books.setting.steps;
        for (place, &(_, intent)) in steps.iter().enumerate() {
            if books.steps_for(intent).next() == Some(place) {
                checked += judge(books, intent, &voided, horizon)?;
            }
        }
        Ok(checked)
    }
}

/// What voids gave back, minor units, off the sales that they void: for the merchant both are one
/// transaction, of which no file tells.
fn voided(books: &Books) -> Voided {
    let mut voided = Voided::default();
    for void in books.decisions.iter().filter(|decision| decision.kind.is_void()) {
        let Some(original) = books.original_of(void) else { continue };
        let is_slipless = books.slip_missing(original.ticket).is_some();
        for off in [Some(&mut voided.all), is_slipless.then_some(&mut voided.slipless)] {
            let Some(off) = off else { continue };
            *off.entry(original.ticket).or_insert(0) += void.net();
            *off.entry(void.ticket).or_insert(0) -= void.net();
        }
    }
    voided
}

/// What voids gave back, by what they void (less than zero) and by themselves.
#[derive(Default)]
struct Voided {
    all: BTreeMap<Ticket, i64>,
    /// Of sales that are given back for want of a slip: for the cardholder, too, it is one thing.
    slipless: BTreeMap<Ticket, i64>,
}

fn judge(books: &Books, intent: u32, voided: &Voided, horizon: Horizon) -> Checked {
    let steps = books.steps_for(intent).map(|place| books.setting.steps[place]);
    // What the goods that changed hands are worth at least, and at most.
    let (mut net, mut least, mut most, mut sales) = (0, 0, 0, 0);
    let (mut debit, mut receipt, mut first) = (None, None, None);
    let (mut gross, mut owed) = (0, 0);
    for (ticket, _) in steps {
        let Some(sale) = books.sale(ticket) else { continue };
        let waits =
            horizon == Horizon::Online && sale.is_pending() && books.must_settle(sale.terminal);
        let is_open = || books.exception(ticket).is_some() || books.waits_for_a_file(ticket);
        if waits || (horizon != Horizon::ClaimsClosed && is_open()) {
            return Ok(0);
        }
        sales += 1;
        first = first.or(Some(sale.first));
        net += books.net(ticket) + voided.slipless.get(&ticket).copied().unwrap_or(0);
        owed += books.net(ticket) + voided.all.get(&ticket).copied().unwrap_or(0);
        debit = debit.or(books.moved_for(ticket).map(|d| d.index));
        let told = sale.told.map_or(0, |(_, minor)| i64::try_from(minor).unwrap_or(i64::MAX));
        let told = told * sale.kind.money();
        receipt = receipt.or(sale.told.map(|(index, _)| index));
        // Power may fail before the receipt: it can still be printed.
        let on_record = if sale.told.is_some() { told } else { sale.taken() };
        let told = (told.min(on_record), told.max(on_record));
        let worth = claimed::worth(books, sale, told, horizon)?;
        least += worth.0;
        most += worth.1;
        gross += books.paid_for(ticket);
    }
    let Some(first) = first else { return Ok(0) };
    if net < least {
        return breach!(
            [receipt.unwrap_or(first), debit.unwrap_or(first)],
            "purchase {intent}: goods for {} were handed over, and the cardholder's net debit is \
             {} fen",
            books.money(least.unsigned_abs()),
            net
        );
    }
    if net > most && most < 0 {
        return breach!(
            [receipt.unwrap_or(first), debit.unwrap_or(first)],
            "purchase {intent}: {} was to be given back, and the cardholder's net debit is {net} \
             fen",
            books.money(most.unsigned_abs())
        );
    }
    if net > most {
        return breach!(
            [debit.unwrap_or(first), receipt.unwrap_or(first)],
            "purchase {intent}: the cardholder's net debit is {}, and goods for {} were handed \
             over",
            books.money(net.unsigned_abs()),
            books.money(most.max(0).unsigned_abs())
        );
    }
    if horizon == Horizon::ClaimsClosed && gross != owed {
        return breach!(
            [debit.unwrap_or(first), first],
            "purchase {intent}: the cardholder's net debit is {owed} fen, voids included, and what \
             the merchant is paid, with the fee, is {gross} fen"
        );
    }
    Ok(sales)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::What;
    use crate::invariant::testing::{TERMINAL, Tale, sale};
    use reversim_models::node::Ticket;

    #[test]
    fn goods_are_paid_and_only_goods() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.taken_back(sale(2));
        tale.online();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_receipt_for_a_reversed_sale_is_goods_without_money() {
        let mut tale = Tale::new();
        let receipt = tale.sold(sale(1));
        tale.credited(sale(1));
        tale.online();
        tale.breaks(ABOUT.name, &[7, receipt - 1], "net debit is 0 fen");
    }

    #[test]
    fn a_debit_without_a_receipt_is_money_without_goods() {
        let mut tale = Tale::new();
        tale.until_answer(sale(1));
        tale.due(sale(1));
        tale.online();
        tale.breaks(ABOUT.name, &[1, 7], "net debit is 500.00, and goods for 0.00");
    }

    #[test]
    fn power_that_fails_before_the_receipt_leaves_it_to_be_printed() {
        let mut tale = Tale::new();
        let answer = tale.until_answer(sale(1));
        tale.deliver(answer);
        tale.approved(sale(1));
        tale.push(TERMINAL, 0, What::PowerLost);
        tale.online();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn two_swipes_for_one_purchase_may_both_stand() {
        let mut tale = Tale::new();
        tale.history.setting.steps = vec![(Ticket(1), 1), (Ticket(2), 1)];
        tale.sold(sale(1));
        tale.sold(sale(2));
        tale.online();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn without_a_purchase_nothing_is_handed_over() {
        let mut tale = Tale::new();
        tale.online();
        tale.is_unknown(ABOUT.name);
    }
}
