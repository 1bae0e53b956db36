//! The upstream lines of a switch: pools, reconnecting, echo tests, and who hears what comes.
//!
//! A lost line answers nobody: what went out on it is in doubt until its own time-out, because the
//! other side may have done it. Connecting backs off, doubling to a bound.

use super::config::{Peer, Upstream};
use super::network::ECHO;
use super::{Caller, Connection, Side, Switch, Timer, about};
use crate::card::Pan;
use crate::defect::Defect;
use crate::iso8583::{Element, Envelope, Message, Mti, ResponseCode};
use crate::line::{Incoming, Line, MacCheck};
use crate::node::{Actions, Link, Port, Ticket};
use crate::record::SwitchRecord;
use crate::time::{Duration, Instant, Now};

/// Waiting for a reconnect doubles this often at most.
const DOUBLINGS_MAX: u32 = 4;

/// What a switch knows of an upstream port besides its links.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Pool {
    /// Connections asked for and not yet decided.
    connecting: u8,
    /// Attempts in a row that failed.
    failures: u32,
    /// Whether the head of the queue is on its way.
    pub(super) is_sending: bool,
    /// The commit that its last sending waits for.
    pub(super) tried: u64,
}

impl Switch {
    /// The upstream for whatever begins with this card: where the route is open and a line stands
    /// the longest prefix wins, among equals the first. Without a line, as if one stood.
    ///
    /// What is about something that went upstream goes where that went: only there its name is
    /// known.
    pub(super) fn upstream_of(&self, pan: &Pan) -> Option<&Upstream> {
        let mut best: Option<((bool, bool, usize), &Upstream)> = None;
        for upstream in &self.config.upstream {
            for bin in upstream.bins.iter().filter(|bin| pan.as_str().starts_with(bin.as_str())) {
                let is_open = self.is_route_open(upstream.port);
                let stands = is_open && self.standing_link(upstream.port).is_some();
                let rank = (is_open, stands, bin.len());
                if best.is_none_or(|(other, _)| rank > other) {
                    best = Some((rank, upstream));
                }
            }
        }
        best.map(|(_, upstream)| upstream)
    }

    /// The upstream for a request about this original, or about none; or why there is none.
    pub(super) fn upstream_for(
        &self,
        pan: &Pan,
        original: Option<u64>,
    ) -> Result<&Upstream, ResponseCode> {
        let sent = original.and_then(|id| self.book.transaction(id)?.sent);
        match sent.and_then(|sent| self.upstream_at(sent.to)) {
            Some(at) => Ok(&self.config.upstream[at]),
            None => {
                let upstream = self.upstream_of(pan).ok_or(ResponseCode::NO_SUCH_ISSUER)?;
                let is_open = self.is_route_open(upstream.port);
                if is_open { Ok(upstream) } else { Err(ResponseCode::ISSUER_INOPERATIVE) }
            }
        }
    }

    fn is_route_open(&self, port: Port) -> bool {
        !self.book.closed_routes.contains(&port)
    }

    /// The operator closes a route for whatever begins, or opens it. What went that way still ends
    /// there.
    pub(super) fn set_route(&mut self, port: Port, is_open: bool, actions: &mut Actions) {
        if self.upstream_at(port).is_some() && self.is_route_open(port) != is_open {
            self.commit(SwitchRecord::RouteSet { port, is_open }, actions);
        }
    }

    /// The connection of a pool with the fewest requests unanswered, among equals the oldest.
    pub(super) fn idlest_link(&self, port: Port) -> Option<Link> {
        let waiting = |link: Link| {
            let is_on_it = |id: u64| self.routes.get(&id) == Some(&link);
            self.pending.iter().filter(|pending| is_on_it(pending.id)).count()
        };
        let standing = self.connections.iter().filter(|one| one.port == port);
        standing.map(|one| one.link).min_by_key(|link| waiting(*link))
    }

