//! A terminal whose records nobody sees: what of it is judged by its messages, its screen and its
//! slips alone, and that nothing is held against a healthy one.

use reversim::generate::{Profile, scenario};
use reversim::history::{Entry, What};
use reversim::party::Party;
use reversim::run::Run;
use reversim::run_with;
use reversim::scenario::Scenario;
use reversim::search::explore::{FLOWS, flow};
use reversim::stage::Config;
use reversim_models::defect::{Defect, Defects};
use reversim_models::device::{Display, Output};
use reversim_models::node::{Action, Actions, Event, Journal, Node, Ticket};
use reversim_models::record::Record;
use reversim_models::terminal;
use reversim_models::time::{Instant, Now};

/// A terminal of ours that keeps its records to itself: what is durable of it is a number.
struct Hidden {
    config: Config,
    terminal: Box<dyn Node>,
    records: Vec<Record>,
}

impl Hidden {
    fn of(config: &Config) -> Hidden {
        Hidden { config: config.clone(), terminal: config.build(), records: Vec::new() }
    }

    fn record(&self, own: &Record) -> Record {
        let Record::Own(number) = own else { unreachable!("it writes no other") };
        let number = u32::from_be_bytes(number[..].try_into().expect("four bytes"));
        self.records[number as usize].clone()
    }
}

impl Node for Hidden {
    fn handle(&mut self, now: Now, event: Event<'_>, actions: &mut Actions) {
        let mut meant = Actions::new(actions.ticket());
        if let Event::Started { journal } = event {
            let records: Vec<Record> = journal.records.iter().map(|own| self.record(own)).collect();
            let torn = journal.torn.map(|own| self.record(own));
            let journal = Journal { records: &records, torn: torn.as_ref() };
            self.terminal.handle(now, Event::Started { journal }, &mut meant);
        } else {
            self.terminal.handle(now, event, &mut meant);
        }
        for (ticket, action) in meant.drain() {
            actions.about(ticket);
            match action {
                Action::Record(record) => {
                    let number = u32::try_from(self.records.len()).expect("few");
                    self.records.push(record);
                    actions.record(Record::Own(number.to_be_bytes().into()));
                }
                Action::Connect(port) => actions.connect(port),
                Action::Send { link, frame } => actions.send(link, frame),
                Action::Disconnect(link) => actions.disconnect(link),
                Action::Tell { device, output } => actions.tell(device, output),
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.terminal.deadline()
    }

    fn lose_power(&mut self) -> bool {
        self.terminal = self.config.build();
        true
    }
}

/// A run in which the first terminal is somebody else's, right or wrong.
fn played(scenario: &Scenario, wrong: Option<Defect>) -> Run {
    let cast = |party: Party, config: &Config| {
        let Config::Terminal(config) = config else { return None };
        (party == Party::terminal(1)).then(|| {
            let defects = wrong.map_or(Defects::NONE, |defect| Defects::NONE.with(defect));
            let config = Config::Terminal(terminal::Config { defects, ..config.clone() });
            Box::new(Hidden::of(&config)) as Box<dyn Node>
        })
    };
    run_with(scenario, &cast)
}

const PROFILES: [Profile; 3] = [Profile::Mix, Profile::Counter, Profile::Crash];

#[test]
fn nothing_is_held_against_a_healthy_terminal_of_somebody_else() {
    for name in FLOWS {
        let run = played(&flow(name).expect("it is a flow"), None);
        assert_eq!(run.violation(), None, "{name}");
        assert_eq!(run.history.setting.foreign, [Party::terminal(1)]);
    }
    for profile in Profile::ALL {
        for seed in 0..150 {
            let run = played(&scenario(profile, seed), None);
            assert_eq!(run.violation(), None, "{profile} {seed}");
        }
    }
}

#[test]
fn what_is_wrong_with_it_is_seen_on_its_lines_its_screen_and_its_slips() {
    for (wrong, claim) in [
        (Defect::T01, "no-unreversed-debit"),
        (Defect::T06, "no-unreversed-debit"),
        (Defect::T08, "no-unreversed-debit"),
        (Defect::T12, "no-unpaid-approval"),
        (Defect::T15, "no-unreversed-debit"),
        (Defect::T16, "interaction-ends"),
        (Defect::T23, "no-unreversed-debit"),
        (Defect::T24, "no-unreversed-debit"),
    ] {
        let drawn = (0..300).flat_map(|seed| PROFILES.map(|profile| scenario(profile, seed)));
        let runs = drawn.map(|scenario| played(&scenario, Some(wrong)));
        let broken = runs.filter_map(|run| run.violation().cloned()).next();
        let violation = broken.unwrap_or_else(|| panic!("nobody sees {wrong:?}"));
        assert_eq!(violation.invariant, claim, "{wrong:?}: {violation}");
        assert!(violation.sentence.contains("terminal-1"), "it is to blame: {violation}");
    }
}

#[test]
fn what_it_sold_is_voided_refunded_and_completed_by_what_its_slip_says() {
    for (name, step) in [("void", 3), ("refund", 3), ("completion-void", 4), ("tip", 3)] {
        let run = played(&flow(name).expect("it is a flow"), None);
        let is_it = |entry: &&Entry| {
            entry.ticket == Ticket(step)
                && matches!(
                    entry.what,
                    What::Told { output: Output::Display(Display::Approved(_)), .. }
                )
        };
        assert!(run.history.entries.iter().any(|entry| is_it(&entry)), "{name}");
    }
}
