//! Reading a strict message in a dialect: the whole body, or an error with element and offset.

use super::dialect::offending;
use super::message::Bits;
use super::{Class, Coding, DecodeError, DecodeErrorKind, Dialect, Element, ElementSpec, Filler};
use super::{Length, Message, Mti};
use std::ops::Range;

/// Where an element's bytes lie, before they are judged.
pub(super) struct Located {
    /// First byte of the value; the length prefix is before it.
    pub(super) value: usize,
    /// First byte after the value.
    pub(super) end: usize,
    /// Digits, characters or bytes of the value.
    pub(super) units: usize,
}

impl Dialect {
    /// Reads a body: MTI to last element, nothing after it.
    ///
    /// # Errors
    ///
    /// Names the first element that does not read, and the byte.
    pub fn decode(&self, body: &[u8]) -> Result<Message, DecodeError> {
        let (mti, bitmap, mut at) = self.decode_head(body)?;
        let mut message = Message::of_body(mti, bitmap, body);
        for element in Bits::of(bitmap) {
            let Some(end) = self.decode_element(element, body, at, &mut message) else {
                return Err(self.refusal(element, body, at));
            };
            at = end;
        }
        if at < body.len() {
            let kind = DecodeErrorKind::TrailingBytes { count: body.len() - at };
            return Err(DecodeError { element: None, offset: at, kind });
        }
        Ok(message)
    }

    /// Adds the element that begins at `at` and says where it ends; nothing if it does not read.
    fn decode_element(
        &self,
        element: u8,
        body: &[u8],
        at: usize,
        message: &mut Message,
    ) -> Option<usize> {
        let spec = self.specs[element as usize].as_ref()?;
        let Located { value, end, units } = self.locate(body, at, spec)?;
        if units > spec.length.max() {
            return None;
        }
        let bytes = &body[value..end];
        let start = message.bytes();
        let is_good = if self.packs(spec.class) {
            unpack(spec, bytes, units, message.buffer())
        } else if spec.class == Class::Track && bytes.contains(&b'=') {
            // Some lines write the separator as on the card.
            let out = message.buffer();
            out.extend(bytes.iter().map(|&byte| if byte == b'=' { b'D' } else { byte }));
            offending(spec.class, &out[start..]).is_none()
        } else {
            // What travels as it is kept lies in the copy of the body.
            message.point(element, value..end);
            return offending(spec.class, bytes).is_none().then_some(end);
        };
        message.point(element, start..message.bytes());
        is_good.then_some(end)
    }

    /// Why the element at `at` does not read. Asked only when it does not.
    #[cold]
    fn refusal(&self, element: u8, body: &[u8], at: usize) -> DecodeError {
        let error = |offset, kind| DecodeError { element: Some(element), offset, kind };
        let Some(spec) = &self.specs[element as usize] else {
            return error(at, DecodeErrorKind::UnknownElement);
        };
        let max = spec.length.max();
        let (prefix, units) = match self.prefix(body, at, spec) {
            Ok(found) => found,
            Err(kind) => return error(at, kind),
        };
        // A hostile length is called too long rather than cut off: it can never be right.
        if units > max {
            return error(at, DecodeErrorKind::LengthTooLong { length: units, max });
        }
        let needed = prefix + self.width(spec, units);
        let left = body.len() - at;
        if left < needed {
            return error(at, DecodeErrorKind::Truncated { needed, left });
        }
        let (offset, kind) = self.offence(spec, &body[at + prefix..at + needed], units);
        error(at + prefix + offset, kind)
    }

    /// The bytes of each element, its length prefix included, in ascending order of element.
    ///
    /// # Errors
    ///
    /// As [`Dialect::decode`]: a body that does not decode has no spans.
    pub fn spans(&self, body: &[u8]) -> Result<Vec<(Element, Range<usize>)>, DecodeError> {
        self.decode(body)?;
        let (_, bitmap, mut at) = self.decode_head(body)?;
        let mut spans = Vec::with_capacity(bitmap.count_ones() as usize);
        for element in Bits::of(bitmap) {
            // What has just been decoded is located without fail.
            let Some(spec) = &self.specs[element as usize] else { break };
            let Some(Located { end, .. }) = self.locate(body, at, spec) else { break };
            spans.push((Element(element), at..end));
            at = end;
        }
        Ok(spans)
    }

