//! Any bytes and events into any party: no panic, and no money moves without a valid MAC.
//!
//! The fuzzer holds no key, so it can never authenticate anything: whatever it says, no party may
//! record that a transaction was approved, decided, forwarded or reversed on its word.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use reversim::party::Party;
use reversim::scenario::Scenario;
use reversim::stage::{Config, config_of};
use reversim_models::card::{Amount, Pan};
use reversim_models::claim::ClaimSlip;
use reversim_models::device::{ChipData, Device, Outcome};
use reversim_models::iso8583::{Challenge, Element, Envelope, Icc55, Message, Mti, NETWORK, POS};
use reversim_models::node::{
    Action, Actions, Command, Event, Journal, Link, LinkDownReason, Node, Port, Ticket,
};
use reversim_models::record::{IssuerRecord, Kind, Record, SwitchRecord, TerminalRecord};
use reversim_models::security::Pin;
use reversim_models::time::{Date, Duration, Instant, LocalTime, Now};

#[derive(Arbitrary, Debug)]
struct Input {
    party: u8,
    with_pin: bool,
    happenings: Vec<Happening>,
}

#[derive(Arbitrary, Debug)]
enum Happening {
    Bytes(u8, Vec<u8>),
    Said { link: u8, mti: u16, elements: Vec<(u8, Vec<u8>)> },
    LinkUp(u8),
    LinkDown(u8),
    ConnectFailed(u8),
    Time(u32),
    Committed,
    Printed(bool),
    Pin(bool),
    SignOn,
    Sale(u32),
    Inquiry,
    Settle,
    Reprint(Option<u16>),
    Echo,
    CutOver,
    Maintenance,
    WithdrawKeys(u8),
    PowerLoss,
    Card(u8),
    Download,
    Claim(Option<u32>),
    LookUp(Option<u32>),
    Retrieve(u32),
    PreAuth(u32),
    Follow(u8, u32, u16),
    Void(u16),
}

fuzz_target!(|input: Input| {
    let parties = [Party::terminal(1), Party::switch(1), Party::issuer(1)];
    let who = parties[usize::from(input.party % 3)];
    let mut scenario = Scenario::default();
    scenario.policy.pin = input.with_pin;
    let Some(config) = config_of(&scenario, who) else { return };
    let mut world = World::new(config);
    for happening in input.happenings.into_iter().take(64) {
        world.happen(happening);
    }
});

struct World {
    config: Config,
    node: Box<dyn Node>,
    journal: Vec<Record>,
    now: u64,
    link: u32,
}

impl World {
    fn new(config: Config) -> World {
        let node = config.build();
        let mut world = World { config, node, journal: Vec::new(), now: 0, link: 0 };
        world.start();
        world
    }

    fn start(&mut self) {
        self.node = self.config.build();
        let journal = std::mem::take(&mut self.journal);
        let event = Event::Started { journal: Journal { records: &journal, torn: None } };
        let mut actions = Actions::new(Ticket::NONE);
        self.node.handle(self.time(), event, &mut actions);
        self.journal = journal;
        self.perform(actions);
    }

    fn time(&self) -> Now {
        let date = Date { year: 2026, month: 5, day: 30 };
        let local = LocalTime::new(date, 0).plus(self.now as i64);
        Now { instant: Instant(self.now), local }
    }

    fn handle(&mut self, event: Event<'_>) {
        let mut actions = Actions::new(Ticket(1));
        self.node.handle(self.time(), event, &mut actions);
        self.perform(actions);
    }

    fn perform(&mut self, mut actions: Actions) {
        for (_, action) in actions.drain() {
            if let Action::Record(record) = action {
                assert!(!moves_money(&record), "without a valid MAC: {record:?}");
                self.journal.push(record);
            }
        }
        if let Some(deadline) = self.node.deadline() {
            assert!(deadline.0 < u64::MAX / 2, "a deadline that never comes");
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Bytes(link, bytes) => {
                let link = Link(u32::from(link % 4) + 1);
                self.handle(Event::Received { link, bytes: &bytes });
            }
            Happening::Said { link, mti, elements } => self.say(link, mti, elements),
            Happening::LinkUp(port) => {
                self.link += 1;
                let link = Link(self.link);
                self.handle(Event::LinkUp { port: Port(u16::from(port % 3)), link });
            }
            Happening::LinkDown(link) => {
                let link = Link(u32::from(link % 4) + 1);
                self.handle(Event::LinkDown { link, reason: LinkDownReason::Reset });
            }
            Happening::ConnectFailed(port) => {
                self.handle(Event::ConnectFailed { port: Port(u16::from(port % 3)) });
            }
            Happening::Time(millis) => {
                self.now += u64::from(millis % 100_000) * 1_000;
                self.handle(Event::DeadlineReached);
            }
            Happening::Committed => self.handle(Event::Committed),
            Happening::Printed(is_out) => {
                let outcome = if is_out { Outcome::Printed } else { Outcome::NotPrinted };
                self.handle(Event::Told { device: Device::Printer, outcome });
            }
            Happening::Pin(is_entered) => {
                let outcome = match Pin::new("123001") {
                    Some(pin) if is_entered => Outcome::PinEntered(pin),
                    _ => Outcome::PinCancelled,
                };
                self.handle(Event::Told { device: Device::PinPad, outcome });
            }
            Happening::Card(number) => {
                let outcome = match number % 8 {
                    0 => Outcome::CardRead,
                    1 => Outcome::CardUnreadable,
                    2 => Outcome::ChipDataMissing(ChipData::PublicKeys),
                    3 => Outcome::KernelFailed,
                    4 => Outcome::CardAccepted,
                    5 => Outcome::CardDeclined,
                    6 => Outcome::CardPulled,
                    _ => Outcome::Cryptogram(icc(number)),
                };
                self.handle(Event::Told { device: Device::CardReader, outcome });
            }
            Happening::PowerLoss => self.start(),
            other => self.command(other),
        }
    }

