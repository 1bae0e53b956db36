//! Why bytes are not a message, a message not bytes, or a stream not frames. One error per verb.

use std::fmt;
use thiserror::Error;

/// Why a body does not decode, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{} at byte {offset}: {kind}", Place(*element))]
pub struct DecodeError {
    /// The element being read: 0 is the MTI, 1 the bitmap, `None` the body as a whole.
    pub element: Option<u8>,
    /// Byte of the body: where the element begins if it is cut off, else the offending byte.
    pub offset: usize,
    /// What is wrong.
    pub kind: DecodeErrorKind,
}

/// What is wrong with the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DecodeErrorKind {
    /// The body ends inside this element.
    #[error("{needed} bytes needed, {left} left")]
    Truncated {
        /// Bytes the element still takes from its offset.
        needed: usize,
        /// Bytes the body still has there.
        left: usize,
    },
    /// The message type is not four digits.
    #[error("the message type is not four digits")]
    BadMti,
    /// The bitmap announces a second bitmap on a line that has none.
    #[error("bit 1 is set, but this line has one bitmap only")]
    BadBitmap,
    /// The dialect has no such element, so its length is unknown.
    #[error("this dialect has no such element")]
    UnknownElement,
    /// The length prefix is not digits.
    #[error("the length is not digits")]
    BadLength,
    /// The length prefix exceeds the element's maximum.
    #[error("length {length} exceeds {max}")]
    LengthTooLong {
        /// What the prefix says, in the element's own unit.
        length: usize,
        /// The dialect's maximum, in the same unit.
        max: usize,
    },
    /// A numeric element holds something else.
    #[error("not a digit")]
    BadDigit,
    /// A text element holds a byte outside its class.
    #[error("character not allowed here")]
    BadCharacter,
    /// The spare nibble of an odd fixed element is neither 0 nor F: probably misaligned.
    #[error("the spare half byte is not filler")]
    BadFiller,
    /// Bytes follow the last element.
    #[error("{count} bytes left over after the last element")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
}

impl DecodeErrorKind {
    /// A stable name for reports and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            DecodeErrorKind::Truncated { .. } => "truncated",
            DecodeErrorKind::BadMti => "bad-mti",
            DecodeErrorKind::BadBitmap => "bad-bitmap",
            DecodeErrorKind::UnknownElement => "unknown-element",
            DecodeErrorKind::BadLength => "bad-length",
            DecodeErrorKind::LengthTooLong { .. } => "length-too-long",
            DecodeErrorKind::BadDigit => "bad-digit",
            DecodeErrorKind::BadCharacter => "bad-character",
            DecodeErrorKind::BadFiller => "bad-filler",
            DecodeErrorKind::TrailingBytes { .. } => "trailing-bytes",
        }
    }
}

/// Why a message cannot be written in a dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{}: {kind}", Place(Some(*element)))]
pub struct EncodeError {
    /// The element that does not fit; 0 stands for the message as a whole.
    pub element: u8,
    /// What is wrong.
    pub kind: EncodeErrorKind,
}

/// What keeps a value off the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EncodeErrorKind {
    /// The dialect has no such element.
    #[error("this dialect has no such element")]
    UnknownElement,
    /// The value is longer than the element.
    #[error("length {length} exceeds {max}")]
    LengthTooLong {
        /// Of the value.
        length: usize,
        /// Of the element.
        max: usize,
    },
    /// A fixed numeric or binary value is too short; only text is padded.
    #[error("length {length}, must be {width}")]
    TooShort {
        /// Of the value.
        length: usize,
        /// Of the element.
        width: usize,
    },
    /// The value has a byte outside the element's class.
    #[error("character not allowed here")]
    BadCharacter,
}

impl EncodeErrorKind {
    /// A stable name for reports and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            EncodeErrorKind::UnknownElement => "unknown-element",
            EncodeErrorKind::LengthTooLong { .. } => "length-too-long",
            EncodeErrorKind::TooShort { .. } => "too-short",
            EncodeErrorKind::BadCharacter => "bad-character",
        }
    }
}

/// Why a byte stream is not a sequence of frames. The stream cannot be resynchronised after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The length prefix is not digits (network line).
    #[error("the frame length is not four digits")]
    BadLength,
    /// The prefix says that nothing follows.
    #[error("the frame length is zero")]
    ZeroLength,
    /// The prefix exceeds the line's limit.
    #[error("frame length {length} exceeds {max}")]
    LengthTooLong {
        /// What the prefix says, in bytes.
        length: usize,
        /// [`Framing::length_max`](super::Framing::length_max), in bytes.
        max: usize,
    },
    /// The frame has more or fewer bytes than its prefix says.
    #[error("the frame length says {length} bytes, {actual} follow")]
    LengthMismatch {
        /// What the prefix says, in bytes.
        length: usize,
        /// Bytes after the prefix.
        actual: usize,
    },
    /// The frame ends inside its prefix, address or header.
    #[error("the frame ends inside its header")]
    Truncated,
}

impl FrameError {
    /// A stable name for reports and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            FrameError::BadLength => "bad-length",
            FrameError::ZeroLength => "zero-length",
            FrameError::LengthTooLong { .. } => "length-too-long",
            FrameError::LengthMismatch { .. } => "length-mismatch",
            FrameError::Truncated => "truncated",
        }
    }
}

/// An element number in words.
struct Place(Option<u8>);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => write!(f, "body"),
            Some(0) => write!(f, "message type"),
            Some(1) => write!(f, "bitmap"),
            Some(element) => write!(f, "element {element}"),
        }
    }
}
