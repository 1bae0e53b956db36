//! Little histories by hand, for the tests of invariants and marks. Not a party, and no world.
//!
//! A [`Tale`] is told one entry at a time; each step returns the index of its (last) entry. What a
//! step does not say is the same in every tale: terminal-1, switch-1, issuer-1, 500.00 yuan.

mod claims;
mod clearing;
mod endings;
mod given_back;
mod refund;
mod sale;

pub(crate) use clearing::{entry, line};
pub(crate) use sale::{Sale, sale};

use super::{Judge, find};
use crate::history::{Entry, Frame, HEALING, History, Horizon, TerminalLine, What};
use crate::party::Party;
use crate::verdict::Verdict;
use reversim_models::card::{Amount, Card, Currency, Pan};
use reversim_models::device::{CardCommand, Device, Display, Output, Slip};
use reversim_models::iso8583::{
    Dialect, Element, Envelope, Message, Mti, NETWORK, POS, ResponseCode,
};
use reversim_models::node::{Command, Link, Port, Ticket};
use reversim_models::record::{
    Account, IssuerRecord, Kind, Leg, Origin, Record, SwitchRecord, TerminalRecord, Totals,
};
use reversim_models::security::Pin;
use reversim_models::time::{Date, Duration, Instant};

pub(crate) const TERMINAL: Party = Party::terminal(1);
pub(crate) const SWITCH: Party = Party::switch(1);
pub(crate) const ISSUER: Party = Party::issuer(1);
pub(crate) const PAN: &str = "6224242000000021";
pub(crate) const DAY: Date = Date { year: 2026, month: 5, day: 30 };

/// A history being told.
pub(crate) struct Tale {
    pub(crate) history: History,
    pub(crate) now: Instant,
}

fn frame(message: &Message, dialect: &'static Dialect) -> Frame {
    let mut body = Vec::new();
    dialect.encode(message, &mut body).unwrap();
    Frame::new(dialect.framing.wrap(Envelope::default(), &body), dialect)
}

/// What every shop of a tale is.
pub(crate) const MERCHANT: [u8; 15] = *b"898310154110001";

fn line_of(number: u8) -> TerminalLine {
    let (terminal, switch) = (Party::terminal(number), SWITCH);
    TerminalLine { terminal, switch, port: Port(number.into()), merchant: MERCHANT }
}

pub(crate) fn pan() -> Pan {
    Pan::new(PAN.as_bytes()).unwrap()
}

pub(crate) fn card() -> Card {
    Card { pan: pan(), expiry: 3012, has_chip: false }
}

impl Tale {
    /// A world with two terminals, in which nothing has happened.
    pub(crate) fn new() -> Tale {
        let mut history = History::default();
        let setting = &mut history.setting;
        setting.parties = vec![TERMINAL, Party::terminal(2), SWITCH, ISSUER];
        setting.terminals = vec![(TERMINAL, sale(1).id()), (Party::terminal(2), *b"T0000002")];
        setting.lines = [1, 2].map(line_of).to_vec();
        setting.pans = vec![pan()];
        setting.pins = vec![Pin::new("123456").unwrap()];
        setting.steps = (1..9).map(|n| (Ticket(n), n)).collect();
        setting.reversal_attempts = 3;
        setting.saf_attempts = 5;
        setting.terminal_response = Duration::secs(30);
        setting.stan_max = (999_999, 999_999);
        setting.pin_tries_max = 3;
        setting.saf_retry = Duration::secs(15);
        (setting.hold_days, setting.reversal_dates) = (1, 3);
        Tale { history, now: Instant::START }
    }

    pub(crate) fn push(&mut self, party: Party, ticket: u32, what: What) -> usize {
        self.now += Duration::millis(10);
        self.history.push(self.now, party, Ticket(ticket), what)
    }

    pub(crate) fn record(&mut self, party: Party, ticket: u32, record: impl Into<Record>) -> usize {
        self.push(party, ticket, What::Recorded(record.into()))
    }

    pub(crate) fn terminal(&mut self, s: Sale, record: TerminalRecord) -> usize {
        self.record(s.party(), s.ticket, Record::Terminal(record))
    }

    pub(crate) fn switch(&mut self, s: Sale, record: SwitchRecord) -> usize {
        self.record(SWITCH, s.ticket, Record::Switch(record))
    }

    pub(crate) fn issuer(&mut self, s: Sale, record: IssuerRecord) -> usize {
        self.record(ISSUER, s.ticket, Record::Issuer(record))
    }

