//! Every reader against samples, odd and wrong files, arbitrary bytes, and the real traces.

mod azure;
mod bailian;
mod burstgpt;
mod mooncake;
mod properties;
mod real;
mod servegen;
mod stored;
mod table;
mod wrong;

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use traces::Event;

fn event(row: u32, at_ns: u64, input_tokens: u32, output_tokens: u32) -> Event {
    Event {
        at_ns,
        row,
        input_tokens,
        output_tokens,
    }
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(name)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
