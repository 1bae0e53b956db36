//! A clearing house alone: a switch and an issuer are played by hand, message by message.

use super::*;
use crate::card::{Currency, Pan};
use crate::defect::Defects;
use crate::line::Zone;
use crate::node::{Action, LinkDownReason};
use crate::record::{EntryKind, NetworkKey};
use crate::security::{Key, MacAlgorithm};
use crate::time::Duration;

pub(super) const DATE: Date = Date { year: 2026, month: 5, day: 30 };
const SWITCH: u64 = 48_020_000;
const ISSUER: u64 = 1_453_820;
const OWN: u64 = 10_000;

pub(super) fn zone(of: u8) -> Zone {
    let key = || Key::new(&[of; 16]).expect("sixteen bytes are a key");
    Zone { pin: key(), mac: key(), algorithm: MacAlgorithm::X919 }
}

pub(super) fn config(defects: Defects) -> Config {
    Config {
        institution: OWN,
        switches: vec![Source {
            port: Port(0),
            zone: zone(1),
            institution: SWITCH,
            returns: Port(2),
        }],
        issuers: vec![Target {
            port: Port(1),
            zone: zone(2),
            institution: ISSUER,
            bins: vec!["6224".to_owned()],
            returns: Port(3),
        }],
        currency: Currency::CNY,
        business_date: DATE,
        run_delay: Duration::secs(5),
        retry: Duration::secs(10),
        lease: None,
        frame_timeout: Duration::secs(5),
        records_per_part: 32,
        fees: Fees { basis_points: 60, shares: [70, 10, 20] },
        defects,
    }
}

pub(super) fn entry(minor: u64, kind: EntryKind) -> FileEntry {
    FileEntry {
        kind,
        key: NetworkKey { transmission: 1, stan: 1, acquirer: SWITCH, forwarder: SWITCH },
        rrn: *b"000530000001",
        terminal: *b"22003001",
        merchant: *b"104512541110001",
        pan: Pan::new(b"6224242000000021").expect("sixteen digits are a card number"),
        minor,
        business_date: DATE,
        is_promised: false,
    }
}

pub(super) fn extract(date: Date, sequence: u32, entries: &[FileEntry]) -> FileText {
    let kind = FileKind::Extract;
    let id = FileId { kind, sender: SWITCH, receiver: OWN, date, sequence };
    FileText { id, currency: Currency::CNY, entries: entries.to_vec() }
}

/// The clearing house, its journal, and the lines that stand.
pub(super) struct House<N = Clearing> {
    node: N,
    pub(super) journal: Vec<Record>,
    at: Instant,
    links: u32,
    date: Date,
}

impl House {
    fn new(defects: Defects) -> House {
        House::of(Clearing::new(config(defects)))
    }
}

impl<N: Node> House<N> {
    pub(super) fn of(node: N) -> House<N> {
        let mut house = House { node, journal: vec![], at: Instant(1), links: 0, date: DATE };
        house.restart();
        house
    }

    pub(super) fn happen(&mut self, event: Event<'_>) -> Vec<Action> {
        let now = Now { instant: self.at, local: LocalTime::new(DATE, 36_000) };
        let mut actions = Actions::default();
        self.node.handle(now, event, &mut actions);
        let mut done: Vec<Action> = actions.drain().map(|(_, action)| action).collect();
        let is_record = |action: &Action| matches!(action, Action::Record(_));
        if done.iter().any(is_record) {
            for action in &done {
                if let Action::Record(record) = action {
                    self.journal.push(record.clone());
                }
            }
            done.extend(self.happen(Event::Committed));
        }
        done
    }

    pub(super) fn restart(&mut self) {
        let journal = self.journal.clone();
        let journal = Journal { records: &journal, torn: None };
        self.happen(Event::Started { journal });
    }

    pub(super) fn up(&mut self, port: u16) -> (Link, Vec<Action>) {
        self.links += 1;
        let link = Link(self.links);
        (link, self.happen(Event::LinkUp { port: Port(port), link }))
    }

    /// Sends a message on this line, and gives the code of the answer.
    pub(super) fn say(
        &mut self,
        link: Link,
        zone: &Zone,
        message: &Message,
    ) -> Option<ResponseCode> {
        let line = Line::network(zone, Duration::secs(5), Defects::NONE);
        let frame = line.seal(message, Envelope::default()).expect("the dialect has it");
        let done = self.happen(Event::Received { link, bytes: &frame });
        let answer = sent(&done, zone).into_iter().find(|m| m.mti().is_response())?;
        ResponseCode::parse(answer.get(crate::iso8583::Element::RESPONSE_CODE)?)
    }

