//! Recorded histories: JSON lines, one for the head and one for each thing that happened on a line.
//!
//! A file holds what travelled, byte by byte, and so card data; whatever shows it masks it. It
//! holds no records of parties: what only they know, no claim can judge. Touches no disk.

use super::{FileError, Problem};
use crate::history::{Frame, History, Horizon, Setting, What};
use crate::party::{Party, Role};
use reversim_models::card::Currency;
use reversim_models::iso8583::{Dialect, Element};
use reversim_models::node::{Link, LinkDownReason, Ticket};
use reversim_models::time::{Date, Instant, LocalTime};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// The version this build writes and reads.
pub const RECORDING_VERSION: u32 = 1;

/// The first line of a file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Head {
    /// [`RECORDING_VERSION`].
    pub reversim_history: u32,
    /// What wrote it, as `proxy`.
    pub by: String,
    /// When it begins, UTC, as `2026-05-30 10:00:00`; may be empty.
    #[serde(default)]
    pub start: String,
    /// Parties that are somebody else's: nobody sees what they record.
    pub foreign: Vec<Party>,
    /// Our own parties, if any took part.
    #[serde(default)]
    pub parties: Vec<Party>,
    /// What [`Event::Fault`] numbers mean, in words.
    #[serde(default)]
    pub faults: Vec<String>,
}

/// Every other line: one thing that happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Line {
    /// Microseconds since the beginning.
    pub at: u64,
    /// By whom, or to whom.
    pub party: Party,
    /// The step it is about; 0 where nobody knows.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub step: u32,
    /// What.
    pub what: Event,
}

/// What happened. Messages are numbered by who writes the file; their numbers only need to differ.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Event {
    /// The party wrote a frame, or bytes that are none.
    Sent {
        /// Its number.
        message: u64,
        /// The connection.
        link: u32,
        /// To whom.
        to: Party,
        /// `pos` or `network`.
        dialect: String,
        /// The bytes, framing included, in hexadecimal.
        hex: String,
    },
    /// It reached the party, or a part of it did.
    Delivered {
        /// Its number.
        message: u64,
        /// The connection.
        link: u32,
        /// From whom.
        from: Party,
        /// 0 for the first, more for copies.
        #[serde(default, skip_serializing_if = "is_zero")]
        copy: u32,
        /// The whole frame as it arrives, where that is not what was written.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hex: Option<String>,
        /// Which bytes of the frame arrived in this read, from and to; none for all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        part: Option<(u32, u32)>,
    },
    /// It never reached this party.
    Lost {
        /// Its number.
        message: u64,
        /// Who would have got it.
        to: Party,
    },
    /// A connection of the party stands.
    LinkUp {
        /// The connection.
        link: u32,
        /// With whom.
        peer: Party,
    },
    /// A connection the party asked for did not come about.
    ConnectFailed {
        /// With whom.
        peer: Party,
    },
    /// A connection of the party is gone.
    LinkDown {
        /// The connection.
        link: u32,
        /// With whom.
        peer: Party,
        /// How.
        reason: Ending,
    },
    /// A fault happened: its place in [`Head::faults`], from 0.
    Fault(usize),
    /// The party lost power.
    PowerLost,
    /// The party has power again.
    PowerRestored,
    /// All faults are over.
    Healed,
    /// "Eventually" is asked here.
    Horizon(Asked),
    /// What whoever wrote the file has to say. No part of the history.
    Note(String),
}

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// In order.
    Closed,
    /// It broke.
    Reset,
}

/// When "eventually" is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asked {
    /// [`Horizon::Online`].
    Online,
    /// [`Horizon::DayEnd`].
    DayEnd,
    /// [`Horizon::ClaimsClosed`].
    ClaimsClosed,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Head {
    /// The head of a file of this version.
    pub fn new(by: &str, foreign: Vec<Party>) -> Head {
        Head {
            reversim_history: RECORDING_VERSION,
            by: by.to_owned(),
            start: String::new(),
            foreign,
            parties: Vec::new(),
            faults: Vec::new(),
        }
    }
}