    fn command(&mut self, happening: Happening) {
        use reversim_models::card::{Card, Voucher};
        let ticket = Ticket(1);
        let Some(pan) = Pan::new(b"6224210000000018") else { return };
        let has_chip = matches!(happening, Happening::Sale(minor) if minor % 2 == 1);
        let card = Card { pan, expiry: 3012, has_chip };
        let command = match happening {
            Happening::Sale(minor) => {
                Command::Sale { ticket, amount: Amount::cny(u64::from(minor)), card }
            }
            Happening::PreAuth(minor) => {
                Command::PreAuth { ticket, amount: Amount::cny(u64::from(minor)), card }
            }
            Happening::Follow(kind, minor, stan) => {
                let kind = Kind::ALL[usize::from(kind) % Kind::ALL.len()];
                let (amount, stan) = (Amount::cny(u64::from(minor)), u32::from(stan));
                let (rrn, authorization) = ([b'0'; 12], Some(*b"A12345"));
                let original = Voucher { batch: 1, stan, date: 530, rrn, authorization };
                Command::Follow { ticket, kind, amount, card, original, password: *b"123456" }
            }
            Happening::Void(voucher) => {
                let voucher = u32::from(voucher);
                Command::Void { ticket, voucher, card, password: *b"123456" }
            }
            Happening::Inquiry => Command::Inquiry { ticket, card },
            Happening::Settle => Command::Settle { ticket },
            Happening::Reprint(voucher) => {
                Command::Reprint { ticket, voucher: voucher.map(u32::from) }
            }
            Happening::Download => Command::Download { ticket },
            Happening::Echo => Command::Echo { ticket },
            Happening::CutOver => {
                let date = Date { year: 2026, month: 5, day: 31 };
                Command::CutOver { date, window: Duration::secs(5) }
            }
            Happening::Maintenance => Command::Maintenance { window: Duration::secs(60) },
            Happening::WithdrawKeys(port) => {
                Command::WithdrawKeys { port: Port(u16::from(port % 3)) }
            }
            Happening::Claim(voucher) => Command::Claim { ticket, slip: slip(pan, voucher) },
            Happening::LookUp(voucher) => Command::LookUp { ticket, slip: slip(pan, voucher) },
            Happening::Retrieve(minor) => {
                Command::Retrieve { ticket, pan, amount: Amount::cny(u64::from(minor)) }
            }
            _ => Command::SignOn { ticket },
        };
        self.handle(Event::Commanded(command));
    }

    /// A well-formed message with whatever MAC the fuzzer made up.
    fn say(&mut self, link: u8, mti: u16, elements: Vec<(u8, Vec<u8>)>) {
        let known = [
            0x0100, 0x0110, 0x0200, 0x0210, 0x0220, 0x0221, 0x0230, 0x0400, 0x0410, 0x0420, 0x0430,
            0x0500, 0x0510, 0x0320, 0x0330, 0x0800, 0x0810, 0x0820, 0x0830,
        ];
        let Some(mti) = Mti::from_bcd(known[usize::from(mti) % known.len()]) else { return };
        let mut message = Message::new(mti)
            .with(Element::STAN, "000001")
            .with(Element::TERMINAL, "22003001")
            .with(Element::MERCHANT, "104512541110001")
            .with(Element::RESPONSE_CODE, "00");
        for (element, value) in elements.into_iter().take(24) {
            message.set(Element(element), &value);
        }
        for dialect in [&POS, &NETWORK] {
            let mut body = Vec::new();
            if dialect.encode(&message, &mut body).is_ok() {
                let frame = dialect.framing.wrap(Envelope::default(), &body);
                let link = Link(u32::from(link % 4) + 1);
                self.handle(Event::Received { link, bytes: &frame });
            }
        }
    }
}

/// What no chip signed.
fn icc(number: u8) -> Icc55 {
    let challenge = Challenge {
        amount: number.into(),
        currency: 156,
        date: 260_530,
        transaction_type: 0,
        results: [0; 5],
        unpredictable: [number; 4],
    };
    let (profile, application_data, cryptogram) = ([0; 2], [0; 8], [number; 8]);
    Icc55 { challenge, profile, counter: number.into(), application_data, cryptogram }
}

/// Records that say something about a transaction because a peer said so.
fn moves_money(record: &Record) -> bool {
    match record {
        Record::Terminal(record) => matches!(
            record,
            TerminalRecord::Approved { .. }
                | TerminalRecord::Declined { .. }
                | TerminalRecord::Reversed { .. }
        ),
        Record::Switch(record) => matches!(
            record,
            SwitchRecord::Forwarded { .. }
                | SwitchRecord::ReversalAccepted { .. }
                | SwitchRecord::LateAnswerAbsorbed { .. }
                | SwitchRecord::AdviceQueued { .. }
                | SwitchRecord::AdviceCompleted { .. }
        ),
        Record::Issuer(record) => {
            matches!(record, IssuerRecord::Decided { .. } | IssuerRecord::Reversed { .. })
        }
        Record::Clearing(_) | Record::Own(_) => false,
    }
}

/// What a merchant wrote down.
fn slip(pan: Pan, voucher: Option<u32>) -> ClaimSlip {
    let at = LocalTime::new(Date { year: 2026, month: 5, day: 30 }, 36_000);
    ClaimSlip { pan, amount: Amount::cny(1_000), merchant: *b"104512541110001", at, voucher }
}
