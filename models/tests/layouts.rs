//! What stands where: sub-fields, message types, card masks and response codes as protocol.md and
//! ISO 8583 have them. A layout that is wrong at both ends of a line agrees with itself.

use reversim_models::card::{Amount, Pan};
use reversim_models::device::Display;
use reversim_models::iso8583::{
    Balance54, BalanceSign, BatchDetail, BatchDetails48, Challenge, CodeClass, Element, Icc55,
    Message, Mti, OriginalData90, OriginalPos61, Private60, ResponseCode, Settlement48, Totals48,
    mask_pan,
};
use reversim_models::record::Kind;

#[test]
fn element_60_is_type_batch_network_code_and_the_rest() {
    let sale = Private60::new(*b"22", 1_000_705);
    assert_eq!(sale.encode(), "22000705", "a counter of six digits wraps");
    let sign_on =
        Private60 { rest: "501".into(), ..Private60::new(*b"00", 3).with_network_code(4) };
    assert_eq!(sign_on.encode(), "00000003004501");
    let read = Private60::parse(b"00000003004501");
    assert_eq!(read, Some(sign_on.clone()));
    assert_eq!(Private60::parse(b"00999999201").and_then(|it| it.network_code), Some(201));
    let message = Message::new(Mti::NETWORK_REQUEST).with(Element::PRIVATE_60, sign_on.encode());
    assert_eq!(Private60::of(&message), read);
    assert_eq!(Private60::of(&Message::new(Mti::NETWORK_REQUEST)), None);
    for length in (0..8).chain(9..11) {
        assert_eq!(Private60::parse(&b"22000705001"[..length]), None, "{length} digits");
    }
    assert_eq!(Private60::parse(b"2200070x"), None);
}

#[test]
fn element_61_is_batch_trace_and_perhaps_a_date() {
    let original = OriginalPos61 { batch: 12, stan: 345_678, date: None };
    assert_eq!(original.encode(), "000012345678");
    let dated = OriginalPos61 { date: Some(105), ..original };
    assert_eq!(dated.encode(), "0000123456780105");
    assert_eq!(OriginalPos61::parse(b"000012345678"), Some(original));
    assert_eq!(OriginalPos61::parse(b"0000123456780105"), Some(dated));
    assert_eq!(OriginalPos61::parse(b"00001234567801050192010000   "), None);
    assert_eq!(OriginalPos61::parse(b"000012345678010501000920100001"), Some(dated));
    for length in (0..12).chain(13..16) {
        assert_eq!(OriginalPos61::parse(&b"0000123456780105"[..length]), None, "{length} digits");
    }
    let message = Message::new(Mti::REVERSAL_REQUEST).with(Element::PRIVATE_61, dated.encode());
    assert_eq!(OriginalPos61::of(&message), Some(dated));
}

fn original() -> Message {
    Message::new(Mti::FINANCIAL_REPEAT)
        .with(Element::TRANSMISSION_TIME, "1231235959")
        .with(Element::STAN, "000789")
        .with(Element::ACQUIRER, "123")
        .with(Element::FORWARDER, "00456")
}

#[test]
fn element_90_is_type_trace_time_and_both_institutions() {
    let named = OriginalData90::of_original(&original()).expect("it has all four");
    assert_eq!(named.encode(), "020000078912312359590000000012300000000456");
    let read = OriginalData90::parse(named.encode().as_bytes()).expect("42 digits");
    assert_eq!(read, named);
    assert!(read.refers_to(&original()));
    let repeat = OriginalData90 { mti: Mti::FINANCIAL_REPEAT, ..read.clone() };
    assert!(repeat.refers_to(&original()), "a repeat is the same transaction");
    // Whatever differs, it is another transaction.
    for (element, value) in [
        (Element::TRANSMISSION_TIME, "1231235958"),
        (Element::STAN, "000788"),
        (Element::ACQUIRER, "124"),
        (Element::FORWARDER, "457"),
    ] {
        assert!(!read.refers_to(&original().with(element, value)), "{element}");
    }
    let mut other = original();
    other.set_mti(Mti::AUTHORIZATION_REQUEST);
    assert!(!read.refers_to(&other));
    for element in [Element::TRANSMISSION_TIME, Element::STAN, Element::ACQUIRER] {
        let mut nameless = original();
        nameless.remove(element);
        assert_eq!(OriginalData90::of_original(&nameless), None, "{element}");
    }
    let mut own = original();
    own.remove(Element::FORWARDER);
    let own = OriginalData90::of_original(&own).map(|named| named.forwarder);
    assert_eq!(own.as_deref(), Some("123"), "who forwards for itself need not say so");
    let long = OriginalData90 { acquirer: "9912345678901".into(), ..read };
    assert_eq!(&long.encode()[20..31], "12345678901");
    assert_eq!(OriginalData90::parse(&named.encode().as_bytes()[..41]), None);
    let message = Message::new(Mti::REVERSAL_ADVICE).with(Element::ORIGINAL_DATA, named.encode());
    assert_eq!(OriginalData90::of(&message), Some(named));
}

