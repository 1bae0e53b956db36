//! The command line as a user meets it: arguments in; text, hints and an exit status out.

use insta::assert_snapshot;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A place of its own, so that names in messages are the same everywhere.
fn place() -> TempDir {
    tempfile::tempdir().expect("a directory for the test")
}

fn command(place: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reversim"));
    command.args(words).current_dir(place).env("NO_COLOR", "1").env_remove("LC_ALL");
    command.stdin(Stdio::null());
    command
}

/// Everything a user sees, in one text.
fn seen(place: &Path, words: &[&str]) -> String {
    let output = command(place, words).output().expect("the binary starts");
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    let status = output.status.code().expect("it was not killed");
    folded(&format!("{out}--- stderr\n{err}--- exit {status}"))
}

/// Long lines broken at blanks, so that a snapshot fits the page of this file.
fn folded(text: &str) -> String {
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let mut width = 0;
        for word in line.split_inclusive(' ') {
            if width > 0 && width + word.trim_end().chars().count() > 90 {
                out.truncate(out.trim_end().len());
                out.push_str("\n      ");
                width = 6;
            }
            width += word.chars().count();
            out.push_str(word);
        }
    }
    out
}

fn with_file(name: &str, text: &str) -> TempDir {
    let place = place();
    fs::write(place.path().join(name), text).expect("the file can be written");
    place
}

fn error(place: &TempDir, words: &[&str]) -> String {
    seen(place.path(), words)
}

const SALE: &str = "version = 1

[[step]]
id = 1
party = \"terminal-1\"
do = \"sign-on\"

[[step]]
id = 2
party = \"terminal-1\"
do = { sale = { amount = 50000, card = 1 } }
";

