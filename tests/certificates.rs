//! Certificates on the command line: made, killed and gone on with, checked, and refused.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;
use tempfile::TempDir;

fn place() -> TempDir {
    tempfile::tempdir().expect("a directory for the test")
}

fn command(place: &Path, words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reversim"));
    command.args(words.split(' ')).current_dir(place).env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

fn output(place: &Path, words: &str) -> Output {
    command(place, words).output().expect("the binary starts")
}

/// What is printed, and the status.
fn said(place: &Path, words: &str) -> (String, Option<i32>) {
    let output = output(place, words);
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&text).into_owned(), output.status.code())
}

/// The JSON on the standard output without its times.
fn timeless(bytes: &[u8]) -> Value {
    let mut document: Value = serde_json::from_slice(bytes).expect("one document");
    let documents = match &mut document {
        Value::Array(several) => several.iter_mut().collect(),
        one => vec![one],
    };
    for document in documents {
        let times = document.as_object_mut().and_then(|fields| fields.remove("elapsed_seconds"));
        assert!(times.is_some());
    }
    document
}

/// Killed in the middle, again and again, and started again: the same certificates, byte by byte.
#[test]
fn what_is_killed_goes_on_to_the_same_certificate() {
    const WORDS: &str = "explore sale echo --faults 2 --alphabet core --format json";
    let (calm, rough) = (place(), place());
    let whole = timeless(&output(calm.path(), WORDS).stdout);
    let words = format!("{WORDS} --resume progress.json");
    let file = rough.path().join("progress.json");
    let mut seen = Vec::new();
    for millis in [30, 60, 90, 200, 400] {
        let mut child = command(rough.path(), &words);
        let mut child =
            child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary starts");
        sleep(Duration::from_millis(millis));
        child.kill().expect("it can be killed");
        child.wait().expect("it was ours");
        if let Ok(bytes) = fs::read(&file) {
            let progress: Value = serde_json::from_slice(&bytes).expect("it is always whole");
            seen.push(progress);
        }
    }
    assert!(!seen.is_empty(), "it keeps its place from the beginning");
    assert_eq!(timeless(&output(rough.path(), &words).stdout), whole);
    // Once more: everything is done, and said again.
    assert_eq!(timeless(&output(rough.path(), &words).stdout), whole);
    let (text, status) = said(rough.path(), "explore sale --faults 1 --resume progress.json");
    assert_eq!(status, Some(64));
    assert!(text.contains("progress.json cannot be gone on from"), "{text}");
}

#[test]
fn a_certificate_is_confirmed_by_making_it_again_and_refuted_if_anything_differs() {
    let place = place();
    let made =
        output(place.path(), "explore sign-on sale --faults 1 --format json --policy pin=false");
    fs::write(place.path().join("a.json"), &made.stdout).expect("the file can be written");
    let (text, status) = said(place.path(), "explore --check a.json");
    assert_eq!(status, Some(0), "{text}");
    assert!(
        text.starts_with("sign-on, pin=false: the certificate holds, made again in "),
        "{text}"
    );
    let mut forged: Value = serde_json::from_slice(&made.stdout).expect("one document");
    forged[1]["runs"] = 7.into();
    fs::write(place.path().join("b.json"), forged.to_string()).expect("the file can be written");
    let (text, status) = said(place.path(), "explore --check b.json");
    assert_eq!(status, Some(1));
    assert!(text.contains("sale, pin=false: the certificate does not hold: runs was 7"), "{text}");
    fs::write(place.path().join("c.json"), "{\"runs\": 1}").expect("the file can be written");
    let (text, status) = said(place.path(), "explore --check c.json");
    let expected = "error: c.json is not a certificate; `reversim explore --format json` prints \
                    one\n";
    assert_eq!((text.as_str(), status), (expected, Some(64)));
}

#[test]
fn a_wrong_policy_or_progress_file_is_bad_input() {
    let place = place();
    let (text, status) = said(place.path(), "explore sale --policy saf-atempts=1");
    let expected = "error: saf-atempts=1: there is no key `saf-atempts` in `policy`; did you mean \
                    `saf-attempts`?\n";
    assert_eq!((text.as_str(), status), (expected, Some(64)));
    fs::write(place.path().join("notes.txt"), "mine").expect("the file can be written");
    let (text, status) = said(place.path(), "explore sale --resume notes.txt");
    assert_eq!(status, Some(64));
    assert!(text.contains("name another file"), "{text}");
    let kept = fs::read(place.path().join("notes.txt")).expect("it is there");
    assert_eq!(kept, b"mine", "what is not ours stays as it is");
    fs::write(place.path().join("none.json"), "[]").expect("the file can be written");
    let (text, status) = said(place.path(), "explore --check none.json");
    assert_eq!(status, Some(64));
    assert!(text.contains("holds no certificate"), "{text}");
    let (_, status) = said(place.path(), "explore sign-on --faults 1 --resume done.json");
    assert_eq!(status, Some(0));
    let done = fs::read_to_string(place.path().join("done.json")).expect("it is there");
    let other = done.replacen("\"build\": \"", "\"build\": \"other-", 1);
    assert_ne!(other, done);
    fs::write(place.path().join("done.json"), other).expect("it can be written");
    let (text, status) = said(place.path(), "explore sign-on --faults 1 --resume done.json");
    assert_eq!(status, Some(64));
    assert!(text.contains("this is build"), "{text}");
}