    pub(crate) fn send(&mut self, ticket: u32, from: Party, to: Party, message: &Message) -> usize {
        let is_pos =
            from.role == crate::party::Role::Terminal || to.role == crate::party::Role::Terminal;
        let frame = frame(message, if is_pos { &POS } else { &NETWORK });
        self.push(from, ticket, What::Sent { link: Link(1), to, frame })
    }

    /// Another connection for what was sent.
    pub(crate) fn on_link(&mut self, index: usize, number: u32) {
        match &mut self.history.entries[index].what {
            What::Sent { link, .. } | What::Delivered { link, .. } => *link = Link(number),
            other => panic!("{other:?} is no frame"),
        }
    }

    /// Delivers something that nobody can read in place of what was sent.
    pub(crate) fn deliver_unreadable(&mut self, sent: usize) -> usize {
        let entry = self.history.entries[sent].clone();
        let What::Sent { link, to, frame } = entry.what else { panic!("{sent} is not sent") };
        let mut bytes = frame.bytes().to_vec();
        bytes.truncate(bytes.len() / 2);
        let frame = Frame::new(bytes, frame.dialect());
        let (from, is_altered, copy, part) = (entry.party, true, 0, None);
        let what = What::Delivered { link, from, sent, frame, is_altered, copy, part };
        self.push(to, entry.ticket.0, what)
    }

    /// Delivers what was sent, as it was sent.
    pub(crate) fn deliver(&mut self, sent: usize) -> usize {
        self.deliver_copy(sent, 0)
    }

    pub(crate) fn deliver_copy(&mut self, sent: usize, copy: u32) -> usize {
        let entry = self.history.entries[sent].clone();
        let What::Sent { link, to, frame } = entry.what else { panic!("{sent} is not sent") };
        let from = entry.party;
        let (is_altered, part) = (false, None);
        let what = What::Delivered { link, from, sent, frame, is_altered, copy, part };
        self.push(to, entry.ticket.0, what)
    }

    /// Delivers, behind what was sent, what a gateway with the line's key made of it.
    pub(crate) fn deliver_resubmitted(&mut self, sent: usize, message: &Message) -> usize {
        let delivered = self.deliver_copy(sent, 1);
        if let What::Delivered { frame: arrived, .. } = &mut self.history.entries[delivered].what {
            *arrived = frame(message, arrived.dialect());
        }
        delivered
    }

    /// Delivers something else in place of what was sent.
    pub(crate) fn deliver_altered(&mut self, sent: usize, message: &Message) -> usize {
        let entry = self.history.entries[sent].clone();
        let What::Sent { link, to, frame: original } = entry.what else { panic!("not sent") };
        let frame = frame(message, original.dialect());
        let (from, is_altered, copy, part) = (entry.party, true, 0, None);
        let what = What::Delivered { link, from, sent, frame, is_altered, copy, part };
        self.push(to, entry.ticket.0, what)
    }

    pub(crate) fn pass(&mut self, s: Sale, from: Party, to: Party, message: &Message) -> usize {
        let sent = self.send(s.ticket, from, to, message);
        self.deliver(sent)
    }

    pub(crate) fn show(&mut self, s: Sale, display: Display) -> usize {
        let (device, output) = (Device::Screen, Output::Display(display));
        self.push(s.party(), s.ticket, What::Told { device, output })
    }

    pub(crate) fn log(&mut self, party: Party, line: &str) -> usize {
        let output = Output::Log(line.to_owned());
        self.push(party, 0, What::Told { device: Device::Log, output })
    }

    pub(crate) fn receipt(&mut self, s: Sale) -> usize {
        let Sale { stan, batch, .. } = s;
        let slip = Slip::Receipt { kind: s.kind, stan, batch, amount: s.amount(), is_copy: false };
        let output = Output::Slip(slip);
        self.push(s.party(), s.ticket, What::Told { device: Device::Printer, output })
    }

    /// What a chip was told, and whether it did it.
    pub(crate) fn chip(&mut self, s: Sale, what: CardCommand, is_done: bool) -> (usize, usize) {
        let (device, output) = (Device::CardReader, Output::Card(what));
        let asked = self.push(s.party(), s.ticket, What::Told { device, output });
        (asked, self.push(s.party(), s.ticket, What::Answered { device, is_done }))
    }

    pub(crate) fn ask(&mut self, s: Sale) -> usize {
        let command = Command::Sale { ticket: Ticket(s.ticket), amount: s.amount(), card: card() };
        self.push(s.party(), s.ticket, What::Asked(command))
    }

