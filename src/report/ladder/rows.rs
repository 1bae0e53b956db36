//! What a ladder shows, row by row: which entries, under which party, as what. Draws nothing.

use super::Ladder;
use crate::history::{Entry, HEALING, History, What};
use crate::party::Party;
use crate::report::entry::{
    horizon_word, is_echo, lateness, message_words, output_words, record_words,
};
use crate::report::words::{counted_word, describe_command};
use reversim_models::card::Currency;
use reversim_models::device::{Device, Display, Output};
use reversim_models::node::{LinkDownReason, Ticket};
use reversim_models::time::Instant;
use std::collections::{BTreeMap, BTreeSet};

/// The page before it is drawn.
pub(super) struct Plan {
    /// The columns, from left to right.
    pub(super) parties: Vec<Party>,
    /// Parties that are left out.
    pub(super) hidden: Vec<Party>,
    /// From top to bottom.
    pub(super) rows: Vec<Row>,
}

/// One row.
pub(super) struct Row {
    /// When; none where no time belongs.
    pub(super) at: Option<Instant>,
    /// Whether it is marked.
    pub(super) is_witness: bool,
    /// Which entry of the history it is about.
    pub(super) entry: usize,
    /// What is drawn.
    pub(super) content: Content,
}

/// What a row holds. Columns are indices of [`Plan::parties`].
pub(super) enum Content {
    /// Under a party, beside its line.
    Note { column: usize, text: String },
    /// A wish of a person, at the party's line.
    Wish { column: usize, text: String },
    /// Power goes or comes back.
    Power { column: usize, is_on: bool },
    /// Between two parties; the words are the most telling first.
    Arrow { from: usize, to: usize, words: Vec<String>, shape: Shape },
    /// Across the page: a fault.
    Fault(String),
    /// Across the page: the run enters another phase.
    Phase(String),
}

/// How an arrow is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// It arrives as it should.
    Whole,
    /// It never arrives.
    Lost,
    /// It leaves; its arrival has a row of its own.
    Leaves,
    /// It arrives; its leaving has a row of its own.
    Arrives,
}

/// Columns at most, unless nothing tells who matters.
const PARTIES_MAX: usize = 4;

/// Later than this after it was sent, an arrival has a row of its own.
const LATE_US: u64 = 1_000_000;

pub(super) fn plan(ladder: &Ladder<'_>) -> Plan {
    let stage = Stage::new(ladder);
    let mut rows = Vec::new();
    for (index, entry) in ladder.history.entries.iter().enumerate() {
        let is_witness = ladder.witnesses.contains(&index);
        if let Some(content) = stage.content(ladder, index, entry, is_witness) {
            let is_witness = is_witness || stage.is_arrival_a_witness(ladder, index);
            let at = match content {
                Content::Fault(_) | Content::Phase(_) => None,
                _ => Some(entry.at),
            };
            rows.push(Row { at, is_witness, entry: index, content });
        }
    }
    Plan { parties: stage.parties, hidden: stage.hidden, rows }
}

/// Who is shown, and how each message travels.
struct Stage {
    parties: Vec<Party>,
    hidden: Vec<Party>,
    hidden_tickets: BTreeSet<Ticket>,
    /// For each sent frame, the arrivals in order.
    arrivals: BTreeMap<usize, Vec<usize>>,
    /// Sent frames drawn in one row with their arrival.
    whole: BTreeSet<usize>,
}

impl Stage {
    fn new(ladder: &Ladder<'_>) -> Stage {
        let history = ladder.history;
        let all = everybody(history);
        let parties = match all.len() > PARTIES_MAX {
            true => concerned(ladder, &all),
            false => all.clone(),
        };
        let hidden: Vec<Party> = all.into_iter().filter(|p| !parties.contains(p)).collect();
        let asked = history.entries.iter().filter(|e| matches!(e.what, What::Asked(_)));
        let hidden_tickets = asked.filter(|e| hidden.contains(&e.party)).map(|e| e.ticket);
        let hidden_tickets = hidden_tickets.filter(|t| *t != Ticket::NONE).collect();
        let arrivals = arrivals(history);
        let whole = arrivals
            .iter()
            .filter(|(sent, arrivals)| is_whole(history, **sent, arrivals))
            .map(|(sent, _)| *sent)
            .collect();
        Stage { parties, hidden, hidden_tickets, arrivals, whole }
    }

