//! Parties as child processes: the protocol, and whatever a child can do wrong. The children are
//! shells, so that nothing has to be installed. The examples are run by `examples/process/check`.
#![cfg(unix)]

use reversim::drive::process::{Player, ProcessError, Troupe};
use reversim::fault::{Fault, When};
use reversim::history::{History, What};
use reversim::party::Party;
use reversim::run::Run;
use reversim::scenario::Scenario;
use reversim::search::explore::flow;
use reversim_models::device::Output;
use reversim_models::record::Record;
use std::path::Path;
use std::process::{Command, Output as Ended};
use std::time::{Duration, Instant};

const SWITCH: Party = Party::switch(1);

/// A switch that answers every line with nothing at all.
const SILENT: &str = "while read -r line; do echo '{}'; done";

fn quoted(script: &str) -> String {
    format!("sh -c '{}'", script.replace('\'', r"'\''"))
}

fn troupe(script: &str) -> Troupe {
    let player = Player::new(SWITCH, &quoted(script)).expect("a shell is a command");
    Troupe::new(vec![player], Duration::from_secs(10))
}

fn sale() -> Scenario {
    flow("sale").expect("it is a flow")
}

fn logs(history: &History) -> Vec<String> {
    let texts = history.entries.iter().filter_map(|entry| match &entry.what {
        What::Told { output: Output::Log(text), .. } if entry.party == SWITCH => Some(text),
        _ => None,
    });
    texts.cloned().collect()
}

fn records(run: &Run) -> usize {
    let is_own = |what: &What| matches!(what, What::Recorded(Record::Own(_)));
    run.history.entries.iter().filter(|entry| is_own(&entry.what)).count()
}

fn wrong(script: &str) -> ProcessError {
    let player = Player::new(SWITCH, &quoted(script)).expect("a shell is a command");
    let troupe = Troupe::new(vec![player], Duration::from_millis(300));
    let error = troupe.run(&sale()).expect_err("it is no party");
    assert_eq!((error.party, troupe.trouble().as_ref()), (SWITCH, Some(&error)));
    error
}

/// Power of the switch fails twice.
fn cut_twice() -> Scenario {
    let cut = |ms| Fault::PowerCut { party: SWITCH, at: When::AtMs(ms), down_ms: 50, torn: false };
    Scenario { faults: vec![cut(100), cut(300)], ..sale() }
}

#[test]
fn a_child_that_does_nothing_is_a_party_that_does_nothing() {
    let run = troupe(SILENT).run(&sale()).expect("it keeps to the protocol");
    assert_eq!(run.history.setting.foreign, [SWITCH]);
    assert_eq!(run.violation(), None);
    let sent = |what: &What| matches!(what, What::Sent { .. });
    assert!(!run.history.entries.iter().any(|e| e.party == SWITCH && sent(&e.what)));
}

#[test]
fn what_a_child_recorded_comes_back_after_every_loss_of_power() {
    let script = r#"
        while read -r line; do
            case $line in
            *'"event":"started"'*)
                journal=${line##*'"journal":['}; journal=${journal%%]*}
                log=$(echo "[$journal] $lost" | tr -d '"')
                echo '{"actions":[{"do":"record","own":"c0de"},{"do":"log","text":"'$log'"}]}'
                ;;
            *'"event":"power_loss"'*) lost="lost$lost"; echo '{}' ;;
            *'"event":"reset"'*) lost=; echo '{}' ;;
            *) echo '{}' ;;
            esac
        done"#;
    let troupe = troupe(script);
    for _ in 0..3 {
        let run = troupe.run(&cut_twice()).expect("it keeps to the protocol");
        assert!(run.idle_faults.is_empty());
        assert_eq!(logs(&run.history), ["[] ", "[c0de] lost", "[c0de,c0de] lostlost"]);
        assert_eq!(records(&run), 3);
    }
}

#[test]
fn reset_says_who_is_played_and_what_is_behind_each_port() {
    let script = r#"
        while read -r line; do
            case $line in
            *'"event":"reset"'*)
                for word in '"protocol":1' '"party":"switch-1"' '"role":"switch"' \
                    '"terminal":"22003001"' '"mac_algorithm":"x9.19"' '"saf_retry_us":'; do
                    case $line in *"$word"*) ;; *) echo "no $word in $line" >&2; exit 9 ;; esac
                done ;;
            esac
            echo '{}'
        done"#;
    troupe(script).run(&sale()).expect("everything is in it");
}

