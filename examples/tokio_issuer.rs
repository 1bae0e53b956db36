//! A tokio service in the place of an issuer, with turmoil's sockets, clock and losses of power. It
//! approves what it is asked and takes back what it is told to. `cargo run --example tokio_issuer`.

use reversim::drive::ServiceResult;
use reversim::party::Party;
use reversim::report::ladder::ladder;
use reversim::search::explore::flow;
use reversim::stage::{Config, config_of};
use reversim::{Run, run_service, scenario::Scenario};
use reversim_models::defect::Defects;
use reversim_models::iso8583::{Element as E, Envelope, Message};
use reversim_models::line::{Line, MacCheck, Zone};
use reversim_models::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use turmoil::net::{TcpListener, TcpStream};

fn answer(request: &Message) -> Message {
    let mut answer = request.clone();
    answer.set_mti(request.mti().response());
    let secret = [E::PIN_BLOCK, E::TRACK_2, E::ORIGINAL_DATA, E::MAC_128];
    secret.into_iter().for_each(|element| answer.remove(element));
    answer.set(E::RESPONSE_CODE, "00");
    answer.set_number(E::AUTHORIZATION_CODE, request.number(E::STAN).unwrap_or(0), 6);
    answer
}

async fn serve(mut stream: TcpStream, zone: Zone) -> ServiceResult {
    let mut line = Line::network(&zone, Duration::secs(5), Defects::NONE);
    let mut room = [0; 4096];
    while let count @ 1.. = stream.read(&mut room).await? {
        line.receive(Instant::START, &room[..count]);
        while let Some(Ok(incoming)) = line.next() {
            if incoming.message.mti().is_request() && incoming.mac != MacCheck::Invalid {
                let answer = answer(&incoming.message);
                stream.write_all(&line.seal(&answer, Envelope::default())?).await?;
            }
        }
    }
    Ok(())
}

async fn listen(zone: Zone) -> ServiceResult {
    let listener = TcpListener::bind("0.0.0.0:7000").await?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::task::spawn_local(serve(stream, zone.clone()));
    }
}

fn around(scenario: &Scenario) -> Run {
    let place = Party::issuer(1);
    let Some(Config::Issuer(config)) = config_of(scenario, place) else { panic!("no issuer") };
    let zone = config.lines[0].1.clone();
    run_service(scenario, place, move || listen(zone.clone())).expect("turmoil carries")
}

fn main() {
    println!("{}", ladder(&around(&flow("sale").expect("it is a flow")).history));
}

#[test]
fn a_lost_or_late_message_breaks_nothing() {
    proptest::proptest!(proptest::prelude::ProptestConfig::with_cases(12), |(seed in 0..500_u64)| {
        let mut scenario = flow("sale").expect("it is a flow");
        scenario.faults = reversim::generate::scenario(Default::default(), seed).faults;
        proptest::prop_assert!(around(&scenario).violation().is_none());
    });
}

#[test]
fn its_words_are_these() {
    let ladder = ladder(&around(&flow("sale").expect("it is a flow")).history);
    let words = ladder.lines().filter(|line| line.contains(" 0210 00 100"));
    let words: Vec<&str> = words.map(|line| &line[line.find('│').unwrap_or(0)..]).collect();
    insta::assert_snapshot!(words.join("\n"), @r"
    │                                   │◄────────── 0210 00 100.00 000001 ─│
    │◄────────── 0210 00 100.00 000002 ─│                                   │
    ");
}
