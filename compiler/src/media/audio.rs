//! The pool of audio clips: white noise at full scale, mono, as WAV.
//!
//! Clip m draws from stream m of each component only, so it is the same in a pool of any size. A
//! sample is the next bytes of its stream, little-endian and signed, so no float decides one. Clips
//! of 24 and 32 bits have the extensible header, as the format asks for.

use super::{MAX_POOL_BYTES, Media, MediaError, Pool, base64_bytes, generate, noise};
use crate::rng::{Component, Seed, Streams};
use crate::spec::Audio;
use hound::{SampleFormat, WavSpec, WavWriter};
use std::io::Cursor;

const NS_PER_SECOND: u128 = 1_000_000_000;

/// Everything that decides a clip, but for its number.
struct Maker<'a> {
    audio: &'a Audio,
    duration_streams: Streams,
    format_streams: Streams,
    data_streams: Streams,
}

/// What a clip is before it has a sound.
struct Form {
    sample_rate: u32,
    bit_depth: u16,
    samples: u64,
}

/// Makes the pool of a population.
///
/// # Errors
/// If it is too large.
pub fn pool(audio: &Audio, seed: Seed, population: Option<&str>) -> Result<Pool, MediaError> {
    let streams = |component| Streams::in_population(seed, population, component);
    let maker = Maker {
        audio,
        duration_streams: streams(Component::AudioDuration),
        format_streams: streams(Component::AudioFormat),
        data_streams: streams(Component::AudioData),
    };
    maker.check_total()?;
    let made = generate(audio.pool, "clips", MAX_POOL_BYTES, |number| {
        Ok((maker.clip(number), ()))
    })?;
    Ok(Pool {
        media: made.into_iter().map(|(clip, ())| clip).collect(),
        inputs: Vec::new(),
        components: maker.components(),
    })
}

impl Maker<'_> {
    /// How long a clip will be is known before it is made.
    fn check_total(&self) -> Result<(), MediaError> {
        let mut bytes = 0;
        for number in 0..self.audio.pool {
            bytes += base64_bytes(self.form(number.into()).data_bytes());
            if bytes > MAX_POOL_BYTES {
                return Err(MediaError::PoolTooLarge {
                    kind: "clips",
                    pool: self.audio.pool,
                    fit: number,
                    limit: MAX_POOL_BYTES,
                });
            }
        }
        Ok(())
    }

    fn form(&self, number: u64) -> Form {
        let duration_ns = self.audio.duration.sample(&self.duration_streams, number);
        let mut stream = self.format_streams.stream(number);
        // `below(1)` draws nothing.
        let mut one_of = |values: usize| stream.below(values as u64) as usize;
        let sample_rate = self.audio.sample_rates[one_of(self.audio.sample_rates.len())];
        let bit_depth = self.audio.bit_depths[one_of(self.audio.bit_depths.len())];
        // To the nearest, halves up; a clip without a sample is none.
        let samples = u128::from(duration_ns) * u128::from(sample_rate) + NS_PER_SECOND / 2;
        Form {
            sample_rate,
            bit_depth,
            samples: ((samples / NS_PER_SECOND) as u64).max(1),
        }
    }

    fn clip(&self, number: u64) -> Media {
        let form = self.form(number);
        let mut stream = self.data_streams.stream(number);
        let noise = noise(&mut stream, form.data_bytes() as usize);
        Media::new("audio/wav", &form.encode(&noise))
    }

    fn components(&self) -> Vec<Component> {
        let audio = self.audio;
        let format = audio.sample_rates.len() > 1 || audio.bit_depths.len() > 1;
        let drawn = [
            (Component::AudioDuration, audio.duration.certain().is_none()),
            (Component::AudioFormat, format),
            (Component::AudioData, true),
        ];
        let drawn = drawn.into_iter().filter(|(_, drawn)| *drawn);
        drawn.map(|(component, _)| component).collect()
    }
}

impl Form {
    fn data_bytes(&self) -> u64 {
        self.samples * u64::from(self.bit_depth / 8)
    }

    /// The WAV file of these samples.
    fn encode(&self, noise: &[u8]) -> Vec<u8> {
        let spec = WavSpec {
            channels: 1,
            sample_rate: self.sample_rate,
            bits_per_sample: self.bit_depth,
            sample_format: SampleFormat::Int,
        };
        let in_memory = "memory takes samples of a depth that the format has";
        let mut file = Vec::with_capacity(noise.len() + 128);
        let mut writer = WavWriter::new(Cursor::new(&mut file), spec).expect(in_memory);
        for sample in noise.chunks_exact(usize::from(self.bit_depth / 8)) {
            writer.write_sample(signed(sample)).expect(in_memory);
        }
        writer.finalize().expect(in_memory);
        file
    }
}

/// One to four bytes, little-endian.
fn signed(bytes: &[u8]) -> i32 {
    let mut wide = [0; 4];
    wide[4 - bytes.len()..].copy_from_slice(bytes);
    i32::from_le_bytes(wide) >> (32 - 8 * bytes.len())
}
