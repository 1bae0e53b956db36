//! What somebody asks back: goods without money, money without goods. ST08, ST09, ST19, ST25, ST27.

use super::told::{ISSUER, SWITCH, Told, tell};
use reversim::history::What;
use reversim_models::claim::{ClaimRefusal, DeskNote, VoucherState};
use reversim_models::device::Output;
use reversim_models::record::{EntryKind, IssuerRecord, Record, TakenAs};

/// What was said at the claims desk, in order.
fn said(told: &Told) -> Vec<DeskNote> {
    let notes = told.entries().filter_map(|(_, entry)| match entry.what {
        What::Told { output: Output::Desk(note), .. } => Some(note),
        _ => None,
    });
    notes.collect()
}

/// How the issuer took the claims.
fn taken(told: &Told) -> Vec<TakenAs> {
    let files = told.records(ISSUER).filter_map(|record| match record {
        Record::Issuer(IssuerRecord::PresentmentTaken { entries, .. }) => Some(entries),
        _ => None,
    });
    let claims = files.flatten().filter(|one| one.entry.kind == EntryKind::Claim);
    claims.map(|one| one.end).collect()
}

const SOLD: (bool, u64) = (false, 50_000);
const BACK: (bool, u64) = (true, 50_000);
const PAID: (i64, i64) = (300, 49_700);

#[test]
fn what_was_reversed_and_handed_over_is_debited_once_more_and_paid_once() {
    let told = tell("ST08-claimed-after-the-reversal");
    let again = DeskNote::ClaimRefused(ClaimRefusal::Claimed);
    let reversed = DeskNote::State(VoucherState::Reversed);
    assert_eq!(said(&told), [reversed, DeskNote::ClaimFiled, again]);
    assert_eq!(taken(&told), [TakenAs::Debited]);
    assert_eq!(told.texts(), [SOLD, BACK, SOLD]);
    assert_eq!((told.net_debit(1), told.paid()), (50_000, vec![PAID]));
}

#[test]
fn a_claim_lets_parked_money_out_to_the_merchant_and_debits_nobody_again() {
    let told = tell("ST09-one-sided-and-claimed");
    let one_sided = DeskNote::State(VoucherState::OneSided);
    assert_eq!(said(&told), [one_sided, DeskNote::ClaimFiled]);
    assert_eq!(taken(&told), [TakenAs::Booked]);
    assert_eq!(told.count(ISSUER, "suspense-opened"), 1);
    assert_eq!(told.count(ISSUER, "suspense-closed"), 1);
    assert_eq!(told.texts(), [SOLD], "neither returned nor debited again");
    assert_eq!((told.net_debit(1), told.paid()), (50_000, vec![PAID]));
}

#[test]
fn what_has_no_slip_is_given_back_with_its_fee_and_what_has_one_stays() {
    let told = tell("ST19-no-slip-no-money");
    assert_eq!((told.receipts(2), told.receipts(3)), (0, 1));
    let wanted = |note: &&DeskNote| matches!(note, DeskNote::SlipWanted { .. });
    assert_eq!(said(&told).iter().filter(wanted).count(), 2);
    assert_eq!(told.count(SWITCH, "slip-answered"), 2);
    assert_eq!(told.paid(), [(600, 99_400), (-300, -49_700)]);
    assert_eq!(told.texts(), [SOLD, SOLD, BACK]);
    assert_eq!(told.net_debit(1), 50_000, "one amount");
}

#[test]
fn a_slip_written_by_hand_names_one_sale_by_its_time_and_no_other() {
    let told = tell("ST25-a-slip-written-by-hand");
    let refused = DeskNote::ClaimRefused;
    let expected =
        [refused(ClaimRefusal::Unknown), refused(ClaimRefusal::Stands), DeskNote::ClaimFiled];
    assert_eq!(said(&told), expected);
    assert_eq!(taken(&told), [TakenAs::Debited]);
    assert_eq!((told.receipts(2), told.receipts(3)), (0, 1));
    assert_eq!((told.net_debit(1), told.paid()), (100_000, vec![PAID, PAID]));
}

#[test]
fn the_appliance_shop_that_delivered_claims_and_is_paid() {
    let told = tell("ST27-appliance-shop-delivered");
    assert_eq!(told.receipts(2), 0);
    let reversed = DeskNote::State(VoucherState::Reversed);
    assert_eq!(said(&told), [reversed, DeskNote::ClaimFiled]);
    assert_eq!(told.texts(), [SOLD, BACK, SOLD]);
    assert_eq!((told.net_debit(1), told.paid()), (50_000, vec![PAID]));
}
