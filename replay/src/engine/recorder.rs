//! Takes finished records off the workers' hands and puts them on disk.
//!
//! A worker fills a buffer of its own and passes it on when it is full or half a second old; one
//! thread writes frames and hands the buffers back. A worker never waits for the disk. A disk
//! that fails is reported at the end of the run; what reached it before stays readable.

use schemas::Digest;
use schemas::frames::{encode_strings, push_result, records_header, write_frame};
use schemas::reader::Workload;
use schemas::records::{FrameKind, ResultRecord};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use zerocopy::IntoBytes;

/// A worker passes its buffer on when it holds this many bytes.
const BUFFER_BYTES: usize = 256 * 1024;

/// Some records of one worker.
struct Batch {
    worker: usize,
    items: u32,
    bytes: Vec<u8>,
}

/// A worker's end: the buffer it fills.
pub struct RecordSink {
    worker: usize,
    items: u32,
    bytes: Vec<u8>,
    full: Sender<Batch>,
    empty: Receiver<Vec<u8>>,
}

impl RecordSink {
    /// Appends one record, with the hash of a body that was put together when it was fired and the
    /// token times as they are encoded.
    pub fn push(
        &mut self,
        record: &ResultRecord,
        sent_sha256: Option<&Digest>,
        token_times: &[u8],
    ) {
        push_result(&mut self.bytes, record, sent_sha256, token_times);
        self.items += 1;
        if self.bytes.len() >= BUFFER_BYTES {
            self.flush();
        }
    }

    /// Passes the buffer on, unless it is empty.
    pub fn flush(&mut self) {
        if self.items == 0 {
            return;
        }
        let fresh = self
            .empty
            .try_recv()
            .unwrap_or_else(|_| Vec::with_capacity(BUFFER_BYTES * 2));
        let bytes = std::mem::replace(&mut self.bytes, fresh);
        let batch = Batch {
            worker: self.worker,
            items: std::mem::take(&mut self.items),
            bytes,
        };
        // The writer outlives all sinks: it ends when the last of them is dropped.
        let _ = self.full.send(batch);
    }
}

impl Drop for RecordSink {
    fn drop(&mut self) {
        self.flush();
    }
}

/// The thread that owns the file. It ends when all sinks are gone.
pub struct Recorder {
    thread: JoinHandle<io::Result<()>>,
}

impl Recorder {
    /// Creates the file, writes its header and strings, and makes one sink for each worker.
    pub fn start(
        path: &Path,
        workload: &Workload,
        workers: usize,
    ) -> io::Result<(Self, Vec<RecordSink>)> {
        let mut file = File::create_new(path)?;
        write_beginning(&mut file, workload)?;
        let (full, batches) = channel();
        let mut sinks = Vec::new();
        let mut returns = Vec::new();
        for worker in 0..workers {
            let (give_back, empty) = channel();
            let bytes = Vec::with_capacity(BUFFER_BYTES * 2);
            sinks.push(RecordSink {
                worker,
                items: 0,
                bytes,
                full: full.clone(),
                empty,
            });
            returns.push(give_back);
        }
        let thread = std::thread::Builder::new()
            .name("recorder".into())
            .spawn(move || write_batches(file, &batches, &returns))?;
        Ok((Recorder { thread }, sinks))
    }

    /// Waits until everything is on disk. The sinks must have been dropped.
    pub fn finish(self) -> io::Result<()> {
        self.thread.join().expect("the recorder does not panic")
    }
}

fn write_beginning(file: &mut File, workload: &Workload) -> io::Result<()> {
    let header = records_header(workload.content_hash(), workload.requests().len() as u64);
    file.write_all(header.as_bytes())?;
    let tables = workload.tables();
    // A string that is not UTF-8 is empty here; `wlc verify` names it.
    let strings = (0..tables.strings.len()).map(|id| tables.string(id as u32).unwrap_or_default());
    let (items, payload) = encode_strings(strings);
    write_frame(file, FrameKind::Strings, items, &payload)
}

fn write_batches(
    mut file: File,
    batches: &Receiver<Batch>,
    returns: &[Sender<Vec<u8>>],
) -> io::Result<()> {
    let mut failure = None;
    for batch in batches {
        // After a failure the channel is still emptied, so that no worker's memory grows.
        if failure.is_none() {
            failure = write_frame(&mut file, FrameKind::Records, batch.items, &batch.bytes).err();
        }
        let mut bytes = batch.bytes;
        bytes.clear();
        // A worker that has ended needs no buffer.
        let _ = returns[batch.worker].send(bytes);
    }
    match failure {
        Some(error) => Err(error),
        None => {
            write_frame(&mut file, FrameKind::End, 0, &[])?;
            file.sync_all()
        }
    }
}
