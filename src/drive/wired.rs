//! Lines made of sockets: connections of the stage, and the two sockets at their ends.
//!
//! It waits until what was to happen has happened, so whoever calls it sees a connection made,
//! bytes read, an end noticed. It knows no message and no fault.

use super::DriveError;
use super::card::{Card, Order, SocketId, Told};
use crate::stage::{Heard, Lines, Wiring};
use reversim_models::node::{Link, LinkDownReason, Port, Posting};
use reversim_models::time::{Duration as WorldTime, Instant};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};

/// How long bytes may be on their way between two of our own sockets before the world is given up,
/// by the transport's clock. No correct transport comes near it.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// How long somebody else's machine may take to accept a connection, by the transport's clock.
const DIAL_PATIENCE: Duration = Duration::from_secs(3);

/// How long the rest of a frame may take, by the transport's clock: longer than a network stack
/// takes that cuts a message in two.
const HALF_FRAME: Duration = Duration::from_millis(250);

/// How late this process may be woken, by the transport's clock: on a busy machine others come
/// first.
const BUSY: Duration = Duration::from_millis(500);

/// What sockets tell, and is not yet listened to, at most. Whoever floods a socket waits.
const TOLD_MAX: usize = 64;

/// The sockets that parties talk over, and the clock that goes with them.
pub(super) trait Transport {
    /// Where a machine of ours waits for the peer behind a port.
    fn listens_at(port: Port) -> SocketAddr;

    /// Gives a machine of this name its sockets.
    fn open(&mut self, name: &str, card: Card, orders: UnboundedReceiver<Order>);

    /// The clock begins now, if it can be set.
    fn begin(&mut self) {}

    /// How long there has been a network.
    fn elapsed(&self) -> Duration;

    /// Lets tasks run until one of them tells something, or this long.
    fn next(&mut self, told: &mut Receiver<Told>, within: Duration) -> Option<Told>;

    /// Whether it can switch off and on what runs on it under this name.
    fn has_power_switch(&self, _name: &str) -> bool {
        false
    }

    /// Switches it off or on.
    fn power(&mut self, _name: &str, _is_on: bool) {}

    /// Where others find the listener of the machine with this name.
    fn address_of(&self, name: &str, listener: SocketAddr) -> String;
}

/// The two sockets of a connection; the first one connected. What is not ours has none.
type Pair = [Option<SocketId>; 2];

/// Where somebody else's machines are, and how time flows for them.
#[derive(Clone, Debug, Default)]
pub(super) struct Outer {
    /// Places that are not ours, by index.
    pub(super) hosts: BTreeSet<usize>,
    /// Where a host of ours finds the peer behind a port.
    pub(super) dial: BTreeMap<(usize, u16), String>,
    /// Where a host of ours waits for the peer behind a port.
    pub(super) listen: BTreeMap<(usize, u16), SocketAddr>,
    /// How many times faster than the transport's clock the world's runs; none: it skips.
    pub(super) scale: Option<u32>,
    /// How long such a machine thinks at most, by the transport's clock.
    pub(super) quiet: Duration,
    /// How long a run may take, by the transport's clock.
    pub(super) limit: Duration,
}

/// What the owner of somebody else's machine can do.
pub(super) trait Owner {
    /// Whether the power of this host can be switched.
    fn has_power_switch(&self, host: usize) -> bool;
    /// Switches it.
    fn switch(&mut self, host: usize, is_on: bool) -> Result<(), DriveError>;
    /// Reads the books of this host; none if they cannot be read.
    fn postings(&mut self, host: usize) -> Result<Option<Vec<Posting>>, DriveError>;
}

