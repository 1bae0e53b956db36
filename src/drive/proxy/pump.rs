//! One direction of one connection: reads, has the desk decide, writes what is left of it.
//!
//! It reads no further while it cannot write, so a slow reader slows its writer and nobody else,
//! and what is kept in memory is one read, one frame, and what the script holds back.

use super::desk::{Desk, Fate, Name, WAIT};
use super::recorder::{Piece, Recorder, Way};
use super::splitter::{Front, Splitter};
use super::watch::{Pulse, Stop};
use crate::history::Frame;
use reversim_models::iso8583::Dialect;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// The rest of a frame is waited for this long; then the half goes on as it is.
const HALF: Duration = Duration::from_millis(500);

/// Bytes in one read, at most.
const READ_MAX: usize = 16 * 1024;

/// What all connections of a proxy share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) desk: Rc<RefCell<Desk>>,
    /// Whoever holds a message looks whether it may go.
    pub(super) wake: Rc<Notify>,
    pub(super) dialect: &'static Dialect,
    pub(super) patience: Duration,
}

/// A message that goes later than it came.
struct Waiting {
    due: Instant,
    piece: Piece,
    name: Name,
    /// The hold whose message it waits for.
    hold: Option<usize>,
}

/// Half a frame at the front of the stream.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    None,
    /// It waits for the rest since then.
    Since(Instant),
    /// So many bytes of it went on already.
    Passed(usize),
}

pub(super) struct Pump {
    shared: Shared,
    pulse: Rc<Pulse>,
    way: Way,
    link: u32,
    splitter: Splitter,
    half: Half,
    /// In the order of their coming.
    later: Vec<Waiting>,
    /// A message that waits for the next one, and whether both go in one write.
    behind: Option<(Waiting, bool)>,
    /// What goes in the next write.
    bytes: Vec<u8>,
    pieces: Vec<(Piece, Name)>,
    is_dead: bool,
    /// Nobody knows any more where frames begin.
    is_raw: bool,
    is_over: bool,
}

impl Pump {
    pub(super) fn new(shared: Shared, pulse: Rc<Pulse>, way: Way, link: u32) -> Pump {
        Pump {
            splitter: Splitter::new(shared.dialect.framing),
            shared,
            pulse,
            way,
            link,
            half: Half::None,
            later: Vec::new(),
            behind: None,
            bytes: Vec::new(),
            pieces: Vec::new(),
            is_dead: false,
            is_raw: false,
            is_over: false,
        }
    }