#[test]
fn a_child_that_remembers_another_run_is_an_error_that_shows_the_answer() {
    let script = r#"
        n=0
        while read -r line; do
            n=$((n + 1))
            case $line in
            *'"event":"reset"'*) echo '{}' ;;
            *) echo '{"actions":[{"do":"log","text":"'$n'"}]}' ;;
            esac
        done"#;
    let error = troupe(script).run(&sale()).expect_err("it forgot nothing");
    let text = error.to_string();
    assert!(text.contains("is not deterministic: line 2 of the run, "), "{text}");
    assert!(text.contains(r#""text":"2""#) && text.contains("after a reset"), "{text}");
}

#[test]
fn a_child_that_answers_otherwise_than_its_like_is_found_by_a_new_one() {
    let script = r#"
        while read -r line; do
            case $line in
            *'"event":"reset"'*) echo '{}' ;;
            *) echo '{"actions":[{"do":"log","text":"'$$'"}]}' ;;
            esac
        done"#;
    let troupe = troupe(script);
    troupe.run(&sale()).expect("one child says the same twice");
    let error = troupe.examine(&sale()).expect_err("its process is in the answer");
    assert!(error.to_string().contains("and by another child"), "{error}");
}

#[test]
fn actions_that_lead_nowhere_do_no_harm() {
    let script = r#"
        while read -r line; do
            case $line in
            *'"event":"link_up"'*)
                link=${line##*'"link":'}; link=${link%%[!0-9]*}
                echo '{"actions":[{"do":"send","link":'$link',"frame":"00"},
                    {"do":"send","link":4000000000,"frame":""},{"do":"disconnect","link":77},
                    {"do":"connect","port":65535},{"do":"send","link":'$link',"frame":""}],
                    "deadline":0}' | tr -d '\n'
                echo ;;
            *) echo '{}' ;;
            esac
        done"#;
    let run = troupe(script).run(&cut_twice()).expect("it keeps to the protocol");
    assert!(run.counts.messages > 0);
}

#[test]
fn whatever_a_child_does_wrong_is_one_sentence_with_its_name_and_the_line() {
    for (script, sentence) in [
        ("exit 3", "ended (exit status: 3); line 1 of the run was {\"event\":\"reset\""),
        ("read -r line; echo '{}'; read -r line; exit 0", "ended (exit status: 0); line 2 of"),
        (
            "read -r line; echo '{}'; read -r line; exec >&-; sleep 60",
            "closed its standard output; line 2 of",
        ),
        ("read -r line; echo hello; cat", "gave no answer of the protocol: expected value"),
        ("read -r line; echo '{\"x\":1}'; cat", "unknown field `x`"),
        (r"read -r line; printf '{}\n{}\n'; sleep 60", "said more than one line: `{}`"),
        ("read -r line; echo '{\"deadline\":1}'; cat", "wants something done before it has"),
        ("read -r line; printf '{'; cat >/dev/null", "did not answer within 300 ms; line 1 of"),
        ("sleep 60", "did not answer within 300 ms; line 1 of"),
        ("read -r line; cat /dev/zero", "no line ends in 1048576 bytes"),
        ("yes", "said more than one line"),
        (&telling("{}"), "does not tell its books, as it said it would; line"),
        (
            "read -r line; echo '{\"books\":[]}'; cat",
            "says `books`, which nobody asked for; line 1 of",
        ),
        (
            "read -r line; echo '{}'; read -r line; echo '{\"tells_books\":true}'; cat",
            "says `tells_books`, which nobody asked for; line 2 of",
        ),
        (
            &telling(
                r#"{"books":[{"card":"6224210000000010","amount":1},{"card":"-","amount":1}]}"#,
            ),
            "tells what is no book: line 2 of it: `card` is not 8 to 19 digits; line",
        ),
    ] {
        let begun = Instant::now();
        let text = wrong(script).to_string();
        let is_named = text.starts_with("switch-1 (`sh -c ") && !text.contains('\n');
        assert!(is_named && text.contains(sentence), "{script}: {text}");
        assert!(begun.elapsed() < Duration::from_secs(30), "{script}");
    }
}

