//! The terminal: sells by card and by payment code, voids, refunds, pre-authorises, inquires,
//! reverses what is in doubt, settles. Knows one host and no money but its batch.
//!
//! Read docs/protocol.md 2 (reversals) before touching a transition. Two rules carry everything: a
//! record that would reverse a request, or repeat an advice, is durable before it is on the wire,
//! and the reversal goes before the next wish that needs the host, never by itself; after all
//! reversals go the repeats.

mod advice;
mod chip;
mod config;
mod download;
mod exchange;
mod journal;
mod messages;
mod order;
mod request;
mod reversal;
mod settlement;
mod sign_on;
mod stan;
#[cfg(test)]
mod tests;

pub use config::{Config, HOST};

use crate::asked::{Asked, Asking, Question};
use crate::card::{Amount, Card, Voucher};
use crate::defect::Defect;
use crate::device::{Device, Display, Outcome, Output, Slip};
use crate::iso8583::Mti;
use crate::line::{Incoming, Line};
use crate::node::{Actions, Command, Event, Journal, Link, Node, Ticket};
use crate::record::{Kind, Reason, TerminalRecord};
use crate::security::Pin;
use crate::time::{Instant, LocalTime, Now};
use crate::timers::Timers;
use download::Download;
use journal::{Keys, Memory, Transaction};
use messages::Approval;
use reversal::{due, in_doubt};

/// A terminal with its cashier's screen, printer and PIN pad.
#[derive(Clone, Debug)]
pub struct Terminal {
    config: Config,
    /// Everything that survives a loss of power.
    memory: Memory,
    state: State,
    /// The one wish that waits until the present one is done.
    remembered: Option<Wish>,
    line: Line,
    connection: Connection,
    timers: Timers<Timer>,
    /// Planted defect T28: the answer's deadline by the calendar clock.
    answer_by: LocalTime,
    /// Slips the printer has not answered, oldest first.
    slips: Vec<Printing>,
    asking: Asking,
}

/// What somebody asked for, and how far it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Wish {
    ticket: Ticket,
    aim: Aim,
    /// Sendings of the present management message that went unanswered.
    attempts: u8,
    /// It has signed on once already on its way.
    has_signed_on: bool,
    /// Nobody has to allow it, or the supervisor did.
    is_allowed: bool,
    /// It goes on although a reversal is pending. Only planted defect T07 sets it.
    skips_reversal: bool,
    /// What it settles, it settles once more. Only planted defect T21 sets it.
    settles_again: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Aim {
    SignOn,
    SignOff,
    /// A request that moves something; what it refers to, as the slip of that says.
    Ask {
        kind: Kind,
        amount: Amount,
        card: Card,
        original: Option<Voucher>,
    },
    /// To undo this voucher of the open batch.
    Void {
        voucher: u32,
        card: Card,
    },
    Inquiry {
        card: Card,
    },
    Settle,
    /// To end what is in doubt, after a payment whose answer did not come.
    Conclude,
    Reprint {
        voucher: Option<u32>,
    },
    Echo,
    Download,
}

/// What the terminal is waiting for.
#[derive(Clone, PartialEq, Eq, Debug)]
enum State {
    /// A wish.
    Idle,
    /// The connection; then the request goes out, or the wish takes its next step.
    Connecting { wish: Wish, request: Option<Request> },
    /// 0810.
    SigningOn { wish: Wish, stan: u32 },
    /// 0410 about the transaction with the voucher number `original`, or 0230 to the repeat of an
    /// advice; after a refusal, the end of the time an answer may take.
    Reversing { wish: Wish, original: u32, stan: u32, is_refused: bool },
    /// The chip, to be read.
    ReadingCard { wish: Wish },
    /// The cardholder.
    EnteringPin { wish: Wish },
    /// The chip's cryptogram.
    Signing { wish: Wish, pin: Option<Pin> },
    /// 0110 or 0210 to a request that moves something, or 0230 to an advice.
    Asking { transaction: Transaction },
    /// The chip's last word on what the host approved.
    Completing { transaction: Transaction, approval: Approval },
    /// 0210 to an inquiry.
    Inquiring { ticket: Ticket, stan: u32 },
    /// 0510.
    Comparing { wish: Wish, stan: u32 },
    /// 0330 to the details up to `through`, or to the end message.
    Uploading { wish: Wish, stan: u32, through: Option<u32> },
    /// 0830 with a list, or 0810 with an entry of it, or to the end.
    Downloading { wish: Wish, download: Download },
    /// 0830: to a line test, which has no number, or to a sign-off.
    Testing { wish: Wish, stan: Option<u32> },
    /// The printer.
    Printing,
}

