//! The vocabularies inside the program, against `tiktoken-rs`.

use crate::corpora::{file, mixed, without_spaces};
use crate::{ALL_PROMPTS, PROMPTS, SEED, inexact, make, text};
use compiler::spec::CorpusRef;
use compiler::text::prompt::Place;
use compiler::text::source::Source;
use compiler::text::tokenizer::Tokenizer;
use std::sync::Arc;
use tiktoken_rs::CoreBPE;

/// A vocabulary, another implementation of it, and its words.
struct Family {
    tokenizer: Tokenizer,
    oracle: &'static CoreBPE,
    words: Arc<[String]>,
}

fn families() -> [Family; 2] {
    let family = |tokenizer: Tokenizer, oracle| Family {
        words: tokenizer.words().expect("words").into(),
        tokenizer,
        oracle,
    };
    [
        family(Tokenizer::o200k_base(), tiktoken_rs::o200k_base_singleton()),
        family(
            Tokenizer::cl100k_base(),
            tiktoken_rs::cl100k_base_singleton(),
        ),
    ]
}

impl Family {
    fn source(&self, corpus: &CorpusRef) -> Source {
        Source::new(corpus, SEED, &self.words, &self.tokenizer).expect("a source")
    }

    fn count(&self, text: &str) -> usize {
        self.oracle.encode_ordinary(text).len()
    }

    fn corpora(&self) -> [CorpusRef; 5] {
        [
            CorpusRef::Words,
            CorpusRef::Random,
            CorpusRef::Code,
            file(&mixed(&make::made_up_words(), 20_000, true)),
            file(&without_spaces(300)),
        ]
    }
}

/// Checks `prompts` texts under each vocabulary, as many of each corpus.
fn check(prompts: u64) {
    for family in families() {
        let corpora = family.corpora();
        for corpus in &corpora {
            let source = family.source(corpus);
            if let Source::Pieces(pieces) = &source {
                assert!(pieces.adds_up(), "{}", corpus.name());
            }
            let share = prompts / corpora.len() as u64;
            let wrong = inexact(&source, share, "the", |text| family.count(text));
            assert_eq!(wrong, 0, "{} {}", family.tokenizer.name(), corpus.name());
        }
    }
}

#[test]
fn every_text_has_exactly_its_tokens() {
    check(PROMPTS);
}

#[test]
#[ignore = "takes minutes without optimisation"]
fn all_texts_have_exactly_their_tokens() {
    check(ALL_PROMPTS);
}

#[test]
fn texts_longer_than_their_corpus_have_exactly_their_tokens() {
    for family in families() {
        for corpus in family.corpora() {
            let source = family.source(&corpus);
            for tokens in [1, 2, 3, 4, 5, 700_000] {
                let text = text(&source, 5, tokens, Place::Start);
                assert_eq!(family.count(&text), tokens as usize, "{}", corpus.name());
            }
        }
    }
}

/// Sums of pieces' counts against counts of what they make together: how many of the runs differ.
fn wrong_runs(family: &Family, pieces: &[&str], from: impl Fn(&str) -> &str) -> usize {
    let counts: Vec<usize> = pieces.iter().map(|piece| family.count(piece)).collect();
    let is_wrong = |at: &usize| {
        let run = pieces[*at..at + 40].concat();
        counts[*at..at + 40].iter().sum::<usize>() != family.count(from(&run))
    };
    (0..pieces.len() - 40).step_by(40).filter(is_wrong).count()
}

#[test]
fn control_pieces_cut_anywhere_do_not_add_up() {
    let text = mixed(&make::made_up_words(), 5_000, false);
    let pieces: Vec<&str> = (0..text.len() / 7)
        .map(|at| &text[at * 7..at * 7 + 7])
        .collect();
    for family in families() {
        let runs = (pieces.len() - 40) / 40;
        let wrong = wrong_runs(&family, &pieces, |run| run);
        assert!(wrong > runs * 9 / 10, "{wrong} of {runs}");
    }
}

#[test]
fn control_a_run_without_its_space_is_of_other_tokens() {
    let text = mixed(&make::made_up_words(), 5_000, false);
    for family in families() {
        // From space to space they do add up, and without the first they do not.
        let letters = |word: &&str| word.len() > 1 && word.bytes().all(|b| b.is_ascii_lowercase());
        let words = text.split(' ').filter(letters);
        let words: Vec<String> = words.map(|word| format!(" {word}")).collect();
        let words: Vec<&str> = words.iter().map(|word| &**word).collect();
        assert_eq!(wrong_runs(&family, &words, |run| run), 0);
        let wrong = wrong_runs(&family, &words, |run| &run[1..]);
        assert!(wrong > 10, "{wrong}");
    }
}

#[test]
fn cl100k_base_counts_as_the_other_implementation_and_says_what_it_is() {
    let [_, family] = families();
    assert_eq!(family.tokenizer.name(), "cl100k_base");
    assert_eq!(
        family.tokenizer.library(),
        Tokenizer::o200k_base().library()
    );
    assert_eq!(family.tokenizer.sha256(), None);
    assert!(family.words.len() > 7_000, "{}", family.words.len());
    for word in family.words.iter() {
        let counts = (family.count(word), family.count(&format!(" {word}")));
        assert_eq!(counts, (1, 1), "{word}");
    }
    for text in [
        "",
        " ",
        "Don't panic!\n\n  42 µs",
        "日本語",
        "<|endoftext|>",
        "a\r\n\tb",
    ] {
        assert_eq!(
            family.tokenizer.count(text).unwrap(),
            family.count(text),
            "{text:?}"
        );
    }
    // The control: the other vocabulary counts some of the words otherwise.
    let other = tiktoken_rs::o200k_base_singleton();
    let differs = |word: &&String| other.encode_ordinary(word).len() != 1;
    assert!(family.words.iter().filter(differs).count() > 10);
}

#[test]
fn a_text_is_cut_alike_on_any_number_of_threads() {
    let [family, _] = families();
    let corpus = file(&mixed(&make::made_up_words(), 60_000, true));
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| {
            let source = family.source(&corpus);
            let texts = (0..50).map(|index| text(&source, index, 200, Place::Start));
            texts.collect::<Vec<_>>()
        })
    };
    assert_eq!(on(1), on(4));
}
