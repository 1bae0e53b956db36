//! Ciphers give the answers that others published: a cipher that is wrong at both ends of a line
//! pairs with itself, and no simulated payment would notice.

use reversim_models::security::{Key, MacAlgorithm, Pin, PinBlock};

fn hex(text: &str) -> Vec<u8> {
    let digit = |c: u8| (c as char).to_digit(16).expect("a hexadecimal digit") as u8;
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn key(text: &str) -> Key {
    Key::new(&hex(text)).expect("eight or sixteen bytes")
}

fn single(number: u64) -> Key {
    Key::new(&number.to_be_bytes()).expect("eight bytes")
}

fn double(left: u64, right: u64) -> Key {
    Key::new(&[left.to_be_bytes(), right.to_be_bytes()].concat()).expect("sixteen bytes")
}

#[test]
fn des_gives_the_published_block() {
    // SP 800-17 and FIPS 113 use this key; the block is the first of "Now is the time for all
    // ".
    let sealed = single(0x0123_4567_89AB_CDEF).encrypt_block(*b"Now is t");
    assert_eq!(sealed, 0x3FA4_0E8A_984D_4815_u64.to_be_bytes());
    assert_eq!(single(0x0123_4567_89AB_CDEF).decrypt_block(sealed), *b"Now is t");
}

#[test]
fn triple_des_is_encrypt_decrypt_encrypt() {
    let (left, right) = (0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210);
    let by_hand = single(left)
        .encrypt_block(single(right).decrypt_block(single(left).encrypt_block(*b"Now is t")));
    assert_eq!(double(left, right).encrypt_block(*b"Now is t"), by_hand);
    assert_eq!(double(left, right).decrypt_block(by_hand), *b"Now is t");
}

#[test]
fn check_value_is_the_head_of_encrypted_zeros() {
    // The widely published check value of the all-zero DES key is 8CA64D.
    assert_eq!(single(0).check_value(), [0x8C, 0xA6, 0x4D, 0xE9]);
    assert_eq!(double(0, 0).check_value(), [0x8C, 0xA6, 0x4D, 0xE9]);
    assert_eq!(format!("{:?}", single(0)), "Key(8CA64DE9)");
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
    let mac = MacAlgorithm::X99.compute(&key("0123456789ABCDEF"), b"7654321 Now is the time for ");
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
fn a_pin_block_is_the_published_one() {
    let (pan, pin) = ("123456789012345678", Pin::new("123456").expect("six digits"));
    let key = key("1234567890ABCDEF1234567890ABCDEF");
    let block = PinBlock::seal(&pin, pan, &key).expect("a card number");
    assert_eq!(block.0.to_vec(), hex("501A33ABBBDE94E8"));
    assert_eq!(block.open(pan, &key), Ok(pin));
}
