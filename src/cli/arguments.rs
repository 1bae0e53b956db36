//! The arguments of every command, and how their words become values. Does nothing.

use super::meeting::{Live, Serve};
use clap::{Args, Parser, Subcommand, ValueEnum};
use reversim::file::nearest_defect;
use reversim::generate::Profile;
use reversim::party::{ParsePartyError, Party};
use reversim::search::explore::FLOWS;
use reversim_models::defect::Defect;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

const AFTER_HELP: &str = "\
Without a command: runs the bundled stories, then searches for ten seconds.

Exit status: 0 holds, 1 violated, 2 unknown, 64 bad usage or input, 70 internal error, 74 a write \
failed. For whoever retries: no retry changes 0, 1, 2 or 64; 70, 74 and a killed process are worth \
another try, and with `search --out` what was complete is not searched again.";

const ZOO_HELP: &str = "\
Before all else it looks for a canary, the plainest defect there is; if that is not found, it stops.
Time is processor time of one thread. Seeds of scenarios are shown by --format json.

Exit status: 0 every defect was found within its published budget; 1 one was not; 70 the harness \
itself is broken (the canary lives, or healthy parties break what a defect should).";

const PROXY_HELP: &str = "\
It ends with Ctrl-C or after --time. Exit status: 0 every entry of the script happened, 2 one did \
not.";

/// Deterministic simulation testing for ISO 8583 card payments
#[derive(Parser, Debug)]
#[command(name = "reversim", version, about, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Cli {
    /// Text for people, or one JSON document for machines
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What is printed on the standard output.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// One document
    Json,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Runs scenarios and judges them: one row each, and what every invariant says
    Run(Run),
    /// Searches random scenarios for a violation, and shrinks what it finds
    Search(Search),
    /// Adds up what shards of one search wrote with --out, wherever and however often they ran
    Merge(Merge),
    /// Tries every placement of up to K faults on a flow, and prints the certificate
    Explore(Explore),
    /// Runs one scenario twice: its ladder, its story, its books and the verdict
    Replay(Replay),
    /// Writes the smallest scenario that breaks the same invariant, beside the original
    Shrink(Shrink),
    /// Plants each defect of the catalogue and searches for it: the exam of the harness itself
    #[command(after_help = ZOO_HELP)]
    Zoo(Zoo),
    /// Lets one party serve somebody else's system over TCP
    Serve(Serve),
    /// A campaign around a running system of yours: our parties, faults between, the same verdicts
    Live(Live),
    /// Stands between two real endpoints, does what a script says, and records what passes
    #[command(after_help = PROXY_HELP)]
    Proxy(Proxy),
    /// Describes a message, or says why bytes are not a message
    Decode(Decode),
    /// Says what an invariant, fault, defect, response code or mark means, or why a scenario fails
    Explain(Explain),
}

impl Command {
    /// Who shall be played by children, if the command can have some.
    pub(crate) fn parties(&self) -> Option<&Parties> {
        match self {
            Command::Run(run) => Some(&run.parties),
            Command::Search(search) => Some(&search.parties),
            Command::Merge(merge) => Some(&merge.parties),
            Command::Explore(explore) => Some(&explore.parties),
            Command::Replay(replay) => Some(&replay.parties),
            Command::Shrink(shrink) => Some(&shrink.parties),
            Command::Zoo(_)
            | Command::Serve(_)
            | Command::Live(_)
            | Command::Proxy(_)
            | Command::Decode(_)
            | Command::Explain(_) => None,
        }
    }
}

/// Parties that are processes of somebody's own.
#[derive(Args, Debug)]
pub(crate) struct Parties {
    /// Lets a child process play a switch or an issuer, as "switch-1=python3 switch.py"; it
    /// speaks the protocol of docs/process-protocol.md. May be given more than once
    #[arg(long = "party", value_name = "PARTY=COMMAND", value_parser = player)]
    pub(crate) parties: Vec<(Party, String)>,
    /// How long a child may take for one answer
    #[arg(long = "party-limit", value_name = "TIME", value_parser = duration,
          default_value = "10s", requires = "parties")]
    pub(crate) limit: Duration,
}

