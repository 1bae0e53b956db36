//! Scenarios of a search without their faults: what is left is ordinary life, and in ordinary life
//! every sale that the account covers is approved, every other is refused with the code that says
//! why, and the shop, its acquirer and the issuer agree on all of it. Being safe is not enough.

use reversim::generate::{Profile, scenario};
use reversim::history::{Entry, HEALING, What};
use reversim::party::{Party, Role};
use reversim::scenario::{CardSpec, Policy, Scenario, Standing, Step, Wish};
use reversim_models::card::Pan;
use reversim_models::device::{Display, Output, Slip};
use reversim_models::iso8583::{Element, Mti, ResponseCode};
use reversim_models::node::{Link, Ticket};
use reversim_models::record::{IssuerRecord, Kind, Record, SwitchRecord, TakenAs};
use reversim_models::time::Date;
use std::collections::BTreeMap;

/// Seeds of each profile.
const SEEDS: u64 = 150;

fn twins() -> impl Iterator<Item = (String, Scenario, reversim::Run)> {
    Profile::ALL.into_iter().flat_map(|profile| {
        (0..SEEDS).map(move |seed| {
            let mut scenario = scenario(profile, seed);
            scenario.faults.clear();
            let run = reversim::run(&scenario);
            assert_eq!(run.violation(), None, "{profile} {seed}");
            (format!("{profile} {seed}"), scenario, run)
        })
    })
}

/// What the issuer holds of a card, kept by hand.
struct Account {
    spec: CardSpec,
    left: u64,
    spent: BTreeMap<Date, u64>,
    /// The highest number of its chip that the issuer has seen.
    seen: u16,
}

impl Account {
    fn new(spec: CardSpec) -> Account {
        Account { left: spec.balance, spec, spent: BTreeMap::new(), seen: 0 }
    }

    /// The code and the amount that this sale, pre-authorisation or inquiry should get.
    fn judge(
        &mut self,
        kind: Kind,
        asked: u64,
        date: Date,
        policy: &Policy,
    ) -> (&'static str, u64) {
        let yymm = date.year as u16 % 100 * 100 + u16::from(date.month);
        match self.spec.standing {
            _ if kind.moves() && asked == 0 => return ("13", 0),
            Standing::Lost => return ("41", 0),
            Standing::Stolen => return ("43", 0),
            Standing::Good if yymm > self.spec.expiry => return ("54", 0),
            Standing::Good if kind == Kind::Inquiry => return ("00", 0),
            Standing::Good => {}
        }
        if kind == Kind::PreAuth {
            let held = if asked <= self.left { asked } else { 0 };
            self.left -= held;
            return (if held > 0 { "00" } else { "51" }, held);
        }
        let spent = self.spent.entry(date).or_default();
        let left = self.left.saturating_sub(policy.issuer_surcharge);
        let (code, paid) = match asked {
            _ if self.spec.day_limit > 0 && *spent + asked > self.spec.day_limit => ("61", 0),
            _ if asked <= left => ("00", asked),
            _ if policy.issuer_partial_approvals && left > 0 => ("10", left),
            _ => ("51", 0),
        };
        if paid > 0 {
            self.left -= paid + policy.issuer_surcharge;
        }
        *spent += paid;
        (code, paid)
    }
}

impl Account {
    /// What follows an approval gives back, takes, or lets go, as the issuer says.
    fn follow(&mut self, kind: Kind, effective: u64, hold: i64, date: Date, policy: &Policy) {
        let minor = effective as i64;
        self.left = self.left.saturating_add_signed(-kind.money() * minor - hold);
        if kind == Kind::Void && effective > 0 {
            self.left += policy.issuer_surcharge;
        }
        if kind == Kind::Void {
            *self.spent.entry(date).or_default() -= effective;
        }
    }
}

/// The card whose account is paid from: a payment code says its number behind the prefix.
fn card_behind(pan: &Pan, cards: &[Pan]) -> Pan {
    let number = pan.as_str().get(6..9).and_then(|digits| digits.parse::<usize>().ok());
    let card = number.filter(|_| pan.is_payment_code()).and_then(|n| cards.get(n.checked_sub(1)?));
    card.copied().unwrap_or(*pan)
}

