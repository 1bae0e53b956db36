//! `reversim live`: a campaign around somebody else's running system, and the smallest case of what
//! it finds.

use super::cases::{Case, quoted};
use super::disk;
use super::explore::configured;
use super::interrupt::before_stopping;
use super::judged::{InvariantJson, Judged, worst};
use super::meeting::Live;
use super::output::{Output, hint};
use super::progress;
use super::replay::page;
use crate::exit::{Exit, Failure};
use reversim::drive::{Commands, DriveError, Meeting, kill_running};
use reversim::file::render;
use reversim::report::faults::describe_case;
use reversim::report::text::Board;
use reversim::report::words::counted_word;
use reversim::run::Outcome;
use reversim::scenario::Scenario;
use reversim::search::{Around, AroundCase, AroundReport};
use reversim::verdict::Violation;
use reversim::{Run, run_around};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a case is made smaller, at most.
const SHRINK_TIME: Duration = Duration::from_secs(120);

pub(crate) fn live(arguments: &Live, output: &Output) -> Result<Exit, Failure> {
    let (name, base) = configured(&arguments.flow, &arguments.policies)?;
    let mut meeting = arguments.addresses.meeting(&base, |party| party != arguments.system)?;
    (meeting.quiet, meeting.limit) = (arguments.quiet, arguments.limit);
    let Live { start, reset, books, .. } = arguments.clone();
    let commands = Commands { start, reset, books };
    let system = System { arguments, meeting, commands };
    hint(&format!(
        "{} is yours; timers of ours run {} times faster than real time",
        arguments.system, system.meeting.scale
    ));
    // The system runs in a process group of its own, so an interrupt of ours does not reach it.
    before_stopping(kill_running);
    match arguments.once {
        true => system.once(name, base, output),
        false => system.search(base, output),
    }
}

/// The system under test, and how to get at it.
struct System<'a> {
    arguments: &'a Live,
    meeting: Meeting,
    commands: Commands,
}

/// What a campaign came to, for machines.
#[derive(Serialize)]
struct Document {
    system: String,
    runs: u64,
    elapsed_seconds: u64,
    faults_fired: u64,
    messages: u64,
    invariants: BTreeMap<String, InvariantJson>,
    unmatched: BTreeSet<String>,
    violations: Vec<Violated>,
}

/// A claim that was broken.
#[derive(Serialize)]
struct Violated {
    invariant: &'static str,
    code: &'static str,
    sentence: String,
    scenario: String,
    steps: usize,
    faults: usize,
    /// How often the case broke it, of how many times.
    repeats: (u32, u32),
    replay: String,
}

