//! Customers who pay by telephone: some of the sales of a profile become sales by payment code, and
//! some of those go wrong where an order can: the payment is slow, or the news of it is.
//!
//! It comes after what follows sales, so that what was to be voided or refunded is so still, and
//! has a stream of its own: a seed that draws none of it means what it meant before. It aims like
//! the rest, and knows no party.

use super::Profile;
use super::entropy::Entropy;
use super::flow::{Hop, Leg, Way};
use crate::fault::{Fault, Tie, Until};
use crate::scenario::{AskedBy, Scenario, Step, Wish};
use reversim_models::iso8583::Mti;

const REQUEST_TO_ISSUER: Hop = Hop(Leg::IssuerUp, Mti::FINANCIAL_REQUEST);
const ANSWER_OF_ISSUER: Hop = Hop(Leg::IssuerDown, Mti::FINANCIAL_RESPONSE);
const ANSWER_DOWN: Hop = Hop(Leg::PosDown, Mti::FINANCIAL_RESPONSE);

/// How many scenarios of a hundred of this profile have such customers; none where a counter is
/// measured.
pub(super) const fn percent(profile: Profile, is_short: bool) -> u64 {
    match profile {
        _ if is_short => 0,
        Profile::Counter | Profile::Keys | Profile::Mix => 8,
        Profile::Boundary | Profile::Crash | Profile::Concurrency => 10,
        Profile::Day => 15,
    }
}

/// Most sales are paid by telephone.
pub(super) fn add(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    scenario.policy.order_queries = entropy.pick(&[2, 2, 1, 1, 0, 3]);
    for step in &mut scenario.steps {
        if let Wish::Sale { amount, card } = step.wish
            && entropy.chance(75)
        {
            step.wish = Wish::QrSale { amount, card };
        }
    }
    let is_order = |step: &&Step| {
        matches!(step.wish, Wish::QrSale { .. }) && step.asked_by == AskedBy::Cashier
    };
    let way = scenario.steps.iter().find(is_order).and_then(|step| Way::of(scenario, step));
    if let Some(way) = way {
        match entropy.weighted(&[55, 15, 15, 15]) {
            0 => {}
            1 => the_payment_is_slow(way, entropy, scenario),
            2 => the_news_comes_when_the_order_is_being_closed(way, entropy, scenario),
            _ => nobody_hears_of_the_payment(way, entropy, scenario),
        }
    }
}

/// The request reaches the issuer when the terminal has asked, and perhaps closed.
fn the_payment_is_slow(way: Way, entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let (timing, policy) = (&scenario.timing, &scenario.policy);
    let asked = u64::from(policy.order_queries) * timing.terminal_response_ms;
    let closed = timing.switch_response_ms.max(timing.terminal_response_ms) + asked;
    let late = closed + entropy.pick(&[1_000, 5_000, 20_000, 60_000]);
    let ms = entropy.pick(&[late, late, late, closed / 2]);
    let on = way.message(REQUEST_TO_ISSUER, 1);
    scenario.faults.push(Fault::Delay { on, until: Until::ByMs(ms) });
}

/// The answer is lost; that to the last question comes at its deadline or just after it.
fn the_news_comes_when_the_order_is_being_closed(
    way: Way,
    entropy: &mut impl Entropy,
    scenario: &mut Scenario,
) {
    let queries = entropy.pick(&[1, 1, 2]);
    scenario.policy.order_queries = queries;
    scenario.faults.push(Fault::Drop(way.message(ANSWER_DOWN, 1)));
    for nth in 2..=u32::from(queries) + 1 {
        let (offset_us, order) = entropy.pick(&[
            (0, Tie::DeadlineFirst),
            (1, Tie::MessageFirst),
            (1_000, Tie::MessageFirst),
            (15_000, Tie::MessageFirst),
        ]);
        let until = Until::Deadline { of: way.terminal, offset_us, order };
        scenario.faults.push(Fault::Delay { on: way.message(ANSWER_DOWN, nth), until });
    }
}

/// The issuer's answer is lost, and perhaps those to the questions too.
fn nobody_hears_of_the_payment(way: Way, entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let lost = entropy.pick(&[1, 1, 2, 3]);
    let hop = entropy.pick(&[ANSWER_OF_ISSUER, ANSWER_OF_ISSUER, ANSWER_DOWN]);
    for nth in 1..=lost {
        scenario.faults.push(Fault::Drop(way.message(hop, nth)));
    }
}
