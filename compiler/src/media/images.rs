//! The pool of images: noise, or the images of a folder, each in a size and a format of its own.
//!
//! Image m draws from stream m of each component only, so it is the same in a pool of any size.
//! Of a folder's image what is left is its colours, without transparency and orientation, stretched
//! to the drawn size by the triangle filter: additions, multiplications and divisions in f32,
//! which are exact; the filters that need a sine or an exponential are not used. PNG is compressed
//! by `fdeflate` alone: which other compressor `png` would take depends on what else is built.

use super::file::{self, image_mime};
use super::{MAX_POOL_BYTES, Media, MediaError, Pool, generate, noise};
use crate::rng::{Component, Seed, Streams};
use crate::samplers::{Distribution, WeightedChoice};
use crate::spec::{Height, ImageFormat, ImageSource, Images, MAX_PIXELS};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType as PngFilter, PngEncoder};
use image::codecs::webp::WebPEncoder;
use image::imageops::{self, FilterType};
use image::{ExtendedColorType, ImageEncoder as _, RgbImage};
use schemas::hex;
use schemas::manifest::InputFile;
use sha2::{Digest as _, Sha256};
use std::io;
use std::path::{Path, PathBuf};

/// Of JPEG, in its own scale of 1 to 100; what other generators take without being told.
const JPEG_QUALITY: u8 = 75;
/// 10^-6, the unit of an aspect ratio.
const MILLION: u64 = 1_000_000;

/// What an image is made from.
enum Source {
    Noise,
    /// Paths in the order of their names, and what the spec calls them.
    Files(Vec<(PathBuf, String)>),
}

/// Everything that decides an image, but for its number.
struct Maker<'i> {
    images: &'i Images,
    formats: WeightedChoice,
    source: Source,
    dimension_streams: Streams,
    format_streams: Streams,
    source_streams: Streams,
}

/// Makes the pool of a population. The folder is looked up from `directory`.
///
/// # Errors
/// If the folder holds anything but images that can be decoded, or the pool is too large.
pub fn pool(
    images: &Images,
    seed: Seed,
    population: Option<&str>,
    directory: &Path,
) -> Result<Pool, MediaError> {
    let streams = |component| Streams::in_population(seed, population, component);
    let weights = images.formats.iter().map(|(_, weight)| *weight);
    let maker = Maker {
        images,
        formats: WeightedChoice::new(weights).expect("every weight is more than 0"),
        source: match &images.source {
            ImageSource::Noise => Source::Noise,
            ImageSource::Folder(folder) => Source::Files(files(folder, directory)?),
        },
        dimension_streams: streams(Component::ImageDimensions),
        format_streams: streams(Component::ImageFormat),
        source_streams: streams(Component::ImageSource),
    };
    let made = generate(images.pool, "images", MAX_POOL_BYTES, |number| {
        maker.image(number)
    })?;
    let (media, inputs): (Vec<Media>, Vec<Option<InputFile>>) = made.into_iter().unzip();
    let mut inputs: Vec<InputFile> = inputs.into_iter().flatten().collect();
    inputs.sort_by(|a, b| a.file.cmp(&b.file));
    inputs.dedup_by(|a, b| a.file == b.file);
    Ok(Pool {
        media,
        inputs,
        components: maker.components(),
    })
}

impl Maker<'_> {
    /// Image `number`, and the file that it shows.
    fn image(&self, number: u64) -> Result<(Media, Option<InputFile>), MediaError> {
        let (width, height) = self.dimensions(number);
        let format = self.formats.certain().unwrap_or_else(|| {
            let mut stream = self.format_streams.stream(number);
            self.formats.choose(&mut stream)
        });
        let (pixels, input) = match &self.source {
            Source::Noise => {
                let mut stream = self.source_streams.stream(number);
                (noise(&mut stream, (width * height * 3) as usize), None)
            }
            Source::Files(files) => {
                let chosen = match files.len() {
                    1 => 0,
                    several => self.source_streams.stream(number).below(several as u64),
                };
                let (path, name) = &files[chosen as usize];
                let (pixels, input) = shown(path, name, width, height)?;
                (pixels, Some(input))
            }
        };
        let (format, _) = self.images.formats[format];
        Ok((encode(&pixels, width, height, format), input))
    }

    /// Width and height, from one stream.
    fn dimensions(&self, number: u64) -> (u32, u32) {
        let mut stream = self.dimension_streams.stream(number);
        let width = self.images.width.sample_from(&mut stream);
        let height = match &self.images.height {
            Height::Pixels(height) => height.sample_from(&mut stream),
            Height::AspectRatio(ratio) => {
                let ratio = ratio.sample_from(&mut stream);
                // To the nearest, halves up.
                let height = (2 * width * MILLION + ratio) / (2 * ratio);
                height.clamp(1, MAX_PIXELS)
            }
        };
        (width as u32, height as u32)
    }

    fn components(&self) -> Vec<Component> {
        let uncertain = |distribution: &Distribution| distribution.certain().is_none();
        let height = match &self.images.height {
            Height::Pixels(distribution) | Height::AspectRatio(distribution) => distribution,
        };
        let drawn = [
            (
                Component::ImageDimensions,
                uncertain(&self.images.width) || uncertain(height),
            ),
            (Component::ImageFormat, self.formats.certain().is_none()),
            (
                Component::ImageSource,
                !matches!(&self.source, Source::Files(files) if files.len() == 1),
            ),
        ];
        let drawn = drawn.into_iter().filter(|(_, drawn)| *drawn);
        drawn.map(|(component, _)| component).collect()
    }
}

