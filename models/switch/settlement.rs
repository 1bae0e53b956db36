//! Settlement at a switch: totals compared (0500), details uploaded (0320), the batch closed once.
//!
//! What counts in a batch is what was answered approved and not reversed. Balanced (平): what was
//! compared is settled. Unbalanced (不平): only what both sides have, with the same amount; the rest
//! is listed for people. Every message may come again and changes nothing the second time.

use std::collections::BTreeMap;

use super::book::Counted;
use super::exchange::fixed;
use super::{Caller, Switch};
use crate::defect::Defect;
use crate::iso8583::{
    BatchDetails48, Element, Message, Private60, ResponseCode, Settlement48, Totals48,
};
use crate::matching;
use crate::node::Actions;
use crate::record::{PosKey, Reason, Settled, SwitchRecord, Total, Totals};
use crate::time::Now;

/// Element 60.3: details follow.
const DETAILS: u16 = 201;
/// Element 60.3: end of the upload after an unbalanced comparison.
const END_UNBALANCED: u16 = 202;
/// Element 60.3: end of the upload after a balanced comparison.
const END_BALANCED: u16 = 207;

/// Result digits of element 48.
const BALANCED: u8 = 1;
const UNBALANCED: u8 = 2;
const ERROR: u8 = 3;

impl Switch {
    /// A 0500: compares the terminal's totals with what counts here.
    pub(super) fn compare(
        &mut self,
        now: Now,
        caller: Caller,
        message: &Message,
        actions: &mut Actions,
    ) {
        if self.is_in_maintenance(now) {
            return;
        }
        let totals = message.get(Element::PRIVATE_48).and_then(Settlement48::parse);
        let (Some(batch), Some(terminal), Some(mut totals)) =
            (matching::batch(message), fixed(message, Element::TERMINAL), totals)
        else {
            return self.answer_service(now, caller, message, ResponseCode::FORMAT_ERROR, actions);
        };
        if !self.is_durable(self.book.batch_commit(terminal, batch)) {
            return;
        }
        let mut code = ResponseCode::APPROVED;
        let mut result = ERROR;
        if batch == self.book.open_batch(caller.port) {
            let theirs = told(&totals);
            let ours = self
                .book
                .counted(terminal, batch)
                .fold(Totals::default(), |sum, counted| sum.plus(counted.kind, counted.minor));
            self.compare_once(terminal, batch, theirs, ours, actions);
            result = if self.agree(theirs, ours) { BALANCED } else { UNBALANCED };
        } else if self.book.is_closed(terminal, batch) {
            let compared =
                self.book.batch(terminal, batch).and_then(|batch| batch.compared.as_ref());
            let is_balanced = compared.is_some_and(|of| self.agree(of.theirs, of.ours));
            result = if is_balanced { BALANCED } else { UNBALANCED };
        } else {
            code = ResponseCode::BATCH_MISMATCH;
        }
        totals.domestic.result = result;
        totals.foreign.result = if code == ResponseCode::APPROVED { BALANCED } else { ERROR };
        let mut answer = self.service_answer(now, message, code);
        answer.set(Element::PRIVATE_48, totals.encode());
        answer.copy_from(message, &[Element::PRIVATE_63]);
        self.answer(caller, &answer, actions);
    }

    /// Whether two sides have the same: counts and sums, of debits and of credits.
    fn agree(&self, theirs: Totals, ours: Totals) -> bool {
        match self.config.defects.has(Defect::B10) {
            true => theirs.net() == ours.net(),
            false => theirs == ours,
        }
    }

    fn compare_once(
        &mut self,
        terminal: [u8; 8],
        batch: u32,
        theirs: Totals,
        ours: Totals,
        actions: &mut Actions,
    ) {
        let known = self.book.batch(terminal, batch).and_then(|batch| batch.compared.as_ref());
        let is_known =
            known.is_some_and(|compared| compared.theirs == theirs && compared.ours == ours);
        if !is_known {
            self.commit(SwitchRecord::Compared { terminal, batch, theirs, ours }, actions);
        }
    }

    /// A 0320: details, or the end of the upload, which closes the batch.
    pub(super) fn upload(
        &mut self,
        now: Now,
        caller: Caller,
        message: &Message,
        actions: &mut Actions,
    ) {
        if self.is_in_maintenance(now) {
            return;
        }
        let terminal = fixed(message, Element::TERMINAL);
        let code = match (Private60::of(message), terminal) {
            (Some(Private60 { batch, .. }), Some(terminal))
                if !self.is_durable(self.book.batch_commit(terminal, batch)) =>
            {
                return;
            }
            (Some(Private60 { batch, network_code: Some(step), .. }), Some(terminal)) => {
                if batch == self.book.open_batch(caller.port) {
                    self.upload_step(now, (terminal, batch), step, message, actions)
                } else if self.book.is_closed(terminal, batch) {
                    ResponseCode::APPROVED
                } else {
                    ResponseCode::BATCH_MISMATCH
                }
            }
            _ => ResponseCode::FORMAT_ERROR,
        };
        self.answer_service(now, caller, message, code, actions);
        // What a closed batch left behind is taken back upstream.
        self.send_all_advices(now, actions);
    }

