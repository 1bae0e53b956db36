//! Somebody else's party as a child process: events in, actions out, one JSON document a line.
//!
//! The child is a sans-IO party in any language. It plays in the simulated world, in virtual time,
//! under every fault there is; what it writes down itself ([`Record::Own`]) comes back to it after
//! a loss of power. docs/process-protocol.md is the protocol. A child that does not keep to it, or
//! answers one run in two ways, is an error and never a verdict.
//!
//! [`Record::Own`]: reversim_models::record::Record::Own

mod config;
mod foreign;
mod pipe;
mod transcript;
mod trouble;
mod wire;

pub use trouble::ProcessError;
pub use wire::PROTOCOL;

use crate::party::{Party, Role};
use crate::run::{Run, run_with};
use crate::scenario::Scenario;
use foreign::Performance;
use pipe::Child;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use transcript::Transcript;

/// One run in so many is played again, and compared.
const AGAIN_ONE_IN: u64 = 32;
/// One of so many runs that are played again is played by new children.
const FRESH_ONE_IN: u64 = 16;

/// Who is played, and by which command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Player {
    /// The party.
    pub party: Party,
    /// The command as it was written.
    pub command: String,
    program: String,
    arguments: Vec<String>,
}

/// Why somebody cannot be played by a command.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PlayerError {
    /// The protocol has no screens, printers or card readers, and no files of a clearing house.
    #[error("{0} cannot be a child process: switches and issuers can")]
    Role(Party),
    /// The command is empty, or a quotation mark in it has no end.
    #[error("the command of {0} {1}")]
    Command(Party, &'static str),
}

impl Player {
    /// A party and its command: words separated by blanks; quotation marks and backslashes as in a
    /// shell, and nothing else of a shell.
    ///
    /// # Errors
    ///
    /// If the party is none that a child can play, or the command is no command.
    pub fn new(party: Party, command: &str) -> Result<Player, PlayerError> {
        if !matches!(party.role, Role::Switch | Role::Issuer) {
            return Err(PlayerError::Role(party));
        }
        let words = words(command).map_err(|why| PlayerError::Command(party, why))?;
        let mut words = words.into_iter();
        let program = words.next().ok_or(PlayerError::Command(party, "is empty"))?;
        Ok(Player {
            party,
            command: command.trim().to_owned(),
            program,
            arguments: words.collect(),
        })
    }
}

/// Children that play parties, run after run, thread by thread.
pub struct Troupe {
    shared: Arc<Shared>,
    runs: AtomicU64,
    again: AtomicU64,
    trouble: Mutex<Option<ProcessError>>,
}

/// What the troupe shares with the parties of every run.
struct Shared {
    players: Vec<Player>,
    limit: Duration,
    /// Children without a run, each with the number of its player.
    idle: Mutex<Vec<(usize, Child)>>,
}

impl Shared {
    fn idle(&self, number: usize) -> Option<Child> {
        let mut idle = lock(&self.idle);
        let place = idle.iter().position(|(of, _)| *of == number)?;
        Some(idle.remove(place).1)
    }

    /// The next run of that party may have it.
    fn take_back(&self, number: usize, child: Child) {
        lock(&self.idle).push((number, child));
    }
}

impl Troupe {
    /// These players; nobody is started yet. No answer may take longer than `limit`.
    pub fn new(players: Vec<Player>, limit: Duration) -> Troupe {
        Troupe {
            shared: Arc::new(Shared { players, limit, idle: Mutex::default() }),
            runs: AtomicU64::new(0),
            again: AtomicU64::new(0),
            trouble: Mutex::default(),
        }
    }

    /// Who is played.
    pub fn players(&self) -> &[Player] {
        &self.shared.players
    }

    /// The first thing that went wrong, in any run.
    pub fn trouble(&self) -> Option<ProcessError> {
        lock(&self.trouble).clone()
    }

