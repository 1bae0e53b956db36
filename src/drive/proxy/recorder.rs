//! Keeps count and time of what passes, and hands every entry to whoever watches. Stores nothing,
//! so that a day on a busy line needs no more memory than a minute.

use crate::file::recording::{Ending, Event, Line, to_hex};
use crate::history::Frame;
use crate::party::Party;
use reversim_models::iso8583::Dialect;
use tokio::time::Instant;

/// Who is told what happens on the line, as it happens.
pub trait Watcher {
    /// One entry of the history.
    fn entry(&mut self, line: &Line);

    /// One sentence for the log.
    fn say(&mut self, sentence: &str);
}

/// How much passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Connections taken.
    pub connections: u32,
    /// Messages from who connects, and from the other end; what is no frame counts by the read.
    pub messages: [u64; 2],
    /// Of these, lost on the way or with their connection.
    pub lost: u64,
    /// Reads that nobody could make frames of.
    pub raw: u64,
}

/// Writes down what happens.
pub(super) struct Recorder {
    pub(super) counts: Counts,
    start: Instant,
    /// Who connects, and the other end.
    pub(super) ends: [Party; 2],
    dialect: &'static Dialect,
    watcher: Box<dyn Watcher>,
    messages: u64,
}

/// A direction: from who connects to the other end, or back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Way(pub(super) usize);

impl Way {
    pub(super) const THERE: Way = Way(0);
    pub(super) const BACK: Way = Way(1);

    pub(super) fn other(self) -> Way {
        Way(1 - self.0)
    }
}

/// A message on its way, or a part of one.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// Its number.
    pub(super) message: u64,
    pub(super) frame: Frame,
    /// Whether it is not what was sent.
    pub(super) is_other: bool,
    pub(super) copy: u32,
}

impl Recorder {
    pub(super) fn new(
        ends: [Party; 2],
        dialect: &'static Dialect,
        watcher: Box<dyn Watcher>,
    ) -> Recorder {
        let (counts, start) = (Counts::default(), Instant::now());
        Recorder { counts, start, ends, dialect, watcher, messages: 0 }
    }

    pub(super) fn from(&self, way: Way) -> Party {
        self.ends[way.0]
    }

    pub(super) fn to(&self, way: Way) -> Party {
        self.ends[1 - way.0]
    }

    fn note(&mut self, party: Party, what: Event) {
        let at = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.watcher.entry(&Line { at, party, step: 0, what });
    }

    /// Says something, and writes it down.
    pub(super) fn say(&mut self, way: Way, sentence: &str) {
        self.watcher.say(sentence);
        self.note(self.from(way), Event::Note(sentence.to_owned()));
    }

    /// A frame that was read, or bytes that are none.
    pub(super) fn sent(&mut self, way: Way, link: u32, frame: Frame) -> Piece {
        self.messages += 1;
        self.counts.messages[way.0] += 1;
        let message = self.messages;
        let (to, dialect) = (self.to(way), self.dialect.name.to_owned());
        let hex = to_hex(frame.bytes());
        self.note(self.from(way), Event::Sent { message, link, to, dialect, hex });
        Piece { message, frame, is_other: false, copy: 0 }
    }

    /// A piece that was written, or a part of it.
    pub(super) fn delivered(
        &mut self,
        way: Way,
        link: u32,
        piece: &Piece,
        part: Option<(u32, u32)>,
    ) {
        let hex = piece.is_other.then(|| to_hex(piece.frame.bytes()));
        let (from, copy, message) = (self.from(way), piece.copy, piece.message);
        self.note(self.to(way), Event::Delivered { message, link, from, copy, hex, part });
    }

    pub(super) fn lost(&mut self, way: Way, piece: &Piece) {
        self.counts.lost += 1;
        let (to, message) = (self.to(way), piece.message);
        self.note(to, Event::Lost { message, to });
    }

    /// A connection stands, for both ends.
    pub(super) fn up(&mut self, link: u32) {
        let [left, right] = self.ends;
        self.note(left, Event::LinkUp { link, peer: right });
        self.note(right, Event::LinkUp { link, peer: left });
    }

    /// It is gone, for both ends.
    pub(super) fn down(&mut self, link: u32, reason: Ending) {
        let [left, right] = self.ends;
        self.note(left, Event::LinkDown { link, peer: right, reason });
        self.note(right, Event::LinkDown { link, peer: left, reason });
    }

    pub(super) fn no_line(&mut self) {
        let [left, right] = self.ends;
        self.note(left, Event::ConnectFailed { peer: right });
    }

    pub(super) fn fired(&mut self, party: Party, entry: usize) {
        self.note(party, Event::Fault(entry));
    }
}
