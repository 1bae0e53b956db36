//! Frames: a body with its length and addresses, and finding frames in a byte stream. Knows no
//! message.

use super::FrameError;
use std::ops::Range;

/// What a POS frame carries before the body. The network line ignores it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Envelope {
    /// Transport address: `60`, destination, source (two BCD bytes each).
    pub tpdu: [u8; 5],
    /// Message header 报文头: application, version, status and processing requirement, versions.
    pub header: [u8; 6],
}

impl Envelope {
    /// The envelope of the answer: destination and source change places.
    #[must_use]
    pub const fn swapped(self) -> Envelope {
        let [id, to, to_low, from, from_low] = self.tpdu;
        Envelope { tpdu: [id, from, from_low, to, to_low], header: self.header }
    }
}

impl Default for Envelope {
    /// `6000000000` and `602200000000`, as published dumps have.
    fn default() -> Self {
        Envelope { tpdu: [0x60, 0, 0, 0, 0], header: [0x60, 0x22, 0, 0, 0, 0] }
    }
}

/// How a line makes frames of bodies.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Framing {
    /// Two bytes big-endian length of what follows, TPDU (5), header (6), body.
    PosLine,
    /// Four ASCII digits of length of what follows, body. On receipt a 46-byte header before the
    /// body (first byte `2E`, its own length) is stepped over.
    NetworkLine,
}

/// Bytes of TPDU and header on the POS line.
const ENVELOPE_BYTES: usize = 11;
/// Bytes, and first byte, of the network line's optional header.
pub(super) const NETWORK_HEADER_BYTES: u8 = 46;

impl Framing {
    /// The largest length prefix accepted, in bytes. Both lines stay far below it; it bounds what a
    /// hostile prefix can make a receiver wait for.
    #[must_use]
    pub const fn length_max(self) -> usize {
        match self {
            Framing::PosLine => 4096,
            Framing::NetworkLine => 9999,
        }
    }

    /// The largest body a frame can carry, in bytes.
    #[must_use]
    pub const fn body_max(self) -> usize {
        match self {
            Framing::PosLine => self.length_max() - ENVELOPE_BYTES,
            Framing::NetworkLine => self.length_max(),
        }
    }

    /// Bytes of the length prefix.
    #[must_use]
    pub const fn prefix_bytes(self) -> usize {
        match self {
            Framing::PosLine => 2,
            Framing::NetworkLine => 4,
        }
    }

    /// A frame. The prefix of a body above [`Framing::body_max`], which no dialect encodes, stops
    /// at the maximum, so that the receiver sees a broken stream and the sender no panic.
    #[must_use]
    pub fn wrap(self, envelope: Envelope, body: &[u8]) -> Vec<u8> {
        let mut frame = Vec::with_capacity(body.len() + 13);
        self.begin(envelope, &mut frame);
        frame.extend_from_slice(body);
        self.finish(&mut frame);
        frame
    }

    /// What comes before the body of a frame, its length still open. The body goes behind it, and
    /// then [`Framing::finish`] closes the frame.
    pub(crate) fn begin(self, envelope: Envelope, frame: &mut Vec<u8>) {
        match self {
            Framing::PosLine => {
                frame.extend_from_slice(&[0; 2]);
                frame.extend_from_slice(&envelope.tpdu);
                frame.extend_from_slice(&envelope.header);
            }
            Framing::NetworkLine => frame.extend_from_slice(b"0000"),
        }
    }

    /// Writes the length at the front of a frame that holds its envelope and its body.
    pub(crate) fn finish(self, frame: &mut [u8]) {
        let prefix = self.prefix_bytes();
        let length = frame.len().saturating_sub(prefix).min(self.length_max());
        let Some(prefix) = frame.get_mut(..prefix) else { return };
        match self {
            Framing::PosLine => prefix.copy_from_slice(&(length as u16).to_be_bytes()),
            Framing::NetworkLine => {
                let digit = |unit: usize| b'0' + (length / unit % 10) as u8;
                prefix.copy_from_slice(&[digit(1000), digit(100), digit(10), digit(1)]);
            }
        }
    }

    /// Takes a whole frame apart: its envelope, and where the body lies.
    ///
    /// # Errors
    ///
    /// The prefix is wrong, disagrees with the bytes, or leaves no room for address and header.
    pub fn unwrap(self, frame: &[u8]) -> Result<(Envelope, Range<usize>), FrameError> {
        let length = self.length(frame)?.ok_or(FrameError::Truncated)?;
        let at = self.prefix_bytes();
        let actual = frame.len() - at;
        if length != actual {
            return Err(FrameError::LengthMismatch { length, actual });
        }
        match self {
            Framing::PosLine => {
                let rest = &frame[at..];
                let (Some(tpdu), Some(header)) = (
                    rest.first_chunk::<5>(),
                    rest.get(5..).and_then(|rest| rest.first_chunk::<6>()),
                ) else {
                    return Err(FrameError::Truncated);
                };
                let envelope = Envelope { tpdu: *tpdu, header: *header };
                Ok((envelope, at + ENVELOPE_BYTES..frame.len()))
            }
            Framing::NetworkLine => {
                let skip = match frame.get(at) {
                    Some(&NETWORK_HEADER_BYTES) => usize::from(NETWORK_HEADER_BYTES),
                    _ => 0,
                };
                if frame.len() < at + skip {
                    return Err(FrameError::Truncated);
                }
                Ok((Envelope::default(), at + skip..frame.len()))
            }
        }
    }

