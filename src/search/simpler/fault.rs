//! Plainer faults: the same place hit by a simpler kind, or with rounder numbers.

use super::{List, PLAIN};
use crate::fault::{Direction, Fault, OnAction, OnMessage, Side, Tie, Until, When};
use crate::party::Party;
use crate::search::fingerprint::normalised;

pub(super) fn plainer(list: &mut List<'_>) {
    for index in 0..list.current.faults.len() {
        let fault = list.current.faults[index];
        for simpler in variants(fault) {
            let words = || match normalised(&simpler) {
                same if same == normalised(&fault) => format!("{same}: plainer numbers"),
                other => format!("{} becomes {other}", normalised(&fault)),
            };
            list.offer(words, |scenario| scenario.faults[index] = simpler);
        }
    }
}

/// What may stand in its place. Whether it is simpler is for the cost to say.
fn variants(fault: Fault) -> Vec<Fault> {
    let mut found = Vec::new();
    let mut copy = fault;
    if let Some(on) = message(&mut copy) {
        found.push(Fault::Drop(*on));
        on.nth = 1;
        found.push(copy);
    }
    let mut copy = fault;
    if let Some(on) = action(&mut copy) {
        on.nth = 1;
        found.push(copy);
        if let Some(on) = action(&mut copy) {
            on.side = Side::Before;
        }
        found.push(copy);
    }
    match fault {
        Fault::Stall { at, a, b, for_ms } => {
            found.push(Fault::Partition { at, a, b, direction: Direction::Both, for_ms });
        }
        Fault::Partition { at, a, b, for_ms, .. } => {
            found.push(Fault::Partition { at, a, b, direction: Direction::Both, for_ms });
        }
        Fault::PowerCut { party, at, down_ms, torn: true } => {
            found.push(Fault::PowerCut { party, at, down_ms, torn: false });
        }
        Fault::Delay { on, until: Until::Deadline { of, offset_us, .. } } => {
            for offset_us in [0, offset_us.signum()] {
                let until = Until::Deadline { of, offset_us, order: Tie::MessageFirst };
                found.push(Fault::Delay { on, until });
            }
            found.push(Fault::Delay { on, until: Until::ByMs(60_000) });
        }
        _ => {}
    }
    for number in 0..numbers(&mut fault.clone()).len() {
        for plain in PLAIN {
            let mut copy = fault;
            if let Some(place) = numbers(&mut copy).into_iter().nth(number) {
                place.set(plain);
            }
            found.push(copy);
        }
    }
    found
}

/// A number of a fault.
pub(in crate::search) enum Number<'a> {
    Count(&'a mut u64),
    Byte(&'a mut u32),
    Signed(&'a mut i64),
}

impl Number<'_> {
    pub(in crate::search) fn set(self, plain: u64) {
        match self {
            Number::Count(place) => *place = plain,
            Number::Byte(place) => *place = plain as u32,
            Number::Signed(place) => *place = place.signum() * plain as i64,
        }
    }

    pub(in crate::search) fn value(&self) -> u64 {
        match self {
            Number::Count(place) => **place,
            Number::Byte(place) => u64::from(**place),
            Number::Signed(place) => place.unsigned_abs(),
        }
    }
}

/// Its numbers, but for those that name what it hits.
pub(in crate::search) fn numbers(fault: &mut Fault) -> Vec<Number<'_>> {
    let (at, own) = match fault {
        Fault::Delay { until: Until::ByMs(ms), .. }
        | Fault::Duplicate { after_ms: ms, .. }
        | Fault::Replay { after_ms: ms, .. }
        | Fault::Resubmit { after_ms: ms, .. }
        | Fault::SlowCommit { by_ms: ms, .. } => (None, vec![Number::Count(ms)]),
        Fault::Delay { until: Until::Deadline { offset_us, .. }, .. } => {
            (None, vec![Number::Signed(offset_us)])
        }
        Fault::Split { at_byte, pause_ms, .. } => {
            (None, vec![Number::Byte(at_byte), Number::Count(pause_ms)])
        }
        Fault::Reset { at_byte, .. } => (None, vec![Number::Byte(at_byte)]),
        Fault::Stall { at, for_ms, .. }
        | Fault::Partition { at, for_ms, .. }
        | Fault::PowerCut { at, down_ms: for_ms, .. }
        | Fault::CutOver { at, window_ms: for_ms }
        | Fault::Pause { at, for_ms, .. }
        | Fault::Maintenance { at, for_ms, .. } => (Some(at), vec![Number::Count(for_ms)]),
        Fault::ClockStep { at, by_ms, .. } => (Some(at), vec![Number::Signed(by_ms)]),
        Fault::KeyChange { at, .. } => (Some(at), Vec::new()),
        Fault::Drop(_)
        | Fault::Reorder(_)
        | Fault::Corrupt { .. }
        | Fault::Coalesce(_)
        | Fault::HalfOpen(_)
        | Fault::PrinterFault { .. }
        | Fault::PinCancelled { .. }
        | Fault::WrongPin { .. }
        | Fault::CardUnreadable { .. }
        | Fault::KernelFails { .. }
        | Fault::CardDeclines { .. }
        | Fault::CardPulled { .. }
        | Fault::ChipDataMissing { .. } => (None, Vec::new()),
    };
    let mut all = own;
    if let Some(When::AtMs(ms)) = at {
        all.push(Number::Count(ms));
    }
    all
}

/// The message it is about.
pub(super) fn message(fault: &mut Fault) -> Option<&mut OnMessage> {
    match fault {
        Fault::Drop(on)
        | Fault::Delay { on, .. }
        | Fault::Duplicate { on, .. }
        | Fault::Reorder(on)
        | Fault::Corrupt { on, .. }
        | Fault::Replay { on, .. }
        | Fault::Resubmit { on, .. }
        | Fault::Split { on, .. }
        | Fault::Coalesce(on)
        | Fault::Reset { on, .. }
        | Fault::HalfOpen(on) => Some(on),
        _ => match fault.when_mut() {
            Some(When::Message(on)) => Some(on),
            _ => None,
        },
    }
}

/// The action it is about.
pub(in crate::search) fn action(fault: &mut Fault) -> Option<&mut OnAction> {
    match fault {
        Fault::SlowCommit { at, .. } => Some(at),
        _ => match fault.when_mut() {
            Some(When::Action(on)) => Some(on),
            _ => None,
        },
    }
}

/// Every party it names.
pub(super) fn for_each_party(fault: &mut Fault, visit: &mut dyn FnMut(&mut Party)) {
    if let Some(on) = message(fault) {
        visit(&mut on.from);
        visit(&mut on.to);
    }
    if let Some(on) = action(fault) {
        visit(&mut on.party);
    }
    match fault {
        Fault::Delay { until: Until::Deadline { of, .. }, .. } => visit(of),
        Fault::Stall { a, b, .. } | Fault::Partition { a, b, .. } => {
            visit(a);
            visit(b);
        }
        Fault::PowerCut { party, .. }
        | Fault::ClockStep { party, .. }
        | Fault::Pause { party, .. }
        | Fault::Maintenance { party, .. }
        | Fault::KeyChange { terminal: party, .. } => visit(party),
        _ => {}
    }
}
