//! Invariants: what must hold of every run, one claim per file, judged from the history alone.
//!
//! A judge folds the history into `books` (who sold, forwarded, debited, reversed and settled
//! what) and shows every entry to the claims that asked for its kind. A claim is a pure function of
//! those books: it never sees a scenario, a party or a world. Nothing here knows a planted defect.

mod books;
#[cfg(test)]
pub(crate) mod testing;

mod at_most_once_posting;
mod at_most_once_settlement;
mod bad_frame_spares_the_line;
mod batch_closes;
mod batch_totals_agree;
mod books_sum_to_zero;
mod claimed;
mod cleared;
mod currency_exact;
mod delivered_to_its_terminal;
mod echo_integrity;
mod emv_finality;
mod escrow_is_what_is_held;
mod fees_follow_principal;
mod final_is_final;
mod four_way_reconciliation;
mod goods_and_money_agree;
mod hold_conservation;
mod holds_end_in_time;
mod identity_is_bound;
mod interaction_ends;
mod keys_resynchronise;
mod mac_before_state;
mod no_credit_without_debit;
mod no_display_invites_a_second_sale;
mod no_phantom_approval;
mod no_settlement_without_approval;
mod no_unpaid_approval;
mod no_unreversed_debit;
mod no_wedged_terminal;
mod nothing_sensitive_kept;
mod one_business_date;
mod open_to_buy;
mod order_independence;
mod own_books_agree;
mod pan_is_masked;
mod payout_is_covered;
mod pin_never_clear;
mod queue_drains;
mod refusals_tell_nothing;
mod repeat_says_so;
mod replay_changes_nothing;
mod response_belongs_to_request;
mod retired_keys_are_refused;
mod retries_are_spaced;
mod reversal_follows_its_original;
mod reversal_is_idempotent;
mod reversal_within_original;
mod reversals_drain;
mod reversed_by_t_plus_n;
mod saf_never_forgets;
mod stand_in_is_consistent;
mod suspense_returns_to_zero;
mod trace_numbers_are_unique;
mod write_ahead_reversal;

use crate::history::{Entry, Horizon, Setting, What};
use crate::verdict::{Verdict, Violation};
use books::Books;
use reversim_models::record::{IssuerRecord, Record, SwitchRecord, TerminalRecord};
use std::fmt;
use std::sync::LazyLock;

/// What a person wants to know of an invariant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct About {
    /// Its permanent code, as `S1`.
    pub code: &'static str,
    /// Its name, as `no-unreversed-debit`.
    pub name: &'static str,
    /// What it claims, in one sentence.
    pub claim: &'static str,
    /// Two lines of a scenario that breaks it.
    pub example: &'static str,
}

/// How a claim was broken: the sentence, and the entries that contradict each other. It is rare,
/// and kept small, so that what nearly all claims say of nearly all entries fits two registers.
#[derive(Debug)]
pub(crate) struct Breach(Box<(String, Vec<usize>)>);

impl Breach {
    /// A breach seen in these entries.
    pub(crate) fn new(sentence: fmt::Arguments<'_>, witnesses: &[usize]) -> Breach {
        let mut witnesses = witnesses.to_vec();
        witnesses.sort_unstable();
        witnesses.dedup();
        Breach(Box::new((sentence.to_string(), witnesses)))
    }
}

/// Returns the breach of a claim: a sentence as in `format!`, and the entries that show it.
macro_rules! breach {
    ([$($witness:expr),* $(,)?], $($sentence:tt)*) => {
        Err($crate::invariant::Breach::new(format_args!($($sentence)*), &[$($witness),*]))
    };
}
pub(crate) use breach;

/// How many cases were checked and held, or how the claim was broken.
pub(crate) type Checked = Result<u64, Breach>;

/// Kinds of entries that a claim wants to be shown, as a set of bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Kinds(pub(crate) u16);

impl Kinds {
    /// Nothing: the claim is judged at horizons only.
    pub(crate) const NONE: Kinds = Kinds(0);
    /// Financial request written.
    pub(crate) const SENT_REQUEST: Kinds = Kinds(1);
    /// Financial answer written.
    pub(crate) const SENT_ANSWER: Kinds = Kinds(1 << 1);
    /// Reversal request or advice written.
    pub(crate) const SENT_REVERSAL: Kinds = Kinds(1 << 2);
    /// Financial or reversal request delivered.
    pub(crate) const DELIVERED_REQUEST: Kinds = Kinds(1 << 3);
    /// Financial or reversal answer delivered.
    pub(crate) const DELIVERED_ANSWER: Kinds = Kinds(1 << 4);
    /// Reversal answer written.
    pub(crate) const SENT_REVERSAL_ANSWER: Kinds = Kinds(1 << 5);
    /// Record of a terminal.
    pub(crate) const TERMINAL: Kinds = Kinds(1 << 6);
    /// Record of a switch.
    pub(crate) const SWITCH: Kinds = Kinds(1 << 7);
    /// Record of an issuer.
    pub(crate) const ISSUER: Kinds = Kinds(1 << 8);
    /// Record of a party of somebody's own.
    pub(crate) const OWN: Kinds = Kinds(1 << 9);
    /// Screen.
    pub(crate) const SCREEN: Kinds = Kinds(1 << 10);
    /// Slip, log line or text message.
    pub(crate) const PAPER: Kinds = Kinds(1 << 11);
    /// Record of a clearing house.
    pub(crate) const CLEARING: Kinds = Kinds(1 << 12);
    /// How many kinds there are.
    const COUNT: usize = 13;

