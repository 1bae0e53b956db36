//! Shards of a search, killed for real at any moment and run again: nothing is lost, nothing counts
//! twice, and together they say to the byte what one machine says alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SEEDS: &str = "0..1300";

fn place() -> TempDir {
    tempfile::tempdir().expect("a directory for the test")
}

fn reversim(place: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reversim"));
    command.args(words).current_dir(place).env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

fn ends(place: &Path, words: &[&str]) -> Output {
    reversim(place, words).output().expect("the binary starts")
}

fn status(output: &Output) -> i32 {
    output.status.code().expect("it was not killed")
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

/// A shard of the campaign of these tests: a defect that is found in many runs.
fn shard<'a>(shard: &'a str, out: &'a str) -> Vec<&'a str> {
    let mut words = vec!["search", "--seeds", SEEDS, "--defect", "T01", "--keep-going"];
    words.extend(["--jobs", "2", "--shard", shard, "--out", out]);
    words
}

/// Every file below a directory, hidden ones left out, by its path.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).expect("it is a directory") {
        let entry = entry.expect("a listed entry has a name");
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() {
            let below = files(&entry.path());
            found.extend(below.into_iter().map(|(path, bytes)| (format!("{name}/{path}"), bytes)));
        } else if !name.starts_with('.') {
            found.insert(name, fs::read(entry.path()).expect("a listed file is readable"));
        }
    }
    found
}

fn blocks(out: &Path) -> usize {
    let entries = fs::read_dir(out.join("blocks")).into_iter().flatten().flatten();
    entries.filter(|entry| !entry.file_name().to_string_lossy().starts_with('.')).count()
}

/// Starts a shard and kills it when it has written this many blocks more, or `after` a while.
fn kill(place: &Path, words: &[&str], out: &str, more: usize, after: Duration) -> bool {
    let out = place.join(out);
    let wanted = blocks(&out) + more;
    let mut child = reversim(place, words)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let begun = Instant::now();
    while begun.elapsed() < after && blocks(&out) < wanted {
        if child.try_wait().expect("it is our child").is_some() {
            return false;
        }
        sleep(Duration::from_millis(1));
    }
    // SIGKILL: nothing of it gets a chance to clean up.
    child.kill().expect("it is our child");
    let status = child.wait().expect("it is our child");
    status.code().is_none()
}

#[test]
fn four_shards_with_one_killed_again_and_again_add_up_to_the_search_of_one_machine() {
    let place = place();
    let place = place.path();
    assert_eq!(status(&ends(place, &shard("1/1", "whole"))), 1);
    for number in ["1", "3", "4"] {
        assert_eq!(status(&ends(place, &shard(&format!("{number}/4"), number))), 1);
    }
    let words = shard("2/4", "2");
    let mut kills = 0;
    for moment in 0..6 {
        let after = Duration::from_millis(3 + 11 * moment);
        kills += u32::from(kill(place, &words, "2", usize::MAX / 2, after));
    }
    for more in [1, 1, 2] {
        kills += u32::from(kill(place, &words, "2", more, Duration::from_secs(20)));
    }
    assert!(kills >= 4, "only {kills} were killed before they ended by themselves");
    let before = files(&place.join("2/blocks"));
    assert_eq!(status(&ends(place, &words)), 1);
    let after = files(&place.join("2/blocks"));
    assert!(before.iter().all(|(name, bytes)| after.get(name) == Some(bytes)), "nothing is lost");

    assert_eq!(status(&ends(place, &["merge", "whole", "--out", "one"])), 1);
    assert_eq!(status(&ends(place, &["merge", "4", "2", "1", "3", "2", "--out", "four"])), 1);
    let (one, four) = (files(&place.join("one")), files(&place.join("four")));
    assert_eq!(one.keys().collect::<Vec<_>>(), four.keys().collect::<Vec<_>>());
    assert!(one == four, "the same names, and other bytes");
    assert_eq!(blocks(&place.join("one")), blocks(&place.join("whole")));

    // A union of unions is the union, and a merge that was killed leaves nothing in the way.
    assert_eq!(status(&ends(place, &["merge", "1", "2", "--out", "left"])), 1);
    let mut killed = reversim(place, &["merge", "3", "4", "left", "--out", "both"]);
    let killed = killed.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    killed.expect("the binary starts").kill().expect("it is our child");
    sleep(Duration::from_millis(50));
    let _ = fs::remove_dir_all(place.join("both"));
    assert_eq!(status(&ends(place, &["merge", "3", "4", "left", "--out", "both"])), 1);
    assert!(files(&place.join("both")) == one);
}

#[test]
fn shards_that_stop_at_a_find_add_up_to_a_search_that_stops_at_it() {
    let place = place();
    let place = place.path();
    let search = |part: &str, out: &str| {
        let words = ["search", "--seeds", "0..4000", "--defect", "T03", "--shard", part];
        status(&ends(place, &[&words[..], &["--out", out]].concat()))
    };
    assert_eq!(search("1/1", "whole"), 1);
    let statuses = [search("1/2", "1"), search("2/2", "2")];
    assert!(statuses.contains(&1));
    assert_eq!(status(&ends(place, &["merge", "whole", "--out", "one"])), 1);
    assert_eq!(status(&ends(place, &["merge", "1", "2", "--out", "two"])), 1);
    assert!(files(&place.join("one")) == files(&place.join("two")));
}

