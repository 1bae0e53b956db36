//! The work keys a sign-on delivers in element 62, and their generation by a simulated security
//! module. Not the sign-on itself.
//!
//! Each slot is a key encrypted under the terminal's master key and the check value of the key:
//!
//! | element 60.3 | PIN key | MAC key | track key | bytes |
//! |---|---|---|---|---|
//! | 001 | 8 + 4 | 8 + 4 | – | 24 |
//! | 003 | 16 + 4 | 8 + 8 zeros + 4, or 16 + 4 | – | 40 |
//! | 004 | 16 + 4 | as 003 | 16 + 4 | 60 |

use std::fmt;

use super::key::Key;

/// The session keys of one sign-on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkKeys {
    /// Encrypts PIN blocks (PIK).
    pub pin: Key,
    /// Computes MACs (MAK).
    pub mac: Key,
    /// Encrypts tracks (TDK), if the sign-on delivers one.
    pub track: Option<Key>,
}

/// Which of the work keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeySlot {
    /// PIK.
    Pin,
    /// MAK.
    Mac,
    /// TDK.
    Track,
}

impl fmt::Display for KeySlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeySlot::Pin => "PIN",
            KeySlot::Mac => "MAC",
            KeySlot::Track => "track",
        })
    }
}

/// Why delivered work keys are not used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WorkKeysError {
    /// No layout is known for this code in element 60.3.
    #[error("no key layout has the code {0:03}")]
    UnknownCode(u16),
    /// Element 62 is not as long as the code says.
    #[error("{found} bytes of keys where the code means {expected}")]
    Length {
        /// What the code means.
        expected: usize,
        /// What came.
        found: usize,
    },
    /// The check value is not that of the key: another master key, or a damaged one.
    #[error("the check value of the {0} key does not match")]
    CheckValue(KeySlot),
}

/// Bytes of the PIN, MAC and track key slots, check values not counted.
type Layout = &'static [(KeySlot, usize)];

const SINGLE: Layout = &[(KeySlot::Pin, 8), (KeySlot::Mac, 8)];
const DOUBLE: Layout = &[(KeySlot::Pin, 16), (KeySlot::Mac, 16)];
const DOUBLE_WITH_TRACK: Layout = &[(KeySlot::Pin, 16), (KeySlot::Mac, 16), (KeySlot::Track, 16)];

fn layout(code: u16) -> Option<Layout> {
    match code {
        1 => Some(SINGLE),
        3 => Some(DOUBLE),
        4 => Some(DOUBLE_WITH_TRACK),
        _ => None,
    }
}

