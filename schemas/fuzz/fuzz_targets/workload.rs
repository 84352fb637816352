#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| schemas_fuzz::checks::workload(bytes));