/// The files of a folder by name, without hidden ones. Each must look like an image, drawn or not:
/// what is wrong with a folder must not depend on the seed.
fn files(folder: &str, directory: &Path) -> Result<Vec<(PathBuf, String)>, MediaError> {
    let path = directory.join(folder);
    let failed = |source| MediaError::Read {
        path: path.clone(),
        source,
    };
    if !std::fs::metadata(&path).map_err(failed)?.is_dir() {
        return Err(MediaError::NotAFolder { path });
    }
    let entries: Vec<_> = std::fs::read_dir(&path)
        .and_then(Iterator::collect::<io::Result<_>>)
        .map_err(failed)?;
    let mut names: Vec<_> = entries.iter().map(std::fs::DirEntry::file_name).collect();
    names.retain(|name| !name.as_encoded_bytes().starts_with(b"."));
    names.sort_unstable();
    if names.is_empty() {
        return Err(MediaError::EmptyFolder { path });
    }
    let mut files = Vec::with_capacity(names.len());
    for name in names {
        let file = path.join(&name);
        check(&file)?;
        let name = Path::new(folder).join(name).display().to_string();
        files.push((file, name));
    }
    Ok(files)
}

/// Refuses what begins like no image that is decoded here.
fn check(path: &Path) -> Result<(), MediaError> {
    let bytes = file::file(path, "leave only images in the folder")?;
    match image_mime(&bytes) {
        Some("image/png" | "image/jpeg" | "image/webp") => Ok(()),
        _ => Err(MediaError::Unknown {
            path: path.to_owned(),
            kind: "an image",
            known: "PNG, JPEG or WebP",
        }),
    }
}

/// The pixels of a file in another size, and what the manifest says of it.
fn shown(
    path: &Path,
    name: &str,
    width: u32,
    height: u32,
) -> Result<(Vec<u8>, InputFile), MediaError> {
    let bytes = file::file(path, "leave only images in the folder")?;
    let input = InputFile {
        file: name.to_owned(),
        sha256: hex(&Sha256::digest(&bytes)),
        bytes: bytes.len() as u64,
    };
    let decoded: RgbImage = image::load_from_memory(&bytes)
        .map_err(|error| MediaError::Undecodable {
            path: path.to_owned(),
            reason: error.to_string(),
        })?
        .into_rgb8();
    let resized = match decoded.dimensions() == (width, height) {
        true => decoded,
        false => imageops::resize(&decoded, width, height, FilterType::Triangle),
    };
    Ok((resized.into_raw(), input))
}

/// The file with these pixels, three bytes each, row by row.
fn encode(pixels: &[u8], width: u32, height: u32, format: ImageFormat) -> Media {
    let mut file = Vec::new();
    let color = ExtendedColorType::Rgb8;
    let (mime, written) = match format {
        ImageFormat::Png => {
            let (fast, filter) = (CompressionType::Fast, PngFilter::Adaptive);
            let encoder = PngEncoder::new_with_quality(&mut file, fast, filter);
            let written = encoder.write_image(pixels, width, height, color);
            ("image/png", written)
        }
        ImageFormat::Jpeg => {
            let encoder = JpegEncoder::new_with_quality(&mut file, JPEG_QUALITY);
            let written = encoder.write_image(pixels, width, height, color);
            ("image/jpeg", written)
        }
        ImageFormat::Webp => {
            let encoder = WebPEncoder::new_lossless(&mut file);
            let written = encoder.write_image(pixels, width, height, color);
            ("image/webp", written)
        }
    };
    written.expect("memory takes an image of a size that every format has");
    Media::new(mime, &file)
}
