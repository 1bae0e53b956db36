//! Faults, named by meaning: which message, which action of which party, about which step.
//!
//! A fault is data. It knows no world; what cannot be reached stays idle, and never moves to
//! another target.

mod action;

pub use action::{ActionName, ParseActionError};

use crate::party::Party;
use reversim_models::iso8583::Mti;
use serde::{Deserialize, Serialize};

/// One message on its way: the n-th with this MTI from one party to the other about this step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OnMessage {
    /// Who sends it.
    pub from: Party,
    /// To whom.
    pub to: Party,
    /// Message type.
    #[serde(with = "mti_text")]
    pub mti: Mti,
    /// The step it is about; 0 for none.
    #[serde(default)]
    pub step: u32,
    /// 1 for the first.
    #[serde(default = "one")]
    pub nth: u32,
}

/// One action of one party: before or after it, power can fail, a clock can jump.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OnAction {
    /// Whose.
    pub party: Party,
    /// Just before or just after it is performed.
    pub side: Side,
    /// Which kind of action.
    pub action: ActionName,
    /// The step it is about; 0 for none.
    #[serde(default)]
    pub step: u32,
    /// 1 for the first.
    #[serde(default = "one")]
    pub nth: u32,
}

/// Before or after.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Side {
    /// It is not done.
    Before,
    /// It is done.
    After,
}

/// When something that is not about a single message begins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum When {
    /// Milliseconds after the run began.
    AtMs(u64),
    /// When this message is sent.
    Message(OnMessage),
    /// Around this action.
    Action(OnAction),
}

/// How a delayed message is timed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Until {
    /// So many milliseconds later than otherwise.
    ByMs(u64),
    /// At the deadline this party has when the message is sent, plus an offset.
    Deadline {
        /// Who waits.
        of: Party,
        /// Microseconds after (or, negative, before) the deadline.
        #[serde(default)]
        offset_us: i64,
        /// At the same instant: whether the message comes before the deadline is noticed.
        #[serde(default)]
        order: Tie,
    },
}

/// Which of two events at the same instant comes first.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Tie {
    /// The message.
    #[default]
    MessageFirst,
    /// The deadline.
    DeadlineFirst,
}

/// What a corruption changes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Damage {
    /// The lowest bit of the last byte of the MAC (or of the message, where there is none).
    Mac,
    /// The value of this element, so that it still decodes: its last digit or bit is changed.
    Element(u8),
    /// The length of this element: it says what no element's length can be, minus something.
    Length(u8),
    /// One bit of the byte at this position of the frame, counted from its first byte.
    Byte(u32),
}

/// Which direction a partition cuts.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Direction {
    /// Nothing passes.
    #[default]
    Both,
    /// Nothing passes from `a` to `b`.
    AToB,
    /// Nothing passes from `b` to `a`.
    BToA,
}

/// What a kernel can lack.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum ChipData {
    /// Applications and their limits (IC卡参数).
    #[default]
    Parameters,
    /// Public keys of the card schemes (公钥).
    PublicKeys,
}

