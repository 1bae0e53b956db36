//! Where a fault can be placed in a run, and which: read off the run's own history.
//!
//! Nothing is guessed: a message is a target because it was sent, an action because it was taken.
//! Placements after the last fault that fired are the only ones that lead to anything new, because
//! up to there the run is the one that was looked at before.

use super::argument::{Argument, Pruned};
use super::explore::Alphabet;
use crate::fault::{
    ActionName, ChipData, Damage, Direction, Fault, OnAction, OnMessage, Side, Tie, Until, When,
};
use crate::history::{Entry, Frame, HEALING, History, What};
use crate::party::{Party, Role};
use crate::scenario::Scenario;
use reversim_models::device::{CardCommand, Device, Output};
use reversim_models::iso8583::{Element, Message, Mti};
use reversim_models::node::{LinkDownReason, Ticket};

/// How long power is away.
const DOWN_MS: u64 = 10_000;
/// Longer than anybody at the counter waits.
const LONG_MS: u64 = 60_000;
/// More than any frame has: the line breaks behind it.
const ALL_BYTES: u32 = 65_535;

/// What can be placed, and what needs not be.
#[derive(Debug, Default)]
pub(super) struct Placements {
    pub(super) faults: Vec<Fault>,
    /// What was left out.
    pub(super) pruned: Pruned,
}

/// Every fault of the alphabet that could come next in this run. The first `own` faults of the
/// scenario are its own: they were not placed, and may come before or after what is. `prunes`
/// leaves out what need not be run.
pub(super) fn following(
    history: &History,
    scenario: &Scenario,
    own: usize,
    alphabet: Alphabet,
    prunes: bool,
) -> Placements {
    let start = first_open(history, own);
    let mut reader = Reader {
        scenario,
        placed: scenario.faults.get(own..).unwrap_or_default(),
        alphabet,
        prunes,
        counts: Vec::new(),
        waiting: Vec::new(),
        unread: Vec::new(),
    };
    let mut found = Placements::default();
    for (index, entry) in history.entries.iter().enumerate() {
        if entry.what == What::Healed {
            break;
        }
        let place = (entry.ticket.0 <= HEALING).then_some(&mut found).filter(|_| index >= start);
        reader.read(history, index, entry, place);
    }
    found
}

/// The first entry at which another fault can hit: the instant at which the last one fired, for a
/// second fault may hit the very same message.
fn first_open(history: &History, own: usize) -> usize {
    let fired = |entry: &Entry| matches!(entry.what, What::FaultFired(index) if index >= own);
    let Some(last) = history.entries.iter().rposition(fired) else { return 0 };
    let at = history.entries[last].at;
    let before = history.entries[..last].iter().rposition(|entry| entry.at != at);
    before.map_or(0, |index| index + 1)
}

/// Reads a history from the beginning, because occurrences are counted from there.
struct Reader<'a> {
    scenario: &'a Scenario,
    /// The faults that were placed before.
    placed: &'a [Fault],
    alphabet: Alphabet,
    prunes: bool,
    counts: Vec<(Party, Option<Party>, ActionName, Ticket, u32)>,
    /// Who waits for which answer, about what.
    waiting: Vec<(Party, Mti, Ticket)>,
    /// Whose clock was to jump already, and who has not taken part in anything since.
    unread: Vec<Party>,
}

