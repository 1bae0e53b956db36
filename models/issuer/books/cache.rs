//! A cache of balances, as a core keeps one where adding up every row is too slow: a balance and
//! the row up to which it counts. It decides nothing; what it tells must be what the ledger says.
//!
//! Rows whose commit is under way are in flight. They count when somebody spends, because nobody
//! may spend them twice; and a balance cached with some of them is younger than the question how
//! much is durable, which is answered from an older one.

use crate::defect::{Defect, Defects};
use crate::record::{Account, Leg};

use super::Commit;

/// Balances that are kept: the newest, and the one before it.
const KEPT: usize = 2;

/// One leg, in the order in which they were booked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Row {
    account: Account,
    minor: i64,
    commit: Commit,
}

/// A balance as some reader added it up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Cached {
    account: Account,
    /// How many rows it counts: all before this one.
    upto: usize,
    minor: i64,
}

/// Every row since the books were opened, and some balances.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Cache {
    /// Rows between two balances of an account; none where nothing is cached.
    interval: usize,
    rows: Vec<Row>,
    cached: Vec<Cached>,
    defects: Defects,
}

impl Cache {
    pub(super) fn new(interval: u32, defects: Defects) -> Cache {
        let interval = usize::try_from(interval).unwrap_or(usize::MAX);
        Cache { interval, rows: Vec::new(), cached: Vec::new(), defects }
    }

    fn is_used(&self) -> bool {
        self.interval > 0
    }

    /// Takes the legs of a posting in.
    pub(super) fn post(&mut self, legs: &[Leg], commit: Commit) {
        if self.is_used() {
            let row = |leg: &Leg| Row { account: leg.account, minor: leg.minor, commit };
            self.rows.extend(legs.iter().map(row));
        }
    }

    /// What the account holds: what is durable, from the cache, and what is in flight, row by row.
    /// None where nothing is cached.
    pub(super) fn balance(&self, account: Account, durable: Commit) -> Option<i64> {
        if !self.is_used() {
            return None;
        }
        let upto = self.durable_rows(durable);
        let in_flight = self.sum(account, upto..self.rows.len(), |_| true);
        Some(self.balance_of(account, upto).saturating_add(in_flight))
    }

    /// How many rows are durable. Commits end in the order in which they began.
    fn durable_rows(&self, durable: Commit) -> usize {
        self.rows.partition_point(|row| row.commit <= durable)
    }

    /// What the first `upto` rows come to.
    fn balance_of(&self, account: Account, upto: usize) -> i64 {
        let is_of_then = |cached: &&Cached| {
            cached.account == account && (cached.upto <= upto || self.defects.has(Defect::I16))
        };
        match self.cached.iter().rev().find(is_of_then) {
            Some(cached) => {
                let rest = cached.upto.min(upto)..upto;
                cached.minor.saturating_add(self.sum(account, rest, |_| true))
            }
            None => self.sum(account, 0..upto, |_| true),
        }
    }

    fn sum(
        &self,
        account: Account,
        rows: std::ops::Range<usize>,
        counts: impl Fn(&Row) -> bool,
    ) -> i64 {
        let rows = self.rows[rows].iter().filter(|row| row.account == account && counts(row));
        rows.map(|row| row.minor).fold(0, i64::saturating_add)
    }

    /// Somebody has read this account: its balance is cached, if the last time is long ago.
    pub(super) fn refresh(&mut self, account: Account, durable: Commit) {
        let upto = self.rows.len();
        let newest = self.cached.iter().rev().find(|cached| cached.account == account);
        let since = newest.map_or(0, |cached| cached.upto);
        if !self.is_used() || upto - since < self.interval {
            return;
        }
        let minor = match self.defects.has(Defect::I15) {
            // Planted defect I15: rows in flight are not seen, and never looked at again.
            true => self.sum(account, 0..upto, |row| row.commit <= durable),
            false => self.balance_of(account, upto),
        };
        let is_of_it = |cached: &Cached| cached.account == account;
        if self.cached.iter().filter(|cached| is_of_it(cached)).count() == KEPT
            && let Some(oldest) = self.cached.iter().position(is_of_it)
        {
            self.cached.remove(oldest);
        }
        self.cached.push(Cached { account, upto, minor });
    }

    /// The same rows as a restart would find them: all durable, nothing cached.
    #[cfg(test)]
    pub(super) fn at_rest(&mut self) {
        self.cached.clear();
        self.rows.iter_mut().for_each(|row| row.commit = 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::transfer;
    use proptest::prelude::*;

    const CARD: Account = Account::Cardholder(0);

    /// A card with 1000, of which one sale of 100 is durable and one of 200 is in flight.
    fn cache(defects: Defects) -> Cache {
        let mut cache = Cache::new(1, defects);
        cache.post(&transfer(Account::Opening, CARD, 1_000), 1);
        cache.post(&transfer(CARD, Account::Settlement, 100), 2);
        cache.post(&transfer(CARD, Account::Settlement, 200), 3);
        cache
    }

    #[test]
    fn a_balance_cached_with_rows_in_flight_counts_each_of_them_once() {
        let mut cache = cache(Defects::NONE);
        cache.refresh(CARD, 2);
        assert_eq!(cache.balance(CARD, 2), Some(700));
        assert_eq!(cache.balance(CARD, 3), Some(700));
    }

    #[test]
    fn a_balance_cached_without_what_is_in_flight_never_counts_it() {
        let mut cache = cache(Defects::NONE.with(Defect::I15));
        cache.refresh(CARD, 2);
        assert_eq!(cache.balance(CARD, 3), Some(900));
    }

    #[test]
    fn a_balance_from_after_the_question_counts_rows_in_flight_twice() {
        let mut cache = cache(Defects::NONE.with(Defect::I16));
        cache.refresh(CARD, 2);
        assert_eq!(cache.balance(CARD, 2), Some(500));
        assert_eq!(cache.balance(CARD, 3), Some(700));
    }

    #[test]
    fn where_nothing_is_cached_nothing_is_kept() {
        let mut cache = Cache::new(0, Defects::NONE);
        cache.post(&transfer(CARD, Account::Settlement, 100), 1);
        assert!(cache.rows.is_empty());
        assert_eq!(cache.balance(CARD, 1), None);
    }

    proptest! {
        #[test]
        fn whatever_is_cached_when_the_balance_is_the_sum_of_the_rows(
            interval in 1_u32..5,
            steps in proptest::collection::vec(
                (0_u32..3, 0_u64..1_000, any::<bool>(), 0_u64..4), 0..60,
            ),
        ) {
            let mut cache = Cache::new(interval, Defects::NONE);
            let mut ledger = crate::ledger::Ledger::new();
            for (commit, (number, minor, is_read, behind)) in (1..).zip(steps) {
                let account = Account::Cardholder(number);
                let legs = transfer(account, Account::Settlement, minor);
                cache.post(&legs, commit);
                prop_assert_eq!(ledger.post(&legs), Ok(()));
                let durable = commit.saturating_sub(behind);
                prop_assert_eq!(cache.balance(account, durable), Some(ledger.balance(account)));
                if is_read {
                    cache.refresh(account, durable);
                }
            }
        }
    }
}
