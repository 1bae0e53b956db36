//! The sentences of the terminal, played against a host that the test speaks for.

mod advice;
mod chip;
mod defects;
mod follow;
mod line;
mod order;
mod power;
mod reversal;
mod selling;
mod settlement;
mod told;

use super::{Config, HOST, Terminal};
use crate::card::{Amount, Card, Currency, Pan};
use crate::chip::Chip;
use crate::defect::{Defect, Defects};
use crate::device::{CardCommand, Device, Display, Outcome, Output, Slip};
use crate::iso8583::{
    Balance54, BalanceSign, Element, Envelope, Message, Mti, Private60, ResponseCode, Settlement48,
};
use crate::line::{Line, LineError};
use crate::node::{Action, Actions, Command, Event, Journal, Link, LinkDownReason, Node, Ticket};
use crate::record::{Record, TerminalRecord};
use crate::security::{Key, Pin, PinBlock, WorkKeys};
use crate::time::{Date, Duration, Instant, LocalTime, Now};
use std::collections::VecDeque;

pub(super) const TIMEOUT: Duration = Duration::secs(10);
pub(super) const PRICE: Amount = Amount::cny(50_000);
pub(super) const PAN: &str = "6224242000000021";

pub(super) fn card() -> Card {
    Card { pan: Pan::new(PAN.as_bytes()).unwrap(), expiry: 2912, has_chip: false }
}

pub(super) fn config() -> Config {
    Config {
        terminal: *b"10000001",
        merchant: *b"898111154110001",
        currency: Currency::CNY,
        master_key: Key::new(&[0x31; 16]).unwrap(),
        tpdu: [0x60, 0, 1, 0, 0],
        supervisor_password: *b"123456",
        response_timeout: TIMEOUT,
        frame_timeout: Duration::secs(2),
        echo_interval: None,
        reversal_attempts: 3,
        order_queries: 2,
        management_attempts: 2,
        stan_max: 999_999,
        stan_start: 0,
        batch_max: 500,
        clears_on_not_found: true,
        trusts_unsigned_declines: false,
        asks_for_pin: false,
        defects: Defects::NONE,
    }
}

/// What the terminal is told next.
enum Next {
    LinkUp(Link),
    ConnectFailed,
    Told(Device, Outcome),
}

/// A terminal on a counter, with devices that answer at once and a host that answers when told to.
pub(super) struct Counter {
    pub(super) config: Config,
    terminal: Terminal,
    pub(super) now: Now,
    pub(super) link: Option<Link>,
    links: u32,
    /// Whether a connection comes about, and whether what is sent arrives.
    pub(super) has_line: bool,
    pub(super) has_paper: bool,
    pub(super) pin: Option<Pin>,
    chip: Chip,
    /// What the reader answers first; then it does as it is told.
    pub(super) reader: VecDeque<Outcome>,
    /// What the chip says to an approval; none for nothing.
    pub(super) last_word: Option<Outcome>,
    host: Line,
    pub(super) generation: u64,
    pub(super) batch: u32,
    pub(super) journal: Vec<TerminalRecord>,
    /// Records of its own that it wrote.
    pub(super) kept: usize,
    /// Everything done, in order.
    pub(super) done: Vec<(Ticket, Action)>,
    /// What the host received, in order.
    pub(super) sent: Vec<Message>,
    answered: usize,
    /// Actions until power fails, and whether a record is torn then.
    pub(super) power: Option<usize>,
    pub(super) tears: bool,
    torn: Option<Record>,
}

impl Counter {
    pub(super) fn new(config: Config) -> Counter {
        let local = LocalTime::new(Date { year: 2026, month: 5, day: 30 }, 36_000);
        let mut counter = Counter {
            terminal: Terminal::new(config.clone()),
            now: Now { instant: Instant::START, local },
            link: None,
            links: 0,
            has_line: true,
            has_paper: true,
            pin: Pin::new("123456"),
            chip: Chip::new(Key::new(&[0x43; 16]).unwrap()),
            reader: VecDeque::new(),
            last_word: Some(Outcome::CardAccepted),
            host: host_line(&config),
            generation: 0,
            batch: 7,
            journal: Vec::new(),
            kept: 0,
            done: Vec::new(),
            sent: Vec::new(),
            answered: 0,
            power: None,
            tears: false,
            torn: None,
            config,
        };
        counter.tell(Event::Started { journal: Journal::EMPTY });
        counter
    }

    /// A correct terminal that has signed on.
    pub(super) fn signed_on() -> Counter {
        Counter::with(|_| {})
    }

