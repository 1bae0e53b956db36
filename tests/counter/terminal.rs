//! The terminal: batches, trace numbers, keys and the end of the day.

use super::day::{Day, SWITCH, TERMINAL, day};
use reversim::history::{HEALING, What};
use reversim_models::card::Amount;
use reversim_models::device::Display;
use reversim_models::iso8583::{BatchDetails48, Element, Icc55, Mti};
use reversim_models::node::Ticket;
use reversim_models::record::{Record, SwitchRecord, TerminalRecord};
use reversim_models::time::Instant;

#[test]
fn a_full_batch_must_be_settled_and_a_settled_one_is_empty() {
    let day = day(
        "[policy]\nbatch-max = 2",
        &[
            "- terminal-1 sign-on",
            "- terminal-1 sale 100 1",
            "- terminal-1 sale 200 1",
            "- terminal-1 sale 300 1",
            "- terminal-1 inquiry 1",
            "- terminal-1 settle",
            "- terminal-1 sale 400 1",
            "- terminal-1 settle",
            "- terminal-1 settle",
            "- terminal-1 reprint 7",
        ],
        "",
    );
    assert_eq!(day.codes(2..=3), "ok ok");
    assert_eq!(day.end(4).0, Display::MustSettle);
    assert_eq!(day.sent(TERMINAL, Mti::FINANCIAL_REQUEST, 4), 0);
    assert_eq!(day.code(7), "ok");
    assert_eq!(day.end(10).0, Display::ReprintRefused);
    let batches: Vec<_> = day
        .run
        .history
        .entries
        .iter()
        .filter_map(|entry| match &entry.what {
            What::Recorded(Record::Switch(SwitchRecord::BatchClosed {
                batch,
                entries,
                differences,
                ..
            })) if entry.ticket.0 < HEALING => {
                assert!(differences.is_empty());
                Some((*batch, entries.iter().map(|settled| settled.minor).collect::<Vec<_>>()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(batches, [(1, vec![100, 200]), (2, vec![400]), (3, vec![])]);
}

/// One answer with a wrong MAC, and its only reversal lost: the totals differ by that sale.
const TOTALS_DIFFER: &str = r#"
[[fault]]
corrupt = { on = { from = "switch-1", to = "terminal-1", mti = "0210", step = 2 }, damage = "mac" }
[[fault]]
drop = { from = "terminal-1", to = "switch-1", mti = "0400", step = 2 }
"#;

#[test]
fn a_day_of_twenty_sales_is_uploaded_eight_at_a_time_when_totals_differ() {
    let mut steps = vec!["- terminal-1 sign-on".to_owned()];
    steps.extend((0..21).map(|sale| format!("- terminal-1 sale {} 1", 100 + sale)));
    steps.push("- terminal-1 settle".to_owned());
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let day = day("[policy]\nreversal-attempts = 1", &steps, TOTALS_DIFFER);
    assert_eq!(day.end(23).0, Display::Settled(false));
    let uploads = day.about(23, |from, what| match what {
        What::Sent { frame, .. } if from == TERMINAL => {
            let message = frame.message().filter(|m| m.mti() == Mti::FILE_ADVICE)?;
            let code = message.text(Element::PRIVATE_60)?.get(8..11)?.to_owned();
            let details = message.get(Element::PRIVATE_48).and_then(BatchDetails48::parse);
            let details = details.map_or_else(Vec::new, |batch| batch.details);
            Some((code, details.iter().map(|detail| detail.amount).collect::<Vec<_>>()))
        }
        _ => None,
    });
    let amounts: Vec<u64> = (101..121).collect();
    let part = |range: std::ops::Range<usize>| ("201".to_owned(), amounts[range].to_vec());
    assert_eq!(uploads[..3], [part(0..8), part(8..16), part(16..20)]);
    assert_eq!(uploads[3..].iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>(), ["202"]);
    let (kept, differing) = day
        .about(23, |_, what| match what {
            What::Recorded(Record::Switch(SwitchRecord::BatchClosed {
                entries,
                differences,
                ..
            })) => Some((
                entries.iter().map(|entry| entry.minor).collect::<Vec<_>>(),
                differences.to_vec(),
            )),
            _ => None,
        })
        .remove(0);
    assert_eq!((kept.len(), differing), (20, vec![2]));
    assert_eq!(day.records(SWITCH, "detail-received"), 20);
    assert_eq!(day.records(TERMINAL, "detail-uploaded"), 3);
}

#[test]
fn trace_numbers_begin_again_and_none_is_used_twice_in_a_batch() {
    let setting = "[policy]\nterminal-stan-max = 5\nterminal-stan-start = 3";
    let day = day(
        setting,
        &[
            "- terminal-1 sign-on",
            "- terminal-1 sale 100 1",
            "- terminal-1 sale 200 1",
            "- terminal-1 sale 300 1",
            "- terminal-1 sale 400 1",
            "- terminal-1 sale 500 1",
            "- terminal-1 settle",
            "- terminal-1 sale 600 1",
        ],
        "",
    );
    let stan = |step| {
        day.about(step, |_, what| match what {
            What::Recorded(Record::Terminal(TerminalRecord::Started { stan, .. })) => Some(*stan),
            _ => None,
        })
    };
    assert_eq!([2, 3, 4, 5].map(stan), [[5], [1], [2], [3]]);
    assert_eq!((day.codes(2..=5), day.code(8)), ("ok ok ok ok".into(), "ok".into()));
}

#[test]
fn withdrawn_keys_are_noticed_and_fetched_again() {
    let day = day(
        "",
        &[
            "- terminal-1 sign-on",
            "20000 switch-1 withdraw-keys",
            "30000 terminal-1 sale 100 1",
            "- terminal-1 sale 100 1",
            "- terminal-1 sign-on",
            "- terminal-1 sale 100 1",
        ],
        "",
    );
    assert_eq!(day.end(1).0, Display::SignedOn);
    assert_ne!(day.code(3), "ok");
    assert_eq!(day.code(6), "ok");
    assert_eq!(day.records(SWITCH, "keys-withdrawn"), 1);
    assert_eq!(day.sent(SWITCH, Mti::FINANCIAL_REQUEST, 3), 0);
}

#[test]
fn a_refund_told_again_with_withdrawn_keys_is_told_again_with_new_ones() {
    let lost = "[[fault]]\n\
                drop = { from = \"switch-1\", to = \"terminal-1\", mti = \"0230\", step = 3 }\n";
    let day = day(
        "",
        &[
            "- terminal-1 sign-on",
            "- terminal-1 sale 100 1",
            "- terminal-1 { refund = { of = 2 } }",
            "100000 switch-1 withdraw-keys",
            "110000 terminal-1 inquiry 1",
        ],
        lost,
    );
    let told = [Mti::FINANCIAL_ADVICE, Mti::FINANCIAL_ADVICE_REPEAT];
    assert_eq!(told.map(|mti| day.sent(TERMINAL, mti, 3)), [1, 2]);
    assert_eq!(day.end(3).0, Display::Approved(Amount::cny(100)));
}

#[test]
fn a_line_test_says_whether_somebody_answers() {
    let lost = "[[fault]]\n\
                drop = { from = \"switch-1\", to = \"terminal-1\", mti = \"0830\", step = 3 }\n";
    let day = day("", &["- terminal-1 sign-on", "- terminal-1 echo", "- terminal-1 echo"], lost);
    assert_eq!(day.end(2).0, Display::Echo(true));
    assert_eq!(day.end(3).0, Display::Echo(false));
}

#[test]
fn a_terminal_without_keys_sells_nothing_and_a_cancelled_sale_leaves_no_trace() {
    let cancelled = "[[fault]]\npin-cancelled = { step = 3 }\n";
    let day = day(
        "",
        &[
            "- terminal-1 sale 100 1",
            "- terminal-1 sign-on",
            "- terminal-1 sale 100 1",
            "- terminal-1 inquiry 1",
            "- terminal-1 reprint",
        ],
        cancelled,
    );
    assert_eq!(
        [1, 2, 3, 5].map(|step| day.end(step).0),
        [Display::MustSignOn, Display::SignedOn, Display::Cancelled, Display::ReprintRefused,]
    );
    assert_eq!(day.end(4).0, Display::Balance(Amount::cny(1_000_000)));
    for step in [1, 3] {
        assert_eq!(day.sent(TERMINAL, Mti::FINANCIAL_REQUEST, step), 0);
    }
}

#[test]
fn an_idle_line_is_tested_every_interval_and_hung_up_when_nobody_answers() {
    let setting = "[timing]\necho-interval-ms = 60000";
    let steps = ["- terminal-1 sign-on", "400000 terminal-1 inquiry 1"];
    let tests = |day: &Day| {
        let times = day.run.history.entries.iter().filter_map(|entry| match &entry.what {
            What::Sent { frame, .. } if entry.party == TERMINAL && entry.ticket == Ticket::NONE => {
                frame.mti().filter(|mti| *mti == Mti::NETWORK_ADVICE).map(|_| entry.at)
            }
            _ => None,
        });
        times.filter(|at| *at < Instant(400_000_000)).collect::<Vec<_>>()
    };
    let quiet = day(setting, &steps, "");
    let times = tests(&quiet);
    assert!(times.len() >= 5, "{times:?}");
    for pair in times.windows(2) {
        let apart = pair[1].since(pair[0]).as_millis();
        assert!((60_000..61_000).contains(&apart), "{apart} ms apart");
    }
    assert_eq!(tests(&day("", &steps, "")), []);
}

#[test]
fn an_order_of_which_a_part_is_paid_is_paid_when_it_is_asked_about() {
    let setting = "[policy]\nissuer-partial-approvals = true\n[[topology.cards]]\nbalance = 300";
    let lost = "[[fault]]\n\
                drop = { from = \"switch-1\", to = \"terminal-1\", mti = \"0210\", step = 2 }\n";
    let steps = ["- terminal-1 sign-on", "- terminal-1 { qr-sale = { amount = 500, card = 1 } }"];
    let day = day(setting, &steps, lost);
    assert_eq!(day.end(2).0, Display::Approved(Amount::cny(300)));
}

#[test]
fn half_an_answer_does_not_keep_a_terminal_waiting() {
    let setting = "[timing]\nterminal-response-ms = 2000";
    let half = "[[fault]]\n[fault.split]\nat-byte = 20\npause-ms = 4000\n\
                on = { from = \"switch-1\", to = \"terminal-1\", mti = \"0210\", step = 2 }\n";
    let day = day(setting, &["- terminal-1 sign-on", "- terminal-1 sale 100 1"], half);
    assert_eq!(day.end(2).0, Display::InDoubt);
    let asked = day.run.history.entries.iter().find_map(|entry| match &entry.what {
        What::Sent { frame, .. } => {
            (frame.mti() == Some(Mti::FINANCIAL_REQUEST)).then_some(entry.at)
        }
        _ => None,
    });
    let waited = day.end(2).1.since(asked.expect("it was asked"));
    assert_eq!(waited.as_millis(), 2_000);
}

#[test]
fn a_host_that_closed_a_batch_unheard_says_so_again() {
    let lost = "[[fault]]\n\
                drop = { from = \"switch-1\", to = \"terminal-1\", mti = \"0330\", step = 3 }\n";
    let steps = ["- terminal-1 sign-on", "- terminal-1 sale 100 1", "- terminal-1 settle"];
    let day = day("", &steps, lost);
    assert_eq!(day.end(3).0, Display::Settled(true));
    assert_eq!(day.sent(TERMINAL, Mti::FILE_ADVICE, 3), 2);
    assert_eq!(day.sent(TERMINAL, Mti::NETWORK_REQUEST, 3), 0, "the batch numbers agree");
}

#[test]
fn whoever_gives_money_back_types_the_supervisors_password_and_a_completion_needs_none() {
    let wrong = "password = \"999999\"";
    let day = day(
        "",
        &[
            "- terminal-1 sign-on",
            "- terminal-1 sale 1000 1",
            &format!("- terminal-1 {{ void = {{ of = 2, {wrong} }} }}"),
            &format!("- terminal-1 {{ refund = {{ of = 2, {wrong} }} }}"),
            "- terminal-1 { pre-auth = { amount = 5000, card = 1 } }",
            &format!("- terminal-1 {{ void = {{ of = 5, {wrong} }} }}"),
            "- terminal-1 { completion = { of = 5, amount = 4000 } }",
            &format!("- terminal-1 {{ void = {{ of = 7, {wrong} }} }}"),
            "- terminal-1 { void = { of = 7 } }",
        ],
        "",
    );
    for step in [3, 4, 6, 8] {
        assert_eq!(day.end(step).0, Display::WrongPassword);
        assert_eq!(day.sent(TERMINAL, Mti::FINANCIAL_REQUEST, step), 0, "step {step}");
    }
    assert!([5, 7, 9].iter().all(|step| matches!(day.end(*step).0, Display::Approved(_))));
}

/// Tags 9C and 9A of every request with a chip's cryptogram: the processing code's first two digits
/// and the date that the terminal shows, as EMV book 3 has them.
#[test]
fn a_chip_signs_what_is_bought_and_on_which_date() {
    let steps = [
        "- terminal-1 sign-on",
        "- terminal-1 sale 1000 1",
        "- terminal-1 { pre-auth = { amount = 5000, card = 1 } }",
    ];
    let day = day("[[topology.cards]]\nchip = true", &steps, "");
    for (step, type_of_it) in [(2, 0), (3, 3)] {
        let signed = day.about(step, |party, what| match what {
            What::Sent { frame, .. } if party == TERMINAL => {
                let signed = Icc55::parse(frame.message()?.get(Element::ICC)?)?.challenge;
                Some((u64::from(signed.transaction_type), u64::from(signed.date)))
            }
            _ => None,
        });
        let today = day.run.history.setting.start.date();
        assert_eq!(signed, [(type_of_it, u64::from(today.yymmdd()))], "step {step}");
    }
}
