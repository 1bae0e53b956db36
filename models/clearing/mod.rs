//! The clearing house: takes each switch's extract of a closed business date once, makes a file for
//! every issuer and a statement for every merchant, takes back what issuers return, and delivers
//! each file once. No cardholder.
//!
//! A business date goes through it in steps that are records of their own, so that power may fail
//! between any two: what is already made is not made again, and is sent under the same file id.

mod book;
mod config;
mod fees;
mod pair;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_pair;

pub use config::{Config, Fees, Source, Target};
pub use pair::Pair;

use book::{Book, Commit};

use crate::defect::Defect;
use crate::device::{Device, Output};
use crate::filing::{self, Channel, FileText, Heard, Inbox, Part, Place};
use crate::iso8583::{Envelope, Message, Mti, ResponseCode};
use crate::line::{Line, LineError, MacCheck, Zone};
use crate::node::{Actions, Command, Event, Journal, Link, Node, Port, Ticket};
use crate::record::{ClearingRecord, EntryKind, FileEntry, FileId, FileKind, Record};
use crate::time::{Date, Instant, LocalTime, Now};

/// A clearing house. The journal of [`Event::Started`] gives it its memory.
#[derive(Clone, Debug)]
pub struct Clearing {
    config: Config,
    book: Book,
    /// Lines from switches and issuers that stand.
    desks: Vec<Desk>,
    /// One for each issuer, as `config.issuers`, and then for each switch.
    channels: Vec<Channel>,
    /// When files are made of what has come.
    run_at: Option<Instant>,
    begun: Commit,
    done: Commit,
    /// Whether the event that is handled has made a record.
    is_writing: bool,
    /// When the last run was by the calendar, and of which date: only looked at under defect B06.
    ran: Option<(LocalTime, Date, Vec<FileEntry>)>,
}

/// The end of a line on which a switch sends its extracts, or an issuer its returns.
#[derive(Clone, Debug)]
struct Desk {
    link: Link,
    /// Which switch, or then which issuer, by its place in the configuration.
    at: usize,
    line: Line,
    inbox: Inbox,
}

impl Node for Clearing {
    fn handle(&mut self, now: Now, event: Event<'_>, actions: &mut Actions) {
        match event {
            Event::Started { journal } => self.start(now, journal),
            Event::LinkUp { port, link } => self.connect(now, port, link, actions),
            Event::ConnectFailed { port } => {
                if let Some(channel) = self.channels.iter_mut().find(|one| one.port() == port) {
                    channel.is_gone(now);
                }
            }
            Event::LinkDown { link, .. } => self.lose(now, link),
            Event::Received { link, bytes } => self.receive(now, link, bytes, actions),
            Event::Committed => self.done = self.begun.min(self.done + 1),
            Event::DeadlineReached => self.elapse(now, actions),
            Event::Commanded(Command::CutOver { date, .. }) if date > self.book.business_date => {
                self.commit(ClearingRecord::CutOver { date }, actions);
            }
            Event::Commanded(_) | Event::Told { .. } => {}
        }
        if self.config.defects.has(Defect::B06) {
            self.run_by_the_clock(now, actions);
        }
        self.close_days(actions);
        if core::mem::take(&mut self.is_writing) {
            self.begun += 1;
            actions.records_first();
        }
        self.deliver(now, actions);
    }

    fn deadline(&self) -> Option<Instant> {
        let halves = self.desks.iter().filter_map(|desk| desk.line.deadline());
        let repeats = self.channels.iter().filter_map(Channel::deadline);
        halves.chain(repeats).chain(self.run_at).min()
    }
}

impl Clearing {
    /// A clearing house that has no memory yet.
    pub fn new(config: Config) -> Clearing {
        let channel = |(port, zone): (Port, &Zone)| {
            let times = (config.retry, config.frame_timeout);
            let (zone, part) = (zone.clone(), config.records_per_part);
            Channel::new(port, zone, config.institution, times, part, config.defects)
        };
        let issuers = config.issuers.iter().map(|issuer| (issuer.port, &issuer.zone));
        let switches = config.switches.iter().map(|switch| (switch.returns, &switch.zone));
        Clearing {
            book: Book::new(&config),
            desks: Vec::new(),
            channels: issuers.chain(switches).map(channel).collect(),
            run_at: None,
            begun: 0,
            done: 0,
            is_writing: false,
            ran: None,
            config,
        }
    }

    fn start(&mut self, now: Now, journal: Journal<'_>) {
        let mut book = Book::new(&self.config);
        for record in journal.records {
            if let Record::Clearing(record) = record {
                book.apply(&self.config, record, 0);
            }
        }
        *self = Clearing::new(self.config.clone());
        self.take_up(now, book);
    }

