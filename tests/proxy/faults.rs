//! Every fault of the proxy's vocabulary: what arrives with it, and that it is not what arrives
//! without.

use super::*;
use insta::assert_snapshot;
use reversim::history::{Entry, What};
use reversim_models::security::{Key, MacAlgorithm};

const REQUEST: &str = r#"from = "terminal-1", to = "switch-1", mti = "0200""#;
const ANSWER: &str = r#"from = "switch-1", to = "terminal-1", mti = "0210""#;

/// What arrives under a script. It must fire, be in the history, and not be what arrives anyhow.
fn with(script: &str) -> String {
    let config = config(script);
    let (text, seen) = arrivals(config.clone());
    assert_ne!(text, arrivals(crate::config("")).0, "the fault changes nothing");
    assert_eq!(seen.idle, Vec::<usize>::new(), "{}", seen.said);
    let entries = &seen.recording.history.entries;
    let fired = entries.iter().filter(|entry| matches!(entry.what, What::FaultFired(_)));
    assert_eq!(fired.count(), config.script.len());
    assert!(config.script.words().iter().all(|words| seen.said.contains(words)), "{}", seen.said);
    text
}

#[test]
fn without_a_script_everything_arrives_as_it_was_sent() {
    let (text, seen) = arrivals(config(""));
    assert_snapshot!(text, @r"
    10 > 0200/1
    20 > 0200/2
    30 < 0210/1
    40 < 0210/2
    50 > 0400/1
    300050 < end
    300050 > end
    ");
    assert_eq!((seen.counts.messages, seen.counts.lost), ([3, 2], 0));
}

#[test]
fn drop_loses_one_message() {
    let text = with(&format!("[[fault]]\ndrop = {{ {ANSWER}, nth = 2 }}"));
    assert_snapshot!(text, @r"
    10 > 0200/1
    20 > 0200/2
    30 < 0210/1
    50 > 0400/1
    300050 < end
    300050 > end
    ");
}

#[test]
fn delay_holds_nothing_up_behind_it() {
    let until = "until = { by-ms = 60000 }";
    let late = format!("[[fault]]\ndelay = {{ on = {{ {REQUEST} }}, {until} }}");
    assert_snapshot!(with(&late), @r"
    20 > 0200/2
    30 < 0210/1
    40 < 0210/2
    50 > 0400/1
    60010 > 0200/1
    300050 < end
    300050 > end
    ");
}

#[test]
fn duplicate_and_replay_deliver_copies() {
    let twice = format!("[[fault]]\nduplicate = {{ on = {{ {REQUEST} }} }}");
    assert_snapshot!(with(&twice), @r"
    10 > 0200/1 0200/1
    20 > 0200/2
    30 < 0210/1
    40 < 0210/2
    50 > 0400/1
    300050 < end
    300050 > end
    ");
    let again = format!("[[fault]]\nreplay = {{ on = {{ {REQUEST} }}, after-ms = 5000 }}");
    assert_snapshot!(with(&again), @r"
    10 > 0200/1
    20 > 0200/2
    30 < 0210/1
    40 < 0210/2
    50 > 0400/1
    5010 > 0200/1
    300050 < end
    300050 > end
    ");
}

#[test]
fn reorder_lets_the_next_one_overtake() {
    assert_snapshot!(with(&format!("[[fault]]\nreorder = {{ {REQUEST} }}")), @r"
    20 > 0200/2 0200/1
    30 < 0210/1
    40 < 0210/2
    50 > 0400/1
    300050 < end
    300050 > end
    ");
    // Nothing comes behind the last one within 50 ms.
    let last = REQUEST.replace("0200", "0400");
    assert_snapshot!(with(&format!("[[fault]]\nreorder = {{ {last} }}")), @r"
    10 > 0200/1
    20 > 0200/2
    30 < 0210/1
    40 < 0210/2
    100 > 0400/1
    300050 < end
    300050 > end
    ");
}

#[test]
fn coalesce_makes_one_write_of_two_messages() {
    assert_snapshot!(with(&format!("[[fault]]\ncoalesce = {{ {REQUEST} }}")), @r"
    20 > 0200/1 0200/2
    30 < 0210/1
    40 < 0210/2
    50 > 0400/1
    300050 < end
    300050 > end
    ");
}

#[test]
fn split_makes_two_writes_of_one_message_and_what_follows_comes_after() {
    let cut = "at-byte = 7, pause-ms = 100";
    let split = format!("[[fault]]\nsplit = {{ on = {{ {REQUEST} }}, {cut} }}");
    assert_snapshot!(with(&split), @r"
    10 > (7 bytes)
    30 < 0210/1
    40 < 0210/2
    110 > (191 bytes)
    300050 < end
    300050 > end
    ");
}

#[test]
fn reset_breaks_the_connection_after_so_many_bytes() {
    let reset = |at: u32| format!("[[fault]]\nreset = {{ on = {{ {ANSWER} }}, at-byte = {at} }}");
    assert_snapshot!(with(&reset(9)), @r"
    10 > 0200/1
    20 > 0200/2
    30 < (9 bytes)
    30 < end
    30 > end
    ");
    assert_snapshot!(with(&reset(0)), @r"
    10 > 0200/1
    20 > 0200/2
    30 < end
    30 > end
    ");
    assert_snapshot!(with(&reset(9_999)), @r"
    10 > 0200/1
    20 > 0200/2
    30 < 0210/1
    30 < end
    30 > end
    ");
}

#[test]
fn half_open_loses_everything_one_way_and_tells_nobody() {
    assert_snapshot!(with(&format!("[[fault]]\nhalf-open = {{ {ANSWER} }}")), @r"
    10 > 0200/1
    20 > 0200/2
    50 > 0400/1
    300050 < end
    300050 > end
    ");
}

#[test]
fn stall_holds_everything_and_then_lets_it_go() {
    let stall = |at: &str| {
        format!(
            "[[fault]]\nstall = {{ at = {{ {at} }}, a = \"terminal-1\", b = \"switch-1\", \
             for-ms = 5000 }}"
        )
    };
    assert_snapshot!(with(&stall("at-ms = 15")), @r"
    10 > 0200/1
    5015 < 0210/1 0210/2
    5015 > 0200/2 0400/1
    300050 < end
    300050 > end
    ");
    let on_message = format!("message = {{ {REQUEST}, nth = 2 }}");
    assert_snapshot!(with(&stall(&on_message)), @r"
    10 > 0200/1
    5020 < 0210/1 0210/2
    5020 > 0200/2 0400/1
    300050 < end
    300050 > end
    ");
}

#[test]
fn partition_loses_what_is_sent_meanwhile() {
    let cut = |direction: &str| {
        format!(
            "[[fault]]\npartition = {{ at = {{ at-ms = 15 }}, a = \"terminal-1\", \
             b = \"switch-1\", direction = \"{direction}\", for-ms = 20 }}"
        )
    };
    assert_snapshot!(with(&cut("both")), @r"
    10 > 0200/1
    40 < 0210/2
    50 > 0400/1
    300050 < end
    300050 > end
    ");
    assert_snapshot!(with(&cut("a-to-b")), @r"
    10 > 0200/1
    30 < 0210/1
    40 < 0210/2
    50 > 0400/1
    300050 < end
    300050 > end
    ");
}

#[test]
fn corrupt_changes_what_arrives() {
    for damage in ["\"mac\"", "{ element = 4 }", "{ byte = 30 }"] {
        let script = format!("[[fault]]\ncorrupt = {{ on = {{ {ANSWER} }}, damage = {damage} }}");
        let text = with(&script);
        assert!(text.contains("30 < 0210/1*") || text.contains("30 < ("), "{damage}: {text}");
    }
}

#[test]
fn hold_waits_for_another_message_and_not_for_ever() {
    let hold = |mti: &str| {
        format!(
            "[[hold]]\non = {{ {ANSWER} }}\nat-most-ms = 70000\n\
             until = {{ from = \"terminal-1\", to = \"switch-1\", mti = \"{mti}\" }}"
        )
    };
    assert_snapshot!(with(&hold("0400")), @r"
    10 > 0200/1
    20 > 0200/2
    40 < 0210/2
    50 < 0210/1
    50 > 0400/1
    300050 < end
    300050 > end
    ");
    assert_snapshot!(with(&hold("0500")), @r"
    10 > 0200/1
    20 > 0200/2
    40 < 0210/2
    50 > 0400/1
    70030 < 0210/1
    300050 < end
    300050 > end
    ");
}

/// The MAC of the first answer that arrives when its amount is edited, and the one it should have.
fn edited(mac: &str, keys: Keys) -> (Message, [u8; 8]) {
    let key = keys.mac.clone().expect("a key");
    let script = format!("[[edit]]\non = {{ {ANSWER} }}\nelement = 39\nvalue = \"51\"\n{mac}");
    let (_, seen) = arrivals(Config { keys: Some(keys), ..config(&script) });
    assert_eq!(seen.idle, Vec::<usize>::new(), "{}", seen.said);
    let message = seen.recording.history.entries.iter().find_map(|entry| match &entry.what {
        What::Delivered { frame, is_altered: true, .. } => frame.message().cloned(),
        _ => None,
    });
    let message = message.expect("the answer was changed");
    let mut body = Vec::new();
    POS.encode(&message, &mut body).expect("it was decoded");
    let right = MacAlgorithm::PosEcb.compute(&key, &body[..body.len() - 8]);
    (message, right)
}

#[test]
fn edit_writes_an_element_and_fixes_breaks_or_keeps_the_mac() {
    let key = Key::new(&[7; 16]);
    let keys = Keys { algorithm: MacAlgorithm::PosEcb, mac: key, master: None };
    let mac_of = |message: &Message| message.get(Element::MAC_64).map(<[u8]>::to_vec);
    let (fixed, right) = edited("mac = \"fix\"", keys.clone());
    assert_eq!(fixed.text(Element::RESPONSE_CODE), Some("51"));
    assert_eq!(mac_of(&fixed), Some(right.to_vec()));
    let (kept, right) = edited("", keys.clone());
    assert_eq!(mac_of(&kept), Some(b"12345678".to_vec()));
    assert_ne!(right, *b"12345678");
    let (broken, right) = edited("mac = \"break\"", keys);
    assert_eq!(mac_of(&broken), Some(b"12345679".to_vec()));
    assert_ne!(right, *b"12345679");
}

#[test]
fn an_element_can_be_left_out() {
    let script = format!("[[edit]]\non = {{ {ANSWER} }}\nelement = 64");
    let (_, seen) = arrivals(config(&script));
    let is_without = |entry: &Entry| match &entry.what {
        What::Delivered { frame, is_altered: true, .. } => {
            frame.message().is_some_and(|message| !message.has(Element::MAC_64))
        }
        _ => false,
    };
    assert!(seen.recording.history.entries.iter().any(is_without));
}

#[test]
fn an_entry_that_names_nothing_that_comes_is_idle() {
    let script = format!("[[fault]]\ndrop = {{ {ANSWER}, nth = 3 }}");
    let (text, seen) = arrivals(config(&script));
    assert_eq!(text, arrivals(config("")).0);
    assert_eq!(seen.idle, [0]);
}