    fn upload_step(
        &mut self,
        now: Now,
        (terminal, batch): ([u8; 8], u32),
        step: u16,
        message: &Message,
        actions: &mut Actions,
    ) -> ResponseCode {
        let known = self.book.batch(terminal, batch).and_then(|batch| batch.compared.as_ref());
        let is_balanced = known.map(|of| self.agree(of.theirs, of.ours));
        match (step, is_balanced) {
            (DETAILS, _) => self.take_details(terminal, batch, message, actions),
            // Nobody compared totals, or the terminal calls balanced what is not.
            (END_BALANCED, None | Some(false)) | (END_UNBALANCED, None) => {
                ResponseCode::RECONCILE_ERROR
            }
            (END_BALANCED, Some(true)) => self.close(now, (terminal, batch), true, actions),
            (END_UNBALANCED, Some(_)) => self.close(now, (terminal, batch), false, actions),
            _ => ResponseCode::NOT_SUPPORTED_BY_ISSUER,
        }
    }

    /// Keeps each detail once, whatever message it came in.
    fn take_details(
        &mut self,
        terminal: [u8; 8],
        batch: u32,
        message: &Message,
        actions: &mut Actions,
    ) -> ResponseCode {
        let Some(details) = message.get(Element::PRIVATE_48).and_then(BatchDetails48::parse) else {
            return ResponseCode::FORMAT_ERROR;
        };
        for detail in details.details {
            let key = PosKey { terminal, batch, stan: detail.trace };
            let known = self.book.batch(terminal, batch);
            let is_new = known.is_none_or(|batch| !batch.details.contains_key(&detail.trace));
            if is_new || self.config.defects.has(Defect::T20) {
                let record = SwitchRecord::DetailReceived { key, minor: detail.amount };
                self.commit(record, actions);
            }
        }
        ResponseCode::APPROVED
    }

    /// Closes a batch: what counts in it is settled, the differences are listed.
    fn close(
        &mut self,
        now: Now,
        (terminal, batch): ([u8; 8], u32),
        is_balanced: bool,
        actions: &mut Actions,
    ) -> ResponseCode {
        if self.book.batch(terminal, batch).is_none() {
            return ResponseCode::RECONCILE_ERROR;
        }
        // A terminal that settles waits for nothing. What is still on its way to an issuer it gave
        // up, and the reversal of it was lost; approved after this, it would never be settled.
        for id in self.book.in_flight_of(terminal, batch) {
            self.queue_advice(now, id, Reason::NoAnswer, actions);
            self.stop_waiting(id);
        }
        let Some(known) = self.book.batch(terminal, batch) else {
            return ResponseCode::RECONCILE_ERROR;
        };
        // What the terminal has. Balanced totals speak for what made them up here; nothing that
        // came after the comparison was in them.
        let theirs: BTreeMap<u32, u64> = match &known.compared {
            Some(compared) if is_balanced => {
                compared.counted.iter().map(|counted| (counted.stan, counted.minor)).collect()
            }
            _ => known.details.clone(),
        };
        let is_theirs = |counted: &Counted| theirs.get(&counted.stan) == Some(&counted.minor);
        let (settled, left): (Vec<Counted>, Vec<Counted>) =
            self.book.counted(terminal, batch).partition(is_theirs);
        let is_settled = |stan: u32| settled.iter().any(|counted| counted.stan == stan);
        let mut differences: Vec<u32> = left.iter().map(|counted| counted.stan).collect();
        // So did it give up the advices that nobody has answered; those are not taken back.
        differences.extend(self.book.untold_of(terminal, batch));
        differences.extend(theirs.keys().filter(|stan| !is_settled(**stan)));
        differences.sort_unstable();
        differences.dedup();
        let record = SwitchRecord::BatchClosed {
            terminal,
            batch,
            entries: settled.into_iter().map(Settled::from).collect(),
            differences: differences.into(),
            business_date: self.book.business_date,
        };
        self.commit(record, actions);
        // A refund on one side only gives its merchant back what it was charged.
        self.pay_what_is_owed(actions);
        ResponseCode::APPROVED
    }

    /// Answers a message that is no transaction.
    fn answer_service(
        &self,
        now: Now,
        caller: Caller,
        message: &Message,
        code: ResponseCode,
        actions: &mut Actions,
    ) {
        let answer = self.service_answer(now, message, code);
        self.answer(caller, &answer, actions);
    }
}

/// The terminal's totals, domestic and foreign.
fn told(totals: &Settlement48) -> Totals {
    let Settlement48 { domestic, foreign } = totals;
    let sum = |count: fn(&Totals48) -> u32, minor: fn(&Totals48) -> u64| Total {
        count: count(domestic) + count(foreign),
        minor: minor(domestic).saturating_add(minor(foreign)),
    };
    Totals {
        debits: sum(|totals| totals.debit_count, |totals| totals.debit_amount),
        credits: sum(|totals| totals.credit_count, |totals| totals.credit_amount),
    }
}

impl From<Counted> for Settled {
    fn from(counted: Counted) -> Settled {
        let Counted { id, ticket, kind, minor, .. } = counted;
        Settled { id, ticket, kind, minor }
    }
}
