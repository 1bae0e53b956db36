//! The issuer: decides, books, remembers. Knows no terminal but by name.
//!
//! Read docs/protocol.md 2.4 before touching `Issuer::request` or `Issuer::reversal`: every order
//! of a request, its copies and its reversals must end in the same books. What is known of a
//! transaction is in books.rs, whether a request is approved in rules.rs.
//!
//! A commit may be slow, and other events arrive meanwhile. So the books change when the issuer
//! decides, and answers follow the record in the list of actions. A copy that arrives before the
//! record of the first one is durable waits for it too.

#[cfg(test)]
mod bench;
mod books;
mod clearing;
mod config;
mod escrow;
mod holding;
mod message;
mod order;
mod peers;
mod returns;
mod reversal;
mod rules;
mod settling;
mod surcharge;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_chip;
#[cfg(test)]
mod tests_claims;
#[cfg(test)]
mod tests_defects;
#[cfg(test)]
mod tests_escrow;
#[cfg(test)]
mod tests_follow;
#[cfg(test)]
mod tests_given_back;
#[cfg(test)]
mod tests_orders;
#[cfg(test)]
mod tests_payment;
#[cfg(test)]
mod tests_told;
mod writing;

pub use config::{AccountSpec, ClearingTerms, Config, Standing};

use crate::asked::{Asked, Asking};
use crate::card::{Amount, Pan};
use crate::defect::Defect;
use crate::device::{Device, Output, Text};
use crate::filing::{Channel, Inbox};
use crate::iso8583::{Element, Message, Mti, ResponseCode};
use crate::ledger::transfer;
use crate::line::{Incoming, LineError, MacCheck};
use crate::node::{Actions, Command, Event, Journal, Link, Node, Port};
use crate::record::{Account, IssuerRecord, Kind, Leg, Record};
use crate::time::{Date, Duration, Instant, LocalTime, Now, ZonedTime};
use books::{Books, Commit, Decision, Transaction, cardholder};
use message::{Answer, Request};
use peers::Peers;
use rules::{Terms, judge};
use settling::Item;

/// An issuer: accounts in double entry behind any number of switches.
#[derive(Clone, Debug)]
pub struct Issuer {
    config: Config,
    books: Books,
    peers: Peers,
    /// Commits begun since power came on, and how many of them are under way.
    begun: Commit,
    under_way: u64,
    /// Kept empty, for its room.
    rest: Actions,
    /// The presentment file that is coming.
    inbox: Inbox,
    /// The line on which it returns what it does not pay.
    returns: Option<Channel>,
    /// Requests are answered 90 until then.
    cut_over_until: Instant,
    /// Requests are answered 91 and advices nothing until then.
    maintenance_until: Instant,
    asking: Asking,
    /// Its calendar clock, as if it showed UTC.
    clock: LocalTime,
    /// When a hold is over whose request named a moment.
    next_expiry: Option<Instant>,
}

/// A message, and where its answer goes.
#[derive(Clone, Copy)]
struct Inbound<'a> {
    at: usize,
    message: &'a Message,
}

/// What one event leads to: its records first, as one commit, then everything else. So what one
/// event decided is never written after what a later event made of it.
struct Out<'a> {
    records: &'a mut Actions,
    rest: Actions,
}

impl Node for Issuer {
    fn handle(&mut self, now: Now, event: Event<'_>, actions: &mut Actions) {
        self.clock = ZonedTime { local: now.local, offset: self.config.zone }.utc();
        if !self.hear_returns(now, &event, actions) {
            self.happen(now, event, actions);
        }
        self.send_returns(now, actions);
        self.next_expiry = self.next_expiry(now.instant);
    }

    fn deadline(&self) -> Option<Instant> {
        let returns = self.returns.as_ref().and_then(Channel::deadline);
        let own = returns.into_iter().chain(self.next_expiry);
        own.chain(self.peers.deadline()).min()
    }

    fn asked(&self) -> Asked {
        self.asking.so_far()
    }
}