impl WorkKeys {
    /// Element 62 for the code in element 60.3; none if the code is unknown, a key is missing or
    /// its length does not fit its slot. A track key is left out where the code has no place for
    /// it.
    pub fn seal(&self, tmk: &Key, code: u16) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(60);
        for &(slot, length) in layout(code)? {
            let key = self.key(slot)?;
            let padding = length.checked_sub(key.bytes().len())?;
            if padding != 0 && slot != KeySlot::Mac {
                return None;
            }
            bytes.extend(tmk.wrap(key));
            bytes.extend_from_slice(&[0; 8][..padding]);
            bytes.extend_from_slice(&key.check_value());
        }
        Some(bytes)
    }

    /// The keys in element 62, each found to match its check value.
    pub fn open(bytes: &[u8], tmk: &Key, code: u16) -> Result<WorkKeys, WorkKeysError> {
        let layout = layout(code).ok_or(WorkKeysError::UnknownCode(code))?;
        let expected = layout.iter().map(|(_, length)| length + 4).sum();
        if bytes.len() != expected {
            return Err(WorkKeysError::Length { expected, found: bytes.len() });
        }
        let mut rest = bytes;
        let mut next = |slot: KeySlot, length: usize| {
            let (wrapped, tail) = rest.split_at(length);
            let (check_value, tail) = tail.split_at(4);
            rest = tail;
            open_slot(slot, wrapped, check_value, tmk)
        };
        let (_, length) = layout[0];
        Ok(WorkKeys {
            pin: next(KeySlot::Pin, length)?,
            mac: next(KeySlot::Mac, length)?,
            track: (layout.len() == 3).then(|| next(KeySlot::Track, length)).transpose()?,
        })
    }

    /// The keys number `counter` of the module whose secret is `seed`: double-length PIN and track
    /// keys and a single-length MAC key, as the codes 003 and 004 deliver them.
    pub fn derive(seed: &Key, counter: u64) -> WorkKeys {
        let material = Key::derive::<5>(seed, counter);
        let key = |blocks: &[[u8; 8]]| Key::new(blocks.as_flattened()).expect("1 or 2 blocks");
        WorkKeys {
            pin: key(&material[0..2]),
            mac: key(&material[2..3]),
            track: Some(key(&material[3..5])),
        }
    }

    /// These keys cut to what `code` delivers: single-length keys for 001, no track key for 001 and
    /// 003. What the receiver of [`WorkKeys::seal`] has, so the sender should use it too.
    pub fn fitted(&self, code: u16) -> Option<WorkKeys> {
        let single = |key: &Key| Key::new(&key.bytes()[..8]).expect("the left half");
        match code {
            1 => Some(WorkKeys { pin: single(&self.pin), mac: single(&self.mac), track: None }),
            3 => Some(WorkKeys { track: None, ..self.clone() }),
            4 if self.track.is_some() => Some(self.clone()),
            _ => None,
        }
    }

    fn key(&self, slot: KeySlot) -> Option<&Key> {
        match slot {
            KeySlot::Pin => Some(&self.pin),
            KeySlot::Mac => Some(&self.mac),
            KeySlot::Track => self.track.as_ref(),
        }
    }
}

impl Key {
    /// The double-length key number `counter` of the module whose secret is `seed`, for lines whose
    /// keys do not come by [`WorkKeys::derive`]. It differs from all of theirs.
    pub fn derive_double(seed: &Key, counter: u64) -> Key {
        let material = Key::derive::<7>(seed, counter);
        Key::new(material[5..].as_flattened()).expect("two blocks")
    }

    /// Key material in counter mode: the encrypted counter, then encrypted again with the number of
    /// the block mixed in, each byte made odd as DES keys are.
    fn derive<const N: usize>(seed: &Key, counter: u64) -> [[u8; 8]; N] {
        let encrypted = |input: u64| {
            let [a, b, c, d, e, f, g, h, ..] = seed.encrypt_remembered(&input.to_be_bytes());
            [a, b, c, d, e, f, g, h]
        };
        let start = u64::from_be_bytes(encrypted(counter));
        std::array::from_fn(|block| {
            let number = block as u64 + 1;
            encrypted(start ^ number).map(with_odd_parity)
        })
    }
}

fn with_odd_parity(byte: u8) -> u8 {
    byte ^ u8::from(byte.count_ones().is_multiple_of(2))
}

