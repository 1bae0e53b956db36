//! The switch: knows its terminals by key and line, verifies before anything, translates PINs,
//! routes, pairs answers, times out, stores and forwards reversals and advices, settles batches. No
//! account.
//!
//! Read docs/protocol.md 2.4 (what a switch does with late, repeated and overtaking messages)
//! before touching `exchange.rs`, and 3.1–3.3 before `settlement.rs`. This file is the match of
//! what happened with what is to be done; `book` is all that survives power loss.

mod advice;
mod book;
mod chip_data;
mod claims;
mod clearing;
mod config;
mod exchange;
mod network;
mod order;
mod payout;
mod pos;
mod request;
mod reversal;
mod rules;
mod settlement;
mod stand_in;
#[cfg(test)]
mod tests;
mod upstream;

pub use config::{ClearingLine, Config, Downstream, Peer, Upstream};

use std::collections::BTreeMap;

use book::Book;
use claims::Desk;
use clearing::Filing;
use exchange::Pending;
use pos::SignOn;
use request::Parked;
use upstream::Pool;

use crate::asked::{Asked, Asking};
use crate::defect::Defect;
use crate::device::{Device, Output};
use crate::iso8583::{Envelope, Message};
use crate::line::{Incoming, Line, LineError};
use crate::node::{Action, Actions, Command, Event, Journal, Link, Node, Port, Ticket};
use crate::record::{Reason, Record, SwitchRecord};
use crate::security::WorkKeys;
use crate::time::{Duration, Instant, Now};
use crate::timers::Timers;

/// A switch. Built from its configuration; the journal of [`Event::Started`] gives it its memory.
#[derive(Clone, Debug)]
pub struct Switch {
    config: Config,
    book: Book,
    connections: Vec<Connection>,
    /// As `config.upstream`.
    pools: Vec<Pool>,
    /// Requests forwarded whose senders wait, oldest first.
    pending: Vec<Pending>,
    /// As `config.downstream`: what the terminal there was issued last, if it is good.
    keys: Vec<Option<WorkKeys>>,
    /// As `config.downstream`: the sign-on that was answered last.
    sign_ons: Vec<Option<SignOn>>,
    timers: Timers<Timer>,
    /// Until when code 90 is answered.
    cutover_until: Instant,
    /// Until when nothing is served.
    maintenance_until: Instant,
    commits: Commits,
    /// The connection each request went out on, while it stands: its reversal takes the same one,
    /// because only there the line keeps the order of the two.
    routes: BTreeMap<u64, Link>,
    /// The last transaction before power came on.
    id_at_start: u64,
    /// Requests that wait for a line: only ever filled under defect W34.
    parked: Vec<Parked>,
    asking: Asking,
    /// The line to the clearing house, if there is one.
    filing: Option<Filing>,
    /// The claims desk, and the line on which issuers' returns come.
    desk: Desk,
}

/// What a switch waits for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Timer {
    /// The upstream answer to a transaction.
    Response(u64),
    /// The next sending of the head of a queue.
    Advice(Port),
    /// The next attempt to connect.
    Reconnect(Port),
    /// The answer to an echo test.
    EchoAnswer(Link),
    /// The end of a line's idle time.
    EchoIdle(Link),
    /// The date that is over may be extracted.
    Extract,
}

/// One end of a link that stands.
#[derive(Clone, Debug)]
struct Connection {
    link: Link,
    port: Port,
    side: Side,
    line: Line,
    /// The STAN of an echo test that waits for its answer.
    echo: Option<u32>,
}

/// Who is at the other end, with its place in the configuration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    Terminal(usize),
    Switch(usize),
    Upstream(usize),
}

/// Where a message came from, and its answer goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Caller {
    link: Link,
    port: Port,
    side: Side,
    envelope: Envelope,
}

/// Commits begun and done. What is not durable yet must not be told to anybody, not even as the
/// answer to a duplicate, which waits for no commit of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Commits {
    begun: u64,
    done: u64,
}

impl Node for Switch {
    fn handle(&mut self, now: Now, event: Event<'_>, actions: &mut Actions) {
        self.book.now = now.instant;
        let begun = self.commits.begun;
        if !self.hear_clearing(now, &event, actions) && !self.hear_desk(now, &event, actions) {
            self.happen(now, event, actions);
        }
        self.close_dates(now, begun, actions);
        self.ask_for_slips(now, actions);
    }

    fn deadline(&self) -> Option<Instant> {
        let half_frames = self.connections.iter().filter_map(|one| one.line.deadline());
        let filing = self.filing.as_ref().and_then(Filing::deadline);
        half_frames.chain(filing).chain(self.desk.deadline()).chain(self.timers.deadline()).min()
    }

    fn asked(&self) -> Asked {
        self.asking.so_far()
    }
}

