//! What a line alone tells of a run: written, read back, judged without the parties' records.

use reversim::file::recording::{Head, parse_recording, render_recording};
use reversim::generate::{Profile, scenario};
use reversim::history::{History, What};
use reversim::party::Party;
use reversim::report::ladder::ladder;
use reversim::verdict::Verdict;

/// What somebody sees who stands between these two.
fn seen_between(history: &History, a: Party, b: Party) -> History {
    let mut seen = History::default();
    let mut places = vec![None; history.entries.len()];
    let is_between = |x: Party, y: Party| (x, y) == (a, b) || (x, y) == (b, a);
    for (index, entry) in history.entries.iter().enumerate() {
        let mut what = entry.what.clone();
        let is_seen = match &mut what {
            What::Sent { to, .. } => is_between(entry.party, *to),
            What::Delivered { from, sent, .. } if is_between(*from, entry.party) => {
                places[*sent].map(|place| *sent = place).is_some()
            }
            What::Lost { to, sent } => {
                let place = places[*sent].filter(|_| [a, b].contains(to));
                place.map(|place| *sent = place).is_some()
            }
            What::LinkUp { peer, .. } | What::LinkDown { peer, .. } => {
                is_between(entry.party, *peer)
            }
            _ => false,
        };
        if is_seen {
            let none = reversim_models::node::Ticket::NONE;
            places[index] = Some(seen.push(entry.at, entry.party, none, what));
        }
    }
    seen
}

#[test]
fn what_is_recorded_is_read_back_as_it_was() {
    for seed in 0..60 {
        let run = reversim::run(&scenario(Profile::default(), seed));
        let (a, b) = (Party::terminal(1), Party::switch(1));
        let seen = seen_between(&run.history, a, b);
        let text = render_recording(&Head::new("test", vec![a, b]), &seen);
        let read = parse_recording("x", text.as_bytes()).expect("it was just written");
        assert_eq!(read.history.entries, seen.entries, "seed {seed}");
        assert_eq!(ladder(&read.history), ladder(&seen), "seed {seed}");
    }
}

#[test]
fn nobody_is_accused_by_what_the_line_alone_shows() {
    let mut checked = 0;
    for seed in 0..400 {
        let run = reversim::run(&scenario(Profile::default(), seed));
        assert_eq!(run.violation(), None, "seed {seed}");
        for (a, b) in [
            (Party::terminal(1), Party::switch(1)),
            (Party::switch(1), Party::issuer(1)),
            (Party::switch(1), Party::switch(2)),
        ] {
            let seen = seen_between(&run.history, a, b);
            let text = render_recording(&Head::new("test", vec![a, b]), &seen);
            let read = parse_recording("x", text.as_bytes()).expect("it was just written");
            for finding in reversim::judge(&read.history) {
                match finding.verdict {
                    Verdict::Violated(violation) => panic!("seed {seed}, {a} to {b}: {violation}"),
                    Verdict::Holds { checked: count } => checked += count,
                    Verdict::Unknown { .. } => {}
                }
            }
        }
    }
    assert!(checked > 1_000, "only {checked} cases were checked");
}
