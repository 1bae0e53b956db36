//! The launchers say nothing that the program does not know: flags, statuses and numbers agree.
//!
//! Whether the files are valid for their engines is for `launchers/validate` to say, which needs
//! validators from a package registry.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("launchers").join(name);
    fs::read_to_string(path).expect("the file is part of the project")
}

fn help(verb: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_reversim")).args([verb, "--help"]).output();
    String::from_utf8(output.expect("the binary starts").stdout).expect("help is text")
}

/// The flags of every call of `reversim <verb>`, until the command ends.
fn flags(text: &str, verb: &str) -> BTreeSet<String> {
    let joined = text.replace("\\\n", " ");
    // In the manifest a command goes on over lines of its block.
    let joined = joined.replace("\n              --", " --");
    let calls = joined.split(['\n', '|', ';', '&']).filter(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_call = |pair: &[&str]| {
            pair[1] == verb && (pair[0].ends_with("reversim") || pair[0].contains("REVERSIM"))
        };
        words.windows(2).any(is_call)
    });
    let words = calls.flat_map(str::split_whitespace).filter(|word| word.starts_with("--"));
    words.map(|word| word.trim_matches(['"', '`', ',', '.']).to_owned()).collect()
}

#[test]
fn every_flag_of_a_launcher_is_one_of_the_program() {
    let files = ["kubernetes.yaml", "slurm.sh", "github/pull-request.yml", "github/nightly.yml"];
    let mut seen = 0;
    for verb in ["search", "merge", "run"] {
        let help = help(verb);
        for file in files {
            for flag in flags(&text(file), verb) {
                assert!(help.contains(&flag), "{file} calls {verb} {flag}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 20, "only {seen} flags were found");
}

/// The value after `key:` in the manifest.
fn value(manifest: &str, key: &str) -> String {
    let lines: Vec<&str> = manifest.lines().collect();
    let found = lines.iter().find_map(|line| line.trim().strip_prefix(key));
    found.unwrap_or_else(|| panic!("there is a {key}")).trim().to_owned()
}

#[test]
fn the_job_has_one_index_a_shard_and_a_find_in_one_stops_no_other() {
    let manifest = text("kubernetes.yaml");
    let shards =
        value(&manifest.replace("- name: SHARDS\n              value: ", "shards: "), "shards:");
    let shards = shards.trim_matches('"').to_owned();
    for key in ["completions:", "parallelism:", "maxFailedIndexes:"] {
        assert_eq!(value(&manifest, key), shards, "{key}");
    }
    assert_eq!(value(&manifest, "completionMode:"), "Indexed");
    assert_eq!(value(&manifest, "restartPolicy:"), "Never", "a failure policy requires it");
    assert!(manifest.contains("$((JOB_COMPLETION_INDEX + 1))"), "shards are counted from 1");
}

#[test]
fn no_launcher_tries_again_what_a_retry_cannot_change() {
    let manifest = text("kubernetes.yaml");
    assert_eq!(value(&manifest, "- action:"), "FailIndex", "the first rule that matches decides");
    assert_eq!(value(&manifest, "values:"), "[1, 2, 64]");
    assert!(text("slurm.sh").contains("0 | 1 | 2 | 64) exit \"$status\""));
    let directory = tempfile::tempdir().expect("a directory for the test");
    for (words, status) in [
        (&["search", "--defect", "T01", "--seeds", "0..3000"][..], 1),
        (&["search", "--sedes", "0..1"], 64),
        (&["search", "--seeds", "0..1", "--out", "/proc/campaign"], 74),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reversim"));
        let output = command.args(words).current_dir(directory.path()).output();
        assert_eq!(output.expect("the binary starts").status.code(), Some(status), "{words:?}");
    }
}
