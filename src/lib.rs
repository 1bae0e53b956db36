//! Deterministic simulation testing for ISO 8583 card payments.

pub mod closest;
pub mod fault;
pub mod file;
pub mod history;
pub mod party;
pub mod report;
pub mod scenario;
pub mod sim;
pub mod stories;
pub mod verdict;
