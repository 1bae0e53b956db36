//! Clearing files as records know them, and what a clearing house makes durable.

use super::NetworkKey;
use crate::card::Pan;
use crate::time::{Date, Instant};

/// What a clearing file is about, and who gets it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FileKind {
    /// From an acquirer's switch to the clearing house: a closed business date.
    Extract,
    /// From the clearing house to an issuer: what it has to pay.
    Presentment,
    /// From the clearing house to a merchant: what it is paid.
    Payout,
    /// From an issuer to the clearing house, and from there to the acquirer's switch: claims that
    /// are not paid, and slips that are asked for.
    Return,
}

/// What a file is known by, everywhere and for ever. The same content sent again bears it again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FileId {
    /// What it is about.
    pub kind: FileKind,
    /// The institution that made it.
    pub sender: u64,
    /// The institution that it is for; zero for a merchant.
    pub receiver: u64,
    /// The business date that it closes.
    pub date: Date,
    /// Which file of that sender to that receiver: 1, 2, 3, without a gap.
    pub sequence: u32,
}

/// What an entry of a file does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum EntryKind {
    /// Presents a transaction: the issuer pays, the merchant is paid.
    Presentment,
    /// Takes back what an earlier file presented (贷记调整).
    Adjustment,
    /// Presents a refund (退货): the merchant pays, the issuer is paid for what it gave back.
    Refund,
    /// Takes back a refund that an earlier file presented.
    RefundAdjustment,
    /// Asks for a transaction that was taken back, or is on one side only (请款).
    Claim,
    /// A claim that the issuer does not pay (退单).
    Chargeback,
    /// The issuer asks for the slip (调单). It moves nothing.
    Retrieval,
}

impl EntryKind {
    /// Whether it presents a transaction for the first time.
    pub fn is_first(self) -> bool {
        matches!(self, EntryKind::Presentment | EntryKind::Refund)
    }

    /// What takes it back in a later extract; none of what is not taken back so.
    pub fn adjustment(self) -> Option<EntryKind> {
        match self {
            EntryKind::Presentment => Some(EntryKind::Adjustment),
            EntryKind::Refund => Some(EntryKind::RefundAdjustment),
            EntryKind::Adjustment
            | EntryKind::RefundAdjustment
            | EntryKind::Claim
            | EntryKind::Chargeback
            | EntryKind::Retrieval => None,
        }
    }

    /// Whether it takes back what an earlier extract presented.
    pub fn is_adjustment(self) -> bool {
        matches!(self, EntryKind::Adjustment | EntryKind::RefundAdjustment)
    }

    /// The sign of what it moves from issuer to merchant.
    pub fn sign(self) -> i64 {
        match self {
            EntryKind::Presentment | EntryKind::Claim | EntryKind::RefundAdjustment => 1,
            EntryKind::Adjustment | EntryKind::Chargeback | EntryKind::Refund => -1,
            EntryKind::Retrieval => 0,
        }
    }
}

/// One transaction in a clearing file, named as the acquirer named it on its network line.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FileEntry {
    /// What it does.
    pub kind: EntryKind,
    /// Elements 7, 11, 32 and 33.
    pub key: NetworkKey,
    /// Element 37.
    pub rrn: [u8; 12],
    /// Element 41.
    pub terminal: [u8; 8],
    /// Element 42.
    pub merchant: [u8; 15],
    /// Element 2.
    pub pan: Pan,
    /// Approved amount, minor units.
    pub minor: u64,
    /// The settlement date of the transaction: of an adjustment, an earlier one than the file's.
    pub business_date: Date,
    /// Whether it was approved in its issuer's stead (代授权), or taken as an advice: it is owed,
    /// whatever the issuer has heard of it.
    pub is_promised: bool,
}

