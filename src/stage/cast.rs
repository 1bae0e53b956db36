//! From a scenario to configured parties: identities, keys, ports, policies.
//!
//! Every value of a scenario gives parties: what cannot be (an unknown code, no terminal) becomes
//! the nearest thing that can. Whether a file *should* say so is the file reader's business.

use crate::party::{Party, Role};
use crate::scenario::{self, Scenario};
use reversim_models::card::{Card, PAYMENT_CODE, Pan};
use reversim_models::chip::Chip;
use reversim_models::defect::{Defect, Defects};
use reversim_models::iso8583::ResponseCode;
use reversim_models::line::Zone;
use reversim_models::node::{Node, Port};
use reversim_models::security::{Key, MacAlgorithm, Pin};
use reversim_models::time::{Date, Duration, LocalTime};
use reversim_models::{clearing, issuer, switch, terminal};

/// How a party is set up.
#[derive(Clone, Debug)]
pub enum Config {
    /// A terminal.
    Terminal(terminal::Config),
    /// A switch.
    Switch(switch::Config),
    /// An issuer.
    Issuer(issuer::Config),
    /// A clearing house.
    Clearing(clearing::Config),
}

impl Config {
    /// Our own party, set up like this.
    pub fn build(&self) -> Box<dyn Node> {
        match self {
            Config::Terminal(config) => Box::new(terminal::Terminal::new(config.clone())),
            Config::Switch(config) => Box::new(switch::Switch::new(config.clone())),
            Config::Issuer(config) => Box::new(issuer::Issuer::new(config.clone())),
            Config::Clearing(config) => match config.lease {
                None => Box::new(clearing::Clearing::new(config.clone())),
                Some(lease) => Box::new(clearing::Pair::new(config.clone(), lease)),
            },
        }
    }
}

/// Who plays whom. Called at the start and again after every loss of power, unless the party is
/// one that [is kept](Node::lose_power).
pub trait Cast: Sync {
    /// Your own party for this place, or none for ours.
    fn play(&self, party: Party, config: &Config) -> Option<Box<dyn Node>>;
}

/// A function does, too: who plays whom is often all there is to say.
impl<F: Fn(Party, &Config) -> Option<Box<dyn Node>> + Sync> Cast for F {
    fn play(&self, party: Party, config: &Config) -> Option<Box<dyn Node>> {
        self(party, config)
    }
}

/// Our own parties in every place.
#[derive(Clone, Copy, Debug, Default)]
pub struct OurOwn;

impl Cast for OurOwn {
    fn play(&self, _: Party, _: &Config) -> Option<Box<dyn Node>> {
        None
    }
}

/// A party in its place: configured, with the peer behind each port.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) party: Party,
    pub(crate) config: Config,
    /// For each port, in order: the index of the peer's place and the peer's port.
    pub(crate) peers: Vec<(usize, Port)>,
}

