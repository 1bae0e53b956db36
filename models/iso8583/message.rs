//! The strict value of a message: an MTI and canonical element values. Knows no wire form.

use super::{Element, Mti};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;

/// A message, independent of how a line writes it.
///
/// Values are canonical: digits and text one byte each (`ans` text may hold GBK), the track
/// separator `D`, binary elements raw. Two messages with the same MTI and values are equal.
/// Elements outside 2..=128 do not exist: setting one does nothing.
///
/// One buffer holds all values, in any order, beside a table of where each lies: a look-up counts
/// no bits, and a decoded message points into a copy of its body instead of copying each value.
#[derive(Clone)]
pub struct Message {
    mti: Mti,
    /// Element 1 is the most significant bit, as on the wire; bit 1 itself is never set.
    pub(super) bitmap: u128,
    /// By element number: the place of its value in `spans`, counted from 1; 0 if it is not there.
    places: [u8; 129],
    spans: Vec<Span>,
    data: Vec<u8>,
}

/// Where a value lies in a message's buffer.
#[derive(Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Values come from frames and constants, far below 4 GiB.
    fn of(range: Range<usize>) -> Span {
        let end = u32::try_from(range.end).expect("a message holds less than 4 GiB");
        // No start is behind its end.
        Span { start: range.start as u32, end }
    }

    const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The bit of an element, none for a number outside 2..=128.
pub(super) const fn bit(element: u8) -> u128 {
    if element < 2 || element > 128 { 0 } else { 1 << (128 - element) }
}

impl Message {
    /// An empty message.
    #[must_use]
    pub fn new(mti: Mti) -> Self {
        Message {
            mti,
            bitmap: 0,
            places: [0; 129],
            spans: Vec::with_capacity(24),
            data: Vec::with_capacity(256),
        }
    }

    /// A message of these elements; they lie in `body`, and [`Message::point`] says where.
    pub(super) fn of_body(mti: Mti, bitmap: u128, body: &[u8]) -> Self {
        let mut message = Message {
            mti,
            bitmap,
            places: [0; 129],
            spans: Vec::with_capacity(bitmap.count_ones() as usize),
            // Packed digits are written out behind the body, eight at a time.
            data: Vec::with_capacity(2 * body.len() + 8),
        };
        message.data.extend_from_slice(body);
        message
    }

    /// Where an element of the bitmap lies in the buffer.
    pub(super) fn point(&mut self, element: u8, value: Range<usize>) {
        self.spans.push(Span::of(value));
        self.places[usize::from(element)] = self.spans.len() as u8;
    }

