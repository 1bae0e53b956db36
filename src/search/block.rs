//! How seeds are cut into blocks, and what one block came to: the unit that is written and merged.
//!
//! Where a block begins and ends depends on the campaign's seeds alone, never on shards, threads or
//! time, and what it came to depends on nothing outside it. So blocks of any number of shards, run
//! anywhere and any number of times, are a set, and their union is the campaign.

use super::campaign::InternalError;
use super::found::ViolationFound;
use super::statistics::Statistics;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Seeds in the first blocks, so that an easy find ends a search at once, and in the longest ones.
const LENGTHS: (u64, u64) = (32, 4_096);
/// So many blocks of one length come before the length doubles: enough to share out among shards.
const PER_LENGTH: u64 = 16;
/// How often the length doubles.
const DOUBLINGS: u64 = (LENGTHS.1 / LENGTHS.0).ilog2() as u64;

/// What searching one block came to. No times in it: the same block is the same value anywhere.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// Its place in the campaign, from 0.
    pub number: u64,
    /// Its seeds, half-open.
    pub seeds: Range<u64>,
    /// Sums over its runs.
    pub statistics: Statistics,
    /// What broke, each kind of failure once, by first seed.
    pub violations: Vec<ViolationFound>,
    /// What must not happen, whatever the parties do wrong, by seed.
    pub internal_errors: Vec<InternalError>,
}

/// The seeds of this block; none if the campaign has fewer blocks.
pub fn bounds(seeds: &Range<u64>, number: u64) -> Option<Range<u64>> {
    let doublings = (number / PER_LENGTH).min(DOUBLINGS);
    let before = PER_LENGTH * LENGTHS.0 * ((1 << doublings) - 1);
    let length = LENGTHS.0 << doublings;
    let offset = (number - doublings * PER_LENGTH).checked_mul(length)?.checked_add(before)?;
    let start = seeds.start.checked_add(offset).filter(|start| *start < seeds.end)?;
    Some(start..start.saturating_add(length).min(seeds.end))
}

/// All blocks of these seeds, in order.
pub fn blocks(seeds: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    (0..).map_while(move |number| bounds(&seeds, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_follow_one_another_without_gap_or_overlap() {
        for seeds in [0..1, 0..32, 7..40, 100..1_311, 5..1_000_000, 3..3] {
            let mut next = seeds.start;
            for block in blocks(seeds.clone()) {
                assert!(block.start == next && block.end > next && block.end <= seeds.end);
                next = block.end;
            }
            assert_eq!(next, seeds.end);
        }
    }

    #[test]
    fn blocks_begin_short_and_grow_to_a_limit() {
        let lengths: Vec<u64> = blocks(0..1_000_000).map(|block| block.end - block.start).collect();
        assert_eq!((lengths[0], lengths[15], lengths[16], lengths[47]), (32, 32, 64, 128));
        let (last, whole) = lengths.split_last().expect("there are blocks");
        assert!(whole.is_sorted() && whole.last() == Some(&LENGTHS.1) && *last <= LENGTHS.1);
    }

    #[test]
    fn the_end_of_all_numbers_is_the_end_of_blocks() {
        let seeds = i64::MAX as u64 - 40..i64::MAX as u64;
        assert_eq!(blocks(seeds.clone()).count(), 2);
        assert_eq!(bounds(&seeds, u64::MAX), None);
        assert!(bounds(&(0..i64::MAX as u64), u64::MAX / 8_192).is_some());
    }

    #[test]
    fn more_seeds_leave_the_blocks_before_them_where_they_are() {
        let (short, long): (Vec<_>, Vec<_>) =
            (blocks(0..5_000).collect(), blocks(0..90_000).collect());
        assert_eq!(short[..short.len() - 1], long[..short.len() - 1]);
    }
}
