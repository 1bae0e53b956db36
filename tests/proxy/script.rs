//! Scripts as people write them, and what is wrong with those that no proxy can play.

use super::*;
use insta::assert_snapshot;
use reversim::drive::proxy::Place;
use reversim::file::parse_script;
use reversim::report::table::wrap;

const PLACE: Place =
    Place { left: Party::terminal(1), right: Party::switch(1), dialect: &POS, has_key: false };

fn error(text: &str) -> String {
    let script = format!("version = 1\n\n{text}");
    parse_script("s.toml", script.as_bytes(), &PLACE).expect_err("it is wrong").to_string()
}

const ANSWER: &str = r#"from = "switch-1", to = "terminal-1", mti = "0210""#;

#[test]
fn a_fault_is_written_as_in_a_scenario() {
    let text = format!(
        "version = 1\n[[fault]]\ndrop = {{ {ANSWER} }}\n[[edit]]\non = {{ {ANSWER}, nth = 2 }}\n\
         element = 39\nvalue = \"05\"\nmac = \"break\"\n[[hold]]\non = {{ {ANSWER} }}\n\
         until = {{ from = \"terminal-1\", to = \"switch-1\", mti = \"0400\" }}\n"
    );
    let script = parse_script("s.toml", text.as_bytes(), &PLACE).expect("it is a script");
    assert_snapshot!(script.words().join("\n").replace(" until", "\n  until"), @r"
    drop the first 0210 from switch-1 to terminal-1
    write another element 39 in the second 0210 from switch-1 to terminal-1, with a wrong MAC
    hold the first 0210 from switch-1 to terminal-1
      until the first 0400 from terminal-1 to switch-1 has passed, 60 s at most
    ");
}

#[test]
fn what_no_proxy_can_do_is_an_error_that_names_the_entry() {
    let fault = |words: &str| error(&format!("[[fault]]\n{words}"));
    let on = |words: &str| fault(&words.replace("ANSWER", &format!("{{ {ANSWER} }}")));
    let edit = |words: &str| error(&format!("[[edit]]\non = {{ {ANSWER} }}\n{words}"));
    let ends = r#"a = "terminal-1", b = "switch-1""#;
    let action = r#"{ party = "terminal-1", side = "before", action = "send 0200" }"#;
    let all = [
        fault(r#"power-cut = { party = "issuer-1", at = { at-ms = 5 }, down-ms = 9 }"#),
        fault(&format!("drop = {{ {ANSWER} }}\n[[fault]]\ndrop = {{ {ANSWER}, step = 2 }}")),
        on(r#"delay = { on = ANSWER, until = { deadline = { of = "terminal-1" } } }"#),
        fault(&format!("reorder = {{ {} }}", ANSWER.replace("switch-1", "issuer-1"))),
        fault(&format!("stall = {{ at = {{ action = {action} }}, {ends}, for-ms = 1 }}")),
        on("resubmit = { on = ANSWER, after-ms = 1 }"),
        edit("element = 4\nvalue = \"12x\""),
        edit("element = 4\nvalue = \"1\"\nmac = \"fix\""),
        edit("element = 5\nvalue = \"1\""),
        error("[[step]]\nid = 1"),
    ];
    let all: Vec<String> = all.iter().map(|error| wrap(error, 88, 86).join("\n  ")).collect();
    assert_snapshot!(all.join("\n"), @r"
    s.toml:3: fault 1: only the simulator can do this, a proxy holds nothing but the line:
      cut the power of issuer-1 5 ms after the beginning, for 9 ms
    s.toml:5: fault 2: step 2: beside a real system nobody knows steps; leave `step` out,
      and let `nth` count the messages of this MTI from switch-1 to terminal-1
    s.toml:3: fault 1: a proxy does not know the deadline of terminal-1; write `until = {
      by-ms = … }`, or a `[[hold]]`
    s.toml:3: fault 1: nothing goes from issuer-1 to terminal-1 here; this proxy is between
      terminal-1 and switch-1
    s.toml:3: fault 1: a proxy sees no actions of a party; begin it `at-ms` or with a
      `message`
    s.toml:3: fault 1: sending a request again under another trace number needs a network
      line and its MAC key; give --mac-key
    s.toml:3: edit 1: the dialect unionpay-like-pos cannot write this: element 4: character
      not allowed here
    s.toml:3: edit 1: a right MAC needs the key; give --mac-key, or on a terminal's line
      --master-key
    s.toml:3: edit 1: the dialect unionpay-like-pos has no element 5
    s.toml:3: unknown key `step`; known are version, title, fault, edit, hold
    ");
}
