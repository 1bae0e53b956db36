//! Double-entry books: balances that sum to zero after every posting. Not a journal, and no policy:
//! whether an account may go below zero is for whoever posts to decide.

use std::collections::BTreeMap;

use crate::record::{Account, Leg};

/// What every account holds, minor units of one currency. An account nobody posted to holds zero.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ledger {
    balances: BTreeMap<Account, i64>,
    /// What is held on accounts for pre-authorisations. It moves no money, so it has no legs.
    held: BTreeMap<Account, i64>,
}

/// Why a posting is refused. The books are as they were.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PostError {
    /// Money would appear or vanish.
    #[error("the legs sum to {sum}, not to zero")]
    Unbalanced {
        /// What they sum to.
        sum: i128,
    },
    /// An account would hold more than can be counted.
    #[error("a balance would exceed 64 bits")]
    Overflow,
}

impl Ledger {
    /// Empty books.
    pub const fn new() -> Ledger {
        Ledger { balances: BTreeMap::new(), held: BTreeMap::new() }
    }

    /// Books all legs or none. No legs at all are a posting that moves nothing.
    ///
    /// # Errors
    ///
    /// The legs do not sum to zero, or a balance would overflow.
    pub fn post(&mut self, legs: &[Leg]) -> Result<(), PostError> {
        let sum: i128 = legs.iter().map(|leg| i128::from(leg.minor)).sum();
        if sum != 0 {
            return Err(PostError::Unbalanced { sum });
        }
        for (done, leg) in legs.iter().enumerate() {
            let balance = self.balances.entry(leg.account).or_insert(0);
            match balance.checked_add(leg.minor) {
                Some(sum) => *balance = sum,
                None => {
                    self.take_back(&legs[..done]);
                    return Err(PostError::Overflow);
                }
            }
        }
        Ok(())
    }

    fn take_back(&mut self, legs: &[Leg]) {
        for leg in legs.iter().rev() {
            // In reverse order every step returns to a balance that was there before.
            *self.balances.entry(leg.account).or_insert(0) -= leg.minor;
        }
    }

    /// What the account holds: credits less debits.
    pub fn balance(&self, account: Account) -> i64 {
        self.balances.get(&account).copied().unwrap_or(0)
    }

    /// Holds more of an account, or less. It never holds less than nothing.
    pub fn hold(&mut self, account: Account, change: i64) {
        if change != 0 {
            let held = self.held.entry(account).or_insert(0);
            *held = held.saturating_add(change).max(0);
        }
    }

    /// What is held on the account.
    pub fn held(&self, account: Account) -> i64 {
        self.held.get(&account).copied().unwrap_or(0)
    }

    /// What may be taken from the account: its balance less what is held on it.
    pub fn available(&self, account: Account) -> i64 {
        self.balance(account).saturating_sub(self.held(account))
    }

    /// Every account that was ever posted to, in order.
    pub fn balances(&self) -> impl Iterator<Item = (Account, i64)> + '_ {
        self.balances.iter().map(|(account, balance)| (*account, *balance))
    }
}

/// The two legs that move `minor` units. An amount of an element has twelve digits; more than a leg
/// can carry is moved as far as it goes.
pub fn transfer(from: Account, to: Account, minor: u64) -> [Leg; 2] {
    let minor = i64::try_from(minor).unwrap_or(i64::MAX);
    [Leg { account: from, minor: -minor }, Leg { account: to, minor }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CARD: Account = Account::Cardholder(0);

    #[test]
    fn a_posting_that_does_not_sum_to_zero_is_refused() {
        let mut ledger = Ledger::new();
        let lonely = [Leg { account: CARD, minor: 1 }];
        assert_eq!(ledger.post(&lonely), Err(PostError::Unbalanced { sum: 1 }));
        assert_eq!(ledger, Ledger::new());
    }

    #[test]
    fn a_posting_that_overflows_leaves_the_books_as_they_were() {
        let mut ledger = Ledger::new();
        ledger.post(&transfer(Account::Opening, CARD, u64::MAX)).unwrap();
        let before = ledger.clone();
        assert_eq!(ledger.post(&transfer(Account::Settlement, CARD, 1)), Err(PostError::Overflow));
        assert_eq!(
            before.balances().filter(|(_, minor)| *minor != 0).collect::<Vec<_>>(),
            ledger.balances().filter(|(_, minor)| *minor != 0).collect::<Vec<_>>(),
        );
    }

    proptest! {
        #[test]
        fn the_books_sum_to_zero_after_any_transfers(
            transfers in proptest::collection::vec((0u32..4, 0u32..4, 0u64..1_000_000), 0..50)
        ) {
            let mut ledger = Ledger::new();
            for (from, to, minor) in transfers {
                let (from, to) = (Account::Cardholder(from), Account::Cardholder(to));
                prop_assert_eq!(ledger.post(&transfer(from, to, minor)), Ok(()));
                prop_assert_eq!(ledger.balances().map(|(_, minor)| minor).sum::<i64>(), 0);
            }
        }
    }
}
