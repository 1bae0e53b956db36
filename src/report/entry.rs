//! Entries of a history in few words: records, screens, slips, messages. ASCII and masked.

use super::files;
use super::words::{describe_command, micros};
use crate::history::{Entry, Frame, Horizon, What};
use crate::party::Party;
use reversim_models::card::{Amount, Currency};
use reversim_models::device::{CardCommand, ChipData, Device, Display, Output, Slip};
use reversim_models::iso8583::{Element, Message, Mti, Private60, ResponseCode, Settlement48};
use reversim_models::node::{LinkDownReason, Posting};
use reversim_models::record::{
    IssuerRecord, Kind, Leg, NetworkKey, Reason, Record, SwitchRecord, TerminalRecord, Total,
    Totals,
};

fn total(total: Total, currency: Currency) -> String {
    let sales = if total.count == 1 { "sale" } else { "sales" };
    format!("{} {sales} {}", total.count, currency.amount(total.minor))
}

/// `2 sales 700.00`, and what was given back, if anything was.
pub(super) fn sums(totals: Totals, currency: Currency) -> String {
    let Totals { debits, credits } = totals;
    match credits.count {
        0 => total(debits, currency),
        count => {
            format!("{}, {count} back {}", total(debits, currency), currency.amount(credits.minor))
        }
    }
}

fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::NoAnswer => "no answer",
        Reason::MacError => "wrong MAC",
        Reason::CouldNotComplete => "could not complete",
        Reason::Other => "other cause",
        Reason::TerminalReversed => "terminal reversed",
        Reason::LateAnswer => "late answer",
        Reason::Told => "told",
        Reason::StoodIn => "stood in",
    }
}

/// A record: its name and what tells it from others of the name.
pub fn record_words(record: &Record, currency: Currency) -> String {
    let name = record.name();
    let rest = match record {
        Record::Own(bytes) => format!("{} bytes", bytes.len()),
        Record::Terminal(record) => terminal_words(record, currency),
        Record::Switch(record) => switch_words(record, currency),
        Record::Issuer(record) => issuer_words(record, currency),
        Record::Clearing(record) => files::clearing_words(record, currency),
    };
    if rest.is_empty() { name.to_owned() } else { format!("{name} {rest}") }
}

fn terminal_words(record: &TerminalRecord, currency: Currency) -> String {
    match record {
        TerminalRecord::SignedOn { batch, .. } => format!("batch {batch:06}"),
        TerminalRecord::SignedOff => String::new(),
        TerminalRecord::ChipDataLost { what } => chip_data(*what).to_owned(),
        TerminalRecord::ChipDataLoaded { what, entries } => {
            format!("{} {}", entries.len(), chip_data(*what))
        }
        TerminalRecord::StanTaken { stan }
        | TerminalRecord::NotSent { stan, .. }
        | TerminalRecord::SlipPrinted { stan, .. } => format!("{stan:06}"),
        TerminalRecord::Started { stan, amount, .. }
        | TerminalRecord::Approved { stan, amount, .. } => format!("{stan:06} {amount}"),
        TerminalRecord::Declined { stan, code, .. }
        | TerminalRecord::Reversed { stan, code, .. } => format!("{stan:06} {code}"),
        TerminalRecord::ReversalDue { stan, reason: why, .. } => {
            format!("{stan:06} {}", reason(*why))
        }
        TerminalRecord::AdviceDue { stan, .. } | TerminalRecord::OrderOpened { stan, .. } => {
            format!("{stan:06}")
        }
        TerminalRecord::ReversalTried { stan, attempt, .. }
        | TerminalRecord::OrderQueried { stan, attempt, .. }
        | TerminalRecord::AdviceTried { stan, attempt, .. } => format!("{stan:06} try {attempt}"),
        TerminalRecord::ExceptionOpened { stan, amount, attempts, .. } => {
            format!("{stan:06} {amount} after {attempts} tries")
        }
        TerminalRecord::SettlementStarted { totals, .. } => sums(*totals, currency),
        TerminalRecord::SettlementAnswered { is_balanced, .. } => {
            if *is_balanced { "balanced" } else { "unbalanced" }.to_owned()
        }
        TerminalRecord::DetailUploaded { batch, through } => {
            format!("{batch:06} through {through}")
        }
        TerminalRecord::BatchClosed { batch, totals, .. } => {
            format!("{batch:06} {}", sums(*totals, currency))
        }
    }
}

