//! ServeGen populations: a directory with two files for each client *i*. `chunk-<i>-trace.csv`
//! says how often it asks, window by window, and `chunk-<i>-dataset.json` how long prompts and
//! answers are. There are no requests in it: they are for the compiler to draw.
//!
//! Source: <https://github.com/alibaba/ServeGen>, Xiang et al., ServeGen, NSDI 2026. Refuses a
//! client with one file only, windows out of order, and histograms that do not sum to 1.

mod histogram;
mod windows;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::TraceError;
use crate::accounting::{Accounting, DropReason};
use crate::collect::open;
use crate::place::quote;
use crate::stored::Fingerprint;

/// Length of a window in seconds.
pub const WINDOW_S: u64 = 600;
/// What a histogram's weights are counted in: a probability of 1 is 10^12. Weights are rounded
/// to it, half up.
pub const WEIGHT_DIGITS: i32 = 12;

/// The distribution of the time between two requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// The gamma distribution.
    Gamma,
    /// The Weibull distribution.
    Weibull,
}

/// How often a client asks, from `start_s` on, for [`WINDOW_S`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Seconds after the beginning of the trace.
    pub start_s: u64,
    /// Requests in 10^6 seconds, at least 1; the file's requests a second, rounded half up.
    pub rate_microhertz: u64,
    /// Distribution of the time between two requests.
    pub family: Family,
    /// Its shape; positive and finite. The scale follows from the rate.
    pub shape: f64,
}

/// How long prompts and answers are, from `start_s` until the next histogram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistogramWindow {
    /// Seconds after the beginning of the trace.
    pub start_s: u64,
    /// Prompt tokens and weights, in order of tokens, all at least 1; at least one entry.
    pub input: Vec<(u32, u64)>,
    /// Answer tokens and weights, likewise.
    pub output: Vec<(u32, u64)>,
}

/// One client of a population.
#[derive(Clone, Debug, PartialEq)]
pub struct Client {
    /// The *i* of its two files.
    pub id: u64,
    /// The windows in which it asks, in order of time.
    pub windows: Vec<Window>,
    /// Its histograms, in order of time.
    pub lengths: Vec<HistogramWindow>,
}

impl Client {
    /// The histogram that holds at `at_s`: the last that began by then.
    pub fn lengths_at(&self, at_s: u64) -> Option<&HistogramWindow> {
        let begun = self
            .lengths
            .partition_point(|lengths| lengths.start_s <= at_s);
        self.lengths[..begun].last()
    }
}

/// A population read whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Population {
    /// In order of id; at least one.
    pub clients: Vec<Client>,
    /// What became of every row of the `chunk-<i>-trace.csv`, numbered through the clients in
    /// order: `rows_read = emitted + dropped`. `ignored_columns` has the unused files.
    pub accounting: Accounting,
    /// What became of every window of the `chunk-<i>-dataset.json`, numbered likewise.
    /// `ignored_columns` has the unused fields.
    pub lengths_accounting: Accounting,
    /// Entries of histograms for 0 tokens, which are left out: no server takes such a request.
    pub zero_token_entries: u64,
    /// SHA-256 over one line for each file, in order of its name's bytes: what
    /// `sha256sum chunk-* | sha256sum` prints there under `LC_ALL=C`, if no other file is so
    /// called.
    pub sha256: [u8; 32],
    /// Length of all files together, as stored.
    pub bytes: u64,
}

/// The two files of a client.
#[derive(Default)]
struct Chunk {
    trace: Option<String>,
    dataset: Option<String>,
}

/// Reads the population in the directory at `path`.
pub fn read_directory(path: &Path) -> Result<Population, TraceError> {
    let (chunks, ignored) = list(path)?;
    let mut population = Population {
        clients: Vec::new(),
        accounting: Accounting::new(&DropReason::OF_WINDOWS),
        lengths_accounting: Accounting::new(&DropReason::OF_HISTOGRAMS),
        zero_token_entries: 0,
        sha256: [0; 32],
        bytes: 0,
    };
    population.accounting.ignored_columns = ignored;
    let mut fingerprints = BTreeMap::new();
    for (id, chunk) in chunks {
        let (trace, dataset) = both(path, id, chunk)?;
        let (reader, name) = open(&path.join(&trace))?;
        let (windows, fingerprint) = windows::read(reader, &name, &mut population.accounting)?;
        fingerprints.insert(trace, fingerprint);
        let (reader, name) = open(&path.join(&dataset))?;
        let (lengths, fingerprint) = histogram::read(reader, &name, &mut population)?;
        fingerprints.insert(dataset, fingerprint);
        population.clients.push(Client {
            id,
            windows,
            lengths,
        });
    }
    (population.sha256, population.bytes) = sum(&fingerprints);
    Ok(population)
}

