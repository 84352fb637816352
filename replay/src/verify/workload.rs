//! The workload itself, and what records and `run.json` say of it.

use crate::describe::stage_infos;
use crate::engine::populations::Populations;
use crate::engine::schedule::Speed;
use crate::exit::Failure;
use crate::run_info::{RECORDS_FILE, RUN_FILE, RunInfo, StageInfo};
use crate::sweep::result::{SWEEP_FILE, SweptWorkload};
use crate::verify::finding::{Examined, Fault, Listed, WHOLE_FILE};
use schemas::error::FormatError;
use schemas::hex;
use schemas::hints::Hints;
use schemas::layout::{
    NONE_U32, NONE_U64, REQUEST_STREAM, RequestRecord, STAGE_AFTER_PREVIOUS, Section, StartKind,
};
use schemas::manifest::Manifest;
use schemas::reader::Workload;
use schemas::record_file::{RecordFile, RecordView};
use schemas::records::{RESULT_CANCEL, RESULT_STREAM};
use schemas::verify::verify;
use std::collections::BTreeMap;
use std::path::Path;

/// A workload that is what it claims to be.
pub struct Proven {
    /// As it was named.
    name: String,
    workload: Workload,
    manifest: Manifest,
    populations: Populations,
}

impl Proven {
    /// Verifies all of a workload; `None`, with a fault, if it was altered. Fails for a file that
    /// is none, or of a version that this program does not know.
    pub fn open(path: &Path, faults: &mut Vec<Fault>) -> Result<Option<Self>, Failure> {
        let name = path.display().to_string();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let opened = Workload::open(path).and_then(|workload| {
            let verified = verify(&workload, threads, &|_| {})?;
            Ok((workload, verified.manifest))
        });
        match opened {
            Ok((workload, manifest)) => Ok(Some(Proven {
                populations: Populations::new(&workload),
                name,
                workload,
                manifest,
            })),
            Err(error) if error.is_system_failure() => Err(Failure::world(error)),
            Err(
                error @ (FormatError::Io { .. }
                | FormatError::NotAWorkload
                | FormatError::TooOld { .. }
                | FormatError::TooNew { .. }),
            ) => Err(Failure::wrong_input(format!(
                "{name}: {error}\n  help: name the workload that was fired with --workload"
            ))),
            Err(error) => {
                let message = error.to_string();
                let (place, what) = match &error {
                    FormatError::TooShort { .. } => (WHOLE_FILE, &*message),
                    _ => message.split_once(": ").unwrap_or((WHOLE_FILE, &message)),
                };
                faults.push(Fault {
                    file: name,
                    place: place.to_owned(),
                    what: what.to_owned(),
                });
                Ok(None)
            }
        }
    }

    /// The workload itself.
    pub fn workload(&self) -> &Workload {
        &self.workload
    }

    /// What it recommends.
    pub fn hints(&self) -> &Hints {
        &self.manifest.hints
    }

    /// The bytes of its manifest.
    pub fn manifest_bytes(&self) -> &[u8] {
        self.workload.section(Section::Manifest)
    }

    /// Holds `sweep.json` against the workload.
    pub fn check_sweep(&self, examined: &mut Examined<'_>, said: &SweptWorkload) {
        let hash = hex(&self.workload.content_hash());
        let requests = self.workload.requests().len() as u64;
        if (&said.content_hash, said.requests) != (&hash, requests) {
            let what = format!("is not what {} gives, {hash} of {requests}", self.name);
            examined.fault(SWEEP_FILE, "workload", what);
        }
    }

    /// Holds `run.json` against the workload; false if it is of another load, so that there is no
    /// use in comparing records.
    pub fn check_run(&self, examined: &mut Examined<'_>, info: &RunInfo, fired: u64) -> bool {
        let said = &info.workload;
        let workload = &self.workload;
        let hash = hex(&workload.content_hash());
        if said.content_hash != hash {
            let what = format!(
                "is {}, {} has {hash}: another load",
                said.content_hash, self.name
            );
            examined.fault(RUN_FILE, "workload.content_hash", what);
            return false;
        }
        let footer_hash = hex(&workload.footer_hash());
        let slots = info.effective.salt.as_ref();
        let salt = |words: &[String], text: &str| {
            let salt = self.manifest.salt.as_ref();
            salt.is_some_and(|salt| salt.chosen(text) == words)
        };
        let stages = self.stages(info, fired);
        let held = [
            ("workload.footer_hash", said.footer_hash == footer_hash),
            (
                "workload.file_bytes",
                said.file_bytes == workload.file_bytes().len() as u64,
            ),
            (
                "workload.requests",
                said.requests == workload.requests().len() as u64,
            ),
            (
                "workload.seed",
                said.seed.is_none_or(|seed| seed == self.manifest.seed),
            ),
            (
                "workload.spec",
                said.spec
                    .as_ref()
                    .is_none_or(|spec| *spec == self.manifest.spec),
            ),
            ("populations", info.populations == self.populations.names()),
            (
                "stages",
                stages.is_ok_and(|stages| alike(&info.stages, &stages)),
            ),
            (
                "effective.salt",
                slots.is_none_or(|slots| salt(&slots.words, &slots.text)),
            ),
        ];
        for (key, _) in held.iter().filter(|(_, holds)| !holds) {
            let what = format!(
                "is not what {} gives, although the load is the same",
                self.name
            );
            examined.fault(RUN_FILE, key, what);
        }
        true
    }

