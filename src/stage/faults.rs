//! Which faults are still to come, which lines are cut, and what happens when one begins.

use super::host::Happening;
use super::{Item, Lines, World};
use crate::fault::{self, ActionName, Direction, Fault, OnAction, OnMessage, Side, When};
use crate::history::What;
use crate::party::{Party, Role};
use crate::scenario::Scenario;
use reversim_models::device::{CardCommand, ChipData, Outcome};
use reversim_models::iso8583::{Mti, POS};
use reversim_models::node::{Action, Command, Port, Ticket};
use reversim_models::record::Record;
use reversim_models::time::{Duration, Instant};

/// The faults of a scenario while it runs.
pub(super) struct Faults<'a> {
    list: &'a [Fault],
    has_fired: Vec<bool>,
    /// A message fault is tried on its message once, whether it could do anything or not.
    is_tried: Vec<bool>,
    is_healed: bool,
    /// From, to, until.
    cuts: Vec<(usize, usize, Instant)>,
    stalls: Vec<(usize, usize, Instant)>,
    /// Hosts on whose actions a fault waits.
    watched: Vec<Party>,
    watched_hosts: Vec<usize>,
    counts: Vec<(usize, ActionName, Ticket, u32)>,
}

/// An action as faults name it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    name: ActionName,
    ticket: Ticket,
    nth: u32,
}

impl<'a> Faults<'a> {
    pub(super) fn new(scenario: &'a Scenario) -> Faults<'a> {
        let list = &scenario.faults[..];
        let mut watched: Vec<Party> = list.iter().filter_map(watched_party).collect();
        watched.sort_unstable();
        watched.dedup();
        Faults {
            list,
            has_fired: vec![false; list.len()],
            is_tried: vec![false; list.len()],
            is_healed: false,
            cuts: Vec::new(),
            stalls: Vec::new(),
            watched,
            watched_hosts: Vec::new(),
            counts: Vec::new(),
        }
    }

    /// The faults that did not fire.
    pub(super) fn idle(&self) -> Vec<usize> {
        (0..self.list.len()).filter(|i| !self.has_fired[*i]).collect()
    }

    pub(super) fn fire(&mut self, index: usize) {
        self.has_fired[index] = true;
    }

    fn is_armed(&self, index: usize) -> bool {
        !self.is_healed && !self.has_fired[index]
    }

    /// All faults are over, whether they fired or not.
    pub(super) fn heal(&mut self) {
        self.is_healed = true;
        self.cuts.clear();
        self.stalls.clear();
        self.watched_hosts.clear();
    }

    pub(super) fn watches(&self, host: usize) -> bool {
        self.watched_hosts.contains(&host)
    }

    /// Whether what `from` sends to `to` is lost now.
    pub(super) fn is_cut(&self, from: usize, to: usize, now: Instant) -> bool {
        self.cuts.iter().any(|&(a, b, until)| (a, b) == (from, to) && now < until)
    }

    /// When what `from` sends to `to` now begins to move.
    pub(super) fn stalled_until(&self, from: usize, to: usize, now: Instant) -> Instant {
        let until =
            |&(a, b, until): &(usize, usize, Instant)| ((a, b) == (from, to)).then_some(until);
        self.stalls.iter().filter_map(until).max().map_or(now, |until| until.max(now))
    }

    /// Takes the next fault that hits this message. It does not fire by being taken.
    pub(super) fn take_message_fault(&mut self, on: &OnMessage) -> Option<(usize, Fault)> {
        let index = (0..self.list.len()).find(|&i| {
            self.is_armed(i) && !self.is_tried[i] && self.list[i].message() == Some(on)
        })?;
        self.is_tried[index] = true;
        Some((index, self.list[index]))
    }

    /// The name of an action and how often the party did it about this ticket.
    pub(super) fn count_action(
        &mut self,
        host: usize,
        ticket: Ticket,
        action: &Action,
    ) -> Option<Seen> {
        let name = name_of(action)?;
        let key =
            |c: &&mut (usize, ActionName, Ticket, u32)| (c.0, c.1, c.2) == (host, name, ticket);
        let nth = match self.counts.iter_mut().find(key) {
            Some(count) => {
                count.3 += 1;
                count.3
            }
            None => {
                self.counts.push((host, name, ticket, 1));
                1
            }
        };
        Some(Seen { name, ticket, nth })
    }
}

impl Seen {
    fn is(&self, on: &OnAction, party: Party, side: Side) -> bool {
        on.party == party
            && on.side == side
            && on.step == self.ticket.0
            && on.nth == self.nth
            && self.name == on.action
    }
}

/// The name under which faults know an action.
fn name_of(action: &Action) -> Option<ActionName> {
    Some(match action {
        Action::Record(record) => ActionName::Record(record.name()),
        Action::Connect(_) => ActionName::Connect,
        Action::Disconnect(_) => ActionName::Disconnect,
        Action::Send { frame, .. } => ActionName::Send(sent_mti(frame)?),
        Action::Tell { device, .. } => ActionName::Tell(*device),
    })
}

/// The MTI of a frame on either line: network lines begin with ASCII digits, POS lines do not.
fn sent_mti(frame: &[u8]) -> Option<Mti> {
    let is_network = frame.get(..8)?.iter().all(u8::is_ascii_digit);
    if is_network {
        return Mti::from_ascii(*frame.get(4..)?.first_chunk()?);
    }
    let (_, body) = POS.framing.unwrap(frame).ok()?;
    let body = frame.get(body)?;
    Mti::from_bcd(u16::from_be_bytes([*body.first()?, *body.get(1)?]))
}

fn watched_party(fault: &Fault) -> Option<Party> {
    match fault.when()? {
        When::Action(on) => Some(on.party),
        _ => None,
    }
}

impl<L: Lines> World<'_, L> {
    /// Enters the faults that the clock begins, and finds out whose actions are to be watched.
    pub(super) fn arm_faults(&mut self) {
        self.faults.watched_hosts =
            self.faults.watched.iter().filter_map(|party| self.plan.index(*party)).collect();
        for index in 0..self.scenario.faults.len() {
            if let Some(When::AtMs(ms)) = self.scenario.faults[index].when() {
                self.push(Instant::START + Duration::millis(ms), Item::Fault(index));
            }
        }
    }

