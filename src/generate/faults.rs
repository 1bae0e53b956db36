//! What goes wrong: a swarm of fault kinds, aimed with [`flow`](super::flow) at what will happen.
//!
//! Each run leaves out a random half of the kinds and gives the others wildly different rates: runs
//! in which everything happens a little find less than runs in which one thing happens a lot.

use super::Profile;
use super::entropy::Entropy;
use super::flow::{Hop, Leg, Way};
use crate::fault::{Damage, Direction, Fault, OnMessage, Side, Tie, Until, When};
use crate::party::{Party, Role};
use crate::scenario::Scenario;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Drop,
    Delay,
    ToDeadline,
    Duplicate,
    Reorder,
    DamageMac,
    DamageElement,
    DamageFraming,
    Replay,
    Split,
    Coalesce,
    Reset,
    HalfOpen,
    Stall,
    Partition,
    PowerCut,
    TornRecord,
    SlowCommit,
    ClockStep,
    Printer,
    PinCancelled,
    WrongPin,
    KeyChange,
    CutOver,
    Maintenance,
}

impl Kind {
    /// Whether it may leave somebody in doubt about a sale.
    fn loses_an_answer(self) -> bool {
        matches!(
            self,
            Kind::Drop
                | Kind::Delay
                | Kind::ToDeadline
                | Kind::DamageMac
                | Kind::DamageElement
                | Kind::DamageFraming
                | Kind::Split
                | Kind::Reset
                | Kind::HalfOpen
                | Kind::Stall
                | Kind::Partition
                | Kind::PowerCut
                | Kind::TornRecord
        )
    }
}

/// Each kind with its share in: counter, day, boundary, crash, concurrency, keys.
#[rustfmt::skip]
const SHARES: &[(Kind, [u32; 6])] = &[
    (Kind::Drop,          [12, 8, 4, 6, 4, 4]),
    (Kind::Delay,         [ 8, 5, 3, 3, 8, 2]),
    (Kind::ToDeadline,    [ 5, 3, 16, 3, 5, 2]),
    (Kind::Duplicate,     [ 6, 4, 2, 2, 8, 3]),
    (Kind::Reorder,       [ 3, 2, 2, 1, 6, 1]),
    (Kind::DamageMac,     [ 4, 2, 1, 1, 1, 8]),
    (Kind::DamageElement, [ 3, 2, 1, 1, 1, 6]),
    (Kind::DamageFraming, [ 2, 1, 1, 1, 1, 1]),
    (Kind::Replay,        [ 3, 3, 1, 2, 2, 4]),
    (Kind::Split,         [ 4, 2, 5, 1, 3, 1]),
    (Kind::Coalesce,      [ 3, 1, 2, 1, 3, 1]),
    (Kind::Reset,         [ 6, 3, 2, 4, 3, 2]),
    (Kind::HalfOpen,      [ 5, 3, 2, 2, 2, 1]),
    (Kind::Stall,         [ 4, 3, 3, 1, 3, 1]),
    (Kind::Partition,     [ 8, 6, 3, 4, 3, 2]),
    (Kind::PowerCut,      [ 8, 6, 3, 20, 4, 4]),
    (Kind::TornRecord,    [ 2, 1, 1, 8, 1, 1]),
    (Kind::SlowCommit,    [ 1, 1, 2, 5, 8, 1]),
    (Kind::ClockStep,     [ 3, 4, 8, 1, 1, 1]),
    (Kind::Printer,       [ 4, 2, 1, 2, 1, 1]),
    (Kind::PinCancelled,  [ 1, 1, 1, 1, 1, 1]),
    (Kind::WrongPin,      [ 3, 2, 1, 1, 2, 6]),
    (Kind::KeyChange,     [ 3, 2, 3, 2, 2, 12]),
    (Kind::CutOver,       [ 3, 8, 8, 2, 3, 1]),
    (Kind::Maintenance,   [ 3, 3, 1, 1, 1, 1]),
];

/// Which kinds of fault there are in this run, and how often.
pub(super) struct Swarm {
    weights: [u32; SHARES.len()],
}

