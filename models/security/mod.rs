//! Ciphers of a card payment: MACs, PIN blocks, key wrapping. Knows no party and no line.
//!
//! Everything here is a pure function of its bytes. It is software cryptography for simulated keys:
//! not a place for keys that protect money. Before changing an algorithm read ISO 9564-1 (PIN
//! blocks), ISO 9797-1 (MACs), RFC 4493 (AES-CMAC) and the POS terminal specification's MAC
//! chapter.

mod key;
mod mac;
pub mod memo;
mod pin;
mod work_keys;

pub use key::{Key, KeyId};
pub use mac::MacAlgorithm;
pub use pin::{Pin, PinBlock, PinBlockError};
pub use work_keys::{KeySlot, WorkKeys, WorkKeysError};
