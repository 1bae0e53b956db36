//! Steps, commands, messages and times in words, the same wherever they are shown.
//!
//! Everything is ASCII and masked: a sentence may go to a log, a ladder or a file.

use super::files::slip_words;
use crate::scenario::{Goods, Step, Wish};
use reversim_models::card::{Card, Currency, Pan};
use reversim_models::iso8583::Mti;
use reversim_models::node::Command;

/// Milliseconds as a person says them: `250 ms`, `2.5 s`, `3 min`.
pub fn millis(ms: u64) -> String {
    micros(ms.saturating_mul(1_000))
}

/// Microseconds as a person says them: `1 us`, `250 ms`, `2.5 s`, `3 min`.
pub fn micros(us: u64) -> String {
    match us {
        0 => "0 ms".to_owned(),
        us if !us.is_multiple_of(1_000) && us < 1_000_000 => format!("{us} us"),
        us if us < 1_000_000 => format!("{} ms", us / 1_000),
        us if us >= 3_600_000_000 && us.is_multiple_of(3_600_000_000) => {
            format!("{} h", us / 3_600_000_000)
        }
        us if us >= 120_000_000 && us.is_multiple_of(60_000_000) => {
            format!("{} min", us / 60_000_000)
        }
        us => {
            let text = format!("{}.{:06}", us / 1_000_000, us % 1_000_000);
            format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
        }
    }
}

/// `1 run`, `2 runs`.
pub fn counted_word(count: u64, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// A step in words: `step 2: terminal-1, sale of 500.00 with card 1`.
pub fn describe_step(step: &Step, currency: Currency) -> String {
    let wish = match &step.wish {
        Wish::SignOn => "sign on".to_owned(),
        Wish::Sale { amount, card } => {
            format!("sale of {} with card {card}", currency.amount(*amount))
        }
        Wish::QrSale { amount, card } => {
            format!("QR sale of {} from the wallet of card {card}", currency.amount(*amount))
        }
        Wish::PreAuth { amount, card } => {
            format!("pre-authorisation of {} with card {card}", currency.amount(*amount))
        }
        Wish::Completion { of, amount, told } => {
            let what = if *told { "completion, told as done, of" } else { "completion of" };
            match amount {
                None => format!("{what} step {of}"),
                Some(amount) => format!("{what} step {of} for {}", currency.amount(*amount)),
            }
        }
        Wish::Void { of, card: None, .. } => format!("void of step {of}"),
        Wish::Void { of, card: Some(card), .. } => format!("void of step {of} with card {card}"),
        Wish::Refund { of, amount: None, .. } => format!("refund of step {of}"),
        Wish::Refund { of, amount: Some(amount), .. } => {
            format!("refund of step {of} for {}", currency.amount(*amount))
        }
        Wish::OfflineSale { amount, card } => {
            let amount = currency.amount(*amount);
            format!("offline sale of {amount} with card {card}, authorised by telephone")
        }
        Wish::Tip { of, amount } => {
            format!("tip of {} on step {of}", currency.amount(*amount))
        }
        Wish::Inquiry { card } => format!("balance inquiry with card {card}"),
        Wish::Settle => "settle the batch".to_owned(),
        Wish::Reprint { of: None } => "print the last slip again".to_owned(),
        Wish::Reprint { of: Some(step) } => format!("print the slip of step {step} again"),
        Wish::SignOff => "sign off".to_owned(),
        Wish::Echo => "test the line".to_owned(),
        Wish::Download => "download chip parameters and public keys".to_owned(),
        Wish::CutOver { window_ms } => {
            format!("change the business date, refusing requests for {}", millis(*window_ms))
        }
        Wish::Maintenance { for_ms } => format!("close for maintenance for {}", millis(*for_ms)),
        Wish::Route { to, open: false } => format!("close the route to {to}"),
        Wish::Route { to, open: true } => format!("open the route to {to}"),
        Wish::WithdrawKeys { terminal } => format!("withdraw the work keys of {terminal}"),
        Wish::Claim { of, amount, by_hand } => {
            let amount = amount.map(|amount| format!(" for {}", currency.amount(amount)));
            let slip = if *by_hand { ", by a slip written by hand" } else { "" };
            format!("claim of step {of}{}{slip}", amount.unwrap_or_default())
        }
        Wish::LookUp { of, .. } => format!("look up the sale of step {of}"),
        Wish::Retrieve { of } => format!("complaint about step {of}: ask for the slip"),
    };
    let goods = match step.goods {
        None => "",
        Some(Goods::HandedOver) => ", goods handed over",
        Some(Goods::Kept) => ", goods kept",
    };
    let at = step.at_ms.map(|ms| format!(", {} after the beginning", millis(ms)));
    let intent = step.intent.map(|intent| format!(", for purchase {intent}"));
    let asked = match step.asked_by {
        crate::scenario::AskedBy::Cashier => "",
        crate::scenario::AskedBy::Screen => ", if the screen invites it",
    };
    let (at, intent) = (at.unwrap_or_default(), intent.unwrap_or_default());
    format!("step {}: {}, {wish}{goods}{at}{intent}{asked}", step.id, step.party)
}

/// How a slip names a card: `*0018`.
fn last_four(card: &Card) -> String {
    let digits = card.pan.as_str();
    format!("*{}", &digits[digits.len().saturating_sub(4)..])
}

/// What a person asked for, in few words: `sale 500.00, card *0018`.
pub fn describe_command(command: &Command) -> String {
    match command {
        Command::SignOn { .. } => "sign on".to_owned(),
        Command::Sale { amount, card, .. } if card.pan.is_payment_code() => {
            format!("QR sale {amount}, code {}", last_four(card))
        }
        Command::Sale { amount, card, .. } => format!("sale {amount}, card {}", last_four(card)),
        Command::PreAuth { amount, card, .. } => {
            format!("pre-authorise {amount}, card {}", last_four(card))
        }
        Command::Follow { kind, amount, card, original, .. } => {
            let (what, voucher) = (kind.words(), original.stan);
            format!("{what} {amount}, voucher {voucher:06}, card {}", last_four(card))
        }
        Command::Void { voucher, card, .. } => {
            format!("void {voucher:06}, card {}", last_four(card))
        }
        Command::Inquiry { card, .. } => format!("inquiry, card {}", last_four(card)),
        Command::Settle { .. } => "settle".to_owned(),
        Command::Reprint { voucher: None, .. } => "reprint the last slip".to_owned(),
        Command::Reprint { voucher: Some(stan), .. } => format!("reprint {stan:06}"),
        Command::SignOff { .. } => "sign off".to_owned(),
        Command::Echo { .. } => "test the line".to_owned(),
        Command::Download { .. } => "download chip parameters and keys".to_owned(),
        Command::CutOver { date, .. } => format!("business date {date}"),
        Command::Maintenance { window } => format!("maintenance for {}", micros(window.0)),
        Command::Pause { length } => format!("stand still for {}", micros(length.0)),
        Command::Route { is_open: false, .. } => "close a route".to_owned(),
        Command::Route { is_open: true, .. } => "open a route".to_owned(),
        Command::WithdrawKeys { .. } => "withdraw keys".to_owned(),
        Command::Claim { slip, .. } => format!("claim {}", slip_words(slip)),
        Command::LookUp { slip, .. } => format!("look up {}", slip_words(slip)),
        Command::Retrieve { pan, amount, .. } => format!("slips of {amount}, card {pan}"),
    }
}

/// What a message of this type is, in few words.
pub fn describe_mti(mti: Mti) -> &'static str {
    match mti.class() * 10 + mti.function() {
        20 => "financial request",
        21 => "financial response",
        22 => "financial advice",
        23 => "financial advice response",
        32 => "batch upload or file part",
        33 => "batch upload or file part response",
        40 => "reversal",
        41 => "reversal response",
        42 => "reversal advice",
        43 => "reversal advice response",
        50 => "settlement",
        51 => "settlement response",
        80 => "network management",
        81 => "network management response",
        82 => "line test",
        83 => "line test response",
        _ => "message",
    }
}

