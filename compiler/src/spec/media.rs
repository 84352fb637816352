//! `data.images` and `data.audio`: how many media a request holds, and what the pools are made of
//! that they are taken from. Refuses formats that no encoder writes the same way everywhere; the
//! folder of images is not opened here.

use super::context::{Context, file_name};
use super::distribution::{self, ASPECT_RATIO, CLIP_DURATION, MEDIA_COUNT, PIXELS};
use super::error::SpecError;
use super::fields::{Choices, Cursor, Fields, Keys};
use super::node::Value;
use super::quantity::{self, QuantityError};
use crate::samplers::Distribution;

/// Most distinct images, and most distinct clips, of a population.
pub const MAX_POOL: u32 = 100_000;
/// Lowest and highest sample rate, in Hz.
pub const SAMPLE_RATES_HZ: (u32, u32) = (4_000, 384_000);

/// Images that requests hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Images {
    /// Images of a request.
    pub count: Distribution,
    /// Images to choose from, 1 to [`MAX_POOL`].
    pub pool: u32,
    /// Pixels.
    pub width: Distribution,
    pub height: Height,
    /// Each with its weight in 10^-6, more than 0; in the order of [`ImageFormat`].
    pub formats: Vec<(ImageFormat, u64)>,
    pub source: ImageSource,
}

/// How high an image is.
#[derive(Clone, Debug, PartialEq)]
pub enum Height {
    /// Pixels, whatever the width is.
    Pixels(Distribution),
    /// Width divided by height, in 10^-6.
    AspectRatio(Distribution),
}

/// How an image is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImageFormat {
    Png,
    Jpeg,
    Webp,
}

/// What images show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageSource {
    /// Pixels drawn at random.
    Noise,
    /// The images of this folder, in the spec's own words.
    Folder(String),
}

/// Audio clips that requests hold: mono WAV.
#[derive(Clone, Debug, PartialEq)]
pub struct Audio {
    /// Clips of a request.
    pub count: Distribution,
    /// Clips to choose from, 1 to [`MAX_POOL`].
    pub pool: u32,
    /// Nanoseconds.
    pub duration: Distribution,
    /// In Hz, each as likely as the others; at least one.
    pub sample_rates: Vec<u32>,
    /// Bits of a sample: 8, 16, 24 or 32, each as likely as the others; at least one.
    pub bit_depths: Vec<u16>,
}

const IMAGE_KEYS: Keys = Keys {
    known: &[
        "count",
        "pool",
        "width",
        "height",
        "aspect_ratio",
        "format",
        "source",
    ],
    later: &[],
    refused: &[(
        "batch_size",
        "the number of images of a request is `count`",
        "write `count`, a number or a distribution",
    )],
};

const AUDIO_KEYS: Keys = Keys {
    known: &[
        "count",
        "pool",
        "duration",
        "sample_rate",
        "bit_depth",
        "format",
    ],
    later: &[],
    refused: &[
        (
            "batch_size",
            "the number of clips of a request is `count`",
            "write `count`, a number or a distribution",
        ),
        (
            "length",
            "how long a clip is, is its `duration`",
            "write `duration`, like 10s or normal(10s, 2s)",
        ),
        (
            "sample_rates",
            "sample rates stand in `sample_rate`, in Hz",
            "write `sample_rate: 16000`, or a list",
        ),
        (
            "depths",
            "bit depths stand in `bit_depth`",
            "write `bit_depth: 16`, or a list",
        ),
        ("num_channels", "clips have one channel", "remove it"),
    ],
};

const IMAGE_FORMATS: Choices<ImageFormat> = Choices {
    known: &[
        ("png", ImageFormat::Png),
        ("jpeg", ImageFormat::Jpeg),
        ("webp", ImageFormat::Webp),
    ],
    later: &[],
    refused: &[
        ("jpg", "the format is called jpeg", "write `format: jpeg`"),
        (
            "random",
            "which formats, and how often each, is said by weights",
            "write `format: {png: 1, jpeg: 1}`",
        ),
        (
            "gif",
            "synthetic images are no animations",
            "write png, jpeg or webp",
        ),
    ],
};

