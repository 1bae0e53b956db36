//! How a terminal is set up: identity, keys, timers, policies. Holds no state.

use crate::card::Currency;
use crate::defect::Defects;
use crate::node::Port;
use crate::security::Key;
use crate::time::Duration;

/// The terminal's only peer.
pub const HOST: Port = Port(0);

/// Everything a terminal is told before it starts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// Element 41.
    pub terminal: [u8; 8],
    /// Element 42.
    pub merchant: [u8; 15],
    /// Element 49.
    pub currency: Currency,
    /// Terminal master key (TMK), under which work keys arrive.
    pub master_key: Key,
    /// TPDU destination and source, as configured on the line.
    pub tpdu: [u8; 5],
    /// How long an answer may take.
    pub response_timeout: Duration,
    /// How long the rest of a frame may take.
    pub frame_timeout: Duration,
    /// Idle time after which the line is tested; none for never.
    pub echo_interval: Option<Duration>,
    /// How often a reversal is sent before it becomes an exception item. At least 1.
    pub reversal_attempts: u8,
    /// How often the host is asked about an order that may be paid, before it is closed.
    pub order_queries: u8,
    /// How often a sign-on, settlement or upload message is sent before the wish fails. At least 1.
    pub management_attempts: u8,
    /// STANs run from 1 to this number and wrap to 1. At least 2.
    pub stan_max: u32,
    /// The number before the first one used.
    pub stan_start: u32,
    /// What a supervisor types to allow a void or a refund.
    pub supervisor_password: [u8; 6],
    /// How many vouchers a batch holds before the terminal must settle.
    pub batch_max: u32,
    /// Whether 12 and 25 end a reversal as 00 does (real terminals differ).
    pub clears_on_not_found: bool,
    /// Legal but weak: believes a decline that carries no valid MAC.
    pub trusts_unsigned_declines: bool,
    /// Whether the cardholder enters a PIN.
    pub asks_for_pin: bool,
    /// Planted defects.
    pub defects: Defects,
}
