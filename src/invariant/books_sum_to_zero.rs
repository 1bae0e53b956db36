//! M1 books-sum-to-zero: double entry, posting by posting.

use super::books::Books;
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use reversim_models::record::{IssuerRecord, Leg, SuspenseEnd, TakenAs};

const ABOUT: About = About {
    code: "M1",
    name: "books-sum-to-zero",
    claim: "The legs of every posting sum to zero and say what the record says was taken or \
            given back.",
    example: "a sale of 500.00 at terminal-1\n\
              issuer-1 takes 500.00 from the card and owes the acquirer 499.99",
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
    fn observe(&self, _books: &Books, seen: &Seen<'_>) -> Checked {
        let Some(record) = seen.issuer() else { return Ok(0) };
        let issuer = seen.entry.party;
        let (legs, said) = match record {
            IssuerRecord::Opened { legs } => (legs, None),
            IssuerRecord::Decided { legs, kind, effective, .. } => {
                (legs, i64::try_from(*effective).ok().map(|minor| -kind.money() * minor))
            }
            // In either direction: the reversal of a void takes again what the void gave.
            IssuerRecord::Reversed { legs, credited, .. } => {
                let moved = Leg::to_cardholders(legs);
                (legs, i64::try_from(*credited).ok().map(|minor| minor * moved.signum()))
            }
            // What a claim takes again from whoever had the money back, and refunds that no message
            // told of.
            IssuerRecord::PresentmentTaken { legs, entries, .. } => {
                let is_it = |end| matches!(end, TakenAs::Debited | TakenAs::Credited);
                let moved = entries.iter().filter(|taken| is_it(taken.end));
                (legs, Some(-moved.map(|taken| taken.entry.signed()).sum::<i64>()))
            }
            IssuerRecord::HoldExpired { legs, .. } | IssuerRecord::SuspenseOpened { legs, .. } => {
                (legs, Some(0))
            }
            IssuerRecord::SuspenseClosed { legs, class: SuspenseEnd::Returned, minor, .. } => {
                (legs, i64::try_from(*minor).ok())
            }
            IssuerRecord::SuspenseClosed { legs, class: SuspenseEnd::Retaken, minor, .. } => {
                (legs, i64::try_from(*minor).ok().map(|minor| -minor))
            }
            IssuerRecord::SuspenseClosed { legs, .. } => (legs, Some(0)),
            IssuerRecord::ReturnBuilt { .. }
            | IssuerRecord::FileDelivered { .. }
            | IssuerRecord::CutOver { .. } => return Ok(0),
        };
        let sum: i128 = legs.iter().map(|leg| i128::from(leg.minor)).sum();
        if sum != 0 {
            return breach!(
                [seen.index],
                "{issuer} made a posting of {} legs that sums to {sum} fen, not to zero",
                legs.len()
            );
        }
        let moved = Leg::to_cardholders(legs);
        match said {
            Some(said) if said != moved => breach!(
                [seen.index],
                "{issuer} records {said} fen for the cardholder and books {moved}"
            ),
            _ => Ok(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Tale, sale};

    #[test]
    fn every_posting_is_balanced() {
        let mut tale = Tale::new();
        tale.opened(100_000);
        tale.taken_back(sale(1));
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_posting_with_one_leg_too_many_is_not_balanced() {
        let mut tale = Tale::new();
        let posted = tale.decided_as(sale(1), |record| {
            if let IssuerRecord::Decided { legs, .. } = record {
                legs[1].minor -= 1;
            }
        });
        tale.breaks(ABOUT.name, &[posted], "sums to -1 fen");
    }

    #[test]
    fn what_is_booked_is_what_is_said() {
        let mut tale = Tale::new();
        let posted = tale.decided_as(sale(1), |record| {
            if let IssuerRecord::Decided { effective, .. } = record {
                *effective = 1;
            }
        });
        tale.breaks(ABOUT.name, &[posted], "records -1 fen");
    }

    #[test]
    fn closed_books_show_nothing() {
        Tale::new().is_unknown(ABOUT.name);
    }
}
