//! What a healthy issuer does, one sentence a test. The planted defects are in tests_defects.rs.

use super::Config;
use super::bench::*;
use crate::card::Amount;
use crate::iso8583::{Balance54, Element, Message, Mti, ResponseCode};
use crate::node::{Actions, Command, Event, Link, Node, Port, Ticket};
use crate::record::{Account, IssuerRecord, Record};
use crate::time::{Date, Duration, Instant, LocalTime, Now};

const TOMORROW: Date = Date { year: 2026, month: 4, day: 1 };

#[test]
fn a_sale_is_recorded_with_its_debit_then_answered_then_told_to_the_cardholder() {
    let mut bench = Bench::new();
    bench.is_slow = true;
    bench.send(&SALE.message());
    assert_eq!(bench.answer(), None, "the record is not durable yet");
    bench.commit();
    let answer = bench.answer().unwrap();
    assert_eq!(answer.mti(), Mti::FINANCIAL_RESPONSE);
    assert_eq!(answer.text(Element::RESPONSE_CODE), Some("00"));
    let request = SALE.message();
    for number in [2, 3, 4, 7, 11, 15, 32, 33, 37, 41, 42, 49] {
        assert_eq!(answer.get(Element(number)), request.get(Element(number)), "element {number}");
    }
    assert!(answer.has(Element::AUTHORIZATION_CODE) && !answer.has(Element::PIN_BLOCK));
    let Some(Record::Issuer(IssuerRecord::Decided { legs, effective, business_date, .. })) =
        bench.journal.last()
    else {
        panic!("{:?}", bench.journal)
    };
    assert_eq!((*effective, *business_date), (1_000, TODAY));
    assert_eq!(
        legs.iter().map(|leg| (leg.account, leg.minor)).collect::<Vec<_>>(),
        [(Account::Cardholder(0), -1_000), (Account::Settlement, 1_000)]
    );
    assert_eq!(bench.texts.len(), 1);
    assert!(!bench.texts[0].is_credit && bench.texts[0].amount == Amount::cny(1_000));
}

#[test]
fn the_books_are_opened_once_in_the_life_of_an_issuer() {
    let mut bench = Bench::new();
    bench.restart();
    bench.restart();
    assert_eq!(bench.count("opened"), 1);
    assert_eq!(bench.holds(GOOD), FUNDS as i64);
}

#[test]
fn a_copy_of_a_request_gets_the_stored_answer_and_debits_nothing() {
    let mut bench = Bench::new();
    let first = bench.ask(&SALE.message());
    assert_eq!(bench.ask(&SALE.message()), first);
    bench.restart();
    assert_eq!(bench.ask(&repeat(SALE.message())), first);
    assert_eq!((bench.holds(GOOD), bench.texts.len()), (99_000, 1));
    assert_eq!(bench.count("decided"), 1);
}

#[test]
fn a_copy_that_overtakes_the_commit_waits_for_the_record() {
    let mut bench = Bench::new();
    bench.is_slow = true;
    bench.send(&SALE.message());
    bench.send(&SALE.message());
    assert_eq!(bench.answer(), None);
    bench.commit();
    let (first, second) = (bench.answer().unwrap(), bench.answer().unwrap());
    assert_eq!(first, second);
    assert_eq!((bench.count("decided"), bench.holds(GOOD)), (1, 99_000));
}

#[test]
fn an_answer_whose_line_broke_waits_for_the_copy_on_the_next_line() {
    let mut bench = Bench::new();
    bench.is_slow = true;
    bench.send(&SALE.message());
    bench.reconnect();
    bench.commit();
    assert_eq!(bench.answer(), None, "nothing is said on the new line unasked");
    assert_eq!(bench.code(&SALE.message()), "00");
    assert_eq!(bench.count("decided"), 1);
}

#[test]
fn another_request_under_the_same_numbers_is_refused() {
    let mut bench = Bench::new();
    bench.send(&SALE.message());
    bench.answer();
    assert_eq!(bench.code(&Sale { pan: OTHER, ..SALE }.message()), "94");
    assert_eq!(bench.code(&Sale { minor: 1_001, ..SALE }.message()), "94");
    assert_eq!(bench.code(&Sale { pan: OTHER, ..SALE }.reversal()), "25");
    assert_eq!((bench.holds(GOOD), bench.holds(OTHER)), (99_000, 100_000));
}