#[test]
fn settlement_totals_are_two_halves_of_31_digits() {
    let domestic = Totals48 {
        debit_amount: 999_999_999_999,
        debit_count: 998,
        credit_amount: 123,
        credit_count: 4,
        result: 2,
    };
    let foreign = Totals48 { debit_amount: 5, debit_count: 1, result: 3, ..Totals48::default() };
    assert_eq!(domestic.encode(), "9999999999999980000000001230042");
    let whole = Settlement48 { domestic, foreign }.encode();
    assert_eq!(&whole[31..], "0000000000050010000000000000003");
    assert_eq!(Settlement48::parse(whole.as_bytes()), Some(Settlement48 { domestic, foreign }));
    let same = Settlement48 { domestic, foreign }.balanced();
    assert_eq!(same.domestic, Totals48 { result: 1, ..domestic });
    assert_eq!(same.foreign, Totals48 { result: 1, ..foreign });
    for bad in [&whole[..61], &format!("{whole}0"), &whole.replace('4', "D")] {
        assert_eq!(Settlement48::parse(bad.as_bytes()), None);
    }
}

#[test]
fn a_batch_upload_is_a_count_and_up_to_eight_details_of_40_digits() {
    let detail = |trace| BatchDetail { kind: 1, trace, pan: "6224".repeat(4), amount: 70 };
    let text = BatchDetails48 { details: vec![detail(1), detail(2)] }.encode();
    let text = text.expect("a card of sixteen digits");
    let one = |trace| format!("0100000{trace}00006224622462246224000000000070");
    assert_eq!(text, format!("02{}{}", one(1), one(2)));
    for count in 0..=12 {
        let batch = BatchDetails48 { details: (0..count).map(detail).collect() };
        let text = batch.encode().expect("digits");
        let kept = count.min(8) as usize;
        assert_eq!((text.len(), &text[..2]), (2 + 40 * kept, format!("{kept:02}").as_str()));
        let read = BatchDetails48::parse(text.as_bytes()).expect("what was written reads");
        assert_eq!(read.details, batch.details[..kept]);
        assert_eq!(BatchDetails48::parse(&text.as_bytes()[..text.len() - 1]), None);
    }
    let nine = format!("09{}", one(1).repeat(9));
    assert_eq!(BatchDetails48::parse(nine.as_bytes()), None, "nine do not fit");
    for (digits, fits) in [(20, true), (21, false)] {
        let details = vec![BatchDetail { pan: "7".repeat(digits), ..detail(1) }];
        assert_eq!(BatchDetails48 { details }.encode().is_some(), fits, "{digits} digits");
    }
    let letters = BatchDetail { pan: "62242420D0000021".into(), ..detail(1) };
    assert_eq!(BatchDetails48 { details: vec![letters] }.encode(), None);
}

#[test]
fn a_balance_is_account_kind_currency_sign_and_amount() {
    let owed = Balance54 {
        account_type: 30,
        balance_type: 1,
        currency: 840,
        sign: BalanceSign::Debit,
        amount: 1,
    };
    assert_eq!(owed.encode(), "3001840D000000000001");
    let held = Balance54 { sign: BalanceSign::Credit, amount: 120_000, ..owed };
    let both = [owed.encode(), held.encode()].concat();
    assert_eq!(Balance54::parse_all(both.as_bytes()), Some(vec![owed, held]));
    assert_eq!(Balance54::parse(both.as_bytes()), None, "one is twenty characters");
    assert_eq!(Balance54::parse_all(&both.as_bytes()[..39]), None);
    assert_eq!(Balance54::parse_all(b""), None);
    assert_eq!(Balance54::parse(b"3001840X000000000001"), None);
}