/// A sealed request that waits for the connection.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Request {
    what: Requested,
    frame: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Requested {
    Transaction(Transaction),
    Inquiry { ticket: Ticket, stan: u32 },
}

/// The connection to the host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Connection {
    Down,
    Dialling,
    Up(Link),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Timer {
    /// When to give up waiting for the answer, or for the connection.
    Answer,
    /// When to give up waiting for the answer to a line test that nobody asked for.
    EchoAnswer,
    /// When the line has been idle for so long that it is tested.
    IdleLine,
}

/// What to do when the printer answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Printing {
    Receipt {
        ticket: Ticket,
        stan: u32,
        is_copy: bool,
    },
    /// Nothing depends on it.
    Note,
}

/// What happened, in the terminal's terms.
enum Input<'a> {
    Wish(Wish),
    /// The connection stands.
    LineUp,
    /// It did not come about.
    LineFailed,
    /// It is gone.
    LineLost,
    /// A message came.
    Heard(&'a Incoming),
    /// A frame came that is no message.
    Garbled,
    /// The time for an answer is over.
    TimedOut,
    /// PIN pad or card reader answered.
    Told(Outcome),
}

impl Terminal {
    /// A terminal before power comes on.
    pub fn new(config: Config) -> Terminal {
        Terminal {
            memory: Memory::new(&config),
            state: State::Idle,
            remembered: None,
            line: Line::pos(None, config.frame_timeout, config.defects),
            connection: Connection::Down,
            timers: Timers::new(),
            answer_by: LocalTime::default(),
            slips: Vec::new(),
            asking: Asking::new(),
            config,
        }
    }

    /// The protocol: every transition is here, and what it computes is in the methods it calls.
    /// What no arm names changes nothing.
    fn step(&mut self, now: Now, input: Input<'_>, actions: &mut Actions) {
        use {Input as I, State as S};
        match (core::mem::replace(&mut self.state, S::Idle), input) {
            (S::Idle, I::Wish(wish)) => self.proceed(now, wish, actions),
            (state, I::Wish(wish)) => self.put_off(state, wish, actions),
            (S::Connecting { wish, request }, I::LineUp) => match request {
                Some(request) => self.submit(now, request, actions),
                None => self.proceed(now, wish, actions),
            },
            (S::Connecting { wish, request }, I::LineFailed | I::TimedOut) => {
                self.not_connected(now, wish, request, actions);
            }
            (S::SigningOn { wish, stan }, I::Heard(m))
                if self.hears(m, Mti::NETWORK_REQUEST, stan) =>
            {
                self.sign_on_answered(now, wish, m, actions);
            }
            (S::Reversing { wish, original, stan, .. }, I::Heard(m))
                if self.hears_of_doubt(m, original, stan) =>
            {
                self.reversal_answered(now, wish, (original, stan), m, actions);
            }
            (S::Reversing { wish, original, is_refused, .. }, I::TimedOut | I::LineLost) => {
                self.reversal_failed(now, wish, original, is_refused, actions);
            }
            (state, I::Told(outcome)) => self.told(now, state, outcome, actions),
            (S::Asking { transaction }, I::Heard(m)) if self.hears_of(&transaction, m) => {
                self.answered(now, &transaction, m, actions);
            }
            (S::Asking { transaction }, I::TimedOut) => self.timed_out(now, &transaction, actions),
            (S::Asking { transaction }, I::LineLost) => self.cut_off(now, &transaction, actions),
            (S::Asking { transaction }, I::Garbled) => self.garbled(now, &transaction, actions),
            (S::Inquiring { ticket, stan }, I::Heard(m))
                if self.hears(m, Mti::FINANCIAL_REQUEST, stan) =>
            {
                self.inquiry_answered(now, ticket, m, actions);
            }
            (S::Inquiring { ticket, .. }, I::TimedOut | I::LineLost | I::Garbled) => {
                self.inquiry_unanswered(now, ticket, actions);
            }
            (S::Comparing { wish, stan }, I::Heard(m))
                if self.hears(m, Mti::RECONCILIATION_REQUEST, stan) =>
            {
                self.totals_answered(now, wish, m, actions);
            }
            (S::Uploading { wish, stan, through }, I::Heard(m))
                if self.hears_of_upload(m, stan, through) =>
            {
                self.upload_answered(now, wish, through, m, actions);
            }
            (S::Comparing { wish, .. }, I::TimedOut | I::LineLost) => {
                self.totals_unanswered(now, wish, actions);
            }
            (S::Downloading { wish, download }, I::Heard(m))
                if self.hears_of_download(&download, m) =>
            {
                self.download_answered(now, wish, download, m, actions);
            }
            (
                S::SigningOn { wish, .. } | S::Uploading { wish, .. } | S::Downloading { wish, .. },
                I::TimedOut | I::LineLost,
            ) => self.unanswered(now, wish, actions),
            (S::Testing { wish, stan }, I::Heard(m)) if self.hears_of_test(m, stan) => {
                self.tested(now, wish, m, actions);
            }
            (S::Testing { wish, .. }, I::TimedOut | I::LineLost) => self.fail(now, wish, actions),
            (state, I::Heard(m)) => self.ignore(state, m, actions),
            (state, _) => self.state = state,
        }
    }

