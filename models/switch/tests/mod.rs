//! Tests of the switch: real line ends play terminals, an issuer and another switch.

mod advice;
mod chain;
mod claims;
mod defects;
mod defects_requests;
mod defects_saf;
mod durability;
mod extracts;
mod follow;
mod lines;
mod order;
mod properties;
mod reversals;
mod routes;
mod sales;
mod settlement;
mod sign_on;
mod stand_in;
mod told;

use std::collections::BTreeMap;

use super::{Config, Downstream, Peer, Switch, Upstream};
use crate::card::Currency;
use crate::claim::DeskNote;
use crate::defect::{Defect, Defects};
use crate::device::Output;
use crate::iso8583::{Element, Envelope, Message, Mti, ResponseCode};
use crate::line::{Incoming, Line, MacCheck, Zone};
use crate::node::{
    Action, Actions, Command, Event, Journal, Link, LinkDownReason, Node, Port, Ticket,
};
use crate::record::{NetworkKey, Record, SwitchRecord};
use crate::security::{Key, MacAlgorithm, Pin, PinBlock, WorkKeys};
use crate::time::{Date, Duration, Instant, LocalTime, Now};

const TERMINAL: Port = Port(1);
const OTHER_TERMINAL: Port = Port(2);
const PEER: Port = Port(3);
const ISSUER: Port = Port(10);
const OTHER_ISSUER: Port = Port(11);
const RETURNS: Port = Port(21);

const PAN: &str = "6224242000000021";
const OTHER_PAN: &str = "6224243000000039";
const MERCHANT: &[u8; 15] = b"898110054110001";
const DAY: Date = Date { year: 2026, month: 6, day: 1 };

const TIMEOUT: Duration = Duration::secs(10);
const RETRY: Duration = Duration::secs(20);

fn key(number: u8) -> Key {
    Key::new(&[number; 16]).unwrap()
}

fn zone(number: u8) -> Zone {
    Zone { pin: key(number), mac: key(number + 1), algorithm: MacAlgorithm::X919 }
}

fn terminal_id(port: Port) -> [u8; 8] {
    let mut id = *b"T0000000";
    id[7] += port.0 as u8;
    id
}

fn config() -> Config {
    let terminal = |port| Downstream {
        port,
        peer: Peer::Terminal {
            terminal: terminal_id(port),
            merchant: *MERCHANT,
            master_key: key(port.0 as u8),
        },
    };
    let upstream = |port: Port, bin: &str| Upstream {
        port,
        bins: vec![bin.to_owned()],
        zone: zone(port.0 as u8 * 10),
        pool: 1,
    };
    Config {
        institution: 1_020_000,
        downstream: vec![
            terminal(TERMINAL),
            terminal(OTHER_TERMINAL),
            Downstream { port: PEER, peer: Peer::Switch { zone: zone(30) } },
        ],
        upstream: vec![upstream(ISSUER, "622424"), upstream(OTHER_ISSUER, "6224243")],
        currency: Currency::CNY,
        key_seed: key(99),
        business_date: DAY,
        response_timeout: TIMEOUT,
        frame_timeout: Duration::secs(2),
        echo_interval: None,
        saf_retry: RETRY,
        saf_attempts: 3,
        saf_max: 10,
        stan_max: 999_999,
        timeout_code: ResponseCode::ISSUER_TIMED_OUT,
        card_spacing: Duration::ZERO,
        hold_for: Duration::ZERO,
        zone: 480,
        answers_advices: true,
        instant_payout: None,
        stand_in_max: 0,
        refund_days: 30,
        tip_percent: 20,
        claim_days: 30,
        amount_min: 0,
        sales_per_card_max: 0,
        clearing: None,
        defects: Defects::NONE,
    }
}

fn with_defect(defect: Option<Defect>) -> Config {
    Config { defects: defect.into_iter().collect(), ..config() }
}

/// The far end of a link.
struct FarEnd {
    link: Link,
    port: Port,
    line: Line,
    heard: Vec<(Message, MacCheck)>,
}