    /// Begins the faults that wait for this message to be sent.
    pub(super) fn message_triggers(&mut self, on: &OnMessage) {
        for index in 0..self.scenario.faults.len() {
            let fault = &self.scenario.faults[index];
            if self.faults.is_armed(index) && fault.when() == Some(When::Message(*on)) {
                self.begin_fault(index);
            }
        }
    }

    /// Begins the faults around this action; true if the party's power failed.
    pub(super) fn around_action(
        &mut self,
        host: usize,
        seen: &Seen,
        side: Side,
        action: Option<&Action>,
    ) -> bool {
        let (party, epoch) = (self.hosts[host].party, self.hosts[host].epoch);
        for index in 0..self.scenario.faults.len() {
            let fault = self.scenario.faults[index];
            let Some(When::Action(on)) = fault.when() else { continue };
            if matches!(fault, Fault::SlowCommit { .. })
                || !self.faults.is_armed(index)
                || !seen.is(&on, party, side)
            {
                continue;
            }
            let record = match action {
                Some(Action::Record(record)) => Some((seen.ticket, record.clone())),
                _ => None,
            };
            self.begin(index, fault, record);
        }
        self.hosts[host].epoch != epoch
    }

    /// Begins a fault by its index, if it is still to come.
    pub(super) fn begin_fault(&mut self, index: usize) {
        if self.faults.is_armed(index) {
            self.begin(index, self.scenario.faults[index], None);
        }
    }

    fn begin(&mut self, index: usize, fault: Fault, record: Option<(Ticket, Record)>) {
        let Some(host) = self.concerned(&fault) else { return };
        self.faults.fire(index);
        let ticket = record.as_ref().map_or(Ticket::NONE, |(ticket, _)| *ticket);
        self.note(host, ticket, What::FaultFired(index));
        match fault {
            Fault::PowerCut { down_ms, torn, .. } => {
                self.power_off(host, torn, record, Duration::millis(down_ms.max(1)));
            }
            Fault::ClockStep { by_ms, .. } => {
                self.hosts[host].clock_off =
                    self.hosts[host].clock_off.saturating_add(by_ms.saturating_mul(1_000));
                let local = self.local_time(host);
                self.note(host, ticket, What::ClockStepped(local));
            }
            Fault::Stall { a, b, for_ms, .. } => {
                self.between(a, b, Direction::Both, for_ms, false);
            }
            Fault::Partition { a, b, direction, for_ms, .. } => {
                self.between(a, b, direction, for_ms, true);
            }
            Fault::KeyChange { terminal, .. } => {
                let port = Port(u16::from(terminal.number.saturating_sub(1)));
                self.command(host, ticket, Command::WithdrawKeys { port });
            }
            Fault::CutOver { window_ms, .. } => self.cut_over(ticket, window_ms),
            Fault::Maintenance { for_ms, .. } => self.maintenance(host, ticket, for_ms),
            Fault::Pause { for_ms, .. } => self.pause(host, ticket, for_ms),
            _ => {}
        }
    }

