//! A switch behind a switch.

use super::*;

/// A 0200 as another acquirer's switch sends it.
fn from_peer(stan: u32) -> Message {
    let mut message = Message::new(Mti::FINANCIAL_REQUEST)
        .with(Element::PAN, PAN)
        .with(Element::PROCESSING_CODE, "000000")
        .with(Element::AMOUNT, "000000001000")
        .with(Element::TRANSMISSION_TIME, "0601115959")
        .with(Element::LOCAL_TIME, "115958")
        .with(Element::LOCAL_DATE, "0601")
        .with(Element::SETTLEMENT_DATE, "0531")
        .with(Element::MERCHANT_TYPE, "5732")
        .with(Element::ENTRY_MODE, "022")
        .with(Element::CONDITION_CODE, "00")
        .with(Element::ACQUIRER, "01040000")
        .with(Element::FORWARDER, "01040000")
        .with(Element::RRN, "RRN000000001")
        .with(Element::TERMINAL, "X0000001")
        .with(Element::MERCHANT, MERCHANT)
        .with(Element::CURRENCY, "156");
    message.set_number(Element::STAN, stan.into(), 6);
    message
}

/// The 0420 of a request.
fn advice_of(request: &Message, stan: u32) -> Message {
    let original = network_key(request).original_data(request.mti());
    let mut advice = Message::new(Mti::REVERSAL_ADVICE);
    advice.copy_from(request, &[2, 3, 4, 7, 15, 18, 25, 32, 33, 37, 41, 42, 49].map(Element));
    advice.set_number(Element::STAN, stan.into(), 6);
    advice.with(Element::PRIVATE_60, "4021").with(Element::ORIGINAL_DATA, original)
}

#[test]
fn a_request_keeps_its_acquirer_and_reference_and_gets_its_own_name() {
    let mut bench = Bench::new(config());
    bench.tell(PEER, &from_peer(5));
    let request = bench.heard_one(ISSUER);
    let kept = [2, 3, 4, 12, 13, 15, 18, 22, 25, 32, 37, 41, 42, 49].map(Element);
    for element in kept {
        assert_eq!(request.get(element), from_peer(5).get(element), "{element}");
    }
    assert_eq!(request.text(Element::FORWARDER), Some("01020000"));
    assert_eq!(request.text(Element::TRANSMISSION_TIME), Some("0601120000"));
    bench.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
    let (answer, mac) = bench.heard_sealed(PEER).remove(0);
    assert_eq!((code_of(&answer), mac), (ResponseCode::APPROVED, MacCheck::Valid));
    assert_eq!(network_key(&answer), network_key(&from_peer(5)));
    let numbers: Vec<u8> = answer.elements().map(|(element, _)| element.0).collect();
    assert_eq!(numbers, [2, 3, 4, 7, 11, 15, 32, 33, 37, 38, 39, 41, 42, 49, 128]);
    bench.tell(PEER, &from_peer(5).with(Element::LOCAL_TIME, "115958"));
    assert_eq!(bench.heard_one(PEER), answer);
}

#[test]
fn an_advice_is_passed_on_and_answered_00_as_often_as_it_comes() {
    let mut bench = Bench::new(config());
    bench.tell(PEER, &from_peer(5));
    let request = bench.heard_one(ISSUER);
    bench.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
    bench.heard(PEER);
    for mti in [Mti::REVERSAL_ADVICE, Mti::REVERSAL_ADVICE_REPEAT] {
        let mut advice = advice_of(&from_peer(5), 6);
        advice.set_mti(mti);
        bench.tell(PEER, &advice);
        let answer = bench.heard_one(PEER);
        assert_eq!(code_of(&answer), ResponseCode::APPROVED);
        assert_eq!(answer.get(Element::ORIGINAL_DATA), advice.get(Element::ORIGINAL_DATA));
        let numbers: Vec<u8> = answer.elements().map(|(element, _)| element.0).collect();
        assert_eq!(numbers, [2, 3, 4, 7, 11, 15, 32, 33, 37, 39, 41, 42, 49, 90, 128]);
    }
    let advice = bench.heard_one(ISSUER);
    assert_eq!(NetworkKey::of_original(&advice), Some(network_key(&request)));
    assert_eq!(advice.text(Element::ACQUIRER), Some("01040000"));
}

#[test]
fn an_advice_before_its_request_bars_it() {
    let mut bench = Bench::new(config());
    bench.tell(PEER, &advice_of(&from_peer(5), 6));
    assert_eq!(bench.code(PEER), ResponseCode::ORIGINAL_NOT_FOUND);
    bench.tell(PEER, &from_peer(5));
    assert_eq!(bench.code(PEER), ResponseCode::DUPLICATE_TRANSMISSION);
    assert_eq!(bench.heard(ISSUER), []);
}

#[test]
fn a_wrong_mac_is_answered_a0_and_changes_nothing() {
    let mut bench = Bench::new(config());
    for message in [from_peer(5), advice_of(&from_peer(5), 6)] {
        let end = bench.end_of(PEER).unwrap();
        let (link, mut frame) = (end.link, end.line.seal(&message, Envelope::default()).unwrap());
        let last = frame.len() - 1;
        frame[last] ^= 1;
        bench.handle(Event::Received { link, bytes: &frame });
        let (answer, mac) = bench.heard_sealed(PEER).remove(0);
        assert_eq!((code_of(&answer), mac), (ResponseCode::MAC_ERROR, MacCheck::Valid));
        assert_eq!(answer.mti(), message.mti().response());
    }
    assert_eq!(bench.records(), ["keys-issued"]);
}

#[test]
fn an_answer_finds_another_link_when_its_own_is_gone() {
    let mut bench = Bench::new(config());
    bench.tell(PEER, &from_peer(5));
    let request = bench.heard_one(ISSUER);
    bench.link_down(PEER);
    bench.link_up(PEER);
    bench.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
    assert_eq!(bench.code(PEER), ResponseCode::APPROVED);
}

#[test]
fn an_echo_test_is_answered() {
    let mut bench = Bench::new(config());
    let echo = Message::new(Mti::NETWORK_REQUEST)
        .with(Element::TRANSMISSION_TIME, "0601120000")
        .with(Element::STAN, "000009")
        .with(Element::FORWARDER, "01040000")
        .with(Element::NETWORK_CODE, "301");
    bench.tell(PEER, &echo);
    let answer = bench.heard_one(PEER);
    let numbers: Vec<u8> = answer.elements().map(|(element, _)| element.0).collect();
    assert_eq!((code_of(&answer), numbers), (ResponseCode::APPROVED, vec![7, 11, 33, 39, 70]));
}

#[test]
fn a_pin_goes_from_zone_to_zone() {
    let mut bench = Bench::new(config());
    let pin = Pin::new("1234").unwrap();
    let sealed = PinBlock::seal(&pin, PAN, &zone(30).pin).unwrap();
    bench.tell(PEER, &from_peer(5).with(Element::PIN_BLOCK, sealed.0));
    let block = bench.heard_one(ISSUER).get(Element::PIN_BLOCK).unwrap().try_into().unwrap();
    assert_eq!(PinBlock(block).open(PAN, &zone(100).pin), Ok(pin));
}