    /// Carries bytes until the reader is at its end and everything is written, then says so to the
    /// writer.
    pub(super) async fn run<R, W>(&mut self, reader: &mut R, writer: &mut W) -> Result<(), Stop>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let mut buffer = vec![0; READ_MAX];
        let wake = Rc::clone(&self.shared.wake);
        loop {
            // Before looking, so that nothing that happens while looking is missed.
            let woken = wake.notified();
            self.send_due(writer).await?;
            if self.is_over && self.later.is_empty() {
                break;
            }
            let due = self.next_due();
            tokio::select! {
                biased;
                () = until(due) => {}
                () = woken, if !self.later.is_empty() => {}
                read = reader.read(&mut buffer), if !self.is_over => match read {
                    Ok(0) => self.end(writer).await?,
                    Ok(count) => self.take(&buffer[..count], writer).await?,
                    Err(error) => return Err(Stop::broke(self.way.0, &error)),
                },
            }
        }
        if !self.is_dead {
            // Who is gone needs not be told that nothing more comes.
            let _ = writer.shutdown().await;
        }
        Ok(())
    }

    fn desk<T>(&self, ask: impl FnOnce(&mut Desk) -> T) -> T {
        ask(&mut self.shared.desk.borrow_mut())
    }

    fn record<T>(&self, note: impl FnOnce(&mut Recorder) -> T) -> T {
        self.desk(|desk| note(&mut desk.recorder))
    }

    fn say(&self, sentence: &str) {
        let place = format!("connection {}: {sentence}", self.link);
        self.record(|recorder| recorder.say(self.way, &place));
    }

    /// When there is something to do though nothing is read.
    fn next_due(&self) -> Option<Instant> {
        let half = match self.half {
            Half::Since(since) => Some(since + HALF),
            _ => None,
        };
        let later = self.later.iter().map(|waiting| waiting.due);
        let behind = self.behind.iter().map(|(waiting, _)| waiting.due);
        later.chain(behind).chain(half).min()
    }

    /// Writes everything whose time has come.
    async fn send_due<W: AsyncWrite + Unpin>(&mut self, writer: &mut W) -> Result<(), Stop> {
        loop {
            let now = Instant::now();
            let is_due = |desk: &Desk, waiting: &Waiting| {
                waiting.due <= now || waiting.hold.is_some_and(|hold| desk.is_released(hold))
            };
            let next = self.desk(|desk| {
                let due = self.later.iter().enumerate().filter(|(_, w)| is_due(desk, w));
                due.min_by_key(|(place, w)| (w.due.min(now), *place)).map(|(place, _)| place)
            });
            if let Some(place) = next {
                let waiting = self.later.remove(place);
                self.pulse.waiting(-1);
                self.stall(writer).await?;
                self.put(waiting.piece, waiting.name);
                self.flush(writer).await?;
                continue;
            }
            if self.behind.as_ref().is_some_and(|(waiting, _)| waiting.due <= now) {
                self.stall(writer).await?;
                self.release();
                self.flush(writer).await?;
            }
            if let Half::Since(since) = self.half
                && since + HALF <= now
            {
                self.pass_half(writer).await?;
            }
            return Ok(());
        }
    }

    /// Takes bytes as they were read.
    async fn take<W>(&mut self, bytes: &[u8], writer: &mut W) -> Result<(), Stop>
    where
        W: AsyncWrite + Unpin,
    {
        self.pulse.heard(self.way);
        if self.is_raw {
            return self.pass_raw(bytes.to_vec(), writer).await;
        }
        self.splitter.push(bytes);
        loop {
            match self.splitter.next() {
                Front::Frame(frame) => match std::mem::replace(&mut self.half, Half::None) {
                    Half::Passed(count) => self.pass_tail(frame, count, writer).await?,
                    _ => self.handle(frame, writer).await?,
                },
                Front::Partial => break,
                Front::Lost(error) => {
                    self.flush(writer).await?;
                    self.say(&format!(
                        "{} sends what is no frame ({error}): passed on untouched, as is all that \
                         comes after; no fault can act on it",
                        self.record(|recorder| recorder.from(self.way))
                    ));
                    (self.is_raw, self.half) = (true, Half::None);
                    let rest = self.splitter.rest();
                    return self.pass_raw(rest, writer).await;
                }
            }
        }
        self.flush(writer).await?;
        match self.half {
            Half::Passed(_) => self.pass_half(writer).await,
            Half::None if !self.splitter.pending().is_empty() => {
                self.half = Half::Since(Instant::now());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Plays the script on a frame, and writes what is left of it or keeps it for later.
    async fn handle<W>(&mut self, frame: Vec<u8>, writer: &mut W) -> Result<(), Stop>
    where
        W: AsyncWrite + Unpin,
    {
        let (way, link) = (self.way, self.link);
        let frame = Frame::new(frame, self.shared.dialect);
        let (piece, name, mut fate) = self.desk(|desk| {
            let name = desk.count(way, &frame);
            let mut piece = desk.recorder.sent(way, link, frame);
            let is_sign_on = name.is_some_and(|(mti, _)| mti.class() == 8 && mti.is_response());
            if is_sign_on && desk.ring.follows_sign_ons() {
                desk.ring.learn(&piece.frame);
            }
            let fate = desk.decide(way, link, name, &mut piece);
            (piece, name, fate)
        });
        self.is_dead |= fate.dies;
        if fate.is_lost || self.is_dead {
            self.record(|recorder| recorder.lost(way, &piece));
            return Ok(());
        }
        self.stall(writer).await?;
        if let Some(at) = fate.breaks_at {
            return self.break_at(piece, name, at, writer).await;
        }
        self.keep_copies(&piece, &mut fate);
        let now = Instant::now();
        if let Some((hold, at_most)) = fate.hold {
            self.keep(Waiting { due: now + at_most, piece, name, hold: Some(hold) });
        } else if let Some(late) = fate.late {
            self.keep(Waiting { due: now + late, piece, name, hold: None });
        } else if let Some(joins) = fate.behind {
            self.release();
            let waiting = Waiting { due: now + WAIT, piece, name, hold: None };
            self.behind = Some((waiting, joins));
        } else if let Some((at, pause)) = fate.split {
            self.release();
            self.flush(writer).await?;
            let (head, tail) = piece.frame.bytes().split_at(at as usize);
            self.write(head, writer).await?;
            let end = piece.frame.bytes().len() as u32;
            self.record(|recorder| recorder.delivered(way, link, &piece, Some((0, at))));
            tokio::time::sleep(pause).await;
            self.write(tail, writer).await?;
            self.record(|recorder| recorder.delivered(way, link, &piece, Some((at, end))));
            self.has_passed(name);
        } else if self.behind.as_ref().is_some_and(|(_, joins)| *joins) {
            self.release();
            self.put(piece, name);
        } else {
            self.put(piece, name);
            self.release();
        }
        Ok(())
    }

    fn keep(&mut self, waiting: Waiting) {
        self.pulse.waiting(1);
        self.later.push(waiting);
    }

    fn keep_copies(&mut self, piece: &Piece, fate: &mut Fate) {
        let now = Instant::now();
        for (number, (extra, frame)) in fate.copies.drain(..).enumerate() {
            let mut copy = Piece { copy: number as u32 + 1, ..piece.clone() };
            if let Some(frame) = frame {
                (copy.frame, copy.is_other) = (frame, true);
            }
            self.keep(Waiting { due: now + extra, piece: copy, name: None, hold: None });
        }
    }

    /// The connection breaks while this frame is written.
    async fn break_at<W>(
        &mut self,
        piece: Piece,
        name: Name,
        at: u32,
        writer: &mut W,
    ) -> Result<(), Stop>
    where
        W: AsyncWrite + Unpin,
    {
        let (way, link) = (self.way, self.link);
        self.release();
        match piece.frame.bytes().get(..at as usize) {
            Some([]) => {
                self.flush(writer).await?;
                self.record(|recorder| recorder.lost(way, &piece));
            }
            Some(head) if head.len() < piece.frame.bytes().len() => {
                self.flush(writer).await?;
                self.write(head, writer).await?;
                self.record(|recorder| recorder.delivered(way, link, &piece, Some((0, at))));
            }
            _ => {
                self.put(piece, name);
                self.flush(writer).await?;
            }
        }
        Err(Stop::Script)
    }

    /// The reader is at its end.
    async fn end<W: AsyncWrite + Unpin>(&mut self, writer: &mut W) -> Result<(), Stop> {
        self.is_over = true;
        self.pulse.is_over(self.way);
        self.stall(writer).await?;
        self.release();
        let rest = self.splitter.rest();
        let passed = match std::mem::replace(&mut self.half, Half::None) {
            Half::Passed(count) => count,
            _ => 0,
        };
        if !rest.is_empty() {
            let from = self.record(|recorder| recorder.from(self.way));
            self.say(&format!(
                "{from} closed in the middle of a frame, after {} bytes",
                rest.len()
            ));
            return self.pass_tail(rest, passed, writer).await;
        }
        self.flush(writer).await
    }

    /// What is read now waits for the end of a stall.
    async fn stall<W: AsyncWrite + Unpin>(&mut self, writer: &mut W) -> Result<(), Stop> {
        let way = self.way;
        while let Some(until) = self.desk(|desk| desk.stalled_until(way, Instant::now())) {
            self.flush(writer).await?;
            sleep_until(until).await;
        }
        Ok(())
    }

    /// Bytes of which nobody knows what they are.
    async fn pass_raw<W>(&mut self, bytes: Vec<u8>, writer: &mut W) -> Result<(), Stop>
    where
        W: AsyncWrite + Unpin,
    {
        self.record(|recorder| recorder.counts.raw += 1);
        self.pass_tail(bytes, 0, writer).await
    }

    /// What is left of a frame of which `passed` bytes went on before. It is counted, and no fault
    /// acts on it.
    async fn pass_tail<W>(
        &mut self,
        frame: Vec<u8>,
        passed: usize,
        writer: &mut W,
    ) -> Result<(), Stop>
    where
        W: AsyncWrite + Unpin,
    {
        self.stall(writer).await?;
        let (way, link) = (self.way, self.link);
        let frame = Frame::new(frame, self.shared.dialect);
        let is_raw = self.is_raw;
        let (piece, name, is_cut) = self.desk(|desk| {
            let name = if is_raw { None } else { desk.count(way, &frame) };
            let piece = desk.recorder.sent(way, link, frame);
            (piece, name, desk.is_cut(way, Instant::now()))
        });
        if self.is_dead || (is_cut && passed == 0) {
            self.record(|recorder| recorder.lost(way, &piece));
            return Ok(());
        }
        self.bytes.extend_from_slice(piece.frame.bytes().get(passed..).unwrap_or_default());
        self.pieces.push((piece, name));
        self.flush(writer).await
    }

    /// Half a frame has waited long enough: the other end may have a timer for it.
    async fn pass_half<W: AsyncWrite + Unpin>(&mut self, writer: &mut W) -> Result<(), Stop> {
        self.stall(writer).await?;
        let passed = match self.half {
            Half::Passed(count) => count,
            _ => {
                let from = self.record(|recorder| recorder.from(self.way));
                self.say(&format!(
                    "half a frame from {from} waited {} ms for the rest: passed on as it comes; no \
                     fault can act on it",
                    HALF.as_millis()
                ));
                0
            }
        };
        let half = self.splitter.pending().get(passed..).unwrap_or_default().to_vec();
        self.half = Half::Passed(passed + half.len());
        if !self.is_dead {
            self.write(&half, writer).await?;
        }
        Ok(())
    }

    /// Lets the message go that waits for another one.
    fn release(&mut self) {
        if let Some((waiting, _)) = self.behind.take() {
            self.put(waiting.piece, waiting.name);
        }
    }

    /// Into the next write.
    fn put(&mut self, piece: Piece, name: Name) {
        self.bytes.extend_from_slice(piece.frame.bytes());
        self.pieces.push((piece, name));
    }

    async fn flush<W: AsyncWrite + Unpin>(&mut self, writer: &mut W) -> Result<(), Stop> {
        if self.pieces.is_empty() {
            return Ok(());
        }
        let mut bytes = std::mem::take(&mut self.bytes);
        let written = self.write(&bytes, writer).await;
        bytes.clear();
        self.bytes = bytes;
        written?;
        for (piece, name) in std::mem::take(&mut self.pieces) {
            self.record(|recorder| recorder.delivered(self.way, self.link, &piece, None));
            self.has_passed(name);
        }
        Ok(())
    }

    fn has_passed(&self, name: Name) {
        if self.desk(|desk| desk.passed(self.way, name)) {
            self.shared.wake.notify_waiters();
        }
    }

    async fn write<W: AsyncWrite + Unpin>(&self, bytes: &[u8], writer: &mut W) -> Result<(), Stop> {
        self.pulse.writes(self.way, true);
        let written = async {
            writer.write_all(bytes).await?;
            writer.flush().await
        };
        let written = written.await;
        self.pulse.writes(self.way, false);
        written.map_err(|error| Stop::broke(self.way.other().0, &error))
    }
}

impl Drop for Pump {
    /// What waits when the connection is gone, or the proxy ends, never arrives.
    fn drop(&mut self) {
        let later = self.later.drain(..).map(|waiting| waiting.piece);
        let behind = self.behind.take().map(|(waiting, _)| waiting.piece);
        let pieces = self.pieces.drain(..).map(|(piece, _)| piece);
        let left: Vec<Piece> = pieces.chain(behind).chain(later).collect();
        for piece in left {
            self.record(|recorder| recorder.lost(self.way, &piece));
        }
    }
}

/// Until then; without a time, for ever.
async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}
