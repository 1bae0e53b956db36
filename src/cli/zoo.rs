//! `reversim zoo`: the exam of the harness, as a table. Which scenarios it plays is decided
//! elsewhere.

use super::arguments::Zoo as Arguments;
use super::output::Output;
use super::progress;
use crate::exit::{Exit, Failure};
use indicatif::ProgressBar;
use reversim::report::table::{Table, wrap};
use reversim::search::Exam;
use reversim::search::zoo::{BUDGET, CANARY, CANARY_BUDGET, HARD, MARGIN, SEEDS_END, STRIDE};
use reversim::search::zoo::{Spread, Zoo, ZooError, is_hard, small_cases};
use reversim_models::defect::Defect;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;
use std::time::Duration;

/// Seeds of one zoo: what a median needs, and no more than memory holds.
const SEEDS_MAX: u64 = 1_000;

/// What became of one defect, in JSON. With several seeds the numbers are medians.
#[derive(Serialize)]
struct Row {
    id: String,
    name: &'static str,
    hard: bool,
    found: bool,
    seeds: [u64; 2],
    seeds_found: usize,
    budget: u64,
    runs: u64,
    runs_worst: u64,
    seconds: f64,
    seconds_worst: f64,
    invariant: Option<&'static str>,
    invariants: BTreeMap<&'static str, usize>,
    shrunk_faults: Option<usize>,
    shrunk_faults_worst: Option<usize>,
    shrunk_steps: Option<usize>,
    shrunk_steps_worst: Option<usize>,
    shrink_seconds: f64,
    shrink_seconds_worst: f64,
    replay: Option<String>,
}

pub(crate) fn zoo(arguments: &Arguments, output: &Output) -> Result<Exit, Failure> {
    let seeds = arguments.seeds.clone();
    if seeds.end > SEEDS_END || seeds.end - seeds.start > SEEDS_MAX {
        return Err(Failure::usage(format!(
            "a zoo takes at most {SEEDS_MAX} seeds, below {SEEDS_END}: write --seeds 0..21"
        )));
    }
    let mut defects: Vec<Defect> = Vec::new();
    let asked = if arguments.defects.is_empty() { Defect::ALL } else { &arguments.defects };
    for defect in asked {
        if !defects.contains(defect) {
            defects.push(*defect);
        }
    }
    let zoo = Zoo {
        ids: defects.iter().map(ToString::to_string).collect(),
        seeds: seeds.clone(),
        runs_max: arguments.runs.unwrap_or(u64::MAX),
        jobs: arguments.jobs.map_or_else(progress::cores, usize::from),
    };
    let hunts = zoo.ids.len() as u64 * (seeds.end - seeds.start);
    let bar: ProgressBar = progress::of_hunts(hunts);
    let exams = zoo.run(&reversim::run, &thread_time, &|id, _| {
        bar.set_message(id.to_owned());
        bar.inc(1);
    });
    bar.finish_and_clear();
    let exams = exams.map_err(|error: ZooError| Failure::internal(error.to_string()))?;
    match (output.is_json(), arguments.markdown) {
        (true, _) => {
            let rows: Vec<Row> = exams.iter().map(|exam| row(exam, &seeds)).collect();
            output.json(&rows)?;
        }
        (false, true) => output.text(&markdown(&exams, &seeds))?,
        (false, false) => output.text(&text(&exams, &seeds))?,
    }
    let missed: Vec<&Exam> = exams.iter().filter(|exam| !exam.is_passed()).collect();
    if missed.is_empty() {
        return Ok(Exit::Holds);
    }
    super::output::complain(&format!(
        "not found within its budget: {}",
        missed.iter().map(|exam| missing(exam)).collect::<Vec<_>>().join(", ")
    ));
    Ok(Exit::Violated)
}

/// `T01 (seeds 3, 7)`.
fn missing(exam: &Exam) -> String {
    let seeds = exam.hunts.iter().filter(|hunt| hunt.catch.is_none());
    let seeds: Vec<String> = seeds.map(|hunt| hunt.seed.to_string()).collect();
    format!("{} (seed {})", exam.id, seeds.join(", "))
}

