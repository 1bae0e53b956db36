//! Notices when an end of a connection says nothing, reads nothing, or is gone by half, and says
//! so once. It ends a connection only where nobody is left to wait for.

use super::pump::Shared;
use super::recorder::Way;
use std::cell::Cell;
use std::io;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Why a connection ends at once, at both ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    /// The script says so.
    Script,
    /// This end broke it.
    Broke { end: usize, why: String },
    /// This end is gone, and the other says nothing.
    Alone { end: usize },
}

impl Stop {
    pub(super) fn broke(end: usize, error: &io::Error) -> Stop {
        Stop::Broke { end, why: reason(error) }
    }
}

/// The system's words without its numbers.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string().to_lowercase();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// What happens on a connection, as far as silence is concerned. Ways index all of it.
#[derive(Debug)]
pub(super) struct Pulse {
    is_over: [Cell<bool>; 2],
    /// A message went this way, and nothing came back since.
    unanswered: [Cell<Option<Instant>>; 2],
    /// A write this way is not done since then.
    writing: [Cell<Option<Instant>>; 2],
    last: Cell<Instant>,
    waiting: Cell<isize>,
}

impl Pulse {
    pub(super) fn new() -> Pulse {
        Pulse {
            is_over: Default::default(),
            unanswered: Default::default(),
            writing: Default::default(),
            last: Cell::new(Instant::now()),
            waiting: Cell::new(0),
        }
    }

    /// Something was read on this way.
    pub(super) fn heard(&self, way: Way) {
        self.unanswered[way.other().0].set(None);
        self.last.set(Instant::now());
    }

    /// A write on this way begins or is done.
    pub(super) fn writes(&self, way: Way, is_beginning: bool) {
        let now = Instant::now();
        self.writing[way.0].set(is_beginning.then_some(now));
        if !is_beginning {
            self.last.set(now);
            let unanswered = &self.unanswered[way.0];
            unanswered.set(unanswered.get().or(Some(now)));
        }
    }

    /// Nothing more will be read on this way.
    pub(super) fn is_over(&self, way: Way) {
        self.is_over[way.0].set(true);
        self.last.set(Instant::now());
    }

    /// So many messages more are held back by the script.
    pub(super) fn waiting(&self, more: isize) {
        self.waiting.set(self.waiting.get() + more);
    }

    /// The end that closed while the other says nothing, if it is so for this long.
    fn alone(&self, patience: Duration) -> Option<usize> {
        let is_quiet = self.waiting.get() == 0 && self.last.get().elapsed() >= patience;
        let end = self.is_over.iter().position(Cell::get)?;
        (is_quiet && !self.is_over[1 - end].get()).then_some(end)
    }
}

/// Looks now and then; ends when the connection is to end.
pub(super) async fn watch(shared: &Shared, pulse: &Pulse, link: u32) -> Stop {
    let patience = shared.patience;
    let pause = (patience / 8).clamp(Duration::from_millis(10), Duration::from_secs(1));
    let mut told = [None; 4];
    loop {
        sleep(pause).await;
        if let Some(end) = pulse.alone(patience) {
            return Stop::Alone { end };
        }
        for way in [Way::THERE, Way::BACK] {
            let is_stuck = pulse.writing[way.0].get();
            let is_silent = pulse.unanswered[way.0].get().filter(|_| is_stuck.is_none());
            let words = ["has read nothing", "has said nothing since a message went to it"];
            for (kind, since) in [is_stuck, is_silent].into_iter().enumerate() {
                let told = &mut told[2 * way.0 + kind];
                let is_long = since.is_some_and(|since| since.elapsed() >= patience);
                if is_long && *told != since {
                    *told = since;
                    let recorder = &mut shared.desk.borrow_mut().recorder;
                    let (to, secs) = (recorder.to(way), patience.as_millis());
                    let sentence =
                        format!("connection {link}: {to} {}, for {secs} ms", words[kind]);
                    recorder.say(way, &sentence);
                }
            }
        }
    }
}
