//! What files tell of voids and refunds, and what the claims make of files that tell it wrongly.

use super::refund::PART;
use super::{Sale, Tale, line, sale};
use crate::history::Horizon;
use reversim_models::record::EntryKind::{Presentment, Refund};
use reversim_models::record::{Kind, PayoutLine, SwitchRecord};

const S3: &str = "at-most-once-settlement";
const S4: &str = "no-settlement-without-approval";
const S15: &str = "one-business-date";
const M6: &str = "fees-follow-principal";

/// A void of the first sale.
const VOID: Sale = Sale { kind: Kind::Void, ..sale(2) };

impl Tale {
    /// The switch approves a void of the first sale; the entry of the answer.
    fn voided(&mut self) -> usize {
        self.forwarded_as(VOID, |record| {
            if let SwitchRecord::Forwarded { original, .. } = record {
                *original = Some(1);
            }
        });
        self.answered(VOID)
    }

    /// A sale, a refund of a part of it, and a file with these entries and this line for the
    /// refund. Gives the entries of its end, of the extract and of the statement.
    fn refund_filed(&mut self, is_in: bool, back: PayoutLine) -> [usize; 3] {
        self.sold(sale(1));
        self.refunded(PART);
        let certain = self.history.entries.len() - 1;
        self.settled(&[sale(1), PART]);
        let both = [(sale(1), Presentment), (PART, Refund)];
        let entries = &both[..if is_in { 2 } else { 1 }];
        self.date_ends(0);
        let extract = self.extracted(0, entries);
        self.extract_came(0);
        self.built(0, entries);
        let lines = [line(sale(1), Presentment), back];
        let paid = self.paid(0, &lines[..entries.len()]);
        self.taken(0, entries);
        self.date_closed(0);
        self.day_end();
        [certain, extract, paid]
    }
}

/// What a merchant pays for the refund: the amount, and no fee.
fn back() -> PayoutLine {
    let PayoutLine { entry, .. } = line(PART, Refund);
    PayoutLine { entry, fee: 0, shares: [0; 3], net: entry.signed() }
}

#[test]
fn a_refund_in_a_file_is_clean_to_the_end_of_all_claims() {
    let mut tale = Tale::with_clearing();
    tale.opened(100_000);
    tale.refund_filed(true, back());
    tale.horizon(Horizon::ClaimsClosed);
    tale.is_clean();
    for name in [S3, S4, S15, M6, "four-way-reconciliation", "goods-and-money-agree"] {
        tale.holds(name);
    }
}

#[test]
fn a_refund_of_which_no_file_tells_is_missed() {
    let mut tale = Tale::with_clearing();
    let [certain, extract, _] = tale.refund_filed(false, back());
    let words = "stands approved under 2026-05-30, and the extract of 2026-05-30 does not hold it";
    tale.breaks(S3, &[certain, extract], words);
}

#[test]
fn a_refund_costs_no_fee() {
    let mut tale = Tale::with_clearing();
    let PayoutLine { entry, .. } = back();
    let charged = PayoutLine { fee: 300, shares: [300, 0, 0], net: entry.signed() - 300, entry };
    let [.., paid] = tale.refund_filed(true, charged);
    tale.breaks(M6, &[paid], "charges 300 fen for a refund of 30000 fen");
}

#[test]
fn what_is_voided_is_in_no_file() {
    let mut tale = Tale::with_clearing();
    tale.sold(sale(1));
    let voided = tale.voided();
    let extract = tale.extracted(0, &[(sale(1), Presentment)]);
    tale.day_end();
    tale.breaks(S4, &[voided, extract], "taken back before the extract");
    let mut tale = Tale::with_clearing();
    tale.sold(sale(1));
    tale.voided();
    tale.extracted(0, &[]);
    tale.day_end();
    tale.holds(S3);
}

#[test]
fn what_a_reversed_void_leaves_standing_is_presented_under_a_later_date() {
    for is_in in [true, false] {
        let mut tale = Tale::with_clearing();
        let answered = tale.until_answer(sale(1)) - 1;
        tale.voided();
        tale.extracted(0, &[]);
        tale.accepted(VOID, true);
        let late = [(sale(1), Presentment)];
        let extract = tale.extracted(1, &late[..usize::from(is_in)]);
        tale.day_end();
        match is_in {
            true => [S3, S4, S15].iter().for_each(|name| tale.holds(name)),
            false => {
                tale.breaks(S3, &[answered, extract], "the extract of 2026-05-31 does not hold it");
            }
        }
    }
}
