//! M6 fees-follow-principal: fees of merchants, and their parts. Surcharges are not charged yet.

use super::books::{Books, Payout};
use super::{About, Checked, Invariant, breach};
use crate::history::Horizon;
use reversim_models::record::{EntryKind, PayoutLine};

const ABOUT: About = About {
    code: "M6",
    name: "fees-follow-principal",
    claim: "When a presentment is taken back, the merchant gets the fee back with it, from \
            everyone who had a part of it.",
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
        if horizon == Horizon::Online {
            return Ok(0);
        }
        let mut checked = 0;
        for payout in &books.files.payouts {
            let back = |line: &&PayoutLine| line.entry.kind.sign() < 0;
            for line in payout.lines.iter().filter(back) {
                checked += judge(books, payout, line)?;
            }
        }
        Ok(checked)
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Tale, line, sale};
    use reversim_models::record::EntryKind::{Adjustment, Presentment};

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

    #[test]
    fn where_nothing_is_taken_back_no_fee_is_either() {
        let mut tale = Tale::with_clearing();
        tale.paid(0, &[line(sale(1), Presentment)]);
        tale.day_end();
        tale.is_unknown(ABOUT.name);
    }
}
