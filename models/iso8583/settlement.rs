//! Element 48 of settlement and batch upload on the POS line: totals and details. Sums nothing.

use super::digits::Digits;
use super::private::{digits, part};

/// The totals of one half of a batch, 31 digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Totals48 {
    /// Sales, completions, offline sales, in minor units.
    pub debit_amount: u64,
    /// How many, up to 999.
    pub debit_count: u32,
    /// Voids, refunds, completion voids, in minor units.
    pub credit_amount: u64,
    /// How many, up to 999.
    pub credit_count: u32,
    /// One digit: 0 in the request; 1 balanced, 2 unbalanced, 3 error in the response.
    pub result: u8,
}

impl Totals48 {
    /// The 31 digits. Larger numbers wrap to their width.
    #[must_use]
    pub fn encode(&self) -> String {
        self.append(Digits::with_capacity(31)).into_string()
    }

    fn append(&self, text: Digits) -> Digits {
        text.number(self.debit_amount, 12)
            .number(self.debit_count, 3)
            .number(self.credit_amount, 12)
            .number(self.credit_count, 3)
            .number(self.result, 1)
    }

    fn parse(text: &str) -> Option<Self> {
        Some(Totals48 {
            debit_amount: part(text, 0, 12)?,
            debit_count: part(text, 12, 3)?,
            credit_amount: part(text, 15, 12)?,
            credit_count: part(text, 27, 3)?,
            result: part(text, 30, 1)?,
        })
    }
}

/// Element 48 of 0500 and 0510: domestic and foreign totals, 62 digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Settlement48 {
    /// Domestic cards.
    pub domestic: Totals48,
    /// Foreign cards.
    pub foreign: Totals48,
}

impl Settlement48 {
    /// The same totals as the host answers them when it counts the same: result 1 (平).
    #[must_use]
    pub fn balanced(mut self) -> Self {
        (self.domestic.result, self.foreign.result) = (1, 1);
        self
    }

    /// The 62 digits.
    #[must_use]
    pub fn encode(&self) -> String {
        self.foreign.append(self.domestic.append(Digits::with_capacity(62))).into_string()
    }

    /// Reads exactly 62 digits.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let text = digits(value)?;
        if text.len() != 62 {
            return None;
        }
        let (domestic, foreign) = text.split_at(31);
        Some(Settlement48 {
            domestic: Totals48::parse(domestic)?,
            foreign: Totals48::parse(foreign)?,
        })
    }
}

/// One transaction of a batch upload, 40 digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BatchDetail {
    /// Two digits: 00 magnetic stripe, 01 otherwise.
    pub kind: u8,
    /// The trace number, six digits.
    pub trace: u32,
    /// The card, up to 19 digits. The wire pads to 20 with zeros on the left, so leading zeros are
    /// lost.
    pub pan: String,
    /// In minor units.
    pub amount: u64,
}

/// Element 48 of a 0320 with F60.3 = 201: up to [`BatchDetails48::COUNT_MAX`] transactions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BatchDetails48 {
    /// In the order of the batch.
    pub details: Vec<BatchDetail>,
}

impl BatchDetails48 {
    /// What fits in one message.
    pub const COUNT_MAX: usize = 8;

    /// A count and the details; those after the eighth are left out. `None` if a card is not up to
    /// 20 digits.
    #[must_use]
    pub fn encode(&self) -> Option<String> {
        let count = self.details.len().min(BatchDetails48::COUNT_MAX);
        let mut text = Digits::with_capacity(2 + 40 * count).number(count as u64, 2);
        for detail in &self.details[..count] {
            let pan = digits(detail.pan.as_bytes()).filter(|pan| pan.len() <= 20)?;
            text = text
                .number(detail.kind, 2)
                .number(detail.trace, 6)
                .number(0_u8, 20 - pan.len())
                .text(pan)
                .number(detail.amount, 12);
        }
        Some(text.into_string())
    }

    /// Reads a count of up to eight and exactly that many details.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let text = digits(value)?;
        let count: usize = part(text, 0, 2)?;
        if count > BatchDetails48::COUNT_MAX || text.len() != 2 + 40 * count {
            return None;
        }
        let detail = |at: usize| {
            Some(BatchDetail {
                kind: part(text, at, 2)?,
                trace: part(text, at + 2, 6)?,
                pan: text[at + 8..at + 28].trim_start_matches('0').to_owned(),
                amount: part(text, at + 28, 12)?,
            })
        };
        let details = (0..count).map(|index| detail(2 + 40 * index)).collect::<Option<_>>()?;
        Some(BatchDetails48 { details })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_at_offsets_30_and_61() {
        let domestic = Totals48 {
            debit_amount: 123_456,
            debit_count: 12,
            credit_amount: 100,
            credit_count: 1,
            result: 1,
        };
        let foreign = Totals48 { result: 2, ..Totals48::default() };
        let settlement = Settlement48 { domestic, foreign };
        let text = settlement.encode();
        assert_eq!((text.len(), &text[30..31], &text[61..]), (62, "1", "2"));
        assert_eq!(text[..31], *"0000001234560120000000001000011");
        assert_eq!(Settlement48::parse(text.as_bytes()), Some(settlement));
        assert_eq!(Settlement48::parse(&text.as_bytes()[..61]), None);
    }

    #[test]
    fn eight_details_fill_element_48() {
        let detail =
            BatchDetail { kind: 0, trace: 7, pan: "6224242000000021".into(), amount: 4200 };
        let batch = BatchDetails48 { details: vec![detail; 8] };
        let text = batch.encode().expect("digits");
        assert_eq!(text.len(), 322);
        assert_eq!(text[..42], *"080000000700006224242000000021000000004200");
        assert_eq!(BatchDetails48::parse(text.as_bytes()), Some(batch));
        assert_eq!(BatchDetails48::parse(b"01"), None);
        assert_eq!(BatchDetails48::parse(b"00"), Some(BatchDetails48::default()));
    }
}
