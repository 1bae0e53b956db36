//! The chip of a card: it counts its transactions and signs what a terminal asks, with a key that
//! only its issuer shares. Not the terminal's kernel, and no store: whoever runs a card keeps it.
//!
//! Read docs/protocol.md 1.5 (element 55) first. The cryptogram is a retail MAC under the card's
//! own key; real cards derive a key for each transaction from it. The card does not check that an
//! answer is its issuer's (tag 91), and runs no scripts (71, 72).

use crate::iso8583::{Challenge, Icc55, packed};
use crate::security::{Key, MacAlgorithm};

/// A chip. Its counter survives whatever happens to the terminal.
#[derive(Clone, Debug)]
pub struct Chip {
    key: Key,
    counter: u16,
}

/// What a card says of itself in its first answer to a terminal.
const PROFILE: [u8; 2] = [0x7C, 0x00];
/// Length, derivation index, cryptogram version 1, and the card's verdict: it asks its issuer.
const APPLICATION_DATA: [u8; 8] = [0x07, 0x01, 0x01, 0x03, 0xA0, 0x00, 0x00, 0x00];

impl Chip {
    /// A chip that was never used.
    pub fn new(key: Key) -> Chip {
        Chip { key, counter: 0 }
    }

    /// The first GENERATE AC: signs the challenge (ARQC) under the next number of the counter. None
    /// when the counter is used up: then the card is dead.
    pub fn sign(&mut self, challenge: Challenge) -> Option<Icc55> {
        self.counter = self.counter.checked_add(1)?;
        let mut icc = Icc55 {
            challenge,
            profile: PROFILE,
            counter: self.counter,
            application_data: APPLICATION_DATA,
            cryptogram: [0; 8],
        };
        icc.cryptogram = cryptogram(&self.key, &icc);
        Some(icc)
    }
}

/// Whether the card with this key signed it, for this amount.
pub fn is_genuine(key: &Key, icc: &Icc55) -> bool {
    MacAlgorithm::X919.verify(key, &signed(icc), &icc.cryptogram)
}

fn cryptogram(key: &Key, icc: &Icc55) -> [u8; 8] {
    MacAlgorithm::X919.compute(key, &signed(icc))
}

/// What enters the cryptogram, in the order of its version 1.
fn signed(icc: &Icc55) -> Vec<u8> {
    let Challenge { amount, currency, date, transaction_type, results, unpredictable } =
        icc.challenge;
    let mut bytes = Vec::with_capacity(40);
    bytes.extend_from_slice(&packed::<6>(amount));
    bytes.extend_from_slice(&[0; 6]);
    bytes.extend_from_slice(&crate::iso8583::COUNTRY);
    bytes.extend_from_slice(&results);
    bytes.extend_from_slice(&packed::<2>(currency.into()));
    bytes.extend_from_slice(&packed::<3>(date.into()));
    bytes.extend_from_slice(&packed::<1>(transaction_type.into()));
    bytes.extend_from_slice(&unpredictable);
    bytes.extend_from_slice(&icc.profile);
    bytes.extend_from_slice(&icc.counter.to_be_bytes());
    bytes.extend_from_slice(&icc.application_data[4..]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge() -> Challenge {
        let (results, unpredictable) = ([0; 5], [9; 4]);
        let (amount, currency, date) = (10_000, 156, 260_530);
        Challenge { amount, currency, date, transaction_type: 0, results, unpredictable }
    }

    #[test]
    fn no_two_cryptograms_of_a_card_have_one_number() {
        let key = Key::new(&[7; 16]).unwrap();
        let mut chip = Chip::new(key.clone());
        let (first, second) = (chip.sign(challenge()).unwrap(), chip.sign(challenge()).unwrap());
        assert_eq!((first.counter, second.counter), (1, 2));
        assert_ne!(first.cryptogram, second.cryptogram);
        assert!(is_genuine(&key, &first) && is_genuine(&key, &second));
        chip.counter = u16::MAX;
        assert_eq!(chip.sign(challenge()), None);
    }

    #[test]
    fn another_amount_number_or_card_is_not_what_was_signed() {
        let key = Key::new(&[7; 16]).unwrap();
        let icc = Chip::new(key.clone()).sign(challenge()).unwrap();
        let mut other = icc;
        other.challenge.amount += 1;
        assert!(!is_genuine(&key, &other));
        let mut other = icc;
        other.counter += 1;
        assert!(!is_genuine(&key, &other));
        assert!(!is_genuine(&Key::new(&[8; 16]).unwrap(), &icc));
    }
}
