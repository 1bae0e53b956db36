//! What is refused on the wire, at which byte and in which words: operators look there first. And
//! what a hand would write, digit by digit, for values at the edge of their element.

use reversim_models::iso8583::{
    Dialect, Element, Envelope, FrameError, Framer, Framing, Message, Mti, NETWORK, POS,
};

/// Bytes of spaced hexadecimal, with text in quotes.
fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match word.strip_prefix('\'') {
            Some(ascii) => bytes.extend_from_slice(ascii.as_bytes()),
            None => {
                let digits = (0..word.len()).step_by(2).map(|at| &word[at..at + 2]);
                bytes.extend(digits.map(|d| u8::from_str_radix(d, 16).expect("hex")));
            }
        }
    }
    bytes
}

fn encoded(dialect: &Dialect, elements: &[(u8, &str)]) -> Vec<u8> {
    let empty = Message::new(Mti::FINANCIAL_REQUEST);
    let add =
        |message: Message, (element, value): &(u8, &str)| message.with(Element(*element), value);
    let message = elements.iter().fold(empty, add);
    let mut body = Vec::new();
    dialect.encode(&message, &mut body).expect("it can be written");
    assert_eq!(dialect.decode(&body).expect("it can be read"), message);
    body
}

#[test]
fn the_terminal_line_packs_digits_as_by_hand() {
    let zeros = "0".repeat(99);
    for (element, value, by_hand) in [
        (2, "6224242000000021", "0200 4000000000000000 16 6224242000000021"),
        (2, "62242420000000213", "0200 4000000000000000 17 622424200000002130"),
        (2, "", "0200 4000000000000000 00"),
        (22, "021", "0200 0000040000000000 0210"),
        (23, "123", "0200 0000020000000000 0123"),
        (35, "62D2902", "0200 0000000020000000 07 62D29020"),
        (36, "1D15", "0200 0000000010000000 0004 1D15"),
        (39, "A0", "0200 0000000002000000 'A0"),
        (48, &zeros, &format!("0200 0000000000010000 0099 {zeros}0")),
        (48, &zeros.repeat(3), &format!("0200 0000000000010000 0297 {}0", zeros.repeat(3))),
        (60, "22000705", "0200 0000000000000010 0008 22000705"),
        (64, "8BYTES!!", "0200 0000000000000001 '8BYTES!!"),
    ] {
        let body = encoded(&POS, &[(element, value)]);
        assert_eq!(body, bytes(by_hand), "element {element} {value}");
    }
}

#[test]
fn the_network_line_writes_digits_as_text_and_a_second_bitmap_where_it_is_needed() {
    let long = "x".repeat(512);
    for (element, value, by_hand) in [
        (2, "6224242", "'0200 4000000000000000 '076224242"),
        (48, "", "'0200 0000000000010000 '000"),
        (48, &long, &format!("'0200 0000000000010000 '512{long}")),
        (65 + 5, "301", "'0200 80000000000000000400000000000000 '301"),
        (128, "8BYTES!!", "'0200 80000000000000000000000000000001 '8BYTES!!"),
    ] {
        let body = encoded(&NETWORK, &[(element, value)]);
        assert_eq!(body, bytes(by_hand), "element {element}");
    }
    // A second bitmap that announces nothing is legal, and so is the separator of the card.
    let body = bytes("'0200 80000000200000000000000000000000 '0562=29");
    let track = NETWORK.decode(&body).expect("it reads");
    assert_eq!(track.text(Element::TRACK_2), Some("62D29"));
}

/// What decoding says, as a person reads it, and its name.
fn refused(dialect: &Dialect, body: &str) -> String {
    let body = bytes(body);
    let error = dialect.decode(&body).expect_err("it is damaged");
    assert_eq!(dialect.view(&body).error.as_ref(), Some(&error));
    format!("{}, {error}", error.kind.name())
}

