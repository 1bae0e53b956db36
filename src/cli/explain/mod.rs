//! `reversim explain`: what a code or name means, with an example; or why a scenario fails.

mod failure;
mod faults;
mod marks;

use super::arguments::Explain;
use super::output::Output;
use crate::exit::{Exit, Failure};
use faults::FAULTS;
use reversim::closest::nearest;
use reversim::invariant;
use reversim::mark::Mark;
use reversim::report::table::wrap;
use reversim_models::defect::{Defect, Part};
use reversim_models::iso8583::ResponseCode;
use serde::Serialize;
use std::path::Path;

/// What there is to say about a code.
#[derive(Serialize)]
struct Entry {
    kind: &'static str,
    code: String,
    name: String,
    meaning: String,
    example: String,
}

pub(crate) fn explain(arguments: &Explain, output: &Output) -> Result<Exit, Failure> {
    let code = arguments.code.trim();
    if failure::is_file(code) {
        return failure::explain(code, output);
    }
    let entries = entries(code);
    if entries.is_empty() && Path::new(code).is_dir() {
        return failure::explain(code, output);
    }
    if entries.is_empty() {
        return Err(Failure::usage(format!(
            "nothing is called `{code}`; the closest are {}",
            nearest(code, every_word().iter().map(String::as_str), 3).join(", ")
        )));
    }
    if output.is_json() {
        output.json(&entries)?;
    } else {
        let texts: Vec<String> = entries.iter().map(text).collect();
        output.text(&texts.join("\n"))?;
    }
    Ok(Exit::Holds)
}

/// Everything of that code or name: a word may name more than one thing (`cut-over` is a fault, and
/// `97` could be one day).
fn entries(code: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    entries.extend(invariant::find(code).map(of_invariant));
    entries.extend(defect(code).map(of_defect));
    entries.extend(FAULTS.iter().find(|fault| fault.0.eq_ignore_ascii_case(code)).map(of_fault));
    entries.extend(response_code(code).map(of_response_code));
    entries.extend(Mark::parse(code).map(of_mark));
    entries
}

fn every_word() -> Vec<String> {
    let invariants = invariant::all().flat_map(|about| [about.code, about.name]);
    let defects = Defect::ALL.iter().map(|defect| defect.describe());
    let defects = defects.flat_map(|defect| [defect.id, defect.name]);
    let faults = FAULTS.iter().map(|fault| fault.0);
    let marks = Mark::ALL.iter().map(|mark| mark.name());
    let words = invariants.chain(defects).chain(faults).chain(marks).map(str::to_owned);
    words.chain(ResponseCode::all().map(|code| code.to_string())).collect()
}

fn of_invariant(about: &invariant::About) -> Entry {
    Entry {
        kind: "invariant",
        code: about.code.to_owned(),
        name: about.name.to_owned(),
        meaning: about.claim.to_owned(),
        example: about.example.to_owned(),
    }
}

fn defect(code: &str) -> Option<Defect> {
    let by_name = || {
        let mut all = Defect::ALL.iter();
        all.find(|defect| defect.describe().name.eq_ignore_ascii_case(code)).copied()
    };
    Defect::parse(code).or_else(by_name)
}

fn of_defect(defect: Defect) -> Entry {
    let description = defect.describe();
    let part = match description.part {
        Part::Terminal => "a terminal",
        Part::Switch => "a switch",
        Part::Issuer => "an issuer",
        Part::Clearing => "a clearing house",
        Part::Wire => "the line ends of every party",
    };
    let (id, wrong, breaks) = (description.id, description.wrong, description.breaks);
    Entry {
        kind: "planted defect",
        code: id.to_owned(),
        name: description.name.to_owned(),
        meaning: format!("In {part}: {wrong}. It breaks {breaks}."),
        example: format!("reversim search --defect {id} --seeds 0..10000"),
    }
}

fn of_fault(fault: &(&str, &str, &str)) -> Entry {
    let (name, meaning, example) = *fault;
    Entry {
        kind: "fault",
        code: name.to_owned(),
        name: name.to_owned(),
        meaning: meaning.to_owned(),
        example: format!("[[fault]]\n{example}"),
    }
}

fn response_code(code: &str) -> Option<ResponseCode> {
    ResponseCode::all().find(|known| known.to_string().eq_ignore_ascii_case(code))
}

fn of_response_code(code: ResponseCode) -> Entry {
    let (english, chinese) = code.meaning();
    let money = if code.is_approval() { "The money moved." } else { "The money did not move." };
    let reversal = code.reversal_reason().map(|(english, chinese)| {
        format!(" As the reason of a reversal (element 39 of a 0400): {english} ({chinese}).")
    });
    let sentence = format!("{english} ({chinese}). {money}{}", reversal.unwrap_or_default());
    Entry {
        kind: "response code",
        code: code.to_string(),
        name: english.to_owned(),
        meaning: sentence,
        example: format!("At the till: {}", code.action()),
    }
}

fn of_mark(mark: Mark) -> Entry {
    Entry {
        kind: "mark",
        code: mark.name().to_owned(),
        name: mark.name().to_owned(),
        meaning: mark.meaning().to_owned(),
        example: marks::example(mark).to_owned(),
    }
}

fn text(entry: &Entry) -> String {
    let Entry { kind, code, name, meaning, example } = entry;
    let head = if code == name { code.clone() } else { format!("{code} {name}") };
    let meaning = wrap(meaning, 96, 96).join("\n  ");
    let example = example.replace('\n', "\n  ");
    format!("{head} ({kind})\n  {meaning}\n\nexample\n  {example}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use reversim::file::parse;
    use reversim::report::faults::fault_kind;

    #[test]
    fn every_kind_of_fault_has_an_example_that_can_be_read() {
        for (kind, _, example) in FAULTS {
            let text = format!("version = 1\n[[fault]]\n{example}\n");
            let scenario = parse(kind, text.as_bytes()).map_err(|error| error.to_string());
            let faults = scenario.map(|scenario| scenario.faults);
            let kinds = faults.map(|faults| faults.iter().map(fault_kind).collect::<Vec<_>>());
            assert_eq!(kinds, Ok(vec![*kind]));
        }
        assert_eq!(FAULTS.len(), 28);
    }

    #[test]
    fn codes_and_names_are_found_in_any_case() {
        for word in [
            "s1",
            "no-unreversed-debit",
            "t01",
            "TIME-OUT-IS-DECLINE",
            "Drop",
            "a0",
            "stan-wrapped",
        ] {
            assert_eq!(entries(word).len(), 1, "{word}");
        }
        assert!(entries("T99").is_empty());
    }
}
