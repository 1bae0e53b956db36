//! How far a command has come, in a file: certificates that are done, and a place in the next one.
//!
//! The file is written whole under another name and then takes its own, so that it can be read
//! whenever the command is killed. It says nothing that is not done.

use super::document::Document;
use super::say_how_to_go_on;
use crate::cli::{disk, output::to_json};
use crate::exit::Failure;
use reversim::search::Exploration;
use reversim::search::explore::Place;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How much work may be lost.
const EVERY: Duration = Duration::from_secs(1);

/// How far a command has come.
#[derive(Default)]
pub(super) struct Progress {
    file: Option<PathBuf>,
    written: Option<Instant>,
    contents: Contents,
}

/// Which build this is: what another one did is not gone on from.
const BUILD: &str = env!("REVERSIM_BUILD");

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    build: String,
    done: Vec<Document>,
    place: Option<Place>,
}

impl Default for Contents {
    fn default() -> Contents {
        Contents { build: BUILD.to_owned(), done: Vec::new(), place: None }
    }
}

impl Progress {
    /// As it is written in this file; at the beginning if there is none.
    pub(super) fn of_file(path: &Path) -> Result<Progress, Failure> {
        let contents = match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| {
                Failure::usage(format!(
                    "{} holds something else than the progress of an exploration; name another \
                     file",
                    path.display()
                ))
            })?,
            Err(error) if error.kind() == ErrorKind::NotFound => Contents::default(),
            Err(error) => return Err(Failure::read(path, &error)),
        };
        let progress = Progress { file: Some(path.to_owned()), written: None, contents };
        if progress.contents.done.is_empty() && progress.contents.place.is_none() {
            // Better now than after an hour.
            progress.write()?;
            say_how_to_go_on(path);
        }
        Ok(progress)
    }

    /// Refuses what is done if it is not the beginning of what is asked for.
    pub(super) fn belongs_to<'a>(
        &self,
        mut explorations: impl Iterator<Item = &'a Exploration>,
    ) -> Result<(), Failure> {
        if self.contents.build != BUILD {
            return Err(Failure::usage(format!(
                "{} cannot be gone on from: build {} wrote it, and this is build {BUILD}; name \
                 another file, or remove this one",
                self.name(),
                self.contents.build
            )));
        }
        for done in &self.contents.done {
            let is_asked_for = explorations.next().is_some_and(|asked| {
                let digest = asked.flow_digest().to_string();
                (&done.flow, &done.flow_digest, &done.alphabet, done.faults, &done.reversim[..])
                    == (
                        &asked.name,
                        &digest,
                        &asked.alphabet.to_string(),
                        asked.faults,
                        env!("CARGO_PKG_VERSION"),
                    )
            });
            if !is_asked_for {
                return Err(Failure::usage(format!(
                    "{} cannot be gone on from: it holds a certificate of `{}`, alphabet {}, up to \
                     {} faults, which is not asked for here; name another file, or remove this one",
                    self.name(),
                    done.flow,
                    done.alphabet,
                    done.faults
                )));
            }
        }
        Ok(())
    }

    /// The file's name, for sentences.
    pub(super) fn name(&self) -> String {
        self.file.as_ref().map(|file| file.display().to_string()).unwrap_or_default()
    }

    /// The certificate with this number, if it is done.
    pub(super) fn done(&self, number: usize) -> Option<&Document> {
        self.contents.done.get(number)
    }

    /// Where the next one was left.
    pub(super) fn place(&self) -> Option<Place> {
        self.contents.place.clone()
    }

    /// This far; written down now and then.
    pub(super) fn reach(&mut self, place: &Place) -> Result<(), Failure> {
        if self.file.is_none() || self.written.is_some_and(|at| at.elapsed() < EVERY) {
            return Ok(());
        }
        self.contents.place = Some(place.clone());
        self.write()?;
        self.written = Some(Instant::now());
        Ok(())
    }

    /// One is done.
    pub(super) fn finish(&mut self, document: Document) -> Result<(), Failure> {
        self.contents.place = None;
        self.contents.done.push(document);
        self.write()
    }

    fn write(&self) -> Result<(), Failure> {
        let Some(file) = &self.file else { return Ok(()) };
        disk::replace(file, to_json(&self.contents)?.as_bytes())
    }
}
