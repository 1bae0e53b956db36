//! The book of a clearing house: everything it knows for good. It changes by records only, live and
//! from the journal alike.

use super::Config;
use crate::record::{ClearingRecord, FileEntry, FileId};
use crate::time::Date;
use std::collections::BTreeMap;

/// Number of a commit since power came on. What the journal held is commit zero.
pub(super) type Commit = u64;

/// What a clearing house knows for good.
#[derive(Clone, Debug)]
pub(super) struct Book {
    pub(super) business_date: Date,
    /// What each switch has sent, by its place: the last file, and the commit it is part of.
    pub(super) sources: Vec<Option<(FileId, Commit)>>,
    /// Files made for each issuer, by its place.
    pub(super) made: Vec<u32>,
    /// Statements made for merchants.
    pub(super) stated: u32,
    /// Business dates that are not closed yet.
    pub(super) days: BTreeMap<Date, Day>,
    /// The last one that was closed.
    pub(super) closed: Option<Date>,
    /// Files that nobody has yet said to have taken.
    pub(super) undelivered: Vec<Undelivered>,
}

/// A file for an issuer that waits to be taken.
#[derive(Clone, Debug)]
pub(super) struct Undelivered {
    /// Which issuer, by place.
    pub(super) issuer: u8,
    pub(super) file: FileId,
    pub(super) entries: Box<[FileEntry]>,
    /// The commit that it is part of.
    pub(super) commit: Commit,
}

/// A business date on its way through the clearing house.
#[derive(Clone, Debug, Default)]
pub(super) struct Day {
    /// Switches whose extract is in, by place.
    pub(super) sources: Vec<usize>,
    /// What they hold.
    pub(super) entries: Vec<FileEntry>,
    /// Issuers whose file is made, by place.
    pub(super) issuers: Vec<u8>,
    /// Merchants who are paid.
    pub(super) merchants: Vec<[u8; 15]>,
}

impl Book {
    pub(super) fn new(config: &Config) -> Book {
        Book {
            business_date: config.business_date,
            sources: vec![None; config.switches.len()],
            made: vec![0; config.issuers.len()],
            stated: 0,
            days: BTreeMap::new(),
            closed: None,
            undelivered: Vec::new(),
        }
    }

    /// Takes a record in. What it refers to and does not find, it leaves alone.
    pub(super) fn apply(&mut self, config: &Config, record: &ClearingRecord, commit: Commit) {
        match record {
            ClearingRecord::CutOver { date } => self.business_date = *date,
            ClearingRecord::ExtractTaken { file, entries } => {
                let is_it = |source: &super::config::Source| source.institution == file.sender;
                let Some(at) = config.switches.iter().position(is_it) else { return };
                self.sources[at] = Some((*file, commit));
                let day = self.days.entry(file.date).or_default();
                day.sources.push(at);
                day.entries.extend_from_slice(entries);
            }
            ClearingRecord::PresentmentBuilt { file, issuer, entries } => {
                if let Some(made) = self.made.get_mut(usize::from(*issuer)) {
                    *made = file.sequence;
                }
                if let Some(day) = self.days.get_mut(&file.date) {
                    day.issuers.push(*issuer);
                }
                self.undelivered.push(Undelivered {
                    issuer: *issuer,
                    file: *file,
                    entries: entries.clone(),
                    commit,
                });
            }
            ClearingRecord::PayoutBuilt { file, merchant, .. } => {
                self.stated = file.sequence;
                if let Some(day) = self.days.get_mut(&file.date) {
                    day.merchants.push(*merchant);
                }
            }
            ClearingRecord::FileDelivered { file } => {
                self.undelivered.retain(|waiting| waiting.file != *file);
            }
            ClearingRecord::DayClosed { date } => {
                self.days.remove(date);
                self.closed = self.closed.max(Some(*date));
            }
        }
    }

    /// Whether this file was taken, and is durable as far as `done` says; none if it was not.
    pub(super) fn taken(&self, at: usize, file: &FileId, done: Commit) -> Option<bool> {
        let (last, commit) = self.sources.get(at)?.as_ref()?;
        let is_taken =
            last == file || (last.sequence > file.sequence && last.sender == file.sender);
        is_taken.then_some(last != file || *commit <= done)
    }
}
