//! Files on their lines: how many parts there are, which come again, and whose connections break.
//! Not what a file says, nor what becomes of the money in it.

use super::day::{Day, ISSUER, SWITCH, day};
use reversim::history::What;
use reversim::party::Party;
use reversim_models::iso8583::Mti;
use reversim_models::record::{EntryKind, IssuerRecord, Record};

const CLEARING: Party = Party::clearing(1);

/// How many parts of files went this way.
fn parts(day: &Day, from: Party, to: Party) -> usize {
    let is_it = |what: &What| match what {
        What::Sent { to: whom, frame, .. } => *whom == to && frame.mti() == Some(Mti::FILE_ADVICE),
        _ => false,
    };
    day.run.history.entries.iter().filter(|it| it.party == from && is_it(&it.what)).count()
}

/// How many connections stood between two parties, one after another or at once.
fn connections(day: &Day, of: Party, with: Party) -> usize {
    let is_it = |what: &What| matches!(what, What::LinkUp { peer, .. } if *peer == with);
    day.run.history.entries.iter().filter(|it| it.party == of && is_it(&it.what)).count()
}

const ONE_DATE: [&str; 4] = [
    "- terminal-1 sign-on",
    "- terminal-1 sale 10000 1",
    "20000 switch-1 cut-over 0",
    "200000 terminal-1 inquiry 1",
];
const CLEARED: &str = "[topology]\nclearing = 1\n";

#[test]
fn a_part_holds_eight_times_four_records() {
    // A file is a head, a foot, and a record for each sale.
    let of = |sales| {
        let mut steps = vec!["- terminal-1 sign-on"];
        steps.extend(std::iter::repeat_n("- terminal-1 sale 100 1", sales));
        steps.push("2000000 switch-1 cut-over 0");
        parts(&day(CLEARED, &steps, ""), SWITCH, CLEARING)
    };
    assert_eq!([of(30), of(31)], [of(1), of(1) + 1]);
}

#[test]
fn a_part_whose_answer_is_lost_comes_again_on_the_connection_that_there_is() {
    let undisturbed = day(CLEARED, &ONE_DATE, "");
    for (sender, taker) in [(SWITCH, CLEARING), (CLEARING, ISSUER)] {
        let lost = format!(
            "[[fault]]\ndrop = {{ from = \"{taker}\", to = \"{sender}\", mti = \"0330\" }}\n"
        );
        let day = day(CLEARED, &ONE_DATE, &lost);
        assert_eq!(parts(&day, sender, taker), parts(&undisturbed, sender, taker) + 1);
        assert_eq!(
            connections(&day, sender, taker),
            connections(&undisturbed, sender, taker),
            "one silence is no reason to hang up"
        );
    }
}

#[test]
fn a_line_that_breaks_takes_no_other_line_with_it() {
    // Every line for files has been used once when one line breaks: a terminal's, or the one for
    // extracts. Then an extract goes one way, and what an issuer returns the other.
    let steps = [
        "- terminal-1 sign-on",
        "- terminal-1 sale 10000 1",
        "- terminal-1 sale 20000 1",
        "40000 switch-1 cut-over 0",
        "60000 issuer-1 { retrieve = { of = 2 } }",
        "80000 switch-1 cut-over 0",
        "100000 terminal-1 sale 30000 1",
        "120000 switch-1 cut-over 0",
        "160000 issuer-1 { retrieve = { of = 3 } }",
        "200000 switch-1 cut-over 0",
    ];
    let setting = "[topology]\nclearing = 1\n[policy]\nsuspense-dates = 9\n";
    let undisturbed = day(setting, &steps, "");
    for line in [
        "{ from = \"terminal-1\", to = \"switch-1\", mti = \"0200\", step = 7 }",
        "{ from = \"switch-1\", to = \"clearing-1\", mti = \"0320\", nth = 3 }",
    ] {
        let broken =
            day(setting, &steps, &format!("[[fault]]\nreset = {{ on = {line}, at-byte = 10 }}\n"));
        let mut other = vec![(CLEARING, SWITCH), (ISSUER, CLEARING)];
        if line.contains("terminal-1") {
            other.push((SWITCH, CLEARING));
        }
        for (sender, taker) in other {
            assert_eq!(
                parts(&broken, sender, taker),
                parts(&undisturbed, sender, taker),
                "{sender} to {taker}, when {line} breaks"
            );
        }
    }
}

#[test]
fn a_slip_is_asked_for_once() {
    let setting = "[topology]\nclearing = 1\n[policy]\nsuspense-dates = 9\n";
    let day = day(
        setting,
        &[
            "- terminal-1 sign-on",
            "- terminal-1 sale 10000 1",
            "- terminal-1 settle",
            "120000 switch-1 cut-over 0",
            "300000 issuer-1 { retrieve = { of = 2 } }",
            "400000 issuer-1 { retrieve = { of = 2 } }",
        ],
        "",
    );
    let asked = day.run.history.entries.iter().filter_map(|entry| match &entry.what {
        What::Recorded(Record::Issuer(IssuerRecord::ReturnBuilt { entries, .. })) => {
            Some(entries.iter().filter(|entry| entry.kind == EntryKind::Retrieval).count())
        }
        _ => None,
    });
    assert_eq!(asked.sum::<usize>(), 1);
    assert_eq!(day.records(SWITCH, "slip-answered"), 1);
}
