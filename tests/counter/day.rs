//! A day at the counter, told in a few words, and what can be asked of its history.

use reversim::file::parse;
use reversim::history::What;
use reversim::party::Party;
use reversim::run::Outcome;
use reversim::scenario::Scenario;
use reversim_models::device::{Display, Output, Slip};
use reversim_models::iso8583::Mti;
use reversim_models::node::Ticket;
use reversim_models::time::Instant;

pub(super) const TERMINAL: Party = Party::terminal(1);
pub(super) const SWITCH: Party = Party::switch(1);
pub(super) const ISSUER: Party = Party::issuer(1);

/// A day: sections as in a scenario file, then one wish a line: `milliseconds party wish`. A wish
/// in braces stands there as it would in a file.
pub(super) fn day(setting: &str, steps: &[&str], faults: &str) -> Day {
    let mut text = format!("version = 1\n{setting}\n");
    for (number, step) in steps.iter().enumerate() {
        let mut words = step.splitn(3, ' ');
        let (at, party, wish) = (words.next(), words.next(), words.next());
        let (at, party) = (at.expect("a time"), party.expect("a party"));
        let words: Vec<&str> = wish.expect("a wish").split(' ').collect();
        let wish = match words[..] {
            ["sale", amount, card] => {
                format!("{{ sale = {{ amount = {amount}, card = {card} }} }}")
            }
            ["inquiry", card] => format!("{{ inquiry = {{ card = {card} }} }}"),
            ["cut-over", window] => format!("{{ cut-over = {{ window-ms = {window} }} }}"),
            ["closed", window] => format!("{{ maintenance = {{ for-ms = {window} }} }}"),
            ["reprint", of] => format!("{{ reprint = {{ of = {of} }} }}"),
            ["reprint"] => "{ reprint = {} }".to_owned(),
            ["withdraw-keys"] => "{ withdraw-keys = { terminal = \"terminal-1\" } }".to_owned(),
            ["{", ..] => words.join(" "),
            [word] => format!("\"{word}\""),
            _ => panic!("nobody wishes {step}"),
        };
        let at = if at == "-" { String::new() } else { format!("at-ms = {at}\n") };
        text += &format!("[[step]]\nid = {}\nparty = \"{party}\"\n{at}do = {wish}\n", number + 1);
    }
    let scenario = parse("a day", (text + faults).as_bytes()).unwrap_or_else(|e| panic!("{e}"));
    Day::of(&scenario)
}

/// A day that is over.
pub(super) struct Day {
    pub(super) run: reversim::Run,
}

impl Day {
    fn of(scenario: &Scenario) -> Day {
        let run = reversim::run(scenario);
        assert_eq!((run.violation(), run.outcome()), (None, Outcome::Holds));
        assert_eq!(run.idle_faults, [0; 0]);
        Day { run }
    }

    pub(super) fn about<T>(&self, step: u32, pick: impl Fn(Party, &What) -> Option<T>) -> Vec<T> {
        let of_step = self.run.history.entries.iter().filter(|e| e.ticket == Ticket(step));
        of_step.filter_map(|entry| pick(entry.party, &entry.what)).collect()
    }

    /// The last words on the screen about this step, and when.
    pub(super) fn end(&self, step: u32) -> (Display, Instant) {
        let mut shown = self.run.history.entries.iter().filter_map(|entry| match entry.what {
            What::Told { output: Output::Display(display), .. }
                if entry.ticket == Ticket(step) && display.is_final() =>
            {
                Some((display, entry.at))
            }
            _ => None,
        });
        shown.next_back().unwrap_or_else(|| panic!("nothing was shown about step {step}"))
    }

    /// The code that a step was refused with, or `ok` for a sale approved in full with its slip.
    pub(super) fn code(&self, step: u32) -> String {
        match self.end(step).0 {
            Display::Declined(code) => code.to_string(),
            Display::Approved(amount) => {
                let slips = self.about(step, |_, what| match what {
                    What::Told { output: Output::Slip(slip), .. } => Some(*slip),
                    _ => None,
                });
                let is_it = |slip: &Slip| match *slip {
                    Slip::Receipt { amount: paid, is_copy, .. } => paid == amount && !is_copy,
                    _ => false,
                };
                let is_receipt = slips.len() == 1 && slips.iter().all(is_it);
                assert!(is_receipt, "step {step}: {slips:?}");
                "ok".to_owned()
            }
            display => format!("{display:?}"),
        }
    }

    pub(super) fn codes(&self, steps: std::ops::RangeInclusive<u32>) -> String {
        steps.map(|step| self.code(step)).collect::<Vec<_>>().join(" ")
    }

    /// Frames of this type that a party sent about a step.
    pub(super) fn sent(&self, party: Party, mti: Mti, step: u32) -> usize {
        let is_it = |from, what: &What| match what {
            What::Sent { frame, .. } => (from == party && frame.mti() == Some(mti)).then_some(()),
            _ => None,
        };
        self.about(step, is_it).len()
    }

    pub(super) fn records(&self, party: Party, name: &str) -> usize {
        let entries = self.run.history.entries.iter();
        let is_it = |what: &What| matches!(what, What::Recorded(record) if record.name() == name);
        entries.filter(|entry| entry.party == party && is_it(&entry.what)).count()
    }

    /// Where in the history this record of a party about a step became durable, or its end.
    pub(super) fn recorded(&self, party: Party, name: &str, step: u32) -> usize {
        let is_it = |what: &What| matches!(what, What::Recorded(record) if record.name() == name);
        let mut entries = self.run.history.entries.iter();
        let found = entries.position(|entry| {
            entry.party == party && entry.ticket == Ticket(step) && is_it(&entry.what)
        });
        found.unwrap_or(self.run.history.entries.len())
    }

    /// Where in the history each frame of this type left a party about a step.
    pub(super) fn left(&self, party: Party, mti: Mti, step: u32) -> Vec<usize> {
        let entries = self.run.history.entries.iter().enumerate();
        let about = entries.filter(|(_, it)| it.party == party && it.ticket == Ticket(step));
        let is_it =
            |what: &What| matches!(what, What::Sent { frame, .. } if frame.mti() == Some(mti));
        about.filter(|(_, entry)| is_it(&entry.what)).map(|(index, _)| index).collect()
    }
}