    /// Goes on with what is known for good.
    fn take_up(&mut self, now: Now, book: Book) {
        self.book = book;
        if self.config.defects.has(Defect::B01) {
            self.forget_what_was_on_its_way();
        }
        // Whatever has come and is not worked up has waited long enough.
        self.run_at = (!self.book.days.is_empty()).then_some(now.instant);
    }

    /// Planted defect B01: what was not delivered is made anew, as another file.
    #[cfg_attr(mutants, mutants::skip)]
    fn forget_what_was_on_its_way(&mut self) {
        for lost in core::mem::take(&mut self.book.undelivered) {
            if let Some(day) = self.book.days.get_mut(&lost.file.date) {
                day.issuers.retain(|made| usize::from(*made) != lost.channel);
            }
        }
    }

    fn connect(&mut self, now: Now, port: Port, link: Link, actions: &mut Actions) {
        let Config { frame_timeout, defects, .. } = &self.config;
        let sender = self.config.place_of(port);
        if let Some((at, zone)) = sender.and_then(|at| Some((at, self.config.zone_of(at)?))) {
            let line = Line::network(zone, *frame_timeout, *defects);
            self.desks.push(Desk { link, at, line, inbox: Inbox::default() });
        } else if let Some(channel) = self.channels.iter_mut().find(|one| one.port() == port) {
            channel.stands(now, link, actions);
        } else {
            actions.disconnect(link);
        }
    }

    fn lose(&mut self, now: Now, link: Link) {
        self.desks.retain(|desk| desk.link != link);
        if let Some(channel) = self.channels.iter_mut().find(|one| one.is_on(link)) {
            channel.is_gone(now);
        }
    }

    fn receive(&mut self, now: Now, link: Link, bytes: &[u8], actions: &mut Actions) {
        if let Some(channel) = self.channels.iter_mut().find(|one| one.is_on(link)) {
            for heard in channel.receive(now, bytes, actions) {
                self.heard(heard, actions);
            }
            return;
        }
        let Some(at) = self.desks.iter().position(|desk| desk.link == link) else { return };
        self.desks[at].line.receive(now.instant, bytes);
        while let Some(read) = self.desks[at].line.next() {
            match read {
                Ok(incoming)
                    if incoming.mac == MacCheck::Valid
                        && incoming.message.mti() == Mti::FILE_ADVICE =>
                {
                    self.part(now, at, &incoming.message, actions);
                }
                // Without a MAC that is right, nobody knows who asks: the sender tries again.
                Ok(_) => {}
                Err(error @ LineError::Decode { .. }) => {
                    actions.tell(Device::Log, Output::Log(error.to_string()));
                }
                Err(LineError::Frame(_)) => {
                    actions.disconnect(link);
                    self.desks.remove(at);
                    return;
                }
            }
        }
    }

    fn heard(&mut self, heard: Heard, actions: &mut Actions) {
        match heard {
            Heard::Taken(file) => self.commit(ClearingRecord::FileDelivered { file }, actions),
            Heard::Refused(file, code) => {
                let words = format!("file {} of {} is refused: {code}", file.sequence, file.date);
                actions.tell(Device::Log, Output::Log(words));
            }
        }
    }

    /// A part of an extract, or of an issuer's returns.
    fn part(&mut self, now: Now, desk: usize, part: &Message, actions: &mut Actions) {
        let Some(place) = Place::of(part) else { return };
        let at = self.desks[desk].at;
        let (next, code) = match self.book.taken(at, &place.file, self.done) {
            // Not durable yet: the answer to the part that is being written says it.
            Some(false) => return,
            Some(true) => (place.total, ResponseCode::APPROVED),
            None => match self.desks[desk].inbox.take(place, part) {
                Part::Next(next) => (next, ResponseCode::APPROVED),
                Part::Whole(Err(_)) => (0, ResponseCode::RECONCILE_ERROR),
                Part::Whole(Ok(file)) => match self.refusal(at, &file) {
                    Some(code) => (0, code),
                    None => {
                        self.take(now, file, actions);
                        (place.total, ResponseCode::APPROVED)
                    }
                },
            },
        };
        let Desk { link, line, .. } = &self.desks[desk];
        let answer = filing::answer(part, place, next, code);
        if let Ok(frame) = line.seal(&answer, Envelope::default()) {
            actions.send(*link, frame);
        }
    }

