//! Fewer parties and cards, and timers and policies back to what they are by default.

use super::List;
use super::fault::for_each_party;
use crate::party::{Party, Role};
use crate::scenario::{CardSpec, Policy, Scenario, Timing, Wish};

/// Fewer parties: those that nothing names go, and those that are left move up.
pub(super) fn smaller(list: &mut List<'_>) {
    for role in [Role::Terminal, Role::Switch, Role::Issuer] {
        let named = named(list.current, role);
        list.offer(|| format!("{} {role:?}s", named.len().max(1)), |s| compress(s, role, &named));
        // All in one place: faults between the switches then hit nothing, the others still do.
        list.offer(|| format!("one {role:?}"), |s| merge(s, role));
    }
    list.offer(|| "no direct lines".to_owned(), |s| s.topology.direct = false);
    list.offer(|| "no clearing house".to_owned(), |s| s.topology.clearing = 0);
    let one_node = |s: &mut Scenario| s.topology.clearing = s.topology.clearing.min(1);
    list.offer(|| "one node of the clearing house".to_owned(), one_node);
    list.offer(|| "one connection".to_owned(), |s| s.topology.pool = 1);
    list.offer(|| "one worker".to_owned(), |s| s.topology.workers = 1);
    let cards = list.current.steps.iter().map(|step| match step.wish {
        Wish::Sale { card, .. }
        | Wish::QrSale { card, .. }
        | Wish::PreAuth { card, .. }
        | Wish::OfflineSale { card, .. }
        | Wish::Inquiry { card } => usize::from(card),
        Wish::Void { card: Some(card), .. } => usize::from(card),
        _ => 0,
    });
    let cards = cards.max().unwrap_or(0).max(super::cost::CARDS);
    list.offer(|| format!("{cards} cards"), |s| s.topology.cards.truncate(cards));
    for index in 0..list.current.topology.cards.len() {
        list.offer(
            || format!("card {}: by default", index + 1),
            |s| s.topology.cards[index] = CardSpec::default(),
        );
        list.offer(
            || format!("card {}: plenty of money", index + 1),
            |s| s.topology.cards[index].balance = CardSpec::default().balance,
        );
    }
}

