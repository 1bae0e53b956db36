//! Names read back from a file as the names of this build: of invariants, their codes, and marks.
//!
//! A name that this build does not know is an error: the file was written by another build, whose
//! sums must not be added to ours.

use super::statistics::Tally;
use crate::invariant::{self, About};
use crate::mark::Mark;
use serde::de::{Deserialize, Deserializer, Error};
use std::collections::BTreeMap;

/// A name of this build. (As a plain reference, serde would want to borrow it from the file.)
pub(super) type Name = &'static str;

fn about(word: &str) -> Option<&'static About> {
    invariant::find(word)
}

fn unknown<E: Error>(kind: &str, name: &str) -> E {
    E::custom(format_args!("this build knows no {kind} `{name}`"))
}

pub(super) fn invariant<'de, D: Deserializer<'de>>(from: D) -> Result<Name, D::Error> {
    let name = String::deserialize(from)?;
    about(&name).map(|about| about.name).ok_or_else(|| unknown("invariant", &name))
}

pub(super) fn code<'de, D: Deserializer<'de>>(from: D) -> Result<Name, D::Error> {
    let code = String::deserialize(from)?;
    about(&code).map(|about| about.code).ok_or_else(|| unknown("invariant", &code))
}

pub(super) fn marks<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<Name, u64>, D::Error> {
    let counts = BTreeMap::<String, u64>::deserialize(from)?;
    let named = counts.into_iter().map(|(name, count)| {
        let mark = Mark::parse(&name).ok_or_else(|| unknown("mark", &name))?;
        Ok((mark.name(), count))
    });
    named.collect()
}

pub(super) fn tallies<'de, D>(from: D) -> Result<BTreeMap<Name, Tally>, D::Error>
where
    D: Deserializer<'de>,
{
    let tallies = BTreeMap::<String, Tally>::deserialize(from)?;
    let named = tallies.into_iter().map(|(name, tally)| {
        let about = about(&name).ok_or_else(|| unknown("invariant", &name))?;
        Ok((about.name, tally))
    });
    named.collect()
}

/// Virtual time, as its microseconds.
pub(super) mod micros {
    use reversim_models::time::Duration;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
        time.0.serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration)
    }
}