    /// Why a file that reads is not taken.
    fn refusal(&self, at: usize, file: &FileText) -> Option<ResponseCode> {
        let last = self.book.sources[at].map(|(last, _)| last);
        let id = &file.id;
        let is_extract = at < self.config.switches.len();
        let kind = if is_extract { FileKind::Extract } else { FileKind::Return };
        let is_ours = id.kind == kind
            && Some(id.sender) == self.config.sender(at)
            && id.receiver == self.config.institution
            && file.currency == self.config.currency;
        if !is_ours {
            return Some(ResponseCode::INVALID_TRANSACTION);
        }
        if id.sequence != last.map_or(1, |last| last.sequence + 1) {
            return Some(ResponseCode::ORIGINAL_NOT_FOUND);
        }
        if !is_extract {
            // What an issuer returns belongs to no date of ours yet.
            return None;
        }
        if last.is_some_and(|last| last.date >= id.date) {
            return Some(ResponseCode::DUPLICATE_TRANSMISSION);
        }
        // Here that date is still open.
        (id.date >= self.book.business_date).then_some(ResponseCode::CUTOVER_IN_PROGRESS)
    }

    fn take(&mut self, now: Now, file: FileText, actions: &mut Actions) {
        let FileText { id: file, entries, .. } = file;
        if file.kind == FileKind::Return {
            let taken = ClearingRecord::ReturnTaken { file, entries: entries.into() };
            return self.commit(taken, actions);
        }
        self.commit(ClearingRecord::ExtractTaken { file, entries: entries.into() }, actions);
        self.run_at.get_or_insert(now.instant + self.config.run_delay);
    }

    fn elapse(&mut self, now: Now, actions: &mut Actions) {
        self.desks.retain_mut(|desk| {
            let is_late = desk.line.expire(now.instant);
            if is_late {
                actions.disconnect(desk.link);
            }
            !is_late
        });
        for channel in &mut self.channels {
            channel.elapse(now, actions);
        }
        if self.run_at.is_some_and(|at| at <= now.instant) {
            self.run_at = None;
            self.run(now, actions);
        }
    }

    /// Makes the files of every date of which all extracts are in, oldest first.
    fn run(&mut self, now: Now, actions: &mut Actions) {
        let is_whole = |sources: usize| sources >= self.config.switches.len();
        let due: Vec<Date> = self
            .book
            .days
            .iter()
            .take_while(|(_, day)| is_whole(day.sources.len()))
            .map(|(date, _)| *date)
            .collect();
        for date in due {
            let Some(day) = self.book.days.get(&date) else { continue };
            let entries = day.entries.clone();
            if !day.is_begun() {
                self.send_back(date, actions);
            }
            self.present(date, &entries, actions);
            self.pay(date, actions);
            if !entries.is_empty() {
                self.ran = Some((now.local, date, entries));
            }
        }
    }

    /// Planted defect B06: the run is kept by the calendar. Should the clock go back, the hour of
    /// the run comes again, and so does the run.
    #[cfg_attr(mutants, mutants::skip)]
    fn run_by_the_clock(&mut self, now: Now, actions: &mut Actions) {
        if let Some((_, date, entries)) = self.ran.take_if(|(local, ..)| now.local < *local) {
            self.ran = Some((now.local, date, entries.clone()));
            let sources = (0..self.config.switches.len()).collect();
            let day = book::Day { sources, entries: entries.clone(), ..book::Day::default() };
            self.book.days.insert(date, day);
            self.present(date, &entries, actions);
            self.pay(date, actions);
        }
    }

    /// A file for every switch of whose transactions an issuer has returned something. It is the
    /// first that is made of a date, or comes with the next one: what merchants pay back is on the
    /// same statements as what they are paid.
    fn send_back(&mut self, date: Date, actions: &mut Actions) {
        for place in 0..self.config.switches.len() {
            let of = |entry: &&FileEntry| self.switch_of(entry) == place;
            let entries: Box<[FileEntry]> = self.book.returns.iter().filter(of).copied().collect();
            if entries.is_empty() {
                continue;
            }
            let (sender, sequence) = (self.config.institution, self.book.returned[place] + 1);
            let (kind, receiver) = (FileKind::Return, self.config.switches[place].institution);
            let file = FileId { kind, sender, receiver, date, sequence };
            // Nobody is configured with more than nine.
            let switch = u8::try_from(place).unwrap_or(u8::MAX);
            self.commit(ClearingRecord::ReturnBuilt { file, switch, entries }, actions);
        }
    }

    /// Whose transaction it is; the first switch's if nobody's.
    fn switch_of(&self, entry: &FileEntry) -> usize {
        let is_its = |switch: &Source| switch.institution == entry.key.acquirer;
        self.config.switches.iter().position(is_its).unwrap_or(0)
    }

