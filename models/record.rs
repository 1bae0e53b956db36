//! Records: what a party makes durable, and at once what the invariants believe of it.
//!
//! One record is one atomic write. There is no second list of "facts" beside the journal: keeping
//! the two apart is how a harness starts to believe things no party knows. A party's own private
//! state goes into [`Record::Own`], which is durable and believed for nothing.

use crate::card::{Amount, Card, Pan};
use crate::iso8583::ResponseCode;
use crate::node::{Port, Ticket};
use crate::time::Date;

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
}

/// What a financial message does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// A sale (消费): posts a debit.
    Sale,
    /// A balance inquiry (余额查询): moves nothing.
    Inquiry,
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
}

impl Reason {
    /// The code that travels in element 39 of a POS 0400.
    pub fn code(self) -> ResponseCode {
        match self {
            Reason::NoAnswer => ResponseCode::ISSUER_TIMED_OUT,
            Reason::MacError => ResponseCode::MAC_ERROR,
            Reason::CouldNotComplete => ResponseCode::SYSTEM_MALFUNCTION,
            Reason::Other | Reason::TerminalReversed | Reason::LateAnswer => ResponseCode::ERROR,
        }
    }

    /// The 4000-series reason that opens element 60 of a network 0420 (ISO 8583:1993 list).
    pub fn network_code(self) -> u16 {
        match self {
            Reason::NoAnswer => 4021,
            Reason::LateAnswer => 4006,
            Reason::MacError | Reason::Other => 4020,
            Reason::CouldNotComplete => 4007,
            Reason::TerminalReversed => 4000,
        }
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
    /// A financial request is about to leave. From here on it is in doubt, and power loss reverses
    /// it, until one of the records below ends the doubt.
    Started {
        /// The wish.
        ticket: Ticket,
        /// Voucher number.
        stan: u32,
        /// Batch.
        batch: u32,
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
    /// An authenticated approval; the sale is in the batch.
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
    /// The doubt became a reversal. No approval is accepted after this.
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
        /// How often the reversal was sent.
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
        /// Debits of the batch.
        debits: Total,
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
        debits: Total,
    },
}

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
    /// A request is about to go upstream under the switch's own STAN.
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
    /// A reversal advice (0420) is in the store-and-forward queue of `to`.
    AdviceQueued {
        /// Number of the advice.
        advice: u64,
        /// The switch's number of the original.
        id: u64,
        /// What it is about.
        ticket: Ticket,
        /// Whose queue.
        to: Port,
        /// Its own STAN; every repeat (0421) carries it again.
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
    /// The peer took it (0430).
    AdviceCompleted {
        /// Number of the advice.
        advice: u64,
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
        /// The terminal's debits.
        theirs: Total,
        /// The switch's debits.
        ours: Total,
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
        /// The transactions that count in it: switch's number, ticket, minor units.
        entries: Box<[(u64, Ticket, u64)]>,
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
}

/// An account in an issuer's books.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Account {
    /// A cardholder's, by the issuer's own number.
    Cardholder(u32),
    /// Owed to the acquirers through the clearing house.
    Settlement,
    /// Parked until it is known whose it is (挂账).
    Suspense,
    /// Fee income.
    Fees,
    /// Money put in when the books were opened.
    Opening,
}

/// One leg of a posting: minor units, positive for a credit, negative for a debit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Leg {
    /// The account.
    pub account: Account,
    /// Minor units; the legs of one posting sum to zero.
    pub minor: i64,
}

