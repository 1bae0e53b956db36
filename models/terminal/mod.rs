//! The terminal: sells, inquires, reverses what is in doubt, settles. Knows one host and no money but its batch.

mod config;

pub use config::{Config, HOST};
