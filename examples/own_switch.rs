//! A switch of somebody's own between our terminal and issuer, and a search that finds its mistake.
//!
//! It knows nothing but the public contract: events in, actions out. It signs one terminal on,
//! checks and makes MACs, translates PINs, pairs answers with requests, and passes reversals on,
//! once. That is its mistake: it answers 0410/00 and keeps nothing: a lost 0420 is lost for good.

use reversim::party::Party;
use reversim::report::faults::describe_fault;
use reversim::scenario::Scenario;
use reversim::search::{Alphabet, Exploration};
use reversim::stage::Config;
use reversim::stories;
use reversim_models::defect::Defects;
use reversim_models::iso8583::{Element as E, Envelope, Message, Mti};
use reversim_models::iso8583::{OriginalData90, Private60, Settlement48};
use reversim_models::line::{Incoming, Line, MacCheck};
use reversim_models::node::{Actions, Event, Link, Node, Port};
use reversim_models::security::{Key, PinBlock, WorkKeys};
use reversim_models::switch::{self, Peer};
use reversim_models::time::{Instant, Now};
use std::collections::BTreeMap;

// By number, as the field speaks of them: what an answer repeats, what goes on to the issuer (card,
// amount, expiry, entry mode, who asks) and what comes back from it (codes, reference, balance).
const ECHOED: &[E] = &[E(2), E(3), E(4), E(11), E(25), E(41), E(42), E(49), E(60)];
const FORWARDED: &[E] = &[E(2), E(4), E(14), E(22), E(25), E(26), E(41), E(42), E(49), E(53)];
const RETURNED: &[E] = &[E(39), E(38), E(37), E(4), E(54)];

/// A line to somebody, as long as it stands.
struct Side {
    port: Port,
    line: Line,
    link: Option<Link>,
}

impl Side {
    fn send(&self, message: &Message, envelope: Envelope, actions: &mut Actions) {
        if let (Some(link), Ok(frame)) = (self.link, self.line.seal(message, envelope)) {
            actions.send(link, frame);
        }
    }

    fn read(&mut self, now: Now, link: Link, bytes: &[u8]) -> Vec<Incoming> {
        if self.link == Some(link) {
            self.line.receive(now.instant, bytes);
        }
        std::iter::from_fn(|| self.line.next()).flatten().collect()
    }
}

struct OwnSwitch {
    config: switch::Config,
    terminal: Side,
    issuer: Side,
    master_key: Key,
    keys: Option<WorkKeys>,
    /// Requests that are with the issuer, by the STAN they have there.
    pending: BTreeMap<u64, Incoming>,
    /// What went to the issuer, by the terminal's STAN: its reversal must name it.
    sent: BTreeMap<u64, Message>,
    stan: u64,
}

impl OwnSwitch {
    fn new(config: &switch::Config) -> Option<OwnSwitch> {
        let (down, up) = (config.downstream.first()?, config.upstream.first()?);
        let Peer::Terminal { master_key, .. } = &down.peer else { return None };
        let (limit, right) = (config.frame_timeout, Defects::NONE);
        let side = |port, line| Side { port, line, link: None };
        Some(OwnSwitch {
            terminal: side(down.port, Line::pos(None, limit, right)),
            issuer: side(up.port, Line::network(&up.zone, limit, right)),
            master_key: master_key.clone(),
            keys: None,
            config: config.clone(),
            pending: BTreeMap::new(),
            sent: BTreeMap::new(),
            stan: 0,
        })
    }