/// A switch with everything around it under the test's control.
struct Bench {
    config: Config,
    switch: Switch,
    now: Now,
    journal: Vec<Record>,
    ends: Vec<FarEnd>,
    /// MAC keys that terminals hold.
    macs: BTreeMap<Port, Key>,
    asked: Vec<Port>,
    hung_up: Vec<Link>,
    logs: Vec<String>,
    /// What was said at the claims desk.
    notes: Vec<DeskNote>,
    /// What was done and about which wish, in words.
    done: Vec<(Ticket, String)>,
    ticket: Ticket,
    last_link: u32,
    /// Commits that are not yet reported, if the disk is slow.
    slow_commits: Option<u32>,
    /// Actions that power is left for, if it is about to fail.
    power: Option<usize>,
}

impl Bench {
    /// A switch just started, without a line.
    fn bare(config: Config) -> Bench {
        let now = Now { instant: Instant(1_000_000), local: LocalTime::new(DAY, 12 * 3600) };
        let mut bench = Bench {
            switch: Switch::new(config.clone()),
            config,
            now,
            journal: Vec::new(),
            ends: Vec::new(),
            macs: BTreeMap::new(),
            asked: Vec::new(),
            hung_up: Vec::new(),
            logs: Vec::new(),
            notes: Vec::new(),
            done: Vec::new(),
            ticket: Ticket::NONE,
            last_link: 0,
            slow_commits: None,
            power: None,
        };
        bench.handle(Event::Started { journal: Journal::EMPTY });
        bench
    }

    /// With a line to everybody, and the first terminal signed on.
    fn new(config: Config) -> Bench {
        let mut bench = Bench::bare(config);
        bench.link_all();
        bench.sign_on(TERMINAL);
        bench
    }

    fn link_all(&mut self) {
        for port in [TERMINAL, OTHER_TERMINAL, PEER, ISSUER, OTHER_ISSUER] {
            self.link_up(port);
        }
    }

    fn link_up(&mut self, port: Port) -> Link {
        self.last_link += 1;
        let link = Link(self.last_link);
        let line = match port {
            PEER => Line::network(&zone(30), TIMEOUT, Defects::NONE),
            RETURNS => Line::network(&zone(40), TIMEOUT, Defects::NONE),
            ISSUER | OTHER_ISSUER => {
                Line::network(&zone(port.0 as u8 * 10), TIMEOUT, Defects::NONE)
            }
            _ => Line::pos(self.macs.get(&port).cloned(), TIMEOUT, Defects::NONE),
        };
        self.ends.push(FarEnd { link, port, line, heard: Vec::new() });
        self.handle(Event::LinkUp { port, link });
        link
    }

    fn link_down(&mut self, port: Port) {
        let link = self.end_of(port).map(|end| end.link).unwrap();
        self.ends.retain(|end| end.link != link);
        self.handle(Event::LinkDown { link, reason: LinkDownReason::Reset });
    }

    /// The newest link of a port.
    fn end_of(&self, port: Port) -> Option<&FarEnd> {
        self.ends.iter().rev().find(|end| end.port == port)
    }

    fn handle(&mut self, event: Event<'_>) {
        let mut actions = Actions::new(self.ticket);
        self.switch.handle(self.now, event, &mut actions);
        let list: Vec<(Ticket, Action)> = actions.drain().collect();
        let mut commits = 0;
        let mut was_record = false;
        for (ticket, action) in list {
            match &mut self.power {
                None => {}
                Some(0) => return,
                Some(left) => *left -= 1,
            }
            commits += u32::from(matches!(action, Action::Record(_)) && !was_record);
            was_record = matches!(action, Action::Record(_));
            self.perform(ticket, action);
        }
        match &mut self.slow_commits {
            Some(waiting) => *waiting += commits,
            None => (0..commits).for_each(|_| self.handle(Event::Committed)),
        }
    }

