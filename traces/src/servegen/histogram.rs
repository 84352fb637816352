//! `chunk-<i>-dataset.json`: an object with the start of each window in seconds as key, under it
//! `input_tokens` and `output_tokens`, each the text of a Python dict such as
//! `"{224: 0.25, 225: 0.75}"`, from tokens to probability.
//!
//! Refuses windows out of order, a length that stands twice, and probabilities that do not sum
//! to 1. A window in which one of the two is empty is dropped, and the histogram before it holds
//! on, as in the publisher's own generator. The `reason_ratio` of reasoning data is not used.
//! Multimodal data are refused: their prompts are `text_tokens`, `image_tokens` and so on, and no
//! `input_tokens`.

use std::collections::BTreeSet;
use std::fmt;
use std::io::Read;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::{HistogramWindow, Population, WEIGHT_DIGITS};
use crate::TraceError;
use crate::accounting::DropReason;
use crate::decimal::{Rounding, scaled, whole};
use crate::limits::{MAX_DATASET_BYTES, MAX_TOKENS};
use crate::place::quote;
use crate::stored::{Fingerprint, Stored};

/// How far from 1 the probabilities may sum: what adding some thousand floats loses, and more.
const SUM_TOLERANCE: u64 = 10_u64.pow(WEIGHT_DIGITS as u32 - 5);

const INPUT: &str = "input_tokens";
const OUTPUT: &str = "output_tokens";
/// What only multimodal data have.
const TEXT: &str = "text_tokens";

type Histogram = Vec<(u32, u64)>;

/// An object as it stands in the file: in order, with what stands twice.
struct Pairs<V>(Vec<(String, V)>);

/// Reads one client's histograms and enters every window into the population's account.
pub fn read(
    reader: impl Read,
    file: &str,
    population: &mut Population,
) -> Result<(Vec<HistogramWindow>, Fingerprint), TraceError> {
    let (text, fingerprint) = load(reader, file)?;
    let error = |what, help| TraceError::Dataset {
        file: file.to_owned(),
        what,
        help,
    };
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&text);
    let windows: Pairs<Pairs<String>> = serde_json::from_slice(text).map_err(|cause| {
        let help = if text.starts_with(b"version https://git-lfs") {
            "this is a pointer to the data; get the data itself with git lfs pull"
        } else {
            "download the file again"
        };
        error(
            format!("not a dataset: {}", quote(cause.to_string().as_bytes())),
            help,
        )
    })?;
    let mut ignored: BTreeSet<String> =
        std::mem::take(&mut population.lengths_accounting.ignored_columns)
            .into_iter()
            .collect();
    let mut lengths: Vec<HistogramWindow> = Vec::new();
    let mut latest_s = None;
    for (key, fields) in windows.0 {
        let start_s = whole(key.as_bytes()).filter(|&start_s| Some(start_s) > latest_s);
        let Some(start_s) = start_s else {
            let what = format!("window \"{}\" is no later second", quote(key.as_bytes()));
            return Err(error(
                what,
                "windows are named by their start, in order of time",
            ));
        };
        latest_s = Some(start_s);
        let window = Window { file, start_s };
        let histogram = window.read(fields, &mut ignored, &mut population.zero_token_entries)?;
        let accounting = &mut population.lengths_accounting;
        let row = accounting.rows_read;
        accounting.rows_read += 1;
        match histogram {
            Some(histogram) => {
                accounting.emitted += 1;
                lengths.push(histogram);
            }
            None => accounting.drop_row(DropReason::EmptyHistogram, row),
        }
    }
    population.lengths_accounting.ignored_columns = ignored.into_iter().collect();
    Ok((lengths, fingerprint))
}

/// The whole file, unpacked.
fn load(reader: impl Read, file: &str) -> Result<(Vec<u8>, Fingerprint), TraceError> {
    let io_error = |source| TraceError::Io {
        file: file.to_owned(),
        source,
    };
    let mut stored = Stored::open(reader).map_err(io_error)?;
    let mut text = Vec::new();
    let read = (&mut stored)
        .take(MAX_DATASET_BYTES + 1)
        .read_to_end(&mut text);
    if let Err(source) = read {
        return Err(match stored.is_damaged() {
            true => TraceError::Gzip {
                file: file.to_owned(),
                message: source.to_string(),
            },
            false => io_error(source),
        });
    }
    if text.len() as u64 > MAX_DATASET_BYTES {
        return Err(TraceError::Dataset {
            file: file.to_owned(),
            what: format!("it is longer than the limit of {MAX_DATASET_BYTES} bytes"),
            help: "check that this is the dataset of one client",
        });
    }
    Ok((text, stored.finish()))
}

