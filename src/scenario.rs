//! The one value that says everything about a run. Total: every value runs. Knows no world.

mod currency;
mod policy;
mod wish;

pub use currency::CurrencyName;
pub use policy::Policy;
pub use wish::Wish;

use crate::fault::Fault;
use crate::party::Party;
use reversim_models::record::Kind;
use serde::{Deserialize, Serialize};

/// The version of the file format this build writes and reads.
pub const VERSION: u32 = 1;

/// Everything that matters for a run, planted defects and expectations included.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    /// Format version; [`VERSION`].
    pub version: u32,
    /// One line for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The incident it tells, as `ST01`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub story: Option<String>,
    /// Draws latencies, and nothing else.
    #[serde(default)]
    pub seed: u64,
    /// Who takes part.
    #[serde(default)]
    pub topology: Topology,
    /// How long things take.
    #[serde(default)]
    pub timing: Timing,
    /// Where real systems disagree.
    #[serde(default)]
    pub policy: Policy,
    /// Planted defects, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub defects: Vec<String>,
    /// What the verdicts should be.
    #[serde(default)]
    pub expect: Expect,
    /// What people ask for, in order.
    #[serde(default, rename = "step")]
    pub steps: Vec<Step>,
    /// What goes wrong.
    #[serde(default, rename = "fault")]
    pub faults: Vec<Fault>,
}

/// Who takes part.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Topology {
    /// Terminals, at switch-1. At least 1, at most 200.
    pub terminals: u8,
    /// Switches in a chain: 1 (acquirer), or 2 (acquirer and network).
    pub switches: u8,
    /// Whether switch-1 keeps lines of its own to the issuers as well, where there are two
    /// switches. It takes these while they stand and their routes are open, and switch-2
    /// otherwise.
    pub direct: bool,
    /// Issuers, at the last switch. Card numbers beginning 62242 and the issuer's digit are its
    /// own.
    pub issuers: u8,
    /// Connections between switches and to issuers.
    pub pool: u8,
    /// Events a switch or issuer may take up while a commit is under way; 1 for one after another.
    pub workers: u8,
    /// Nodes of the clearing house: 0 for no clearing house, 1, or 2 over one store, which work in
    /// turn under a lease. With one, business dates are closed: switch-1 extracts them, issuers
    /// take presentments, merchants are paid.
    pub clearing: u8,
    /// Merchants, to whom the terminals belong in turn: terminal 1 to the first, 2 to the second.
    pub merchants: u8,
    /// Cards, numbered from 1.
    pub cards: Vec<CardSpec>,
}

/// One card and its account.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct CardSpec {
    /// Which issuer, from 1.
    pub issuer: u8,
    /// What the account holds, minor units.
    pub balance: u64,
    /// Largest sum on one business date, minor units; 0 for any.
    pub day_limit: u64,
    /// `good`, `lost` or `stolen`.
    pub standing: Standing,
    /// YYMM.
    pub expiry: u16,
    /// Whether it has a chip, which then signs sales and pre-authorisations.
    pub chip: bool,
    /// Whether it is a member trade card (会员交易卡): what is held on it moves to a supervised
    /// account, until the buyer confirms and the completion pays it out.
    pub escrow: bool,
}

/// Whether a card may be used.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Standing {
    /// In order.
    #[default]
    Good,
    /// Reported lost.
    Lost,
    /// Reported stolen.
    Stolen,
}

/// How long things take. Milliseconds, unless the name says otherwise.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Timing {
    /// Local date and time at the beginning: `2026-05-30 10:00:00`.
    pub start: String,
    /// Shortest time a message takes, microseconds.
    pub latency_min_us: u64,
    /// Longest time a message takes without a fault, microseconds.
    pub latency_max_us: u64,
    /// How long a terminal waits for an answer.
    pub terminal_response_ms: u64,
    /// How long switch-1 waits for an answer; each further switch waits a quarter less.
    pub switch_response_ms: u64,
    /// How long the rest of a frame may take.
    pub frame_ms: u64,
    /// Between two sendings of an advice.
    pub saf_retry_ms: u64,
    /// Idle time before a line test; 0 for never.
    pub echo_interval_ms: u64,
    /// Between one wish of a cashier and the next.
    pub think_ms: u64,
    /// How long people take at the PIN pad.
    pub pin_ms: u64,
    /// How long a slip takes.
    pub print_ms: u64,
    /// How long a cashier waits for a final display before going on.
    pub patience_ms: u64,
    /// How long a commit takes; 0 for at once.
    pub commit_ms: u64,
    /// Between the last extract of a date and the clearing house's run.
    pub clearing_run_ms: u64,
    /// How long a part of a clearing file waits for its answer.
    pub file_retry_ms: u64,
}

/// What the verdicts should be.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Expect {
    /// The invariant that this scenario breaks; none if all hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub violates: Option<String>,
    /// Invariants that must have been exercised, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exercises: Vec<String>,
    /// Marks that must be seen, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<String>,
}