/// Hash and length of the population in the directory at `path`, as [`read_directory`] gives them,
/// without a look at what the files say.
///
/// # Errors
/// As [`read_directory`] where a file is missing or cannot be read.
pub fn fingerprint(path: &Path) -> Result<([u8; 32], u64), TraceError> {
    let (chunks, _) = list(path)?;
    let mut fingerprints = BTreeMap::new();
    for (id, chunk) in chunks {
        let (trace, dataset) = both(path, id, chunk)?;
        for name in [trace, dataset] {
            let (reader, file) = open(&path.join(&name))?;
            let fingerprint = Fingerprint::of(reader);
            let fingerprint = fingerprint.map_err(|source| TraceError::Io { file, source })?;
            fingerprints.insert(name, fingerprint);
        }
    }
    Ok(sum(&fingerprints))
}

/// The files of each client, and the names of the others.
fn list(path: &Path) -> Result<(BTreeMap<u64, Chunk>, Vec<String>), TraceError> {
    let directory = path.display().to_string();
    let io_error = |source| TraceError::Io {
        file: directory.clone(),
        source,
    };
    let mut chunks: BTreeMap<u64, Chunk> = BTreeMap::new();
    let mut ignored = Vec::new();
    for entry in fs::read_dir(path).map_err(io_error)? {
        let name = entry.map_err(io_error)?.file_name();
        let name = name.to_string_lossy().into_owned();
        match client_of(&name) {
            Some((id, true)) => chunks.entry(id).or_default().trace = Some(name),
            Some((id, false)) => chunks.entry(id).or_default().dataset = Some(name),
            None => ignored.push(quote(name.as_bytes())),
        }
    }
    ignored.sort_unstable();
    if chunks.is_empty() {
        return Err(TraceError::Chunks {
            directory,
            what: "no file chunk-<i>-trace.csv".to_owned(),
            help: "name the directory of one model, such as data/language/m-large",
        });
    }
    Ok((chunks, ignored))
}

/// The client to which a file belongs, and whether it is its trace.
fn client_of(name: &str) -> Option<(u64, bool)> {
    let rest = name.strip_prefix("chunk-")?;
    let (digits, is_trace) = match rest.strip_suffix("-trace.csv") {
        Some(digits) => (digits, true),
        None => (rest.strip_suffix("-dataset.json")?, false),
    };
    let id: u64 = digits.parse().ok()?;
    // One spelling for each client: not +7 or 07, of which there could be several.
    (id.to_string() == digits).then_some((id, is_trace))
}

fn both(path: &Path, id: u64, chunk: Chunk) -> Result<(String, String), TraceError> {
    let missing = |name: &str| TraceError::Chunks {
        directory: path.display().to_string(),
        what: format!("client {id} has no file chunk-{id}-{name}"),
        help: "every client needs its trace and its dataset; download the directory again",
    };
    let trace = chunk.trace.ok_or_else(|| missing("trace.csv"))?;
    let dataset = chunk.dataset.ok_or_else(|| missing("dataset.json"))?;
    Ok((trace, dataset))
}

/// Hash and length over all files.
fn sum(fingerprints: &BTreeMap<String, Fingerprint>) -> ([u8; 32], u64) {
    let mut hasher = Sha256::new();
    for (name, fingerprint) in fingerprints {
        let hex: String = fingerprint
            .sha256
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        hasher.update(format!("{hex}  {name}\n"));
    }
    let bytes = fingerprints.values().map(|fingerprint| fingerprint.bytes);
    (hasher.finalize().into(), bytes.sum())
}
