//! Properties of the codec over random messages and hostile bytes. Known answers live elsewhere.

use proptest::collection::vec;
use proptest::prelude::*;
use reversim_models::iso8583::{
    Class, Dialect, Element, ElementSpec, Envelope, Framer, Length, Message, Mti, NETWORK, POS,
    describe,
};

fn dialects() -> impl Strategy<Value = &'static Dialect> {
    prop_oneof![Just(&POS), Just(&NETWORK)]
}

/// A canonical value of full class and any length the element takes.
fn values(spec: &ElementSpec) -> BoxedStrategy<Vec<u8>> {
    let byte = match spec.class {
        Class::Numeric => (b'0'..=b'9').boxed(),
        Class::Track => proptest::sample::select(b"0123456789D".to_vec()).boxed(),
        Class::Alphanumeric => proptest::sample::select(b"ABCXYZabcxyz0189 ".to_vec()).boxed(),
        Class::Text => (b' '..=b'~').prop_union(0x80..=0xFE).boxed(),
        Class::Private | Class::Binary => any::<u8>().boxed(),
    };
    match spec.length {
        Length::Fixed(width) => vec(byte, usize::from(width)).boxed(),
        Length::Ll(max) | Length::Lll(max) => vec(byte, 0..=usize::from(max)).boxed(),
    }
}

fn mtis() -> impl Strategy<Value = Mti> {
    (0..10_000u16).prop_map(|number| Mti::parse(&format!("{number:04}")).expect("digits"))
}

/// Messages with up to 20 elements, so that even the longest fit in a frame most of the time.
fn messages(dialect: &'static Dialect) -> impl Strategy<Value = Message> {
    let specs: Vec<ElementSpec> = dialect.specs().copied().collect();
    let chosen = proptest::sample::subsequence(specs, 0..=20);
    let elements = chosen.prop_flat_map(|specs| {
        specs.into_iter().map(|spec| (Just(spec.element), values(&spec))).collect::<Vec<_>>()
    });
    (mtis(), elements).prop_map(|(mti, elements)| {
        elements
            .into_iter()
            .fold(Message::new(mti), |message, (element, value)| message.with(element, value))
    })
}

fn dialects_with_messages() -> impl Strategy<Value = (&'static Dialect, Message)> {
    dialects().prop_flat_map(|dialect| (Just(dialect), messages(dialect)))
}

/// Bytes that get past the head more often than noise does: a valid body with some bytes changed.
fn damaged_bodies() -> impl Strategy<Value = (&'static Dialect, Vec<u8>)> {
    let changes = vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    (dialects_with_messages(), changes).prop_filter_map(
        "too long",
        |((dialect, message), changes)| {
            let mut body = Vec::new();
            dialect.encode(&message, &mut body).ok()?;
            for (at, byte) in changes {
                let at = at.index(body.len());
                body[at] = byte;
            }
            Some((dialect, body))
        },
    )
}

fn any_bytes() -> impl Strategy<Value = (&'static Dialect, Vec<u8>)> {
    prop_oneof![damaged_bodies(), (dialects(), vec(any::<u8>(), 0..200))]
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_the_same((dialect, message) in dialects_with_messages()) {
        let mut body = vec![0xEE];
        match dialect.encode(&message, &mut body) {
            Ok(()) => prop_assert_eq!(dialect.decode(&body[1..]), Ok(message)),
            Err(error) => {
                prop_assert_eq!((error.element, error.kind.name()), (0, "length-too-long"));
                prop_assert_eq!(body, vec![0xEE]);
            }
        }
    }

    #[test]
    fn what_decodes_encodes_to_something_that_decodes_the_same((dialect, bytes) in any_bytes()) {
        if let Ok(message) = dialect.decode(&bytes) {
            let mut body = Vec::new();
            prop_assert_eq!(dialect.encode(&message, &mut body), Ok(()));
            prop_assert_eq!(dialect.decode(&body), Ok(message));
            // A second bitmap that announces nothing is read but not written.
            prop_assert!(body.len() == bytes.len() || body.len() + 8 == bytes.len());
        }
    }

    #[test]
    fn any_bytes_can_be_viewed_and_described((dialect, bytes) in any_bytes()) {
        let strict = dialect.decode(&bytes);
        let view = dialect.view(&bytes);
        prop_assert_eq!(view.error.as_ref(), strict.as_ref().err());
        let mut end = (view.mti.len() + view.bitmap.len(), 0);
        for seen in &view.elements {
            prop_assert!(seen.span.start == end.0 && seen.element.0 > end.1, "{:?}", seen);
            end = (seen.span.end, seen.element.0);
        }
        prop_assert!(view.rest.start >= end.0.min(bytes.len()));
        prop_assert_eq!(view.rest.end, bytes.len());
        if let Ok(message) = &strict {
            let spans = dialect.spans(&bytes).expect("it decodes");
            prop_assert_eq!(spans.len(), message.elements().count());
            for (seen, (element, value)) in view.elements.iter().zip(message.elements()) {
                prop_assert_eq!((seen.element, &seen.value[..]), (element, value));
            }
            let mac = view.elements.last().filter(|last| matches!(last.element.0, 64 | 128));
            prop_assert_eq!(dialect.mac_span(&bytes), mac.map(|mac| mac.span.clone()));
        } else {
            let error = strict.expect_err("checked");
            prop_assert!(error.offset <= bytes.len());
        }
        let _cannot_panic = dialect.mac_span(&bytes);
        for dialect in [None, Some(dialect)] {
            let description = describe(&bytes, dialect);
            let table = format!("{description}{}", description.clone().unmask());
            prop_assert!(table.starts_with("dialect"));
        }
    }

    #[test]
    fn a_framed_message_is_recognised_and_found_again(
        (dialect, message) in dialects_with_messages(), tpdu: [u8; 5], header: [u8; 6],
    ) {
        let envelope = Envelope { tpdu, header };
        prop_assert_eq!(envelope.swapped().swapped(), envelope);
        let mut body = Vec::new();
        if dialect.encode(&message, &mut body).is_ok() {
            let frame = dialect.framing.wrap(envelope, &body);
            let (seen, span) = dialect.framing.unwrap(&frame).expect("whole");
            prop_assert_eq!(&frame[span], &body[..]);
            if dialect.name == POS.name { prop_assert_eq!(seen, envelope); }
            prop_assert!(describe(&frame, Some(dialect)).is_message());
        }
    }

    #[test]
    fn frames_are_found_however_the_stream_is_cut(
        dialect in dialects(),
        bodies in vec(vec(any::<u8>(), 1..60), 0..6),
        cuts in vec(1..40usize, 1..20),
    ) {
        let framing = dialect.framing;
        let frames: Vec<Vec<u8>> =
            bodies.iter().map(|body| framing.wrap(Envelope::default(), body)).collect();
        let stream = frames.concat();
        let (mut framer, mut found, mut rest) = (Framer::new(framing), Vec::new(), &stream[..]);
        for cut in cuts.iter().cycle() {
            let (now, later) = rest.split_at((*cut).min(rest.len()));
            framer.push(now);
            while let Some(frame) = framer.next() { found.push(frame.expect("good prefixes")); }
            rest = later;
            if rest.is_empty() { break; }
        }
        prop_assert_eq!(found, frames);
        prop_assert!(!framer.is_partial());
    }

    #[test]
    fn a_framer_survives_any_stream(
        dialect in dialects(), chunks in vec(vec(any::<u8>(), 0..30), 0..20),
    ) {
        let mut framer = Framer::new(dialect.framing);
        for chunk in &chunks {
            framer.push(chunk);
            while let Some(frame) = framer.next() {
                match frame {
                    Ok(frame) => { let _cannot_panic = dialect.framing.unwrap(&frame); }
                    Err(_) => prop_assert!(!framer.is_partial()),
                }
            }
        }
    }
}

