//! A description as text: values, sub-fields, the table. Masks what a screen must not show.

use super::message::mask_track;
use super::{Balance54, BalanceSign, BatchDetails48, Class, DescribedElement, DescribedFrame};
use super::{
    Description, Element, OriginalData90, Private60, ResponseCode, Settlement48, mask_pan,
};
use crate::card::Currency;
use encoding_rs::GBK;
use std::fmt::{self, Write};

/// One sub-field of an element, as a person reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// `60.1`, or the tag of chip data (`9F26`).
    pub number: String,
    /// What it is.
    pub name: &'static str,
    /// What it holds.
    pub text: String,
}

impl Part {
    fn new(number: impl Into<String>, name: &'static str, text: impl Into<String>) -> Self {
        Part { number: number.into(), name, text: text.into() }
    }
}

impl Description {
    /// An element's value as text: digits and text as they are, GBK decoded, binary in upper-case
    /// hexadecimal. Empty if the element is not there. Cards are masked unless unmasked.
    #[must_use]
    pub fn element_text(&self, element: Element) -> String {
        self.element(element).map(|found| self.text_of(found)).unwrap_or_default()
    }

    /// An element as it may be shown. Of damaged bytes nobody knows what they are: no run of digits
    /// that is long enough for a card number is shown of them.
    fn text_of(&self, described: &DescribedElement) -> String {
        let text = text(described, self.unmasked);
        let is_damaged = self.error.is_some()
            || self.frame_error.is_some()
            || self.elements.iter().any(|found| found.note.is_some());
        if is_damaged && !self.unmasked { mask_numbers(&text) } else { text }
    }

    /// What the sub-fields of an element say, where their layout is known: 39, 48, 54, 55, 60, 61
    /// and 90.
    #[must_use]
    pub fn parts(&self, element: Element) -> Vec<Part> {
        self.element(element).and_then(|found| self.parts_of(found)).unwrap_or_default()
    }
}

fn text(described: &DescribedElement, unmasked: bool) -> String {
    let value = &described.value;
    let text = match described.class {
        Class::Binary => hex(value),
        Class::Private | Class::Text => readable(value),
        Class::Numeric | Class::Track | Class::Alphanumeric => value.escape_ascii().to_string(),
    };
    if unmasked {
        return text;
    }
    match described.element {
        Element::PAN | Element(102 | 103) => mask_pan(&text),
        Element::TRACK_2 | Element::TRACK_3 | Element(45) => mask_track(&text),
        Element::PRIVATE_48 => mask_details(text, value),
        Element::PRIVATE_59 => super::order::mask_order(text, value),
        Element::ICC => mask_chip(value),
        // Rows of clearing files, with the card number in the middle.
        Element(57 | 104) => mask_numbers(&text),
        _ => text,
    }
}

/// Text as a person reads it; hexadecimal if it is none.
fn readable(value: &[u8]) -> String {
    match GBK.decode_without_bom_handling_and_without_replacement(value) {
        Some(text) if !text.chars().any(char::is_control) => text.into_owned(),
        _ => hex(value),
    }
}

/// Batch details with their cards masked; other text as it is.
fn mask_details(mut text: String, value: &[u8]) -> String {
    if let Some(batch) = BatchDetails48::parse(value) {
        for (index, detail) in batch.details.iter().enumerate() {
            let end = 2 + 40 * index + 28;
            text.replace_range(end - detail.pan.len()..end, &mask_pan(&detail.pan));
        }
    }
    text
}

/// Digits of the shortest card number.
const PAN_MIN: usize = 13;

/// The text without any run of digits that may hold a card number.
fn mask_numbers(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, run) = rest.split_at(start);
        let end = run.find(|c: char| !c.is_ascii_digit()).unwrap_or(run.len());
        let (run, after) = run.split_at(end);
        masked.push_str(before);
        match run.len() < PAN_MIN {
            true => masked.push_str(run),
            false => masked.extend(run.chars().map(|_| '*')),
        }
        rest = after;
    }
    masked + rest
}