#[test]
fn a_reversal_gives_back_once_however_often_it_comes() {
    let mut bench = Bench::new();
    bench.ask(&SALE.message());
    let answer = bench.ask(&SALE.reversal());
    assert_eq!(answer.mti(), Mti::REVERSAL_ADVICE_RESPONSE);
    let reversal = SALE.reversal();
    for number in [2, 3, 4, 7, 11, 15, 32, 33, 37, 41, 42, 49, 90] {
        assert_eq!(answer.get(Element(number)), reversal.get(Element(number)), "element {number}");
    }
    assert_eq!(bench.code(&repeat(SALE.reversal())), "00");
    bench.restart();
    assert_eq!(bench.code(&repeat(SALE.reversal())), "00");
    assert_eq!((bench.holds(GOOD), bench.count("reversed")), (100_000, 1));
    assert_eq!(bench.texts.iter().map(|text| text.is_credit).collect::<Vec<_>>(), [false, true]);
    assert_eq!(bench.code(&SALE.message()), "00", "a copy gets the stored answer all the same");
    assert_eq!(bench.holds(GOOD), 100_000);
}

#[test]
fn a_reversal_during_the_commit_of_its_original_finds_it() {
    let mut bench = Bench::new();
    bench.is_slow = true;
    bench.send(&SALE.message());
    bench.send(&SALE.reversal());
    bench.send(&repeat(SALE.reversal()));
    bench.commit();
    assert_eq!(bench.answer().unwrap().text(Element::RESPONSE_CODE), Some("00"));
    assert_eq!(bench.answer(), None, "the reversal is not durable yet");
    bench.commit();
    assert_eq!(bench.answer().unwrap().mti(), Mti::REVERSAL_ADVICE_RESPONSE);
    assert_eq!(bench.answer().unwrap().mti(), Mti::REVERSAL_ADVICE_RESPONSE);
    assert_eq!((bench.holds(GOOD), bench.count("reversed")), (100_000, 1));
}

#[test]
fn a_request_that_follows_its_own_reversal_is_refused_with_94() {
    for code in ["25", "12", "22"] {
        let unknown_original_code = ResponseCode::parse(code.as_bytes()).unwrap();
        let mut bench = Bench::with(Config { unknown_original_code, ..config() });
        assert_eq!(bench.code(&SALE.reversal()), code);
        assert_eq!(bench.code(&repeat(SALE.reversal())), code);
        bench.restart();
        let first = bench.ask(&SALE.message());
        assert_eq!(first.text(Element::RESPONSE_CODE), Some("94"));
        bench.restart();
        assert_eq!(bench.ask(&repeat(SALE.message())), first);
        assert_eq!(bench.code(&repeat(SALE.reversal())), code);
        assert_eq!((bench.holds(GOOD), bench.count("decided")), (100_000, 1));
    }
}

#[test]
fn a_reversal_of_a_declined_original_credits_only_where_the_policy_is_weak() {
    for (credits_declined, code, holds) in [(false, "12", 100_000), (true, "00", 300_000)] {
        let mut bench = Bench::with(Config { credits_declined, ..config() });
        let sale = Sale { minor: 200_000, ..SALE };
        assert_eq!(bench.code(&sale.message()), "51");
        assert_eq!(bench.code(&sale.reversal()), code);
        assert_eq!(bench.code(&repeat(sale.reversal())), code);
        assert_eq!(bench.holds(GOOD), holds);
    }
}

#[test]
fn a_weak_issuer_finds_the_original_by_rrn_and_terminal_alone() {
    let elsewhere = Sale { stan: 8, ..SALE };
    let mut reversal = elsewhere.reversal();
    reversal.copy_from(&SALE.message(), &[Element::RRN]);
    for (matches_by_rrn_alone, code, holds) in [(false, "25", 99_000), (true, "00", 100_000)] {
        let mut bench = Bench::with(Config { matches_by_rrn_alone, ..config() });
        bench.ask(&SALE.message());
        assert_eq!(bench.code(&reversal), code);
        bench.restart();
        assert_eq!(bench.code(&repeat(reversal.clone())), code);
        assert_eq!(bench.holds(GOOD), holds);
    }
    let mut bench = Bench::with(Config { matches_by_rrn_alone: true, ..config() });
    assert_eq!(bench.code(&SALE.reversal()), "25");
    assert_eq!(bench.code(&repeat(SALE.reversal())), "25");
    assert_eq!((bench.code(&SALE.message()), bench.count("reversed")), ("94".into(), 1));
}

