//! Runs for people: as text, as a page, as a capture. Pure: it prints nothing and reads nothing but
//! values.

pub mod capture;
pub mod entry;
pub mod faults;
pub mod files;
pub mod ladder;
pub mod page;
pub mod story;
pub mod table;
pub mod text;
pub mod why;
pub mod words;
