//! A bench for the issuer's tests: a real line plays the switch, and commits may be slow.

use std::collections::VecDeque;

use super::{AccountSpec, Config, Issuer, Standing};
use crate::card::{Currency, Pan};
use crate::defect::{Defect, Defects};
use crate::device::{Output, Text};
use crate::iso8583::{Element, Envelope, Message, Mti, OriginalData90, ResponseCode};
use crate::line::{Line, MacCheck, Zone};
use crate::node::{
    Action, Actions, Command, Event, Journal, Link, LinkDownReason, Node, Port, Ticket,
};
use crate::record::{Account, IssuerRecord, Kind, Record};
use crate::security::{Key, MacAlgorithm, Pin, PinBlock};
use crate::time::{Date, Duration, Instant, LocalTime, Now};

pub(super) const TODAY: Date = Date { year: 2026, month: 3, day: 31 };
pub(super) const PORT: Port = Port(7);
pub(super) const FUNDS: u64 = 100_000;

/// A transaction as a switch would send it. Tests say what differs.
#[derive(Clone, Copy)]
pub(super) struct Sale {
    pub(super) kind: Kind,
    /// The STAN of what it is about.
    pub(super) original: Option<(Kind, u32)>,
    pub(super) stan: u32,
    pub(super) pan: &'static str,
    pub(super) minor: u64,
    pub(super) pin: Option<&'static str>,
    pub(super) date: &'static str,
}

pub(super) const GOOD: &str = "6224242000000021";
pub(super) const OTHER: &str = "6224242000000039";
pub(super) const LOST: &str = "6224242000000047";
pub(super) const STOLEN: &str = "6224242000000054";
pub(super) const EXPIRED: &str = "6224242000000062";
pub(super) const LIMITED: &str = "6224242000000070";
pub(super) const STRANGER: &str = "6224242000000088";

pub(super) const SALE: Sale = Sale {
    kind: Kind::Sale,
    original: None,
    stan: 7,
    pan: GOOD,
    minor: 1_000,
    pin: Some("1234"),
    date: "0331",
};

impl Sale {
    /// What follows this one, about it, under another STAN.
    pub(super) fn followed(self, kind: Kind, stan: u32) -> Sale {
        Sale { kind, original: Some((self.kind, self.stan)), stan, ..self }
    }

    pub(super) fn message(self) -> Message {
        let mut message = Message::new(self.kind.request())
            .with(Element::PAN, self.pan)
            .with(Element::PROCESSING_CODE, self.kind.network_processing())
            .with(Element::CONDITION_CODE, self.kind.condition())
            .with(Element::TRANSMISSION_TIME, "0331120000")
            .with(Element::SETTLEMENT_DATE, self.date)
            .with(Element::ACQUIRER, "00085500")
            .with(Element::FORWARDER, "00085500")
            .with(Element::TERMINAL, "10000001")
            .with(Element::MERCHANT, "898310053110001")
            .with(Element::CURRENCY, "156");
        message.set_number(Element::AMOUNT, self.minor, 12);
        message.set_number(Element::STAN, u64::from(self.stan), 6);
        message.set_number(Element::RRN, u64::from(self.stan), 12);
        if let Some((kind, stan)) = self.original {
            let original = Sale { kind, original: None, stan, ..self }.message();
            let named = OriginalData90::of_original(&original).expect("it has its identity");
            message.set(Element::ORIGINAL_DATA, named.encode());
        }
        if let Some(pin) = self.pin {
            let pin = Pin::new(pin).expect("a test's PIN is one");
            let block = PinBlock::seal(&pin, self.pan, &zone().pin).expect("a test's card is one");
            message.set(Element::PIN_BLOCK, block.0);
            message.set(Element::SECURITY_CONTROL, "2600000000000000");
        }
        message
    }

    pub(super) fn inquiry(self) -> Message {
        let mut message = self.message().with(Element::PROCESSING_CODE, "300000");
        message.remove(Element::AMOUNT);
        message
    }

    pub(super) fn reversal(self) -> Message {
        let original = self.message();
        let named = OriginalData90::of_original(&original).expect("a sale has its identity");
        let mut message = original
            .with(Element::STAN, "500000")
            .with(Element::PRIVATE_60, "4021")
            .with(Element::ORIGINAL_DATA, named.encode());
        message.set_mti(Mti::REVERSAL_ADVICE);
        message.remove(Element::PIN_BLOCK);
        message.remove(Element::SECURITY_CONTROL);
        message
    }
}

pub(super) fn repeat(mut message: Message) -> Message {
    message.set_mti(message.mti().repeat());
    message
}

