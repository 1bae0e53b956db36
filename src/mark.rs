//! Marks: the rare things a search must have seen to have tested anything ("sometimes").
//!
//! Each is found in the history alone, as the entries come. A mark is no verdict: healthy parties
//! set them all.

#[cfg(test)]
mod tests;
mod watch;

pub use watch::MarkWatch;

use std::fmt;

/// A rare thing that a standard campaign must have seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mark {
    /// See [`Mark::meaning`]; so for all of them.
    ReversalOvertookRequest,
    /// An approval that came after the switch had given up.
    LateApprovalAbsorbed,
    /// An answer at the very instant of the deadline, noticed first.
    AnswerTiedMessageFirst,
    /// An answer at the very instant of the deadline, noticed second.
    AnswerTiedDeadlineFirst,
    /// The same answer, sent again.
    DuplicateAnsweredFromStore,
    /// Power failed after a record and before what it protects was sent.
    PowerLostBetweenRecordAndSend,
    /// A half written record.
    RecordTorn,
    /// An 0421.
    SafRepeatSent,
    /// A terminal or switch gave up.
    ExceptionItemOpened,
    /// A terminal gave up.
    ReversalBudgetExhausted,
    /// The business date changed under a request.
    CutoverInFlight,
    /// A STAN counter began again.
    StanWrapped,
    /// Details were uploaded.
    BatchUploadAfterImbalance,
    /// Work keys changed under a request.
    KeyChangedInFlight,
    /// Approved, and no slip.
    PrinterFailedAfterApproval,
    /// Too many wrong PINs.
    PinLocked,
    /// A reversal of what is not known.
    ReversalOfUnknownOriginal,
    /// A reversal of what is settled.
    ReversalAfterSettlement,
    /// A refusal without a MAC.
    UnsignedDeclineSeen,
    /// Half a frame, and a line closed for it.
    HalfFrameTimedOut,
    /// One STAN, two terminals, one switch.
    SameStanOnTwoTerminals,
    /// Something else was taken up while a commit was slow.
    SlowCommitOvertaken,
    /// A part of a clearing file, again.
    ClearingFileResent,
    /// What was presented was taken back.
    AdjustmentPresented,
    /// A difference was parked.
    SuspenseOpened,
    /// Parked money went back.
    SuspenseReturned,
    /// A refund was in a clearing file.
    RefundPresented,
    /// A refund came to its issuer by file alone.
    RefundCreditedByFile,
    /// What was approved in an issuer's stead came to it by file alone.
    DebitedByFile,
    /// What a void or refund gave back was taken again.
    TakenAgain,
    /// Requests with one card went upstream by two routes.
    TookTwoRoutes,
    /// A reversal kept a sale out of its extract.
    ReversedBeforeExtract,
    /// A terminal's 0221.
    AdviceToldAgain,
    /// Approved, and the card was gone or unwilling.
    CardPulledAfterApproval,
    /// A cryptogram, again and under another name.
    CryptogramSentAgain,
    /// A switch approved in the issuer's stead.
    StoodIn,
    /// An answer to a question about an order, and it was paid.
    OrderPaidOnQuery,
    /// Nobody could tell, and the order was closed.
    OrderClosed,
    /// A hold ended by itself.
    HoldExpired,
    /// A completion of a hold that had ended.
    CompletedTooLate,
    /// A merchant's claim, paid.
    ClaimPaid,
    /// A merchant's claim, not paid.
    ClaimChargedBack,
    /// No slip, and the money goes back.
    SlipMissing,
    /// Another node had the lease before.
    LeaseTakenOver,
    /// A write under a lease that was not the last.
    FenceRefusedAWrite,
}

impl Mark {
    /// Every mark.
    pub const ALL: [Mark; 45] = [
        Mark::ReversalOvertookRequest,
        Mark::LateApprovalAbsorbed,
        Mark::AnswerTiedMessageFirst,
        Mark::AnswerTiedDeadlineFirst,
        Mark::DuplicateAnsweredFromStore,
        Mark::PowerLostBetweenRecordAndSend,
        Mark::RecordTorn,
        Mark::SafRepeatSent,
        Mark::ExceptionItemOpened,
        Mark::ReversalBudgetExhausted,
        Mark::CutoverInFlight,
        Mark::StanWrapped,
        Mark::BatchUploadAfterImbalance,
        Mark::KeyChangedInFlight,
        Mark::PrinterFailedAfterApproval,
        Mark::PinLocked,
        Mark::ReversalOfUnknownOriginal,
        Mark::ReversalAfterSettlement,
        Mark::UnsignedDeclineSeen,
        Mark::HalfFrameTimedOut,
        Mark::SameStanOnTwoTerminals,
        Mark::SlowCommitOvertaken,
        Mark::ClearingFileResent,
        Mark::AdjustmentPresented,
        Mark::SuspenseOpened,
        Mark::SuspenseReturned,
        Mark::RefundPresented,
        Mark::RefundCreditedByFile,
        Mark::DebitedByFile,
        Mark::TakenAgain,
        Mark::TookTwoRoutes,
        Mark::ReversedBeforeExtract,
        Mark::AdviceToldAgain,
        Mark::CardPulledAfterApproval,
        Mark::CryptogramSentAgain,
        Mark::StoodIn,
        Mark::OrderPaidOnQuery,
        Mark::OrderClosed,
        Mark::HoldExpired,
        Mark::CompletedTooLate,
        Mark::ClaimPaid,
        Mark::ClaimChargedBack,
        Mark::SlipMissing,
        Mark::LeaseTakenOver,
        Mark::FenceRefusedAWrite,
    ];

