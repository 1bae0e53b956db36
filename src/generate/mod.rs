//! From a profile and a seed to a scenario: what is worth trying, and in which proportions.
//!
//! Probabilities live here and nowhere else: a scenario says what happens, never how likely it is.
//! The same build gives the same scenario for a seed, on every machine. No world is known here.

mod arbitrary;
mod chip;
mod claims;
mod clearing;
mod entropy;
mod extra;
mod faults;
mod flow;
mod follow;
mod given_back;
mod hold;
mod identity;
mod nodes;
mod peers;
mod qr;
mod refund;
mod routes;
mod shape;
mod steps;
mod story;
mod strategy;
mod terms;

pub use peers::WEAK_PEERS;
pub use strategy::{ScenarioStrategy, ScenarioTree, strategy, strategy_of};

use crate::scenario::Scenario;
use entropy::{Concern, Entropy, Seeded};
use std::fmt;
use std::str::FromStr;

/// What a search concentrates on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Profile {
    /// One terminal, one to three transactions.
    Counter,
    /// A business day: more sales, cut-over, settlement.
    Day,
    /// Arrivals around deadlines, wrapping numbers, midnights.
    Boundary,
    /// Power cuts at every kind of action, torn records, slow disks.
    Crash,
    /// Several terminals, pools and workers at the same instants.
    Concurrency,
    /// Key changes, damaged MACs, wrong PINs.
    Keys,
    /// All of the above.
    #[default]
    Mix,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Profile; 7] = [
        Profile::Counter,
        Profile::Day,
        Profile::Boundary,
        Profile::Crash,
        Profile::Concurrency,
        Profile::Keys,
        Profile::Mix,
    ];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Profile::Counter => "counter",
            Profile::Day => "day",
            Profile::Boundary => "boundary",
            Profile::Crash => "crash",
            Profile::Concurrency => "concurrency",
            Profile::Keys => "keys",
            Profile::Mix => "mix",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that does not name a profile.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{0}` is not a profile: write counter, day, boundary, crash, concurrency, keys or mix")]
pub struct ParseProfileError(String);

impl FromStr for Profile {
    type Err = ParseProfileError;

    fn from_str(word: &str) -> Result<Profile, ParseProfileError> {
        let named = Profile::ALL.into_iter().find(|profile| profile.name() == word);
        named.ok_or_else(|| ParseProfileError(word.to_owned()))
    }
}

/// Policies that no search draws, because a correct party beside them cannot be safe, each with
/// the reason. A scenario file may still set them.
pub const UNSAFE_POLICIES: &[(&str, &str)] = &[
    (
        "issuer-credits-declined",
        "the issuer gives money for a reversal of a declined original, and a switch that timed out \
         cannot know that the original was declined: it must reverse",
    ),
    (
        "terminal-trusts-unsigned-declines",
        "the terminal ends the doubt on a decline that anybody on the line can write, while the \
         issuer may have debited",
    ),
];

/// How many scenarios of a hundred tell a story: faults that belong together.
const STORIES_PERCENT: u64 = 16;

/// How many scenarios of a hundred have voids or pre-authorisations beside what they sell.
const FOLLOW_PERCENT: u64 = 30;

/// How many scenarios of a hundred have trade cards, which matter where money is held.
const ESCROW_PERCENT: u64 = 30;

/// The scenario of this seed. Total, deterministic and cheap: about a microsecond.
pub fn scenario(profile: Profile, seed: u64) -> Scenario {
    let mut scenario = build(profile, &mut Seeded::new(seed));
    scenario.seed = seed;
    scenario
}

/// Transactions beside a sale that people ask for, at most, where only a counter is wanted.
const COUNTER_OTHERS_MAX: usize = 2;

fn build(profile: Profile, entropy: &mut impl Entropy) -> Scenario {
    entropy.concern(Concern::Mix);
    let is_short = profile == Profile::Counter;
    let profile = match profile {
        Profile::Mix => Profile::ALL[entropy.weighted(&[30, 10, 20, 18, 14, 8])],
        chosen => chosen,
    };
    entropy.concern(Concern::Shape);
    let mut scenario = shape::scenario(profile, entropy);
    entropy.concern(Concern::Steps);
    steps::add(profile, entropy, &mut scenario);
    entropy.concern(Concern::Follow);
    if entropy.chance(FOLLOW_PERCENT) {
        follow::add(entropy, &mut scenario);
    }
    entropy.concern(Concern::Refund);
    if entropy.chance(refund::percent(profile)) {
        refund::add(profile, is_short, entropy, &mut scenario);
    }
    if is_short {
        steps::keep_transactions(COUNTER_OTHERS_MAX, &mut scenario);
    }
    entropy.concern(Concern::Chip);
    if entropy.chance(chip::percent(profile)) {
        chip::add(entropy, &mut scenario);
    }
    entropy.concern(Concern::Hold);
    if entropy.chance(hold::percent(profile)) {
        hold::add(entropy, &mut scenario);
    }
    entropy.concern(Concern::Validity);
    if entropy.chance(hold::VALIDITY_PERCENT) {
        hold::name_a_moment(entropy, &mut scenario);
    }
    entropy.concern(Concern::Escrow);
    if !is_short && entropy.chance(ESCROW_PERCENT) {
        scenario.topology.cards.iter_mut().for_each(|card| card.escrow = true);
    }
    entropy.concern(Concern::Qr);
    if entropy.chance(qr::percent(profile, is_short)) {
        qr::add(entropy, &mut scenario);
    }
    routes::add(entropy, &mut scenario);
    entropy.concern(Concern::Story);
    if entropy.chance(STORIES_PERCENT) {
        story::tell(profile, entropy, &mut scenario);
    }
    entropy.concern(Concern::Swarm);
    let swarm = faults::Swarm::new(profile, entropy);
    entropy.concern(Concern::Faults);
    swarm.add(entropy, &mut scenario);
    extra::add(profile, entropy, &mut scenario);
    clearing::add(profile, entropy, &mut scenario);
    claims::add(entropy, &mut scenario);
    given_back::add(entropy, &mut scenario);
    nodes::add(entropy, &mut scenario);
    entropy.concern(Concern::Identity);
    if entropy.chance(identity::percent(profile)) {
        identity::add(entropy, &mut scenario);
    }
    terms::add(entropy, &mut scenario);
    entropy.concern(Concern::SignOff);
    if entropy.chance(identity::SIGN_OFF_PERCENT) {
        identity::sign_off(entropy, &mut scenario);
    }
    scenario
}

#[cfg(test)]
mod tests;
