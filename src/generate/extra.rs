//! What a swarm of single faults hardly composes: an order of delivery by priorities, a line on
//! which every other message is hit, power lost around what is rarely written.
//!
//! All of it ends up as ordinary delays, drops, copies and cuts in the scenario: nothing here is
//! known to any world, and shrinking takes it apart like everything else. Each has a stream of its
//! own, so that a seed that draws none of it means what it meant before.

use super::Profile;
use super::entropy::{Concern, Entropy};
use super::flow::{Hop, Way};
use crate::fault::{ActionName, Fault, OnAction, OnMessage, Side, Until, When};
use crate::party::{Party, Role};
use crate::scenario::{Scenario, Wish};

/// Messages that are held up for the sake of an order, at most.
const HELD_MAX: usize = 6;
/// Messages that a storm hits, at most.
const STORM_MAX: usize = 8;
/// Steps that are looked at.
const WAYS_MAX: usize = 8;

/// Adds what this profile has of it, mostly nothing.
pub(super) fn add(profile: Profile, entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let (order, storm, rare) = match profile {
        Profile::Concurrency => (25, 4, 3),
        Profile::Crash => (3, 3, 25),
        Profile::Day | Profile::Boundary => (6, 3, 6),
        _ => (4, 4, 3),
    };
    entropy.concern(Concern::Order);
    if entropy.chance(order) {
        an_order_by_priorities(entropy, scenario);
    }
    entropy.concern(Concern::Storm);
    if entropy.chance(storm) {
        every_other_message_is_hit(entropy, scenario);
    }
    entropy.concern(Concern::Rare);
    if entropy.chance(rare) {
        power_fails_around_a_rare_record(entropy, scenario);
    }
}

/// The messages of each step, in the order in which they travel, those that follow trouble last.
fn conversations(scenario: &Scenario) -> Vec<Vec<OnMessage>> {
    let ways = scenario.steps.iter().filter_map(|step| Way::of(scenario, step)).take(WAYS_MAX);
    ways.map(|way| {
        let mut messages: Vec<OnMessage> = Vec::with_capacity(12);
        let trouble = way.after_trouble(super::flow::Leg::PosDown);
        for way in [Some(way), trouble].into_iter().flatten() {
            // The catalogue names answers twice, because they are hit more often.
            let hops: &[Hop] = way.hops();
            for on in hops.iter().map(|hop| way.message(*hop, 1)) {
                if !messages.contains(&on) {
                    messages.push(on);
                }
            }
        }
        messages
    })
    .collect()
}

/// Whether a fault of the scenario happens to this message already: a second one may undo it.
fn is_hit(scenario: &Scenario, on: &OnMessage) -> bool {
    scenario.faults.iter().any(|fault| fault.message() == Some(on))
}

/// Each conversation has a random priority, and at a few random points one falls behind all the
/// others: a message waits the longer, the more conversations go before it. Few such points order
/// most of what can be ordered wrongly (after the probabilistic concurrency testing of Burckhardt,
/// Kothari, Musuvathi and Nagarakatte).
fn an_order_by_priorities(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let conversations = conversations(scenario);
    let count = conversations.len();
    // Longer than any message takes, or about as long as somebody waits.
    let unit_ms = entropy.pick(&[50, 100, 1_000, 7_000, 10_000]);
    let mut ranks: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        ranks.swap(last, entropy.below(last as u64 + 1) as usize);
    }
    let changes: Vec<(usize, usize)> = (0..entropy.between(1, 3))
        .map(|_| {
            let which = entropy.below(count as u64) as usize;
            let length = conversations.get(which).map_or(0, Vec::len) as u64;
            (which, entropy.below(length) as usize)
        })
        .collect();
    let mut held = 0;
    for (which, messages) in conversations.iter().enumerate() {
        let mut rank = ranks[which];
        for (place, on) in messages.iter().enumerate() {
            let falls = changes.iter().position(|change| *change == (which, place));
            rank = falls.map_or(rank, |later| count + later);
            if rank > 0 && held < HELD_MAX && !is_hit(scenario, on) {
                let until = Until::ByMs(rank as u64 * unit_ms);
                scenario.faults.push(Fault::Delay { on: *on, until });
                held += 1;
            }
        }
    }
}

