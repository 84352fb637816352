//! Files that a spec names for texts and media, and that are not there or are something else: exit
//! status 2, the place in the spec, a remedy, nothing left behind.

use crate::support::dir;
use std::fs::File;

fn spec(tokenizer: &str, data: &str) -> String {
    format!(
        "seed: 1\nmodels: m\napi: {{type: chat}}\n{tokenizer}\
         data:\n  type: random\n  input_distribution: 9\n  output_distribution: 2\n  {data}\n\
         load: {{type: constant, stages: [{{rate: 2, duration: 1}}]}}\n"
    )
}

/// What stands in `tokenizer` and in `data`, and what is said of it.
type Wrong = (&'static str, &'static str, &'static [&'static str]);

#[rustfmt::skip]
const WRONG: [Wrong; 13] = [
    ("", "corpus: ./none.txt", &["in/s.yaml:8:11", "\"./none.txt\" cannot be read", "help:"]),
    ("", "corpus: {path: folder}", &["in/s.yaml:8:18", "not a regular file", "help:"]),
    ("", "corpus: ./empty.txt", &["in/s.yaml:8:11", "holds no text", "help:"]),
    ("", "corpus: ./latin1.txt", &["in/s.yaml:8:11", "not UTF-8", "help:"]),
    ("", "corpus: ./short.txt", &["in/s.yaml:8:11", "are needed", "help: name a longer text"]),
    ("", "corpus: ./sparse.txt", &["in/s.yaml:8:11", "longer than the limit", "help:"]),
    ("tokenizer: {path: ./none.json}\n", "corpus: code", &["in/s.yaml:4:19", "none.json", "help:"]),
    ("tokenizer: {path: ./short.txt}\n", "corpus: code", &["in/s.yaml:4:19", "short.txt", "help:"]),
    ("tokenizer: {path: ./object.json}\n", "corpus: code", &["in/s.yaml:4:19", "object.json", "help:"]),
    ("", "images: {source: ./none}", &["in/s.yaml:8:20", "none", "cannot be read", "help:"]),
    ("", "images: {source: ./hollow}", &["in/s.yaml:8:20", "hollow", "the folder is empty", "help:"]),
    ("", "images: {source: ./short.txt}", &["in/s.yaml:8:20", "not a folder", "help:"]),
    ("", "images: {source: ./folder}", &["in/s.yaml:8:20", "picture.png", "help:"]),
];

#[test]
fn files_that_are_missing_or_something_else_are_refused_with_place_and_remedy() {
    for (tokenizer, data, words) in WRONG {
        let dir = dir();
        dir.write("in/s.yaml", spec(tokenizer, data))
            .write("in/empty.txt", " \n\t\n")
            .write("in/latin1.txt", b"caf\xe9 ".repeat(2_000))
            .write("in/short.txt", "Only a few words.")
            .write(
                "in/object.json",
                "{\"version\": \"1.0\", \"model\": {\"type\": \"none\"}}",
            )
            .write("in/folder/picture.png", "no picture");
        std::fs::create_dir(dir.path("in/hollow")).expect("a folder");
        let sparse = File::create(dir.path("in/sparse.txt")).expect("a file");
        sparse.set_len(2 << 30).expect("a sparse file");
        let before = dir.list("in");
        let outcome = dir.wlc("compile in/s.yaml -o w.wlc").run().expect(2);
        assert_eq!(outcome.stdout, "");
        for word in words {
            assert!(
                outcome.stderr.contains(word),
                "{data}: no {word:?} in: {}",
                outcome.stderr
            );
        }
        assert_eq!(dir.list("in"), before);
        assert_eq!(dir.list("."), ["in"], "{data}: nothing is left behind");
    }
}

#[test]
fn control_the_spec_without_files_compiles() {
    let dir = dir();
    dir.write("s.yaml", spec("", "corpus: code"));
    dir.wlc("compile s.yaml -o w.wlc").run().ok();
}
