//! One build with many mutants in it: takes out what does not compile, one refusal of the compiler
//! after the other. Not what the tests say of the build.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::mutant::Mutant;
use crate::place::place;

/// The crate that is changed, and what it asks whether a mutant is on.
const ROOT: &str = "models/lib.rs";
const QUESTION: &str = include_str!("question.rs.txt");

/// Compiler runs at most. Each takes out at least one mutant; most take out dozens.
const ATTEMPTS_MAX: usize = 60;

/// What the compiler calls a match that an arm is missing from.
const NOT_EXHAUSTIVE: &str = "E0004";

/// A tree of sources that mutants are written into.
pub(crate) struct Build<'a> {
    tree: &'a Path,
    /// By number, from one: nought is nobody.
    mutants: BTreeMap<usize, &'a Mutant>,
    /// Sources as they were, by file.
    sources: BTreeMap<String, String>,
}

impl<'a> Build<'a> {
    /// `tree` is a copy of the project that belongs to nobody else.
    pub(crate) fn new(tree: &'a Path, mutants: &'a [Mutant]) -> Result<Build<'a>> {
        let mut sources = BTreeMap::new();
        for file in mutants.iter().map(|mutant| &mutant.file) {
            let read = || fs::read_to_string(tree.join(file)).with_context(|| file.clone());
            if !sources.contains_key(file) {
                sources.insert(file.clone(), read()?);
            }
        }
        let root = fs::read_to_string(tree.join(ROOT)).context(ROOT)?;
        sources.entry(ROOT.to_owned()).or_insert(root);
        let mutants = mutants.iter().enumerate().map(|(n, mutant)| (n + 1, mutant)).collect();
        Ok(Build { tree, mutants, sources })
    }

    /// Leaves in the tree what compiles, and says which mutants that are.
    pub(crate) fn settle(&mut self) -> Result<BTreeSet<usize>> {
        for _ in 0..ATTEMPTS_MAX {
            let placed = self.write()?;
            let blamed = self.blamed()?;
            eprintln!("{} mutants in one build, {} refused", placed.len(), blamed.len());
            if blamed.is_empty() {
                return Ok(placed);
            }
            self.mutants.retain(|number, _| placed.contains(number) && !blamed.contains(number));
        }
        bail!("the build does not settle")
    }

    fn write(&self) -> Result<BTreeSet<usize>> {
        let mut all = BTreeSet::new();
        for (file, source) in &self.sources {
            let of_file = |(_, mutant): &(&usize, &&Mutant)| mutant.file == *file;
            let here: Vec<(usize, &Mutant)> =
                self.mutants.iter().filter(of_file).map(|(n, mutant)| (*n, *mutant)).collect();
            let (mut text, placed) = place(source, &here).with_context(|| file.clone())?;
            if file == ROOT {
                text.insert_str(end_of_inner(&text), QUESTION);
            }
            fs::write(self.tree.join(file), text).with_context(|| file.clone())?;
            all.extend(placed);
        }
        Ok(all)
    }

    /// Whom the compiler complains about.
    fn blamed(&self) -> Result<BTreeSet<usize>> {
        let mut cargo = cargo(self.tree);
        cargo.args(["check", "-p", "reversim-models", "--message-format=json", "--quiet"]);
        let output = cargo.stderr(Stdio::null()).output().context("cargo check")?;
        let mut blamed = BTreeSet::new();
        let mut texts: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
        for message in messages(&output.stdout, "compiler-message") {
            let message = &message["message"];
            if message["level"] != "error" {
                continue;
            }
            let is_above = message["code"]["code"] == NOT_EXHAUSTIVE;
            for span in message["spans"].as_array().into_iter().flatten() {
                let file = self.tree.join(span["file_name"].as_str().unwrap_or_default());
                let Ok(text) = fs::read_to_string(&file) else { continue };
                let lines =
                    texts.entry(file).or_insert_with(|| text.lines().map(str::to_owned).collect());
                let line = |key: &str| span[key].as_u64().and_then(|n| usize::try_from(n).ok());
                let (Some(first), Some(last)) = (line("line_start"), line("line_end")) else {
                    continue;
                };
                blamed.extend(nearest(lines, first, last, is_above));
            }
        }
        if blamed.is_empty() && !output.status.success() {
            bail!("the compiler refuses, and blames no mutant: {}", self.tree.display());
        }
        Ok(blamed)
    }
}

/// Who is asked about in these lines, or nearest to them. An arm that is not there is missed at the
/// head of its match, above it; what else does not fit is noticed below the question.
fn nearest(lines: &[String], first: usize, last: usize, is_above: bool) -> BTreeSet<usize> {
    let asked = |line: &String| -> Vec<usize> {
        let after = line.split("mutant::on(").skip(1);
        after.filter_map(|text| text.split("usize").next()?.parse().ok()).collect()
    };
    let (above, rest) = lines.split_at((first - 1).min(lines.len()));
    let (within, below) = rest.split_at((last + 1 - first).min(rest.len()));
    let within: BTreeSet<usize> = within.iter().flat_map(asked).collect();
    if !within.is_empty() {
        return within;
    }
    let mut above = above.iter().rev().map(asked).filter(|found| !found.is_empty());
    let mut below = below.iter().map(asked).filter(|found| !found.is_empty());
    let found = if is_above {
        below.next().or_else(|| above.next())
    } else {
        above.next().or_else(|| below.next())
    };
    found.into_iter().flatten().collect()
}

/// Where the items of a file begin, behind what is said about the whole of it.
fn end_of_inner(text: &str) -> usize {
    let about = |line: &&str| line.starts_with("//!") || line.starts_with("#![");
    text.split_inclusive('\n').take_while(about).map(str::len).sum()
}

/// Cargo in this tree, with the profile in which tests are asked.
pub(crate) fn cargo(tree: &Path) -> Command {
    let mut cargo = Command::new("cargo");
    // What is worked out by the compiler and what is asked at run time are told apart by an
    // intrinsic that has no stable name.
    cargo.current_dir(tree).env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "--cap-lints=allow");
    cargo
}

/// What cargo says with this reason.
pub(crate) fn messages(stdout: &[u8], reason: &str) -> Vec<Value> {
    let lines = stdout.split(|byte| *byte == b'\n');
    let read = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    read.filter(|message| message["reason"] == reason).collect()
}
