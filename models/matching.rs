//! Keys that pair messages: an answer with its request, a reversal with its original.
//!
//! Two lines, two ways of naming a transaction. On the POS line it is terminal, batch and STAN; on
//! the network line it is transmission time, STAN, acquirer and forwarder (docs/protocol.md 1.11,
//! 2.4). Nothing here remembers a message.

use crate::iso8583::{Digits, Element, Message, Mti, OriginalData90};
use crate::record::{NetworkKey, PosKey};

impl PosKey {
    /// What a 0200 calls itself, and what a 0400 calls its original: elements 11, 41 and 60.2.
    pub fn of(message: &Message) -> Option<PosKey> {
        Some(PosKey {
            terminal: message.get(Element::TERMINAL)?.try_into().ok()?,
            batch: batch(message)?,
            stan: small(message.number(Element::STAN)?)?,
        })
    }
}

/// Element 60.2 on the POS line: the batch a message belongs to.
pub fn batch(message: &Message) -> Option<u32> {
    digits(message.get(Element::PRIVATE_60)?.get(2..8)?)
}

impl NetworkKey {
    /// What a message on the network line calls itself: elements 7, 11, 32 and 33. An answer
    /// repeats them. A missing 33 is the acquirer itself.
    pub fn of(message: &Message) -> Option<NetworkKey> {
        let acquirer = message.number(Element::ACQUIRER)?;
        Some(NetworkKey {
            transmission: small(message.number(Element::TRANSMISSION_TIME)?)?,
            stan: small(message.number(Element::STAN)?)?,
            acquirer,
            forwarder: message.number(Element::FORWARDER).unwrap_or(acquirer),
        })
    }

    /// What a 0420 calls its original: element 90.
    pub fn of_original(message: &Message) -> Option<NetworkKey> {
        let original = OriginalData90::of(message)?;
        Some(NetworkKey {
            transmission: digits(&original.transmission)?,
            stan: original.stan,
            acquirer: digits(original.acquirer.as_bytes())?,
            forwarder: digits(original.forwarder.as_bytes())?,
        })
    }

    /// Element 90 of a message about the request that travelled under this key.
    pub fn original_data(self, mti: Mti) -> String {
        Digits::with_capacity(42)
            .text(mti.ascii())
            .number(self.stan, 6)
            .number(self.transmission, 10)
            .number(self.acquirer, 11)
            .number(self.forwarder, 11)
            .into_string()
    }
}

/// ASCII digits as a number; none at all are zero, for padding is trimmed.
fn digits<T: TryFrom<u64>>(text: &[u8]) -> Option<T> {
    let mut value = 0_u64;
    for digit in text {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
    }
    small(value)
}

fn small<T: TryFrom<u64>>(number: u64) -> Option<T> {
    T::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: NetworkKey =
        NetworkKey { transmission: 511_234_203, stan: 12, acquirer: 85_500, forwarder: 0 };

    #[test]
    fn an_answer_is_named_as_its_request_is() {
        let request = Message::new(Mti::FINANCIAL_REQUEST)
            .with(Element::TRANSMISSION_TIME, "0511234203")
            .with(Element::STAN, "000012")
            .with(Element::ACQUIRER, "00085500")
            .with(Element::FORWARDER, "00000000");
        assert_eq!(NetworkKey::of(&request), Some(KEY));
        let mut alone = request.clone();
        alone.remove(Element::FORWARDER);
        assert_eq!(NetworkKey::of(&alone), Some(NetworkKey { forwarder: 85_500, ..KEY }));
        alone.remove(Element::STAN);
        assert_eq!(NetworkKey::of(&alone), None);
    }

    #[test]
    fn a_reversal_finds_its_original_through_element_90() {
        let text = KEY.original_data(Mti::FINANCIAL_REQUEST);
        assert_eq!(text, "020000001205112342030000008550000000000000");
        let advice = Message::new(Mti::REVERSAL_ADVICE).with(Element::ORIGINAL_DATA, text);
        assert_eq!(NetworkKey::of_original(&advice), Some(KEY));
    }

    #[test]
    fn a_voucher_is_named_by_terminal_batch_and_stan() {
        let sale = Message::new(Mti::FINANCIAL_REQUEST)
            .with(Element::STAN, "000007")
            .with(Element::TERMINAL, "T0000001")
            .with(Element::PRIVATE_60, "2200000300060");
        let key = PosKey { terminal: *b"T0000001", batch: 3, stan: 7 };
        assert_eq!(PosKey::of(&sale), Some(key));
        assert_eq!(batch(&sale.with(Element::PRIVATE_60, "2200")), None);
    }
}
