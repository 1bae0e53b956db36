//! `reversim live` around a system under test that is another process: `reversim serve`, healthy
//! and with a planted mistake. Not about systems that misbehave on the wire.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const REVERSIM: &str = env!("CARGO_BIN_EXE_reversim");

/// The answer to the sale comes damaged: nobody behind the switch knows whether it was approved.
const CASE: &str = r#"
version = 1
step = [
  { id = 1, party = "terminal-1", do = "sign-on" },
  { id = 2, party = "terminal-1", do = { sale = { amount = 10000, card = 1 } } },
]
[[fault]]
[fault.corrupt]
on = { from = "issuer-1", to = "switch-1", mti = "0210", step = 2 }
damage = "mac"
"#;

/// A switch that only logs a late or doubtful approval.
const MISTAKEN: &str = r#"
version = 1
defects = ["W02"]
step = [{ id = 1, party = "terminal-1", do = "sign-on" }]
"#;

fn free_ports() -> [u16; 2] {
    let open = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    let listeners = [open(), open()];
    listeners.map(|listener| listener.local_addr().expect("it has an address").port())
}

/// Runs a case, or a flow, around the switch of a scenario.
fn live(directory: &Path, what: &[&str], switch: &str) -> Output {
    let [terminal, issuer] = free_ports();
    let start = format!(
        "exec '{REVERSIM}' serve switch --scenario {switch} --listen 127.0.0.1:{terminal} \
         --connect 127.0.0.1:{issuer}"
    );
    Command::new(REVERSIM)
        .current_dir(directory)
        .arg("live")
        .args(what)
        .args(["--system", "switch-1", "--start", &start])
        .args(["--connect", &format!("127.0.0.1:{terminal}")])
        .args(["--listen", &format!("issuer-1=127.0.0.1:{issuer}")])
        .output()
        .expect("it runs")
}

fn files() -> TempDir {
    let directory = TempDir::new().expect("there is room");
    for (name, text) in [("case.toml", CASE), ("mistaken.toml", MISTAKEN)] {
        std::fs::write(directory.path().join(name), text).expect("there is room");
    }
    directory
}

#[test]
fn a_case_holds_around_a_healthy_switch_and_breaks_around_a_mistaken_one() {
    let directory = files();
    let healthy = live(directory.path(), &["case.toml", "--once"], "sale");
    let text = String::from_utf8_lossy(&healthy.stdout);
    assert_eq!(healthy.status.code(), Some(0), "{text}");
    assert!(text.contains("0420"), "it was taken back: {text}");
    let mistaken = live(directory.path(), &["case.toml", "--once"], "mistaken.toml");
    let text = String::from_utf8_lossy(&mistaken.stdout);
    assert_eq!(mistaken.status.code(), Some(1), "{text}");
    assert!(text.contains("VIOLATED no-unreversed-debit"), "{text}");
}

#[test]
fn a_search_writes_the_case_that_breaks_a_mistaken_switch_and_how_to_repeat_it() {
    let directory = files();
    // The damage is in every run, so that the first run finds it: what is searched for in time is
    // no matter of a test.
    let found =
        live(directory.path(), &["case.toml", "--runs", "3", "--out", "found"], "mistaken.toml");
    let text = String::from_utf8_lossy(&found.stdout);
    assert_eq!(found.status.code(), Some(1), "{text}");
    assert!(text.contains("it breaks 5 of 5 times"), "{text}");
    let case = directory.path().join("found/no-unreversed-debit.toml");
    assert!(case.exists(), "{text}");
    assert!(
        text.contains("repeat   reversim live found/no-unreversed-debit.toml --once"),
        "{text}"
    );
}

#[test]
fn power_of_the_system_fails_where_a_case_says_so() {
    let directory = files();
    let cut = CASE.split("[[fault]]").next().expect("it has a beginning").to_owned()
        + r#"
[[fault]]
[fault.power-cut]
party = "switch-1"
down-ms = 20000
at = { action = { party = "switch-1", side = "before", action = "send 0210", step = 2 } }
"#;
    std::fs::write(directory.path().join("cut.toml"), cut).expect("there is room");
    let run = live(directory.path(), &["cut.toml", "--once"], "sale");
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(text.contains("! fault 1: ") && !text.contains("\nidle"), "{text}");
    assert!(!text.contains("[APPROVED"), "the answer never left the switch: {text}");
}

#[test]
fn an_address_that_is_missing_is_asked_for_by_name() {
    let run = Command::new(REVERSIM).args(["live", "--connect", "127.0.0.1:1"]).output();
    let run = run.expect("it runs");
    assert_eq!(run.status.code(), Some(64));
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(said.contains("add --listen issuer-1=127.0.0.1:PORT"), "{said}");
}
