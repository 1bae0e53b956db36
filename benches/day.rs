//! How long a whole day of a large shop takes, and how much memory: 50 terminals of 200
//! transactions each over 24 hours, settled, cleared and reconciled.
//!
//! `cargo bench --bench day` plays half of it and all of it, and prints both: work that grows
//! faster than the day shows in their ratio. This is a measurement, not a test, but for one thing:
//! the day is whole and holds.

#![expect(clippy::float_arithmetic, reason = "a measurement divides; nothing here decides")]

use reversim::history::{Entry, What};
use reversim::party::Party;
use reversim::run::{Outcome, Run};
use reversim::scenario::{Scenario, Step, Wish};
use std::time::Instant;

/// As the binary does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const TERMINALS: u8 = 50;
const HOURS: u64 = 24;

/// So many sales at each terminal, one after another, evenly over the day.
fn day(sales: u32) -> Scenario {
    let mut scenario = Scenario::default();
    (scenario.topology.terminals, scenario.topology.clearing) = (TERMINALS, 1);
    let between = HOURS * 3_600_000 / u64::from(sales + 1);
    let mut id = 0;
    for terminal in 1..=TERMINALS {
        let mut step = |wish, at_ms| {
            id += 1;
            let step = Step::new(id, Party::terminal(terminal), wish);
            scenario.steps.push(Step { at_ms: Some(at_ms), ..step });
        };
        // Not all in the same second.
        let begun = u64::from(terminal) * 700;
        step(Wish::SignOn, begun);
        for sale in 1..=sales {
            // So little that the card has it all day long.
            let amount = 30 + u64::from(sale % 7);
            step(Wish::Sale { amount, card: 1 }, begun + u64::from(sale) * between);
        }
        step(Wish::Settle, begun + HOURS * 3_600_000);
    }
    scenario
}

/// The largest size of this process so far, MiB; none where nobody says.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib / 1_024)
}

fn played(scenario: &Scenario) -> (Run, f64) {
    let start = Instant::now();
    let run = reversim::run(scenario);
    (run, start.elapsed().as_secs_f64())
}

fn main() {
    let mut before = None;
    for sales in [100, 200] {
        let scenario = day(sales);
        let (run, seconds) = played(&scenario);
        assert_eq!((run.violation(), run.missing()), (None, &[][..]));
        assert_eq!(run.outcome(), Outcome::Holds);
        let approved =
            |entry: &&Entry| matches!(&entry.what, What::Recorded(r) if r.name() == "approved");
        let approved = run.history.entries.iter().filter(approved).count();
        assert_eq!(approved, usize::from(TERMINALS) * sales as usize, "sales are approved");
        println!(
            "{} terminals, {sales} sales each: {:.2} s, {} transactions, {} messages, {} entries, \
             {} MiB at most",
            TERMINALS,
            seconds,
            run.counts.transactions,
            run.counts.messages,
            run.history.entries.len(),
            peak().map_or("?".to_owned(), |mib| mib.to_string())
        );
        if let Some(before) = before {
            println!("twice the sales take {:.2} times as long", seconds / before);
        }
        before = Some(seconds);
    }
}
