//! M2 four-way-reconciliation: switch log, clearing files, issuer ledgers and merchants, date by
//! date; and at the end of all claims terminal batches and cardholders too.

use super::books::{Books, Decision, Extract, Sale};
use super::{About, Checked, Invariant, breach};
use crate::history::Horizon;
use reversim_models::record::{Account, EntryKind, FileEntry, PayoutLine, Taken};

const ABOUT: About = About {
    code: "M2",
    name: "four-way-reconciliation",
    claim: "For every settlement date, what the acquirer's switch extracted is what issuers took \
            to be paid, and what merchants and those who share the fee get together; when claims \
            are closed, it is what cardholders paid and what terminals settled.",
    example: "a sale of 100.01 at terminal-1 is cleared with a fee of 60 fen\n\
              the shares of the fee come to 59 fen",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn at(&self, books: &Books, horizon: Horizon) -> Checked {
        if horizon == Horizon::Online || !books.setting.foreign.is_empty() {
            return Ok(0);
        }
        let mut checked = lines(books)?;
        checked += charged_back(books)?;
        for extract in &books.files.extracts {
            checked += date(books, extract)?;
        }
        if horizon == Horizon::ClaimsClosed && checked > 0 {
            checked += whole(books)?;
        }
        Ok(checked)
    }
}

/// What one side makes of a payout line: net, and all parts of the fee.
fn parts(line: &PayoutLine) -> i64 {
    line.net.saturating_add(line.shares.iter().sum())
}

/// Every line of every statement: fee and net are the gross, and the parts are the fee.
fn lines(books: &Books) -> Checked {
    let mut checked = 0;
    for payout in &books.files.payouts {
        for line in &payout.lines {
            let gross = line.entry.signed();
            if parts(line) != gross || line.fee.saturating_add(line.net) != gross {
                return breach!(
                    [payout.index],
                    "the merchant's statement of {} pays {} fen net and {} fen in shares of a fee \
                     of {} fen: together {} fen of {gross}",
                    payout.file.date,
                    line.net,
                    line.shares.iter().sum::<i64>(),
                    line.fee,
                    parts(line)
                );
            }
            checked += 1;
        }
    }
    Ok(checked)
}

/// One settlement date at switch, issuers and merchants.
fn date(books: &Books, extract: &Extract) -> Checked {
    let date = extract.file.date;
    let Some(closed) = books.files.closed.get(&date) else { return Ok(0) };
    let receivable: i64 = extract.entries.iter().map(|one| one.entry.signed()).sum();
    let taken = books.files.taken.iter().filter(|file| file.file.date == date);
    let signed = |taken: &Taken| taken.entry.signed();
    let payable: i64 = taken.flat_map(|file| &file.entries).map(signed).sum();
    let payouts = books.files.payouts.iter().filter(|payout| payout.file.date == date);
    let lines = payouts.flat_map(|payout| &payout.lines);
    // What is charged back was taken under an earlier date.
    let lines = lines.filter(|line| line.entry.kind != EntryKind::Chargeback);
    let paid: i64 = lines.map(parts).sum();
    if receivable != payable || receivable != paid {
        return breach!(
            [extract.index, *closed],
            "for {date}, {} extracted {receivable} fen, issuers took {payable} fen to be paid, \
             and merchants and shares of fees come to {paid} fen",
            extract.switch
        );
    }
    Ok(1)
}

/// All dates together, when nothing is parked or on its way any more.
fn whole(books: &Books) -> Checked {
    let files = &books.files;
    let Some(last) = files.extracts.last().map(|extract| extract.index) else { return Ok(0) };
    let extracted = files.extracts.iter().flat_map(|extract| &extract.entries);
    let receivable: i64 = extracted.map(|one| one.entry.signed()).sum();
    let receivable = receivable + back(books);
    let cardholders: i64 = books.decisions.iter().map(Decision::net).sum();
    let cardholders = cardholders + files.moved.values().sum::<i64>();
    let payable = files.balance(Account::Payable);
    let standing = books.sales.iter().filter(|sale| sale.settled.is_some());
    let signed = |sale: &Sale| {
        let minor = sale.stands().map_or(0, |approval| approval.amount.minor);
        sale.kind.money() * i64::try_from(minor).unwrap_or(i64::MAX)
    };
    let settled: i64 = standing.map(signed).sum();
    let settled = settled + beside_the_batches(books);
    let sides = [cardholders, payable, settled];
    if sides.iter().any(|side| *side != receivable) {
        return breach!(
            [last],
            "with all claims closed, cardholders have paid {cardholders} fen, issuers owe \
             {payable} fen, the acquirer has {receivable} fen to get, and terminals settled, with \
             what is claimed and without what has no slip, {settled} fen"
        );
    }
    Ok(1)
}

