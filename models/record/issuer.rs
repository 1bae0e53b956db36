//! What an issuer makes durable, and what invariants believe of it.

use super::{FileEntry, FileId, Kind, NetworkKey};
use crate::card::{Amount, Pan};
use crate::iso8583::ResponseCode;
use crate::node::Ticket;
use crate::time::{Date, LocalTime};

/// An account in an issuer's books.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Account {
    /// A cardholder's, by the issuer's own number.
    Cardholder(u32),
    /// Owed to the acquirers through the clearing house.
    Settlement,
    /// Parked until it is known whose it is (挂账).
    Suspense,
    /// Surcharges on sales, less those given back.
    Fees,
    /// Money put in when the books were opened.
    Opening,
    /// Presented by the clearing house, and to be paid to it (应付).
    Payable,
    /// Supervised, for what is held on trade cards (监管账户): the buyer's until it is paid out.
    Escrow,
}

/// An entry of a presentment file, and the debit that it was matched with.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Taken {
    /// What the file says.
    pub entry: FileEntry,
    /// The issuer's number of the debit; none if there is no such one.
    pub decision: Option<u64>,
    /// What became of it.
    pub end: TakenAs,
}

/// What an issuer makes of an entry of a presentment file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TakenAs {
    /// Paid, or taken back, out of where the debit lies: settlement or suspense.
    Booked,
    /// The cardholder is debited: again for a claim, when the money was given back and is asked
    /// for; for what was approved in the issuer's stead, when no message told of it; or for the
    /// adjustment of a refund that a file alone had credited.
    Debited,
    /// A claim that is not paid: charged back.
    Refused(Unpaid),
    /// A refund that no message told of: the file is the merchant's word for it, and the cardholder
    /// has it from here. Or the adjustment of what a file alone had debited.
    Credited,
}

/// Why a claim is charged back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Unpaid {
    /// The issuer never approved it.
    Unknown,
    /// It approved less.
    TooMuch,
    /// It was paid before.
    Paid,
    /// The cardholder had the money back, and has not so much any more.
    Funds,
}

/// A cryptogram of one of the issuer's cards that it found genuine, whatever it decided.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Presented {
    /// 9F36: the card's transaction counter (ATC).
    pub counter: u16,
    /// 9F37: the terminal's unpredictable number.
    pub unpredictable: [u8; 4],
    /// 9F26.
    pub cryptogram: [u8; 8],
}

/// How an item leaves suspense: to exactly one side.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SuspenseEnd {
    /// What was missing came: a presentment, an adjustment or a reversal.
    Cleared,
    /// Debited and never presented (长款): the cardholder has it back.
    Returned,
    /// Presented and not debited (短款): the clearing house is not paid.
    ChargedBack,
    /// Given back, and not by those who settle: a void of what is presented, or a refund that is
    /// not. The cardholder is debited again.
    Retaken,
}

/// One leg of a posting: minor units, positive for a credit, negative for a debit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Leg {
    /// The account.
    pub account: Account,
    /// Minor units; the legs of one posting sum to zero.
    pub minor: i64,
}

impl Leg {
    /// What these legs give to cardholders, minor units, surcharges aside; less than zero if they
    /// take. What lies in escrow is still theirs.
    pub fn to_cardholders(legs: &[Leg]) -> i64 {
        let of = |leg: &&Leg| {
            matches!(leg.account, Account::Cardholder(_) | Account::Fees | Account::Escrow)
        };
        legs.iter().filter(of).fold(0, |sum, leg| sum.saturating_add(leg.minor))
    }

    /// What these legs charge as a surcharge, minor units; less than zero if they give one back.
    pub fn surcharge(legs: &[Leg]) -> i64 {
        let of = legs.iter().filter(|leg| leg.account == Account::Fees);
        of.fold(0, |sum, leg| sum.saturating_add(leg.minor))
    }
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
        /// Whether a switch had approved it in the issuer's stead, so that it had to be booked.
        is_stand_in: bool,
        /// The issuer's number of the transaction it is about, if it is about one.
        original: Option<u64>,
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
        /// What was booked; empty for a decline, and for what moves no money.
        legs: Box<[Leg]>,
        /// What changed in what is held on the card, minor units: more than zero for a new hold,
        /// less for one that ends.
        hold: i64,
        /// Until when a pre-authorisation holds, on a clock that shows UTC; none if its request did
        /// not say.
        until: Option<LocalTime>,
        /// Wrong PINs of the card in a row, after this request; none of a payment code.
        pin_tries: u8,
        /// The card's cryptogram, if the request had a genuine one. It counts as seen from here on,
        /// whatever the code says.
        presented: Option<Presented>,
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
        /// What was given back of what the original moved, minor units.
        credited: u64,
        /// Answer.
        code: ResponseCode,
        /// What was booked.
        legs: Box<[Leg]>,
        /// What changed in what is held on the card, minor units.
        hold: i64,
        /// The settlement date it belongs to.
        business_date: Date,
    },
    /// A hold that nobody completed or voided is over.
    HoldExpired {
        /// The issuer's number of the pre-authorisation.
        original: u64,
        /// The card.
        pan: Pan,
        /// What was still held, minor units.
        minor: u64,
        /// What was booked: nothing, but for what lay in escrow.
        legs: Box<[Leg]>,
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
    /// The clearing house's file of a business date is taken and booked, in one write. A copy of it
    /// is not taken again.
    PresentmentTaken {
        /// The file.
        file: FileId,
        /// What it holds.
        entries: Box<[Taken]>,
        /// What was booked.
        legs: Box<[Leg]>,
    },
    /// At the end of a business date, debit and presentment differ: the difference is parked (挂账).
    SuspenseOpened {
        /// The issuer's number of the item.
        item: u64,
        /// The issuer's number of the debit, if there is one.
        decision: Option<u64>,
        /// Minor units debited less those presented: above zero 长款, below zero 短款.
        minor: i64,
        /// The date that ended.
        date: Date,
        /// What was booked.
        legs: Box<[Leg]>,
    },
    /// A file of returns waits to be sent to the clearing house.
    ReturnBuilt {
        /// The file.
        file: FileId,
        /// What it holds.
        entries: Box<[FileEntry]>,
    },
    /// The clearing house has taken this file.
    FileDelivered {
        /// The file.
        file: FileId,
    },
    /// The item left suspense.
    SuspenseClosed {
        /// The issuer's number of the item.
        item: u64,
        /// The issuer's number of the debit, if there is one.
        decision: Option<u64>,
        /// How.
        class: SuspenseEnd,
        /// Minor units that moved.
        minor: u64,
        /// The date that ended.
        date: Date,
        /// What was booked.
        legs: Box<[Leg]>,
    },
}

impl IssuerRecord {
    pub(super) fn name(&self) -> &'static str {
        match self {
            IssuerRecord::Decided { .. } => "decided",
            IssuerRecord::Reversed { .. } => "reversed",
            IssuerRecord::HoldExpired { .. } => "hold-expired",
            IssuerRecord::Opened { .. } => "opened",
            IssuerRecord::CutOver { .. } => "cut-over",
            IssuerRecord::PresentmentTaken { .. } => "presentment-taken",
            IssuerRecord::SuspenseOpened { .. } => "suspense-opened",
            IssuerRecord::ReturnBuilt { .. } => "return-built",
            IssuerRecord::FileDelivered { .. } => "file-delivered",
            IssuerRecord::SuspenseClosed { .. } => "suspense-closed",
        }
    }
}
