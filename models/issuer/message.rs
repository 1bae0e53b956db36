//! What an issuer reads from requests and advices, and the answers it makes of them. Decides
//! nothing: whoever calls has checked the MAC and knows the code.

use crate::card::{Amount, Currency, Pan};
use crate::iso8583::{
    Balance54, BalanceSign, Element, Icc55, Message, OriginalData90, ResponseCode,
};
use crate::record::{Kind, NetworkKey};
use crate::security::{Key, Pin, PinBlock, PinBlockError};
use crate::time::{Date, ZonedTime};

/// Element 4 and 54 carry twelve digits.
pub(super) const AMOUNT_MAX: u64 = 999_999_999_999;

/// Element 70 of an echo test.
pub(super) const ECHO: u64 = 301;

/// A 0100, 0200 or 0220 that can be decided.
pub(super) struct Request {
    pub(super) key: NetworkKey,
    pub(super) terminal: [u8; 8],
    pub(super) rrn: [u8; 12],
    pub(super) pan: Pan,
    pub(super) kind: Kind,
    /// Whether a switch approved it in the issuer's stead, and only tells of it.
    pub(super) is_stand_in: bool,
    /// Element 90: what it is about, if it is about something.
    pub(super) original: Option<NetworkKey>,
    pub(super) amount: Amount,
    pub(super) business_date: Date,
    pub(super) pin: Option<SealedPin>,
    /// Element 57: until when a pre-authorisation holds.
    pub(super) until: Option<ZonedTime>,
    /// Element 55: what the chip signed.
    pub(super) icc: Option<Icc55>,
}

/// A PIN as element 52 carries it; element 53 says how it was sealed.
pub(super) enum SealedPin {
    WithAccount(PinBlock),
    WithoutAccount(PinBlock),
}

/// A 0420 or 0421 that names its original.
pub(super) struct Advice {
    /// Element 90.
    pub(super) original: NetworkKey,
    pub(super) terminal: [u8; 8],
    pub(super) rrn: [u8; 12],
    pub(super) pan: Pan,
    /// Element 4: what the sender asked for, not what was debited.
    pub(super) minor: u64,
    pub(super) business_date: Date,
}

/// What a request is answered, now and to every duplicate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Answer {
    pub(super) code: ResponseCode,
    /// What was debited, credited or held, minor units.
    pub(super) effective: u64,
    pub(super) authorization: Option<[u8; 6]>,
    /// Minor units.
    pub(super) balance: Option<u64>,
}

impl Request {
    /// Whether it tells of what is done, and asks for nothing.
    pub(super) fn is_told(&self) -> bool {
        self.is_stand_in || self.kind.is_advice()
    }

    /// Reads a request. The refusals depend on the content alone, so that a duplicate gets the same
    /// one although nobody remembers it.
    pub(super) fn read(message: &Message, today: Date) -> Result<Request, ResponseCode> {
        let processing = message.get(Element::PROCESSING_CODE).ok_or(ResponseCode::FORMAT_ERROR)?;
        let (mti, condition) = (message.mti(), message.get(Element::CONDITION_CODE));
        let stood_in = Kind::stood_in(mti, processing, condition);
        let kind = stood_in
            .or_else(|| Kind::of(mti, processing, condition))
            .ok_or(ResponseCode::INVALID_TRANSACTION)?;
        Request::of_kind((kind, stood_in.is_some()), message, today)
            .ok_or(ResponseCode::FORMAT_ERROR)
    }

    fn of_kind(
        (kind, is_stand_in): (Kind, bool),
        message: &Message,
        today: Date,
    ) -> Option<Request> {
        let minor = match kind.moves() {
            true => message.number(Element::AMOUNT)?,
            false => 0,
        };
        let original = match kind.original() {
            Some(_) => Some(NetworkKey::of_original(message)?),
            None => None,
        };
        let currency = Currency(small(message.number(Element::CURRENCY)?)?);
        Some(Request {
            key: NetworkKey {
                transmission: small(message.number(Element::TRANSMISSION_TIME)?)?,
                stan: small(message.number(Element::STAN)?)?,
                acquirer: message.number(Element::ACQUIRER)?,
                forwarder: message.number(Element::FORWARDER)?,
            },
            terminal: fixed(message, Element::TERMINAL)?,
            rrn: fixed(message, Element::RRN)?,
            pan: Pan::new(message.get(Element::PAN)?)?,
            kind,
            is_stand_in,
            original,
            amount: Amount { minor, currency },
            business_date: business_date(message, today)?,
            pin: SealedPin::read(message)?,
            until: match message.get(Element::VALIDITY) {
                Some(until) if kind == Kind::PreAuth => Some(ZonedTime::parse(until)?),
                _ => None,
            },
            icc: match message.get(Element::ICC) {
                Some(icc) => Some(Icc55::parse(icc)?),
                None => None,
            },
        })
    }
}

impl SealedPin {
    /// None if element 52 is there but not eight bytes long.
    fn read(message: &Message) -> Option<Option<SealedPin>> {
        let Some(block) = message.get(Element::PIN_BLOCK) else { return Some(None) };
        let block = PinBlock(block.try_into().ok()?);
        Some(Some(match message.get(Element::SECURITY_CONTROL) {
            Some([b'1', ..]) => SealedPin::WithoutAccount(block),
            _ => SealedPin::WithAccount(block),
        }))
    }

    pub(super) fn open(&self, pan: &Pan, key: &Key) -> Result<Pin, PinBlockError> {
        match self {
            SealedPin::WithAccount(block) => block.open(pan.as_str(), key),
            SealedPin::WithoutAccount(block) => block.open_without_account(key),
        }
    }
}

