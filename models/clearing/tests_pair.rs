//! Two nodes of a clearing house over one store, with a switch and an issuer played by hand.

use super::tests::{DATE, House, config, entry, extract, takes};
use super::*;
use crate::defect::Defects;
use crate::node::Action;
use crate::record::EntryKind;
use crate::time::Duration;

const LEASE: Duration = Duration::secs(30);

fn house(defects: Defects) -> House<Pair> {
    House::of(Pair::new(config(defects), LEASE))
}

/// A date has ended, its extract is in, and its files are made in five seconds.
fn before_the_run(defects: Defects) -> House<Pair> {
    let mut house = house(defects);
    house.cut_over();
    house.later(0);
    let file = extract(DATE, 1, &[entry(10_001, EntryKind::Presentment)]);
    assert_eq!(house.extract(&file), Some(ResponseCode::APPROVED));
    house
}

fn pause(house: &mut House<Pair>, seconds: u64) {
    let length = Duration::secs(seconds);
    house.happen(Event::Commanded(Command::Pause { length }));
}

/// Node and fence of each lease that was taken.
fn leases(house: &House<Pair>) -> Vec<(u8, u32)> {
    let taken = house.journal.iter().filter_map(|record| match record {
        Record::Clearing(ClearingRecord::LeaseTaken { node, fence, .. }) => Some((*node, *fence)),
        _ => None,
    });
    taken.collect()
}

fn refused(house: &House<Pair>) -> Vec<(u8, u32)> {
    let refused = house.journal.iter().filter_map(|record| match record {
        Record::Clearing(ClearingRecord::WriteRefused { node, fence }) => Some((*node, *fence)),
        _ => None,
    });
    refused.collect()
}

#[test]
fn one_node_takes_the_lease_and_does_the_work_of_a_date() {
    let mut house = before_the_run(Defects::NONE);
    assert!(house.files().is_empty(), "the run comes later");
    assert!(house.later(5).contains(&Action::Connect(Port(1))));
    let (link, offered) = house.up(1);
    assert_eq!(takes(&mut house, link, &offered), house.files());
    assert!(house.is_closed());
    house.later(100);
    assert_eq!(leases(&house), [(0, 1)], "nobody takes a lease to do nothing");
}

#[test]
fn a_node_that_has_work_takes_its_lease_again_before_it_is_over() {
    let mut house = before_the_run(Defects::NONE);
    for _ in 0..6 {
        house.later(10);
    }
    assert!(!house.is_closed(), "nobody took the file");
    assert_eq!(leases(&house), [(0, 1), (0, 2), (0, 3), (0, 4)]);
}

#[test]
fn what_a_node_decided_before_it_stood_still_is_refused_when_the_other_has_done_it() {
    // Without a fence it learns of the other when it wants its lease again, and not before.
    let careless = Defects::NONE.with(Defect::B03);
    for (defects, files, stopped) in [(Defects::NONE, 1, (0, 1)), (careless, 2, (0, 2))] {
        let mut house = before_the_run(defects);
        pause(&mut house, 60);
        // The run is due: decided, and not written.
        assert_eq!(house.later(5), []);
        house.later(25);
        assert_eq!(leases(&house), [(0, 1), (1, 2)]);
        assert!(house.files().is_empty());
        house.later(0);
        assert_eq!(house.files().len(), 1);
        let (link, offered) = house.up(1);
        takes(&mut house, link, &offered);
        assert!(house.is_closed());
        house.later(30);
        assert_eq!(house.files().len(), files, "{defects:?}");
        assert_eq!(refused(&house), [stopped], "{defects:?}");
    }
}

#[test]
fn a_node_that_stands_still_for_less_than_its_lease_goes_on() {
    let mut house = before_the_run(Defects::NONE);
    pause(&mut house, 20);
    assert_eq!(house.later(5), []);
    assert!(house.later(15).contains(&Action::Connect(Port(1))), "late");
    assert_eq!((house.files().len(), refused(&house)), (1, vec![]));
    assert_eq!(leases(&house), [(0, 1), (0, 2)]);
}

#[test]
fn lines_of_a_node_that_has_lost_its_lease_are_closed_and_new_ones_go_to_the_other() {
    let mut house = before_the_run(Defects::NONE);
    house.later(5);
    let (link, _) = house.up(1);
    pause(&mut house, 60);
    // The answer to what was offered waits, and the lease ends.
    house.happen(Event::Received { link, bytes: b"what nobody reads" });
    house.later(30);
    assert_eq!(leases(&house), [(0, 1), (1, 2)]);
    let (other, offered) = house.up(1);
    assert_eq!(takes(&mut house, other, &offered), house.files());
    assert!(house.is_closed());
    let done = house.later(40);
    assert!(done.contains(&Action::Disconnect(link)), "{done:?}");
    assert!(!done.contains(&Action::Disconnect(other)), "{done:?}");
}

#[test]
fn whatever_power_loss_interrupts_each_file_is_made_once() {
    let whole = |cut: usize| {
        let mut house = before_the_run(Defects::NONE);
        pause(&mut house, 60);
        for seconds in [5, 25, 0] {
            house.later(seconds);
        }
        house.journal.truncate(cut);
        house.restart();
        if cut < 2 {
            // The operator tells the date to whoever was dark.
            house.happen(Event::Commanded(Command::CutOver {
                date: DATE.next(),
                window: Duration::ZERO,
            }));
        }
        house.later(0);
        house.extract(&extract(DATE, 1, &[entry(10_001, EntryKind::Presentment)]));
        for _ in 0..4 {
            house.later(10);
        }
        house
    };
    let length = whole(usize::MAX).journal.len();
    assert!(length >= 6, "{length}");
    for cut in 0..=length {
        let house = whole(cut);
        assert_eq!(house.files().len(), 1, "cut after {cut} records: {:?}", leases(&house));
    }
}
