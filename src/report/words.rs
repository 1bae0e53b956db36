//! Faults, steps, records and messages in words, the same wherever they are shown.
//!
//! Everything is ASCII and masked: a sentence may go to a log, a ladder or a file.

use super::files::slip_words;
use crate::fault::{
    ActionName, ChipData, Damage, Direction, Fault, OnAction, OnMessage, Side, Tie, Until, When,
};
use crate::scenario::{Goods, Step, Wish};
use reversim_models::card::{Card, Currency, Pan};
use reversim_models::iso8583::Mti;
use reversim_models::node::Command;

/// Milliseconds as a person says them: `250 ms`, `2.5 s`, `3 min`.
pub fn millis(ms: u64) -> String {
    micros(ms.saturating_mul(1_000))
}

/// Microseconds as a person says them: `1 us`, `250 ms`, `2.5 s`, `3 min`.
pub fn micros(us: u64) -> String {
    match us {
        0 => "0 ms".to_owned(),
        us if !us.is_multiple_of(1_000) && us < 1_000_000 => format!("{us} us"),
        us if us < 1_000_000 => format!("{} ms", us / 1_000),
        us if us >= 3_600_000_000 && us.is_multiple_of(3_600_000_000) => {
            format!("{} h", us / 3_600_000_000)
        }
        us if us >= 120_000_000 && us.is_multiple_of(60_000_000) => {
            format!("{} min", us / 60_000_000)
        }
        us => {
            let text = format!("{}.{:06}", us / 1_000_000, us % 1_000_000);
            format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
        }
    }
}

/// `1 run`, `2 runs`.
pub fn counted_word(count: u64, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// `first`, `second`, … `11th`.
fn ordinal(n: u32) -> String {
    const WORDS: [&str; 10] = [
        "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
        "tenth",
    ];
    match WORDS.get((n as usize).wrapping_sub(1)) {
        Some(word) => (*word).to_owned(),
        None => format!("{n}{}", if n % 100 / 10 == 1 { "th" } else { suffix(n) }),
    }
}

fn suffix(n: u32) -> &'static str {
    match n % 10 {
        1 => "st",
        2 => "nd",
        3 => "rd",
        _ => "th",
    }
}

fn of_step(step: u32) -> String {
    if step == 0 { " of no step".to_owned() } else { format!(" of step {step}") }
}

/// `the first 0210 of step 2 from switch-1 to terminal-1`.
pub fn describe_message(on: &OnMessage) -> String {
    let OnMessage { from, to, mti, step, nth } = on;
    format!("the {} {mti}{} from {from} to {to}", ordinal(*nth), of_step(*step))
}

/// `terminal-1 records started for step 2`.
fn describe_action(on: &OnAction) -> String {
    let OnAction { party, action, step, nth, .. } = on;
    let done = match action {
        ActionName::Record(name) => format!("records {name}"),
        ActionName::Send(mti) => format!("sends {mti}"),
        ActionName::Screen => "shows something on the screen".to_owned(),
        ActionName::Printer => "prints a slip".to_owned(),
        ActionName::PinPad => "asks for the PIN".to_owned(),
        ActionName::CardReader => "has the chip do something".to_owned(),
        ActionName::Log => "writes to its log".to_owned(),
        ActionName::TextMessage => "sends a text message".to_owned(),
        ActionName::Desk => "speaks at its claims desk".to_owned(),
        ActionName::Connect => "connects".to_owned(),
        ActionName::Disconnect => "disconnects".to_owned(),
    };
    let about = if *step == 0 { " for no step".to_owned() } else { format!(" for step {step}") };
    let nth = if *nth == 1 { String::new() } else { format!(" for the {} time", ordinal(*nth)) };
    format!("{party} {done}{about}{nth}")
}

/// `just before terminal-1 sends 0200 for step 2`.
pub fn describe_when(when: &When) -> String {
    match when {
        When::AtMs(ms) => format!("{} after the beginning", millis(*ms)),
        When::Message(on) => format!("when {} is sent", describe_message(on)),
        When::Action(on) => {
            let side = match on.side {
                Side::Before => "before",
                Side::After => "after",
            };
            format!("just {side} {}", describe_action(on))
        }
    }
}