/// What a scenario's text says, made usable once.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(super) scenario: &'a Scenario,
    pub(crate) terminals: u8,
    pub(crate) switches: u8,
    pub(super) is_direct: bool,
    pub(crate) issuers: u8,
    pub(crate) clearing: u8,
    pub(crate) start: LocalTime,
    pub(super) defects: Defects,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(scenario: &'a Scenario) -> Plan<'a> {
        let topology = &scenario.topology;
        Plan {
            scenario,
            terminals: topology.terminals.clamp(1, 200),
            switches: topology.switches.clamp(1, 2),
            is_direct: topology.direct && topology.switches > 1,
            issuers: topology.issuers.clamp(1, 9),
            clearing: topology.clearing.min(1),
            start: parse_start(&scenario.timing.start),
            defects: scenario.defects.iter().filter_map(|id| Defect::parse(id)).collect(),
        }
    }

    /// The index of a party's place, if it takes part.
    pub(crate) fn index(&self, party: Party) -> Option<usize> {
        let number = usize::from(party.number).checked_sub(1)?;
        let switch = usize::from(self.terminals);
        let issuer = switch + usize::from(self.switches);
        let (first, count) = match party.role {
            Role::Terminal => (0, self.terminals),
            Role::Switch => (switch, self.switches),
            Role::Issuer => (issuer, self.issuers),
            Role::Clearing => (issuer + usize::from(self.issuers), self.clearing),
        };
        (number < usize::from(count)).then_some(first + number)
    }

    pub(crate) fn business_date(&self) -> Date {
        self.start.date()
    }

    /// The card with this number, if there is one.
    pub(crate) fn card(&self, number: u8) -> Option<Card> {
        let spec = self.scenario.topology.cards.get(usize::from(number).checked_sub(1)?)?;
        Some(Card { pan: self.pan(number, spec), expiry: spec.expiry, has_chip: spec.chip })
    }

    /// What the telephone of a card's holder shows in this step: a code that is good for one order.
    pub(crate) fn code(&self, number: u8, step: u32) -> Option<Card> {
        let spec = self.scenario.topology.cards.get(usize::from(number).checked_sub(1)?)?;
        let codes = codes(spec.issuer.clamp(1, self.issuers), number);
        let digits = format!("{codes}{:09}0", step % 1_000_000_000);
        let pan = with_check_digit(digits.as_bytes())?;
        Some(Card { pan, expiry: spec.expiry, has_chip: false })
    }

    /// The chips of all cards, each as it leaves the factory; none for a card without one.
    pub(super) fn chips(&self) -> Vec<Option<Chip>> {
        let cards = self.scenario.topology.cards.iter().take(200);
        if !cards.clone().any(|spec| spec.chip) {
            return Vec::new();
        }
        cards
            .zip(1u8..)
            .map(|(spec, number)| spec.chip.then(|| Chip::new(key(b'K', number))))
            .collect()
    }

    fn pan(&self, number: u8, spec: &scenario::CardSpec) -> Pan {
        pan(spec.issuer.clamp(1, self.issuers), number)
    }

    /// The PIN of the card with this number.
    pub(crate) fn pin(number: u8) -> Pin {
        let digits =
            [b'1', b'2', b'3', b'0' + number / 100, b'0' + number / 10 % 10, b'0' + number % 10];
        let text = core::str::from_utf8(&digits).unwrap_or("123000");
        Pin::new(text).expect("six digits are a PIN")
    }

    pub(crate) fn pans(&self) -> Vec<Pan> {
        let cards = self.scenario.topology.cards.iter().take(200).enumerate();
        cards.map(|(i, spec)| self.pan(i as u8 + 1, spec)).collect()
    }

    /// Every place, terminals first, then switches, then issuers.
    pub(crate) fn places(&self) -> Vec<Place> {
        let mut places = Vec::with_capacity(4);
        let first_switch = usize::from(self.terminals);
        for i in 0..self.terminals {
            places.push(Place {
                party: Party::terminal(i + 1),
                config: Config::Terminal(self.terminal(i)),
                peers: vec![(first_switch, Port(u16::from(i)))],
            });
        }
        for i in 0..self.switches {
            let mut peers: Vec<(usize, Port)> = match i {
                0 => (0..usize::from(self.terminals)).map(|t| (t, Port(0))).collect(),
                _ => vec![(first_switch, Port(u16::from(self.terminals)))],
            };
            let config = Config::Switch(self.switch(i, peers.len()));
            peers.extend(self.upstream_peers(i));
            if i == 0 && self.clearing > 0 {
                peers.extend(self.peers_of_clearing());
            }
            places.push(Place { party: Party::switch(i + 1), config, peers });
        }
        for i in 0..self.issuers {
            places.push(Place {
                party: Party::issuer(i + 1),
                config: Config::Issuer(self.issuer(i)),
                peers: self.peers_of_issuer(i),
            });
        }
        places.extend(self.clearing_house());
        places
    }

    /// Element 42 of the terminal at this port: its last three digits number the merchants.
    pub(super) fn merchant(&self, port: u8) -> [u8; 15] {
        let mut merchant = *MERCHANT;
        let number = port % self.scenario.topology.merchants.max(1) + 1;
        let digits = [number / 100, number / 10 % 10, number % 10].map(|digit| b'0' + digit);
        merchant[12..].copy_from_slice(&digits);
        merchant
    }

    fn terminal(&self, i: u8) -> terminal::Config {
        let (timing, policy) = (&self.scenario.timing, &self.scenario.policy);
        terminal::Config {
            terminal: terminal_id(i + 1),
            merchant: self.merchant(i),
            currency: self.scenario.currency(),
            master_key: key(b'T', i),
            tpdu: [0x60, 0x00, 0x06, 0x00, i],
            response_timeout: Duration::millis(timing.terminal_response_ms.max(1)),
            frame_timeout: Duration::millis(timing.frame_ms.max(1)),
            echo_interval: some_millis(timing.echo_interval_ms),
            reversal_attempts: policy.reversal_attempts.max(1),
            order_queries: policy.order_queries,
            management_attempts: 3,
            stan_max: policy.terminal_stan_max.clamp(2, 999_999),
            stan_start: policy.terminal_stan_start.min(policy.terminal_stan_max.clamp(2, 999_999)),
            supervisor_password: SUPERVISOR,
            batch_max: policy.batch_max.max(1),
            clears_on_not_found: policy.terminal_clears_on_not_found,
            trusts_unsigned_declines: policy.terminal_trusts_unsigned_declines,
            asks_for_pin: policy.pin,
            defects: self.defects,
        }
    }

    fn switch(&self, i: u8, downstream: usize) -> switch::Config {
        let (timing, policy) = (&self.scenario.timing, &self.scenario.policy);
        let peer = |port: usize| match i {
            0 => switch::Peer::Terminal {
                terminal: terminal_id(port as u8 + 1),
                merchant: self.merchant(port as u8),
                master_key: key(b'T', port as u8),
            },
            _ => switch::Peer::Switch { zone: self.zone(b'N', i - 1) },
        };
        let is_last = i + 1 == self.switches;
        let clearing = (i == 0).then(|| self.clearing_line(self.clearing_port()));
        let response = Duration::millis(timing.switch_response_ms.max(1));
        switch::Config {
            institution: switch_institution(i),
            downstream: (0..downstream)
                .map(|port| switch::Downstream { port: Port(port as u16), peer: peer(port) })
                .collect(),
            upstream: self.upstream(i),
            currency: self.scenario.currency(),
            key_seed: key(b'S', i),
            business_date: self.business_date(),
            response_timeout: if i == 0 { response } else { Duration(response.0 / 4 * 3) },
            frame_timeout: Duration::millis(timing.frame_ms.max(1)),
            echo_interval: some_millis(timing.echo_interval_ms),
            saf_retry: Duration::millis(timing.saf_retry_ms.max(1)),
            saf_attempts: policy.saf_attempts.max(1),
            saf_max: policy.saf_max.max(1) as usize,
            stan_max: policy.switch_stan_max.clamp(2, 999_999),
            timeout_code: code(&policy.switch_timeout_code, ResponseCode::ISSUER_TIMED_OUT),
            answers_advices: policy.switch_answers_advices,
            instant_payout: (i == 0 && policy.instant_payout).then_some(policy.merchant_reserve),
            stand_in_max: if is_last { policy.stand_in_max } else { 0 },
            refund_days: policy.refund_days,
            tip_percent: policy.tip_percent,
            claim_days: policy.claim_days,
            amount_min: policy.amount_min,
            sales_per_card_max: policy.sales_per_card_max,
            card_spacing: Duration::secs(policy.card_spacing_s.into()),
            hold_for: Duration::secs(policy.hold_until_s.into()),
            zone: COUNTER_ZONE,
            clearing: clearing.flatten(),
            defects: self.defects,
        }
    }

    fn issuer(&self, i: u8) -> issuer::Config {
        let (timing, policy) = (&self.scenario.timing, &self.scenario.policy);
        let cards = self.scenario.topology.cards.iter().take(200).zip(1u8..);
        let ours = cards.filter(|(spec, _)| spec.issuer.clamp(1, self.issuers) == i + 1);
        issuer::Config {
            institution: issuer_institution(i),
            lines: self.lines_of_issuer(i),
            accounts: ours
                .map(|(spec, number)| issuer::AccountSpec {
                    pan: self.pan(number, spec),
                    pin: Plan::pin(number),
                    codes: Some(codes(spec.issuer.clamp(1, self.issuers), number).into()),
                    balance: spec.balance.min(i64::MAX as u64 / 4),
                    day_limit: spec.day_limit,
                    expiry: spec.expiry,
                    escrow: spec.escrow,
                    chip_key: spec.chip.then(|| key(b'K', number)),
                    standing: match spec.standing {
                        scenario::Standing::Good => issuer::Standing::Good,
                        scenario::Standing::Lost => issuer::Standing::Lost,
                        scenario::Standing::Stolen => issuer::Standing::Stolen,
                    },
                })
                .collect(),
            currency: self.scenario.currency(),
            business_date: self.business_date(),
            frame_timeout: Duration::millis(timing.frame_ms.max(1)),
            hold_days: policy.hold_days.max(1),
            cache_rows: policy.issuer_cache_rows,
            zone: self.issuer_zone(),
            surcharge: policy.issuer_surcharge,
            pin_tries_max: policy.pin_tries_max.max(1),
            texts: true,
            unknown_original_code: code(
                &policy.issuer_unknown_original_code,
                ResponseCode::ORIGINAL_NOT_FOUND,
            ),
            matches_by_rrn_alone: policy.issuer_matches_by_rrn_alone,
            credits_declined: policy.issuer_credits_declined,
            partial_approvals: policy.issuer_partial_approvals,
            clearing: self.terms_of_issuer(),
            defects: self.defects,
        }
    }

    /// Minutes that clocks of issuers are ahead of UTC.
    fn issuer_zone(&self) -> i16 {
        self.scenario.policy.issuer_zone_min.clamp(-840, 840)
    }

    /// Microseconds that a party's clock is ahead of those at the counter.
    pub(super) fn zone_of(&self, party: Party) -> i64 {
        match party.role {
            Role::Issuer => i64::from(self.issuer_zone() - COUNTER_ZONE) * 60_000_000,
            _ => 0,
        }
    }

    pub(super) fn zone(&self, kind: u8, i: u8) -> Zone {
        let algorithm =
            MacAlgorithm::by_name(&self.scenario.policy.network_mac).unwrap_or(MacAlgorithm::X919);
        Zone { pin: key(kind, i), mac: key(kind.to_ascii_lowercase(), i), algorithm }
    }
}

