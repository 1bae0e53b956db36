//! Deterministic simulation testing for ISO 8583 card payments.

pub mod fault;
pub mod history;
pub mod invariant;
pub mod mark;
pub mod party;
pub mod scenario;
pub mod verdict;
