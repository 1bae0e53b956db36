//! The books of somebody else's system, as a command of its owner prints them: one JSON object a
//! line, or CSV with a header. Whether they are right is not judged here.

use super::masked;
use reversim_models::card::Pan;
use reversim_models::node::Posting;
use serde::Deserialize;

/// A line, as it is printed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    card: String,
    amount: i64,
    #[serde(default)]
    reference: Option<String>,
}

/// What is printed, line by line. An error names the line, and never the card number in it.
pub(super) fn parse(printed: &[u8]) -> Result<Vec<Posting>, String> {
    let postings = match printed.trim_ascii_start().first() {
        None => Ok(Vec::new()),
        Some(b'{') => json_lines(printed),
        Some(b'[') => Err("line 1: an array; print one object a line".to_owned()),
        Some(_) => csv(printed),
    };
    postings.map_err(|what| masked(&what))
}

fn json_lines(printed: &[u8]) -> Result<Vec<Posting>, String> {
    let lines = printed.split(|byte| *byte == b'\n').zip(1..);
    let lines = lines.filter(|(line, _)| !line.trim_ascii().is_empty());
    let posting = |(line, number): (&[u8], u64)| {
        let row: Row = serde_json::from_slice(line).map_err(|error| {
            let said = error.to_string();
            let what = said.split(" at line").next().unwrap_or_default();
            format!("line {number}, column {}: {what}", error.column())
        })?;
        row.posting().map_err(|what| format!("line {number}: {what}"))
    };
    lines.map(posting).collect()
}

fn csv(printed: &[u8]) -> Result<Vec<Posting>, String> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(printed);
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    // Without a header, the first movement would be taken for one and be missed.
    for name in ["card", "amount"] {
        if !header.iter().any(|column| column == name) {
            return Err(format!("line 1: the header names no column `{name}`"));
        }
    }
    let mut postings = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let number = record.position().map_or(0, csv::Position::line);
        let row: Row = record.deserialize(Some(&header)).map_err(|error| {
            let said = error.to_string();
            let what = said.rsplit(": ").next().unwrap_or_default();
            format!("line {number}: {what}")
        })?;
        postings.push(row.posting().map_err(|what| format!("line {number}: {what}"))?);
    }
    Ok(postings)
}

impl Row {
    /// What it says, or what is wrong with it.
    pub(super) fn posting(self) -> Result<Posting, &'static str> {
        let card = Pan::new(self.card.as_bytes()).ok_or("`card` is not 8 to 19 digits")?;
        let reference = self.reference.filter(|text| !text.is_empty());
        let reference = reference.map(|text| {
            <[u8; 12]>::try_from(text.as_bytes()).map_err(|_| "`reference` is not 12 characters")
        });
        Ok(Posting { card, amount: self.amount, reference: reference.transpose()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posting(amount: i64, reference: Option<&[u8; 12]>) -> Posting {
        let card = Pan::new(b"6224210000000018").expect("it is a number");
        Posting { card, amount, reference: reference.copied() }
    }

    #[test]
    fn json_lines_and_csv_say_the_same() {
        let json = br#"{"card":"6224210000000018","amount":50000,"reference":"053012000001"}

{"amount":-50000,"card":"6224210000000018","reference":null}
"#;
        let csv = b"card, amount, reference\n6224210000000018,50000,053012000001\n\
                    6224210000000018, -50000,\n";
        let postings = vec![posting(50_000, Some(b"053012000001")), posting(-50_000, None)];
        assert_eq!(parse(json), Ok(postings.clone()));
        assert_eq!(parse(csv), Ok(postings));
        assert_eq!(parse(b"amount,card\n7,6224210000000018\n"), Ok(vec![posting(7, None)]));
    }

    #[test]
    fn no_line_is_no_posting() {
        assert_eq!(parse(b""), Ok(vec![]));
        assert_eq!(parse(b"\n\n"), Ok(vec![]));
        assert_eq!(parse(b"card,amount\n"), Ok(vec![]));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_without_the_card() {
        for (printed, said) in [
            (
                "{\"card\":\"6224210000000018\",\"amount\":1}\n{\"card\":\"1\"}",
                "line 2, column 12: ",
            ),
            ("{\"card\":\"1\",\"amount\":1}", "line 1: `card` is not 8 to 19 digits"),
            ("{\"card\":\"6224210000000018\",\"amount\":5.5}", "expected i64"),
            ("{\"card\":\"6224210000000018\",\"sum\":5}", "unknown field `sum`"),
            ("card,amount\n6224210000000018,500.00\n", "line 2: invalid digit"),
            ("card,amount\n6224210000000018\n", "line: 2"),
            ("card,sum\n6224210000000018,1\n", "line 1: the header names no column `amount`"),
            ("card,amount,x\n6224210000000018,1,2\n", "line 2: unknown field `x`"),
            ("6224210000000018,1\n", "line 1: the header names no column `card`"),
            ("[{\"card\":\"6224210000000018\",\"amount\":1}]", "line 1: an array"),
            (
                "{\"card\":6224210000000018,\"amount\":1}",
                "invalid type: integer `622421******0018`",
            ),
            ("card,amount,6224210000000018\n1,2,3\n", "unknown field `622421******0018`"),
            (
                "card,amount,reference\n6224210000000018,1,77\n",
                "line 2: `reference` is not 12 characters",
            ),
            ("Traceback (most recent call last):\n  File", "line 1: the header names no column"),
        ] {
            let error = parse(printed.as_bytes()).expect_err(printed);
            assert!(error.contains(said), "{printed}: {error}");
            assert!(!error.contains("6224210000000018"), "{error}");
        }
    }
}