/// Whether a card number is of a range that no bank issues: only those may be shown in clear.
pub fn is_test_card(pan: &str) -> bool {
    pan.starts_with("62242")
}

/// The text with every masked card number of `pans` in clear, where it is a test card.
pub fn unmask(text: &str, pans: &[Pan]) -> String {
    pans.iter()
        .filter(|pan| is_test_card(pan.as_str()))
        .fold(text.to_owned(), |text, pan| text.replace(&pan.to_string(), pan.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::Party;

    #[test]
    fn a_step_says_who_wants_what() {
        let wish = Wish::Sale { amount: 50_000, card: 1 };
        assert_eq!(
            describe_step(&Step::new(2, Party::terminal(1), wish), Currency::CNY),
            "step 2: terminal-1, sale of 500.00 with card 1"
        );
    }

    #[test]
    fn times_are_said_in_their_largest_whole_unit() {
        let said =
            [1, 1_000, 250_000, 2_500_000, 30_000_000, 180_000_000, 3_600_000_000].map(micros);
        assert_eq!(said, ["1 us", "1 ms", "250 ms", "2.5 s", "30 s", "3 min", "1 h"]);
    }

    #[test]
    fn only_test_cards_are_shown_in_clear() {
        let pans = [Pan::new(b"6224210000000018"), Pan::new(b"6225880000000018")];
        let pans: Vec<Pan> = pans.into_iter().flatten().collect();
        let text = format!("{} {}", pans[0], pans[1]);
        assert_eq!(unmask(&text, &pans), "6224210000000018 622588******0018");
    }
}
