//! One scenario in three worlds: in memory, over turmoil, over TCP. Not about what a world makes of
//! somebody else's system.

use reversim::drive::Sockets;
use reversim::history::{Entry, History, What};
use reversim::run_over;
use reversim::stage::OurOwn;
use reversim::stories;
use reversim_models::record::Record;

/// What a party made durable, in order.
fn records(history: &History) -> Vec<(String, &Record)> {
    let of = |entry: &Entry| entry.party.to_string();
    let recorded = history.entries.iter().filter_map(|entry| match &entry.what {
        What::Recorded(record) => Some((of(entry), record)),
        _ => None,
    });
    recorded.collect()
}

fn every_story_is_the_same_over(sockets: Sockets) {
    for story in stories::ALL {
        let scenario = story.scenario().expect("a bundled story is readable");
        let here = reversim::run(&scenario);
        let there = run_over(sockets, &scenario, &OurOwn)
            .unwrap_or_else(|error| panic!("{}: {error}", story.name));
        assert_eq!(here.findings, there.findings, "{}", story.name);
        assert_eq!(here.idle_faults, there.idle_faults, "{}", story.name);
        let (ours, theirs) = (records(&here.history), records(&there.history));
        assert!(!ours.is_empty(), "{} records nothing", story.name);
        assert_eq!(ours, theirs, "{}", story.name);
    }
}

#[test]
fn every_story_is_the_same_over_turmoil() {
    every_story_is_the_same_over(Sockets::Turmoil);
}

#[test]
fn every_story_is_the_same_over_tcp() {
    every_story_is_the_same_over(Sockets::Tcp);
}
