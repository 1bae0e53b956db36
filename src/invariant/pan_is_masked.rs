//! X1 pan-is-masked: logs. Screens, slips and text messages carry no digits that are not masked by
//! type.

use super::books::Books;
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use crate::history::What;
use reversim_models::device::Output;

const ABOUT: About = About {
    code: "X1",
    name: "pan-is-masked",
    claim: "No log line holds a card number beyond its first six and last four digits, neither \
            as digits nor as bytes.",
    example: "the 0200 of a sale arrives at switch-1 with one bit changed\n\
              switch-1 logs the whole frame in hex, card number included",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::PAPER
    }
    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        let What::Told { output, .. } = &seen.entry.what else { return Ok(0) };
        let Output::Log(line) = output else { return Ok(1) };
        let leak = books.setting.pans.iter().find(|pan| shows(line, pan.as_str()));
        match leak {
            None => Ok(1),
            Some(pan) => breach!(
                [seen.index],
                "{} wrote card number {pan} into its log in the clear",
                seen.entry.party
            ),
        }
    }
}

/// Digits in a row that give a card away: more than a mask ever shows.
const TELLING: usize = 11;

/// Whether a line shows the card number: as digits or hex with any separators, as hex of ASCII
/// digits, or as a list of byte values.
fn shows(line: &str, pan: &str) -> bool {
    if line.bytes().filter(u8::is_ascii_digit).count() < TELLING {
        return false;
    }
    let Some(needle) = pan.get(1..1 + TELLING) else { return line.contains(pan) };
    let tail = &pan[pan.len() - TELLING..];
    let is_in = |text: &str| text.contains(needle) || text.contains(tail);
    let plain: String = line.chars().filter(|c| !is_separator(*c)).collect();
    if is_in(&plain) {
        return true;
    }
    if is_in(&as_ascii(&plain)) {
        return true;
    }
    let words = line.split(|c: char| !c.is_ascii_digit());
    let bytes: Vec<u8> = words.filter_map(|word| word.parse().ok()).collect();
    let packed: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    is_in(&packed) || is_in(&String::from_utf8_lossy(&bytes))
}

/// The digits that hex of ASCII digits stands for, at either nibble.
fn as_ascii(hex: &str) -> String {
    let mut text = String::new();
    for start in [0, 1] {
        let nibbles = hex.as_bytes().get(start..).unwrap_or_default();
        text.extend(nibbles.chunks_exact(2).map(|pair| match pair {
            [b'3', digit] => char::from(*digit),
            _ => ' ',
        }));
    }
    text
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, ':' | '-' | ',' | '.' | '_' | '|')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{PAN, SWITCH, Tale};

    #[test]
    fn a_masked_card_may_be_logged() {
        let mut tale = Tale::new();
        tale.log(SWITCH, "0200 2=622424******0021 11=000001 37=615010000001 90=020000090105300");
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_card_in_the_clear_is_found_in_every_disguise() {
        let ascii: String = PAN.bytes().map(|b| format!("{b:02x} ")).collect();
        let bytes = format!("{:?}", PAN.as_bytes());
        let packed: Vec<u8> = (0..8).map(|i| PAN[2 * i..2 * i + 2].parse().unwrap()).collect();
        let bcd: Vec<u8> = packed.iter().map(|n| ((n / 10) << 4) | (n % 10)).collect();
        for line in [
            format!("raw {PAN}"),
            "00 4e 60 62 24 24 20 00 00 00 21 00".to_owned(),
            "1962-2424-2000-0000-2100".to_owned(),
            ascii,
            bytes,
            format!("{bcd:?}"),
        ] {
            let mut tale = Tale::new();
            let log = tale.log(SWITCH, &line);
            tale.breaks(ABOUT.name, &[log], "card number 622424******0021");
        }
    }

    #[test]
    fn who_logs_nothing_leaks_nothing() {
        Tale::new().is_unknown(ABOUT.name);
    }
}
