//! Which failures are one and the same: a short name made of what broke, where, and by what.
//!
//! Numbers (steps, occurrences, milliseconds) and the count of parties do not enter, so the same
//! mistake found by two seeds has one name. It says nothing about the cause.

use crate::fault::{
    ActionName, ChipData, Damage, Direction, Fault, OnAction, OnMessage, Side, Until, When,
};
use crate::history::History;
use crate::party::Role;
use crate::verdict::Violation;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::ParseIntError;

/// The name of a failure: invariant, party, and the schedule without its numbers.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(into = "String", try_from = "String")]
pub struct Fingerprint(u32);

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> String {
        fingerprint.to_string()
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = ParseIntError;

    fn try_from(text: String) -> Result<Fingerprint, ParseIntError> {
        u32::from_str_radix(&text, 16).map(Fingerprint)
    }
}

impl fmt::Display for Fingerprint {
    /// Eight hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl Fingerprint {
    /// Of a violation by a schedule (shrunk before, so that nothing accidental is in it).
    pub fn new(violation: &Violation, history: &History, faults: &[Fault]) -> Fingerprint {
        let role = violation.witnesses.last().and_then(|index| history.entries.get(*index));
        let mut text =
            format!("{} {}", violation.invariant, role.map_or("-", |e| word(e.party.role)));
        for fault in schedule(faults) {
            text.push('\n');
            text.push_str(&fault);
        }
        // FNV-1a, folded: stable across builds and machines, as a directory name must be.
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Fingerprint((hash ^ hash >> 32) as u32)
    }
}

/// The faults without their numbers, sorted.
pub fn schedule(faults: &[Fault]) -> Vec<String> {
    let mut words: Vec<String> = faults.iter().map(normalised).collect();
    words.sort();
    words
}

/// Whether all of `part` is in `whole`; both sorted.
pub(super) fn contains(whole: &[String], part: &[String]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|fault| whole.any(|other| other == fault))
}

/// A fault in words, without its numbers: `drop 0210 issuer>switch`.
pub fn normalised(fault: &Fault) -> String {
    match fault {
        Fault::Drop(on) => format!("drop {}", message(on)),
        Fault::Delay { on, until } => format!("delay {} {}", message(on), target(until)),
        Fault::Duplicate { on, .. } => format!("duplicate {}", message(on)),
        Fault::Reorder(on) => format!("reorder {}", message(on)),
        Fault::Corrupt { on, damage } => {
            let what = match damage {
                Damage::Mac => "mac".to_owned(),
                Damage::Element(number) => format!("element {number}"),
                Damage::Length(number) => format!("length {number}"),
                Damage::Byte(_) => "byte".to_owned(),
            };
            format!("corrupt {} {what}", message(on))
        }
        Fault::Replay { on, .. } => format!("replay {}", message(on)),
        Fault::Resubmit { on, .. } => format!("resubmit {}", message(on)),
        Fault::Split { on, .. } => format!("split {}", message(on)),
        Fault::Coalesce(on) => format!("coalesce {}", message(on)),
        Fault::Reset { on, .. } => format!("reset {}", message(on)),
        Fault::HalfOpen(on) => format!("half-open {}", message(on)),
        Fault::Stall { at, a, b, .. } => {
            format!("stall {}-{} {}", word(a.role), word(b.role), when(at))
        }
        Fault::Partition { at, a, b, direction, .. } => {
            let sign = match direction {
                Direction::Both => '-',
                Direction::AToB => '>',
                Direction::BToA => '<',
            };
            format!("partition {}{sign}{} {}", word(a.role), word(b.role), when(at))
        }
        Fault::PowerCut { party, at, torn, .. } => {
            let torn = if *torn { " torn" } else { "" };
            format!("power-cut {} {}{torn}", word(party.role), when(at))
        }
        Fault::SlowCommit { at, .. } => format!("slow-commit {}", action(at)),
        Fault::ClockStep { party, at, by_ms } => {
            let way = if *by_ms < 0 { "back" } else { "on" };
            format!("clock-step {} {way} {}", word(party.role), when(at))
        }
        Fault::Pause { party, at, .. } => format!("pause {} {}", word(party.role), when(at)),
        Fault::PrinterFault { .. } => "printer-fault".to_owned(),
        Fault::PinCancelled { .. } => "pin-cancelled".to_owned(),
        Fault::WrongPin { .. } => "wrong-pin".to_owned(),
        Fault::CardUnreadable { .. } => "card-unreadable".to_owned(),
        Fault::KernelFails { .. } => "kernel-fails".to_owned(),
        Fault::CardDeclines { .. } => "card-declines".to_owned(),
        Fault::CardPulled { .. } => "card-pulled".to_owned(),
        Fault::ChipDataMissing { what: ChipData::Parameters, .. } => "no-parameters".to_owned(),
        Fault::ChipDataMissing { what: ChipData::PublicKeys, .. } => "no-public-keys".to_owned(),
        Fault::KeyChange { at, .. } => format!("key-change {}", when(at)),
        Fault::CutOver { at, .. } => format!("cut-over {}", when(at)),
        Fault::Maintenance { party, at, .. } => {
            format!("maintenance {} {}", word(party.role), when(at))
        }
    }
}