pub(super) fn zone() -> Zone {
    Zone {
        pin: Key::new(&[0x31; 16]).expect("sixteen bytes"),
        mac: Key::new(&[0x52; 16]).expect("sixteen bytes"),
        algorithm: MacAlgorithm::X919,
    }
}

pub(super) fn config() -> Config {
    let account = |pan: &str, standing, expiry, day_limit| AccountSpec {
        pan: Pan::new(pan.as_bytes()).expect("a test's card is one"),
        pin: Pin::new("1234").expect("four digits"),
        codes: None,
        escrow: false,
        balance: FUNDS,
        day_limit,
        expiry,
        chip_key: None,
        standing,
    };
    Config {
        institution: 1_020_000,
        lines: vec![(PORT, zone())],
        accounts: vec![
            account(GOOD, Standing::Good, 2912, 0),
            account(OTHER, Standing::Good, 2912, 0),
            account(LOST, Standing::Lost, 2912, 0),
            account(STOLEN, Standing::Stolen, 2912, 0),
            account(EXPIRED, Standing::Good, 2602, 0),
            account(LIMITED, Standing::Good, 2912, 1_500),
        ],
        currency: Currency::CNY,
        business_date: TODAY,
        frame_timeout: Duration::secs(5),
        hold_days: 30,
        zone: 480,
        cache_rows: 0,
        surcharge: 0,
        pin_tries_max: 3,
        texts: true,
        unknown_original_code: ResponseCode::ORIGINAL_NOT_FOUND,
        matches_by_rrn_alone: false,
        credits_declined: false,
        partial_approvals: false,
        clearing: None,
        defects: Defects::NONE,
    }
}

/// An issuer with power, a journal, and a switch on a line to it.
pub(super) struct Bench {
    pub(super) issuer: Issuer,
    pub(super) config: Config,
    line: Line,
    pub(super) link: Link,
    pub(super) now: Instant,
    pub(super) journal: Vec<Record>,
    pub(super) texts: Vec<Text>,
    pub(super) logs: Vec<String>,
    pub(super) hung_up: Vec<Link>,
    /// Ports that it wants to be connected to.
    pub(super) asked: Vec<Port>,
    answers: VecDeque<Message>,
    /// Whether commits wait for [`Bench::commit`].
    pub(super) is_slow: bool,
    parked: VecDeque<VecDeque<Action>>,
    /// Power fails as soon as a record of this name is durable.
    pub(super) cut_after: Option<&'static str>,
}

impl Bench {
    pub(super) fn new() -> Bench {
        Bench::with(config())
    }

    pub(super) fn with_defect(defect: Defect) -> Bench {
        Bench::with(Config { defects: Defects::NONE.with(defect), ..config() })
    }

    pub(super) fn with(config: Config) -> Bench {
        let mut bench = Bench {
            issuer: Issuer::new(config.clone()),
            config,
            line: Line::network(&zone(), Duration::secs(5), Defects::NONE),
            link: Link(0),
            now: Instant(1),
            journal: Vec::new(),
            texts: Vec::new(),
            logs: Vec::new(),
            hung_up: Vec::new(),
            asked: Vec::new(),
            answers: VecDeque::new(),
            is_slow: false,
            parked: VecDeque::new(),
            cut_after: None,
        };
        bench.restart();
        bench
    }

    /// Cuts the power, restores it, and lets the switch connect again.
    pub(super) fn restart(&mut self) {
        self.issuer = Issuer::new(self.config.clone());
        self.parked.clear();
        self.cut_after = None;
        let records = std::mem::take(&mut self.journal);
        let mut actions = Actions::new(Ticket::NONE);
        let journal = Journal { records: &records, torn: None };
        self.issuer.handle(self.at(), Event::Started { journal }, &mut actions);
        self.journal = records;
        self.perform(actions.drain().map(|(_, action)| action).collect());
        self.reconnect();
    }

    pub(super) fn reconnect(&mut self) {
        let reason = LinkDownReason::Reset;
        self.event(Event::LinkDown { link: self.link, reason });
        self.link = Link(self.link.0 + 1);
        self.line.reset();
        self.event(Event::LinkUp { port: PORT, link: self.link });
    }

    fn at(&self) -> Now {
        let passed = i64::try_from(self.now.0).unwrap_or(i64::MAX);
        Now { instant: self.now, local: LocalTime::new(TODAY, 0).plus(passed) }
    }

    pub(super) fn event(&mut self, event: Event<'_>) {
        let mut actions = Actions::new(Ticket(1));
        self.issuer.handle(self.at(), event, &mut actions);
        self.perform(actions.drain().map(|(_, action)| action).collect());
    }

    pub(super) fn command(&mut self, command: Command) {
        self.event(Event::Commanded(command));
    }

    fn perform(&mut self, list: VecDeque<Action>) {
        self.perform_from(list, !self.is_slow);
    }

