//! The command as a user meets it, between two ends over real sockets.

use super::*;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

fn place() -> TempDir {
    tempfile::tempdir().expect("a directory for the test")
}

fn reversim(place: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reversim"));
    command.args(words).current_dir(place).env("NO_COLOR", "1").env("LC_ALL", "C");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn ended(place: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    seen(reversim(place, words).output().expect("it starts"))
}

fn seen(output: Output) -> (Option<i32>, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it writes text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Somebody who sends back what he reads.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut writes = stream.try_clone().expect("a second handle");
            std::thread::spawn(move || std::io::copy(&mut { stream }, &mut writes));
        }
    });
    address
}

/// A proxy that listens, and where.
fn begun(place: &Path, more: &[&str]) -> (Child, BufReader<std::process::ChildStderr>, String) {
    let to = echo().to_string();
    let words = ["proxy", "--listen", "127.0.0.1:0", "--to", &to, "--dialect", "pos"];
    let mut child = reversim(place, &[&words[..], more].concat()).spawn().expect("it starts");
    let mut log = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut line = String::new();
    log.read_line(&mut line).expect("it says where it listens");
    let rest = line.strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}"));
    let address = rest.split(' ').next().unwrap_or_default().to_owned();
    (child, log, address)
}

/// Sends a message and hears it come back.
fn talk(address: &str) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.write_all(&frame(Mti::FINANCIAL_REQUEST, 1)).expect("it is open");
    stream.shutdown(Shutdown::Write).expect("it is open");
    let mut back = Vec::new();
    stream.read_to_end(&mut back).expect("it comes back");
    assert_eq!(back, frame(Mti::FINANCIAL_REQUEST, 1));
}

/// Ctrl-C, and what is seen after it.
fn stopped(child: Child, mut log: impl Read) -> (Option<i32>, String, String) {
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("there is a kill").success());
    let mut said = String::new();
    log.read_to_string(&mut said).expect("it writes text");
    let (code, out, _) = seen(child.wait_with_output().expect("it ends"));
    (code, out, said)
}

#[test]
fn a_session_ends_with_its_history_whole_and_replay_shows_it() {
    let place = place();
    let (child, log, address) = begun(place.path(), &["--out", "day.jsonl"]);
    talk(&address);
    // A connection that is open when it ends.
    let open = TcpStream::connect(&address).expect("it listens");
    assert!(!place.path().join("day.jsonl").exists());
    let (code, out, said) = stopped(child, log);
    drop(open);
    assert_eq!(code, Some(0), "{out}{said}");
    assert!(out.contains("messages: 1 from switch-1, 1 from terminal-1; 0 lost"), "{out}");
    assert!(out.contains("reversim replay day.jsonl"), "{out}");
    assert!(said.contains("connection 1: closed by both ends"), "{said}");
    let files = std::fs::read_dir(place.path()).expect("it is there").count();
    assert_eq!(files, 1, "nothing half-written is left");
    let (code, out, _) = ended(place.path(), &["replay", "day.jsonl"]);
    assert!(out.contains("day.jsonl: recorded by proxy, 20"), "{out}");
    assert!(out.contains("- 0200 500.01 000001 -"), "{out}");
    assert!(!out.contains("no-unreversed-debit  holds"), "{out}");
    // An echo answers a request with a request: nothing that any claim judges.
    assert!(code == Some(0) || code == Some(2), "{out}");
    let (_, out, _) = ended(place.path(), &["replay", "day.jsonl", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&out).expect("one document");
    assert_eq!(document["by"], "proxy");
}

#[test]
fn an_entry_that_did_not_happen_is_reported_with_exit_2() {
    let place = place();
    let script = "version = 1\n[[fault]]\ndrop = { from = \"switch-1\", to = \"terminal-1\", \
                  mti = \"0210\" }\n";
    std::fs::write(place.path().join("s.toml"), script).expect("it can be written");
    let (child, log, address) = begun(place.path(), &["--script", "s.toml", "--format", "json"]);
    talk(&address);
    let (code, out, _) = stopped(child, log);
    assert_eq!(code, Some(2), "{out}");
    let document: serde_json::Value = serde_json::from_str(&out).expect("one document");
    let idle = "1 did not happen: drop the first 0210 from switch-1 to terminal-1";
    assert_eq!(document["faults_idle"], serde_json::json!([idle]));
    assert_eq!(document["messages"]["terminal-1"], 1);
}

#[test]
fn what_cannot_be_done_is_said_in_one_sentence() {
    let place = place();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = taken.local_addr().expect("it is bound").to_string();
    let words = |more: &[&'static str]| {
        let words = ["proxy", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:9", "--dialect"];
        [&words[..], more].concat()
    };
    let script = "version = 1\n\n[[fault]]\nprinter-fault = { step = 2 }\n";
    std::fs::write(place.path().join("s.toml"), script).expect("it can be written");
    std::fs::write(place.path().join("h.jsonl"), "{\"reversim-history\":9}").expect("written");
    let cases = [
        (words(&["pos", "--script", "s.toml"]), 64, "s.toml:3: fault 1: only the simulator"),
        (words(&["pos", "--mac-key", "12"]), 64, "--mac-key: this is no key"),
        (words(&["pos", "--mac", "x9"]), 64, "--mac: `x9` is not an algorithm; did you mean"),
        (words(&["pos", "--out", "s.toml"]), 74, "cannot write s.toml: "),
        (words(&["pos", "--out", "none/h.jsonl"]), 74, "cannot write none/h.jsonl: no such"),
        (words(&["network", "--master-key", "0123456789ABCDEF"]), 64, "--master-key is for"),
        (words(&["pos", "--between", "terminal-1"]), 64, "write two parties"),
        (vec!["replay", "h.jsonl"], 64, "h.jsonl:1: `reversim-history` is 9, but this build"),
        (
            vec!["proxy", "--listen", &taken, "--to", "127.0.0.1:9", "--dialect", "pos"],
            64,
            "cannot listen on ",
        ),
    ];
    for (words, status, sentence) in cases {
        let (code, out, said) = ended(place.path(), &words);
        assert_eq!(code, Some(status), "{words:?}: {out}{said}");
        assert!(said.contains(sentence), "{words:?}: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}
