//! Encoders written for the tests alone, from a `tokenizer.json` as data and for ASCII text: merges
//! by rank, the longest piece first, the likeliest split. None shares code with the compiler or with
//! the library that it counts with.

use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

/// Counts the tokens of a text.
pub type Count = Box<dyn Fn(&str) -> usize + Sync>;

/// The same function, which is asked once for each word.
fn remembered<W: ?Sized + std::hash::Hash + Eq + ToOwned>(
    count: impl Fn(&W) -> usize + Sync,
) -> impl Fn(&W) -> usize + Sync
where
    W::Owned: std::hash::Hash + Eq + Send,
{
    let known: Mutex<HashMap<W::Owned, usize>> = Mutex::default();
    move |word| {
        if let Some(tokens) = known.lock().expect("no panic").get(word) {
            return *tokens;
        }
        let tokens = count(word);
        known
            .lock()
            .expect("no panic")
            .insert(word.to_owned(), tokens);
        tokens
    }
}

fn vocabulary(made: &Value) -> HashMap<String, u64> {
    let entries = made["model"]["vocab"].as_object().expect("a map");
    let entries = entries.iter();
    entries
        .map(|(token, id)| (token.clone(), id.as_u64().expect("an id")))
        .collect()
}

/// GPT-2's printable character for a byte of ASCII.
fn printable(byte: u8) -> char {
    match byte {
        0..=32 => char::from_u32(256 + u32::from(byte)).expect("a character"),
        127 => '\u{121}',
        _ => char::from(byte),
    }
}

/// Where the word at the begin of `text` ends, as GPT-2's expression cuts.
fn first_word(text: &[u8]) -> usize {
    for suffix in ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"] {
        if text.starts_with(suffix.as_bytes()) {
            return suffix.len();
        }
    }
    let space = usize::from(text[0] == b' ');
    let while_kind = |kind: fn(u8) -> bool| {
        let kept = text[space..].iter().take_while(|byte| kind(**byte)).count();
        (kept > 0).then_some(space + kept)
    };
    // The vertical tab is white space, too, which `is_ascii_whitespace` does not say.
    let is_space = |byte: u8| byte.is_ascii_whitespace() || byte == 0x0b;
    while_kind(|byte| byte.is_ascii_alphabetic())
        .or_else(|| while_kind(|byte| byte.is_ascii_digit()))
        .or_else(|| {
            while_kind(|byte| {
                !byte.is_ascii_alphanumeric() && !byte.is_ascii_whitespace() && byte != 0x0b
            })
        })
        .unwrap_or_else(|| {
            let spaces = text.iter().take_while(|byte| is_space(**byte)).count();
            // The last goes to what follows.
            match spaces < text.len() && spaces > 1 {
                true => spaces - 1,
                false => spaces,
            }
        })
}

/// Byte-level BPE: in each word the merge of the lowest rank first, the leftmost of equals.
pub fn byte_level(made: &Value) -> Count {
    let vocabulary = vocabulary(made);
    let ignore_merges = made["model"]["ignore_merges"] == true;
    let merges = made["model"]["merges"].as_array().expect("a list");
    let pair = |merge: &Value| {
        let part = |i: usize| merge[i].as_str().expect("a token").to_owned();
        (part(0), part(1))
    };
    let ranks: HashMap<(String, String), usize> = merges
        .iter()
        .enumerate()
        .map(|(rank, merge)| (pair(merge), rank))
        .collect();
    let count_word = remembered(move |word: &[u8]| {
        let whole: String = word.iter().map(|byte| printable(*byte)).collect();
        if ignore_merges && vocabulary.contains_key(&whole) {
            return 1;
        }
        let mut parts: Vec<String> = whole.chars().map(String::from).collect();
        loop {
            let ranked = (1..parts.len()).filter_map(|at| {
                let pair = (parts[at - 1].clone(), parts[at].clone());
                Some((*ranks.get(&pair)?, at))
            });
            let Some((_, at)) = ranked.min() else {
                return parts.len();
            };
            let right = parts.remove(at);
            parts[at - 1] += &right;
        }
    });
    Box::new(move |text| {
        let mut rest = text.as_bytes();
        let mut tokens = 0;
        while !rest.is_empty() {
            let (word, behind) = rest.split_at(first_word(rest));
            tokens += count_word(word);
            rest = behind;
        }
        tokens
    })
}

