//! What every world has: machines, people, faults, phases, and one queue of what comes next.
//!
//! It moves power, clocks and people, decides what becomes of every message, and writes the
//! history. What carries the bytes, and whose time it is, are `Lines`: nothing at all in the
//! simulator, sockets elsewhere. It judges nothing, and knows no message but by its type.

mod cast;
mod claims;
mod consulted;
mod faults;
mod gateway;
mod host;
mod latency;
mod lines;
mod network;
mod outside;
mod people;
mod phases;
mod queue;
mod routes;
mod settle;
mod slips;
mod transmit;

pub(crate) use consulted::{Consulted, differs_in_policy_alone};

pub use cast::{Cast, Config, OurOwn, config_of, parse_local_time};
pub(crate) use lines::{Heard, Lines, Wiring};
pub(crate) use transmit::damaged;

use crate::history::{Entry, History, Setting, TerminalLine, What};
use crate::party::Party;
use crate::scenario::Scenario;
use cast::Plan;
use faults::Faults;
use host::{Happening, Host};
use network::{Delivery, Network};
use outside::Outside;
use people::People;
use phases::Phase;
use queue::{Queue, Rank};
use reversim_models::chip::Chip;
use reversim_models::node::{Action, Actions, Link, LinkDownReason, Port, Ticket};
use reversim_models::time::{Date, Duration, Instant};

/// Events in one run, at most. A party that needs more is caught in a loop of its own.
const EVENTS_MAX: u32 = 400_000;

/// What living through a scenario came to.
pub(crate) struct Lived {
    /// What happened.
    pub(crate) history: History,
    /// The faults that did not, by index.
    pub(crate) idle: Vec<usize>,
    /// What was asked of the policy.
    pub(crate) consulted: Consulted,
    /// Messages from outside that fit nothing, each explained.
    pub(crate) unmatched: Vec<String>,
    /// How somebody else's system ended, if it did without being told to.
    pub(crate) ended: Option<String>,
    /// Why the last horizon was not reached, if it was not.
    pub(crate) unfinished: Option<String>,
}

/// The machines of a scenario's world, and to which of their ports others connect.
pub(crate) fn wiring(scenario: &Scenario) -> Vec<Wiring> {
    let places = Plan::new(scenario).places();
    let accepts = |config: &Config, ports: usize| -> Vec<Port> {
        match config {
            Config::Terminal(_) => Vec::new(),
            Config::Switch(config) => {
                let returns = config.clearing.as_ref().map(|line| line.returns);
                config.downstream.iter().map(|peer| peer.port).chain(returns).collect()
            }
            Config::Issuer(config) => {
                let returns = config.clearing.as_ref().map(|terms| terms.returns);
                let all = (0..ports as u16).map(Port);
                all.filter(|port| Some(*port) != returns).collect()
            }
            Config::Clearing(config) => {
                let sources = config.switches.iter().map(|source| source.port);
                sources.chain(config.issuers.iter().map(|target| target.returns)).collect()
            }
        }
    };
    places
        .iter()
        .map(|place| Wiring {
            party: place.party,
            accepts: accepts(&place.config, place.peers.len()),
            peers: place.peers.clone(),
        })
        .collect()
}

/// What the queue holds.
enum Item {
    /// Bytes reach a party.
    Deliver(Delivery),
    /// A connection attempt ends.
    Connect { host: usize, port: Port, epoch: u32, ticket: Ticket, is_refused: bool },
    /// A party learns that a connection is gone.
    LinkDown { host: usize, epoch: u32, link: Link, reason: LinkDownReason },
    /// Part of a frame from outside waited long enough for the rest.
    HalfFrame { link: Link, reads: u32 },
    /// A held frame waited long enough for another one.
    Release { link: Link, side: usize },
    /// The earliest deadline of a party may have come.
    Wake { host: usize, epoch: u32 },
    /// A slow commit is durable.
    Commit { host: usize, epoch: u32, task: u32 },
    /// A device answers.
    Device { host: usize, epoch: u32, ticket: Ticket, happening: Happening },
    /// Power is back.
    Power { host: usize, epoch: u32 },
    /// A person asks; `step` is the index into the scenario's steps.
    Step { host: usize, step: usize },
    /// The cashier stops waiting for the end of this ticket.
    Patience { host: usize, ticket: Ticket },
    /// A fault that is timed by the clock begins.
    Fault(usize),
    /// A partition or stall ends: the world is not quiet before.
    End,
}