#[derive(Args, Debug)]
pub(crate) struct Run {
    /// Scenario files, directories of them, or names of bundled stories [default: every story]
    #[arg(value_name = "FILE|DIR|STORY")]
    pub(crate) scenarios: Vec<String>,
    /// Where the parties run
    #[arg(long, value_enum, default_value_t = World::Sim)]
    pub(crate) world: World,
    /// Puts the cases of searches that no longer break anything aside, into .fixed of their DIR
    #[arg(long)]
    pub(crate) prune: bool,
    #[command(flatten)]
    pub(crate) parties: Parties,
}

/// Where parties run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum World {
    /// The simulator: one thread, time that skips
    Sim,
    /// Tokio sockets over turmoil's simulated network
    Turmoil,
    /// Tokio sockets over the loopback interface
    Tcp,
}

#[derive(Args, Debug)]
pub(crate) struct Search {
    /// Seeds, half-open: A..B, or A.. together with --time
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    pub(crate) seeds: Option<Range<u64>>,
    /// How long, as 30s, 5m or 1h30m [default without --seeds: 10s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) time: Option<Duration>,
    /// What to concentrate on: counter, day, boundary, crash, concurrency, keys or mix
    #[arg(long, value_name = "NAME", default_value = "mix")]
    pub(crate) profile: Profile,
    /// Threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Plants a defect, by id; may be given more than once
    #[arg(long = "defect", value_name = "ID", value_parser = defect)]
    pub(crate) defects: Vec<Defect>,
    /// The I-th of N equal parts of the seeds, from 1: every N-th block of them
    #[arg(long, value_name = "I/N", value_parser = shard, default_value = "1/1")]
    pub(crate) shard: (u32, u32),
    /// Writes cases, statistics and every complete block there; the same command goes on from them
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Goes on after the first violation
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// What the cases below this directory still show is no news; may be given more than once
    #[arg(long, value_name = "DIR")]
    pub(crate) known: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) parties: Parties,
}

#[derive(Args, Debug)]
pub(crate) struct Merge {
    /// What shards wrote with `search --out`, or an earlier merge
    #[arg(value_name = "DIR", required = true)]
    pub(crate) directories: Vec<PathBuf>,
    /// A new directory for the whole
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) parties: Parties,
}

/// What can be explored by name.
fn flows() -> String {
    format!("Flows by name ({}, or all of them), or scenario files", FLOWS.join(", "))
}

#[derive(Args, Debug)]
pub(crate) struct Explore {
    #[arg(value_name = "FLOW|FILE", default_value = "sale+inquiry", help = flows())]
    pub(crate) flows: Vec<String>,
    /// At most so many faults at once
    #[arg(long, value_name = "K", default_value_t = 1,
          value_parser = clap::value_parser!(u8).range(0..=4))]
    pub(crate) faults: u8,
    /// Which faults
    #[arg(long, value_enum, default_value_t = Letters::Core)]
    pub(crate) alphabet: Letters,
    /// Threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Plants a defect, by id; may be given more than once
    #[arg(long = "defect", value_name = "ID", value_parser = defect)]
    pub(crate) defects: Vec<Defect>,
    /// Sets a policy, as saf-attempts=1, or a value of another table, as timing.think-ms=0; may be
    /// given more than once
    #[arg(long = "policy", value_name = "KEY=VALUE")]
    pub(crate) policies: Vec<String>,
    /// Explores beside each weak peer that a search draws, one after another
    #[arg(long)]
    pub(crate) weak_peers: bool,
    /// Runs also what a weak peer shares with the flow without it
    #[arg(long, requires = "weak_peers")]
    pub(crate) in_full: bool,
    /// Keeps what is done in this file, and goes on from there if it exists
    #[arg(long, value_name = "FILE")]
    pub(crate) resume: Option<PathBuf>,
    /// Makes the certificates in this file again (as --format json prints them) and compares
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "flows", "faults", "alphabet", "defects", "policies", "weak_peers", "in_full", "resume"
    ])]
    pub(crate) check: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) parties: Parties,
}

/// Which faults an exploration places.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Letters {
    /// Drop, duplicate, delay around every deadline, damage, power cut, reset, partition
    Core,
    /// Every fault there is
    Full,
}

