//! Planted defects around requests and answers: each schedule harms the switch that has the defect,
//! and not the one that has not.

use super::*;

/// What a schedule leaves behind without and with the defect.
fn both<T>(defect: Defect, schedule: impl Fn(Config) -> T) -> (T, T) {
    (schedule(with_defect(None)), schedule(with_defect(Some(defect))))
}

/// Whether a 0420 goes upstream once the issuer was too slow, the approval came at last, and all
/// timers have run.
fn reverses_a_late_approval(config: Config) -> bool {
    let mut bench = Bench::new(config);
    let request = bench.forwarded(&sale(7));
    bench.wait(TIMEOUT);
    assert_eq!(bench.code(TERMINAL), ResponseCode::ISSUER_TIMED_OUT);
    bench.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
    bench.wait(RETRY.times(5));
    bench.count("advice-tried") > 0
}

#[test]
fn w01_declines_at_the_time_out_and_leaves_the_debit() {
    assert_eq!(both(Defect::W01, reverses_a_late_approval), (true, false));
}

#[test]
fn w02_logs_the_late_approval_and_leaves_the_debit() {
    assert_eq!(both(Defect::W02, reverses_a_late_approval), (true, false));
    let mut bench = Bench::new(with_defect(Some(Defect::W02)));
    let request = bench.forwarded(&sale(7));
    bench.wait(TIMEOUT);
    bench.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
    assert_eq!((bench.logs.len(), bench.count("late-answer-absorbed")), (1, 0));
}

#[test]
fn w03_gives_one_terminal_the_answer_of_another() {
    let answers = both(Defect::W03, |config| {
        let mut bench = Bench::new(config);
        bench.sign_on(OTHER_TERMINAL);
        bench.tell(TERMINAL, &sale(7));
        bench.tell(OTHER_TERMINAL, &sale_at(OTHER_TERMINAL, 7));
        let requests = bench.heard(ISSUER);
        bench.tell(ISSUER, &answer(&requests[0], ResponseCode::APPROVED));
        bench.tell(ISSUER, &answer(&requests[1], ResponseCode::NOT_SUFFICIENT_FUNDS));
        (bench.code(TERMINAL), bench.code(OTHER_TERMINAL))
    });
    let (approved, declined) = (ResponseCode::APPROVED, ResponseCode::NOT_SUFFICIENT_FUNDS);
    assert_eq!(answers, ((approved, declined), (declined, approved)));
}

#[test]
fn w13_answers_the_terminal_before_the_reversal_is_durable() {
    let schedule = |config| {
        let mut bench = Bench::new(config);
        bench.sell(7);
        bench.power = Some(1);
        bench.tell(TERMINAL, &reversal(&sale(7)));
        let is_answered = !bench.heard(TERMINAL).is_empty();
        bench.restart();
        bench.link_up(ISSUER);
        (is_answered, !bench.heard(ISSUER).is_empty())
    };
    let (healthy, wrong) = both(Defect::W13, schedule);
    assert_eq!(wrong, (true, false), "told it is reversed, and nothing reverses it");
    assert_eq!(healthy, (false, true), "nobody was told, but the advice is safe");
}

#[test]
fn w15_forwards_a_copy_again_after_power_loss() {
    let forwarded = both(Defect::W15, |config| {
        let mut bench = Bench::new(config);
        bench.sell(7);
        bench.restart();
        bench.link_up(TERMINAL);
        bench.link_up(ISSUER);
        bench.tell(TERMINAL, &sale(7));
        bench.count("forwarded")
    });
    assert_eq!(forwarded, (1, 2));
}

#[test]
fn w18_approves_a_copy_of_what_the_issuer_then_declines() {
    let codes = both(Defect::W18, |config| {
        let mut bench = Bench::new(config);
        let request = bench.forwarded(&sale(7));
        bench.tell(TERMINAL, &sale(7));
        bench.tell(ISSUER, &answer(&request, ResponseCode::NOT_SUFFICIENT_FUNDS));
        bench.heard(TERMINAL).iter().map(code_of).collect::<Vec<ResponseCode>>()
    });
    let (approved, declined) = (ResponseCode::APPROVED, ResponseCode::NOT_SUFFICIENT_FUNDS);
    assert_eq!(codes, (vec![declined], vec![approved, declined]));
}

#[test]
fn w19_declines_what_is_in_flight_on_a_broken_line_and_reverses_nothing() {
    let advised = both(Defect::W19, |config| {
        let mut bench = Bench::new(config);
        bench.forwarded(&sale(7));
        bench.link_down(ISSUER);
        bench.link_up(ISSUER);
        bench.wait(RETRY.times(5));
        assert!(!bench.code(TERMINAL).is_approval());
        bench.count("advice-tried") > 0
    });
    assert_eq!(advised, (true, false));
}

#[test]
fn w26_reverses_what_was_declined() {
    let advised = both(Defect::W26, |config| {
        let mut bench = Bench::new(config);
        let request = bench.forwarded(&sale(7));
        bench.tell(ISSUER, &answer(&request, ResponseCode::NOT_SUFFICIENT_FUNDS));
        // The terminal lost power before it saw the decline, so it reverses.
        bench.tell(TERMINAL, &reversal(&sale(7)));
        bench.count("advice-queued")
    });
    assert_eq!(advised, (0, 1));
}