fn word(role: Role) -> &'static str {
    role.word()
}

fn message(on: &OnMessage) -> String {
    format!("{} {}>{}", on.mti, word(on.from.role), word(on.to.role))
}

fn action(on: &OnAction) -> String {
    let side = match on.side {
        Side::Before => "before",
        Side::After => "after",
    };
    let name: ActionName = on.action;
    format!("{} {side} {}", word(on.party.role), String::from(name))
}

fn target(until: &Until) -> String {
    match until {
        Until::ByMs(_) => "by".to_owned(),
        Until::Deadline { of, offset_us, .. } => {
            let side = match offset_us.signum() {
                -1 => "before",
                0 => "at",
                _ => "after",
            };
            format!("{side} deadline of {}", word(of.role))
        }
    }
}

fn when(at: &When) -> String {
    match at {
        When::AtMs(_) => "at some time".to_owned(),
        When::Message(on) => format!("at {}", message(on)),
        When::Action(on) => action(on),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::Party;
    use reversim_models::iso8583::Mti;

    fn lost(step: u32, nth: u32, terminal: u8) -> Fault {
        Fault::Drop(OnMessage {
            from: Party::switch(1),
            to: Party::terminal(terminal),
            mti: Mti::FINANCIAL_RESPONSE,
            step,
            nth,
        })
    }

    fn name(invariant: &'static str, faults: &[Fault]) -> Fingerprint {
        let violation =
            Violation { invariant, sentence: String::new(), witnesses: Vec::new(), horizon: None };
        Fingerprint::new(&violation, &History::default(), faults)
    }

    #[test]
    fn numbers_of_steps_occurrences_and_parties_do_not_enter() {
        let (one, other) = ([lost(2, 1, 1)], [lost(7, 3, 2)]);
        assert_eq!(normalised(&one[0]), "drop 0210 switch>terminal");
        assert_eq!(name("no-unreversed-debit", &one), name("no-unreversed-debit", &other));
    }

    #[test]
    fn the_invariant_and_the_kinds_of_fault_do() {
        let printer = Fault::PrinterFault { step: 2 };
        let faults = [lost(2, 1, 1), printer];
        let names = [
            name("no-unreversed-debit", &faults),
            name("at-most-once-posting", &faults),
            name("no-unreversed-debit", &faults[..1]),
        ];
        assert!(names[0] != names[1] && names[0] != names[2] && names[1] != names[2]);
        let swapped = [printer, lost(2, 1, 1)];
        assert_eq!(names[0], name("no-unreversed-debit", &swapped));
        assert_eq!(names[0].to_string().len(), 8);
    }

    #[test]
    fn a_schedule_contains_its_parts_as_often_as_they_are_in_it() {
        let words = |faults: &[Fault]| schedule(faults);
        let two = words(&[lost(1, 1, 1), lost(2, 1, 1)]);
        assert!(contains(&two, &words(&[lost(3, 1, 1)])));
        assert!(contains(&two, &two) && contains(&two, &[]));
        assert!(!contains(&words(&[lost(1, 1, 1)]), &two));
    }
}
