//! The rules of the house, read off the source: who may import whom, and how long things may grow.
//!
//! Cargo and clippy hold what they can (models has no runtime; see `models/clippy.toml`). This test
//! holds the rest. It knows nothing of what the code does.

use std::fs;
use std::path::{Path, PathBuf};

const COLUMNS_MAX: usize = 100;
const FILE_LINES_MAX: usize = 500;
const PARTIES: [&str; 4] = ["terminal", "switch", "issuer", "clearing"];
const FUNCTION_LINES_MAX: usize = 70;

/// Every Rust file of the project, with its text, by its path from the root.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "models", "tests", "examples", "fuzz/fuzz_targets", "benches"] {
        collect(&root.join(folder), &mut files);
    }
    assert!(files.len() > 30, "the walk found only {} files", files.len());
    let named = files.into_iter().map(|path| {
        let text = fs::read_to_string(&path).expect("a listed file is readable");
        let name = path.strip_prefix(root).expect("it was found under the root");
        (name.to_string_lossy().into_owned(), text)
    });
    named.collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Fails with every place that breaks a rule, not only the first.
fn none(rule: &str, places: Vec<String>) {
    assert!(places.is_empty(), "{rule}:\n  {}", places.join("\n  "));
}

/// Lines of code that mention one of the words, outside comments.
fn mentions<'a>(name: &str, text: &'a str, words: &'a [&str]) -> impl Iterator<Item = String> {
    let hits = text.lines().enumerate().filter_map(move |(i, line)| {
        let code = line.split("//").next().unwrap_or_default();
        let word = words.iter().find(|word| code.contains(**word))?;
        Some(format!("line {} says `{word}`", i + 1))
    });
    hits.map(|hit| format!("{name} {hit}")).collect::<Vec<_>>().into_iter()
}

#[test]
fn every_file_says_what_it_is() {
    let silent = sources().into_iter().filter(|(_, text)| !text.starts_with("//!"));
    none("a file opens with //!", silent.map(|(name, _)| name).collect());
}

#[test]
fn files_and_lines_stay_readable() {
    let mut places = Vec::new();
    for (name, text) in sources() {
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            places.push(format!("{name} has {lines} lines"));
        }
        for (i, line) in text.lines().enumerate() {
            if line.chars().count() > COLUMNS_MAX && !line.contains("http") {
                places.push(format!("{name}:{} is {} columns wide", i + 1, line.chars().count()));
            }
        }
    }
    none("at most 500 lines a file and 100 columns a line", places);
}

#[test]
fn functions_fit_on_a_screen() {
    let mut places = Vec::new();
    for (name, text) in sources() {
        let lines: Vec<&str> = text.lines().collect();
        for (start, line) in lines.iter().enumerate() {
            let code = line.trim_start();
            let indent = &line[..line.len() - code.len()];
            let is_function = ["fn ", "pub fn ", "const fn ", "pub const fn ", "pub(", "async fn "]
                .iter()
                .any(|word| code.starts_with(word))
                && code.contains("fn ");
            if !is_function || code.ends_with([';', '}']) {
                continue;
            }
            let end = format!("{indent}}}");
            let length = lines[start..].iter().position(|l| *l == end).unwrap_or(0) + 1;
            if length > FUNCTION_LINES_MAX {
                places.push(format!("{name}:{} has {length} lines", start + 1));
            }
        }
    }
    none("at most 70 lines a function", places);
}

#[test]
fn parties_never_import_each_other() {
    let mut places = Vec::new();
    for (name, text) in sources() {
        for party in PARTIES {
            let inside = format!("models/{party}");
            if name.starts_with(&format!("{inside}/")) || name == format!("{inside}.rs") {
                let others: Vec<String> = PARTIES
                    .iter()
                    .filter(|other| **other != party)
                    .map(|other| format!("crate::{other}"))
                    .collect();
                let words: Vec<&str> = others.iter().map(String::as_str).collect();
                places.extend(mentions(&name, &text, &words));
            }
        }
    }
    none("a party knows the others only by their bytes", places);
}

#[test]
fn judges_see_nothing_but_the_history() {
    let words = [
        "crate::sim",
        "crate::stage",
        "crate::drive",
        "crate::scenario",
        "crate::run",
        "crate::search",
        "crate::fault",
        "crate::generate",
        "crate::cli",
        "reversim_models::terminal",
        "reversim_models::switch",
        "reversim_models::issuer",
        "reversim_models::clearing",
        "reversim_models::defect",
    ];
    let judges = sources().into_iter().filter(|(name, _)| {
        name.starts_with("src/invariant") || name == "src/mark.rs" || name.starts_with("src/mark/")
    });
    let places = judges.flat_map(|(name, text)| mentions(&name, &text, &words).collect::<Vec<_>>());
    none("invariants and marks are folds over the history", places.collect());
}

#[test]
fn scenarios_and_faults_know_no_world() {
    let words =
        ["crate::sim", "crate::stage", "crate::drive", "crate::run", "crate::search", "crate::cli"];
    let values = sources().into_iter().filter(|(name, _)| {
        ["src/scenario.rs", "src/fault.rs", "src/party.rs"].contains(&&name[..])
    });
    let places = values.flat_map(|(name, text)| mentions(&name, &text, &words).collect::<Vec<_>>());
    none("a scenario is a value", places.collect());
}

#[test]
fn only_the_command_line_reads_and_writes() {
    let words = ["println!", "eprintln!", "print!(", "std::fs", "std::env", "std::process"];
    let library = sources().into_iter().filter(|(name, _)| {
        // What drives a party that is somewhere else talks to processes and sockets: that is all it
        // does. It prints nothing, and no other part of the library may know how it does it.
        let is_shell = ["src/cli", "src/main.rs", "src/file", "src/exit.rs", "src/drive"]
            .iter()
            .any(|shell| name.starts_with(shell));
        name.starts_with("src/") && !is_shell
    });
    let places =
        library.flat_map(|(name, text)| mentions(&name, &text, &words).collect::<Vec<_>>());
    none("the library does no input and no output", places.collect());
    let drivers = sources().into_iter().filter(|(name, _)| name.starts_with("src/drive"));
    let words = ["println!", "eprintln!", "print!(", "std::fs", "std::env"];
    let places =
        drivers.flat_map(|(name, text)| mentions(&name, &text, &words).collect::<Vec<_>>());
    none("drivers talk to parties, and to nobody else", places.collect());
}

#[test]
fn nothing_that_judges_or_searches_asks_which_defect_is_planted() {
    let words = ["Defect::", "defects.has"];
    let places = sources()
        .into_iter()
        .filter(|(name, _)| {
            name.starts_with("src/invariant")
                || name.starts_with("src/search")
                || name.starts_with("src/generate")
        })
        .flat_map(|(name, text)| mentions(&name, &text, &words).collect::<Vec<_>>());
    none("a defect is found by what it does", places.collect());
}

#[test]
fn lints_are_expected_with_a_reason_never_allowed() {
    let hidden = concat!("#[", "allow(");
    let inner = concat!("#![", "allow(");
    let places = sources()
        .into_iter()
        .flat_map(|(name, text)| mentions(&name, &text, &[hidden, inner]).collect::<Vec<_>>());
    none("use #[expect(lint, reason = \"...\")]", places.collect());
}
