//! What a person is shown of bytes: the table, the recognised frame, and what stays hidden.

use reversim_models::iso8583::{
    Balance54, BalanceSign, BatchDetail, BatchDetails48, Dialect, Element, Envelope, Message, Mti,
    NETWORK, OriginalData90, POS, Settlement48, Totals48, describe,
};

fn body(dialect: &Dialect, message: &Message) -> Vec<u8> {
    let mut body = Vec::new();
    dialect.encode(message, &mut body).expect("valid");
    body
}

fn frame(dialect: &Dialect, message: &Message) -> Vec<u8> {
    dialect.framing.wrap(Envelope::default(), &body(dialect, message))
}

fn reversal() -> Message {
    Message::new(Mti::REVERSAL_REQUEST)
        .with(Element::PAN, "6224242000000021")
        .with(Element::STAN, "000012")
        .with(Element::RESPONSE_CODE, "98")
        .with(Element::PRIVATE_60, "22000705")
}

#[test]
fn a_message_is_a_table() {
    let table = describe(&frame(&POS, &reversal()), None).to_string();
    let expected = "\
dialect  unionpay-like-pos
frame    41 bytes, TPDU 6000000000, header 602200000000
type     0400  ISO 8583:1987, reversal, request, acquirer
bitmap   4020000002000010

  no  name                                bytes    value
   2  PAN 主账号                          23..32   622424******0021
  11  STAN 受卡方系统跟踪号               32..35   000012
  39  response code 应答码                35..37   98
      39 reason                                    no response within the time limit 未收到应答
  60  type, batch, network code 自定义域  37..43   22000705
      60.1 transaction type                        22
      60.2 batch                                   000705
";
    assert_eq!(table, expected);
}

#[test]
fn every_frame_and_a_bare_body_are_recognised() {
    for dialect in [&POS, &NETWORK] {
        let bare = body(dialect, &reversal());
        let headed = [&[46u8; 46][..], &bare].concat();
        let mut ways = vec![bare.clone(), frame(dialect, &reversal())];
        if dialect.name == NETWORK.name {
            ways.push(dialect.framing.wrap(Envelope::default(), &headed));
            ways.push(headed);
        }
        for bytes in ways {
            let description = describe(&bytes, None);
            assert!(description.is_message(), "{description}");
            assert_eq!(description.dialect, dialect.name);
            assert_eq!(bytes[description.body.clone()], bare);
            assert_eq!(description.element_text(Element::STAN), "000012");
        }
    }
}

#[test]
fn a_damaged_frame_is_described_with_what_is_wrong() {
    let mut bytes = frame(&POS, &reversal());
    bytes[1] += 1;
    let description = describe(&bytes, None);
    assert!(!description.is_message() && description.error.is_none());
    assert!(
        description
            .to_string()
            .contains("error    frame: the frame length says 42 bytes, 41 follow")
    );

    let whole = frame(&NETWORK, &reversal());
    let description = describe(&whole[..whole.len() - 3], None);
    let error = description.error.clone().expect("cut off");
    assert_eq!((error.element, error.kind.name()), (Some(60), "truncated"));
    assert_eq!(error.offset, whole.len() - 11, "counted from the first byte given");
    assert!(description.frame_error.is_some());
    assert_eq!(description.element_text(Element::RESPONSE_CODE), "98");

    let mut bytes = frame(&POS, &reversal());
    bytes[32] = 0x0F;
    let description = describe(&bytes, None);
    let error = description.error.clone().expect("not a digit");
    assert_eq!((error.element, error.offset, error.kind.name()), (Some(11), 32, "bad-digit"));
    assert_eq!(description.element_text(Element::STAN), "0F0012");
    assert!(description.to_string().contains("! not a digit"));
}

#[test]
fn nothing_at_all_is_described_too() {
    let description = describe(b"", None);
    assert_eq!(description.error.as_ref().map(|error| error.kind.name()), Some("truncated"));
}

