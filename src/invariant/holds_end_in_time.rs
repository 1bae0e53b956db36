//! L9 holds-end-in-time: each hold, against the business date of its issuer. How much of it went
//! where is hold-conservation's.

use super::books::{Books, Decision};
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use crate::history::Horizon;
use std::collections::BTreeMap;

const ABOUT: About = About {
    code: "L9",
    name: "holds-end-in-time",
    claim: "What a pre-authorisation holds is captured or released in its time, or let go by itself \
            when that is over, not before and not later.",
    example: "a pre-authorisation of 800.00 that nobody completes; the issuer holds for one date\n\
              two business dates later the 800.00 are held still",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::ISSUER
    }

    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        if let Some(decision) = books.decisions.last().filter(|d| d.index == seen.index) {
            return ended(books, decision);
        }
        let Some((_, id)) = books.expired.last().filter(|(index, _)| *index == seen.index) else {
            return Ok(0);
        };
        let Some(placed) = books.decision(seen.entry.party, *id) else { return Ok(0) };
        let days = u64::from(books.setting.hold_days);
        match age(books, placed) {
            age if age < days => breach!(
                [placed.index, seen.index],
                "{} let go what it held on card {} after {age} business dates; it holds for {days}",
                placed.issuer,
                placed.pan
            ),
            _ => Ok(1),
        }
    }

    fn at(&self, books: &Books, _horizon: Horizon) -> Checked {
        let mut held: BTreeMap<usize, (&Decision, i64)> = BTreeMap::new();
        for decision in &books.decisions {
            if let Some(placed) = books.placed_by(decision) {
                held.entry(placed.index).or_insert((placed, 0)).1 += decision.held();
            }
        }
        let days = u64::from(books.setting.hold_days);
        let mut checked = 0;
        for (placed, open) in held.into_values() {
            let age = age(books, placed);
            if open > 0 && age >= days {
                let ended = books.issuer_date(placed.issuer).map_or(placed.index, |(_, at)| at);
                return breach!(
                    [placed.index, ended],
                    "{} still holds {} on card {}, {age} business dates after it was placed; it \
                     holds for {days}",
                    placed.issuer,
                    books.money(open.unsigned_abs()),
                    placed.pan
                );
            }
            checked += u64::from(open <= 0);
        }
        Ok(checked)
    }
}

/// A completion or void that ends a hold must come in its time.
fn ended(books: &Books, decision: &Decision) -> Checked {
    if decision.hold >= 0 {
        return Ok(0);
    }
    let Some(placed) = books.placed_by(decision) else { return Ok(0) };
    let (age, days) = (age(books, placed), u64::from(books.setting.hold_days));
    if age < days {
        return Ok(1);
    }
    breach!(
        [placed.index, decision.index],
        "{} {} on card {}, {age} business dates after it was held; it holds for {days}",
        placed.issuer,
        decision.done(),
        placed.pan
    )
}

/// How many business dates of its issuer ended since a hold was placed.
fn age(books: &Books, placed: &Decision) -> u64 {
    let today = books.issuer_date(placed.issuer).map_or(placed.since, |(date, _)| date);
    u64::try_from(today.days().saturating_sub(placed.since.days())).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{DAY, Sale, Tale, pan, sale};
    use reversim_models::record::{IssuerRecord, Kind};

    const HELD: Sale = Sale { kind: Kind::PreAuth, minor: 80_000, ..sale(1) };

    fn date_ends(tale: &mut Tale) -> usize {
        tale.issuer(sale(9), IssuerRecord::CutOver { date: DAY.next() })
    }

    fn expired(tale: &mut Tale) -> usize {
        let (original, minor) = (HELD.ticket.into(), 80_000);
        tale.issuer(
            sale(9),
            IssuerRecord::HoldExpired { original, pan: pan(), minor, legs: Box::default() },
        )
    }

    fn completed(tale: &mut Tale) -> usize {
        let part = Sale { kind: Kind::Completion, minor: 50_000, ..sale(2) };
        tale.decided_as(part, |record| {
            if let IssuerRecord::Decided { original, hold, .. } = record {
                (*original, *hold) = (Some(HELD.ticket.into()), -80_000);
            }
        })
    }

    #[test]
    fn a_hold_is_let_go_when_its_time_is_over() {
        let mut tale = Tale::new();
        tale.decided(HELD);
        date_ends(&mut tale);
        expired(&mut tale);
        tale.online();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_hold_that_nobody_lets_go_is_found_when_all_is_quiet() {
        let mut tale = Tale::new();
        let held = tale.decided(HELD);
        let ended = date_ends(&mut tale);
        tale.online();
        tale.breaks(ABOUT.name, &[held, ended], "still holds 800.00 on card");
    }

    #[test]
    fn a_hold_is_not_let_go_before_its_time() {
        let mut tale = Tale::new();
        date_ends(&mut tale);
        let held = tale.decided(HELD);
        let gone = expired(&mut tale);
        tale.breaks(ABOUT.name, &[held, gone], "after 0 business dates");
    }

    #[test]
    fn nothing_is_completed_after_its_time() {
        let mut tale = Tale::new();
        let held = tale.decided(HELD);
        date_ends(&mut tale);
        let late = completed(&mut tale);
        tale.breaks(ABOUT.name, &[held, late], "debited 500.00 on card");
    }

    #[test]
    fn a_young_hold_may_stand() {
        let mut tale = Tale::new();
        date_ends(&mut tale);
        tale.decided(HELD);
        tale.online();
        tale.is_unknown(ABOUT.name);
    }

    #[test]
    fn a_completion_ends_a_hold_too() {
        let mut tale = Tale::new();
        tale.decided(HELD);
        completed(&mut tale);
        date_ends(&mut tale);
        tale.online();
        tale.holds(ABOUT.name);
    }
}
