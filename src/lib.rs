//! Deterministic simulation testing for ISO 8583 card payments.

pub mod closest;
pub mod fault;
pub mod file;
pub mod generate;
pub mod history;
pub mod invariant;
pub mod mark;
pub mod party;
pub mod report;
pub mod run;
pub mod scenario;
pub mod search;
pub mod sim;
pub mod stories;
pub mod verdict;

pub use run::{Run, run, run_with};
