//! Worlds in which one place, or all but one, belongs to somebody else's machine, at addresses of
//! the real network. Starting, resetting and killing that machine is next door in `sut`.

use super::sut::{Commands, Process};
use super::tcp::Tcp;
use super::turmoil::{FIRST_PORT, LONG_TICK, ServiceResult, Turmoil};
use super::wired::{Outer, Wired};
use super::{DriveError, lives, tcp};
use crate::history::Entry;
use crate::party::Party;
use crate::scenario::Scenario;
use crate::stage::{Cast, Lived, Wiring, World, wiring};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

/// How long a service on turmoil may be silent while it still means to say something: longer than
/// anybody waits at a counter, for there it costs nothing.
const SERVICE_QUIET: Duration = Duration::from_secs(120);

/// Where parties of ours meet machines that are not, and how time flows there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Meeting {
    /// Where a party of ours finds the machine that it connects to.
    pub connect: BTreeMap<Party, String>,
    /// Where a party of ours waits for the machine that connects to it.
    pub listen: BTreeMap<Party, SocketAddr>,
    /// How many times faster than real time the world's time runs: timers of our parties are so
    /// many times shorter, and yours are not.
    pub scale: u32,
    /// How long your machine is silent at most, real time, while it still means to say something:
    /// longer than its longest timer.
    pub quiet: Duration,
    /// How long a run may take, real time.
    pub limit: Duration,
}

impl Default for Meeting {
    fn default() -> Meeting {
        Meeting {
            connect: BTreeMap::new(),
            listen: BTreeMap::new(),
            scale: 50,
            quiet: Duration::from_millis(500),
            limit: Duration::from_secs(30),
        }
    }
}

/// A line between a party of ours and a machine that is not: who of ours, who of theirs, and
/// whether ours connects.
pub fn meeting_points(
    scenario: &Scenario,
    is_ours: impl Fn(Party) -> bool,
) -> Vec<(Party, Party, bool)> {
    let plan = wiring(scenario);
    let mut points = Vec::new();
    for wire in plan.iter().filter(|wire| is_ours(wire.party)) {
        for (port, (peer, _)) in (0u16..).zip(&wire.peers) {
            let peer = plan[*peer].party;
            if !is_ours(peer) {
                let connects = !wire.accepts.iter().any(|accepts| accepts.0 == port);
                points.push((wire.party, peer, connects));
            }
        }
    }
    points
}

fn outer(
    plan: &[Wiring],
    meeting: &Meeting,
    is_ours: impl Fn(Party) -> bool,
) -> Result<Outer, DriveError> {
    let theirs = |host: usize| !is_ours(plan[host].party);
    let hosts: BTreeSet<usize> = (0..plan.len()).filter(|host| theirs(*host)).collect();
    let (mut dial, mut listen) = (BTreeMap::new(), BTreeMap::new());
    for (host, wire) in plan.iter().enumerate().filter(|(host, _)| !theirs(*host)) {
        // A party with several peers of others waits for each at an address of its own, in order.
        let mut nth = 0;
        for (port, (peer, _)) in (0u16..).zip(&wire.peers).filter(|(_, (peer, _))| theirs(*peer)) {
            let other = plan[*peer].party;
            if wire.accepts.iter().any(|accepts| accepts.0 == port) {
                let missing = || {
                    DriveError::new(format_args!(
                        "nobody says where {} waits for {other}",
                        wire.party
                    ))
                };
                let mut address = *meeting.listen.get(&wire.party).ok_or_else(missing)?;
                let number = address.port().checked_add(nth).ok_or_else(missing)?;
                address.set_port(number);
                listen.insert((host, port), address);
                nth += 1;
            } else if let Some(address) = meeting.connect.get(&wire.party) {
                dial.insert((host, port), address.clone());
            } else {
                return Err(DriveError::new(format_args!(
                    "nobody says where {} finds {other}",
                    wire.party
                )));
            }
        }
    }
    let scale = Some(meeting.scale.max(1));
    Ok(Outer { hosts, dial, listen, scale, quiet: meeting.quiet, limit: meeting.limit })
}

