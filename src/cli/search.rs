//! `reversim search`: a campaign, what it saw, and the first failure made small.

use super::arguments::Search;
use super::cases::quoted;
use super::judged::InvariantJson;
use super::output::{Output, hint, to_json};
use super::states::{StatesJson, states_json, states_text};
use super::{disk, progress};
use crate::exit::{Exit, Failure};
use reversim::file::render;
use reversim::mark::Mark;
use reversim::report::ladder::Ladder;
use reversim::report::table::{Table, wrap};
use reversim::report::words::{counted_word, describe_case, describe_fault, describe_step, micros};
use reversim::scenario::Scenario;
use reversim::search::campaign::Report;
use reversim::search::{Campaign, ViolationFound};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a search takes if nothing else is said.
pub(crate) const TIME: Duration = Duration::from_secs(10);

/// Where cases go if nothing else is said.
const CASES: &str = "reversim-cases";

/// What a search came to, in JSON.
#[derive(Serialize)]
pub(crate) struct Document {
    digest: String,
    profile: String,
    seeds: [u64; 2],
    scenarios: u64,
    faults_fired: u64,
    scenarios_with_fired_fault: u64,
    transactions: u64,
    messages: u64,
    simulated_seconds: u64,
    elapsed_seconds: f64,
    jobs: usize,
    violations: Vec<ViolationJson>,
    marks: BTreeMap<&'static str, u64>,
    states: StatesJson,
    invariants: BTreeMap<&'static str, InvariantJson>,
    internal_errors: Vec<String>,
}

/// A kind of failure, in JSON.
#[derive(Serialize)]
struct ViolationJson {
    invariant: &'static str,
    code: &'static str,
    fingerprint: String,
    sentence: String,
    seed: u64,
    occurrences: u64,
    scenario: String,
    replay: String,
}

pub(crate) fn search(arguments: &Search, output: &Output) -> Result<Exit, Failure> {
    let time = arguments.time.or_else(|| arguments.seeds.is_none().then_some(TIME));
    if time.is_none() && arguments.seeds.as_ref().is_some_and(|s| s.end == i64::MAX as u64) {
        return Err(Failure::usage("seeds without an end need --time, as --time 30s"));
    }
    let campaign = Campaign {
        profile: arguments.profile,
        seeds: arguments.seeds.clone().unwrap_or(0..i64::MAX as u64),
        defects: arguments.defects.iter().map(ToString::to_string).collect(),
        jobs: arguments.jobs.map_or_else(progress::cores, usize::from),
        keep_going: arguments.keep_going,
        time_limit: time,
        shard: arguments.shard,
    };
    if let Some(out) = &arguments.out {
        std::fs::create_dir_all(out).map_err(|error| Failure::write(out, &error))?;
    }
    let searched = Searched::run(campaign, arguments.out.as_deref())?;
    if output.is_json() {
        output.json(&searched.document())?;
    } else {
        output.text(&searched.text())?;
    }
    if let Some(out) = &arguments.out {
        let statistics = to_json(&searched.document())?;
        let path = disk::write_fresh(out, "statistics", "json", statistics.as_bytes())?;
        hint(&format!("statistics are in {}", path.display()));
    }
    searched.exit()
}

/// A campaign that was run, and the files its failures were written to.
pub(crate) struct Searched {
    campaign: Campaign,
    report: Report,
    paths: Vec<PathBuf>,
}

impl Searched {
    /// Runs the campaign under a progress bar, and keeps what it finds.
    pub(crate) fn run(campaign: Campaign, out: Option<&Path>) -> Result<Searched, Failure> {
        let bar = progress::of_search(&campaign);
        let report = campaign.run(&reversim::run, &mut |report| {
            let found = report.violations.len();
            bar.set_position(report.statistics.scenarios);
            bar.set_message(if found == 0 { String::new() } else { format!("{found} violations") });
        });
        bar.finish_and_clear();
        let report = report.map_err(|error| {
            Failure::internal(format!("the threads of the search do not start: {error}"))
        })?;
        let directory = out.map_or(PathBuf::from(CASES), |out| out.join("cases"));
        let paths: Result<_, _> =
            report.violations.iter().map(|found| keep(&directory, found)).collect();
        Ok(Searched { campaign, report, paths: paths? })
    }

