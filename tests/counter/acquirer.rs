//! The acquirer: its windows, its queue, its terms. Not what issuer or terminal decide.

use super::day::{SWITCH, day};
use reversim::history::What;
use reversim::party::Party;
use reversim_models::card::Amount;
use reversim_models::device::Display;
use reversim_models::iso8583::{Element, Mti};
use reversim_models::node::Ticket;
use reversim_models::record::{IssuerRecord, Record, SwitchRecord};
use reversim_models::time::{Instant, ZonedTime};

#[test]
fn an_acquirer_in_maintenance_refuses_91_by_itself_and_until_the_very_end() {
    let day = day(
        "",
        &[
            "- terminal-1 sign-on",
            "20000 switch-1 closed 60000",
            "25000 terminal-1 sale 100 1",
            "35000 terminal-1 inquiry 1",
            "77000 terminal-1 sale 200 1",
            "79000 terminal-1 sale 300 1",
        ],
        "",
    );
    assert_eq!(day.codes(3..=6), "91 91 91 ok", "two seconds at the PIN pad, and it is over");
    for step in 3..=5 {
        assert_eq!(day.sent(SWITCH, Mti::FINANCIAL_REQUEST, step), 0, "nobody else is asked");
    }
    assert!(day.end(5).1 < Instant(80_000_000));
    assert!(day.end(6).1 > Instant(80_000_000) && day.end(6).1 < Instant(83_000_000));
}

#[test]
fn an_acquirer_in_maintenance_closes_no_batch_but_gives_keys() {
    let day = day(
        "",
        &[
            "- terminal-1 sign-on",
            "- terminal-1 sale 100 1",
            "20000 switch-1 closed 300000",
            "25000 terminal-1 settle",
            "200000 terminal-1 sign-on",
            "350000 terminal-1 settle",
        ],
        "",
    );
    assert_eq!(
        [4, 5, 6].map(|step| day.end(step).0),
        [Display::SettlementFailed, Display::SignedOn, Display::Settled(true),]
    );
    assert_eq!([4, 6].map(|step| day.sent(SWITCH, Mti::RECONCILIATION_RESPONSE, step)), [0, 1]);
}

#[test]
fn a_date_switch_refuses_90_until_its_very_end_and_then_dates_everything_later() {
    let day = day(
        "",
        &[
            "- terminal-1 sign-on",
            "10000 terminal-1 sale 100 1",
            "20000 switch-1 cut-over 60000",
            "25000 terminal-1 sale 100 1",
            "77000 terminal-1 inquiry 2",
            "79000 terminal-1 sale 300 1",
        ],
        "",
    );
    assert_eq!((day.code(2), day.codes(4..=6)), ("ok".into(), "90 90 ok".into()));
    let dates = |step| {
        day.about(step, |_, what| match what {
            What::Recorded(Record::Issuer(IssuerRecord::Decided { business_date, .. }))
            | What::Recorded(Record::Switch(SwitchRecord::Forwarded { business_date, .. }))
            | What::Recorded(Record::Switch(SwitchRecord::Answered { business_date, .. })) => {
                Some(business_date.mmdd())
            }
            _ => None,
        })
    };
    assert_eq!((dates(2), dates(6)), (vec![530; 3], vec![531; 3]));
    let begun = day.about(3, |_, what| match what {
        What::Recorded(Record::Switch(SwitchRecord::CutOver { date })) => Some(date.to_string()),
        _ => None,
    });
    assert_eq!(begun, ["2026-05-31"]);
}

#[test]
fn the_last_business_date_of_a_year_is_followed_by_the_first_of_the_next_at_every_party() {
    let setting = "[timing]\nstart = \"2026-12-31 10:00:00\"\n[topology]\nswitches = 2";
    let steps = [
        "- terminal-1 sign-on",
        "- terminal-1 sale 100 1",
        "20000 switch-1 cut-over 0",
        "25000 terminal-1 sale 100 1",
    ];
    let day = day(setting, &steps, "");
    for (step, expected) in [(2, "2026-12-31"), (4, "2027-01-01")] {
        let dates = day.about(step, |_, what| match what {
            What::Recorded(Record::Issuer(IssuerRecord::Decided { business_date, .. }))
            | What::Recorded(Record::Switch(SwitchRecord::Forwarded { business_date, .. }))
            | What::Recorded(Record::Switch(SwitchRecord::Answered { business_date, .. })) => {
                Some(business_date.to_string())
            }
            _ => None,
        });
        assert_eq!(dates, [expected; 5], "step {step}");
    }
}