#[derive(Args, Debug)]
pub(crate) struct Replay {
    /// A scenario file, the name of a bundled story, or a history that was recorded (.jsonl)
    #[arg(value_name = "FILE", required_unless_present = "seed", conflicts_with = "seed")]
    pub(crate) file: Option<String>,
    /// The scenario of this seed, as a search draws it
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// The profile of the seed
    #[arg(long, value_name = "NAME", default_value = "mix", requires = "seed")]
    pub(crate) profile: Profile,
    /// Plants a defect, by id; may be given more than once
    #[arg(long = "defect", value_name = "ID", value_parser = defect)]
    pub(crate) defects: Vec<Defect>,
    /// Shows card numbers of the scenario in clear; of a recorded history, allows --pcap
    #[arg(long)]
    pub(crate) unmask: bool,
    /// Writes the run as a page of HTML too: picture, books, every message of the picture. OUT must
    /// be a new file
    #[arg(long, value_name = "OUT")]
    pub(crate) html: Option<PathBuf>,
    /// Writes all messages as a capture for Wireshark too (pcapng). The bytes are those of the
    /// lines, card numbers and tracks in clear, so it needs --unmask. OUT must be a new file
    #[arg(long, value_name = "OUT", requires = "unmask")]
    pub(crate) pcap: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) parties: Parties,
}

#[derive(Args, Debug)]
pub(crate) struct Shrink {
    /// A scenario file that breaks an invariant
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) parties: Parties,
}

#[derive(Args, Debug)]
pub(crate) struct Zoo {
    /// Defects, by id [default: all]
    #[arg(value_name = "ID", value_parser = defect)]
    pub(crate) defects: Vec<Defect>,
    /// Zoo seeds, half-open: an independent search for each, then medians and worst. The published
    /// table is 0..21
    #[arg(long, value_name = "A..B", value_parser = seeds, default_value = "0..1")]
    pub(crate) seeds: Range<u64>,
    /// No search takes more runs than this, whatever its published budget
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) runs: Option<u64>,
    /// Searches at once [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// The table as Markdown, as docs/zoo.md has it
    #[arg(long)]
    pub(crate) markdown: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Proxy {
    /// Where to listen, as 127.0.0.1:7000; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) listen: String,
    /// To whom every connection is passed on
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    pub(crate) to: String,
    /// What both speak
    #[arg(long, value_enum)]
    pub(crate) dialect: Spoken,
    /// What is done to which message; without it, everything passes
    #[arg(long, value_name = "FILE")]
    pub(crate) script: Option<PathBuf>,
    /// Who connects, and to whom [default: terminal-1,switch-1 or switch-1,issuer-1]
    #[arg(long, value_name = "A,B", value_parser = between)]
    pub(crate) between: Option<(Party, Party)>,
    /// Writes the history there when it ends; it holds card data
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// How long, as 30s, 5m or 1h30m [default: until Ctrl-C]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) time: Option<Duration>,
    /// How long a connection may take, and an end be silent, before it is said or ended
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    pub(crate) patience: Duration,
    /// The MAC key of the line in hexadecimal, or @FILE that holds it
    #[arg(long, value_name = "HEX|@FILE")]
    pub(crate) mac_key: Option<String>,
    /// How MACs are made: pos-ecb, x9.9, x9.19, 3des-cbc or aes-cmac [default: pos-ecb or x9.19]
    #[arg(long, value_name = "NAME")]
    pub(crate) mac: Option<String>,
    /// The master key of the terminals, to take MAC keys from sign-ons, or @FILE
    #[arg(long, value_name = "HEX|@FILE")]
    pub(crate) master_key: Option<String>,
}

/// What a line speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Spoken {
    /// The line of a terminal
    Pos,
    /// The line of an institution
    Network,
}

#[derive(Args, Debug)]
pub(crate) struct Decode {
    /// The message in hexadecimal, blanks allowed; `-` or nothing reads the standard input
    #[arg(value_name = "HEX|-", num_args = 0..)]
    pub(crate) hex: Vec<String>,
    /// The dialect; without it, the one that reads furthest
    #[arg(long, value_name = "NAME")]
    pub(crate) dialect: Option<String>,
    /// Shows card numbers of test ranges in clear
    #[arg(long)]
    pub(crate) unmask: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// An invariant (S1 or no-unreversed-debit), fault (drop), defect (T01), response code (98) or
    /// mark; or the file of a scenario that breaks something
    #[arg(value_name = "CODE|FILE")]
    pub(crate) code: String,
}

