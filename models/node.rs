//! The contract between a party and whatever runs it: events in, ordered actions out.
//!
//! A party is told; it never asks. Time, power, lines, devices and people all arrive as an
//! [`Event`]. What it wants done it appends to [`Actions`], in order; power may fail between any
//! two of them. This module is not a runtime: it holds no queue, no clock and no line.

use crate::asked::Asked;
use crate::card::{Amount, Card, Pan, Voucher};
use crate::claim::ClaimSlip;
use crate::device::{Device, Outcome, Output};
use crate::record::{Kind, Record};
use crate::time::{Date, Duration, Instant, Now};

/// A party of a card payment: a terminal, a switch, an issuer, or one of yours.
///
/// The order of calls: `Started` first, with what survived; then any event in any order. After
/// every `handle` the runner performs all actions and asks for the [`deadline`](Node::deadline).
pub trait Node {
    /// Advances by one event; appends what it wants done, in order.
    fn handle(&mut self, now: Now, event: Event<'_>, actions: &mut Actions);

    /// When it next needs [`Event::DeadlineReached`], if ever. Early or repeated wake-ups are
    /// harmless.
    fn deadline(&self) -> Option<Instant>;

    /// Power fails. A party whose memory is elsewhere, in a process of its own, says true: it is
    /// kept, and told `Started` when power is back. Any other is dropped and built anew.
    fn lose_power(&mut self) -> bool {
        false
    }

    /// What its own books say at the end of a business day, in any order; none if nobody can read
    /// them. Asked of somebody else's party, whose records say nothing to a judge.
    fn postings(&mut self) -> Option<Vec<Posting>> {
        None
    }

    /// What it has asked of its policy since it was built. A party that keeps no notes of that may
    /// have asked anything.
    fn asked(&self) -> Asked {
        Asked::ANYTHING
    }
}

/// A line in the books of an issuer, or in the log of a switch: money of one transaction that was
/// taken from a cardholder or given back. What is only held is none; fees are none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Posting {
    /// Whose money.
    pub card: Pan,
    /// Minor units: more than 0 was taken, less was given back.
    pub amount: i64,
    /// Element 37 of the transaction: of what a reversal gives back, that of what it reverses.
    /// Where every line has one, each transaction is compared; else all of a card together.
    pub reference: Option<[u8; 12]>,
}

/// A configured peer. It may have several links at once (a pool) or none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Port(pub u16);

/// One connection to a peer. A number is never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Link(pub u32);

/// The number under which a person's wish is known: the till's ticket. It is carried beside the
/// bytes, never inside them, so what a message is *about* does not depend on its elements, which a
/// wrong party falsifies. Zero is nobody's wish.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Ticket(pub u32);

impl Ticket {
    /// Nobody asked for it.
    pub const NONE: Ticket = Ticket(0);
}

/// What happened to a party.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event<'a> {
    /// Power came on. The journal holds everything that was committed.
    Started {
        /// What survived.
        journal: Journal<'a>,
    },
    /// A connection stands: asked for by [`Action::Connect`], or made by the peer.
    LinkUp {
        /// The peer.
        port: Port,
        /// The new connection.
        link: Link,
    },
    /// A connection that was asked for did not come about. Nothing was sent: this is safe.
    ConnectFailed {
        /// The peer.
        port: Port,
    },
    /// A connection is gone. What was sent on it is in doubt.
    LinkDown {
        /// The connection.
        link: Link,
        /// How it ended.
        reason: LinkDownReason,
    },
    /// Bytes as read: half a frame, one, or several.
    Received {
        /// The connection they were read from.
        link: Link,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// The oldest commit that was under way is durable.
    Committed,
    /// The time of [`Node::deadline`] has come, or a wake-up came early.
    DeadlineReached,
    /// A device answered.
    Told {
        /// Which one.
        device: Device,
        /// What it said.
        outcome: Outcome,
    },
    /// A person asked for something.
    Commanded(Command),
}

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LinkDownReason {
    /// The peer closed it in order.
    Closed,
    /// It broke: reset, or a write failed. Some of what was written may have arrived.
    Reset,
}

