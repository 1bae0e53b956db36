//! Sale and balance inquiry, their slips and copies. Reverses nothing: it says what is in doubt.

use super::journal::{Keys, Sale};
use super::messages::{self, Verdict};
use super::{Aim, Printing, Request, Requested, State, Terminal, Wish, due, print, show};
use crate::asked::Question;
use crate::card::Amount;
use crate::defect::Defect;
use crate::device::{Device, Display, Output, Slip};
use crate::iso8583::{Element, Mti, ResponseCode};
use crate::line::{Incoming, MacCheck};
use crate::node::{Actions, Ticket};
use crate::record::{Reason, TerminalRecord};
use crate::security::Pin;
use crate::time::Now;

impl Terminal {
    /// Nothing stands before the request any more but the PIN, and room in the batch.
    pub(super) fn ask_for_pin(&mut self, now: Now, wish: Wish, actions: &mut Actions) {
        let amount = match wish.aim {
            Aim::Sale { amount, .. } => Some(amount),
            _ => None,
        };
        let is_frozen = self.memory.settlement.is_some();
        self.asking.note(Question::BatchRoom, self.memory.sales.len() as u64);
        let is_full = is_frozen || self.memory.sales.len() >= self.config.batch_max as usize;
        if (amount.is_some() && is_full) || self.card_stan(amount.is_some()).is_none() {
            return self.end(now, wish.ticket, Display::MustSettle, actions);
        }
        if !self.config.asks_for_pin {
            return self.request(now, wish, None, actions);
        }
        actions.tell(Device::PinPad, Output::EnterPin { amount });
        self.state = State::EnteringPin { wish };
    }

    fn card_stan(&self, is_sale: bool) -> Option<u32> {
        let stans = &self.memory.stans;
        match is_sale {
            _ if self.config.defects.has(Defect::T11) => Some(stans.modulo()),
            true => stans.for_sale(),
            false => stans.for_inquiry(),
        }
    }

