//! Deterministic simulation testing for ISO 8583 card payments: can this ever lose money?
//!
//! Terminals, switches and issuers run together in one simulated world and speak real bytes. What
//! can go wrong does: answers are lost, lines break, power fails between any two actions, the date
//! changes. Then everything heals, and every claim about the money is judged.
//!
//! # In your own tests
//!
//! A scenario is one value that says everything; a run is a pure function of it.
//!
//! ```
//! use proptest::prelude::*;
//! use reversim::generate::strategy;
//!
//! proptest! {
//!     # #![proptest_config(ProptestConfig::with_cases(16))]
//!     # /*
//!     #[test]
//!     # */
//!     fn the_counter_never_loses_money(scenario in strategy()) {
//!         let run = reversim::run(&scenario);
//!         prop_assert_eq!(run.violation(), None);
//!     }
//! }
//! # the_counter_never_loses_money();
//! ```
//!
//! # One incident
//!
//! Written down, run, and drawn for people. [`report::ladder::ladder`] is stable for a build, so
//! `insta::assert_snapshot!(ladder(&run.history))` keeps an incident as it was told.
//!
//! ```
//! use reversim::fault::{Fault, OnMessage};
//! use reversim::party::Party;
//! use reversim::report::ladder::ladder;
//! use reversim::run::Outcome;
//! use reversim::scenario::{Scenario, Step, Wish};
//! use reversim_models::iso8583::Mti;
//!
//! let (counter, acquirer) = (Party::terminal(1), Party::switch(1));
//! let answer = OnMessage {
//!     from: acquirer,
//!     to: counter,
//!     mti: Mti::FINANCIAL_RESPONSE,
//!     step: 2,
//!     nth: 1,
//! };
//! let scenario = Scenario {
//!     steps: vec![
//!         Step::new(1, counter, Wish::SignOn),
//!         Step::new(2, counter, Wish::Sale { amount: 500_00, card: 1 }),
//!         Step::new(3, counter, Wish::Inquiry { card: 1 }),
//!     ],
//!     faults: vec![Fault::Drop(answer)],
//!     ..Scenario::default()
//! };
//!
//! let run = reversim::run(&scenario);
//! assert_eq!(run.outcome(), Outcome::Holds);
//! assert!(ladder(&run.history).contains("[REVERSED]"));
//! ```
//!
//! # Your own party
//!
//! Implement [`Node`](reversim_models::node::Node) (events in, ordered actions out) and give it a
//! place with a [`Cast`](stage::Cast); here ours plays on, and is only counted:
//!
//! ```
//! use reversim::party::{Party, Role};
//! use reversim::stage::{Cast, Config};
//! use reversim_models::node::Node;
//! use std::sync::atomic::{AtomicU32, Ordering};
//!
//! #[derive(Default)]
//! struct CountedSwitches(AtomicU32);
//!
//! impl Cast for CountedSwitches {
//!     fn play(&self, party: Party, config: &Config) -> Option<Box<dyn Node>> {
//!         if party.role != Role::Switch {
//!             return None; // ours
//!         }
//!         self.0.fetch_add(1, Ordering::Relaxed);
//!         Some(config.build()) // yours: Box::new(YourSwitch::new(config))
//!     }
//! }
//!
//! let cast = CountedSwitches::default();
//! let scenario = reversim::generate::scenario(Default::default(), 7);
//! let run = reversim::run_with(&scenario, &cast);
//! assert_eq!(run.violation(), None);
//! assert!(cast.0.load(Ordering::Relaxed) > 0);
//! ```
//!
//! What no record of a foreign party shows, no claim can judge: it says `unknown` then, never
//! `holds`. `examples/own_switch.rs` is a whole switch, and its mistake is found.
//!
//! # Where to read on
//!
//! - [`scenario`] and [`fault`]: what can be said; [`mod@file`] reads and writes it, [`stories`]
//!   are the bundled ones.
//! - [`run`](mod@run), [`history`] and [`invariant`]: what happened, and what it is judged by.
//! - [`generate`] and [`search`]: random campaigns, exhaustive exploration, shrinking.
//! - [`report`]: ladders and books for people.
//! - `reversim_models`: the parties and their wire, without any world.

pub mod closest;
pub mod coverage;
pub mod drive;
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
mod sim;
pub mod stage;
pub mod stories;
pub mod verdict;

pub use run::{Run, judge, run, run_around, run_over, run_service, run_with};

/// The README's own code, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The page about cores of one's own, compiled.
#[cfg(doctest)]
#[doc = include_str!("../docs/own-core.md")]
struct OwnCore;
