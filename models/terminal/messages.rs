//! The terminal's messages: what each request holds, and what an answer is worth. Keeps no state.
//!
//! Read docs/protocol.md 1.4 to 1.6 (which elements travel) and 2.1 (when an answer is a doubt)
//! first.

use super::Config;
use super::chip::RESULTS;
use super::journal::{Booked, Doubt, KEYS_CODE, Transaction};
use crate::card::{Amount, Card, Voucher};
use crate::defect::Defect;
use crate::iso8583::{
    Balance54, BatchDetail, BatchDetails48, Digits, Element, Icc55, Message, Mti, Order59,
    OrderNumber, OriginalPos61, Private60, ResponseCode, Settlement48, Totals48, icc_of_reversal,
};
use crate::line::{Incoming, MacCheck};
use crate::matching;
use crate::record::{Kind, Reason, Totals};
use crate::security::{Pin, PinBlock, WorkKeys};
use crate::time::Now;

/// Element 60.1 of everything that is not about a card.
const MANAGEMENT_TYPE: [u8; 2] = *b"00";
/// Element 60.3 of a settlement and of uploaded details.
const SETTLEMENT_CODE: u16 = 201;
/// Element 60.3 of the end message after unbalanced totals.
const END_UNBALANCED_CODE: u16 = 202;
/// Element 60.3 of the end message after balanced totals.
const END_BALANCED_CODE: u16 = 207;
/// Element 60.3 of an echo test.
const ECHO_CODE: u16 = 301;

/// Element 60.3 of a sign-off.
const SIGN_OFF_CODE: u16 = 2;

/// 0800: asks for work keys.
pub(super) fn sign_on(config: &Config, batch: u32, stan: u32) -> Message {
    let mut message = management(config, Mti::NETWORK_REQUEST, stan);
    message.set(Element::PRIVATE_60, code(batch, KEYS_CODE));
    let mut serial = b"Sequence No08".to_vec();
    serial.extend_from_slice(&config.terminal);
    message.set(Element::PRIVATE_62, serial);
    message.with(Element::PRIVATE_63, "01 ")
}

/// 0820: gives the work keys up.
pub(super) fn sign_off(config: &Config, batch: u32, stan: u32) -> Message {
    management(config, Mti::NETWORK_ADVICE, stan)
        .with(Element::PRIVATE_60, code(batch, SIGN_OFF_CODE))
}

/// 0820: asks whether the line works.
pub(super) fn echo(config: &Config, batch: u32) -> Message {
    Message::new(Mti::NETWORK_ADVICE)
        .with(Element::TERMINAL, config.terminal)
        .with(Element::MERCHANT, config.merchant)
        .with(Element::PRIVATE_60, code(batch, ECHO_CODE))
}

/// 0820 or 0800: asks for a list of chip data, for an entry of it, or says that it was the last.
pub(super) fn chip_data(
    config: &Config,
    (mti, batch): (Mti, u32),
    network_code: u16,
    private: Option<&[u8]>,
) -> Message {
    let mut message = Message::new(mti)
        .with(Element::TERMINAL, config.terminal)
        .with(Element::MERCHANT, config.merchant)
        .with(Element::PRIVATE_60, code(batch, network_code));
    if let Some(private) = private {
        message.set(Element::PRIVATE_62, private);
    }
    message
}

/// Element 23: our cards are the first of their accounts.
const CARD_SEQUENCE: &str = "001";

/// Element 22: read by chip or from the stripe, with a PIN or without.
const fn entry_mode(is_by_chip: bool, has_pin: bool) -> &'static str {
    match (is_by_chip, has_pin) {
        (true, true) => "051",
        (true, false) => "052",
        (false, true) => "021",
        (false, false) => "022",
    }
}

