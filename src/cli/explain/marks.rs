//! The marks in words: rare things that a search must have seen to have tested anything.

/// Name, meaning, example.
pub(super) const MARKS: &[(&str, &str, &str)] = &[
    (
        "reversal-overtook-request",
        "A reversal arrived before the request it reverses.",
        "The 0200 is delayed past the time-out; the 0400 comes first, and the 0200 must then not \
         debit.",
    ),
    (
        "late-approval-absorbed",
        "The issuer's approval came after the switch had given up.",
        "The 0210 is delayed past the switch's time-out; the switch has already queued the 0420.",
    ),
    (
        "answer-tied-with-deadline",
        "An answer and the deadline it is waited for came in the same instant.",
        "delay the 0210 to the very deadline of terminal-1, in both orders.",
    ),
    (
        "answer-before-tied-deadline",
        "An answer came in the instant of its deadline, and was taken first.",
        "delay the 0210 to the very deadline of terminal-1, the message first.",
    ),
    (
        "deadline-before-tied-answer",
        "A deadline came in the instant of the answer, and was taken first.",
        "delay the 0210 to the very deadline of terminal-1, the deadline first.",
    ),
    (
        "duplicate-answered-from-store",
        "A request came twice and the copy was answered from memory.",
        "duplicate the 0200 towards the issuer.",
    ),
    (
        "power-lost-between-record-and-send",
        "Power failed after a record was durable and before the message it announces was sent.",
        "cut the power of terminal-1 just after it records started.",
    ),
    (
        "record-torn",
        "A record was left half written by a loss of power.",
        "cut the power of terminal-1 just before it records started, tearing it.",
    ),
    ("saf-repeat-sent", "An advice was sent again, as a 0421.", "drop the first 0430."),
    (
        "exception-item-opened",
        "A party gave up a reversal and left it to day-end matching.",
        "Lose every 0400 until the budget of tries is spent.",
    ),
    (
        "reversal-budget-exhausted",
        "A terminal sent a reversal as often as it may.",
        "Lose every 0410.",
    ),
    (
        "cutover-in-flight",
        "The business date changed while a request was under way.",
        "cut-over when the 0200 is sent to the issuer.",
    ),
    (
        "stan-wrapped",
        "Trace numbers reached their largest and began again.",
        "A policy with terminal-stan-max = 9, and ten sales.",
    ),
    (
        "batch-upload-after-imbalance",
        "Totals differed, and the terminal uploaded every sale.",
        "Lose the 0210 of a sale so that the host counts what the terminal does not.",
    ),
    (
        "key-changed-in-flight",
        "Work keys were withdrawn while a request was under way.",
        "key-change when the 0200 is sent.",
    ),
    (
        "printer-failed-after-approval",
        "A sale was approved and no slip came out.",
        "printer-fault at the step.",
    ),
    (
        "card-pulled-after-approval",
        "The card was pulled after an online approval.",
        "Chip flows only.",
    ),
    ("pin-locked", "Wrong PINs locked a card.", "wrong-pin three times."),
    (
        "reversal-of-unknown-original",
        "A reversal came for something that had never arrived.",
        "drop the 0200 towards the issuer; the 0420 follows.",
    ),
    (
        "reversal-after-settlement",
        "A reversal came after its original was settled.",
        "Settle while the reversal advice still waits in the queue.",
    ),
    (
        "unsigned-decline-seen",
        "A terminal got a decline without a valid MAC.",
        "Withdraw the keys, then sell: 97 or A0 comes back unsigned.",
    ),
    (
        "half-frame-timed-out",
        "The rest of a frame did not come in time.",
        "split a message with a pause longer than the frame deadline.",
    ),
    (
        "same-stan-on-two-terminals",
        "Two terminals used the same trace number at the same time.",
        "Two terminals that both begin at 1.",
    ),
    (
        "slow-commit-overtaken",
        "Other work went on while a commit was under way.",
        "slow-commit at an issuer with two workers.",
    ),
];