    /// The host a fault is about; none if it does not take part.
    fn concerned(&self, fault: &Fault) -> Option<usize> {
        // Nobody here has a say inside somebody else's machine.
        let is_ours = |host: &usize| !self.hosts[*host].is_remote();
        match *fault {
            Fault::PowerCut { party, .. } => {
                self.plan.index(party).filter(|host| self.hosts[*host].can_lose_power())
            }
            Fault::ClockStep { party, .. } => {
                let is_on = |host: &usize| is_ours(host) && self.hosts[*host].is_up();
                self.plan.index(party).filter(is_on)
            }
            Fault::Maintenance { party, .. } => self.plan.index(party).filter(is_ours),
            Fault::Pause { party, .. } => {
                let has_nodes = party.role == Role::Clearing && self.plan.lease().is_some();
                self.plan.index(party).filter(|_| has_nodes)
            }
            Fault::Stall { a, b, .. } | Fault::Partition { a, b, .. } => {
                self.plan.index(b).and(self.plan.index(a))
            }
            Fault::KeyChange { terminal, .. } => {
                let switch = self.plan.index(Party::switch(1)).filter(is_ours);
                self.plan.index(terminal).and(switch)
            }
            Fault::CutOver { .. } => self.plan.index(Party::switch(1)),
            _ => None,
        }
    }

    fn between(&mut self, a: Party, b: Party, direction: Direction, for_ms: u64, is_cut: bool) {
        let (Some(a), Some(b)) = (self.plan.index(a), self.plan.index(b)) else { return };
        let until = self.now + Duration::millis(for_ms);
        let list = if is_cut { &mut self.faults.cuts } else { &mut self.faults.stalls };
        if direction != Direction::BToA {
            list.push((a, b, until));
        }
        if direction != Direction::AToB {
            list.push((b, a, until));
        }
        self.push(until, Item::End);
    }

    /// A command of the host's operator, given at once.
    pub(super) fn command(&mut self, host: usize, ticket: Ticket, command: Command) {
        let epoch = self.hosts[host].epoch;
        let happening = Happening::Commanded(command);
        self.push(self.now, Item::Device { host, epoch, ticket, happening });
    }

    /// A window that an operator opens. Nothing has healed before it is over, and no window is
    /// longer than a day.
    fn window(&mut self, millis: u64) -> Duration {
        let window = Duration::millis(millis.min(86_400_000));
        self.push(self.now + window, Item::End);
        window
    }

    /// A party stops serving for a while.
    pub(super) fn maintenance(&mut self, host: usize, ticket: Ticket, for_ms: u64) {
        let window = self.window(for_ms);
        self.command(host, ticket, Command::Maintenance { window });
    }

    /// The node of a party that works stands still for a while.
    fn pause(&mut self, host: usize, ticket: Ticket, for_ms: u64) {
        let length = self.window(for_ms);
        self.command(host, ticket, Command::Pause { length });
    }

    /// Every party that has business dates begins the next one. Issuers refuse nobody for it: what
    /// comes late is of the date that it says.
    pub(super) fn cut_over(&mut self, ticket: Ticket, window_ms: u64) {
        let window = self.window(window_ms);
        self.business_date = self.business_date.next();
        let date = self.business_date;
        for number in 1..=self.plan.switches {
            if let Some(host) = self.plan.index(Party::switch(number)) {
                self.command(host, ticket, Command::CutOver { date, window });
            }
        }
        if let Some(host) = self.plan.index(Party::clearing(1)) {
            self.command(host, ticket, Command::CutOver { date, window });
        }
        for number in 1..=self.plan.issuers {
            if let Some(host) = self.plan.index(Party::issuer(number)) {
                self.command(host, ticket, Command::CutOver { date, window: Duration::ZERO });
            }
        }
    }

    /// A party that was dark when the date changed is told when it is back. One that knows it
    /// already takes no notice.
    pub(super) fn catch_up_with_the_date(&mut self, host: usize) {
        let date = self.business_date;
        let role = self.hosts[host].party.role;
        let has_dates = matches!(role, Role::Switch | Role::Issuer | Role::Clearing);
        if has_dates && date > self.plan.business_date() {
            let window = Duration::ZERO;
            self.command(host, Ticket::NONE, Command::CutOver { date, window });
        }
    }