impl Issuer {
    fn happen(&mut self, now: Now, event: Event<'_>, actions: &mut Actions) {
        match event {
            Event::Started { journal } => self.start(journal, actions),
            Event::LinkUp { port, link } => self.attach(port, link, actions),
            Event::LinkDown { link, .. } => self.peers.detach(link),
            Event::Received { link, bytes } => self.receive(now.instant, link, bytes, actions),
            Event::Committed => self.committed(actions),
            Event::DeadlineReached => {
                if self.next_expiry.is_some_and(|at| at <= now.instant) {
                    self.expire_holds(actions);
                }
                self.peers.expire(now.instant, actions);
            }
            Event::Commanded(Command::CutOver { date, window }) => {
                self.cut_over(now.instant, date, window, actions);
            }
            Event::Commanded(Command::Maintenance { window }) => {
                self.maintenance_until = now.instant + window;
            }
            Event::Commanded(Command::Retrieve { pan, amount, .. }) => {
                let mut out = Out { records: actions, rest: Actions::default() };
                out.rest.reset(out.records.ticket());
                self.retrieve(pan, amount, &mut out);
                out.records.append(&mut out.rest);
            }
            Event::Commanded(_) | Event::ConnectFailed { .. } | Event::Told { .. } => {}
        }
    }

    /// An issuer without power: it begins with [`Event::Started`].
    pub fn new(config: Config) -> Issuer {
        let books = Books::from_journal(&config, &[]);
        let returns = Issuer::new_channel(&config);
        Issuer {
            config,
            books,
            peers: Peers::default(),
            begun: 0,
            under_way: 0,
            rest: Actions::default(),
            inbox: Inbox::default(),
            returns,
            cut_over_until: Instant::START,
            maintenance_until: Instant::START,
            asking: Asking::new(),
            clock: LocalTime::default(),
            next_expiry: None,
        }
    }

    /// Rebuilds everything from what survived. A torn record is a decision nobody was told of: the
    /// request or its reversal comes again, or the switch reverses what it got no answer to.
    fn start(&mut self, journal: Journal<'_>, actions: &mut Actions) {
        self.books = Books::from_journal(&self.config, journal.records);
        self.peers.clear();
        self.begun = 0;
        self.under_way = 0;
        self.cut_over_until = Instant::START;
        self.maintenance_until = Instant::START;
        self.inbox = Inbox::default();
        self.returns = Issuer::new_channel(&self.config);
        if let Some(opening) = self.books.opening(&self.config) {
            self.record(opening, actions);
        }
        if !self.config.defects.has(Defect::I30) {
            self.expire_holds(actions);
        }
        self.go_on_with_the_date(actions);
    }

    fn attach(&mut self, port: Port, link: Link, actions: &mut Actions) {
        let Config { lines, frame_timeout, defects, .. } = &self.config;
        match lines.iter().position(|(known, _)| *known == port) {
            Some(zone) => {
                self.peers.attach(link, zone, &lines[zone].1, *frame_timeout, *defects);
            }
            None => actions.disconnect(link),
        }
    }

    fn cut_over(&mut self, now: Instant, date: Date, window: Duration, actions: &mut Actions) {
        self.cut_over_until = now + window;
        // A command given twice, or late, does not take the books back a day.
        if date > self.books.business_date {
            self.record(IssuerRecord::CutOver { date }, actions);
            self.expire_holds(actions);
        }
    }

    fn receive(&mut self, now: Instant, link: Link, bytes: &[u8], actions: &mut Actions) {
        let Some(at) = self.peers.position(link) else { return };
        self.peers.receive(at, now, bytes);
        let mut out = Out { records: actions, rest: core::mem::take(&mut self.rest) };
        out.rest.reset(out.records.ticket());
        while let Some(next) = self.peers.next(at) {
            match next {
                Ok(incoming) => self.message(now, at, &incoming, &mut out),
                // Nobody is answered: without its elements the request has no name.
                Err(LineError::Decode { error, frame }) => {
                    let mut words = format!("undecodable message: {error}");
                    if self.config.defects.has(Defect::Z01) {
                        words.push_str(&message::dump(&frame));
                    }
                    out.rest.tell(Device::Log, Output::Log(words));
                }
                Err(error @ LineError::Frame(_)) => {
                    out.rest.tell(Device::Log, Output::Log(error.to_string()));
                    out.rest.disconnect(link);
                    self.peers.detach(link);
                    break;
                }
            }
        }
        out.records.append(&mut out.rest);
        self.rest = out.rest;
    }