const AUDIO_FORMATS: Choices<()> = Choices {
    known: &[("wav", ())],
    later: &[],
    refused: &[(
        "mp3",
        "there is no well-kept MP3 encoder whose bytes are the same on every machine",
        "write `format: wav`; the clips of a data set may be MP3 files",
    )],
};

const BIT_DEPTHS: Choices<u16> = Choices {
    known: &[("8", 8), ("16", 16), ("24", 24), ("32", 32)],
    later: &[],
    refused: &[],
};

const WEIGHT: &str = "a number of more than 0, like 3 or 0.25";
const RATE: &str = "a whole number of Hz from 4000 to 384000, like 16000";

const DEFAULT_COUNT: u64 = 1;
const DEFAULT_POOL: u32 = 32;
const DEFAULT_PIXELS: u64 = 512;
const DEFAULT_DURATION_NS: u64 = 10_000_000_000;
/// AIPerf's sample rate and bit depth.
const DEFAULT_RATE_HZ: u32 = 16_000;
const DEFAULT_DEPTH: u16 = 16;

/// A block while it is read, and the defaults that it took.
struct Block<'a, 'c, 'f> {
    fields: Fields<'a>,
    context: &'c mut Context<'f>,
    taken: Vec<String>,
}

impl Images {
    /// None if no request has images.
    pub(super) fn read(
        cursor: Cursor<'_>,
        context: &mut Context<'_>,
    ) -> Result<Option<Self>, SpecError> {
        let mut block = Block::new(cursor.fields(&IMAGE_KEYS)?, context);
        let images = Self {
            count: block.distribution("count", &MEDIA_COUNT, DEFAULT_COUNT)?,
            pool: block.pool(" of images")?,
            width: block.distribution("width", &PIXELS, DEFAULT_PIXELS)?,
            height: block.height()?,
            formats: block.formats()?,
            source: block.source()?,
        };
        Ok(block.finish(&images.count, "images").then_some(images))
    }
}

impl Audio {
    /// None if no request has clips.
    pub(super) fn read(
        cursor: Cursor<'_>,
        context: &mut Context<'_>,
    ) -> Result<Option<Self>, SpecError> {
        let mut block = Block::new(cursor.fields(&AUDIO_KEYS)?, context);
        let audio = Self {
            count: block.distribution("count", &MEDIA_COUNT, DEFAULT_COUNT)?,
            pool: block.pool(" of clips")?,
            duration: block.distribution("duration", &CLIP_DURATION, DEFAULT_DURATION_NS)?,
            sample_rates: block.one_or_list("sample_rate", DEFAULT_RATE_HZ, sample_rate)?,
            bit_depths: block.one_or_list("bit_depth", DEFAULT_DEPTH, |depth| {
                depth.choice(&BIT_DEPTHS)
            })?,
        };
        match block.fields.optional("format") {
            Some(format) => format.choice(&AUDIO_FORMATS)?,
            None => block.take("format", "wav"),
        }
        Ok(block.finish(&audio.count, "audio").then_some(audio))
    }
}

impl<'a, 'c, 'f> Block<'a, 'c, 'f> {
    fn new(fields: Fields<'a>, context: &'c mut Context<'f>) -> Self {
        let taken = Vec::new();
        Self {
            fields,
            context,
            taken,
        }
    }

    fn take(&mut self, key: &str, value: &str) {
        self.taken.push(format!("{key} {value}"));
    }

    /// Names the defaults that were taken; says whether requests have any media.
    fn finish(self, count: &Distribution, media: &str) -> bool {
        let name = self.fields.cursor.name();
        if count.certain() == Some(0) {
            self.context
                .note(format!("{name}: count is 0, so no request has {media}"));
            return false;
        }
        if !self.taken.is_empty() {
            let taken = self.taken.join(", ");
            self.context.note(format!(
                "{name}: by default {taken}; write them to change them"
            ));
        }
        true
    }

    fn distribution(
        &mut self,
        key: &str,
        unit: &distribution::Unit,
        default: u64,
    ) -> Result<Distribution, SpecError> {
        if let Some(cursor) = self.fields.optional(key) {
            return distribution::read(cursor, unit, self.context);
        }
        self.take(key, &unit.show(default));
        Ok(Distribution::fixed(default))
    }

