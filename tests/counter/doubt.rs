//! An acquirer in doubt: power that fails, commits that take time, answers that come late or twice.

use super::day::{Day, ISSUER, SWITCH, TERMINAL, day};
use reversim::history::What;
use reversim::party::{Party, Role};
use reversim_models::iso8583::{Element, Mti};
use reversim_models::record::{Record, SwitchRecord};

const SALE_AND_INQUIRY: [&str; 3] =
    ["- terminal-1 sign-on", "- terminal-1 sale 100 1", "- terminal-1 inquiry 1"];

#[test]
fn what_was_asked_before_power_failed_is_taken_back_without_being_told() {
    let faults = r#"
[[fault]]
[fault.power-cut]
party = "switch-1"
down-ms = 1000
at = { message = { from = "switch-1", to = "issuer-1", mti = "0200", step = 2 } }
"#;
    let day = day("", &SALE_AND_INQUIRY, faults);
    let advices = day.left(SWITCH, Mti::REVERSAL_ADVICE, 2);
    let reversals = day.left(TERMINAL, Mti::REVERSAL_REQUEST, 2);
    assert_eq!((advices.len(), reversals.len()), (1, 1));
    assert!(advices[0] < reversals[0], "the terminal is still waiting then");
}

#[test]
fn a_copy_is_not_answered_before_what_it_says_is_durable() {
    let lost = "[[fault]]\n\
                drop = { from = \"switch-1\", to = \"terminal-1\", mti = \"0210\", step = 2 }\n";
    let cases = [
        ("0200", "answered", "answered", Mti::FINANCIAL_RESPONSE, ""),
        ("0400", "advice-queued", "reversal-accepted", Mti::REVERSAL_RESPONSE, lost),
    ];
    for (mti, first, record, answer, lost) in cases {
        let faults = format!(
            r#"{lost}
[[fault]]
[fault.slow-commit]
by-ms = 3000
at = {{ party = "switch-1", side = "before", action = "record {first}", step = 2 }}
[[fault]]
[fault.duplicate]
after-ms = 1000
on = {{ from = "terminal-1", to = "switch-1", mti = "{mti}", step = 2 }}
"#
        );
        let day = day("[topology]\nworkers = 3", &SALE_AND_INQUIRY, &faults);
        let (durable, said) = (day.recorded(SWITCH, record, 2), day.left(SWITCH, answer, 2));
        assert!(!said.is_empty() && said[0] > durable, "{record} at {durable}, said at {said:?}");
    }
}

#[test]
fn a_late_approval_is_absorbed_once_and_that_of_an_inquiry_not_at_all() {
    let late = |step| {
        format!(
            r#"
[[fault]]
[fault.delay]
until = {{ by-ms = 25000 }}
on = {{ from = "issuer-1", to = "switch-1", mti = "0210", step = {step} }}
[[fault]]
[fault.replay]
after-ms = 40000
on = {{ from = "issuer-1", to = "switch-1", mti = "0210", step = {step} }}
"#
        )
    };
    let steps = ["- terminal-1 sign-on", "- terminal-1 sale 100 1", "200000 terminal-1 inquiry 1"];
    for (step, absorbed) in [(2, 1), (3, 0)] {
        let day = day("", &steps, &late(step));
        let count = day.about(step, |_, what| match what {
            What::Recorded(Record::Switch(SwitchRecord::LateAnswerAbsorbed { .. })) => Some(()),
            _ => None,
        });
        assert_eq!(count.len(), absorbed, "step {step}");
        assert_eq!(day.sent(ISSUER, Mti::FINANCIAL_RESPONSE, step), 1);
    }
}

