//! A store-and-forward queue (存储转发): advices that must arrive, first in, first out.
//!
//! It is rebuilt from a journal by the calls that filled it: [`push`](Saf::push) for what was
//! queued, [`tried`](Saf::tried) for each sending, [`complete`](Saf::complete) for what ended. It
//! knows no line, no timer and no message, and forgets nothing by itself.

/// Advices waiting for one peer, oldest first. Only the head may be on its way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Saf<T> {
    entries: Vec<Entry<T>>,
}

/// One advice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry<T> {
    /// Its number in the journal.
    pub number: u64,
    /// How often it was sent, for its budget.
    pub attempts: u16,
    /// Whether it may have been sent before, so that the next one is a repeat.
    pub is_repeat: bool,
    /// What it says.
    pub item: T,
}

impl<T> Saf<T> {
    /// Nothing waits.
    pub const fn new() -> Saf<T> {
        Saf { entries: Vec::new() }
    }

    /// Puts an advice behind the others. A number that is already waiting stays where it is.
    pub fn push(&mut self, number: u64, item: T) {
        if self.get(number).is_none() {
            self.entries.push(Entry { number, attempts: 0, is_repeat: false, item });
        }
    }

    /// An advice was sent for the n-th time.
    pub fn tried(&mut self, number: u64, attempt: u16) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.number == number) {
            entry.attempts = attempt;
            entry.is_repeat = true;
        }
    }

    /// Counts one sending less of each: it was recorded before it was made, then power was lost.
    /// What may have been sent is still marked as a repeat when it is sent again.
    pub fn doubt_last_sendings(&mut self) {
        for entry in &mut self.entries {
            entry.attempts = entry.attempts.saturating_sub(1);
        }
    }

    /// Takes an advice out: it was delivered, or given up.
    pub fn complete(&mut self, number: u64) -> Option<T> {
        let at = self.entries.iter().position(|entry| entry.number == number)?;
        Some(self.entries.remove(at).item)
    }

    /// The advice whose turn it is.
    pub fn head(&self) -> Option<&Entry<T>> {
        self.entries.first()
    }

    /// The advice with this number, if it waits.
    pub fn get(&self, number: u64) -> Option<&Entry<T>> {
        self.entries.iter().find(|entry| entry.number == number)
    }

    /// The same, to be changed; no correct party does.
    #[cfg_attr(mutants, mutants::skip)]
    pub fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let entry = self.entries.iter_mut().find(|entry| entry.number == number)?;
        Some(&mut entry.item)
    }

    /// All that wait, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Entry<T>> {
        self.entries.iter()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<T> Default for Saf<T> {
    fn default() -> Saf<T> {
        Saf::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_advice_goes_first_and_stays_until_it_is_completed() {
        let mut saf = Saf::new();
        saf.push(7, "first");
        saf.push(9, "second");
        saf.push(7, "again");
        assert_eq!(saf.len(), 2);
        saf.tried(7, 1);
        saf.tried(7, 2);
        assert_eq!(
            saf.head(),
            Some(&Entry { number: 7, attempts: 2, is_repeat: true, item: "first" })
        );
        assert_eq!(saf.complete(7), Some("first"));
        assert_eq!(saf.complete(7), None);
        assert_eq!(saf.head().map(|head| head.number), Some(9));
    }

    #[test]
    fn a_sending_in_doubt_does_not_count_but_makes_a_repeat() {
        let mut saf = Saf::new();
        saf.push(1, ());
        saf.push(2, ());
        saf.tried(1, 1);
        saf.doubt_last_sendings();
        let state: Vec<_> = saf.iter().map(|entry| (entry.attempts, entry.is_repeat)).collect();
        assert_eq!(state, [(0, true), (0, false)]);
    }

    #[test]
    fn one_that_is_given_up_in_the_middle_leaves_the_others_in_order() {
        let mut saf = Saf::new();
        for number in 1..=3 {
            saf.push(number, ());
        }
        saf.complete(2);
        saf.tried(2, 5);
        let left: Vec<u64> = saf.iter().map(|entry| entry.number).collect();
        assert_eq!(left, [1, 3]);
        assert!(!saf.is_empty() && saf.get(2).is_none());
    }
}
