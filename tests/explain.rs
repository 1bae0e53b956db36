//! `reversim explain FILE` as a user meets it.

use insta::assert_snapshot;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// A terminal that shows DECLINED when the answer is late (a planted defect), twice unlucky: the
/// first fault alone would be healed.
const LATE: &str = "version = 1
defects = [\"T01\"]

[[step]]
id = 1
party = \"terminal-1\"
do = \"sign-on\"

[[step]]
id = 2
party = \"terminal-1\"
do = { sale = { amount = 50000, card = 1 } }

[[fault]]
duplicate = { on = { from = \"terminal-1\", to = \"switch-1\", mti = \"0200\", step = 2 } }

[[fault]]
[fault.delay]
until = { by-ms = 60000 }
on = { from = \"switch-1\", to = \"terminal-1\", mti = \"0210\", step = 2 }
";

fn with(text: &str) -> TempDir {
    let place = tempfile::tempdir().expect("a directory for the test");
    fs::write(place.path().join("late.toml"), text).expect("the file can be written");
    place
}

fn reversim(place: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reversim"));
    command.args(words).current_dir(place).env("NO_COLOR", "1");
    command.output().expect("the binary starts")
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_failure_is_explained_by_the_fault_that_sealed_it_its_nearest_pass_and_a_ticket() {
    let place = with(LATE);
    let first = reversim(place.path(), &["explain", "late.toml"]);
    assert_eq!(first.status.code(), Some(0));
    assert_eq!(told(&first), told(&reversim(place.path(), &["explain", "late.toml"])));
    assert_snapshot!(uncounted(&told(&first)));
}

/// Without the counts, which every new kind of fault changes a little.
fn uncounted(text: &str) -> String {
    let is_digit = |c: char| c.is_ascii_digit();
    let parts: Vec<&str> =
        text.split(" of 200").map(|part| part.trim_end_matches(is_digit)).collect();
    let text = parts.join("N of 200");
    let mut parts = text.split("after it ");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| format!("after it N{}", part.trim_start_matches(is_digit)));
    let text = first + &rest.collect::<String>();
    let lines = text.lines().filter(|line| !line.starts_with("runs "));
    // Columns are as wide as the counts.
    let lines = lines.map(|line| match line.contains(" N of 200 ") {
        true => line.split_whitespace().collect::<Vec<_>>().join(" "),
        false => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_document_holds_the_counts_and_the_two_sentences() {
    let place = with(LATE);
    let output = reversim(place.path(), &["explain", "late.toml", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one document");
    assert_eq!(value["invariant"], "no-unreversed-debit");
    let odds = value["odds"].as_array().expect("a list");
    assert_eq!(odds.len(), 3, "the beginning and two faults");
    let broken: Vec<u64> = odds.iter().filter_map(|odds| odds["broken"].as_u64()).collect();
    assert!(broken[2] > broken[0] + 50 && broken[2] > broken[1] + 50, "{broken:?}");
    assert!(value["sealed_by"].as_str().is_some_and(|words| words.starts_with("delay")));
    assert_eq!(value["ticket"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_fault_that_did_not_happen_is_left_out_and_hides_no_pass() {
    let idle = "
[[fault]]
drop = { from = \"switch-1\", to = \"terminal-1\", mti = \"0210\", step = 2, nth = 7 }
";
    let place = with(&format!("{LATE}{idle}"));
    let output = reversim(place.path(), &["explain", "late.toml"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("left out: fault 3"), "{said}");
    assert!(told(&output).contains("it holds"), "{}", told(&output));
    let healthy = with(&format!("{LATE}{idle}").replace("defects = [\"T01\"]", ""));
    let output = reversim(healthy.path(), &["explain", "late.toml"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(64));
    assert!(said.contains("was not all put to the test"), "{said}");
}

#[test]
fn what_breaks_nothing_is_not_explained() {
    let place = with(&LATE.replace("defects = [\"T01\"]", ""));
    let output = reversim(place.path(), &["explain", "late.toml"]);
    assert_eq!(output.status.code(), Some(64));
    let sentence = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(sentence.trim(), "error: late.toml breaks nothing: there is nothing to explain");
    let output = reversim(place.path(), &["explain", "gone.toml"]);
    assert_eq!(output.status.code(), Some(64));
}

#[test]
fn a_directory_is_not_explained_but_its_first_scenario_is_named() {
    let place = with(LATE);
    fs::create_dir(place.path().join("empty")).expect("it can be made");
    for word in [".", "./", "empty/.."] {
        let output = reversim(place.path(), &["explain", word]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(64));
        assert!(said.contains("is a directory") && said.contains("late.toml`"), "{said}");
    }
    let output = reversim(place.path(), &["explain", "empty"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        said.trim(),
        "error: empty holds no scenario; a scenario is a file that ends in .toml"
    );
}
