//! How an issuer is set up: accounts, lines, timers, policies. Holds no state.

use crate::card::{Currency, Pan};
use crate::defect::Defects;
use crate::iso8583::ResponseCode;
use crate::line::Zone;
use crate::node::Port;
use crate::security::{Key, Pin};
use crate::time::{Date, Duration};

/// Everything an issuer is told before it starts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// Its institution number, for element 100.
    pub institution: u64,
    /// The switches that send to it.
    pub lines: Vec<(Port, Zone)>,
    /// Its cardholders.
    pub accounts: Vec<AccountSpec>,
    /// Currency of every account.
    pub currency: Currency,
    /// The settlement date at the beginning.
    pub business_date: Date,
    /// How long the rest of a frame may take.
    pub frame_timeout: Duration,
    /// Wrong PINs in a row before the card is locked until the next business date.
    pub pin_tries_max: u8,
    /// Business dates after which a hold that nobody completed is over. At least 1.
    pub hold_days: u16,
    /// Minutes that its clock is ahead of UTC.
    pub zone: i16,
    /// Whether cardholders get text messages.
    pub texts: bool,
    /// What an unknown original is answered: 25, 12 or 22. The reversal is remembered all the same.
    pub unknown_original_code: ResponseCode,
    /// Legal but weak: finds originals by elements 41 and 37 alone.
    pub matches_by_rrn_alone: bool,
    /// Legal but weak: credits a reversal of a declined original.
    pub credits_declined: bool,
    /// Approves what is there, with code 10, when it is less than asked for.
    pub partial_approvals: bool,
    /// What a cardholder pays on top of each sale, minor units; zero for nothing.
    pub surcharge: u64,
    /// Rows of the books between two balances of an account that are cached; 0 to cache none, and
    /// look at the books every time.
    pub cache_rows: u32,
    /// The clearing house, if there is one. Its line is one of `lines`.
    pub clearing: Option<ClearingTerms>,
    /// Planted defects.
    pub defects: Defects,
}

/// The clearing house an issuer settles with, and on which terms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClearingTerms {
    /// Its port.
    pub port: Port,
    /// What it calls itself in its files.
    pub institution: u64,
    /// The port on which it sends returns.
    pub returns: Port,
    /// Business dates after which what is parked leaves suspense: the n of T+n.
    pub suspense_dates: u32,
    /// How long a part of a file waits for its answer, and a failed connection for the next try.
    pub retry: Duration,
    /// Records that one message carries.
    pub records_per_part: usize,
}

/// One cardholder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountSpec {
    /// The card.
    pub pan: Pan,
    /// Its PIN.
    pub pin: Pin,
    /// What the payment codes of its holder's telephone begin with; none if there is no wallet.
    pub codes: Option<Box<str>>,
    /// What the account holds at the beginning, minor units.
    pub balance: u64,
    /// Largest sum of sales on one business date, minor units; above it 61. Zero for any.
    pub day_limit: u64,
    /// YYMM; a sale after it is refused with 54.
    pub expiry: u16,
    /// Whether what is held on it moves to escrow: a member trade card.
    pub escrow: bool,
    /// What its chip signs with; none if it has no chip.
    pub chip_key: Option<Key>,
    /// The card's standing.
    pub standing: Standing,
}

/// Whether a card may be used.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Standing {
    /// In order.
    Good,
    /// Reported lost: 41.
    Lost,
    /// Reported stolen: 43.
    Stolen,
}