    fn stages(&self, info: &RunInfo, fired: u64) -> Result<Vec<StageInfo>, String> {
        stage_infos(&self.workload.prefix(fired), speed(info))
    }

    /// Holds every record against the request that it is of.
    pub fn check_records(&self, examined: &mut Examined<'_>, info: &RunInfo, file: &RecordFile) {
        let speed = speed(info);
        let mut wrong: BTreeMap<&str, (u64, Listed)> = BTreeMap::new();
        let scanned = file.scan(&mut |view| {
            let columns = self.columns(view, speed).into_iter().flatten();
            for (column, _) in columns.filter(|(_, holds)| !holds) {
                let (_, listed) = wrong
                    .entry(column)
                    .or_insert_with(|| (view.place.offset, Listed::default()));
                listed.add(view.record.index.get());
            }
        });
        let scanned = match scanned {
            Ok(scanned) => scanned,
            // It was whole a moment ago.
            Err(error) => return examined.fault(RECORDS_FILE, WHOLE_FILE, error),
        };
        for (column, (offset, listed)) in wrong {
            let first = listed.first().unwrap_or_default();
            let place = format!("request {first} at offset {offset}");
            let what = format!("{column} is not what the workload has: requests {listed}");
            examined.fault(RECORDS_FILE, place, what);
        }
        let tables = self.workload.tables();
        let count = tables.strings.len();
        let differs = |id: &usize| {
            scanned.strings.get(*id).map(String::as_str) != tables.string(*id as u32).ok()
        };
        let first = (0..count.max(scanned.strings.len())).find(differs);
        if let Some(first) = first.filter(|_| !scanned.strings.is_empty()) {
            let what = "the string table is not the workload's";
            examined.fault(RECORDS_FILE, format!("FRAME 0, string {first}"), what);
        }
    }

    /// Whether what a record copies from the workload is right, by column. A record of no request
    /// of the workload is told elsewhere.
    fn columns(&self, view: &RecordView<'_>, speed: Speed) -> Option<[(&'static str, bool); 12]> {
        let record = view.record;
        let index = usize::try_from(record.index.get()).ok()?;
        let request = self.workload.requests().get(index)?;
        let has = |flag: u8| record.flags & flag != 0;
        let is_cancelled = request.cancel_after_ns.get() != NONE_U64
            || request.cancel_after_tokens.get() != NONE_U32;
        let due = self.due_ns(request, speed);
        let is_due = |due: u64| {
            // A speed that was read from text may be off by its last digit.
            let most = u64::from(speed.factor() != 1.0);
            record.scheduled_ns.get().abs_diff(due) <= most
        };
        Some([
            ("leaf", record.leaf == self.workload.leaves()[index]),
            ("stage", record.stage == request.stage),
            ("session", record.session == request.session),
            ("turn", record.turn == request.turn),
            ("model", record.model == request.model),
            ("adapter", record.adapter == request.adapter),
            ("input_tokens", record.input_tokens == request.input_tokens),
            (
                "output_tokens",
                record.output_tokens == request.output_tokens,
            ),
            (
                "population",
                record.population == self.populations.of(request.labels.get()),
            ),
            (
                "flag 1 (stream)",
                has(RESULT_STREAM) == (request.flags & REQUEST_STREAM != 0),
            ),
            ("flag 3 (cancel)", has(RESULT_CANCEL) == is_cancelled),
            ("scheduled_ns", due.is_none_or(is_due)),
        ])
    }

    /// When a request is to be sent by the file alone; `None` for one that waits for others or for
    /// a place, or whose stage begins when another has ended.
    fn due_ns(&self, request: &RequestRecord, speed: Speed) -> Option<u64> {
        let stage = self.workload.stages().get(request.stage.get() as usize)?;
        let is_set = request.start_kind == StartKind::At as u8
            && request.after_request.get() == NONE_U64
            && stage.flags & STAGE_AFTER_PREVIOUS == 0
            && stage.concurrency.get() == NONE_U32;
        is_set.then(|| speed.scale_ns(request.start_ns.get()))
    }
}

/// By what the schedule was divided.
fn speed(info: &RunInfo) -> Speed {
    info.effective
        .speed
        .and_then(Speed::new)
        .unwrap_or_default()
}

/// Stages as `run.json` has them; numbers that went through text may be off by their last digit.
fn alike(said: &[StageInfo], again: &[StageInfo]) -> bool {
    let ns = |a: Option<u64>, b: Option<u64>| match (a, b) {
        (Some(a), Some(b)) => a.abs_diff(b) <= 1,
        _ => a == b,
    };
    let rate = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= b.abs() * 1e-12,
        _ => a == b,
    };
    let same = |(a, b): (&StageInfo, &StageInfo)| {
        (&a.name, &a.kind, a.warm_up, a.requests) == (&b.name, &b.kind, b.warm_up, b.requests)
            && ns(Some(a.start_ns), Some(b.start_ns))
            && ns(a.duration_ns, b.duration_ns)
            && rate(a.rate, b.rate)
    };
    said.len() == again.len() && said.iter().zip(again).all(same)
}
