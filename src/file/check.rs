//! What a scenario file must mean beyond its shape: versions, ids, names. Finds the place of each.

use super::Problem;
use crate::closest::closest;
use crate::invariant;
use crate::mark::Mark;
use crate::scenario::{Expect, Policy, Scenario, Timing, VERSION};
use reversim_models::defect::Defect;
use reversim_models::iso8583::ResponseCode;
use reversim_models::security::MacAlgorithm;
use reversim_models::time::{Date, LocalTime};
use std::collections::BTreeSet;
use toml::de::{DeTable, DeValue};

/// The version comes first: a newer file may hold keys that this build does not know.
pub(super) fn version(document: &DeTable<'_>) -> Result<(), Problem> {
    let Some(value) = document.get("version") else {
        let problem = Problem::new(None, "version", "`version` is missing");
        return Err(problem.hint(format!("a scenario begins with `version = {VERSION}`")));
    };
    let at = Some(value.span().start);
    match value.get_ref().as_integer().map(|number| number.to_string().parse::<u32>()) {
        Some(Ok(VERSION)) => Ok(()),
        Some(Ok(other)) => {
            let reason = format!("`version` is {other}, but this build reads version {VERSION}");
            let hint = if other > VERSION { "take a newer build" } else { "take an older build" };
            Err(Problem::new(at, "version", reason).hint(hint))
        }
        _ => Err(Problem::new(at, "version", "`version` is not a number")
            .hint(format!("write `version = {VERSION}`"))),
    }
}

/// What serde cannot see.
pub(super) fn meaning(scenario: &Scenario, document: &DeTable<'_>) -> Result<(), Problem> {
    defects(scenario, document)?;
    steps(scenario, document)?;
    expect(&scenario.expect, document)?;
    timing(&scenario.timing, document)?;
    policy(&scenario.policy, document)
}

fn defects(scenario: &Scenario, document: &DeTable<'_>) -> Result<(), Problem> {
    for (index, id) in scenario.defects.iter().enumerate() {
        if Defect::parse(id).is_none() {
            let list = document.get("defects").and_then(|list| list.get_ref().get(index));
            let at = list.map(|item| item.span().start);
            let reason = format!("`defects`: there is no defect `{id}`");
            return Err(Problem::new(at, "defects", reason).hint(nearest_defect(id)));
        }
    }
    Ok(())
}

/// The hint for an id that no defect has.
pub fn nearest_defect(id: &str) -> String {
    let ids = Defect::ALL.iter().map(|defect| defect.describe());
    let names = ids.clone().map(|d| d.name).chain(ids.map(|d| d.id));
    match closest(id, names) {
        // A name was written where the id belongs.
        Some(near) => {
            let by_name = Defect::ALL.iter().find(|d| d.describe().name == near);
            let id = by_name.map_or(near.to_owned(), ToString::to_string);
            format!("did you mean `{id}`?")
        }
        None => "`reversim explain T01` shows one; ids are a letter and two digits".to_owned(),
    }
}

fn steps(scenario: &Scenario, document: &DeTable<'_>) -> Result<(), Problem> {
    let mut seen = BTreeSet::new();
    for (index, step) in scenario.steps.iter().enumerate() {
        let id = step.id;
        let reason = match id {
            1..=9_999 if seen.insert(id) => continue,
            1..=9_999 => format!("`step.id`: two steps have the id {id}"),
            _ => format!("`step.id`: {id} is out of range"),
        };
        let value = document.get("step").and_then(|steps| steps.get_ref().get(index));
        let at = value.and_then(|step| step.get_ref().get("id")).map(|id| id.span().start);
        let hint = "give each step its own, from 1 to 9999";
        return Err(Problem::new(at, "step.id", reason).hint(hint));
    }
    Ok(())
}

fn expect(expect: &Expect, document: &DeTable<'_>) -> Result<(), Problem> {
    let invariants = expect.violates.iter().map(|name| ("violates", name));
    let invariants = invariants.chain(expect.exercises.iter().map(|name| ("exercises", name)));
    for (key, name) in invariants {
        if invariant::find(name).is_none() {
            let near = closest(name, invariant::all().map(|about| about.name));
            return Err(unknown_name(document, key, "invariant", name, near));
        }
    }
    for name in &expect.marks {
        if Mark::parse(name).is_none() {
            let near = closest(name, Mark::ALL.iter().map(|mark| mark.name()));
            return Err(unknown_name(document, "marks", "mark", name, near));
        }
    }
    Ok(())
}

fn unknown_name(
    document: &DeTable<'_>,
    key: &str,
    what: &str,
    name: &str,
    near: Option<&str>,
) -> Problem {
    let reason = format!("`expect.{key}`: there is no {what} `{name}`");
    let problem = Problem::new(place(document, "expect", key), format!("expect.{key}"), reason);
    problem.hint(near.map_or(String::new(), |near| format!("did you mean `{near}`?")))
}

fn timing(timing: &Timing, document: &DeTable<'_>) -> Result<(), Problem> {
    if date_and_time(&timing.start).is_some() {
        return Ok(());
    }
    let reason = format!("`timing.start`: `{}` is not a date and time", timing.start);
    let at = place(document, "timing", "start");
    Err(Problem::new(at, "timing.start", reason).hint("write it as `2026-05-30 10:00:00`"))
}

fn policy(policy: &Policy, document: &DeTable<'_>) -> Result<(), Problem> {
    let codes = [
        ("switch-timeout-code", &policy.switch_timeout_code),
        ("issuer-unknown-original-code", &policy.issuer_unknown_original_code),
    ];
    for (key, code) in codes {
        if !ResponseCode::all().any(|known| known.to_string() == *code) {
            let reason = format!("`policy.{key}`: `{code}` is not a response code");
            let problem = Problem::new(place(document, "policy", key), key, reason);
            return Err(problem.hint("write two characters of the table, as \"98\""));
        }
    }
    let mac = &policy.network_mac;
    if MacAlgorithm::by_name(mac).is_none() {
        let reason = format!("`policy.network-mac`: `{mac}` is not an algorithm");
        let known = ["x9.19", "x9.9", "3des-cbc", "aes-cmac", "pos-ecb"];
        let hint = match closest(mac, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known are {}", known.join(", ")),
        };
        let at = place(document, "policy", "network-mac");
        return Err(Problem::new(at, "policy.network-mac", reason).hint(hint));
    }
    Ok(())
}

fn place(document: &DeTable<'_>, table: &str, key: &str) -> Option<usize> {
    let table = document.get(table).map(|table| table.get_ref()).and_then(DeValue::as_table)?;
    table.get(key).map(|value| value.span().start)
}

/// `2026-05-30 10:00:00`.
fn date_and_time(text: &str) -> Option<LocalTime> {
    let (date, time) = text.split_once(' ')?;
    let mut date = date.splitn(3, '-');
    let (year, month, day) = (date.next()?, date.next()?, date.next()?);
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
    let mut parts = time.splitn(3, ':').map(|part| part.parse::<u32>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let is_time = hour < 24 && minute < 60 && second < 60;
    is_time.then(|| LocalTime::new(date, hour * 3_600 + minute * 60 + second))
}