/// One thing a person asks for.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Step {
    /// Its number, unique, from 1 to 9999. It survives the deletion of others.
    pub id: u32,
    /// Who is asked.
    pub party: Party,
    /// What for.
    #[serde(rename = "do")]
    pub wish: Wish,
    /// Milliseconds after the beginning; none for after the previous step of the same party.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<u64>,
    /// The purchase it serves: several steps may serve one. None: a purchase of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<u32>,
    /// Who wanted it.
    #[serde(default, skip_serializing_if = "AskedBy::is_cashier")]
    pub asked_by: AskedBy,
    /// What became of the goods of a sale; none for what receipt and screen say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goods: Option<Goods>,
}

/// What became of the goods, whatever receipt and screen say.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Goods {
    /// The customer has them.
    HandedOver,
    /// The shop has them.
    Kept,
}

/// Who wanted a step.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum AskedBy {
    /// The cashier chose it.
    #[default]
    Cashier,
    /// The screen invited it: done only if the previous display of the terminal offered a new sale.
    Screen,
}

impl AskedBy {
    fn is_cashier(&self) -> bool {
        *self == AskedBy::Cashier
    }
}

impl Default for Scenario {
    fn default() -> Scenario {
        Scenario {
            version: VERSION,
            title: String::new(),
            story: None,
            seed: 0,
            topology: Topology::default(),
            timing: Timing::default(),
            policy: Policy::default(),
            defects: Vec::new(),
            expect: Expect::default(),
            steps: Vec::new(),
            faults: Vec::new(),
        }
    }
}

impl Default for Topology {
    fn default() -> Topology {
        let cards = vec![CardSpec::default(), CardSpec::default()];
        let (terminals, switches, issuers, pool, workers) = (1, 1, 1, 1, 1);
        let (clearing, merchants, direct) = (0, 1, false);
        Topology { terminals, switches, direct, issuers, pool, workers, clearing, merchants, cards }
    }
}

impl Default for CardSpec {
    fn default() -> CardSpec {
        CardSpec {
            issuer: 1,
            balance: 1_000_000,
            day_limit: 0,
            standing: Standing::Good,
            expiry: 3012,
            chip: false,
            escrow: false,
        }
    }
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            start: "2026-05-30 10:00:00".to_owned(),
            latency_min_us: 5_000,
            latency_max_us: 40_000,
            terminal_response_ms: 30_000,
            switch_response_ms: 20_000,
            frame_ms: 5_000,
            saf_retry_ms: 15_000,
            echo_interval_ms: 0,
            think_ms: 3_000,
            pin_ms: 2_000,
            print_ms: 1_000,
            patience_ms: 180_000,
            commit_ms: 0,
            clearing_run_ms: 5_000,
            file_retry_ms: 10_000,
        }
    }
}

impl Scenario {
    /// What a step asks the issuer for; none if for nothing, or if nobody can say.
    pub fn kind_of(&self, step: &Step) -> Option<Kind> {
        match step.wish {
            Wish::Sale { .. } | Wish::QrSale { .. } => Some(Kind::Sale),
            Wish::Inquiry { .. } => Some(Kind::Inquiry),
            Wish::PreAuth { .. } => Some(Kind::PreAuth),
            Wish::Completion { told: false, .. } => Some(Kind::Completion),
            Wish::Completion { told: true, .. } => Some(Kind::CompletionAdvice),
            Wish::Refund { .. } => Some(Kind::Refund),
            Wish::OfflineSale { .. } => Some(Kind::OfflineSale),
            Wish::Tip { .. } => Some(Kind::Tip),
            Wish::Void { of, .. } => {
                let undone = self.steps.iter().find(|step| step.id == of)?;
                match undone.wish {
                    Wish::Sale { .. } | Wish::QrSale { .. } => Some(Kind::Void),
                    Wish::PreAuth { .. } => Some(Kind::PreAuthVoid),
                    Wish::Completion { told: false, .. } => Some(Kind::CompletionVoid),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The number of the card that is in the reader in this step; none if there is none.
    pub fn card_of(&self, step: &Step) -> Option<u8> {
        match step.wish {
            Wish::Sale { card, .. }
            | Wish::QrSale { card, .. }
            | Wish::PreAuth { card, .. }
            | Wish::OfflineSale { card, .. }
            | Wish::Inquiry { card } => Some(card),
            Wish::Void { card: Some(card), .. } => Some(card),
            // A chain of originals ends at a step that has its own card. One that leads back to
            // itself has none, and neither has one that is longer than the scenario.
            Wish::Completion { .. }
            | Wish::Void { .. }
            | Wish::Refund { .. }
            | Wish::Tip { .. } => {
                let mut of = step.wish.original();
                for _ in 0..3 {
                    let original = self.steps.iter().find(|step| Some(step.id) == of)?;
                    match original.wish {
                        Wish::Sale { card, .. }
                        | Wish::QrSale { card, .. }
                        | Wish::PreAuth { card, .. } => return Some(card),
                        Wish::Void { card: Some(card), .. } => return Some(card),
                        _ => of = original.wish.original(),
                    }
                }
                None
            }
            _ => None,
        }
    }
}

impl Step {
    /// A step of the cashier at `party`, done after the previous one.
    pub fn new(id: u32, party: Party, wish: Wish) -> Step {
        Step { id, party, wish, at_ms: None, intent: None, asked_by: AskedBy::Cashier, goods: None }
    }
}
