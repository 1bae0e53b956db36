//! Asks the tests about one mutant after the other. Not which tests those are: the caller names
//! them, quickest first.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::build::{cargo, messages};

/// What a jury says of a mutant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    Caught,
    Timeout,
    Missed,
}

/// One test program, and how long its search goes.
struct Juror {
    program: PathBuf,
    directory: PathBuf,
    seeds: &'static str,
    /// How long it takes when nothing is on.
    usual: Duration,
}

/// Test programs in the order in which they are asked.
pub(crate) struct Jury(Vec<Juror>);

/// Seeds of the fixed search: of the quick jury, and of the whole one.
const QUICK: &str = "2000";
const WHOLE: &str = "20000";

/// A mutant that makes a program ten times slower than it is, and this much more, hangs.
const SLOWER: u32 = 10;
const PATIENCE: Duration = Duration::from_secs(20);

impl Jury {
    /// Builds the tests of these names, and asks them about no mutant at all.
    pub(crate) fn new(tree: &Path, tests: &[String]) -> Result<Jury> {
        let mut cargo = cargo(tree);
        cargo.args(["test", "--profile", "mutants", "--workspace", "--locked", "--no-run"]);
        cargo.arg("--message-format=json").args(tests.iter().flat_map(|test| ["--test", test]));
        let output = cargo.stderr(Stdio::inherit()).output().context("cargo test")?;
        if !output.status.success() {
            bail!("the tests do not build: {}", tree.display());
        }
        let mut programs: BTreeMap<String, (PathBuf, PathBuf)> = BTreeMap::new();
        for message in messages(&output.stdout, "compiler-artifact") {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            let manifest = PathBuf::from(text(&message["manifest_path"]));
            let directory = manifest.parent().unwrap_or(tree).to_owned();
            if message["profile"]["test"] == true && message["executable"].is_string() {
                let program = PathBuf::from(text(&message["executable"]));
                programs.insert(text(&message["target"]["name"]), (program, directory));
            }
        }
        let mut jurors = Vec::new();
        for (name, seeds) in tests.iter().map(|name| (name, QUICK)).chain(again(tests)) {
            let (program, directory) = programs.get(name).with_context(|| name.clone())?.clone();
            let mut juror = Juror { program, directory, seeds, usual: Duration::from_secs(600) };
            let start = Instant::now();
            if juror.ask(0)? != Verdict::Missed {
                bail!("`{name}` fails without any mutant");
            }
            juror.usual = start.elapsed();
            eprintln!("{name} of {seeds} seeds: {:.1?}", juror.usual);
            jurors.push(juror);
        }
        Ok(Jury(jurors))
    }

    /// The first that notices decides.
    pub(crate) fn ask(&self, mutant: usize) -> Result<Verdict> {
        for juror in &self.0 {
            let verdict = juror.ask(mutant)?;
            if verdict != Verdict::Missed {
                return Ok(verdict);
            }
        }
        Ok(Verdict::Missed)
    }
}

/// A longer search is asked last.
fn again(tests: &[String]) -> impl Iterator<Item = (&String, &'static str)> {
    tests.iter().filter(|name| *name == "fixed_search").map(|name| (name, WHOLE))
}

impl Juror {
    fn ask(&self, mutant: usize) -> Result<Verdict> {
        let mut program = Command::new(&self.program);
        program.current_dir(&self.directory).env("CARGO_MANIFEST_DIR", &self.directory);
        program.env("MUTANT", mutant.to_string()).env("JURY_SEEDS", self.seeds);
        // A snapshot that differs is a verdict, not a new file.
        program.env("INSTA_UPDATE", "no").env("RUST_TEST_THREADS", "1");
        program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = program.spawn().with_context(|| self.program.display().to_string())?;
        let end = Instant::now() + self.usual * SLOWER + PATIENCE;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(if status.success() { Verdict::Missed } else { Verdict::Caught });
            }
            if Instant::now() > end {
                child.kill()?;
                child.wait()?;
                return Ok(Verdict::Timeout);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
