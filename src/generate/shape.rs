//! Who takes part, how long things take, and where real systems disagree. No steps, no faults.

use super::Profile;
use super::entropy::Entropy;
use crate::scenario::{CardSpec, Policy, Scenario, Standing, Timing, Topology};

/// A scenario without steps and faults.
pub(super) fn scenario(profile: Profile, entropy: &mut impl Entropy) -> Scenario {
    let mut scenario = Scenario { topology: topology(profile, entropy), ..Scenario::default() };
    timing(profile, scenario.topology.workers, entropy, &mut scenario.timing);
    // Most runs look at faults beside ordinary parties, the rest beside weak ones.
    if entropy.chance(45) {
        policy(entropy, &mut scenario.policy);
    }
    stans(profile, entropy, &mut scenario.policy);
    network_mac(entropy).clone_into(&mut scenario.policy.network_mac);
    scenario.policy.pin = entropy.chance(if profile == Profile::Keys { 95 } else { 75 });
    scenario
}

fn topology(profile: Profile, entropy: &mut impl Entropy) -> Topology {
    let is_concurrent = profile == Profile::Concurrency;
    let terminals = match profile {
        Profile::Concurrency => entropy.pick(&[2, 2, 3]),
        Profile::Day | Profile::Keys => entropy.pick(&[1, 1, 2]),
        _ => 1,
    };
    let switches = if entropy.chance(20) { 2 } else { 1 };
    let issuers = if entropy.chance(15) { 2 } else { 1 };
    let pool = if entropy.chance(if is_concurrent { 60 } else { 25 }) { 2 } else { 1 };
    let slow = match profile {
        Profile::Concurrency => 75,
        Profile::Crash | Profile::Boundary => 30,
        _ => 10,
    };
    let workers = if entropy.chance(slow) { entropy.pick(&[2, 3]) } else { 1 };
    let mut cards = vec![CardSpec::default(), CardSpec::default()];
    cards[1].issuer = issuers;
    let odd = usize::from(entropy.chance(30));
    // Several who spend at once must meet at a balance that is not enough for all of them.
    if entropy.chance(if is_concurrent { 50 } else { 25 }) {
        unusual(entropy, &mut cards[odd]);
    }
    Topology { terminals, switches, issuers, pool, workers, cards, ..Topology::default() }
}

/// A card that does not simply approve. Balances lie around the usual price (see `steps`).
fn unusual(entropy: &mut impl Entropy, card: &mut CardSpec) {
    match entropy.weighted(&[8, 2, 1, 1, 1]) {
        0 => card.balance = entropy.pick(&[10_000, 9_999, 15_000, 20_000, 25_000, 0]),
        1 => card.day_limit = entropy.pick(&[10_000, 20_000, 15_000]),
        2 => card.standing = Standing::Lost,
        3 => card.standing = Standing::Stolen,
        _ => card.expiry = 2604,
    }
}

/// Beginnings just before something turns over: a day, a month, a leap day, a year, clocks going
/// back in Europe.
pub(super) const EVES: &[&str] = &[
    "2026-05-30 23:59:20",
    "2026-12-31 23:59:30",
    "2028-02-28 23:59:35",
    "2028-02-29 23:59:10",
    "2026-10-25 02:59:40",
    "2026-06-30 23:58:50",
];

