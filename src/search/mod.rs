//! Searches over scenarios: random (campaign), exhaustive (explore), and towards less (shrink).
//!
//! They know runs by what they say (history, findings, digest) and play them through a function
//! that is handed in. They know no defect, no party's inside and no world. They print nothing.

pub mod argument;
mod around;
pub mod block;
pub mod campaign;
pub mod explore;
pub mod fingerprint;
pub mod shrink;
pub mod simpler;
pub mod why;
pub mod zoo;

mod base;
mod contradiction;
mod crew;
mod found;
mod names;
mod point;
mod pool;
mod statistics;

pub use around::{Around, AroundCase, AroundReport, TryPlay};
pub use block::Block;
pub use campaign::{Campaign, InternalError, Report};
pub use contradiction::Contradiction;
pub use explore::{Alphabet, Certificate, Exploration};
pub use fingerprint::Fingerprint;
pub use found::{CASES_MAX, KeptCase, ViolationFound};
pub use shrink::{Shrunk, shrink};
pub use statistics::{Statistics, Tally};
pub use zoo::{Exam, Zoo};

use crate::run::Run;
use crate::scenario::Scenario;

/// Plays a scenario. [`crate::run::run`] is one; tests and users' own worlds bring theirs.
pub type Play<'a> = dyn Fn(&Scenario) -> Run + Sync + 'a;

/// A well-mixed 64-bit value (the finaliser of SplitMix64, over one step of its sequence).
pub(crate) const fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod fake;