    pub(crate) fn started(&mut self, s: Sale) -> usize {
        let Sale { ticket, stan, batch, .. } = s;
        let (ticket, amount, card, date) = (Ticket(ticket), s.amount(), card(), 530);
        let (kind, original) = (s.kind, s.original());
        let started =
            TerminalRecord::Started { ticket, stan, batch, kind, original, amount, card, date };
        self.terminal(s, started)
    }

    pub(crate) fn request(&mut self, s: Sale) -> usize {
        self.pass(s, s.party(), SWITCH, &s.pos(Mti::FINANCIAL_REQUEST))
    }

    pub(crate) fn forwarded(&mut self, s: Sale) -> usize {
        self.forwarded_as(s, |_| {})
    }

    pub(crate) fn forwarded_as(
        &mut self,
        s: Sale,
        change: impl FnOnce(&mut SwitchRecord),
    ) -> usize {
        let mut record = SwitchRecord::Forwarded {
            id: s.ticket.into(),
            ticket: Ticket(s.ticket),
            from: Port(s.terminal.into()),
            origin: Origin::Pos(s.pos_key()),
            kind: s.kind,
            original: None,
            original_date: 0,
            authorization: None,
            to: Port(100),
            key: s.key(),
            rrn: s.rrn(),
            terminal: s.id(),
            merchant: MERCHANT,
            pan: pan(),
            amount: s.amount(),
            business_date: DAY,
        };
        change(&mut record);
        self.switch(s, record)
    }

    pub(crate) fn network_request(&mut self, s: Sale) -> usize {
        self.pass(s, SWITCH, ISSUER, &s.net(Mti::FINANCIAL_REQUEST))
    }

    pub(crate) fn decided(&mut self, s: Sale) -> usize {
        self.decided_as(s, |_| {})
    }

    pub(crate) fn decided_as(&mut self, s: Sale, change: impl FnOnce(&mut IssuerRecord)) -> usize {
        let mut record = IssuerRecord::Decided {
            id: s.ticket.into(),
            ticket: Ticket(s.ticket),
            key: s.key(),
            terminal: s.id(),
            rrn: s.rrn(),
            pan: pan(),
            kind: s.kind,
            is_stand_in: false,
            original: None,
            amount: s.amount(),
            code: ResponseCode::APPROVED,
            effective: s.minor,
            authorization: Some(*b"A00001"),
            balance: None,
            legs: legs(-s.kind.money() * s.minor as i64),
            hold: if s.kind == Kind::PreAuth { s.minor as i64 } else { 0 },
            until: None,
            pin_tries: 0,
            presented: None,
            business_date: DAY,
        };
        change(&mut record);
        self.issuer(s, record)
    }

    pub(crate) fn network_answer(&mut self, s: Sale) -> usize {
        self.pass(s, ISSUER, SWITCH, &s.network_approval())
    }

    pub(crate) fn answered(&mut self, s: Sale) -> usize {
        self.answered_as(s, "00")
    }

    pub(crate) fn answered_as(&mut self, s: Sale, code: &str) -> usize {
        let code = ResponseCode::parse(code.as_bytes()).unwrap();
        let is_approval = code.is_approval();
        let record = SwitchRecord::Answered {
            id: s.ticket.into(),
            ticket: Ticket(s.ticket),
            origin: Origin::Pos(s.pos_key()),
            kind: s.kind,
            code,
            amount: if is_approval { s.amount() } else { Amount::cny(0) },
            authorization: is_approval.then_some(*b"A00001"),
            balance: None,
            business_date: DAY,
        };
        self.switch(s, record)
    }

    /// Everything up to the answer that the switch wrote to the terminal; returns its index.
    pub(crate) fn until_answer(&mut self, s: Sale) -> usize {
        self.ask(s);
        self.started(s);
        self.request(s);
        self.forwarded(s);
        self.network_request(s);
        self.decided(s);
        self.network_answer(s);
        self.answered(s);
        self.send(s.ticket, SWITCH, s.party(), &s.pos_answer(Mti::FINANCIAL_RESPONSE, "00"))
    }

    pub(crate) fn approved(&mut self, s: Sale) -> usize {
        let Sale { ticket, stan, batch, .. } = s;
        let (ticket, amount, rrn) = (Ticket(ticket), s.amount(), s.rrn());
        let authorization = Some(*b"A00001");
        let approved = TerminalRecord::Approved { ticket, stan, batch, amount, rrn, authorization };
        self.terminal(s, approved)
    }

