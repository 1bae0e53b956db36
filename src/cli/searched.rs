//! What a search, or several shards of one, came to: as text, as JSON, as cases, as a status.

use super::cases::quoted;
use super::judged::InvariantJson;
use super::output::hint;
use super::states::{StatesJson, states_json, states_text};
use super::store::{Store, one_each};
use super::{keep, players, progress};
use crate::exit::{Exit, Failure};
use reversim::mark::Mark;
use reversim::report::faults::describe_fault;
use reversim::report::table::{Table, wrap};
use reversim::report::words::{counted_word, describe_step, micros};
use reversim::scenario::Scenario;
use reversim::search::{Block, CASES_MAX, Campaign, Report, ViolationFound};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};

/// Where cases go if nothing else is said.
const CASES: &str = "reversim-cases";
/// Kinds of failure that are told in full; the document has them all.
const TOLD_MAX: usize = 12;

/// What a search came to, in JSON. What several shards came to has no times in it.
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
    #[serde(flatten)]
    effort: Option<Effort>,
    violations: Vec<ViolationJson>,
    known_violations: BTreeMap<String, u64>,
    marks: BTreeMap<&'static str, u64>,
    states: StatesJson,
    invariants: BTreeMap<&'static str, InvariantJson>,
    internal_errors: Vec<String>,
    missing_seeds: Vec<[u64; 2]>,
}

/// What is different each time.
#[derive(Serialize)]
struct Effort {
    elapsed_seconds: f64,
    jobs: usize,
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
    cases: Vec<String>,
    replay: String,
}

/// A campaign that was run or put together, and the files its failures were written to.
pub(crate) struct Searched {
    campaign: Campaign,
    report: Report,
    /// The cases of each failure that is news.
    paths: Vec<Vec<PathBuf>>,
    missing: Vec<Range<u64>>,
    /// Scenarios of the shard that an earlier call has run.
    before: u64,
    is_merged: bool,
}

impl Searched {
    /// Runs the campaign under a progress bar, and keeps what it finds: in the store every block as
    /// soon as it is complete, and at the end all cases; without one, the shortest of each kind.
    pub(crate) fn run(campaign: Campaign, store: Option<&Store>) -> Result<Searched, Failure> {
        let done = store.map_or(Ok(Vec::new()), |store| one_each(store.blocks()?))?;
        let of_shard = done.iter().filter(|block| campaign.is_of_shard(block));
        let before = of_shard.map(|block| block.statistics.scenarios).sum();
        if !done.is_empty() {
            hint(&format!("{} searched before", counted_word(done.len() as u64, "block")));
        }
        if let Some(sentence) = campaign.empty_shard() {
            hint(&sentence);
        }
        let bar = progress::of_search(&campaign);
        let mut failed = None;
        let mut keep_block = |block: &Block| {
            if !players::are_well() {
                return ControlFlow::Break(());
            }
            match store.map_or(Ok(()), |store| store.keep(block)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(failure) => {
                    failed = Some(failure);
                    ControlFlow::Break(())
                }
            }
        };
        let report = campaign.resume(&players::play, done, &mut keep_block, &mut |report| {
            let found = report.violations.len();
            bar.set_position(report.statistics.scenarios);
            bar.set_message(if found == 0 { String::new() } else { format!("{found} violations") });
        });
        bar.finish_and_clear();
        let report = report.map_err(|error| {
            Failure::internal(format!("the threads of the search do not start: {error}"))
        })?;
        players::finish()?;
        if let Some(failure) = failed {
            return Err(failure);
        }
        let cases = store.map_or(PathBuf::from(CASES), |store| store.directory().join("cases"));
        let cases_max = if store.is_some() { CASES_MAX } else { 1 };
        let mut paths = Vec::new();
        for found in news(&campaign, &report) {
            let kept = found.cases().take(cases_max);
            let kept = kept.map(|case| keep::keep(&cases, campaign.profile, found, case));
            paths.push(kept.collect::<Result<_, _>>()?);
        }
        let missing = Vec::new();
        Ok(Searched { campaign, report, paths, missing, before, is_merged: false })
    }