/// Chip data with card number, tracks and name blanked; all of it if it is not tag, length, value.
fn mask_chip(value: &[u8]) -> String {
    let Some(tags) = tags(value) else { return "*".repeat(2 * value.len()) };
    tags.iter().fold(String::new(), |text, tag| {
        let content =
            if is_secret(tag.tag) { "**".repeat(tag.value.len()) } else { hex(tag.value) };
        text + &hex(tag.head) + &content
    })
}

/// 5A card number, 57, 56 and 9F6B tracks, 5F20 name, 9F1F and 9F20 discretionary track data.
fn is_secret(tag: &[u8]) -> bool {
    matches!(tag, [0x5A | 0x56 | 0x57] | [0x5F, 0x20] | [0x9F, 0x6B | 0x1F | 0x20])
}

/// One BER-TLV item.
pub(super) struct Tag<'a> {
    pub(super) tag: &'a [u8],
    /// Tag and length.
    head: &'a [u8],
    pub(super) value: &'a [u8],
}

/// The items of BER-TLV data, templates unopened; `None` if the bytes do not come out even.
pub(super) fn tags(data: &[u8]) -> Option<Vec<Tag<'_>>> {
    let mut tags = Vec::new();
    let mut rest = data;
    while let Some(&first) = rest.first() {
        let mut at = 1;
        if first & 0x1F == 0x1F {
            while rest.get(at)? & 0x80 != 0 {
                at += 1;
            }
            at += 1;
        }
        let tag = rest.get(..at)?;
        let (length, size) = match *rest.get(at)? {
            short @ 0..=0x7F => (usize::from(short), 1),
            0x81 => (usize::from(*rest.get(at + 1)?), 2),
            0x82 => (usize::from(*rest.get(at + 1)?) << 8 | usize::from(*rest.get(at + 2)?), 3),
            _ => return None,
        };
        let (head, tail) = rest.split_at_checked(at + size)?;
        let (value, tail) = tail.split_at_checked(length)?;
        tags.push(Tag { tag, head, value });
        rest = tail;
    }
    Some(tags)
}

/// English names of the tags that UnionPay-like lines carry.
fn tag_name(tag: &[u8]) -> &'static str {
    match tag {
        [0x57] => "track 2 equivalent",
        [0x5A] => "card number",
        [0x71] => "issuer script before",
        [0x72] => "issuer script after",
        [0x82] => "interchange profile",
        [0x84] => "dedicated file name",
        [0x8A] => "response code",
        [0x91] => "issuer authentication",
        [0x95] => "terminal verification results",
        [0x9A] => "transaction date",
        [0x9C] => "transaction type",
        [0x5F, 0x2A] => "currency",
        [0x9F, 0x02] => "amount",
        [0x9F, 0x03] => "other amount",
        [0x9F, 0x09] => "application version",
        [0x9F, 0x10] => "issuer application data",
        [0x9F, 0x1A] => "terminal country",
        [0x9F, 0x1E] => "device serial",
        [0x9F, 0x26] => "cryptogram",
        [0x9F, 0x27] => "cryptogram information",
        [0x9F, 0x33] => "terminal capabilities",
        [0x9F, 0x34] => "cardholder verification",
        [0x9F, 0x35] => "terminal type",
        [0x9F, 0x36] => "transaction counter",
        [0x9F, 0x37] => "unpredictable number",
        [0x9F, 0x41] => "sequence counter",
        [0x9F, 0x63] => "card product",
        [0x9F, 0x74] => "e-cash authorization code",
        [0xDF, 0x31] => "script result",
        _ => "tag",
    }
}

impl Description {
    fn parts_of(&self, described: &DescribedElement) -> Option<Vec<Part>> {
        // A reversal's element 39 is its reason, not a result.
        let reverses = self.mti.is_some_and(|mti| mti.class() == 4 && mti.is_request());
        if reverses && described.element == Element::RESPONSE_CODE {
            let (english, chinese) = ResponseCode::parse(&described.value)?.reversal_reason()?;
            return Some(vec![Part::new("39", "reason", format!("{english} {chinese}"))]);
        }
        parts(described, self.currency(), self.unmasked)
    }

