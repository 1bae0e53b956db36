//! Any scenario runs to its end, twice alike, and correct parties keep every claim.

#![no_main]

use libfuzzer_sys::fuzz_target;
use reversim::scenario::Scenario;

fuzz_target!(|scenario: Scenario| {
    let run = reversim::run(&scenario);
    if let Some(violation) = run.violation() {
        let text = toml::to_string(&scenario).unwrap_or_default();
        panic!("{violation}\n{text}");
    }
    assert_eq!(run.digest, reversim::run(&scenario).digest, "the same scenario, another history");
});
