//! What a run left on disk, read once: a row for each request, and every gap between tokens
//! counted.
//!
//! Refuses to mix two runs, to fill a gap with a zero, and to leave a record out without counting
//! it.

use crate::analysis::accounting::{Accounting, Disbelieved, Ledger};
use crate::analysis::counts::{Batch, Counts};
use crate::analysis::group::Groups;
use crate::analysis::row::Row;
use crate::analysis::window::Window;
use crate::run_info::{RECORDS_FILE, RunInfo};
use schemas::frames::RecordsError;
use schemas::record_file::{Place, RecordFile, RecordView, Scanned};
use schemas::records::{Outcome, ResultRecord};
use std::path::Path;

/// All that reports are made from.
#[derive(Debug)]
pub struct RunData {
    /// `run.json`.
    pub info: RunInfo,
    /// The strings that rows refer to by id.
    pub strings: Vec<String>,
    /// What became of every request.
    pub accounting: Accounting,
    /// One for each request that is accounted for, by index.
    pub rows: Vec<Row>,
    /// Records that are not believed, by index.
    pub disbelieved: Vec<Disbelieved>,
    /// What is measured.
    pub window: Window,
    /// The groups that figures are given for.
    pub groups: Groups,
    /// Gaps between consecutive events with output of streamed ok requests, for each group by its
    /// place in `groups.keys`; empty for groups that are measured as another.
    pub gaps: Vec<Counts>,
    /// The records, to read one again.
    pub file: RecordFile,
}

impl RunData {
    /// The string with this id; `None` for none and for ids past the table.
    pub fn string(&self, id: u32) -> Option<&str> {
        self.strings.get(id as usize).map(String::as_str)
    }

    /// Where every record stands, believed or not, by index and then in file order.
    pub fn places(&self) -> impl Iterator<Item = Place> + '_ {
        let mut disbelieved = self.disbelieved.iter().copied().peekable();
        let rows = self.rows.iter().map(Some).chain([None]);
        rows.flat_map(move |row| {
            let mut places = Vec::new();
            let first = |record: &Disbelieved| {
                row.is_none_or(|row| (record.index, record.place) < (row.index, row.place()))
            };
            while let Some(record) = disbelieved.next_if(first) {
                places.push(record.place);
            }
            places.extend(row.map(Row::place));
            places
        })
    }

    /// The requests that the overall figures are over, by index.
    pub fn measured(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| self.groups.is_measured(row))
    }
}

/// Reads the two files of a result directory that everything else is derived from.
///
/// Fails when one cannot be read, is damaged, or when they are of different workloads.
pub fn open(directory: &Path, window: Window) -> anyhow::Result<RunData> {
    let info = RunInfo::read(directory)?;
    let path = directory.join(RECORDS_FILE);
    let file = RecordFile::open(&path)?;
    let fired = schemas::hex(&file.header().content_hash);
    anyhow::ensure!(
        fired == info.workload.content_hash,
        "{}: its records are of workload {fired}, but run.json beside it is of workload {}; \
         put back the file that belongs here",
        path.display(),
        info.workload.content_hash,
    );
    Ok(read(info, file, window)?)
}

/// Reads the records twice: which of two records of a request is believed, and which groups there
/// are, is known at the end of the first time.
fn read(info: RunInfo, file: RecordFile, window: Window) -> Result<RunData, RecordsError> {
    let scheduled = file.header().request_count.get();
    let most = file.len_bytes()? / size_of::<ResultRecord>() as u64;
    let mut ledger = Ledger::new(scheduled, info.stages.len(), most.min(scheduled) as usize);
    let Scanned { strings, truncated } = file.scan(&mut |view| ledger.take(Row::of(view)))?;
    let (mut accounting, mut rows, disbelieved) = ledger.close();
    accounting.truncated = truncated;
    let groups = Groups::assign(&mut rows, window, &info.stages, &strings, &info.populations);
    let gaps = count_gaps(&file, &rows, &groups)?;
    Ok(RunData {
        info,
        strings,
        accounting,
        rows,
        disbelieved,
        window,
        groups,
        gaps,
        file,
    })
}

fn count_gaps(
    file: &RecordFile,
    rows: &[Row],
    groups: &Groups,
) -> Result<Vec<Counts>, RecordsError> {
    let mut gaps = vec![Counts::default(); groups.keys.len()];
    let mut of_one = Batch::default();
    file.scan(&mut |view| {
        let Some(row) = believed(rows, view) else {
            return;
        };
        if !(row.is(Outcome::Ok) && row.is_stream()) {
            return;
        }
        of_one.fill(view.token_ns.windows(2).map(|pair| pair[1] - pair[0]));
        for group in groups.of(row) {
            gaps[*group].add(&of_one);
        }
    })?;
    Ok(gaps)
}

/// The row that was made of this very record.
fn believed<'a>(rows: &'a [Row], view: &RecordView<'_>) -> Option<&'a Row> {
    let index = view.record.index.get();
    let at = |place: usize| rows.get(place).filter(|row| row.index == index);
    // Without a request missing before it, a request stands at its index.
    let row = at(usize::try_from(index).ok()?).or_else(|| {
        let place = rows.binary_search_by_key(&index, |row| row.index).ok()?;
        at(place)
    })?;
    (row.offset == view.place.offset).then_some(row)
}