impl Switch {
    fn happen(&mut self, now: Now, event: Event<'_>, actions: &mut Actions) {
        match event {
            Event::Started { journal } => self.start(now, journal, actions),
            Event::LinkUp { port, link } => self.connect(now, port, link, actions),
            Event::ConnectFailed { port } => self.connect_failed(now, port),
            Event::LinkDown { link, .. } => self.lose(now, link, actions),
            Event::Received { link, bytes } => self.receive(now, link, bytes, actions),
            Event::Committed => self.commits.done = self.commits.begun.min(self.commits.done + 1),
            Event::DeadlineReached => self.elapse(now, actions),
            Event::Commanded(command) => self.obey(now, command, actions),
            Event::Told { .. } => {}
        }
    }

    /// A switch that has no memory yet.
    pub fn new(config: Config) -> Switch {
        Switch {
            book: Book::new(&config),
            connections: Vec::new(),
            pools: config.upstream.iter().map(|_| Pool::default()).collect(),
            pending: Vec::new(),
            keys: vec![None; config.downstream.len()],
            sign_ons: vec![None; config.downstream.len()],
            timers: Timers::new(),
            cutover_until: Instant::START,
            maintenance_until: Instant::START,
            commits: Commits::default(),
            routes: BTreeMap::new(),
            id_at_start: 0,
            parked: Vec::new(),
            asking: Asking::new(),
            filing: config.clearing.as_ref().map(|line| Filing::new(line, &config)),
            desk: Desk::default(),
            config,
        }
    }

    fn start(&mut self, now: Now, journal: Journal<'_>, actions: &mut Actions) {
        *self = Switch::new(self.config.clone());
        self.book.now = now.instant;
        // A torn record is not a record: what it would have let out never went out.
        for record in journal.records {
            if let Record::Switch(record) = record {
                self.book.apply(record);
                if let SwitchRecord::AdviceTried { advice, attempt: 1 } = record
                    && self.config.defects.has(Defect::W07)
                {
                    self.book.drop_advice(*advice);
                }
            }
        }
        self.id_at_start = self.book.next_id() - 1;
        self.book.doubt_last_sendings();
        if self.config.defects.has(Defect::W15) {
            self.book.forget_requests();
        }
        for (at, downstream) in self.config.downstream.iter().enumerate() {
            self.keys[at] = self.issued_keys(downstream.port);
        }
        self.reverse_what_was_in_doubt(now, actions);
        self.queue_what_was_taken(actions);
        self.pay_what_is_owed(actions);
        self.connect_all(actions);
    }

    /// Forwarded and not answered: nobody remembers who waits, so it is taken back. Of an order its
    /// terminal remembers, and asks.
    fn reverse_what_was_in_doubt(&mut self, now: Now, actions: &mut Actions) {
        let in_doubt = self.book.transactions().filter(|(_, transaction)| {
            transaction.answer.is_none()
                && self.owes_reversal(transaction)
                && !transaction.is_order()
        });
        let in_doubt: Vec<u64> = in_doubt.map(|(id, _)| id).collect();
        for id in in_doubt {
            self.queue_advice(now, id, Reason::NoAnswer, actions);
        }
    }

    fn receive(&mut self, now: Now, link: Link, bytes: &[u8], actions: &mut Actions) {
        let Some(connection) = self.connection_mut(link) else { return };
        connection.line.receive(now.instant, bytes);
        while let Some(connection) = self.connection_mut(link)
            && let Some(read) = connection.line.next()
        {
            let (port, side) = (connection.port, connection.side);
            match read {
                Ok(incoming) => {
                    let envelope = incoming.envelope.swapped();
                    let caller = Caller { link, port, side, envelope };
                    self.dispatch(now, caller, &incoming, actions);
                }
                Err(LineError::Decode { frame, .. }) if self.config.defects.has(Defect::Z01) => {
                    let hex: String = frame.iter().map(|byte| format!("{byte:02X}")).collect();
                    actions.tell(Device::Log, Output::Log(format!("cannot decode {hex}")));
                }
                Err(error @ LineError::Decode { .. }) => {
                    actions.tell(Device::Log, Output::Log(error.to_string()));
                }
                Err(error @ LineError::Frame(_)) => {
                    // Nobody knows where the next frame begins.
                    actions.tell(Device::Log, Output::Log(error.to_string()));
                    self.hang_up(now, link, actions);
                }
            }
        }
    }

    fn dispatch(&mut self, now: Now, caller: Caller, incoming: &Incoming, actions: &mut Actions) {
        match caller.side {
            Side::Terminal(_) => self.serve_terminal(now, caller, incoming, actions),
            Side::Switch(_) => self.serve_switch(now, caller, incoming, actions),
            Side::Upstream(at) => self.hear_upstream(now, at, caller, incoming, actions),
        }
    }

