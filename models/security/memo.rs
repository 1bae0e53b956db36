//! A bounded memory of cipher results, per thread. Not a store of keys and not on unless asked for.
//!
//! Ciphers are pure functions and the floor of a simulated payment's cost; a search plays nearly
//! the same payments again and again. So a worker may remember (operation, key, input) → result. A
//! look-up compares the whole input, so a hash collision costs time and never a wrong answer, and
//! one hit in [`RECOMPUTED_ONE_IN`] is computed again and compared.
//!
//! Two generations bound it: what is used moves into the young one; when that is full, the old one
//! is forgotten and the young one becomes the old.

use std::cell::RefCell;
use std::hash::Hasher;

use hashbrown::HashTable;
use rustc_hash::FxHasher;
use zeroize::Zeroize;

use super::key::{Key, KeyId};
use super::mac::MacAlgorithm;

/// One hit in this many is recomputed and compared.
pub const RECOMPUTED_ONE_IN: u64 = 4096;

/// Longer inputs are not remembered: `entries` alone would not bound the memory.
pub const INPUT_LENGTH_MAX: usize = 4096;

thread_local! {
    static MEMO: RefCell<Memo> = const { RefCell::new(Memo::OFF) };
}

/// What this thread's memo has done since its capacity was last changed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Statistics {
    /// Results that were remembered.
    pub hits: u64,
    /// Results that had to be computed while the memo was on.
    pub misses: u64,
    /// Hits that were computed again and compared.
    pub recomputed: u64,
}

/// How many results this thread remembers; 0, the default, turns the memo off. Setting the present
/// capacity again changes nothing; any other forgets all entries and counts anew.
pub fn set_capacity(entries: usize) {
    MEMO.with_borrow_mut(|memo| {
        if memo.capacity != entries {
            *memo = Memo { capacity: entries, ..Memo::OFF };
        }
    });
}

/// What this thread's memo has done.
pub fn statistics() -> Statistics {
    MEMO.with_borrow(|memo| memo.statistics)
}

/// What was computed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Encrypt,
    Decrypt,
    Mac(MacAlgorithm),
    /// The chaining value after the input, on the way to a MAC.
    Chain(MacAlgorithm),
}

impl Operation {
    fn number(self) -> u64 {
        match self {
            Operation::Encrypt => 0,
            Operation::Decrypt => 1,
            Operation::Mac(algorithm) => 2 + algorithm as u64,
            Operation::Chain(algorithm) => {
                2 + (MacAlgorithm::ALL.len() + algorithm as usize) as u64
            }
        }
    }
}

/// The result of `compute`, which must depend on nothing but the other arguments: from memory if
/// this thread has computed it before.
pub(super) fn remember(
    operation: Operation,
    key: &Key,
    input: &[u8],
    compute: impl FnOnce() -> [u8; 16],
) -> [u8; 16] {
    let question = Question { operation, key: key.id(), input };
    // The borrow ends before `compute` runs, so a computation may itself use the memo.
    match MEMO.with_borrow_mut(|memo| memo.ask(&question)) {
        Answer::Off => compute(),
        Answer::Remembered(output) => output,
        Answer::Doubted(output) => {
            assert!(
                compute() == output,
                "security memo: a remembered result differs from the computed one \
                 (operation {}, input of {} bytes): bug in reversim or broken memory",
                operation.number(),
                input.len(),
            );
            output
        }
        Answer::Unknown(hash) => {
            let output = compute();
            MEMO.with_borrow_mut(|memo| memo.learn(hash, Entry::new(&question, output)));
            output
        }
    }
}

struct Question<'a> {
    operation: Operation,
    key: KeyId,
    input: &'a [u8],
}

impl Question<'_> {
    fn hash(&self) -> u64 {
        let mut hasher = FxHasher::default();
        // Folding the key by addition is enough: equality is decided on the full entry.
        let key = (self.key.0 as u64).wrapping_add((self.key.0 >> 64) as u64);
        hasher.write_u64(key.wrapping_add(self.operation.number()));
        hasher.write(self.input);
        hasher.finish()
    }
}

enum Answer {
    Off,
    Remembered([u8; 16]),
    Doubted([u8; 16]),
    Unknown(u64),
}

struct Entry {
    hash: u64,
    key: u128,
    operation: Operation,
    input: Box<[u8]>,
    output: [u8; 16],
}

impl Entry {
    fn new(question: &Question<'_>, output: [u8; 16]) -> Entry {
        let hash = question.hash();
        let Question { operation, key, input } = *question;
        Entry { hash, key: key.0, operation, input: input.into(), output }
    }

    fn answers(&self, question: &Question<'_>) -> bool {
        self.key == question.key.0
            && self.operation == question.operation
            && *self.input == *question.input
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.key.zeroize();
        // What went into a MAC travels in the clear anyway; keys and PIN blocks do not.
        if !matches!(self.operation, Operation::Mac(_)) {
            self.input.zeroize();
            self.output.zeroize();
        }
    }
}

