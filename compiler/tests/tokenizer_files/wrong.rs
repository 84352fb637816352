//! Files that are no tokenizer, or none that prompts can be made with: each a named error with
//! the path and a remedy.

use crate::make::{self, saved};
use compiler::text::tokenizer::{MAX_FILE_BYTES, MIN_WORDS, Tokenizer, TokenizerError};
use serde_json::{Value, json};
use std::path::Path;

fn error(path: &Path) -> TokenizerError {
    match Tokenizer::from_file(path, "made") {
        Ok(_) => panic!("{}: taken for a tokenizer", path.display()),
        Err(error) => error,
    }
}

/// The variant's name.
fn variant(error: &TokenizerError) -> String {
    let debug = format!("{error:?}");
    debug.split(' ').next().unwrap_or_default().to_owned()
}

#[test]
fn a_wrong_file_is_an_error_with_its_path_and_a_remedy() {
    let whole = make::BYTE_LEVEL.to_string();
    let cut = &whole[..whole.len() / 2];
    let (open, closed) = ("[".repeat(100_000), "]".repeat(100_000));
    let nested = format!("{{\"model\": {open}{closed}}}");
    let table: [(&str, &[u8], &str, &str); 12] = [
        ("empty", b"", "NotJson", ":1:0: not JSON"),
        ("text", b"hello", "NotJson", ":1:1: not JSON"),
        ("second line", b"{\n \"a\": }", "NotJson", ":2:7: not JSON"),
        ("cut off", cut.as_bytes(), "NotJson", "EOF"),
        ("two", b"{} {}", "NotJson", "trailing"),
        ("nested", nested.as_bytes(), "NotATokenizer", "recursion"),
        (
            "not UTF-8",
            b"{\"a\": \"\xff\xfe\"}",
            "NotATokenizer",
            "help",
        ),
        (
            "sentencepiece",
            b"\x0a\x0e\x0a\x05<unk>\x15\x00",
            "NotJson",
            "SentencePiece",
        ),
        ("no object", b"[]", "NotATokenizer", "no tokenizer"),
        (
            "empty object",
            b"{}",
            "NotATokenizer",
            "tokenizer_config.json",
        ),
        (
            "vocab.json",
            b"{\"a\": 0, \"b\": 1}",
            "NotATokenizer",
            "vocab.json",
        ),
        ("version", b"{\"version\": \"2.0\"}", "NotATokenizer", "2.0"),
    ];
    let dir = tempfile::tempdir().unwrap();
    for (what, bytes, expected, part) in table {
        let path = dir.path().join(format!("{what}.json"));
        std::fs::write(&path, bytes).unwrap();
        let error = error(&path);
        let message = error.to_string();
        assert_eq!(variant(&error), expected, "{what}: {message}");
        assert!(message.starts_with(path.to_str().unwrap()), "{message}");
        assert!(message.contains("\n  help: "), "{message}");
        assert!(message.contains(part), "{what}: {message}");
        assert!(error.is_users_fault(), "{what}");
    }
}

#[test]
fn a_broken_model_is_an_error() {
    let breaks: [(&str, Value); 5] = [
        ("/model/type", "Markov".into()),
        ("/model/vocab", "none".into()),
        ("/model/merges", json!([["q", "no such token"]])),
        (
            "/pre_tokenizer",
            json!({"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated", "invert": false}),
        ),
        ("/model", Value::Null),
    ];
    for (pointer, value) in breaks {
        let mut made = make::BYTE_LEVEL.clone();
        *made.pointer_mut(pointer).expect("there") = value;
        let (_dir, path) = saved(&made);
        let error = error(&path);
        assert_eq!(variant(&error), "NotATokenizer", "{pointer}: {error}");
    }
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let missing = error(&dir.path().join("none.json"));
    assert_eq!(variant(&missing), "Read", "{missing}");
    assert!(missing.is_users_fault());
    let folder = error(dir.path());
    assert_eq!(variant(&folder), "NotAFile", "{folder}");
}

