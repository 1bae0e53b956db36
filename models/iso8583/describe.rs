//! What some bytes are, for a person: frame, type, elements, sub-fields. Nothing acts on it.

use super::framing::NETWORK_HEADER_BYTES;
use super::{Class, DecodeError, DecodeErrorKind, Dialect, Element, Envelope, FrameError, Framing};
use super::{Mti, View};
use std::ops::Range;

/// What was made of some bytes. Card numbers are masked unless [`Description::unmask`] was called;
/// `Display` prints it as a table.
#[derive(Clone)]
pub struct Description {
    /// The dialect it reads in, or reads furthest in.
    pub dialect: &'static str,
    /// The frame around the body, unless the bytes are a bare body.
    pub frame: Option<DescribedFrame>,
    /// What is wrong with the frame.
    pub frame_error: Option<FrameError>,
    /// The body in the given bytes.
    pub body: Range<usize>,
    /// The message type, if it is four digits.
    pub mti: Option<Mti>,
    /// The bitmap's bytes, both if there are two.
    pub bitmap: Vec<u8>,
    /// The elements that could be located, ascending.
    pub elements: Vec<DescribedElement>,
    /// Why this is not a message; its offset counts from the first of the given bytes.
    pub error: Option<DecodeError>,
    /// Bytes of the body that belong to no element above.
    pub rest: Vec<u8>,
    pub(super) unmasked: bool,
}

/// What surrounds the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedFrame {
    /// Which line frames like this.
    pub framing: Framing,
    /// What the length prefix says, in bytes; `None` if there is no prefix.
    pub length: Option<usize>,
    /// TPDU and header, on the POS line.
    pub envelope: Option<Envelope>,
    /// The 46-byte header, on the network line, if there.
    pub network_header: Option<Vec<u8>>,
}

/// One element.
#[derive(Clone)]
pub struct DescribedElement {
    /// Which one.
    pub element: Element,
    /// English name.
    pub name: &'static str,
    /// Chinese name.
    pub chinese: &'static str,
    /// What it may hold.
    pub class: Class,
    /// Its bytes in the given bytes, length prefix included.
    pub span: Range<usize>,
    /// Its canonical value, never masked: for people, use [`Description::element_text`].
    pub value: Vec<u8>,
    /// What a strict reading holds against it.
    pub note: Option<DecodeErrorKind>,
}

impl Description {
    /// The same with card numbers in clear. For test cards only.
    #[must_use]
    pub fn unmask(self) -> Self {
        Description { unmasked: true, ..self }
    }

    /// Whether the bytes are one message, frame included.
    #[must_use]
    pub const fn is_message(&self) -> bool {
        self.error.is_none() && self.frame_error.is_none()
    }

    /// One element, if located.
    #[must_use]
    pub fn element(&self, element: Element) -> Option<&DescribedElement> {
        self.elements.iter().find(|described| described.element == element)
    }

    /// The elements the bitmap announces, 1 (a second bitmap) included.
    #[must_use]
    pub fn present(&self) -> Vec<u8> {
        let bits =
            (1..=128u8).zip(self.bitmap.iter().flat_map(|byte| (0..8).map(move |bit| byte << bit)));
        bits.filter(|(_, shifted)| shifted & 0x80 != 0).map(|(element, _)| element).collect()
    }
}

/// Finds out what some bytes are: a frame of either line, with or without header, or a bare body.
///
/// A reading that decodes strictly wins; if none does, a right frame length and a message type in
/// use count for a reading, then how many bytes it makes sense of.
#[must_use]
pub fn describe(bytes: &[u8], dialect: Option<&Dialect>) -> Description {
    let mut readings = Vec::new();
    match dialect {
        Some(dialect) => readings_of(bytes, dialect, &mut readings),
        None => {
            Dialect::all().iter().for_each(|dialect| readings_of(bytes, dialect, &mut readings))
        }
    }
    let viewed = readings.into_iter().map(|reading| {
        let view = reading.dialect.view(&bytes[reading.body.clone()]);
        (reading, view)
    });
    let (reading, view) = viewed
        .max_by_key(|(reading, view)| {
            let strict = view.error.is_none();
            let undamaged = reading.frame_error.is_none();
            let framed = reading.frame.is_some() && undamaged;
            let mti = reading.dialect.decode_mti(&view.mti).is_some_and(is_in_use);
            // Bytes read as the wrong thing look like elements too, but soon hold what they cannot.
            let clean = view.elements.iter().take_while(|seen| seen.note.is_none());
            let clean = clean.map(|seen| seen.span.len()).sum::<usize>();
            (strict, strict && undamaged, u8::from(framed) + u8::from(mti), clean)
        })
        .expect("a bare body is always a reading");
    described(bytes, reading, view)
}

