//! A party that never comes to rest ends its run, and is told of: nobody is judged by what they had
//! no time for.

use reversim::generate::Profile;
use reversim::party::{Party, Role};
use reversim::run::Outcome;
use reversim::scenario::{Scenario, Step, Wish};
use reversim::search::{Campaign, InternalError};
use reversim::stage::Config;
use reversim_models::node::{Actions, Event, Node};
use reversim_models::time::{Instant, Now};

/// A switch that does its work, and always wants to be woken at once.
struct Sleepless(Box<dyn Node>);

impl Node for Sleepless {
    fn handle(&mut self, now: Now, event: Event<'_>, actions: &mut Actions) {
        self.0.handle(now, event, actions);
    }

    fn deadline(&self) -> Option<Instant> {
        Some(Instant::START)
    }
}

fn sleepless(party: Party, config: &Config) -> Option<Box<dyn Node>> {
    let is_its = party.role == Role::Switch;
    is_its.then(|| Box::new(Sleepless(config.build())) as Box<dyn Node>)
}

#[test]
fn a_run_that_has_no_end_says_so_and_blames_nobody() {
    let counter = Party::terminal(1);
    let steps = vec![
        Step::new(1, counter, Wish::SignOn),
        Step::new(2, counter, Wish::Sale { amount: 50_000, card: 1 }),
    ];
    let mut scenario = Scenario { steps, ..Scenario::default() };
    scenario.topology.clearing = 1;
    let run = reversim::run_with(&scenario, &sleepless);
    assert_eq!(run.violation(), None);
    assert_eq!(run.outcome(), Outcome::Unknown);
    let [why] = run.missing() else { panic!("{:?}", run.missing()) };
    assert!(why.starts_with("the run has no end: 400000 events in "), "{why}");
    assert_eq!(run.unfinished.as_ref(), Some(why));
}

#[test]
fn a_campaign_is_not_clean_if_a_run_of_it_has_no_end() {
    let campaign = Campaign { profile: Profile::Day, seeds: 0..1, jobs: 1, ..Campaign::default() };
    let play = |scenario: &Scenario| reversim::run_with(scenario, &sleepless);
    let report = campaign.run(&play, &mut |_| {}).expect("a thread starts");
    let [InternalError::NoVerdict { seed: 0, message }] = &report.internal_errors[..] else {
        panic!("{:?}", report.internal_errors)
    };
    assert!(message.starts_with("the run has no end: "), "{message}");
}