/// The issuer closes right after its answer is lost: the advice cannot be delivered, and waits.
pub(super) const ADVICE_WAITS: &str = r#"
[[fault]]
drop = { from = "issuer-1", to = "switch-1", mti = "0210", step = 2 }
[[fault]]
[fault.maintenance]
party = "issuer-1"
for-ms = 200000
at = { message = { from = "issuer-1", to = "switch-1", mti = "0210", step = 2 } }
"#;

#[test]
fn a_full_queue_refuses_sales_by_itself_and_inquiries_not() {
    for (saf_max, asked) in [(1, 0), (2, 1)] {
        let setting = format!("[policy]\nsaf-max = {saf_max}\nsaf-attempts = 200");
        let day = day(
            &setting,
            &[
                "- terminal-1 sign-on",
                "- terminal-1 sale 50000 1",
                "60000 terminal-1 sale 100 2",
                "70000 terminal-1 inquiry 2",
                "400000 terminal-1 sale 100 2",
            ],
            ADVICE_WAITS,
        );
        assert_eq!(
            (day.code(3), day.code(4), day.code(5)),
            ("91".into(), "91".into(), "ok".into())
        );
        assert_eq!(day.sent(SWITCH, Mti::FINANCIAL_REQUEST, 3), asked, "queue of {saf_max}");
        assert_eq!(day.sent(SWITCH, Mti::FINANCIAL_REQUEST, 4), 1, "an inquiry owes nothing");
        assert_eq!(day.records(SWITCH, "advice-completed"), 1);
    }
}

#[test]
fn advices_wait_in_their_order_and_are_tried_every_fifteen_seconds() {
    let day = day(
        "[policy]\nsaf-attempts = 200",
        &["- terminal-1 sign-on", "- terminal-1 sale 50000 1", "400000 terminal-1 inquiry 1"],
        ADVICE_WAITS,
    );
    let sent: Vec<_> = day
        .run
        .history
        .entries
        .iter()
        .filter_map(|entry| match &entry.what {
            What::Sent { frame, .. } if entry.party == SWITCH && entry.ticket == Ticket(2) => {
                let mti = frame.mti().filter(|mti| mti.original() == Mti::REVERSAL_ADVICE)?;
                Some((mti.to_string(), entry.at))
            }
            _ => None,
        })
        .collect();
    assert!(sent.len() > 9 && sent[0].0 == "0420", "{sent:?}");
    assert!(sent[1..].iter().all(|(mti, _)| mti == "0421"));
    for pair in sent.windows(2) {
        let apart = pair[1].1.since(pair[0].1).as_millis();
        assert!((15_000..15_100).contains(&apart), "{apart} ms apart");
    }
}

#[test]
fn an_advice_that_is_never_taken_is_an_exception_after_as_many_sendings_as_it_has() {
    for attempts in [1, 2, 4] {
        let day = day(
            &format!("[policy]\nsaf-attempts = {attempts}"),
            &["- terminal-1 sign-on", "- terminal-1 sale 50000 1", "400000 terminal-1 settle"],
            ADVICE_WAITS,
        );
        let sent = day.sent(SWITCH, Mti::REVERSAL_ADVICE, 2);
        let repeated = day.sent(SWITCH, Mti::REVERSAL_ADVICE_REPEAT, 2);
        assert_eq!((sent, repeated), (1, attempts - 1));
        let items: Vec<_> = day.about(2, |_, what| match what {
            What::Recorded(Record::Switch(SwitchRecord::ExceptionOpened {
                amount,
                attempts,
                ..
            })) => Some((amount.minor, usize::from(*attempts))),
            _ => None,
        });
        assert_eq!(items, [(50_000, attempts)]);
        assert_eq!(day.records(SWITCH, "advice-completed"), 0);
    }
}