/// Whether the standard gives every digit of the type a meaning.
const fn is_in_use(mti: Mti) -> bool {
    mti.version() <= 2 && matches!(mti.class(), 1..=8) && mti.function() <= 5 && mti.origin() <= 5
}

/// One way to see the bytes.
struct Reading<'d> {
    dialect: &'d Dialect,
    frame: Option<DescribedFrame>,
    frame_error: Option<FrameError>,
    body: Range<usize>,
}

fn readings_of<'d>(bytes: &[u8], dialect: &'d Dialect, readings: &mut Vec<Reading<'d>>) {
    let framing = dialect.framing;
    readings.push(Reading { dialect, frame: None, frame_error: None, body: 0..bytes.len() });
    match framing.unwrap(bytes) {
        Ok((envelope, body)) => {
            let length = Some(bytes.len() - framing.prefix_bytes());
            let frame = frame_of(bytes, framing, length, envelope, body.start);
            readings.push(Reading { dialect, frame: Some(frame), frame_error: None, body });
        }
        Err(error) => readings.extend(damaged(bytes, dialect, error)),
    }
    let header = usize::from(NETWORK_HEADER_BYTES);
    if framing == Framing::NetworkLine
        && bytes.first() == Some(&NETWORK_HEADER_BYTES)
        && bytes.len() >= header
    {
        let frame = frame_of(bytes, framing, None, Envelope::default(), header);
        let body = header..bytes.len();
        readings.push(Reading { dialect, frame: Some(frame), frame_error: None, body });
    }
}

/// A frame whose length is wrong, but which otherwise looks like one: a TPDU, or four digits.
fn damaged<'d>(bytes: &[u8], dialect: &'d Dialect, error: FrameError) -> Option<Reading<'d>> {
    let framing = dialect.framing;
    let at = framing.prefix_bytes();
    let length = framing.length(bytes).ok().flatten()?;
    let end = bytes.len().min(at + length);
    let looks_framed = match framing {
        Framing::PosLine => bytes.get(at) == Some(&0x60),
        Framing::NetworkLine => true,
    };
    // The bytes that are there, under the prefix they should have had.
    let rest = &bytes[at..end];
    let fitting = match framing {
        Framing::PosLine => (rest.len() as u16).to_be_bytes().to_vec(),
        Framing::NetworkLine => format!("{:04}", rest.len()).into_bytes(),
    };
    let (envelope, body) = framing.unwrap(&[&fitting, rest].concat()).ok()?;
    let frame = frame_of(bytes, framing, Some(length), envelope, body.start);
    let reading = Reading { dialect, frame: Some(frame), frame_error: Some(error), body };
    looks_framed.then_some(reading)
}

fn frame_of(
    bytes: &[u8],
    framing: Framing,
    length: Option<usize>,
    envelope: Envelope,
    body: usize,
) -> DescribedFrame {
    let prefix = if length.is_some() { framing.prefix_bytes() } else { 0 };
    let (envelope, network_header) = match framing {
        Framing::PosLine => (Some(envelope), None),
        Framing::NetworkLine => (None, (body > prefix).then(|| bytes[prefix..body].to_vec())),
    };
    DescribedFrame { framing, length, envelope, network_header }
}

fn described(bytes: &[u8], reading: Reading<'_>, view: View) -> Description {
    let Reading { dialect, frame, frame_error, body } = reading;
    let elements = view.elements.into_iter().filter_map(|seen| {
        let spec = dialect.spec(seen.element)?;
        Some(DescribedElement {
            element: seen.element,
            name: spec.name,
            chinese: spec.chinese,
            class: spec.class,
            span: body.start + seen.span.start..body.start + seen.span.end,
            value: seen.value,
            note: seen.note,
        })
    });
    Description {
        dialect: dialect.name,
        frame,
        frame_error,
        mti: dialect.decode_mti(&view.mti),
        bitmap: view.bitmap,
        elements: elements.collect(),
        error: view.error.map(|error| DecodeError { offset: body.start + error.offset, ..error }),
        rest: bytes[body.start + view.rest.start..body.start + view.rest.end].to_vec(),
        body,
        unmasked: false,
    }
}
