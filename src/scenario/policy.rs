//! What parties are told to do where real systems disagree, and their limits. No behaviour.

use super::CurrencyName;
use serde::{Deserialize, Serialize};

/// Where real systems disagree, and what can be scaled to bring rare things near.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Policy {
    /// Whether the cardholder enters a PIN.
    pub pin: bool,
    /// Largest STAN of a terminal.
    pub terminal_stan_max: u32,
    /// The STAN before the first one used by a terminal.
    pub terminal_stan_start: u32,
    /// Largest STAN of a switch.
    pub switch_stan_max: u32,
    /// Sendings of a reversal, or repeats of an advice, by a terminal.
    pub reversal_attempts: u8,
    /// Queries of an order by a terminal before it closes it.
    pub order_queries: u8,
    /// Sendings of an advice by a switch.
    pub saf_attempts: u16,
    /// Advices waiting at most.
    pub saf_max: u32,
    /// Sales in a batch before a terminal must settle.
    pub batch_max: u32,
    /// Whether 12 and 25 end a reversal at the terminal as 00 does.
    pub terminal_clears_on_not_found: bool,
    /// Legal but weak: the terminal believes declines without a valid MAC.
    pub terminal_trusts_unsigned_declines: bool,
    /// What a terminal is told when the issuer does not answer: 68, 91, 96 or 98.
    pub switch_timeout_code: String,
    /// What the issuer answers to a reversal of something it does not know: 25, 12 or 22.
    pub issuer_unknown_original_code: String,
    /// Legal but weak: the issuer finds originals by terminal and RRN alone.
    pub issuer_matches_by_rrn_alone: bool,
    /// Legal but weak: the issuer credits a reversal of a declined original.
    pub issuer_credits_declined: bool,
    /// Whether the issuer approves a part when funds are short (code 10).
    pub issuer_partial_approvals: bool,
    /// What the issuer charges the cardholder on top of each sale, minor units. A void or reversal
    /// gives it back, a refund does not.
    pub issuer_surcharge: u64,
    /// Rows of the issuer's books between two balances that it caches; 0 to cache none.
    pub issuer_cache_rows: u32,
    /// Business dates after which the issuer lets a hold go that nobody completed.
    pub hold_days: u16,
    /// Seconds for which pre-authorisations hold by their own word (element 57); 0 to say nothing,
    /// so that business dates alone end them.
    pub hold_until_s: u32,
    /// Minutes that clocks of issuers are ahead of UTC; those at the counter are 480 ahead.
    pub issuer_zone_min: i16,
    /// Wrong PINs before a card is locked until the next business date.
    pub pin_tries_max: u8,
    /// Whether a switch answers advices (refunds) itself and forwards them from its queue;
    /// otherwise it passes advice and answer through, and leaves to the issuer what all refunds may
    /// come to.
    pub switch_answers_advices: bool,
    /// Whether merchants are paid at once (秒到, T+0) by their acquirer; a sale that is paid out is
    /// refunded, not voided.
    pub instant_payout: bool,
    /// What such an acquirer keeps of each merchant's money for refunds, minor units.
    pub merchant_reserve: u64,
    /// Up to how much, minor units, the switch before an issuer approves in its stead when it does
    /// not answer, if there is neither a PIN nor a cryptogram to check; 0 for nothing.
    pub stand_in_max: u64,
    /// Business dates after its sale on which a refund is still taken.
    pub refund_days: u16,
    /// How much tips may come to, in hundredths of their sale.
    pub tip_percent: u16,
    /// Business dates after its transaction on which a claim is still taken.
    pub claim_days: u16,
    /// What everybody counts in. Amounts of steps and cards are its minor units.
    pub currency: CurrencyName,
    /// Smallest sale, minor units; 0 for none.
    pub amount_min: u64,
    /// Sales per card and merchant on one business date; 0 for any number.
    pub sales_per_card_max: u32,
    /// Seconds for which a card that bought at one merchant may not buy at another; 0 for none.
    pub card_spacing_s: u32,
    /// What a merchant pays, parts of ten thousand of each sale.
    pub merchant_fee_bp: u32,
    /// Who gets it, in these proportions: issuer, clearing house, acquirer.
    pub fee_shares: [u32; 3],
    /// Business dates after which what is parked leaves suspense: the n of T+n.
    pub suspense_dates: u32,
    /// Business dates within which money that must go back to a cardholder is back: the n of the
    /// regulator's T+n. No party knows it; judges do.
    pub reversal_dates: u32,
    /// Records of a clearing file in one message, 1 to 32.
    pub file_records: u8,
    /// MAC of the network lines: `x9.19`, `x9.9`, `3des-cbc`, `aes-cmac` or `pos-ecb`.
    pub network_mac: String,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            pin: true,
            terminal_stan_max: 999_999,
            terminal_stan_start: 0,
            switch_stan_max: 999_999,
            reversal_attempts: 3,
            order_queries: 2,
            saf_attempts: 5,
            saf_max: 1_000,
            batch_max: 500,
            terminal_clears_on_not_found: true,
            terminal_trusts_unsigned_declines: false,
            switch_timeout_code: "98".to_owned(),
            issuer_unknown_original_code: "25".to_owned(),
            issuer_matches_by_rrn_alone: false,
            issuer_credits_declined: false,
            issuer_partial_approvals: false,
            issuer_surcharge: 0,
            issuer_cache_rows: 0,
            hold_days: 30,
            hold_until_s: 0,
            issuer_zone_min: 480,
            pin_tries_max: 3,
            switch_answers_advices: true,
            instant_payout: false,
            merchant_reserve: 0,
            stand_in_max: 0,
            refund_days: 30,
            tip_percent: 20,
            claim_days: 30,
            currency: CurrencyName::CNY,
            amount_min: 0,
            sales_per_card_max: 0,
            card_spacing_s: 0,
            merchant_fee_bp: 60,
            fee_shares: [70, 10, 20],
            suspense_dates: 2,
            reversal_dates: 5,
            file_records: 32,
            network_mac: "x9.19".to_owned(),
        }
    }
}
