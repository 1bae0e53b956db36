//! Ciphers give the answers that others published: a cipher that is wrong at both ends of a line
//! pairs with itself, and no simulated payment would notice.

use reversim_models::security::{
    Key, KeySlot, MacAlgorithm, Pin, PinBlock, PinBlockError, WorkKeys, WorkKeysError, memo,
};

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

/// The standards' own words: a chain of blocks, the last one filled with zeros.
fn chained(data: &[u8], cipher: impl Fn([u8; 8]) -> [u8; 8]) -> [u8; 8] {
    let mut padded = data.to_vec();
    padded.resize(data.len().next_multiple_of(8).max(8), 0);
    padded.chunks(8).fold([0; 8], |last, block| {
        let mut mixed = last;
        mixed.iter_mut().zip(block).for_each(|(byte, other)| *byte ^= other);
        cipher(mixed)
    })
}

#[test]
fn macs_of_every_length_are_what_the_standards_say_remembered_or_not() {
    let (left, right) = (0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210);
    let (key, one, two) = (double(left, right), single(left), single(right));
    let data: Vec<u8> = (0..200_u8).map(|byte| byte.wrapping_mul(37)).collect();
    for capacity in [0, 16, 1_000, 1_000] {
        memo::set_capacity(capacity);
        for length in 0..data.len() {
            let data = &data[..length];
            let plain = chained(data, |block| one.encrypt_block(block));
            let retail = one.encrypt_block(two.decrypt_block(plain));
            let triple = chained(data, |block| key.encrypt_block(block));
            assert_eq!(MacAlgorithm::X99.compute(&key, data), plain, "{length} bytes");
            assert_eq!(MacAlgorithm::X919.compute(&key, data), retail, "{length} bytes");
            assert_eq!(MacAlgorithm::X919.compute(&one, data), plain, "{length} bytes");
            assert_eq!(MacAlgorithm::TripleDesCbc.compute(&key, data), triple, "{length} bytes");
        }
    }
    memo::set_capacity(0);
}

#[test]
fn a_mac_is_eight_right_bytes() {
    let key = key("0123456789ABCDEF");
    for algorithm in MacAlgorithm::ALL {
        let mac = algorithm.compute(&key, b"0200");
        assert!(algorithm.verify(&key, b"0200", &mac));
        assert!(!algorithm.verify(&key, b"0210", &mac));
        assert!(!algorithm.verify(&key, b"0200", &mac[..7]));
        assert!(!algorithm.verify(&key, b"0200", &[&mac[..], &[0]].concat()));
        for place in 0..8 {
            let mut wrong = mac;
            wrong[place] ^= 1;
            assert!(!algorithm.verify(&key, b"0200", &wrong), "{}", algorithm.name());
        }
        assert_eq!(MacAlgorithm::by_name(algorithm.name()), Some(algorithm));
    }
    let names = MacAlgorithm::ALL.map(MacAlgorithm::name);
    assert_eq!(names, ["pos-ecb", "x9.9", "x9.19", "3des-cbc", "aes-cmac"]);
    assert_eq!(MacAlgorithm::by_name("rot13"), None);
}

#[test]
fn a_key_is_eight_or_sixteen_bytes_and_travels_under_another() {
    for length in 0..34 {
        let bytes = vec![7; length];
        assert_eq!(Key::new(&bytes).is_some(), length == 8 || length == 16);
        assert_eq!(single(1).unwrap(&bytes).is_some(), length == 8 || length == 16);
    }
    let master = double(0x1111_1111_1111_1111, 0x2222_2222_2222_2222);
    for inner in [single(0x1234_5678_90AB_CDEF), double(3, 4)] {
        let wrapped = master.wrap(&inner);
        let blocks = inner.bytes().chunks(8).map(|block| block.try_into().expect("eight"));
        let by_hand: Vec<u8> = blocks.flat_map(|block| master.encrypt_block(block)).collect();
        assert_eq!(wrapped, by_hand);
        assert_eq!(master.unwrap(&wrapped), Some(inner.clone()));
        assert_ne!(single(9).unwrap(&wrapped), Some(inner));
    }
    // Doubled, a key is another key that does the same.
    assert_ne!(single(5), double(5, 5));
    assert_eq!(single(5).id(), double(5, 5).id());
    assert_ne!(single(5).id(), double(0, 5).id());
    assert_eq!(single(5).encrypt_block([3; 8]), double(5, 5).encrypt_block([3; 8]));
}

