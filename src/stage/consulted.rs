//! What a run asked of its scenario's policy, and whether another policy would have said the same.
//!
//! The parties keep notes of what they asked; the world asks only how long healing takes. Two
//! scenarios that differ in nothing else run the same, byte by byte, as long as every answer is
//! the same. It runs nothing.

use super::phases::lengths;
use crate::scenario::{Policy, Scenario};
use reversim_models::asked::{Asked, Question};
use reversim_models::time::Duration;

/// What was asked in a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Consulted {
    /// By the parties.
    pub(super) asked: Asked,
    /// How long the phases needed that last as long as timers, queues and files, at most.
    pub(super) needed: [Duration; 3],
}

impl Consulted {
    pub(super) const NOTHING: Consulted =
        Consulted { asked: Asked::NOTHING, needed: [Duration::ZERO; 3] };

    /// Whether the run of `ours` would have been another one under the policy of `theirs`, which
    /// must differ in nothing else (see [`differs_in_policy_alone`]).
    pub(crate) fn differs(&self, ours: &Scenario, theirs: &Scenario) -> bool {
        self.is_answered_otherwise(&ours.policy, &theirs.policy)
            || (ours.timing.saf_retry_ms != theirs.timing.saf_retry_ms
                && self.asked.has(Question::AdviceInterval))
            || self.lasts_otherwise(ours, theirs)
    }

    fn is_answered_otherwise(&self, ours: &Policy, theirs: &Policy) -> bool {
        let between = |question, a: u64, b: u64| self.asked.within(question, a.min(b), a.max(b));
        let choice = |question, is_same: bool| !is_same && self.asked.has(question);
        let (a, b) = (ours, theirs);
        let attempts = |policy: &Policy| u64::from(policy.reversal_attempts.max(1));
        let sendings = |policy: &Policy| u64::from(policy.saf_attempts.max(1));
        let room = |policy: &Policy| u64::from(policy.saf_max.max(1));
        let batch = |policy: &Policy| u64::from(policy.batch_max.max(1));
        let tries = |policy: &Policy| u64::from(policy.pin_tries_max.max(1));
        // So many are too late from one more on.
        let days = |policy: &Policy| u64::from(policy.refund_days) + 1;
        let tips = |policy: &Policy| u64::from(policy.tip_percent) + 1;
        let hold_days = |policy: &Policy| u64::from(policy.hold_days.max(1));
        let stans = |policy: &Policy| u64::from(policy.switch_stan_max.clamp(2, 999_999));
        let asked = |policy: &Policy| u64::from(policy.order_queries);
        between(Question::ReversalBudget, attempts(a), attempts(b))
            || between(Question::OrderQueries, asked(a), asked(b))
            || between(Question::AdviceBudget, sendings(a), sendings(b))
            || between(Question::AdviceRoom, room(a), room(b))
            || between(Question::BatchRoom, batch(a), batch(b))
            || between(Question::PinTries, tries(a), tries(b))
            || between(Question::RefundDays, days(a), days(b))
            || between(Question::TipPercent, tips(a), tips(b))
            || between(Question::HoldDays, hold_days(a), hold_days(b))
            || between(Question::SmallestSale, a.amount_min, b.amount_min)
            || self.has_more_sales(a.sales_per_card_max, b.sales_per_card_max)
            || self.goes_beyond(stans(a), stans(b))
            || choice(
                Question::NotFoundClears,
                a.terminal_clears_on_not_found == b.terminal_clears_on_not_found,
            )
            || choice(
                Question::AnswersAdvices,
                a.switch_answers_advices == b.switch_answers_advices,
            )
            || choice(Question::TimeoutCode, a.switch_timeout_code == b.switch_timeout_code)
            || choice(
                Question::UnknownOriginal,
                a.issuer_unknown_original_code == b.issuer_unknown_original_code,
            )
            || choice(
                Question::OriginalOfReversal,
                a.issuer_matches_by_rrn_alone == b.issuer_matches_by_rrn_alone,
            )
            || choice(
                Question::PartialApproval,
                a.issuer_partial_approvals == b.issuer_partial_approvals,
            )
    }

    /// The notes hold the number of all sales, of which those of one card are some.
    fn has_more_sales(&self, ours: u32, theirs: u32) -> bool {
        let most = |max: u32| if max == 0 { u64::MAX } else { max.into() };
        let least = most(ours).min(most(theirs));
        ours != theirs && self.asked.within(Question::SalesOfCard, least, u64::MAX)
    }

    /// Numbers follow one another alike up to the smaller end.
    fn goes_beyond(&self, ours: u64, theirs: u64) -> bool {
        ours != theirs && self.asked.within(Question::NetworkStan, ours.min(theirs), u64::MAX)
    }

    /// Whether something would have been cut off that was not, or not what was.
    fn lasts_otherwise(&self, ours: &Scenario, theirs: &Scenario) -> bool {
        let pairs = lengths(ours).into_iter().zip(lengths(theirs)).zip(self.needed);
        pairs.into_iter().any(|((ours, theirs), needed)| ours != theirs && needed > theirs)
    }
}

/// Whether nothing but what [`Consulted`] knows of makes two scenarios differ.
pub(crate) fn differs_in_policy_alone(ours: &Scenario, theirs: &Scenario) -> bool {
    let mut same = ours.clone();
    let Policy {
        // What is asked in every run or by no question of its own.
        pin: _,
        terminal_stan_max: _,
        terminal_stan_start: _,
        terminal_trusts_unsigned_declines: _,
        issuer_credits_declined: _,
        network_mac: _,
        currency: _,
        instant_payout: _,
        merchant_reserve: _,
        stand_in_max: _,
        issuer_surcharge: _,
        issuer_cache_rows: _,
        card_spacing_s: _,
        claim_days: _,
        merchant_fee_bp: _,
        fee_shares: _,
        suspense_dates: _,
        reversal_dates: _,
        hold_until_s: _,
        issuer_zone_min: _,
        file_records: _,
        switch_stan_max,
        reversal_attempts,
        order_queries,
        saf_attempts,
        saf_max,
        batch_max,
        terminal_clears_on_not_found,
        switch_timeout_code,
        issuer_unknown_original_code,
        issuer_matches_by_rrn_alone,
        issuer_partial_approvals,
        pin_tries_max,
        hold_days,
        switch_answers_advices,
        refund_days,
        tip_percent,
        amount_min,
        sales_per_card_max,
    } = &theirs.policy;
    same.policy = Policy {
        switch_stan_max: *switch_stan_max,
        reversal_attempts: *reversal_attempts,
        order_queries: *order_queries,
        saf_attempts: *saf_attempts,
        saf_max: *saf_max,
        batch_max: *batch_max,
        terminal_clears_on_not_found: *terminal_clears_on_not_found,
        switch_timeout_code: switch_timeout_code.clone(),
        issuer_unknown_original_code: issuer_unknown_original_code.clone(),
        issuer_matches_by_rrn_alone: *issuer_matches_by_rrn_alone,
        issuer_partial_approvals: *issuer_partial_approvals,
        pin_tries_max: *pin_tries_max,
        hold_days: *hold_days,
        switch_answers_advices: *switch_answers_advices,
        refund_days: *refund_days,
        tip_percent: *tip_percent,
        amount_min: *amount_min,
        sales_per_card_max: *sales_per_card_max,
        ..same.policy
    };
    same.timing.saf_retry_ms = theirs.timing.saf_retry_ms;
    same == *theirs
}
