//! Worlds for tests: a predicate, and a counter where an answer can get lost.

use crate::fault::{ActionName, Fault, OnMessage, Side, When};
use crate::history::{Frame, History, What};
use crate::invariant::Finding;
use crate::party::Party;
use crate::run::{Digest, Run};
use crate::scenario::{Scenario, Step, Wish};
use crate::verdict::{Verdict, Violation};
use reversim_models::iso8583::{Envelope, Message, Mti, POS};
use reversim_models::node::{Link, Ticket};
use reversim_models::record::TerminalRecord;
use reversim_models::time::Instant;
use std::hash::{BuildHasher, BuildHasherDefault};
use std::sync::OnceLock;

/// A run without a history that breaks this invariant, or none.
pub(super) fn run(scenario: &Scenario, broken: Option<&'static str>) -> Run {
    let hasher = BuildHasherDefault::<rustc_hash::FxHasher>::default();
    let verdict = match broken {
        Some(invariant) => Verdict::Violated(Violation {
            invariant,
            sentence: "it broke".to_owned(),
            witnesses: Vec::new(),
            horizon: None,
        }),
        None => Verdict::Holds { checked: 1 },
    };
    let mut run = nothing();
    run.history = History::default();
    run.findings = vec![Finding { name: broken.unwrap_or("a-claim"), code: "A1", verdict }];
    run.digest = Digest(hasher.hash_one(scenario));
    run
}

/// A run in which nobody asks for anything, made once.
fn nothing() -> Run {
    static NOTHING: OnceLock<Run> = OnceLock::new();
    NOTHING.get_or_init(|| crate::run::run(&Scenario::default())).clone()
}

/// Breaks `invariant` where `predicate` is true.
pub(super) fn breaking(
    invariant: &'static str,
    predicate: impl Fn(&Scenario) -> bool + Sync,
) -> impl Fn(&Scenario) -> Run + Sync {
    breaking_by(move |scenario| predicate(scenario).then_some(invariant))
}

/// Breaks what `judge` says.
pub(super) fn breaking_by(
    judge: impl Fn(&Scenario) -> Option<&'static str> + Sync,
) -> impl Fn(&Scenario) -> Run + Sync {
    move |scenario| run(scenario, judge(scenario))
}

/// A terminal and a switch. Each sale is recorded, sent as 0200 and answered 0210; if either is
/// lost, 0400 follows and is answered 0410. Knows the faults `drop` and `power-cut` of the
/// terminal (which ends everything). Breaks `a-claim` if an answer and its 0410 are both lost.
pub(super) fn counter(scenario: &Scenario) -> Run {
    let mut counter = Counter { scenario, history: History::default(), at: 0, is_dead: false };
    let mut is_broken = false;
    for step in &scenario.steps {
        if let Wish::Sale { .. } = step.wish {
            is_broken |= !counter.sale(step);
        }
    }
    let mut run = run(scenario, is_broken.then_some("a-claim"));
    let fired = |index: &usize| {
        let is_it = |what: &What| matches!(what, What::FaultFired(fired) if fired == index);
        counter.history.entries.iter().any(|entry| is_it(&entry.what))
    };
    run.idle_faults = (0..scenario.faults.len()).filter(|index| !fired(index)).collect();
    run.counts.faults_fired = (scenario.faults.len() - run.idle_faults.len()) as u32;
    run.history = counter.history;
    run
}

struct Counter<'a> {
    scenario: &'a Scenario,
    history: History,
    at: u64,
    is_dead: bool,
}

impl Counter<'_> {
    /// False if it is left in doubt.
    fn sale(&mut self, step: &Step) -> bool {
        self.act(step, ActionName::Record("stan-taken"), |_| {
            What::Recorded(TerminalRecord::StanTaken { stan: step.id }.into())
        });
        let is_answered = self.exchange(step, Mti::FINANCIAL_REQUEST);
        is_answered || self.exchange(step, Mti::REVERSAL_REQUEST)
    }

    fn exchange(&mut self, step: &Step, mti: Mti) -> bool {
        self.send(step, Party::terminal(1), Party::switch(1), mti)
            && self.send(step, Party::switch(1), Party::terminal(1), mti.response())
    }

    fn send(&mut self, step: &Step, from: Party, to: Party, mti: Mti) -> bool {
        self.at += 10;
        let mut body = Vec::new();
        POS.encode(&Message::new(mti), &mut body).expect("an empty message is encoded");
        let frame = Frame::new(POS.framing.wrap(Envelope::default(), &body), &POS);
        let what = What::Sent { link: Link(1), to, frame: frame.clone() };
        if from == Party::terminal(1) {
            self.act(step, ActionName::Send(mti), |_| what);
        } else {
            self.history.push(Instant(self.at), from, Ticket(step.id), what);
        }
        if self.is_dead {
            return false;
        }
        let on = OnMessage { from, to, mti, step: step.id, nth: 1 };
        let sent = self.history.entries.len() - 1;
        if self.fire(from, step, |fault| *fault == Fault::Drop(on)) {
            self.history.push(Instant(self.at), from, Ticket(step.id), What::Lost { sent, to });
            return false;
        }
        self.at += 1;
        let (link, is_altered, copy, part) = (Link(1), false, 0, None);
        let what = What::Delivered { link, from, sent, frame, is_altered, copy, part };
        self.history.push(Instant(self.at), to, Ticket(step.id), what);
        true
    }

    /// An action of the terminal, around which its power may fail for good.
    fn act(&mut self, step: &Step, name: ActionName, what: impl FnOnce(&Self) -> What) {
        let cut = |side: Side| {
            move |fault: &Fault| match fault {
                Fault::PowerCut { at: When::Action(on), .. } => {
                    on.side == side && on.action == name && on.step == step.id
                }
                _ => false,
            }
        };
        let terminal = Party::terminal(1);
        if !self.is_dead && self.fire(terminal, step, cut(Side::Before)) {
            self.is_dead = true;
        }
        if !self.is_dead {
            let what = what(self);
            self.history.push(Instant(self.at), terminal, Ticket(step.id), what);
            self.is_dead = self.fire(terminal, step, cut(Side::After));
        }
    }

    fn fire(&mut self, party: Party, step: &Step, is_it: impl Fn(&Fault) -> bool) -> bool {
        let Some(index) = self.scenario.faults.iter().position(is_it) else { return false };
        self.history.push(Instant(self.at), party, Ticket(step.id), What::FaultFired(index));
        true
    }
}
