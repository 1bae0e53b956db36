//! Cashiers and operators: who asks for what, and when the next wish comes.

use super::cast::{self, Plan};
use super::host::Happening;
use super::phases::Phase;
use super::{Item, Lines, World};
use crate::history::HEALING;
use crate::party::{Party, Role};
use crate::scenario::{AskedBy, Scenario, Step, Wish};
use reversim_models::card::{Amount, Card, Voucher};
use reversim_models::device::Display;
use reversim_models::node::{Command, Ticket};
use reversim_models::record::Kind;
use reversim_models::time::{Duration, Instant};
use std::collections::VecDeque;

/// The people around every party.
pub(super) struct People {
    desks: Vec<Desk>,
    /// Steps that nobody has asked for yet.
    left: usize,
    steps: Vec<(Ticket, usize, u8)>,
}

/// The people around one party.
#[derive(Default)]
struct Desk {
    /// Indices of the steps still to ask for, in order.
    queue: VecDeque<usize>,
    /// The wish that has not ended yet.
    open: Option<Ticket>,
    /// Whether the last final display offered a new sale.
    is_invited: bool,
}

impl People {
    pub(super) fn new(scenario: &Scenario, plan: &Plan<'_>, hosts: usize) -> People {
        let mut desks: Vec<Desk> = (0..hosts).map(|_| Desk::default()).collect();
        let mut steps = Vec::with_capacity(scenario.steps.len());
        let mut left = 0;
        for (index, step) in scenario.steps.iter().enumerate() {
            let Some(host) = plan.index(step.party) else { continue };
            let card = scenario.card_of(step).unwrap_or(0);
            steps.push((Ticket(step.id), host, card));
            left += 1;
            if step.at_ms.is_none() {
                desks[host].queue.push_back(index);
            }
        }
        People { desks, left, steps }
    }

    /// The card that is used in a step; the first card in the healing phase.
    pub(super) fn card_of(&self, ticket: Ticket) -> u8 {
        self.steps.iter().find(|(t, ..)| *t == ticket).map_or(1, |(_, _, card)| *card)
    }

    /// Where a step is asked for.
    pub(super) fn host_of(&self, ticket: Ticket) -> Option<usize> {
        self.steps.iter().find(|(t, ..)| *t == ticket).map(|(_, host, _)| *host)
    }

    /// Whether nobody wants or waits for anything.
    pub(super) fn are_done(&self) -> bool {
        self.left == 0 && self.desks.iter().all(|desk| desk.open.is_none())
    }
}

/// What a supervisor types; the right password where nobody says.
fn typed(password: Option<&String>) -> [u8; 6] {
    let digits = |text: &String| text.as_bytes().try_into().unwrap_or([0; 6]);
    password.map_or(cast::SUPERVISOR, digits)
}

/// What a cashier writes down who telephoned: the code that was given, and nothing of a terminal.
fn by_telephone(step: u32) -> Voucher {
    let code = format!("T{:05}", step % 100_000);
    let authorization = code.as_bytes().try_into().ok();
    Voucher { batch: 0, stan: 0, date: 0, rrn: [b'0'; 12], authorization }
}