fn of_kind(kind: Kind, amount: Amount) -> String {
    match kind {
        Kind::Sale => amount.to_string(),
        Kind::Inquiry => "inquiry".to_owned(),
        Kind::OrderQuery => format!("order {amount}"),
        other => format!("{} {amount}", other.words()),
    }
}

fn with_code(code: ResponseCode, kind: Kind, amount: Amount) -> String {
    match (code.is_approval(), kind) {
        (true, kind) => format!("{code} {}", of_kind(kind, amount)),
        (false, _) => code.to_string(),
    }
}

fn switch_words(record: &SwitchRecord, currency: Currency) -> String {
    match record {
        SwitchRecord::KeysIssued { generation, batch, .. } => {
            format!("no. {generation} batch {batch:06}")
        }
        SwitchRecord::RouteSet { port, is_open: false } => format!("of port {}: closed", port.0),
        SwitchRecord::RouteSet { port, is_open: true } => format!("of port {}: open", port.0),
        SwitchRecord::KeysWithdrawn { port } => format!("of port {}", port.0),
        SwitchRecord::Forwarded { kind, key: NetworkKey { stan, .. }, amount, .. } => {
            format!("as {stan:06} {}", of_kind(*kind, *amount))
        }
        SwitchRecord::Answered { code, kind, amount, .. } => with_code(*code, *kind, *amount),
        SwitchRecord::LateAnswerAbsorbed { code, .. } => code.to_string(),
        SwitchRecord::ReversalAccepted { id: Some(_), code, .. } => code.to_string(),
        SwitchRecord::ReversalAccepted { id: None, code, .. } => format!("{code} unknown"),
        SwitchRecord::AdviceQueued { advice, stan, reason: why, .. } => {
            format!("#{advice} {stan:06} {}", reason(*why))
        }
        SwitchRecord::AdviceTried { advice, attempt } => format!("#{advice} try {attempt}"),
        SwitchRecord::AdviceCompleted { advice, code }
        | SwitchRecord::AdviceRefused { advice, code, .. } => format!("#{advice} {code}"),
        SwitchRecord::ExceptionOpened { advice, amount, attempts, .. } => {
            format!("#{advice} {amount} after {attempts} tries")
        }
        SwitchRecord::Compared { theirs, ours, .. } if theirs == ours => {
            format!("{} agrees", sums(*theirs, currency))
        }
        SwitchRecord::Compared { theirs, ours, .. } => {
            format!("{} with {}", sums(*theirs, currency), sums(*ours, currency))
        }
        SwitchRecord::DetailReceived { key, minor } => {
            format!("{:06} {}", key.stan, currency.amount(*minor))
        }
        SwitchRecord::BatchClosed { batch, entries, differences, .. } => {
            let sum = entries.iter().fold(Totals::default(), |s, one| s.plus(one.kind, one.minor));
            let differ = match differences.len() {
                0 => String::new(),
                count => format!(", {count} differ"),
            };
            format!("{batch:06} {}{differ}", sums(sum, currency))
        }
        SwitchRecord::CutOver { date } => date.to_string(),
        SwitchRecord::PaidOut { minor, .. } => currency.amount(*minor).to_string(),
        SwitchRecord::ExtractClosed { .. }
        | SwitchRecord::FileDelivered { .. }
        | SwitchRecord::ClaimFiled { .. }
        | SwitchRecord::ClaimRefused { .. }
        | SwitchRecord::ReturnTaken { .. }
        | SwitchRecord::SlipAnswered { .. } => {
            files::switch_words(record, currency).unwrap_or_default()
        }
    }
}

