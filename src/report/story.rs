//! A run as a story: what people did, what went wrong, and what became of the money.

use crate::fault::Fault;
use crate::history::{Entry, HEALING, History, What};
use crate::report::entry::{moved, moved_back, sums};
use crate::report::faults::describe_fault;
use crate::report::files;
use crate::report::words::{describe_command, describe_step};
use crate::scenario::Scenario;
use reversim_models::card::Currency;
use reversim_models::defect::Defect;
use reversim_models::device::{Device, Output, Slip};
use reversim_models::iso8583::ResponseCode;
use reversim_models::record::{IssuerRecord, Kind, Reason, Record, SwitchRecord, TerminalRecord};
use std::fmt::Write;

/// The story of a run of this scenario.
pub fn story(scenario: &Scenario, history: &History) -> String {
    let mut out = String::new();
    for id in &scenario.defects {
        let wrong = Defect::parse(id).map_or("there is no such defect", |d| d.describe().wrong);
        let _ = writeln!(out, "  planted {id}: {wrong}");
    }
    for step in &scenario.steps {
        let _ = writeln!(out, "  {}", describe_step(step, history.setting.currency));
        chapter(&mut out, scenario, history, |entry| entry.ticket.0 == step.id);
    }
    let is_known = |id: u32| scenario.steps.iter().any(|step| step.id == id);
    let is_rest = |entry: &Entry| entry.ticket.0 <= HEALING && !is_known(entry.ticket.0);
    let mut rest = String::new();
    chapter(&mut rest, scenario, history, is_rest);
    chapter(&mut rest, scenario, history, |entry| entry.ticket.0 > HEALING);
    if !rest.is_empty() {
        let _ = write!(out, "  besides and afterwards\n{rest}");
    }
    out
}

fn chapter(
    out: &mut String,
    scenario: &Scenario,
    history: &History,
    is_about: impl Fn(&Entry) -> bool,
) {
    for entry in history.entries.iter().filter(|entry| is_about(entry)) {
        if let Some(sentence) = sentence(entry, &scenario.faults, history.setting.currency) {
            let at = format!("{}.{:03}", entry.at.0 / 1_000_000, entry.at.0 / 1_000 % 1_000);
            let _ = writeln!(out, "    {at:>9}  {sentence}");
        }
    }
}

/// What the entry means for people and money; none if it means nothing to them.
fn sentence(entry: &Entry, faults: &[Fault], currency: Currency) -> Option<String> {
    let party = entry.party;
    match &entry.what {
        What::Recorded(record) if files::sentence(record, currency).is_some() => {
            files::sentence(record, currency).map(|s| format!("{party} {s}"))
        }
        What::Recorded(Record::Terminal(record)) => {
            terminal(record, currency).map(|s| format!("{party} {s}"))
        }
        What::Recorded(Record::Switch(record)) => {
            switch(record, currency).map(|s| format!("{party} {s}"))
        }
        What::Recorded(Record::Issuer(record)) => {
            issuer(record, currency).map(|s| format!("{party} {s}"))
        }
        What::Asked(command) if entry.ticket.0 > HEALING => {
            Some(format!("{party}: {}", describe_command(command)))
        }
        What::Told { output: Output::Display(display), .. } if display.is_final() => {
            Some(format!("the screen says {}", display.text().0))
        }
        What::Told { output: Output::Slip(slip), .. } => Some(printed(slip, currency)),
        What::Told { output: Output::Text(text), .. } => {
            let way = if text.is_credit { "credited" } else { "debited" };
            Some(format!("the cardholder of {} reads: {} {way}", text.pan, text.amount))
        }
        What::Answered { device: Device::CardReader, is_done: false } => {
            Some("the chip does not do it".to_owned())
        }
        What::Answered { device: Device::Printer, is_done: false } => {
            Some("no slip comes out".to_owned())
        }
        What::FaultFired(index) => {
            let words = faults.get(*index).map(describe_fault).unwrap_or_default();
            Some(format!("fault {}: {words}", index + 1))
        }
        What::PowerLost => Some(format!("{party} loses power")),
        What::PowerRestored => Some(format!("{party} has power again and reads its journal")),
        What::ConnectFailed { peer } => Some(format!("{party} does not reach {peer}")),
        _ => None,
    }
}

/// `a void`, `an offline sale`.
fn with_article(kind: Kind) -> String {
    let words = kind.words();
    let article = if words.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {words}")
}

fn printed(slip: &Slip, currency: Currency) -> String {
    match slip {
        Slip::Receipt { kind, stan, amount, is_copy, .. } => {
            let what = match (kind, is_copy) {
                (Kind::Sale, false) => "a receipt".to_owned(),
                (Kind::Sale, true) => "a copy of the receipt".to_owned(),
                (other, false) => format!("the slip of {}", with_article(*other)),
                (other, true) => format!("a copy of the slip of {}", with_article(*other)),
            };
            format!("{what} is printed: {amount}, voucher {stan:06}")
        }
        Slip::Totals { batch, totals } => {
            format!("totals are printed: batch {batch:06}, {}", sums(*totals, currency))
        }
        Slip::ReversalFailed { stan, amount } => {
            format!("a slip says that the reversal of {amount}, voucher {stan:06}, failed")
        }
        Slip::OrderNotClosed { stan, amount } => {
            format!("a slip says that the order of {amount}, voucher {stan:06}, is not closed")
        }
        Slip::AdviceFailed { stan, amount } => {
            format!("a slip says that nobody confirmed {amount}, voucher {stan:06}")
        }
    }
}