/// The request of a transaction. None if the PIN cannot be enciphered for this card.
pub(super) fn request(
    config: &Config,
    transaction: &Transaction,
    keys: &WorkKeys,
    (pin, icc): (Option<&Pin>, Option<&Icc55>),
) -> Option<Message> {
    let Transaction { kind, stan, batch, amount, .. } = *transaction;
    let mut message = match transaction.card.pan.is_payment_code() {
        true => code_request(config, transaction),
        false => card_request(config, kind, (stan, Some(amount)), &transaction.card, keys, pin)?,
    };
    if let Some(icc) = icc {
        message.set(Element::ENTRY_MODE, entry_mode(true, pin.is_some()));
        message.set(Element::CARD_SEQUENCE, CARD_SEQUENCE);
        message.set(Element::ICC, icc.encode());
    }
    if let Some(original) = &transaction.original {
        if let Some(authorization) = original.authorization {
            message.set(Element::AUTHORIZATION_CODE, authorization);
        }
        match kind {
            Kind::OfflineSale => message.set(Element::PRIVATE_61, OriginalPos61::BY_TELEPHONE),
            _ => {
                message.set(Element::RRN, original.rrn);
                message.set(Element::PRIVATE_61, original_61(original));
            }
        }
    }
    if kind == Kind::Tip {
        message.set_number(Element::PRIVATE_48, amount.minor, 12);
    }
    if kind.is_advice() {
        message.set(Element::PRIVATE_63, "01 ");
    }
    Some(message.with(Element::PRIVATE_60, card_60(kind, batch)))
}

/// The repeat of an advice, 0221 under its own number: as the advice was, but for the track, which
/// nobody keeps.
pub(super) fn repeat(
    config: &Config,
    advice: &Transaction,
    keys: &WorkKeys,
    (mti, stan): (Mti, u32),
) -> Option<Message> {
    let mut message = request(config, advice, keys, (None, None))?;
    message.set_mti(mti);
    message.set_number(Element::STAN, stan.into(), 6);
    message.remove(Element::TRACK_2);
    Some(message)
}

/// 0200: asks for the balance.
pub(super) fn inquiry(
    config: &Config,
    (stan, batch): (u32, u32),
    card: &Card,
    keys: &WorkKeys,
    pin: Option<&Pin>,
) -> Option<Message> {
    card_request(config, Kind::Inquiry, (stan, None), card, keys, pin)
        .map(|message| message.with(Element::PRIVATE_60, card_60(Kind::Inquiry, batch)))
}

fn card_request(
    config: &Config,
    kind: Kind,
    (stan, amount): (u32, Option<Amount>),
    card: &Card,
    keys: &WorkKeys,
    pin: Option<&Pin>,
) -> Option<Message> {
    let pan = card.pan.as_str();
    let mut message = Message::new(kind.request())
        .with(Element::PAN, pan)
        .with(Element::PROCESSING_CODE, kind.processing());
    if let Some(amount) = amount {
        message.set_number(Element::AMOUNT, amount.minor, 12);
    }
    message.set_number(Element::STAN, stan.into(), 6);
    message.set_number(Element::EXPIRY, card.expiry.into(), 4);
    message.set(Element::ENTRY_MODE, entry_mode(false, pin.is_some()));
    message.set(Element::CONDITION_CODE, kind.condition());
    if pin.is_some() {
        message.set(Element::PIN_CAPTURE, "12");
    }
    message.set(Element::TRACK_2, track_2(card));
    message.set(Element::TERMINAL, config.terminal);
    message.set(Element::MERCHANT, config.merchant);
    let currency = amount.map_or(config.currency, |amount| amount.currency);
    message.set_number(Element::CURRENCY, currency.0.into(), 3);
    if let Some(pin) = pin {
        message.set(Element::PIN_BLOCK, PinBlock::seal(pin, pan, &keys.pin)?.0);
        message.set(Element::SECURITY_CONTROL, "2600000000000000");
    }
    Some(message)
}

/// Element 22: a code was scanned, and there is no PIN.
const SCANNED: &str = "032";

/// Element 59 of a payment by code, and of what follows one.
pub(super) fn order_59(config: &Config, asked: &Transaction) -> Order59 {
    let Transaction { batch, stan, ref card, .. } = *asked;
    let number = OrderNumber { terminal: config.terminal, batch, stan };
    let code = card.pan.as_str().to_owned();
    Order59 { code, number: asked.is_order().then_some(number) }
}

/// What a payment by code says instead of a card and a PIN.
fn code_request(config: &Config, asked: &Transaction) -> Message {
    let Transaction { kind, stan, amount, .. } = *asked;
    let mut message =
        Message::new(kind.request()).with(Element::PROCESSING_CODE, kind.processing());
    message.set_number(Element::AMOUNT, amount.minor, 12);
    message.set_number(Element::STAN, stan.into(), 6);
    message.set(Element::ENTRY_MODE, SCANNED);
    message.set(Element::CONDITION_CODE, kind.condition());
    message.set(Element::TERMINAL, config.terminal);
    message.set(Element::MERCHANT, config.merchant);
    message.set_number(Element::CURRENCY, amount.currency.0.into(), 3);
    message.with(Element::PRIVATE_59, order_59(config, asked).encode())
}

