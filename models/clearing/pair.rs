//! A clearing house of two nodes over one store: a lease says which of them works, and the fence
//! of its lease stops a node that only believes it has it.
//!
//! A node looks at its clock before it decides, and may stand still before what it decided is
//! written: a machine stalls, memory is collected. When it goes on, its lease may be over and the
//! other node may have done the work. No clock can stop that write; the store can, because every
//! write carries the fence of the lease under which it was decided, a number that grows with each
//! lease taken. What leaves the house is not fenced: receivers know a file by its id.
//!
//! Both nodes are in one place: power fails for both, and the journal is the store. The one that
//! has no lease keeps nothing in memory; it reads the store when it takes over.

use super::book::{Book, Commit, Lease};
use super::{Clearing, Config};
use crate::defect::Defect;
use crate::node::{
    Action, Actions, Command, Event, Journal, Link, LinkDownReason, Node, Port, Ticket,
};
use crate::record::{ClearingRecord, Record};
use crate::time::{Date, Duration, Instant, Now};
use std::collections::VecDeque;

/// Two nodes of a clearing house. The journal of [`Event::Started`] is their store.
#[derive(Clone, Debug)]
pub struct Pair {
    config: Config,
    /// How long a lease lasts.
    lease: Duration,
    store: Book,
    nodes: [Member; 2],
    /// Whose lines these are.
    owners: Vec<(Link, usize)>,
    /// Who asked for a connection that has not come about yet.
    asked: Vec<(Port, usize)>,
    /// Who takes part in each commit that is under way, oldest first.
    writers: VecDeque<Vec<Writer>>,
    /// Who writes in the event that is handled.
    writing: Vec<Writer>,
    /// The business date of which the operator told last.
    told: Option<Date>,
}

#[derive(Clone, Debug)]
struct Member {
    clearing: Clearing,
    role: Role,
    /// The fence of its last lease, and when it took it, as far as it knows.
    fence: u32,
    taken: Instant,
    /// Until when it stands still.
    stalled: Option<Instant>,
    /// What it was about to do when it came to stand still.
    held: Option<Work>,
    /// What happened since.
    waiting: VecDeque<(Ticket, Happening)>,
}

#[derive(Clone, Debug)]
enum Role {
    /// The other one works.
    Standby,
    /// Its lease is being written. This is what the store holds then.
    Taking(Box<Book>),
    /// It has, or believes it has, the lease.
    Active,
}

/// What a node decided in one event.
#[derive(Clone, Debug)]
struct Work {
    actions: Actions,
    commits: Commit,
}

/// A node's part in a commit.
#[derive(Clone, Copy, Debug)]
struct Writer {
    node: usize,
    /// How many of its events it ends.
    commits: Commit,
    /// Its lease.
    fence: u32,
}

/// An event on its way to a node, owned.
#[derive(Clone, Debug)]
enum Happening {
    LinkUp { port: Port, link: Link },
    ConnectFailed { port: Port },
    LinkDown { link: Link, reason: LinkDownReason },
    Received { link: Link, bytes: Vec<u8> },
    Committed,
    Deadline,
    Commanded(Command),
}

impl Happening {
    fn event(&self) -> Event<'_> {
        match self {
            Happening::LinkUp { port, link } => Event::LinkUp { port: *port, link: *link },
            Happening::ConnectFailed { port } => Event::ConnectFailed { port: *port },
            Happening::LinkDown { link, reason } => {
                Event::LinkDown { link: *link, reason: *reason }
            }
            Happening::Received { link, bytes } => Event::Received { link: *link, bytes },
            Happening::Committed => Event::Committed,
            Happening::Deadline => Event::DeadlineReached,
            Happening::Commanded(command) => Event::Commanded(command.clone()),
        }
    }
}

impl Member {
    fn new(config: &Config) -> Member {
        Member {
            clearing: Clearing::new(config.clone()),
            role: Role::Standby,
            fence: 0,
            taken: Instant::START,
            stalled: None,
            held: None,
            waiting: VecDeque::new(),
        }
    }

    fn is_active(&self) -> bool {
        matches!(self.role, Role::Active)
    }

    /// Whether something can still happen to it: it runs, or it has not been caught yet.
    fn is_open(&self) -> bool {
        self.stalled.is_none() || (self.held.is_none() && self.waiting.is_empty())
    }
}