    /// What all blocks of a campaign say together, its cases to be written to `directory`. Returns
    /// the files of the cases as well, each kind of failure in order, shortest first.
    pub(crate) fn merged(
        campaign: Campaign,
        blocks: Vec<Block>,
        directory: &Path,
    ) -> Result<(Searched, Vec<(String, String)>), Failure> {
        let (report, missing) = campaign.add_up(blocks);
        let (mut paths, mut files) = (Vec::new(), Vec::new());
        for found in news(&campaign, &report) {
            let fingerprint = found.fingerprint.to_string();
            let mut of_kind = Vec::new();
            for (case, name) in found.cases().zip(keep::directories(&fingerprint)) {
                let folder = format!("cases/{name}");
                for (file, text) in keep::files(campaign.profile, found, case)? {
                    files.push((format!("{folder}/{file}"), text));
                }
                of_kind.push(directory.join(folder).join("scenario.toml"));
            }
            paths.push(of_kind);
        }
        let (before, is_merged) = (0, true);
        Ok((Searched { campaign, report, paths, missing, before, is_merged }, files))
    }

    /// The same, with paths from this directory on.
    pub(crate) fn seen_from(&self, directory: &Path) -> Searched {
        let inside = |path: &PathBuf| path.strip_prefix(directory).unwrap_or(path).to_owned();
        Searched {
            campaign: self.campaign.clone(),
            report: self.report.clone(),
            paths: self.paths.iter().map(|paths| paths.iter().map(inside).collect()).collect(),
            missing: self.missing.clone(),
            before: self.before,
            is_merged: self.is_merged,
        }
    }

    /// The status; a mistake of the harness comes before any verdict, and what was not searched
    /// leaves open what it would have shown.
    pub(crate) fn exit(&self) -> Result<Exit, Failure> {
        if let Some(error) = self.report.internal_errors.first() {
            let profile = self.campaign.profile;
            let again = format!(
                "reversim replay --seed {} --profile {profile}{}",
                error.seed(),
                players::arguments()
            );
            return Err(Failure::internal(format!("{error}; repeat it with: {again}")));
        }
        let mut tallies = self.report.statistics.invariants.values();
        let is_checked = tallies.any(|tally| tally.holds > 0);
        // A search that only time ends has always left something out.
        let is_whole = self.missing.is_empty() || self.campaign.is_endless();
        Ok(match news(&self.campaign, &self.report).next() {
            Some(_) => Exit::Violated,
            None if is_checked && is_whole => Exit::Holds,
            None => Exit::Unknown,
        })
    }

    /// What nobody has searched, in a sentence.
    pub(crate) fn missing(&self) -> Option<String> {
        let ranges: Vec<String> = joined(&self.missing)
            .iter()
            .map(|seeds| format!("{}..{}", seeds.start, seeds.end))
            .collect();
        let count: u64 = self.missing.iter().map(|seeds| seeds.end - seeds.start).sum();
        let (ranges, count) = (ranges.join(", "), counted_word(count, "seed"));
        (!ranges.is_empty()).then(|| format!("{count} not searched: {ranges}"))
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
        // A child's records are its own: what it knew of a sale nobody sees.
        if !players::are_there() {
            let _ = write!(out, "\n{}", states_text(&self.report.statistics.states));
        }
        let told = news(&self.campaign, &self.report).zip(&self.paths);
        for (found, paths) in told.clone().take(TOLD_MAX) {
            broken(&mut out, found, paths);
        }
        let rest = told.count().saturating_sub(TOLD_MAX) as u64;
        if rest > 0 {
            let _ = writeln!(out, "\nand {} of failure", counted_word(rest, "more kind"));
        }
        for found in known(&self.campaign, &self.report) {
            let (runs, name) = (counted_word(found.occurrences, "run"), found.fingerprint);
            let _ = writeln!(out, "\nknown {name} {} in {runs}", found.invariant);
        }
        if let Some(missing) = self.missing() {
            let _ = writeln!(out, "\n{}", wrap(&missing, 98, 98).join("\n  "));
        }
        out
    }

