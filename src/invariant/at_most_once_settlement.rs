//! S3 at-most-once-settlement: batches of terminals and switches, and clearing files.

use super::books::Books;
use super::{About, Checked, Invariant, Kinds, Seen, breach, claimed, cleared};
use crate::history::{Horizon, What};
use crate::party::Party;
use reversim_models::record::{
    ClearingRecord, IssuerRecord, PosKey, Record, SwitchRecord, TerminalRecord, Total,
};

const ABOUT: About = About {
    code: "S3",
    name: "at-most-once-settlement",
    claim: "A transaction counts in at most one closed batch and is presented in at most one \
            clearing file, and at day end in exactly one if it stands approved; if it is taken \
            back later, it is adjusted once; it is claimed at most once, and not if it is \
            presented.",
    example: "a sale of 500.00 at terminal-1; duplicate the 0210 from switch-1 to terminal-1\n\
              terminal-1 adds the sale to its batch twice and settles 1000.00",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::TERMINAL.and(Kinds::SWITCH).and(Kinds::ISSUER).and(Kinds::CLEARING)
    }

    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        match (seen.terminal(), seen.switch()) {
            (Some(TerminalRecord::Approved { .. }), _) => approved(books, seen.index),
            (Some(TerminalRecord::SettlementStarted { batch, totals, .. }), _) => {
                started(books, seen, *batch, totals.debits)
            }
            (_, Some(SwitchRecord::DetailReceived { key, .. })) => detail(books, seen, *key),
            (_, Some(SwitchRecord::BatchClosed { .. })) => closed(books, seen.index),
            _ if is_filed(seen) => Ok(cleared::at_most_once(books, seen.index)?
                + claimed::not_beside_a_presentment(books, seen.index)?),
            _ => Ok(0),
        }
    }

    fn at(&self, books: &Books, horizon: Horizon) -> Checked {
        if horizon == Horizon::Online {
            return Ok(0);
        }
        let mut checked = cleared::exactly_once(books)?;
        if horizon == Horizon::ClaimsClosed {
            checked += claimed::went_all_the_way(books)?;
        }
        for sale in &books.sales {
            let Some(approval) = sale.stands().filter(|_| sale.kind.is_settled()) else { continue };
            let id = books.terminal_id(sale.terminal);
            let Some(host) = id.and_then(|id| books.host_batch(id, sale.batch)) else { continue };
            let Some(close) = host.closed else { continue };
            let is_presented = books.presented_about(sale.ticket).next().is_some();
            if !is_presented && !host.differences.contains(&sale.stan) {
                return breach!(
                    [approval.index, close],
                    "{sale} stands approved, but is not in batch {:06} as {} closed it",
                    sale.batch,
                    host.switch
                );
            }
            checked += 1;
        }
        Ok(checked)
    }
}

/// Whether an entry says that transactions are in a file.
fn is_filed(seen: &Seen<'_>) -> bool {
    match &seen.entry.what {
        What::Recorded(Record::Switch(record)) => {
            matches!(record, SwitchRecord::ExtractClosed { .. } | SwitchRecord::ReturnTaken { .. })
        }
        What::Recorded(Record::Issuer(record)) => {
            matches!(
                record,
                IssuerRecord::PresentmentTaken { .. } | IssuerRecord::ReturnBuilt { .. }
            )
        }
        What::Recorded(Record::Clearing(record)) => matches!(
            record,
            ClearingRecord::PresentmentBuilt { .. }
                | ClearingRecord::PayoutBuilt { .. }
                | ClearingRecord::ReturnBuilt { .. }
        ),
        _ => false,
    }
}

fn approved(books: &Books, index: usize) -> Checked {
    let twice = books.sale_in(index).filter(|s| s.approved_again == Some(index));
    match twice.and_then(|s| Some((s, s.approved?))) {
        None => Ok(1),
        Some((sale, first)) => {
            breach!([first.index, index], "{sale} was added to batch {:06} twice", sale.batch)
        }
    }
}

