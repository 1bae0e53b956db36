//! The parties of a card payment and their wire, as pure state machines.
//!
//! Nothing here reads a clock, draws a random number, opens a socket or starts a thread: a party is
//! told what happened and answers with actions. The harness in the `reversim` crate runs them.

pub mod asked;
pub mod card;
pub mod chip;
pub mod claim;
pub mod clearing;
pub mod defect;
pub mod device;
pub mod filing;
pub mod iso8583;
pub mod issuer;
pub mod ledger;
pub mod line;
pub mod matching;
pub mod node;
pub mod record;
pub mod saf;
pub mod security;
pub mod switch;
pub mod terminal;
pub mod time;
pub mod timers;
