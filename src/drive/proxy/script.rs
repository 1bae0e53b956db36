//! What a proxy is to do to whom: the faults of a scenario that a line can show, and two more that
//! only a line between strangers needs. A value; it knows no socket.

use crate::fault::{Damage, Fault, OnMessage, Until, When};
use crate::party::Party;
use crate::report::faults::{describe_fault, describe_message};
use crate::report::words::millis;
use reversim_models::iso8583::{Class, Dialect, Element, Message, Mti};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// A script. Entries are numbered from 0: faults, then edits, then holds.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Script {
    /// Format version, as that of a scenario.
    pub version: u32,
    /// What it is for, in a sentence; may be empty.
    #[serde(default)]
    pub title: String,
    /// As in a scenario.
    #[serde(default, rename = "fault")]
    pub faults: Vec<Fault>,
    /// Messages that arrive with another value in one element.
    #[serde(default, rename = "edit")]
    pub edits: Vec<Edit>,
    /// Messages that wait for another one to pass.
    #[serde(default, rename = "hold")]
    pub holds: Vec<Hold>,
}

/// One element of one message is written anew.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Edit {
    /// Which message.
    pub on: OnMessage,
    /// Which element, 2 to 128.
    pub element: u8,
    /// Its new value: digits and text as they are, binary elements in hexadecimal. Without one the
    /// message arrives without the element.
    #[serde(default)]
    pub value: Option<String>,
    /// What becomes of the MAC.
    #[serde(default)]
    pub mac: MacAfter,
}

/// What becomes of the MAC of a message that is edited.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MacAfter {
    /// It is computed anew, and right: the proxy needs the key.
    Fix,
    /// It is made wrong, whether it covers the element or not.
    Break,
    /// It stays as it was sent.
    #[default]
    Keep,
}

/// One message waits until another one has passed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Hold {
    /// Which message waits.
    pub on: OnMessage,
    /// For which one; it may go in either direction, and on another connection.
    pub until: OnMessage,
    /// It waits no longer than this, milliseconds.
    #[serde(default = "a_minute")]
    pub at_most_ms: u64,
}

const fn a_minute() -> u64 {
    60_000
}

/// What stands between two endpoints as a script sees it.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Who connects to the proxy.
    pub left: Party,
    /// To whom the proxy connects.
    pub right: Party,
    /// What they speak.
    pub dialect: &'static Dialect,
    /// Whether there is a key to make MACs with.
    pub has_key: bool,
}

/// Why an entry cannot be played between these endpoints.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{table} {}: {reason}", number + 1)]
pub struct Objection {
    /// `fault`, `edit` or `hold`.
    pub table: &'static str,
    /// Which one of its kind, from 0.
    pub number: usize,
    /// Why not, and what to do.
    pub reason: String,
}

impl Script {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.faults.len() + self.edits.len() + self.holds.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of the first edit, and of the first hold.
    pub(super) fn starts(&self) -> (usize, usize) {
        let edits = self.faults.len();
        (edits, edits + self.edits.len())
    }

    /// Every entry in words, in the order of their numbers.
    pub fn words(&self) -> Vec<String> {
        // Nobody beside a real system knows steps.
        let plain = |words: String| words.replace(" of no step", "");
        let faults = self.faults.iter().map(describe_fault);
        let edits = self.edits.iter().map(edit_words);
        faults.chain(edits).chain(self.holds.iter().map(hold_words)).map(plain).collect()
    }

    /// Whether every entry can be played between these endpoints.
    ///
    /// # Errors
    ///
    /// The first entry that cannot, and why.
    pub fn check(&self, place: &Place) -> Result<(), Objection> {
        let faults = self.faults.iter().map(|fault| check_fault(fault, place));
        let edits = self.edits.iter().map(|edit| check_edit(edit, place));
        let holds = self.holds.iter().map(|hold| {
            check_message(&hold.on, place).and_then(|()| check_message(&hold.until, place))
        });
        let named = |table| move |(number, result)| (table, number, result);
        let all = faults.enumerate().map(named("fault"));
        let all = all.chain(edits.enumerate().map(named("edit")));
        for (table, number, result) in all.chain(holds.enumerate().map(named("hold"))) {
            result.map_err(|reason| Objection { table, number, reason })?;
        }
        Ok(())
    }
}

fn edit_words(edit: &Edit) -> String {
    let mut words = match &edit.value {
        // A card number or a PIN block would be shown.
        Some(_) => format!("write another element {}", edit.element),
        None => format!("leave out element {}", edit.element),
    };
    let mac = match edit.mac {
        MacAfter::Fix => "with a right MAC",
        MacAfter::Break => "with a wrong MAC",
        MacAfter::Keep => "keeping the MAC",
    };
    let _ = write!(words, " in {}, {mac}", describe_message(&edit.on));
    words
}