impl Advice {
    /// Reads a 0420 or 0421; none if it does not say what it reverses.
    pub(super) fn read(message: &Message, today: Date) -> Option<Advice> {
        let original = OriginalData90::of(message)?;
        Some(Advice {
            original: NetworkKey {
                transmission: digits(core::str::from_utf8(&original.transmission).ok()?)?,
                stan: original.stan,
                acquirer: digits(&original.acquirer)?,
                forwarder: digits(&original.forwarder)?,
            },
            terminal: fixed(message, Element::TERMINAL)?,
            rrn: fixed(message, Element::RRN)?,
            pan: Pan::new(message.get(Element::PAN)?)?,
            minor: message.number(Element::AMOUNT)?,
            business_date: business_date(message, today)?,
        })
    }
}

/// The answer to a request: what it said of itself, and what was decided.
pub(super) fn answer(request: &Message, answer: &Answer, currency: Currency) -> Message {
    let mut message = echo_of(request, BEFORE_38);
    if answer.code == ResponseCode::PARTIALLY_APPROVED {
        message.set_number(Element::AMOUNT, answer.effective, 12);
    }
    if let Some(authorization) = answer.authorization {
        message.set(Element::AUTHORIZATION_CODE, authorization);
    }
    message.set(Element::RESPONSE_CODE, answer.code.0);
    message.copy_from(request, &[Element::TERMINAL, Element::MERCHANT, Element::CURRENCY]);
    if let Some(balance) = answer.balance {
        let balance = Balance54 {
            account_type: 0,
            balance_type: 2,
            currency: currency.0,
            sign: BalanceSign::Credit,
            amount: balance,
        };
        message.set(Element::ADDITIONAL_AMOUNTS, balance.encode());
    }
    message
}

/// An answer that carries a code and what the message said of itself, and nothing else: to a
/// reversal, or to a request that could not be decided.
pub(super) fn answer_code(request: &Message, code: ResponseCode) -> Message {
    let mut message = echo_of(request, BEFORE_38);
    message.set(Element::RESPONSE_CODE, code.0);
    message.copy_from(
        request,
        &[Element::TERMINAL, Element::MERCHANT, Element::CURRENCY, Element::ORIGINAL_DATA],
    );
    message
}

/// The answer to an 0800.
pub(super) fn answer_network(request: &Message, code: ResponseCode) -> Message {
    let asked = &[Element::TRANSMISSION_TIME, Element::STAN, Element::FORWARDER];
    let mut message = echo_of(request, asked);
    message.set(Element::RESPONSE_CODE, code.0);
    message.copy_from(request, &[Element::NETWORK_CODE]);
    message
}

/// What every answer repeats, as far as the response code. Ascending, so that it is appended.
const BEFORE_38: &[Element] = &[
    Element::PAN,
    Element::PROCESSING_CODE,
    Element::AMOUNT,
    Element::TRANSMISSION_TIME,
    Element::STAN,
    Element::SETTLEMENT_DATE,
    Element::ACQUIRER,
    Element::FORWARDER,
    Element::RRN,
];

fn echo_of(request: &Message, elements: &[Element]) -> Message {
    let mut message = Message::new(request.mti().response());
    message.copy_from(request, elements);
    message
}

/// Element 38: six digits that differ from entry to entry and do not tell how many there are.
pub(super) fn authorization(id: u64) -> [u8; 6] {
    // 7919 has no factor in common with a million, so no code comes twice among a million.
    let mut rest = (id % 1_000_000 * 7_919 + 271_828) % 1_000_000;
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    digits
}

/// Planted defect Z01: a frame as it came, in hexadecimal and as text.
#[cfg_attr(mutants, mutants::skip)]
pub(super) fn dump(frame: &[u8]) -> String {
    let hexadecimal = frame.iter().map(|byte| format!("{byte:02X}"));
    let text = frame.iter().map(|byte| if byte.is_ascii_graphic() { *byte as char } else { '.' });
    format!(": {} {}", hexadecimal.collect::<String>(), text.collect::<String>())
}

/// The settlement date of element 15, in the year that brings it nearest to `today`; `today` itself
/// if there is none. None if no such day exists.
fn business_date(message: &Message, today: Date) -> Option<Date> {
    let Some(mmdd) = message.number(Element::SETTLEMENT_DATE) else { return Some(today) };
    let (month, day) = (small(mmdd / 100)?, small(mmdd % 100)?);
    (today.year - 1..=today.year + 1)
        .filter_map(|year| Date::new(year, month, day))
        .min_by_key(|date| date.days().abs_diff(today.days()))
}

fn fixed<const N: usize>(message: &Message, element: Element) -> Option<[u8; N]> {
    message.get(element)?.try_into().ok()
}

fn small<T: TryFrom<u64>>(number: u64) -> Option<T> {
    T::try_from(number).ok()
}

/// Digits as a number; none at all are zero, for padding zeros are trimmed.
fn digits<T: TryFrom<u64>>(text: &str) -> Option<T> {
    if text.is_empty() { small(0) } else { small(text.parse().ok()?) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iso8583::Mti;

    #[test]
    fn a_date_without_a_year_is_the_nearest_one() {
        let dated = |mmdd: &str, today| {
            let message = Message::new(Mti::FINANCIAL_REQUEST).with(Element::SETTLEMENT_DATE, mmdd);
            business_date(&message, today)
        };
        let new_year = Date { year: 2027, month: 1, day: 1 };
        assert_eq!(dated("1231", new_year), Date::new(2026, 12, 31));
        let eve = Date { year: 2026, month: 12, day: 31 };
        assert_eq!(dated("0101", eve), Date::new(2027, 1, 1));
        assert_eq!(dated("0230", eve), None);
        let none = Message::new(Mti::FINANCIAL_REQUEST);
        assert_eq!(business_date(&none, eve), Some(eve));
    }
}
