//! M8 payout-is-covered: merchants that are paid at once (秒到, T+0).

use super::books::Books;
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use crate::history::Horizon;
use reversim_models::record::{Kind, SwitchRecord};

const ABOUT: About = About {
    code: "M8",
    name: "payout-is-covered",
    claim: "Who pays merchants at once pays no more than what their sales come to, less what was \
            reversed, refunded, paid before, or on one side only when its batch closed, keeps \
            nothing back, and voids nothing that is paid out.",
    example: "a sale of 500.00 is paid out, and then reversed; the next sale is of 200.00\n\
              switch-1 pays 200.00 out again, although the merchant owes 500.00",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::SWITCH
    }

    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        match seen.switch() {
            Some(SwitchRecord::PaidOut { merchant, minor, .. }) => {
                let switch = seen.entry.party;
                let Some(one) = books.merchant(switch, *merchant) else { return Ok(0) };
                // Of what is due now, this payout is taken off already.
                if one.due < 0 || *minor == 0 {
                    return breach!(
                        [one.fallen.unwrap_or(seen.index), seen.index],
                        "{switch} pays {} out, {} fen more than its merchant has earned",
                        books.money(*minor),
                        one.due.unsigned_abs()
                    );
                }
                Ok(1)
            }
            Some(SwitchRecord::Answered { id, kind: Kind::Void, code, .. })
                if code.is_approval() =>
            {
                voided(books, seen, *id)
            }
            _ => Ok(0),
        }
    }

    fn at(&self, books: &Books, _horizon: Horizon) -> Checked {
        let mut checked = 0;
        for one in &books.merchants {
            let Some(paid) = one.paid else { continue };
            if one.due > 0 {
                return breach!(
                    [paid],
                    "{} pays merchants at once and keeps {} fen of one back",
                    one.switch,
                    one.due
                );
            }
            checked += 1;
        }
        Ok(checked)
    }
}

/// A void that is approved is of a sale whose money is still with the acquirer.
fn voided(books: &Books, seen: &Seen<'_>, id: u64) -> Checked {
    let switch = seen.entry.party;
    let void = books.forward(switch, id);
    let Some(sale) = void.and_then(|void| books.forward(switch, void.original?)) else {
        return Ok(0);
    };
    let answered = sale.answered.map_or(usize::MAX, |answer| answer.index);
    let paid = books.merchant(switch, sale.merchant).and_then(|one| one.paid);
    match paid {
        // All that was earned before is paid with it.
        Some(paid) if paid > answered => breach!(
            [paid, seen.index],
            "{switch} voids a sale of {} whose money its merchant has been paid",
            sale.amount
        ),
        paid => Ok(u64::from(paid.is_some())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{MERCHANT, Sale, Tale, sale};
    use reversim_models::node::Ticket;

    fn paid(tale: &mut Tale, s: Sale, minor: u64) -> usize {
        let (id, ticket, merchant) = (s.ticket.into(), Ticket(s.ticket), MERCHANT);
        tale.switch(s, SwitchRecord::PaidOut { id, ticket, merchant, minor })
    }

    fn approved(tale: &mut Tale, n: u32) {
        tale.started(sale(n));
        tale.forwarded(sale(n));
        tale.answered(sale(n));
    }

    #[test]
    fn what_is_earned_is_paid_out_once() {
        let mut tale = Tale::new();
        approved(&mut tale, 1);
        paid(&mut tale, sale(1), 50_000);
        tale.online();
        tale.holds(ABOUT.name);
    }

    #[test]
    fn nothing_is_paid_out_twice() {
        let mut tale = Tale::new();
        approved(&mut tale, 1);
        paid(&mut tale, sale(1), 50_000);
        let again = paid(&mut tale, sale(1), 1);
        tale.breaks(ABOUT.name, &[again], "1 fen more than its merchant has earned");
    }

    #[test]
    fn nothing_is_kept_back() {
        let mut tale = Tale::new();
        approved(&mut tale, 1);
        let first = paid(&mut tale, sale(1), 49_999);
        tale.online();
        tale.breaks(ABOUT.name, &[first], "keeps 1 fen of one back");
    }

    #[test]
    fn what_was_paid_for_a_reversed_sale_is_owed() {
        let mut tale = Tale::new();
        approved(&mut tale, 1);
        paid(&mut tale, sale(1), 50_000);
        let reversed = tale.accepted(sale(1), true);
        approved(&mut tale, 2);
        let again = paid(&mut tale, sale(2), 50_000);
        tale.breaks(ABOUT.name, &[reversed, again], "50000 fen more");
    }

    #[test]
    fn what_was_paid_for_one_side_only_is_owed() {
        let mut tale = Tale::new();
        approved(&mut tale, 1);
        paid(&mut tale, sale(1), 50_000);
        let closed = tale.host_closed(&[], &[sale(1).stan]);
        // A reversal that comes after that takes nothing twice.
        tale.accepted(sale(1), true);
        approved(&mut tale, 2);
        approved(&mut tale, 3);
        paid(&mut tale, sale(3), 50_000);
        tale.online();
        tale.holds(ABOUT.name);
        let again = paid(&mut tale, sale(3), 1);
        tale.breaks(ABOUT.name, &[closed, again], "1 fen more");
    }

    #[test]
    fn where_nobody_is_paid_at_once_there_is_nothing_to_cover() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.online();
        tale.is_unknown(ABOUT.name);
    }
}