/// A value as one line of a file, with its newline.
pub fn line_of(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).expect("numbers, words and lists of them");
    text + "\n"
}

/// What a file holds.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Its head.
    pub head: Head,
    /// What happened, as judges and ladders take it.
    pub history: History,
    /// What whoever wrote it had to say, with its time.
    pub notes: Vec<(Instant, String)>,
}

/// Whether these bytes begin as a recorded history does, and not as a scenario.
pub fn is_recording(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"{\"reversim-history\"")
}

/// Reads the file called `file`.
///
/// # Errors
///
/// One sentence: what is wrong, on which line, and what to do.
pub fn parse_recording(file: &str, bytes: &[u8]) -> Result<Recording, FileError> {
    let text = String::from_utf8_lossy(bytes);
    read(&text).map_err(|problem| problem.in_file(file, &text))
}

fn read(text: &str) -> Result<Recording, Problem> {
    let mut reader: Option<Reader> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let place = at;
        at += line.len();
        if line.trim().is_empty() {
            continue;
        }
        let wrong = |error: serde_json::Error| broken(place, &error, line.ends_with('\n'));
        match &mut reader {
            None => reader = Some(Reader::new(place, head(place, line)?)?),
            Some(reader) => {
                let line: Line = serde_json::from_str(line).map_err(wrong)?;
                reader.take(place, line)?;
            }
        }
    }
    let nothing = || {
        let problem = Problem::new(None, "", "the file is empty");
        problem.hint("a recorded history begins with a line {\"reversim-history\":1,…}")
    };
    Ok(reader.ok_or_else(nothing)?.finish())
}

fn head(at: usize, line: &str) -> Result<Head, Problem> {
    /// What every version has.
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Version {
        reversim_history: u32,
    }
    let wrong = |error: serde_json::Error| broken(at, &error, true);
    let Version { reversim_history: version } = serde_json::from_str(line).map_err(wrong)?;
    if version == RECORDING_VERSION {
        return serde_json::from_str(line).map_err(wrong);
    }
    let reason = format!(
        "`reversim-history` is {version}, but this build reads version {RECORDING_VERSION}"
    );
    let hint =
        if version > RECORDING_VERSION { "take a newer build" } else { "take an older build" };
    Err(Problem::new(Some(at), "reversim-history", reason).hint(hint))
}

fn broken(at: usize, error: &serde_json::Error, is_whole: bool) -> Problem {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or(&text);
    let problem = Problem::new(Some(at), "", format!("this is no entry of a history: {text}"));
    match is_whole {
        true => problem,
        false => problem.hint("the file ends here: it may have been cut off"),
    }
}

/// Microseconds after which nanoseconds do not fit into a number any more.
const AT_MAX: u64 = i64::MAX.unsigned_abs() / 1_000;

/// What `2026-05-30 10:00:00` says, if it says that.
fn moment(text: &str) -> Option<LocalTime> {
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<u8>().ok();
    let date = Date::new(text.get(..4)?.parse().ok()?, part(5, 7)?, part(8, 10)?)?;
    let [hours, minutes, seconds] = [part(11, 13)?, part(14, 16)?, part(17, 19)?].map(u32::from);
    let moment = LocalTime::new(date, hours * 3_600 + minutes * 60 + seconds);
    (moment.to_string() == text).then_some(moment)
}

/// A file while it is read.
struct Reader {
    head: Head,
    history: History,
    notes: Vec<(Instant, String)>,
    /// Where each message was written, by its number.
    sent: FxHashMap<u64, usize>,
}

impl Reader {
    fn new(place: usize, head: Head) -> Result<Reader, Problem> {
        let start = match moment(&head.start) {
            None if !head.start.is_empty() => {
                let reason = format!("`start`: {:?} is no moment", head.start);
                let problem = Problem::new(Some(place), "start", reason);
                return Err(problem.hint("write it as 2026-05-30 10:00:00, or leave it out"));
            }
            start => start.unwrap_or_default(),
        };
        let setting = Setting {
            foreign: head.foreign.clone(),
            parties: head.parties.clone(),
            start,
            ..Setting::default()
        };
        let history = History { setting, entries: Vec::new() };
        Ok(Reader { head, history, notes: Vec::new(), sent: FxHashMap::default() })
    }

