//! What happened in a run, in order: the only thing invariants, reports and digests see.
//!
//! It holds no party and no world. Entries are appended by whatever runs the parties.

use crate::party::Party;
use reversim_models::card::{Currency, Pan};
use reversim_models::device::{Device, Outcome, Output};
use reversim_models::iso8583::{Dialect, Framing, Message, Mti};
use reversim_models::node::{Command, Link, LinkDownReason, Port, Posting, Ticket};
use reversim_models::record::Record;
use reversim_models::security::Pin;
use reversim_models::time::{Duration, Instant, LocalTime};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

/// Everything that happened, oldest first.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// What judges may know of the world before anything happens.
    pub setting: Setting,
    /// The entries; an entry's position is its index.
    pub entries: Vec<Entry>,
}

/// What judges may know of the world before anything happens: who is there, what people mean to
/// do, and the budgets that "it was really tried" is measured by.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Setting {
    /// Every party whose records are visible.
    pub parties: Vec<Party>,
    /// Every party whose records are not visible: somebody else's.
    pub foreign: Vec<Party>,
    /// Element 41 of each terminal.
    pub terminals: Vec<(Party, [u8; 8])>,
    /// The line of each terminal.
    pub lines: Vec<TerminalLine>,
    /// What everybody counts in.
    pub currency: Currency,
    /// What issuers charge on top of a sale, minor units.
    pub surcharge: u64,
    /// Every card of the scenario.
    pub pans: Vec<Pan>,
    /// PINs of the cards, for the claim that they never travel in the clear.
    pub pins: Vec<Pin>,
    /// The steps: ticket, and the purchase it serves.
    pub steps: Vec<(Ticket, u32)>,
    /// What became of the goods of a sale, where somebody says so: whether the customer has them.
    pub goods: Vec<(Ticket, bool)>,
    /// Claims and complaints: ticket, and the ticket of the sale.
    pub claims: Vec<(Ticket, Ticket)>,
    /// Sendings of a reversal before a terminal may give up.
    pub reversal_attempts: u8,
    /// Sendings of an advice before a switch may give up.
    pub saf_attempts: u16,
    /// How long a terminal waits for an answer.
    pub terminal_response: Duration,
    /// Time between two sendings of an advice.
    pub saf_retry: Duration,
    /// How long the rest of a frame may take.
    pub frame_timeout: Duration,
    /// How late a party may notice its own time-out: not at all where time skips, as long as a busy
    /// machine takes where it flows.
    pub slack: Duration,
    /// Largest STAN of a terminal, and of a switch.
    pub stan_max: (u32, u32),
    /// Wrong PINs before a card is locked.
    pub pin_tries_max: u8,
    /// Business dates after which an issuer lets a hold go.
    pub hold_days: u16,
    /// Where a clock that shows UTC begins.
    pub start: LocalTime,
    /// Business dates within which money that must go back is back (T+n).
    pub reversal_dates: u32,
}

/// The line of a terminal at its switch, and who it is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TerminalLine {
    /// The terminal.
    pub terminal: Party,
    /// The switch.
    pub switch: Party,
    /// The switch's port.
    pub port: Port,
    /// Element 42.
    pub merchant: [u8; 15],
}

/// One thing that happened.
#[derive(Clone, PartialEq, Debug, Hash)]
pub struct Entry {
    /// When.
    pub at: Instant,
    /// To whom, or by whom. For [`What::Asked`] and [`What::FaultFired`] the party concerned.
    pub party: Party,
    /// What it is about: the step id, [`Ticket::NONE`] for nobody's wish, or above
    /// [`HEALING`] for the wishes of the healing phase.
    pub ticket: Ticket,
    /// What.
    pub what: What,
}

/// Tickets above this number belong to the healing phase, not to a step.
pub const HEALING: u32 = 1_000_000;

