//! Claims (请款) as people write them and as the acquirer's claims desk answers them: what stands on
//! a slip of paper, why a claim is refused, what is known of a voucher. Nothing durable.

use crate::card::{Amount, Pan};
use crate::time::LocalTime;

/// What a merchant can write down about a sale without a receipt.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ClaimSlip {
    /// The card.
    pub pan: Pan,
    /// The price.
    pub amount: Amount,
    /// Whose terminal it was (element 42).
    pub merchant: [u8; 15],
    /// When the card was taken, by somebody's watch.
    pub at: LocalTime,
    /// The voucher number (STAN), if the terminal still says it; a slip written by hand has none.
    pub voucher: Option<u32>,
}

/// Why a claim is not taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ClaimRefusal {
    /// No transaction is like that.
    Unknown,
    /// Several are: nobody knows which one is meant.
    Several,
    /// It was declined.
    Declined,
    /// It is still on its way, or on its way back: file again later.
    Undecided,
    /// It was voided or refunded by the merchant.
    Undone,
    /// It stands: it is presented, or will be.
    Stands,
    /// It was claimed before.
    Claimed,
    /// Too many business dates have passed.
    TooLate,
    /// It stood, and no slip was found when the issuer asked for one.
    NoSlip,
}

/// What the acquirer knows of a voucher.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum VoucherState {
    /// No transaction is like that.
    Unknown,
    /// Several are.
    Several,
    /// Not answered yet.
    Undecided,
    /// Declined.
    Declined,
    /// Approved, in a batch that is open.
    Approved,
    /// Approved, in a batch that is closed.
    Settled,
    /// The issuer has been asked to pay.
    Presented,
    /// Taken back.
    Reversed,
    /// On one side only when its batch was closed (单边账).
    OneSided,
    /// Voided or refunded.
    Undone,
    /// Claimed.
    Claimed,
    /// Claimed, and charged back (退单).
    ChargedBack,
    /// Given back because there is no slip (贷记调整).
    Returned,
}

/// What is said at the claims desk.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DeskNote {
    /// What is known of a voucher.
    State(VoucherState),
    /// A claim is taken.
    ClaimFiled,
    /// A claim is not taken.
    ClaimRefused(ClaimRefusal),
    /// The issuer wants to see the slip of this voucher (调单): the merchant looks for it.
    SlipWanted {
        /// Element 41.
        terminal: [u8; 8],
        /// The batch.
        batch: u32,
        /// The voucher number (STAN).
        stan: u32,
    },
    /// No debit of this card and amount is presented: there is nothing to ask a slip of.
    NothingToRetrieve,
}

impl ClaimRefusal {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            ClaimRefusal::Unknown => "no such transaction",
            ClaimRefusal::Several => "several transactions are like that",
            ClaimRefusal::Declined => "it was declined",
            ClaimRefusal::Undecided => "it is still on its way: file again later",
            ClaimRefusal::Undone => "it was voided or refunded",
            ClaimRefusal::Stands => "it stands and is paid",
            ClaimRefusal::Claimed => "it was claimed before",
            ClaimRefusal::TooLate => "too many business dates have passed",
            ClaimRefusal::NoSlip => "there was no slip when the issuer asked for it",
        }
    }
}

impl VoucherState {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            VoucherState::Unknown => "no such voucher",
            VoucherState::Several => "several vouchers are like that",
            VoucherState::Undecided => "not answered yet",
            VoucherState::Declined => "declined",
            VoucherState::Approved => "approved",
            VoucherState::Settled => "settled",
            VoucherState::Presented => "presented",
            VoucherState::Reversed => "reversed",
            VoucherState::OneSided => "one-sided",
            VoucherState::Undone => "voided or refunded",
            VoucherState::Claimed => "claimed",
            VoucherState::ChargedBack => "claimed and charged back",
            VoucherState::Returned => "given back: no slip",
        }
    }
}

impl DeskNote {
    /// The words, English and Chinese.
    pub fn text(self) -> (String, &'static str) {
        match self {
            DeskNote::State(state) => (format!("voucher {}", state.words()), "凭证状态"),
            DeskNote::ClaimFiled => ("claim taken".to_owned(), "请款已受理"),
            DeskNote::ClaimRefused(why) => {
                (format!("claim refused: {}", why.words()), "请款不受理")
            }
            DeskNote::SlipWanted { terminal, batch, stan } => {
                let terminal = terminal.escape_ascii();
                (format!("slip wanted: {terminal} {batch:06} {stan:06}"), "调单")
            }
            DeskNote::NothingToRetrieve => ("nothing to ask a slip of".to_owned(), "无可调单"),
        }
    }
}