#[test]
fn only_a_format_0_block_of_the_right_card_and_key_opens() {
    let (key, other) = (single(0x0102_0304), single(0x1111_2222_3333));
    let pan = "12345678";
    // Account digits 1234567 under a block of five digits, by hand.
    let pin = Pin::new("90817").expect("five digits");
    let block = PinBlock::seal(&pin, pan, &key).expect("a card number");
    let clear = 0x0590_817F_FFFF_FFFF_u64 ^ 0x0123_4567;
    assert_eq!(block.0, key.encrypt_block(clear.to_be_bytes()));
    assert_eq!(block.open(pan, &key).as_ref(), Ok(&pin));
    assert!(block.open(pan, &other).is_err());
    let translated = block.translate(pan, &key, &other).expect("it is in order");
    assert_eq!(translated.open(pan, &other).as_ref(), Ok(&pin));
    assert!(block.translate(pan, &other, &key).is_err());
    let without = PinBlock::seal_without_account(&pin, &key);
    assert_eq!(without.0, key.encrypt_block(0x0590_817F_FFFF_FFFF_u64.to_be_bytes()));
    assert_eq!(without.open_without_account(&key).as_ref(), Ok(&pin));
    for (clear, error, words) in [
        (0x2412_34FF_FFFF_FFFF_u64, PinBlockError::Control(2), "control nibble 2 is not format 0"),
        (0x0312_3FFF_FFFF_FFFF, PinBlockError::Length(3), "PIN length 3 is not 4 to 12"),
        (0x0D12_3456_7890_123F, PinBlockError::Length(13), "PIN length 13 is not 4 to 12"),
        (0x0412_A4FF_FFFF_FFFF, PinBlockError::Digit, "a PIN digit is not decimal"),
        (0x0412_34FF_FFFF_FFF0, PinBlockError::Fill, "the fill after the PIN is not F"),
        (0x0412_340F_FFFF_FFFF, PinBlockError::Fill, "the fill after the PIN is not F"),
    ] {
        let broken = PinBlock(key.encrypt_block(clear.to_be_bytes()));
        assert_eq!(broken.open_without_account(&key), Err(error));
        assert_eq!(error.to_string(), words);
    }
    for pan in ["", "1234567", "12345678901234567890", "1234567D"] {
        assert_eq!(PinBlock::seal(&pin, pan, &key), None);
        assert_eq!(block.open(pan, &key), Err(PinBlockError::Account));
        assert_eq!(block.translate(pan, &key, &other), Err(PinBlockError::Account));
    }
    for (digits, is_pin) in [
        ("123", false),
        ("1234", true),
        ("123456789012", true),
        ("1234567890123", false),
        ("12 4", false),
    ] {
        let pin = Pin::new(digits);
        assert_eq!(pin.is_some(), is_pin, "{digits}");
        if let Some(pin) = pin {
            assert_eq!((pin.digits(), format!("{pin:?}").as_str()), {
                (digits.as_bytes(), "Pin(****)")
            });
            let block = PinBlock::seal(&pin, "6224242000000021", &key).expect("a card number");
            assert_eq!(block.open("6224242000000021", &key), Ok(pin));
        }
    }
    assert_ne!(Pin::new("0000"), Pin::new("00000"));
    assert_ne!(Pin::new("1234"), Pin::new("1235"));
}

#[test]
fn a_key_is_the_same_wherever_it_was_made() {
    let here = double(1, 2);
    let there = std::thread::scope(|threads| threads.spawn(|| double(1, 2)).join());
    let there = there.expect("a key");
    assert_eq!(here, there);
    assert_ne!(here, double(1, 3));
    assert_ne!(single(1), double(1, 1), "as long as they are");
}

