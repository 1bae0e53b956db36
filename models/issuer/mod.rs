//! The issuer: decides, books, remembers. Knows no terminal but by name.
//!
//! Read protocol.md 2.4 before touching [`Issuer::request`] or [`Issuer::reversal`]: every order of
//! a request, its duplicates and its reversals must end in the same books. What is known of a
//! transaction is in books.rs, whether a request is approved in rules.rs.
//!
//! A commit may be slow, and other events arrive meanwhile. So the books change when the issuer
//! decides, and answers follow the record in the list of actions. A copy that arrives before the
//! record of the first one is durable waits for it too.

mod books;
mod config;
mod message;
mod rules;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_defects;

pub use config::{AccountSpec, Config, Standing};

use crate::card::{Amount, Pan};
use crate::defect::Defect;
use crate::device::{Device, Output, Text};
use crate::iso8583::{Element, Envelope, Message, Mti, ResponseCode};
use crate::ledger::transfer;
use crate::line::{Incoming, Line, LineError, MacCheck};
use crate::node::{Action, Actions, Command, Event, Journal, Link, Node, Port, Ticket};
use crate::record::{Account, IssuerRecord, Leg, Record};
use crate::time::{Date, Duration, Instant, Now};
use books::{Books, Commit, Decision, Reversal, Transaction, cardholder};
use message::{Advice, Answer, Request};
use rules::judge;

/// An issuer: accounts in double entry behind any number of switches.
#[derive(Clone, Debug)]
pub struct Issuer {
    config: Config,
    books: Books,
    peers: Vec<Peer>,
    /// Commits begun since power came on.
    begun: Commit,
    waiting: Vec<Waiting>,
    /// Requests are answered 90 until then.
    cut_over_until: Instant,
    /// Requests are answered 91 and advices nothing until then.
    maintenance_until: Instant,
}

/// A switch at the other end of a standing connection.
#[derive(Clone, Debug)]
struct Peer {
    link: Link,
    line: Line,
    /// Which of the configured lines it is.
    zone: usize,
}

/// An answer to a copy, which may not be sooner than the record it tells of.
#[derive(Clone, Debug)]
struct Waiting {
    commit: Commit,
    link: Link,
    ticket: Ticket,
    answer: Message,
}

/// Copies that may wait for one slow commit. More are not answered, as if the line had lost them.
const WAITING_MAX: usize = 256;

impl Node for Issuer {
    fn handle(&mut self, now: Now, event: Event<'_>, actions: &mut Actions) {
        match event {
            Event::Started { journal } => self.start(journal, actions),
            Event::LinkUp { port, link } => self.attach(port, link, actions),
            Event::LinkDown { link, .. } => self.peers.retain(|peer| peer.link != link),
            Event::Received { link, bytes } => self.receive(now, link, bytes, actions),
            Event::Committed => self.answer_waiting(actions),
            Event::DeadlineReached => self.drop_half_frames(now.instant, actions),
            Event::Commanded(Command::CutOver { date, window }) => {
                self.cut_over(now.instant, date, window, actions);
            }
            Event::Commanded(Command::Maintenance { window }) => {
                self.maintenance_until = now.instant + window;
            }
            Event::Commanded(_) | Event::ConnectFailed { .. } | Event::Told { .. } => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.peers.iter().filter_map(|peer| peer.line.deadline()).min()
    }
}

impl Issuer {
    /// An issuer without power: it begins with [`Event::Started`].
    pub fn new(config: Config) -> Issuer {
        let books = Books::from_journal(&config, &[]);
        Issuer {
            config,
            books,
            peers: Vec::new(),
            begun: 0,
            waiting: Vec::new(),
            cut_over_until: Instant::START,
            maintenance_until: Instant::START,
        }
    }

    /// Rebuilds everything from what survived. A torn record is a decision nobody was told of: the
    /// request or its reversal will come again, or is reversed by the switch.
    fn start(&mut self, journal: Journal<'_>, actions: &mut Actions) {
        self.books = Books::from_journal(&self.config, journal.records);
        self.peers.clear();
        self.waiting.clear();
        self.begun = 0;
        self.cut_over_until = Instant::START;
        self.maintenance_until = Instant::START;
        if let Some(opening) = self.books.opening(&self.config) {
            self.record(opening, actions);
        }
    }

    fn attach(&mut self, port: Port, link: Link, actions: &mut Actions) {
        let configured = self.config.lines.iter().position(|(known, _)| *known == port);
        let Some(zone) = configured else { return actions.disconnect(link) };
        let keys = &self.config.lines[zone].1;
        let line = Line::network(keys, self.config.frame_timeout, self.config.defects);
        self.peers.push(Peer { link, line, zone });
    }

