//! A trace as the spec names it: file, format, and what is taken of it. Nothing is opened here.

mod options;
mod table;

pub use options::MAX_PASSES;

use super::context::file_name;
use super::error::SpecError;
use super::fields::{Choices, Cursor, Fields, Keys};
use super::quantity::RateMicrohertz;
use std::path::{Component, Path};
use traces::table::{TableFormat, TableKind};

/// Tokens of a Mooncake block, if the spec does not say.
pub const MOONCAKE_BLOCK_TOKENS: u32 = 512;
/// Tokens of a Bailian block, if the spec does not say.
pub const BAILIAN_BLOCK_TOKENS: u32 = 16;

/// A trace file, as `load.trace` and `data.trace` name it.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceRef {
    /// The path in the spec's own words.
    pub file: String,
    pub format: TraceFormat,
    pub options: TraceOptions,
}

/// The formats that can be read.
#[derive(Clone, Debug, PartialEq)]
pub enum TraceFormat {
    Azure,
    Mooncake { block_tokens: u32 },
    BurstGpt,
    Bailian { block_tokens: u32 },
    ServeGen,
    Table(TableFormat),
}

/// What is taken of a trace, and how fast it is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceOptions {
    /// Nanoseconds from the trace's first event, half open; the end is `u64::MAX` if only the
    /// begin is written.
    pub window: Option<(u64, u64)>,
    /// At most so many rows, the earliest.
    pub limit: Option<u64>,
    /// Share of the rows in 10^-12.
    pub sample: Option<u64>,
    /// In 10^-6: 2,000,000 is twice as fast.
    pub speed: Option<u64>,
    /// The mean rate that the times are stretched to; never beside `speed`.
    pub rate: Option<RateMicrohertz>,
    /// How often the trace is played, 1 to [`MAX_PASSES`].
    pub passes: u32,
    pub start: TraceStart,
}

/// What happens at t0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceStart {
    /// The first request.
    FirstRequest,
    /// The begin of the window, which may be quiet at first.
    Window,
}

impl Default for TraceOptions {
    fn default() -> Self {
        Self {
            window: None,
            limit: None,
            sample: None,
            speed: None,
            rate: None,
            passes: 1,
            start: TraceStart::FirstRequest,
        }
    }
}

const KEYS: Keys = Keys {
    known: &[
        "file",
        "format",
        "block_tokens",
        "columns",
        "time_unit",
        "window",
        "limit",
        "sample",
        "speed",
        "rate",
        "loop",
        "start",
    ],
    later: &[],
    refused: &[],
};

/// The keys of [`TraceOptions`].
const OPTION_KEYS: [&str; 7] = [
    "window", "limit", "sample", "speed", "rate", "loop", "start",
];

/// Those of them that say when rows are played, not which.
const TIME_KEYS: [&str; 4] = ["speed", "rate", "loop", "start"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Azure,
    Mooncake,
    BurstGpt,
    Bailian,
    ServeGen,
    Table(TableKind),
}

const FORMATS: Choices<Kind> = Choices {
    known: &[
        ("AzurePublicDataset", Kind::Azure),
        ("Mooncake", Kind::Mooncake),
        ("BurstGPT", Kind::BurstGpt),
        ("Bailian", Kind::Bailian),
        ("ServeGen", Kind::ServeGen),
        ("csv", Kind::Table(TableKind::Csv)),
        ("jsonl", Kind::Table(TableKind::Jsonl)),
    ],
    later: &["DatasetTrace", "ShareGPT"],
    refused: &[],
};

/// Most tokens of a block.
const MAX_BLOCK_TOKENS: u32 = 65_536;

