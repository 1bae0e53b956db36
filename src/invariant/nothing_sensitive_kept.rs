//! X2 nothing-sensitive-kept: private records and logs. Records of the contract have no place for a
//! track or a PIN; verification values (CVV2) do not travel here at all.

use super::books::Books;
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use crate::history::What;
use reversim_models::device::Output;
use reversim_models::record::Record;

const ABOUT: About = About {
    code: "X2",
    name: "nothing-sensitive-kept",
    claim: "No journal and no log keeps the track of a card, or a PIN block, enciphered or not.",
    example: "a sale at terminal-1, swiped, with PIN\n\
              terminal-1 writes element 35 into its journal, for the reversal it may have to send",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::OWN.and(Kinds::PAPER)
    }

    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        let (hex, place) = match &seen.entry.what {
            What::Recorded(Record::Own(bytes)) => (hex(bytes), "journal"),
            What::Told { output: Output::Log(line), .. } => (hex(line.as_bytes()), "log"),
            _ => return Ok(0),
        };
        let party = seen.entry.party;
        // What is written in hexadecimal, or digit by digit, says the same in twice the room.
        let text = unhex(&hex);
        let [even, odd] = [unhex(&text), unhex(text.get(1..).unwrap_or_default())];
        for text in [hex, text, even, odd] {
            if let Some(pan) = books.setting.pans.iter().find(|pan| has_track(&text, pan.as_str()))
            {
                return breach!(
                    [seen.index],
                    "{party} keeps the track of card {pan} in its {place}"
                );
            }
            if has_block(&text, books) {
                return breach!([seen.index], "{party} keeps a PIN block in its {place}");
            }
        }
        Ok(1)
    }
}

/// Bytes as lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
    nibbles.map(|nibble| char::from(DIGITS[usize::from(nibble)])).collect()
}

/// What text that is given in hexadecimal says, without its blanks: its own hexadecimal digits, and
/// the separator of a track.
fn unhex(hex: &str) -> String {
    let bytes = hex.as_bytes().chunks_exact(2);
    let text = bytes.filter_map(|pair| {
        let byte = u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok()?;
        Some(char::from(byte).to_ascii_lowercase())
    });
    text.map(|c| if c == '=' { 'd' } else { c }).filter(|c| c.is_ascii_hexdigit()).collect()
}

/// Whether hexadecimal digits hold a PIN block as it travelled.
fn has_block(text: &str, books: &Books) -> bool {
    let (mut last, mut count) = (0_u64, 0);
    text.chars().filter_map(|c| c.to_digit(16)).any(|nibble| {
        (last, count) = (last << 4 | u64::from(nibble), count + 1);
        count >= 16 && books.pin_blocks.contains(&last)
    })
}

/// Whether hexadecimal digits hold track 2 of this card: number, separator, expiry.
fn has_track(text: &str, pan: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find(pan) {
        let after = &rest.as_bytes()[at + pan.len()..];
        let is_expiry = |digits: &[u8]| digits.iter().all(u8::is_ascii_digit);
        if after.first() == Some(&b'd') && after.get(1..5).is_some_and(is_expiry) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::testing::{ISSUER, PAN, SWITCH, Sale, TERMINAL, Tale, sale};
    use reversim_models::iso8583::{Element, Message, Mti};

    fn with_block(s: Sale) -> Message {
        let block = 0x1122_3344_5566_77aa_u64.to_be_bytes();
        s.net(Mti::FINANCIAL_REQUEST).with(Element::PIN_BLOCK, block)
    }

    #[test]
    fn a_card_number_may_be_kept_and_a_track_may_not() {
        let mut tale = Tale::new();
        tale.record(SWITCH, 1, Record::Own(PAN.as_bytes().into()));
        tale.log(SWITCH, "0200 2=622424******0021 14=3012");
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_track_is_found_in_every_disguise() {
        let packed: Vec<u8> = format!("{PAN}d30122010")
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap_or(0xf))
            .collect();
        for bytes in
            [format!("{PAN}D30122010").into_bytes(), format!("{PAN}=3012").into_bytes(), packed]
        {
            let mut tale = Tale::new();
            let kept = tale.record(TERMINAL, 1, Record::Own(bytes.clone().into()));
            tale.breaks(ABOUT.name, &[kept], "keeps the track of card");
            let mut tale = Tale::new();
            let words: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            let kept = tale.log(SWITCH, &format!("raw {}", words.join(" ")));
            tale.breaks(ABOUT.name, &[kept], "in its log");
        }
    }

    #[test]
    fn a_pin_block_is_not_kept_even_enciphered() {
        let mut tale = Tale::new();
        tale.send(1, SWITCH, ISSUER, &with_block(sale(1)));
        let kept = tale.log(SWITCH, "52=11 22 33 44 55 66 77 AA");
        tale.breaks(ABOUT.name, &[kept], "keeps a PIN block");
    }

    #[test]
    fn who_keeps_nothing_of_his_own_says_nothing() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.is_unknown(ABOUT.name);
    }
}