/// Element 62 of a sign-on answer: a wrapped key and its check value, slot after slot.
#[test]
fn work_keys_travel_in_their_slots_with_their_check_values() {
    let tmk = double(0x3131_3131_3131_3131, 0x4646_4646_4646_4646);
    let keys = WorkKeys::derive(&double(1, 2), 7);
    let track = keys.track.clone().expect("it derives one");
    let zeros = [0; 8];
    let slot =
        |key: &Key, padding: &[u8]| [&tmk.wrap(key)[..], padding, &key.check_value()].concat();
    let three = [slot(&keys.pin, &[]), slot(&keys.mac, &zeros)].concat();
    assert_eq!((keys.seal(&tmk, 3).as_ref(), three.len()), (Some(&three), 40));
    let four = [&three[..], &slot(&track, &[])].concat();
    assert_eq!((keys.seal(&tmk, 4).as_ref(), four.len()), (Some(&four), 60));
    assert_eq!(keys.seal(&tmk, 1), None, "sixteen bytes do not fit in eight");
    assert_eq!(keys.seal(&tmk, 2), None);
    let single = keys.fitted(1).expect("a known code");
    assert_eq!((single.pin.bytes(), single.track.is_none()), (&keys.pin.bytes()[..8], true));
    assert_eq!(single.seal(&tmk, 1).map(|bytes| bytes.len()), Some(24));
    for (code, track) in [(1, None), (3, None), (4, Some(track))] {
        let sent = keys.fitted(code).expect("a known code");
        assert_eq!(sent.track, track);
        let bytes = sent.seal(&tmk, code).expect("they fit");
        assert_eq!(WorkKeys::open(&bytes, &tmk, code).as_ref(), Ok(&sent), "code {code}");
        for short in [0, bytes.len() - 1] {
            let error = WorkKeysError::Length { expected: bytes.len(), found: short };
            assert_eq!(WorkKeys::open(&bytes[..short], &tmk, code), Err(error));
        }
        // A bit of a check value, and it is not the key that was sent.
        let slots = [KeySlot::Pin, KeySlot::Mac, KeySlot::Track];
        let width = bytes.len() / slots.len().min(if code == 4 { 3 } else { 2 });
        for (index, slot) in slots.into_iter().enumerate().take(bytes.len() / width) {
            let mut damaged = bytes.clone();
            damaged[(index + 1) * width - 1] ^= 1;
            let error = WorkKeysError::CheckValue(slot);
            assert_eq!(WorkKeys::open(&damaged, &tmk, code), Err(error), "code {code}");
            let name = ["PIN", "MAC", "track"][index];
            let words = format!("the check value of the {name} key does not match");
            assert_eq!((error.to_string(), slot.to_string().as_str()), (words, name));
        }
    }
    assert_eq!(WorkKeys::open(&three, &tmk, 9), Err(WorkKeysError::UnknownCode(9)));
    assert_eq!(WorkKeysError::UnknownCode(9).to_string(), "no key layout has the code 009");
    assert_eq!((keys.fitted(9), WorkKeys { track: None, ..keys.clone() }.fitted(4)), (None, None));
    let untracked = WorkKeys { track: None, ..keys };
    assert_eq!(untracked.seal(&tmk, 4), None);
    let doubled = WorkKeys { mac: double(3, 5), ..untracked };
    let bytes = doubled.seal(&tmk, 3).expect("a double-length MAC key fits too");
    assert_eq!(WorkKeys::open(&bytes, &tmk, 3), Ok(doubled));
}

#[test]
fn derived_keys_differ_from_one_another_and_have_odd_parity() {
    let seed = double(1, 2);
    let mut seen = std::collections::BTreeSet::new();
    for counter in 0..50 {
        let keys = WorkKeys::derive(&seed, counter);
        let track = keys.track.clone().expect("it derives one");
        let lengths = [&keys.pin, &keys.mac, &track].map(|key| key.bytes().len());
        assert_eq!(lengths, [16, 8, 16]);
        let zone = Key::derive_double(&seed, counter);
        for block in [keys.pin, keys.mac, track, zone].iter().flat_map(|key| key.bytes().chunks(8))
        {
            assert!(block.iter().all(|byte| byte.count_ones() % 2 == 1), "{counter}");
            assert!(seen.insert(block.to_vec()), "{counter}: two keys have this half");
        }
    }
    assert_eq!(WorkKeys::derive(&seed, 3), WorkKeys::derive(&seed, 3));
    assert_ne!(WorkKeys::derive(&seed, 3), WorkKeys::derive(&double(1, 4), 3));
}

/// What a campaign's report says of remembered ciphers, and what makes it fast.
#[test]
fn a_memo_remembers_what_was_asked_before_and_nothing_while_it_is_off() {
    let key = double(77, 78);
    let counted = |data: &[u8]| {
        let before = memo::statistics();
        MacAlgorithm::PosEcb.compute(&key, data);
        let after = memo::statistics();
        (after.hits - before.hits, after.misses - before.misses)
    };
    memo::set_capacity(0);
    assert_eq!((counted(b"off"), counted(b"off")), ((0, 0), (0, 0)));
    memo::set_capacity(4);
    assert_eq!((counted(b"on"), counted(b"on")), ((0, 1), (1, 0)));
    // It forgets what was asked longest ago, and keeps what is asked again and again.
    for other in 0..20_u8 {
        assert_eq!(counted(&[other; 3]), (0, 1));
        assert_eq!(counted(b"on"), (1, 0), "{other}");
    }
    assert_eq!(counted(&[0; 3]), (0, 1), "forgotten");
    assert_eq!((counted(&[7; 100_000]), counted(&[7; 100_000])), ((0, 0), (0, 0)), "too long");
    memo::set_capacity(0);
    assert_eq!(counted(b"on"), (0, 0));
}
