//! Records: what a party makes durable, and at once what the invariants believe of it.
//!
//! One record is one atomic write. There is no second list of "facts" beside the journal: keeping
//! the two apart is how a harness starts to believe things no party knows. A party's own private
//! state goes into [`Record::Own`], which is durable and believed for nothing.

mod clearing;
mod issuer;
mod kind;
mod switch;
mod terminal;

pub use clearing::{ClearingRecord, EntryKind, FileEntry, FileId, FileKind, PayoutLine};
pub use issuer::{Account, IssuerRecord, Leg, Presented, SuspenseEnd, Taken, TakenAs, Unpaid};
pub use kind::Kind;
pub use switch::{Extracted, NetworkKey, Origin, PosKey, Settled, SwitchRecord};
pub use terminal::TerminalRecord;

use crate::iso8583::ResponseCode;

/// One atomic, durable write of a party.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Record {
    /// Private state of a party of yours: kept and returned, judged by nobody.
    Own(Box<[u8]>),
    /// A terminal's.
    Terminal(TerminalRecord),
    /// A switch's.
    Switch(SwitchRecord),
    /// An issuer's.
    Issuer(IssuerRecord),
    /// A clearing house's.
    Clearing(ClearingRecord),
}

/// Why a transaction is reversed: element 39 of a 0400, and of a 0420 towards the network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    /// 98: no answer within the limit, or the line broke while waiting.
    NoAnswer,
    /// A0: the answer's MAC is wrong.
    MacError,
    /// 96: approved, but the party could not complete.
    CouldNotComplete,
    /// 06: every other cause, as an answer that does not match.
    Other,
    /// The terminal reversed it (0400), so the switch passes it on.
    TerminalReversed,
    /// The approval came after the switch had given up.
    LateAnswer,
    /// It is not reversed: it is an advice (0220) of its own, and told upstream.
    Told,
    /// It is not reversed: the switch approved it in the issuer's stead, and tells it so (0220).
    StoodIn,
}

impl Reason {
    /// The code that travels in element 39 of a POS 0400.
    pub fn code(self) -> ResponseCode {
        match self {
            Reason::NoAnswer => ResponseCode::ISSUER_TIMED_OUT,
            Reason::MacError => ResponseCode::MAC_ERROR,
            Reason::CouldNotComplete => ResponseCode::SYSTEM_MALFUNCTION,
            Reason::Other
            | Reason::TerminalReversed
            | Reason::LateAnswer
            | Reason::Told
            | Reason::StoodIn => ResponseCode::ERROR,
        }
    }

    /// The 4000-series reason that opens element 60 of a network 0420 (ISO 8583:1993 list).
    pub fn network_code(self) -> u16 {
        match self {
            Reason::NoAnswer => 4021,
            Reason::LateAnswer => 4006,
            Reason::MacError | Reason::Other => 4020,
            Reason::CouldNotComplete => 4007,
            Reason::TerminalReversed | Reason::Told | Reason::StoodIn => 4000,
        }
    }

    /// Whether what is queued tells of something (0220) and takes nothing back.
    pub const fn is_told(self) -> bool {
        matches!(self, Reason::Told | Reason::StoodIn)
    }
}

/// Count and sum, minor units.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Total {
    /// How many.
    pub count: u32,
    /// How much, minor units.
    pub minor: u64,
}

impl Total {
    /// With one more of `minor`.
    #[must_use]
    pub fn plus(self, minor: u64) -> Total {
        Total { count: self.count + 1, minor: self.minor.saturating_add(minor) }
    }
}

/// What a batch holds, in either direction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Totals {
    /// What was taken from cardholders (借).
    pub debits: Total,
    /// What was given back to them (贷).
    pub credits: Total,
}

impl Totals {
    /// Debits less credits, minor units: what a batch comes to.
    #[cfg_attr(mutants, mutants::skip)]
    pub fn net(self) -> i128 {
        i128::from(self.debits.minor) - i128::from(self.credits.minor)
    }

    /// With one more voucher of this kind; one that is not settled changes nothing.
    #[must_use]
    pub fn plus(self, kind: Kind, minor: u64) -> Totals {
        match kind.money() {
            1 => Totals { debits: self.debits.plus(minor), ..self },
            -1 => Totals { credits: self.credits.plus(minor), ..self },
            _ => self,
        }
    }
}

impl From<TerminalRecord> for Record {
    fn from(record: TerminalRecord) -> Record {
        Record::Terminal(record)
    }
}

impl From<SwitchRecord> for Record {
    fn from(record: SwitchRecord) -> Record {
        Record::Switch(record)
    }
}

impl From<IssuerRecord> for Record {
    fn from(record: IssuerRecord) -> Record {
        Record::Issuer(record)
    }
}

impl From<ClearingRecord> for Record {
    fn from(record: ClearingRecord) -> Record {
        Record::Clearing(record)
    }
}

impl Record {
    /// The record's name in scenario files: what a power cut "after it recorded …" refers to.
    pub fn name(&self) -> &'static str {
        match self {
            Record::Own(_) => "own",
            Record::Terminal(record) => record.name(),
            Record::Switch(record) => record.name(),
            Record::Issuer(record) => record.name(),
            Record::Clearing(record) => record.name(),
        }
    }

    /// All names that [`Record::name`] gives, for checking what people write.
    pub const NAMES: &'static [&'static str] = &[
        "own",
        "signed-on",
        "signed-off",
        "stan-taken",
        "chip-data-lost",
        "chip-data-loaded",
        "started",
        "not-sent",
        "approved",
        "declined",
        "order-opened",
        "order-queried",
        "reversal-due",
        "reversal-tried",
        "advice-due",
        "reversed",
        "exception-opened",
        "slip-printed",
        "settlement-started",
        "settlement-answered",
        "detail-uploaded",
        "batch-closed",
        "keys-issued",
        "keys-withdrawn",
        "route-set",
        "forwarded",
        "answered",
        "late-answer-absorbed",
        "reversal-accepted",
        "advice-queued",
        "advice-tried",
        "advice-completed",
        "advice-refused",
        "compared",
        "detail-received",
        "cut-over",
        "decided",
        "hold-expired",
        "opened",
        "extract-closed",
        "file-delivered",
        "extract-taken",
        "presentment-built",
        "payout-built",
        "day-closed",
        "lease-taken",
        "write-refused",
        "presentment-taken",
        "suspense-opened",
        "suspense-closed",
        "claim-filed",
        "claim-refused",
        "return-built",
        "return-taken",
        "slip-answered",
    ];
}
