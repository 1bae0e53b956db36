//! What happened at the counter: wishes, screens, slips, power, keys.

use super::Books;
use crate::history::{Entry, HEALING};
use crate::party::{Party, Role};
use reversim_models::device::{Display, Output, Slip};
use reversim_models::node::{Command, Ticket};
use reversim_models::time::{Duration, Instant};

/// What a person asked a terminal for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum WishKind {
    SignOn,
    Sale,
    PreAuth,
    Follow,
    Void,
    Inquiry,
    Settle,
    Reprint,
    Echo,
    SignOff,
    Download,
}

impl WishKind {
    /// For people.
    pub(crate) fn words(self) -> &'static str {
        match self {
            WishKind::SignOn => "a sign-on",
            WishKind::Sale => "a sale",
            WishKind::PreAuth => "a pre-authorisation",
            WishKind::Follow => "what follows a slip",
            WishKind::Void => "a void",
            WishKind::Inquiry => "a balance inquiry",
            WishKind::Settle => "a settlement",
            WishKind::Reprint => "a reprint",
            WishKind::Echo => "a line test",
            WishKind::SignOff => "a sign-off",
            WishKind::Download => "a download",
        }
    }
}

/// A person's wish, and what the screen said to it.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) terminal: Party,
    pub(crate) ticket: Ticket,
    pub(crate) kind: WishKind,
    pub(crate) index: usize,
    /// From when the terminal alone is to blame for the wait.
    pub(crate) since: Instant,
    /// The first display that ends it.
    pub(crate) end: Option<(usize, Display)>,
    /// The last display that ends it.
    pub(crate) last: Option<Display>,
    /// The first time that screen or paper said it is approved: the entry, and minor units.
    pub(crate) approved: Option<(usize, u64)>,
    /// A slip said that people must take over, because what undoes it came to nobody.
    pub(crate) given_up: Option<usize>,
    /// How long the wait was.
    pub(crate) waited: Duration,
    /// Power was lost meanwhile, or there was none: nobody can expect an end.
    pub(crate) is_interrupted: bool,
    /// A commit was slow meanwhile: the wait says nothing.
    pub(crate) is_slowed: bool,
}

impl Wish {
    /// Whether it belongs to the healing phase.
    pub(crate) fn is_healing(&self) -> bool {
        self.ticket.0 > HEALING
    }

    pub(crate) fn is_must_settle(&self) -> bool {
        self.is_healing() && self.last == Some(Display::MustSettle)
    }
}

/// A terminal's wait for the answer to a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    terminal: Party,
    index: usize,
    since: Instant,
}

/// Work keys of a terminal, by its records.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keys {
    pub(crate) terminal: Party,
    /// The last record.
    pub(crate) index: usize,
    pub(crate) is_signed_on: bool,
}

/// A commit that took time: who makes it hears nothing meanwhile.
pub(crate) struct SlowCommit {
    pub(super) party: Party,
    pub(super) begun: Instant,
    done: Option<Instant>,
}

impl Books {
    pub(super) fn asked(&mut self, index: usize, entry: &Entry, command: &Command) {
        let (ticket, kind) = match command {
            Command::SignOn { ticket } => (*ticket, WishKind::SignOn),
            Command::Sale { ticket, .. } => (*ticket, WishKind::Sale),
            Command::PreAuth { ticket, .. } => (*ticket, WishKind::PreAuth),
            Command::Follow { ticket, .. } => (*ticket, WishKind::Follow),
            Command::Void { ticket, .. } => (*ticket, WishKind::Void),
            Command::Inquiry { ticket, .. } => (*ticket, WishKind::Inquiry),
            Command::Settle { ticket } => (*ticket, WishKind::Settle),
            Command::Reprint { ticket, .. } => (*ticket, WishKind::Reprint),
            Command::Echo { ticket } => (*ticket, WishKind::Echo),
            Command::SignOff { ticket } => (*ticket, WishKind::SignOff),
            Command::Download { ticket } => (*ticket, WishKind::Download),
            Command::Maintenance { .. } => return self.maintained.push(entry.party),
            Command::Claim { .. } | Command::Retrieve { .. } => {
                return self.claims.asked(index, entry.party, command);
            }
            Command::LookUp { .. }
            | Command::CutOver { .. }
            | Command::Route { .. }
            | Command::WithdrawKeys { .. }
            | Command::Pause { .. } => return,
        };
        if entry.party.role != Role::Terminal {
            return;
        }
        self.wishes.push(Wish {
            terminal: entry.party,
            ticket,
            kind,
            index,
            since: entry.at,
            end: None,
            last: None,
            approved: None,
            given_up: None,
            waited: Duration::ZERO,
            is_interrupted: self.dark.contains(&entry.party),
            is_slowed: false,
        });
        self.found.wishes_by_terminal.added(&self.wishes);
    }