    /// MTI, bitmap without bit 1, and where the elements begin.
    pub(super) fn decode_head(&self, body: &[u8]) -> Result<(Mti, u128, usize), DecodeError> {
        let error = |element, offset, kind| DecodeError { element: Some(element), offset, kind };
        let truncated =
            |offset, needed| DecodeErrorKind::Truncated { needed, left: body.len() - offset };
        let at = self.mti_bytes();
        if body.len() < at {
            return Err(error(0, 0, truncated(0, at)));
        }
        let mti = self.decode_mti(body).ok_or(error(0, 0, DecodeErrorKind::BadMti))?;
        let Some(first) = body[at..].first_chunk() else {
            return Err(error(1, at, truncated(at, 8)));
        };
        let first = u64::from_be_bytes(*first);
        if first >> 63 == 0 {
            return Ok((mti, u128::from(first) << 64, at + 8));
        }
        if !self.second_bitmap {
            return Err(error(1, at, DecodeErrorKind::BadBitmap));
        }
        let Some(both) = body[at..].first_chunk() else {
            return Err(error(1, at, truncated(at, 16)));
        };
        Ok((mti, u128::from_be_bytes(*both) & !(1 << 127), at + 16))
    }

    /// The MTI at the front of a body, if it is there and four digits.
    pub(super) fn decode_mti(&self, body: &[u8]) -> Option<Mti> {
        match self.mti {
            Coding::Bcd => Mti::from_bcd(u16::from_be_bytes(*body.first_chunk()?)),
            Coding::Ascii => Mti::from_ascii(*body.first_chunk()?),
        }
    }

    /// Finds an element's bytes, if all are there. The length is not yet held against the element's
    /// maximum.
    #[inline]
    pub(super) fn locate(&self, body: &[u8], at: usize, spec: &ElementSpec) -> Option<Located> {
        let (prefix, units) = self.prefix(body, at, spec).ok()?;
        let value = at + prefix;
        let end = value + self.width(spec, units);
        (end <= body.len()).then_some(Located { value, end, units })
    }

    /// The bytes of an element's length prefix, and the length.
    #[inline]
    fn prefix(
        &self,
        body: &[u8],
        at: usize,
        spec: &ElementSpec,
    ) -> Result<(usize, usize), DecodeErrorKind> {
        let bytes = match (spec.length, self.lengths) {
            (Length::Fixed(width), _) => return Ok((0, usize::from(width))),
            (Length::Ll(_), Coding::Bcd) => 1,
            (Length::Lll(_), Coding::Ascii) => 3,
            _ => 2,
        };
        let Some(digits) = body.get(at..at + bytes) else {
            return Err(DecodeErrorKind::Truncated { needed: bytes, left: body.len() - at });
        };
        self.length(digits).map(|units| (bytes, units)).ok_or(DecodeErrorKind::BadLength)
    }

    /// The bytes that a value takes.
    fn width(&self, spec: &ElementSpec, units: usize) -> usize {
        if self.packs(spec.class) { units.div_ceil(2) } else { units }
    }

    fn length(&self, prefix: &[u8]) -> Option<usize> {
        let mut length = 0;
        for &byte in prefix {
            match self.lengths {
                Coding::Bcd if byte >> 4 <= 9 && byte & 0xF <= 9 => {
                    length = length * 100 + usize::from(byte >> 4) * 10 + usize::from(byte & 0xF);
                }
                Coding::Ascii if byte.is_ascii_digit() => {
                    length = length * 10 + usize::from(byte - b'0');
                }
                _ => return None,
            }
        }
        Some(length)
    }