#[test]
fn cards_are_hidden_wherever_they_travel() {
    let pan = "6224242000000021";
    let detail = BatchDetail { kind: 0, trace: 12, pan: pan.into(), amount: 4200 };
    let details = BatchDetails48 { details: vec![detail.clone(), detail] };
    let chip = [&[0x5A, 8][..], &[0x62, 0x24, 0x24, 0x20, 0, 0, 0, 0x21], &[0x9C, 1, 1]].concat();
    let message = reversal()
        .with(Element::TRACK_2, format!("{pan}D29022015699031007"))
        .with(Element::TRACK_3, format!("{pan}D1561560000"))
        .with(Element::PRIVATE_48, details.encode().expect("digits"))
        .with(Element::ICC, chip);
    let masked = describe(&frame(&POS, &message), None);
    for table in [masked.to_string(), format!("{masked:?}"), masked.element_text(Element::ICC)] {
        assert!(!table.contains(pan) && !table.contains("242000000"), "{table}");
        assert!(!table.is_empty());
    }
    assert_eq!(masked.element_text(Element::ICC), "5A08****************9C0101");
    assert_eq!(
        masked.parts(Element::PRIVATE_48)[1].text,
        "kind 00, trace 000012, card 622424******0021, amount 42.00"
    );
    let table = masked.unmask().to_string();
    assert_eq!(table.matches(pan).count(), 9, "{table}");
}

#[test]
fn a_payment_code_is_hidden_as_a_card_number_is() {
    let order = "A30196224310010000020018";
    let message = Message::new(Mti::FINANCIAL_REQUEST)
        .with(Element::STAN, "000007")
        .with(Element::PRIVATE_59, order);
    let shown = describe(&frame(&POS, &message), None);
    assert!(!shown.to_string().contains("6224310010000020018"), "{shown}");
    assert!(shown.unmask().to_string().contains("6224310010000020018"));
}

#[test]
fn rows_of_files_and_damaged_messages_show_no_number_that_is_long_enough_for_a_card() {
    let message = Message::new(Mti::FILE_ADVICE)
        .with(Element::STAN, "000007")
        .with(Element(104), "DP20260530541110001622421000000001000000001");
    let shown = describe(&frame(&NETWORK, &message), Some(&NETWORK)).to_string();
    assert!(!shown.contains("6224210000000010") && shown.contains("000007"), "{shown}");
    let sale = Message::new(Mti::FINANCIAL_REQUEST)
        .with(Element::PAN, "6224210000000010")
        .with(Element::TRACK_2, "6224210000000010D301220100000")
        .with(Element::MERCHANT, "123456789012345");
    let whole = frame(&POS, &sale);
    // Wherever a byte is wrong, the number may stand anywhere.
    for at in 13..whole.len() {
        for wrong in [0x00, 0xFF, whole[at] ^ 0x20, whole[at].wrapping_add(1)] {
            let mut bytes = whole.clone();
            bytes[at] = wrong;
            let described = describe(&bytes, Some(&POS));
            let shown = described.to_string();
            assert!(!shown.contains("6224210000000010"), "byte {at} is {wrong:02X}: {shown}");
        }
    }
}

#[test]
fn chip_data_that_does_not_come_out_even_is_hidden_whole() {
    let message = reversal().with(Element::ICC, [0x5A, 8, 0x62, 0x24]);
    assert_eq!(describe(&frame(&POS, &message), None).element_text(Element::ICC), "********");
}

#[test]
fn totals_balances_and_originals_are_taken_apart() {
    let texts = |dialect: &Dialect, message: &Message, element| {
        let parts = describe(&frame(dialect, message), Some(dialect)).parts(element);
        parts.into_iter().map(|part| (part.number, part.text)).collect::<Vec<_>>()
    };
    let domestic = Totals48 { debit_amount: 123_456, debit_count: 2, result: 1, ..<_>::default() };
    let settlement = Settlement48 { domestic, ..Settlement48::default() };
    let message = Message::new(Mti::RECONCILIATION_RESPONSE)
        .with(Element::PRIVATE_48, settlement.encode())
        .with(Element::PRIVATE_61, "0007053002030511");
    let totals = texts(&POS, &message, Element::PRIVATE_48);
    assert_eq!(totals[0].1, "debit 1234.56 in 2, credit 0.00 in 0, balanced");
    assert_eq!(texts(&POS, &message, Element::PRIVATE_61)[2], ("61.3".into(), "0511".into()));

    let balance = Balance54 {
        account_type: 10,
        balance_type: 2,
        currency: 156,
        sign: BalanceSign::Debit,
        amount: 5,
    };
    let original = Message::new(Mti::FINANCIAL_REQUEST)
        .with(Element::TRANSMISSION_TIME, "0511234203")
        .with(Element::STAN, "000012")
        .with(Element::ACQUIRER, "92010000");
    let named = OriginalData90::of_original(&original).expect("has its identity");
    let message = Message::new(Mti::REVERSAL_ADVICE)
        .with(Element::ADDITIONAL_AMOUNTS, balance.encode())
        .with(Element::ORIGINAL_DATA, named.encode());
    let amounts = texts(&NETWORK, &message, Element::ADDITIONAL_AMOUNTS);
    assert_eq!(amounts[0].1, "-0.05 currency 156 account 10");
    let parts = texts(&NETWORK, &message, Element::ORIGINAL_DATA);
    assert_eq!(parts[0], ("90.1".into(), "0200".into()));
    assert_eq!(parts[4], ("90.5".into(), "00092010000".into()));
}

