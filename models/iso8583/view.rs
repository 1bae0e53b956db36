//! The lenient reading of a body: shows whatever is there. Nothing acts on it.

use super::decode::{DIGITS, Located};
use super::dialect::allows;
use super::message::Bits;
use super::{Class, Coding, DecodeError, DecodeErrorKind, Dialect, Element, ElementSpec, Filler};
use std::ops::Range;

/// What a body seems to say, as far as it can be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The MTI's bytes, fewer if the body is shorter.
    pub mti: Vec<u8>,
    /// The bitmap's bytes, both bitmaps if announced and allowed, fewer if the body is shorter.
    pub bitmap: Vec<u8>,
    /// The elements that could be located, in ascending order of element and span.
    pub elements: Vec<ViewElement>,
    /// The first error, as [`Dialect::decode`] reports it.
    pub error: Option<DecodeError>,
    /// Bytes of the body that belong to no element seen.
    pub rest: Range<usize>,
}

/// One element of a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewElement {
    /// Which one.
    pub element: Element,
    /// Its bytes in the body, length prefix included.
    pub span: Range<usize>,
    /// Its canonical value; half bytes that are no digits read as A to F.
    pub value: Vec<u8>,
    /// What a strict reading holds against it.
    pub note: Option<DecodeErrorKind>,
}

impl Dialect {
    /// Reads as much of a body as can be located. Wrong content is noted and passed over; a
    /// missing or unknown length ends the view.
    #[must_use]
    pub fn view(&self, body: &[u8]) -> View {
        let strict = self.decode(body).err();
        let mti = body.len().min(self.mti_bytes());
        let mut view = View {
            mti: body[..mti].to_vec(),
            bitmap: Vec::new(),
            elements: Vec::new(),
            error: strict,
            rest: mti..body.len(),
        };
        let Some((bitmap, mut at)) = self.view_bitmap(&body[mti..]) else {
            view.bitmap = body[mti..].to_vec();
            view.rest = body.len()..body.len();
            return view;
        };
        view.bitmap = body[mti..mti + at].to_vec();
        at += mti;
        for element in Bits::of(bitmap) {
            let Some(spec) = &self.specs[element as usize] else { break };
            let Some(located) = self.locate(body, at, spec) else { break };
            let span = at..located.end;
            at = located.end;
            view.elements.push(self.view_element(body, spec, span, &located));
        }
        view.rest = at..body.len();
        view
    }

    /// The bits of elements 2 to 128 and how many bytes they take, if all are there. A first bit
    /// that this line does not know is passed over.
    fn view_bitmap(&self, rest: &[u8]) -> Option<(u128, usize)> {
        let first = u64::from_be_bytes(*rest.first_chunk()?);
        if self.second_bitmap && first >> 63 == 1 {
            let both = u128::from_be_bytes(*rest.first_chunk()?);
            return Some((both & !(1 << 127), 16));
        }
        Some((u128::from(first & !(1 << 63)) << 64, 8))
    }

    fn view_element(
        &self,
        body: &[u8],
        spec: &ElementSpec,
        span: Range<usize>,
        located: &Located,
    ) -> ViewElement {
        let Located { value, end, units } = *located;
        let bytes = &body[value..end];
        let value: Vec<u8> = if self.packs(spec.class) {
            let skip = if spec.filler == Filler::Leading { units % 2 } else { 0 };
            bytes.iter().flat_map(|&byte| DIGITS[byte as usize]).skip(skip).take(units).collect()
        } else if spec.class == Class::Track {
            bytes.iter().map(|&byte| if byte == b'=' { b'D' } else { byte }).collect()
        } else {
            bytes.to_vec()
        };
        let max = spec.length.max();
        let numeric = spec.class == Class::Numeric || self.digits == Coding::Bcd;
        let note = if units > max {
            Some(DecodeErrorKind::LengthTooLong { length: units, max })
        } else if value.iter().all(|&byte| allows(spec.class, byte)) {
            None
        } else if numeric && matches!(spec.class, Class::Numeric | Class::Track) {
            Some(DecodeErrorKind::BadDigit)
        } else {
            Some(DecodeErrorKind::BadCharacter)
        };
        ViewElement { element: spec.element, span, value, note }
    }
}