    /// The connection for an advice about this transaction: at first the one its request went out
    /// on, where it cannot overtake it; for repeats one after another, should that one be dead.
    pub(super) fn link_for_advice(&self, port: Port, id: u64, repeat: Option<u16>) -> Option<Link> {
        let standing = || self.connections.iter().filter(|one| one.port == port);
        let route = self.routes.get(&id).copied();
        if let Some(number) = repeat {
            let count = standing().count().max(1);
            return standing().nth(usize::from(number) % count).map(|one| one.link);
        }
        let is_it = |link: Link| match self.config.defects.has(Defect::W05) {
            true => Some(link) != route,
            false => Some(link) == route,
        };
        standing().map(|one| one.link).find(|link| is_it(*link)).or(self.standing_link(port))
    }

    /// Asks for every connection, after power came on.
    pub(super) fn connect_all(&mut self, actions: &mut Actions) {
        let ports: Vec<Port> = self.config.upstream.iter().map(|upstream| upstream.port).collect();
        for port in ports {
            self.reconnect(port, actions);
        }
    }

    /// Asks for the connections a pool lacks.
    pub(super) fn reconnect(&mut self, port: Port, actions: &mut Actions) {
        let standing = self.connections.iter().filter(|one| one.port == port).count();
        let Some(at) = self.upstream_at(port) else { return };
        let pool = &mut self.pools[at];
        let there = standing + usize::from(pool.connecting);
        about(Ticket::NONE, actions, |actions| {
            for _ in there..usize::from(self.config.upstream[at].pool) {
                pool.connecting += 1;
                actions.connect(port);
            }
        });
    }

    /// A connection stands.
    pub(super) fn connect(&mut self, now: Now, port: Port, link: Link, actions: &mut Actions) {
        let (timeout, defects) = (self.config.frame_timeout, self.config.defects);
        let downstream = self.config.downstream.iter().position(|peer| peer.port == port);
        let (side, line) = match (downstream, self.upstream_at(port)) {
            (Some(at), _) => match &self.config.downstream[at].peer {
                Peer::Terminal { .. } => {
                    let mac = self.keys[at].as_ref().map(|keys| keys.mac.clone());
                    (Side::Terminal(at), Line::pos(mac, timeout, defects))
                }
                Peer::Switch { zone } => (Side::Switch(at), Line::network(zone, timeout, defects)),
            },
            (None, Some(at)) => {
                let zone = &self.config.upstream[at].zone;
                (Side::Upstream(at), Line::network(zone, timeout, defects))
            }
            // Nobody that is configured.
            (None, None) => return actions.disconnect(link),
        };
        self.connections.push(Connection { link, port, side, line, echo: None });
        if let Side::Upstream(at) = side {
            let pool = &mut self.pools[at];
            pool.connecting = pool.connecting.saturating_sub(1);
            pool.failures = 0;
            self.touch(now, link);
            self.send_advices(now, port, actions);
            self.forward_parked(now, actions);
        }
    }

    /// Nothing was sent: this is safe.
    pub(super) fn connect_failed(&mut self, now: Now, port: Port) {
        let Some(at) = self.upstream_at(port) else { return };
        let pool = &mut self.pools[at];
        pool.connecting = pool.connecting.saturating_sub(1);
        pool.failures = pool.failures.saturating_add(1);
        self.reconnect_later(now, at);
    }

    fn reconnect_later(&mut self, now: Now, at: usize) {
        let timer = Timer::Reconnect(self.config.upstream[at].port);
        if self.timers.get(timer).is_none() {
            let doublings = self.pools[at].failures.min(DOUBLINGS_MAX);
            let longest = self.config.response_timeout.0;
            let wait = Duration((longest >> (DOUBLINGS_MAX - doublings)).max(1));
            self.timers.set(timer, now.instant + wait);
        }
    }

    /// A connection is gone.
    pub(super) fn lose(&mut self, now: Now, link: Link, actions: &mut Actions) {
        let Some(at) = self.connections.iter().position(|one| one.link == link) else { return };
        let Connection { port, side, .. } = self.connections.remove(at);
        self.routes.retain(|_, route| *route != link);
        self.timers.clear(Timer::EchoIdle(link));
        self.timers.clear(Timer::EchoAnswer(link));
        let Side::Upstream(at) = side else { return };
        self.reconnect_later(now, at);
        if self.timers.get(Timer::Advice(port)).is_none() {
            // Without a time-out nothing else ends the wait for the 0430.
            self.pools[at].is_sending = false;
        }
        if self.config.defects.has(Defect::W19) {
            self.flush_pending(now, port, actions);
        }
    }

