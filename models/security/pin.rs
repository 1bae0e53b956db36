//! The PIN and its block: ISO 9564 format 0 (ANSI X9.8). Not the decision whether a PIN is right.
//!
//! Read ISO 9564-1 before changing a nibble. The clear block is control `0`, the number of digits,
//! the digits, fill `F`; its exclusive or with four zeros and twelve account digits is encrypted.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::key::Key;

/// Four to twelve digits.
#[derive(Clone)]
pub struct Pin {
    digits: [u8; 12],
    length: u8,
}

impl Pin {
    /// The PIN written as these digits.
    pub fn new(digits: &str) -> Option<Pin> {
        let text = digits.as_bytes();
        if !(4..=12).contains(&text.len()) || !text.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let mut pin = Pin { digits: [0; 12], length: text.len() as u8 };
        pin.digits[..text.len()].copy_from_slice(text);
        Some(pin)
    }

    /// The digits as text, `b"1234"`.
    pub fn digits(&self) -> &[u8] {
        &self.digits[..usize::from(self.length)]
    }

    /// Control, length, digits, fill: before the account number is mixed in.
    fn clear_block(&self) -> u64 {
        let digits = (0..14).map(|place| match self.digits().get(place) {
            Some(digit) => u64::from(digit - b'0'),
            None => 0xF,
        });
        digits.fold(u64::from(self.length), |block, nibble| block << 4 | nibble)
    }

    fn from_clear_block(block: u64) -> Result<Pin, PinBlockError> {
        let nibble = |place: u32| (block >> (60 - 4 * place) & 0xF) as u8;
        if nibble(0) != 0 {
            return Err(PinBlockError::Control(nibble(0)));
        }
        let length = nibble(1);
        if !(4..=12).contains(&length) {
            return Err(PinBlockError::Length(length));
        }
        let mut pin = Pin { digits: [0; 12], length };
        for place in 0..14_u8 {
            let nibble = nibble(u32::from(place) + 2);
            if place < length {
                if nibble > 9 {
                    return Err(PinBlockError::Digit);
                }
                pin.digits[usize::from(place)] = b'0' + nibble;
            } else if nibble != 0xF {
                return Err(PinBlockError::Fill);
            }
        }
        Ok(pin)
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.digits.zeroize();
    }
}

impl PartialEq for Pin {
    fn eq(&self, other: &Self) -> bool {
        self.length == other.length && bool::from(self.digits.ct_eq(&other.digits))
    }
}

impl Eq for Pin {}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(****)")
    }
}

/// An encrypted PIN block, as element 52 carries it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PinBlock(pub [u8; 8]);

/// Why a PIN block could not be opened. All but the first usually mean a wrong key or account.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PinBlockError {
    /// The account number is not 8 to 19 digits.
    #[error("the account number is not 8 to 19 digits")]
    Account,
    /// The first nibble is not 0.
    #[error("control nibble {0:X} is not format 0")]
    Control(u8),
    /// The second nibble is no PIN length.
    #[error("PIN length {0} is not 4 to 12")]
    Length(u8),
    /// A PIN digit is above nine.
    #[error("a PIN digit is not decimal")]
    Digit,
    /// What follows the PIN is not the fill nibble.
    #[error("the fill after the PIN is not F")]
    Fill,
}

impl PinBlock {
    /// The block of `pin` for the account `pan`; none if `pan` is not 8 to 19 digits.
    pub fn seal(pin: &Pin, pan: &str, key: &Key) -> Option<PinBlock> {
        Some(encrypt(pin.clear_block() ^ account_part(pan)?, key))
    }

    /// The PIN in the block.
    pub fn open(&self, pan: &str, key: &Key) -> Result<Pin, PinBlockError> {
        let account = account_part(pan).ok_or(PinBlockError::Account)?;
        Pin::from_clear_block(self.decrypt(key) ^ account)
    }

    /// The same PIN under another key, as a switch's security module does it: the format is checked
    /// while the block is in the clear, so that a block under a wrong key is not passed on.
    pub fn translate(&self, pan: &str, from: &Key, to: &Key) -> Result<PinBlock, PinBlockError> {
        let account = account_part(pan).ok_or(PinBlockError::Account)?;
        let clear = self.decrypt(from);
        Pin::from_clear_block(clear ^ account)?;
        Ok(encrypt(clear, to))
    }

    /// The block without an account mixed in, announced by element 53 beginning with 1. The layout
    /// is that of format 0: this is not ISO 9564 format 1.
    pub fn seal_without_account(pin: &Pin, key: &Key) -> PinBlock {
        encrypt(pin.clear_block(), key)
    }

    /// The PIN in a block of [`PinBlock::seal_without_account`].
    pub fn open_without_account(&self, key: &Key) -> Result<Pin, PinBlockError> {
        Pin::from_clear_block(self.decrypt(key))
    }

    fn decrypt(&self, key: &Key) -> u64 {
        let clear = key.decrypt_remembered(&self.0);
        u64::from_be_bytes(*clear.first_chunk().expect("eight of sixteen"))
    }
}

fn encrypt(clear: u64, key: &Key) -> PinBlock {
    let sealed = key.encrypt_remembered(&clear.to_be_bytes());
    PinBlock(*sealed.first_chunk().expect("eight of sixteen"))
}

