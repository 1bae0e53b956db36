//! M6 fees-follow-principal: fees of merchants and their parts, and surcharges of cardholders.

use super::books::{Books, Payout};
use super::{About, Checked, Invariant, breach};
use crate::history::Horizon;
use crate::party::Party;
use reversim_models::record::{EntryKind, Kind, PayoutLine};
use std::collections::BTreeMap;

const ABOUT: About = About {
    code: "M6",
    name: "fees-follow-principal",
    claim: "When a presentment is taken back, the merchant gets the fee back with it, from \
            everyone who had a part of it; and when a sale is reversed, voided or returned, the \
            cardholder gets back the surcharge with it. A refund keeps both.",
    example: "a sale of 500.00 is presented and reversed on the next day\n\
              its adjustment takes 500.00 back, and the issuer keeps its part of the fee",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn at(&self, books: &Books, horizon: Horizon) -> Checked {
        let mut checked = surcharges(books)?;
        if horizon == Horizon::Online {
            return Ok(checked);
        }
        for payout in &books.files.payouts {
            for line in &payout.lines {
                checked += match line.entry.kind {
                    EntryKind::Adjustment | EntryKind::Chargeback => judge(books, payout, line)?,
                    EntryKind::Refund | EntryKind::RefundAdjustment => refund(payout, line)?,
                    EntryKind::Presentment | EntryKind::Claim | EntryKind::Retrieval => 0,
                };
            }
        }
        Ok(checked)
    }
}

/// A refund leaves the fee of its sale where it is, and costs nothing itself.
fn refund(payout: &Payout, line: &PayoutLine) -> Checked {
    if line.fee == 0 && line.shares == [0; 3] {
        return Ok(1);
    }
    breach!(
        [payout.index],
        "the merchant's statement of {} charges {} fen for a refund of {} fen",
        payout.file.date,
        line.fee,
        line.entry.minor
    )
}

fn judge(books: &Books, payout: &Payout, back: &PayoutLine) -> Checked {
    let of = match back.entry.kind {
        EntryKind::Chargeback => EntryKind::Claim,
        _ => EntryKind::Presentment,
    };
    let is_it = |line: &&PayoutLine| line.entry.kind == of && line.entry.is_same(&back.entry);
    let mut payouts = books.files.payouts.iter();
    let found = payouts.find_map(|one| Some((one, one.lines.iter().find(is_it)?)));
    let Some((first, charged)) = found else { return Ok(0) };
    let is_given_back = back.fee == -charged.fee
        && back.shares.iter().zip(charged.shares).all(|(back, share)| *back == -share);
    if !is_given_back {
        return breach!(
            [first.index, payout.index],
            "a fee of {} fen was charged on {} and shared as {:?}; with the principal {} fen come \
             back, as {:?}",
            charged.fee,
            first.file.date,
            charged.shares,
            -back.fee,
            back.shares
        );
    }
    Ok(1)
}

/// What one sale, and the voids of it, come to.
#[derive(Clone, Copy, Default)]
struct Charged {
    /// Entries that contradict each other: of the sale, and of what took it back last.
    indexes: [usize; 2],
    principal: i64,
    surcharge: i64,
    at_first: i64,
}

/// A surcharge stands as long as what it was charged on.
fn surcharges(books: &Books) -> Checked {
    let decisions = || books.decisions.iter().filter(|d| d.surcharge != 0);
    if decisions().next().is_none() {
        return Ok(0);
    }
    let mut sales: BTreeMap<(Party, u64), Charged> = BTreeMap::new();
    for sale in decisions().filter(|decision| decision.kind == Kind::Sale) {
        let indexes = [sale.index, sale.credit.unwrap_or(sale.index)];
        let surcharge = sale.surcharge.saturating_sub(sale.surcharge_back);
        // What a claim takes again is the price alone.
        let at_first = if sale.claimed == 0 { sale.surcharge } else { 0 };
        let principal = sale.net();
        let charged = Charged { indexes, principal, surcharge, at_first };
        sales.insert((sale.issuer, sale.id), charged);
    }
    for void in books.decisions.iter().filter(|decision| decision.kind == Kind::Void) {
        let sale = void.original.and_then(|id| sales.get_mut(&(void.issuer, id)));
        let Some(sale) = sale else { continue };
        sale.principal = sale.principal.saturating_add(void.net());
        let given_back = void.surcharge.saturating_sub(void.surcharge_back);
        sale.surcharge = sale.surcharge.saturating_add(given_back);
        sale.indexes[1] = void.index;
    }
    for ((issuer, _), sale) in &sales {
        let due = if sale.principal == 0 { 0 } else { sale.at_first };
        if sale.surcharge != due {
            return breach!(
                [sale.indexes[0], sale.indexes[1]],
                "{issuer} charged {} fen on top of a sale of which {} fen stand; of the surcharge \
                 {} fen stand",
                sale.at_first,
                sale.principal,
                sale.surcharge
            );
        }
    }
    Ok(sales.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Tale, line, sale};
    use reversim_models::ledger::transfer;
    use reversim_models::record::EntryKind::{Adjustment, Presentment};
    use reversim_models::record::{Account, IssuerRecord, Leg};

    #[test]
    fn a_fee_goes_back_whole() {
        let mut tale = Tale::with_clearing();
        tale.paid(0, &[line(sale(1), Presentment)]);
        tale.paid(1, &[line(sale(1), Adjustment)]);
        tale.day_end();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn nobody_keeps_a_part_of_it() {
        let mut tale = Tale::with_clearing();
        let charged = tale.paid(0, &[line(sale(1), Presentment)]);
        let mut kept = line(sale(1), Adjustment);
        (kept.fee, kept.shares[0]) = (0, 0);
        let back = tale.paid(1, &[kept]);
        tale.day_end();
        tale.breaks(ABOUT.name, &[charged, back], "with the principal 0 fen come back");
    }

    /// A sale with a surcharge of 150, and its reversal that gives so much of it back.
    fn charged(given_back: i64) -> (Tale, [usize; 2]) {
        let more = |legs: &mut Box<[Leg]>, minor: i64| {
            let mut all = legs.to_vec();
            all.extend(
                transfer(Account::Cardholder(0), Account::Fees, 150)
                    .map(|leg| Leg { minor: leg.minor.signum() * minor, ..leg }),
            );
            *legs = all.into();
        };
        let mut tale = Tale::new();
        let sold = tale.decided_as(sale(1), |record| {
            if let IssuerRecord::Decided { legs, .. } = record {
                more(legs, 150);
            }
        });
        let credited = tale.credited_as(sale(1), (50_000, Some(1)), |record| {
            if let IssuerRecord::Reversed { legs, .. } = record {
                more(legs, -given_back);
            }
        });
        tale.online();
        (tale, [sold, credited])
    }

    #[test]
    fn a_surcharge_goes_back_with_the_sale() {
        charged(150).0.holds(ABOUT.name);
    }

    #[test]
    fn a_surcharge_is_not_kept() {
        let (tale, indexes) = charged(0);
        tale.breaks(ABOUT.name, &indexes, "of which 0 fen stand; of the surcharge 150 fen stand");
    }

    #[test]
    fn where_nothing_is_taken_back_no_fee_is_either() {
        let mut tale = Tale::with_clearing();
        tale.paid(0, &[line(sale(1), Presentment)]);
        tale.day_end();
        tale.is_unknown(ABOUT.name);
    }
}
