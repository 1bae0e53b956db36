//! The books: a history folded into who sold, forwarded, debited, reversed and settled what.
//!
//! Facts only, each with the index of the entry that says so. A transaction is known by its ticket,
//! the number that the world carries beside the bytes. One read can hold messages about two
//! tickets, so where a record names its transaction by a key, the key decides.

mod account;
mod batch;
mod chip;
mod claims;
mod clearing;
mod counter;
mod find;
mod identity;
mod merchants;
pub(crate) mod pins;
mod places;
mod retry;
mod route;
mod sale;
mod scan;
mod wire;

pub(crate) use account::{Decision, Reversal};
pub(crate) use batch::{HostBatch, Presented, TerminalBatch};
pub(crate) use chip::ChipTalk;
pub(crate) use claims::{Claims, Complaint, Ended, Filed, Refused};
pub(crate) use clearing::{Extract, Files, Parked, Payout, Stage};
pub(crate) use counter::{Wish, WishKind};
pub(crate) use identity::SignOn;
pub(crate) use merchants::Merchant;
pub(crate) use retry::SentAgain;
pub(crate) use route::{Advice, Forward};
pub(crate) use sale::Sale;
pub(crate) use wire::{Delivery, Name, Unreadable, Wire};

use super::Kinds;
use crate::history::{Entry, Frame, Setting, What};
use crate::party::{Party, Role};
use pins::ClearPins;
use places::{Index, Places};
use reversim_models::card::{Amount, Pan};
use reversim_models::device::{Device, Output};
use reversim_models::iso8583::ResponseCode;
use reversim_models::node::{Port, Posting, Ticket};
use reversim_models::record::{NetworkKey, Record, SuspenseEnd};
use reversim_models::time::{Date, Duration, Instant, LocalTime};
use rustc_hash::FxHashSet;

/// Whether a reversal answered with this code is done with: nothing is left to repeat.
pub(crate) fn is_taken(code: ResponseCode) -> bool {
    matches!(
        code,
        ResponseCode::APPROVED
            | ResponseCode::INVALID_TRANSACTION
            | ResponseCode::SUSPICIOUS_OPERATION
            | ResponseCode::ORIGINAL_NOT_FOUND
            | ResponseCode::DUPLICATE_TRANSMISSION
    )
}

/// Everything a claim may know.
pub(crate) struct Books {
    pub(crate) setting: Setting,
    pub(crate) clear_pins: ClearPins,
    /// The time of the entry last read.
    pub(crate) now: Instant,
    /// Sales as terminals recorded them.
    pub(crate) sales: Vec<Sale>,
    /// Trace numbers as terminals took them: terminal, number, batch then open, entry.
    pub(crate) numbers: Vec<sale::Number>,
    /// Transactions as switches forwarded them.
    pub(crate) forwards: Vec<Forward>,
    /// Reversals that switches accepted.
    pub(crate) acceptances: Vec<route::Acceptance>,
    /// Merchants, as switches earn for them and pay them.
    pub(crate) merchants: Vec<Merchant>,
    /// Reversal advices of switches.
    pub(crate) advices: Vec<Advice>,
    /// Requests as issuers decided them.
    pub(crate) decisions: Vec<Decision>,
    /// Business dates of issuers, once one ended: the date, and the entry that began it.
    pub(crate) issuer_dates: Vec<(Party, Date, usize)>,
    /// Parties whose calendar clock jumped.
    pub(crate) jumped: Vec<Party>,
    /// The last business date that began at a switch before the faults were over.
    pub(crate) healed_on: Option<Date>,
    /// How terminals stand to their hosts.
    pub(crate) talks: Vec<retry::Talk>,
    /// What was sent again last: a reversal or an advice.
    pub(crate) sent_again: Option<SentAgain>,
    /// Work keys that a switch issued or withdrew last, by port: the entry.
    pub(crate) key_changes: Vec<(Party, Port, usize)>,
    /// Sign-ons as they reached a switch.
    pub(crate) sign_ons: Vec<SignOn>,
    /// PIN blocks as they travelled.
    pub(crate) pin_blocks: FxHashSet<u64>,
    /// Holds that issuers let expire: entry, and the issuer's number of the pre-authorisation.
    pub(crate) expired: Vec<(usize, u64)>,
    /// Reversals as issuers decided them.
    pub(crate) reversals: Vec<Reversal>,
    /// Balances of cardholder accounts.
    pub(crate) accounts: Vec<account::Standing>,
    /// Wrong PINs in a row, by card.
    pub(crate) pins: Vec<account::PinTries>,
    /// Batches as terminals settled them.
    pub(crate) batches: Vec<TerminalBatch>,
    /// Batches as switches compared and closed them.
    pub(crate) host_batches: Vec<HostBatch>,
    /// Transactions that count in a closed host batch.
    pub(crate) presented: Vec<Presented>,
    /// What people asked terminals for.
    pub(crate) wishes: Vec<Wish>,
    /// Financial and reversal messages.
    pub(crate) wires: Vec<Wire>,
    /// Deliveries of them.
    pub(crate) deliveries: Vec<Delivery>,
    /// Places of altered deliveries.
    pub(crate) altered_places: Vec<usize>,
    /// Frames that arrived changed and that nobody can read.
    pub(crate) unreadable: Vec<Unreadable>,
    /// Where the faults were over.
    pub(crate) healed: Option<usize>,
    /// Terminals whose keys are no good, as they recorded it.
    pub(crate) keys: Vec<counter::Keys>,
    /// Terminals that wait for an answer.
    pub(crate) waits: Vec<counter::Wait>,
    /// The first wait that was longer than a terminal may wait: request, what ended it, how long.
    pub(crate) overdue: Option<(usize, usize, Duration)>,
    /// Parties without power.
    pub(crate) dark: Vec<Party>,
    /// Each loss of power.
    pub(crate) power_losses: Vec<(Party, usize)>,
    /// Parties that had a maintenance window.
    pub(crate) maintained: Vec<Party>,
    /// Clearing files and suspense.
    pub(crate) files: Files,
    /// Claims, returns and slips.
    pub(crate) claims: Claims,
    /// What somebody else's books say, as far as they were read: whose, the entry, each line.
    pub(crate) reports: Vec<(Party, usize, Vec<Posting>)>,
    /// Commits that took time, in order.
    pub(crate) slow_commits: Vec<counter::SlowCommit>,
    /// What chips were told to do, in order.
    pub(crate) chips: Vec<ChipTalk>,
    originals: Vec<(usize, Frame)>,
    found: Found,
}