/// The twelve account digits before the check digit, zeros to the left if there are fewer.
fn account_part(pan: &str) -> Option<u64> {
    let digits = pan.as_bytes();
    if !(8..=19).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let account = &digits[..digits.len() - 1];
    let account = &account[account.len().saturating_sub(12)..];
    Some(account.iter().fold(0, |part, digit| part << 4 | u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::memo;
    use proptest::prelude::*;

    const PAN: &str = "123456789012345678";

    fn key(number: u128) -> Key {
        Key::new(&number.to_be_bytes()).unwrap()
    }

    fn pin(digits: &str) -> Pin {
        Pin::new(digits).unwrap()
    }

    #[test]
    fn the_block_is_the_published_one_in_the_clear_and_encrypted() {
        let clear = pin("123456").clear_block() ^ account_part(PAN).unwrap();
        assert_eq!(clear, 0x0612_53DF_FEDC_BA98);
        let key = key(0x1234_5678_90AB_CDEF_1234_5678_90AB_CDEF);
        let block = PinBlock::seal(&pin("123456"), PAN, &key).unwrap();
        assert_eq!(block.0, 0x501A_33AB_BBDE_94E8_u64.to_be_bytes());
        assert_eq!(block.open(PAN, &key), Ok(pin("123456")));
    }

    #[test]
    fn only_four_to_twelve_digits_are_a_pin() {
        for (text, is_pin) in [
            ("123", false),
            ("1234", true),
            ("123456789012", true),
            ("1234567890123", false),
            ("12a4", false),
            ("", false),
            ("１２３４", false),
        ] {
            assert_eq!(Pin::new(text).is_some(), is_pin, "{text}");
        }
        assert_eq!(format!("{:?}", pin("1234")), "Pin(****)");
        assert_eq!(pin("0042").digits(), b"0042");
        assert_ne!(pin("0000"), pin("00000"));
    }

    #[test]
    fn an_account_is_eight_to_nineteen_digits_and_short_ones_are_padded() {
        assert_eq!(account_part("12345678"), Some(0x0123_4567));
        assert_eq!(account_part("6212345678901234565"), Some(0x5678_9012_3456));
        for pan in ["", "1234567", "12345678901234567890", "1234567890123D25"] {
            assert_eq!(account_part(pan), None);
            assert_eq!(PinBlock::seal(&pin("1234"), pan, &key(1)), None);
            assert_eq!(PinBlock([0; 8]).open(pan, &key(1)), Err(PinBlockError::Account));
            let translated = PinBlock([0; 8]).translate(pan, &key(1), &key(2));
            assert_eq!(translated, Err(PinBlockError::Account));
        }
    }

    #[test]
    fn each_broken_nibble_is_named() {
        for (clear, error) in [
            (0x1412_34FF_FFFF_FFFF, PinBlockError::Control(1)),
            (0x0312_3FFF_FFFF_FFFF, PinBlockError::Length(3)),
            (0x0D12_3456_7890_123F, PinBlockError::Length(13)),
            (0x0412_A4FF_FFFF_FFFF, PinBlockError::Digit),
            (0x0412_34FF_FF0F_FFFF, PinBlockError::Fill),
        ] {
            assert_eq!(Pin::from_clear_block(clear), Err(error));
            let sealed = encrypt(clear ^ account_part(PAN).unwrap(), &key(1));
            assert_eq!(sealed.translate(PAN, &key(1), &key(2)), Err(error));
        }
    }

    #[test]
    fn a_block_under_another_key_is_refused() {
        let block = PinBlock::seal(&pin("123456"), PAN, &key(0x0102_0304)).unwrap();
        assert!(block.open(PAN, &key(0x1111_2222_3333)).is_err());
        assert!(block.open("123456789012945678", &key(0x0102_0304)).is_err());
    }

    proptest! {
        #[test]
        fn a_translated_block_opens_to_the_same_pin(
            digits in "[0-9]{4,12}", pan in "[0-9]{8,19}", from: u128, to: u128,
        ) {
            let (from, to) = (key(from), key(to));
            for capacity in [0, 16] {
                memo::set_capacity(capacity);
                let block = PinBlock::seal(&pin(&digits), &pan, &from).unwrap();
                let translated = block.translate(&pan, &from, &to).unwrap();
                prop_assert_eq!(translated.open(&pan, &to), Ok(pin(&digits)));
                let without = PinBlock::seal_without_account(&pin(&digits), &to);
                prop_assert_eq!(without.open_without_account(&to), Ok(pin(&digits)));
            }
        }

        #[test]
        fn the_memo_changes_no_answer_and_no_bytes_panic(
            block: [u8; 8], pan in "[0-9]{0,22}|.{0,20}", one: u128, other: u128,
        ) {
            let (one, other) = (key(one), key(other));
            let answers = || {
                let block = PinBlock(block);
                (
                    block.open(&pan, &one),
                    block.translate(&pan, &one, &other),
                    PinBlock::seal(&pin("1234"), &pan, &one),
                    other.unwrap(&one.wrap(&other)),
                )
            };
            memo::set_capacity(0);
            let plain = answers();
            memo::set_capacity(16);
            prop_assert_eq!(answers(), plain.clone());
            prop_assert_eq!(answers(), plain);
        }
    }
}