#[test]
fn a_missing_shard_is_named_by_its_seeds_and_the_verdict_is_unknown() {
    let place = place();
    let place = place.path();
    let search = |part| ["search", "--seeds", "0..130", "--shard", part, "--out", part];
    for part in ["1/3", "3/3"] {
        fs::create_dir_all(place.join(part)).expect("it can be made");
        assert_eq!(status(&ends(place, &search(part))), 0);
    }
    let merged = ends(place, &["merge", "1/3", "3/3", "--out", "m"]);
    assert_eq!(status(&merged), 2);
    let told = String::from_utf8_lossy(&merged.stdout).into_owned();
    assert!(told.contains("34 seeds not searched: 32..64, 128..130"), "{told}");
    assert!(complaint(&merged).contains("run their shards again"), "{}", complaint(&merged));
    let statistics = fs::read(place.join("m/statistics.json")).expect("it was written");
    let value: serde_json::Value = serde_json::from_slice(&statistics).expect("it is JSON");
    assert_eq!(value["missing_seeds"], serde_json::json!([[32, 64], [128, 130]]));
    assert!(value.get("elapsed_seconds").is_none(), "no times");
    assert_eq!(status(&ends(place, &search("2/3"))), 0);
    assert_eq!(status(&ends(place, &["merge", "m", "2/3", "--out", "all"])), 0);
}

#[test]
fn what_is_not_one_campaign_is_never_added_up() {
    let place = place();
    let place = place.path();
    let search = |out: &str, more: &[&str]| {
        let words = ["search", "--seeds", "0..40", "--keep-going", "--out", out];
        ends(place, &[&words[..], more].concat())
    };
    search("a", &[]);
    for (out, more, difference) in [
        ("b", &["--profile", "day"][..], "profile mix, profile day"),
        ("c", &["--defect", "T01"], "no planted defect, planted T01"),
    ] {
        search(out, more);
        let merged = ends(place, &["merge", "a", out, "--out", "m"]);
        assert_eq!(status(&merged), 64);
        let expected =
            format!("error: a and {out} are parts of different campaigns ({difference})");
        assert_eq!(complaint(&merged), expected);
        assert!(!place.join("m").exists());
        let refused = search("a", more);
        assert_eq!(status(&refused), 64);
        assert!(complaint(&refused).contains("a holds another campaign"));
    }
    let text = fs::read_to_string(place.join("a/campaign.json")).expect("it is there");
    let build = text.lines().find(|line| line.contains("\"build\"")).expect("it names the build");
    let other = text.replace(build, "  \"build\": \"0000000000000000\",");
    fs::write(place.join("a/campaign.json"), other).expect("it can be written");
    let merged = ends(place, &["merge", "a", "--out", "m"]);
    assert_eq!(status(&merged), 64);
    assert!(complaint(&merged).contains("was searched by another build"), "{}", complaint(&merged));
    let merged = ends(place, &["merge", "a/blocks", "--out", "m"]);
    assert_eq!(status(&merged), 64);
    assert!(complaint(&merged).contains("a/blocks is not a campaign"), "{}", complaint(&merged));
    let merged = ends(place, &["merge", "b", "--out", "c"]);
    assert_eq!(status(&merged), 64);
    assert!(complaint(&merged).contains("c is there already"), "{}", complaint(&merged));
}

#[test]
fn a_block_that_was_tampered_with_is_named() {
    let place = place();
    let place = place.path();
    ends(place, &["search", "--seeds", "0..40", "--out", "a"]);
    let names = files(&place.join("a/blocks"));
    let (name, bytes) = names.first_key_value().expect("there are two blocks");
    let cut = &bytes[..bytes.len() / 2];
    fs::write(place.join("a/blocks").join(name), cut).expect("it can be written");
    for words in [&["merge", "a", "--out", "m"][..], &["search", "--seeds", "0..40", "--out", "a"]]
    {
        let output = ends(place, words);
        assert_eq!(status(&output), 64);
        let sentence = complaint(&output);
        assert!(sentence.contains(name) && sentence.contains("run its shard again"), "{sentence}");
    }
}

#[test]
fn a_block_under_the_number_of_another_is_named_and_no_lack_of_determinism() {
    let place = place();
    let place = place.path();
    ends(place, &["search", "--seeds", "0..40", "--out", "a"]);
    let names = files(&place.join("a/blocks"));
    let (name, bytes) = names.first_key_value().expect("there are two blocks");
    let (_, digest) = name.split_once('-').expect("it has a number and a digest");
    let copy = format!("0000000007-{digest}");
    fs::write(place.join("a/blocks").join(&copy), bytes).expect("it can be written");
    let output = ends(place, &["merge", "a", "--out", "m"]);
    let expected = format!(
        "error: a/blocks/{copy} has the number of another block in its name; remove it and run its \
         shard again"
    );
    assert_eq!((complaint(&output), status(&output)), (expected, 64));
}

