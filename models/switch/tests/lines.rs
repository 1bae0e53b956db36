//! Lines: half frames, nonsense, echo tests, lost links, reconnecting.

use super::*;

#[test]
fn a_lost_line_answers_nobody_until_the_time_out() {
    let mut bench = Bench::new(config());
    bench.forwarded(&sale(7));
    bench.link_down(ISSUER);
    bench.wait(Duration::secs(9));
    assert_eq!(bench.heard(TERMINAL), []);
    bench.wait(Duration::secs(1));
    assert_eq!(bench.code(TERMINAL), ResponseCode::ISSUER_TIMED_OUT);
    assert_eq!(bench.count("advice-queued"), 1);
}

#[test]
fn an_answer_may_come_on_another_link_of_the_pool() {
    let mut bench = Bench::new(config());
    let first = bench.end_of(ISSUER).unwrap().link;
    bench.link_up(ISSUER);
    let request = bench.forwarded(&sale(7));
    bench.handle(Event::LinkDown { link: first, reason: LinkDownReason::Closed });
    bench.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
}

#[test]
fn a_pool_is_filled_at_the_start_and_again_with_a_bounded_back_off() {
    let mut config = config();
    config.upstream.truncate(1);
    config.upstream[0].pool = 2;
    let mut bench = Bench::bare(config);
    assert_eq!(bench.asked, [ISSUER, ISSUER]);
    bench.link_up(ISSUER);
    bench.handle(Event::ConnectFailed { port: ISSUER });
    let mut waits = Vec::new();
    for _ in 0..7 {
        bench.asked.clear();
        let before = bench.now.instant;
        bench.wait(bench.switch.deadline().unwrap().since(before));
        waits.push(bench.now.instant.since(before).as_millis());
        assert_eq!(bench.asked, [ISSUER]);
        bench.handle(Event::ConnectFailed { port: ISSUER });
    }
    assert_eq!(waits, [1250, 2500, 5000, 10_000, 10_000, 10_000, 10_000]);
    bench.wait(TIMEOUT);
    bench.link_up(ISSUER);
    bench.asked.clear();
    bench.wait(Duration::secs(100));
    assert_eq!(bench.asked, []);
    bench.link_down(ISSUER);
    bench.wait(Duration::secs(1));
    assert_eq!(bench.asked, [ISSUER]);
}

#[test]
fn half_a_frame_holds_its_line_for_the_frame_time_out_only() {
    let mut bench = Bench::new(config());
    let end = bench.end_of(TERMINAL).unwrap();
    let (link, frame) = (end.link, end.line.seal(&sale(7), Envelope::default()).unwrap());
    bench.handle(Event::Received { link, bytes: &frame[..30] });
    bench.wait(Duration::secs(1));
    assert_eq!(bench.hung_up, []);
    bench.wait(Duration::secs(1));
    assert_eq!(bench.hung_up, [link]);
    bench.link_up(TERMINAL);
    bench.sell(8);
}

#[test]
fn bytes_in_any_pieces_make_the_same_messages() {
    let mut bench = Bench::new(config());
    let end = bench.end_of(TERMINAL).unwrap();
    let seal = |stan| end.line.seal(&sale(stan), Envelope::default()).unwrap();
    let (link, bytes) = (end.link, [seal(7), seal(8)].concat());
    for chunk in bytes.chunks(17) {
        bench.handle(Event::Received { link, bytes: chunk });
    }
    bench.handle(Event::Received { link, bytes: &bytes });
    assert_eq!(bench.heard(ISSUER).len(), 2);
}

#[test]
fn what_does_not_decode_is_logged_without_its_content_and_the_line_stays() {
    let mut bench = Bench::new(config());
    let end = bench.end_of(TERMINAL).unwrap();
    let (link, mut frame) = (end.link, end.line.seal(&sale(7), Envelope::default()).unwrap());
    frame[13 + 10 + 3] = 0xEE;
    bench.handle(Event::Received { link, bytes: &frame });
    assert_eq!((bench.logs.len(), bench.hung_up.len()), (1, 0));
    assert!(!bench.logs[0].contains("224242"), "{}", bench.logs[0]);
    bench.sell(8);
    bench.handle(Event::Received { link, bytes: &[0, 0, 0, 0] });
    assert_eq!(bench.hung_up, [link]);
}

#[test]
fn an_answer_with_a_wrong_mac_is_not_heard() {
    let mut bench = Bench::new(config());
    let request = bench.forwarded(&sale(7));
    let end = bench.end_of(ISSUER).unwrap();
    let approval = answer(&request, ResponseCode::APPROVED);
    let (link, mut frame) = (end.link, end.line.seal(&approval, Envelope::default()).unwrap());
    let last = frame.len() - 1;
    frame[last] ^= 1;
    bench.handle(Event::Received { link, bytes: &frame });
    assert_eq!(bench.heard(TERMINAL), []);
    bench.wait(TIMEOUT);
    assert_eq!(bench.code(TERMINAL), ResponseCode::ISSUER_TIMED_OUT);
}

#[test]
fn an_idle_line_is_tested_and_dropped_when_it_does_not_answer() {
    let interval = Duration::secs(30);
    let mut bench = Bench::new(Config { echo_interval: Some(interval), ..config() });
    bench.link_down(OTHER_ISSUER);
    bench.wait(interval);
    let echo = bench.heard_one(ISSUER);
    let numbers: Vec<u8> = echo.elements().map(|(element, _)| element.0).collect();
    assert_eq!((echo.mti(), numbers), (Mti::NETWORK_REQUEST, vec![7, 11, 33, 70]));
    bench.tell(ISSUER, &answer(&echo, ResponseCode::APPROVED));
    bench.wait(interval);
    assert_eq!(bench.heard(ISSUER).len(), 1);
    let link = bench.end_of(ISSUER).unwrap().link;
    // What is in flight when the test fails waits for its own time-out.
    bench.wait(Duration::secs(5));
    bench.tell(TERMINAL, &sale(7));
    bench.asked.clear();
    bench.wait(Duration::secs(5));
    assert_eq!(bench.hung_up, [link]);
    assert_eq!(bench.heard(TERMINAL), []);
    bench.wait(Duration::secs(5));
    assert_eq!(bench.code(TERMINAL), ResponseCode::ISSUER_TIMED_OUT);
    assert!(bench.asked.contains(&ISSUER));
}

#[test]
fn an_echo_test_from_upstream_is_answered() {
    let mut bench = Bench::new(config());
    let echo = Message::new(Mti::NETWORK_REQUEST)
        .with(Element::TRANSMISSION_TIME, "0601120000")
        .with(Element::STAN, "000009")
        .with(Element::FORWARDER, "01030000")
        .with(Element::NETWORK_CODE, "301");
    bench.tell(ISSUER, &echo);
    assert_eq!(bench.code(ISSUER), ResponseCode::APPROVED);
}

#[test]
fn a_stranger_is_hung_up_on() {
    let mut bench = Bench::new(config());
    bench.handle(Event::LinkUp { port: Port(77), link: Link(1000) });
    assert_eq!(bench.hung_up, [Link(1000)]);
}