/// M2, date by date: what the clearing house sent back is what its merchants pay back.
fn charged_back(books: &Books) -> Checked {
    let mut checked = 0;
    let is_back = |entry: &&FileEntry| entry.kind == EntryKind::Chargeback;
    for (index, file, entries) in &books.claims.sent_back {
        if !books.files.closed.contains_key(&file.date) {
            continue;
        }
        let sent: i64 = entries.iter().filter(is_back).map(FileEntry::signed).sum();
        let payouts = books.files.payouts.iter().filter(|one| one.file.date == file.date);
        let lines = payouts.flat_map(|payout| &payout.lines);
        let of = lines.filter(|line| is_back(&&line.entry));
        let paid: i64 = of.map(|line| line.net + line.shares.iter().sum::<i64>()).sum();
        if sent != paid {
            return breach!(
                [*index],
                "for {}, {sent} fen are charged back, and merchants and shares of fees come to \
                 {paid} fen",
                file.date
            );
        }
        checked += 1;
    }
    Ok(checked)
}

/// M2, in the end: what the acquirer gets beside what terminals settled, minor units.
fn beside_the_batches(books: &Books) -> i64 {
    let extracts = books.files.extracts.iter().flat_map(|extract| &extract.entries);
    let claims = extracts.map(|one| &one.entry).filter(|entry| entry.kind == EntryKind::Claim);
    let slipless = books
        .sales
        .iter()
        .filter(|sale| sale.settled.is_some() && books.slip_missing(sale.ticket).is_some());
    let slipless: i64 = slipless.map(Sale::taken).sum();
    claims.map(FileEntry::signed).sum::<i64>() + back(books) - slipless
}

/// What acquirers took back, minor units below zero.
fn back(books: &Books) -> i64 {
    let of = books.claims.came_back.iter().flat_map(|(_, entries)| entries);
    of.map(|one| one.entry.signed()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Tale, line, sale};
    use reversim_models::record::EntryKind::Presentment;

    #[test]
    fn a_date_that_was_cleared_agrees_on_all_four_sides() {
        let mut tale = Tale::with_clearing();
        tale.sold(sale(1));
        tale.settled(&[sale(1)]);
        tale.cleared(0, &[(sale(1), Presentment)]);
        tale.day_end();
        tale.horizon(Horizon::ClaimsClosed);
        tale.is_clean();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_fee_whose_parts_are_less_than_the_whole_leaves_money_nowhere() {
        let mut tale = Tale::with_clearing();
        tale.sold(sale(1));
        let mut leaky = line(sale(1), Presentment);
        leaky.shares[0] -= 1;
        let paid = tale.paid(0, &[leaky]);
        tale.day_end();
        tale.breaks(ABOUT.name, &[paid], "together 49999 fen of 50000");
    }

    #[test]
    fn what_an_issuer_does_not_take_is_missing_on_its_side() {
        let mut tale = Tale::with_clearing();
        tale.sold(sale(1));
        let extracted = tale.extracted(0, &[(sale(1), Presentment)]);
        tale.paid(0, &[line(sale(1), Presentment)]);
        let closed = tale.date_closed(0);
        tale.day_end();
        tale.breaks(ABOUT.name, &[extracted, closed], "issuers took 0 fen");
    }

    #[test]
    fn a_debit_that_nobody_presented_shows_when_claims_are_closed() {
        let mut tale = Tale::with_clearing();
        tale.sold(sale(1));
        tale.cleared(0, &[]);
        let last = tale.history.entries.len() - 6;
        tale.day_end();
        tale.holds(ABOUT.name);
        tale.horizon(Horizon::ClaimsClosed);
        tale.breaks(ABOUT.name, &[last], "cardholders have paid 50000 fen");
    }

    #[test]
    fn without_files_there_is_nothing_to_reconcile() {
        let mut tale = Tale::with_clearing();
        tale.sold(sale(1));
        tale.day_end();
        tale.is_unknown(ABOUT.name);
    }
}