#[test]
fn w27_reverses_what_people_read_as_if_it_had_two_decimals() {
    for (currency, code, advised) in [
        (Currency::CNY, "156", (1_000, 1_000)),
        (Currency::JPY, "392", (1_000, 100_000)),
        (Currency::KWD, "414", (1_000, 100)),
    ] {
        let amounts = both(Defect::W27, |config| {
            let mut bench = Bench::new(Config { currency, ..config });
            bench.forwarded(&sale(7).with(Element::CURRENCY, code));
            bench.wait(TIMEOUT);
            let advice = bench.heard_one(ISSUER);
            assert_eq!(advice.text(Element::CURRENCY), Some(code));
            advice.number(Element::AMOUNT).unwrap()
        });
        assert_eq!(amounts, advised, "{code}");
    }
}

#[test]
fn w28_takes_the_settlement_date_of_the_answer() {
    let dates = both(Defect::W28, |config| {
        let mut bench = Bench::new(config);
        let request = bench.forwarded(&sale(7));
        let window = Duration::ZERO;
        bench.handle(Event::Commanded(Command::CutOver { date: DAY.next(), window }));
        bench.tell(ISSUER, &answer(&request, ResponseCode::APPROVED));
        let SwitchRecord::Answered { business_date, .. } = *bench.last_record() else { panic!() };
        (business_date, bench.heard_one(TERMINAL).number(Element::SETTLEMENT_DATE))
    });
    assert_eq!(dates, ((DAY, Some(601)), (DAY.next(), Some(602))));
}

#[test]
fn w30_forwards_what_somebody_changed_on_the_way() {
    let forwarded = both(Defect::W30, |config| {
        let mut bench = Bench::new(config);
        let end = bench.end_of(TERMINAL).unwrap();
        let (link, mut frame) = (end.link, end.line.seal(&sale(7), Envelope::default()).unwrap());
        // Element 4 stands behind the MTI, the bitmap, 9 bytes of element 2 and 3 of element 3.
        let amount = 13 + 2 + 8 + 9 + 3;
        assert_eq!(frame[amount..amount + 6], [0, 0, 0, 0, 0x10, 0]);
        frame[amount + 4] = 0x90;
        bench.handle(Event::Received { link, bytes: &frame });
        let (refusal, mac) = bench.heard_sealed(TERMINAL).remove(0);
        assert_eq!((code_of(&refusal), mac), (ResponseCode::MAC_ERROR, MacCheck::Absent));
        bench.heard(ISSUER).iter().map(|m| m.number(Element::AMOUNT)).collect::<Vec<_>>()
    });
    assert_eq!(forwarded, (vec![], vec![Some(9000)]));
}

#[test]
fn w32_declines_what_is_in_the_pipe_when_an_echo_test_fails() {
    let schedule = |config| {
        let interval = Duration::secs(30);
        let mut bench = Bench::new(Config { echo_interval: Some(interval), ..config });
        bench.wait(interval + Duration::secs(8));
        bench.tell(TERMINAL, &sale(7));
        bench.wait(Duration::secs(2));
        let at_the_failure = bench.heard(TERMINAL).len();
        bench.link_up(ISSUER);
        bench.wait(RETRY);
        (at_the_failure, bench.count("advice-tried"))
    };
    assert_eq!(both(Defect::W32, schedule), ((0, 1), (1, 0)));
}

#[test]
fn w37_waits_on_a_dead_line_for_ever() {
    let schedule = |config| {
        let interval = Some(Duration::secs(30));
        let mut bench = Bench::new(Config { echo_interval: interval, ..config });
        // Nothing comes back any more, and nobody says so.
        bench.tell(TERMINAL, &sale(7));
        bench.wait(TIMEOUT.times(2));
        let is_answered = !bench.heard(TERMINAL).is_empty();
        bench.tell(TERMINAL, &reversal(&sale(7)));
        bench.wait(RETRY.times(20));
        (is_answered, bench.count("advice-tried") > 1, !bench.hung_up.is_empty())
    };
    assert_eq!(both(Defect::W37, schedule), ((true, true, true), (false, false, false)));
}

#[test]
fn z01_logs_the_card_number() {
    let leaks = both(Defect::Z01, |config| {
        let mut bench = Bench::new(config);
        let end = bench.end_of(TERMINAL).unwrap();
        let (link, mut frame) = (end.link, end.line.seal(&sale(7), Envelope::default()).unwrap());
        let last = frame.len();
        frame.truncate(last - 1);
        frame[1] -= 1;
        bench.handle(Event::Received { link, bytes: &frame });
        bench.logs[0].contains(PAN)
    });
    assert_eq!(leaks, (false, true));
}

#[test]
fn z04_lets_half_a_frame_hold_the_line() {
    let hung_up = both(Defect::Z04, |config| {
        let mut bench = Bench::new(config);
        let link = bench.end_of(TERMINAL).unwrap().link;
        bench.handle(Event::Received { link, bytes: &[1, 0, 0x60] });
        bench.wait(Duration::secs(60));
        bench.hung_up.len()
    });
    assert_eq!(hung_up, (1, 0));
}

#[test]
fn w40_goes_on_using_keys_that_are_withdrawn() {
    let codes = both(Defect::W40, |config| {
        let mut bench = Bench::new(config);
        bench.handle(Event::Commanded(Command::WithdrawKeys { port: TERMINAL }));
        bench.tell(TERMINAL, &sale(7));
        bench.heard(ISSUER).len()
    });
    assert_eq!(codes, (0, 1));
}

#[test]
fn w41_serves_a_line_as_whoever_a_message_names() {
    let keys = both(Defect::W41, |config| {
        let mut bench = Bench::new(config);
        let other = terminal_id(OTHER_TERMINAL);
        bench.tell(TERMINAL, &sign_on(TERMINAL, 9).with(Element::TERMINAL, other));
        bench.count("keys-issued")
    });
    assert_eq!(keys, (1, 2));
}
