//! How a clearing house is set up: lines, calendar, fees. Holds no state.

use crate::card::Currency;
use crate::defect::Defects;
use crate::line::Zone;
use crate::node::Port;
use crate::time::{Date, Duration};

/// Everything a clearing house is told before it starts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// What it calls itself in its files, and element 33 of its messages.
    pub institution: u64,
    /// Who sends extracts.
    pub switches: Vec<Source>,
    /// Who gets presentments.
    pub issuers: Vec<Target>,
    /// The currency of every file.
    pub currency: Currency,
    /// The settlement date at the beginning.
    pub business_date: Date,
    /// How long after the last extract of a date its files are made.
    pub run_delay: Duration,
    /// How long a part of a file waits for its answer, and a failed connection for the next try.
    pub retry: Duration,
    /// How long a lease lasts, if two nodes share one store; none for a single node.
    pub lease: Option<Duration>,
    /// How long the rest of a frame may take.
    pub frame_timeout: Duration,
    /// Records that one message carries.
    pub records_per_part: usize,
    /// What is taken from a merchant, and who gets it.
    pub fees: Fees,
    /// Planted defects.
    pub defects: Defects,
}

impl Config {
    /// Which institution sends at this place among switches and then issuers.
    pub(super) fn sender(&self, at: usize) -> Option<u64> {
        let switches = self.switches.iter().map(|switch| switch.institution);
        switches.chain(self.issuers.iter().map(|issuer| issuer.institution)).nth(at)
    }

    /// The place of a sender of this port.
    pub(super) fn place_of(&self, port: Port) -> Option<usize> {
        let switches = self.switches.iter().map(|switch| switch.port);
        switches.chain(self.issuers.iter().map(|issuer| issuer.returns)).position(|at| at == port)
    }

    /// The keys of the line of this sender.
    pub(super) fn zone_of(&self, at: usize) -> Option<&Zone> {
        let switches = self.switches.iter().map(|switch| &switch.zone);
        switches.chain(self.issuers.iter().map(|issuer| &issuer.zone)).nth(at)
    }
}

/// An acquirer's switch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// Its port.
    pub port: Port,
    /// The keys of the line.
    pub zone: Zone,
    /// What it calls itself in its files.
    pub institution: u64,
    /// The port on which it takes files of returns.
    pub returns: Port,
}

/// An issuer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// Its port.
    pub port: Port,
    /// The keys of the line.
    pub zone: Zone,
    /// What it calls itself.
    pub institution: u64,
    /// The card numbers and payment codes that it answers for begin with one of these.
    pub bins: Vec<String>,
    /// The port on which it sends files of returns.
    pub returns: Port,
}

/// What is taken from a merchant for each transaction, and who gets it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Fees {
    /// Parts of ten thousand of the amount, rounded half up.
    pub basis_points: u32,
    /// How it is split: issuer, clearing house, acquirer, in these proportions.
    pub shares: [u32; 3],
}