    fn cut_over(&mut self, now: Instant, date: Date, window: Duration, actions: &mut Actions) {
        self.cut_over_until = now + window;
        // A command given twice, or late, does not take the books back a day.
        if date > self.books.business_date {
            self.record(IssuerRecord::CutOver { date }, actions);
        }
    }

    fn drop_half_frames(&mut self, now: Instant, actions: &mut Actions) {
        self.peers.retain_mut(|peer| {
            let is_late = peer.line.expire(now);
            if is_late {
                actions.disconnect(peer.link);
            }
            !is_late
        });
    }

    fn receive(&mut self, now: Now, link: Link, bytes: &[u8], actions: &mut Actions) {
        let Some(at) = self.peers.iter().position(|peer| peer.link == link) else { return };
        self.peers[at].line.receive(now.instant, bytes);
        while let Some(next) = self.peers[at].line.next() {
            match next {
                Ok(incoming) => self.message(now.instant, at, incoming, actions),
                Err(LineError::Decode { error, frame }) => {
                    // Nobody is answered: without its elements the request has no name.
                    let mut words = format!("undecodable message: {error}");
                    if self.config.defects.has(Defect::Z01) {
                        words = dump(words, &frame);
                    }
                    actions.tell(Device::Log, Output::Log(words));
                }
                Err(error @ LineError::Frame(_)) => {
                    actions.tell(Device::Log, Output::Log(error.to_string()));
                    actions.disconnect(link);
                    self.peers.remove(at);
                    return;
                }
            }
        }
    }

    fn message(&mut self, now: Instant, at: usize, incoming: Incoming, actions: &mut Actions) {
        let Incoming { message, mac, .. } = incoming;
        let is_in_maintenance = now < self.maintenance_until;
        match (message.mti(), mac) {
            (Mti::NETWORK_REQUEST, _) => {
                let code = match message.number(Element::NETWORK_CODE) {
                    Some(message::ECHO) => ResponseCode::APPROVED,
                    _ => ResponseCode::INVALID_TRANSACTION,
                };
                self.send(at, &message::answer_network(&message, code), actions);
            }
            (Mti::REVERSAL_ADVICE | Mti::REVERSAL_ADVICE_REPEAT, _) if is_in_maintenance => {}
            (
                Mti::FINANCIAL_REQUEST
                | Mti::FINANCIAL_REPEAT
                | Mti::REVERSAL_ADVICE
                | Mti::REVERSAL_ADVICE_REPEAT,
                MacCheck::Absent | MacCheck::Invalid,
            ) => self.refuse(at, &message, ResponseCode::MAC_ERROR, actions),
            (Mti::FINANCIAL_REQUEST | Mti::FINANCIAL_REPEAT, MacCheck::Valid) => {
                self.request(now, at, &message, actions);
            }
            (Mti::REVERSAL_ADVICE | Mti::REVERSAL_ADVICE_REPEAT, MacCheck::Valid) => {
                self.reversal(at, &message, actions);
            }
            (other, _) => {
                actions.tell(Device::Log, Output::Log(format!("unexpected message {other}")));
            }
        }
    }

