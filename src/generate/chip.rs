//! Cards with chips, and what goes wrong at the card: unreadable, pulled, unwilling, or a terminal
//! without parameters; and a gateway that sends a signed request as its own.
//!
//! It has a stream of its own and comes before the faults of the swarm, which then aim at what
//! chips do too. A seed that draws none of it means what it meant before.

use super::Profile;
use super::entropy::Entropy;
use super::flow::{Hop, Leg, Way};
use super::story::certain_sale;
use crate::fault::{ChipData, Fault};
use crate::scenario::{Scenario, Step, Wish};
use reversim_models::iso8583::Mti;

/// How many scenarios of a hundred have chips.
pub(super) const fn percent(profile: Profile) -> u64 {
    match profile {
        Profile::Counter | Profile::Keys => 8,
        _ => 14,
    }
}

/// Gives every card a chip, and mostly something goes wrong with one of them.
pub(super) fn add(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    for card in &mut scenario.topology.cards {
        card.chip = true;
    }
    let Some(way) = certain_sale(entropy, scenario) else { return };
    let step = way.step;
    match entropy.weighted(&[23, 20, 12, 8, 8, 15, 14]) {
        0 => {}
        1 => scenario.faults.push(Fault::CardPulled { step }),
        2 => scenario.faults.push(Fault::CardDeclines { step }),
        3 => scenario.faults.push(Fault::CardUnreadable { step }),
        4 => scenario.faults.push(Fault::KernelFails { step }),
        5 => something_is_missing(entropy, scenario, way),
        _ => a_gateway_sends_it_again(entropy, scenario, way),
    }
}

/// The terminal lacks something, and mostly downloads it, sooner or later.
fn something_is_missing(entropy: &mut impl Entropy, scenario: &mut Scenario, way: Way) {
    let what = entropy.pick(&[ChipData::Parameters, ChipData::PublicKeys]);
    scenario.faults.push(Fault::ChipDataMissing { step: way.step, what });
    let Some(at) = scenario.steps.iter().position(|step| step.id == way.step) else { return };
    if entropy.chance(80) {
        let id = scenario.steps.iter().map(|step| step.id).max().unwrap_or(0) + 1;
        let room = scenario.steps.len() - at;
        let later = if entropy.chance(60) { 0 } else { entropy.below(room as u64) as usize };
        let again = Step { id: id + 1, ..scenario.steps[at].clone() };
        let download = Step::new(id, way.terminal, Wish::Download);
        scenario.steps.insert(at + 1 + later, download);
        let mut again = Step { at_ms: None, ..again };
        again.intent = Some(*scenario.steps[at].intent.get_or_insert(way.step));
        scenario.steps.insert(at + 2 + later, again);
    }
}

/// On the line to the issuer, at once or when the sale is long done.
fn a_gateway_sends_it_again(entropy: &mut impl Entropy, scenario: &mut Scenario, way: Way) {
    let on = way.message(Hop(Leg::IssuerUp, Mti::FINANCIAL_REQUEST), 1);
    let after_ms = entropy.pick(&[0, 100, 1_000, 5_000, 25_000, 60_000]);
    scenario.faults.push(Fault::Resubmit { on, after_ms });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::scenario;

    #[test]
    fn what_goes_wrong_at_the_card_happens_and_nobody_loses_money() {
        let (mut seen, mut fired) = (0, 0);
        for seed in 0..4_000 {
            let scenario = scenario(Profile::Mix, seed);
            if !scenario.topology.cards.iter().any(|card| card.chip) {
                continue;
            }
            seen += 1;
            let run = crate::run::run(&scenario);
            assert_eq!(run.violation(), None, "{seed}");
            let is_of_chips = |fault: &Fault| {
                matches!(
                    fault,
                    Fault::CardPulled { .. }
                        | Fault::CardDeclines { .. }
                        | Fault::CardUnreadable { .. }
                        | Fault::KernelFails { .. }
                        | Fault::ChipDataMissing { .. }
                        | Fault::Resubmit { .. }
                )
            };
            let faults = scenario.faults.iter().enumerate();
            fired += faults.filter(|(n, f)| is_of_chips(f) && !run.idle_faults.contains(n)).count();
        }
        assert!(seen > 250 && fired > seen / 3, "{fired} of {seen}");
    }
}
