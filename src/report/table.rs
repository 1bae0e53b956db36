//! Plain tables: columns padded to their widest cell, the last one free. Knows no report.

/// A table being filled. `Display` aligns it.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
    right: Vec<usize>,
}

impl Table {
    /// A table under these headings.
    pub fn new<const N: usize>(headings: [&str; N]) -> Table {
        Table { rows: vec![headings.map(str::to_owned).to_vec()], right: Vec::new() }
    }

    /// Aligns these columns to the right: numbers and amounts.
    #[must_use]
    pub fn right(mut self, columns: &[usize]) -> Table {
        self.right = columns.to_vec();
        self
    }

    /// Appends a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }

    /// Whether it has nothing but headings.
    pub fn is_empty(&self) -> bool {
        self.rows.len() <= 1
    }
}

/// Columns a text takes on a screen: Chinese characters take two.
pub fn width(text: &str) -> usize {
    text.chars().map(|c| if c >= '\u{2E80}' { 2 } else { 1 }).sum()
}

/// Lines of at most this many columns, broken at blanks: the first line, and the later ones.
pub fn wrap(text: &str, first: usize, later: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let room = if lines.is_empty() { first } else { later };
        if !line.is_empty() && width(&line) + 1 + width(word) > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |column: usize| {
            self.rows.iter().filter_map(|r| r.get(column)).map(|c| width(c)).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(widest).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let padding = " ".repeat(widths[column] - width(cell));
                let (before, after) = if self.right.contains(&column) {
                    (padding, String::new())
                } else {
                    (String::new(), padding)
                };
                line.push_str(&format!("  {before}{cell}{after}"));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_beside_chinese_too() {
        let mut table = Table::new(["name", "sum", "why"]).right(&[1]);
        table.row(["冲正".into(), "5.00".into(), "late".into()]);
        table.row(["sale".into(), "1500.00".into(), "".into()]);
        assert_eq!(
            table.to_string(),
            "  name      sum  why\n  冲正     5.00  late\n  sale  1500.00\n"
        );
    }
}
