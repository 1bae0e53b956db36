//! What a terminal makes durable, and what invariants believe of it.

use super::{Kind, Reason, Totals};
use crate::card::{Amount, Card, Voucher};
use crate::device::ChipData;
use crate::iso8583::ResponseCode;
use crate::node::Ticket;

/// What a terminal makes durable. `ticket` is the till's; `stan` and `batch` are its voucher.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum TerminalRecord {
    /// Work keys and batch number of a sign-on; the keys stay wrapped under the master key.
    SignedOn {
        /// Current batch, as the host gave it.
        batch: u32,
        /// Element 62 of the 0810.
        keys: Box<[u8]>,
    },
    /// The keys are no longer good (97, 99, A0): sign on before anything financial.
    SignedOff,
    /// A voucher number used by a message that moves no money. Durable before it is on the wire.
    StanTaken {
        /// The number.
        stan: u32,
    },
    /// The kernel lacks these, whatever was loaded before: no chip is served until they are loaded.
    ChipDataLost {
        /// What is missing.
        what: ChipData,
    },
    /// The host gave all of these; they are whole.
    ChipDataLoaded {
        /// What they are.
        what: ChipData,
        /// Each as element 62 of its 0810 carried it.
        entries: Box<[Box<[u8]>]>,
    },
    /// A financial request is about to leave. From here on it is in doubt, and power loss reverses
    /// it, or repeats it if it is an advice, until one of the records below ends the doubt.
    Started {
        /// The wish.
        ticket: Ticket,
        /// Voucher number.
        stan: u32,
        /// Batch.
        batch: u32,
        /// What it does.
        kind: Kind,
        /// What it is about, if it is a void, completion or refund.
        original: Option<Voucher>,
        /// Requested amount.
        amount: Amount,
        /// The card, kept for the reversal (no track, no PIN).
        card: Card,
        /// MMDD of the terminal's own calendar when it began.
        date: u16,
    },
    /// It provably never left: the connection did not come about.
    NotSent {
        /// The wish.
        ticket: Ticket,
        /// Voucher number.
        stan: u32,
    },
    /// An authenticated approval; the voucher is in the batch.
    Approved {
        /// The wish.
        ticket: Ticket,
        /// Voucher number.
        stan: u32,
        /// Batch.
        batch: u32,
        /// Approved amount.
        amount: Amount,
        /// Retrieval reference number (element 37).
        rrn: [u8; 12],
        /// Authorization code (element 38), if the host gave one.
        authorization: Option<[u8; 6]>,
    },
    /// A trusted decline; nothing moved.
    Declined {
        /// The wish.
        ticket: Ticket,
        /// Voucher number.
        stan: u32,
        /// The code.
        code: ResponseCode,
    },
    /// A sale by payment code got no valid answer. It stays open: it is asked about, and an
    /// approval still counts, until it is paid, refused, or closed.
    OrderOpened {
        /// The wish.
        ticket: Ticket,
        /// Voucher number, part of the order's number.
        stan: u32,
    },
    /// The host is about to be asked for the n-th time what became of an open order.
    OrderQueried {
        /// The wish.
        ticket: Ticket,
        /// Voucher number of the order.
        stan: u32,
        /// 1 for the first.
        attempt: u8,
    },
    /// The doubt became a reversal; of an open order, its close. No approval is accepted after
    /// this.
    ReversalDue {
        /// The wish.
        ticket: Ticket,
        /// Voucher number of the original.
        stan: u32,
        /// Why.
        reason: Reason,
    },
    /// A 0400 is about to be sent for the n-th time.
    ReversalTried {
        /// The wish.
        ticket: Ticket,
        /// Voucher number of the original.
        stan: u32,
        /// 1 for the first.
        attempt: u8,
    },
    /// The advice got no valid answer: it is told again until it gets one.
    AdviceDue {
        /// The wish.
        ticket: Ticket,
        /// Voucher number.
        stan: u32,
    },
    /// A marked repeat of the advice (0221) is about to be sent for the n-th time.
    AdviceTried {
        /// The wish.
        ticket: Ticket,
        /// Voucher number.
        stan: u32,
        /// 1 for the first repeat.
        attempt: u8,
    },
    /// The host took the reversal; the doubt is over.
    Reversed {
        /// The wish.
        ticket: Ticket,
        /// Voucher number of the original.
        stan: u32,
        /// The code that ended it (00, or by policy 12 or 25).
        code: ResponseCode,
    },
    /// The retry budget is spent: an exception item (单边账) that day-end matching must find.
    ExceptionOpened {
        /// The wish.
        ticket: Ticket,
        /// Voucher number of the original.
        stan: u32,
        /// The amount in doubt.
        amount: Amount,
        /// How often the reversal, or the repeat of the advice, was sent.
        attempts: u8,
    },
    /// The slip came out of the printer.
    SlipPrinted {
        /// The wish.
        ticket: Ticket,
        /// Voucher number.
        stan: u32,
    },
    /// The batch is frozen with these totals and is being compared with the host's.
    SettlementStarted {
        /// The batch.
        batch: u32,
        /// What the batch holds.
        totals: Totals,
        /// Voucher number of the 0500.
        stan: u32,
    },
    /// The host answered the 0500.
    SettlementAnswered {
        /// The batch.
        batch: u32,
        /// True: balanced (平). False: unbalanced, every detail is uploaded.
        is_balanced: bool,
    },
    /// Details up to and including number `through` were uploaded and answered.
    DetailUploaded {
        /// The batch.
        batch: u32,
        /// Count of details the host has.
        through: u32,
    },
    /// The host has closed the batch; the terminal's journal of it may go.
    BatchClosed {
        /// The batch.
        batch: u32,
        /// The following one.
        next: u32,
        /// What it held: approved and not reversed, with the exception items apart.
        totals: Totals,
    },
}

impl TerminalRecord {
    pub(super) fn name(&self) -> &'static str {
        match self {
            TerminalRecord::SignedOn { .. } => "signed-on",
            TerminalRecord::SignedOff => "signed-off",
            TerminalRecord::StanTaken { .. } => "stan-taken",
            TerminalRecord::ChipDataLost { .. } => "chip-data-lost",
            TerminalRecord::ChipDataLoaded { .. } => "chip-data-loaded",
            TerminalRecord::Started { .. } => "started",
            TerminalRecord::NotSent { .. } => "not-sent",
            TerminalRecord::Approved { .. } => "approved",
            TerminalRecord::Declined { .. } => "declined",
            TerminalRecord::OrderOpened { .. } => "order-opened",
            TerminalRecord::OrderQueried { .. } => "order-queried",
            TerminalRecord::ReversalDue { .. } => "reversal-due",
            TerminalRecord::ReversalTried { .. } => "reversal-tried",
            TerminalRecord::AdviceDue { .. } => "advice-due",
            TerminalRecord::AdviceTried { .. } => "advice-tried",
            TerminalRecord::Reversed { .. } => "reversed",
            TerminalRecord::ExceptionOpened { .. } => "exception-opened",
            TerminalRecord::SlipPrinted { .. } => "slip-printed",
            TerminalRecord::SettlementStarted { .. } => "settlement-started",
            TerminalRecord::SettlementAnswered { .. } => "settlement-answered",
            TerminalRecord::DetailUploaded { .. } => "detail-uploaded",
            TerminalRecord::BatchClosed { .. } => "batch-closed",
        }
    }
}