/// 0200: asks what became of an order. It moves nothing.
pub(super) fn order_query(config: &Config, order: &Transaction, stan: u32, batch: u32) -> Message {
    let kind = Kind::OrderQuery;
    let mut message =
        Message::new(kind.request()).with(Element::PROCESSING_CODE, kind.processing());
    message.set_number(Element::STAN, stan.into(), 6);
    message.set(Element::ENTRY_MODE, SCANNED);
    message.set(Element::CONDITION_CODE, kind.condition());
    message.set(Element::TERMINAL, config.terminal);
    message.set(Element::MERCHANT, config.merchant);
    message.set_number(Element::CURRENCY, order.amount.currency.0.into(), 3);
    message.set(Element::PRIVATE_59, order_59(config, order).encode());
    message.with(Element::PRIVATE_60, card_60(kind, batch))
}

/// 0400: takes a transaction back. `stan` is the original's.
pub(super) fn reversal(config: &Config, doubt: &Doubt, stan: u32, now: Now) -> Message {
    let Transaction { kind, batch, amount, card, ref original, .. } = doubt.transaction;
    let mut message =
        Message::new(Mti::REVERSAL_REQUEST).with(Element::PROCESSING_CODE, kind.processing());
    message.set_number(Element::AMOUNT, amount.minor, 12);
    message.set_number(Element::STAN, stan.into(), 6);
    let is_by_chip = doubt.transaction.is_by_chip();
    if card.pan.is_payment_code() {
        message.set(Element::ENTRY_MODE, SCANNED);
        message.set(Element::PRIVATE_59, order_59(config, &doubt.transaction).encode());
    } else {
        message.set(Element::PAN, card.pan.as_str());
        message.set_number(Element::EXPIRY, card.expiry.into(), 4);
        message.set(Element::ENTRY_MODE, entry_mode(is_by_chip, config.asks_for_pin));
    }
    message.set(Element::CONDITION_CODE, kind.condition());
    message.set(Element::RESPONSE_CODE, doubt.reason.code());
    message.set(Element::TERMINAL, config.terminal);
    message.set(Element::MERCHANT, config.merchant);
    message.set_number(Element::CURRENCY, amount.currency.0.into(), 3);
    if is_by_chip {
        message.set(Element::CARD_SEQUENCE, CARD_SEQUENCE);
        message.set(Element::ICC, icc_of_reversal(RESULTS, config.terminal));
    }
    message.set(Element::PRIVATE_60, card_60(kind, batch));
    if let Some(original) = original {
        let mut original = *original;
        // Planted defect T26: the date is made anew.
        if config.defects.has(Defect::T26) {
            original.date = now.local.date().mmdd();
        }
        message.set(Element::PRIVATE_61, original_61(&original));
    }
    message
}

fn original_61(original: &Voucher) -> String {
    let Voucher { batch, stan, date, .. } = *original;
    OriginalPos61 { batch, stan, date: Some(date) }.encode()
}

/// 0500: tells the totals of the batch.
pub(super) fn totals(config: &Config, batch: u32, stan: u32, totals: Totals) -> Message {
    let mut message = management(config, Mti::RECONCILIATION_REQUEST, stan);
    let Totals { debits, credits } = totals;
    let domestic = Totals48 {
        debit_amount: debits.minor,
        debit_count: debits.count,
        credit_amount: credits.minor,
        credit_count: credits.count,
        result: 0,
    };
    let totals = Settlement48 { domestic, foreign: Totals48::default() };
    message.set(Element::PRIVATE_48, totals.encode());
    message.set_number(Element::CURRENCY, config.currency.0.into(), 3);
    message.set(Element::PRIVATE_60, code(batch, SETTLEMENT_CODE));
    message.with(Element::PRIVATE_63, "01 ")
}

