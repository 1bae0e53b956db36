//! A tokio service in the place of an issuer, with turmoil's sockets, clock and losses of power. It
//! approves whatever it is asked and takes back whatever it is told to; whether it answers what it
//! was asked is judged from what terminal and switch know. `cargo run --example tokio_issuer`.

use reversim::drive::ServiceResult;
use reversim::fault::{Fault, OnMessage};
use reversim::party::Party;
use reversim::report::ladder::ladder;
use reversim::search::explore::flow;
use reversim::stage::{Config, config_of};
use reversim::{Run, run_service, scenario::Scenario};
use reversim_models::defect::Defects;
use reversim_models::iso8583::{Element as E, Envelope, Message, Mti};
use reversim_models::line::{Line, MacCheck, Zone};
use reversim_models::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use turmoil::net::{TcpListener, TcpStream};

const ECHOED: &[E] = &[
    E::PAN,
    E::PROCESSING_CODE,
    E::AMOUNT,
    E::TRANSMISSION_TIME,
    E::STAN,
    E::LOCAL_TIME,
    E::LOCAL_DATE,
    E::SETTLEMENT_DATE,
    E::ACQUIRER,
    E::FORWARDER,
    E::RRN,
    E::TERMINAL,
    E::MERCHANT,
    E::CURRENCY,
    E::NETWORK_CODE,
];

fn answer(request: &Message) -> Message {
    let mut answer = Message::new(request.mti().response());
    answer.copy_from(request, ECHOED);
    answer.set(E::RESPONSE_CODE, "00");
    if request.mti() == Mti::FINANCIAL_REQUEST {
        answer.set_number(E::AUTHORIZATION_CODE, request.number(E::STAN).unwrap_or(0), 6);
    }
    answer
}

async fn serve(mut stream: TcpStream, zone: Zone) -> ServiceResult {
    let mut line = Line::network(&zone, Duration::secs(5), Defects::NONE);
    let mut room = [0; 4096];
    loop {
        let count = stream.read(&mut room).await?;
        if count == 0 {
            return Ok(());
        }
        line.receive(Instant::START, &room[..count]);
        while let Some(Ok(incoming)) = line.next() {
            if incoming.message.mti().is_request() && incoming.mac != MacCheck::Invalid {
                let answer = line.seal(&answer(&incoming.message), Envelope::default())?;
                stream.write_all(&answer).await?;
            }
        }
    }
}

fn around(scenario: &Scenario) -> Run {
    let place = Party::issuer(1);
    let Some(Config::Issuer(config)) = config_of(scenario, place) else { panic!("no issuer") };
    let zone = config.lines[0].1.clone();
    let service = move || {
        let zone = zone.clone();
        async move {
            let listener = TcpListener::bind("0.0.0.0:7000").await?;
            loop {
                let (stream, _) = listener.accept().await?;
                tokio::task::spawn_local(serve(stream, zone.clone()));
            }
        }
    };
    run_service(scenario, place, service).expect("turmoil carries")
}

fn main() {
    let run = around(&flow("sale").expect("it is a flow"));
    println!("{}\n{:?}", ladder(&run.history), run.outcome());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_lost_message_breaks_nothing(mti in 0_usize..4, nth in 1_u32..3) {
            let mti = ["0200", "0210", "0420", "0430"].map(Mti::parse)[mti].expect("an MTI");
            let ends = [Party::switch(1), Party::issuer(1)];
            let [from, to] = if mti.is_request() { ends } else { [ends[1], ends[0]] };
            let mut scenario = flow("sale").expect("it is a flow");
            scenario.faults = vec![Fault::Drop(OnMessage { from, to, mti, step: 2, nth })];
            prop_assert_eq!(around(&scenario).violation(), None);
        }
    }
}