impl Reader<'_> {
    fn nth(&mut self, party: Party, to: Option<Party>, name: ActionName, ticket: Ticket) -> u32 {
        let same =
            self.counts.iter_mut().find(|c| (c.0, c.1, c.2, c.3) == (party, to, name, ticket));
        if let Some(count) = same {
            count.4 += 1;
            return count.4;
        }
        self.counts.push((party, to, name, ticket, 1));
        1
    }

    fn read(
        &mut self,
        history: &History,
        index: usize,
        entry: &Entry,
        mut place: Option<&mut Placements>,
    ) {
        let (party, ticket) = (entry.party, entry.ticket);
        if !matches!(entry.what, What::FaultFired(_) | What::Lost { .. }) {
            self.unread.retain(|unread| *unread != party);
        }
        if let Some(action) = action_of(entry) {
            let nth = self.nth(party, None, action, ticket);
            if let Some(found) = &mut place {
                let on = OnAction { party, side: Side::Before, action, step: ticket.0, nth };
                self.around(history, index, on, found);
                self.device(action, ticket, found);
                self.chip(entry, ticket, found);
            }
        }
        match &entry.what {
            What::Sent { to, frame, .. } => {
                let Some(mti) = frame.mti() else { return };
                let nth = self.nth(party, Some(*to), ActionName::Send(mti), ticket);
                let waits = (party, mti.response(), ticket);
                if mti.is_request() && !self.waiting.contains(&waits) {
                    self.waiting.push(waits);
                }
                if let Some(found) = place {
                    let on = OnMessage { from: party, to: *to, mti, step: ticket.0, nth };
                    let mut faults = Vec::with_capacity(64);
                    self.message(on, ticket, &mut faults);
                    if self.alphabet == Alphabet::Full && is_signed(frame) {
                        faults.push(Fault::Corrupt { on, damage: Damage::Element(55) });
                        if to.role == Role::Issuer {
                            faults.push(Fault::Resubmit { on, after_ms: 1_000 });
                        }
                    }
                    let is_lost = is_lost_where_it_is_sent(history, index);
                    self.place(faults, on, is_lost, found);
                }
            }
            What::FaultFired(fault) => self.count_what_was_cut_off(*fault),
            What::Delivered { frame, .. } => {
                let Some(mti) = frame.mti() else { return };
                self.waiting.retain(|waits| *waits != (party, mti, ticket));
            }
            _ => {}
        }
    }

    /// An action before which power failed was begun, and counts, though nobody saw it; so does a
    /// connection that was asked for and does not come about any more.
    fn count_what_was_cut_off(&mut self, fault: usize) {
        if let Some(Fault::PowerCut { at: When::Action(on), .. }) = self.scenario.faults.get(fault)
            && (on.side == Side::Before || on.action == ActionName::Connect)
        {
            self.nth(on.party, None, on.action, Ticket(on.step));
        }
    }

    /// Faults around an action.
    fn around(&self, history: &History, index: usize, on: OnAction, found: &mut Placements) {
        let cut = |side, torn| Fault::PowerCut {
            party: on.party,
            at: When::Action(OnAction { side, ..on }),
            down_ms: DOWN_MS,
            torn,
        };
        found.faults.push(cut(Side::Before, false));
        self.pauses(
            on.party,
            When::Action(OnAction { side: Side::After, ..on }),
            &mut found.faults,
        );
        match self.prunes && is_next_action_at_once(history, index) {
            true => found.pruned.count(Argument::AfterIsBeforeNext),
            false => found.faults.push(cut(Side::After, false)),
        }
        if self.alphabet == Alphabet::Full
            && let ActionName::Record(_) = on.action
        {
            found.faults.push(cut(Side::Before, true));
            found.faults.extend([500, 25_000].map(|by_ms| Fault::SlowCommit { at: on, by_ms }));
        }
    }

    /// The node of a party that works stands still, for longer than its lease; in the full alphabet
    /// also for less.
    fn pauses(&self, party: Party, at: When, found: &mut Vec<Fault>) {
        if party.role == Role::Clearing && self.scenario.topology.clearing > 1 {
            found.push(Fault::Pause { party, at, for_ms: LONG_MS });
            if self.alphabet == Alphabet::Full {
                found.push(Fault::Pause { party, at, for_ms: DOWN_MS });
            }
        }
    }

    fn device(&self, action: ActionName, ticket: Ticket, found: &mut Placements) {
        let step = ticket.0;
        match (self.alphabet, action) {
            (Alphabet::Full, ActionName::Tell(Device::Printer)) => {
                found.faults.push(Fault::PrinterFault { step });
            }
            (Alphabet::Full, ActionName::Tell(Device::PinPad)) => {
                found.faults.extend([Fault::PinCancelled { step }, Fault::WrongPin { step }]);
            }
            _ => {}
        }
    }

    /// What may go wrong at each thing that a chip is told to do.
    fn chip(&self, entry: &Entry, ticket: Ticket, found: &mut Placements) {
        let What::Told { output: Output::Card(command), .. } = &entry.what else { return };
        let step = ticket.0;
        match (self.alphabet, command) {
            (Alphabet::Core, _) => {}
            (Alphabet::Full, CardCommand::Read) => {
                let missing = [ChipData::Parameters, ChipData::PublicKeys];
                let missing = missing.map(|what| Fault::ChipDataMissing { step, what });
                found.faults.push(Fault::CardUnreadable { step });
                found.faults.extend(missing);
            }
            (Alphabet::Full, CardCommand::Sign(_)) => {
                found.faults.push(Fault::KernelFails { step });
            }
            (Alphabet::Full, CardCommand::Complete(_)) => {
                found.faults.extend([Fault::CardDeclines { step }, Fault::CardPulled { step }]);
            }
        }
    }

    /// Keeps the faults at a message that need be run.
    fn place(&mut self, faults: Vec<Fault>, on: OnMessage, is_lost: bool, found: &mut Placements) {
        let is_hit = |fault: &Fault| single(fault) == Some(&on);
        // A line that breaks loses it too, but a loss that comes first keeps the line whole.
        let breaks = self.placed.iter().any(|f| is_hit(f) && matches!(f, Fault::Reset { .. }));
        let at = Target {
            on,
            is_lost: is_lost && !breaks,
            is_hit: self.placed.iter().any(is_hit),
            first: found.faults.len(),
        };
        for fault in faults {
            let needless = self.prunes.then(|| self.needless(&fault, &at, found)).flatten();
            match needless {
                Some(argument) => found.pruned.count(argument),
                None => found.faults.push(fault),
            }
        }
        let new = found.faults[at.first..].iter().filter_map(|fault| match fault {
            Fault::ClockStep { party, .. } => Some(*party),
            _ => None,
        });
        self.unread.extend(new);
    }

    /// Why a fault at this message need not be run.
    fn needless(&self, fault: &Fault, at: &Target, found: &Placements) -> Option<Argument> {
        match *fault {
            Fault::Replay { on, after_ms }
                if found.faults[at.first..].contains(&Fault::Duplicate { on, after_ms })
                    && !self.placed.contains(&Fault::Duplicate { on, after_ms }) =>
            {
                Some(Argument::ReplayIsLateDuplicate)
            }
            Fault::ClockStep { party, .. } if self.unread.contains(&party) => {
                Some(Argument::ClockNotRead)
            }
            _ if at.is_lost && single(fault).is_some() => Some(Argument::LostAlready),
            // Then the loss alone is the same, and that one is run too.
            _ if at.is_hit && loses(fault, at.on) => Some(Argument::LostAlready),
            _ => None,
        }
    }

    /// Faults that hit a message.
    fn message(&self, on: OnMessage, ticket: Ticket, found: &mut Vec<Fault>) {
        found.extend([Fault::Drop(on), Fault::Duplicate { on, after_ms: 0 }]);
        for (of, ..) in self.waiting.iter().filter(|waits| waits.2 == ticket) {
            let near = [
                (-1, Tie::MessageFirst),
                (0, Tie::MessageFirst),
                (0, Tie::DeadlineFirst),
                (1, Tie::MessageFirst),
            ];
            found.extend(near.map(|(offset_us, order)| Fault::Delay {
                on,
                until: Until::Deadline { of: *of, offset_us, order },
            }));
        }
        // Files are sealed on lines of the network; a terminal's upload is not.
        let is_pos = on.from.role == Role::Terminal || on.to.role == Role::Terminal;
        let is_sealed = matches!(on.mti.class(), 2 | 4) || (on.mti.class() == 3 && !is_pos);
        if is_sealed {
            found.push(Fault::Corrupt { on, damage: Damage::Mac });
        }
        found.extend([0, ALL_BYTES].map(|at_byte| Fault::Reset { on, at_byte }));
        found.push(partition(on, Direction::Both, LONG_MS));
        for party in [on.from, on.to] {
            self.pauses(party, When::Message(on), found);
        }
        if self.alphabet == Alphabet::Full {
            if is_sealed && on.mti.class() != 3 {
                let element = if on.mti.is_response() { 39 } else { 4 };
                found.push(Fault::Corrupt { on, damage: Damage::Element(element) });
            }
            if on.mti.class() == 2 {
                found.push(Fault::Corrupt { on, damage: Damage::Length(2) });
            }
            self.every_other(on, found);
        }
    }

    /// What the full alphabet has beyond the core.
    fn every_other(&self, on: OnMessage, found: &mut Vec<Fault>) {
        let frame_ms = self.scenario.timing.frame_ms;
        let at = When::Message(on);
        found.extend([1_000, LONG_MS].map(|ms| Fault::Delay { on, until: Until::ByMs(ms) }));
        found.extend([1_000, LONG_MS].map(|after_ms| Fault::Duplicate { on, after_ms }));
        found.extend([1, frame_ms + 1].map(|pause_ms| Fault::Split { on, at_byte: 7, pause_ms }));
        found.extend([
            Fault::Reorder(on),
            Fault::Coalesce(on),
            Fault::HalfOpen(on),
            Fault::Replay { on, after_ms: LONG_MS },
            Fault::Corrupt { on, damage: Damage::Byte(0) },
            Fault::Reset { on, at_byte: 20 },
            partition(on, Direction::AToB, LONG_MS),
            partition(on, Direction::BToA, LONG_MS),
            partition(on, Direction::Both, 10 * LONG_MS),
        ]);
        found.extend([5_000, LONG_MS].map(|for_ms| Fault::Stall {
            at,
            a: on.from,
            b: on.to,
            for_ms,
        }));
        for party in [on.from, on.to] {
            let jumps = [-86_400_000, -3_600_000, 3_600_000, 86_400_000];
            found.extend(jumps.map(|by_ms| Fault::ClockStep { party, at, by_ms }));
            if party.role != Role::Terminal {
                found.push(Fault::Maintenance { party, at, for_ms: 30_000 });
            } else {
                found.push(Fault::KeyChange { terminal: party, at });
            }
        }
        found.extend([0, 10_000].map(|window_ms| Fault::CutOver { at, window_ms }));
    }
}

