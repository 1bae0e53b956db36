//! Writing a strict message in a dialect. Refuses what the dialect cannot say.

use super::dialect::offending;
use super::message::{Bits, bit};
use super::{Class, Coding, Dialect, Element, ElementSpec, EncodeError, EncodeErrorKind, Filler};
use super::{Length, Message, Mti};

/// Most bytes that a body has beyond its values, as far as room is made for them beforehand.
const HEAD_BYTES_MAX: usize = 64;

/// The bitmap bit that announces a second bitmap.
const SECOND: u128 = 1 << 127;

impl Dialect {
    /// Appends the body of a message: MTI, bitmap, elements. Short fixed text is padded with
    /// spaces on the right. After an error `out` is as before.
    ///
    /// # Errors
    ///
    /// Names the element whose value the dialect cannot write; element 0 when the whole body
    /// exceeds what the framing can carry.
    pub fn encode(&self, message: &Message, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.encode_sealed(message, None, out)
    }

    /// As [`Dialect::encode`], with eight zeros in the place of a MAC that is still to be computed
    /// over what is written before it.
    pub(crate) fn encode_sealed(
        &self,
        message: &Message,
        mac: Option<Element>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let before = out.len();
        let result = self.append(message, mac.map_or(0, |mac| mac.0), out).and_then(|()| {
            let (length, max) = (out.len() - before, self.framing.body_max());
            let kind = EncodeErrorKind::LengthTooLong { length, max };
            if length > max { Err(EncodeError { element: 0, kind }) } else { Ok(()) }
        });
        if result.is_err() {
            out.truncate(before);
        }
        result
    }

    fn append(&self, message: &Message, mac: u8, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let bitmap = message.bitmap | bit(mac);
        out.reserve(message.bytes() + HEAD_BYTES_MAX);
        append_mti(self.mti, message.mti(), out);
        if self.second_bitmap && bitmap as u64 != 0 {
            out.extend_from_slice(&(bitmap | SECOND).to_be_bytes());
        } else {
            out.extend_from_slice(&((bitmap >> 64) as u64).to_be_bytes());
        }
        for element in Bits::of(bitmap) {
            let value = if element == mac { &[b'0'; 8] } else { message.value(element) };
            let spec = match &self.specs[element as usize] {
                Some(spec) if element <= 64 || self.second_bitmap => spec,
                _ => return Err(EncodeError { element, kind: EncodeErrorKind::UnknownElement }),
            };
            self.append_value(spec, value, out).map_err(|kind| EncodeError { element, kind })?;
        }
        Ok(())
    }

    fn append_value(
        &self,
        spec: &ElementSpec,
        value: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeErrorKind> {
        let length = value.len();
        let max = spec.length.max();
        if length > max {
            return Err(EncodeErrorKind::LengthTooLong { length, max });
        }
        if offending(spec.class, value).is_some() {
            return Err(EncodeErrorKind::BadCharacter);
        }
        let mut padding = 0;
        match spec.length {
            Length::Ll(_) => append_length(self.lengths, 2, length, out),
            Length::Lll(_) => append_length(self.lengths, 3, length, out),
            Length::Fixed(_) if length == max => {}
            Length::Fixed(_) => match spec.class {
                Class::Alphanumeric | Class::Text | Class::Private => padding = max - length,
                _ => return Err(EncodeErrorKind::TooShort { length, width: max }),
            },
        }
        if self.packs(spec.class) {
            pack(spec.filler, value, out);
        } else {
            out.extend_from_slice(value);
            out.resize(out.len() + padding, b' ');
        }
        Ok(())
    }
}

fn append_mti(coding: Coding, mti: Mti, out: &mut Vec<u8>) {
    match coding {
        Coding::Bcd => out.extend_from_slice(&mti.bcd().to_be_bytes()),
        Coding::Ascii => out.extend_from_slice(&mti.ascii()),
    }
}

/// Appends a length prefix of two or three digits; three packed digits take two bytes.
fn append_length(coding: Coding, digits: usize, length: usize, out: &mut Vec<u8>) {
    let [hundreds, tens, ones] =
        [length / 100 % 10, length / 10 % 10, length % 10].map(|digit| digit as u8);
    match (coding, digits) {
        (Coding::Bcd, 2) => out.push(tens << 4 | ones),
        (Coding::Bcd, _) => out.extend_from_slice(&[hundreds, tens << 4 | ones]),
        (Coding::Ascii, 2) => out.extend_from_slice(&[tens, ones].map(|digit| b'0' + digit)),
        (Coding::Ascii, _) => {
            out.extend_from_slice(&[hundreds, tens, ones].map(|digit| b'0' + digit));
        }
    }
}

/// Packs digits (already checked) two a byte; the spare half byte is 0.
fn pack(filler: Filler, digits: &[u8], out: &mut Vec<u8>) {
    let odd = digits.len() % 2;
    let (front, rest) = match filler {
        Filler::Leading => digits.split_at(odd),
        Filler::Trailing => digits.split_at(0),
    };
    out.extend(front.iter().map(|&digit| nibble(digit)));
    let (eights, rest) = rest.as_chunks::<8>();
    for eight in eights {
        out.extend_from_slice(&pack_eight(*eight));
    }
    let (pairs, last) = rest.as_chunks::<2>();
    out.extend(pairs.iter().map(|&[high, low]| nibble(high) << 4 | nibble(low)));
    out.extend(last.iter().map(|&digit| nibble(digit) << 4));
}

/// Eight digits as four bytes, all at once.
const fn pack_eight(digits: [u8; 8]) -> [u8; 4] {
    let digits = u64::from_be_bytes(digits);
    let letters = digits >> 6 & 0x0101_0101_0101_0101;
    let halves = (digits & 0x0F0F_0F0F_0F0F_0F0F) + letters * 9;
    // Each pair of half bytes into the lower byte of the two, then those bytes side by side.
    let pairs = (halves | halves >> 4) & 0x00FF_00FF_00FF_00FF;
    let words = (pairs | pairs >> 8) & 0x0000_FFFF_0000_FFFF;
    ((words | words >> 16) as u32).to_be_bytes()
}

/// The half byte of a digit or of A to F.
const fn nibble(digit: u8) -> u8 {
    (digit & 0xF) + (digit >> 6) * 9
}
