//! Sales and inquiries: what travels, and what is refused without asking anybody.

use super::*;

fn numbers(message: &Message) -> Vec<u8> {
    message.elements().map(|(element, _)| element.0).collect()
}

#[test]
fn an_approved_sale_is_recorded_before_each_step_and_answered_with_a_mac() {
    let mut bench = Bench::new(config());
    bench.done();
    let request = bench.forwarded(&sale(7));
    assert_eq!(
        numbers(&request),
        [2, 3, 4, 7, 11, 12, 13, 14, 15, 18, 22, 25, 32, 33, 37, 41, 42, 49, 128]
    );
    assert_eq!(request.text(Element::TRANSMISSION_TIME), Some("0601120000"));
    assert_eq!(request.text(Element::SETTLEMENT_DATE), Some("0601"));
    assert_eq!(request.text(Element::ACQUIRER), Some("01020000"));
    assert_eq!(request.text(Element::MERCHANT_TYPE), Some("5411"));
    bench.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
    let (answer, mac) = bench.heard_sealed(TERMINAL).remove(0);
    assert_eq!(numbers(&answer), [2, 3, 4, 11, 12, 13, 15, 25, 32, 37, 38, 39, 41, 42, 49, 60, 64]);
    assert_eq!(mac, MacCheck::Valid);
    assert_eq!(answer.number(Element::STAN), Some(7));
    assert_eq!(answer.get(Element::RRN), request.get(Element::RRN));
    assert_eq!(answer.text(Element::AUTHORIZATION_CODE), Some("A12345"));
    assert_eq!(bench.done(), ["forwarded", "0200", "answered", "0210"]);
}

#[test]
fn a_decline_carries_a_mac_too_and_no_authorization() {
    let mut bench = Bench::new(config());
    let request = bench.forwarded(&sale(7));
    bench.tell(ISSUER, &answer(&request, ResponseCode::NOT_SUFFICIENT_FUNDS));
    let (answer, mac) = bench.heard_sealed(TERMINAL).remove(0);
    assert_eq!((code_of(&answer), mac), (ResponseCode::NOT_SUFFICIENT_FUNDS, MacCheck::Valid));
    assert!(!answer.has(Element::AUTHORIZATION_CODE));
}

#[test]
fn a_partial_approval_passes_the_part_on() {
    let mut bench = Bench::new(config());
    let request = bench.forwarded(&sale(7));
    let part = answer(&request, ResponseCode::PARTIALLY_APPROVED);
    bench.tell(ISSUER, &part.with(Element::AMOUNT, "000000000400"));
    assert_eq!(bench.heard_one(TERMINAL).number(Element::AMOUNT), Some(400));
    let SwitchRecord::Answered { amount, .. } = bench.last_record() else { panic!() };
    assert_eq!(amount.minor, 400);
}

#[test]
fn an_approval_of_another_amount_is_as_good_as_none() {
    let mut bench = Bench::new(config());
    let request = bench.forwarded(&sale(7));
    for (code, minor) in [("00", "000000000400"), ("10", "000000001001")] {
        let wrong = answer(&request, ResponseCode::APPROVED).with(Element::AMOUNT, minor);
        bench.tell(ISSUER, &wrong.with(Element::RESPONSE_CODE, code));
    }
    assert_eq!(bench.heard(TERMINAL), []);
    bench.wait(TIMEOUT);
    assert_eq!(bench.code(TERMINAL), ResponseCode::ISSUER_TIMED_OUT);
    assert_eq!(bench.count("advice-queued"), 1);
}

#[test]
fn an_inquiry_changes_its_processing_code_on_the_way_and_brings_the_balance() {
    let mut bench = Bench::new(config());
    let request = bench.forwarded(&inquiry(7));
    assert_eq!(request.text(Element::PROCESSING_CODE), Some("300000"));
    assert!(!request.has(Element::AMOUNT));
    let balance = answer(&request, ResponseCode::APPROVED)
        .with(Element::ADDITIONAL_AMOUNTS, "0002156C000000123456");
    bench.tell(ISSUER, &balance);
    let answer = bench.heard_one(TERMINAL);
    assert_eq!(answer.text(Element::PROCESSING_CODE), Some("310000"));
    assert_eq!(answer.text(Element::ADDITIONAL_AMOUNTS), Some("0002156C000000123456"));
}

