//! What was asked and answered in one run, and where two runs of one scenario part. Judges nothing.

use super::wire::cut;
use serde_json::Value;
use std::sync::{Mutex, PoisonError};

/// A line and its answer.
struct Exchange {
    /// Which of the players answered.
    player: usize,
    question: Vec<u8>,
    answer: Vec<u8>,
}

/// All lines of all children of a run, in order.
#[derive(Default)]
pub(super) struct Transcript(Mutex<Vec<Exchange>>);

/// Where two runs part: the same question, and another answer.
pub(super) struct Parting {
    pub(super) player: usize,
    /// The line of the run, from 1.
    pub(super) line: usize,
    pub(super) question: String,
    pub(super) answers: [String; 2],
}

impl Transcript {
    pub(super) fn write(&self, player: usize, question: &[u8], answer: &[u8]) {
        let exchange = Exchange { player, question: question.into(), answer: answer.into() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
    }

    /// The first line that was answered in two ways.
    pub(super) fn parts_from(&self, other: &Transcript) -> Option<Parting> {
        let ours = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let theirs = other.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut pairs = ours.iter().zip(theirs.iter());
        // What is asked is the same until something was answered differently.
        let (one, two) = pairs.find(|(one, two)| !says_the_same(&one.answer, &two.answer))?;
        let before = ours.iter().take_while(|exchange| !std::ptr::eq(*exchange, one));
        Some(Parting {
            player: one.player,
            line: before.filter(|exchange| exchange.player == one.player).count() + 1,
            question: cut(&one.question),
            answers: difference(&one.answer, &two.answer),
        })
    }
}

/// Whether two answers are one document, however it is written.
fn says_the_same(one: &[u8], two: &[u8]) -> bool {
    let read = |text: &[u8]| serde_json::from_slice::<Value>(text).ok();
    one == two || read(one) == read(two)
}

/// Two answers where they part: whole, if they are short enough to differ there.
fn difference(one: &[u8], two: &[u8]) -> [String; 2] {
    let whole = [cut(one), cut(two)];
    if whole[0] != whole[1] {
        return whole;
    }
    const BEFORE: usize = 40;
    const AFTER: usize = 6;
    let same = one.iter().zip(two).take_while(|(one, two)| one == two).count();
    [one, two].map(|line| {
        let from = same.saturating_sub(BEFORE);
        let to = (same + AFTER).min(line.len());
        // Digits before the parting are left out; they may be a card's.
        let before = cut(&line[from..same]);
        format!("...{before}, from byte {same} on {}", String::from_utf8_lossy(&line[same..to]))
    })
}