#[test]
fn a_file_over_the_limit_is_refused_and_one_under_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("large.json");
    let file = std::fs::File::create(&path).unwrap();
    // A hole: it takes no room on the disk.
    file.set_len(MAX_FILE_BYTES + 1).unwrap();
    let error_over = error(&path);
    assert_eq!(variant(&error_over), "TooLarge", "{error_over}");
    assert!(error_over.to_string().contains(&MAX_FILE_BYTES.to_string()));
    file.set_len(1 << 20).unwrap();
    assert_eq!(variant(&error(&path)), "NotJson");
}

#[test]
fn dropout_is_refused_and_none_or_zero_is_not() {
    let with = |dropout: Value| {
        let mut made = make::BYTE_LEVEL.clone();
        made["model"]["dropout"] = dropout;
        let (_dir, path) = saved(&made);
        Tokenizer::from_file(&path, "made").err()
    };
    let error = with(json!(0.1)).expect("refused");
    assert_eq!(variant(&error), "Random", "{error}");
    assert!(with(json!(0.0)).is_none());
    assert!(with(Value::Null).is_none());
}

#[test]
fn too_few_words_say_how_many_and_why() {
    let vocabulary = json!({"[UNK]": 0, "ba": 1, "bo": 2, "##be": 3, "Bi": 4});
    let made = json!({
        "version": "1.0",
        "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "WordPiece", "vocab": vocabulary, "unk_token": "[UNK]",
            "continuing_subword_prefix": "##", "max_input_chars_per_word": 100},
    });
    let (_dir, path) = saved(&made);
    let tokenizer = Tokenizer::from_file(&path, "org/small").unwrap();
    let error = tokenizer.words().unwrap_err();
    let message = error.to_string();
    assert!(
        matches!(
            error,
            TokenizerError::TooFewWords {
                tokens: 5,
                candidates: 3,
                single: 2,
                words: 2,
                floor: MIN_WORDS,
                ..
            }
        ),
        "{message}"
    );
    for part in [
        "org/small",
        "2 usable words",
        "1000 are needed",
        "o200k_base",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(tokenizer.words_at_least(2).unwrap(), ["ba", "bo"]);
}

#[test]
fn settings_that_the_library_panics_on_are_errors() {
    let mut made = make::BYTE_LEVEL.clone();
    made["pre_tokenizer"] = json!({"type": "FixedLength", "length": 0});
    let (_dir, path) = saved(&made);
    let error = error(&path);
    assert_eq!(variant(&error), "NotATokenizer", "{error}");
    assert!(error.to_string().contains("panicked"), "{error}");
}

#[test]
fn text_that_no_token_covers_is_an_error_and_not_a_count() {
    let vocabulary = json!({"ba": 0});
    let made = json!({
        "version": "1.0",
        "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
    });
    let (_dir, path) = saved(&made);
    let tokenizer = Tokenizer::from_file(&path, "made").unwrap();
    assert_eq!(tokenizer.count("ba ba").unwrap(), 2);
    let error = tokenizer.count("ba bo").unwrap_err();
    assert_eq!(variant(&error), "Encode", "{error}");
    assert!(error.to_string().contains("5 bytes"), "{error}");
}

#[test]
fn a_tokenizer_says_what_it_is() {
    let (_dir, path) = saved(&make::WORD_PIECE);
    let tokenizer = Tokenizer::from_file(&path, "org/name").unwrap();
    assert_eq!(tokenizer.clone().name(), "org/name");
    let bytes = std::fs::read(&path).unwrap();
    let sha256 = <sha2::Sha256 as sha2::Digest>::digest(bytes);
    assert_eq!(tokenizer.sha256().unwrap()[..], sha256[..]);
    let embedded = Tokenizer::o200k_base();
    assert_eq!((embedded.name(), embedded.sha256()), ("o200k_base", None));
    // The version that is named is the one that is linked.
    let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock");
    let lock = std::fs::read_to_string(lock).unwrap();
    for library in [embedded.library(), tokenizer.library()] {
        let (name, version) = library.split_once(' ').unwrap();
        let entry = format!("name = \"{name}\"\nversion = \"{version}\"\n");
        assert!(lock.contains(&entry), "{library}");
        assert_eq!(lock.matches(&format!("name = \"{name}\"\n")).count(), 1);
    }
}