/// 0320: tells up to eight vouchers of the batch. None if a card does not fit.
pub(super) fn details(
    config: &Config,
    batch: u32,
    stan: u32,
    vouchers: &[Booked],
) -> Option<Message> {
    let details = vouchers.iter().map(|Booked { transaction, .. }| BatchDetail {
        kind: 0,
        trace: transaction.stan,
        pan: transaction.card.pan.as_str().to_owned(),
        amount: transaction.amount.minor,
    });
    let details = BatchDetails48 { details: details.collect() };
    let mut message = management(config, Mti::FILE_ADVICE, stan);
    message.set(Element::PRIVATE_48, details.encode()?);
    Some(message.with(Element::PRIVATE_60, code(batch, SETTLEMENT_CODE)))
}

/// 0320: says that all there is to upload was uploaded.
pub(super) fn end(config: &Config, batch: u32, stan: u32, is_balanced: bool) -> Message {
    let network_code = if is_balanced { END_BALANCED_CODE } else { END_UNBALANCED_CODE };
    let mut message = management(config, Mti::FILE_ADVICE, stan);
    message.set(Element::PRIVATE_48, "00");
    message.with(Element::PRIVATE_60, code(batch, network_code))
}

/// Whether a message is about the end of an upload, rather than about a part of it.
pub(super) fn is_end_of_upload(message: &Message) -> bool {
    let code = Private60::of(message).and_then(|private| private.network_code);
    matches!(code, Some(END_BALANCED_CODE | END_UNBALANCED_CODE))
}

fn management(config: &Config, mti: Mti, stan: u32) -> Message {
    let mut message = Message::new(mti);
    message.set_number(Element::STAN, stan.into(), 6);
    message.with(Element::TERMINAL, config.terminal).with(Element::MERCHANT, config.merchant)
}

fn code(batch: u32, network_code: u16) -> String {
    Private60::new(MANAGEMENT_TYPE, batch).with_network_code(network_code).encode()
}

/// Element 60 of a card transaction: 60.4 and 60.5 say contactless reader, no chip condition.
fn card_60(kind: Kind, batch: u32) -> String {
    let rest = "60".to_owned();
    let private = Private60::new(kind.transaction_type(), batch);
    Private60 { network_code: Some(0), rest, ..private }.encode()
}

/// Whether a message answers our request of this type, number and batch. Anything else is late, a
/// duplicate or somebody else's, and is left alone: numbers come back with the next batch, and so
/// may an answer that somebody kept.
pub(super) fn answers(incoming: &Incoming, request: Mti, stan: u32, batch: Option<u32>) -> bool {
    let message = &incoming.message;
    message.mti() == request.response()
        && message.number(Element::STAN) == Some(stan.into())
        && batch.is_none_or(|batch| matching::batch(message).is_none_or(|told| told == batch))
}

/// Element 39.
pub(super) fn response_code(message: &Message) -> Option<ResponseCode> {
    message.get(Element::RESPONSE_CODE).and_then(ResponseCode::parse)
}

/// Whether this code says that the work keys, or the sign-on, are no longer good.
pub(super) fn asks_for_sign_on(code: ResponseCode) -> bool {
    matches!(
        code,
        ResponseCode::TERMINAL_NOT_REGISTERED
            | ResponseCode::PIN_FORMAT_ERROR
            | ResponseCode::MAC_ERROR
    )
}

/// Whether the answer is for this terminal.
pub(super) fn is_for(config: &Config, message: &Message) -> bool {
    message.get(Element::TERMINAL) == Some(&config.terminal)
        && message.get(Element::MERCHANT) == Some(&config.merchant)
}

/// What the answer to a request is worth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// Authenticated and complete.
    Approved(Approval),
    /// A decline to be believed: nothing moved.
    Declined(ResponseCode),
    /// A decline that may be somebody's invention: it is shown, and the request reversed.
    Untrusted(ResponseCode, Reason),
    /// No valid answer.
    Doubt(Reason),
}

/// What an approval says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Approval {
    pub(super) amount: Amount,
    pub(super) rrn: [u8; 12],
    pub(super) authorization: Option<[u8; 6]>,
}

