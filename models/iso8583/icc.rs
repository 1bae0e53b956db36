//! Element 55 of a request with a chip card: what the terminal asked of the card, and what the card
//! made of it. BER-TLV; layouts only. Card number and track never travel in it.

use super::render::tags;

/// What a terminal asks a card to sign: the data objects of the first GENERATE AC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Challenge {
    /// 9F02: minor units, twelve digits.
    pub amount: u64,
    /// 5F2A: ISO 4217 number.
    pub currency: u16,
    /// 9A: YYMMDD by the terminal's calendar.
    pub date: u32,
    /// 9C: the first two digits of the processing code.
    pub transaction_type: u8,
    /// 95: terminal verification results.
    pub results: [u8; 5],
    /// 9F37: a number that the card cannot know before.
    pub unpredictable: [u8; 4],
}

/// Element 55 of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Icc55 {
    /// What was asked.
    pub challenge: Challenge,
    /// 82: application interchange profile.
    pub profile: [u8; 2],
    /// 9F36: application transaction counter (ATC).
    pub counter: u16,
    /// 9F10: issuer application data, of which the last four bytes are the card's own verdict.
    pub application_data: [u8; 8],
    /// 9F26: the cryptogram (ARQC).
    pub cryptogram: [u8; 8],
}

/// 9F27: the card asks its issuer (ARQC).
const ONLINE: [u8; 1] = [0x80];
/// 9F1A: China.
pub(crate) const COUNTRY: [u8; 2] = [0x01, 0x56];
/// 9F33: chip and stripe, online PIN and signature, no offline data authentication but static.
const CAPABILITIES: [u8; 3] = [0xE0, 0xF1, 0xC8];

impl Icc55 {
    /// The bytes of the element.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let Challenge { amount, currency, date, transaction_type, results, unpredictable } =
            self.challenge;
        let mut bytes = Vec::with_capacity(96);
        put(&mut bytes, &[0x9F, 0x26], &self.cryptogram);
        put(&mut bytes, &[0x9F, 0x27], &ONLINE);
        put(&mut bytes, &[0x9F, 0x10], &self.application_data);
        put(&mut bytes, &[0x9F, 0x37], &unpredictable);
        put(&mut bytes, &[0x9F, 0x36], &self.counter.to_be_bytes());
        put(&mut bytes, &[0x95], &results);
        put(&mut bytes, &[0x9A], &packed::<3>(date.into()));
        put(&mut bytes, &[0x9C], &packed::<1>(transaction_type.into()));
        put(&mut bytes, &[0x9F, 0x02], &packed::<6>(amount));
        put(&mut bytes, &[0x5F, 0x2A], &packed::<2>(currency.into()));
        put(&mut bytes, &[0x82], &self.profile);
        put(&mut bytes, &[0x9F, 0x1A], &COUNTRY);
        put(&mut bytes, &[0x9F, 0x03], &[0; 6]);
        put(&mut bytes, &[0x9F, 0x33], &CAPABILITIES);
        bytes
    }

    /// Reads the tags that a cryptogram is made of; none if one is missing, has another length or
    /// holds no digits where it should. Other tags may be there.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let tags = tags(value)?;
        let find = |tag: &[u8]| tags.iter().find(|one| one.tag == tag).map(|one| one.value);
        let is_known = find(&[0x9F, 0x1A])? == COUNTRY && find(&[0x9F, 0x03])? == [0; 6];
        let challenge = Challenge {
            amount: unpacked::<6>(find(&[0x9F, 0x02])?)?,
            currency: unpacked::<2>(find(&[0x5F, 0x2A])?)?.try_into().ok()?,
            date: unpacked::<3>(find(&[0x9A])?)?.try_into().ok()?,
            transaction_type: unpacked::<1>(find(&[0x9C])?)?.try_into().ok()?,
            results: find(&[0x95])?.try_into().ok()?,
            unpredictable: find(&[0x9F, 0x37])?.try_into().ok()?,
        };
        is_known.then_some(())?;
        Some(Icc55 {
            challenge,
            profile: find(&[0x82])?.try_into().ok()?,
            counter: u16::from_be_bytes(find(&[0x9F, 0x36])?.try_into().ok()?),
            application_data: find(&[0x9F, 0x10])?.try_into().ok()?,
            cryptogram: find(&[0x9F, 0x26])?.try_into().ok()?,
        })
    }
}

/// Element 55 of a reversal: what the terminal saw (95), and its serial number (9F1E).
#[must_use]
pub fn icc_of_reversal(results: [u8; 5], serial: [u8; 8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(18);
    put(&mut bytes, &[0x95], &results);
    put(&mut bytes, &[0x9F, 0x1E], &serial);
    bytes
}

/// Appends a tag with a value of fewer than 128 bytes.
fn put(bytes: &mut Vec<u8>, tag: &[u8], value: &[u8]) {
    bytes.extend_from_slice(tag);
    bytes.push(value.len() as u8);
    bytes.extend_from_slice(value);
}

/// The last 2N digits, two a byte.
pub(crate) fn packed<const N: usize>(number: u64) -> [u8; N] {
    let mut bytes = [0; N];
    let mut rest = number;
    for byte in bytes.iter_mut().rev() {
        *byte = (rest % 10 + rest / 10 % 10 * 16) as u8;
        rest /= 100;
    }
    bytes
}

fn unpacked<const N: usize>(bytes: &[u8]) -> Option<u64> {
    let bytes: [u8; N] = bytes.try_into().ok()?;
    bytes.iter().try_fold(0, |number, byte| {
        let (tens, ones) = (u64::from(byte >> 4), u64::from(byte & 15));
        (tens < 10 && ones < 10).then_some(number * 100 + tens * 10 + ones)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn icc() -> Icc55 {
        Icc55 {
            challenge: Challenge {
                amount: 50_000,
                currency: 156,
                date: 260_530,
                transaction_type: 0,
                results: [0, 0x80, 0x04, 0x80, 0],
                unpredictable: [1, 2, 3, 4],
            },
            profile: [0x7C, 0],
            counter: 258,
            application_data: [7, 1, 1, 3, 0xA0, 0, 0, 0],
            cryptogram: [0xAB; 8],
        }
    }

    #[test]
    fn what_is_written_is_read_and_fits_into_the_element() {
        let bytes = icc().encode();
        assert!(bytes.len() < 128, "{}", bytes.len());
        assert_eq!(Icc55::parse(&bytes), Some(icc()));
        assert_eq!(Icc55::parse(&[&bytes[..], &[0x9F, 0x35, 1, 0x22]].concat()), Some(icc()));
    }

    #[test]
    fn a_tag_that_is_missing_or_holds_no_digits_is_refused() {
        let bytes = icc().encode();
        // The last tag, 9F33, does not enter a cryptogram.
        for length in 0..bytes.len() - 6 {
            assert_eq!(Icc55::parse(&bytes[..length]), None);
        }
        let at = bytes.windows(2).position(|tag| tag == [0x9F, 0x02]).unwrap();
        let mut bad = bytes;
        bad[at + 8] = 0x0A;
        assert_eq!(Icc55::parse(&bad), None);
    }

    #[test]
    fn digits_are_packed_from_the_right_and_wrap() {
        assert_eq!(packed::<2>(156), [0x01, 0x56]);
        assert_eq!(packed::<1>(7_156), [0x56]);
        assert_eq!(unpacked::<2>(&[0x01, 0x56]), Some(156));
        assert_eq!(unpacked::<2>(&[0x01]), None);
    }
}