    /// Its name, as `reversal-overtook-request`.
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// What it means, in one line.
    pub const fn meaning(self) -> &'static str {
        self.row().1
    }

    /// By name.
    pub fn parse(name: &str) -> Option<Mark> {
        Mark::ALL.into_iter().find(|mark| mark.name().eq_ignore_ascii_case(name))
    }

    const fn row(self) -> (&'static str, &'static str) {
        ROWS[self as usize]
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[rustfmt::skip]
const ROWS: [(&str, &str); 45] = [
    ("reversal-overtook-request",
     "a reversal reached switch or issuer before the request that it reverses"),
    ("late-approval-absorbed",
     "an approval came after the switch had given up, was not passed on, and was reversed"),
    ("answer-tied-message-first",
     "an answer came at the very instant of the terminal's time-out and was taken up first"),
    ("answer-tied-deadline-first",
     "an answer came at the very instant of the time-out, which was noticed first"),
    ("duplicate-answered-from-store",
     "a request came twice and was answered twice with the same answer"),
    ("power-lost-between-record-and-send",
     "power failed after a record was durable and before the message that it protects was sent"),
    ("record-torn",
     "power failed in the middle of a write and left half a record"),
    ("saf-repeat-sent",
     "a reversal advice was repeated (0421)"),
    ("exception-item-opened",
     "a terminal or switch gave a reversal or advice up as an exception item"),
    ("reversal-budget-exhausted",
     "a terminal sent a reversal as often as it may and gave up"),
    ("cutover-in-flight",
     "the business date changed while a request was between switch and issuer"),
    ("stan-wrapped",
     "a STAN counter reached its end and began again"),
    ("batch-upload-after-imbalance",
     "totals differed and the terminal uploaded its batch"),
    ("key-changed-in-flight",
     "work keys were issued or withdrawn while a terminal waited for an answer"),
    ("printer-failed-after-approval",
     "a sale was approved and no slip came out"),
    ("pin-locked",
     "an issuer refused a card for too many wrong PINs"),
    ("reversal-of-unknown-original",
     "a reversal came for an original that switch or issuer did not know"),
    ("reversal-after-settlement",
     "a reversal came for a sale in a closed batch"),
    ("unsigned-decline-seen",
     "a terminal got a refusal without a MAC"),
    ("half-frame-timed-out",
     "half a frame came, the rest did not, and the receiver closed the line"),
    ("same-stan-on-two-terminals",
     "two terminals used one STAN at the same time at one switch"),
    ("slow-commit-overtaken",
     "a party took up other events while a commit was under way"),
    ("clearing-file-resent",
     "a part of a clearing file was sent again"),
    ("adjustment-presented",
     "what a clearing file had presented was taken back by a later one"),
    ("suspense-opened",
     "an issuer parked what was debited or presented on one side only"),
    ("suspense-returned",
     "a cardholder got money back out of suspense"),
    ("refund-presented",
     "a clearing file told of a refund"),
    ("refund-credited-by-file",
     "no advice of a refund came to its issuer, which learnt of it from a clearing file"),
    ("debited-by-file",
     "no advice of what was approved in its stead came to an issuer, which owed it all the same"),
    ("taken-again",
     "a void or refund was one-sided, and the cardholder paid again what it had given back"),
    ("took-two-routes",
     "a switch sent requests with one card upstream by one route and by another"),
    ("reversed-before-extract",
     "a sale was reversed after its business date ended and before the extract closed"),
    ("advice-told-again",
     "a terminal got no answer to an advice (0220) and told it again (0221)"),
    ("card-pulled-after-approval",
     "a host approved what a chip had signed, and the card was pulled or declined in the end"),
    ("cryptogram-sent-again",
     "an issuer refused a genuine cryptogram because it had seen its counter or a higher one"),
    ("stood-in",
     "a switch approved a sale in the stead of an issuer that did not answer"),
    ("order-paid-on-query",
     "a terminal got no answer to a payment by code, asked, and learnt that it was paid"),
    ("order-closed",
     "a terminal closed an order of which nobody had told it whether it was paid"),
    ("hold-expired",
     "an issuer let a hold go that nobody had completed or voided in time"),
    ("completed-too-late",
     "a completion came for a hold that had expired, and was refused"),
    ("claim-paid",
     "a merchant claimed a sale without an approval at the terminal, and the issuer paid"),
    ("claim-charged-back",
     "a merchant's claim was taken, and the issuer charged it back"),
    ("slip-missing",
     "a cardholder asked for a slip that the merchant did not have, and the money went back"),
    ("lease-taken-over",
     "of two nodes over one store, one took the lease that the other had had"),
    ("fence-refused-a-write",
     "a store refused what a node wrote under a lease after which another was taken"),
];

/// A set of marks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Marks(u64);

impl Marks {
    /// Nothing seen.
    pub const NONE: Marks = Marks(0);

    /// Adds a mark.
    pub const fn set(&mut self, mark: Mark) {
        self.0 |= 1 << mark as u64;
    }

    /// Whether the mark was seen.
    pub const fn has(self, mark: Mark) -> bool {
        self.0 >> mark as u64 & 1 == 1
    }

    /// Whether the mark with this name was seen.
    pub fn has_name(self, name: &str) -> bool {
        Mark::parse(name).is_some_and(|mark| self.has(mark))
    }

    /// What either has.
    #[must_use]
    pub const fn union(self, other: Marks) -> Marks {
        Marks(self.0 | other.0)
    }

    /// Whether nothing was seen.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The marks seen.
    pub fn iter(self) -> impl Iterator<Item = Mark> {
        Mark::ALL.into_iter().filter(move |mark| self.has(*mark))
    }
}

impl fmt::Debug for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Mark::name)).finish()
    }
}
