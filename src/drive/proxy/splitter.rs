//! Frames out of a stream, losing nothing: what is no frame can be passed on as it came.

use reversim_models::iso8583::{FrameError, Framing};

/// Puts frames together from what is read. Holds at most one frame and one read.
#[derive(Debug)]
pub(super) struct Splitter {
    framing: Framing,
    buffer: Vec<u8>,
    /// Bytes at the front that were handed over.
    taken: usize,
}

/// What stands at the front of a stream.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Front {
    /// A whole frame, its prefix included.
    Frame(Vec<u8>),
    /// The beginning of one, or nothing at all.
    Partial,
    /// Nobody knows where the next frame begins.
    Lost(FrameError),
}

impl Splitter {
    pub(super) fn new(framing: Framing) -> Splitter {
        Splitter { framing, buffer: Vec::new(), taken: 0 }
    }

    /// Bytes as they were read.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.taken > 0 {
            self.buffer.drain(..self.taken);
            self.taken = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Takes the frame at the front. What is lost stays; [`Splitter::rest`] gives it.
    pub(super) fn next(&mut self) -> Front {
        let pending = &self.buffer[self.taken..];
        let length = match self.framing.length(pending) {
            Err(error) => return Front::Lost(error),
            Ok(length) => length,
        };
        let whole = length.map(|length| self.framing.prefix_bytes() + length);
        let Some(frame) = whole.and_then(|whole| pending.get(..whole)) else {
            return Front::Partial;
        };
        let frame = frame.to_vec();
        self.taken += frame.len();
        Front::Frame(frame)
    }

    /// What is waiting for more.
    pub(super) fn pending(&self) -> &[u8] {
        &self.buffer[self.taken..]
    }

    /// Everything that is left, whatever it is.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        let rest = self.buffer.split_off(self.taken);
        self.buffer.clear();
        self.taken = 0;
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_whole_however_they_were_cut() {
        let stream = b"0003abc0001x0002";
        for size in 1..=stream.len() {
            let mut splitter = Splitter::new(Framing::NetworkLine);
            let mut frames = Vec::new();
            for part in stream.chunks(size) {
                splitter.push(part);
                while let Front::Frame(frame) = splitter.next() {
                    frames.push(frame);
                }
            }
            assert_eq!(frames, [b"0003abc".to_vec(), b"0001x".to_vec()]);
            assert_eq!(splitter.pending(), b"0002");
        }
    }

    #[test]
    fn what_is_no_frame_is_not_lost() {
        let mut splitter = Splitter::new(Framing::NetworkLine);
        splitter.push(b"0001xGET / HTTP/1.1");
        assert_eq!(splitter.next(), Front::Frame(b"0001x".to_vec()));
        assert_eq!(splitter.next(), Front::Lost(FrameError::BadLength));
        assert_eq!(splitter.rest(), b"GET / HTTP/1.1");
        assert_eq!(splitter.next(), Front::Partial);
    }
}
