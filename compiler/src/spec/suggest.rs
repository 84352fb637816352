//! "Did you mean": the known name nearest to what was typed, if one is near enough.

/// Names longer than this are no misspelling of anything here.
const MAX_COMPARED_CHARS: usize = 64;

/// The name in `known` with the fewest edits from `typed`, unless that is more
/// than one edit for every three letters.
pub fn nearest<'a>(typed: &str, known: &[&'a str]) -> Option<&'a str> {
    let letters = typed.chars().count();
    if letters > MAX_COMPARED_CHARS {
        return None;
    }
    let allowed = (letters / 3).max(1);
    known
        .iter()
        .map(|name| (edits(&typed.to_lowercase(), &name.to_lowercase()), *name))
        .filter(|(edits, _)| *edits <= allowed)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, name)| name)
}

/// Optimal string alignment distance: insertions, deletions, replacements and
/// swaps of neighbours.
fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if swapped {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted_both_ways() {
        for (a, b, count) in [
            ("rate", "rate", 0),
            ("", "rate", 4),
            ("raet", "rate", 1),
            ("stage", "stages", 1),
            ("duartion", "duration", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!((edits(a, b), edits(b, a)), (count, count), "{a} {b}");
        }
    }

    #[test]
    fn only_near_names_are_suggested() {
        let known = ["type", "stages", "base_seed"];
        assert_eq!(nearest("stage", &known), Some("stages"));
        assert_eq!(nearest("baseSeed", &known), Some("base_seed"));
        assert_eq!(nearest("TYPE", &known), Some("type"));
        assert_eq!(nearest("colour", &known), None);
        assert_eq!(nearest(&"s".repeat(100_000), &known), None);
    }
}