#[test]
fn what_is_wrong_on_the_terminal_line_is_named_with_its_byte() {
    for (body, said) in [
        ("", "truncated, message type at byte 0: 2 bytes needed, 0 left"),
        ("02", "truncated, message type at byte 0: 2 bytes needed, 1 left"),
        ("0A00", "bad-mti, message type at byte 0: the message type is not four digits"),
        ("0200 40000000000000", "truncated, bitmap at byte 2: 8 bytes needed, 7 left"),
        (
            "0200 8000000000000000 00",
            "bad-bitmap, bitmap at byte 2: bit 1 is set, but this line has one bitmap only",
        ),
        ("0200 4000000000000000", "truncated, element 2 at byte 10: 1 bytes needed, 0 left"),
        (
            "0200 4000000000000000 16 622424",
            "truncated, element 2 at byte 10: 9 bytes needed, 4 left",
        ),
        ("0200 4000000000000000 1A", "bad-length, element 2 at byte 10: the length is not digits"),
        ("0200 4000000000000000 A1", "bad-length, element 2 at byte 10: the length is not digits"),
        ("0200 4000000000000000 20", "length-too-long, element 2 at byte 10: length 20 exceeds 19"),
        ("0200 4000000000000000 04 62C4", "bad-digit, element 2 at byte 12: not a digit"),
        ("0200 4000000000000000 03 62C4", "bad-digit, element 2 at byte 12: not a digit"),
        ("0200 2000000000000000 00000F", "bad-digit, element 3 at byte 12: not a digit"),
        (
            "0200 0000040000000000 0021",
            "bad-filler, element 22 at byte 11: the spare half byte is not filler",
        ),
        (
            "0200 0000020000000000 1230",
            "bad-filler, element 23 at byte 10: the spare half byte is not filler",
        ),
        ("0200 0000020000000000 01A3", "bad-digit, element 23 at byte 11: not a digit"),
        ("0200 0000020000000000 0B23", "bad-digit, element 23 at byte 10: not a digit"),
        (
            "0200 0000000002000000 'A-",
            "bad-character, element 39 at byte 11: character not allowed here",
        ),
        (
            "0200 0000000000800000 07 'seven",
            "truncated, element 41 at byte 10: 8 bytes needed, 6 left",
        ),
        (
            "0200 0000000000000010 0018",
            "length-too-long, element 60 at byte 10: length 18 exceeds 17",
        ),
        ("0200 0000000000000010 00", "truncated, element 60 at byte 10: 2 bytes needed, 1 left"),
        (
            "0200 0800000000000000 00",
            "unknown-element, element 5 at byte 10: this dialect has no such element",
        ),
        (
            "0200 0000000000000000 0102",
            "trailing-bytes, body at byte 10: 2 bytes left over after the last element",
        ),
    ] {
        assert_eq!(refused(&POS, body), said);
    }
}

#[test]
fn what_is_wrong_on_the_network_line_is_named_with_its_byte() {
    for (body, said) in [
        ("'020", "truncated, message type at byte 0: 4 bytes needed, 3 left"),
        ("'02x0", "bad-mti, message type at byte 0: the message type is not four digits"),
        ("'0200 80000000000000 00", "truncated, bitmap at byte 4: 16 bytes needed, 8 left"),
        (
            "'0200 8000000000000000 00000000000001",
            "truncated, bitmap at byte 4: 16 bytes needed, 15 left",
        ),
        (
            "'0200 8000000000000000 4000000000000000",
            "unknown-element, element 66 at byte 20: this dialect has no such element",
        ),
        ("'0200 4000000000000000 '0", "truncated, element 2 at byte 12: 2 bytes needed, 1 left"),
        (
            "'0200 4000000000000000 '0x",
            "bad-length, element 2 at byte 12: the length is not digits",
        ),
        ("'0200 4000000000000000 '0462", "truncated, element 2 at byte 12: 6 bytes needed, 4 left"),
        (
            "'0200 4000000000000000 '20",
            "length-too-long, element 2 at byte 12: length 20 exceeds 19",
        ),
        ("'0200 4000000000000000 '0462a4", "bad-digit, element 2 at byte 16: not a digit"),
        (
            "'0200 0000000020000000 '0462=g",
            "bad-character, element 35 at byte 17: character not allowed here",
        ),
        (
            "'0200 0000000000010000 '5130",
            "length-too-long, element 48 at byte 12: length 513 exceeds 512",
        ),
        (
            "'0200 0000000000800000 'TERM 07 '001",
            "bad-character, element 41 at byte 16: character not allowed here",
        ),
    ] {
        assert_eq!(refused(&NETWORK, body), said);
    }
}

