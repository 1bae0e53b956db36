//! What S3, S4 and M7 say of claims, chargebacks and slips. Not claims of their own: each is
//! called by the claim whose other half it completes.

use super::books::{Books, Complaint, Ended, Filed, Forward, Refused, Sale, Stage};
use super::{Breach, Checked, breach, cleared};
use crate::history::Horizon;
use reversim_models::claim::{ClaimRefusal, ClaimSlip};
use reversim_models::iso8583::ResponseCode;
use reversim_models::node::Ticket;
use reversim_models::record::{EntryKind, FileEntry, Kind, Origin, Unpaid};
use reversim_models::time::{Date, LocalTime};

/// S3, always: what is presented and stands is not claimed as well.
pub(super) fn not_beside_a_presentment(books: &Books, index: usize) -> Checked {
    let Some(extract) = books.files.extracts.last().filter(|extract| extract.index == index) else {
        return Ok(0);
    };
    let mut checked = 0;
    let is_claim = |entry: &&FileEntry| entry.kind == EntryKind::Claim;
    for entry in extract.entries.iter().map(|one| &one.entry).filter(is_claim) {
        let of = |kind| books.files.find(Stage::Extract, &FileEntry { kind, ..*entry });
        if let (Some(presented), None) = (of(EntryKind::Presentment), of(EntryKind::Adjustment)) {
            return breach!(
                [presented, index],
                "{} of card {} (reference {}) is claimed although it is presented",
                books.money(entry.minor),
                entry.pan,
                entry.rrn.escape_ascii()
            );
        }
        checked += 1;
    }
    Ok(checked)
}

/// S3, when claims are closed: what was claimed is in an extract, and what was charged back went
/// all the way.
pub(super) fn went_all_the_way(books: &Books) -> Checked {
    let mut checked = 0;
    for filed in &books.claims.filed {
        let later = |index: &usize| *index > filed.index;
        let mut of = books.files.extracts.iter().filter(|one| one.switch == filed.switch);
        let is_it = |id: u64, kind| id == filed.id && kind == EntryKind::Claim;
        let is_in = of
            .clone()
            .filter(|one| later(&one.index))
            .any(|extract| extract.entries.iter().any(|one| is_it(one.id, one.entry.kind)));
        if let Some(extract) = of.find(|one| later(&one.index)).filter(|_| !is_in) {
            return breach!(
                [filed.index, extract.index],
                "{} took a claim, and no extract holds it",
                filed.switch
            );
        }
        checked += 1;
    }
    for ended in books.claims.ended.iter().filter(|ended| ended.why.is_some()) {
        let back = FileEntry { kind: EntryKind::Chargeback, ..ended.entry };
        let stages = [Stage::Returned, Stage::SentBack, Stage::Payout, Stage::CameBack];
        let missing = stages.into_iter().find(|stage| books.files.find(*stage, &back).is_none());
        if let Some(stage) = missing {
            let place = match stage {
                Stage::Returned => "in no file of the issuer",
                Stage::SentBack => "in no file for the acquirer",
                Stage::Payout => "on no merchant's statement",
                _ => "taken by no acquirer",
            };
            return breach!(
                [ended.index],
                "{} does not pay the claim of {}, and the chargeback is {place}",
                ended.issuer,
                books.money(ended.entry.minor)
            );
        }
        checked += 1;
    }
    Ok(checked)
}

/// S4: nothing is claimed that nobody claimed.
pub(super) fn only_filed(books: &Books) -> Checked {
    let mut checked = 0;
    for extract in &books.files.extracts {
        for one in extract.entries.iter().filter(|one| one.entry.kind == EntryKind::Claim) {
            let is_it = |filed: &&Filed| {
                (filed.switch, filed.id) == (extract.switch, one.id) && filed.index < extract.index
            };
            if !books.claims.filed.iter().any(|filed| is_it(&filed)) {
                return breach!(
                    [extract.index],
                    "{} claims {} of card {}, which no merchant claimed",
                    extract.switch,
                    books.money(one.entry.minor),
                    one.entry.pan
                );
            }
            checked += 1;
        }
    }
    Ok(checked)
}