    fn column(&self, party: Party) -> Option<usize> {
        self.parties.iter().position(|p| *p == party)
    }

    fn is_arrival_a_witness(&self, ladder: &Ladder<'_>, index: usize) -> bool {
        let first = self.arrivals.get(&index).and_then(|arrivals| arrivals.first());
        self.whole.contains(&index) && first.is_some_and(|first| ladder.witnesses.contains(first))
    }

    fn content(
        &self,
        ladder: &Ladder<'_>,
        index: usize,
        entry: &Entry,
        is_witness: bool,
    ) -> Option<Content> {
        match &entry.what {
            What::FaultFired(fault) => {
                let words = ladder.faults.get(*fault).map(|words| format!(": {words}"));
                return Some(Content::Fault(format!(
                    "! fault {}{}",
                    fault + 1,
                    words.unwrap_or_default()
                )));
            }
            What::Healed => {
                return Some(Content::Phase("faults are over, lines and power are back".into()));
            }
            What::Horizon(horizon) => {
                return Some(Content::Phase(format!("{} horizon", horizon_word(*horizon))));
            }
            _ => {}
        }
        if self.hidden_tickets.contains(&entry.ticket) {
            return None;
        }
        let column = self.column(entry.party)?;
        match &entry.what {
            What::Asked(command) => {
                let number = match entry.ticket.0 {
                    0 => String::new(),
                    id if id > HEALING => "then: ".to_owned(),
                    id => format!("step {id}: "),
                };
                let text = format!("{number}{}", describe_command(command));
                Some(Content::Wish { column, text })
            }
            What::Sent { .. } | What::Delivered { .. } => {
                self.arrow(ladder.history, index, entry, column)
            }
            What::PowerLost => Some(Content::Power { column, is_on: false }),
            What::PowerRestored => Some(Content::Power { column, is_on: true }),
            what => note(what, is_witness, ladder.history.setting.currency)
                .map(|text| Content::Note { column, text }),
        }
    }

    fn arrow(
        &self,
        history: &History,
        index: usize,
        entry: &Entry,
        column: usize,
    ) -> Option<Content> {
        match &entry.what {
            What::Sent { to, frame, .. } => {
                let shape = match (self.arrivals.contains_key(&index), self.whole.contains(&index))
                {
                    (false, _) => Shape::Lost,
                    (true, false) => Shape::Leaves,
                    (true, true) if entry.ticket == Ticket::NONE && is_echo(frame) => return None,
                    (true, true) => Shape::Whole,
                };
                let (to, words) =
                    (self.column(*to)?, message_words(frame, history.setting.currency));
                Some(Content::Arrow { from: column, to, words, shape })
            }
            What::Delivered { from, sent, frame, is_altered, copy, part, .. } => {
                let is_first = self.arrivals.get(sent).and_then(|all| all.first()) == Some(&index);
                if is_first && self.whole.contains(sent) {
                    return None;
                }
                let mut words = message_words(frame, history.setting.currency);
                let mut remark = |text: String| words.insert(1.min(words.len()), text);
                let late = entry.at.since(history.entries.get(*sent)?.at).0;
                if late >= LATE_US {
                    remark(format!("({})", lateness(late)));
                }
                if let Some((start, end)) = part {
                    remark(format!("(bytes {start}..{end})"));
                }
                if *is_altered {
                    remark("(altered)".to_owned());
                }
                if *copy > 0 {
                    remark(format!("(copy {})", copy + 1));
                }
                let from = self.column(*from)?;
                Some(Content::Arrow { from, to: column, words, shape: Shape::Arrives })
            }
            _ => None,
        }
    }
}