#[test]
fn the_digits_of_a_message_type_are_version_class_function_and_origin() {
    let words = |text: &str| Mti::parse(text).expect("digits").words();
    assert_eq!(words("0200"), ["ISO 8583:1987", "financial", "request", "acquirer"]);
    assert_eq!(words("1421"), ["ISO 8583:1993", "reversal", "advice", "acquirer repeat"]);
    assert_eq!(words("2112"), ["ISO 8583:2003", "authorization", "response", "issuer"]);
    assert_eq!(words("8333"), ["national", "file action", "advice response", "issuer repeat"]);
    assert_eq!(words("9544"), ["private", "reconciliation", "notification", "other"]);
    assert_eq!(
        words("0655")[1..],
        ["administrative", "notification acknowledgement", "other repeat"]
    );
    assert_eq!(words("0700")[1], "fee collection");
    assert_eq!(words("0800")[1], "network management");
    assert_eq!(
        words("3966"),
        ["reserved version", "reserved class", "reserved function", "reserved origin",]
    );
}

#[test]
fn every_request_has_its_answer_its_repeat_and_its_original() {
    for (request, answer) in [
        ("0100", "0110"),
        ("0200", "0210"),
        ("0220", "0230"),
        ("0320", "0330"),
        ("0400", "0410"),
        ("0420", "0430"),
        ("0500", "0510"),
        ("0800", "0810"),
        ("0820", "0830"),
    ] {
        let [request, answer] = [request, answer].map(|text| Mti::parse(text).expect("digits"));
        let repeat = request.repeat();
        assert_eq!(repeat.to_string()[..3], request.to_string()[..3]);
        assert_eq!(repeat.origin(), 1);
        assert_eq!((request.response(), repeat.response(), answer.response()), {
            (answer, answer, answer)
        });
        assert_eq!((repeat.original(), repeat.repeat(), request.original()), {
            (request, repeat, request)
        });
        assert!(repeat.is_repeat() && !request.is_repeat() && !answer.is_repeat());
        assert!(request.is_request() && repeat.is_request() && !answer.is_request());
        assert!(answer.is_response() && !request.is_response());
    }
    let mti = Mti::parse("1423").expect("digits");
    let digits = (mti.version(), mti.class(), mti.function(), mti.origin());
    assert_eq!((digits, mti.bcd()), ((1, 4, 2, 3), 0x1423));
    assert_eq!(Mti::from_bcd(0x1423), Some(mti));
    assert_eq!(Mti::from_ascii(*b"1423"), Some(mti));
    for nibble in 0..4 {
        assert_eq!(Mti::from_bcd(0x0200 | 0xA << (4 * nibble)), None);
        assert!(Mti::from_bcd(0x9 << (4 * nibble)).is_some());
    }
    for text in ["", "020", "02000", "0x00", "/200", "020:"] {
        assert_eq!(Mti::parse(text), None, "{text}");
    }
    assert_eq!(format!("{mti} {mti:?}"), "1423 1423");
}

