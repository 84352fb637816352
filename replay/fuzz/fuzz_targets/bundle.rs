#![no_main]

use replay_fuzz::checks::Bench;
use std::path::Path;
use std::sync::LazyLock;

static BENCH: LazyLock<Bench> = LazyLock::new(|| {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR"));
    Bench::new(&fuzz.join("../../tests/golden")).expect("the golden results are there")
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| BENCH.examine(bytes));