fn issuer_words(record: &IssuerRecord, currency: Currency) -> String {
    match record {
        IssuerRecord::Decided { code, kind: Kind::Inquiry, .. } => format!("{code} inquiry"),
        IssuerRecord::Decided { code, kind, effective, hold, .. } if *effective > 0 => {
            format!("{code} {}", moved(*kind, *effective, *hold, currency))
        }
        IssuerRecord::Decided { code, .. } => code.to_string(),
        IssuerRecord::Reversed { code, original: None, .. } => format!("{code} unknown, barred"),
        IssuerRecord::Reversed { code, credited: 0, hold: 0, .. } => {
            format!("{code} credits nothing")
        }
        IssuerRecord::Reversed { code, credited, legs, hold, .. } => {
            format!("{code} {}", moved_back(*credited, legs, *hold, currency))
        }
        IssuerRecord::HoldExpired { minor, .. } => {
            format!("{} held no more", currency.amount(*minor))
        }
        IssuerRecord::Opened { .. } => String::new(),
        IssuerRecord::CutOver { date } => date.to_string(),
        IssuerRecord::PresentmentTaken { .. }
        | IssuerRecord::SuspenseOpened { .. }
        | IssuerRecord::ReturnBuilt { .. }
        | IssuerRecord::FileDelivered { .. }
        | IssuerRecord::SuspenseClosed { .. } => {
            files::issuer_words(record, currency).unwrap_or_default()
        }
    }
}

/// What an issuer's decision moves: `debits 500.00`, `holds 500.00`.
pub(super) fn moved(kind: Kind, effective: u64, hold: i64, currency: Currency) -> String {
    let held = match hold {
        0 => String::new(),
        1.. => format!("holds {}", currency.amount(hold.unsigned_abs())),
        _ => format!("releases {}", currency.amount(hold.unsigned_abs())),
    };
    let taken = match kind.money() {
        1 => format!("debits {}", currency.amount(effective)),
        -1 => format!("credits {}", currency.amount(effective)),
        _ => String::new(),
    };
    match (taken.is_empty(), held.is_empty()) {
        (false, false) => format!("{taken}, {held}"),
        _ => taken + &held,
    }
}

/// What the reversal of a decision moves, the other way round.
pub(super) fn moved_back(credited: u64, legs: &[Leg], hold: i64, currency: Currency) -> String {
    let kind = match Leg::to_cardholders(legs).signum() {
        -1 => Kind::Sale,
        0 => Kind::PreAuth,
        _ => Kind::Void,
    };
    moved(kind, credited, hold, currency)
}

/// What a device puts out, as it is drawn: `[APPROVED 500.00]`, `(slip 000002 500.00)`.
pub fn output_words(output: &Output, currency: Currency) -> String {
    match output {
        Output::Display(display) => screen_words(*display),
        Output::Slip(Slip::Receipt { kind, stan, amount, is_copy, .. }) => {
            let copy = if *is_copy { "copy of slip" } else { "slip" };
            format!("({copy} {stan:06} {})", of_kind(*kind, *amount))
        }
        Output::Slip(Slip::Totals { batch, totals }) => {
            format!("(totals {batch:06} {})", sums(*totals, currency))
        }
        Output::Slip(Slip::ReversalFailed { stan, amount }) => {
            format!("(slip: reversal failed {stan:06} {amount})")
        }
        Output::Slip(Slip::OrderNotClosed { stan, amount }) => {
            format!("(slip: order not closed {stan:06} {amount})")
        }
        Output::Slip(Slip::AdviceFailed { stan, amount }) => {
            format!("(slip: not confirmed {stan:06} {amount})")
        }
        Output::EnterPin { .. } => "(PIN asked)".to_owned(),
        Output::Card(CardCommand::Read) => "(chip: read)".to_owned(),
        Output::Card(CardCommand::Sign(challenge)) => {
            format!("(chip: sign {})", currency.amount(challenge.amount))
        }
        Output::Card(CardCommand::Complete(amount)) => format!("(chip: confirm {amount})"),
        // A log may hold what must never be shown: a planted defect writes frames into it.
        Output::Log(text) => format!("(log line of {} characters)", text.chars().count()),
        Output::Text(text) => {
            let way = match (text.pan.is_payment_code(), text.is_credit) {
                (false, true) => "credited",
                (false, false) => "debited",
                (true, true) => "given back",
                (true, false) => "paid",
            };
            format!("(text: {} {way})", text.amount)
        }
        Output::Desk(note) => format!("(desk: {})", note.text().0),
    }
}