/// protocol.md 1.10: what a terminal may take for money.
#[test]
fn response_codes_are_approvals_captures_and_refusals_as_published() {
    let of_class = |class| ResponseCode::all().filter(move |code| code.class() == class);
    let names = |class| of_class(class).map(|code| code.to_string()).collect::<Vec<_>>().join(" ");
    assert_eq!(names(CodeClass::Approval), "00 10 11 A2 A4 A5 A6");
    assert_eq!(names(CodeClass::Capture), "04 07");
    assert_eq!(names(CodeClass::Problem), "13 14 A0 A1 A3 A7");
    assert_eq!(names(CodeClass::Unclassified), "66 77 79 93 95");
    for code in ResponseCode::all() {
        assert_eq!(code.is_approval(), code.class() == CodeClass::Approval, "{code}");
        assert_eq!(ResponseCode::parse(&code.0), Some(code));
        assert!(!code.meaning().0.is_empty() && code.action().ends_with('.'), "{code}");
    }
    assert_eq!(ResponseCode::NOT_SUFFICIENT_FUNDS.meaning(), ("not sufficient funds", "余额不足"));
    assert_eq!(ResponseCode::INCORRECT_PIN.meaning(), ("incorrect PIN", "密码错误"));
    assert_eq!(ResponseCode::CUTOVER_IN_PROGRESS.meaning().1, "系统日切,请稍后重试");
    assert_eq!(ResponseCode::INCORRECT_PIN.action(), "Ask for the PIN again.");
    let unknown = ResponseCode(*b"Q7");
    assert_eq!(unknown.class(), CodeClass::Unclassified);
    assert_eq!(unknown.meaning().0, "not in the table, acquirer-private");
    assert_eq!(unknown.action(), "Ask the acquirer what it means.");
    let reasons: Vec<_> = ["98", "96", "A0", "06", "00"]
        .map(|code| ResponseCode::parse(code.as_bytes()).and_then(ResponseCode::reversal_reason))
        .map(|reason| reason.map_or("-", |(_, chinese)| chinese))
        .into();
    assert_eq!(reasons, ["未收到应答", "终端无法完成", "应答MAC校验错", "其他原因", "-"]);
    assert_eq!((ResponseCode::parse(b"0"), ResponseCode::parse(b"000")), (None, None));
    assert_eq!(format!("{} {:?}", ResponseCode(*b"A0"), ResponseCode(*b"51")), "A0 51");
    let message = Message::new(Mti::FINANCIAL_RESPONSE);
    assert_eq!(ResponseCode::of(&message), None);
    let message = message.with(Element::RESPONSE_CODE, "51");
    assert_eq!(ResponseCode::of(&message), Some(ResponseCode::NOT_SUFFICIENT_FUNDS));
}

#[test]
fn a_card_number_shows_six_and_four_digits_at_most() {
    for (pan, shown) in [
        ("6224242000000021", "622424******0021"),
        ("6224242000000000021", "622424*********0021"),
        ("62242420000", "622424*0000"),
        ("6224242000", "**********"),
        ("62242420", "********"),
    ] {
        assert_eq!(mask_pan(pan), shown);
    }
    let pan = Pan::new(b"6224242000000021").expect("sixteen digits");
    assert_eq!(format!("{pan} {pan:?}"), "622424******0021 Pan(622424******0021)");
    assert_eq!(pan.as_str(), "6224242000000021");
    for (digits, is_card) in [(7, false), (8, true), (19, true), (20, false)] {
        assert_eq!(Pan::new(&vec![b'4'; digits]).is_some(), is_card, "{digits} digits");
    }
    assert_eq!(Pan::new(b"62242420 0000021"), None);
    let log = Message::new(Mti::FINANCIAL_REQUEST)
        .with(Element::PAN, "6224242000000021")
        .with(Element::EXPIRY, "2902")
        .with(Element::TRACK_2, "6224242000000021=29022015")
        .with(Element::TRACK_3, "996224242000000021D156")
        .with(Element::PRIVATE_48, "01")
        .with(Element::PIN_BLOCK, [1; 8])
        .with(Element::PRIVATE_62, [9; 24])
        .with(Element::TERMINAL, "T1\n");
    let expected = "0200 2=622424******0021 14=(4 bytes) 35=622424******0021********* \
                    36=(22 bytes) 41=T1\\n 48=(2 bytes) 52=(8 bytes) 62=(24 bytes)";
    assert_eq!(format!("{log:?}"), expected);
}

