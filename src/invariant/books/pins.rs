//! The PIN blocks that the cards of a run would have in the clear. Finds them; judges nothing.

use crate::history::Setting;
use reversim_models::card::Pan;

/// The parts of every clear PIN block, worked out once for a run.
#[derive(Debug)]
pub(crate) struct ClearPins {
    /// Of each PIN: ISO 9564 format 0 before the account number is mixed in.
    blocks: Vec<u64>,
    /// Of each card: the digits that are mixed in.
    accounts: Vec<u64>,
}

impl ClearPins {
    pub(super) fn of(setting: &Setting) -> ClearPins {
        ClearPins {
            blocks: setting.pins.iter().map(|pin| clear_block(pin.digits())).collect(),
            accounts: setting.pans.iter().map(account).collect(),
        }
    }

    /// Whether this block is a PIN that nobody enciphered: as it is, or mixed with any card's
    /// number, `pan` too.
    pub(crate) fn holds(&self, block: u64, pan: Option<&Pan>) -> bool {
        let own = pan.map_or(0, account);
        self.blocks.iter().any(|clear| {
            let mixed_in = block ^ clear;
            mixed_in == 0 || mixed_in == own || self.accounts.contains(&mixed_in)
        })
    }

    /// Every clear block of every PIN with every card, and with none.
    pub(crate) fn all(&self) -> impl Iterator<Item = u64> {
        let accounts = || self.accounts.iter().copied().chain([0]);
        self.blocks.iter().flat_map(move |clear| accounts().map(move |account| clear ^ account))
    }
}

/// ISO 9564 format 0 before the account number is mixed in.
pub(crate) fn clear_block(digits: &[u8]) -> u64 {
    let nibble = |place: usize| digits.get(place).map_or(0xF, |d| u64::from(d.wrapping_sub(b'0')));
    (0..14).fold(digits.len() as u64, |block, place| block << 4 | nibble(place) & 0xF)
}

/// The twelve account digits that are mixed in: the last ones without the check digit.
pub(crate) fn account(pan: &Pan) -> u64 {
    let digits = pan.as_str().as_bytes();
    let end = digits.len().saturating_sub(1);
    let start = end.saturating_sub(12);
    digits[start..end].iter().fold(0, |block, d| block << 4 | u64::from(d.wrapping_sub(b'0')))
}
