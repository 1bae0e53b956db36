//! The flows that can be explored by name: short, everyday conversations without a fault.

use crate::party::Party;
use crate::scenario::{Scenario, Step, Wish};

/// Their names.
pub const FLOWS: &[&str] =
    &["sign-on", "inquiry", "sale", "sale+inquiry", "sale+sale", "sale+settlement"];

const SALE: Wish = Wish::Sale { amount: 10_000, card: 1 };
const INQUIRY: Wish = Wish::Inquiry { card: 2 };

/// The scenario of a flow: one terminal, one switch, one issuer, everything by default.
pub fn flow(name: &str) -> Option<Scenario> {
    let wishes: &[Wish] = match name {
        "sign-on" => &[],
        "inquiry" => &[INQUIRY],
        "sale" => &[SALE],
        "sale+inquiry" => &[SALE, INQUIRY],
        "sale+sale" => &[SALE, SALE],
        "sale+settlement" => &[SALE, Wish::Settle],
        _ => return None,
    };
    let wishes = std::iter::once(&Wish::SignOn).chain(wishes);
    let steps = (1..).zip(wishes).map(|(id, wish)| Step::new(id, Party::terminal(1), wish.clone()));
    Some(Scenario { title: name.to_owned(), steps: steps.collect(), ..Scenario::default() })
}
