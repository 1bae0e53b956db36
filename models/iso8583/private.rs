//! Elements 60, 61 and 90: what a message says about its batch and its original. Layouts only.

use super::digits::Digits;
use super::message::number;
use super::{Element, Message, Mti};

/// Element 60 on the POS line: 60.1 type, 60.2 batch, 60.3 network management code, 60.4 and on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Private60 {
    /// 60.1, two ASCII digits: what kind of transaction.
    pub transaction_type: [u8; 2],
    /// 60.2: the terminal's batch, six digits.
    pub batch: u32,
    /// 60.3: three digits.
    pub network_code: Option<u16>,
    /// 60.4 and on: read capability, IC condition, partial approval, account type. Only with 60.3.
    pub rest: String,
}

impl Private60 {
    /// Type and batch alone.
    #[must_use]
    pub const fn new(transaction_type: [u8; 2], batch: u32) -> Self {
        Private60 { transaction_type, batch, network_code: None, rest: String::new() }
    }

    /// The same with 60.3.
    #[must_use]
    pub fn with_network_code(self, code: u16) -> Self {
        Private60 { network_code: Some(code), ..self }
    }

    /// The digits of element 60. Numbers too large for their part wrap, as a terminal's counters
    /// do; `rest` is left out where 60.3 is missing, because position tells the parts apart.
    #[must_use]
    pub fn encode(&self) -> String {
        let text = Digits::with_capacity(11 + self.rest.len())
            .text(self.transaction_type)
            .number(self.batch, 6);
        match self.network_code {
            None => text.into_string(),
            Some(code) => text.number(code, 3).text(&self.rest).into_string(),
        }
    }

    /// Reads 8, or 11 and more, digits.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let text = digits(value)?;
        let transaction_type = *value.first_chunk()?;
        let batch = part(text, 2, 6)?;
        let (network_code, rest) = match text.len() {
            8 => (None, ""),
            _ => (Some(part(text, 8, 3)?), text.get(11..)?),
        };
        Some(Private60 { transaction_type, batch, network_code, rest: rest.to_owned() })
    }

    /// Element 60 of a message, if it has one that reads.
    #[must_use]
    pub fn of(message: &Message) -> Option<Self> {
        Private60::parse(message.get(Element::PRIVATE_60)?)
    }
}

/// Element 61 on the POS line: which transaction a void, refund or completion is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OriginalPos61 {
    /// 61.1: the original's batch, six digits; 0 when unknown.
    pub batch: u32,
    /// 61.2: the original's trace number, six digits; 0 when unknown.
    pub stan: u32,
    /// 61.3: the original's date as the number MMDD; 0 when unknown.
    pub date: Option<u16>,
}

impl OriginalPos61 {
    /// The digits of element 61: 12, or 16 with a date. Larger numbers wrap.
    #[must_use]
    pub fn encode(&self) -> String {
        let text = Digits::with_capacity(16).number(self.batch, 6).number(self.stan, 6);
        match self.date {
            None => text.into_string(),
            Some(date) => text.number(date, 4).into_string(),
        }
    }

    /// Element 61 of what was authorised by telephone: no original, and 61.4 and 61.5 say how and
    /// by whom, as far as anybody knows.
    pub const BY_TELEPHONE: &str = "00000000000000000100000000000";

    /// Reads 12, or 16 and more, digits; 61.4 and 61.5 (telephone authorisation) are passed over.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let text = digits(value)?;
        let date = if text.len() == 12 { None } else { Some(part(text, 12, 4)?) };
        Some(OriginalPos61 { batch: part(text, 0, 6)?, stan: part(text, 6, 6)?, date })
    }

    /// Element 61 of a message, if it has one that reads.
    #[must_use]
    pub fn of(message: &Message) -> Option<Self> {
        OriginalPos61::parse(message.get(Element::PRIVATE_61)?)
    }
}

/// Element 90 on the network line: the message that is reversed or adjusted. 42 digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OriginalData90 {
    /// 90.1: its type.
    pub mti: Mti,
    /// 90.2: its trace number, six digits.
    pub stan: u32,
    /// 90.3: its transmission time, ten ASCII digits MMDDhhmmss.
    pub transmission: [u8; 10],
    /// 90.4: its acquirer. The wire pads to 11 digits with zeros on the left, so leading zeros are
    /// lost: compare with [`OriginalData90::refers_to`].
    pub acquirer: String,
    /// 90.5: its forwarding institution, padded likewise.
    pub forwarder: String,
}