    fn message(&mut self, now: Instant, at: usize, incoming: &Incoming, out: &mut Out<'_>) {
        let message = &incoming.message;
        let inbound = Inbound { at, message };
        match (message.mti(), incoming.mac) {
            (Mti::NETWORK_REQUEST, _) => {
                let code = match message.number(Element::NETWORK_CODE) {
                    Some(message::ECHO) => ResponseCode::APPROVED,
                    _ => ResponseCode::INVALID_TRANSACTION,
                };
                self.peers.send(at, &message::answer_network(message, code), &mut out.rest);
            }
            (
                Mti::REVERSAL_ADVICE
                | Mti::REVERSAL_ADVICE_REPEAT
                | Mti::FINANCIAL_ADVICE
                | Mti::FINANCIAL_ADVICE_REPEAT,
                _,
            ) if now < self.maintenance_until => {}
            (
                Mti::AUTHORIZATION_REQUEST
                | Mti::FINANCIAL_REQUEST
                | Mti::FINANCIAL_REPEAT
                | Mti::FINANCIAL_ADVICE
                | Mti::FINANCIAL_ADVICE_REPEAT,
                MacCheck::Valid,
            ) => {
                self.request(now, inbound, out);
            }
            (Mti::REVERSAL_ADVICE | Mti::REVERSAL_ADVICE_REPEAT, MacCheck::Valid) => {
                self.reversal(inbound, out);
            }
            (Mti::FILE_ADVICE, MacCheck::Valid) => self.part(now, inbound, out),
            (Mti::AUTHORIZATION_REQUEST | Mti::FINANCIAL_REQUEST | Mti::FINANCIAL_REPEAT, _)
            | (Mti::FINANCIAL_ADVICE | Mti::FINANCIAL_ADVICE_REPEAT, _)
            | (Mti::REVERSAL_ADVICE | Mti::REVERSAL_ADVICE_REPEAT, _) => {
                self.refuse(inbound, ResponseCode::MAC_ERROR, out);
            }
            (other, _) => {
                out.rest.tell(Device::Log, Output::Log(format!("unexpected message {other}")));
            }
        }
    }

    /// A 0100, 0200, 0220 or a repeat of one. Marked as a repeat or not makes no difference: its
    /// key says what it is.
    fn request(&mut self, now: Instant, inbound: Inbound<'_>, out: &mut Out<'_>) {
        let request = match Request::read(inbound.message, self.books.business_date) {
            Ok(request) => request,
            Err(code) => return self.refuse(inbound, code, out),
        };
        if request.kind == Kind::OrderQuery {
            return self.asked_of_order(now, inbound, &request, out);
        }
        match self.books.find(&request.key).copied() {
            // What an advice tells of is done: no window stands against it.
            None if request.is_told() => self.decide(inbound, &request, None, out),
            None => self.decide(inbound, &request, self.refusal(now), out),
            // The reversal overtook its request: 1. the request was held up past the switch's
            // time-out, 2. the switch reversed it, 3. now it arrives. Nobody waits for an approval.
            Some(Transaction::Barred(_)) => {
                let is_paid =
                    request.kind.is_order(&request.pan) && self.config.defects.has(Defect::I25);
                let refusal = (!is_paid).then_some(ResponseCode::DUPLICATE_TRANSMISSION);
                self.decide(inbound, &request, refusal, out);
            }
            // Refused, and approved by who stood in for us: the merchant was promised the money.
            Some(Transaction::Decided(refused))
                if request.is_stand_in && refused.is_of(&request) && !refused.is_approved() =>
            {
                self.decide(inbound, &request, None, out);
            }
            Some(Transaction::Decided(decision) | Transaction::Reversed(decision, _)) => {
                if decision.is_of(&request) {
                    self.answer_again(inbound, &request, &decision, out);
                } else {
                    self.refuse(inbound, ResponseCode::DUPLICATE_TRANSMISSION, out);
                }
            }
        }
    }

    /// Why no request is approved at present, whatever it asks.
    fn refusal(&self, now: Instant) -> Option<ResponseCode> {
        if now < self.maintenance_until {
            Some(ResponseCode::ISSUER_INOPERATIVE)
        } else if now < self.cut_over_until {
            Some(ResponseCode::CUTOVER_IN_PROGRESS)
        } else {
            None
        }
    }

