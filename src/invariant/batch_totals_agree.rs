//! S14 batch-totals-agree: totals of terminal and switch by count and amount, and what an upload
//! explains.

use super::books::{Books, HostBatch, Sale};
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use crate::history::Horizon;
use reversim_models::record::{TerminalRecord, Totals};

const ABOUT: About = About {
    code: "S14",
    name: "batch-totals-agree",
    claim: "Terminal and host agree on a closed batch by count and amount, or a batch upload \
            followed and every difference is an open exception item.",
    example: "a sale of 500.00 at terminal-1 is approved, its 0210 is lost\n\
              terminal-1 settles with the reversal still pending: the totals differ by 500.00",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::TERMINAL
    }
    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        let Some(TerminalRecord::SettlementStarted { batch, totals, .. }) = seen.terminal() else {
            return Ok(0);
        };
        own_totals(books, seen, *batch, *totals)
    }

    fn at(&self, books: &Books, horizon: Horizon) -> Checked {
        if horizon == Horizon::Online {
            return Ok(0);
        }
        let mut checked = 0;
        for host in &books.host_batches {
            let Some(close) = host.closed else { continue };
            checked += explained(books, host, close)?;
            checked += agreed(books, host, close)?;
        }
        Ok(checked)
    }
}

/// The totals that a terminal sends are those of its own records.
fn own_totals(books: &Books, seen: &Seen<'_>, batch: u32, totals: Totals) -> Checked {
    let terminal = seen.entry.party;
    let mut own = Totals::default();
    for sale in books.sales.iter().filter(|s| s.terminal == terminal && s.batch == batch) {
        match (sale.approved, sale.due) {
            (Some(_), Some(_)) => return Ok(0),
            (Some(approval), None) => own = own.plus(sale.kind, approval.amount.minor),
            (None, _) => {}
        }
    }
    if own == totals {
        return Ok(1);
    }
    let last = books.sales.iter().rev().find(|s| s.terminal == terminal && s.batch == batch);
    breach!(
        [last.map_or(seen.index, Sale::last), seen.index],
        "{terminal} settles {} over batch {batch:06}, which holds {} by its own records",
        words(books, totals),
        words(books, own)
    )
}

/// Every voucher on which the sides differ must be an exception item.
fn explained(books: &Books, host: &HostBatch, close: usize) -> Checked {
    let Some(terminal) = books.terminal(host.terminal).filter(|t| books.is_visible(*t)) else {
        return Ok(0);
    };
    let mut checked = 0;
    for &stan in &host.differences {
        let is_it = |s: &&Sale| (s.terminal, s.batch, s.stan) == (terminal, host.batch, stan);
        let sale = books.sales.iter().rev().find(is_it);
        if sale.is_some_and(|s| s.exception.is_some_and(|opened| opened < close)) {
            checked += 1;
            continue;
        }
        return match sale {
            Some(sale) => breach!(
                [sale.last(), close],
                "{} and {terminal} close batch {:06} differing on {sale}, which is no exception \
                 item",
                host.switch,
                host.batch
            ),
            None => breach!(
                [close],
                "{} closes batch {:06} with a difference on voucher {stan:06}, which {terminal} \
                 never sold in it",
                host.switch,
                host.batch
            ),
        };
    }
    Ok(checked)
}

/// Without a difference, both sides closed the same totals.
fn agreed(books: &Books, host: &HostBatch, close: usize) -> Checked {
    let Some((compared, theirs, ours)) = host.compared else { return Ok(0) };
    let terminal = books.terminal(host.terminal);
    let of =
        |b: &&super::books::TerminalBatch| Some(b.terminal) == terminal && b.batch == host.batch;
    let theirs = books.batches.iter().rev().find(of).map_or(theirs, |b| b.totals);
    if !host.differences.is_empty() {
        return Ok(0);
    }
    if theirs != host.totals {
        return breach!(
            [compared, close],
            "{} closed batch {:06} of {} with {}, the terminal with {}, and no difference is named",
            host.switch,
            host.batch,
            String::from_utf8_lossy(&host.terminal),
            words(books, host.totals),
            words(books, theirs)
        );
    }
    if theirs != ours && theirs != Totals::default() && host.details.is_empty() {
        return breach!(
            [compared, close],
            "{} closed batch {:06} of {} although the totals differ ({} against {}) and nothing \
             was uploaded",
            host.switch,
            host.batch,
            String::from_utf8_lossy(&host.terminal),
            words(books, theirs),
            words(books, ours)
        );
    }
    Ok(1)
}

fn words(books: &Books, totals: Totals) -> String {
    let Totals { debits, credits } = totals;
    let mut words = format!("{} debits of {}", debits.count, books.money(debits.minor));
    if credits.count > 0 {
        words += &format!(" and {} credits of {}", credits.count, books.money(credits.minor));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Tale, sale, totals};

    #[test]
    fn both_sides_close_the_same_totals() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.settled(&[sale(1)]);
        tale.day_end();
        tale.holds(ABOUT.name);
    }

    fn settled_with_a_difference(tale: &mut Tale) -> usize {
        tale.settlement_started(99, 1, totals(&[]));
        tale.compared(totals(&[]), totals(&[sale(1)]));
        let close = tale.host_closed(&[], &[1]);
        tale.batch_closed(1, totals(&[]));
        tale.day_end();
        close
    }

    #[test]
    fn a_difference_may_not_be_a_pending_reversal() {
        let mut tale = Tale::new();
        tale.until_answer(sale(1));
        let due = tale.due(sale(1));
        let close = settled_with_a_difference(&mut tale);
        tale.breaks(ABOUT.name, &[due, close], "is no exception item");
    }

    #[test]
    fn a_difference_may_be_an_exception_item() {
        let mut tale = Tale::new();
        tale.until_answer(sale(1));
        tale.due(sale(1));
        tale.exception(sale(1), 3);
        settled_with_a_difference(&mut tale);
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_terminal_settles_what_it_sold() {
        let mut tale = Tale::new();
        let receipt = tale.sold(sale(1));
        let started = tale.settlement_started(2, 1, totals(&[sale(1), sale(2)]));
        let _ = receipt;
        tale.breaks(ABOUT.name, &[1, started], "2 debits of 1000.00");
    }

    #[test]
    fn totals_that_differ_need_an_upload() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.settlement_started(2, 1, totals(&[sale(1)]));
        let compared = tale.compared(totals(&[sale(1)]), totals(&[]));
        let close = tale.host_closed(&[sale(1)], &[]);
        tale.day_end();
        tale.breaks(ABOUT.name, &[compared, close], "nothing was uploaded");
    }

    #[test]
    fn a_day_without_settlement_compares_nothing() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.day_end();
        tale.is_unknown(ABOUT.name);
    }
}
