//! Customers who pay by telephone: some of the sales of a profile become sales by payment code.
//!
//! It comes after what follows sales, so that what was to be voided or refunded is so still, and has
//! a stream of its own: a seed that draws none of it means what it meant before. No faults.

use super::Profile;
use super::entropy::Entropy;
use crate::scenario::{Scenario, Wish};

/// How many scenarios of a hundred of this profile have such customers; none where a counter is
/// measured.
pub(super) const fn percent(profile: Profile, is_short: bool) -> u64 {
    match profile {
        _ if is_short => 0,
        Profile::Counter | Profile::Keys | Profile::Mix => 4,
        Profile::Boundary | Profile::Crash | Profile::Concurrency => 8,
        Profile::Day => 15,
    }
}

/// Most sales are paid by telephone.
pub(super) fn add(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    scenario.policy.order_queries = entropy.pick(&[2, 2, 1, 1, 0, 3]);
    for step in &mut scenario.steps {
        if let Wish::Sale { amount, card } = step.wish
            && entropy.chance(75)
        {
            step.wish = Wish::QrSale { amount, card };
        }
    }
}