/// The window whose fields are being read.
struct Window<'a> {
    file: &'a str,
    start_s: u64,
}

impl Window<'_> {
    /// The two histograms, or nothing if one of them is empty.
    fn read(
        &self,
        fields: Pairs<String>,
        ignored: &mut BTreeSet<String>,
        zero_token_entries: &mut u64,
    ) -> Result<Option<HistogramWindow>, TraceError> {
        if fields.0.iter().any(|(key, _)| key == TEXT) {
            return Err(TraceError::Dataset {
                file: self.file.to_owned(),
                what: format!("window {}: prompts of several media", self.start_s),
                help: "multimodal populations are not read; use one of data/language or data/reason",
            });
        }
        let (mut input, mut output) = (None, None);
        for (key, text) in fields.0 {
            let slot = match key.as_str() {
                INPUT => &mut input,
                OUTPUT => &mut output,
                _ => {
                    ignored.insert(quote(key.as_bytes()));
                    continue;
                }
            };
            let histogram = self.parse(&key, &text, zero_token_entries)?;
            if slot.replace(histogram).is_some() {
                return Err(self.error(&key, "it stands twice".to_owned()));
            }
        }
        let missing = |key| self.error(key, "it is missing".to_owned());
        let input = input.ok_or_else(|| missing(INPUT))?;
        let output = output.ok_or_else(|| missing(OUTPUT))?;
        let empty = |histogram: &Histogram| histogram.iter().all(|&(_, weight)| weight == 0);
        let start_s = self.start_s;
        Ok(
            (!empty(&input) && !empty(&output)).then_some(HistogramWindow {
                start_s,
                input,
                output,
            }),
        )
    }

    /// The text of a Python dict as tokens and weights, in order of tokens, without 0 tokens
    /// and without weights of 0.
    fn parse(
        &self,
        key: &str,
        text: &str,
        zero_token_entries: &mut u64,
    ) -> Result<Histogram, TraceError> {
        let inside = text
            .trim()
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'));
        let Some(inside) = inside else {
            let what = format!("\"{}\" is not in braces", quote(text.as_bytes()));
            return Err(self.error(key, what));
        };
        let mut histogram = Histogram::new();
        if inside.trim().is_empty() {
            return Ok(histogram);
        }
        for entry in inside.split(',') {
            let parsed = parse_entry(entry);
            let wrong = || format!("\"{}\" is not tokens: probability", quote(entry.as_bytes()));
            histogram.push(parsed.ok_or_else(|| self.error(key, wrong()))?);
        }
        histogram.sort_unstable();
        let twice = histogram.windows(2).find(|pair| pair[0].0 == pair[1].0);
        if let Some([(tokens, _), _]) = twice {
            return Err(self.error(key, format!("{tokens} tokens stand twice")));
        }
        let sum: u128 = histogram
            .iter()
            .map(|&(_, weight)| u128::from(weight))
            .sum();
        let one = 10_u128.pow(WEIGHT_DIGITS as u32);
        if sum.abs_diff(one) > SUM_TOLERANCE.into() {
            let what = format!("the probabilities sum to {sum} / {one}, not to 1");
            return Err(self.error(key, what));
        }
        *zero_token_entries += histogram.iter().filter(|entry| entry.0 == 0).count() as u64;
        histogram.retain(|&(tokens, weight)| tokens > 0 && weight > 0);
        Ok(histogram)
    }

    fn error(&self, key: &str, what: String) -> TraceError {
        TraceError::Dataset {
            file: self.file.to_owned(),
            what: format!("window {}, field {key}: {what}", self.start_s),
            help: "write it like \"{224: 0.25, 225: 0.75}\"; download the file again if it was not changed",
        }
    }
}

fn parse_entry(entry: &str) -> Option<(u32, u64)> {
    let (tokens, probability) = entry.split_once(':')?;
    let tokens = whole(tokens.trim().as_bytes())?;
    let tokens = u32::try_from(tokens)
        .ok()
        .filter(|&tokens| tokens <= MAX_TOKENS)?;
    let probability = probability.trim().as_bytes();
    let weight = scaled(probability, WEIGHT_DIGITS, Rounding::HalfUp).ok()?;
    Some((tokens, weight))
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor(PhantomData))
    }
}

struct PairsVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for PairsVisitor<V> {
    type Value = Pairs<V>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}
