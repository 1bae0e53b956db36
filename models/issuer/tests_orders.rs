//! Every order of requests, copies, reversals, slow commits and power cuts ends in right books; and
//! no bytes stop an issuer.

use proptest::prelude::*;

use super::Config;
use super::bench::*;
use super::books::Books;
use crate::iso8583::{Element, Envelope, Message, Mti, ResponseCode};
use crate::line::Line;
use crate::record::{IssuerRecord, Kind};
use crate::time::Duration;

#[derive(Clone, Debug)]
enum Step {
    Request(u32),
    Reversal(u32),
    TwoInOneRead(u32, u32),
    Commit,
    PowerCut,
    LineBreak,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0u32..4).prop_map(Step::Request),
        3 => (0u32..4).prop_map(Step::Reversal),
        1 => (0u32..4, 0u32..4).prop_map(|(first, second)| Step::TwoInOneRead(first, second)),
        4 => Just(Step::Commit),
        1 => Just(Step::PowerCut),
        1 => Just(Step::LineBreak),
    ]
}

/// Together more than the card holds; the last one has a wrong PIN.
fn sale(stan: u32) -> Sale {
    let pin = if stan == 3 { "9999" } else { "1234" };
    Sale { stan: stan + 1, minor: 30_000 << stan, pin: Some(pin), ..SALE }
}

/// Answers so far must tell of durable records, and of what they say.
fn check_answers(bench: &mut Bench) {
    while let Some(answer) = bench.answer() {
        let code = ResponseCode::parse(answer.get(Element::RESPONSE_CODE).unwrap()).unwrap();
        let is_told = bench.issuer_records().any(|record| match record {
            IssuerRecord::Decided { rrn, code: stored, authorization, .. } => {
                answer.mti() == Mti::FINANCIAL_RESPONSE
                    && answer.get(Element::RRN) == Some(rrn)
                    && answer.get(Element::AUTHORIZATION_CODE)
                        == authorization.as_ref().map(|digits| &digits[..])
                    && code == *stored
            }
            IssuerRecord::Reversed { original_key, code: stored, .. } => {
                answer.mti() == Mti::REVERSAL_ADVICE_RESPONSE
                    && answer.number(Element::RRN) == Some(u64::from(original_key.stan))
                    && code == *stored
            }
            _ => false,
        });
        assert!(is_told, "{answer:?} is told of by no record of {:?}", bench.journal);
    }
}

/// Of each transaction: at most one decision, one reversal, and nothing left of what is reversed.
fn check_books(bench: &Bench) {
    let mut left = FUNDS as i64;
    for stan in 1..=4 {
        let (mut decided, mut reversed, mut net) = (0, 0, 0);
        for record in bench.issuer_records() {
            match record {
                IssuerRecord::Decided { key, effective, kind: Kind::Sale, .. }
                    if key.stan == stan =>
                {
                    decided += 1;
                    net += *effective as i64;
                }
                IssuerRecord::Reversed { original_key, credited, .. }
                    if original_key.stan == stan =>
                {
                    reversed += 1;
                    net -= *credited as i64;
                }
                _ => {}
            }
        }
        assert!(decided <= 1 && reversed <= 1, "{:?}", bench.journal);
        assert!(net == 0 || net > 0 && reversed == 0, "{:?}", bench.journal);
        left -= net;
    }
    assert_eq!(bench.holds(GOOD), left);
    assert!(left >= 0);
}

proptest! {
    #[test]
    fn every_order_ends_in_the_same_books_as_its_journal(
        steps in proptest::collection::vec(step(), 0..40),
        is_slow: bool,
        partial_approvals: bool,
    ) {
        let mut bench = Bench::with(Config { partial_approvals, ..config() });
        bench.is_slow = is_slow;
        for step in steps {
            match step {
                Step::Request(stan) => bench.send(&sale(stan).message()),
                Step::Reversal(stan) => bench.send(&sale(stan).reversal()),
                Step::TwoInOneRead(first, second) => {
                    let mut bytes = bench.seal(&sale(first).message());
                    bytes.extend(bench.seal(&sale(second).message()));
                    bench.receive(&bytes);
                }
                Step::Commit => bench.commit_if_any(),
                Step::PowerCut => bench.restart(),
                Step::LineBreak => bench.reconnect(),
            }
            check_answers(&mut bench);
        }
        for _ in 0..40 {
            bench.commit_if_any();
        }
        check_answers(&mut bench);
        check_books(&bench);
        let replayed = Books::from_journal(&bench.config, &bench.journal);
        prop_assert_eq!(bench.issuer.books.clone().at_rest(), replayed);
    }

    #[test]
    fn no_message_stops_an_issuer(
        reversal: bool,
        changes in proptest::collection::vec((2u8..=128, "[0-9]{0,44}"), 0..6),
    ) {
        let mut bench = Bench::new();
        let mut message = if reversal { SALE.reversal() } else { SALE.message() };
        for (element, value) in changes {
            if value.is_empty() {
                message.remove(Element(element));
            } else {
                message.set(Element(element), value);
            }
        }
        send_if_it_encodes(&mut bench, &message);
        send_if_it_encodes(&mut bench, &SALE.reversal());
        prop_assert_eq!(bench.hung_up.len(), 0);
    }

    #[test]
    fn no_bytes_stop_an_issuer(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut bench = Bench::new();
        bench.receive(&bytes);
        let mut framed = format!("{:04}", bytes.len()).into_bytes();
        framed.extend(bytes);
        bench.reconnect();
        bench.receive(&framed);
    }
}

fn send_if_it_encodes(bench: &mut Bench, message: &Message) {
    let line = Line::network(&zone(), Duration::secs(1), bench.config.defects);
    if let Ok(bytes) = line.seal(message, Envelope::default()) {
        bench.receive(&bytes);
    }
}
