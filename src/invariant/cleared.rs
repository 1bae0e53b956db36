//! What S3, S4, S15 and L5 say of clearing files. Not claims of their own: each is called by the
//! claim whose other half, about batches, it completes.

use super::books::{Advice, Books, Extract, Forward, Stage};
use super::{Checked, breach};
use crate::party::Party;
use reversim_models::record::{EntryKind, Extracted, Kind, Origin};
use reversim_models::time::Date;
use std::collections::BTreeMap;

/// S3, always: no transaction is in two files of one stage, or is adjusted twice.
pub(super) fn at_most_once(books: &Books, index: usize) -> Checked {
    let found = books.files.twice.iter().find(|twice| twice.second == index);
    let Some(twice) = found else { return Ok(1) };
    let what = match twice.entry.kind {
        EntryKind::Presentment => "presented",
        EntryKind::Adjustment | EntryKind::RefundAdjustment => "adjusted",
        EntryKind::Refund => "presented as a refund",
        EntryKind::Claim => "claimed",
        EntryKind::Chargeback => "charged back",
        EntryKind::Retrieval => "asked the slip of",
    };
    breach!(
        [twice.first, twice.second],
        "{} of card {} (reference {}) is {what} in a second clearing file",
        books.money(twice.entry.minor),
        twice.entry.pan,
        twice.entry.rrn.escape_ascii()
    )
}

/// S3, at day end: what stood when its date was extracted is presented, what was presented and
/// stands no more is adjusted, and every entry goes all the way.
pub(super) fn exactly_once(books: &Books) -> Checked {
    let mut checked = 0;
    if !books.files.extracts.is_empty() {
        let standing = Standing::new(books);
        for forward in &books.forwards {
            checked += presented(&standing, forward)?;
        }
    }
    for extract in &books.files.extracts {
        let Some(closed) = books.files.closed.get(&extract.file.date) else { continue };
        for Extracted { entry, .. } in &extract.entries {
            let missing = [Stage::Presentment, Stage::Payout, Stage::Taken]
                .into_iter()
                .find(|stage| books.files.find(*stage, entry).is_none());
            if let Some(stage) = missing {
                let place = match stage {
                    Stage::Presentment => "in no file for an issuer",
                    Stage::Payout => "on no merchant's statement",
                    _ => "taken by no issuer",
                };
                return breach!(
                    [extract.index, *closed],
                    "{} of card {} was extracted under {} and is {place}",
                    books.money(entry.minor),
                    entry.pan,
                    extract.file.date
                );
            }
            checked += 1;
        }
    }
    Ok(checked)
}

/// What is presented of transactions of this kind; none of what no file tells of.
fn first(kind: Kind) -> Option<EntryKind> {
    match kind {
        Kind::Refund => Some(EntryKind::Refund),
        kind if kind.money() > 0 => Some(EntryKind::Presentment),
        _ => None,
    }
}

/// When transactions stand at their switch: approved, and neither reversed, listed as one-sided,
/// given back for want of a slip, nor voided by something that stands itself.
pub(super) struct Standing<'a> {
    books: &'a Books,
    /// Approved voids, by what they void.
    voids: BTreeMap<(Party, u64), Vec<&'a Forward>>,
}

