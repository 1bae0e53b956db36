//! L7 reversed-by-t-plus-n: the regulator's clock, in business dates. It runs when faults are over:
//! what could not be sent before counts from then, and what is
//! parked from the date at whose end it was. What never comes back is no-unreversed-debit's.

use super::books::{Books, Parked};
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use reversim_models::record::{IssuerRecord, SuspenseEnd};
use reversim_models::time::Date;

const ABOUT: About = About {
    code: "L7",
    name: "reversed-by-t-plus-n",
    claim: "Money that goes back to a cardholder, by an automatic reversal or out of suspense, is \
            back n business dates after its transaction, or after it was parked, at the latest.",
    example: "a debit of 500.00 that nobody presents, where money must be back by T+3\n\
              issuer-1 keeps it in suspense until T+4",
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
        match seen.issuer() {
            Some(IssuerRecord::Reversed { business_date, .. }) => {
                let reversal = books.reversals.last().filter(|r| r.index == seen.index);
                let Some(reversal) = reversal.filter(|reversal| reversal.credit > 0) else {
                    return Ok(0);
                };
                let Some(place) = reversal.decision else { return Ok(0) };
                let debit = &books.decisions[place];
                // With a line down for days nobody can do more than go on trying.
                let since = match (books.healed, books.healed_on) {
                    (None, _) => *business_date,
                    (Some(_), healed_on) => healed_on.map_or(debit.date, |on| on.max(debit.date)),
                };
                back(books, seen, debit.index, (since, *business_date))
            }
            Some(IssuerRecord::SuspenseClosed {
                item, class: SuspenseEnd::Returned, date, ..
            }) => {
                let issuer = seen.entry.party;
                let mut parked = books.files.parked.iter().rev();
                let is_it = |one: &&Parked| one.issuer == issuer && one.item == *item;
                let Some(parked) = parked.find(is_it) else { return Ok(0) };
                back(books, seen, parked.index, (parked.date, *date))
            }
            _ => Ok(0),
        }
    }
}

/// Money is back on a date; it was due since another one.
fn back(books: &Books, seen: &Seen<'_>, first: usize, (since, date): (Date, Date)) -> Checked {
    let took = date.days().saturating_sub(since.days());
    let most = books.setting.reversal_dates;
    if took <= i64::from(most) {
        return Ok(1);
    }
    breach!(
        [first, seen.index],
        "{} gives back on {date} what was due since {since}, {took} business dates before; the \
         rule is T+{most}",
        seen.entry.party
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::What;
    use crate::invariant::testing::{DAY, SWITCH, TERMINAL, Tale, sale};
    use reversim_models::record::{Record, SwitchRecord};

    /// The issuer reverses on the n-th date after the sale.
    fn reversed_after(tale: &mut Tale, dates: u32) -> usize {
        let at = tale.credited(sale(1));
        let on = (0..dates).fold(DAY, |date, _| date.next());
        if let What::Recorded(record) = &mut tale.history.entries[at].what
            && let reversim_models::record::Record::Issuer(IssuerRecord::Reversed {
                business_date,
                ..
            }) = record
        {
            *business_date = on;
        }
        at
    }

    #[test]
    fn a_reversal_in_time_is_in_time() {
        let mut tale = Tale::new();
        tale.decided(sale(1));
        tale.push(TERMINAL, 0, What::Healed);
        reversed_after(&mut tale, 3);
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_reversal_after_t_plus_n_is_late() {
        let mut tale = Tale::new();
        let debit = tale.decided(sale(1));
        tale.push(TERMINAL, 0, What::Healed);
        let late = reversed_after(&mut tale, 4);
        tale.breaks(ABOUT.name, &[debit, late], "the rule is T+3");
    }

    #[test]
    fn while_faults_last_the_clock_stands() {
        let mut tale = Tale::new();
        tale.decided(sale(1));
        let date = DAY.next().next().next();
        tale.record(SWITCH, 0, SwitchRecord::CutOver { date });
        tale.push(TERMINAL, 0, What::Healed);
        reversed_after(&mut tale, 5);
        tale.holds(ABOUT.name);
    }

    #[test]
    fn what_is_parked_is_not_kept_for_longer() {
        for (dates, is_late) in [(3, false), (4, true)] {
            let mut tale = Tale::with_clearing();
            tale.until_answer(sale(1));
            let parked = tale.parked(sale(1));
            let back = tale.returned(sale(1));
            if let What::Recorded(Record::Issuer(IssuerRecord::SuspenseClosed { date, .. })) =
                &mut tale.history.entries[back].what
            {
                *date = (0..dates).fold(DAY, |date, _| date.next());
            }
            match is_late {
                false => tale.holds(ABOUT.name),
                true => tale.breaks(ABOUT.name, &[parked, back], "4 business dates before"),
            }
        }
    }

    #[test]
    fn a_sale_that_stands_starts_no_clock() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.is_unknown(ABOUT.name);
    }
}