    /// A 0200 or 0201. Marked as a repeat or not makes no difference: its key says what it is.
    fn request(&mut self, now: Instant, at: usize, message: &Message, actions: &mut Actions) {
        let request = match Request::read(message, self.books.business_date) {
            Ok(request) => request,
            Err(code) => return self.refuse(at, message, code, actions),
        };
        match self.books.find(&request.key) {
            None => {
                let refusal = self.refusal(now);
                self.decide(at, &request, message, refusal, actions);
            }
            // The reversal overtook its request: 1. the request was held up past the switch's
            // time-out, 2. the switch reversed it, 3. now it arrives. Nobody waits for an approval.
            Some(Transaction::Barred(_)) => {
                let refusal = Some(ResponseCode::DUPLICATE_TRANSMISSION);
                self.decide(at, &request, message, refusal, actions);
            }
            Some(Transaction::Decided(decision) | Transaction::Reversed(decision, _)) => {
                let decision = *decision;
                if decision.is_of(&request) {
                    self.answer_again(at, &request, message, &decision, actions);
                } else {
                    self.refuse(at, message, ResponseCode::DUPLICATE_TRANSMISSION, actions);
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
        at: usize,
        request: &Request,
        message: &Message,
        refusal: Option<ResponseCode>,
        actions: &mut Actions,
    ) {
        let pin_key = &self.config.lines[self.peers[at].zone].1.pin;
        let verdict = judge(&self.config, &self.books, request, pin_key, refusal);
        let id = self.books.next_id();
        let answer = Answer {
            code: verdict.code,
            effective: verdict.effective,
            authorization: verdict.code.is_approval().then(|| authorization(id)),
            balance: verdict.balance,
        };
        let legs: Box<[Leg]> = match self.books.card(&request.pan) {
            Some(number) if answer.effective > 0 => {
                transfer(cardholder(number), Account::Settlement, answer.effective).into()
            }
            _ => Box::default(),
        };
        let decided = IssuerRecord::Decided {
            id,
            ticket: actions.ticket(),
            key: request.key,
            terminal: request.terminal,
            rrn: request.rrn,
            pan: request.pan,
            kind: request.kind,
            amount: request.amount,
            code: answer.code,
            effective: answer.effective,
            authorization: answer.authorization,
            balance: answer.balance,
            legs,
            pin_tries: verdict.pin_tries,
            business_date: request.business_date,
        };
        self.record(decided, actions);
        if self.config.defects.has(Defect::I07) {
            // The debit is one write, the memory of it another; the log between them parts the two.
            actions.tell(Device::Log, Output::Log(format!("entry {id} booked")));
            self.begin_commit(actions);
            actions.record(Record::Own(id.to_be_bytes().into()));
        }
        let currency = self.config.currency;
        self.send(at, &message::answer(message, &answer, currency), actions);
        self.text(request.pan, answer.effective, false, actions);
    }

    fn answer_again(
        &mut self,
        at: usize,
        request: &Request,
        message: &Message,
        decision: &Decision,
        actions: &mut Actions,
    ) {
        let mut answer = decision.answer;
        if self.config.defects.has(Defect::I18) && answer.authorization.is_some() {
            answer.authorization = Some(authorization(self.books.next_id() + 1));
        }
        let is_wrong_pin = answer.code == ResponseCode::INCORRECT_PIN;
        if self.config.defects.has(Defect::I23) && is_wrong_pin {
            self.books.count_wrong_pin_again(&request.pan);
        }
        let answer = message::answer(message, &answer, self.config.currency);
        self.send_when_durable(at, decision.commit, decision.ticket, answer, actions);
    }

    /// A 0420 or 0421, for the first time or again, before or after its original.
    fn reversal(&mut self, at: usize, message: &Message, actions: &mut Actions) {
        let Some(advice) = Advice::read(message, self.books.business_date) else {
            return self.refuse(at, message, ResponseCode::FORMAT_ERROR, actions);
        };
        match self.original(&advice) {
            None if self.config.defects.has(Defect::I01) => {
                self.refuse(at, message, self.config.unknown_original_code, actions);
            }
            // Remembered all the same: should the original still come, it is refused.
            None => {
                let code = self.config.unknown_original_code;
                self.reverse(at, &advice, message, None, 0, code, actions);
            }
            Some(Transaction::Decided(decision)) => {
                if decision.is_reversed_by(&advice) || self.config.matches_by_rrn_alone {
                    let (minor, code) = self.owed(&advice, &decision);
                    self.reverse(at, &advice, message, Some(&decision), minor, code, actions);
                } else {
                    // Its numbers are another transaction's: that one stays as it is.
                    let code = self.config.unknown_original_code;
                    self.refuse(at, message, code, actions);
                }
            }
            Some(Transaction::Reversed(decision, _)) if self.config.defects.has(Defect::I03) => {
                let (minor, code) = self.owed(&advice, &decision);
                self.reverse(at, &advice, message, Some(&decision), minor, code, actions);
            }
            Some(Transaction::Barred(reversal) | Transaction::Reversed(_, reversal)) => {
                let Reversal { ticket, code, commit } = reversal;
                let answer = message::answer_code(message, code);
                self.send_when_durable(at, commit, ticket, answer, actions);
            }
        }
    }

    fn original(&self, advice: &Advice) -> Option<Transaction> {
        let found = match self.config.matches_by_rrn_alone {
            true => self.books.find_by_rrn(advice),
            false => self.books.find(&advice.original),
        };
        // Planted defect I10: an original that is still being written is not found.
        let is_seen = |known: &&Transaction| match known {
            Transaction::Decided(d) if self.config.defects.has(Defect::I10) => {
                self.books.is_durable(d.commit)
            }
            _ => true,
        };
        found.filter(is_seen).copied()
    }

    /// What the cardholder gets back, and what the advice is answered.
    fn owed(&self, advice: &Advice, decision: &Decision) -> (u64, ResponseCode) {
        let is_lenient = self.config.credits_declined && decision.is_sale();
        match (decision.is_debit(), is_lenient) {
            (true, _) if self.config.defects.has(Defect::I04) => {
                (advice.minor, ResponseCode::APPROVED)
            }
            (true, _) => (decision.answer.effective, ResponseCode::APPROVED),
            (false, true) => (decision.amount.minor, ResponseCode::APPROVED),
            (false, false) => (0, ResponseCode::INVALID_TRANSACTION),
        }
    }

    /// Books and remembers a reversal in one write, and answers it.
    #[expect(clippy::too_many_arguments, reason = "the parts of one record, each used once")]
    fn reverse(
        &mut self,
        at: usize,
        advice: &Advice,
        message: &Message,
        original: Option<&Decision>,
        minor: u64,
        code: ResponseCode,
        actions: &mut Actions,
    ) {
        let (credited, legs): (u64, Box<[Leg]>) = match self.books.card(&advice.pan) {
            Some(number) if minor > 0 => {
                (minor, transfer(Account::Settlement, cardholder(number), minor).into())
            }
            _ => (0, Box::default()),
        };
        let reversed = IssuerRecord::Reversed {
            id: self.books.next_id(),
            ticket: actions.ticket(),
            original_key: advice.original,
            original: original.map(|decision| decision.id),
            credited,
            code,
            legs,
            business_date: advice.business_date,
        };
        self.record(reversed, actions);
        self.send(at, &message::answer_code(message, code), actions);
        self.text(advice.pan, credited, true, actions);
    }

    /// Answers with a code and keeps nothing.
    fn refuse(&self, at: usize, message: &Message, code: ResponseCode, actions: &mut Actions) {
        self.send(at, &message::answer_code(message, code), actions);
    }

    fn record(&mut self, record: IssuerRecord, actions: &mut Actions) {
        let commit = self.begin_commit(actions);
        self.books.apply(&record, commit);
        actions.record(record);
    }

    /// The number of the commit that the next record belongs to: records in a row are one.
    fn begin_commit(&mut self, actions: &Actions) -> Commit {
        if !matches!(actions.as_slice().last(), Some((_, Action::Record(_)))) {
            self.begun += 1;
        }
        self.begun
    }

    fn answer_waiting(&mut self, actions: &mut Actions) {
        let durable = self.books.commit();
        let (due, later) =
            self.waiting.drain(..).partition::<Vec<_>, _>(|waiting| waiting.commit <= durable);
        self.waiting = later;
        for Waiting { link, ticket, answer, .. } in due {
            if let Some(at) = self.peers.iter().position(|peer| peer.link == link) {
                actions.about(ticket);
                self.send(at, &answer, actions);
            }
        }
    }

    fn send_when_durable(
        &mut self,
        at: usize,
        commit: Commit,
        ticket: Ticket,
        answer: Message,
        actions: &mut Actions,
    ) {
        if self.books.is_durable(commit) {
            self.send(at, &answer, actions);
        } else if self.waiting.len() < WAITING_MAX {
            let link = self.peers[at].link;
            self.waiting.push(Waiting { commit, link, ticket, answer });
        }
    }

    fn send(&self, at: usize, answer: &Message, actions: &mut Actions) {
        let peer = &self.peers[at];
        match peer.line.seal(answer, Envelope::default()) {
            Ok(frame) => actions.send(peer.link, frame),
            Err(error) => actions.tell(Device::Log, Output::Log(format!("no answer: {error}"))),
        }
    }

    fn text(&self, pan: Pan, minor: u64, is_credit: bool, actions: &mut Actions) {
        if self.config.texts && minor > 0 {
            let amount = Amount { minor, currency: self.config.currency };
            actions.tell(Device::TextMessage, Output::Text(Text { pan, amount, is_credit }));
        }
    }
}

/// Element 38: six digits that differ from entry to entry and do not tell how many there are.
fn authorization(id: u64) -> [u8; 6] {
    // 7919 has no factor in common with a million, so no code comes twice among a million.
    let mut rest = (id % 1_000_000 * 7_919 + 271_828) % 1_000_000;
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    digits
}

/// Planted defect Z01: the frame as it came, in hexadecimal and as text.
fn dump(mut words: String, frame: &[u8]) -> String {
    words.push_str(": ");
    for byte in frame {
        words.push_str(&format!("{byte:02X}"));
    }
    words.push(' ');
    words.extend(frame.iter().map(|byte| if byte.is_ascii_graphic() { *byte as char } else { '.' }));
    words
}