impl<'a> Standing<'a> {
    pub(super) fn new(books: &'a Books) -> Standing<'a> {
        let mut voids: BTreeMap<(Party, u64), Vec<&Forward>> = BTreeMap::new();
        for void in books.forwards.iter().filter(|forward| forward.kind.is_void()) {
            if let Some(original) = void.original {
                voids.entry((void.switch, original)).or_default().push(void);
            }
        }
        Standing { books, voids }
    }

    /// The entry that approved it.
    fn since(forward: &Forward) -> Option<usize> {
        forward.answered.filter(|answer| answer.code.is_approval()).map(|answer| answer.index)
    }

    /// When it stopped standing for good: reversed, taken back by an advice, listed as one-sided
    /// when its batch closed, or found to have no slip.
    fn fallen(&self, forward: &Forward) -> Option<usize> {
        let of = |advice: &&Advice| {
            (advice.switch, advice.id) == (forward.switch, forward.id) && !advice.is_told
        };
        let advised = self.books.advices.iter().find(of).map(|advice| advice.queued);
        let batch = match forward.origin {
            Origin::Pos(key) => {
                let batch = self.books.host_batch(key.terminal, key.batch);
                batch.filter(|batch| batch.differences.contains(&key.stan))
            }
            Origin::Network(_) => None,
        };
        let one_sided = batch.and_then(|batch| batch.closed);
        let slipless = self.books.slip_missing(forward.ticket);
        [forward.reversed, advised, one_sided, slipless].into_iter().flatten().min()
    }

    /// What took it back by this entry of the history, and is not taken back itself.
    pub(super) fn taken_back(&self, forward: &Forward, index: usize) -> Option<usize> {
        let is_before = |fallen: &usize| *fallen < index;
        let voids = self.voids.get(&(forward.switch, forward.id)).into_iter().flatten();
        let standing = voids.filter(|void| self.fallen(void).filter(is_before).is_none());
        let voided = standing.filter_map(|void| Self::since(void)).find(is_before);
        self.fallen(forward).filter(is_before).or(voided)
    }

    /// Whether it stood approved at this entry of the history.
    pub(super) fn at(&self, forward: &Forward, index: usize) -> bool {
        Self::since(forward).is_some_and(|since| since < index)
            && self.taken_back(forward, index).is_none()
    }

    /// The entry from which on it is certain what it moves: of what its switch tells from its
    /// queue, when the advice was taken or given up.
    fn certain(&self, forward: &Forward) -> Option<usize> {
        let since = Self::since(forward)?;
        let of = |advice: &&Advice| {
            (advice.switch, advice.id) == (forward.switch, forward.id) && advice.is_told
        };
        match self.books.advices.iter().find(of) {
            None => Some(since),
            Some(advice) => {
                let taken = advice.completed.map(|(index, _)| index);
                taken.or(advice.exception).map(|done| done.max(since))
            }
        }
    }
}

/// Every extract from its own date on: what stands is in it or in an earlier one, and what does not
/// stand any more is adjusted in the first that is made after that.
fn presented(standing: &Standing<'_>, forward: &Forward) -> Checked {
    let books = standing.books;
    let (Some(first), Origin::Pos(_)) = (first(forward.kind), forward.origin) else { return Ok(0) };
    let Some(certain) = standing.certain(forward) else { return Ok(0) };
    let of_date =
        |extract: &&Extract| extract.switch == forward.switch && extract.file.date >= forward.date;
    let holding = |kind| books.files.extracted(forward.switch, forward.id, kind);
    let (presented, adjusted) = (holding(first), first.adjustment().and_then(holding));
    let mut checked = 0;
    for extract in books.files.extracts.iter().filter(of_date) {
        if certain > extract.index {
            continue;
        }
        let by_now = |index: Option<usize>| index.is_some_and(|index| index <= extract.index);
        let before = |index: Option<usize>| index.is_some_and(|index| index < extract.index);
        let amount = books.money(forward.answered.map_or(0, |answer| answer.amount.minor));
        match standing.taken_back(forward, extract.index) {
            None if !by_now(presented) => {
                return breach!(
                    [certain, extract.index],
                    "{amount} of card {} stands approved under {}, and the extract of {} does not \
                     hold it",
                    forward.pan,
                    forward.date,
                    extract.file.date
                );
            }
            Some(fallen) if before(presented) && !by_now(adjusted) => {
                return breach!(
                    [fallen, extract.index],
                    "{amount} of card {} was presented under {} and taken back since; the extract \
                     of {} does not adjust it",
                    forward.pan,
                    forward.date,
                    extract.file.date
                );
            }
            _ => checked += 1,
        }
    }
    Ok(checked)
}

/// Forwards by switch and number, for those who ask about all of them; a day has thousands.
fn forwards(books: &Books) -> BTreeMap<(Party, u64), &Forward> {
    match books.files.extracts.is_empty() {
        true => BTreeMap::new(),
        false => books.forwards.iter().map(|f| ((f.switch, f.id), f)).collect(),
    }
}

/// S4: nothing is presented that was not approved, or stood no more when its extract closed.
pub(super) fn only_approved(books: &Books) -> Checked {
    let (mut checked, forwards) = (0, forwards(books));
    let standing = Standing::new(books);
    for extract in &books.files.extracts {
        for one in extract.entries.iter().filter(|one| one.entry.kind.is_first()) {
            let Some(forward) = forwards.get(&(extract.switch, one.id)) else { continue };
            if !matches!(forward.origin, Origin::Pos(_)) {
                continue;
            }
            let (amount, date) = (books.money(one.entry.minor), extract.file.date);
            let switch = extract.switch;
            if let Some(fallen) = standing.taken_back(forward, extract.index) {
                return breach!(
                    [fallen, extract.index],
                    "{switch} presents {amount} of card {}, which was taken back before the \
                     extract of {date} closed",
                    forward.pan
                );
            }
            if !standing.at(forward, extract.index) {
                let witness = forward.answered.map_or(forward.index, |answer| answer.index);
                return breach!(
                    [witness, extract.index],
                    "{switch} presents {amount} of card {}, which it never answered approved",
                    forward.pan
                );
            }
            checked += 1;
        }
    }
    Ok(checked)
}

/// Whether an entry may be in the extract of a date, by its own date: what is presented in its own,
/// but for what did not stand then, because it was voided, and the void was reversed since; what
/// takes back, in a later one; refunds and claims, when they are known.
fn fits(standing: &Standing<'_>, forward: Option<&Forward>, one: &Extracted, of: Date) -> bool {
    let own = one.entry.business_date;
    match one.entry.kind {
        EntryKind::Adjustment | EntryKind::RefundAdjustment => own < of,
        EntryKind::Presentment if own < of => forward.is_some_and(|forward| {
            let is_own =
                |extract: &&Extract| extract.switch == forward.switch && extract.file.date == own;
            let extract = standing.books.files.extracts.iter().find(is_own);
            let is_certain = |extract: &Extract| {
                standing.certain(forward).is_some_and(|certain| certain < extract.index)
            };
            extract
                .is_some_and(|extract| !standing.at(forward, extract.index) || !is_certain(extract))
        }),
        _ => own <= of,
    }
}

/// S15: a transaction is presented under its own date, at switch and issuer, and adjusted under a
/// later one.
pub(super) fn one_date(books: &Books) -> Checked {
    let (mut checked, forwards) = (0, forwards(books));
    let standing = Standing::new(books);
    for extract in &books.files.extracts {
        for one in &extract.entries {
            let (own, of) = (one.entry.business_date, extract.file.date);
            let forward = forwards.get(&(extract.switch, one.id)).copied();
            let fits = fits(&standing, forward, one, of);
            if !fits || forward.is_some_and(|forward| forward.date != own) {
                let witness = forward.map_or(extract.index, |forward| forward.index);
                return breach!(
                    [witness, extract.index],
                    "{} of card {} belongs to {own} and is in the extract of {of}",
                    books.money(one.entry.minor),
                    one.entry.pan
                );
            }
            checked += 1;
        }
    }
    let debits = books.decisions.iter().filter(|_| !books.files.taken.is_empty());
    let debits: BTreeMap<_, _> = debits.map(|d| ((d.issuer, Some(d.id)), d)).collect();
    for file in &books.files.taken {
        for taken in &file.entries {
            let Some(debit) = debits.get(&(file.issuer, taken.decision)) else { continue };
            if debit.date != taken.entry.business_date {
                return breach!(
                    [debit.index, file.index],
                    "a {} of {} belongs to {} at {} and is presented under {}",
                    debit.kind.words(),
                    debit.taken(),
                    debit.date,
                    file.issuer,
                    taken.entry.business_date
                );
            }
            checked += 1;
        }
    }
    Ok(checked)
}

/// L5: every date that ended is extracted, delivered and closed.
pub(super) fn dates_close(books: &Books) -> Checked {
    let files = &books.files;
    if !books.setting.parties.iter().any(|party| party.role == crate::party::Role::Clearing) {
        return Ok(0);
    }
    let mut checked = 0;
    // What began with the switch's own first date ended with its first cut-over.
    for (switch, began, index) in files.ended.iter().filter(|(switch, ..)| switch.number == 1) {
        let before = |extract: &&Extract| extract.switch == *switch && extract.file.date < *began;
        let Some(extract) = files.extracts.iter().rfind(before) else {
            return breach!(
                [*index],
                "{switch} began {began} and never extracted the date before it"
            );
        };
        let date = extract.file.date;
        if date.next() != *began {
            return breach!(
                [extract.index, *index],
                "{switch} began {began}; the last date that it extracted is {date}"
            );
        }
        if !files.delivered.contains_key(&extract.file) {
            return breach!(
                [extract.index],
                "the extract of {date} never came to the clearing house"
            );
        }
        if !files.closed.contains_key(&date) {
            return breach!(
                [extract.index],
                "{date} was extracted, and the clearing house never closed it"
            );
        }
        checked += 1;
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use crate::invariant::testing::{Tale, sale};
    use reversim_models::record::EntryKind::{Adjustment, Presentment};

    const S3: &str = "at-most-once-settlement";
    const S4: &str = "no-settlement-without-approval";

    #[test]
    fn a_sale_that_is_reversed_after_its_extract_is_adjusted_in_the_next_one() {
        let mut tale = Tale::with_clearing();
        tale.until_answer(sale(1));
        tale.cleared(0, &[(sale(1), Presentment)]);
        tale.accepted(sale(1), true);
        tale.cleared(1, &[(sale(1), Adjustment)]);
        tale.day_end();
        for name in [S3, S4, "one-business-date", "batch-closes", "fees-follow-principal"] {
            tale.holds(name);
        }
    }

    #[test]
    fn one_transaction_in_two_files_is_presented_twice() {
        let mut tale = Tale::with_clearing();
        tale.sold(sale(1));
        let first = tale.extracted(0, &[(sale(1), Presentment)]);
        let again = tale.extracted(1, &[(sale(1), Presentment)]);
        tale.breaks(S3, &[first, again], "is presented in a second clearing file");
    }

    #[test]
    fn a_sale_that_its_extract_lacks_is_lost() {
        let mut tale = Tale::with_clearing();
        let answered = tale.sold(sale(1)) - 5;
        let extract = tale.extracted(0, &[]);
        tale.day_end();
        tale.breaks(S3, &[answered, extract], "and the extract of 2026-05-30 does not hold it");
    }

    #[test]
    fn what_was_presented_and_taken_back_must_be_adjusted() {
        let mut tale = Tale::with_clearing();
        tale.until_answer(sale(1));
        tale.cleared(0, &[(sale(1), Presentment)]);
        let back = tale.accepted(sale(1), true);
        let later = tale.extracted(1, &[]);
        tale.day_end();
        tale.breaks(S3, &[back, later], "does not adjust it");
    }

    #[test]
    fn an_entry_that_gets_lost_on_its_way_is_missed() {
        let mut tale = Tale::with_clearing();
        tale.sold(sale(1));
        let extract = tale.extracted(0, &[(sale(1), Presentment)]);
        let closed = tale.date_closed(0);
        tale.day_end();
        tale.breaks(S3, &[extract, closed], "is in no file for an issuer");
    }

    #[test]
    fn what_was_reversed_before_its_extract_closed_is_not_presented() {
        let mut tale = Tale::with_clearing();
        tale.until_answer(sale(1));
        let back = tale.accepted(sale(1), true);
        let extract = tale.extracted(0, &[(sale(1), Presentment)]);
        tale.day_end();
        tale.breaks(S4, &[back, extract], "taken back before the extract");
    }

    #[test]
    fn what_was_never_approved_is_not_presented() {
        let mut tale = Tale::with_clearing();
        let forwarded = tale.forwarded(sale(1));
        let extract = tale.extracted(0, &[(sale(1), Presentment)]);
        tale.day_end();
        tale.breaks(S4, &[forwarded, extract], "never answered approved");
    }

    #[test]
    fn a_sale_is_presented_under_its_own_date() {
        let mut tale = Tale::with_clearing();
        let answer = tale.until_answer(sale(1));
        let extract = tale.extracted(1, &[(sale(1), Presentment)]);
        tale.day_end();
        let words = "belongs to 2026-05-30 and is in the extract of 2026-05-31";
        tale.breaks("one-business-date", &[answer - 7, extract], words);
    }

    #[test]
    fn a_date_that_ended_is_extracted_delivered_and_closed() {
        let ended = |upto: u8| {
            let mut tale = Tale::with_clearing();
            let ended = tale.date_ends(0);
            let extract = (upto > 0).then(|| tale.extracted(0, &[]));
            if upto > 1 {
                tale.extract_came(0);
            }
            tale.day_end();
            (tale, extract.unwrap_or(ended))
        };
        let words = ["never extracted", "never came", "never closed it"];
        for (upto, words) in (0..).zip(words) {
            let (tale, witness) = ended(upto);
            tale.breaks("batch-closes", &[witness], words);
        }
    }

    #[test]
    fn a_sale_that_a_batch_lists_as_one_sided_stands_no_more() {
        let mut tale = Tale::with_clearing();
        tale.until_answer(sale(1));
        let close = tale.host_closed(&[], &[sale(1).stan]);
        let extract = tale.extracted(0, &[(sale(1), Presentment)]);
        tale.day_end();
        tale.breaks(S4, &[close, extract], "taken back before the extract");
    }
}
