//! An issuer of one's own as a sans-IO party: it approves what it is asked, takes back what it is
//! told to, and keeps nothing. The simulator plays it like ours. `cargo run --example own_issuer`.

use reversim::party::Party;
use reversim::report::ladder::ladder;
use reversim::search::explore::flow;
use reversim::stage::Config;
use reversim_models::defect::Defects;
use reversim_models::iso8583::{Element as E, Envelope, Message};
use reversim_models::line::{Line, MacCheck};
use reversim_models::node::{Actions, Event, Node};
use reversim_models::time::{Duration, Instant, Now};

struct OwnIssuer(Line);

fn answer(request: &Message) -> Message {
    let mut answer = request.clone();
    answer.set_mti(request.mti().response());
    let secret = [E::PIN_BLOCK, E::TRACK_2, E::ORIGINAL_DATA, E::MAC_128];
    secret.into_iter().for_each(|element| answer.remove(element));
    answer.set(E::RESPONSE_CODE, "00");
    answer.set_number(E::AUTHORIZATION_CODE, request.number(E::STAN).unwrap_or(0), 6);
    answer
}

impl Node for OwnIssuer {
    fn handle(&mut self, now: Now, event: Event<'_>, actions: &mut Actions) {
        let (link, bytes) = match event {
            Event::LinkUp { .. } => return self.0.reset(),
            Event::Received { link, bytes } => (link, bytes),
            _ => return,
        };
        self.0.receive(now.instant, bytes);
        while let Some(Ok(incoming)) = self.0.next() {
            if incoming.message.mti().is_request() && incoming.mac != MacCheck::Invalid {
                let answer = self.0.seal(&answer(&incoming.message), Envelope::default());
                answer.into_iter().for_each(|frame| actions.send(link, frame));
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }
}

fn cast(_: Party, config: &Config) -> Option<Box<dyn Node>> {
    let Config::Issuer(config) = config else { return None };
    let zone = &config.lines.first()?.1;
    Some(Box::new(OwnIssuer(Line::network(zone, Duration::secs(5), Defects::NONE))))
}

fn main() {
    let run = reversim::run_with(&flow("sale").expect("it is a flow"), &cast);
    println!("{}", ladder(&run.history));
}

#[test]
fn whatever_gets_lost_the_others_see_nothing_wrong() {
    proptest::proptest!(|(seed in 0..500_u64)| {
        let mut scenario = flow("sale").expect("it is a flow");
        scenario.faults = reversim::generate::scenario(Default::default(), seed).faults;
        proptest::prop_assert!(reversim::run_with(&scenario, &cast).violation().is_none());
    });
}

#[test]
fn its_words_are_these() {
    let ladder = ladder(&reversim::run_with(&flow("sale").expect("a flow"), &cast).history);
    let words = ladder.lines().filter(|line| line.contains(" 0210 00 100"));
    let words: Vec<&str> = words.map(|line| &line[line.find('│').unwrap_or(0)..]).collect();
    insta::assert_snapshot!(words.join("\n"), @r"
    │                                   │◄────────── 0210 00 100.00 000001 ─│
    │◄────────── 0210 00 100.00 000002 ─│                                   │
    ");
}
