//! Paying merchants at once (秒到, T+0): what a sale earns is paid out with its approval. What is
//! paid out is not voided any more but refunded, from what the merchant has left with the acquirer.

use super::Switch;
use super::about;
use super::exchange::fixed;
use super::request::Request;
use crate::defect::Defect;
use crate::iso8583::{Element, ResponseCode};
use crate::node::Actions;
use crate::record::{Kind, SwitchRecord};

impl Switch {
    /// A sale stands approved: what its merchant is owed is paid out, in the same commit.
    pub(super) fn pay_at_once(&mut self, id: u64, actions: &mut Actions) {
        let sale = self.book.transaction(id).filter(|sale| sale.kind.is_sold());
        let approved = sale.filter(|sale| sale.approval().is_some()).and_then(|sale| sale.sent);
        if let (Some(sent), Some(_)) = (approved, self.config.instant_payout) {
            self.pay(&sent.merchant, actions);
        }
    }

    /// Power may have failed between an approval and its payout.
    pub(super) fn pay_what_is_owed(&mut self, actions: &mut Actions) {
        if self.config.instant_payout.is_some() {
            for merchant in self.book.payouts.owed() {
                self.pay(&merchant, actions);
            }
        }
    }

    /// Pays a merchant all it is owed; nothing if it owes.
    fn pay(&mut self, merchant: &[u8; 15], actions: &mut Actions) {
        let Ok(minor) = u64::try_from(self.book.payouts.due(merchant)) else { return };
        let Some((id, ticket)) = self.book.last_sale(merchant).map(|(id, sale)| (id, sale.ticket))
        else {
            return;
        };
        if minor > 0 {
            let merchant = *merchant;
            about(ticket, actions, |actions| {
                self.commit(SwitchRecord::PaidOut { id, ticket, merchant, minor }, actions);
            });
        }
    }

    /// Whether what this request takes from its merchant may still be taken.
    pub(super) fn check_payout(
        &self,
        request: &Request<'_>,
        original: u64,
    ) -> Result<(), ResponseCode> {
        let Some(reserve) = self.config.instant_payout else { return Ok(()) };
        let Some(merchant) = fixed(request.message, Element::MERCHANT) else { return Ok(()) };
        match request.kind {
            Kind::Void if self.config.defects.has(Defect::W42) => Ok(()),
            Kind::Void if self.book.payouts.is_paid(&merchant, original) => {
                Err(ResponseCode::INVALID_TRANSACTION)
            }
            Kind::Refund => {
                let left = self.book.payouts.due(&merchant).saturating_add_unsigned(reserve);
                let is_there = u64::try_from(left).is_ok_and(|left| left >= request.amount.minor);
                if is_there { Ok(()) } else { Err(ResponseCode::NOT_SUFFICIENT_FUNDS) }
            }
            _ => Ok(()),
        }
    }
}
