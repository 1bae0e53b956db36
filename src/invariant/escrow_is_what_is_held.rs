//! M3e escrow-is-what-is-held: the supervised account of trade cards. Whether holds end in time is
//! L9.

use super::books::Books;
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use crate::party::Party;
use reversim_models::record::{Account, IssuerRecord};

const ABOUT: About = About {
    code: "M3e",
    name: "escrow-is-what-is-held",
    claim: "What lies in escrow is, to the fen, what is held there: it returns to zero when every \
            such hold was completed, voided, or over.",
    example: "a pre-authorisation of 500.00 on a trade card moves to escrow; nobody completes it\n\
              issuer-1 lets the hold go, and the 500.00 stay in escrow",
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
        let issuer = seen.entry.party;
        let has_moved = match seen.issuer() {
            Some(IssuerRecord::Decided { hold, .. } | IssuerRecord::Reversed { hold, .. }) => {
                *hold != 0
            }
            Some(IssuerRecord::HoldExpired { .. }) => true,
            _ => false,
        };
        if !has_moved {
            return Ok(0);
        }
        let lies = in_escrow(books, issuer);
        let of = books.decisions.iter().filter(|d| d.issuer == issuer && d.is_in_escrow);
        let (mut held, mut last) = (0, None);
        for decision in of {
            held += decision.held();
            last = Some(decision);
        }
        let Some(last) = last else { return Ok(0) };
        if lies == held {
            return Ok(1);
        }
        breach!(
            [last.index, seen.index],
            "{issuer} has {} in escrow, where {} are held",
            books.money(lies.unsigned_abs()),
            books.money(held.unsigned_abs())
        )
    }
}

fn in_escrow(books: &Books, issuer: Party) -> i64 {
    books.files.accounts.get(&(issuer, Account::Escrow)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Sale, Tale, pan, sale};
    use reversim_models::ledger::transfer;
    use reversim_models::record::{Kind, Leg};

    const HELD: Sale = Sale { kind: Kind::PreAuth, minor: 50_000, ..sale(1) };
    const CARD: Account = Account::Cardholder(0);

    fn held(tale: &mut Tale) -> usize {
        tale.decided_as(HELD, |record| {
            if let IssuerRecord::Decided { legs, hold, .. } = record {
                (*legs, *hold) = (transfer(CARD, Account::Escrow, 50_000).into(), 50_000);
            }
        })
    }

    fn over(tale: &mut Tale, legs: Box<[Leg]>) -> usize {
        let (original, minor) = (HELD.ticket.into(), 50_000);
        tale.issuer(sale(9), IssuerRecord::HoldExpired { original, pan: pan(), minor, legs })
    }

    #[test]
    fn what_is_held_on_a_trade_card_lies_in_escrow_until_it_is_over() {
        let mut tale = Tale::new();
        held(&mut tale);
        over(&mut tale, transfer(Account::Escrow, CARD, 50_000).into());
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_hold_that_is_over_leaves_nothing_in_escrow() {
        let mut tale = Tale::new();
        let placed = held(&mut tale);
        let end = over(&mut tale, Box::default());
        tale.breaks(ABOUT.name, &[placed, end], "has 500.00 in escrow, where 0.00 are held");
    }

    #[test]
    fn an_ordinary_hold_lies_nowhere() {
        let mut tale = Tale::new();
        tale.decided(HELD);
        tale.is_unknown(ABOUT.name);
    }
}