fn note(what: &What, is_witness: bool, currency: Currency) -> Option<String> {
    match what {
        What::Recorded(record) => {
            let is_minor = matches!(
                record.name(),
                "own"
                    | "opened"
                    | "stan-taken"
                    | "reversal-tried"
                    | "advice-tried"
                    | "slip-printed"
                    | "keys-issued"
            );
            (is_witness || !is_minor).then(|| format!("* {}", record_words(record, currency)))
        }
        What::Torn(record) => Some(format!("* TORN: {}", record_words(record, currency))),
        What::Told { output: Output::Display(display), .. } => {
            let is_shown = display.is_final()
                || matches!(
                    display,
                    Display::ReversalInProgress
                        | Display::ReversalSucceeded
                        | Display::ReversalFailed
                        | Display::TellingAgain
                        | Display::AdviceFailed
                        | Display::QueryingOrder
                        | Display::ClosingOrder
                );
            (is_witness || is_shown).then(|| output_words(&Output::Display(*display), currency))
        }
        What::Told { device: Device::PinPad | Device::Log, output } => {
            is_witness.then(|| output_words(output, currency))
        }
        What::Told { output, .. } => Some(output_words(output, currency)),
        What::Answered { device: Device::Printer, is_done: false } => {
            Some("~ no slip came out".to_owned())
        }
        What::Answered { device: Device::CardReader, is_done: false } => {
            Some("~ the chip did not".to_owned())
        }
        What::Answered { device: Device::PinPad, is_done: false } => {
            Some("~ the cardholder cancelled".to_owned())
        }
        What::ConnectFailed { peer } => Some(format!("~ no line to {peer}")),
        What::LinkDown { peer, reason: LinkDownReason::Reset, .. } => {
            Some(format!("~ line to {peer} broke"))
        }
        What::Books(postings) => {
            Some(format!("~ books: {}", counted_word(postings.len() as u64, "posting")))
        }
        What::CommitDelayed => Some("~ the commit takes long".to_owned()),
        What::CommitOvertaken => Some("~ goes on meanwhile".to_owned()),
        What::ClockStepped(local) => Some(format!("~ clock jumps to {local}")),
        _ => None,
    }
}

/// Everybody who did anything but test lines and open books, in the order of the line.
fn everybody(history: &History) -> Vec<Party> {
    let acts = |entry: &&Entry| match &entry.what {
        What::Asked(_) | What::Told { .. } | What::PowerLost | What::FaultFired(_) => true,
        What::Recorded(record) => record.name() != "opened",
        What::Sent { frame, .. } | What::Delivered { frame, .. } => {
            entry.ticket != Ticket::NONE || !is_echo(frame)
        }
        _ => false,
    };
    let parties: BTreeSet<Party> = history.entries.iter().filter(acts).map(|e| e.party).collect();
    parties.into_iter().collect()
}

/// Those who deal with the wishes that faults hit or witnesses are about; failing that, the first.
fn concerned(ladder: &Ladder<'_>, all: &[Party]) -> Vec<Party> {
    let entries = &ladder.history.entries;
    let hit = entries.iter().enumerate().filter(|(index, entry)| {
        matches!(entry.what, What::FaultFired(_)) || ladder.witnesses.contains(index)
    });
    let mut tickets: BTreeSet<Ticket> = hit.map(|(_, entry)| entry.ticket).collect();
    tickets.retain(|ticket| (1..=HEALING).contains(&ticket.0));
    if tickets.is_empty() {
        tickets.extend(entries.iter().map(|e| e.ticket).find(|t| *t != Ticket::NONE));
    }
    let about = entries.iter().filter(|entry| tickets.contains(&entry.ticket));
    let parties: BTreeSet<Party> = about.map(|entry| entry.party).collect();
    all.iter().copied().filter(|party| parties.contains(party)).collect()
}

fn arrivals(history: &History) -> BTreeMap<usize, Vec<usize>> {
    let mut arrivals: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, entry) in history.entries.iter().enumerate() {
        if let What::Delivered { sent, .. } = entry.what {
            arrivals.entry(sent).or_default().push(index);
        }
    }
    arrivals
}

/// Whether a message arrives once, whole, soon and before anything sent after it.
fn is_whole(history: &History, sent: usize, arrivals: &[usize]) -> bool {
    let entries = &history.entries;
    let (Some(leaves), Some(&first)) = (entries.get(sent), arrivals.first()) else { return false };
    let Some(arrives) = entries.get(first).filter(|_| sent < first) else { return false };
    let What::Delivered { is_altered: false, copy: 0, part: None, .. } = arrives.what else {
        return false;
    };
    let is_disturbed = entries[sent + 1..first].iter().any(|entry| match entry.what {
        What::Healed => true,
        What::PowerLost | What::PowerRestored => {
            entry.party == arrives.party || entry.party == leaves.party
        }
        // Something sent later on the same way came earlier.
        What::Delivered { sent: other, from, .. } => {
            other > sent && from == leaves.party && entry.party == arrives.party
        }
        _ => false,
    });
    arrives.at.since(leaves.at).0 < LATE_US && !is_disturbed
}
