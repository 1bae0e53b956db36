//! The lines of the protocol: events as JSON, answers from JSON. docs/process-protocol.md says what
//! they mean, docs/process-protocol.schema.json how they look. No process here.

use crate::drive::books::Row;
use crate::drive::masked;
use crate::drive::process::trouble::Trouble;
use reversim_models::card::{Amount, Currency, Pan};
use reversim_models::device::{Device, Output, Text};
use reversim_models::node::{Actions, Command, Event, Link, LinkDownReason, Port, Posting, Ticket};
use reversim_models::record::Record;
use reversim_models::time::{Instant, Now};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write;

/// The version that `reset` names.
pub const PROTOCOL: u32 = 1;

/// An event, as it goes to the child.
#[derive(Serialize, Default)]
#[serde(default)]
struct Line<'a> {
    event: &'static str,
    at: u64,
    local: String,
    ticket: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    journal: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    torn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window_us: Option<u64>,
}

/// The line for an event; none for one that the protocol does not have (a claims desk's).
pub(super) fn line(now: Now, ticket: Ticket, event: &Event<'_>) -> Option<Vec<u8>> {
    let local = now.local.to_string().replace(' ', "T");
    let base = Line { at: now.instant.0, local, ticket: ticket.0, ..Line::default() };
    let link_of = |link: &Link| Some(link.0);
    let line = match event {
        Event::Started { journal } => Line {
            event: "started",
            journal: Some(journal.records.iter().map(own).collect()),
            torn: journal.torn.map(own),
            ..base
        },
        Event::LinkUp { port, link } => {
            Line { event: "link_up", port: Some(port.0), link: link_of(link), ..base }
        }
        Event::ConnectFailed { port } => {
            Line { event: "connect_failed", port: Some(port.0), ..base }
        }
        Event::LinkDown { link, reason } => Line {
            event: "link_down",
            link: link_of(link),
            reason: Some(match reason {
                LinkDownReason::Closed => "closed",
                LinkDownReason::Reset => "reset",
            }),
            ..base
        },
        Event::Received { link, bytes } => {
            Line { event: "received", link: link_of(link), bytes: Some(hex(bytes)), ..base }
        }
        Event::Committed => Line { event: "committed", ..base },
        Event::DeadlineReached => Line { event: "deadline_reached", ..base },
        Event::Commanded(command) => commanded(command, base)?,
        Event::Told { .. } => return None,
    };
    Some(ended(&line))
}

fn commanded<'a>(command: &Command, base: Line<'a>) -> Option<Line<'a>> {
    let base = Line { event: "commanded", ..base };
    Some(match command {
        Command::CutOver { date, window } => Line {
            command: Some("cut_over"),
            date: Some(date.to_string()),
            window_us: Some(window.0),
            ..base
        },
        Command::Maintenance { window } => {
            Line { command: Some("maintenance"), window_us: Some(window.0), ..base }
        }
        Command::Route { port, is_open } => {
            let command = if *is_open { "open_route" } else { "close_route" };
            Line { command: Some(command), port: Some(port.0), ..base }
        }
        Command::WithdrawKeys { port } => {
            Line { command: Some("withdraw_keys"), port: Some(port.0), ..base }
        }
        _ => return None,
    })
}

/// What a new world begins with.
#[derive(Serialize)]
pub(super) struct Reset<'a> {
    pub(super) event: &'static str,
    pub(super) protocol: u32,
    pub(super) party: String,
    pub(super) role: &'static str,
    pub(super) config: &'a serde_json::Value,
}

/// That memory is gone.
pub(super) const POWER_LOSS: &[u8] = b"{\"event\":\"power_loss\"}\n";

/// What its books say.
pub(super) const BOOKS: &[u8] = b"{\"event\":\"books\"}\n";

/// A document and the end of its line.
pub(super) fn ended(document: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(document).unwrap_or_default();
    line.push(b'\n');
    line
}

fn own(record: &Record) -> String {
    match record {
        Record::Own(bytes) => hex(bytes),
        // A child writes no other.
        _ => String::new(),
    }
}

