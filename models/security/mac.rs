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

    /// CBC from a zero vector: the last block. Empty data is one block of zeros (ISO 9797-1, padding
    /// method 1).
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
    fn pos_ecb_gives_the_published_answers() {
        let single = key("2222222222222222");
        let data = hex("1234567890ABCDEFABCDEF1234567890");
        assert_eq!(&MacAlgorithm::PosEcb.compute(&single, &data), b"E267B6E2");

        // The two blocks are equal, so the fold is zero: the answer is that of any such data.
        let double = key("AB73C9416D41E936E82AAC11053BCEDD");
        let data = hex("20160913201609132016091320160913");
        assert_eq!(&MacAlgorithm::PosEcb.compute(&double, &data), b"30271C74");
    }

    #[test]
    fn x9_9_gives_the_answer_of_fips_113() {
        let mac =
            MacAlgorithm::X99.compute(&key("0123456789ABCDEF"), b"7654321 Now is the time for ");
        assert_eq!(mac.to_vec(), hex("F1D30F6849312CA4"));
    }

    #[test]
    fn x9_9_and_x9_19_give_the_answers_of_iso_9797_1() {
        let data = b"Now is the time for all ";
        let double = key("0123456789ABCDEFFEDCBA9876543210");
        assert_eq!(MacAlgorithm::X99.compute(&double, data).to_vec(), hex("70A30640CC76DD8B"));
        assert_eq!(MacAlgorithm::X919.compute(&double, data).to_vec(), hex("A1C72E74EA3FA9B6"));
        // Padding method 2 is the same data with a mark: 80, then zeros.
        let marked = [data.as_slice(), &[0x80]].concat();
        assert_eq!(MacAlgorithm::X99.compute(&double, &marked).to_vec(), hex("10E1F0F108341B6D"));
        assert_eq!(MacAlgorithm::X919.compute(&double, &marked).to_vec(), hex("E9086230CA3BE796"));
    }

    #[test]
    fn aes_cmac_gives_the_answers_of_rfc_4493() {
        let key = key("2B7E151628AED2A6ABF7158809CF4F3C");
        let data = hex(concat!(
            "6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E51",
            "30C81C46A35CE411E5FBC1191A0A52EFF69F2445DF4F9B17AD2B417BE66C3710",
        ));
        let answers = [
            (0, "BB1D6929E9593728"),
            (16, "070A16B46B4D4144"),
            (40, "DFA66747DE9AE630"),
            (64, "51F0BEBF7E3B9D92"),
        ];
        for (length, mac) in answers {
            assert_eq!(MacAlgorithm::AesCmac.compute(&key, &data[..length]).to_vec(), hex(mac));
        }
    }

    #[test]
    fn triple_des_cbc_is_a_hand_made_chain() {
        let key = key("0123456789ABCDEFFEDCBA9876543210");
        let first = key.encrypt_block(*b"Now is t");
        let second: Vec<u8> = first.iter().zip(b"he time ").map(|(a, b)| a ^ b).collect();
        let mac = MacAlgorithm::TripleDesCbc.compute(&key, b"Now is the time ");
        assert_eq!(mac, key.encrypt_block(second.try_into().unwrap()));
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
