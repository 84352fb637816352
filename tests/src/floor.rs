//! What a machine can do at best, to hold a speed against.

use sha2::{Digest, Sha256};
use std::time::Instant;

/// How long `threads` threads take to hash this many bytes, each its part, in seconds.
pub fn sha256_seconds(bytes: u64, threads: u32) -> f64 {
    let block = vec![0x5a_u8; 1 << 20];
    let each = bytes / u64::from(threads) / block.len() as u64;
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut hasher = Sha256::new();
                (0..each).for_each(|_| hasher.update(&block));
                std::hint::black_box(hasher.finalize());
            });
        }
    });
    started.elapsed().as_secs_f64()
}
