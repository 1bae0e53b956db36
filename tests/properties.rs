//! What holds for every scenario: those a search draws, those a fuzzer writes, and absurd ones.

use arbitrary::{Arbitrary, Unstructured};
use proptest::prelude::*;
use reversim::file::{parse, render};
use reversim::generate::{Profile, scenario, strategy};
use reversim::history::{Horizon, What};
use reversim::party::Party;
use reversim::scenario::{CardSpec, Scenario, Step, Wish};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_counter_never_loses_money(scenario in strategy()) {
        let run = reversim::run(&scenario);
        prop_assert_eq!(run.violation(), None);
    }

    #[test]
    fn what_a_fuzzer_writes_loses_no_money(bytes in prop::collection::vec(any::<u8>(), 0..1_024)) {
        let scenario = Scenario::arbitrary(&mut Unstructured::new(&bytes));
        let scenario = scenario.expect("every number of bytes is enough");
        let run = reversim::run(&scenario);
        prop_assert!(reaches_the_days_end(&run));
        prop_assert_eq!(run.violation(), None);
    }

    #[test]
    fn a_scenario_written_and_read_is_the_same(seed in 0..i64::MAX as u64, p in 0..7usize) {
        let drawn = scenario(Profile::ALL[p], seed);
        let text = render(&drawn).expect("its numbers are small");
        let read = parse("a scenario", text.as_bytes()).map_err(|error| error.to_string());
        prop_assert_eq!(read, Ok(drawn));
    }

    #[test]
    fn absurd_steps_and_numbers_still_make_a_run(
        steps in prop::collection::vec(step(), 0..8),
        spoil in prop::collection::vec(0..NUMBERS.len(), 0..4),
    ) {
        let mut scenario = Scenario { steps, ..Scenario::default() };
        for number in spoil {
            NUMBERS[number](&mut scenario);
        }
        let run = reversim::run(&scenario);
        // A maintenance window of thirty years with an echo test each second has no end here.
        prop_assert!(reaches_the_days_end(&run) || run.unfinished.is_some());
    }
}

fn reaches_the_days_end(run: &reversim::Run) -> bool {
    let last = run.history.entries.last();
    let horizon = match run.history.setting.parties.contains(&Party::clearing(1)) {
        true => Horizon::ClaimsClosed,
        false => Horizon::DayEnd,
    };
    last.is_some_and(|entry| entry.what == What::Horizon(horizon))
}

/// Parties that are not there, among those that are.
fn party() -> impl Strategy<Value = Party> {
    let number = prop_oneof![1..3u8, any::<u8>()];
    (0..4, number).prop_map(|(role, number)| match role {
        0 => Party::terminal(number),
        1 => Party::switch(number),
        2 => Party::clearing(number),
        _ => Party::issuer(number),
    })
}

/// Wishes at the wrong counter, for cards that nobody has, of amounts that nobody pays.
fn step() -> impl Strategy<Value = Step> {
    let amount = prop_oneof![0..2u64, 999_999_999_990..1_000_000_000_010u64, any::<u64>()];
    let id = prop_oneof![1..4u32, any::<u32>()];
    let wish = (0..12, amount, any::<u8>(), party(), id.clone());
    let wish = wish.prop_map(|(kind, amount, card, terminal, of)| match kind {
        0 | 1 => Wish::Sale { amount, card },
        2 => Wish::Inquiry { card },
        3 => Wish::SignOn,
        4 => Wish::Settle,
        5 => Wish::Reprint { of: Some(of) },
        6 => Wish::CutOver { window_ms: amount },
        7 => Wish::Maintenance { for_ms: amount % 1_000_000_000 },
        8 => Wish::Claim { of, amount: Some(amount), by_hand: card % 2 == 0 },
        9 => Wish::LookUp { of, by_hand: card % 2 == 0 },
        10 => Wish::Retrieve { of },
        _ => Wish::WithdrawKeys { terminal },
    });
    (id, party(), wish, prop::option::of(0..10_000_000u64))
        .prop_map(|(id, party, wish, at_ms)| Step { at_ms, ..Step::new(id, party, wish) })
}

/// Settings that no shop has. Waiting times stay within reason: a run must also end.
const NUMBERS: &[fn(&mut Scenario)] = &[
    |s| s.topology.terminals = 0,
    |s| s.topology.switches = 0,
    |s| s.topology.switches = 255,
    |s| s.topology.issuers = 0,
    |s| s.topology.issuers = 255,
    |s| s.topology.clearing = 255,
    |s| (s.topology.pool, s.topology.workers) = (0, 0),
    |s| (s.topology.pool, s.topology.workers) = (255, 255),
    |s| s.topology.cards.clear(),
    |s| {
        let rich = CardSpec { issuer: 200, balance: u64::MAX, ..CardSpec::default() };
        s.topology.cards.iter_mut().skip(1).for_each(|card| *card = rich.clone());
    },
    |s| s.topology.cards.iter_mut().for_each(|card| card.expiry = u16::MAX),
    |s| s.timing.start = "the day before yesterday".to_owned(),
    |s| s.timing.start = "9999-12-31 23:59:59".to_owned(),
    |s| (s.timing.latency_min_us, s.timing.latency_max_us) = (90_000, 10),
    |s| s.timing.terminal_response_ms = 0,
    |s| s.timing.switch_response_ms = 0,
    |s| (s.timing.frame_ms, s.timing.saf_retry_ms) = (0, 0),
    |s| (s.timing.think_ms, s.timing.pin_ms, s.timing.print_ms) = (0, 0, 0),
    |s| s.timing.patience_ms = 0,
    |s| s.timing.commit_ms = 100_000,
    |s| s.timing.echo_interval_ms = 1,
    |s| (s.policy.terminal_stan_max, s.policy.switch_stan_max) = (0, 0),
    |s| (s.policy.terminal_stan_max, s.policy.terminal_stan_start) = (u32::MAX, u32::MAX),
    |s| (s.policy.reversal_attempts, s.policy.saf_attempts, s.policy.saf_max) = (0, 0, 0),
    |s| (s.policy.pin_tries_max, s.policy.batch_max) = (0, 0),
    |s| s.policy.switch_timeout_code = "no code".to_owned(),
    |s| s.policy.issuer_unknown_original_code.clear(),
    |s| s.policy.network_mac = "rot13".to_owned(),
    |s| s.policy.amount_min = u64::MAX,
    |s| s.defects = vec!["T99".to_owned(), String::new()],
];
