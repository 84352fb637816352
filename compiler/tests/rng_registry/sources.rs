//! Nothing draws but through registered components: no line of the compiler outside `rng.rs` names a
//! generator, but for the one that asks the system for a seed. (That a [`compiler::rng::Streams`]
//! cannot be had without a component is a `compile_fail` example of its documentation.)

use std::path::{Path, PathBuf};

/// Names of crates and types that make random numbers, or depend on them unasked. One that ends in
/// `*` stands for all that begin so.
const GENERATORS: [&str; 22] = [
    "rand*",
    "getrandom",
    "fastrand",
    "oorandom",
    "nanorand",
    "uuid",
    "ChaCha*",
    "SeedableRng",
    "Rng",
    "RngCore",
    "TryRng",
    "OsRng",
    "SysRng",
    "StdRng",
    "SmallRng",
    "ThreadRng",
    "thread_rng",
    "RandomState",
    "DefaultHasher",
    "from_entropy",
    "from_os_rng",
    "urandom",
];

/// Words that begin like a generator and are none.
const HARMLESS: [&str; 3] = ["random", "random_pool", "randomness"];

/// Where a seed is drawn that nobody named, and the manifest's record of all this.
const ALLOWED: [(&str, &str); 3] = [
    ("compile.rs", "use rand::TryRng;"),
    (
        "compile.rs",
        "let drawn = rand::rngs::SysRng.try_next_u64();",
    ),
    ("provenance.rs", "rng: manifest::Rng {"),
];

/// The line without comments and without what stands between quotes.
fn code(line: &str) -> String {
    let mut code = String::new();
    let mut is_quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match (is_quoted, character) {
            (true, '\\') => _ = characters.next(),
            (_, '"') => is_quoted = !is_quoted,
            (true, _) => {}
            (false, '/') if characters.peek() == Some(&'/') => break,
            (false, character) => code.push(character),
        }
    }
    code
}

fn is_generator(word: &str) -> bool {
    let is = |name: &&str| match name.strip_suffix('*') {
        Some(begin) => word.starts_with(begin),
        None => word == *name,
    };
    GENERATORS.iter().any(is) && !HARMLESS.contains(&word)
}

/// The lines of a source that name a generator.
fn named_in(source: &str) -> Vec<&str> {
    let names = |line: &&str| {
        code(line)
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(is_generator)
    };
    source.lines().filter(names).map(str::trim).collect()
}

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => sources(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn nothing_else_draws() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    files.sort_unstable();
    assert!(files.contains(&root.join("rng.rs")));
    let mut found = Vec::new();
    for file in files.iter().filter(|file| **file != root.join("rng.rs")) {
        let source = std::fs::read_to_string(file).expect("UTF-8");
        let name = file.strip_prefix(&root).unwrap().display().to_string();
        let lines = named_in(&source).into_iter();
        found.extend(lines.map(|line| (name.clone(), line.to_owned())));
    }
    let allowed = ALLOWED.map(|(file, line)| (file.to_owned(), line.to_owned()));
    assert_eq!(found, allowed);
}

#[test]
fn control_lines_that_draw_are_found() {
    let source = r#"
use std::collections::BTreeMap; // no rand here
/// Not `rand::random`, and "rand" neither.
const NAME: &str = "ChaCha12, rand, \" SysRng";
let random = CorpusRef::Random; let random_pool = 1;
let mut own = rand_chacha::ChaCha12Rng::from_seed(key);
let x = rand::random::<u64>();
let url = "http://x"; let map = std::hash::RandomState::new();
fn shuffle(rng: &mut impl Rng) {}
"#;
    let found = named_in(source);
    assert_eq!(found.len(), 4, "{found:#?}");
    assert!(found[0].starts_with("let mut own") && found[3].starts_with("fn shuffle"));
}