    /// The length a stream's first bytes announce; `None` while the prefix is incomplete. A prefix
    /// that is already wrong is told at once.
    ///
    /// # Errors
    ///
    /// No frame begins like this.
    pub fn length(self, stream: &[u8]) -> Result<Option<usize>, FrameError> {
        let prefix = &stream[..stream.len().min(self.prefix_bytes())];
        let mut length = 0;
        for &byte in prefix {
            length = match self {
                Framing::PosLine => length << 8 | usize::from(byte),
                Framing::NetworkLine if byte.is_ascii_digit() => {
                    length * 10 + usize::from(byte - b'0')
                }
                Framing::NetworkLine => return Err(FrameError::BadLength),
            };
        }
        if prefix.len() < self.prefix_bytes() {
            return Ok(None);
        }
        let max = self.length_max();
        match length {
            0 => Err(FrameError::ZeroLength),
            length if length > max => Err(FrameError::LengthTooLong { length, max }),
            length => Ok(Some(length)),
        }
    }
}

/// Finds frames in a byte stream, however it is cut. Holds at most what it was given: a length
/// prefix reserves nothing.
#[derive(Clone, Debug)]
pub struct Framer {
    framing: Framing,
    buffer: Vec<u8>,
    /// Bytes at the front of `buffer` already handed over.
    taken: usize,
}

impl Framer {
    /// An empty stream.
    #[must_use]
    pub const fn new(framing: Framing) -> Self {
        Framer { framing, buffer: Vec::new(), taken: 0 }
    }

    /// Bytes as they were read.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.taken > 0 {
            self.buffer.drain(..self.taken);
            self.taken = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame, its prefix included. After an error the stream is lost: what was
    /// buffered is gone and the caller drops the link.
    #[expect(clippy::should_implement_trait, reason = "None now is not the end: more may arrive")]
    pub fn next(&mut self) -> Option<Result<Vec<u8>, FrameError>> {
        let pending = &self.buffer[self.taken..];
        let whole = match self.framing.length(pending) {
            Ok(length) => self.framing.prefix_bytes() + length?,
            Err(error) => {
                self.clear();
                return Some(Err(error));
            }
        };
        if pending.len() < whole {
            return None;
        }
        if self.taken == 0 && pending.len() == whole {
            return Some(Ok(std::mem::take(&mut self.buffer)));
        }
        let frame = pending[..whole].to_vec();
        self.taken += whole;
        if self.taken == self.buffer.len() {
            self.clear();
        }
        Some(Ok(frame))
    }

    /// Takes a frame back that nobody needs any more: its room is enough for the next one.
    pub(crate) fn reuse(&mut self, mut frame: Vec<u8>) {
        if self.buffer.capacity() == 0 {
            frame.clear();
            self.buffer = frame;
        }
    }

    /// Whether part of a frame is waiting for the rest. Ask after `next` has given `None`.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        self.buffer.len() > self.taken
    }

    /// Takes out what is not a whole frame yet.
    pub fn take(&mut self) -> Vec<u8> {
        let rest = self.buffer.split_off(self.taken);
        self.clear();
        rest
    }

    /// Forgets everything, as when a link is replaced.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.taken = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_goes_back_to_where_the_request_came_from() {
        let envelope = Envelope { tpdu: [0x60, 0x06, 0x01, 0, 0], ..Envelope::default() };
        assert_eq!(envelope.swapped().tpdu, [0x60, 0, 0, 0x06, 0x01]);
    }

    #[test]
    fn a_network_header_is_stepped_over() {
        let body = [&[NETWORK_HEADER_BYTES; 46][..], b"0800"].concat();
        let frame = Framing::NetworkLine.wrap(Envelope::default(), &body);
        assert_eq!(&frame[..4], b"0050");
        assert_eq!(Framing::NetworkLine.unwrap(&frame), Ok((Envelope::default(), 50..54)));
        assert_eq!(Framing::NetworkLine.unwrap(b"0001."), Err(FrameError::Truncated));
    }

    #[test]
    fn a_frame_must_be_as_long_as_it_says() {
        let mismatch = FrameError::LengthMismatch { length: 12, actual: 11 };
        assert_eq!(Framing::PosLine.unwrap(&[&[0, 12][..], &[0; 11]].concat()), Err(mismatch));
        assert_eq!(Framing::PosLine.unwrap(&[0, 3, 1, 2, 3]), Err(FrameError::Truncated));
        assert_eq!(Framing::PosLine.unwrap(&[0]), Err(FrameError::Truncated));
    }

    #[test]
    fn a_bad_prefix_is_told_at_once_and_loses_the_stream() {
        let too_long = FrameError::LengthTooLong { length: 4097, max: 4096 };
        for (framing, stream, error) in [
            (Framing::PosLine, &[0x10, 0x01][..], too_long),
            (Framing::PosLine, &[0, 0, 9, 9][..], FrameError::ZeroLength),
            (Framing::NetworkLine, b"0000", FrameError::ZeroLength),
            (Framing::NetworkLine, b"G", FrameError::BadLength),
            (Framing::NetworkLine, b"12-4rest", FrameError::BadLength),
        ] {
            let mut framer = Framer::new(framing);
            framer.push(stream);
            assert_eq!(framer.next(), Some(Err(error)));
            assert_eq!((framer.next(), framer.is_partial()), (None, false));
        }
    }

    #[test]
    fn half_a_frame_is_partial_until_the_rest_comes() {
        let frame = Framing::PosLine.wrap(Envelope::default(), &[8, 0]);
        let mut framer = Framer::new(Framing::PosLine);
        framer.push(&frame[..1]);
        assert_eq!((framer.next(), framer.is_partial()), (None, true));
        framer.push(&frame[1..]);
        framer.push(&frame[..3]);
        assert_eq!(framer.next(), Some(Ok(frame)));
        assert_eq!((framer.next(), framer.is_partial()), (None, true));
        framer.clear();
        assert!(!framer.is_partial());
    }
}
