//! S7 no-credit-without-debit: all credits against all debits of one transaction.

use super::books::{Books, Decision, Delivery};
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use reversim_models::iso8583::Mti;

const ABOUT: About = About {
    code: "S7",
    name: "no-credit-without-debit",
    claim: "What is given back for a transaction, by reversals, voids and refunds together, is \
            never more than what was taken for it.",
    example: "a sale of 500.00 is declined with 51; switch-1 sends a reversal of it all the same\n\
              issuer-1 credits 500.00 that it never debited",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::ISSUER.and(Kinds::SWITCH)
    }

    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        if seen.switch().is_some() {
            return asked(books, seen);
        }
        if let Some(decision) = books.decisions.last().filter(|d| d.index == seen.index) {
            return given(books, decision);
        }
        let Some(reversal) = books.reversals.last().filter(|r| r.index == seen.index) else {
            return Ok(0);
        };
        let credit = books.money(reversal.credit.unsigned_abs());
        let original = reversal.decision.map(|place| &books.decisions[place]);
        let Some(original) = original else {
            if reversal.credit <= 0 {
                return Ok(1);
            }
            return breach!(
                [reversal.index],
                "{} gave {credit} back for a transaction it does not know",
                reversal.issuer
            );
        };
        if reversal.credit > 0 && original.credited > original.debit.max(0) {
            return breach!(
                [original.index, reversal.index],
                "{} gave {credit} back to card {}, of which it had taken {} (answered {})",
                reversal.issuer,
                original.pan,
                books.money(original.debit.max(0).unsigned_abs()),
                original.code
            );
        }
        Ok(1)
    }
}

/// What voids and refunds give back, with the reversals of their original.
fn given(books: &Books, decision: &Decision) -> Checked {
    if decision.debit >= 0 {
        return Ok(0);
    }
    let Some(original) = books.original_of(decision) else {
        return breach!(
            [decision.index],
            "{} gave {} to card {} for a transaction it does not know",
            decision.issuer,
            books.money(decision.debit.unsigned_abs()),
            decision.pan
        );
    };
    let of = |d: &&Decision| d.issuer == original.issuer && d.original == Some(original.id);
    let back = books.decisions.iter().filter(of).fold(0_i64, |sum, d| sum - d.net().min(0));
    // What suspense returned, a file may have debited again.
    let taken = original.net().saturating_add(books.moved_by_file(original.ticket));
    if taken >= back {
        return Ok(1);
    }
    breach!(
        [original.index, decision.index],
        "{} gave {} back to card {}, of which it had taken {} (answered {})",
        decision.issuer,
        books.money(back.unsigned_abs()),
        original.pan,
        books.money(taken.max(0).unsigned_abs()),
        original.code
    )
}

/// A switch that was told of the issuer's decline has nothing to ask back, whether or not the
/// issuer is careful enough to refuse.
fn asked(books: &Books, seen: &Seen<'_>) -> Checked {
    let Some(advice) = books.advices.last().filter(|a| a.queued == seen.index && !a.is_told) else {
        return Ok(0);
    };
    let Some(forward) = books.forward(advice.switch, advice.id) else { return Ok(0) };
    let Some(answer) = forward.answered.filter(|a| !a.code.is_approval()) else { return Ok(1) };
    let declined = books
        .decisions
        .iter()
        .find(|d| d.ticket == forward.ticket && d.kind == forward.kind && d.code == answer.code);
    let Some(declined) = declined else { return Ok(1) };
    let is_told = |d: &Delivery| {
        let wire = &books.wires[d.wire];
        d.party == advice.switch
            && d.index < answer.index
            && !d.is_altered
            && wire.mti == Mti::FINANCIAL_RESPONSE
            && !wire.is_pos
            && wire.network_key() == forward.key
            && wire.code == answer.code
    };
    if !books.deliveries.iter().any(is_told) {
        return Ok(1);
    }
    breach!(
        [declined.index, answer.index, seen.index],
        "{} asks {} of card {} back, which {} had declined with {} and never taken",
        advice.switch,
        forward.amount,
        forward.pan,
        declined.issuer,
        answer.code
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{ISSUER, SWITCH, Sale, Tale, sale};
    use reversim_models::iso8583::Element;
    use reversim_models::iso8583::ResponseCode;
    use reversim_models::record::{IssuerRecord, Kind};

    #[test]
    fn a_credit_follows_a_debit() {
        let mut tale = Tale::new();
        tale.taken_back(sale(1));
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_sale_is_voided_once() {
        let mut tale = Tale::new();
        let sold = tale.decided(sale(1));
        let void = |tale: &mut Tale, n| {
            tale.decided_as(Sale { kind: Kind::Void, ..sale(n) }, |record| {
                if let IssuerRecord::Decided { original, .. } = record {
                    *original = Some(1);
                }
            })
        };
        void(&mut tale, 2);
        tale.holds(ABOUT.name);
        let again = void(&mut tale, 3);
        tale.breaks(ABOUT.name, &[sold, again], "gave 1000.00 back");
    }

    #[test]
    fn a_declined_sale_is_not_given_back() {
        let mut tale = Tale::new();
        let declined = tale.decided_as(sale(1), |record| {
            if let IssuerRecord::Decided { code, effective, legs, .. } = record {
                (*code, *effective) = (ResponseCode::NOT_SUFFICIENT_FUNDS, 0);
                *legs = Box::default();
            }
        });
        let credit = tale.credited(sale(1));
        tale.breaks(ABOUT.name, &[declined, credit], "of which it had taken 0.00 (answered 51)");
    }

    fn declined_and_reversed(tale: &mut Tale, is_told: bool) -> [usize; 3] {
        tale.forwarded(sale(1));
        let declined = tale.decided_as(sale(1), |record| {
            if let IssuerRecord::Decided { code, effective, legs, .. } = record {
                (*code, *effective) = (ResponseCode::NOT_SUFFICIENT_FUNDS, 0);
                *legs = Box::default();
            }
        });
        if is_told {
            let answer = sale(1).net(Mti::FINANCIAL_RESPONSE).with(Element::RESPONSE_CODE, "51");
            tale.pass(sale(1), ISSUER, SWITCH, &answer);
        }
        let answered = tale.answered_as(sale(1), if is_told { "51" } else { "98" });
        [declined, answered, tale.queued(sale(1))]
    }

    #[test]
    fn a_known_decline_is_not_reversed() {
        let mut tale = Tale::new();
        let witnesses = declined_and_reversed(&mut tale, true);
        tale.breaks(ABOUT.name, &witnesses, "had declined with 51 and never taken");
    }

    #[test]
    fn a_decline_that_nobody_knows_of_is_reversed() {
        let mut tale = Tale::new();
        declined_and_reversed(&mut tale, false);
        tale.holds(ABOUT.name);
    }

    #[test]
    fn what_is_not_known_is_not_given_back() {
        let mut tale = Tale::new();
        let credit = tale.credited_with(sale(1), 50_000, None);
        tale.breaks(ABOUT.name, &[credit], "does not know");
    }

    #[test]
    fn a_sale_alone_credits_nothing() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.is_unknown(ABOUT.name);
    }
}