/// A party that does nothing, and answers this when it is asked for its books.
fn telling(answer: &str) -> String {
    [
        "while read -r line; do case $line in *'\"reset\"'*) echo '{\"tells_books\":true}' ;;",
        &format!("*'\"books\"'*) echo '{answer}' ;; *) echo '{{}}' ;; esac; done"),
    ]
    .join(" ")
}

#[test]
fn what_a_child_tells_of_its_books_is_compared_with_what_terminals_have() {
    for (books, sentence) in [
        ("", None),
        (
            r#"{"card":"6224210000000010","amount":10000,"reference":"053010000001"}"#,
            Some("have 100.00 taken on card 622421******0010 under reference 053010000001"),
        ),
    ] {
        let script = telling(&format!(r#"{{"books":[{books}]}}"#));
        let run = troupe(&script).run(&sale()).expect("it is no error");
        let violation = run.violation().map(|violation| violation.sentence.as_str());
        match sentence {
            None => assert_eq!(violation, None),
            Some(sentence) => {
                assert!(violation.is_some_and(|v| v.contains(sentence)), "{violation:?}")
            }
        }
    }
}

#[test]
fn a_child_that_wakes_for_ever_is_stopped() {
    let script = r#"
        while read -r line; do
            case $line in
            *'"event":"reset"'*) echo '{}' ;;
            *) echo '{"deadline":0}' ;;
            esac
        done"#;
    let text = wrong(script).to_string();
    assert!(text.contains("was asked 100000 times in one run, and has no end"), "{text}");
}

fn reversim(place: &Path, words: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reversim"));
    command.args(words).current_dir(place).env("NO_COLOR", "1");
    command.output().expect("the binary starts")
}

#[test]
fn the_status_says_who_is_to_blame() {
    let place = tempfile::tempdir().expect("a directory for the test");
    let silent = format!("switch-1={}", quoted(SILENT));
    let crash = format!("switch-1={}", quoted("read -r line; echo '{}'; exit 1"));
    for (words, status, said) in [
        (&["--party", "switch-1=no-such-program"][..], 64, "does not start: No such file"),
        (&["--party", "switch-1="], 64, "the command of switch-1 is empty"),
        (&["--party", "switch-1"], 64, "write PARTY=COMMAND"),
        (&["--party", "terminal-1=cat"], 64, "terminal-1 cannot be a child process"),
        (&["--party", &silent, "--party", &silent], 64, "--party names switch-1 twice"),
        (&["--party", &crash], 70, "repeat it with: reversim replay reversim-cases/unfinished"),
        (&["--party", &silent], 0, ""),
    ] {
        for command in [&["explore", "sale"][..], &["search", "--seeds", "0..64"]] {
            let ended = reversim(place.path(), &[command, words].concat());
            let error = String::from_utf8_lossy(&ended.stderr);
            let is_silent = status == 0 && command[0] == "search";
            if !is_silent {
                assert_eq!(ended.status.code(), Some(status), "{command:?} {words:?}: {error}");
            }
            assert!(error.contains(said), "{command:?} {words:?}: {error}");
            assert!(!error.contains("panic"), "{error}");
        }
    }
}

#[test]
fn the_command_that_repeats_a_run_names_its_parties() {
    let place = tempfile::tempdir().expect("a directory for the test");
    let party = format!("switch-1={}", quoted(SILENT));
    let words = ["replay", "ST01-inquiry-after-a-lost-answer", "--party", &party];
    let ended = reversim(place.path(), &words);
    let text = String::from_utf8_lossy(&ended.stdout);
    let repeat = text.lines().find_map(|line| line.strip_prefix("repeat   reversim "));
    let repeat = repeat.expect("it says how to repeat it");
    let line = format!("{} {repeat}", env!("CARGO_BIN_EXE_reversim"));
    let again = Command::new("sh").args(["-c", &line]).current_dir(place.path()).output();
    assert_eq!(again.expect("a shell").stdout, ended.stdout);
}
