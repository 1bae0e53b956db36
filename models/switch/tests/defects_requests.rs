//! Planted defects of requests and of the pool they go out on.

use super::*;
use crate::iso8583::NETWORK;

fn both<T>(defect: Defect, schedule: impl Fn(Config) -> T) -> (T, T) {
    (schedule(with_defect(None)), schedule(with_defect(Some(defect))))
}

/// With two connections to each issuer.
fn pooled(mut config: Config) -> Bench {
    config.upstream.iter_mut().for_each(|upstream| upstream.pool = 2);
    let mut bench = Bench::new(config);
    bench.link_up(ISSUER);
    bench
}

/// The link on which each message of this type went to the issuer.
fn links(bench: &Bench, mti: Mti) -> Vec<Link> {
    let ends = bench.ends.iter().filter(|end| end.port == ISSUER);
    let heard = ends.flat_map(|end| end.heard.iter().map(|(message, _)| (end.link, message)));
    heard.filter(|(_, message)| message.mti() == mti).map(|(link, _)| link).collect()
}

#[test]
fn requests_spread_over_the_pool_and_each_reversal_follows_its_own() {
    let mut bench = pooled(config());
    for stan in [7, 8] {
        bench.tell(TERMINAL, &sale(stan));
    }
    let requests = links(&bench, Mti::FINANCIAL_REQUEST);
    assert_ne!(requests[0], requests[1]);
    bench.wait(TIMEOUT);
    assert_eq!(links(&bench, Mti::REVERSAL_ADVICE), [requests[0]]);
    // Nothing came back: that line may be dead.
    bench.wait(RETRY);
    assert_eq!(links(&bench, Mti::REVERSAL_ADVICE_REPEAT), [requests[1]]);
}

#[test]
fn w05_sends_the_reversal_where_it_can_overtake() {
    let is_same = both(Defect::W05, |config| {
        let mut bench = pooled(config);
        bench.tell(TERMINAL, &sale(7));
        bench.wait(TIMEOUT);
        links(&bench, Mti::FINANCIAL_REQUEST) == links(&bench, Mti::REVERSAL_ADVICE)
    });
    assert_eq!(is_same, (true, false));
}

#[test]
fn w10_sends_an_advice_again_as_if_for_the_first_time() {
    let types = both(Defect::W10, |config| {
        let mut bench = Bench::new(config);
        bench.forwarded(&sale(7));
        bench.wait(TIMEOUT);
        bench.wait(RETRY);
        bench.heard(ISSUER).iter().map(|advice| advice.mti().to_string()).collect::<Vec<_>>()
    });
    assert_eq!(types.0, ["0420", "0421"]);
    assert_eq!(types.1, ["0420", "0420"]);
}

#[test]
fn w14_answers_a_sale_of_another_batch_with_the_approval_of_an_old_one() {
    let seen = both(Defect::W14, |config| {
        let mut bench = Bench::new(config);
        bench.sell(7);
        let other = sale(7)
            .with(Element::AMOUNT, "000000002000")
            .with(Element::PRIVATE_60, "2200000200060");
        bench.tell(TERMINAL, &other);
        (bench.code(TERMINAL), bench.count("forwarded"))
    });
    // The host has not closed batch 1 yet.
    assert_eq!(seen.0, (ResponseCode::BATCH_MISMATCH, 1));
    assert_eq!(seen.1, (ResponseCode::APPROVED, 1));
}

#[test]
fn w17_forwards_a_copy_that_comes_while_the_first_is_being_written() {
    let forwarded = both(Defect::W17, |config| {
        let mut bench = Bench::new(config);
        bench.slow_commits = Some(0);
        bench.tell(TERMINAL, &sale(7));
        bench.tell(TERMINAL, &sale(7));
        bench.count("forwarded")
    });
    assert_eq!(forwarded, (1, 2));
}

#[test]
fn w17_does_no_harm_once_the_first_is_durable() {
    let mut bench = Bench::new(with_defect(Some(Defect::W17)));
    bench.tell(TERMINAL, &sale(7));
    bench.tell(TERMINAL, &sale(7));
    assert_eq!(bench.count("forwarded"), 1);
}

#[test]
fn w24_gives_a_reference_number_out_again_after_a_restart() {
    let (right, wrong) = both(Defect::W24, |config| {
        let mut bench = Bench::new(config);
        let first = bench.forwarded(&sale(7));
        bench.restart();
        bench.link_up(TERMINAL);
        bench.link_up(ISSUER);
        let second = bench.forwarded(&sale(8));
        first.get(Element::RRN) == second.get(Element::RRN)
    });
    assert!(!right && wrong);
}

#[test]
fn w34_sends_a_refused_sale_when_the_line_is_back() {
    let seen = both(Defect::W34, |config| {
        let mut bench = Bench::new(config);
        bench.link_down(ISSUER);
        bench.tell(TERMINAL, &sale(7));
        assert_eq!(bench.code(TERMINAL), ResponseCode::ISSUER_INOPERATIVE);
        bench.wait(Duration::secs(60));
        bench.link_up(ISSUER);
        bench.heard(ISSUER).len()
    });
    assert_eq!(seen, (0, 1));
}

#[test]
fn z03_is_deaf_behind_a_length_that_cannot_be() {
    let served = both(Defect::Z03, |config| {
        let mut bench = Bench::new(config);
        let end = bench.end_of(PEER).unwrap();
        let body = [b"0200".as_slice(), &[0x40, 0, 0, 0, 0, 0, 0, 0], b"-6"].concat();
        let (link, frame) = (end.link, NETWORK.framing.wrap(Envelope::default(), &body));
        bench.handle(Event::Received { link, bytes: &frame });
        bench.tell(PEER, &network_echo());
        bench.heard(PEER).len()
    });
    assert_eq!(served, (1, 0));
}

fn network_echo() -> Message {
    Message::new(Mti::NETWORK_REQUEST)
        .with(Element::TRANSMISSION_TIME, "0530120000")
        .with(Element::STAN, "000001")
        .with(Element::FORWARDER, "01030000")
        .with(Element::NETWORK_CODE, "301")
}
