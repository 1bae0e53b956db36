//! Scenarios from a fuzzer's bytes: `arbitrary::Arbitrary`, for five-line fuzz targets.
//!
//! The bytes make the generator's choices; then some of them aim at nothing, because every value
//! must run, and a fuzzer is there to write what no generator would.

use super::entropy::{Bytes, Entropy};
use super::{Profile, build};
use crate::fault::{Damage, Fault, OnMessage, When};
use crate::party::Party;
use crate::scenario::{Scenario, Step, Wish};
use arbitrary::{Arbitrary, Result, Unstructured};
use reversim_models::iso8583::Mti;

/// Steps of a scenario made from bytes, at most.
const STEPS_MAX: usize = 6;
/// Faults of a scenario made from bytes, at most.
const FAULTS_MAX: usize = 8;

impl<'a> Arbitrary<'a> for Scenario {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Scenario> {
        let mut bytes = Bytes(bytes);
        let profile = Profile::ALL[bytes.below(Profile::ALL.len() as u64) as usize];
        let mut scenario = build(profile, &mut bytes);
        scenario.steps.truncate(STEPS_MAX);
        scenario.faults.truncate(FAULTS_MAX);
        scenario.seed = bytes.below(1 << 32);
        while scenario.steps.len() < STEPS_MAX && bytes.chance(10) {
            let step = stray_step(&mut bytes);
            scenario.steps.push(step);
        }
        while scenario.faults.len() < FAULTS_MAX && bytes.chance(25) {
            let fault = stray_fault(&mut bytes);
            scenario.faults.push(fault);
        }
        if bytes.chance(10) {
            strange_numbers(&mut bytes, &mut scenario);
        }
        Ok(scenario)
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (0, Some(512))
    }
}

fn party(bytes: &mut impl Entropy) -> Party {
    let number = bytes.below(5) as u8;
    bytes.pick(&[Party::terminal(number), Party::switch(number), Party::issuer(number)])
}

fn stray_step(bytes: &mut impl Entropy) -> Step {
    let (card, amount) = (bytes.below(4) as u8, bytes.below(1 << 50));
    let party = party(bytes);
    let wish = match bytes.below(14) {
        0 => Wish::Sale { amount, card },
        1 => Wish::Inquiry { card },
        2 => Wish::SignOn,
        3 => Wish::Settle,
        4 => Wish::Reprint { of: Some(bytes.below(9) as u32) },
        5 => Wish::Echo,
        // A day at most: line tests go on through it, and a run must also end.
        6 => Wish::CutOver { window_ms: amount >> 24 },
        7 => Wish::Maintenance { for_ms: amount >> 24 },
        8 => Wish::Claim { of: card.into(), amount: Some(amount), by_hand: amount % 2 == 0 },
        9 => Wish::LookUp { of: card.into(), by_hand: amount % 2 == 0 },
        10 => Wish::Retrieve { of: card.into() },
        11 => Wish::SignOff,
        12 => Wish::Route { to: party, open: amount % 2 == 0 },
        _ => Wish::WithdrawKeys { terminal: party },
    };
    let mut step = Step::new(bytes.below(9) as u32, party, wish);
    step.at_ms = bytes.chance(50).then(|| bytes.below(200_000));
    step
}

fn stray_fault(bytes: &mut impl Entropy) -> Fault {
    let mti = Mti::from_bcd(bytes.pick(&[0x0200, 0x0210, 0x0400, 0x0410, 0x0420, 0x0800, 0x9999]));
    let on = OnMessage {
        from: party(bytes),
        to: party(bytes),
        mti: mti.unwrap_or(Mti::FINANCIAL_REQUEST),
        step: bytes.below(9) as u32,
        nth: bytes.below(4) as u32,
    };
    let number = bytes.below(1 << 20);
    let at = if bytes.chance(50) { When::AtMs(number) } else { When::Message(on) };
    match bytes.below(10) {
        0 => Fault::Drop(on),
        1 => Fault::Corrupt { on, damage: Damage::Byte(number as u32) },
        2 => Fault::Corrupt { on, damage: Damage::Element(number as u8) },
        3 => Fault::Split { on, at_byte: number as u32, pause_ms: number },
        4 => Fault::Reset { on, at_byte: number as u32 },
        5 => Fault::ClockStep { party: on.to, at, by_ms: number as i64 * -977 },
        6 => Fault::Maintenance { party: on.from, at, for_ms: number },
        7 => Fault::PowerCut { party: on.to, at, down_ms: number, torn: true },
        8 => Fault::KeyChange { terminal: on.from, at },
        _ => Fault::Replay { on, after_ms: number },
    }
}

/// Sizes of zero and beyond all sense. Not of times to wait: a run must also end.
fn strange_numbers(bytes: &mut impl Entropy, scenario: &mut Scenario) {
    match bytes.below(6) {
        0 => scenario.topology.cards.clear(),
        1 => {
            scenario.topology.issuers = bytes.below(256) as u8;
            scenario.topology.direct = bytes.chance(50);
        }
        2 => scenario.policy.terminal_stan_max = bytes.below(4) as u32,
        3 => scenario.policy.saf_attempts = 0,
        4 => scenario.timing.start.clear(),
        _ => scenario.policy.switch_timeout_code.push('?'),
    }
}
