//! L9 holds-end-in-time: each hold, against the business date of its issuer. How much of it went
//! where is hold-conservation's.

use super::books::{Books, Decision};
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use crate::history::Horizon;
use reversim_models::time::LocalTime;
use std::collections::BTreeMap;

const ABOUT: About = About {
    code: "L9",
    name: "holds-end-in-time",
    claim: "What a pre-authorisation holds is captured or released in its time, or let go when \
            that is over, not before and not later.",
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
        if may_be_over(books, placed) {
            return Ok(1);
        }
        breach!(
            [placed.index, seen.index],
            "{} let go too early what it held on card {}: {}",
            placed.issuer,
            placed.pan,
            words(books, placed)
        )
    }

    fn at(&self, books: &Books, _horizon: Horizon) -> Checked {
        let mut held: BTreeMap<usize, (&Decision, i64)> = BTreeMap::new();
        for decision in &books.decisions {
            if let Some(placed) = books.placed_by(decision) {
                held.entry(placed.index).or_insert((placed, 0)).1 += decision.held();
            }
        }
        let mut checked = 0;
        for (placed, open) in held.into_values() {
            if open > 0 && is_over(books, placed) {
                let ended = books.issuer_date(placed.issuer).map_or(placed.index, |(_, at)| at);
                return breach!(
                    [placed.index, ended],
                    "{} still holds {} on card {}: {}",
                    placed.issuer,
                    books.money(open.unsigned_abs()),
                    placed.pan,
                    words(books, placed)
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
    if !is_over(books, placed) {
        return Ok(1);
    }
    breach!(
        [placed.index, decision.index],
        "{} {} on card {} after the time of that hold: {}",
        placed.issuer,
        decision.done(),
        placed.pan,
        words(books, placed)
    )
}

/// Longer than power or a disk keeps an issuer from looking at its clock.
const SLACK: i64 = 180_000_000;

/// Whether the time of a hold is over for certain.
fn is_over(books: &Books, placed: &Decision) -> bool {
    let is_right = !books.jumped.contains(&placed.issuer);
    let is_past = |until: LocalTime| books.utc() >= until.plus(SLACK);
    age(books, placed) >= u64::from(books.setting.hold_days)
        || (is_right && placed.until.is_some_and(is_past))
}

/// Whether the time of a hold may be over, on whatever clock its issuer has.
fn may_be_over(books: &Books, placed: &Decision) -> bool {
    let is_wrong = books.jumped.contains(&placed.issuer);
    age(books, placed) >= u64::from(books.setting.hold_days)
        || placed.until.is_some_and(|until| is_wrong || books.utc() >= until)
}

/// How long a hold lasts, and how old it is, for people.
fn words(books: &Books, placed: &Decision) -> String {
    let (age, days) = (age(books, placed), books.setting.hold_days);
    match placed.until {
        Some(until) => format!("it was to hold until {until} UTC, and it is {} UTC", books.utc()),
        None => format!("it holds for {days} business dates, and {age} ended since"),
    }
}

/// How many business dates of its issuer ended since a hold was placed.
fn age(books: &Books, placed: &Decision) -> u64 {
    let today = books.issuer_date(placed.issuer).map_or(placed.since, |(date, _)| date);
    u64::try_from(today.days().saturating_sub(placed.since.days())).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::What;
    use crate::invariant::testing::{DAY, ISSUER, SWITCH, Sale, Tale, pan, sale};
    use reversim_models::iso8583::{Element, Mti};
    use reversim_models::record::{IssuerRecord, Kind};
    use reversim_models::time::Duration;

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
        tale.breaks(ABOUT.name, &[held, gone], "and 0 ended since");
    }

    #[test]
    fn nothing_is_completed_after_its_time() {
        let mut tale = Tale::new();
        let held = tale.decided(HELD);
        date_ends(&mut tale);
        let late = completed(&mut tale);
        tale.breaks(ABOUT.name, &[held, late], "debited 500.00 on card");
    }

    /// The request asks for 800.00 until 10:01 at the counter, and the issuer holds it.
    fn held_until(tale: &mut Tale) -> usize {
        tale.history.setting.hold_days = 30;
        tale.history.setting.start = LocalTime::new(DAY, 2 * 3_600);
        let message = HELD.net(Mti::AUTHORIZATION_REQUEST);
        let message = message.with(Element::VALIDITY, "20260530100100+0800");
        tale.pass(HELD, SWITCH, ISSUER, &message);
        tale.decided(HELD)
    }

    #[test]
    fn a_hold_ends_at_the_moment_that_its_request_named() {
        for (seconds, is_right) in [(0, false), (60, true)] {
            let mut tale = Tale::new();
            let held = held_until(&mut tale);
            tale.now += Duration::secs(seconds);
            let gone = expired(&mut tale);
            match is_right {
                true => tale.holds(ABOUT.name),
                false => tale.breaks(ABOUT.name, &[held, gone], "until 2026-05-30 02:01:00 UTC"),
            }
        }
    }

    #[test]
    fn a_hold_does_not_outlive_its_moment_by_the_offset_of_a_zone() {
        let mut tale = Tale::new();
        let held = held_until(&mut tale);
        tale.now += Duration::secs(600);
        tale.online();
        tale.breaks(ABOUT.name, &[held], "and it is 2026-05-30 02:10:00 UTC");
        // Where the clock of the issuer was wrong, nobody knows what it saw.
        let mut tale = Tale::new();
        held_until(&mut tale);
        tale.push(ISSUER, 0, What::ClockStepped(LocalTime::default()));
        tale.now += Duration::secs(600);
        tale.online();
        tale.is_unknown(ABOUT.name);
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