/// M7: what the goods of a sale are worth at least and at most, if receipt and record alone say
/// `told`. Whoever lost something and asked for nothing has lost it. Until claims are closed, what
/// is asked for may still be on its way.
pub(super) fn worth(
    books: &Books,
    sale: &Sale,
    told: (i64, i64),
    horizon: Horizon,
) -> Result<(i64, i64), Breach> {
    if books.claims.asked.is_empty() && books.claims.complaints.is_empty() {
        return Ok(told);
    }
    let is_closed = horizon == Horizon::ClaimsClosed;
    let goods = books.setting.goods.iter().find(|(ticket, _)| *ticket == sale.ticket);
    let is_kept = goods.is_some_and(|(_, is_handed_over)| !is_handed_over);
    let filed = books.filed_for(sale.ticket);
    // What was claimed, and paid for it, no complaint gives back.
    let paid = filed.map(|filed| claimed(books, sale, filed, is_kept, is_closed)).transpose()?;
    if let Some((least, most)) = paid.flatten() {
        return Ok((if is_closed { least } else { least.min(told.0) }, most));
    }
    if is_returned(books, sale) {
        return Ok((0, if is_kept && is_closed { 0 } else { told.1.max(0) }));
    }
    if filed.is_some() {
        return Ok(told);
    }
    if !is_closed {
        return Ok(told);
    }
    for refused in &books.claims.refused {
        let is_of = |(claim, of): &(Ticket, Ticket)| (*claim, *of) == (refused.claim, sale.ticket);
        let slip = books.claims.asked.iter().find(|(_, claim, _)| *claim == refused.claim);
        let Some((_, _, slip)) = slip.filter(|_| books.setting.claims.iter().any(is_of)) else {
            continue;
        };
        if !is_fair(books, sale, refused, slip) {
            return breach!(
                [sale.first, refused.index],
                "{} refuses the claim of {sale}: {}, which is not so",
                refused.switch,
                refused.why.words()
            );
        }
    }
    Ok(told)
}

/// Whether a sale must be given back: the cardholder asked for its slip when it was paid, and there
/// was none when somebody looked, or nobody ever looked.
fn is_returned(books: &Books, sale: &Sale) -> bool {
    let Some(pan) = sale.pan else { return false };
    let of = |kind| {
        let taken = books.files.taken.iter();
        let mut entries = taken.flat_map(|file| file.entries.iter().map(|one| (file.index, one)));
        entries.find_map(|(index, one)| {
            let is_it = one.entry.kind == kind
                && one.entry.pan == pan
                && books.forward_of(&one.entry).is_some_and(|of| of.ticket == sale.ticket);
            is_it.then_some((index, one.entry))
        })
    };
    // What was refunded, all of it or in part, the merchant has owned up to: no slip is asked for.
    let is_refund = |forward: &Forward| {
        let of = |id| books.forward(forward.switch, id).is_some_and(|of| of.ticket == sale.ticket);
        forward.kind == Kind::Refund
            && matches!(forward.origin, Origin::Pos(_))
            && forward.original.is_some_and(of)
            && books.net(forward.ticket) < 0
    };
    if books.claims.complaints.is_empty() || books.forwards.iter().any(is_refund) {
        return false;
    }
    let Some((paid, entry)) = of(EntryKind::Presentment) else { return false };
    let back = of(EntryKind::Adjustment).map_or(usize::MAX, |(index, _)| index);
    // Should power have failed since, perhaps nobody heard the complaint.
    let is_heard = |complaint: &Complaint| {
        let lost = books.power_losses.iter().rev();
        !lost
            .take_while(|(_, index)| *index > complaint.index)
            .any(|(of, _)| *of == complaint.issuer)
    };
    // What comes while the presentment is being written is known of before it is durable.
    let wanted = FileEntry { kind: EntryKind::Retrieval, ..entry };
    let wanted = books.files.find(Stage::Returned, &wanted).filter(|wanted| *wanted > paid);
    let is_late = |complaint: &Complaint| {
        complaint.index > paid || wanted.is_some_and(|wanted| complaint.index < wanted)
    };
    let mut complaints = books.claims.complaints.iter();
    let is_asked = complaints.any(|complaint| {
        (complaint.pan, complaint.minor) == (pan, entry.minor)
            && is_late(complaint)
            && complaint.index < back
            && (is_heard(complaint) || books.slip_missing(sale.ticket).is_some())
    });
    is_asked && !books.has_slip(sale.terminal, sale.batch, sale.stan)
}

/// What a claim that was taken came to; none if it was charged back, and rightly.
fn claimed(
    books: &Books,
    sale: &Sale,
    filed: &Filed,
    is_kept: bool,
    is_closed: bool,
) -> Result<Option<(i64, i64)>, Breach> {
    let is_it = |ended: &&Ended| {
        books.forward_of(&ended.entry).is_some_and(|forward| forward.ticket == sale.ticket)
    };
    let Some(ended) = books.claims.ended.iter().find(is_it) else {
        if !is_closed {
            return Ok(None);
        }
        return breach!(
            [filed.index],
            "{} took the claim of {sale}, and it came to nothing",
            filed.switch
        );
    };
    let minor = ended.entry.signed();
    match ended.why {
        None => Ok(Some((if is_kept { 0 } else { minor }, minor))),
        Some(why) if is_rightly_unpaid(books, sale, ended, why) => Ok(None),
        Some(why) => breach!(
            [filed.index, ended.index],
            "{} charges the claim of {sale} back ({}), which is not so",
            ended.issuer,
            match why {
                Unpaid::Unknown => "never approved",
                Unpaid::TooMuch => "less was approved",
                Unpaid::Paid => "paid before",
                Unpaid::Funds => "no money left",
            }
        ),
    }
}