fn chip_data(what: ChipData) -> &'static str {
    match what {
        ChipData::Parameters => "chip parameters",
        ChipData::PublicKeys => "public keys",
    }
}

fn screen_words(display: Display) -> String {
    format!("[{}]", display.text().0)
}

/// What tells a message from others, most telling first: type, code, amount, trace number.
pub fn message_words(frame: &Frame, currency: Currency) -> Vec<String> {
    let Some(message) = frame.message() else {
        return vec![format!("{} bytes, no message", frame.bytes().len())];
    };
    let mut words = vec![message.mti().to_string()];
    if matches!(message.mti().class(), 3 | 8) {
        words.extend(files::part_words(message).into_iter().flatten());
        words.extend(management(message).map(str::to_owned));
    }
    let code = message.get(Element::RESPONSE_CODE).and_then(ResponseCode::parse);
    words.extend(code.map(|code| code.to_string()));
    if message.mti().class() == 5 {
        words
            .extend(message.get(Element::PRIVATE_48).and_then(|value| settlement(value, currency)));
    }
    let kind = kind_of(message);
    let is_declined = code.is_some_and(|code| !code.is_approval()) && message.mti().is_response();
    match message.number(Element::AMOUNT) {
        Some(minor) if !is_declined => words.push(of_kind(kind, currency.amount(minor))),
        None if kind == Kind::Inquiry => words.push("inquiry".to_owned()),
        None if kind == Kind::OrderQuery => words.push("order query".to_owned()),
        _ => {}
    }
    words.extend(message.text(Element::STAN).map(str::to_owned));
    words
}

/// What a message is about. Answers on the network line do not repeat the condition code, which
/// tells a completion from a sale, and an advice there may tell of a sale that somebody stood in
/// for: then the amount must do.
fn kind_of(message: &Message) -> Kind {
    let request = match message.mti().class() {
        1 => Mti::AUTHORIZATION_REQUEST,
        2 if matches!(message.mti().function(), 2 | 3) => Mti::FINANCIAL_ADVICE,
        _ => Mti::FINANCIAL_REQUEST,
    };
    let condition = message.get(Element::CONDITION_CODE);
    let condition =
        if request == Mti::AUTHORIZATION_REQUEST { Some(&b"06"[..]) } else { condition };
    let processing = message.get(Element::PROCESSING_CODE).unwrap_or_default();
    let authorization = || Kind::of(Mti::AUTHORIZATION_REQUEST, processing, condition);
    // A reversal names the type of its original in element 90 only.
    let kind = Kind::of(request, processing, condition).or_else(authorization);
    let transaction_type = Private60::of(message).map(|private| private.transaction_type);
    match (kind.unwrap_or(Kind::Sale), transaction_type) {
        (kind, Some(named)) => kind.with_type(named).unwrap_or(kind),
        (Kind::OfflineSale, None) => Kind::Sale,
        (kind, None) => kind,
    }
}

fn management(message: &Message) -> Option<&'static str> {
    let pos = Private60::of(message).and_then(|private| private.network_code);
    let network = || message.number(Element::NETWORK_CODE).and_then(|code| code.try_into().ok());
    match pos.or_else(network)? {
        3 | 1 | 4 => Some("sign-on"),
        301 => Some("echo"),
        201 => Some("details"),
        202 | 207 => Some("end of batch"),
        382 => Some("parameters?"),
        380 => Some("parameters"),
        372 => Some("keys?"),
        370 => Some("key"),
        381 | 371 => Some("end of download"),
        _ => None,
    }
}

/// Whether this is a line test, which every idle line repeats.
pub fn is_echo(frame: &Frame) -> bool {
    frame.message().is_some_and(|message| management(message) == Some("echo"))
}

