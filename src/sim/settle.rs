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

impl Plan<'_> {
    fn has_clearing(&self) -> bool {
        self.clearing > 0
    }

    /// Between sendings of a part of a file.
    fn file_retry(&self) -> Duration {
        Duration::millis(self.scenario.timing.file_retry_ms.max(1))
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
            retry: self.file_retry(),
            records_per_part: self.file_records(),
        })
    }

    /// Peers of an issuer: its switch, and the clearing house.
    pub(super) fn peers_of_issuer(&self, switch: (usize, Port), i: u8) -> Vec<(usize, Port)> {
        // The clearing house has switch-1 at its first port.
        let clearing = self.index(Party::clearing(1)).map(|at| (at, Port(1 + u16::from(i))));
        std::iter::once(switch).chain(clearing).collect()
    }

    /// Lines of an issuer: its switch's, and the clearing house's.
    pub(super) fn lines_of_issuer(&self, i: u8) -> Vec<(Port, Zone)> {
        let clearing = self.has_clearing().then(|| (ISSUER_PORT, self.zone(b'D', i)));
        std::iter::once((Port(0), self.zone(b'I', i))).chain(clearing).collect()
    }

    /// On which terms issuers settle.
    pub(super) fn terms_of_issuer(&self) -> Option<ClearingTerms> {
        self.has_clearing().then(|| ClearingTerms {
            port: ISSUER_PORT,
            institution: INSTITUTION,
            suspense_dates: self.suspense_dates(),
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
        let port = match self.switches {
            1 => u16::from(self.terminals) + u16::from(self.issuers),
            _ => u16::from(self.terminals) + 1,
        };
        let target = |i: u8| Target {
            port: Port(1 + u16::from(i)),
            zone: self.zone(b'D', i),
            institution: issuer_institution(i),
            bins: bins(i + 1),
        };
        let config = clearing::Config {
            institution: INSTITUTION,
            switches: vec![Source {
                port: Port(0),
                zone: self.zone(b'C', 0),
                institution: switch_institution(0),
            }],
            issuers: (0..self.issuers).map(target).collect(),
            currency: self.scenario.currency(),
            business_date: self.business_date(),
            run_delay: Duration::millis(timing.clearing_run_ms),
            retry: self.file_retry(),
            frame_timeout: Duration::millis(timing.frame_ms.max(1)),
            records_per_part: self.file_records(),
            fees: Fees {
                basis_points: policy.merchant_fee_bp.min(10_000),
                shares: policy.fee_shares,
            },
            defects: self.defects,
        };
        let issuers = (1..=self.issuers)
            .filter_map(|number| self.index(Party::issuer(number)).map(|at| (at, ISSUER_PORT)));
        let peers = std::iter::once((switch, Port(port))).chain(issuers).collect();
        Some(Place { party, config: Config::Clearing(config), peers })
    }
}