/// Seeds may not exceed what a scenario file can hold.
const SEED_MAX: u64 = i64::MAX as u64;

fn seeds(word: &str) -> Result<Range<u64>, String> {
    const HOW: &str = "write A..B with A below B, as 0..1000, or A..";
    let (from, to) = word.split_once("..").ok_or(HOW)?;
    let from: u64 = from.trim().parse().map_err(|_| HOW)?;
    let to: u64 = match to.trim() {
        "" => SEED_MAX,
        to => to.parse().map_err(|_| HOW)?,
    };
    match from < to && to <= SEED_MAX {
        true => Ok(from..to),
        false => Err(HOW.to_owned()),
    }
}

/// `30s`, `500ms`, `1h30m`.
pub(super) fn duration(word: &str) -> Result<Duration, String> {
    const HOW: &str = "write a number and its unit, as 500ms, 30s, 5m or 1h30m";
    let mut rest = word.trim();
    let mut millis: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or(HOW)?;
        let (number, tail) = rest.split_at(digits);
        let unit = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        let factor = match unit.trim() {
            "ms" => 1,
            "s" => 1_000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            _ => return Err(HOW.to_owned()),
        };
        let number: u64 = number.parse().map_err(|_| HOW)?;
        let part = number.checked_mul(factor).ok_or("that is too long")?;
        millis = millis.checked_add(part).ok_or("that is too long")?;
        rest = tail;
    }
    if millis == 0 { Err(HOW.to_owned()) } else { Ok(Duration::from_millis(millis)) }
}

/// A party, or a role for its first one.
pub(super) fn party(word: &str) -> Result<Party, String> {
    let first = format!("{word}-1");
    let is_role = word.chars().all(|c| c.is_ascii_alphabetic());
    let named = if is_role { first.parse() } else { word.parse() };
    named.map_err(|_: ParsePartyError| {
        format!("`{word}` is not a party: write terminal-N, switch-N, issuer-N or clearing-N")
    })
}

fn player(word: &str) -> Result<(Party, String), String> {
    let (party, command) =
        word.split_once('=').ok_or("write PARTY=COMMAND, as \"switch-1=python3 switch.py\"")?;
    let party: Party = party.trim().parse().map_err(|error| format!("{error}"))?;
    Ok((party, command.to_owned()))
}

fn host_and_port(word: &str) -> Result<String, String> {
    let port = word.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    match port.map(|(_, port)| port.parse::<u16>()) {
        Some(Ok(1..)) => Ok(word.to_owned()),
        _ => Err("write HOST:PORT, as 127.0.0.1:8000".to_owned()),
    }
}

fn between(word: &str) -> Result<(Party, Party), String> {
    let (a, b) = word.split_once(',').ok_or("write two parties, as terminal-1,switch-1")?;
    let (a, b) = (party(a.trim())?, party(b.trim())?);
    if a == b { Err("these are one party; name two".to_owned()) } else { Ok((a, b)) }
}

fn shard(word: &str) -> Result<(u32, u32), String> {
    const HOW: &str = "write I/N with I from 1 to N, as 2/8";
    let (number, count) = word.split_once('/').ok_or(HOW)?;
    let number: u32 = number.trim().parse().map_err(|_| HOW)?;
    let count: u32 = count.trim().parse().map_err(|_| HOW)?;
    if (1..=count).contains(&number) { Ok((number, count)) } else { Err(HOW.to_owned()) }
}

fn defect(id: &str) -> Result<Defect, String> {
    Defect::parse(id).ok_or_else(|| format!("there is no such defect; {}", nearest_defect(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn times_are_written_as_people_write_them() {
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("1h30m"), Ok(Duration::from_secs(5_400)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        for wrong in ["", "30", "s", "0s", "1x", "-5s", "99999999999999999h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn seeds_are_half_open_and_shards_count_from_one() {
        assert_eq!(seeds("0..10"), Ok(0..10));
        assert_eq!(seeds("5.."), Ok(5..SEED_MAX));
        for wrong in ["10", "5..5", "7..5", "a..b", "0..=9", "0..99999999999999999999"] {
            assert!(seeds(wrong).is_err(), "{wrong}");
        }
        assert_eq!(shard("2/8"), Ok((2, 8)));
        assert!(shard("0/8").is_err() && shard("9/8").is_err() && shard("8").is_err());
    }
}
