//! Writes text made of numbers of fixed width, which elements 48, 54, 60, 61 and 90 are. `format!`
//! would say the same for ten times the price, on every message. Reading is elsewhere.

/// Text under construction.
#[derive(Debug)]
pub(crate) struct Digits(Vec<u8>);

impl Digits {
    /// Room for so many bytes.
    pub(crate) fn with_capacity(bytes: usize) -> Digits {
        Digits(Vec::with_capacity(bytes))
    }

    /// Appends a number with zeros on the left. A larger one wraps to its width.
    #[must_use]
    pub(crate) fn number(mut self, value: impl Into<u64>, width: usize) -> Digits {
        let start = self.0.len();
        self.0.resize(start + width, b'0');
        let mut rest = value.into();
        for digit in self.0[start..].iter_mut().rev() {
            if rest == 0 {
                break;
            }
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self
    }

    /// Appends text as it is.
    #[must_use]
    pub(crate) fn text(mut self, text: impl AsRef<[u8]>) -> Digits {
        self.0.extend_from_slice(text.as_ref());
        self
    }

    /// What was written.
    pub(crate) fn into_string(self) -> String {
        // Numbers are ASCII and so is what callers append; anything else would be cut off here.
        String::from_utf8(self.0).unwrap_or_else(|error| {
            let valid = error.utf8_error().valid_up_to();
            let mut bytes = error.into_bytes();
            bytes.truncate(valid);
            String::from_utf8(bytes).unwrap_or_default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_padded_and_wrap_to_their_width() {
        let text = Digits::with_capacity(4).number(7_u32, 3).text("C").number(12_345_u64, 4);
        assert_eq!(text.into_string(), "007C2345");
        assert_eq!(Digits::with_capacity(0).number(0_u8, 2).into_string(), "00");
        assert_eq!(
            Digits::with_capacity(0).number(u64::MAX, 20).into_string(),
            u64::MAX.to_string()
        );
    }

    #[test]
    fn what_is_not_text_is_cut_off() {
        assert_eq!(Digits::with_capacity(0).text("ab").text([0xFF]).into_string(), "ab");
    }
}
