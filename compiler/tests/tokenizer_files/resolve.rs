//! From the name in a spec to a file, in folders and caches made here.

use compiler::text::tokenizer::{TokenizerError, resolve};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A machine: a spec's folder, a home and what is set.
struct Machine {
    dir: TempDir,
    set: BTreeMap<&'static str, OsString>,
}

impl Machine {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let set = BTreeMap::from([("HOME", dir.path().join("home").into_os_string())]);
        Self { dir, set }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn set(&mut self, name: &'static str, path: &str) {
        self.set.insert(name, self.at(path).into_os_string());
    }

    fn put(&self, path: &str, text: &str) -> PathBuf {
        let path = self.at(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, text).expect("written");
        path
    }

    fn resolve(&self, named: &str) -> Result<PathBuf, TokenizerError> {
        resolve(named, &self.at("specs"), &|name| {
            self.set.get(name).cloned()
        })
    }

    fn looked(&self, named: &str) -> Vec<PathBuf> {
        match self.resolve(named) {
            Err(TokenizerError::NotFound { looked, .. }) => looked,
            other => panic!("{other:?}"),
        }
    }
}

const CACHE: &str = "home/.cache/huggingface/hub";

#[test]
fn a_path_is_taken_from_the_folder_of_the_spec() {
    let machine = Machine::new();
    let file = machine.put("specs/t/tokenizer.json", "{}");
    let other = machine.put("specs/t/other.json", "{}");
    assert_eq!(machine.resolve("t").unwrap(), file);
    assert_eq!(machine.resolve("./t/").unwrap(), file);
    assert_eq!(machine.resolve("t/tokenizer.json").unwrap(), file);
    assert_eq!(machine.resolve("t/other.json").unwrap(), other);
    let absolute = file.parent().unwrap().to_str().unwrap();
    assert_eq!(machine.resolve(absolute).unwrap(), file);
}

#[test]
fn the_first_cache_that_is_set_is_looked_at_and_no_other() {
    let places = [
        ("HOME", "home", CACHE),
        ("XDG_CACHE_HOME", "xdg", "xdg/huggingface/hub"),
        ("HF_HOME", "hf", "hf/hub"),
        ("HF_HUB_CACHE", "hub", "hub"),
    ];
    let mut machine = Machine::new();
    for (name, value, cache) in places {
        machine.set(name, value);
        let file = format!("{cache}/models--org--name/snapshots/r/tokenizer.json");
        assert_eq!(
            machine.looked("org/name")[2],
            machine.at(&file.replace("/r/", "/*/"))
        );
        let file = machine.put(&file, "{}");
        assert_eq!(machine.resolve("org/name").unwrap(), file, "{name}");
    }
    // Set to nothing is not set.
    machine.set.insert("HF_HUB_CACHE", OsString::new());
    assert!(
        machine
            .resolve("org/name")
            .unwrap()
            .starts_with(machine.at("hf"))
    );
}

#[test]
fn a_tilde_in_a_cache_variable_is_the_home_folder() {
    let mut machine = Machine::new();
    machine.set.insert("HF_HOME", "~/hf".into());
    let file = machine.put("home/hf/hub/models--m/snapshots/r/tokenizer.json", "{}");
    assert_eq!(machine.resolve("m").unwrap(), file);
}

#[test]
fn a_path_goes_before_the_cache() {
    let machine = Machine::new();
    let cached = machine.put(
        &format!("{CACHE}/models--org--name/snapshots/r/tokenizer.json"),
        "{}",
    );
    assert_eq!(machine.resolve("org/name").unwrap(), cached);
    let path = machine.put("specs/org/name/tokenizer.json", "{}");
    assert_eq!(machine.resolve("org/name").unwrap(), path);
}

#[test]
fn refs_main_says_which_revision() {
    let machine = Machine::new();
    let model = format!("{CACHE}/models--org--name");
    let old = machine.put(&format!("{model}/snapshots/aaa/tokenizer.json"), "{}");
    assert_eq!(machine.resolve("org/name").unwrap(), old, "the only one");
    let new = machine.put(&format!("{model}/snapshots/bbb/tokenizer.json"), "{}");
    // A revision of which only something else was fetched is none.
    machine.put(&format!("{model}/snapshots/ccc/config.json"), "{}");
    let error = machine.resolve("org/name").unwrap_err();
    assert!(
        matches!(&error, TokenizerError::SeveralSnapshots { snapshots, .. } if *snapshots == [old.clone(), new.clone()]),
        "{error}"
    );
    for file in [&old, &new] {
        assert!(
            error.to_string().contains(file.to_str().unwrap()),
            "{error}"
        );
    }
    for (revision, file) in [("aaa", old), ("bbb\n", new)] {
        machine.put(&format!("{model}/refs/main"), revision);
        assert_eq!(machine.resolve("org/name").unwrap(), file);
    }
    // Not another revision in its stead.
    machine.put(&format!("{model}/refs/main"), "ccc");
    let missing = machine.at(&format!("{model}/snapshots/ccc/tokenizer.json"));
    assert_eq!(machine.looked("org/name")[2..], [missing]);
}

#[test]
fn what_is_not_found_says_where_it_was_sought_and_what_to_do() {
    let machine = Machine::new();
    let error = machine.resolve("org/name").unwrap_err();
    let message = error.to_string();
    assert!(error.is_users_fault());
    for place in [
        "specs/org/name/tokenizer.json",
        "specs/org/name",
        &format!("{CACHE}/models--org--name/snapshots/*/tokenizer.json"),
    ] {
        let place = machine.at(place);
        let line = format!("\n    {}\n", place.display());
        assert!(message.contains(&line), "{message}");
    }
    assert!(message.contains("nothing is downloaded"), "{message}");
    assert!(
        message.ends_with("remove `tokenizer` to use o200k_base"),
        "{message}"
    );
}

#[test]
fn what_can_only_be_a_path_is_not_sought_in_the_cache() {
    let machine = Machine::new();
    for named in ["./a", "../a", "/nowhere/a", "a/b/c", "a//b", "~/a", "a/"] {
        assert_eq!(machine.looked(named).len(), 2, "{named}");
    }
    assert_eq!(machine.looked("a").len(), 3);
    // The spec's own folder is not what no name means.
    machine.put("specs/tokenizer.json", "{}");
    assert!(machine.looked("").is_empty());
    assert!(machine.looked(" ").is_empty());
    assert!(machine.resolve(".").is_ok());
}

#[test]
fn without_a_home_only_paths_are_looked_at() {
    let nothing = |_: &str| None;
    let error = resolve("org/name", Path::new("/nowhere"), &nothing).unwrap_err();
    assert!(
        matches!(&error, TokenizerError::NotFound { looked, .. } if looked.len() == 2),
        "{error}"
    );
}