/// Lines over a transport.
pub(super) struct Wired<'a, T> {
    transport: T,
    told: Receiver<Told>,
    /// What machines are called.
    names: Vec<String>,
    orders: Vec<UnboundedSender<Order>>,
    numbers: Rc<Cell<SocketId>>,
    /// Where the listener of a host's port is found.
    listeners: BTreeMap<(usize, u16), String>,
    pairs: BTreeMap<Link, Pair>,
    /// Which host a socket is at.
    hosts: BTreeMap<SocketId, usize>,
    /// What was told before anybody waited for it.
    early: VecDeque<Told>,
    /// The connection of a socket whose other end is not ours.
    outer_links: BTreeMap<SocketId, Link>,
    /// Which host a connection came to that nobody has taken yet.
    accepted: BTreeMap<SocketId, usize>,
    outer: Outer,
    owner: Option<&'a mut dyn Owner>,
    failure: Option<&'a mut Option<DriveError>>,
}

impl<T: Transport> Wired<'static, T> {
    /// Opens the sockets of all machines, and every listener.
    pub(super) fn new(mut transport: T, plan: &[Wiring], outer: Outer) -> Result<Self, DriveError> {
        let (tell, mut told) = channel(TOLD_MAX);
        let numbers: Rc<Cell<SocketId>> = Rc::default();
        let (mut orders, mut open) = (Vec::new(), 0);
        for (host, wiring) in plan.iter().enumerate() {
            let card = Card { host, told: tell.clone(), numbers: numbers.clone() };
            let (order, ordered) = unbounded_channel();
            orders.push(order);
            if outer.hosts.contains(&host) {
                continue;
            }
            transport.open(&wiring.party.to_string(), card, ordered);
            let order = &orders[host];
            for port in &wiring.accepts {
                let fixed = outer.listen.get(&(host, port.0));
                let address = fixed.copied().unwrap_or_else(|| T::listens_at(*port));
                let _ = order.send(Order::Listen { port: port.0, address });
                open += 1;
            }
        }
        let mut listeners = BTreeMap::new();
        while listeners.len() < open {
            match transport.next(&mut told, PATIENCE) {
                Some(Told::Listening { host, port, address }) => {
                    let name = plan[host].party.to_string();
                    listeners.insert((host, port), transport.address_of(&name, address));
                }
                Some(Told::NotListening { host, port, why }) => {
                    let party = plan[host].party;
                    return Err(DriveError::new(format_args!(
                        "{party} cannot listen at its port {port}: {why}"
                    )));
                }
                _ => return Err(DriveError::new("listeners did not open in time")),
            }
        }
        Ok(Wired {
            transport,
            told,
            names: plan.iter().map(|wiring| wiring.party.to_string()).collect(),
            orders,
            numbers,
            listeners,
            pairs: BTreeMap::new(),
            hosts: BTreeMap::new(),
            early: VecDeque::new(),
            outer_links: BTreeMap::new(),
            accepted: BTreeMap::new(),
            outer,
            owner: None,
            failure: None,
        })
    }

    /// Says there what went wrong, if something does, and has this owner.
    pub(super) fn telling<'b>(
        self,
        failure: &'b mut Option<DriveError>,
        owner: Option<&'b mut dyn Owner>,
    ) -> Wired<'b, T> {
        Wired { failure: Some(failure), owner, ..self }
    }
}