    pub(super) fn displayed(&mut self, index: usize, entry: &Entry, display: Display) {
        if let Display::Approved(amount) = display {
            self.told(index, entry.ticket, amount.minor);
            self.wish_about(entry, |wish| {
                wish.approved.get_or_insert((index, amount.minor));
            });
        }
        if display == Display::Downloading {
            // It began anew: what it waited for before is over.
            self.stop_waiting(index, entry);
        }
        if !display.is_final() {
            return;
        }
        if display != Display::Busy {
            self.stop_waiting(index, entry);
        }
        self.found.wishes_by_terminal.each_mut(&mut self.wishes, entry.party, |wish| {
            if wish.ticket == entry.ticket {
                wish.last = Some(display);
                if wish.end.is_none() {
                    wish.end = Some((index, display));
                    wish.waited = entry.at.since(wish.since);
                }
            } else if wish.end.is_none() {
                // It may have waited for this one.
                wish.since = entry.at;
            }
        });
    }

    pub(super) fn put_out(&mut self, index: usize, entry: &Entry, output: &Output) {
        self.claims.put_out(index, entry.party, output);
        if let Output::Card(command) = output {
            // The answer is there: from now on the chip is waited for.
            self.stop_waiting(index, entry);
            self.chip_asked(index, entry, *command);
        }
        self.wish_about(entry, |wish| match output {
            Output::Slip(Slip::Receipt { amount, is_copy: false, .. }) => {
                wish.approved.get_or_insert((index, amount.minor));
            }
            Output::Slip(
                Slip::ReversalFailed { .. }
                | Slip::OrderNotClosed { .. }
                | Slip::AdviceFailed { .. },
            ) => wish.given_up = Some(index),
            _ => {}
        });
        if let Output::Slip(Slip::Receipt { stan, batch, amount, is_copy: false, .. }) = output {
            let of = |s: &&super::Sale| s.stan == *stan && s.batch == *batch;
            let sale = self.sales_of(entry.party).rev().find(of).map(|sale| sale.ticket);
            if let Some(ticket) = sale {
                self.told(index, ticket, amount.minor);
            }
        }
    }

    fn told(&mut self, index: usize, ticket: Ticket, minor: u64) {
        let place = self.found.sales_by_ticket.of(&self.sales, ticket).next_back();
        if let Some(sale) = place.map(|place| &mut self.sales[place]) {
            sale.told.get_or_insert((index, minor));
        }
    }

    pub(super) fn device_answered(&mut self, entry: &Entry) {
        self.each_open_wish(entry.party, |wish| wish.since = entry.at);
    }

    /// A terminal wrote a request: from now on it waits, and what it waited for before is over.
    /// When somebody else's stops waiting, nobody sees.
    pub(super) fn wait(&mut self, index: usize, entry: &Entry) {
        if !self.is_visible(entry.party) {
            return;
        }
        self.stop_waiting(index, entry);
        self.waits.push(Wait { terminal: entry.party, index, since: entry.at });
    }

