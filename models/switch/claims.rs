//! The claims desk of an acquirer (请款, 调单): a merchant's slip of paper is matched with exactly one
//! transaction or refused; what is taken is in the next extract; what issuers return is taken, and
//! the slips that they ask for are looked for.
//!
//! A claim is a transaction of its own and final: what it is about is not reversed any more. So it
//! is only taken when nothing of that is on its way. The switch has never seen a slip: the merchant
//! says at the desk whether there is one. A loss of power in between asks again.

use super::book::{Sent, Transaction};
use super::rules::written_at;
use super::{Switch, about};
use crate::claim::{ClaimRefusal, ClaimSlip, DeskNote, VoucherState};
use crate::defect::Defect;
use crate::device::{Device, Outcome, Output};
use crate::filing::{self, FileText, Inbox, Part, Place};
use crate::iso8583::{Envelope, Message, Mti, ResponseCode};
use crate::line::{Line, LineError, MacCheck};
use crate::node::{Actions, Event, Link, Ticket};
use crate::record::{Extracted, FileEntry, FileKind, Kind, Origin, SwitchRecord};
use crate::time::{Duration, Instant, LocalTime, Now};

/// Between a watch and the switch's clock, if there is no voucher number to go by.
const TOLERANCE: Duration = Duration::secs(600);

/// What the desk does not keep when power fails.
#[derive(Clone, Debug, Default)]
pub(super) struct Desk {
    /// The line on which returns come, if it stands.
    line: Option<(Link, Line)>,
    inbox: Inbox,
    /// The transaction whose slip a merchant is looking for.
    sought: Option<u64>,
}

impl Desk {
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.line.as_ref().and_then(|(_, line)| line.deadline())
    }
}

impl Switch {
    /// A merchant wants to be paid.
    pub(super) fn claim(&mut self, ticket: Ticket, slip: &ClaimSlip, actions: &mut Actions) {
        let (record, note) = match self.judge(slip) {
            Ok((id, of)) => (SwitchRecord::ClaimFiled { id, ticket, of }, DeskNote::ClaimFiled),
            Err(why) => (SwitchRecord::ClaimRefused { ticket, why }, DeskNote::ClaimRefused(why)),
        };
        self.commit(record, actions);
        actions.tell(Device::Desk, Output::Desk(note));
    }

    /// A merchant wants to know what became of a voucher.
    pub(super) fn look_up(&self, slip: &ClaimSlip, actions: &mut Actions) {
        let state = match self.named_on(slip) {
            Err(ClaimRefusal::Several) => VoucherState::Several,
            Err(_) => VoucherState::Unknown,
            Ok((id, transaction)) => self.state(id, transaction),
        };
        actions.tell(Device::Desk, Output::Desk(DeskNote::State(state)));
    }

    /// The one sale that a slip can mean.
    fn named_on(&self, slip: &ClaimSlip) -> Result<(u64, &Transaction), ClaimRefusal> {
        let is_it = |(_, transaction): &(u64, &Transaction)| {
            let (Origin::Pos(key), Kind::Sale, Some(sent)) =
                (transaction.origin, transaction.kind, transaction.sent)
            else {
                return false;
            };
            let Sent { pan, amount, merchant, .. } = sent;
            let is_then = match slip.voucher {
                Some(stan) => key.stan == stan,
                None => written_at(sent.key.transmission, slip.at)
                    .is_some_and(|at| is_near(at, slip.at)),
            };
            (pan, amount, merchant) == (slip.pan, slip.amount, slip.merchant) && is_then
        };
        let mut named = self.book.transactions().filter(is_it);
        match (named.next(), named.next()) {
            (Some(one), None) => Ok(one),
            (Some(_), Some(_)) => Err(ClaimRefusal::Several),
            (None, _) => Err(ClaimRefusal::Unknown),
        }
    }

    fn judge(&self, slip: &ClaimSlip) -> Result<(u64, Ticket), ClaimRefusal> {
        let (id, transaction) = self.named_on(slip)?;
        let is_again = self.book.claims.of(id).is_some() && !self.config.defects.has(Defect::B16);
        let passed = self.book.business_date.days() - transaction.business_date.days();
        let why = match self.state(id, transaction) {
            VoucherState::Returned => ClaimRefusal::NoSlip,
            VoucherState::Claimed | VoucherState::ChargedBack if is_again => ClaimRefusal::Claimed,
            VoucherState::Approved | VoucherState::Settled | VoucherState::Presented => {
                ClaimRefusal::Stands
            }
            VoucherState::Undecided => ClaimRefusal::Undecided,
            VoucherState::Declined => ClaimRefusal::Declined,
            VoucherState::Undone => ClaimRefusal::Undone,
            _ if passed > i64::from(self.config.claim_days) => ClaimRefusal::TooLate,
            _ if self.book.advices().any(|advice| advice.id == id) => ClaimRefusal::Undecided,
            _ => return Ok((id, transaction.ticket)),
        };
        Err(why)
    }

