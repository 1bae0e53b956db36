//! Where the time of a simulated scenario goes: codec, ciphers, parties, engine, judging.
//!
//! `cargo bench --bench split` prints two tables over the same scenarios of the counter profile,
//! one core: without and with the memo of ciphers. Ratios within one table are the figures to
//! compare; machines differ and are noisy. This is a measurement, not a test: it asserts nothing.

#![expect(clippy::float_arithmetic, reason = "a measurement divides; nothing here decides")]

use reversim::generate::{Profile, scenario};
use reversim::history::{Frame, History, What};
use reversim::invariant::Judge;
use reversim::mark::MarkWatch;
use reversim::party::Party;
use reversim::run::Digest;
use reversim::scenario::Scenario;
use reversim::stage::{Cast, Config};
use reversim_models::iso8583::{Element, Mti, NETWORK, POS};
use reversim_models::node::{Actions, Event, Node};
use reversim_models::security::{Key, MacAlgorithm, Pin, PinBlock, WorkKeys, memo};
use reversim_models::time::{Instant as Virtual, Now};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// As the binary does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SCENARIOS: u64 = 3_000;
const ROUNDS: usize = 5;

/// Nanoseconds spent inside parties.
static INSIDE: AtomicU64 = AtomicU64::new(0);

/// A party with a stop-watch around it.
struct Timed(Box<dyn Node>);

impl Node for Timed {
    fn handle(&mut self, now: Now, event: Event<'_>, actions: &mut Actions) {
        let start = Instant::now();
        self.0.handle(now, event, actions);
        let passed = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        INSIDE.fetch_add(passed, Ordering::Relaxed);
    }

    fn deadline(&self) -> Option<Virtual> {
        self.0.deadline()
    }
}

/// Our own parties, each with a stop-watch.
struct WithStopWatch;

impl Cast for WithStopWatch {
    fn play(&self, _: Party, config: &Config) -> Option<Box<dyn Node>> {
        Some(Box::new(Timed(config.build())))
    }
}

/// The shortest of several rounds, in microseconds a scenario.
fn micros(mut work: impl FnMut()) -> f64 {
    let best = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed()
    });
    best.min().unwrap_or_default().as_secs_f64() * 1e6 / SCENARIOS as f64
}

/// Every frame was encoded once; every one that arrived was decoded once.
fn codec(frames: &[Sent]) {
    let mut body = Vec::with_capacity(512);
    for Sent { frame, arrivals, .. } in frames {
        let Some(message) = frame.message() else { continue };
        body.clear();
        let _ = black_box(frame.dialect().encode(message, &mut body));
        for _ in 0..*arrivals {
            if let Ok((_, span)) = frame.dialect().framing.unwrap(frame.bytes()) {
                let _ = black_box(frame.dialect().decode(&frame.bytes()[span]));
            }
        }
    }
}

/// Every MAC was computed once and verified at every arrival; PINs were sealed, translated and
/// opened; work keys were derived, sealed and opened.
fn ciphers(frames: &[Sent], key: &Key, single: &Key, pin: &Pin) {
    for Sent { frame, arrivals, algorithm } in frames {
        let Some(message) = frame.message() else { continue };
        let is_pos = std::ptr::eq(frame.dialect(), &POS);
        if matches!(message.mti().class(), 1 | 2 | 4) {
            let (algorithm, key) =
                if is_pos { (MacAlgorithm::PosEcb, single) } else { (*algorithm, key) };
            // On network lines the MAC covers selected elements: about three quarters of a frame.
            let bytes = frame.bytes();
            let covered = if is_pos { bytes } else { &bytes[..bytes.len() * 3 / 4] };
            for _ in 0..=*arrivals {
                black_box(algorithm.compute(key, covered));
            }
        }
        // Sealed at the terminal or translated at the switch; opened at the other end.
        let pan = message.text(Element::PAN).filter(|_| message.has(Element::PIN_BLOCK));
        if let Some(pan) = pan
            && let Some(block) = PinBlock::seal(pin, pan, key)
        {
            let _ = black_box(block.open(pan, key));
        }
        if message.mti() == Mti::NETWORK_RESPONSE && message.has(Element::PRIVATE_62) {
            let keys = WorkKeys::derive(key, message.number(Element::STAN).unwrap_or(0));
            let sealed = keys.seal(key, 3).unwrap_or_default();
            let _ = black_box(WorkKeys::open(&sealed, key, 3));
        }
    }
}