    /// How much longer the commit that begins with this record takes, milliseconds.
    pub(super) fn slow_commit(&mut self, host: usize, ticket: Ticket, record: &Record) -> u64 {
        if !self.faults.watches(host) {
            return 0;
        }
        let name = ActionName::Record(record.name());
        let party = self.hosts[host].party;
        let same = |c: &&(usize, ActionName, Ticket, u32)| (c.0, c.1, c.2) == (host, name, ticket);
        let nth = self.faults.counts.iter().find(same).map_or(0, |c| c.3) + 1;
        let seen = Seen { name, ticket, nth };
        let mut longest = 0;
        for index in 0..self.scenario.faults.len() {
            let Fault::SlowCommit { at, by_ms } = self.scenario.faults[index] else { continue };
            let is_meant = seen.is(&at, party, Side::Before) || seen.is(&at, party, Side::After);
            if self.faults.is_armed(index) && is_meant {
                self.faults.fire(index);
                self.note(host, ticket, What::FaultFired(index));
                longest = longest.max(by_ms);
            }
        }
        longest
    }

    /// Whether the slip of this ticket does not come out.
    pub(super) fn printer_fails(&mut self, ticket: Ticket) -> bool {
        self.step_fault(ticket, |fault| *fault == Fault::PrinterFault { step: ticket.0 })
    }

    /// What the cardholder of this ticket does at the PIN pad.
    pub(super) fn enter_pin(&mut self, ticket: Ticket) -> Outcome {
        let is_cancelled = |fault: &Fault| *fault == Fault::PinCancelled { step: ticket.0 };
        let is_wrong = |fault: &Fault| *fault == Fault::WrongPin { step: ticket.0 };
        if self.step_fault(ticket, is_cancelled) {
            return Outcome::PinCancelled;
        }
        let number = self.people.card_of(ticket);
        // No card of a scenario has a PIN that begins with 9.
        let wrong = || reversim_models::security::Pin::new("987654");
        if self.step_fault(ticket, is_wrong)
            && let Some(pin) = wrong()
        {
            return Outcome::PinEntered(pin);
        }
        Outcome::PinEntered(super::Plan::pin(number))
    }

    /// What the chip of this ticket's card does, and the kernel with it.
    pub(super) fn card_answers(&mut self, ticket: Ticket, command: CardCommand) -> Outcome {
        let step = ticket.0;
        match command {
            CardCommand::Read => {
                let lacks = [fault::ChipData::Parameters, fault::ChipData::PublicKeys];
                for (what, told) in lacks.into_iter().zip(ChipData::ALL) {
                    let is_it = |fault: &Fault| *fault == Fault::ChipDataMissing { step, what };
                    if self.step_fault(ticket, is_it) {
                        return Outcome::ChipDataMissing(told);
                    }
                }
                match self.step_fault(ticket, |fault| *fault == Fault::CardUnreadable { step }) {
                    true => Outcome::CardUnreadable,
                    false => Outcome::CardRead,
                }
            }
            CardCommand::Sign(challenge) => {
                if self.step_fault(ticket, |fault| *fault == Fault::KernelFails { step }) {
                    return Outcome::KernelFailed;
                }
                let place = usize::from(self.people.card_of(ticket)).checked_sub(1);
                let chip = place.and_then(|place| self.chips.get_mut(place)?.as_mut());
                let signed = chip.and_then(|chip| chip.sign(challenge));
                signed.map_or(Outcome::KernelFailed, Outcome::Cryptogram)
            }
            CardCommand::Complete(_) => {
                if self.step_fault(ticket, |fault| *fault == Fault::CardPulled { step }) {
                    return Outcome::CardPulled;
                }
                match self.step_fault(ticket, |fault| *fault == Fault::CardDeclines { step }) {
                    true => Outcome::CardDeclined,
                    false => Outcome::CardAccepted,
                }
            }
        }
    }

    fn step_fault(&mut self, ticket: Ticket, is_meant: impl Fn(&Fault) -> bool) -> bool {
        let index = (0..self.scenario.faults.len())
            .find(|&i| self.faults.is_armed(i) && is_meant(&self.scenario.faults[i]));
        let Some(index) = index else { return false };
        self.faults.fire(index);
        let host = self.people.host_of(ticket).unwrap_or(0);
        self.note(host, ticket, What::FaultFired(index));
        true
    }
}