/// What happened.
#[derive(Clone, PartialEq, Debug, Hash)]
pub enum What {
    /// A person asked the party for something.
    Asked(Command),
    /// The party wrote a frame.
    Sent {
        /// The connection, as the sender knows it.
        link: Link,
        /// To whom.
        to: Party,
        /// The frame.
        frame: Frame,
    },
    /// Bytes reached the party. `frame` is what was sent, changed if a fault changed it.
    Delivered {
        /// The connection, as the receiver knows it.
        link: Link,
        /// From whom.
        from: Party,
        /// Index of the [`What::Sent`] entry.
        sent: usize,
        /// The whole frame as it arrives.
        frame: Frame,
        /// Whether the bytes differ from those sent.
        is_altered: bool,
        /// Copy number: 0 for the first, more for duplicates and replays.
        copy: u32,
        /// Which bytes of the frame this read holds; none for all.
        part: Option<(u32, u32)>,
    },
    /// A frame did not arrive.
    Lost {
        /// Index of the [`What::Sent`] entry.
        sent: usize,
        /// Who would have got it.
        to: Party,
    },
    /// A record of the party became durable. From here on it is believed.
    Recorded(Record),
    /// A record was left half written by a loss of power. Nobody may believe it.
    Torn(Record),
    /// The party put something out on a device.
    Told {
        /// The device.
        device: Device,
        /// What.
        output: Output,
    },
    /// A device answered the party. PINs are not kept.
    Answered {
        /// The device.
        device: Device,
        /// Whether it did what was asked (slip printed, PIN entered).
        is_done: bool,
    },
    /// A connection of the party stands.
    LinkUp {
        /// The connection.
        link: Link,
        /// With whom.
        peer: Party,
    },
    /// A connection the party asked for did not come about.
    ConnectFailed {
        /// With whom.
        peer: Party,
    },
    /// A connection of the party is gone.
    LinkDown {
        /// The connection.
        link: Link,
        /// With whom.
        peer: Party,
        /// How it ended.
        reason: LinkDownReason,
    },
    /// The party lost power.
    PowerLost,
    /// The party has power again and read its journal.
    PowerRestored,
    /// A commit of the party takes long: until it is durable, other events are taken up.
    CommitDelayed,
    /// Other events were taken up while a commit was under way.
    CommitOvertaken,
    /// The party's calendar clock was moved to this time.
    ClockStepped(LocalTime),
    /// A fault of the scenario happened, by its index.
    FaultFired(usize),
    /// All faults are over: lines and power are restored.
    Healed,
    /// What the party's own books say: somebody else's, as far as they can be read.
    Books(Vec<Posting>),
    /// This horizon was reached; the party is of no meaning.
    Horizon(Horizon),
}

/// When "eventually" is asked: payments heal in three steps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Horizon {
    /// Faults healed, every timer passed, signed on, one inquiry per terminal.
    Online,
    /// Batches settled.
    DayEnd,
    /// Suspense returned, claims decided. Not reached by worlds without a clearing house.
    ClaimsClosed,
}

/// A frame on a line. Cheap to clone. Decoded once, for all who look.
#[derive(Clone)]
pub struct Frame(Arc<Inner>);

struct Inner {
    bytes: Vec<u8>,
    dialect: &'static Dialect,
    /// Boxed, because few frames are decoded here.
    message: OnceLock<Option<Box<Message>>>,
}

impl Frame {
    /// A frame in this dialect.
    pub fn new(bytes: impl Into<Vec<u8>>, dialect: &'static Dialect) -> Frame {
        Frame(Arc::new(Inner { bytes: bytes.into(), dialect, message: OnceLock::new() }))
    }

    /// The bytes on the line, framing included.
    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// The dialect of the line it travels on.
    pub fn dialect(&self) -> &'static Dialect {
        self.0.dialect
    }

    /// The message, if the bytes are one.
    pub fn message(&self) -> Option<&Message> {
        let decode = || {
            let (_, body) = self.0.dialect.framing.unwrap(&self.0.bytes).ok()?;
            self.0.dialect.decode(self.0.bytes.get(body)?).ok().map(Box::new)
        };
        self.0.message.get_or_init(decode).as_deref()
    }

    /// The message type, if the bytes are a message.
    pub fn mti(&self) -> Option<Mti> {
        self.message().map(Message::mti)
    }

    /// The message type, read where it stands, without decoding the rest.
    pub(crate) fn peek_mti(&self) -> Option<Mti> {
        let bytes = self.bytes();
        match self.dialect().framing {
            Framing::PosLine => Mti::from_bcd(u16::from_be_bytes(*bytes.get(13..)?.first_chunk()?)),
            Framing::NetworkLine => {
                // A 46-byte header may come before the body; its first byte is its length.
                let at = if bytes.get(4) == Some(&46) { 50 } else { 4 };
                Mti::from_ascii(*bytes.get(at..)?.first_chunk()?)
            }
        }
    }

    /// Whether both are one and the same frame in memory.
    pub fn is_same(&self, other: &Frame) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl PartialEq for Frame {
    fn eq(&self, other: &Frame) -> bool {
        self.is_same(other) || self.0.bytes == other.0.bytes
    }
}

impl Hash for Frame {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.bytes.hash(state);
    }
}

impl std::fmt::Debug for Frame {
    /// The masked message; raw bytes may hold card data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.message() {
            Some(message) => message.fmt(f),
            None => write!(f, "Frame({} undecodable bytes)", self.0.bytes.len()),
        }
    }
}

impl History {
    /// Appends an entry and returns its index.
    pub fn push(&mut self, at: Instant, party: Party, ticket: Ticket, what: What) -> usize {
        self.entries.push(Entry { at, party, ticket, what });
        self.entries.len() - 1
    }
}

/// What a device answered, without what must not be kept.
pub fn is_done(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Printed
        | Outcome::PinEntered(_)
        | Outcome::CardRead
        | Outcome::Cryptogram(_)
        | Outcome::CardAccepted
        | Outcome::SlipFound => true,
        Outcome::NotPrinted
        | Outcome::PinCancelled
        | Outcome::CardUnreadable
        | Outcome::ChipDataMissing(_)
        | Outcome::KernelFailed
        | Outcome::CardDeclined
        | Outcome::CardPulled
        | Outcome::SlipMissing => false,
    }
}
