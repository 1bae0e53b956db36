//! What a line alone tells of a run: written, read back, judged without the parties' records.

use reversim::file::recording::{Head, parse_recording, render_recording};
use reversim::generate::{Profile, scenario};
use reversim::history::{History, What};
use reversim::party::Party;
use reversim::report::capture::capture;
use reversim::report::ladder::ladder;
use reversim::report::table::wrap;
use reversim::verdict::Verdict;

/// What somebody sees who stands between these two.
fn seen_between(history: &History, a: Party, b: Party) -> History {
    let mut seen = History::default();
    let mut places = vec![None; history.entries.len()];
    let is_between = |x: Party, y: Party| (x, y) == (a, b) || (x, y) == (b, a);
    for (index, entry) in history.entries.iter().enumerate() {
        let mut what = entry.what.clone();
        let is_seen = match &mut what {
            What::Sent { to, .. } => is_between(entry.party, *to),
            What::Delivered { from, sent, .. } if is_between(*from, entry.party) => {
                places[*sent].map(|place| *sent = place).is_some()
            }
            What::Lost { to, sent } => {
                let place = places[*sent].filter(|_| [a, b].contains(to));
                place.map(|place| *sent = place).is_some()
            }
            What::LinkUp { peer, .. } | What::LinkDown { peer, .. } => {
                is_between(entry.party, *peer)
            }
            _ => false,
        };
        if is_seen {
            let none = reversim_models::node::Ticket::NONE;
            places[index] = Some(seen.push(entry.at, entry.party, none, what));
        }
    }
    seen
}

#[test]
fn what_is_recorded_is_read_back_as_it_was() {
    for seed in 0..60 {
        let run = reversim::run(&scenario(Profile::default(), seed));
        let (a, b) = (Party::terminal(1), Party::switch(1));
        let seen = seen_between(&run.history, a, b);
        let text = render_recording(&Head::new("test", vec![a, b]), &seen);
        let read = parse_recording("x", text.as_bytes()).expect("it was just written");
        assert_eq!(read.history.entries, seen.entries, "seed {seed}");
        assert_eq!(ladder(&read.history), ladder(&seen), "seed {seed}");
    }
}

#[test]
fn a_recording_begins_when_its_head_says_and_a_capture_of_it_has_that_time() {
    for (start, seconds) in [("2026-05-30 10:00:00", 1_780_135_200), ("", 0)] {
        let head = Head { start: start.to_owned(), ..Head::new("test", Vec::new()) };
        let run = reversim::run(&scenario(Profile::default(), 1));
        let text = render_recording(&head, &run.history);
        let read = parse_recording("x", text.as_bytes()).expect("it was just written").history;
        assert_eq!(read.setting.start.0, seconds * 1_000_000, "{start}");
        assert!(capture(&read).is_ok(), "{start}");
    }
}

#[test]
fn nobody_is_accused_by_what_the_line_alone_shows() {
    let mut checked = 0;
    for seed in 0..400 {
        let run = reversim::run(&scenario(Profile::default(), seed));
        assert_eq!(run.violation(), None, "seed {seed}");
        for (a, b) in [
            (Party::terminal(1), Party::switch(1)),
            (Party::switch(1), Party::issuer(1)),
            (Party::switch(1), Party::switch(2)),
        ] {
            let seen = seen_between(&run.history, a, b);
            let text = render_recording(&Head::new("test", vec![a, b]), &seen);
            let read = parse_recording("x", text.as_bytes()).expect("it was just written");
            for finding in reversim::judge(&read.history) {
                match finding.verdict {
                    Verdict::Violated(violation) => panic!("seed {seed}, {a} to {b}: {violation}"),
                    Verdict::Holds { checked: count } => checked += count,
                    Verdict::Unknown { .. } => {}
                }
            }
        }
    }
    assert!(checked > 1_000, "only {checked} cases were checked");
}

#[test]
fn an_advice_that_does_not_say_it_is_a_repeat_is_seen_on_the_line_alone() {
    let profile = Profile::default();
    let (a, b) = (Party::switch(1), Party::issuer(1));
    let is_seen = (0..400).any(|seed| {
        let mut scenario = scenario(profile, seed);
        scenario.defects = vec!["W10".to_owned()];
        let seen = seen_between(&reversim::run(&scenario).history, a, b);
        let text = render_recording(&Head::new("test", vec![a, b]), &seen);
        let read = parse_recording("x", text.as_bytes()).expect("it was just written");
        reversim::judge(&read.history).iter().any(|finding| {
            finding.name == "repeat-says-so" && matches!(finding.verdict, Verdict::Violated(_))
        })
    });
    assert!(is_seen);
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_line() {
    let head = r#"{"reversim-history":1,"by":"x","foreign":["terminal-1","switch-1"]}"#;
    let sent = [
        r#"{"at":1,"party":"terminal-1","what":{"sent":{"message":1,"link":1,"to":"switch-1","#,
        r#""dialect":"unionpay-like-pos","hex":"00"}}}"#,
    ];
    let sent = sent.concat();
    let delivered = [
        r#"{"at":2,"party":"switch-1","what":{"delivered":{"message":1,"link":1,"#,
        r#""from":"terminal-1","part":[0,9]}}}"#,
    ];
    let delivered = delivered.concat();
    let says =
        |text: &str| parse_recording("h", text.as_bytes()).expect_err("it is wrong").to_string();
    let line = |line: &str| says(&format!("{head}\n{line}\n"));
    let all = [
        says(""),
        says("version = 1\n"),
        says(&head.replace(":1,", ":2,")),
        line("{\"at\":1}"),
        line(&sent.replace("\"00\"", "\"0x\"")),
        line(&sent.replace("-pos", "-pot")),
        line(&sent.replace("switch-1", "bank-1")),
        line(&format!("{sent}\n{sent}")),
        line(r#"{"at":1,"party":"switch-1","what":{"lost":{"message":7,"to":"switch-1"}}}"#),
        says(&format!("{head}\n{}", &sent[..40])),
        says(&head.replace("\"foreign\"", "\"start\":\"yesterday\",\"foreign\"")),
        line(&sent.replace("\"at\":1,", "\"at\":18446744073709551615,")),
        line(&format!("{sent}\n{delivered}")),
    ];
    let all: Vec<String> = all.iter().map(|error| wrap(error, 88, 86).join("\n  ")).collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    h: the file is empty; a recorded history begins with a line {"reversim-history":1,…}
    h:1: this is no entry of a history: expected value
    h:1: `reversim-history` is 2, but this build reads version 1; take a newer build
    h:2: this is no entry of a history: missing field `party`
    h:2: `hex`: these are not bytes in hexadecimal digits
    h:2: `dialect`: there is no dialect `unionpay-like-pot`; known are unionpay-like-pos,
      unionpay-like-network
    h:2: this is no entry of a history: `bank-1` is not a party: write terminal-N, switch-N,
      issuer-N or clearing-N, with N from 1 to 255
    h:3: `message`: two messages have the number 1
    h:2: `message`: no message 7 was written before
    h:2: this is no entry of a history: EOF while parsing a string; the file ends here: it
      may have been cut off
    h:1: `start`: "yesterday" is no moment; write it as 2026-05-30 10:00:00, or leave it out
    h:2: `at`: 18446744073709551615 microseconds are more than 290 years
    h:3: `part`: bytes 0 to 9 are no part of a frame of 1 bytes
    "#);
}