impl<T: Transport> Wired<'_, T> {
    fn order(&mut self, host: usize, order: Order) {
        if let Some(orders) = self.orders.get(host) {
            // A machine takes orders as long as there is a world.
            let _ = orders.send(order);
        }
    }

    fn fail(&mut self, what: impl std::fmt::Display) {
        if let Some(failure) = &mut self.failure
            && failure.is_none()
        {
            **failure = Some(DriveError::new(what));
        }
    }

    /// So long by the transport's clock, by the world's.
    fn world_time(&self, time: Duration) -> WorldTime {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        WorldTime::micros(micros.saturating_mul(self.outer.scale.unwrap_or(1).into()))
    }

    fn new_socket(&mut self) -> SocketId {
        let socket = self.numbers.get() + 1;
        self.numbers.set(socket);
        socket
    }

    /// Connects from a host of ours to an address; gives the socket and its own address.
    fn dial(
        &mut self,
        host: usize,
        to: String,
        patience: Duration,
    ) -> Option<(SocketId, SocketAddr)> {
        let socket = self.new_socket();
        self.order(host, Order::Dial { socket, to });
        let dialled = self.await_told(patience, |told| match told {
            Told::Dialled { socket: other, local } if *other == socket => Some(Some(*local)),
            Told::NotDialled { socket: other } if *other == socket => Some(None),
            _ => None,
        });
        let local = dialled??;
        self.hosts.insert(socket, host);
        Some((socket, local))
    }

    /// A connection to somebody else's machine.
    fn join_outer(&mut self, link: Link, from: (usize, Port)) -> bool {
        let Some(address) = self.outer.dial.get(&(from.0, from.1.0)).cloned() else { return false };
        let Some((socket, _)) = self.dial(from.0, address, DIAL_PATIENCE) else { return false };
        self.pairs.insert(link, [Some(socket), None]);
        self.outer_links.insert(socket, link);
        true
    }

    /// What comes from outside, if this is that.
    fn heard(&mut self, told: Told) -> Option<Heard> {
        match told {
            Told::Accepted { host, port, socket, .. } => {
                self.accepted.insert(socket, host);
                Some(Heard::Connected { host, port: Port(port), socket })
            }
            Told::Read { socket, bytes } => {
                Some(Heard::Read { link: *self.outer_links.get(&socket)?, bytes })
            }
            Told::Ended { socket, is_reset } => {
                Some(Heard::Ended { link: *self.outer_links.get(&socket)?, is_reset })
            }
            _ => None,
        }
    }

    /// The clock begins now.
    pub(super) fn begin(&mut self) {
        self.transport.begin();
    }

    /// The world's time as the transport's.
    fn until(&self, at: Instant) -> Duration {
        let scale = u64::from(self.outer.scale.unwrap_or(1).max(1));
        Duration::from_micros(at.0 / scale).saturating_sub(self.transport.elapsed())
    }

    /// What is told next of what is waited for; the rest is kept.
    fn await_told<R>(
        &mut self,
        patience: Duration,
        mut is_it: impl FnMut(&Told) -> Option<R>,
    ) -> Option<R> {
        let until = self.transport.elapsed() + patience;
        for place in 0..self.early.len() {
            if let Some(found) = is_it(&self.early[place]) {
                self.early.remove(place);
                return Some(found);
            }
        }
        loop {
            let left = until.saturating_sub(self.transport.elapsed());
            let told = self.transport.next(&mut self.told, left)?;
            match is_it(&told) {
                Some(found) => return Some(found),
                None if self.is_over(&told) => {}
                None => self.early.push_back(told),
            }
        }
    }

    /// Whether it is about a connection that the world has ended.
    fn is_over(&self, told: &Told) -> bool {
        let is_new = |socket: SocketId| {
            let mut early = self.early.iter();
            early.any(|told| matches!(told, Told::Accepted { socket: new, .. } if *new == socket))
        };
        matches!(told, Told::Read { socket, .. } | Told::Ended { socket, .. }
            if !self.hosts.contains_key(socket) && !is_new(*socket))
    }
}