#[test]
fn a_pin_is_translated_to_the_zone_of_the_issuer() {
    let mut bench = Bench::new(config());
    let keys = WorkKeys::derive(&key(99), u64::from(TERMINAL.0) << 32 | 1);
    let pin = Pin::new("1234").unwrap();
    let sealed = PinBlock::seal(&pin, PAN, &keys.pin).unwrap();
    let with_pin = sale(7)
        .with(Element::PIN_BLOCK, sealed.0)
        .with(Element::PIN_CAPTURE, "12")
        .with(Element::SECURITY_CONTROL, "2600000000000000");
    let request = bench.forwarded(&with_pin);
    let block: [u8; 8] = request.get(Element::PIN_BLOCK).unwrap().try_into().unwrap();
    assert_ne!(block, sealed.0);
    assert_eq!(PinBlock(block).open(PAN, &zone(100).pin), Ok(pin));
    assert!(request.has(Element::SECURITY_CONTROL) && request.has(Element::PIN_CAPTURE));

    bench.tell(TERMINAL, &with_pin.with(Element::STAN, "000008").with(Element::PIN_BLOCK, [7; 8]));
    assert_eq!(bench.code(TERMINAL), ResponseCode::PIN_FORMAT_ERROR);
    assert_eq!(bench.heard(ISSUER), []);
}

#[test]
fn the_longest_prefix_decides_the_route() {
    let mut bench = Bench::new(config());
    bench.tell(TERMINAL, &sale(7).with(Element::PAN, OTHER_PAN));
    assert_eq!(bench.heard(ISSUER), []);
    assert_eq!(bench.heard(OTHER_ISSUER).len(), 1);
    bench.tell(TERMINAL, &sale(8).with(Element::PAN, "4111111111111111"));
    assert_eq!(bench.code(TERMINAL), ResponseCode::NO_SUCH_ISSUER);
}

#[test]
fn without_a_line_a_sale_is_answered_91_and_never_forwarded() {
    let mut bench = Bench::new(config());
    bench.link_down(ISSUER);
    bench.tell(TERMINAL, &sale(7));
    assert_eq!(bench.code(TERMINAL), ResponseCode::ISSUER_INOPERATIVE);
    assert_eq!(bench.records(), ["keys-issued", "answered"]);
}

#[test]
fn two_terminals_may_use_the_same_stan_at_once() {
    let mut bench = Bench::new(config());
    bench.sign_on(OTHER_TERMINAL);
    bench.tell(TERMINAL, &sale(7));
    bench.tell(OTHER_TERMINAL, &sale_at(OTHER_TERMINAL, 7));
    let requests = bench.heard(ISSUER);
    assert_ne!(network_key(&requests[0]), network_key(&requests[1]));
    bench.tell(ISSUER, &answer(&requests[1], ResponseCode::NOT_SUFFICIENT_FUNDS));
    bench.tell(ISSUER, &answer(&requests[0], ResponseCode::APPROVED));
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
    assert_eq!(bench.code(OTHER_TERMINAL), ResponseCode::NOT_SUFFICIENT_FUNDS);
}

#[test]
fn a_small_stan_range_wraps_without_using_what_is_in_flight() {
    let mut bench = Bench::new(Config { stan_max: 3, ..config() });
    let first = bench.forwarded(&sale(1));
    for stan in 2..=7 {
        bench.wait(Duration::secs(1));
        let request = bench.forwarded(&sale(stan));
        assert_ne!(request.get(Element::STAN), first.get(Element::STAN));
        assert_ne!(request.number(Element::STAN), Some(0));
        bench.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
        bench.heard(TERMINAL);
    }
}

#[test]
fn with_every_stan_taken_a_sale_is_refused() {
    let mut bench = Bench::new(Config { stan_max: 2, ..config() });
    bench.tell(TERMINAL, &sale(1));
    bench.tell(TERMINAL, &sale(2));
    bench.tell(TERMINAL, &sale(3));
    assert_eq!(bench.code(TERMINAL), ResponseCode::SYSTEM_MALFUNCTION);
}

#[test]
fn a_copy_of_an_answered_request_gets_the_stored_answer() {
    let mut bench = Bench::new(config());
    let request = bench.forwarded(&sale(7));
    bench.tell(TERMINAL, &sale(7));
    assert_eq!((bench.heard(ISSUER), bench.heard(TERMINAL)), (vec![], vec![]));
    bench.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
    let first = bench.heard_one(TERMINAL);
    bench.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
    assert_eq!(bench.heard(TERMINAL), []);
    bench.wait(Duration::secs(3));
    bench.tell(TERMINAL, &sale(7));
    assert_eq!(bench.heard_one(TERMINAL), first);
    assert_eq!(bench.heard(ISSUER), []);
    bench.tell(TERMINAL, &sale(7).with(Element::AMOUNT, "000000002000"));
    assert_eq!(bench.code(TERMINAL), ResponseCode::DUPLICATE_TRANSMISSION);
}

