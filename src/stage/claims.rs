//! Merchants and cardholders with something to complain of: what they write down, and whether they
//! find a slip. They know what they saw, and nothing that a party knows.

use super::{Lines, World};
use crate::history::{Setting, What};
use crate::party::{Party, Role};
use crate::scenario::{Goods, Scenario, Step, Wish};
use reversim_models::claim::{ClaimSlip, DeskNote};
use reversim_models::device::{Device, Outcome, Output, Slip};
use reversim_models::node::{Command, Ticket};
use reversim_models::record::{Record, TerminalRecord};
use reversim_models::time::Duration;
use std::collections::VecDeque;

/// How long a merchant looks for a slip.
const SEARCH_TIME: Duration = Duration::secs(2);

/// What judges may know of goods and of who complains of what.
pub(super) fn set_claims(setting: &mut Setting, scenario: &Scenario) {
    for step in &scenario.steps {
        let ticket = Ticket(step.id);
        if let Some(goods) = step.goods {
            setting.goods.push((ticket, goods == Goods::HandedOver));
        }
        if let Wish::Claim { of, .. } | Wish::Retrieve { of } = step.wish {
            setting.claims.push((ticket, Ticket(of)));
        }
    }
}

impl<L: Lines> World<'_, L> {
    /// What a merchant says at the claims desk; nothing if the terminal never began the sale.
    pub(super) fn at_the_desk(&self, step: &Step) -> Option<Command> {
        let ticket = Ticket(step.id);
        Some(match step.wish {
            Wish::Claim { of, amount, by_hand } => {
                Command::Claim { ticket, slip: self.write_down(of, amount, by_hand)? }
            }
            Wish::LookUp { of, by_hand } => {
                Command::LookUp { ticket, slip: self.write_down(of, None, by_hand)? }
            }
            _ => return None,
        })
    }

    /// What a cardholder says at the issuer.
    pub(super) fn complain(&self, ticket: Ticket, of: u32) -> Option<Command> {
        let sale = self.scenario.steps.iter().find(|step| step.id == of)?;
        let Wish::Sale { amount, card } = sale.wish else { return None };
        let (pan, amount) = (self.plan.card(card)?.pan, self.price(amount));
        Some(Command::Retrieve { ticket, pan, amount })
    }

    fn write_down(&self, of: u32, amount: Option<u64>, by_hand: bool) -> Option<ClaimSlip> {
        let sale = self.scenario.steps.iter().find(|step| step.id == of)?;
        let Wish::Sale { amount: price, card } = sale.wish else { return None };
        let (begun, voucher) =
            self.history.entries.iter().find_map(|entry| match entry.what {
                What::Recorded(Record::Terminal(TerminalRecord::Started {
                    ticket, stan, ..
                })) if ticket == Ticket(of) => Some((entry.at, stan)),
                _ => None,
            })?;
        let micros = i64::try_from(begun.0).unwrap_or(i64::MAX);
        Some(ClaimSlip {
            pan: self.plan.card(card)?.pan,
            amount: self.price(amount.unwrap_or(price)),
            merchant: self.plan.merchant(sale.party.number.checked_sub(1)?),
            at: self.plan.start.plus(micros),
            voucher: (!by_hand).then_some(voucher),
        })
    }

    /// What a merchant answers who is asked for a slip.
    pub(super) fn merchant_answers(&self, note: DeskNote) -> Option<(Duration, Outcome)> {
        let DeskNote::SlipWanted { terminal, batch, stan } = note else { return None };
        let of = self.history.setting.terminals.iter().find(|(_, id)| *id == terminal);
        let is_there = of.is_some_and(|(party, _)| self.was_printed(*party, batch, stan));
        let outcome = if is_there { Outcome::SlipFound } else { Outcome::SlipMissing };
        Some((SEARCH_TIME, outcome))
    }

    /// Whether a receipt of this voucher ever came out.
    fn was_printed(&self, terminal: Party, batch: u32, stan: u32) -> bool {
        debug_assert_eq!(terminal.role, Role::Terminal, "only terminals have an element 41");
        // Several slips may be on their way out of one printer, which answers for each in its turn.
        let mut printing = VecDeque::new();
        self.history.entries.iter().filter(|entry| entry.party == terminal).any(
            |entry| match &entry.what {
                What::Told { output: Output::Slip(slip), .. } => {
                    printing.push_back(matches!(slip,
                        Slip::Receipt { batch: b, stan: s, .. } if (*b, *s) == (batch, stan)));
                    false
                }
                What::Answered { device: Device::Printer, is_done } => {
                    printing.pop_front() == Some(true) && *is_done
                }
                What::PowerLost => {
                    printing.clear();
                    false
                }
                _ => false,
            },
        )
    }
}
