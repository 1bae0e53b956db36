//! Faults in words: what is hit, and what is done to it.
//!
//! Everything is ASCII: a sentence may go to a log, a ladder or a file. What a fault is, `fault`
//! says.

use super::words::{micros, millis};
use crate::fault::{
    ActionName, ChipData, Damage, Direction, Fault, OnAction, OnMessage, Side, Tie, Until, When,
};
use reversim_models::device::Device;

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

fn told_on(device: Device) -> &'static str {
    match device {
        Device::Screen => "shows something on the screen",
        Device::Printer => "prints a slip",
        Device::PinPad => "asks for the PIN",
        Device::CardReader => "has the chip do something",
        Device::Log => "writes to its log",
        Device::TextMessage => "sends a text message",
        Device::Desk => "speaks at its claims desk",
    }
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
        ActionName::Tell(device) => told_on(*device).to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::Party;
    use reversim_models::iso8583::Mti;

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
    fn occurrences_are_counted_as_people_count_them() {
        assert_eq!([11, 21, 112, 103].map(ordinal), ["11th", "21st", "112th", "103rd"]);
    }
}