/// Where things lie, by what they are looked up by.
struct Found {
    sales_by_ticket: Index<Sale, Ticket>,
    sales_by_terminal: Index<Sale, Party>,
    numbers_by_terminal: Index<sale::Number, Party>,
    forwards_by_ticket: Index<Forward, Ticket>,
    forwards_by_id: Index<Forward, (Party, u64)>,
    forwards_by_key: Index<Forward, NetworkKey>,
    forwards_by_rrn: Index<Forward, [u8; 12]>,
    decisions_by_ticket: Index<Decision, Ticket>,
    decisions_by_id: Index<Decision, (Party, u64)>,
    decisions_by_key: Index<Decision, NetworkKey>,
    presented_by_ticket: Index<Presented, Ticket>,
    presented_by_id: Index<Presented, (Party, u64)>,
    wires_by_name: Index<Wire, Name>,
    deliveries_by_name: Index<Delivery, Name>,
    steps_by_intent: Index<(Ticket, u32), u32>,
    wishes_by_terminal: Index<Wish, Party>,
    /// Messages with a PIN block, by that and what they are about.
    wires_by_block: Places<(u64, Ticket)>,
    /// Network reversals and their answers, by the original they name.
    reversals_on_wire: Places<NetworkKey>,
    /// Decisions that changed what is held on a card.
    holds_on_card: Places<(Party, Pan)>,
    /// Approvals of what a card's chip had signed.
    signed_on_card: Places<(Party, Pan)>,
    chips_by_ticket: Index<ChipTalk, Ticket>,
    /// The first decision that moved money of the card's account.
    account_of_card: Places<(Party, Pan)>,
    /// Deliveries that were copies.
    copies: Places<Party>,
    /// The last record of a terminal that was about a sale, and which.
    touched: Option<(usize, usize)>,
}

impl Found {
    fn new() -> Found {
        Found {
            sales_by_ticket: Index::by(|sale| sale.ticket),
            sales_by_terminal: Index::by(|sale| sale.terminal),
            numbers_by_terminal: Index::by(|number| number.terminal),
            forwards_by_ticket: Index::by(|forward| forward.ticket),
            forwards_by_id: Index::by(|forward| (forward.switch, forward.id)),
            forwards_by_key: Index::by(|forward| forward.key),
            forwards_by_rrn: Index::by(|forward| forward.rrn),
            decisions_by_ticket: Index::by(|decision| decision.ticket),
            decisions_by_id: Index::by(|decision| (decision.issuer, decision.id)),
            decisions_by_key: Index::by(|decision| decision.key),
            presented_by_ticket: Index::by(|entry| entry.ticket),
            presented_by_id: Index::by(|entry| (entry.switch, entry.id)),
            wires_by_name: Index::by(Wire::name),
            deliveries_by_name: Index::by(|delivery| delivery.name),
            steps_by_intent: Index::by(|(_, intent)| *intent),
            wishes_by_terminal: Index::by(|wish| wish.terminal),
            wires_by_block: Places::default(),
            reversals_on_wire: Places::default(),
            holds_on_card: Places::default(),
            signed_on_card: Places::default(),
            chips_by_ticket: Index::by(|talk| talk.ticket),
            account_of_card: Places::default(),
            copies: Places::default(),
            touched: None,
        }
    }
}

