//! What merchants are owed by an acquirer that pays at once, as its records say.

use super::{Books, Forward};
use crate::party::Party;
use reversim_models::record::{Kind, Origin, PosKey};

/// A merchant of one switch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Merchant {
    pub(crate) switch: Party,
    pub(crate) merchant: [u8; 15],
    /// Earned and not paid, minor units; below zero if it owes.
    pub(crate) due: i64,
    /// The entry that last lessened it, other than a payout.
    pub(crate) fallen: Option<usize>,
    /// The entry of the last payout.
    pub(crate) paid: Option<usize>,
}

/// What a transaction earns its merchant, minor units: nothing once it is reversed or on one side
/// only.
fn earned(forward: &Forward) -> i64 {
    let approved = forward.answered.filter(|answer| answer.code.is_approval());
    let minor = approved.map_or(0, |answer| i64::try_from(answer.amount.minor).unwrap_or(i64::MAX));
    match forward.kind {
        _ if forward.reversed.is_some() || forward.is_one_sided => 0,
        kind if kind.is_sold() => minor,
        Kind::Refund => -minor,
        _ => 0,
    }
}

impl Books {
    /// The merchant of a switch, as far as anything is known of it.
    pub(crate) fn merchant(&self, switch: Party, merchant: [u8; 15]) -> Option<&Merchant> {
        self.merchants.iter().find(|one| (one.switch, one.merchant) == (switch, merchant))
    }

    fn merchant_mut(&mut self, switch: Party, merchant: [u8; 15]) -> &mut Merchant {
        let is_it = |one: &Merchant| (one.switch, one.merchant) == (switch, merchant);
        let place = self.merchants.iter().position(is_it).unwrap_or_else(|| {
            let one = Merchant { switch, merchant, due: 0, fallen: None, paid: None };
            self.merchants.push(one);
            self.merchants.len() - 1
        });
        &mut self.merchants[place]
    }

    /// A transaction was answered or reversed, or its batch closed without it.
    pub(super) fn merchant_earns(&mut self, index: usize, switch: Party, id: u64) {
        let Some(forward) = self.forward_mut(switch, id) else { return };
        let (merchant, earned) = (forward.merchant, earned(forward));
        let change = earned - std::mem::replace(&mut forward.earned, earned);
        if change != 0 {
            let one = self.merchant_mut(switch, merchant);
            one.due = one.due.saturating_add(change);
            if change < 0 {
                one.fallen = Some(index);
            }
        }
    }

    /// A batch closed and lists this voucher as on one side only (单边账).
    pub(super) fn merchant_loses(&mut self, index: usize, switch: Party, voucher: PosKey) {
        let is_it = |f: &&mut Forward| (f.switch, f.origin) == (switch, Origin::Pos(voucher));
        if let Some(forward) = self.forwards.iter_mut().rev().find(is_it) {
            forward.is_one_sided = true;
            let id = forward.id;
            self.merchant_earns(index, switch, id);
        }
    }

    /// A merchant is paid.
    pub(super) fn merchant_is_paid(
        &mut self,
        index: usize,
        switch: Party,
        (merchant, minor): ([u8; 15], u64),
    ) {
        let one = self.merchant_mut(switch, merchant);
        one.due = one.due.saturating_sub(i64::try_from(minor).unwrap_or(i64::MAX));
        one.paid = Some(index);
    }
}