    /// Both.
    pub(crate) const fn and(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }
}

/// An entry as it is shown to a claim; the books hold it already.
pub(crate) struct Seen<'a> {
    /// Its position in the history.
    pub(crate) index: usize,
    /// The entry.
    pub(crate) entry: &'a Entry,
    /// For a frame: its place in the books' wires (sent) or deliveries (delivered).
    pub(crate) place: usize,
}

impl Seen<'_> {
    /// The record, if it is a terminal's.
    pub(crate) fn terminal(&self) -> Option<&TerminalRecord> {
        match &self.entry.what {
            What::Recorded(Record::Terminal(record)) => Some(record),
            _ => None,
        }
    }

    /// The record, if it is a switch's.
    pub(crate) fn switch(&self) -> Option<&SwitchRecord> {
        match &self.entry.what {
            What::Recorded(Record::Switch(record)) => Some(record),
            _ => None,
        }
    }

    /// The record, if it is an issuer's.
    pub(crate) fn issuer(&self) -> Option<&IssuerRecord> {
        match &self.entry.what {
            What::Recorded(Record::Issuer(record)) => Some(record),
            _ => None,
        }
    }
}

/// One claim. It has no state of its own: what it needs to remember, the books remember.
pub(crate) trait Invariant: Sync {
    /// Its code, name, claim and example.
    fn about(&self) -> &'static About;

    /// The kinds of entries it wants to be shown.
    fn kinds(&self) -> Kinds {
        Kinds::NONE
    }

    /// Judges an entry at once ("always").
    fn observe(&self, _books: &Books, _seen: &Seen<'_>) -> Checked {
        Ok(0)
    }

    /// Judges what must be so at a horizon ("eventually").
    fn at(&self, _books: &Books, _horizon: Horizon) -> Checked {
        Ok(0)
    }
}

/// Every claim, in the order in which violations are told.
static ALL: [&dyn Invariant; 53] = [
    &no_unreversed_debit::Claim,
    &no_unpaid_approval::Claim,
    &at_most_once_posting::Claim,
    &at_most_once_settlement::Claim,
    &no_settlement_without_approval::Claim,
    &reversal_is_idempotent::Claim,
    &reversal_within_original::Claim,
    &no_credit_without_debit::Claim,
    &order_independence::Claim,
    &reversal_follows_its_original::Claim,
    &repeat_says_so::Claim,
    &response_belongs_to_request::Claim,
    &echo_integrity::Claim,
    &no_phantom_approval::Claim,
    &no_display_invites_a_second_sale::Claim,
    &trace_numbers_are_unique::Claim,
    &final_is_final::Claim,
    &batch_totals_agree::Claim,
    &one_business_date::Claim,
    &write_ahead_reversal::Claim,
    &saf_never_forgets::Claim,
    &stand_in_is_consistent::Claim,
    &open_to_buy::Claim,
    &emv_finality::Claim,
    &books_sum_to_zero::Claim,
    &hold_conservation::Claim,
    &escrow_is_what_is_held::Claim,
    &four_way_reconciliation::Claim,
    &currency_exact::Claim,
    &suspense_returns_to_zero::Claim,
    &fees_follow_principal::Claim,
    &payout_is_covered::Claim,
    &goods_and_money_agree::Claim,
    &own_books_agree::Claim,
    &interaction_ends::Claim,
    &reversals_drain::Claim,
    &queue_drains::Claim,
    &no_wedged_terminal::Claim,
    &batch_closes::Claim,
    &keys_resynchronise::Claim,
    &reversed_by_t_plus_n::Claim,
    &retries_are_spaced::Claim,
    &holds_end_in_time::Claim,
    &pan_is_masked::Claim,
    &nothing_sensitive_kept::Claim,
    &pin_never_clear::Claim,
    &mac_before_state::Claim,
    &replay_changes_nothing::Claim,
    &retired_keys_are_refused::Claim,
    &identity_is_bound::Claim,
    &delivered_to_its_terminal::Claim,
    &bad_frame_spares_the_line::Claim,
    &refusals_tell_nothing::Claim,
];

/// Which claims want which kind, worked out once.
static WANTED: LazyLock<[Vec<u8>; Kinds::COUNT]> = LazyLock::new(|| {
    std::array::from_fn(|kind| {
        let wants = |n: &usize| ALL[*n].kinds().0 >> kind & 1 == 1;
        (0..ALL.len()).filter(wants).map(|n| n as u8).collect()
    })
});

/// Every invariant, in the order in which violations are told.
pub fn all() -> impl Iterator<Item = &'static About> {
    ALL.iter().map(|claim| claim.about())
}