/// What moves money without anybody asking: holds that are over, and files.
fn beside_decisions(accounts: &mut BTreeMap<Pan, Account>, entry: &Entry) {
    let mut moved = |pan: &Pan, minor: i64| {
        let account = accounts.get_mut(pan).expect("a card of the scenario");
        account.left = account.left.saturating_add_signed(minor);
    };
    match &entry.what {
        What::Recorded(Record::Issuer(IssuerRecord::HoldExpired { pan, minor, .. })) => {
            moved(pan, *minor as i64);
        }
        What::Recorded(Record::Issuer(IssuerRecord::PresentmentTaken { entries, .. })) => {
            let by_file = |end| matches!(end, TakenAs::Debited | TakenAs::Credited);
            for taken in entries.iter().filter(|taken| by_file(taken.end)) {
                moved(&taken.entry.pan, -taken.entry.signed());
            }
        }
        _ => {}
    }
}

#[test]
fn the_issuer_decides_what_the_account_calls_for() {
    let (mut approved, mut refused) = (0, 0);
    for (name, scenario, run) in twins() {
        let is_given_back = |entry: &Entry| {
            matches!(entry.what, What::Recorded(Record::Issuer(IssuerRecord::Reversed { .. })))
        };
        if run.history.entries.iter().any(is_given_back) {
            continue;
        }
        let specs = scenario.topology.cards.iter().cloned().map(Account::new);
        let pans = run.history.setting.pans.iter().copied();
        let mut accounts: BTreeMap<Pan, Account> = pans.zip(specs).collect();
        for entry in &run.history.entries {
            beside_decisions(&mut accounts, entry);
            let What::Recorded(Record::Issuer(IssuerRecord::Decided {
                pan,
                kind,
                is_stand_in,
                amount,
                code,
                effective,
                balance,
                hold,
                business_date,
                authorization,
                pin_tries,
                presented,
                ..
            })) = &entry.what
            else {
                continue;
            };
            let pan = &card_behind(pan, &run.history.setting.pans);
            let account = accounts.get_mut(pan).expect("a card of the scenario");
            if kind.original().is_some() {
                account.follow(*kind, *effective, *hold, *business_date, &scenario.policy);
                continue;
            }
            let counter = presented.map_or(u16::MAX, |presented| presented.counter);
            let is_overtaken = counter <= account.seen;
            account.seen = presented.map_or(account.seen, |_| counter.max(account.seen));
            let said = match is_overtaken {
                // One card at two terminals: its later request came first.
                true => ("59", 0),
                // What is told as done is booked.
                _ if *is_stand_in => {
                    let taken = amount.minor + scenario.policy.issuer_surcharge;
                    account.left = account.left.saturating_sub(taken);
                    ("00", amount.minor)
                }
                false => account.judge(*kind, amount.minor, *business_date, &scenario.policy),
            };
            let code = code.to_string();
            assert_eq!((code.as_str(), *effective, *pin_tries), (said.0, said.1, 0), "{name}");
            assert_eq!(authorization.is_some(), matches!(said.0, "00" | "10"), "{name}");
            let told = (*kind == Kind::Inquiry && said.0 == "00").then_some(account.left);
            assert_eq!(*balance, told, "{name}");
            if said.1 > 0 {
                approved += 1
            } else {
                refused += u32::from(*kind == Kind::Sale)
            };
        }
    }
    assert!(approved > 1_500 && refused > 50, "{approved} approved, {refused} refused");
}

fn displays(run: &reversim::Run, step: &Step) -> Vec<Display> {
    let shown = run.history.entries.iter().filter_map(|entry| match entry.what {
        What::Told { output: Output::Display(display), .. } if entry.ticket == Ticket(step.id) => {
            Some(display)
        }
        _ => None,
    });
    shown.filter(|display| display.is_final()).collect()
}

/// Whether the terminal of this step had signed on before the step ended.
fn is_signed_on(run: &reversim::Run, step: &Step) -> bool {
    let is_end = |entry: &Entry| match entry.what {
        What::Told { output: Output::Display(display), .. } => {
            entry.ticket == Ticket(step.id) && display.is_final()
        }
        _ => false,
    };
    let before = run.history.entries.iter().take_while(|entry| !is_end(entry));
    let mut of_terminal = before.filter(|entry| entry.party == step.party);
    of_terminal.any(|entry| {
        matches!(entry.what, What::Told { output: Output::Display(Display::SignedOn), .. })
    })
}

/// Whether nothing in the scenario but the account can stand against a sale.
fn is_plain(scenario: &Scenario) -> bool {
    let Policy { terminal_stan_max, batch_max, amount_min, .. } = scenario.policy;
    let Policy { sales_per_card_max, card_spacing_s, .. } = scenario.policy;
    let timing = &scenario.timing;
    let is_usual = |step: &Step| {
        !matches!(step.wish, Wish::CutOver { window_ms: 1.. } | Wish::WithdrawKeys { .. })
    };
    terminal_stan_max > 100
        && (batch_max, amount_min) == (500, 0)
        && (sales_per_card_max, card_spacing_s) == (0, 0)
        // Everybody waits for longer than messages take.
        && timing.latency_max_us < 1_000_000
        && timing.commit_ms < 200
        && scenario.steps.iter().all(is_usual)
}