    fn pool(&mut self, things: &str) -> Result<u32, SpecError> {
        if let Some(cursor) = self.fields.optional("pool") {
            return cursor.count_u32(1, MAX_POOL, things);
        }
        self.take("pool", &DEFAULT_POOL.to_string());
        Ok(DEFAULT_POOL)
    }

    fn height(&mut self) -> Result<Height, SpecError> {
        let Some(ratio) = self.fields.optional("aspect_ratio") else {
            let height = self.distribution("height", &PIXELS, DEFAULT_PIXELS)?;
            return Ok(Height::Pixels(height));
        };
        if self.fields.optional("height").is_some() {
            let what = "`height` says already how high an image is";
            return Err(ratio.error(what, "keep one of the two"));
        }
        distribution::read(ratio, &ASPECT_RATIO, self.context).map(Height::AspectRatio)
    }

    /// One format, or a map of weights.
    fn formats(&mut self) -> Result<Vec<(ImageFormat, u64)>, SpecError> {
        let Some(cursor) = self.fields.optional("format") else {
            self.take("format", "png");
            return Ok(vec![(ImageFormat::Png, quantity::MILLION)]);
        };
        let Value::Map(_) = &cursor.node.value else {
            return Ok(vec![(cursor.choice(&IMAGE_FORMATS)?, quantity::MILLION)]);
        };
        let mut formats = Vec::new();
        for (key, weight) in cursor.entries()? {
            let format = IMAGE_FORMATS.find(key.text, &weight)?;
            formats.push((format, weight.positive_millionths(WEIGHT)?));
        }
        if formats.is_empty() {
            return Err(cursor.error("there is no format", "write `{png: 2, jpeg: 1}`, or png"));
        }
        // A map has no order that anybody means.
        formats.sort_unstable();
        Ok(formats)
    }

    fn source(&mut self) -> Result<ImageSource, SpecError> {
        let Some(cursor) = self.fields.optional("source") else {
            self.take("source", "noise");
            return Ok(ImageSource::Noise);
        };
        match file_name(&cursor)? {
            "noise" => Ok(ImageSource::Noise),
            "assets" => {
                let what = "AIPerf's own images are not part of this program";
                Err(cursor.error(what, "write `noise`, or the path of a folder of images"))
            }
            folder => Ok(ImageSource::Folder(folder.to_owned())),
        }
    }

    /// One value or a list of distinct ones.
    fn one_or_list<T: Copy + PartialEq + ToString>(
        &mut self,
        key: &str,
        default: T,
        read: fn(&Cursor<'_>) -> Result<T, SpecError>,
    ) -> Result<Vec<T>, SpecError> {
        let Some(cursor) = self.fields.optional(key) else {
            self.take(key, &default.to_string());
            return Ok(vec![default]);
        };
        let items = match &cursor.node.value {
            Value::List(_) => cursor.list()?,
            _ => vec![cursor.clone()],
        };
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            let value = read(&item)?;
            if values.contains(&value) {
                let what = format!("{} stands twice", value.to_string());
                return Err(item.error(what, "keep one: each is as likely as the others"));
            }
            values.push(value);
        }
        if values.is_empty() {
            let remedy = format!("write {}, or remove it", default.to_string());
            return Err(cursor.error("the list is empty", remedy));
        }
        Ok(values)
    }
}

fn sample_rate(cursor: &Cursor<'_>) -> Result<u32, SpecError> {
    let (lowest, highest) = SAMPLE_RATES_HZ;
    let text = cursor.scalar()?;
    match quantity::whole(text, highest.into()) {
        Ok(rate) if rate < lowest.into() => {
            let what = format!("`{text}` Hz is less than {lowest} Hz");
            Err(cursor.error(what, "write Hz, not kHz: 16 kHz is 16000"))
        }
        Ok(rate) => Ok(rate as u32),
        Err(error @ QuantityError::TooLarge { .. }) => Err(cursor.quantity_error(&error, RATE)),
        Err(error) => Err(cursor.error(error.to_string(), format!("write {RATE}"))),
    }
}
