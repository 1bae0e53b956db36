//! Loss of power at every point, and slow disks.

use super::*;

/// Runs a sale without an answer, with power for so many actions of the time-out.
fn cut_during_time_out(power: usize) -> Bench {
    let mut bench = Bench::new(config());
    bench.forwarded(&sale(7));
    bench.wait(Duration::secs(9));
    bench.power = Some(power);
    bench.wait(Duration::secs(1));
    bench.restart();
    bench.link_up(ISSUER);
    bench
}

#[test]
fn wherever_power_fails_in_a_time_out_the_reversal_goes_once() {
    for power in 0..=5 {
        let mut bench = cut_during_time_out(power);
        let advice = bench.heard_one(ISSUER);
        assert_eq!(bench.count("advice-queued"), 1, "{power}");
        // A recorded sending may have happened: then this one is a repeat.
        let expected = match power {
            0..=3 => Mti::REVERSAL_ADVICE,
            _ => Mti::REVERSAL_ADVICE_REPEAT,
        };
        assert_eq!(advice.mti(), expected, "{power}");
        bench.tell(ISSUER, &answer(&advice, ResponseCode::APPROVED));
        assert_eq!(bench.count("advice-completed"), 1);
    }
}

#[test]
fn a_repeat_after_power_loss_has_the_name_of_the_first_sending() {
    let mut bench = Bench::new(config());
    bench.forwarded(&sale(7));
    bench.wait(TIMEOUT);
    let first = bench.heard_one(ISSUER);
    bench.restart();
    bench.wait(Duration::secs(30));
    bench.link_up(ISSUER);
    assert_eq!(network_key(&bench.heard_one(ISSUER)), network_key(&first));
}

#[test]
fn a_forwarded_sale_is_reversed_after_power_loss_and_nobody_is_answered() {
    let mut bench = Bench::new(config());
    bench.ticket = Ticket(3);
    let request = bench.forwarded(&sale(7));
    bench.forwarded(&inquiry(8));
    bench.ticket = Ticket::NONE;
    bench.restart();
    assert_eq!(bench.count("advice-queued"), 1);
    assert_eq!(bench.done.last(), Some(&(Ticket(3), "advice-queued".to_owned())));
    bench.link_up(TERMINAL);
    bench.link_up(ISSUER);
    assert_eq!(bench.heard_one(ISSUER).mti(), Mti::REVERSAL_ADVICE);
    bench.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
    assert_eq!(bench.heard(TERMINAL), []);
    assert_eq!(bench.count("late-answer-absorbed"), 1);
    bench.tell(TERMINAL, &sale(7));
    assert_eq!(bench.code(TERMINAL), ResponseCode::DUPLICATE_TRANSMISSION);
}

#[test]
fn a_copy_gets_the_stored_answer_after_power_loss_too() {
    let mut bench = Bench::new(config());
    let request = bench.forwarded(&sale(7));
    bench.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
    let first = bench.heard_one(TERMINAL);
    bench.tell(TERMINAL, &reversal(&sale(6)));
    bench.heard(TERMINAL);
    bench.restart();
    bench.link_up(TERMINAL);
    bench.link_up(ISSUER);
    bench.tell(TERMINAL, &sale(7));
    assert_eq!(bench.heard_one(TERMINAL), first);
    bench.tell(TERMINAL, &sale(6));
    assert_eq!(bench.code(TERMINAL), ResponseCode::DUPLICATE_TRANSMISSION);
    let next = bench.forwarded(&sale(8));
    assert_ne!(network_key(&next), network_key(&request));
}

#[test]
fn a_sending_that_power_loss_leaves_in_doubt_does_not_count() {
    let mut bench = Bench::new(config());
    bench.forwarded(&sale(7));
    bench.wait(TIMEOUT + RETRY.times(2));
    assert_eq!(bench.count("advice-tried"), 3);
    bench.heard(ISSUER);
    bench.restart();
    bench.link_up(ISSUER);
    assert_eq!(bench.heard_one(ISSUER).mti(), Mti::REVERSAL_ADVICE_REPEAT);
    bench.wait(RETRY);
    assert_eq!(bench.count("exception-opened"), 1);
    assert_eq!(bench.heard(ISSUER), []);
}

#[test]
fn a_torn_record_is_not_believed() {
    let mut bench = Bench::new(config());
    bench.sell(7);
    let torn = bench.journal.pop();
    let journal = bench.journal.clone();
    bench.switch = Switch::new(bench.config.clone());
    bench.handle(Event::Started { journal: Journal { records: &journal, torn: torn.as_ref() } });
    assert_eq!(bench.count("advice-queued"), 1);
}

#[test]
fn what_is_not_durable_yet_is_told_to_nobody() {
    let mut bench = Bench::new(config());
    bench.sell(6);
    let request = bench.forwarded(&sale(7));
    bench.slow_commits = Some(0);
    bench.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
    bench.tell(TERMINAL, &reversal(&sale(6)));
    bench.heard(TERMINAL);
    bench.tell(TERMINAL, &sale(7));
    bench.tell(TERMINAL, &reversal(&sale(6)));
    assert_eq!(bench.heard(TERMINAL), []);
    for _ in 0..bench.slow_commits.unwrap() {
        bench.handle(Event::Committed);
    }
    bench.tell(TERMINAL, &sale(7));
    bench.tell(TERMINAL, &reversal(&sale(6)));
    assert_eq!(bench.heard(TERMINAL).len(), 2);
}

#[test]
fn wherever_power_fails_in_a_reversal_the_terminal_may_repeat_it_and_it_goes_upstream() {
    for power in 0..=5 {
        let mut bench = Bench::new(config());
        bench.sell(7);
        bench.power = Some(power);
        bench.tell(TERMINAL, &reversal(&sale(7)));
        bench.restart();
        bench.link_up(TERMINAL);
        bench.link_up(ISSUER);
        bench.tell(TERMINAL, &reversal(&sale(7)));
        assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED, "{power}");
        let advice = bench.heard_one(ISSUER);
        bench.tell(ISSUER, &answer(&advice, ResponseCode::APPROVED));
        let counts = ["reversal-accepted", "advice-queued", "advice-completed"];
        assert_eq!(counts.map(|name| bench.count(name)), [1, 1, 1], "{power}");
    }
}
