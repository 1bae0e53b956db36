//! The phases of a run: faults and wishes, healing, the online horizon, settlement, the day's end,
//! and with a clearing house the days after it, until claims are closed.
//!
//! Healing is fixed: lines and power are restored, every timer passes, each terminal signs on and
//! makes one inquiry. Only then may anybody ask whether everything came right.

use super::{Lines, World};
use crate::history::{Entry, Horizon, What};
use crate::scenario::Scenario;
use reversim_models::node::{Command, Ticket};
use reversim_models::time::{Duration, Instant};

/// How often a server looks whether it is still wanted, by its own clock.
const LOOK: Duration = Duration::secs(5);

/// What a server remembers at most.
const ENTRIES_MAX: usize = 100_000;

impl<L: Lines> World<'_, L> {
    /// From the first power-on to the day's end.
    pub(super) fn live(&mut self) {
        self.arm_faults();
        // Hosts first: nobody connects to a machine that is not there yet.
        for host in (0..self.hosts.len()).rev() {
            self.power_on(host);
        }
        self.open_desks();
        while (self.queue.has_work() || !self.people.are_done()) && self.step(Instant(u64::MAX)) {}
        let [timers, queues] = [Phase::Timers, Phase::Queues];
        if self.lines.now().is_some() {
            // Somebody else's machine may still mean to say something, and it may still get lost.
            self.run_for(timers);
        }
        self.heal();
        if self.lines.now().is_none() || !self.is_idle() {
            self.run_for(timers);
        }
        let next = self.ask_every_terminal(1, timers, |ticket, _| Some(Command::SignOn { ticket }));
        let next = self.ask_every_terminal(next, timers, |ticket, world| {
            Some(Command::Inquiry { ticket, card: world.any_card()? })
        });
        self.run_for(queues);
        self.reach(Horizon::Online);
        self.ask_every_terminal(next, timers, |ticket, _| Some(Command::Settle { ticket }));
        self.run_for(queues);
        if self.plan.clearing > 0 {
            self.close_date();
        }
        self.read_books();
        self.reach(Horizon::DayEnd);
        if self.plan.clearing > 0 {
            // What is parked on the last day leaves within T+n, and adjustments take a day more.
            for _ in 0..=self.plan.suspense_dates() {
                self.close_date();
            }
            self.reach(Horizon::ClaimsClosed);
        }
    }

    /// From the first power-on for as long as somebody watches: no phases, nothing heals.
    pub(crate) fn serve(mut self, watch: &mut dyn FnMut(&[Entry]) -> bool) {
        self.arm_faults();
        for host in (0..self.hosts.len()).rev() {
            self.power_on(host);
        }
        self.open_desks();
        let mut seen = 0;
        loop {
            // Looked at now and then also where nothing happens.
            let until = self.now + LOOK;
            while self.step(until) {}
            (self.events, self.outside.bytes) = (0, 0);
            self.now = self.lines.now().unwrap_or(until).max(self.now);
            if !watch(self.history.entries.get(seen..).unwrap_or_default()) {
                return;
            }
            // Who serves for days is not judged, and remembers the last of it only.
            let excess = self.history.entries.len().saturating_sub(ENTRIES_MAX);
            self.history.entries.drain(..excess);
            seen = self.history.entries.len();
        }
    }

    /// Now is the time to ask whether everything came right; but who was stopped on the way there
    /// did not get there.
    fn reach(&mut self, horizon: Horizon) {
        if !self.is_spent() {
            self.note(0, Ticket::NONE, What::Horizon(horizon));
        }
    }

    /// Whose records nobody sees may still have books that can be read.
    fn read_books(&mut self) {
        for host in 0..self.hosts.len() {
            let postings = match (self.is_spent(), self.hosts[host].is_remote()) {
                (true, _) => None,
                (_, true) => self.lines.postings(host),
                (_, false) => self.hosts[host].postings(),
            };
            if let Some(postings) = postings {
                self.note(host, Ticket::NONE, What::Books(postings));
            }
        }
    }

    /// The business date ends, and its files go where they belong.
    fn close_date(&mut self) {
        self.cut_over(Ticket::NONE, 0);
        self.run_for(Phase::Files);
    }

    /// Lines and power are restored; what was to go wrong later does not.
    fn heal(&mut self) {
        self.faults.heal();
        self.note(0, Ticket::NONE, What::Healed);
        self.reset_half_dead_connections();
        for host in 0..self.hosts.len() {
            if !self.hosts[host].is_up() {
                self.power_on(host);
            }
        }
    }

    /// Lets everything happen that happens by itself.
    fn run_for(&mut self, phase: Phase) {
        let begun = self.now;
        let until = begun + self.length(phase);
        while self.step(until) {}
        self.needs(phase, begun, self.queue.is_empty());
        self.now = self.now.max(self.last_wait(until));
    }

    /// Time has passed even where nothing happened, but no further than somebody waits.
    fn last_wait(&self, until: Instant) -> Instant {
        if let Some(now) = self.lines.now() {
            return now;
        }
        if self.queue.is_empty() { self.now } else { until }
    }

    /// How long a phase lasts at most.
    pub(super) fn length(&self, phase: Phase) -> Duration {
        lengths(self.scenario)[phase as usize]
    }

    /// A phase is over: how long it needed, or that there is no telling because it was cut off.
    pub(super) fn needs(&mut self, phase: Phase, begun: Instant, is_done: bool) {
        let needed = if is_done { self.now.since(begun) } else { Duration(u64::MAX) };
        let most = &mut self.consulted.needed[phase as usize];
        *most = needed.max(*most);
    }
}

/// What a phase waits for.
#[derive(Clone, Copy)]
pub(super) enum Phase {
    /// Every timer at the counter and behind it.
    Timers,
    /// Every queue of a switch.
    Queues,
    /// Every file of a business date.
    Files,
}

/// How long the phases last at most, by [`Phase`].
pub(super) fn lengths(scenario: &Scenario) -> [Duration; 3] {
    let timing = &scenario.timing;
    let files = Duration::millis(timing.clearing_run_ms.saturating_add(timing.file_retry_ms));
    let queues = longest_queue(scenario);
    // A second node waits for the end of a lease, and whoever was led to the first comes again.
    let rounds = if scenario.topology.clearing > 1 { 12 } else { 4 };
    [longest_timers(scenario), queues, queues + files.times(rounds)]
}

/// Longer than any party waits for anything, retries included.
fn longest_timers(scenario: &Scenario) -> Duration {
    let (timing, policy) = (&scenario.timing, &scenario.policy);
    let tries = u64::from(policy.reversal_attempts.max(1)) + u64::from(policy.order_queries) + 6;
    let terminal = Duration::millis(timing.terminal_response_ms.saturating_mul(tries));
    let patience = Duration::secs(120);
    terminal.max(longest_queue(scenario)) + patience
}

/// Longer than a switch keeps an advice that is refused every time. Nobody at a counter waits any
/// more when this is asked for.
fn longest_queue(scenario: &Scenario) -> Duration {
    let (timing, policy) = (&scenario.timing, &scenario.policy);
    let sendings = u64::from(policy.saf_attempts.max(1)) + 2;
    let advices = timing.saf_retry_ms.saturating_mul(sendings);
    let answers = timing.switch_response_ms.saturating_mul(2).saturating_add(timing.frame_ms);
    let commits = timing.commit_ms.saturating_mul(50);
    Duration::millis(advices.saturating_add(answers).saturating_add(commits))
}
