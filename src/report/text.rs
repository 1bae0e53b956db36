//! Tables and paragraphs of the text report: verdicts, violations, books. Prints nothing.

use super::entry::entry_words;
use super::faults::describe_fault;
use super::table::{Table, wrap};
use super::words::counted_word;
use crate::history::{History, What};
use crate::invariant::Finding;
use crate::party::Party;
use crate::scenario::Scenario;
use crate::verdict::{Verdict, Violation};
use reversim_models::card::{Currency, Pan};
use reversim_models::record::{
    Account, IssuerRecord, Kind, Leg, Record, Settled, SwitchRecord, TerminalRecord, Total, Totals,
};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What every invariant said over any number of runs.
#[derive(Clone, Debug, Default)]
pub struct Board {
    rows: Vec<BoardRow>,
    runs: u64,
}

/// One invariant of a [`Board`].
#[derive(Clone, Debug)]
pub struct BoardRow {
    /// Its permanent code.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
    /// How many cases were checked.
    pub checked: u64,
    /// How many runs broke it.
    pub violated: u64,
    /// Why nothing was checked, from the last run that said so.
    pub why: &'static str,
}

impl BoardRow {
    /// `holds`, `violated` or `unknown`.
    pub fn verdict(&self) -> &'static str {
        match (self.violated, self.checked) {
            (0, 0) => "unknown",
            (0, _) => "holds",
            _ => "violated",
        }
    }
}

impl Board {
    /// Takes the findings of one more run.
    pub fn add(&mut self, findings: &[Finding]) {
        self.runs += 1;
        for finding in findings {
            let at = self.rows.iter().position(|row| row.name == finding.name);
            let at = at.unwrap_or_else(|| {
                let (code, name) = (finding.code, finding.name);
                self.rows.push(BoardRow { code, name, checked: 0, violated: 0, why: "" });
                self.rows.len() - 1
            });
            let row = &mut self.rows[at];
            match &finding.verdict {
                Verdict::Holds { checked } => row.checked += checked,
                Verdict::Violated(_) => row.violated += 1,
                Verdict::Unknown { why } => row.why = why,
            }
        }
    }

    /// In the order of the catalogue.
    pub fn rows(&self) -> &[BoardRow] {
        &self.rows
    }

    /// As a table.
    pub fn table(&self) -> Table {
        self.table_of(|_| true)
    }

    /// As a table of what was exercised, and the names of what was not.
    pub fn short(&self) -> String {
        let mut out = self.table_of(|row| row.verdict() != "unknown").to_string();
        let silent = self.rows.iter().filter(|row| row.verdict() == "unknown");
        let names: Vec<&str> = silent.map(|row| row.name).collect();
        if !names.is_empty() {
            let line = format!("not exercised: {}", names.join(", "));
            let _ = writeln!(out, "\n  {}", wrap(&line, 98, 96).join("\n    "));
        }
        out
    }

    fn table_of(&self, is_shown: impl Fn(&BoardRow) -> bool) -> Table {
        let mut table = Table::new(["code", "invariant", "verdict", "checked", ""]).right(&[3]);
        for row in self.rows.iter().filter(|row| is_shown(row)) {
            let (verdict, rest) = match row.verdict() {
                "violated" if self.runs == 1 => ("VIOLATED", String::new()),
                "violated" => ("VIOLATED", format!("in {}", counted_word(row.violated, "run"))),
                "unknown" => ("unknown", row.why.to_owned()),
                other => (other, String::new()),
            };
            let cells = [row.code, row.name, verdict, &row.checked.to_string(), &rest];
            table.row(cells.map(str::to_owned));
        }
        table
    }
}

/// A violation with the entries that contradict each other.
pub fn violation_text(violation: &Violation, history: &History) -> String {
    let mut out = format!("VIOLATED {violation}\n");
    if let Some(horizon) = violation.horizon {
        let word = super::entry::horizon_word(horizon);
        let _ = writeln!(out, "  found at the {word} horizon");
    }
    for index in &violation.witnesses {
        if let Some(entry) = history.entries.get(*index) {
            let at = format!("{}.{:03}", entry.at.0 / 1_000_000, entry.at.0 / 1_000 % 1_000);
            let _ = writeln!(
                out,
                "  {at:>9}  #{index}  {}",
                entry_words(entry, history.setting.currency)
            );
        }
    }
    out
}

/// The faults that did not fire, a sentence each.
pub fn idle_sentences(scenario: &Scenario, idle: &[usize]) -> Vec<String> {
    let faults = idle.iter().filter_map(|index| Some((index, scenario.faults.get(*index)?)));
    faults
        .map(|(index, fault)| {
            format!("fault {} did not happen: {}", index + 1, describe_fault(fault))
        })
        .collect()
}

/// What one cardholder's account saw.
#[derive(Clone, Debug, Default)]
struct Cardholder {
    pan: Option<Pan>,
    opened: i64,
    debits: Total,
    credits: Total,
}

/// How the books stand at the end: every cardholder, every batch.
pub fn books(history: &History) -> String {
    let mut out = cardholders(history).to_string();
    let batches = batches(history);
    if !batches.is_empty() {
        let _ = write!(out, "\n{batches}");
    }
    if let Some(days) = super::files::books(history) {
        let _ = write!(out, "\n{days}");
    }
    out
}

