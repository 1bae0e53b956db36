//! One value of a scenario set from a word: `saf-attempts=1`, `timing.think-ms=0`.
//!
//! Only what is a number, a word or a truth in `policy`, `timing` and `topology` can be set.

use super::{FileError, parse, render};
use crate::closest::closest;
use crate::scenario::Scenario;
use toml::{Table, Value};

/// The tables whose values can be set; the first one need not be named.
const TABLES: [&str; 3] = ["policy", "timing", "topology"];

/// The scenario with one value changed.
///
/// # Errors
///
/// One sentence: what is wrong with the assignment, and what to do.
pub fn set(scenario: &Scenario, assignment: &str) -> Result<Scenario, FileError> {
    let failed = |reason: String, hint: String| FileError {
        file: assignment.to_owned(),
        line: None,
        key: String::new(),
        reason,
        hint,
    };
    let how = || "write KEY=VALUE, as saf-attempts=1 or timing.think-ms=0".to_owned();
    let Some((key, word)) = assignment.split_once('=') else {
        return Err(failed("this sets nothing".to_owned(), how()));
    };
    let (key, word) = (key.trim(), word.trim());
    let (table, key) = key.split_once('.').unwrap_or((TABLES[0], key));
    let mut whole = Table::try_from(scenario)
        .map_err(|_| failed("a number of the scenario is too large".to_owned(), String::new()))?;
    let named = TABLES.contains(&table).then(|| whole.get_mut(table)).flatten();
    let Some(entries) = named.and_then(Value::as_table_mut) else {
        let reason = format!("there is no table `{table}` with values to set");
        return Err(failed(reason, format!("write {}", TABLES.join(", "))));
    };
    let old = entries.get(key).filter(|old| !old.is_table() && !old.is_array());
    let Some(old) = old else {
        let known = entries.iter().filter(|(_, value)| !value.is_array()).map(|(key, _)| &key[..]);
        let hint = match closest(key, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => how(),
        };
        return Err(failed(format!("there is no key `{key}` in `{table}`"), hint));
    };
    let (new, kind) = match old {
        Value::Integer(_) => (word.parse().ok().map(Value::Integer), "a number"),
        Value::Boolean(_) => (word.parse().ok().map(Value::Boolean), "true or false"),
        _ => (Some(Value::String(word.to_owned())), "a word"),
    };
    let Some(new) = new else {
        return Err(failed(format!("`{word}` is not {kind}"), String::new()));
    };
    entries.insert(key.to_owned(), new);
    let changed: Result<Scenario, _> = whole.try_into();
    let changed = changed.map_err(|error| {
        let message = error.message().lines().next().unwrap_or_default().to_owned();
        failed(message, String::new())
    })?;
    // What a file may not say cannot be set either.
    let text = render(&changed).map_err(|error| failed(error.to_string(), String::new()))?;
    parse(assignment, text.as_bytes()).map_err(|error| FileError { line: None, ..error })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(assignment: &str) -> String {
        set(&Scenario::default(), assignment).expect_err("it is wrong").to_string()
    }

    #[test]
    fn a_value_is_set_and_nothing_else_changes() {
        let set = |assignment| set(&Scenario::default(), assignment);
        let mut expected = Scenario::default();
        expected.policy.saf_attempts = 1;
        assert_eq!(set("saf-attempts=1"), Ok(expected.clone()));
        assert_eq!(set("policy.saf-attempts = 1"), Ok(expected));
        let mut expected = Scenario::default();
        expected.timing.think_ms = 0;
        assert_eq!(set("timing.think-ms=0"), Ok(expected));
        let code =
            set("switch-timeout-code=91").map(|scenario| scenario.policy.switch_timeout_code);
        assert_eq!(code, Ok("91".to_owned()));
    }

    #[test]
    fn what_cannot_be_set_is_said_in_one_sentence() {
        let nearest = "saf-atempts=1: there is no key `saf-atempts` in `policy`; did you mean \
                       `saf-attempts`?";
        assert_eq!(said("saf-atempts=1"), nearest);
        assert_eq!(said("saf-attempts=many"), "saf-attempts=many: `many` is not a number");
        assert!(said("saf-attempts").contains("write KEY=VALUE"));
        assert!(said("step.id=1").contains("no table `step`"));
        assert!(said("topology.cards=1").contains("no key `cards`"));
        assert!(
            said("topology.terminals=300").contains("300"),
            "{}",
            said("topology.terminals=300")
        );
        assert!(said("switch-timeout-code=9").contains("switch-timeout-code"));
    }
}