    /// The buffer, for the decoder to write values behind the body.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.data
    }

    /// The message type.
    #[must_use]
    pub fn mti(&self) -> Mti {
        self.mti
    }

    /// Changes the message type.
    pub fn set_mti(&mut self, mti: Mti) {
        self.mti = mti;
    }

    /// The message with this element set.
    #[must_use]
    pub fn with(mut self, element: Element, value: impl AsRef<[u8]>) -> Self {
        self.set(element, value);
        self
    }

    /// Sets an element, replacing what it held.
    pub fn set(&mut self, element: Element, value: impl AsRef<[u8]>) {
        self.put(element.0, value.as_ref());
    }

    fn put(&mut self, element: u8, value: &[u8]) {
        let start = self.data.len();
        let new = Span::of(start..start + value.len());
        let place = self.places.get_mut(usize::from(element));
        let Some(place) = place.filter(|_| element >= 2) else { return };
        match self.spans.get_mut(usize::from(*place).wrapping_sub(1)) {
            None => {
                self.spans.push(new);
                *place = self.spans.len() as u8;
                self.bitmap |= bit(element);
            }
            Some(span) if value.len() <= span.range().len() => {
                let range = span.range().start..span.range().start + value.len();
                self.data[range.clone()].copy_from_slice(value);
                *span = Span::of(range);
                return;
            }
            Some(span) => *span = new,
        }
        self.data.extend_from_slice(value);
    }

    /// Sets a numeric element, padded with zeros on the left to `width` digits. A value that needs
    /// more digits is set as it is, and encoding refuses it.
    pub fn set_number(&mut self, element: Element, value: u64, width: usize) {
        let mut digits = [b'0'; 20];
        let mut at = digits.len();
        let mut rest = value;
        while rest != 0 {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        let padded = digits.len().saturating_sub(width);
        if width > digits.len() {
            self.set(element, format!("{value:0width$}"));
        } else {
            self.set(element, &digits[at.min(padded)..]);
        }
    }

    /// Removes an element, if present.
    pub fn remove(&mut self, element: Element) {
        if !self.has(element) {
            return;
        }
        self.bitmap &= !bit(element.0);
        let place = std::mem::take(&mut self.places[usize::from(element.0)]);
        let last = self.spans.len() as u8;
        self.spans.swap_remove(usize::from(place) - 1);
        // Whoever was last has moved into the gap.
        if place != last
            && let Some(moved) = self.places.iter_mut().find(|other| **other == last)
        {
            *moved = place;
        }
    }

    /// Whether the element is present.
    #[must_use]
    pub fn has(&self, element: Element) -> bool {
        self.places.get(usize::from(element.0)).is_some_and(|place| *place != 0)
    }

    /// The element's canonical value.
    #[must_use]
    pub fn get(&self, element: Element) -> Option<&[u8]> {
        let place = *self.places.get(usize::from(element.0))?;
        let span = self.spans.get(usize::from(place).wrapping_sub(1))?;
        self.data.get(span.range())
    }

    /// The value of an element that is there.
    pub(super) fn value(&self, element: u8) -> &[u8] {
        self.get(Element(element)).unwrap_or_default()
    }

    /// The element's value as text; `None` when absent or not UTF-8 (GBK seldom is).
    #[must_use]
    pub fn text(&self, element: Element) -> Option<&str> {
        std::str::from_utf8(self.get(element)?).ok()
    }

    /// The element's value as a number; `None` unless it is 1 to 19 ASCII digits.
    #[must_use]
    pub fn number(&self, element: Element) -> Option<u64> {
        number(self.get(element)?)
    }

    /// Copies the listed elements that `other` has. What it lacks stays as it is here.
    pub fn copy_from(&mut self, other: &Message, elements: &[Element]) {
        for &element in elements {
            if let Some(value) = other.get(element) {
                self.set(element, value);
            }
        }
    }

    /// Present elements in ascending order.
    pub fn elements(&self) -> impl Iterator<Item = (Element, &[u8])> {
        Bits::of(self.bitmap).map(|element| (Element(element), self.value(element)))
    }

    /// Bytes of all values together, at most.
    pub(crate) fn bytes(&self) -> usize {
        self.data.len()
    }
}

/// Equal when they say the same, wherever their buffers hold it.
impl PartialEq for Message {
    fn eq(&self, other: &Message) -> bool {
        self.mti == other.mti
            && self.bitmap == other.bitmap
            && self.elements().zip(other.elements()).all(|(one, two)| one.1 == two.1)
    }
}

impl Eq for Message {}

impl Hash for Message {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.mti, self.bitmap).hash(state);
        self.elements().for_each(|(_, value)| value.hash(state));
    }
}

/// One to nineteen ASCII digits as a number.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 19 {
        return None;
    }
    let mut value = 0u64;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u64::from(digit - b'0');
    }
    Some(value)
}

/// The set bits of a bitmap, as element numbers in ascending order.
#[derive(Clone, Copy)]
pub(super) struct Bits {
    word: u64,
    /// Elements before the word's first.
    before: u8,
    second: u64,
}

impl Bits {
    pub(super) const fn of(bitmap: u128) -> Bits {
        Bits { word: (bitmap >> 64) as u64, before: 0, second: bitmap as u64 }
    }
}

impl Iterator for Bits {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if self.word == 0 {
            if self.second == 0 {
                return None;
            }
            (self.word, self.second, self.before) = (self.second, 0, 64);
        }
        let leading = self.word.leading_zeros();
        self.word &= !(1 << (63 - leading));
        Some(self.before + leading as u8 + 1)
    }
}