    /// What is wrong with a value that does not read, and at which of its bytes.
    fn offence(&self, spec: &ElementSpec, bytes: &[u8], units: usize) -> (usize, DecodeErrorKind) {
        if self.packs(spec.class) {
            if !has_good_filler(spec, bytes, units) {
                let last = bytes.len().saturating_sub(1);
                let at = if spec.filler == Filler::Leading { 0 } else { last };
                return (at, DecodeErrorKind::BadFiller);
            }
            let mut digits = Vec::with_capacity(2 * bytes.len());
            unpack(spec, bytes, units, &mut digits);
            let skipped = if spec.filler == Filler::Leading { units % 2 } else { 0 };
            let at = offending(spec.class, &digits).unwrap_or(0);
            return ((at + skipped) / 2, DecodeErrorKind::BadDigit);
        }
        let is_separator = |byte: u8| spec.class == Class::Track && byte == b'=';
        let is_bad = |byte: &u8| !is_separator(*byte) && offending(spec.class, &[*byte]).is_some();
        let kind = match spec.class {
            Class::Numeric => DecodeErrorKind::BadDigit,
            _ => DecodeErrorKind::BadCharacter,
        };
        (bytes.iter().position(is_bad).unwrap_or(0), kind)
    }
}

/// Appends packed digits, and says whether they are digits. The filler of a variable element is
/// ignored (vendors write 0 or F), that of a fixed one must be 0 or F, because anything else there
/// is a digit in the wrong place.
fn unpack(spec: &ElementSpec, bytes: &[u8], units: usize, out: &mut Vec<u8>) -> bool {
    let odd = units % 2;
    let (front, rest) = match spec.filler {
        Filler::Leading => bytes.split_at(odd),
        Filler::Trailing => bytes.split_at(0),
    };
    let (pairs, last) = rest.split_at(units / 2);
    let mut has_letter = false;
    for &byte in front {
        out.push(DIGITS[byte as usize][1]);
        has_letter |= byte & 0xF > 9;
    }
    let (fours, few) = pairs.as_chunks::<4>();
    for four in fours {
        has_letter |= unpack_four(u32::from_be_bytes(*four), out);
    }
    if !few.is_empty() {
        let missing = 4 - few.len();
        let four = few.iter().fold(0, |all, &byte| all << 8 | u32::from(byte));
        has_letter |= unpack_four(four << (8 * missing), out);
        out.truncate(out.len() - 2 * missing);
    }
    for &byte in last {
        out.push(DIGITS[byte as usize][0]);
        has_letter |= byte >> 4 > 9;
    }
    // Of the classes that pack, tracks have letters.
    has_good_filler(spec, bytes, units) && (spec.class == Class::Track || !has_letter)
}

/// Appends the eight half bytes as hexadecimal digits, and says whether one of them is a letter.
fn unpack_four(four: u32, out: &mut Vec<u8>) -> bool {
    let words = (u64::from(four) | u64::from(four) << 16) & 0x0000_FFFF_0000_FFFF;
    let bytes = (words | words << 8) & 0x00FF_00FF_00FF_00FF;
    let halves = (bytes | bytes << 4) & 0x0F0F_0F0F_0F0F_0F0F;
    let letters = (halves + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    // There are seven characters between 9 and A.
    out.extend_from_slice(&(halves + 0x3030_3030_3030_3030 + letters * 7).to_be_bytes());
    letters != 0
}

/// Whether the spare half byte of an odd number is one that the element may have.
fn has_good_filler(spec: &ElementSpec, bytes: &[u8], units: usize) -> bool {
    if units.is_multiple_of(2) || !matches!(spec.length, Length::Fixed(_)) {
        return true;
    }
    let spare = match spec.filler {
        Filler::Leading => bytes.first().map(|byte| byte >> 4),
        Filler::Trailing => bytes.last().map(|byte| byte & 0xF),
    };
    matches!(spare, None | Some(0 | 0xF))
}

/// Both half bytes of each byte as hexadecimal digits.
pub(super) static DIGITS: [[u8; 2]; 256] = {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut digits = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        digits[byte] = [HEX[byte >> 4], HEX[byte & 0xF]];
        byte += 1;
    }
    digits
};

#[cfg(test)]
mod tests {
    use super::super::{NETWORK, POS};
    use super::*;

    fn pos_body(message: &Message) -> Vec<u8> {
        let mut body = Vec::new();
        POS.encode(message, &mut body).expect("valid");
        body
    }

    fn error(dialect: &Dialect, body: &[u8]) -> (Option<u8>, usize, &'static str) {
        let error = dialect.decode(body).expect_err("invalid");
        (error.element, error.offset, error.kind.name())
    }

