//! The documents of a directory, and whether they can be read: damage is a fault, a version that this
//! program does not know is a failure, since it cannot be judged.

use crate::bundle::{self, BUNDLE_FILE, BundleError, Kind, Statement};
use crate::exit::Failure;
use crate::run_info::{RUN_FILE, RUN_FORMAT, RunInfo};
use crate::sweep::result::{SWEEP_FILE, SWEEP_FORMAT, SweepResult};
use crate::verify::finding::{Examined, WHOLE_FILE, unreadable};
use crate::verify::json::{compare, json_place, unambiguous};
use schemas::regular_file::{self, MAX_DOCUMENT_BYTES};
use serde::Serialize;

/// The statement of a directory that holds results of this kind; `None`, with a fault, if it is no such
/// statement. Fails for a version that this program does not know.
pub fn statement(examined: &mut Examined<'_>, kind: Kind) -> Result<Option<Statement>, Failure> {
    let shown = examined.path(BUNDLE_FILE);
    let error = match bundle::read(examined.directory()) {
        Ok(statement) if statement.kind == kind => return Ok(Some(statement)),
        Ok(_) => {
            examined.fault(
                BUNDLE_FILE,
                "predicateType",
                "is that of the other kind of results",
            );
            return Ok(None);
        }
        Err(error) => error,
    };
    let (place, what) = match error {
        BundleError::Missing => {
            let what = "not there: the results were not closed; the program was killed, or is of \
                        a version that does not close them";
            (WHOLE_FILE.to_owned(), what.to_owned())
        }
        BundleError::Version { .. } => {
            return Err(Failure::wrong_input(format!(
                "{}: {error}",
                shown.display()
            )));
        }
        BundleError::NotJson { offset, what } => (format!("offset {offset}"), what),
        BundleError::Shape(_) | BundleError::Name(_) => ("statement".to_owned(), error.to_string()),
        BundleError::Io { source, .. } => (WHOLE_FILE.to_owned(), unreadable(&source)),
    };
    examined.fault(BUNDLE_FILE, place, what);
    Ok(None)
}

/// `run.json`, likewise.
pub fn info(examined: &mut Examined<'_>) -> Result<Option<RunInfo>, Failure> {
    let read = RunInfo::read(examined.directory());
    let info = described(examined, RUN_FILE, RUN_FORMAT, read)?;
    if let Some(info) = info.as_ref().filter(|info| info.format > 1) {
        let nulls = [
            ("workload.seed", info.workload.seed.is_none()),
            ("workload.spec", info.workload.spec.is_none()),
        ];
        for (key, _) in nulls.iter().filter(|(_, is_null)| *is_null) {
            examined.fault(RUN_FILE, key, "is null, as in format 1 alone");
        }
    }
    Ok(info)
}

/// `sweep.json`, likewise.
pub fn sweep(examined: &mut Examined<'_>) -> Result<Option<SweepResult>, Failure> {
    let read = SweepResult::read(examined.directory());
    described(examined, SWEEP_FILE, SWEEP_FORMAT, read)
}

/// What was read of a file whose `format` is of 1 to `latest`; with a fault for what another reader could
/// take otherwise, or not at all.
fn described<T: Serialize>(
    examined: &mut Examined<'_>,
    file: &str,
    latest: u32,
    read: anyhow::Result<T>,
) -> Result<Option<T>, Failure> {
    let text = regular_file::read(&examined.path(file), MAX_DOCUMENT_BYTES).unwrap_or_default();
    let error = match read {
        Ok(read) => {
            match unambiguous(&text) {
                Ok(said) if said["format"] == latest => {
                    let taken = serde_json::to_value(&read).map_err(Failure::world)?;
                    compare(examined, file, &said, &taken, "a reader takes it for");
                }
                Ok(_) => {}
                Err(error) => examined.fault(file, json_place(&error), error),
            }
            return Ok(Some(read));
        }
        Err(error) => error,
    };
    let value: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
    let known = 1..=u64::from(latest);
    if value["format"]
        .as_u64()
        .is_some_and(|format| !known.contains(&format))
    {
        return Err(Failure::wrong_input(format!("{error:#}")));
    }
    let json = error.downcast_ref::<serde_json::Error>();
    let place = json.map_or(WHOLE_FILE.to_owned(), json_place);
    examined.fault(
        file,
        place,
        format!("cannot be read: {}", error.root_cause()),
    );
    Ok(None)
}
