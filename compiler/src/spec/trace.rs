//! A trace as the spec names it: file and format. Nothing is opened here.

use super::error::SpecError;
use super::fields::{Choices, Cursor, Keys, REMOVE};

/// Longest file name, in bytes.
const MAX_FILE_BYTES: usize = 4096;

/// A trace file, as `load.trace` and `data.trace` name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceRef {
    /// The path in the spec's own words.
    pub file: String,
    pub format: TraceFormat,
}

/// The formats that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceFormat {
    /// The LLM inference traces of 2023: `traces::azure`.
    AzurePublicDataset,
}

const KEYS: Keys = Keys {
    known: &["file", "format"],
    later: &[("window", REMOVE), ("speed", REMOVE), ("limit", REMOVE)],
};

const FORMATS: Choices<TraceFormat> = Choices {
    known: &[("AzurePublicDataset", TraceFormat::AzurePublicDataset)],
    later: &[
        "Mooncake", "mooncake", "BurstGPT", "burstgpt", "Bailian", "bailian", "ServeGen",
    ],
};

impl TraceFormat {
    /// The name in the spec.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AzurePublicDataset => "AzurePublicDataset",
        }
    }
}

impl TraceRef {
    pub(super) fn read(cursor: Cursor<'_>) -> Result<Self, SpecError> {
        let fields = cursor.fields(&KEYS)?;
        let file = fields.required("file", "add `file: ./traces/traces.csv`")?;
        let format = fields.required("format", "add `format: AzurePublicDataset`")?;
        let name = file.text()?;
        if name.is_empty() || name.len() > MAX_FILE_BYTES || name.contains('\0') {
            let what = format!("a file name has 1 to {MAX_FILE_BYTES} bytes, none of them zero");
            return Err(file.error(what, "write the path of the trace"));
        }
        Ok(Self {
            file: name.to_owned(),
            format: format.choice(&FORMATS)?,
        })
    }
}
