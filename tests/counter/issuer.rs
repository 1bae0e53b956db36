//! The issuer: cards, PINs, limits and balances. Not what the acquirer refuses by itself.

use super::day::{ISSUER, day};
use reversim::file::parse;
use reversim::history::What;
use reversim_models::card::Amount;
use reversim_models::device::{Display, Output, Slip};
use reversim_models::iso8583::{Element, Mti};

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
        What::Told { output: Output::Slip(Slip::Totals { totals, .. }), .. } => {
            Some((totals.debits.minor, totals.debits.count))
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
fn a_reversal_of_a_refused_sale_gives_money_only_where_the_issuer_is_so_weak() {
    let lost = "[[fault]]\n\
                drop = { from = \"issuer-1\", to = \"switch-1\", mti = \"0210\", step = 2 }\n\
                [[fault]]\nwrong-pin = { step = 2 }\n";
    for is_weak in [false, true] {
        let steps = "[[step]]\nid = 1\nparty = \"terminal-1\"\ndo = \"sign-on\"\n\
                     [[step]]\nid = 2\nparty = \"terminal-1\"\n\
                     do = { sale = { amount = 100, card = 1 } }\n";
        let text =
            format!("version = 1\n[policy]\nissuer-credits-declined = {is_weak}\n{steps}{lost}");
        let scenario = parse("a day", text.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        let run = reversim::run(&scenario);
        let broken = run.violation().map(|violation| violation.invariant);
        assert_eq!(broken, is_weak.then_some("no-credit-without-debit"));
    }
}

#[test]
fn what_was_taken_back_may_be_spent_again_on_the_same_date() {
    let lost = "[[fault]]\n\
                drop = { from = \"switch-1\", to = \"terminal-1\", mti = \"0210\", step = 2 }\n";
    let steps = [
        "- terminal-1 sign-on",
        "- terminal-1 sale 200 1",
        "- terminal-1 inquiry 1",
        "100000 terminal-1 sale 300 1",
        "110000 terminal-1 sale 1 1",
    ];
    let day = day("[[topology.cards]]\nday-limit = 300", &steps, lost);
    assert_eq!(day.end(2).0, Display::InDoubt);
    assert_eq!(day.codes(4..=5), "ok 61");
}

#[test]
fn an_issuer_in_maintenance_does_not_say_what_became_of_an_order() {
    // The answer is lost; what became of the order is asked while the issuer is closed.
    let lost = r#"
[[fault]]
drop = { from = "issuer-1", to = "switch-1", mti = "0210", step = 2 }
"#;
    let steps = [
        "- terminal-1 sign-on",
        "5000 terminal-1 { qr-sale = { amount = 1000, card = 1 } }",
        "20000 issuer-1 closed 60000",
    ];
    let order = day("", &steps, lost);
    let said = order.about(2, |party, what| match what {
        What::Sent { frame, .. } if party == ISSUER => {
            let code = frame.message()?.get(Element::RESPONSE_CODE)?;
            Some(String::from_utf8_lossy(code).into_owned())
        }
        _ => None,
    });
    assert_eq!(said[..2], ["00", "91"], "{said:?}");
}

#[test]
fn a_copy_that_comes_while_a_decision_is_written_is_answered_when_it_is() {
    let day = day(
        "[topology]\nworkers = 2\n[timing]\ncommit-ms = 1000",
        &["- terminal-1 sign-on", "- terminal-1 sale 100 1"],
        "[[fault]]\n\
         [fault.duplicate]\n\
         after-ms = 300\n\
         on = { from = \"switch-1\", to = \"issuer-1\", mti = \"0200\", step = 2 }\n\
         [[fault]]\n\
         drop = { from = \"issuer-1\", to = \"switch-1\", mti = \"0210\", step = 2 }\n",
    );
    assert_eq!(day.code(2), "ok");
    assert_eq!(day.sent(ISSUER, Mti::FINANCIAL_RESPONSE, 2), 2);
}
