//! Sign-on, identity and MAC of terminals.

use super::*;

#[test]
fn a_terminal_gets_work_keys_under_its_master_key_and_the_batch() {
    let mut bench = Bench::bare(config());
    bench.link_all();
    bench.tell(TERMINAL, &sign_on(TERMINAL, 5));
    let answer = bench.heard_one(TERMINAL);
    assert_eq!(code_of(&answer), ResponseCode::APPROVED);
    assert_eq!(answer.text(Element::PRIVATE_60), Some("00000001003"));
    assert_eq!(answer.text(Element::LOCAL_TIME), Some("120000"));
    assert_eq!(answer.get(Element::PRIVATE_62).map(<[u8]>::len), Some(40));
    for element in [Element::STAN, Element::LOCAL_DATE, Element::ACQUIRER, Element::RRN] {
        assert!(answer.has(element), "{element}");
    }
    bench.take_keys(TERMINAL, &answer);
    bench.sell(6);
}

#[test]
fn a_repeated_sign_on_gets_the_same_keys_and_a_new_one_gets_new_keys() {
    let mut bench = Bench::bare(config());
    bench.link_all();
    let mut keys = Vec::new();
    for stan in [5, 5, 6] {
        bench.tell(TERMINAL, &sign_on(TERMINAL, stan));
        keys.push(bench.heard_one(TERMINAL).get(Element::PRIVATE_62).unwrap().to_vec());
    }
    assert_eq!(keys[0], keys[1]);
    assert_ne!(keys[1], keys[2]);
    assert_eq!(bench.count("keys-issued"), 2);
}

#[test]
fn a_terminal_that_signed_off_has_no_keys_until_it_signs_on_again() {
    let mut bench = Bench::new(config());
    let message =
        from_terminal(Mti::NETWORK_ADVICE, TERMINAL, 8).with(Element::PRIVATE_60, "00000001002");
    for _copy in 0..2 {
        bench.tell(TERMINAL, &message);
        let answer = bench.heard_one(TERMINAL);
        assert_eq!(
            (code_of(&answer), answer.number(Element::STAN)),
            (ResponseCode::APPROVED, Some(8))
        );
    }
    assert_eq!(bench.records(), ["keys-issued", "keys-withdrawn"]);
    bench.tell(TERMINAL, &sale(9));
    assert_eq!(bench.code(TERMINAL), ResponseCode::MAC_ERROR);
}

#[test]
fn a_terminal_of_another_line_is_answered_97_without_a_mac() {
    let mut bench = Bench::new(config());
    bench.tell(TERMINAL, &sign_on(OTHER_TERMINAL, 2));
    assert_eq!(bench.code(TERMINAL), ResponseCode::TERMINAL_NOT_REGISTERED);
    bench.tell(TERMINAL, &sale_at(OTHER_TERMINAL, 3));
    let heard = bench.heard_sealed(TERMINAL);
    assert_eq!(heard.len(), 1);
    assert_eq!(code_of(&heard[0].0), ResponseCode::TERMINAL_NOT_REGISTERED);
    assert_eq!(heard[0].1, MacCheck::Absent);
    assert_eq!(bench.records(), ["keys-issued"]);
}

#[test]
fn without_good_keys_a_terminal_is_answered_a0_without_a_mac() {
    let mut bench = Bench::new(config());
    bench.handle(Event::Commanded(Command::WithdrawKeys { port: TERMINAL }));
    for message in [sale(7), reversal(&sale(7))] {
        bench.tell(TERMINAL, &message);
        let heard = bench.heard_sealed(TERMINAL);
        assert_eq!(code_of(&heard[0].0), ResponseCode::MAC_ERROR);
        assert_eq!(heard[0].1, MacCheck::Absent);
        assert_eq!(heard[0].0.mti(), message.mti().response());
    }
    assert_eq!(bench.records(), ["keys-issued", "keys-withdrawn"]);
    assert_eq!(bench.heard(ISSUER), []);
    bench.sign_on(TERMINAL);
    bench.sell(8);
}

#[test]
fn retired_keys_are_refused_at_once() {
    let mut bench = Bench::new(config());
    bench.tell(TERMINAL, &sign_on(TERMINAL, 9));
    let new_keys = bench.heard_one(TERMINAL);
    bench.tell(TERMINAL, &sale(10));
    assert_eq!(bench.code(TERMINAL), ResponseCode::MAC_ERROR);
    bench.take_keys(TERMINAL, &new_keys);
    bench.sell(11);
}

#[test]
fn keys_survive_a_restart() {
    let mut bench = Bench::new(config());
    bench.restart();
    bench.link_up(TERMINAL);
    bench.link_up(ISSUER);
    bench.sell(2);
}

#[test]
fn an_echo_test_of_a_terminal_is_answered() {
    let mut bench = Bench::new(config());
    let mut echo = from_terminal(Mti::NETWORK_ADVICE, TERMINAL, 1);
    echo.remove(Element::STAN);
    bench.tell(TERMINAL, &echo.with(Element::PRIVATE_60, "00000001301"));
    let answer = bench.heard_one(TERMINAL);
    assert_eq!(answer.mti(), Mti::NETWORK_ADVICE_RESPONSE);
    let elements: Vec<u8> = answer.elements().map(|(element, _)| element.0).collect();
    assert_eq!(elements, [39, 41, 42, 60]);
    assert_eq!(code_of(&answer), ResponseCode::APPROVED);
}