fn terminal(record: &TerminalRecord, currency: Currency) -> Option<String> {
    Some(match record {
        TerminalRecord::NotSent { .. } => "could not connect: nothing left it".to_owned(),
        TerminalRecord::Approved { amount, batch, .. } => {
            format!("has {amount} approved in batch {batch:06}")
        }
        TerminalRecord::Declined { code, .. } => format!("takes the decline: {}", meaning(*code)),
        TerminalRecord::OrderOpened { .. } => "does not know whether the order is paid".to_owned(),
        TerminalRecord::OrderQueried { attempt, .. } => {
            format!("asks what became of the order, try {attempt}")
        }
        TerminalRecord::ReversalDue { .. } => "is in doubt and owes a reversal".to_owned(),
        TerminalRecord::ReversalTried { attempt, .. } => {
            format!("sends the reversal, try {attempt}")
        }
        TerminalRecord::AdviceDue { .. } => "is in doubt and will tell it again".to_owned(),
        TerminalRecord::AdviceTried { attempt, .. } => {
            format!("tells the advice again, try {attempt}")
        }
        TerminalRecord::Reversed { code, .. } => {
            format!("is told that the reversal is done ({code})")
        }
        TerminalRecord::ExceptionOpened { amount, attempts, .. } => {
            format!("gives up after {attempts} tries: {amount} is an exception item")
        }
        TerminalRecord::SettlementAnswered { is_balanced: false, .. } => {
            "learns that the totals differ".to_owned()
        }
        TerminalRecord::BatchClosed { batch, totals, .. } => {
            format!("closes batch {batch:06} with {}", sums(*totals, currency))
        }
        _ => return None,
    })
}

fn switch(record: &SwitchRecord, currency: Currency) -> Option<String> {
    Some(match record {
        SwitchRecord::Answered { code, .. } if !code.is_approval() => {
            format!("answers {}", meaning(*code))
        }
        SwitchRecord::LateAnswerAbsorbed { code, .. } => {
            format!("gets the answer {code} after it gave up, and absorbs it")
        }
        SwitchRecord::ReversalAccepted { id: Some(_), .. } => "takes the reversal over".to_owned(),
        SwitchRecord::ReversalAccepted { id: None, .. } => {
            "does not know what is reversed, and remembers it".to_owned()
        }
        SwitchRecord::AdviceQueued { reason: Reason::StoodIn, .. } => {
            "approves in the issuer's stead, and queues an advice that tells it so".to_owned()
        }
        SwitchRecord::AdviceQueued { reason: Reason::Told, .. } => {
            "queues the advice for the issuer".to_owned()
        }
        SwitchRecord::PaidOut { minor, .. } => {
            format!("pays {} out to the merchant", currency.amount(*minor))
        }
        SwitchRecord::AdviceQueued { .. } => "queues a reversal advice for the issuer".to_owned(),
        SwitchRecord::AdviceCompleted { code, .. } => {
            format!("is told that the advice is taken ({code})")
        }
        SwitchRecord::ExceptionOpened { amount, attempts, .. } => {
            format!("gives up after {attempts} tries: {amount} is an exception item")
        }
        SwitchRecord::CutOver { date } => format!("begins the business date {date}"),
        _ => return None,
    })
}

fn issuer(record: &IssuerRecord, currency: Currency) -> Option<String> {
    Some(match record {
        IssuerRecord::Decided { kind: Kind::Sale, effective, pan, .. } if *effective > 0 => {
            format!("debits {} from {pan}", currency.amount(*effective))
        }
        IssuerRecord::Decided { kind, effective, hold, pan, .. } if *effective > 0 => {
            format!("{} on {pan}", moved(*kind, *effective, *hold, currency))
        }
        IssuerRecord::HoldExpired { minor, pan, .. } => {
            format!(
                "lets {} go that it held on {pan}: nobody completed it",
                currency.amount(*minor)
            )
        }
        IssuerRecord::Decided { code, .. } if !code.is_approval() => {
            format!("declines: {}", meaning(*code))
        }
        IssuerRecord::Reversed { original: None, .. } => {
            "does not know what is reversed, and bars it".to_owned()
        }
        IssuerRecord::Reversed { credited, legs, hold, .. } if *credited > 0 || *hold != 0 => {
            format!("takes it back: {}", moved_back(*credited, legs, *hold, currency))
        }
        _ => return None,
    })
}

fn meaning(code: ResponseCode) -> String {
    format!("{code} {}", code.meaning().0)
}
