//! M4 currency-exact: currencies along the chain, and amounts of reversals.

use super::books::{Books, Wire};
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use reversim_models::card::Amount;

const ABOUT: About = About {
    code: "M4",
    name: "currency-exact",
    claim: "One transaction has one currency at every party, and its reversal asks for exactly \
            the amount that was asked for or approved, in that currency.",
    example: "a sale of 500 yen is reversed\n\
              the 0420 of switch-1 asks for 50000",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::TERMINAL.and(Kinds::SWITCH).and(Kinds::ISSUER).and(Kinds::SENT_REVERSAL)
    }
    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        if seen.terminal().is_some() {
            return approved(books, seen.index);
        }
        if seen.switch().is_some() {
            let Some(forward) = books.forwards.last().filter(|f| f.index == seen.index) else {
                return Ok(0);
            };
            let Some(sale) = books.sale(forward.ticket) else { return Ok(0) };
            return same(sale.amount, sale.first, forward.amount, forward.index);
        }
        if seen.issuer().is_some() {
            let Some(decision) = books.decisions.last().filter(|d| d.index == seen.index) else {
                return Ok(0);
            };
            let forward = books.forward_by_key(decision.key, decision.terminal);
            let Some(forward) = forward else { return Ok(0) };
            return same(forward.amount, forward.index, decision.amount, decision.index);
        }
        reversal(books, &books.wires[seen.place])
    }
}

fn same(one: Amount, at: usize, other: Amount, index: usize) -> Checked {
    if one.currency == other.currency {
        return Ok(1);
    }
    breach!(
        [at, index],
        "a transaction in currency {:03} goes on in currency {:03}",
        one.currency.0,
        other.currency.0
    )
}

fn approved(books: &Books, index: usize) -> Checked {
    let Some(sale) = books.sale_in(index) else { return Ok(0) };
    let Some(approval) = sale.approved.filter(|approval| approval.index == index) else {
        return Ok(0);
    };
    same(sale.amount, sale.first, approval.amount, index)
}

/// A reversal asks for what the original asked for, or for what was approved of it.
fn reversal(books: &Books, wire: &Wire) -> Checked {
    let Some(minor) = wire.amount else { return Ok(0) };
    let (amount, approved, original) = if wire.is_pos {
        let Some(sale) = books.sale(wire.ticket).filter(|s| s.terminal == wire.from) else {
            return Ok(0);
        };
        (sale.amount, sale.approved.map(|a| a.amount.minor), sale.first)
    } else {
        let Some(key) = wire.original else { return Ok(0) };
        let mut own = books.forwards_named(key).rev().filter(|f| f.switch == wire.from);
        let Some(forward) = own.next() else { return Ok(0) };
        // What was approved may have come too late to be recorded as an answer.
        let part = books.wires.iter().rev().find(|w| {
            w.to == wire.from && w.is_approval() && Some(w.network_key()) == wire.original
        });
        (forward.amount, part.and_then(|w| w.amount), forward.index)
    };
    if let Some(currency) = wire.currency.filter(|currency| *currency != amount.currency) {
        return same(amount, original, currency.amount(minor), wire.index);
    }
    if minor == amount.minor || Some(minor) == approved {
        return Ok(1);
    }
    breach!(
        [original, wire.index],
        "{} reverses {} of a transaction of {amount}",
        wire.from,
        amount.currency.amount(minor)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{ISSUER, SWITCH, Sale, Tale, YEN, sale};
    use reversim_models::iso8583::{Element, Mti};
    use reversim_models::record::{IssuerRecord, SwitchRecord};

    #[test]
    fn a_transaction_keeps_its_currency_and_its_reversal_its_amount() {
        let mut tale = Tale::new();
        tale.taken_back(sale(1));
        tale.sold(sale(2));
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_transaction_does_not_change_its_currency() {
        let mut tale = Tale::new();
        let forwarded = tale.forwarded(sale(1));
        let decided = tale.decided_as(sale(1), |record| {
            if let IssuerRecord::Decided { amount, .. } = record {
                amount.currency = YEN;
            }
        });
        tale.breaks(ABOUT.name, &[forwarded, decided], "in currency 392");
    }

    #[test]
    fn a_reversal_is_not_rescaled() {
        let mut tale = Tale::new();
        let forwarded = tale.forwarded(sale(1));
        let advice = tale.advice(Sale { minor: 5_000_000, ..sale(1) }) - 1;
        tale.breaks(ABOUT.name, &[forwarded, advice], "reverses 50000.00 of a transaction");
    }

    #[test]
    fn a_reversal_is_in_the_currency_of_its_original() {
        let mut tale = Tale::new();
        let forwarded = tale.forwarded(sale(1));
        let message = sale(1).advice(Mti::REVERSAL_ADVICE).with(Element::CURRENCY, "392");
        let advice = tale.pass(sale(1), SWITCH, ISSUER, &message) - 1;
        tale.breaks(ABOUT.name, &[forwarded, advice], "goes on in currency 392");
    }

    #[test]
    fn what_a_reversal_asks_for_is_told_in_its_own_decimals() {
        let mut tale = Tale::new();
        tale.history.setting.currency = YEN;
        let forwarded = tale.forwarded_as(sale(1), |record| {
            if let SwitchRecord::Forwarded { amount, .. } = record {
                amount.currency = YEN;
            }
        });
        let message = Sale { minor: 5_000_000, ..sale(1) }.advice(Mti::REVERSAL_ADVICE);
        let message = message.with(Element::CURRENCY, "392");
        let advice = tale.pass(sale(1), SWITCH, ISSUER, &message) - 1;
        let sentence = "reverses 5000000 of a transaction of 50000";
        tale.breaks(ABOUT.name, &[forwarded, advice], sentence);
    }

    #[test]
    fn without_a_transaction_there_is_no_currency() {
        Tale::new().is_unknown(ABOUT.name);
    }
}