/// Processor time of this thread; where the system does not tell it, time as it passes.
#[cfg(unix)]
fn thread_time() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or(0), nanos.unwrap_or(0))
}

#[cfg(not(unix))]
fn thread_time() -> Duration {
    use std::sync::LazyLock;
    use std::time::Instant;
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGUN.elapsed()
}

fn name(exam: &Exam) -> &'static str {
    Defect::parse(&exam.id).map_or("", |defect| defect.describe().name)
}

fn row(exam: &Exam, seeds: &Range<u64>) -> Row {
    let (runs, searching, shrinking) = (exam.runs(), exam.searching(), exam.shrinking());
    let (faults, steps) = (exam.faults(), exam.steps());
    let caught = exam.catches().count();
    let some = |number: usize| (caught > 0).then_some(number);
    let replay = exam
        .catches()
        .next()
        .map(|catch| format!("reversim replay --seed {} --defect {}", catch.seed, exam.id));
    Row {
        id: exam.id.clone(),
        name: name(exam),
        hard: is_hard(&exam.id),
        found: exam.is_passed(),
        seeds: [seeds.start, seeds.end],
        seeds_found: caught,
        budget: exam.budget,
        runs: runs.median,
        runs_worst: runs.worst,
        seconds: searching.median.as_secs_f64(),
        seconds_worst: searching.worst.as_secs_f64(),
        invariant: exam.invariants().first().map(|(name, _)| *name),
        invariants: exam.invariants().into_iter().collect(),
        shrunk_faults: some(faults.median),
        shrunk_faults_worst: some(faults.worst),
        shrunk_steps: some(steps.median),
        shrunk_steps_worst: some(steps.worst),
        shrink_seconds: shrinking.median.as_secs_f64(),
        shrink_seconds_worst: shrinking.worst.as_secs_f64(),
        replay,
    }
}

/// One number, or the median and the worst of several.
fn pair<T: ToString>(spread: Spread<T>, seeds: &Range<u64>) -> String {
    match seeds.end - seeds.start {
        1 => spread.median.to_string(),
        _ => format!("{} / {}", spread.median.to_string(), spread.worst.to_string()),
    }
}

/// Seconds with two decimals.
fn seconds(duration: Duration) -> String {
    let millis = duration.as_millis();
    format!("{}.{:02}", millis / 1_000, millis % 1_000 / 10)
}

fn seconds_pair(spread: Spread<Duration>, seeds: &Range<u64>) -> String {
    pair(Spread { median: seconds(spread.median), worst: seconds(spread.worst) }, seeds)
}

fn size(exam: &Exam) -> [String; 2] {
    if exam.catches().next().is_none() {
        return ["-".to_owned(), "-".to_owned()];
    }
    let several = 0..exam.hunts.len() as u64;
    [pair(exam.faults(), &several), pair(exam.steps(), &several)]
}

fn invariants(exam: &Exam) -> String {
    let found = exam.invariants();
    match found.len() {
        0 => "-".to_owned(),
        1 => found[0].0.to_owned(),
        _ => {
            let each = found.iter().map(|(name, count)| format!("{name} ({count})"));
            each.collect::<Vec<_>>().join(", ")
        }
    }
}

/// Sums of the medians: of the hard ones, and of all others.
fn sums(exams: &[Exam]) -> (Duration, Duration) {
    exams.iter().fold((Duration::ZERO, Duration::ZERO), |(hard, others), exam| {
        let median = exam.searching().median;
        if is_hard(&exam.id) { (hard + median, others) } else { (hard, others + median) }
    })
}