/// An answer, as it comes from the child.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer<'a> {
    #[serde(default, borrow)]
    actions: Vec<Act<'a>>,
    #[serde(default)]
    deadline: Option<u64>,
    #[serde(default)]
    tells_books: bool,
    #[serde(default)]
    books: Option<Vec<Row>>,
    #[serde(default)]
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum Act<'a> {
    Record {
        #[serde(borrow)]
        own: Cow<'a, str>,
        ticket: Option<u32>,
    },
    Connect {
        port: u16,
        ticket: Option<u32>,
    },
    Send {
        link: u32,
        #[serde(borrow)]
        frame: Cow<'a, str>,
        ticket: Option<u32>,
    },
    Disconnect {
        link: u32,
        ticket: Option<u32>,
    },
    Log {
        text: String,
        ticket: Option<u32>,
    },
    Text {
        pan: String,
        minor: u64,
        is_credit: bool,
        ticket: Option<u32>,
    },
}

/// Reads an answer.
///
/// # Errors
///
/// If it is not one, or says that the child cannot go on.
pub(super) fn answer(line: &[u8]) -> Result<Answer<'_>, Trouble> {
    let answer: Answer<'_> = serde_json::from_slice(line)
        .map_err(|error| Trouble::NoAnswer { said: cut(line), why: masked(&error.to_string()) })?;
    match answer.error {
        Some(sentence) => Err(Trouble::Refused(sentence)),
        None => Ok(answer),
    }
}

impl Answer<'_> {
    /// Whether it wants nothing done.
    pub(super) fn is_empty(&self) -> bool {
        !self.acts() && self.deadline.is_none()
    }

    /// Whether it wants something done now.
    pub(super) fn acts(&self) -> bool {
        !self.actions.is_empty()
    }

    /// Whether the child can be asked for its books.
    pub(super) fn tells_books(&self) -> bool {
        self.tells_books
    }

    /// That it does not tell books that nobody asked for.
    ///
    /// # Errors
    ///
    /// It does.
    pub(super) fn says_no_books(&self) -> Result<(), Trouble> {
        if self.books.is_some() { Err(Trouble::NotAsked("books")) } else { Ok(()) }
    }

    /// The books that it was asked for.
    ///
    /// # Errors
    ///
    /// It tells none, or a line is not one.
    pub(super) fn postings(self) -> Result<Vec<Posting>, Trouble> {
        let rows = (1..).zip(self.books.ok_or(Trouble::NoBooks)?);
        let posting = |(number, row): (usize, Row)| {
            row.posting().map_err(|why| Trouble::NoPosting { number, why })
        };
        rows.map(posting).collect()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline.map(Instant)
    }

    /// Appends what it wants done, each action with the ticket it is about.
    ///
    /// # Errors
    ///
    /// If an action's value is not one: the number of the action, from 1, and what is wrong. If it
    /// says what it was not asked for.
    pub(super) fn perform(self, currency: Currency, actions: &mut Actions) -> Result<(), Trouble> {
        self.says_no_books()?;
        if self.tells_books {
            return Err(Trouble::NotAsked("tells_books"));
        }
        let asked = actions.ticket();
        for (number, act) in (1..).zip(self.actions) {
            let bytes = |text: &str| {
                bytes(text).ok_or(Trouble::NoAction { number, why: "that is not hex" })
            };
            let ticket = act.ticket().map_or(asked, Ticket);
            actions.about(ticket);
            match act {
                Act::Record { own, .. } => actions.record(Record::Own(bytes(&own)?.into())),
                Act::Connect { port, .. } => actions.connect(Port(port)),
                Act::Send { link, frame, .. } => actions.send(Link(link), bytes(&frame)?),
                Act::Disconnect { link, .. } => actions.disconnect(Link(link)),
                Act::Log { text, .. } => actions.tell(Device::Log, Output::Log(text)),
                Act::Text { pan, minor, is_credit, .. } => {
                    let why = "that is not a card number";
                    let pan = Pan::new(pan.as_bytes()).ok_or(Trouble::NoAction { number, why })?;
                    let text = Text { pan, amount: Amount { minor, currency }, is_credit };
                    actions.tell(Device::TextMessage, Output::Text(text));
                }
            }
        }
        actions.about(asked);
        Ok(())
    }
}

impl Act<'_> {
    fn ticket(&self) -> Option<u32> {
        match self {
            Act::Record { ticket, .. }
            | Act::Connect { ticket, .. }
            | Act::Send { ticket, .. }
            | Act::Disconnect { ticket, .. }
            | Act::Log { ticket, .. }
            | Act::Text { ticket, .. } => *ticket,
        }
    }
}