#[test]
fn the_number_of_an_advice_that_waits_is_given_to_nobody() {
    let mut steps = vec!["- terminal-1 sign-on".to_owned(), "- terminal-1 sale 100 1".to_owned()];
    steps.extend((0..30).map(|_| "- terminal-1 inquiry 2".to_owned()));
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let setting = "[policy]\nsaf-attempts = 200\nswitch-stan-max = 12";
    let day = day(setting, &steps, super::acquirer::ADVICE_WAITS);
    let mut waiting = None;
    let mut given = 0;
    for entry in &day.run.history.entries {
        match &entry.what {
            What::Recorded(Record::Switch(SwitchRecord::AdviceQueued { stan, .. })) => {
                waiting = Some(*stan);
            }
            What::Recorded(Record::Switch(SwitchRecord::AdviceCompleted { .. })) => waiting = None,
            What::Sent { frame, .. } if entry.party == SWITCH => {
                let message = frame.message().filter(|it| it.mti() == Mti::FINANCIAL_REQUEST);
                let stan = message.and_then(|it| it.number(Element::STAN));
                assert!(stan.is_none() || stan != waiting.map(u64::from), "{stan:?}");
                given += u32::from(stan.is_some() && waiting.is_some());
            }
            _ => {}
        }
    }
    assert!(given > 12, "only {given} numbers were given meanwhile");
}

/// The codes that the switch answered the terminal about a step.
fn told(day: &Day, step: u32) -> Vec<String> {
    day.about(step, |from, what| match what {
        What::Sent { to, frame, .. } if from == SWITCH && to.role == Role::Terminal => {
            let message = frame.message().filter(|it| it.mti() == Mti::FINANCIAL_RESPONSE)?;
            message.text(Element::RESPONSE_CODE).map(str::to_owned)
        }
        _ => None,
    })
}

#[test]
fn a_copy_of_an_answered_request_is_answered_the_same_once_more() {
    let twice = |step| {
        format!(
            "[[fault]]\n[fault.duplicate]\nafter-ms = 1500\n\
             on = {{ from = \"terminal-1\", to = \"switch-1\", mti = \"0200\", step = {step} }}\n"
        )
    };
    let steps = ["- terminal-1 sign-on", "- terminal-1 sale 100 1", "- terminal-1 sale 9000000 1"];
    let day = day("", &steps, &(twice(2) + &twice(3)));
    assert_eq!(told(&day, 2), ["00", "00"]);
    assert_eq!(told(&day, 3), ["51", "51"]);
}

#[test]
fn an_answer_finds_another_connection_of_the_switch_that_asked() {
    // The line between the switches breaks under the second terminal's request, while the first
    // terminal's is with the issuer.
    let faults = r#"
[[fault]]
[fault.delay]
until = { by-ms = 6000 }
on = { from = "issuer-1", to = "switch-2", mti = "0210", step = 3 }
[[fault]]
[fault.reset]
at-byte = 10
on = { from = "switch-1", to = "switch-2", mti = "0200", step = 4 }
"#;
    let steps = [
        "- terminal-1 sign-on",
        "- terminal-2 sign-on",
        "10000 terminal-1 sale 100 1",
        "12000 terminal-2 sale 100 2",
    ];
    let day = day("[topology]\nterminals = 2\nswitches = 2", &steps, faults);
    assert_eq!((day.code(3).as_str(), told(&day, 3)), ("ok", vec!["00".to_owned()]));
}

#[test]
fn a_request_with_a_wrong_mac_is_refused_by_the_next_switch_and_not_left_without_an_answer() {
    let damaged = "[[fault]]\ncorrupt = { on = { from = \"switch-1\", to = \"switch-2\", \
                   mti = \"0200\", step = 2 }, damage = \"mac\" }\n";
    let steps = ["- terminal-1 sign-on", "- terminal-1 sale 100 1"];
    let day = day("[topology]\nswitches = 2", &steps, damaged);
    let said = day.about(2, |party, what| match what {
        What::Sent { frame, .. } if party == Party::switch(2) => {
            let message = frame.message().filter(|it| it.mti() == Mti::FINANCIAL_RESPONSE)?;
            message.text(Element::RESPONSE_CODE).map(str::to_owned)
        }
        _ => None,
    });
    assert_eq!(said, ["A0"]);
}
