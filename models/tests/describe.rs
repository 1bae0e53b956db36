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