fn describe_delay(on: &OnMessage, until: &Until) -> String {
    let message = describe_message(on);
    match *until {
        Until::ByMs(ms) => format!("delay {message} by {}", millis(ms)),
        Until::Deadline { of, offset_us: 0, order } => {
            let order = match order {
                Tie::MessageFirst => "the message first",
                Tie::DeadlineFirst => "the deadline first",
            };
            format!("delay {message} to the very deadline of {of}, {order}")
        }
        Until::Deadline { of, offset_us, .. } => {
            let side = if offset_us < 0 { "before" } else { "after" };
            let offset = micros(offset_us.unsigned_abs());
            format!("delay {message} to {offset} {side} the deadline of {of}")
        }
    }
}

/// A fault in words: `drop the first 0210 of step 2 from switch-1 to terminal-1`.
pub fn describe_fault(fault: &Fault) -> String {
    describe_message_fault(fault)
        .or_else(|| describe_line_fault(fault))
        .unwrap_or_else(|| describe_party_fault(fault))
}

fn describe_message_fault(fault: &Fault) -> Option<String> {
    let words = match fault {
        Fault::Drop(on) => format!("drop {}", describe_message(on)),
        Fault::Delay { on, until } => describe_delay(on, until),
        Fault::Duplicate { on, after_ms: 0 } => {
            format!("deliver {} twice at once", describe_message(on))
        }
        Fault::Duplicate { on, after_ms } => {
            format!("deliver {} twice, {} apart", describe_message(on), millis(*after_ms))
        }
        Fault::Reorder(on) => format!("let the next message overtake {}", describe_message(on)),
        Fault::Corrupt { on, damage } => {
            let what = match damage {
                Damage::Mac => "the MAC".to_owned(),
                Damage::Element(element) => format!("element {element}"),
                Damage::Length(element) => format!("the length of element {element}"),
                Damage::Byte(byte) => format!("byte {byte}"),
            };
            format!("change {what} of {}", describe_message(on))
        }
        Fault::Replay { on, after_ms } => {
            format!("replay {}, {} later", describe_message(on), millis(*after_ms))
        }
        Fault::Resubmit { on, after_ms } => format!(
            "send what the chip signed in {} again under another trace number, {} later",
            describe_message(on),
            millis(*after_ms)
        ),
        _ => return None,
    };
    Some(words)
}

fn describe_line_fault(fault: &Fault) -> Option<String> {
    let words = match fault {
        Fault::Split { on, at_byte, pause_ms } => format!(
            "deliver {} in two reads, cut at byte {at_byte}, {} apart",
            describe_message(on),
            millis(*pause_ms)
        ),
        Fault::Coalesce(on) => {
            format!("deliver {} in one read with the next message", describe_message(on))
        }
        Fault::Reset { on, at_byte } => format!(
            "break the connection while {} is written, after byte {at_byte}",
            describe_message(on)
        ),
        Fault::HalfOpen(on) => format!(
            "lose {} and everything after it on that connection, telling nobody",
            describe_message(on)
        ),
        Fault::Stall { at, a, b, for_ms } => format!(
            "hold everything between {a} and {b} for {}, beginning {}",
            millis(*for_ms),
            describe_when(at)
        ),
        Fault::Partition { at, a, b, direction, for_ms } => {
            let way = match direction {
                Direction::Both => format!("between {a} and {b}"),
                Direction::AToB => format!("from {a} to {b}"),
                Direction::BToA => format!("from {b} to {a}"),
            };
            let (length, when) = (millis(*for_ms), describe_when(at));
            format!("lose everything {way} for {length}, beginning {when}")
        }
        _ => return None,
    };
    Some(words)
}