/// What the issuer decided about a step: code, amount, balance told.
type Decided = (ResponseCode, u64, Option<u64>);

fn decided(run: &reversim::Run, step: &Step) -> Option<Decided> {
    run.history.entries.iter().find_map(|entry| match &entry.what {
        What::Recorded(Record::Issuer(IssuerRecord::Decided {
            code, effective, balance, ..
        })) => (entry.ticket == Ticket(step.id)).then_some((*code, *effective, *balance)),
        _ => None,
    })
}

fn is_asked(run: &reversim::Run, step: &Step) -> bool {
    let of_step = |entry: &&Entry| entry.ticket == Ticket(step.id);
    run.history.entries.iter().filter(of_step).any(|entry| matches!(entry.what, What::Asked(_)))
}

fn slips(run: &reversim::Run, step: &Step) -> Vec<Slip> {
    let of_step = run.history.entries.iter().filter(|entry| entry.ticket == Ticket(step.id));
    let slip = |entry: &Entry| match entry.what {
        What::Told { output: Output::Slip(slip), .. } => Some(slip),
        _ => None,
    };
    of_step.filter_map(slip).collect()
}

/// How many slips the terminal's journal has for this step.
fn printed(run: &reversim::Run, step: &Step) -> usize {
    let is_it = |entry: &&Entry| match &entry.what {
        What::Recorded(record) => {
            entry.ticket == Ticket(step.id) && record.name() == "slip-printed"
        }
        _ => false,
    };
    run.history.entries.iter().filter(is_it).count()
}

/// Whether the end of a sale at the terminal is what the issuer decided.
fn is_told(decided: Decided, last: Display, slips: &[Slip]) -> bool {
    let (code, paid, _) = decided;
    match (last, slips) {
        (Display::Approved(shown), [Slip::Receipt { amount, is_copy: false, .. }]) => {
            code.is_approval() && (shown.minor, amount.minor) == (paid, paid)
        }
        (Display::Declined(shown), []) => !code.is_approval() && shown == code,
        _ => false,
    }
}

#[test]
fn the_screen_and_the_slip_say_what_the_issuer_decided() {
    let (mut approved, mut refused, mut plain) = (0, 0, 0);
    for (name, scenario, run) in twins().filter(|(_, scenario, _)| is_plain(scenario)) {
        plain += 1;
        for step in scenario.steps.iter().filter(|step| is_asked(&run, step)) {
            let name = format!("{name} step {}", step.id);
            let Some(last) = displays(&run, step).pop() else { continue };
            let decided = decided(&run, step);
            match (&step.wish, last) {
                (_, Display::Busy) => {}
                (_, Display::MustSignOn) => assert!(!is_signed_on(&run, step), "{name}: has keys"),
                (Wish::Sale { .. }, _) => {
                    let decided = decided.unwrap_or_else(|| panic!("{name}: {last:?}, not asked"));
                    let slips = slips(&run, step);
                    assert!(is_told(decided, last, &slips), "{name}: {last:?} {slips:?}");
                    assert_eq!(printed(&run, step), slips.len(), "{name}: slips in the journal");
                    if decided.0.is_approval() {
                        approved += 1
                    } else {
                        refused += 1
                    };
                }
                (Wish::Inquiry { .. }, _) => {
                    let (code, _, held) = decided.unwrap_or_else(|| panic!("{name}: not asked"));
                    let expected = match held {
                        Some(held) => Display::Balance(scenario.currency().amount(held)),
                        None => Display::Declined(code),
                    };
                    assert_eq!(last, expected, "{name}");
                }
                (Wish::Settle, _) => assert_eq!(last, Display::Settled(true), "{name}"),
                (Wish::SignOn, _) => assert_eq!(last, Display::SignedOn, "{name}"),
                (Wish::Echo, _) => assert_eq!(last, Display::Echo(true), "{name}"),
                _ => {}
            }
        }
    }
    assert!(plain > 300 && approved > 500 && refused > 30, "{plain} {approved} {refused}");
}

