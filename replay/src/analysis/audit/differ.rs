//! Where two answers part.

use crate::answer_file::Answer;

/// Most tokens that are shown of what both begin with, and of what follows in each.
const TOKENS: (usize, usize) = (5, 8);
/// As many characters, where the server gives no token ids.
const CHARACTERS: (usize, usize) = (30, 50);
/// What is shown of an answer that has nothing more.
const ENDS: &str = "(ends)";

/// Two answers that should be the same and are not, or should not be and are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The first token that differs, from 0, counted in pieces of the first stream where there are
    /// no token ids; `None` if the answers are the same.
    pub at: Option<u64>,
    /// The end of what both begin with.
    pub before: String,
    /// How the first goes on.
    pub a: String,
    /// How the second goes on.
    pub b: String,
}

/// Whether two answers are the same: by token ids where both have them, else by text. How a stream
/// was cut into events does not matter.
pub fn same(a: &Answer, b: &Answer) -> bool {
    match (&a.token_ids, &b.token_ids) {
        (Some(a), Some(b)) => a == b,
        _ => a.text() == b.text(),
    }
}

/// How two answers compare.
pub fn difference(a: &Answer, b: &Answer) -> Difference {
    let found = match (&a.token_ids, &b.token_ids) {
        (Some(ids_a), Some(ids_b)) => by_token(a, ids_a, b, ids_b),
        _ => by_text(a, b),
    };
    match same(a, b) {
        true => Difference { at: None, ..found },
        false => found,
    }
}

fn by_token(a: &Answer, ids_a: &[u32], b: &Answer, ids_b: &[u32]) -> Difference {
    let equal = ids_a.iter().zip(ids_b).take_while(|(a, b)| a == b).count();
    // Of the same answers the beginning is shown.
    let from = if ids_a == ids_b { 0 } else { equal };
    let shown = |answer: &Answer, ids: &[u32]| ends(tokens(answer, ids, from, from + TOKENS.1));
    Difference {
        at: Some(equal as u64),
        before: tokens(a, ids_a, from.saturating_sub(TOKENS.0), from),
        a: shown(a, ids_a),
        b: shown(b, ids_b),
    }
}

/// Tokens as text, or by their ids where an event does not carry one token each.
fn tokens(answer: &Answer, ids: &[u32], from: usize, to: usize) -> String {
    let to = to.min(ids.len());
    let from = from.min(to);
    match answer.pieces.len() == ids.len() {
        true => answer.pieces[from..to].concat(),
        false => ids[from..to].iter().map(|id| format!("#{id} ")).collect(),
    }
}

fn by_text(a: &Answer, b: &Answer) -> Difference {
    let (text_a, text_b) = (a.text(), b.text());
    let alike = text_a
        .chars()
        .zip(text_b.chars())
        .take_while(|(a, b)| a == b);
    let equal: usize = alike.map(|(character, _)| character.len_utf8()).sum();
    let from = if text_a == text_b { 0 } else { equal };
    let mut end = 0;
    let passed = a.pieces.iter().take_while(|piece| {
        end += piece.len();
        end <= equal
    });
    let first = |text: &str| ends(text[from..].chars().take(CHARACTERS.1).collect());
    let before = text_a[..from].char_indices().rev().nth(CHARACTERS.0 - 1);
    Difference {
        at: Some(passed.count() as u64),
        before: text_a[before.map_or(0, |(at, _)| at)..from].to_owned(),
        a: first(&text_a),
        b: first(&text_b),
    }
}

fn ends(shown: String) -> String {
    match shown.is_empty() {
        true => ENDS.to_owned(),
        false => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::audit::made::answer;

    #[test]
    fn ids_decide_where_both_have_them() {
        let a = answer(0, &["a", "b", "c"], Some(&[1, 2, 3]));
        let other_cut = answer(1, &["a", "bc"], Some(&[1, 2, 3]));
        assert!(same(&a, &other_cut));
        let found = difference(&a, &other_cut);
        assert_eq!((found.at, found.a.as_str()), (None, "abc"));
        // The same text of other tokens is another answer; without ids it is the same.
        let other_ids = answer(2, &["a", "b", "c"], Some(&[1, 9, 3]));
        assert!(!same(&a, &other_ids));
        assert!(same(&a, &answer(3, &["ab", "c"], None)));
    }

    #[test]
    fn the_first_token_that_differs_is_told() {
        let texts: Vec<String> = (0..20).map(|n| format!(" {n}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let ids: Vec<u32> = (0..20).collect();
        let a = answer(0, &texts, Some(&ids));
        let mut changed = (texts.clone(), ids.clone());
        (changed.0[12], changed.1[12]) = (" x", 99);
        let b = answer(1, &changed.0, Some(&changed.1));
        let found = difference(&a, &b);
        assert_eq!(found.at, Some(12));
        assert_eq!(found.before, " 7 8 9 10 11");
        assert_eq!(found.a, " 12 13 14 15 16 17 18 19");
        assert_eq!(found.b, " x 13 14 15 16 17 18 19");
        let short = answer(2, &texts[..3], Some(&ids[..3]));
        let cut = difference(&a, &short);
        assert_eq!((cut.at, cut.b.as_str()), (Some(3), "(ends)"));
        let merged = answer(3, &["all"], Some(&changed.1));
        assert!(difference(&a, &merged).b.starts_with("#99 #13 "));
    }

    #[test]
    fn texts_part_at_a_character() {
        let (a, b) = (
            answer(0, &["äö", "ü", "ß"], None),
            answer(1, &["äöü", "x"], None),
        );
        let found = difference(&a, &b);
        assert_eq!(found.at, Some(2));
        assert_eq!(
            (found.before.as_str(), found.a.as_str(), found.b.as_str()),
            ("äöü", "ß", "x")
        );
        let longer = difference(&b, &answer(2, &["äöüx", "y"], None));
        assert_eq!(
            (longer.at, longer.a.as_str(), longer.b.as_str()),
            (Some(2), "(ends)", "y")
        );
    }
}