/// The numbers of all parties of this role that steps, faults or cards name, ascending.
fn named(scenario: &Scenario, role: Role) -> Vec<u8> {
    let mut numbers = Vec::new();
    let mut note = |party: &mut Party| {
        if party.role == role {
            numbers.push(party.number);
        }
    };
    for_each(&mut scenario.clone(), &mut note);
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

fn for_each(scenario: &mut Scenario, visit: &mut dyn FnMut(&mut Party)) {
    for step in &mut scenario.steps {
        visit(&mut step.party);
        if let Wish::WithdrawKeys { terminal: other } | Wish::Route { to: other, .. } =
            &mut step.wish
        {
            visit(other);
        }
    }
    for fault in &mut scenario.faults {
        for_each_party(fault, visit);
    }
    for card in &mut scenario.topology.cards {
        let mut issuer = Party::issuer(card.issuer);
        visit(&mut issuer);
        card.issuer = issuer.number;
    }
}

fn count(scenario: &mut Scenario, role: Role) -> &mut u8 {
    match role {
        Role::Terminal => &mut scenario.topology.terminals,
        Role::Switch => &mut scenario.topology.switches,
        Role::Issuer => &mut scenario.topology.issuers,
        Role::Clearing => &mut scenario.topology.clearing,
    }
}

/// As many as are named, numbered without gaps.
fn compress(scenario: &mut Scenario, role: Role, named: &[u8]) {
    // A chain has no gaps: its length is the highest number anyone names.
    if role != Role::Switch {
        for_each(scenario, &mut |party| {
            if party.role == role
                && let Some(place) = named.iter().position(|number| *number == party.number)
            {
                party.number = place as u8 + 1;
            }
        });
    }
    let needed = match role {
        Role::Switch => named.last().copied().unwrap_or(1),
        _ => named.len() as u8,
    };
    *count(scenario, role) = needed.max(1);
}

fn merge(scenario: &mut Scenario, role: Role) {
    for_each(scenario, &mut |party| {
        if party.role == role {
            party.number = 1;
        }
    });
    *count(scenario, role) = 1;
}

/// Names every field once, for the distance and for the way back.
macro_rules! fields {
    ($each:ident, $timing:ident, $policy:ident) => {
        $each!($timing: timing.start);
        $each!($timing: timing.latency_min_us);
        $each!($timing: timing.latency_max_us);
        $each!($timing: timing.terminal_response_ms);
        $each!($timing: timing.switch_response_ms);
        $each!($timing: timing.frame_ms);
        $each!($timing: timing.saf_retry_ms);
        $each!($timing: timing.echo_interval_ms);
        $each!($timing: timing.think_ms);
        $each!($timing: timing.pin_ms);
        $each!($timing: timing.print_ms);
        $each!($timing: timing.patience_ms);
        $each!($timing: timing.commit_ms);
        $each!($timing: timing.clearing_run_ms);
        $each!($timing: timing.file_retry_ms);
        $each!($policy: policy.pin);
        $each!($policy: policy.terminal_stan_max);
        $each!($policy: policy.terminal_stan_start);
        $each!($policy: policy.switch_stan_max);
        $each!($policy: policy.reversal_attempts);
        $each!($policy: policy.order_queries);
        $each!($policy: policy.saf_attempts);
        $each!($policy: policy.saf_max);
        $each!($policy: policy.batch_max);
        $each!($policy: policy.terminal_clears_on_not_found);
        $each!($policy: policy.terminal_trusts_unsigned_declines);
        $each!($policy: policy.switch_timeout_code);
        $each!($policy: policy.issuer_unknown_original_code);
        $each!($policy: policy.issuer_matches_by_rrn_alone);
        $each!($policy: policy.issuer_credits_declined);
        $each!($policy: policy.issuer_partial_approvals);
        $each!($policy: policy.instant_payout);
        $each!($policy: policy.merchant_reserve);
        $each!($policy: policy.stand_in_max);
        $each!($policy: policy.issuer_surcharge);
        $each!($policy: policy.issuer_cache_rows);
        $each!($policy: policy.hold_days);
        $each!($policy: policy.hold_until_s);
        $each!($policy: policy.issuer_zone_min);
        $each!($policy: policy.pin_tries_max);
        $each!($policy: policy.switch_answers_advices);
        $each!($policy: policy.refund_days);
        $each!($policy: policy.tip_percent);
        $each!($policy: policy.claim_days);
        $each!($policy: policy.currency);
        $each!($policy: policy.amount_min);
        $each!($policy: policy.sales_per_card_max);
        $each!($policy: policy.card_spacing_s);
        $each!($policy: policy.merchant_fee_bp);
        $each!($policy: policy.fee_shares);
        $each!($policy: policy.suspense_dates);
        $each!($policy: policy.reversal_dates);
        $each!($policy: policy.file_records);
        $each!($policy: policy.network_mac);
    };
}

/// How far timers and policies are from what they are by default.
pub(super) fn distance(scenario: &Scenario) -> u64 {
    let (timing, policy) = (Timing::default(), Policy::default());
    let mut differences = 0;
    macro_rules! compare {
        ($default:ident: $group:ident.$field:ident) => {
            differences += u64::from(scenario.$group.$field != $default.$field);
        };
    }
    fields!(compare, timing, policy);
    20 * differences
}

/// Timers and policies, all at once and one by one; and the seed, which only draws latencies.
pub(super) fn by_default(list: &mut List<'_>) {
    list.offer(|| "timers by default".to_owned(), |s| s.timing = Timing::default());
    list.offer(|| "policies by default".to_owned(), |s| s.policy = Policy::default());
    let (timing, policy) = (Timing::default(), Policy::default());
    macro_rules! back {
        ($default:ident: $group:ident.$field:ident) => {
            if list.current.$group.$field != $default.$field {
                list.offer(
                    || concat!(stringify!($field), " by default").replace('_', "-"),
                    |s| s.$group.$field = $default.$field.clone(),
                );
            }
        };
    }
    fields!(back, timing, policy);
    list.offer(|| "seed 0".to_owned(), |s| s.seed = 0);
    list.offer(|| "seed 1".to_owned(), |s| s.seed = 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_timer_and_no_policy_is_left_out() {
        let mut count = 0;
        macro_rules! one {
            ($default:ident: $group:ident.$field:ident) => {
                count += 1;
            };
        }
        fields!(one, timing, policy);
        let keys = |text: Result<String, _>| text.expect("it is written").lines().count();
        let all =
            keys(toml::to_string(&Timing::default())) + keys(toml::to_string(&Policy::default()));
        assert_eq!(count, all, "add the new field to `fields!`");
    }

    #[test]
    fn parties_that_nothing_names_go_and_the_others_move_up() {
        let mut scenario = Scenario::default();
        (scenario.topology.terminals, scenario.topology.issuers) = (3, 2);
        scenario.topology.cards[1].issuer = 2;
        let step =
            |id, number| crate::scenario::Step::new(id, Party::terminal(number), Wish::SignOn);
        scenario.steps = vec![step(1, 3), step(2, 1)];
        let terminals = named(&scenario, Role::Terminal);
        assert_eq!(terminals, [1, 3]);
        compress(&mut scenario, Role::Terminal, &terminals);
        assert_eq!(scenario.topology.terminals, 2);
        assert_eq!(scenario.steps[0].party, Party::terminal(2));
        merge(&mut scenario, Role::Issuer);
        assert_eq!(scenario.topology.issuers, 1);
        assert_eq!(scenario.topology.cards[1].issuer, 1);
    }
}