/// A message at which faults are placed.
struct Target {
    on: OnMessage,
    /// An earlier fault loses it where it is sent.
    is_lost: bool,
    /// A placed fault happens to this single message.
    is_hit: bool,
    /// The faults found at it begin here.
    first: usize,
}

/// The message to which alone a fault happens: nothing is left of it if the message is lost.
fn single(fault: &Fault) -> Option<&OnMessage> {
    // A half-open line stays so for whatever comes after the message.
    fault.message().filter(|_| !matches!(fault, Fault::HalfOpen(_)))
}

/// Whether it is a request that a chip signed.
fn is_signed(frame: &Frame) -> bool {
    let has_chip = |message: &Message| message.has(Element::ICC) && message.mti().class() != 4;
    frame.message().is_some_and(has_chip)
}

/// Whether a fault at this message loses it where it is sent, whatever else happens to it.
fn loses(fault: &Fault, on: OnMessage) -> bool {
    match fault {
        Fault::Drop(_) | Fault::HalfOpen(_) => true,
        Fault::Partition { a, direction, .. } => match direction {
            Direction::Both => true,
            Direction::AToB => *a == on.from,
            Direction::BToA => *a != on.from,
        },
        _ => false,
    }
}

/// Whether a message is lost at the instant at which it is sent.
fn is_lost_where_it_is_sent(history: &History, index: usize) -> bool {
    let at = history.entries[index].at;
    let same = history.entries[index + 1..].iter().take_while(|entry| entry.at == at);
    let is_it = |entry: &Entry| matches!(entry.what, What::Lost { sent, .. } if sent == index);
    same.clone().any(is_it)
}

