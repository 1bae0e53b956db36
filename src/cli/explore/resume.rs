//! How far a command has come, in a file: certificates that are done, and a place in the next one.
//!
//! The file is written whole under another name and then takes its own, so that it can be read
//! whenever the command is killed. It says nothing that is not done, and carries the digest of its
//! own text: a file that was damaged is not gone on from.

use super::document::Document;
use super::say_how_to_go_on;
use crate::cli::output::{hint, to_json};
use crate::cli::{disk, store::hash};
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
    /// Why the file could not be written the last time.
    failed: Option<Failure>,
    contents: Contents,
}

/// Which build this is: what another one did is not gone on from.
const BUILD: &str = env!("REVERSIM_BUILD");
/// Stands where the digest will be.
const UNSIGNED: &str = "00000000000000000000000000000000";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    build: String,
    /// Of the file's text, with zeros in this place.
    digest: String,
    done: Vec<Document>,
    place: Option<Place>,
}

impl Default for Contents {
    fn default() -> Contents {
        let digest = UNSIGNED.to_owned();
        Contents { build: BUILD.to_owned(), digest, done: Vec::new(), place: None }
    }
}

impl Contents {
    /// As a file says it; what is in it must be what was written.
    fn parse(path: &Path, bytes: &[u8]) -> Result<Contents, Failure> {
        let refused = |why: String| {
            let path = path.display();
            Failure::usage(format!("{path} {why}; name another file, or remove this one"))
        };
        let text = String::from_utf8_lossy(bytes);
        let contents: Contents = serde_json::from_str(&text)
            .map_err(|_| refused("is no progress of an exploration, or was damaged".to_owned()))?;
        if contents.build != BUILD {
            let theirs = &contents.build;
            return Err(refused(format!(
                "cannot be gone on from: build {theirs} wrote it, and this is build {BUILD}"
            )));
        }
        if hash(&text.replacen(&contents.digest, UNSIGNED, 1)) != contents.digest {
            return Err(refused("was damaged: its digest is not that of its text".to_owned()));
        }
        Ok(Contents { digest: UNSIGNED.to_owned(), ..contents })
    }
}

impl Progress {
    /// As it is written in this file; at the beginning if there is none.
    pub(super) fn of_file(path: &Path) -> Result<Progress, Failure> {
        let contents = match std::fs::metadata(path) {
            Ok(about) if !about.is_file() => {
                return Err(Failure::usage(format!(
                    "{} is no regular file: progress cannot be kept there; name a file",
                    path.display()
                )));
            }
            Ok(_) => Contents::parse(path, &disk::read(path)?)?,
            Err(error) if error.kind() == ErrorKind::NotFound => Contents::default(),
            Err(error) => return Err(Failure::read(path, &error)),
        };
        let file = Some(path.to_owned());
        let progress = Progress { file, contents, ..Progress::default() };
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
    pub(super) fn reach(&mut self, place: &Place) {
        if self.file.is_none() || self.written.is_some_and(|at| at.elapsed() < EVERY) {
            return;
        }
        self.contents.place = Some(place.clone());
        self.try_to_write();
        self.written = Some(Instant::now());
    }

    /// One is done.
    pub(super) fn finish(&mut self, document: Document) {
        self.contents.place = None;
        self.contents.done.push(document);
        self.try_to_write();
    }

    /// What was not written in the end.
    pub(super) fn failed(&self) -> Result<(), Failure> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    /// A disk that is full may have room later: what was done is not thrown away for it.
    fn try_to_write(&mut self) {
        let failed = self.write().err();
        if let Some(failure) = failed.as_ref().filter(|_| self.failed.is_none()) {
            hint(&format!("{failure}; the exploration goes on without it"));
        }
        self.failed = failed;
    }

    fn write(&self) -> Result<(), Failure> {
        let Some(file) = &self.file else { return Ok(()) };
        let unsigned = to_json(&self.contents)?;
        let text = unsigned.replacen(UNSIGNED, &hash(&unsigned), 1);
        disk::replace(file, text.as_bytes())
    }
}
