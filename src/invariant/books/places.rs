//! Where things with a certain key lie in a list: claims look up, they do not search.
//!
//! A run at the counter has a handful of everything, and comparing a few keys is cheaper than
//! any table; a day of fifty terminals has thousands. It keeps order, and nothing but places.

use rustc_hash::FxHashMap;
use std::hash::Hash;

/// Above so many, a table pays.
const FEW: usize = 48;

/// Finds the members of a list that only grows, by a key that never changes.
#[derive(Clone, Debug)]
pub(crate) struct Index<T, K> {
    key: fn(&T) -> K,
    many: Option<FxHashMap<K, Vec<u32>>>,
}

impl<T, K: Copy + Eq + Hash> Index<T, K> {
    pub(crate) fn by(key: fn(&T) -> K) -> Index<T, K> {
        Index { key, many: None }
    }

    /// The list has just grown by one.
    pub(crate) fn added(&mut self, list: &[T]) {
        let start = match self.many {
            None if list.len() <= FEW => return,
            None => 0,
            Some(_) => list.len() - 1,
        };
        let many = self.many.get_or_insert_default();
        for (place, member) in list.iter().enumerate().skip(start) {
            // A history has fewer entries than there are numbers of 32 bits: it is in memory.
            many.entry((self.key)(member)).or_default().push(place as u32);
        }
    }

    /// The places of the members with this key, first to last.
    pub(crate) fn of<'a>(
        &'a self,
        list: &'a [T],
        key: K,
    ) -> impl DoubleEndedIterator<Item = usize> + use<'a, T, K> {
        let (few, many) = match &self.many {
            None => (list, None),
            Some(many) => (&[][..], many.get(&key)),
        };
        let is_it = move |(_, member): &(usize, &T)| (self.key)(member) == key;
        let few = few.iter().enumerate().filter(is_it).map(|(place, _)| place);
        few.chain(many.into_iter().flatten().map(|place| *place as usize))
    }

    /// Changes each member with this key, first to last; never its key.
    pub(crate) fn each_mut(&self, list: &mut [T], key: K, mut change: impl FnMut(&mut T)) {
        match &self.many {
            None => {
                let is_it = |member: &&mut T| (self.key)(member) == key;
                list.iter_mut().filter(is_it).for_each(change);
            }
            Some(many) => {
                let places = many.get(&key).into_iter().flatten();
                places.for_each(|place| change(&mut list[*place as usize]));
            }
        }
    }
}

/// The places of each key, for what is not a member of one list, or only sometimes looked for.
#[derive(Clone, Debug)]
pub(crate) struct Places<K> {
    keys: Vec<(K, u32)>,
    index: Index<(K, u32), K>,
}

impl<K: Copy + Eq + Hash> Default for Places<K> {
    fn default() -> Places<K> {
        Places { keys: Vec::new(), index: Index::by(|(key, _)| *key) }
    }
}

impl<K: Copy + Eq + Hash> Places<K> {
    /// Adds a place; later ones are added later.
    pub(crate) fn add(&mut self, key: K, place: usize) {
        self.keys.push((key, place as u32));
        self.index.added(&self.keys);
    }

    /// The places of this key, first to last.
    pub(crate) fn of(&self, key: K) -> impl DoubleEndedIterator<Item = usize> {
        self.index.of(&self.keys, key).map(|at| self.keys[at].1 as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_are_found_alike_and_in_order() {
        for count in [0, 1, FEW - 1, FEW, FEW + 1, 10 * FEW] {
            let mut places = Places::default();
            (0..count).for_each(|place| places.add(place % 7, place));
            for key in 0..8 {
                let expected: Vec<usize> = (0..count).filter(|place| place % 7 == key).collect();
                assert_eq!(places.of(key).collect::<Vec<_>>(), expected);
                let mut backwards: Vec<usize> = places.of(key).rev().collect();
                backwards.reverse();
                assert_eq!(backwards, expected);
            }
        }
    }
}
