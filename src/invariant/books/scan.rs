//! Reads the elements that claims need where they lie in a frame, without a message of its own.
//!
//! Only for frames as a party wrote them. It judges no byte: what reads badly here is given to the
//! strict decoder, which says whether it is a message at all.

use crate::history::Frame;
use reversim_models::iso8583::{Class, Coding, Dialect, Element, Framing, Length};

/// Elements that claims look at.
const NEEDED: [u8; 22] =
    [2, 3, 4, 7, 11, 32, 33, 35, 36, 37, 38, 39, 41, 42, 49, 52, 54, 59, 60, 64, 90, 128];

const MASK: u128 = {
    let (mut mask, mut at) = (0_u128, 0);
    while at < NEEDED.len() {
        mask |= 1 << (128 - NEEDED[at]);
        at += 1;
    }
    mask
};

/// Hands every needed element of the frame to `take`, in ascending order; none if it cannot.
pub(super) fn scan(frame: &Frame, mut take: impl FnMut(Element, &[u8])) -> Option<()> {
    let dialect = frame.dialect();
    let (_, span) = dialect.framing.unwrap(frame.bytes()).ok()?;
    let body = frame.bytes().get(span)?;
    let head = if dialect.framing == Framing::PosLine { 2 } else { 4 };
    let first = u64::from_be_bytes(*body.get(head..)?.first_chunk()?);
    let (bitmap, mut at) = if first >> 63 == 0 {
        (u128::from(first) << 64, head + 8)
    } else {
        (u128::from_be_bytes(*body.get(head..)?.first_chunk()?) & !(1 << 127), head + 16)
    };
    let halves = [(bitmap >> 64, MASK >> 64, 1), (bitmap, MASK, 65)];
    for (bits, mask, first) in halves {
        let mut bits = bits as u64;
        while bits != 0 {
            let leading = bits.leading_zeros();
            let bit = 1 << (63 - leading);
            bits ^= bit;
            let element = Element(first + leading as u8);
            let spec = dialect.spec(element)?;
            let (prefix, units) = length(dialect, spec.length, body.get(at..)?)?;
            let is_packed = dialect.digits == Coding::Bcd
                && matches!(spec.class, Class::Numeric | Class::Track);
            let start = at + prefix;
            at = start + if is_packed { units.div_ceil(2) } else { units };
            if mask as u64 & bit == 0 {
                continue;
            }
            let value = body.get(start..at)?;
            if is_packed {
                let mut digits = [0; 64];
                take(element, unpacked(value, units, &mut digits)?);
            } else {
                take(element, value);
            }
        }
    }
    (at == body.len()).then_some(())
}

/// Packed digits, written out.
fn unpacked<'a>(value: &[u8], units: usize, digits: &'a mut [u8; 64]) -> Option<&'a [u8]> {
    let pairs = digits.get_mut(..2 * value.len())?.as_chunks_mut::<2>().0;
    for (pair, byte) in pairs.iter_mut().zip(value) {
        *pair = [b'0' + (byte >> 4), b'0' + (byte & 0xF)];
    }
    digits.get(..units)
}

/// Bytes of the length prefix, and digits, characters or bytes of the value.
fn length(dialect: &Dialect, length: Length, bytes: &[u8]) -> Option<(usize, usize)> {
    let prefix = match (dialect.lengths, length) {
        (_, Length::Fixed(width)) => return Some((0, usize::from(width))),
        (Coding::Bcd, Length::Ll(_)) => 1,
        (Coding::Ascii, Length::Lll(_)) => 3,
        _ => 2,
    };
    let digits = bytes.get(..prefix)?;
    let units = digits.iter().fold(0, |sum, byte| match dialect.lengths {
        Coding::Bcd => sum * 100 + usize::from(byte >> 4) * 10 + usize::from(byte & 0xF),
        Coding::Ascii => sum * 10 + usize::from(byte.wrapping_sub(b'0')),
    });
    Some((prefix, units))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::What;
    use crate::invariant::testing::{Tale, sale};

    #[test]
    fn what_is_read_in_place_is_what_the_decoder_reads() {
        let mut tale = Tale::new();
        tale.sold(sale(1));
        tale.taken_back(sale(2));
        for entry in &tale.history.entries {
            let What::Sent { frame, .. } = &entry.what else { continue };
            let mut seen = Vec::new();
            scan(frame, |element, value| seen.push((element, value.to_vec()))).unwrap();
            let message = frame.message().unwrap();
            let needed = message.elements().filter(|(e, _)| NEEDED.contains(&e.0));
            assert_eq!(seen, needed.map(|(e, v)| (e, v.to_vec())).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_frame_cut_anywhere_is_left_to_the_decoder() {
        let mut tale = Tale::new();
        let sent = tale.until_answer(sale(1));
        let What::Sent { frame, .. } = &tale.history.entries[sent].what else { return };
        for end in 0..frame.bytes().len() {
            let cut = Frame::new(&frame.bytes()[..end], frame.dialect());
            assert_eq!(scan(&cut, |_, _| {}), None);
        }
    }
}
