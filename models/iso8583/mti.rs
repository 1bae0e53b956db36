//! The message type indicator: four digits that say what a message is. Not its content.

use std::fmt;

/// A message type indicator, kept as the BCD digits it has on the POS line (`0x0200`).
///
/// The digits are version, class, function and origin; each is 0 to 9.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mti(u16);

impl Mti {
    /// 0100, places a hold.
    pub const AUTHORIZATION_REQUEST: Mti = Mti(0x0100);
    /// 0110, answers 0100.
    pub const AUTHORIZATION_RESPONSE: Mti = Mti(0x0110);
    /// 0200, posts.
    pub const FINANCIAL_REQUEST: Mti = Mti(0x0200);
    /// 0201, a marked repeat of 0200.
    pub const FINANCIAL_REPEAT: Mti = Mti(0x0201);
    /// 0210, answers 0200.
    pub const FINANCIAL_RESPONSE: Mti = Mti(0x0210);
    /// 0220, tells of something already done (refund, completion, offline sale).
    pub const FINANCIAL_ADVICE: Mti = Mti(0x0220);
    /// 0221, a marked repeat of 0220.
    pub const FINANCIAL_ADVICE_REPEAT: Mti = Mti(0x0221);
    /// 0230, answers 0220.
    pub const FINANCIAL_ADVICE_RESPONSE: Mti = Mti(0x0230);
    /// 0320, batch upload on the POS line.
    pub const FILE_ADVICE: Mti = Mti(0x0320);
    /// 0330, answers 0320.
    pub const FILE_ADVICE_RESPONSE: Mti = Mti(0x0330);
    /// 0400, reverses; the only reversal a POS terminal sends.
    pub const REVERSAL_REQUEST: Mti = Mti(0x0400);
    /// 0401, a marked repeat of 0400.
    pub const REVERSAL_REPEAT: Mti = Mti(0x0401);
    /// 0410, answers 0400.
    pub const REVERSAL_RESPONSE: Mti = Mti(0x0410);
    /// 0420, a reversal that cannot be refused (network line).
    pub const REVERSAL_ADVICE: Mti = Mti(0x0420);
    /// 0421, a marked repeat of 0420.
    pub const REVERSAL_ADVICE_REPEAT: Mti = Mti(0x0421);
    /// 0430, answers 0420.
    pub const REVERSAL_ADVICE_RESPONSE: Mti = Mti(0x0430);
    /// 0500, a terminal's batch totals.
    pub const RECONCILIATION_REQUEST: Mti = Mti(0x0500);
    /// 0510, answers 0500.
    pub const RECONCILIATION_RESPONSE: Mti = Mti(0x0510);
    /// 0800, sign-on, key exchange, downloads; echo on the network line.
    pub const NETWORK_REQUEST: Mti = Mti(0x0800);
    /// 0810, answers 0800.
    pub const NETWORK_RESPONSE: Mti = Mti(0x0810);
    /// 0820, sign-off, echo and status on the POS line.
    pub const NETWORK_ADVICE: Mti = Mti(0x0820);
    /// 0830, answers 0820.
    pub const NETWORK_ADVICE_RESPONSE: Mti = Mti(0x0830);

    /// From BCD digits (`0x0200`); `None` when a nibble is not a digit.
    #[must_use]
    pub const fn from_bcd(bcd: u16) -> Option<Mti> {
        let mut rest = bcd;
        while rest != 0 {
            if rest & 0xF > 9 {
                return None;
            }
            rest >>= 4;
        }
        Some(Mti(bcd))
    }

