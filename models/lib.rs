//! The parties of a card payment and their wire, as pure state machines.
//!
//! Nothing here reads a clock, draws a random number, opens a socket or starts a thread: a party is
//! told what happened and answers with actions. The harness in the `reversim` crate runs them.

pub mod iso8583;
pub mod security;
