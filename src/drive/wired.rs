//! Lines made of sockets: connections of the stage, and the two sockets at their ends.
//!
//! It waits until what was to happen has happened, so whoever calls it sees a connection made,
//! bytes read, an end noticed. It knows no message and no fault.

use super::DriveError;
use super::card::{Card, Order, SocketId, Told};
use crate::stage::{Lines, Wiring};
use reversim_models::node::{Link, LinkDownReason, Port};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};

/// How long bytes may be on their way between two of our own sockets before the world is given up,
/// by the transport's clock. No correct transport comes near it.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// What sockets tell, and is not yet listened to, at most. Whoever floods a socket waits.
const TOLD_MAX: usize = 64;

/// The sockets that parties talk over, and the clock that goes with them.
pub(super) trait Transport {
    /// Where a machine of ours waits for the peer behind a port.
    fn listens_at(port: Port) -> SocketAddr;

    /// Gives a machine of this name its sockets.
    fn open(&mut self, name: &str, card: Card, orders: UnboundedReceiver<Order>);

    /// How long there has been a network.
    fn elapsed(&self) -> Duration;

    /// Lets tasks run until one of them tells something, or this long.
    fn next(&mut self, told: &mut Receiver<Told>, within: Duration) -> Option<Told>;

    /// Where others find the listener of the machine with this name.
    fn address_of(&self, name: &str, listener: SocketAddr) -> String;
}

/// The two sockets of a connection; the first one connected.
type Pair = [SocketId; 2];

/// Lines over a transport.
pub(super) struct Wired<'a, T> {
    transport: T,
    told: Receiver<Told>,
    orders: Vec<UnboundedSender<Order>>,
    numbers: Rc<Cell<SocketId>>,
    /// Where the listener of a host's port is found.
    listeners: BTreeMap<(usize, u16), String>,
    pairs: BTreeMap<Link, Pair>,
    /// Which host a socket is at.
    hosts: BTreeMap<SocketId, usize>,
    /// What was told before anybody waited for it.
    early: Vec<Told>,
    failure: Option<&'a mut Option<DriveError>>,
}

impl<T: Transport> Wired<'static, T> {
    /// Opens the sockets of all machines, and every listener.
    pub(super) fn new(mut transport: T, plan: &[Wiring]) -> Result<Self, DriveError> {
        let (tell, mut told) = channel(TOLD_MAX);
        let numbers: Rc<Cell<SocketId>> = Rc::default();
        let (mut orders, mut open) = (Vec::new(), 0);
        for (host, wiring) in plan.iter().enumerate() {
            let card = Card { host, told: tell.clone(), numbers: numbers.clone() };
            let (order, ordered) = unbounded_channel();
            transport.open(&wiring.party.to_string(), card, ordered);
            for port in &wiring.accepts {
                let address = T::listens_at(*port);
                let _ = order.send(Order::Listen { port: port.0, address });
                open += 1;
            }
            orders.push(order);
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
            orders,
            numbers,
            listeners,
            pairs: BTreeMap::new(),
            hosts: BTreeMap::new(),
            early: Vec::new(),
            failure: None,
        })
    }

    /// Says there what went wrong, if something does.
    pub(super) fn telling(self, failure: &mut Option<DriveError>) -> Wired<'_, T> {
        Wired { failure: Some(failure), ..self }
    }
}

impl<T: Transport> Wired<'_, T> {
    fn order(&mut self, host: usize, order: Order) {
        if let Some(orders) = self.orders.get(host) {
            // A machine takes orders as long as there is a world.
            let _ = orders.send(order);
        }
    }

    fn fail(&mut self, what: &str) {
        if let Some(failure) = &mut self.failure
            && failure.is_none()
        {
            **failure = Some(DriveError::new(what));
        }
    }

    /// What is told next of what is waited for; the rest is kept.
    fn await_told<R>(&mut self, mut is_it: impl FnMut(&Told) -> Option<R>) -> Option<R> {
        for place in 0..self.early.len() {
            if let Some(found) = is_it(&self.early[place]) {
                self.early.remove(place);
                return Some(found);
            }
        }
        loop {
            let told = self.transport.next(&mut self.told, PATIENCE)?;
            match is_it(&told) {
                Some(found) => return Some(found),
                None if self.is_over(&told) => {}
                None => self.early.push(told),
            }
        }
    }

    /// Whether it is about a connection that the world has ended.
    fn is_over(&self, told: &Told) -> bool {
        matches!(told, Told::Read { socket, .. } | Told::Ended { socket, .. }
            if !self.hosts.contains_key(socket))
    }
}

impl<T: Transport> Lines for Wired<'_, T> {
    const CARRIES: bool = true;

    fn join(&mut self, link: Link, from: (usize, Port), to: (usize, Port)) -> bool {
        let Some(address) = self.listeners.get(&(to.0, to.1.0)).cloned() else { return false };
        let socket = self.numbers.get() + 1;
        self.numbers.set(socket);
        self.order(from.0, Order::Dial { socket, to: address });
        let dialled = self.await_told(|told| match told {
            Told::Dialled { socket: other, local } if *other == socket => Some(Some(*local)),
            Told::NotDialled { socket: other } if *other == socket => Some(None),
            _ => None,
        });
        let Some(Some(local)) = dialled else {
            self.fail("a listener of ours took no connection");
            return false;
        };
        let accepted = self.await_told(|told| match told {
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
        self.pairs.insert(link, [socket, other]);
        self.hosts.extend([(socket, from.0), (other, to.0)]);
        true
    }

    fn carry(&mut self, link: Link, side: usize, bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
        let &pair = self.pairs.get(&link)?;
        let (writer, reader) = (pair[1 - side], pair[side]);
        let host = *self.hosts.get(&writer)?;
        self.order(host, Order::Write { socket: writer, bytes: bytes.to_vec() });
        let (mut reads, mut count) = (Vec::new(), 0);
        while count < bytes.len() {
            let read = self.await_told(|told| match told {
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
        for socket in pair {
            let Some(host) = self.hosts.remove(&socket) else { continue };
            self.order(host, Order::End { socket, is_reset });
        }
    }
}
