//! Element 54: balances and other additional amounts, 20 characters each.

use super::digits::Digits;
use super::private::part;

/// Whose money an additional amount is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BalanceSign {
    /// `C`: the cardholder's.
    Credit,
    /// `D`: the cardholder owes it.
    Debit,
}

/// One additional amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Balance54 {
    /// Two digits, as in the processing code: 00 default, 10 savings, 20 cheque, 30 credit.
    pub account_type: u8,
    /// Two digits: 01 ledger balance, 02 available balance.
    pub balance_type: u8,
    /// ISO 4217 number, three digits.
    pub currency: u16,
    /// Whose.
    pub sign: BalanceSign,
    /// In minor units, twelve digits.
    pub amount: u64,
}

impl Balance54 {
    /// The 20 characters. Larger numbers wrap to their width.
    #[must_use]
    pub fn encode(&self) -> String {
        Digits::with_capacity(20)
            .number(self.account_type, 2)
            .number(self.balance_type, 2)
            .number(self.currency, 3)
            .text(if self.sign == BalanceSign::Credit { "C" } else { "D" })
            .number(self.amount, 12)
            .into_string()
    }

    /// Reads exactly one.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok().filter(|text| text.len() == 20)?;
        let sign = match value[7] {
            b'C' => BalanceSign::Credit,
            b'D' => BalanceSign::Debit,
            _ => return None,
        };
        Some(Balance54 {
            account_type: part(text, 0, 2)?,
            balance_type: part(text, 2, 2)?,
            currency: part(text, 4, 3)?,
            sign,
            amount: part(text, 8, 12)?,
        })
    }

    /// Reads the one or more that element 54 holds.
    #[must_use]
    pub fn parse_all(value: &[u8]) -> Option<Vec<Self>> {
        if value.is_empty() {
            return None;
        }
        value.chunks(20).map(Balance54::parse).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_balance_is_read_as_it_was_written() {
        let balance = Balance54 {
            account_type: 10,
            balance_type: 2,
            currency: 156,
            sign: BalanceSign::Credit,
            amount: 123_456,
        };
        assert_eq!(balance.encode(), "1002156C000000123456");
        assert_eq!(Balance54::parse(b"1002156C000000123456"), Some(balance));
        assert_eq!(
            Balance54::parse_all(&b"1002156C000000123456".repeat(2)),
            Some(vec![balance; 2])
        );
        for bad in [&b""[..], b"1002156X000000123456", b"1002156C00000012345"] {
            assert_eq!(Balance54::parse_all(bad), None);
        }
    }
}