#[test]
fn a_damaged_body_is_seen_as_far_as_lengths_can_be_followed() {
    let seen = |dialect: &Dialect, body: &str| {
        let body = bytes(body);
        let view = dialect.view(&body);
        let elements = view.elements.iter().map(|seen| {
            let note = seen.note.map_or("", |note| note.name());
            let value = String::from_utf8_lossy(&seen.value);
            format!("{} {}..{} {value} {note}", seen.element.0, seen.span.start, seen.span.end)
        });
        let ends = (view.mti.len(), view.bitmap.len(), view.rest);
        (elements.collect::<Vec<_>>().join("; "), ends)
    };
    assert_eq!(
        seen(&POS, "0200 7000040000000000 03 62C0 00000F 000000000100 02F3 99"),
        (
            "2 10..13 62C bad-digit; 3 13..16 00000F bad-digit; 4 16..22 000000000100 ; \
          22 22..24 02F bad-digit"
                .to_owned(),
            (2, 8, 24..25)
        )
    );
    assert_eq!(
        seen(&POS, "0200 C000020002000000 16 6224242000000021 0A23 'ok"),
        (
            "2 10..19 6224242000000021 ; 23 19..21 A23 bad-digit; 39 21..23 ok ".to_owned(),
            (2, 8, 23..23)
        )
    );
    assert_eq!(
        seen(&NETWORK, "'0200 8000000022000000 0400000000000000 '0462=g '5- '30x '!"),
        (
            "35 20..26 62Dg bad-character; 39 26..28 5- bad-character; 70 28..31 30x bad-digit"
                .to_owned(),
            (4, 16, 31..32)
        )
    );
    assert_eq!(
        seen(&NETWORK, "'0200 4000000000000000 '20 'aaaaaaaaaaaaaaaaaaaa"),
        ("2 12..34 aaaaaaaaaaaaaaaaaaaa length-too-long".to_owned(), (4, 8, 34..34))
    );
    assert_eq!(seen(&NETWORK, "'0200 80000000"), (String::new(), (4, 4, 8..8)));
    assert_eq!(seen(&POS, "02"), (String::new(), (1, 0, 1..1)));
}

#[test]
fn a_frame_is_its_length_its_address_and_its_body() {
    let envelope = Envelope { tpdu: [0x60, 1, 2, 3, 4], header: [0x60, 0x31, 5, 6, 7, 8] };
    assert_eq!(envelope.swapped().tpdu, [0x60, 3, 4, 1, 2]);
    assert_eq!(envelope.swapped().header, envelope.header);
    let frame = Framing::PosLine.wrap(envelope, &[9, 9]);
    assert_eq!(frame, bytes("000D 6001020304 603105060708 0909"));
    assert_eq!(Framing::PosLine.unwrap(&frame), Ok((envelope, 13..15)));
    let usual = Framing::PosLine.wrap(Envelope::default(), &[0; 300]);
    assert_eq!(usual[..13], bytes("0137 6000000000 602200000000"));
    let long = Framing::NetworkLine.wrap(envelope, &[b'x'; 1_234]);
    assert_eq!(&long[..6], b"1234xx");
    assert_eq!(Framing::NetworkLine.unwrap(&long), Ok((Envelope::default(), 4..1_238)));
    let headed = [&[0x2E][..], &[7; 45], b"0800"].concat();
    let framed = Framing::NetworkLine.wrap(envelope, &headed);
    assert_eq!(Framing::NetworkLine.unwrap(&framed), Ok((Envelope::default(), 50..54)));
    let only_header = Framing::NetworkLine.wrap(envelope, &headed[..46]);
    assert_eq!(Framing::NetworkLine.unwrap(&only_header), Ok((Envelope::default(), 50..50)));
    let limits = [Framing::PosLine, Framing::NetworkLine]
        .map(|framing| (framing.prefix_bytes(), framing.length_max(), framing.body_max()));
    assert_eq!(limits, [(2, 4_096, 4_085), (4, 9_999, 9_999)]);
    // What is too long for any frame is cut in its prefix, so that the receiver notices.
    assert_eq!(Framing::NetworkLine.wrap(envelope, &[b'x'; 10_000])[..4], *b"9999");
    assert_eq!(Framing::PosLine.wrap(envelope, &[0; 4_086])[..2], [0x10, 0]);
}

