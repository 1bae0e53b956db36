//! A DES or double-length 3DES key with its schedules. Not a key store: who owns which key is the
//! parties' business.
//!
//! A schedule costs more than a block, and a simulation makes the same keys over and over, so each
//! thread keeps the keys it has seen (at most [`CACHED_KEYS_MAX`]) and `Key::new` hands out a
//! shared pointer. A cached key is therefore wiped when it leaves the cache and its last holder
//! drops it.

use std::cell::RefCell;
use std::fmt;
use std::hash::Hasher;
use std::sync::{Arc, OnceLock};

use aes::Aes128Enc;
use cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use cmac::Cmac;
use des::Des;
use hashbrown::HashTable;
use rustc_hash::FxHasher;
use zeroize::Zeroize;

use super::memo::{self, Operation};

/// Keys one thread remembers; the cache is emptied when it is full.
const CACHED_KEYS_MAX: usize = 2048;

thread_local! {
    static CACHE: RefCell<HashTable<Key>> = const { RefCell::new(HashTable::new()) };
}

/// Eight bytes (DES) or sixteen (3DES, encrypt-decrypt-encrypt with two keys).
///
/// Cloning is a reference count. `Debug` shows the check value, never the bytes.
#[derive(Clone)]
pub struct Key(Arc<Schedules>);

/// What a key does to data, as a number: two keys with equal ids give equal results in every
/// cipher here. A single-length key and the same key doubled share one, since 3DES with two equal
/// halves is DES.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u128);

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The number is the key.
        f.write_str("KeyId(****)")
    }
}

struct Schedules {
    /// A single-length key is stored twice, so that each cipher may assume sixteen bytes.
    bytes: [u8; 16],
    is_double: bool,
    left: Des,
    right: Option<Des>,
    aes: OnceLock<Box<Cmac<Aes128Enc>>>,
    check_value: OnceLock<[u8; 4]>,
}

impl Drop for Schedules {
    fn drop(&mut self) {
        // The schedules wipe themselves (feature `zeroize` of their crates).
        self.bytes.zeroize();
    }
}

impl Schedules {
    fn new(bytes: [u8; 16], is_double: bool) -> Self {
        let half = |range| Des::new_from_slice(&bytes[range]).expect("half of sixteen bytes");
        Self {
            bytes,
            is_double,
            left: half(0..8),
            right: is_double.then(|| half(8..16)),
            aes: OnceLock::new(),
            check_value: OnceLock::new(),
        }
    }
}

impl Key {
    /// The key of 8 or 16 bytes; any other length is no key. Parity bits are kept and not checked:
    /// real key material often comes without parity.
    pub fn new(bytes: &[u8]) -> Option<Key> {
        let mut padded = [0; 16];
        match bytes.len() {
            8 => {
                padded[..8].copy_from_slice(bytes);
                padded[8..].copy_from_slice(bytes);
            }
            16 => padded.copy_from_slice(bytes),
            _ => return None,
        }
        let key = CACHE.with_borrow_mut(|cache| cached(cache, padded, bytes.len() == 16));
        padded.zeroize();
        Some(key)
    }

    /// The key's own bytes: 8 or 16.
    pub fn bytes(&self) -> &[u8] {
        if self.0.is_double { &self.0.bytes } else { &self.0.bytes[..8] }
    }

    /// What this key does to data, as a number.
    pub fn id(&self) -> KeyId {
        KeyId(u128::from_ne_bytes(self.0.bytes))
    }

    /// DES, or 3DES if the key is double length, of one block.
    pub fn encrypt_block(&self, block: [u8; 8]) -> [u8; 8] {
        let first = self.encrypt_single(block);
        match &self.0.right {
            Some(right) => self.encrypt_single(decrypt(right, first)),
            None => first,
        }
    }

    /// The inverse of [`Key::encrypt_block`].
    pub fn decrypt_block(&self, block: [u8; 8]) -> [u8; 8] {
        let first = decrypt(&self.0.left, block);
        match &self.0.right {
            Some(right) => decrypt(&self.0.left, encrypt(right, first)),
            None => first,
        }
    }

    /// The first four bytes of eight zero bytes encrypted (KCV): tells keys apart, reveals none.
    pub fn check_value(&self) -> [u8; 4] {
        *self.0.check_value.get_or_init(|| {
            let [a, b, c, d, ..] = self.encrypt_block([0; 8]);
            [a, b, c, d]
        })
    }

    /// `other` encrypted under this key, block by block (ECB): as long as `other`.
    pub fn wrap(&self, other: &Key) -> Vec<u8> {
        let bytes = other.bytes();
        self.encrypt_remembered(bytes)[..bytes.len()].to_vec()
    }

    /// The key that [`Key::wrap`] wrapped. Any 8 or 16 bytes give some key: only its check value
    /// says whether it is the right one.
    pub fn unwrap(&self, wrapped: &[u8]) -> Option<Key> {
        if !matches!(wrapped.len(), 8 | 16) {
            return None;
        }
        let mut clear = self.decrypt_remembered(wrapped);
        let key = Key::new(&clear[..wrapped.len()]);
        clear.zeroize();
        key
    }

