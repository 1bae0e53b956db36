//! What a dialect is: how one line writes the MTI, bitmap, lengths and each element. No table here.

use super::{Element, Framing, NETWORK, POS};
use std::ops::Range;

/// How digits travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Two digits a byte.
    Bcd,
    /// One character a digit.
    Ascii,
}

/// What an element may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// `n`: digits.
    Numeric,
    /// `z`: track data. Digits, the separator `D`, and A to F because an encrypted track keeps its
    /// length but not its alphabet.
    Track,
    /// `an`: letters, digits and padding spaces.
    Alphanumeric,
    /// `ans`: printable characters and GBK.
    Text,
    /// `ans` or `b` by agreement: any byte.
    Private,
    /// `b`: raw bytes.
    Binary,
}

/// How long an element is, in characters or digits (`b`: bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Always this long.
    Fixed(u16),
    /// Two length digits, up to this.
    Ll(u16),
    /// Three length digits, up to this.
    Lll(u16),
}

impl Length {
    /// The longest value, in the element's own unit.
    #[must_use]
    pub const fn max(self) -> usize {
        match self {
            Length::Fixed(max) | Length::Ll(max) | Length::Lll(max) => max as usize,
        }
    }
}

/// Where the spare half byte of an odd packed number goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filler {
    /// Number first: `021` travels as `02 10`.
    Trailing,
    /// Number last: `123` travels as `01 23`.
    Leading,
}

/// The layout of one element in a dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ElementSpec {
    /// Which one.
    pub element: Element,
    /// English name.
    pub name: &'static str,
    /// Chinese name.
    pub chinese: &'static str,
    /// What it may hold.
    pub class: Class,
    /// How long it is.
    pub length: Length,
    /// Where an odd number of packed digits is filled.
    pub filler: Filler,
}

impl ElementSpec {
    /// A layout; odd packed digits are filled at the end.
    #[must_use]
    pub const fn new(
        element: u8,
        class: Class,
        length: Length,
        name: &'static str,
        chinese: &'static str,
    ) -> Self {
        let filler = Filler::Trailing;
        ElementSpec { element: Element(element), name, chinese, class, length, filler }
    }

    /// The same layout with odd packed digits filled at the front.
    #[must_use]
    pub const fn leading(self) -> Self {
        ElementSpec { filler: Filler::Leading, ..self }
    }
}

/// A data table: how one line writes messages.
#[derive(Clone, Debug)]
pub struct Dialect {
    /// Stable name, as given on a command line.
    pub name: &'static str,
    /// How bodies become frames.
    pub framing: Framing,
    /// How the MTI travels.
    pub mti: Coding,
    /// How length prefixes travel.
    pub lengths: Coding,
    /// How `n` and `z` travel.
    pub digits: Coding,
    /// Whether bit 1 announces elements 65 to 128.
    pub second_bitmap: bool,
    /// Indexed by element number.
    pub(super) specs: [Option<ElementSpec>; 129],
}

impl Dialect {
    /// A dialect from its elements. One that is listed twice takes the later layout; one outside
    /// 2..=128 is left out.
    #[must_use]
    pub const fn new(
        name: &'static str,
        framing: Framing,
        coding: Coding,
        second_bitmap: bool,
        elements: &[ElementSpec],
    ) -> Self {
        let mut specs = [None; 129];
        let mut at = 0;
        while at < elements.len() {
            let number = elements[at].element.0 as usize;
            if number >= 2 && number <= 128 {
                specs[number] = Some(elements[at]);
            }
            at += 1;
        }
        let (mti, lengths, digits) = (coding, coding, coding);
        Dialect { name, framing, mti, lengths, digits, second_bitmap, specs }
    }

    /// The built-in dialect of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Dialect> {
        Dialect::all().iter().copied().find(|dialect| dialect.name == name)
    }

    /// All built-in dialects.
    #[must_use]
    pub fn all() -> &'static [&'static Dialect] {
        static ALL: [&Dialect; 2] = [&POS, &NETWORK];
        &ALL
    }

    /// The layout of an element, if the dialect has it.
    #[must_use]
    pub fn spec(&self, element: Element) -> Option<&ElementSpec> {
        self.specs.get(element.0 as usize)?.as_ref()
    }

    /// All layouts, in ascending order of element.
    pub fn specs(&self) -> impl Iterator<Item = &ElementSpec> {
        self.specs.iter().flatten()
    }

    /// Where the authentication code (element 64 or 128) sits in a body that decodes, if it is the
    /// last element. On the POS line the code covers everything before it.
    #[must_use]
    pub fn mac_span(&self, body: &[u8]) -> Option<Range<usize>> {
        let at = self.mti_bytes();
        let first = u64::from_be_bytes(*body.get(at..)?.first_chunk()?);
        let (bitmap_end, last_bit, mac) = if self.second_bitmap && first >> 63 == 1 {
            let second = u64::from_be_bytes(*body.get(at + 8..)?.first_chunk()?);
            (at + 16, second & 1, Element::MAC_128)
        } else {
            (at + 8, first & 1, Element::MAC_64)
        };
        let spec = self.spec(mac)?;
        let Length::Fixed(width) = spec.length else { return None };
        let start = body.len().checked_sub(usize::from(width))?;
        (last_bit == 1 && start >= bitmap_end).then_some(start..body.len())
    }

    /// Bytes the MTI takes.
    pub(super) const fn mti_bytes(&self) -> usize {
        match self.mti {
            Coding::Bcd => 2,
            Coding::Ascii => 4,
        }
    }

    /// Whether this class packs two digits a byte on this line.
    pub(super) fn packs(&self, class: Class) -> bool {
        self.digits == Coding::Bcd && matches!(class, Class::Numeric | Class::Track)
    }
}