fn is_rightly_unpaid(books: &Books, sale: &Sale, ended: &Ended, why: Unpaid) -> bool {
    let approved = || {
        let of = books
            .decisions_about(sale.ticket)
            .filter(|decision| decision.issuer == ended.issuer && decision.index < ended.index);
        of.map(|decision| decision.effective).max().unwrap_or(0)
    };
    match why {
        Unpaid::Unknown => approved() == 0,
        Unpaid::TooMuch => approved() < ended.entry.minor,
        Unpaid::Paid => {
            let of = |kind| books.files.find(Stage::Taken, &FileEntry { kind, ..ended.entry });
            of(EntryKind::Presentment).is_some_and(|index| index < ended.index)
                && of(EntryKind::Adjustment).is_none_or(|index| index > ended.index)
        }
        Unpaid::Funds => ended.available.is_none_or(|minor| minor < ended.entry.signed()),
    }
}

/// Whether a claim was refused for a reason that is one.
fn is_fair(books: &Books, sale: &Sale, refused: &Refused, slip: &ClaimSlip) -> bool {
    let before = |forward: &&Forward| {
        forward.switch == refused.switch
            && forward.index < refused.index
            && forward.kind == Kind::Sale
            && matches!(forward.origin, Origin::Pos(_))
    };
    let Some(forward) = books.forwards_about(sale.ticket).find(before) else { return true };
    if !may_mean(forward, slip, 12) {
        // By the acquirer's clock it was another one, whatever became of that.
        return true;
    }
    let answer = forward.answered.filter(|answer| answer.index < refused.index);
    let is_approved = answer.is_some_and(|answer| answer.code.is_approval());
    match refused.why {
        ClaimRefusal::Unknown => !may_mean(forward, slip, 8),
        ClaimRefusal::Several => {
            let all = books.forwards.iter().filter(before);
            all.filter(|forward| may_mean(forward, slip, 12)).count() > 1
        }
        ClaimRefusal::Claimed => books.claims.filed.iter().any(|filed| filed.index < refused.index),
        ClaimRefusal::Declined => answer.is_some() && !is_approved,
        ClaimRefusal::Undecided => {
            let advices = books.advices.iter().filter(|advice| advice.id == forward.id);
            let waits = |end: Option<usize>| end.is_none_or(|end| end > refused.index);
            let mut advices = advices.filter(|advice| advice.switch == refused.switch);
            answer.is_none()
                || advices.any(|advice| {
                    waits(advice.exception)
                        && waits(advice.completed.map(|(index, _): (usize, ResponseCode)| index))
                })
        }
        ClaimRefusal::Stands => cleared::Standing::new(books).at(forward, refused.index),
        ClaimRefusal::NoSlip => books.slip_missing(sale.ticket).is_some(),
        // Dates and refunds that are still on their way are the acquirer's own.
        ClaimRefusal::TooLate | ClaimRefusal::Undone => true,
    }
}

/// Whether a slip of paper may mean this transaction, if watches are so many minutes wrong.
fn may_mean(forward: &Forward, slip: &ClaimSlip, minutes: u32) -> bool {
    let Origin::Pos(key) = forward.origin else { return false };
    let is_then = match slip.voucher {
        Some(stan) => stan == key.stan,
        None => apart(forward.key.transmission, slip.at) <= u64::from(minutes) * 60_000_000,
    };
    is_then && forward.pan == slip.pan && forward.amount == slip.amount
}