#[test]
fn every_refusal_has_its_code_and_moves_nothing() {
    let odd = |element, value: &str| SALE.message().with(element, value);
    let without = |element| {
        let mut message = SALE.message();
        message.remove(element);
        message
    };
    let cases: &[(Message, &str)] = &[
        (Sale { pan: STRANGER, ..SALE }.message(), "14"),
        (Sale { pan: LOST, ..SALE }.message(), "41"),
        (Sale { pan: STOLEN, ..SALE }.message(), "43"),
        (Sale { pan: EXPIRED, ..SALE }.message(), "54"),
        (Sale { minor: 100_001, ..SALE }.message(), "51"),
        (Sale { pan: LIMITED, minor: 1_501, ..SALE }.message(), "61"),
        (Sale { minor: 0, ..SALE }.message(), "13"),
        (odd(Element::CURRENCY, "840"), "13"),
        (Sale { pin: Some("4321"), ..SALE }.message(), "55"),
        (SALE.message().with(Element::PIN_BLOCK, [1; 8]), "99"),
        (odd(Element::PROCESSING_CODE, "630000"), "12"),
        // A void that does not say of what.
        (odd(Element::PROCESSING_CODE, "200000"), "30"),
        (odd(Element::SETTLEMENT_DATE, "0230"), "30"),
        (odd(Element::CURRENCY, "CNY"), "30"),
        (without(Element::AMOUNT), "30"),
        (without(Element::STAN), "30"),
        (without(Element::PAN), "30"),
        (without(Element::RRN), "30"),
    ];
    for (message, code) in cases {
        let mut bench = Bench::new();
        assert_eq!(bench.code(message), *code, "{message:?}");
        assert_eq!(bench.code(message), *code, "a copy of {message:?}");
        let legs = bench.issuer_records().map(|record| match record {
            IssuerRecord::Decided { legs, .. } => legs.len(),
            _ => 0,
        });
        assert_eq!((legs.sum::<usize>(), bench.texts.len()), (0, 0));
    }
    let mut bench = Bench::new();
    let mut nameless = SALE.reversal();
    nameless.remove(Element::ORIGINAL_DATA);
    assert_eq!((bench.code(&nameless), bench.count("reversed")), ("30".into(), 0));
}

#[test]
fn wrong_pins_lock_the_card_until_the_next_business_date() {
    let mut bench = Bench::new();
    for stan in 1..=3 {
        let wrong = Sale { stan, pin: Some("9999"), ..SALE }.message();
        assert_eq!(bench.code(&wrong), "55");
        assert_eq!(bench.code(&repeat(wrong)), "55", "a copy does not count");
    }
    bench.restart();
    assert_eq!(bench.code(&Sale { stan: 4, ..SALE }.message()), "75");
    assert_eq!(bench.code(&Sale { stan: 5, pin: None, ..SALE }.message()), "75");
    assert_eq!(bench.code(&Sale { stan: 6, date: "0401", ..SALE }.message()), "00");
    assert_eq!(bench.code(&Sale { stan: 4, ..SALE }.message()), "75", "the stored answer");
}

#[test]
fn a_right_pin_ends_the_row_of_wrong_ones() {
    let mut bench = Bench::new();
    for stan in 1..=20 {
        let pin = if stan % 3 == 0 { "1234" } else { "9999" };
        let code = bench.code(&Sale { stan, pin: Some(pin), minor: 1, ..SALE }.message());
        assert_eq!(code, if stan % 3 == 0 { "00" } else { "55" });
        bench.restart();
    }
}

#[test]
fn a_reversed_sale_gives_the_day_limit_back() {
    let mut bench = Bench::new();
    let sale = |stan| Sale { stan, pan: LIMITED, ..SALE };
    assert_eq!(bench.code(&sale(1).message()), "00");
    assert_eq!(bench.code(&sale(2).message()), "61");
    assert_eq!(bench.code(&sale(1).reversal()), "00");
    bench.restart();
    assert_eq!(bench.code(&sale(3).message()), "00");
    assert_eq!(bench.code(&sale(4).message()), "61");
    assert_eq!(bench.code(&Sale { date: "0401", ..sale(5) }.message()), "00");
}