/// Judges the answer to a request.
pub(super) fn judge(config: &Config, asked: &Transaction, incoming: &Incoming) -> Verdict {
    let message = &incoming.message;
    let is_signed = incoming.mac == MacCheck::Valid;
    let Some(code) = response_code(message) else { return Verdict::Doubt(Reason::Other) };
    if !is_signed && config.defects.has(Defect::T24) {
        return Verdict::Declined(ResponseCode::MAC_ERROR);
    }
    if !code.is_approval() {
        return decline(config, asked.kind, code, incoming);
    }
    if !is_signed {
        return Verdict::Doubt(Reason::MacError);
    }
    let amount = match message.number(Element::AMOUNT) {
        // Only a sale can be done in part: what refers to an original is about all of it.
        Some(part) if code == ResponseCode::PARTIALLY_APPROVED && asked.kind == Kind::Sale => {
            (1..=asked.amount.minor).contains(&part).then_some(part)
        }
        whole => whole.filter(|minor| *minor == asked.amount.minor),
    };
    let rrn = message.get(Element::RRN).and_then(|rrn| rrn.try_into().ok());
    let authorization =
        message.get(Element::AUTHORIZATION_CODE).and_then(|code| code.try_into().ok());
    match (is_about(config, asked.kind, message), amount, rrn) {
        (true, Some(minor), Some(rrn)) => {
            let amount = Amount { minor, ..asked.amount };
            Verdict::Approved(Approval { amount, rrn, authorization })
        }
        _ => Verdict::Doubt(Reason::Other),
    }
}

/// Whether an answer is for this terminal and about a request of this kind.
pub(super) fn is_about(config: &Config, kind: Kind, message: &Message) -> bool {
    is_for(config, message) && message.text(Element::PROCESSING_CODE) == Some(kind.processing())
}

fn decline(config: &Config, kind: Kind, code: ResponseCode, incoming: &Incoming) -> Verdict {
    // An unauthenticated refusal may come without the elements of the request, but not with others.
    let holds =
        |element, value: &[u8]| incoming.message.get(element).is_none_or(|found| found == value);
    if !holds(Element::TERMINAL, &config.terminal)
        || !holds(Element::MERCHANT, &config.merchant)
        || !holds(Element::PROCESSING_CODE, kind.processing().as_bytes())
    {
        return Verdict::Doubt(Reason::Other);
    }
    match incoming.mac {
        _ if config.trusts_unsigned_declines => Verdict::Declined(code),
        MacCheck::Valid if !asks_for_sign_on(code) => Verdict::Declined(code),
        MacCheck::Valid => Verdict::Untrusted(code, Reason::Other),
        MacCheck::Absent | MacCheck::Invalid => Verdict::Untrusted(code, Reason::MacError),
    }
}

/// Whether the answer to a 0400 can be believed, whatever it says.
pub(super) fn is_authentic_reversal_answer(
    config: &Config,
    original: &Transaction,
    incoming: &Incoming,
) -> bool {
    let message = &incoming.message;
    incoming.mac == MacCheck::Valid
        && is_about(config, original.kind, message)
        && message.number(Element::AMOUNT).is_none_or(|minor| minor == original.amount.minor)
}

/// What the answer to an inquiry says: the balance, or why there is none.
pub(super) fn balance(config: &Config, incoming: &Incoming) -> Result<Amount, ResponseCode> {
    let message = &incoming.message;
    let code = response_code(message).ok_or(ResponseCode::FORMAT_ERROR)?;
    if !code.is_approval() {
        return Err(code);
    }
    if incoming.mac != MacCheck::Valid {
        return Err(ResponseCode::MAC_ERROR);
    }
    if !is_about(config, Kind::Inquiry, message) {
        return Err(ResponseCode::FORMAT_ERROR);
    }
    let balances = message.get(Element::ADDITIONAL_AMOUNTS).and_then(Balance54::parse_all);
    let first = balances.and_then(|all| all.first().copied());
    let minor = first.ok_or(ResponseCode::FORMAT_ERROR)?.amount;
    Ok(Amount { minor, currency: config.currency })
}

/// Whether the totals of a 0510 agree; none if it does not say.
pub(super) fn is_balanced(message: &Message) -> Option<bool> {
    let totals = message.get(Element::PRIVATE_48).and_then(Settlement48::parse)?;
    match totals.domestic.result {
        1 => Some(true),
        2 => Some(false),
        _ => None,
    }
}

/// Element 35: what the stripe of a card says.
pub(super) fn track_2(card: &Card) -> String {
    let track = Digits::with_capacity(32).text(card.pan.as_str()).text("D").number(card.expiry, 4);
    track.text("20100000").into_string()
}
