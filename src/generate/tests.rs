//! What a seed gives: always the same, whatever is asked for, and worth running.

use super::*;
use crate::fault::Fault;
use crate::scenario::Wish;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use std::collections::BTreeMap;

/// FNV-1a over the text of a scenario: it changes if, and only if, a seed means something else.
fn digest(profile: Profile, seeds: std::ops::Range<u64>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for seed in seeds {
        let text = toml::to_string(&scenario(profile, seed)).expect("a scenario is written");
        for byte in text.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash
}

#[test]
fn the_same_seed_gives_the_same_scenario() {
    for profile in Profile::ALL {
        for seed in [0, 1, 77, u64::MAX] {
            assert_eq!(scenario(profile, seed), scenario(profile, seed));
        }
        assert_ne!(scenario(profile, 1), scenario(profile, 2));
    }
}

/// If this changes, all published seeds mean something else: say so in the change log.
#[test]
fn seeds_mean_what_they_meant() {
    let digests =
        Profile::ALL.map(|profile| format!("{profile} {:016x}", digest(profile, 0..1_000)));
    insta::assert_snapshot!(digests.join("\n"), @"
    counter 7c224c16b0384635
    day 086fa726c3556b27
    boundary e0fa769048717e21
    crash 1c3f5d4d4a032c39
    concurrency 838982598e060f6c
    keys 3000f4acb6766df1
    mix 824eb3e3d7d7ba7e
    ");
}

#[test]
fn every_scenario_survives_its_file() {
    for seed in 0..2_000 {
        let scenario = scenario(Profile::Mix, seed);
        let text = toml::to_string(&scenario).expect("a scenario is written");
        let read: Scenario =
            toml::from_str(&text).unwrap_or_else(|e| panic!("{seed}: {e}\n{text}"));
        assert_eq!(read, scenario, "{seed}");
    }
}

#[test]
fn every_kind_of_fault_and_wish_is_drawn_and_no_unsafe_policy() {
    let mut kinds: BTreeMap<String, u32> = BTreeMap::new();
    for seed in 0..5_000 {
        let scenario = scenario(Profile::Mix, seed);
        for fault in &scenario.faults {
            let word = format!("{fault:?}");
            let kind = word.split([' ', '(', '{']).next().unwrap_or_default().to_owned();
            *kinds.entry(kind).or_default() += 1;
        }
        for step in &scenario.steps {
            let word = format!("{:?}", step.wish);
            let kind = word.split([' ', '(', '{']).next().unwrap_or_default().to_owned();
            *kinds.entry(format!("wish {kind}")).or_default() += 1;
        }
        assert!(!scenario.policy.issuer_credits_declined);
        assert!(!scenario.policy.terminal_trusts_unsigned_declines);
    }
    // 28 kinds of fault, 21 of wish; maintenance comes as a fault only.
    assert_eq!(kinds.len(), 49, "{kinds:#?}");
    assert!(kinds.values().all(|count| *count >= 20), "{kinds:#?}");
}

#[test]
fn nearly_every_scenario_sells_something_and_has_a_fault() {
    let scenarios = (0..1_000).map(|seed| scenario(Profile::Counter, seed));
    let (mut sales, mut faults) = (0, 0);
    for scenario in scenarios {
        sales += u32::from(scenario.steps.iter().any(|s| matches!(s.wish, Wish::Sale { .. })));
        faults += u32::from(!scenario.faults.is_empty());
        assert!(scenario.faults.len() <= 20 && (2..=15).contains(&scenario.steps.len()));
    }
    assert!(sales == 1_000 && faults > 950, "{sales} {faults}");
}

#[test]
fn in_nine_of_ten_scenarios_a_fault_really_happens() {
    for profile in Profile::ALL {
        let fires = |seed: &u64| crate::run(&scenario(profile, *seed)).counts.faults_fired > 0;
        let fired = (0..200).filter(fires).count();
        assert!(fired >= 180, "{profile}: {fired} of 200");
    }
}

#[test]
fn a_strategy_shrinks_to_the_one_fault_that_matters() {
    let is_bad = |scenario: &Scenario| {
        scenario.faults.iter().any(|fault| matches!(fault, Fault::PowerCut { .. }))
    };
    let config =
        Config { rng_seed: RngSeed::Fixed(3), failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let result = runner.run(&strategy(), |scenario| {
        proptest::prop_assert!(!is_bad(&scenario));
        Ok(())
    });
    let Err(proptest::test_runner::TestError::Fail(_, smallest)) = result else {
        panic!("256 scenarios have a power cut among them: {result:?}")
    };
    assert_eq!((smallest.faults.len(), smallest.steps.len()), (1, 0));
    assert_eq!((smallest.seed, smallest.policy), (0, crate::scenario::Policy::default()));
}

#[test]
fn what_was_simplified_too_far_is_taken_back() {
    let mut runner = TestRunner::deterministic();
    let mut tree = strategy_of(Profile::Day).new_tree(&mut runner).expect("always one");
    let before = tree.current();
    assert!(!tree.complicate(), "nothing to take back yet");
    assert!(tree.simplify() && tree.current() != before);
    assert!(tree.complicate());
    assert_eq!(tree.current(), before);
    // Nothing can go: the tree gives up after one round, and is what it was.
    let mut rounds = 0;
    while tree.simplify() {
        assert!(tree.complicate());
        rounds += 1;
    }
    assert!(tree.current() == before && rounds > 10 && rounds < 500, "{rounds}");
}

#[test]
fn any_bytes_give_a_bounded_scenario() {
    use ::arbitrary::{Arbitrary, Unstructured};
    let mut entropy = super::entropy::Seeded::new(5);
    for length in (0..600).step_by(3) {
        let bytes: Vec<u8> = (0..length).map(|_| entropy.below(256) as u8).collect();
        let scenario = Scenario::arbitrary(&mut Unstructured::new(&bytes)).expect("total");
        assert!(scenario.steps.len() <= 6 && scenario.faults.len() <= 8);
    }
    let none = Scenario::arbitrary(&mut Unstructured::new(&[])).expect("total");
    assert_eq!(none.faults, []);
}

#[test]
fn profiles_are_known_by_name() {
    for profile in Profile::ALL {
        assert_eq!(profile.name().parse(), Ok(profile));
    }
    assert!("rush".parse::<Profile>().is_err());
}

const CLEARING_TERMS: [&str; 6] = [
    "claim-days",
    "fee-shares",
    "file-records",
    "merchant-fee-bp",
    "reversal-dates",
    "suspense-dates",
];

/// An exploration beside every weak peer goes through what a search draws, and nothing is drawn
/// that it leaves out.
#[test]
fn what_is_drawn_of_policies_is_on_the_list_of_weak_peers() {
    use std::collections::BTreeSet;
    let flat = |scenario: &Scenario| {
        let policy = toml::Table::try_from(&scenario.policy).expect("a policy is a table");
        let default = toml::Table::try_from(&Scenario::default().policy).expect("so is this");
        let word = |value: &toml::Value| value.as_str().map_or(value.to_string(), str::to_owned);
        let differs = policy.into_iter().filter(|(key, value)| default.get(key) != Some(value));
        differs.map(|(key, value)| (word(&value), key)).collect::<Vec<_>>()
    };
    let listed: BTreeSet<&str> =
        WEAK_PEERS.iter().flat_map(|peers| peers.iter().copied()).collect();
    let mut drawn = BTreeSet::new();
    for seed in 0..20_000 {
        for (value, key) in flat(&scenario(Profile::Mix, seed)) {
            // Where a counter begins and ends is drawn from a range; how a clearing house is set
            // up makes no peer weak.
            let is_term = CLEARING_TERMS.contains(&&key[..]);
            if !key.contains("-stan-") && !is_term {
                drawn.insert(format!("{key}={value}"));
            }
        }
    }
    let missing: Vec<_> = drawn.iter().filter(|word| !listed.contains(&word[..])).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let policies = listed.iter().filter(|word| !word.contains(['.']) || word.contains("x9."));
    let policies = policies.filter(|word| !word.contains("-stan-"));
    let never: Vec<_> = policies.filter(|word| !drawn.contains(**word)).collect();
    assert!(never.is_empty(), "{never:?}");
}
