//! One mutant as cargo-mutants lists it. Not what becomes of it.

use anyhow::{Context, Result};
use proc_macro2::LineColumn;
use serde_json::Value;

/// What is changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Genre {
    /// A function gives this value, and does nothing.
    Body,
    /// Another operator between two operands.
    Binary,
    /// No operator before its operand.
    Unary,
    /// An arm of a match is not there.
    Arm,
    /// The guard of an arm says always this.
    Guard,
    /// A field has the value that the rest of its struct comes from.
    Field,
}

/// One change at one place.
#[derive(Clone, Debug)]
pub(crate) struct Mutant {
    /// As cargo-mutants prints it, the place in front.
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) genre: Genre,
    /// Where what is replaced begins.
    pub(crate) start: LineColumn,
    pub(crate) replacement: String,
}

impl Mutant {
    /// All that `cargo mutants --list --json` says.
    pub(crate) fn listed(json: &str) -> Result<Vec<Mutant>> {
        let listed: Vec<Value> = serde_json::from_str(json).context("the list of mutants")?;
        listed.iter().map(|one| Mutant::read(one).with_context(|| one.to_string())).collect()
    }

    fn read(one: &Value) -> Result<Mutant> {
        let text = |key: &str| one[key].as_str().context("no text").map(str::to_owned);
        let start = &one["span"]["start"];
        let number = |key: &str| -> Result<usize> {
            Ok(usize::try_from(start[key].as_u64().context("no number")?)?)
        };
        let genre = match text("genre")?.as_str() {
            "FnValue" => Genre::Body,
            "BinaryOperator" => Genre::Binary,
            "UnaryOperator" => Genre::Unary,
            "MatchArm" => Genre::Arm,
            "MatchArmGuard" => Genre::Guard,
            "StructField" => Genre::Field,
            other => anyhow::bail!("`{other}` is no genre that this program knows"),
        };
        Ok(Mutant {
            name: text("name")?,
            file: text("file")?,
            genre,
            // Columns are counted from one there, and from nought by the parser.
            start: LineColumn { line: number("line")?, column: number("column")? - 1 },
            replacement: text("replacement")?,
        })
    }
}
