//! A temporary directory in which the programs run: file names in commands are relative to it.

use crate::call::Call;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A directory of its own for each test; removed when dropped.
pub struct Dir {
    directory: TempDir,
    program: PathBuf,
}

impl Dir {
    /// An empty directory. `program` is the multi-call binary, which only the caller's target
    /// knows: `env!("CARGO_BIN_EXE_demo")`.
    #[track_caller]
    pub fn new(program: &str) -> Self {
        Dir {
            directory: tempfile::tempdir().expect("a temporary directory"),
            program: program.into(),
        }
    }

    /// Where a file of this directory lies.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file, and the directories above it.
    #[track_caller]
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("it lies in this directory"))
            .and_then(|()| std::fs::write(&path, bytes))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self
    }

    /// A file's bytes.
    #[track_caller]
    pub fn read(&self, name: &str) -> Vec<u8> {
        let path = self.path(name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// A JSON file's value.
    #[track_caller]
    pub fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&self.read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Names of everything in a subdirectory (`.` for the directory itself), sorted.
    #[track_caller]
    pub fn list(&self, name: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(name)).expect("a directory of this test");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort_unstable();
        names
    }

    /// `wlc` with these arguments, parted by blanks.
    pub fn wlc(&self, arguments: &str) -> Call {
        self.call("wlc").words(arguments)
    }

    /// `replay` with these arguments, parted by blanks.
    pub fn replay(&self, arguments: &str) -> Call {
        self.call("replay").words(arguments)
    }

    /// The multi-call binary without arguments: the demo.
    pub fn demo(&self) -> Call {
        Call::new(&self.program).cwd(self.directory.path())
    }

    /// The multi-call binary, for the server.
    pub fn program(&self) -> &Path {
        &self.program
    }

    fn call(&self, name: &str) -> Call {
        self.demo().arg(name)
    }
}