    fn elapse(&mut self, now: Now, actions: &mut Actions) {
        while let Some(at) =
            self.connections.iter_mut().position(|one| one.line.expire(now.instant))
        {
            self.hang_up(now, self.connections[at].link, actions);
        }
        while let Some(timer) = self.timers.pop_due(now.instant) {
            match timer {
                Timer::Response(id) => self.give_up(now, id, actions),
                Timer::Advice(port) => self.retry_advice(now, port, actions),
                Timer::Reconnect(port) => self.reconnect(port, actions),
                Timer::EchoAnswer(link) => self.miss_echo(now, link, actions),
                Timer::EchoIdle(link) => self.test_line(now, link, actions),
                // Looked at after every event.
                Timer::Extract => {}
            }
        }
    }

    fn obey(&mut self, now: Now, command: Command, actions: &mut Actions) {
        match command {
            Command::CutOver { date, window } => {
                self.commit(SwitchRecord::CutOver { date }, actions);
                self.cutover_until = now.instant + window;
                self.close_date_later(self.cutover_until);
                if self.filing.is_some() {
                    self.timers.set(Timer::Extract, self.cutover_until);
                }
            }
            Command::Maintenance { window } => self.maintenance_until = now.instant + window,
            Command::Route { port, is_open } => self.set_route(port, is_open, actions),
            Command::WithdrawKeys { port } => self.withdraw_keys(port, actions),
            Command::Claim { ticket, slip } if self.filing.is_some() => {
                self.claim(ticket, &slip, actions);
            }
            Command::LookUp { slip, .. } => self.look_up(&slip, actions),
            // Without a clearing house nobody could ask for the money.
            Command::Claim { .. } => {}
            // The rest is asked of terminals and issuers.
            Command::Retrieve { .. }
            | Command::SignOn { .. }
            | Command::Sale { .. }
            | Command::PreAuth { .. }
            | Command::Follow { .. }
            | Command::Void { .. }
            | Command::Inquiry { .. }
            | Command::Settle { .. }
            | Command::Reprint { .. }
            | Command::Download { .. }
            | Command::Echo { .. }
            | Command::SignOff { .. }
            | Command::Pause { .. } => {}
        }
    }

    /// Makes a record durable, and believes it.
    fn commit(&mut self, record: SwitchRecord, actions: &mut Actions) {
        // Consecutive records are one commit.
        if !matches!(actions.as_slice().last(), Some((_, Action::Record(_)))) {
            self.commits.begun += 1;
        }
        self.book.commit = self.commits.begun;
        self.book.apply(&record);
        actions.record(record);
    }

    fn is_durable(&self, commit: u64) -> bool {
        commit <= self.commits.done
    }

    fn is_in_maintenance(&self, now: Now) -> bool {
        now.instant < self.maintenance_until
    }

    fn connection(&self, link: Link) -> Option<&Connection> {
        self.connections.iter().find(|connection| connection.link == link)
    }

    fn connection_mut(&mut self, link: Link) -> Option<&mut Connection> {
        self.connections.iter_mut().find(|connection| connection.link == link)
    }

    fn standing_link(&self, port: Port) -> Option<Link> {
        self.connections.iter().find(|one| one.port == port).map(|one| one.link)
    }

    /// A frame for a link that stands. A message that its dialect cannot say is logged: whoever
    /// waits for it is served by a time-out.
    fn seal(
        &self,
        link: Link,
        message: &Message,
        envelope: Envelope,
        actions: &mut Actions,
    ) -> Option<Vec<u8>> {
        match self.connection(link)?.line.seal(message, envelope) {
            Ok(frame) => Some(frame),
            Err(error) => {
                actions.tell(Device::Log, Output::Log(format!("cannot encode: {error}")));
                None
            }
        }
    }

    /// Answers on the link the request came from, if it still stands.
    fn answer(&self, caller: Caller, message: &Message, actions: &mut Actions) {
        let link = match caller.side {
            // Another switch waits for the answer itself, not for the connection.
            Side::Switch(_) if self.connection(caller.link).is_none() => {
                self.standing_link(caller.port)
            }
            _ => Some(caller.link),
        };
        let Some(link) = link else { return };
        if let Some(frame) = self.seal(link, message, caller.envelope, actions) {
            actions.send(link, frame);
        }
    }

    /// Answers without a MAC, as to a terminal that has no good key.
    fn answer_unsigned(&self, caller: Caller, message: &Message, actions: &mut Actions) {
        let line = Line::pos(None, Duration::ZERO, self.config.defects);
        if self.connection(caller.link).is_some()
            && let Ok(frame) = line.seal(message, caller.envelope)
        {
            actions.send(caller.link, frame);
        }
    }
}

/// Does `work` on behalf of `ticket`, then goes on with what the event is about.
fn about(ticket: Ticket, actions: &mut Actions, work: impl FnOnce(&mut Actions)) {
    let asked = actions.ticket();
    actions.about(ticket);
    work(actions);
    actions.about(asked);
}
