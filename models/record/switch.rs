//! What a switch makes durable, and what invariants believe of it.

use super::{FileEntry, FileId, Kind, Reason, Totals};
use crate::card::{Amount, Pan};
use crate::claim::ClaimRefusal;
use crate::iso8583::ResponseCode;
use crate::node::{Port, Ticket};
use crate::time::Date;

/// Which transaction of which terminal: what a 0400 finds its original by on the POS line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PosKey {
    /// Element 41.
    pub terminal: [u8; 8],
    /// Element 60.2.
    pub batch: u32,
    /// Element 11.
    pub stan: u32,
}

/// Which transaction on a network line: elements 7, 11, 32 and 33, and the content of element 90.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NetworkKey {
    /// Element 7, MMDDhhmmss.
    pub transmission: u32,
    /// Element 11.
    pub stan: u32,
    /// Element 32 as a number.
    pub acquirer: u64,
    /// Element 33 as a number.
    pub forwarder: u64,
}

/// Where a switch got a request from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Origin {
    /// From a terminal.
    Pos(PosKey),
    /// From another switch.
    Network(NetworkKey),
}

/// A transaction that is settled.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Settled {
    /// The switch's number.
    pub id: u64,
    /// What it is about.
    pub ticket: Ticket,
    /// What it does.
    pub kind: Kind,
    /// How much, minor units.
    pub minor: u64,
}

/// A transaction in an extract.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Extracted {
    /// The switch's number of the transaction.
    pub id: u64,
    /// What it is about.
    pub ticket: Ticket,
    /// What the file says of it.
    pub entry: FileEntry,
}

/// What a switch makes durable. `id` is the switch's own number of the transaction.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum SwitchRecord {
    /// Work keys were issued to a terminal; wrapped under its master key.
    KeysIssued {
        /// The terminal's port.
        port: Port,
        /// How many times so far; the keys are derived from it.
        generation: u32,
        /// The batch the terminal was told.
        batch: u32,
    },
    /// The operator withdrew the keys of this terminal.
    KeysWithdrawn {
        /// The terminal's port.
        port: Port,
    },
    /// The operator closed the route to a peer for whatever begins, or opened it again.
    RouteSet {
        /// The upstream port.
        port: Port,
        /// Whether it is open.
        is_open: bool,
    },
    /// A request is about to go upstream under the switch's own STAN, or an advice that the switch
    /// answers itself is about to be queued.
    Forwarded {
        /// The switch's number of the transaction.
        id: u64,
        /// What it is about.
        ticket: Ticket,
        /// The port it came from.
        from: Port,
        /// How the other side names it.
        origin: Origin,
        /// What it does.
        kind: Kind,
        /// The switch's number of the transaction it is about, if it is about one.
        original: Option<u64>,
        /// MMDD of the voucher it is about, as its sender gave it (element 61.3); 0 if it did not.
        original_date: u16,
        /// Element 38, if its sender gave one: of what was authorised before.
        authorization: Option<[u8; 6]>,
        /// The port it goes to.
        to: Port,
        /// How it is named upstream.
        key: NetworkKey,
        /// Retrieval reference number (element 37).
        rrn: [u8; 12],
        /// Element 41, for the reversal.
        terminal: [u8; 8],
        /// Element 42, for the reversal.
        merchant: [u8; 15],
        /// The card, for the reversal.
        pan: Pan,
        /// Requested amount.
        amount: Amount,
        /// The settlement date it belongs to (element 15).
        business_date: Date,
    },
    /// The transaction is decided towards where it came from. The answer is stored for duplicates.
    Answered {
        /// The switch's number.
        id: u64,
        /// What it is about.
        ticket: Ticket,
        /// How the other side names it.
        origin: Origin,
        /// What it does.
        kind: Kind,
        /// The answer.
        code: ResponseCode,
        /// Approved amount; zero for a decline.
        amount: Amount,
        /// Element 38, if approved.
        authorization: Option<[u8; 6]>,
        /// Element 54 of an inquiry: ledger balance, minor units.
        balance: Option<u64>,
        /// The settlement date it belongs to.
        business_date: Date,
    },
    /// An approval came after the switch had answered otherwise: absorbed, and to be reversed.
    LateAnswerAbsorbed {
        /// The switch's number.
        id: u64,
        /// What it is about.
        ticket: Ticket,
        /// What the late answer said.
        code: ResponseCode,
    },
    /// The other side reversed: its transaction counts no more, whether known (`id`) or yet to
    /// come.
    ReversalAccepted {
        /// The switch's number of the original, if it has one.
        id: Option<u64>,
        /// What it is about.
        ticket: Ticket,
        /// How the other side names the original.
        origin: Origin,
        /// What was answered.
        code: ResponseCode,
    },
    /// A reversal advice (0420), or an advice of its own (0220), is in the store-and-forward queue
    /// of `to`.
    AdviceQueued {
        /// Number of the advice.
        advice: u64,
        /// The switch's number of the original, or of the advice itself.
        id: u64,
        /// What it is about.
        ticket: Ticket,
        /// Whose queue.
        to: Port,
        /// Its own STAN; every repeat (0421, 0221) carries it again.
        stan: u32,
        /// Its own element 7; every repeat carries it again.
        transmission: u32,
        /// Why.
        reason: Reason,
    },
    /// It is about to be sent for the n-th time.
    AdviceTried {
        /// Number of the advice.
        advice: u64,
        /// 1 for the first.
        attempt: u16,
    },
    /// The peer took it (0430, 0230).
    AdviceCompleted {
        /// Number of the advice.
        advice: u64,
        /// What the peer answered.
        code: ResponseCode,
    },
    /// The peer refuses for good an advice (0220) that the switch has answered for: it leaves the
    /// queue as an exception item.
    AdviceRefused {
        /// Number of the advice.
        advice: u64,
        /// The switch's number of it.
        id: u64,
        /// What it is about.
        ticket: Ticket,
        /// The amount in doubt.
        amount: Amount,
        /// What the peer answered.
        code: ResponseCode,
    },
    /// The budget is spent: the advice leaves the queue as an exception item.
    ExceptionOpened {
        /// Number of the advice.
        advice: u64,
        /// The switch's number of the original.
        id: u64,
        /// What it is about.
        ticket: Ticket,
        /// The amount in doubt.
        amount: Amount,
        /// How often it was sent.
        attempts: u16,
    },
    /// A 0500 was compared.
    Compared {
        /// Element 41.
        terminal: [u8; 8],
        /// The batch.
        batch: u32,
        /// The terminal's totals.
        theirs: Totals,
        /// The switch's totals.
        ours: Totals,
    },
    /// One uploaded detail (0320), once.
    DetailReceived {
        /// How the terminal names it.
        key: PosKey,
        /// Its amount, minor units.
        minor: u64,
    },
    /// The batch is closed: these transactions are settled, and no other.
    BatchClosed {
        /// Element 41.
        terminal: [u8; 8],
        /// The batch.
        batch: u32,
        /// The transactions that count in it.
        entries: Box<[Settled]>,
        /// Vouchers on which the two sides differ, by STAN (长款 and 短款).
        differences: Box<[u32]>,
        /// Settlement date.
        business_date: Date,
    },
    /// The business date changed.
    CutOver {
        /// The new date.
        date: Date,
    },
    /// The extract of a closed business date is made, and waits to be sent to the clearing house:
    /// what stands approved, once, and what an earlier extract had and is reversed since, once.
    ExtractClosed {
        /// The file.
        file: FileId,
        /// What it holds.
        entries: Box<[Extracted]>,
    },
    /// A merchant is paid at once (秒到) what it is owed.
    PaidOut {
        /// The switch's number of the sale that occasioned it; earlier ones are paid with it.
        id: u64,
        /// What that is about.
        ticket: Ticket,
        /// Element 42.
        merchant: [u8; 15],
        /// How much, minor units.
        minor: u64,
    },
    /// The clearing house has taken this file.
    FileDelivered {
        /// The file.
        file: FileId,
    },
    /// A merchant's claim names exactly one transaction, and is taken: it is in the next extract.
    ClaimFiled {
        /// The switch's number of the transaction.
        id: u64,
        /// The claim.
        ticket: Ticket,
        /// What the transaction is about.
        of: Ticket,
    },
    /// A merchant's claim is not taken.
    ClaimRefused {
        /// The claim.
        ticket: Ticket,
        /// Why.
        why: ClaimRefusal,
    },
    /// The clearing house's file of returns is taken. A copy of it is not taken again.
    ReturnTaken {
        /// The file.
        file: FileId,
        /// What it holds; number 0 for what is not known here.
        entries: Box<[Extracted]>,
    },
    /// The merchant has looked for a slip that an issuer asks for. What has none is adjusted in the
    /// next extract.
    SlipAnswered {
        /// The switch's number of the transaction.
        id: u64,
        /// What the transaction is about.
        of: Ticket,
        /// Whether there is a slip.
        is_there: bool,
    },
}

