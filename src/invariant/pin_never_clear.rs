//! X3 pin-never-clear: PIN blocks in requests, and private records and logs.

use super::books::{Books, Wire};
use super::{About, Checked, Invariant, Kinds, Seen, breach};
use crate::history::What;
use reversim_models::device::Output;
use reversim_models::record::Record;

const ABOUT: About = About {
    code: "X3",
    name: "pin-never-clear",
    claim: "A PIN never travels or rests in the clear, and is encrypted anew for each line.",
    example: "a sale with PIN at terminal-1\n\
              switch-1 passes element 52 on as it came",
};

/// The claim.
pub(super) struct Claim;

impl Invariant for Claim {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kinds(&self) -> Kinds {
        Kinds::SENT_REQUEST.and(Kinds::OWN).and(Kinds::PAPER)
    }
    fn observe(&self, books: &Books, seen: &Seen<'_>) -> Checked {
        match &seen.entry.what {
            What::Sent { .. } => travelled(books, &books.wires[seen.place]),
            What::Recorded(Record::Own(bytes)) => rested(books, seen, bytes),
            What::Told { output: Output::Log(line), .. } => rested(books, seen, line.as_bytes()),
            _ => Ok(0),
        }
    }
}

fn travelled(books: &Books, wire: &Wire) -> Checked {
    let Some(block) = wire.pin_block else { return Ok(0) };
    let begins = |digits: &[u8]| block.starts_with(digits);
    let number = u64::from_be_bytes(block);
    if books.clear_pins.holds(number, wire.pan.as_ref())
        || books.setting.pins.iter().any(|pin| begins(pin.digits()))
    {
        return breach!(
            [wire.index],
            "{} sent a PIN in the clear to {} (element 52 of {}, STAN {:06})",
            wire.from,
            wire.to,
            wire.mti,
            wire.stan
        );
    }
    let elsewhere = |w: &&Wire| w.index < wire.index && (w.from, w.to) != (wire.from, wire.to);
    let before = books.wires_with_block(number, wire.ticket).find(elsewhere);
    match before {
        None => Ok(1),
        Some(before) => breach!(
            [before.index, wire.index],
            "{} passed the PIN block of {} on to {} without encrypting it for that line",
            wire.from,
            wire.terminal_name(),
            wire.to
        ),
    }
}

fn rested(books: &Books, seen: &Seen<'_>, bytes: &[u8]) -> Checked {
    for block in books.clear_pins.all() {
        let hex = format!("{block:016x}").into_bytes();
        let holds =
            |needle: &[u8]| bytes.windows(needle.len()).any(|w| w.eq_ignore_ascii_case(needle));
        if bytes.windows(8).any(|w| w == block.to_be_bytes()) || holds(&hex) {
            return breach!([seen.index], "{} kept a PIN block in the clear", seen.entry.party);
        }
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::books::pins::{account, clear_block};
    use crate::invariant::testing::{ISSUER, SWITCH, Sale, TERMINAL, Tale, pan, sale};
    use reversim_models::iso8583::{Element, Message, Mti};

    fn with_block(s: Sale, block: u64, is_pos: bool) -> Message {
        let mti = Mti::FINANCIAL_REQUEST;
        let message = if is_pos { s.pos(mti) } else { s.net(mti) };
        message.with(Element::PIN_BLOCK, block.to_be_bytes())
    }

    #[test]
    fn an_encrypted_pin_may_travel() {
        let mut tale = Tale::new();
        tale.started(sale(1));
        tale.send(1, TERMINAL, SWITCH, &with_block(sale(1), 0x1122_3344_5566_7788, true));
        tale.send(1, SWITCH, ISSUER, &with_block(sale(1), 0x8877_6655_4433_2211, false));
        tale.holds(ABOUT.name);
    }

    #[test]
    fn a_clear_pin_block_may_not_travel() {
        let clear = clear_block(b"123456");
        assert_eq!(clear, 0x0612_3456_FFFF_FFFF);
        for block in [clear, clear ^ account(&pan())] {
            let mut tale = Tale::new();
            let sent = tale.send(1, SWITCH, ISSUER, &with_block(sale(1), block, false));
            tale.breaks(ABOUT.name, &[sent], "a PIN in the clear to issuer-1");
        }
    }

    #[test]
    fn a_pin_block_is_encrypted_anew_for_each_line() {
        let mut tale = Tale::new();
        tale.started(sale(1));
        let first = tale.send(1, TERMINAL, SWITCH, &with_block(sale(1), 77, true));
        let second = tale.send(1, SWITCH, ISSUER, &with_block(sale(1), 77, false));
        tale.breaks(ABOUT.name, &[first, second], "without encrypting it for that line");
    }

    #[test]
    fn a_clear_pin_block_may_not_be_kept() {
        let mut tale = Tale::new();
        let block = (clear_block(b"123456") ^ account(&pan())).to_be_bytes();
        let kept = tale.record(SWITCH, 1, Record::Own(block.into()));
        tale.breaks(ABOUT.name, &[kept], "kept a PIN block in the clear");
    }

    #[test]
    fn a_sale_without_a_pin_says_nothing() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.is_unknown(ABOUT.name);
    }
}