impl Swarm {
    pub(super) fn new(profile: Profile, entropy: &mut impl Entropy) -> Swarm {
        let column = match profile {
            Profile::Counter | Profile::Mix => 0,
            Profile::Day => 1,
            Profile::Boundary => 2,
            Profile::Crash => 3,
            Profile::Concurrency => 4,
            Profile::Keys => 5,
        };
        let mut weights = [0; SHARES.len()];
        for (weight, (_, shares)) in weights.iter_mut().zip(SHARES) {
            // One draw says both whether the kind is in, and how strongly: 1, 2, 4, .. 64 fold.
            let draw = entropy.below(14);
            *weight = if draw < 7 { shares[column] << draw } else { 0 };
        }
        Swarm { weights }
    }

    fn kind(&self, entropy: &mut impl Entropy) -> Kind {
        SHARES[entropy.weighted(&self.weights)].0
    }

    /// Adds a budget of faults.
    pub(super) fn add(&self, entropy: &mut impl Entropy, scenario: &mut Scenario) {
        // A story that is told already is not drowned.
        let budget = match scenario.faults.is_empty() {
            true => entropy.weighted(&[2, 34, 30, 16, 9, 6, 3]),
            false => entropy.weighted(&[60, 30, 10]),
        };
        if budget == 0 {
            return;
        }
        // Few terminals and short days: more steps than this need no target of their own.
        let mut ways: [Option<Way>; 12] = [None; 12];
        let mut count = 0;
        for step in &scenario.steps {
            if let (Some(way), Some(place)) = (Way::of(scenario, step), ways.get_mut(count)) {
                *place = Some(way);
                count += 1;
            }
        }
        let mut faults = Vec::with_capacity(budget + scenario.faults.len());
        faults.extend_from_slice(&scenario.faults);
        // Trouble comes in rows: what was hit once is hit again while it is being healed.
        let mut trouble: Option<Way> = None;
        for number in 0..budget {
            let Some(fresh) = choose(entropy, &ways[..count], number == 0) else { break };
            let way = trouble.filter(|_| entropy.chance(60)).unwrap_or(fresh);
            let aim = Aim { scenario, way, is_first: number == 0 };
            let kind = self.kind(entropy);
            let (hop, on) = aim.message(entropy);
            let fault = aim.fault(kind, hop, on, entropy);
            if !faults.contains(&fault) {
                faults.push(fault);
            }
            if let Some(after) = way.after_trouble(hop.0).filter(|_| kind.loses_an_answer()) {
                trouble = Some(after);
            }
        }
        scenario.faults = faults;
    }
}

/// A step to aim at: sales more often than others, and first of all one that will be done.
fn choose(entropy: &mut impl Entropy, ways: &[Option<Way>], is_first: bool) -> Option<Way> {
    let mut weights = [0; 12];
    for (weight, way) in weights.iter_mut().zip(ways) {
        *weight = match way {
            Some(way) if is_first && !way.is_certain => 0,
            Some(way) if way.is_taken_back || way.is_told => 4,
            Some(_) => 1,
            None => 0,
        };
    }
    ways.get(entropy.weighted(&weights)).copied().flatten()
}

/// What a fault is aimed at: a step, or what follows once it has to be taken back.
struct Aim<'a> {
    scenario: &'a Scenario,
    way: Way,
    is_first: bool,
}

const LONG_AND_SHORT_MS: &[u64] = &[200, 1_000, 5_000, 12_000, 25_000, 45_000, 120_000];
const CUTS: &[u32] = &[0, 1, 2, 3, 7, 13, 20, 60, 200, 1_000];
const CLOCK_STEPS_MS: &[i64] = &[
    1_000,
    -1_000,
    60_000,
    -60_000,
    3_600_000,
    -3_600_000,
    86_400_000,
    -86_400_000,
    31_536_000_000,
];