    /// A whole sale, without a fault.
    pub(crate) fn sold(&mut self, s: Sale) -> usize {
        let answer = self.until_answer(s);
        self.deliver(answer);
        self.approved(s);
        self.show(s, Display::Approved(s.amount()));
        self.receipt(s)
    }

    pub(crate) fn opened(&mut self, balance: i64) -> usize {
        let legs = [
            Leg { account: Account::Cardholder(1), minor: balance },
            Leg { account: Account::Opening, minor: -balance },
        ];
        self.issuer(sale(0), IssuerRecord::Opened { legs: legs.into() })
    }

    /// Faults over; each terminal is asked for an inquiry.
    pub(crate) fn healed(&mut self) -> usize {
        self.push(TERMINAL, 0, What::Healed);
        let ticket = Ticket(HEALING + 1);
        let command = Command::Inquiry { ticket, card: card() };
        self.push(TERMINAL, ticket.0, What::Asked(command))
    }

    /// The request of that inquiry.
    pub(crate) fn inquiry(&mut self) -> usize {
        let message = sale(8).pos(Mti::FINANCIAL_REQUEST);
        let message = message.with(Element::PROCESSING_CODE, "310000");
        self.pass(Sale { ticket: HEALING + 1, ..sale(8) }, TERMINAL, SWITCH, &message)
    }

    /// What the screen says to the inquiry of the healing phase.
    pub(crate) fn inquiry_shows(&mut self, display: Display) -> usize {
        self.show(Sale { ticket: HEALING + 1, ..sale(1) }, display)
    }

    pub(crate) fn horizon(&mut self, horizon: Horizon) -> usize {
        self.push(TERMINAL, 0, What::Horizon(horizon))
    }

    pub(crate) fn online(&mut self) -> usize {
        self.horizon(Horizon::Online)
    }

    pub(crate) fn day_end(&mut self) -> usize {
        self.horizon(Horizon::DayEnd)
    }

    pub(crate) fn judge(&self) -> Judge {
        let mut judge = Judge::new(&self.history.setting);
        for (index, entry) in self.history.entries.iter().enumerate() {
            judge.observe(index, entry);
            if let Entry { what: What::Horizon(horizon), .. } = entry {
                judge.ask(*horizon);
            }
        }
        judge
    }

    pub(crate) fn verdict(&self, name: &str) -> Verdict {
        let about = find(name).unwrap_or_else(|| panic!("no invariant `{name}`"));
        let findings = self.judge().findings();
        findings.into_iter().find(|f| f.name == about.name).unwrap().verdict
    }

    /// The claim was exercised and holds.
    #[track_caller]
    pub(crate) fn holds(&self, name: &str) {
        let verdict = self.verdict(name);
        assert!(matches!(verdict, Verdict::Holds { checked: 1.. }), "{name}: {verdict:?}");
    }

    /// Nothing exercised the claim.
    #[track_caller]
    pub(crate) fn is_unknown(&self, name: &str) {
        let verdict = self.verdict(name);
        assert!(matches!(verdict, Verdict::Unknown { .. }), "{name}: {verdict:?}");
    }

    /// The claim is broken: these entries contradict each other, and the sentence holds the words.
    #[track_caller]
    pub(crate) fn breaks(&self, name: &str, witnesses: &[usize], words: &str) {
        let verdict = self.verdict(name);
        let Verdict::Violated(violation) = &verdict else { panic!("{name}: {verdict:?}") };
        assert_eq!(violation.witnesses, witnesses, "{violation}");
        assert!(violation.sentence.contains(words), "{violation}");
        assert!(!violation.sentence.contains(PAN), "{violation}");
    }

    /// No claim is broken.
    #[track_caller]
    pub(crate) fn is_clean(&self) {
        for finding in self.judge().findings() {
            if let Verdict::Violated(violation) = finding.verdict {
                panic!("false alarm: {violation} {:?}", violation.witnesses);
            }
        }
    }
}

/// Counts and sums.
pub(crate) fn totals(sales: &[Sale]) -> Totals {
    sales.iter().fold(Totals::default(), |sum, s| sum.plus(s.kind, s.minor))
}

/// What gives the cardholder `minor`, or takes it.
pub(crate) fn legs(minor: i64) -> Box<[Leg]> {
    if minor == 0 {
        return Box::default();
    }
    Box::new([
        Leg { account: Account::Cardholder(1), minor },
        Leg { account: Account::Settlement, minor: -minor },
    ])
}

/// Another currency than everybody's.
pub(crate) const YEN: Currency = Currency::JPY;