    /// Takes a wish one step further: what is missing before what was asked for comes first.
    fn proceed(&mut self, now: Now, wish: Wish, actions: &mut Actions) {
        self.timers.clear(Timer::Answer);
        actions.about(wish.ticket);
        match (wish.aim, &self.memory.keys) {
            _ if !wish.is_allowed => self.end(now, wish.ticket, Display::WrongPassword, actions),
            (Aim::Reprint { voucher }, _) => self.reprint(now, wish.ticket, voucher, actions),
            (Aim::Echo, _) => self.test_line(now, wish, actions),
            (Aim::Download, _) => self.download(now, wish, actions),
            (Aim::SignOff, Keys::Never | Keys::Withdrawn) => {
                self.end(now, wish.ticket, Display::SignedOff, actions);
            }
            (Aim::SignOn, _) | (_, Keys::Withdrawn) => self.sign_on(now, wish, actions),
            (_, Keys::Never) => self.end(now, wish.ticket, Display::MustSignOn, actions),
            (aim, Keys::Good(_)) => match (self.next_doubt(&wish), aim) {
                (Some(doubt), _) => self.end_doubt(now, wish, doubt, actions),
                (None, Aim::Settle) => self.settle(now, wish, actions),
                (None, Aim::SignOff) => self.sign_off(now, wish, actions),
                (None, Aim::Conclude) => self.concluded(now, actions),
                (None, _) => self.ask_for_pin(now, wish, actions),
            },
        }
    }

    /// One wish is remembered; for more the terminal is busy.
    fn put_off(&mut self, state: State, wish: Wish, actions: &mut Actions) {
        self.state = state;
        actions.about(wish.ticket);
        match self.remembered {
            None => self.remembered = Some(wish),
            Some(_) => show(actions, Display::Busy),
        }
    }

    /// The wish `ticket` ends with this display; the remembered one begins.
    fn end(&mut self, now: Now, ticket: Ticket, display: Display, actions: &mut Actions) {
        actions.about(ticket);
        show(actions, display);
        self.rest(now, actions);
    }

    /// Nothing is left to do for the present wish; the remembered one begins.
    fn rest(&mut self, now: Now, actions: &mut Actions) {
        self.state = State::Idle;
        self.timers.clear(Timer::Answer);
        if let Some(wish) = self.remembered.take() {
            self.proceed(now, wish, actions);
        }
    }

    /// Makes a record durable and acts on it.
    fn record(&mut self, record: TerminalRecord, actions: &mut Actions) {
        self.memory.learn(&record, &self.config);
        if matches!(record, TerminalRecord::SignedOn { .. } | TerminalRecord::SignedOff) {
            self.take_keys();
        }
        let is_pending = matches!(
            record,
            TerminalRecord::ReversalDue { .. } | TerminalRecord::ReversalTried { .. }
        );
        if is_pending && self.config.defects.has(Defect::T03) {
            return;
        }
        actions.record(record);
    }

    /// Lets the line use the work keys of the journal.
    fn take_keys(&mut self) {
        self.line.set_mac_key(match &self.memory.keys {
            Keys::Good(keys) => Some(keys.mac.clone()),
            Keys::Never | Keys::Withdrawn => None,
        });
    }