impl Books {
    /// So many minor units of what everybody counts in.
    pub(crate) fn money(&self, minor: u64) -> Amount {
        self.setting.currency.amount(minor)
    }

    /// What a clock shows that is right and in UTC.
    pub(crate) fn utc(&self) -> LocalTime {
        self.setting.start.plus(i64::try_from(self.now.0).unwrap_or(i64::MAX))
    }

    /// Books in which nothing is written yet.
    pub(crate) fn new(setting: &Setting) -> Books {
        let mut books = Books {
            setting: setting.clone(),
            clear_pins: ClearPins::of(setting),
            now: Instant::START,
            sales: Vec::with_capacity(8),
            numbers: Vec::with_capacity(16),
            forwards: Vec::with_capacity(8),
            acceptances: Vec::new(),
            merchants: Vec::new(),
            advices: Vec::new(),
            decisions: Vec::with_capacity(8),
            issuer_dates: Vec::new(),
            jumped: Vec::new(),
            healed_on: None,
            talks: Vec::new(),
            sent_again: None,
            key_changes: Vec::new(),
            sign_ons: Vec::new(),
            pin_blocks: FxHashSet::default(),
            expired: Vec::new(),
            reversals: Vec::new(),
            accounts: Vec::with_capacity(4),
            pins: Vec::new(),
            batches: Vec::new(),
            host_batches: Vec::new(),
            presented: Vec::new(),
            wishes: Vec::with_capacity(16),
            wires: Vec::with_capacity(32),
            deliveries: Vec::with_capacity(32),
            altered_places: Vec::new(),
            unreadable: Vec::new(),
            healed: None,
            keys: Vec::new(),
            waits: Vec::with_capacity(4),
            overdue: None,
            dark: Vec::new(),
            power_losses: Vec::new(),
            maintained: Vec::new(),
            files: Files::default(),
            claims: Claims::default(),
            reports: Vec::new(),
            slow_commits: Vec::new(),
            chips: Vec::new(),
            originals: Vec::with_capacity(32),
            found: Found::new(),
        };
        books.found.steps_by_intent.added(&books.setting.steps);
        books
    }

    /// Takes in an entry. Says what kind it is and where its frame went, if a claim may want it.
    pub(crate) fn read(&mut self, index: usize, entry: &Entry) -> Option<(Kinds, usize)> {
        self.now = entry.at;
        if !self.slow_commits.is_empty() && matches!(entry.what, What::Recorded(_)) {
            self.commit_done(entry);
        }
        match &entry.what {
            What::Sent { to, frame, .. } => return self.sent(index, entry, *to, frame),
            What::Delivered { .. } => return self.delivered(index, entry),
            What::Recorded(Record::Terminal(record)) => {
                self.terminal_recorded(index, entry, record);
                return Some((Kinds::TERMINAL, 0));
            }
            What::Recorded(Record::Switch(record)) => {
                self.switch_recorded(index, entry, record);
                return Some((Kinds::SWITCH, 0));
            }
            What::Recorded(Record::Issuer(record)) => {
                self.issuer_recorded(index, entry, record);
                return Some((Kinds::ISSUER, 0));
            }
            What::Recorded(Record::Clearing(record)) => {
                self.clearing_recorded(index, record);
                return Some((Kinds::CLEARING, 0));
            }
            What::Recorded(Record::Own(_)) => return Some((Kinds::OWN, 0)),
            What::Told { output: Output::Display(display), .. } => {
                self.displayed(index, entry, *display);
                return Some((Kinds::SCREEN, 0));
            }
            What::Told { output, .. } => {
                self.put_out(index, entry, output);
                return Some((Kinds::PAPER, 0));
            }
            What::Asked(command) => self.asked(index, entry, command),
            What::Answered { device, is_done } => {
                self.device_answered(entry);
                self.claims.answered(index, entry.party, *device, *is_done);
                if *device == Device::CardReader {
                    self.chip_answered(index, entry, *is_done);
                }
            }
            What::CommitDelayed => self.commit_delayed(entry),
            What::LinkDown { .. } | What::ConnectFailed { .. } => self.no_more_waiting(entry.party),
            What::PowerLost => {
                self.claims.power_lost(entry.party);
                self.power_lost(index, entry);
            }
            What::PowerRestored => self.dark.retain(|party| *party != entry.party),
            What::Healed => {
                self.healed = self.healed.or(Some(index));
                self.healed_on = self.files.ended.last().map(|(_, date, _)| *date);
            }
            What::Books(postings) => self.reports.push((entry.party, index, postings.clone())),
            What::ClockStepped(_) => self.jumped.push(entry.party),
            What::LinkUp { .. } => self.line_stands(index, entry.party),
            _ => {}
        }
        None
    }