#[test]
fn amounts_are_shown_with_two_decimals_and_displays_in_two_languages() {
    let amounts = [(0, "0.00"), (9, "0.09"), (100, "1.00"), (123_456, "1234.56")];
    for (minor, text) in amounts {
        assert_eq!(Amount::cny(minor).to_string(), text);
    }
    for (display, english, chinese) in [
        (Display::Approved(Amount::cny(150)), "APPROVED 1.50", "交易成功 1.50"),
        (Display::Balance(Amount::cny(5)), "BALANCE 0.05", "余额 0.05"),
        (Display::Declined(ResponseCode::LOST_CARD), "41 lost card, pick up", "41 挂失卡"),
        (Display::Settled(true), "SETTLED, TOTALS AGREE", "结算成功,对账平"),
        (Display::Settled(false), "SETTLED, TOTALS DIFFER", "结算成功,对账不平"),
        (Display::Echo(true), "LINE OK", "回响测试成功"),
        (Display::Echo(false), "LINE FAILED", "回响测试失败"),
        (Display::InDoubt, "NO VALID ANSWER, WILL BE REVERSED", "交易超时,将自动冲正"),
    ] {
        assert_eq!(display.text(), (english.to_owned(), chinese.to_owned()));
    }
}

/// What invites the cashier to sell again, and what leaves the wish open.
#[test]
fn only_a_refusal_offers_a_new_sale_and_only_an_end_ends_the_wish() {
    let ends = [
        Display::Approved(Amount::cny(1)),
        Display::InDoubt,
        Display::PrinterFault,
        Display::MustSignOn,
        Display::MustSettle,
        Display::Settled(true),
        Display::Busy,
    ];
    for display in ends {
        assert!(display.is_final() && !display.offers_a_new_sale(), "{display:?}");
    }
    let offers = [
        Display::Declined(ResponseCode::INCORRECT_PIN),
        Display::Cancelled,
        Display::CommunicationError,
        Display::SwipeAgain,
    ];
    for display in offers {
        assert!(display.is_final() && display.offers_a_new_sale(), "{display:?}");
    }
    let open = [
        Display::Ready,
        Display::Connecting,
        Display::Processing,
        Display::SigningOn,
        Display::ReversalInProgress,
        Display::ReversalSucceeded,
        Display::ReversalFailed,
        Display::Settling,
    ];
    for display in open {
        assert!(!display.is_final() && !display.offers_a_new_sale(), "{display:?}");
    }
}

#[test]
fn an_element_holds_the_last_value_it_was_given() {
    let mut message = Message::new(Mti::FINANCIAL_REQUEST);
    for (element, value) in [(41, "TERM0001"), (4, "000000000100"), (128, "12345678"), (64, "MAC")]
    {
        message.set(Element(element), value);
    }
    message.set(Element(4), "7");
    message.set(Element(41), "a longer name than before");
    message.remove(Element(64));
    message.remove(Element(99));
    let seen: Vec<_> = message.elements().map(|(e, value)| (e.0, value.to_vec())).collect();
    let expected = [(4, "7"), (41, "a longer name than before"), (128, "12345678")];
    assert_eq!(seen, expected.map(|(e, value)| (e, value.as_bytes().to_vec())));
    assert!(message.has(Element(128)) && !message.has(Element(64)));
    // Elements 0, 1 and those beyond 128 do not exist.
    for element in [0, 1, 129, 255] {
        message.set(Element(element), "x");
        assert_eq!((message.has(Element(element)), message.get(Element(element))), (false, None));
    }
    assert_eq!(message.number(Element(4)), Some(7));
    let number = |text: &str| {
        Message::new(Mti::FINANCIAL_REQUEST).with(Element::PAN, text).number(Element::PAN)
    };
    assert_eq!(number("9999999999999999999"), Some(9_999_999_999_999_999_999));
    assert_eq!((number(""), number("12 "), number("10000000000000000000")), (None, None, None));
    let mut padded = Message::new(Mti::FINANCIAL_REQUEST);
    for (width, text) in [(6, "001203"), (4, "1203"), (2, "1203"), (22, "0000000000000000001203")] {
        padded.set_number(Element::STAN, 1_203, width);
        assert_eq!(padded.text(Element::STAN), Some(text));
    }
    padded.set_number(Element::STAN, 0, 3);
    assert_eq!(padded.text(Element::STAN), Some("000"));
    let mut copy = Message::new(Mti::REVERSAL_REQUEST).with(Element(41), "T2");
    copy.copy_from(&message, &[Element(4), Element(41), Element(42)]);
    assert_eq!((copy.text(Element(4)), copy.has(Element(42)), copy.has(Element(128))), {
        (Some("7"), false, false)
    });
    assert_ne!(copy, copy.clone().with(Element(4), "8"));
    assert_ne!(copy, Message::new(Mti::REVERSAL_REQUEST));
    assert_eq!(copy, copy.clone().with(Element(4), "8").with(Element(4), "7"));
}