    /// Performs actions until they are done, or a commit must wait that `may_write` does not allow.
    fn perform_from(&mut self, mut list: VecDeque<Action>, mut may_write: bool) {
        while let Some(action) = list.pop_front() {
            match action {
                Action::Record(_) if !may_write => {
                    list.push_front(action);
                    return self.parked.push_back(list);
                }
                Action::Record(record) => {
                    let is_last = !matches!(list.front(), Some(Action::Record(_)));
                    let is_cut = self.cut_after == Some(record.name());
                    self.journal.push(record);
                    if is_cut {
                        return self.restart();
                    }
                    if is_last {
                        self.event(Event::Committed);
                        may_write = !self.is_slow;
                    }
                }
                Action::Send { link, frame } => self.read(link, &frame),
                Action::Disconnect(link) => self.hung_up.push(link),
                Action::Tell { output: Output::Text(text), .. } => self.texts.push(text),
                Action::Tell { output: Output::Log(words), .. } => self.logs.push(words),
                Action::Tell { output: Output::Desk(_), .. } => {}
                Action::Connect(port) => self.asked.push(port),
                other => panic!("an issuer does not ask for {other:?}"),
            }
        }
    }

    /// The oldest slow commit is durable.
    pub(super) fn commit(&mut self) {
        let list = self.parked.pop_front().expect("the test knows of a commit under way");
        self.perform_from(list, true);
    }

    /// The oldest slow commit, if there is one, is durable.
    pub(super) fn commit_if_any(&mut self) {
        if !self.parked.is_empty() {
            self.commit();
        }
    }

    fn read(&mut self, link: Link, frame: &[u8]) {
        if link != self.link {
            return;
        }
        self.line.receive(self.now, frame);
        while let Some(next) = self.line.next() {
            let incoming = next.expect("an issuer's answers decode");
            let is_sealed = matches!(incoming.message.mti().class(), 1 | 2 | 4);
            let expected = if is_sealed { MacCheck::Valid } else { MacCheck::Absent };
            assert_eq!(incoming.mac, expected);
            self.answers.push_back(incoming.message);
        }
    }

    pub(super) fn seal(&self, message: &Message) -> Vec<u8> {
        self.line.seal(message, Envelope::default()).expect("a test's message encodes")
    }

    pub(super) fn send(&mut self, message: &Message) {
        let bytes = self.seal(message);
        self.receive(&bytes);
    }

    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.event(Event::Received { link: self.link, bytes });
    }

    pub(super) fn answer(&mut self) -> Option<Message> {
        self.answers.pop_front()
    }

    /// Sends, and gives the answer.
    pub(super) fn ask(&mut self, message: &Message) -> Message {
        assert!(self.answers.is_empty(), "an answer nobody has read");
        self.send(message);
        self.answer().expect("a healthy issuer answers")
    }

    /// Sends, and gives element 39 of the answer.
    pub(super) fn code(&mut self, message: &Message) -> String {
        let answer = self.ask(message);
        answer.text(Element::RESPONSE_CODE).expect("every answer has a code").to_owned()
    }

    /// As [`Bench::code`], passing over answers nobody has read.
    pub(super) fn code_after_all(&mut self, message: &Message) -> String {
        self.answers.clear();
        self.code(message)
    }

    /// What the card's account holds, by the records.
    pub(super) fn holds(&self, pan: &str) -> i64 {
        let number = self.config.accounts.iter().position(|card| card.pan.as_str() == pan);
        let number = number.expect("a card of the bench") as u32;
        self.issuer_records()
            .flat_map(|record| match record {
                IssuerRecord::Opened { legs }
                | IssuerRecord::Decided { legs, .. }
                | IssuerRecord::Reversed { legs, .. }
                | IssuerRecord::PresentmentTaken { legs, .. }
                | IssuerRecord::SuspenseOpened { legs, .. }
                | IssuerRecord::HoldExpired { legs, .. }
                | IssuerRecord::SuspenseClosed { legs, .. } => &**legs,
                IssuerRecord::ReturnBuilt { .. }
                | IssuerRecord::FileDelivered { .. }
                | IssuerRecord::CutOver { .. } => &[],
            })
            .filter(|leg| leg.account == Account::Cardholder(number))
            .map(|leg| leg.minor)
            .sum()
    }

    pub(super) fn issuer_records(&self) -> impl Iterator<Item = &IssuerRecord> {
        self.journal.iter().filter_map(|record| match record {
            Record::Issuer(record) => Some(record),
            _ => None,
        })
    }

    /// How many records of this name there are.
    pub(super) fn count(&self, name: &str) -> usize {
        self.journal.iter().filter(|record| record.name() == name).count()
    }
}
