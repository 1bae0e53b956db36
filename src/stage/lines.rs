//! What carries bytes from one party to another. A world decides what becomes of a message and when
//! it arrives; lines only carry what is left of it. They know no message and no fault.

use crate::party::Party;
use reversim_models::node::{Link, LinkDownReason, Port};

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
}

/// A machine, as those see it who lay its lines.
#[derive(Clone, Debug)]
pub(crate) struct Wiring {
    /// Whose.
    pub(crate) party: Party,
    /// Ports to which the peer connects.
    pub(crate) accepts: Vec<Port>,
}