    /// Makes the 0200 and sends it, or dials first.
    pub(super) fn request(
        &mut self,
        now: Now,
        wish: Wish,
        pin: Option<&Pin>,
        actions: &mut Actions,
    ) {
        actions.about(wish.ticket);
        let Some(request) = self.prepare(now, &wish, pin, actions) else {
            return self.end(
                now,
                wish.ticket,
                Display::Declined(ResponseCode::FORMAT_ERROR),
                actions,
            );
        };
        match request.what {
            Requested::Sale { .. } if self.config.defects.has(Defect::T02) => {}
            Requested::Sale { sale, date } => self.record(started(&sale, date), actions),
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
        pin: Option<&Pin>,
        actions: &mut Actions,
    ) -> Option<Request> {
        let Keys::Good(keys) = &self.memory.keys else { return None };
        let (ticket, batch) = (wish.ticket, self.memory.batch);
        let (message, what) = match wish.aim {
            Aim::Sale { amount, card } => {
                let stan = self.card_stan(true)?;
                let sale = Sale { ticket, stan, batch, amount, card };
                let date = now.local.date().mmdd();
                let message = messages::sale(&self.config, &sale, keys, pin)?;
                (message, Requested::Sale { sale, date })
            }
            Aim::Inquiry { card } => {
                let stan = self.card_stan(false)?;
                let message = messages::inquiry(&self.config, (stan, batch), &card, keys, pin)?;
                (message, Requested::Inquiry { ticket, stan })
            }
            _ => return None,
        };
        let frame = self.seal(&message, actions)?;
        Some(Request { what, frame })
    }

    /// The request goes out. From here on a sale is in doubt.
    pub(super) fn submit(&mut self, now: Now, request: Request, actions: &mut Actions) {
        self.state = match request.what {
            Requested::Sale { sale, date } => {
                actions.about(sale.ticket);
                self.send(now, request.frame, actions);
                if self.config.defects.has(Defect::T02) {
                    self.record(started(&sale, date), actions);
                }
                State::Selling { sale }
            }
            Requested::Inquiry { ticket, stan } => {
                actions.about(ticket);
                self.send(now, request.frame, actions);
                State::Inquiring { ticket, stan }
            }
        };
        show(actions, Display::Processing);
    }

    pub(super) fn sale_answered(
        &mut self,
        now: Now,
        sale: &Sale,
        incoming: &Incoming,
        actions: &mut Actions,
    ) {
        actions.about(sale.ticket);
        match messages::judge(&self.config, sale, incoming) {
            Verdict::Approved { amount, rrn } => {
                self.timers.clear(super::Timer::Answer);
                self.approve(sale, amount, rrn, actions);
                self.state = State::Printing;
            }
            Verdict::Declined(code) => self.decline(now, sale, code, actions),
            Verdict::Untrusted(code, reason) => {
                self.record(due(sale, reason), actions);
                self.note_keys(code, actions);
                self.end(now, sale.ticket, Display::Declined(code), actions);
            }
            Verdict::Doubt(reason) => self.doubt(now, sale, reason, actions),
        }
    }

    /// The sale is in the batch; the slip comes out.
    fn approve(&mut self, sale: &Sale, amount: Amount, rrn: [u8; 12], actions: &mut Actions) {
        let Sale { ticket, stan, batch, .. } = *sale;
        self.record(TerminalRecord::Approved { ticket, stan, batch, amount, rrn }, actions);
        show(actions, Display::Approved(amount));
        print(actions, Slip::Receipt { stan, batch, amount, is_copy: false });
        self.slips.push(Printing::Receipt { ticket, stan, is_copy: false });
    }

    fn decline(&mut self, now: Now, sale: &Sale, code: ResponseCode, actions: &mut Actions) {
        let (ticket, stan) = (sale.ticket, sale.stan);
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

    /// No valid answer: the sale will be taken back.
    fn doubt(&mut self, now: Now, sale: &Sale, reason: Reason, actions: &mut Actions) {
        actions.about(sale.ticket);
        self.record(due(sale, reason), actions);
        self.end(now, sale.ticket, Display::InDoubt, actions);
    }

    pub(super) fn sale_timed_out(&mut self, now: Now, sale: &Sale, actions: &mut Actions) {
        actions.about(sale.ticket);
        if self.config.defects.has(Defect::T01) {
            return self.decline(now, sale, ResponseCode::ISSUER_TIMED_OUT, actions);
        }
        self.doubt(now, sale, Reason::NoAnswer, actions);
    }

    /// The line broke while waiting: what was sent may have arrived.
    pub(super) fn sale_cut_off(&mut self, now: Now, sale: &Sale, actions: &mut Actions) {
        self.doubt(now, sale, Reason::NoAnswer, actions);
    }

    pub(super) fn sale_garbled(&mut self, now: Now, sale: &Sale, actions: &mut Actions) {
        actions.about(sale.ticket);
        if self.config.defects.has(Defect::T15) {
            return self.decline(now, sale, ResponseCode::FORMAT_ERROR, actions);
        }
        self.doubt(now, sale, Reason::Other, actions);
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
        let is_approval = message.mti() == Mti::FINANCIAL_RESPONSE
            && incoming.mac == MacCheck::Valid
            && messages::response_code(message).is_some_and(ResponseCode::is_approval);
        let stan = message.number(Element::STAN).and_then(|stan| u32::try_from(stan).ok());
        let (true, Some(stan)) = (is_approval, stan) else { return };
        let rrn = message.get(Element::RRN).and_then(|rrn| rrn.try_into().ok()).unwrap_or([0; 12]);
        if let Some(sale) = self.memory.doubt_mut(stan).map(|doubt| doubt.sale)
            && defects.has(Defect::T12)
        {
            actions.about(sale.ticket);
            self.approve(&sale, sale.amount, rrn, actions);
        } else if let Some(Sale { ticket, batch, amount, .. }) =
            self.memory.sold(stan).map(|sold| sold.sale)
            && defects.has(Defect::T14)
        {
            actions.about(ticket);
            self.record(TerminalRecord::Approved { ticket, stan, batch, amount, rrn }, actions);
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
        let sold = match voucher {
            Some(stan) => self.memory.sold(stan),
            None => self.memory.sales.last(),
        };
        let Some(Sale { stan, batch, amount, .. }) = sold.map(|sold| sold.sale) else {
            return self.end(now, ticket, Display::ReprintRefused, actions);
        };
        print(actions, Slip::Receipt { stan, batch, amount, is_copy: true });
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
                let sold = self.memory.sold(stan);
                if let Some(ticket) = sold.filter(|s| !s.is_printed).map(|s| s.sale.ticket) {
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

fn started(sale: &Sale, date: u16) -> TerminalRecord {
    let Sale { ticket, stan, batch, amount, card } = *sale;
    TerminalRecord::Started { ticket, stan, batch, amount, card, date }
}
