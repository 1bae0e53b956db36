//! Cards and amounts as every party handles them. Knows no account and no message.

use core::fmt;

/// A primary account number, 8 to 19 digits. Shows only the first six and the last four.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pan {
    digits: [u8; 19],
    length: u8,
}

impl Pan {
    /// The number, if it is 8 to 19 ASCII digits.
    pub fn new(digits: &[u8]) -> Option<Pan> {
        if !(8..=19).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let mut pan = Pan { digits: [0; 19], length: digits.len() as u8 };
        pan.digits[..digits.len()].copy_from_slice(digits);
        Some(pan)
    }

    /// The digits in the clear, for messages and ciphers only.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.digits[..usize::from(self.length)]).unwrap_or_default()
    }
}

/// What every payment code begins with, before the digit of its issuer: codes of wallets have a
/// range of their own among card numbers, as tokens have. Which one is our choice.
pub const PAYMENT_CODE: &str = "62243";

impl Pan {
    /// Whether this is no card but a code that a customer's telephone shows (付款码): good for one
    /// payment, and routed to its issuer as a card number is.
    pub fn is_payment_code(&self) -> bool {
        self.length == 19 && self.as_str().starts_with(PAYMENT_CODE)
    }
}

impl fmt::Display for Pan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.as_str();
        let hidden = digits.len().saturating_sub(10);
        for (i, c) in digits.chars().enumerate() {
            let c = if (6..6 + hidden).contains(&i) { '*' } else { c };
            write!(f, "{c}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Pan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pan({self})")
    }
}

/// An ISO 4217 numeric currency code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Currency(pub u16);

impl Currency {
    /// Renminbi, two decimals.
    pub const CNY: Currency = Currency(156);
    /// Yen, no decimals.
    pub const JPY: Currency = Currency(392);
    /// Kuwaiti dinar, three decimals.
    pub const KWD: Currency = Currency(414);

    /// Decimals that people write: the exponent of its minor unit.
    pub const fn decimals(self) -> u32 {
        match self {
            Currency::JPY => 0,
            Currency::KWD => 3,
            _ => 2,
        }
    }

    /// So many minor units of it.
    pub const fn amount(self, minor: u64) -> Amount {
        Amount { minor, currency: self }
    }
}

impl Default for Currency {
    fn default() -> Currency {
        Currency::CNY
    }
}

/// An amount of money in minor units (fen, yen, fils) of its currency.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Amount {
    /// Minor units.
    pub minor: u64,
    /// The currency the minor units belong to.
    pub currency: Currency,
}

impl Amount {
    /// So many fen.
    pub const fn cny(minor: u64) -> Amount {
        Amount { minor, currency: Currency::CNY }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = self.currency.decimals();
        let unit = 10_u64.pow(decimals);
        match decimals as usize {
            0 => write!(f, "{}", self.minor),
            width => write!(f, "{}.{:0width$}", self.minor / unit, self.minor % unit),
        }
    }
}

/// A card as the reader gives it: enough for a request, and for the reversal of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Card {
    /// The account number; or the payment code that was scanned.
    pub pan: Pan,
    /// YYMM.
    pub expiry: u16,
    /// Whether it has a chip.
    pub has_chip: bool,
}

/// An earlier transaction as its slip names it: what a void, completion or refund is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Voucher {
    /// The batch it was in; 0 if nobody knows.
    pub batch: u32,
    /// Its voucher number (STAN); 0 if nobody knows.
    pub stan: u32,
    /// MMDD of the terminal's calendar when it began; 0 if nobody knows.
    pub date: u16,
    /// Retrieval reference number (element 37).
    pub rrn: [u8; 12],
    /// Authorization code (element 38), if the slip shows one.
    pub authorization: Option<[u8; 6]>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_has_the_decimals_of_its_currency() {
        let text = |currency: Currency, minor| currency.amount(minor).to_string();
        assert_eq!(text(Currency::CNY, 50_005), "500.05");
        assert_eq!((text(Currency::JPY, 500), text(Currency::JPY, 0)), ("500".into(), "0".into()));
        assert_eq!(text(Currency::KWD, 1_500), "1.500");
        assert_eq!(text(Currency::KWD, 7), "0.007");
    }

    #[test]
    fn a_card_number_never_shows_its_middle() {
        let pan = Pan::new(b"6224242000000021").unwrap();
        assert_eq!(format!("{pan} {pan:?}"), "622424******0021 Pan(622424******0021)");
        assert!(Pan::new(b"12345").is_none() && Pan::new(b"6224242000000O21").is_none());
    }
}
