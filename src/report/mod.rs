//! Runs as text for people. Pure: it prints nothing and reads nothing but values.

pub mod entry;
pub mod faults;
pub mod files;
pub mod ladder;
pub mod story;
pub mod table;
pub mod text;
pub mod why;
pub mod words;
