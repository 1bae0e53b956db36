//! A party played by a child: it has no memory of its own but the child's, and no thread.

use super::config::document;
use super::pipe::Child;
use super::transcript::Transcript;
use super::trouble::{LINES_MAX, ProcessError, Trouble};
use super::wire::{Answer, BOOKS, POWER_LOSS, PROTOCOL, Reset, answer, ended, line};
use super::{Player, Shared};
use crate::party::Party;
use crate::stage::{Cast, Config};
use reversim_models::card::Currency;
use reversim_models::node::{Actions, Event, Node, Posting};
use reversim_models::time::{Instant, Now};
use std::sync::{Arc, Mutex, PoisonError};

/// Who plays in one run, and what became of it.
pub(super) struct Performance {
    pub(super) shared: Arc<Shared>,
    /// Whether every child is a new one, and ends with the run.
    pub(super) is_fresh: bool,
    pub(super) transcript: Option<Arc<Transcript>>,
    pub(super) trouble: Arc<Mutex<Option<ProcessError>>>,
}

impl Cast for Performance {
    fn play(&self, party: Party, config: &Config) -> Option<Box<dyn Node>> {
        let number = self.shared.players.iter().position(|player| player.party == party)?;
        let currency = match config {
            Config::Switch(config) => config.currency,
            Config::Issuer(config) => config.currency,
            Config::Terminal(_) | Config::Clearing(_) => return None,
        };
        Some(Box::new(Foreign {
            shared: Arc::clone(&self.shared),
            number,
            config: Box::new(config.clone()),
            currency,
            is_fresh: self.is_fresh,
            transcript: self.transcript.clone(),
            trouble: Arc::clone(&self.trouble),
            child: None,
            is_lost: false,
            lost_power: false,
            tells_books: false,
            deadline: None,
            lines: 0,
            question: Vec::new(),
        }))
    }
}

struct Foreign {
    shared: Arc<Shared>,
    /// Which of the players.
    number: usize,
    config: Box<Config>,
    currency: Currency,
    is_fresh: bool,
    transcript: Option<Arc<Transcript>>,
    trouble: Arc<Mutex<Option<ProcessError>>>,
    child: Option<Child>,
    /// Whether something went wrong: then it does nothing any more, and the run ends soon.
    is_lost: bool,
    lost_power: bool,
    /// Whether it can be asked for its books.
    tells_books: bool,
    deadline: Option<Instant>,
    /// Lines that the child was written in this run.
    lines: u64,
    /// The last of them.
    question: Vec<u8>,
}

impl Foreign {
    fn player(&self) -> &Player {
        &self.shared.players[self.number]
    }

    fn tell(&mut self, now: Now, event: &Event<'_>, actions: &mut Actions) -> Result<(), Trouble> {
        let Some(question) = line(now, actions.ticket(), event) else { return Ok(()) };
        if matches!(event, Event::Started { .. }) {
            self.begin()?;
        }
        let currency = self.currency;
        self.ask(question, |answer| answer.perform(currency, actions))
    }

    /// Before it starts: a new world, or the old one after a loss of power.
    fn begin(&mut self) -> Result<(), Trouble> {
        if self.child.is_some() {
            return match std::mem::take(&mut self.lost_power) {
                true => self.ask(POWER_LOSS.to_vec(), wants_nothing).map(|_| ()),
                false => Ok(()),
            };
        }
        let idle = if self.is_fresh { None } else { self.shared.idle(self.number) };
        self.child = Some(match idle {
            Some(child) => child,
            None => {
                let Player { program, arguments, .. } = self.player();
                Child::start(program, arguments)
                    .map_err(|error| Trouble::NoStart(error.to_string()))?
            }
        });
        let config = document(&self.config).unwrap_or_default();
        let party = self.player().party;
        let reset = Reset {
            event: "reset",
            protocol: PROTOCOL,
            party: party.to_string(),
            role: party.role.word(),
            config: &config,
        };
        self.tells_books = self.ask(ended(&reset), wants_nothing)?;
        Ok(())
    }

    /// Writes a line, and takes its answer.
    fn ask<T>(
        &mut self,
        question: Vec<u8>,
        take: impl FnOnce(Answer<'_>) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        self.lines += 1;
        self.question = question;
        let child = self.child.as_mut().ok_or(Trouble::Ended(None))?;
        if self.lines > LINES_MAX {
            return Err(Trouble::TooMany);
        }
        let limit = self.shared.limit;
        let said = child.exchange(&self.question, limit);
        let said = said.map_err(|broken| Trouble::of(broken, limit))?;
        if let Some(transcript) = &self.transcript {
            transcript.write(self.number, &self.question, said);
        }
        let answer = answer(said)?;
        self.deadline = answer.deadline();
        take(answer)
    }

    fn lose(&mut self, trouble: &Trouble) {
        (self.is_lost, self.deadline, self.child) = (true, None, None);
        let error = ProcessError {
            party: self.player().party,
            command: self.player().command.clone(),
            what: trouble.sentence(self.lines, &self.question),
            is_usage: trouble.is_usage(self.lines),
            scenario: None,
        };
        let mut first = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(error);
    }
}

/// The answer of who has not started: whether it can be asked for its books, and nothing else.
fn wants_nothing(answer: Answer<'_>) -> Result<bool, Trouble> {
    answer.says_no_books()?;
    if answer.is_empty() { Ok(answer.tells_books()) } else { Err(Trouble::NotNow) }
}

impl Node for Foreign {
    fn handle(&mut self, now: Now, event: Event<'_>, actions: &mut Actions) {
        if self.is_lost {
            return;
        }
        if let Err(trouble) = self.tell(now, &event, actions) {
            actions.reset(actions.ticket());
            self.lose(&trouble);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn postings(&mut self) -> Option<Vec<Posting>> {
        if self.is_lost || !self.tells_books {
            return None;
        }
        let deadline = self.deadline;
        let told = self.ask(BOOKS.to_vec(), |answer| match answer.acts() {
            true => Err(Trouble::NotNow),
            false => answer.postings(),
        });
        // Being asked changes nothing.
        self.deadline = deadline;
        told.map_err(|trouble| self.lose(&trouble)).ok()
    }

    fn lose_power(&mut self) -> bool {
        self.lost_power = true;
        self.deadline = None;
        true
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        if let Some(child) = self.child.take().filter(|_| !self.is_fresh) {
            self.shared.take_back(self.number, child);
        }
    }
}