    /// Whether the records of this party are in the history.
    pub(crate) fn is_visible(&self, party: Party) -> bool {
        !self.setting.foreign.contains(&party)
    }

    /// Whether every issuer's records are in the history, and it is known what each is about.
    pub(crate) fn sees_issuers(&self) -> bool {
        let is_lost = |d: &Decision| d.ticket == Ticket::NONE && d.moved();
        if !self.setting.foreign.is_empty() && self.decisions.iter().any(is_lost) {
            return false;
        }
        self.setting.parties.iter().any(|party| party.role == Role::Issuer)
            && !self.setting.foreign.iter().any(|party| party.role == Role::Issuer)
    }

    /// The terminal with this element 41.
    pub(crate) fn terminal(&self, id: [u8; 8]) -> Option<Party> {
        self.setting.terminals.iter().find(|(_, other)| *other == id).map(|(party, _)| *party)
    }

    /// Element 41 of this terminal.
    pub(crate) fn terminal_id(&self, terminal: Party) -> Option<[u8; 8]> {
        self.setting.terminals.iter().find(|(party, _)| *party == terminal).map(|(_, id)| *id)
    }

    /// The sale of this ticket, as its terminal recorded it.
    pub(crate) fn sale(&self, ticket: Ticket) -> Option<&Sale> {
        if ticket == Ticket::NONE {
            return None;
        }
        self.sales_about(ticket).next_back()
    }

    /// What was taken from the cardholder for this ticket, less what was given back.
    pub(crate) fn net(&self, ticket: Ticket) -> i64 {
        let decided: i64 = self.decisions_about(ticket).map(Decision::net).sum();
        decided + self.moved_by_file(ticket)
    }

    /// What files alone took from the cardholder for this ticket, minor units; less than zero if
    /// they gave it.
    pub(crate) fn moved_by_file(&self, ticket: Ticket) -> i64 {
        self.files.moved.get(&ticket).copied().unwrap_or(0)
    }

    /// Whether what an issuer had given for this ticket was taken again out of suspense, or what it
    /// had taken for a promise was returned: if it stands after all, a file says so.
    pub(crate) fn waits_for_a_file(&self, ticket: Ticket) -> bool {
        let is_told = |forward: &Forward| forward.is_told || forward.kind.is_advice();
        let is_promised = || self.forwards_about(ticket).any(is_told);
        let waits = |decision: &Decision| match decision.left {
            Some(SuspenseEnd::Retaken) => true,
            Some(SuspenseEnd::Returned) => is_promised(),
            Some(SuspenseEnd::Cleared | SuspenseEnd::ChargedBack) | None => false,
        };
        self.decisions_about(ticket).any(waits)
    }

    /// The first decision about this ticket that moved something.
    pub(crate) fn moved_for(&self, ticket: Ticket) -> Option<&Decision> {
        self.decisions_about(ticket).find(|decision| decision.moved())
    }

    /// What an issuer's decision is about, if it is about another decision.
    pub(crate) fn original_of(&self, decision: &Decision) -> Option<&Decision> {
        let original = decision.original?;
        self.decision(decision.issuer, original)
    }

    /// The exception item that stands in for a reversal or advice of this ticket: opened, and the
    /// whole budget really sent before, or refused.
    pub(crate) fn exception(&self, ticket: Ticket) -> Option<usize> {
        let terminal = self.sale(ticket).and_then(|sale| {
            let is_spent = sale.spent() >= u32::from(self.setting.reversal_attempts);
            sale.exception.filter(|_| is_spent)
        });
        terminal.or_else(|| {
            let of = self.advices.iter().filter(|advice| advice.ticket == ticket);
            let budget = u32::from(self.setting.saf_attempts);
            of.filter(|a| a.spent() >= budget || a.refused.is_some())
                .find_map(|advice| advice.exception)
        })
    }

    /// Whether something about this ticket reached the party changed on the way.
    pub(crate) fn was_altered(&self, party: Party, ticket: Ticket) -> bool {
        self.altered_places.iter().any(|&place| {
            let delivery = &self.deliveries[place];
            delivery.party == party && self.wires[delivery.sent].ticket == ticket
        })
    }

    /// Whether a terminal could not do anything in the healing phase before it settles: no number
    /// or no room is left. What waits for its next wish then waits for the settlement.
    pub(crate) fn must_settle(&self, terminal: Party) -> bool {
        let mut places = self.found.wishes_by_terminal.of(&self.wishes, terminal);
        places.any(|place| self.wishes[place].is_must_settle())
    }
}
