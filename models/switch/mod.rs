//! The switch: routes, pairs, times out, stores and forwards. Knows no account.

mod config;

pub use config::{Config, Downstream, Peer, Upstream};
