//! An exploration that is interrupted anywhere and goes on comes to the same certificate.

use super::*;

/// Every place of an exploration, the last one included, as it is written down.
fn places(exploration: &Exploration) -> Vec<Place> {
    let mut places = Vec::new();
    exploration
        .go_on(&fake::counter, None, None, &mut |place| places.push(place.clone()))
        .expect("it ends");
    let written = places.iter().map(|place| serde_json::to_string(place).expect("it is data"));
    written.map(|text| serde_json::from_str(&text).expect("it was written like this")).collect()
}

#[test]
fn going_on_from_any_place_gives_the_same_certificate() {
    let base = flow("sale+sale").expect("a flow by this name");
    let exploration = Exploration { base, ..exploration(3, 2) };
    let whole = certify(&exploration);
    let places = places(&exploration);
    assert!(places.len() > 4, "{}", places.len());
    assert!(places.is_sorted_by_key(Place::runs));
    for place in &places {
        let runs = Mutex::new(0);
        let play = |scenario: &Scenario| {
            *runs.lock().expect("no thread panics") += 1;
            fake::counter(scenario)
        };
        let mut other = Exploration { jobs: 1, ..exploration.clone() };
        other.name.clone_from(&exploration.name);
        let certificate = other.go_on(&play, Some(place), None, &mut |_| {}).expect("it goes on");
        assert_eq!(Certificate { elapsed: Duration::ZERO, ..certificate }, whole);
        let again: u64 = runs.into_inner().expect("no thread panics");
        let kinds = whole.violations.len() as u64;
        assert!(again + place.leaves() <= whole.runs + kinds, "what is done is not done again");
    }
}

#[test]
fn a_place_of_something_else_is_refused_in_words() {
    let first = places(&exploration(2, 2)).swap_remove(0);
    let refused = |exploration: &Exploration, play: &Play<'_>| {
        let went_on = exploration.go_on(play, Some(&first), None, &mut |_| {});
        went_on.expect_err("it is another exploration").to_string()
    };
    let more = refused(&exploration(3, 2), &fake::counter);
    assert_eq!(more, "it was written by another exploration: faults 2 instead of 3");
    let other = Exploration { base: flow("sale+sale").expect("a flow"), ..exploration(2, 2) };
    assert!(refused(&other, &fake::counter).contains("flow-digest"));
    let other_build = |scenario: &Scenario| {
        let mut run = fake::counter(scenario);
        run.digest.0 ^= 1;
        run
    };
    assert!(refused(&exploration(2, 2), &other_build).contains("another build"));
    // The flow itself runs as it did, and something else does not.
    let subtle = |scenario: &Scenario| {
        let mut run = fake::counter(scenario);
        run.digest.0 ^= u64::from(scenario.faults.len() == 1);
        run
    };
    assert!(refused(&exploration(2, 2), &subtle).contains("another build"));
}
