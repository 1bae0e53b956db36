//! S19 open-to-buy: balances and wrong PINs as the issuer booked them. Holds and day limits are
//! not visible.

use super::books::Books;
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use reversim_models::card::Amount;

const ABOUT: About = About {
    code: "S19",
    name: "open-to-buy",
    claim: "No account goes below zero, and a wrong PIN counts once however often its request \
            arrives.",
    example: "two sales of 600.00 at the same instant on a card with 1000.00\n\
              issuer-1 checks both before it books either: the account ends at -200.00",
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
        let mut checked = 0;
        for account in books.accounts.iter().filter(|a| a.index == seen.index && a.is_opened) {
            if account.balance < 0 {
                let last = books
                    .decisions
                    .iter()
                    .rev()
                    .find(|d| d.issuer == issuer && d.debit > 0 && d.index < seen.index);
                return breach!(
                    [last.map_or(seen.index, |d| d.index), seen.index],
                    "{issuer} let account {} fall to -{}",
                    account.account,
                    Amount::cny(account.balance.unsigned_abs())
                );
            }
            checked += 1;
        }
        for pin in books.pins.iter().filter(|p| p.index == seen.index && p.issuer == issuer) {
            let (before, at) = pin.before;
            let most = if pin.is_repeat { before } else { before.saturating_add(1) };
            if pin.tries > most {
                return breach!(
                    [at, seen.index],
                    "{issuer} counts {} wrong PINs of card {} after {before}: one request counted \
                     twice",
                    pin.tries,
                    pin.pan
                );
            }
            checked += u64::from(pin.tries > 0);
        }
        Ok(checked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Tale, sale};
    use reversim_models::iso8583::ResponseCode;
    use reversim_models::record::IssuerRecord;

    #[test]
    fn an_account_pays_what_it_holds() {
        let mut tale = Tale::new();
        tale.opened(50_000);
        tale.decided(sale(1));
        tale.holds(ABOUT.name);
    }

    #[test]
    fn an_account_does_not_pay_twice_what_it_holds() {
        let mut tale = Tale::new();
        tale.opened(90_000);
        let first = tale.decided(sale(1));
        let second = tale.decided(sale(2));
        tale.breaks(ABOUT.name, &[first, second], "fall to -100.00");
    }

    fn wrong_pin(tale: &mut Tale, n: u32, tries: u8) -> usize {
        tale.decided_as(sale(n), |record| {
            if let IssuerRecord::Decided { code, effective, legs, pin_tries, .. } = record {
                (*code, *effective) = (ResponseCode::INCORRECT_PIN, 0);
                (*legs, *pin_tries) = (Box::default(), tries);
            }
        })
    }

    #[test]
    fn wrong_pins_are_counted_one_by_one() {
        let mut tale = Tale::new();
        wrong_pin(&mut tale, 1, 1);
        wrong_pin(&mut tale, 2, 2);
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_duplicate_of_a_wrong_pin_is_no_second_try() {
        let mut tale = Tale::new();
        let first = wrong_pin(&mut tale, 1, 1);
        let again = wrong_pin(&mut tale, 1, 2);
        tale.breaks(ABOUT.name, &[first, again], "one request counted twice");
    }

    #[test]
    fn a_try_that_left_no_record_shows_at_the_next() {
        let mut tale = Tale::new();
        let first = wrong_pin(&mut tale, 1, 1);
        let next = wrong_pin(&mut tale, 2, 3);
        tale.breaks(ABOUT.name, &[first, next], "counts 3 wrong PINs");
    }

    #[test]
    fn without_an_account_nothing_is_bought() {
        Tale::new().is_unknown(ABOUT.name);
    }
}