    /// A file for every issuer, with or without anything in it: it closes the date there.
    fn present(&mut self, date: Date, entries: &[FileEntry], actions: &mut Actions) {
        for place in 0..self.config.issuers.len() {
            // Nobody is configured with more than nine.
            let issuer = u8::try_from(place).unwrap_or(u8::MAX);
            let is_made = |day: &book::Day| day.issuers.contains(&issuer);
            if self.book.days.get(&date).is_some_and(is_made) {
                continue;
            }
            let of = |entry: &&FileEntry| self.issuer_of(entry) == Some(place);
            let entries: Box<[FileEntry]> = entries.iter().filter(of).copied().collect();
            let sequence = self.book.made[place] + 1;
            let sender = self.config.institution;
            let (kind, receiver) = (FileKind::Presentment, self.config.issuers[place].institution);
            let file = FileId { kind, sender, receiver, date, sequence };
            self.commit(ClearingRecord::PresentmentBuilt { file, issuer, entries }, actions);
        }
    }

    /// A statement for every merchant who sold something, or pays something back.
    fn pay(&mut self, date: Date, actions: &mut Actions) {
        let Some(day) = self.book.days.get(&date) else { return };
        let of = day.payable().filter(|entry| !self.is_forgotten(entry));
        let entries: Vec<FileEntry> = of.copied().collect();
        let mut merchants: Vec<[u8; 15]> = entries.iter().map(|entry| entry.merchant).collect();
        merchants.sort_unstable();
        merchants.dedup();
        for merchant in merchants {
            if self.book.days.get(&date).is_some_and(|day| day.merchants.contains(&merchant)) {
                continue;
            }
            let Config { fees, defects, institution: sender, .. } = self.config;
            let of = entries.iter().filter(|entry| entry.merchant == merchant);
            let lines = of.map(|entry| fees::line(&fees, *entry, defects)).collect();
            let (kind, sequence) = (FileKind::Payout, self.book.stated + 1);
            let file = FileId { kind, sender, receiver: 0, date, sequence };
            self.commit(ClearingRecord::PayoutBuilt { file, merchant, lines }, actions);
        }
    }

    /// Closes each date of which everything is made and delivered.
    fn close_days(&mut self, actions: &mut Actions) {
        while let Some((date, day)) = self.book.days.first_key_value() {
            let date = *date;
            let is_whole = day.sources.len() >= self.config.switches.len()
                && day.issuers.len() >= self.config.issuers.len()
                && day.payable().all(|entry| {
                    day.merchants.contains(&entry.merchant) || self.is_forgotten(entry)
                });
            if !is_whole || self.book.undelivered.iter().any(|waiting| waiting.file.date == date) {
                return;
            }
            self.commit(ClearingRecord::DayClosed { date }, actions);
        }
    }

    /// Planted defect B18: what was charged back is nobody's loss but the acquirer's.
    #[cfg_attr(mutants, mutants::skip)]
    fn is_forgotten(&self, entry: &FileEntry) -> bool {
        entry.kind == EntryKind::Chargeback && self.config.defects.has(Defect::B18)
    }

    /// Sends what is durable: a file that could still be forgotten could be made otherwise.
    fn deliver(&mut self, now: Now, actions: &mut Actions) {
        for waiting in &self.book.undelivered {
            let Some(channel) = self.channels.get_mut(waiting.channel) else { continue };
            if waiting.commit <= self.done && !channel.outbox.holds(waiting.file) {
                let id = waiting.file;
                let text = FileText {
                    id,
                    currency: self.config.currency,
                    entries: waiting.entries.to_vec(),
                };
                channel.outbox.push(id, filing::write(&text));
            }
        }
        for channel in &mut self.channels {
            channel.offer(now, actions);
        }
    }

    /// Whose card it is: the longest prefix wins.
    fn issuer_of(&self, entry: &FileEntry) -> Option<usize> {
        let pan = entry.pan.as_str();
        let of = self.config.issuers.iter().enumerate();
        let bins = of.flat_map(|(place, issuer)| issuer.bins.iter().map(move |bin| (place, bin)));
        let fitting = bins.filter(|(_, bin)| pan.starts_with(bin.as_str()));
        fitting.max_by_key(|(_, bin)| bin.len()).map(|(place, _)| place)
    }

    /// Makes a record durable, and believes it.
    fn commit(&mut self, record: ClearingRecord, actions: &mut Actions) {
        self.is_writing = true;
        self.book.apply(&self.config, &record, self.begun + 1);
        if let ClearingRecord::FileDelivered { file } = &record {
            self.channels.iter_mut().for_each(|channel| channel.outbox.complete(*file));
        }
        let asked = actions.ticket();
        actions.about(Ticket::NONE);
        actions.record(record);
        actions.about(asked);
    }
}