    /// A signed-on terminal with this set up otherwise.
    pub(super) fn with(change: impl FnOnce(&mut Config)) -> Counter {
        let mut config = config();
        change(&mut config);
        let mut counter = Counter::new(config);
        counter.sign_on();
        counter
    }

    /// A signed-on terminal with this defect.
    pub(super) fn planted(defect: Defect) -> Counter {
        Counter::with(|config| config.defects = Defects::NONE.with(defect))
    }

    pub(super) fn tell(&mut self, event: Event<'_>) {
        let mut actions = Actions::new(Ticket::NONE);
        self.terminal.handle(self.now, event, &mut actions);
        let mut queue = VecDeque::new();
        let mut has_power = self.perform(&mut actions, &mut queue);
        while let Some(next) = queue.pop_front().filter(|_| has_power) {
            let event = match next {
                Next::LinkUp(link) => Event::LinkUp { port: HOST, link },
                Next::ConnectFailed => Event::ConnectFailed { port: HOST },
                Next::Told(device, outcome) => Event::Told { device, outcome },
            };
            actions.reset(Ticket::NONE);
            self.terminal.handle(self.now, event, &mut actions);
            has_power = self.perform(&mut actions, &mut queue);
        }
    }

    /// False if power failed on the way, and everything began again.
    fn perform(&mut self, actions: &mut Actions, queue: &mut VecDeque<Next>) -> bool {
        let list: Vec<_> = actions.drain().collect();
        for (ticket, action) in list {
            match &mut self.power {
                Some(0) => {
                    if let (Action::Record(record), true) = (&action, self.tears) {
                        self.torn = Some(record.clone());
                    }
                    self.power = None;
                    self.power_returns();
                    return false;
                }
                Some(left) => *left -= 1,
                None => {}
            }
            self.done.push((ticket, action.clone()));
            match action {
                Action::Record(Record::Terminal(record)) => self.journal.push(record),
                Action::Record(Record::Own(_)) => self.kept += 1,
                Action::Record(_) => unreachable!("a terminal writes terminal records"),
                Action::Connect(_) if self.has_line => {
                    self.links += 1;
                    self.link = Some(Link(self.links));
                    self.host.reset();
                    // What came on the old connection cannot be answered on the new one.
                    self.answered = self.sent.len();
                    queue.push_back(Next::LinkUp(Link(self.links)));
                }
                Action::Connect(_) => queue.push_back(Next::ConnectFailed),
                Action::Send { link, frame } => self.deliver(link, &frame),
                Action::Disconnect(link) => {
                    self.link.take_if(|standing| *standing == link);
                }
                Action::Tell { device: Device::Printer, .. } => {
                    let outcome =
                        if self.has_paper { Outcome::Printed } else { Outcome::NotPrinted };
                    queue.push_back(Next::Told(Device::Printer, outcome));
                }
                Action::Tell { device: Device::PinPad, .. } => {
                    let outcome =
                        self.pin.clone().map_or(Outcome::PinCancelled, Outcome::PinEntered);
                    queue.push_back(Next::Told(Device::PinPad, outcome));
                }
                Action::Tell { output: Output::Card(command), .. } => {
                    let outcome = self.reader.pop_front().or_else(|| self.chip_does(command));
                    queue.extend(outcome.map(|told| Next::Told(Device::CardReader, told)));
                }
                Action::Tell { .. } => {}
            }
        }
        true
    }

    fn chip_does(&mut self, command: CardCommand) -> Option<Outcome> {
        match command {
            CardCommand::Read => Some(Outcome::CardRead),
            CardCommand::Sign(challenge) => self.chip.sign(challenge).map(Outcome::Cryptogram),
            CardCommand::Complete(_) => self.last_word.clone(),
        }
    }

    fn deliver(&mut self, link: Link, frame: &[u8]) {
        if !self.has_line || self.link != Some(link) {
            return;
        }
        self.host.receive(self.now.instant, frame);
        match self.host.next() {
            Some(Ok(incoming)) => self.sent.push(incoming.message),
            other => unreachable!("the terminal sends whole messages, not {other:?}"),
        }
    }

    /// Power fails and returns: only the journal is left.
    pub(super) fn power_returns(&mut self) {
        let records: Vec<Record> = self.journal.iter().cloned().map(Record::from).collect();
        let torn = self.torn.take();
        self.link = None;
        self.terminal = Terminal::new(self.config.clone());
        self.tell(Event::Started { journal: Journal { records: &records, torn: torn.as_ref() } });
    }