/// Minutes that clocks at the counter are ahead of UTC.
pub(super) const COUNTER_ZONE: i16 = 480;

/// What the supervisor of every shop types.
pub(super) const SUPERVISOR: [u8; 6] = *b"123456";

const MERCHANT: &[u8; 15] = b"104512541110001";

/// Element 41 of the n-th terminal.
pub(crate) fn terminal_id(number: u8) -> [u8; 8] {
    let mut id = *b"22003000";
    id[5..].copy_from_slice(&[b'0' + number / 100, b'0' + number / 10 % 10, b'0' + number % 10]);
    id
}

/// What the switch at this place calls itself.
pub(super) fn switch_institution(i: u8) -> u64 {
    48_020_000 + u64::from(i)
}

/// What the issuer at this place calls itself.
pub(super) fn issuer_institution(i: u8) -> u64 {
    1_453_820 + u64::from(i)
}

/// What the card numbers and payment codes of the n-th issuer begin with.
pub(super) fn bins(issuer: u8) -> Vec<String> {
    vec![format!("62242{issuer}"), code_bin(issuer)]
}

/// A test card number with a valid check digit (ISO/IEC 7812-1, annex B).
fn pan(issuer: u8, number: u8) -> Pan {
    let mut digits = *b"6224200000000000";
    digits[5] = b'0' + issuer % 10;
    digits[12..15].copy_from_slice(&[
        b'0' + number / 100,
        b'0' + number / 10 % 10,
        b'0' + number % 10,
    ]);
    with_check_digit(&digits).expect("sixteen digits are a card number")
}