    /// Plays a scenario; one run in some is played again, and compared.
    ///
    /// # Errors
    ///
    /// If a child cannot be started or does not keep to the protocol, or the same run was answered
    /// in two ways.
    pub fn run(&self, scenario: &Scenario) -> Result<Run, ProcessError> {
        let is_sample = self.runs.fetch_add(1, Ordering::Relaxed).is_multiple_of(AGAIN_ONE_IN);
        let played = if is_sample {
            let nth = self.again.fetch_add(1, Ordering::Relaxed);
            self.twice(scenario, nth % FRESH_ONE_IN == 1)
        } else {
            self.once(scenario, false, None)
        };
        played.map_err(|error| self.note(scenario, error))
    }

    /// Plays a scenario three times: by the children at hand, by them after a reset, and by new
    /// ones.
    ///
    /// # Errors
    ///
    /// As [`Troupe::run`].
    pub fn examine(&self, scenario: &Scenario) -> Result<Run, ProcessError> {
        let played = self.twice(scenario, false).and_then(|_| self.twice(scenario, true));
        played.map_err(|error| self.note(scenario, error))
    }

    fn note(&self, scenario: &Scenario, error: ProcessError) -> ProcessError {
        let error = ProcessError { scenario: Some(Box::new(scenario.clone())), ..error };
        lock(&self.trouble).get_or_insert_with(|| error.clone());
        error
    }

    fn once(
        &self,
        scenario: &Scenario,
        is_fresh: bool,
        transcript: Option<Arc<Transcript>>,
    ) -> Result<Run, ProcessError> {
        let trouble = Arc::default();
        let shared = Arc::clone(&self.shared);
        let cast = Performance { shared, is_fresh, transcript, trouble: Arc::clone(&trouble) };
        let run = run_with(scenario, &cast);
        match lock(&trouble).take() {
            Some(error) => Err(error),
            None => Ok(run),
        }
    }

    fn twice(&self, scenario: &Scenario, is_fresh: bool) -> Result<Run, ProcessError> {
        let transcripts = [Arc::<Transcript>::default(), Arc::default()];
        let run = self.once(scenario, false, Some(Arc::clone(&transcripts[0])))?;
        let again = self.once(scenario, is_fresh, Some(Arc::clone(&transcripts[1])))?;
        if run.digest == again.digest {
            return Ok(run);
        }
        let parting = transcripts[0].parts_from(&transcripts[1]);
        let player = parting.as_ref().map_or(0, |parting| parting.player);
        let Player { party, command, .. } = self.shared.players[player].clone();
        let who = if is_fresh { "another child" } else { "the same run after a reset" };
        let what = match parting {
            Some(parting) => format!(
                "is not deterministic: line {} of the run, {}, was answered `{}`, and by {who} \
                 `{}`",
                parting.line, parting.question, parting.answers[0], parting.answers[1]
            ),
            // No answer differs: then the mistake is here, and not in the child.
            None => format!(
                "answered the same twice, and the runs differ all the same ({} and {}): reversim \
                 is not deterministic here",
                run.digest, again.digest
            ),
        };
        Err(ProcessError { party, command, what, is_usage: false, scenario: None })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A command, word by word.
fn words(command: &str) -> Result<Vec<String>, &'static str> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = command.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => {
                let next = characters.next().ok_or("ends with a backslash")?;
                word.get_or_insert_default().push(next);
            }
            (None, blank) if blank.is_whitespace() => words.extend(word.take()),
            (_, other) => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    match quote {
        Some(_) => Err("has a quotation mark without an end"),
        None => Ok(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_split_as_a_shell_splits_it() {
        let cases = [
            ("python3  a.py --x 1", &["python3", "a.py", "--x", "1"][..]),
            ("'two words' \"and 'more'\"", &["two words", "and 'more'"][..]),
            (r#"a\ b c"d e"f ''"#, &["a b", "cd ef", ""][..]),
            ("  ", &[][..]),
        ];
        for (command, expected) in cases {
            assert_eq!(words(command).expect("it is one"), expected, "{command}");
        }
        assert!(words("'open").is_err() && words("open\\").is_err());
    }

    #[test]
    fn only_hosts_can_be_children() {
        let error = Player::new(Party::terminal(1), "true").unwrap_err();
        assert_eq!(
            error.to_string(),
            "terminal-1 cannot be a child process: switches and issuers can"
        );
        let error = Player::new(Party::switch(1), " ").unwrap_err();
        assert_eq!(error.to_string(), "the command of switch-1 is empty");
    }
}
