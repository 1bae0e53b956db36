//! Whatever happens in whatever order: nothing panics, the journal tells everything, and once the
//! world is quiet every debit at the issuer is an approval at the terminal's line.

use super::*;
use crate::record::Origin;
use crate::switch::book::Book;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// An issuer reduced to what it owes: debits, and names that are barred.
#[derive(Default)]
struct Issuer {
    debits: BTreeSet<NetworkKey>,
    barred: BTreeSet<NetworkKey>,
    answers: Vec<Message>,
}

impl Issuer {
    /// Takes up what it heard. Declines every fourth STAN.
    fn work(&mut self, heard: Vec<Message>) {
        for message in heard {
            let code = match (message.mti(), NetworkKey::of_original(&message)) {
                (Mti::FINANCIAL_REQUEST, _) => {
                    let key = network_key(&message);
                    let declines = key.stan.is_multiple_of(4) || self.barred.contains(&key);
                    if declines {
                        ResponseCode::NOT_SUFFICIENT_FUNDS
                    } else {
                        self.debits.insert(key);
                        ResponseCode::APPROVED
                    }
                }
                (Mti::REVERSAL_ADVICE | Mti::REVERSAL_ADVICE_REPEAT, Some(original)) => {
                    self.debits.remove(&original);
                    self.barred.insert(original);
                    ResponseCode::APPROVED
                }
                _ => continue,
            };
            self.answers.push(answer(&message, code));
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Sale(u32),
    Reversal(u32),
    SignOn,
    /// The issuer works off what it heard.
    Work,
    /// One of its answers arrives; it may arrive again.
    Answer(usize),
    /// One of its answers is lost.
    LoseAnswer(usize),
    Wait(u64),
    Break(bool),
    /// Power for so many actions, then for none until the next step but one.
    Cut(usize),
    Noise(bool, Vec<u8>),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1_u32..12).prop_map(Step::Sale),
        4 => (1_u32..12).prop_map(Step::Reversal),
        1 => Just(Step::SignOn),
        6 => Just(Step::Work),
        6 => (0_usize..4).prop_map(Step::Answer),
        2 => (0_usize..4).prop_map(Step::LoseAnswer),
        4 => (1_u64..15).prop_map(Step::Wait),
        1 => any::<bool>().prop_map(Step::Break),
        2 => (0_usize..6).prop_map(Step::Cut),
        1 => (any::<bool>(), prop::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(upstream, bytes)| Step::Noise(upstream, bytes)),
    ]
}

struct World {
    bench: Bench,
    issuer: Issuer,
    /// STANs that the terminal was told are reversed.
    reversed: BTreeSet<u32>,
}

impl World {
    fn new(config: Config) -> World {
        World { bench: Bench::new(config), issuer: Issuer::default(), reversed: BTreeSet::new() }
    }

    fn listen(&mut self) {
        for message in self.bench.heard(TERMINAL) {
            let is_reversed = message.mti() == Mti::REVERSAL_RESPONSE
                && code_of(&message) == ResponseCode::APPROVED;
            if is_reversed && let Some(stan) = message.number(Element::STAN) {
                self.reversed.insert(stan as u32);
            }
        }
    }

    fn apply(&mut self, step: Step) {
        self.listen();
        let was_cut = self.bench.power.is_some();
        let bench = &mut self.bench;
        for port in [TERMINAL, ISSUER] {
            if bench.end_of(port).is_none() {
                bench.link_up(port);
            }
        }
        match step {
            Step::Sale(stan) => bench.tell(TERMINAL, &sale(stan)),
            Step::Reversal(stan) => bench.tell(TERMINAL, &reversal(&sale(stan))),
            Step::SignOn => {
                bench.heard(TERMINAL);
                bench.tell(TERMINAL, &sign_on(TERMINAL, 99));
                let answers = bench.heard(TERMINAL);
                if let Some(answer) = answers.iter().find(|m| m.has(Element::PRIVATE_62)) {
                    bench.take_keys(TERMINAL, answer);
                }
            }
            Step::Work => self.issuer.work(bench.heard(ISSUER)),
            Step::Answer(at) => {
                if let Some(answer) = self.issuer.answers.get(at) {
                    bench.tell(ISSUER, answer);
                }
            }
            Step::LoseAnswer(at) => {
                if at < self.issuer.answers.len() {
                    self.issuer.answers.remove(at);
                }
            }
            Step::Wait(secs) => bench.wait(Duration::secs(secs)),
            Step::Break(upstream) => {
                // What was on the wire arrives, or is lost with the line.
                let heard = bench.heard(ISSUER);
                self.issuer.work(heard);
                bench.link_down(if upstream { ISSUER } else { TERMINAL });
            }
            Step::Cut(actions) => bench.power = Some(actions),
            Step::Noise(upstream, bytes) => {
                let port = if upstream { ISSUER } else { TERMINAL };
                let link = bench.end_of(port).map(|end| end.link).unwrap();
                bench.handle(Event::Received { link, bytes: &bytes });
                bench.link_down_if_up(link);
            }
        }
        if was_cut {
            self.lose_power();
        }
    }

