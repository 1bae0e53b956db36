//! Message authentication codes, eight bytes each. Which bytes of a message are covered is the
//! line's business, not this file's.

use cmac::Mac;
use subtle::ConstantTimeEq;

use super::key::Key;
use super::memo::{self, Operation};

/// How a line computes its MAC.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MacAlgorithm {
    /// The ECB MAC of the POS line: fold the blocks by XOR, encrypt the *hexadecimal text* of the
    /// fold, answer eight hexadecimal characters.
    PosEcb,
    /// ANSI X9.9: DES-CBC with the key's left half, last block (ISO 9797-1 algorithm 1).
    X99,
    /// ANSI X9.19, "retail MAC": X9.9, then decrypted with the right half and encrypted with the
    /// left (ISO 9797-1 algorithm 3). With a single-length key it is X9.9.
    X919,
    /// CBC with the whole key in every block, last block.
    TripleDesCbc,
    /// AES-CMAC (RFC 4493), its eight leftmost bytes; a single-length key is used twice over.
    AesCmac,
}

impl MacAlgorithm {
    /// Every algorithm.
    pub const ALL: [MacAlgorithm; 5] = [
        MacAlgorithm::PosEcb,
        MacAlgorithm::X99,
        MacAlgorithm::X919,
        MacAlgorithm::TripleDesCbc,
        MacAlgorithm::AesCmac,
    ];

    /// The MAC of `data`, as element 64 or 128 carries it: eight upper-case hexadecimal characters
    /// for [`MacAlgorithm::PosEcb`], eight binary bytes for the others.
    pub fn compute(self, key: &Key, data: &[u8]) -> [u8; 8] {
        let output = memo::remember(Operation::Mac(self), key, data, || {
            let mut output = [0; 16];
            output[..8].copy_from_slice(&self.compute_afresh(key, data));
            output
        });
        *output.first_chunk().expect("eight of sixteen")
    }

    /// Whether `mac` is the MAC of `data`, in time that does not tell how much of it is right.
    pub fn verify(self, key: &Key, data: &[u8], mac: &[u8]) -> bool {
        mac.len() == 8 && bool::from(self.compute(key, data).ct_eq(mac))
    }

    /// The name used in configuration and reports.
    pub fn name(self) -> &'static str {
        match self {
            MacAlgorithm::PosEcb => "pos-ecb",
            MacAlgorithm::X99 => "x9.9",
            MacAlgorithm::X919 => "x9.19",
            MacAlgorithm::TripleDesCbc => "3des-cbc",
            MacAlgorithm::AesCmac => "aes-cmac",
        }
    }

    /// The algorithm with this name.
    pub fn by_name(name: &str) -> Option<MacAlgorithm> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// CBC from a zero vector: the last block. Empty data is one block of zeros (ISO 9797-1,
    /// padding method 1).
    fn chain(self, key: &Key, data: &[u8]) -> [u8; 8] {
        let cipher = |block| match self {
            MacAlgorithm::TripleDesCbc => key.encrypt_block(block),
            _ => key.encrypt_single(block),
        };
        let Some((head, rest)) = data.split_at_checked(HEAD_BYTES) else {
            return if data.is_empty() { cipher([0; 8]) } else { chain([0; 8], data, cipher) };
        };
        let after_head = memo::remember(Operation::Chain(self), key, head, || {
            let mut output = [0; 16];
            output[..8].copy_from_slice(&chain([0; 8], head, cipher));
            output
        });
        chain(*after_head.first_chunk().expect("eight of sixteen"), rest, cipher)
    }

    fn compute_afresh(self, key: &Key, data: &[u8]) -> [u8; 8] {
        match self {
            MacAlgorithm::PosEcb => pos_ecb(key, data),
            MacAlgorithm::X99 => self.chain(key, data),
            MacAlgorithm::X919 => key.finish_retail(self.chain(key, data)),
            MacAlgorithm::TripleDesCbc => self.chain(key, data),
            MacAlgorithm::AesCmac => {
                let tag = key.aes_cmac().clone().chain_update(data).finalize().into_bytes();
                *tag.first_chunk().expect("eight of sixteen")
            }
        }
    }
}