    fn perform(&mut self, ticket: Ticket, action: Action) {
        match action {
            Action::Record(record) => {
                self.done.push((ticket, record.name().to_owned()));
                self.journal.push(record);
            }
            Action::Connect(port) => self.asked.push(port),
            Action::Disconnect(link) => {
                self.hung_up.push(link);
                self.ends.retain(|end| end.link != link);
            }
            Action::Tell { output: Output::Log(line), .. } => self.logs.push(line),
            Action::Tell { output: Output::Desk(note), .. } => self.notes.push(note),
            Action::Tell { .. } => {}
            Action::Send { link, frame } => {
                let Some(end) = self.ends.iter_mut().find(|end| end.link == link) else { return };
                end.line.receive(self.now.instant, &frame);
                while let Some(read) = end.line.next() {
                    let Incoming { message, mac, .. } = read.expect("the switch sends messages");
                    self.done.push((ticket, message.mti().to_string()));
                    end.heard.push((message, mac));
                }
            }
        }
    }

    /// Loses power and comes back without lines.
    fn restart(&mut self) {
        self.power = None;
        self.ends.clear();
        let journal = self.journal.clone();
        self.switch = Switch::new(self.config.clone());
        self.handle(Event::Started { journal: Journal { records: &journal, torn: None } });
    }

    /// Lets time pass, with every wake-up on the way.
    fn wait(&mut self, length: Duration) {
        let end = self.now.instant + length;
        while let Some(at) = self.switch.deadline().filter(|at| *at <= end) {
            self.advance(at.max(self.now.instant));
            self.handle(Event::DeadlineReached);
        }
        self.advance(end);
    }

    fn advance(&mut self, to: Instant) {
        let passed = to.since(self.now.instant);
        self.now = Now { instant: to, local: self.now.local.plus(passed.0 as i64) };
    }

    /// Seals a message at the far end of a port and gives it to the switch.
    fn tell(&mut self, port: Port, message: &Message) {
        let end = self.end_of(port).expect("a link stands");
        let (link, frame) = (end.link, end.line.seal(message, Envelope::default()).unwrap());
        self.handle(Event::Received { link, bytes: &frame });
    }

    /// What a port has heard since it was asked last.
    fn heard(&mut self, port: Port) -> Vec<Message> {
        self.heard_sealed(port).into_iter().map(|(message, _)| message).collect()
    }

    fn heard_sealed(&mut self, port: Port) -> Vec<(Message, MacCheck)> {
        let ends = self.ends.iter_mut().filter(|end| end.port == port);
        ends.flat_map(|end| end.heard.drain(..)).collect()
    }

    /// The only message a port has heard.
    fn heard_one(&mut self, port: Port) -> Message {
        let mut heard = self.heard(port);
        assert_eq!(heard.len(), 1, "{heard:?}");
        heard.remove(0)
    }

    /// The response code of the only message a port has heard.
    fn code(&mut self, port: Port) -> ResponseCode {
        code_of(&self.heard_one(port))
    }

    fn sign_on(&mut self, port: Port) {
        self.tell(port, &sign_on(port, 1));
        let answer = self.heard_one(port);
        assert_eq!(code_of(&answer), ResponseCode::APPROVED);
        self.take_keys(port, &answer);
    }

    /// Loads the keys of a 0810 at the far end.
    fn take_keys(&mut self, port: Port, answer: &Message) {
        let sealed = answer.get(Element::PRIVATE_62).expect("keys");
        let keys = WorkKeys::open(sealed, &key(port.0 as u8), 3).expect("good keys");
        for end in self.ends.iter_mut().filter(|end| end.port == port) {
            end.line.set_mac_key(Some(keys.mac.clone()));
        }
        self.macs.insert(port, keys.mac);
    }

    /// Sends a sale and returns what went upstream.
    fn forwarded(&mut self, sale: &Message) -> Message {
        self.tell(TERMINAL, sale);
        let is_request = |heard: &(Message, MacCheck)| heard.0.mti() == Mti::FINANCIAL_REQUEST;
        let mut ends = self.ends.iter_mut().filter(|end| end.port == ISSUER);
        let found = ends.find_map(|end| {
            let at = end.heard.iter().position(is_request)?;
            Some(end.heard.remove(at).0)
        });
        found.expect("a 0200 upstream")
    }

