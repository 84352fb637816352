//! `replay` inside this very binary, so that its allocations are counted; a process of its own
//! for each run, because a program may set up what a process has once only.

use crate::Counts;
use crate::counting::Observer;
use anyhow::Context;
use harness::Dir;
use std::ffi::OsString;
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

/// The word that makes this binary a counted `replay`: `counted FILE CONTROLS replay's words…`.
pub const WORD: &str = "counted";
/// What all worker threads together are called in the counts.
const WORKERS: &str = "workers";
/// What stands behind a name where bytes are counted and not allocations.
pub const BYTES: &str = " bytes";
/// How the names of worker threads begin.
const WORKER: &str = "worker-";
/// A thread that does nothing but allocate.
const CONTROL: &str = "control";
/// What it allocates at a time.
pub const CONTROL_BYTES: usize = 64;

/// Runs `replay` in a child and gives what its threads allocated, allocations under their names
/// and bytes under their names and [`BYTES`]. `controls` is how often a further thread
/// allocates [`CONTROL_BYTES`].
pub fn run(dir: &Dir, command: &str, controls: u64) -> anyhow::Result<Counts> {
    const COUNTS: &str = "counts.json";
    harness::Call::new(std::env::current_exe()?)
        .cwd(dir.path("."))
        .words(&format!("{WORD} {COUNTS} {controls} replay {command}"))
        .limit(crate::LIMIT)
        .run()
        .ok();
    serde_json::from_slice(&dir.read(COUNTS)).context("the child's counts")
}

/// The child: `arguments` begin behind [`WORD`].
pub fn child(mut arguments: impl Iterator<Item = OsString>) -> anyhow::Result<ExitCode> {
    let file = arguments.next().context("no file")?;
    let controls = arguments.next().context("no number of controls")?;
    let controls = controls.to_string_lossy().parse()?;
    let observer = Observer::start()?;
    let (control, done) = allocate(controls)?;
    let status = replay::run(arguments);
    drop(done);
    control.join().expect("allocating does not panic");
    let mut counts = Counts::new();
    for (name, allocated) in observer.finish() {
        let name = if name.starts_with(WORKER) {
            WORKERS.to_owned()
        } else {
            name
        };
        *counts.entry(format!("{name}{BYTES}")).or_default() += allocated.bytes;
        *counts.entry(name).or_default() += allocated.allocations;
    }
    std::fs::write(file, serde_json::to_vec(&counts)?)?;
    Ok(status)
}

/// Allocates so often on a thread of its own, which then stays until the sender is dropped, so
/// that its name is seen.
fn allocate(times: u64) -> std::io::Result<(JoinHandle<()>, Sender<()>)> {
    let (done, wait) = channel();
    let thread = std::thread::Builder::new().name(CONTROL.to_owned());
    let thread = thread.spawn(move || {
        for _ in 0..times {
            black_box(Box::new([0_u8; CONTROL_BYTES]));
        }
        // The error is what it waits for.
        let _ = wait.recv();
    })?;
    Ok((thread, done))
}
