//! Reversals at the issuer: which original, what of it is taken back, what is answered. Any order
//! of an original, its reversals and their copies ends in the same books.

use super::books::{Decision, Reversal, Transaction};
use super::message::{self, Advice};
use super::settling::Item;
use super::{Inbound, Issuer, Out};
use crate::asked::Question;
use crate::defect::Defect;
use crate::iso8583::ResponseCode;
use crate::record::{Account, IssuerRecord};

impl Issuer {
    /// A 0420 or 0421, for the first time or again, before or after its original.
    pub(super) fn reversal(&mut self, inbound: Inbound<'_>, out: &mut Out<'_>) {
        let Some(advice) = Advice::read(inbound.message, self.books.business_date) else {
            return self.refuse(inbound, ResponseCode::FORMAT_ERROR, out);
        };
        match self.original(&advice) {
            None if self.config.defects.has(Defect::I01) => {
                self.refuse(inbound, self.unknown_original_code(), out);
            }
            // Remembered all the same: should the original still come, it is refused.
            None => {
                let code = self.unknown_original_code();
                self.reverse(inbound, &advice, None, (0, code), out);
            }
            // Its numbers are those of another transaction, which stays as it is.
            Some(known) if !self.is_about(&advice, &known) => {
                self.refuse(inbound, self.unknown_original_code(), out);
            }
            Some(Transaction::Decided(decision)) => {
                let owed = self.owed(&advice, &decision);
                self.reverse(inbound, &advice, Some(&decision), owed, out);
            }
            Some(Transaction::Reversed(decision, _)) if self.config.defects.has(Defect::I03) => {
                let owed = self.owed(&advice, &decision);
                self.reverse(inbound, &advice, Some(&decision), owed, out);
            }
            Some(Transaction::Reversed(decision, reversal))
                if self.config.defects.has(Defect::I09)
                    && reversal.business_date != advice.business_date =>
            {
                let owed = self.owed(&advice, &decision);
                self.reverse(inbound, &advice, Some(&decision), owed, out);
            }
            Some(Transaction::Barred(reversal) | Transaction::Reversed(_, reversal)) => {
                let Reversal { code, commit, .. } = reversal;
                let answer = message::answer_code(inbound.message, code);
                self.send_when_durable(inbound.at, commit, answer, out);
            }
        }
    }

    fn unknown_original_code(&self) -> ResponseCode {
        self.asking.note(Question::UnknownOriginal, 0);
        self.config.unknown_original_code
    }

    fn original(&self, advice: &Advice) -> Option<Transaction> {
        self.asking.note(Question::OriginalOfReversal, 0);
        let found = match self.config.matches_by_rrn_alone {
            true => self.books.find_by_rrn(advice),
            false => self.books.find(&advice.original),
        };
        match found {
            // Planted defect I10: an original that is still being written is not found.
            Some(Transaction::Decided(decision))
                if self.config.defects.has(Defect::I10)
                    && !self.books.is_durable(decision.commit) =>
            {
                None
            }
            found => found.copied(),
        }
    }

    fn is_about(&self, advice: &Advice, known: &Transaction) -> bool {
        self.config.matches_by_rrn_alone
            || known.decision().is_none_or(|decision| decision.is_reversed_by(advice))
    }

    /// What of the original is taken back, and what the advice is answered.
    fn owed(&self, advice: &Advice, decision: &Decision) -> (u64, ResponseCode) {
        let credits_declined = self.config.credits_declined && decision.is_sale();
        // What was voided or completed since has no effect left that could be taken back.
        let is_used_up = self.books.successor(decision.id).is_some();
        // What was refunded since is back already.
        let refunded = self.books.refunded(decision.id);
        let left = decision.answer.effective.saturating_sub(refunded);
        // A claim is final: what was paid on it is not taken back on the way.
        let is_claimed =
            self.books.settling.of_decision(decision.id).is_some_and(|item| item.is_claimed);
        match decision.has_moved() && !is_claimed && !is_used_up && (left > 0 || refunded == 0) {
            true if self.config.defects.has(Defect::I04) => (advice.minor, ResponseCode::APPROVED),
            true => (left, ResponseCode::APPROVED),
            false if credits_declined => (decision.amount.minor, ResponseCode::APPROVED),
            false => (0, ResponseCode::INVALID_TRANSACTION),
        }
    }

    /// What the reversal of a decision changes in what is held: a hold that expired meanwhile is
    /// not let go twice.
    fn hold_back(&self, decision: &Decision) -> i64 {
        let held = self.books.placed_by(decision).map_or(0, |placed| self.books.held(placed));
        let most = i64::try_from(held).unwrap_or(i64::MAX);
        (-decision.hold).max(-most)
    }

    /// Books and remembers a reversal in one write, and answers it.
    fn reverse(
        &mut self,
        inbound: Inbound<'_>,
        advice: &Advice,
        original: Option<&Decision>,
        (owed, code): (u64, ResponseCode),
        out: &mut Out<'_>,
    ) {
        // An issuer that matches by less than the key may be told of another card than it debited.
        let pan = original.map_or(advice.pan, |decision| decision.pan);
        let money = original.map_or(0, |decision| decision.kind.money());
        let item = original.and_then(|decision| self.books.item_of(decision));
        // Out of suspense the cardholder has it back already; or, of a void, has paid it again.
        // What a file debited, a file gives back.
        let is_done = |item: &Item| match money {
            1 => item.is_returned() || item.is_by_file,
            _ => item.is_retaken(),
        };
        // What a void brought back on hold is let go all the same: no suspense knows of holds.
        let lets_go = owed > 0 && money < 0;
        let owed = if item.is_some_and(is_done) { 0 } else { owed };
        let parked = item.map_or(Account::Settlement, Item::account);
        let legs = self.legs(&pan, owed, (-money, parked));
        let surcharge = original.filter(|_| owed > 0).map_or(0, |original| original.surcharge);
        let legs = match self.config.defects.has(Defect::I21) {
            true => legs,
            false => self.with_surcharge(legs, &pan, -surcharge),
        };
        let ends = original.filter(|_| owed > 0 || lets_go);
        let hold = ends.map_or(0, |decision| self.hold_back(decision));
        let credited = if legs.is_empty() { 0 } else { owed };
        let legs = self.with_escrow(legs, &pan, hold);
        let reversed = IssuerRecord::Reversed {
            id: self.books.next_id(),
            ticket: out.records.ticket(),
            original_key: advice.original,
            original: original.map(|decision| decision.id),
            credited,
            code,
            legs,
            hold,
            business_date: advice.business_date,
        };
        self.record(reversed, out.records);
        // What is held again may be over already.
        if hold > 0 {
            self.expire_holds(out.records);
        }
        self.peers.send(inbound.at, &message::answer_code(inbound.message, code), &mut out.rest);
        self.text(pan, credited, -money, out);
    }
}
