//! `reversim serve`: one party over real TCP, for somebody else's system to talk to.

use super::explore::configured;
use super::meeting::Serve;
use super::output::{Output, hint};
use crate::exit::{Exit, Failure};
use reversim::drive::serve as let_serve;
use reversim::history::{Entry, What};
use reversim::report::entry::entry_words;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// As good as for ever.
const FOR_EVER: Duration = Duration::from_secs(u32::MAX as u64);

pub(crate) fn serve(arguments: &Serve, output: &Output) -> Result<Exit, Failure> {
    if output.is_json() {
        return Err(Failure::usage("serve has nothing to say in JSON; leave --format json out"));
    }
    let (_, scenario) = configured(&arguments.scenario, &arguments.policies)?;
    let party = arguments.party;
    let mut meeting = arguments.addresses.meeting(&scenario, |other| other == party)?;
    let time = arguments.time.unwrap_or(FOR_EVER);
    meeting.limit = time.saturating_add(Duration::from_secs(60));
    for (party, address) in &meeting.listen {
        hint(&format!("{party} listens at {address}"));
    }
    for (party, address) in &meeting.connect {
        hint(&format!("{party} connects to {address}"));
    }
    hint(&format!("its timers run {} times faster than real time", meeting.scale));
    let currency = scenario.currency();
    let begun = Instant::now();
    let mut failure = None;
    let served = let_serve(&scenario, party, &meeting, &mut |entries: &[Entry]| {
        let mut text = String::new();
        for entry in entries.iter().filter(|entry| is_telling(entry)) {
            let _ =
                writeln!(text, "{:>12}  {}", entry.at.to_string(), entry_words(entry, currency));
        }
        failure = output.text(&text).err();
        failure.is_none() && begun.elapsed() < time
    });
    served.map_err(|error| Failure::usage(error.to_string()))?;
    failure.map_or(Ok(Exit::Holds), Err)
}

/// What is sent has no line of its own for its arrival at a machine that nobody sees into.
fn is_telling(entry: &Entry) -> bool {
    !matches!(entry.what, What::Delivered { .. } | What::Answered { .. })
}