/// What judges may know of a scenario's timers and policy.
pub(crate) fn set_budgets(setting: &mut Setting, scenario: &Scenario) {
    let Scenario { policy, timing, .. } = scenario;
    setting.reversal_attempts = policy.reversal_attempts.max(1);
    setting.saf_attempts = policy.saf_attempts.max(1);
    setting.terminal_response = Duration::millis(timing.terminal_response_ms.max(1));
    setting.frame_timeout = Duration::millis(timing.frame_ms.max(1));
    setting.saf_retry = Duration::millis(timing.saf_retry_ms.max(1));
    setting.stan_max =
        (policy.terminal_stan_max.clamp(2, 999_999), policy.switch_stan_max.clamp(2, 999_999));
    setting.pin_tries_max = policy.pin_tries_max.max(1);
    setting.hold_days = policy.hold_days.max(1);
    setting.reversal_dates = policy.reversal_dates;
}

pub(crate) struct World<'a, L> {
    scenario: &'a Scenario,
    plan: Plan<'a>,
    cast: &'a dyn Cast,
    now: Instant,
    queue: Queue<Item>,
    hosts: Vec<Host>,
    network: Network,
    people: People,
    /// The chips of the cards, by number: what they count outlives every terminal's power.
    chips: Vec<Option<Chip>>,
    faults: Faults<'a>,
    history: History,
    /// Room for the actions of one event, used again and again.
    actions: Actions,
    /// Room for the actions of events that are waiting to be performed.
    rooms: Vec<Vec<(Ticket, Action)>>,
    business_date: Date,
    events: u32,
    consulted: Consulted,
    outside: Outside,
    lines: L,
}