/// A terminal that settles more than it sold in a batch, with another batch left open, settles
/// that other batch again.
fn started(books: &Books, seen: &Seen<'_>, batch: u32, debits: Total) -> Checked {
    let terminal = seen.entry.party;
    let of =
        |s: &&super::books::Sale| s.batch == batch && s.approved.is_some() && s.kind.money() > 0;
    let own = books.sales_of(terminal).filter(of).count();
    let open = books.batches.iter().find(|b| {
        b.terminal == terminal
            && b.batch != batch
            && b.closed.is_none()
            && b.totals.debits.count > 0
    });
    match open {
        Some(open) if debits.count as usize > own => breach!(
            [open.started, seen.index],
            "{terminal} settles {} sales of {} under batch {batch:06}, which holds {own}; batch \
             {:06} with {} was never closed",
            debits.count,
            books.money(debits.minor),
            open.batch,
            books.money(open.totals.debits.minor)
        ),
        _ => Ok(u64::from(debits.count > 0)),
    }
}

/// A detail that belongs to another batch, and already counts in it.
fn detail(books: &Books, seen: &Seen<'_>, key: PosKey) -> Checked {
    if let Some(first) = books.host_batch(key.terminal, key.batch).and_then(|host| {
        let mut earlier = host.details.iter().filter(|(_, index)| *index < seen.index);
        earlier.find(|(stan, _)| *stan == key.stan).map(|(_, index)| *index)
    }) {
        return breach!(
            [first, seen.index],
            "{} counts voucher {:06} of batch {:06} a second time, uploaded again",
            seen.entry.party,
            key.stan,
            key.batch
        );
    }
    let Some(terminal) = books.terminal(key.terminal) else { return Ok(0) };
    let of = |s: &&super::books::Sale| s.stan == key.stan && s.approved.is_some();
    if books.sales_of(terminal).filter(of).any(|s| s.batch == key.batch) {
        return Ok(1);
    }
    for sale in books.sales_of(terminal).filter(of) {
        if let Some(first) = books.presented_about(sale.ticket).next() {
            return breach!(
                [first.index, seen.index],
                "{sale} was settled in batch {:06} and is uploaded again under batch {:06}",
                sale.batch,
                key.batch
            );
        }
    }
    Ok(0)
}

fn closed(books: &Books, index: usize) -> Checked {
    let mut checked = 0;
    // What this record added is at the end.
    let start = books.presented.partition_point(|p| p.index < index);
    for (place, new) in books.presented.iter().enumerate().skip(start) {
        if let Some(first) = books.presented_before(place) {
            let switch: Party = new.switch;
            return breach!(
                [first.index, index],
                "{switch} counts transaction {} of {} in a closed batch a second time",
                new.id,
                books.money(new.minor)
            );
        }
        checked += 1;
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Sale, Tale, sale, totals};

    #[test]
    fn a_settled_sale_counts_once() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.settled(&[sale(1)]);
        tale.day_end();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_second_copy_of_an_answer_is_no_second_sale() {
        let mut tale = Tale::new();
        let receipt = tale.sold(sale(1));
        let again = tale.approved(sale(1));
        tale.breaks(ABOUT.name, &[receipt - 2, again], "was added to batch 000001 twice");
    }

    #[test]
    fn a_transaction_in_two_closed_batches_is_settled_twice() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        let first = tale.host_closed(&[sale(1)], &[]);
        let second = tale.host_closed(&[Sale { batch: 2, ..sale(1) }], &[]);
        tale.breaks(ABOUT.name, &[first, second], "a second time");
    }

    #[test]
    fn settling_again_under_the_next_batch_number_settles_twice() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        let first = tale.settlement_started(2, 1, totals(&[sale(1)]));
        let second = tale.settlement_started(3, 2, totals(&[sale(1)]));
        tale.breaks(ABOUT.name, &[first, second], "batch 000001 with 500.00 was never closed");
    }

    #[test]
    fn an_approved_sale_that_the_closed_batch_lacks_is_lost() {
        let mut tale = Tale::new();
        let receipt = tale.sold(sale(1));
        let close = tale.host_closed(&[], &[]);
        tale.day_end();
        tale.breaks(ABOUT.name, &[receipt - 2, close], "is not in batch 000001");
    }

    #[test]
    fn a_detail_that_is_uploaded_again_is_not_kept_again() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        let detail = |tale: &mut Tale| {
            let (key, minor) = (sale(1).pos_key(), sale(1).amount().minor);
            tale.switch(sale(1), SwitchRecord::DetailReceived { key, minor })
        };
        let first = detail(&mut tale);
        let again = detail(&mut tale);
        tale.breaks(ABOUT.name, &[first, again], "voucher 000001 of batch 000001 a second time");
    }

    #[test]
    fn no_sale_settles_nothing() {
        Tale::new().is_unknown(ABOUT.name);
    }
}