    /// What is known of a transaction.
    fn state(&self, id: u64, transaction: &Transaction) -> VoucherState {
        let closed = match transaction.origin {
            Origin::Pos(key) => self.book.is_closed(key.terminal, key.batch),
            Origin::Network(_) => false,
        };
        let is_undone = self.book.successor(id).is_some() || self.book.refunded(id) > 0;
        match (self.book.claims.of(id), transaction.answer) {
            (Some(true), _) => VoucherState::ChargedBack,
            (Some(false), _) => VoucherState::Claimed,
            _ if self.book.claims.is_slipless(id) => VoucherState::Returned,
            _ if is_undone => VoucherState::Undone,
            // Whoever was told no, because nobody answered, was reversed for it.
            (_, Some(answer)) if !answer.code.is_approval() && !transaction.is_advised => {
                VoucherState::Declined
            }
            (_, None) if !transaction.is_advised && transaction.reversal.is_none() => {
                VoucherState::Undecided
            }
            _ if !self.book.stands(transaction) => match self.book.is_one_sided(transaction) {
                true => VoucherState::OneSided,
                false => VoucherState::Reversed,
            },
            _ if self.book.closing.is_presented(id) => VoucherState::Presented,
            _ if closed => VoucherState::Settled,
            _ => VoucherState::Approved,
        }
    }

    /// Takes what happened on the line of returns, or at the desk; false if it happened elsewhere.
    pub(super) fn hear_desk(&mut self, now: Now, event: &Event<'_>, actions: &mut Actions) -> bool {
        let Some(terms) = &self.config.clearing else { return false };
        match *event {
            Event::LinkUp { port, link } if port == terms.returns => {
                let timeout = self.config.frame_timeout;
                let line = Line::network(&terms.zone, timeout, self.config.defects);
                self.desk.line = Some((link, line));
                self.desk.inbox = Inbox::default();
            }
            Event::LinkDown { link, .. } if self.desk.is_on(link) => self.desk.line = None,
            Event::Received { link, bytes } if self.desk.is_on(link) => {
                self.receive_returns(now, bytes, actions);
            }
            Event::Told { device: Device::Desk, ref outcome } => {
                self.slip_sought(outcome == &Outcome::SlipFound, actions);
            }
            _ => return false,
        }
        true
    }

    fn receive_returns(&mut self, now: Now, bytes: &[u8], actions: &mut Actions) {
        if let Some((_, line)) = &mut self.desk.line {
            line.receive(now.instant, bytes);
        }
        while let Some((link, line)) = &mut self.desk.line
            && let Some(read) = line.next()
        {
            match read {
                Ok(incoming)
                    if incoming.mac == MacCheck::Valid
                        && incoming.message.mti() == Mti::FILE_ADVICE =>
                {
                    self.return_part(now, &incoming.message, actions);
                }
                // Without a MAC that is right, nobody knows who asks: the sender tries again.
                Ok(_) | Err(LineError::Decode { .. }) => {}
                Err(LineError::Frame(_)) => {
                    actions.disconnect(*link);
                    self.desk.line = None;
                }
            }
        }
    }

    /// A part of a file of returns.
    fn return_part(&mut self, now: Now, part: &Message, actions: &mut Actions) {
        let Some(place) = Place::of(part) else { return };
        if self.is_in_maintenance(now) {
            return;
        }
        let last = self.book.claims.last;
        let is_taken = last.is_some_and(|(last, _)| last.sequence >= place.file.sequence);
        let is_durable = last.is_none_or(|(_, commit)| self.is_durable(commit));
        let (next, code) = match is_taken {
            // The answer to the part that is being written says it.
            true if !is_durable => return,
            true => (place.total, ResponseCode::APPROVED),
            false => match self.desk.inbox.take(place, part) {
                Part::Next(next) => (next, ResponseCode::APPROVED),
                Part::Whole(Err(_)) => (0, ResponseCode::RECONCILE_ERROR),
                Part::Whole(Ok(file)) => match self.refusal_of_returns(&file) {
                    Some(code) => (0, code),
                    None => {
                        self.take_returns(file, actions);
                        (place.total, ResponseCode::APPROVED)
                    }
                },
            },
        };
        let answer = filing::answer(part, place, next, code);
        if let Some((link, line)) = &self.desk.line
            && let Ok(frame) = line.seal(&answer, Envelope::default())
        {
            actions.send(*link, frame);
        }
    }