/// What survived a loss of power.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Journal<'a> {
    /// Every committed record, oldest first.
    pub records: &'a [Record],
    /// A record whose write was cut in the middle. Its checksum is wrong: it says what *was being*
    /// written, and a correct party believes nothing of it.
    pub torn: Option<&'a Record>,
}

impl Journal<'_> {
    /// A journal without a record.
    pub const EMPTY: Journal<'static> = Journal { records: &[], torn: None };
}

/// What a person asks a party to do: a cashier at a terminal, an operator at a switch or issuer.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Command {
    /// Fetch work keys and the batch number (签到).
    SignOn {
        /// The wish.
        ticket: Ticket,
    },
    /// Sell goods for `amount` (消费).
    Sale {
        /// The wish.
        ticket: Ticket,
        /// The price.
        amount: Amount,
        /// The card in the reader.
        card: Card,
    },
    /// Hold money for later (预授权).
    PreAuth {
        /// The wish.
        ticket: Ticket,
        /// How much to hold.
        amount: Amount,
        /// The card in the reader.
        card: Card,
    },
    /// Do something about an earlier transaction, named by its slip: complete or void a
    /// pre-authorisation, refund a sale, add a tip to it. Or book what was authorised by telephone,
    /// with a slip that says nothing but the authorization code.
    Follow {
        /// The wish.
        ticket: Ticket,
        /// What to do: a kind that has an original, or [`Kind::OfflineSale`].
        kind: Kind,
        /// How much: of a completion or refund less than the original, if wanted.
        amount: Amount,
        /// The card in the reader.
        card: Card,
        /// What the slip says.
        original: Voucher,
        /// What the supervisor typed; completions and tips need nobody's.
        password: [u8; 6],
    },
    /// Undo a voucher of the open batch, a sale or a completion (撤销).
    Void {
        /// The wish.
        ticket: Ticket,
        /// The voucher number (STAN).
        voucher: u32,
        /// The card in the reader.
        card: Card,
        /// What the supervisor typed.
        password: [u8; 6],
    },
    /// Ask what the account holds (余额查询).
    Inquiry {
        /// The wish.
        ticket: Ticket,
        /// The card in the reader.
        card: Card,
    },
    /// Compare totals with the host and close the batch (结算).
    Settle {
        /// The wish.
        ticket: Ticket,
    },
    /// Print a slip again (重打印).
    Reprint {
        /// The wish.
        ticket: Ticket,
        /// The voucher number (STAN), or none for the last slip.
        voucher: Option<u32>,
    },
    /// Fetch chip parameters and public keys (IC参数下载, 公钥下载).
    Download {
        /// The wish.
        ticket: Ticket,
    },
    /// Give the work keys up (签退).
    SignOff {
        /// The wish.
        ticket: Ticket,
    },
    /// Test the line (回响测试).
    Echo {
        /// The wish.
        ticket: Ticket,
    },
    /// Host operator: begin the business date `date`; answer 90 for `window` from now on.
    CutOver {
        /// The new business date.
        date: Date,
        /// How long requests are refused with code 90.
        window: Duration,
    },
    /// Host operator: stop serving for this long (requests are answered 91 or not at all).
    Maintenance {
        /// The length of the window.
        window: Duration,
    },
    /// Host operator: close the route to the peer at `port` for whatever begins, or open it again.
    Route {
        /// The upstream port.
        port: Port,
        /// Whether it is open from now on.
        is_open: bool,
    },
    /// Nobody asks for it: of two nodes over one store, the one that has the lease stands still for
    /// this long (its machine is stalled, its memory is collected), in the middle of the next thing
    /// that it takes up: it has decided, and nothing of it is done. A party that is one machine
    /// takes no notice.
    Pause {
        /// How long.
        length: Duration,
    },
    /// Host operator: withdraw the work keys of the terminal at `port`.
    WithdrawKeys {
        /// The port of the terminal.
        port: Port,
    },
    /// A merchant at the acquirer's claims desk: pay me for this (请款).
    Claim {
        /// The wish.
        ticket: Ticket,
        /// What the merchant wrote down.
        slip: ClaimSlip,
    },
    /// A merchant at the acquirer's claims desk: what became of this?
    LookUp {
        /// The wish.
        ticket: Ticket,
        /// What the merchant wrote down.
        slip: ClaimSlip,
    },
    /// A cardholder at the issuer: show me the slips of what I paid with this card, if it was this
    /// much (调单).
    Retrieve {
        /// The wish.
        ticket: Ticket,
        /// The card.
        pan: Pan,
        /// How much.
        amount: Amount,
    },
}

