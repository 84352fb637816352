//! An allocator that counts, thread by thread: how often memory was asked for, and how much.
//!
//! Each thread that allocates takes a slot of a fixed table, so counting itself allocates nothing
//! and no two threads write to one counter.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

/// Threads that can be told apart; further ones share the last slot.
const MAX_THREADS: usize = 512;
/// No slot was taken yet.
const NO_SLOT: usize = usize::MAX;
/// How often threads are looked for to learn their names.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Name of the thread that does.
const OBSERVER: &str = "observer";
/// What a thread counts under that was never seen alive.
const UNSEEN: &str = "(unseen)";
/// What the main thread counts under, and those that have no name of their own.
const MAIN: &str = "main";

static SLOTS: [Slot; MAX_THREADS] = [const { Slot::new() }; MAX_THREADS];
static SLOTS_TAKEN: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    // Without a destructor and an initialiser it needs no memory of its own.
    static MINE: Cell<usize> = const { Cell::new(NO_SLOT) };
}

/// One thread's counters.
struct Slot {
    thread: AtomicU64,
    allocations: AtomicU64,
    bytes: AtomicU64,
}

impl Slot {
    const fn new() -> Self {
        Slot {
            thread: AtomicU64::new(0),
            allocations: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }
}

/// The system's allocator, and counting.
pub struct Counting;

// SAFETY: every call is passed on to the system's allocator as it came, so its promises hold
// here; counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promises are the ones that are asked for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: as above; `old` came from the system's allocator.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(old, layout) }
    }
}

fn count(bytes: usize) {
    let mut mine = MINE.get();
    if mine == NO_SLOT {
        mine = SLOTS_TAKEN.fetch_add(1, Relaxed).min(MAX_THREADS - 1);
        MINE.set(mine);
        let thread = rustix::thread::gettid().as_raw_nonzero().get();
        SLOTS[mine].thread.store(thread as u64, Relaxed);
    }
    SLOTS[mine].allocations.fetch_add(1, Relaxed);
    SLOTS[mine].bytes.fetch_add(bytes as u64, Relaxed);
}

/// What the threads of one name have allocated; growing a piece counts as a new one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allocated {
    /// Times that memory was asked for.
    pub allocations: u64,
    /// Bytes that were asked for.
    pub bytes: u64,
}

/// Learns the names of threads while they live, on a thread of its own.
pub struct Observer {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<BTreeMap<u64, String>>,
}

impl Observer {
    /// Begins to look.
    pub fn start() -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let observe = move || {
            let mut names = BTreeMap::new();
            while !stopped.load(Relaxed) {
                look(&mut names);
                std::thread::sleep(LOOK_EVERY);
            }
            names
        };
        let thread = std::thread::Builder::new().name(OBSERVER.to_owned());
        Ok(Observer {
            stop,
            thread: thread.spawn(observe)?,
        })
    }

    /// What was allocated up to now, by the threads' names; the observer itself left out.
    pub fn finish(self) -> BTreeMap<String, Allocated> {
        self.stop.store(true, Relaxed);
        let names = self.thread.join().expect("looking does not panic");
        let main = names.get(&u64::from(std::process::id()));
        let mut by_name: BTreeMap<String, Allocated> = BTreeMap::new();
        for slot in &SLOTS[..SLOTS_TAKEN.load(Relaxed).min(MAX_THREADS)] {
            let name = match names.get(&slot.thread.load(Relaxed)) {
                None => UNSEEN,
                Some(name) if Some(name) == main => MAIN,
                Some(name) => name,
            };
            let sum = by_name.entry(name.to_owned()).or_default();
            sum.allocations += slot.allocations.load(Relaxed);
            sum.bytes += slot.bytes.load(Relaxed);
        }
        by_name.remove(OBSERVER);
        by_name
    }
}

/// Notes the names of all threads that are alive.
fn look(names: &mut BTreeMap<u64, String>) {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else {
        return;
    };
    for task in tasks.flatten() {
        let thread = task.file_name().to_string_lossy().parse();
        let name = fs::read_to_string(task.path().join("comm"));
        // One that has just ended was seen before or counts as unseen.
        if let (Ok(thread), Ok(name)) = (thread, name) {
            names.insert(thread, name.trim_end().to_owned());
        }
    }
}