/// Runs a scenario around a machine in this place; the other parties are ours. They wait at their
/// addresses before it is started, and the clock begins when it runs.
///
/// # Errors
///
/// A socket could not be opened, the system could not be started or reset, nobody says where it is,
/// or the run was not over in time.
pub(crate) fn live_around(
    scenario: &Scenario,
    cast: &dyn Cast,
    system: Party,
    meeting: &Meeting,
    commands: &Commands,
) -> Result<Lived, DriveError> {
    let plan = wiring(scenario);
    let host = place_of(&plan, system)?;
    let outer = outer(&plan, meeting, |party| party != system)?;
    let mut lines = Wired::new(tcp::Tcp::new()?, &plan, outer)?;
    let mut addresses: Vec<String> = meeting.connect.values().cloned().collect();
    addresses.dedup();
    let mut process = Process::begin(commands, addresses, host)?;
    lines.begin();
    let mut lived = lives(scenario, cast, lines, Some(&mut process))?;
    // Whatever it did before it ended is in the history, and judged.
    lived.ended = process.ended();
    Ok(lived)
}

fn place_of(plan: &[Wiring], party: Party) -> Result<usize, DriveError> {
    let host = plan.iter().position(|wire| wire.party == party);
    host.ok_or_else(|| DriveError::new(format_args!("{party} has no place in the scenario")))
}

/// Lets one party of a scenario serve machines in all other places, until the meeting's limit or
/// until the watcher, who sees what happened since it was last asked, says that it is enough.
///
/// # Errors
///
/// A socket could not be opened, or nobody says where a machine is.
pub fn serve(
    scenario: &Scenario,
    party: Party,
    meeting: &Meeting,
    watch: &mut dyn FnMut(&[Entry]) -> bool,
) -> Result<(), DriveError> {
    let plan = wiring(scenario);
    place_of(&plan, party)?;
    let outer = outer(&plan, meeting, |other| other == party)?;
    let lines: Wired<'_, Tcp> = Wired::new(tcp::Tcp::new()?, &plan, outer)?;
    World::new(scenario, &crate::stage::OurOwn, lines).serve(watch);
    Ok(())
}

/// Runs a scenario over turmoil around a tokio service in one place; time is turmoil's.
///
/// # Errors
///
/// The place is not there, or turmoil could not carry.
pub(crate) fn live_with_service<F, R>(
    scenario: &Scenario,
    place: Party,
    service: F,
) -> Result<Lived, DriveError>
where
    F: Fn() -> R + 'static,
    R: Future<Output = ServiceResult> + 'static,
{
    let plan = wiring(scenario);
    let host = place_of(&plan, place)?;
    let mut network = Turmoil::new(scenario.seed, LONG_TICK);
    network.serve(&place.to_string(), service);
    let mut dial = BTreeMap::new();
    for (ours, wire) in plan.iter().enumerate().filter(|(ours, _)| *ours != host) {
        for (port, (peer, at)) in (0u16..).zip(&wire.peers) {
            if *peer == host {
                dial.insert((ours, port), format!("{place}:{}", FIRST_PORT + at.0));
            }
        }
    }
    let outer = Outer {
        hosts: BTreeSet::from([host]),
        dial,
        listen: BTreeMap::new(),
        scale: Some(1),
        quiet: SERVICE_QUIET,
        limit: Duration::from_secs(86_400),
    };
    lives(scenario, &crate::stage::OurOwn, Wired::new(network, &plan, outer)?, None)
}

/// Where a tokio service on turmoil waits for a peer, or finds it: the peer's name, and a port of
/// one's own for each peer, counted from 7000 in the order terminals, switches, issuers, clearing
/// house. None if the two have no line.
pub fn turmoil_address(scenario: &Scenario, of: Party, for_whom: Party) -> Option<String> {
    let plan = wiring(scenario);
    let wire = plan.iter().find(|wire| wire.party == of)?;
    let is_it = |peer: &usize| plan[*peer].party == for_whom;
    let (port, _) = (0u16..).zip(&wire.peers).find(|(_, (peer, _))| is_it(peer))?;
    Some(format!("{of}:{}", FIRST_PORT + port))
}