    /// Power comes on: everything begins again from the journal.
    fn start(&mut self, journal: Journal<'_>, actions: &mut Actions) {
        let memory = Memory::rebuild(journal, &self.config);
        *self = Terminal { memory, ..Terminal::new(self.config.clone()) };
        self.take_keys();
        if self.config.defects.has(Defect::T06) {
            // What was tried often enough is forgotten, however often that was.
            self.asking.note(Question::ReversalBudget, 0);
            self.asking.note(Question::ReversalBudget, u64::MAX);
        }
        if let Some(transaction) = self.memory.in_flight {
            // Whether it was sent, and what the host said, nobody knows any more.
            actions.about(transaction.ticket);
            self.record(due(&transaction, Reason::NoAnswer), actions);
            show(actions, in_doubt(&transaction));
        } else if let Some(booked) = self.memory.vouchers.last().filter(|one| !one.is_printed) {
            actions.about(booked.transaction.ticket);
            show(actions, Display::PrinterFault);
        }
        actions.about(Ticket::NONE);
        show(actions, Display::Ready);
    }
}

impl Node for Terminal {
    fn handle(&mut self, now: Now, event: Event<'_>, actions: &mut Actions) {
        match event {
            Event::Started { journal } => self.start(journal, actions),
            Event::LinkUp { port, link } => self.link_up(now, port, link, actions),
            Event::ConnectFailed { port } => self.connect_failed(now, port, actions),
            Event::LinkDown { link, .. } => self.link_down(now, link, actions),
            Event::Received { link, bytes } => self.receive(now, link, bytes, actions),
            Event::DeadlineReached => self.expire(now, actions),
            Event::Told { device: Device::Printer, outcome } => {
                self.printed(now, outcome == Outcome::Printed, actions);
            }
            Event::Told { outcome, .. } => self.step(now, Input::Told(outcome), actions),
            Event::Commanded(command) => {
                if let Some(wish) = Wish::of(command, &self.config) {
                    self.step(now, Input::Wish(wish), actions);
                }
            }
            // One event after another: nothing waits for a commit but the actions behind it.
            Event::Committed => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let (timer, frame) = (self.timers.deadline(), self.line.deadline());
        timer.into_iter().chain(frame).min()
    }

    fn asked(&self) -> Asked {
        self.asking.so_far()
    }
}

impl Wish {
    /// What a cashier asked for; an operator's commands are for hosts.
    fn of(command: Command, config: &Config) -> Option<Wish> {
        let (ticket, aim) = match command {
            Command::SignOn { ticket } => (ticket, Aim::SignOn),
            Command::Sale { ticket, amount, card } => {
                (ticket, Aim::Ask { kind: Kind::Sale, amount, card, original: None })
            }
            Command::PreAuth { ticket, amount, card } => {
                (ticket, Aim::Ask { kind: Kind::PreAuth, amount, card, original: None })
            }
            Command::Follow { ticket, kind, amount, card, original, .. } => {
                if kind.original().is_none() && kind != Kind::OfflineSale {
                    return None;
                }
                (ticket, Aim::Ask { kind, amount, card, original: Some(original) })
            }
            Command::Void { ticket, voucher, card, .. } => (ticket, Aim::Void { voucher, card }),
            Command::Inquiry { ticket, card } => (ticket, Aim::Inquiry { card }),
            Command::Settle { ticket } => (ticket, Aim::Settle),
            Command::Reprint { ticket, voucher } => (ticket, Aim::Reprint { voucher }),
            Command::SignOff { ticket } => (ticket, Aim::SignOff),
            Command::Echo { ticket } => (ticket, Aim::Echo),
            Command::Download { ticket } => (ticket, Aim::Download),
            Command::CutOver { .. }
            | Command::Maintenance { .. }
            | Command::Route { .. }
            | Command::WithdrawKeys { .. }
            | Command::Claim { .. }
            | Command::LookUp { .. }
            | Command::Retrieve { .. }
            | Command::Pause { .. } => return None,
        };
        let is_allowed = match command {
            Command::Void { password, .. } => password == config.supervisor_password,
            Command::Follow { kind, password, .. } => {
                let needs_none = kind.completes() || kind == Kind::Tip;
                needs_none || password == config.supervisor_password
            }
            _ => true,
        };
        Some(Wish {
            ticket,
            aim,
            attempts: 0,
            has_signed_on: false,
            is_allowed,
            skips_reversal: false,
            settles_again: false,
        })
    }
}

fn show(actions: &mut Actions, display: Display) {
    actions.tell(Device::Screen, Output::Display(display));
}

fn print(actions: &mut Actions, slip: Slip) {
    actions.tell(Device::Printer, Output::Slip(slip));
}

/// Batch numbers run from 1 to 999999.
fn next_batch(batch: u32) -> u32 {
    if batch >= 999_999 { 1 } else { batch + 1 }
}
