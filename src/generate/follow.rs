//! What follows a sale or stands beside it: voids, pre-authorisations, their completion and voids,
//! tips, sales that were authorised by telephone.
//!
//! It adds steps to those of a profile and takes none away, so that every profile has them in its
//! own surroundings. No faults.

use super::entropy::Entropy;
use super::shape::EVES;
use crate::party::{Party, Role};
use crate::scenario::{AskedBy, Scenario, Step, Wish};

/// How many of a hundred completions are told as done.
const TOLD_PERCENT: u64 = 30;

/// Adds one or two such things.
pub(super) fn add(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    for _ in 0..entropy.between(1, 2) {
        match entropy.weighted(&[38, 46, 10, 6]) {
            0 => a_sale_is_voided(entropy, scenario),
            1 => money_is_held_for_later(entropy, scenario),
            2 => a_tip_is_added(entropy, scenario),
            _ => a_sale_is_authorised_by_telephone(entropy, scenario),
        }
    }
    // What refers to an earlier voucher says its date, and dates change at midnight.
    if entropy.chance(15) {
        entropy.pick(EVES).clone_into(&mut scenario.timing.start);
    }
}

/// Inserts a step of the same purchase somewhere after another one, and tells where.
fn insert(
    entropy: &mut impl Entropy,
    scenario: &mut Scenario,
    after: usize,
    party: Party,
    wish: Wish,
) -> usize {
    let id = scenario.steps.iter().map(|step| step.id).max().unwrap_or(0) + 1;
    let mut step = Step::new(id, party, wish);
    if let Some(of) = step.wish.original()
        && let Some(original) = scenario.steps.iter_mut().find(|step| step.id == of)
    {
        step.intent = Some(*original.intent.get_or_insert(of));
    }
    // Mostly at once: later the batch may be closed.
    let room = scenario.steps.len().saturating_sub(after + 1) as u64;
    let later = if entropy.chance(60) { 0 } else { entropy.below(room + 1) as usize };
    let place = (after + 1 + later).min(scenario.steps.len());
    scenario.steps.insert(place, step);
    place
}

fn void(entropy: &mut impl Entropy, of: u32) -> Wish {
    let card = entropy.chance(4).then_some(2);
    let password = entropy.chance(4).then(|| "000000".to_owned());
    Wish::Void { of, card, password }
}

/// The place of one of the sales that are done whatever the screen shows.
fn sale(entropy: &mut impl Entropy, scenario: &Scenario) -> Option<usize> {
    let is_it =
        |step: &Step| matches!(step.wish, Wish::Sale { .. }) && step.asked_by == AskedBy::Cashier;
    let sales: Vec<usize> = (0..scenario.steps.len())
        .filter(|at| is_it(&scenario.steps[*at]) && scenario.steps[*at].at_ms.is_none())
        .collect();
    sales.get(entropy.below(sales.len() as u64) as usize).copied()
}

/// A sale gets a tip, or two, or more than anybody gives; then perhaps it is voided.
fn a_tip_is_added(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let Some(mut at) = sale(entropy, scenario) else { return };
    let Step { id: of, party, ref wish, .. } = scenario.steps[at];
    let sold = if let Wish::Sale { amount, .. } = *wish { amount } else { 0 };
    for _ in 0..entropy.pick(&[1, 1, 2]) {
        let amount = entropy.pick(&[(sold / 10).max(1), (sold / 10).max(1), sold / 5, sold]);
        at = insert(entropy, scenario, at, party, Wish::Tip { of, amount });
    }
    if entropy.chance(20) {
        let wish = void(entropy, of);
        insert(entropy, scenario, at, party, wish);
    }
}

/// What was authorised by telephone is booked.
fn a_sale_is_authorised_by_telephone(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let signs_on = |step: &Step| step.wish == Wish::SignOn && step.party.role == Role::Terminal;
    let Some(at) = scenario.steps.iter().rposition(signs_on) else { return };
    let party = scenario.steps[at].party;
    let amount = entropy.pick(&[10_000, 10_000, 80_000, 100]);
    let card = if entropy.chance(30) { 2 } else { 1 };
    insert(entropy, scenario, at, party, Wish::OfflineSale { amount, card });
}

/// One of the sales that are done whatever the screen shows is undone, perhaps twice.
fn a_sale_is_voided(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let Some(at) = sale(entropy, scenario) else { return };
    let (of, party) = (scenario.steps[at].id, scenario.steps[at].party);
    let wish = void(entropy, of);
    let at = insert(entropy, scenario, at, party, wish);
    if entropy.chance(25) {
        let wish = void(entropy, of);
        insert(entropy, scenario, at, party, wish);
    }
}

/// A pre-authorisation, and mostly what ends it.
fn money_is_held_for_later(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let signs_on = |step: &Step| step.wish == Wish::SignOn && step.party.role == Role::Terminal;
    let Some(at) = scenario.steps.iter().position(signs_on) else { return };
    let last = scenario.steps.iter().rposition(signs_on).unwrap_or(at);
    let party = scenario.steps[at].party;
    let amount = entropy.pick(&[10_000, 10_000, 80_000, 100]);
    let card = if entropy.chance(30) { 2 } else { 1 };
    let at = insert(entropy, scenario, last, party, Wish::PreAuth { amount, card });
    let of = scenario.steps[at].id;
    if entropy.chance(20) {
        let wish = void(entropy, of);
        insert(entropy, scenario, at, party, wish);
        return;
    }
    let amount = entropy.pick(&[None, Some(amount / 2), Some(amount * 7 / 10), Some(amount + 1)]);
    let told = entropy.chance(TOLD_PERCENT);
    let at = insert(entropy, scenario, at, party, Wish::Completion { of, amount, told });
    let completion = scenario.steps[at].id;
    match entropy.weighted(&[50, 25, 15, 10]) {
        0 => {}
        1 => {
            let wish = void(entropy, completion);
            let at = insert(entropy, scenario, at, party, wish);
            if entropy.chance(40) {
                let told = entropy.chance(TOLD_PERCENT);
                insert(entropy, scenario, at, party, Wish::Completion { of, amount: None, told });
            }
        }
        2 => {
            let told = entropy.chance(TOLD_PERCENT);
            insert(entropy, scenario, at, party, Wish::Completion { of, amount: None, told });
        }
        _ => {
            let wish = void(entropy, of);
            insert(entropy, scenario, at, party, wish);
        }
    }
}
