//! What carries bytes from one party to another. A world decides what becomes of a message and when
//! it arrives; lines only carry what is left of it. They know no message and no fault.

use crate::party::Party;
use reversim_models::node::{Link, LinkDownReason, Port, Posting};
use reversim_models::time::{Duration, Instant};

/// What connections are made of.
pub(crate) trait Lines {
    /// Whether bytes leave memory on their way. Where they do not, nobody puts them together.
    const CARRIES: bool;

    /// Makes a connection between two ends, each a host and its port; false if none came about.
    fn join(&mut self, link: Link, from: (usize, Port), to: (usize, Port)) -> bool;

    /// Carries what was written at the other end to this side of a connection (0 is the one that
    /// connected), until all of it was read. Gives the reads; none if the connection is broken.
    fn carry(&mut self, link: Link, side: usize, bytes: &[u8]) -> Option<Vec<Vec<u8>>>;

    /// Ends a connection at both ends.
    fn end(&mut self, link: Link, reason: LinkDownReason);

    /// Whether somebody else's machine is in this place.
    fn is_remote(&self, _host: usize) -> bool {
        false
    }

    /// Whether that machine can be switched off and on.
    fn has_power_switch(&self, _host: usize) -> bool {
        false
    }

    /// Switches somebody else's machine off or on.
    fn power(&mut self, _host: usize, _is_on: bool) {}

    /// What the books of that machine say, if anybody can read them.
    fn postings(&mut self, _host: usize) -> Option<Vec<Posting>> {
        None
    }

    /// What time it is, where time flows; none where it is the world's own and skips.
    fn now(&self) -> Option<Instant> {
        None
    }

    /// Waits until something comes from outside, or until this time. Where nothing of ours is to
    /// come (`is_idle`), it need not wait longer than somebody else's machine ever thinks.
    fn hear(&mut self, _until: Instant, _is_idle: bool) -> Option<Heard> {
        None
    }

    /// Whether a run was given up: nothing that happens now is of any meaning.
    fn is_over(&self) -> bool {
        false
    }

    /// A run is given up.
    fn give_up(&mut self, _why: &str) {}

    /// How late something may happen here for no fault of anybody but the machine that plays.
    fn slack(&self) -> Duration {
        Duration::ZERO
    }

    /// How long the rest of somebody else's frame is waited for before its beginning is passed on
    /// as it is.
    fn half_frame(&self) -> Duration {
        Duration::ZERO
    }

    /// Takes a connection that somebody else made.
    fn adopt(&mut self, _link: Link, _socket: u32) {}

    /// Does not take it.
    fn refuse(&mut self, _socket: u32) {}
}

/// What comes from somebody else's machine.
#[derive(Debug)]
pub(crate) enum Heard {
    /// It connected to a port of ours.
    Connected { host: usize, port: Port, socket: u32 },
    /// It wrote.
    Read { link: Link, bytes: Vec<u8> },
    /// It closed a connection, or broke it.
    Ended { link: Link, is_reset: bool },
}

/// A machine, as those see it who lay its lines.
#[derive(Clone, Debug)]
pub(crate) struct Wiring {
    /// Whose.
    pub(crate) party: Party,
    /// Ports to which the peer connects.
    pub(crate) accepts: Vec<Port>,
    /// Who is behind each port, and at which port of theirs.
    pub(crate) peers: Vec<(usize, Port)>,
}
