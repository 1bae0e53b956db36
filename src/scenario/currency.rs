//! The currencies a scenario can name. What an amount is worth or how it prints is elsewhere.

use super::Scenario;
use reversim_models::card::Currency;
use serde::{Deserialize, Serialize};

/// A currency that a counter can have, by its letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum CurrencyName {
    /// Renminbi: two decimals.
    #[default]
    CNY,
    /// Yen: no decimals.
    JPY,
    /// Kuwaiti dinar: three decimals.
    KWD,
}

impl CurrencyName {
    /// The currency as parties know it.
    pub const fn currency(self) -> Currency {
        match self {
            CurrencyName::CNY => Currency::CNY,
            CurrencyName::JPY => Currency::JPY,
            CurrencyName::KWD => Currency::KWD,
        }
    }
}

impl Scenario {
    /// What everybody counts in.
    pub const fn currency(&self) -> Currency {
        self.policy.currency.currency()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::parse;

    #[test]
    fn a_file_names_its_currency_by_letters() {
        for (name, currency) in [("CNY", 156), ("JPY", 392), ("KWD", 414)] {
            let text = format!("version = 1\n[policy]\ncurrency = \"{name}\"\n");
            let read = parse("x.toml", text.as_bytes()).map(|read| read.policy.currency);
            assert_eq!(read.map(|name| name.currency()), Ok(Currency(currency)), "{name}");
        }
        assert_eq!(Scenario::default().policy.currency, CurrencyName::CNY);
    }

    #[test]
    fn a_currency_that_nobody_counts_in_here_is_named_in_one_sentence() {
        let text = "version = 1\n[policy]\ncurrency = \"EUR\"\n";
        let error = parse("x.toml", text.as_bytes()).expect_err("there is no such currency");
        let sentence =
            "x.toml:3: unknown value `EUR` in `policy.currency`; known are CNY, JPY, KWD";
        assert_eq!(error.to_string(), sentence);
    }
}
