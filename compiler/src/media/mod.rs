//! Media: images and audio clips as a body holds them, encoded once and then only repeated.
//!
//! `images` and `audio` make the pool of a population, each item from the streams of its own
//! number; `file` takes what a data set names. The same bytes on every machine and on any number
//! of threads: no encoder here asks for anything but integers and the float operations that IEEE
//! 754 defines to the last bit. Refuses a pool that would not fit a workload.

pub mod audio;
pub mod error;
pub mod file;
pub mod images;

pub use error::MediaError;
pub use file::Reference;

use crate::rng::{Component, Stream};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use schemas::manifest::InputFile;
use sha2::{Digest as _, Sha256};

/// What decides the bytes of media, for the manifest: encoders, their compressors, and the
/// decoders of a folder's images.
pub const LIBRARIES: &str = "image 0.25.10, png 0.18.1, fdeflate 0.3.7, image-webp 0.2.4, \
                             zune-jpeg 0.5.15, hound 3.5.1";

/// Most bytes of a pool, as Base64: 4 GiB.
pub const MAX_POOL_BYTES: u64 = 4 << 30;

/// One image or audio clip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// Like `image/png`.
    pub mime: &'static str,
    /// The encoded file, in the standard alphabet with padding: no character of it is escaped in
    /// JSON.
    pub base64: String,
    /// Of the encoded file.
    pub sha256: [u8; 32],
    /// Length of the encoded file.
    pub bytes: u64,
}

/// The media of a population that its requests choose from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    /// Number m of them, whatever the size of the pool.
    pub media: Vec<Media>,
    /// The files that they were made of, each once, by name.
    pub inputs: Vec<InputFile>,
    /// What was drawn from to make them.
    pub components: Vec<Component>,
}

impl Media {
    /// The file whose bytes these are.
    pub fn new(mime: &'static str, file: &[u8]) -> Self {
        Self {
            mime,
            base64: STANDARD.encode(file),
            sha256: Sha256::digest(file).into(),
            bytes: file.len() as u64,
        }
    }

    /// `data:image/png;base64,..`.
    pub fn data_url(&self) -> String {
        format!("data:{};base64,{}", self.mime, self.base64)
    }

    /// The name by which OpenAI's `input_audio.format` knows it, and the ending of its files.
    pub fn format(&self) -> &'static str {
        match self.mime {
            "image/png" => "png",
            "image/jpeg" => "jpeg",
            "image/webp" => "webp",
            "image/gif" => "gif",
            "audio/wav" => "wav",
            "audio/mpeg" => "mp3",
            mime => unreachable!("{mime} is no type that `file` knows"),
        }
    }
}

/// Bytes of a file as Base64.
const fn base64_bytes(bytes: u64) -> u64 {
    bytes.div_ceil(3) * 4
}

/// Items 0 to `pool` on all threads, in order; an error is the first item's that has one.
fn generate<T: Send>(
    pool: u32,
    kind: &'static str,
    max_bytes: u64,
    one: impl Fn(u64) -> Result<(Media, T), MediaError> + Sync,
) -> Result<Vec<(Media, T)>, MediaError> {
    let mut made: Vec<(Media, T)> = Vec::with_capacity(pool as usize);
    let mut bytes = 0;
    // A few at a time, so that a pool which is too large is found out before it fills the memory.
    let step = 4 * rayon::current_num_threads() as u32;
    for first in (0..pool).step_by(step as usize) {
        let numbers = first..pool.min(first.saturating_add(step));
        let some: Vec<_> = numbers
            .into_par_iter()
            .map(|number| one(number.into()))
            .collect();
        for item in some {
            let item = item?;
            bytes += item.0.base64.len() as u64;
            made.push(item);
            if bytes > max_bytes {
                return Err(MediaError::PoolTooLarge {
                    kind,
                    pool,
                    fit: made.len() as u32 - 1,
                    limit: max_bytes,
                });
            }
        }
    }
    Ok(made)
}

/// Noise: the stream's draws, eight bytes of each, the lowest first.
fn noise(stream: &mut Stream, bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    for eight in noise.chunks_mut(8) {
        let draw = stream.next_u64().to_le_bytes();
        eight.copy_from_slice(&draw[..eight.len()]);
    }
    noise
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(number: u64) -> Result<(Media, u64), MediaError> {
        Ok((Media::new("image/png", &[number as u8; 3]), number))
    }

    #[test]
    fn a_pool_over_the_limit_says_how_many_fit() {
        assert_eq!(generate(100, "images", 400, item).unwrap().len(), 100);
        for threads in [1, 2, 5] {
            let threads = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = threads.build().unwrap();
            let error = pool
                .install(|| generate(100, "images", 399, item))
                .unwrap_err();
            let shown = "the pool of 100 images is larger than the limit of 399 bytes as Base64: 99 of them fit\n  help: lower `pool` to 99, or make them smaller";
            assert_eq!(error.to_string(), shown);
        }
    }

    #[test]
    fn the_error_is_the_first_items_whichever_thread_finds_one_first() {
        let failing = |number: u64| match number {
            0..3 => item(number),
            _ => Err(MediaError::Empty {
                path: number.to_string().into(),
            }),
        };
        let error = generate(100, "images", 400, failing).unwrap_err();
        assert!(error.to_string().starts_with("3: "), "{error}");
    }
}
