//! What is no corpus is an error that says what to do.

use crate::corpora::file;
use crate::{SEED, make};
use compiler::rng::{Component, Streams};
use compiler::spec::{CorpusRef, Spec};
use compiler::text::pieces::MIN_TOKENS;
use compiler::text::prompt::Place;
use compiler::text::source::{Source, TextOut};
use compiler::text::tokenizer::{Tokenizer, TokenizerError};
use std::sync::Arc;

#[test]
fn a_text_of_few_tokens_is_refused_and_one_of_enough_is_not() {
    let tokenizer = Tokenizer::o200k_base();
    let words: Arc<[String]> = tokenizer.words().unwrap().into();
    let source = |text: &str| Source::new(&file(text), SEED, &words, &tokenizer).map(|_| ());
    let enough = " the".repeat(MIN_TOKENS as usize);
    source(&enough).expect("a corpus");
    for short in [&enough[4..], "word", " \n ", ""] {
        let error = source(short).unwrap_err();
        assert_eq!(error.corpus(), Some("corpus.txt"));
        assert!(error.is_users_fault());
        let message = error.to_string();
        assert!(
            matches!(error, TokenizerError::CorpusTooShort { .. }),
            "{message}"
        );
        for part in [
            "corpus.txt",
            "o200k_base, 1000 are needed",
            "help: name a longer text",
        ] {
            assert!(message.contains(part), "{message}");
        }
    }
}

#[test]
fn files_that_are_no_text_are_refused_at_their_place() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("empty.txt"), " \n").unwrap();
    std::fs::write(dir.path().join("latin.txt"), b"caf\xe9").unwrap();
    // A lone surrogate, as some write it to UTF-8.
    std::fs::write(dir.path().join("surrogate.txt"), b"\xed\xa0\x80").unwrap();
    std::fs::create_dir(dir.path().join("folder.txt")).unwrap();
    std::fs::write(dir.path().join("good.txt"), "text").unwrap();
    let parse = |corpus: &str| {
        let spec = format!("models: m\ndata:\n  type: synthetic\n  corpus: {corpus}\n");
        let mut inputs = compiler::inputs::Inputs::new(dir.path());
        let spec = Spec::parse(&spec, "s.yaml", &[], &mut |name| inputs.bytes(name));
        (spec, inputs.read)
    };
    for (name, what) in [
        ("missing.txt", "cannot be read"),
        ("empty.txt", "holds no text"),
        ("latin.txt", "is not UTF-8 text"),
        ("surrogate.txt", "is not UTF-8 text"),
        ("folder.txt", "not a regular file"),
    ] {
        for (written, column) in [(name.to_owned(), 11), (format!("{{path: {name}}}"), 18)] {
            let error = parse(&written).0.unwrap_err();
            assert_eq!(
                (error.line, error.column),
                (Some(4), Some(column)),
                "{error}"
            );
            assert!(
                error.what.contains(what) && error.what.contains(name),
                "{error}"
            );
            assert!(error.remedy.starts_with("write the "), "{error}");
        }
    }
    let (spec, read) = parse("./good.txt");
    let CorpusRef::File { name, text } = &spec.unwrap().populations[0].data.corpus else {
        panic!("no file");
    };
    assert_eq!((&**name, &**text), ("./good.txt", "text"));
    assert_eq!((&*read[0].file, read[0].bytes), ("./good.txt", 4));
}

#[test]
fn a_count_that_cannot_be_had_is_an_error_and_no_text() {
    let (_dir, path) = make::saved(&make::BYTE_LEVEL);
    let tokenizer = Tokenizer::from_file(&path, "odd").unwrap();
    // Words that are no words of this tokenizer: each is several tokens.
    let words: Arc<[String]> = ["qx", "xq"].map(str::to_owned).to_vec().into();
    let source = Source::new(&file(&"qx ".repeat(1_000)), SEED, &words, &tokenizer).unwrap();
    let append = |tokens| {
        let mut stream = Streams::new(SEED, Component::PromptCorpus).stream(1);
        let mut out = TextOut::default();
        let appended = source.append(&mut stream, tokens, Place::Start, &mut out);
        (appended, out.rope.len())
    };
    let (appended, rope) = append(4);
    let error = appended.unwrap_err();
    assert_eq!((error.corpus(), rope), (Some("corpus.txt"), 0));
    let message = error.to_string();
    assert!(
        matches!(error, TokenizerError::Inexact { tokens: 4, .. }),
        "{message}"
    );
    for part in [
        "no text of 4 tokens of odd",
        "16 rounds",
        "help: set `corpus: words`",
    ] {
        assert!(message.contains(part), "{message}");
    }
}
