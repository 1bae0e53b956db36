//! The clearing house in a scenario: its lines, its terms, and the ends of business dates.
//!
//! Where a scenario has none, nothing here gives anybody anything.

use super::cast::{Config, Place, Plan, bins, issuer_institution, switch_institution};
use crate::party::Party;
use reversim_models::clearing::{self, Fees, Source, Target};
use reversim_models::issuer::ClearingTerms;
use reversim_models::line::Zone;
use reversim_models::node::Port;
use reversim_models::switch::ClearingLine;
use reversim_models::time::Duration;

/// What the clearing house calls itself.
const INSTITUTION: u64 = 10_000;

/// The port of an issuer to which the clearing house connects.
const ISSUER_PORT: Port = Port(1);

/// The port of an issuer from which it connects to the clearing house.
const RETURNS_PORT: Port = Port(2);

impl Plan<'_> {
    fn has_clearing(&self) -> bool {
        self.clearing > 0
    }

    /// Between sendings of a part of a file.
    fn file_retry(&self) -> Duration {
        Duration::millis(self.scenario.timing.file_retry_ms.max(1))
    }

    /// How long a lease lasts where the clearing house has two nodes: as long as a sender takes to
    /// find out that nobody answers.
    pub(super) fn lease(&self) -> Option<Duration> {
        (self.scenario.topology.clearing > 1)
            .then(|| self.file_retry().times(3).max(Duration::secs(1)))
    }

    fn file_records(&self) -> usize {
        usize::from(self.scenario.policy.file_records.clamp(1, 32))
    }

    /// What switch-1 knows of the clearing house, which is at this port.
    pub(super) fn clearing_line(&self, port: Port) -> Option<ClearingLine> {
        self.has_clearing().then(|| ClearingLine {
            port,
            zone: self.zone(b'C', 0),
            institution: INSTITUTION,
            returns: Port(port.0 + 1),
            retry: self.file_retry(),
            records_per_part: self.file_records(),
        })
    }

    /// Peers of an issuer: its switch, the clearing house twice, and an acquirer that has a line of
    /// its own.
    pub(super) fn peers_of_issuer(&self, i: u8) -> Vec<(usize, Port)> {
        let issuer = Party::issuer(i + 1);
        let at_switch = |number: u8| {
            let switch = Party::switch(number);
            self.index(switch).zip(self.port_towards(switch, issuer))
        };
        let mut peers: Vec<(usize, Port)> = at_switch(self.switches).into_iter().collect();
        if let Some(at) = self.index(Party::clearing(1)) {
            // The clearing house has switch-1 at its first port.
            peers.push((at, Port(1 + u16::from(i))));
            peers.push((at, self.returns_of_issuer(i)));
        }
        peers.extend(self.is_direct.then(|| at_switch(1)).flatten());
        peers
    }

    /// Peers of switch-1 behind all others: the clearing house twice.
    pub(super) fn peers_of_clearing(&self) -> Vec<(usize, Port)> {
        let ports = [Port(0), self.returns_of_switch()];
        let at = self.index(Party::clearing(1));
        at.map_or(Vec::new(), |at| ports.map(|port| (at, port)).to_vec())
    }

    /// The port of the clearing house from which switch-1 gets returns: behind those of issuers.
    fn returns_of_switch(&self) -> Port {
        Port(1 + u16::from(self.issuers))
    }

    /// The port of the clearing house on which it takes this issuer's returns.
    fn returns_of_issuer(&self, i: u8) -> Port {
        Port(self.returns_of_switch().0 + 1 + u16::from(i))
    }

    /// The port of an issuer to which an acquirer with a line of its own connects.
    pub(super) fn direct_port(&self) -> Port {
        Port(if self.has_clearing() { RETURNS_PORT.0 + 1 } else { 1 })
    }

    /// Lines of an issuer: its switch's, the clearing house's, and its acquirer's own.
    pub(super) fn lines_of_issuer(&self, i: u8) -> Vec<(Port, Zone)> {
        let clearing = self.has_clearing().then(|| (ISSUER_PORT, self.zone(b'D', i)));
        let direct = self.is_direct.then(|| (self.direct_port(), self.zone(b'B', i)));
        std::iter::once((Port(0), self.zone(b'I', i))).chain(clearing).chain(direct).collect()
    }

    /// On which terms issuers settle.
    pub(super) fn terms_of_issuer(&self) -> Option<ClearingTerms> {
        self.has_clearing().then(|| ClearingTerms {
            port: ISSUER_PORT,
            institution: INSTITUTION,
            returns: RETURNS_PORT,
            suspense_dates: self.suspense_dates(),
            retry: self.file_retry(),
            records_per_part: self.file_records(),
        })
    }

    /// Dates after which what is parked leaves suspense. An adjustment takes one.
    pub(super) fn suspense_dates(&self) -> u32 {
        self.scenario.policy.suspense_dates.clamp(2, 10)
    }

    /// The place of the clearing house, if there is one.
    pub(super) fn clearing_house(&self) -> Option<Place> {
        let party = Party::clearing(1);
        self.index(party)?;
        let (timing, policy) = (&self.scenario.timing, &self.scenario.policy);
        let switch = self.index(Party::switch(1))?;
        let port = self.clearing_port().0;
        let target = |i: u8| Target {
            port: Port(1 + u16::from(i)),
            zone: self.zone(b'D', i),
            institution: issuer_institution(i),
            bins: bins(i + 1),
            returns: self.returns_of_issuer(i),
        };
        let config = clearing::Config {
            institution: INSTITUTION,
            switches: vec![Source {
                port: Port(0),
                zone: self.zone(b'C', 0),
                institution: switch_institution(0),
                returns: self.returns_of_switch(),
            }],
            issuers: (0..self.issuers).map(target).collect(),
            currency: self.scenario.currency(),
            business_date: self.business_date(),
            run_delay: Duration::millis(timing.clearing_run_ms),
            retry: self.file_retry(),
            lease: self.lease(),
            frame_timeout: Duration::millis(timing.frame_ms.max(1)),
            records_per_part: self.file_records(),
            fees: Fees {
                basis_points: policy.merchant_fee_bp.min(10_000),
                shares: policy.fee_shares,
            },
            defects: self.defects,
        };
        let issuers = |port: Port| {
            let places = (1..=self.issuers).filter_map(|n| self.index(Party::issuer(n)));
            places.map(move |at| (at, port)).collect::<Vec<_>>()
        };
        let mut peers = vec![(switch, Port(port))];
        peers.extend(issuers(ISSUER_PORT));
        peers.push((switch, Port(port + 1)));
        peers.extend(issuers(RETURNS_PORT));
        Some(Place { party, config: Config::Clearing(config), peers })
    }
}
