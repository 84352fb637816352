//! `answers.jsonl` (RESULTS.md, section 8) against the records and the workload. What the server
//! answered cannot be worked out again: it is only held to be of these requests.

use crate::answer_file::{self, ANSWERS_FILE, Answer};
use crate::bundle::Statement;
use crate::bundle::build::is_regular;
use crate::verify::finding::{Examined, Listed, WHOLE_FILE};
use schemas::audit::is_audit;
use schemas::layout::NONE_U64;
use schemas::reader::Workload;
use schemas::record_file::RecordFile;
use std::collections::BTreeMap;

/// Enters what is wrong with the answers: that there are none of an audit, or some of another load.
/// Without the workload it is not known what it is, and answers may be there.
pub fn check(
    examined: &mut Examined<'_>,
    statement: Option<&Statement>,
    workload: Option<&Workload>,
    records: &RecordFile,
) {
    let path = examined.path(ANSWERS_FILE);
    let mut fault = |what: &str| examined.fault(ANSWERS_FILE, WHOLE_FILE, what);
    let is_wanted = workload.map(is_audit);
    if path.symlink_metadata().is_err() {
        if is_wanted == Some(true) {
            fault("not there, and the workload asks for answers");
        }
        return;
    }
    if is_wanted == Some(false) {
        return fault("the workload does not ask for answers, so no run of it writes them");
    }
    let is_subject = statement.is_none_or(|statement| {
        let mut names = statement.subjects.iter().map(|subject| &subject.name);
        names.any(|name| name == ANSWERS_FILE)
    });
    if !is_subject && is_wanted == Some(true) {
        return fault("not in the statement, and the workload asks for answers");
    }
    if !is_regular(&path) {
        return fault("not a regular file");
    }
    match answer_file::read(examined.directory()) {
        Ok(answers) => hold(examined, &answers, workload, records),
        Err(error) => {
            let context = error.to_string();
            let line = context.rsplit_once(", line ").map(|(_, line)| line);
            let place = line.map_or(WHOLE_FILE.to_owned(), |line| format!("line {line}"));
            let what = format!("cannot be read: {}", error.root_cause());
            examined.fault(ANSWERS_FILE, place, what);
        }
    }
}

fn hold(
    examined: &mut Examined<'_>,
    answers: &[Answer],
    workload: Option<&Workload>,
    records: &RecordFile,
) {
    // Whether a byte came back, by index.
    let mut answered = BTreeMap::new();
    let scanned = records.scan(&mut |view| {
        let is_answered = view.record.first_byte_ns.get() != NONE_U64;
        answered.insert(view.record.index.get(), is_answered);
    });
    if scanned.is_err() {
        // It was whole a moment ago, and is told as altered in any case.
        return examined.fault(ANSWERS_FILE, WHOLE_FILE, "the records cannot be read");
    }
    let lines = answers.iter().map(|answer| answer.index);
    let differs = (1..)
        .zip(lines.clone())
        .zip(answered.keys())
        .find(|((_, line), record)| line != *record);
    if let Some(((line, index), record)) = differs {
        let what = format!("is of request {index}, and the record of {record}");
        return examined.fault(ANSWERS_FILE, format!("line {line}"), what);
    }
    if answers.len() != answered.len() {
        let (lines, records) = (answers.len(), answered.len());
        let what = format!("has {lines} lines, and there are records of {records} requests");
        return examined.fault(ANSWERS_FILE, WHOLE_FILE, what);
    }
    let is_unanswered = |answer: &Answer| {
        let is_empty = answer.pieces.is_empty()
            && answer.token_ids.is_none()
            && answer.id.is_none()
            && answer.error.is_none();
        !is_empty && answered.get(&answer.index) == Some(&false)
    };
    let what = "holds an answer, and by its record none came back";
    tell(examined, answers, what, is_unanswered);
    let Some(workload) = workload else {
        return;
    };
    let what = "stage is not what the workload has";
    tell(examined, answers, what, |answer| {
        stage(workload, answer.index) != Some(answer.stage)
    });
    let what = "labels are not what the workload has";
    tell(examined, answers, what, |answer| {
        labels(workload, answer.index).as_ref() != Some(&answer.labels)
    });
}

fn tell(
    examined: &mut Examined<'_>,
    answers: &[Answer],
    what: &str,
    is_wrong: impl Fn(&Answer) -> bool,
) {
    let mut listed = Listed::default();
    let wrong = answers.iter().filter(|answer| is_wrong(answer));
    wrong.for_each(|answer| listed.add(answer.index));
    if let Some(first) = listed.first() {
        let what = format!("{what}: requests {listed}");
        examined.fault(ANSWERS_FILE, format!("request {first}"), what);
    }
}

fn stage(workload: &Workload, index: u64) -> Option<u32> {
    let request = workload.requests().get(usize::try_from(index).ok()?)?;
    Some(request.stage.get())
}

fn labels(workload: &Workload, index: u64) -> Option<BTreeMap<String, String>> {
    let request = workload.requests().get(usize::try_from(index).ok()?)?;
    let labels = workload.tables().named_pairs(request.labels.get()).ok()?;
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Some(labels.iter().map(owned).collect())
}
