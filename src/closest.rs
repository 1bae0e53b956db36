//! What somebody probably meant: the nearest of the words that exist. Not a spelling checker.

/// The candidate nearest to `word`, if one is near enough to be what was meant.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let near = (word.chars().count() / 3).max(2);
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= near || is_part(&word, candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The candidates in the order of their nearness, nearest first, at most `count`.
pub fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    count: usize,
) -> Vec<&'a str> {
    let word = word.to_lowercase();
    let mut all: Vec<_> = candidates
        .into_iter()
        .map(|c| (!is_part(&word, c), distance(&word, &c.to_lowercase()), c))
        .collect();
    all.sort();
    all.into_iter().take(count).map(|(_, _, candidate)| candidate).collect()
}

/// Whether a longer word holds all of this one, as `sale` in `sale-amount`.
fn is_part(word: &str, candidate: &str) -> bool {
    word.len() >= 3 && candidate.to_lowercase().contains(word)
}

/// How many letters must be added, left out, replaced or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let differs = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + differs);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_finds_the_word() {
        let keys = ["terminals", "switches", "issuers", "day-limit"];
        assert_eq!(closest("termnals", keys), Some("terminals"));
        assert_eq!(closest("switchse", keys), Some("switches"));
        assert_eq!(closest("limit", keys), Some("day-limit"));
        assert_eq!(closest("zzzzzz", keys), None);
    }

    #[test]
    fn there_are_always_nearest_words() {
        assert_eq!(nearest("reversl", ["reversal", "sale", "void"], 2), ["reversal", "sale"]);
        assert_eq!(distance("", "abc"), 3);
    }
}