    /// Decides, books and remembers in one write. A refusal is remembered too: a copy that arrives
    /// after a cut-over must not be approved behind the back of a switch that was told no.
    fn decide(
        &mut self,
        inbound: Inbound<'_>,
        request: &Request,
        refusal: Option<ResponseCode>,
        out: &mut Out<'_>,
    ) {
        let pin_key = &self.config.lines[self.peers.zone(inbound.at)].1.pin;
        self.books.refresh(&request.pan);
        let terms = Terms { config: &self.config, asking: &self.asking };
        let verdict = judge(terms, &self.books, request, pin_key, refusal);
        let id = self.books.next_id();
        let answer = Answer {
            code: verdict.code,
            effective: verdict.effective,
            authorization: verdict.code.is_approval().then(|| message::authorization(id)),
            balance: verdict.balance,
        };
        let decided = IssuerRecord::Decided {
            id,
            ticket: out.records.ticket(),
            key: request.key,
            terminal: request.terminal,
            rrn: request.rrn,
            pan: request.pan,
            kind: request.kind,
            is_stand_in: request.is_stand_in,
            original: self.original_of(request).map(|original| original.id),
            amount: request.amount,
            code: answer.code,
            effective: answer.effective,
            authorization: answer.authorization,
            balance: answer.balance,
            legs: self.legs_of_decision(request, answer.effective),
            hold: self.hold(request, answer.effective),
            until: self.until(request),
            pin_tries: verdict.pin_tries,
            presented: verdict.presented,
            business_date: request.business_date,
        };
        self.record(decided, out.records);
        // What is held again may be over already.
        if request.kind == Kind::CompletionVoid {
            self.expire_holds(out.records);
        }
        if self.config.defects.has(Defect::I07) {
            // The debit is one write, the memory of it another; the log between them parts the two.
            out.rest.tell(Device::Log, Output::Log(format!("entry {id} booked")));
            self.begin_commit(&out.rest);
            out.rest.record(Record::Own(id.to_be_bytes().into()));
        }
        let answer = message::answer(inbound.message, &answer, self.config.currency);
        self.peers.send(inbound.at, &answer, &mut out.rest);
        self.text(request.pan, verdict.effective, request.kind.money(), out);
    }

    /// The decision that a request is about, if it is about one that is known.
    fn original_of(&self, request: &Request) -> Option<Decision> {
        let known = self.books.find(request.original.as_ref()?)?;
        known.decision().filter(|decision| Some(decision.kind) == request.kind.original()).copied()
    }

    /// A copy gets the answer that was stored, and moves nothing.
    fn answer_again(
        &mut self,
        inbound: Inbound<'_>,
        request: &Request,
        decision: &Decision,
        out: &mut Out<'_>,
    ) {
        let mut answer = decision.answer;
        if self.config.defects.has(Defect::I18) && answer.authorization.is_some() {
            answer.authorization = Some(message::authorization(self.books.next_id()));
        }
        if self.config.defects.has(Defect::I23) && answer.code == ResponseCode::INCORRECT_PIN {
            self.books.count_wrong_pin_again(&request.pan);
        }
        let answer = message::answer(inbound.message, &answer, self.config.currency);
        self.send_when_durable(inbound.at, decision.commit, answer, out);
    }

    /// What a decision books: the amount, and what is charged on top of it.
    fn legs_of_decision(&self, request: &Request, effective: u64) -> Box<[Leg]> {
        let original = self.original_of(request);
        let voided = original.as_ref().filter(|_| request.kind.is_void());
        let item = voided.and_then(|voided| self.books.settling.of_decision(voided.id));
        let lies = item.map_or(Account::Settlement, Item::account);
        let legs = self.legs(&request.pan, effective, (request.kind.money(), lies));
        let surcharge = self.surcharge(request.kind, effective, original.as_ref());
        let legs = self.with_surcharge(legs, &request.pan, surcharge);
        self.with_escrow(legs, &request.pan, self.hold(request, effective))
    }

    /// Legs that take `minor` units from the card (`money` 1) or give them to it (-1), from or to
    /// the other account; none if nothing moves or the card is not ours.
    fn legs(&self, pan: &Pan, minor: u64, (money, other): (i64, Account)) -> Box<[Leg]> {
        let Some(number) = self.books.card(pan).filter(|_| minor > 0) else {
            return Box::default();
        };
        match money {
            1 => transfer(cardholder(number), other, minor).into(),
            -1 => transfer(other, cardholder(number), minor).into(),
            _ => Box::default(),
        }
    }

    /// Answers with a code and keeps nothing.
    fn refuse(&self, inbound: Inbound<'_>, code: ResponseCode, out: &mut Out<'_>) {
        self.peers.send(inbound.at, &message::answer_code(inbound.message, code), &mut out.rest);
    }

    fn text(&self, pan: Pan, minor: u64, money: i64, out: &mut Out<'_>) {
        if self.config.texts && minor > 0 && money != 0 {
            let amount = Amount { minor, currency: self.config.currency };
            let is_credit = money < 0;
            let text = Text { pan, amount, is_credit };
            out.rest.tell(Device::TextMessage, Output::Text(text));
        }
    }
}
