//! What a cashier asks of the host: sale, void, refund, pre-authorisation, completion, balance
//! inquiry; their slips and copies. Reverses and repeats nothing: it says what is in doubt.

use super::journal::{Keys, Transaction};
use super::messages::{self, Approval, Verdict};
use super::{Aim, Printing, Request, Requested, State, Terminal, Wish, due, in_doubt, print, show};
use crate::asked::Question;
use crate::card::{Amount, Card, Voucher};
use crate::defect::Defect;
use crate::device::{Device, Display, Output, Slip};
use crate::iso8583::{Element, Icc55, ResponseCode};
use crate::line::{Incoming, MacCheck};
use crate::node::{Actions, Ticket};
use crate::record::{Kind, Reason, Record, TerminalRecord};
use crate::security::Pin;
use crate::time::Now;

/// A request that moves something, complete but for its voucher number.
pub(super) struct Asked {
    pub(super) kind: Kind,
    pub(super) amount: Amount,
    pub(super) card: Card,
    original: Option<Voucher>,
}

impl Asked {
    /// Whether the chip is asked.
    pub(super) fn is_by_chip(&self) -> bool {
        self.card.has_chip && self.kind.is_put_to_the_chip()
    }
}

impl Terminal {
    /// Nothing stands before the request any more but the PIN, and room in the batch.
    pub(super) fn ask_for_pin(&mut self, now: Now, wish: Wish, actions: &mut Actions) {
        let asked = match self.asked(&wish) {
            Ok(asked) => asked,
            Err(display) => return self.end(now, wish.ticket, display, actions),
        };
        let is_frozen = self.memory.settlement.is_some();
        self.asking.note(Question::BatchRoom, self.memory.vouchers.len() as u64);
        let is_full = is_frozen || self.memory.vouchers.len() >= self.config.batch_max as usize;
        if (asked.is_some() && is_full) || self.card_stan(asked.is_some()).is_none() {
            return self.end(now, wish.ticket, Display::MustSettle, actions);
        }
        if asked.as_ref().is_some_and(Asked::is_by_chip) {
            return match self.missing_chip_data() {
                Some(what) => {
                    self.end(now, wish.ticket, Display::ChipDataMissing(what), actions);
                }
                None => self.read_card(wish, actions),
            };
        }
        // The supervisor answers for a refund, and a repeat could carry no PIN: none is kept. A
        // payment code stands for its customer.
        let needs_no_pin = |one: Asked| one.kind.is_advice() || one.card.pan.is_payment_code();
        if asked.is_some_and(needs_no_pin) {
            return self.request(now, wish, (None, None), actions);
        }
        self.enter_pin(now, wish, actions);
    }

    /// Asks the cardholder for the PIN, if this terminal does.
    pub(super) fn enter_pin(&mut self, now: Now, wish: Wish, actions: &mut Actions) {
        if !self.config.asks_for_pin {
            return self.authorise(now, wish, None, actions);
        }
        let amount = self.asked(&wish).ok().flatten().map(|asked| asked.amount);
        actions.tell(Device::PinPad, Output::EnterPin { amount });
        self.state = State::EnteringPin { wish };
    }

    /// What a wish asks for, if it is to move something; or why the terminal does not ask it.
    pub(super) fn asked(&self, wish: &Wish) -> Result<Option<Asked>, Display> {
        match wish.aim {
            Aim::Ask { kind, amount, card, original } => {
                Ok(Some(Asked { kind, amount, card, original }))
            }
            Aim::Void { voucher, card } => self.void(voucher, card).map(Some),
            _ => Ok(None),
        }
    }

    /// The void of a voucher that the open batch holds, for the same card, and only once.
    fn void(&self, voucher: u32, card: Card) -> Result<Asked, Display> {
        let booked = self.memory.voidable(voucher).filter(|one| !self.memory.is_undone(one));
        let booked = booked.filter(|one| one.transaction.card.pan == card.pan);
        let booked = booked.ok_or(Display::VoidRefused)?;
        let kind = match booked.transaction.kind {
            Kind::Sale => Kind::Void,
            Kind::Completion => Kind::CompletionVoid,
            // A pre-authorisation is voided by what its slip says, a void not at all.
            _ => return Err(Display::VoidRefused),
        };
        let (amount, original) = (booked.transaction.amount, Some(booked.voucher()));
        Ok(Asked { kind, amount, card, original })
    }

