//! The records by themselves and against `run.json`: whole frames, one credible record for each
//! request.

use crate::analysis::times::{Times, fit_tokens};
use crate::exit::Failure;
use crate::run_info::{RECORDS_FILE, RUN_FILE, RunInfo};
use crate::verify::finding::{Examined, Listed};
use schemas::layout::NONE_U64;
use schemas::record_file::{RecordFile, RecordView};
use schemas::records::{Outcome, RESULT_CANCEL};

/// Reads every record and enters what is wrong; the file again if all its frames are whole, so that
/// more can be said of it.
pub fn check(
    examined: &mut Examined<'_>,
    info: Option<&RunInfo>,
) -> Result<Option<RecordFile>, Failure> {
    let file = match RecordFile::open(&examined.path(RECORDS_FILE)) {
        Ok(file) => file,
        Err(error) => return examined.records_fault(RECORDS_FILE, error).map(|()| None),
    };
    let mut indices = Vec::new();
    let mut incredible = Vec::new();
    let mut kept_otherwise = Vec::new();
    let scanned = file.scan(&mut |view| {
        indices.push(view.record.index.get());
        if !is_credible(view, info) {
            incredible.push((view.record.index.get(), view.place.offset));
        }
        if !are_times_kept(view, info) {
            kept_otherwise.push((view.record.index.get(), view.place.offset));
        }
    });
    let scanned = match scanned {
        Ok(scanned) => scanned,
        Err(error) => return examined.records_fault(RECORDS_FILE, error).map(|()| None),
    };
    if let Some(why) = scanned.truncated {
        examined.fault(RECORDS_FILE, "END", why);
    }
    if let Some(info) = info {
        check_header(examined, &file, info);
    }
    indices.sort_unstable();
    check_indices(examined, &indices, file.header().request_count.get());
    let told = [
        (incredible, "contradicts itself: not credible are requests"),
        (
            kept_otherwise,
            "token times are kept, or not, otherwise than effective.token_times says: of requests",
        ),
    ];
    for (mut found, what) in told {
        found.sort_unstable();
        let mut listed = Listed::default();
        found.iter().for_each(|(index, _)| listed.add(*index));
        if let Some((index, offset)) = found.first() {
            let place = format!("request {index} at offset {offset}");
            examined.fault(RECORDS_FILE, place, format!("{what} {listed}"));
        }
    }
    Ok(Some(file))
}

/// Whether the token times of a record with output are there if the run kept them, and only then.
fn are_times_kept(view: &RecordView<'_>, info: Option<&RunInfo>) -> bool {
    let asked = info.and_then(|info| info.effective.token_times);
    let has_output = view.record.token_count.get() > 0;
    asked.is_none_or(|asked| !has_output || asked != view.token_ns.is_empty())
}

/// RESULTS.md, section 1, "Credible records".
fn is_credible(view: &RecordView<'_>, info: Option<&RunInfo>) -> bool {
    let record = view.record;
    let outcome = Outcome::from_number(record.outcome);
    let is_due = record.cancel_due_ns.get() != NONE_U64;
    outcome.is_some_and(|outcome| Times::of(record).fit(outcome))
        && fit_tokens(record, view.token_ns)
        && (!is_due || record.flags & RESULT_CANCEL != 0)
        && info.is_none_or(|info| (record.stage.get() as usize) < info.stages.len())
}

fn check_header(examined: &mut Examined<'_>, file: &RecordFile, info: &RunInfo) {
    let header = file.header();
    let (hash, count) = (
        schemas::hex(&header.content_hash),
        header.request_count.get(),
    );
    if hash != info.workload.content_hash {
        let said = &info.workload.content_hash;
        let what = format!("content_hash is {hash}, run.json says {said}");
        examined.fault(RECORDS_FILE, "HEADER at offset 16", what);
    }
    let asked = info.effective.requests.unwrap_or(info.workload.requests);
    if count != asked {
        let what = format!("request_count is {count}, run.json says {asked}");
        examined.fault(RECORDS_FILE, "HEADER at offset 48", what);
    }
}

/// Says that only a part of the workload was fired, if so. A sweep does that with its loads; a run
/// fires all, so that of one by itself it is a fault.
pub fn check_part(examined: &mut Examined<'_>, info: &RunInfo, is_load: bool) -> Option<String> {
    let (fired, all) = (info.effective.requests?, info.workload.requests);
    let place = "effective.requests";
    let part = format!("fired the first {fired} of the workload's {all} requests");
    if fired >= all {
        let what = format!("is {fired}, which is no part of the workload's {all} requests");
        examined.fault(RUN_FILE, place, what);
    } else if !is_load {
        let what = format!(
            "{part}, which `replay run` does not: a load of a sweep is examined with its sweep"
        );
        examined.fault(RUN_FILE, place, what);
    }
    Some(format!("{}: {part}", examined.name(RUN_FILE)))
}

/// Holds ascending indices against a record for each of `count` requests.
fn check_indices(examined: &mut Examined<'_>, indices: &[u64], count: u64) {
    let (mut missing, mut doubled, mut foreign) =
        (Listed::default(), Listed::default(), Listed::default());
    let mut next = 0;
    for index in indices.iter().copied() {
        match index {
            _ if index >= count => foreign.add(index),
            _ if index < next => doubled.add(index),
            _ => {
                missing.add_all(next, index);
                next = index + 1;
            }
        }
    }
    missing.add_all(next, count);
    let told = [
        (missing, "without a record are requests"),
        (doubled, "beyond the first, there is a record of requests"),
        (foreign, "records of requests that there are not"),
    ];
    for (listed, what) in told {
        if let Some(first) = listed.first() {
            examined.fault(
                RECORDS_FILE,
                format!("request {first}"),
                format!("{what}: {listed}"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn found(indices: &[u64], count: u64) -> Vec<String> {
        let mut faults = Vec::new();
        check_indices(
            &mut Examined::whole(Path::new("."), &mut faults),
            indices,
            count,
        );
        faults
            .into_iter()
            .map(|fault| format!("{}: {}", fault.place, fault.what))
            .collect()
    }

    #[test]
    fn missing_doubled_and_foreign_records_are_named() {
        assert_eq!(found(&[0, 1, 2], 3), [""; 0]);
        assert_eq!(found(&[], 0), [""; 0]);
        assert_eq!(
            found(&[1, 1, 1, 4, 5, u64::MAX], 5),
            [
                "request 0: without a record are requests: 0, 2, 3",
                "request 1: beyond the first, there is a record of requests: 1, 1",
                "request 5: records of requests that there are not: 5, 18446744073709551615",
            ]
        );
        // A count that nobody can have fired costs nothing.
        assert_eq!(found(&[0], u64::MAX).len(), 1);
    }
}
