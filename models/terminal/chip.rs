//! A sale by chip: the card is read, signs the request, and has the last word on the approval.
//! Sends nothing; downloads are next door.
//!
//! Read docs/protocol.md 2.1 first. What fails before the request leaves (E302) is local. What
//! fails after the host's approval is a doubt: the sale is taken back, and no slip comes out.

use super::journal::Transaction;
use super::messages::Approval;
use super::{State, Terminal, Timer, Wish, due, show};
use crate::defect::Defect;
use crate::device::{CardCommand, ChipData, Device, Display, Outcome, Output};
use crate::iso8583::{Challenge, ResponseCode};
use crate::node::Actions;
use crate::record::{Kind, Reason, TerminalRecord};
use crate::security::Pin;
use crate::time::Now;

/// Tag 95: data were not authenticated offline, and the amount is above the floor limit.
pub(super) const RESULTS: [u8; 5] = [0x80, 0x00, 0x00, 0x80, 0x00];

impl Terminal {
    /// What must be there before a chip card is touched, and is not.
    pub(super) fn missing_chip_data(&self) -> Option<ChipData> {
        self.memory.missing.first().copied()
    }

    /// Has the chip powered and read. The cardholder comes after it.
    pub(super) fn read_card(&mut self, wish: Wish, actions: &mut Actions) {
        show(actions, Display::ReadingCard);
        actions.tell(Device::CardReader, Output::Card(CardCommand::Read));
        self.state = State::ReadingCard { wish };
    }

    /// The PIN is known, or none is needed: a chip signs the request before it goes out.
    pub(super) fn authorise(
        &mut self,
        now: Now,
        wish: Wish,
        pin: Option<&Pin>,
        actions: &mut Actions,
    ) {
        let Ok(Some(asked)) = self.asked(&wish) else {
            return self.request(now, wish, (pin, None), actions);
        };
        if !asked.is_by_chip() {
            return self.request(now, wish, (pin, None), actions);
        }
        actions.about(wish.ticket);
        let challenge = Challenge {
            amount: asked.amount.minor,
            currency: asked.amount.currency.0,
            date: now.local.date().yymmdd(),
            transaction_type: transaction_type(asked.kind),
            results: RESULTS,
            unpredictable: self.unpredictable(now),
        };
        actions.tell(Device::CardReader, Output::Card(CardCommand::Sign(challenge)));
        self.state = State::Signing { wish, pin: pin.cloned() };
    }

    /// Four bytes that nobody without the terminal's master key foresees.
    fn unpredictable(&self, now: Now) -> [u8; 4] {
        let block = self.config.master_key.encrypt_block(now.instant.0.to_be_bytes());
        [block[0], block[1], block[2], block[3]]
    }

    /// The cardholder or the chip answered.
    pub(super) fn told(&mut self, now: Now, state: State, outcome: Outcome, actions: &mut Actions) {
        match (state, outcome) {
            (State::ReadingCard { wish }, Outcome::CardRead) => {
                self.enter_pin(now, wish, actions);
            }
            (State::ReadingCard { wish }, Outcome::ChipDataMissing(what)) => {
                actions.about(wish.ticket);
                self.record(TerminalRecord::ChipDataLost { what }, actions);
                self.end(now, wish.ticket, Display::ChipDataMissing(what), actions);
            }
            (State::ReadingCard { wish }, _) => {
                self.end(now, wish.ticket, Display::CardUnreadable, actions);
            }
            (State::EnteringPin { wish }, Outcome::PinEntered(pin)) => {
                self.authorise(now, wish, Some(&pin), actions);
            }
            (State::EnteringPin { wish }, Outcome::PinCancelled) => {
                self.end(now, wish.ticket, Display::Cancelled, actions);
            }
            (State::Signing { wish, pin }, Outcome::Cryptogram(icc)) => {
                self.request(now, wish, (pin.as_ref(), Some(&icc)), actions);
            }
            (State::Signing { wish, .. }, _) => {
                self.end(now, wish.ticket, Display::KernelFailed, actions);
            }
            (State::Completing { transaction, approval }, Outcome::CardAccepted) => {
                actions.about(transaction.ticket);
                self.complete_with(&transaction, approval, actions);
            }
            (State::Completing { transaction, .. }, outcome) => {
                let display = match outcome {
                    Outcome::CardPulled => Display::CardPulled,
                    _ => Display::CardDeclined,
                };
                self.refused_by_card(now, &transaction, display, actions);
            }
            (state, _) => self.state = state,
        }
    }

    /// The host approved; the card is asked last. Until it has answered nothing is certain, and
    /// nothing is recorded: a loss of power now takes the sale back.
    pub(super) fn complete(
        &mut self,
        transaction: Transaction,
        approval: Approval,
        actions: &mut Actions,
    ) {
        self.timers.clear(Timer::Answer);
        let command = CardCommand::Complete(approval.amount);
        actions.tell(Device::CardReader, Output::Card(command));
        self.state = State::Completing { transaction, approval };
    }

    fn refused_by_card(
        &mut self,
        now: Now,
        asked: &Transaction,
        display: Display,
        actions: &mut Actions,
    ) {
        actions.about(asked.ticket);
        if self.config.defects.has(Defect::T23) {
            return self.decline(now, asked, ResponseCode::AUTHENTICATION_FAILED, actions);
        }
        self.record(due(asked, Reason::Other), actions);
        self.end(now, asked.ticket, display, actions);
    }
}

/// Tag 9C.
fn transaction_type(kind: Kind) -> u8 {
    let digits = kind.processing().as_bytes();
    // The table's processing codes are six digits.
    (digits[0] - b'0') * 10 + (digits[1] - b'0')
}
