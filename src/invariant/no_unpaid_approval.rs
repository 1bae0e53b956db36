//! S1m no-unpaid-approval: the mirror of S1.

use super::books::{Books, Decision, Wish, WishKind};
use super::{About, Checked, Invariant, breach};
use crate::history::Horizon;

const ABOUT: About = About {
    code: "S1m",
    name: "no-unpaid-approval",
    claim: "Every approval on a terminal has an issuer debit, credit or hold of that amount that \
            was not taken back.",
    example: "a sale of 500.00 at terminal-1 is approved by switch-1 alone\n\
              issuer-1 never debits: the shop is not paid",
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
        for sale in &books.sales {
            let Some(approval) = sale.stands() else { continue };
            // A switch answered for it, and could not tell it on: people take over.
            let is_told = sale.kind.is_advice() || books.is_stood_in(sale.ticket);
            let may_wait = is_told && horizon != Horizon::ClaimsClosed;
            let is_open =
                || books.exception(sale.ticket).is_some() || books.waits_for_a_file(sale.ticket);
            if may_wait && is_open() {
                checked += 1;
                continue;
            }
            // What has no slip is given back.
            if books.slip_missing(sale.ticket).is_some() {
                checked += 1;
                continue;
            }
            let decided = books.decisions_about(sale.ticket).next();
            let net = books.net(sale.ticket);
            let is_short = net.saturating_mul(sale.kind.money()) < sale.taken().abs();
            let witness = decided.map_or(approval.index, |d| d.credit.unwrap_or(d.index));
            if is_short {
                return breach!(
                    [approval.index, witness],
                    "{sale} stands approved for {}, but the cardholder's net debit is {} fen",
                    approval.amount,
                    net
                );
            }
            // A hold may have expired since; it must have been there, and not have been reversed.
            // What is told as done is owed also when the hold was over before.
            let is_held = |d: &Decision| d.hold + d.hold_back != 0;
            if sale.kind.hold() != 0
                && !sale.kind.is_advice()
                && !books.decisions_about(sale.ticket).any(is_held)
            {
                return breach!(
                    [approval.index, witness],
                    "{sale} stands approved for {}, but nothing changed in what is held on its \
                     card",
                    approval.amount
                );
            }
            checked += 1;
        }
        for wish in &books.wishes {
            checked += judge_by_sight(books, wish)?;
        }
        Ok(checked)
    }
}

/// A sale at a terminal that keeps its records to itself, but showed or printed an approval.
fn judge_by_sight(books: &Books, wish: &Wish) -> Checked {
    let Some((told, minor)) = wish.approved else { return Ok(0) };
    if wish.kind != WishKind::Sale || books.is_visible(wish.terminal) {
        return Ok(0);
    }
    // A switch answered for it, and could not tell it on; or there is no slip of it.
    let is_open = books.is_stood_in(wish.ticket) || books.slip_missing(wish.ticket).is_some();
    let net = books.net(wish.ticket);
    if is_open || net >= i64::try_from(minor).unwrap_or(i64::MAX) {
        return Ok(1);
    }
    let decided = books.decisions_about(wish.ticket).next();
    breach!(
        [told, decided.map_or(told, |decided| decided.credit.unwrap_or(decided.index))],
        "{} said that wish {} is approved for {}, but the cardholder's net debit is {net} fen",
        wish.terminal,
        wish.ticket.0,
        books.money(minor)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{ISSUER, SWITCH, Sale, TERMINAL, Tale, sale};
    use reversim_models::iso8583::Mti;
    use reversim_models::node::Ticket;

    #[test]
    fn an_approved_sale_is_paid() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.online();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn an_approval_whose_debit_was_given_back_is_not_paid() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        let credit = tale.credited(sale(1));
        tale.online();
        let approval = credit - 3;
        tale.breaks(ABOUT.name, &[approval, credit], "stands approved for 500.00");
    }

    #[test]
    fn behind_a_foreign_switch_card_and_amount_say_whose_debit_it_is() {
        let mut tale = Tale::new();
        tale.history.setting.parties.retain(|party| *party != SWITCH);
        tale.history.setting.foreign.push(SWITCH);
        tale.started(sale(1));
        tale.request(sale(1));
        let decided = tale.decided(sale(1));
        tale.history.entries[decided].ticket = Ticket::NONE;
        tale.pass(sale(1), SWITCH, TERMINAL, &sale(1).pos_answer(Mti::FINANCIAL_RESPONSE, "00"));
        tale.approved(sale(1));
        tale.online();
        tale.holds(ABOUT.name);
        tale.is_clean();
    }

    #[test]
    fn behind_a_foreign_switch_two_requests_in_one_read_are_told_apart_by_their_terminals() {
        let mut tale = Tale::new();
        tale.history.setting.parties.retain(|party| *party != SWITCH);
        tale.history.setting.foreign.push(SWITCH);
        let there = Sale { terminal: 2, ..sale(2) };
        for each in [sale(1), there] {
            tale.started(each);
            tale.request(each);
        }
        tale.decided(sale(1));
        let decided = tale.decided(there);
        tale.history.entries[decided].ticket = Ticket(1);
        for each in [sale(1), there] {
            let answer = each.pos_answer(Mti::FINANCIAL_RESPONSE, "00");
            tale.pass(each, SWITCH, each.party(), &answer);
            tale.approved(each);
        }
        tale.online();
        tale.holds(ABOUT.name);
        tale.is_clean();
    }

    #[test]
    fn a_foreign_issuer_keeps_the_evidence_to_itself() {
        let mut tale = Tale::new();
        tale.history.setting.parties.retain(|party| *party != ISSUER);
        tale.history.setting.foreign.push(ISSUER);
        tale.approved(sale(1));
        tale.online();
        tale.is_unknown(ABOUT.name);
    }
}