/// Protocol 1.4: message type, elements 3, 25 and 60.1; and which way money and holds go.
#[test]
fn what_a_message_asks_for_is_its_type_its_processing_code_and_its_condition() {
    let rows = [
        (Kind::Sale, "0200 000000 00 22", 1, 0),
        (Kind::Inquiry, "0200 310000 00 01", 0, 0),
        (Kind::Void, "0200 200000 00 23", -1, 0),
        (Kind::PreAuth, "0100 030000 06 10", 0, 1),
        (Kind::PreAuthVoid, "0100 200000 06 11", 0, -1),
        (Kind::Completion, "0200 000000 06 20", 1, -1),
        (Kind::CompletionVoid, "0200 200000 06 21", -1, 1),
        (Kind::Refund, "0220 200000 00 25", -1, 0),
        (Kind::CompletionAdvice, "0220 000000 06 24", 1, -1),
        (Kind::OfflineSale, "0220 000000 00 30", 1, 0),
        (Kind::Tip, "0220 000000 00 34", 1, 0),
        (Kind::OrderQuery, "0200 390000 00 61", 0, 0),
    ];
    for (kind, text, money, hold) in rows {
        let [first, second] = kind.transaction_type().map(char::from);
        let is = format!(
            "{} {} {} {first}{second}",
            kind.request(),
            kind.processing(),
            kind.condition()
        );
        assert_eq!(is, text);
        assert_eq!((kind.money(), kind.hold()), (money, hold), "{text}");
        let said = kind.processing().as_bytes();
        let known = Kind::of(kind.request(), said, Some(kind.condition().as_bytes()));
        let named = known.and_then(|known| known.with_type(kind.transaction_type()));
        assert_eq!(named, Some(kind), "{text}");
    }
    assert_eq!(Kind::Sale.with_type(*b"99"), Some(Kind::Sale), "of a request it says nothing");
    assert_eq!(Kind::Refund.with_type(*b"99"), None, "an advice is booked as it is told");
}

/// Element 55 of a request, as EMV writes it: what a cryptogram is made of, and where it was asked.
#[test]
fn a_cryptogram_is_read_only_with_the_country_and_the_amount_it_was_asked_under() {
    let told = "9F2608 0102030405060708 9F2701 80 9F1008 0706050403020100 9F3704 11223344 \
                9F3602 0007 9505 8080048000 9A03 261231 9C01 03 9F0206 000000001234 5F2A02 0156 \
                8202 5C00 9F1A02 0156 9F0306 000000000000 9F3303 E0F1C8";
    let bytes = |text: &str| -> Vec<u8> {
        let digits: String = text.split_whitespace().collect();
        let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal");
        (0..digits.len()).step_by(2).map(byte).collect()
    };
    let read = Icc55::parse(&bytes(told)).expect("all that is needed");
    let Challenge { amount, currency, date, transaction_type, .. } = read.challenge;
    assert_eq!((amount, currency, date, transaction_type), (1_234, 156, 261_231, 3));
    assert_eq!((read.counter, read.cryptogram), (7, [1, 2, 3, 4, 5, 6, 7, 8]));
    for (right, wrong) in [
        ("9F1A02 0156", "9F1A02 0840"),
        ("9F0306 000000000000", "9F0306 000000000001"),
        ("9F0206 000000001234", "9F0206 00000000123A"),
        ("9C01 03", "9C02 0003"),
        ("9F3602 0007", "9F3601 07"),
    ] {
        assert_eq!(Icc55::parse(&bytes(&told.replace(right, wrong))), None, "{wrong}");
    }
    for tag in ["9F2608 0102030405060708", "9F3704 11223344", "9A03 261231", "9F1A02 0156"] {
        assert_eq!(Icc55::parse(&bytes(&told.replace(tag, ""))), None, "without {tag}");
    }
}
