//! What `replay` writes beside its text: a page and a capture. Not what is in them.

use std::fs;
use std::process::Command;

#[test]
fn a_replay_leaves_a_page_and_a_capture_and_overwrites_neither() {
    let place = tempfile::tempdir().expect("a directory for the test");
    let at = |name: &str| place.path().join(name);
    let status = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reversim"));
        command.arg("replay").args(words).current_dir(place.path());
        command.output().expect("the binary starts").status.code()
    };
    let words = ["ST02", "--html", "run.html", "--unmask", "--pcap", "run.pcap"];
    assert_eq!(status(&words), Some(0));
    let html = fs::read_to_string(at("run.html")).expect("a page");
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>"));
    assert!(html.contains("6224210000000010"), "as asked for");
    let bytes = fs::read(at("run.pcap")).expect("a capture");
    assert_eq!(bytes[..4], [0x0A, 0x0D, 0x0D, 0x0A], "the section header of pcapng");
    assert_eq!(status(&words), Some(74));
    assert_eq!(status(&["ST01", "--unmask", "--pcap", "run.pcap"]), Some(74));
    assert_eq!(fs::read(at("run.pcap")).expect("still there"), bytes);
    // Both or neither.
    assert_eq!(status(&["ST02", "--unmask", "--html", "new.html", "--pcap", "run.pcap"]), Some(74));
    assert!(!at("new.html").exists());
    // Card numbers in clear are never written without being asked for.
    assert_eq!(status(&["ST02", "--pcap", "other.pcap"]), Some(64));
    assert!(!at("other.pcap").exists());
    assert_eq!(status(&["ST02", "--html", "masked.html"]), Some(0));
    let masked = fs::read_to_string(at("masked.html")).expect("a page");
    assert!(masked.contains("622421******0010") && !masked.contains("6224210000000010"));
    assert_eq!(status(&["ST02", "--html", "no/such/place.html"]), Some(74));
}
