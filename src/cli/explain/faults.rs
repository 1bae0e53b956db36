//! The kinds of fault in words, each with an example as it stands in a scenario file.

/// Kind, meaning, example.
pub(super) const FAULTS: &[(&str, &str, &str)] = &[
    (
        "drop",
        "The message never arrives. Nobody is told.",
        r#"drop = { from = "switch-1", to = "terminal-1", mti = "0210", step = 2 }"#,
    ),
    (
        "delay",
        "The message arrives later: by a time, or before, at or after the deadline of whoever \
         waits. What is behind it on the line is not held up.",
        concat!(
            r#"delay = { on = { from = "switch-1", to = "terminal-1", mti = "0210", step = "#,
            r#"2 }, until = { deadline = { of = "terminal-1", offset-us = 1000 } } }"#,
        ),
    ),
    (
        "duplicate",
        "The message arrives twice.",
        concat!(
            r#"duplicate = { on = { from = "terminal-1", to = "switch-1", mti = "0200", "#,
            r#"step = 2 }, after-ms = 20 }"#,
        ),
    ),
    (
        "reorder",
        "The message changes places with the next one in its direction.",
        r#"reorder = { from = "switch-1", to = "issuer-1", mti = "0200", step = 2 }"#,
    ),
    (
        "corrupt",
        "The message arrives changed: in its MAC, one element, the length of one, or one byte.",
        concat!(
            r#"corrupt = { on = { from = "switch-1", to = "terminal-1", mti = "0210", step "#,
            r#"= 2 }, damage = "mac" }"#,
        ),
    ),
    (
        "replay",
        "Somebody who listened sends the message again, much later.",
        concat!(
            r#"replay = { on = { from = "terminal-1", to = "switch-1", mti = "0200", step "#,
            r#"= 2 }, after-ms = 60000 }"#,
        ),
    ),
    (
        "resubmit",
        "Somebody with the key of an issuer's line sends what a chip signed as a new request.",
        concat!(
            r#"resubmit = { on = { from = "switch-1", to = "issuer-1", mti = "0200", step "#,
            r#"= 2 }, after-ms = 1000 }"#,
        ),
    ),
    (
        "split",
        "The message arrives in two reads, the second after a pause.",
        concat!(
            r#"split = { on = { from = "switch-1", to = "terminal-1", mti = "0210", step = "#,
            r#"2 }, at-byte = 10, pause-ms = 200 }"#,
        ),
    ),
    (
        "coalesce",
        "The message waits and arrives in one read with the next one in its direction.",
        r#"coalesce = { from = "issuer-1", to = "switch-1", mti = "0210", step = 2 }"#,
    ),
    (
        "reset",
        "The connection breaks while the message is written; only its first bytes arrive.",
        concat!(
            r#"reset = { on = { from = "terminal-1", to = "switch-1", mti = "0200", step = "#,
            r#"2 }, at-byte = 20 }"#,
        ),
    ),
    (
        "half-open",
        "From this message on the connection is dead in this direction, and nobody is told.",
        r#"half-open = { from = "switch-1", to = "issuer-1", mti = "0200", step = 2 }"#,
    ),
    (
        "stall",
        "Nothing between two parties moves for a while; then all of it does, in order.",
        r#"stall = { at = { at-ms = 5000 }, a = "switch-1", b = "issuer-1", for-ms = 60000 }"#,
    ),
    (
        "partition",
        "What is sent between two parties is lost for a while, and no connection comes about.",
        concat!(
            r#"partition = { at = { at-ms = 5000 }, a = "terminal-1", b = "switch-1", "#,
            r#"for-ms = 60000 }"#,
        ),
    ),
    (
        "power-cut",
        "Power fails around an action, at a time or at a message. What is not in the journal is \
         gone; the party is rebuilt from its journal when power comes back.",
        concat!(
            r#"power-cut = { party = "issuer-1", at = { action = { party = "issuer-1", "#,
            r#"side = "after", action = "record decided", step = 2 } }, down-ms = 5000 }"#,
        ),
    ),
    (
        "slow-commit",
        "The commit that begins with a record takes long; what follows it waits.",
        concat!(
            r#"slow-commit = { at = { party = "issuer-1", side = "before", action = "#,
            r#""record decided", step = 2 }, by-ms = 500 }"#,
        ),
    ),
    (
        "clock-step",
        "The calendar clock of a party jumps. Elapsed time does not.",
        r#"clock-step = { party = "terminal-1", at = { at-ms = 5000 }, by-ms = -3600000 }"#,
    ),
    (
        "pause",
        "Of a clearing house's two nodes, the one that has the lease stands still for a while, in \
         the middle of the next thing that it takes up.",
        concat!(
            r#"pause = { party = "clearing-1", at = { action = { party = "clearing-1", side = "#,
            r#""after", action = "record extract-taken" } }, for-ms = 60000 }"#,
        ),
    ),
    ("printer-fault", "The slip of a step does not come out.", "printer-fault = { step = 2 }"),
    (
        "pin-cancelled",
        "The cardholder of a step presses cancel instead of entering a PIN.",
        "pin-cancelled = { step = 2 }",
    ),
    ("wrong-pin", "The cardholder of a step enters a wrong PIN.", "wrong-pin = { step = 2 }"),
    (
        "card-unreadable",
        "The chip card of a step cannot be read (E302).",
        "card-unreadable = { step = 2 }",
    ),
    (
        "kernel-fails",
        "Chip or kernel fail before the card of a step has signed (E302).",
        "kernel-fails = { step = 2 }",
    ),
    (
        "card-declines",
        "The chip of a step declines what the host approved (second GENERATE AC).",
        "card-declines = { step = 2 }",
    ),
    (
        "card-pulled",
        "The card of a step is pulled after the host's approval, before its chip has confirmed.",
        "card-pulled = { step = 2 }",
    ),
    (
        "chip-data-missing",
        "At a step the terminal turns out to lack chip parameters or public keys.",
        r#"chip-data-missing = { step = 2, what = "public-keys" }"#,
    ),
    (
        "key-change",
        "The work keys of a terminal are withdrawn: it must sign on again.",
        r#"key-change = { terminal = "terminal-1", at = { at-ms = 5000 } }"#,
    ),
    (
        "cut-over",
        "The business date changes; new sales are answered 90 for a while.",
        concat!(
            r#"cut-over = { at = { message = { from = "switch-1", to = "issuer-1", mti = "#,
            r#""0200", step = 2 } }, window-ms = 1000 }"#,
        ),
    ),
    (
        "maintenance",
        "A party stops serving for a while: requests are answered 91, or not at all.",
        r#"maintenance = { party = "issuer-1", at = { at-ms = 5000 }, for-ms = 600000 }"#,
    ),
];