/// Chip data as terminals send it: tags of one and two bytes, lengths of one, two and three.
#[test]
fn chip_tags_have_their_names_and_secret_ones_are_hidden() {
    let tags: [(&[u8], &str); 34] = [
        (&[0x57], "track 2 equivalent"),
        (&[0x5A], "card number"),
        (&[0x71], "issuer script before"),
        (&[0x72], "issuer script after"),
        (&[0x82], "interchange profile"),
        (&[0x84], "dedicated file name"),
        (&[0x8A], "response code"),
        (&[0x91], "issuer authentication"),
        (&[0x95], "terminal verification results"),
        (&[0x9A], "transaction date"),
        (&[0x9C], "transaction type"),
        (&[0x5F, 0x2A], "currency"),
        (&[0x9F, 0x02], "amount"),
        (&[0x9F, 0x03], "other amount"),
        (&[0x9F, 0x09], "application version"),
        (&[0x9F, 0x10], "issuer application data"),
        (&[0x9F, 0x1A], "terminal country"),
        (&[0x9F, 0x1E], "device serial"),
        (&[0x9F, 0x26], "cryptogram"),
        (&[0x9F, 0x27], "cryptogram information"),
        (&[0x9F, 0x33], "terminal capabilities"),
        (&[0x9F, 0x34], "cardholder verification"),
        (&[0x9F, 0x35], "terminal type"),
        (&[0x9F, 0x36], "transaction counter"),
        (&[0x9F, 0x37], "unpredictable number"),
        (&[0x9F, 0x41], "sequence counter"),
        (&[0x9F, 0x63], "card product"),
        (&[0x9F, 0x74], "e-cash authorization code"),
        (&[0xDF, 0x31], "script result"),
        (&[0x56], "tag"),
        (&[0x5F, 0x20], "tag"),
        (&[0x9F, 0x6B], "tag"),
        (&[0x9F, 0x1F], "tag"),
        (&[0x9F, 0x81, 0x01], "tag"),
    ];
    let chip: Vec<u8> = tags.iter().flat_map(|(tag, _)| [tag, &[1, 0x42][..]].concat()).collect();
    let described = describe(&frame(&POS, &reversal().with(Element::ICC, chip)), None);
    let parts = described.parts(Element::ICC);
    assert_eq!(parts.len(), tags.len());
    for (part, (tag, name)) in parts.iter().zip(tags) {
        let digits: String = tag.iter().map(|byte| format!("{byte:02X}")).collect();
        let secret: [&[u8]; 6] =
            [&[0x5A], &[0x56], &[0x57], &[0x5F, 0x20], &[0x9F, 0x6B], &[0x9F, 0x1F]];
        let shown = if secret.contains(&tag) { "**" } else { "42" };
        let expected = (digits.as_str(), name, shown);
        assert_eq!((part.number.as_str(), part.name, part.text.as_str()), expected);
    }
    let open = described.unmask();
    assert!(open.parts(Element::ICC).iter().all(|part| part.text == "42"));
}