    fn terminal_says(&mut self, now: Now, incoming: Incoming, actions: &mut Actions) {
        let message = &incoming.message;
        let (mti, stan) = (message.mti(), message.number(E::STAN).unwrap_or(0));
        let mut extra = Message::new(mti.response()).with(E::RESPONSE_CODE, "00");
        match mti {
            Mti::FINANCIAL_REQUEST | Mti::REVERSAL_REQUEST if incoming.mac != MacCheck::Valid => {
                extra.set(E::RESPONSE_CODE, "A0");
            }
            Mti::NETWORK_REQUEST => self.sign_on(message, &mut extra),
            Mti::FINANCIAL_REQUEST => {
                let mut forward = self.upstream(now, mti, message);
                let is_inquiry = message.text(E::PROCESSING_CODE) == Some("310000");
                forward.set(E::PROCESSING_CODE, if is_inquiry { "300000" } else { "000000" });
                if let Some(block) = self.translated_pin(message) {
                    forward.set(E::PIN_BLOCK, block.0);
                }
                self.issuer.send(&forward, Envelope::default(), actions);
                self.sent.insert(stan, forward);
                self.pending.insert(self.stan, incoming);
                return;
            }
            Mti::REVERSAL_REQUEST => {
                if let Some(original) = self.sent.get(&stan).cloned() {
                    let mut advice = self.upstream(now, Mti::REVERSAL_ADVICE, message);
                    advice.copy_from(&original, &[E::PROCESSING_CODE, E::RRN]);
                    advice.set(E::PRIVATE_60, "4000");
                    let data = OriginalData90::of_original(&original).map(|data| data.encode());
                    advice.set(E::ORIGINAL_DATA, data.unwrap_or_default());
                    // The mistake: sent once, kept nowhere. A lost 0420 is never repeated.
                    self.issuer.send(&advice, Envelope::default(), actions);
                }
            }
            Mti::RECONCILIATION_REQUEST => {
                // It keeps no batch of its own: all totals agree.
                let totals = message.get(E::PRIVATE_48).and_then(Settlement48::parse);
                extra.set(E::PRIVATE_48, totals.unwrap_or_default().balanced().encode());
            }
            _ => extra.copy_from(message, &[E::PRIVATE_48]),
        }
        self.answer(now, &incoming, &extra, actions);
    }

    fn sign_on(&mut self, request: &Message, answer: &mut Message) {
        self.stan += 1;
        let keys = WorkKeys::derive(&self.config.key_seed, self.stan);
        let batch = Private60::of(request).map_or(1, |private| private.batch.max(1));
        answer.set(E::PRIVATE_60, Private60::new(*b"00", batch).with_network_code(3).encode());
        answer.set(E::PRIVATE_62, keys.seal(&self.master_key, 3).unwrap_or_default());
        self.terminal.line.set_mac_key(Some(keys.mac.clone()));
        self.keys = Some(keys);
    }

    fn translated_pin(&self, message: &Message) -> Option<PinBlock> {
        let block = PinBlock(message.get(E::PIN_BLOCK)?.try_into().ok()?);
        let (keys, up) = (self.keys.as_ref()?, self.config.upstream.first()?);
        block.translate(message.text(E::PAN)?, &keys.pin, &up.zone.pin).ok()
    }

    /// With the time and date of now.
    fn stamped(&self, now: Now, mut message: Message) -> Message {
        let date = u64::from(now.local.date().mmdd());
        message.set_number(E::LOCAL_TIME, u64::from(now.local.hhmmss()), 6);
        message.set_number(E::LOCAL_DATE, date, 4);
        message.set_number(E::SETTLEMENT_DATE, date, 4);
        message.set_number(E::RRN, self.stan, 12);
        message
    }

    /// To the issuer, with what a message from the terminal says and a STAN of its own.
    fn upstream(&mut self, now: Now, mti: Mti, from: &Message) -> Message {
        self.stan += 1;
        let mut message = self.stamped(now, Message::new(mti));
        message.copy_from(from, FORWARDED);
        let (date, time) = (u64::from(now.local.date().mmdd()), u64::from(now.local.hhmmss()));
        message.set_number(E::TRANSMISSION_TIME, date * 1_000_000 + time, 10);
        message.set_number(E::STAN, self.stan, 6);
        message.set(E::MERCHANT_TYPE, "5411");
        message.set_number(E::ACQUIRER, self.config.institution, 8);
        message.set_number(E::FORWARDER, self.config.institution, 8);
        message
    }

