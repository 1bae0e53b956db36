//! S19 open-to-buy: balances, holds and wrong PINs as the issuer booked them. Day limits are not
//! visible.

use super::books::{Books, Decision};
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use reversim_models::iso8583::ResponseCode;
use reversim_models::record::Kind;

const ABOUT: About = About {
    code: "S19",
    name: "open-to-buy",
    claim: "Nothing is sold or held beyond what an account has less what is held on it, nothing is \
            refused for want of money that is there, an inquiry tells just what is there, and a \
            wrong PIN counts once however often its request arrives.",
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
        if let Some(decision) = books.decisions.last().filter(|d| d.index == seen.index) {
            checked += afforded(books, decision)? + refused(books, decision)?;
            checked += told(books, decision)?;
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

/// What a sale takes and a pre-authorisation holds must be there, unless a switch stood in. What
/// takes back a void must be done whatever is there: the cardholder may have spent it meanwhile.
fn afforded(books: &Books, decision: &Decision) -> Checked {
    let is_own = matches!(decision.kind, Kind::Sale | Kind::PreAuth) && !decision.is_stand_in;
    if !is_own || !decision.moved() {
        return Ok(0);
    }
    let issuer = decision.issuer;
    let Some(account) = books.standing(issuer, decision.pan).filter(|a| a.is_opened) else {
        return Ok(0);
    };
    let available = account.balance.saturating_sub(books.held(issuer, decision.pan));
    if available >= 0 {
        return Ok(1);
    }
    let before = books.decisions.iter().rev();
    let last = before.skip(1).find(|d| d.issuer == issuer && (d.debit > 0 || d.hold > 0));
    breach!(
        [last.map_or(decision.index, |d| d.index), decision.index],
        "{issuer} let account {} fall to -{}",
        account.account,
        books.money(available.unsigned_abs())
    )
}

/// What is refused for want of money is more than there is, a surcharge on top of it included.
fn refused(books: &Books, decision: &Decision) -> Checked {
    let issuer = decision.issuer;
    let is_refused = decision.code == ResponseCode::NOT_SUFFICIENT_FUNDS;
    let account = books.standing(issuer, decision.pan).filter(|a| is_refused && a.is_opened);
    let Some(account) = account else { return Ok(0) };
    let surcharge = match decision.kind {
        Kind::Sale => books.setting.surcharge,
        Kind::PreAuth => 0,
        _ => return Ok(0),
    };
    let available = account.balance.saturating_sub(books.held(issuer, decision.pan));
    let asked = i128::from(decision.amount.minor) + i128::from(surcharge);
    if asked > i128::from(available) {
        return Ok(1);
    }
    breach!(
        [account.index, decision.index],
        "{issuer} refuses {} for want of money, and {} may be spent",
        decision.amount,
        books.money(available.unsigned_abs())
    )
}

/// What an inquiry tells is what may be spent.
fn told(books: &Books, decision: &Decision) -> Checked {
    let issuer = decision.issuer;
    let account = books.standing(issuer, decision.pan).filter(|a| a.is_opened);
    let (Some(balance), Some(account)) = (decision.balance, account) else { return Ok(0) };
    let available = account.balance.saturating_sub(books.held(issuer, decision.pan)).max(0);
    if i64::try_from(balance) == Ok(available) {
        return Ok(1);
    }
    breach!(
        [account.index, decision.index],
        "{issuer} tells card {} that {} may be spent, and its books say {}",
        decision.pan,
        books.money(balance),
        books.money(available.unsigned_abs())
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{Sale, Tale, sale};
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

    #[test]
    fn what_is_held_cannot_be_spent() {
        let mut tale = Tale::new();
        tale.opened(120_000);
        tale.decided(sale(1));
        let held = tale.decided(Sale { kind: Kind::PreAuth, ..sale(2) });
        let sold = tale.decided(Sale { minor: 30_000, ..sale(3) });
        tale.breaks(ABOUT.name, &[held, sold], "fall to -100.00");
    }

    /// A sale of 500.00 that is refused for want of money after one that was not.
    fn refused_with(balance: i64, surcharge: u64) -> (Tale, [usize; 2]) {
        let mut tale = Tale::new();
        tale.history.setting.surcharge = surcharge;
        tale.opened(balance);
        let sold = tale.decided(sale(1));
        let refused = tale.decided_as(sale(2), |record| {
            if let IssuerRecord::Decided { code, effective, legs, .. } = record {
                (*code, *effective) = (ResponseCode::NOT_SUFFICIENT_FUNDS, 0);
                *legs = Box::default();
            }
        });
        (tale, [sold, refused])
    }

    #[test]
    fn money_that_is_there_is_not_refused() {
        refused_with(99_999, 0).0.holds(ABOUT.name);
        refused_with(100_149, 150).0.holds(ABOUT.name);
        let (tale, entries) = refused_with(100_000, 0);
        tale.breaks(ABOUT.name, &entries, "for want of money, and 500.00 may be spent");
    }

    #[test]
    fn an_inquiry_tells_what_is_left_beside_the_holds() {
        for (balance, is_right) in [(20_000, true), (70_000, false)] {
            let mut tale = Tale::new();
            tale.opened(120_000);
            let sold = tale.decided(sale(1));
            tale.decided(Sale { kind: Kind::PreAuth, ..sale(2) });
            let inquiry = Sale { kind: Kind::Inquiry, minor: 0, ..sale(3) };
            let asked = tale.decided_as(inquiry, |record| {
                if let IssuerRecord::Decided { balance: told, .. } = record {
                    *told = Some(balance);
                }
            });
            match is_right {
                true => tale.holds(ABOUT.name),
                false => tale.breaks(ABOUT.name, &[sold, asked], "700.00 may be spent"),
            }
        }
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