    pub(super) fn wish(&mut self, command: Command) {
        self.tell(Event::Commanded(command));
    }

    pub(super) fn sign_on(&mut self) {
        self.wish(Command::SignOn { ticket: Ticket(900) });
        self.answer();
    }

    /// Asks for a sale and leaves it with the host.
    pub(super) fn sell(&mut self, ticket: u32) {
        self.wish(Command::Sale { ticket: Ticket(ticket), amount: PRICE, card: card() });
    }

    /// A sale that the host approves.
    pub(super) fn sell_well(&mut self, ticket: u32) {
        self.sell(ticket);
        self.answer();
    }

    /// A sale without an answer.
    pub(super) fn sell_in_vain(&mut self, ticket: u32) {
        self.sell(ticket);
        self.skip();
        self.pass(TIMEOUT);
    }

    pub(super) fn inquire(&mut self, ticket: u32) {
        self.wish(Command::Inquiry { ticket: Ticket(ticket), card: card() });
    }

    pub(super) fn settle(&mut self, ticket: u32) {
        self.wish(Command::Settle { ticket: Ticket(ticket) });
    }

    /// Lets time pass, and wakes the terminal whenever it asked for it.
    pub(super) fn pass(&mut self, length: Duration) {
        let end = self.now.instant + length;
        while let Some(deadline) = self.terminal.deadline().filter(|at| *at <= end) {
            self.advance(deadline.max(self.now.instant));
            self.tell(Event::DeadlineReached);
        }
        self.advance(end);
    }

    fn advance(&mut self, instant: Instant) {
        let micros = instant.since(self.now.instant).0 as i64;
        self.now = Now { instant, local: self.now.local.plus(micros) };
    }

    /// The last message the host received.
    pub(super) fn last(&self) -> &Message {
        self.sent.last().expect("the terminal sent something")
    }

    /// The host does not answer what it received so far.
    pub(super) fn skip(&mut self) {
        self.answered = self.sent.len();
    }

    /// The host approves whatever is unanswered, until nothing new comes.
    pub(super) fn answer(&mut self) {
        while self.answered < self.sent.len() {
            let request = self.sent[self.answered].clone();
            self.answered += 1;
            let answer = self.answer_to(&request);
            self.say(&answer);
        }
    }

    /// The host answers the last message with this code.
    pub(super) fn answer_with(&mut self, code: ResponseCode) {
        let answer = self.answer_to(&self.last().clone()).with(Element::RESPONSE_CODE, code);
        self.skip();
        self.say(&answer);
    }

    /// The approval of a request, as a healthy host makes it.
    pub(super) fn answer_to(&mut self, request: &Message) -> Message {
        let mut answer = Message::new(request.mti().response());
        answer.copy_from(
            request,
            &[
                Element::PAN,
                Element::PROCESSING_CODE,
                Element::AMOUNT,
                Element::STAN,
                Element::CONDITION_CODE,
                Element::TERMINAL,
                Element::MERCHANT,
                Element::CURRENCY,
                Element::PRIVATE_60,
            ],
        );
        answer.set(Element::RRN, "150000000001");
        answer.set(Element::RESPONSE_CODE, ResponseCode::APPROVED);
        match request.mti() {
            Mti::NETWORK_REQUEST => {
                self.generation += 1;
                let keys = WorkKeys::derive(&Key::new(&[0x77; 16]).unwrap(), self.generation);
                let keys = keys.fitted(3).unwrap();
                let sealed = keys.seal(&self.config.master_key, 3).unwrap();
                answer.set(Element::PRIVATE_62, sealed);
                let code = Private60::new(*b"00", self.batch).with_network_code(3);
                answer.set(Element::PRIVATE_60, code.encode());
                self.host.set_mac_key(Some(keys.mac));
            }
            Mti::FINANCIAL_REQUEST if !request.has(Element::AMOUNT) => {
                answer.set(Element::ADDITIONAL_AMOUNTS, balance(123_456).encode());
            }
            Mti::RECONCILIATION_REQUEST => answer.set(Element::PRIVATE_48, totals(request, 1)),
            _ => {}
        }
        answer
    }

    /// The host's frame of a message.
    pub(super) fn frame(&self, message: &Message) -> Vec<u8> {
        self.host.seal(message, Envelope::default()).unwrap()
    }

    /// The host sends a message.
    pub(super) fn say(&mut self, message: &Message) {
        let frame = self.frame(message);
        self.say_bytes(&frame);
    }

