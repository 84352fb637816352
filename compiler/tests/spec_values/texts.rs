//! What text is made of, how it is counted, and what stands in front of it.

use super::{only, parse, parse_with_files};
use compiler::samplers::Distribution;
use compiler::spec::{
    CorpusRef, Front, PrefixPool, Spec, TemplateOverhead, TokenizerKind, TokenizerRef,
};

fn data(keys: &str) -> Spec {
    parse(&format!("models: m\ndata: {{type: synthetic{keys}}}\n"))
}

#[test]
fn tokenizers_inside_the_program_have_names_and_files_have_paths() {
    let named = |block: &str| parse(&format!("models: m\ntokenizer: {block}\n")).tokenizer;
    let tokenizer = |name: &str, kind| {
        let name = name.to_owned();
        Some(TokenizerRef { name, kind })
    };
    for (block, expected) in [
        (
            "cl100k_base",
            tokenizer("cl100k_base", TokenizerKind::Cl100kBase),
        ),
        (
            "{name: cl100k_base}",
            tokenizer("cl100k_base", TokenizerKind::Cl100kBase),
        ),
        (
            "{name: o200k_base}",
            tokenizer("o200k_base", TokenizerKind::O200kBase),
        ),
        (
            "{path: cl100k_base}",
            tokenizer("cl100k_base", TokenizerKind::File),
        ),
        (
            "{pretrained_model_name_or_path: a/b}",
            tokenizer("a/b", TokenizerKind::File),
        ),
        ("{template_overhead: 4}", None),
    ] {
        assert_eq!(named(block), expected, "{block}");
    }
}

#[test]
fn one_number_is_the_template_of_a_request() {
    let overhead = |block: &str| {
        let spec = parse(&format!("models: m\ntokenizer: {block}\n"));
        (
            spec.template_overhead.request,
            spec.template_overhead.message,
        )
    };
    assert_eq!(overhead("{template_overhead: 4}"), (4, 0));
    assert_eq!(overhead("{template_overhead: {message: 3}}"), (0, 3));
    assert_eq!(
        overhead("{template_overhead: {request: 1, message: 3}}"),
        (1, 3)
    );
    assert_eq!(
        parse("models: m\n").template_overhead,
        TemplateOverhead::default()
    );
}

#[test]
fn a_corpus_is_a_name_or_a_path() {
    let corpus = |spec: &Spec| only(spec).data.corpus.clone();
    assert_eq!(corpus(&data("")), CorpusRef::Words);
    assert_eq!(corpus(&data(", corpus: words")), CorpusRef::Words);
    assert_eq!(corpus(&data(", corpus: random")), CorpusRef::Random);
    assert_eq!(corpus(&data(", corpus: code")), CorpusRef::Code);
    for written in ["h.csv", "{path: h.csv}"] {
        let text = format!("models: m\ndata: {{type: synthetic, corpus: {written}}}\n");
        let (spec, read) = parse_with_files(&text);
        let CorpusRef::File { name, text } = corpus(&spec) else {
            panic!("{written}");
        };
        assert_eq!((&*name, &*text), ("h.csv", "tokens,weight\n256,3\n128,5\n"));
        assert_eq!(read, ["h.csv"]);
    }
    let is_unique = |keys| only(&data(keys)).data.unique;
    assert!(is_unique(", unique: true"));
    assert!(!is_unique("") && !is_unique(", unique: false"));
}

#[test]
fn what_stands_in_front_is_optional() {
    let front = |keys| only(&data(keys)).data.front.clone();
    assert_eq!(front(""), Front::default());
    let all = ", prefix: {count: 3, length: 100}, system_prompt: {length: 40}, \
               user_context: {length: 'uniform(5, 9)'}, salt: true";
    let read = front(all);
    let pool = PrefixPool {
        count: 3,
        length: Distribution::fixed(100),
    };
    assert_eq!(read.prefix_pool, Some(pool));
    assert_eq!((read.system_prompt, read.salt), (Some(40), true));
    assert_eq!(read.user_context.unwrap().bounds(), (5, 9));
}

#[test]
fn groups_that_share_a_prefix_may_have_another_corpus_and_a_system_prompt() {
    let spec =
        parse("models: m\ndata: {type: shared_prefix, corpus: code, system_prompt: {length: 9}}\n");
    let data = &only(&spec).data;
    assert_eq!(
        (&data.corpus, data.front.system_prompt),
        (&CorpusRef::Code, Some(9))
    );
    assert!(data.shared_prefix.is_some());
}