fn partition(on: OnMessage, direction: Direction, for_ms: u64) -> Fault {
    Fault::Partition { at: When::Message(on), a: on.from, b: on.to, direction, for_ms }
}

/// The action that an entry shows, if it shows one. Closing a line shows at the peer only.
fn action_of(entry: &Entry) -> Option<ActionName> {
    match &entry.what {
        What::Recorded(record) => Some(ActionName::Record(record.name())),
        What::Sent { frame, .. } => frame.mti().map(ActionName::Send),
        What::Told { device, .. } => Some(ActionName::Tell(*device)),
        What::LinkUp { peer, .. } | What::ConnectFailed { peer }
            if connects(entry.party, *peer) =>
        {
            Some(ActionName::Connect)
        }
        _ => None,
    }
}

/// Whether `party` is the one that connects to `peer`: always the one nearer to the counter.
fn connects(party: Party, peer: Party) -> bool {
    let distance = |party: Party| match party.role {
        Role::Terminal => (0, 0),
        Role::Switch => (1, party.number),
        Role::Clearing => (2, 0),
        Role::Issuer => (3, 0),
    };
    distance(party) < distance(peer)
}

/// Whether the same party takes its next action at the same instant with nothing reaching it in
/// between. Then power lost after this action and power lost before that one are the same: what is
/// volatile is gone either way, and what is durable or sent is equal. Only the closing of a line
/// could hide between the two, and its peer would see that.
fn is_next_action_at_once(history: &History, index: usize) -> bool {
    let Entry { at, party, what, .. } = &history.entries[index];
    // A connection shows when it stands, not when it is asked for.
    if matches!(what, What::LinkUp { .. } | What::ConnectFailed { .. }) {
        return false;
    }
    let later = &history.entries[index + 1..];
    let is_its = |entry: &&Entry| {
        entry.party == *party && !matches!(entry.what, What::FaultFired(_) | What::Lost { .. })
    };
    let Some(next) = later.iter().find(is_its) else { return false };
    let is_action = matches!(next.what, What::Recorded(_) | What::Sent { .. } | What::Told { .. });
    let closes = |entry: &Entry| {
        matches!(&entry.what, What::LinkDown { peer, reason: LinkDownReason::Closed, .. }
            if peer == party)
    };
    is_action && next.at == *at && action_of(next).is_some() && !later.iter().any(closes)
}