    /// A sale from swipe to slip.
    fn sell(&mut self, stan: u32) {
        let request = self.forwarded(&sale(stan));
        self.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
        assert_eq!(self.code(TERMINAL), ResponseCode::APPROVED);
    }

    fn records(&self) -> Vec<&'static str> {
        self.journal.iter().map(Record::name).collect()
    }

    fn count(&self, name: &str) -> usize {
        self.journal.iter().filter(|record| record.name() == name).count()
    }

    fn last_record(&self) -> &SwitchRecord {
        match self.journal.last() {
            Some(Record::Switch(record)) => record,
            other => panic!("no record of a switch: {other:?}"),
        }
    }

    /// What was done since the last call, in words.
    fn done(&mut self) -> Vec<String> {
        std::mem::take(&mut self.done).into_iter().map(|(_, what)| what).collect()
    }
}

fn code_of(message: &Message) -> ResponseCode {
    ResponseCode::parse(message.get(Element::RESPONSE_CODE).expect("element 39")).unwrap()
}

fn from_terminal(mti: Mti, port: Port, stan: u32) -> Message {
    let mut message = Message::new(mti)
        .with(Element::TERMINAL, terminal_id(port))
        .with(Element::MERCHANT, MERCHANT);
    message.set_number(Element::STAN, stan.into(), 6);
    message
}

fn sign_on(port: Port, stan: u32) -> Message {
    from_terminal(Mti::NETWORK_REQUEST, port, stan)
        .with(Element::PRIVATE_60, "00000000003")
        .with(Element::PRIVATE_62, "Sequence No0812345678")
        .with(Element::PRIVATE_63, "01 ")
}

/// A sale of 10.00 without PIN at the first terminal; change what differs.
fn sale(stan: u32) -> Message {
    sale_at(TERMINAL, stan)
}

fn sale_at(port: Port, stan: u32) -> Message {
    from_terminal(Mti::FINANCIAL_REQUEST, port, stan)
        .with(Element::PAN, PAN)
        .with(Element::PROCESSING_CODE, "000000")
        .with(Element::AMOUNT, "000000001000")
        .with(Element::EXPIRY, "3012")
        .with(Element::ENTRY_MODE, "022")
        .with(Element::CONDITION_CODE, "00")
        .with(Element::TRACK_2, format!("{PAN}D30122010000000000000"))
        .with(Element::CURRENCY, "156")
        .with(Element::PRIVATE_60, "2200000100060")
}

fn inquiry(stan: u32) -> Message {
    let mut message = sale(stan).with(Element::PROCESSING_CODE, "310000");
    message.remove(Element::AMOUNT);
    message.with(Element::PRIVATE_60, "0100000100060")
}

/// The 0400 of a sale.
fn reversal(sale: &Message) -> Message {
    let mut message = Message::new(Mti::REVERSAL_REQUEST);
    message.copy_from(
        sale,
        &[
            Element::PAN,
            Element::PROCESSING_CODE,
            Element::AMOUNT,
            Element::STAN,
            Element::EXPIRY,
            Element::ENTRY_MODE,
            Element::CONDITION_CODE,
            Element::TERMINAL,
            Element::MERCHANT,
            Element::CURRENCY,
            Element::PRIVATE_60,
        ],
    );
    message.with(Element::RESPONSE_CODE, "98")
}

/// What an issuer answers a 0200, a 0420 or a 0421.
fn answer(request: &Message, code: ResponseCode) -> Message {
    let mut message = Message::new(request.mti().response());
    for (element, value) in request.elements() {
        if !matches!(element.0, 12 | 13 | 14 | 18 | 22 | 25 | 26 | 52 | 53 | 60 | 128) {
            message.set(element, value);
        }
    }
    if code.is_approval() && request.mti() == Mti::FINANCIAL_REQUEST {
        message.set(Element::AUTHORIZATION_CODE, "A12345");
    }
    message.with(Element::RESPONSE_CODE, code.0)
}

fn network_key(message: &Message) -> NetworkKey {
    NetworkKey::of(message).expect("elements 7, 11, 32 and 33")
}