/// How much of the data is remembered on its own: what two messages of a line have in common at
/// their front is often this long, and is then enciphered once.
const HEAD_BYTES: usize = 88;

fn pos_ecb(key: &Key, data: &[u8]) -> [u8; 8] {
    let fold = blocks(data).fold(0, |fold, block| fold ^ u64::from_be_bytes(block));
    let text = hexadecimal(fold.to_be_bytes());
    let (left, right) = text.split_at(8);
    let left = u64::from_ne_bytes(key.encrypt_block(left.try_into().expect("half of sixteen")));
    let right = u64::from_ne_bytes(right.try_into().expect("half of sixteen"));
    let last = hexadecimal(key.encrypt_block((left ^ right).to_ne_bytes()));
    *last.first_chunk().expect("eight of sixteen")
}

/// CBC over `data`, going on from `last`.
fn chain(last: [u8; 8], data: &[u8], cipher: impl Fn([u8; 8]) -> [u8; 8]) -> [u8; 8] {
    blocks(data).fold(last, |last, block| {
        cipher((u64::from_ne_bytes(last) ^ u64::from_ne_bytes(block)).to_ne_bytes())
    })
}

/// The data in blocks of eight, zeros after its end.
fn blocks(data: &[u8]) -> impl Iterator<Item = [u8; 8]> {
    let (whole, rest) = data.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    whole.iter().copied().chain((!rest.is_empty()).then_some(last))
}

fn hexadecimal(bytes: [u8; 8]) -> [u8; 16] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut text = [0; 16];
    for (byte, pair) in bytes.iter().zip(text.as_chunks_mut::<2>().0) {
        *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(text: &str) -> Vec<u8> {
        let digit = |c: u8| (c as char).to_digit(16).unwrap() as u8;
        text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
    }

    fn key(text: &str) -> Key {
        Key::new(&hex(text)).unwrap()
    }

    #[test]
    fn every_algorithm_is_found_by_its_name() {
        for algorithm in MacAlgorithm::ALL {
            assert_eq!(MacAlgorithm::by_name(algorithm.name()), Some(algorithm));
        }
        assert_eq!(MacAlgorithm::by_name("md5"), None);
    }

    proptest! {
        #[test]
        fn the_memo_changes_no_mac(
            bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 8),
                prop::collection::vec(any::<u8>(), 16),
            ],
            data in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let key = Key::new(&bytes).unwrap();
            for algorithm in MacAlgorithm::ALL {
                memo::set_capacity(0);
                let plain = algorithm.compute(&key, &data);
                memo::set_capacity(8);
                prop_assert_eq!(algorithm.compute(&key, &data), plain);
                prop_assert_eq!(algorithm.compute(&key, &data), plain);
                prop_assert_eq!(memo::statistics().hits, 1);
                prop_assert!(algorithm.verify(&key, &data, &plain));
            }
        }

        #[test]
        fn a_single_length_key_and_its_double_give_one_mac(
            bytes in any::<[u8; 8]>(),
            data in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let single = Key::new(&bytes).unwrap();
            let double = Key::new(&[bytes, bytes].concat()).unwrap();
            for algorithm in MacAlgorithm::ALL {
                let once = algorithm.compute(&single, &data);
                prop_assert_eq!(once, algorithm.compute(&double, &data));
            }
        }

        #[test]
        fn a_mac_of_the_wrong_length_or_with_a_flipped_bit_is_refused(
            data in prop::collection::vec(any::<u8>(), 0..64),
            length in 0_usize..20,
            bit in 0_u32..64,
        ) {
            let key = key("0123456789ABCDEFFEDCBA9876543210");
            for algorithm in MacAlgorithm::ALL {
                let mac = algorithm.compute(&key, &data);
                let other_length: Vec<u8> = mac.into_iter().cycle().take(length).collect();
                prop_assert_eq!(algorithm.verify(&key, &data, &other_length), length == 8);
                let flipped = u64::from_be_bytes(mac) ^ 1 << bit;
                prop_assert!(!algorithm.verify(&key, &data, &flipped.to_be_bytes()));
            }
        }
    }
}
