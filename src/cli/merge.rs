//! `reversim merge`: the union of what shards of one campaign wrote.
//!
//! A set union: in whatever order directories are named, however often one of them, the result is
//! the same to the byte. It holds all blocks again, so that it can be merged with more.

use super::arguments::Merge;
use super::output::{Output, hint, to_json};
use super::searched::Searched;
use super::store::{Store, named, one_each};
use super::{disk, players};
use crate::exit::{Exit, Failure};
use reversim::search::Campaign;
use std::collections::BTreeMap;

pub(crate) fn merge(arguments: &Merge, output: &Output) -> Result<Exit, Failure> {
    let out = &arguments.out;
    let taken = || {
        let out = out.display();
        Failure::usage(format!("{out} is there already; a merge needs a new directory"))
    };
    if out.exists() {
        return Err(taken());
    }
    let stores: Result<Vec<Store>, _> =
        arguments.directories.iter().map(|directory| Store::read(directory)).collect();
    let stores = stores?;
    let campaign = campaign(&stores)?;
    // Ladders are drawn here, so whoever played then plays again.
    let theirs = stores[0].identity.parties();
    if theirs != players::names() {
        return Err(Failure::usage(match theirs {
            [] => "these shards were searched without --party; leave it out".to_owned(),
            _ => format!("merge with the --party of these shards: {}", theirs.join(", ")),
        }));
    }
    let mut blocks = BTreeMap::new();
    for store in &stores {
        blocks.extend(store.blocks()?);
    }
    let mut blocks = one_each(blocks)?;
    if !campaign.keep_going
        && let Some(last) = blocks.iter().position(|block| campaign.is_news(block))
    {
        // The search of one machine would have ended here: what others searched behind it is
        // not part of the campaign.
        blocks.truncate(last + 1);
    }
    let mut files = Vec::new();
    let identity = &stores[0].identity;
    files.push(("campaign.json".to_owned(), identity.text()?));
    let digest = identity.digest()?;
    for block in &blocks {
        let (name, text) = named(&digest, block)?;
        files.push((format!("blocks/{name}"), text));
    }
    let is_endless = campaign.is_endless();
    let (searched, cases) = Searched::merged(campaign, blocks, out)?;
    files.extend(cases);
    let statistics = to_json(&searched.seen_from(out).document())?;
    files.push(("statistics.json".to_owned(), statistics));
    if !disk::write_directory(out, &files)? {
        return Err(taken());
    }
    if output.is_json() {
        output.json(&searched.document())?;
    } else {
        output.text(&searched.text())?;
    }
    if let Some(missing) = searched.missing().filter(|_| !is_endless) {
        hint(&format!("{missing}; run their shards again and merge once more"));
    }
    hint(&format!("the whole is in {}", out.display()));
    searched.exit()
}

/// The one campaign that all of them are parts of, searched by this build.
fn campaign(stores: &[Store]) -> Result<Campaign, Failure> {
    for pair in stores.windows(2) {
        if let Some(difference) = pair[0].identity.difference(&pair[1].identity) {
            return Err(Failure::usage(format!(
                "{} and {} are parts of different campaigns ({difference})",
                pair[0].directory().display(),
                pair[1].directory().display()
            )));
        }
    }
    stores[0].identity.campaign().map_err(|why| {
        Failure::usage(format!("{} cannot be merged: {why}", stores[0].directory().display()))
    })
}
