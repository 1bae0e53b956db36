//! What `serve` and `live` have in common: their arguments, and where parties of ours meet machines
//! that are not. Opens nothing.

use super::arguments::{duration, party};
use crate::exit::Failure;
use clap::Args;
use reversim::drive::{Meeting, meeting_points};
use reversim::party::Party;
use reversim::scenario::Scenario;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Where machines are, and how time flows.
#[derive(Args, Clone, Debug)]
pub(crate) struct Addresses {
    /// Where parties of ours find a system, as PARTY=HOST:PORT, or HOST:PORT for all of them; may
    /// be given more than once
    #[arg(long, value_name = "[PARTY=]ADDRESS")]
    connect: Vec<String>,
    /// Where a party of ours waits for a system, as PARTY=IP:PORT; a party that waits for several
    /// takes as many ports, one after another; may be given more than once
    #[arg(long, value_name = "[PARTY=]ADDRESS")]
    listen: Vec<String>,
    /// How many times faster than real time timers of our parties run
    #[arg(long, value_name = "N", default_value_t = 50,
          value_parser = clap::value_parser!(u32).range(1..=1_000))]
    time_scale: u32,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Live {
    /// What happens: a flow by name (see explore --help) or a scenario file
    #[arg(value_name = "FLOW|FILE", default_value = "sale+inquiry")]
    pub(crate) flow: String,
    /// The place of your system: terminal-N, switch-N or issuer-N
    #[arg(long, value_name = "PARTY", default_value = "switch-1", value_parser = party)]
    pub(crate) system: Party,
    #[command(flatten)]
    pub(crate) addresses: Addresses,
    /// Starts your system; it is killed where its power fails, and between runs
    #[arg(long, value_name = "COMMAND")]
    pub(crate) start: Option<String>,
    /// Puts your system back to where it began, before each run
    #[arg(long, value_name = "COMMAND")]
    pub(crate) reset: Option<String>,
    /// Prints the books of your system at the end of each run: JSON lines or CSV of card, amount in
    /// minor units (more than 0: taken from the cardholder) and, if known, reference (element 37
    /// of the transaction)
    #[arg(long, value_name = "COMMAND")]
    pub(crate) books: Option<String>,
    /// How long to search, as 30s, 5m or 1h30m
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub(crate) time: Duration,
    /// How many runs at most
    #[arg(long, value_name = "N")]
    pub(crate) runs: Option<u64>,
    /// Which faults come first
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// At most so many faults at once
    #[arg(long, value_name = "K", default_value_t = 3,
          value_parser = clap::value_parser!(u8).range(0..=6))]
    pub(crate) faults: u8,
    /// How long your system is silent while it still means to send something: longer than its
    /// longest timer
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = duration)]
    pub(crate) quiet: Duration,
    /// How long one run may take
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub(crate) limit: Duration,
    /// Runs FLOW|FILE once, as it is, and shows all of it
    #[arg(long)]
    pub(crate) once: bool,
    /// Sets a policy, as pin=false, or a value of another table, as timing.think-ms=0; may be given
    /// more than once
    #[arg(long = "policy", value_name = "KEY=VALUE")]
    pub(crate) policies: Vec<String>,
    /// Where the case is written that breaks something
    #[arg(long, value_name = "DIR", default_value = "live-cases")]
    pub(crate) out: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Who: terminal-N, switch-N, issuer-N, or terminal, switch, issuer for the first one
    #[arg(value_name = "PARTY", value_parser = party)]
    pub(crate) party: Party,
    /// The world that it is a party of: a flow by name (see explore --help) or a scenario file. A
    /// terminal asks for what its steps say
    #[arg(long, value_name = "FLOW|FILE", default_value = "sale+inquiry")]
    pub(crate) scenario: String,
    #[command(flatten)]
    pub(crate) addresses: Addresses,
    /// How long, as 30s, 5m or 1h30m [default: until it is interrupted]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) time: Option<Duration>,
    /// Sets a policy, as pin=false, or a value of another table; may be given more than once
    #[arg(long = "policy", value_name = "KEY=VALUE")]
    pub(crate) policies: Vec<String>,
}

impl Addresses {
    /// Where parties of ours meet the others; an error says what is missing.
    pub(crate) fn meeting(
        &self,
        scenario: &Scenario,
        is_ours: impl Fn(Party) -> bool,
    ) -> Result<Meeting, Failure> {
        let points = meeting_points(scenario, is_ours);
        let (connect, everywhere) = named(&self.connect, "--connect")?;
        let (listen, anywhere) = named(&self.listen, "--listen")?;
        let mut meeting = Meeting { scale: self.time_scale, ..Meeting::default() };
        for (ours, theirs, connects) in points {
            if connects {
                let address = connect.get(&ours).or(everywhere.as_ref()).ok_or_else(|| {
                    Failure::usage(format!(
                        "{ours} connects to {theirs}, and nobody says where that is; add --connect \
                         {ours}=HOST:PORT"
                    ))
                })?;
                if meeting.connect.insert(ours, address.clone()).is_some() {
                    return Err(Failure::usage(format!(
                        "{ours} connects to several systems, and only one address can be given; \
                         take a scenario with one issuer"
                    )));
                }
            } else {
                let address = listen.get(&ours).or(anywhere.as_ref()).ok_or_else(|| {
                    Failure::usage(format!(
                        "{ours} waits for {theirs}, and nobody says where; add --listen \
                         {ours}=127.0.0.1:PORT"
                    ))
                })?;
                let address: SocketAddr = address.parse().map_err(|_| {
                    Failure::usage(format!(
                        "`{address}` is no address to listen at: write IP:PORT, as 127.0.0.1:9101"
                    ))
                })?;
                meeting.listen.insert(ours, address);
            }
        }
        let unused = connect.keys().filter(|party| !meeting.connect.contains_key(party));
        let unused = unused.map(|party| ("--connect", party));
        let deaf = listen.keys().filter(|party| !meeting.listen.contains_key(party));
        match unused.chain(deaf.map(|party| ("--listen", party))).next() {
            None => Ok(meeting),
            Some((option, party)) => Err(Failure::usage(format!(
                "{option} {party}=...: {party} has nobody of yours to meet in this way"
            ))),
        }
    }
}

/// Addresses by party, and the one without a party.
fn named(
    words: &[String],
    option: &str,
) -> Result<(BTreeMap<Party, String>, Option<String>), Failure> {
    let (mut by_party, mut for_all) = (BTreeMap::new(), None);
    for word in words {
        let (party, address) = match word.split_once('=') {
            None => (None, word.as_str()),
            Some((name, address)) => {
                let party = party(name)
                    .map_err(|error| Failure::usage(format!("{option} {word}: {error}")))?;
                (Some(party), address)
            }
        };
        if address.rsplit_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_err()) {
            return Err(Failure::usage(format!(
                "{option} {word}: `{address}` is no address; write HOST:PORT, as 127.0.0.1:9001"
            )));
        }
        let before = match party {
            Some(party) => by_party.insert(party, address.to_owned()),
            None => for_all.replace(address.to_owned()),
        };
        if before.is_some() {
            return Err(Failure::usage(format!(
                "{option} {word}: this is said twice; say it once"
            )));
        }
    }
    Ok((by_party, for_all))
}
