//! What is in doubt, and how the doubt ends.

use super::*;

#[test]
fn a_lost_answer_is_reversed_before_the_next_inquiry() {
    let mut counter = Counter::signed_on();
    counter.sell_in_vain(1);
    assert_eq!(counter.display(1), Some(Display::InDoubt));
    assert_eq!(counter.types()[1..], ["0200"], "never by itself");
    counter.inquire(2);
    assert_eq!(counter.types()[2..], ["0400"]);
    counter.answer();
    assert_eq!(counter.types()[2..], ["0400", "0200"]);
    assert_eq!(
        counter.displays(2),
        [
            Display::ReversalInProgress,
            Display::ReversalSucceeded,
            Display::Processing,
            Display::Balance(Amount::cny(123_456)),
        ]
    );
    assert_eq!(counter.tickets(Mti::REVERSAL_REQUEST), [Ticket(1)]);
    assert_eq!(
        counter.records()[2..],
        ["started", "reversal-due", "reversal-tried", "reversed", "stan-taken"]
    );
}

#[test]
fn a_reversal_names_its_original_and_carries_no_track_and_no_pin() {
    let mut counter = Counter::with(|config| config.asks_for_pin = true);
    counter.sell_in_vain(1);
    counter.inquire(2);
    let (original, reversal) = (&counter.sent[1], counter.last());
    for element in [
        Element::PAN,
        Element::PROCESSING_CODE,
        Element::AMOUNT,
        Element::STAN,
        Element::EXPIRY,
        Element::ENTRY_MODE,
        Element::CONDITION_CODE,
        Element::TERMINAL,
        Element::MERCHANT,
        Element::CURRENCY,
        Element::PRIVATE_60,
    ] {
        assert_eq!(reversal.get(element), original.get(element), "element {element}");
    }
    assert_eq!(reversal.text(Element::RESPONSE_CODE), Some("98"));
    for element in [
        Element::PIN_CAPTURE,
        Element::TRACK_2,
        Element::RRN,
        Element::PIN_BLOCK,
        Element::SECURITY_CONTROL,
    ] {
        assert!(!reversal.has(element), "element {element}");
    }
}

#[test]
fn a_broken_line_a_wrong_mac_and_a_foreign_answer_are_doubts_with_their_reasons() {
    type Spoil = fn(&mut Counter);
    let cases: [(Spoil, &str); 6] = [
        (Counter::break_line, "98"),
        (
            |counter| {
                let answer = counter.answer_to(&counter.last().clone());
                let mut frame = counter.frame(&answer);
                *frame.last_mut().unwrap() ^= 1;
                counter.say_bytes(&frame);
            },
            "A0",
        ),
        (
            |counter| {
                let answer = counter.answer_to(&counter.last().clone());
                counter.say_unsigned(&answer);
            },
            "A0",
        ),
        (
            |counter| {
                let answer = counter.answer_to(&counter.last().clone());
                counter.say(&answer.with(Element::TERMINAL, "10000002"));
            },
            "06",
        ),
        (
            |counter| {
                let answer = counter.answer_to(&counter.last().clone());
                counter.say(&answer.with(Element::AMOUNT, "000000050001"));
            },
            "06",
        ),
        (|counter| counter.say_bytes(b"\x00\x0Dsome text 123"), "06"),
    ];
    for (spoil, reason) in cases {
        let mut counter = Counter::signed_on();
        counter.sell(1);
        spoil(&mut counter);
        assert_eq!(counter.display(1), Some(Display::InDoubt));
        counter.skip();
        counter.sell(2);
        assert_eq!(counter.last().mti(), Mti::REVERSAL_REQUEST);
        assert_eq!(counter.last().text(Element::RESPONSE_CODE), Some(reason));
        counter.answer();
        assert!(counter.is_reversed(2));
        assert_eq!(counter.display(2), Some(Display::Approved(PRICE)));
    }
}

#[test]
fn an_approval_after_the_doubt_began_is_ignored() {
    let mut counter = Counter::signed_on();
    counter.sell_in_vain(1);
    let late = counter.answer_to(&counter.last().clone());
    counter.say(&late);
    assert_eq!(counter.display(1), Some(Display::InDoubt));
    counter.inquire(2);
    counter.say(&late);
    counter.answer();
    assert!(counter.is_reversed(2) && counter.slips().is_empty());
}

#[test]
fn an_answer_at_the_deadline_counts_if_it_comes_first() {
    let mut counter = Counter::signed_on();
    counter.sell(1);
    counter.pass(Duration(TIMEOUT.0 - 1));
    counter.answer();
    assert_eq!(counter.display(1), Some(Display::Approved(PRICE)));
    counter.pass(TIMEOUT);
    assert!(!counter.records().contains(&"reversal-due"));
}

#[test]
fn an_unsigned_decline_ends_the_display_but_not_the_doubt() {
    let mut counter = Counter::signed_on();
    counter.sell(1);
    let answer = counter.answer_to(&counter.last().clone());
    counter.skip();
    counter.say_unsigned(&answer.with(Element::RESPONSE_CODE, "51"));
    assert_eq!(counter.display(1), Some(Display::Declined(ResponseCode(*b"51"))));
    assert_eq!(counter.records()[2..], ["started", "reversal-due"]);
    counter.inquire(2);
    assert_eq!(counter.last().mti(), Mti::REVERSAL_REQUEST);
}