#[test]
fn what_is_there_is_approved_with_code_10_and_given_back_whole() {
    let mut bench = Bench::with(Config { partial_approvals: true, ..config() });
    let sale = Sale { minor: 100_001, ..SALE };
    let answer = bench.ask(&sale.message());
    assert_eq!(answer.text(Element::RESPONSE_CODE), Some("10"));
    assert_eq!(answer.text(Element::AMOUNT), Some("000000100000"));
    assert_eq!(bench.code(&Sale { stan: 8, ..SALE }.message()), "51", "nothing is there");
    assert_eq!(bench.code(&sale.reversal()), "00");
    assert_eq!(bench.holds(GOOD), 100_000);
}

#[test]
fn an_inquiry_tells_what_may_be_spent_and_moves_nothing() {
    let mut bench = Bench::new();
    bench.ask(&SALE.message());
    let inquiry = Sale { stan: 8, ..SALE };
    let answer = bench.ask(&inquiry.inquiry());
    let balance = Balance54::parse(answer.get(Element::ADDITIONAL_AMOUNTS).unwrap()).unwrap();
    assert_eq!((balance.amount, balance.currency), (99_000, 156));
    assert!(!answer.has(Element::AMOUNT));
    bench.ask(&Sale { stan: 9, ..SALE }.message());
    assert_eq!(bench.ask(&inquiry.inquiry()), answer, "the stored balance");
    assert_eq!(bench.holds(GOOD), 98_000);
}

#[test]
fn a_message_with_a_wrong_mac_changes_nothing_and_is_answered_a0() {
    for message in [SALE.message(), SALE.reversal()] {
        let mut bench = Bench::new();
        let mut bytes = bench.seal(&message);
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        let before = bench.journal.clone();
        bench.receive(&bytes);
        let answer = bench.answer().unwrap();
        assert_eq!(answer.mti(), message.mti().response());
        assert_eq!(answer.text(Element::RESPONSE_CODE), Some("A0"));
        assert_eq!(bench.journal, before);
    }
}

#[test]
fn an_echo_test_is_answered_even_in_maintenance() {
    let mut bench = Bench::new();
    bench.command(Command::Maintenance { window: Duration::secs(60) });
    let echo = Message::new(Mti::NETWORK_REQUEST)
        .with(Element::TRANSMISSION_TIME, "0331120000")
        .with(Element::STAN, "000001")
        .with(Element::FORWARDER, "00085500")
        .with(Element::NETWORK_CODE, "301");
    let expected = Message::new(Mti::NETWORK_RESPONSE)
        .with(Element::TRANSMISSION_TIME, "0331120000")
        .with(Element::STAN, "000001")
        .with(Element::FORWARDER, "00085500")
        .with(Element::RESPONSE_CODE, "00")
        .with(Element::NETWORK_CODE, "301");
    assert_eq!(bench.ask(&echo), expected);
    assert_eq!(bench.code(&echo.with(Element::NETWORK_CODE, "101")), "12");
}

#[test]
fn in_maintenance_requests_are_answered_91_and_advices_not_at_all() {
    let mut bench = Bench::new();
    bench.ask(&SALE.message());
    bench.command(Command::Maintenance { window: Duration::secs(60) });
    let refused = Sale { stan: 8, ..SALE };
    assert_eq!(bench.code(&refused.message()), "91");
    bench.send(&SALE.reversal());
    assert_eq!(bench.answer(), None);
    bench.now += Duration::secs(60);
    assert_eq!(bench.code(&repeat(SALE.reversal())), "00");
    assert_eq!(bench.code(&refused.message()), "91", "a late copy is not approved after all");
    assert_eq!(bench.holds(GOOD), 100_000);
}

