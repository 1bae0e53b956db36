//! What becomes of each message: counts them, and plays the script on those it names. Moves no
//! bytes and waits for nothing.

use super::keys::Ring;
use super::recorder::{Piece, Recorder, Way};
use super::script::Script;
use crate::fault::{Direction, Fault, OnMessage, Until, When};
use crate::history::Frame;
use crate::party::Party;
use crate::stage::damaged;
use reversim_models::iso8583::Mti;
use std::time::Duration;
use tokio::time::Instant;

/// How long a message waits for another one to come behind it, as in the simulator.
pub(super) const WAIT: Duration = Duration::from_millis(50);

/// The script while it is played.
pub(super) struct Desk {
    pub(super) recorder: Recorder,
    pub(super) ring: Ring,
    script: Script,
    words: Vec<String>,
    has_fired: Vec<bool>,
    /// An entry is tried on its message once, whether it could do anything or not.
    is_tried: Vec<bool>,
    /// Messages of each type and way so far.
    counts: Vec<(Way, Mti, u32)>,
    /// Way, and when what is lost now passes again.
    cuts: Vec<(Way, Instant)>,
    stalls: Vec<(Way, Instant)>,
    /// For each hold, whether what it waits for has passed.
    has_passed: Vec<bool>,
}

/// What is to be done with one message.
#[derive(Debug, Default)]
pub(super) struct Fate {
    pub(super) is_lost: bool,
    /// From here on nothing passes on this connection, this way.
    pub(super) dies: bool,
    /// The connection breaks after so many bytes of it.
    pub(super) breaks_at: Option<u32>,
    /// It goes later, and nothing waits for it.
    pub(super) late: Option<Duration>,
    /// It waits for another message: number of the hold, and for how long at most.
    pub(super) hold: Option<(usize, Duration)>,
    /// It waits for the next message on this way: to go with it in one write, or after it.
    pub(super) behind: Option<bool>,
    /// Bytes of the first write, and the pause before the rest.
    pub(super) split: Option<(u32, Duration)>,
    /// How much later each copy goes, and what it is if it is no copy to the byte.
    pub(super) copies: Vec<(Duration, Option<Frame>)>,
}

/// A message as scripts name it.
pub(super) type Name = Option<(Mti, u32)>;

impl Desk {
    pub(super) fn new(recorder: Recorder, ring: Ring, script: Script) -> Desk {
        let (count, holds) = (script.len(), script.holds.len());
        Desk {
            recorder,
            ring,
            words: script.words(),
            has_fired: vec![false; count],
            is_tried: vec![false; count],
            counts: Vec::new(),
            cuts: Vec::new(),
            stalls: Vec::new(),
            has_passed: vec![false; holds],
            script,
        }
    }

    /// The entries that did not fire, by number.
    pub(super) fn idle(&self) -> Vec<usize> {
        (0..self.has_fired.len()).filter(|entry| !self.has_fired[*entry]).collect()
    }

    /// The faults that the clock begins: entry, and milliseconds after the beginning.
    pub(super) fn timed(&self) -> Vec<(usize, u64)> {
        let timed = self.script.faults.iter().enumerate().filter_map(|(entry, fault)| match fault
            .when()?
        {
            When::AtMs(ms) => Some((entry, ms)),
            _ => None,
        });
        let mut timed: Vec<_> = timed.collect();
        timed.sort_by_key(|(_, ms)| *ms);
        timed
    }

    /// When what goes this way now begins to move.
    pub(super) fn stalled_until(&self, way: Way, now: Instant) -> Option<Instant> {
        let until = self.stalls.iter().filter(|(w, until)| *w == way && *until > now);
        until.map(|(_, until)| *until).max()
    }

    /// Whether what goes this way now is lost.
    pub(super) fn is_cut(&self, way: Way, now: Instant) -> bool {
        self.cuts.iter().any(|(w, until)| *w == way && now < *until)
    }

    /// Whether the message that this hold waits for has passed.
    pub(super) fn is_released(&self, hold: usize) -> bool {
        self.has_passed.get(hold).copied().unwrap_or(true)
    }

    /// A message of this name reached the other end. True if a hold waited for it.
    pub(super) fn passed(&mut self, way: Way, name: Name) -> bool {
        let Some(on) = self.on(way, name).filter(|_| !self.has_passed.is_empty()) else {
            return false;
        };
        let mut is_awaited = false;
        for (hold, passed) in self.script.holds.iter().zip(&mut self.has_passed) {
            if hold.until == on && !*passed {
                (*passed, is_awaited) = (true, true);
            }
        }
        is_awaited
    }

    fn on(&self, way: Way, name: Name) -> Option<OnMessage> {
        let (from, to) = (self.recorder.from(way), self.recorder.to(way));
        name.map(|(mti, nth)| OnMessage { from, to, mti, step: 0, nth })
    }

    /// The type of a message, and which one of its type it is on this way.
    pub(super) fn count(&mut self, way: Way, frame: &Frame) -> Name {
        let mti = frame.peek_mti()?;
        match self.counts.iter_mut().find(|(w, other, _)| (*w, *other) == (way, mti)) {
            Some((_, _, count)) => {
                *count += 1;
                Some((mti, *count))
            }
            None => {
                self.counts.push((way, mti, 1));
                Some((mti, 1))
            }
        }
    }

    /// Takes note of an entry that happens now.
    fn fire(&mut self, entry: usize, party: Party, link: Option<u32>) {
        self.has_fired[entry] = true;
        self.recorder.fired(party, entry);
        let place = link.map_or(String::new(), |link| format!(" (connection {link})"));
        let sentence = format!("{}{place}", self.words[entry]);
        let way = if party == self.recorder.ends[0] { Way::THERE } else { Way::BACK };
        self.recorder.say(way, &sentence);
    }