    /// A terminal recorded or showed what came of its request, or of the lack of an answer.
    pub(super) fn stop_waiting(&mut self, index: usize, entry: &Entry) {
        let Some(place) = self.waits.iter().position(|w| w.terminal == entry.party) else { return };
        let wait = self.waits.swap_remove(place);
        let waited = entry.at.since(wait.since);
        let response = self.setting.terminal_response;
        // Real clocks are not exact, and a commit takes a moment.
        let inexact = Duration(response.0 / 10) + Duration::secs(2);
        let bound = response + inexact + self.setting.slack;
        if waited > bound && response > Duration::ZERO {
            self.overdue.get_or_insert((wait.index, index, waited));
        }
    }

    /// The line is gone or the power is: what ends the wait is not the lack of an answer.
    pub(super) fn no_more_waiting(&mut self, terminal: Party) {
        self.waits.retain(|wait| wait.terminal != terminal);
    }

    pub(super) fn commit_delayed(&mut self, entry: &Entry) {
        self.no_more_waiting(entry.party);
        self.slow_commits.push(SlowCommit { party: entry.party, begun: entry.at, done: None });
        self.each_open_wish(entry.party, |wish| wish.is_slowed = true);
    }

    /// One journal: what was begun first is durable first.
    pub(super) fn commit_done(&mut self, entry: &Entry) {
        let is_its = |of: &&mut SlowCommit| of.party == entry.party && of.done.is_none();
        if let Some(commit) = self.slow_commits.iter_mut().find(is_its) {
            commit.done = Some(entry.at);
        }
    }

    /// Since when the party has had no commit under way, at this time; none if it has one.
    pub(crate) fn free_since(&self, party: Party, at: Instant) -> Option<Instant> {
        let before = |of: &&SlowCommit| of.party == party && of.begun <= at;
        let mut commits = self.slow_commits.iter().filter(before);
        commits.try_fold(Instant::START, |free, of| {
            of.done.filter(|done| *done <= at).map(|done| free.max(done))
        })
    }

    pub(super) fn power_lost(&mut self, index: usize, entry: &Entry) {
        self.power_losses.push((entry.party, index));
        for commit in self.slow_commits.iter_mut().filter(|of| of.party == entry.party) {
            commit.done = commit.done.or(Some(entry.at));
        }
        self.no_more_waiting(entry.party);
        if !self.dark.contains(&entry.party) {
            self.dark.push(entry.party);
        }
        self.each_open_wish(entry.party, |wish| wish.is_interrupted = true);
    }

    /// Changes the wish that screen or paper of somebody else's terminal speak of: of ours, records
    /// say more.
    fn wish_about(&mut self, entry: &Entry, change: impl Fn(&mut Wish)) {
        if self.is_visible(entry.party) {
            return;
        }
        let change = |wish: &mut Wish| {
            if wish.ticket == entry.ticket {
                change(wish);
            }
        };
        self.found.wishes_by_terminal.each_mut(&mut self.wishes, entry.party, change);
    }

    /// What somebody asked somebody else's terminal for under this ticket. Its records are its own;
    /// what it shows and prints, everybody sees.
    pub(crate) fn asked_of_a_stranger(&self, ticket: Ticket) -> Option<&Wish> {
        let is_it = |wish: &&Wish| wish.ticket == ticket && !self.is_visible(wish.terminal);
        self.wishes.iter().find(is_it)
    }

    fn each_open_wish(&mut self, terminal: Party, change: impl Fn(&mut Wish)) {
        let change = |wish: &mut Wish| {
            if wish.end.is_none() {
                change(wish);
            }
        };
        self.found.wishes_by_terminal.each_mut(&mut self.wishes, terminal, change);
    }

    pub(super) fn signed(&mut self, index: usize, terminal: Party, is_signed_on: bool) {
        let talk = self.talk(terminal);
        talk.begun = index;
        if is_signed_on {
            talk.signed_on = index;
        }
        match self.keys.iter_mut().find(|keys| keys.terminal == terminal) {
            Some(keys) => (keys.index, keys.is_signed_on) = (index, is_signed_on),
            None => self.keys.push(Keys { terminal, index, is_signed_on }),
        }
    }
}
