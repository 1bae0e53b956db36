//! Two routes to one issuer: which of them is taken, and what follows what went there.

use super::follow::about;
use super::*;
use crate::iso8583::OriginalData90;
use crate::record::Kind;

/// The other way: the network, which takes every card.
const NETWORK: Port = OTHER_ISSUER;

fn two_routes(defects: &[Defect]) -> Bench {
    let mut config = Config { defects: defects.iter().copied().collect(), ..config() };
    config.upstream[1].bins = vec![String::new()];
    Bench::new(config)
}

fn route(bench: &mut Bench, port: Port, is_open: bool) {
    bench.handle(Event::Commanded(Command::Route { port, is_open }));
}

/// Where this message goes.
fn way(bench: &mut Bench, message: &Message) -> Option<Port> {
    bench.tell(TERMINAL, message);
    [ISSUER, NETWORK].into_iter().find(|port| !bench.heard(*port).is_empty())
}

#[test]
fn a_request_takes_the_longest_prefix_whose_route_is_open_and_whose_line_stands() {
    let mut bench = two_routes(&[]);
    assert_eq!(way(&mut bench, &sale(7)), Some(ISSUER));
    bench.link_down(ISSUER);
    assert_eq!(way(&mut bench, &sale(8)), Some(NETWORK));
    bench.link_up(ISSUER);
    assert_eq!(way(&mut bench, &sale(9)), Some(ISSUER));
    route(&mut bench, ISSUER, false);
    assert_eq!(way(&mut bench, &sale(10)), Some(NETWORK));
    bench.link_down(NETWORK);
    assert_eq!(way(&mut bench, &sale(11)), None);
    assert_eq!(bench.code(TERMINAL), ResponseCode::ISSUER_INOPERATIVE);
    route(&mut bench, ISSUER, true);
    assert_eq!(way(&mut bench, &sale(12)), Some(ISSUER));
}

#[test]
fn a_closed_route_stays_closed_after_power_loss_and_is_written_down_once() {
    let mut bench = two_routes(&[]);
    for port in [ISSUER, ISSUER, NETWORK, TERMINAL] {
        route(&mut bench, port, false);
    }
    assert_eq!(bench.count("route-set"), 2);
    bench.restart();
    bench.link_all();
    bench.sign_on(TERMINAL);
    assert_eq!(way(&mut bench, &sale(7)), None);
    assert_eq!(bench.code(TERMINAL), ResponseCode::ISSUER_INOPERATIVE);
    route(&mut bench, NETWORK, true);
    assert_eq!(way(&mut bench, &sale(8)), Some(NETWORK));
}

#[test]
fn what_is_about_a_sale_goes_where_the_sale_went() {
    let mut bench = two_routes(&[]);
    let sold = bench.forwarded(&sale(7));
    bench.tell(ISSUER, &answer(&sold, ResponseCode::APPROVED));
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
    route(&mut bench, ISSUER, false);
    let void = bench.forwarded(&about(Kind::Void, 8, 7, 1000));
    assert!(OriginalData90::of(&void).is_some_and(|named| named.refers_to(&sold)));
    bench.tell(ISSUER, &answer(&void, ResponseCode::APPROVED));
    bench.link_down(ISSUER);
    assert_eq!(way(&mut bench, &about(Kind::Refund, 9, 7, 1000)), None);
}

/// The MTI of what each side hears once the switch gives this sale up, after its route closed.
fn taken_back(defects: &[Defect]) -> [Vec<Mti>; 2] {
    let mut bench = two_routes(defects);
    bench.forwarded(&sale(7));
    route(&mut bench, ISSUER, false);
    bench.wait(TIMEOUT);
    assert_eq!(bench.code(TERMINAL), ResponseCode::ISSUER_TIMED_OUT);
    [ISSUER, NETWORK].map(|port| bench.heard(port).iter().map(Message::mti).collect())
}

#[test]
fn a_reversal_goes_where_its_original_went_whatever_the_routes_are_by_now() {
    assert_eq!(taken_back(&[]), [vec![Mti::REVERSAL_ADVICE], vec![]]);
    assert_eq!(taken_back(&[Defect::W38]), [vec![], vec![Mti::REVERSAL_ADVICE]]);
}

#[test]
fn a_line_that_is_lost_with_a_request_on_it_has_that_request_alone_in_doubt() {
    let mut bench = two_routes(&[]);
    bench.forwarded(&sale(7));
    bench.link_down(ISSUER);
    assert_eq!(way(&mut bench, &sale(8)), Some(NETWORK));
    bench.wait(TIMEOUT);
    bench.heard(NETWORK);
    // The first waits for the line that may have carried it.
    assert_eq!(bench.count("advice-queued"), 2);
    bench.link_up(ISSUER);
    assert_eq!(bench.heard_one(ISSUER).mti(), Mti::REVERSAL_ADVICE);
    assert_eq!(bench.heard(NETWORK), []);
}