    /// ECB of one or two blocks, through the memo. The bytes after the input's length are zero.
    pub(super) fn encrypt_remembered(&self, input: &[u8]) -> [u8; 16] {
        memo::remember(Operation::Encrypt, self, input, || ecb(input, |b| self.encrypt_block(b)))
    }

    /// The inverse of [`Key::encrypt_remembered`].
    pub(super) fn decrypt_remembered(&self, input: &[u8]) -> [u8; 16] {
        memo::remember(Operation::Decrypt, self, input, || ecb(input, |b| self.decrypt_block(b)))
    }

    /// DES with the left half: the chaining step of X9.9 and X9.19.
    pub(super) fn encrypt_single(&self, block: [u8; 8]) -> [u8; 8] {
        encrypt(&self.0.left, block)
    }

    /// Decrypt with the right half, encrypt with the left: what X9.19 does to the last block after
    /// the chain. Nothing, for a single-length key.
    pub(super) fn finish_retail(&self, block: [u8; 8]) -> [u8; 8] {
        match &self.0.right {
            Some(right) => self.encrypt_single(decrypt(right, block)),
            None => block,
        }
    }

    /// AES-CMAC with the sixteen bytes (a single-length key twice) as its key.
    pub(super) fn aes_cmac(&self) -> &Cmac<Aes128Enc> {
        self.0.aes.get_or_init(|| {
            Box::new(Cmac::new_from_slice(&self.0.bytes).expect("AES-128 takes sixteen bytes"))
        })
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.0.bytes == other.0.bytes && self.0.is_double == other.0.is_double)
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let check_value = u32::from_be_bytes(self.check_value());
        write!(f, "Key({check_value:08X})")
    }
}

fn cached(cache: &mut HashTable<Key>, bytes: [u8; 16], is_double: bool) -> Key {
    let hash = hash_of(&bytes);
    let is_same = |key: &Key| key.0.bytes == bytes && key.0.is_double == is_double;
    if let Some(key) = cache.find(hash, is_same) {
        return key.clone();
    }
    if cache.len() >= CACHED_KEYS_MAX {
        cache.clear();
    }
    let key = Key(Arc::new(Schedules::new(bytes, is_double)));
    cache.insert_unique(hash, key.clone(), |key| hash_of(&key.0.bytes));
    key
}

fn hash_of(bytes: &[u8; 16]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(bytes);
    hasher.finish()
}

fn encrypt(des: &Des, block: [u8; 8]) -> [u8; 8] {
    let mut block = block.into();
    des.encrypt_block(&mut block);
    block.into()
}

fn decrypt(des: &Des, block: [u8; 8]) -> [u8; 8] {
    let mut block = block.into();
    des.decrypt_block(&mut block);
    block.into()
}

fn ecb(input: &[u8], cipher: impl Fn([u8; 8]) -> [u8; 8]) -> [u8; 16] {
    let mut output = [0; 16];
    for (from, to) in input.as_chunks::<8>().0.iter().zip(output.as_chunks_mut::<8>().0) {
        *to = cipher(*from);
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u64) -> Key {
        Key::new(&number.to_be_bytes()).unwrap()
    }

    fn double(left: u64, right: u64) -> Key {
        Key::new(&[left.to_be_bytes(), right.to_be_bytes()].concat()).unwrap()
    }

    #[test]
    fn only_eight_or_sixteen_bytes_are_a_key() {
        for length in 0..40 {
            let bytes = vec![7; length];
            assert_eq!(Key::new(&bytes).is_some(), matches!(length, 8 | 16));
            assert_eq!(key(1).unwrap(&bytes).is_some(), matches!(length, 8 | 16));
        }
    }

    #[test]
    fn a_wrapped_key_unwraps_to_itself() {
        let master = double(0x1111_1111_1111_1111, 0x2222_2222_2222_2222);
        for inner in [key(0x1234_5678_90AB_CDEF), double(3, 4)] {
            assert_eq!(master.unwrap(&master.wrap(&inner)), Some(inner.clone()));
            assert_ne!(key(9).unwrap(&master.wrap(&inner)), Some(inner));
        }
    }

    #[test]
    fn a_known_key_is_shared_and_a_doubled_one_is_another_key_with_the_same_id() {
        assert!(Arc::ptr_eq(&key(5).0, &key(5).0));
        assert_ne!(key(5), double(5, 5));
        assert_eq!(key(5).id(), double(5, 5).id());
        assert_ne!(double(0, 5).id(), key(5).id());
    }

    #[test]
    fn the_cache_stays_bounded() {
        for number in 0..3 * CACHED_KEYS_MAX as u64 {
            assert_eq!(key(number).bytes(), number.to_be_bytes());
        }
        assert!(CACHE.with_borrow(HashTable::len) <= CACHED_KEYS_MAX);
    }

    #[test]
    fn keys_may_cross_threads() {
        fn is_send_and_sync<T: Send + Sync>() {}
        is_send_and_sync::<Key>();
    }
}