/// The beginning of a line, as a sentence can hold it. Of a long row of hexadecimal digits only the
/// first few are shown: a frame holds card numbers.
pub(super) fn cut(line: &[u8]) -> String {
    const CHARACTERS_MAX: usize = 160;
    const DIGITS_MAX: usize = 16;
    let text = String::from_utf8_lossy(&line[..line.len().min(4 * CHARACTERS_MAX)]);
    let mut out = String::with_capacity(CHARACTERS_MAX);
    let mut digits = 0;
    for character in text.trim().chars() {
        let character = if character.is_control() { ' ' } else { character };
        digits = if character.is_ascii_hexdigit() { digits + 1 } else { 0 };
        match digits.cmp(&(DIGITS_MAX + 1)) {
            Ordering::Less => out.push(character),
            Ordering::Equal => out.push_str("..."),
            Ordering::Greater => {}
        }
    }
    masked(&match out.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}...", &out[..end]),
        None => out,
    })
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use reversim_models::time::LocalTime;

    #[test]
    fn hexadecimal_there_and_back_and_nothing_else() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(bytes(&hex(&all)), Some(all));
        assert_eq!(bytes("AbCd"), Some(vec![0xab, 0xcd]));
        for wrong in ["a", "abc", "zz", "0x", "é1"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_line_in_a_sentence_shows_no_frame() {
        let line = format!("{{\"bytes\":\"{}\"}}", "62".repeat(400));
        assert_eq!(cut(line.as_bytes()), "{\"bytes\":\"626262******6262...");
        assert_eq!(cut(&[b'x'; 200]), format!("{}...", "x".repeat(160)));
        assert_eq!(cut(b"{}\n"), "{}");
        let books = br#"{"books":[{"card":"6224210000000018","amount":1}]}"#;
        assert_eq!(cut(books), r#"{"books":[{"card":"622421******0018","amount":1}]}"#);
    }

    #[test]
    fn an_event_is_one_line_that_says_its_time_and_its_ticket() {
        let now = Now { instant: Instant(1_500), local: LocalTime(60_000_000) };
        let event = Event::Received { link: Link(7), bytes: &[0x02, 0x10] };
        let line = line(now, Ticket(2), &event).expect("the protocol has it");
        let expected = "{\"event\":\"received\",\"at\":1500,\"local\":\"1970-01-01T00:01:00\",\
                        \"ticket\":2,\"link\":7,\"bytes\":\"0210\"}\n";
        assert_eq!(String::from_utf8(line).as_deref(), Ok(expected));
    }

    #[test]
    fn an_answer_is_read_action_by_action_each_with_its_ticket() {
        let said = br#"{"actions":[{"do":"record","own":"01ff","ticket":9},
            {"do":"send","link":3,"frame":"00"},{"do":"connect","port":1}],"deadline":5}"#;
        let answer = answer(said).expect("it is one");
        assert_eq!(answer.deadline(), Some(Instant(5)));
        let mut actions = Actions::new(Ticket(2));
        answer.perform(Currency::CNY, &mut actions).expect("they can be performed");
        let mut expected = Actions::new(Ticket(9));
        expected.record(Record::Own([1, 255].into()));
        expected.about(Ticket(2));
        expected.send(Link(3), vec![0]);
        expected.connect(Port(1));
        assert_eq!(actions.as_slice(), expected.as_slice());
    }

    #[test]
    fn what_is_not_an_answer_says_where() {
        for (said, why) in [
            ("", "EOF"),
            ("hello", "expected value"),
            ("{\"actions\":[{\"do\":\"dance\"}]}", "unknown variant `dance`"),
            ("{\"actions\":[],\"deadline\":-1}", "invalid value"),
            ("{\"action\":[]}", "unknown field `action`"),
            ("{\"actions\":[{\"do\":\"connect\",\"port\":1,\"pool\":2}]}", "unknown field `pool`"),
        ] {
            match answer(said.as_bytes()) {
                Err(Trouble::NoAnswer { why: said_why, .. }) => {
                    assert!(said_why.contains(why), "{said}: {said_why}");
                }
                _ => panic!("{said} was taken for an answer"),
            }
        }
    }
}