impl FileEntry {
    /// Minor units that it moves from issuer to merchant: below zero for what is taken back.
    pub fn signed(&self) -> i64 {
        // An amount has twelve digits.
        self.kind.sign() * i64::try_from(self.minor).unwrap_or(i64::MAX)
    }

    /// Whether both are about the same transaction. Element 7, 11 and 33 change from line to line;
    /// these do not.
    pub fn is_same(&self, other: &FileEntry) -> bool {
        self.rrn == other.rrn
            && self.terminal == other.terminal
            && self.key.acquirer == other.key.acquirer
            && self.pan == other.pan
    }
}

/// What a merchant is paid for one entry: gross is fee and net together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PayoutLine {
    /// The entry.
    pub entry: FileEntry,
    /// Merchant fee, minor units; below zero where it is given back.
    pub fee: i64,
    /// Who gets the fee: issuer, clearing house, acquirer.
    pub shares: [i64; 3],
    /// What the merchant gets, minor units; below zero where it pays back.
    pub net: i64,
}

/// What a clearing house makes durable.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ClearingRecord {
    /// The business date changed.
    CutOver {
        /// The new date.
        date: Date,
    },
    /// A switch's file came whole and right, and is taken. A copy of it is not taken again.
    ExtractTaken {
        /// The file.
        file: FileId,
        /// What it holds.
        entries: Box<[FileEntry]>,
    },
    /// A file for an issuer waits to be sent.
    PresentmentBuilt {
        /// The file.
        file: FileId,
        /// Which issuer: its place among the clearing house's lines.
        issuer: u8,
        /// What it holds.
        entries: Box<[FileEntry]>,
    },
    /// A merchant is paid.
    PayoutBuilt {
        /// The statement.
        file: FileId,
        /// Element 42.
        merchant: [u8; 15],
        /// Line by line.
        lines: Box<[PayoutLine]>,
    },
    /// An issuer's file of returns came whole and right, and is taken. It goes on with the next
    /// date.
    ReturnTaken {
        /// The file.
        file: FileId,
        /// What it holds.
        entries: Box<[FileEntry]>,
    },
    /// A file of returns for a switch waits to be sent; its chargebacks are paid back on the
    /// statements of its date.
    ReturnBuilt {
        /// The file.
        file: FileId,
        /// Which switch: its place among the clearing house's lines.
        switch: u8,
        /// What it holds.
        entries: Box<[FileEntry]>,
    },
    /// The receiver has taken this file.
    FileDelivered {
        /// The file.
        file: FileId,
    },
    /// The business date is closed: every file of it is delivered, every merchant is paid.
    DayClosed {
        /// The date.
        date: Date,
    },
    /// One of two nodes over one store took the lease, or took it again before it was over: until
    /// then it alone works. A store lets nobody take one twice.
    LeaseTaken {
        /// Which node: 0 or 1.
        node: u8,
        /// What every write under this lease carries. It grows with each lease.
        fence: u32,
        /// When it is over.
        until: Instant,
    },
    /// The store did not take what a node wrote under a lease after which another was taken.
    WriteRefused {
        /// Which node: 0 or 1.
        node: u8,
        /// What its write carried.
        fence: u32,
    },
}

impl ClearingRecord {
    pub(super) fn name(&self) -> &'static str {
        match self {
            ClearingRecord::CutOver { .. } => "cut-over",
            ClearingRecord::ExtractTaken { .. } => "extract-taken",
            ClearingRecord::PresentmentBuilt { .. } => "presentment-built",
            ClearingRecord::PayoutBuilt { .. } => "payout-built",
            ClearingRecord::ReturnTaken { .. } => "return-taken",
            ClearingRecord::ReturnBuilt { .. } => "return-built",
            ClearingRecord::FileDelivered { .. } => "file-delivered",
            ClearingRecord::DayClosed { .. } => "day-closed",
            ClearingRecord::LeaseTaken { .. } => "lease-taken",
            ClearingRecord::WriteRefused { .. } => "write-refused",
        }
    }
}
