//! A party's machine: power, journal, commits that take time, devices, its own calendar clock.

use super::cast::{Cast, Config, Place};
use super::queue::Rank;
use super::{Item, Lines, World};
use crate::fault::Side;
use crate::history::{Frame, What, is_done};
use crate::party::Party;
use reversim_models::device::{Device, Outcome, Output};
use reversim_models::node::{
    Action, Command, Event, Journal, Link, LinkDownReason, Node, Port, Posting, Ticket,
};
use reversim_models::record::Record;
use reversim_models::time::{Duration, Instant, LocalTime, Now};
use std::collections::VecDeque;

/// How long a chip takes for each thing it is told to do.
const CHIP_TIME: Duration = Duration::millis(500);

/// An event on its way to a party, owned.
#[derive(Clone, Debug)]
pub(super) enum Happening {
    LinkUp { port: Port, link: Link },
    ConnectFailed { port: Port },
    LinkDown { link: Link, reason: LinkDownReason },
    Frame { link: Link, frame: Frame },
    Bytes { link: Link, bytes: Vec<u8> },
    Committed,
    Deadline,
    Told { device: Device, outcome: Outcome },
    Commanded(Command),
}

/// The actions of one event, while they are being performed.
struct Task {
    id: u32,
    actions: VecDeque<(Ticket, Action)>,
    /// Records of the commit that is under way.
    writing: Vec<(Ticket, Record)>,
}

/// Somebody else's machine.
struct Remote {
    is_up: bool,
    /// Whether it can be switched off and on.
    has_switch: bool,
}

/// One party's machine.
pub(super) struct Host {
    pub(super) party: Party,
    config: Config,
    peers: Vec<(usize, Port)>,
    node: Option<Box<dyn Node>>,
    /// A party that is kept while power is off.
    dark: Option<Box<dyn Node>>,
    is_foreign: bool,
    /// Somebody else's machine: nothing is known of it but what it says on its lines.
    remote: Option<Remote>,
    journal: Vec<Record>,
    torn: Option<Record>,
    /// Grows at every loss of power: what was under way before means nothing after.
    pub(super) epoch: u32,
    wake_at: Option<Instant>,
    /// How far its calendar clock is off, microseconds.
    pub(super) clock_off: i64,
    workers: u8,
    tasks: Vec<Task>,
    next_task: u32,
    disk_busy_until: Instant,
    inbox: VecDeque<(Ticket, Happening)>,
}

impl Host {
    pub(super) fn new(place: Place, cast: &dyn Cast, workers: u8, zone: i64) -> Host {
        let own = cast.play(place.party, &place.config);
        let is_terminal = matches!(place.config, Config::Terminal(_));
        Host {
            party: place.party,
            is_foreign: own.is_some(),
            remote: None,
            node: own,
            dark: None,
            config: place.config,
            peers: place.peers,
            journal: Vec::with_capacity(16),
            torn: None,
            epoch: 0,
            wake_at: None,
            clock_off: zone,
            workers: if is_terminal { 1 } else { workers },
            tasks: Vec::new(),
            next_task: 0,
            disk_busy_until: Instant::START,
            inbox: VecDeque::new(),
        }
    }

    /// The place of somebody else's machine.
    pub(super) fn remote(place: Place, has_switch: bool) -> Host {
        let nobody = |_: Party, _: &Config| None;
        let remote = Some(Remote { is_up: true, has_switch });
        Host { is_foreign: true, remote, ..Host::new(place, &nobody, 1, 0) }
    }

    pub(super) fn is_remote(&self) -> bool {
        self.remote.is_some()
    }

    /// Whether its power can fail.
    pub(super) fn can_lose_power(&self) -> bool {
        self.is_up() && self.remote.as_ref().is_none_or(|remote| remote.has_switch)
    }

    /// What the books of somebody else's party say. Ours are judged by their records.
    pub(super) fn postings(&mut self) -> Option<Vec<Posting>> {
        self.node.as_mut().filter(|_| self.is_foreign)?.postings()
    }

    /// Whether somebody else's party plays it.
    pub(super) fn is_foreign(&self) -> bool {
        self.is_foreign
    }

    pub(super) fn is_up(&self) -> bool {
        self.node.is_some() || self.remote.as_ref().is_some_and(|remote| remote.is_up)
    }

    /// The place behind a port, and the port that leads back.
    pub(super) fn peer(&self, port: Port) -> Option<(usize, Port)> {
        self.peers.get(usize::from(port.0)).copied()
    }

