//! The book of a clearing house: everything it knows for good. It changes by records only, live and
//! from the journal alike.

use super::Config;
use crate::record::{ClearingRecord, EntryKind, FileEntry, FileId};
use crate::time::{Date, Instant};
use std::collections::BTreeMap;

/// Number of a commit since power came on. What the journal held is commit zero.
pub(super) type Commit = u64;

/// What a clearing house knows for good.
#[derive(Clone, Debug)]
pub(super) struct Book {
    pub(super) business_date: Date,
    /// What each switch has sent, and then each issuer, by its place: the last file, and the commit
    /// it is part of.
    pub(super) sources: Vec<Option<(FileId, Commit)>>,
    /// Files made for each issuer, by its place.
    pub(super) made: Vec<u32>,
    /// Files of returns made for each switch, by its place.
    pub(super) returned: Vec<u32>,
    /// Statements made for merchants.
    pub(super) stated: u32,
    /// What issuers return, and no file to a switch holds yet.
    pub(super) returns: Vec<FileEntry>,
    /// Business dates that are not closed yet.
    pub(super) days: BTreeMap<Date, Day>,
    /// The last one that was closed.
    pub(super) closed: Option<Date>,
    /// Files that nobody has yet said to have taken.
    pub(super) undelivered: Vec<Undelivered>,
    /// The last lease that a node took, where there are two.
    pub(super) lease: Option<Lease>,
}

/// Which node works, and until when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lease {
    pub(super) node: u8,
    pub(super) fence: u32,
    pub(super) until: Instant,
}

/// A file that waits to be taken.
#[derive(Clone, Debug)]
pub(super) struct Undelivered {
    /// By which channel: issuers by place, and then switches.
    pub(super) channel: usize,
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
    /// What goes back to switches under this date.
    pub(super) returns: Vec<FileEntry>,
    /// Merchants who are paid.
    pub(super) merchants: Vec<[u8; 15]>,
}

impl Day {
    /// Whether any file of this date is made.
    pub(super) fn is_begun(&self) -> bool {
        !self.issuers.is_empty() || !self.returns.is_empty() || !self.merchants.is_empty()
    }

    /// What merchants are paid for, or pay back, under this date.
    pub(super) fn payable(&self) -> impl Iterator<Item = &FileEntry> {
        let back = self.returns.iter().filter(|entry| entry.kind == EntryKind::Chargeback);
        self.entries.iter().chain(back)
    }
}

impl Book {
    pub(super) fn new(config: &Config) -> Book {
        Book {
            business_date: config.business_date,
            sources: vec![None; config.switches.len() + config.issuers.len()],
            made: vec![0; config.issuers.len()],
            returned: vec![0; config.switches.len()],
            stated: 0,
            returns: Vec::new(),
            days: BTreeMap::new(),
            closed: None,
            undelivered: Vec::new(),
            lease: None,
        }
    }

    /// The fence of the last lease; zero before the first.
    pub(super) fn fence(&self) -> u32 {
        self.lease.map_or(0, |lease| lease.fence)
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
                self.wait(usize::from(*issuer), *file, entries, commit);
            }
            ClearingRecord::ReturnTaken { file, entries } => {
                let is_it = |issuer: &super::config::Target| issuer.institution == file.sender;
                let Some(at) = config.issuers.iter().position(is_it) else { return };
                self.sources[config.switches.len() + at] = Some((*file, commit));
                self.returns.extend_from_slice(entries);
            }
            ClearingRecord::ReturnBuilt { file, switch, entries } => {
                if let Some(made) = self.returned.get_mut(usize::from(*switch)) {
                    *made = file.sequence;
                }
                self.returns.retain(|entry| !entries.contains(entry));
                self.days.entry(file.date).or_default().returns.extend_from_slice(entries);
                self.wait(config.issuers.len() + usize::from(*switch), *file, entries, commit);
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
            ClearingRecord::LeaseTaken { node, fence, until } => {
                self.lease = Some(Lease { node: *node, fence: *fence, until: *until });
            }
            ClearingRecord::WriteRefused { .. } => {}
        }
    }

    fn wait(&mut self, channel: usize, file: FileId, entries: &[FileEntry], commit: Commit) {
        self.undelivered.push(Undelivered { channel, file, entries: entries.into(), commit });
    }

    /// Whether this file was taken, and is durable as far as `done` says; none if it was not.
    pub(super) fn taken(&self, at: usize, file: &FileId, done: Commit) -> Option<bool> {
        let (last, commit) = self.sources.get(at)?.as_ref()?;
        let is_taken =
            last == file || (last.sequence > file.sequence && last.sender == file.sender);
        is_taken.then_some(last != file || *commit <= done)
    }
}
