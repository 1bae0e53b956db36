//! How a switch is set up: peers, keys, routes, timers, policies. Holds no state.

use crate::card::Currency;
use crate::defect::Defects;
use crate::iso8583::ResponseCode;
use crate::line::Zone;
use crate::node::Port;
use crate::security::Key;
use crate::time::{Date, Duration};

/// Everything a switch is told before it starts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// Elements 32 and 33 of what it originates (up to 11 digits).
    pub institution: u64,
    /// Who sends to it.
    pub downstream: Vec<Downstream>,
    /// Whom it sends to.
    pub upstream: Vec<Upstream>,
    /// Element 49 of its terminals.
    pub currency: Currency,
    /// Seeds the work keys it issues.
    pub key_seed: Key,
    /// The settlement date at the beginning.
    pub business_date: Date,
    /// How long an upstream answer may take.
    pub response_timeout: Duration,
    /// How long the rest of a frame may take.
    pub frame_timeout: Duration,
    /// Idle time after which an upstream line is tested; none for never.
    pub echo_interval: Option<Duration>,
    /// Time between two sendings of an advice.
    pub saf_retry: Duration,
    /// How often an advice is sent on a standing line before it becomes an exception item.
    pub saf_attempts: u16,
    /// Advices waiting at most; when full, sales are refused with 91.
    pub saf_max: usize,
    /// STANs on the network line run from 1 to this number and wrap to 1.
    pub stan_max: u32,
    /// What the terminal is told when the issuer does not answer: 68, 91, 96 or 98.
    pub timeout_code: ResponseCode,
    /// Smallest sale, minor units; below it 13. Zero for none.
    pub amount_min: u64,
    /// Sales per card, merchant and business date; above it 65. Zero for any number.
    pub sales_per_card_max: u32,
    /// For how long a card that bought at one merchant gets 65 at any other; zero for not at all.
    pub card_spacing: Duration,
    /// Whether it answers an advice (0220) itself, and then forwards it from its own queue until it
    /// is taken; otherwise it passes advice and answer through.
    pub answers_advices: bool,
    /// Whether merchants are paid at once (T+0), and then how much of theirs it keeps for refunds,
    /// minor units.
    pub instant_payout: Option<u64>,
    /// Up to how much, minor units, it approves in the stead of an issuer that does not answer:
    /// each sale, and all of a card that the issuer was not told of yet. Zero for nothing.
    pub stand_in_max: u64,
    /// Business dates after its sale on which a refund is refused with 22: any later than so many.
    pub refund_days: u16,
    /// How much tips may come to, in hundredths of their sale.
    pub tip_percent: u16,
    /// How long pre-authorisations of its terminals hold, by the word of element 57; zero to say
    /// nothing.
    pub hold_for: Duration,
    /// Minutes that its clock is ahead of UTC.
    pub zone: i16,
    /// Business dates after its transaction on which a claim is refused: any later than so many.
    pub claim_days: u16,
    /// The clearing house that gets an extract of every business date, if there is one.
    pub clearing: Option<ClearingLine>,
    /// Planted defects.
    pub defects: Defects,
}

/// The line to a clearing house.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClearingLine {
    /// The port.
    pub port: Port,
    /// The keys of the line.
    pub zone: Zone,
    /// What the clearing house calls itself.
    pub institution: u64,
    /// The port on which it sends what issuers return.
    pub returns: Port,
    /// How long a part of a file waits for its answer, and a failed connection for the next try.
    pub retry: Duration,
    /// Records that one message carries.
    pub records_per_part: usize,
}

/// Who sends requests to a switch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Downstream {
    /// The port.
    pub port: Port,
    /// What is at the other end.
    pub peer: Peer,
}

/// What is at the other end of a downstream port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Peer {
    /// A terminal, known by key and line.
    Terminal {
        /// Element 41 it must carry.
        terminal: [u8; 8],
        /// Element 42 it must carry.
        merchant: [u8; 15],
        /// Its master key.
        master_key: Key,
    },
    /// Another switch.
    Switch {
        /// The keys of the line.
        zone: Zone,
    },
}

/// Whom a switch sends requests to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Upstream {
    /// The port.
    pub port: Port,
    /// Card number prefixes routed there (issuer BINs); an empty prefix takes every card.
    pub bins: Vec<String>,
    /// The keys of the line.
    pub zone: Zone,
    /// Connections it keeps.
    pub pool: u8,
}