    pub(super) fn card_stan(&self, moves_money: bool) -> Option<u32> {
        let stans = &self.memory.stans;
        match moves_money {
            _ if self.config.defects.has(Defect::T11) => Some(stans.modulo()),
            true => stans.for_sale(),
            false => stans.for_inquiry(),
        }
    }

    /// Makes the request and sends it, or dials first.
    pub(super) fn request(
        &mut self,
        now: Now,
        wish: Wish,
        secrets: (Option<&Pin>, Option<&Icc55>),
        actions: &mut Actions,
    ) {
        actions.about(wish.ticket);
        let Some(request) = self.prepare(now, &wish, secrets, actions) else {
            return self.end(
                now,
                wish.ticket,
                Display::Declined(ResponseCode::FORMAT_ERROR),
                actions,
            );
        };
        match request.what {
            Requested::Transaction(_) if self.config.defects.has(Defect::T02) => {}
            Requested::Transaction(transaction) => {
                self.record(started(&transaction), actions);
                if self.config.defects.has(Defect::T41) {
                    let track = messages::track_2(&transaction.card);
                    actions.record(Record::Own(track.into_bytes().into()));
                }
            }
            Requested::Inquiry { stan, .. } => {
                self.record(TerminalRecord::StanTaken { stan }, actions);
            }
        }
        if self.is_up() {
            self.submit(now, request, actions);
        } else {
            self.connect(now, wish, Some(request), actions);
        }
    }

    /// The sealed request; none if the card or the amount does not fit into a message.
    fn prepare(
        &self,
        now: Now,
        wish: &Wish,
        (pin, icc): (Option<&Pin>, Option<&Icc55>),
        actions: &mut Actions,
    ) -> Option<Request> {
        let Keys::Good(keys) = &self.memory.keys else { return None };
        let (ticket, batch) = (wish.ticket, self.memory.batch);
        let (message, what) = match (wish.aim, self.asked(wish).ok()?) {
            (_, Some(Asked { kind, amount, card, original })) => {
                let stan = self.card_stan(true)?;
                let date = now.local.date().mmdd();
                let transaction =
                    Transaction { ticket, stan, batch, kind, original, amount, card, date };
                let message = messages::request(&self.config, &transaction, keys, (pin, icc))?;
                (message, Requested::Transaction(transaction))
            }
            (Aim::Inquiry { card }, None) => {
                let stan = self.card_stan(false)?;
                let message = messages::inquiry(&self.config, (stan, batch), &card, keys, pin)?;
                (message, Requested::Inquiry { ticket, stan })
            }
            _ => return None,
        };
        let frame = self.seal(&message, actions)?;
        Some(Request { what, frame })
    }

    /// The request goes out. From here on what moves something is in doubt.
    pub(super) fn submit(&mut self, now: Now, request: Request, actions: &mut Actions) {
        self.state = match request.what {
            Requested::Transaction(transaction) => {
                actions.about(transaction.ticket);
                self.send(now, request.frame, actions);
                if self.config.defects.has(Defect::T02) {
                    self.record(started(&transaction), actions);
                }
                State::Asking { transaction }
            }
            Requested::Inquiry { ticket, stan } => {
                actions.about(ticket);
                self.send(now, request.frame, actions);
                State::Inquiring { ticket, stan }
            }
        };
        show(actions, Display::Processing);
    }

