//! An issuer whose records nobody sees, and whose books can be read: what they say is compared with
//! what terminals have. Its books are kept here, from what it makes durable.

use reversim::generate::{Profile, scenario};
use reversim::history::What;
use reversim::party::{Party, Role};
use reversim::run::Run;
use reversim::run_with;
use reversim::stage::Config;
use reversim::verdict::Verdict;
use reversim_models::card::Pan;
use reversim_models::node::{Action, Actions, Event, Node, Posting};
use reversim_models::record::{IssuerRecord, Leg, Record};
use reversim_models::time::{Instant, Now};
use std::collections::BTreeMap;

/// An issuer of ours, as somebody else's with a book beside it.
struct Bookkeeper {
    issuer: Box<dyn Node>,
    has_references: bool,
    /// By the issuer's number: whose card, and element 37.
    requests: BTreeMap<u64, (Pan, [u8; 12])>,
    book: Vec<Posting>,
}

impl Bookkeeper {
    fn write(&mut self, record: &Record) {
        let Record::Issuer(record) = record else { return };
        let (id, legs) = match record {
            IssuerRecord::Decided { id, pan, rrn, legs, .. } => {
                self.requests.insert(*id, (*pan, *rrn));
                (*id, legs)
            }
            IssuerRecord::Reversed { original: Some(id), legs, .. } => (*id, legs),
            _ => return,
        };
        let amount = -Leg::to_cardholders(legs);
        let Some((card, reference)) = self.requests.get(&id).filter(|_| amount != 0) else {
            return;
        };
        let reference = Some(*reference).filter(|_| self.has_references);
        self.book.push(Posting { card: *card, amount, reference });
    }
}

impl Node for Bookkeeper {
    fn handle(&mut self, now: Now, event: Event<'_>, actions: &mut Actions) {
        if let Event::Started { journal } = event {
            (self.requests, self.book) = (BTreeMap::new(), Vec::new());
            journal.records.iter().for_each(|record| self.write(record));
        }
        let before = actions.as_slice().len();
        self.issuer.handle(now, event, actions);
        for (_, action) in &actions.as_slice()[before..] {
            if let Action::Record(record) = action {
                self.write(record);
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.issuer.deadline()
    }

    fn postings(&mut self) -> Option<Vec<Posting>> {
        Some(self.book.clone())
    }
}

/// What the claim about books says of a drawn run around the first issuer.
fn judged(
    profile: Profile,
    seed: u64,
    defect: Option<&str>,
    has_references: bool,
) -> (Verdict, Run) {
    let mut scenario = scenario(profile, seed);
    scenario.defects.extend(defect.map(str::to_owned));
    let cast = |party: Party, config: &Config| {
        let is_it = party.role == Role::Issuer && party.number == 1;
        is_it.then(|| {
            let (issuer, requests) = (config.build(), BTreeMap::new());
            let book = Vec::new();
            Box::new(Bookkeeper { issuer, has_references, requests, book }) as Box<dyn Node>
        })
    };
    let run = run_with(&scenario, &cast);
    let finding = run.findings.iter().find(|finding| finding.name == "own-books-agree");
    (finding.expect("there is such a claim").verdict.clone(), run)
}

#[test]
fn the_books_of_a_healthy_issuer_agree_in_every_drawn_run() {
    for profile in Profile::ALL {
        let mut held = 0;
        for seed in 0..300 {
            let (verdict, run) = judged(profile, seed, None, seed % 2 == 0);
            assert_eq!(run.violation(), None, "{profile} {seed}");
            held += u32::from(matches!(verdict, Verdict::Holds { .. }));
        }
        assert!(held > 30, "{profile}: only {held} of 300 runs compared anything");
    }
}

#[test]
fn what_is_wrong_in_them_is_found() {
    for (defect, sentence) in
        [("I01", " taken on card "), ("I03", " given back on card "), ("I07", " taken on card ")]
    {
        let is_it = |seed| match judged(Profile::Mix, seed, Some(defect), true) {
            (Verdict::Violated(violation), run) => Some((violation, run)),
            _ => None,
        };
        let (violation, run) = (0..3_000).find_map(is_it).expect(defect);
        assert!(violation.sentence.contains(sentence), "{defect}: {violation}");
        let books = *violation.witnesses.last().expect("it has witnesses");
        assert!(matches!(run.history.entries[books].what, What::Books(_)));
    }
}