    /// Delivers an extract in one part.
    pub(super) fn extract(&mut self, file: &FileText) -> Option<ResponseCode> {
        let (link, _) = self.up(0);
        let mut outbox = filing::Outbox::new(32);
        outbox.push(file.id, filing::write(file));
        let now = Now { instant: self.at, local: LocalTime::new(DATE, 36_000) };
        let part = outbox.message(now, SWITCH).expect("it waits");
        self.say(link, &zone(1), &part)
    }

    pub(super) fn later(&mut self, seconds: u64) -> Vec<Action> {
        self.at += Duration::secs(seconds);
        self.happen(Event::DeadlineReached)
    }

    pub(super) fn cut_over(&mut self) {
        self.date = self.date.next();
        let (date, window) = (self.date, Duration::ZERO);
        self.happen(Event::Commanded(Command::CutOver { date, window }));
    }

    pub(super) fn files(&self) -> Vec<FileId> {
        let files = self.journal.iter().filter_map(|record| match record {
            Record::Clearing(ClearingRecord::PresentmentBuilt { file, .. }) => Some(*file),
            _ => None,
        });
        files.collect()
    }

    pub(super) fn is_closed(&self) -> bool {
        let closed = ClearingRecord::DayClosed { date: DATE };
        self.journal.contains(&Record::Clearing(closed))
    }
}

/// The messages among these actions.
fn sent(actions: &[Action], zone: &Zone) -> Vec<Message> {
    let frames = actions.iter().filter_map(|action| match action {
        Action::Send { frame, .. } => Some(frame),
        _ => None,
    });
    let read = |frame: &Vec<u8>| {
        let mut line = Line::network(zone, Duration::secs(5), Defects::NONE);
        line.receive(Instant(1), frame);
        line.next().and_then(Result::ok).map(|incoming| incoming.message)
    };
    frames.filter_map(read).collect()
}

/// An issuer that takes every file.
pub(super) fn takes<N: Node>(house: &mut House<N>, link: Link, actions: &[Action]) -> Vec<FileId> {
    let mut files = Vec::new();
    for part in sent(actions, &zone(2)) {
        let place = Place::of(&part).expect("a part says its place");
        files.push(place.file);
        let taken = filing::answer(&part, place, place.total, ResponseCode::APPROVED);
        house.say(link, &zone(2), &taken);
    }
    files
}

#[test]
fn a_date_goes_through_and_closes_when_its_file_is_taken() {
    let mut house = House::new(Defects::NONE);
    house.cut_over();
    let file = extract(DATE, 1, &[entry(10_001, EntryKind::Presentment)]);
    assert_eq!(house.extract(&file), Some(ResponseCode::APPROVED));
    assert!(house.files().is_empty(), "the run comes later");
    let asked = house.later(5);
    assert!(asked.contains(&Action::Connect(Port(1))), "{asked:?}");
    let (link, offered) = house.up(1);
    assert!(!house.is_closed());
    assert_eq!(takes(&mut house, link, &offered), house.files());
    assert!(house.is_closed());
}

#[test]
fn a_copy_of_a_file_is_answered_as_taken_and_not_taken_again() {
    let mut house = House::new(Defects::NONE);
    house.cut_over();
    let file = extract(DATE, 1, &[entry(10_000, EntryKind::Presentment)]);
    house.extract(&file);
    let journal = house.journal.len();
    assert_eq!(house.extract(&file), Some(ResponseCode::APPROVED));
    house.restart();
    assert_eq!(house.extract(&file), Some(ResponseCode::APPROVED));
    assert_eq!(house.journal.len(), journal);
}

#[test]
fn gaps_open_dates_and_strangers_are_refused() {
    let mut house = House::new(Defects::NONE);
    let file = extract(DATE, 1, &[]);
    assert_eq!(house.extract(&file), Some(ResponseCode::CUTOVER_IN_PROGRESS));
    house.cut_over();
    let gap = extract(DATE, 2, &[]);
    assert_eq!(house.extract(&gap), Some(ResponseCode::ORIGINAL_NOT_FOUND));
    let mut stranger = extract(DATE, 1, &[]);
    stranger.id.receiver = 7;
    assert_eq!(house.extract(&stranger), Some(ResponseCode::INVALID_TRANSACTION));
    let foreign = FileText { currency: Currency::JPY, ..extract(DATE, 1, &[]) };
    assert_eq!(house.extract(&foreign), Some(ResponseCode::INVALID_TRANSACTION));
    assert_eq!(house.extract(&file), Some(ResponseCode::APPROVED));
    let again = extract(DATE, 2, &[]);
    assert_eq!(house.extract(&again), Some(ResponseCode::DUPLICATE_TRANSMISSION));
}

