//! What a party asked of its policy, and about what: notes for whoever compares two policies.
//!
//! Until somebody asks a question that two policies answer differently, the worlds of both are one.
//! It decides nothing, and no party reads it.

use core::cell::Cell;

/// A question that the policy of a party answers. Each is asked about a number: a count that is
/// held against a limit, an amount, or 0 where the answer depends on nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Question {
    /// The terminal: are so many sendings of a reversal enough?
    ReversalBudget,
    /// The terminal: are so many questions about an order enough?
    OrderQueries,
    /// The terminal: do 12 and 25 end a reversal?
    NotFoundClears,
    /// The terminal: is a batch of so many sales full?
    BatchRoom,
    /// The switch: which number follows this one on a network line?
    NetworkStan,
    /// The switch: is a queue of so many advices full?
    AdviceRoom,
    /// The switch: are so many sendings of an advice enough?
    AdviceBudget,
    /// The switch: how long does it wait before it sends an advice again?
    AdviceInterval,
    /// The switch: what is a terminal told whose request was not answered?
    TimeoutCode,
    /// The switch: does it answer an advice itself?
    AnswersAdvices,
    /// The switch: is a refund too late so many business dates after its sale?
    RefundDays,
    /// The switch: are tips of so many hundredths of their sale too much?
    TipPercent,
    /// The switch: is this amount too small?
    SmallestSale,
    /// The switch: were there too many sales of a card, of so many in all?
    SalesOfCard,
    /// The issuer: is a card locked after so many wrong PINs?
    PinTries,
    /// The issuer: is a hold over so many business dates after it was placed?
    HoldDays,
    /// The issuer: is a part approved where funds are short?
    PartialApproval,
    /// The issuer: which original does a reversal mean?
    OriginalOfReversal,
    /// The issuer: what is a reversal answered whose original it does not know?
    UnknownOriginal,
}

impl Question {
    /// Every question.
    pub const ALL: [Question; 19] = [
        Question::ReversalBudget,
        Question::OrderQueries,
        Question::NotFoundClears,
        Question::BatchRoom,
        Question::NetworkStan,
        Question::AdviceRoom,
        Question::AdviceBudget,
        Question::AdviceInterval,
        Question::TimeoutCode,
        Question::AnswersAdvices,
        Question::RefundDays,
        Question::TipPercent,
        Question::SmallestSale,
        Question::SalesOfCard,
        Question::PinTries,
        Question::HoldDays,
        Question::PartialApproval,
        Question::OriginalOfReversal,
        Question::UnknownOriginal,
    ];
}

/// The least and the greatest number a question was asked about; in the wrong order if none.
type Range = (u64, u64);

const NEVER: Range = (u64::MAX, 0);

/// Which questions were asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Asked([Range; Question::ALL.len()]);

impl Asked {
    /// Nothing was asked.
    pub const NOTHING: Asked = Asked([NEVER; Question::ALL.len()]);

    /// Anything may have been asked: what is known of somebody else's party.
    pub const ANYTHING: Asked = Asked([(0, u64::MAX); Question::ALL.len()]);

    /// Whether the question may have been asked about a number from `from` to just below `to`.
    pub const fn within(&self, question: Question, from: u64, to: u64) -> bool {
        let (least, most) = self.0[question as usize];
        from < to && least < to && from <= most && least <= most
    }

    /// Whether the question was asked at all.
    pub const fn has(&self, question: Question) -> bool {
        let (least, most) = self.0[question as usize];
        least <= most
    }

    /// With everything that was asked there.
    pub fn absorb(&mut self, other: &Asked) {
        for (ours, theirs) in self.0.iter_mut().zip(other.0) {
            *ours = (ours.0.min(theirs.0), ours.1.max(theirs.1));
        }
    }
}

/// A party's notes of what it asked, taken where the answer is used.
#[derive(Clone, Debug)]
pub(crate) struct Asking([Cell<Range>; Question::ALL.len()]);

impl Asking {
    pub(crate) const fn new() -> Asking {
        Asking([const { Cell::new(NEVER) }; Question::ALL.len()])
    }

    /// Notes that `question` was asked about `number`.
    #[inline]
    pub(crate) fn note(&self, question: Question, number: u64) {
        let cell = &self.0[question as usize];
        let (least, most) = cell.get();
        cell.set((least.min(number), most.max(number)));
    }

    pub(crate) fn so_far(&self) -> Asked {
        Asked(core::array::from_fn(|question| self.0[question].get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_known_by_the_numbers_it_was_asked_about() {
        let asking = Asking::new();
        assert_eq!(asking.so_far(), Asked::NOTHING);
        asking.note(Question::PinTries, 2);
        asking.note(Question::PinTries, 1);
        let asked = asking.so_far();
        assert!(asked.has(Question::PinTries) && !asked.has(Question::BatchRoom));
        let within = |from, to| asked.within(Question::PinTries, from, to);
        assert!(within(1, 3) && within(2, 3) && within(0, 2));
        assert!(!within(0, 1) && !within(3, 9) && !within(2, 2));
        let mut all = Asked::NOTHING;
        all.absorb(&asked);
        assert_eq!(all, asked);
        all.absorb(&Asked::ANYTHING);
        assert_eq!(all, Asked::ANYTHING);
    }

    #[test]
    fn every_question_has_its_own_place() {
        assert!(Question::ALL.iter().enumerate().all(|(place, of)| *of as usize == place));
        assert!(!Asked::NOTHING.within(Question::BatchRoom, 0, u64::MAX));
    }
}