#[test]
fn chip_lengths_take_one_to_three_bytes() {
    let number = |value: &[u8]| [&[0x5A][..], value].concat();
    for (chip, is_read) in [
        (number(&[2, 1, 2]), true),
        (number(&[0x81, 2, 1, 2]), true),
        (number(&[0x82, 0, 2, 1, 2]), true),
        (number(&[0x83, 0, 0, 2, 1, 2]), false),
        (number(&[3, 1, 2]), false),
        (number(&[0x81]), false),
        (number(&[0x82, 0]), false),
        (number(&[]), false),
        (vec![0x9F], false),
        (vec![0x9F, 0x81], false),
    ] {
        let bytes = frame(&POS, &reversal().with(Element::ICC, &chip));
        let described = describe(&bytes, None);
        assert_eq!(described.parts(Element::ICC).len(), usize::from(is_read), "{chip:02X?}");
        let text = described.element_text(Element::ICC);
        assert_eq!(text.len(), 2 * chip.len());
        assert_eq!(text.starts_with("5A"), is_read, "{text}");
    }
    let long = [&[0x9C, 0x82, 1, 0x02][..], &[7; 0xF0]].concat();
    let bytes = frame(&POS, &reversal().with(Element::ICC, &long));
    assert_eq!(describe(&bytes, None).parts(Element::ICC), [], "258 announced, 240 there");
    let long = [&[0x9C, 0x81, 0xF0][..], &[7; 0xF0]].concat();
    let bytes = frame(&POS, &reversal().with(Element::ICC, &long));
    assert_eq!(describe(&bytes, None).parts(Element::ICC)[0].text, "07".repeat(0xF0));
}

/// The parts of an element, one a line.
fn spelt(dialect: &Dialect, element: Element, value: &str) -> Vec<String> {
    let message = Message::new(Mti::FINANCIAL_RESPONSE).with(element, value);
    let parts = describe(&frame(dialect, &message), Some(dialect)).parts(element);
    parts.into_iter().map(|it| format!("{} {}: {}", it.number, it.name, it.text)).collect()
}

#[test]
fn money_is_spelt_out_with_the_decimals_of_its_currency() {
    let totals = Settlement48 {
        domestic: Totals48 { debit_amount: 1_205, debit_count: 1, ..Totals48::default() },
        ..Settlement48::default()
    };
    for (currency, amount) in [("156", "12.05"), ("392", "1205"), ("414", "1.205")] {
        let message = Message::new(Mti::FINANCIAL_RESPONSE)
            .with(Element::PRIVATE_48, totals.encode())
            .with(Element::CURRENCY, currency);
        let parts = describe(&frame(&POS, &message), Some(&POS)).parts(Element::PRIVATE_48);
        assert!(parts[0].text.starts_with(&format!("debit {amount} in 1")), "{}", parts[0].text);
    }
}

#[test]
fn totals_are_spelt_out_with_their_result() {
    let words = ["not compared", "balanced", "unbalanced", "error", "unknown result"];
    for (result, word) in (0..).zip(words) {
        let foreign = Totals48 { credit_amount: 1_205, credit_count: 3, result, ..<_>::default() };
        let settlement = Settlement48 { foreign, ..Settlement48::default() };
        let expected = [
            "48.1 domestic: debit 0.00 in 0, credit 0.00 in 0, not compared".to_owned(),
            format!("48.2 foreign: debit 0.00 in 0, credit 12.05 in 3, {word}"),
        ];
        assert_eq!(spelt(&POS, Element::PRIVATE_48, &settlement.encode()), expected);
    }
}

#[test]
fn every_part_of_elements_39_60_61_and_90_is_spelt_out() {
    let original = "020000001205112342030009201000000092010000";
    let expected: [(&Dialect, Element, &str, &[&str]); 5] = [
        (
            &POS,
            Element::RESPONSE_CODE,
            "51",
            &[
                "39 meaning: not sufficient funds 余额不足",
                "39 next: Take another card, or a smaller amount.",
            ],
        ),
        (
            &POS,
            Element::PRIVATE_60,
            "00000705201501048",
            &[
                "60.1 transaction type: 00",
                "60.2 batch: 000705",
                "60.3 network management code: 201",
                "60.4 read capability: 5",
                "60.5 IC condition: 0",
                "60.6 partial approval: 1",
                "60.7 account type: 048",
            ],
        ),
        (
            &POS,
            Element::PRIVATE_61,
            "00070530020305110392010000123",
            &[
                "61.1 original batch: 000705",
                "61.2 original trace: 300203",
                "61.3 original date: 0511",
                "61.4 original authorisation mode: 03",
                "61.5 original authorising organisation: 92010000123",
            ],
        ),
        (&POS, Element::PRIVATE_61, "00070530020", &[]),
        (
            &NETWORK,
            Element::ORIGINAL_DATA,
            original,
            &[
                "90.1 original type: 0200",
                "90.2 original trace: 000012",
                "90.3 original transmission time: 0511234203",
                "90.4 original acquirer: 00092010000",
                "90.5 original forwarder: 00092010000",
            ],
        ),
    ];
    for (dialect, element, value, parts) in expected {
        assert_eq!(spelt(dialect, element, value), parts, "{element}");
    }
}