#[test]
fn whatever_power_loss_interrupts_the_same_file_goes_under_the_same_id() {
    let whole = |cut: usize, defects| {
        let mut house = House::new(defects);
        house.cut_over();
        house.extract(&extract(DATE, 1, &[entry(10_000, EntryKind::Presentment)]));
        house.later(5);
        house.journal.truncate(cut);
        house.restart();
        house.cut_over();
        house.extract(&extract(DATE, 1, &[entry(10_000, EntryKind::Presentment)]));
        for _ in 0..3 {
            house.later(20);
        }
        house
    };
    let length = whole(usize::MAX, Defects::NONE).journal.len();
    for cut in 0..=length {
        assert_eq!(whole(cut, Defects::NONE).files().len(), 1, "cut after {cut} records");
    }
    let careless = whole(usize::MAX, Defects::NONE.with(Defect::B01));
    assert_eq!(careless.files().len(), 2, "B01 makes it anew");
}

#[test]
fn a_part_that_is_not_answered_is_sent_again_and_a_dead_line_given_up() {
    let mut house = House::new(Defects::NONE);
    house.cut_over();
    house.extract(&extract(DATE, 1, &[]));
    house.later(5);
    let (link, first) = house.up(1);
    let parts = |actions: &[Action]| sent(actions, &zone(2)).len();
    assert_eq!(parts(&first), 1);
    assert_eq!((parts(&house.later(10)), parts(&house.later(10))), (1, 1));
    assert!(house.later(10).contains(&Action::Disconnect(link)));
    assert!(house.later(10).contains(&Action::Connect(Port(1))));
    let (link, again) = house.up(1);
    assert_eq!(parts(&again), 1);
    house.happen(Event::LinkDown { link, reason: LinkDownReason::Reset });
    assert!(house.later(10).contains(&Action::Connect(Port(1))));
}

#[test]
fn a_fee_goes_back_with_what_it_was_charged_on() {
    let fees = Fees { basis_points: 60, shares: [70, 10, 20] };
    let [there, back] = [EntryKind::Presentment, EntryKind::Adjustment]
        .map(|kind| fees::line(&fees, entry(10_001, kind), Defects::NONE));
    assert_eq!((there.fee, there.net, there.shares), (60, 9_941, [42, 6, 12]));
    assert_eq!((back.fee, back.net, back.shares), (-60, -9_941, [-42, -6, -12]));
}

/// An issuer's file of returns, in one part.
fn returns(house: &mut House, sequence: u32) -> Option<ResponseCode> {
    let (kind, date) = (FileKind::Return, DATE);
    let id = FileId { kind, sender: ISSUER, receiver: OWN, date, sequence };
    let entries = vec![entry(10_001, EntryKind::Chargeback), entry(5, EntryKind::Retrieval)];
    let mut outbox = filing::Outbox::new(32);
    outbox.push(id, filing::write(&FileText { id, currency: Currency::CNY, entries }));
    let now = Now { instant: house.at, local: LocalTime::new(DATE, 36_000) };
    let part = outbox.message(now, ISSUER).expect("it waits");
    let (link, _) = house.up(3);
    house.say(link, &zone(2), &part)
}

#[test]
fn what_an_issuer_returns_goes_back_with_the_next_date_and_the_merchant_pays_it_back() {
    for cut in 0..9 {
        let mut house = House::new(Defects::NONE);
        house.cut_over();
        assert_eq!(returns(&mut house, 2), Some(ResponseCode::ORIGINAL_NOT_FOUND));
        assert_eq!(returns(&mut house, 1), Some(ResponseCode::APPROVED));
        house.restart();
        assert_eq!(returns(&mut house, 1), Some(ResponseCode::APPROVED), "a copy");
        house.extract(&extract(DATE, 1, &[]));
        house.later(5);
        house.journal.truncate(cut.max(3));
        house.restart();
        house.later(5);
        let made = |name: &str| {
            let named = house.journal.iter().filter(|record| record.name() == name);
            named.collect::<Vec<_>>()
        };
        assert_eq!((made("return-taken").len(), made("return-built").len()), (1, 1), "cut {cut}");
        let [Record::Clearing(ClearingRecord::PayoutBuilt { lines, .. })] =
            made("payout-built")[..]
        else {
            panic!("cut {cut}: {:?}", made("payout-built"));
        };
        assert_eq!((lines.len(), lines[0].net, lines[0].fee), (1, -9_941, -60));
        assert!(!house.is_closed(), "the file for the switch is not taken yet");
    }
}
