//! What is upstream of each switch: who, at which port, under which keys, for which cards.
//!
//! The table itself, and which of two routes a request takes, is the switch's affair.

use super::cast::{Plan, bins};
use crate::party::{Party, Role};
use crate::scenario::Wish;
use reversim_models::node::{Command, Port};
use reversim_models::switch;

impl Plan<'_> {
    /// Who is upstream of the switch at this place, port by port behind those downstream.
    fn upstream_of(&self, i: u8) -> Vec<Party> {
        let issuers = (1..=self.issuers).map(Party::issuer);
        match i + 1 == self.switches {
            true => issuers.collect(),
            false => {
                let next = std::iter::once(Party::switch(i + 2));
                next.chain(issuers.filter(|_| self.is_direct)).collect()
            }
        }
    }

    /// The first upstream port of the switch at this place.
    fn first_upstream(&self, i: u8) -> u16 {
        if i == 0 { u16::from(self.terminals) } else { 1 }
    }

    /// The port of this switch that leads to this party upstream, if one does.
    pub(super) fn port_towards(&self, switch: Party, to: Party) -> Option<Port> {
        let i = switch.number.checked_sub(1)?;
        let is_switch = switch.role == Role::Switch && i < self.switches;
        let at = self.upstream_of(i).into_iter().position(|peer| is_switch && peer == to)?;
        Some(Port(self.first_upstream(i) + at as u16))
    }

    /// What the operator of a switch tells it about one of its ports.
    pub(super) fn at_the_console(&self, switch: Party, wish: &Wish) -> Option<Command> {
        match *wish {
            Wish::Route { to, open } => {
                Some(Command::Route { port: self.port_towards(switch, to)?, is_open: open })
            }
            Wish::WithdrawKeys { terminal } => {
                self.index(terminal)?;
                Some(Command::WithdrawKeys { port: Port(u16::from(terminal.number - 1)) })
            }
            _ => None,
        }
    }

    /// The port of switch-1 to the clearing house: behind those upstream.
    pub(super) fn clearing_port(&self) -> Port {
        Port(self.first_upstream(0) + self.upstream_of(0).len() as u16)
    }

    /// The other ends of the upstream ports of the switch at this place.
    pub(super) fn upstream_peers(&self, i: u8) -> Vec<(usize, Port)> {
        let is_last = i + 1 == self.switches;
        let port = |peer: Party| match peer.role {
            Role::Issuer if !is_last => self.direct_port(),
            _ => Port(0),
        };
        let peers = self.upstream_of(i).into_iter();
        peers.filter_map(|peer| Some((self.index(peer)?, port(peer)))).collect()
    }

    /// The upstream lines of the switch at this place.
    pub(super) fn upstream(&self, i: u8) -> Vec<switch::Upstream> {
        let is_last = i + 1 == self.switches;
        let line = |(port, peer): (u16, Party)| {
            let n = peer.number - 1;
            let (bins, zone) = match peer.role {
                Role::Issuer if is_last => (bins(n + 1), self.zone(b'I', n)),
                Role::Issuer => (bins(n + 1), self.zone(b'B', n)),
                _ => (vec![String::new()], self.zone(b'N', i)),
            };
            let pool = self.scenario.topology.pool.clamp(1, 4);
            switch::Upstream { port: Port(port), bins, zone, pool }
        };
        (self.first_upstream(i)..).zip(self.upstream_of(i)).map(line).collect()
    }
}