#[test]
fn a_broken_frame_is_named() {
    let said = |framing: Framing, frame: &str| {
        let error = framing.unwrap(&bytes(frame)).expect_err("it is broken");
        format!("{}, {error}", error.name())
    };
    let (pos, network) = (Framing::PosLine, Framing::NetworkLine);
    for (framing, frame, expected) in [
        (pos, "00", "truncated, the frame ends inside its header"),
        (pos, "0000", "zero-length, the frame length is zero"),
        (pos, "1001 00", "length-too-long, frame length 4097 exceeds 4096"),
        (pos, "0003 0102", "length-mismatch, the frame length says 3 bytes, 2 follow"),
        (pos, "0001 0102", "length-mismatch, the frame length says 1 bytes, 2 follow"),
        (pos, "000A 6001020304 6031050607", "truncated, the frame ends inside its header"),
        (pos, "0004 60010203", "truncated, the frame ends inside its header"),
        (network, "'12", "truncated, the frame ends inside its header"),
        (network, "'0000", "zero-length, the frame length is zero"),
        (network, "'0x01", "bad-length, the frame length is not four digits"),
        (network, "'0002x", "length-mismatch, the frame length says 2 bytes, 1 follow"),
        (network, "'0002 2E00", "truncated, the frame ends inside its header"),
    ] {
        assert_eq!(said(framing, frame), expected, "{frame}");
    }
    let bare = pos.wrap(Envelope::default(), &[]);
    assert_eq!(pos.unwrap(&bare), Ok((Envelope::default(), 13..13)));
}

#[test]
fn a_stream_gives_its_frames_and_ends_with_the_first_broken_prefix() {
    for framing in [Framing::PosLine, Framing::NetworkLine] {
        let [one, two] = [&b"first"[..], b"2"].map(|it| framing.wrap(Envelope::default(), it));
        let mut framer = Framer::new(framing);
        assert_eq!((framer.next(), framer.is_partial()), (None, false));
        // Byte by byte: nothing comes before its last byte, and everything with it.
        for (at, byte) in one.iter().enumerate() {
            assert_eq!(framer.next(), None, "after {at} bytes");
            assert_eq!(framer.is_partial(), at > 0);
            framer.push(&[*byte]);
        }
        assert_eq!((framer.next(), framer.is_partial()), (Some(Ok(one.clone())), false));
        // Two and a half at once.
        framer.push(&[&two[..], &one, &two[..3]].concat());
        assert_eq!(framer.next(), Some(Ok(two.clone())));
        assert!(framer.is_partial());
        framer.push(&two[3..]);
        assert_eq!([framer.next(), framer.next()], [Some(Ok(one)), Some(Ok(two.clone()))]);
        assert_eq!((framer.next(), framer.is_partial()), (None, false));
        framer.push(&two[..1]);
        assert_eq!((framer.take(), framer.is_partial()), (two[..1].to_vec(), false));
        framer.push(&two[..1]);
        framer.clear();
        assert!(!framer.is_partial());
        framer.push(&two);
        framer.push(if framing == Framing::PosLine { &[0xFF, 0xFF, 0, 0] } else { b"x000" });
        assert_eq!(framer.next(), Some(Ok(two)));
        let error = framer.next().expect("told at once").expect_err("no length");
        assert!(matches!(error, FrameError::BadLength | FrameError::LengthTooLong { .. }));
        assert_eq!((framer.next(), framer.is_partial()), (None, false), "the stream is lost");
    }
    let mut framer = Framer::new(Framing::NetworkLine);
    framer.push(b"1x");
    assert_eq!(framer.next(), Some(Err(FrameError::BadLength)), "no need to wait for more");
    let mut longest = Framer::new(Framing::PosLine);
    longest.push(&[0x10, 0x00]);
    assert_eq!((longest.next(), longest.is_partial()), (None, true), "4096 is allowed");
}

#[test]
fn the_code_of_a_message_is_its_last_element_64_or_128() {
    let place =
        |dialect: &Dialect, elements: &[(u8, &str)]| dialect.mac_span(&encoded(dialect, elements));
    let (mac, stan) = ("01234567", (11, "000001"));
    assert_eq!(place(&POS, &[stan, (64, mac)]), Some(13..21));
    assert_eq!(place(&POS, &[(64, mac)]), Some(10..18));
    assert_eq!(place(&POS, &[stan]), None);
    assert_eq!(place(&NETWORK, &[stan, (128, mac)]), Some(26..34));
    assert_eq!(place(&NETWORK, &[stan, (70, "301")]), None);
    assert_eq!(place(&NETWORK, &[stan]), None);
    assert_eq!(POS.mac_span(&bytes("0200 0000000000000001 '1234567")), None);
    assert_eq!(NETWORK.mac_span(&bytes("'0200 8000000000000000 00000000000000")), None);
    // Without bit 1 there is no second bitmap, whatever the bytes are that follow.
    assert_eq!(NETWORK.mac_span(&bytes("'0200 0020000000000000 '000000010000000000")), None);
}