fn hold_words(hold: &Hold) -> String {
    format!(
        "hold {} until {} has passed, {} at most",
        describe_message(&hold.on),
        describe_message(&hold.until),
        millis(hold.at_most_ms)
    )
}

fn check_message(on: &OnMessage, place: &Place) -> Result<(), String> {
    let Place { left, right, .. } = place;
    if (on.from, on.to) != (*left, *right) && (on.from, on.to) != (*right, *left) {
        return Err(format!(
            "nothing goes from {} to {} here; this proxy is between {left} and {right}",
            on.from, on.to
        ));
    }
    match (on.step, on.nth) {
        (0, 0) => Err("`nth` counts from 1".to_owned()),
        (0, _) => Ok(()),
        (step, _) => Err(format!(
            "step {step}: beside a real system nobody knows steps; leave `step` out, and let `nth` \
             count the messages of this MTI from {} to {}",
            on.from, on.to
        )),
    }
}

fn check_when(at: &When, a: Party, b: Party, place: &Place) -> Result<(), String> {
    let ends = [place.left, place.right];
    if a == b || !ends.contains(&a) || !ends.contains(&b) {
        return Err(format!(
            "there is no line between {a} and {b} here; this proxy is between {} and {}",
            place.left, place.right
        ));
    }
    match at {
        When::AtMs(_) => Ok(()),
        When::Message(on) => check_message(on, place),
        When::Action(_) => Err("a proxy sees no actions of a party; begin it `at-ms` or with a \
                                `message`"
            .to_owned()),
    }
}

fn check_fault(fault: &Fault, place: &Place) -> Result<(), String> {
    if let Some(on) = fault.message() {
        check_message(on, place)?;
    }
    match fault {
        Fault::Delay { until: Until::Deadline { of, .. }, .. } => Err(format!(
            "a proxy does not know the deadline of {of}; write `until = {{ by-ms = … }}`, or a \
             `[[hold]]`"
        )),
        Fault::Corrupt { damage: Damage::Element(n) | Damage::Length(n), .. } => {
            check_element(*n, place)
        }
        Fault::Resubmit { .. } if place.dialect.second_bitmap && place.has_key => Ok(()),
        Fault::Resubmit { .. } => {
            Err("sending a request again under another trace number needs a \
                                       network line and its MAC key; give --mac-key"
                .to_owned())
        }
        Fault::Stall { at, a, b, .. } | Fault::Partition { at, a, b, .. } => {
            check_when(at, *a, *b, place)
        }
        fault if fault.message().is_some() => Ok(()),
        _ => Err(format!(
            "only the simulator can do this, a proxy holds nothing but the line: {}",
            describe_fault(fault)
        )),
    }
}

fn check_element(number: u8, place: &Place) -> Result<(), String> {
    match place.dialect.spec(Element(number)) {
        Some(_) => Ok(()),
        None => Err(format!("the dialect {} has no element {number}", place.dialect.name)),
    }
}

fn check_edit(edit: &Edit, place: &Place) -> Result<(), String> {
    check_message(&edit.on, place)?;
    check_element(edit.element, place)?;
    if edit.mac == MacAfter::Fix && !place.has_key {
        return Err("a right MAC needs the key; give --mac-key, or on a terminal's line \
                    --master-key"
            .to_owned());
    }
    let Some(value) = edit.bytes(place.dialect) else {
        return Err(format!("element {} is binary; write it in hexadecimal", edit.element));
    };
    let Some(value) = value else { return Ok(()) };
    let message = Message::new(Mti::FINANCIAL_REQUEST).with(Element(edit.element), value);
    let written = place.dialect.encode(&message, &mut Vec::new());
    written
        .map_err(|error| format!("the dialect {} cannot write this: {error}", place.dialect.name))
}

impl Edit {
    /// The new value as the message holds it; `Some(None)` for no value, none if a binary element
    /// is not written in hexadecimal.
    pub(super) fn bytes(&self, dialect: &Dialect) -> Option<Option<Vec<u8>>> {
        let Some(text) = &self.value else { return Some(None) };
        let class = dialect.spec(Element(self.element)).map(|spec| spec.class);
        if class != Some(Class::Binary) {
            return Some(Some(text.clone().into_bytes()));
        }
        let digits: Option<Vec<u32>> =
            text.chars().filter(|c| *c != ' ').map(|c| c.to_digit(16)).collect();
        let digits = digits?;
        let is_whole = digits.len().is_multiple_of(2);
        is_whole.then(|| Some(digits.chunks(2).map(|two| (two[0] << 4 | two[1]) as u8).collect()))
    }
}
