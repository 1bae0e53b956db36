//! Where a generator's choices come from: a seed, or the bytes of a fuzzer. It chooses nothing.

use arbitrary::Unstructured;
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// What choices are about. Each has a stream of its own, so that drawing more for one of them
/// leaves the others as they were.
#[derive(Clone, Copy, Debug)]
pub(super) enum Concern {
    /// Which profile a mix takes.
    Mix = 1,
    /// Parties, policies, timers.
    Shape,
    /// What people ask for.
    Steps,
    /// Faults that belong together.
    Story = 6,
    /// Which kinds of fault there are in this run, and how often.
    Swarm = 4,
    /// The faults.
    Faults,
    /// In which order messages are delivered.
    Order = 7,
    /// A fault that hits everything.
    Storm,
    /// What is rarely written.
    Rare,
    /// What follows a sale: voids, pre-authorisations and their completion.
    Follow,
    /// The end of the day.
    Clearing,
    /// Money that is given back later.
    Refund,
    /// Cards with chips.
    Chip,
    /// Several merchants, and what their acquirer allows.
    Rules,
    /// What the counter counts in.
    Currency,
    /// How issuers keep their books.
    Core,
    /// Customers who pay by telephone.
    Qr,
    /// Money that is held where neither side can reach it.
    Escrow,
    /// Holds that end by themselves. Numbers between are taken.
    Hold = 40,
    /// Who a sign-on says to be.
    Identity,
    /// Until when a hold lasts by its own word.
    Validity,
    /// Claims and complaints.
    Claims = 50,
    /// Two nodes over one store.
    Nodes = 60,
    /// What is given back around the end of a date.
    GivenBack = 70,
    /// Terminals that sign off.
    SignOff,
    /// Two ways to an issuer.
    Routes,
}

/// A source of choices.
pub(super) trait Entropy {
    /// From here on, choices are about this.
    fn concern(&mut self, concern: Concern);

    /// A number from 0 to `count` - 1; 0 if `count` is 0.
    fn below(&mut self, count: u64) -> u64;

    /// A number from `low` to `high`, both included.
    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// True in this many cases of a hundred.
    fn chance(&mut self, percent: u64) -> bool {
        // The high end, so that a fuzzer that has run out of bytes gets the plain case.
        self.below(100) >= 100 - percent
    }

    /// One of the list, all alike. The list is never empty: all are constants.
    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }

    /// The index of one of these weights, in proportion; 0 if all are 0.
    fn weighted(&mut self, weights: &[u32]) -> usize {
        let total = weights.iter().map(|weight| u64::from(*weight)).sum();
        let mut rest = self.below(total);
        for (index, weight) in weights.iter().enumerate() {
            match rest.checked_sub(u64::from(*weight)) {
                Some(less) => rest = less,
                None => return index,
            }
        }
        0
    }
}

/// Choices that follow from a seed, for ever the same.
#[derive(Debug)]
pub(super) struct Seeded {
    seed: u64,
    stream: Xoshiro256PlusPlus,
}

impl Seeded {
    pub(super) fn new(seed: u64) -> Seeded {
        Seeded { seed, stream: stream(seed, Concern::Mix) }
    }
}

/// Xoshiro256++ with its state filled from SplitMix64: both algorithms are fixed by their papers,
/// and the filling is ours, so no release of a crate changes what a seed means.
fn stream(seed: u64, concern: Concern) -> Xoshiro256PlusPlus {
    let mut state = seed ^ (concern as u64) << 56;
    let mut bytes = [0; 32];
    for word in bytes.chunks_exact_mut(8) {
        word.copy_from_slice(&crate::search::mix(state).to_le_bytes());
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    }
    Xoshiro256PlusPlus::from_seed(bytes)
}

impl Entropy for Seeded {
    fn concern(&mut self, concern: Concern) {
        self.stream = stream(self.seed, concern);
    }

    fn below(&mut self, count: u64) -> u64 {
        // Multiply and take the high half: one multiplication, and a bias below count / 2^64.
        ((u128::from(self.stream.next_u64()) * u128::from(count)) >> 64) as u64
    }
}

/// Choices that a fuzzer's bytes make: a changed byte changes a choice, and no bytes are left when
/// the plainest choices are wanted.
#[derive(Debug)]
pub(super) struct Bytes<'a, 'b>(pub(super) &'a mut Unstructured<'b>);

impl Entropy for Bytes<'_, '_> {
    fn concern(&mut self, _: Concern) {}

    fn below(&mut self, count: u64) -> u64 {
        match count {
            0 | 1 => 0,
            _ => self.0.int_in_range(0..=count - 1).unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_filled_evenly_and_never_left() {
        let mut entropy = Seeded::new(1);
        let mut counts = [0u32; 6];
        for _ in 0..6_000 {
            counts[entropy.between(3, 8) as usize - 3] += 1;
        }
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
        assert_eq!(entropy.below(0), 0);
        assert_eq!(entropy.between(7, 7), 7);
    }

    #[test]
    fn a_concern_starts_its_stream_anew_whatever_was_drawn_before() {
        let (mut one, mut other) = (Seeded::new(9), Seeded::new(9));
        one.below(10);
        one.concern(Concern::Faults);
        other.concern(Concern::Faults);
        let numbers = |entropy: &mut Seeded| [(); 5].map(|()| entropy.below(1 << 40));
        assert_eq!(numbers(&mut one), numbers(&mut other));
        other.concern(Concern::Steps);
        assert_ne!(numbers(&mut one), numbers(&mut other));
    }

    #[test]
    fn a_weight_of_zero_is_never_drawn() {
        let mut entropy = Seeded::new(2);
        assert!((0..500).all(|_| entropy.weighted(&[0, 3, 0, 5, 0]) % 2 == 1));
        assert_eq!(entropy.weighted(&[0, 0]), 0);
    }
}