impl SwitchRecord {
    pub(super) fn name(&self) -> &'static str {
        match self {
            SwitchRecord::KeysIssued { .. } => "keys-issued",
            SwitchRecord::KeysWithdrawn { .. } => "keys-withdrawn",
            SwitchRecord::RouteSet { .. } => "route-set",
            SwitchRecord::Forwarded { .. } => "forwarded",
            SwitchRecord::Answered { .. } => "answered",
            SwitchRecord::LateAnswerAbsorbed { .. } => "late-answer-absorbed",
            SwitchRecord::ReversalAccepted { .. } => "reversal-accepted",
            SwitchRecord::AdviceQueued { .. } => "advice-queued",
            SwitchRecord::AdviceTried { .. } => "advice-tried",
            SwitchRecord::AdviceCompleted { .. } => "advice-completed",
            SwitchRecord::AdviceRefused { .. } => "advice-refused",
            SwitchRecord::ExceptionOpened { .. } => "exception-opened",
            SwitchRecord::Compared { .. } => "compared",
            SwitchRecord::DetailReceived { .. } => "detail-received",
            SwitchRecord::BatchClosed { .. } => "batch-closed",
            SwitchRecord::CutOver { .. } => "cut-over",
            SwitchRecord::ExtractClosed { .. } => "extract-closed",
            SwitchRecord::PaidOut { .. } => "paid-out",
            SwitchRecord::FileDelivered { .. } => "file-delivered",
            SwitchRecord::ClaimFiled { .. } => "claim-filed",
            SwitchRecord::ClaimRefused { .. } => "claim-refused",
            SwitchRecord::ReturnTaken { .. } => "return-taken",
            SwitchRecord::SlipAnswered { .. } => "slip-answered",
        }
    }
}