    /// The host sends a message without a MAC.
    pub(super) fn say_unsigned(&mut self, message: &Message) {
        let line = Line::pos(None, TIMEOUT, Defects::NONE);
        let frame = line.seal(message, Envelope::default()).unwrap();
        self.say_bytes(&frame);
    }

    pub(super) fn say_bytes(&mut self, bytes: &[u8]) {
        // Without a connection it is lost.
        if let Some(link) = self.link {
            self.tell(Event::Received { link, bytes });
        }
    }

    pub(super) fn break_line(&mut self) {
        let link = self.link.take().expect("the line stands");
        self.tell(Event::LinkDown { link, reason: LinkDownReason::Reset });
    }

    /// What the screen said about this wish.
    pub(super) fn displays(&self, ticket: u32) -> Vec<Display> {
        let shown = |(about, action): &(Ticket, Action)| match action {
            Action::Tell { output: Output::Display(display), .. } => {
                (*about == Ticket(ticket)).then_some(*display)
            }
            _ => None,
        };
        self.done.iter().filter_map(shown).collect()
    }

    /// What the screen said last about this wish.
    pub(super) fn display(&self, ticket: u32) -> Option<Display> {
        self.displays(ticket).last().copied()
    }

    pub(super) fn slips(&self) -> Vec<Slip> {
        let slip = |(_, action): &(Ticket, Action)| match action {
            Action::Tell { output: Output::Slip(slip), .. } => Some(*slip),
            _ => None,
        };
        self.done.iter().filter_map(slip).collect()
    }

    pub(super) fn log(&self) -> Vec<String> {
        let entry = |(_, action): &(Ticket, Action)| match action {
            Action::Tell { output: Output::Log(entry), .. } => Some(entry.clone()),
            _ => None,
        };
        self.done.iter().filter_map(entry).collect()
    }

    /// The message types the host received, in order.
    pub(super) fn types(&self) -> Vec<String> {
        self.sent.iter().map(|message| message.mti().to_string()).collect()
    }

    /// The names of the records, in order.
    pub(super) fn records(&self) -> Vec<&'static str> {
        self.journal.iter().map(|record| Record::from(record.clone()).name()).collect()
    }

    /// The tickets that messages of this type were about, in order.
    pub(super) fn tickets(&self, mti: Mti) -> Vec<Ticket> {
        let mut line = Line::pos(None, TIMEOUT, Defects::NONE);
        let mut tickets = Vec::new();
        for (ticket, action) in &self.done {
            if let Action::Send { frame, .. } = action {
                line.receive(Instant::START, frame);
                match line.next() {
                    Some(Ok(incoming)) if incoming.message.mti() == mti => tickets.push(*ticket),
                    Some(Ok(_)) => {}
                    Some(Err(LineError::Decode { .. } | LineError::Frame(_))) | None => {
                        unreachable!("the terminal sends whole messages")
                    }
                }
            }
        }
        tickets
    }

    /// The STANs of the messages of this type that the host received, in order.
    pub(super) fn stans(&self, mti: Mti) -> Vec<u64> {
        let ours = self.sent.iter().filter(|message| message.mti() == mti);
        ours.filter_map(|message| message.number(Element::STAN)).collect()
    }

    /// Whether this STAN is durably reversed.
    pub(super) fn is_reversed(&self, wanted: u32) -> bool {
        self.journal.iter().any(
            |record| matches!(record, TerminalRecord::Reversed { stan, .. } if *stan == wanted),
        )
    }
}

/// The host's end of the line. It takes no wrong turn alone, but can share a wrong MAC.
fn host_line(config: &Config) -> Line {
    let shared = config.defects.iter().filter(|defect| *defect == Defect::Z06).collect();
    Line::pos(None, TIMEOUT, shared)
}

pub(super) fn balance(amount: u64) -> Balance54 {
    Balance54 { account_type: 0, balance_type: 1, currency: 156, sign: BalanceSign::Credit, amount }
}

/// Element 48 of a 0510 with this result.
pub(super) fn totals(request: &Message, result: u8) -> String {
    let totals = request.get(Element::PRIVATE_48).and_then(Settlement48::parse);
    let mut totals = totals.expect("a 0500 carries totals");
    totals.domestic.result = result;
    totals.encode()
}

/// The PIN in element 52, opened under the keys of this generation.
pub(super) fn pin_in(message: &Message, generation: u64) -> Option<Pin> {
    let keys = WorkKeys::derive(&Key::new(&[0x77; 16]).unwrap(), generation);
    let block = PinBlock(message.get(Element::PIN_BLOCK)?.try_into().ok()?);
    block.open(PAN, &keys.pin).ok()
}
