//! The POS dialect at a switch: sign-on, echo test, financial requests and reversals of terminals.
//!
//! The MAC is verified before anything else. Who cannot be authenticated is answered without a MAC:
//! A0 for a bad MAC or no good keys, 97 for a terminal that is not of this line.

use super::config::Peer;
use super::exchange::{Marks, fixed, transmission};
use super::request::{Request, kind_of};
use super::{Caller, Side, Switch};
use crate::card::{Amount, Pan};
use crate::defect::Defect;
use crate::iso8583::{
    Element, Message, Mti, Order59, OrderNumber, OriginalPos61, Private60, ResponseCode,
};
use crate::line::{Incoming, MacCheck};
use crate::node::{Actions, Port};
use crate::record::{Kind, Origin, PosKey, SwitchRecord};
use crate::security::{Key, WorkKeys};
use crate::time::Now;

/// Element 60.3 of a sign-on: double-length keys.
const DOUBLE_LENGTH_KEYS: u16 = 3;

/// Element 22 begins like this where a code was scanned.
const SCANNED: &[u8] = b"03";

/// Element 60.3 of an echo test.
const ECHO: u16 = 301;

/// Element 60.3 of a sign-off.
const SIGN_OFF: u16 = 2;

/// The sign-on that was answered last: a copy of it gets the same keys, or the terminal, which
/// takes the first answer, would be left with retired ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct SignOn {
    stan: u32,
    commit: u64,
}

impl Switch {
    /// A message from a terminal.
    pub(super) fn serve_terminal(
        &mut self,
        now: Now,
        caller: Caller,
        incoming: &Incoming,
        actions: &mut Actions,
    ) {
        let (message, is_sealed) = (&incoming.message, incoming.mac == MacCheck::Valid);
        let code = match (message.mti(), is_sealed, self.is_of_line(caller, message)) {
            (mti, false, _) if matches!(mti.class(), 1 | 2 | 4) => {
                if self.config.defects.has(Defect::W30) && mti == Mti::FINANCIAL_REQUEST {
                    self.pos_request(now, caller, message, actions);
                }
                ResponseCode::MAC_ERROR
            }
            (_, _, false) => ResponseCode::TERMINAL_NOT_REGISTERED,
            (
                Mti::AUTHORIZATION_REQUEST
                | Mti::FINANCIAL_REQUEST
                | Mti::FINANCIAL_REPEAT
                | Mti::FINANCIAL_ADVICE
                | Mti::FINANCIAL_ADVICE_REPEAT,
                true,
                true,
            ) => {
                return self.pos_request(now, caller, message, actions);
            }
            (Mti::REVERSAL_REQUEST | Mti::REVERSAL_REPEAT, true, true) => {
                return self.pos_reversal(now, caller, message, actions);
            }
            (Mti::NETWORK_REQUEST | Mti::NETWORK_ADVICE, _, true)
                if self.serve_chip_data(now, caller, message, actions) =>
            {
                return;
            }
            (Mti::NETWORK_REQUEST, _, true) => {
                return self.sign_on(now, caller, message, actions);
            }
            (Mti::NETWORK_ADVICE, _, true) => {
                return self.network_advice(now, caller, message, actions);
            }
            (Mti::RECONCILIATION_REQUEST, _, true) => {
                return self.compare(now, caller, message, actions);
            }
            (Mti::FILE_ADVICE, _, true) => return self.upload(now, caller, message, actions),
            _ => return,
        };
        if message.mti().is_request() {
            let answer = self.service_answer(now, message, code);
            self.answer_unsigned(caller, &answer, actions);
        }
    }

    /// Whether elements 41 and 42 are those of the terminal at this port.
    fn is_of_line(&self, caller: Caller, message: &Message) -> bool {
        let Some(Peer::Terminal { terminal, merchant, .. }) = self.peer(caller) else {
            return false;
        };
        if self.config.defects.has(Defect::W41) {
            return true;
        }
        message.get(Element::TERMINAL) == Some(terminal)
            && message.get(Element::MERCHANT) == Some(merchant)
    }

    fn peer(&self, caller: Caller) -> Option<&Peer> {
        match caller.side {
            Side::Terminal(at) | Side::Switch(at) => Some(&self.config.downstream[at].peer),
            Side::Upstream(_) => None,
        }
    }

    fn pos_request(&mut self, now: Now, caller: Caller, message: &Message, actions: &mut Actions) {
        match self.read_pos_request(caller, message) {
            Some(request) => self.request(now, &request, actions),
            None => {
                let answer = self.service_answer(now, message, ResponseCode::FORMAT_ERROR);
                self.answer(caller, &answer, actions);
            }
        }
    }

