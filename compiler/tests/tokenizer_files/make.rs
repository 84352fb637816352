//! Makes a `tokenizer.json` of each family, as a value that a test may still break.

use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::LazyLock;
use tempfile::TempDir;
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::models::unigram::{Unigram, UnigramTrainer};
use tokenizers::models::wordpiece::{WordPiece, WordPieceTrainer};
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::{AddedToken, Tokenizer};

/// Tokens to train.
const VOCABULARY: usize = 8_000;

/// A generator of test data: Steele and Vigna's SplitMix64.
pub struct Draws(pub u64);

impl Draws {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

/// 3,000 different words of one to four syllables.
pub fn made_up_words() -> Vec<String> {
    let mut draws = Draws(1);
    let mut words: Vec<String> = Vec::new();
    while words.len() < 3_000 {
        let syllables = 1 + draws.below(4);
        let word: String = (0..syllables)
            .flat_map(|_| {
                [
                    b"bcdfgklmnprstvz"[draws.below(15)],
                    b"aeiou"[draws.below(5)],
                ]
            })
            .map(char::from)
            .collect();
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// Each word some times at the beginning of a line and some times after a space, the earlier
/// ones more often.
fn lines() -> Vec<String> {
    let words = made_up_words();
    let mut draws = Draws(2);
    let mut lines = Vec::new();
    for (rank, word) in words.iter().enumerate() {
        for _ in 0..3 + 300 / (rank + 10) {
            let other = &words[draws.below(words.len())];
            lines.push(format!("{word} {other}"));
            lines.push(format!("{other} {word}"));
        }
    }
    lines
}

fn train(mut tokenizer: Tokenizer, trainer: impl Into<TrainerWrapper>) -> Value {
    let mut trainer = trainer.into();
    let trained = tokenizer.train(&mut trainer, lines().into_iter());
    let text = trained.expect("trained").to_string(false);
    serde_json::from_str(&text.expect("serialised")).expect("JSON")
}

/// As GPT-2 and its heirs: `Ġ` for a space, words cut by a regular expression.
pub static BYTE_LEVEL: LazyLock<Value> = LazyLock::new(|| {
    let mut tokenizer = Tokenizer::new(BPE::default());
    tokenizer.with_pre_tokenizer(Some(ByteLevel::new(false, true, true)));
    let trainer = BpeTrainer::builder()
        .show_progress(false)
        .vocab_size(VOCABULARY)
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .build();
    train(tokenizer, trainer)
});

/// Words in [`byte_level_ignoring_merges`] that no merge leads to.
pub const UNMERGED: [&str; 3] = ["wyx", "qwyzj", "jqxwh"];

/// As Llama 3: a word of the vocabulary is one token even if no merge leads to it.
pub fn byte_level_ignoring_merges(ignore: bool) -> Value {
    let mut made = BYTE_LEVEL.clone();
    made["model"]["ignore_merges"] = ignore.into();
    let vocabulary = made["model"]["vocab"].as_object_mut().expect("a map");
    for word in UNMERGED {
        for token in [word.to_owned(), format!("Ġ{word}")] {
            vocabulary.insert(token, vocabulary.len().into());
        }
    }
    made
}

/// As BERT: spaces vanish, `##` marks what goes on.
pub static WORD_PIECE: LazyLock<Value> = LazyLock::new(|| {
    let mut tokenizer = Tokenizer::new(WordPiece::default());
    tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
    tokenizer
        .with_normalizer(Some(BertNormalizer::default()))
        .expect("a normalizer");
    let special = ["[UNK]", "[CLS]", "[SEP]"].map(|token| AddedToken::from(token, true));
    let trainer = WordPieceTrainer::builder()
        .show_progress(false)
        .vocab_size(VOCABULARY)
        .special_tokens(special.to_vec())
        .build();
    train(tokenizer, trainer)
});

/// As T5: SentencePiece's `▁`, the likeliest split.
pub static UNIGRAM: LazyLock<Value> = LazyLock::new(|| {
    let mut tokenizer = Tokenizer::new(Unigram::default());
    tokenizer.with_pre_tokenizer(Some(Metaspace::new('▁', PrependScheme::Always, true)));
    let trainer = UnigramTrainer::builder()
        .show_progress(false)
        .vocab_size(VOCABULARY as u32)
        .unk_token(Some("<unk>".to_owned()))
        .special_tokens(vec![AddedToken::from("<unk>", true)])
        .build();
    train(tokenizer, trainer.expect("a trainer"))
});

/// As Llama 2: `▁` put in by the normalizer and no cutting into words, so that merges see the
/// whole text.
pub fn uncut(vocabulary: &[&str], merges: &[[&str; 2]]) -> Value {
    let ids: serde_json::Map<String, Value> = vocabulary
        .iter()
        .enumerate()
        .map(|(id, token)| (token.to_string(), id.into()))
        .collect();
    json!({
        "version": "1.0",
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        ]},
        "model": {"type": "BPE", "vocab": ids, "merges": merges},
    })
}

/// Writes it to a folder of its own.
pub fn saved(made: &Value) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("tokenizer.json");
    std::fs::write(&path, made.to_string()).expect("written");
    (dir, path)
}