impl Node for Pair {
    fn handle(&mut self, now: Now, event: Event<'_>, actions: &mut Actions) {
        let ticket = actions.ticket();
        match event {
            Event::Started { journal } => self.start(journal),
            Event::LinkUp { port, link } => self.connect(now, ticket, port, link, actions),
            Event::ConnectFailed { port } => {
                if let Some(at) = self.who_asked(port) {
                    self.give(now, at, ticket, Happening::ConnectFailed { port }, actions);
                }
            }
            Event::LinkDown { link, reason } => {
                let owner = self.owner(link);
                self.owners.retain(|(own, _)| *own != link);
                if let Some(at) = owner {
                    self.give(now, at, ticket, Happening::LinkDown { link, reason }, actions);
                }
            }
            Event::Received { link, bytes } => {
                if let Some(at) = self.owner(link) {
                    let bytes = bytes.to_vec();
                    self.give(now, at, ticket, Happening::Received { link, bytes }, actions);
                }
            }
            Event::Committed => self.committed(now, actions),
            Event::DeadlineReached => (0..2).for_each(|at| self.elapse(now, at, actions)),
            Event::Commanded(Command::CutOver { date, .. }) => {
                self.told = self.told.max(Some(date));
            }
            Event::Commanded(Command::Pause { length }) => {
                let at = self.holder();
                let until = Some(now.instant + length);
                self.nodes[at].stalled = self.nodes[at].stalled.max(until);
            }
            Event::Commanded(_) | Event::Told { .. } => {}
        }
        self.tell_the_date(now, actions);
        let is_record = |(_, action): &(Ticket, Action)| matches!(action, Action::Record(_));
        if actions.as_slice().iter().any(is_record) {
            actions.records_first();
            self.writers.push_back(core::mem::take(&mut self.writing));
        }
    }

    fn deadline(&self) -> Option<Instant> {
        (0..2).filter_map(|at| self.deadline_of(at)).min()
    }
}

impl Pair {
    /// Two nodes over an empty store. A lease lasts this long.
    pub fn new(config: Config, lease: Duration) -> Pair {
        Pair {
            lease,
            store: Book::new(&config),
            nodes: [Member::new(&config), Member::new(&config)],
            owners: Vec::new(),
            asked: Vec::new(),
            writers: VecDeque::new(),
            writing: Vec::new(),
            told: None,
            config,
        }
    }

    fn start(&mut self, journal: Journal<'_>) {
        *self = Pair::new(self.config.clone(), self.lease);
        for record in journal.records {
            if let Record::Clearing(record) = record {
                self.store.apply(&self.config, record, 0);
            }
        }
    }

    /// Whose lease the store knows: over or not, whoever comes from outside is led there.
    fn holder(&self) -> usize {
        self.store.lease.map_or(0, |lease| usize::from(lease.node) % 2)
    }

    fn owner(&self, link: Link) -> Option<usize> {
        self.owners.iter().find(|(own, _)| *own == link).map(|(_, at)| *at)
    }

    fn who_asked(&mut self, port: Port) -> Option<usize> {
        let place = self.asked.iter().position(|(asked, _)| *asked == port)?;
        Some(self.asked.remove(place).1)
    }

    /// A connection goes to the node that asked for it. One from outside goes to the holder of the
    /// lease, or to the other one if that lease is over and its holder does not move.
    fn connect(&mut self, now: Now, ticket: Ticket, port: Port, link: Link, actions: &mut Actions) {
        let is_standby = |node: &Member| matches!(node.role, Role::Standby);
        let at = match self.who_asked(port) {
            Some(at) if is_standby(&self.nodes[at]) => return actions.disconnect(link),
            Some(at) => at,
            None => {
                let (holder, other) = (self.holder(), 1 - self.holder());
                let is_over = self.store.lease.is_none_or(|lease| lease.until <= now.instant);
                let stands_still = |at: usize| self.nodes[at].stalled.is_some();
                match is_over && stands_still(holder) && !stands_still(other) {
                    true => other,
                    false => holder,
                }
            }
        };
        self.owners.push((link, at));
        if is_standby(&self.nodes[at]) {
            self.take(now, at, actions);
        }
        self.give(now, at, ticket, Happening::LinkUp { port, link }, actions);
    }