impl<'a, L: Lines> World<'a, L> {
    /// A world in which nothing has happened yet.
    pub(crate) fn new(scenario: &'a Scenario, cast: &'a dyn Cast, lines: L) -> World<'a, L> {
        let plan = Plan::new(scenario);
        let mut setting = Setting {
            currency: scenario.currency(),
            surcharge: scenario.policy.issuer_surcharge,
            pans: plan.pans(),
            pins: (0..scenario.topology.cards.len().min(200))
                .map(|n| Plan::pin(n as u8 + 1))
                .collect(),
            start: plan.start.plus(-i64::from(cast::COUNTER_ZONE) * 60_000_000),
            steps: scenario
                .steps
                .iter()
                .map(|step| (Ticket(step.id), step.intent.unwrap_or(step.id)))
                .collect(),
            ..Setting::default()
        };
        set_budgets(&mut setting, scenario);
        setting.slack = lines.slack();
        claims::set_claims(&mut setting, scenario);
        let workers = scenario.topology.workers.clamp(1, 16);
        let mut hosts = Vec::with_capacity(4);
        for place in plan.places() {
            if let Config::Terminal(config) = &place.config {
                setting.terminals.push((place.party, config.terminal));
                if let Some((_, port)) = place.peers.first() {
                    let (terminal, switch) = (place.party, Party::switch(1));
                    let (port, merchant) = (*port, config.merchant);
                    setting.lines.push(TerminalLine { terminal, switch, port, merchant });
                }
            }
            let zone = plan.zone_of(place.party);
            let host = match lines.is_remote(hosts.len()) {
                true => Host::remote(place, lines.has_power_switch(hosts.len())),
                false => Host::new(place, cast, workers, zone),
            };
            let visible =
                if host.is_foreign() { &mut setting.foreign } else { &mut setting.parties };
            visible.push(host.party);
            hosts.push(host);
        }
        let history = History { setting, entries: Vec::with_capacity(256) };
        World {
            business_date: plan.business_date(),
            faults: Faults::new(scenario),
            people: People::new(scenario, &plan, hosts.len()),
            chips: plan.chips(),
            network: Network::default(),
            plan,
            scenario,
            cast,
            now: Instant::START,
            queue: Queue::new(),
            hosts,
            history,
            actions: Actions::default(),
            rooms: Vec::new(),
            events: 0,
            consulted: Consulted::NOTHING,
            outside: Outside::default(),
            lines,
        }
    }

    /// Lives through a scenario to the end of its day.
    pub(crate) fn lived(mut self) -> Lived {
        self.live();
        let idle = self.faults.idle();
        for host in 0..self.hosts.len() {
            self.take_questions(host);
        }
        let unfinished = self.is_spent().then(|| {
            let by = self.now.0 / 1_000_000;
            format!("the run has no end: {EVENTS_MAX} events in {by} s, and no rest among parties")
        });
        Lived {
            history: self.history,
            idle,
            consulted: self.consulted,
            unmatched: self.outside.unmatched,
            ended: None,
            unfinished,
        }
    }

    /// Writes down what happened to a party now.
    #[inline]
    fn note(&mut self, host: usize, ticket: Ticket, what: What) -> usize {
        let party = self.hosts[host].party;
        self.history.entries.push(Entry { at: self.now, party, ticket, what });
        self.history.entries.len() - 1
    }

    fn push(&mut self, at: Instant, item: Item) {
        self.queue.push(at.max(self.now), Rank::Normal, item, true);
    }

    /// Takes the next item not later than `limit` and lets it happen; false if there is none.
    fn step(&mut self, limit: Instant) -> bool {
        if self.is_spent() {
            self.lines.give_up("too much happened in one run");
            return false;
        }
        if L::CARRIES && self.lines.is_over() {
            return false;
        }
        self.events += 1;
        if L::CARRIES
            && let Some(is_heard) = self.hears(limit)
        {
            return is_heard;
        }
        let Some((at, item)) = self.queue.pop(limit) else { return false };
        self.now = self.lines.now().map_or(at, |now| now.max(at));
        self.happen(item);
        true
    }

    /// Whether more happened than a run may hold.
    fn is_spent(&self) -> bool {
        self.events >= EVENTS_MAX
    }

    /// Where time flows, something may come from outside before the next item is due. Gives whether
    /// something did; none if the next item is to be looked at instead.
    fn hears(&mut self, limit: Instant) -> Option<bool> {
        let now = self.lines.now()?;
        let is_idle = self.is_idle();
        // What is due comes first, or a system that never stops writing would stop the clock.
        if !is_idle && self.queue.next_at().is_some_and(|at| at <= now.min(limit)) {
            return None;
        }
        let until = self.queue.next_at().filter(|_| !is_idle).map_or(limit, |at| at.min(limit));
        let heard = self.lines.hear(until, is_idle);
        if is_idle || heard.is_some() {
            self.now = self.lines.now().unwrap_or(self.now).max(self.now);
        }
        match heard {
            Some(heard) => {
                self.take_up(heard);
                Some(true)
            }
            None => is_idle.then_some(false),
        }
    }

    /// Whether nothing of ours is to come: nothing under way, nobody waiting, no timer running.
    fn is_idle(&self) -> bool {
        // An issuer waits for the end of a hold for days; nobody waits for that.
        let soon = self.now + self.length(Phase::Timers);
        let is_waiting = |host: &Host| host.deadline().is_some_and(|at| at <= soon);
        !self.queue.has_work() && self.people.are_done() && !self.hosts.iter().any(is_waiting)
    }

    fn happen(&mut self, item: Item) {
        match item {
            Item::Deliver(delivery) => self.deliver(delivery),
            Item::Connect { host, port, epoch, ticket, is_refused } => {
                if self.hosts[host].epoch == epoch {
                    self.finish_connect(host, port, ticket, is_refused);
                }
            }
            Item::LinkDown { host, epoch, link, reason } => {
                if self.hosts[host].epoch == epoch {
                    self.link_down(host, link, reason);
                }
            }
            Item::HalfFrame { link, reads } => self.half_frame(link, reads),
            Item::Release { link, side } => self.release(link, side),
            Item::Wake { host, epoch } => {
                if self.hosts[host].epoch == epoch {
                    self.wake(host);
                }
            }
            Item::Commit { host, epoch, task } => {
                if self.hosts[host].epoch == epoch {
                    self.finish_commit(host, task);
                }
            }
            Item::Device { host, epoch, ticket, happening } => {
                if self.hosts[host].epoch == epoch {
                    self.feed(host, ticket, happening);
                }
            }
            Item::Power { host, epoch } => {
                if self.hosts[host].epoch == epoch && !self.hosts[host].is_up() {
                    self.power_on(host);
                }
            }
            Item::Step { host, step } => self.ask(host, step),
            Item::Patience { host, ticket } => self.lose_patience(host, ticket),
            Item::Fault(index) => self.begin_fault(index),
            Item::End => {}
        }
    }
}
