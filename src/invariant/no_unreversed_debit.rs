//! S1 no-unreversed-debit: 无单边账. Not whether the goods were handed over.

use super::books::{Books, Decision, Sale, Wish};
use super::{About, Checked, Invariant, breach};
use crate::history::Horizon;

const ABOUT: About = About {
    code: "S1",
    name: "no-unreversed-debit",
    claim: "Every issuer debit, credit or hold has a terminal approval on durable record, or is \
            taken back; an exception item stands in for it only if the whole retry budget was \
            really spent, and not for ever, but for a hold, which ends by itself.",
    example: "a sale of 500.00 at terminal-1; drop the first 0210 from switch-1 to terminal-1\n\
              and the reversal never reaches issuer-1: the debit has neither approval nor credit",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn at(&self, books: &Books, horizon: Horizon) -> Checked {
        let mut checked = 0;
        for debit in books.decisions.iter().filter(|d| d.moved()) {
            checked += judge(books, debit, horizon)?;
        }
        Ok(checked)
    }
}

fn judge(books: &Books, debit: &Decision, horizon: Horizon) -> Checked {
    if !debit.stands() {
        return Ok(1);
    }
    let sale = books.sale(debit.ticket);
    if sale.is_none() && !books.setting.foreign.is_empty() {
        return match books.asked_of_a_stranger(debit.ticket) {
            Some(wish) => judge_by_sight(books, debit, wish, horizon),
            None => Ok(0),
        };
    }
    if let Some(approval) = sale.and_then(Sale::stands) {
        let is_hold_ended = debit.kind.hold() < 0;
        if debit.net().unsigned_abs() <= approval.amount.minor || is_hold_ended {
            return Ok(1);
        }
        return breach!(
            [debit.index, approval.index],
            "{} {} on card {}, but {} has {} on record",
            debit.issuer,
            debit.done(),
            debit.pan,
            debit.terminal_name(),
            approval.amount
        );
    }
    // A claim that the acquirer took stands for the approval that the terminal never had.
    if debit.claim.is_some() && books.filed_for(debit.ticket).is_some() {
        return Ok(1);
    }
    // What has no slip is given back, and by a void that was one-sided it is already.
    let voided = Some(debit).filter(|debit| debit.kind.is_void());
    let voided = voided.and_then(|void| books.original_of(void));
    let is_square = |voided: &Decision| voided.net().saturating_add(debit.net()) == 0;
    let is_slipless = |voided: &&Decision| books.slip_missing(voided.ticket).is_some();
    if voided.filter(is_slipless).is_some_and(is_square) {
        return Ok(1);
    }
    // No file tells of what is held: it ends by itself, which is a claim of its own (L9).
    if horizon != Horizon::ClaimsClosed || debit.debit == 0 {
        if books.exception(debit.ticket).is_some() {
            return Ok(1);
        }
        let waits = |s: &Sale| s.is_pending() && books.must_settle(s.terminal);
        if horizon == Horizon::Online && sale.is_some_and(waits) {
            return Ok(0);
        }
    }
    let story = sale.map_or("the terminal has no record of it", Sale::story);
    let witness = sale.map_or(debit.index, Sale::last);
    let stan = sale.map_or(0, |s| s.stan);
    breach!(
        [debit.index, witness],
        "{} {} on card {} at {} (voucher {stan:06}, {}); {story}, and nothing was taken back",
        debit.issuer,
        debit.done(),
        debit.pan,
        debit.at,
        debit.terminal_name()
    )
}