#[test]
fn a_card_that_bought_at_one_merchant_waits_before_it_buys_at_another() {
    let elsewhere = *b"104512541110002";
    let mut config = Config { card_spacing: Duration::secs(1_800), ..config() };
    if let Peer::Terminal { merchant, .. } = &mut config.downstream[1].peer {
        *merchant = elsewhere;
    }
    let mut bench = Bench::new(config);
    bench.tell(OTHER_TERMINAL, &sign_on(OTHER_TERMINAL, 1).with(Element::MERCHANT, elsewhere));
    let keys = bench.heard_one(OTHER_TERMINAL);
    bench.take_keys(OTHER_TERMINAL, &keys);
    bench.sell(1);
    bench.sell(2);
    let there = |stan| sale_at(OTHER_TERMINAL, stan).with(Element::MERCHANT, elsewhere);
    bench.tell(OTHER_TERMINAL, &there(1));
    assert_eq!(bench.code(OTHER_TERMINAL), ResponseCode::EXCEEDS_COUNT_LIMIT);
    bench.now.local = bench.now.local.plus(1_800_000_000);
    bench.tell(OTHER_TERMINAL, &there(2));
    assert_eq!(bench.heard(ISSUER).len(), 1, "half an hour later it may");
}

#[test]
fn amounts_below_the_minimum_and_too_many_sales_of_a_card_are_refused() {
    let mut bench = Bench::new(Config { amount_min: 1000, sales_per_card_max: 2, ..config() });
    bench.tell(TERMINAL, &sale(1).with(Element::AMOUNT, "000000000999"));
    assert_eq!(bench.code(TERMINAL), ResponseCode::INVALID_AMOUNT);
    bench.sell(2);
    bench.sell(3);
    bench.tell(TERMINAL, &sale(4));
    assert_eq!(bench.code(TERMINAL), ResponseCode::EXCEEDS_COUNT_LIMIT);
    bench.tell(TERMINAL, &reversal(&sale(3)));
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
    bench.heard(ISSUER);
    bench.sell(5);
}

#[test]
fn during_the_cut_over_new_sales_get_90_and_those_in_flight_keep_their_date() {
    let mut bench = Bench::new(config());
    let request = bench.forwarded(&sale(7));
    let window = Duration::secs(5);
    bench.handle(Event::Commanded(Command::CutOver { date: DAY.next(), window }));
    bench.tell(TERMINAL, &sale(8));
    assert_eq!(bench.code(TERMINAL), ResponseCode::CUTOVER_IN_PROGRESS);
    bench.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
    assert_eq!(bench.heard_one(TERMINAL).text(Element::SETTLEMENT_DATE), Some("0601"));
    bench.tell(TERMINAL, &reversal(&sale(7)));
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
    assert_eq!(bench.heard_one(ISSUER).text(Element::SETTLEMENT_DATE), Some("0602"));
    bench.wait(window);
    let request = bench.forwarded(&sale(9));
    assert_eq!(request.text(Element::SETTLEMENT_DATE), Some("0602"));
}

#[test]
fn in_maintenance_sales_get_91_and_reversals_no_answer() {
    let mut bench = Bench::new(config());
    bench.sell(7);
    bench.handle(Event::Commanded(Command::Maintenance { window: Duration::secs(5) }));
    bench.tell(TERMINAL, &sale(8));
    assert_eq!(bench.code(TERMINAL), ResponseCode::ISSUER_INOPERATIVE);
    bench.tell(TERMINAL, &reversal(&sale(7)));
    assert_eq!((bench.heard(TERMINAL), bench.count("reversal-accepted")), (vec![], 0));
    bench.wait(Duration::secs(5));
    bench.tell(TERMINAL, &reversal(&sale(7)));
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
}

#[test]
fn a_request_without_its_elements_gets_30_and_changes_nothing() {
    let mut bench = Bench::new(config());
    let mut message = sale(7);
    message.remove(Element::AMOUNT);
    bench.tell(TERMINAL, &message);
    bench.tell(TERMINAL, &sale(8).with(Element::CURRENCY, "840"));
    let codes: Vec<ResponseCode> = bench.heard(TERMINAL).iter().map(code_of).collect();
    assert_eq!(codes, [ResponseCode::FORMAT_ERROR; 2]);
    assert_eq!(bench.records(), ["keys-issued"]);
}