    /// What was sent before arrives all the same.
    fn lose_power(&mut self) {
        self.listen();
        let heard = self.bench.heard(ISSUER);
        self.issuer.work(heard);
        self.issuer.answers.clear();
        self.bench.restart();
    }

    /// Restores lines and power, and lets everything run out.
    fn heal(&mut self) {
        self.lose_power();
        self.bench.link_up(ISSUER);
        for _ in 0..60 {
            let heard = self.bench.heard(ISSUER);
            self.issuer.work(heard);
            for answer in std::mem::take(&mut self.issuer.answers) {
                self.bench.tell(ISSUER, &answer);
            }
            self.bench.wait(Duration::secs(5));
        }
    }
}

impl Bench {
    fn link_down_if_up(&mut self, link: Link) {
        if self.ends.iter().any(|end| end.link == link) {
            self.ends.retain(|end| end.link != link);
            self.handle(Event::LinkDown { link, reason: LinkDownReason::Reset });
        }
    }
}

/// A book without what depends on when it was told.
fn essence(book: &Book) -> String {
    let text = format!("{book:?}");
    let mut essence = String::new();
    let mut rest = text.as_str();
    while let Some(at) = ["commit: ", "Instant(", "is_repeat: ", "attempts: "]
        .iter()
        .filter_map(|mark| rest.find(mark).map(|at| at + mark.len()))
        .min()
    {
        essence.push_str(&rest[..at]);
        rest = rest[at..].trim_start_matches(|c: char| c.is_alphanumeric());
    }
    essence + rest
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_debit_that_stays_is_an_approval_that_was_told(
        steps in prop::collection::vec(step(), 0..60), saf_attempts in 20_u16..30,
    ) {
        let config = Config { saf_attempts, ..config() };
        let mut world = World::new(config);
        for step in steps {
            world.apply(step);
        }
        world.heal();
        let bench = &world.bench;
        prop_assert_eq!(bench.count("exception-opened"), 0);
        let book = &bench.switch.book;
        let mut approved = BTreeSet::new();
        for (_, transaction) in book.transactions() {
            let Some(sent) = transaction.sent else { continue };
            let is_told = transaction.answer.is_some_and(|answer| answer.code.is_approval());
            if is_told && transaction.reversal.is_none() && !transaction.is_advised {
                approved.insert(sent.key);
            }
        }
        prop_assert_eq!(&approved, &world.issuer.debits);
        let mut origins = BTreeSet::new();
        for key in &world.issuer.debits {
            let id = book.sent_under(key).expect("it was sent by the switch");
            let Origin::Pos(origin) = book.transaction(id).unwrap().origin else { panic!() };
            prop_assert!(origins.insert(origin), "one sale, two debits");
            prop_assert!(!world.reversed.contains(&origin.stan), "told to be reversed");
        }
    }

    #[test]
    fn the_journal_alone_rebuilds_the_book(steps in prop::collection::vec(step(), 0..60)) {
        let mut world = World::new(config());
        for step in steps.into_iter().filter(|step| !matches!(step, Step::Cut(_))) {
            world.apply(step);
        }
        let mut book = Book::new(&world.bench.config);
        for record in &world.bench.journal {
            if let Record::Switch(record) = record {
                book.apply(record);
            }
        }
        prop_assert_eq!(essence(&book), essence(&world.bench.switch.book));
    }
}