    #[test]
    fn entry_mode_is_left_aligned_and_card_sequence_right_aligned() {
        let message = Message::new(Mti::FINANCIAL_REQUEST)
            .with(Element::ENTRY_MODE, "021")
            .with(Element::CARD_SEQUENCE, "123");
        let body = pos_body(&message);
        assert_eq!(body[10..], [0x02, 0x10, 0x01, 0x23]);
        assert_eq!(POS.decode(&body), Ok(message.clone()));
        let misaligned = [&body[..10], &[0x00, 0x21, 0x01, 0x23]].concat();
        assert_eq!(error(&POS, &misaligned), (Some(22), 11, "bad-filler"));
        let misaligned = [&body[..10], &[0x02, 0x10, 0x12, 0x30]].concat();
        assert_eq!(error(&POS, &misaligned), (Some(23), 12, "bad-filler"));
    }

    #[test]
    fn an_odd_track_is_the_same_with_either_filler() {
        let message = Message::new(Mti::FINANCIAL_REQUEST)
            .with(Element::TRACK_2, "6224242000000021D29022015");
        let body = pos_body(&message);
        assert_eq!(body.last(), Some(&0x50));
        let mut other = body.clone();
        *other.last_mut().expect("not empty") = 0x5F;
        assert_eq!(POS.decode(&body).as_ref(), Ok(&message));
        assert_eq!(POS.decode(&other), Ok(message));
    }

    #[test]
    fn a_network_track_may_use_the_separator_of_the_card() {
        let message = Message::new(Mti::FINANCIAL_REQUEST).with(Element::TRACK_2, "62D29");
        let mut body = Vec::new();
        NETWORK.encode(&message, &mut body).expect("valid");
        let at = body.len() - 3;
        assert_eq!(std::mem::replace(&mut body[at], b'='), b'D');
        assert_eq!(NETWORK.decode(&body), Ok(message));
    }

    #[test]
    fn the_first_bit_needs_a_second_bitmap() {
        assert_eq!(error(&POS, &[2, 0, 0x80, 0, 0, 0, 0, 0, 0, 0]), (Some(1), 2, "bad-bitmap"));
        let body = [b"0800".as_slice(), &[0x80, 0, 0, 0, 0, 0, 0, 0]].concat();
        assert_eq!(error(&NETWORK, &body), (Some(1), 4, "truncated"));
    }

    #[test]
    fn errors_name_the_offending_byte() {
        let message = Message::new(Mti::FINANCIAL_REQUEST)
            .with(Element::PROCESSING_CODE, "310000")
            .with(Element::TERMINAL, "12345678");
        let body = pos_body(&message);
        let with = |at: usize, byte: u8| {
            let mut body = body.clone();
            body[at] = byte;
            body
        };
        assert_eq!(error(&POS, &with(0, 0xA0)), (Some(0), 0, "bad-mti"));
        assert_eq!(error(&POS, &with(11, 0x0C)), (Some(3), 11, "bad-digit"));
        assert_eq!(error(&POS, &with(15, 0x07)), (Some(41), 15, "bad-character"));
        assert_eq!(error(&POS, &with(9, 0x10)), (Some(60), 21, "truncated"));
        assert_eq!(error(&POS, &with(2, 0x28)), (Some(5), 13, "unknown-element"));
        assert_eq!(error(&POS, &with(7, 0)), (None, 13, "trailing-bytes"));
        let text = POS.decode(&with(11, 0x0C)).expect_err("bad digit").to_string();
        assert_eq!(text, "element 3 at byte 11: not a digit");
    }

    #[test]
    fn a_hostile_length_is_refused_at_once() {
        for (prefix, name) in [([0x99, 0x99], "length-too-long"), ([0x0A, 0x00], "bad-length")] {
            let body = [&[0x08, 0x00, 0, 0, 0, 0, 0, 0, 0, 0x10][..], &prefix].concat();
            assert_eq!(error(&POS, &body), (Some(60), 10, name));
        }
        let body = [b"0800".as_slice(), &[0, 0, 0, 0, 0, 0, 0, 0x10], b"-01"].concat();
        assert_eq!(error(&NETWORK, &body), (Some(60), 12, "bad-length"));
    }
}