fn cardholders(history: &History) -> Table {
    let mut accounts: BTreeMap<(Party, u32), Cardholder> = BTreeMap::new();
    for entry in &history.entries {
        let What::Recorded(Record::Issuer(record)) = &entry.what else { continue };
        let (legs, pan): (&[Leg], _) = match record {
            IssuerRecord::Decided { legs, pan, .. } => (legs, Some(*pan)),
            IssuerRecord::Reversed { legs, .. } => (legs, None),
            IssuerRecord::Opened { legs } => (legs, None),
            IssuerRecord::SuspenseClosed { legs, .. }
            | IssuerRecord::HoldExpired { legs, .. }
            | IssuerRecord::PresentmentTaken { legs, .. } => (legs, None),
            IssuerRecord::CutOver { .. }
            | IssuerRecord::ReturnBuilt { .. }
            | IssuerRecord::FileDelivered { .. }
            | IssuerRecord::SuspenseOpened { .. } => continue,
        };
        let is_opening = matches!(record, IssuerRecord::Opened { .. });
        for leg in legs {
            let Account::Cardholder(number) = leg.account else { continue };
            let account = accounts.entry((entry.party, number)).or_default();
            account.pan = account.pan.or(pan);
            let minor = leg.minor.unsigned_abs();
            match (is_opening, leg.minor < 0) {
                (true, _) => account.opened += leg.minor,
                (false, true) => account.debits = account.debits.plus(minor),
                (false, false) => account.credits = account.credits.plus(minor),
            }
        }
    }
    let currency = history.setting.currency;
    let headings = ["cardholder", "opened with", "debits", "credits", "net"];
    let mut table = Table::new(headings).right(&[1, 2, 3, 4]);
    for ((issuer, number), account) in &accounts {
        if account.debits.count + account.credits.count == 0 {
            continue;
        }
        let card = account.pan.map_or(String::new(), |pan| format!(" {pan}"));
        let net = i128::from(account.credits.minor) - i128::from(account.debits.minor);
        table.row([
            format!("{issuer} account {number}{card}"),
            currency.amount(account.opened.unsigned_abs()).to_string(),
            counted(account.debits, currency),
            counted(account.credits, currency),
            signed(net, currency),
        ]);
    }
    table
}

fn counted(total: Total, currency: Currency) -> String {
    format!("{} in {}", currency.amount(total.minor), total.count)
}

/// What was taken, and what was given back of it, if anything was.
fn counted_both(totals: Totals, currency: Currency) -> String {
    match totals.credits.count {
        0 => counted(totals.debits, currency),
        _ => format!(
            "{}, back {}",
            counted(totals.debits, currency),
            counted(totals.credits, currency)
        ),
    }
}

fn signed(minor: i128, currency: Currency) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let minor = u64::try_from(minor.unsigned_abs()).unwrap_or(u64::MAX);
    format!("{sign}{}", currency.amount(minor))
}

/// What one batch of one terminal holds, at both ends.
#[derive(Clone, Debug, Default)]
struct Batch {
    approved: Totals,
    exceptions: Totals,
    is_closed: bool,
    host: Option<Totals>,
}

fn batches(history: &History) -> Table {
    let mut batches: BTreeMap<(Party, u32), Batch> = BTreeMap::new();
    let mut opened: BTreeMap<(Party, u32), (u32, Kind)> = BTreeMap::new();
    let terminals = &history.setting.terminals;
    for entry in &history.entries {
        match &entry.what {
            What::Recorded(Record::Terminal(record)) => {
                terminal_batch(&mut batches, &mut opened, entry.party, record);
            }
            What::Recorded(Record::Switch(SwitchRecord::BatchClosed {
                terminal,
                batch,
                entries,
                ..
            })) => {
                let Some((party, _)) = terminals.iter().find(|(_, id)| id == terminal) else {
                    continue;
                };
                let sum = |sum: Totals, one: &Settled| sum.plus(one.kind, one.minor);
                let sum = entries.iter().fold(Totals::default(), sum);
                batches.entry((*party, *batch)).or_default().host = Some(sum);
            }
            _ => {}
        }
    }
    let currency = history.setting.currency;
    let headings = ["terminal", "batch", "approved", "exceptions", "closed", "host has"];
    let mut table = Table::new(headings).right(&[2, 3, 5]);
    for ((terminal, number), batch) in &batches {
        table.row([
            terminal.to_string(),
            format!("{number:06}"),
            counted_both(batch.approved, currency),
            counted_both(batch.exceptions, currency),
            if batch.is_closed { "yes" } else { "no" }.to_owned(),
            batch.host.map_or("-".to_owned(), |host| counted_both(host, currency)),
        ]);
    }
    table
}

fn terminal_batch(
    batches: &mut BTreeMap<(Party, u32), Batch>,
    opened: &mut BTreeMap<(Party, u32), (u32, Kind)>,
    party: Party,
    record: &TerminalRecord,
) {
    match record {
        TerminalRecord::Started { stan, batch, kind, .. } => {
            opened.insert((party, *stan), (*batch, *kind));
        }
        TerminalRecord::Approved { stan, batch, amount, .. } => {
            let kind = opened.get(&(party, *stan)).map_or(Kind::Sale, |(_, kind)| *kind);
            let batch = batches.entry((party, *batch)).or_default();
            batch.approved = batch.approved.plus(kind, amount.minor);
        }
        TerminalRecord::ExceptionOpened { stan, amount, .. } => {
            let (batch, kind) = opened.get(&(party, *stan)).copied().unwrap_or((0, Kind::Sale));
            let batch = batches.entry((party, batch)).or_default();
            batch.exceptions = batch.exceptions.plus(kind, amount.minor);
        }
        TerminalRecord::BatchClosed { batch, .. } => {
            batches.entry((party, *batch)).or_default().is_closed = true;
        }
        _ => {}
    }
}