/// What an issuer makes durable. `id` is the issuer's own number of the entry.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum IssuerRecord {
    /// A request is decided, booked and remembered with its answer, in one write.
    Decided {
        /// The issuer's number.
        id: u64,
        /// What it is about.
        ticket: Ticket,
        /// How the network names it.
        key: NetworkKey,
        /// Element 41.
        terminal: [u8; 8],
        /// Element 37.
        rrn: [u8; 12],
        /// The card.
        pan: Pan,
        /// What it does.
        kind: Kind,
        /// Requested amount.
        amount: Amount,
        /// Answer.
        code: ResponseCode,
        /// Effective amount in minor units; less than requested with code 10, zero for a decline.
        effective: u64,
        /// Element 38, if approved.
        authorization: Option<[u8; 6]>,
        /// Balance told, minor units.
        balance: Option<u64>,
        /// What was booked; empty for a decline and an inquiry.
        legs: Box<[Leg]>,
        /// Wrong PINs of the card in a row, after this request.
        pin_tries: u8,
        /// The settlement date it belongs to.
        business_date: Date,
    },
    /// A reversal is decided, booked and remembered with its answer, in one write.
    Reversed {
        /// The issuer's number of this entry.
        id: u64,
        /// What it is about.
        ticket: Ticket,
        /// How the network names the *original* (element 90).
        original_key: NetworkKey,
        /// The issuer's number of the original; none if it never arrived, and is now barred.
        original: Option<u64>,
        /// What was given back, minor units.
        credited: u64,
        /// Answer.
        code: ResponseCode,
        /// What was booked.
        legs: Box<[Leg]>,
        /// The settlement date it belongs to.
        business_date: Date,
    },
    /// The books were opened with these balances.
    Opened {
        /// Cardholder accounts and what they hold; balanced by [`Account::Opening`].
        legs: Box<[Leg]>,
    },
    /// The business date changed.
    CutOver {
        /// The new date.
        date: Date,
    },
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

impl Record {
    /// The record's name in scenario files: what a power cut "after it recorded …" refers to.
    pub fn name(&self) -> &'static str {
        match self {
            Record::Own(_) => "own",
            Record::Terminal(record) => record.name(),
            Record::Switch(record) => record.name(),
            Record::Issuer(record) => record.name(),
        }
    }

    /// All names that [`Record::name`] gives, for checking what people write.
    pub const NAMES: &'static [&'static str] = &[
        "own",
        "signed-on",
        "signed-off",
        "stan-taken",
        "started",
        "not-sent",
        "approved",
        "declined",
        "reversal-due",
        "reversal-tried",
        "reversed",
        "exception-opened",
        "slip-printed",
        "settlement-started",
        "settlement-answered",
        "detail-uploaded",
        "batch-closed",
        "keys-issued",
        "keys-withdrawn",
        "forwarded",
        "answered",
        "late-answer-absorbed",
        "reversal-accepted",
        "advice-queued",
        "advice-tried",
        "advice-completed",
        "compared",
        "detail-received",
        "cut-over",
        "decided",
        "opened",
    ];
}

impl TerminalRecord {
    fn name(&self) -> &'static str {
        match self {
            TerminalRecord::SignedOn { .. } => "signed-on",
            TerminalRecord::SignedOff => "signed-off",
            TerminalRecord::StanTaken { .. } => "stan-taken",
            TerminalRecord::Started { .. } => "started",
            TerminalRecord::NotSent { .. } => "not-sent",
            TerminalRecord::Approved { .. } => "approved",
            TerminalRecord::Declined { .. } => "declined",
            TerminalRecord::ReversalDue { .. } => "reversal-due",
            TerminalRecord::ReversalTried { .. } => "reversal-tried",
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

impl SwitchRecord {
    fn name(&self) -> &'static str {
        match self {
            SwitchRecord::KeysIssued { .. } => "keys-issued",
            SwitchRecord::KeysWithdrawn { .. } => "keys-withdrawn",
            SwitchRecord::Forwarded { .. } => "forwarded",
            SwitchRecord::Answered { .. } => "answered",
            SwitchRecord::LateAnswerAbsorbed { .. } => "late-answer-absorbed",
            SwitchRecord::ReversalAccepted { .. } => "reversal-accepted",
            SwitchRecord::AdviceQueued { .. } => "advice-queued",
            SwitchRecord::AdviceTried { .. } => "advice-tried",
            SwitchRecord::AdviceCompleted { .. } => "advice-completed",
            SwitchRecord::ExceptionOpened { .. } => "exception-opened",
            SwitchRecord::Compared { .. } => "compared",
            SwitchRecord::DetailReceived { .. } => "detail-received",
            SwitchRecord::BatchClosed { .. } => "batch-closed",
            SwitchRecord::CutOver { .. } => "cut-over",
        }
    }
}

impl IssuerRecord {
    fn name(&self) -> &'static str {
        match self {
            IssuerRecord::Decided { .. } => "decided",
            IssuerRecord::Reversed { .. } => "reversed",
            IssuerRecord::Opened { .. } => "opened",
            IssuerRecord::CutOver { .. } => "cut-over",
        }
    }
}
