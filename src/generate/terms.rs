//! On what terms banks and shops work: limits, currencies, surcharges, payouts, standing in. Each
//! has a stream of its own: a seed that draws none of it means what it meant before.

use super::clearing::{add_step, give_reversal_up};
use super::entropy::{Concern, Entropy};
use super::story::certain_sale;
use crate::scenario::{CurrencyName, Scenario, Wish};

/// How many scenarios of a hundred count in something that has not two decimals.
const CURRENCY_PERCENT: u64 = 4;

/// Draws them.
pub(super) fn add(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    entropy.concern(Concern::Rules);
    if entropy.chance(4) {
        scenario.topology.merchants = 2;
        scenario.policy.card_spacing_s = entropy.pick(&[60, 1_800]);
    }
    entropy.concern(Concern::Currency);
    if entropy.chance(CURRENCY_PERCENT) {
        scenario.policy.currency = entropy.pick(&[CurrencyName::JPY, CurrencyName::KWD]);
    }
    entropy.concern(Concern::Core);
    core(entropy, scenario);
}

/// A sale is paid out, its terminal never hears of it and settles without it; then it sells again.
fn what_is_paid_out_is_on_one_side(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let Some(way) = certain_sale(entropy, scenario) else { return };
    give_reversal_up(way, scenario);
    let at_ms = entropy.pick(&[80_000, 120_000, 200_000]);
    add_step(scenario, way.terminal, Wish::Settle, at_ms);
    let amount = entropy.pick(&[10_000, 5_000, 20_000]);
    add_step(scenario, way.terminal, Wish::Sale { amount, card: 1 }, at_ms + 60_000);
}

/// How issuers keep their books.
fn core(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    // Only where several write at once can a cache miss something.
    let is_busy = scenario.topology.workers > 1 && scenario.timing.commit_ms > 0;
    if entropy.chance(if is_busy { 60 } else { 2 }) {
        scenario.policy.issuer_cache_rows = entropy.pick(&[1, 1, 4]);
        // What is missed shows where there is enough for two or three of the usual sales.
        if entropy.chance(60) {
            let balance = entropy.pick(&[25_000, 20_000, 30_000]);
            scenario.topology.cards.iter_mut().for_each(|card| card.balance = balance);
        }
    }
    if entropy.chance(4) && scenario.topology.clearing == 0 {
        scenario.policy.instant_payout = true;
        scenario.policy.merchant_reserve = entropy.pick(&[0, 15_000]);
        if entropy.chance(25) {
            what_is_paid_out_is_on_one_side(entropy, scenario);
        }
    }
    // Nobody stands in for what only an issuer can check. Without a clearing house, an advice that
    // is given up stays an item for people.
    if entropy.chance(5) && !scenario.policy.issuer_partial_approvals {
        scenario.policy.stand_in_max = entropy.pick(&[10_000, 25_000, 1_000_000]);
        scenario.policy.pin = false;
    }
    if entropy.chance(5) {
        scenario.policy.issuer_surcharge = entropy.pick(&[150, 1]);
    }
}