    /// Something happens to a node: at once, or when it goes on.
    fn give(
        &mut self,
        now: Now,
        at: usize,
        ticket: Ticket,
        happening: Happening,
        actions: &mut Actions,
    ) {
        let is_open = self.nodes[at].is_open();
        match self.nodes[at].role {
            Role::Standby => {}
            // What it wrote before it had this lease is of no use to it.
            Role::Taking(_) if matches!(happening, Happening::Committed) => {}
            Role::Active if is_open => {
                let work = self.work(now, at, ticket, &happening);
                match self.nodes[at].stalled {
                    None => self.write(at, work, actions),
                    Some(_) => self.nodes[at].held = Some(work),
                }
            }
            Role::Taking(_) | Role::Active => {
                self.nodes[at].waiting.push_back((ticket, happening));
            }
        }
    }

    /// What a node makes of an event. Should its lease be over by then, it takes it again in the
    /// same write.
    fn work(&mut self, now: Now, at: usize, ticket: Ticket, happening: &Happening) -> Work {
        let lease = self.lease;
        let node = &mut self.nodes[at];
        let mut decided = Actions::new(ticket);
        let begun = node.clearing.begun;
        node.clearing.handle(now, happening.event(), &mut decided);
        let commits = node.clearing.begun - begun;
        if commits == 0 || now.instant < node.taken + lease {
            return Work { actions: decided, commits };
        }
        let mut work = Work { actions: self.lease(now, at), commits };
        work.actions.append(&mut decided);
        work
    }

    /// The next lease, as a node asks the store for it.
    fn lease(&mut self, now: Now, at: usize) -> Actions {
        let until = now.instant + self.lease;
        let node = &mut self.nodes[at];
        (node.fence, node.taken) = (node.fence + 1, now.instant);
        // There are two.
        let (name, fence) = (u8::try_from(at).unwrap_or(1), node.fence);
        let mut actions = Actions::new(Ticket::NONE);
        actions.record(ClearingRecord::LeaseTaken { node: name, fence, until });
        actions
    }

    /// A node that keeps nothing takes the lease, and with it what the store holds.
    fn take(&mut self, now: Now, at: usize, actions: &mut Actions) {
        self.nodes[at].fence = self.store.fence();
        let work = Work { actions: self.lease(now, at), commits: 0 };
        self.write(at, work, actions);
        self.nodes[at].role = Role::Taking(Box::new(self.store.clone()));
    }

    /// Does what a node decided, if the store takes what it writes.
    fn write(&mut self, at: usize, work: Work, actions: &mut Actions) {
        let Work { actions: mut decided, commits } = work;
        let records = decided.as_slice().iter().filter_map(|(_, action)| match action {
            Action::Record(Record::Clearing(record)) => Some(record),
            _ => None,
        });
        let records: Vec<&ClearingRecord> = records.collect();
        if self.is_behind(at, &records) {
            return self.refuse(at, actions);
        }
        if !records.is_empty() {
            records.iter().for_each(|record| self.store.apply(&self.config, record, 0));
            self.writing.push(Writer { node: at, commits, fence: self.nodes[at].fence });
        }
        for (_, action) in decided.as_slice() {
            match action {
                Action::Connect(port) => self.asked.push((*port, at)),
                Action::Disconnect(link) => self.owners.retain(|(own, _)| own != link),
                _ => {}
            }
        }
        actions.append(&mut decided);
    }

    /// Whether these records were decided under a lease that is not the last one any more.
    fn is_behind(&self, at: usize, records: &[&ClearingRecord]) -> bool {
        let last = self.store.fence();
        match records.first() {
            None => false,
            // Two never take the same lease: that much every store can do.
            Some(ClearingRecord::LeaseTaken { fence, .. }) => *fence != last + 1,
            // Planted defect B03: writes carry no fence.
            Some(_) if self.config.defects.has(Defect::B03) => false,
            Some(_) => self.nodes[at].fence < last,
        }
    }