    fn take(&mut self, place: usize, line: Line) -> Result<(), Problem> {
        let Line { at, party, step, what } = line;
        if at > AT_MAX {
            let reason = format!("`at`: {at} microseconds are more than 290 years");
            return Err(Problem::new(Some(place), "at", reason));
        }
        let at = Instant(at);
        let what = match what {
            Event::Note(text) => {
                self.notes.push((at, text));
                return Ok(());
            }
            Event::Sent { message, link, to, dialect, hex } => {
                let known = dialect_named(&dialect).ok_or_else(|| unknown(place, &dialect))?;
                let frame = Frame::new(from_hex(place, &hex)?, known);
                if self.sent.insert(message, self.history.entries.len()).is_some() {
                    let reason = format!("`message`: two messages have the number {message}");
                    return Err(Problem::new(Some(place), "message", reason));
                }
                What::Sent { link: Link(link), to, frame }
            }
            Event::Delivered { message, link, from, copy, hex, part } => {
                let (sent, written) = self.written(place, message)?;
                let altered = hex.map(|hex| from_hex(place, &hex)).transpose()?;
                // What a gateway made of a copy is no change of the message.
                let is_altered = altered.is_some() && copy == 0;
                let frame =
                    altered.map_or(written.clone(), |hex| Frame::new(hex, written.dialect()));
                if let Some((from, to)) = part
                    && (from > to || to as usize > frame.bytes().len())
                {
                    let bytes = frame.bytes().len();
                    let reason = format!(
                        "`part`: bytes {from} to {to} are no part of a frame of {bytes} bytes"
                    );
                    return Err(Problem::new(Some(place), "part", reason));
                }
                What::Delivered { link: Link(link), from, sent, frame, is_altered, copy, part }
            }
            Event::Lost { message, to } => What::Lost { sent: self.written(place, message)?.0, to },
            Event::LinkUp { link, peer } => What::LinkUp { link: Link(link), peer },
            Event::ConnectFailed { peer } => What::ConnectFailed { peer },
            Event::LinkDown { link, peer, reason } => {
                let reason = match reason {
                    Ending::Closed => LinkDownReason::Closed,
                    Ending::Reset => LinkDownReason::Reset,
                };
                What::LinkDown { link: Link(link), peer, reason }
            }
            Event::Fault(index) => What::FaultFired(index),
            Event::PowerLost => What::PowerLost,
            Event::PowerRestored => What::PowerRestored,
            Event::Healed => What::Healed,
            Event::Horizon(Asked::Online) => What::Horizon(Horizon::Online),
            Event::Horizon(Asked::DayEnd) => What::Horizon(Horizon::DayEnd),
            Event::Horizon(Asked::ClaimsClosed) => What::Horizon(Horizon::ClaimsClosed),
        };
        self.history.push(at, party, Ticket(step), what);
        Ok(())
    }

    /// Where the message was written, and what.
    fn written(&self, place: usize, message: u64) -> Result<(usize, Frame), Problem> {
        let index = self.sent.get(&message).copied();
        let entry = index.and_then(|index| Some((index, self.history.entries.get(index)?)));
        match entry.map(|(index, entry)| (index, &entry.what)) {
            Some((index, What::Sent { frame, .. })) => Ok((index, frame.clone())),
            _ => {
                let reason = format!("`message`: no message {message} was written before");
                Err(Problem::new(Some(place), "message", reason))
            }
        }
    }

    fn finish(mut self) -> Recording {
        self.learn();
        Recording { head: self.head, history: self.history, notes: self.notes }
    }