    pub(super) fn answered(
        &mut self,
        now: Now,
        asked: &Transaction,
        incoming: &Incoming,
        actions: &mut Actions,
    ) {
        actions.about(asked.ticket);
        match messages::judge(&self.config, asked, incoming) {
            // Who cannot tell has not refused the payment.
            Verdict::Declined(code) if asked.is_order() && code.leaves_doubt() => {
                self.doubt(now, asked, Reason::NoAnswer, actions);
            }
            Verdict::Untrusted(code, reason) if asked.is_order() => {
                self.note_keys(code, actions);
                self.doubt(now, asked, reason, actions);
            }
            Verdict::Approved(approval) if asked.is_by_chip() => {
                self.complete(*asked, approval, actions);
            }
            Verdict::Approved(approval) => self.complete_with(asked, approval, actions),
            Verdict::Declined(code) => self.decline(now, asked, code, actions),
            Verdict::Untrusted(code, reason) => {
                self.record(due(asked, reason), actions);
                self.note_keys(code, actions);
                // Who reads of a refusal does it again; but it is told again by itself.
                let display = match asked.kind.is_advice() {
                    true => Display::WillTellAgain,
                    false => Display::Declined(code),
                };
                self.end(now, asked.ticket, display, actions);
            }
            Verdict::Doubt(reason) => self.doubt(now, asked, reason, actions),
        }
    }

    /// Approved, and nothing is waited for any more but the printer.
    pub(super) fn complete_with(
        &mut self,
        asked: &Transaction,
        approval: Approval,
        actions: &mut Actions,
    ) {
        self.timers.clear(super::Timer::Answer);
        self.approve(asked, approval, actions);
        self.state = State::Printing;
    }

    /// The voucher is in the batch; the slip comes out.
    pub(super) fn approve(
        &mut self,
        asked: &Transaction,
        approval: Approval,
        actions: &mut Actions,
    ) {
        let Transaction { ticket, stan, batch, kind, .. } = *asked;
        let Approval { amount, rrn, authorization } = approval;
        let approved = TerminalRecord::Approved { ticket, stan, batch, amount, rrn, authorization };
        self.record(approved, actions);
        show(actions, Display::Approved(amount));
        print(actions, Slip::Receipt { kind, stan, batch, amount, is_copy: false });
        self.slips.push(Printing::Receipt { ticket, stan, is_copy: false });
    }

    pub(super) fn decline(
        &mut self,
        now: Now,
        asked: &Transaction,
        code: ResponseCode,
        actions: &mut Actions,
    ) {
        let (ticket, stan) = (asked.ticket, asked.stan);
        self.record(TerminalRecord::Declined { ticket, stan, code }, actions);
        self.note_keys(code, actions);
        self.end(now, ticket, Display::Declined(code), actions);
    }

    /// After 97, 99 and A0 the next wish signs on first.
    pub(super) fn note_keys(&mut self, code: ResponseCode, actions: &mut Actions) {
        if messages::asks_for_sign_on(code) {
            self.record(TerminalRecord::SignedOff, actions);
        }
    }

    /// No valid answer: the request will be taken back, or told again.
    fn doubt(&mut self, now: Now, asked: &Transaction, reason: Reason, actions: &mut Actions) {
        actions.about(asked.ticket);
        self.record(due(asked, reason), actions);
        if asked.is_order() {
            // The customer stands there and knows more than the terminal.
            return self.conclude(now, asked.ticket, actions);
        }
        self.end(now, asked.ticket, in_doubt(asked), actions);
    }

    pub(super) fn timed_out(&mut self, now: Now, asked: &Transaction, actions: &mut Actions) {
        actions.about(asked.ticket);
        if self.config.defects.has(Defect::T01) {
            return self.decline(now, asked, ResponseCode::ISSUER_TIMED_OUT, actions);
        }
        self.doubt(now, asked, Reason::NoAnswer, actions);
    }

    /// The line broke while waiting: what was sent may have arrived.
    pub(super) fn cut_off(&mut self, now: Now, asked: &Transaction, actions: &mut Actions) {
        self.doubt(now, asked, Reason::NoAnswer, actions);
    }

    pub(super) fn garbled(&mut self, now: Now, asked: &Transaction, actions: &mut Actions) {
        actions.about(asked.ticket);
        if self.config.defects.has(Defect::T15) {
            return self.decline(now, asked, ResponseCode::FORMAT_ERROR, actions);
        }
        self.doubt(now, asked, Reason::Other, actions);
    }

    pub(super) fn inquiry_answered(
        &mut self,
        now: Now,
        ticket: Ticket,
        incoming: &Incoming,
        actions: &mut Actions,
    ) {
        actions.about(ticket);
        let display = match messages::balance(&self.config, incoming) {
            Ok(amount) => Display::Balance(amount),
            Err(code) => {
                self.note_keys(code, actions);
                Display::Declined(code)
            }
        };
        self.end(now, ticket, display, actions);
    }