/// An invariant by its code or name, upper or lower case.
pub fn find(word: &str) -> Option<&'static About> {
    all().find(|about| {
        about.code.eq_ignore_ascii_case(word) || about.name.eq_ignore_ascii_case(word)
    })
}

/// What an invariant says of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Its name.
    pub name: &'static str,
    /// Its code.
    pub code: &'static str,
    /// What it says.
    pub verdict: Verdict,
}

/// Where one claim stands.
#[derive(Default)]
struct Standing {
    /// Cases that held when they were seen.
    always: u64,
    /// Cases that held at the last horizon that had any.
    eventually: u64,
    violation: Option<Violation>,
}

/// Judges a history, entry by entry: an online monitor, and a pure function of the history.
pub struct Judge {
    books: Books,
    standings: Vec<Standing>,
    has_violation: bool,
}

impl Judge {
    /// A judge who has seen nothing yet.
    pub fn new(setting: &Setting) -> Judge {
        let mut standings = Vec::with_capacity(ALL.len());
        standings.resize_with(ALL.len(), Standing::default);
        Judge { books: Books::new(setting), standings, has_violation: false }
    }

    /// Takes in the entry at `index`. Every entry of a history is shown once, in order.
    pub fn observe(&mut self, index: usize, entry: &Entry) {
        let Some((kind, place)) = self.books.read(index, entry) else { return };
        let seen = Seen { index, entry, place };
        for &n in &WANTED[kind.0.trailing_zeros() as usize] {
            let n = usize::from(n);
            let standing = &mut self.standings[n];
            if standing.violation.is_some() {
                continue;
            }
            match ALL[n].observe(&self.books, &seen) {
                Ok(checked) => standing.always += checked,
                Err(breach) => {
                    standing.violation = Some(violation(ALL[n], breach, None));
                    self.has_violation = true;
                }
            }
        }
    }

    /// Asks every claim that is judged at this horizon.
    pub fn ask(&mut self, horizon: Horizon) {
        for (claim, standing) in ALL.iter().zip(&mut self.standings) {
            if standing.violation.is_some() {
                continue;
            }
            match claim.at(&self.books, horizon) {
                Ok(0) => {}
                Ok(checked) => standing.eventually = checked,
                Err(breach) => {
                    standing.violation = Some(violation(*claim, breach, Some(horizon)));
                    self.has_violation = true;
                }
            }
        }
    }

    /// What every claim says, in the order of the catalogue.
    pub fn findings(&self) -> Vec<Finding> {
        let finding = |(claim, standing): (&&dyn Invariant, &Standing)| {
            let about = claim.about();
            let checked = standing.always + standing.eventually;
            let verdict = match &standing.violation {
                Some(violation) => Verdict::Violated(violation.clone()),
                None if checked > 0 => Verdict::Holds { checked },
                None if !self.books.setting.foreign.is_empty() => Verdict::Unknown {
                    why: "nothing exercised it, or the evidence is with a foreign party",
                },
                None => Verdict::Unknown { why: "nothing in this run exercised it" },
            };
            Finding { name: about.name, code: about.code, verdict }
        };
        ALL.iter().zip(&self.standings).map(finding).collect()
    }

    /// Whether any claim is broken so far.
    pub fn has_violation(&self) -> bool {
        self.has_violation
    }
}

fn violation(claim: &dyn Invariant, breach: Breach, horizon: Option<Horizon>) -> Violation {
    let Breach(said) = breach;
    let (sentence, witnesses) = *said;
    Violation { invariant: claim.about().name, sentence, witnesses, horizon }
}

#[cfg(test)]
mod tests {
    use super::testing::{Tale, sale};
    use super::*;
    use reversim_models::device::Display;

    #[test]
    fn codes_and_names_are_unique_and_examples_have_two_lines() {
        for about in all() {
            let twins = all().filter(|o| o.code == about.code || o.name == about.name);
            assert_eq!(twins.count(), 1, "{}", about.code);
            assert_eq!(about.example.lines().count(), 2, "{}", about.code);
            assert!(about.claim.ends_with('.'), "{}", about.code);
            assert_eq!(find(about.code), find(&about.name.to_uppercase()));
        }
    }

    #[test]
    fn a_day_without_a_fault_and_a_day_with_a_reversal_break_nothing() {
        let mut tale = Tale::new();
        tale.opened(1_000_000);
        tale.sold(sale(1));
        tale.taken_back(sale(2));
        tale.sold(sale(3));
        tale.healed();
        tale.inquiry();
        tale.inquiry_shows(Display::Balance(sale(1).amount()));
        tale.online();
        tale.settled(&[sale(1), sale(3)]);
        tale.day_end();
        tale.is_clean();
    }

    #[test]
    fn a_judge_who_saw_nothing_knows_nothing() {
        let mut judge = Judge::new(&Setting::default());
        judge.ask(Horizon::Online);
        judge.ask(Horizon::DayEnd);
        let mut findings = judge.findings().into_iter();
        assert!(findings.all(|f| matches!(f.verdict, Verdict::Unknown { .. })));
        assert!(!judge.has_violation());
    }
}
