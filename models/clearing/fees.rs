//! Fees: what a merchant is charged, and its split without a residue. Knows no file.

use super::config::Fees;
use crate::defect::{Defect, Defects};
use crate::record::{EntryKind, FileEntry, PayoutLine};

/// What a merchant is paid for this entry. An adjustment gives back fee and shares with what they
/// were charged on; a refund has no fee of its own.
pub(super) fn line(fees: &Fees, entry: FileEntry, defects: Defects) -> PayoutLine {
    let fee = (u128::from(entry.minor) * u128::from(fees.basis_points) + 5_000) / 10_000;
    let fee = i64::try_from(fee).unwrap_or(i64::MAX);
    let shares = split(fee, fees.shares, defects);
    let gross = entry.signed();
    match entry.kind {
        EntryKind::Presentment | EntryKind::Claim => {
            PayoutLine { entry, fee, shares, net: gross - fee }
        }
        // Planted defect B20: a refund costs the merchant the fee once more.
        EntryKind::Refund if defects.has(Defect::B20) => {
            PayoutLine { entry, fee, shares, net: gross - fee }
        }
        // The service was rendered: a refund leaves the fee of its sale where it is.
        EntryKind::Refund | EntryKind::RefundAdjustment => {
            PayoutLine { entry, fee: 0, shares: [0; 3], net: gross }
        }
        EntryKind::Retrieval => PayoutLine { entry, fee: 0, shares: [0; 3], net: 0 },
        EntryKind::Adjustment if defects.has(Defect::B15) => {
            // The issuer keeps its part, and the merchant pays it.
            let shares = [0, -shares[1], -shares[2]];
            let fee = shares.iter().sum();
            PayoutLine { entry, fee, shares, net: gross - fee }
        }
        EntryKind::Adjustment | EntryKind::Chargeback => {
            PayoutLine { entry, fee: -fee, shares: shares.map(|share| -share), net: gross + fee }
        }
    }
}

/// Splits a fee in proportion to the weights. What whole units leave over goes, one unit each, to
/// those who lost most by rounding down, among equals to the first.
fn split(fee: i64, weights: [u32; 3], defects: Defects) -> [i64; 3] {
    let whole: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    if whole == 0 {
        return [0, fee, 0];
    }
    let exact = weights.map(|weight| i128::from(fee) * i128::from(weight));
    // Not larger than the fee.
    let mut shares = exact.map(|part| (part / whole) as i64);
    if defects.has(Defect::B11) {
        return shares;
    }
    let mut order = [0, 1, 2];
    order.sort_by_key(|at: &usize| (-(exact[*at] % whole), *at));
    let left = fee - shares.iter().sum::<i64>();
    for at in order.into_iter().take(usize::try_from(left).unwrap_or(0)) {
        shares[at] += 1;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_left_over_goes_to_those_who_lost_most() {
        assert_eq!(split(100, [70, 10, 20], Defects::NONE), [70, 10, 20]);
        assert_eq!(split(5, [70, 10, 20], Defects::NONE), [4, 0, 1]);
        assert_eq!(split(1, [1, 1, 1], Defects::NONE), [1, 0, 0]);
        assert_eq!(split(3, [0, 0, 0], Defects::NONE), [0, 3, 0]);
    }

    proptest! {
        #[test]
        fn no_split_leaves_a_residue_or_is_off_by_a_whole_unit(
            fee in 0_i64..1_000_000_000_000, weights in [0_u32..1_000, 0_u32..1_000, 0_u32..1_000],
        ) {
            let shares = split(fee, weights, Defects::NONE);
            prop_assert_eq!(shares.iter().sum::<i64>(), fee);
            let whole: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
            prop_assume!(whole > 0);
            for (share, weight) in shares.into_iter().zip(weights) {
                let exact = i128::from(fee) * i128::from(weight);
                let off = i128::from(share) * i128::from(whole) - exact;
                prop_assert!(off.abs() < i128::from(whole));
            }
        }
    }
}