fn describe_party_fault(fault: &Fault) -> String {
    match fault {
        Fault::PowerCut { party, at, down_ms, torn } => {
            let torn = if *torn { ", tearing the record being written" } else { "" };
            let (when, down) = (describe_when(at), millis(*down_ms));
            format!("cut the power of {party} {when}, for {down}{torn}")
        }
        Fault::SlowCommit { at, by_ms } => {
            format!("let the commit take {} when {}", millis(*by_ms), describe_action(at))
        }
        Fault::ClockStep { party, at, by_ms } => {
            let way = if *by_ms < 0 { "back" } else { "forward" };
            let (by, when) = (millis(by_ms.unsigned_abs()), describe_when(at));
            format!("set the clock of {party} {way} by {by} {when}")
        }
        Fault::Pause { party, at, for_ms } => {
            let (when, length) = (describe_when(at), millis(*for_ms));
            format!("stop the node of {party} that works {when}, for {length}")
        }
        Fault::PrinterFault { step } => format!("no slip comes out at step {step}"),
        Fault::PinCancelled { step } => format!("the cardholder of step {step} presses cancel"),
        Fault::WrongPin { step } => format!("the cardholder of step {step} enters a wrong PIN"),
        Fault::CardUnreadable { step } => format!("the chip of step {step} cannot be read"),
        Fault::KernelFails { step } => format!("the chip of step {step} fails before it signs"),
        Fault::CardDeclines { step } => {
            format!("the chip of step {step} declines what the host approved")
        }
        Fault::CardPulled { step } => {
            format!("the card of step {step} is pulled after the host's approval")
        }
        Fault::ChipDataMissing { step, what: ChipData::Parameters } => {
            format!("at step {step} the terminal has no chip parameters")
        }
        Fault::ChipDataMissing { step, what: ChipData::PublicKeys } => {
            format!("at step {step} the terminal has no public keys")
        }
        Fault::KeyChange { terminal, at } => {
            format!("withdraw the work keys of {terminal} {}", describe_when(at))
        }
        Fault::CutOver { at, window_ms } => format!(
            "change the business date {}, refusing requests for {}",
            describe_when(at),
            millis(*window_ms)
        ),
        Fault::Maintenance { party, at, for_ms } => format!(
            "close {party} for maintenance for {}, beginning {}",
            millis(*for_ms),
            describe_when(at)
        ),
        // The other layers have spoken for all others.
        _ => "something goes wrong".to_owned(),
    }
}

/// The kind of a fault as files name it: `drop`, `power-cut`.
pub fn fault_kind(fault: &Fault) -> &'static str {
    match fault {
        Fault::Drop(_) => "drop",
        Fault::Delay { .. } => "delay",
        Fault::Duplicate { .. } => "duplicate",
        Fault::Reorder(_) => "reorder",
        Fault::Corrupt { .. } => "corrupt",
        Fault::Replay { .. } => "replay",
        Fault::Resubmit { .. } => "resubmit",
        Fault::Split { .. } => "split",
        Fault::Coalesce(_) => "coalesce",
        Fault::Reset { .. } => "reset",
        Fault::HalfOpen(_) => "half-open",
        Fault::Stall { .. } => "stall",
        Fault::Partition { .. } => "partition",
        Fault::PowerCut { .. } => "power-cut",
        Fault::SlowCommit { .. } => "slow-commit",
        Fault::ClockStep { .. } => "clock-step",
        Fault::Pause { .. } => "pause",
        Fault::PrinterFault { .. } => "printer-fault",
        Fault::PinCancelled { .. } => "pin-cancelled",
        Fault::WrongPin { .. } => "wrong-pin",
        Fault::CardUnreadable { .. } => "card-unreadable",
        Fault::KernelFails { .. } => "kernel-fails",
        Fault::CardDeclines { .. } => "card-declines",
        Fault::CardPulled { .. } => "card-pulled",
        Fault::ChipDataMissing { .. } => "chip-data-missing",
        Fault::KeyChange { .. } => "key-change",
        Fault::CutOver { .. } => "cut-over",
        Fault::Maintenance { .. } => "maintenance",
    }
}

/// What a case is called: the invariant, and what goes wrong in it.
pub fn describe_case(invariant: &str, faults: &[Fault]) -> String {
    let words: Vec<String> = faults.iter().map(describe_fault).collect();
    match words.is_empty() {
        true => format!("{invariant}, without any fault"),
        false => format!("{invariant}: {}", words.join("; ")),
    }
}

