//! The issuer: decides, books, remembers. Knows no terminal but by name.

mod config;

pub use config::{AccountSpec, Config, Standing};
