//! States of real runs, and of what is possible.

use super::*;
use crate::generate::{Profile, scenario};
use crate::history::{Entry, What};
use crate::search::explore::flow;
use std::collections::BTreeMap;

fn seen(name: &str) -> Vec<String> {
    let run = crate::run::run(&flow(name).expect("a flow by this name"));
    run.states.iter().map(|state| state.to_string()).collect()
}

#[test]
fn a_sale_is_followed_from_the_counter_to_the_closed_batch() {
    assert_eq!(
        seen("sale"),
        [
            "asked/unknown/unknown",
            "asked/forwarded/unknown",
            "asked/forwarded/debited",
            "asked/approved/debited",
            "approved/approved/debited",
            "approved/settled/debited",
            "settled/settled/debited",
        ]
    );
    assert!(seen("sign-on").is_empty());
    assert!(seen("upload").contains(&"given-up/approved/debited".to_owned()));
}

#[test]
fn what_is_answered_once_more_when_its_batch_is_closed_stays_settled() {
    let run = crate::run::run(&flow("sale").expect("a flow by this name"));
    let mut watch = StateWatch::new(&run.history.setting);
    let answered =
        |entry: &&Entry| matches!(&entry.what, What::Recorded(r) if r.name() == "answered");
    let again = run.history.entries.iter().find(answered).expect("the sale is answered");
    for entry in run.history.entries.iter().chain([again]) {
        if let What::Recorded(record) = &entry.what {
            watch.observe(entry, record);
        }
    }
    assert_eq!(watch.states(), run.states);
}

#[test]
fn correct_parties_come_to_nothing_that_is_not_possible() {
    let mut strange: BTreeMap<String, (Profile, u64)> = BTreeMap::new();
    let mut all = States::default();
    for profile in Profile::ALL {
        for seed in 0..400 {
            let run = crate::run::run(&scenario(profile, seed));
            all.add(&run.states);
            for state in run.states.iter().filter(|state| !state.is_possible()) {
                strange.entry(state.to_string()).or_insert((profile, seed));
            }
        }
    }
    assert_eq!(strange, BTreeMap::new());
    let possible = State::possible().count() as u64;
    assert!(all.count() > possible / 2, "{} of {possible}", all.count());
}

#[test]
fn a_set_is_written_by_names_and_read_again() {
    let mut set = States::default();
    State::possible().step_by(7).for_each(|state| set.set(state));
    let text = serde_json::to_string(&set).expect("names are text");
    assert_eq!(serde_json::from_str::<States>(&text).expect("it was written so"), set);
    assert!(serde_json::from_str::<States>("[\"asked\"]").is_err());
    assert!(State::all().all(|state| State::parse(&state.to_string()) == Some(state)));
    let possible = State::possible().count() as u64;
    assert_eq!(set.never_seen().count() as u64, possible - set.count());
    assert_eq!((set.beyond(&States::default()), set.beyond(&set)), (set.count(), 0));
}