/// One kind of fault, at a rate between one in ten and one in two, on everything that travels.
fn every_other_message_is_hit(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let percent = entropy.pick(&[10, 25, 50]);
    let kind = entropy.below(4);
    let mut hit = 0;
    for on in conversations(scenario).into_iter().flatten() {
        if hit >= STORM_MAX || !entropy.chance(percent) || is_hit(scenario, &on) {
            continue;
        }
        hit += 1;
        scenario.faults.push(match kind {
            0 => Fault::Drop(on),
            1 => Fault::Duplicate { on, after_ms: entropy.pick(&[0, 1, 1_000]) },
            2 => Fault::Delay { on, until: Until::ByMs(entropy.pick(&[100, 5_000, 21_000])) },
            _ => Fault::Reset { on, at_byte: entropy.pick(&[0, 20, 1_000]) },
        });
    }
}

/// Records that the catalogue of an ordinary day does not name, with who writes them.
const RARE: &[(Role, &str)] = &[
    (Role::Terminal, "declined"),
    (Role::Terminal, "exception-opened"),
    (Role::Terminal, "detail-uploaded"),
    (Role::Terminal, "signed-off"),
    (Role::Terminal, "not-sent"),
    (Role::Switch, "exception-opened"),
    (Role::Switch, "late-answer-absorbed"),
    (Role::Switch, "detail-received"),
    (Role::Switch, "keys-withdrawn"),
    (Role::Switch, "cut-over"),
    (Role::Issuer, "cut-over"),
];

/// Before, after, or in the middle of one of them.
fn power_fails_around_a_rare_record(entropy: &mut impl Entropy, scenario: &mut Scenario) {
    let (role, name) = entropy.pick(RARE);
    let is_it = |wish: &Wish| match name {
        "detail-uploaded" | "detail-received" => *wish == Wish::Settle,
        "cut-over" => matches!(wish, Wish::CutOver { .. }),
        "keys-withdrawn" => matches!(wish, Wish::WithdrawKeys { .. }),
        _ => matches!(wish, Wish::Sale { .. }),
    };
    let steps = scenario.steps.iter().filter(|step| is_it(&step.wish));
    let count = steps.clone().count() as u64;
    let Some(step) = { steps }.nth(entropy.below(count) as usize) else { return };
    let number = if role == Role::Terminal { step.party.number } else { 1 };
    let party = Party { role, number };
    let (side, torn) = entropy.pick(&[
        (Side::Before, false),
        (Side::After, false),
        (Side::After, false),
        (Side::Before, true),
    ]);
    let action = ActionName::Record(name);
    let at = When::Action(OnAction { party, side, action, step: step.id, nth: 1 });
    let down_ms = entropy.pick(&[200, 5_000, 45_000]);
    scenario.faults.push(Fault::PowerCut { party, at, down_ms, torn });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::entropy::Seeded;
    use crate::generate::scenario;

    fn with(seed: u64, add: impl Fn(&mut Seeded, &mut Scenario)) -> (Scenario, usize) {
        let mut scenario = scenario(Profile::Concurrency, seed);
        let before = scenario.faults.len();
        add(&mut Seeded::new(seed), &mut scenario);
        (scenario, before)
    }

    #[test]
    fn an_order_is_nothing_but_delays_that_grow_with_the_rank() {
        let mut held = 0;
        for seed in 0..200 {
            let (scenario, before) = with(seed, an_order_by_priorities);
            for fault in &scenario.faults[before..] {
                let Fault::Delay { until: Until::ByMs(ms), .. } = fault else {
                    panic!("{fault:?}");
                };
                assert!(*ms >= 50);
                held += 1;
            }
            assert!(scenario.faults.len() - before <= HELD_MAX);
        }
        assert!(held > 500, "{held}");
    }

    #[test]
    fn no_message_is_hit_twice() {
        for seed in 0..200 {
            let (scenario, before) = with(seed, every_other_message_is_hit);
            let mut scenario_before = scenario.clone();
            scenario_before.faults.truncate(before);
            for fault in &scenario.faults[before..] {
                let (Fault::Drop(on)
                | Fault::Duplicate { on, .. }
                | Fault::Delay { on, .. }
                | Fault::Reset { on, .. }) = fault
                else {
                    panic!("{fault:?}");
                };
                assert!(!is_hit(&scenario_before, on), "{seed}");
            }
        }
    }

    #[test]
    fn rare_records_are_records_and_some_of_the_cuts_happen() {
        use reversim_models::record::Record;
        assert!(RARE.iter().all(|(_, name)| Record::NAMES.contains(name)));
        let mut fired = 0;
        for seed in 0..400 {
            let (scenario, before) = with(seed, power_fails_around_a_rare_record);
            if scenario.faults.len() > before {
                let run = crate::run::run(&scenario);
                assert_eq!(run.violation(), None, "{seed}");
                fired += u32::from(!run.idle_faults.contains(&before));
            }
        }
        assert!(fired > 10, "{fired}");
    }
}