impl TraceFormat {
    /// The name in the spec.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Azure => "AzurePublicDataset",
            Self::Mooncake { .. } => "Mooncake",
            Self::BurstGpt => "BurstGPT",
            Self::Bailian { .. } => "Bailian",
            Self::ServeGen => "ServeGen",
            Self::Table(table) => match table.kind {
                TableKind::Csv => "csv",
                TableKind::Jsonl => "jsonl",
            },
        }
    }

    /// Whether its rows say which conversation they belong to.
    pub const fn brings_sessions(&self) -> bool {
        match self {
            Self::Bailian { .. } => true,
            Self::Table(table) => table.session.is_some(),
            _ => false,
        }
    }

    fn read(fields: &Fields<'_>) -> Result<Self, SpecError> {
        let format = fields.required("format", "add `format: AzurePublicDataset`")?;
        let kind = format.choice(&FORMATS)?;
        let block = fields.optional("block_tokens");
        let block_tokens = |default: u32| match &block {
            Some(block) => block.count_u32(1, MAX_BLOCK_TOKENS, " of tokens"),
            None => Ok(default),
        };
        let format = match kind {
            Kind::Azure => Self::Azure,
            Kind::BurstGpt => Self::BurstGpt,
            Kind::ServeGen => Self::ServeGen,
            Kind::Mooncake => Self::Mooncake {
                block_tokens: block_tokens(MOONCAKE_BLOCK_TOKENS)?,
            },
            Kind::Bailian => Self::Bailian {
                block_tokens: block_tokens(BAILIAN_BLOCK_TOKENS)?,
            },
            Kind::Table(kind) => Self::Table(table::read(kind, fields)?),
        };
        let is_table = matches!(kind, Kind::Table(_));
        let has_blocks = matches!(kind, Kind::Mooncake | Kind::Bailian);
        for (key, is_known) in [
            ("block_tokens", has_blocks),
            ("columns", is_table),
            ("time_unit", is_table),
        ] {
            if let (Some(foreign), false) = (fields.optional(key), is_known) {
                let what = format!("a trace of format {} has no `{key}`", format.name());
                return Err(foreign.error(what, "remove it: the format says it"));
            }
        }
        Ok(format)
    }
}

impl TraceRef {
    pub(super) fn read(cursor: &Cursor<'_>) -> Result<Self, SpecError> {
        let fields = cursor.clone().fields(&KEYS)?;
        let file = fields.required("file", "add `file: ./traces/traces.csv`")?;
        Ok(Self {
            file: file_name(&file)?.to_owned(),
            format: TraceFormat::read(&fields)?,
            options: options::read(&fields)?,
        })
    }

    /// Whether it is the same table as another, whatever is taken of it. `./a` is `a`, and `a//b`
    /// is `a/b`; what `..` and links lead to is not looked at.
    pub(super) fn is_same_file(&self, other: &Self) -> bool {
        let named = |file: &'_ str| -> Vec<String> {
            let parts = Path::new(file).components();
            let parts = parts.filter(|part| *part != Component::CurDir);
            let text = |part: Component<'_>| part.as_os_str().to_string_lossy().into_owned();
            parts.map(text).collect()
        };
        named(&self.file) == named(&other.file) && self.format == other.format
    }

    /// Refuses what is said at `cursor` about the times of a trace, if only its lengths are used.
    pub(super) fn refuse_times(cursor: &Cursor<'_>) -> Result<(), SpecError> {
        let fields = cursor.clone().fields(&KEYS)?;
        match TIME_KEYS.iter().find_map(|key| fields.optional(key)) {
            Some(foreign) => {
                let what = "the times of this trace are not used, only its token counts";
                let remedy = "remove it: only `window`, `sample` and `limit` choose rows";
                Err(foreign.error(what, remedy))
            }
            None => Ok(()),
        }
    }

    /// Whether any option is written in the map at `cursor`.
    pub(super) fn has_options(cursor: &Cursor<'_>) -> bool {
        let fields = cursor.clone().fields(&KEYS);
        fields.is_ok_and(|fields| OPTION_KEYS.iter().any(|key| fields.optional(key).is_some()))
    }
}
