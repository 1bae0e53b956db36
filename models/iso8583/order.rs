//! Element 59 of a payment by QR code: the payment code and the order's number. Layout only.
//!
//! Read docs/protocol.md 1.3 and 1.4 first: tag A3 holds the payment code in published messages.
//! That a tag of two characters is followed by a length of three digits, and that tag B1 holds the
//! order's number, are choices of ours.

use super::digits::Digits;
use super::message::mask_pan;
use super::{Element, Message};
use core::ops::Range;

/// Tag of the payment code (付款码).
const CODE: &[u8] = b"A3";
/// Tag of the order's number (订单号).
const NUMBER: &[u8] = b"B1";
/// Terminal, batch and voucher number.
const NUMBER_LENGTH: usize = 20;

/// Element 59 on the POS line: which order, paid with which code.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Order59 {
    /// What the customer's telephone showed.
    pub code: String,
    /// The order; none in a message that names it otherwise, as a void does in element 61.
    pub number: Option<OrderNumber>,
}

/// What an order is known by (订单号): made of what names its voucher anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OrderNumber {
    /// The terminal (element 41).
    pub terminal: [u8; 8],
    /// The batch.
    pub batch: u32,
    /// The voucher number.
    pub stan: u32,
}

impl Order59 {
    /// The text of element 59.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(50);
        put(&mut text, CODE, self.code.as_bytes());
        if let Some(OrderNumber { terminal, batch, stan }) = self.number {
            let digits = Digits::with_capacity(12).number(batch, 6).number(stan, 6);
            put(&mut text, NUMBER, &[&terminal, digits.into_string().as_bytes()].concat());
        }
        text
    }

    /// Reads both tags, in any order and beside others.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Order59> {
        let number = match find(value, NUMBER) {
            Some(number) if number.len() != NUMBER_LENGTH => return None,
            Some(number) => Some(OrderNumber {
                terminal: *number.first_chunk()?,
                batch: small(number.get(8..14)?)?,
                stan: small(number.get(14..)?)?,
            }),
            None => None,
        };
        let code = core::str::from_utf8(find(value, CODE)?).ok()?.to_owned();
        Some(Order59 { code, number })
    }

    /// Element 59 of a message, if it has one that reads.
    #[must_use]
    pub fn of(message: &Message) -> Option<Order59> {
        Order59::parse(message.get(Element::PRIVATE_59)?)
    }
}

fn put(text: &mut Vec<u8>, tag: &[u8], value: &[u8]) {
    let length = Digits::with_capacity(3).number(value.len() as u64, 3).into_string();
    text.extend([tag, length.as_bytes(), value].concat());
}

fn find<'a>(text: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    text.get(place(text, wanted)?)
}

/// Where the value of a tag stands.
fn place(text: &[u8], wanted: &[u8]) -> Option<Range<usize>> {
    let mut at = 0;
    while let (Some(tag), Some(length)) = (text.get(at..at + 2), text.get(at + 2..at + 5)) {
        let (start, end) = (at + 5, at + 5 + small::<usize>(length)?);
        if end > text.len() {
            return None;
        }
        if tag == wanted {
            return Some(start..end);
        }
        at = end;
    }
    None
}

fn small<T: core::str::FromStr>(digits: &[u8]) -> Option<T> {
    let text = core::str::from_utf8(digits).ok()?;
    let is_number = text.bytes().all(|digit| digit.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// Element 59 as people may see it: a payment code is masked as a card number is.
pub(super) fn mask_order(mut text: String, value: &[u8]) -> String {
    // Text that was not ASCII was decoded, and stands elsewhere.
    if let Some(code) = place(value, CODE).filter(|_| value.is_ascii() && text.len() == value.len())
    {
        let masked = mask_pan(&text[code.clone()]);
        text.replace_range(code, &masked);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Order59 {
        let code = "6224310010000020018".to_owned();
        let number = OrderNumber { terminal: *b"22003001", batch: 3, stan: 12 };
        Order59 { code, number: Some(number) }
    }

    #[test]
    fn the_code_and_the_number_of_an_order_stand_behind_their_tags() {
        let text = order().encode();
        assert_eq!(text, b"A30196224310010000020018B102022003001000003000012");
        assert_eq!(Order59::parse(&text), Some(order()));
        let masked = mask_order(String::from_utf8_lossy(&text).into_owned(), &text);
        assert_eq!(masked, "A3019622431*********0018B102022003001000003000012");
    }

    #[test]
    fn other_tags_are_passed_over_and_broken_ones_are_not_guessed() {
        let text = order().encode();
        let longer = [b"C1003abc".as_slice(), &text].concat();
        assert_eq!(Order59::parse(&longer), Some(order()));
        for length in 0..text.len() {
            let read = Order59::parse(&text[..length]);
            assert!(read.is_none_or(|read| length >= 24 && read.number.is_none()), "{length}");
        }
        assert_eq!(Order59::parse(b"A3+19xxxxxxxxxxxxxxxxxxx"), None);
    }
}