/// BPE over a whole text, with `▁` before it and for each space; what no token covers vanishes.
pub fn uncut(made: &Value) -> Count {
    let vocabulary = vocabulary(made);
    let merges = made["model"]["merges"].as_array().expect("a list");
    let id = |token: &str| vocabulary[token];
    let merge = |(rank, merge): (usize, &Value)| {
        let [left, right] = [0, 1].map(|i| merge[i].as_str().expect("a token"));
        ((id(left), id(right)), (rank, id(&format!("{left}{right}"))))
    };
    let merges: HashMap<(u64, u64), (usize, u64)> = merges.iter().enumerate().map(merge).collect();
    Box::new(move |text| {
        if text.is_empty() {
            return 0;
        }
        let marked = format!("▁{}", text.replace(' ', "▁"));
        let known = marked
            .chars()
            .filter_map(|c| vocabulary.get(&c.to_string()));
        let mut parts: Vec<u64> = known.copied().collect();
        loop {
            let pairs = parts.windows(2).enumerate();
            let ranked = pairs.filter_map(|(at, pair)| {
                let (rank, merged) = merges.get(&(pair[0], pair[1]))?;
                Some((*rank, at, *merged))
            });
            let Some((_, at, merged)) = ranked.min() else {
                return parts.len();
            };
            parts[at] = merged;
            parts.remove(at + 1);
        }
    })
}

/// WordPiece under BERT's rules: lower case, punctuation alone, the longest piece first.
pub fn word_piece(made: &Value) -> Count {
    let vocabulary = vocabulary(made);
    let longest = made["model"]["max_input_chars_per_word"]
        .as_u64()
        .expect("a limit") as usize;
    let count_word = remembered(move |word: &str| {
        if word.len() > longest {
            return 1;
        }
        let (mut from, mut tokens) = (0, 0);
        while from < word.len() {
            let prefix = if from == 0 { "" } else { "##" };
            let is_piece =
                |to: &usize| vocabulary.contains_key(&format!("{prefix}{}", &word[from..*to]));
            match (from + 1..=word.len()).rev().find(is_piece) {
                Some(to) => from = to,
                // The whole word is unknown.
                None => return 1,
            }
            tokens += 1;
        }
        tokens
    });
    Box::new(move |text| {
        // Control characters but for white space vanish.
        let kept = text
            .chars()
            .filter(|c| !c.is_ascii_control() || c.is_ascii_whitespace());
        let text: String = kept.map(|c| c.to_ascii_lowercase()).collect();
        let mut tokens = 0;
        for word in text.split_ascii_whitespace() {
            let mut rest = word;
            while let Some(at) = rest.find(|c: char| c.is_ascii_punctuation()) {
                if at > 0 {
                    tokens += count_word(&rest[..at]);
                }
                tokens += count_word(&rest[at..at + 1]);
                rest = &rest[at + 1..];
            }
            if !rest.is_empty() {
                tokens += count_word(rest);
            }
        }
        tokens
    })
}

/// Unigram under SentencePiece's `▁`: of all splits of a word the one with the greatest sum of scores,
/// a character that no token covers at ten less than the least; unknown characters in a row are one
/// token.
pub fn unigram(made: &Value) -> Count {
    let pieces = made["model"]["vocab"].as_array().expect("a list");
    let piece = |entry: &Value| {
        let token = entry[0].as_str().expect("a token").to_owned();
        (token, entry[1].as_f64().expect("a score"))
    };
    let scores: BTreeMap<String, f64> = pieces.iter().map(piece).collect();
    let unknown = scores.values().copied().fold(f64::INFINITY, f64::min) - 10.0;
    let longest = scores
        .keys()
        .map(|token| token.chars().count())
        .max()
        .expect("tokens");
    let count_word = remembered(move |word: &[char]| {
        // For each end: the best score, where its last token begins, and whether that is unknown.
        let mut best: Vec<(f64, usize, bool)> = vec![(0.0, 0, false)];
        for end in 1..=word.len() {
            let splits = (end.saturating_sub(longest)..end).filter_map(|begin| {
                let token: String = word[begin..end].iter().collect();
                let (score, is_unknown) = match scores.get(&token) {
                    Some(score) if token != "<unk>" => (*score, false),
                    _ if end - begin == 1 => (unknown, true),
                    _ => return None,
                };
                Some((best[begin].0 + score, begin, is_unknown))
            });
            let chosen = splits.max_by(|a, b| a.0.total_cmp(&b.0)).expect("a split");
            best.push(chosen);
        }
        let (mut end, mut tokens, mut was_unknown) = (word.len(), 0, false);
        while end > 0 {
            let (_, begin, is_unknown) = best[end];
            tokens += usize::from(!(is_unknown && was_unknown));
            was_unknown = is_unknown;
            end = begin;
        }
        tokens
    });
    Box::new(move |text| {
        let marked = text.replace(' ', "▁");
        let begin = if marked.starts_with('▁') { "" } else { "▁" };
        let characters: Vec<char> = format!("{begin}{marked}").chars().collect();
        if text.is_empty() {
            return 0;
        }
        let mut tokens = 0;
        let mut from = 0;
        for at in 1..=characters.len() {
            if at == characters.len() || characters[at] == '▁' {
                tokens += count_word(&characters[from..at]);
                from = at;
            }
        }
        tokens
    })
}
