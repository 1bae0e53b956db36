//! What a shop, its acquirer and its issuer may rely on, day by day: who is refused, with which
//! code, from when and until when, and that everybody else is served. Read off the history alone.

mod acquirer;
mod day;
mod desk;
mod doubt;
mod files;
mod issuer;
mod slips;
mod terminal;