/// A step in words: `step 2: terminal-1, sale of 500.00 with card 1`.
pub fn describe_step(step: &Step, currency: Currency) -> String {
    let wish = match &step.wish {
        Wish::SignOn => "sign on".to_owned(),
        Wish::Sale { amount, card } => {
            format!("sale of {} with card {card}", currency.amount(*amount))
        }
        Wish::QrSale { amount, card } => {
            format!("QR sale of {} from the wallet of card {card}", currency.amount(*amount))
        }
        Wish::PreAuth { amount, card } => {
            format!("pre-authorisation of {} with card {card}", currency.amount(*amount))
        }
        Wish::Completion { of, amount: None } => format!("completion of step {of}"),
        Wish::Completion { of, amount: Some(amount) } => {
            format!("completion of step {of} for {}", currency.amount(*amount))
        }
        Wish::Void { of, card: None, .. } => format!("void of step {of}"),
        Wish::Void { of, card: Some(card), .. } => format!("void of step {of} with card {card}"),
        Wish::Refund { of, amount: None, .. } => format!("refund of step {of}"),
        Wish::Refund { of, amount: Some(amount), .. } => {
            format!("refund of step {of} for {}", currency.amount(*amount))
        }
        Wish::Inquiry { card } => format!("balance inquiry with card {card}"),
        Wish::Settle => "settle the batch".to_owned(),
        Wish::Reprint { of: None } => "print the last slip again".to_owned(),
        Wish::Reprint { of: Some(step) } => format!("print the slip of step {step} again"),
        Wish::Echo => "test the line".to_owned(),
        Wish::Download => "download chip parameters and public keys".to_owned(),
        Wish::CutOver { window_ms } => {
            format!("change the business date, refusing requests for {}", millis(*window_ms))
        }
        Wish::Maintenance { for_ms } => format!("close for maintenance for {}", millis(*for_ms)),
        Wish::WithdrawKeys { terminal } => format!("withdraw the work keys of {terminal}"),
        Wish::Claim { of, amount, by_hand } => {
            let amount = amount.map(|amount| format!(" for {}", currency.amount(amount)));
            let slip = if *by_hand { ", by a slip written by hand" } else { "" };
            format!("claim of step {of}{}{slip}", amount.unwrap_or_default())
        }
        Wish::LookUp { of, .. } => format!("look up the sale of step {of}"),
        Wish::Retrieve { of } => format!("complaint about step {of}: ask for the slip"),
    };
    let goods = match step.goods {
        None => "",
        Some(Goods::HandedOver) => ", goods handed over",
        Some(Goods::Kept) => ", goods kept",
    };
    let at = step.at_ms.map(|ms| format!(", {} after the beginning", millis(ms)));
    let intent = step.intent.map(|intent| format!(", for purchase {intent}"));
    let asked = match step.asked_by {
        crate::scenario::AskedBy::Cashier => "",
        crate::scenario::AskedBy::Screen => ", if the screen invites it",
    };
    let (at, intent) = (at.unwrap_or_default(), intent.unwrap_or_default());
    format!("step {}: {}, {wish}{goods}{at}{intent}{asked}", step.id, step.party)
}

/// How a slip names a card: `*0018`.
fn last_four(card: &Card) -> String {
    let digits = card.pan.as_str();
    format!("*{}", &digits[digits.len().saturating_sub(4)..])
}

/// What a person asked for, in few words: `sale 500.00, card *0018`.
pub fn describe_command(command: &Command) -> String {
    match command {
        Command::SignOn { .. } => "sign on".to_owned(),
        Command::Sale { amount, card, .. } if card.pan.is_payment_code() => {
            format!("QR sale {amount}, code {}", last_four(card))
        }
        Command::Sale { amount, card, .. } => format!("sale {amount}, card {}", last_four(card)),
        Command::PreAuth { amount, card, .. } => {
            format!("pre-authorise {amount}, card {}", last_four(card))
        }
        Command::Follow { kind, amount, card, original, .. } => {
            let (what, voucher) = (kind.words(), original.stan);
            format!("{what} {amount}, voucher {voucher:06}, card {}", last_four(card))
        }
        Command::Void { voucher, card, .. } => {
            format!("void {voucher:06}, card {}", last_four(card))
        }
        Command::Inquiry { card, .. } => format!("inquiry, card {}", last_four(card)),
        Command::Settle { .. } => "settle".to_owned(),
        Command::Reprint { voucher: None, .. } => "reprint the last slip".to_owned(),
        Command::Reprint { voucher: Some(stan), .. } => format!("reprint {stan:06}"),
        Command::Echo { .. } => "test the line".to_owned(),
        Command::Download { .. } => "download chip parameters and keys".to_owned(),
        Command::CutOver { date, .. } => format!("business date {date}"),
        Command::Maintenance { window } => format!("maintenance for {}", micros(window.0)),
        Command::Pause { length } => format!("stand still for {}", micros(length.0)),
        Command::WithdrawKeys { .. } => "withdraw keys".to_owned(),
        Command::Claim { slip, .. } => format!("claim {}", slip_words(slip)),
        Command::LookUp { slip, .. } => format!("look up {}", slip_words(slip)),
        Command::Retrieve { pan, amount, .. } => format!("slips of {amount}, card {pan}"),
    }
}