impl System<'_> {
    fn play(&self, scenario: &Scenario) -> Result<Run, DriveError> {
        run_around(scenario, self.arguments.system, &self.meeting, &self.commands)
    }

    /// One run, with everything there is to see.
    fn once(&self, name: String, scenario: Scenario, output: &Output) -> Result<Exit, Failure> {
        let begun = Instant::now();
        let run = self.play(&scenario).map_err(cannot)?;
        let mut expecting_nothing = scenario.clone();
        expecting_nothing.expect.violates = None;
        let judged = Judged::new(&expecting_nothing, &run, !scenario.faults.is_empty());
        let case = Case { name, scenario };
        if output.is_json() {
            let mut board = Board::default();
            board.add(&run.findings);
            let violations = run.violations().map(|v| self.violated(&case, &run, v)).collect();
            let report = AroundReport::of(case.scenario, run);
            output.json(&self.document(&report, &board, begun, violations))?;
            return Ok(worst([judged.exit, self.said_of_its_end(&report.last, None)]));
        }
        let all = run.unmatched.iter().cloned().collect();
        output.text(&format!("{}{}", page(&case, &run, &judged), unmatched(&all)))?;
        Ok(worst([judged.exit, self.said_of_its_end(&run, None)]))
    }

    fn search(&self, base: Scenario, output: &Output) -> Result<Exit, Failure> {
        let around = Around {
            base,
            seed: self.arguments.seed,
            faults: usize::from(self.arguments.faults),
            system: self.arguments.system,
            has_power_switch: self.commands.start.is_some(),
        };
        let bar = progress::spinner("runs");
        let begun = Instant::now();
        let mut board = Board::default();
        let mut play = |scenario: &Scenario| {
            bar.inc(1);
            let run = self.play(scenario)?;
            board.add(&run.findings);
            Ok(run)
        };
        let most = self.arguments.runs.unwrap_or(u64::MAX);
        let mut goes_on = |runs| runs < most && begun.elapsed() < self.arguments.time;
        let report = around.run(&mut play, &mut goes_on).map_err(cannot)?;
        if report.found().is_none() {
            bar.finish_and_clear();
            return self.is_clean(&report, &board, begun, output);
        }
        bar.set_message("making it smaller");
        let shrinking = Instant::now();
        let mut goes_on = |_| shrinking.elapsed() < SHRINK_TIME;
        let mut play = |scenario: &Scenario| self.play(scenario);
        let case = around.shrink(&report, &mut play, &mut goes_on);
        bar.finish_and_clear();
        match case {
            Some(case) => self.is_broken(&report, &case, &board, begun, output),
            None => Err(Failure::internal("a run that broke something breaks nothing")),
        }
    }

    fn is_clean(
        &self,
        report: &AroundReport<DriveError>,
        board: &Board,
        begun: Instant,
        output: &Output,
    ) -> Result<Exit, Failure> {
        if output.is_json() {
            output.json(&self.document(report, board, begun, Vec::new()))?;
        } else {
            output.text(&format!(
                "{}\n{}{}, {} that happened, {}, {:.0?}\n",
                board.table(),
                unmatched(&report.unmatched),
                counted_word(report.runs, "run"),
                counted_word(report.faults_fired, "fault"),
                counted_word(report.messages, "message"),
                begun.elapsed()
            ))?;
        }
        // What was never exercised was not tested, however many runs there were.
        let is_tested = board.rows().iter().any(|row| row.verdict() == "holds");
        if !is_tested || report.last.outcome() == Outcome::Unknown && report.runs == 1 {
            hint("nothing was exercised: does your system answer? see --once");
            return Ok(Exit::Unknown);
        }
        let Some((scenario, error)) = &report.stopped else {
            let kept = match report.last.ended {
                Some(_) => Some(self.command(&self.keep(&report.scenario, "ended")?)),
                None => None,
            };
            return Ok(self.said_of_its_end(&report.last, kept));
        };
        let again = self.command(&self.keep(scenario, "not-over")?);
        hint(&format!("a run did not come to its end: {error}; repeat it with: {again}"));
        Ok(Exit::Unknown)
    }

    /// A system that ends by itself is not one that holds; this command plays what it did that in.
    fn said_of_its_end(&self, run: &Run, command: Option<String>) -> Exit {
        let Some(how) = &run.ended else { return Exit::Holds };
        let again = command.map_or(String::new(), |command| format!("; repeat it with: {command}"));
        hint(&format!("{} ended by itself: {how}{again}", self.arguments.system));
        Exit::Unknown
    }

    /// Writes a case; gives its file.
    fn keep(&self, scenario: &Scenario, name: &str) -> Result<PathBuf, Failure> {
        let text = render(scenario).map_err(|error| Failure::internal(error.to_string()))?;
        let out = &self.arguments.out;
        std::fs::create_dir_all(out).map_err(|error| Failure::write(out, &error))?;
        disk::write_fresh(out, name, "toml", text.as_bytes())
    }

    fn violated(&self, case: &Case, run: &Run, violation: &Violation) -> Violated {
        let code = run.findings.iter().find(|finding| finding.name == violation.invariant);
        Violated {
            invariant: violation.invariant,
            code: code.map_or("", |finding| finding.code),
            sentence: violation.to_string(),
            scenario: case.name.clone(),
            steps: case.scenario.steps.len(),
            faults: case.scenario.faults.len(),
            repeats: (1, 1),
            replay: self.command(Path::new(&case.name)),
        }
    }

    fn is_broken(
        &self,
        report: &AroundReport<DriveError>,
        case: &AroundCase,
        board: &Board,
        begun: Instant,
        output: &Output,
    ) -> Result<Exit, Failure> {
        let violation = &case.violation;
        let mut scenario = case.scenario.clone();
        scenario.title = describe_case(violation.invariant, &scenario.faults);
        let file = self.keep(&scenario, violation.invariant)?;
        let judged = Judged::new(&scenario, &case.run, false);
        let shown = Case { name: file.display().to_string(), scenario };
        let violated = self.violated(&shown, &case.run, violation);
        let violated = Violated { repeats: case.repeats, ..violated };
        if output.is_json() {
            output.json(&self.document(report, board, begun, vec![violated]))?;
            return Ok(Exit::Violated);
        }
        output.text(&format!(
            "{}{}found    in run {}, made smaller in {}; it breaks {} of {} times\nrepeat   {}\n",
            page(&shown, &case.run, &judged),
            unmatched(&report.unmatched),
            report.runs,
            counted_word(case.runs, "run"),
            violated.repeats.0,
            violated.repeats.1,
            violated.replay
        ))?;
        Ok(Exit::Violated)
    }

    fn document(
        &self,
        report: &AroundReport<DriveError>,
        board: &Board,
        begun: Instant,
        violations: Vec<Violated>,
    ) -> Document {
        let invariants = board.rows().iter().map(|row| {
            let verdict = row.verdict();
            (row.name.to_owned(), InvariantJson { checked: row.checked, verdict })
        });
        Document {
            system: self.arguments.system.to_string(),
            runs: report.runs,
            elapsed_seconds: begun.elapsed().as_secs(),
            faults_fired: report.faults_fired,
            messages: report.messages,
            invariants: invariants.collect(),
            unmatched: report.unmatched.clone(),
            violations,
        }
    }

    /// The command that plays a case once more around the same system.
    fn command(&self, file: &Path) -> String {
        let Live { system, start, reset, books, .. } = self.arguments;
        let mut words =
            vec!["reversim live".to_owned(), quoted(&file.display().to_string()), "--once".into()];
        words.push(format!("--system {system}"));
        words.extend(self.meeting.connect.iter().map(|(p, a)| format!("--connect {p}={a}")));
        words.extend(self.meeting.listen.iter().map(|(p, a)| format!("--listen {p}={a}")));
        words.extend(start.iter().map(|command| format!("--start {}", quoted(command))));
        words.extend(reset.iter().map(|command| format!("--reset {}", quoted(command))));
        words.extend(books.iter().map(|command| format!("--books {}", quoted(command))));
        words.push(format!("--time-scale {}", self.meeting.scale));
        words.push(format!("--quiet {}ms", self.meeting.quiet.as_millis()));
        words.push(format!("--limit {}ms", self.meeting.limit.as_millis()));
        words.join(" ")
    }
}

fn unmatched(all: &BTreeSet<String>) -> String {
    let lines: String = all.iter().map(|line| format!("  {line}\n")).collect();
    if lines.is_empty() { lines } else { format!("unmatched\n{lines}\n") }
}

/// Addresses and commands are the user's.
fn cannot(error: DriveError) -> Failure {
    Failure::usage(error.to_string())
}