    /// The status; a mistake of the harness comes before any verdict.
    pub(crate) fn exit(&self) -> Result<Exit, Failure> {
        if let Some(error) = self.report.internal_errors.first() {
            let profile = self.campaign.profile;
            let again = format!("reversim replay --seed {} --profile {profile}", error.seed());
            return Err(Failure::internal(format!("{error}; repeat it with: {again}")));
        }
        let mut tallies = self.report.statistics.invariants.values();
        Ok(match tallies.any(|tally| tally.holds > 0) {
            _ if !self.report.violations.is_empty() => Exit::Violated,
            true => Exit::Holds,
            false => Exit::Unknown,
        })
    }

    /// Counts, invariants, marks, and what broke.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        self.counts(&mut out);
        let mut table = Table::new(["code", "invariant", "verdict", "checked", ""]).right(&[3]);
        for about in reversim::invariant::all() {
            let Some(tally) = self.report.statistics.invariants.get(about.name) else { continue };
            let (verdict, rest) = match tally.verdict() {
                "violated" => ("VIOLATED", format!("in {}", counted_word(tally.violated, "run"))),
                "unknown" => ("unknown", "no run exercised it".to_owned()),
                other => (other, String::new()),
            };
            let cells = [about.code, about.name, verdict, &tally.checked.to_string(), &rest];
            table.row(cells.map(str::to_owned));
        }
        let _ = write!(out, "\n{table}");
        self.marks(&mut out);
        let _ = write!(out, "\n{}", states_text(&self.report.statistics.states));
        for (found, path) in self.report.violations.iter().zip(&self.paths) {
            broken(&mut out, found, path);
        }
        out
    }

    fn counts(&self, out: &mut String) {
        let (statistics, seeds) = (&self.report.statistics, &self.campaign.seeds);
        let millis = self.report.elapsed.as_millis().max(1);
        let speed = u128::from(statistics.scenarios) * 1_000 / millis;
        let end = self.report.seeds_end;
        let _ = writeln!(
            out,
            "{} scenarios, seeds {}..{end}, profile {}, {} jobs, {}: {speed} scenarios a second",
            statistics.scenarios,
            seeds.start,
            self.campaign.profile,
            self.campaign.jobs,
            micros(u64::try_from(millis).unwrap_or(u64::MAX).saturating_mul(1_000)),
        );
        let _ = writeln!(
            out,
            "{} transactions, {} messages, {} faults in {} scenarios, {} simulated",
            statistics.transactions,
            statistics.messages,
            statistics.faults_fired,
            statistics.scenarios_with_fired_fault,
            simulated(statistics.simulated.0 / 1_000_000),
        );
        let _ = writeln!(out, "digest {}", statistics.digest);
    }

    fn marks(&self, out: &mut String) {
        let seen = &self.report.statistics.marks;
        let mut table = Table::new(["mark", "runs"]).right(&[1]);
        for (name, count) in seen.iter().filter(|(_, count)| **count > 0) {
            table.row([(*name).to_owned(), count.to_string()]);
        }
        if !table.is_empty() {
            let _ = write!(out, "\n{table}");
        }
        let never: Vec<&str> =
            mark_names().filter(|name| seen.get(name).is_none_or(|count| *count == 0)).collect();
        if !never.is_empty() {
            let line = format!("never seen: {}", never.join(", "));
            let _ = writeln!(out, "\n  {}", wrap(&line, 98, 96).join("\n    "));
        }
    }

    pub(crate) fn document(&self) -> Document {
        let statistics = &self.report.statistics;
        let mut marks: BTreeMap<&'static str, u64> = mark_names().map(|name| (name, 0)).collect();
        marks.extend(&statistics.marks);
        let invariants = statistics.invariants.iter().map(|(name, tally)| {
            (*name, InvariantJson { checked: tally.checked, verdict: tally.verdict() })
        });
        let violations = self.report.violations.iter().zip(&self.paths);
        Document {
            digest: statistics.digest.to_string(),
            profile: self.campaign.profile.to_string(),
            seeds: [self.campaign.seeds.start, self.report.seeds_end],
            scenarios: statistics.scenarios,
            faults_fired: statistics.faults_fired,
            scenarios_with_fired_fault: statistics.scenarios_with_fired_fault,
            transactions: statistics.transactions,
            messages: statistics.messages,
            simulated_seconds: statistics.simulated.0 / 1_000_000,
            elapsed_seconds: self.report.elapsed.as_secs_f64(),
            jobs: self.campaign.jobs,
            violations: violations.map(|(found, path)| violation_json(found, path)).collect(),
            marks,
            states: states_json(&statistics.states),
            invariants: invariants.collect(),
            internal_errors: self.report.internal_errors.iter().map(ToString::to_string).collect(),
        }
    }
}