    /// From four ASCII digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Mti> {
        let digits: [u8; 4] = text.as_bytes().try_into().ok()?;
        Mti::from_ascii(digits)
    }

    /// From four ASCII bytes, as they travel on the network line.
    #[must_use]
    pub fn from_ascii(digits: [u8; 4]) -> Option<Mti> {
        let mut bcd = 0u16;
        for digit in digits {
            if !digit.is_ascii_digit() {
                return None;
            }
            bcd = bcd << 4 | u16::from(digit - b'0');
        }
        Some(Mti(bcd))
    }

    /// Four ASCII bytes.
    #[must_use]
    pub(crate) fn ascii(self) -> [u8; 4] {
        [self.version(), self.class(), self.function(), self.origin()].map(|digit| b'0' + digit)
    }

    /// The BCD digits.
    #[must_use]
    pub const fn bcd(self) -> u16 {
        self.0
    }

    /// First digit: 0 is ISO 8583:1987, 1 is 1993, 2 is 2003.
    #[must_use]
    pub const fn version(self) -> u8 {
        (self.0 >> 12 & 0xF) as u8
    }

    /// Second digit: 1 authorization, 2 financial, 3 file, 4 reversal, 5 reconciliation, 8 network.
    #[must_use]
    pub const fn class(self) -> u8 {
        (self.0 >> 8 & 0xF) as u8
    }

    /// Third digit: 0 request, 1 response, 2 advice, 3 advice response, 4 notification, 5 answer.
    #[must_use]
    pub const fn function(self) -> u8 {
        (self.0 >> 4 & 0xF) as u8
    }

    /// Fourth digit: 0 acquirer, 2 issuer, 4 other; odd marks a repeat.
    #[must_use]
    pub const fn origin(self) -> u8 {
        (self.0 & 0xF) as u8
    }

    /// Whether it asks or tells (function even), rather than answers.
    #[must_use]
    pub const fn is_request(self) -> bool {
        self.function().is_multiple_of(2)
    }

    /// Whether it answers (function odd).
    #[must_use]
    pub const fn is_response(self) -> bool {
        !self.is_request()
    }

    /// Whether it is marked as a repeat (origin odd).
    #[must_use]
    pub const fn is_repeat(self) -> bool {
        !self.origin().is_multiple_of(2)
    }

    /// The type that answers this one: 0200 and 0201 give 0210, 0420 and 0421 give 0430. A
    /// response gives itself.
    #[must_use]
    pub const fn response(self) -> Mti {
        Mti(self.0 & !0x0001 | 0x0010)
    }

    /// The same message marked as a repeat: 0200 gives 0201, 0421 gives 0421.
    #[must_use]
    pub const fn repeat(self) -> Mti {
        Mti(self.0 | 0x0001)
    }

    /// The same message not marked as a repeat: 0421 gives 0420.
    #[must_use]
    pub const fn original(self) -> Mti {
        Mti(self.0 & !0x0001)
    }

    /// The four digits in words, in their order.
    #[must_use]
    pub const fn words(self) -> [&'static str; 4] {
        let version = match self.version() {
            0 => "ISO 8583:1987",
            1 => "ISO 8583:1993",
            2 => "ISO 8583:2003",
            8 => "national",
            9 => "private",
            _ => "reserved version",
        };
        let class = match self.class() {
            1 => "authorization",
            2 => "financial",
            3 => "file action",
            4 => "reversal",
            5 => "reconciliation",
            6 => "administrative",
            7 => "fee collection",
            8 => "network management",
            _ => "reserved class",
        };
        let function = match self.function() {
            0 => "request",
            1 => "response",
            2 => "advice",
            3 => "advice response",
            4 => "notification",
            5 => "notification acknowledgement",
            _ => "reserved function",
        };
        let origin = match self.origin() {
            0 => "acquirer",
            1 => "acquirer repeat",
            2 => "issuer",
            3 => "issuer repeat",
            4 => "other",
            5 => "other repeat",
            _ => "reserved origin",
        };
        [version, class, function, origin]
    }
}

impl fmt::Display for Mti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

impl fmt::Debug for Mti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_has_the_response_of_its_function() {
        for (request, response) in
            [("0200", "0210"), ("0201", "0210"), ("0420", "0430"), ("0421", "0430")]
        {
            let request = Mti::parse(request).expect("digits");
            assert_eq!(request.response().to_string(), response);
            assert!(request.is_request() && request.response().is_response());
        }
    }

    #[test]
    fn a_repeat_goes_back_to_its_original() {
        assert_eq!(Mti::REVERSAL_ADVICE.repeat(), Mti::REVERSAL_ADVICE_REPEAT);
        assert_eq!(Mti::REVERSAL_ADVICE_REPEAT.repeat(), Mti::REVERSAL_ADVICE_REPEAT);
        assert_eq!(Mti::REVERSAL_ADVICE_REPEAT.original(), Mti::REVERSAL_ADVICE);
    }

    #[test]
    fn only_digits_make_a_type() {
        assert_eq!(Mti::from_bcd(0x0A00), None);
        assert_eq!(Mti::from_bcd(0x9999).map(Mti::bcd), Some(0x9999));
        assert_eq!(Mti::parse("02O0"), None);
        assert_eq!(Mti::parse("02000"), None);
        assert_eq!(format!("{:?} {}", Mti::FINANCIAL_REQUEST, Mti::NETWORK_ADVICE), "0200 0820");
    }
}
