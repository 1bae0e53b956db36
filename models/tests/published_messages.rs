//! Messages that others published decode to exactly their elements and encode back byte for byte.

use reversim_models::iso8583::{Description, Dialect, Element, Framing, NETWORK, POS, describe};
use serde_json::Value;

struct Published {
    id: String,
    dialect: &'static Dialect,
    framed: bool,
    bytes: Vec<u8>,
    expected: Value,
}

fn published() -> Vec<Published> {
    let file: Value = serde_json::from_str(include_str!("../../tests/data/messages.json"))
        .expect("the data file is JSON");
    let messages = file["messages"].as_array().expect("a list of messages");
    messages.iter().map(read).collect()
}

fn read(message: &Value) -> Published {
    let hex = message["hex"].as_str().expect("hex");
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex digits");
    Published {
        id: message["id"].to_string(),
        dialect: match message["dialect"].as_str() {
            Some("unionpay-like network line") => &NETWORK,
            _ => &POS,
        },
        framed: message["framing"]["type"] != "none",
        bytes: (0..hex.len()).step_by(2).map(byte).collect(),
        expected: message["expected"].clone(),
    }
}

/// The data file renders GBK bytes as Latin-1 in element 43; a person sees Chinese.
fn expected_text(description: &Description, element: Element) -> String {
    match (element, description.element(element)) {
        (Element::MERCHANT_NAME, Some(found)) => found.value.iter().map(|&b| b as char).collect(),
        _ => description.element_text(element),
    }
}

#[test]
fn published_messages_have_exactly_their_elements() {
    for Published { id, dialect, bytes, expected, .. } in published() {
        let description = describe(&bytes, None).unmask();
        assert!(description.is_message(), "{id}: {description}");
        assert_eq!(description.dialect, dialect.name, "{id}");
        let mti = description.mti.map(|mti| mti.to_string());
        assert_eq!(mti.as_deref(), expected["mti"].as_str(), "{id}");
        assert_eq!(Value::from(description.present()), expected["fields_present"], "{id}");
        let fields = expected["fields"].as_object().expect("an object");
        assert_eq!(description.elements.len(), fields.len(), "{id}");
        for (number, text) in fields {
            let element = Element(number.parse().expect("an element number"));
            let seen = expected_text(&description, element);
            assert_eq!(Some(seen.as_str()), text.as_str(), "{id} element {number}");
        }
    }
}

#[test]
fn published_messages_encode_back_byte_for_byte() {
    for Published { id, dialect, framed, bytes, .. } in published() {
        let (envelope, span) = match framed {
            true => dialect.framing.unwrap(&bytes).expect("a whole frame"),
            false => (Default::default(), 0..bytes.len()),
        };
        let message = dialect.decode(&bytes[span.clone()]).expect("a valid body");
        let mut body = Vec::new();
        dialect.encode(&message, &mut body).expect("what decodes encodes");
        assert_eq!(body, bytes[span], "{id}");
        if framed {
            assert_eq!(dialect.framing.wrap(envelope, &body), bytes, "{id}");
        }
    }
}

#[test]
fn published_frames_have_their_length_address_and_header() {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    for Published { id, bytes, expected, .. } in published() {
        let Some(expected) = expected.get("frame") else { continue };
        let frame = describe(&bytes, None).frame.expect("framed");
        assert_eq!(Value::from(frame.length), expected["length"], "{id}");
        if frame.framing == Framing::PosLine {
            let envelope = frame.envelope.expect("the POS line has one");
            assert_eq!(Value::from(hex(&envelope.tpdu)), expected["tpdu"], "{id}");
            assert_eq!(Value::from(hex(&envelope.header)), expected["header"], "{id}");
        }
    }
}

#[test]
fn published_element_60_has_its_parts() {
    let mut checked = 0;
    for Published { id, bytes, expected, .. } in published() {
        let Some(expected) = expected["subfields"]["60"].as_object() else { continue };
        let parts = describe(&bytes, None).parts(Element::PRIVATE_60);
        for (name, text) in expected {
            let number = name.split('_').next().unwrap_or_default();
            let part = parts.iter().find(|part| part.number == number);
            let seen = part.map(|part| part.text.as_str()).unwrap_or_default();
            assert_eq!(Some(seen), text.as_str(), "{id} {name}");
            checked += 1;
        }
    }
    assert_eq!(checked, 18, "six messages with three parts each");
}

#[test]
fn a_published_merchant_name_reads_in_chinese_and_its_card_is_masked() {
    let published = published().into_iter().find(|it| it.id.contains("test10")).expect("present");
    let description = describe(&published.bytes, None);
    let name = description.element_text(Element::MERCHANT_NAME);
    assert!(name.starts_with("中国银联CHINA UNIONPAY"), "{name}");
    let table = description.to_string();
    assert!(table.contains("622424******0021") && !table.contains("6224242000000021"), "{table}");
}

#[test]
fn a_published_message_cut_or_corrupted_anywhere_is_still_recognised() {
    for Published { id, bytes, .. } in published() {
        let whole = describe(&bytes, None);
        let recognised = |damaged: &[u8], at: usize| {
            let seen = describe(damaged, None);
            let same = seen.dialect == whole.dialect && seen.body.start == whole.body.start;
            assert!(same, "{id} at {at}: {seen}");
            seen.error
        };
        for at in whole.body.start + 4..bytes.len() {
            let error = recognised(&bytes[..at], at).map(|error| error.kind.name());
            assert_eq!(error, Some("truncated"), "{id} at {at}");
        }
        for at in whole.body.start..bytes.len() {
            let mut corrupted = bytes.clone();
            corrupted[at] ^= 0xA5;
            recognised(&corrupted, at);
        }
    }
}