    /// What element 49 says; two decimals, where it says nothing.
    fn currency(&self) -> Currency {
        let told = self.element(Element::CURRENCY).and_then(|found| {
            core::str::from_utf8(&found.value).ok().and_then(|text| text.parse().ok())
        });
        told.map_or(Currency::CNY, Currency)
    }
}

fn parts(described: &DescribedElement, currency: Currency, unmasked: bool) -> Option<Vec<Part>> {
    let value = &described.value;
    let numeric = described.class == Class::Numeric;
    match described.element {
        Element::RESPONSE_CODE => ResponseCode::parse(value).map(code_parts),
        Element::PRIVATE_48 if numeric => settlement_parts(value, currency).or_else(|| {
            BatchDetails48::parse(value).map(|batch| batch_parts(&batch, currency, unmasked))
        }),
        Element::ADDITIONAL_AMOUNTS => {
            Balance54::parse_all(value).map(|all| all.iter().map(balance_part).collect())
        }
        Element::ICC => tags(value).map(|tags| {
            let shown = |tag: &Tag<'_>| match is_secret(tag.tag) && !unmasked {
                true => "**".repeat(tag.value.len()),
                false => hex(tag.value),
            };
            tags.iter().map(|tag| Part::new(hex(tag.tag), tag_name(tag.tag), shown(tag))).collect()
        }),
        Element::PRIVATE_60 if numeric => Private60::parse(value).map(|_| {
            let text = value.escape_ascii().to_string();
            cut(&text, "60", &PARTS_60)
        }),
        Element::PRIVATE_61 if numeric => {
            let text = value.escape_ascii().to_string();
            (text.len() >= 12).then(|| cut(&text, "61", &PARTS_61))
        }
        Element::ORIGINAL_DATA => OriginalData90::parse(value).map(|_| {
            let text = value.escape_ascii().to_string();
            cut(&text, "90", &PARTS_90)
        }),
        _ => None,
    }
}

/// Names and widths of the parts of element 60 on the POS line.
const PARTS_60: [(&str, usize); 7] = [
    ("transaction type", 2),
    ("batch", 6),
    ("network management code", 3),
    ("read capability", 1),
    ("IC condition", 1),
    ("partial approval", 1),
    ("account type", 3),
];
const PARTS_61: [(&str, usize); 5] = [
    ("original batch", 6),
    ("original trace", 6),
    ("original date", 4),
    ("original authorisation mode", 2),
    ("original authorising organisation", 11),
];
const PARTS_90: [(&str, usize); 5] = [
    ("original type", 4),
    ("original trace", 6),
    ("original transmission time", 10),
    ("original acquirer", 11),
    ("original forwarder", 11),
];

