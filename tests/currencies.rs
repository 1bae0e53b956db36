//! Counters that count in yen or in dinars: what travels, what people read, and an exponent lost.

use reversim::file::parse;
use reversim::history::{History, What};
use reversim::report::ladder::Ladder;
use reversim::report::story::story;
use reversim::report::text::{books, violation_text};
use reversim::scenario::Scenario;
use reversim_models::iso8583::Element;

/// Two days of a shop with a clearing house: a sale, one that nobody answers in time, one that is
/// voided, a hold that is completed, a settlement and the night.
const DAY: &str = r#"
version = 1
topology = { switches = 2, clearing = 1 }
step = [
    { id = 1, party = "terminal-1", do = "sign-on" },
    { id = 2, party = "terminal-1", do = { sale = { amount = 1500, card = 1 } } },
    { id = 3, party = "terminal-1", do = { sale = { amount = 2500, card = 1 } } },
    { id = 4, party = "terminal-1", do = { sale = { amount = 3500, card = 1 } } },
    { id = 5, party = "terminal-1", do = { void = { of = 4 } } },
    { id = 6, party = "terminal-1", do = { pre-auth = { amount = 4500, card = 2 } } },
    { id = 7, party = "terminal-1", do = { completion = { of = 6, amount = 4000 } } },
    { id = 8, party = "terminal-1", do = { inquiry = { card = 1 } } },
    { id = 9, party = "terminal-1", do = "settle" },
    { id = 10, party = "switch-1", do = { cut-over = { window-ms = 0 } }, at-ms = 600000 },
]

[[fault]]
drop = { from = "issuer-1", to = "switch-2", mti = "0210", step = 3 }
"#;

/// The day in another currency.
fn day(currency: &str) -> Scenario {
    let text = format!("{DAY}\n[policy]\ncurrency = \"{currency}\"\n");
    parse("day.toml", text.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

/// Everything that is written for people about a run.
fn everything_told(scenario: &Scenario, history: &History) -> String {
    let everything: Vec<usize> = (0..history.entries.len()).collect();
    let ladder = Ladder::new(history).faults(&scenario.faults).witnesses(&everything).width(200);
    let lines = history.entries.iter();
    let lines = lines
        .map(|entry| reversim::report::entry::entry_words(entry, history.setting.currency) + "\n");
    let file = reversim::file::render(scenario).expect("small numbers");
    [story(scenario, history), ladder.to_string(), lines.collect(), books(history), file].join("\n")
}

/// Numbers with so many decimals. Times have none or three, so none of two is no time.
fn amounts_with(decimals: usize, text: &str) -> Vec<&str> {
    let is_of_a_number = |c: char| c.is_ascii_digit() || c == '.';
    let words = text.split(|c: char| !is_of_a_number(c));
    let has = |word: &&str| {
        word.split_once('.').is_some_and(|(whole, part)| {
            !whole.is_empty() && part.len() == decimals && !part.contains('.')
        })
    };
    words.filter(has).collect()
}

#[test]
fn what_people_read_has_the_decimals_of_the_currency() {
    let told = |currency| {
        let scenario = day(currency);
        let run = reversim::run(&scenario);
        assert_eq!(run.violation().map(ToString::to_string), None, "{currency}");
        everything_told(&scenario, &run.history)
    };
    let (fen, yen, fils) = (told("CNY"), told("JPY"), told("KWD"));
    for (text, amounts) in [
        (&fen, ["[APPROVED 15.00]", "sale of 25.00", "text: 35.00 credited", "holds 45.00"]),
        (&yen, ["[APPROVED 1500]", "sale of 2500", "text: 3500 credited", "holds 4500"]),
        (&fils, ["[APPROVED 1.500]", "sale of 2.500", "text: 3.500 credited", "holds 4.500"]),
    ] {
        for amount in amounts {
            assert!(text.contains(amount), "{amount} in:\n{text}");
        }
    }
    assert!(amounts_with(2, &fen).len() > 50, "{fen}");
    assert_eq!((amounts_with(2, &yen), amounts_with(2, &fils)), (vec![], vec![]));
}

#[test]
fn every_message_with_an_amount_names_the_currency_of_the_counter() {
    for (currency, code) in [("CNY", "156"), ("JPY", "392"), ("KWD", "414")] {
        let run = reversim::run(&day(currency));
        let frames = run.history.entries.iter().filter_map(|entry| match &entry.what {
            What::Sent { frame, .. } => frame.message(),
            _ => None,
        });
        let with_amount: Vec<_> =
            frames.filter(|message| message.get(Element::AMOUNT).is_some()).collect();
        assert!(with_amount.len() > 20, "{currency}: {}", with_amount.len());
        for message in with_amount {
            if message.mti().is_request() {
                assert_eq!(message.text(Element::CURRENCY), Some(code), "{}", message.mti());
            }
        }
    }
}

#[test]
fn an_exponent_lost_is_told_in_the_decimals_of_the_currency() {
    for (currency, sentence) in [
        ("JPY", "switch-2 reverses 250000 of a transaction of 2500"),
        ("KWD", "switch-2 reverses 0.250 of a transaction of 2.500"),
    ] {
        let mut scenario = day(currency);
        scenario.defects = vec!["W27".to_owned()];
        let run = reversim::run(&scenario);
        let violation = run.violation().expect("the advice asks for something else");
        assert_eq!(violation.invariant, "currency-exact");
        let text = violation_text(violation, &run.history);
        assert!(text.contains(sentence), "{text}");
    }
    let mut fen = day("CNY");
    fen.defects = vec!["W27".to_owned()];
    assert_eq!(reversim::run(&fen).violation().map(ToString::to_string), None, "two are two");
}
