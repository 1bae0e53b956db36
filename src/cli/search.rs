//! `reversim search`: a campaign, what it saw, and the first failure made small.

use super::arguments::Search;
use super::output::{Output, hint, to_json};
use super::searched::Searched;
use super::store::{Identity, Store};
use super::{cases, disk, players, progress};
use crate::exit::{Exit, Failure};
use reversim::search::{Campaign, Fingerprint};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// How long a search takes if nothing else is said.
pub(crate) const TIME: Duration = Duration::from_secs(10);

pub(crate) fn search(arguments: &Search, output: &Output) -> Result<Exit, Failure> {
    let time = arguments.time.or_else(|| arguments.seeds.is_none().then_some(TIME));
    let campaign = Campaign {
        profile: arguments.profile,
        seeds: arguments.seeds.clone().unwrap_or(0..i64::MAX as u64),
        defects: arguments.defects.iter().map(ToString::to_string).collect(),
        jobs: arguments.jobs.map_or_else(progress::cores, usize::from),
        keep_going: arguments.keep_going,
        time_limit: time,
        shard: arguments.shard,
        known: known(&arguments.known)?,
    };
    if time.is_none() && campaign.is_endless() {
        return Err(Failure::usage("seeds without an end need --time, as --time 30s"));
    }
    let open = |out: &PathBuf| Store::open(out, Identity::of(&campaign, players::names()));
    let store = arguments.out.as_ref().map(open).transpose()?;
    let searched = Searched::run(campaign, store.as_ref())?;
    if output.is_json() {
        output.json(&searched.document())?;
    } else {
        output.text(&searched.text())?;
    }
    if let Some(out) = &arguments.out {
        let statistics = to_json(&searched.document())?;
        let path = disk::write_fresh(out, "statistics", "json", statistics.as_bytes())?;
        hint(&format!("statistics are in {}", path.display()));
    }
    searched.exit()
}

/// The kinds of failure that the cases below these directories still show.
fn known(directories: &[PathBuf]) -> Result<BTreeSet<Fingerprint>, Failure> {
    let mut known = BTreeSet::new();
    for directory in directories {
        // Where every case was put aside, nothing is known; a directory that is not there is a
        // mistake.
        for path in disk::scenario_files_if_any(directory)? {
            let case = cases::Case::of_file(&path)?;
            let run = players::run(&case.scenario)?;
            let names = run
                .violations()
                .map(|broken| Fingerprint::new(broken, &run.history, &case.scenario.faults));
            known.extend(names);
        }
    }
    Ok(known)
}
