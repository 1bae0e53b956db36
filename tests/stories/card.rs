//! What goes wrong at the card, as the bundled stories tell it: what left the terminal, what was
//! printed, what was debited. The terminal's own sentences are with the terminal.

use reversim::Run;
use reversim::history::{Entry, What};
use reversim::party::Role;
use reversim_models::device::{Display, Output, Slip};
use reversim_models::iso8583::{Element, Mti};
use reversim_models::record::{IssuerRecord, Leg, Record, TerminalRecord};

fn tell(name: &str) -> Run {
    let story = reversim::stories::find(name).next().expect("it is bundled");
    let scenario = story.scenario().expect("it reads");
    let run = reversim::run(&scenario);
    assert_eq!((run.violation(), &run.idle_faults[..]), (None, &[][..]), "{name}");
    run
}

fn about(run: &Run, step: u32) -> impl Iterator<Item = &Entry> {
    run.history.entries.iter().filter(move |entry| entry.ticket.0 == step)
}

fn screens(run: &Run, step: u32) -> Vec<Display> {
    let display = |entry: &Entry| match entry.what {
        What::Told { output: Output::Display(display), .. } => Some(display),
        _ => None,
    };
    about(run, step).filter_map(display).collect()
}

fn receipts(run: &Run, step: u32) -> usize {
    let is_receipt = |entry: &&Entry| {
        matches!(entry.what, What::Told { output: Output::Slip(Slip::Receipt { .. }), .. })
    };
    about(run, step).filter(is_receipt).count()
}

/// The types of what the terminal sent about a step.
fn sent(run: &Run, step: u32) -> Vec<Mti> {
    let of = about(run, step).filter(|entry| entry.party.role == Role::Terminal);
    let mti = |entry: &Entry| match &entry.what {
        What::Sent { frame, .. } => frame.mti(),
        _ => None,
    };
    of.filter_map(mti).collect()
}

/// What cardholders paid, less what they were given back.
fn debits(run: &Run) -> i64 {
    let paid = |entry: &Entry| match &entry.what {
        What::Recorded(Record::Issuer(
            IssuerRecord::Decided { legs, .. } | IssuerRecord::Reversed { legs, .. },
        )) => -Leg::to_cardholders(legs),
        _ => 0,
    };
    run.history.entries.iter().map(paid).sum()
}

#[test]
fn a_card_that_cannot_be_read_sends_nothing_and_the_screen_says_what_to_do() {
    let run = tell("ST12-card-unreadable");
    assert_eq!(screens(&run, 2).last(), Some(&Display::CardUnreadable));
    assert_eq!(screens(&run, 3).last(), Some(&Display::KernelFailed));
    assert_eq!((sent(&run, 2), sent(&run, 3)), (vec![], vec![]));
    assert_eq!(sent(&run, 4), [Mti::FINANCIAL_REQUEST]);
    assert_eq!((receipts(&run, 4), debits(&run)), (1, 50_000));
}

#[test]
fn a_card_that_is_pulled_or_unwilling_after_the_approval_is_taken_back_with_reason_06() {
    let run = tell("ST12-card-pulled-after-approval");
    assert!(screens(&run, 2).contains(&Display::CardPulled));
    assert!(screens(&run, 3).contains(&Display::CardDeclined));
    assert_eq!([2, 3, 4].map(|step| receipts(&run, step)), [0, 0, 1]);
    for step in [2, 3] {
        assert_eq!(sent(&run, step), [Mti::FINANCIAL_REQUEST, Mti::REVERSAL_REQUEST]);
        let reversal = about(&run, step).find_map(|entry| match &entry.what {
            What::Sent { frame, .. } if frame.mti() == Some(Mti::REVERSAL_REQUEST) => {
                frame.message()
            }
            _ => None,
        });
        let reason = reversal.and_then(|message| message.text(Element::RESPONSE_CODE));
        assert_eq!(reason, Some("06"));
    }
    assert_eq!(debits(&run), 50_000);
}

#[test]
fn without_parameters_or_keys_chips_wait_for_a_download_that_survives_a_loss_of_power() {
    let run = tell("ST12-no-chip-parameters");
    for step in [2, 5, 6] {
        assert!(matches!(screens(&run, step).last(), Some(Display::ChipDataMissing(_))), "{step}");
        assert_eq!(sent(&run, step), [], "{step}");
    }
    let loaded = run.history.entries.iter().filter(|entry| {
        let What::Recorded(Record::Terminal(record)) = &entry.what else { return false };
        matches!(record, TerminalRecord::ChipDataLoaded { entries, .. } if entries.len() == 2)
    });
    assert_eq!(loaded.count(), 4, "parameters and keys, twice, of two entries each");
    assert!(run.history.entries.iter().any(|entry| entry.what == What::PowerLost));
    assert_eq!((receipts(&run, 4), receipts(&run, 8), debits(&run)), (1, 1, 70_000));
}

#[test]
fn what_a_chip_signed_is_debited_once_and_its_next_sale_goes_through() {
    let run = tell("ST12-cryptogram-sent-again");
    let codes = run.history.entries.iter().filter_map(|entry| match &entry.what {
        What::Recorded(Record::Issuer(IssuerRecord::Decided { presented, code, .. })) => {
            presented.map(|presented| (presented.counter, code.to_string()))
        }
        _ => None,
    });
    let codes: Vec<(u16, String)> = codes.collect();
    assert_eq!(codes, [(1, "00".into()), (1, "59".into()), (2, "00".into())]);
    assert_eq!(debits(&run), 70_000);
}

#[test]
fn element_55_carries_neither_card_number_nor_track() {
    let run = tell("ST12-cryptogram-sent-again");
    let mut seen = 0;
    for entry in &run.history.entries {
        let What::Sent { frame, .. } = &entry.what else { continue };
        let Some(icc) = frame.message().and_then(|message| message.get(Element::ICC)) else {
            continue;
        };
        let text: String = icc.iter().map(|byte| format!("{byte:02X}")).collect();
        for pan in &run.history.setting.pans {
            // The middle of a test card is zeros; its issuer prefix is not.
            assert!(!text.contains(&pan.as_str()[..6]), "{}", entry.party);
        }
        seen += 1;
    }
    assert_eq!(seen, 4, "two sales, on two lines");
}