impl Aim<'_> {
    fn fault(&self, kind: Kind, hop: Hop, on: OnMessage, entropy: &mut impl Entropy) -> Fault {
        match kind {
            Kind::Drop => Fault::Drop(on),
            Kind::Delay => Fault::Delay { on, until: Until::ByMs(entropy.between(1, 60) * 1_000) },
            Kind::ToDeadline => Fault::Delay { on, until: self.deadline(entropy, hop) },
            Kind::Duplicate => {
                let after_ms = entropy.pick(&[0, 0, 1, 30, 1_000, 19_000, 31_000]);
                Fault::Duplicate { on, after_ms }
            }
            Kind::Reorder => Fault::Reorder(on),
            Kind::DamageMac | Kind::DamageElement | Kind::DamageFraming => {
                damage(kind, hop, on, entropy)
            }
            Kind::Replay => {
                Fault::Replay { on, after_ms: entropy.pick(&[5_000, 45_000, 90_000, 600_000]) }
            }
            Kind::Split => Fault::Split {
                on,
                at_byte: entropy.pick(&CUTS[1..8]),
                pause_ms: self.pause(entropy),
            },
            Kind::Coalesce => Fault::Coalesce(on),
            Kind::Reset => Fault::Reset { on, at_byte: entropy.pick(CUTS) },
            Kind::HalfOpen => Fault::HalfOpen(on),
            Kind::Stall => Fault::Stall {
                at: When::Message(on),
                a: on.from,
                b: on.to,
                for_ms: entropy.pick(&[100, 1_000, 5_001, 19_999, 20_001, 30_001, 60_000]),
            },
            Kind::Partition => self.partition(entropy, on),
            Kind::PowerCut | Kind::TornRecord => self.power_cut(kind, entropy, on),
            Kind::SlowCommit => match self.record(entropy) {
                Some(at) => {
                    let by_ms = entropy.pick(&[1, 50, 500, 5_000, 19_990, 25_000]);
                    Fault::SlowCommit { at, by_ms }
                }
                None => Fault::Drop(on),
            },
            Kind::ClockStep => self.clock_step(entropy, on),
            Kind::Printer if self.way.prints() => Fault::PrinterFault { step: self.way.step },
            Kind::PinCancelled if self.has_pin() => Fault::PinCancelled { step: self.way.step },
            Kind::WrongPin if self.has_pin() => Fault::WrongPin { step: self.way.step },
            // No slip and no PIN pad on this way: the commonest fault instead.
            Kind::Printer | Kind::PinCancelled | Kind::WrongPin => Fault::Drop(on),
            Kind::KeyChange => {
                Fault::KeyChange { terminal: self.way.terminal, at: self.when(entropy, on) }
            }
            Kind::CutOver => Fault::CutOver {
                at: self.when(entropy, on),
                window_ms: entropy.pick(&[0, 0, 1_000, 10_000, 30_000]),
            },
            Kind::Maintenance => Fault::Maintenance {
                party: entropy.pick(&[Party::switch(1), self.way.issuer]),
                at: self.when(entropy, on),
                for_ms: entropy.pick(LONG_AND_SHORT_MS),
            },
        }
    }

    /// A message of the way. The first fault of a run hits what happens without any other.
    fn message(&self, entropy: &mut impl Entropy) -> (Hop, OnMessage) {
        let hop = entropy.pick(self.way.hops());
        let nth = match self.is_first {
            true => 1,
            false => [1, 2, 3][entropy.weighted(&[80, 15, 5])],
        };
        (hop, self.way.message(hop, nth))
    }

    /// Around an action of the way that is really taken.
    fn action(&self, entropy: &mut impl Entropy) -> crate::fault::OnAction {
        let acts = self.way.acts();
        let mut act = entropy.pick(acts);
        if !self.way.takes(act) {
            // The first of each list needs nothing.
            act = acts[0];
        }
        let side = entropy.pick(&[Side::Before, Side::After]);
        let switch = entropy.pick(&[1, 1, 2]);
        let nth = if self.is_first || entropy.chance(85) { 1 } else { 2 };
        self.way.action(act, side, switch, nth)
    }

    /// Before a record of the way that is really written, if a few draws find one.
    fn record(&self, entropy: &mut impl Entropy) -> Option<crate::fault::OnAction> {
        for _ in 0..4 {
            let act = entropy.pick(self.way.acts());
            if act.is_record() && self.way.takes(act) {
                let switch = entropy.pick(&[1, 1, 2]);
                return Some(self.way.action(act, Side::Before, switch, 1));
            }
        }
        None
    }

    fn when(&self, entropy: &mut impl Entropy, on: OnMessage) -> When {
        match entropy.weighted(&[60, 30, 10]) {
            0 => When::Message(on),
            1 => When::Action(self.action(entropy)),
            _ => When::AtMs(entropy.between(1, 60_000)),
        }
    }

    fn deadline(&self, entropy: &mut impl Entropy, hop: Hop) -> Until {
        let number = entropy.below(u64::from(self.way.waiters(hop))) as u8;
        let of = self.way.waiter(hop, number);
        let (offset_us, order) = entropy.pick(&[
            (-1, Tie::MessageFirst),
            (0, Tie::MessageFirst),
            (0, Tie::DeadlineFirst),
            (1, Tie::MessageFirst),
            (50_000, Tie::MessageFirst),
        ]);
        Until::Deadline { of, offset_us, order }
    }

    /// Around the time a party waits for the rest of a frame, and far beyond it.
    fn pause(&self, entropy: &mut impl Entropy) -> u64 {
        let frame = self.scenario.timing.frame_ms;
        match entropy.below(5) {
            0 => 1,
            1 => frame.saturating_sub(1),
            2 => frame,
            3 => frame + 1,
            _ => frame * 20,
        }
    }

    fn partition(&self, entropy: &mut impl Entropy, on: OnMessage) -> Fault {
        let (timing, policy) = (&self.scenario.timing, &self.scenario.policy);
        let is_pos = on.from.role == Role::Terminal || on.to.role == Role::Terminal;
        // Longer than a whole retry budget: then somebody has to give up properly.
        let budget = match is_pos {
            true => (u64::from(policy.reversal_attempts) + 2) * timing.terminal_response_ms,
            false => {
                let period = timing.saf_retry_ms + timing.switch_response_ms;
                (u64::from(policy.saf_attempts) + 2) * period
            }
        };
        let for_ms = entropy.pick(&[100, 1_000, 10_000, 35_000, budget, 3 * budget]);
        let direction = entropy.pick(&[Direction::Both, Direction::AToB, Direction::BToA]);
        Fault::Partition { at: When::Message(on), a: on.from, b: on.to, direction, for_ms }
    }

    fn power_cut(&self, kind: Kind, entropy: &mut impl Entropy, on: OnMessage) -> Fault {
        let down_ms = entropy.pick(LONG_AND_SHORT_MS);
        if kind == Kind::TornRecord
            && let Some(at) = self.record(entropy)
        {
            return Fault::PowerCut { party: at.party, at: When::Action(at), down_ms, torn: true };
        }
        if entropy.chance(10) {
            // While a message is on its way to it.
            let at = When::Message(on);
            return Fault::PowerCut { party: on.to, at, down_ms, torn: false };
        }
        let at = self.action(entropy);
        Fault::PowerCut { party: at.party, at: When::Action(at), down_ms, torn: false }
    }

    fn clock_step(&self, entropy: &mut impl Entropy, on: OnMessage) -> Fault {
        let mut party = entropy.pick(&[self.way.terminal, Party::switch(1), self.way.issuer]);
        // With few trace numbers and a clock that goes back, no switch can name each request once.
        if party.role == Role::Switch && self.scenario.policy.switch_stan_max < 999_999 {
            party = self.way.terminal;
        }
        let by_ms = entropy.pick(CLOCK_STEPS_MS);
        Fault::ClockStep { party, at: self.when(entropy, on), by_ms }
    }

    fn has_pin(&self) -> bool {
        self.scenario.policy.pin && self.way.is_taken_back && !self.way.is_order
    }
}

/// Elements that every MAC covers, on both lines, and that are in the message: a correct party
/// must notice. What a dialect leaves open is exposure, and not drawn here.
fn damage(kind: Kind, hop: Hop, on: OnMessage, entropy: &mut impl Entropy) -> Fault {
    let mti = hop.1;
    let is_sealed = matches!(mti.class(), 1 | 2 | 4);
    let damage = match kind {
        // A length inside the message frames too: that of the card number.
        Kind::DamageFraming if matches!(mti.class(), 2) && entropy.chance(40) => Damage::Length(2),
        Kind::DamageFraming => {
            let prefix = if matches!(hop.0, Leg::PosUp | Leg::PosDown) { 2 } else { 4 };
            Damage::Byte(entropy.below(prefix) as u32)
        }
        // Nothing seals it; break its framing instead.
        _ if !is_sealed => Damage::Byte(entropy.below(2) as u32),
        Kind::DamageElement => Damage::Element(match mti.is_response() {
            true => entropy.pick(&[39, 39, 4, 11, 3, 37, 41]),
            false => entropy.pick(&[4, 4, 3, 11, 41, 42]),
        }),
        _ => Damage::Mac,
    };
    Fault::Corrupt { on, damage }
}
