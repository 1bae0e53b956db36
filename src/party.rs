//! The names of parties in a scenario: `terminal-1`, `switch-2`, `issuer-1`. Not the parties.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a party is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// Sells.
    Terminal,
    /// Routes: number 1 is the acquirer's, next to the terminals.
    Switch,
    /// Holds the accounts.
    Issuer,
    /// Settles between acquirer and issuers, at the end of the day.
    Clearing,
}

/// One party of a scenario. Numbers begin at 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Party {
    /// What it is.
    pub role: Role,
    /// Which one.
    pub number: u8,
}

impl Party {
    /// The n-th terminal.
    pub const fn terminal(number: u8) -> Party {
        Party { role: Role::Terminal, number }
    }

    /// The n-th switch; 1 is next to the terminals.
    pub const fn switch(number: u8) -> Party {
        Party { role: Role::Switch, number }
    }

    /// The n-th issuer.
    pub const fn issuer(number: u8) -> Party {
        Party { role: Role::Issuer, number }
    }

    /// The n-th clearing house.
    pub const fn clearing(number: u8) -> Party {
        Party { role: Role::Clearing, number }
    }
}

impl Role {
    /// Its name, as in `terminal-1`.
    pub const fn word(self) -> &'static str {
        match self {
            Role::Terminal => "terminal",
            Role::Switch => "switch",
            Role::Issuer => "issuer",
            Role::Clearing => "clearing",
        }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.role.word(), self.number)
    }
}

/// A word that does not name a party.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "`{0}` is not a party: write terminal-N, switch-N, issuer-N or clearing-N, with N from \
     1 to 255"
)]
pub struct ParsePartyError(String);

impl FromStr for Party {
    type Err = ParsePartyError;

    fn from_str(word: &str) -> Result<Party, ParsePartyError> {
        let error = || ParsePartyError(word.to_owned());
        let (role, number) = word.rsplit_once('-').ok_or_else(error)?;
        let role = match role {
            "terminal" => Role::Terminal,
            "switch" => Role::Switch,
            "issuer" => Role::Issuer,
            "clearing" => Role::Clearing,
            _ => return Err(error()),
        };
        match number.parse::<u8>() {
            Ok(number) if number > 0 => Ok(Party { role, number }),
            _ => Err(error()),
        }
    }
}

impl TryFrom<String> for Party {
    type Error = ParsePartyError;
    fn try_from(word: String) -> Result<Party, ParsePartyError> {
        word.parse()
    }
}

impl From<Party> for String {
    fn from(party: Party) -> String {
        party.to_string()
    }
}
