//! How long a message takes: a function of the seed and of the message's address, nothing else.
//!
//! Because nothing is drawn from a stream, removing one fault moves no other message.

/// A well-mixed 64-bit value (the finaliser of SplitMix64, over one step of its sequence).
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Microseconds between `min` and `max` for the message with this address.
pub(super) fn latency_us(seed: u64, address: u64, nth: u32, min: u64, max: u64) -> u64 {
    let spread = max.saturating_sub(min).saturating_add(1);
    min + mix(seed ^ mix(address ^ u64::from(nth) << 32)) % spread
}
