//! What is said about wrong files.

use super::*;
use crate::report::table::wrap;
use insta::assert_snapshot;

fn said(text: &str) -> String {
    let error = parse("a.toml", text.as_bytes()).expect_err("the file is wrong");
    wrap(&error.to_string(), 80, 80).join("\n")
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_known_one() {
    assert_snapshot!(said("version = 1\n\n[topology]\ntermnals = 2\n"),
        @"a.toml:4: unknown key `termnals` in `topology`; did you mean `terminals`?");
    assert_snapshot!(said("version = 1\n[[step]]\nid = 1\nparty = \"terminal-1\"\n\
         do = { sale = { amont = 1, card = 1 } }\n"),
        @"a.toml:5: unknown key `amont` in `step.do`; did you mean `amount`?");
    assert_snapshot!(said("version = 1\n[[fault]]\ndropp = { }\n"),
        @"a.toml:3: unknown value `dropp` in `fault`; did you mean `drop`?");
}

#[test]
fn a_wrong_value_is_named_with_its_key() {
    assert_snapshot!(said("version = 1\n[topology]\nterminals = 300\n"), @r"
    a.toml:3: `topology.terminals`: invalid value: integer `300`, expected a number
    from 0 to 255
    ");
    assert_snapshot!(said("version = 1\n[[step]]\nid = 1\nparty = \"till\"\ndo = \"settle\"\n"), @r"
    a.toml:4: `step.party`: `till` is not a party: write terminal-N, switch-N,
    issuer-N or clearing-N, with N from 1 to 255
    ");
    assert_snapshot!(said("version = 1\n[[step]]\nid = 1\nparty = \"terminal-1\"\n"),
        @"a.toml:2: `do` is missing in `step`");
    assert_snapshot!(said("version = 1\n[policy]\nnetwork-mac = \"x9.20\"\n"), @r"
    a.toml:3: `policy.network-mac`: `x9.20` is not an algorithm; did you mean
    `x9.19`?
    ");
    assert_snapshot!(said("version = 1\n[timing]\nstart = \"2026-02-30 10:00:00\"\n"), @r"
    a.toml:3: `timing.start`: `2026-02-30 10:00:00` is not a date and time; write it
    as `2026-05-30 10:00:00`
    ");
}

#[test]
fn a_file_that_was_cut_off_says_so() {
    assert_snapshot!(said("version = 1\n\n[[step]]\nid = 1\n[[ste"), @r"
    a.toml:5: unclosed array table, expected `]]`; the file ends here: it may have
    been cut off
    ");
    assert_snapshot!(said("version = 1\ntitle = \"half"), @r#"
    a.toml:2: invalid basic string, expected `"`; the file ends here: it may have
    been cut off
    "#);
    assert_snapshot!(said(" \n"),
        @"a.toml: the file is empty; a scenario begins with `version = 1`");
}

#[test]
fn a_file_of_another_version_is_refused_before_its_keys_are() {
    assert_snapshot!(said("version = 2\nnew = 1\n"),
        @"a.toml:1: `version` is 2, but this build reads version 1; take a newer build");
    assert_snapshot!(said("title = \"x\"\n"),
        @"a.toml: `version` is missing; a scenario begins with `version = 1`");
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let error = parse("a.toml", b"version = 1\ntitle = \"\xFF\"").expect_err("not UTF-8");
    let sentence = error.to_string();
    assert!(sentence.starts_with("a.toml:2: this is not text in UTF-8; "), "{sentence}");
}

#[test]
fn two_steps_never_share_an_id() {
    let step = "[[step]]\nid = 1\nparty = \"terminal-1\"\ndo = \"settle\"\n";
    assert_snapshot!(said(&format!("version = 1\n{step}{step}")), @r"
    a.toml:7: `step.id`: two steps have the id 1; give each step its own, from 1 to
    9999
    ");
}

#[test]
fn an_unknown_defect_brings_the_nearest_id() {
    assert_snapshot!(said("version = 1\ndefects = [\n  \"T01\",\n  \"T99\",\n]\n"),
        @"a.toml:4: `defects`: there is no defect `T99`; did you mean `T19`?");
}