/// These digits, the last of them replaced by the check digit of the others.
fn with_check_digit(digits: &[u8]) -> Option<Pan> {
    let (_, rest) = digits.split_last()?;
    let luhn = |(i, digit): (usize, &u8)| {
        let value = u32::from(digit.wrapping_sub(b'0')) * if i % 2 == 0 { 2 } else { 1 };
        value / 10 + value % 10
    };
    let sum: u32 = rest.iter().rev().enumerate().map(luhn).sum();
    let check = b'0' + ((10 - sum % 10) % 10) as u8;
    Pan::new(&[rest, &[check]].concat())
}

/// The payment code prefix of the n-th issuer.
fn code_bin(issuer: u8) -> String {
    format!("{PAYMENT_CODE}{}", issuer % 10)
}

/// What the payment codes of the wallet of this card begin with.
fn codes(issuer: u8, number: u8) -> String {
    format!("{}{number:03}", code_bin(issuer))
}

/// A double-length test key that depends on its use and its owner, and on nothing else.
fn key(kind: u8, owner: u8) -> Key {
    let mut bytes = [0u8; 16];
    let mut state = u64::from(kind) << 8 | u64::from(owner);
    for half in bytes.chunks_exact_mut(8) {
        state = super::latency::mix(state);
        half.copy_from_slice(&state.to_be_bytes());
    }
    Key::new(&bytes).expect("sixteen bytes are a key")
}