fn text(exams: &[Exam], seeds: &Range<u64>) -> String {
    let mut table = Table::new([
        "id",
        "found",
        "runs",
        "budget",
        "seconds",
        "faults",
        "steps",
        "shrinking",
        "invariant",
    ])
    .right(&[1, 2, 3, 4, 5, 6, 7]);
    for exam in exams {
        let [faults, steps] = size(exam);
        let found = exam.catches().count();
        let word = match (seeds.end - seeds.start, found) {
            (1, 0) => "NO".to_owned(),
            (1, _) => "yes".to_owned(),
            (of, found) => format!("{found}/{of}"),
        };
        table.row([
            exam.id.clone(),
            word,
            pair(exam.runs(), seeds),
            exam.budget.to_string(),
            seconds_pair(exam.searching(), seeds),
            faults,
            steps,
            seconds_pair(exam.shrinking(), seeds),
            invariants(exam),
        ]);
    }
    let mut out = format!("{table}\n");
    for line in wrap(&summary(exams, seeds), 98, 98) {
        let _ = writeln!(out, "{line}");
    }
    out
}

fn summary(exams: &[Exam], seeds: &Range<u64>) -> String {
    let passed = exams.iter().filter(|exam| exam.is_passed()).count();
    let (small, cases) = small_cases(exams);
    let (hard, others) = sums(exams);
    let which = match seeds.end - seeds.start {
        1 => format!("seed {}", seeds.start),
        _ => format!("every seed of {}..{}; median / worst", seeds.start, seeds.end),
    };
    format!(
        "{passed} of {} defects found within their budgets, {which}. {small} of {cases} shrunk \
         cases have at most 3 faults and 4 steps. Seconds are processor time of one thread: {} \
         for the hard ones together, {} for all others, at the median.",
        exams.len(),
        seconds(hard),
        seconds(others)
    )
}

/// The published page, whole: `docs/zoo.md` is this and nothing else.
fn markdown(exams: &[Exam], seeds: &Range<u64>) -> String {
    let mut out = format!(
        "# The zoo\n\n\
         Planted defects, each hunted from {} on its own until anything breaks, and shrunk. This \
         page is the output of\n`reversim zoo --seeds {}..{} --markdown`. Runs, faults and steps \
         are the same on every machine (median / worst);\nthe two columns of seconds are \
         *measured*, processor time of one thread. `reversim explain ID` says what each does \
         wrong.\n\n\
         Zoo seed `s` plays the scenario seeds from `s` × {STRIDE} on, profile mix, the same for \
         every defect. The budget is the\nnumber of runs after which a hunt has failed: {BUDGET}, \
         and more for the {} that need most, which come first.\nBudgets are at least {MARGIN} \
         medians. The canary is {CANARY}: not found in {CANARY_BUDGET} runs, the zoo stops.\n\n",
        seeds_in_words(seeds),
        seeds.start,
        seeds.end,
        HARD.len(),
    );
    out.push_str(
        "| id | name | found | runs | budget | faults | steps | seconds (measured) | shrinking \
         (measured) | invariants broken |\n|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for exam in exams {
        let [faults, steps] = size(exam);
        let _ = writeln!(
            out,
            "| {} | {} | {}/{} | {} | {} | {faults} | {steps} | {} | {} | {} |",
            exam.id,
            name(exam),
            exam.catches().count(),
            exam.hunts.len(),
            pair(exam.runs(), seeds),
            exam.budget,
            seconds_pair(exam.searching(), seeds),
            seconds_pair(exam.shrinking(), seeds),
            invariants(exam),
        );
    }
    let _ = writeln!(out, "\n{}", summary(exams, seeds));
    out
}

fn seeds_in_words(seeds: &Range<u64>) -> String {
    match seeds.end - seeds.start {
        1 => format!("seed {}", seeds.start),
        count => format!("{count} seeds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_two_decimals() {
        assert_eq!(seconds(Duration::from_millis(61_239)), "61.23");
        assert_eq!(seconds(Duration::from_millis(9)), "0.00");
    }

    #[test]
    fn the_clock_of_a_thread_counts_its_work() {
        let before = thread_time();
        let mut sum = 0_u64;
        while thread_time() == before && sum < 1_000_000_000 {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(thread_time() > before);
    }
}