    /// Closes a connection at this end.
    pub(super) fn hang_up(&mut self, now: Now, link: Link, actions: &mut Actions) {
        actions.disconnect(link);
        self.lose(now, link, actions);
    }

    /// Something was sent or heard: the line is not idle.
    pub(super) fn touch(&mut self, now: Now, link: Link) {
        if let Some(interval) = self.config.echo_interval {
            self.timers.set(Timer::EchoIdle(link), now.instant + interval);
        }
    }

    /// Waits for an upstream answer.
    pub(super) fn await_answer(&mut self, timer: Timer, until: Instant) {
        if !self.config.defects.has(Defect::W37) {
            self.timers.set(timer, until);
        }
    }

    /// The line was idle: asks whether it still stands.
    pub(super) fn test_line(&mut self, now: Now, link: Link, actions: &mut Actions) {
        if self.connection(link).is_none_or(|connection| connection.echo.is_some()) {
            return;
        }
        let Some(key) = self.next_key(now, self.config.institution) else {
            return self.touch(now, link);
        };
        let mut message = Message::new(Mti::NETWORK_REQUEST);
        message.set_number(Element::TRANSMISSION_TIME, key.transmission.into(), 10);
        message.set_number(Element::STAN, key.stan.into(), 6);
        message.set_number(Element::FORWARDER, key.forwarder, 8);
        message.set(Element::NETWORK_CODE, ECHO);
        let Some(frame) = self.seal(link, &message, Envelope::default(), actions) else { return };
        self.book.last_stan = key.stan;
        if let Some(connection) = self.connection_mut(link) {
            connection.echo = Some(key.stan);
        }
        about(Ticket::NONE, actions, |actions| actions.send(link, frame));
        self.await_answer(Timer::EchoAnswer(link), now.instant + self.config.response_timeout);
    }

    /// No answer to an echo test: the line is dead. What is in flight waits for its own time-out.
    pub(super) fn miss_echo(&mut self, now: Now, link: Link, actions: &mut Actions) {
        let Some(connection) = self.connection(link) else { return };
        let port = connection.port;
        self.hang_up(now, link, actions);
        if self.config.defects.has(Defect::W32) {
            self.flush_pending(now, port, actions);
        }
    }

    /// A message from upstream. One without a valid MAC, where it must have one, is not heard.
    pub(super) fn hear_upstream(
        &mut self,
        now: Now,
        at: usize,
        caller: Caller,
        incoming: &Incoming,
        actions: &mut Actions,
    ) {
        let port = self.config.upstream[at].port;
        let message = &incoming.message;
        self.touch(now, caller.link);
        match (message.mti(), incoming.mac) {
            (Mti::AUTHORIZATION_RESPONSE | Mti::FINANCIAL_RESPONSE, MacCheck::Valid) => {
                self.answered(now, port, message, actions);
            }
            (Mti::FINANCIAL_ADVICE_RESPONSE, MacCheck::Valid) if !self.is_queued(port, message) => {
                self.answered(now, port, message, actions);
            }
            (Mti::REVERSAL_ADVICE_RESPONSE | Mti::FINANCIAL_ADVICE_RESPONSE, MacCheck::Valid) => {
                self.advice_answered(now, port, message, actions);
            }
            (Mti::NETWORK_RESPONSE, _) => {
                let stan = message.number(Element::STAN);
                let Some(connection) = self.connection_mut(caller.link) else { return };
                if stan.is_some() && connection.echo.map(u64::from) == stan {
                    connection.echo = None;
                    self.timers.clear(Timer::EchoAnswer(caller.link));
                }
            }
            (Mti::NETWORK_REQUEST, _) => self.answer_echo(caller, message, actions),
            _ => {}
        }
    }

    fn upstream_at(&self, port: Port) -> Option<usize> {
        self.config.upstream.iter().position(|upstream| upstream.port == port)
    }
}
