//! In what two workloads differ: what was asked for, the stages, and, column by column, the
//! requests.
//!
//! Requests are compared by index in one pass; where the stored leaves are equal a request is not
//! looked at again, so both files must have been verified. Refuses to align: one request more
//! shifts all behind it.

mod manifest;
mod requests;
mod text;

use crate::verbs::inspect::stage_json;
use schemas::error::FormatError;
use schemas::hex;
use schemas::layout::Section;
use schemas::reader::Workload;
use schemas::verify::file_hash;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What two workloads, A and B, differ in. A pair has A's value first; null is "not there".
#[derive(Debug, Serialize)]
pub struct Diff {
    /// Whether the same load is fired: equal content hashes.
    pub equal: bool,
    /// Content hashes, hexadecimal.
    pub content_hash: [String; 2],
    /// SHA-256 of each whole file, hexadecimal.
    pub file_hash: [String; 2],
    /// Number of requests.
    pub requests: [u64; 2],
    /// Requests that are in both, under the same index, and differ.
    pub requests_differing: u64,
    /// The first index at which the two differ, be it that only one has such a request.
    pub first_differing: Option<u64>,
    /// How the manifests differ.
    pub spec: Vec<SpecDifference>,
    /// Differences of the manifests that are not listed.
    pub spec_left_out: usize,
    /// How the stage tables differ.
    pub stages: Vec<StageDifference>,
    /// How the requests differ, by column.
    pub columns: Vec<ColumnDifference>,
    /// Requests that only A, and only B, has at the end.
    pub only_in: [u64; 2],
    /// Whether equal content lies in the files in another way.
    pub layout_differs: bool,
}

/// A value of the manifest.
#[derive(Debug, Serialize)]
pub struct SpecDifference {
    /// Dotted path of keys and positions.
    pub key: String,
    /// Line of the spec, from 1, where the key is the spec's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The two values.
    pub values: [Value; 2],
}

/// A value of a stage.
#[derive(Debug, Serialize)]
pub struct StageDifference {
    /// Index of the stage.
    pub stage: usize,
    /// Key, as `wlc inspect --json` names it.
    pub column: String,
    /// The two values.
    pub values: [Value; 2],
}

/// A value that requests differ in.
#[derive(Debug, Serialize)]
pub struct ColumnDifference {
    /// Key, as `wlc inspect --requests --json` names it; `leaf` for requests in which no other
    /// column differs, such as by the order of two headers.
    pub column: String,
    /// How many requests.
    pub requests: u64,
    /// The first of them.
    pub examples: Vec<Example>,
}

/// One request in which a column differs.
#[derive(Debug, Serialize)]
pub struct Example {
    /// Index of the request.
    pub request: u64,
    /// The two values.
    pub values: [Value; 2],
}

/// Compares two verified workloads.
///
/// # Errors
/// [`FormatError`] for a record that cannot be shown; there is none in a verified file.
pub fn diff(a: &Workload, b: &Workload) -> Result<Diff, FormatError> {
    let both = [a, b];
    let requests = both.map(|workload| workload.requests().len() as u64);
    let common = requests[0].min(requests[1]);
    let (spec, spec_left_out) = manifest::differences(&a.manifest()?, &b.manifest()?);
    let compared = requests::compare(both, common)?;
    let shorter = (requests[0] != requests[1]).then_some(common);
    let equal = a.content_hash() == b.content_hash();
    Ok(Diff {
        equal,
        content_hash: both.map(|workload| hex(&workload.content_hash())),
        file_hash: both.map(|workload| hex(&file_hash(workload))),
        requests,
        requests_differing: compared.requests,
        first_differing: compared.first.or(shorter),
        spec,
        spec_left_out,
        stages: stage_differences(both)?,
        columns: compared.columns.into_values().collect(),
        only_in: requests.map(|count| count - common),
        layout_differs: equal && !is_laid_out_alike(both),
    })
}

/// Whether all sections but the manifest hold the same bytes.
fn is_laid_out_alike([a, b]: [&Workload; 2]) -> bool {
    let mut sections = Section::ALL.iter().filter(|s| **s != Section::Manifest);
    sections.all(|section| a.place(*section).sha256 == b.place(*section).sha256)
}

fn stage_differences(both: [&Workload; 2]) -> Result<Vec<StageDifference>, FormatError> {
    let mut found = Vec::new();
    for stage in 0..both[0].stages().len().max(both[1].stages().len()) {
        let mut sides = [Value::Null, Value::Null];
        for (side, workload) in sides.iter_mut().zip(both) {
            if let Some(record) = workload.stages().get(stage) {
                *side = stage_json(workload, stage, record)?;
            }
        }
        for column in differing_keys(&sides) {
            let values = sides.each_ref().map(|side| side[&column].clone());
            found.push(StageDifference {
                stage,
                column,
                values,
            });
        }
    }
    Ok(found)
}

/// Keys of two objects under which they differ; null is an object without keys.
fn differing_keys(sides: &[Value; 2]) -> Vec<String> {
    let keys = sides
        .iter()
        .filter_map(Value::as_object)
        .flat_map(Map::keys);
    let keys: BTreeSet<&String> = keys.collect();
    let differ = |key: &&String| sides[0].get(key) != sides[1].get(key);
    keys.into_iter().filter(differ).cloned().collect()
}
