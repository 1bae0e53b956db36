//! `reversim live` around a system under test that is another process: `reversim serve`, healthy
//! and with a planted mistake. Not about systems that misbehave on the wire.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;
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
    live_with(directory, what, switch, |serve| format!("exec {serve}"))
}

/// The same with a shell around the switch.
fn live_with(
    directory: &Path,
    what: &[&str],
    switch: &str,
    start: impl Fn(&str) -> String,
) -> Output {
    command(directory, what, switch, start).output().expect("it runs")
}

fn command(
    directory: &Path,
    what: &[&str],
    switch: &str,
    start: impl Fn(&str) -> String,
) -> Command {
    let [terminal, issuer] = free_ports();
    let start = start(&format!(
        "'{REVERSIM}' serve switch --scenario {switch} --listen 127.0.0.1:{terminal} \
         --connect 127.0.0.1:{issuer}"
    ));
    let mut command = Command::new(REVERSIM);
    command
        .current_dir(directory)
        .arg("live")
        .args(what)
        .args(["--system", "switch-1", "--start", &start])
        .args(["--connect", &format!("127.0.0.1:{terminal}")])
        .args(["--listen", &format!("issuer-1=127.0.0.1:{issuer}")]);
    command
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
fn a_system_that_ends_by_itself_is_no_system_that_holds_and_its_case_is_kept() {
    let directory = files();
    // Long after it has begun to serve, and long before the sale.
    let case = CASE.replace("card = 1 } } },", "card = 1 } }, at-ms = 300000 },");
    let case = case.split("[[fault]]").next().expect("it has a beginning");
    std::fs::write(directory.path().join("late.toml"), case).expect("there is room");
    let run = live_with(directory.path(), &["late.toml", "--out", "found"], "sale", |serve| {
        format!("{serve} & sleep 2; kill $!; exit 3")
    });
    let said = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(2), "{said}");
    assert!(said.contains("switch-1 ended by itself: exit status: 3; repeat it with: "), "{said}");
    assert!(said.contains("reversim live found/ended.toml --once"), "{said}");
    assert!(directory.path().join("found/ended.toml").exists());
}

#[test]
#[cfg(unix)]
fn an_interrupt_leaves_no_system_behind() {
    let signal = |signal: &str, process: &str| {
        let sent = Command::new("kill").args([signal, process]).output();
        sent.expect("there is a kill").status.success()
    };
    let directory = files();
    let of_system = directory.path().join("process");
    let mut command = command(directory.path(), &["sale"], "sale", |serve| {
        format!("echo $$ > begun; mv begun process; exec {serve}")
    });
    let mut live = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs");
    while !of_system.exists() {
        assert!(live.try_wait().expect("it is our child").is_none(), "it ended too soon");
        sleep(Duration::from_millis(20));
    }
    let system = std::fs::read_to_string(&of_system).expect("it is written at once");
    assert!(signal("-INT", &live.id().to_string()));
    assert_eq!(live.wait().expect("it is our child").code(), Some(130));
    // Who has lost its parent is buried by somebody else, some time.
    let is_gone = || !signal("-0", system.trim()) || is_zombie(system.trim());
    let waited = (0..100).find(|_| {
        sleep(Duration::from_millis(50));
        is_gone()
    });
    assert!(waited.is_some(), "the system outlives who started it");
}

/// Whether a process is over and only its status is still to be asked for.
#[cfg(unix)]
fn is_zombie(process: &str) -> bool {
    let told = Command::new("ps").args(["-o", "stat=", "-p", process]).output();
    told.is_ok_and(|told| told.stdout.trim_ascii().starts_with(b"Z"))
}

#[test]
fn the_books_of_a_system_are_read_and_compared() {
    let directory = files();
    let with_books = |books: &str| {
        let what = ["sale", "--once", "--books", books];
        let run = live(directory.path(), &what, "sale");
        let said = String::from_utf8_lossy(&[run.stdout, run.stderr].concat()).into_owned();
        (run.status.code(), said)
    };
    let (status, said) = with_books(r#"echo '{"card": "6224210000000010", "amount": 10000}'"#);
    assert_eq!(status, Some(0), "{said}");
    let row = said.lines().find(|line| line.contains("own-books-agree"));
    assert!(row.is_some_and(|row| row.contains("holds")), "{said}");
    let (status, said) = with_books(r"printf 'card,amount\n6224210000000010,20000\n'");
    assert_eq!(status, Some(1), "{said}");
    let sentence = "the books of switch-1 have 200.00 taken on card 622421******0010, but \
                    terminals have 100.00 taken on record";
    assert!(said.contains(sentence), "{said}");
    let (status, said) = with_books("echo card; echo 6224210000000010");
    assert_eq!(status, Some(64), "{said}");
    assert!(said.contains("prints: line 1: the header names no column `amount`"), "{said}");
    let (status, said) = with_books("exit 7");
    assert_eq!(status, Some(64), "{said}");
    assert!(said.contains("the books command `exit 7` failed: exit status: 7"), "{said}");
}

#[test]
fn an_address_that_is_missing_is_asked_for_by_name() {
    let run = Command::new(REVERSIM).args(["live", "--connect", "127.0.0.1:1"]).output();
    let run = run.expect("it runs");
    assert_eq!(run.status.code(), Some(64));
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(said.contains("add --listen issuer-1=127.0.0.1:PORT"), "{said}");
}
