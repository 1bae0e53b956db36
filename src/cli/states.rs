//! Model-state coverage as a search reports it: how much was seen, and what never was.

use reversim::coverage::{State, States};
use reversim::report::table::wrap;
use serde::Serialize;
use std::fmt::Write;

/// In JSON. States are `terminal/switch/issuer`.
#[derive(Serialize)]
pub(crate) struct StatesJson {
    possible: usize,
    seen: Vec<String>,
    never_seen: Vec<String>,
    /// Seen, and nothing that correct parties come to.
    impossible: Vec<String>,
}

/// The coverage for machines.
pub(crate) fn states_json(states: &States) -> StatesJson {
    let names = |states: &mut dyn Iterator<Item = State>| states.map(|s| s.to_string()).collect();
    StatesJson {
        possible: State::possible().count(),
        seen: names(&mut states.iter().filter(State::is_possible)),
        never_seen: names(&mut states.never_seen()),
        impossible: names(&mut states.iter().filter(|state| !state.is_possible())),
    }
}

/// The coverage for people.
pub(crate) fn states_text(states: &States) -> String {
    let StatesJson { possible, seen, never_seen, impossible } = states_json(states);
    let mut out = String::new();
    let mut line = |text: String| {
        let _ = writeln!(out, "  {}", wrap(&text, 98, 96).join("\n    "));
    };
    line(format!("states of a sale (terminal/switch/issuer): {} of {possible} seen", seen.len()));
    line(format!(
        "the other {} of {} combinations are impossible for correct parties: who acts on a message \
         recorded it after its sender did, so nobody knows less than whoever learned it from him",
        State::all().count() - possible,
        State::all().count(),
    ));
    if !never_seen.is_empty() {
        line(format!("never seen: {}", never_seen.join(", ")));
        line(
            "no rule forbids these; whether anything leads there is not known: they may be rare, \
             or forbidden by more than two parties at once"
                .to_owned(),
        );
    }
    if !impossible.is_empty() {
        line(format!("seen, and impossible for correct parties: {}", impossible.join(", ")));
    }
    out
}