/// The day's end: what was approved is what every terminal's batches hold.
#[test]
fn what_was_approved_is_settled_to_the_last_cent() {
    let mut batches = 0;
    for (name, scenario, run) in twins().filter(|(_, scenario, _)| is_plain(scenario)) {
        let mut paid: BTreeMap<Ticket, u64> = BTreeMap::new();
        let mut settled: BTreeMap<Ticket, u64> = BTreeMap::new();
        for entry in &run.history.entries {
            match &entry.what {
                What::Recorded(Record::Issuer(IssuerRecord::Decided {
                    ticket,
                    kind,
                    effective,
                    ..
                })) if *effective > 0 && kind.is_settled() => {
                    paid.insert(*ticket, *effective);
                }
                What::Recorded(Record::Switch(SwitchRecord::BatchClosed {
                    entries,
                    differences,
                    ..
                })) => {
                    assert!(differences.is_empty(), "{name}");
                    settled.extend(entries.iter().map(|one| (one.ticket, one.minor)));
                    batches += 1;
                }
                _ => {}
            }
        }
        assert_eq!(settled, paid, "{name}: {} steps", scenario.steps.len());
    }
    assert!(batches > 300, "{batches} batches were closed");
}

/// What an answer must say again of its request, on either line.
const ECHOED: [Element; 6] = [
    Element::PROCESSING_CODE,
    Element::STAN,
    Element::TERMINAL,
    Element::MERCHANT,
    Element::CURRENCY,
    Element::CONDITION_CODE,
];

#[test]
fn every_message_dates_itself_and_every_answer_repeats_what_it_answers() {
    let mut answers = 0;
    for (name, scenario, run) in twins().filter(|(_, scenario, _)| is_plain(scenario)) {
        let mut asked: BTreeMap<(Party, Party, String), &reversim::history::Frame> =
            BTreeMap::new();
        for entry in run.history.entries.iter().filter(|entry| entry.ticket.0 < HEALING) {
            let What::Sent { to, frame, .. } = &entry.what else { continue };
            let message = frame.message().unwrap_or_else(|| panic!("{name}: no message"));
            let is_pos = entry.party.role == Role::Terminal || to.role == Role::Terminal;
            let stan = message.text(Element::STAN).unwrap_or_default().to_owned();
            if message.mti().is_request() {
                assert_eq!(message.has(Element::TRANSMISSION_TIME), !is_pos, "{name}");
                asked.insert((entry.party, *to, stan), frame);
                continue;
            }
            let request = asked.get(&(*to, entry.party, stan));
            let request = request.unwrap_or_else(|| panic!("{name}: {message:?} answers nothing"));
            let request = request.message().expect("it was read before");
            if request.mti().response() != message.mti() {
                continue;
            }
            for element in ECHOED.into_iter().filter(|element| message.has(*element)) {
                assert_eq!(message.get(element), request.get(element), "{name} {message:?}");
            }
            let code = ResponseCode::of(message).unwrap_or_else(|| panic!("{name}: no code"));
            if message.mti() == Mti::FINANCIAL_RESPONSE && is_pos && code.is_approval() {
                let is_inquiry = request.text(Element::PROCESSING_CODE) == Some("310000");
                for (element, is_there) in [
                    (Element::LOCAL_TIME, true),
                    (Element::LOCAL_DATE, true),
                    (Element::SETTLEMENT_DATE, true),
                    (Element::RRN, true),
                    (Element::AUTHORIZATION_CODE, true),
                    (Element::ADDITIONAL_AMOUNTS, is_inquiry),
                    (Element::MAC_64, true),
                ] {
                    assert_eq!(message.has(element), is_there, "{name}: {element} {message:?}");
                }
                answers += 1;
            }
        }
        assert!(!scenario.steps.is_empty());
    }
    assert!(answers > 500, "{answers} answers");
}

#[test]
fn an_answer_leaves_on_the_connection_that_its_request_came_by() {
    let mut answers = 0;
    for (name, _, run) in twins().filter(|(_, scenario, _)| is_plain(scenario)) {
        let mut came: BTreeMap<(Party, Party, String), Link> = BTreeMap::new();
        for entry in &run.history.entries {
            match &entry.what {
                What::Delivered { link, from, frame, .. } => {
                    let stan = frame.message().and_then(|it| it.text(Element::STAN));
                    let stan = stan.unwrap_or_default().to_owned();
                    came.insert((entry.party, *from, stan), *link);
                }
                What::Sent { link, to, frame } if frame.mti().is_some_and(Mti::is_response) => {
                    let stan = frame.message().and_then(|it| it.text(Element::STAN));
                    let stan = stan.unwrap_or_default().to_owned();
                    assert_eq!(came.get(&(entry.party, *to, stan)), Some(link), "{name}");
                    answers += 1;
                }
                _ => {}
            }
        }
    }
    assert!(answers > 2_000, "{answers} answers");
}
