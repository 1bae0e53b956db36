//! The event queue of the simulated world: time, then rank, then order of entry.
//!
//! It knows nothing of what it holds, except whether an item counts as work under way.

use reversim_models::time::Instant;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Among events of one instant: which comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Rank {
    /// A message that was told to come just before the deadline is noticed.
    BeforeDeadlines,
    /// Everything else.
    Normal,
    /// Deadlines.
    Deadline,
    /// A message that was told to come just after the deadline was noticed.
    AfterDeadlines,
}

/// A heap of small keys; the items lie still beside it.
#[derive(Debug)]
pub(super) struct Queue<T> {
    heap: BinaryHeap<Reverse<(Instant, Rank, u32, u32)>>,
    items: Vec<Option<(T, bool)>>,
    free: Vec<u32>,
    entered: u32,
    work: usize,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Queue<T> {
        Queue {
            heap: BinaryHeap::with_capacity(64),
            items: Vec::with_capacity(64),
            free: Vec::with_capacity(64),
            entered: 0,
            work: 0,
        }
    }

    /// Enters an item. `is_work` says that the world is not quiet before it is out again.
    pub(super) fn push(&mut self, at: Instant, rank: Rank, item: T, is_work: bool) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.items.push(None);
            (self.items.len() - 1) as u32
        });
        self.items[slot as usize] = Some((item, is_work));
        self.heap.push(Reverse((at, rank, self.entered, slot)));
        self.entered += 1;
        self.work += usize::from(is_work);
    }

    /// The next item not later than `limit`.
    pub(super) fn pop(&mut self, limit: Instant) -> Option<(Instant, T)> {
        let &Reverse((at, _, _, slot)) = self.heap.peek()?;
        if at > limit {
            return None;
        }
        self.heap.pop();
        self.free.push(slot);
        let (item, is_work) = self.items[slot as usize].take()?;
        self.work -= usize::from(is_work);
        Some((at, item))
    }

    /// When the next item is due.
    pub(super) fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }

    /// Whether nothing at all will happen.
    pub(super) fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// Whether something is under way that is not merely waiting.
    pub(super) fn has_work(&self) -> bool {
        self.work > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_is_ordered_by_rank_and_then_by_entry() {
        let mut queue = Queue::new();
        let at = Instant(7);
        queue.push(at, Rank::AfterDeadlines, "late", true);
        queue.push(at, Rank::Deadline, "deadline", false);
        queue.push(at, Rank::Normal, "first", true);
        queue.push(at, Rank::Normal, "second", true);
        queue.push(at, Rank::BeforeDeadlines, "early", true);
        queue.push(Instant(3), Rank::AfterDeadlines, "before", true);
        let mut order = Vec::new();
        while let Some((_, item)) = queue.pop(Instant(7)) {
            order.push(item);
        }
        assert_eq!(order, ["before", "early", "first", "second", "deadline", "late"]);
        assert!(!queue.has_work());
    }

    #[test]
    fn nothing_comes_out_before_its_time() {
        let mut queue = Queue::new();
        queue.push(Instant(5), Rank::Normal, (), true);
        assert!(queue.pop(Instant(4)).is_none() && queue.has_work());
        assert!(queue.pop(Instant(5)).is_some());
    }
}
