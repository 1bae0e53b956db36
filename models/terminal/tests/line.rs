//! The line under the terminal: segments, half frames, tests, noise.

use super::*;
use proptest::prelude::*;

/// A terminal that tests an idle line every minute.
fn with_echo() -> Counter {
    Counter::with(|config| config.echo_interval = Some(Duration::secs(60)))
}

#[test]
fn an_answer_may_come_in_pieces_or_behind_another_message() {
    let mut counter = with_echo();
    counter.sell(1);
    let answer = counter.answer_to(&counter.last().clone());
    counter.skip();
    for byte in counter.frame(&answer) {
        counter.say_bytes(&[byte]);
    }
    assert_eq!(counter.display(1), Some(Display::Approved(PRICE)));
    counter.pass(Duration::secs(60));
    let echo = counter.answer_to(&counter.last().clone());
    counter.sell(2);
    let answer = counter.answer_to(&counter.last().clone());
    let both = [counter.frame(&echo), counter.frame(&answer)].concat();
    counter.say_bytes(&both);
    assert_eq!(counter.display(2), Some(Display::Approved(PRICE)));
}

#[test]
fn half_a_frame_breaks_the_line_when_its_time_is_over() {
    let mut counter = Counter::signed_on();
    counter.sell(1);
    let answer = counter.answer_to(&counter.last().clone());
    let frame = counter.frame(&answer);
    counter.skip();
    counter.say_bytes(&frame[..20]);
    counter.pass(Duration::secs(2));
    assert_eq!((counter.display(1), counter.link), (Some(Display::InDoubt), None));
    counter.inquire(2);
    counter.answer();
    assert!(counter.is_reversed(2));
}

#[test]
fn a_frame_without_a_message_does_not_kill_the_line() {
    let mut counter = Counter::signed_on();
    let link = counter.link;
    counter.say_bytes(b"\x00\x0Dsome text 123");
    counter.sell_well(1);
    assert_eq!((counter.display(1), counter.link), (Some(Display::Approved(PRICE)), link));
    assert_eq!(counter.log().len(), 1);
}

#[test]
fn an_idle_line_is_tested_and_given_up_when_the_test_is_not_answered() {
    let mut counter = with_echo();
    counter.pass(Duration::secs(60));
    let echo = counter.last();
    assert_eq!(echo.mti(), Mti::NETWORK_ADVICE);
    assert_eq!(echo.text(Element::PRIVATE_60), Some("00000007301"));
    assert!(!echo.has(Element::STAN));
    counter.answer();
    counter.pass(Duration::secs(50));
    assert!(counter.link.is_some());
    counter.pass(Duration::secs(20));
    assert_eq!((counter.link, counter.types().len()), (None, 3));
    assert_eq!(counter.displays(0), [Display::Ready]);
}

#[test]
fn a_line_test_on_request_says_whether_the_line_works() {
    let mut counter = Counter::new(config());
    counter.wish(Command::Echo { ticket: Ticket(1) });
    counter.answer();
    assert_eq!(counter.display(1), Some(Display::Echo(true)));
    counter.wish(Command::Echo { ticket: Ticket(2) });
    counter.pass(TIMEOUT);
    assert_eq!((counter.display(2), counter.link), (Some(Display::Echo(false)), None));
    counter.has_line = false;
    counter.wish(Command::Echo { ticket: Ticket(3) });
    assert_eq!(counter.display(3), Some(Display::Echo(false)));
}

#[test]
fn a_sign_off_comes_after_what_is_pending_and_the_next_wish_signs_on() {
    let mut counter = Counter::signed_on();
    counter.sell(1);
    counter.pass(TIMEOUT);
    counter.wish(Command::SignOff { ticket: Ticket(2) });
    assert_eq!(counter.types().last().map(String::as_str), Some("0400"), "the doubt goes first");
    counter.skip();
    let reversed = counter.answer_to(&counter.last().clone());
    counter.say(&reversed);
    assert_eq!(counter.types().last().map(String::as_str), Some("0820"));
    assert_eq!(counter.last().text(Element::PRIVATE_60), Some("00000007002"));
    counter.answer_with(ResponseCode::APPROVED);
    assert_eq!(counter.display(2), Some(Display::SignedOff));
    assert_eq!(counter.records().last(), Some(&"signed-off"));
    counter.wish(Command::SignOff { ticket: Ticket(3) });
    assert_eq!(counter.display(3), Some(Display::SignedOff), "it is already");
    counter.sell(4);
    assert_eq!(counter.types().last().map(String::as_str), Some("0800"));
}

#[test]
fn a_sign_off_that_nobody_answers_or_that_is_refused_leaves_the_keys() {
    for code in [None, Some(ResponseCode::SYSTEM_MALFUNCTION)] {
        let mut counter = Counter::signed_on();
        counter.wish(Command::SignOff { ticket: Ticket(2) });
        match code {
            Some(code) => counter.answer_with(code),
            None => counter.pass(TIMEOUT.times(9)),
        }
        assert_eq!(counter.display(2), Some(Display::SignOffFailed), "{code:?}");
        assert!(!counter.records().contains(&"signed-off"));
    }
}

#[test]
fn a_second_answer_and_one_for_another_number_change_nothing() {
    let mut counter = Counter::signed_on();
    counter.sell(1);
    let answer = counter.answer_to(&counter.last().clone());
    counter.say(&answer.clone().with(Element::STAN, "000099"));
    assert_eq!(counter.display(1), Some(Display::Processing));
    counter.say(&answer);
    let journal = counter.journal.clone();
    counter.say(&answer);
    assert_eq!((&counter.journal, counter.slips().len()), (&journal, 1));
}

#[test]
fn a_second_connection_is_closed_and_the_first_one_kept() {
    let mut counter = Counter::signed_on();
    let link = counter.link;
    counter.tell(Event::LinkUp { port: HOST, link: Link(99) });
    assert_eq!(counter.done.last(), Some(&(Ticket::NONE, Action::Disconnect(Link(99)))));
    assert_eq!(counter.link, link);
}

proptest! {
    #[test]
    fn no_bytes_and_no_order_of_events_panic_or_wedge_the_terminal(
        steps in prop::collection::vec((0_u8..12, prop::collection::vec(any::<u8>(), 0..40)), 1..40)
    ) {
        let mut counter = Counter::with(|config| {
            config.stan_max = 5;
            config.asks_for_pin = true;
            config.echo_interval = Some(Duration::secs(15));
        });
        for (step, bytes) in steps {
            let ticket = Ticket(u32::from(step));
            match step {
                0 => counter.sell(1),
                1 => counter.inquire(2),
                2 => counter.settle(3),
                3 => counter.wish(Command::SignOn { ticket }),
                4 => counter.answer(),
                5 => counter.say_bytes(&bytes),
                6 => counter.power_returns(),
                7 => counter.pass(Duration::secs(11)),
                8 => counter.wish(Command::Reprint { ticket, voucher: None }),
                9 => counter.skip(),
                10 => counter.has_line = !counter.has_line,
                _ => {
                    let outcome = Outcome::Printed;
                    counter.tell(Event::Told { device: Device::Printer, outcome });
                }
            }
        }
        counter.has_line = true;
        counter.pass(Duration::secs(200));
        counter.power_returns();
        counter.sign_on();
        for ticket in 20..22 {
            counter.inquire(ticket);
            counter.answer();
        }
        counter.settle(22);
        counter.answer();
        let shown = counter.display(22);
        prop_assert!(matches!(shown, Some(Display::Settled(_))), "{shown:?}");
    }
}