fn some_millis(millis: u64) -> Option<Duration> {
    (millis > 0).then(|| Duration::millis(millis))
}

fn code(text: &str, otherwise: ResponseCode) -> ResponseCode {
    match *text.as_bytes() {
        [a, b] if a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric() => ResponseCode([a, b]),
        _ => otherwise,
    }
}

/// `2026-05-30 10:00:00`, or that very time if the text says nothing else that is a time.
pub(crate) fn parse_start(text: &str) -> LocalTime {
    parse_local_time(text)
        .unwrap_or_else(|| LocalTime::new(Date { year: 2026, month: 5, day: 30 }, 36_000))
}

/// A date and time of the form `2026-05-30 10:00:00`.
pub fn parse_local_time(text: &str) -> Option<LocalTime> {
    let (date, time) = text.split_once([' ', 'T'])?;
    let mut date = date.splitn(3, '-');
    let year = date.next()?.parse::<u16>().ok()?;
    let (month, day) = (date.next()?.parse().ok()?, date.next()?.parse().ok()?);
    let mut time = time.splitn(3, ':').map(|part| part.parse::<u32>().ok());
    let (hours, minutes, seconds) = (time.next()??, time.next()??, time.next()??);
    let is_time = hours < 24 && minutes < 60 && seconds < 60;
    let date = Date::new(i32::from(year), month, day)?;
    is_time.then(|| LocalTime::new(date, hours * 3_600 + minutes * 60 + seconds))
}

/// How a scenario sets up one of its parties; none if it does not take part.
pub fn config_of(scenario: &Scenario, party: Party) -> Option<Config> {
    let plan = Plan::new(scenario);
    let index = plan.index(party)?;
    plan.places().into_iter().nth(index).map(|place| place.config)
}