impl<L: Lines> World<'_, L> {
    /// Everybody comes to work.
    pub(super) fn open_desks(&mut self) {
        for (index, step) in self.scenario.steps.iter().enumerate() {
            if let (Some(ms), Some(host)) = (step.at_ms, self.plan.index(step.party)) {
                let at = Instant::START + Duration::millis(ms);
                self.push(at, Item::Step { host, step: index });
            }
        }
        for host in 0..self.hosts.len() {
            self.ask_next(host);
        }
    }

    /// The next wish of this desk comes after a moment of thought.
    fn ask_next(&mut self, host: usize) {
        if let Some(step) = self.people.desks[host].queue.pop_front() {
            let at = self.now + Duration::millis(self.scenario.timing.think_ms);
            self.push(at, Item::Step { host, step });
        }
    }

    pub(super) fn ask(&mut self, host: usize, index: usize) {
        self.people.left = self.people.left.saturating_sub(1);
        let step = &self.scenario.steps[index];
        let desk = &self.people.desks[host];
        let is_uninvited = step.asked_by == AskedBy::Screen && !desk.is_invited;
        let is_remote = self.hosts[host].is_remote();
        let command = if is_remote { None } else { self.command_of(step) };
        let is_there = self.hosts[host].is_up();
        let (false, true, Some(command)) = (is_uninvited, is_there, command) else {
            // Nobody can be asked: the terminal is dark, or the screen never invited this.
            if step.at_ms.is_none() {
                self.ask_next(host);
            }
            return;
        };
        if step.party.role == Role::Terminal {
            self.people.desks[host].open = Some(Ticket(step.id));
            self.wait_for(host, Ticket(step.id));
        }
        self.feed(host, Ticket(step.id), Happening::Commanded(command));
        if step.party.role != Role::Terminal {
            self.ask_next(host);
        }
    }

    fn wait_for(&mut self, host: usize, ticket: Ticket) {
        let at = self.now + Duration::millis(self.scenario.timing.patience_ms.max(1));
        self.queue.push(at, super::Rank::Normal, Item::Patience { host, ticket }, false);
    }

    /// Twelve digits is what element 4 carries.
    pub(super) fn price(&self, minor: u64) -> Amount {
        self.scenario.currency().amount(minor.min(999_999_999_999))
    }

    /// What a person says to the party, in the party's own terms.
    fn command_of(&mut self, step: &Step) -> Option<Command> {
        let (ticket, party) = (Ticket(step.id), step.party);
        let is_terminal = party.role == Role::Terminal;
        Some(match step.wish {
            Wish::SignOn if is_terminal => Command::SignOn { ticket },
            Wish::Sale { amount, card } if is_terminal => {
                Command::Sale { ticket, amount: self.price(amount), card: self.plan.card(card)? }
            }
            Wish::QrSale { amount, .. } if is_terminal => {
                Command::Sale { ticket, amount: self.price(amount), card: self.shown_in(step)? }
            }
            Wish::PreAuth { amount, card } if is_terminal => {
                Command::PreAuth { ticket, amount: self.price(amount), card: self.plan.card(card)? }
            }
            Wish::Completion { of, amount, told } if is_terminal => {
                let kind = if told { Kind::CompletionAdvice } else { Kind::Completion };
                self.completion(step, (of, kind), amount)?
            }
            Wish::Void { of, ref password, .. } if is_terminal => {
                let card = self.shown_in(step)?;
                let (kind, original, amount) = self.slip_of(Ticket(of))?;
                let password = typed(password.as_ref());
                match kind {
                    Kind::PreAuth => {
                        let kind = Kind::PreAuthVoid;
                        Command::Follow { ticket, kind, amount, card, original, password }
                    }
                    _ => Command::Void { ticket, voucher: original.stan, card, password },
                }
            }
            Wish::Refund { .. } if is_terminal => self.refund(step)?,
            Wish::OfflineSale { amount, card } if is_terminal => {
                self.offline_sale(step.id, amount, card)?
            }
            Wish::Tip { of, amount } if is_terminal => self.tip(step, of, amount)?,
            Wish::Inquiry { card } if is_terminal => {
                Command::Inquiry { ticket, card: self.plan.card(card)? }
            }
            Wish::Settle if is_terminal => Command::Settle { ticket },
            Wish::Reprint { of } if is_terminal => {
                let voucher = match of {
                    Some(step) => Some(self.voucher_of(Ticket(step))?),
                    None => None,
                };
                Command::Reprint { ticket, voucher }
            }
            Wish::Download if is_terminal => Command::Download { ticket },
            Wish::SignOff if is_terminal => Command::SignOff { ticket },
            Wish::Echo if is_terminal => Command::Echo { ticket },
            Wish::CutOver { window_ms } if party.role == Role::Switch => {
                self.cut_over(ticket, window_ms);
                return None;
            }
            Wish::Maintenance { for_ms } if !is_terminal => {
                let host = self.plan.index(party)?;
                self.maintenance(host, ticket, for_ms);
                return None;
            }
            Wish::Route { .. } | Wish::WithdrawKeys { .. } if party.role == Role::Switch => {
                self.plan.at_the_console(party, &step.wish)?
            }
            Wish::Claim { .. } | Wish::LookUp { .. } if party == Party::switch(1) => {
                self.at_the_desk(step)?
            }
            Wish::Retrieve { of } if party.role == Role::Issuer => self.complain(ticket, of)?,
            _ => return None,
        })
    }

    /// The completion of what a step held, for so much or for all of it.
    fn completion(
        &mut self,
        step: &Step,
        (of, kind): (u32, Kind),
        amount: Option<u64>,
    ) -> Option<Command> {
        let card = self.plan.card(self.scenario.card_of(step)?)?;
        let (held_by, original, held) = self.slip_of(Ticket(of))?;
        let amount = amount.map_or(held, |amount| self.price(amount));
        let (ticket, password) = (Ticket(step.id), cast::SUPERVISOR);
        (held_by == Kind::PreAuth).then_some(Command::Follow {
            ticket,
            kind,
            amount,
            card,
            original,
            password,
        })
    }

    /// What the customer of a step shows: a card, or the payment code of the purchase it is about,
    /// which is another one for every purchase.
    fn shown_in(&self, step: &Step) -> Option<Card> {
        let number = self.scenario.card_of(step)?;
        let is_other = matches!(step.wish, Wish::Void { card: Some(_), .. });
        let paid = match step.wish.original().filter(|_| !is_other) {
            Some(of) => self.scenario.steps.iter().find(|step| step.id == of)?,
            None => step,
        };
        match paid.wish {
            Wish::QrSale { .. } => self.plan.code(number, paid.id),
            _ => self.plan.card(number),
        }
    }

    /// A refund of what the slip of a sale says.
    fn refund(&self, step: &Step) -> Option<Command> {
        let Wish::Refund { of, amount, ref password } = step.wish else { return None };
        let card = self.shown_in(step)?;
        let (sold, original, whole) = self.slip_of(Ticket(of))?;
        let amount = amount.map_or(whole, |amount| self.price(amount));
        let (ticket, kind) = (Ticket(step.id), Kind::Refund);
        let password = typed(password.as_ref());
        let refund = Command::Follow { ticket, kind, amount, card, original, password };
        (sold == Kind::Sale).then_some(refund)
    }

    /// A sale that was authorised by telephone.
    fn offline_sale(&self, step: u32, amount: u64, card: u8) -> Option<Command> {
        let (ticket, kind, amount) = (Ticket(step), Kind::OfflineSale, self.price(amount));
        let (card, password) = (self.plan.card(card)?, cast::SUPERVISOR);
        let original = by_telephone(step);
        Some(Command::Follow { ticket, kind, amount, card, original, password })
    }

    /// A tip on what the slip of a sale says.
    fn tip(&self, step: &Step, of: u32, amount: u64) -> Option<Command> {
        let card = self.shown_in(step)?;
        let (sold, original, _) = self.slip_of(Ticket(of))?;
        let (ticket, kind, password) = (Ticket(step.id), Kind::Tip, cast::SUPERVISOR);
        let amount = self.price(amount);
        let tip = Command::Follow { ticket, kind, amount, card, original, password };
        (sold == Kind::Sale).then_some(tip)
    }

    /// The cashier reads the screen.
    pub(super) fn shown(&mut self, host: usize, ticket: Ticket, display: Display) {
        if !display.is_final() {
            return;
        }
        let desk = &mut self.people.desks[host];
        desk.is_invited = display.offers_a_new_sale();
        if desk.open == Some(ticket) {
            desk.open = None;
            self.ask_next(host);
        }
    }

    pub(super) fn lose_patience(&mut self, host: usize, ticket: Ticket) {
        if self.people.desks[host].open == Some(ticket) {
            self.people.desks[host].open = None;
            self.ask_next(host);
        }
    }

    /// The terminal went dark and came back: whatever was wanted is over.
    pub(super) fn power_is_back(&mut self, host: usize) {
        if self.people.desks[host].open.take().is_some() {
            self.ask_next(host);
        }
    }

    /// In the healing phase: somebody asks this of every terminal, one after another.
    pub(super) fn ask_every_terminal(
        &mut self,
        first: u32,
        phase: Phase,
        wish: impl Fn(Ticket, &Self) -> Option<Command>,
    ) -> u32 {
        let mut next = first;
        for host in 0..usize::from(self.plan.terminals) {
            let ticket = Ticket(HEALING + next);
            next += 1;
            if self.hosts[host].is_remote() {
                continue;
            }
            let Some(command) = wish(ticket, self) else { continue };
            self.people.desks[host].open = Some(ticket);
            self.feed(host, ticket, Happening::Commanded(command));
        }
        let begun = self.now;
        let until = begun + self.length(phase);
        while !self.people.are_done() && self.step(until) {}
        self.needs(phase, begun, self.people.are_done());
        for desk in &mut self.people.desks {
            desk.open = None;
        }
        next
    }

    /// The first card that the healing phase can use for an inquiry.
    pub(super) fn any_card(&self) -> Option<reversim_models::card::Card> {
        self.plan.card(1)
    }
}