#[test]
fn the_acquirers_own_terms_hold_for_sales_of_one_card_on_one_date() {
    let day = day(
        "[policy]\nsales-per-card-max = 2\namount-min = 150",
        &[
            "- terminal-1 sign-on",
            "- terminal-1 sale 149 1",
            "- terminal-1 sale 150 1",
            "- terminal-1 sale 5000000 1",
            "- terminal-1 sale 150 1",
            "- terminal-1 sale 150 1",
            "- terminal-1 sale 150 2",
            "- terminal-1 inquiry 1",
            "200000 switch-1 cut-over 0",
            "210000 terminal-1 sale 150 1",
        ],
        "",
    );
    assert_eq!(day.codes(2..=7), "13 ok 51 ok 65 ok");
    assert_eq!(day.end(8).0, Display::Balance(Amount::cny(999_700)));
    assert_eq!(day.code(10), "ok");
    for step in [2, 6] {
        assert_eq!(day.sent(SWITCH, Mti::FINANCIAL_REQUEST, step), 0);
    }
}

#[test]
fn half_a_request_is_waited_for_five_seconds_and_no_longer() {
    let half = "[[fault]]\n[fault.split]\nat-byte = 20\npause-ms = 4900\n\
                on = { from = \"terminal-1\", to = \"switch-1\", mti = \"0200\", step = 2 }\n";
    let whole = day("", &["- terminal-1 sign-on", "- terminal-1 sale 100 1"], half);
    assert_eq!(whole.code(2), "ok");
    let late = half.replace("4900", "5100");
    let late = day("", &["- terminal-1 sign-on", "- terminal-1 sale 100 1"], &late);
    assert_ne!(late.code(2), "ok");
    assert!(late.run.marks.has_name("half-frame-timed-out"));
}

#[test]
fn a_copy_of_a_request_that_nobody_waits_for_any_more_is_refused_as_a_repeat() {
    // The terminal gave up and reversed while the issuer still thinks; then comes the copy.
    let faults = r#"
[[fault]]
[fault.duplicate]
after-ms = 14000
on = { from = "terminal-1", to = "switch-1", mti = "0200", step = 2 }
[[fault]]
[fault.delay]
until = { by-ms = 18000 }
on = { from = "issuer-1", to = "switch-1", mti = "0210", step = 2 }
"#;
    let setting = "[timing]\nterminal-response-ms = 10000";
    let steps = ["- terminal-1 sign-on", "- terminal-1 sale 100 1", "- terminal-1 inquiry 1"];
    let day = day(setting, &steps, faults);
    let codes = day.about(2, |from, what| match what {
        What::Sent { frame, .. } if from == SWITCH => {
            let message = frame.message().filter(|it| it.mti() == Mti::FINANCIAL_RESPONSE)?;
            message.text(Element::RESPONSE_CODE).map(str::to_owned)
        }
        _ => None,
    });
    assert_eq!(codes, ["94"]);
    assert_eq!(day.sent(SWITCH, Mti::FINANCIAL_REQUEST, 2), 1);
    assert_eq!(day.sent(SWITCH, Mti::REVERSAL_ADVICE, 2), 1);
}

/// The issuer's power is off for a while. Its line is silent until a line test finds it dead, and
/// no other comes about.
const NO_ISSUER: &str = r#"
[[fault]]
power-cut = { party = "issuer-1", at = { at-ms = 20000 }, down-ms = 200000 }
"#;

#[test]
fn what_is_small_and_needs_no_pin_is_sold_while_no_line_to_the_issuer_stands() {
    for (limit, codes) in [(10_000, "ok 91"), (0, "91 91")] {
        let setting = format!(
            "[policy]\npin = false\nstand-in-max = {limit}\n[timing]\necho-interval-ms = 5000"
        );
        let day = day(
            &setting,
            &[
                "- terminal-1 sign-on",
                "90000 terminal-1 sale 9000 1",
                "120000 terminal-1 sale 9000 1",
            ],
            NO_ISSUER,
        );
        assert_eq!(day.codes(2..=3), codes, "a second one would be more than the limit");
        assert_eq!(day.sent(SWITCH, Mti::FINANCIAL_REQUEST, 2), 0, "nobody is asked");
    }
}

#[test]
fn what_only_its_issuer_can_check_is_never_approved_in_its_stead() {
    let lost = r#"
[[fault]]
drop = { from = "issuer-1", to = "switch-1", mti = "0210", step = 2 }
"#;
    let steps = ["- terminal-1 sign-on", "- terminal-1 sale 9000 1"];
    for (card, pin, code) in [("", false, "ok"), ("", true, "98"), ("chip = true", false, "98")] {
        let setting =
            format!("[[topology.cards]]\n{card}\n[policy]\npin = {pin}\nstand-in-max = 10000");
        assert_eq!(day(&setting, &steps, lost).code(2), code, "{card} {pin}");
    }
}