/// Microseconds between element 7 (MMDDhhmmss) and a watch.
fn apart(transmission: u32, watch: LocalTime) -> u64 {
    let number = |divisor: u32| transmission / divisor % 100;
    let seconds = number(10_000) * 3_600 + number(100) * 60 + number(1);
    // Two digits each.
    let (month, day) = (number(100_000_000) as u8, number(1_000_000) as u8);
    let year = watch.date().year;
    let dates = (year - 1..=year + 1).filter_map(|year| Date::new(year, month, day));
    dates.map(|date| LocalTime::new(date, seconds).0.abs_diff(watch.0)).min().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use crate::history::Horizon;
    use crate::invariant::testing::{Sale, Tale, line, sale};
    use reversim_models::claim::ClaimRefusal;
    use reversim_models::record::EntryKind::{Chargeback, Claim, Presentment};
    use reversim_models::record::Unpaid;

    const S3: &str = "at-most-once-settlement";
    const S4: &str = "no-settlement-without-approval";
    const M7: &str = "goods-and-money-agree";

    /// A reversed sale, and its goods are gone.
    fn reversed() -> Tale {
        let mut tale = Tale::with_clearing();
        tale.taken_back(sale(1));
        tale
    }

    fn closed(tale: &mut Tale) {
        tale.date_closed(0);
        tale.day_end();
        tale.horizon(Horizon::ClaimsClosed);
    }

    #[test]
    fn what_is_claimed_and_paid_agrees_on_all_sides() {
        let mut tale = reversed();
        tale.claim_filed(sale(1));
        tale.extracted(0, &[(sale(1), Claim)]);
        tale.built(0, &[(sale(1), Claim)]);
        tale.paid(0, &[line(sale(1), Claim)]);
        tale.claim_taken(0, sale(1), None);
        closed(&mut tale);
        tale.is_clean();
        for name in [S3, S4, M7, "four-way-reconciliation", "no-unreversed-debit"] {
            tale.holds(name);
        }
    }

    #[test]
    fn what_is_presented_is_not_claimed_as_well() {
        let mut tale = Tale::with_clearing();
        tale.sold(sale(1));
        let presented = tale.extracted(0, &[(sale(1), Presentment)]);
        let claimed = tale.extracted(1, &[(sale(1), Claim)]);
        tale.breaks(S3, &[presented, claimed], "is claimed although it is presented");
    }

    #[test]
    fn nothing_is_claimed_that_no_merchant_claimed() {
        let mut tale = reversed();
        let extract = tale.extracted(0, &[(sale(1), Claim)]);
        tale.day_end();
        tale.breaks(S4, &[extract], "which no merchant claimed");
    }

    #[test]
    fn a_claim_that_was_taken_is_in_the_next_extract() {
        let mut tale = reversed();
        let filed = tale.claim_filed(sale(1));
        let extract = tale.extracted(0, &[]);
        closed(&mut tale);
        tale.breaks(S3, &[filed, extract], "no extract holds it");
        tale.breaks(M7, &[filed], "it came to nothing");
    }

    #[test]
    fn what_is_charged_back_goes_all_the_way_to_the_merchant() {
        for is_told in [true, false] {
            let mut tale = Tale::with_clearing();
            tale.forwarded(sale(1));
            tale.claim_filed(sale(1));
            tale.extracted(0, &[(sale(1), Claim)]);
            tale.built(0, &[(sale(1), Claim)]);
            tale.paid(0, &[line(sale(1), Claim)]);
            let taken = tale.claim_taken(0, sale(1), Some(Unpaid::Unknown));
            tale.charged_back(1, sale(1));
            if is_told {
                tale.paid(1, &[line(sale(1), Chargeback)]);
            }
            closed(&mut tale);
            match is_told {
                true => tale.holds(S3),
                false => tale.breaks(S3, &[taken], "on no merchant's statement"),
            }
        }
    }

    #[test]
    fn a_claim_is_refused_only_for_a_reason_that_is_one() {
        for (why, is_so) in [
            (ClaimRefusal::Unknown, false),
            (ClaimRefusal::Several, false),
            (ClaimRefusal::Stands, false),
            (ClaimRefusal::Declined, false),
            (ClaimRefusal::Claimed, false),
            (ClaimRefusal::TooLate, true),
        ] {
            let mut tale = reversed();
            let refused = tale.claim_refused(sale(1), why);
            closed(&mut tale);
            match is_so {
                true => tale.holds(M7),
                false => tale.breaks(M7, &[1, refused], "which is not so"),
            }
        }
    }

    #[test]
    fn a_claim_is_charged_back_only_for_a_reason_that_is_one() {
        for why in [Unpaid::Unknown, Unpaid::TooMuch, Unpaid::Paid] {
            let mut tale = reversed();
            let filed = tale.claim_filed(sale(1));
            let taken = tale.claim_taken(0, sale(1), Some(why));
            closed(&mut tale);
            tale.breaks(M7, &[filed, taken], "which is not so");
        }
    }

    #[test]
    fn what_has_no_slip_when_its_cardholder_asks_goes_back() {
        for has_slip in [true, false] {
            let mut tale = Tale::with_clearing();
            let of: Sale = sale(1);
            let receipt = tale.sold(of);
            tale.history.setting.goods.push((reversim_models::node::Ticket(1), false));
            tale.cleared(0, &[(of, Presentment)]);
            if has_slip {
                tale.slip_came_out(of);
            }
            tale.complained(of);
            closed(&mut tale);
            match has_slip {
                true => tale.holds(M7),
                false => tale.breaks(M7, &[7, receipt - 1], "goods for 0.00 were handed over"),
            }
        }
    }
}