    fn counts(&self, out: &mut String) {
        let (statistics, seeds) = (&self.report.statistics, &self.campaign.seeds);
        let millis = self.report.elapsed.as_millis().max(1);
        let now = statistics.scenarios.saturating_sub(self.before);
        let speed = u128::from(now) * 1_000 / millis;
        let (end, profile) = (self.report.seeds_end, self.campaign.profile);
        let effort = match self.is_merged {
            true => "merged".to_owned(),
            false => format!(
                "{} jobs, {}: {speed} scenarios a second",
                self.campaign.jobs,
                micros(u64::try_from(millis).unwrap_or(u64::MAX).saturating_mul(1_000)),
            ),
        };
        let _ = writeln!(
            out,
            "{} scenarios, seeds {}..{end}, profile {profile}, {effort}",
            statistics.scenarios, seeds.start,
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
        let violations = news(&self.campaign, &self.report).zip(&self.paths);
        let known = known(&self.campaign, &self.report);
        let effort = || Effort {
            elapsed_seconds: self.report.elapsed.as_secs_f64(),
            jobs: self.campaign.jobs,
        };
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
            effort: (!self.is_merged).then(effort),
            violations: violations.map(|(found, paths)| violation_json(found, paths)).collect(),
            known_violations: known.map(|f| (f.fingerprint.to_string(), f.occurrences)).collect(),
            marks,
            states: states_json(&statistics.states),
            invariants: invariants.collect(),
            internal_errors: self.report.internal_errors.iter().map(ToString::to_string).collect(),
            missing_seeds: joined(&self.missing).iter().map(|s| [s.start, s.end]).collect(),
        }
    }
}

/// What broke and was not known.
fn news<'a>(
    campaign: &'a Campaign,
    report: &'a Report,
) -> impl Iterator<Item = &'a ViolationFound> + Clone {
    report.violations.iter().filter(|found| !campaign.known.contains(&found.fingerprint))
}

/// What broke and was known.
fn known<'a>(
    campaign: &'a Campaign,
    report: &'a Report,
) -> impl Iterator<Item = &'a ViolationFound> {
    report.violations.iter().filter(|found| campaign.known.contains(&found.fingerprint))
}

/// Ranges that follow one another, as one.
fn joined(ranges: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match joined.last_mut().filter(|last| last.end == range.start) {
            Some(last) => last.end = range.end,
            None => joined.push(range.clone()),
        }
    }
    joined
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

fn replay_command(path: &str) -> String {
    format!("reversim replay {}{}", quoted(path), players::arguments())
}

fn violation_json(found: &ViolationFound, paths: &[PathBuf]) -> ViolationJson {
    let cases: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let scenario = cases.first().cloned().unwrap_or_default();
    ViolationJson {
        invariant: found.invariant,
        code: found.code,
        fingerprint: found.fingerprint.to_string(),
        sentence: found.shortest.sentence.clone(),
        seed: found.seed,
        occurrences: found.occurrences,
        replay: replay_command(&scenario),
        scenario,
        cases,
    }
}

/// The failure, the scenario in words, and the command that repeats it.
fn broken(out: &mut String, found: &ViolationFound, paths: &[PathBuf]) {
    let ViolationFound { invariant, code, seed, shortest, .. } = found;
    let sentence = wrap(&shortest.sentence, 98, 98).join("\n  ");
    let _ = writeln!(out, "\nVIOLATED {invariant} ({code})\n  {sentence}");
    let _ = writeln!(
        out,
        "  first by seed {seed}, in {}; shrunk in {} to:",
        counted_word(found.occurrences, "run"),
        counted_word(u64::from(shortest.shrunk.evaluations), "run"),
    );
    in_words(out, &shortest.shrunk.scenario);
    for path in paths.iter().take(1) {
        let _ = writeln!(out, "  repeat it with: {}", replay_command(&path.display().to_string()));
    }
}

/// A scenario in words, a line for each defect, step and fault.
pub(crate) fn in_words(out: &mut String, scenario: &Scenario) {
    for id in &scenario.defects {
        let _ = writeln!(out, "    planted {id}");
    }
    for step in &scenario.steps {
        let _ = writeln!(out, "    {}", describe_step(step, scenario.currency()));
    }
    for fault in &scenario.faults {
        let _ = writeln!(out, "    ! {}", describe_fault(fault));
    }
}