#[test]
fn in_the_cut_over_window_sales_are_answered_90_and_reversals_go_on() {
    let mut bench = Bench::new();
    bench.ask(&SALE.message());
    bench.command(Command::CutOver { date: TOMORROW, window: Duration::secs(60) });
    assert_eq!(bench.code(&Sale { stan: 8, ..SALE }.message()), "90");
    assert_eq!(bench.code(&SALE.reversal()), "00");
    bench.now += Duration::secs(60);
    let next = Sale { stan: 9, date: "0401", ..SALE };
    assert_eq!(bench.code(&next.message()), "00");
    bench.restart();
    assert_eq!(bench.count("cut-over"), 1);
    let dates = bench.issuer_records().filter_map(|record| match record {
        IssuerRecord::Decided { business_date, .. } => Some(*business_date),
        _ => None,
    });
    assert_eq!(dates.collect::<Vec<_>>(), [TODAY, TODAY, TOMORROW]);
    bench.command(Command::CutOver { date: TODAY, window: Duration::ZERO });
    assert_eq!(bench.count("cut-over"), 1, "the books do not go back a day");
}

#[test]
fn a_frame_that_does_not_decode_is_logged_without_its_content_and_the_line_lives() {
    let mut bench = Bench::new();
    let mut bytes = bench.seal(&SALE.message());
    // The first digit of the processing code.
    bytes[4 + 4 + 16 + 2 + 16] = b'x';
    bench.receive(&bytes);
    assert_eq!(bench.logs.len(), 1);
    assert!(bench.logs[0].contains("element 3"), "{:?}", bench.logs);
    assert!(!bench.logs[0].contains("2420"), "{:?}", bench.logs);
    assert_eq!(bench.code(&SALE.message()), "00");
}

#[test]
fn lost_frame_boundaries_and_half_frames_end_the_line() {
    let mut bench = Bench::new();
    bench.receive(b"12x4");
    assert_eq!(bench.hung_up, [bench.link]);
    bench.reconnect();
    bench.receive(b"0200x");
    assert_eq!(bench.issuer.deadline(), Some(bench.now + Duration::secs(5)));
    bench.now += Duration::secs(5);
    bench.event(Event::DeadlineReached);
    assert_eq!(bench.hung_up, [Link(1), bench.link]);
    assert_eq!(bench.issuer.deadline(), None);
}

#[test]
fn a_stranger_on_the_line_is_hung_up_on() {
    let mut bench = Bench::new();
    bench.event(Event::LinkUp { port: Port(99), link: Link(50) });
    assert_eq!(bench.hung_up, [Link(50)]);
}

#[test]
fn several_requests_in_one_read_are_all_answered() {
    let mut bench = Bench::new();
    let mut bytes = bench.seal(&SALE.message());
    bytes.extend(bench.seal(&Sale { stan: 8, ..SALE }.message()));
    bench.receive(&bytes);
    for stan in ["000007", "000008"] {
        assert_eq!(bench.answer().unwrap().text(Element::STAN), Some(stan));
    }
}

#[test]
fn what_one_read_decides_is_one_commit() {
    let mut bench = Bench::new();
    let next = Sale { stan: 8, ..SALE };
    let mut bytes = bench.seal(&SALE.message());
    bytes.extend(bench.seal(&next.message()));
    bench.is_slow = true;
    bench.receive(&bytes);
    // Were they two commits, this one could come between them and give back what is not yet taken.
    bench.send(&next.reversal());
    bench.commit();
    assert_eq!((bench.count("decided"), bench.count("reversed")), (2, 0));
    bench.commit();
    assert_eq!((bench.holds(GOOD), bench.count("reversed")), (99_000, 1));
}

#[test]
fn an_answer_never_stands_before_its_record_in_the_list() {
    let mut bench = Bench::new();
    let bytes = bench.seal(&SALE.message());
    let mut actions = Actions::new(Ticket(9));
    let now = Now { instant: Instant(1), local: LocalTime::new(TODAY, 0) };
    bench.issuer.handle(now, Event::Received { link: bench.link, bytes: &bytes }, &mut actions);
    let names: Vec<_> =
        actions.as_slice().iter().map(|(ticket, action)| (ticket.0, word(action))).collect();
    assert_eq!(names, [(9, "record"), (9, "send"), (9, "tell")]);
}

fn word(action: &crate::node::Action) -> &'static str {
    match action {
        crate::node::Action::Record(_) => "record",
        crate::node::Action::Send { .. } => "send",
        crate::node::Action::Tell { .. } => "tell",
        crate::node::Action::Connect(_) | crate::node::Action::Disconnect(_) => "line",
    }
}