fn timing(profile: Profile, workers: u8, entropy: &mut impl Entropy, timing: &mut Timing) {
    let eve = match profile {
        Profile::Day | Profile::Boundary => 35,
        _ => 5,
    };
    if entropy.chance(eve) {
        entropy.pick(EVES).clone_into(&mut timing.start);
    }
    if entropy.chance(25) {
        let (low, high) =
            entropy.pick(&[(1_000, 1_000), (1_000, 300_000), (5_000, 2_000_000), (0, 0)]);
        (timing.latency_min_us, timing.latency_max_us) = (low, high);
    }
    if entropy.chance(20) {
        // Both at once, or the switch more patient than the terminal: then its answer is late.
        let (terminal, switch) =
            entropy.pick(&[(30_000, 30_000), (20_000, 40_000), (10_000, 9_000), (60_000, 5_000)]);
        (timing.terminal_response_ms, timing.switch_response_ms) = (terminal, switch);
    }
    if entropy.chance(20) {
        timing.saf_retry_ms = entropy.pick(&[1_000, 5_000, 30_000, 60_000]);
    }
    // Rare and slow: a tested line is tested through all the healing, and costs hundreds of frames;
    // not at a counter that sees one to three transactions.
    if profile != Profile::Counter && entropy.chance(12) {
        timing.echo_interval_ms = entropy.pick(&[15_000, 30_000, 60_000]);
    }
    if entropy.chance(15) {
        timing.think_ms = entropy.pick(&[0, 1, 500, 15_000, 31_000, 60_000]);
    }
    let slow = match profile {
        // Workers overtake each other only where a commit takes its time.
        _ if workers > 1 => 75,
        Profile::Concurrency | Profile::Crash => 35,
        _ => 8,
    };
    if entropy.chance(slow) {
        timing.commit_ms = entropy.pick(&[1, 5, 20, 50, 200]);
    }
}

/// Legal but weak peers, and limits small enough to be met. Never [`super::UNSAFE_POLICIES`].
fn policy(entropy: &mut impl Entropy, policy: &mut Policy) {
    if entropy.chance(50) {
        entropy.pick(&["98", "68", "91", "96"]).clone_into(&mut policy.switch_timeout_code);
    }
    if entropy.chance(50) {
        let code = entropy.pick(&["25", "12", "22"]);
        code.clone_into(&mut policy.issuer_unknown_original_code);
    }
    policy.terminal_clears_on_not_found = !entropy.chance(30);
    policy.issuer_matches_by_rrn_alone = entropy.chance(20);
    policy.issuer_partial_approvals = entropy.chance(30);
    if entropy.chance(40) {
        policy.reversal_attempts = entropy.pick(&[3, 1, 2]);
    }
    if entropy.chance(40) {
        policy.saf_attempts = entropy.pick(&[5, 1, 2, 3]);
    }
    if entropy.chance(15) {
        policy.batch_max = entropy.pick(&[3, 1, 2]);
    }
    if entropy.chance(10) {
        policy.saf_max = entropy.pick(&[2, 1]);
    }
    if entropy.chance(30) {
        policy.pin_tries_max = entropy.pick(&[2, 1]);
    }
    if entropy.chance(8) {
        policy.amount_min = entropy.pick(&[10_000, 150]);
    }
    if entropy.chance(8) {
        policy.sales_per_card_max = entropy.pick(&[2, 1]);
    }
}

/// Which MAC a line has decides nothing about who owes what, but most of what a run costs.
fn network_mac(entropy: &mut impl Entropy) -> &'static str {
    const MACS: &[&str] = &["x9.19", "aes-cmac", "pos-ecb", "x9.9", "3des-cbc"];
    MACS[entropy.weighted(&[15, 70, 10, 3, 2])]
}

/// Small moduli bring the wrap of trace numbers near.
fn stans(profile: Profile, entropy: &mut impl Entropy, policy: &mut Policy) {
    let small = if matches!(profile, Profile::Boundary | Profile::Day) { 50 } else { 20 };
    if entropy.chance(small) {
        // So few that a number comes back after a settlement, or so many that one is enough.
        let (least, most) = entropy.pick(&[(3, 8), (12, 30)]);
        policy.terminal_stan_max = entropy.between(least, most) as u32;
        let left = entropy.below(6) as u32;
        policy.terminal_stan_start = policy.terminal_stan_max.saturating_sub(left);
    }
    if entropy.chance(small) {
        policy.switch_stan_max = entropy.between(12, 30) as u32;
    }
}
