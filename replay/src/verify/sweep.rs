//! A sweep: its statement, each of its loads, and its own figures.

use crate::bundle::{BUNDLE_FILE, Kind, Statement};
use crate::exit::Failure;
use crate::run_info::RUN_FILE;
use crate::sweep::result::SWEEP_FILE;
use crate::verify::figures::Figures;
use crate::verify::finding::{Examined, Fault};
use crate::verify::workload::Proven;
use crate::verify::{Findings, files, known, read, run};
use std::path::Path;

/// Examines a sweep and all loads that its statement is about. That these are the loads of `sweep.json`,
/// all of them and no other, is held where the statement is written again.
pub fn check(
    findings: &mut Findings,
    directory: &Path,
    proven: Option<&Proven>,
) -> Result<Option<Statement>, Failure> {
    let mut examined = Examined::whole(directory, &mut findings.faults);
    let statement = read::statement(&mut examined, Kind::Sweep)?;
    let result = read::sweep(&mut examined)?;
    if let (Some(proven), Some(result)) = (proven, &result) {
        proven.check_sweep(&mut examined, &result.workload);
    }
    let Some(statement) = statement else {
        return Ok(None);
    };
    files::check(&mut examined, &statement, None);
    for name in files::outside(&examined, &statement, &known(directory)) {
        findings.note(format!(
            "{name}: not in the statement, so nothing is known of it"
        ));
    }
    if proven.is_none() {
        findings.note(
            "sweep.json: only the workload tells which requests have a rate, so what counts those alone was \
             not worked out again: saturation but for its probes; offered_rate, completed_rate, \
             paced_share, duration_s, is_short",
        );
    }
    let mut figures = result
        .as_ref()
        .map(|result| Figures::new(result, proven, &mut findings.faults));
    let mut unnamed = Vec::new();
    for subject in &statement.subjects {
        let Some((name, BUNDLE_FILE)) = subject.name.split_once('/') else {
            continue;
        };
        let load = run(findings, directory, Some(name), proven)?;
        let content_hash = load.statement.map(|load| load.content_hash);
        if let Some(other) = content_hash.filter(|hash| *hash != statement.content_hash) {
            let what = format!("is {other}, the sweep is of {}", statement.content_hash);
            findings.faults.push(Fault {
                file: subject.name.clone(),
                place: "predicate.content_hash".to_owned(),
                what,
            });
        }
        if let (Some(figures), Some((data, summary))) = (&mut figures, &load.data) {
            let is_named = figures.take(name, data, summary, &mut findings.faults);
            if !is_named {
                let end = data.info.end.as_ref();
                let was_stopped = end.is_none_or(|end| end.interrupted);
                unnamed.push((name, was_stopped));
            }
        }
    }
    // Before the one that was stopped there may be probes that told nothing.
    if let Some((name, _)) = unnamed.last()
        && unnamed.iter().all(|(_, was_stopped)| !was_stopped)
    {
        findings.faults.push(Fault {
            file: format!("{name}/{RUN_FILE}"),
            place: "end.interrupted".to_owned(),
            what: format!("is false, and {SWEEP_FILE} does not speak of this load"),
        });
    }
    if let Some(figures) = figures {
        figures.conclude(&mut findings.faults);
    }
    Ok(Some(statement))
}
