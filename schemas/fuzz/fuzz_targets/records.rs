#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

/// Of this process, so that several may run.
static SCRATCH: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("fuzz-{}.wlr", std::process::id())));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| schemas_fuzz::checks::records(bytes, &SCRATCH));