fn judge(histories: &[History]) {
    for history in histories {
        let mut judge = Judge::new(&history.setting);
        let mut watch = MarkWatch::new(&history.setting);
        for (index, entry) in history.entries.iter().enumerate() {
            judge.observe(index, entry);
            watch.observe(index, entry);
            if let What::Horizon(horizon) = &entry.what {
                judge.ask(*horizon);
            }
        }
        black_box((judge.findings(), watch.marks(), Digest::of(history)));
    }
}

/// A frame, how often it arrived, and the MAC of its scenario's network lines.
struct Sent {
    frame: Frame,
    arrivals: u32,
    algorithm: MacAlgorithm,
}

fn frames(scenarios: &[Scenario], histories: &[History]) -> Vec<Sent> {
    let mut all: Vec<Sent> = Vec::new();
    for (scenario, history) in scenarios.iter().zip(histories) {
        let name = &scenario.policy.network_mac;
        let algorithm = MacAlgorithm::by_name(name).unwrap_or(MacAlgorithm::X919);
        let first = all.len();
        let mut at = std::collections::BTreeMap::new();
        for (index, entry) in history.entries.iter().enumerate() {
            match &entry.what {
                What::Sent { frame, .. } => {
                    at.insert(index, all.len() - first);
                    all.push(Sent { frame: frame.clone(), arrivals: 0, algorithm });
                }
                What::Delivered { sent, .. } => {
                    if let Some(place) = at.get(sent) {
                        all[first + place].arrivals += 1;
                    }
                }
                _ => {}
            }
        }
    }
    all
}

fn table(title: &str, capacity: usize, scenarios: &[Scenario], histories: &[History]) {
    memo::set_capacity(0);
    memo::set_capacity(capacity);
    let frames = frames(scenarios, histories);
    let keys = (Key::new(&[0x5a; 16]), Key::new(&[0x3c; 8]), Pin::new("123001"));
    let (Some(key), Some(single), Some(pin)) = keys else { return };
    let total = micros(|| {
        for scenario in scenarios {
            black_box(reversim::run(scenario));
        }
    });
    INSIDE.store(0, Ordering::Relaxed);
    for scenario in scenarios {
        black_box(reversim::run_with(scenario, &WithStopWatch));
    }
    let inside = INSIDE.load(Ordering::Relaxed) as f64 / 1e3 / SCENARIOS as f64;
    let judging = micros(|| judge(histories));
    let codec = micros(|| codec(&frames));
    let ciphers = micros(|| ciphers(&frames, &key, &single, &pin));
    let parties = inside - codec - ciphers;
    let engine = total - inside - judging;
    println!("\n{title}: {:.0} scenarios a second on one core", 1e6 / total);
    println!("  {:<10} {:>8}  {:>6}", "", "us each", "share");
    for (name, part) in [
        ("codec", codec),
        ("ciphers", ciphers),
        ("parties", parties),
        ("engine", engine),
        ("judging", judging),
        ("total", total),
    ] {
        println!("  {name:<10} {part:>8.1}  {:>5.0} %", part * 100.0 / total);
    }
    println!("  total is {:.2} times codec and ciphers alone", total / (codec + ciphers));
}

fn main() {
    let scenarios: Vec<Scenario> =
        (0..SCENARIOS).map(|seed| scenario(Profile::Counter, seed)).collect();
    let histories: Vec<History> = scenarios.iter().map(|s| reversim::run(s).history).collect();
    let messages: usize = histories
        .iter()
        .map(|h| h.entries.iter().filter(|e| matches!(e.what, What::Sent { .. })).count())
        .sum();
    println!(
        "counter profile, seeds 0..{SCENARIOS}: {:.1} messages a scenario over {} and {} lines",
        messages as f64 / SCENARIOS as f64,
        POS.name,
        NETWORK.name
    );
    table("without memo", 0, &scenarios, &histories);
    table("with memo", 4_096, &scenarios, &histories);
}