fn open_slot(
    slot: KeySlot,
    wrapped: &[u8],
    check_value: &[u8],
    tmk: &Key,
) -> Result<Key, WorkKeysError> {
    // Most hosts put a single-length MAC key in the double-length slot: eight bytes, eight zeros.
    let wrapped = match wrapped.split_at(8) {
        (left, [0, 0, 0, 0, 0, 0, 0, 0]) if slot == KeySlot::Mac => left,
        _ => wrapped,
    };
    tmk.unwrap(wrapped)
        .filter(|key| key.check_value() == check_value)
        .ok_or(WorkKeysError::CheckValue(slot))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tmk() -> Key {
        Key::new(&0x1111_1111_1111_1111_2222_2222_2222_2222_u128.to_be_bytes()).unwrap()
    }

    fn with_double_mac() -> WorkKeys {
        WorkKeys { mac: Key::derive_double(&tmk(), 1), ..WorkKeys::derive(&tmk(), 1) }
    }

    #[test]
    fn keys_arrive_as_they_were_sent_under_every_code() {
        for keys in [WorkKeys::derive(&tmk(), 1), with_double_mac()] {
            for (code, length) in [(1, 24), (3, 40), (4, 60)] {
                let keys = keys.fitted(code).unwrap();
                let bytes = keys.seal(&tmk(), code).unwrap();
                assert_eq!(bytes.len(), length);
                assert_eq!(WorkKeys::open(&bytes, &tmk(), code), Ok(keys));
            }
        }
    }

    #[test]
    fn a_single_length_mac_key_is_followed_by_eight_zeros() {
        let bytes = WorkKeys::derive(&tmk(), 1).seal(&tmk(), 3).unwrap();
        assert_eq!(bytes[28..36], [0; 8]);
        let bytes = with_double_mac().seal(&tmk(), 3).unwrap();
        assert_ne!(bytes[28..36], [0; 8]);
    }

    #[test]
    fn keys_that_do_not_fit_their_slots_are_not_sealed() {
        let keys = WorkKeys::derive(&tmk(), 1);
        assert_eq!(keys.seal(&tmk(), 1), None, "a double-length PIN key");
        assert_eq!(keys.fitted(1).unwrap().seal(&tmk(), 3), None, "a single-length PIN key");
        assert_eq!(keys.fitted(3).unwrap().seal(&tmk(), 4), None, "no track key");
        for code in [0, 2, 5, 999] {
            assert_eq!(keys.seal(&tmk(), code), None);
            assert_eq!(keys.fitted(code), None);
        }
    }

    #[test]
    fn a_changed_byte_is_refused_by_the_slot_it_is_in() {
        let bytes = with_double_mac().seal(&tmk(), 4).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            let slot = [KeySlot::Pin, KeySlot::Mac, KeySlot::Track][at / 20];
            let refused = Err(WorkKeysError::CheckValue(slot));
            assert_eq!(WorkKeys::open(&changed, &tmk(), 4), refused, "byte {at}");
        }
    }

    #[test]
    fn another_master_key_is_noticed() {
        let bytes = WorkKeys::derive(&tmk(), 1).seal(&tmk(), 3).unwrap();
        let other = Key::new(&[9; 16]).unwrap();
        let refused = Err(WorkKeysError::CheckValue(KeySlot::Pin));
        assert_eq!(WorkKeys::open(&bytes, &other, 3), refused);
    }

    #[test]
    fn derived_keys_repeat_differ_by_counter_and_have_odd_parity() {
        let keys = WorkKeys::derive(&tmk(), 7);
        assert_eq!(keys, WorkKeys::derive(&tmk(), 7));
        assert_ne!(keys.pin, WorkKeys::derive(&tmk(), 8).pin);
        assert_ne!(keys.pin.bytes(), Key::derive_double(&tmk(), 7).bytes());
        let track = keys.track.unwrap();
        for byte in [keys.pin.bytes(), keys.mac.bytes(), track.bytes()].concat() {
            assert_eq!(byte.count_ones() % 2, 1);
        }
    }

    #[test]
    fn debug_shows_check_values_only() {
        let keys = WorkKeys { track: None, ..WorkKeys::derive(&Key::new(&[0; 8]).unwrap(), 0) };
        let text = format!("{keys:?}");
        assert!(text.starts_with("WorkKeys { pin: Key("), "{text}");
        assert!(text.len() < 80, "{text}");
    }

    proptest! {
        #[test]
        fn any_bytes_and_code_give_keys_or_an_error(
            bytes in prop::collection::vec(any::<u8>(), 0..70), code in 0_u16..6,
        ) {
            prop_assert!(WorkKeys::open(&bytes, &tmk(), code).is_err());
        }

        #[test]
        fn the_right_length_of_noise_is_refused(bytes: [[u8; 20]; 3]) {
            let bytes = bytes.as_flattened();
            for (code, length) in [(1, 24), (3, 40), (4, 60)] {
                prop_assert!(WorkKeys::open(&bytes[..length], &tmk(), code).is_err());
            }
        }
    }
}