#[test]
fn a_flag_that_does_not_exist_is_bad_usage() {
    assert_snapshot!(error(&place(), &["run", "--sped"]), @r"
    --- stderr
    error: unexpected argument '--sped' found

      tip: to pass '--sped' as a value, use '-- --sped'

    Usage: reversim run [OPTIONS] [FILE|DIR|STORY]...

    For more information, try '--help'.
    --- exit 64
    ");
}

#[test]
fn words_that_are_no_seeds_times_or_defects_are_bad_usage() {
    assert_snapshot!(error(&place(), &["search", "--seeds", "9..3"]), @r"
    --- stderr
    error: invalid value '9..3' for '--seeds <A..B>': write A..B with A below B, as 0..1000,
          or A..

    For more information, try '--help'.
    --- exit 64
    ");
    assert_snapshot!(error(&place(), &["search", "--time", "30"]), @r"
    --- stderr
    error: invalid value '30' for '--time <TIME>': write a number and its unit, as 500ms, 30s,
          5m or 1h30m

    For more information, try '--help'.
    --- exit 64
    ");
    assert_snapshot!(error(&place(), &["search", "--defect", "T99"]), @r"
    --- stderr
    error: invalid value 'T99' for '--defect <ID>': there is no such defect; did you mean
          `T19`?

    For more information, try '--help'.
    --- exit 64
    ");
    assert_snapshot!(error(&place(), &["search", "--profile", "weekend"]), @r"
    --- stderr
    error: invalid value 'weekend' for '--profile <NAME>': `weekend` is not a profile: write
          counter, day, boundary, crash, concurrency, keys or mix

    For more information, try '--help'.
    --- exit 64
    ");
    assert_snapshot!(error(&place(), &["search", "--shard", "3/2"]), @r"
    --- stderr
    error: invalid value '3/2' for '--shard <I/N>': write I/N with I from 1 to N, as 2/8

    For more information, try '--help'.
    --- exit 64
    ");
    assert_snapshot!(error(&place(), &["search", "--seeds", "0.."]), @r"
    --- stderr
    error: seeds without an end need --time, as --time 30s
    --- exit 64
    ");
    assert_snapshot!(error(&place(), &["explore", "sail"]), @r"
    --- stderr
    error: there is no flow or file called `sail`; did you mean `sale`?
    --- exit 64
    ");
}

#[test]
fn help_and_version_are_no_errors() {
    for words in [&["--help"][..], &["--version"], &["search", "--help"]] {
        let output = command(place().path(), words).output().expect("the binary starts");
        assert!(output.status.success() && output.stderr.is_empty(), "{words:?}");
        assert!(!output.stdout.is_empty());
    }
}

#[test]
fn an_unknown_key_is_named_with_file_line_and_the_nearest_key() {
    let place = with_file("a.toml", "version = 1\n[topology]\ntermnals = 2\n");
    assert_snapshot!(error(&place, &["run", "a.toml"]), @r"
    --- stderr
    error: a.toml:3: unknown key `termnals` in `topology`; did you mean `terminals`?
    --- exit 64
    ");
}

#[test]
fn a_truncated_file_is_named_with_its_last_line() {
    let place = with_file("a.toml", &SALE[..SALE.len() - 30]);
    assert_snapshot!(error(&place, &["replay", "a.toml"]), @r"
    --- stderr
    error: a.toml:11: unclosed inline table, expected `}`; the file ends here: it may have
          been cut off
    --- exit 64
    ");
}

#[test]
fn a_missing_file_is_bad_input() {
    assert_snapshot!(error(&place(), &["replay", "nowhere.toml"]), @r"
    --- stderr
    error: cannot read nowhere.toml: no such file or directory; check the name
    --- exit 64
    ");
    assert_snapshot!(error(&place(), &["run", "ST04-no-papier"]), @r"
    --- stderr
    error: there is no file, directory or story called `ST04-no-papier`; did you mean
          `ST04-no-paper`?
    --- exit 64
    ");
    assert_snapshot!(error(&place(), &["shrink", "nowhere.toml"]), @r"
    --- stderr
    error: cannot read nowhere.toml: no such file or directory; check the name
    --- exit 64
    ");
}

#[test]
fn an_unknown_defect_in_a_file_brings_the_nearest_one() {
    let place = with_file("a.toml", "version = 1\ndefects = [\"time-out-is-declin\"]\n");
    assert_snapshot!(error(&place, &["run", "a.toml"]), @r"
    --- stderr
    error: a.toml:2: `defects`: there is no defect `time-out-is-declin`; did you mean `T01`?
    --- exit 64
    ");
}

#[test]
fn a_directory_without_a_scenario_is_bad_input() {
    let place = place();
    fs::create_dir(place.path().join("empty")).expect("a new directory");
    assert_snapshot!(error(&place, &["run", "empty"]), @r"
    --- stderr
    error: empty holds no scenario; a scenario is a file that ends in .toml
    --- exit 64
    ");
}

#[test]
fn a_file_that_is_not_text_is_bad_input() {
    let place = place();
    fs::write(place.path().join("a.toml"), [b'v', 0xFF, 0xFE]).expect("a new file");
    assert_snapshot!(error(&place, &["run", "a.toml"]), @r"
    --- stderr
    error: a.toml:1: this is not text in UTF-8; a scenario is a TOML text file
    --- exit 64
    ");
}

#[test]
fn bad_hexadecimal_is_bad_input() {
    assert_snapshot!(error(&place(), &["decode", "02 0g"]), @r"
    --- stderr
    error: `g` at position 5 is not a hexadecimal digit; write bytes as 0200 or 02 00
    --- exit 64
    ");
    assert_snapshot!(error(&place(), &["decode", "020"]), @r"
    --- stderr
    error: 3 hexadecimal digits are not whole bytes; one digit is missing or too many
    --- exit 64
    ");
    assert_snapshot!(error(&place(), &["decode", "--dialect", "visa", "0200"]), @r"
    --- stderr
    error: there is no dialect `visa`; known are unionpay-like-pos, unionpay-like-network
    --- exit 64
    ");
}

/// A sign-on answer on the terminal line, framed.
const MESSAGE: &str = "003E 6000000003 603100311212 \
    0810 0038000002C00010 000007 142559 0530 3030 3130303030303031 383938303030303030303030303031 \
    0011 0000000100 30";

#[test]
fn a_message_is_described_with_every_element() {
    assert_snapshot!(error(&place(), &["decode", MESSAGE]), @r"
    dialect  unionpay-like-pos
    frame    62 bytes, TPDU 6000000003, header 603100311212
    type     0810  ISO 8583:1987, network management, response, acquirer
    bitmap   0038000002C00010

      no  name                                bytes    value
      11  STAN 受卡方系统跟踪号               23..26   000007
      12  local time 受卡方所在地时间         26..29   142559
      13  local date 受卡方所在地日期         29..31   0530
      39  response code 应答码                31..33   00
          39 meaning                                   approved 成功
          39 next                                      Hand over the goods and the slip.
      41  terminal 受卡机终端标识码           33..41   10000001
      42  merchant 受卡方标识码               41..56   898000000000001
      60  type, batch, network code 自定义域  56..64   00000001003
          60.1 transaction type                        00
          60.2 batch                                   000001
          60.3 network management code                 003
    --- stderr
    --- exit 0
    ");
    assert_snapshot!(error(&place(), &["decode", "--format", "json", MESSAGE]), @r#"
    {
      "dialect": "unionpay-like-pos",
      "mti": "0810",
      "elements": {
        "11": "000007",
        "12": "142559",
        "13": "0530",
        "39": "00",
        "41": "10000001",
        "42": "898000000000001",
        "60": "00000001003"
      }
    }
    --- stderr
    --- exit 0
    "#);
}

#[test]
fn bytes_that_are_no_message_say_where_and_why() {
    let words = ["decode", "--dialect", "pos", "--format", "json", "0200 7000000000000000 16 6224"];
    assert_snapshot!(error(&place(), &words), @r#"
    {
      "error": {
        "kind": "truncated",
        "element": 2,
        "offset": 10,
        "reason": "9 bytes needed, 3 left"
      }
    }
    --- stderr
    this is not a message: element 2, byte 10: 9 bytes needed, 3 left (truncated)
    --- exit 1
    "#);
}

#[test]
fn a_message_may_come_from_the_standard_input() {
    let place = place();
    let mut child = command(place.path(), &["decode", "-", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(MESSAGE.as_bytes()).expect("the child reads");
    drop(stdin);
    let output = child.wait_with_output().expect("the child ends");
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"mti\": \"0810\""));
}

#[test]
fn a_code_is_explained_and_an_unknown_one_brings_the_nearest() {
    assert_snapshot!(error(&place(), &["explain", "T01"]), @r"
    T01 time-out-is-decline (planted defect)
      In a terminal: on time-out shows DECLINED and queues no reversal. It breaks
          no-unreversed-debit.

    example
      reversim search --defect T01 --seeds 0..10000
    --- stderr
    --- exit 0
    ");
    assert_snapshot!(error(&place(), &["explain", "a0"]), @r"
    A0 MAC error (response code)
      MAC error (MAC校验错,请重新签到). The money did not move. As the reason of a reversal (element
      39 of a 0400): the response carried a wrong MAC (应答MAC校验错).

    example
      At the till: Sign on again: the MAC key may have changed.
    --- stderr
    --- exit 0
    ");
    assert_snapshot!(error(&place(), &["explain", "pwer-cut"]), @r"
    --- stderr
    error: nothing is called `pwer-cut`; the closest are power-cut, corrupt, reset
    --- exit 64
    ");
}

#[test]
fn a_replay_shows_everything_and_is_the_same_every_time() {
    let place = with_file("sale.toml", SALE);
    let (first, second) =
        (error(&place, &["replay", "sale.toml"]), error(&place, &["replay", "sale.toml"]));
    assert_eq!(first, second);
    for part in ["\nstory\n", "\nladder\n", "\nbooks\n", "\ninvariants\n", "[APPROVED 500.00]"] {
        assert!(first.contains(part), "{part} is missing in\n{first}");
    }
    assert!(first.contains("repeat   reversim replay sale.toml"));
    assert!(!first.contains("6224210000000010"), "a card number in clear");
    let unmasked = error(&place, &["replay", "sale.toml", "--unmask"]);
    assert!(unmasked.contains("622421") && !unmasked.contains("622421******"));
}

#[test]
fn what_holds_cannot_be_shrunk() {
    let place = with_file("sale.toml", SALE);
    assert_snapshot!(error(&place, &["shrink", "sale.toml"]), @r"
    --- stderr
    error: sale.toml breaks no invariant: there is nothing to shrink
    --- exit 64
    ");
}

#[test]
fn what_a_search_finds_is_kept_replayed_and_shrunk() {
    let place = place();
    let words =
        ["search", "--defect", "t01", "--seeds", "0..500", "--out", "o", "--format", "json"];
    let output = command(place.path(), &words).output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one document");
    let found = &report["violations"][0];
    assert_eq!(found["invariant"], "no-unreversed-debit");
    let scenario = found["scenario"].as_str().expect("a path");
    let replay = found["replay"].as_str().expect("a command");
    assert_eq!(replay, format!("reversim replay {scenario}"));
    for name in ["ladder.txt", "summary.json"] {
        assert!(place.path().join(scenario).with_file_name(name).is_file(), "{name}");
    }
    let text = fs::read_to_string(place.path().join(scenario)).expect("it was written");
    assert!(text.contains("defects = [\"T01\"]"), "{text}");

    let replayed = seen(place.path(), &["replay", scenario]);
    assert!(replayed.contains("VIOLATED no-unreversed-debit"), "{replayed}");
    assert!(replayed.ends_with("exit 1"));
    assert!(seen(place.path(), &["run", scenario]).ends_with("exit 1"));

    let shrunk = seen(place.path(), &["shrink", scenario]);
    assert!(shrunk.contains("scenario.min.toml") && shrunk.ends_with("exit 0"), "{shrunk}");
    let again = seen(place.path(), &["shrink", scenario]);
    assert!(again.contains("scenario.min-2.toml"), "nothing is overwritten: {again}");
}

#[test]
fn a_case_that_is_expected_to_break_holds_when_it_does() {
    let expected = "version = 1\ndefects = [\"T01\"]\nexpect.violates = \"no-unreversed-debit\"";
    let fault = "[[fault]]\ndrop = { from = \"switch-1\", to = \"terminal-1\", mti = \"0210\", \
                 step = 2 }\n";
    let place = with_file("a.toml", &format!("{}{fault}", SALE.replace("version = 1", expected)));
    let ran = error(&place, &["run", "a.toml"]);
    assert!(ran.contains("no-unreversed-debit is violated, as expected"), "{ran}");
    assert!(ran.ends_with("exit 0"));
    let mended = fs::read_to_string(place.path().join("a.toml")).expect("it is there");
    let mended = mended.replace("defects = [\"T01\"]", "");
    fs::write(place.path().join("a.toml"), mended).expect("it can be written");
    let ran = error(&place, &["run", "a.toml"]);
    assert!(ran.contains("no-unreversed-debit was to be violated, and was not"), "{ran}");
    assert!(ran.ends_with("exit 2"));
}

#[test]
fn a_kept_case_whose_fault_does_not_happen_is_unknown() {
    let fault = "[[fault]]\nprinter-fault = { step = 7 }\n";
    let place = with_file("a.toml", &format!("{SALE}{fault}"));
    let ran = error(&place, &["run", "a.toml"]);
    assert!(ran.contains("fault 1 did not happen: no slip comes out at step 7"), "{ran}");
    assert!(ran.ends_with("exit 2"));
}

#[test]
fn what_cannot_be_written_is_a_failed_write() {
    let place = place();
    assert_snapshot!(error(&place, &["search", "--seeds", "0..1", "--out", "/proc/o"]), @r"
    --- stderr
    error: cannot write /proc/o: no such file or directory
    --- exit 74
    ");
}

#[test]
fn a_search_says_the_same_for_any_number_of_jobs() {
    let place = place();
    let report = |jobs: &str| {
        let words =
            ["search", "--seeds", "0..40", "--keep-going", "--format", "json", "--jobs", jobs];
        let output = command(place.path(), &words).output().expect("the binary starts");
        let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
        let mut value: serde_json::Value = serde_json::from_str(&text).expect("one document");
        assert!(value["elapsed_seconds"].is_f64());
        for key in ["elapsed_seconds", "jobs"] {
            value.as_object_mut().expect("an object").remove(key);
        }
        value
    };
    let (one, two) = (report("1"), report("2"));
    assert_eq!(one, two);
    assert_eq!(one["scenarios"], 40);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_and_a_reader_who_left_are_no_panics() {
    let place = place();
    let full = fs::File::create("/dev/full").expect("Linux has it");
    let output = command(place.path(), &["explain", "T01"]).stdout(full).output();
    let output = output.expect("the binary starts");
    let err = String::from_utf8_lossy(&output.stderr);
    assert_snapshot!(err, @"error: cannot write the standard output: no space left on device");
    assert_eq!(output.status.code(), Some(74));

    let mut child = command(place.path(), &["replay", "ST01"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the child ends");
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(!err.contains("error") && !err.contains("panic"), "{err}");
}