#[test]
fn a_shard_without_a_block_says_that_it_is_empty() {
    let place = place();
    let words = ["search", "--seeds", "0..40", "--shard", "5/8", "--out", "a"];
    let output = ends(place.path(), &words);
    let said = complaint(&output);
    assert!(said.contains("shard 5/8 is empty: the seeds make 2 blocks"), "{said}");
    assert_eq!(status(&output), 2);
}

/// Nobody counts what was never searched.
#[test]
fn a_few_blocks_of_a_huge_range_are_merged_at_once() {
    let place = place();
    let place = place.path();
    let seeds = format!("0..{}", 1u64 << 40);
    ends(place, &["search", "--seeds", &seeds, "--time", "100ms", "--out", "a"]);
    let searched = blocks(&place.join("a"));
    assert!(searched > 0);
    let begun = Instant::now();
    let merged = ends(place, &["merge", "a", "--out", "m"]);
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert_eq!(status(&merged), 2);
    assert!(complaint(&merged).contains("seeds not searched"), "{}", complaint(&merged));
    assert_eq!(blocks(&place.join("m")), searched);
}

#[test]
fn what_is_no_directory_is_no_place_for_a_campaign() {
    let place = place();
    let place = place.path();
    fs::write(place.join("file"), "mine").expect("it can be written");
    for out in ["file", "file/below"] {
        let output = ends(place, &["search", "--seeds", "0..1", "--out", out]);
        assert_eq!(status(&output), 64, "{}", complaint(&output));
    }
    assert_eq!(fs::read(place.join("file")).expect("it is there"), b"mine");
}

#[test]
fn known_failures_are_no_news_and_fixed_ones_are_put_aside() {
    let place = place();
    let place = place.path();
    let words = ["search", "--seeds", "0..230", "--defect", "T01", "--keep-going"];
    assert_eq!(status(&ends(place, &[&words[..], &["--out", "known"]].concat())), 1);
    let again = ends(place, &[&words[..], &["--known", "known", "--out", "new"]].concat());
    assert_eq!(status(&again), 0, "{}", String::from_utf8_lossy(&again.stdout));
    assert!(String::from_utf8_lossy(&again.stdout).contains("\nknown "));
    assert!(!place.join("new/cases").exists());

    // With all kinds but one forgotten, the others are news again, and that one is not.
    let kept = fs::read_dir(place.join("known/cases")).expect("there are cases");
    let mut kept: Vec<_> = kept.flatten().map(|entry| entry.path()).collect();
    kept.sort();
    let name = kept[0].file_name().expect("it has a name");
    fs::create_dir_all(place.join("few")).expect("it can be made");
    let scenario = fs::read(kept[0].join("scenario.toml")).expect("it is there");
    fs::write(place.join("few/one.toml"), scenario).expect("it can be written");
    let again = ends(place, &[&words[..], &["--known", "few", "--out", "more"]].concat());
    assert_eq!(status(&again), 1);
    let found = fs::read_dir(place.join("more/cases")).expect("there are cases").flatten();
    let found: Vec<_> = found.map(|entry| entry.file_name()).collect();
    assert!(found.len() > 3 && found.iter().all(|found| found != name));

    let cases = kept.iter().filter(|path| path.exists()).count();
    assert_eq!(status(&ends(place, &["run", "known", "--prune"])), 1, "all of them break still");
    let broken = kept.iter().find(|path| path.exists()).expect("there is more than one");
    let file = broken.join("scenario.toml");
    let fixed = fs::read_to_string(&file).expect("it is there").replace("defects = [\"T01\"]", "");
    fs::write(&file, fixed).expect("it can be written");
    let pruned = ends(place, &["run", "known", "--prune"]);
    assert!(complaint(&pruned).contains("breaks nothing any more"), "{}", complaint(&pruned));
    assert_eq!(kept.iter().filter(|path| path.exists()).count(), cases - 1);
    assert_eq!(fs::read_dir(place.join("known/.fixed")).expect("it is there").count(), 1);
    // A case whose fault finds nothing to hit any more has not been put to the test: it stays.
    let missed = kept.iter().find(|path| path.exists()).expect("there is another");
    let file = missed.join("scenario.toml");
    let idle = "\n[[fault]]\ndrop = { from = \"terminal-1\", to = \"switch-1\", mti = \"0200\", \
                step = 77 }\n";
    let text = fs::read_to_string(&file).expect("it is there").replace("defects = [\"T01\"]", "");
    fs::write(&file, text + idle).expect("it can be written");
    ends(place, &["run", "known", "--prune"]);
    assert!(missed.exists());
    // Where all cases were put aside, nothing is known, and that is no mistake.
    fs::create_dir_all(place.join("gone/.fixed")).expect("it can be made");
    let known = ["search", "--seeds", "0..32", "--known", "gone"];
    assert_eq!(status(&ends(place, &known)), 0);
    let refused = ends(place, &["run", "ST01", "--prune"]);
    assert_eq!(status(&refused), 64);
}
