//! What a proxy writes anew with a key in hand.

use super::*;
use reversim_models::defect::Defects;
use reversim_models::iso8583::{Dialect, NETWORK};
use reversim_models::line::{Line as LineEnd, MacCheck, Zone};
use reversim_models::security::{Key, MacAlgorithm, WorkKeys};

fn key(byte: u8) -> Key {
    Key::new(&[byte; 16]).expect("sixteen bytes")
}

fn zone() -> Zone {
    Zone { pin: key(1), mac: key(2), algorithm: MacAlgorithm::AesCmac }
}

fn network_end() -> LineEnd {
    LineEnd::network(&zone(), reversim_models::time::Duration::secs(5), Defects::NONE)
}

/// A request that a chip signed, sealed.
fn request() -> Message {
    Message::new(Mti::FINANCIAL_REQUEST)
        .with(Element::PAN, "6222600000000018")
        .with(Element::PROCESSING_CODE, "000000")
        .with(Element::AMOUNT, "000000050000")
        .with(Element::TRANSMISSION_TIME, "0530100000")
        .with(Element::STAN, "000007")
        .with(Element::RRN, "000000000001")
        .with(Element::TERMINAL, "10000001")
        .with(Element::ICC, [0x9f, 0x26, 8, 1, 2, 3, 4, 5, 6, 7, 8])
}

/// What arrives of these bytes within a minute, at the right end.
fn arriving(script: &str, keys: Keys, dialect: &'static Dialect, bytes: &[u8]) -> Vec<u8> {
    let between = match dialect.second_bitmap {
        true => (Party::switch(1), Party::issuer(1)),
        false => (LEFT, RIGHT),
    };
    let config = Config { between, dialect, keys: Some(keys), ..config(script) };
    play(config, 1 << 16, async |rig| {
        rig.left.write_all(bytes).await.expect("it is open");
        sleep(Duration::from_secs(60)).await;
        let mut buffer = vec![0; 1 << 16];
        let count = rig.right.read(&mut buffer).await.expect("it arrives");
        assert_eq!(rig.proxy.idle(), Vec::<usize>::new(), "{}", rig.said());
        buffer[..count].to_vec()
    })
}

fn network_keys() -> Keys {
    Keys { algorithm: MacAlgorithm::AesCmac, mac: Some(key(2)), master: None }
}

fn opened(bytes: &[u8]) -> Vec<(Message, MacCheck)> {
    let mut end = network_end();
    end.receive(reversim_models::time::Instant::START, bytes);
    std::iter::from_fn(|| end.next())
        .map(|read| read.expect("it is a message"))
        .map(|incoming| (incoming.message, incoming.mac))
        .collect()
}

const ON: &str = r#"on = { from = "switch-1", to = "issuer-1", mti = "0200" }"#;

#[test]
fn resubmit_sends_what_the_chip_signed_under_another_number_with_a_right_mac() {
    let sent = network_end().seal(&request(), Envelope::default()).expect("it can be said");
    let script = format!("[[fault]]\nresubmit = {{ {ON}, after-ms = 1000 }}");
    let arrived = opened(&arriving(&script, network_keys(), &NETWORK, &sent));
    let seen: Vec<_> =
        arrived.iter().map(|(message, mac)| (message.text(Element::STAN), *mac)).collect();
    assert_eq!(seen, [(Some("000007"), MacCheck::Valid), (Some("500007"), MacCheck::Valid)]);
    assert_eq!(arrived[0].0.get(Element::ICC), arrived[1].0.get(Element::ICC));
}

#[test]
fn an_edit_on_a_network_line_keeps_the_header_and_fixes_length_and_mac() {
    let sealed = network_end().seal(&request(), Envelope::default()).expect("it can be said");
    let mut header = [b' '; 46];
    header[0] = 46;
    header[2..6].copy_from_slice(format!("{:04}", sealed.len() - 4 + 46).as_bytes());
    let body = [&header[..], &sealed[4..]].concat();
    let sent = NETWORK.framing.wrap(Envelope::default(), &body);
    for (mac, check) in [("fix", MacCheck::Valid), ("break", MacCheck::Invalid)] {
        let script = format!("[[edit]]\n{ON}\nelement = 37\nmac = \"{mac}\"");
        let arrived = arriving(&script, network_keys(), &NETWORK, &sent);
        assert_eq!(arrived.len(), sent.len() - 12, "element 37 has 12 characters");
        assert_eq!(arrived[6..10], *format!("{:04}", arrived.len() - 4).as_bytes());
        assert_eq!(arrived[10..50], sent[10..50]);
        let (message, mac) = opened(&arrived).remove(0);
        assert_eq!((message.has(Element::RRN), mac), (false, check));
    }
}

#[test]
fn mac_keys_of_terminals_are_taken_from_their_sign_ons() {
    let (master, code) = (key(9), 3);
    let keys = WorkKeys::derive(&key(5), 1).fitted(code).expect("such keys");
    let sign_on = Message::new(Mti::NETWORK_RESPONSE)
        .with(Element::TERMINAL, "10000001")
        .with(Element::PRIVATE_62, keys.seal(&master, code).expect("they fit"));
    let sale = frame(Mti::FINANCIAL_REQUEST, 1);
    let sent = [framed(&sign_on), sale].concat();
    let script = "[[edit]]\non = { from = \"terminal-1\", to = \"switch-1\", mti = \"0200\" }\n\
                  element = 4\nvalue = \"000000000001\"\nmac = \"fix\"";
    let held = Keys { algorithm: MacAlgorithm::PosEcb, mac: None, master: Some(master) };
    let arrived = arriving(script, held, &POS, &sent);
    let no_frames = Defects::NONE;
    let timeout = reversim_models::time::Duration::secs(5);
    let mut end = LineEnd::pos(Some(keys.mac), timeout, no_frames);
    end.receive(reversim_models::time::Instant::START, &arrived);
    let read: Vec<_> = std::iter::from_fn(|| end.next()).map(|read| read.expect("read")).collect();
    assert_eq!(read.len(), 2);
    assert_eq!(read[1].message.text(Element::AMOUNT), Some("000000000001"));
    assert_eq!(read[1].mac, MacCheck::Valid);
}