/// Cuts text (ASCII) into parts of these widths, as far as it goes.
fn cut(text: &str, element: &str, layout: &[(&'static str, usize)]) -> Vec<Part> {
    let mut rest = text;
    let mut parts = Vec::new();
    for (index, &(name, width)) in layout.iter().enumerate() {
        if rest.is_empty() {
            break;
        }
        let (part, tail) = rest.split_at(width.min(rest.len()));
        parts.push(Part::new(format!("{element}.{}", index + 1), name, part));
        rest = tail;
    }
    parts
}

fn code_parts(code: ResponseCode) -> Vec<Part> {
    let (english, chinese) = code.meaning();
    vec![
        Part::new("39", "meaning", format!("{english} {chinese}")),
        Part::new("39", "next", code.action()),
    ]
}

fn settlement_parts(value: &[u8], currency: Currency) -> Option<Vec<Part>> {
    let settlement = Settlement48::parse(value)?;
    let halves = [("domestic", settlement.domestic), ("foreign", settlement.foreign)];
    let part = |(index, (name, totals)): (usize, (&'static str, super::Totals48))| {
        let result = match totals.result {
            0 => "not compared",
            1 => "balanced",
            2 => "unbalanced",
            3 => "error",
            _ => "unknown result",
        };
        let (debit, credit) =
            (currency.amount(totals.debit_amount), currency.amount(totals.credit_amount));
        let (debits, credits) = (totals.debit_count, totals.credit_count);
        let text = format!("debit {debit} in {debits}, credit {credit} in {credits}, {result}");
        Part::new(format!("48.{}", index + 1), name, text)
    };
    Some(halves.into_iter().enumerate().map(part).collect())
}

fn batch_parts(batch: &BatchDetails48, currency: Currency, unmasked: bool) -> Vec<Part> {
    let part = |(index, detail): (usize, &super::BatchDetail)| {
        let pan = if unmasked { detail.pan.clone() } else { mask_pan(&detail.pan) };
        let (kind, trace, amount) = (detail.kind, detail.trace, currency.amount(detail.amount));
        let text = format!("kind {kind:02}, trace {trace:06}, card {pan}, amount {amount}");
        Part::new(format!("48.{}", index + 1), "transaction", text)
    };
    batch.details.iter().enumerate().map(part).collect()
}

fn balance_part(balance: &Balance54) -> Part {
    let sign = if balance.sign == BalanceSign::Debit { "-" } else { "" };
    let name = match balance.balance_type {
        1 => "ledger balance",
        2 => "available balance",
        _ => "amount",
    };
    let currency = balance.currency;
    let amount = Currency(currency).amount(balance.amount);
    let text = format!("{sign}{amount} currency {currency:03} account {:02}", balance.account_type);
    Part::new("54", name, text)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _infallible = write!(text, "{byte:02X}");
        text
    })
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "dialect  {}", self.dialect)?;
        if let Some(frame) = &self.frame {
            writeln!(f, "frame    {frame}")?;
        }
        if let Some(error) = self.frame_error {
            writeln!(f, "error    frame: {error}")?;
        }
        if let Some(mti) = self.mti {
            writeln!(f, "type     {mti}  {}", mti.words().join(", "))?;
        }
        writeln!(f, "bitmap   {}", hex(&self.bitmap))?;
        self.write_elements(f)?;
        if self.error.is_some() || !self.rest.is_empty() {
            writeln!(f)?;
        }
        if let Some(error) = &self.error {
            writeln!(f, "error    {error} ({})", error.kind.name())?;
        }
        if !self.rest.is_empty() {
            writeln!(f, "rest     {} bytes belong to no element", self.rest.len())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Description {
    /// As `Display`: a log must not show what a screen must not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Description {
    fn write_elements(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name =
            |described: &DescribedElement| format!("{} {}", described.name, described.chinese);
        let widest = self.elements.iter().map(|described| columns(&name(described))).max();
        let Some(widest) = widest else { return Ok(()) };
        writeln!(f, "\n  no  {}  bytes    value", pad("name", widest))?;
        for described in &self.elements {
            let span = format!("{}..{}", described.span.start, described.span.end);
            let value = self.text_of(described);
            let name = pad(&name(described), widest);
            write!(f, " {:>3}  {name}  {span:<7}  {value}", described.element.0)?;
            match described.note {
                Some(note) => writeln!(f, "  ! {note}")?,
                None => writeln!(f)?,
            }
            for part in self.parts_of(described).unwrap_or_default() {
                let label = pad(&format!("{} {}", part.number, part.name), widest);
                writeln!(f, "      {label}           {}", part.text)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for DescribedFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.length {
            Some(length) => write!(f, "{length} bytes")?,
            None => write!(f, "no length")?,
        }
        if let Some(envelope) = self.envelope {
            write!(f, ", TPDU {}, header {}", hex(&envelope.tpdu), hex(&envelope.header))?;
        }
        if let Some(header) = &self.network_header {
            write!(f, ", header {}", hex(header))?;
        }
        Ok(())
    }
}

/// Terminal columns of a text: Chinese characters take two.
fn columns(text: &str) -> usize {
    text.chars().map(|character| if character >= '\u{2E80}' { 2 } else { 1 }).sum()
}

fn pad(text: &str, width: usize) -> String {
    text.to_owned() + &" ".repeat(width.saturating_sub(columns(text)))
}
