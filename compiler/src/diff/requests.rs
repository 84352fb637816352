//! In what the requests of two workloads differ, by index and column.

use super::{ColumnDifference, Example, differing_keys};
use crate::verbs::inspect::request_json;
use schemas::body::Piece;
use schemas::error::FormatError;
use schemas::hex;
use schemas::layout::ResponseFormat;
use schemas::reader::Workload;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Examples that a column is given.
const EXAMPLES: usize = 3;

/// What was found in the requests that are in both.
#[derive(Default)]
pub struct Compared {
    /// How many differ.
    pub requests: u64,
    /// The first that does.
    pub first: Option<u64>,
    /// By name.
    pub columns: BTreeMap<String, ColumnDifference>,
}

impl Compared {
    fn column(&mut self, column: &str, request: u64, values: impl FnOnce() -> [Value; 2]) {
        let entry = self.columns.entry(column.to_owned());
        let found = entry.or_insert_with(|| ColumnDifference {
            column: column.to_owned(),
            requests: 0,
            examples: Vec::new(),
        });
        found.requests += 1;
        if found.examples.len() < EXAMPLES {
            let values = values();
            found.examples.push(Example { request, values });
        }
    }
}

/// Compares the first `common` requests of two verified workloads.
///
/// # Errors
/// [`FormatError`] for a record that cannot be shown; there is none in a verified file.
pub fn compare(both: [&Workload; 2], common: u64) -> Result<Compared, FormatError> {
    let mut compared = Compared::default();
    for index in 0..common {
        let leaves = both.map(|workload| &workload.leaves()[index as usize]);
        if leaves[0] == leaves[1] {
            continue;
        }
        compared.requests += 1;
        compared.first.get_or_insert(index);
        let sides = [columns(both[0], index)?, columns(both[1], index)?];
        let bodies = [Body::of(both[0], index)?, Body::of(both[1], index)?];
        let differing = differing_keys(&sides);
        for column in &differing {
            let values = || sides.each_ref().map(|side| side[column].clone());
            compared.column(column, index, values);
        }
        if let Some(at) = bodies[0].first_difference(&bodies[1]) {
            compared.column("body", index, || bodies.map(|body| body.json(at)));
        } else if differing.is_empty() {
            compared.column("leaf", index, || leaves.map(|leaf| hex(leaf).into()));
        }
    }
    Ok(compared)
}

/// A request's values but its body.
fn columns(workload: &Workload, index: u64) -> Result<Value, FormatError> {
    let mut object = request_json(workload, index, false)?;
    let format = workload.requests()[index as usize].response_format;
    let format = ResponseFormat::ALL.iter().find(|f| **f as u8 == format);
    object["response_format"] = format.map(|format| format.name()).into();
    let map = object.as_object_mut().expect("a request is an object");
    map.remove("index");
    map.remove("leaf");
    Ok(object)
}

/// A body, unsalted.
struct Body {
    /// All literal bytes.
    literal: Vec<u8>,
    /// Literal bytes in front of each answer and of the salt slot (which has no request).
    marks: Vec<(u64, Option<u64>)>,
}

impl Body {
    fn of(workload: &Workload, index: u64) -> Result<Self, FormatError> {
        let (mut literal, mut marks) = (Vec::new(), Vec::new());
        for piece in workload.body(index)? {
            let position = literal.len() as u64;
            match piece {
                Piece::Bytes(bytes) => literal.extend_from_slice(bytes),
                Piece::Salt(bytes) => {
                    marks.push((position, None));
                    literal.extend_from_slice(bytes);
                }
                Piece::AnswerTo(request) => marks.push((position, Some(request))),
            }
        }
        Ok(Self { literal, marks })
    }

    /// Literal bytes in front of the first place at which two bodies differ.
    fn first_difference(&self, other: &Self) -> Option<u64> {
        let (a, b) = (&self.literal, &other.literal);
        let differ = a.iter().zip(b).position(|(a, b)| a != b);
        let shorter = (a.len() != b.len()).then_some(a.len().min(b.len()));
        let literal = differ.or(shorter).map(|at| at as u64);
        let same = self.marks.iter().zip(&other.marks);
        let same = same.take_while(|(a, b)| a == b).count();
        let marks = [self, other]
            .into_iter()
            .filter_map(|body| body.marks.get(same));
        let marks = marks.map(|(position, _)| *position).min();
        [literal, marks].into_iter().flatten().min()
    }

    fn json(&self, at: u64) -> Value {
        let sha256 = hex(&Sha256::digest(&self.literal));
        json!({"bytes": self.literal.len(), "sha256": sha256, "at": at})
    }
}