/// Something a party wants done.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// Make it durable, and let it be believed. Consecutive records are one commit, and whatever
    /// follows them waits for it.
    Record(Record),
    /// Open one more connection to the peer. Answered by `LinkUp` or `ConnectFailed`.
    Connect(Port),
    /// Write one frame.
    Send {
        /// The connection to write to.
        link: Link,
        /// The frame, sealed and framed.
        frame: Vec<u8>,
    },
    /// Close the connection. No `LinkDown` follows at this end.
    Disconnect(Link),
    /// Show, print, ask or log.
    Tell {
        /// The device.
        device: Device,
        /// What it shall put out.
        output: Output,
    },
}

/// What a party wants done, in order, each with the ticket it is about.
///
/// An action is about the ticket of the event that caused it, unless the party says otherwise with
/// [`about`](Actions::about) — as it must for work it stored and takes up later.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Actions {
    list: Vec<(Ticket, Action)>,
    ticket: Ticket,
}

impl Actions {
    /// An empty list for an event that is about `ticket`.
    pub fn new(ticket: Ticket) -> Actions {
        Actions { list: Vec::new(), ticket }
    }

    /// The ticket that the next action will be about.
    pub fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// From here on, actions are about `ticket`.
    pub fn about(&mut self, ticket: Ticket) {
        self.ticket = ticket;
    }

    /// Appends [`Action::Record`].
    pub fn record(&mut self, record: impl Into<Record>) {
        self.list.push((self.ticket, Action::Record(record.into())));
    }

    /// Appends [`Action::Connect`].
    pub fn connect(&mut self, port: Port) {
        self.list.push((self.ticket, Action::Connect(port)));
    }

    /// Appends [`Action::Send`].
    pub fn send(&mut self, link: Link, frame: Vec<u8>) {
        self.list.push((self.ticket, Action::Send { link, frame }));
    }

    /// Appends [`Action::Disconnect`].
    pub fn disconnect(&mut self, link: Link) {
        self.list.push((self.ticket, Action::Disconnect(link)));
    }

    /// Appends [`Action::Tell`].
    pub fn tell(&mut self, device: Device, output: Output) {
        self.list.push((self.ticket, Action::Tell { device, output }));
    }

    /// Moves all of `later` behind these, each with the ticket it is about.
    pub fn append(&mut self, later: &mut Actions) {
        self.list.append(&mut later.list);
    }

    /// Moves every record before everything else, so that what one event decided is one commit, and
    /// nothing that a later event decides is written in between.
    pub fn records_first(&mut self) {
        self.list.sort_by_key(|(_, action)| !matches!(action, Action::Record(_)));
    }

    /// The actions so far.
    pub fn as_slice(&self) -> &[(Ticket, Action)] {
        &self.list
    }

    /// Takes the actions out, keeping the room for the next ones. For runners.
    pub fn drain(&mut self) -> impl Iterator<Item = (Ticket, Action)> + '_ {
        self.list.drain(..)
    }

    /// Takes the actions out and leaves `room`, emptied, for the next ones. For runners that keep
    /// both and so need no new memory for every event.
    #[must_use]
    pub fn take(&mut self, mut room: Vec<(Ticket, Action)>) -> Vec<(Ticket, Action)> {
        room.clear();
        std::mem::replace(&mut self.list, room)
    }

    /// Starts over for an event that is about `ticket`. For runners.
    pub fn reset(&mut self, ticket: Ticket) {
        self.list.clear();
        self.ticket = ticket;
    }
}