/// Something that goes wrong, once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Fault {
    /// Message: it never arrives.
    Drop(OnMessage),
    /// Message: it arrives later; what is behind it on the line is not held up.
    Delay {
        /// Which message.
        on: OnMessage,
        /// How late.
        until: Until,
    },
    /// Message: it arrives twice.
    Duplicate {
        /// Which message.
        on: OnMessage,
        /// How long after the first, milliseconds.
        #[serde(default)]
        after_ms: u64,
    },
    /// Message: it changes places with the next one in the same direction (or is 50 ms late).
    Reorder(OnMessage),
    /// Message: it arrives changed.
    Corrupt {
        /// Which message.
        on: OnMessage,
        /// What is changed.
        damage: Damage,
    },
    /// Message: an eavesdropper sends it again much later, after everything else of its step.
    Replay {
        /// Which message.
        on: OnMessage,
        /// How much later, milliseconds.
        after_ms: u64,
    },
    /// Message: somebody who holds the key of an issuer's line sends what the chip signed once
    /// more, as a request of its own: under another trace number, with a right MAC. Nothing happens
    /// to a request without a chip's cryptogram: that a copy of it is one, nobody could tell.
    Resubmit {
        /// Which message.
        on: OnMessage,
        /// How much later, milliseconds.
        after_ms: u64,
    },
    /// Line: it arrives in two reads, the second after a pause.
    Split {
        /// Which message.
        on: OnMessage,
        /// Bytes in the first read.
        at_byte: u32,
        /// Pause, milliseconds; longer than the frame deadline for a half frame that never ends.
        pause_ms: u64,
    },
    /// Line: it waits and arrives in one read with the next message in the same direction.
    Coalesce(OnMessage),
    /// Line: the connection breaks while this message is written; this many bytes arrive.
    Reset {
        /// Which message.
        on: OnMessage,
        /// Bytes that arrive before the break.
        at_byte: u32,
    },
    /// Line: from this message on the connection is dead in this direction, and nobody is told.
    HalfOpen(OnMessage),
    /// Line: nothing between the two parties moves for a while, and then all of it does, in order.
    Stall {
        /// When it begins; the message of the trigger is held too.
        at: When,
        /// One party.
        a: Party,
        /// The other.
        b: Party,
        /// How long, milliseconds.
        for_ms: u64,
    },
    /// Line: what is sent between the two parties is lost for a while; no connection comes about.
    Partition {
        /// When it begins; the message of the trigger is lost too.
        at: When,
        /// One party.
        a: Party,
        /// The other.
        b: Party,
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// How long, milliseconds.
        for_ms: u64,
    },
    /// Party: power fails. Everything not durable is gone; the journal is read when it comes back.
    PowerCut {
        /// Whose.
        party: Party,
        /// When.
        at: When,
        /// How long it is down, milliseconds.
        down_ms: u64,
        /// Whether the record being written is left half written (only before a record).
        #[serde(default)]
        torn: bool,
    },
    /// Party: the commit that begins with this record takes this long.
    SlowCommit {
        /// The record.
        at: OnAction,
        /// How long, milliseconds.
        by_ms: u64,
    },
    /// Party: the calendar clock jumps.
    ClockStep {
        /// Whose.
        party: Party,
        /// When.
        at: When,
        /// Milliseconds forward or, negative, back.
        by_ms: i64,
    },
    /// Party: of a clearing house's two nodes, the one that has the lease stands still for a while
    /// (its machine is stalled, its memory is collected), in the middle of the next thing that it
    /// takes up: decided, and nothing of it done. Nothing happens to a party that is one machine.
    Pause {
        /// Whose node.
        party: Party,
        /// When.
        at: When,
        /// How long, milliseconds.
        for_ms: u64,
    },
    /// Device: the slip of this step does not come out.
    PrinterFault {
        /// The step.
        step: u32,
    },
    /// Device: the cardholder of this step presses cancel.
    PinCancelled {
        /// The step.
        step: u32,
    },
    /// Device: the cardholder of this step enters a wrong PIN.
    WrongPin {
        /// The step.
        step: u32,
    },
    /// Device: the chip card of this step cannot be read (E302).
    CardUnreadable {
        /// The step.
        step: u32,
    },
    /// Device: chip or kernel fail before the card of this step has signed (E302).
    KernelFails {
        /// The step.
        step: u32,
    },
    /// Device: the chip of this step declines what the host approved (second GENERATE AC: AAC).
    CardDeclines {
        /// The step.
        step: u32,
    },
    /// Device: the card of this step is pulled after the host's approval, before it has said its
    /// word.
    CardPulled {
        /// The step.
        step: u32,
    },
    /// Device: in this step the terminal's kernel turns out to lack what it needs for chips.
    ChipDataMissing {
        /// The step.
        step: u32,
        /// What it lacks.
        #[serde(default)]
        what: ChipData,
    },
    /// Operator: the work keys of a terminal are withdrawn.
    KeyChange {
        /// The terminal.
        terminal: Party,
        /// When.
        at: When,
    },
    /// Operator: the business date changes while this happens.
    CutOver {
        /// When.
        at: When,
        /// How long requests are refused with code 90, milliseconds.
        window_ms: u64,
    },
    /// Operator: a party stops serving for a while.
    Maintenance {
        /// Whose window.
        party: Party,
        /// When.
        at: When,
        /// How long, milliseconds.
        for_ms: u64,
    },
}

impl Fault {
    /// The message that it happens to, if it happens to one.
    pub fn message(&self) -> Option<&OnMessage> {
        match self {
            Fault::Drop(on) | Fault::Reorder(on) | Fault::Coalesce(on) | Fault::HalfOpen(on) => {
                Some(on)
            }
            Fault::Delay { on, .. }
            | Fault::Duplicate { on, .. }
            | Fault::Corrupt { on, .. }
            | Fault::Replay { on, .. }
            | Fault::Resubmit { on, .. }
            | Fault::Split { on, .. }
            | Fault::Reset { on, .. } => Some(on),
            _ => None,
        }
    }

    /// When it begins, if it is not about a single message or a step.
    pub fn when(&self) -> Option<When> {
        match *self {
            Fault::SlowCommit { at, .. } => Some(When::Action(at)),
            mut other => other.when_mut().copied(),
        }
    }

    /// When it begins, to be changed; none for a slow commit, which begins with an action only.
    pub(crate) fn when_mut(&mut self) -> Option<&mut When> {
        match self {
            Fault::Stall { at, .. }
            | Fault::Partition { at, .. }
            | Fault::PowerCut { at, .. }
            | Fault::ClockStep { at, .. }
            | Fault::KeyChange { at, .. }
            | Fault::CutOver { at, .. }
            | Fault::Pause { at, .. }
            | Fault::Maintenance { at, .. } => Some(at),
            _ => None,
        }
    }
}

const fn one() -> u32 {
    1
}

mod mti_text {
    use super::Mti;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(mti: &Mti, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(mti)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Mti, D::Error> {
        let text = String::deserialize(d)?;
        Mti::parse(&text)
            .ok_or_else(|| D::Error::custom(format!("`{text}` is not an MTI: write four digits")))
    }
}