    /// What the messages themselves say of the setting: the currency, and who has which terminal
    /// identification. A party that uses several stands for several terminals, and has none.
    fn learn(&mut self) {
        let setting = &mut self.history.setting;
        // No number is known to be too large.
        setting.stan_max = (999_999, 999_999);
        let mut terminals: Vec<(Party, Option<[u8; 8]>)> = Vec::new();
        let mut currency = None;
        for entry in &self.history.entries {
            let What::Sent { frame, .. } = &entry.what else { continue };
            let Some(message) = frame.message() else { continue };
            currency = currency.or_else(|| message.number(Element::CURRENCY));
            let id = message.get(Element::TERMINAL).and_then(|id| id.try_into().ok());
            let Some(id) = id.filter(|_| entry.party.role == Role::Terminal) else { continue };
            match terminals.iter_mut().find(|(party, _)| *party == entry.party) {
                Some((_, known)) if *known == Some(id) => {}
                Some((_, known)) => *known = None,
                None => terminals.push((entry.party, Some(id))),
            }
        }
        if let Some(number) = currency.and_then(|number| u16::try_from(number).ok()) {
            setting.currency = Currency(number);
        }
        setting.terminals = terminals.into_iter().filter_map(|(p, id)| Some((p, id?))).collect();
    }
}

fn dialect_named(name: &str) -> Option<&'static Dialect> {
    Dialect::by_name(name)
}

fn unknown(place: usize, dialect: &str) -> Problem {
    let known: Vec<&str> = Dialect::all().iter().map(|dialect| dialect.name).collect();
    let reason = format!("`dialect`: there is no dialect `{dialect}`");
    Problem::new(Some(place), "dialect", reason).hint(format!("known are {}", known.join(", ")))
}

/// Bytes as lower-case hexadecimal digits.
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

fn from_hex(place: usize, text: &str) -> Result<Vec<u8>, Problem> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    let bytes: Option<Vec<u8>> = pairs.collect();
    bytes.ok_or_else(|| {
        let reason = "`hex`: these are not bytes in hexadecimal digits";
        Problem::new(Some(place), "hex", reason)
    })
}

/// A history as a file. What has no place in one (records, screens, wishes) is left out.
pub fn render_recording(head: &Head, history: &History) -> String {
    let mut out = line_of(head);
    for (index, entry) in history.entries.iter().enumerate() {
        if let Some(what) = event_of(history, index, &entry.what) {
            let (at, step) = (entry.at.0, entry.ticket.0);
            out.push_str(&line_of(&Line { at, party: entry.party, step, what }));
        }
    }
    out
}

fn event_of(history: &History, index: usize, what: &What) -> Option<Event> {
    let written = |sent: usize| match history.entries.get(sent).map(|entry| &entry.what) {
        Some(What::Sent { frame, .. }) => Some(frame),
        _ => None,
    };
    Some(match what {
        What::Sent { link, to, frame } => Event::Sent {
            message: index as u64,
            link: link.0,
            to: *to,
            dialect: frame.dialect().name.to_owned(),
            hex: to_hex(frame.bytes()),
        },
        What::Delivered { link, from, sent, frame, copy, part, .. } => Event::Delivered {
            message: *sent as u64,
            link: link.0,
            from: *from,
            copy: *copy,
            hex: (written(*sent) != Some(frame)).then(|| to_hex(frame.bytes())),
            part: *part,
        },
        What::Lost { sent, to } => Event::Lost { message: *sent as u64, to: *to },
        What::LinkUp { link, peer } => Event::LinkUp { link: link.0, peer: *peer },
        What::ConnectFailed { peer } => Event::ConnectFailed { peer: *peer },
        What::LinkDown { link, peer, reason } => {
            let reason = match reason {
                LinkDownReason::Closed => Ending::Closed,
                LinkDownReason::Reset => Ending::Reset,
            };
            Event::LinkDown { link: link.0, peer: *peer, reason }
        }
        What::FaultFired(fault) => Event::Fault(*fault),
        What::PowerLost => Event::PowerLost,
        What::PowerRestored => Event::PowerRestored,
        What::Healed => Event::Healed,
        What::Horizon(Horizon::Online) => Event::Horizon(Asked::Online),
        What::Horizon(Horizon::DayEnd) => Event::Horizon(Asked::DayEnd),
        What::Horizon(Horizon::ClaimsClosed) => Event::Horizon(Asked::ClaimsClosed),
        _ => return None,
    })
}