    fn refusal_of_returns(&self, file: &FileText) -> Option<ResponseCode> {
        let terms = self.config.clearing.as_ref()?;
        let id = &file.id;
        let is_ours = id.kind == FileKind::Return
            && id.sender == terms.institution
            && id.receiver == self.config.institution
            && file.currency == self.config.currency;
        if !is_ours {
            return Some(ResponseCode::INVALID_TRANSACTION);
        }
        let next = self.book.claims.last.map_or(1, |(last, _)| last.sequence + 1);
        (id.sequence != next).then_some(ResponseCode::ORIGINAL_NOT_FOUND)
    }

    fn take_returns(&mut self, file: FileText, actions: &mut Actions) {
        let known = |entry: FileEntry| {
            let of = self.book.sent_under(&entry.key);
            let of = of.and_then(|id| Some((id, self.book.transaction(id)?)));
            let is_its = |(_, transaction): &(u64, &Transaction)| {
                transaction.sent.is_some_and(|sent| sent.rrn == entry.rrn && sent.pan == entry.pan)
            };
            let named = of.filter(is_its).map(|(id, transaction)| (id, transaction.ticket));
            let (id, ticket) = named.unwrap_or((0, Ticket::NONE));
            Extracted { id, ticket, entry }
        };
        let entries = file.entries.into_iter().map(known).collect();
        about(Ticket::NONE, actions, |actions| {
            self.commit(SwitchRecord::ReturnTaken { file: file.id, entries }, actions);
        });
    }

    /// After every event: asks the merchant for the next slip, and hangs up on half a frame.
    pub(super) fn ask_for_slips(&mut self, now: Now, actions: &mut Actions) {
        if let Some((link, line)) = &mut self.desk.line
            && line.expire(now.instant)
        {
            actions.disconnect(*link);
            self.desk.line = None;
        }
        // Nothing is looked for while a refund is on its way, which would make it needless.
        let is_refunded = |id: u64| self.book.refunds_of(id).any(|(refund, _)| self.waits(refund));
        let mut wanted = self.book.claims.wanted().filter(|_| self.desk.sought.is_none());
        let next = wanted.find(|id| !is_refunded(*id));
        drop(wanted);
        let of = next.and_then(|id| self.book.transaction(id));
        if let Some(transaction) = of
            && let Origin::Pos(key) = transaction.origin
        {
            self.desk.sought = next;
            let (terminal, batch, stan) = (key.terminal, key.batch, key.stan);
            let note = DeskNote::SlipWanted { terminal, batch, stan };
            about(transaction.ticket, actions, |actions| {
                actions.tell(Device::Desk, Output::Desk(note));
            });
        }
    }

    /// The merchant has looked for the slip that is wanted.
    fn slip_sought(&mut self, is_there: bool, actions: &mut Actions) {
        let sought = self.desk.sought.take();
        // A refund may have made it needless while the merchant looked.
        let Some(id) = sought.filter(|id| self.book.claims.wanted().any(|wanted| wanted == *id))
        else {
            return;
        };
        let of = self.book.transaction(id).map_or(Ticket::NONE, |transaction| transaction.ticket);
        // Planted defect B19: whatever the merchant says, the debit is kept.
        let is_there = is_there || self.config.defects.has(Defect::B19);
        about(of, actions, |actions| {
            self.commit(SwitchRecord::SlipAnswered { id, of, is_there }, actions);
        });
    }

    /// Whether a sale is given back for want of a slip, or a merchant looks for it right now.
    pub(super) fn is_being_returned(&self, id: u64) -> bool {
        self.book.claims.is_slipless(id) || self.desk.sought == Some(id)
    }

    /// Whether a transaction is claimed, so that no reversal touches it any more.
    pub(super) fn is_claimed(&self, id: u64) -> bool {
        self.book.claims.of(id).is_some()
    }
}

impl Desk {
    fn is_on(&self, link: Link) -> bool {
        self.line.as_ref().is_some_and(|(own, _)| *own == link)
    }
}

/// Whether a watch and a clock may mean the same moment.
fn is_near(clock: LocalTime, watch: LocalTime) -> bool {
    clock.0.abs_diff(watch.0) <= TOLERANCE.0
}