#[test]
fn a_terminal_that_trusts_unsigned_declines_reverses_nothing() {
    let mut counter = Counter::with(|config| config.trusts_unsigned_declines = true);
    counter.sell(1);
    let answer = counter.answer_to(&counter.last().clone());
    counter.skip();
    counter.say_unsigned(&answer.with(Element::RESPONSE_CODE, "51"));
    counter.sell_well(2);
    assert_eq!(counter.types()[1..], ["0200", "0200"]);
}

#[test]
fn after_a0_97_and_99_comes_the_sign_on_then_the_reversal_then_the_wish() {
    for code in [*b"A0", *b"97", *b"99"] {
        let mut counter = Counter::signed_on();
        counter.sell(1);
        let answer = counter.answer_to(&counter.last().clone());
        counter.skip();
        counter.say_unsigned(&answer.with(Element::RESPONSE_CODE, code));
        assert_eq!(counter.display(1), Some(Display::Declined(ResponseCode(code))));
        assert_eq!(counter.records()[2..], ["started", "reversal-due", "signed-off"]);
        counter.sell_well(2);
        assert_eq!(counter.types()[2..], ["0800", "0400", "0200"]);
        assert_eq!(
            counter.displays(2),
            [
                Display::SigningOn,
                Display::ReversalInProgress,
                Display::ReversalSucceeded,
                Display::Processing,
                Display::Approved(PRICE),
            ]
        );
    }
}

#[test]
fn a_reversal_refused_for_its_mac_is_sent_again_after_a_sign_on() {
    let mut counter = Counter::signed_on();
    counter.sell_in_vain(1);
    counter.inquire(2);
    let answer = counter.answer_to(&counter.last().clone());
    counter.skip();
    counter.say_unsigned(&answer.with(Element::RESPONSE_CODE, "A0"));
    counter.answer();
    assert_eq!(counter.types()[2..], ["0400", "0800", "0400", "0200"]);
    assert!(counter.is_reversed(2));
}

#[test]
fn tries_follow_one_another_until_the_budget_is_spent_and_then_business_goes_on() {
    let mut counter = Counter::signed_on();
    counter.sell_in_vain(1);
    counter.inquire(2);
    counter.skip();
    counter.pass(Duration::secs(30));
    counter.answer();
    assert_eq!(counter.types()[2..], ["0400", "0400", "0400", "0200"]);
    assert_eq!(counter.stans(Mti::REVERSAL_REQUEST), [2, 2, 2]);
    let exception =
        TerminalRecord::ExceptionOpened { ticket: Ticket(1), stan: 2, amount: PRICE, attempts: 3 };
    assert!(counter.journal.contains(&exception));
    assert_eq!(counter.slips(), [Slip::ReversalFailed { stan: 2, amount: PRICE }]);
    assert_eq!(
        counter.displays(2)[2..],
        [
            Display::ReversalInProgress,
            Display::ReversalFailed,
            Display::Connecting,
            Display::Processing,
            Display::Balance(Amount::cny(123_456)),
        ]
    );
    counter.sell_well(3);
    assert_eq!(counter.types()[6..], ["0200"]);
}

#[test]
fn a_connection_that_does_not_come_about_costs_no_try() {
    let mut counter = Counter::signed_on();
    counter.sell_in_vain(1);
    counter.break_line();
    counter.has_line = false;
    for ticket in 2..9 {
        counter.sell(ticket);
        assert_eq!(counter.display(ticket), Some(Display::CommunicationError));
    }
    counter.has_line = true;
    counter.sell_well(9);
    let tried = TerminalRecord::ReversalTried { ticket: Ticket(1), stan: 2, attempt: 1 };
    assert!(counter.journal.contains(&tried) && counter.is_reversed(2));
}

#[test]
fn twelve_and_twenty_five_clear_by_policy_and_other_codes_never_do() {
    for (code, policy, clears) in [
        (*b"00", false, true),
        (*b"12", true, true),
        (*b"25", true, true),
        (*b"12", false, false),
        (*b"25", false, false),
        (*b"91", true, false),
        (*b"96", true, false),
    ] {
        let mut counter = Counter::with(|config| config.clears_on_not_found = policy);
        counter.sell_in_vain(1);
        counter.inquire(2);
        counter.answer_with(ResponseCode(code));
        assert_eq!(counter.is_reversed(2), clears);
        counter.pass(TIMEOUT);
        let tries = counter.stans(Mti::REVERSAL_REQUEST).len();
        assert_eq!(tries, if clears { 1 } else { 2 }, "each try waits its time");
    }
}

#[test]
fn a_reversal_answer_with_a_wrong_mac_does_not_clear() {
    let mut counter = Counter::signed_on();
    counter.sell_in_vain(1);
    counter.inquire(2);
    let answer = counter.answer_to(&counter.last().clone());
    counter.say_unsigned(&answer);
    assert!(!counter.is_reversed(2));
    counter.say(&answer);
    assert!(counter.is_reversed(2), "the true answer still counts");
}

#[test]
fn a_sign_on_leaves_the_pending_reversal_for_the_next_wish() {
    let mut counter = Counter::signed_on();
    counter.sell_in_vain(1);
    counter.sign_on();
    assert_eq!(counter.types()[2..], ["0800"]);
    counter.sell_well(2);
    assert_eq!(counter.types()[3..], ["0400", "0200"]);
}