#[test]
fn a_pool_has_as_many_lines_as_it_should_before_and_after_one_breaks() {
    let faults = r#"
[[fault]]
reset = { on = { from = "switch-1", to = "issuer-1", mti = "0200", step = 2 }, at-byte = 10 }
"#;
    let steps = ["- terminal-1 sign-on", "20000 terminal-1 inquiry 1", "90000 terminal-1 sale 9 1"];
    let day = day("[topology]\npool = 2", &steps, faults);
    let issuer = super::day::ISSUER;
    let lines = |is: fn(&What) -> Option<Party>| {
        let of_switch = day.run.history.entries.iter().filter(|it| it.party == SWITCH);
        of_switch.filter(|it| is(&it.what) == Some(issuer)).count()
    };
    let came = lines(|what| match what {
        What::LinkUp { peer, .. } => Some(*peer),
        _ => None,
    });
    let went = lines(|what| match what {
        What::LinkDown { peer, .. } => Some(*peer),
        _ => None,
    });
    assert_eq!((came, went, day.code(3).as_str()), (3, 1, "ok"));
}

#[test]
fn how_long_money_is_held_is_said_with_the_request_where_the_acquirer_decides_it() {
    for (seconds, until) in [(0, None), (3_600, Some(3_600_000_000))] {
        let setting = format!("[policy]\nhold-until-s = {seconds}");
        let steps =
            ["- terminal-1 sign-on", "- terminal-1 { pre-auth = { amount = 5000, card = 1 } }"];
        let day = day(&setting, &steps, "");
        let said = day.about(2, |party, what| match what {
            What::Sent { frame, .. } if party == SWITCH => {
                let message = frame.message()?;
                let is_it = message.mti() == Mti::AUTHORIZATION_REQUEST;
                is_it.then(|| message.get(Element::VALIDITY).and_then(ZonedTime::parse))
            }
            _ => None,
        });
        let [said] = said[..] else { panic!("{said:?}") };
        let start = day.run.history.setting.start;
        let after = said.map(|moment| moment.utc().0 - start.0);
        // From when it was asked, some seconds after the day began.
        let asked =
            after.zip(until).map(|(after, until)| (0..60_000_000).contains(&(after - until)));
        assert_eq!((after.is_some(), asked.unwrap_or(true)), (until.is_some(), true), "{said:?}");
    }
}

#[test]
fn a_refund_without_an_answer_when_its_batch_closes_is_on_the_list_of_differences() {
    let stalled = r#"
[[fault]]
[fault.stall]
a = "terminal-1"
b = "switch-1"
for-ms = 30001
at = { message = { from = "terminal-1", to = "switch-1", mti = "0220", step = 3 } }
"#;
    let day = day(
        "[timing]\nterminal-response-ms = 10000\n\
         [policy]\nreversal-attempts = 1\nswitch-answers-advices = false",
        &[
            "- terminal-1 sign-on",
            "- terminal-1 sale 100 1",
            "- terminal-1 { refund = { of = 2 } }",
            "- terminal-1 settle",
        ],
        stalled,
    );
    let refund = day.about(3, |_, what| match what {
        What::Sent { frame, .. } => frame.message()?.number(Element::STAN),
        _ => None,
    });
    let closed = day.about(4, |_, what| match what {
        What::Recorded(Record::Switch(SwitchRecord::BatchClosed { differences, .. })) => {
            Some(differences.iter().map(|stan| u64::from(*stan)).collect::<Vec<_>>())
        }
        _ => None,
    });
    assert_eq!(closed, [vec![refund[0]]]);
}

#[test]
fn totals_that_are_sent_again_are_compared_once() {
    let lost = "[[fault]]\n\
                drop = { from = \"switch-1\", to = \"terminal-1\", mti = \"0510\", step = 3 }\n";
    let steps = ["- terminal-1 sign-on", "- terminal-1 sale 100 1", "- terminal-1 settle"];
    let day = day("", &steps, lost);
    let sent = day.about(3, |_, what| match what {
        What::Sent { frame, .. } if frame.mti()?.class() == 5 => Some(frame.mti()),
        _ => None,
    });
    let compared = day.about(3, |_, what| match what {
        What::Recorded(Record::Switch(SwitchRecord::Compared { .. })) => Some(()),
        _ => None,
    });
    assert_eq!((sent.len(), compared.len()), (4, 1), "{sent:?}");
}