#[test]
fn balances_are_spelt_out_with_their_sign() {
    let balance = |balance_type, sign| {
        let (account_type, currency, amount) = (0, 36, 100_000);
        Balance54 { account_type, balance_type, currency, sign, amount }.encode()
    };
    let (held, owed) = (balance(1, BalanceSign::Credit), balance(2, BalanceSign::Debit));
    let expected = [
        "54 ledger balance: 1000.00 currency 036 account 00",
        "54 available balance: -1000.00 currency 036 account 00",
    ];
    assert_eq!(spelt(&NETWORK, Element::ADDITIONAL_AMOUNTS, &(held + &owed)), expected);
    let other = balance(9, BalanceSign::Credit);
    let expected = ["54 amount: 1000.00 currency 036 account 00"];
    assert_eq!(spelt(&NETWORK, Element::ADDITIONAL_AMOUNTS, &other), expected);
}

#[test]
fn a_reading_names_its_frame_its_bitmap_and_what_is_left_over() {
    let headed = [&[46][..], &[7; 45], &body(&NETWORK, &reversal())].concat();
    let framed = describe(&NETWORK.framing.wrap(Envelope::default(), &headed), None);
    let header = "2E".to_owned() + &"07".repeat(45);
    let table = framed.to_string();
    let line = |table: &str, number| table.lines().nth(number).unwrap_or_default().to_owned();
    assert_eq!(line(&table, 0), "dialect  unionpay-like-network");
    assert_eq!(line(&table, 1), format!("frame    {} bytes, header {header}", headed.len()));
    let bare = describe(&headed, None);
    assert_eq!(line(&bare.to_string(), 1), format!("frame    no length, header {header}"));
    assert_eq!((bare.body.clone(), framed.body.clone()), (46..headed.len(), 50..headed.len() + 4));
    let second = reversal().with(Element(70), "301").with(Element(128), [0xA5; 8]);
    let bytes = body(&NETWORK, &second);
    let described = describe(&bytes, None);
    assert_eq!(described.present(), [1, 2, 11, 39, 60, 70, 128]);
    assert_eq!(described.bitmap, bytes[4..20]);
    assert_eq!(described.element_text(Element(128)), "A5".repeat(8));
    assert_eq!(described.element_text(Element(3)), "");
    let longer = [&bytes[..], &[1, 2, 3]].concat();
    let described = describe(&longer, Some(&NETWORK));
    let table = described.to_string();
    assert!(!described.is_message() && described.rest == [1, 2, 3]);
    assert!(table.ends_with("rest     3 bytes belong to no element\n"), "{table}");
    let end =
        "\n\nerror    body at byte 68: 3 bytes left over after the last element (trailing-bytes)";
    assert!(table.contains(end), "{table}");
    // Text that is none is shown as what it is.
    let odd = reversal().with(Element::MERCHANT_NAME, [0xFF; 40]);
    let mut bytes = body(&NETWORK, &reversal().with(Element::MERCHANT_NAME, "Shop"));
    assert!(NETWORK.encode(&odd, &mut Vec::new()).is_err());
    let at = bytes.windows(4).position(|four| four == b"Shop").expect("it is there");
    bytes[at] = 0x81;
    bytes[at + 1] = 0x07;
    let described = describe(&bytes, Some(&NETWORK));
    assert!(described.element_text(Element::MERCHANT_NAME).starts_with("81076F"));
    assert_eq!(
        described.element(Element::MERCHANT_NAME).map(|it| it.chinese),
        Some("受卡方名称地址")
    );
}
