//! Asks a jury of tests about many mutants of one build, of which a number switches one on: minutes
//! where one build a mutant takes hours. Not who draws the sample: `mutants/run` does, and has
//! cargo-mutants ask about what does not fit into this build.
//!
//!     reversim-mutants TREE LIST VERDICTS TEST…
//!
//! TREE is a copy of the project to write into; LIST what `cargo mutants --list --json` said of it;
//! VERDICTS a file with a verdict and a mutant a line, of which those that are `open` are asked.

mod build;
mod jury;
mod mutant;
mod place;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, thread};

use anyhow::{Context, Result, bail};

use build::Build;
use jury::{Jury, Verdict};
use mutant::Mutant;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [tree, list, verdicts, tests @ ..] = &arguments[..] else {
        bail!("say TREE LIST VERDICTS TEST…");
    };
    let listed = Mutant::listed(&fs::read_to_string(list).with_context(|| list.clone())?)?;
    let file = Verdicts::read(verdicts)?;
    let open: Vec<Mutant> = listed.into_iter().filter(|m| file.is_open(&m.name)).collect();
    let tree = Path::new(tree);
    let placed: Vec<usize> = Build::new(tree, &open)?.settle()?.into_iter().collect();
    let jury = Jury::new(tree, tests)?;

    let (next, file) = (AtomicUsize::new(0), Mutex::new(file));
    let work = || -> Result<()> {
        while let Some(number) = placed.get(next.fetch_add(1, Ordering::Relaxed)) {
            let verdict = jury.ask(*number)?;
            let name = &open[number - 1].name;
            println!("{} {name}", word(verdict));
            let mut file = file.lock().map_err(|_| anyhow::anyhow!("another thread gave up"))?;
            file.write(name, verdict)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let started: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        started.into_iter().try_for_each(|thread| match thread.join() {
            Ok(result) => result,
            Err(_) => bail!("a thread panicked"),
        })
    })
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Caught => "caught",
        Verdict::Timeout => "timeout",
        Verdict::Missed => "missed",
    }
}

/// The file of verdicts, written anew after each.
struct Verdicts {
    path: String,
    lines: Vec<String>,
    /// Where an open mutant stands.
    open: BTreeMap<String, usize>,
}

impl Verdicts {
    fn read(path: &str) -> Result<Verdicts> {
        let text = fs::read_to_string(path).with_context(|| path.to_owned())?;
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let open = lines.iter().enumerate();
        let open = open.filter_map(|(n, line)| Some((line.strip_prefix("open ")?.to_owned(), n)));
        Ok(Verdicts { path: path.to_owned(), open: open.collect(), lines })
    }

    fn is_open(&self, name: &str) -> bool {
        self.open.contains_key(name)
    }

    fn write(&mut self, name: &str, verdict: Verdict) -> Result<()> {
        if let Some(line) = self.open.remove(name) {
            self.lines[line] = format!("{} {name}", word(verdict));
        }
        let beside = format!("{}.new", self.path);
        fs::write(&beside, self.lines.join("\n") + "\n").with_context(|| beside.clone())?;
        fs::rename(&beside, &self.path).with_context(|| self.path.clone())
    }
}
