//! What a shop, its acquirer and its issuer may rely on, day by day: who is refused, with which
//! code, from when and until when, and that everybody else is served. Read off the history alone.

use reversim::fault::Fault;
use reversim::file::parse;
use reversim::history::{HEALING, What};
use reversim::party::Party;
use reversim::run::Outcome;
use reversim::scenario::Scenario;
use reversim_models::card::Amount;
use reversim_models::device::{Display, Output, Slip};
use reversim_models::iso8583::{BatchDetails48, Element, Mti, ResponseCode};
use reversim_models::node::Ticket;
use reversim_models::record::{IssuerRecord, Record, SwitchRecord, TerminalRecord};
use reversim_models::time::Instant;

const TERMINAL: Party = Party::terminal(1);
const SWITCH: Party = Party::switch(1);
const ISSUER: Party = Party::issuer(1);

/// A day: sections as in a scenario file, then one wish a line: `seconds party wish`.
fn day(setting: &str, steps: &[&str], faults: &str) -> Day {
    let mut text = format!("version = 1\n{setting}\n");
    for (number, step) in steps.iter().enumerate() {
        let mut words = step.splitn(3, ' ');
        let (at, party, wish) = (words.next(), words.next(), words.next());
        let (at, party) = (at.expect("a time"), party.expect("a party"));
        let words: Vec<&str> = wish.expect("a wish").split(' ').collect();
        let wish = match words[..] {
            ["sale", amount, card] => {
                format!("{{ sale = {{ amount = {amount}, card = {card} }} }}")
            }
            ["inquiry", card] => format!("{{ inquiry = {{ card = {card} }} }}"),
            ["cut-over", window] => format!("{{ cut-over = {{ window-ms = {window} }} }}"),
            ["closed", window] => format!("{{ maintenance = {{ for-ms = {window} }} }}"),
            ["reprint", of] => format!("{{ reprint = {{ of = {of} }} }}"),
            ["reprint"] => "{ reprint = {} }".to_owned(),
            ["withdraw-keys"] => "{ withdraw-keys = { terminal = \"terminal-1\" } }".to_owned(),
            [word] => format!("\"{word}\""),
            _ => panic!("nobody wishes {step}"),
        };
        let at = if at == "-" { String::new() } else { format!("at-ms = {at}\n") };
        text += &format!("[[step]]\nid = {}\nparty = \"{party}\"\n{at}do = {wish}\n", number + 1);
    }
    let scenario = parse("a day", (text + faults).as_bytes()).unwrap_or_else(|e| panic!("{e}"));
    Day::of(&scenario)
}

/// A day that is over.
struct Day {
    run: reversim::Run,
}

impl Day {
    fn of(scenario: &Scenario) -> Day {
        let run = reversim::run(scenario);
        assert_eq!((run.violation(), run.outcome()), (None, Outcome::Holds));
        assert_eq!(run.idle_faults, [0; 0]);
        Day { run }
    }

    fn about<T>(&self, step: u32, pick: impl Fn(Party, &What) -> Option<T>) -> Vec<T> {
        let of_step = self.run.history.entries.iter().filter(|e| e.ticket == Ticket(step));
        of_step.filter_map(|entry| pick(entry.party, &entry.what)).collect()
    }

    /// The last words on the screen about this step, and when.
    fn end(&self, step: u32) -> (Display, Instant) {
        let shown = self.run.history.entries.iter().filter_map(|entry| match entry.what {
            What::Told { output: Output::Display(display), .. }
                if entry.ticket == Ticket(step) && display.is_final() =>
            {
                Some((display, entry.at))
            }
            _ => None,
        });
        shown.last().unwrap_or_else(|| panic!("nothing was shown about step {step}"))
    }