/// Whether a class allows a byte in a canonical value.
pub(super) fn allows(class: Class, byte: u8) -> bool {
    ALLOWED[byte as usize] & mask(class) != 0
}

/// The classes that allow each byte, one bit each.
static ALLOWED: [u8; 256] = {
    let mut allowed = [mask(Class::Private); 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        if byte.is_ascii_digit() {
            allowed[at] |= mask(Class::Numeric);
        }
        if byte.is_ascii_digit() || matches!(byte, b'A'..=b'F') {
            allowed[at] |= mask(Class::Track);
        }
        if byte.is_ascii_alphanumeric() || byte == b' ' {
            allowed[at] |= mask(Class::Alphanumeric);
        }
        // GBK uses 0x80 to 0xFE in its first and 0x40 to 0xFE, but not 0x7F, in its second byte.
        if byte >= b' ' && byte != 0x7F && byte != 0xFF {
            allowed[at] |= mask(Class::Text);
        }
        at += 1;
    }
    allowed
};

const fn mask(class: Class) -> u8 {
    match class {
        Class::Numeric => 1,
        Class::Track => 2,
        Class::Alphanumeric => 4,
        Class::Text => 8,
        Class::Private | Class::Binary => 16,
    }
}

/// The first byte of `value` that the class does not allow.
pub(super) fn offending(class: Class, value: &[u8]) -> Option<usize> {
    // Most values are good, and most of those are digits, which every class allows: look at many
    // bytes at once, and search only afterwards.
    let is_good = match class {
        Class::Private | Class::Binary => true,
        Class::Numeric => are_digits(value),
        _ => are_digits(value) || are_allowed(class, value),
    };
    if is_good {
        return None;
    }
    value.iter().position(|&byte| ALLOWED[byte as usize] & mask(class) == 0)
}

fn are_allowed(class: Class, value: &[u8]) -> bool {
    value.iter().fold(0xFF, |common, &byte| common & ALLOWED[byte as usize]) & mask(class) != 0
}

/// Whether every byte is a digit, eight at a time.
fn are_digits(value: &[u8]) -> bool {
    let Some(last) = value.last_chunk::<8>() else {
        return are_few_digits(value);
    };
    // The last eight bytes overlap the word before them where the length is not a multiple.
    let words = value.as_chunks::<8>().0.iter().chain([last]);
    words.fold(0, |wrong, word| wrong | no_digits(u64::from_ne_bytes(*word))) == 0
}

/// As [`are_digits`] for less than eight bytes: two halves that may overlap make one word.
fn are_few_digits(value: &[u8]) -> bool {
    if let (Some(first), Some(last)) = (value.first_chunk::<4>(), value.last_chunk::<4>()) {
        let [first, last] = [first, last].map(|half| u64::from(u32::from_ne_bytes(*half)));
        return no_digits(first | last << 32) == 0;
    }
    value.iter().all(u8::is_ascii_digit)
}

/// Not zero if one of the eight bytes is no digit.
fn no_digits(word: u64) -> u64 {
    // A digit without its 3 in the high half is 0 to 9: adding 6 carries into that half from
    // 10 on. A carry beyond it comes only from a byte that is wrong already.
    let low = word ^ 0x3030_3030_3030_3030;
    (low | low.wrapping_add(0x0606_0606_0606_0606)) & 0xF0F0_F0F0_F0F0_F0F0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_told_from_every_other_byte_at_every_place() {
        for length in [1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 19] {
            let digits: Vec<u8> = (0..length).map(|place| b'0' + place as u8 % 10).collect();
            assert_eq!(offending(Class::Numeric, &digits), None);
            for (place, byte) in (0..length).flat_map(|p| (0..=255).map(move |byte| (p, byte))) {
                let mut value = digits.clone();
                value[place] = byte;
                let expected = (!byte.is_ascii_digit()).then_some(place);
                assert_eq!(offending(Class::Numeric, &value), expected, "{byte} at {place}");
            }
        }
    }
}
