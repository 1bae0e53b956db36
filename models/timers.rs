//! Named timers behind one deadline. Not a clock: a party sets them, and asks which one is due when
//! it is told that its deadline has passed.

use crate::time::Instant;

/// The timers a party has running, by name. Setting one that runs moves it.
///
/// Few at a time: setting and clearing look at every running timer, the deadline is at hand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Timers<K: Ord + Copy> {
    /// The latest first, so that the next one due is popped off the end.
    running: Vec<(Instant, K)>,
}

impl<K: Ord + Copy> Timers<K> {
    /// None running.
    pub const fn new() -> Self {
        Timers { running: Vec::new() }
    }

    /// Lets `key` run until `deadline`, whether or not it was running.
    pub fn set(&mut self, key: K, deadline: Instant) {
        self.clear(key);
        let at = self.running.partition_point(|&timer| timer > (deadline, key));
        self.running.insert(at, (deadline, key));
    }

    /// Stops `key`, if it is running.
    pub fn clear(&mut self, key: K) {
        if let Some(at) = self.running.iter().position(|&(_, running)| running == key) {
            self.running.remove(at);
        }
    }

    /// Stops all: what a loss of power does.
    pub fn clear_all(&mut self) {
        self.running.clear();
    }

    /// When `key` is due, if it is running.
    pub fn get(&self, key: K) -> Option<Instant> {
        self.running.iter().find(|&&(_, running)| running == key).map(|&(deadline, _)| deadline)
    }

    /// When the first timer is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.running.last().map(|&(deadline, _)| deadline)
    }

    /// Stops and returns the first timer that is due at `now`: the earliest, among equals the least
    /// name. Call it until there is none, for several may be due at one instant.
    pub fn pop_due(&mut self, now: Instant) -> Option<K> {
        let (_, key) = self.running.pop_if(|(deadline, _)| *deadline <= now)?;
        Some(key)
    }
}

impl<K: Ord + Copy> Default for Timers<K> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn timers_are_due_in_the_order_of_their_deadlines_then_names() {
        let mut timers = Timers::new();
        for (name, at) in [('c', 20), ('b', 10), ('d', 10), ('a', 30)] {
            timers.set(name, Instant(at));
        }
        assert_eq!(timers.deadline(), Some(Instant(10)));
        assert_eq!(timers.pop_due(Instant(9)), None);
        let due: Vec<char> = std::iter::from_fn(|| timers.pop_due(Instant(20))).collect();
        assert_eq!(due, ['b', 'd', 'c']);
        assert_eq!(timers.deadline(), Some(Instant(30)));
    }

    #[test]
    fn setting_a_running_timer_moves_it() {
        let mut timers = Timers::new();
        timers.set('a', Instant(10));
        timers.set('a', Instant(50));
        assert_eq!(timers.pop_due(Instant(49)), None);
        assert_eq!(timers.get('a'), Some(Instant(50)));
        assert_eq!(timers.pop_due(Instant(50)), Some('a'));
        assert_eq!(timers, Timers::new());
    }

    #[test]
    fn a_cleared_timer_is_never_due() {
        let mut timers = Timers::new();
        timers.set('a', Instant(10));
        timers.set('b', Instant(20));
        timers.clear('a');
        timers.clear('x');
        assert_eq!(timers.pop_due(Instant(100)), Some('b'));
        timers.set('c', Instant(30));
        timers.clear_all();
        assert_eq!(timers.deadline(), None);
    }

    proptest! {
        #[test]
        fn timers_behave_as_a_map_searched_for_its_least_deadline(
            steps in prop::collection::vec((0_u8..3, 0_u8..6, 0_u64..20), 0..100),
        ) {
            let mut timers = Timers::new();
            let mut map = BTreeMap::new();
            for (step, key, at) in steps {
                match step {
                    0 => {
                        timers.set(key, Instant(at));
                        map.insert(key, Instant(at));
                    }
                    1 => {
                        timers.clear(key);
                        map.remove(&key);
                    }
                    _ => {
                        let least = map.iter().map(|(&key, &deadline)| (deadline, key)).min();
                        let due = least.filter(|&(deadline, _)| deadline <= Instant(at));
                        prop_assert_eq!(timers.pop_due(Instant(at)), due.map(|(_, key)| key));
                        due.map(|(_, key)| map.remove(&key));
                    }
                }
                prop_assert_eq!(timers.deadline(), map.values().min().copied());
                prop_assert_eq!(timers.get(key), map.get(&key).copied());
            }
        }
    }
}