impl<T: Transport> Lines for Wired<'_, T> {
    const CARRIES: bool = true;

    fn join(&mut self, link: Link, from: (usize, Port), to: (usize, Port)) -> bool {
        if self.outer.hosts.contains(&to.0) {
            return self.join_outer(link, from);
        }
        let Some(address) = self.listeners.get(&(to.0, to.1.0)).cloned() else { return false };
        let Some((socket, local)) = self.dial(from.0, address, PATIENCE) else {
            self.fail("a listener of ours took no connection");
            return false;
        };
        let accepted = self.await_told(PATIENCE, |told| match told {
            Told::Accepted { host, port, socket, peer } => {
                let is_it = *peer == local && (*host, *port) == (to.0, to.1.0);
                is_it.then_some(*socket)
            }
            _ => None,
        });
        let Some(other) = accepted else {
            self.fail("a connection of ours was not accepted");
            return false;
        };
        self.pairs.insert(link, [Some(socket), Some(other)]);
        self.hosts.insert(other, to.0);
        true
    }

    fn carry(&mut self, link: Link, side: usize, bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
        let &pair = self.pairs.get(&link)?;
        let (Some(writer), reader) = (pair[1 - side], pair[side]) else { return None };
        let host = *self.hosts.get(&writer)?;
        self.order(host, Order::Write { socket: writer, bytes: bytes.to_vec() });
        let (mut reads, mut count) = (Vec::new(), 0);
        let Some(reader) = reader else { return Some(reads) };
        while count < bytes.len() {
            let read = self.await_told(PATIENCE, |told| match told {
                Told::Read { socket, bytes } if *socket == reader => Some(Some(bytes.clone())),
                Told::Ended { socket, .. } if *socket == reader => Some(None),
                _ => None,
            });
            let Some(Some(read)) = read else {
                self.fail("a connection of ours carried no bytes");
                return None;
            };
            count += read.len();
            reads.push(read);
        }
        Some(reads)
    }

    fn end(&mut self, link: Link, reason: LinkDownReason) {
        let Some(pair) = self.pairs.remove(&link) else { return };
        let is_reset = reason == LinkDownReason::Reset;
        for socket in pair.into_iter().flatten() {
            self.outer_links.remove(&socket);
            let Some(host) = self.hosts.remove(&socket) else { continue };
            self.order(host, Order::End { socket, is_reset });
        }
    }

    fn is_remote(&self, host: usize) -> bool {
        self.outer.hosts.contains(&host)
    }

    fn has_power_switch(&self, host: usize) -> bool {
        let on_it = self.names.get(host).is_some_and(|name| self.transport.has_power_switch(name));
        on_it || self.owner.as_ref().is_some_and(|owner| owner.has_power_switch(host))
    }

    fn power(&mut self, host: usize, is_on: bool) {
        if let Some(name) = self.names.get(host) {
            self.transport.power(name, is_on);
        }
        let switched = self.owner.as_mut().map(|owner| owner.switch(host, is_on));
        if let Some(Err(error)) = switched {
            self.fail(error);
        }
    }

    fn postings(&mut self, host: usize) -> Option<Vec<Posting>> {
        match self.owner.as_mut()?.postings(host) {
            Ok(postings) => postings,
            Err(error) => {
                self.fail(error);
                None
            }
        }
    }

    fn now(&self) -> Option<Instant> {
        let scale = u128::from(self.outer.scale?.max(1));
        let micros = self.transport.elapsed().as_micros().saturating_mul(scale);
        Some(Instant(u64::try_from(micros).unwrap_or(u64::MAX)))
    }

    fn hear(&mut self, until: Instant, is_idle: bool) -> Option<Heard> {
        loop {
            while let Some(told) = self.early.pop_front() {
                if let Some(heard) = self.heard(told) {
                    return Some(heard);
                }
            }
            let elapsed = self.transport.elapsed();
            if elapsed > self.outer.limit {
                let limit = self.outer.limit;
                self.fail(format_args!("the run was not over after {limit:?}"));
                return None;
            }
            let quiet = if is_idle { self.outer.quiet } else { Duration::MAX };
            let left = self.outer.limit.saturating_sub(elapsed).max(Duration::from_millis(1));
            let wait = self.until(until).min(quiet).min(left);
            let told = self.transport.next(&mut self.told, wait)?;
            self.early.push_back(told);
        }
    }

    fn is_over(&self) -> bool {
        self.failure.as_ref().is_some_and(|failure| failure.is_some())
    }

    fn give_up(&mut self, why: &str) {
        self.fail(why);
    }

    fn slack(&self) -> WorldTime {
        self.outer.scale.map_or(WorldTime::ZERO, |_| self.world_time(BUSY))
    }

    fn half_frame(&self) -> WorldTime {
        self.world_time(HALF_FRAME)
    }

    fn adopt(&mut self, link: Link, socket: u32) {
        let host = self.accepted.remove(&socket);
        if let Some(host) = host {
            self.hosts.insert(socket, host);
        }
        self.pairs.insert(link, [None, Some(socket)]);
        self.outer_links.insert(socket, link);
    }

    fn refuse(&mut self, socket: u32) {
        if let Some(host) = self.accepted.remove(&socket) {
            self.order(host, Order::End { socket, is_reset: true });
        }
    }
}