#[test]
fn a_body_cut_anywhere_names_the_element_it_was_in() {
    for dialect in [&POS, &NETWORK] {
        let message = Message::new(Mti::FINANCIAL_REQUEST)
            .with(Element::PAN, "6224242000000021")
            .with(Element::PROCESSING_CODE, "000000")
            .with(Element::AMOUNT, "000000010000")
            .with(Element::TRACK_2, "6224242000000021D2902")
            .with(Element::TERMINAL, "T1")
            .with(Element::ICC, [0x9F, 0x36, 0x02, 0, 1])
            .with(Element::PRIVATE_60, "22000001");
        let mut body = Vec::new();
        dialect.encode(&message, &mut body).expect("valid");
        let spans = dialect.spans(&body).expect("valid");
        assert_eq!(spans.last().map(|(_, span)| span.end), Some(body.len()));
        for cut in 0..body.len() {
            let error = dialect.decode(&body[..cut]).expect_err("cut");
            assert_eq!(error.kind.name(), "truncated", "{cut}: {error}");
            let inside = spans.iter().find(|(_, span)| cut < span.end);
            let (element, span) = inside.cloned().expect("every cut is in or before an element");
            if cut >= spans[0].1.start {
                assert_eq!((error.element, error.offset), (Some(element.0), span.start), "{cut}");
            } else {
                assert!(matches!(error.element, Some(0 | 1)), "{cut}: {error}");
            }
        }
    }
}

#[test]
fn a_value_the_dialect_cannot_write_is_named() {
    let refused = |dialect: &Dialect, element: Element, value: &str| {
        let message = Message::new(Mti::FINANCIAL_REQUEST).with(element, value);
        let error = dialect.encode(&message, &mut Vec::new()).expect_err("refused");
        (error.element, error.kind.name())
    };
    assert_eq!(refused(&POS, Element::AMOUNT, "100"), (4, "too-short"));
    assert_eq!(refused(&POS, Element::STAN, "00001X"), (11, "bad-character"));
    assert_eq!(refused(&POS, Element::TERMINAL, "123456789"), (41, "length-too-long"));
    assert_eq!(refused(&POS, Element::ORIGINAL_DATA, "0"), (90, "unknown-element"));
    assert_eq!(refused(&NETWORK, Element(127), "0"), (127, "unknown-element"));
    let message = Message::new(Mti::FINANCIAL_REQUEST).with(Element::PIN_BLOCK, [0; 7]);
    let error = POS.encode(&message, &mut Vec::new()).expect_err("refused");
    assert_eq!(error.to_string(), "element 52: length 7, must be 8");
}

#[test]
fn short_text_is_padded_and_stays_padded() {
    let message = Message::new(Mti::FINANCIAL_REQUEST).with(Element::TERMINAL, "T1");
    let mut body = Vec::new();
    POS.encode(&message, &mut body).expect("valid");
    let decoded = POS.decode(&body).expect("valid");
    assert_eq!(decoded.text(Element::TERMINAL), Some("T1      "));
}

#[test]
fn dialects_are_found_by_name() {
    assert!(Dialect::by_name("unionpay-like-pos").is_some());
    assert!(Dialect::by_name("unionpay-like-network").is_some());
    assert!(Dialect::by_name("visa").is_none());
}
