//! M3 hold-conservation: each pre-authorisation, what completed, voided, expired and reversed it.
//! Whether a hold that nobody ended is let go in time is not asked here.

use super::books::{Books, Decision};
use super::{About, Checked, Invariant, Kinds, Seen, breach};

const ABOUT: About = About {
    code: "M3",
    name: "hold-conservation",
    claim: "What a pre-authorisation held is captured, released, expired or still held, never more \
            than it was; a completion captures no more than was held, once, and lets the rest go.",
    example: "a pre-authorisation of 800.00 is completed for 500.00\n\
              issuer-1 keeps the other 300.00 on hold",
};

/// The claim.
pub(super) struct Claim;

/// What became of one hold, minor units.
#[derive(Default)]
struct Fate {
    open: i64,
    captured: i64,
    /// The completion that stands.
    completion: Option<usize>,
}

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::ISSUER
    }

    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        let Some(placed) = changed(books, seen) else { return Ok(0) };
        let Fate { open, captured, completion } = fate(books, placed);
        let created = placed.hold;
        if open < 0 || open > created || captured > created {
            return breach!(
                [placed.index, seen.index],
                "{} held {} on card {}; of it {} are captured and {} still held",
                placed.issuer,
                books.money(created.unsigned_abs()),
                placed.pan,
                signed(books, captured),
                signed(books, open)
            );
        }
        if let Some(completion) = completion.filter(|_| open > 0) {
            return breach!(
                [placed.index, completion],
                "{} completed {} of {} on card {} and keeps {} on hold",
                placed.issuer,
                signed(books, captured),
                books.money(created.unsigned_abs()),
                placed.pan,
                signed(books, open)
            );
        }
        Ok(1)
    }
}

/// The hold that this entry changed.
fn changed<'a>(books: &'a Books, seen: &Seen<'_>) -> Option<&'a Decision> {
    let issuer = seen.entry.party;
    let decided = books.decisions.last().filter(|d| d.index == seen.index);
    let reversed = || books.reversals.last().filter(|r| r.index == seen.index)?.decision;
    let expired = || {
        let id = books.expired.last().filter(|(index, _)| *index == seen.index)?.1;
        books.decisions.iter().find(|d| d.issuer == issuer && d.id == id)
    };
    let decision = decided.or_else(|| Some(&books.decisions[reversed()?])).or_else(expired)?;
    books.placed_by(decision)
}

fn fate(books: &Books, placed: &Decision) -> Fate {
    let mut fate = Fate::default();
    let of_it = |d: &&Decision| {
        d.issuer == placed.issuer && books.placed_by(d).is_some_and(|p| p.index == placed.index)
    };
    for decision in books.decisions.iter().filter(of_it) {
        fate.open += decision.held();
        if decision.kind.money() != 0 {
            fate.captured += decision.net();
        }
        if decision.kind.completes() && decision.net() > 0 {
            fate.completion = Some(decision.index);
        }
    }
    if fate.captured == 0 {
        // Completed, and voided again.
        fate.completion = None;
    }
    fate
}

fn signed(books: &Books, minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}", books.money(minor.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Sale, Tale, sale};
    use reversim_models::record::{IssuerRecord, Kind};

    const HELD: Sale = Sale { kind: Kind::PreAuth, minor: 80_000, ..sale(1) };
    const PART: Sale = Sale { kind: Kind::Completion, minor: 50_000, ..sale(2) };

    /// The issuer decides a completion of [`HELD`], which changes the hold by `change`.
    fn completed(tale: &mut Tale, part: Sale, change: i64) -> usize {
        tale.decided_as(part, |record| {
            if let IssuerRecord::Decided { original, hold, .. } = record {
                (*original, *hold) = (Some(HELD.ticket.into()), change);
            }
        })
    }

    #[test]
    fn a_completion_takes_its_part_and_lets_the_rest_go() {
        let mut tale = Tale::new();
        tale.decided(HELD);
        completed(&mut tale, PART, -80_000);
        tale.holds(ABOUT.name);
    }

    #[test]
    fn the_rest_of_a_completed_hold_is_not_kept() {
        let mut tale = Tale::new();
        let held = tale.decided(HELD);
        let part = completed(&mut tale, PART, -50_000);
        tale.breaks(ABOUT.name, &[held, part], "keeps 300.00 on hold");
    }

    #[test]
    fn a_hold_is_captured_once() {
        let mut tale = Tale::new();
        let held = tale.decided(HELD);
        completed(&mut tale, PART, -80_000);
        let again = completed(&mut tale, Sale { kind: Kind::Completion, ..sale(3) }, 0);
        tale.breaks(ABOUT.name, &[held, again], "of it 1000.00 are captured");
    }

    #[test]
    fn a_hold_does_not_end_twice() {
        let mut tale = Tale::new();
        let held = tale.decided(HELD);
        let void = Sale { kind: Kind::PreAuthVoid, minor: 80_000, ..sale(2) };
        completed(&mut tale, void, -80_000);
        let again = completed(&mut tale, Sale { ticket: 3, ..void }, -80_000);
        tale.breaks(ABOUT.name, &[held, again], "-800.00 still held");
    }

    #[test]
    fn a_sale_holds_nothing() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.is_unknown(ABOUT.name);
    }
}