/// Not read without end, not gone on from, and left as it is.
#[test]
fn a_damaged_progress_file_or_a_device_is_refused_and_left_alone() {
    let place = place();
    let words = "explore sign-on --faults 1 --resume done.json";
    assert_eq!(said(place.path(), words).1, Some(0));
    let file = place.path().join("done.json");
    let done = fs::read_to_string(&file).expect("it is there");
    let damaged = done.replacen("\"violating_runs\": 0", "\"violating_runs\": 1", 1);
    assert_ne!(damaged, done);
    fs::write(&file, &damaged).expect("it can be written");
    let (text, status) = said(place.path(), words);
    let expected = "error: done.json was damaged: its digest is not that of its text; name another \
                    file, or remove this one\n";
    assert_eq!((text.as_str(), status), (expected, Some(64)));
    assert_eq!(fs::read_to_string(&file).expect("it is there"), damaged);
    for device in ["/dev/full", "/dev/zero", "."] {
        let words = format!("explore sign-on --faults 1 --resume {device}");
        let (text, status) = said(place.path(), &words);
        assert_eq!(status, Some(64), "{text}");
        assert!(text.contains("is no regular file"), "{text}");
    }
}

/// The directory goes away while it runs: the certificate is made and printed all the same.
#[test]
fn progress_that_cannot_be_written_any_more_does_not_throw_the_exploration_away() {
    let place = place();
    fs::create_dir(place.path().join("gone")).expect("it can be made");
    let words = "explore sale+sale --faults 2 --jobs 1 --resume gone/progress.json";
    let mut child = command(place.path(), words);
    let child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.expect("the binary starts");
    let file = place.path().join("gone/progress.json");
    while !file.exists() {
        sleep(Duration::from_millis(1));
    }
    fs::rename(place.path().join("gone"), place.path().join("elsewhere")).expect("it can be moved");
    let output = child.wait_with_output().expect("it ends");
    let (text, errors) = [output.stdout, output.stderr]
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .into();
    assert_eq!(output.status.code(), Some(74), "{errors}");
    assert!(text.contains("holds in every run"), "{text}");
    assert_eq!(errors.matches("the exploration goes on without it").count(), 1, "{errors}");
}

#[test]
fn a_policy_is_set_once() {
    let place = place();
    let words = "explore sale --policy saf-max=1 --policy policy.saf-max=2";
    let expected = "error: --policy sets `saf-max` twice; set it once\n";
    assert_eq!(said(place.path(), words), (expected.to_owned(), Some(64)));
}

/// What is taken over from the flow without its weak peer is part of the certificate, which can be
/// made again in full.
#[test]
fn what_is_taken_over_beside_weak_peers_is_confirmed_in_full() {
    let place = place();
    let words = "explore sale --faults 1 --weak-peers --format json";
    let made = output(place.path(), words).stdout;
    let whole = timeless(&output(place.path(), &format!("{words} --in-full")).stdout);
    let pruned = timeless(&made);
    let pairs = pruned.as_array().into_iter().flatten().zip(whole.as_array().into_iter().flatten());
    let mut taken_over = 0;
    for (pruned, whole) in pairs {
        for fact in ["flow", "placements", "idle", "violating_runs", "digest"] {
            assert_eq!(pruned[fact], whole[fact], "{pruned:#}");
        }
        let number = |value: &Value| value.as_u64().expect("it is a number");
        let count = number(&pruned["pruned"]["policy-not-asked"]);
        assert_eq!(number(&pruned["runs"]) + count, number(&whole["runs"]));
        taken_over += count;
    }
    assert!(taken_over > 1_000, "{taken_over}");
    fs::write(place.path().join("a.json"), &made).expect("the file can be written");
    let (text, status) = said(place.path(), "explore --check a.json");
    assert_eq!(status, Some(0), "{text}");
}

#[test]
fn beside_every_weak_peer_there_is_a_certificate_of_its_own() {
    let place = place();
    let words = "explore sign-on --faults 1 --alphabet full --weak-peers --format json";
    let all = timeless(&output(place.path(), words).stdout);
    let all = all.as_array().expect("one for each");
    assert_eq!(all.len(), reversim::generate::WEAK_PEERS.len());
    let clean = |document: &&Value| document["violating_runs"] == 0;
    let broken: Vec<&Value> = all.iter().filter(|document| !clean(document)).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}
