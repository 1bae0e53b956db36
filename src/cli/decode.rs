//! `reversim decode`: what some bytes are, or why they are not a message.

use super::arguments::Decode;
use super::output::{Output, hint};
use crate::exit::{Exit, Failure};
use reversim::closest::closest;
use reversim::report::words::is_test_card;
use reversim_models::iso8583::{BatchDetails48, Description, Dialect, Element, describe};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Read;

/// Longer input is no message: the longest frame has 65,537 bytes.
const INPUT_MAX: u64 = 1 << 20;

#[derive(Serialize)]
struct Decoded {
    dialect: &'static str,
    mti: Option<String>,
    elements: Elements,
}

/// Elements in the order of their numbers, which is not that of their names.
struct Elements(Vec<(u8, String)>);

impl Serialize for Elements {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(number, value)| (number.to_string(), value)))
    }
}

#[derive(Serialize)]
struct Undecoded {
    error: Reason,
}

#[derive(Serialize)]
struct Reason {
    kind: &'static str,
    element: Option<u8>,
    offset: usize,
    reason: String,
}

pub(crate) fn decode(arguments: &Decode, output: &Output) -> Result<Exit, Failure> {
    let dialect = arguments.dialect.as_deref().map(dialect).transpose()?;
    let bytes = bytes(&input(&arguments.hex)?)?;
    let mut description = describe(&bytes, dialect);
    if arguments.unmask {
        match cards(&description) {
            cards if cards.is_empty() => hint("the message names no card"),
            cards if cards.iter().all(|pan| is_test_card(pan)) => {
                description = description.unmask();
            }
            _ => hint("the card is not of a test range: it stays masked"),
        }
    }
    let reason = reason(&description);
    if !output.is_json() {
        output.text(&description.to_string())?;
    } else if let Some(error) = &reason {
        output.json(&Undecoded { error: error.clone() })?;
    } else {
        output.json(&decoded(&description))?;
    }
    match reason {
        None => Ok(Exit::Holds),
        Some(reason) => {
            let Reason { kind, element, offset, reason } = reason;
            let element = element.map_or(String::new(), |number| format!("element {number}, "));
            hint(&format!("this is not a message: {element}byte {offset}: {reason} ({kind})"));
            Ok(Exit::Violated)
        }
    }
}

impl Clone for Reason {
    fn clone(&self) -> Reason {
        Reason { reason: self.reason.clone(), ..*self }
    }
}

/// The card numbers of the message, in clear: for deciding whether they may be shown.
fn cards(description: &Description) -> Vec<String> {
    let values = [Element::PAN, Element::TRACK_2].map(|element| description.element(element));
    let texts = values.into_iter().flatten().map(|found| String::from_utf8_lossy(&found.value));
    let mut cards: Vec<String> = texts.map(|text| text.into_owned()).collect();
    let details = description.element(Element::PRIVATE_48);
    let details = details.and_then(|found| BatchDetails48::parse(&found.value));
    cards.extend(details.into_iter().flat_map(|batch| batch.details).map(|detail| detail.pan));
    cards
}

fn dialect(name: &str) -> Result<&'static Dialect, Failure> {
    let mut all = Dialect::all().iter();
    let found =
        all.find(|dialect| dialect.name == name || dialect.name.rsplit('-').next() == Some(name));
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = Dialect::all().iter().map(|dialect| dialect.name).collect();
        let hint = match closest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known are {}", names.join(", ")),
        };
        Failure::usage(format!("there is no dialect `{name}`; {hint}"))
    })
}

/// The words given, or what the standard input holds.
fn input(words: &[String]) -> Result<String, Failure> {
    match words {
        [] => {}
        [word] if word == "-" => {}
        words => return Ok(words.concat()),
    }
    let mut text = Vec::new();
    let read = std::io::stdin().lock().take(INPUT_MAX).read_to_end(&mut text);
    read.map_err(|error| Failure::usage(format!("cannot read the standard input: {error}")))?;
    String::from_utf8(text).map_err(|_| {
        Failure::usage("the standard input is not text; write the bytes in hexadecimal")
    })
}

/// Hexadecimal digits to bytes; blanks between them do not count.
pub(super) fn bytes(text: &str) -> Result<Vec<u8>, Failure> {
    let mut digits = Vec::with_capacity(text.len());
    for (at, c) in text.chars().enumerate().filter(|(_, c)| !c.is_whitespace()) {
        let digit = c.to_digit(16).ok_or_else(|| {
            let c = c.escape_debug();
            Failure::usage(format!(
                "`{c}` at position {} is not a hexadecimal digit; write bytes as 0200 or 02 00",
                at + 1
            ))
        })?;
        digits.push(digit as u8);
    }
    if digits.is_empty() {
        return Err(Failure::usage("there are no bytes; write them in hexadecimal, as 02 00"));
    }
    if !digits.len().is_multiple_of(2) {
        let count = digits.len();
        return Err(Failure::usage(format!(
            "{count} hexadecimal digits are not whole bytes; one digit is missing or too many"
        )));
    }
    Ok(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn decoded(description: &Description) -> Decoded {
    let elements: BTreeMap<u8, String> = description
        .elements
        .iter()
        .map(|found| (found.element.0, description.element_text(found.element)))
        .collect();
    Decoded {
        dialect: description.dialect,
        mti: description.mti.map(|mti| mti.to_string()),
        elements: Elements(elements.into_iter().collect()),
    }
}

/// Why it is not one message, if it is not.
fn reason(description: &Description) -> Option<Reason> {
    let body = description.error.as_ref().map(|error| Reason {
        kind: error.kind.name(),
        element: error.element,
        offset: error.offset,
        reason: error.kind.to_string(),
    });
    let frame = description.frame_error.map(|error| Reason {
        kind: error.name(),
        element: None,
        offset: 0,
        reason: error.to_string(),
    });
    body.or(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_between_digits_do_not_count() {
        assert_eq!(bytes("02 00\n fF"), Ok(vec![0x02, 0x00, 0xFF]));
    }

    #[test]
    fn bad_hexadecimal_is_named_with_its_place() {
        let sentence = |text: &str| bytes(text).expect_err("it is wrong").sentence;
        assert!(sentence("02 0g").starts_with("`g` at position 5"), "{}", sentence("02 0g"));
        assert!(sentence("020").starts_with("3 hexadecimal digits"));
        assert!(sentence(" ").starts_with("there are no bytes"));
    }

    #[test]
    fn a_dialect_may_be_named_by_its_last_word() {
        assert_eq!(dialect("pos").map(|d| d.name), Ok("unionpay-like-pos"));
        assert!(dialect("visa").expect_err("unknown").sentence.contains("known are"));
    }
}
