//! The claims desk: one transaction or a refusal, a claim once and for good, slips looked for once.

use super::*;
use crate::card::{Amount, Pan};
use crate::claim::{ClaimRefusal, ClaimSlip, VoucherState};
use crate::device::{Device, Outcome};
use crate::filing::{self, FileText, Outbox};
use crate::record::{EntryKind, Extracted, FileId, FileKind};
use crate::switch::ClearingLine;

const CLEARING: Port = Port(20);
const SLIP: Option<u32> = Some(7);

pub(super) fn with_clearing(defect: Option<Defect>) -> Config {
    let line = ClearingLine {
        port: CLEARING,
        zone: zone(40),
        institution: 1,
        returns: RETURNS,
        retry: RETRY,
        records_per_part: 32,
    };
    Config { clearing: Some(line), ..with_defect(defect) }
}

/// A switch that got no answer to a sale in time, and reversed it.
fn reversed(defect: Option<Defect>) -> Bench {
    let mut bench = Bench::new(with_clearing(defect));
    bench.forwarded(&sale(7));
    bench.wait(TIMEOUT);
    let advice = bench.heard(ISSUER).pop().expect("a 0420");
    assert_eq!(claim(&mut bench, 1_000, SLIP), refused(ClaimRefusal::Undecided));
    bench.tell(ISSUER, &answer(&advice, ResponseCode::APPROVED));
    bench.heard(TERMINAL);
    bench
}

fn slip(bench: &Bench, minor: u64, voucher: Option<u32>) -> ClaimSlip {
    let pan = Pan::new(PAN.as_bytes()).unwrap();
    ClaimSlip { pan, amount: Amount::cny(minor), merchant: *MERCHANT, at: bench.now.local, voucher }
}

/// What the desk says to a claim.
fn claim(bench: &mut Bench, minor: u64, voucher: Option<u32>) -> DeskNote {
    let slip = slip(bench, minor, voucher);
    bench.handle(Event::Commanded(Command::Claim { ticket: Ticket(9), slip }));
    bench.notes.pop().expect("the desk answers")
}

fn state(bench: &mut Bench) -> DeskNote {
    let slip = slip(bench, 1_000, SLIP);
    bench.handle(Event::Commanded(Command::LookUp { ticket: Ticket(9), slip }));
    bench.notes.pop().expect("the desk answers")
}

fn refused(why: ClaimRefusal) -> DeskNote {
    DeskNote::ClaimRefused(why)
}

/// Ends a date, and gives what its extract holds.
pub(super) fn extract(bench: &mut Bench, days: i64) -> Vec<EntryKind> {
    let date = Date::from_days(DAY.days() + days);
    bench.handle(Event::Commanded(Command::CutOver { date, window: Duration::ZERO }));
    bench.wait(Duration::ZERO);
    let SwitchRecord::ExtractClosed { entries, .. } = bench.last_record() else {
        panic!("{:?}", bench.last_record());
    };
    entries.iter().map(|one| one.entry.kind).collect()
}

/// The clearing house returns the sale in its n-th file.
pub(super) fn give_back(bench: &mut Bench, sequence: u32, kind: EntryKind) {
    let entries = bench.journal.iter().rev().find_map(|record| match record {
        Record::Switch(SwitchRecord::ExtractClosed { entries, .. }) if !entries.is_empty() => {
            Some(entries.clone())
        }
        _ => None,
    });
    let Extracted { entry, .. } = entries.expect("it was extracted")[0];
    let entry = crate::record::FileEntry { kind, ..entry };
    let id = FileId { kind: FileKind::Return, sender: 1, receiver: 1_020_000, date: DAY, sequence };
    let text = FileText { id, currency: Currency::CNY, entries: vec![entry] };
    let mut outbox = Outbox::new(32);
    outbox.push(id, filing::write(&text));
    let part = outbox.message(bench.now, 1).expect("it waits");
    if bench.end_of(RETURNS).is_none() {
        bench.link_up(RETURNS);
    }
    bench.tell(RETURNS, &part);
    assert_eq!(bench.code(RETURNS), ResponseCode::APPROVED);
}