    /// The code that a step was refused with, or `ok` for a sale approved in full with its slip.
    fn code(&self, step: u32) -> String {
        match self.end(step).0 {
            Display::Declined(code) => code.to_string(),
            Display::Approved(amount) => {
                let slips = self.about(step, |_, what| match what {
                    What::Told { output: Output::Slip(slip), .. } => Some(*slip),
                    _ => None,
                });
                let is_receipt = matches!(slips[..], [Slip::Receipt { amount: paid, is_copy: false, .. }]
                    if paid == amount);
                assert!(is_receipt, "step {step}: {slips:?}");
                "ok".to_owned()
            }
            display => format!("{display:?}"),
        }
    }

    fn codes(&self, steps: std::ops::RangeInclusive<u32>) -> String {
        steps.map(|step| self.code(step)).collect::<Vec<_>>().join(" ")
    }

    /// Frames of this type that a party sent about a step.
    fn sent(&self, party: Party, mti: Mti, step: u32) -> usize {
        let is_it = |from, what: &What| match what {
            What::Sent { frame, .. } => (from == party && frame.mti() == Some(mti)).then_some(()),
            _ => None,
        };
        self.about(step, is_it).len()
    }

    fn records(&self, party: Party, name: &str) -> usize {
        let entries = self.run.history.entries.iter();
        let is_it = |what: &What| matches!(what, What::Recorded(record) if record.name() == name);
        entries.filter(|entry| entry.party == party && is_it(&entry.what)).count()
    }
}

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
fn an_issuer_in_maintenance_refuses_91_until_the_very_end() {
    let day = day(
        "",
        &[
            "- terminal-1 sign-on",
            "20000 issuer-1 closed 60000",
            "25000 terminal-1 sale 100 1",
            "77000 terminal-1 inquiry 2",
            "79000 terminal-1 sale 300 1",
        ],
        "",
    );
    assert_eq!(day.codes(3..=5), "91 91 ok");
    assert_eq!(day.sent(ISSUER, Mti::FINANCIAL_RESPONSE, 3), 1);
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

/// The issuer closes right after its answer is lost: the advice cannot be delivered, and waits.
const ADVICE_WAITS: &str = r#"
[[fault]]
drop = { from = "issuer-1", to = "switch-1", mti = "0210", step = 2 }
[[fault]]
maintenance = { party = "issuer-1", at = { message = { from = "issuer-1", to = "switch-1", mti = "0210", step = 2 } }, for-ms = 200000 }
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

fn wrong_pins(steps: &[u32]) -> String {
    steps.iter().map(|step| format!("[[fault]]\nwrong-pin = {{ step = {step} }}\n")).collect()
}

#[test]
fn a_right_pin_forgives_wrong_ones_and_a_lock_ends_with_the_business_date() {
    let day = day(
        "[policy]\npin-tries-max = 2",
        &[
            "- terminal-1 sign-on",
            "- terminal-1 sale 100 1",
            "- terminal-1 sale 100 1",
            "- terminal-1 sale 100 1",
            "- terminal-1 inquiry 1",
            "- terminal-1 sale 100 1",
            "- terminal-1 sale 100 2",
            "200000 switch-1 cut-over 0",
            "210000 terminal-1 sale 100 1",
        ],
        &wrong_pins(&[2, 4, 5]),
    );
    assert_eq!(day.codes(2..=7), "55 ok 55 55 75 ok");
    assert_eq!(day.code(9), "ok");
}

#[test]
fn a_day_limit_is_for_one_business_date() {
    let setting = "[[topology.cards]]\nday-limit = 300\n[[topology.cards]]\nbalance = 300";
    let day = day(
        setting,
        &[
            "- terminal-1 sign-on",
            "- terminal-1 sale 200 1",
            "- terminal-1 sale 101 1",
            "- terminal-1 sale 100 1",
            "- terminal-1 sale 1 1",
            "- terminal-1 sale 301 2",
            "- terminal-1 sale 300 2",
            "- terminal-1 sale 1 2",
            "- terminal-1 inquiry 2",
            "200000 switch-1 cut-over 0",
            "210000 terminal-1 sale 300 1",
            "- terminal-1 sale 1 2",
        ],
        "",
    );
    assert_eq!(day.codes(2..=8), "ok 61 ok 61 51 ok 51");
    assert_eq!(day.end(9).0, Display::Balance(Amount::cny(0)));
    assert_eq!(day.codes(11..=12), "ok 51");
}

#[test]
fn an_approved_part_is_what_is_left_and_what_the_slip_says() {
    let setting = "[policy]\nissuer-partial-approvals = true\n[[topology.cards]]\nbalance = 300";
    let day = day(
        setting,
        &[
            "- terminal-1 sign-on",
            "- terminal-1 sale 200 1",
            "- terminal-1 sale 200 1",
            "- terminal-1 sale 200 1",
            "- terminal-1 settle",
        ],
        "",
    );
    assert_eq!(day.codes(2..=4), "ok ok 51");
    assert_eq!(day.end(3).0, Display::Approved(Amount::cny(100)));
    assert_eq!(day.end(5).0, Display::Settled(true));
    let totals = day.about(5, |_, what| match what {
        What::Told { output: Output::Slip(Slip::Totals { debits, count, .. }), .. } => {
            Some((*debits, *count))
        }
        _ => None,
    });
    assert_eq!(totals, [(300, 2)]);
}

#[test]
fn lost_stolen_and_expired_cards_are_refused_and_a_card_is_good_to_the_end_of_its_month() {
    let setting = "[timing]\nstart = \"2026-05-31 10:00:00\"\n\
        [[topology.cards]]\nstanding = \"lost\"\n[[topology.cards]]\nstanding = \"stolen\"\n\
        [[topology.cards]]\nexpiry = 2604\n[[topology.cards]]\nexpiry = 2605";
    let day = day(
        setting,
        &[
            "- terminal-1 sign-on",
            "- terminal-1 sale 100 1",
            "- terminal-1 sale 100 2",
            "- terminal-1 sale 100 3",
            "- terminal-1 sale 100 4",
            "- terminal-1 inquiry 3",
            "200000 switch-1 cut-over 0",
            "210000 terminal-1 sale 100 4",
        ],
        "",
    );
    assert_eq!((day.codes(2..=6), day.code(8)), ("41 43 54 ok 54".into(), "54".into()));
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
                Some((*batch, entries.iter().map(|(_, _, minor)| *minor).collect::<Vec<_>>()))
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
                entries.iter().map(|entry| entry.2).collect::<Vec<_>>(),
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
fn a_line_test_says_whether_somebody_answers() {
    let lost = "[[fault]]\ndrop = { from = \"switch-1\", to = \"terminal-1\", mti = \"0830\", step = 3 }\n";
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
fn half_a_request_is_waited_for_five_seconds_and_no_longer() {
    let half = "[[fault]]\nsplit = { on = { from = \"terminal-1\", to = \"switch-1\", mti = \"0200\", step = 2 }, at-byte = 20, pause-ms = 4900 }\n";
    let whole = day("", &["- terminal-1 sign-on", "- terminal-1 sale 100 1"], half);
    assert_eq!(whole.code(2), "ok");
    let late = half.replace("4900", "5100");
    let late = day("", &["- terminal-1 sign-on", "- terminal-1 sale 100 1"], &late);
    assert_ne!(late.code(2), "ok");
    assert!(late.run.marks.has_name("half-frame-timed-out"));
}

#[test]
fn a_fault_is_of_a_kind_that_there_is() {
    let day = parse("a day", format!("version = 1\n{ADVICE_WAITS}").as_bytes()).expect("readable");
    assert!(matches!(day.faults[..], [Fault::Drop(_), Fault::Maintenance { .. }]));
    assert_eq!(ResponseCode::ISSUER_INOPERATIVE.to_string(), "91");
}