    /// When the party next needs to be woken.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.node.as_ref().and_then(|node| node.deadline())
    }
}

impl<L: Lines> World<'_, L> {
    /// What the party's calendar clock shows.
    pub(super) fn local_time(&self, host: usize) -> LocalTime {
        let passed = i64::try_from(self.now.0).unwrap_or(i64::MAX);
        self.plan.start.plus(passed.saturating_add(self.hosts[host].clock_off))
    }

    /// Power comes on: the party is built anew and reads its journal.
    pub(super) fn power_on(&mut self, host: usize) {
        let was_cut = self.hosts[host].epoch > 0;
        if let Some(remote) = &mut self.hosts[host].remote {
            remote.is_up = true;
            if was_cut {
                self.lines.power(host, true);
                self.note(host, Ticket::NONE, What::PowerRestored);
            }
            return;
        }
        let machine = &mut self.hosts[host];
        let kept = machine.dark.take();
        let own = kept.or_else(|| self.cast.play(machine.party, &machine.config));
        machine.node = Some(own.unwrap_or_else(|| machine.config.build()));
        if was_cut {
            self.note(host, Ticket::NONE, What::PowerRestored);
            self.reset_connections_of(host);
        }
        let (journal, torn) = {
            let machine = &mut self.hosts[host];
            (std::mem::take(&mut machine.journal), machine.torn.take())
        };
        let event = Event::Started { journal: Journal { records: &journal, torn: torn.as_ref() } };
        let actions = self.call(host, Ticket::NONE, event);
        self.hosts[host].journal = journal;
        self.perform(host, actions);
        if was_cut {
            self.catch_up_with_the_date(host);
            self.power_is_back(host);
        }
    }

    /// Power fails: what is not durable is gone, and nobody is told.
    ///
    /// `tears` says that the record being written is left half written: the one given, or the
    /// first of a slow commit that is under way.
    pub(super) fn power_off(
        &mut self,
        host: usize,
        tears: bool,
        record: Option<(Ticket, Record)>,
        down: Duration,
    ) {
        if !self.hosts[host].is_up() {
            return;
        }
        let tasks = &mut self.hosts[host].tasks;
        let unwritten = tasks.iter_mut().find_map(|task| task.writing.drain(..).next());
        let torn = unwritten.or(record).filter(|_| tears);
        self.note(host, Ticket::NONE, What::PowerLost);
        self.take_questions(host);
        let machine = &mut self.hosts[host];
        machine.dark = machine.node.take().and_then(|mut node| node.lose_power().then_some(node));
        if let Some(remote) = &mut machine.remote {
            remote.is_up = false;
            self.lines.power(host, false);
        }
        let machine = &mut self.hosts[host];
        machine.epoch += 1;
        machine.wake_at = None;
        machine.tasks.clear();
        machine.inbox.clear();
        machine.disk_busy_until = Instant::START;
        let epoch = machine.epoch;
        if let Some((ticket, record)) = torn {
            machine.torn = Some(record.clone());
            self.note(host, ticket, What::Torn(record));
        }
        self.network_lost_host(host);
        self.push(self.now + down, Item::Power { host, epoch });
    }

    /// Takes down what the party asked of its policy since power came on.
    pub(super) fn take_questions(&mut self, host: usize) {
        if let Some(node) = &self.hosts[host].node {
            self.consulted.asked.absorb(&node.asked());
        }
    }

    /// Something happens to a party: now, or when it has a hand free.
    pub(super) fn feed(&mut self, host: usize, ticket: Ticket, happening: Happening) {
        let machine = &mut self.hosts[host];
        if machine.node.is_none() {
            return;
        }
        if machine.tasks.len() >= usize::from(machine.workers) {
            machine.inbox.push_back((ticket, happening));
            return;
        }
        if !machine.tasks.is_empty() {
            self.note(host, ticket, What::CommitOvertaken);
        }
        self.dispatch(host, ticket, happening);
    }

    fn dispatch(&mut self, host: usize, ticket: Ticket, happening: Happening) {
        let event = match &happening {
            Happening::LinkUp { port, link } => Event::LinkUp { port: *port, link: *link },
            Happening::ConnectFailed { port } => Event::ConnectFailed { port: *port },
            Happening::LinkDown { link, reason } => {
                Event::LinkDown { link: *link, reason: *reason }
            }
            Happening::Frame { link, frame } => {
                Event::Received { link: *link, bytes: frame.bytes() }
            }
            Happening::Bytes { link, bytes } => Event::Received { link: *link, bytes },
            Happening::Committed => Event::Committed,
            Happening::Deadline => Event::DeadlineReached,
            Happening::Told { device, outcome } => {
                let (device, is_done) = (*device, is_done(outcome));
                self.note(host, ticket, What::Answered { device, is_done });
                Event::Told { device, outcome: outcome.clone() }
            }
            Happening::Commanded(command) => {
                self.note(host, ticket, What::Asked(command.clone()));
                Event::Commanded(command.clone())
            }
        };
        let actions = self.call(host, ticket, event);
        self.perform(host, actions);
    }

    /// Lets the party handle one event and takes its actions.
    fn call(
        &mut self,
        host: usize,
        ticket: Ticket,
        event: Event<'_>,
    ) -> VecDeque<(Ticket, Action)> {
        let now = Now { instant: self.now, local: self.local_time(host) };
        self.actions.reset(ticket);
        let Some(node) = &mut self.hosts[host].node else { return VecDeque::new() };
        node.handle(now, event, &mut self.actions);
        if self.actions.as_slice().is_empty() {
            return VecDeque::new();
        }
        // A vector becomes a queue, and a queue a vector again, without a copy.
        self.actions.take(self.rooms.pop().unwrap_or_default()).into()
    }

    fn perform(&mut self, host: usize, actions: VecDeque<(Ticket, Action)>) {
        if !actions.is_empty() {
            let machine = &mut self.hosts[host];
            machine.next_task += 1;
            let task = Task { id: machine.next_task, actions, writing: Vec::new() };
            self.go_on(host, task);
        }
        self.watch_deadline(host);
    }

    /// Performs actions in order until they are done, power fails, or a commit takes its time.
    fn go_on(&mut self, host: usize, mut task: Task) {
        let epoch = self.hosts[host].epoch;
        let mut is_committed = None;
        while let Some((ticket, action)) = task.actions.pop_front() {
            if let Action::Record(record) = &action {
                if is_committed.is_none()
                    && let Some(until) = self.commit_until(host, ticket, record)
                {
                    self.suspend(host, task, (ticket, action), until);
                    return;
                }
            } else if let Some(ticket) = is_committed.take() {
                self.committed(host, ticket);
            }
            if self.hosts[host].epoch != epoch {
                return;
            }
            if let Action::Record(_) = &action {
                is_committed = Some(ticket);
            }
            if !self.act(host, ticket, action) {
                return;
            }
        }
        self.rooms.push(task.actions.into());
        if let Some(ticket) = is_committed {
            self.committed(host, ticket);
        }
    }

    fn committed(&mut self, host: usize, ticket: Ticket) {
        if self.hosts[host].is_up() {
            self.dispatch(host, ticket, Happening::Committed);
        }
    }

    /// When a commit that begins with this record will be durable; none for at once.
    fn commit_until(&mut self, host: usize, ticket: Ticket, record: &Record) -> Option<Instant> {
        let slow = self.slow_commit(host, ticket, record);
        let length = Duration::millis(self.scenario.timing.commit_ms.max(slow));
        let machine = &self.hosts[host];
        // One journal: what is written later is durable later, at the same instant too.
        let is_busy = !machine.tasks.is_empty() || machine.disk_busy_until > self.now;
        (length > Duration::ZERO || is_busy).then(|| machine.disk_busy_until.max(self.now) + length)
    }

    fn suspend(&mut self, host: usize, mut task: Task, first: (Ticket, Action), until: Instant) {
        self.note(host, first.0, What::CommitDelayed);
        let mut next = Some(first);
        while let Some((ticket, action)) = next {
            match action {
                Action::Record(record) => task.writing.push((ticket, record)),
                other => {
                    task.actions.push_front((ticket, other));
                    break;
                }
            }
            next = task.actions.pop_front();
        }
        let machine = &mut self.hosts[host];
        machine.disk_busy_until = until;
        let (epoch, id) = (machine.epoch, task.id);
        machine.tasks.push(task);
        self.push(until, Item::Commit { host, epoch, task: id });
    }

    /// A slow commit is durable: its records are believed, and what waited for them goes on.
    pub(super) fn finish_commit(&mut self, host: usize, id: u32) {
        let tasks = &mut self.hosts[host].tasks;
        let Some(position) = tasks.iter().position(|task| task.id == id) else { return };
        let mut task = tasks.remove(position);
        let epoch = self.hosts[host].epoch;
        let mut last = Ticket::NONE;
        for (ticket, record) in std::mem::take(&mut task.writing) {
            last = ticket;
            if !self.act(host, ticket, Action::Record(record)) {
                return;
            }
        }
        self.committed(host, last);
        if self.hosts[host].epoch == epoch {
            self.go_on(host, task);
        }
        while self.hosts[host].tasks.len() < usize::from(self.hosts[host].workers) {
            let Some((ticket, happening)) = self.hosts[host].inbox.pop_front() else { break };
            self.feed(host, ticket, happening);
        }
        self.watch_deadline(host);
    }

    /// Performs one action; false if power failed around it.
    fn act(&mut self, host: usize, ticket: Ticket, action: Action) -> bool {
        let watched = self.faults.watches(host);
        let seen = watched.then(|| self.faults.count_action(host, ticket, &action)).flatten();
        if let Some(seen) = &seen
            && self.around_action(host, seen, Side::Before, Some(&action))
        {
            return false;
        }
        match action {
            Action::Record(record) => {
                self.hosts[host].journal.push(record.clone());
                self.note(host, ticket, What::Recorded(record));
            }
            Action::Connect(port) => self.connect(host, port, ticket),
            Action::Send { link, frame } => self.send(host, link, frame, ticket),
            Action::Disconnect(link) => self.disconnect(host, link),
            Action::Tell { device, output } => self.tell(host, ticket, device, output),
        }
        match &seen {
            Some(seen) => !self.around_action(host, seen, Side::After, None),
            None => self.hosts[host].is_up(),
        }
    }

    fn tell(&mut self, host: usize, ticket: Ticket, device: Device, output: Output) {
        let timing = &self.scenario.timing;
        let answer = match &output {
            Output::Slip(_) => {
                let outcome =
                    if self.printer_fails(ticket) { Outcome::NotPrinted } else { Outcome::Printed };
                Some((Duration::millis(timing.print_ms), outcome))
            }
            Output::EnterPin { .. } => {
                Some((Duration::millis(timing.pin_ms), self.enter_pin(ticket)))
            }
            Output::Card(command) => Some((CHIP_TIME, self.card_answers(ticket, *command))),
            Output::Desk(note) => self.merchant_answers(*note),
            _ => None,
        };
        if let Output::Display(display) = output {
            self.shown(host, ticket, display);
        }
        self.note(host, ticket, What::Told { device, output });
        if let Some((after, outcome)) = answer {
            let happening = Happening::Told { device, outcome };
            let epoch = self.hosts[host].epoch;
            self.push(self.now + after, Item::Device { host, epoch, ticket, happening });
        }
    }

    /// A wake-up was entered for a deadline that may have moved since. One that an earlier one took
    /// the place of does nothing: it would enter the next one a second time, and so would each of
    /// those.
    pub(super) fn wake(&mut self, host: usize) {
        let machine = &mut self.hosts[host];
        if machine.wake_at.is_none_or(|at| at > self.now) {
            return;
        }
        machine.wake_at = None;
        if machine.tasks.len() >= usize::from(machine.workers) {
            // No hand is free before the commit is done; the deadline is looked at then.
            return;
        }
        let deadline = self.hosts[host].deadline();
        if deadline.is_some_and(|at| at <= self.now) {
            self.feed(host, Ticket::NONE, Happening::Deadline);
            self.watch_overdue(host);
        } else {
            self.watch_deadline(host);
        }
    }

    fn watch_deadline(&mut self, host: usize) {
        let machine = &mut self.hosts[host];
        let Some(at) = machine.deadline() else { return };
        if machine.wake_at.is_some_and(|wake| wake <= at && wake >= self.now) {
            return;
        }
        machine.wake_at = Some(at.max(self.now));
        let epoch = machine.epoch;
        self.queue.push(at.max(self.now), Rank::Deadline, Item::Wake { host, epoch }, false);
    }

    /// A deadline that is still in the past after it was handled is asked again a little later: the
    /// party is wrong, but may not stop the world.
    fn watch_overdue(&mut self, host: usize) {
        let machine = &mut self.hosts[host];
        let Some(at) = machine.deadline() else { return };
        if at <= self.now {
            let (again, epoch) = (self.now + Duration::millis(1), machine.epoch);
            machine.wake_at = Some(again);
            self.queue.push(again, Rank::Deadline, Item::Wake { host, epoch }, false);
        }
    }
}