    fn answer(&self, now: Now, to: &Incoming, extra: &Message, actions: &mut Actions) {
        let mut answer = self.stamped(now, Message::new(to.message.mti().response()));
        answer.copy_from(&to.message, ECHOED);
        extra.elements().for_each(|(element, value)| answer.set(element, value));
        self.terminal.send(&answer, to.envelope.swapped(), actions);
    }

    fn issuer_says(&mut self, now: Now, incoming: &Incoming, actions: &mut Actions) {
        let message = &incoming.message;
        if incoming.mac == MacCheck::Valid
            && message.mti() == Mti::FINANCIAL_RESPONSE
            && let Some(request) = self.pending.remove(&message.number(E::STAN).unwrap_or(0))
        {
            let mut extra = Message::new(message.mti());
            extra.copy_from(message, RETURNED);
            self.answer(now, &request, &extra, actions);
        }
    }
}

impl Node for OwnSwitch {
    fn handle(&mut self, now: Now, event: Event<'_>, actions: &mut Actions) {
        let up = self.issuer.port;
        match event {
            Event::Started { .. } | Event::ConnectFailed { .. } => actions.connect(up),
            Event::LinkUp { port, link } => {
                let side = if port == up { &mut self.issuer } else { &mut self.terminal };
                side.line.reset();
                side.link = Some(link);
            }
            Event::LinkDown { link, .. } if self.issuer.link == Some(link) => {
                self.issuer.link = None;
                actions.connect(up);
            }
            Event::Received { link, bytes } => {
                for incoming in self.issuer.read(now, link, bytes) {
                    self.issuer_says(now, &incoming, actions);
                }
                for incoming in self.terminal.read(now, link, bytes) {
                    self.terminal_says(now, incoming, actions);
                }
            }
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }
}

/// Puts the switch into its place; everything else is ours.
fn with_own_switch(_: Party, config: &Config) -> Option<Box<dyn Node>> {
    let Config::Switch(config) = config else { return None };
    Some(Box::new(OwnSwitch::new(config)?))
}

/// The answer is lost, and one thing more goes wrong: the first case that loses money.
fn search() -> Option<(String, Scenario)> {
    let base = stories::find("ST01").next()?.scenario().ok()?;
    let search =
        Exploration { name: String::new(), base, alphabet: Alphabet::Core, faults: 1, jobs: 0 };
    let play = |scenario: &Scenario| reversim::run_with(scenario, &with_own_switch);
    let mut found = search.run(&play, &|_| {}).ok()?.violations.into_iter();
    found.find(|f| f.invariant == "no-unreversed-debit").map(|f| (f.sentence, f.scenario))
}

fn main() {
    let Some((sentence, scenario)) = search() else { return println!("it keeps the books") };
    println!("{sentence}");
    scenario.faults.iter().for_each(|fault| println!("  ! {}", describe_fault(fault)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use reversim::run::Outcome;
    use reversim::search::explore;

    #[test]
    fn where_nothing_goes_wrong_the_switch_does_nothing_wrong() {
        for name in ["sign-on", "inquiry", "sale", "sale+inquiry", "sale+sale", "sale+settlement"] {
            let scenario = explore::flow(name).expect("it is a flow");
            let run = reversim::run_with(&scenario, &with_own_switch);
            assert_eq!((run.violation(), run.outcome()), (None, Outcome::Holds), "{name}");
        }
    }

    #[test]
    fn the_search_finds_that_a_lost_reversal_is_lost_for_good() {
        let (sentence, scenario) = search().expect("it loses money");
        assert!(sentence.contains("nothing was taken back"), "{sentence}");
        let lost = describe_fault(scenario.faults.last().expect("there are two faults"));
        assert_eq!(lost, "drop the first 0420 of step 2 from switch-1 to issuer-1");
    }
}