/// A card number with only its first six and last four digits; all of a short one is masked.
#[must_use]
pub fn mask_pan(pan: &str) -> String {
    let length = pan.chars().count();
    let shown = |at: usize| length > 10 && (at < 6 || at >= length - 4);
    pan.chars().enumerate().map(|(at, digit)| if shown(at) { digit } else { '*' }).collect()
}

/// What may be shown of a track: the masked card number before the separator, nothing after it.
pub(super) fn mask_track(track: &str) -> String {
    let pan = track.split(['D', '=', '^']).next().unwrap_or_default();
    let rest = "*".repeat(track.len() - pan.len());
    if rest.is_empty() { "*".repeat(track.len()) } else { mask_pan(pan) + &rest }
}

impl fmt::Debug for Message {
    /// Prints what a log may hold: cards masked; expiry, tracks, PIN, chip data and keys by length.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.mti)?;
        for (element, value) in self.elements() {
            let text = String::from_utf8_lossy(value);
            match element {
                Element::PAN => write!(f, " {element}={}", mask_pan(&text))?,
                Element::TRACK_2 => write!(f, " {element}={}", mask_track(&text))?,
                // 48 carries card numbers (batch details) and keys (network tag NK), 102 and 103
                // account numbers.
                // 59 carries payment codes; 57, 62 and 104 rows of clearing files.
                Element(14 | 36 | 45 | 48 | 52 | 55 | 57 | 59 | 62 | 96 | 102 | 103 | 104) => {
                    write!(f, " {element}=({} bytes)", value.len())?;
                }
                _ => write!(f, " {element}={}", text.escape_debug())?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn numbers_are_padded_with_zeros_to_their_width() {
        let mut message = Message::new(Mti::FINANCIAL_REQUEST);
        message.set_number(Element::STAN, 7, 6);
        message.set_number(Element::AMOUNT, 0, 12);
        message.set_number(Element::PAN, u64::MAX, 6);
        message.set_number(Element::PRIVATE_60, 5, 25);
        assert_eq!(message.text(Element::STAN), Some("000007"));
        assert_eq!(message.text(Element::AMOUNT), Some("000000000000"));
        assert_eq!(message.text(Element::PAN), Some("18446744073709551615"));
        assert_eq!(message.text(Element::PRIVATE_60), Some("0000000000000000000000005"));
        assert_eq!(message.number(Element::STAN), Some(7));
        assert_eq!(message.number(Element::PAN), None, "twenty digits may not fit");
    }

    #[test]
    fn a_log_of_a_message_holds_no_card_and_no_secret() {
        let message = Message::new(Mti::FINANCIAL_REQUEST)
            .with(Element::PAN, "6224242000000021")
            .with(Element::EXPIRY, "2902")
            .with(Element::TRACK_2, "6224242000000021D29022015699031007")
            .with(Element::PIN_BLOCK, [0x12; 8])
            .with(Element::STAN, "000012");
        let log = format!("{message:?}");
        assert!(log.starts_with("0200 2=622424******0021 11=000012 14=(4 bytes) 35=622424**"));
        assert!(!log.contains("2902") && !log.contains("24200000"), "{log}");
        assert_eq!(mask_pan("1234567890"), "**********");
    }

    proptest! {
        #[test]
        fn a_message_is_a_map_from_element_to_value(
            steps in vec((0u8..=140, option::of("[0-9]{0,9}")), 0..60)
        ) {
            let mut map = BTreeMap::new();
            let mut message = Message::new(Mti::FINANCIAL_REQUEST);
            for (element, value) in &steps {
                match value {
                    Some(value) => {
                        message.set(Element(*element), value);
                        if (2..=128).contains(element) { map.insert(*element, value.clone()); }
                    }
                    None => { message.remove(Element(*element)); map.remove(element); }
                }
            }
            let seen: Vec<_> = message.elements().map(|(e, v)| (e.0, v.to_vec())).collect();
            let expected: Vec<_> = map.iter().map(|(e, v)| (*e, v.clone().into_bytes())).collect();
            prop_assert_eq!(seen, expected);
            let mut rebuilt = Message::new(message.mti());
            for (element, value) in map.iter().rev() { rebuilt.set(Element(*element), value); }
            prop_assert_eq!(rebuilt, message);
        }
    }
}