#[test]
fn a_claim_names_exactly_one_sale_that_was_taken_back_or_is_refused() {
    let mut bench = reversed(None);
    assert_eq!(claim(&mut bench, 999, SLIP), refused(ClaimRefusal::Unknown));
    assert_eq!(claim(&mut bench, 1_000, Some(8)), refused(ClaimRefusal::Unknown));
    bench.sell(8);
    assert_eq!(claim(&mut bench, 1_000, Some(8)), refused(ClaimRefusal::Stands));
    assert_eq!(claim(&mut bench, 1_000, None), refused(ClaimRefusal::Several));
    let declined = bench.forwarded(&sale(9));
    bench.tell(ISSUER, &answer(&declined, ResponseCode::NOT_SUFFICIENT_FUNDS));
    assert_eq!(claim(&mut bench, 1_000, Some(9)), refused(ClaimRefusal::Declined));
    assert_eq!(claim(&mut bench, 1_000, SLIP), DeskNote::ClaimFiled);
    assert_eq!(extract(&mut bench, 1), [EntryKind::Presentment, EntryKind::Claim]);
}

#[test]
fn a_slip_written_by_hand_is_matched_by_its_time() {
    let mut bench = reversed(None);
    bench.wait(Duration::secs(580));
    assert_eq!(claim(&mut bench, 1_000, None), DeskNote::ClaimFiled);
    let mut bench = reversed(None);
    bench.wait(Duration::secs(601));
    assert_eq!(claim(&mut bench, 1_000, None), refused(ClaimRefusal::Unknown));
}

#[test]
fn a_claim_is_taken_once_whatever_power_does_and_extracted_once() {
    let mut bench = reversed(None);
    assert_eq!(claim(&mut bench, 1_000, SLIP), DeskNote::ClaimFiled);
    bench.restart();
    assert_eq!(claim(&mut bench, 1_000, SLIP), refused(ClaimRefusal::Claimed));
    assert_eq!(state(&mut bench), DeskNote::State(VoucherState::Claimed));
    assert_eq!(extract(&mut bench, 1), [EntryKind::Claim]);
    bench.restart();
    assert_eq!(extract(&mut bench, 2), []);
    give_back(&mut bench, 1, EntryKind::Chargeback);
    give_back(&mut bench, 1, EntryKind::Chargeback);
    assert_eq!(bench.count("return-taken"), 1, "a copy is answered as taken");
    assert_eq!(state(&mut bench), DeskNote::State(VoucherState::ChargedBack));
    assert_eq!(claim(&mut bench, 1_000, SLIP), refused(ClaimRefusal::Claimed));
    let mut careless = reversed(Some(Defect::B16));
    claim(&mut careless, 1_000, SLIP);
    assert_eq!(claim(&mut careless, 1_000, SLIP), DeskNote::ClaimFiled);
    assert_eq!(extract(&mut careless, 1).len(), 2, "B16 asks for it twice");
}

#[test]
fn a_claim_comes_too_late_after_so_many_dates() {
    let mut bench = reversed(None);
    assert_eq!(extract(&mut bench, 31), []);
    assert_eq!(claim(&mut bench, 1_000, SLIP), refused(ClaimRefusal::TooLate));
}

#[test]
fn a_terminal_that_still_reverses_what_is_claimed_is_told_yes_and_moves_nothing() {
    let mut bench = reversed(None);
    claim(&mut bench, 1_000, SLIP);
    bench.tell(TERMINAL, &reversal(&sale(7)));
    assert_eq!(bench.code(TERMINAL), ResponseCode::APPROVED);
    assert_eq!((bench.count("advice-queued"), bench.heard(ISSUER).len()), (1, 0));
    assert_eq!(extract(&mut bench, 1), [EntryKind::Claim]);
}

#[test]
fn a_slip_is_looked_for_again_after_a_loss_of_power_and_what_has_none_is_adjusted() {
    for (outcome, adjusted) in [(Outcome::SlipMissing, 1), (Outcome::SlipFound, 0)] {
        let mut bench = Bench::new(with_clearing(None));
        bench.sell(7);
        assert_eq!(extract(&mut bench, 1), [EntryKind::Presentment]);
        give_back(&mut bench, 1, EntryKind::Retrieval);
        let wanted = DeskNote::SlipWanted { terminal: terminal_id(TERMINAL), batch: 1, stan: 7 };
        assert_eq!(bench.notes.pop(), Some(wanted));
        bench.restart();
        assert_eq!(bench.notes.pop(), Some(wanted));
        bench.handle(Event::Told { device: Device::Desk, outcome });
        assert_eq!(bench.count("slip-answered"), 1);
        assert_eq!(extract(&mut bench, 2).len(), adjusted);
        assert_eq!(extract(&mut bench, 3), []);
    }
}