fn settlement(value: &[u8], currency: Currency) -> Option<String> {
    let totals = Settlement48::parse(value)?.domestic;
    Some(match totals.result {
        1 => "balanced".to_owned(),
        2 => "unbalanced".to_owned(),
        _ => total(Total { count: totals.debit_count, minor: totals.debit_amount }, currency),
    })
}

/// An entry as a line of a report: who did what, without when.
pub fn entry_words(entry: &Entry, currency: Currency) -> String {
    let party = entry.party;
    match &entry.what {
        What::Asked(command) => format!("{party} is asked: {}", describe_command(command)),
        What::Sent { to, frame, .. } => {
            format!("{party} sends {} to {to}", message_words(frame, currency).join(" "))
        }
        What::Delivered { from, frame, is_altered, copy, .. } => {
            let altered = if *is_altered { ", altered" } else { "" };
            let copy = if *copy > 0 { format!(", copy {}", copy + 1) } else { String::new() };
            let words = message_words(frame, currency).join(" ");
            format!("{party} receives {words} from {from}{altered}{copy}")
        }
        What::Lost { to, .. } => format!("what {party} sent to {to} is lost"),
        What::Recorded(record) => format!("{party} records {}", record_words(record, currency)),
        What::Torn(record) => {
            format!("{party} leaves half written: {}", record_words(record, currency))
        }
        What::Told { output, .. } => format!("{party} puts out {}", output_words(output, currency)),
        What::Answered { device, is_done } => {
            let done = if *is_done { "did it" } else { "did not" };
            format!("the {} of {party} {done}", device_word(*device))
        }
        What::LinkUp { peer, .. } => format!("{party} is connected with {peer}"),
        What::ConnectFailed { peer } => format!("{party} does not reach {peer}"),
        What::LinkDown { peer, reason: LinkDownReason::Closed, .. } => {
            format!("{peer} closed the connection with {party}")
        }
        What::LinkDown { peer, reason: LinkDownReason::Reset, .. } => {
            format!("the connection of {party} with {peer} broke")
        }
        What::PowerLost => format!("{party} loses power"),
        What::PowerRestored => format!("{party} has power again"),
        What::CommitDelayed => format!("a commit of {party} takes long"),
        What::CommitOvertaken => format!("{party} goes on while a commit is under way"),
        What::ClockStepped(local) => format!("the clock of {party} jumps to {local}"),
        What::FaultFired(fault) => format!("fault {} happens", fault + 1),
        What::Books(postings) => books_words(party, postings),
        What::Healed => "all faults are over".to_owned(),
        What::Horizon(horizon) => format!("the {} horizon is reached", horizon_word(*horizon)),
    }
}

/// `the books of issuer-1: 50000 minor units taken from 622424******0021 (reference 053012000001)`.
fn books_words(party: Party, postings: &[Posting]) -> String {
    if postings.is_empty() {
        return format!("the books of {party}: nothing moved");
    }
    let words = postings.iter().map(|posting| {
        let done = if posting.amount < 0 { "given back to" } else { "taken from" };
        let minor = posting.amount.unsigned_abs();
        let about = posting.reference.map_or(String::new(), |reference| {
            format!(" (reference {})", String::from_utf8_lossy(&reference))
        });
        format!("{minor} minor units {done} {}{about}", posting.card)
    });
    format!("the books of {party}: {}", words.collect::<Vec<_>>().join(", "))
}

/// `online`, `day end`, `claims closed`.
pub fn horizon_word(horizon: Horizon) -> &'static str {
    match horizon {
        Horizon::Online => "online",
        Horizon::DayEnd => "day end",
        Horizon::ClaimsClosed => "claims closed",
    }
}

fn device_word(device: Device) -> &'static str {
    match device {
        Device::Screen => "screen",
        Device::Printer => "printer",
        Device::PinPad => "PIN pad",
        Device::CardReader => "card reader",
        Device::Log => "log",
        Device::TextMessage => "text message",
        Device::Desk => "claims desk",
    }
}

/// How much later something came, in words.
pub fn lateness(us: u64) -> String {
    format!("after {}", micros(if us > 1_000 { us - us % 1_000 } else { us }))
}
