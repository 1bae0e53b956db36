//! How a search comes to see each mark, in words.

use reversim::mark::Mark;

/// What brings it about.
pub(super) fn example(mark: Mark) -> &'static str {
    EXAMPLES.iter().find(|(of, _)| *of == mark).map_or("", |(_, example)| example)
}

const EXAMPLES: &[(Mark, &str)] = &[
    (
        Mark::ReversalOvertookRequest,
        "The 0200 is delayed past the time-out; the 0400 comes first, and the 0200 must \
             then not debit.",
    ),
    (
        Mark::LateApprovalAbsorbed,
        "The 0210 is delayed past the switch's time-out; the switch has already queued \
             the 0420.",
    ),
    (
        Mark::AnswerTiedMessageFirst,
        "delay the 0210 to the very deadline of terminal-1, the message first.",
    ),
    (
        Mark::AnswerTiedDeadlineFirst,
        "delay the 0210 to the very deadline of terminal-1, the deadline first.",
    ),
    (Mark::DuplicateAnsweredFromStore, "duplicate the 0200 towards the issuer."),
    (
        Mark::PowerLostBetweenRecordAndSend,
        "cut the power of terminal-1 just after it records started.",
    ),
    (Mark::RecordTorn, "cut the power of terminal-1 just before it records started, tearing it."),
    (Mark::SafRepeatSent, "drop the first 0430."),
    (Mark::ExceptionItemOpened, "Lose every 0400 until the budget of tries is spent."),
    (Mark::ReversalBudgetExhausted, "Lose every 0410."),
    (Mark::CutoverInFlight, "cut-over when the 0200 is sent to the issuer."),
    (Mark::StanWrapped, "A policy with terminal-stan-max = 9, and ten sales."),
    (
        Mark::BatchUploadAfterImbalance,
        "Lose the 0210 of a sale so that the host counts what the terminal does not.",
    ),
    (Mark::KeyChangedInFlight, "key-change when the 0200 is sent."),
    (Mark::PrinterFailedAfterApproval, "printer-fault at the step."),
    (Mark::PinLocked, "wrong-pin three times."),
    (Mark::ReversalOfUnknownOriginal, "drop the 0200 towards the issuer; the 0420 follows."),
    (
        Mark::ReversalAfterSettlement,
        "drop the 0210; delay the 0400 until the terminal has settled, and replay it then.",
    ),
    (Mark::UnsignedDeclineSeen, "Withdraw the keys, then sell: 97 or A0 comes back unsigned."),
    (Mark::HalfFrameTimedOut, "split a message with a pause longer than the frame deadline."),
    (Mark::SameStanOnTwoTerminals, "Two terminals that both begin at 1."),
    (Mark::SlowCommitOvertaken, "slow-commit at an issuer with two workers."),
    (Mark::ClearingFileResent, "drop the first 0330 from clearing-1 to switch-1."),
    (
        Mark::AdjustmentPresented,
        "drop the 0210 of a sale; the business date ends before the terminal reverses it.",
    ),
    (Mark::SuspenseOpened, "Lose every 0420: the debit is never presented."),
    (Mark::SuspenseReturned, "Lose every 0420, and wait for T+n."),
    (Mark::RefundPresented, "A sale and a refund, and a cut-over."),
    (
        Mark::RefundCreditedByFile,
        "saf-attempts = 1; drop the 0220 of a refund towards the issuer, and end the date.",
    ),
    (
        Mark::DebitedByFile,
        "stand-in-max = 10000, pin = false, saf-attempts = 1; drop the 0200 of a sale \
         towards its issuer and the 0220 after it, and end the date.",
    ),
    (
        Mark::TakenAgain,
        "reversal-attempts = 1; drop the 0210 of a void and its 0400, settle, and wait for T+n.",
    ),
    (
        Mark::TookTwoRoutes,
        "switches = 2, direct = true; a sale, a step of switch-1 that closes the route to \
         issuer-1, and another sale.",
    ),
    (Mark::CardPulledAfterApproval, "card-pulled at a step whose card has a chip."),
    (Mark::CryptogramSentAgain, "resubmit the 0200 of a sale by chip on its way to the issuer."),
    (Mark::OrderPaidOnQuery, "A QR sale; drop its 0210."),
    (Mark::OrderClosed, "A QR sale; drop its 0200 on the way to the issuer."),
    (
        Mark::ReversedBeforeExtract,
        "drop the 0210; the terminal reverses in the window of the cut-over.",
    ),
    (Mark::StoodIn, "stand-in-max = 10000 and pin = false; drop the 0210 from the issuer."),
    (
        Mark::HoldExpired,
        "hold-days = 1; a pre-authorisation, and a cut-over with nothing in between.",
    ),
    (Mark::CompletedTooLate, "hold-days = 1; cut-over when the completion's 0200 is sent."),
    (Mark::AdviceToldAgain, "A refund; drop its 0230, then an inquiry."),
    (Mark::ClaimPaid, "drop the 0210 of a sale; the terminal reverses it, then claim it."),
    (
        Mark::ClaimChargedBack,
        "drop the 0200 towards the issuer, and claim the sale that it never saw.",
    ),
    (
        Mark::SlipMissing,
        "printer-fault at a sale; when its date is closed, retrieve at the issuer.",
    ),
    (
        Mark::LeaseTakenOver,
        "clearing = 2; pause clearing-1 when it has sent the first 0330, for 60 s.",
    ),
    (
        Mark::FenceRefusedAWrite,
        "clearing = 2; pause clearing-1 for 60 s just after it records extract-taken.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_has_one_example() {
        for mark in Mark::ALL {
            assert_eq!(EXAMPLES.iter().filter(|(of, _)| *of == mark).count(), 1, "{mark}");
        }
    }
}