    /// A request in the POS dialect, if it reads.
    pub(super) fn read_pos_request<'a>(
        &self,
        caller: Caller,
        message: &'a Message,
    ) -> Option<Request<'a>> {
        let kind = kind_of(message)?;
        let minor = match kind.moves() {
            true => message.number(Element::AMOUNT)?,
            false => 0,
        };
        let origin = PosKey::of(message)?;
        let pan = pan_of(message)?;
        let original = || {
            if kind == Kind::OrderQuery {
                let key = order_key(message).filter(|key| key.terminal == origin.terminal)?;
                return Some(Origin::Pos(key));
            }
            let OriginalPos61 { batch, stan, .. } = OriginalPos61::of(message)?;
            let named = Origin::Pos(PosKey { terminal: origin.terminal, batch, stan });
            let nothing = Origin::Pos(PosKey { terminal: [0; 8], batch: 0, stan: 0 });
            // A refund may come from another terminal than its sale: the reference finds it, where
            // the slip could be read.
            let reference: Option<[u8; 12]> = fixed(message, Element::RRN);
            match reference.filter(|rrn| kind == Kind::Refund && *rrn != [b'0'; 12]) {
                Some(rrn) => Some(self.book.referred(&rrn).unwrap_or(nothing)),
                None => Some(named),
            }
        };
        let original = match kind.original() {
            Some(_) => Some(original()?),
            None => None,
        };
        let currency = self.config.currency;
        if message.number(Element::CURRENCY)? != u64::from(currency.0) {
            return None;
        }
        // An order is numbered as its voucher is.
        if kind.is_order(&pan) && order_key(message) != Some(origin) {
            return None;
        }
        let Side::Terminal(at) = caller.side else { return None };
        Some(Request {
            caller,
            message,
            origin: Origin::Pos(origin),
            kind,
            original,
            pan,
            amount: Amount { minor, currency },
            pin_key: self.keys[at].as_ref().map(|keys| keys.pin.clone()),
        })
    }

    fn pos_reversal(&mut self, now: Now, caller: Caller, message: &Message, actions: &mut Actions) {
        match PosKey::of(message) {
            _ if self.is_in_maintenance(now) => {}
            Some(key) => self.reverse(now, caller, Origin::Pos(key), message, actions),
            None => {
                let answer = self.service_answer(now, message, ResponseCode::FORMAT_ERROR);
                self.answer(caller, &answer, actions);
            }
        }
    }

    /// Sign-on 签到: new work keys under the terminal's master key. The old ones retire at once.
    fn sign_on(&mut self, now: Now, caller: Caller, message: &Message, actions: &mut Actions) {
        let (Side::Terminal(at), Some(Peer::Terminal { master_key, .. })) =
            (caller.side, self.peer(caller))
        else {
            return;
        };
        let master_key: Key = master_key.clone();
        let stan = message.number(Element::STAN).and_then(|stan| u32::try_from(stan).ok());
        let code = Private60::of(message).and_then(|private| private.network_code);
        let (Some(stan), Some(DOUBLE_LENGTH_KEYS)) = (stan, code) else {
            let answer = self.service_answer(now, message, ResponseCode::FORMAT_ERROR);
            return self.answer(caller, &answer, actions);
        };
        match self.sign_ons[at] {
            Some(last) if last.stan == stan && self.keys[at].is_some() => {
                if !self.is_durable(last.commit) {
                    return;
                }
            }
            _ => self.issue_keys(at, caller.port, stan, actions),
        }
        let sealed =
            self.keys[at].as_ref().and_then(|keys| keys.seal(&master_key, DOUBLE_LENGTH_KEYS));
        let mut answer = self.service_answer(now, message, ResponseCode::APPROVED);
        let batch = self.book.open_batch(caller.port);
        let private = Private60::new(*b"00", batch).with_network_code(DOUBLE_LENGTH_KEYS);
        answer.set(Element::PRIVATE_60, private.encode());
        answer.set(Element::PRIVATE_62, sealed.unwrap_or_default());
        self.answer(caller, &answer, actions);
    }

    fn issue_keys(&mut self, at: usize, port: Port, stan: u32, actions: &mut Actions) {
        let generation = self.book.keys(port).generation + 1;
        let batch = self.book.open_batch(port);
        self.commit(SwitchRecord::KeysIssued { port, generation, batch }, actions);
        self.sign_ons[at] = Some(SignOn { stan, commit: self.commits.begun });
        self.load_keys(at, port);
    }

    pub(super) fn withdraw_keys(&mut self, port: Port, actions: &mut Actions) {
        let Some(at) = self.config.downstream.iter().position(|peer| peer.port == port) else {
            return;
        };
        if self.keys[at].is_some() {
            self.commit(SwitchRecord::KeysWithdrawn { port }, actions);
            if self.config.defects.has(Defect::W40) {
                return;
            }
            self.load_keys(at, port);
        }
    }

    /// The work keys of a port as the book has them: derived, never stored.
    pub(super) fn issued_keys(&self, port: Port) -> Option<WorkKeys> {
        let state = self.book.keys(port);
        let counter = u64::from(port.0) << 32 | u64::from(state.generation);
        let keys = || WorkKeys::derive(&self.config.key_seed, counter).fitted(DOUBLE_LENGTH_KEYS);
        state.are_good.then(keys)?
    }

    /// Puts the keys of the book to use, on every link of the port.
    fn load_keys(&mut self, at: usize, port: Port) {
        self.keys[at] = self.issued_keys(port);
        let mac = self.keys[at].as_ref().map(|keys| keys.mac.clone());
        for connection in self.connections.iter_mut().filter(|one| one.port == port) {
            connection.line.set_mac_key(mac.clone());
        }
    }

    /// A line test (回响测试), or a sign-off (签退).
    fn network_advice(
        &mut self,
        now: Now,
        caller: Caller,
        message: &Message,
        actions: &mut Actions,
    ) {
        let asked = Private60::of(message).and_then(|private| private.network_code);
        if asked == Some(SIGN_OFF) {
            self.withdraw_keys(caller.port, actions);
            let answer = self.service_answer(now, message, ResponseCode::APPROVED);
            return self.answer(caller, &answer, actions);
        }
        let code = match asked {
            Some(ECHO) => ResponseCode::APPROVED,
            _ => ResponseCode::NOT_SUPPORTED_BY_ISSUER,
        };
        let full = self.service_answer(now, message, code);
        let mut answer = Message::new(full.mti());
        answer.copy_from(
            &full,
            &[Element::RESPONSE_CODE, Element::TERMINAL, Element::MERCHANT, Element::PRIVATE_60],
        );
        self.answer(caller, &answer, actions);
    }

    /// An answer in the POS dialect without its code.
    pub(super) fn outline_for_terminal(&self, request: &Message, marks: &Marks) -> Message {
        let mut answer = Message::new(request.mti().response());
        match pan_of(request) {
            Some(pan) if pan.is_payment_code() => answer.copy_from(request, &[Element::PRIVATE_59]),
            Some(pan) => answer.set(Element::PAN, pan.as_str()),
            None => {}
        }
        answer.copy_from(request, &[Element::PROCESSING_CODE, Element::AMOUNT, Element::STAN]);
        let own = u64::from(marks.transmission);
        answer.set_number(Element::LOCAL_TIME, own % 1_000_000, 6);
        answer.set_number(Element::LOCAL_DATE, own / 1_000_000, 4);
        answer.set_number(Element::SETTLEMENT_DATE, marks.business_date.mmdd().into(), 4);
        answer.copy_from(request, &[Element::CONDITION_CODE]);
        answer.set_number(Element::ACQUIRER, self.config.institution, 8);
        answer.set(Element::RRN, marks.rrn);
        answer.copy_from(
            request,
            &[Element::TERMINAL, Element::MERCHANT, Element::CURRENCY, Element::PRIVATE_60],
        );
        answer
    }

    /// The answer to a message that is no transaction, or that could not become one.
    pub(super) fn service_answer(
        &self,
        now: Now,
        message: &Message,
        code: ResponseCode,
    ) -> Message {
        let mut answer = self.outline_for_terminal(message, &self.service_marks(now, message));
        if matches!(message.mti().class(), 3 | 8) {
            answer.remove(Element::SETTLEMENT_DATE);
        }
        answer.set(Element::RESPONSE_CODE, code.0);
        answer
    }

    /// Marks of an answer to a message that is no transaction.
    pub(super) fn service_marks(&self, now: Now, message: &Message) -> Marks {
        Marks {
            transmission: transmission(now),
            business_date: self.book.business_date,
            rrn: self.service_rrn(message),
        }
    }

    /// A retrieval reference number that no transaction has.
    pub(super) fn service_rrn(&self, message: &Message) -> [u8; 12] {
        let stan = message.number(Element::STAN).unwrap_or(0);
        self.own_rrn(900_000 + stan % 100_000, self.book.business_date)
    }
}

/// What an order is numbered as, in element 59.
fn order_key(message: &Message) -> Option<PosKey> {
    let OrderNumber { terminal, batch, stan } = Order59::of(message)?.number?;
    Some(PosKey { terminal, batch, stan })
}

/// The card: element 2, or what stands before the separator of track 2. A payment code is scanned,
/// and stands in element 59.
fn pan_of(message: &Message) -> Option<Pan> {
    if let Some(pan) = message.get(Element::PAN) {
        return Pan::new(pan).filter(|pan| !pan.is_payment_code());
    }
    if message.get(Element::ENTRY_MODE).is_some_and(|mode| mode.starts_with(SCANNED)) {
        let code = Pan::new(Order59::of(message)?.code.as_bytes());
        return code.filter(Pan::is_payment_code);
    }
    let track = message.get(Element::TRACK_2)?;
    Pan::new(track.split(|byte| *byte == b'D').next()?)
}