struct Memo {
    capacity: usize,
    young: HashTable<Entry>,
    old: HashTable<Entry>,
    statistics: Statistics,
}

impl Memo {
    const OFF: Memo = Memo {
        capacity: 0,
        young: HashTable::new(),
        old: HashTable::new(),
        statistics: Statistics { hits: 0, misses: 0, recomputed: 0 },
    };

    #[inline]
    fn ask(&mut self, question: &Question<'_>) -> Answer {
        if self.capacity == 0 || question.input.len() > INPUT_LENGTH_MAX {
            return Answer::Off;
        }
        let hash = question.hash();
        let output = match self.young.find(hash, |entry| entry.answers(question)) {
            Some(entry) => entry.output,
            None => match self.rejuvenate(hash, question) {
                Some(output) => output,
                None => {
                    self.statistics.misses += 1;
                    return Answer::Unknown(hash);
                }
            },
        };
        self.statistics.hits += 1;
        if self.statistics.hits.is_multiple_of(RECOMPUTED_ONE_IN) {
            self.statistics.recomputed += 1;
            return Answer::Doubted(output);
        }
        Answer::Remembered(output)
    }

    /// The old generation's answer, which thereby joins the young one.
    fn rejuvenate(&mut self, hash: u64, question: &Question<'_>) -> Option<[u8; 16]> {
        let found = self.old.find_entry(hash, |entry| entry.answers(question)).ok()?;
        let (entry, _) = found.remove();
        let output = entry.output;
        self.learn(hash, entry);
        Some(output)
    }

    fn learn(&mut self, hash: u64, entry: Entry) {
        // The capacity may have been changed to 0 while the result was being computed.
        if self.capacity == 0 {
            return;
        }
        if self.young.len() >= self.capacity.div_ceil(2) {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.young.insert_unique(hash, entry, |entry| entry.hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key::new(&[7; 8]).unwrap()
    }

    /// Tests may share a thread, and with it a memo.
    fn start(capacity: usize) {
        set_capacity(0);
        set_capacity(capacity);
    }

    fn ask(input: &[u8], output: u8) -> u8 {
        remember(Operation::Encrypt, &key(), input, || [output; 16])[0]
    }

    #[test]
    fn turned_off_it_remembers_nothing() {
        start(0);
        assert_eq!((ask(b"x", 1), ask(b"x", 2)), (1, 2));
        assert_eq!(statistics(), Statistics::default());
    }

    #[test]
    fn a_result_is_remembered_by_operation_key_and_input() {
        start(100);
        assert_eq!((ask(b"x", 1), ask(b"x", 2), ask(b"y", 3), ask(b"", 4)), (1, 1, 3, 4));
        assert_eq!(remember(Operation::Decrypt, &key(), b"x", || [5; 16])[0], 5);
        let other = Key::new(&[8; 16]).unwrap();
        assert_eq!(remember(Operation::Encrypt, &other, b"x", || [6; 16])[0], 6);
        assert_eq!(statistics(), Statistics { hits: 1, misses: 5, recomputed: 0 });
        set_capacity(100);
        assert_eq!(ask(b"x", 9), 1, "the same capacity again keeps the entries");
        set_capacity(0);
        assert_eq!(ask(b"x", 9), 9);
    }

    #[test]
    fn what_is_used_survives_what_is_not_and_the_size_is_bounded() {
        for capacity in [2, 3, 10, 64] {
            start(capacity);
            ask(b"used", 1);
            for number in 0..1000_u32 {
                assert_eq!(ask(b"used", 2), 1, "asked for often, never forgotten");
                ask(&number.to_be_bytes(), 0);
                let held = MEMO.with_borrow(|memo| memo.young.len() + memo.old.len());
                assert!(held <= capacity + 1);
            }
            assert_eq!(ask(&0_u32.to_be_bytes(), 3), 3, "long unused, forgotten");
        }
    }

    #[test]
    fn inputs_too_long_to_bound_are_computed() {
        start(10);
        let input = [0; INPUT_LENGTH_MAX + 1];
        assert_eq!((ask(&input, 1), ask(&input, 2)), (1, 2));
    }

    #[test]
    #[should_panic(expected = "security memo: a remembered result differs")]
    fn a_wrong_result_is_found_by_recomputation() {
        start(10);
        ask(b"x", 1);
        for _ in 0..RECOMPUTED_ONE_IN {
            ask(b"x", 2);
        }
    }

    #[test]
    fn one_hit_in_many_is_recomputed() {
        start(10);
        for _ in 0..=3 * RECOMPUTED_ONE_IN {
            ask(b"x", 1);
        }
        let hits = 3 * RECOMPUTED_ONE_IN;
        assert_eq!(statistics(), Statistics { hits, misses: 1, recomputed: 3 });
    }
}
