//! What kind of contradiction a violation is: which claim, and which kinds of entries contradict
//! each other. Two violations of one claim by two mistakes mostly differ here.

use crate::history::{Entry, History, What};
use crate::party::Role;
use crate::verdict::Violation;
use reversim_models::iso8583::Mti;

/// The claim and its witnesses, without numbers.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Contradiction {
    invariant: &'static str,
    witnesses: Vec<(Role, String)>,
}

impl Contradiction {
    /// Of a violation in its history.
    pub fn new(violation: &Violation, history: &History) -> Contradiction {
        let entries = violation.witnesses.iter().filter_map(|index| history.entries.get(*index));
        let witnesses = entries.map(|entry| (entry.party.role, kind(entry))).collect();
        Contradiction { invariant: violation.invariant, witnesses }
    }
}

/// What sort of thing happened. A repeat of a message (0421) is of the sort of its first (0420).
fn kind(entry: &Entry) -> String {
    let message = |mti: Option<Mti>| mti.map_or(String::new(), |mti| mti.to_string()[..3].into());
    match &entry.what {
        What::Recorded(record) => format!("record {}", record.name()),
        What::Torn(record) => format!("torn {}", record.name()),
        What::Sent { frame, .. } => format!("sent {}", message(frame.mti())),
        What::Delivered { frame, .. } => format!("delivered {}", message(frame.mti())),
        What::Told { device, .. } => format!("told {device:?}"),
        other => {
            let words = format!("{other:?}");
            words.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
        }
    }
}