impl OriginalData90 {
    /// What element 90 says of this message; `None` unless it has 7, 11 and 32. A missing 33 is
    /// taken as the acquirer itself.
    #[must_use]
    pub fn of_original(original: &Message) -> Option<Self> {
        let institution = |element| Some(trim(original.text(element)?).to_owned());
        let acquirer = institution(Element::ACQUIRER)?;
        Some(OriginalData90 {
            mti: original.mti().original(),
            stan: u32::try_from(original.number(Element::STAN)?).ok()?,
            transmission: original.get(Element::TRANSMISSION_TIME)?.try_into().ok()?,
            forwarder: institution(Element::FORWARDER).unwrap_or_else(|| acquirer.clone()),
            acquirer,
        })
    }

    /// The 42 digits of element 90. Of an institution longer than 11 digits, the last 11.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = Digits::with_capacity(42)
            .text(self.mti.ascii())
            .number(self.stan, 6)
            .text(self.transmission);
        for institution in [&self.acquirer, &self.forwarder] {
            let from = institution.len().saturating_sub(11);
            let last = institution.get(from..).unwrap_or_default();
            text = text.number(0_u8, 11 - last.len()).text(last);
        }
        text.into_string()
    }

    /// Reads exactly 42 digits.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let text = digits(value)?;
        if text.len() != 42 {
            return None;
        }
        Some(OriginalData90 {
            mti: Mti::parse(&text[..4])?,
            stan: part(text, 4, 6)?,
            transmission: value[10..20].try_into().ok()?,
            acquirer: trim(&text[20..31]).to_owned(),
            forwarder: trim(&text[31..]).to_owned(),
        })
    }

    /// Element 90 of a message, if it has one that reads.
    #[must_use]
    pub fn of(message: &Message) -> Option<Self> {
        OriginalData90::parse(message.get(Element::ORIGINAL_DATA)?)
    }

    /// Whether this names that message, whether or not either is a marked repeat.
    #[must_use]
    pub fn refers_to(&self, original: &Message) -> bool {
        OriginalData90::of_original(original).is_some_and(|named| {
            named.mti == self.mti.original()
                && named.stan == self.stan
                && named.transmission == self.transmission
                && named.acquirer == trim(&self.acquirer)
                && named.forwarder == trim(&self.forwarder)
        })
    }
}

/// The value as text, if it is all digits.
pub(super) fn digits(value: &[u8]) -> Option<&str> {
    if value.iter().all(u8::is_ascii_digit) { std::str::from_utf8(value).ok() } else { None }
}

/// `width` digits from `at` as a number.
pub(super) fn part<T: TryFrom<u64>>(text: &str, at: usize, width: usize) -> Option<T> {
    T::try_from(number(text.get(at..at + width)?.as_bytes())?).ok()
}

/// An institution without the zeros that padding may have added.
fn trim(institution: &str) -> &str {
    institution.trim_start_matches('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_tells_the_parts_of_element_60() {
        let short = Private60::new(*b"22", 705);
        assert_eq!(short.encode(), "22000705");
        assert_eq!(Private60::parse(b"22000705"), Some(short.clone()));
        let long = Private60 { rest: "50".into(), ..short.with_network_code(1) };
        assert_eq!(long.encode(), "2200070500150");
        assert_eq!(Private60::parse(b"2200070500150"), Some(long));
        for bad in [&b""[..], b"2", b"2200070", b"220007050", b"22000705 01"] {
            assert_eq!(Private60::parse(bad), None);
        }
    }

    #[test]
    fn a_void_may_or_may_not_carry_the_original_date() {
        for (date, text) in [(None, "000705300203"), (Some(1231), "0007053002031231")] {
            let original = OriginalPos61 { batch: 705, stan: 300_203, date };
            assert_eq!(original.encode(), text);
            assert_eq!(OriginalPos61::parse(text.as_bytes()), Some(original));
        }
        assert_eq!(OriginalPos61::parse(b"00070530020312"), None);
    }

    #[test]
    fn a_reversal_names_its_original_in_spite_of_padding() {
        let original = Message::new(Mti::FINANCIAL_REPEAT)
            .with(Element::TRANSMISSION_TIME, "0511234203")
            .with(Element::STAN, "000012")
            .with(Element::ACQUIRER, "00085500")
            .with(Element::FORWARDER, "92010000");
        let named = OriginalData90::of_original(&original).expect("has its identity");
        let text = named.encode();
        assert_eq!(text, "020000001205112342030000008550000092010000");
        let read = OriginalData90::parse(text.as_bytes()).expect("42 digits");
        assert!(read.refers_to(&original));
        assert!(!read.refers_to(&original.with(Element::STAN, "000013")));
        assert_eq!(OriginalData90::parse(&text.as_bytes()[1..]), None);
    }
}
