//! Voucher numbers (STAN, element 11): which one is next. Knows no message.

/// The number used last, and the numbers that may not be used again before the batch is closed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stans {
    /// The last one used.
    last: u32,
    /// The largest one; the next is 1.
    max: u32,
    /// Borne by sales of the open batch and by pending reversals, in ascending order.
    sold: Vec<u32>,
    /// Borne by messages of the open batch that move no money, in ascending order. The host
    /// remembers an inquiry as it does a sale, so a sale may not take its number.
    taken: Vec<u32>,
}

impl Stans {
    /// None used yet; the first one follows `start`.
    pub(super) fn new(start: u32, max: u32) -> Stans {
        let max = max.clamp(2, 999_999);
        Stans { last: start, max, sold: Vec::new(), taken: Vec::new() }
    }

    /// Marks a number as borne by a sale.
    pub(super) fn sell(&mut self, stan: u32) {
        self.last = stan;
        insert(&mut self.sold, stan);
    }

    /// Marks a number as borne by a message that moves no money.
    pub(super) fn take(&mut self, stan: u32) {
        self.last = stan;
        insert(&mut self.taken, stan);
    }

    /// The batch is closed: all are free again but those of `pending` reversals.
    pub(super) fn release(&mut self, pending: impl Iterator<Item = u32>) {
        self.taken.clear();
        self.sold.clear();
        for stan in pending {
            insert(&mut self.sold, stan);
        }
    }

    /// Planted defect T10: the counter as it stood at the last sign-on, and nothing after it.
    #[cfg_attr(mutants, mutants::skip)]
    pub(super) fn forget_since(&mut self, last: u32) {
        self.last = last;
        self.taken.clear();
        self.sold.clear();
    }

    /// The last one used.
    pub(super) fn last(&self) -> u32 {
        self.last
    }

    /// The next one for a sale. One more always stays free, for the settlement.
    pub(super) fn for_sale(&self) -> Option<u32> {
        let has_room = self.sold.len() + 1 < self.max as usize;
        self.next(|stan| self.is_sold(stan) || self.is_taken(stan)).filter(|_| has_room)
    }

    /// The next one for an inquiry.
    pub(super) fn for_inquiry(&self) -> Option<u32> {
        self.next(|stan| self.is_sold(stan) || self.is_taken(stan))
    }

    /// The next one for sign-on, settlement and upload, which the host does not remember by number.
    pub(super) fn for_management(&self) -> u32 {
        self.next(|stan| self.is_sold(stan)).unwrap_or_else(|| self.after(self.last))
    }

    /// Planted defect T11: the next one as a plain counter has it.
    #[cfg_attr(mutants, mutants::skip)]
    pub(super) fn modulo(&self) -> u32 {
        (self.last + 1) % (self.max + 1)
    }

    fn next(&self, is_barred: impl Fn(u32) -> bool) -> Option<u32> {
        let mut stan = self.after(self.last);
        // Every step that does not end passes one barred number, so this bounds the search.
        for _ in 0..=self.sold.len() + self.taken.len() {
            if !is_barred(stan) {
                return Some(stan);
            }
            stan = self.after(stan);
        }
        None
    }

    fn after(&self, stan: u32) -> u32 {
        if stan >= self.max { 1 } else { stan + 1 }
    }

    fn is_sold(&self, stan: u32) -> bool {
        self.sold.binary_search(&stan).is_ok()
    }

    fn is_taken(&self, stan: u32) -> bool {
        self.taken.binary_search(&stan).is_ok()
    }
}

fn insert(sorted: &mut Vec<u32>, stan: u32) {
    if let Err(at) = sorted.binary_search(&stan) {
        sorted.insert(at, stan);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_after_the_largest_is_one_and_never_zero() {
        let mut stans = Stans::new(8, 9);
        stans.sell(9);
        assert_eq!(stans.for_sale(), Some(1));
        assert_eq!(stans.modulo(), 0);
    }

    #[test]
    fn a_number_of_the_open_batch_is_passed_over_until_the_batch_is_closed() {
        let mut stans = Stans::new(0, 4);
        stans.sell(1);
        stans.take(4);
        assert_eq!(stans.for_sale(), Some(2));
        stans.sell(2);
        stans.take(4);
        assert_eq!((stans.for_sale(), stans.modulo()), (Some(3), 0));
        stans.release([2].into_iter());
        assert_eq!(stans.for_sale(), Some(1));
        stans.sell(1);
        assert_eq!(stans.for_sale(), Some(3));
    }

    #[test]
    fn one_number_stays_free_for_the_settlement() {
        let mut stans = Stans::new(0, 3);
        stans.sell(1);
        stans.sell(2);
        assert_eq!((stans.for_sale(), stans.for_inquiry()), (None, Some(3)));
        stans.take(3);
        assert_eq!((stans.for_inquiry(), stans.for_management()), (None, 3));
    }
}
