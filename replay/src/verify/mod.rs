//! Whether the results of a run or a sweep are what they claim to be, from the files alone.
//!
//! Collects every fault and stops at none. Refuses to judge what it cannot read: a directory that
//! holds no results, a version that it does not know.

mod answers;
mod archived;
mod figures;
mod files;
mod finding;
mod json;
mod read;
mod records;
mod searches;
mod summary;
mod sweep;
mod workload;

pub use finding::Fault;

use crate::analysis::RunData;
use crate::analysis::summary::Summary;
use crate::bundle::{self, BUNDLE_FILE, Kind, SIGNATURE_FILE, Signed, Statement, WORKLOAD_FILE};
use crate::exit::Failure;
use crate::run_info::{RECORDS_FILE, RUN_FILE};
use crate::sweep::result::SWEEP_FILE;
use finding::Examined;
use serde::Serialize;
use std::path::{Path, PathBuf};
use workload::Proven;

/// What an examination found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Findings {
    /// There is no fault.
    pub verified: bool,
    /// As it was named.
    pub directory: String,
    /// Of the workload that was fired, as the statement says; null without one.
    pub content_hash: Option<String>,
    /// Requests that were to be fired; of a sweep by all its loads.
    pub requests: u64,
    /// Records that there are; of a sweep of all its loads.
    pub records: u64,
    /// Root over the records as they are, hexadecimal; null for a sweep and where they cannot be
    /// read.
    pub records_root: Option<String>,
    /// `checked` if the results were held against an intact workload, else null.
    pub workload: Option<&'static str>,
    /// Who signed; null if nobody did, or not as he should.
    pub signature: Option<Signed>,
    /// What is not as it claims to be.
    pub faults: Vec<Fault>,
    /// What was not looked at, or decides nothing.
    pub notes: Vec<String>,
}

/// Examines the results in a directory, held against a workload (without one against
/// `workload.wlc` beside them, if it is there), and the signature against files of allowed signers.
///
/// Fails where there is nothing to examine, or of a version that this program does not know.
pub fn verify(
    directory: &Path,
    workload: Option<&Path>,
    allowed: &[PathBuf],
) -> Result<Findings, Failure> {
    let kind = kind_of(directory)?;
    let mut findings = Findings {
        verified: false,
        directory: directory.display().to_string(),
        content_hash: None,
        requests: 0,
        records: 0,
        records_root: None,
        workload: None,
        signature: None,
        faults: Vec::new(),
        notes: Vec::new(),
    };
    let beside = directory.join(WORKLOAD_FILE);
    let fired = workload.or(beside.exists().then_some(&*beside));
    let proven = match fired {
        Some(path) => Proven::open(path, &mut findings.faults)?,
        None => {
            findings.note("no workload was given: what was fired is taken on trust");
            None
        }
    };
    findings.workload = proven.as_ref().map(|_| "checked");
    let statement = match kind {
        Kind::Run => run(&mut findings, directory, None, proven.as_ref())?.statement,
        Kind::Sweep => sweep::check(&mut findings, directory, proven.as_ref())?,
    };
    findings.content_hash = statement.map(|statement| statement.content_hash);
    let faults = &mut findings.faults;
    let mut notes = archived::check(directory, workload, proven.as_ref(), faults);
    findings.notes.append(&mut notes);
    check_signature(&mut findings, directory, allowed);
    findings.verified = findings.faults.is_empty();
    Ok(findings)
}

/// What of the two lies in a directory; a sweep has its own file.
fn kind_of(directory: &Path) -> Result<Kind, Failure> {
    let has = |name: &str| directory.join(name).exists();
    match () {
        () if has(SWEEP_FILE) => Ok(Kind::Sweep),
        () if has(BUNDLE_FILE) || has(RUN_FILE) || has(RECORDS_FILE) => Ok(Kind::Run),
        () => Err(Failure::wrong_input(format!(
            "{}: holds no results\n  help: name a directory that `replay run --out` or `replay \
             sweep --out` wrote",
            directory.display()
        ))),
    }
}

/// A run that was examined.
struct Run {
    /// If it can be read.
    statement: Option<Statement>,
    /// The run, and what follows from it, if that can be worked out.
    data: Option<(RunData, Summary)>,
}

/// One run, which is a load of a sweep if it has a name.
fn run(
    findings: &mut Findings,
    directory: &Path,
    load: Option<&str>,
    proven: Option<&Proven>,
) -> Result<Run, Failure> {
    let mut examined = match load {
        Some(name) => Examined::load(directory, name, &mut findings.faults),
        None => Examined::whole(directory, &mut findings.faults),
    };
    let statement = read::statement(&mut examined, Kind::Run)?;
    let info = read::info(&mut examined)?;
    let file = records::check(&mut examined, info.as_ref())?;
    let facts = file
        .as_ref()
        .and_then(|file| bundle::records_root(file).ok());
    if let Some(statement) = &statement {
        let root = facts.as_ref().map(|facts| &facts.root);
        files::check(&mut examined, statement, root);
    }
    if let Some(file) = &file {
        let workload = proven.map(Proven::workload);
        answers::check(&mut examined, statement.as_ref(), workload, file);
    }
    let mut data = None;
    if let (Some(info), Some(file)) = (&info, &file) {
        let fired = file.header().request_count.get();
        if let Some(proven) = proven
            && proven.check_run(&mut examined, info, fired)
        {
            proven.check_records(&mut examined, info, file);
        }
        data = summary::check(&mut examined);
    }
    let known = match load {
        Some(_) => vec![BUNDLE_FILE],
        None => known(directory),
    };
    let outside = statement.iter();
    let outside = outside.flat_map(|statement| files::outside(&examined, statement, &known));
    let mut notes: Vec<String> = outside
        .map(|name| format!("{name}: not in the statement, so nothing is known of it"))
        .collect();
    notes.extend(
        info.as_ref()
            .and_then(|info| records::check_part(&mut examined, info, load.is_some())),
    );
    if info.is_some_and(|info| !info.workload.verified) {
        let name = examined.name(RUN_FILE);
        notes.push(format!(
            "{name}: the workload was not verified before it was fired"
        ));
    }
    findings.notes.append(&mut notes);
    if let Some(facts) = facts {
        findings.requests = findings.requests.saturating_add(facts.requests);
        findings.records += facts.count;
        findings.records_root = load.is_none().then(|| schemas::hex(&facts.root));
    }
    Ok(Run { statement, data })
}

/// Names at the top that a statement need not speak of.
fn known(directory: &Path) -> Vec<&'static str> {
    let own = [BUNDLE_FILE, SIGNATURE_FILE].into_iter();
    own.chain(archived::known(directory).iter().copied())
        .collect()
}

fn check_signature(findings: &mut Findings, directory: &Path, allowed: &[PathBuf]) {
    match bundle::check_signature(directory, allowed) {
        Ok(Some(signed)) => {
            if allowed.is_empty() {
                findings.note(format!(
                    "signed by {}, whom nobody vouched for: name a file of allowed signers with \
                     --allowed-signers",
                    signed.key
                ));
            }
            findings.signature = Some(signed);
        }
        Ok(None) => {
            findings.note("not signed: whoever can write these files can make others like them")
        }
        Err(what) => findings.faults.push(Fault {
            file: SIGNATURE_FILE.to_owned(),
            place: "signature".to_owned(),
            what,
        }),
    }
}

impl Findings {
    fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}