    /// A node learns that it has no lease any more: it forgets everything and stands by.
    fn refuse(&mut self, at: usize, actions: &mut Actions) {
        let (name, fence) = (u8::try_from(at).unwrap_or(1), self.nodes[at].fence);
        let asked = actions.ticket();
        actions.about(Ticket::NONE);
        actions.record(ClearingRecord::WriteRefused { node: name, fence });
        for (link, _) in self.owners.extract_if(.., |(_, owner)| *owner == at) {
            actions.disconnect(link);
        }
        actions.about(asked);
        self.nodes[at] = Member::new(&self.config);
    }

    /// The oldest commit is durable: whoever took part goes on.
    fn committed(&mut self, now: Now, actions: &mut Actions) {
        for Writer { node: at, commits, fence } in self.writers.pop_front().unwrap_or_default() {
            let node = &mut self.nodes[at];
            if let Role::Taking(book) = &mut node.role
                && fence == node.fence
            {
                let book = core::mem::replace(book.as_mut(), Book::new(&self.config));
                node.clearing = Clearing::new(self.config.clone());
                node.clearing.take_up(now, book);
                node.role = Role::Active;
                self.go_on(now, at, actions);
            }
            for _ in 0..commits {
                self.give(now, at, Ticket::NONE, Happening::Committed, actions);
            }
        }
    }

    /// What waited happens, in order.
    fn go_on(&mut self, now: Now, at: usize, actions: &mut Actions) {
        while self.nodes[at].stalled.is_none()
            && self.nodes[at].is_active()
            && let Some((ticket, happening)) = self.nodes[at].waiting.pop_front()
        {
            self.give(now, at, ticket, happening, actions);
        }
    }

    /// A time of a node may have come.
    fn elapse(&mut self, now: Now, at: usize, actions: &mut Actions) {
        if self.nodes[at].stalled.is_some_and(|until| until <= now.instant) {
            self.nodes[at].stalled = None;
            if let Some(work) = self.nodes[at].held.take() {
                self.write(at, work, actions);
            }
            self.go_on(now, at, actions);
        }
        let node = &self.nodes[at];
        let is_due = node.clearing.deadline().is_some_and(|due| due <= now.instant);
        if node.is_active() && node.is_open() && is_due {
            self.give(now, at, Ticket::NONE, Happening::Deadline, actions);
        }
        if self.lease_due(at).is_some_and(|due| due <= now.instant) {
            match self.nodes[at].role {
                Role::Standby => self.take(now, at, actions),
                _ => {
                    let work = Work { actions: self.lease(now, at), commits: 0 };
                    self.write(at, work, actions);
                }
            }
        }
    }

    fn deadline_of(&self, at: usize) -> Option<Instant> {
        let node = &self.nodes[at];
        let is_open = node.is_active() && node.is_open();
        let own = node.clearing.deadline().filter(|_| is_open);
        own.into_iter().chain(node.stalled).chain(self.lease_due(at)).min()
    }

    /// When a node takes the lease: the holder before it is over, the other one after; none while
    /// there is nothing to do, or while it stands still.
    fn lease_due(&self, at: usize) -> Option<Instant> {
        let node = &self.nodes[at];
        match node.role {
            _ if node.stalled.is_some() => None,
            Role::Standby if self.has_work(&self.store) => match self.store.lease {
                Some(Lease { node, until, .. }) if usize::from(node) != at => Some(until),
                // Nobody has it, or it has had it before power failed.
                _ => Some(Instant::START),
            },
            Role::Active if self.has_work(&node.clearing.book) => {
                let lease = self.lease.0;
                Some(Instant(node.taken.0.saturating_add(lease - lease / 3)))
            }
            _ => None,
        }
    }

    /// Whether a date is open of which something has come, a file waits, or a date has to begin.
    fn has_work(&self, book: &Book) -> bool {
        let is_told = self.told.is_some_and(|date| date > book.business_date);
        !book.days.is_empty() || !book.undelivered.is_empty() || is_told
    }

    /// The holder of the lease begins the business date of which the operator told.
    fn tell_the_date(&mut self, now: Now, actions: &mut Actions) {
        let (at, Some(date)) = (self.holder(), self.told) else { return };
        let node = &self.nodes[at];
        if node.is_active() && node.stalled.is_none() && node.clearing.book.business_date < date {
            let window = Duration::ZERO;
            let command = Happening::Commanded(Command::CutOver { date, window });
            self.give(now, at, Ticket::NONE, command, actions);
        }
    }
}