fn mark_names() -> impl Iterator<Item = &'static str> {
    Mark::ALL.iter().map(|mark| mark.name())
}

/// Whole seconds in the largest two units.
fn simulated(secs: u64) -> String {
    match secs {
        0..120 => format!("{secs} s"),
        120..7_200 => format!("{} min", secs / 60),
        7_200..172_800 => format!("{} h", secs / 3_600),
        _ => format!("{} days", secs / 86_400),
    }
}

fn replay_command(path: &Path) -> String {
    format!("reversim replay {}", quoted(&path.display().to_string()))
}

fn violation_json(found: &ViolationFound, path: &Path) -> ViolationJson {
    ViolationJson {
        invariant: found.invariant,
        code: found.code,
        fingerprint: found.fingerprint.to_string(),
        sentence: found.sentence.clone(),
        seed: found.seed,
        occurrences: found.occurrences,
        scenario: path.display().to_string(),
        replay: replay_command(path),
    }
}

/// The failure, the scenario in words, and the command that repeats it.
fn broken(out: &mut String, found: &ViolationFound, path: &Path) {
    let sentence = wrap(&found.sentence, 98, 98).join("\n  ");
    let _ = writeln!(out, "\nVIOLATED {} ({})\n  {sentence}", found.invariant, found.code);
    let _ = writeln!(
        out,
        "  first by seed {}, in {}; shrunk in {} to:",
        found.seed,
        counted_word(found.occurrences, "run"),
        counted_word(u64::from(found.shrunk.evaluations), "run"),
    );
    in_words(out, &found.shrunk.scenario);
    let _ = writeln!(out, "  repeat it with: {}", replay_command(path));
}

/// A scenario in words, a line for each defect, step and fault.
pub(crate) fn in_words(out: &mut String, scenario: &Scenario) {
    for id in &scenario.defects {
        let _ = writeln!(out, "    planted {id}");
    }
    for step in &scenario.steps {
        let _ = writeln!(out, "    {}", describe_step(step));
    }
    for fault in &scenario.faults {
        let _ = writeln!(out, "    ! {}", describe_fault(fault));
    }
}

/// Writes `<fingerprint>/scenario.toml`, `ladder.txt` and `summary.json`; what is there stays.
fn keep(directory: &Path, found: &ViolationFound) -> Result<PathBuf, Failure> {
    let mut scenario = found.shrunk.scenario.clone();
    scenario.title = describe_case(found.invariant, &scenario.faults);
    keep_case(directory, &found.fingerprint.to_string(), &scenario, found.invariant, |path| {
        to_json(&violation_json(found, path))
    })
}

/// A case as a directory of its own. A fingerprint that is there already stands for another
/// scenario with the same failure: this one goes beside it.
pub(crate) fn keep_case(
    directory: &Path,
    fingerprint: &str,
    scenario: &Scenario,
    invariant: &str,
    summary: impl Fn(&Path) -> Result<String, Failure>,
) -> Result<PathBuf, Failure> {
    let text = render(scenario).map_err(|error| Failure::internal(error.to_string()))?;
    let run = reversim::run(scenario);
    let witnesses = run.violations().find(|violation| violation.invariant == invariant);
    let witnesses = witnesses.map(|violation| violation.witnesses.clone()).unwrap_or_default();
    let ladder = Ladder::new(&run.history).faults(&scenario.faults).witnesses(&witnesses);
    for number in 1u32.. {
        let name = match number {
            1 => fingerprint.to_owned(),
            n => format!("{fingerprint}-{n}"),
        };
        let path = directory.join(name);
        let file = path.join("scenario.toml");
        let files = [
            ("scenario.toml", text.clone()),
            ("ladder.txt", ladder.to_string()),
            ("summary.json", summary(&file)?),
        ];
        let is_same = || std::fs::read(&file).is_ok_and(|there| there == text.as_bytes());
        if is_same() || disk::write_directory(&path, &files)? {
            return Ok(file);
        }
    }
    Err(Failure::internal("there are more directories than numbers"))
}