/// The same for a terminal that keeps its records to itself: what it shows and prints stands for
/// them, and the batch that its host closed.
fn judge_by_sight(books: &Books, debit: &Decision, wish: &Wish, horizon: Horizon) -> Checked {
    let is_hold_ended = debit.kind.hold() < 0;
    match wish.approved {
        Some((_, minor)) if debit.net().unsigned_abs() <= minor || is_hold_ended => return Ok(1),
        Some((told, minor)) => {
            return breach!(
                [debit.index, told],
                "{} {} on card {}, but {} said {}",
                debit.issuer,
                debit.done(),
                debit.pan,
                wish.terminal,
                books.money(minor)
            );
        }
        None => {}
    }
    let is_settled = books.presented_about(debit.ticket).next().is_some();
    let is_given_up = wish.given_up.is_some() || books.exception(debit.ticket).is_some();
    let is_claimed = debit.claim.is_some() && books.filed_for(debit.ticket).is_some();
    if is_settled || is_given_up || is_claimed {
        return Ok(1);
    }
    // Approved and dark before it could say so: its batch will tell.
    let may_stand = wish.is_interrupted || books.must_settle(wish.terminal);
    if may_stand && horizon == Horizon::Online {
        return Ok(0);
    }
    let (end, said) = match wish.end {
        Some((end, display)) => (end, display.text().0),
        None => (wish.index, "nothing".to_owned()),
    };
    breach!(
        [debit.index, end],
        "{} {} on card {} at {} (wish {}, {}); the terminal said {said}, and nothing was taken \
         back",
        debit.issuer,
        debit.done(),
        debit.pan,
        debit.at,
        wish.ticket.0,
        wish.terminal
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{SWITCH, TERMINAL, Tale, sale};
    use reversim_models::device::Display;
    use reversim_models::iso8583::Mti;
    use reversim_models::node::Ticket;

    #[test]
    fn a_lost_answer_that_is_reversed_leaves_no_one_sided_entry() {
        let mut tale = Tale::new();
        tale.taken_back(sale(1));
        tale.online();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_time_out_without_a_reversal_leaves_a_one_sided_entry() {
        let mut tale = Tale::new();
        tale.until_answer(sale(1));
        let due = tale.due(sale(1));
        tale.online();
        tale.breaks(ABOUT.name, &[7, due], "issuer-1 debited 500.00 on card 622424******0021");
    }

    #[test]
    fn a_declined_sale_exercises_nothing() {
        let mut tale = Tale::new();
        tale.started(sale(1));
        tale.online();
        tale.is_unknown(ABOUT.name);
    }

    #[test]
    fn an_exception_item_stands_in_only_after_the_whole_budget() {
        for (tries, is_clean) in [(3, true), (2, false)] {
            let mut tale = Tale::new();
            tale.until_answer(sale(1));
            tale.due(sale(1));
            for attempt in 1..=tries {
                tale.tried(sale(1), attempt);
            }
            let opened = tale.exception(sale(1), tries);
            tale.online();
            match is_clean {
                true => tale.holds(ABOUT.name),
                false => tale.breaks(ABOUT.name, &[7, opened], "exception item"),
            }
            tale.horizon(Horizon::ClaimsClosed);
            tale.breaks(ABOUT.name, &[7, opened], "nothing was taken back");
        }
    }

    #[test]
    fn a_doubt_that_waits_for_the_settlement_is_judged_at_day_end() {
        let mut tale = Tale::new();
        tale.until_answer(sale(1));
        let due = tale.due(sale(1));
        tale.healed();
        tale.inquiry_shows(Display::MustSettle);
        tale.online();
        tale.is_unknown(ABOUT.name);
        tale.day_end();
        tale.breaks(ABOUT.name, &[7, due], "nothing was taken back");
    }

    #[test]
    fn the_key_decides_whose_debit_it_is_when_one_read_held_two_messages() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.started(sale(2));
        tale.request(sale(2));
        tale.forwarded(sale(2));
        tale.network_request(sale(2));
        // The world can only say that the read was about one of them.
        let decided = tale.decided(sale(2));
        tale.history.entries[decided].ticket = Ticket(1);
        tale.network_answer(sale(2));
        tale.answered(sale(2));
        tale.pass(sale(2), SWITCH, TERMINAL, &sale(2).pos_answer(Mti::FINANCIAL_RESPONSE, "00"));
        tale.approved(sale(2));
        tale.online();
        tale.is_clean();
    }
}
