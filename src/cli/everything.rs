//! `reversim` alone: the bundled stories, then a search of ten seconds.

use super::arguments::World;
use super::cases::bundled;
use super::judged::worst;
use super::output::{Output, hint};
use super::progress;
use super::run::{Document, Ran};
use super::search::TIME;
use super::searched::{Document as SearchDocument, Searched};
use crate::exit::{Exit, Failure};
use reversim::search::Campaign;
use serde::Serialize;

#[derive(Serialize)]
struct Everything<'a> {
    run: &'a [Document],
    search: SearchDocument,
}

pub(crate) fn everything(output: &Output) -> Result<Exit, Failure> {
    let ran = Ran::new(&bundled()?, World::Sim)?;
    if !output.is_json() {
        output.text(&format!("stories\n{}\nsearch\n", ran.rows))?;
    }
    let campaign = Campaign {
        seeds: 0..i64::MAX as u64,
        jobs: progress::cores(),
        time_limit: Some(TIME),
        ..Campaign::default()
    };
    let searched = Searched::run(campaign, None)?;
    if output.is_json() {
        output.json(&Everything { run: &ran.documents, search: searched.document() })?;
    } else {
        output.text(&searched.text())?;
    }
    ran.hint();
    let exit = worst([ran.exit, searched.exit()?]);
    if exit == Exit::Holds {
        hint("everything holds; `reversim --help` shows what else there is");
    }
    Ok(exit)
}