    /// An inquiry moves nothing, so there is nothing to reverse; but the line may be dead.
    pub(super) fn inquiry_unanswered(&mut self, now: Now, ticket: Ticket, actions: &mut Actions) {
        self.hang_up(actions);
        self.end(now, ticket, Display::Declined(ResponseCode::ISSUER_TIMED_OUT), actions);
    }

    /// A message that nobody waits for: late, a duplicate, or not ours.
    pub(super) fn ignore(&mut self, state: State, incoming: &Incoming, actions: &mut Actions) {
        self.state = state;
        let defects = self.config.defects;
        if !defects.has(Defect::T12) && !defects.has(Defect::T14) {
            return;
        }
        let message = &incoming.message;
        let is_approval = matches!(message.mti().class(), 1 | 2)
            && message.mti().is_response()
            && incoming.mac == MacCheck::Valid
            && messages::response_code(message).is_some_and(ResponseCode::is_approval);
        let stan = message.number(Element::STAN).and_then(|stan| u32::try_from(stan).ok());
        let (true, Some(stan)) = (is_approval, stan) else { return };
        let rrn = message.get(Element::RRN).and_then(|rrn| rrn.try_into().ok()).unwrap_or([0; 12]);
        if let Some(asked) = self.memory.doubt_mut(stan).map(|doubt| doubt.transaction)
            && defects.has(Defect::T12)
        {
            actions.about(asked.ticket);
            let approval = Approval { amount: asked.amount, rrn, authorization: None };
            self.approve(&asked, approval, actions);
        } else if let Some(Transaction { ticket, batch, amount, .. }) =
            self.memory.voucher(stan).map(|booked| booked.transaction)
            && defects.has(Defect::T14)
        {
            actions.about(ticket);
            let authorization = None;
            let again =
                TerminalRecord::Approved { ticket, stan, batch, amount, rrn, authorization };
            self.record(again, actions);
        }
    }

    /// Prints a slip of the open batch again.
    pub(super) fn reprint(
        &mut self,
        now: Now,
        ticket: Ticket,
        voucher: Option<u32>,
        actions: &mut Actions,
    ) {
        let booked = match voucher {
            Some(stan) => self.memory.voucher(stan),
            None => self.memory.vouchers.last(),
        };
        let Some(booked) = booked.map(|booked| booked.transaction) else {
            return self.end(now, ticket, Display::ReprintRefused, actions);
        };
        let Transaction { kind, stan, batch, amount, .. } = booked;
        print(actions, Slip::Receipt { kind, stan, batch, amount, is_copy: true });
        self.slips.push(Printing::Receipt { ticket, stan, is_copy: true });
        self.state = State::Printing;
    }

    /// The printer has answered its oldest slip.
    pub(super) fn printed(&mut self, now: Now, is_printed: bool, actions: &mut Actions) {
        if self.slips.is_empty() {
            return; // It speaks of a slip from before the power failed.
        }
        match self.slips.remove(0) {
            Printing::Receipt { ticket, stan, is_copy } if is_printed => {
                actions.about(ticket);
                let booked = self.memory.voucher(stan).filter(|booked| !booked.is_printed);
                if let Some(ticket) = booked.map(|booked| booked.transaction.ticket) {
                    self.record(TerminalRecord::SlipPrinted { ticket, stan }, actions);
                }
                if is_copy {
                    show(actions, Display::Reprinted);
                }
            }
            Printing::Receipt { ticket, .. } => {
                actions.about(ticket);
                show(
                    actions,
                    match self.config.defects.has(Defect::T30) {
                        true => Display::SwipeAgain,
                        false => Display::PrinterFault,
                    },
                );
            }
            Printing::Note => {}
        }
        if self.slips.is_empty() && self.state == State::Printing {
            self.rest(now, actions);
        }
    }
}

fn started(asked: &Transaction) -> TerminalRecord {
    let Transaction { ticket, stan, batch, kind, original, amount, card, date } = *asked;
    TerminalRecord::Started { ticket, stan, batch, kind, original, amount, card, date }
}