/// What a message of this type is, in few words.
pub fn describe_mti(mti: Mti) -> &'static str {
    match mti.class() * 10 + mti.function() {
        20 => "financial request",
        21 => "financial response",
        22 => "financial advice",
        23 => "financial advice response",
        32 => "batch upload or file part",
        33 => "batch upload or file part response",
        40 => "reversal",
        41 => "reversal response",
        42 => "reversal advice",
        43 => "reversal advice response",
        50 => "settlement",
        51 => "settlement response",
        80 => "network management",
        81 => "network management response",
        82 => "line test",
        83 => "line test response",
        _ => "message",
    }
}

/// Whether a card number is of a range that no bank issues: only those may be shown in clear.
pub fn is_test_card(pan: &str) -> bool {
    pan.starts_with("62242")
}

/// The text with every masked card number of `pans` in clear, where it is a test card.
pub fn unmask(text: &str, pans: &[Pan]) -> String {
    pans.iter()
        .filter(|pan| is_test_card(pan.as_str()))
        .fold(text.to_owned(), |text, pan| text.replace(&pan.to_string(), pan.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::Party;

    const ANSWER: OnMessage = OnMessage {
        from: Party::switch(1),
        to: Party::terminal(1),
        mti: Mti::FINANCIAL_RESPONSE,
        step: 2,
        nth: 1,
    };

    #[test]
    fn a_fault_names_what_it_hits_by_meaning() {
        assert_eq!(
            describe_fault(&Fault::Drop(ANSWER)),
            "drop the first 0210 of step 2 from switch-1 to terminal-1"
        );
        let until =
            Until::Deadline { of: Party::terminal(1), offset_us: 1_000, order: Tie::default() };
        assert_eq!(
            describe_fault(&Fault::Delay { on: OnMessage { nth: 12, ..ANSWER }, until }),
            "delay the 12th 0210 of step 2 from switch-1 to terminal-1 to 1 ms after the \
             deadline of terminal-1"
        );
        let at = When::Action(OnAction {
            party: Party::issuer(1),
            side: Side::After,
            action: ActionName::Record("decided"),
            step: 1,
            nth: 1,
        });
        let cut = Fault::PowerCut { party: Party::issuer(1), at, down_ms: 5_000, torn: false };
        assert_eq!(
            describe_fault(&cut),
            "cut the power of issuer-1 just after issuer-1 records decided for step 1, for 5 s"
        );
    }

    #[test]
    fn a_step_says_who_wants_what() {
        let wish = Wish::Sale { amount: 50_000, card: 1 };
        assert_eq!(
            describe_step(&Step::new(2, Party::terminal(1), wish), Currency::CNY),
            "step 2: terminal-1, sale of 500.00 with card 1"
        );
    }

    #[test]
    fn times_are_said_in_their_largest_whole_unit() {
        let said =
            [1, 1_000, 250_000, 2_500_000, 30_000_000, 180_000_000, 3_600_000_000].map(micros);
        assert_eq!(said, ["1 us", "1 ms", "250 ms", "2.5 s", "30 s", "3 min", "1 h"]);
        assert_eq!([11, 21, 112, 103].map(ordinal), ["11th", "21st", "112th", "103rd"]);
    }

    #[test]
    fn only_test_cards_are_shown_in_clear() {
        let pans = [Pan::new(b"6224210000000018"), Pan::new(b"6225880000000018")];
        let pans: Vec<Pan> = pans.into_iter().flatten().collect();
        let text = format!("{} {}", pans[0], pans[1]);
        assert_eq!(unmask(&text, &pans), "6224210000000018 622588******0018");
    }
}