    /// Begins a fault that is not about one message.
    pub(super) fn begin(&mut self, entry: usize, now: Instant) {
        let Some(fault) = self.script.faults.get(entry).copied() else { return };
        if self.has_fired[entry] {
            return;
        }
        let (a, for_ms, direction, is_cut) = match fault {
            Fault::Stall { a, for_ms, .. } => (a, for_ms, Direction::Both, false),
            Fault::Partition { a, for_ms, direction, .. } => (a, for_ms, direction, true),
            _ => return,
        };
        let there = if a == self.recorder.ends[0] { Way::THERE } else { Way::BACK };
        let ways: &[Way] = match direction {
            Direction::Both => &[there, there.other()],
            Direction::AToB => &[there],
            Direction::BToA => &[there.other()],
        };
        let until = now + Duration::from_millis(for_ms);
        let list = if is_cut { &mut self.cuts } else { &mut self.stalls };
        list.extend(ways.iter().map(|way| (*way, until)));
        self.fire(entry, a, None);
    }

    /// Plays the script on a message.
    pub(super) fn decide(&mut self, way: Way, link: u32, name: Name, piece: &mut Piece) -> Fate {
        let mut fate = Fate::default();
        let now = Instant::now();
        if let Some(on) = self.on(way, name).filter(|_| !self.script.is_empty()) {
            for entry in 0..self.script.faults.len() {
                if self.script.faults[entry].when() == Some(When::Message(on)) {
                    self.begin(entry, now);
                }
            }
            for entry in 0..self.has_fired.len() {
                if self.is_tried[entry] || self.message(entry) != Some(&on) {
                    continue;
                }
                self.is_tried[entry] = true;
                match self.apply(entry, piece, &mut fate) {
                    Ok(()) => self.fire(entry, on.to, Some(link)),
                    Err(why) => {
                        let words = &self.words[entry];
                        let sentence = format!("not done, {why}: {words} (connection {link})");
                        self.recorder.say(way, &sentence);
                    }
                }
            }
        }
        fate.is_lost |= self.is_cut(way, now);
        fate
    }

    fn message(&self, entry: usize) -> Option<&OnMessage> {
        let (edits, holds) = self.script.starts();
        match entry {
            entry if entry < edits => self.script.faults[entry].message(),
            entry if entry < holds => Some(&self.script.edits[entry - edits].on),
            entry => Some(&self.script.holds[entry - holds].on),
        }
    }

    /// What one entry does to its message, or why it cannot.
    fn apply(&mut self, entry: usize, piece: &mut Piece, fate: &mut Fate) -> Result<(), String> {
        let (edits, holds) = self.script.starts();
        if entry < edits {
            return self.apply_fault(self.script.faults[entry], piece, fate);
        }
        if entry < holds {
            let edited = self.ring.edited(&piece.frame, &self.script.edits[entry - edits])?;
            if edited.was_right == Some(false) {
                let sentence = "the MAC that was there is not right under the key in hand: the new \
                                one will not be either, for whoever holds the right key";
                self.recorder.say(Way::THERE, sentence);
            }
            (piece.frame, piece.is_other) = (edited.frame, true);
            return Ok(());
        }
        let hold = entry - holds;
        let at_most = Duration::from_millis(self.script.holds[hold].at_most_ms);
        fate.hold = Some((hold, at_most));
        Ok(())
    }

    /// As in the simulator, but for what only it knows (see [`Script::check`]).
    fn apply_fault(
        &mut self,
        fault: Fault,
        piece: &mut Piece,
        fate: &mut Fate,
    ) -> Result<(), String> {
        let length = piece.frame.bytes().len() as u32;
        let millis = Duration::from_millis;
        match fault {
            Fault::Drop(_) => fate.is_lost = true,
            Fault::Delay { until: Until::ByMs(ms), .. } => fate.late = Some(millis(ms)),
            Fault::Duplicate { after_ms, .. } | Fault::Replay { after_ms, .. } => {
                fate.copies.push((millis(after_ms), None));
            }
            Fault::Resubmit { .. } if piece.is_other => {
                return Err("the message was changed before".to_owned());
            }
            Fault::Resubmit { after_ms, .. } => {
                let frame = self.ring.resubmitted(&piece.frame);
                let frame = frame.ok_or("it is no request that a chip signed and a MAC seals")?;
                fate.copies.push((WAIT + millis(after_ms), Some(frame)));
            }
            Fault::Reorder(_) => fate.behind = Some(false),
            Fault::Coalesce(_) => fate.behind = Some(true),
            Fault::Corrupt { .. } if piece.is_other => {
                return Err("the message was changed before".to_owned());
            }
            Fault::Corrupt { damage, .. } => {
                let frame = damaged(&piece.frame, damage);
                piece.frame = frame.ok_or("that is not there to be changed")?;
                piece.is_other = true;
            }
            Fault::Split { at_byte, pause_ms, .. } if at_byte > 0 && at_byte < length => {
                fate.split = Some((at_byte, millis(pause_ms)));
            }
            Fault::Split { .. } => return Err(format!("it has {length} bytes")),
            Fault::Reset { at_byte, .. } => fate.breaks_at = Some(at_byte),
            Fault::HalfOpen(_) => (fate.dies, fate.is_lost) = (true, true),
            _ => return Err("only the simulator can do this".to_owned()),
        }
        Ok(())
    }
}
